"""What a game takes, declared once and checked at every door: `fit`, `validation_data`, `evaluate`.

Images may come as bytes: then they stay bytes, a quarter of the memory, and become floats batch by batch.

self.takes = examples_of(critic)                                  # images in [-1, 1], or points
self.takes = examples_of(encoder, 0.0, 1.0), Labels(classes)      # images in [0, 1] and their labels
"""

import dataclasses

import keras
import numpy as np
from keras import ops, tree

from course_utils import checks


@dataclasses.dataclass(frozen=True)
class Examples:
    """Images or vectors of finite floats; images of a declared range also as bytes, uint8 from 0 to 255.

    Args:
        shape: of one example; None where any size will do.
        low, high: the range of images; None for any finite numbers.
    """

    shape: tuple
    low: float | None = None
    high: float | None = None

    def checked(self, array, name):
        """Returns the array as float32, or images of bytes as uint8.

        Raises:
            TypeError, ValueError: one sentence where it does not fit.
        """
        ranged = len(self.shape) == 3 and self.low is not None
        of_bytes = ranged and array.dtype == np.uint8
        if of_bytes:
            checks.pixels(array, name, self.shape[-1])
        elif ranged:
            array = checks.images(array, name, self.low, self.high, self.shape[-1])
        found, wanted = array.shape[1:], self.shape
        if len(found) != len(wanted) or any(w not in (None, f) for f, w in zip(found, wanted)):
            shape = ", ".join("any" if w is None else str(w) for w in wanted)
            raise ValueError(
                f"{name} has shape {array.shape}, expected (N, {shape}), which is what the networks were built for: "
                "resize the data, or build the networks for it."
            )
        if of_bytes:
            return array
        if array.dtype.kind != "f":
            raise TypeError(f"{name} is {array.dtype}, expected float32: use array.astype('float32').")
        array = checks.finite(array.astype("float32", copy=False), name)
        return array


@dataclasses.dataclass(frozen=True)
class Levels:
    """Images, or grids of codes, of whole numbers 0 … L − 1, of any type of number.

    Args:
        shape: of one example.
        levels: L; 2 for images in black and white.
    """

    shape: tuple
    levels: int

    def checked(self, array, name):
        """Returns the numbers as float32; raises a TypeError or ValueError of one sentence where they do not fit."""
        if array.shape[1:] != tuple(self.shape) or not len(array):
            shape = ", ".join(map(str, self.shape))
            raise ValueError(
                f"{name} has shape {array.shape}, expected (N, {shape}) with N ≥ 1, which is what the networks were "
                "built for: reshape the data, or build the networks for it."
            )
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} is {array.dtype}, expected numbers: use {name}.astype('float32').")
        array = checks.finite(array.astype("float32", copy=False), name)
        wrong = (array < 0) | (array > self.levels - 1) | (array != np.floor(array))
        if wrong.any():
            raise ValueError(
                f"{name} holds {array[wrong][0]:.4g} ({wrong.mean():.1%} of its numbers do not fit), expected the "
                f"whole numbers {'0 and 1' if self.levels == 2 else f'0 to {self.levels - 1}'}: {self.fix()}."
            )
        return array

    def fix(self):
        """What to do where the numbers do not fit, the end of a sentence."""
        if self.levels > 2:
            return f"use games.pixels.quantised(bytes, {self.levels})"
        return "use (x > 0.5) for pixels in [0, 1], x > 127 for bytes, or draw Bernoulli pixels once"


@dataclasses.dataclass(frozen=True)
class Tokens(Levels):
    """Sentences as rows of word numbers 0 … L − 1, of any type of number.

    Args:
        shape: (T,).
        levels: L, how many numbers there are.
    """

    def fix(self):
        """What to do where the numbers do not fit, the end of a sentence."""
        return "use words.tokens(texts) of the vocabulary that the network was built for"


@dataclasses.dataclass(frozen=True)
class Labels:
    """Class numbers, 0 ≤ y < classes.

    Args:
        classes: K.
        unlabelled: whether −1, or K, stands for "unlabelled"; the game is then given K.
        optional: whether the game also plays without labels.
    """

    classes: int
    unlabelled: bool = False
    optional: bool = False

    def checked(self, array, name):
        """Returns the labels as int32; raises a TypeError or ValueError of one sentence where they do not fit."""
        if self.unlabelled and array.ndim == 1 and array.dtype.kind == "i":
            array = np.where(array == -1, self.classes, array)
        return checks.labels(array, self.classes, name, self.unlabelled).astype("int32")


def examples_of(network, low=-1.0, high=1.0):
    """Returns what a network takes: images in [low, high], or points of any finite floats.

    A network of several inputs, or a subclass of keras.Model that does not know its own, declares nothing: None.
    """
    shape = getattr(network, "input_shape", None)
    if not isinstance(shape, tuple):
        return None
    return Examples(shape[1:], low, high) if len(shape) == 4 else Examples(shape[1:])


def admitted(takes, x, y=None, name="x"):
    """Checks data at a game's door, and returns it as the game keeps it.

    Args:
        takes: `Examples`, a tuple of `Examples` and `Labels`, or None where a game declares nothing.
        x: array, or tuple, list or dict of arrays of one length.
        y: optional second array.
        name: what errors call it.

    Returns:
        The structure of float32 and int32 NumPy arrays, and of uint8 ones where images in a declared range were given
        as bytes, which `scaled` brings to that range; lists have become tuples.

    Raises:
        TypeError, ValueError: the data does not fit.
    """
    data = x if y is None else (x, y)
    data = tuple(data) if isinstance(data, list) else data
    data = tree.map_structure(_array, data)
    if takes is not None:
        data = _as_declared(takes, data, name)
    data = tree.map_structure(lambda array: _kept(array, takes is not None), data)
    lengths = sorted({len(array) for array in tree.flatten(data)})
    if len(lengths) != 1:
        raise ValueError(f"Found arrays of {lengths} rows, expected one length; cut them to the same rows.")
    return data


def scaled(takes, batch):
    """Returns a batch in which images of bytes have become floats in the declared range, inside of the program.

        y = (x·(high − low) + 255·low) / 255

    Args:
        takes: of the game.
        batch: tensors as `admitted` returned the arrays that they were taken from.
    """
    if takes is None:
        return batch
    declared, parts = (each if isinstance(each, tuple) else (each,) for each in (takes, batch))
    found = tuple(
        (ops.cast(part, "float32") * (each.high - each.low) + 255.0 * each.low) / 255.0
        if keras.backend.standardize_dtype(part.dtype) == "uint8"
        else part
        for each, part in zip(declared, parts)
    )
    return found if isinstance(batch, tuple) else found[0]


def _as_declared(takes, data, name):
    parts = takes if isinstance(takes, tuple) else (takes,)
    given = data if isinstance(data, tuple) else (data,)
    least = len([part for part in parts if not getattr(part, "optional", False)])
    if isinstance(data, dict) or not least <= len(given) <= len(parts):
        wanted = " and ".join(f"{'labels' if isinstance(p, Labels) else 'examples'}" for p in parts[:least])
        more = ", and labels if you like" if least < len(parts) else ""
        found = f"the dict {sorted(data)}" if isinstance(data, dict) else f"{len(given)} arrays"
        raise ValueError(
            f"Found {found} as {name}, expected {wanted}{more}: give this game no other arrays than those."
        )
    names = [name] if len(given) == 1 else [f"array {index} of {name}" for index in range(len(given))]
    checked = [part.checked(array, each) for part, array, each in zip(parts, given, names)]
    return checked[0] if len(checked) == 1 else tuple(checked)


def _array(array):
    """Returns a NumPy array of what can be kept on a device."""
    if not hasattr(array, "shape") or not hasattr(array, "dtype"):
        raise TypeError(
            f"Found {type(array).__name__} as data, expected arrays, which the game keeps on the device; "
            "for a data set or a generator, stack its batches into one array first."
        )
    array = array if isinstance(array, np.ndarray) else ops.convert_to_numpy(array)
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"Found data of shape {array.shape}, expected at least one row; check how it was selected.")
    return array


def _kept(array, declared):
    """Returns an array as float32 or int32, or bytes that a declaration let through; refuses what is none of these."""
    kind, found = array.dtype.kind, f"Found {array.dtype} data of shape {array.shape}"
    if declared and array.dtype == np.uint8 and array.ndim == 4:
        return array
    if kind == "f":
        return array.astype("float32", copy=False)
    if kind not in "biu":
        names = "number names with numpy.unique(names, return_inverse=True)[1]"
        raise TypeError(
            f"{found}, expected float32, or integers as labels; {names if kind in 'USO' else 'convert them first'}."
        )
    if array.ndim == 2:
        raise TypeError(
            f"{found}, expected float32, or integer labels of shape (N,); drop a last axis of 1 with labels[:, 0], "
            "take numpy.argmax(labels, axis=-1) of one-hot rows, or make points floats with astype('float32')."
        )
    if array.ndim > 1:
        raise TypeError(
            f"{found}, expected float32 (integers only as labels, of rank 1); "
            "scale images with course_utils.data.scale first."
        )
    return array.astype("int32", copy=False)
