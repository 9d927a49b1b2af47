"""Perceptual path length: how much an image changes along a path through a latent space."""

import numpy as np

from course_utils.metrics._arrays import points


def path_length(describe, starts, ends, t, interpolate=None, epsilon=1e-3):
    """Mean squared speed of the images' features at random places of paths.

        l = E ‖φ(p(t + ε)) − φ(p(t))‖² / ε²

    Where a space is tangled, the straight path between two images leads through detours, and changes what
    it need not. Numbers of different features φ, or of different spaces' paths between different
    images, cannot be compared.

    Args:
        describe: φ ∘ generator, function of codes (N, d) -> features (N, k). It must not draw noise
            of its own: both ends of a step are to have the same.
        starts, ends: float (P, d), the codes between which the paths run.
        t: float (P,) in [0, 1), the place on each path.
        interpolate: function (starts, ends, t) -> codes (P, d); `lerp` if None, `slerp` for normal draws.
        epsilon: ε, the length of a step, positive. The paper takes 1e-4; a step must stay large beside the
            rounding errors of the features.

    Returns:
        float array (P,), one squared speed a path; their mean is the path length.

    Raises:
        ValueError: codes or features are not two-dimensional or not finite.

    Source: Karras et al., A Style-Based Generator Architecture, 2019, section 4.1, eqs. (2) and (3).
    """
    interpolate = interpolate or lerp
    starts, ends = points(starts, "starts"), points(ends, "ends")
    t = np.asarray(t, "float64")
    codes = [interpolate(starts, ends, place).astype("float32") for place in (t, t + epsilon)]
    here, there = (points(describe(c), "features") for c in codes)
    return np.square((there - here) / epsilon).sum(axis=1)


def lerp(starts, ends, t):
    """Points on the straight line between codes: (1 − t)·a + t·b. Arrays (P, d), (P, d), (P,) -> (P, d)."""
    return starts + t[:, None] * (ends - starts)


def slerp(starts, ends, t):
    """Points on the great circle between the directions of codes, of length √d.

        p(t) = √d · (sin((1 − t)·θ)·a + sin(t·θ)·b) / sin θ,  a and b of length 1, θ the angle between them

    A straight line between two normal draws would lead through the middle, where hardly any draw lies.

    Args:
        starts, ends: float (P, d), not parallel.
        t: float (P,).

    Returns:
        float array (P, d).

    Source: Shoemake, Animating rotation with quaternion curves, 1985.
    """
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (starts, ends))
    angle = np.arccos(np.clip((a * b).sum(axis=1), -1, 1))[:, None]  # (P, 1)
    place = t[:, None]
    along = (np.sin((1 - place) * angle) * a + np.sin(place * angle) * b) / np.sin(angle)
    return np.sqrt(a.shape[1]) * along
