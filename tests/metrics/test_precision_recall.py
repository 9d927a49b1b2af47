"""Precision and recall: the corners, a value by hand, laws."""

import importlib

import numpy as np
import pytest

from course_utils.metrics import precision_recall

pytestmark = pytest.mark.once


def normal(n=200, d=3, seed=0, shift=0.0, scale=1.0):
    return shift + scale * np.random.default_rng(seed).normal(size=(n, d))


def test_equal_sets_score_one():
    assert precision_recall(normal(), normal()) == (1.0, 1.0)


def test_sets_without_overlap_score_zero():
    assert precision_recall(normal(), normal(seed=1, shift=100.0)) == (0.0, 0.0)


def test_half_the_support_has_precision_one_and_recall_a_half():
    left, right = normal(), normal(seed=1, shift=100.0)
    found = precision_recall(np.concatenate([left, right]), left)
    assert found.precision == 1.0 and found.recall == 0.5


def test_half_of_the_fakes_are_junk():
    left, junk = normal(), normal(seed=1, shift=100.0)
    found = precision_recall(left, np.concatenate([left, junk]))
    assert found.precision == 0.5 and found.recall == 1.0


def test_value_by_hand():
    # k = 1. Reals 0, 1, 10: reach 1, 1, 9. Fakes −1.5, 3, 30: reach 4.5, 4.5, 27.
    # −1.5 is beyond [−1, 2] and [1, 19]; 3 is in [1, 19]; 30 is not: precision 1/3.
    # 0 and 1 are in [−6, 3]; 10 is in [3, 57]: recall 1.
    real, fake = np.array([[0.0], [1.0], [10.0]]), np.array([[-1.5], [3.0], [30.0]])
    assert precision_recall(real, fake, k=1) == (pytest.approx(1 / 3), 1.0)


def test_roles_exchanged_exchange_the_shares():
    real, fake = normal(), normal(seed=1, scale=0.5)
    there, back = precision_recall(real, fake), precision_recall(fake, real)
    assert (there.precision, there.recall) == (back.recall, back.precision)


def test_a_narrower_generator_gains_precision_and_loses_recall():
    real = normal(400)
    found = [precision_recall(real, normal(400, seed=1, scale=s)) for s in (1.0, 0.5, 0.2)]
    precisions, recalls = zip(*found)
    assert list(precisions) == sorted(precisions)
    assert list(recalls) == sorted(recalls, reverse=True) and recalls[-1] < 0.3


def test_one_image_repeated_covers_nothing_else():
    real = normal()
    found = precision_recall(real, np.repeat(real[:1], 50, axis=0))
    assert found.precision == 1.0 and found.recall == pytest.approx(1 / len(real))


def test_far_from_the_origin_and_scaled_nothing_changes():
    real, fake = normal(), normal(seed=1, scale=0.7)
    expected = precision_recall(real, fake)
    assert precision_recall(real + 1e6, fake + 1e6) == expected
    assert precision_recall(1e-6 * real, 1e-6 * fake) == expected


@pytest.mark.parametrize("far", [1e4, 1e7, 1e10])
def test_one_stray_point_does_not_decide_about_the_others(far):
    real, fake = normal(), normal(seed=1, shift=100.0)
    fake[0] = far
    assert precision_recall(real, fake) == (0.0, 0.0)
    assert precision_recall(fake, real) == (0.0, 0.0)
    fake = normal(seed=1, scale=0.7)
    expected = precision_recall(real, fake[1:])
    fake[0] = -far
    found = precision_recall(real, fake)
    assert found.precision == pytest.approx(expected.precision * 199 / 200) and found.recall >= expected.recall


def test_blocks_of_rows_do_not_change_the_value(monkeypatch):
    real, fake = normal(), normal(seed=1, scale=0.7)
    expected = precision_recall(real, fake)
    monkeypatch.setattr(importlib.import_module("course_utils.metrics.precision_recall"), "ROWS", 33)
    assert precision_recall(real, fake) == expected


@pytest.mark.parametrize("k, n, words", [(0, 9, "k is 0"), (3, 3, "at least 4")])
def test_k_must_fit(k, n, words):
    with pytest.raises(ValueError, match=words):
        precision_recall(normal(n), normal(9), k=k)
