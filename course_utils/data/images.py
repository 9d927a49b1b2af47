"""Image sets: found in your own folder, else in the cache, else downloaded and hash-checked."""

import hashlib
import itertools
import sys
import unicodedata
from typing import NamedTuple

import numpy as np

from course_utils import checks, files
from course_utils.data import archives, glyphs
from course_utils.data.catalogue import NAMES, SETS, BinaryImages, Images, NamedImages


class Source(NamedTuple):
    """Where a loaded set came from."""

    text: str  # for people, such as "real MNIST (60000 training and 10000 test images)"
    sha256: str  # of the four arrays: names, dtypes, shapes and bytes


GLYPHS_TRAIN, GLYPHS_TEST = 12_000, 2_000  # drawn in about two seconds

_loaded = {}  # name → Source, of the last load


def load(name: str, fallback: str | None = None) -> Images | BinaryImages | NamedImages:
    """Loads an image set from `$COURSE_DATA`, else from the cache folder, else from its publisher.

    Files of your own in `$COURSE_DATA` are checked for keys, shapes and types, and called real only where their
    content is the published one; what was downloaded is checked against the publisher's hash, or by its content.

    Args:
        name: "mnist", "fashion_mnist", "cifar10", "usps", "olivetti" (faces, labelled by person), "glyphs",
            "binarized_mnist" or "emoji".
        fallback: "glyphs" to go on with drawn digits of the same shape, and to say so in one line,
            where the set cannot be had; None to raise.

    Returns:
        Images: x_train, y_train, x_test, y_test; images uint8 (N, H, W, C), labels int64 (N,).
        "binarized_mnist": BinaryImages, x_train, x_valid, x_test, pixels 0 or 1. "emoji": NamedImages, images, names
        and codes.

    Raises:
        ConnectionError: the set is nowhere, and the publisher does not answer within 30 s, or nobody offers it.
        PermissionError: the set would have to be downloaded and the cache cannot be written.
        ValueError: an unknown name, or files that are broken, refused, or not of this set.
        NotADirectoryError: COURSE_DATA names no folder.

    Example:
        >>> from course_utils import data
        >>> x_train, y_train, x_test, y_test = data.load("glyphs")
        >>> x_train.shape, x_train.dtype
        ((12000, 28, 28, 1), dtype('uint8'))
    """
    checks.one_of(name, NAMES, "the data set's name")
    if fallback is not None:
        checks.one_of(fallback, ("glyphs",), "fallback")
    if name == "glyphs":
        return _remember(name, _draw((28, 28, 1), Images), "glyphs, digits drawn from fonts")
    chosen = SETS[name]
    own = _own_files(chosen)
    try:
        paths, layout = own or _published_files(chosen)
    except (OSError, ValueError) as error:
        if fallback is None:
            raise
        print(f"{chosen.title} is not at hand; going on with glyphs, digits drawn from fonts, of "
              f"the same shape ({_short(error)}).")
        return _remember(name, _draw(chosen.shape, chosen.kind), f"glyphs in place of {chosen.title}")
    data = _checked(_arrays(paths, layout), chosen, paths)
    real = _is_real(data, chosen, paths, layout)
    if not own and not real:
        _refuse_download(chosen, paths, layout)
    text = f"{chosen.title}{layout.note and ' ' + layout.note}"
    return _remember(name, data, f"real {text}" if real else f"other images than the published ones in place of {text}")


def source(name: str) -> Source:
    """Returns the Source of the set that `load(name)` last gave: a text for people, and a hash."""
    checks.one_of(name, NAMES, "the data set's name")
    if name not in _loaded:
        raise ValueError(f"{name!r} was not loaded, expected it to be: call load({name!r}) first.")
    return _loaded[name]


def scale(x: np.ndarray, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Maps pixels from 0 … 255 to [low, high].

        y = low + x · (high − low) / 255

    Args:
        x: uint8 array of any shape, or one image of Pillow's.
        low, high: the limits, reached exactly.

    Returns:
        float32 array of the same shape.

    Raises:
        TypeError: the pixels are not uint8; the sentence says how to make them so.

    Example:
        >>> import numpy as np
        >>> from course_utils import data
        >>> data.scale(np.array([0, 51, 255], "uint8")).tolist()
        [-1.0, -0.6000000238418579, 1.0]
    """
    mode = getattr(x, "mode", "RGB")  # of a Pillow image; np.asarray would take a palette's numbers for brightness
    if mode not in ("L", "RGB"):
        raise TypeError(f"the image has Pillow's mode {mode!r}, expected 'L' or 'RGB': use image.convert('RGB').")
    x = np.asarray(x)
    if x.dtype != np.uint8:
        raise TypeError(f"the images are {x.dtype}, expected uint8 in 0 to 255: {_as_bytes(x)}.")
    return np.linspace(low, high, 256, dtype="float32")[x]  # 256 values: a table is exact and quick


def _as_bytes(x):
    """What to do with pixels that are no bytes."""
    if x.dtype.kind in "OUS":
        return "these are no pixels but Python objects or texts, so stack images of one size with np.stack"
    if x.dtype == bool:
        return "use 255 * images.astype('uint8')"
    if x.dtype.kind in "iu" and x.size and (x.min() < 0 or x.max() > 255):
        return "for 16 bits a channel use (images >> 8).astype('uint8')" if x.min() >= 0 and x.max() < 65536 else (
            "find out what these numbers mean, since pixels are not negative and take 8 or 16 bits"
        )  # fmt: skip
    if x.dtype.kind in "iu":
        return "use images.astype('uint8')"
    if x.size and x.max() > 1.001:
        return "these are floats beyond 1, so use images.astype('uint8') if they run from 0 to 255"
    return "they seem to be scaled already, which is done once, right after load, and not again"


def _own_files(chosen):
    folder = files.own_folder()
    for layout in chosen.layouts if folder else ():
        paths = [folder / name for name in layout.names]
        if all(path.is_file() for path in paths):
            return paths, layout
    return None


def _published_files(chosen):
    layout = chosen.layouts[-1]
    folder = files.cache_dir(create=False)
    if not all((folder / name).is_file() for name in layout.names):
        if not layout.urls:
            raise ConnectionError(
                f"there is no {layout.names[0]} in {files.own_folder() or 'a folder that COURSE_DATA names'}, and no "
                f"public address gives {chosen.title} in this form; put the file there."
            )
        folder = files.cache_dir()  # a cache that is complete need not be writable
    for name, url, known_hash in zip(layout.names, layout.urls, layout.hashes, strict=True):
        path = folder / name
        files.fetch(path.name, url, known_hash, path.parent)
    return [folder / name for name in layout.names], layout


def _refuse_download(chosen, paths, layout):
    for path in paths:
        path.unlink()  # or the next load would take them for what was published
    raise ValueError(
        f"{layout.urls[0]} gave other images than those published as {chosen.title}, expected the same: put the "
        f"right files into the folder that COURSE_DATA names."
    )


def _arrays(paths, layout):
    if layout.reader is not archives.cifar_folders:
        return archives.read(layout.reader, *paths)
    # Decoding 60,000 JPEGs takes much longer than reading the pixels back. Each copy's name holds its own hash.
    decoded = f"decoded-{files.digest(paths[0])[:16]}-"
    for copy in sorted(files.cache_dir(create=False).glob(f"{decoded}*.npz")):
        try:
            return files.load_arrays(copy, copy.stem.removeprefix(decoded))
        except (OSError, ValueError):
            continue  # damaged: it is made anew
    print(f"decoding {paths[0].name}, once and for all", file=sys.stderr)
    arrays = archives.read(layout.reader, *paths)
    try:
        data = files.npz_bytes(arrays, compress=False)
        files.write_atomic(files.cache_dir() / f"{decoded}{hashlib.sha256(data).hexdigest()}.npz", data)
    except OSError:
        pass  # no room or no right to write: the next load decodes again
    return arrays


def _checked(arrays, chosen, paths):
    """Checks keys, shapes and types, and brings them to the one layout of this package."""
    if chosen.kind is NamedImages:
        checks.same_length(**arrays)
        names = arrays["names"], arrays["codes"]
        if any(texts.dtype.kind != "U" or texts.ndim != 1 for texts in names):
            raise ValueError(f"the names in {paths[0]} are no texts, expected one for each image; get the file again.")
        return NamedImages(_pixels(arrays["images"], "images", chosen, paths), *names)
    if chosen.kind is BinaryImages:
        found = BinaryImages(*(_pixels(arrays[field], field, chosen, paths) for field in BinaryImages._fields))
        if max(part.max() for part in found) > 1:
            raise ValueError(f"pixels in {paths[0]} are not all 0 or 1, expected binary images: get the file again.")
        return found
    result = []
    for split in ("train", "test"):
        x = _pixels(arrays[f"x_{split}"], f"x_{split}", chosen, paths)
        y = arrays[f"y_{split}"]
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        checks.labels(y, chosen.classes, f"y_{split} in {paths[0]}")
        checks.same_length(**{f"x_{split}": x, f"y_{split}": y})
        result += [x, y.astype("int64")]
    return Images(*result)


def _pixels(x, field, chosen, paths):
    if chosen.shape[2] == 1 and x.ndim == 3:
        x = x[..., None]
    if x.shape[1:] != chosen.shape or x.dtype != np.uint8 or len(x) == 0:
        height, width, channels = chosen.shape
        raise ValueError(
            f"{field} in {paths[0]} is {x.dtype} {x.shape}, expected uint8 (N, {height}, "
            f"{width}, {channels}): this is not {chosen.title}, so put the right file there."
        )
    return x


def _is_real(data, chosen, paths, layout):
    """Whether this is what was published: by its content, or by the hashes of the files."""
    if chosen.content and content(data) == chosen.content:
        return True
    known = [each.partition(":") for each in layout.hashes if each]
    return bool(known) and all(files.digest(path, kind) == value for path, (kind, _, value) in zip(paths, known))


def content(data) -> str:
    """Returns the SHA-256 of a set's rows, split by split, whatever their order: a shuffled set is the same set."""
    total = hashlib.sha256()
    for split, fields in itertools.groupby(data._fields, lambda field: field.partition("_")[2]):
        columns = [getattr(data, field) for field in fields]
        rows = sorted(hashlib.sha256(b"".join(part.tobytes() for part in row)).digest() for row in zip(*columns))
        total.update(f"{split} {len(rows)}\n".encode() + b"".join(rows))
    return total.hexdigest()


def _draw(shape, kind):
    """Glyphs of this shape, as a set of this kind."""
    colour, size = shape[2] == 3, shape[0]
    train = glyphs.make(GLYPHS_TRAIN, seed=0, colour=colour, size=size)
    test = glyphs.make(GLYPHS_TEST, seed=1, colour=colour, size=size)
    if kind is NamedImages:
        names = np.array([f"digit {unicodedata.name(str(digit)).split()[-1].lower()}" for digit in range(10)])
        codes = np.array([f"{ord(str(digit)):x}" for digit in range(10)])
        return NamedImages(train.images, names[train.labels], codes[train.labels])
    if kind is BinaryImages:
        valid = glyphs.make(GLYPHS_TEST, seed=2, colour=colour, size=size)
        return BinaryImages(*((part.images > 127).astype("uint8") for part in (train, valid, test)))
    return Images(train.images, train.labels, test.images, test.labels)


def _remember(name, data, text):
    digest = hashlib.sha256()
    for field, array in data._asdict().items():
        digest.update(f"{field} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array))
    if isinstance(data, NamedImages):
        sizes = f"{len(data.images)} images with names"
    else:
        valid = f", {len(data.x_valid)} validation" if isinstance(data, BinaryImages) else ""
        sizes = f"{len(data.x_train)} training{valid} and {len(data.x_test)} test images"
    _loaded[name] = Source(f"{text} ({sizes})", digest.hexdigest())
    return data


def _short(error):
    """The kind of trouble without paths, since the line stays in a notebook's output."""
    if isinstance(error, PermissionError):
        return "the cache cannot be written"
    return "no download" if isinstance(error, ConnectionError) else "a damaged download"
