"""Inception score: are single images classified surely, and are all classes seen?"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr

from course_utils.metrics._arrays import probability_rows


def inception_score(probabilities: ArrayLike, splits: int = 1) -> float:
    """Scores a set of images by the class probabilities that a classifier gives them.

    IS = exp( E_x KL( p(y|x) ‖ p(y) ) ),  p(y) = E_x p(y|x).

    It lies between 1 (every image gets the same answer) and the number of classes (sure answers,
    all classes equally often). It sees neither how varied a class is nor whether the images look real.

    Args:
        probabilities: (n, classes) float, rows that sum to 1.
        splits: number of equal consecutive parts that are scored apart and averaged; the published
            scores use 10 parts of 5,000 images. Splitting lowers the score a little.

    Returns:
        float, without a unit, in [1, classes].

    Raises:
        ValueError: rows that are no probabilities, or fewer images than parts.

    Source: Salimans et al. 2016, "Improved techniques for training GANs", section 4.

    Example:
        >>> from course_utils import metrics
        >>> round(metrics.inception_score([[1.0, 0.0], [0.0, 1.0]]), 6)  # sure of both classes
        2.0
    """
    rows = probability_rows(probabilities)
    if not 1 <= splits <= len(rows):
        raise ValueError(
            f"splits is {splits}, expected 1 to {len(rows)}, the number of images: use fewer parts."
        )
    return float(np.mean([_score(part) for part in np.array_split(rows, splits)]))


def _score(rows):
    marginal = rows.mean(axis=0, keepdims=True)  # (1, classes)
    return np.exp(rel_entr(rows, marginal).sum(axis=1).mean())
