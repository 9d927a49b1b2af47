"""Typical wrong answers to the exercises of lecture 02: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import aae


def softplus_mean(logits):
    return ops.mean(ops.softplus(logits))


def discriminator(prior, code):
    return softplus_mean(-prior) + softplus_mean(code)


def turned(along, across, angle):
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([along * cos - across * sin, along * sin + across * cos], axis=1)


def angle(k):
    return 2 * np.pi * k / 10


def log_q(logits):
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def each(logits, labels):
    return np.where(labels < 10, -log_q(logits)[np.arange(len(labels)), np.minimum(labels, 9)], 0)


def spoke(label, distance):
    return distance[:, None] * np.array([np.cos(angle(label)), np.sin(angle(label))])


WRONG = [
    (aae.adversaries, lambda p, c: (discriminator(c, p), softplus_mean(-c)), "swapped"),
    (aae.adversaries, lambda p, c: (softplus_mean(-c), discriminator(p, c)), "order"),
    (aae.adversaries, lambda p, c: (discriminator(p, c) / 2, softplus_mean(-c)), "1.386"),
    (aae.adversaries, lambda p, c: (discriminator(p, c), softplus_mean(-p)), "no hand"),
    (aae.adversaries, lambda p, c: (discriminator(p, c), -softplus_mean(c)), "hardly pulls"),
    (aae.adversaries, lambda p, c: (discriminator(p, c), softplus_mean(c)), "recognised"),
    (aae.adversaries, lambda p, c: discriminator(p, c), "two numbers"),
    (aae.component, lambda k, e: turned(0.3 * e[:, 1], 4 + e[:, 0], angle(k)), "across"),
    (aae.component, lambda k, e: turned(e[:, 0], 0.3 * e[:, 1], angle(k)), "middle"),
    (aae.component, lambda k, e: turned(e[:, 0], 0.3 * e[:, 1], angle(k)) + [4, 0], "move, then turn"),
    (aae.component, lambda k, e: turned(4 + e[:, 0], 0.3 * e[:, 1], -angle(k)), "wrong way"),
    (aae.component, lambda k, e: turned(4 + e[:, 0], 0.3 * e[:, 1], k), "full turn"),
    (aae.component, lambda k, e: turned(4 + e[:, 0], e[:, 1], angle(k)), "0.3"),
    (aae.component, lambda k, e: turned(4 + e[:, 0], 0.3 * e[:, 1], angle(k)).T, "shape"),
    (aae.main_axis, lambda k, n: spoke(k, np.linspace(-2, 2, n)), "centre"),
    (aae.main_axis, lambda k, n: spoke(k, np.linspace(3, 5, n)), "two were asked"),
    (aae.main_axis, lambda k, n: spoke(k, np.linspace(6, 2, n)), "inwards"),
    (aae.main_axis, lambda k, n: np.linspace(2, 6, n), "shape"),
    (aae.few, lambda f, y: each(f, y).mean(), "divide by all"),
    (aae.few, lambda f, y: each(f, y).sum(), "sum"),
    (aae.few, lambda f, y: -each(f, y).sum() / (y < 10).sum(), "sign"),
    (aae.few, lambda f, y: -log_q(f)[np.arange(len(y)), np.minimum(y, 9)].mean(), "nines"),
    (aae.few, lambda f, y: each(f, y), "one number"),
]
