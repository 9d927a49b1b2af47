"""The chains of lecture 11: where the negatives of an RBM come from, measured in exact nats.

    python training/chains.py            # some minutes of a core; begun again, it goes on with what is missing
    python training/chains.py --ship     # gathers what there is into course_utils/studies

Twenty hidden units, whose Z is counted. Of one seed, the three ways have the same start, the same data in one order and
as many updates; the rate falls to 0 along a line, and no way was tuned.
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from boltzmann import Fall
from runs import FOLDER, study

from course_utils import data, files, pretrained, studies
from course_utils.games.boltzmann import RBM
from course_utils.metrics import annealed
from course_utils.networks import boltzmann

NAME = "chains-binary"
WAYS = {"CD-1": (None, 1), "CD-25": (None, 25), "PCD-1": (100, 1)}  # chains and steps
HIDDEN, SEEDS, UPDATES, MARKS, RATE, BATCH = 20, 3, 4_000, 4, 0.05, 100


def part(way, seed):
    """The file of one run."""
    return FOLDER / NAME / f"{way}-{seed}.npz"


def machine(seed, x):
    """A fresh machine, the same for all ways."""
    keras.utils.set_random_seed(seed)
    return boltzmann.set_visible_bias(boltzmann.rbm(hidden=HIDDEN), x)


def played(way, seed, sets):
    """Plays one run; returns its nats at each mark and its seconds."""
    chains, steps = WAYS[way]
    optimizer = keras.optimizers.SGD(Fall(RATE, UPDATES))
    game = RBM(machine(seed, sets.x_train), chains, steps, optimizer=optimizer, seed=seed)
    game.compile(steps_per_execution=20)
    nats, seconds = [], 0.0
    for _ in range(MARKS):
        began = time.process_time()
        game.fit(sets.x_train, batch_size=BATCH, steps_per_epoch=UPDATES // MARKS, verbose=0)
        seconds += time.process_time() - began
        parameters = game.machine.parameters()
        log_z = annealed.log_partition(parameters)
        nats.append([-annealed.log_likelihood(parameters, x, log_z).mean() for x in (sets.x_train[::5], sets.x_test)])
    game.release()
    return {"nats": np.array(nats), "seconds": np.array(seconds)}


def play():
    """Plays all runs that are missing."""
    sets, version = data.load("binarized_mnist"), pretrained.code_version()
    for seed in range(SEEDS):
        for way in WAYS:
            if part(way, seed).exists():
                continue
            found = played(way, seed, sets)
            part(way, seed).parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(part(way, seed), found | {"version": np.array(version)})
            print(way, seed, found["nats"][:, 1].round(2).tolist(), f"{found['seconds']:.0f} core-s", flush=True)


def ship(folder):
    """Gathers all runs into one study."""
    runs = [[files.load_arrays(part(way, seed)) for seed in range(SEEDS)] for way in WAYS]
    data.load("binarized_mnist")
    arrays = {
        "nats": np.array([[run["nats"] for run in each] for each in runs]),  # (ways, seeds, marks, train and test)
        "seconds": np.array([[run["seconds"] for run in each] for each in runs]),  # (ways, seeds)
    }
    last = {way: [round(float(x), 3) for x in row] for way, row in zip(WAYS, arrays["nats"][:, :, -1, 1])}
    recipe = pretrained.provenance(0, data.source("binarized_mnist"), float(arrays["seconds"].sum())) | {
        "command": "python training/chains.py",
        "code_version": "; ".join(sorted({str(run["version"]) for each in runs for run in each})),
        "lecture": "11",
        "evaluator": None,
        "scores": {"nats-test": last},
        "published": [],
        "networks": {},
        "settings": {
            "ways": {way: {"chains": chains, "steps": steps} for way, (chains, steps) in WAYS.items()},
            "hidden": HIDDEN,
            "seeds": SEEDS,
            "updates": UPDATES,
            "marks": [UPDATES * (mark + 1) // MARKS for mark in range(MARKS)],
            "rate": RATE,
            "rates": "along a line to 0",
            "batch_size": BATCH,
        },
    }
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {last}", flush=True)


if __name__ == "__main__":
    study(__doc__, play, ship)
