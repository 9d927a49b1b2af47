"""How much context a pixel model needs: lecture 10's study of receptive fields.

    python training/receptive_fields.py            # ten minutes of a core; begun again, it goes on with what is missing
    python training/receptive_fields.py --ship     # gathers what there is into course_utils/studies

Eight blocks in every network, of which 0, 1, 2, 4 or 8 let the context grow; the kernels of the others are 1 × 1. So
depth, width, steps and order of the data are the same, and the networks differ in how far they see. Nats are those of
every fourth validation image; the test images are not looked at.
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import FOLDER, Tail, study

from course_utils import data, files, pretrained, studies
from course_utils.game import Average
from course_utils.games import pixels
from course_utils.networks.pixels import pixelcnn

NAME = "receptive-fields"
GROWING, BLOCKS, SEEDS = (0, 1, 2, 4, 8), 8, 3
WIDTH, PATCH, FIRST = 16, 2, (1, 3)
ITERATIONS, BATCH, RATE, DECAY = 300, 32, 4e-3, 0.98
HELD = 4  # every fourth validation image


def built(growing):
    """Returns a fresh network of eight blocks, of which some see further than the one before."""
    return pixelcnn(width=WIDTH, blocks=BLOCKS, patch=PATCH, first=FIRST, growing=growing)


def part(growing, seed):
    """The file of one network with one seed."""
    return FOLDER / NAME / f"{growing}-{seed}.npz"


def play(growing, seed, images):
    """Trains one network, and returns what is noted of it."""
    keras.utils.set_random_seed(seed)
    live, averaged = built(growing), built(growing)
    optimizer = keras.optimizers.Adam(Tail(RATE, ITERATIONS, 0.3, 20), beta_2=0.99)
    game = pixels.PixelModel(live, optimizer, averages=[Average(live, averaged, DECAY)], check=False, seed=seed)
    game.compile(steps_per_execution=10)
    began = time.process_time()
    game.fit(images.x_train, batch_size=BATCH, steps_per_epoch=ITERATIONS, verbose=0)
    seconds = time.process_time() - began
    game.release()
    return {
        "nats": np.float64(-pixels.log_probabilities(averaged, images.x_valid[::HELD]).mean()),
        "context": context(averaged),
        "weights": np.int64(averaged.count_params()),
        "seconds": np.float64(seconds),
    }


def context(network):
    """Of how many pixels the middle patch of the last row but one knows, and how many there are before it."""
    height, width = pixels.facts(network).grid
    row, column = height - 2, width // 2
    before = row * PATCH * width * PATCH + column * PATCH * PATCH
    return np.array([pixels.context(network, row, column).sum(), before])


def measure():
    """Plays all networks that are missing, seed by seed."""
    images, version = data.load("binarized_mnist"), pretrained.code_version()
    for seed in range(SEEDS):
        for growing in GROWING:
            if part(growing, seed).exists():
                continue
            keras.backend.clear_session()
            found = play(growing, seed, images) | {"version": np.array(version)}
            part(growing, seed).parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(part(growing, seed), found)
            print(growing, seed, {key: str(value) for key, value in found.items() if key != "version"}, flush=True)


def ship(folder):
    """Gathers all networks into one study."""
    data.load("binarized_mnist")
    seeds = [seed for seed in range(SEEDS) if all(part(growing, seed).exists() for growing in GROWING)]
    played = [[files.load_arrays(part(growing, seed)) for seed in seeds] for growing in GROWING]
    arrays = {
        "growing": np.array(GROWING),
        "context": np.array([row[0]["context"] for row in played]),  # (networks, 2): pixels known, pixels before
        "nats": np.array([[float(run["nats"]) for run in row] for row in played]),  # (networks, seeds)
        "weights": np.array([int(row[0]["weights"]) for row in played]),
    }
    seconds = sum(float(run["seconds"]) for row in played for run in row)
    recipe = pretrained.provenance(0, data.source("binarized_mnist"), seconds) | {
        "command": "python training/receptive_fields.py",
        "code_version": "; ".join(sorted({str(run["version"]) for row in played for run in row})),
        "lecture": "10",
        "evaluator": None,
        "scores": {"nats-valid": dict(zip(map(str, GROWING), arrays["nats"].mean(axis=1).round(3).tolist()))},
        "published": [],
        "networks": {},
        "settings": {
            "blocks": BLOCKS,
            "width": WIDTH,
            "patch": PATCH,
            "first": list(FIRST),
            "seeds": len(seeds),
            "iterations": ITERATIONS,
            "batch_size": BATCH,
            "rate": RATE,
            "average": DECAY,
            "validation_images": len(range(0, 10_000, HELD)),
        },
    }
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


if __name__ == "__main__":
    study(__doc__, measure, ship)
