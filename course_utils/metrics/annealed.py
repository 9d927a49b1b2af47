"""Partition functions of restricted Boltzmann machines: counted where they are small, estimated where they are not.

    p(v) = exp(−F(v)) / Z,   Z = Σ_v exp(−F(v)),   F(v) = −b·v − Σⱼ softplus(cⱼ + (vW)ⱼ)

NumPy in float64 and in logarithms. A deep Boltzmann machine is a restricted one between its odd and its even layers,
so that what stands here serves both.
"""

import itertools
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logsumexp

from course_utils import checks
from course_utils.builders import as_array

COUNTABLE = 24  # units of which all states are counted: 16.8 million


class Parameters(NamedTuple):
    """A restricted Boltzmann machine in NumPy, float64: weights W (V, H), visible biases b (V,), hidden ones c (H,)."""

    W: np.ndarray
    b: np.ndarray
    c: np.ndarray

    def swapped(self):
        """Returns the same machine with its sides exchanged; Z is the same."""
        return Parameters(self.W.T, self.c, self.b)


class Annealed(NamedTuple):
    """An estimate of log Z.

    Attributes:
        log_z: nats.
        error: standard deviation of log_z, by the delta method: s(w) / (mean(w) √chains).
        low, high: log of the mean of the weights minus and plus three standard errors; low is −inf where that is ≤ 0.
        log_weights: (chains,), of the runs, with the log Z at which they started.
        effective: (Σw)² / Σw², how many equal weights theirs are worth.
    """

    log_z: float
    error: float
    low: float
    high: float
    log_weights: np.ndarray
    effective: float


def free_energy(parameters, v):
    """Returns F(v) = −b·v − Σⱼ softplus(cⱼ + (vW)ⱼ), (N,) nats, for v (N, V) of 0 and 1."""
    W, b, c = parameters
    v = np.asarray(v, "float64")
    return -(v @ b) - np.logaddexp(0.0, c + v @ W).sum(axis=1)


def log_likelihood(parameters, v, log_z):
    """Returns log p(v) = −F(v) − log Z, (N,) nats.

    Args:
        parameters: `Parameters`.
        v: (N, V) or (N, …), 0 or 1.
        log_z: float, of `log_partition` or `annealed_log_partition`.

    Raises:
        ValueError: v has another size, or numbers other than 0 and 1.
    """
    return -free_energy(parameters, rows(v, len(parameters.b))) - log_z


def log_partition(parameters):
    """Returns log Z, a float, by counting all states of the smaller side.

        Z = Σ_v exp(b·v) Πⱼ (1 + exp(cⱼ + (vW)ⱼ)), or the same with the sides exchanged

    Args:
        parameters: `Parameters` with at most 24 units on one side.

    Raises:
        ValueError: both sides are larger.
    """
    parameters = parameters if len(parameters.b) <= len(parameters.c) else parameters.swapped()
    units = len(parameters.b)
    if units > COUNTABLE:
        raise ValueError(
            f"Found {units} units on the smaller side, expected at most {COUNTABLE}, whose states can be counted; "
            "estimate log Z with annealed_log_partition."
        )
    (W, b, c), half = parameters, units // 2
    low, high = binary_states(half), binary_states(units - half)
    below, above = low @ W[:half], c + high @ W[half:]  # what the other side hears from either half
    log_p = (low @ b[:half])[:, None] + high @ b[half:]
    room = np.abs(below).max(initial=0.0) + np.abs(above).max(initial=0.0) < 170  # e to the 4 · 170 is a float64
    powers = np.exp(above) if room else None
    for row, heard in zip(log_p, below):
        row += _by_fours(1.0 + np.exp(heard) * powers) if room else np.logaddexp(0.0, heard + above).sum(axis=1)
    return float(logsumexp(log_p))


def _by_fours(factors):
    """Σⱼ log of factors (N, H), (N,): a logarithm for four of them, since logarithms are what takes the time."""
    whole = factors.shape[1] // 4 * 4
    fours = factors[:, :whole].reshape(len(factors), 4, -1)
    products = fours[:, 0] * fours[:, 1] * fours[:, 2] * fours[:, 3]
    return np.log(products).sum(axis=1) + np.log(factors[:, whole:]).sum(axis=1)


def binary_states(units, start=0, stop=None):
    """Returns the states `start` to `stop` of all 2^units, (stop − start, units) float64; unit 0 changes fastest."""
    numbers = np.arange(start, 1 << units if stop is None else stop)
    return ((numbers[:, None] >> np.arange(units)) & 1).astype("float64")


def inverse_temperatures(count):
    """Returns count + 1 inverse temperatures from 0 to 1: a fifth of the steps up to ½, two to 0.9, two to 1.

    The paper's proportions are 500 : 4,000 : 10,000; with fewer steps the beginning would be too coarse.

    Source: Salakhutdinov & Murray, 2008, section 5.
    """
    share = np.arange(count + 1) / count
    return np.interp(share, [0.0, 0.2, 0.6, 1.0], [0.0, 0.5, 0.9, 1.0])


def annealed_log_partition(parameters, base=None, chains=100, steps=1000, seed=0, log=None):
    """Estimates log Z by annealed importance sampling.

    From a machine without weights, whose Z is known, to this one through those between:

        −F_β(v) = ((1 − β) b⁰ + β b)·v + Σⱼ softplus(β (cⱼ + (vW)ⱼ)),   0 = β₀ < … < β_K = 1
        log w = log Z₀ + Σₖ F_{βₖ₋₁}(vₖ) − F_{βₖ}(vₖ),   vₖ₊₁ by a step of Gibbs sampling at βₖ,   Z = E[w]
        log Z₀ = Σᵢ softplus(b⁰ᵢ) + H log 2

    In the mean w is Z exactly. Of log w the mean is lower, so that a run that is too short makes Z too small and the
    likelihood too good.

    Args:
        parameters: `Parameters`.
        base: (V,), means of the visible units in the data, for the base-rate machine b⁰ = log odds, kept in
            [0.01, 0.99]; None takes b⁰ = b.
        chains: runs, each with its weight.
        steps: K, steps between inverse temperatures.
        seed: int, of NumPy's draws, the same on every backend.
        log: function (step, log Z as it would be if the rest were flat) called ten times, such as print; None for none.

    Returns:
        Annealed.

    Raises:
        ValueError, TypeError: counts that are none, base of another size.

    Source: Salakhutdinov & Murray, "On the quantitative analysis of deep belief networks", 2008, eq. (13) to (18);
    Neal, "Annealed importance sampling", 2001.
    """
    chains, steps = checks.count(chains, "chains", 2), checks.count(steps, "steps")
    W, b, c = (np.asarray(part, "float32") for part in parameters)  # the chains; what is summed stays float64
    origin = _log_odds(base, b)
    rng, betas = np.random.default_rng(seed), inverse_temperatures(steps)
    v = (rng.random((chains, len(b))) < expit(origin)).astype("float32")
    log_w = np.full(chains, np.logaddexp(0.0, origin).sum() + len(c) * np.log(2.0))
    for step, (before, now) in enumerate(itertools.pairwise(betas), start=1):
        inputs, tilt = (c + v @ W).astype("float64"), v.astype("float64") @ (b.astype("float64") - origin)
        log_w += (now - before) * tilt + (np.logaddexp(0.0, now * inputs) - np.logaddexp(0.0, before * inputs)).sum(1)
        if step < steps:
            h = _drawn(rng, now * inputs)
            v = _drawn(rng, (1.0 - now) * origin + now * (b + h @ W.T))
        if log and step % max(1, steps // 10) == 0:
            log(step, float(logsumexp(log_w) - np.log(chains)))
    return _annealed(log_w)


def rows(v, size):
    """Returns binary data as float64 (N, size).

    Raises:
        ValueError: another size, no row, or numbers other than 0 and 1.
    """
    v = as_array(v)
    if v.ndim < 2 or len(v) == 0 or int(np.prod(v.shape[1:])) != size:
        raise ValueError(
            f"Found data of shape {v.shape}, expected (N, …) with N ≥ 1 and {size} numbers a row, which is what the "
            "machine was built for; reshape it, or build the machine for it."
        )
    return checks.binary(v, "v").reshape(len(v), size).astype("float64")


def _annealed(log_w):
    top = log_w.max()
    weights = np.exp(log_w - top)
    mean, deviation = weights.mean(), weights.std(ddof=1) / np.sqrt(len(weights))
    with np.errstate(divide="ignore"):
        low, high = top + np.log(np.maximum(mean + np.array([-3.0, 3.0]) * deviation, 0.0))
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return Annealed(float(top + np.log(mean)), float(deviation / mean), float(low), float(high), log_w, effective)


def _log_odds(base, b):
    if base is None:
        return b.astype("float64")
    base = np.asarray(base, "float64").ravel()
    if len(base) != len(b):
        raise ValueError(
            f"Found base of {len(base)} means for {len(b)} visible units, expected one each; take the mean of the "
            "data over its rows."
        )
    base = np.clip(base, 0.01, 0.99)
    return np.log(base / (1.0 - base))


def _drawn(rng, logits):
    return (rng.random(logits.shape, dtype="float32") < expit(logits.astype("float32"))).astype("float32")
