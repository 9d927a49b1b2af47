"""Layers that cannot look ahead: pixels are read like a text, row by row, and each sees only what stands before it.

Nothing is multiplied by a mask here: kernels are cut to what they may see, so that a masked weight does not exist and
costs no time. Only `MaskedDense`, whose mask follows no grid, multiplies.
"""

import keras
import numpy as np
from keras import layers, ops

from course_utils import checks
from course_utils.layers.initial import glorot_uniform


def convolved(x, kernel, top, bottom, left, right):
    """Pads (N, H, W, C) by zeros, or crops it where a number is negative, and convolves what is left, unpadded."""
    x = x[:, : x.shape[1] + bottom] if bottom < 0 else x
    x = x[:, :, : x.shape[2] + right] if right < 0 else x
    x = ops.pad(x, [[0, 0], [top, max(bottom, 0)], [left, max(right, 0)], [0, 0]])
    return ops.conv(x, kernel, 1, "valid", data_format="channels_last")


class _Causal(layers.Layer):
    """A convolution whose output is as large as its input; to be given kernels by what derives from it."""

    def __init__(self, filters, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.activation = checks.count(filters, "filters"), keras.activations.get(activation)

    def _kernel(self, name, shape):
        return self.add_weight(name=name, shape=(*shape, self.filters), initializer=glorot_uniform)

    def _bias(self):
        return self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "activation": keras.activations.serialize(self.activation),
        }


@keras.saving.register_keras_serializable("course_utils")
class MaskedConv2D(_Causal):
    """A convolution of which each place sees the rows above it and what stands left of it: one stack.

        y[r, c] = Σ_{i<0, |j|≤k//2} W[i, j] x[r+i, c+j] + Σ_{−k//2≤j<0} W[0, j] x[r, c+j] (+ W[0, 0] x[r, c]) + b

    Several of these one after the other have a blind spot: what is above, but too far to the right, is never seen.

    Args:
        filters: channels of the result.
        kernel_size: k, odd and at least 3.
        centre: whether a place sees itself: no for the first layer (mask A), yes for those that follow (mask B).
        activation: name or function.

    Call:
        tensor (N, H, W, C), float -> (N, H, W, filters).

    Raises:
        ValueError: a kernel_size that is even or 1.

    Source: van den Oord et al., Pixel Recurrent Neural Networks, 2016, section 3.4 and figure 2.
    """

    def __init__(self, filters, kernel_size=3, centre=True, activation=None, **kwargs):
        super().__init__(filters, activation, **kwargs)
        self.kernel_size, self.centre = _odd(kernel_size, "kernel_size", 3), centre

    def build(self, input_shape):
        half, size, channels = self.kernel_size // 2, self.kernel_size, input_shape[-1]
        self.above = self._kernel("above", (half, size, channels))
        self.left = self._kernel("left", (1, half + self.centre, channels))
        self.bias = self._bias()

    def call(self, inputs):
        half = self.kernel_size // 2
        above = convolved(inputs, self.above, half, -1, half, half)
        left = convolved(inputs, self.left, 0, 0, half, 0 if self.centre else -1)
        return self.activation(above + left + self.bias)

    def full_kernel(self):
        """Returns the kernel (k, k, in, out) with zeros where the mask is: a plain convolution with it is the same."""
        half, size = self.kernel_size // 2, self.kernel_size
        left = ops.pad(self.left, [[0, 0], [0, size - self.left.shape[1]], [0, 0], [0, 0]])
        return ops.pad(ops.concatenate([self.above, left], axis=0), [[0, half], [0, 0], [0, 0], [0, 0]])

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size, "centre": self.centre}


@keras.saving.register_keras_serializable("course_utils")
class VerticalConv2D(_Causal):
    """A convolution over rows that are complete: those above a place, and its own where that holds nothing new.

        y[r, c] = Σ_{i, |j|≤columns//2} W[i, j] x[r+i, c+j] + b,   i = −rows … −1,  or with own_row 1 − rows … 0

    The first layer of a vertical stack leaves the own row out; from then on row r of its input knows of rows < r only.

    Args:
        filters: channels of the result.
        rows: how many rows the kernel has.
        columns: how many columns, odd.
        own_row: whether the last of the rows is the place's own.
        activation: name or function.

    Call:
        tensor (N, H, W, C), float -> (N, H, W, filters).

    Source: van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016, section 2.3.
    """

    def __init__(self, filters, rows, columns, own_row=True, activation=None, **kwargs):
        super().__init__(filters, activation, **kwargs)
        self.rows, self.columns = checks.count(rows, "rows"), _odd(columns, "columns", 1)
        self.own_row, self.kernel_size = own_row, (self.rows, self.columns)  # as all convolutions have one

    def build(self, input_shape):
        self.kernel, self.bias = self._kernel("kernel", (self.rows, self.columns, input_shape[-1])), self._bias()

    def call(self, inputs):
        return self._seen(inputs, self.rows - self.own_row, self.own_row - 1)

    def window(self, inputs):
        """Returns the one row of the result that follows from all the rows that the kernel covers, (N, rows, W, C)."""
        return self._seen(inputs, 0, 0)

    def _seen(self, inputs, above, below):
        half = self.columns // 2
        return self.activation(convolved(inputs, self.kernel, above, below, half, half) + self.bias)

    def get_config(self):
        return {**super().get_config(), "rows": self.rows, "columns": self.columns, "own_row": self.own_row}


@keras.saving.register_keras_serializable("course_utils")
class HorizontalConv2D(_Causal):
    """A convolution along the own row, over what stands left of a place.

        y[r, c] = Σ_j W[j] x[r, c+j] + b,   j = −columns … −1,  or with centre 1 − columns … 0

    Args:
        filters: channels of the result.
        columns: how many columns the kernel has.
        centre: whether the last of them is the place itself.
        activation: name or function.

    Call:
        tensor (N, H, W, C), float -> (N, H, W, filters).

    Source: van den Oord et al., Conditional Image Generation with PixelCNN Decoders, 2016, section 2.3.
    """

    def __init__(self, filters, columns, centre=True, activation=None, **kwargs):
        super().__init__(filters, activation, **kwargs)
        self.columns, self.centre, self.kernel_size = checks.count(columns, "columns"), centre, (1, columns)

    def build(self, input_shape):
        self.kernel, self.bias = self._kernel("kernel", (1, self.columns, input_shape[-1])), self._bias()

    def call(self, inputs):
        left, right = self.columns - self.centre, self.centre - 1
        return self.activation(convolved(inputs, self.kernel, 0, 0, left, right) + self.bias)

    def get_config(self):
        return {**super().get_config(), "columns": self.columns, "centre": self.centre}


@keras.saving.register_keras_serializable("course_utils")
class MaskedDense(layers.Layer):
    """A dense layer between units with degrees, of which none sees a unit of too high a degree.

        y = x (W ⊙ M) + b,   M[i, j] = 1 where d_out[j] ≥ d_in[i] (strict: >), else 0

    Args:
        inputs, outputs: degrees of the units before and after, whole numbers.
        strict: whether equal degrees are cut too, as at the outputs of MADE.
        activation: name or function.

    Call:
        tensor (N, len(inputs)), float -> (N, len(outputs)).

    Source: Germain et al., MADE, 2015, eqs. (8) and (9).
    """

    def __init__(self, inputs, outputs, strict=False, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.inputs, self.outputs, self.strict = [*map(int, inputs)], [*map(int, outputs)], strict
        self.activation = keras.activations.get(activation)
        self.mask = made_mask(self.inputs, self.outputs, strict)

    def build(self, input_shape):
        def drawn(shape, dtype=None):  # what is cut is 0 in the stored kernel too, and stays so: it has no gradient
            return (glorot_uniform(shape) * self.mask).astype(dtype or "float32")

        self.kernel = self.add_weight(name="kernel", shape=self.mask.shape, initializer=drawn)
        self.bias = self.add_weight(name="bias", shape=(len(self.outputs),), initializer="zeros")

    def call(self, inputs):
        mask = ops.convert_to_tensor(self.mask, self.compute_dtype)
        return self.activation(ops.matmul(inputs, ops.multiply(self.kernel, mask)) + self.bias)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.outputs))

    def get_config(self):
        return {
            **super().get_config(),
            "inputs": self.inputs,
            "outputs": self.outputs,
            "strict": self.strict,
            "activation": keras.activations.serialize(self.activation),
        }


def made_mask(inputs, outputs, strict=False):
    """Returns MADE's mask (in, out), float32: 1 where a unit may see another.

        M[i, j] = 1 where outputs[j] ≥ inputs[i], with strict >

    Args:
        inputs, outputs: degrees of the units before and after.
        strict: whether equal degrees are cut.

    Source: Germain et al., MADE, 2015, eqs. (8) and (9).
    """
    before, after = np.asarray(inputs)[:, None], np.asarray(outputs)[None, :]
    return (after > before if strict else after >= before).astype("float32")


def _odd(n, name, minimum):
    if checks.count(n, name, minimum) % 2 == 0:
        raise ValueError(f"Found {name}={n}, expected an odd number, so that the kernel has a middle; take {n + 1}.")
    return n
