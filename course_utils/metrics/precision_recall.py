"""Precision (do the fakes look real?) and recall (are all reals covered?) by nearest neighbours."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils.metrics._arrays import blocks, points, squared_distances

ROWS = 1000  # rows of a distance matrix held at a time


class PrecisionRecall(NamedTuple):
    """Shares in [0, 1]."""

    precision: float
    recall: float


def precision_recall(real: ArrayLike, fake: ArrayLike, k: int = 3) -> PrecisionRecall:
    """Returns the share of fakes inside the reals' manifold and of reals inside the fakes'.

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

    Example:
        >>> from course_utils import metrics
        >>> metrics.precision_recall([[0.0], [1.0], [10.0]], [[-1.5], [3.0], [30.0], [90.0]], k=1)
        PrecisionRecall(precision=0.25, recall=1.0)
    """
    if k < 1:
        raise ValueError(f"k is {k}, expected at least 1 neighbour: the paper's choice is 3.")
    real = points(real, "real", least=k + 1)
    fake = points(fake, "fake", least=k + 1, columns=real.shape[1])
    # Distances stay; the rounding error of large offsets goes. The median, since one stray point may be anywhere.
    center = np.median(real, axis=0)
    real, fake = real - center, fake - center
    return PrecisionRecall(
        precision=_covered(fake, real, _reach(real, k)),
        recall=_covered(real, fake, _reach(fake, k)),
    )


# scikit-learn's NearestNeighbors would give the reach, but not who lies within it: both must come from the same
# arithmetic, or rounding decides about points on the border, such as copies.


def _reach(x, k):
    """Returns the squared distance of each point to its k-th nearest neighbour in x, (n,)."""
    reach = []
    for rows in blocks(len(x), ROWS):
        squares = squared_distances(x[rows], x)  # (ROWS, n)
        np.fill_diagonal(squares[:, rows], 0.0)  # a point's own distance, exactly
        reach.append(np.partition(squares, k, axis=1)[:, k])  # place 0 is the point itself
    return np.concatenate(reach)


def _covered(x, others, reach):
    """Returns the share of x that lies within reach of at least one of the others."""
    lengths = np.square(others).sum(axis=1)  # (n,)
    inside = []
    for rows in blocks(len(x), ROWS):
        # What rounding may add to the distance of a pair, by the lengths of that pair alone.
        slack = 1e-12 * (np.square(x[rows]).sum(axis=1)[:, None] + lengths)
        inside.append((squared_distances(x[rows], others) <= reach + slack).any(axis=1))
    return float(np.concatenate(inside).mean())
