"""Penalties on a critic's gradient or weights, without their coefficient: that stands in the
player's loss.

The gradient penalties differentiate the critic with respect to its input, in a way that can be
differentiated again with respect to the critic's weights. A critic that is a Keras layer is called
with `training=False`: a penalty must neither draw dropout masks nor move a power iteration or a
moving average.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from course_utils import backend
from course_utils.losses import Tensor, shapes_differ

Critic = keras.Model | Callable[[Tensor], Tensor]
Seed = keras.random.SeedGenerator | int

EPSILON = 1e-12  # inside the root: its derivative at 0 would be infinite
# Layers that resize, also when they only predict, and what `keras.ops.image` puts into a functional model.
INTERPOLATIONS = (
    "Resizing", "CenterCrop", "RandomCrop", "Resize", "AffineTransform", "PerspectiveTransform", "MapCoordinates",
)  # fmt: skip


def gradient_penalty(
    critic: Critic, real: Tensor, fake: Tensor, seed: Seed, one_sided: bool = False
) -> Tensor:
    """Mean squared distance of the critic's slope from 1, between real and fake examples.

    E (‖∇f(x̂)‖₂ − 1)²,  x̂ = ε x + (1 − ε) G(z),  ε ~ U[0, 1], one number per example

    One-sided: E max(0, ‖∇f(x̂)‖₂ − 1)², which leaves slopes below 1 alone. The norm runs over all
    axes but the batch. Logits per patch are summed, so the slope is that of an example's sum.

    Args:
        critic: keras.Model or any function, (N, ...) -> (N,), (N, 1) or one logit per patch;
            without batch normalisation, which would make an example's score depend on the other
            examples.
        real: tensor (N, ...), float.
        fake: tensor of the same shape, float; the gradient also flows to it.
        seed: keras.random.SeedGenerator (inside a compiled step) or int.
        one_sided: whether slopes below 1 are free.

    Returns:
        Scalar float32, without the coefficient λ (10 in the paper).

    Raises:
        ValueError: the shapes differ, or the critic holds batch normalisation.

    Source:
        Gulrajani et al., Improved Training of Wasserstein GANs, 2017, eq. (3) and section 4.

    Example:
        >>> from course_utils import penalties
        >>> round(float(penalties.gradient_penalty(lambda x: 3 * x[:, 0], [[1.0]], [[2.0]], seed=0)), 3)  # (3 − 1)²
        4.0
    """
    real, fake = _examples(real, "real"), _examples(fake, "fake")
    if shapes_differ(real, fake):
        raise ValueError(
            f"Found real examples of shape {tuple(real.shape)} and fake ones of shape "
            f"{tuple(fake.shape)}, expected one shape for both; draw as many fake as real ones."
        )
    one_each = (ops.shape(real)[0],) + (1,) * (len(real.shape) - 1)  # (N, 1, ..., 1)
    epsilon = keras.random.uniform(one_each, seed=seed, dtype=real.dtype)
    excess = _slope(critic, epsilon * real + (1 - epsilon) * ops.cast(fake, real.dtype)) - 1.0
    return ops.mean(ops.square(ops.relu(excess) if one_sided else excess))


def r1(critic: Critic, real: Tensor) -> Tensor:
    """Half the mean squared slope of the critic at real examples.

    R₁ = ½ E ‖∇f(x)‖₂², to be multiplied by γ

    Args:
        critic: as in `gradient_penalty`.
        real: tensor (N, ...), float.

    Returns:
        Scalar float32, without the coefficient γ (10 in the paper, smaller for small images).

    Raises:
        ValueError: the critic holds batch normalisation.

    Source:
        Mescheder et al., Which Training Methods for GANs do actually Converge?, 2018, eq. (9).

    Example:
        >>> from course_utils import penalties
        >>> float(penalties.r1(lambda x: 3 * x[:, 0], [[1.0], [2.0]]))  # ½ · 3²
        4.5
    """
    return 0.5 * ops.mean(_squared_slope(critic, _examples(real, "real")))


def dragan(critic: Critic, real: Tensor, seed: Seed, scale: float = 0.5) -> Tensor:
    """Mean squared distance of the critic's slope from 1, in a cloud around the real examples.

    E (‖∇f(x + δ)‖₂ − 1)²,  δ ~ N(0, c² I),  c = scale · (standard deviation of the batch)

    Args:
        critic: as in `gradient_penalty`.
        real: tensor (N, ...), float.
        seed: keras.random.SeedGenerator (inside a compiled step) or int.
        scale: width of the cloud in standard deviations of the batch (over all its numbers).

    Returns:
        Scalar float32, without the coefficient λ (10 in the paper).

    Raises:
        ValueError: the critic holds batch normalisation.

    Source:
        Kodali et al., On Convergence and Stability of GANs, 2017; the width relative to the batch
        follows the authors' program, which draws δ uniformly instead.

    Example:
        >>> from course_utils import penalties
        >>> round(float(penalties.dragan(lambda x: 3 * x[:, 0], [[1.0], [2.0]], seed=0)), 3)  # (3 − 1)²
        4.0
    """
    real = _examples(real, "real")
    noise = keras.random.normal(ops.shape(real), seed=seed, dtype=real.dtype)
    return ops.mean(ops.square(_slope(critic, real + scale * ops.std(real) * noise) - 1.0))


def slopes(critic: Critic, examples: np.ndarray, chunk: int = 500) -> np.ndarray:
    """Measures how steep a critic is at each example; not for a loss, since nothing flows back.

    ‖∇f(x)‖₂

    Args:
        critic: keras.Model, (N, ...) -> (N, 1).
        examples: array (N, ...), float32: images in [-1, 1] or points.
        chunk: examples judged at once.

    Returns:
        Array (N,), float32.
    """
    found = []
    for start in range(0, len(examples), chunk):
        x = _examples(examples[start : start + chunk], "the")
        gradient = backend.input_gradient(lambda x: critic(x, training=False), x)
        gradient = ops.convert_to_numpy(ops.stop_gradient(gradient))
        found.append(np.linalg.norm(gradient.reshape(len(gradient), -1), axis=1))
    return np.concatenate(found)


def orthogonal(kernel: Tensor, off_diagonal: bool = True) -> Tensor:
    """Squared distance of a kernel's columns from being orthogonal.

    off_diagonal:  ‖WᵀW ⊙ (1 − I)‖²_F, which leaves the columns' lengths free;
    otherwise:     ‖WᵀW − I‖²_F, which also asks for length 1.

    Args:
        kernel: tensor or variable (..., out), float; a convolution's kernel is reshaped to (-1,
            out).
        off_diagonal: which of the two forms.

    Returns:
        Scalar float32, without the coefficient β (1e-4 in the paper).

    Source:
        Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019, eqs.
        (2) and (3).

    Example:
        >>> from course_utils import penalties
        >>> float(penalties.orthogonal([[1.0, 2.0], [3.0, 4.0]]))  # WᵀW has 14 beside its diagonal, twice
        392.0
    """
    kernel = ops.cast(ops.convert_to_tensor(kernel), "float32")
    kernel = ops.reshape(kernel, (-1, kernel.shape[-1]))
    gram = ops.matmul(ops.transpose(kernel), kernel)  # (out, out)
    identity = ops.eye(kernel.shape[-1], dtype="float32")
    return ops.sum(ops.square(gram * (1.0 - identity) if off_diagonal else gram - identity))


@keras.saving.register_keras_serializable("course_utils")
class ClipConstraint(keras.constraints.Constraint):
    """Clips every weight to [−c, c] after each update.

    w ← min(max(w, −c), c)

    Args:
        c: positive float (0.01 in the paper).

    Raises:
        ValueError: c is not positive.

    Source:
        Arjovsky et al., Wasserstein GAN, 2017, algorithm 1, line 7.

    Example:
        >>> import keras
        >>> from course_utils import penalties
        >>> [round(float(w), 3) for w in penalties.ClipConstraint(0.01)(keras.ops.array([-1.0, 0.001]))]
        [-0.01, 0.001]
    """

    def __init__(self, c: float):
        if not c > 0:
            raise ValueError(f"Found a clipping limit c = {c}, expected a positive number; the paper takes 0.01.")
        self.c = float(c)

    def __call__(self, w):
        return ops.clip(w, -self.c, self.c)

    def get_config(self):
        return {"c": self.c}


def _slope(critic, x):
    return ops.sqrt(_squared_slope(critic, x) + EPSILON)  # (N,)


def _squared_slope(critic, x):
    gradient = ops.cast(backend.input_gradient(_frozen(critic), x), "float32")
    return ops.sum(ops.square(gradient), axis=tuple(range(1, len(gradient.shape))))  # (N,)


def _examples(x, name):
    """The examples as a tensor of a float type: with respect to bytes the slope would be 0, or an error."""
    x = ops.convert_to_tensor(x)
    if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype)):
        raise TypeError(
            f"Found {name} examples of type {keras.backend.standardize_dtype(x.dtype)}, expected a float type; scale "
            "images with course_utils.data.scale first."
        )
    return x


def _frozen(critic):
    if not isinstance(critic, keras.Layer):
        return critic
    # Keras has no public walk over nested layers, and a custom layer's parts are not in `Model.layers`.
    for layer in critic._flatten_layers():
        for part in (layer, *getattr(layer, "operations", ())):  # a functional model's operations are not all layers
            _refuse(part, critic)
    return lambda x: critic(x, training=False)


def _refuse(layer, critic):
    where = f"in the critic {critic.name!r}"
    if isinstance(layer, keras.layers.BatchNormalization):
        raise ValueError(
            f"Found batch normalisation ({layer.name!r}) {where}, expected none under a gradient penalty because it "
            "couples the examples of a batch; use LayerNormalization or nothing."
        )
    if isinstance(layer, keras.layers.SpectralNormalization):
        raise ValueError(
            f"Found Keras's SpectralNormalization ({layer.name!r}) {where}, expected none under a gradient penalty "
            "because its gradient is wrong on some backends; use course_utils.layers.SpectralConv2D or SpectralDense."
        )
    if backend.name() == "tensorflow" and _interpolates(layer):
        raise ValueError(
            f"Found an interpolation ({layer.name!r}, {type(layer).__name__}) {where}, expected none under a gradient "
            "penalty on TensorFlow, whose second derivative of it is wrong or missing; use "
            "course_utils.layers.BlurUpSampling2D and BlurPooling2D, or UpSampling2D with 'nearest'."
        )


def _interpolates(layer):
    """Whether a layer, or an operation of `keras.ops.image`, goes through TensorFlow's resize or warps pixels."""
    if isinstance(layer, keras.layers.UpSampling2D):
        return layer.interpolation != "nearest"
    return any(kind.__name__ in INTERPOLATIONS for kind in type(layer).__mro__)
