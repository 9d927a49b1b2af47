"""Tasks without one right answer: a `Prediction` is compared with what is measured, an `Experiment` with a rubric."""

import dataclasses
from collections.abc import Callable

import numpy as np

from . import calling, progress
from .calling import Complaint
from .exercise import Task


@dataclasses.dataclass(frozen=True, repr=False)
class Prediction(Task):
    """A number that is asked for before a cell is executed, and compared afterwards: no wrong guess costs anything.

    Args:
        unit: what the number counts, such as "dB"; "" for none.
        near: relative distance up to which a guess is called near.
        slips: pairs (function of the measured number, hint) for guesses that a typical thought leads to.
    """

    unit: str = ""
    near: float = 0.15
    slips: tuple = ()

    def _judge(self, guess, rng):
        progress.guess(self, _number(guess))
        return f"Noted: you expect {self._with_unit(_number(guess))}. Now run the next cell."

    def compare(self, measured):
        """Prints the guess beside what was measured, and what to think about when they part.

        Args:
            measured: the number that the cell has found.
        """
        guess, measured = progress.guess(self), float(measured)
        print(f"measured {self._with_unit(measured)}", end="")
        if guess is None:
            return print("; you had not said a number before. Next time guess first: it is how surprises happen.")
        print(f", you expected {self._with_unit(guess)}", end="")
        if self._is_near(guess, measured):
            return print(". That is near.")
        thought = next((hint for wrong, hint in self.slips if self._is_near(guess, wrong(measured))), None)
        print(f". {thought or 'What did you not think of? `.hint()` asks a question, `.solution()` explains.'}")

    def _is_near(self, guess, value):
        return abs(guess - value) <= self.near * abs(value) + 1e-12

    def _with_unit(self, value):
        return f"{value:.4g} {self.unit}".strip()


def _number(guess):
    try:
        value = float("no" if isinstance(guess, str) else guess)
    except (TypeError, ValueError):
        raise Complaint(f"found {calling.kind(guess)}, expected one number.") from None
    if not np.isfinite(value):
        raise Complaint(f"found {value}, expected one finite number.")
    return value


@dataclasses.dataclass(frozen=True, repr=False)
class Experiment(Task):
    """An open experiment: what was measured and what follows from it, to be compared with a rubric.

    Args:
        sound: measured -> None or a sentence, a test of plausibility such as "three noise levels at least".
        rubric: a tuple of sentences, what a good answer holds; `solution()` shows them.
        words: how many the conclusion has at least.
    """

    sound: Callable = lambda measured: None
    rubric: tuple = ()
    words: int = 8

    def _judge(self, measured, conclusion, rng):
        try:
            complaint = self.sound(measured)
        except Exception as error:  # whatever was measured, the notebook goes on
            complaint = f"what was measured cannot be read ({type(error).__name__}: {error}); see the question."
        if complaint:
            raise Complaint(complaint)
        if not isinstance(conclusion, str) or len(conclusion.split()) < self.words:
            raise Complaint(
                f"the measurement is in order; now write what follows from it, in {self.words} words or more."
            )
        return f"Done. Compare your conclusion with the {len(self.rubric)} points of `.solution()`, and be strict."

    def solved(self):
        points = "\n".join(f"- {point}" for point in self.rubric)
        return f"{super().solved()}\n\nA good answer says:\n\n{points}"
