"""Each check accepts the reference and turns typical wrong answers down with the hint that helps."""

import re
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from course_utils.exercises import gan

ALL = [gan.discriminator, gan.generator, gan.best, gan.alternate, gan.modes]


def reference(exercise):
    names = {"np": np, "ops": ops}
    before = set(names)
    exec(exercise.answer, names)
    (name,) = set(names) - before - {"__builtins__"}
    return names[name]


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.title)
def test_the_reference_is_accepted(exercise):
    assert exercise.verdict(reference(exercise)).startswith("Correct")


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.title)
def test_a_placeholder_is_not_yet_and_raises_nothing(exercise, capsys):
    for blank in (..., None, lambda *args: ..., lambda *args: None):
        exercise.check(blank)
        assert capsys.readouterr().out.startswith("Not yet")


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.title)
def test_code_that_crashes_is_reported_and_raises_nothing(exercise):
    verdict = exercise.verdict(lambda *args: 1 / 0)
    assert verdict.startswith("Not quite") and "ZeroDivisionError" in verdict


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.title)
def test_hint_and_solution_print_something(exercise, capsys):
    exercise.hint()
    exercise.solution()
    printed = capsys.readouterr().out
    assert exercise.nudge in printed and exercise.answer in printed


def sp(x):
    return ops.softplus(x)


def distances(samples, centers):
    return np.linalg.norm(samples[:, None] - centers, axis=-1)


WRONG = [
    (gan.discriminator, lambda r, f: ops.mean(sp(r)) + ops.mean(sp(-f)), "swapped"),
    (gan.discriminator, lambda r, f: -ops.mean(sp(-r)) - ops.mean(sp(f)), "sign"),
    (gan.discriminator, lambda r, f: 0.5 * (ops.mean(sp(-r)) + ops.mean(sp(f))), "half"),
    (gan.discriminator, lambda r, f: sp(-r) + sp(f), "one number"),
    (gan.discriminator, lambda r, f: ops.sum(sp(-r)) + ops.sum(sp(f)), "sum"),
    (gan.discriminator, lambda r, f: ops.mean(sp(-r)), "missing"),
    (
        gan.discriminator,
        lambda r, f: -ops.mean(ops.log(ops.sigmoid(r))) - ops.mean(ops.log(1 - ops.sigmoid(f))),
        "softplus",
    ),
    (gan.discriminator, lambda r, f: ops.mean(ops.square(r - 1)) + ops.mean(ops.square(f)), "1.386"),
    (gan.generator, lambda f: -ops.mean(sp(f)), "saturating"),
    (gan.generator, lambda f: -ops.mean(sp(-f)), "sign"),
    (gan.generator, lambda f: ops.mean(sp(f)), "recognised"),
    (gan.generator, lambda f: -ops.mean(f), "lecture 06"),
    (gan.generator, lambda f: sp(-f), "one number"),
    (gan.generator, lambda f: ops.mean(ops.square(f - 1)), "0.693"),
    (gan.best, lambda p, q: q / (p + q), "generated"),
    (gan.best, lambda p, q: p, "alone"),
    (gan.best, lambda p, q: p / q, "ratio"),
    (gan.best, lambda p, q: (p > q).astype(float), "decision"),
    (gan.best, lambda p, q: p / (p + q + 1e-7), "constant"),
    (gan.best, lambda p, q: 0.5 * p / (0.5 * p + q), "¾"),
    (gan.alternate, lambda x, y, e: (x - e * y, y + e * x), "simultaneous"),
    (gan.alternate, lambda x, y, e: (x + e * y, y + e * (x + e * y)), "wrong way"),
    (gan.alternate, lambda x, y, e: (x - e * y, y - e * (x - e * y)), "maximises"),
    (gan.alternate, lambda x, y, e: (x - e * (y + e * x), y + e * x), "moves first"),
    (gan.alternate, lambda x, y, e: x - e * y, "two numbers"),
    (gan.modes, lambda s, c, r: len(set(distances(s, c).argmin(1))), "however far"),
    (gan.modes, lambda s, c, r: (distances(s, c) <= r).sum(), "good samples"),
    (gan.modes, lambda s, c, r: (distances(s, c) <= r).any(0).mean(), "share"),
    (gan.modes, lambda s, c, r: (distances(s, c) <= r).any(0), "one number"),
    (gan.modes, lambda s, c, r: 3, "not right"),
]


@pytest.mark.parametrize("exercise, answer, word", WRONG)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_wrong_answer_gets_the_hint_that_helps(exercise, answer, word):
    verdict = exercise.verdict(answer)
    assert verdict.startswith("Not quite") and word in verdict


def test_every_exercise_turns_down_at_least_two_wrong_answers():
    for exercise in ALL:
        assert sum(e is exercise for e, _, _ in WRONG) >= 2


def test_the_best_discriminator_may_be_computed_by_the_backend():
    def answer(p, q):
        p, q = ops.convert_to_tensor(p), ops.convert_to_tensor(q)
        return p / (p + q)

    assert gan.best.verdict(answer).startswith("Correct")


TWIN = Path(__file__).parents[2] / "notebooks" / "text" / "04_simple_gan.py"


def test_the_notebook_folds_exactly_these_solutions():
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in TWIN.read_text("utf-8").splitlines())
    folded = re.findall(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n</details>", text, re.S)
    assert folded == [exercise.answer for exercise in ALL]
