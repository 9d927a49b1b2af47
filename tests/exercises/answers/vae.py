"""Right and wrong answers to the exercises of lecture 01."""

import numpy as np
from keras import ops

from answers import own

HALF_LOG_2PI = float(0.5 * np.log(2 * np.pi))


def per_axis(m, v):
    return 0.5 * (ops.exp(v) + ops.square(m) - 1 - v)


# --- free_bits


def by_relu(m, v, free):
    return ops.sum(ops.relu(ops.mean(per_axis(m, v), axis=0) - free) + free)


def by_where(m, v, free):
    cost = ops.mean(per_axis(m, v), axis=0)
    return ops.sum(ops.where(cost > free, cost, free * ops.ones_like(cost)))


def by_matrix(m, v, free):
    weights = ops.ones((1, m.shape[0])) / m.shape[0]
    return ops.sum(ops.maximum(weights @ per_axis(m, v), free))


def own_free_bits():
    def with_torch(torch):
        return lambda m, v, free: torch.clamp((0.5 * (v.exp() + m**2 - 1 - v)).mean(0), min=free).sum()

    def with_tensorflow(tf):
        return lambda m, v, free: tf.reduce_sum(
            tf.maximum(tf.reduce_mean(0.5 * (tf.exp(v) + m**2 - 1 - v), axis=0), free)
        )

    def with_jax(jnp):
        return lambda m, v, free: jnp.maximum((0.5 * (jnp.exp(v) + m**2 - 1 - v)).mean(0), free).sum()

    return own(tensorflow=with_tensorflow, jax=with_jax, torch=with_torch)


def cut_free_bits(m, v, free):
    return ops.sum(ops.maximum(ops.mean(per_axis(ops.stop_gradient(m), v), axis=0), free))


# --- gaussian


def nll(x, mean, s, half=0.5, logs=1.0, constant=HALF_LOG_2PI):
    return ops.sum(half * ops.square((x - mean) * ops.exp(-s)) + logs * s + constant, axis=(1, 2, 3))


def by_variance(x, mean, s):
    variance = ops.exp(2 * s)
    return ops.sum(0.5 * (ops.square(x - mean) / variance + ops.log(2 * np.pi * variance)), axis=(1, 2, 3))


def by_count(x, mean, s):
    pixels = x.shape[1] * x.shape[2] * x.shape[3]
    squares = ops.sum(ops.square(x - mean), axis=(1, 2, 3))
    return 0.5 * squares / ops.exp(s) ** 2 + pixels * (s + 0.5 * np.log(2 * np.pi))


def by_flat_rows(x, mean, s):
    error = ops.reshape(x - mean, (x.shape[0], -1)) / ops.exp(s)
    return ops.sum(0.5 * error * error + s, axis=1) + error.shape[1] * 0.9189385


def own_nll():
    def like(exp, total):
        return lambda x, m, s: total(0.5 * ((x - m) / exp(s)) ** 2 + s + 0.5 * np.log(2 * np.pi), (1, 2, 3))

    return own(
        tensorflow=lambda tf: like(tf.exp, tf.reduce_sum),
        jax=lambda jnp: like(jnp.exp, jnp.sum),
        torch=lambda torch: like(torch.exp, torch.sum),
    )


def cut_nll(x, mean, s):
    return nll(x, mean, ops.stop_gradient(s))


# --- repair


def loss(
    x,
    epsilon,
    encoder,
    decoder,
    spread=lambda v: ops.exp(0.5 * v),
    pixels=ops.sum,
    axes=ops.sum,
    beta=1.0,
    batch=ops.mean,
):
    m, v = ops.split(encoder(x), 2, axis=-1)
    logits = decoder(m + spread(v) * epsilon)
    reconstruction = pixels(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
    return batch(reconstruction + beta * axes(per_axis(m, v), axis=-1))


def variant(**changes):
    return lambda x, epsilon, encoder, decoder: loss(x, epsilon, encoder, decoder, **changes)


def by_halves(x, epsilon, encoder, decoder):
    both = encoder(x)
    d = both.shape[-1] // 2
    m, v = both[:, :d], both[:, d:]
    logits = decoder(m + ops.sqrt(ops.exp(v)) * epsilon)
    nats = ops.sum(ops.log(1 + ops.exp(logits)) - x * logits) + ops.sum(per_axis(m, v))
    return nats / x.shape[0]


def in_two_means(x, epsilon, encoder, decoder):
    m, v = ops.split(encoder(x), 2, axis=-1)
    logits = decoder(m + ops.exp(v / 2) * epsilon)
    signs = -ops.log(ops.sigmoid(logits)) * x - ops.log(ops.sigmoid(-logits)) * (1 - x)
    return ops.mean(ops.sum(signs, axis=(1, 2, 3))) + ops.mean(ops.sum(per_axis(m, v), axis=1))


def cut_repair(x, epsilon, encoder, decoder):
    m, v = ops.split(encoder(x), 2, axis=-1)
    logits = decoder(ops.stop_gradient(m + ops.exp(0.5 * v) * epsilon))
    nats = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
    return ops.mean(nats + ops.sum(per_axis(m, v), axis=1))


def scored(*temperatures, inception=7.0, distance=8.0):
    return dict.fromkeys(temperatures, (inception, distance))


RIGHT = {
    "wider": [(9, 9.1), (9.5, 9.1)],
    "free_bits": [by_relu, by_where, by_matrix, own_free_bits()],
    "gaussian": [nll, by_variance, by_count, by_flat_rows, own_nll()],
    "repair": [loss, by_halves, in_two_means, variant(spread=lambda v: ops.sqrt(ops.exp(v)))],
    "temperature": [scored(0.4, 0.7, 1.0, 1.3), scored(0.5, 0.8, 1.0, 1.2, 1.5, inception=1.0)],
}

WRONG = {
    "wider": [
        ((10.5, 9.1), "save less"),
        ((5, 9.1), "falls by more"),
        ((2.5, 9.1), "not a mean"),
        ((100, 9.1), "What did you not think of"),
    ],
    "free_bits": [
        (lambda m, v, free: ops.mean(ops.sum(ops.maximum(per_axis(m, v), free), axis=1)), "mean over the images first"),
        (lambda m, v, free: ops.maximum(ops.mean(ops.sum(per_axis(m, v), axis=1)), free), "own allowance"),
        (lambda m, v, free: ops.sum(ops.minimum(ops.mean(per_axis(m, v), axis=0), free)), "smaller of the two"),
        (lambda m, v, free: ops.sum(ops.relu(ops.mean(per_axis(m, v), axis=0) - free)), "subtract the allowance"),
        (lambda m, v, free: ops.sum(ops.mean(per_axis(m, v), axis=0)), "does not enter"),
        (lambda m, v, free: ops.mean(ops.maximum(ops.mean(per_axis(m, v), axis=0), free)), "mean over the axes"),
        (lambda m, v, free: ops.sum(ops.maximum(ops.mean(2 * per_axis(m, v), axis=0), free)), "½"),
        (lambda m, v, free: ops.maximum(ops.mean(per_axis(m, v), axis=0), free), "expected one number"),
        (lambda m, v, free: by_relu(m, v, 0.5), "right for"),
        (lambda m, v, free: by_relu(m, 0 * v, free), "expected"),
        (cut_free_bits, "gradient"),
    ],
    "gaussian": [
        (lambda x, m, s: nll(x, m, s, logs=0.0), "normaliser"),
        (lambda x, m, s: nll(x, m, s, constant=0.0), "log 2π"),
        (lambda x, m, s: nll(x, m, s, half=1.0), "½ of the squares"),
        (lambda x, m, s: nll(x, m, s, logs=0.5), "log *variance*"),
        (lambda x, m, s: nll(x, m, s / 2, logs=2.0), "log variance"),
        (lambda x, m, s: nll(x, m, 0 * s) + 0 * s, "got"),
        (lambda x, m, s: -nll(x, m, s), "sign"),
        (lambda x, m, s: ops.mean(nll(x, m, s)), "one number for the whole batch"),
        (lambda x, m, s: nll(x, m, s) / (x.shape[1] * x.shape[2] * x.shape[3]), "mean over the pixels"),
        (lambda x, m, s: 0.5 * ops.square((x - m) / ops.exp(s)) + s + 0.9189385, "expected the shape"),
        (cut_nll, "gradient"),
    ],
    "repair": [
        (variant(spread=ops.exp), "which deviation"),
        (variant(pixels=ops.mean), "*one* pixel"),
        (variant(axes=ops.mean), "mean over the axes"),
        (variant(pixels=ops.mean, axes=ops.mean), "hidden β"),
        (variant(spread=lambda v: 0.5 * ops.exp(v)), "into the exponential"),
        (variant(batch=ops.sum), "got"),
        (variant(batch=lambda nats: nats), "expected one number"),
        (variant(beta=-1.0), "got"),
        (variant(spread=lambda v: v), "got"),
        (cut_repair, "got"),
    ],
    "temperature": [
        ({0.5: (7, 8)}, "at least four"),
        ([1, 2, 3, 4], "dict"),
        (scored(0.6, 0.8, 1.0, 1.3), "both sides"),
        (scored(0.4, 0.8, 1.0, 1.3, inception=70.0), "between 1 and 10"),
        (scored(0.4, 0.8, 1.0, 1.3, distance=-3.0), "≥ 0"),
        ({0.4: 7, 0.8: 8, 1.0: 9, 1.3: 1}, "cannot be read"),
    ],
}
