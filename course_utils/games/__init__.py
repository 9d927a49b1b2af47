"""The lectures' games, one module a lecture: the losses of the players."""

from course_utils.games import aae, alae, autoencoders, biggan, gan, stylegan, vae, watching, wgan

__all__ = ["aae", "alae", "autoencoders", "biggan", "gan", "stylegan", "vae", "watching", "wgan"]
