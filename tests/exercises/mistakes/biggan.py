"""Typical wrong answers to the exercises of lecture 08: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import biggan


def unit(x):
    return x / ops.norm(x)


def exact(kernel, u):
    return np.linalg.norm(ops.convert_to_numpy(kernel), 2)


def without_lengths(kernel, u):
    v = ops.matmul(kernel, u)
    return ops.sum(v * ops.matmul(kernel, ops.matmul(v, kernel)))


def rows_of(table, labels):
    return ops.take(table, labels, axis=0)


def plain(x, w, b):
    return ops.matmul(x, w) + b


def gram(kernel):
    flat = ops.reshape(kernel, (-1, kernel.shape[-1]))
    return ops.matmul(ops.transpose(flat), flat)


def off(kernel):
    return gram(kernel) * (1 - ops.eye(kernel.shape[-1]))


def rows(kernel):
    flat = ops.reshape(kernel, (-1, kernel.shape[-1]))
    return ops.sum(ops.square(ops.matmul(flat, ops.transpose(flat)) * (1 - ops.eye(flat.shape[0]))))


def once(z, threshold, rng):
    return np.where(np.abs(z) > threshold, rng.standard_normal(z.shape), z)


def replaced(value):
    return lambda z, threshold, rng: np.where(np.abs(z) > threshold, value(threshold, rng, z.shape), z)


def all_anew(z, threshold, rng):
    return rng.uniform(-threshold, threshold, z.shape)


WRONG = [
    (biggan.norm, lambda w, u: ops.norm(ops.matmul(w, u)), "makes a new u"),
    (biggan.norm, exact, "exact norm"),
    (biggan.norm, lambda w, u: ops.sqrt(ops.sum(w * w)), "sum of all squares"),
    (biggan.norm, without_lengths, "length 1"),
    (biggan.norm, lambda w, u: unit(ops.matmul(w, u)), "one number"),
    (biggan.norm, lambda w, u: ops.sum(w), "value differs"),
    (biggan.projection, lambda x, w, b, e, y: plain(x, w, b), "labels are not used"),
    (biggan.projection, lambda x, w, b, e, y: ops.sum(rows_of(e, y) * x, -1), "only the projection"),
    (biggan.projection, lambda x, w, b, e, y: plain(x, w, 0 * b) + ops.sum(rows_of(e, y) * x, -1), "bias b"),
    (
        biggan.projection,
        lambda x, w, b, e, y: plain(x, w, b)[:, None] + ops.matmul(x, ops.transpose(e)),
        "own label alone",
    ),
    (biggan.projection, lambda x, w, b, e, y: plain(x, w, b)[:, None] + rows_of(e, y) * x, "last axis"),
    (biggan.projection, lambda x, w, b, e, y: plain(x, w, b) + ops.sum(rows_of(e, y) * x), "over the batch too"),
    (biggan.projection, lambda x, w, b, e, y: 2 * plain(x, w, b), "values differ"),
    (biggan.off_diagonal, lambda k: ops.sum(ops.square(gram(k) - ops.eye(4))), "strict form"),
    (biggan.off_diagonal, lambda k: ops.sum(ops.square(gram(k))), "1 − I"),
    (biggan.off_diagonal, rows, "columns are the filters"),
    (biggan.off_diagonal, lambda k: ops.sqrt(ops.sum(ops.square(off(k)))), "no root"),
    (biggan.off_diagonal, lambda k: ops.sum(off(k)), "squared before"),
    (biggan.off_diagonal, lambda k: ops.mean(ops.square(off(k))), "the mean"),
    (biggan.off_diagonal, off, "shape"),
    (biggan.off_diagonal, lambda k: ops.sum(k), "value differs"),
    (biggan.truncate, lambda z, t, rng: z, "nothing has changed"),
    (biggan.truncate, lambda z, t, rng: np.clip(z, -t, t), "clips"),
    (biggan.truncate, lambda z, t, rng: t * z, "scales"),
    (biggan.truncate, once, "repeat until none"),
    (biggan.truncate, lambda z, t, rng: z[np.abs(z) <= t], "do not drop"),
    (biggan.truncate, all_anew, "inside have changed"),
    (biggan.truncate, replaced(lambda t, rng, shape: np.full(shape, 0.1)), "one for each"),
    (biggan.truncate, replaced(lambda t, rng, shape: rng.uniform(-0.1, 0.1, shape)), "normal ones"),
]
