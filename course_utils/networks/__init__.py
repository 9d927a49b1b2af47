"""Networks of the lectures, one module a lecture; every function returns a plain keras.Model."""

from . import vae

__all__ = ["vae"]
