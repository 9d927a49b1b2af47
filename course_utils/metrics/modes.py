"""Mode counting: on mixtures whose centres are known, and on digits by their class."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils.metrics._arrays import points, probability_rows, squared_distances


class ModeCoverage(NamedTuple):
    """Modes with at least one good sample, share of good samples, good samples by mode (modes,)."""

    covered: int
    good_share: float
    counts: np.ndarray


def mode_coverage(samples: ArrayLike, centers: ArrayLike, radius: float) -> ModeCoverage:
    """Counts the modes of a known mixture that a set of samples reaches.

    A sample belongs to its nearest centre and is good if it lies within `radius` of it; a mode is
    covered if it has a good sample. The usual radius is three standard deviations of a mode.

    Args:
        samples: (n, d) float.
        centers: (modes, d) float.
        radius: float > 0, in the samples' unit.

    Returns:
        ModeCoverage(covered, good_share, counts).

    Raises:
        ValueError: wrong rank, different d, no rows, NaN or infinite values, radius not above 0.

    Source: Srivastava et al. 2017, "VEEGAN", section 5.1.

    Example:
        >>> from course_utils import metrics
        >>> metrics.mode_coverage([[0.1, 0.0], [5.0, 5.0], [0.0, 0.2]], [[0, 0], [5, 5], [9, 9]], radius=0.5)
        ModeCoverage(covered=2, good_share=1.0, counts=array([2, 1, 0]))
    """
    centers = points(centers, "centers")
    samples = points(samples, "samples", columns=centers.shape[1])
    if not radius > 0:
        raise ValueError(f"radius is {radius}, expected above 0: take three standard deviations of a mode.")
    squares = squared_distances(samples, centers)  # (n, modes)
    nearest = squares.argmin(axis=1)
    good = squares.min(axis=1) <= radius**2
    counts = np.bincount(nearest[good], minlength=len(centers))
    return ModeCoverage(int((counts > 0).sum()), float(good.mean()), counts)


def class_shares(probabilities):
    """Returns the share of images that a classifier puts in each class.

    Args:
        probabilities: (n, classes) float, rows that sum to 1.

    Returns:
        (classes,) float64 that sums to 1: all about 1/classes for a generator without collapse.
    """
    rows = probability_rows(probabilities)
    return np.bincount(rows.argmax(axis=1), minlength=rows.shape[1]) / len(rows)
