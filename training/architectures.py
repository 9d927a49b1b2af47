"""The grid of lectures 06 and 07: six architectures under three games, the same seconds of one core for each.

    python training/architectures.py 1          # one seed, 15 minutes; begun again, it goes on with what is missing
    python training/architectures.py 1 --ship   # gathers what there is into course_utils/studies

Within a row the networks are the same for all three games. Every game starts from fresh networks and plays with
constant rates. At each of `MARKS` (processor seconds; compiling, sampling and scoring do not count) the averaged
generator is scored, and the critic is read as a thermometer: its loss, its gap, its slope. Rates, clip and λ are those
of the long runs (`training/gan.py`); nothing was tuned for a row, and nothing is chosen by the scores.
"""

import argparse
import os
from functools import partial

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras.activations import relu, tanh
from race import Clock
from runs import FOLDER

from course_utils import data, files, metrics, pretrained, studies
from course_utils.game import Average
from course_utils.games.gan import GAN
from course_utils.games.wgan import WGAN, WGANGP
from course_utils.networks.gan import (
    dcgan_critic,
    dcgan_generator,
    layer_norm,
    layer_norm_critic,
    mlp_generator,
    residual_critic,
)
from course_utils.networks.wgan import constant_generator, residual_generator

NAME = "architectures-mnist"
MARKS = (5, 10, 15, 20, 25, 30)  # processor seconds
SAMPLES = 2_000
SHOWN = 14  # images a game
LATENT, WIDTH, BATCH, DECAY = 64, 16, 16, 0.995
EPOCH = 10  # iterations between two looks at the clock
LEAST = 0.02  # share of the samples from which a class counts as covered

DCGAN, CRITIC = partial(dcgan_generator, LATENT, WIDTH), partial(layer_norm_critic, WIDTH)
ROWS = {
    "DCGAN": (DCGAN, CRITIC),
    "no batch norm, constant width": (partial(constant_generator, LATENT, WIDTH), CRITIC),
    "MLP generator": (partial(mlp_generator, LATENT, (256,) * 4, activation=relu, normalisation=None), CRITIC),
    "no norm anywhere": (partial(DCGAN, normalisation=None), partial(dcgan_critic, WIDTH)),
    "tanh everywhere": (
        partial(DCGAN, activation=tanh), partial(dcgan_critic, WIDTH, activation=tanh, normalisation=layer_norm),
    ),
    "29 + 29 layers, no norm": (
        partial(residual_generator, LATENT, (3, 3, 3), 4), partial(residual_critic, (3, 3, 3), 4),
    ),
}  # fmt: skip


# Game, critic's optimizer, generator's optimizer, arguments of the game.
ADAM = partial(keras.optimizers.Adam, 1e-3, beta_1=0.5)
PENALTY_ADAM = partial(ADAM, beta_2=0.9)
GAMES = {
    "GAN": (GAN, ADAM, ADAM, {}),
    "WGAN": (WGAN, partial(keras.optimizers.RMSprop, 5e-4), partial(keras.optimizers.RMSprop, 1e-3), {"clip": 0.05}),
    "WGAN-GP": (WGANGP, PENALTY_ADAM, PENALTY_ADAM, {}),
}


def made(row, title, seed):
    """Returns a compiled game and the average of its generator."""
    (generator_of, critic_of), (kind, critics, generators, arguments) = ROWS[row], GAMES[title]
    keras.utils.set_random_seed(seed)
    live, averaged = generator_of(), generator_of()
    game = kind(
        live, critic_of(), critic_optimizer=critics(), generator_optimizer=generators(),
        averages=[Average(live, averaged, DECAY)], seed=seed, **arguments,
    )  # fmt: skip
    game.compile(steps_per_execution=EPOCH)
    return game, averaged


def play(row, title, seed, x_train, judged):
    """Plays one game and returns what was measured at each mark, and its last images as bytes."""
    game, averaged = made(row, title, seed)
    z = np.random.default_rng(seed).standard_normal((SAMPLES, LATENT), dtype="float32")

    def measure(logs):
        images = averaged.predict(z, batch_size=500, verbose=0)
        slope = float(game.slopes(x_train[:200]).mean())
        return judged(images) | {key: logs[key] for key in ("critic_loss", "logit_gap")} | {"slope": slope}

    clock = Clock(measure, MARKS)
    # A game that breaks down is no error here: it is what the row shows.
    game.fit(x_train, batch_size=BATCH, epochs=100_000, steps_per_epoch=EPOCH, verbose=0, callbacks=[clock])
    found, iterations = zip(*clock.found)
    shown = averaged.predict(z[:SHOWN], verbose=0)
    columns = {key: np.array([mark[key] for mark in found]) for key in found[0]}
    game.release()
    return columns | {"iterations": np.array(iterations), "images": np.rint((shown + 1) * 127.5).astype("uint8")}


def judge(x_test):
    """Returns a function of images: FD to the test images, and the number of classes that get their share."""
    read = metrics.evaluator("mnist")
    real = read(x_test).features

    def judged(images):
        if not np.isfinite(images).all():
            return {"FD": np.nan, "classes": 0}
        fake = read(images)
        covered = int((metrics.class_shares(fake.probabilities) >= LEAST).sum())
        return {"FD": float(metrics.frechet_distance(fake.features, real)), "classes": covered}

    return judged


def part(row, title, seed):
    """The file of one game with one seed."""
    return FOLDER / NAME / f"{row} {title} {seed}.npz".replace(" ", "-").replace(",", "")


def grid(seeds):
    """Plays all games that are missing, seed by seed."""
    x_train, _, x_test, _ = data.load("mnist")
    x_train, judged = data.scale(x_train), judge(data.scale(x_test))
    for seed in range(seeds):
        for row in ROWS:
            for title in GAMES:
                path = part(row, title, seed)
                if path.exists():
                    continue
                found = play(row, title, seed, x_train, judged) | {"version": np.array(pretrained.code_version())}
                path.parent.mkdir(parents=True, exist_ok=True)
                files.save_arrays(path, found)
                print(row, title, seed, "FD", found["FD"].round(1), "classes", found["classes"][-1], flush=True)
                keras.backend.clear_session()


def gathered(seeds):
    """Returns the arrays of the study, (rows, games, seeds, …), and the versions of the code that made them.

    What was not played is NaN, its images are black.
    """
    keys = ("FD", "classes", "iterations", "critic_loss", "logit_gap", "slope")
    nothing = dict.fromkeys(keys, np.full(len(MARKS), np.nan)) | {"images": np.zeros((SHOWN, 28, 28, 1), "uint8")}
    found = [[[part(r, t, s) for s in range(seeds)] for t in GAMES] for r in ROWS]
    played = [[[files.load_arrays(p) if p.exists() else nothing for p in cell] for cell in row] for row in found]
    arrays = {key: np.array([[[run[key] for run in cell] for cell in row] for row in played], float) for key in keys}
    arrays["images"] = np.stack([[cell[0]["images"] for cell in row] for row in played])
    versions = {str(run["version"]) for row in played for cell in row for run in cell if "version" in run}
    return arrays, sorted(versions)


def ship(seeds):
    """Gathers the games of all seeds into one study."""
    arrays, versions = gathered(seeds)
    x_train, _, x_test, _ = data.load("mnist")
    floor = judge(data.scale(x_test))(data.scale(x_train[:SAMPLES]))["FD"]
    mean = np.nanmean(arrays["FD"][..., -1], -1)
    last = {r: {t: round(float(x), 3) for t, x in zip(GAMES, line) if x == x} for r, line in zip(ROWS, mean)}
    recipe = pretrained.provenance(0, data.source("mnist"), seeds * len(ROWS) * len(GAMES) * MARKS[-1]) | {
        "command": f"python training/architectures.py {seeds}",
        "code_version": "; ".join(versions),
        "lecture": "06 and 07",
        "evaluator": "mnist-cnn",
        "scores": {"FD-mnist-cnn": last, "FD-mnist-cnn-of-training-images": round(float(floor), 4)},
        "published": [],
        "networks": {},
        "settings": {
            "rows": list(ROWS),
            "games": list(GAMES),
            "marks": list(MARKS),
            "seeds": seeds,
            "samples": SAMPLES,
            "batch_size": BATCH,
            "width": WIDTH,
            "average": DECAY,
            "clip": GAMES["WGAN"][-1]["clip"],
            "least": LEAST,
            "clock": "processor seconds of one core; compiling, sampling and scoring do not count",
        },
    }
    path = studies.write(NAME, arrays, recipe)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {last}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", type=int, help="number of seeds")
    parser.add_argument("--ship", action="store_true", help="gather what earlier runs have measured")
    chosen = parser.parse_args()
    if not chosen.ship:
        grid(chosen.seeds)
    ship(chosen.seeds)
