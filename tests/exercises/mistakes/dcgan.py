"""Typical wrong answers to the exercises of lecture 05: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import dcgan

from . import reference

count, arc = reference(dcgan.writers), reference(dcgan.slerp)


def set_to_one(kernel, stride, inputs):
    return np.minimum(count(kernel, stride, inputs), 1)


def all_alike(kernel, stride, inputs):
    return np.full(stride * (inputs - 1) + kernel, 2)


def scaled_line(a, b, t):
    line = (1 - t) * a + t * b
    return line / np.linalg.norm(line) * np.linalg.norm(a)


def no_norms(a, b, t):
    angle = np.arccos(np.clip(np.sum(a * b), -1, 1))
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def soft(f, y):
    return ops.softplus(f) - y * f


def by_sigmoid(f, y):
    d = np.asarray(1 / (1 + np.exp(-ops.convert_to_numpy(f).astype("float64"))))
    y = ops.convert_to_numpy(y)
    with np.errstate(all="ignore"):
        return np.mean(-y * np.log(d) - (1 - y) * np.log(1 - d))


WRONG = [
    (dcgan.writers, set_to_one, "add to the count"),
    (dcgan.writers, all_alike, "add up"),
    (dcgan.writers, lambda k, s, n: count(k, s, n)[: s * n] if k > s else count(k, s, n), "padding"),
    (dcgan.writers, lambda k, s, n: count(k, s, n)[:-1][: s * (n - 1) + k - 1], "kernel"),
    (dcgan.writers, lambda k, s, n: int(count(k, s, n).max()), "one count for each output"),
    (dcgan.slerp, lambda a, b, t: (1 - t) * a + t * b, "straight line"),
    (dcgan.slerp, lambda a, b, t: arc(b, a, t), "other way"),
    (dcgan.slerp, scaled_line, "speed"),
    (dcgan.slerp, no_norms, "not finite"),
    (dcgan.slerp, lambda a, b, t: np.linalg.norm(arc(a, b, t)), "shape"),
    (dcgan.soft_loss, soft, "take the mean"),
    (dcgan.soft_loss, lambda f, y: -ops.mean(soft(f, y)), "sign"),
    (dcgan.soft_loss, lambda f, y: ops.mean(soft(-f, y)), "exchanged"),
    (dcgan.soft_loss, lambda f, y: ops.mean(ops.softplus(f)), "not used"),
    (dcgan.soft_loss, lambda f, y: ops.mean(soft(f, ops.cast(y > 0.5, "float32"))), "rounded"),
    (dcgan.soft_loss, by_sigmoid, "at a logit of 200"),
    (dcgan.analogy, lambda a, b, c: a - b + c, "three latents still"),
    (dcgan.analogy, lambda a, b, c: (a - b + c).sum(0), "sums, not means"),
    (dcgan.analogy, lambda a, b, c: (a - b + c).mean(0) / 3, "no division by three"),
    (dcgan.analogy, lambda a, b, c: (b - a + c).mean(0), "exchanged"),
    (dcgan.analogy, lambda a, b, c: a[0] - b[0] + c[0], "off the shell"),
    (dcgan.analogy, lambda a, b, c: (a - b + c).mean(1), "axis 0"),
]
