"""What the long runs share: where they keep their files, how long they are, falling rates, marks, the command line."""

import argparse
import dataclasses
import functools
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from keras import ops

from course_utils import files, pretrained, studies, weights
from course_utils.game import Checkpoint

FOLDER = Path(os.environ.get("COURSE_TRAINING", "build/training"))
MOST = 5.0  # times the iterations of its recipe: a run with time to spare is not drawn out further
TRAINING = 0.7  # of a run's seconds; what is left is for its start, scores and storing
ENOUGH = 2.0  # seconds over which the speed of a run is measured


@dataclasses.dataclass(frozen=True)
class Trial:
    """What has to be known of a run before its length can be chosen."""

    play: Callable  # function (iterations) that plays them
    step: int  # iterations of one compiled program
    iterations: int  # of the whole run by its recipe
    starts: int = 1  # how often the run compiles
    look: Callable = dict  # function () that measures what the run measures at each mark
    looks: int = 20


def sized(name, run, arguments, trial):
    """Returns a run as long as `--seconds` allows; without them, as its recipe says.

    Rates fall to 0 along a run, so that it must know its length before it begins. The factor that was chosen is kept in
    the build folder, and a resumed run and `--ship` find it there.

    Args:
        name: of the run.
        run: its settings, with a method `scaled(factor)`.
        arguments: of the command line that `timed` extends.
        trial: function () -> `Trial` of the run.
    """
    path = FOLDER / f"{name}-length.json"
    if path.exists() and (arguments.ship or arguments.resume):
        return run.scaled(json.loads(path.read_text("utf-8"))["factor"])
    path.unlink(missing_ok=True)
    if arguments.ship or arguments.seconds is None:
        return run
    began = time.perf_counter()
    tried = trial()
    first, pace, look = speeds(tried)
    left = TRAINING * arguments.seconds - (time.perf_counter() - began)
    chosen = factor(left, tried, first, pace, look)
    print(f"{name}: {first:.1f} s to compile, {pace:.4f} s an iteration, {look:.1f} s a mark: {chosen:.3g} times the "
          f"recipe's {tried.iterations} iterations in {arguments.seconds:.0f} s", flush=True)  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_atomic(path, json.dumps({"factor": chosen}).encode("utf-8"))
    return run.scaled(chosen)


def speeds(trial, clock=time.perf_counter):
    """Returns the seconds of a trial's first execution, of an iteration after it, and of a mark."""

    def spent(action, *arguments):
        began = clock()
        action(*arguments)
        return clock() - began

    first, iterations = spent(trial.play, trial.step), trial.step
    while (seconds := spent(trial.play, iterations)) < ENOUGH:
        iterations *= 2
    return first, seconds / iterations, spent(trial.look)


def factor(seconds, trial, first, pace, look, most=MOST):
    """How many times its recipe's iterations a run plays in some seconds.

        f = (seconds − starts · first − looks · look) / (pace · iterations),   at most `most`

    At least one execution is played, however little time there is.
    """
    left = seconds - trial.starts * first - trial.looks * look
    return float(np.clip(left / (pace * trial.iterations), trial.step / trial.iterations, most))


def stretched(iterations, factor, step):
    """Iterations times a factor, as a multiple of `step`, at least one."""
    return max(step, int(iterations * factor) // step * step)


def begun(name, watch, resume):
    """Returns the `Checkpoint` of a run: where it was stopped, or without `resume` at its beginning."""
    folder = FOLDER / f"{name}-state"
    if resume:
        watch.recall()
    elif folder.exists():
        shutil.rmtree(folder)
    return Checkpoint(folder)


class Tail(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises for some steps, stays for a share of a run, then falls to 0 along a line."""

    def __init__(self, rate, steps, hold=0.5, warm=1):
        self.rate, self.steps, self.hold, self.warm = rate, steps, hold, warm

    def __call__(self, step):
        step = ops.cast(step, "float32")
        left = (1.0 - step / self.steps) / (1.0 - self.hold)
        return self.rate * ops.minimum((step + 1.0) / self.warm, ops.clip(left, 0.0, 1.0))

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps, "hold": self.hold, "warm": self.warm}


class Stage(keras.callbacks.Callback):
    """Keeps networks as they are at the first epoch's end after some iterations."""

    def __init__(self, name, networks, after):
        super().__init__()
        self.name, self.networks, self.after = name, networks, after

    def on_epoch_end(self, epoch, logs=None):
        if self.model.iteration >= self.after and not (FOLDER / f"{self.name}-stage.npz").exists():
            keep(f"{self.name}-stage", self.networks)
            (FOLDER / f"{self.name}-stage.txt").write_text(str(self.model.iteration))


class Watch(keras.callbacks.Callback):
    """Notes marks along a run, prints them, and keeps weights in the build folder.

    A mark holds iterations, seconds of training (measuring does not count), what `measure` says, and the means of
    some logged terms.

    Args:
        name: of the run and of its files.
        networks: the networks to keep, by name; may be empty.
        measure: function () -> dict of numbers, called at each mark.
        terms: names of logged means that a mark holds.
        every: epochs between two marks; the last epoch always has one.
        cost: function (mark) -> number; what is kept is the mark where it is smallest. Without it, the newest.
    """

    def __init__(self, name, networks, measure=dict, terms=(), every=1, cost=lambda mark: -mark["iterations"]):
        super().__init__()
        self.name, self.networks, self.measure, self.terms = name, networks, measure, terms
        self.every, self.cost = max(1, every), cost
        self.before, self.seconds, self.marks = 0, 0.0, []  # before: iterations of earlier stages
        self.version = pretrained.code_version()  # now: the sources may change while the run goes on

    def recall(self):
        """Takes over what an interrupted run has noted, if it came that far."""
        if marks_file(self.name).exists():
            noted = recorded(self.name)
            self.seconds = noted["seconds"]
            versions = [*noted["version"].split("; "), self.version]  # a run may go on with newer code
            self.version = "; ".join(dict.fromkeys(versions))
            self.marks = [dict(zip(noted["trace"], row)) for row in zip(*noted["trace"].values())]

    def on_epoch_begin(self, epoch, logs=None):
        done = self.before + self.model.iteration  # a mark may be newer than the checkpoint that a run goes on from
        self.marks = [mark for mark in self.marks if mark["iterations"] <= done]
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self.began
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        if (epoch + 1) % self.every and epoch + 1 < self.params["epochs"]:
            return
        numbers = self.measure() | {term: float(logs.get(term, np.nan)) for term in self.terms}
        mark = {"iterations": self.before + self.model.iteration, "seconds": round(self.seconds, 1), **numbers}
        self.marks.append(mark)
        print(self.name, " ".join(f"{key} {number:.5g}" for key, number in mark.items()), flush=True)
        if self.networks and self.cost(mark) == min(map(self.cost, self.marks)):
            keep(self.name, self.networks)
        trace = {key: np.array([mark[key] for mark in self.marks], "float64") for key in mark}
        more = {"version": np.array(self.version), "total": np.float64(self.seconds)}
        marks_file(self.name).parent.mkdir(parents=True, exist_ok=True)
        files.save_arrays(marks_file(self.name), more | trace)


def marks_file(name):
    """The file with a run's marks."""
    return FOLDER / f"{name}-marks.npz"


def recorded(name):
    """Returns what a run has noted: seconds, the version of the code, and its marks as columns by name."""
    trace = files.load_arrays(marks_file(name))
    version, seconds = str(trace.pop("version")), float(trace.pop("total"))
    return {"seconds": seconds, "version": version, "trace": {key: column.tolist() for key, column in trace.items()}}


def rounded(trace):
    """Marks as a recipe holds them: four digits after the point, None where nothing was measured."""
    return {key: [None if np.isnan(x) else round(x, 4) for x in column] for key, column in trace.items()}


def keep(name, networks):
    """Writes weights to the build folder, so that a stopped run is not lost."""
    path = FOLDER / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.save_arrays(path, weights.arrays(networks))


def kept(name, networks):
    """Fills networks with what was kept, rounded as it will be stored."""
    weights.fill(networks, files.load_arrays(FOLDER / f"{name}.npz"))
    weights.round_to(networks)
    return networks


def save(name, networks, recipe, folder=None):
    """Saves weights with their recipe, in the package where no folder is named, and says what they score."""
    folder = folder or weights.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    # What made them, however it was interrupted, not what stored them, nor where.
    recipe["command"] = re.sub(r" --(ship|resume|out \S+)", "", recipe["command"])
    path = pretrained.save(name, networks, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


def command(description, names):
    """The command line of a script: names of runs, a seed, and whether to train at all."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=names)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ship", action="store_true", help="score and save what an earlier run kept")
    return parser


def timed(parser):
    """Adds to the command line of a script what a run with a limit of time needs."""
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--seconds", type=float, help=f"a run's limit; it plays what fits, at most {MOST:g} recipes")
    parser.add_argument("--out", type=Path, help="the folder for the weights")
    return parser


def main(description, runs, trial, train, ship):
    """Plays and ships the runs that the command line names.

    Args:
        description: of the script.
        runs: dict of name → settings.
        trial: function (run, seed) -> `Trial`.
        train: function (name, run, seed, resume).
        ship: function (name, run, seed, folder); folder is None where the command line names none.
    """
    arguments = timed(command(description, runs)).parse_args()
    for name in arguments.names:
        run = sized(name, runs[name], arguments, functools.partial(trial, runs[name], arguments.seed))
        if not arguments.ship:
            train(name, run, arguments.seed, arguments.resume)
        ship(name, run, arguments.seed, arguments.out)


def study(description, play, ship):
    """The command line of a recorded study: `play()` measures what is missing, `ship(folder)` gathers what there is."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--ship", action="store_true", help="gather what an earlier run has measured")
    parser.add_argument("--out", type=Path, default=studies.FOLDER, help="the folder for the study")
    arguments = parser.parse_args()
    if not arguments.ship:
        play()
    ship(arguments.out)
