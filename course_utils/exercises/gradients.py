"""Exercises that ask for a gradient: beside finite differences of the reference, or with respect to networks."""

import numpy as np
from keras import ops

from course_utils import backend

from . import calling, comparing
from .calling import Complaint, precise, tensors


def fault(answer, expected, args, index, rng):
    """Compares the gradient of an answer's sum, along one direction, with a central difference of the reference.

    Args:
        answer: the student's function of tensors.
        expected: the reference, of float64 arrays.
        args: one case.
        index: the number of the argument to differentiate with respect to.
        rng: NumPy generator, draws the direction.

    Returns:
        None, or what is wrong.
    """
    x, way = args[index], rng.normal(size=args[index].shape)

    def at(value, form):
        return *form(args[:index]), value, *form(args[index + 1 :])

    def total(step):
        return np.sum(expected(*at(precise(x) + step * way, precise)))

    try:
        slope = calling.call(lambda: backend.input_gradient(lambda t: answer(*at(t, tensors)), tensors(x)), ())
    except Complaint as complaint:
        return f"no gradient comes through; stay with keras.ops: {complaint}"
    slope = np.asarray(ops.convert_to_numpy(ops.stop_gradient(slope)), "float64")
    right = (total(1e-4) - total(-1e-4)) / 2e-4
    if np.isclose(np.sum(slope * way), right, rtol=1e-2, atol=1e-3 * np.sqrt(x.size)):
        return None
    if not np.isfinite(slope).all():
        found = "not finite"
    else:
        found = "another one than the formula's" if slope.any() else "0 everywhere, as if it were cut off,"
    return f"their gradient is not: it is {found} for {comparing.described(expected, args)}."


def value_and_slopes(loss, *args):
    """A probe for a loss of networks: its value, then the length of its gradient for each network of the arguments."""
    networks = [arg for arg in args if hasattr(arg, "trainable_variables")]
    variables = [variable for network in networks for variable in network.trainable_variables]

    def value():
        result = calling.call(loss, args)
        if not ops.is_tensor(result):
            raise Complaint(f"your function returns {calling.kind(result)}, expected a tensor, made with keras.ops.")
        if tuple(result.shape):
            raise Complaint(f"found the shape {tuple(result.shape)}, expected one number.")
        return result, ()

    (value, _), gradients = backend.value_and_grad(value, variables)
    squares = iter([ops.sum(ops.square(gradient)) for gradient in gradients])
    return value, *(ops.sqrt(sum(next(squares) for _ in network.trainable_variables)) for network in networks)
