"""Networks of lecture 14: a small U-Net for images, and a multi-layer perceptron for codes and points in the plane.

Both take [z (N, …), t (N, 1)], what has been noised and at which time, or [z, t, condition (N, K)], where a condition
is a one-hot class and a row of zeros says "no class". Both answer in the shape of z.
"""

import keras
import numpy as np
from keras import layers, ops

from course_utils import checks
from course_utils.builders import builder
from course_utils.layers import PixelNormalization, SelfAttention2D
from course_utils.layers.initial import conv2d, dense, glorot_uniform

FEATURES = 64  # numbers that tell a network the time


@builder()
def denoising_mlp(shape=(2,), width=256, blocks=3, classes=None):
    """A residual network of fully connected layers, each told the time and the class.

        h ← h + W₂ silu(FiLM(W₁ h)),   FiLM(h) = (1 + a) ⊙ h + b,   (a, b) linear in the embedding of time and class

    Args:
        shape: of one z, (d,).
        width: units of a layer.
        blocks: how many residual blocks.
        classes: K, or None for a network that knows no classes.

    Returns:
        keras.Model: [z (N, d), t (N, 1)] or [z, t, condition (N, K)] -> (N, d), 0 before it is trained.

    Source: FiLM: Perez et al., 2018, eq. (2); as a denoiser of codes: Rombach et al., 2022, in small.
    """
    inputs, embedding = _inputs(shape, width, classes)
    hidden = dense(width)(inputs[0])
    for _ in range(blocks):
        inner = _told(PixelNormalization()(dense(width)(hidden)), embedding)
        hidden = layers.Add()([hidden, dense(width)(inner)])
    outputs = layers.Dense(shape[0], kernel_initializer="zeros", name="answer")(keras.activations.silu(hidden))
    return keras.Model(inputs, outputs, name="denoiser")


@builder()
def denoising_unet(image_shape=(28, 28, 1), widths=(32, 64), blocks=1, patch=2, classes=None, attention=True):
    """A U-Net of residual blocks over patches of pixels, with attention at the coarsest grid.

    Pixels are first gathered into patches, so that no convolution runs at the full size. On the way down each grid has
    `blocks` blocks, on the way up as many, each of which also sees what its mirror image on the way down has made.

    Args:
        image_shape: (H, W, C); H and W multiples of patch · 2^(len(widths) − 1).
        widths: channels at each grid, from the finest to the coarsest.
        blocks: residual blocks a grid and direction.
        patch: edge of a patch.
        classes: K, or None for a network that knows no classes.
        attention: whether the coarsest grid has `SelfAttention2D`.

    Returns:
        keras.Model: [z (N, H, W, C), t (N, 1)] or [z, t, condition (N, K)] -> (N, H, W, C), 0 before it is trained.

    Raises:
        ValueError: the image does not divide into patches and halves.

    Source: Ronneberger et al., 2015; with time: Ho et al., 2020, appendix B; patches: Saharia et al., 2022, in spirit.
    """
    height, width, channels = image_shape
    multiple = patch * 2 ** (len(widths) - 1)
    if height % multiple or width % multiple:
        raise ValueError(
            f"Found images of {height}×{width}, expected multiples of {multiple}, which patches of {patch} and "
            f"{len(widths)} grids ask for; take fewer widths or a smaller patch."
        )
    inputs, embedding = _inputs(tuple(image_shape), 2 * widths[-1], classes)
    hidden = conv2d(widths[0], 3, padding="same")(patches(inputs[0], image_shape, patch))  # (N, H/patch, W/patch, w)
    skips = []
    for grid, channels_here in enumerate(widths):
        if grid:
            hidden = conv2d(channels_here, 3, strides=2, padding="same")(hidden)
        for _ in range(blocks):
            hidden = residual(hidden, embedding, channels_here)
            skips.append(hidden)
    if attention:
        hidden = SelfAttention2D(kernel_initializer=glorot_uniform)(hidden)
    hidden = residual(hidden, embedding, widths[-1])
    for grid, channels_here in reversed(list(enumerate(widths))):
        if grid < len(widths) - 1:  # fewer channels first, then more places: so the small grid does the work
            hidden = layers.UpSampling2D(2)(conv2d(channels_here, 1)(hidden))
        for _ in range(blocks):
            hidden = residual(layers.Concatenate()([hidden, skips.pop()]), embedding, channels_here)
    hidden = keras.activations.silu(PixelNormalization()(hidden))
    answer = layers.Conv2D(patch**2 * channels, 3, padding="same", kernel_initializer="zeros", name="answer")(hidden)
    return keras.Model(inputs, pixels(answer, image_shape, patch), name="denoiser")


def residual(x, embedding, channels):
    """A residual block: two convolutions, of which the second is told the time and the class.

    h = W₁ ∗ silu(norm(x)),   y = x + W₂ ∗ silu(FiLM(norm(h)))

    W₂ starts at zero, so that the block starts as the identity, or as a 1×1 convolution where the channels change.
    """
    hidden = conv2d(channels, 3, padding="same")(keras.activations.silu(PixelNormalization()(x)))
    hidden = _told(PixelNormalization()(hidden), embedding)
    hidden = layers.Conv2D(channels, 3, padding="same", kernel_initializer="zeros")(hidden)
    return layers.Add()([x if x.shape[-1] == channels else conv2d(channels, 1)(x), hidden])


def time_features(t, features=FEATURES):
    """Waves of the time, from one period in the whole to hundreds: what tells a network the time to any precision.

        (cos ωₖt, sin ωₖt),   ωₖ from 1 to 1,000 along a geometric row

    Args:
        t: tensor (N, 1) in [0, 1].
        features: how many numbers, even.

    Returns:
        Tensor (N, features).

    Source: Vaswani et al., 2017, section 3.5; as time: Ho et al., 2020, appendix B.
    """
    angles = t * np.geomspace(1.0, 1000.0, checks.count(features, "features", 2) // 2, dtype="float32")
    return ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)


def _inputs(shape, width, classes):
    """The network's inputs, and the embedding of time and class that its blocks are told."""
    inputs = [keras.Input(tuple(shape), name="z"), keras.Input((1,), name="t")]
    embedding = dense(width)(time_features(inputs[1]))
    if classes is not None:
        inputs.append(keras.Input((classes,), name="condition"))
        embedding = layers.Add()([embedding, dense(width, use_bias=False, name="classes")(inputs[2])])
    return inputs, keras.activations.silu(dense(width)(keras.activations.silu(embedding)))


def _told(hidden, embedding):
    """FiLM and silu: scales and shifts each channel as the embedding says."""
    channels = hidden.shape[-1]
    told = layers.Dense(2 * channels, kernel_initializer="zeros")(embedding)  # (N, 2C): nothing is said at the start
    told = layers.Reshape((1,) * (len(hidden.shape) - 2) + (2 * channels,))(told)
    scale, shift = ops.split(told, 2, axis=-1)
    return keras.activations.silu(hidden * (1.0 + scale) + shift)


def patches(images, image_shape, patch):
    """(N, H, W, C) -> (N, H/p, W/p, p²C)."""
    height, width, channels = image_shape
    split = layers.Reshape((height // patch, patch, width // patch, patch, channels))(images)
    return layers.Reshape((height // patch, width // patch, patch**2 * channels))(
        layers.Permute((1, 3, 2, 4, 5))(split)
    )


def pixels(patches, image_shape, patch):
    """The inverse of `patches`."""
    height, width, channels = image_shape
    split = layers.Reshape((height // patch, width // patch, patch, patch, channels))(patches)
    return layers.Reshape(tuple(image_shape))(layers.Permute((1, 3, 2, 4, 5))(split))
