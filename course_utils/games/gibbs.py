"""Long chains of Gibbs sampling through Boltzmann machines, in NumPy, so that a seed gives the same on every backend.

A machine is `metrics.annealed.Parameters`: W (V, H), b (V,), c (H,).
"""

import numpy as np
from scipy.special import expit

from course_utils import checks
from course_utils.metrics.annealed import Parameters, rows


def noise(n, parameters, rng):
    """Returns n states (n, V), uint8: every visible unit drawn from its bias alone, p = σ(b)."""
    return (rng.random((checks.count(n), len(parameters.b))) < expit(parameters.b)).astype("uint8")


def up(parameters, v):
    """Returns p(h=1|v) = σ(c + vW), (N, H), for v (N, V)."""
    return expit(parameters.c + v @ parameters.W)


def down(parameters, h):
    """Returns p(v=1|h) = σ(b + hWᵀ), (N, V), for h (N, H)."""
    return expit(parameters.b + h @ parameters.W.T)


def drawn(means, rng):
    """Returns 0 or 1 for each probability, float32."""
    return (rng.random(means.shape, dtype="float32") < means).astype("float32")


def chain(parameters, v, steps, rng, every=None):
    """Takes steps of Gibbs sampling from v: all of h given v, then all of v given h.

    Args:
        parameters: `Parameters`.
        v: (N, V), 0 or 1: where the N chains begin.
        steps: ≥ 1.
        rng: NumPy generator.
        every: steps between two states that are kept; None keeps the last alone.

    Returns:
        (N, V) uint8; with `every` (steps // every + 1, N, V) uint8, the start first.

    Raises:
        ValueError: v is not binary or of another size.
    """
    v, single = rows(v, len(parameters.b)).astype("float32"), _float32(parameters)
    kept = [v.astype("uint8")]
    for step in range(1, checks.count(steps, "steps") + 1):
        v = drawn(down(single, drawn(up(single, v), rng)), rng)
        if every and step % every == 0:
            kept.append(v.astype("uint8"))
    return np.stack(kept) if every else v.astype("uint8")


def means(parameters, v, steps, rng):
    """Returns p(v=1|h), (N, V) float32, in the last of some steps of `chain`: grey images, less grainy than states."""
    single = _float32(parameters)
    more = checks.count(steps, "steps") - 1
    v = chain(parameters, v, more, rng) if more else rows(v, len(parameters.b))
    return down(single, drawn(up(single, v.astype("float32")), rng))


def ancestral(first, top, n, steps, rng, v=None):
    """Draws from a deep belief network: a chain in the top machine, then one pass down.

        h ~ p_top(h) by Gibbs sampling,   v ~ p(v|h) of the first machine

    Args:
        first, top: `Parameters`; the visible units of `top` are the hidden ones of `first`.
        n: number of chains.
        steps: of the top chain.
        rng: NumPy generator.
        v: (n, V), 0 or 1: the chains begin at what the first machine makes of them; None for noise of the top machine.

    Returns:
        (n, V) float32, p(v=1|h).
    """
    h = noise(n, top, rng) if v is None else drawn(up(first, rows(v, len(first.b))), rng)
    return down(_float32(first), chain(top, h, steps, rng).astype("float32"))


def deep_chain(machine, n, steps, rng, v=None):
    """Draws from a deep Boltzmann machine by Gibbs sampling between its odd and its even layers.

    Args:
        machine: of `networks.boltzmann.dbm`.
        n: number of chains.
        steps: ≥ 1.
        rng: NumPy generator.
        v: (n, V), 0 or 1, where they begin, with all other even layers at random; None for noise.

    Returns:
        (n, V) float32, p(v=1|h₁) of the last step.
    """
    whole = machine.parameters().swapped()  # even layers, v first, are now the visible side
    states = noise(n, whole, rng)
    if v is not None:
        v = rows(v, int(np.prod(machine.input_shape[0][1:])))
        states[:, : v.shape[1]] = v
    return means(whole, states, steps, rng)[:, : int(np.prod(machine.input_shape[0][1:]))]


def _float32(parameters):
    return Parameters(*(np.asarray(part, "float32") for part in parameters))
