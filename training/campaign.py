"""Everything that wants a GPU, by priority, within a limit of time.

    python training/campaign.py --minutes 60 --out results            # tests, benchmarks, long runs; ends on time
    python training/campaign.py --minutes 60 --out results --dry-run  # the plan, with seconds
    python training/campaign.py --minutes 10 --out results --only dcgan-frogs stylegan-glyphs

A job gets its share of the time that is left when its turn comes, so what one saves the later ones have. A job that
does not end by itself is interrupted, then killed with all that it started; what a training has kept until then is
shipped, and its recipe says how far it was planned. Called again, trainings go on where they were stopped: their
states lie in build/campaign. In the folder for the results lie weights, recipes, reports and one log: at most 8 files
of 16 MB.
"""

import argparse
import contextlib
import dataclasses
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "training")]

from packing import pack  # noqa: E402

from course_utils import files, session  # noqa: E402  neither imports a framework: a GPU's memory belongs to the jobs
from course_utils.data.catalogue import SETS  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Job:
    """One process: what it runs, and what it gets of the time."""

    name: str
    command: tuple  # of Python
    share: float  # of the time, in proportion to the jobs that come after it
    least: float = 20.0  # seconds; with less it is not begun
    most: float = float("inf")
    data: str | None = None  # the set that it needs
    trains: bool = False  # takes --seconds, --resume and --ship
    backends: tuple = ("jax", "tensorflow", "torch")


TESTS = (
    "tests/test_losses.py", "tests/test_penalties.py", "tests/layers/test_spectral.py",
    "tests/layers/test_modulated.py", "tests/game/test_game.py", "tests/game/test_checkpoints.py",
    "tests/games/test_wgan.py",
)  # fmt: skip


def _rate(name, policy):
    return Job(f"rate {name} {policy}", ("tests/benchmarks/rate.py", name, policy), 3, most=90)


def _engine(which):
    return Job(f"engine {which}", ("tests/benchmarks/engine.py", which), 2, most=60, backends=("jax", "tensorflow"))


def _train(script, name, share, data=None):
    return Job(name, (f"training/{script}.py", name), share, least=40, data=data, trains=True)


# In the order of their turns, which is that of their worth: where time is short, the last are left out.
JOBS = (
    Job("unit tests", ("-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS), 6, most=120),
    _rate("biggan-cifar10", "float32"),
    _rate("biggan-cifar10", "mixed_bfloat16"),
    _train("aae", "aae-mnist-semi", 16, "mnist"),
    _train("gan", "dcgan-frogs", 8, "cifar10"),
    _train("gan", "dcgan-mnist", 6, "mnist"),
    _engine("images"),
    _engine("toy"),
    _rate("stylegan-cifar10", "float32"),
    _rate("stylegan-cifar10", "mixed_bfloat16"),
    _train("gan", "wgan-gp-mnist", 8, "mnist"),
    _train("stylegan", "stylegan-glyphs", 14),
    _train("stylegan", "stylegan2-glyphs", 14),
    _train("pixels", "pixelcnn-binary", 12, "binarized_mnist"),
    _train("boltzmann", "rbm-binary", 6, "binarized_mnist"),
    _train("biggan", "biggan-cifar10", 20, "cifar10"),
    _train("diffusion", "diffusion-mnist", 10, "mnist"),
    _train("cogan", "cogan-digits", 6, "usps"),
    _train("clip", "clip-glyphs", 6),
    _train("clip", "clip-bag", 3),
    Job("ladder", ("training/ladder.py",), 10, least=40, data="mnist"),
)

END = 10.0  # seconds at the end, for packing
SHIPPING = 0.15  # of a training's time, in which what it has kept is shipped if it was interrupted
GRACE = 4.0  # seconds between the interrupt and the kill, at most


def plan(jobs, seconds):
    """Returns [(job, seconds)] as if each used all that it is given; the last jobs are left out where time is short."""
    jobs = list(jobs)
    while jobs:
        planned, left = [], seconds
        for index, job in enumerate(jobs):
            planned.append((job, allotted(jobs[index:], left)))
            left -= planned[-1][1]
        if all(given >= job.least for job, given in planned):
            return planned
        jobs.pop()
    return []


def allotted(jobs, left):
    """Seconds of the first of some jobs: its share of what is left, within its limits."""
    return min(jobs[0].most, left * jobs[0].share / sum(job.share for job in jobs))


def run(command, seconds, log, environment):
    """Runs a command in a process group of its own; returns its exit status, or None where time ran out.

    When time is nearly over the group is interrupted, as by Ctrl-C, and a little later killed. Nothing of it is left.
    """
    ends = time.monotonic() + seconds
    grace = min(GRACE, seconds / 4)
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=ROOT, env=environment,
            start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(ends - grace - time.monotonic())
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, ends - time.monotonic()))
            return None
        finally:
            _signal(process, signal.SIGKILL)  # also what a job that ended has left running
            process.wait()


def _signal(process, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


class Campaign:
    """Plays jobs within a limit of time, and keeps a log of what was done, skipped and failed.

    Args:
        jobs: in the order of their turns.
        ends: the moment at which all is over, of `time.monotonic()`.
        out: the folder for the results.
        work: the folder for states and logs of jobs.
        backend: name, for all jobs.
    """

    def __init__(self, jobs, ends, out, work, backend):
        self.ends = ends - END
        self.jobs, self.out, self.work, self.backend = list(jobs), Path(out).resolve(), Path(work).resolve(), backend
        self.results, self.outcomes = self.work / "results", []
        for folder in (self.out, self.results):
            folder.mkdir(parents=True, exist_ok=True)
        self.log = self.work / "campaign.log"
        self.log.write_bytes(b"")
        self.environment = {
            **os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3", "COURSE_TRAINING": str(self.work),
            "JAX_COMPILATION_CACHE_DIR": str(self.work / "compiled"),
        }  # fmt: skip

    def play(self):
        """Plays all jobs; whatever happens, what there is lies packed in the folder at the end."""
        able = [job for job in self.jobs if not self.refuse(job)]
        chosen = [job for job, _ in plan(able, self.ends - time.monotonic())]
        try:
            for job in able[len(chosen) :]:
                self.note(job, "skipped", 0, "too little time")
            for index, job in enumerate(chosen):
                seconds = allotted(chosen[index:], self.ends - time.monotonic())
                if seconds < job.least / 2:
                    self.note(job, "skipped", 0, "too little time is left")
                else:
                    self.turn(job, seconds)
        except KeyboardInterrupt:
            self.say("interrupted: what there is is packed")
        finally:
            self.say(self.summary())
            pack(self.results, self.out, self.log)

    def refuse(self, job):
        """Notes why a job cannot be played here, if it cannot."""
        if self.backend not in job.backends:
            return self.note(job, "skipped", 0, f"it has no counterpart on {self.backend}")
        if job.data and not has_data(job.data):
            return self.note(job, "skipped", 0, f"{SETS[job.data].title} is neither in COURSE_DATA nor in the cache")
        return False

    def turn(self, job, seconds):
        """Plays one job; of a training that is stopped, ships what was kept."""
        began, log = time.monotonic(), self.work / f"{job.name.replace(' ', '-')}.log"
        log.write_bytes(b"")
        more = ["--out", str(self.results)] if job.trains or job.name == "ladder" else []
        first = (1 - SHIPPING * job.trains) * seconds
        timed = ["--resume", f"--seconds={first:.0f}"] if job.trains else []
        self.say(f"{job.name}: {seconds:.0f} s")
        status = run([sys.executable, *job.command, *timed, *more], first, log, self.environment)
        outcome, why = "done" if status == 0 else "failed", "" if status == 0 else last_line(log)
        outcome, why = (outcome, why) if status is not None else ("stopped", "time was over")
        if status != 0 and job.trains:
            left = seconds - (time.monotonic() - began)
            if run([sys.executable, *job.command, "--ship", *timed, *more], left, log, self.environment) == 0:
                why += "; what was kept is shipped"
        self.report(job, log)
        self.tell(log)
        self.note(job, outcome, time.monotonic() - began, why)

    def report(self, job, log):
        """Keeps what a benchmark has measured, under the name by which `tests/benchmarks/run.py` knows it."""
        if not job.command[0].startswith("tests/benchmarks"):
            return
        with contextlib.suppress(ValueError, KeyError, TypeError):
            found = json.loads(last_line(log))
            name = "-".join([*job.name.replace("engine ", "").split(), self.backend, found["device"].split(" ")[0]])
            (self.results / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    def note(self, job, outcome, seconds, why):
        """Notes what became of a job; returns True."""
        self.outcomes.append((job.name, outcome, seconds, why))
        self.say(f"{job.name}: {outcome} after {seconds:.0f} s{why and ': '}{why}")
        return True

    def say(self, text):
        """Prints a line and writes it into the log."""
        print(text, flush=True)
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(text + "\n")

    def tell(self, log, most=200_000):
        """Copies the end of a job's output into the log."""
        with open(self.log, "ab") as whole:
            whole.write(log.read_bytes()[-most:] + b"\n")

    def summary(self):
        """What was done, skipped, stopped and failed, a line each."""
        lines = [f"  {name}: {seconds:.0f} s{why and ', '}{why}" for name, _, seconds, why in self.outcomes]
        found = []
        for wanted in ("done", "stopped", "skipped", "failed"):
            chosen = [line for line, (_, outcome, _, _) in zip(lines, self.outcomes) if outcome == wanted]
            found += [f"{wanted}: {len(chosen)}", *chosen]
        return "\n".join(found)


def last_line(log):
    """The last line that a job has written."""
    return (log.read_text("utf-8", "replace").strip() or "it wrote nothing").splitlines()[-1][:500]


def has_data(name):
    """Whether an image set lies in the folder that COURSE_DATA names, or in the cache."""
    layouts = SETS[name].layouts
    places = [(files.own_folder(), layouts), (files.cache_dir(create=False), layouts[-1:])]
    return any(
        all((folder / file).is_file() for file in layout.names)
        for folder, known in places if folder for layout in known
    )  # fmt: skip


def started():
    """The moment at which this process was started, of `time.monotonic()`: on a busy machine imports take long."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):  # elsewhere than on Linux
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
        if 0 <= age < 600:
            return time.monotonic() - age
    return time.monotonic()


def chosen_backend():
    """The first of JAX, TensorFlow and torch that was built for this machine's accelerator, else the first there is."""
    here = [name for name in ("jax", "tensorflow", "torch") if importlib.util.find_spec(name)]
    if not here:
        raise SystemExit("Found none of JAX, TensorFlow and torch, expected one; install it.")
    return session._best(here)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the folder for results and log")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "campaign", help="the folder for states")
    parser.add_argument("--only", nargs="+", choices=[job.name for job in JOBS], help="these jobs alone")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and play nothing")
    arguments = parser.parse_args()
    seconds, jobs = 60 * arguments.minutes, [job for job in JOBS if job.name in (arguments.only or job.name)]
    if arguments.dry_run:
        for job, given in plan(jobs, seconds - END):
            lacking = "" if not job.data or has_data(job.data) else f"  (needs {SETS[job.data].title})"
            print(f"{given:6.0f} s  {job.name}{lacking}")
        return
    for number in (signal.SIGINT, signal.SIGTERM):  # both pack what there is; a shell's `&` had the first one ignored
        signal.signal(number, signal.default_int_handler)
    Campaign(jobs, started() + seconds, arguments.out, arguments.work, chosen_backend()).play()


if __name__ == "__main__":
    main()
