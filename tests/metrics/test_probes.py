"""Probes: values by hand, corners, and what neither of them minds."""

import numpy as np
import pytest

from course_utils.metrics import domain_accuracy, linear_accuracy, nearest_accuracy, pairwise_accuracy

pytestmark = pytest.mark.once
PROBES = pytest.mark.parametrize("probe", [nearest_accuracy, linear_accuracy, pairwise_accuracy])


def clouds(n=200, apart=3.0, seed=0):
    """Two Gaussian clouds in the plane and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=n)
    return rng.normal(size=(n, 2)) + apart * labels[:, None], labels


def test_nearest_by_hand():
    train, labels = np.array([[0.0], [1.0], [5.0]]), np.array([0, 1, 2])
    test = np.array([[0.4], [0.6], [2.9], [3.1]])  # nearest: 0, 1, 1, 2
    assert nearest_accuracy(train, labels, test, np.array([0, 1, 2, 2])) == 0.75


def test_a_ring_is_near_its_own_kind_but_not_linearly_apart():
    rng = np.random.default_rng(0)
    angle, labels = rng.uniform(0, 2 * np.pi, 400), rng.integers(2, size=400)
    codes = (1 + 2 * labels)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    halves = codes[:200], labels[:200], codes[200:], labels[200:]
    assert nearest_accuracy(*halves) == 1 and linear_accuracy(*halves) < 0.7


def test_a_class_between_two_others_is_found_by_pairs_only():
    labels = np.repeat([0, 1, 2], 50)
    codes = 4.0 * labels[:, None] + np.random.default_rng(0).uniform(-1, 1, (150, 1))  # three stretches of a line
    halves = codes[::2], labels[::2], codes[1::2], labels[1::2]
    assert pairwise_accuracy(*halves) == 1 and linear_accuracy(*halves) < 0.9


@PROBES
def test_clouds_far_apart_are_told_apart_and_one_cloud_is_not(probe):
    for apart, low, high in ((8.0, 0.99, 1.0), (0.0, 0.35, 0.65)):
        (train, labels), (test, truth) = clouds(apart=apart), clouds(apart=apart, seed=1)
        assert low <= probe(train, labels, test, truth) <= high


@PROBES
def test_neither_minds_a_shift_or_one_scale_for_all_axes(probe):
    (train, labels), (test, truth) = clouds(apart=1.5), clouds(apart=1.5, seed=1)
    expected = probe(train, labels, test, truth)
    assert probe(1e-3 * train + 7, labels, 1e-3 * test + 7, truth) == pytest.approx(expected, abs=0.011)


@PROBES
def test_codes_that_are_not_rows_of_numbers_are_refused(probe):
    codes, labels = clouds()
    with pytest.raises(ValueError, match=r"train has shape \(200,\)"):
        probe(codes[:, 0], labels, codes, labels)
    with pytest.raises(ValueError, match="test has NaN"):
        probe(codes, labels, np.where(codes > 2, np.nan, codes), labels)


def test_a_domain_is_readable_where_features_differ_and_not_where_they_are_drawn_alike():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(600, 5)), rng.normal(size=(500, 5))
    assert domain_accuracy(source, target) == pytest.approx(0.5, abs=0.05)
    assert domain_accuracy(source, target + 10) == 1.0
    # Apart by d along one axis, the best reader is right with probability Φ(d / 2).
    moved = target + 2.0 * np.eye(5)[0]
    assert domain_accuracy(source, moved) == pytest.approx(0.8413, abs=0.03)


def test_the_domain_is_asked_on_rows_that_were_not_learned():
    rng = np.random.default_rng(1)
    wide = rng.normal(size=(2, 60, 200))  # more axes than rows: what was learned is told apart without fail
    labels = np.repeat([1, 0], 60)
    assert linear_accuracy(wide.reshape(120, -1), labels, wide.reshape(120, -1), labels) > 0.95
    assert domain_accuracy(*wide) == pytest.approx(0.5, abs=0.17)


def test_folds_that_do_not_fit_are_refused():
    for folds in (1, 4):
        with pytest.raises(ValueError, match=f"{folds} folds for 3 rows"):
            domain_accuracy(np.eye(3), np.eye(3), folds)
