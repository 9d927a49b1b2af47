"""The console command `course`: doctor, run, notebooks, slides, grade, train, results, address."""

import argparse
import asyncio
import importlib.util
import os
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from course_utils import session
from course_utils.press import clock, doctor, grade, notebooks, opening, train

COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # of the kernel's tracebacks
console = Console()


def main(arguments=None):
    """Runs the command line and returns its exit status: 0 well, 1 something failed, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except KeyboardInterrupt:
        Console(stderr=True).print("course: stopped; what was finished before is kept.")
        return 130
    except (ValueError, OSError, ImportError) as error:
        Console(stderr=True).print(f"[red]course:[/red] {escape(str(error))}", soft_wrap=True)
        return 2


def _parser():
    parser = argparse.ArgumentParser(prog="course", description="A course on generative models.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    add = commands.add_parser("doctor", help="look at this machine; every line says ok or what to do")
    add.set_defaults(command=_doctor)

    add = commands.add_parser("run", help="execute lectures; leaves notebooks and HTML pages in build/")
    _lectures(add)
    add.add_argument("--backend", help="tensorflow, jax or torch; default: KERAS_BACKEND, else the best installed")
    add.add_argument("--profile", default="smoke", help="smoke (default), cpu or gpu")
    add.add_argument("--out", default="build", type=Path, help="the folder for the results; default: build")
    add.add_argument("--cell-timeout", type=int, help="seconds that a cell may take")
    add.add_argument("--jobs", type=int, help="notebooks at once; default: 1, in smoke 2 where there are cores for it")
    add.set_defaults(command=_run)

    add = commands.add_parser("notebooks", help="make the notebooks from their text twins, with outputs")
    _lectures(add)
    add.add_argument("--backend", help="tensorflow, jax or torch")
    add.add_argument("--profile", default="cpu", help="smoke, cpu (default) or gpu")
    add.add_argument("--changed", action="store_true", help="execute only where code has changed since")
    add.set_defaults(command=_notebooks)

    add = commands.add_parser("slides", help="make slides, one HTML file a lecture, for a browser without network")
    _lectures(add)
    add.add_argument("--out", default="build/slides", type=Path, help="the folder; default: build/slides")
    add.add_argument("--pdf", action="store_true", help="also as PDF, printed by an installed Chromium or Chrome")
    add.add_argument("--depth", action="store_true", help="with the parts 'In depth', which are for reading at home")
    add.set_defaults(command=_slides)

    add = commands.add_parser("site", help="build the course as a site from the stored outputs")
    add.add_argument("--out", default="build/site", type=Path, help="the folder; default: build/site")
    add.set_defaults(command=_site)

    add = commands.add_parser("playground", help="build pages that run shipped networks in the browser")
    add.add_argument("--out", default="build/playground", type=Path, help="the folder; default: build/playground")
    add.set_defaults(command=_playground)

    add = commands.add_parser("pictures", help="make the README's pictures from the shipped weights")
    add.set_defaults(command=_pictures)

    add = commands.add_parser("results", help="write RESULTS.md and the README's headlines from the shipped recipes")
    add.set_defaults(command=_results)

    grade.add_command(commands)
    train.add_command(commands)
    add = commands.add_parser("opening", help="write badges and set-up cell anew into all notebooks; executes nothing")
    add.set_defaults(command=_opening)

    add = commands.add_parser("address", help="print the project's address, or move the project to a new one")
    add.add_argument("new", nargs="?", help="such as https://github.com/owner/name")
    add.set_defaults(command=_address)
    return parser


def _lectures(parser):
    parser.add_argument("lectures", nargs="*", metavar="LECTURE", help="01, vae or 01_vae; default: all")


def _checked(options):
    """Refuses unknown backends and profiles before anything runs."""
    session.checked_profile(options.profile)
    if options.backend:
        session.checked_backend(options.backend)
    return notebooks.find(options.lectures)


def _doctor(options):
    failed = False
    for finding in doctor.examine():
        mark = "[yellow]to do[/yellow]" if finding.advice else "[green]ok[/green]   "
        advice = f"\n               [yellow]→ {escape(finding.advice)}[/yellow]" if finding.advice else ""
        console.print(f"{mark}  {finding.name:<12}{escape(finding.found)}{advice}", soft_wrap=True, highlight=False)
        failed = failed or bool(finding.advice)
    return int(failed)


def _run(options):
    from course_utils.press import pages

    twins = _checked(options)
    several = min(2, os.cpu_count() or 1) if options.profile == "smoke" else 1  # others race against the clock
    jobs = several if options.jobs is None else options.jobs
    if jobs < 1:
        raise ValueError(f"Found --jobs {jobs}, expected at least 1; leave it out for as many as suit this machine.")
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    rows, failures = [], []

    async def one(twin, free, progress):
        notebook = notebooks.read_twin(twin)
        async with free:
            seconds, problem = await _execute(notebook, twin.stem, options, out, progress)
        _normalise(notebook)
        notebooks.write(notebook, out / f"{twin.stem}.ipynb")
        pages.write_page(notebook, out / f"{twin.stem}.html")
        line = f"{options.profile}, failed" if problem else f"{options.profile}, {seconds:.0f} s"
        rows.append((f"{twin.stem}.html", notebooks.title(notebook), line))
        failures.extend([(twin.stem, problem)] if problem else [])

    async def every():
        free = asyncio.Semaphore(jobs)
        with clock.lines(console) as progress:
            if len(twins) > 1:
                clock.add_all(progress, twins)
            await asyncio.gather(*(one(twin, free, progress) for twin in twins))

    stopped = not _played(every())
    pages.write_index(sorted(rows), out / "index.html")  # in the order of the lectures
    if stopped:
        raise KeyboardInterrupt
    for name, problem in sorted(failures):
        console.print(f"\n[red]{name}[/red] {escape(problem)}", highlight=False, soft_wrap=True)
    first = _site_of_run([out / f"{twin.stem}.ipynb" for twin in twins], out / "site") or out / "index.html"
    console.print(f"{len(rows) - len(failures)} of {len(rows)} notebooks ran; open {os.path.relpath(first)}")
    return int(bool(failures))


def _played(work):
    """Runs a coroutine to its end and returns True, or False after Ctrl-C; what it leaves behind says nothing then."""
    try:
        with asyncio.Runner() as runner:
            runner.get_loop().set_exception_handler(lambda loop, context: None)  # kernels that are closed in mid-cell
            runner.run(work)
    except KeyboardInterrupt:
        return False
    return True


def _site_of_run(executed, out):
    """Builds the site from notebooks that just ran; returns its first page, or None where Sphinx is not installed."""
    if importlib.util.find_spec("sphinx") is None or importlib.util.find_spec("myst_nb") is None:
        return None
    from course_utils.press import site

    with console.status("building the site"):
        return site.build(out, executed)


async def _execute(notebook, name, options, folder, progress):
    """Executes a notebook with a progress line and returns (seconds, "" or what went wrong)."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    title = f"{name}  {options.backend or 'best backend'}  {options.profile}"
    line = progress.add_task(title, total=None)
    try:
        seconds = await notebooks.execute(
            notebook,
            folder=folder,
            backend=options.backend,
            profile=options.profile,
            cell_seconds=getattr(options, "cell_timeout", None),
            progress=lambda begun, total: clock.advance(progress, line, begun, total),
        )
    except CellExecutionError as error:
        problem = f"stopped with an error: {COLOURS.sub('', str(error))}"
    except CellTimeoutError as error:
        problem = f"took too long: {error}"
    except DeadKernelError as error:
        at = f"in code cell {int(progress.tasks[progress.task_ids.index(line)].completed)}"
        problem = f"lost its kernel {at}, most often because the memory was full (see `course doctor`): {error}"
    else:
        console.print(f"[green]ok[/green]      {title}  {seconds:.0f} s", highlight=False)
        return seconds, ""
    finally:
        progress.remove_task(line)
    console.print(f"[red]failed[/red]  {title}", highlight=False)
    return 0.0, problem


def _normalise(notebook):
    """Takes out what differs between runs, and says what was on the error stream: its author should hear of it."""
    for noise in notebooks.normalise(notebook):
        console.print(f"        [yellow]on the error stream:[/yellow] {escape(noise.strip()[:300])}", highlight=False)


def _notebooks(options):
    failed = False
    for twin in _checked(options):
        notebook = notebooks.regenerate(twin)
        if options.changed and notebooks.is_fresh(notebook):
            notebooks.write(notebook, notebooks.notebook_of(twin))
            console.print(f"[green]ok[/green]      {twin.stem}  fresh", highlight=False)
            continue
        backend = options.backend or session.choose_backend()
        options.backend = backend
        with clock.lines(console) as progress:
            _, problem = asyncio.run(_execute(notebook, twin.stem, options, twin.parents[1], progress))
        if problem:
            console.print(f"{escape(problem)}\n{twin.stem}.ipynb is left as it was.", highlight=False, soft_wrap=True)
            failed = True
            continue
        _normalise(notebook)
        notebooks.stamp(notebook, backend=backend, profile=options.profile)
        notebooks.write(notebook, notebooks.notebook_of(twin))
    return int(failed)


def _slides(options):
    import nbformat

    from course_utils.press import slides, speaker

    for twin in notebooks.find(options.lectures):
        path = notebooks.notebook_of(twin)
        if not path.exists():
            raise FileNotFoundError(f"Found no {path}, expected it to be made: run `course notebooks {twin.stem}`.")
        reveal = slides.fetch_reveal(options.out)
        made = options.out / f"{twin.stem}.html"
        said, page = speaker.read(speaker.notes_of(twin)), options.out.parent / "playground" / f"{twin.stem}.html"
        play = f"../playground/{page.name}" if page.exists() else None
        count = slides.write_slides(nbformat.read(path, as_version=4), made, reveal, said, options.depth, play)
        if options.pdf:
            slides.write_pdf(made, made.with_suffix(".pdf"))
        console.print(f"[green]ok[/green]      {made}  {count} slides{' and a PDF' * options.pdf}", highlight=False)
    return 0


def _site(options):
    from course_utils.press import site

    made = site.build(options.out, play=options.out.parent / "playground")
    console.print(f"[green]ok[/green]      open {made}", highlight=False, soft_wrap=True)
    return 0


def _playground(options):
    os.environ["KERAS_BACKEND"] = "torch"  # which exports to ONNX
    from course_utils.press import playground

    console.print(f"[green]ok[/green]      open {playground.build(options.out)}", highlight=False, soft_wrap=True)
    return 0


def _pictures(options):
    from course_utils.press import pictures

    for path in pictures.write(notebooks.root()):
        console.print(f"[green]ok[/green]      {os.path.relpath(path)}", highlight=False)
    return 0


def _results(options):
    from course_utils.press import results

    changed = results.write(notebooks.root())
    console.print(f"wrote the results of {' and '.join(changed)}" if changed else "the results were up to date")
    return 0


def _opening(options):
    return _say_changed(opening.renew())


def _address(options):
    if options.new is None:
        console.print(notebooks.address(), highlight=False)
        return 0
    return _say_changed(notebooks.rewrite_address(options.new))


def _say_changed(paths):
    for path in paths:
        console.print(f"changed {path.relative_to(notebooks.root())}", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
