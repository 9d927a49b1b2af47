"""The lectures' games, one module a lecture: the losses of the players."""

from course_utils.games import (
    aae,
    alae,
    autoencoders,
    biggan,
    denoising,
    diffusion,
    gan,
    pixels,
    raster,
    stylegan,
    vae,
    vq,
    watching,
    wgan,
)

__all__ = [
    "aae",
    "alae",
    "autoencoders",
    "biggan",
    "denoising",
    "diffusion",
    "gan",
    "pixels",
    "raster",
    "stylegan",
    "vae",
    "vq",
    "watching",
    "wgan",
]
