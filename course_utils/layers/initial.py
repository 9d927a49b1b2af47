"""Layers whose weights start from NumPy's draws: alike on every backend, and nothing for JAX to compile.

JAX compiles a program for the draw of each shape of kernel; for the networks of a notebook that is as
much work as compiling their training.
"""

import functools
import math
import random

import numpy as np
from keras import layers


def glorot_uniform(shape, dtype=None):
    """Draws a kernel of a dense or convolutional layer.

        w ~ U(−l, l),   l = √(6 / (fan_in + fan_out))

    The draw follows Python's random state, which `course_utils.start` and
    `keras.utils.set_random_seed` seed.

    Args:
        shape: (…, inputs, outputs); the axes before the last two are the kernel's window.
        dtype: name of a float type; float32 if None.

    Returns:
        Array of this shape.

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010, eq. (16).
    """
    limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    return _rng().uniform(-limit, limit, shape).astype(dtype or "float32")


def scaled_normal(scale):
    """Returns an initializer whose variance is a multiple of 1 / fan_in.

        w ~ N(0, scale / fan_in)

    Args:
        scale: positive float; 2 keeps the signal's size through ReLU layers.

    Returns:
        Function (shape, dtype) -> array, to be used as `glorot_uniform`.

    Source: He et al., "Delving Deep into Rectifiers", 2015, eq. (10).
    """

    def draw(shape, dtype=None):
        return _rng().normal(0.0, math.sqrt(scale / math.prod(shape[:-1])), shape).astype(dtype or "float32")

    return draw


def normal(stddev):
    """Returns an initializer of normal numbers that takes no heed of the kernel's size.

        w ~ N(0, stddev²)

    Args:
        stddev: positive float; 0.02 in DCGAN and in the published 32-pixel BigGAN.

    Returns:
        Function (shape, dtype) -> array, to be used as `glorot_uniform`.

    Source: Radford et al., Unsupervised Representation Learning with DCGANs, 2016, section 4.
    """

    def draw(shape, dtype=None):
        return _rng().normal(0.0, stddev, shape).astype(dtype or "float32")

    return draw


def orthogonal(shape, dtype=None):
    """Draws a kernel whose columns, as a matrix (-1, out), are orthonormal, or its rows where those are fewer.

        WᵀW = I,  or  W Wᵀ = I

    Args:
        shape: (…, out), at least two axes; the axes before the last are joined.
        dtype: name of a float type; float32 if None.

    Returns:
        Array of this shape, every such matrix as likely as any other.

    Source: Saxe et al., Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural
    Networks, 2014; the signs that make the draw uniform: Mezzadri, 2007, section 5.
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(_rng().normal(size=(max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return (q if rows >= columns else q.T).reshape(shape).astype(dtype or "float32")


def _rng():
    return np.random.default_rng(random.getrandbits(64))


Dense = functools.partial(layers.Dense, kernel_initializer=glorot_uniform)
Conv2D = functools.partial(layers.Conv2D, kernel_initializer=glorot_uniform)
Conv2DTranspose = functools.partial(layers.Conv2DTranspose, kernel_initializer=glorot_uniform)
