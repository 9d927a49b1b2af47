"""Fréchet distance: closed forms, the matrix-root formula, singular covariances, laws."""

import numpy as np
import pytest
from scipy import linalg

from course_utils.metrics import combine, frechet_distance, frechet_from_moments, moments

pytestmark = pytest.mark.once


def features(n=400, d=8, seed=0, scale=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    return shift + scale * rng.normal(size=(n, d)) @ rng.normal(size=(d, d))


def test_zero_on_itself():
    a = features()
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)


def test_symmetric():
    a, b = features(seed=0), features(seed=1, shift=2.0)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-10)


def test_equals_the_matrix_root_formula():
    a, b = features(seed=0), features(seed=1, scale=2.0, shift=0.5)
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(s @ t).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s + t - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_one_dimension_in_closed_form():
    # N(m, s²) and N(n, t²): (m − n)² + (s − t)².
    a = np.array([[-1.0], [1.0]])  # variance 2
    b = np.array([[4.0], [10.0]])  # mean 7, variance 18
    assert frechet_distance(a, b) == pytest.approx(49 + (np.sqrt(2) - np.sqrt(18)) ** 2, rel=1e-12)


def test_singular_covariances_in_closed_form():
    """Two columns, one of them constant in both sets.

    Means (1.5, 1) and (5.5, 9): 16 + 64 = 80. The first column has standard deviations
    0.5·√(100/99) and 3.5·√(100/99), so (3.5 − 0.5)²·100/99 = 9.0909…; together 89.0909….
    With the divisor n it would be 89, and a ridge added to the covariances shows as well.
    """
    a = np.ones((100, 2))
    a[:50, 0] = 2
    b = 9 * np.ones((100, 2))
    b[50:, 0] = 2
    assert frechet_distance(a, b) == pytest.approx(80 + 9 * 100 / 99, rel=1e-12)
    assert round(frechet_distance(a, b), 3) == 89.091


def test_fewer_samples_than_dimensions_stay_finite():
    a, b = features(5, 20), features(5, 20, seed=3)
    assert np.isfinite(frechet_distance(a, b)) and frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_grows_with_scale_and_with_shift():
    a = features()
    by_scale = [frechet_distance(a, s * a) for s in (1.0, 1.5, 2.0, 4.0)]
    by_shift = [frechet_distance(a, a + s) for s in (0.0, 0.5, 1.0, 2.0)]
    assert by_scale == sorted(by_scale) and by_shift == sorted(by_shift)
    assert by_shift[-1] == pytest.approx(2.0**2 * a.shape[1], rel=1e-9)


def test_scaling_both_sets_scales_the_square():
    a, b = features(), features(seed=1)
    assert frechet_distance(3 * a, 3 * b) == pytest.approx(9 * frechet_distance(a, b), rel=1e-9)


def test_rotating_both_sets_changes_nothing():
    a, b = features(), features(seed=1, shift=1.0)
    turn = linalg.qr(np.random.default_rng(5).normal(size=(8, 8)))[0]
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_moments_in_parts_equal_moments_at_once():
    a = features(seed=4, shift=100.0)
    whole = moments(a)
    parts = combine(combine(moments(a[:50]), moments(a[50:200])), moments(a[200:]))
    assert parts.n == whole.n
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-9, atol=1e-9)
    other = features(seed=6)
    assert frechet_from_moments(parts, moments(other)) == pytest.approx(frechet_distance(a, other), rel=1e-9)


def test_float32_features_are_measured_in_float64():
    a, b = features().astype("float32"), features(seed=1).astype("float32")
    expected = frechet_distance(a.astype("float64"), b.astype("float64"))
    assert frechet_distance(a, b) == expected


@pytest.mark.parametrize(
    "a, b, words",
    [
        (np.ones((3, 2)), np.ones((3, 4)), "same evaluator"),
        (np.ones((1, 2)), np.ones((3, 2)), "at least 2"),
        (np.ones((3, 2, 2)), np.ones((3, 2)), "reshape"),
        (np.full((3, 2), np.inf), np.ones((3, 2)), "infinite"),
    ],
)
def test_bad_features_are_refused(a, b, words):
    with pytest.raises(ValueError, match=words):
        frechet_distance(a, b)
