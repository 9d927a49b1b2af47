"""StyleGAN2's convolution: the style scales the kernel instead of the image."""

import keras
from keras import layers, ops

from course_utils.layers.conditional import per_channel
from course_utils.layers.equalized import EqualizedConv2D, EqualizedDense


@keras.saving.register_keras_serializable("course_utils")
class ModulatedConv2D(layers.Layer):
    """Convolves each image with a kernel of its own, scaled by its style and brought back to length 1.

    y = x ∗ W'' + b,  W''ᵢⱼₖ = W'ᵢⱼₖ / √(Σᵢⱼ W'ᵢⱼₖ² + ε),  W'ᵢⱼₖ = sᵢ · Wᵢⱼₖ,  s − 1 = A w

    i counts input channels, j places in the window, k output channels. The division makes the
    outputs' deviation 1 where inputs are independent and of deviation 1, so it stands in for AdaIN's
    normalisation, without looking at the image. No kernel is ever made for an image: to scale the
    input channels by s before, and the output channels by 1 / √(…) after one common convolution,
    computes the same.

    Args:
        filters: number of output channels.
        kernel_size: side of the window.
        demodulate: whether to divide; the layer that makes the pixels does not.
        kernel_initializer: of W; N(0, 1) if None.
        epsilon: added to the sum of squares.

    Call:
        [x, style], float tensors (N, H, W, C) and (N, d) -> (N, H, W, filters), the dtype of x.

    Source:
        Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, eqs. (1) and (3).
    """

    def __init__(
        self, filters, kernel_size, demodulate=True, kernel_initializer=None, epsilon=1e-8, **kwargs
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.demodulate = demodulate
        self.kernel_initializer = keras.initializers.get(
            kernel_initializer or keras.initializers.RandomNormal(0.0, 1.0)
        )
        self.epsilon = epsilon

    def build(self, input_shape):
        x_shape, style_shape = input_shape
        self.convolution = EqualizedConv2D(
            self.filters,
            self.kernel_size,
            gain=1.0,
            padding="same",
            data_format="channels_last",
            use_bias=False,  # it comes after the division
            kernel_initializer=self.kernel_initializer,
            name="convolution",
            dtype=self.dtype_policy,
        )
        self.convolution.build(x_shape)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.affine = EqualizedDense(x_shape[-1], gain=1.0, name="affine", dtype=self.dtype_policy)
        self.affine.build(style_shape)

    def call(self, inputs):
        x, style = inputs
        scale = 1.0 + self.affine(style)  # (N, C)
        y = self.convolution(x * per_channel(scale, x))
        if self.demodulate:
            y = y * per_channel(ops.cast(ops.rsqrt(self._lengths(scale) + self.epsilon), y.dtype), y)
        return y + ops.cast(self.bias, y.dtype)

    def _lengths(self, scale):
        """The squared length of each image's kernel for each output channel, (N, filters)."""
        squares = ops.sum(ops.square(ops.cast(self.convolution.kernel, "float32")), axis=(0, 1))  # (C, filters)
        return ops.matmul(ops.square(ops.cast(scale, "float32")), squares)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "demodulate": self.demodulate,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "epsilon": self.epsilon,
        }
