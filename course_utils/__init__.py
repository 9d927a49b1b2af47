"""Layers, losses, games and measures for a course on generative models, on TensorFlow, JAX and torch.

A session begins with `start()`, which picks the backend before Keras is imported. Nothing is imported here until it
is asked for, so that `import course_utils` is quick and leaves the choice open.
"""

import importlib

__version__ = "0.1.0"

_FROM_MODULE = {"start": "session", "Session": "session"}
_MODULES = (
    "backend",
    "checks",
    "data",
    "exercises",
    "files",
    "game",
    "games",
    "layers",
    "losses",
    "metrics",
    "networks",
    "penalties",
    "plots",
    "pretrained",
)
__all__ = ["Session", "__version__", "start", *_MODULES]


def __getattr__(name):
    if name in _FROM_MODULE:
        return getattr(importlib.import_module(f"{__name__}.{_FROM_MODULE[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has: {', '.join(__all__)}.")


def __dir__():
    return sorted(__all__)
