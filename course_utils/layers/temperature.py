"""How sharply similarities are read: a scale that is learned, and held below a limit."""

import math

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("course_utils")
class AtMost(keras.constraints.Constraint):
    """Holds every weight at or below a limit after each update: w ← min(w, limit)."""

    def __init__(self, limit):
        self.limit = float(limit)

    def __call__(self, w):
        return ops.minimum(w, self.limit)

    def get_config(self):
        return {"limit": self.limit}


@keras.saving.register_keras_serializable("course_utils")
class Temperature(layers.Layer):
    """Multiplies similarities by a learned scale, the inverse of a temperature.

        ℓ = s · c,   s = exp(a),   a ← min(a, log most) after each update

    The logarithm is learned, so that a step multiplies. Without the limit s could grow until one row decides the loss.

    Args:
        start: temperature 1 / s at the start, 0.07 in CLIP.
        most: the largest s, 100 in CLIP.

    Call:
        tensor (…), float -> the same shape.

    Raises:
        ValueError: a start that is not positive, or beyond the limit.

    Source: Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021, section 2.5.
    """

    def __init__(self, start=0.07, most=100.0, **kwargs):
        super().__init__(**kwargs)
        if not 0 < 1 / most <= start:
            raise ValueError(
                f"Found a temperature of {start} and a scale of {most} at most, expected a temperature of at least "
                "1 / most and more than 0; take 0.07 and 100."
            )
        self.start, self.most = float(start), float(most)

    def build(self, input_shape):
        self.log_scale = self.add_weight(
            name="log_scale", shape=(), constraint=AtMost(math.log(self.most)),
            initializer=keras.initializers.Constant(-math.log(self.start)),
        )  # fmt: skip

    @property
    def scale(self):
        """s, a tensor."""
        return ops.exp(ops.convert_to_tensor(self.log_scale))

    def call(self, inputs):
        return inputs * ops.cast(self.scale, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "start": self.start, "most": self.most}
