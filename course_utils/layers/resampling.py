"""Blurring and resampling with the filter [1, 2, 1], exact to the second derivative on every
backend.

All of these are linear and act on rows and columns alike, so each is two products with one small
matrix:

    y[:, :, c] = M x[:, :, c] Mᵀ

TensorFlow's bilinear resize has a wrong second derivative, so it must not stand under a gradient
penalty. A depthwise convolution is right, but slow: with its gradient it takes 3 (TensorFlow,
torch) to 35 (JAX) times as long on a CPU as the two products.
"""

import functools

import keras
import numpy as np
from keras import ops


def _blur(size):
    """The matrix of the filter [1, 2, 1] / 4, with the border repeated: (size, size)."""
    positions = np.arange(size)
    matrix = np.zeros((size, size), "float32")
    for offset, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
        np.add.at(matrix, (positions, np.clip(positions + offset, 0, size - 1)), weight)
    return matrix


def _blur_up(size):
    return _blur(2 * size) @ np.repeat(np.eye(size, dtype="float32"), 2, axis=0)  # (2 size, size)


def _blur_down(size):
    if size % 2:
        raise ValueError(f"Found a side of {size} pixels, expected an even one; pad or resize the images.")
    average = np.repeat(np.eye(size // 2, dtype="float32"), 2, axis=1) / 2  # (size / 2, size)
    return average @ _blur(size)


class _Resampling(keras.layers.Layer):
    """Applies `matrix(height)` to the columns and `matrix(width)` to the rows of every channel."""

    matrix = None  # static function: side in pixels -> array (side out, side in)

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        rows = ops.convert_to_tensor(self.matrix(height), inputs.dtype)  # (H', H)
        columns = ops.convert_to_tensor(self.matrix(width), inputs.dtype)  # (W', W)
        x = ops.matmul(rows, ops.reshape(inputs, (-1, height, width * channels)))  # (N, H', W·C)
        x = ops.matmul(columns, ops.reshape(x, (-1, width, channels)))  # (N·H', W', C)
        return ops.reshape(x, (-1, rows.shape[0], columns.shape[0], channels))

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, self.matrix(height).shape[0], self.matrix(width).shape[0], channels)


@keras.saving.register_keras_serializable("course_utils")
class Blur(_Resampling):
    """Blurs every channel with [1, 2, 1] / 4 along both axes; a constant image stays constant.

    Call:
        tensor (N, H, W, C), float, with H and W known -> the same shape and dtype.

    Source:
        Karras et al., A Style-Based Generator Architecture, 2019, section 2; the filter: Zhang,
        Making Convolutional Networks Shift-Invariant Again, 2019.
    """

    matrix = staticmethod(functools.cache(_blur))


@keras.saving.register_keras_serializable("course_utils")
class BlurUpSampling2D(_Resampling):
    """Doubles an image by repeating each pixel and blurring with [1, 2, 1] / 4, which is bilinear
    upsampling.

    Call:
        tensor (N, H, W, C), float, with H and W known -> (N, 2 H, 2 W, C), the same dtype.

    Source:
        Karras et al., A Style-Based Generator Architecture, 2019, section 2 (bilinear sampling).
    """

    matrix = staticmethod(functools.cache(_blur_up))


@keras.saving.register_keras_serializable("course_utils")
class BlurPooling2D(_Resampling):
    """Halves an image by blurring with [1, 2, 1] / 4 and averaging 2×2 pixels.

    Call:
        tensor (N, H, W, C), float, with H and W known and even -> (N, H / 2, W / 2, C), the same
        dtype.

    Raises:
        ValueError: a side is odd.

    Source:
        Karras et al., A Style-Based Generator Architecture, 2019, section 2; Zhang, Making
        Convolutional Networks Shift-Invariant Again, 2019.
    """

    matrix = staticmethod(functools.cache(_blur_down))
