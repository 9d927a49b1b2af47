"""Mixtures of Bernoullis by expectation maximisation, in NumPy: what a sum of many simple distributions can do.

p(x) = Σₖ πₖ Πᵢ mₖᵢ^{xᵢ} (1 − mₖᵢ)^{1 − xᵢ}
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from course_utils import checks
from course_utils.metrics.annealed import rows

CHUNK = 10_000


class Mixture(NamedTuple):
    """A mixture of Bernoullis.

    Attributes:
        weights: (K,), πₖ, which add up to 1.
        means: (K, V), mₖᵢ.
        trace: (rounds,), mean log p of the training rows before each round, nats, prior left out.
    """

    weights: np.ndarray
    means: np.ndarray
    trace: np.ndarray


def fit(x, components, rounds=20, seed=0, prior=0.1):
    """Fits a mixture by expectation maximisation.

        E: rₙₖ ∝ πₖ p(xₙ|k)
        M: mₖᵢ = (Σₙ rₙₖ xₙᵢ + a m̄ᵢ) / (Σₙ rₙₖ + a),   πₖ ∝ Σₙ rₙₖ + a,   m̄ the mean image, kept in [0.001, 0.999]

    `a` rows of the mean image stand in each component from the start, so that no pixel becomes impossible. With a = 0
    no round makes the likelihood of the training rows smaller.

    Args:
        x: (N, …), 0 or 1.
        components: K, at most N.
        rounds: of both steps.
        seed: int; means start at K rows of x, halfway to the mean image.
        prior: a ≥ 0.

    Returns:
        Mixture.

    Raises:
        ValueError: x is not binary, K exceeds N, a < 0.

    Source: Bishop, "Pattern recognition and machine learning", 2006, section 9.3.3.
    """
    if not prior >= 0:
        raise ValueError(f"Found prior={prior}, expected a number of rows ≥ 0; 0.1 keeps every pixel possible.")
    x = rows(x, int(np.prod(np.shape(x)[1:]))).astype("float32")
    components, rounds = checks.count(components, "components"), checks.count(rounds, "rounds")
    if components > len(x):
        raise ValueError(f"Found {components} components for {len(x)} rows, expected at most as many; take fewer.")
    rng = np.random.default_rng(seed)
    mean = np.clip(x.mean(axis=0), 1e-3, 1.0 - 1e-3)
    start = x[rng.choice(len(x), components, replace=False)] if components > 1 else mean[None]
    mixture, trace = Mixture(np.full(components, 1.0 / components), 0.5 * (start + mean), None), []
    for _ in range(rounds):
        counts, sums, total = np.zeros(components), np.zeros((components, x.shape[1])), 0.0
        for part in np.array_split(x, -(-len(x) // CHUNK)):
            log_p = _joint(mixture, part)
            whole = logsumexp(log_p, axis=1)
            r = np.exp(log_p - whole[:, None])
            counts, sums, total = counts + r.sum(axis=0), sums + r.astype("float32").T @ part, total + whole.sum()
        trace.append(total / len(x))
        shares = (counts + prior) / (len(x) + prior * components)
        means = (sums + prior * mean) / np.maximum(counts + prior, 1e-12)[:, None]
        mixture = Mixture(shares, means, None)
    return mixture._replace(trace=np.array(trace))


def log_likelihood(mixture, x):
    """Returns log p(x), (N,) float64 nats, for x (N, …) of 0 and 1."""
    return np.concatenate([logsumexp(_joint(mixture, part), axis=1) for part in _parts(mixture, x)])


def responsibilities(mixture, x):
    """Returns p(k|x), (N, K), for x (N, …) of 0 and 1."""
    found = np.concatenate([_joint(mixture, part) for part in _parts(mixture, x)])
    return np.exp(found - logsumexp(found, axis=1, keepdims=True))


def sample(mixture, n, rng):
    """Draws n rows (n, V), uint8: a component for each, then its pixels."""
    chosen = rng.choice(len(mixture.weights), checks.count(n), p=mixture.weights / mixture.weights.sum())
    return (rng.random((n, mixture.means.shape[1])) < mixture.means[chosen]).astype("uint8")


def _joint(mixture, x):
    """log πₖ + log p(x|k), (N, K); a pixel that a component holds for impossible costs 690 nats."""
    means = np.clip(mixture.means, 1e-300, 1.0)
    off = np.log(np.clip(1.0 - mixture.means, 1e-300, 1.0))
    weights = np.log(np.maximum(mixture.weights, 1e-300)) + off.sum(axis=1)
    return weights + x.astype("float64") @ (np.log(means) - off).T


def _parts(mixture, x):
    x = rows(x, mixture.means.shape[1])
    return np.array_split(x, -(-len(x) // CHUNK))
