"""Right and wrong answers, a module a lecture, named like the lecture's module of exercises.

Each has two tables with one entry a task:

    RIGHT = {"least_error": [answer, …]}             # at least four of an Exercise, in different styles
    WRONG = {"least_error": [(answer, words), …]}    # at least six; the words are in the message that it gets

For a Prediction an answer is (guess, measured), for an Experiment what was measured.
"""

import importlib

import keras


def own(**styles):
    """Picks the answer in the active backend's style: `own(tensorflow=lambda tf: …, jax=lambda jnp: …, torch=…)`."""
    name = keras.backend.backend()
    return styles[name](importlib.import_module({"jax": "jax.numpy"}.get(name, name)))
