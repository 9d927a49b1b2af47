"""Exercises of lecture 09, StyleGAN."""

import numpy as np

from .judged import Exercise, close, draws, judged, tensors


def _normalised(x, axes, power=0.5):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / variance**power


def _judge_adain(adain):
    # As many images as columns, so that a style that was not reshaped broadcasts.
    x, scale, bias = 2 * draws(1, 3, 5, 3, 4) + 1, draws(2, 3, 4), draws(3, 3, 4)
    wide, s, b = x.astype("float64"), scale[:, None, None], bias[:, None, None]
    found = judged(adain, *tensors(x, scale, bias))
    if close(found, s * _normalised(wide, (1, 2)) + b):
        return _constant_channel(adain)
    if found.shape != x.shape:
        return f"the shape is {found.shape}, expected that of x, {x.shape}; keepdims=True keeps the axes of a mean."
    if close(found, s * _normalised(wide, (0, 1, 2)) + b):
        return "the statistics run over the batch too, as in batch norm. Each image has its own: axes 1 and 2."
    if close(found, s * _normalised(wide, (1, 2, 3)) + b):
        return "the statistics run over the channels too, as in layer norm. Each channel has its own: axes 1 and 2."
    if close(found, s * _normalised(wide, (1, 2), power=1) + b):
        return "you divided by the variance. σ is its root."
    if close(found, s * wide + b):
        return "x was not normalised: take its mean off and divide by σ first."
    if close(found, s * _normalised(wide, (1, 2))):
        return "the bias is missing: the style also sets each channel's mean."
    if close(found, s * (_normalised(wide, (1, 2)) + b)):
        return "the scale multiplies the bias as well; add the bias last."
    if close(found, scale * _normalised(wide, (1, 2)) + bias):
        return "scale of shape (N, C) was laid along columns and channels. Reshape it to (N, 1, 1, C), and bias too."
    return "the values differ: for each image and channel, scale · (x − mean) / σ + bias."


def _constant_channel(adain):
    """Asks for a channel that is the same everywhere, where σ is 0."""
    found = judged(adain, *tensors(np.ones((2, 3, 3, 4), "float32"), draws(4, 2, 4), draws(5, 2, 4)))
    if np.isfinite(found).all():
        return None
    return "right, but a channel that is the same everywhere gives NaN: add a small number under the root, like 1e-8."


def _judge_mixing(mix):
    coarse, fine = draws(6, 5, 5), draws(7, 5, 5)  # as many images as axes: a wrong broadcast goes through
    found = [judged(mix, coarse, fine, layer, 8) for layer in (3, 0, 8)]
    if found[0].shape != (5, 8, 5):
        return f"the shape is {found[0].shape}, expected (N, layers, d): one style for each image and layer."

    def right(first, second, layer):
        return np.stack([first if number < layer else second for number in range(8)], axis=1)

    if all(close(f, right(coarse, fine, layer)) for f, layer in zip(found, (3, 0, 8))):
        return None
    if close(found[0], right(fine, coarse, 3)):
        return "the sources have changed places: the first layers, those of the small grids, take `coarse`."
    if close(found[0], right(coarse, fine, 4)):
        return "one layer too many takes `coarse`: number `layer` itself is the first that takes `fine`."
    if close(found[0], right(coarse, fine, 2)):
        return "one layer too few takes `coarse`: `layer` of them do, the numbers 0 to layer − 1."
    if close(found[0], np.repeat(((3 * coarse + 5 * fine) / 8)[:, None], 8, axis=1)):
        return "this blends the two styles. Mixing blends nothing: each layer takes one of them as it is."
    return "the values differ: styles[i, k] is coarse[i] for k < layer, and fine[i] from there on."


def _judge_truncation(truncate):
    w, mean, psi = draws(8, 6, 4) + 2, draws(9, 4) + 2, np.float32(0.25)
    found = judged(lambda w, m: truncate(w, m, float(psi)), w, mean)
    if close(found, mean + psi * (w - mean)):
        return None
    if found.shape != w.shape:
        return f"the shape is {found.shape}, expected that of w, {w.shape}."
    if close(found, psi * w):
        return "this draws w towards 0, where no style need lie. The middle of W is `mean`."
    if close(found, w + psi * (mean - w)):
        return "ψ works the wrong way round: ψ = 1 is to change nothing, ψ = 0 to leave the mean."
    if close(found, mean + (w - mean) / psi):
        return "this pushes the styles apart: multiply the distance from the mean by ψ."
    if close(found, psi * (w - mean)):
        return "the mean is missing: ψ shortens the way from the mean, so start there."
    if close(found, np.clip(w, mean - psi, mean + psi)):
        return "this cuts. Truncation in W shortens every distance by the same factor."
    return "the values differ: with ψ = 0.5 you should get the middle between w and the mean."


def _judge_demodulation(demodulate):
    kernel, scale = draws(10, 3, 3, 4, 4), draws(11, 4) + 2  # as many outputs as inputs
    wide = kernel.astype("float64")
    styled = wide * scale[:, None]
    found = judged(demodulate, kernel, scale)
    if close(found, styled / np.sqrt(np.square(styled).sum((0, 1, 2)))):
        return None
    if found.shape != kernel.shape:
        return f"the shape is {found.shape}, expected that of the kernel, {kernel.shape}."
    if close(found, styled):
        return "this is the modulated kernel. Now divide it by its length, one for each output channel."
    if close(np.abs(found), np.abs(wide) / np.sqrt(np.square(wide).sum((0, 1, 2)))):
        return (
            "the style has no effect. Either it is missing, or it was laid along the outputs, where the division takes "
            "it out again. Inputs are axis 2."
        )
    if close(found, styled / np.square(styled).sum((0, 1, 2))):
        return "the root is missing: the length is the root of the sum of squares."
    if close(found, styled / np.sqrt(np.square(styled).sum())):
        return "one length was taken for the whole kernel. Each output channel has its own: sum over axes 0, 1 and 2."
    if close(found, styled / np.sqrt(np.square(styled).sum((0, 1)))):
        return "the sum leaves out the input channels: it runs over axes 0, 1 and 2."
    if close(found, styled / np.sqrt(np.square(wide).sum((0, 1, 2)))):
        return "this is the length of the kernel before the style. Take that of the modulated one."
    return "the values differ: scale the input channels, then divide by √ of the sum of squares over axes 0, 1, 2."


adain = Exercise(
    title="Exercise 1, adaptive instance normalisation",
    judge=_judge_adain,
    nudge="ops.mean and ops.var over axes 1 and 2 with keepdims=True; a style of (N, C) becomes (N, 1, 1, C).",
    answer='''\
def adain(x, scale, bias):
    mean = ops.mean(x, axis=(1, 2), keepdims=True)
    variance = ops.var(x, axis=(1, 2), keepdims=True)
    normalised = (x - mean) / ops.sqrt(variance + 1e-8)
    return scale[:, None, None] * normalised + bias[:, None, None]
''',
)

mixing = Exercise(
    title="Exercise 2, style mixing",
    judge=_judge_mixing,
    nudge="Number the layers as (1, layers, 1), compare with `layer`, and let np.where choose.",
    answer='''\
def mix(coarse, fine, layer, layers):
    first = np.arange(layers)[None, :, None] < layer
    return np.where(first, coarse[:, None], fine[:, None])
''',
)

truncation = Exercise(
    title="Exercise 3, truncation in W",
    judge=_judge_truncation,
    nudge="Start at the mean, and go a part ψ of the way to w.",
    answer='''\
def truncate(w, mean, psi):
    return mean + psi * (w - mean)
''',
)

demodulation = Exercise(
    title="Exercise 4, demodulation",
    judge=_judge_demodulation,
    nudge="scale has one number an input channel, axis 2 of the kernel. The length has one an output channel, axis 3.",
    answer='''\
def demodulate(kernel, scale):
    styled = kernel * scale[:, None]
    return styled / np.sqrt(np.square(styled).sum(axis=(0, 1, 2)))
''',
)
