"""Networks by name: what a recipe may build, what such a network takes, and what it makes of many rows."""

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils import checks, weights


class Builder(NamedTuple):
    """A function that builds a network, and the range of the images that the network takes."""

    function: Callable
    images: tuple[float, float]


BUILDERS: dict[str, Builder] = {}  # name in a recipe → Builder; a recipe can only name what stands here


def builder(images: tuple[float, float] = (-1.0, 1.0)) -> Callable:
    """Registers the function under it by its name, so that recipes may name it.

    Args:
        images: range of the network's input "images", where it has one.

    Returns:
        A decorator that leaves the function as it is.

    Raises:
        ValueError: another module has registered this name.
    """

    def register(function):
        known = BUILDERS.get(function.__name__)
        if known and known.function.__module__ != function.__module__:
            raise ValueError(
                f"Found two builders called {function.__name__!r}, in {known.function.__module__} and in "
                f"{function.__module__}, expected one; rename the second."
            )
        BUILDERS[function.__name__] = Builder(function, images)
        return function

    return register


def build(described: dict) -> dict:
    """Builds the networks that a recipe describes, in float32 and without a trace in the session.

    Args:
        described: dict of name → {"builder": name in BUILDERS, "arguments": dict}.

    Returns:
        dict of name → keras.Model.

    Raises:
        ValueError: a builder is unknown; nothing is built then.
    """
    for network, made in described.items():
        checks.one_of(made["builder"], BUILDERS, f"the builder of {network}")
    with weights.aside():
        return {name: BUILDERS[made["builder"]].function(**made["arguments"]) for name, made in described.items()}


def guard(network, made: dict) -> None:
    """Lets a network's `predict` check what it is given before anything runs.

    Images are checked for range, dtype, rank, size and channels, labels for type, shape and range, other
    inputs for shape and finite numbers; whatever interrupts `predict` then costs no weights. Keras's own
    data sets and generators pass unchecked. A copy of the network is a plain one.

    Args:
        network: keras.Model that `build` made.
        made: {"builder": name, "arguments": dict}, as it stands in the recipe.
    """
    function, images = BUILDERS[made["builder"]]
    arguments = inspect.signature(function).bind(**made["arguments"])
    arguments.apply_defaults()
    classes, plain = arguments.arguments.get("classes"), network.predict

    @functools.wraps(plain)
    def predict(x, *args, **options):
        _check(network, x, images, classes)
        with _kept(network):
            return plain(x, *args, **options)

    network.predict = predict


def run(network, inputs: list, size: int):
    """Runs a frozen network on many rows, compiled, for two sizes of batches at most, whatever their number.

    Args:
        network: keras.Model; one that is still trained had better go through `networks.outputs.outputs`.
        inputs, size: as in `in_batches`.

    Returns:
        As `in_batches`.
    """

    def call(rows):
        return network.predict_on_batch(rows if len(rows) > 1 else rows[0])

    with _kept(network):
        return in_batches(call, inputs, size)


@contextlib.contextmanager
def _kept(network):
    """Puts a network's variables back where something interrupts its prediction, which costs JAX all of them."""
    before = [as_array(v.value) for v in network.variables]
    try:
        yield
    except BaseException:
        for variable, value in zip(network.variables, before):
            variable.assign(value)
        raise


def as_array(x) -> np.ndarray:
    """Returns a tensor of any backend, an array or nested lists as an array, half precision as float32."""
    if hasattr(x, "shape") and not isinstance(x, (np.ndarray, np.generic)):
        from keras import ops  # here, since the measures need no Keras

        x = ops.convert_to_numpy(x)
    x = np.asarray(x)
    return x.astype("float32") if x.dtype.name in ("bfloat16", "float16") else x


def in_batches(function: Callable, inputs: list, size: int) -> list:
    """Calls a function of tensors for many rows, in batches of one size, so that each layer compiles once.

    Args:
        function: takes a list of arrays (size, ...), returns a tensor or a structure of tensors (size, ...).
        inputs: list of arrays (N, ...), N ≥ 1; the last batch is filled up with copies of the last row.
        size: rows at a time, or an eighth of them (a multiple of 4) where that is enough.

    Returns:
        What the function returns, as arrays (N, ...), float32 where they are of a float type.
    """
    from keras import tree

    rows = len(inputs[0])
    few = min(size, max(4, size // 32 * 4))
    size = few if rows <= few else size
    padded = [np.concatenate([x, np.repeat(x[-1:], -rows % size, axis=0)]) for x in inputs]

    found = [function([x[start : start + size] for x in padded]) for start in range(0, len(padded[0]), size)]
    found = [tree.map_structure(as_array, batch) for batch in found]
    return tree.map_structure(lambda *parts: np.concatenate(parts)[:rows], *found)


def _check(network, x, images, classes):
    """Raises unless arrays fit a network's inputs, each by its name."""
    names = [tensor.name for tensor in network.inputs]
    if isinstance(x, dict):
        given = [x[name] for name in names if name in x]
    else:
        several = isinstance(x, (list, tuple)) and (len(names) > 1 or (len(x) == 1 and hasattr(x[0], "shape")))
        given = list(x) if several else [x]
    if not all(hasattr(part, "shape") or isinstance(part, (list, tuple)) for part in given):
        return
    if len(given) != len(names):
        raise ValueError(
            f"Found {len(given)} arrays for {network.name!r}, expected {len(names)}; pass [{', '.join(names)}]."
        )
    given = dict(zip(names, map(as_array, given)))
    for name, tensor in zip(names, network.inputs):
        shape, part = tuple(tensor.shape[1:]), given[name]
        if name == "images":
            checks.images(part, name, *images, channels=shape[-1])
        elif name == "labels":
            checks.labels(part, classes, name)
        elif part.dtype.kind != "f":
            raise TypeError(f"Found {name} of type {part.dtype}, expected float32; use {name}.astype('float32').")
        else:
            checks.finite(part, name)
        if part.shape[1:] != shape or not len(part):
            wanted = ", ".join(map(str, ("N", *shape)))
            raise ValueError(
                f"Found {name} of shape {part.shape}, expected ({wanted}) with N ≥ 1; the network "
                f"{network.name!r} was built for that."
            )
    checks.same_length(**given)
