"""Precision (do the fakes look real?) and recall (are all reals covered?) by nearest neighbours."""

from typing import NamedTuple

import numpy as np

from course_utils.metrics._arrays import blocks, points, squared_distances

ROWS = 1000  # rows of a distance matrix held at a time


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]."""

    precision: float
    recall: float


def precision_recall(real, fake, k=3):
    """Return the share of fakes inside the reals' manifold and of reals inside the fakes'.

    A set's manifold is the union of balls round its points, each reaching to the point's k-th nearest
    neighbour in the same set: precision = E_fake 1[∃ i: ‖f − rᵢ‖ ≤ ρₖ(rᵢ)], recall the same with the
    roles changed.

    Args:
        real: (n, d) float, n > k.
        fake: (m, d) float, m > k. Compare only scores of equal n, m and k.
        k: neighbours, ≥ 1.

    Returns:
        PrecisionRecall(precision, recall).

    Raises:
        ValueError: wrong rank, different d, too few rows, NaN or infinite values.

    Source: Kynkäänniemi et al. 2019, "Improved precision and recall metric", eq. 1 and 2.
    """
    if k < 1:
        raise ValueError(f"k is {k}, expected at least 1 neighbour: the paper's choice is 3.")
    real = points(real, "real", least=k + 1)
    fake = points(fake, "fake", least=k + 1, columns=real.shape[1])
    center = real.mean(axis=0)  # distances stay; the rounding error of large offsets goes
    real, fake = real - center, fake - center
    slack = 1e-12 * max(np.square(real).sum(axis=1).max(), np.square(fake).sum(axis=1).max())
    return PrecisionRecall(
        precision=_covered(fake, real, _reach(real, k) + slack),
        recall=_covered(real, fake, _reach(fake, k) + slack),
    )


def _reach(x, k):
    """Return the squared distance of each point to its k-th nearest neighbour in x, (n,)."""
    reach = []
    for rows in blocks(len(x), ROWS):
        squares = squared_distances(x[rows], x)  # (ROWS, n)
        np.fill_diagonal(squares[:, rows], 0.0)  # a point's own distance, exactly
        reach.append(np.partition(squares, k, axis=1)[:, k])  # place 0 is the point itself
    return np.concatenate(reach)


def _covered(x, others, reach):
    """Return the share of x that lies within reach of at least one of the others."""
    inside = [(squared_distances(x[rows], others) <= reach).any(axis=1) for rows in blocks(len(x), ROWS)]
    return float(np.concatenate(inside).mean())
