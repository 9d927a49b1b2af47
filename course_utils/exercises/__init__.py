"""Exercises for notebooks: `check` an answer, ask for a `hint`, read the `solution`, see the `summary`.

    exercises.vae.kl.check(kl)      # "Not yet", or what is wrong and how to find it, or "Correct."
    exercises.summary()             # which are done, in how many tries

An exercise never raises: an empty cell, a wrong answer and an answer that crashes all get a sentence. `README.md`
says how to write one.
"""

from . import (
    aae,
    alae,
    autoencoders,
    biggan,
    boltzmann,
    clip,
    dcgan,
    diffusion,
    domains,
    gan,
    pixels,
    progress,
    stylegan,
    vae,
    wgan,
    wgan_gp,
)
from .exercise import Exercise, Task
from .open_tasks import Experiment, Prediction

LECTURES = (
    autoencoders, vae, aae, alae, gan, dcgan, wgan, wgan_gp, biggan, stylegan, pixels, boltzmann, domains, clip,
    diffusion,
)  # fmt: skip

__all__ = [
    "LECTURES",
    "Exercise",
    "Experiment",
    "Prediction",
    "Task",
    "aae",
    "alae",
    "autoencoders",
    "biggan",
    "boltzmann",
    "clip",
    "dcgan",
    "diffusion",
    "domains",
    "gan",
    "pixels",
    "stylegan",
    "summary",
    "tasks",
    "vae",
    "wgan",
    "wgan_gp",
]


def tasks(lecture):
    """Returns the tasks of a lecture's module as {name: task}, in the order in which they are written."""
    return {name: found for name, found in vars(lecture).items() if isinstance(found, Task)}


def summary():
    """Prints, for each lecture with a task that was tried in this session, which are done and in how many tries."""
    for lecture in LECTURES:
        mine = list(tasks(lecture).values())
        if not any(progress.record(task).tries for task in mine):
            continue
        print(f"{lecture.__name__.split('.')[-1]}: {sum(progress.record(t).done for t in mine)} of {len(mine)} done")
        print(*progress.lines(mine), sep="\n")
