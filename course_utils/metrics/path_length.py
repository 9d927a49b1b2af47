"""Perceptual path length: how much an image changes along a path through a latent space."""

import numpy as np

from course_utils.builders import as_array
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
    t = as_array(t).astype("float64")
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
        starts, ends: float (P, d), not 0 and not opposite, between which no great circle is the shortest. Ends of
            one direction leave the path where it is.
        t: float (P,).

    Returns:
        float array (P, d), every row of length √d.

    Raises:
        ValueError: a code is 0, or two ends are opposite.

    Source: Shoemake, Animating rotation with quaternion curves, 1985.
    """
    a, b = (_directions(x, name) for x, name in ((starts, "starts"), (ends, "ends")))
    # Between the sum and the difference: arccos would be off by 1e-4 where ends are nearly parallel in float32.
    apart, together = (np.linalg.norm(x, axis=1, keepdims=True) for x in (a - b, a + b))  # (P, 1)
    opposite = np.flatnonzero(together < 1e-6)
    if opposite.size:
        raise ValueError(
            f"Found opposite directions in row {opposite[0]} ({opposite.size} of {len(a)}), expected ends with one "
            "shortest way between them; draw one end anew, or go through a third code."
        )
    angle = 2 * np.arctan2(apart, together)  # θ, (P, 1)
    place = np.reshape(as_array(t), (-1, 1))
    still = angle < 1e-6  # sin(sθ) / sin θ → s
    sine = np.where(still, 1.0, np.sin(angle))
    left = np.where(still, 1 - place, np.sin((1 - place) * angle) / sine)
    right = np.where(still, place, np.sin(place * angle) / sine)
    return np.sqrt(a.shape[1]) * (left * a + right * b)


def _directions(x, name):
    x = as_array(x).astype("float64", copy=False)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    if not np.all(length > 0):
        raise ValueError(f"Found a row of zeros in {name}, expected codes with a direction; leave it out.")
    return x / length
