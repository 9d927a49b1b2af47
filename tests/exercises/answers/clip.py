"""Right and wrong answers to the exercises of lecture 13."""

import keras
import numpy as np
from keras import ops

from answers import own

# --- contrastive


def by_diagonal(table):
    rows, columns = (ops.diagonal(ops.log_softmax(table, axis=axis)) for axis in (1, 0))
    return -ops.mean(rows + columns) / 2


def by_classes(table):
    n = table.shape[0]
    labels = ops.arange(n)
    entropy = keras.losses.sparse_categorical_crossentropy
    rows = entropy(labels, table, from_logits=True)
    columns = entropy(labels, ops.transpose(table), from_logits=True)
    return (ops.mean(rows) + ops.mean(columns)) / 2


def by_logsumexp(table):
    right = ops.mean(ops.diagonal(table))
    return (ops.mean(ops.logsumexp(table, axis=0)) + ops.mean(ops.logsumexp(table, axis=1))) / 2 - right


def by_mask(table):
    chosen = ops.eye(table.shape[0]) / table.shape[0]
    both = ops.log_softmax(table, axis=0) + ops.log_softmax(table, axis=1)
    return -0.5 * ops.sum(chosen * both)


def by_tensorflow(tf):
    def loss(table):
        labels = tf.range(tf.shape(table)[0])
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits
        return tf.reduce_mean(entropy(labels, table) + entropy(labels, tf.transpose(table))) / 2

    return loss


def by_jax(jnp):
    import jax

    def loss(table):
        both = jax.nn.log_softmax(table, 0) + jax.nn.log_softmax(table, 1)
        return -jnp.mean(jnp.diagonal(both)) / 2

    return loss


def by_torch(torch):
    def loss(table):
        labels = torch.arange(len(table))
        entropy = torch.nn.functional.cross_entropy
        return (entropy(table, labels) + entropy(table.T, labels)) / 2

    return loss


def by_exp(table):
    """Right, and not finite where a logit is large."""
    right = ops.diagonal(ops.exp(table))
    shares = right / ops.sum(ops.exp(table), axis=0), right / ops.sum(ops.exp(table), axis=1)
    return -ops.mean(ops.log(shares[0]) + ops.log(shares[1])) / 2


def images_only(table):
    return -ops.mean(ops.diagonal(ops.log_softmax(table, axis=1)))


# --- identity


def by_norm(before, after):
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return 1 - np.mean((before * after).sum(1) / lengths)


def by_ops(before, after):
    return ops.mean(1 - ops.sum(ops.normalize(before, axis=-1) * ops.normalize(after, axis=-1), axis=-1))


def by_chord(before, after):
    """Half the squared distance of two vectors of length 1 is one minus their cosine."""
    before = before / np.sqrt(np.square(before).sum(-1, keepdims=True))
    after = after / np.sqrt(np.square(after).sum(-1, keepdims=True))
    return np.square(before - after).sum(-1).mean() / 2


def by_rows(before, after):
    found = [1 - b @ a / np.sqrt((b @ b) * (a @ a)) for b, a in zip(before, after)]
    return np.mean(found)


def by_keras(before, after):
    return 1 + ops.mean(keras.losses.cosine_similarity(before, after, axis=-1))


def cosine(before, after):
    return (before * after).sum(-1) / (np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1))


RIGHT = {
    "contrastive": [
        by_diagonal, by_classes, by_logsumexp, by_mask, own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch),
    ],
    "bag": [(0.5, 0.5), (0.51, 0.5)],
    "identity": [by_norm, by_ops, by_chord, by_rows, by_keras],
    "weights": [
        {0: (0.9, 0.4), 0.1: (0.8, 0.7), 0.5: (0.4, 0.9), 2: (0.2, 1.0)},
        {0.0: [1, 0.1], 0.02: [1.0, 0.2], 0.2: [0.5, 0.5], 0.5: [0.3, 0.9], 8: [0, 1]},
    ],
}  # fmt: skip

WRONG = {
    "contrastive": [
        (images_only, "Nobody has asked the sentences"),
        (lambda table: -ops.mean(ops.diagonal(ops.log_softmax(table, axis=0))), "Nobody has asked the images"),
        (lambda table: 2 * by_diagonal(table), "a mean of them"),
        (lambda table: -by_diagonal(table), "the other way"),
        (lambda table: -ops.mean(ops.diagonal(table)), "praises"),
        (lambda table: table.shape[0] * by_diagonal(table), "two sizes"),
        (lambda table: -ops.diagonal(ops.log_softmax(table, axis=1)), "shape"),
        (by_exp, "not finite"),
        (lambda table: by_diagonal(ops.stop_gradient(table)), "gradient"),
        (lambda table: by_diagonal(table) if table.shape[0] > 4 else 0.7, ""),
    ],
    "bag": [
        ((1.0, 0.5), "which of them is the digit"),
        ((0.0, 0.5), "know the difference"),
        ((0.25, 0.5), "How many are there"),
        ((0.8, 0.5), "What did you not think of"),
    ],
    "identity": [
        (lambda b, a: np.square(b - a).sum(-1).mean(), "sees the lengths"),
        (lambda b, a: np.mean(np.abs(np.sum(b - a, axis=-1))), "make up for one another"),
        (lambda b, a: np.mean(cosine(b, a)), "*alike*"),
        (lambda b, a: 1 - np.mean((b * a).sum(-1)), "long vectors"),
        (lambda b, a: np.sum(1 - cosine(b, a)), "a mean was asked for"),
        (lambda b, a: -np.mean(cosine(b, a)), "should cost 0"),
        (lambda b, a: 1 - cosine(b, a), "shape"),
        (lambda b, a: 0.3, ""),
    ],
    "weights": [
        ({0: (0.9, 0.4), 2: (0.2, 1.0)}, "at least four"),
        ([0, 0.1, 0.5, 2], "dict"),
        ({0.01: (0.9, 0.4), 0.1: (0.8, 0.7), 0.5: (0.4, 0.9), 2: (0.2, 1.0)}, "weight 0 as well"),
        ({0: (0.9, 40), 0.1: (0.8, 70), 0.5: (0.4, 90), 2: (0.2, 100)}, "between 0 and 1"),
        ({0: 0.9, 0.1: 0.8, 0.5: 0.4, 2: 0.2}, "cannot be read"),
    ],
}
