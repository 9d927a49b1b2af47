"""Train a frozen evaluator: `python training/evaluators.py mnist|glyphs`.

The images are moved, turned, slanted and scaled a little, half of them smoothly and half by whole
pixels, so that the evaluator reads both sharp and soft strokes. Trained without early stopping and
measured once on the test images, with the weights rounded to what is stored.
"""

import argparse
import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from scipy import ndimage

from course_utils import data, metrics, pretrained, weights
from course_utils.metrics.evaluator import (
    COLOUR_FACTORS,
    SHAPE_FACTORS,
    Evaluator,
    colour_32,
    digit_network,
    encode_factors,
    grey_28,
)

BATCH = 128
MEASURED = 10_000  # images on each side of the reference scores
GLYPHS = 30_080  # drawn for each epoch, in ten seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=("mnist", "glyphs"))
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", default=weights.FOLDER, help="where the weights go")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(arguments.seed)
    train, sets = {"mnist": (train_mnist, mnist_sets), "glyphs": (train_glyphs, glyph_sets)}[arguments.name]
    sets = sets()
    version = pretrained.code_version()
    start = time.perf_counter()
    network, builder_arguments, prepare = train(arguments.epochs, arguments.seed)
    seconds = time.perf_counter() - start
    weights.round_to({"classifier": network}, "float16")
    name = f"{arguments.name}-cnn"
    evaluator = Evaluator(name, prepare, network, {"reference": {}})
    scores, reference = measure(evaluator, sets)
    recipe = pretrained.provenance(arguments.seed, sets["source"], seconds) | {
        "code_version": version,
        "lecture": "all",
        "evaluator": name,
        "scores": scores,
        "reference": reference,
        "factors": factor_scores(evaluator, sets),
        "published": [],
        "networks": {"classifier": {"builder": "digit_network", "arguments": builder_arguments}},
    }
    path = pretrained.save(name, {"classifier": network}, recipe, arguments.folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {scores}, real against real {reference}")


def train_mnist(epochs, seed):
    """Train on the 60,000 training images of MNIST."""
    images = data.load("mnist")
    arguments = {"size": 28, "channels": 1, "classes": 10, "features": 96}
    network = digit_network(**arguments)
    classifier = keras.Model(network.input, network.outputs[1])
    rng = np.random.default_rng(seed)

    def epoch(n):
        order = rng.permutation(len(images.x_train))[:n]
        moved = augment(images.x_train[order, ..., 0], rng)
        return moved[..., None], images.y_train[order]

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    fit(classifier, loss, epoch, epochs, len(images.x_train))
    return network, arguments, grey_28


def mnist_sets():
    """Return what the evaluator is measured on, and where it comes from."""
    images = data.load("mnist")
    return {
        "source": data.source("mnist"),
        "real": data.scale(images.x_train[:MEASURED]),
        "test": data.scale(images.x_test),
        "labels": images.y_test,
    }


def train_glyphs(epochs, seed):
    """Train on glyphs drawn anew for each epoch: the digit, and the factors it was drawn with.

    Half of the images are 32×32 in colour, half 28×28 and grey, padded.
    """
    arguments = {"size": 32, "channels": 3, "classes": 10, "features": 96, "factors": 10}
    network = digit_network(**arguments)
    reader = keras.Model(network.input, network.outputs[1:])
    rng = np.random.default_rng(seed)

    def epoch(n):
        # Far from the seeds 0 and 1 of the sets that data.load draws.
        colour, grey = (
            data.glyphs.make(n // 2, int(rng.integers(1000, 2**31)), colour=colour, size=size)
            for colour, size in ((True, 32), (False, 28))
        )
        order = rng.permutation(n)
        x = np.concatenate([colour_32(data.scale(part.images)) for part in (colour, grey)])
        labels = np.concatenate([colour.labels, grey.labels])
        factors = np.concatenate([encode_factors(part.factors) for part in (colour, grey)])
        return x[order], [labels[order], factors[order]]

    loss = [keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.losses.MeanSquaredError()]
    fit(reader, loss, epoch, epochs, GLYPHS)
    return network, arguments, colour_32


def glyph_sets():
    """Return what the evaluator is measured on, and where it comes from."""
    data.load("glyphs")  # for the hash of what this version draws
    real, test = (data.glyphs.make(MEASURED, seed, colour=True, size=32) for seed in (0, 1))
    return {
        "source": data.Source(f"glyphs, {GLYPHS} drawn anew for each epoch", data.source("glyphs").sha256),
        "real": data.scale(real.images),
        "test": data.scale(test.images),
        "labels": test.labels,
        "factors": test.factors,
    }


def fit(model, loss, epoch, epochs, images):
    """Run AdamW with a warm-up and a cosine to zero; `epoch(n)` gives n fresh (x, y)."""
    steps = images // BATCH * epochs
    warmup = steps // 20
    rate = keras.optimizers.schedules.CosineDecay(
        1e-4, steps - warmup, warmup_target=3e-3, warmup_steps=warmup
    )
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4), loss)
    whole = images // BATCH * BATCH  # a last partial batch would disturb batch normalisation
    for number in range(1, epochs + 1):
        start = time.perf_counter()
        x, y = epoch(whole)
        history = model.fit(x, y, BATCH, shuffle=False, verbose=0)
        seconds = time.perf_counter() - start
        print(f"epoch {number}/{epochs}: loss {history.history['loss'][0]:.4f}, {seconds:.0f} s", flush=True)


def augment(images, rng):
    """Move uint8 images (n, s, s) a little: float32 in [-1, 1].

    Every second image by whole pixels, which keeps strokes sharp; the others by a random affine map
    with linear interpolation: up to 2 pixels, 11 degrees, slant 0.15, scale 0.9 to 1.1.
    """
    moved = np.empty(images.shape, dtype="float32")
    centre = (images.shape[1] - 1) / 2
    for i, image in enumerate(images.astype("float32")):
        if i % 2 == 0:
            moved[i] = ndimage.shift(image, rng.integers(-2, 3, size=2), order=0)
            continue
        angle, slant, scale = rng.uniform([-0.2, -0.15, 0.9], [0.2, 0.15, 1.1])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = turn @ [[1, 0], [slant, 1]] / scale
        offset = centre - matrix @ [centre, centre] + rng.uniform(-2, 2, size=2)
        moved[i] = ndimage.affine_transform(image, matrix, offset, order=1)
    return moved / 127.5 - 1


def measure(evaluator, sets):
    """Return the evaluator's scores on the test images, and those of real against real images."""
    test = evaluator(sets["test"])
    right = test.probabilities.argmax(axis=1) == sets["labels"]
    likelihood = test.probabilities[np.arange(len(right)), sets["labels"]]
    scores = {
        f"accuracy-{evaluator.name}": float(right.mean()),
        f"cross-entropy-{evaluator.name}": float(-np.log(likelihood).mean()),
        f"calibration-error-{evaluator.name}": calibration_error(test.probabilities, right),
    }
    reference = metrics.score(evaluator(sets["real"]), test, evaluator)
    reference[f"IS-{evaluator.name}-test"] = metrics.inception_score(test.probabilities)
    return scores, reference | {"n": [len(sets["real"]), len(sets["test"])]}


def factor_scores(evaluator, sets):
    """Return, for each factor of glyphs, the share of its variance that the evaluator reads.

    A hue is an angle: there it is the mean cosine of the error.
    """
    if "factors" not in sets:
        return {}
    read, scores = evaluator.factors(sets["test"]), {}
    for name, true in sets["factors"].items():
        if name in SHAPE_FACTORS:
            scores[name] = float(1 - np.var(read[name] - true) / np.var(true))
        elif name in COLOUR_FACTORS:
            turns = 2 * np.pi * (read[name] - true)
            scores[name] = float(np.cos(turns).mean())
    return scores


def calibration_error(probabilities, right, bins=15):
    """Expected calibration error: mean |confidence − accuracy| over bins of equal width."""
    confidence = probabilities.max(axis=1)
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs((confidence - right)[index == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(right))


if __name__ == "__main__":
    main()
