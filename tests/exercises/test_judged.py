"""The exercises that are still to be rewritten: each takes its reference, and wrong answers get the hint that helps."""

import importlib
import re
from pathlib import Path

import pytest
from mistakes import reference

from course_utils import exercises
from course_utils.exercises import judged

LECTURES = {
    f"{number:02d}": [e for e in vars(lecture).values() if isinstance(e, judged.Exercise)]
    for number, lecture in enumerate(exercises.LECTURES)
    if not exercises.tasks(lecture)
}
EACH = pytest.mark.parametrize("exercise", [e for some in LECTURES.values() for e in some], ids=lambda e: e.title)
WRONG = [
    wrong
    for lecture in exercises.LECTURES
    if not exercises.tasks(lecture)
    for wrong in importlib.import_module(f"mistakes.{lecture.__name__.split('.')[-1]}").WRONG
]


@EACH
def test_the_reference_is_accepted(exercise):
    assert exercise.verdict(reference(exercise)).startswith("Correct")


@EACH
def test_a_placeholder_is_not_yet_and_raises_nothing(exercise, capsys):
    for blank in (..., None, lambda *args: ..., lambda *args: None):
        exercise.check(blank)
        assert capsys.readouterr().out.startswith("Not yet")


@pytest.mark.parametrize("exercise, answer, words", WRONG, ids=[f"{e.title[:10]} {w}" for e, _, w in WRONG])
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_wrong_answer_gets_the_hint_that_helps(exercise, answer, words):
    verdict = exercise.verdict(answer)
    assert verdict.startswith("Not quite") and words in verdict


@pytest.mark.parametrize("number", LECTURES)
def test_a_notebook_folds_exactly_these_solutions(number):
    (twin,) = (Path(__file__).parents[2] / "notebooks" / "text").glob(f"{number}_*.py")
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in twin.read_text("utf-8").splitlines())
    folded = re.findall(r"<details><summary>Solution</summary>\n\n```python\n(.*?)```\n\n</details>", text, re.S)
    assert folded == [exercise.answer for exercise in LECTURES[number]]
