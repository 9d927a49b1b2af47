"""Right answers are taken, wrong ones are turned down with the words that help, on inputs that no run repeats."""

import ast
import importlib
import os
import secrets
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import exercises
from course_utils.exercises import Exercise, Experiment, Prediction

SEED = int(os.environ.get("COURSE_TEST_SEED") or secrets.randbelow(2**31))
TWINS = Path(__file__).parents[2] / "notebooks" / "text"
CONCLUSION = "This is what I conclude from what was measured above."
LEAST = {Exercise: (4, 6), Prediction: (1, 2), Experiment: (2, 3)}  # right and wrong answers
TASKS = {
    (lecture.__name__.split(".")[-1], name): task
    for lecture in exercises.LECTURES
    for name, task in exercises.tasks(lecture).items()
}
TABLES = {lecture: importlib.import_module(f"answers.{lecture}") for lecture, _ in TASKS}
EACH = pytest.mark.parametrize("lecture, name", TASKS, ids=[f"{lecture}.{name}" for lecture, name in TASKS])
EXERCISES = {key: task for key, task in TASKS.items() if isinstance(task, Exercise)}
EACH_EXERCISE = pytest.mark.parametrize("task", EXERCISES.values(), ids=[".".join(key) for key in EXERCISES])
RIGHT = [
    pytest.param(TASKS[key], answer, id=f"{'.'.join(key)} {number}")
    for key in TASKS
    for number, answer in enumerate(TABLES[key[0]].RIGHT.get(key[1], ()))
]
WRONG = [
    pytest.param(TASKS[key], answer, words, id=f"{'.'.join(key)} {number} {words}")
    for key in TASKS
    for number, (answer, words) in enumerate(TABLES[key[0]].WRONG.get(key[1], ()))
]


def said(task, answer, capsys):
    """What a student reads in the end, whatever the kind of task."""
    if isinstance(task, Prediction):
        task.check(answer[0])
        task.compare(answer[1])
        return capsys.readouterr().out
    if isinstance(task, Experiment):
        return task.verdict(answer, CONCLUSION)
    return f"{task.verdict(answer, seed=SEED)} (seed {SEED})"


@pytest.mark.parametrize("task, answer", RIGHT)
def test_a_right_answer_is_taken(task, answer, capsys):
    text = said(task, answer, capsys)
    if isinstance(task, Exercise):
        assert text.startswith("Correct: "), text
    else:
        assert ("That is near" if isinstance(task, Prediction) else "Done") in text


@pytest.mark.parametrize("task, answer, words", WRONG)
def test_a_wrong_answer_is_turned_down_with_words_that_help(task, answer, words, capsys):
    text = said(task, answer, capsys)
    if isinstance(task, Exercise):
        assert text.startswith("Not quite: ") and words in text, text
        assert task.code.strip() not in text
    else:
        assert words in text and "That is near" not in text and "Done" not in text, text


@EACH
def test_there_are_enough_answers_to_try(lecture, name):
    right, wrong = LEAST[type(TASKS[lecture, name])]
    assert len(TABLES[lecture].RIGHT[name]) >= right and len(TABLES[lecture].WRONG[name]) >= wrong


@EACH_EXERCISE
def test_each_known_slip_gets_its_own_hint(task):
    for number, (wrong, hint) in enumerate(task.slips):

        def on_arrays(*args, wrong=wrong):
            return wrong(*(np.asarray(ops.convert_to_numpy(a)) if ops.is_tensor(a) else a for a in args))

        verdict = task.verdict(wrong if task.probe else on_arrays, seed=SEED)
        assert verdict.startswith("Not quite") and hint in verdict, (number, verdict, SEED)
    hints = [hint for _, hint in task.slips]
    assert len(set(hints)) == len(hints) and not any(hint in task.hints for hint in hints)


@EACH_EXERCISE
def test_the_solution_and_the_reference_are_right(task):
    solution = run(task.code)[task.names[0]]
    assert task.verdict(solution).startswith("Correct")  # on what students see
    assert task.verdict(solution, seed=SEED).startswith("Correct"), SEED
    assert task.expected or task.laws


@EACH_EXERCISE
def test_there_are_several_cases_of_other_sizes(task):
    cases = task.cases(np.random.default_rng(SEED))
    assert len(cases) >= 2 or task.laws
    for column in zip(*cases):
        sizes = {str(getattr(arg, "shape", None)) for arg in column if isinstance(arg, np.ndarray) and arg.ndim}
        numbers = {float(arg) for arg in column if isinstance(arg, (int, float))}
        assert sizes == set() or len(sizes) > 1, "one shape in all cases"
        assert numbers == set() or len(numbers) > 1, "an argument that never varies may be typed in"


@EACH
def test_what_the_cell_starts_with_is_not_yet_and_the_task_hides_its_answer(lecture, name, capsys):
    task = TASKS[lecture, name]
    names = run(task.start)
    task.check(*(names[n] for n in task.names))
    assert capsys.readouterr().out.startswith("Not yet")
    for blank in (..., None, lambda *args: ..., lambda *args: None):
        assert task.verdict(*[blank] * len(task.names)).startswith("Not yet")
    for text in (repr(task), repr(task.hint), str(task.check)):
        assert task.code.strip().splitlines()[-1].strip() not in text and task.hints[0] not in text


@EACH
def test_hints_go_in_steps_and_the_solution_says_why(lecture, name, capsys):
    task = TASKS[lecture, name]
    assert len(task.hints) >= 2 and task.title.startswith("Exercise ")
    defined = [n for node in ast.parse(task.code).body for n in _names(node)]
    assert set(task.names) <= set(defined)
    task.solution()
    printed = capsys.readouterr().out
    assert task.code in printed and task.why in printed and len(task.why.split()) >= 12


def _names(node):
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    return [target.id for target in getattr(node, "targets", ()) if isinstance(target, ast.Name)]


def run(source):
    """Executes the source of a cell and returns the names that it defines; of what it lacks nothing is needed."""
    names = {"np": np, "ops": ops, "keras": keras}
    exec(source, names)
    return names


def twin_of(lecture):
    """The text twin of a lecture's module of exercises."""
    places = [lecture.__name__.split(".")[-1] for lecture in exercises.LECTURES]
    (twin,) = TWINS.glob(f"{places.index(lecture):02d}_*.py")
    return twin


@EACH
def test_the_notebook_has_the_task_as_it_is_written_here(lecture, name):
    source = twin_of(lecture).read_text("utf-8")
    prose = words("\n".join(line.removeprefix("#") for line in source.splitlines()))
    task = TASKS[lecture, name]
    for part in (
        f"### {task.title}",
        task.question,
        f"<details><summary>Solution</summary> {task.solved()} </details>",
    ):
        assert words(part) in prose, part
    called = f"exercises.{lecture}.{name}.{{}}({', '.join(task.names)}"
    assert task.start in source and (called.format("check") + ")" in source or called.format("use") in source)
    assert not isinstance(task, Prediction) or f"exercises.{lecture}.{name}.compare(" in source


@EACH
def test_the_cell_overwrites_no_name_of_the_notebook(lecture, name):
    task, bound = TASKS[lecture, name], set()
    for cell in twin_of(lecture).read_text("utf-8").split("# %%"):
        header, _, source = cell.partition("\n")
        if "[markdown]" not in header and task.start not in source:
            bound |= {node.id for node in ast.walk(ast.parse(source)) if _is_bound(node)}
            bound |= {n for node in ast.parse(source).body for n in _names(node)}
    assert bound.isdisjoint(run(task.start))


def _is_bound(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def words(text):
    return " ".join(text.split())
