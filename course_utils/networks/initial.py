"""Initial weights drawn with NumPy: the same on every backend, and nothing for JAX to compile."""

import math
import random

import numpy as np


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
    draw = np.random.default_rng(random.getrandbits(64)).uniform(-limit, limit, shape)
    return draw.astype(dtype or "float32")
