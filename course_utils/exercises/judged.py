"""The machinery of the exercises that are still to be rewritten; `exercise.py` has the new one."""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True, repr=False)
class Exercise:
    """One exercise of a notebook.

    Args:
        title: its name, as the notebook's heading has it.
        judge: takes the answer; returns None when it is right, else one or two sentences that say
            what is wrong and where to look.
        nudge: the hint for somebody who has not begun.
        answer: the solution as Python source; it defines the name that the notebook's cell defines.
    """

    title: str
    judge: Callable
    nudge: str
    answer: str

    def check(self, answer):
        """Says in one line whether the answer is right, and if not, what to look at.

        Args:
            answer: what the cell defines; `...`, None, or a function that returns `...` counts as
                not begun.
        """
        print(self.verdict(answer))

    def verdict(self, answer):
        """Returns the line that `check` prints: it begins with "Correct", "Not yet" or "Not quite"."""
        if is_blank(answer):
            return f"Not yet: {self.title} waits for your answer in place of the dots."
        try:
            complaint = self.judge(answer)
        except Blank:
            return f"Not yet: {self.title} waits for your answer in place of the dots."
        except Exception as error:  # a student's code may raise anything; the notebook goes on
            return f"Not quite: your code stopped with {type(error).__name__}: {error}"
        return f"Not quite: {complaint}" if complaint else f"Correct. {self.title} is done."

    def hint(self):
        """Prints a hint that gives the direction and not the answer."""
        print(f"Hint: {self.nudge}")

    def solution(self):
        """Prints the solution's source."""
        print(self.answer)


class Blank(Exception):
    """An answer is a function whose body is still `...`."""


def is_blank(answer):
    """True for a placeholder: `...` or None."""
    return answer is ... or answer is None


def close(found, expected):
    """True when shapes agree and values do, to the accuracy of float32."""
    expected = np.asarray(expected)
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-4, atol=1e-5)


def draws(seed, *shape):
    """Returns normal numbers of a shape to try an answer on, float32, the same for a seed on every machine."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def tensors(*arrays):
    """Returns arrays as tensors of the backend; torch does not always add the two."""
    import keras

    return [keras.ops.convert_to_tensor(array) for array in arrays]


def stacked(pair):
    """Lets a tuple of scalars pass for a tensor; a blank in it stands for a blank answer."""
    import keras

    if not isinstance(pair, (tuple, list)):
        return pair
    if any(is_blank(part) for part in pair):
        return None
    return keras.ops.stack([keras.ops.cast(part, "float32") for part in pair])


def judged(function, *args):
    """Calls a student's function on arrays, or else on tensors, and returns its result as a float64 array.

    Args:
        function: the student's function.
        args: its arguments.

    Returns:
        The result as a NumPy array, from any backend's tensor.

    Raises:
        Blank: if the function returns `...` or None.
    """
    import keras  # not at import: the exercises of a page may be listed without a backend

    try:
        result = function(*args)
    except TypeError:  # an array and a tensor of torch cannot always be added
        result = function(*tensors(*args))
    if is_blank(result):
        raise Blank
    return np.asarray(keras.ops.convert_to_numpy(result), "float64")
