"""Batch normalisation whose gain and bias depend on a condition."""

import keras
from keras import layers

from course_utils.layers.spectral import SpectralDense
from course_utils.layers.variables import fresh


@keras.saving.register_keras_serializable("course_utils")
class ConditionalBatchNormalization(layers.Layer):
    """Normalises each channel over the batch, then scales and shifts it by what a condition says.

    y = (1 + W_g c) · (x − μ) / √(σ² + ε) + W_b c

    μ and σ² are those of the batch in training and moving averages at inference. With c = 0 this is
    plain batch normalisation at its start. c is a one-hot label, an embedding, or an embedding
    joined with a part of z.

    Args:
        momentum, epsilon: as in `keras.layers.BatchNormalization`.
        spectral: whether W_g and W_b are divided by their spectral norm, as in BigGAN.
        kernel_initializer: of W_g and W_b.

    Call:
        [x, condition], float tensors (N, H, W, C) or (N, C), and (N, d) -> the shape and dtype of
        x.

    Source:
        de Vries et al., Modulating early visual processing by language, 2017, eqs. (4) and (5);
        Brock et al., Large Scale GAN Training, 2019, appendix B (shared embedding, no intercept).

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.ConditionalBatchNormalization()([keras.ops.ones((2, 8, 8, 3)), keras.ops.ones((2, 10))]).shape)
        (2, 8, 8, 3)
    """

    def __init__(
        self,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        spectral: bool = False,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon
        self.spectral = spectral
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        x_shape, condition_shape = input_shape
        self.normalization = layers.BatchNormalization(
            momentum=self.momentum,
            epsilon=self.epsilon,
            center=False,
            scale=False,
            name="normalization",
            dtype=self.dtype_policy,
        )
        self.normalization.build(x_shape)
        self.gain = self._linear(x_shape[-1], "gain", condition_shape)
        self.bias = self._linear(x_shape[-1], "bias", condition_shape)

    def call(self, inputs, training=False):
        x, condition = inputs
        gain = 1.0 + per_channel(self.gain(condition, training=training), x)
        bias = per_channel(self.bias(condition, training=training), x)
        return gain * self.normalization(x, training=training) + bias

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "spectral": self.spectral,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    def _linear(self, units, name, input_shape):
        kind = SpectralDense if self.spectral else layers.Dense
        layer = kind(
            units,
            use_bias=False,
            kernel_initializer=fresh(self.kernel_initializer),
            name=name,
            dtype=self.dtype_policy,
        )
        layer.build(input_shape)
        return layer


def per_channel(vector, x):
    """Reshapes (N, C) so that it broadcasts over the positions of x, (N, ..., C)."""
    return keras.ops.reshape(vector, (-1,) + (1,) * (len(x.shape) - 2) + (x.shape[-1],))
