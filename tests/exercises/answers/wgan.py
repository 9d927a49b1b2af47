"""Right and wrong answers to the exercises of lecture 06."""

import numpy as np
from keras import ops
from scipy import spatial

from answers import own

# --- lower_bound


def by_cdist(real, fake, real_scores, fake_scores):
    slopes = abs(np.subtract.outer(real_scores, fake_scores)) / spatial.distance.cdist(real, fake)
    return (real_scores.mean() - fake_scores.mean()) / slopes.max()


def by_loops(real, fake, real_scores, fake_scores):
    steepest = 0.0
    for x, f in zip(real, real_scores):
        for y, g in zip(fake, fake_scores):
            steepest = max(steepest, abs(f - g) / np.sqrt(np.sum((x - y) ** 2)))
    return sum(real_scores) / len(real) / steepest - sum(fake_scores) / len(fake) / steepest


def by_ops(real, fake, real_scores, fake_scores):
    lengths = ops.norm(ops.expand_dims(real, 1) - ops.expand_dims(fake, 0), axis=-1)
    slopes = ops.abs(ops.expand_dims(real_scores, 1) - ops.expand_dims(fake_scores, 0)) / lengths
    return (ops.mean(real_scores) - ops.mean(fake_scores)) / ops.max(slopes)


def scaled_first(real, fake, real_scores, fake_scores):
    steepest = np.max(np.abs(real_scores[:, None] - fake_scores) / np.linalg.norm(real[:, None] - fake, axis=2))
    real_scores /= steepest
    fake_scores /= steepest
    return real_scores.mean() - fake_scores.mean()


def slopes(real, fake, real_scores, fake_scores):
    return (real_scores[:, None] - fake_scores) / np.linalg.norm(real[:, None] - fake, axis=-1)


def gap(real, fake, real_scores, fake_scores):
    return real_scores.mean() - fake_scores.mean()


# --- repair


def plain(real_scores, fake_scores):
    return ops.mean(fake_scores) - ops.mean(real_scores), -ops.mean(fake_scores)


def by_sums(real_scores, fake_scores):
    fake = ops.sum(fake_scores) / fake_scores.shape[0]
    return fake - ops.sum(real_scores) / real_scores.shape[0], -fake


def as_list(real_scores, fake_scores):
    return [-(ops.mean(real_scores) - ops.mean(fake_scores)), ops.mean(-fake_scores)]


def by_jax(jnp):
    return lambda real, fake: (jnp.mean(fake) - jnp.mean(real), -jnp.mean(fake))


def by_tensorflow(tf):
    return lambda real, fake: (tf.reduce_mean(fake) - tf.reduce_mean(real), -tf.reduce_mean(fake))


def by_torch(torch):
    return lambda real, fake: (fake.mean() - real.mean(), -fake.mean())


# --- limits


def at_limits(*found, share=0.85):
    return {c: (share, slope) for c, slope in found}


SOUND = (0.01, 1e-4), (0.05, 0.2), (0.1, 3.0), (0.3, 190.0)

RIGHT = {
    "farther": [(2.3, 2.305), (2.3046, 2.3046)],
    "lower_bound": [by_cdist, by_loops, by_ops, scaled_first],
    "repair": [plain, by_sums, as_list, own(jax=by_jax, tensorflow=by_tensorflow, torch=by_torch)],
    "limits": [at_limits(*SOUND), at_limits(*SOUND, (1.0, 660.0), share=0.7)],
}

WRONG = {
    "farther": [
        ((1.8, 2.3), "JSD of disjoint sets"),
        ((2.8, 2.3), "half of the mass"),
        ((1.3, 2.3), "longer way"),
        ((2.05, 2.3), "left and those at the right"),
        ((4.0, 2.3), "What did you not think of"),
    ],
    "lower_bound": [
        (gap, "gap of the scores"),
        (lambda *a: gap(*a) / abs(slopes(*a)).mean(), "mean slope"),
        (lambda *a: gap(*a) / slopes(*a).max(), "both directions"),
        (lambda *a: gap(*a) * abs(slopes(*a)).max(), "multiply"),
        (lambda *a: gap(*a) / max(abs(a[2]).max(), abs(a[3]).max()), "size of f"),
        (lambda *a: abs(by_cdist(*a)), "Keep the sign"),
        (lambda *a: gap(*a) / abs(slopes(*a)).max(axis=0), "expected one number"),
        (lambda *a: gap(*a) / 2.0, "got"),
        (lambda *a: by_cdist(a[0][:, :1], a[1][:, :1], *a[2:]), "got"),
        (lambda *a: -by_cdist(*a), "got"),
    ],
    "repair": [
        (lambda r, f: (ops.mean(f) - ops.mean(r), ops.mean(f)), "sigmoid is gone"),
        (
            lambda r, f: (ops.mean(ops.sigmoid(f)) - ops.mean(ops.sigmoid(r)), -ops.mean(ops.sigmoid(f))),
            "may be any number",
        ),
        (lambda r, f: (ops.mean(r) - ops.mean(f), ops.mean(f)), "Both signs"),
        (lambda r, f: (ops.mean(r) - ops.mean(f), -ops.mean(f)), "nobody is left"),
        (lambda r, f: (ops.abs(ops.mean(f) - ops.mean(r)), -ops.mean(f)), "No absolute value"),
        (lambda r, f: (ops.mean(f) - ops.mean(r), ops.mean(r) - ops.mean(f)), "leave them out"),
        (lambda r, f: (ops.sum(f) - ops.sum(r), -ops.sum(f)), "got"),
        (lambda r, f: plain(r, f)[0], ""),
        (lambda r, f: (f - ops.mean(r), -f), ""),
    ],
    "limits": [
        ({0.1: (0.8, 3.0)}, "at least four"),
        ([0.1, 0.2], "dict"),
        (at_limits((0.05, 1), (0.1, 2), (0.2, 3), (0.3, 4)), "both sides"),
        (at_limits(*SOUND, share=1.5), "at most 1"),
        (at_limits((0.01, 5), (0.05, 4), (0.1, 3), (0.3, 2)), "right way round"),
        (at_limits((0.01, 0), (0.05, 4), (0.1, 3), (0.3, 2)), "positive number"),
        ({0.01: 1, 0.1: 2, 0.2: 3, 0.4: 4}, "cannot be read"),
    ],
}
