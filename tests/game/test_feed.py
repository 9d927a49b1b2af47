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


def test_a_batch_that_the_data_cannot_fill_is_refused():
    with pytest.raises(ValueError, match="batch_size=9 for 8 rows"):
        Feed(np.zeros((8, 2), "float32"), 9, turns=1, seed=0)
    for size, error in ((0, ValueError), (2.0, TypeError), (None, TypeError)):
        with pytest.raises(error, match=f"batch_size is {size}"):
            Feed(np.zeros((8, 2), "float32"), size, turns=1, seed=0)


def test_the_fingerprint_tells_data_from_other_data():
    x, y = np.arange(200, dtype="float32").reshape(100, 2), np.arange(100) % 3
    same, again, other = (
        Feed(data, 8, 1, 0).fingerprint() for data in ((x, y), (x.copy(), y.copy()), (x, (y + 1) % 3))
    )
    assert same == again != other
