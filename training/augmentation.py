"""Generated digits as training data: lecture 12's study of augmentation, and BigGAN's classification accuracy score.

    python training/augmentation.py            # six minutes of a core; begun again, it goes on with what is missing
    python training/augmentation.py --ship     # gathers what there is into course_utils/studies

A classifier of 16 × 16 digits learns from few real images alone, from these and images of a conditional GAN that saw no
other images than these, from these moved by some pixels, or from ten times as many real images. Iterations, rate and
batch are the same. Every row is measured on MNIST's 10,000 test images; nothing was chosen by them.
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import layers
from runs import FOLDER, Tail, study

from course_utils import data, files, losses, pretrained, studies
from course_utils.game import Average
from course_utils.games import biggan, domains
from course_utils.layers.initial import conv2d, dense
from course_utils.networks.domains import digit_classifier, digit_encoder

NAME = "augmentation-digits"
REAL, SEEDS = (100, 1_000), 3
ITERATIONS, BATCH, RATE = 300, 64, 1e-3
GAN_ITERATIONS, GAN_BATCH, GAN_RATE, LATENT = 800, 50, 5e-4, 16
GENERATED = 2_000  # images of the conditional GAN, half of every batch
REACH = 2  # pixels, up or down and left or right
SCORED = 5_000  # images of BigGAN, and real ones beside them
KINDS = ("real only", "and generated", "and shifted", "ten times as many real")


def generator(width=16):
    """z and a label -> an image of 16 × 16."""
    z, labels = keras.Input((LATENT,), name="z"), keras.Input((), name="labels", dtype="int32")
    x = layers.Concatenate()([z, layers.Embedding(10, LATENT, name="classes")(labels)])
    x = layers.Reshape((4, 4, 2 * width))(dense(32 * width, use_bias=False)(x))
    for filters in (2 * width, width):
        x = layers.UpSampling2D()(layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x)))
        x = conv2d(filters, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model([z, labels], conv2d(1, 3, padding="same", activation="tanh")(x), name="generator")


def critic(width=16):
    """An image and a label -> a logit, by projection."""
    images, labels = keras.Input((16, 16, 1), name="images"), keras.Input((), name="labels", dtype="int32")
    x = images
    for filters in (width, 2 * width):
        x = layers.LeakyReLU(0.2)(conv2d(filters, 3, strides=2, padding="same")(x))
    x = layers.LeakyReLU(0.2)(dense(64)(layers.Dropout(0.3)(layers.Flatten()(x))))
    matched = layers.Dot(axes=1)([x, layers.Embedding(10, 64)(labels)])
    return keras.Model([images, labels], layers.Add()([dense(1)(x), matched]), name="critic")


def generated(x, y, seed):
    """Returns images, uint8, and labels of a conditional GAN that learns from x and y alone."""
    keras.utils.set_random_seed(seed)
    networks, averaged = (generator(), critic()), generator()
    rates = [keras.optimizers.Adam(Tail(GAN_RATE, GAN_ITERATIONS), beta_1=0.5) for _ in range(2)]
    game = biggan.BigGAN(
        *networks, loss=losses.nonsaturating, critic_optimizer=rates[0], generator_optimizer=rates[1], turns=1,
        regulariser_weight=0.0, averages=[Average(networks[0], averaged, 0.98)], seed=seed,
    )  # fmt: skip
    game.compile(steps_per_execution=20)
    game.fit(x, y, batch_size=GAN_BATCH, steps_per_epoch=GAN_ITERATIONS, verbose=0)
    labels = np.arange(GENERATED) % 10
    images = game.sample(GENERATED, seed, labels)
    game.release()
    return np.rint(127.5 * (images + 1)).astype("uint8"), labels


def shifted(x, seed):
    """Each image moved by whole pixels; what comes in from outside is black."""
    moves = np.random.default_rng(seed).integers(-REACH, REACH + 1, (len(x), 2))
    padded = np.pad(x, ((0, 0), (REACH, REACH), (REACH, REACH), (0, 0)))
    corners = moves + REACH
    return np.stack([image[i : i + 16, j : j + 16] for image, (i, j) in zip(padded, corners)])


def classifier_error(x, y, test, seed):
    """Returns the share of test images that a classifier reads wrongly that learned from x and y."""
    keras.utils.set_random_seed(seed)
    encoder, classifier = digit_encoder(), digit_classifier()
    game = domains.Supervised(encoder, classifier, keras.optimizers.Adam(Tail(RATE, ITERATIONS)), seed=seed)
    game.compile(steps_per_execution=20)
    game.fit(x, y, batch_size=BATCH, steps_per_epoch=ITERATIONS, verbose=0)
    game.release()
    return 1.0 - domains.accuracy(encoder, classifier, *test)


def both(x, y, more_x, more_y):
    """Returns rows of which half are real, each as often as the others."""
    rows = np.resize(np.arange(len(x)), len(more_x))
    return np.concatenate([x[rows], more_x]), np.concatenate([y[rows], more_y])


def play(real, seed):
    """Measures all kinds with so many real images, and returns what is noted of them."""
    digits = data.domains.load("mnist")
    rows = np.random.default_rng([8, seed]).permutation(len(digits.x_train))
    x, y = digits.x_train[rows[:real]], digits.y_train[rows[:real]]
    more = rows[: 10 * real]
    test = digits.x_test, digits.y_test
    began = time.process_time()
    pictures = generated(x, y, seed)
    many = np.resize(np.arange(real), 20 * GENERATED)
    sets = (
        (x, y),
        both(x, y, *pictures),
        (shifted(x[many], seed), y[many]),
        (digits.x_train[more], digits.y_train[more]),
    )
    errors = [classifier_error(*each, test, seed) for each in sets]
    return {
        "errors": np.array(errors),
        "images": pictures[0][:20],
        "seconds": np.float64(time.process_time() - began),
        "version": np.array(pretrained.code_version()),
    }


def score(seed):
    """The classification accuracy score of the shipped BigGAN: learn from its images, be asked about real ones."""
    digits = data.domains.load("mnist")
    test, began = (digits.x_test, digits.y_test), time.process_time()
    labels = np.arange(SCORED) % 10
    images = pretrained.load("biggan-mnist").sample(SCORED, seed, labels)
    images = data.domains.resized(np.rint(127.5 * (images + 1)).astype("uint8"), 16)
    rows = np.random.default_rng([9, seed]).permutation(len(digits.x_train))[:SCORED]
    sets = (images, labels), (digits.x_train[rows], digits.y_train[rows])
    errors = [classifier_error(*each, test, seed) for each in sets]
    return {
        "errors": np.array(errors),
        "seconds": np.float64(time.process_time() - began),
        "version": np.array(pretrained.code_version()),
    }


def part(*names):
    """The file of one seed."""
    return FOLDER / NAME / ("-".join(map(str, names)) + ".npz")


def measure():
    """Plays what is missing, seed by seed; `--ship` gathers them at any time."""
    for seed in range(SEEDS):
        for path, action in (
            *((part(real, seed), lambda real=real, seed=seed: play(real, seed)) for real in REAL),
            (part("score", seed), lambda seed=seed: score(seed)),
        ):
            if path.exists():
                continue
            keras.backend.clear_session()
            found = action()
            path.parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(path, found)
            print(path.stem, found["errors"].round(4), round(float(found["seconds"]), 1), flush=True)


def kept(name, key, shape):
    """An array of each seed, NaN where it was not played."""
    parts = [part(name, seed) for seed in range(SEEDS)]
    return np.stack([files.load_arrays(path)[key] if path.exists() else np.full(shape, np.nan) for path in parts], -1)


def ship(folder):
    """Gathers what there is into one study."""
    parts = [files.load_arrays(path) for path in sorted((FOLDER / NAME).glob("*.npz"))]
    arrays = {
        "accuracy": np.stack([1.0 - kept(real, "errors", len(KINDS)) for real in REAL]),  # (real, kinds, seeds)
        "score": 1.0 - kept("score", "errors", 2),  # (BigGAN's images, as many real ones; seeds)
        "images": np.stack([files.load_arrays(part(real, 0))["images"] for real in REAL]),  # (real, 20, 16, 16, 1)
    }
    data.domains.load("mnist")
    means = np.nanmean(arrays["accuracy"], axis=2).round(4)
    learned = np.nanmean(arrays["score"], axis=1).round(4).tolist() if np.isfinite(arrays["score"]).any() else None
    scores = {f"accuracy-{real}-real": dict(zip(KINDS, map(float, row))) for real, row in zip(REAL, means)}
    if learned:
        scores |= {"classification-accuracy-score-biggan-mnist": learned[0], "as-many-real-images": learned[1]}
    recipe = pretrained.provenance(0, data.source("mnist"), sum(float(each["seconds"]) for each in parts)) | {
        "command": "python training/augmentation.py",
        "code_version": "; ".join(sorted({str(each["version"]) for each in parts})),
        "lecture": "12",
        "evaluator": None,
        "scores": scores,
        "published": [],
        "networks": {},
        "settings": {
            "real": list(REAL),
            "kinds": list(KINDS),
            "seeds": SEEDS,
            "seeds_played": int(np.isfinite(arrays["accuracy"]).all(axis=(0, 1)).sum()),
            "iterations": ITERATIONS,
            "batch_size": BATCH,
            "rate": RATE,
            "rates": "constant for the first half, then along a line to 0",
            "gan_iterations": GAN_ITERATIONS,
            "gan_rate": GAN_RATE,
            "generated": GENERATED,
            "reach": REACH,
            "scored": SCORED,
            "size": data.domains.SIZE,
        },
    }
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {scores}", flush=True)


if __name__ == "__main__":
    study(__doc__, measure, ship)
