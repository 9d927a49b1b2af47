"""Typical wrong answers to the exercises of lecture 07: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import wgan_gp


def each(epsilon):
    return ops.reshape(epsilon, (-1, 1, 1, 1))


def squares(g):
    return ops.sum(ops.square(g), axis=(1, 2, 3))


def slopes(g):
    return ops.sqrt(squares(g) + 1e-12)


def pair(one, r1):
    return lambda g: ops.stack([one(g), r1(g)])


def one(g):
    return ops.mean(ops.square(ops.relu(slopes(g) - 1)))


def r1(g):
    return 0.5 * ops.mean(squares(g))


def error(v, ddof=1):
    return np.var(v, ddof=ddof) / len(v)


WRONG = [
    (wgan_gp.mixtures, lambda x, g, e: e * x + (1 - e) * g, "(N, 1, 1, 1)"),
    (wgan_gp.mixtures, lambda x, g, e: (1 - each(e)) * x + each(e) * g, "changed places"),
    (wgan_gp.mixtures, lambda x, g, e: each(e) * x + g, "1 − epsilon"),
    (wgan_gp.mixtures, lambda x, g, e: 0.5 * (x + g), "not used"),
    (wgan_gp.mixtures, lambda x, g, e: ops.mean(x, axis=0), "shape"),
    (wgan_gp.mixtures, lambda x, g, e: x, "values differ"),
    (wgan_gp.two_sided, lambda g: ops.square(slopes(g) - 1), "shape"),
    (wgan_gp.two_sided, lambda g: ops.mean((ops.sqrt(ops.sum(g * g, -1) + 1e-12) - 1) ** 2), "last axis only"),
    (wgan_gp.two_sided, lambda g: ops.square(ops.mean(slopes(g)) - 1), "mean slope"),
    (wgan_gp.two_sided, lambda g: ops.mean(ops.square(squares(g) - 1)), "root is missing"),
    (wgan_gp.two_sided, one, "one-sided"),
    (wgan_gp.two_sided, lambda g: ops.sum(ops.square(slopes(g) - 1)), "sum over the batch"),
    (wgan_gp.two_sided, lambda g: 10 * ops.mean(ops.square(slopes(g) - 1)), "λ = 10"),
    (wgan_gp.two_sided, lambda g: ops.mean(ops.abs(slopes(g) - 1)), "squared in the penalty"),
    (wgan_gp.two_sided, lambda g: ops.mean(ops.square(ops.sqrt(squares(g)) - 1)), "NaN"),
    (wgan_gp.two_sided, lambda g: ops.mean(slopes(g)), "values differ"),
    (wgan_gp.relatives, one, "expected two numbers"),
    (wgan_gp.relatives, pair(r1, one), "other order"),
    (wgan_gp.relatives, pair(lambda g: ops.mean(ops.square(slopes(g) - 1)), r1), "two-sided"),
    (wgan_gp.relatives, pair(lambda g: ops.mean(ops.relu(squares(g) - 1)), r1), "take the root"),
    (wgan_gp.relatives, pair(lambda g: 0 * one(g), r1), "the first differs"),
    (wgan_gp.relatives, pair(one, lambda g: 2 * r1(g)), "½"),
    (wgan_gp.relatives, pair(one, lambda g: 0.5 * ops.square(ops.mean(slopes(g)))), "averages slopes"),
    (wgan_gp.relatives, pair(one, lambda g: 7 * r1(g)), "the second differs"),
    (wgan_gp.apart, lambda a, b: (b.mean() - a.mean()) / np.sqrt(error(a) + error(b)), "sign"),
    (wgan_gp.apart, lambda a, b: a.mean() - b.mean(), "difference alone"),
    (wgan_gp.apart, lambda a, b: (a.mean() - b.mean()) / np.sqrt(error(a, 0) + error(b, 0)), "ddof=1"),
    (
        wgan_gp.apart,
        lambda a, b: (a.mean() - b.mean()) / np.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1)),
        "single runs",
    ),
    (wgan_gp.apart, lambda a, b: (a.mean() - b.mean()) / (error(a) + error(b)), "root is missing"),
    (wgan_gp.apart, lambda a, b: a, "one number"),
    (wgan_gp.apart, lambda a, b: 0.0, "value differs"),
]
