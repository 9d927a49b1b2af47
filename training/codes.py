"""The VQ-VAE of lecture 10: digits as 7 × 7 words, for `training/pixels.py pixelcnn-codes` to write.

    python training/codes.py vqvae-mnist               # a few minutes of a core

The last 5,000 training images train nothing: by their nats the moment is chosen. Rates fall to 0 along a line.
"""

import dataclasses
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import Tail, Trial, Watch, begun, kept, main, recorded, rounded, save, stretched

from course_utils import data, metrics, pretrained
from course_utils.builders import BUILDERS
from course_utils.games import vq

HELD = 5_000


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    iterations: int
    width: int = 32
    dim: int = 8
    entries: int = 32
    rate: float = 1e-3
    batch_size: int = 64
    every: int = 250  # iterations between two marks

    @property
    def described(self):
        """The three networks as a recipe describes them."""
        size = {"width": self.width, "dim": self.dim}
        return {
            "encoder": {"builder": "vq_encoder", "arguments": size},
            "codebook": {"builder": "vq_codebook", "arguments": {"entries": self.entries, "dim": self.dim}},
            "decoder": {"builder": "vq_decoder", "arguments": size},
        }

    def build(self):
        """Returns the three networks by name."""
        return {name: BUILDERS[made["builder"]].function(**made["arguments"]) for name, made in self.described.items()}

    def scaled(self, factor):
        """The same run with so many times as many iterations."""
        return dataclasses.replace(self, iterations=stretched(self.iterations, factor, self.every))


RUNS = {"vqvae-mnist": Run(1_000)}


def split():
    """Returns training images (55,000, 28, 28, 1) in [0, 1], and those that train nothing."""
    x = data.scale(data.load("mnist")[0], 0.0, 1.0)
    return x[:-HELD], x[-HELD:]


def played(run, seed):
    """Returns the compiled game of a run, and its networks."""
    keras.utils.set_random_seed(seed)
    networks = run.build()
    game = vq.VQVAE(**networks, optimizer=keras.optimizers.Adam(Tail(run.rate, run.iterations)), seed=seed)
    game.compile(steps_per_execution=10)
    return game, networks


def measures(game, held):
    """Returns a function that measures nats, and how evenly the codes are used, on held-out images."""

    def measure():
        found = game.evaluate(held[::5], batch_size=500, verbose=0)
        return {key: float(found[key]) for key in ("nats", "commitment", "perplexity")}

    return measure


def trial(run, seed):
    """Returns what tells how long the run can be."""
    x, held = split()
    game, _ = played(run, seed)

    def play(iterations):
        game.fit(x, batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(play, 10, run.iterations, look=measures(game, held), looks=run.iterations // run.every)


def train(name, run, seed, resume):
    """Trains the run and keeps the networks of its best moment."""
    x, held = split()
    game, networks = played(run, seed)
    watch = Watch(name, networks, measures(game, held), ("autoencoder_loss",), cost=lambda mark: mark["nats"])
    game.fit(
        x, batch_size=run.batch_size, epochs=run.iterations // run.every, steps_per_epoch=run.every, verbose=0,
        callbacks=[watch, begun(name, watch, resume)],
    )  # fmt: skip


def scores(networks):
    """Nats and use of the codes on the test images, and FD of their reconstructions to them."""
    x = data.load("mnist")[2]
    images = data.scale(x, 0.0, 1.0)
    codes = vq.codes_of(networks["encoder"], networks["codebook"], images)
    again = vq.decoded(networks["codebook"], networks["decoder"], codes).astype("float64")
    again_clipped = np.clip(again, 1e-7, 1 - 1e-7)
    nats = -(images * np.log(again_clipped) + (1 - images) * np.log1p(-again_clipped)).sum(axis=(1, 2, 3)).mean()
    entries = networks["codebook"].get_layer("codebook").count
    share = np.bincount(codes.astype(int).ravel(), minlength=entries) / codes.size
    read = metrics.evaluator("mnist")
    found, real = (read(each).features for each in (2.0 * again.astype("float32") - 1.0, data.scale(x)))
    return {
        "reconstruction": float(nats),
        "perplexity-of-codes": float(np.exp(-(share[share > 0] * np.log(share[share > 0])).sum())),
        "codes-used": int((share > 0).sum()),
        "bits-of-a-code-grid-at-most": float(codes[0].size * np.log2(entries)),
        "FD-mnist-cnn-of-reconstructions": float(metrics.frechet_distance(found, real)),
    }


def ship(name, run, seed, folder):
    """Scores the kept networks as they will be stored, and saves them with their recipe."""
    noted = recorded(name)
    networks = kept(name, run.build())
    iterations = [int(number) for number in noted["trace"]["iterations"]]
    found = scores(networks)
    recipe = pretrained.provenance(seed, data.source("mnist"), noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "10",
        "evaluator": "mnist-cnn",
        "scores": found,
        "published": [],
        "settings": {
            "game": "VQVAE",
            "iterations": iterations[-1],
            "planned": run.iterations,
            "shipped_moment": iterations[int(np.argmin(noted["trace"]["nats"]))],
            "batch_size": run.batch_size,
            "optimizer": "Adam",
            "rate": run.rate,
            "rates": "constant for the first half, then along a line to 0",
            "codebook": "moving averages, decay 0.99; commitment 0.25",
            "trace": rounded(noted["trace"]),
        },
        "networks": run.described,
        "sampler": None,
    }
    save(name, networks, recipe, folder)


if __name__ == "__main__":
    main(__doc__, RUNS, trial, train, ship)
