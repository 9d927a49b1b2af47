"""Networks of the adversarial latent autoencoder: functions that return plain Keras models.

Four networks make a round trip. F maps a draw z of the prior to a code w, G maps the code to an image,
E maps an image back to a code, and D judges codes.

    z ──F──▶ w ──G──▶ image ──E──▶ w ──D──▶ logit

Every layer has an equalised learning rate: at run time its weights are scaled to keep the size of what
passes through, so that one step of Adam means the same in a layer of 50 inputs and in one of 784.
"""

import math

import keras
from keras import layers

from course_utils.builders import builder
from course_utils.layers import EqualizedConv2D, EqualizedDense, PixelNormalization
from course_utils.layers.initial import Normal
from course_utils.networks.gan import batch_norm

IMAGE_SHAPE = (28, 28, 1)
SLOW = 0.1  # learning-rate multiplier of the networks that see codes only


@builder()
def latent_mapping(latent_dim=50, depth=6):
    """F: a draw of the prior, brought to length √d, through leaky layers to a code of the same length.

    Args:
        latent_dim: d, number of axes of z and of w.
        depth: number of layers.

    Returns:
        keras.Model: z (N, latent_dim) -> w (N, latent_dim), any range.

    Source: Pidhorskyi et al., 2020, section 5.1, and the authors' settings for MNIST; the mapping network
    is that of Karras et al., 2019, section 2.
    """
    z = keras.Input((latent_dim,), name="z")
    w = PixelNormalization()(z)
    for _ in range(depth):
        w = _leaky(w, latent_dim, SLOW)
    return keras.Model(z, w, name="F")


@builder()
def latent_generator(latent_dim=50, widths=(1024, 1024), image_shape=IMAGE_SHAPE, normalisation=batch_norm):
    """G: a code through leaky layers to the pixels; the last layer is linear.

    Args:
        latent_dim: number of axes of w.
        widths: units of the hidden layers.
        image_shape: (height, width, channels).
        normalisation: function that makes a layer, or None, as the authors have it. Measured on
            MNIST after 6,000 iterations (width 512, seed 0): FD 23.7 with batch norm, 28.9 without.

    Returns:
        keras.Model: w (N, latent_dim) -> images (N, H, W, C). Nothing bounds them: training brings them to
        [-1, 1], and what little lies outside is clipped where images are shown or measured.

    Source: Pidhorskyi et al., 2020, section 5.1.
    """
    w = hidden = keras.Input((latent_dim,), name="w")
    for width in widths:
        hidden = _leaky(hidden, width, normalisation=normalisation)
    pixels = _dense(hidden, math.prod(image_shape), name="pixels")
    return keras.Model(w, layers.Reshape(tuple(image_shape), name="images")(pixels), name="G")


@builder()
def conv_latent_generator(latent_dim=50, width=32, image_shape=IMAGE_SHAPE, normalisation=batch_norm):
    """G with convolutions: a code as a grid of a quarter of the image's size, doubled twice; tanh makes the pixels.

    Args:
        latent_dim: number of axes of w.
        width: channels of the smallest grid; half as many follow.
        image_shape: (height, width, channels); height and width are multiples of 4.
        normalisation: as in `latent_generator`.

    Returns:
        keras.Model: w (N, latent_dim) -> images (N, H, W, C) in [-1, 1].

    Raises:
        ValueError: height or width is not a multiple of 4.
    """
    rows, columns, channels = _quarters(image_shape)
    w = keras.Input((latent_dim,), name="w")
    grid = _leaky(w, rows * columns * width, normalisation=normalisation, shape=(rows, columns, width))
    grid = _leaky_conv(grid, width, normalisation=normalisation)
    grid = _leaky_conv(layers.UpSampling2D(2)(grid), width // 2, normalisation=normalisation)
    pixels = EqualizedConv2D(channels, 3, padding="same", gain=1.0, activation="tanh", name="images",
                             kernel_initializer=Normal(1.0))(layers.UpSampling2D(2)(grid))  # fmt: skip
    return keras.Model(w, pixels, name="G")


@builder()
def conv_latent_encoder(latent_dim=50, width=32, image_shape=IMAGE_SHAPE):
    """E with convolutions, two of them strided; the mirror of `conv_latent_generator`.

    Args:
        latent_dim, image_shape: as in `conv_latent_generator`.
        width: channels of the smallest grid; the first convolution has half as many.

    Returns:
        keras.Model: images (N, H, W, C) in [-1, 1] -> w (N, latent_dim), any range.

    Raises:
        ValueError: height or width is not a multiple of 4.
    """
    _quarters(image_shape)
    images = keras.Input(tuple(image_shape), name="images")
    grid = _leaky_conv(images, width // 2, strides=2)
    grid = _leaky_conv(grid, width, strides=2)
    grid = _leaky_conv(grid, width)
    return keras.Model(images, _dense(layers.Flatten()(grid), latent_dim, name="w"), name="E")


@builder()
def latent_encoder(latent_dim=50, widths=(1024, 1024), image_shape=IMAGE_SHAPE):
    """E: an image through leaky layers to its code, the mirror of `latent_generator`.

    Args:
        latent_dim, widths, image_shape: as in `latent_generator`.

    Returns:
        keras.Model: images (N, H, W, C) in [-1, 1] -> w (N, latent_dim), any range.

    Source: Pidhorskyi et al., 2020, section 5.1.
    """
    images = keras.Input(tuple(image_shape), name="images")
    hidden = layers.Flatten()(images)
    for width in widths:
        hidden = _leaky(hidden, width)
    return keras.Model(images, _dense(hidden, latent_dim, name="w"), name="E")


@builder()
def latent_critic(latent_dim=50, depth=3):
    """D: a code through linear layers to one logit.

    Layers without an activation between them amount to one; what is not linear in D∘E is E. Three of them
    still learn otherwise than one would.

    Args:
        latent_dim: number of axes of w, and units of each layer but the last.
        depth: number of layers.

    Returns:
        keras.Model: w (N, latent_dim) -> logits (N, 1).

    Source: the authors' settings for MNIST (Pidhorskyi et al., 2020).
    """
    w = hidden = keras.Input((latent_dim,), name="w")
    for _ in range(depth - 1):
        hidden = _dense(hidden, latent_dim, lr_multiplier=SLOW)
    return keras.Model(w, _dense(hidden, 1, lr_multiplier=SLOW, name="logit"), name="D")


def _quarters(image_shape):
    """The grid that two doublings bring to the image's size, (rows, columns), and the image's channels."""
    rows, columns, channels = image_shape
    if rows % 4 or columns % 4:
        raise ValueError(
            f"Found an image_shape of {tuple(image_shape)}, expected a height and a width that are multiples of 4; "
            "pad the images, or take the fully connected networks."
        )
    return rows // 4, columns // 4, channels


def _leaky(x, units, lr_multiplier=1.0, normalisation=None, shape=None):
    hidden = _dense(x, units, math.sqrt(2.0), lr_multiplier)
    return _finish(layers.Reshape(shape)(hidden) if shape else hidden, normalisation)


def _leaky_conv(x, filters, strides=1, normalisation=None):
    layer = EqualizedConv2D(filters, 3, strides, padding="same", kernel_initializer=Normal(1.0))
    return _finish(layer(x), normalisation)


def _finish(hidden, normalisation):
    hidden = normalisation()(hidden) if normalisation else hidden
    return layers.LeakyReLU(negative_slope=0.2)(hidden)


def _dense(x, units, gain=1.0, lr_multiplier=1.0, name=None):
    """A layer of equalised learning rate, whose weights start as N(0, 1 / lr_multiplier²)."""
    draw = Normal(1.0 / lr_multiplier)
    return EqualizedDense(units, gain=gain, lr_multiplier=lr_multiplier, kernel_initializer=draw, name=name)(x)
