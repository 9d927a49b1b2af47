"""Toys: exact centres and spreads, and points that follow them."""

import numpy as np
import pytest

from course_utils import data
from course_utils.data import toys


@pytest.mark.parametrize("name", toys.NAMES)
def test_points_are_a_function_of_the_seed_and_the_row(name):
    points = data.toy(name, 500, seed=3)
    assert points.shape == (500, 2) and points.dtype == np.float32
    np.testing.assert_array_equal(data.toy(name, 500, seed=3), points)
    np.testing.assert_array_equal(data.toy(name, 17, seed=3), points[:17])
    assert not np.array_equal(data.toy(name, 500, seed=4), points)


def test_centres_by_hand():
    ring, grid = data.centers("ring8"), data.centers("grid25")
    assert ring.dtype == grid.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(ring, axis=1), 2 / 1.414, rtol=1e-6)
    np.testing.assert_allclose(ring[0], [1.414427, 0], atol=1e-6)
    np.testing.assert_allclose(ring[1], [1.000151, 1.000151], atol=1e-5)  # 2 cos 45° / 1.414
    assert len(np.unique(grid.round(4), axis=0)) == 25
    np.testing.assert_allclose(np.unique(grid[:, 0]), np.arange(-2, 3) * 2 / 2.828, rtol=1e-6)
    assert data.std("ring8") == pytest.approx(0.01414, abs=1e-5)
    assert data.std("grid25") == pytest.approx(0.01768, abs=1e-5)


@pytest.mark.parametrize("name, modes", [("ring8", 8), ("grid25", 25)])
def test_points_lie_around_their_centres(name, modes):
    points, centers = data.toy(name, 20_000, seed=1), data.centers(name)
    distance = np.linalg.norm(points[:, None] - centers[None], axis=-1)  # (N, modes)
    nearest = distance.argmin(axis=1)
    share = np.bincount(nearest, minlength=modes) / len(points)
    np.testing.assert_allclose(share, 1 / modes, atol=0.01)
    rest = points - centers[nearest]
    np.testing.assert_allclose(rest.std(axis=0), data.std(name), rtol=0.02)
    np.testing.assert_allclose(rest.mean(axis=0), 0, atol=4 * data.std(name) / 20_000**0.5)
    radius = distance.min(axis=1) / data.std(name)
    assert np.mean(radius < 3) == pytest.approx(1 - np.exp(-4.5), abs=0.003)  # Rayleigh


def test_grid_and_ring_have_about_unit_spread():
    assert data.toy("ring8", 20_000).std(axis=0) == pytest.approx(1.0, abs=0.02)
    assert data.toy("grid25", 20_000).std(axis=0) == pytest.approx(1.0, abs=0.02)


def test_parallel_lines_are_theta_apart():
    points = data.toy("parallel_lines", 4000, seed=2, theta=-0.5)
    np.testing.assert_array_equal(points[0::2, 0], 0)
    np.testing.assert_array_equal(points[1::2, 0], -0.5)
    assert points[:, 1].min() >= 0 and points[:, 1].max() <= 1
    assert points[0::2, 1].mean() == pytest.approx(0.5, abs=0.02)
    assert points[:, 1].var() == pytest.approx(1 / 12, abs=0.005)


def test_swiss_roll_is_a_spiral():
    points = data.toy("swiss_roll", 4000) * 7.5
    radius = np.linalg.norm(points, axis=1)  # equals the angle, but for the noise and whole turns
    turns = (radius - np.arctan2(points[:, 1], points[:, 0])) / (2 * np.pi)
    assert np.abs(turns - turns.round()).max() < 0.25
    assert radius.min() > 1.5 * np.pi - 1.2 and radius.max() < 4.5 * np.pi + 1.2
    assert set(turns.round()) >= {1.0, 2.0}


def test_moons_are_two_half_circles():
    points = data.toy("moons", 4000).astype("float64")
    upper = np.abs(np.linalg.norm(points, axis=1) - 1)
    lower = np.abs(np.linalg.norm(points - [1.0, 0.5], axis=1) - 1)
    assert np.minimum(upper, lower).max() < 0.25  # five standard deviations of the noise
    assert 0.4 < np.mean(upper < lower) < 0.6


@pytest.mark.parametrize(
    "call, part",
    [
        (lambda: data.toy("ring9", 10), "did you mean 'ring8'"),
        (lambda: data.toy("ring8", 0), "at least 1"),
        (lambda: data.centers("moons"), "'ring8' or 'grid25'"),
        (lambda: data.std("moons"), "'ring8' or 'grid25'"),
    ],
)
def test_wrong_arguments(call, part):
    with pytest.raises(ValueError, match=part):
        call()
