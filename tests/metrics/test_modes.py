"""Mode counting: the true mixture has all modes, collapse shows."""

import numpy as np
import pytest

from course_utils import data
from course_utils.metrics import class_shares, mode_coverage

pytestmark = pytest.mark.once

CENTERS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


@pytest.mark.parametrize("name, modes", [("ring8", 8), ("grid25", 25)])
def test_true_mixture_has_all_modes(name, modes):
    samples, centers = data.toy(name, 2500, seed=1), data.centers(name)
    found = mode_coverage(samples, centers, radius=3 * data.std(name))
    assert found.covered == modes == len(found.counts)
    # A disc of three standard deviations holds 1 − exp(−9/2) = 98.9 % of a planar Gaussian.
    assert found.good_share == pytest.approx(1 - np.exp(-4.5), abs=0.01)


def test_value_by_hand():
    samples = np.array([[0.0, 1.0], [0.9, 0.0], [10.0, 1.1], [5.0, 5.0]])
    found = mode_coverage(samples, CENTERS, radius=1.0)
    assert found.covered == 1 and found.good_share == 0.5
    assert found.counts.tolist() == [2, 0, 0]


def test_collapse_to_one_mode():
    found = mode_coverage(np.repeat(CENTERS[1:2], 100, axis=0), CENTERS, radius=0.5)
    assert found.covered == 1 and found.good_share == 1.0 and found.counts.tolist() == [0, 100, 0]


def test_a_sample_counts_for_its_nearest_mode_only():
    found = mode_coverage(np.array([[4.0, 0.0]]), CENTERS, radius=100.0)
    assert found.counts.tolist() == [1, 0, 0]


@pytest.mark.parametrize("radius", [0.0, -1.0, float("nan")])
def test_radius_must_be_above_zero(radius):
    with pytest.raises(ValueError, match="radius"):
        mode_coverage(CENTERS, CENTERS, radius)


def test_width_of_samples_and_centres_must_agree():
    with pytest.raises(ValueError, match="3 columns"):
        mode_coverage(np.ones((4, 3)), CENTERS, 1.0)


def test_class_shares():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.0, 0.4, 0.6], [0.6, 0.2, 0.2]])
    np.testing.assert_allclose(class_shares(probabilities), [0.75, 0.0, 0.25])
