"""Kernel distance: the maximum mean discrepancy between two sets of points."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course_utils.metrics._arrays import blocks, points, squared_distances

ROWS = 1000  # rows of a kernel matrix held at a time: 10,000 points need 80 MB instead of 800


class BlockAverage(NamedTuple):
    """Mean over disjoint blocks and the standard error of that mean."""

    mean: float
    standard_error: float


def cubic(x, y):
    """Returns the kernel (xᵀy / d + 1)³ of Bińkowski et al. 2018, section 4, as an (n, m) matrix."""
    base = (x / x.shape[1]) @ y.T
    base += 1
    return base * base * base  # NumPy's power is many times slower


def rbf(*scales):
    """Returns the kernel Σₛ exp(−‖x − y‖² / 2s²) / S, an equal mixture over the given scales s > 0."""
    _check_scales(scales)

    def kernel(x, y):
        squares = squared_distances(x, y)
        return sum(np.exp(squares / (-2 * s * s)) for s in scales) / len(scales)

    return kernel


def scaled_rbf(draws, *shares):
    """Returns `rbf` with scales that are shares of the draws' deviation, so that it sees as much of any cloud.

    s = share · √(mean over the axes of their variances)

    Args:
        draws: (n, d) float, n ≥ 2, from the distribution that sets the scale, such as a prior.
        shares: numbers above 0; 0.2, 0.4 and 0.8 if none are given.
    """
    deviation = float(np.sqrt(points(draws, "draws", least=2).var(axis=0).mean()))
    return rbf(*(share * deviation for share in shares or (0.2, 0.4, 0.8)))


def imq(*scales):
    """Returns the inverse multiquadric kernel Σₛ s² / (s² + ‖x − y‖²) / S over the given scales s > 0.

    Its tails fall slowly, so that it still sees points far from both clouds.

    Source: Tolstikhin et al. 2018, "Wasserstein auto-encoders", section 4.
    """
    _check_scales(scales)

    def kernel(x, y):
        squares = squared_distances(x, y)
        return sum(s * s / (s * s + squares) for s in scales) / len(scales)

    return kernel


def mmd(a, b, kernel):
    """Returns the unbiased estimate of the squared maximum mean discrepancy.

    MMD² = Σ_{i≠j} k(aᵢ, aⱼ) / n(n−1) + Σ_{i≠j} k(bᵢ, bⱼ) / m(m−1) − 2 Σ_{i,j} k(aᵢ, bⱼ) / nm.

    Args:
        a: (n, d) float, n ≥ 2; features or latent codes.
        b: (m, d) float, m ≥ 2.
        kernel: function (p, d), (q, d) -> (p, q), symmetric, such as `rbf(0.5, 1.0, 2.0)`.

    Returns:
        float in the kernel's unit. Its mean is 0 where both sets come from one distribution, so it
        may be slightly negative.

    Raises:
        ValueError: wrong rank, different d, fewer than two rows, NaN or infinite values.

    Source: Gretton et al. 2012, "A kernel two-sample test", eq. 3.
    """
    a = points(a, "a", least=2)
    b = points(b, "b", least=2, columns=a.shape[1])
    within_a = _total(a, a, kernel, diagonal=False) / (len(a) * (len(a) - 1))
    within_b = _total(b, b, kernel, diagonal=False) / (len(b) * (len(b) - 1))
    between = _total(a, b, kernel) / (len(a) * len(b))
    return float(within_a + within_b - 2 * between)


def kernel_distance(features_a: ArrayLike, features_b: ArrayLike) -> float:
    """Returns the kernel distance between two sets of features: MMD² with the cubic kernel.

    KD = MMD²(a, b) with k(x, y) = (xᵀy / d + 1)³.

    Unlike the Fréchet distance it has no bias for few samples.

    Args:
        features_a: (n, d) float, n ≥ 2.
        features_b: (m, d) float, m ≥ 2.

    Returns:
        float without a unit, about 0 for equal distributions (it may be slightly negative).

    Raises:
        ValueError: wrong rank, different d, fewer than two rows, NaN or infinite values.

    Source: Bińkowski et al. 2018, "Demystifying MMD GANs", section 4.

    Example:
        >>> from course_utils import metrics
        >>> metrics.kernel_distance([[0.0], [0.0]], [[1.0], [1.0]])  # 1 + (1 + 1)³ − 2
        7.0
    """
    return mmd(features_a, features_b, cubic)


def kernel_distance_blocks(features_a, features_b, block=1000):
    """Returns the kernel distance with its standard error, from disjoint blocks of both sets.

    mean = Σ_b MMD²_b / B,  standard error = sd(MMD²_b) / √B.

    Args:
        features_a: (n, d) float.
        features_b: (m, d) float.
        block: rows a block takes from each set; left-over rows are dropped. At least two blocks.

    Returns:
        BlockAverage(mean, standard_error).

    Raises:
        ValueError: fewer than two blocks fit.

    Source: Bińkowski et al. 2018, section 4 (there random subsets; disjoint ones are independent).
    """
    a = points(features_a, "features_a", least=2 * block)
    b = points(features_b, "features_b", least=2 * block, columns=a.shape[1])
    count = min(len(a), len(b)) // block
    parts = [slice(i * block, (i + 1) * block) for i in range(count)]
    values = [kernel_distance(a[part], b[part]) for part in parts]
    return BlockAverage(float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(count)))


def _total(a, b, kernel, diagonal=True):
    """Returns the sum of the kernel matrix of a and b, with or without its diagonal."""
    total = 0.0
    for rows in blocks(len(a), ROWS):
        matrix = kernel(a[rows], b)  # (ROWS, m)
        total += matrix.sum()
        if not diagonal:
            total -= np.trace(matrix[:, rows])
    return total


def _check_scales(scales):
    if not scales or min(scales) <= 0:
        raise ValueError(f"scales are {scales}, expected one or more numbers above 0: pass such as 0.5, 1, 2.")
