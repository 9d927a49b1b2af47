"""A found result beside the expected one: structure, shape, finite, values; and how to say what differs."""

import inspect

import numpy as np

from .calling import Complaint


def close(found, expected):
    """True when two results agree to the accuracy of float32: structure, shapes and values."""
    if isinstance(expected, tuple):
        return isinstance(found, tuple) and len(found) == len(expected) and all(map(close, found, expected))
    if isinstance(found, tuple) or found.shape != expected.shape:
        return False
    largest = np.max(np.abs(expected[np.isfinite(expected)]), initial=0.1)
    return np.allclose(found, expected, rtol=1e-4, atol=1e-5 * largest, equal_nan=True)


def fitted(found, expected):
    """Gives a found result the structure of the expected one, where nothing but list against array differs."""
    if isinstance(expected, tuple) and not isinstance(found, tuple) and found.ndim and len(found) == len(expected):
        found = tuple(found)
    if isinstance(expected, tuple) and isinstance(found, tuple) and len(found) == len(expected):
        return tuple(map(fitted, found, expected))
    if not isinstance(expected, tuple) and isinstance(found, tuple):
        try:
            return np.array(found, "float64")
        except ValueError:
            raise Complaint(f"your function returns {len(found)} unlike parts, expected {_shape(expected)}.") from None
    return found


def shape_fault(found, expected):
    """Returns what is wrong with the structure or shape of a result, or None."""
    if isinstance(expected, tuple):
        if not isinstance(found, tuple) or len(found) != len(expected):
            count = f"{len(found)} results" if isinstance(found, tuple) else f"one result, {_shape(found)}"
            return f"your function returns {count}, expected {len(expected)} results"
        faults = [(i, shape_fault(f, e)) for i, (f, e) in enumerate(zip(found, expected), 1)]
        return next((f"result {i} of {len(expected)}: {fault}" for i, fault in faults if fault), None)
    if isinstance(found, tuple):
        return f"your function returns {len(found)} results, expected {_shape(expected)}"
    if found.shape != expected.shape:
        return f"found {_shape(found)}, expected {_shape(expected)}"
    return None


def is_finite(result):
    """True when all numbers of a result are finite."""
    return all(map(is_finite, result)) if isinstance(result, tuple) else bool(np.isfinite(result).all())


def _shape(array):
    return "one number" if array.shape == () else f"the shape {array.shape}"


def shown(result):
    """Writes a result for people: all of a short one, both ends of a long one."""
    if isinstance(result, tuple):
        return "(" + ", ".join(map(shown, result)) + ")"
    if result.shape == ():
        return f"{float(result):.5g}"
    text = np.array2string(
        np.asarray(result), precision=4, threshold=12, edgeitems=2, separator=", ", suppress_small=True
    )
    return " ".join(text.split())


def size(argument):
    """Counts the numbers of an argument, so that the smallest input can be shown."""
    if isinstance(argument, (tuple, list)):
        return sum(map(size, argument))
    return argument.size if isinstance(argument, np.ndarray) else 1


def described(function, args):
    """Writes down one input: `x = [1. 2.], k = 2`; of large arrays shape and range only."""
    names = list(inspect.signature(function).parameters)
    return ", ".join(f"{name} = {_argument(arg)}" for name, arg in zip(names, args))


def _argument(argument):
    if isinstance(argument, np.ndarray):
        if argument.size <= 12:
            return shown(argument)
        return f"an array {argument.shape} from {argument.min():.4g} to {argument.max():.4g}"
    if isinstance(argument, (int, float, str, bool)):
        return f"{argument!r}"
    if (
        isinstance(argument, (tuple, list, range))
        and len(argument) <= 12
        and all(isinstance(part, (int, float)) for part in argument)
    ):
        return str(list(argument))
    if isinstance(argument, (tuple, list)):
        return f"{len(argument)} of them, the first {_argument(argument[0])}"
    return f"a {type(argument).__name__}"
