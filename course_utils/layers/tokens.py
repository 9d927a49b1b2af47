"""Images as sentences: patches of pixels as one-hot words, places, and the codebook of a VQ-VAE."""

import keras
from keras import layers, ops

from course_utils import checks
from course_utils.layers.initial import normal


@keras.saving.register_keras_serializable("course_utils")
class PositionBias(layers.Layer):
    """Adds a learned map, so that a network of convolutions knows where in the image it is.

        y[r, c] = x[r, c] + m[r, c],   m = 0 at the start

    Call:
        tensor (N, H, W, C), float -> the same shape.

    Source: Chen et al., PixelSNAIL, 2018, which is told the place by two more channels; as a map: as in transformers.
    """

    def build(self, input_shape):
        self.map = self.add_weight(name="map", shape=tuple(input_shape[1:]), initializer="zeros")

    def call(self, inputs):
        return inputs + self.map

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


@keras.saving.register_keras_serializable("course_utils")
class OneHotPatches(layers.Layer):
    """Turns patches of pixels with L levels into one-hot rows, one place for each of the L^(p²C) patches there are.

        hat_k(x) = max(0, 1 − |x − k|),   y[v] = Π_pixels hat_{v's level}(x)

    At whole numbers this is one-hot. In between it is piecewise smooth, so that gradients pass; with two levels a hat
    is a straight line, 1 − x or x, and they pass everywhere. The first pixel of a patch counts most in v.

    Args:
        levels: L.
        patch: p, the edge of a patch.

    Call:
        tensor (N, H, W, C), float, whole numbers 0 … L − 1 -> (N, H/p, W/p, L^(p²C)).
    """

    def __init__(self, levels=2, patch=1, **kwargs):
        super().__init__(**kwargs)
        self.levels, self.patch = checks.count(levels, "levels", 2), checks.count(patch, "patch")

    def call(self, inputs):
        x = gathered(inputs, self.patch)  # (N, h, w, p²C)
        hats = [1.0 - x, x]
        if self.levels > 2:
            hats = [ops.relu(1.0 - ops.abs(x - float(k))) for k in range(self.levels)]
        hats = ops.stack(hats, axis=-1)  # (N, h, w, p²C, L)
        rows = hats[..., 0, :]
        for pixel in range(1, x.shape[-1]):
            rows = rows[..., :, None] * hats[..., pixel, None, :]
            rows = ops.reshape(rows, (-1, *x.shape[1:3], rows.shape[-2] * self.levels))
        return rows

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        values = self.levels ** (self.patch**2 * channels)
        return (batch, height // self.patch, width // self.patch, values)

    def get_config(self):
        return {**super().get_config(), "levels": self.levels, "patch": self.patch}


def gathered(x, patch):
    """(N, H, W, C) -> (N, H/p, W/p, p²C), the pixels of each patch row by row."""
    _, height, width, channels = x.shape
    x = ops.reshape(x, (-1, height // patch, patch, width // patch, patch, channels))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, height // patch, width // patch, patch**2 * channels))


@keras.saving.register_keras_serializable("course_utils")
class Codebook(layers.Layer):
    """A table of vectors, which no gradient moves.

        y[r, c] = E[code[r, c]]

    Args:
        entries: K.
        dim: d of a vector.

    Attributes:
        entries: non-trainable variable (K, d), drawn from N(0, 1).

    Call:
        tensor (N, h, w, 1), float, whole numbers 0 … K − 1 -> (N, h, w, d).

    Source: van den Oord et al., Neural Discrete Representation Learning, 2017, section 3.1.
    """

    def __init__(self, entries, dim, **kwargs):
        super().__init__(**kwargs)
        self.count, self.dim = checks.count(entries, "entries", 2), checks.count(dim, "dim")

    def build(self, input_shape):
        shape = (self.count, self.dim)
        self.entries = self.add_weight(name="entries", shape=shape, initializer=normal(1.0), trainable=False)

    def call(self, inputs):
        codes = ops.cast(ops.round(inputs[..., 0]), "int32")
        return ops.take(ops.cast(self.entries, self.compute_dtype), ops.clip(codes, 0, self.count - 1), axis=0)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.dim)

    def get_config(self):
        return {**super().get_config(), "entries": self.count, "dim": self.dim}
