"""Right and wrong answers to the exercises of lecture 11."""

import numpy as np
from keras import ops
from scipy.special import log1p

from answers import own

# --- free_energy


def by_logaddexp(v, W, b, c):
    return -(v @ b) - np.logaddexp(0, c + v @ W).sum(axis=1)


def by_ops(v, W, b, c):
    heard = ops.add(c, ops.matmul(v, W))
    return -ops.matmul(v, b) - ops.sum(ops.softplus(heard), axis=-1)


def by_largest(v, W, b, c):
    a = c + v @ W
    return -(v * b).sum(1) - (np.maximum(a, 0) + log1p(np.exp(-np.abs(a)))).sum(1)


def by_rows(v, W, b, c):
    found = []
    for row in v:
        cost = -float(row @ b)
        for j in range(W.shape[1]):
            cost -= np.logaddexp(0.0, float(c[j] + row @ W[:, j]))
        found.append(cost)
    return np.array(found)


def by_tensorflow(tf):
    return lambda v, W, b, c: -tf.linalg.matvec(v, b) - tf.reduce_sum(tf.math.softplus(tf.matmul(v, W) + c), axis=1)


def by_jax(jnp):
    return lambda v, W, b, c: -(v @ b) - jnp.logaddexp(0.0, jnp.asarray(c + v @ W)).sum(1)


def by_torch(torch):
    softplus = torch.nn.functional.softplus
    return lambda v, W, b, c: -(torch.as_tensor(v @ b)) - softplus(torch.as_tensor(c + v @ W)).sum(1)


def by_exp(v, W, b, c):
    """Right, and infinite where W is large."""
    return -(v @ b) - np.log(1 + np.exp(c + v @ W)).sum(1)


def soft(a):
    return np.logaddexp(0, a)


# --- step


def by_einsum(v, h, v_minus, h_minus):
    return np.einsum("nv,nh->vh", v, h) / len(v) - np.einsum("nv,nh->vh", v_minus, h_minus) / len(v_minus)


def by_matmul(v, h, v_minus, h_minus):
    return v.T @ h / v.shape[0] - v_minus.T @ h_minus / v_minus.shape[0]


def by_means(v, h, v_minus, h_minus):
    return (v[:, :, None] * h[:, None, :]).mean(0) - (v_minus[:, :, None] * h_minus[:, None, :]).mean(0)


def by_keras(v, h, v_minus, h_minus):
    data = ops.matmul(ops.transpose(v), h) / len(v)
    return data - ops.matmul(ops.transpose(v_minus), h_minus) / len(v_minus)


def broken(v, h, v_minus, h_minus):
    return np.outer(v.mean(0), h.mean(0)) - np.outer(v_minus.mean(0), h_minus.mean(0))


RIGHT = {
    "terms": [(2.0**20, 2.0**20), (1_048_576, 2.0**20), (1.05e6, 2.0**20)],
    "free_energy": [
        by_logaddexp, by_ops, by_largest, by_rows, own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch),
    ],
    "step": [by_einsum, by_matmul, by_means, by_keras],
    "temperatures": [
        {3: (150.0, 1.0), 10: (153.0, 0.5), 100: (154.0, 0.1), 300: (154.3, 0.02)},
        {1: [100, 2.0], 30: [153, 0.4], 100: [154.0, 0.2], 1000: [154.4, 0.0]},
    ],
}  # fmt: skip

WRONG = {
    "terms": [
        ((2.0**804, 2.0**20), "both sides"),
        ((2.0**784, 2.0**20), "cheaper"),
        ((784 * 20, 2.0**20), "number of weights"),
        ((784 * 2.0**20, 2.0**20), "the work"),
        ((20, 2.0**20), "switches"),
        ((1000, 2.0**20), "What did you not think of"),
    ],
    "free_energy": [
        (lambda v, W, b, c: v @ b + soft(c + v @ W).sum(1), "the other way"),
        (lambda v, W, b, c: -soft(c + v @ W).sum(1), "visible biases"),
        (lambda v, W, b, c: -(v @ b) - soft(v @ W).sum(1), "hidden biases"),
        (lambda v, W, b, c: -(v @ b) - np.maximum(c + v @ W, 0).sum(1), "best state"),
        (lambda v, W, b, c: -(v @ b) - soft((c + v @ W).sum(1)), "sum of its own"),
        (lambda v, W, b, c: -(v @ b) - (c + v @ W).sum(1), "all on"),
        (by_exp, ""),
        (lambda v, W, b, c: np.mean(by_logaddexp(v, W, b, c)), "shape"),
        (lambda v, W, b, c: by_logaddexp(v, W, b, c)[:, None], "shape"),
    ],
    "step": [
        (lambda v, h, m, g: v.T @ h - m.T @ g, "sums"),
        (lambda v, h, m, g: (v.T @ h - m.T @ g) / len(v), "need not be N"),
        (lambda v, h, m, g: m.T @ g / len(m) - v.T @ h / len(v), "slope of the *loss*"),
        (lambda v, h, m, g: v.T @ h / len(v), "The chains are missing"),
        (lambda v, h, m, g: v.T @ (h > 0.5) / len(v) - m.T @ (g > 0.5) / len(m), "rounding"),
        (lambda v, h, m, g: v.T @ h / len(v) - np.outer(m.mean(0), g.mean(0)), "same fault"),
        (lambda v, h, m, g: (v.T @ h / len(v) - m.T @ g / len(m)).T, "shape"),
    ],
    "temperatures": [
        ({3: (150.0, 1.0), 300: (154.0, 0.1)}, "at least four"),
        ([3, 10, 100, 300], "dict"),
        ({20: (150.0, 1.0), 30: (151, 1.0), 100: (153, 1.0), 300: (154.0, 0.1)}, "at most 10"),
        ({3: (150.0, 0.0), 10: (151, 0.0), 100: (153, 0.0), 300: (154.0, 0.0)}, "three seeds"),
        ({3: 150.0, 10: 151, 100: 153, 300: 154.0}, "cannot be read"),
    ],
}
