"""Typical wrong answers to the exercises of lecture 00: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import autoencoders


def values(x):
    return np.linalg.svd(x - x.mean(0), compute_uv=False)


def error(a, b):
    return ((a - b) ** 2).mean((1, 2, 3))


def squared(x, y):
    return ops.mean(ops.sum(ops.square(x - y), axis=(1, 2, 3)))


WRONG = [
    (autoencoders.tail, lambda x, k: np.sum(np.linalg.svd(x, compute_uv=False)[k:] ** 2) / len(x), "mean was not"),
    (autoencoders.tail, lambda x, k: np.sum(values(x)[:k] ** 2) / len(x), "left out"),
    (autoencoders.tail, lambda x, k: np.sum(values(x)[k:]) / len(x), "square"),
    (autoencoders.tail, lambda x, k: np.sum(values(x)[k:] ** 2), "divide"),
    (autoencoders.tail, lambda x, k: values(x)[k:] ** 2, "one number"),
    (autoencoders.psnr, lambda a, b: 10 * np.log10(error(a, b)), "sign"),
    (autoencoders.psnr, lambda a, b: -20 * np.log10(error(a, b)), "root"),
    (autoencoders.psnr, lambda a, b: -10 * np.log(error(a, b)), "base 10"),
    (autoencoders.psnr, lambda a, b: -10 * np.log10(((a - b) ** 2).mean()), "whole batch"),
    (autoencoders.sparse, lambda x, y, c, w: squared(x, y) + w * ops.mean(ops.sum(c, axis=1)), "absolute"),
    (autoencoders.sparse, lambda x, y, c, w: squared(x, y) + w * ops.mean(ops.sum(c * c, axis=1)), "squared length"),
    (autoencoders.sparse, lambda x, y, c, w: squared(x, y), "does not enter"),
    (autoencoders.sparse, lambda x, y, c, w: ops.mean(ops.square(x - y)) + w * ops.mean(ops.abs(c)), "Sum over pixels"),
]
