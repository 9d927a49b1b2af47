"""How an answer is called and what comes back: copies go in, arrays come out, and it cannot take forever."""

import contextlib
import copy
import ctypes
import dis
import inspect
import linecache
import math
import sysconfig
import threading
import traceback
import warnings
from pathlib import Path

import keras
import numpy as np

SECONDS = 10.0  # that one call of an answer may take
_PACKAGE = str(Path(__file__).resolve().parents[1])
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")} | {_PACKAGE})
_NO_LOGITS = "does not represent logits"  # how Keras on TensorFlow says that it takes a sigmoid or softmax back
_EMPTY = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}


class Blank(Exception):
    """The answer has not been begun: there are dots in it."""


class Complaint(Exception):
    """What is wrong with an answer, in a sentence for the student."""


class TimeUp(BaseException):
    """The answer took too long; no `except Exception` of a student catches it."""


class Numbers(np.ndarray):
    """A NumPy array that torch's own functions and operators take as well, so that each style of answer works."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        def tensor(x):
            return keras.ops.convert_to_tensor(np.asarray(x)) if isinstance(x, Numbers) else x

        args, kwargs = keras.tree.map_structure(tensor, (args, kwargs or {}))
        return function(*args, **kwargs)


def arrays(argument):
    """Returns a copy of an argument to hand over: floats become float32, arrays `Numbers`; networks stay themselves."""
    if isinstance(argument, np.ndarray):
        dtype = "float32" if argument.dtype.kind == "f" else argument.dtype
        return np.array(argument, dtype).view(Numbers)
    return _inside(arrays, argument)


def tensors(argument):
    """Returns a copy of an argument in which arrays are the backend's tensors."""
    if isinstance(argument, np.ndarray):
        return keras.ops.convert_to_tensor(np.array(arrays(argument)))
    return _inside(tensors, argument)


def precise(argument):
    """Returns a copy of an argument for the reference: the same float32 numbers, as float64."""
    if isinstance(argument, np.ndarray):
        rounded = np.array(arrays(argument))
        return rounded.astype("float64") if rounded.dtype.kind == "f" else rounded
    return _inside(precise, argument)


def _inside(form, argument):
    if isinstance(argument, (list, tuple)):
        return type(argument)(form(part) for part in argument)
    if isinstance(argument, dict):
        return {name: form(part) for name, part in argument.items()}
    return copy.deepcopy(argument) if isinstance(argument, np.random.Generator) else argument


def network(rng, inputs, outputs, hidden=5):
    """Returns a small `keras.Model` with random weights to hand over.

    Args:
        rng: NumPy generator, draws the weights.
        inputs, outputs: shape of one example, a tuple such as (4, 3, 1), or the length of a vector.
        hidden: units of its one hidden layer.
    """
    shapes = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in (inputs, outputs)]
    entry = keras.Input(shapes[0])
    inside = keras.layers.Dense(hidden, activation="tanh")(keras.layers.Flatten()(entry))
    leaving = keras.layers.Reshape(shapes[1])(keras.layers.Dense(math.prod(shapes[1]))(inside))
    model = keras.Model(entry, leaving)
    model.set_weights([rng.normal(size=w.shape).astype("float32") for w in model.get_weights()])
    return model


@contextlib.contextmanager
def unmoved(args):
    """Gives networks among the arguments their weights back: an answer may train them."""
    networks = [arg for arg in args if hasattr(arg, "get_weights")]
    weights = [network.get_weights() for network in networks]
    try:
        yield
    finally:
        for network, before in zip(networks, weights):
            network.set_weights(before)


def is_blank(answer):
    """Says whether an answer is still a placeholder: dots, None, or a function without a line of code."""
    if answer is ... or answer is None:
        return True
    code = getattr(answer, "__code__", None)
    if code is None:
        return False
    steps = list(dis.get_instructions(code))
    loaded = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return {step.opname for step in steps} <= _EMPTY and loaded[-1] in (None, ...)


def call(answer, args):
    """Calls a student's function and returns the result.

    Args:
        answer: the function.
        args: tuple of arguments, copies that it may change.

    Raises:
        Blank: it returns dots, or computes with dots.
        Complaint: it takes other arguments, raises, takes too long, returns nothing, or takes probabilities for logits.
    """
    _check_arguments(answer, args)
    try:
        with np.errstate(all="ignore"), limited(SECONDS), warnings.catch_warnings():
            warnings.filterwarnings("error", f"(?s).*{_NO_LOGITS}")  # or the slip would pass, on TensorFlow alone
            result = answer(*args)
    except (Blank, Complaint, KeyboardInterrupt):
        raise
    except TimeUp:
        raise Complaint(f"your code was stopped after {SECONDS:g} seconds. Is there a loop that never ends?") from None
    except BaseException as error:  # a student's code may raise anything, SystemExit too; the notebook goes on
        if "ellipsis" in str(error).lower():
            raise Blank from None
        if isinstance(error, UserWarning) and _NO_LOGITS in str(error):
            said = "you give probabilities to a loss and say `from_logits=True`; do one or the other."
            raise Complaint(said) from None
        raise Complaint(f"your code stopped with {_stopped(error)}") from None
    if result is ... or (isinstance(result, (tuple, list)) and any(part is ... for part in result)):
        raise Blank
    if result is None:
        raise Complaint("your function gives nothing back (None). Is a `return` missing?")
    return result


def changed(answer, args):
    """Calls an answer once more and returns the names of the arrays among its arguments that it writes to."""
    given = tuple(map(arrays, args))
    call(answer, given)
    names = list(inspect.signature(answer).parameters)
    pairs = zip(names, args, given)
    return [n for n, arg, mine in pairs if isinstance(arg, np.ndarray) and not np.array_equal(mine, arrays(arg))]


def _check_arguments(answer, args):
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # builtins need not have one
        return
    try:
        signature.bind(*args)
    except TypeError:
        taken = f"{getattr(answer, '__name__', 'function')}{signature}"
        raise Complaint(
            f"found {taken}, expected a function of {len(args)} arguments: leave the first line as it was."
        ) from None


def _stopped(error):
    """The student's own error, with the last line of their code that it passed through."""
    said = str(error).strip().split("\n\n")[0].split("\nArguments received")[0]
    said = said if len(said) <= 300 else said[:300] + " …"
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith((*_LIBRARIES, "<frozen"))
    ]
    if not frames:
        return text + "."
    line = linecache.getline(frames[-1].filename, frames[-1].lineno).strip()
    return f"{text}, in line {frames[-1].lineno} of the cell:\n    {line}" if line else text + "."


@contextlib.contextmanager
def limited(seconds):
    """Raises TimeUp in this thread when the block takes too long; no signal, so it works in every thread.

    It stops Python code. A single call into compiled code is only stopped when it returns.
    """
    thread, done, lock = ctypes.c_ulong(threading.get_ident()), threading.Event(), threading.Lock()
    interrupt = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def watch():
        wait = seconds
        while not done.wait(wait):
            wait = 0.05  # again and again: a bare `except:` in the loop may swallow some of them
            with lock:
                if not done.is_set():
                    interrupt(thread, ctypes.py_object(TimeUp))

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with lock:
            done.set()
            interrupt(thread, None)  # one that is still on its way


def numbers(result):
    """Returns a result as a float64 array, or a tuple of them.

    Raises:
        Complaint: it is something else than numbers.
    """
    if isinstance(result, (tuple, list)):
        return tuple(numbers(part) for part in result)
    try:
        array = np.asarray(keras.ops.convert_to_numpy(result)) if not isinstance(result, (str, dict, set)) else None
    except Exception:
        array = None
    if array is None or (array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16"):
        raise Complaint(f"your function returns {kind(result)}, expected numbers: a number, an array or a tensor.")
    return np.array(array, "float64")


def kind(thing):
    name = type(thing).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
