"""Toy distributions in the plane, whose modes and distances are known exactly."""

import numpy as np

from course_utils import checks

# Scales of the toy runs of Gulrajani et al. 2017 (improved WGAN, section 4.1 and its published
# code): each set is divided by a constant that brings it to about unit standard deviation.
_RING_SCALE = 1.414  # radius 2, spread 0.02 before
_GRID_SCALE = 2.828  # -4 … 4 in steps of 2, spread 0.05 before
_ROLL_SCALE = 7.5

NAMES = ("ring8", "grid25", "swiss_roll", "moons", "parallel_lines")


def toy(name: str, n: int, seed: int = 0, theta: float = 1.0) -> np.ndarray:
    """Draws points of a toy distribution.

    - `"ring8"`: eight normals on a circle of radius 1.4144, standard deviation 0.01414.
    - `"grid25"`: 5 × 5 normals 0.7072 apart, from -1.4144 to 1.4144, standard deviation 0.01768.
    - `"swiss_roll"`: a spiral within about [-1.7, 2.0], noise 0.0333 across it.
    - `"moons"`: two interleaved half circles of radius 1, noise 0.05.
    - `"parallel_lines"`: (0, u) in even rows and (theta, u) in odd rows, u uniform on [0, 1]; the
      Wasserstein distance of the two lines is |theta|.

    Args:
        name: one of the five names.
        n: the number of points, ≥ 1.
        seed: int; row i is the same for every n.
        theta: the distance of the parallel lines; the other sets do not use it.

    Returns:
        float32 array (n, 2).

    Raises:
        ValueError: an unknown name, or n < 1.

    Source:
        Gulrajani et al. 2017, section 4.1 (ring, grid, roll); Arjovsky et al. 2017, example 1.

    Example:
        >>> from course_utils import data
        >>> data.toy("ring8", 100).shape
        (100, 2)
    """
    checks.one_of(name, NAMES, "the toy's name")
    n = checks.count(n)
    choice, noise = np.random.default_rng(seed).spawn(2)  # two streams: rows do not depend on n
    if name in ("ring8", "grid25"):
        means = centers(name)
        points = means[choice.integers(len(means), size=n)] + std(name) * noise.normal(size=(n, 2))
    elif name == "swiss_roll":
        angle = 1.5 * np.pi * (1 + 2 * choice.random(n))
        points = angle[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points = (points + 0.25 * noise.normal(size=(n, 2))) / _ROLL_SCALE
    elif name == "moons":
        points = _half_circles(choice.random((n, 2))) + 0.05 * noise.normal(size=(n, 2))
    else:
        points = np.stack([theta * (np.arange(n) % 2), choice.random(n)], axis=1)
    return points.astype("float32")


def centers(name):
    """Returns the component means of "ring8" (8, 2) or "grid25" (25, 2), float32."""
    checks.one_of(name, ("ring8", "grid25"), "the mixture's name")
    if name == "ring8":
        angle = np.arange(8) * np.pi / 4
        means = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 2 / _RING_SCALE
    else:
        steps = np.arange(-4, 5, 2) / _GRID_SCALE
        means = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(25, 2)
    return means.astype("float32")


def std(name):
    """Returns the standard deviation of each component of "ring8" or "grid25", per axis."""
    checks.one_of(name, ("ring8", "grid25"), "the mixture's name")
    return 0.02 / _RING_SCALE if name == "ring8" else 0.05 / _GRID_SCALE


def _half_circles(uniform):
    # Not scikit-learn's make_moons, whose first rows change with n.
    angle = np.pi * uniform[:, 0]
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.array([1.0, 0.5]) - upper
    return np.where(uniform[:, 1:] < 0.5, upper, lower)
