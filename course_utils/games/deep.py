"""Likelihoods of deep belief networks and deep Boltzmann machines: what can be bounded, and what can be counted.

Both have hidden layers whose posterior p(h|v) is out of reach. With any Q(h|v) instead,

    log p(v) ≥ E_Q[log p(v, h) − log Q(h|v)]                                   the bound of variational inference
    log p(v) ≥ E[log 1/K Σₖ p(v, hₖ) / Q(hₖ|v)],  hₖ ~ Q                       the same with K draws, which is tighter

In p(v, h) stands log Z, which `metrics.annealed` counts or estimates. All functions leave it to the caller, so that one
sees what is exact, what is a bound and what is an estimate. NumPy, nats, float64.
"""

import numpy as np
from keras import ops

from course_utils import checks
from course_utils.games import gibbs
from course_utils.games.boltzmann import mean_field
from course_utils.metrics.annealed import Parameters, free_energy, log_partition, rows

CHUNK = 5_000  # hidden states at a time


def dbn_log_weights(first, top, v, samples=1, seed=0):
    """Log weights of a deep belief network, to which −log Z of its top machine is still to be added.

        log w = log p(v|h) − F_top(h) − log Q(h|v),   h ~ Q(h|v) = Πⱼ p(hⱼ|v) of the first machine

    Their mean over the samples, minus log Z, is the variational bound of one's Monte Carlo; `importance_weighted` of
    them, minus log Z, the tighter one. Where `top` is `first` upside down all weights are p(v) of `first` exactly.

    Args:
        first, top: `Parameters`; the visible units of `top` are the hidden ones of `first`.
        v: (N, …), 0 or 1.
        samples: K.
        seed: int, of NumPy's draws.

    Returns:
        (K, N) float64, nats.

    Raises:
        ValueError: v is not binary or of another size.

    Source: Salakhutdinov & Murray, 2008, section 4.2; several samples: Burda et al., 2016, eq. (8).
    """
    v, samples = rows(v, len(first.b)), checks.count(samples, "samples")
    rng, q = np.random.default_rng(seed), gibbs.up(first, v)

    def weights(x, h):
        return _bernoulli(x, first.b + h @ first.W.T) - free_energy(top, h)

    return _log_weights(weights, v, q, samples, rng)


def dbm_log_weights(machine, v, samples=1, seed=0, sweeps=30):
    """Log weights of a deep Boltzmann machine, to which −log Z is still to be added.

        log w = log Σ_{h₂, h₄, …} exp(−E(v, h)) − log Q(h₁, h₃, …|v)

    The odd layers are drawn from mean field, the even ones summed.

    Args:
        machine: of `networks.boltzmann.dbm`.
        v: (N, …), 0 or 1.
        samples: K.
        seed: int, of NumPy's draws.
        sweeps: of `mean_field`.

    Returns:
        (K, N) float64, nats.

    Raises:
        ValueError: v is not binary or of another size.
    """
    whole, size = machine.parameters(), int(np.prod(machine.input_shape[0][1:]))
    v, samples = rows(v, size), checks.count(samples, "samples")
    q = np.concatenate(_means(machine, v, sweeps)[::2], axis=1)  # h₁, h₃, …
    above = Parameters(whole.W[:, size:], whole.b, whole.c[size:])

    def weights(x, h):
        return x @ whole.c[:size] + ((x @ whole.W[:, :size].T) * h).sum(axis=1) - free_energy(above, h)

    return _log_weights(weights, v, q, samples, np.random.default_rng(seed))


def dbm_elbo(machine, v, log_z, sweeps=30):
    """The bound of mean field on log p(v), without any draw.

        log p(v) ≥ −E(v, μ₁, μ₂, …) + Σ H(μ) − log Z,   H(μ) = −μ log μ − (1 − μ) log(1 − μ)

    The energy is linear in each layer, so that its mean under a factorised Q is the energy of the means. Equality holds
    where p(h|v) factorises, as where W₂ = 0.

    Args:
        machine: of `networks.boltzmann.dbm`.
        v: (N, …), 0 or 1.
        log_z: float; an estimate from below makes this too good.
        sweeps: of `mean_field`.

    Returns:
        (N,) float64, nats.

    Source: Salakhutdinov & Hinton, 2009, eq. (13).
    """
    v = rows(v, int(np.prod(machine.input_shape[0][1:])))
    means = _means(machine, v, sweeps)
    W, biases = ([_array(w) for w in part] for part in (machine.W, [machine.b, *machine.c]))
    states = [v, *means]
    minus = sum(state @ bias for state, bias in zip(states, biases))
    minus += sum(((low @ w) * high).sum(axis=1) for low, w, high in zip(states, W, states[1:]))
    return minus + sum(entropy(mean) for mean in means) - log_z


def dbm_log_likelihood(machine, v, log_z=None):
    """Returns log p(v), (N,) float64 nats, by counting all hidden states for each v: small machines only.

    Args:
        machine: of `networks.boltzmann.dbm`, with at most 24 units in its odd layers or in the even ones above v.
        v: (N, …), 0 or 1.
        log_z: float; counted if None.

    Raises:
        ValueError: the machine is too large, v is not binary or of another size.
    """
    log_z = log_partition(machine.parameters()) if log_z is None else log_z
    b = _array(machine.b)
    return np.array([b @ x + log_partition(machine.clamped(x)) for x in rows(v, len(b))]) - log_z


def entropy(means):
    """Returns Σ −μ log μ − (1 − μ) log(1 − μ), (N,) nats, for means (N, H) in [0, 1]."""
    means = np.asarray(means, "float64")
    terms = [np.where(p > 0, -p * np.log(np.maximum(p, 1e-300)), 0.0) for p in (means, 1.0 - means)]
    return sum(terms).sum(axis=1)


def _array(variable):
    return np.asarray(ops.convert_to_numpy(variable), "float64")


def _means(machine, v, sweeps):
    """Mean field in NumPy, in parts, as float64."""
    parts = [
        [ops.convert_to_numpy(mean) for mean in mean_field(machine, ops.convert_to_tensor(part), sweeps)]
        for part in np.array_split(v.astype("float32"), -(-len(v) // CHUNK))
    ]
    return [np.concatenate(layer).astype("float64") for layer in zip(*parts)]


def _log_weights(weights, v, q, samples, rng):
    """Draws h ~ q and returns weights(v, h) − log q(h), (samples, N)."""
    q = np.clip(q, 1e-7, 1.0 - 1e-7)  # what a draw in float32 could not tell from 0 and 1
    log_odds, none = np.log(q) - np.log1p(-q), np.log1p(-q).sum(axis=1)
    found = np.empty((samples, len(v)))
    for sample in range(samples):
        for start in range(0, len(v), CHUNK):
            part = slice(start, start + CHUNK)
            h = (rng.random(q[part].shape) < q[part]).astype("float64")
            found[sample, part] = weights(v[part], h) - ((h * log_odds[part]).sum(axis=1) + none[part])
    return found


def _bernoulli(x, logits):
    """log p(x) of independent pixels, (N,)."""
    return (x * logits - np.logaddexp(0.0, logits)).sum(axis=1)
