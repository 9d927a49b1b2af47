"""Image sets: found in your own folder, else in the cache, else downloaded and hash-checked."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils import checks, files
from course_utils.data import archives, glyphs


class Images(NamedTuple):
    """An image set, split as published."""

    x_train: np.ndarray  # (N, H, W, C) uint8
    y_train: np.ndarray  # (N,) int64
    x_test: np.ndarray  # (M, H, W, C) uint8
    y_test: np.ndarray  # (M,) int64


class Source(NamedTuple):
    """Where a loaded set came from."""

    text: str  # for people, such as "real MNIST (60000 training and 10000 test images)"
    sha256: str  # of the four arrays: names, dtypes, shapes and bytes


class _Layout(NamedTuple):
    """One way in which a set lies in a folder."""

    names: tuple  # file names, relative to the folder
    reader: Callable  # of the paths, in that order; returns a dict of arrays
    note: str = ""  # what a reader of the results should know
    urls: tuple = ()  # where the publisher has the files, if this is the published layout
    hashes: tuple = ()  # as the publisher states them


class _Set(NamedTuple):
    title: str
    shape: tuple  # (H, W, C)
    layouts: tuple  # in the order of preference; the last is the published one


_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

_SETS = {
    "mnist": _Set("MNIST", (28, 28, 1), (
        _Layout(tuple(f"mnist/{name}" for name in _IDX), archives.idx),
        # Hash: keras.datasets.mnist of Keras 3.
        _Layout(
            ("mnist.npz",),
            archives.npz,
            urls=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",),
            hashes=(
                "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            ),
        ),
    )),
    "fashion_mnist": _Set("Fashion-MNIST", (28, 28, 1), (
        _Layout(("fashion_mnist.npz",), archives.npz),
        # Hashes: the table in the README of zalandoresearch/fashion-mnist.
        _Layout(
            tuple(f"fashion_mnist/{name}" for name in _IDX),
            archives.idx,
            urls=tuple(f"{_ZALANDO}/{name}" for name in _IDX),
            hashes=(
                "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "md5:25c81989df183df01b3e8a0aad5dffbe",
                "md5:bef4ecab320f06d8554ea6380940ec79",
                "md5:bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ),
    )),
    "cifar10": _Set("CIFAR-10", (32, 32, 3), (
        _Layout(("cifar10.zip",), archives.cifar_folders, note="from JPEG copies"),
        # Hash: the CIFAR-10 page of the University of Toronto. The archive for Python is a pickle.
        _Layout(
            ("cifar-10-binary.tar.gz",),
            archives.cifar_binary,
            urls=("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
            hashes=("md5:c32a1d4ab5d03f1284b67883e8d87530",),
        ),
    )),
}
NAMES = (*_SETS, "glyphs")
GLYPHS_TRAIN, GLYPHS_TEST = 12_000, 2_000  # drawn in about two seconds

_loaded = {}  # name → Source, of the last load


def load(name, fallback=None):
    """Load an image set from `$COURSE_DATA`, else from the cache folder, else from its publisher.

    Files of your own in `$COURSE_DATA` are checked for keys, shapes and types; what was downloaded
    is checked against the publisher's hash.

    Args:
        name: "mnist", "fashion_mnist", "cifar10" or "glyphs".
        fallback: "glyphs" to go on with drawn digits of the same shape, and to say so in one line,
            where the set cannot be had; None to raise.

    Returns:
        Images: x_train, y_train, x_test, y_test; images uint8 (N, H, W, C), labels int64 (N,).

    Raises:
        ConnectionError: the set is nowhere, and the publisher does not answer within 30 s.
        PermissionError: the set would have to be downloaded and the cache cannot be written.
        ValueError: an unknown name, or files that are broken, refused, or not of this set.
    """
    checks.one_of(name, NAMES, "the data set's name")
    if fallback is not None:
        checks.one_of(fallback, ("glyphs",), "fallback")
    if name == "glyphs":
        return _remember(name, _draw((28, 28, 1)), "glyphs, digits drawn from fonts")
    chosen = _SETS[name]
    try:
        paths, layout = _own_files(chosen) or _published_files(chosen)
    except (OSError, ValueError) as error:
        if fallback is None:
            raise
        print(f"{chosen.title} is not at hand; going on with glyphs, digits drawn from fonts, of "
              f"the same shape ({_short(error)}).")
        return _remember(name, _draw(chosen.shape), f"glyphs in place of {chosen.title}")
    data = _checked(_arrays(paths, layout), chosen, paths)
    return _remember(name, data, f"real {chosen.title}{layout.note and ' ' + layout.note}")


def source(name):
    """Return the Source of the set that `load(name)` last gave: a text for people, and a hash."""
    checks.one_of(name, NAMES, "the data set's name")
    if name not in _loaded:
        raise ValueError(f"{name!r} was not loaded, expected it to be: call load({name!r}) first.")
    return _loaded[name]


def scale(x, low=-1.0, high=1.0):
    """Map pixels from 0 … 255 to [low, high]: low + x (high - low) / 255.

    Args:
        x: uint8 array of any shape.
        low, high: the limits, reached exactly.

    Returns:
        float32 array of the same shape.

    Raises:
        TypeError: the pixels are not uint8.
    """
    x = np.asarray(x)
    if x.dtype != np.uint8:
        raise TypeError(
            f"the images are {x.dtype}, expected uint8 in 0 to 255: scale them once, right after "
            f"load, and not again."
        )
    return np.linspace(low, high, 256, dtype="float32")[x]  # 256 values: a table is exact and quick


def _own_files(chosen):
    folder = os.environ.get("COURSE_DATA")
    for layout in chosen.layouts if folder else ():
        paths = [Path(folder).expanduser() / name for name in layout.names]
        if all(path.is_file() for path in paths):
            return paths, layout
    return None


def _published_files(chosen):
    layout = chosen.layouts[-1]
    folder = files.cache_dir(create=False)
    if not all((folder / name).is_file() for name in layout.names):
        folder = files.cache_dir()  # a cache that is complete need not be writable
    for name, url, known_hash in zip(layout.names, layout.urls, layout.hashes, strict=True):
        path = folder / name
        files.fetch(path.name, url, known_hash, path.parent)
    return [folder / name for name in layout.names], layout


def _arrays(paths, layout):
    if layout.reader is not archives.cifar_folders:
        return archives.read(layout.reader, *paths)
    # Decoding 60,000 JPEGs takes much longer than reading the pixels back.
    decoded = files.cache_dir(create=False) / f"decoded-{files.sha256(paths[0])[:16]}.npz"
    try:
        return files.load_arrays(decoded)
    except (OSError, ValueError):
        print(f"decoding {paths[0].name}, once and for all", file=sys.stderr)
        arrays = archives.read(layout.reader, *paths)
    try:
        files.save_arrays(files.cache_dir() / decoded.name, arrays, compress=False)
    except OSError:
        pass  # no room or no right to write: the next load decodes again
    return arrays


def _checked(arrays, chosen, paths):
    """Check keys, shapes and types, and bring them to the one layout of this package."""
    height, width, channels = chosen.shape
    result = []
    for split in ("train", "test"):
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        if channels == 1 and x.ndim == 3:
            x = x[..., None]
        if x.shape[1:] != chosen.shape or x.dtype != np.uint8 or len(x) == 0:
            raise ValueError(
                f"x_{split} in {paths[0]} is {x.dtype} {x.shape}, expected uint8 (N, {height}, "
                f"{width}, {channels}): this is not {chosen.title}, so put the right file there."
            )
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        checks.labels(y, 10, f"y_{split} in {paths[0]}")
        checks.same_length(**{f"x_{split}": x, f"y_{split}": y})
        result += [x, y.astype("int64")]
    return Images(*result)


def _draw(shape):
    colour, size = shape[2] == 3, shape[0]
    train = glyphs.make(GLYPHS_TRAIN, seed=0, colour=colour, size=size)
    test = glyphs.make(GLYPHS_TEST, seed=1, colour=colour, size=size)
    return Images(train.images, train.labels, test.images, test.labels)


def _remember(name, data, text):
    digest = hashlib.sha256()
    for field, array in data._asdict().items():
        digest.update(f"{field} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array))
    sizes = f"{len(data.x_train)} training and {len(data.x_test)} test images"
    _loaded[name] = Source(f"{text} ({sizes})", digest.hexdigest())
    return data


def _short(error):
    """The kind of trouble without paths, since the line stays in a notebook's output."""
    if isinstance(error, PermissionError):
        return "the cache cannot be written"
    return "no download" if isinstance(error, ConnectionError) else "a damaged download"
