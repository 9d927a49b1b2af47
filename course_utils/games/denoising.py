"""The way back of lecture 14: from noise to data in a few steps. Each sampler reads like its algorithm.

A sampler takes a function `denoise(z, t) -> x̂`, the estimate of what is under the noise, whoever makes it: a network
(`diffusion.denoiser_of`) or a formula (`diffusion.exact_denoiser`). With ε̂ = (z − α x̂) / σ, all of them follow

    dz = x̂ dα + ε̂ dσ

DDIM is Euler's step of it, Heun's method takes the mean of both ends, and DDPM replaces some ε̂ by fresh noise. All
noise comes from NumPy, so that a seed gives the same samples on every backend.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from course_utils import checks
from course_utils.games.diffusion import level


class Level(NamedTuple):
    """A time, how much image is left then, and how much noise."""

    t: float
    alpha: float
    sigma: float


CLEAN = Level(0.0, 1.0, 0.0)


def grid(schedule, steps, start=1.0, power=1.0):
    """Returns the levels that a sampler visits, from noise to the clean image.

        tᵢ = start · (1 − i/n)^power,   i = 0 … n

    Args:
        schedule: function t -> (α, σ).
        steps: n, how many steps, ≥ 1.
        start: time of the first level, in (0, 1]; 1 is noise.
        power: 1 spaces the times evenly; above 1 the steps near the clean image are shorter, below 1 those near noise.

    Returns:
        list of `Level`, steps + 1 of them; the last is (0, 1, 0), without noise.

    Raises:
        TypeError, ValueError: steps is no whole number ≥ 1, start no such time, or power not above 0.

    Source: Karras et al., 2022, eq. (5), where the power law holds for σ/α in place of t.
    """
    steps = checks.count(steps, "steps")
    if not 0 < start <= 1:
        raise ValueError(f"Found start={start}, expected a time in (0, 1]; 1 starts from noise.")
    if not 0 < power < np.inf:
        raise ValueError(f"Found power={power}, expected a number above 0; 1 spaces the times evenly.")
    times = start * np.linspace(1.0, 0.0, steps + 1)[:-1] ** power
    return [Level(t, *level(schedule, t)) for t in times.tolist()] + [CLEAN]


def ddim(denoise, z, levels):
    """Goes straight to where the estimates of image and noise lead at the next level. One evaluation a step.

        z′ = α′ x̂ + σ′ ε̂

    Args:
        denoise: function (z (N, …), t) -> x̂.
        z: float32 array (N, …), noised as the first level says.
        levels: list of `Level`; `grid` makes it.

    Returns:
        float32 array (N, …).

    Source: Song et al., Denoising Diffusion Implicit Models, 2021, eq. (12) with σ = 0.
    """
    for now, then in pairwise(levels):
        x, epsilon = both(denoise, z, now)
        z = np.float32(then.alpha) * x + np.float32(then.sigma) * epsilon
    return z


def ddpm(denoise, z, levels, seed):
    """Draws the next level from what it is like given this one and the estimate. One evaluation a step.

        z′ ~ q(z′ | z, x̂) = N(σ′²/σ² r z + σ_r²/σ² α′ x̂,  σ′²/σ² σ_r²),   r = α / α′,  σ_r² = σ² − r² σ′²

    Args:
        denoise, z, levels: as in `ddim`.
        seed: int ≥ 0, of the fresh noise.

    Returns:
        float32 array (N, …).

    Source: Ho et al., Denoising Diffusion Probabilistic Models, 2020, eqs. (6) and (7), algorithm 2.
    """
    rng = np.random.default_rng(seed)
    for now, then in pairwise(levels):
        mean, deviation = posterior(z, denoise(z, now.t), now, then)
        z = mean + deviation * rng.standard_normal(z.shape, dtype="float32")
    return z


def heun(denoise, z, levels):
    """Takes DDIM's step, looks again, and goes by the mean of both looks. Two evaluations a step, one in the last.

        z₁ = z + x̂ Δα + ε̂ Δσ,   z′ = z + ½ (x̂ + x̂₁) Δα + ½ (ε̂ + ε̂₁) Δσ

    Args:
        denoise, z, levels: as in `ddim`.

    Returns:
        float32 array (N, …).

    Source: Karras et al., Elucidating the Design Space of Diffusion-Based Generative Models, 2022, algorithm 1, there
    in the coordinates z/α and σ/α.
    """
    for now, then in pairwise(levels):
        x, epsilon = both(denoise, z, now)
        trial = np.float32(then.alpha) * x + np.float32(then.sigma) * epsilon
        if then.sigma == 0:
            return trial
        x_then, epsilon_then = both(denoise, trial, then)
        z = (z + np.float32(0.5 * (then.alpha - now.alpha)) * (x + x_then)
             + np.float32(0.5 * (then.sigma - now.sigma)) * (epsilon + epsilon_then))  # fmt: skip
    return z


def invert(denoise, x, schedule, steps):
    """Walks DDIM's way in the other direction: from data to the noise from which `ddim` makes it, or nearly.

    Without noise there is nothing to estimate it from, so the data counts as lying at the time 0.001.

    Args:
        denoise: as in `ddim`.
        x: float32 array (N, …), data.
        schedule, steps: as in `grid`.

    Returns:
        float32 array (N, …), at time 1.

    Source: Song et al., 2021, section 4.3.
    """
    times = np.linspace(0.001, 1.0, checks.count(steps, "steps") + 1).tolist()
    return ddim(denoise, x, [Level(t, *level(schedule, t)) for t in times])


def inpaint(denoise, z, levels, known, mask, seed, repeats=1):
    """Draws what is missing in images, such that it fits what is known.

        z′ ← m (α′ x + σ′ ε) + (1 − m) z′,   ε ~ N(0, I) fresh, after each step of DDPM

    With `repeats` r, each step is taken r times, with noise put back in between, so that both parts can agree.

    Args:
        denoise, z, levels: as in `ddim`.
        known: float32 array (N, …), images whose part under the mask is kept.
        mask: array of 0 and 1, of the shape of `known`, of one image, or (N, H, W, 1): 1 where an image is known.
        seed: int ≥ 0.
        repeats: r ≥ 1.

    Returns:
        float32 array (N, …), equal to `known` where the mask is 1.

    Raises:
        ValueError: the mask does not fit the images, holds other numbers than 0 and 1, or `known` is not like z.

    Source: Lugmayr et al., RePaint, 2022, algorithm 1.
    """
    mask, rng = _mask(mask, known, z), np.random.default_rng(seed)
    repeats = checks.count(repeats, "repeats")
    for now, then in pairwise(levels):
        for again in range(repeats, 0, -1):
            mean, deviation = posterior(z, denoise(z, now.t), now, then)
            drawn = mean + deviation * rng.standard_normal(z.shape, dtype="float32")
            noised = then.alpha * known + then.sigma * rng.standard_normal(z.shape, dtype="float32")
            below = np.where(mask, noised, drawn).astype("float32")  # at the level `then`
            if again > 1:
                z = renoised(below, then, now, rng)
        z = below
    return z


def edit(denoise, x, levels, seed):
    """Turns a sketch into an image: noises it to the first level and goes back from there.

        z = α x + σ ε,   then DDPM

    The smaller the t of the start, the more of the sketch is kept; the larger, the more the result is like the data.

    Args:
        denoise: as in `ddim`.
        x: float32 array (N, …), sketches in the data's range.
        levels: list of `Level`, as `grid(schedule, steps, start)` makes it with a start below 1.
        seed: int ≥ 0.

    Returns:
        float32 array (N, …).

    Source: Meng et al., SDEdit, 2022, algorithm 1.
    """
    epsilon = np.random.default_rng([seed, 1]).standard_normal(x.shape, dtype="float32")
    z = np.float32(levels[0].alpha) * x + np.float32(levels[0].sigma) * epsilon
    return ddpm(denoise, z, levels, seed)


def both(denoise, z, now):
    """Returns the estimates of image and noise, x̂ and ε̂ = (z − α x̂) / σ, at a level."""
    x = denoise(z, now.t)
    return x, (z - np.float32(now.alpha) * x) / np.float32(now.sigma)


def posterior(z, x, now, then):
    """Returns mean and deviation of q(z′ | z, x), where z′ is at the less noisy level `then`; see `ddpm`.

    The deviation is a number; 0 where `then` is clean.
    """
    ratio = now.alpha / then.alpha
    fresh = now.sigma**2 - (ratio * then.sigma) ** 2  # σ_r², the noise between both levels
    share = then.sigma**2 / now.sigma**2
    mean = np.float32(share * ratio) * z + np.float32(then.alpha * fresh / now.sigma**2) * x
    return mean, np.float32(np.sqrt(share * fresh))


def renoised(z, now, then, rng):
    """Draws q(z′ | z): takes z from a level to a noisier one. z′ = r z + √(σ′² − r² σ²) ε, r = α′ / α."""
    ratio = then.alpha / now.alpha
    deviation = np.sqrt(then.sigma**2 - (ratio * now.sigma) ** 2)
    return np.float32(ratio) * z + np.float32(deviation) * rng.standard_normal(z.shape, dtype="float32")


def _mask(mask, known, z):
    """Returns a mask that broadcasts to the images; raises a ValueError of one sentence where it does not fit."""
    mask = np.asarray(mask)
    if known.shape != z.shape:
        raise ValueError(f"Found known images {known.shape} for noise {z.shape}, expected one shape; cut both alike.")
    try:
        fits = np.broadcast_shapes(mask.shape, known.shape) == known.shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"Found a mask of shape {mask.shape} for images {known.shape}, expected one that broadcasts to them; give "
            "it the shape of one image."
        )
    if not np.isin(mask, (0, 1)).all():
        raise ValueError("Found a mask with numbers between, expected 0 and 1; compare it with 0.5.")
    return mask.astype(bool)
