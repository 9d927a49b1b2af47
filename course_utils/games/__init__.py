"""The lectures' games, one module a lecture: the losses of the players."""

from . import vae

__all__ = ["vae"]
