"""Right and wrong answers to the exercises of lecture 10."""

import numpy as np
from keras import ops

from answers import own

# --- mask


def by_rows(height, width, centre):
    mask = np.zeros((height, width))
    mask[: height // 2] = 1
    mask[height // 2, : width // 2 + centre] = 1
    return mask


def by_number(height, width, centre):
    place = np.arange(height * width).reshape(height, width)
    middle = height // 2 * width + width // 2
    return (place < middle + centre).astype("float32")


def by_lists(height, width, centre):
    past = height * width // 2
    flat = [1.0] * past + [float(centre)] + [0.0] * past
    return np.array(flat).reshape(height, width)


def by_ops(height, width, centre):
    place = ops.reshape(ops.arange(height * width), (height, width))
    return ops.cast(place < height * width // 2 + int(centre), "float32")


def by_tensorflow(tf):
    return lambda h, w, c: tf.reshape(tf.cast(tf.range(h * w) < h * w // 2 + int(c), "float32"), (h, w))


def by_jax(jnp):
    return lambda h, w, c: jnp.where(jnp.arange(h * w).reshape(h, w) < h * w // 2 + int(c), 1.0, 0.0)


def by_torch(torch):
    return lambda h, w, c: (torch.arange(h * w) < h * w // 2 + int(c)).float().reshape(h, w)


def only_three(height, width, centre):
    return np.array([[1, 1, 1], [1, float(centre), 0], [0, 0, 0]])


# --- field


def by_loop(kernel, dilations):
    reach = 0
    for dilation in dilations:
        reach += (kernel - 1) * dilation
    return reach + 1


def by_array(kernel, dilations):
    return np.sum((kernel - 1) * np.array(dilations, int)) + 1


def by_tensor(kernel, dilations):
    return ops.sum(ops.convert_to_tensor([1, *((kernel - 1) * d for d in dilations)]))


def by_places(kernel, dilations):
    seen = {0}
    for dilation in dilations:
        seen |= {place + step * dilation for place in seen for step in range(kernel)}
    return max(seen) + 1


# --- bayes


def by_shift(log_likelihoods, prior):
    weights = np.exp(log_likelihoods - log_likelihoods.max(1, keepdims=True)) * prior
    return weights / weights.sum(1, keepdims=True)


def by_softmax(log_likelihoods, prior):
    return ops.softmax(log_likelihoods + ops.log(prior), axis=1)


def by_logs(log_likelihoods, prior):
    joint = np.array(log_likelihoods, "float64") + np.log(prior)
    return np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))


def by_differences(log_likelihoods, prior):
    joint = np.array(log_likelihoods) + np.log(np.array(prior))
    with np.errstate(over="ignore"):
        return 1 / np.exp(joint[:, None, :] - joint[:, :, None]).sum(2)


def hasty(log_likelihoods, prior):
    weights = np.exp(log_likelihoods) * prior
    return weights / weights.sum(1, keepdims=True)


RIGHT = {
    "slide": [(0.125, 0.125), (1 / 8, 0.125)],
    "mask": [by_rows, by_number, by_lists, by_ops, own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch)],
    "field": [by_loop, by_array, by_tensor, by_places],
    "bayes": [by_shift, by_softmax, by_logs, by_differences],
    "flips": [
        {0: 80.0, 0.01: 130.0, 0.05: 260.0, 0.2: 600.0},
        {0.0: 85, 0.1: 300, 0.2: 500, 0.3: 700, 0.5: 900},
    ],
}

WRONG = {
    "slide": [
        ((1, 0.125), "how often does p(x₁)"),
        ((0.25, 0.125), "Three factors"),
        ((2**-9, 0.125), "512 images"),
        ((0.5, 0.125), "in front of the product"),
        ((0.3, 0.125), "What did you not think of"),
    ],
    "mask": [
        (lambda h, w, c: by_rows(h, w, True), "see itself"),
        (lambda h, w, c: by_rows(h, w, False), "zero whatever"),
        (lambda h, w, c: by_rows(w, h, c).T, "column by column"),
        (lambda h, w, c: by_rows(h, w, c)[::-1, ::-1], "the future in"),
        (lambda h, w, c: np.tril(np.ones((h, w))), ""),
        (only_three, ""),
        (lambda h, w, c: by_rows(h, w, c).sum(), "shape"),
        (lambda h, w, c: np.ones((h, w)), ""),
    ],
    "field": [
        (lambda k, d: (k - 1) * sum(d), "same time is missing"),
        (lambda k, d: k * sum(d), "k − 1 steps back"),
        (lambda k, d: 1 + (k - 1) * len(d), "steps of one"),
        (lambda k, d: k ** len(d), "paths"),
        (lambda k, d: 2 ** len(d), ""),
        (lambda k, d: 1 + sum(d), "right for"),
        (lambda k, d: list(d), ""),
    ],
    "bayes": [
        (lambda logs, prior: by_shift(logs, np.ones_like(prior)), "the prior"),
        (lambda logs, prior: np.exp(logs - logs.max(1, keepdims=True)) * prior, "sum to 1"),
        (lambda logs, prior: by_shift(logs, prior**2), "counts twice"),
        (lambda logs, prior: by_shift(logs / 10, prior), "Scaling"),
        (lambda logs, prior: by_logs(logs, prior)[:, ::-1], ""),
        (lambda logs, prior: np.eye(len(prior))[np.argmax(logs + np.log(prior), 1)], ""),
        (lambda logs, prior: by_shift(logs - logs.mean(0), prior), ""),
        (lambda logs, prior: by_logs(logs, prior).argmax(1), "shape"),
    ],
    "flips": [
        ({0.0: 80.0, 0.2: 600.0}, "at least four"),
        ([80.0, 100.0, 200.0, 300.0], "dict"),
        ({0.1: 300.0, 0.2: 400.0, 0.3: 500.0, 0.4: 600.0}, "take 0"),
        ({0.0: 80.0, 0.01: 90.0, 0.02: 95.0, 0.05: 130.0}, "between 0.2"),
        ({0.0: -80.0, 0.1: -300.0, 0.2: -400.0, 0.3: -500.0}, "above 0"),
        ({0.0: 80.0, 0.1: 70.0, 0.2: 60.0, 0.3: 50.0}, "likelier"),
    ],
}
