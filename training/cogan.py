"""Pairs of digits from two piles that nobody has paired: lecture 12's CoGAN of MNIST and USPS.

    python training/cogan.py cogan-digits             # some minutes of a core

The same networks with nothing tied are played beside it, as the control. How often both images of a pair are the same
digit is asked of two readers, one of each domain, that learn from the training images with their labels and take no
part in the game.
"""

import dataclasses
import functools
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import Tail, Trial, Watch, begun, kept, main, recorded, rounded, save, stretched

from course_utils import data, pretrained
from course_utils.builders import BUILDERS
from course_utils.game import Average
from course_utils.games import cogan, domains
from course_utils.networks.domains import digit_classifier, digit_encoder

ROWS = 50_000  # of each domain, USPS gone through again and again
JUDGED = 1_000  # pairs that the readers are asked about at a mark


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    iterations: int
    tied: bool = True
    latent_dim: int = 32
    width: int = 16
    rate: float = 5e-4
    batch_size: int = 64
    decay: float = 0.98
    every: int = 100  # iterations between two marks

    @property
    def described(self):
        """The networks as a recipe describes them."""
        size = {"width": self.width, "tied": self.tied}
        generator = {"builder": "paired_generator", "arguments": {"latent_dim": self.latent_dim} | size}
        return {"generator": generator, "critic": {"builder": "paired_critic", "arguments": size}}

    def build(self):
        """Returns the two networks by name."""
        return {name: BUILDERS[made["builder"]].function(**made["arguments"]) for name, made in self.described.items()}

    def scaled(self, factor):
        """The same run with so many times as many iterations."""
        return dataclasses.replace(self, iterations=stretched(self.iterations, factor, self.every))


RUNS = {"cogan-digits": Run(1_000)}


@functools.cache
def piles():
    """Returns images of MNIST and of USPS, uint8, in rows that are no pairs."""
    mnist, usps = (data.domains.load(name) for name in ("mnist", "usps"))
    rng = np.random.default_rng(12)
    rows = [np.resize(rng.permutation(len(part.x_train)), ROWS) for part in (mnist, usps)]
    return mnist.x_train[rows[0]], usps.x_train[rng.permutation(rows[1])]


@functools.cache
def readers(iterations=300):
    """Returns a reader for each domain, (encoder, classifier, share of test images read rightly)."""
    found = []
    for name in ("mnist", "usps"):
        images = data.domains.load(name)
        keras.utils.set_random_seed(99)
        encoder, classifier = digit_encoder(), digit_classifier()
        game = domains.Supervised(encoder, classifier, keras.optimizers.Adam(Tail(1e-3, iterations)), seed=99)
        game.compile(steps_per_execution=20)
        game.fit(images.x_train, images.y_train, steps_per_epoch=iterations, verbose=0)
        game.release()
        found.append((encoder, classifier, domains.accuracy(encoder, classifier, images.x_test, images.y_test)))
    return found


def read(pairs):
    """Returns which digit each reader sees in its image of a pair: two int arrays (N,)."""
    return [domains.predicted(*reader[:2], images) for reader, images in zip(readers(), pairs)]


def played(run, seed):
    """Returns the compiled game of a run, and what is kept of it: the averaged generator and the critic."""
    keras.utils.set_random_seed(seed)
    networks, averaged = run.build(), run.build()["generator"]
    rates = {f"{name}_optimizer": keras.optimizers.Adam(Tail(run.rate, run.iterations), beta_1=0.5)
             for name in ("critic", "generator")}  # fmt: skip
    average = Average(networks["generator"], averaged, run.decay)
    game = cogan.CoGAN(**networks, **rates, averages=[average], seed=seed)
    game.compile(steps_per_execution=10)
    return game, networks | {"generator": averaged}


def measures(game):
    """Returns a function that asks both readers about pairs of one seed."""

    def measure():
        a, b = read(game.sample(JUDGED, seed=5))
        return {"agreement": float(np.mean(a == b)), "digits": float(len(np.unique(a)) + len(np.unique(b))) / 2}

    return measure


def trial(run, seed):
    """Returns what tells how long the run can be."""
    game, _ = played(run, seed)

    def play(iterations):
        game.fit(piles(), batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(play, 10, run.iterations, starts=2, look=measures(game), looks=run.iterations // run.every)


def train(name, run, seed, resume):
    """Trains the run and its control, and keeps the networks of the last moment."""
    for name_of, each in ((name, run), (f"{name}-untied", dataclasses.replace(run, tied=False))):
        game, networks = played(each, seed)
        watch = Watch(name_of, networks, measures(game), ("critic_loss", "generator_loss"))
        game.fit(
            piles(), batch_size=run.batch_size, epochs=run.iterations // run.every, steps_per_epoch=run.every,
            callbacks=[watch, begun(name_of, watch, resume)], verbose=0,
        )  # fmt: skip
        game.release()


def scores(generator, suffix=""):
    """How often the readers of both domains see one digit in a pair, and what chance would give."""
    a, b = read(cogan.pairs_of(generator, 4 * JUDGED, np.random.default_rng(11)))
    shares = [np.bincount(each, minlength=10) / len(each) for each in (a, b)]
    return {
        f"agreement{suffix}": round(float(np.mean(a == b)), 4),
        f"agreement-by-chance{suffix}": round(float(np.dot(*shares)), 4),
    }


def ship(name, run, seed, folder):
    """Scores the kept networks as they will be stored, and saves them with their recipe."""
    noted, control = recorded(name), dataclasses.replace(run, tied=False)
    networks = kept(name, run.build())
    found = scores(networks["generator"]) | scores(kept(f"{name}-untied", control.build())["generator"], "-untied")
    found |= {f"accuracy-of-the-reader-of-{which}": round(reader[2], 4)
              for which, reader in zip(("MNIST", "USPS"), readers())}  # fmt: skip
    sources = [data.source(which) for which in ("mnist", "usps")]
    source = data.Source("; ".join(each.text for each in sources), "; ".join(each.sha256 for each in sources))
    iterations = [int(number) for number in noted["trace"]["iterations"]]
    recipe = pretrained.provenance(seed, source, noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "12",
        "evaluator": None,
        "scores": found,
        "published": [],
        "settings": {
            "game": "CoGAN",
            "iterations": iterations[-1],
            "planned": run.iterations,
            "batch_size": run.batch_size,
            "optimizer": "Adam, beta_1 0.5",
            "rate": run.rate,
            "rates": "constant for the first half, then along a line to 0",
            "average": run.decay,
            "images": "16 × 16, MNIST averaged over areas",
            "trace": rounded(noted["trace"]),
            "trace-untied": rounded(recorded(f"{name}-untied")["trace"]),
        },
        "networks": run.described,
        "sampler": None,
    }
    save(name, networks, recipe, folder)


if __name__ == "__main__":
    main(__doc__, RUNS, trial, train, ship)
