"""What the long runs share: where they keep their files, falling rates, marks along the way, the command line."""

import argparse
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops

from course_utils import files, pretrained, weights

FOLDER = Path("build/training")


class Tail(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that stays for the first half of a run, then falls to 0 along a line."""

    def __init__(self, rate, steps):
        self.rate, self.steps = rate, steps

    def __call__(self, step):
        left = 2.0 * (1.0 - ops.cast(step, "float32") / self.steps)
        return self.rate * ops.clip(left, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps}


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


def save(name, networks, recipe, folder=weights.FOLDER):
    """Saves weights with their recipe, and says what they score."""
    folder.mkdir(parents=True, exist_ok=True)
    for later in (" --ship", " --resume"):  # what made them, however it was interrupted, not what stored them
        recipe["command"] = recipe["command"].replace(later, "")
    path = pretrained.save(name, networks, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


def command(description, names):
    """The command line of a script: names of runs, a seed, and whether to train at all."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=names)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ship", action="store_true", help="score and save what an earlier run kept")
    return parser


def study(description, play, ship):
    """The command line of a recorded study: `play()` measures what is missing, `ship()` gathers what there is."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--ship", action="store_true", help="gather what an earlier run has measured")
    if not parser.parse_args().ship:
        play()
    ship()
