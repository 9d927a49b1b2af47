"""Exercises of lecture 00, autoencoders."""

import numpy as np

from .exercise import Exercise, close, judged


def _judge_tail(tail):
    x = np.random.default_rng(1).normal(size=(60, 5)) * [3.0, 2.0, 1.0, 0.5, 0.2] + 4.0
    values = np.linalg.svd(x - x.mean(0), compute_uv=False)
    found, right = judged(tail, x, 2), np.sum(values[2:] ** 2) / len(x)
    if close(found, right):
        return None
    if found.shape != ():
        return "return one number: the mean over the points of the squared distance to the plane."
    uncentred = np.linalg.svd(x, compute_uv=False)
    if close(found, np.sum(uncentred[2:] ** 2) / len(x)):
        return "the mean was not subtracted. Principal components are directions around the mean."
    if close(found, np.sum(values[:2] ** 2) / len(x)):
        return "these are the directions that are kept. The error comes from those that are left out."
    if close(found, np.sum(values[2:]) / len(x)):
        return "square the singular values: the error is a squared length."
    if close(found, np.sum(values[2:] ** 2)):
        return "this is the sum over all points: divide by their number."
    return "the values differ. For k = 5 there is nothing left out, and the error is 0."


def _judge_psnr(psnr):
    rng = np.random.default_rng(2)
    clean = rng.random((4, 6, 6, 1)).astype("float32")
    noisy = clean + np.float32([0.1, 0.2, 0.4, 0.8])[:, None, None, None] * rng.normal(size=clean.shape)
    found, error = judged(psnr, clean, noisy.astype("float32")), np.mean((clean - noisy) ** 2, axis=(1, 2, 3))
    if close(found, -10 * np.log10(error)):
        return None
    if close(found, 10 * np.log10(error)):
        return "the sign is wrong: the smaller the error, the more decibels."
    if close(found, -20 * np.log10(error)):
        return "20 goes with the root of the mean squared error; with the squared error it is 10."
    if close(found, -10 * np.log(error)):
        return "decibels use the logarithm to base 10."
    if found.shape == ():
        return "this is one number for the whole batch. Take the mean over the pixels only: one PSNR an image, (N,)."
    return "the values differ. An error of 0.01 in every squared pixel is 20 dB."


def _judge_sparse(sparse_loss):
    rng = np.random.default_rng(3)
    x, y = rng.random((5, 4, 4, 1)).astype("float32"), rng.random((5, 4, 4, 1)).astype("float32")
    code = rng.normal(size=(5, 7)).astype("float32")
    found = judged(sparse_loss, x, y, code, 0.3)
    error, size = np.sum((x - y) ** 2, axis=(1, 2, 3)).mean(), np.abs(code).sum(1).mean()
    if close(found, error + 0.3 * size):
        return None
    if close(found, error + 0.3 * code.sum(1).mean()):
        return "absolute values are missing: a code of −5 is not sparse either."
    if close(found, error + 0.3 * np.square(code).sum(1).mean()):
        return "this is the squared length. It makes all units small, and hardly any of them zero."
    if close(found, error):
        return "the code does not enter yet."
    if found.shape != ():
        return "take the mean over the images at last: the result is one number."
    return "the values differ. Sum over pixels, sum over units, then the mean over the images of both."


tail = Exercise(
    title="What is left out",
    judge=_judge_tail,
    nudge="np.linalg.svd of the centred points gives the singular values; which of them belong to what is thrown away?",
    answer='''def tail(x, k):
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    return np.sum(values[k:] ** 2) / len(x)
''',
)
psnr = Exercise(
    title="Decibels",
    judge=_judge_psnr,
    nudge="First the mean squared error of each image, over its pixels. Pixels run from 0 to 1, so the peak is 1.",
    answer='''def decibels(clean, image):
    error = np.mean((clean - image) ** 2, axis=(1, 2, 3))
    return -10 * np.log10(error)
''',
)
sparse = Exercise(
    title="The sparse loss",
    judge=_judge_sparse,
    nudge="Two terms, each a sum for every image: squared differences over pixels, absolute values over units.",
    answer='''def sparse_loss(x, reconstruction, code, weight):
    error = ops.sum(ops.square(x - reconstruction), axis=(1, 2, 3))
    size = ops.sum(ops.abs(code), axis=1)
    return ops.mean(error + weight * size)
''',
)
