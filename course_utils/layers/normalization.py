"""Layers without weights that normalise a vector or look across the batch."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("course_utils")
class PixelNormalization(keras.layers.Layer):
    """Scales the channel vector at each position to mean square 1.

    y = x / √(mean_c x_c² + ε)

    Args:
        epsilon: added to the mean square.

    Call:
        tensor (N, ..., C), float -> the same shape and dtype.

    Source:
        Karras et al., Progressive Growing of GANs, 2018, section 4.2.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> [round(float(y), 3) for y in layers.PixelNormalization()(keras.ops.ones((1, 2)) * 5.0)[0]]
        [1.0, 1.0]
    """

    def __init__(self, epsilon: float = 1e-8, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        x = x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + self.epsilon)
        return ops.cast(x, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("course_utils")
class MinibatchStdDev(keras.layers.Layer):
    """Appends one channel that tells how much the examples of a group differ.

    s = mean over positions and channels of √(Var over the group + ε), the same number for a whole
    group

    A batch of N is split into N / g groups of examples i, i + N/g, i + 2N/g, …; a batch smaller
    than g is one group.

    Args:
        group_size: g, examples per group; N must be a multiple of it.
        epsilon: added to the variance.

    Call:
        tensor (N, ..., C), float -> (N, ..., C + 1), the same dtype.

    Raises:
        ValueError: N is not a multiple of g.

    Source:
        Karras et al., Progressive Growing of GANs, 2018, section 3; groups as in the authors'
        program.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.MinibatchStdDev(group_size=2)(keras.ops.ones((4, 4, 4, 8))).shape)
        (4, 4, 4, 9)
    """

    def __init__(self, group_size: int = 4, epsilon: float = 1e-8, **kwargs):
        super().__init__(**kwargs)
        self.group_size = group_size
        self.epsilon = epsilon

    def call(self, inputs):
        batch, *rest = ops.shape(inputs)
        group = self._group(batch)
        x = ops.reshape(ops.cast(inputs, "float32"), (group, -1, *rest))  # (g, N/g, ..., C)
        deviation = ops.sqrt(ops.var(x, axis=0) + self.epsilon)  # (N/g, ..., C)
        axes = tuple(range(1, len(deviation.shape)))
        statistic = ops.mean(deviation, axis=axes, keepdims=True)  # (N/g, 1, ..., 1)
        statistic = ops.tile(statistic, (group,) + (1,) * len(axes))  # (N, 1, ..., 1)
        channel = ops.broadcast_to(statistic, (batch, *rest[:-1], 1))
        return ops.concatenate([inputs, ops.cast(channel, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self):
        return {**super().get_config(), "group_size": self.group_size, "epsilon": self.epsilon}

    def _group(self, batch):
        if not isinstance(batch, int):  # unknown while TensorFlow traces
            return ops.minimum(self.group_size, batch)
        group = min(self.group_size, batch)
        if batch % group:
            raise ValueError(
                f"Found a batch of {batch} examples, expected a multiple of the group size "
                f"{group}; change the batch size or `group_size`."
            )
        return group
