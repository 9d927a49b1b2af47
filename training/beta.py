"""What β trades in lecture 01: five β, three seeds, two latent axes, everything else alike.

    python training/beta.py            # 6 minutes of one core; begun again, it goes on with what is missing
    python training/beta.py --ship     # gathers what there is into course_utils/studies

Of each run: reconstruction and KL of the 10,000 test images in nats, the Fréchet distance of 5,000 draws from the prior
to the test images, squared MMD between q(z) and the prior, and how many latent axes carry more than 0.05 nats. All runs
have the same rate and length, the seeds of a row are those of every other, and nothing was tuned.
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import ops
from runs import FOLDER, study

from course_utils import data, files, metrics, pretrained, studies
from course_utils.games.vae import VAE
from course_utils.networks.vae import decode, encode, mlp_decoder, mlp_encoder

NAME = "beta-mnist"
LATENTS = (2,)
BETAS = (0.1, 0.3, 1.0, 3.0, 10.0)
SEEDS = 3
WIDTH, RATE, BATCH, ITERATIONS = 200, 2e-3, 128, 3_000
STEPS = 100  # iterations between two returns from the compiled program
SAMPLES, POINTS, SHOWN = 5_000, 2_000, 12
MEASURES = ("reconstruction", "KL", "FD", "MMD", "axes")


def networks(latent):
    """Returns a fresh encoder and decoder."""
    return mlp_encoder(latent, WIDTH), mlp_decoder(latent, WIDTH)


class Runs:
    """All runs of one width of the latent: one game, compiled once and begun again for each β and seed."""

    def __init__(self, latent):
        self.latent = latent
        self.game = VAE(*networks(latent), keras.optimizers.Adam(RATE))
        self.game.compile(steps_per_execution=STEPS)
        self.state = self.game.weights + self.game.optimizers.variables
        self.beginning = [ops.convert_to_numpy(variable) for variable in self.state]

    def begin(self, beta, seed):
        """Undoes all training and draws the weights of a seed, the same for every β."""
        for variable, value in zip(self.state, self.beginning, strict=True):
            variable.assign(value)
        keras.utils.set_random_seed(seed)
        self.game.seed = seed  # the order of the data follows from it
        for network, fresh in zip((self.game.encoder, self.game.decoder), networks(self.latent), strict=True):
            network.set_weights(fresh.get_weights())
        self.game.beta.assign(beta)

    def play(self, beta, seed, x_train, score):
        """Plays one run; returns its five measures, images, and seconds of training."""
        self.begin(beta, seed)
        began = time.perf_counter()
        self.game.fit(x_train, batch_size=BATCH, steps_per_epoch=ITERATIONS, verbose=0)
        seconds = time.perf_counter() - began
        found, images = score(self.game)
        shown = np.rint(255 * images).astype("uint8")
        return {"measures": np.array(found), "images": shown, "seconds": np.array(seconds)}


def scoring(x_test, latent):
    """Returns a function (game) -> (the five measures, a few images of fixed latents)."""
    read, rng = metrics.evaluator("mnist"), np.random.default_rng(0)
    real = read(2 * x_test - 1).features
    drawn, noise = rng.normal(size=(SAMPLES, latent)), rng.normal(size=(2, POINTS, latent))
    kernel = metrics.rbf(*(np.sqrt(latent) * np.array([0.25, 0.5, 1.0])))

    def score(game):
        mean, log_var = encode(game.encoder, x_test)
        per_axis = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).mean(axis=0)
        logs = game.evaluate(x_test, batch_size=500, verbose=0)
        images = decode(game.decoder, drawn)
        distance = metrics.frechet_distance(read(2 * images - 1).features, real)
        z = (mean + np.exp(0.5 * log_var) * np.random.default_rng(1).normal(size=mean.shape))[:POINTS]
        apart = metrics.mmd(z, noise[0], kernel)
        return (logs["nll"], logs["kl"], distance, apart, np.sum(per_axis > 0.05)), images[:SHOWN]

    return score


def part(latent, beta, seed):
    """The file of one run."""
    return FOLDER / NAME / f"{latent}-{beta:g}-{seed}.npz"


def play():
    """Plays all runs that are missing."""
    x_train, _, x_test, _ = data.load("mnist")
    x_train, x_test = (data.scale(x, low=0.0, high=1.0) for x in (x_train, x_test))
    version = pretrained.code_version()
    for latent in LATENTS:
        wanted = [(beta, seed) for seed in range(SEEDS) for beta in BETAS]
        missing = [pair for pair in wanted if not part(latent, *pair).exists()]
        if not missing:
            continue
        keras.backend.clear_session()
        runs, score = Runs(latent), scoring(x_test, latent)
        for beta, seed in missing:
            found = runs.play(beta, seed, x_train, score) | {"version": np.array(version)}
            part(latent, beta, seed).parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(part(latent, beta, seed), found)
            print(latent, beta, seed, found["measures"].round(3).tolist(), f"{found['seconds']:.0f} s", flush=True)


def ship(folder):
    """Gathers all runs into one study."""
    played = [
        [[files.load_arrays(part(latent, beta, seed)) for seed in range(SEEDS)] for beta in BETAS] for latent in LATENTS
    ]
    data.load("mnist")
    read = metrics.evaluator("mnist")
    every = [run for table in played for row in table for run in row]
    arrays = {
        "measures": np.array([[[run["measures"] for run in row] for row in table] for table in played]),
        "images": np.array([[row[0]["images"] for row in table] for table in played]),  # (latents, β, shown, 28, 28, 1)
    }
    distance = arrays["measures"][..., MEASURES.index("FD")].mean(axis=-1).round(3)
    means = {f"d = {latent}": dict(zip(map(str, BETAS), row.tolist())) for latent, row in zip(LATENTS, distance)}
    recipe = pretrained.provenance(0, data.source("mnist"), sum(float(run["seconds"]) for run in every)) | {
        "command": "python training/beta.py",
        "code_version": "; ".join(sorted({str(run["version"]) for run in every})),
        "lecture": "01",
        "evaluator": read.name,
        "scores": {f"FD-{read.name}": means},
        "published": [],
        "networks": {},
        "settings": {
            "latents": LATENTS, "betas": BETAS, "seeds": SEEDS, "measures": MEASURES, "width": WIDTH, "rate": RATE,
            "batch_size": BATCH, "iterations": ITERATIONS, "samples": SAMPLES, "points": POINTS,
        },
    }  # fmt: skip
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


if __name__ == "__main__":
    study(__doc__, play, ship)
