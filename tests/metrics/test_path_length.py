import numpy as np
import pytest

from course_utils.metrics import lerp, path_length, slerp

pytestmark = pytest.mark.once

RNG = np.random.default_rng(37)
A, B = RNG.normal(size=(2, 400, 6))
T = RNG.random(400)
MAP = RNG.normal(size=(6, 4))


def linear(codes):
    return codes.astype("float64") @ MAP


def test_a_linear_map_has_the_length_of_the_mapped_difference():
    found = path_length(linear, A, B, T)
    np.testing.assert_allclose(found, np.square((B - A) @ MAP).sum(axis=1), rtol=1e-2)
    # Over independent normal ends its mean is 2 ‖map‖².
    many = RNG.normal(size=(2, 20_000, 6))
    found = path_length(linear, *many, RNG.random(20_000), epsilon=0.1)
    assert found.mean() == pytest.approx(2 * np.square(MAP).sum(), rel=0.05)


def test_the_length_grows_with_the_square_of_the_features_and_ignores_a_shift():
    first = path_length(linear, A, B, T, epsilon=0.1)
    np.testing.assert_allclose(path_length(lambda c: 3 * linear(c) + 5, A, B, T, epsilon=0.1), 9 * first, rtol=1e-3)
    assert np.all(path_length(lambda c: np.ones((len(c), 2)), A, B, T) == 0)


def test_a_great_circle_has_constant_speed_radius_times_angle():
    cosine = (A * B).sum(1) / np.linalg.norm(A, axis=1) / np.linalg.norm(B, axis=1)
    found = path_length(lambda c: c, A, B, T, slerp, epsilon=1e-2)
    np.testing.assert_allclose(found, 6 * np.arccos(cosine) ** 2, rtol=1e-2)


def test_paths_begin_and_end_where_they_should():
    zeros, ones = np.zeros(400), np.ones(400)
    np.testing.assert_allclose(lerp(A, B, zeros), A)
    np.testing.assert_allclose(lerp(A, B, ones), B)
    for place, end in ((zeros, A), (ones, B)):
        expected = np.sqrt(6) * end / np.linalg.norm(end, axis=1, keepdims=True)
        np.testing.assert_allclose(slerp(A, B, place), expected, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(slerp(A, B, T), axis=1), np.sqrt(6))


def test_a_path_between_ends_of_one_direction_stays_there():
    t = np.array([0.0, 0.3, 1.0])
    a = np.tile([[3.0, 4.0]], (3, 1))
    np.testing.assert_allclose(slerp(a, 2 * a, t), np.sqrt(2) * a / 5, atol=1e-12)
    nearly = a + [[0.0, 1e-9]]
    np.testing.assert_allclose(slerp(a, nearly, t), np.sqrt(2) * a / 5, atol=1e-8)


def test_ends_without_a_shortest_way_are_refused():
    a = np.array([[3.0, 4.0], [1.0, 2.0]], "float32")
    with pytest.raises(ValueError, match=r"opposite directions in row 1 \(1 of 2\).*third code"):
        slerp(a, a * [[1.0], [-2.0]], np.array([0.5, 0.5]))
    with pytest.raises(ValueError, match="row of zeros in ends"):
        slerp(a, a * [[1.0], [0.0]], np.array([0.5, 0.5]))


def test_a_detour_is_longer_than_the_straight_way():
    """A curve through the plane from (0, 0) to (1, 0) has a mean squared speed above 1, that of the line."""
    zero, one = np.zeros((1_000, 1)), np.ones((1_000, 1))
    t = RNG.random(1_000)
    straight = path_length(lambda x: np.concatenate([x, 0 * x], 1), zero, one, t, epsilon=1e-2)
    curve = path_length(lambda x: np.concatenate([x, np.sin(np.pi * x)], 1), zero, one, t, epsilon=1e-2)
    assert straight.mean() == pytest.approx(1, rel=1e-3)
    assert curve.mean() == pytest.approx(1 + np.pi**2 / 2, rel=0.1)


def test_features_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="features has NaN"):
        path_length(lambda c: np.full((len(c), 2), np.nan), A, B, T)
