"""Holes: which draws of a prior have no code nearby."""

import numpy as np

from course_utils.metrics._arrays import blocks, points, squared_distances

ROWS = 1000  # rows of a distance matrix held at a time


def uncovered(draws, codes, others, k=7):
    """Returns for each draw whether the codes leave a hole around it.

    rₖ(z) is the distance of z to the k-th nearest of other draws from the prior;  hole(z) = no code within rₖ(z)

    Near z the other draws say what to expect: k points within rₖ. If the codes were draws from the prior
    themselves, and as many, the k nearest points of both sets together would all belong to `others` with
    probability 2⁻ᵏ: so many holes are seen by chance, 0.8 % at k = 7, whatever the prior.

    Args:
        draws: (n, d) float, from the prior.
        codes: (m, d) float.
        others: (m, d) float, m ≥ k, other draws from the prior, as many as codes.
        k: int ≥ 1.

    Returns:
        bool array (n,).

    Raises:
        ValueError: wrong rank, different d, other numbers of codes and others, too few of them, NaN or infinite values.

    Source: the balls of Kynkäänniemi et al. 2019, "Improved precision and recall metric", eq. 1, around the draws.
    """
    if k < 1:
        raise ValueError(f"k is {k}, expected at least 1 neighbour: take 7.")
    draws = points(draws, "draws")
    codes = points(codes, "codes", columns=draws.shape[1])
    others = points(others, "others", least=k, columns=draws.shape[1])
    if len(codes) != len(others):
        raise ValueError(
            f"Found {len(codes)} codes and {len(others)} other draws, expected as many: draw {len(codes)} of them."
        )
    empty = []
    for rows in blocks(len(draws), ROWS):
        reach = np.partition(squared_distances(draws[rows], others), k - 1, axis=1)[:, k - 1]  # (ROWS,)
        empty.append(squared_distances(draws[rows], codes).min(axis=1) > reach)
    return np.concatenate(empty)
