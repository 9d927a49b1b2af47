"""The long runs of lecture 10: pixel models, and codes for one to write.

    python training/pixels.py pixelcnn-binary               # half an hour of a core
    python training/pixels.py made-binary pixelcnn-classes  # a few minutes of a core each
    python training/pixels.py pixelcnn-codes                # writes the codes of vqvae-mnist, see training/codes.py
    python training/pixels.py pixelcnn-binary --resume      # on from where it was stopped

Every choice, of the moment too, is made on images that train nothing: Larochelle's validation images, or the last
5,000 training images. The test images are scored once, at the end. Learning rates rise for some iterations, stay, and
fall to 0 along a line. The MADE that ships was stopped after 8,000 of 12,000 iterations, when its validation nats no
longer fell.
"""

import dataclasses
import functools
import os
import time
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import FOLDER, Stage, Tail, Trial, Watch, begun, kept, main, recorded, rounded, save, stretched

from course_utils import data, metrics, pretrained
from course_utils.builders import BUILDERS
from course_utils.game import Average
from course_utils.games import pixels, raster, vq

CLASSES, HELD, CUT = 10, 5_000, 127  # a byte above CUT is ink
SAMPLES, SLOW = 2_000, 16  # images drawn for the scores, and the slow way for the clock


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    iterations: int
    network: dict  # builder and arguments
    data: str = "binarized_mnist"
    rate: float = 2e-3
    beta_2: float = 0.99
    warm: int = 50  # iterations in which the rate rises
    hold: float = 0.3  # share of the run after which the rate begins to fall
    batch_size: int = 64
    decay: float = 0.995
    weight_decay: float = 0.0
    every: int = 500  # iterations between two marks
    looked: int = 1_000  # held-out images of a mark
    stage: int = 0  # iterations after which an early moment is kept; 0 for none
    judged: Callable | None = None  # function (task, network) -> further scores
    sampler: str | None = "pixel_network"
    published: tuple = ()  # (nats of the test images, source)

    def build(self):
        """Returns a fresh network."""
        return BUILDERS[self.network["builder"]].function(**self.network["arguments"])

    def scaled(self, factor):
        """The same run with so many times as many iterations."""
        return dataclasses.replace(self, iterations=stretched(self.iterations, factor, self.every))


def judged_images(chosen, network):
    """FD of samples to the test images, beside that of as many training images, and the seconds of an image."""
    began = time.process_time()
    found = 2.0 * raster.sample(network, SAMPLES, 0) - 1.0
    spent = {"core-milliseconds-an-image": 1000 * (time.process_time() - began) / SAMPLES}
    began = time.process_time()
    raster.sample(network, SLOW, 0, cache=False)
    spent["core-milliseconds-an-image-the-slow-way"] = 1000 * (time.process_time() - began) / SLOW
    tests, trained = (2.0 * np.float32(part) - 1.0 for part in (chosen.test[0], *strided(chosen.train, SAMPLES)))
    baseline = float(pixels.independent_nats(chosen.train[0], chosen.test[0]).mean())
    return distances(found, trained[:SAMPLES], tests) | spent | {"nats-test-of-independent-pixels": baseline}


def judged_codes(chosen, network):
    """The same of decoded samples; and of decoded codes of training images, the best that any model of them can do."""
    networks = pretrained.load("vqvae-mnist").networks
    began = time.process_time()
    codes = raster.sample(network, SAMPLES, 0)
    spent = 1000 * (time.process_time() - began) / SAMPLES
    x_train, _, x_test, _ = data.load("mnist")
    trained = strided(chosen.train, SAMPLES)[0][:SAMPLES]
    decoded = [2.0 * vq.decoded(networks["codebook"], networks["decoder"], part) - 1.0 for part in (codes, trained)]
    read = metrics.evaluator("mnist")
    floor = metrics.frechet_distance(read(decoded[1]).features, read(data.scale(x_test)).features)
    found = distances(decoded[0], data.scale(x_train[:SAMPLES]), data.scale(x_test))
    return found | {"FD-mnist-cnn-of-decoded-training-codes": float(floor), "core-milliseconds-an-image": spent}


def distances(images, trained, tests):
    """FD and inception score of images in [-1, 1], beside the FD of training images."""
    read = metrics.evaluator("mnist")
    found, real = read(images), read(tests)
    return {
        f"FD-mnist-cnn-{SAMPLES}": float(metrics.frechet_distance(found.features, real.features)),
        f"IS-mnist-cnn-{SAMPLES}": float(metrics.inception_score(found.probabilities)),
        "FD-mnist-cnn-of-training-images": float(metrics.frechet_distance(read(trained).features, real.features)),
    }


def judged_classes(chosen, network):
    """Errors of the generative classifier: the class under which an image is most likely."""
    found = pixels.class_log_probabilities(network, chosen.test[0])
    return {"error-generative-classifier": float(100 * np.mean(found.argmax(axis=1) != chosen.test[1]))}


def of(builder, **arguments):
    """A network as a recipe describes it."""
    return {"builder": builder, "arguments": arguments}


RUNS = {
    "pixelcnn-binary": Run(
        9_000, of("pixelcnn", width=48, blocks=6, patch=2), batch_size=32, beta_2=0.995, decay=0.998, stage=500,
        judged=judged_images,
        published=(
            (81.30, "PixelCNN, van den Oord et al. 2016"), (79.20, "Diagonal BiLSTM, van den Oord et al. 2016"),
        ),
    ),
    "made-binary": Run(
        12_000, of("made", hidden=[900]), rate=1.5e-3, batch_size=100, beta_2=0.999, decay=0.999, weight_decay=1e-3,
        looked=10_000, every=1_000,
        sampler=None,
        published=(
            (88.04, "one hidden layer, 32 masks, Germain et al. 2015"),
            (86.64, "two hidden layers, 32 masks, Germain et al. 2015"),
        ),
    ),
    "pixelcnn-codes": Run(
        1_000, of("pixelcnn", image_shape=[7, 7, 1], levels=32, width=48, blocks=4, patch=1), data="codes", every=250,
        looked=5_000, judged=judged_codes, sampler="pixel_codes",
    ),
    "pixelcnn-classes": Run(
        3_000, of("pixelcnn", width=24, blocks=4, patch=2, classes=CLASSES), data="mnist", batch_size=32,
        every=500, judged=judged_classes,
    ),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Task:
    """What a run learns from, chooses by, and is judged by."""

    train: tuple  # (x,) or (x, labels)
    held: tuple
    test: tuple


def task(run):
    """Returns the `Task` of a run; images in black and white are bytes of 0 and 1."""
    if run.data == "binarized_mnist":
        found = data.load("binarized_mnist")
        return Task((found.x_train,), (found.x_valid,), (found.x_test,))
    x_train, y_train, x_test, y_test = data.load("mnist")
    if run.data == "codes":
        networks = pretrained.load("vqvae-mnist").networks
        code = functools.partial(vq.codes_of, networks["encoder"], networks["codebook"])
        x_train, x_test = (code(data.scale(x, 0.0, 1.0)).astype("uint8") for x in (x_train, x_test))
        return Task((x_train[:-HELD],), (x_train[-HELD:],), (x_test,))
    x_train, x_test = ((x > CUT).astype("uint8") for x in (x_train, x_test))
    return Task((x_train[:-HELD], y_train[:-HELD]), (x_train[-HELD:], y_train[-HELD:]), (x_test, y_test))


def strided(rows, n):
    """About n rows, evenly spread: files may be sorted by class."""
    return tuple(part[:: max(1, len(part) // n)] for part in rows)


def measures(run, chosen, network):
    """Returns a function that measures nats an image on held-out images."""
    some = strided(chosen.held, run.looked)

    def measure():
        return {"nats": float(-pixels.log_probabilities(network, *some).mean())}

    return measure


def played(run, seed):
    """Returns the compiled game of a run, and the average of its network."""
    keras.utils.set_random_seed(seed)
    live, averaged = run.build(), run.build()
    optimizer = keras.optimizers.AdamW(
        Tail(run.rate, run.iterations, run.hold, run.warm), weight_decay=run.weight_decay, beta_2=run.beta_2
    )
    game = pixels.PixelModel(live, optimizer, averages=[Average(live, averaged, run.decay)], seed=seed)
    game.compile(steps_per_execution=10)
    return game, averaged


def trial(run, seed):
    """Returns what tells how long the run can be."""
    chosen = task(run)
    game, averaged = played(run, seed)

    def play(iterations):
        game.fit(*chosen.train, batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(play, 10, run.iterations, look=measures(run, chosen, averaged), looks=run.iterations // run.every)


def train(name, run, seed, resume):
    """Trains one run and keeps the averaged network of its best moment."""
    chosen = task(run)
    game, averaged = played(run, seed)
    watch = Watch(
        name, {"network": averaged}, measures(run, chosen, averaged), ("network_loss",), cost=lambda mark: mark["nats"]
    )
    stages = [Stage(name, {"network": averaged}, run.stage)] if run.stage else []
    if not resume:
        (FOLDER / f"{name}-stage.npz").unlink(missing_ok=True)
    game.fit(
        *chosen.train, batch_size=run.batch_size, epochs=run.iterations // run.every, steps_per_epoch=run.every,
        verbose=0, callbacks=[*stages, watch, begun(name, watch, resume)],
    )  # fmt: skip


def ship(name, run, seed, folder):
    """Scores the kept weights as they will be stored, and saves them with their recipe; the early moment likewise."""
    chosen, noted = task(run), recorded(name)
    labelled = len(chosen.train) > 1
    network = kept(name, {"network": run.build()})["network"]
    iterations = [int(number) for number in noted["trace"]["iterations"]]
    known = data.source("mnist" if run.data == "codes" else run.data)
    recipe = pretrained.provenance(seed, known, noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "10",
        "evaluator": "mnist-cnn" if run.judged else None,
        "scores": likelihoods(chosen, network) | (run.judged(chosen, network) if run.judged else {}),
        "published": [{"score": "nats-test", "value": value, "source": source} for value, source in run.published],
        "settings": {
            "game": "PixelModel",
            "iterations": iterations[-1],
            "planned": run.iterations,
            "shipped_moment": iterations[int(np.argmin(noted["trace"]["nats"]))],
            "batch_size": run.batch_size,
            "optimizer": f"AdamW(0.9, {run.beta_2}, weight decay {run.weight_decay})",
            "rate": run.rate,
            "rates": f"rising for {run.warm} iterations, constant for a share of {run.hold}, then along a line to 0",
            "average": run.decay,
            "chosen by": f"nats of {run.looked} held-out images",
            "trace": rounded(noted["trace"]),
        },
        "networks": {"network": run.network, **of_codes(run, "networks")},
        "sampler": run.sampler and {"name": run.sampler, "arguments": {"classes": CLASSES} if labelled else {}},
    }
    save(name, {"network": network, **of_codes(run)}, recipe, folder)
    if run.stage and (FOLDER / f"{name}-stage.npz").exists():
        ship_stage(name, run, chosen, recipe, folder)


def ship_stage(name, run, chosen, recipe, folder):
    """Scores and saves the early moment."""
    network = kept(f"{name}-stage", {"network": run.build()})["network"]
    iterations = int((FOLDER / f"{name}-stage.txt").read_text())
    stage = recipe | {
        "scores": likelihoods(chosen, network),
        "seconds": round(recipe["seconds"] * iterations / recipe["settings"]["iterations"], 1),
        "settings": {"cut from": name, "iterations": iterations},
        "published": [],
    }
    save(f"{name}-stage", {"network": network}, stage, folder)


def of_codes(run, part=None):
    """The networks that turn codes into images, or what their recipe says of them; nothing for a run on pixels."""
    if run.data != "codes":
        return {}
    found = pretrained.load("vqvae-mnist")
    source = found.recipe[part] if part else found.networks
    return {name: source[name] for name in ("codebook", "decoder")}


def likelihoods(chosen, network):
    """Exact nats of the test images, of the held-out ones, and of as many training images; the first in bits too."""
    parts = {"test": chosen.test, "valid": chosen.held, "train": strided(chosen.train, len(chosen.test[0]))}
    found = {f"nats-{name}": float(-pixels.log_probabilities(network, *part).mean()) for name, part in parts.items()}
    size = int(np.prod(chosen.test[0].shape[1:]))
    found["bits-per-dimension-test"] = float(metrics.bits_per_dimension(found["nats-test"], size))
    return found


if __name__ == "__main__":
    main(__doc__, RUNS, trial, train, ship)
