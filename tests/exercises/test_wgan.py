"""Each check accepts the reference and turns typical wrong answers down with the hint that helps."""

import re
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from course_utils.exercises import wgan

ALL = [wgan.earth_mover, wgan.critic_loss, wgan.lower_bound, wgan.slope_bound, wgan.hinge]


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


def ranked(a, b):
    return np.sort(a) - np.sort(b)


def slopes(x, y, f, g):
    return np.abs(f[:, None] - g) / np.linalg.norm(x[:, None] - y, axis=-1)


def all_slopes(x, y, f, g):
    x, f = np.concatenate([x, y]), np.concatenate([f, g])
    with np.errstate(invalid="ignore"):
        return np.abs(f[:, None] - f) / np.linalg.norm(x[:, None] - x, axis=-1)


def gap(f, g):
    return f.mean() - g.mean()


def biggest(kernels):
    return np.array([np.linalg.norm(k, 2) for k in kernels])


WRONG = [
    (wgan.earth_mover, lambda a, b: np.abs(a - b).mean(), "sort both"),
    (wgan.earth_mover, lambda a, b: ranked(b, a).mean(), "two means"),
    (wgan.earth_mover, lambda a, b: np.abs(ranked(a, b)).sum(), "1/n"),
    (wgan.earth_mover, lambda a, b: np.sqrt(np.square(ranked(a, b)).mean()), "W₂"),
    (wgan.earth_mover, lambda a, b: np.abs(ranked(a, b)), "take the mean"),
    (wgan.critic_loss, lambda f, g: ops.mean(f) - ops.mean(g), "sign"),
    (wgan.critic_loss, lambda f, g: ops.abs(ops.mean(f) - ops.mean(g)), "absolute value"),
    (wgan.critic_loss, lambda f, g: ops.mean(f * g), "6.9"),
    (wgan.critic_loss, lambda f, g: g - f, "one number per example"),
    (wgan.critic_loss, lambda f, g: ops.mean(ops.softplus(-f)) + ops.mean(ops.softplus(g)), "cross entropy"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g), "divide"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) * slopes(x, y, f, g).max(), "instead of multiplying"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) / slopes(x, y, f, g).mean(), "mean slope"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) / np.abs(np.concatenate([f, g])).max(), "6.10"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) / all_slopes(x, y, f, g).max(), "not finite"),
    (wgan.slope_bound, lambda ks: np.prod([np.linalg.norm(k) for k in ks]), "Frobenius"),
    (wgan.slope_bound, lambda ks: biggest(ks).sum(), "multiply"),
    (wgan.slope_bound, lambda ks: biggest(ks).max(), "alone"),
    (wgan.slope_bound, lambda ks: np.prod([np.abs(k).max() for k in ks]), "singular value"),
    (wgan.hinge, lambda f, g: ops.mean(f * g), "6.9"),
    (wgan.hinge, lambda f, g: ops.mean(ops.relu(1 + f)) + ops.mean(ops.relu(1 - g)), "swapped"),
    (wgan.hinge, lambda f, g: ops.mean(ops.relu(1 - f * g)), "label"),
    (wgan.hinge, lambda f, g: ops.mean(1 - f) + ops.mean(1 + g), "missing"),
    (wgan.hinge, lambda f, g: ops.relu(1 - f) + ops.relu(1 + g), "one number per example"),
]


@pytest.mark.parametrize("exercise, answer, word", WRONG)
def test_a_wrong_answer_gets_the_hint_that_helps(exercise, answer, word):
    verdict = exercise.verdict(answer)
    assert verdict.startswith("Not quite") and word in verdict


def test_every_exercise_turns_down_at_least_two_wrong_answers():
    for exercise in ALL:
        assert sum(e is exercise for e, _, _ in WRONG) >= 2


def test_a_bound_from_all_pairs_is_accepted_too():
    def all_pairs(x, y, f, g):
        return gap(f, g) / np.nanmax(all_slopes(x, y, f, g))

    assert wgan.lower_bound.verdict(all_pairs).startswith("Correct")


TWIN = Path(__file__).parents[2] / "notebooks" / "text" / "06_wgan.py"


def test_the_notebook_folds_exactly_these_solutions():
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in TWIN.read_text("utf-8").splitlines())
    folded = re.findall(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n</details>", text, re.S)
    assert folded == [exercise.answer for exercise in ALL]
