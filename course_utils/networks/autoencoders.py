"""Fully connected encoders and decoders of lecture 00; without hidden layers they are linear."""

import math

import keras
from keras import layers
from keras.activations import linear, relu

from course_utils.builders import builder
from course_utils.layers.initial import dense

IMAGE_SHAPE = (28, 28, 1)


@builder(images=(0.0, 1.0))
def dense_encoder(code_dim, widths=(), image_shape=IMAGE_SHAPE, activation=relu, code_activation=linear):
    """Fully connected layers from an image to its code.

    Args:
        code_dim: length of a code.
        widths: units of the hidden layers; with none the code is a linear function of the image.
        image_shape: (height, width, channels).
        activation: function of a tensor, after each hidden layer.
        code_activation: function of a tensor, after the last layer; ReLU makes codes that can be 0.

    Returns:
        keras.Model: images (N, H, W, C) -> codes (N, code_dim).

    Source: Hinton & Salakhutdinov, 2006, figure 1.
    """
    images = keras.Input(tuple(image_shape), name="images")
    hidden = layers.Flatten()(images)
    for width in widths:
        hidden = dense(width, activation=activation)(hidden)
    return keras.Model(images, dense(code_dim, activation=code_activation, name="code")(hidden), name="encoder")


@builder()
def dense_decoder(code_dim, widths=(), image_shape=IMAGE_SHAPE, activation=relu, constraint=None):
    """Fully connected layers from a code to an image; the last layer is linear.

    Args:
        code_dim, widths, image_shape, activation: as in `dense_encoder`.
        constraint: keras constraint of the last layer's kernel, or None. With
            `keras.constraints.UnitNorm(axis=1)` and no hidden layer each unit of the code draws an image
            of length 1, so that a code cannot become small by making the decoder large.

    Returns:
        keras.Model: codes (N, code_dim) -> images (N, H, W, C), any range.

    Source: as `dense_encoder`.
    """
    code = keras.Input((code_dim,), name="code")
    hidden = code
    for width in widths:
        hidden = dense(width, activation=activation)(hidden)
    pixels = dense(math.prod(image_shape), kernel_constraint=constraint, name="pixels")(hidden)
    return keras.Model(code, layers.Reshape(tuple(image_shape), name="images")(pixels), name="decoder")
