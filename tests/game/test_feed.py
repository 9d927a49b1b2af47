"""The order of the data: a pure function of (seed, iteration) that shows every row once a pass."""

import numpy as np
import pytest

from course_utils.game.feed import Feed, stream


def test_every_row_once_in_each_pass():
    rows = stream(seed=3, length=10, start=0, count=30).reshape(3, 10)
    assert (np.sort(rows, axis=1) == np.arange(10)).all()
    assert not (rows[0] == rows[1]).all()


def test_a_stretch_does_not_depend_on_where_the_asking_began():
    whole = stream(seed=3, length=10, start=0, count=37)
    pieces = [stream(3, 10, 0, 8), stream(3, 10, 8, 15), stream(3, 10, 23, 14)]
    assert (np.concatenate(pieces) == whole).all()


def test_the_seed_changes_the_order():
    assert not (stream(0, 100, 0, 100) == stream(1, 100, 0, 100)).all()


def test_turns_of_an_iteration_see_different_rows():
    feed = Feed(np.zeros((60, 2), "float32"), batch_size=4, turns=5, seed=0)
    rows = feed.rows(iteration=3, count=3)  # the second pass over the 60 rows
    assert rows.shape == (3, 5, 4)
    assert len(set(rows.ravel())) == 60
    assert (feed.rows(4)[0] == rows[1]).all()


def test_rows_that_hold_nan_are_found():
    x = np.zeros((8, 2, 2), "float32")
    x[3, 1, 0], x[6, 0, 0] = np.nan, np.inf
    assert Feed(x, batch_size=8, turns=1, seed=0).unfit(0) == [3, 6]


@pytest.mark.parametrize(
    ("data", "batch_size", "error", "words"),
    [
        (np.zeros((8, 2, 2, 1), "uint8"), 4, TypeError, "uint8.*scale"),
        (np.zeros((8, 2), "float32"), 9, ValueError, "batch_size=9 for 8 rows"),
        (np.zeros((8, 2), "float32"), 0, ValueError, "batch_size=0"),
        (np.zeros((0, 2), "float32"), 1, ValueError, "at least one row"),
        ((np.zeros((8, 2), "float32"), np.zeros(7, "int64")), 4, ValueError, r"\[7, 8\] rows"),
        ((x for x in range(3)), 4, TypeError, "generator.*expected arrays"),
    ],
)
def test_unfit_data_is_refused(data, batch_size, error, words):
    with pytest.raises(error, match=words):
        Feed(data, batch_size, turns=1, seed=0)
