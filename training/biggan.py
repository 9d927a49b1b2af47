"""The long runs of lecture 08. Each trains a BigGAN on real images and their labels, scores it and ships its weights.

    python training/biggan.py biggan-mnist             # from the beginning
    python training/biggan.py biggan-mnist --resume    # on from where it was stopped
    python training/biggan.py biggan-cifar10           # the published 32-pixel recipe: on a GPU

The digits' networks have every ingredient of the lecture at a fraction of the paper's width, so that a run fits on
one CPU core. Learning rates fall to 0 along a line over the second half. What ships is the average of the
generator, of the moment when it was best: by the Fréchet distance to *training* images, measured along the way, so
that the test images have no say in the choice. None of the settings has been tuned. `biggan-mnist` was begun with
7,000 iterations planned and went on after 1,400 with 3,500 planned; up to there the rates are the same. The weights
for CIFAR-10 are too large for the package: they go to build/training/weights, where `pretrained.load(name, folder)`
finds them.
"""

import dataclasses
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import FOLDER, Tail, Trial, Watch, begun, kept, main, recorded, rounded, save, stretched

from course_utils import data, metrics, pretrained, priors, weights
from course_utils.game import Average
from course_utils.games.biggan import BigGAN
from course_utils.games.watching import SingularValues, settle, spectral_norms
from course_utils.layers.initial import normal, orthogonal
from course_utils.networks.biggan import CIFAR_CRITIC, CIFAR_GENERATOR, biggan_critic, biggan_generator

CLASSES, SAMPLES, SWEPT = 10, 10_000, 5_000
THRESHOLDS = (None, 2.0, 1.5, 1.0, 0.7, 0.5, 0.3, 0.1)
TERMS = ("critic_loss", "generator_loss", "logit_gap", "orthogonal", "critic_sigma", "generator_sigma")


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    iterations: int
    generator: dict  # arguments of biggan_generator
    critic: dict  # arguments of biggan_critic
    initializer: object = orthogonal
    rate: float = 5e-4
    batch_size: int = 64
    turns: int = 2
    regulariser_weight: float = 1e-4
    decay: float = 0.999
    marks: int = 20  # looks at the clock, each with measures and a checkpoint
    images: str = "mnist"
    policy: str = "float32"
    published: tuple = ()
    folder: Path = weights.FOLDER

    def described(self):
        """The networks as a recipe describes them."""
        return {
            "generator": {"builder": "biggan_generator", "arguments": {"classes": CLASSES, **self.generator}},
            "critic": {"builder": "biggan_critic", "arguments": {"classes": CLASSES, **self.critic}},
        }

    def networks(self):
        """Returns a fresh generator and critic by name."""
        made = self.described()
        return {
            "generator": biggan_generator(**made["generator"]["arguments"], initializer=self.initializer),
            "critic": biggan_critic(**made["critic"]["arguments"], initializer=self.initializer),
        }

    def scaled(self, factor):
        """The same run with so many times as many iterations."""
        marks = min(self.marks, stretched(self.iterations, factor, 100) // 100)
        return dataclasses.replace(self, iterations=stretched(self.iterations, factor, 10 * marks), marks=marks)

    def optimizer(self, turns):
        """Adam as BigGAN uses it."""
        return keras.optimizers.Adam(Tail(self.rate, self.iterations * turns), beta_1=0.0, beta_2=0.999)


# The same network in its other form (StudioGAN's, with attention and shared embedding), by the usual measures.
PUBLISHED = tuple(
    {"score": f"{score}, 50,000 samples, Inception network", "value": value, "source": "PyTorch-StudioGAN, BigGAN"}
    for score, value in (("IS", 9.96), ("FID", 4.16))
)

RUNS = {
    "biggan-mnist": Run(
        3_500,
        {"latent_dim": 60, "widths": [48, 24], "image_shape": [28, 28, 1], "class_dim": 32, "attention": 14},
        {"widths": [24, 48, 48], "halvings": 2, "image_shape": [28, 28, 1], "attention": 14},
        batch_size=32, marks=10,
    ),
    "biggan-cifar10": Run(
        100_000, {**CIFAR_GENERATOR}, {**CIFAR_CRITIC}, normal(0.02), rate=2e-4, batch_size=50, turns=4,
        regulariser_weight=0.0, decay=0.9999, marks=100, images="cifar10", policy="mixed_bfloat16",
        published=PUBLISHED, folder=FOLDER / "weights",
    ),
}  # fmt: skip


def real(run):
    """Returns training images in [-1, 1] with their labels, and test images."""
    x, y, x_test, _ = data.load(run.images)
    if run.images == "cifar10":  # a horse in a mirror is a horse
        x, y = np.concatenate([x, x[:, :, ::-1]]), np.concatenate([y, y])
    return data.scale(x), y, data.scale(x_test)


def sampled(run, generator, n, seed, threshold=None):
    """Returns n images of a generator, the classes in turn, and the classes that were asked for."""
    z = priors.resampled(np.random.default_rng(seed), (n, run.generator["latent_dim"]), threshold)
    labels = np.arange(n, dtype="int32") % CLASSES
    return generator.predict([z, labels], batch_size=500, verbose=0), labels


def measures(run, generator, x_train):
    """Returns a function that measures FD to training images, inception score, and the share of samples that are read
    as the class that was asked for, where the images are digits."""
    if run.images != "mnist":
        return dict
    read = metrics.evaluator("mnist")
    real = read(x_train[:SAMPLES]).features

    def measure():
        images, labels = sampled(run, generator, SAMPLES, seed=0)
        found = read(images)
        return {
            "FD": float(metrics.frechet_distance(found.features, real)),
            "IS": metrics.inception_score(found.probabilities),
            "asked": float(np.mean(found.probabilities.argmax(1) == labels)),
        }

    return measure


def played(run, seed):
    """Returns the compiled game of a run, its networks by name, and the average of its generator."""
    keras.utils.set_random_seed(seed)
    live, averaged = run.networks(), run.networks()["generator"]
    game = BigGAN(
        **live, critic_optimizer=run.optimizer(run.turns), generator_optimizer=run.optimizer(1), turns=run.turns,
        regulariser_weight=run.regulariser_weight, averages=[Average(live["generator"], averaged, run.decay)],
        seed=seed,
    )  # fmt: skip
    game.compile(steps_per_execution=10)
    return game, live, averaged


def trial(run, seed):
    """Returns what tells how long the run can be."""
    x_train, y_train, _ = real(run)
    keras.config.set_dtype_policy(run.policy)
    game, _, averaged = played(run, seed)

    def play(iterations):
        game.fit(x_train, y_train, batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(play, 10, run.iterations, look=measures(run, averaged, x_train), looks=run.marks)


def train(name, run, seed, resume):
    """Trains one run and keeps the averaged generator and the critic of its best moment."""
    x_train, y_train, _ = real(run)
    keras.config.set_dtype_policy(run.policy)
    game, live, averaged = played(run, seed)
    digits = {"cost": lambda mark: mark["FD"]} if run.images == "mnist" else {}
    watch = Watch(
        name, {"generator": averaged, "critic": live["critic"]}, measures(run, averaged, x_train), TERMS, **digits
    )
    game.fit(
        x_train, y_train, batch_size=run.batch_size, epochs=run.marks, steps_per_epoch=run.iterations // run.marks,
        verbose=0, callbacks=[SingularValues(live, top=1), watch, begun(name, watch, resume)],
    )  # fmt: skip
    keras.config.set_dtype_policy("float32")


def ship(name, run, seed, folder):
    """Scores the kept weights, as they will be stored, and saves them with their recipe."""
    networks, noted = kept(name, run.networks()), recorded(name)
    settle(networks["critic"])
    x_train, _, x_test = real(run)
    scored, sweep = scores(run, networks, x_train, x_test) if run.images == "mnist" else ({}, None)
    iterations = [int(number) for number in noted["trace"]["iterations"]]
    recipe = pretrained.provenance(seed, data.source(run.images), noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "08",
        "evaluator": "mnist-cnn" if scored else None,
        "scores": scored,
        "published": list(run.published),
        "settings": {
            "game": "BigGAN",
            "iterations": iterations[-1],
            "planned": run.iterations,  # a run that was stopped before has not seen its lowest rates
            "shipped_moment": iterations[np.argmin(noted["trace"]["FD"]) if scored else -1],
            "critic_turns": run.turns,
            "batch_size": run.batch_size,
            "optimizer": "Adam(0, 0.999)",
            "rate": run.rate,
            "schedule": "constant for the first half, then along a line to 0",
            "average": run.decay,
            "regulariser_weight": run.regulariser_weight,
            "initializer": getattr(run.initializer, "__qualname__", "normal").split(".")[0],
            "policy": run.policy,
            "images": run.images,
            "truncation": sweep,
            "trace": rounded(noted["trace"]),
        },
        "networks": run.described(),
        "sampler": {
            "name": "normal_generator",
            "arguments": {"latent_dim": run.generator["latent_dim"], "classes": CLASSES},
        },
    }
    save(name, networks, recipe, folder or run.folder)


def scores(run, networks, x_train, x_test):
    """10,000 samples against the 10,000 test images; then fewer at each truncation threshold."""
    read = metrics.evaluator("mnist")
    images, labels = sampled(run, networks["generator"], SAMPLES, seed=1)
    fake, tests, trained = read(images), read(x_test), read(x_train[:SAMPLES])
    found = metrics.score(fake, tests, read) | {
        "asked-class-read": float(np.mean(fake.probabilities.argmax(1) == labels)),
        "largest-error-of-a-spectral-norm": max(abs(norm - 1) for norm in spectral_norms(networks["critic"]).values()),
        "FD-mnist-cnn-of-training-images": float(metrics.frechet_distance(trained.features, tests.features)),
        "IS-mnist-cnn-of-test-images": float(metrics.inception_score(tests.probabilities)),
    }
    some = metrics.Reading(tests.features[:SWEPT], tests.probabilities[:SWEPT])
    sweep = [truncated(run, networks["generator"], threshold, some, read) for threshold in THRESHOLDS]
    return found, {name: [row[name] for row in sweep] for name in sweep[0]}


def truncated(run, generator, threshold, tests, read):
    """What one truncation threshold gives, on 5,000 samples."""
    images, labels = sampled(run, generator, SWEPT, seed=2, threshold=threshold)
    fake = read(images)
    found = {name.split("-")[0]: round(value, 4) for name, value in metrics.score(fake, tests, read).items()}
    asked = float(np.mean(fake.probabilities.argmax(1) == labels))
    return {"threshold": threshold, "asked": round(asked, 4), **found}


if __name__ == "__main__":
    main(__doc__, RUNS, trial, train, ship)
