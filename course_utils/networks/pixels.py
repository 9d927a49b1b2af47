"""Networks of lecture 10: pixel models, which say how likely each pixel is after those before it; and a VQ-VAE.

A *pixel network* takes images of L levels, float32 whole numbers 0 … L − 1, and answers for each patch of p × p pixels
with the logits of all L^(p²C) patches there are. It sees the patches before that one in raster order, and no other:

    log p(x) = Σ_i log softmax(logits_i)[patch i]

so a patch is one step of the sentence, and the likelihood stays exact. With p = 1 a step is a pixel.
"""

import math

import keras
import numpy as np
from keras import layers, ops

from course_utils import checks
from course_utils.builders import builder
from course_utils.layers import (
    Codebook,
    HorizontalConv2D,
    MaskedConv2D,
    MaskedDense,
    OneHotPatches,
    PositionBias,
    VerticalConv2D,
)
from course_utils.layers.initial import conv2d, dense

MOST = 256  # values of a patch


@builder()
def pixelcnn(
    image_shape=(28, 28, 1), levels=2, width=32, blocks=4, patch=2, classes=None, first=(3, 7), growing=None
):  # fmt: skip
    """A gated PixelCNN of two stacks, which together see everything before a patch.

        vertical, rows above:      v ← v + W ∗ relu(v)                                            2 × 3
        horizontal, the own row:   (a, b) = W ∗ h + V v + U y,   h ← h + P (tanh a ⊙ σ(b))        1 × 2 and 1 × 1

    The horizontal stack reads the vertical one, never the other way round. Each place has a bias of its own, and each
    class such a map; in the blocks, U y is the same at all places.

    Args:
        image_shape: (H, W, C); H and W multiples of the patch.
        levels: L of a pixel.
        width: channels of each stack.
        blocks: how many blocks.
        patch: p.
        classes: K, or None for a network that knows no classes.
        first: (rows, columns) of patches that the first layer of the vertical stack sees, columns odd; that of the
            horizontal stack sees as many to the left as half of these columns.
        growing: in how many blocks the context grows by a row above, and by a patch to each side; in all if None. The
            kernels of the others are 1 × 1, so that networks of one depth can be compared.

    Returns:
        keras.Model: images (N, H, W, C), or [images, condition (N, K) one-hot], -> logits (N, H/p, W/p, L^(p²C)).

    Raises:
        ValueError: patches that do not divide the image, or have more than 256 values.

    Source: van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016, eqs. (2), (4) and figure 2;
    there the vertical stack is gated as well and not residual.
    """
    pixels = _pixels(image_shape, levels, patch)
    inputs = [pixels] if classes is None else [pixels, keras.Input((classes,), name="condition")]
    rows = OneHotPatches(levels, patch)(pixels)
    v = PositionBias(name="place")(VerticalConv2D(width, *first, own_row=False, name="vertical")(rows))
    if classes is not None:
        of_class = layers.Dense(math.prod(v.shape[1:]), use_bias=False, kernel_initializer="zeros", name="class")
        v = layers.Add()([v, layers.Reshape(v.shape[1:])(of_class(inputs[1]))])
    h = layers.Add()([HorizontalConv2D(width, max(1, first[1] // 2), centre=False, name="horizontal")(rows), v])
    for i in range(blocks):
        tall, wide = (2, 3) if growing is None or i < growing else (1, 1)
        v = layers.Add()([v, VerticalConv2D(width, tall, wide, name=f"vertical_{i}")(layers.ReLU()(v))])
        told = dense(2 * width, name=f"across_{i}")(v)
        if classes is not None:
            of_class = dense(2 * width, use_bias=False, name=f"class_{i}")(inputs[1])
            told = layers.Add()([told, layers.Reshape((1, 1, 2 * width))(of_class)])
        h = gated(
            h, told, HorizontalConv2D(2 * width, tall, name=f"horizontal_{i}"), dense(width, name=f"residual_{i}")
        )
    return keras.Model(inputs if classes is not None else pixels, _answered(h, width, rows.shape[-1]), name="pixelcnn")


def gated(h, told, horizontal, residual):
    """One step of the horizontal stack: h + P (tanh a ⊙ σ(b)),   (a, b) = W ∗ h + told."""
    a, b = ops.split(layers.Add()([horizontal(h), told]), 2, axis=-1)
    return layers.Add()([h, residual(ops.tanh(a) * ops.sigmoid(b))])


@builder()
def one_stack_pixelcnn(image_shape=(28, 28, 1), levels=2, width=32, blocks=4, patch=1):
    """The first PixelCNN: one stack of masked convolutions, residual, with a blind spot above on the right.

        h ← W_A ∗ x,   h ← h + P relu(W_B ∗ relu(h))

    Args:
        image_shape, levels, width, blocks, patch: as for `pixelcnn`.

    Returns:
        keras.Model: images (N, H, W, C) -> logits (N, H/p, W/p, L^(p²C)).

    Raises:
        ValueError: patches that do not divide the image, or have more than 256 values.

    Source: van den Oord et al., Pixel Recurrent Neural Networks, 2016, table 1 and figure 5.
    """
    pixels = _pixels(image_shape, levels, patch)
    rows = OneHotPatches(levels, patch)(pixels)
    h = MaskedConv2D(width, 5, centre=False)(rows)
    for _ in range(blocks):
        h = layers.Add()([h, dense(width)(MaskedConv2D(width, 3, activation="relu")(layers.ReLU()(h)))])
    return keras.Model(pixels, _answered(h, width, rows.shape[-1]), name="one_stack_pixelcnn")


@builder()
def made(image_shape=(28, 28, 1), hidden=(500,), seed=0):
    """MADE: an autoencoder whose masks cut each pixel's logit off from that pixel and from all after it.

        h₁ = relu(x (W ⊙ M) + b), …,   logit = h (V ⊙ M_strict) + x (A ⊙ M_strict) + c

    Args:
        image_shape: (H, W, 1), pixels 0 or 1.
        hidden: units of each hidden layer.
        seed: int ≥ 0; the units' degrees follow from it.

    Returns:
        keras.Model: images (N, H, W, 1) -> logits (N, H, W, 2), those of a pixel to be 0, which is 0, and to be 1.

    Source: Germain et al., MADE, 2015, eqs. (8) to (11), in the natural order.
    """
    pixels = _pixels(image_shape, 2, 1)
    size, rng = int(np.prod(image_shape)), np.random.default_rng(seed)
    order = list(range(size))
    x = layers.Reshape((size,))(pixels)
    h, degrees = x, order
    for units in hidden:
        # Shuffled, so that no unit's place says what it sees; the last pixel's degree would be of no use to any.
        after = rng.permutation(np.linspace(min(degrees), size - 1, units, endpoint=False).astype(int)).tolist()
        h, degrees = MaskedDense(degrees, after, activation="relu")(h), after
    one = layers.Add()([MaskedDense(degrees, order, strict=True)(h), MaskedDense(order, order, strict=True)(x)])
    one = layers.Reshape(image_shape)(one)
    return keras.Model(pixels, layers.Concatenate()([ops.zeros_like(one), one]), name="made")


@builder(images=(0.0, 1.0))
def vq_encoder(image_shape=(28, 28, 1), width=32, dim=8):
    """The encoder of a VQ-VAE: a quarter of the height and width, a vector at each place.

    Args:
        image_shape: (H, W, C), multiples of 4.
        width: channels.
        dim: d of a vector.

    Returns:
        keras.Model: images (N, H, W, C) in [0, 1] -> (N, H/4, W/4, d).

    Source: van den Oord et al., Neural Discrete Representation Learning, 2017, section 4.1, smaller.
    """
    images = keras.Input(tuple(image_shape), name="images")
    h = conv2d(width, 4, strides=2, padding="same", activation="relu")(images)
    h = conv2d(2 * width, 4, strides=2, padding="same", activation="relu")(h)
    return keras.Model(images, conv2d(dim, 1)(_residual(h, 2 * width)), name="encoder")


@builder()
def vq_codebook(entries=32, dim=8, grid=(7, 7)):
    """The codebook of a VQ-VAE as a network: codes in, vectors out.

    Args:
        entries: K.
        dim: d of a vector.
        grid: (h, w) of the codes.

    Returns:
        keras.Model: codes (N, h, w, 1), float32 whole numbers 0 … K − 1, -> (N, h, w, d). Its layer "codebook" holds
        `entries` (K, d), which no gradient moves.

    Source: van den Oord et al., Neural Discrete Representation Learning, 2017, section 3.1.
    """
    codes = keras.Input((*grid, 1), name="codes")
    return keras.Model(codes, Codebook(entries, dim, name="codebook")(codes), name="codebook")


@builder()
def vq_decoder(image_shape=(28, 28, 1), width=32, dim=8):
    """The decoder of a VQ-VAE: vectors in, logits of pixels out.

    Args:
        image_shape, width, dim: as for `vq_encoder`.

    Returns:
        keras.Model: (N, H/4, W/4, d) -> logits (N, H, W, C).

    Source: van den Oord et al., Neural Discrete Representation Learning, 2017, section 4.1, smaller; upsampled by
    repetition, which leaves no checkerboards.
    """
    height, wide, channels = image_shape
    vectors = keras.Input((height // 4, wide // 4, dim), name="vectors")
    h = _residual(conv2d(2 * width, 3, padding="same")(vectors), 2 * width)
    h = conv2d(width, 3, padding="same", activation="relu")(layers.UpSampling2D(2)(h))
    h = conv2d(width // 2, 3, padding="same", activation="relu")(layers.UpSampling2D(2)(h))
    return keras.Model(vectors, conv2d(channels, 3, padding="same", name="logits")(h), name="decoder")


def _residual(h, width):
    inner = conv2d(width, 3, padding="same", activation="relu")(layers.ReLU()(h))
    return layers.ReLU()(layers.Add()([h, conv2d(width, 1)(inner)]))


def _answered(h, width, values):
    """The logits of what a place knows."""
    return dense(values, name="logits")(dense(2 * width, activation="relu", name="hidden")(layers.ReLU()(h)))


def _pixels(image_shape, levels, patch):
    """The input of a pixel network, after its shape was checked."""
    height, width, channels = image_shape
    checks.count(levels, "levels", 2)
    checks.count(patch, "patch")
    if height % patch or width % patch:
        raise ValueError(
            f"Found images of {height}×{width} for patches of {patch}, expected multiples of the patch; take a patch "
            "that divides both, such as 1."
        )
    if levels ** (patch**2 * channels) > MOST:
        raise ValueError(
            f"Found patches of {patch}×{patch}×{channels} pixels with {levels} levels, that is "
            f"{levels ** (patch**2 * channels)} values, expected at most {MOST}; take a smaller patch or fewer levels."
        )
    return keras.Input(tuple(image_shape), name="pixels")
