"""`course grade FOLDER`: judges handed-in notebooks, each in a process of its own; a CSV and a page for each student.

The process has a limit of time and memory, a temporary folder as home, and none of the grader's environment variables.
**It is no sandbox**: a handed-in notebook runs as you, and can read your files, use your network, and forge its own
result. Grade strangers in a container:

    docker run --rm --network none --memory 8g --read-only --tmpfs /tmp \\
        -v "$PWD/submitted:/in:ro" -v "$PWD/grades:/out" IMAGE course grade /in --out /out

nbgrader's layout, `submitted/STUDENT/ASSIGNMENT/NAME.ipynb`, is understood; so is `STUDENT.ipynb` in one folder.
"""

import argparse
import csv
import hashlib
import html
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from course_utils import files, session

KEYS = ("lecture", "name", "title", "state", "message", "source", "printed")  # of a row of results
STATES = ("done", "wrong", "not begun", "missing", "to read")
END = '"end"'  # the last line of results
MOST = 20_000  # characters of one thing on a page

WARNING = (
    "A handed-in notebook is a program that runs as you: this is no sandbox. `course grade --help` shows a container."
)
COLUMNS = ["assignment", "student_id", "raw_score", "score", "max_score", "to_read"]  # nbgrader's names
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{student}</title>
<style>
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
  pre {{ background: #f4f4f4; padding: 0.6em; overflow-x: auto; white-space: pre-wrap; }}
  .done {{ color: #116329; }} .wrong, .missing, .stopped {{ color: #a40e26; }}
</style></head><body>
<h1>{student}</h1>
{body}
<p>Judged on inputs of seed {seed}.</p>
</body></html>
"""


def add_command(commands):
    """Adds `grade` to the commands of `course`."""
    add = commands.add_parser(
        "grade",
        help="judge handed-in notebooks; leaves a CSV and a page a student",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.add_argument("folder", type=Path, help="STUDENT.ipynb, or STUDENT/ASSIGNMENT/NAME.ipynb")
    add.add_argument("--out", default="build/grades", type=Path, help="the folder for results; default: build/grades")
    add.add_argument("--backend", help="tensorflow, jax or torch; default: KERAS_BACKEND, else the best installed")
    add.add_argument("--seconds", type=int, default=180, help="that a notebook may take; default: 180")
    add.add_argument("--memory", type=float, default=8, help="gigabytes that a notebook may take; default: 8")
    add.add_argument("--jobs", type=int, default=1, help="notebooks at once; default: 1")
    add.add_argument("--seed", type=int, help="of the inputs; default: one that nobody knows, said at the end")
    add.set_defaults(command=_run)


def _run(options):
    for name in ("seconds", "memory", "jobs"):
        if getattr(options, name) <= 0:
            raise ValueError(f"Found --{name} {getattr(options, name)}, expected a number above 0; or leave it out.")
    backend = session.checked_backend(options.backend) if options.backend else session.choose_backend()
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    limits = {"seconds": options.seconds, "gigabytes": options.memory}
    print(WARNING)
    table = grade(options.folder, options.out, seed=seed, backend=backend, jobs=options.jobs, progress=print, **limits)
    print(f"{table}, and a page for each student beside it; the seed was {seed}")
    return 0


def find(folder):
    """Returns the handed-in notebooks as (student, assignment or None, path).

    Raises:
        FileNotFoundError: there is none.
    """
    found = []
    for path in sorted(Path(folder).rglob("*.ipynb")):
        above = path.relative_to(folder).parts[:-1]
        if ".ipynb_checkpoints" not in above and not path.is_symlink():
            found.append((above[0] if above else path.stem, above[1] if len(above) > 1 else None, path))
    if not found:
        raise FileNotFoundError(
            f"Found no notebook in {folder}, expected *.ipynb; name the folder of what was handed in."
        )
    return found


def judge(path, *, seed, seconds, gigabytes, backend):
    """Judges one notebook in a process of its own.

    Args:
        path: of the notebook.
        seed: int ≥ 0, chooses the inputs.
        seconds: that the process may take.
        gigabytes: of address space that it may take.
        backend: "tensorflow", "jax" or "torch".

    Returns:
        (rows as `answers.judged` yields them, "" or why the process stopped early).
    """
    with tempfile.TemporaryDirectory(prefix="grade-", ignore_cleanup_errors=True) as folder:
        shutil.copyfile(path, Path(folder, "handed_in.ipynb"))
        results, said = Path(folder, "results.jsonl"), Path(folder, "stderr.txt")
        command = [sys.executable, "-m", "course_utils.press.answers", "handed_in.ipynb"]
        command += map(str, (results, seed, seconds, gigabytes))
        surroundings = {"cwd": folder, "env": environment(folder, backend), "start_new_session": True}
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        with open(said, "w") as errors:
            process = subprocess.Popen(command, stderr=errors, **surroundings, **quiet)
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                status = f"stopped after {seconds} seconds"
            finally:
                _end(process)
        rows, ended = _read(results)
        return rows, _stopped(status, said, ended)


def _read(results):
    """Returns (rows, whether all were judged). A notebook can write to this file: nothing in it is taken on trust."""
    rows, ended = [], False
    for text in results.read_text("utf-8", errors="replace").splitlines() if results.exists() else ():
        try:
            row = json.loads(text)
            rows.append({key: str(row[key])[:MOST] for key in KEYS})
        except (ValueError, KeyError, TypeError):
            ended = text == END
    return [row | {"state": row["state"] if row["state"] in STATES else "wrong"} for row in rows], ended


def _end(process):
    """Ends the process and whatever it started."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.kill()
    process.wait()


def _stopped(status, said, ended):
    if status == 0:
        return "" if ended else "it ended the process"
    last = said.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
    return status if isinstance(status, str) else f"ended with status {status}: {' '.join(last)[:300]}"


def environment(folder, backend):
    """Returns all environment variables that a handed-in notebook gets to see."""
    kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}  # Windows cannot do without
    threads = {"OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2", "TF_CPP_MIN_LOG_LEVEL": "3"}
    folders = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "KERAS_HOME", "COURSE_CACHE", "COURSE_DATA"), folder)
    return kept | threads | folders | {
        "PATH": os.defpath,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "KERAS_BACKEND": backend,
        "COURSE_PROFILE": "smoke",
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


def grade(folder, out, *, seed, seconds, gigabytes, backend, jobs=1, progress=lambda line: None):
    """Judges all notebooks of a folder; writes `grades.csv` and a page for each student.

    Args:
        folder: with what was handed in.
        out: where to write.
        seed, seconds, gigabytes, backend: as for `judge`.
        jobs: how many notebooks at once.
        progress: is called with a line of text for each notebook that is done.

    Returns:
        The path of the CSV.
    """
    found, pages, table = find(folder), {}, []

    def one(entry):
        student, assignment, path = entry
        rows, stopped = judge(path, seed=seed, seconds=seconds, gigabytes=gigabytes, backend=backend)
        progress(f"{student}  {path.name}  {sum(r['state'] == 'done' for r in rows)} of {len(rows)} {stopped}".rstrip())
        return student, assignment or (rows[0]["lecture"] if rows else path.stem), path, rows, stopped

    with ThreadPoolExecutor(jobs) as pool:
        for student, assignment, path, rows, stopped in pool.map(one, found):
            pages.setdefault(student, []).append(section(assignment, path.name, rows, stopped))
            table.append(line(student, assignment, rows))
    Path(out).mkdir(parents=True, exist_ok=True)
    for student, sections in pages.items():
        page = PAGE.format(student=html.escape(student), body="\n".join(sections), seed=seed)
        files.write_atomic(Path(out, file_name(student)), page.encode())
    with open(Path(out, "grades.csv"), "w", newline="", encoding="utf-8") as file:
        names = COLUMNS + sorted({name for row in table for name in row} - set(COLUMNS))
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(table)
    return Path(out, "grades.csv")


def line(student, assignment, rows):
    """Returns a student's line of the CSV: a point for each task that is done; experiments wait for a reader."""
    done = sum(row["state"] == "done" for row in rows)
    totals = {"raw_score": done, "score": done, "max_score": len(rows), "to_read": _count(rows, "to read")}
    states = {f"{row['lecture']}.{row['name']}": row["state"] for row in rows}
    named = {"assignment": _plain(assignment), "student_id": _plain(student)}
    return named | totals | states


def _count(rows, state):
    return sum(row["state"] == state for row in rows)


def _plain(text):
    """A spreadsheet takes a cell that begins so for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def section(assignment, name, rows, stopped):
    """Returns the part of a student's page that belongs to one notebook; nothing from the notebook stays markup."""
    parts = [f"<h2>{html.escape(assignment)} <small>({html.escape(name)})</small></h2>"]
    if stopped:
        parts.append(f'<p class="stopped">The notebook was not judged to its end: {html.escape(stopped)}</p>')
    if not rows:
        parts.append("<p>There is no exercise with a check in it.</p>")
    for row in rows:
        state = row["state"].replace(" ", "-")
        parts.append(f'<h3>{html.escape(row["title"])}: <span class="{state}">{html.escape(row["state"])}</span></h3>')
        parts += [f"<pre>{html.escape(row[part])}</pre>" for part in ("message", "source", "printed") if row[part]]
    return "\n".join(parts)


def file_name(student):
    """Returns a safe name for a student's page, another one for every student."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", student)[:80]
    return f"{safe}.html" if safe == student else f"{safe}-{hashlib.sha256(student.encode()).hexdigest()[:8]}.html"
