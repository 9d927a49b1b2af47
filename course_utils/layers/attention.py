"""Self-attention over the positions of an image."""

import keras
from keras import layers, ops

from course_utils.layers.spectral import SpectralConv2D
from course_utils.layers.variables import fresh


@keras.saving.register_keras_serializable("course_utils")
class SelfAttention2D(layers.Layer):
    """Adds to each position a weighted mean over all positions, through a gate that starts at zero.

    y = x + γ · O(A g(x)),  A = softmax(θ(x) φ(x)ᵀ)

    θ, φ, g and O are 1×1 convolutions without bias, to C/8, C/8, C/2 and C channels. Keys φ and
    values g are max pooled 2×2, so each of the H·W queries attends to a quarter as many keys. The
    scores are not scaled.

    Args:
        spectral: whether the four kernels are divided by their spectral norm, as in SAGAN and
            BigGAN.
        kernel_initializer: of the four kernels.

    Call:
        tensor (N, H, W, C), float -> the same shape and dtype. At the start the layer is the
        identity.

    Source:
        Zhang et al., Self-Attention Generative Adversarial Networks, 2019, eqs. (1) to (3); the
        pooling is in the authors' program and in BigGAN's.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> float(keras.ops.max(layers.SelfAttention2D()(keras.ops.ones((2, 8, 8, 16)))))  # the identity at the start
        1.0
    """

    def __init__(self, spectral: bool = False, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.spectral = spectral
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        channels = input_shape[-1]
        narrow, half = max(1, channels // 8), max(1, channels // 2)
        self.query = self._convolution(narrow, "query", input_shape)
        self.key = self._convolution(narrow, "key", input_shape)
        self.value = self._convolution(half, "value", input_shape)
        self.output_projection = self._convolution(channels, "output", (*input_shape[:-1], half))
        self.pool = layers.MaxPooling2D(2, padding="same", data_format="channels_last", dtype=self.dtype_policy)
        self.gate = self.add_weight(name="gate", shape=(), initializer="zeros")

    def call(self, inputs, training=False):
        _, height, width, _ = ops.shape(inputs)
        attention = self._attention(inputs, training)  # (N, H·W, keys)
        value = _positions(self.pool(self.value(inputs, training=training)))  # (N, keys, C/2)
        mixed = ops.matmul(ops.cast(attention, value.dtype), value)  # (N, H·W, C/2)
        mixed = ops.reshape(mixed, (-1, height, width, mixed.shape[-1]))
        return inputs + self.gate * self.output_projection(mixed, training=training)

    def attention_map(self, inputs):
        """Where each position looks.

        Args:
            inputs: tensor (N, H, W, C), float, as the layer is called with.

        Returns:
            Tensor (N, H, W, ⌈H/2⌉, ⌈W/2⌉), float32: for each query the weights of the pooled keys,
            which sum to 1.
        """
        inputs = ops.convert_to_tensor(inputs)
        _, height, width, _ = ops.shape(inputs)
        shape = (-1, height, width, (height + 1) // 2, (width + 1) // 2)
        return ops.reshape(self._attention(inputs, training=False), shape)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "spectral": self.spectral,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }

    def _attention(self, inputs, training):
        query = _positions(self.query(inputs, training=training))  # (N, H·W, C/8)
        key = _positions(self.pool(self.key(inputs, training=training)))  # (N, keys, C/8)
        scores = ops.matmul(query, ops.transpose(key, (0, 2, 1)))  # (N, H·W, keys)
        return ops.softmax(ops.cast(scores, "float32"), axis=-1)

    def _convolution(self, filters, name, input_shape):
        kind = SpectralConv2D if self.spectral else layers.Conv2D
        layer = kind(
            filters,
            1,
            data_format="channels_last",
            use_bias=False,
            kernel_initializer=fresh(self.kernel_initializer),
            name=name,
            dtype=self.dtype_policy,
        )
        layer.build(input_shape)
        return layer


def _positions(x):
    _, height, width, channels = ops.shape(x)
    return ops.reshape(x, (-1, height * width, channels))
