"""Exercises for notebooks: `check` an answer, ask for a `hint`, read the `solution`.

    exercises.vae.kl.check(kl)      # "Not yet", or what is wrong and how to find it, or "Correct."

An exercise never raises: an empty cell, a wrong answer and an answer that crashes all get a sentence.
"""

from . import aae, alae, autoencoders, biggan, dcgan, gan, stylegan, vae, wgan, wgan_gp
from .exercise import Exercise, is_blank, judged

__all__ = [
    "Exercise",
    "aae",
    "alae",
    "autoencoders",
    "biggan",
    "dcgan",
    "gan",
    "is_blank",
    "judged",
    "stylegan",
    "vae",
    "wgan",
    "wgan_gp",
]
