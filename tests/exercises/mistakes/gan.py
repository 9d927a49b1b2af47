"""Typical wrong answers to the exercises of lecture 04: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import gan


def sp(x):
    return ops.softplus(x)


def distances(samples, centers):
    return np.linalg.norm(samples[:, None] - centers, axis=-1)


WRONG = [
    (gan.discriminator, lambda r, f: ops.mean(sp(r)) + ops.mean(sp(-f)), "swapped"),
    (gan.discriminator, lambda r, f: -ops.mean(sp(-r)) - ops.mean(sp(f)), "sign"),
    (gan.discriminator, lambda r, f: 0.5 * (ops.mean(sp(-r)) + ops.mean(sp(f))), "half"),
    (gan.discriminator, lambda r, f: sp(-r) + sp(f), "one number"),
    (gan.discriminator, lambda r, f: ops.sum(sp(-r)) + ops.sum(sp(f)), "sum"),
    (gan.discriminator, lambda r, f: ops.mean(sp(-r)), "missing"),
    (
        gan.discriminator,
        lambda r, f: -ops.mean(ops.log(ops.sigmoid(r))) - ops.mean(ops.log(1 - ops.sigmoid(f))),
        "softplus",
    ),
    (gan.discriminator, lambda r, f: ops.mean(ops.square(r - 1)) + ops.mean(ops.square(f)), "1.386"),
    (gan.generator, lambda f: -ops.mean(sp(f)), "saturating"),
    (gan.generator, lambda f: -ops.mean(sp(-f)), "sign"),
    (gan.generator, lambda f: ops.mean(sp(f)), "recognised"),
    (gan.generator, lambda f: -ops.mean(f), "lecture 06"),
    (gan.generator, lambda f: sp(-f), "one number"),
    (gan.generator, lambda f: ops.mean(ops.square(f - 1)), "0.693"),
    (gan.best, lambda p, q: q / (p + q), "generated"),
    (gan.best, lambda p, q: p, "alone"),
    (gan.best, lambda p, q: p / q, "ratio"),
    (gan.best, lambda p, q: (p > q).astype(float), "decision"),
    (gan.best, lambda p, q: p / (p + q + 1e-7), "constant"),
    (gan.best, lambda p, q: 0.5 * p / (0.5 * p + q), "¾"),
    (gan.alternate, lambda x, y, e: (x - e * y, y + e * x), "simultaneous"),
    (gan.alternate, lambda x, y, e: (x + e * y, y + e * (x + e * y)), "wrong way"),
    (gan.alternate, lambda x, y, e: (x - e * y, y - e * (x - e * y)), "maximises"),
    (gan.alternate, lambda x, y, e: (x - e * (y + e * x), y + e * x), "moves first"),
    (gan.alternate, lambda x, y, e: x - e * y, "two numbers"),
    (gan.modes, lambda s, c, r: len(set(distances(s, c).argmin(1))), "however far"),
    (gan.modes, lambda s, c, r: (distances(s, c) <= r).sum(), "good samples"),
    (gan.modes, lambda s, c, r: (distances(s, c) <= r).any(0).mean(), "share"),
    (gan.modes, lambda s, c, r: (distances(s, c) <= r).any(0), "one number"),
    (gan.modes, lambda s, c, r: 3, "not right"),
]
