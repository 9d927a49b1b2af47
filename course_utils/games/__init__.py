"""The lectures' games, one module a lecture: the losses of the players."""

from course_utils.games import aae, alae, autoencoders, biggan, denoising, diffusion, gan, stylegan, vae, watching, wgan

__all__ = [
    "aae",
    "alae",
    "autoencoders",
    "biggan",
    "denoising",
    "diffusion",
    "gan",
    "stylegan",
    "vae",
    "watching",
    "wgan",
]
