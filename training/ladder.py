"""The ladder of lecture 08: a BigGAN of digits, one ingredient more in each row, in the slide's order, several seeds.

    python training/ladder.py            # 82 minutes of one busy core; begun again, it goes on with what is missing
    python training/ladder.py --ship     # gathers what there is into course_utils/studies

Every run sees the same number of training images, so a row with small batches plays more iterations. Each is scored
twice: after as many iterations as the largest batch plays, and at its end. What is scored is the generator's average,
against the 10,000 test images. All rows have the same rate, and nothing was tuned for any of them.
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import ops
from runs import FOLDER, study

from course_utils import data, files, metrics, pretrained, studies
from course_utils.game import Average
from course_utils.games.biggan import BigGAN
from course_utils.networks.biggan import biggan_critic, biggan_generator

NAME = "ladder-mnist"
IMAGES = 16_000  # of which each run sees as many, drawn from the 60,000
LARGEST = 64  # batch
SEEDS = 3
SAMPLES = 2_000
SHOWN = 10  # images a row, one of each class, of seed 0
LATENT, RATE, DECAY = 60, 1e-3, 0.98
NARROW, WIDE = (16, 8), (24, 12)
STEPS = 10  # iterations between two returns from the compiled program

# What each row has besides the plain game: size of the batch, channels, arguments of the generator, weight of the
# orthogonal regulariser.
PLAIN = {"batch_size": LARGEST, "widths": NARROW, "shared": False, "skip_z": False, "regulariser_weight": 0.0}
ROWS = {
    "batch 8": PLAIN | {"batch_size": 8},
    "batch 16": PLAIN | {"batch_size": 16},
    "batch 32": PLAIN | {"batch_size": 32},
    "batch 64": PLAIN,
    "more channels": PLAIN | {"widths": WIDE},
    "shared class": PLAIN | {"widths": WIDE, "shared": True},
    "skip-z": PLAIN | {"widths": WIDE, "shared": True, "skip_z": True},
    "orthogonal": PLAIN | {"widths": WIDE, "shared": True, "skip_z": True, "regulariser_weight": 1e-4},
}


def networks(widths, shared, skip_z):
    """Returns a fresh generator and critic."""
    generator = biggan_generator(LATENT, widths=widths, shared=shared, skip_z=skip_z)
    return generator, biggan_critic(widths=(*widths[::-1], widths[0]), halvings=len(widths))


class Row:
    """The game of one row, compiled once and begun again with each seed."""

    def __init__(self, batch_size, regulariser_weight, **built):
        self.batch_size, self.built = batch_size, built
        (live, critic), (averaged, _) = networks(**built), networks(**built)
        adams = {f"{player}_optimizer": keras.optimizers.Adam(RATE, 0.0, 0.999) for player in ("critic", "generator")}
        self.game = BigGAN(
            live, critic, regulariser_weight=regulariser_weight, averages=[Average(live, averaged, DECAY)], **adams
        )
        self.game.compile(steps_per_execution=STEPS)
        self.state = self.game.weights + self.game.optimizers.variables
        self.beginning = [ops.convert_to_numpy(variable) for variable in self.state]

    def begin(self, seed):
        """Undoes all training and draws other weights; the compiled program stays."""
        for variable, value in zip(self.state, self.beginning, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(seed)
        self.game.seed = seed  # the order of the data follows from it
        generator, critic = networks(**self.built)
        self.game.critic.set_weights(critic.get_weights())
        for network in (self.game.generator, self.game.averages[0].average):
            network.set_weights(generator.get_weights())

    def play(self, seed, x, y, score):
        """Plays with one seed; returns the two scores, images, and seconds of training."""
        self.begin(seed)
        few, found, seconds = IMAGES // LARGEST, [], 0.0
        for iterations in (few, IMAGES // self.batch_size - few):
            if iterations:
                began = time.perf_counter()
                self.game.fit(x, y, batch_size=self.batch_size, steps_per_epoch=iterations, verbose=0)
                seconds += time.perf_counter() - began
            found.append(score(self.game.sample(SAMPLES, seed=0)))
        shown = np.rint((self.game.sample(SHOWN, seed=1) + 1) * 127.5).astype("uint8")
        return {"scores": np.array(found), "images": shown, "seconds": np.array(seconds)}


def scoring(x_test):
    """Returns a function (images, the classes in turn) -> (IS, FD, share of images read as the class asked for)."""
    read = metrics.evaluator("mnist")
    real, asked = read(x_test).features, np.arange(SAMPLES) % 10

    def score(images):
        found = read(images)
        distance = float(metrics.frechet_distance(found.features, real))
        return metrics.inception_score(found.probabilities), distance, np.mean(found.probabilities.argmax(1) == asked)

    return score


def part(title, seed):
    """The file of one row with one seed."""
    return FOLDER / NAME / f"{title.replace(' ', '-')}-{seed}.npz"


def climb():
    """Plays all rows that are missing."""
    x_train, y_train, x_test, _ = data.load("mnist")
    x_train, score, version = data.scale(x_train), scoring(data.scale(x_test)), pretrained.code_version()
    for title, arguments in ROWS.items():
        missing = [seed for seed in range(SEEDS) if not part(title, seed).exists()]
        if not missing:
            continue
        keras.backend.clear_session()
        row = Row(**arguments)
        for seed in missing:
            found = row.play(seed, x_train, y_train, score) | {"version": np.array(version)}
            part(title, seed).parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(part(title, seed), found)
            print(title, seed, found["scores"].round(3).tolist(), f"{found['seconds']:.0f} s", flush=True)


def ship(folder):
    """Gathers all rows into one study."""
    played = [[files.load_arrays(part(title, seed)) for seed in range(SEEDS)] for title in ROWS]
    _, _, x_test, _ = data.load("mnist")
    read = metrics.evaluator("mnist")
    arrays = {
        "scores": np.array([[run["scores"] for run in row] for row in played]),  # (rows, seeds, 2 moments, 3 scores)
        "images": np.stack([row[0]["images"] for row in played]),  # (rows, images, 28, 28, 1)
    }
    last = {title: [round(float(x), 3) for x in row] for title, row in zip(ROWS, arrays["scores"][:, :, 1, 0])}
    seconds = sum(float(run["seconds"]) for row in played for run in row)
    recipe = pretrained.provenance(0, data.source("mnist"), seconds) | {
        "command": "python training/ladder.py",
        "code_version": "; ".join(sorted({str(run["version"]) for row in played for run in row})),
        "lecture": "08",
        "evaluator": read.name,
        "scores": {
            f"IS-{read.name}": last,
            f"IS-{read.name}-of-test-images": round(metrics.inception_score(read(data.scale(x_test)).probabilities), 4),
        },
        "published": [],
        "networks": {},
        "settings": {
            "rows": [{"title": title, **arguments} for title, arguments in ROWS.items()],
            "images": IMAGES,
            "moments": [f"after {IMAGES // LARGEST} iterations", f"after {IMAGES} images"],
            "measures": ["IS", "FD", "asked"],
            "seeds": SEEDS,
            "samples": SAMPLES,
            "rate": RATE,
            "average": DECAY,
        },
    }
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {last}", flush=True)


if __name__ == "__main__":
    study(__doc__, climb, ship)
