"""Right and wrong answers to the exercises of lecture 02."""

import numpy as np
from keras import ops
from scipy import special

from answers import own

# --- component


def by_matrices(labels, noise):
    angle = 2 * np.pi * labels / 10
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # (2, 2, n)
    return np.einsum("ijn,nj->ni", turn, noise * [1, 0.3] + [4, 0])


def by_complex_numbers(labels, noise):
    z = (4 + noise[:, 0] + 0.3j * noise[:, 1]) * np.exp(2j * np.pi * labels / 10)
    return np.stack([z.real, z.imag], -1)


def by_loop(labels, noise):
    found = []
    for k, (along, across) in zip(labels, noise):
        c, s = np.cos(np.pi * k / 5), np.sin(np.pi * k / 5)
        found.append([(4 + along) * c - 0.3 * across * s, (4 + along) * s + 0.3 * across * c])
    return np.array(found)


def by_ops(labels, noise):
    angle = ops.cast(labels, "float32") * (2 * np.pi / 10)
    a, b = 4 + noise[:, 0], 0.3 * noise[:, 1]
    return ops.stack([a * ops.cos(angle) - b * ops.sin(angle), a * ops.sin(angle) + b * ops.cos(angle)], axis=1)


def in_place(labels, noise):
    noise *= [1, 0.3]
    noise += [4, 0]
    return by_matrices(labels, (noise - [4, 0]) / [1, 0.3])


def only_the_first(labels, noise):
    return by_loop(np.full_like(labels, labels[0]), noise)


def no_noise(labels, noise):
    return by_loop(labels, 0 * noise)


def transposed(labels, noise):
    return by_loop(labels, noise).T


# --- the forger's loss


def by_log_sigmoid(x, encoder, discriminator):
    return -ops.mean(ops.log_sigmoid(discriminator(encoder(x))))


def by_cross_entropy(x, encoder, discriminator):
    logits = discriminator(encoder(x))
    return ops.mean(ops.binary_crossentropy(ops.ones_like(logits), logits, from_logits=True))


def by_logaddexp(x, encoder, discriminator):
    logits = discriminator(encoder(x))
    return ops.mean(ops.logaddexp(ops.zeros_like(logits), -logits))


def as_a_sum(x, encoder, discriminator):
    return ops.sum(ops.softplus(-discriminator(encoder(x)))) / x.shape[0]


def by_tensorflow(tf):
    return lambda x, e, d: tf.reduce_mean(tf.nn.softplus(-d(e(x))))


def by_jax(jnp):
    return lambda x, e, d: jnp.mean(jnp.logaddexp(0.0, -d(e(x))))


def by_torch(torch):
    return lambda x, e, d: torch.nn.functional.softplus(-d(e(x))).mean()


def cut(x, encoder, discriminator):
    return ops.mean(ops.softplus(-discriminator(ops.stop_gradient(encoder(x)))))


def both_sides(x, encoder, discriminator):
    f = discriminator(encoder(x))
    return ops.mean(ops.softplus(-f)) + ops.mean(ops.softplus(f))


def first_image(x, encoder, discriminator):
    return ops.mean(ops.softplus(-discriminator(encoder(x[:1]))))


def each_image(x, encoder, discriminator):
    return ops.softplus(-discriminator(encoder(x)))[:, 0]


# --- the loss of a few labels


def by_scipy(logits, labels):
    rows = np.flatnonzero(labels != 10)
    return -np.mean(special.log_softmax(logits[rows], axis=1)[range(len(rows)), labels[rows]])


def by_weights(logits, labels):
    known = (labels < 10).astype("float64")
    log_q = special.log_softmax(logits, axis=1)
    return -(np.eye(11)[labels][:, :10] * log_q).sum() / known.sum()


def by_keras(logits, labels):
    known = labels < 10
    return ops.mean(ops.sparse_categorical_crossentropy(labels[known], logits[known], from_logits=True))


def by_rows(logits, labels):
    nats = [special.logsumexp(row) - row[k] for row, k in zip(logits, labels) if k < 10]
    return sum(nats) / len(nats)


def overflowing(logits, labels):
    known = labels < 10
    with np.errstate(all="ignore"):
        q = np.exp(logits[known]) / np.exp(logits[known]).sum(1, keepdims=True)
        return -np.mean(np.log(q[np.arange(len(q)), labels[known]]))


def softmax_first(logits, labels):
    known = labels < 10
    q = ops.softmax(logits[known])
    return ops.mean(ops.sparse_categorical_crossentropy(labels[known], q, from_logits=True))


def four_labels(logits, labels):
    return by_rows(logits, labels) * (labels < 10).sum() / 4


def one_number_each(logits, labels):
    return np.array([special.logsumexp(row) - row[k] for row, k in zip(logits, labels) if k < 10])


def guessing(logits, labels):
    return np.log(10.0)


def most_likely(logits, labels):
    return by_rows(logits, np.where(labels < 10, logits.argmax(1), 10))


GOOD = {"MMD2": 0.004, "floor": 0.0004, "uncovered": 0.03}

RIGHT = {
    "by_chance": [(12.5, 12.3), (12, 12.6)],
    "component": [by_matrices, by_complex_numbers, by_loop, by_ops, in_place],
    "repair": [by_log_sigmoid, by_cross_entropy, by_logaddexp, as_a_sum,
               own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch)],
    "few": [by_scipy, by_weights, by_keras, by_rows],
    "own_prior": [GOOD, GOOD | {"MMD2": np.float32(-0.0001), "uncovered": 0}],
}  # fmt: skip

WRONG = {
    "by_chance": [
        ((0, 12.4), "Chance makes gaps"),
        ((33, 12.4), "1/3"),
        ((25, 12.6), "¼"),
        ((0.8, 12.5), "7 neighbours"),
        ((60, 12.5), "What did you not think of"),
    ],
    "component": [
        (only_the_first, ""),
        (no_noise, ""),
        (transposed, "shape"),
        (lambda y, e: by_loop(y, e[:, ::-1]), ""),
        (lambda y, e: by_loop(-y, e), "with the clock"),
        (lambda y, e: by_loop(y, -e), ""),
        (lambda y, e: by_loop(y, e) / 4, ""),
        (lambda y, e: by_loop(y, e)[:5], "shape"),
    ],
    "repair": [
        (cut, ""),
        (both_sides, ""),
        (first_image, ""),
        (each_image, "one number"),
        (lambda x, e, d: ops.mean(ops.softplus(d(e(x)))), "paid for being recognised"),
        (lambda x, e, d: ops.mean(ops.softplus(-ops.tanh(d(e(x))))), ""),
        (lambda x, e, d: 0.69, "expected a tensor"),
    ],
    "few": [
        (overflowing, "finite"),
        (softmax_first, "probabilities to a loss"),
        (lambda logits, labels: by_rows(special.softmax(logits, 1), labels), "probabilities to a loss"),
        (four_labels, ""),
        (one_number_each, ""),
        (guessing, ""),
        (most_likely, ""),
        (lambda logits, labels: by_rows(logits, np.minimum(labels, 9)), "nines"),
        (lambda logits, labels: by_rows(logits, labels) * np.mean(labels < 10), "divide by all images"),
    ],
    "own_prior": [
        (0.01, "dict"),
        ({"MMD2": 0.01}, "dict"),
        (GOOD | {"floor": 0}, "floor"),
        (GOOD | {"uncovered": 40}, "share"),
        (GOOD | {"MMD2": float("nan")}, "finite"),
    ],
}
