"""Typical wrong answers to the exercises of lecture 03: (exercise, answer, words of the hint that helps)."""

import numpy as np
from keras import ops

from course_utils.exercises import alae


def logistic(r, f):
    return ops.mean(ops.softplus(f)) + ops.mean(ops.softplus(-r))


def squares(g):
    return ops.sum(ops.square(g), axis=(1, 2, 3))


def steps(features):
    return np.linalg.norm(np.diff(features, axis=1), axis=-1)


WRONG = [
    (alae.critic, lambda r, f, g, c: logistic(r, f) + c / 2 * ops.mean(ops.sqrt(squares(g))), "without the square"),
    (alae.critic, lambda r, f, g, c: logistic(r, f) + c * ops.mean(squares(g)), "½"),
    (alae.critic, lambda r, f, g, c: logistic(r, f) + c / 2 * ops.mean(ops.square(g)), "averaged over the pixels"),
    (alae.critic, lambda r, f, g, c: logistic(r, f), "penalty is missing"),
    (alae.critic, lambda r, f, g, c: logistic(f, r) + c / 2 * ops.mean(squares(g)), "signs"),
    (alae.critic, lambda r, f, g, c: ops.mean(f) - ops.mean(r) + c / 2 * ops.mean(squares(g)), "Wasserstein"),
    (alae.critic, lambda r, f, g, c: logistic(r, f) + c / 2 * squares(g), "shape"),
    (alae.critic, lambda r, f, g, c: c * logistic(r, f), "values differ"),
    (alae.latent, lambda w, b: ops.sum(ops.square(w - b), axis=-1), "one number a code"),
    (alae.latent, lambda w, b: ops.mean(ops.square(w - b), axis=0), "shape"),
    (alae.latent, lambda w, b: ops.mean(ops.square(w - b)), "averages over the axes"),
    (alae.latent, lambda w, b: ops.mean(ops.sqrt(ops.sum(ops.square(w - b), axis=-1))), "root"),
    (alae.latent, lambda w, b: ops.sum(ops.square(w - b)), "sum over the batch"),
    (alae.latent, lambda w, b: ops.mean(ops.sum(ops.abs(w - b), axis=-1)), "absolute"),
    (alae.latent, lambda w, b: ops.mean(ops.sum(ops.square(w + b), axis=-1)), "values differ"),
    (alae.round_trips, lambda F, G, E, z, x: E(G(F(z))), "two arrays"),
    (alae.round_trips, lambda F, G, E, z, x: (G(E(x)), E(G(F(z)))), "other order"),
    (alae.round_trips, lambda F, G, E, z, x: (E(G(z)), G(E(x))), "skips F"),
    (alae.round_trips, lambda F, G, E, z, x: (F(z), G(E(x))), "before the trip"),
    (alae.round_trips, lambda F, G, E, z, x: (F(E(G(F(z)))), G(E(x))), "F once more"),
    (alae.round_trips, lambda F, G, E, z, x: (G(F(z)), G(E(x))), "first differs"),
    (alae.round_trips, lambda F, G, E, z, x: (E(G(F(z))), G(F(E(x)))), "as it is"),
    (alae.round_trips, lambda F, G, E, z, x: (E(G(F(z))), E(G(x))), "wrong order"),
    (alae.round_trips, lambda F, G, E, z, x: (E(G(F(z))), x), "second differs"),
    (alae.path_length, lambda f: np.linalg.norm(f[:, -1] - f[:, 0], axis=-1), "crow"),
    (alae.path_length, lambda f: steps(f).sum(), "its own length"),
    (alae.path_length, lambda f: np.square(np.diff(f, axis=1)).sum((1, 2)), "root is missing"),
    (alae.path_length, lambda f: np.sqrt(np.square(np.diff(f, axis=1)).sum((1, 2))), "each step"),
    (alae.path_length, lambda f: steps(f).mean(1), "mean step"),
    (alae.path_length, lambda f: steps(f.transpose(1, 0, 2)).sum(1), "axis 1"),
    (alae.path_length, lambda f: 0 * steps(f).sum(1), "values differ"),
]
