"""Judges one handed-in notebook in this process, for `course grade`: `python -m course_utils.press.answers …`.

Nothing of a notebook is trained. Executed are imports, definitions and constants of all cells, and the cells with the
check of an exercise or a prediction as a whole. Then each task's answer is looked up by its name and judged on inputs
of another seed. An experiment is not executed; a person reads it.
"""

import ast
import contextlib
import io
import json
import linecache
import re
import sys
from pathlib import Path

from course_utils import exercises
from course_utils.exercises import Experiment, Prediction, Task
from course_utils.press import grade

CALL = re.compile(r"\bexercises\.(\w+)\.(\w+)\.(?:check|use)\(")
CELL = "<cell {}>"
STATES = {"Correct": "done", "Noted": "done", "Not yet": "not begun"}


def cells_of(path):
    """Returns the code cells of a notebook as (source, text of their outputs)."""
    notebook = json.loads(Path(path).read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [("".join(cell["source"]), _printed(cell.get("outputs", ()))) for cell in cells]


def _printed(outputs):
    return "".join("".join(output.get("text", "")) for output in outputs if output.get("output_type") == "stream")


def lecture_of(cells):
    """Returns the name of the lecture whose exercises a notebook checks most often, or None."""
    known = {lecture.__name__.split(".")[-1] for lecture in exercises.LECTURES}
    found = [lecture for source, _ in cells for lecture, _ in CALL.findall(source) if lecture in known]
    return max(sorted(set(found)), key=found.count, default=None)


def executed(cells, lecture):
    """Executes what answers need, and returns the names that are defined then.

    Args:
        cells: as `cells_of` returns them.
        lecture: the lecture's name.

    Returns:
        ({name: value}, {number of a cell: error}); a statement that fails ends its cell, and others go on.
    """
    names, errors = {"__name__": "__main__"}, {}
    tasks = exercises.tasks(getattr(exercises, lecture))
    for number, (source, _) in enumerate(cells, 1):
        source = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
        wanted = [tasks[name] for where, name in CALL.findall(source) if where == lecture and name in tasks]
        whole = any(not isinstance(task, Experiment) for task in wanted)
        file = CELL.format(number)
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        try:
            for node in ast.parse(source).body:
                if whole or _is_harmless(node):
                    exec(compile(ast.Module([node], []), file, "exec"), names)
        except (Exception, SystemExit) as error:
            errors[number] = f"{type(error).__name__}: {error}"
    return names, errors


def _is_harmless(node):
    """True for imports, definitions and constants: what costs no time and is needed below."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
        return True
    return isinstance(node, ast.Assign) and not any(isinstance(part, ast.Call) for part in ast.walk(node))


def judged(path, seed):
    """Judges the tasks of a notebook.

    Args:
        path: of the notebook.
        seed: int ≥ 0, chooses the inputs.

    Yields:
        For each task a dict: lecture, name, title, state ("done", "wrong", "not begun", "missing" or "to read"),
        message, source of its cell, and what the cell had printed.
    """
    cells = cells_of(path)
    lecture = lecture_of(cells)
    if lecture is None:
        return
    _silence()
    names, errors = executed(cells, lecture)
    for name, task in exercises.tasks(getattr(exercises, lecture)).items():
        number = next((n for n, (source, _) in enumerate(cells, 1) if (lecture, name) in CALL.findall(source)), None)
        source, printed = cells[number - 1] if number else ("", "")
        state, message = _state(task, names, source, seed)
        if number in errors and state != "done":
            message = f"the cell stopped with {errors[number]}"
        yield {"lecture": lecture, "name": name, "title": task.title, "state": state, "message": message,
               "source": source, "printed": printed}  # fmt: skip


def _silence():
    """Checks of the notebook itself are not run: they would take time and use the seed that students know."""
    Task.check = Task.hint = Task.solution = Prediction.compare = lambda *args: None
    exercises.Exercise.use = lambda task, answer, otherwise=None: otherwise or task.expected


def _state(task, names, source, seed):
    if isinstance(task, Experiment):
        begun = source and task.start.strip() not in source
        return ("to read", "read it with the rubric beside you") if begun else ("not begun", "")
    missing = [name for name in task.names if name not in names]
    if missing:
        return "missing", f"the notebook does not define {missing[0]}"
    with contextlib.redirect_stdout(io.StringIO()):
        said = task.verdict(*(names[name] for name in task.names), seed=seed)
    return STATES.get(said.split(":")[0], "wrong"), said


def limit(seconds, gigabytes):
    """Limits what this process may take, where the system knows how to: processor time, memory, size of a file."""
    try:
        import resource
    except ImportError:  # Windows; the time is limited from outside in any case
        return
    for what, most in (
        (resource.RLIMIT_CPU, 4 * seconds),  # several threads count together
        (resource.RLIMIT_AS, int(gigabytes * 2**30)),
        (resource.RLIMIT_FSIZE, 100 * 2**20),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    notebook, results, seed, seconds, gigabytes = sys.argv[1:]
    limit(int(seconds), float(gigabytes))
    with open(results, "w", encoding="utf-8") as file:  # a line a task: what was judged before a stop counts
        for row in judged(notebook, int(seed)):
            file.write(json.dumps(row) + "\n")
            file.flush()
        file.write(grade.END)
