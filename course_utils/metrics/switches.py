"""Whether chains of samples wander: how often the class changes that a classifier reads along them."""

from typing import NamedTuple

import numpy as np

from course_utils import checks
from course_utils.builders import as_array


class Switches(NamedTuple):
    """How chains wander.

    Attributes:
        per_1000: (N,), changes of class in 1,000 steps of each chain.
        stuck: share of the chains, in [0, 1], whose class never changed: what they show is where they began.
    """

    per_1000: np.ndarray
    stuck: float


def class_switches(classes, every=1):
    """Counts how often the class changes along chains.

        1000 · (changes between neighbouring readings) / (every · (T − 1))

    A chain that leaves a class and comes back between two readings is not seen, so that this is a lower bound.

    Args:
        classes: (T, N) integers: T readings of N chains, by a classifier such as `evaluator("mnist")`.
        every: steps of the chain between two readings.

    Returns:
        Switches.

    Raises:
        TypeError, ValueError: no integers, or fewer than 2 readings.
    """
    classes, every = as_array(classes), checks.count(every, "every")
    if classes.dtype.kind not in "iu":
        raise TypeError(f"Found classes of type {classes.dtype}, expected integers; take probabilities.argmax(-1).")
    if classes.ndim != 2 or len(classes) < 2 or classes.shape[1] < 1:
        raise ValueError(
            f"Found classes of shape {classes.shape}, expected (T, N) with T ≥ 2 readings of N ≥ 1 chains; put time "
            "along axis 0."
        )
    changes = (classes[1:] != classes[:-1]).sum(axis=0)
    return Switches(1000.0 * changes / (every * (len(classes) - 1)), float(np.mean(changes == 0)))
