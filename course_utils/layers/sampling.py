"""The reparameterised draw from a Gaussian posterior."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("course_utils")
class Sampling(keras.layers.Layer):
    """Draws from a diagonal Gaussian so that gradients reach its parameters.

    z = μ + exp(½ log σ²) · ε,  ε ~ N(0, I)

    Args:
        seed: int, or None for one drawn from Python's seeded generator.

    Call:
        [z_mean, z_log_var], two float tensors of one shape (N, d) -> z (N, d), float, a new draw at
        each call.

    Raises:
        ValueError: the two shapes differ.

    Source:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014, eq. (10).

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.Sampling(seed=0)([keras.ops.ones((2, 3)), keras.ops.ones((2, 3))]).shape)
        (2, 3)
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        z_mean, z_log_var = input_shape
        if tuple(z_mean) != tuple(z_log_var):
            raise ValueError(
                f"Found z_mean of shape {tuple(z_mean)} and z_log_var of shape {tuple(z_log_var)}, "
                "expected one shape for both; give the two heads of the encoder as many units each."
            )

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator, dtype=z_mean.dtype)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}
