"""Right and wrong answers to the exercises of lecture 14."""

import numpy as np
from keras import ops

from answers import own

# --- ddim_step


def by_noise(z, x, now, then):
    alpha, sigma = now
    noise = (z - alpha * x) / sigma
    return then[0] * x + then[1] * noise


def by_share(z, x, now, then):
    share = then[1] / now[1]
    return share * z + (then[0] - share * now[0]) * x


def by_euler(z, x, now, then):
    noise = (z - now[0] * x) / now[1]
    return z + x * (then[0] - now[0]) + noise * (then[1] - now[1])


def by_ops(z, x, now, then):
    noise = ops.divide(ops.subtract(z, now[0] * x), now[1])
    return ops.add(then[0] * x, then[1] * noise)


def by_copy(z, x, now, then):
    z = np.array(z)
    z -= now[0] * x
    z *= then[1] / now[1]
    z += then[0] * x
    return z


def by_tensorflow(tf):
    return lambda z, x, now, then: tf.add(then[0] * x, tf.multiply(then[1] / now[1], z - now[0] * x))


def by_jax(jnp):
    return lambda z, x, now, then: jnp.asarray(then[0] * x) + then[1] * jnp.asarray(z - now[0] * x) / now[1]


def by_torch(torch):
    return lambda z, x, now, then: torch.as_tensor(then[0] * x) + then[1] * torch.as_tensor(z - now[0] * x) / now[1]


def on_the_circle(z, x, now, then):
    """Right only where α² + σ² = 1."""
    return then[0] * x + then[1] * (z - now[0] * x) / np.sqrt(1 - now[0] ** 2)


# --- guide


def by_line(with_class, without, w):
    return (1 - w) * without + w * with_class


def by_back(with_class, without, w):
    return with_class + (w - 1) * (with_class - without)


def by_difference(with_class, without, w):
    difference = ops.subtract(with_class, without)
    return without + w * difference


def by_stack(with_class, without, w):
    return np.tensordot([1 - w, w], np.stack([without, with_class]), 1)


def clipped(with_class, without, w):
    return np.clip(without + w * (with_class - without), -1, 1)


RIGHT = {
    "ddim_step": [
        by_noise, by_share, by_euler, by_ops, by_copy, own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch),
    ],
    "copies": [(1, 1.0), (0.98, 1.0)],
    "guide": [by_line, by_back, by_difference, by_stack],
    "starts": [
        {0.2: (0.5, 0.1), 0.4: (0.6, 0.3), 0.6: (0.8, 0.4), 0.9: (0.9, 0.6)},
        {0.1: [0.5, 0.0], 0.3: [0.5, 0.2], 0.5: [1, 0.4], 0.7: [1.0, 0.5], 1: [0.1, 0.8]},
    ],
}  # fmt: skip

WRONG = {
    "ddim_step": [
        (lambda z, x, now, then: then[0] * x + then[1] * z, "the noise alone"),
        (lambda z, x, now, then: then[0] * x + then[1] * (z - now[0] * x), "not yet ε"),
        (lambda z, x, now, then: then[0] * x + then[1] * (z - x) / now[1], "How much of it"),
        (lambda z, x, now, then: x, "without the noise"),
        (lambda z, x, now, then: then[0] * x - then[1] * (z - now[0] * x) / now[1], ""),
        (on_the_circle, "right for"),
        (lambda z, x, now, then: np.mean(by_noise(z, x, now, then)), "shape"),
        (lambda z, x, now, then: then[0] * x + then[1] * np.sin(97 * z), ""),
    ],
    "copies": [
        ((0, 1.0), "new digits"),
        ((0.5, 1.0), "all but 0 or 1"),
        ((0.001, 1.0), "certain digit"),
        ((0.3, 1.0), "What did you not think of"),
    ],
    "guide": [
        (lambda c, n, w: (1 + w) * c - w * n, "another scale"),
        (lambda c, n, w: c + w * (n - c), "the other way"),
        (lambda c, n, w: n + w * (n - c), "flees"),
        (lambda c, n, w: w * (c - n), "only the difference"),
        (lambda c, n, w: 0.5 * (n + w * c), "mean of both"),
        (lambda c, n, w: c, "right for"),
        (clipped, ""),
    ],
    "starts": [
        ({0.2: (0.5, 0.1), 0.9: (0.9, 0.6)}, "at least four"),
        ([0.1, 0.2, 0.3, 0.9], "dict"),
        ({0.4: (0.5, 0.1), 0.5: (0.6, 0.3), 0.6: (0.8, 0.4), 0.9: (0.9, 0.6)}, "at most 0.3"),
        ({0.2: (0.5, 0.1), 0.4: (0.6, 0.3), 0.6: (0.8, 0.4), 0.9: (1.9, 0.6)}, "a share between"),
        ({0.2: 0.5, 0.4: 0.6, 0.6: 0.8, 0.9: 0.9}, "cannot be read"),
    ],
}
