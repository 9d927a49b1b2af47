"""Runs all tests, one process a backend, and ends with one table of what ran: `make test`.

Each part is a pytest process of its own; its full output lies in build/test/PART.log. Exit status 0 means that every
part ran and passed.
"""

import argparse
import dataclasses
import importlib.util
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course_utils.session import quick_xla_flags

ROOT = Path(__file__).resolve().parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
UNITS = ["tests", "--ignore=tests/benchmarks", "--ignore=tests/browser", "-n", "2", "--dist", "worksteal"]
# Without loadscope the cells of one notebook would scatter over the workers.
NBVAL = ["notebooks", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=240",
         "--nbval-kernel-startup-timeout=120", "-n", "2", "--dist", "loadscope"]
console = Console(width=None if sys.stdout.isatty() else 110)


@dataclasses.dataclass
class Part:
    """One process of tests: its name, command and environment, and what came of it."""

    name: str
    command: list
    environment: dict
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    failures: list = dataclasses.field(default_factory=list)


def main():
    options = _options()
    out = (ROOT / options.out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "compiled", ignore_errors=True)
    parts = [part for part in plan(out, options.units_only) if not options.only or options.only in part.name]
    if not parts:
        raise SystemExit(f"Found no part with {options.only!r} in its name.")
    for part in parts:
        run(part, out)
        show(part, out)
    console.print(summary(parts))
    for part in parts:
        for name, text in part.failures:  # once more, where a reader of the log's end finds them
            last = text.strip().splitlines()[-1] if text.strip() else "no message"
            console.print(escape(f"{part.name} {name}: {last}"), style="red", highlight=False, soft_wrap=True)
    passed, failed = sum(p.passed for p in parts), sum(p.failed for p in parts)
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0 or passed == 0)


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units-only", action="store_true", help="leave notebooks and lint out")
    parser.add_argument("--only", help="run the parts whose name contains this")
    parser.add_argument("--out", default="build/test", help="the folder for logs")
    return parser.parse_args()


def plan(out, units_only):
    """The parts, in the order in which they run: what is quick to fail comes first."""
    backends = [name for name in BACKENDS if importlib.util.find_spec(name)]
    parts = []
    if not units_only:
        parts.append(Part("lint", [sys.executable, "-m", "ruff", "check", "--output-format=concise", "."], {}))
    for backend in backends:
        once = [] if backend == backends[0] else ["-m", "not once"]
        parts.append(_pytest(f"units {backend}", [*UNITS, *once], out, KERAS_BACKEND=backend))
    if units_only or not list((ROOT / "notebooks").glob("*.ipynb")):
        return parts
    # Each backend once and each set of images once, if both are at hand: every pair would take twice as long.
    found = list(data_sets(out).items())
    for backend, (data, environment) in zip(("tensorflow", "jax"), (found[-1], found[0])):
        if backend in backends:
            more = {"KERAS_BACKEND": backend, "COURSE_PROFILE": "smoke", **environment}
            parts.append(_pytest(f"notebooks {backend} {data}", NBVAL, out, **more))
    if importlib.util.find_spec("playwright"):  # the tests say themselves which browser they miss
        parts.append(_pytest("browser", ["tests/browser", "-rs"], out, KERAS_BACKEND=backends[0]))
    else:
        console.print("browser: skipped, no Playwright (make test BROWSER=1 installs it)", style="yellow")
    return parts


def data_sets(out):
    """The environments in which the notebooks run: without any data or network, and with real MNIST where it is."""
    nothing = out / "no-data"
    nothing.mkdir(parents=True, exist_ok=True)
    dead = "http://127.0.0.1:9"  # a port where nobody listens: each download fails at once
    offline = {"COURSE_CACHE": str(nothing), "HTTPS_PROXY": dead, "HTTP_PROXY": dead, "https_proxy": dead,
               "http_proxy": dead, "NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}
    found = os.environ.get("COURSE_DATA")
    sets = {"glyphs": {**offline, "COURSE_DATA": str(nothing)}}
    if found and (Path(found) / "mnist.npz").is_file():
        sets["mnist"] = {**offline, "COURSE_DATA": str(Path(found).resolve())}
    return sets


def _pytest(name, arguments, out, **environment):
    report = f"--junitxml={out / name.replace(' ', '-')}.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=10", report, *arguments]
    # Two processes share the cores; threads of their own on top of that make both slower.
    threads = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    # Most of the time goes into compiling: XLA does so in a hurry, and with JAX both processes use what one compiled.
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()
    flags = quick_xla_flags(flags) if environment["KERAS_BACKEND"] == "jax" else flags
    haste = {"XLA_FLAGS": flags, "JAX_COMPILATION_CACHE_DIR": str(out / "compiled")}
    haste |= {"JAX_DISABLE_MOST_OPTIMIZATIONS": "true", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    return Part(name, command, {**threads, **haste, **environment})


def run(part, out):
    """Runs one part and reads from its report what passed and what failed."""
    log = out / f"{part.name.replace(' ', '-')}.log"
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    environment = {**os.environ, "MPLBACKEND": "Agg", **part.environment}
    if part.name.startswith("notebooks"):
        del environment["MPLBACKEND"]  # a notebook shows its figures inline
    began = time.monotonic()
    with open(log, "w") as file, console.status(part.name):
        done = subprocess.run(part.command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
    part.seconds = time.monotonic() - began
    if report.exists():
        _read(part, report)
    elif part.name == "lint":
        part.passed = int(done.returncode == 0)
    if (done.returncode or not part.passed) and not part.failures:
        part.failed = 1
        tail = "\n".join(log.read_text(errors="replace").strip().splitlines()[-20:])
        part.failures.append((f"exit status {done.returncode}", tail))


def _read(part, report):
    for case in xml.parse(report).getroot().iter("testcase"):
        trouble = case.find("failure") if case.find("failure") is not None else case.find("error")
        if trouble is not None:
            text = (trouble.text or trouble.get("message") or "").strip()
            part.failures.append((f"{case.get('classname')}::{case.get('name')}", text))
        elif case.find("skipped") is None:
            part.passed += 1
    part.failed = len(part.failures)


def show(part, out):
    """One line a part, and for each failure the end of what it said and how to run it alone."""
    mark = "[red]failed[/red]" if part.failed else "[green]ok[/green]    "
    console.print(f"{mark} {part.name:<28}{part.passed:>6} passed{part.failed:>5} failed{part.seconds:>8.0f} s")
    for name, text in part.failures:
        console.print(f"\n[red]{escape(part.name)}[/red] {escape(name)}", highlight=False)
        console.print(escape("\n".join(text.splitlines()[-25:])), highlight=False, soft_wrap=True)
    if part.failed:
        python = os.path.relpath(sys.executable, ROOT)
        log = os.path.relpath(out / f"{part.name.replace(' ', '-')}.log", ROOT)
        console.print(f"\nAll of it: {log}. This part alone: {python} tests/run.py --only '{part.name}'\n")


def summary(parts):
    table = Table(title="Tests", title_justify="left")
    for name, justify in (("part", "left"), ("passed", "right"), ("failed", "right"), ("seconds", "right")):
        table.add_column(name, justify=justify)
    for part in parts:
        style = "red" if part.failed else None
        table.add_row(part.name, str(part.passed), str(part.failed), f"{part.seconds:.0f}", style=style)
    table.add_section()
    table.add_row("all", str(sum(p.passed for p in parts)), str(sum(p.failed for p in parts)),
                  f"{sum(p.seconds for p in parts):.0f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
