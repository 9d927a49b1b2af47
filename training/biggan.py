"""The long runs of lecture 08. Each trains a BigGAN on real images and their labels, scores it and ships its weights.

    python training/biggan.py biggan-mnist             # from the beginning
    python training/biggan.py biggan-mnist --resume    # on from where it was stopped
    python training/biggan.py biggan-cifar10           # the published 32-pixel recipe: on a GPU

The digits' networks have every ingredient of the lecture at a fraction of the paper's width, so that a run fits on
one CPU core. Learning rates fall to 0 along a line over the second half. What ships is the average of the
generator, of the moment when it was best: by the Fréchet distance to *training* images, measured along the way, so
that the test images have no say in the choice. None of the settings has been tuned. The weights for CIFAR-10 are
too large for the package: they go to build/training/weights, where `pretrained.load(name, folder)` finds them.
"""

import argparse
import dataclasses
import os
import shutil
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from schedules import Tail

from course_utils import data, files, metrics, pretrained, priors, weights
from course_utils.checkpoints import Checkpoint
from course_utils.game import Average
from course_utils.games.biggan import BigGAN
from course_utils.games.watching import SingularValues, settle, spectral_norms
from course_utils.networks.biggan import CIFAR_CRITIC, CIFAR_GENERATOR, biggan_critic, biggan_generator
from course_utils.networks.initial import normal, orthogonal

FOLDER = Path("build/training")
CLASSES, SAMPLES, SWEPT = 10, 10_000, 5_000
THRESHOLDS = (None, 2.0, 1.5, 1.0, 0.7, 0.5, 0.3, 0.1)
MEASURED = ("FD", "IS", "asked")
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
        6_000,
        {"latent_dim": 60, "widths": [48, 24], "image_shape": [28, 28, 1], "class_dim": 32, "attention": 14},
        {"widths": [24, 48, 48], "halvings": 2, "image_shape": [28, 28, 1], "attention": 14},
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


class Watch(keras.callbacks.Callback):
    """Prints the means of an epoch, measures the averaged generator, and keeps the best one."""

    def __init__(self, name, run, networks, x_train):
        super().__init__()
        self.name, self.run, self.networks = name, run, networks
        self.read = metrics.evaluator("mnist") if run.images == "mnist" else None
        self.real = self.read(x_train[:SAMPLES]).features if self.read else None
        self.seconds, self.marks = 0.0, []
        self.version = pretrained.code_version()  # now: the sources may change while the run goes on

    def recall(self):
        """Takes over what an interrupted run has noted."""
        kept = files.load_arrays(FOLDER / f"{self.name}-marks.npz")
        self.seconds, self.marks, self.version = float(kept["seconds"]), kept["marks"].tolist(), str(kept["version"])

    def on_epoch_begin(self, epoch, logs=None):
        self.marks = self.marks[:epoch]  # the run may have been stopped between this file and the checkpoint
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self.began
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        iterations = (epoch + 1) * self.run.iterations // self.run.marks
        numbers = self.measure() + [float(logs.get(term, np.nan)) for term in TERMS]
        self.marks.append([iterations, round(self.seconds, 1), *numbers])
        terms = " ".join(f"{key} {number:.3f}" for key, number in zip((*MEASURED, *TERMS), numbers))
        print(f"{self.name} {iterations} {self.seconds:.0f} s {terms}", flush=True)
        self.keep()

    def measure(self):
        """FD to training images, inception score, and the share of samples read as the class that was asked for."""
        if self.read is None:
            return [np.nan] * len(MEASURED)
        images, labels = sampled(self.run, self.networks["generator"], SAMPLES, seed=0)
        found = self.read(images)
        asked = np.mean(found.probabilities.argmax(1) == labels)
        distance = metrics.frechet_distance(found.features, self.real)
        return [float(distance), metrics.inception_score(found.probabilities), float(asked)]

    def keep(self):
        """Writes the marks to the build folder, and the weights where they are the best so far."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        settle(self.networks["critic"])
        distances = [mark[2] for mark in self.marks]
        if self.read is None or distances[-1] == min(distances):
            files.save_arrays(FOLDER / f"{self.name}.npz", weights.arrays(self.networks))
        more = {"seconds": np.float64(self.seconds), "version": np.array(self.version)}
        files.save_arrays(FOLDER / f"{self.name}-marks.npz", more | {"marks": np.array(self.marks, "float64")})


def train(name, run, seed, resume):
    """Trains one run and keeps the averaged generator and the critic of its best moment."""
    keras.utils.set_random_seed(seed)
    x_train, y_train, _ = real(run)
    keras.config.set_dtype_policy(run.policy)
    live, averaged = run.networks(), run.networks()["generator"]
    game = BigGAN(
        **live, critic_optimizer=run.optimizer(run.turns), generator_optimizer=run.optimizer(1), turns=run.turns,
        regulariser_weight=run.regulariser_weight, averages=[Average(live["generator"], averaged, run.decay)],
        seed=seed,
    )  # fmt: skip
    game.compile(steps_per_execution=10)
    watch = Watch(name, run, {"generator": averaged, "critic": live["critic"]}, x_train)
    folder = FOLDER / f"{name}-state"
    if resume:
        watch.recall()
    elif folder.exists():
        shutil.rmtree(folder)
    game.fit(
        x_train, y_train, batch_size=run.batch_size, epochs=run.marks, steps_per_epoch=run.iterations // run.marks,
        verbose=0, callbacks=[SingularValues(live, top=1), watch, Checkpoint(folder)],
    )  # fmt: skip
    keras.config.set_dtype_policy("float32")


def ship(name, run, seed):
    """Scores the kept weights, as they will be stored, and saves them with their recipe."""
    noted = files.load_arrays(FOLDER / f"{name}-marks.npz")
    marks = noted["marks"]
    networks = run.networks()
    weights.fill(networks, files.load_arrays(FOLDER / f"{name}.npz"))
    weights.round_to(networks)
    scored, sweep = scores(run, networks) if run.images == "mnist" else ({}, None)
    best = int(marks[np.argmin(marks[:, 2]), 0]) if scored else int(marks[-1, 0])
    recipe = pretrained.provenance(seed, data.source(run.images), float(noted["seconds"])) | {
        "code_version": str(noted["version"]),
        "lecture": "08",
        "evaluator": "mnist-cnn" if scored else None,
        "scores": scored,
        "published": list(run.published),
        "settings": {
            "game": "BigGAN",
            "iterations": int(marks[-1, 0]),
            "planned": run.iterations,  # a run that was stopped before has not seen its lowest rates
            "shipped_moment": best,
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
            "trace": trace(marks),
        },
        "networks": run.described(),
        "sampler": {
            "name": "normal_generator",
            "arguments": {"latent_dim": run.generator["latent_dim"], "classes": CLASSES},
        },
    }
    run.folder.mkdir(parents=True, exist_ok=True)
    path = pretrained.save(name, networks, recipe, run.folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


def trace(marks):
    """The marks of a run by name, as a recipe holds them."""
    columns = ("iterations", "seconds", *MEASURED, *TERMS)
    return {
        name: [None if np.isnan(m) else round(float(m), 4) for m in column] for name, column in zip(columns, marks.T)
    }


def scores(run, networks):
    """10,000 samples against the 10,000 test images; then fewer at each truncation threshold."""
    read = metrics.evaluator("mnist")
    x_train, _, x_test = real(run)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=RUNS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    parser.add_argument("--ship", action="store_true", help="score and save what an earlier run kept")
    arguments = parser.parse_args()
    for name in arguments.names:
        if not arguments.ship:
            train(name, RUNS[name], arguments.seed, arguments.resume)
        ship(name, RUNS[name], arguments.seed)


if __name__ == "__main__":
    main()
