"""Equalised learning rate: weights of unit size, scaled when they are used."""

import math

import keras
from keras import ops

from course_utils.layers.variables import OwnVariables

SQRT2 = math.sqrt(2.0)  # keeps the size of a signal through a (leaky) ReLU


class EqualizedKernel(OwnVariables):
    """Scales a kernel and a bias at run time; to be mixed into `Dense` or `Conv2D`.

    W = w · m · gain / √fan_in,  w ~ N(0, 1/m²) at the start;  b = m · β

    Adam's step does not depend on a gradient's size, so weights of one size learn at one rate; the
    multiplier m slows a layer down without changing what it computes at the start.

    Source:
        Karras et al., Progressive Growing of GANs, 2018, section 4.1; the multiplier: Karras et
        al., A Style-Based Generator Architecture, 2019, appendix C.
    """

    def __init__(self, *args, gain=SQRT2, lr_multiplier=1.0, **kwargs):
        kwargs.setdefault("kernel_initializer", keras.initializers.RandomNormal(stddev=1.0 / lr_multiplier))
        super().__init__(*args, **kwargs)
        self.gain = gain
        self.lr_multiplier = lr_multiplier

    @property
    def kernel(self):
        fan_in = math.prod(self._kernel.shape[:-1])
        return self._kernel * (self.lr_multiplier * self.gain / math.sqrt(fan_in))

    def call(self, inputs):
        x = self._linear(inputs)
        x = x if self.bias is None else x + self._along_channels(self.bias * self.lr_multiplier)
        return x if self.activation is None else self.activation(x)

    def get_config(self):
        return {**super().get_config(), "gain": self.gain, "lr_multiplier": self.lr_multiplier}


@keras.saving.register_keras_serializable("course_utils")
class EqualizedDense(EqualizedKernel, keras.layers.Dense):
    """`keras.layers.Dense` with equalised learning rate.

    y = activation(x W + b), W and b as in `EqualizedKernel`

    Args: those of `keras.layers.Dense`, and
        gain: √2 before a leaky ReLU, 1 where no such activation follows.
        lr_multiplier: m, such as 0.01 in StyleGAN's mapping network.
    Call: tensor (..., in), float -> (..., units), float.
    Source: see `EqualizedKernel`.
    """

    def _linear(self, inputs):
        return ops.matmul(inputs, self.kernel)

    def _along_channels(self, bias):
        return bias


@keras.saving.register_keras_serializable("course_utils")
class EqualizedConv2D(EqualizedKernel, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with equalised learning rate.

    y = activation(x ∗ W + b), W and b as in `EqualizedKernel`

    Args: those of `keras.layers.Conv2D`, and `gain` and `lr_multiplier` as in `EqualizedDense`.
    Call: tensor (N, H, W, in), float -> (N, H', W', filters), float; with data_format="channels_first" the
        channels stand second on both sides.
    Source: see `EqualizedKernel`.
    """

    def _linear(self, inputs):
        return self.convolution_op(inputs, self.kernel)

    def _along_channels(self, bias):
        return bias if self.data_format == "channels_last" else ops.reshape(bias, (-1, 1, 1))
