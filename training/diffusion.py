"""The long runs of lecture 14: diffusion of digits, in pixels and in the codes of lecture 01's autoencoder.

    python training/diffusion.py diffusion-codes               # a quarter of an hour of a core
    python training/diffusion.py diffusion-mnist               # half an hour of a core
    python training/diffusion.py diffusion-mnist --resume      # on from where it was stopped

The last 5,000 training images train nothing: by the Fréchet distance to them the moment, the guidance and the power of
the sampler's times are chosen, so that the test images have no say. Learning rates stay for a while, then fall to 0
along a line. `diffusion-mnist` also ships an early moment of itself, `diffusion-mnist-stage`, for a lesson to compare
with.
"""

import dataclasses
import itertools
import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import FOLDER, Stage, Tail, Trial, Watch, begun, kept, main, recorded, rounded, save, stretched

from course_utils import data, metrics, pretrained
from course_utils.builders import BUILDERS
from course_utils.game import Average
from course_utils.games.diffusion import Diffusion
from course_utils.samplers import SAMPLERS

CLASSES, HELD = 10, 5_000
STAGE_AT = 1_000  # iterations


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    iterations: int
    denoiser: dict  # builder and arguments
    codes: str | None = None  # the shipped autoencoder whose codes are diffused; pixels if None
    rate: float = 2e-3
    beta_2: float = 0.99
    hold: float = 0.5  # share of the run after which the rate begins to fall
    batch_size: int = 64
    decay: float = 0.999
    drop: float = 0.1
    marks: int = 10  # looks at the clock, each with measures and a checkpoint
    samples: int = 10_000  # of the shipped weights, for their scores
    looked: tuple = (1_000, 15)  # samples and steps of a look
    steps: int = 25  # of the shipped sampler
    tried: int = 5_000  # samples of each pair of a guidance and a power
    guidances: tuple = (1.0, 1.15, 1.25, 1.4, 2.0)
    powers: tuple = (1.0, 1.5, 2.0)
    scored: tuple = (10, 50)  # further numbers of steps whose distance is measured
    stage: bool = False

    def network(self):
        """Returns a fresh denoiser."""
        return BUILDERS[self.denoiser["builder"]].function(**self.denoiser["arguments"])

    def scaled(self, factor):
        """The same run with so many times as many iterations."""
        marks = min(self.marks, stretched(self.iterations, factor, 100) // 100)
        return dataclasses.replace(self, iterations=stretched(self.iterations, factor, 10 * marks), marks=marks)


RUNS = {
    "diffusion-mnist": Run(
        7_000,
        {"builder": "denoising_unet", "arguments": {"widths": [32, 64], "blocks": 1, "patch": 2, "classes": CLASSES}},
        looked=(500, 10), steps=10, tried=1_000, guidances=(1.0, 1.2, 1.3, 1.4, 1.6), powers=(0.5, 0.75, 1.0),
        stage=True,
    ),
    "diffusion-codes": Run(
        9_000,
        {"builder": "denoising_mlp", "arguments": {"shape": [16], "width": 256, "blocks": 3, "classes": CLASSES}},
        codes="ae-mnist-z16", rate=1e-3, beta_2=0.999, batch_size=256, looked=(5_000, 20),
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Task:
    """What a run learns from, how its samples are made, and what judges them."""

    run: Run
    x: np.ndarray  # what the denoiser sees, images or codes
    y: np.ndarray
    held: np.ndarray  # training images (5,000, 28, 28, 1) in [-1, 1] that train nothing
    more: dict  # further arguments of the sampler
    networks: dict  # further networks of the sampler

    def sampler(self, steps, guidance=1.0, power=1.0):
        """The sampler as a recipe describes it."""
        arguments = {"classes": CLASSES, "guidance": guidance, "steps": steps, "power": power, **self.more}
        return {"name": "denoised_codes" if self.run.codes else "denoised_images", "arguments": arguments}

    def sampled(self, denoiser, n, seed, steps, guidance=1.0, power=1.0):
        """Returns n images, the classes in turn, and the classes that were asked for."""
        labels, made = np.arange(n) % CLASSES, self.sampler(steps, guidance, power)
        networks = {"denoiser": denoiser, **self.networks}
        return SAMPLERS[made["name"]](networks, n, np.random.default_rng(seed), labels, **made["arguments"]), labels


def task(run):
    """Returns the `Task` of a run."""
    x, y, _, _ = data.load("mnist")
    images, y = data.scale(x), y.astype("int32")
    if run.codes is None:
        return Task(run, images[:-HELD], y[:-HELD], images[-HELD:], {}, {})
    autoencoder = pretrained.load(run.codes).networks
    codes = autoencoder["encoder"].predict(data.scale(x, 0.0, 1.0), batch_size=500, verbose=0)[0][:-HELD]
    mean, deviation = codes.mean(axis=0), codes.std(axis=0)
    more = {"mean": [round(float(m), 5) for m in mean], "deviation": [round(float(s), 5) for s in deviation]}
    codes = (codes - np.float32(more["mean"])) / np.float32(more["deviation"])
    return Task(run, codes, y[:-HELD], images[-HELD:], more, {"decoder": autoencoder["decoder"]})


def judge(found, real, labels):
    """FD to images, inception score, and the share read as the class that was asked for."""
    return {
        "FD": float(metrics.frechet_distance(found.features, real.features)),
        "IS": float(metrics.inception_score(found.probabilities)),
        "asked": float(np.mean(found.probabilities.argmax(1) == labels)),
    }


def measures(chosen, denoiser):
    """Returns a function that measures a denoiser without guidance by the held-out images."""
    read = metrics.evaluator("mnist")
    real, (n, steps) = read(chosen.held), chosen.run.looked

    def measure():
        images, labels = chosen.sampled(denoiser, n, 0, steps)
        return judge(read(images), real, labels)

    return measure


def played(run, seed):
    """Returns the compiled game of a run, and the average of its denoiser."""
    keras.utils.set_random_seed(seed)
    live, averaged = run.network(), run.network()
    game = Diffusion(
        live, drop=run.drop, averages=[Average(live, averaged, run.decay)], seed=seed,
        optimizer=keras.optimizers.Adam(Tail(run.rate, run.iterations, run.hold), beta_2=run.beta_2),
    )  # fmt: skip
    game.compile(steps_per_execution=10)
    return game, averaged


def trial(run, seed):
    """Returns what tells how long the run can be."""
    chosen = task(run)
    game, averaged = played(run, seed)

    def play(iterations):
        game.fit(chosen.x, chosen.y, batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(play, 10, run.iterations, look=measures(chosen, averaged), looks=run.marks)


def train(name, run, seed, resume):
    """Trains one run and keeps the averaged denoiser of its best moment."""
    chosen = task(run)
    game, averaged = played(run, seed)
    watch = Watch(
        name, {"denoiser": averaged}, measures(chosen, averaged), ("denoiser_loss",), cost=lambda mark: mark["FD"]
    )
    stages = [Stage(name, {"denoiser": averaged}, STAGE_AT)] if run.stage else []
    if not resume:
        (FOLDER / f"{name}-stage.npz").unlink(missing_ok=True)
    game.fit(
        chosen.x, chosen.y, batch_size=run.batch_size, epochs=run.marks, steps_per_epoch=run.iterations // run.marks,
        verbose=0, callbacks=[*stages, watch, begun(name, watch, resume)],
    )  # fmt: skip


def ship(name, run, seed, folder):
    """Chooses guidance and power, scores the kept weights as they will be stored, and saves them with their recipe."""
    chosen, noted = task(run), recorded(name)
    denoiser = kept(name, {"denoiser": run.network()})["denoiser"]
    sweep = swept(chosen, denoiser)
    best = int(np.argmin(sweep["FD"]))
    sampler = {name: sweep[name][best] for name in ("guidance", "power")}
    networks = {"denoiser": denoiser, **chosen.networks}
    described = {"denoiser": run.denoiser}
    if run.codes:
        described["decoder"] = pretrained.load(run.codes).recipe["networks"]["decoder"]
    iterations = [int(number) for number in noted["trace"]["iterations"]]
    recipe = pretrained.provenance(seed, data.source("mnist"), noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "14",
        "evaluator": "mnist-cnn",
        "scores": scores(chosen, denoiser, **sampler),
        "published": [],
        "settings": {
            "game": "Diffusion",
            "prediction": "velocity",
            "schedule": "cosine",
            "iterations": iterations[-1],
            "planned": run.iterations,
            "shipped_moment": iterations[int(np.argmin(noted["trace"]["FD"]))],
            "batch_size": run.batch_size,
            "optimizer": f"Adam(0.9, {run.beta_2})",
            "rate": run.rate,
            "rates": f"constant for a share of {run.hold} of the plan, then along a line to 0",
            "average": run.decay,
            "drop": run.drop,
            "codes": run.codes,
            "samples": run.samples,
            "sweep": {"samples": run.tried, "seed": 1, **sweep},
            "trace": rounded(noted["trace"]),
        },
        "networks": described,
        "sampler": chosen.sampler(run.steps, **sampler),
    }
    save(name, networks, recipe, folder)
    if run.stage and (FOLDER / f"{name}-stage.npz").exists():
        ship_stage(name, run, chosen, recipe, folder)


def swept(chosen, denoiser):
    """What each guidance gives with each power, on the held-out images: the columns of a table by name."""
    read, run = metrics.evaluator("mnist"), chosen.run
    real, rows = read(chosen.held), []
    for guidance, power in itertools.product(run.guidances, run.powers):
        images, labels = chosen.sampled(denoiser, run.tried, 1, run.steps, guidance, power)
        found = read(images)
        precision, recall = metrics.precision_recall(real.features[: run.tried], found.features)
        row = judge(found, real, labels) | {"precision": float(precision), "recall": float(recall)}
        rows.append({"guidance": guidance, "power": power, **{key: round(number, 4) for key, number in row.items()}})
        print(rows[-1], flush=True)
    return {name: [row[name] for row in rows] for name in rows[0]}


def scores(chosen, denoiser, guidance, power):
    """Samples, and as many training images, against the 10,000 test images; then fewer with other numbers of steps."""
    read, run = metrics.evaluator("mnist"), chosen.run
    x_train, _, x_test, _ = data.load("mnist")
    began = time.process_time()
    images, labels = chosen.sampled(denoiser, run.samples, 2, run.steps, guidance, power)
    spent = time.process_time() - began
    fake, tests, trained = (read(some) for some in (images, data.scale(x_test), data.scale(x_train[: len(images)])))
    found = metrics.score(fake, tests, read) | {
        "asked-class-read": float(np.mean(fake.probabilities.argmax(1) == labels)),
        "FD-mnist-cnn-of-training-images": float(metrics.frechet_distance(trained.features, tests.features)),
        "core-milliseconds-an-image": round(1000 * spent / len(images), 3),
        "evaluations-an-image": run.steps * (1 if guidance == 1 else 2),
    }
    for steps in run.scored:
        images, _ = chosen.sampled(denoiser, 1_000, 3, steps, guidance, power)
        found[f"FD-mnist-cnn-1000-at-{steps}-steps"] = float(
            metrics.frechet_distance(read(images).features, tests.features)
        )
    return found


def ship_stage(name, run, chosen, recipe, folder):
    """Scores and saves the early moment."""
    denoiser = kept(f"{name}-stage", {"denoiser": run.network()})["denoiser"]
    iterations = int((FOLDER / f"{name}-stage.txt").read_text())
    images, labels = chosen.sampled(denoiser, 1_000, 3, run.steps)
    read = metrics.evaluator("mnist")
    found = judge(read(images), read(data.scale(data.load("mnist")[2])), labels)
    found = {"FD-mnist-cnn-1000": found["FD"], "IS-mnist-cnn-1000": found["IS"], "asked-class-read": found["asked"]}
    share = iterations / recipe["settings"]["iterations"]
    stage = recipe | {
        "scores": found,
        "seconds": round(recipe["seconds"] * share, 1),
        "settings": {"cut from": name, "iterations": iterations},
        "sampler": chosen.sampler(run.steps),
    }  # fmt: skip
    save(f"{name}-stage", {"denoiser": denoiser}, stage, folder)


if __name__ == "__main__":
    main(__doc__, RUNS, trial, train, ship)
