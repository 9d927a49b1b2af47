"""Generators and critics of lectures 04–07: functions that return plain Keras models.

A generator maps a latent z to an example; a critic maps an example to one logit, without a sigmoid
(a discriminator is the sigmoid of a critic). What the lectures switch on and off is handed over as
a function: `normalisation` makes a layer (`batch_norm`, `layer_norm`, or None for none), `activation`
is one of `keras.activations`, `downsample` and `upsample` change the grid.

Weights start as Glorot's uniform draws, whose spread follows the width. The N(0, 0.02²) of the
DCGAN paper fits its widths and its batch norm; in a narrow critic without norm the logits vanish.
"""

import math

import keras
from keras import layers
from keras.activations import leaky_relu, relu

from course_utils.builders import builder
from course_utils.layers.initial import ScaledNormal, conv2d, conv2d_transpose, dense

IMAGE_SHAPE = (28, 28, 1)


def batch_norm():
    """Batch normalisation whose averages follow within tens of iterations, so that short runs can be looked at."""
    return layers.BatchNormalization(momentum=0.9)


def layer_norm():
    """Layer normalisation over all axes but the batch, one scale and shift a channel, as in the WGAN-GP program."""
    return layers.GroupNormalization(groups=1)


@builder()
def point_generator(latent_dim=2, width=128, depth=3, dim=2, activation=relu, normalisation=None):
    """Fully connected layers from a latent to a point; the last layer is linear.

    Args:
        latent_dim: number of latent axes.
        width: units of each hidden layer (512 in the paper).
        depth: number of hidden layers.
        dim: number of coordinates of a point.
        activation: function of a tensor.
        normalisation: function that makes a layer, or None.

    Returns:
        keras.Model: latents (N, latent_dim) -> points (N, dim), any range.

    Source: Gulrajani et al., 2017, section 4.1 and its published code.
    """
    z = keras.Input((latent_dim,), name="z")
    hidden = _dense(z, [width] * depth, activation, normalisation)
    return keras.Model(z, dense(dim, name="points")(hidden), name="generator")


@builder()
def point_critic(width=128, depth=3, dim=2, activation=relu, normalisation=None):
    """Fully connected layers from a point to one logit. The arguments are those of `point_generator`.

    Returns:
        keras.Model: points (N, dim) -> logits (N, 1).

    Source: Gulrajani et al., 2017, section 4.1 and its published code.
    """
    points = keras.Input((dim,), name="points")
    hidden = _dense(points, [width] * depth, activation, normalisation)
    return keras.Model(points, dense(1, name="logit")(hidden), name="critic")


@builder()
def mlp_generator(
    latent_dim=100,
    widths=(128, 256, 512, 1024),
    image_shape=IMAGE_SHAPE,
    activation=leaky_relu,
    normalisation=batch_norm,
):
    """A fully connected generator of images.

    Args:
        latent_dim: number of latent axes.
        widths: units of the hidden layers; all but the first are normalised.
        image_shape: (height, width, channels).
        activation: function of a tensor.
        normalisation: function that makes a layer, or None.

    Returns:
        keras.Model: latents (N, latent_dim) -> images (N, H, W, C) in [-1, 1].

    Source: Goodfellow et al., 2014, section 5, in the sizes of the PyTorch-GAN collection (gan.py).
    """
    z = keras.Input((latent_dim,), name="z")
    hidden = _dense(z, widths[:1], activation, None)
    hidden = _dense(hidden, widths[1:], activation, normalisation)
    pixels = dense(math.prod(image_shape), activation="tanh", name="pixels")(hidden)
    return keras.Model(z, layers.Reshape(tuple(image_shape), name="images")(pixels), name="generator")


@builder()
def mlp_critic(widths=(512, 256), image_shape=IMAGE_SHAPE, activation=leaky_relu, normalisation=None):
    """A fully connected critic of images. The arguments are those of `mlp_generator`.

    Returns:
        keras.Model: images (N, H, W, C) in [-1, 1] -> logits (N, 1).

    Source: as `mlp_generator`.
    """
    images = keras.Input(tuple(image_shape), name="images")
    hidden = _dense(layers.Flatten()(images), widths, activation, normalisation)
    return keras.Model(images, dense(1, name="logit")(hidden), name="critic")


def nearest(x, filters, use_bias):
    """Repeats every pixel 2×2, then convolves 3×3: no checkerboards, and quick to train on a CPU."""
    x = layers.UpSampling2D(2, interpolation="nearest")(x)
    return conv2d(filters, 3, padding="same", use_bias=use_bias)(x)


def transposed(x, filters, use_bias):
    """Doubles the grid by a transposed 4×4 convolution, as the DCGAN paper does; slow to train with JAX on a CPU."""
    return conv2d_transpose(filters, 4, strides=2, padding="same", use_bias=use_bias)(x)


def transposed_odd(x, filters, use_bias):
    """Doubles the grid by a transposed 3×3 convolution, which starts uneven: 3 is not divisible by the stride."""
    return conv2d_transpose(filters, 3, strides=2, padding="same", use_bias=use_bias)(x)


def strided(x, filters, use_bias):
    """Halves the grid by a convolution of stride 2; 4×4, since a kernel divisible by its stride treats pixels alike."""
    return conv2d(filters, 4, strides=2, padding="same", use_bias=use_bias)(x)


def pooled(x, filters, use_bias):
    """Halves the grid the way the DCGAN paper advises against: a convolution of stride 1, then max pooling."""
    x = conv2d(filters, 4, padding="same", use_bias=use_bias)(x)
    return layers.MaxPooling2D(2, padding="same")(x)


@builder()
def dcgan_generator(
    latent_dim=64,
    width=64,
    image_shape=IMAGE_SHAPE,
    activation=relu,
    normalisation=batch_norm,
    upsample=nearest,
    hidden=(),
):
    """A convolutional generator: the latent as a small grid, doubled until it is an image.

    28×28 starts from 7×7 and doubles twice, 32×32 starts from 4×4 and doubles three times; channels
    halve with each doubling down to width / 2, and a 3×3 convolution with tanh makes the pixels.

    Args:
        latent_dim: number of latent axes.
        width: channels at half the image's resolution, even.
        image_shape: (height, width, channels), height and width even.
        activation: function of a tensor.
        normalisation: function that makes a layer, or None.
        upsample: function (tensor, filters, use_bias) -> tensor on the doubled grid.
        hidden: widths of fully connected layers in front; the paper advises against any.

    Returns:
        keras.Model: latents (N, latent_dim) -> images (N, H, W, C) in [-1, 1].

    Raises:
        ValueError: height or width is odd.

    Source: Radford et al., 2016, section 3; nearest upsampling after Odena et al., 2016.
    """
    rows, columns, channels = image_shape
    count = doublings(rows, columns)
    rows, columns, filters = rows >> count, columns >> count, width << (count - 1)
    z = keras.Input((latent_dim,), name="z")
    x = _dense(z, hidden, activation, normalisation)
    x = dense(rows * columns * filters, use_bias=normalisation is None)(x)
    x = _finish(layers.Reshape((rows, columns, filters))(x), activation, normalisation)
    for _ in range(count):  # 7 -> 14 -> 28 pixels, or 4 -> 8 -> 16 -> 32
        filters //= 2
        x = _finish(upsample(x, filters, normalisation is None), activation, normalisation)
    images = conv2d(channels, 3, padding="same", activation="tanh", name="images")(x)
    return keras.Model(z, images, name="generator")


@builder()
def dcgan_critic(
    width=64,
    image_shape=IMAGE_SHAPE,
    activation=leaky_relu,
    normalisation=None,
    downsample=strided,
    hidden=(),
):
    """A convolutional critic: the grid halved three times (width, 2·width, 4·width channels), then one logit.

    Args:
        width: channels of the first convolution.
        image_shape: (height, width, channels).
        activation: function of a tensor.
        normalisation: function that makes a layer for all but the first convolution, or None. The
            DCGAN paper takes `batch_norm`; under a gradient penalty only `layer_norm` or None will do.
        downsample: function (tensor, filters, use_bias) -> tensor on the halved grid.
        hidden: widths of fully connected layers at the end; the paper advises against any.

    Returns:
        keras.Model: images (N, H, W, C) in [-1, 1] -> logits (N, 1).

    Source: Radford et al., 2016, section 3; three halvings as in Gulrajani et al., 2017 (gan_mnist.py).
    """
    images = keras.Input(tuple(image_shape), name="images")
    x = layers.Activation(activation)(downsample(images, width, True))
    for filters in (2 * width, 4 * width):  # 28 -> 14 -> 7 -> 4 pixels, or 32 -> 16 -> 8 -> 4
        x = _finish(downsample(x, filters, normalisation is None), activation, normalisation)
    x = _dense(layers.Flatten(name="features")(x), hidden, activation, normalisation)
    return keras.Model(images, dense(1, name="logit")(x), name="critic")


@builder()
def layer_norm_critic(width=64, image_shape=IMAGE_SHAPE):
    """`dcgan_critic` with layer norm, by a name of its own so that a recipe can ask for it.

    A critic with clipped weights shrinks or stretches its signal at every layer; layer norm brings it
    back to size, and an image's score still depends on that image alone.

    Args:
        width: channels of the first convolution.
        image_shape: (height, width, channels).

    Returns:
        keras.Model: images (N, H, W, C) in [-1, 1] -> logits (N, 1).

    Source: as `dcgan_critic`; layer norm in a critic: Gulrajani et al., 2017, section 4.
    """
    return dcgan_critic(width, image_shape, normalisation=layer_norm)


@builder()
def residual_critic(blocks=(2, 2, 2), width=16, image_shape=IMAGE_SHAPE, activation=relu, normalisation=None):
    """A deep residual critic of pre-activation bottlenecks; (11, 11, 11) blocks make 101 layers.

        x ← x + conv1×1(a(conv3×3(a(conv1×1(a(x))))))

    A strided convolution, then three stages at half, a quarter and an eighth of the resolution, then
    the mean over positions and one logit: 2 + 3·sum(blocks) weighted layers in a row. Each block's
    last convolution starts smaller by √(number of blocks), which keeps the signal's size through any
    depth without normalisation.

    Args:
        blocks: number of blocks of each stage; a stage has 4, 8, 16 … times width channels.
        width: channels inside the bottlenecks of the first stage; it doubles from stage to stage.
        image_shape: (height, width, channels).
        activation: function of a tensor.
        normalisation: function that makes a layer, or None.

    Returns:
        keras.Model: images (N, H, W, C) in [-1, 1] -> logits (N, 1).

    Source: He et al., 2016, "Identity mappings", figure 1; as a critic Gulrajani et al., 2017, section
    4.2; the smaller start is that of Zhang et al., 2019 (Fixup), without its biases and scales.
    """
    images = keras.Input(tuple(image_shape), name="images")
    x = strided(images, 4 * width, True)
    for stage, count in enumerate(blocks):
        x = layers.AveragePooling2D(2, padding="same")(x) if stage else x
        for _ in range(count):
            x = bottleneck(x, width << stage, activation, normalisation, 1 / sum(blocks))
    x = layers.GlobalAveragePooling2D(name="features")(_finish(x, activation, normalisation))
    return keras.Model(images, dense(1, name="logit")(x), name="critic")


def bottleneck(x, width, activation, normalisation, share):
    """x + 1×1, 3×3 and 1×1 convolutions; where the channels change, the way past is a 1×1 convolution."""
    branch = x
    for filters, size, scale in ((width, 1, 2.0), (width, 3, 2.0), (4 * width, 1, 2.0 * share)):
        branch = _finish(branch, activation, normalisation)
        branch = conv2d(filters, size, padding="same", kernel_initializer=ScaledNormal(scale))(branch)
    past = x if x.shape[-1] == 4 * width else conv2d(4 * width, 1)(x)
    return layers.Add()([past, branch])


def _dense(x, widths, activation, normalisation):
    for width in widths:
        x = dense(width, use_bias=normalisation is None)(x)
        x = _finish(x, activation, normalisation)
    return x


def _finish(x, activation, normalisation):
    """Normalises, then activates. The layer before needs no bias where a norm with its own shift follows."""
    x = x if normalisation is None else normalisation()(x)
    return layers.Activation(activation)(x)


def doublings(rows, columns):
    """How often a grid of at least 4×4 can be doubled to give the image: 2 for 28×28, 3 for 32×32."""
    count = 0
    while not (rows >> count) % 2 and not (columns >> count) % 2 and min(rows, columns) >> (count + 1) >= 4:
        count += 1
    if not count:
        raise ValueError(
            f"Found images of {rows}×{columns} pixels, expected even sides of at least 8; pad them, "
            "or use mlp_generator."
        )
    return count
