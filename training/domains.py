"""A reader of digits in another domain: lecture 12's table of ways to adapt.

    python training/domains.py            # forty minutes of a core; begun again, it goes on with what is missing
    python training/domains.py --ship     # gathers what there is into course_utils/studies

Three directions, eight ways, five seeds; images of 16 × 16. The target's labels are used by the last way alone, and
for the accuracies. All ways have one reader, one judge, one number of iterations and one batch. The rate is one too,
but for ADDA's, which begins where the source's reader has ended, so that its reader was played twice as long.

All this, and the strength of each way, was chosen by a few trials with one seed, on training images of the target that
no way is given, with their labels: a luxury that who adapts in earnest does not have. The test accuracies of a first
seed had been seen when a wider judge and ADDA's rate were looked for; which to take was read off held-out images.
"""

import functools
import os
import time
from collections.abc import Callable
from typing import NamedTuple

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import FOLDER, Tail, study

from course_utils import data, files, losses, metrics, pretrained, studies, weights
from course_utils.game import Average
from course_utils.games import domains
from course_utils.networks.domains import digit_classifier, digit_encoder, domain_discriminator

NAME = "domains-digits"
SEEDS, SHIFT_SEEDS = 5, 3
ITERATIONS, BATCH, MARKS = 500, 64, 5
RATE, ADDA_RATE, HOLD = 1e-3, 3e-4, 0.5
WIDTH, FEATURES, DROPOUT, JUDGE = 16, 128, 0.5, (500, 500)
STRENGTH = {"reversal": 0.3, "confusion": 0.3, "CORAL": 100.0, "MMD": 5.0}
PROBED = 400  # rows of each domain that the linear probe is given
MEASURED = 2_000  # held-out training images of the target along a trace


class Direction(NamedTuple):
    """From which set to which, and how many training images of each."""

    title: str
    source: Callable  # () -> data.Images
    target: Callable
    images: tuple  # of the source, of the target


class Sets(NamedTuple):
    """What one run is given: sampled source and target, and held-out training images of the target for its trace."""

    source: data.Images
    target: data.Images
    x_held: np.ndarray
    y_held: np.ndarray


@functools.cache
def digits(name):
    """A set of digits of 16 × 16."""
    return data.domains.load(name)


@functools.cache
def grey():
    """MNIST on three channels."""
    return data.domains.changed(digits("mnist"), data.domains.coloured)


@functools.cache
def textured():
    """MNIST with a texture under each digit, another for each."""
    x_train, y_train, x_test, y_test = digits("mnist")
    return data.Images(data.domains.textured(x_train, 0), y_train, data.domains.textured(x_test, 1), y_test)


DIRECTIONS = (
    Direction("MNIST → USPS", lambda: digits("mnist"), lambda: digits("usps"), (2_000, 1_800)),
    Direction("USPS → MNIST", lambda: digits("usps"), lambda: digits("mnist"), (1_800, 2_000)),
    Direction("MNIST → textured", grey, textured, (10_000, 10_000)),
)
TRACED = 1  # the direction along which marks are taken
SHIFTED = 0  # the direction in which classes are taken away from the target
TRACED_SEEDS, TRACED_METHODS = 3, ("source only", "reversal", "ADDA")
METHODS = ("source only", "statistics", "reversal", "confusion", "CORAL", "MMD", "ADDA", "target's labels")


def sampled(direction, seed, classes=range(10), most=None):
    """Returns the sets of one seed. No training image is on both sides, not even in another dress.

    Args:
        direction: of DIRECTIONS.
        seed: int.
        classes: digits that the target's training images show.
        most: of these, at most so many.
    """
    source, target = direction.source(), direction.target()
    rng, (n, m) = np.random.default_rng([12, seed]), direction.images
    order = rng.permutation(len(source.x_train))
    others = order[n:] if len(target.x_train) == len(source.x_train) else rng.permutation(len(target.x_train))
    seen, held = others[:m], others[m : m + MEASURED]
    seen = seen[np.isin(target.y_train[seen], list(classes))][:most]
    return Sets(
        source._replace(x_train=source.x_train[order[:n]], y_train=source.y_train[order[:n]]),
        target._replace(x_train=target.x_train[seen], y_train=target.y_train[seen]),
        target.x_train[held],
        target.y_train[held],
    )


def reader(sets, dropout=DROPOUT):
    """Returns a fresh encoder and a fresh classifier."""
    arguments = {"image_shape": sets.source.x_train.shape[1:], "width": WIDTH, "features": FEATURES}
    return digit_encoder(**arguments, dropout=dropout), digit_classifier(FEATURES)


def judge():
    return domain_discriminator(FEATURES, JUDGE)


def adam(rate=RATE, **options):
    """Adam whose rate is constant for the first half, then falls to 0."""
    return keras.optimizers.Adam(Tail(rate, ITERATIONS, HOLD), **options)


class Trace(keras.callbacks.Callback):
    """Notes at each mark how well held-out images of the target are read, and whether their domain is readable.

    Args:
        encoders: function () -> the source's encoder and the target's, which may be one.
        classifier: reads the features of both.
        sets: `Sets`.
    """

    def __init__(self, encoders, classifier, sets):
        super().__init__()
        self.encoders, self.classifier, self.sets, self.marks = encoders, classifier, sets, []

    def on_epoch_end(self, epoch, logs=None):
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        source, encoder = self.encoders()
        right = domains.accuracy(encoder, self.classifier, self.sets.x_held, self.sets.y_held)
        self.marks.append((right, probe(source, encoder, self.sets.source.x_train, self.sets.x_held)))


def probe(source_encoder, encoder, x_source, x_target):
    """How often a linear reader tells the domain from features, on rows that it did not see."""
    features = domains.features_of(source_encoder, x_source[:PROBED]), domains.features_of(encoder, x_target[:PROBED])
    return metrics.domain_accuracy(*features, folds=4)


def play(game, arrays, trace=None):
    """Plays a game for all its iterations."""
    game.compile(steps_per_execution=20)
    epochs = MARKS if trace else 1
    callbacks = [trace] if trace else []
    x, y = arrays if len(arrays) == 2 and arrays[1].ndim == 1 else (arrays, None)
    steps = ITERATIONS // epochs
    game.fit(x, y, batch_size=BATCH, epochs=epochs, steps_per_epoch=steps, callbacks=callbacks, verbose=0)
    game.release()


def supervised(images, sets, traced, seed):
    """A reader that learns from some labelled images."""
    encoder, classifier = reader(sets)
    trace = Trace(lambda: (encoder, encoder), classifier, sets) if traced else None
    play(domains.Supervised(encoder, classifier, adam(), seed=seed), (images.x_train, images.y_train), trace)
    return encoder, encoder, classifier, trace


def source_only(sets, traced, seed, start):
    encoder, _, classifier, trace = supervised(sets.source, sets, traced, seed)
    files.save_arrays(start, weights.arrays({"encoder": encoder, "classifier": classifier}))
    return encoder, encoder, classifier, trace


def started(sets, start):
    """The reader that `source_only` has kept."""
    encoder, classifier = reader(sets)
    weights.fill({"encoder": encoder, "classifier": classifier}, files.load_arrays(start))
    return encoder, classifier


def statistics(sets, traced, seed, start):
    """The reader of `source_only`, its batch norms given the target's means and variances; nothing is trained."""
    encoder, classifier = started(sets, start)
    return *settled(encoder, sets), classifier, None


def settled(encoder, sets):
    """Returns an encoder twice: with the source's statistics, and with the target's."""
    own = reader(sets)[0]
    own.set_weights(encoder.get_weights())
    domains.set_statistics(encoder, sets.source.x_train[:MEASURED])
    domains.set_statistics(own, sets.target.x_train[:MEASURED])
    return encoder, own


def targets_labels(sets, traced, seed, start):
    return supervised(sets.target, sets, traced, seed)


def paired(sets, seed):
    """Source and target as rows of one length, in orders that do not repeat."""
    rows = max(ITERATIONS * BATCH // 4, len(sets.source.x_train))
    return domains.pairs(sets.source.x_train, sets.source.y_train, sets.target.x_train, rows, seed)


def adapted(make, sets, traced, seed, start):
    """A reader that a game of one encoder adapts, from fresh weights."""
    encoder, classifier = reader(sets)
    trace = Trace(lambda: settled(encoder, sets), classifier, sets) if traced else None
    play(make(encoder, classifier, optimizer=adam(), seed=seed), paired(sets, seed), trace)
    return *settled(encoder, sets), classifier, trace


def reversal(encoder, classifier, **options):
    strength = domains.ramp(ITERATIONS, STRENGTH["reversal"])
    return domains.Reversal(encoder, classifier, judge(), strength, **options)


def confusion(encoder, classifier, **options):
    strength = domains.ramp(ITERATIONS, STRENGTH["confusion"])
    return domains.Confusion(encoder, classifier, judge(), strength, discriminator_optimizer=adam(), **options)


def coral(encoder, classifier, **options):
    strength = domains.ramp(ITERATIONS, STRENGTH["CORAL"])
    return domains.Alignment(encoder, classifier, losses.coral, strength, **options)


def mmd(encoder, classifier, **options):
    strength = domains.ramp(ITERATIONS, STRENGTH["MMD"])
    return domains.Alignment(encoder, classifier, losses.mmd, strength, **options)


def adda(sets, traced, seed, start):
    """The reader of `source_only`, and an encoder of its own for the target; its average is kept.

    Nothing is dropped in the target's encoder, since nothing is in the source's while both are compared.
    """
    source, classifier = started(sets, start)
    encoder, averaged = reader(sets, 0.0)[0], reader(sets, 0.0)[0]
    arguments = {"optimizer": adam(ADDA_RATE, beta_1=0.5), "discriminator_optimizer": adam(ADDA_RATE, beta_1=0.5)}
    game = domains.ADDA(source, encoder, judge(), **arguments, averages=[Average(encoder, averaged, 0.99)], seed=seed)
    x_source, _, x_target = paired(sets, seed)
    trace = Trace(lambda: (source, averaged), classifier, sets) if traced else None
    play(game, (x_source, x_target), trace)
    return source, averaged, classifier, trace


WAYS = dict(zip(METHODS, (
    source_only, statistics, functools.partial(adapted, reversal), functools.partial(adapted, confusion),
    functools.partial(adapted, coral), functools.partial(adapted, mmd), adda, targets_labels,
)))  # fmt: skip


def run(way, sets, traced, seed, start):
    """Plays one run from one seed, and returns what is noted of it."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    began = time.process_time()
    source_encoder, encoder, classifier, trace = way(sets, traced, seed, start)
    seconds = time.process_time() - began
    predicted = domains.predicted(encoder, classifier, sets.target.x_test)
    few = sets.target.y_test < 5
    return {
        "held": np.float64(domains.accuracy(encoder, classifier, sets.x_held, sets.y_held)),
        "accuracy": np.mean(predicted == sets.target.y_test),
        "accuracy-few": np.mean((predicted == sets.target.y_test)[few]),
        "source": np.float64(domains.accuracy(source_encoder, classifier, sets.source.x_test, sets.source.y_test)),
        "domain": np.float64(probe(source_encoder, encoder, sets.source.x_test, sets.target.x_test)),
        "trace": np.array(trace.marks if trace else np.zeros((0, 2))),
        "seconds": np.float64(seconds),
        "version": np.array(pretrained.code_version()),
    }


def part(*names):
    """The file of one run."""
    return FOLDER / NAME / ("-".join(map(str, names)) + ".npz")


def measure_one(path, way, sets, traced, seed, start):
    """Plays a run that is missing, prints and keeps it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    found = run(way, sets, traced, seed, start)
    files.save_arrays(path, found)
    shown = {key: round(float(found[key]), 4) for key in ("held", "accuracy", "accuracy-few", "domain", "seconds")}
    print(path.stem, shown, flush=True)


def measure(indices=(0, 1, 2), shifts=(0, 1, 2)):
    """Plays all runs that are missing, direction by direction; `--ship` gathers them at any time."""
    for index in indices:
        for seed in range(SEEDS):
            sets = sampled(DIRECTIONS[index], seed)
            start = part("start", index, seed)
            for number, method in enumerate(METHODS):
                traced = index == TRACED and seed < TRACED_SEEDS and method in TRACED_METHODS
                measure_one(part(index, number, seed), WAYS[method], sets, traced, seed, start)
    for seed in shifts:
        measure_shift(seed)


def measure_shift(seed):
    """Plays one seed with a target of the digits 0 to 4, and with as many target images of all digits."""
    few = sampled(DIRECTIONS[SHIFTED], seed, range(5))
    alike = sampled(DIRECTIONS[SHIFTED], seed, most=len(few.target.x_train))
    for label, sets in (("few", few), ("alike", alike)):
        for method in ("reversal", "ADDA"):
            path = part("shift", label, METHODS.index(method), seed)
            measure_one(path, WAYS[method], sets, False, seed, part("start", SHIFTED, seed))


def kept(seeds, *names, key="accuracy", shape=()):
    """One number, or one array, of each seed of a run; NaN where it was not played."""
    parts = [part(*names, seed) for seed in range(seeds)]
    return np.stack([files.load_arrays(path)[key] if path.exists() else np.full(shape, np.nan) for path in parts])


def gathered():
    """Returns the study's arrays."""
    grid = [(index, number) for index in range(len(DIRECTIONS)) for number in range(len(METHODS))]
    arrays = {
        key: np.stack([kept(SEEDS, *names, key=key) for names in grid]).reshape(len(DIRECTIONS), len(METHODS), SEEDS)
        for key in ("accuracy", "held", "source", "domain")
    }
    numbers = [METHODS.index(method) for method in TRACED_METHODS]
    traces = np.stack([kept(TRACED_SEEDS, TRACED, number, key="trace", shape=(MARKS, 2)) for number in numbers])
    arrays |= {"trace_accuracy": traces[..., 0], "trace_domain": traces[..., 1]}  # (methods, seeds, marks)
    # (source only, reversal, ADDA; target of digits 0 to 4, of all digits; seeds), for both kinds of test images
    arrays |= {"shift": shifted("accuracy-few"), "shift_all": shifted("accuracy")}
    return arrays


def shifted(key):
    """The accuracies of the runs of label shift; the source's reader is the same for both targets."""
    rows = [[kept(SHIFT_SEEDS, SHIFTED, 0, key=key)] * 2]
    for method in ("reversal", "ADDA"):
        names = [("shift", label, METHODS.index(method)) for label in ("few", "alike")]
        rows.append([kept(SHIFT_SEEDS, *each, key=key) for each in names])
    return np.array(rows)


def ship(folder):
    """Gathers all runs that there are into one study."""
    parts = [files.load_arrays(path) for path in sorted((FOLDER / NAME).glob("*.npz")) if "start" not in path.stem]
    arrays = gathered()
    for name in ("mnist", "usps"):
        digits(name)
    sources = [data.source(name) for name in ("mnist", "usps")]
    source = data.Source("; ".join(each.text for each in sources), "; ".join(each.sha256 for each in sources))
    means = np.nanmean(arrays["accuracy"], axis=2)
    scores = {
        direction.title: {method: round(float(x), 4) for method, x in zip(METHODS, row) if np.isfinite(x)}
        for direction, row in zip(DIRECTIONS, means)
    }
    recipe = pretrained.provenance(0, source, sum(float(each["seconds"]) for each in parts)) | {
        "command": "python training/domains.py",
        "code_version": "; ".join(sorted({str(each["version"]) for each in parts})),
        "lecture": "12",
        "evaluator": None,
        "scores": {"accuracy-target-test": scores},
        "published": [],
        "networks": {},
        "settings": settings(arrays),
    }
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {scores}", flush=True)


def settings(arrays):
    """What was the same for all runs, and what the axes of the arrays are."""
    return {
        "directions": [direction.title for direction in DIRECTIONS],
        "images": [list(direction.images) for direction in DIRECTIONS],
        "methods": list(METHODS),
        "seeds": SEEDS,
        "seeds_played": [int(count) for count in np.isfinite(arrays["accuracy"]).all(axis=1).sum(axis=1)],
        "shift_direction": DIRECTIONS[SHIFTED].title,
        "shift_methods": ["source only", "reversal", "ADDA"],
        "shift_targets": ["digits 0 to 4", "as many images of all digits"],
        "shift_tested_on": "the target's test images: of digits 0 to 4 in 'shift', all in 'shift_all'",
        "trace_methods": list(TRACED_METHODS),
        "trace_direction": DIRECTIONS[TRACED].title,
        "marks": [ITERATIONS // MARKS * (mark + 1) for mark in range(MARKS)],
        "size": data.domains.SIZE,
        "iterations": ITERATIONS,
        "batch_size": BATCH,
        "rate": RATE,
        "rate_adda": ADDA_RATE,
        "rates": f"constant for a share of {HOLD} of the run, then along a line to 0",
        "strengths": STRENGTH,
        "strength_schedule": "ramp",
        "encoder": {"width": WIDTH, "features": FEATURES, "dropout": DROPOUT},
        "discriminator": list(JUDGE),
        "chosen_on": "held-out training images of the target with their labels, seed 0; the judge's width and ADDA's "
        "rate after the test accuracies of a first trial had been seen",
    }


if __name__ == "__main__":
    study(__doc__, measure, ship)
