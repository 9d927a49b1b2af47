"""StyleGAN's parts: style, noise and the learned start."""

import keras
from keras import ops

from course_utils.layers.conditional import per_channel
from course_utils.layers.equalized import EqualizedDense


@keras.saving.register_keras_serializable("course_utils")
class AdaIN(keras.layers.Layer):
    """Gives each channel of an image the mean and the deviation that a style asks for.

    y = s · (x − μ(x)) / σ(x) + b,  (s − 1, b) = A w

    μ and σ are over the positions of one image and one channel. A is a learned affine map (the
    block "A" of the paper's figure 1) whose output starts near zero shift and scale 1.

    Args:
        epsilon: added to the variance.

    Call:
        [x, style], float tensors (N, H, W, C) and (N, d) -> the shape and dtype of x.

    Source:
        Karras et al., A Style-Based Generator Architecture, 2019, eq. (1); Huang and Belongie,
        Arbitrary Style Transfer, 2017, eq. (8).

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.AdaIN()([keras.ops.ones((2, 8, 8, 3)), keras.ops.ones((2, 10))]).shape)
        (2, 8, 8, 3)
    """

    def __init__(self, epsilon: float = 1e-8, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        x_shape, style_shape = input_shape
        self.affine = EqualizedDense(2 * x_shape[-1], gain=1.0, name="affine", dtype=self.dtype_policy)
        self.affine.build(style_shape)

    def call(self, inputs):
        x, style = inputs
        scale, bias = self.scale_and_bias(style)
        wide = ops.cast(x, "float32")
        mean, variance = ops.mean(wide, (1, 2), keepdims=True), ops.var(wide, (1, 2), keepdims=True)
        normalized = ops.cast((wide - mean) * ops.rsqrt(variance + self.epsilon), x.dtype)
        return per_channel(scale, x) * normalized + per_channel(bias, x)

    def scale_and_bias(self, style):
        """The deviation and the mean that a style asks for: (N, d) -> two tensors (N, C)."""
        shift, bias = ops.split(self.affine(style), 2, axis=-1)
        return 1.0 + shift, bias

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable("course_utils")
class NoiseInjection(keras.layers.Layer):
    """Adds one noise image, scaled per channel by a learned strength that starts at zero.

    y = x + B · n,  n ~ N(0, 1), one number per position, shared by the channels

    Args:
        seed: int, or None for one drawn from Python's seeded generator.

    Call:
        tensor (N, H, W, C), float, and optionally `noise` (N, H, W, 1), float, in place of a draw
        -> the shape and dtype of x.

    Source:
        Karras et al., A Style-Based Generator Architecture, 2019, section 2 and figure 1 (block
        "B").

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> float(keras.ops.max(layers.NoiseInjection(seed=0)(keras.ops.ones((2, 8, 8, 3)))))  # no noise at the start
        1.0
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        self.strength = self.add_weight(name="strength", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs, noise=None):
        if noise is None:
            shape = (*ops.shape(inputs)[:-1], 1)
            noise = keras.random.normal(shape, seed=self.seed_generator, dtype=inputs.dtype)
        return inputs + self.strength * noise

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("course_utils")
class LearnedConstant(keras.layers.Layer):
    """Starts the synthesis: the same learned tensor for every example.

    Args:
        shape: of the constant, without the batch, such as (4, 4, 256).
        initializer: of the constant; the paper starts at ones.

    Call:
        any tensor (N, ...), of which only N is used -> (N, *shape), float.

    Source:
        Karras et al., A Style-Based Generator Architecture, 2019, section 2.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.LearnedConstant((4, 4, 8))(keras.ops.ones((2, 10))).shape)
        (2, 4, 4, 8)
    """

    def __init__(self, shape: tuple[int, ...], initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.constant = self.add_weight(name="constant", shape=self.shape, initializer=self.initializer)

    def call(self, inputs):
        return ops.broadcast_to(self.constant, (ops.shape(inputs)[0], *self.shape))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self):
        return {
            **super().get_config(),
            "shape": self.shape,
            "initializer": keras.initializers.serialize(self.initializer),
        }


@keras.saving.register_keras_serializable("course_utils")
class RunningMean(keras.layers.Layer):
    """Passes its input on, and keeps a running mean of what passes in training.

    y = x;  m ← m + (1 − momentum) · (mean over the batch of x − m)

    At the end of the mapping network m is the average style, which truncation needs.

    Args:
        momentum: in [0, 1); 0.995 in the authors' program.

    Call:
        tensor (N, d), float -> the same tensor. `moving_mean` is m, (d,), float32, zeros at the start.

    Source:
        Karras et al., A Style-Based Generator Architecture, 2019, appendix B, which takes the mean of
        many styles at once.
    """

    def __init__(self, momentum: float = 0.995, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum

    def build(self, input_shape):
        self.moving_mean = self.add_weight(
            name="moving_mean", shape=(input_shape[-1],), dtype="float32", initializer="zeros", trainable=False,
            autocast=False,
        )  # fmt: skip

    def call(self, inputs, training=False):
        if training:
            mean = ops.mean(ops.cast(ops.stop_gradient(inputs), "float32"), axis=0)
            self.moving_mean.assign(self.momentum * self.moving_mean + (1.0 - self.momentum) * mean)
        return inputs

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}
