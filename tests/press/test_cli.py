"""The command `course`, called as a person calls it, on a tiny clone."""

import io
import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from course_utils import session
from course_utils.press import cli, clock, doctor, notebooks

pytestmark = pytest.mark.once

ROOT = notebooks.root()
GOOD = "# %% [markdown]\n# # Good\n#\n# $\\mathbb E[x]$\n\n# %%\nimport os\nprint(os.environ['COURSE_PROFILE'])\n"
BAD = "# %%\nprint('before')\n\n# %%\nraise ValueError('on purpose')\n"
DEAD = "# %%\nimport os\nos.write(2, b'my last words')\nos._exit(9)\n"


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone with lectures 01 (good), 02 (raises) and 03 (its kernel dies), and the working folder in it."""
    text = tmp_path / "notebooks" / "text"
    text.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "README.md").write_text((ROOT / "README.md").read_text())
    for name, source in {"01_good": GOOD, "02_bad": BAD, "03_dead": DEAD}.items():
        (text / f"{name}.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_site_of_run", lambda executed, out: None)  # the site has tests of its own
    return tmp_path


def output(notebook):
    return "".join(o.get("text", "") for cell in notebook.cells for o in cell.get("outputs", []))


def test_run_leaves_a_notebook_and_pages(clone, capsys):
    assert cli.main(["run", "01", "--profile", "cpu"]) == 0
    assert "ok      01_good" in capsys.readouterr().out
    notebook = nbformat.read(clone / "build" / "01_good.ipynb", as_version=4)
    assert output(notebook) == "cpu\n"
    page = (clone / "build" / "01_good.html").read_text()
    assert "<math" in page
    assert "𝔼" in page
    assert "<script" not in page
    assert '<a href="01_good.html">Good</a>' in (clone / "build" / "index.html").read_text()
    assert not (clone / "notebooks" / "01_good.ipynb").exists()


def test_a_failing_lecture_is_named_and_the_others_run(clone, capsys):
    assert cli.main(["run"]) == 1
    said = capsys.readouterr().out
    assert "ok      01_good" in said
    assert "failed  02_bad" in said
    assert "ValueError: on purpose" in said
    assert "failed  03_dead" in said
    assert "lost its kernel" in said
    assert "in code cell 1" in said
    assert "my last words" in said
    assert "IPKernelApp" not in said
    assert "1 of 3 notebooks ran" in said
    assert output(nbformat.read(clone / "build" / "02_bad.ipynb", as_version=4)) == "before\n"


def test_a_cell_that_takes_too_long_is_stopped(clone, capsys):
    (clone / "notebooks" / "text" / "01_good.py").write_text("# %%\nimport time\ntime.sleep(100)\n")
    assert cli.main(["run", "01", "--cell-timeout", "2"]) == 1
    assert "took too long" in capsys.readouterr().out


def test_two_notebooks_run_at_once(clone, capsys):
    waits = """# %%
import pathlib, time
pathlib.Path("{mine}").touch()
until = time.monotonic() + 60
while not pathlib.Path("{other}").exists():
    assert time.monotonic() < until, "the other never began"
    time.sleep(0.05)
"""
    for name, mine, other in (("01_good", "a", "b"), ("02_bad", "b", "a")):
        (clone / "notebooks" / "text" / f"{name}.py").write_text(waits.format(mine=mine, other=other))
    assert cli.main(["run", "01", "02", "--jobs", "2"]) == 0
    index = (clone / "build" / "index.html").read_text()
    assert index.index("01_good.html") < index.index("02_bad.html")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "42"], "Found no lecture '42', expected one of: 01_good, 02_bad, 03_dead"),
        (["run", "--backend", "theano"], "Unable to import backend : theano"),
        (["run", "--profile", "fast"], "Found the profile 'fast', expected one of smoke, cpu, gpu"),
        (["run", "--jobs", "0"], "Found --jobs 0, expected at least 1"),
        (["notebooks", "nothing"], "Found no lecture 'nothing'"),
        (["address", "somewhere"], "expected the form https://"),
    ],
)
def test_wrong_use_is_one_sentence(clone, capsys, arguments, expected):
    assert cli.main(arguments) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1


def test_outside_a_clone_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "site-packages" / "course_utils" / "press" / "notebooks.py"
    monkeypatch.setattr(notebooks, "__file__", str(elsewhere))
    assert cli.main(["run"]) == 2
    assert "expected a clone of the project" in capsys.readouterr().err


def test_notebooks_are_made_stamped_and_skipped_while_fresh(clone, capsys):
    assert cli.main(["notebooks", "01", "--backend", session.installed()[0]]) == 0
    path = clone / "notebooks" / "01_good.ipynb"
    made = nbformat.read(path, as_version=4)
    assert notebooks.is_fresh(made)
    assert made.metadata["course"]["profile"] == "cpu"
    assert output(made) == "cpu\n"
    twin = clone / "notebooks" / "text" / "01_good.py"
    twin.write_text(twin.read_text().replace("# # Good", "# # Better"))
    capsys.readouterr()
    assert cli.main(["notebooks", "01", "--changed"]) == 0
    assert "01_good  fresh" in capsys.readouterr().out
    again = nbformat.read(path, as_version=4)
    assert again.cells[0].source.startswith("# Better")
    assert output(again) == "cpu\n"


def test_the_same_notebook_is_made_twice(clone):
    path = clone / "notebooks" / "01_good.ipynb"
    arguments = ["notebooks", "01", "--backend", session.installed()[0]]
    cli.main(arguments)
    first = path.read_bytes()
    cli.main(arguments)
    assert path.read_bytes() == first


def test_a_failing_twin_leaves_the_notebook_as_it_was(clone, capsys):
    path = clone / "notebooks" / "02_bad.ipynb"
    assert cli.main(["notebooks", "02", "--backend", session.installed()[0]]) == 1
    assert not path.exists()
    assert "left as it was" in capsys.readouterr().out


def test_address_is_printed(clone, capsys):
    assert cli.main(["address"]) == 0
    assert capsys.readouterr().out.strip() == notebooks.address(ROOT)


def test_doctor_says_ok_or_what_to_do(monkeypatch, capsys):
    findings = [doctor.Finding("Python", "3.11.7"), doctor.Finding("memory", "1 GB free", "close other programs")]
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    assert cli.main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok ")
    assert lines[1].startswith("to do ")
    assert "close other programs" in lines[2]


def test_doctor_finds_the_backend_of_this_process():
    name = os.environ["KERAS_BACKEND"]
    finding, works = doctor._backend(name)
    assert works
    assert finding.advice == ""
    assert "works on the" in finding.found


def test_doctor_names_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    assert "COURSE_DATA names" in doctor._data().found
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert "no MNIST" in doctor._data().found
    (tmp_path / "mnist.npz").touch()
    assert doctor._data() == doctor.Finding("data", f"mnist.npz in {tmp_path}")
    monkeypatch.setattr(doctor, "_memory_bytes", lambda: 2 * doctor.GIGABYTE)
    assert "close other programs" in doctor._memory().advice
    monkeypatch.setattr(doctor, "PROBE", "raise RuntimeError('broken library')")
    finding, works = doctor._backend(session.installed()[0])
    assert not works
    assert "broken library" in finding.found
    assert "pip install" in finding.advice


def test_the_whole_command_exits_with_the_status():
    command = [sys.executable, "-m", "course_utils.press.cli", "run", "99"]
    assert subprocess.run(command, capture_output=True, cwd=ROOT).returncode == 2


def test_after_ctrl_c_what_was_finished_is_kept_and_one_line_is_said(clone):
    text = clone / "notebooks" / "text"
    for path in text.glob("*.py"):
        path.unlink()
    (text / "01_good.py").write_text(GOOD)
    (text / "02_slow.py").write_text("# %%\nimport time\nopen('began', 'w').close()\ntime.sleep(300)\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "course_utils.press.cli", "run", "--jobs", "1"]
    process = subprocess.Popen(command, cwd=clone, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    for _ in range(6000):
        if (clone / "build" / "began").exists():
            break
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=1500)
    assert process.returncode == 130
    assert said.decode().strip() == "course: stopped; what was finished before is kept."
    assert (clone / "build" / "01_good.html").is_file()
    assert "01_good.html" in (clone / "build" / "index.html").read_text()


@pytest.mark.parametrize(
    ("remote", "plain"),
    [
        ("git@github.com:a/b.git\n", "https://github.com/a/b"),
        ("ssh://git@host.org/a/b", "https://host.org/a/b"),
        ("https://me:secret@github.com/a/b.git/", "https://github.com/a/b"),
        ("/srv/git/b", "/srv/git/b"),
    ],
)
def test_a_remote_is_compared_as_a_browser_takes_it(remote, plain):
    assert doctor._plain(remote) == plain


def test_doctor_says_where_a_fork_has_the_address_of_another(clone):
    def found(remote):
        subprocess.run(["git", "init", "-q"], check=True)
        subprocess.run(["git", "remote", "remove", "origin"], capture_output=True)
        subprocess.run(["git", "remote", "add", "origin", remote], check=True)
        return list(doctor._address())

    (same,) = found(notebooks.address(clone) + ".git")
    assert same.advice == ""
    (other,) = found("git@github.com:someone/fork.git")
    assert other.advice == "in a fork of your own: course address https://github.com/someone/fork"
    assert found("/srv/git/course.git") == []


def test_the_lines_of_a_run_say_about_how_long_it_will_take(clone):
    from rich.console import Console

    said = Console(file=io.StringIO(), width=120, force_terminal=True, record=True)
    with clock.lines(said) as progress:
        clock.add_all(progress, notebooks.find(["01", "02"]))
        line = progress.add_task("01_good", total=None)
        for begun in (1, 2):
            clock.advance(progress, line, begun, 2)
        shown = [progress.tasks[0].completed, progress.tasks[0].total, progress.tasks[1].completed]
        said.print(progress.get_renderable())
    assert shown == [2, 3, 2]  # of the three code cells of 01 and 02
    assert re.search(r"all lectures +cell 2 of 3 .* about .* left", said.export_text())
