"""Typical wrong answers to the exercises of lecture 09: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import stylegan


def each(v):
    return v[:, None, None]


def normalised(x, axes=(1, 2), power=0.5, epsilon=1e-8):
    mean, variance = ops.mean(x, axes, keepdims=True), ops.var(x, axes, keepdims=True)
    return (x - mean) / (variance + epsilon) ** power


def stacked(first, second, layer, layers):
    return np.stack([first if number < layer else second for number in range(layers)], axis=1)


def unit(kernel, of=None, axes=(0, 1, 2)):
    return kernel / np.sqrt(np.square(kernel if of is None else of).sum(axes))


WRONG = [
    (stylegan.adain, lambda x, s, b: ops.mean(x, axis=(1, 2)), "keepdims"),
    (stylegan.adain, lambda x, s, b: each(s) * normalised(x, (0, 1, 2)) + each(b), "batch norm"),
    (stylegan.adain, lambda x, s, b: each(s) * normalised(x, (1, 2, 3)) + each(b), "layer norm"),
    (stylegan.adain, lambda x, s, b: each(s) * normalised(x, power=1) + each(b), "variance"),
    (stylegan.adain, lambda x, s, b: each(s) * x + each(b), "not normalised"),
    (stylegan.adain, lambda x, s, b: each(s) * normalised(x), "bias is missing"),
    (stylegan.adain, lambda x, s, b: each(s) * (normalised(x) + each(b)), "add the bias last"),
    (stylegan.adain, lambda x, s, b: s * normalised(x) + b, "(N, 1, 1, C)"),
    (stylegan.adain, lambda x, s, b: each(s) * normalised(x, epsilon=0.0) + each(b), "NaN"),
    (stylegan.adain, lambda x, s, b: x, "values differ"),
    (stylegan.mixing, lambda c, f, k, n: c, "shape"),
    (stylegan.mixing, lambda c, f, k, n: stacked(f, c, k, n), "changed places"),
    (stylegan.mixing, lambda c, f, k, n: stacked(c, f, k + 1, n), "one layer too many"),
    (stylegan.mixing, lambda c, f, k, n: stacked(c, f, k - 1, n), "one layer too few"),
    (stylegan.mixing, lambda c, f, k, n: np.repeat(((k * c + (n - k) * f) / n)[:, None], n, 1), "blends nothing"),
    (stylegan.mixing, lambda c, f, k, n: np.where(np.arange(n)[:, None] < k, c[:, None, :] * 0, f[:, None]), "differ"),
    (stylegan.truncation, lambda w, m, p: m, "shape"),
    (stylegan.truncation, lambda w, m, p: p * w, "towards 0"),
    (stylegan.truncation, lambda w, m, p: w + p * (m - w), "wrong way round"),
    (stylegan.truncation, lambda w, m, p: m + (w - m) / p, "apart"),
    (stylegan.truncation, lambda w, m, p: p * (w - m), "mean is missing"),
    (stylegan.truncation, lambda w, m, p: np.clip(w, m - p, m + p), "this cuts"),
    (stylegan.truncation, lambda w, m, p: w, "values differ"),
    (stylegan.demodulation, lambda k, s: s, "shape"),
    (stylegan.demodulation, lambda k, s: k * s[:, None], "modulated kernel"),
    (stylegan.demodulation, lambda k, s: unit(k * s), "Inputs are axis 2"),
    (stylegan.demodulation, lambda k, s: unit(k), "it is missing"),
    (stylegan.demodulation, lambda k, s: k * s[:, None] / np.square(k * s[:, None]).sum((0, 1, 2)), "root is missing"),
    (stylegan.demodulation, lambda k, s: unit(k * s[:, None], axes=None), "whole kernel"),
    (stylegan.demodulation, lambda k, s: unit(k * s[:, None], axes=(0, 1)), "leaves out the input"),
    (stylegan.demodulation, lambda k, s: unit(k * s[:, None], of=k), "before the style"),
    (stylegan.demodulation, lambda k, s: k, "values differ"),
]
