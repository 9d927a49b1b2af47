"""Right and wrong answers to the exercises of lecture 07."""

from keras import ops

from answers import own

# --- mixtures


def by_axes(real, fake, epsilon):
    epsilon = epsilon[:, None, None, None]
    return fake + epsilon * (real - fake)


def by_expansion(real, fake, epsilon):
    for _ in range(3):
        epsilon = ops.expand_dims(epsilon, -1)
    return epsilon * real + (1 - epsilon) * fake


def by_einsum(real, fake, epsilon):
    return ops.einsum("n,nhwc->nhwc", epsilon, real) + ops.einsum("n,nhwc->nhwc", 1 - epsilon, fake)


def by_jax(jnp):
    return lambda r, f, e: f + e.reshape(-1, 1, 1, 1) * (r - f)


def by_tensorflow(tf):
    return lambda r, f, e: f + tf.reshape(e, (-1, 1, 1, 1)) * (r - f)


def by_torch(torch):
    return lambda r, f, e: torch.lerp(f, r, e.view(-1, 1, 1, 1))


# --- repair


def slopes(gradient, axis=(1, 2, 3)):
    return ops.sqrt(ops.sum(ops.square(gradient), axis=axis) + 1e-12)


def right(gradient):
    return ops.mean((slopes(gradient) - 1) ** 2)


def flattened(gradient):
    flat = ops.reshape(gradient, (gradient.shape[0], -1))
    return ops.mean(ops.square(ops.sqrt(ops.sum(flat * flat, axis=1) + 1e-12) - 1))


def expanded(gradient):
    squares = ops.sum(gradient**2, axis=(1, 2, 3))
    return ops.mean(squares - 2 * ops.sqrt(squares + 1e-12) + 1)


def by_sum(gradient):
    return ops.sum(ops.square(slopes(gradient) - 1)) / gradient.shape[0]


# --- weights


def at(*found, gap=0.35):
    return {weight: (gap, slope) for weight, slope in found}


RIGHT = {
    "spring": [(1.26, 1.29), (1.2, 1.29)],
    "mixtures": [by_axes, by_expansion, by_einsum, own(jax=by_jax, tensorflow=by_tensorflow, torch=by_torch)],
    "repair": [right, flattened, expanded, by_sum],
    "weights": [at((0.1, 2.7), (1, 1.2), (10, 1.0), (1000, 0.95)), at((0.01, 9), (0.1, 3), (10, 1), (100, 1))],
}

WRONG = {
    "spring": [
        ((1.0, 1.29), "gives way a little"),
        ((0.36, 1.29), "not divided by ten"),
        ((3.6, 1.29), "gives way less"),
        ((27, 1.29), "gives way less"),
        ((7.0, 1.29), "What did you not think of"),
    ],
    "mixtures": [
        (lambda r, f, e: by_axes(f, r, e), "changed places"),
        (lambda r, f, e: e[:, None, None, None] * r + f, "full weight"),
        (lambda r, f, e: 0.5 * (r + f), "was not used"),
        (lambda r, f, e: e[0] * r + (1 - e[0]) * f, "first ε"),
        (lambda r, f, e: r - by_axes(r, f, e), "got"),
        (lambda r, f, e: ops.mean(by_axes(r, f, e), axis=0), "shape"),
        (lambda r, f, e: by_axes(r, f, ops.mean(e) + 0 * e), "got"),
    ],
    "repair": [
        (lambda g: ops.square(ops.mean(slopes(g)) - 1), "mean slope"),
        (lambda g: ops.mean(ops.square(slopes(g) ** 2 - 1)), "root is missing"),
        (lambda g: ops.mean(ops.square(ops.relu(slopes(g) - 1))), "one-sided"),
        (lambda g: ops.sum(ops.square(slopes(g) - 1)), "sum over the batch"),
        (lambda g: ops.mean(ops.square(slopes(g, None) - 1)), "whole batch"),
        (lambda g: ops.mean(ops.abs(slopes(g) - 1)), "squared"),
        (lambda g: ops.square(slopes(g) - 1), "expected one number"),
        (lambda g: ops.stop_gradient(right(g)), ""),
        (lambda g: 10 * right(g), "got"),
    ],
    "weights": [
        ({0.1: (0.3, 2.7)}, "at least four"),
        ([1, 2], "dict"),
        (at((1, 2), (10, 1), (100, 1), (1000, 1)), "both sides"),
        (at((0.1, 0.9), (1, 1.0), (10, 1.1), (1000, 1.2)), "right way round"),
        (at((0.1, -1), (1, 1.0), (10, 1.1), (1000, 1.2)), "positive number"),
        ({0.1: 1, 1: 2, 10: 3, 100: 4}, "cannot be read"),
    ],
}
