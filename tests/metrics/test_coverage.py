"""Holes: by hand, at its level where there are none, and where one is cut out."""

import numpy as np
import pytest

from course_utils.metrics import coverage, uncovered

pytestmark = pytest.mark.once


def test_by_hand():
    # Draw 0: others at 1 and 2, the second nearest is 2 away. A code at 1.5 is within reach, one at 2.5 is not.
    others = np.array([[1.0], [2.0]])
    assert not uncovered([[0.0]], [[1.5], [9.0]], others, k=2)[0]
    assert uncovered([[0.0]], [[2.5], [9.0]], others, k=2)[0]
    assert uncovered([[0.0]], [[1.5], [9.0]], others, k=1)[0]


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_codes_that_are_draws_leave_holes_by_chance_alone(k, scale):
    rng = np.random.default_rng(k)
    found = [uncovered(*scale * rng.standard_t(3, size=(3, 400, 2)), k=k).mean() for _ in range(40)]
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - 0.5**k) < 4 * error


def test_a_sector_without_codes_is_found():
    rng = np.random.default_rng(0)
    draws, codes, others = rng.normal(size=(3, 3000, 2))
    mirrored = np.abs(codes) * [1, -1] * np.sign(codes[:, :1])  # quadrants 2 and 4 only
    empty = uncovered(draws, mirrored, others)
    inside = (draws[:, 0] * draws[:, 1] > 0) & (np.abs(draws).min(axis=1) > 0.3)
    assert empty[inside].mean() > 0.95 and empty[draws[:, 0] * draws[:, 1] < 0].mean() < 0.02


def test_blocks_of_rows_change_nothing(monkeypatch):
    draws, codes, others = np.random.default_rng(0).normal(size=(3, 50, 3))
    expected = uncovered(draws, codes, others, k=2)
    monkeypatch.setattr(coverage, "ROWS", 7)
    np.testing.assert_array_equal(uncovered(draws, codes, others, k=2), expected)


@pytest.mark.parametrize(
    "arguments, match",
    [
        ((np.ones((3, 2)), np.ones((8, 2)), np.ones((9, 2))), "as many"),
        ((np.ones((3, 2)), np.ones((4, 3)), np.ones((4, 2))), "columns"),
        ((np.ones((3, 2)), np.ones((4, 2)), np.ones((4, 2)), 5), "at least 5"),
        ((np.ones((3, 2)), np.ones((4, 2)), np.ones((4, 2)), 0), "at least 1"),
    ],
)
def test_refuses_what_it_cannot_compare(arguments, match):
    with pytest.raises(ValueError, match=match):
        uncovered(*arguments)
