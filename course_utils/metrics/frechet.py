"""Fréchet distance between two sets of features, taken as two Gaussians."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from course_utils.metrics._arrays import points


class Moments(NamedTuple):
    """Mean (d,), covariance (d, d; divisor n − 1) and number n of a set of features."""

    mean: np.ndarray
    covariance: np.ndarray
    n: int


def moments(features):
    """Returns the first two moments of a set of features.

    Args:
        features: (n, d) float, n ≥ 2.

    Returns:
        Moments of float64 arrays.
    """
    x = points(features, "features", least=2)
    return Moments(x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False)), len(x))


def combine(a, b):
    """Returns the moments of two sets together, from the moments of each.

    With δ = mean_b − mean_a, the scatter of the union is S_a + S_b + δδᵀ·n_a·n_b / (n_a + n_b).

    Args:
        a, b: Moments over the same d features.

    Returns:
        Moments of the union, equal to `moments` of the concatenated rows up to rounding.

    Source: Chan, Golub, LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1.
    """
    n = a.n + b.n
    delta = b.mean - a.mean
    scatter = (a.n - 1) * a.covariance + (b.n - 1) * b.covariance
    scatter = scatter + np.outer(delta, delta) * (a.n * b.n / n)
    return Moments(a.mean + delta * (b.n / n), scatter / (n - 1), n)


def frechet_from_moments(a, b):
    """Returns the squared 2-Wasserstein distance between the Gaussians N(μ_a, Σ_a) and N(μ_b, Σ_b).

    FD = ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b) − 2 tr (Σ_a^½ Σ_b Σ_a^½)^½.

    The last trace is the sum of the singular values of Σ_b^½ Σ_a^½. It is taken in that form because
    it stays real and exact where a covariance is singular, where a matrix square root does not.

    Args:
        a, b: Moments over the same d features.

    Returns:
        float ≥ 0, in squared units of the features.

    Source: Dowson and Landau 1982, eq. 4; Heusel et al. 2017, eq. 6.
    """
    if a.mean.shape != b.mean.shape:
        raise ValueError(
            f"features_b has {b.mean.size} columns, expected {a.mean.size} as in features_a: read both "
            f"with the same evaluator."
        )
    cross = linalg.svdvals(_root(b.covariance) @ _root(a.covariance)).sum()
    squared = np.sum((a.mean - b.mean) ** 2)
    return float(max(squared + np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross, 0.0))


def frechet_distance(features_a: ArrayLike, features_b: ArrayLike) -> float:
    """Returns the Fréchet distance between two sets of features.

    FD = ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b) − 2 tr (Σ_a Σ_b)^½, in float64, covariances with divisor n − 1.

    It is biased upwards for few samples: compare only scores from equal n, and only scores from the
    same evaluator.

    Args:
        features_a: (n, d) float, n ≥ 2; n well above d, or the covariance is singular and the
            distance mostly bias.
        features_b: (m, d) float, m ≥ 2.

    Returns:
        float ≥ 0, in squared units of the features.

    Raises:
        ValueError: wrong rank, different d, fewer than two rows, NaN or infinite values.

    Source: Heusel et al. 2017, "GANs trained by a two time-scale update rule", eq. 6.

    Example:
        >>> from course_utils import metrics
        >>> round(metrics.frechet_distance([[0.0, 0.0], [2.0, 1.0]], [[3.0, 0.0], [5.0, 1.0]]), 6)  # moved by 3
        9.0
    """
    return frechet_from_moments(moments(features_a), moments(features_b))


def _root(matrix):
    """Returns the symmetric square root of a positive semi-definite matrix."""
    values, vectors = linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
