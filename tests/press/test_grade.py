"""`course grade`: handed-in notebooks, judged apart from the grader, and pages on which nothing of theirs runs."""

import csv
import html.parser
import json
import os

import pytest

from course_utils import exercises
from course_utils.press import answers, cli, grade

pytestmark = pytest.mark.once

SET_UP = """\
%matplotlib inline
import numpy as np
from keras import ops
from course_utils import exercises, start
session = start()"""
TRAINING = "helper_offset = 0\nraise RuntimeError('trainings are not run')"
HELPER = "def centred(x):\n    return x - x.mean(axis=0) + helper_offset"
LEAST = """\
def my_least_error(x, widths):
    values = np.linalg.svd(centred(x), compute_uv=False)
    return np.array([np.sum(values[width:] ** 2) / len(x) for width in widths])

least_error = exercises.autoencoders.least_error.use(my_least_error)"""
GUESS = "my_decibels = 20\nexercises.autoencoders.quieter.check(my_decibels)"
LEVELS = (
    "my_levels = train_for_hours()\nmy_conclusion = 'x'\nexercises.autoencoders.levels.check(my_levels, my_conclusion)"
)
EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


def mask(body):
    return f"def masked(x, share, rng):\n    {body}\n\nexercises.autoencoders.mask.check(masked)"


def notebook(*cells):
    code = [{"cell_type": "code", "source": c, "outputs": [], "metadata": {}, "execution_count": None} for c in cells]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def hand_in(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook(*cells), encoding="utf-8")
    return path


def states(path, seed=5):
    return {row["name"]: row for row in answers.judged(path, seed)}


@pytest.fixture(autouse=True)
def checks_again(monkeypatch):
    """`answers` silences the checks of its own process, which here is that of the tests."""
    for owner, names in {exercises.Task: ("check", "hint", "solution"), exercises.Prediction: ("compare",),
                         exercises.Exercise: ("use",)}.items():  # fmt: skip
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))


def test_answers_are_judged_without_training(tmp_path):
    path = hand_in(tmp_path / "a.ipynb", SET_UP, TRAINING, HELPER, GUESS, LEAST, mask("return x * 0"), LEVELS)
    found = states(path)
    assert {name: row["state"] for name, row in found.items()} == {
        "quieter": "done", "least_error": "done", "mask": "wrong", "repair": "missing", "levels": "to read",
    }  # fmt: skip
    assert "train_for_hours" in found["levels"]["source"] and "my_denoising_loss" in found["repair"]["message"]


def test_cases_are_not_those_that_the_notebook_knows(tmp_path):
    task = exercises.autoencoders.least_error
    known = [task.expected(*map(exercises.calling.precise, args)).tolist() for args in _students_cases(task)]
    typed = (
        f"known = {known}\ndef my_least_error(x, widths):\n    return [k for k in known if len(k) == len(widths)][0]"
    )
    path = hand_in(tmp_path / "a.ipynb", SET_UP, typed + "\n" + LEAST.splitlines()[-1])
    names, _ = answers.executed(answers.cells_of(path), "autoencoders")
    assert states(path)["least_error"]["state"] == "wrong"
    assert len(names["known"]) == len(known)


def _students_cases(task):
    import zlib

    import numpy as np

    return task.cases(np.random.default_rng([1, zlib.crc32(task.title.encode())]))


def test_placeholders_errors_and_syntax(tmp_path):
    path = hand_in(tmp_path / "a.ipynb", SET_UP, mask("return ..."), "def (", "1 / 0\n" + LEAST)
    found = states(path)
    assert found["mask"]["state"] == "not begun"
    assert found["least_error"]["state"] == "missing" and "ZeroDivisionError" in found["least_error"]["message"]


def test_other_notebooks_have_nothing_to_judge(tmp_path):
    assert states(hand_in(tmp_path / "a.ipynb", "print(1)")) == {}


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}


def test_the_command_from_end_to_end(tmp_path, monkeypatch, capsys):
    """Limits, folders and environment of the process; the CSV; pages on which nothing runs."""
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    spy = "import os\nhome, token, here = os.environ['HOME'], os.environ.get('SECRET_TOKEN'), os.getcwd()"
    told = "raise ValueError(f'{token} {home == here} " + EVIL + "')"
    folder = tmp_path / "submitted"
    evil = f"=cmd{EVIL}".replace("/", "\N{FRACTION SLASH}")
    hand_in(folder / evil / "ps00" / "a.ipynb", SET_UP, f"# {EVIL}\n{spy}\n{mask(told)}")
    hand_in(folder / "quits" / "ps00" / "a.ipynb", SET_UP, mask("import os; os._exit(0)"))
    monkeypatch.chdir(tmp_path)
    arguments = ["--seconds", "240", "--seed", "3", "--jobs", "2", "--backend", os.environ["KERAS_BACKEND"]]
    assert cli.main(["grade", "submitted", "--out", "grades", *arguments]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "no sandbox" in said and "the seed was 3" in said
    with open("grades/grades.csv", encoding="utf-8", newline="") as file:
        table = {row["student_id"]: row for row in csv.DictReader(file)}
    assert set(table) == {f"'{evil}", "quits"}
    assert table[f"'{evil}"]["autoencoders.mask"] == "wrong"
    pages = {path.name: path.read_text("utf-8") for path in (tmp_path / "grades").glob("*.html")}
    assert len(pages) == 2 and "ended the process" in pages["quits.html"]
    for text in pages.values():
        tags = Tags()
        tags.feed(text)
        assert tags.tags <= {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "h1",
            "h2",
            "h3",
            "p",
            "pre",
            "small",
            "span",
        }
        assert tags.attributes <= {"lang", "charset", "name", "content", "http-equiv", "class"}
        assert "hunter2" not in text and "default-src 'none'" in text
    (page,) = (text for name, text in pages.items() if name.startswith("_cmd"))
    assert "ValueError: None True" in page


def test_an_endless_notebook_is_stopped(tmp_path):
    path = hand_in(tmp_path / "a.ipynb", SET_UP, "while True:\n    pass\n" + mask("return x"))
    rows, stopped = grade.judge(path, seed=1, seconds=8, gigabytes=8, backend=os.environ["KERAS_BACKEND"])
    assert rows == [] and stopped == "stopped after 8 seconds"


def test_what_a_notebook_forges_is_not_taken_on_trust(tmp_path):
    row = dict.fromkeys(grade.KEYS, EVIL) | {"source": ["x"] * 9}
    (tmp_path / "results").write_text(json.dumps(row) + "\n[1]\nnonsense\n" + json.dumps({"state": 1}) + "\n")
    rows, ended = grade._read(tmp_path / "results")
    assert not ended and [r["state"] for r in rows] == ["wrong"]
    assert "<script" not in grade.section(EVIL, EVIL, rows, EVIL)


def test_names_of_pages_are_safe_and_differ():
    names = [
        grade.file_name(student)
        for student in ("ada", "../ada", "_ada", "a/da", "a:da", "ä", "ö", "x" * 300, "x" * 301)
    ]
    assert len(set(names)) == len(names) and all("/" not in n and len(n) < 100 for n in names)


def test_an_empty_folder_is_refused(tmp_path, capsys):
    assert cli.main(["grade", str(tmp_path)]) == 2
    assert "Found no notebook" in " ".join(capsys.readouterr().err.split())
