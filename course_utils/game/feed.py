"""The data of a game: kept on the device, its order a pure function of (seed, iteration)."""

import functools
import zlib

import numpy as np
from keras import ops, tree

from course_utils import backend, checks


@functools.lru_cache(maxsize=4)
def _permutation(seed, length, number):
    return np.random.default_rng([seed, number]).permutation(length).astype("int32")


def stream(seed, length, start, count):
    """Returns a stretch of an endless stream of rows: one random permutation of the data after another.

    Every row is seen exactly once in each pass over the data, whatever the batch size, and a run that is resumed sees
    what it would have seen.

    Args:
        seed: int ≥ 0.
        length: number of rows of the data, at least 1.
        start: position in the stream of the first row asked for.
        count: number of rows asked for.

    Returns:
        int32 array (count,), values in [0, length).
    """
    pieces = []
    while count > 0:
        number, offset = divmod(start, length)
        piece = _permutation(seed, length, number)[offset : offset + count]
        pieces.append(piece)
        start, count = start + len(piece), count - len(piece)
    return np.concatenate(pieces)


class Feed:
    """Holds the data on the device and says which rows an iteration sees.

    Args:
        data: array, or tuple or dict of arrays of one length, as `takes.admitted` returns them.
        batch_size: rows of one turn.
        turns: the most turns that a player takes in an iteration; each has rows of its own.
        seed: int ≥ 0, the order of the rows.

    Raises:
        TypeError: the batch size is no whole number.
        ValueError: there are fewer rows than a batch.
    """

    def __init__(self, data, batch_size, turns, seed):
        batch_size = checks.count(batch_size, "batch_size")
        self.length, self.batch_size, self.turns, self.seed = len(tree.flatten(data)[0]), batch_size, turns, seed
        if batch_size > self.length:
            raise ValueError(
                f"Found batch_size={batch_size} for {self.length} rows of data, expected 1 to {self.length}; "
                "choose a smaller batch or give more data."
            )
        self.data = tree.map_structure(backend.resident, data)

    @property
    def per_iteration(self):
        """Rows that one iteration uses."""
        return self.batch_size * self.turns

    def rows(self, iteration, count=1):
        """Returns the rows of `count` iterations from `iteration` on, int32 (count, turns, batch_size)."""
        size = self.per_iteration
        chosen = stream(self.seed, self.length, iteration * size, count * size)
        return chosen.reshape(count, self.turns, self.batch_size)

    def fingerprint(self):
        """Returns a number that tells this data from other data: a checksum of its shapes and of 64 of its rows."""
        rows, sum_ = np.linspace(0, self.length - 1, 64).astype("int32"), 0
        for array in tree.flatten(self.data):
            part = np.ascontiguousarray(ops.convert_to_numpy(ops.take(array, rows, axis=0)))
            sum_ = zlib.crc32(part.tobytes(), zlib.crc32(repr(tuple(array.shape)).encode(), sum_))
        return sum_

    def unfit(self, iteration):
        """Returns the rows of an iteration that hold a NaN or an infinity, as a sorted list."""
        rows = self.rows(iteration).ravel()
        bad = set()
        for array in tree.flatten(self.data):
            values = ops.convert_to_numpy(ops.take(array, rows, axis=0)).astype("float64")
            broken = ~np.isfinite(values.reshape(len(rows), -1)).all(axis=1)
            bad.update(int(r) for r in rows[broken])
        return sorted(bad)

    def largest(self, iteration):
        """Returns the largest absolute value in the floats of an iteration's rows."""
        rows = self.rows(iteration).ravel()
        seen = [ops.convert_to_numpy(ops.take(array, rows, axis=0)) for array in tree.flatten(self.data)]
        return max((float(np.abs(a).max()) for a in seen if a.dtype.kind == "f"), default=0.0)


def take(data, rows):
    """Returns the given rows of every array in a structure, split over the devices in use."""
    return backend.shard(tree.map_structure(lambda a: ops.take(a, rows, axis=0), data))
