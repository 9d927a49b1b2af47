"""Wrong answers that students give, a module a lecture."""

import numpy as np
from keras import ops


def reference(exercise):
    """The function that an exercise's solution defines."""
    names = {"np": np, "ops": ops}
    before = set(names)
    exec(exercise.answer, names)
    (name,) = set(names) - before - {"__builtins__"}
    return names[name]
