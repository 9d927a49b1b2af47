"""Initial weights from NumPy's draws: alike on every backend, and nothing for JAX to compile.

JAX compiles a program for the draw of each shape of kernel; for the networks of a notebook that is as
much work as compiling their training. Each draw follows Python's random state, which `course_utils.start`
and `keras.utils.set_random_seed` seed.
"""

import functools
import math
import random

import keras
import numpy as np
from keras import layers


class _FromNumPy(keras.initializers.Initializer):
    """An initializer whose numbers NumPy draws; it hands out another array at each call."""

    def __call__(self, shape, dtype=None):
        """Draws an array of this shape; dtype is the name of a float type, float32 if None."""
        rng = np.random.default_rng(random.getrandbits(64))
        return self._draw(rng, tuple(shape)).astype(dtype or "float32")

    def get_config(self):
        return {}


@keras.saving.register_keras_serializable("course_utils")
class GlorotUniform(_FromNumPy):
    """Draws a kernel of a dense or convolutional layer.

        w ~ U(−l, l),   l = √(6 / (fan_in + fan_out))

    Shape: (…, inputs, outputs); the axes before the last two are the kernel's window.

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, eq. (16).
    """

    def _draw(self, rng, shape):
        limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        return rng.uniform(-limit, limit, shape)


@keras.saving.register_keras_serializable("course_utils")
class ScaledNormal(_FromNumPy):
    """Draws normal numbers whose variance is a multiple of 1 / fan_in.

        w ~ N(0, scale / fan_in)

    Args:
        scale: positive float; 2 keeps the signal's size through ReLU layers.

    Source: He et al., "Delving Deep into Rectifiers", 2015, eq. (10).
    """

    def __init__(self, scale):
        self.scale = scale

    def _draw(self, rng, shape):
        return rng.normal(0.0, math.sqrt(self.scale / math.prod(shape[:-1])), shape)

    def get_config(self):
        return {"scale": self.scale}


@keras.saving.register_keras_serializable("course_utils")
class Normal(_FromNumPy):
    """Draws normal numbers that take no heed of the kernel's size.

        w ~ N(0, stddev²)

    Args:
        stddev: positive float; 0.02 in DCGAN and in the published 32-pixel BigGAN.

    Source: Radford et al., Unsupervised Representation Learning with DCGANs, 2016, section 4.
    """

    def __init__(self, stddev):
        self.stddev = stddev

    def _draw(self, rng, shape):
        return rng.normal(0.0, self.stddev, shape)

    def get_config(self):
        return {"stddev": self.stddev}


@keras.saving.register_keras_serializable("course_utils")
class Orthogonal(_FromNumPy):
    """Draws a kernel whose columns, as a matrix (-1, out), are orthonormal, or its rows where those are fewer.

        WᵀW = I,  or  W Wᵀ = I

    Every such matrix is as likely as any other. Shape: (…, out), at least two axes; the axes before the
    last are joined.

    Source: Saxe et al., Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural
    Networks, 2014; the signs that make the draw uniform: Mezzadri, 2007, section 5.
    """

    def _draw(self, rng, shape):
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        q = q * np.sign(np.diag(r))
        return (q if rows >= columns else q.T).reshape(shape)


# As in `keras.initializers`, each has a name in small letters; the two without arguments are ready to be called.
glorot_uniform, orthogonal = GlorotUniform(), Orthogonal()
normal, scaled_normal = Normal, ScaledNormal

# Keras's layers whose kernel starts so.
dense = functools.partial(layers.Dense, kernel_initializer=glorot_uniform)
conv2d = functools.partial(layers.Conv2D, kernel_initializer=glorot_uniform)
conv2d_transpose = functools.partial(layers.Conv2DTranspose, kernel_initializer=glorot_uniform)
