"""Argument checks: each returns the checked value or raises one sentence that names the fix.

Every check looks at host arrays, so it runs before a step and never inside a compiled one.
"""

import difflib

import numpy as np

# Rounding in a tanh or a resize may pass the limits by a little; a wrong scale never does.
TOLERANCE = 1e-3


def images(x, name="images", low=-1.0, high=1.0, channels=None):
    """Check a batch of float images.

    Data that lies in [0, 1] where [-1, 1] is expected is refused as well: a batch without one pixel
    below mid grey is a forgotten scaling, not a picture. A constant batch is let through.

    Args:
        x: array (N, H, W, C), float32 or float64.
        name: what the error calls the argument.
        low, high: the range, in the units of the pixels.
        channels: the number of channels C, or None for any.

    Returns:
        The array (N, H, W, C), unchanged.

    Raises:
        TypeError: the dtype is not float32 or float64.
        ValueError: wrong rank, channels or range, no image, or a pixel that is NaN or infinite.
    """
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        _wrong_image_dtype(x, name, low, high)
    _image_shape(x, name, channels)
    finite(x, name)
    smallest, largest = float(x.min()), float(x.max())
    found = f"{name} spans {smallest:.4g} to {largest:.4g}, expected [{low:g}, {high:g}]"
    if smallest < low - TOLERANCE or largest > high + TOLERANCE:
        raise ValueError(f"{found}: {_range_fix(smallest, largest, low, high)}.")
    if low < 0 <= smallest < largest:
        raise ValueError(f"{found}: {_rescale(1, low, high)} for data in [0, 1].")
    return x


def pixels(x, name="images", channels=None):
    """Check a batch of images of bytes, whose range 0 to 255 is known.

    Args:
        x: array (N, H, W, C), uint8; of a memory-mapped file little is read.
        name: what the error calls the argument.
        channels: the number of channels C, or None for any.

    Returns:
        The array, unchanged.

    Raises:
        ValueError: wrong rank or channels, no image, or no byte above 1, as in black-and-white images of 0 and 1.
    """
    _image_shape(x, name, channels)
    some = x[np.linspace(0, len(x) - 1, min(len(x), 64)).astype(int)]
    if some.max() <= 1 and some.any() and max(part.max() for part in np.array_split(x, -(-len(x) // 1024))) == 1:
        raise ValueError(f"{name} are bytes of 0 and 1 only, expected 0 to 255: use 255 * images.")
    return x


def labels(y, classes, name="labels", unlabelled=False):
    """Check a vector of class numbers, 0 ≤ y < classes.

    Args:
        y: array (N,), any integer dtype.
        classes: the number of classes, ≥ 1.
        name: what the error calls the argument.
        unlabelled: whether `classes` itself may stand for "unlabelled".

    Returns:
        The array (N,), unchanged.

    Raises:
        TypeError: the labels are not integers.
        ValueError: the array is not of rank 1, is empty, or holds a label out of range.
    """
    y = np.asarray(y)
    if y.ndim != 1:
        fix = "take np.argmax(labels, axis=-1) of one-hot rows"
        if y.ndim == 2 and y.shape[1] == 1:
            fix = "drop the last axis with labels[:, 0]"
        raise ValueError(f"{name} has shape {y.shape}, expected (N,): {fix}.")
    if not np.issubdtype(y.dtype, np.integer):
        raise TypeError(f"{name} is {y.dtype}, expected integers: {_integer_fix(y)}.")
    if y.size == 0:
        raise ValueError(f"{name} is empty, expected at least one label: check what selected it.")
    wrong = np.flatnonzero((y < 0) | (y >= classes + unlabelled))
    if wrong.size:
        unknown = f", or -1 or {classes} for unlabelled" if unlabelled else ""
        raise ValueError(
            f"{name} holds {int(y[wrong[0]])} at index {wrong[0]} ({wrong.size} of {y.size} are "
            f"out of range), expected 0 to {classes - 1}{unknown}: {_range_of_labels_fix(y, classes)}."
        )
    return y


def finite(x, name):
    """Check that no element is NaN or infinite; the error names the rows (axis 0)."""
    x = np.asarray(x)
    with np.errstate(invalid="ignore", over="ignore"):
        if np.isfinite(x.sum()):  # one pass without a mask; NaN and inf both survive a sum
            return x
    bad = ~np.isfinite(x)
    if not bad.any():
        return x
    rows = np.flatnonzero(bad.reshape(len(x), -1).any(axis=1)) if x.ndim else np.array([0])
    listed = ", ".join(map(str, rows[:5])) + (", …" if rows.size > 5 else "")
    raise ValueError(
        f"{name} holds {int(bad.sum())} NaN or infinite values at indices {listed}, expected "
        f"finite numbers: drop those rows, or find the division or logarithm that made them."
    )


def binary(x, name="x"):
    """Check that there is at least one row and every number is 0 or 1; the array is returned unchanged."""
    x = np.asarray(x)
    if len(x) == 0:
        raise ValueError(f"{name} is empty, expected at least one image: check what selected it.")
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{name} is {x.dtype}, expected numbers that are 0 or 1: convert it first.")
    wrong = (x != 0) & (x != 1)
    if wrong.any():
        raise ValueError(
            f"{name} holds {x[wrong][0]:.4g} ({wrong.mean():.1%} of the pixels are neither 0 nor 1), expected "
            f"binary images: use (x > 0.5) for pixels in [0, 1], or draw Bernoulli pixels once."
        )
    return x


def count(n, name="n", minimum=1):
    """Check a whole number that is at least `minimum`, and return it as int."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"{name} is {n!r}, expected a whole number: pass an int ≥ {minimum}.")
    if n < minimum:
        raise ValueError(f"{name} is {n}, expected at least {minimum}: pass a larger number.")
    return int(n)


def same_length(**arrays):
    """Check that all arrays have as many rows (axis 0), and return that number."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(
            f"the arrays differ in length ({found}), expected one row each for the same example: "
            f"select all of them with the same indices."
        )
    return next(iter(lengths.values()), 0)


def one_of(value, allowed, name):
    """Check that `value` is one of the allowed names; the error suggests the nearest."""
    allowed = list(allowed)
    if value in allowed:
        return value
    near = difflib.get_close_matches(str(value).lower(), map(str, allowed), n=1, cutoff=0.5)
    fix = f"did you mean {near[0]!r}?" if near else f"pass one of these as {name}."
    raise ValueError(f"{name} is {value!r}, expected {_choices(allowed)}: {fix}")


def _choices(allowed):
    quoted = [repr(item) for item in allowed]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]


def _wrong_image_dtype(x, name, low, high):
    fix = "use images.astype('float32')"
    if x.dtype == np.uint8:
        limits = "" if (low, high) == (-1, 1) else f", {low:g}, {high:g}"
        fix = f"call course_utils.data.scale(images{limits}) first"
    raise TypeError(f"{name} is {x.dtype}, expected float32 in [{low:g}, {high:g}]: {fix}.")


def _image_shape(x, name, channels):
    found = f"{name} has shape {x.shape}, expected (N, H, W, {channels or 'C'})"
    if x.ndim == 3:
        fix = "add the missing axis, images[None] for one image, images[..., None] for grey images"
        raise ValueError(f"{found}: {fix}.")
    if x.ndim != 4:
        raise ValueError(f"{found}: reshape to one image for each row, channels last.")
    if x.size == 0:
        raise ValueError(f"{found} with N ≥ 1: there is no image in it, check what selected it.")
    last, first = x.shape[-1], x.shape[1]
    wanted = (1, 3) if channels is None else (channels,)
    if last not in wanted and first in wanted:
        raise ValueError(f"{found}: move the channels last with np.moveaxis(images, 1, -1).")
    if channels is not None and last != channels:
        fix = f"build the network for {last} channels, or load data that has {channels}"
        raise ValueError(f"{found}: {fix}.")


def _integer_fix(y):
    if y.dtype.kind not in "fb":
        return "number names with np.unique(labels, return_inverse=True)[1]"
    whole = y.dtype.kind == "b" or np.all(np.isfinite(y) & (y == np.floor(y)))
    return "use labels.astype('int64')" if whole else "these are no class numbers, see where they come from"


def _range_of_labels_fix(y, classes):
    if y.min() >= 0:
        return f"correct them, or build for {int(y.max()) + 1} classes"
    if y.min() == -1 and y.max() < classes:
        return "give this game labelled examples only, labels >= 0"
    return "correct them, since labels start at 0"


def _rescale(top, low, high):
    """How to bring [0, top] to [low, high], as the expression to type."""
    steps = f"images * {high - low:g}" if top == 1 else f"images / {top / (high - low):g}"
    steps = "images" if top == high - low else steps
    return f"use {steps}" if low == 0 else f"use {steps} {'-' if low < 0 else '+'} {abs(low):g}"


def _range_fix(smallest, largest, low, high):
    if smallest >= -TOLERANCE and 1 + TOLERANCE < largest <= 255:
        return f"{_rescale(255, low, high)} for data in 0 to 255"
    if low == 0 and smallest >= -1 - TOLERANCE and largest <= 1 + TOLERANCE:
        return "use (images + 1) / 2 for data in [-1, 1]"
    return f"rescale them to [{low:g}, {high:g}], or clip what lies outside"
