"""Encoders and decoders of the variational autoencoder: functions that return plain Keras models.

An encoder maps images to the two parameters of a diagonal Gaussian posterior q(z|x); a decoder maps
a latent z to the logits of one Bernoulli variable per pixel. The same pair serves a plain
autoencoder, which reads z_mean and leaves z_log_var alone.
"""

import math

import keras
import numpy as np
from keras import layers

from course_utils.builders import builder
from course_utils.layers.initial import conv2d, dense
from course_utils.networks.outputs import outputs

IMAGE_SHAPE = (28, 28, 1)


@builder(images=(0.0, 1.0))
def mlp_encoder(latent_dim=40, width=400, image_shape=IMAGE_SHAPE):
    """One hidden ReLU layer from an image to the parameters of q(z|x).

    Args:
        latent_dim: number of latent axes.
        width: units of the hidden layer.
        image_shape: (height, width, channels).

    Returns:
        keras.Model: images (N, H, W, C) in [0, 1] -> [z_mean, z_log_var], each (N, latent_dim).

    Source: Kingma & Welling, 2014, appendix C.2; the sizes of Tomczak & Welling, 2018, section 5.
    """
    images = keras.Input(image_shape, name="images")
    hidden = layers.Flatten()(images)
    hidden = dense(width, activation="relu", name="hidden")(hidden)
    return keras.Model(images, _posterior(hidden, latent_dim), name="encoder")


@builder()
def mlp_decoder(latent_dim=40, width=400, image_shape=IMAGE_SHAPE):
    """One hidden ReLU layer from a latent to the logits of every pixel.

    Args:
        latent_dim: number of latent axes.
        width: units of the hidden layer.
        image_shape: (height, width, channels).

    Returns:
        keras.Model: latents (N, latent_dim) -> logits (N, H, W, C); their sigmoid is in [0, 1].

    Source: Kingma & Welling, 2014, appendix C.1.
    """
    z = keras.Input((latent_dim,), name="z")
    hidden = dense(width, activation="relu", name="hidden")(z)
    logits = dense(math.prod(image_shape), name="pixels")(hidden)
    return keras.Model(z, layers.Reshape(image_shape, name="logits")(logits), name="decoder")


@builder(images=(0.0, 1.0))
def conv_encoder(latent_dim=2, width=32, image_shape=IMAGE_SHAPE):
    """Three strided convolutions (width, 2·width, 2·width) and a dense layer, then q(z|x).

    Args:
        latent_dim: number of latent axes.
        width: channels of the first convolution.
        image_shape: (height, width, channels).

    Returns:
        keras.Model: images (N, H, W, C) in [0, 1] -> [z_mean, z_log_var], each (N, latent_dim).
    """
    images = keras.Input(image_shape, name="images")
    hidden = images
    for channels in (width, 2 * width, 2 * width):  # 28 -> 14 -> 7 -> 4 pixels
        hidden = conv2d(channels, 3, strides=2, padding="same", activation="relu")(hidden)
    hidden = dense(2 * width, activation="relu")(layers.Flatten()(hidden))
    return keras.Model(images, _posterior(hidden, latent_dim), name="encoder")


@builder()
def conv_decoder(latent_dim=2, width=32, image_shape=IMAGE_SHAPE):
    """Two dense layers, then twice (nearest upsampling, 3×3 convolution), then one logit per pixel.

    Upsampling by repetition stands in for the transposed convolution of the lecture's demo: it
    leaves no checkerboard, and its weight gradient is several times cheaper on a CPU.

    Args:
        latent_dim: number of latent axes.
        width: channels after the first upsampling; twice as many before it, half after the second.
        image_shape: (height, width, channels); height and width are multiples of 4.

    Returns:
        keras.Model: latents (N, latent_dim) -> logits (N, H, W, C); their sigmoid is in [0, 1].

    Raises:
        ValueError: if height or width is not a multiple of 4.
    """
    rows, columns, channels = image_shape
    if rows % 4 or columns % 4:
        raise ValueError(
            f"image_shape is {image_shape}, but conv_decoder doubles its grid twice and so needs "
            f"height and width that are multiples of 4; pad the images, or use mlp_decoder."
        )
    z = keras.Input((latent_dim,), name="z")
    hidden = dense(2 * width, activation="relu")(z)
    hidden = dense(rows * columns // 16 * 2 * width, activation="relu")(hidden)
    hidden = layers.Reshape((rows // 4, columns // 4, 2 * width))(hidden)
    for filters in (width, width // 2):  # 7 -> 14 -> 28 pixels
        hidden = layers.UpSampling2D(2, interpolation="nearest")(hidden)
        hidden = conv2d(filters, 3, padding="same", activation="relu")(hidden)
    logits = conv2d(channels, 3, padding="same", name="logits")(hidden)
    return keras.Model(z, logits, name="decoder")


def _posterior(hidden, latent_dim):
    """Two linear heads on the last hidden layer: [z_mean, z_log_var]."""
    return [
        dense(latent_dim, name="z_mean")(hidden),
        dense(latent_dim, name="z_log_var")(hidden),
    ]


def encode(encoder, images):
    """Returns the posterior's parameters of many images as arrays: (z_mean, z_log_var), each (N, d).

    Args:
        encoder: keras.Model, images -> [z_mean, z_log_var].
        images: float32 (N, H, W, C) in [0, 1], N ≥ 1.
    """
    return tuple(outputs(encoder, images))


def decode(decoder, z):
    """Returns the mean images of many latents: float32 (N, H, W, C) in [0, 1].

    Args:
        decoder: keras.Model, z -> logits.
        z: float (N, d), N ≥ 1.
    """
    logits = outputs(decoder, z)
    return 1 / (1 + np.exp(-np.clip(logits, -80, 80)))  # clipped where float32's exp would overflow
