"""Kernel distances: values by hand, unbiasedness, laws."""

import numpy as np
import pytest

from course_utils.metrics import imq, kernel, kernel_distance, kernel_distance_blocks, mmd, rbf, scaled_rbf

pytestmark = pytest.mark.once


def normal(n, d=4, seed=0, shift=0.0):
    return shift + np.random.default_rng(seed).normal(size=(n, d))


def test_cubic_kernel_by_hand():
    # d = 2: (1·3 + 2·4)/2 + 1 = 6.5.
    assert kernel.cubic(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])) == pytest.approx(6.5**3)


def test_distance_by_hand():
    # One axis: k(x, y) = (xy + 1)³. Within a: k(0, 1) = 1; within b: k(1, 2) = 27;
    # between: k(0, 1) + k(0, 2) + k(1, 1) + k(1, 2) = 1 + 1 + 8 + 27 = 37 over 4 pairs.
    a, b = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    assert kernel_distance(a, b) == pytest.approx(1 + 27 - 2 * 37 / 4, rel=1e-12)


def test_rbf_and_imq_by_hand():
    x, y = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])  # squared distance 25
    expected = (np.exp(-25 / 2) + np.exp(-25 / 50)) / 2
    assert rbf(1.0, 5.0)(x, y) == pytest.approx(expected, rel=1e-12)
    assert imq(1.0, 5.0)(x, y) == pytest.approx((1 / 26 + 25 / 50) / 2, rel=1e-12)


def test_a_scaled_kernel_gives_one_number_whatever_the_unit():
    a, b = normal(200, d=2), normal(200, d=2, seed=1, shift=0.4)
    expected = mmd(a, b, scaled_rbf(b))
    assert mmd(30 * a, 30 * b, scaled_rbf(30 * b)) == pytest.approx(expected, rel=1e-9)
    deviation = np.sqrt(b.var(axis=0).mean())
    assert expected == pytest.approx(mmd(a, b, rbf(0.2 * deviation, 0.4 * deviation, 0.8 * deviation)), rel=1e-12)
    assert mmd(a, b, scaled_rbf(b, 2.0)) == pytest.approx(mmd(a, b, rbf(2.0 * deviation)), rel=1e-12)


@pytest.mark.parametrize("k", [kernel.cubic, rbf(0.5, 1.0, 2.0), imq(1.0, 4.0)])
def test_unbiased_where_both_sets_share_a_distribution(k):
    values = [mmd(normal(20, seed=i), normal(20, seed=1000 + i), k) for i in range(300)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4 * error
    assert min(values) < 0  # an estimate that is never negative would be biased


@pytest.mark.parametrize("k", [kernel.cubic, rbf(1.0), imq(1.0)])
def test_grows_with_the_shift_and_is_symmetric(k):
    a = normal(300)
    values = [mmd(a, normal(300, seed=1, shift=s), k) for s in (0.0, 0.5, 1.0, 2.0)]
    assert values == sorted(values) and values[-1] > 0.1
    b = normal(200, seed=2, shift=1.0)
    assert mmd(a, b, k) == pytest.approx(mmd(b, a, k), rel=1e-10)


def test_blocks_of_rows_do_not_change_the_value(monkeypatch):
    a, b = normal(50), normal(70, seed=1, shift=0.5)
    expected = kernel_distance(a, b)
    monkeypatch.setattr(kernel, "ROWS", 7)
    assert kernel_distance(a, b) == pytest.approx(expected, rel=1e-12)


def test_sees_what_the_mean_and_covariance_do_not():
    """Four points on the axes against a Gaussian of equal mean and covariance."""
    rng = np.random.default_rng(0)
    corners = np.sqrt(2) * np.concatenate([np.eye(2), -np.eye(2)])[rng.integers(4, size=500)]
    assert mmd(corners, rng.normal(size=(500, 2)), rbf(0.5)) > 0.1


def test_block_average_and_its_error():
    a, b = normal(600), normal(600, seed=1, shift=0.3)
    values = [kernel_distance(a[i : i + 100], b[i : i + 100]) for i in range(0, 600, 100)]
    found = kernel_distance_blocks(a, b, block=100)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.standard_error == pytest.approx(np.std(values, ddof=1) / np.sqrt(6))
    assert abs(found.mean - kernel_distance(a, b)) < 4 * found.standard_error


def test_too_few_rows_for_two_blocks_are_refused():
    with pytest.raises(ValueError, match="at least 200"):
        kernel_distance_blocks(normal(150), normal(300), block=100)


@pytest.mark.parametrize("scales", [(), (0.0,), (1.0, -2.0)])
def test_scales_must_be_above_zero(scales):
    with pytest.raises(ValueError, match="above 0"):
        rbf(*scales)
    with pytest.raises(ValueError, match="above 0"):
        imq(*scales)


def test_sets_of_different_width_are_refused():
    with pytest.raises(ValueError, match="3 columns"):
        kernel_distance(normal(5, 4), normal(5, 3))
