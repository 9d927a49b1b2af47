"""The data of a game: kept on the device or streamed to it, its order a pure function of (seed, iteration)."""

import functools
import zlib
from concurrent.futures import ThreadPoolExecutor

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


SHARE = 0.25  # of the device's memory, that data may take there


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
        self.data = self._kept(data)

    def _kept(self, data):
        return _placed(data)

    @property
    def per_iteration(self):
        """Rows that one iteration uses."""
        return self.batch_size * self.turns

    def rows(self, iteration, count=1):
        """Returns the rows of `count` iterations from `iteration` on, int32 (count, turns, batch_size)."""
        size = self.per_iteration
        chosen = stream(self.seed, self.length, iteration * size, count * size)
        return chosen.reshape(count, self.turns, self.batch_size)

    def fetch(self, iteration, count=1, then=0):
        """Returns what one execution of `count` iterations is given.

        Args:
            iteration: the first.
            count: of iterations.
            then: iterations of the execution that will most likely follow; 0 for none.

        Returns:
            (structure of tensors on the device, int32 rows of them (count, turns, batch_size)).
        """
        return self.data, self.rows(iteration, count)

    def close(self):
        """Ends what works ahead."""

    def fingerprint(self):
        """Returns a number that tells this data from other data: a checksum of its shapes and of 64 of its rows."""
        rows, sum_ = np.linspace(0, self.length - 1, 64).astype("int32"), 0
        for array in tree.flatten(self.data):
            part = np.ascontiguousarray(_some(array, rows))
            sum_ = zlib.crc32(part.tobytes(), zlib.crc32(repr(tuple(array.shape)).encode(), sum_))
        return sum_

    def unfit(self, iteration):
        """Returns the rows of an iteration that hold a NaN or an infinity, as a sorted list."""
        rows = self.rows(iteration).ravel()
        bad = set()
        for array in tree.flatten(self.data):
            values = _some(array, rows).astype("float64")
            broken = ~np.isfinite(values.reshape(len(rows), -1)).all(axis=1)
            bad.update(int(r) for r in rows[broken])
        return sorted(bad)

    def largest(self, iteration):
        """Returns the largest absolute value in the floats of an iteration's rows."""
        rows = self.rows(iteration).ravel()
        seen = [_some(array, rows) for array in tree.flatten(self.data)]
        return max((float(np.abs(a).max()) for a in seen if a.dtype.kind == "f"), default=0.0)


class Stream(Feed):
    """A feed whose data stays in the process's memory or in a mapped file, and goes to the device as it is needed.

    The rows of an execution are gathered in the order in which they are used, so that its program does with them, bit
    for bit, what it would do with resident data. While it runs, a thread gathers those of the next.
    """

    def __init__(self, data, batch_size, turns, seed):
        super().__init__(data, batch_size, turns, seed)
        self._thread, self._ahead = ThreadPoolExecutor(1, "feed"), {}

    def _kept(self, data):
        return data

    def fetch(self, iteration, count=1, then=0):
        ready = self._ahead.pop((iteration, count), None)
        gathered = ready.result() if ready else self._gather(iteration, count)
        if then:
            following = iteration + count, then
            self._ahead = {following: self._thread.submit(self._gather, *following)}
        rows = np.arange(count * self.per_iteration, dtype="int32")
        return _placed(gathered), rows.reshape(count, self.turns, self.batch_size)

    def _gather(self, iteration, count):
        rows = self.rows(iteration, count).ravel()
        return tree.map_structure(lambda array: np.asarray(array[rows]), self.data)

    def close(self):
        self._thread.shutdown(wait=False, cancel_futures=True)


def feed_of(data, batch_size, turns, seed, resident="auto"):
    """Returns the feed of a `fit`: on the device, or streamed where that is asked for or data takes too much of it.

    Args:
        data, batch_size, turns, seed: as in `Feed`.
        resident: True, False, or "auto".

    Raises:
        ValueError: another value of `resident`.
    """
    if resident not in (True, False, "auto"):
        raise ValueError(f'Found resident={resident!r}, expected True, False or "auto"; leave it out.')
    if resident == "auto":
        memory = backend.memory()
        resident = memory is None or sum(array.nbytes for array in tree.flatten(data)) <= SHARE * memory
    return (Feed if resident else Stream)(data, batch_size, turns, seed)


def writable(array):
    """Returns an array that may be written, of which torch makes a tensor without a warning."""
    return array if array.flags.writeable else np.array(array)


def _placed(data):
    return tree.map_structure(lambda array: backend.resident(writable(array)), data)


def _some(array, rows):
    """Returns rows of an array or tensor as an array."""
    return np.asarray(array[rows]) if isinstance(array, np.ndarray) else ops.convert_to_numpy(ops.take(array, rows, 0))


def take(data, rows):
    """Returns the given rows of every array in a structure, split over the devices in use."""
    return backend.shard(tree.map_structure(lambda a: ops.take(a, rows, axis=0), data))
