"""Networks of the lectures, one module a lecture; every function returns a plain keras.Model."""

from course_utils.networks import (
    aae,
    alae,
    autoencoders,
    biggan,
    boltzmann,
    clip,
    diffusion,
    domains,
    gan,
    outputs,
    pixels,
    stylegan,
    vae,
    wgan,
)

__all__ = [
    "aae",
    "alae",
    "autoencoders",
    "biggan",
    "boltzmann",
    "clip",
    "diffusion",
    "domains",
    "gan",
    "outputs",
    "pixels",
    "stylegan",
    "vae",
    "wgan",
]
