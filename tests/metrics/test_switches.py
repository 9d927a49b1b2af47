"""Switches of class along chains, counted by hand."""

import numpy as np
import pytest

from course_utils.metrics import class_switches


def test_switches_are_counted_for_each_chain():
    classes = np.array([[1, 5, 0], [1, 5, 1], [2, 5, 0], [2, 5, 1]])
    found = class_switches(classes, every=10)
    np.testing.assert_allclose(found.per_1000, [1000 / 30, 0.0, 3000 / 30])
    assert found.stuck == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("classes", "error", "words"),
    [
        (np.zeros((3, 2)), TypeError, "integers"),
        (np.zeros((1, 2), int), ValueError, "T ≥ 2"),
        (np.zeros(5, int), ValueError, "time along axis 0"),
    ],
)
def test_what_is_no_reading_is_refused(classes, error, words):
    with pytest.raises(error, match=words):
        class_switches(classes)
