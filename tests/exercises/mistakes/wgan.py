"""Typical wrong answers to the exercises of lecture 06: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import wgan


def ranked(a, b):
    return np.sort(a) - np.sort(b)


def slopes(x, y, f, g):
    return np.abs(f[:, None] - g) / np.linalg.norm(x[:, None] - y, axis=-1)


def all_slopes(x, y, f, g):
    x, f = np.concatenate([x, y]), np.concatenate([f, g])
    with np.errstate(invalid="ignore"):
        return np.abs(f[:, None] - f) / np.linalg.norm(x[:, None] - x, axis=-1)


def gap(f, g):
    return f.mean() - g.mean()


def biggest(kernels):
    return np.array([np.linalg.norm(k, 2) for k in kernels])


WRONG = [
    (wgan.earth_mover, lambda a, b: np.abs(a - b).mean(), "sort both"),
    (wgan.earth_mover, lambda a, b: ranked(b, a).mean(), "two means"),
    (wgan.earth_mover, lambda a, b: np.abs(ranked(a, b)).sum(), "1/n"),
    (wgan.earth_mover, lambda a, b: np.sqrt(np.square(ranked(a, b)).mean()), "W₂"),
    (wgan.earth_mover, lambda a, b: np.abs(ranked(a, b)), "take the mean"),
    (wgan.critic_loss, lambda f, g: ops.mean(f) - ops.mean(g), "sign"),
    (wgan.critic_loss, lambda f, g: ops.abs(ops.mean(f) - ops.mean(g)), "absolute value"),
    (wgan.critic_loss, lambda f, g: ops.mean(f * g), "6.9"),
    (wgan.critic_loss, lambda f, g: g - f, "one number per example"),
    (wgan.critic_loss, lambda f, g: ops.mean(ops.softplus(-f)) + ops.mean(ops.softplus(g)), "cross entropy"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g), "divide"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) * slopes(x, y, f, g).max(), "instead of multiplying"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) / slopes(x, y, f, g).mean(), "mean slope"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) / np.abs(np.concatenate([f, g])).max(), "6.10"),
    (wgan.lower_bound, lambda x, y, f, g: gap(f, g) / all_slopes(x, y, f, g).max(), "not finite"),
    (wgan.slope_bound, lambda ks: np.prod([np.linalg.norm(k) for k in ks]), "Frobenius"),
    (wgan.slope_bound, lambda ks: biggest(ks).sum(), "multiply"),
    (wgan.slope_bound, lambda ks: biggest(ks).max(), "alone"),
    (wgan.slope_bound, lambda ks: np.prod([np.abs(k).max() for k in ks]), "singular value"),
    (wgan.hinge, lambda f, g: ops.mean(f * g), "6.9"),
    (wgan.hinge, lambda f, g: ops.mean(ops.relu(1 + f)) + ops.mean(ops.relu(1 - g)), "swapped"),
    (wgan.hinge, lambda f, g: ops.mean(ops.relu(1 - f * g)), "label"),
    (wgan.hinge, lambda f, g: ops.mean(1 - f) + ops.mean(1 + g), "missing"),
    (wgan.hinge, lambda f, g: ops.relu(1 - f) + ops.relu(1 + g), "one number per example"),
]
