"""Each check accepts the reference and turns typical wrong answers down with the hint that helps."""

import re
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from mistakes import aae, alae, autoencoders, biggan, dcgan, gan, reference, stylegan, vae, wgan, wgan_gp

from course_utils import exercises

LECTURES = {
    "00_autoencoders": exercises.autoencoders,
    "01_vae": exercises.vae,
    "02_aae": exercises.aae,
    "03_alae": exercises.alae,
    "04_simple_gan": exercises.gan,
    "05_dcgan": exercises.dcgan,
    "06_wgan": exercises.wgan,
    "07_wgan_gp": exercises.wgan_gp,
    "08_biggan": exercises.biggan,
    "09_stylegan": exercises.stylegan,
}
ALL = {
    notebook: [found for found in vars(lecture).values() if isinstance(found, exercises.Exercise)]
    for notebook, lecture in LECTURES.items()
}
EACH = pytest.mark.parametrize("exercise", [e for some in ALL.values() for e in some], ids=lambda e: e.title)
WRONG = [
    wrong
    for module in (autoencoders, vae, aae, alae, gan, dcgan, wgan, wgan_gp, biggan, stylegan)
    for wrong in module.WRONG
]


@EACH
def test_the_reference_is_accepted(exercise):
    assert exercise.verdict(reference(exercise)).startswith("Correct")


@EACH
def test_a_placeholder_is_not_yet_and_raises_nothing(exercise, capsys):
    for blank in (..., None, lambda *args: ..., lambda *args: None):
        exercise.check(blank)
        assert capsys.readouterr().out.startswith("Not yet")


@EACH
def test_code_that_crashes_is_reported_and_raises_nothing(exercise):
    verdict = exercise.verdict(lambda *args: 1 / 0)
    assert verdict.startswith("Not quite") and "ZeroDivisionError" in verdict


@EACH
def test_hint_and_solution_print_something(exercise, capsys):
    exercise.hint()
    exercise.solution()
    printed = capsys.readouterr().out
    assert exercise.nudge in printed and exercise.answer in printed


@pytest.mark.parametrize("exercise, answer, words", WRONG, ids=[f"{e.title[:10]} {w}" for e, _, w in WRONG])
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_wrong_answer_gets_the_hint_that_helps(exercise, answer, words):
    verdict = exercise.verdict(answer)
    assert verdict.startswith("Not quite") and words in verdict


@EACH
def test_every_exercise_turns_down_at_least_two_wrong_answers(exercise):
    assert sum(e is exercise for e, _, _ in WRONG) >= 2


@pytest.mark.parametrize("notebook", LECTURES)
def test_a_notebook_folds_exactly_these_solutions(notebook):
    (twin,) = (Path(__file__).parents[2] / "notebooks").rglob(f"{notebook}.py")  # a draft's too
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in twin.read_text("utf-8").splitlines())
    folded = re.findall(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n</details>", text, re.S)
    assert folded == [exercise.answer for exercise in ALL[notebook]]


def best_by_the_backend(p, q):
    p, q = ops.convert_to_tensor(p), ops.convert_to_tensor(q)
    return p / (p + q)


def bound_from_all_pairs(x, y, f, g):
    return wgan.gap(f, g) / np.nanmax(wgan.all_slopes(x, y, f, g))


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.vae.sample, lambda m, v, e: ops.add(m, ops.exp(0.5 * v) * e)),
        (exercises.vae.sample, lambda m, v, e: m + np.exp(0.5 * v) * e),
        (exercises.gan.best, best_by_the_backend),
        (exercises.wgan.lower_bound, bound_from_all_pairs),
        (exercises.wgan_gp.relatives, lambda g: tuple(reference(exercises.wgan_gp.relatives)(g))),
    ],
)
def test_other_right_answers_are_accepted_too(exercise, answer):
    assert exercise.verdict(answer).startswith("Correct")


def test_half_an_answer_is_not_yet():
    assert exercises.wgan_gp.relatives.verdict(lambda g: (..., ...)).startswith("Not yet")
