"""The mixtures of lecture 11: Bernoullis by expectation maximisation on Larochelle's binarised digits.

    python training/mixtures.py            # some minutes of a core; begun again, it goes on with what is missing
    python training/mixtures.py --ship     # gathers what there is into course_utils/studies

All 50,000 training images, three seeds for each number of components. The number of rounds and the prior are the same
for all and were not tuned; the test images are looked at once, at the end of each fit.
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
from runs import FOLDER, study

from course_utils import data, files, pretrained, studies
from course_utils.games import mixtures

NAME = "mixtures-binary"
COMPONENTS = (1, 10, 50, 200, 500)
SEEDS, ROUNDS, PRIOR = 3, 20, 0.1
SPLITS = ("train", "valid", "test")


def part(components, seed):
    """The file of one fit."""
    return FOLDER / NAME / f"{components}-{seed}.npz"


def play():
    """Fits all mixtures that are missing."""
    sets, version = data.load("binarized_mnist"), pretrained.code_version()
    for components in COMPONENTS:
        for seed in range(SEEDS if components > 1 else 1):
            if part(components, seed).exists():
                continue
            began = time.process_time()
            mixture = mixtures.fit(sets.x_train, components, ROUNDS, seed, PRIOR)
            nats = [-mixtures.log_likelihood(mixture, x).mean() for x in sets]
            found = {"nats": np.array(nats), "seconds": np.array(time.process_time() - began)}
            part(components, seed).parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(part(components, seed), found | {"trace": mixture.trace, "version": np.array(version)})
            print(components, seed, np.round(nats, 2).tolist(), f"{found['seconds']:.0f} core-s", flush=True)


def ship(folder):
    """Gathers all fits into one study."""
    fits = [[files.load_arrays(part(K, seed)) for seed in range(SEEDS if K > 1 else 1)] for K in COMPONENTS]
    fits = [each * SEEDS if len(each) == 1 else each for each in fits]  # one component has no start to draw
    data.load("binarized_mnist")
    arrays = {
        "nats": np.array([[fit["nats"] for fit in each] for each in fits]),  # (components, seeds, splits)
        "trace": np.array([[-fit["trace"] for fit in each] for each in fits]),  # (components, seeds, rounds)
    }
    tests = {str(K): round(float(nats), 3) for K, nats in zip(COMPONENTS, arrays["nats"][..., 2].mean(axis=1))}
    seconds = sum(float(fit["seconds"]) for each in fits for fit in each)
    recipe = pretrained.provenance(0, data.source("binarized_mnist"), seconds) | {
        "command": "python training/mixtures.py",
        "code_version": "; ".join(sorted({str(fit["version"]) for each in fits for fit in each})),
        "lecture": "11",
        "evaluator": None,
        "scores": {"nats-test": tests},
        "published": [
            {"score": "nats-test", "value": 137.64, "source": "500 components, Salakhutdinov & Murray 2008"},
        ],
        "networks": {},
        "settings": {
            "components": list(COMPONENTS),
            "seeds": SEEDS,
            "rounds": ROUNDS,
            "prior": PRIOR,
            "splits": list(SPLITS),
        },
    }
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {tests}", flush=True)


if __name__ == "__main__":
    study(__doc__, play, ship)
