"""Spectral normalisation: layers whose kernel, as a matrix, has largest singular value 1.

Keras's own `SpectralNormalization` wrapper is not used: on TensorFlow and torch it overwrites the
kernel and loses the term of the gradient that goes through σ, on JAX it predicts with the raw
kernel.
"""

import keras
import numpy as np
from keras import ops

from course_utils.layers.variables import OwnVariables

TINY = 1e-12  # below this a norm counts as zero


class SpectralKernel(OwnVariables):
    """Divides a kernel by its largest singular value; to be mixed into a Keras layer.

    W̄ = W / σ,  σ = vᵀ W u,  v = W u / ‖W u‖,  u ← Wᵀ v / ‖Wᵀ v‖ once per call in training

    W is the kernel as a matrix (-1, out). u starts as its first right singular vector. The gradient
    takes u and v as constants, so with a converged u it is the exact one of W / σ(W), with G = ∂L/∂W̄:

    ∂L/∂W = (G − ⟨G, W̄⟩ v uᵀ) / σ

    At inference nothing is written. A zero kernel stays zero.

    For a convolution this bounds the matrix, not the operator: the operator's norm can be up to
    √(kernel height · kernel width) times larger.

    Source:
        Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018, eqs. (8) to
        (12), algorithm 1.
    """

    def build(self, input_shape=None):
        super().build(input_shape)
        self.u = self.add_weight(
            name="u",
            shape=(self._variable().shape[-1],),
            initializer=self._converged,
            trainable=False,
            autocast=False,  # float32 under mixed precision
            aggregation="only_first_replica",  # each replica computes the same u
        )

    def call(self, inputs, training=False):
        if training:
            self.u.assign(_power_iteration(_matrix(self._variable()), self.u))
        return super().call(inputs)

    def sigma(self):
        """The raw kernel's largest singular value, as power iteration knows it; scalar float32."""
        return _sigma(_matrix(self._variable()), self.u)

    def settle(self):
        """Brings u up to date, exactly. In training it is one update of the kernel behind, and σ a little too small."""
        self.u.assign(self._converged(self.u.shape, self.u.dtype))

    def normalized(self):
        """The kernel that the layer multiplies with, W / σ."""
        kernel = ops.convert_to_tensor(self._variable())
        sigma = _sigma(_matrix(kernel), self.u)
        divisor = ops.where(sigma > TINY, sigma, 1.0)
        return ops.cast(ops.cast(kernel, sigma.dtype) / divisor, kernel.dtype)

    def _converged(self, shape, dtype=None):
        # Exact, by NumPy and once: 15 power iterations would leave the layer's norm up to 1.03.
        matrix = ops.convert_to_numpy(self._variable()).reshape(-1, shape[0]).astype("float64")
        if len(matrix) < shape[0]:  # a wide layer, such as a generator's first: by way of its few rows
            _, vectors = np.linalg.eigh(matrix @ matrix.T)  # eigenvalues ascend
            u = vectors[:, -1] @ matrix
            u = u if np.any(u) else np.ones(shape)  # of a zero kernel
            return ops.convert_to_tensor(u / np.linalg.norm(u), dtype)
        _, vectors = np.linalg.eigh(matrix.T @ matrix)
        return ops.convert_to_tensor(vectors[:, -1], dtype)


@keras.saving.register_keras_serializable("course_utils")
class SpectralDense(SpectralKernel, keras.layers.Dense):
    """`keras.layers.Dense` with a kernel of spectral norm 1.

    y = activation(x W / σ(W) + b)

    Args: those of `keras.layers.Dense`.
    Call: tensor (..., in), float -> (..., units), float.
    Source: see `SpectralKernel`.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.SpectralDense(3)(keras.ops.ones((2, 5))).shape)
        (2, 3)
    """

    def _variable(self):
        return self._kernel

    @property
    def kernel(self):
        return self.normalized()


@keras.saving.register_keras_serializable("course_utils")
class SpectralConv2D(SpectralKernel, keras.layers.Conv2D):
    """`keras.layers.Conv2D` with a kernel whose matrix (kernel height · kernel width · in, out) has
    spectral norm 1.

    y = activation(x ∗ W / σ(W) + b)

    Args: those of `keras.layers.Conv2D`.
    Call: tensor (N, H, W, in), float -> (N, H', W', filters), float.
    Source: see `SpectralKernel`.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.SpectralConv2D(3, 3, padding="same")(keras.ops.ones((2, 8, 8, 1))).shape)
        (2, 8, 8, 3)
    """

    def _variable(self):
        return self._kernel

    @property
    def kernel(self):
        return self.normalized()


@keras.saving.register_keras_serializable("course_utils")
class SpectralEmbedding(SpectralKernel, keras.layers.Embedding):
    """`keras.layers.Embedding` whose table (classes, features) has spectral norm 1.

    y = (E / σ(E))[label]

    The projection critic of BigGAN multiplies such a vector with the image's features.

    Args: those of `keras.layers.Embedding`.
    Call: integer tensor (...), in [0, classes) -> (..., features), float.
    Source: Miyato and Koyama, cGANs with Projection Discriminator, 2018; see `SpectralKernel`.

    Example:
        >>> import keras
        >>> from course_utils import layers
        >>> tuple(layers.SpectralEmbedding(10, 3)(keras.ops.ones((2,), "int32")).shape)
        (2, 3)
    """

    def _variable(self):
        return self._embeddings

    @property
    def embeddings(self):
        return self.normalized()

    def compute_output_spec(self, inputs, training=False):
        return super().compute_output_spec(inputs)  # Embedding's own does not know `training`


def _matrix(kernel):
    kernel = ops.convert_to_tensor(kernel)
    precise = keras.backend.result_type(kernel.dtype, "float32")
    return ops.cast(ops.reshape(kernel, (-1, kernel.shape[-1])), precise)  # (rows, out)


def _power_iteration(matrix, u):
    matrix, u = ops.stop_gradient(matrix), ops.convert_to_tensor(u)
    v = _unit(ops.matmul(matrix, u), otherwise=0.0)
    return _unit(ops.matmul(v, matrix), otherwise=u)  # a zero kernel must not leave u at zero for ever


def _sigma(matrix, u):
    frozen = ops.stop_gradient(matrix)
    u = ops.stop_gradient(ops.convert_to_tensor(u))
    v = _unit(ops.matmul(frozen, u), otherwise=0.0)
    # The outer product, not two matrix-vector products: torch keeps what a product needs for its
    # gradient, and the next call in training writes u in place.
    return ops.sum(matrix * (v[:, None] * u[None, :]))


def _unit(x, otherwise):
    norm = ops.sqrt(ops.sum(ops.square(x)))
    return ops.where(norm > TINY, x / ops.maximum(norm, TINY), otherwise)
