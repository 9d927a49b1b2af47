"""Each check accepts the reference and turns typical wrong answers down with the hint that helps."""

import re
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from course_utils import exercises
from course_utils.exercises import vae

ALL = [vae.kl, vae.sample, vae.beta, vae.concept, vae.log_likelihood]


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


def per_axis(m, v):
    return 0.5 * (np.exp(v) + m**2 - 1 - v)


def ends(codes, a):
    low, high = np.quantile(a, [0.2, 0.8])
    return codes[a >= high], codes[a <= low]


WRONG = [
    (vae.kl, lambda m, v: per_axis(m, v).mean(-1), "latent_dim"),
    (vae.kl, lambda m, v: per_axis(m, v).sum(), "last axis"),
    (vae.kl, lambda m, v: per_axis(m, v), "one number per latent axis"),
    (vae.kl, lambda m, v: -per_axis(m, v).sum(-1), "sign"),
    (vae.kl, lambda m, v: 2 * per_axis(m, v).sum(-1), "½"),
    (vae.kl, lambda m, v: per_axis(m, 0.5 * v).sum(-1), "equal"),
    (vae.sample, lambda m, v, e: m + np.exp(v) * e, "1.9"),
    (vae.sample, lambda m, v, e: m + v * e, "exponential"),
    (vae.sample, lambda m, v, e: m + 0.5 * np.exp(v) * e, "inside"),
    (vae.sample, lambda m, v, e: m, "plain autoencoder"),
    (vae.beta, lambda lam, p, k: lam, "means hide"),
    (vae.beta, lambda lam, p, k: lam * p / k, "factor 2"),
    (vae.beta, lambda lam, p, k: 2 * lam * p, "latent_dim"),
    (vae.beta, lambda lam, p, k: 2 * lam * k / p, "upside down"),
    (vae.concept, lambda c, a: ends(c, a)[1].mean(0) - ends(c, a)[0].mean(0), "wrong way"),
    (vae.concept, lambda c, a: ends(c, a)[0].mean(0), "subtract"),
    (vae.concept, lambda c, a: ends(c, a)[0].mean() - ends(c, a)[1].mean(), "axis 0"),
    (vae.concept, lambda c, a: c[a > 0].mean(0) - c[a <= 0].mean(0), "quantiles"),
    (vae.log_likelihood, lambda w: w.mean(0), "ELBO"),
    (vae.log_likelihood, lambda w: np.logaddexp.reduce(w, 0), "log K"),
    (vae.log_likelihood, lambda w: np.log(np.exp(w.astype("float64")).mean(0)), "underflow"),
    (vae.log_likelihood, lambda w: np.logaddexp.reduce(w, 1) - np.log(w.shape[1]), "axis 0"),
]


@pytest.mark.parametrize("exercise, answer, word", WRONG)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_wrong_answer_gets_the_hint_that_helps(exercise, answer, word):
    verdict = exercise.verdict(answer)
    assert verdict.startswith("Not quite") and word in verdict


def test_every_exercise_turns_down_at_least_two_wrong_answers():
    for exercise in ALL:
        assert sum(e is exercise for e, _, _ in WRONG) >= 2


def test_answers_may_come_from_any_backend():
    assert exercises.vae.sample.verdict(lambda m, v, e: ops.add(m, ops.exp(0.5 * v) * e))[:7] == "Correct"


TWIN = Path(__file__).parents[2] / "notebooks" / "text" / "01_vae.py"


def test_the_notebook_folds_exactly_these_solutions():
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in TWIN.read_text("utf-8").splitlines())
    folded = re.findall(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n</details>", text, re.S)
    assert folded == [exercise.answer for exercise in ALL]
