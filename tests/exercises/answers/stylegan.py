"""Right and wrong answers to the exercises of lecture 09."""

import numpy as np
from keras import ops

from answers import own

# --- adain


def by_ops(x, scale, bias):
    mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
    return scale[:, None, None] * (x - mean) / ops.sqrt(variance + 1e-8) + bias[:, None, None]


def by_reshape(x, scale, bias):
    n, h, w, c = x.shape
    flat = x.reshape(n, h * w, c)
    flat = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + 1e-8)
    return (flat * scale[:, None] + bias[:, None]).reshape(x.shape)


def by_loops(x, scale, bias):
    out = np.zeros_like(x)
    for n in range(x.shape[0]):
        for c in range(x.shape[3]):
            one = x[n, :, :, c]
            out[n, :, :, c] = scale[n, c] * (one - one.mean()) / (one.var() + 1e-8) ** 0.5 + bias[n, c]
    return out


def by_einsum(x, scale, bias):
    centred = x - np.einsum("nhwc->nc", x)[:, None, None] / (x.shape[1] * x.shape[2])
    deviation = np.sqrt(np.mean(centred**2, axis=(1, 2)) + 1e-8)
    return np.einsum("nhwc,nc->nhwc", centred, scale / deviation) + bias[:, None, None]


def in_place(x, scale, bias):
    x -= x.mean(axis=(1, 2), keepdims=True)
    x /= np.sqrt(np.mean(x * x, axis=(1, 2), keepdims=True) + 1e-8)
    return x * scale[:, None, None] + bias[:, None, None]


def by_tensorflow(tf):
    def answer(x, scale, bias):
        mean, variance = tf.nn.moments(tf.convert_to_tensor(x), axes=[1, 2], keepdims=True)
        return scale[:, None, None] * (x - mean) / tf.sqrt(variance + 1e-8) + bias[:, None, None]

    return answer


def by_jax(jnp):
    def answer(x, scale, bias):
        x = (x - jnp.mean(x, (1, 2), keepdims=True)) / jnp.sqrt(jnp.var(x, (1, 2), keepdims=True) + 1e-8)
        return scale[:, None, None] * x + bias[:, None, None]

    return answer


def by_torch(torch):
    def answer(x, scale, bias):
        x, scale, bias = (torch.as_tensor(np.asarray(part)) for part in (x, scale, bias))
        x = (x - x.mean((1, 2), keepdim=True)) / torch.sqrt(x.var((1, 2), unbiased=False, keepdim=True) + 1e-8)
        return scale[:, None, None] * x + bias[:, None, None]

    return answer


def over(axes):
    def answer(x, scale, bias):
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        return scale[:, None, None] * (x - mean) / np.sqrt(variance + 1e-8) + bias[:, None, None]

    return answer


def no_epsilon(x, scale, bias):
    normalised = (x - x.mean((1, 2), keepdims=True)) / x.std((1, 2), keepdims=True)
    return scale[:, None, None] * normalised + bias[:, None, None]


def by_variance(x, scale, bias):
    centred = x - x.mean((1, 2), keepdims=True)
    return scale[:, None, None] * centred / (x.var((1, 2), keepdims=True) + 1e-8) + bias[:, None, None]


def not_centred(x, scale, bias):
    return scale[:, None, None] * x / np.sqrt(x.var((1, 2), keepdims=True) + 1e-8) + bias[:, None, None]


# --- demodulation


def by_axes(kernel, scale):
    styled = kernel * scale[None, None, :, None]
    return styled / np.sqrt((styled**2).sum((0, 1, 2), keepdims=True) + 1e-8)


def by_outputs(kernel, scale):
    styled = np.einsum("abio,i->abio", kernel, scale)
    for j in range(kernel.shape[3]):
        styled[..., j] /= np.sqrt(np.sum(styled[..., j] ** 2) + 1e-8)
    return styled


def by_matrix(kernel, scale):
    styled = (kernel * scale[:, None]).reshape(-1, kernel.shape[-1])
    return (styled / np.sqrt(np.diag(styled.T @ styled) + 1e-8)).reshape(kernel.shape)


def by_keras(kernel, scale):
    styled = ops.multiply(kernel, ops.reshape(scale, (1, 1, -1, 1)))
    return styled * ops.rsqrt(ops.sum(ops.square(styled), axis=(0, 1, 2), keepdims=True) + 1e-8)


def kernel_over(*axes):
    def answer(kernel, scale):
        styled = kernel * scale[:, None]
        return styled / np.sqrt(np.square(styled).sum(axis=axes, keepdims=True) + 1e-8)

    return answer


def without_style(kernel, scale):
    return by_axes(kernel, np.ones_like(scale))


def style_after(kernel, scale):
    return without_style(kernel, scale) * scale[:, None]


def squared_length(kernel, scale):
    styled = kernel * scale[:, None]
    return styled / (np.square(styled).sum((0, 1, 2)) + 1e-8)


RIGHT = {
    "adain": [
        by_ops, by_reshape, by_loops, by_einsum, in_place, own(tensorflow=by_tensorflow, jax=by_jax, torch=by_torch),
    ],
    "shrunk": [(0.49, 0.49), (0.5, 0.488)],
    "demodulation": [by_axes, by_outputs, by_matrix, by_keras],
    "cuts": [
        {0: (1.0, 0.75), 4: (2.8, 0.77), 8: (2.8, 0.64)},
        {1: (1.4, 0.75), 2: (1.9, 0.76), 5: (2.7, 0.7), 8: (2.8, 0.6)},
    ],
}  # fmt: skip

WRONG = {
    "adain": [
        (over((0, 1, 2)), "batch norm"),
        (over((1, 2, 3)), "layer norm"),
        (lambda x, s, b: by_reshape(x, 1 + s, b), "y_s itself"),
        (lambda x, s, b: by_reshape(x, b, s), "exchanged"),
        (lambda x, s, b: by_reshape(x, s, -b), "not subtracted"),
        (lambda x, s, b: by_reshape(x, s, 0 * b), "bias is missing"),
        (by_variance, "divided by the variance"),
        (not_centred, "mean of the map"),
        (no_epsilon, "not finite"),
        (lambda x, s, b: s, "shape"),
    ],
    "shrunk": [
        ((0.7, 0.49), "squared lengths"),
        ((0.51, 0.49), "part that goes"),
        ((0.3, 0.49), "how far a style moves"),
        ((1, 0.49), "nothing would change"),
        ((0.1, 0.49), "What did you not think of"),
    ],
    "demodulation": [
        (kernel_over(0, 1), "places alone"),
        (kernel_over(2), "inputs alone"),
        (kernel_over(0, 1, 2, 3), "whole kernel"),
        (without_style, "style is gone"),
        (style_after, "before the style"),
        (squared_length, "squared length"),
        (lambda kernel, scale: kernel * scale[:, None], "got"),
        (lambda kernel, scale: by_axes(kernel, scale)[0], "shape"),
    ],
    "cuts": [
        ({0: (1.0, 0.7), 8: (2.8, 0.6)}, "at least three"),
        ([1, 2, 3], "dict"),
        ({3: (1.0, 0.7), 5: (2.0, 0.7), 8: (2.8, 0.6)}, "two layers or fewer"),
        ({0: (1.0, 0.7), 2: (2.0, 0.7), 4: (2.8, 0.6)}, "all eight"),
        ({0: (1.0, 0.7), 4: (-2.0, 0.7), 8: (2.8, 0.6)}, "finite number"),
        ({0: (1.0, 0.7), 4: (2.0, 7.0), 8: (2.8, 0.6)}, "saturation"),
        ({0: 1.0, 4: 2.0, 8: 2.8}, "cannot be read"),
    ],
}
