"""The data of a game: kept on the device, its order a pure function of (seed, iteration)."""

import functools

import numpy as np
from keras import ops, tree

from course_utils import backend


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
        data: array, or tuple or dict of arrays of one length. Arrays of rank ≥ 2 are float; labels are integers (N,).
        batch_size: rows of one turn.
        turns: the most turns that a player takes in an iteration; each has rows of its own.
        seed: int ≥ 0, the order of the rows.

    Raises:
        TypeError: the data is no array, or images are integers.
        ValueError: the lengths differ, or there are fewer rows than an iteration needs.
    """

    def __init__(self, data, batch_size, turns, seed):
        data = tree.map_structure(checked, data)
        lengths = sorted({len(a) for a in tree.flatten(data)})
        if len(lengths) != 1:
            raise ValueError(f"Found arrays of {lengths} rows, expected one length; cut them to the same rows.")
        self.length, self.batch_size, self.turns, self.seed = lengths[0], batch_size, turns, seed
        if not 1 <= batch_size <= self.length:
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

    def unfit(self, iteration):
        """Returns the rows of an iteration that hold a NaN or an infinity, as a sorted list."""
        rows = self.rows(iteration).ravel()
        bad = set()
        for array in tree.flatten(self.data):
            values = ops.convert_to_numpy(ops.take(array, rows, axis=0)).astype("float64")
            broken = ~np.isfinite(values.reshape(len(rows), -1)).all(axis=1)
            bad.update(int(r) for r in rows[broken])
        return sorted(bad)


def take(data, rows):
    """Returns the given rows of every array in a structure, split over the devices in use."""
    return backend.shard(tree.map_structure(lambda a: ops.take(a, rows, axis=0), data))


def checked(array):
    """Returns an array as float32 or int32; raises TypeError or ValueError if it is not what `Feed` takes."""
    if not hasattr(array, "shape") or not hasattr(array, "dtype"):
        raise TypeError(
            f"Found {type(array).__name__} as data, expected arrays, which the game keeps on the device; "
            "for a data set or a generator, stack its batches into one array first."
        )
    array = ops.convert_to_numpy(array) if not isinstance(array, np.ndarray) else array
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"Found data of shape {array.shape}, expected at least one row; check how it was selected.")
    if array.ndim > 1 and array.dtype.kind != "f":
        raise TypeError(
            f"Found {array.dtype} data of shape {array.shape}, expected float32 (integers only as labels, of rank 1); "
            "scale images with course_utils.data.scale first."
        )
    return array.astype("float32" if array.dtype.kind == "f" else "int32", copy=False)
