"""The layer that makes a network work against what stands behind it."""

import keras
from keras import ops


def reverse(x, strength=1.0):
    """Lets x pass unchanged, and its gradient turned round and scaled.

        y = −λx + sg((1 + λ)x),   dy/dx = −λ

    It is computed as sg(x) + λ (sg(x) − x), in which nothing is rounded: y is x bit for bit.

    Args:
        x: tensor of any shape, float.
        strength: λ, number or scalar tensor.

    Returns:
        Tensor like x.

    Source: Ganin et al., Domain-Adversarial Training of Neural Networks, 2016, eqs. (15) and (16).
    """
    fixed = ops.stop_gradient(x)
    return fixed + ops.cast(strength, x.dtype) * (fixed - x)


@keras.saving.register_keras_serializable("course_utils")
class GradientReversal(keras.layers.Layer):
    """`reverse` as a layer: the identity on the way forwards, −λ times the gradient on the way back.

    Args:
        strength: λ, a finite float ≥ 0.

    Call:
        float tensor of any shape -> the same tensor.

    Raises:
        ValueError: the strength is negative or not finite.

    Source:
        Ganin et al., Domain-Adversarial Training of Neural Networks, 2016, section 4.2.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> y = layers.GradientReversal(0.5)(keras.ops.array([[1.0, 2.0]]))
        >>> [float(number) for number in y[0]]
        [1.0, 2.0]
    """

    def __init__(self, strength=1.0, **kwargs):
        super().__init__(**kwargs)
        if not 0 <= strength < float("inf"):
            raise ValueError(
                f"Found strength={strength}, expected a finite number ≥ 0: the layer itself turns the gradient round."
            )
        self.strength = float(strength)

    def call(self, inputs):
        return reverse(inputs, self.strength)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}
