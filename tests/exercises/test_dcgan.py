"""Each check accepts the reference and turns typical wrong answers down with the hint that helps."""

import re
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from course_utils.exercises import dcgan

ALL = [dcgan.writers, dcgan.slerp, dcgan.soft_loss, dcgan.analogy]


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


count, arc = reference(dcgan.writers), reference(dcgan.slerp)


def set_to_one(kernel, stride, inputs):
    return np.minimum(count(kernel, stride, inputs), 1)


def all_alike(kernel, stride, inputs):
    return np.full(stride * (inputs - 1) + kernel, 2)


def scaled_line(a, b, t):
    line = (1 - t) * a + t * b
    return line / np.linalg.norm(line) * np.linalg.norm(a)


def no_norms(a, b, t):
    angle = np.arccos(np.clip(np.sum(a * b), -1, 1))
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def soft(f, y):
    return ops.softplus(f) - y * f


def by_sigmoid(f, y):
    d = np.asarray(1 / (1 + np.exp(-ops.convert_to_numpy(f).astype("float64"))))
    y = ops.convert_to_numpy(y)
    with np.errstate(all="ignore"):
        return np.mean(-y * np.log(d) - (1 - y) * np.log(1 - d))


WRONG = [
    (dcgan.writers, set_to_one, "add to the count"),
    (dcgan.writers, all_alike, "add up"),
    (dcgan.writers, lambda k, s, n: count(k, s, n)[: s * n] if k > s else count(k, s, n), "padding"),
    (dcgan.writers, lambda k, s, n: count(k, s, n)[:-1][: s * (n - 1) + k - 1], "kernel"),
    (dcgan.writers, lambda k, s, n: int(count(k, s, n).max()), "one count for each output"),
    (dcgan.slerp, lambda a, b, t: (1 - t) * a + t * b, "straight line"),
    (dcgan.slerp, lambda a, b, t: arc(b, a, t), "other way"),
    (dcgan.slerp, scaled_line, "speed"),
    (dcgan.slerp, no_norms, "not finite"),
    (dcgan.slerp, lambda a, b, t: np.linalg.norm(arc(a, b, t)), "shape"),
    (dcgan.soft_loss, soft, "take the mean"),
    (dcgan.soft_loss, lambda f, y: -ops.mean(soft(f, y)), "sign"),
    (dcgan.soft_loss, lambda f, y: ops.mean(soft(-f, y)), "exchanged"),
    (dcgan.soft_loss, lambda f, y: ops.mean(ops.softplus(f)), "not used"),
    (dcgan.soft_loss, lambda f, y: ops.mean(soft(f, ops.cast(y > 0.5, "float32"))), "rounded"),
    (dcgan.soft_loss, by_sigmoid, "at a logit of 200"),
    (dcgan.analogy, lambda a, b, c: a - b + c, "three latents still"),
    (dcgan.analogy, lambda a, b, c: (a - b + c).sum(0), "sums, not means"),
    (dcgan.analogy, lambda a, b, c: (a - b + c).mean(0) / 3, "no division by three"),
    (dcgan.analogy, lambda a, b, c: (b - a + c).mean(0), "exchanged"),
    (dcgan.analogy, lambda a, b, c: a[0] - b[0] + c[0], "off the shell"),
    (dcgan.analogy, lambda a, b, c: (a - b + c).mean(1), "axis 0"),
]


@pytest.mark.parametrize("exercise, answer, word", WRONG)
@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
def test_a_wrong_answer_gets_the_hint_that_helps(exercise, answer, word):
    verdict = exercise.verdict(answer)
    assert verdict.startswith("Not quite") and word in verdict


def test_every_exercise_turns_down_at_least_two_wrong_answers():
    for exercise in ALL:
        assert sum(e is exercise for e, _, _ in WRONG) >= 2


TWIN = Path(__file__).parents[2] / "notebooks" / "text" / "05_dcgan.py"


def test_the_notebook_folds_exactly_these_solutions():
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in TWIN.read_text("utf-8").splitlines())
    folded = re.findall(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n</details>", text, re.S)
    assert folded == [exercise.answer for exercise in ALL]
