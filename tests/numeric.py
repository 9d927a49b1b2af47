"""Gradients two ways: by the backend, and by central differences in float64."""

import numpy as np
from keras import ops

from course_utils import backend


def array(tensor):
    """A tensor or variable of any backend as a NumPy array."""
    return ops.convert_to_numpy(ops.stop_gradient(ops.convert_to_tensor(tensor)))


def gradients(function, variables):
    """The backend's gradients of the scalar `function()` with respect to variables, as arrays."""
    _, found = backend.value_and_grad(lambda: (function(), ()), variables)
    return [array(g) for g in found]


def input_gradient(function, x):
    """The backend's gradient of the sum of `function(x)` with respect to x, as an array."""
    return array(backend.input_gradient(function, ops.convert_to_tensor(x)))


def central_differences(function, x, step=1e-5):
    """The gradient of a NumPy function of an array, in float64."""
    x = np.array(x, "float64")
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        kept = x[index]
        x[index] = kept + step
        above = function(x)
        x[index] = kept - step
        gradient[index] = (above - function(x)) / (2 * step)
        x[index] = kept
    return gradient
