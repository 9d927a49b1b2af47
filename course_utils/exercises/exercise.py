"""What all tasks have, `Task`, and the kind that is judged, `Exercise`; `open_tasks` has the other two.

All of them have `check`, `hint` (a step at a time) and `solution`; none of them ever raises because of an answer.
"""

import ast
import dataclasses
import sys
import zlib
from collections.abc import Callable

import numpy as np

from . import calling, comparing, gradients, progress
from .calling import Blank, Complaint, arrays, is_blank, precise

SEED = 1  # of the inputs that students see; tests and grading take others
DONE, BLANK, WRONG = "Correct", "Not yet", "Not quite"


@dataclasses.dataclass(frozen=True, repr=False)
class Task:
    """What all tasks have.

    Args:
        title: the notebook's heading, "Exercise 1 · What is left out".
        question: what to do, as Markdown: what comes in (arrays or tensors, shapes), what goes out, which formula.
        start: the cell's source up to the check, with dots to fill in or, for a repair, the broken code.
        hints: a tuple of steps, from a direction to nearly everything; only the last may hold the formula.
        code: the solution as source; it defines the names that `start` defines.
        why: why the solution is right, one paragraph of Markdown.
    """

    title: str
    question: str
    start: str
    hints: tuple
    code: str
    why: str

    def __repr__(self):  # `exercises.vae.kl.hint` without parentheses shows this, so it must not hold the answer
        return f"<{type(self).__name__} {self.title!r}: use .check(…), .hint() or .solution()>"

    @property
    def names(self):
        """The names that an answer defines, in order."""
        return [name for node in ast.parse(self.start).body for name in _defined(node)]

    def check(self, *answer):
        """Prints one thing: that nothing is there yet, what is wrong, or that the answer is right."""
        print(self.verdict(*answer))

    def verdict(self, *answer, seed=SEED):
        """Returns what `check` prints: it begins with "Correct", "Not yet" or "Not quite".

        Args:
            answer: what the cell defines.
            seed: int ≥ 0, chooses the inputs on which it is tried.
        """
        try:
            if any(map(is_blank, answer)):
                raise Blank
            said, done = self._judge(*answer, rng=np.random.default_rng([seed, zlib.crc32(self.title.encode())])), True
        except Blank as blank:
            return f"{BLANK}: {str(blank) or 'put your answer in place of the dots'}."
        except Complaint as complaint:
            said, done = f"{WRONG}: {complaint}", False
        progress.tried(self, done)
        return said

    def hint(self):
        """Prints the next hint; the last one again when there is no other."""
        step = progress.next_hint(self)
        more = "" if step < len(self.hints) else " There are no more; `.solution()` shows a solution and says why."
        print(f"Hint {step} of {len(self.hints)}: {self.hints[step - 1]}{more}")

    def solution(self):
        """Shows a solution, and why it is one; in a notebook as formatted code."""
        if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
            from IPython.display import Markdown, display

            display(Markdown(self.solved()))
        else:
            print(self.solved())

    def solved(self):
        """Returns the solution as Markdown, as the notebook folds it."""
        return f"```python\n{self.code}```\n\n{self.why}"


def _defined(node):
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    return [target.id for target in getattr(node, "targets", ())]


@dataclasses.dataclass(frozen=True, repr=False)
class Exercise(Task):
    """A function to write or to repair, judged on inputs that differ in shape, size and every argument.

    Args:
        cases: rng -> list of tuples of arguments. The smallest wrong one is shown, so let some be small.
        given: how arrays are handed over: `arrays`, float32 that NumPy, keras.ops and the backend's functions all take,
            or `tensors`, where later cells differentiate or compile the answer.
        expected: the reference in NumPy, takes the same arguments in float64 and returns a number, an array or a tuple.
            None where only laws can judge, as for draws.
        slips: pairs (function with a typical mistake, hint); it is recognised when it agrees in all cases.
        laws: functions (ask, rng) -> None or a sentence, tried when all cases are right. `ask(*args, shape=...)` calls
            the answer and returns float64 arrays, of that shape if it is given. For randomness, extremes, invariances.
        gradient: number of the argument with respect to which the answer has to be differentiable, or None; needs
            `given=tensors`. The gradient is compared with finite differences of the reference.
        probe: (answer, *args) -> numbers, for answers that are no functions of arrays, such as a game to build or the
            loss of networks (`value_and_slopes`). The reference and the slips then go the same way as the answer.
        broken: what `start` does, for a repair; an answer that still does so is "not yet".
    """

    cases: Callable = lambda rng: ()
    given: Callable = arrays
    expected: Callable | None = None
    slips: tuple = ()
    laws: tuple = ()
    gradient: int | None = None
    probe: Callable | None = None
    broken: Callable | None = None

    def use(self, answer, otherwise=None):
        """Checks an answer and returns it if it is right, else `otherwise` or the reference: later cells run anyhow."""
        said = self.verdict(answer)
        right = said.startswith(DONE)
        print(said if right else f"{said}\nUntil it is right, the cells below use the package's own.")
        return answer if right else otherwise or self.expected

    def _judge(self, answer, rng):
        if not callable(answer):
            name = self.names[0]
            raise Complaint(
                f"{name} is {calling.kind(answer)}, expected a function: keep the line that defines {name}."
            )
        cases = self.cases(rng)
        found = [self._found(answer, args) for args in cases]
        if self.expected:
            self._compare(cases, found)
        if self.gradient is not None:
            for args in cases:
                fault = gradients.fault(answer, self.expected, args, self.gradient, rng)
                if fault:
                    raise Complaint(f"the values are right, but {fault}")
        for law in self.laws:
            complaint = law(lambda *args, shape=None: self._asked(answer, args, shape), rng)
            if complaint:
                raise Complaint(complaint)
        return f"{DONE}: {self.title}.{self._remark(answer, cases)}"

    def _found(self, answer, args):
        given = tuple(map(self.given, args))
        with calling.unmoved(args):
            if self.probe is None:
                return calling.numbers(calling.call(answer, given))
            return calling.numbers(calling.call(lambda: self.probe(answer, *given), ()))

    def _remark(self, answer, cases):
        """A right answer may still spoil what its caller owns."""
        if self.probe or self.given is not arrays or not cases:
            return ""
        names = calling.changed(answer, cases[0])
        return f"\nMind: it changes its argument {names[0]}, which the caller may still need." if names else ""

    def _asked(self, answer, args, shape):
        found = self._found(answer, args)
        fault = shape is not None and comparing.shape_fault(found, np.empty(shape))
        if fault:
            raise Complaint(f"{fault}.")
        return found

    def _results(self, function, args):
        given = tuple(map(self.given if self.probe else precise, args))
        with np.errstate(all="ignore"), calling.unmoved(args):
            return calling.numbers(self.probe(function, *given) if self.probe else function(*given))

    def _compare(self, cases, found):
        right = [self._results(self.expected, args) for args in cases]
        found = [comparing.fitted(f, r) for f, r in zip(found, right)]
        if all(map(comparing.close, found, right)):
            return
        if self.broken and self._agrees(self.broken, cases, found, right):
            raise Blank("the code still does what it did when it was handed out")
        known = next((hint for wrong, hint in self.slips if self._agrees(wrong, cases, found, right)), None)
        order = sorted(range(len(cases)), key=lambda i: comparing.size(cases[i]))
        for fault in (self._shape, self._infinite):
            said = next((s for s in (fault(cases[i], found[i], right[i]) for i in order) if s), None)
            if said:
                raise Complaint(f"{said}. {_sentence(known)}" if known else f"{said}.")
        if known:
            raise Complaint(known)
        i = next(i for i in order if not comparing.close(found[i], right[i]))
        part = sum(map(comparing.close, found, right))
        raise Complaint(
            (f"right for {part} of {len(cases)} inputs, but for" if part else "for")
            + f" {comparing.described(self.expected, cases[i])}\n"
            f"    expected  {comparing.shown(right[i])}\n    got       {comparing.shown(found[i])}"
        )

    def _agrees(self, wrong, cases, found, right):
        """True when the answer does what a function with a known mistake does, wherever that one is defined."""
        same = []
        for args, f, r in zip(cases, found, right):
            try:
                mistaken = comparing.fitted(self._results(wrong, args), r)
            except Exception:  # a slip need not cover every case
                continue
            same.append(comparing.close(f, mistaken))
        return bool(same) and all(same)

    def _shape(self, args, found, right):
        fault = comparing.shape_fault(found, right)
        return fault and f"{fault}, for {comparing.described(self.expected, args)}"

    def _infinite(self, args, found, right):
        if comparing.is_finite(found) or not comparing.is_finite(right):
            return None
        said = f"the result is not finite for {comparing.described(self.expected, args)}: got {comparing.shown(found)}"
        return f"{said}, expected {comparing.shown(right)}"


def _sentence(text):
    text = str(text)
    return text[0].upper() + text[1:]
