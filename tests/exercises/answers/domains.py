"""Right and wrong answers to the exercises of lecture 12."""

import numpy as np
from keras import ops

from answers import own

# --- reversal


def by_two_terms(x, strength):
    return -strength * x + ops.stop_gradient((1 + strength) * x)


def by_a_constant(x, strength):
    held = ops.stop_gradient(x)
    return held - strength * (x - held)


def by_subtraction(x, strength):
    turned = ops.multiply(x, -strength)
    return turned + ops.stop_gradient(ops.subtract(x, turned))


def by_excess(x, strength):
    return x - (1 + strength) * (x - ops.stop_gradient(x))


def by_tensorflow(tf):
    def reversal(x, strength):
        @tf.custom_gradient
        def turned(a):
            return tf.identity(a), lambda slope: -strength * slope

        return turned(x)

    return reversal


def by_jax(jnp):
    import jax

    def reversal(x, strength):
        turned = jax.custom_vjp(lambda a: a)
        turned.defvjp(lambda a: (a, None), lambda _, slope: (-strength * slope,))
        return turned(x)

    return reversal


def by_torch(torch):
    def reversal(x, strength):
        class Turned(torch.autograd.Function):
            @staticmethod
            def forward(_, a):
                return a.view_as(a)

            @staticmethod
            def backward(_, slope):
                return -strength * slope

        return Turned.apply(x)

    return reversal


# --- coral


def covariance(x):
    centred = x - ops.mean(x, axis=0)
    return ops.matmul(ops.transpose(centred), centred) / (x.shape[0] - 1)


def by_matmul(source, target):
    return ops.sum(ops.square(covariance(source) - covariance(target))) / (4 * source.shape[1] ** 2)


def by_einsum(source, target):
    def spread(x):
        c = x - ops.mean(x, axis=0, keepdims=True)
        return ops.einsum("ni,nj->ij", c, c) / (ops.shape(x)[0] - 1)

    return ops.mean(ops.square(spread(source) - spread(target))) / 4


def by_moments(source, target):
    def spread(x):
        n, mean = x.shape[0], ops.mean(x, axis=0)
        return (ops.matmul(ops.transpose(x), x) - n * ops.outer(mean, mean)) / (n - 1)

    return ops.sum((spread(source) - spread(target)) ** 2) / (4.0 * source.shape[1] ** 2)


def coral_tensorflow(tf):
    def loss(source, target):
        def spread(x):
            c = x - tf.reduce_mean(x, 0)
            return tf.matmul(c, c, transpose_a=True) / (len(x) - 1)

        return tf.reduce_mean(tf.square(spread(source) - spread(target))) / 4

    return loss


def coral_jax(jnp):
    return lambda source, target: jnp.mean((jnp.cov(source.T) - jnp.cov(target.T)) ** 2) / 4


def coral_torch(torch):
    return lambda source, target: torch.mean((torch.cov(source.T) - torch.cov(target.T)) ** 2) / 4


def numpy_covariance(x):
    centred = np.asarray(x) - np.asarray(x).mean(0)
    return centred.T @ centred / (len(x) - 1)


def cut(source, target):
    """The right value through NumPy, where no gradient comes through."""
    wide = 4 * source.shape[1] ** 2
    source, target = (ops.convert_to_numpy(ops.stop_gradient(x)) for x in (source, target))
    return ops.convert_to_tensor(np.sum((numpy_covariance(source) - numpy_covariance(target)) ** 2) / wide)


def second_moments(x):
    return ops.matmul(ops.transpose(x), x) / x.shape[0]


# --- fooled


def by_softplus(logits):
    return ops.mean(ops.softplus(-logits))


def by_entropy(logits):
    return ops.mean(ops.binary_crossentropy(ops.ones_like(logits), logits, from_logits=True))


def by_largest(logits):
    return ops.mean(ops.maximum(-logits, 0.0) + ops.log1p(ops.exp(-ops.abs(logits))))


def by_difference(logits):
    return ops.mean(ops.softplus(logits) - logits)


def broken(logits):
    return ops.mean(ops.softplus(logits))


RIGHT = {
    "moved": [(0.7, 0.72), (0.75, 0.72), (0.68, 0.72)],
    "reversal": [
        by_two_terms, by_a_constant, by_subtraction, by_excess,
        own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch),
    ],
    "coral": [
        by_matmul, by_einsum, by_moments, own(tensorflow=coral_tensorflow, jax=coral_jax, torch=coral_torch),
    ],
    "fooled": [by_softplus, by_entropy, by_largest, by_difference],
    "shift": [
        {10: (0.75, 0.85), 7: (0.76, 0.7), 3: (0.8, 0.5)},
        {10: ([0.75, 0.74], [0.85, 0.83]), 5: ([0.8, 0.7], [0.6, 0.7]), 2: ([0.9, 0.8], [0.5, 0.4])},
    ],
}  # fmt: skip

WRONG = {
    "moved": [((0.1, 0.72), "blind guess"), ((0.97, 0.72), "at home"), ((0.4, 0.72), "What did you not think of")],
    "reversal": [
        (lambda x, strength: -strength * x, "not x any more"),
        (lambda x, strength: x * 1.0, "comes through as it"),
        (lambda x, strength: ops.stop_gradient(x) + 0 * x, "nothing comes through"),
        (lambda x, strength: ops.stop_gradient(2 * x) - x, "always with λ = 1"),
        (lambda x, strength: strength * x + ops.stop_gradient((1 - strength) * x), "its sign is not"),
        (lambda x, strength: -strength * x + ops.stop_gradient((1 - strength) * x), "do not add up"),
        (lambda x, strength: ops.stop_gradient(x) - strength * x, "(1 − λ)x"),
        (lambda x, strength: np.ones(x.shape), "expected a tensor"),
        (lambda x, strength: ops.sum(by_two_terms(x, strength)), "the shape of x"),
    ],
    "coral": [
        (lambda s, t: ops.mean(ops.square(second_moments(s) - second_moments(t))) / 4, "about 0"),
        (
            lambda s, t: ops.mean(
                ops.square(covariance(s) * (1 - 1 / s.shape[0]) - covariance(t) * (1 - 1 / t.shape[0]))
            )
            / 4,
            "one less",
        ),
        (
            lambda s, t: ops.sum(ops.square(ops.var(s, axis=0) * s.shape[0] / (s.shape[0] - 1)
                                            - ops.var(t, axis=0) * t.shape[0] / (t.shape[0] - 1)))
            / (4 * s.shape[1] ** 2),
            "variances",
        ),
        (lambda s, t: ops.sum(ops.square(covariance(s) - covariance(t))), "factor in front"),
        (
            lambda s, t: ops.sqrt(ops.sum(ops.square(covariance(s) - covariance(t)))) / (4 * s.shape[1] ** 2),
            "no root",
        ),
        (
            lambda s, t: ops.sum(ops.square(ops.mean(s, axis=0) - ops.mean(t, axis=0))) / (4 * s.shape[1] ** 2),
            "the means",
        ),
        (cut, "gradient"),
        (lambda s, t: ops.square(covariance(s) - covariance(t)), "one number"),
    ],
    "fooled": [
        (lambda logits: -ops.mean(ops.softplus(logits)), "gradient reversal"),
        (lambda logits: ops.mean(ops.softplus(logits) + ops.softplus(-logits)) / 2, "confusion"),
        (lambda logits: -ops.mean(logits), "critic"),
        (lambda logits: ops.sum(ops.softplus(-logits)), "a sum"),
        (lambda logits: -ops.mean(ops.softplus(-logits)), "the sign is not"),
        (lambda logits: ops.softplus(-logits), "one number"),
        (lambda logits: -ops.mean(ops.log(ops.sigmoid(logits) * 1.0)), "finite"),
    ],
    "shift": [
        ({10: (0.75, 0.85), 3: (0.8, 0.5)}, "at least three"),
        ([0.75, 0.85, 0.6], "dict"),
        ({9: (0.75, 0.85), 7: (0.76, 0.7), 3: (0.8, 0.5)}, "as the control"),
        ({10: (75, 85), 7: (76, 70), 3: (80, 50)}, "between 0 and 1"),
        ({10: 0.75, 7: 0.7, 3: 0.5}, "cannot be read"),
    ],
}
