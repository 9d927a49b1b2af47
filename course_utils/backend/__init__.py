"""The only package that knows TensorFlow, JAX or torch: gradients, loops, guarded updates, compiled steps.

Everything else is written once, in `keras.ops` and Keras variables, as if code simply ran from top to bottom. One
module a framework makes that true: `on_jax`, `on_tensorflow` and `on_torch` define the same functions, which are
described here. Only that of the active backend is imported.

`keras` must know its backend before this package is imported; `course_utils.start()` sees to that.
"""

import os

import keras
import numpy as np
from keras import ops, tree

from course_utils.backend.scope import Scope

_NAME = keras.backend.backend()
_hurried = False

if _NAME == "jax":
    from course_utils.backend import on_jax as adapter
elif _NAME == "tensorflow":
    from course_utils.backend import on_tensorflow as adapter
elif _NAME == "torch":
    from course_utils.backend import on_torch as adapter
else:
    raise ImportError(
        f"Found the Keras backend {_NAME!r}, expected tensorflow, jax or torch; "
        "set KERAS_BACKEND to one of these before keras is imported."
    )


def name():
    """Returns the active backend: "tensorflow", "jax" or "torch"."""
    return _NAME


def device():
    """Returns the kind of device that runs the work, ("gpu" | "tpu" | "cpu", its model name)."""
    kind, model = adapter.devices()[0]
    return ("gpu" if kind in ("cuda", "rocm") else kind), model


def value_and_grad(function, variables):
    """Calls a function and differentiates its value with respect to variables.

    Args:
        function: takes nothing, returns `(value, aux)`: a scalar tensor and any structure of tensors.
        variables: list of trainable Keras variables.

    Returns:
        `((value, aux), gradients)`, one gradient a variable, zeros where the value does not depend on it. What the
        function writes to other variables (batch-norm statistics, seeds) stays written.
    """
    return adapter.value_and_grad(function, list(variables))


def input_gradient(function, x):
    """Differentiates the sum of a function's outputs with respect to its input: row i is ∂Σⱼ f(x)ⱼ / ∂xᵢ.

    The result can be differentiated again, so a penalty can be made of it. What the function writes to variables is
    dropped on JAX; call networks with `training=False`, so that there is nothing to drop.

    Args:
        function: takes a tensor like `x`, returns a tensor of any shape.
        x: float tensor.

    Returns:
        A tensor of the shape of `x`.
    """
    return adapter.input_gradient(function, ops.convert_to_tensor(x))


def repeat(count, body, variables, few=False):
    """Runs `body(index)` for index 0 to count − 1 as one loop of the compiled program.

    Compile time does not grow with the count, unless `few` of them are unrolled.

    Args:
        count: int, at least 1.
        body: takes an integer tensor, returns nothing, and writes its results to variables.
        variables: every variable that the body writes.
        few: whether they are so few that they may be unrolled.
    """
    if count == 1:
        body(0)
    else:
        adapter.repeat(count, body, list(variables), few)


def update(optimizer, gradients, variables):
    """Takes one optimizer step; no gradient passes through it."""
    adapter.update(optimizer, gradients, variables)


def all_or_nothing(variables, attempt, xla=False):
    """Calls `attempt()` and restores the variables unless it returns True, also where an exception ends it.

    Args:
        variables: what the attempt may write and a failure must not change.
        attempt: takes nothing, returns a scalar boolean tensor.
        xla: whether XLA compiles this; on TensorFlow it has no cheap branch, so that values are chosen instead.
    """
    adapter.all_or_nothing(list(variables), attempt, xla)


def dry_run(function, watch):
    """Calls a function for the structure of its result, and leaves every variable and random state as it was.

    Args:
        function: takes nothing.
        watch: function (variable), called for each variable that the function would write.

    Returns:
        The function's result; on JAX its tensors are shapes only.
    """
    before = random_state()
    try:
        with Scope(watch=watch):
            return adapter.dry_run(function)
    finally:
        set_random_state(before)


def resident(array):
    """Puts an array on the device (on every device of a `keras.distribution`) and returns the tensor."""
    return adapter.resident(array)


def shard(batch):
    """Splits a batch over the devices of a `keras.distribution`; without one, returns it as it is."""
    return adapter.shard(batch)


def train_function(model, execute):
    """Makes what `keras.Model.fit` calls for each execution.

    Args:
        model: the `Game`.
        execute: `(data, rows) -> (logs, health)`, imperative Keras code for one execution.

    The rows of each execution come from `model._running.next()`: data on the device and an int32 array
    (iterations, turns, batch), or None for an execution that was done before an interruption.
    """
    return adapter.train_function(model, execute)


def measuring(model, measure):
    """Makes what measures one batch: `measure(batch) -> logs`, compiled as the training step is.

    Of what a measurement writes only the variables in `model._draws` stay written.
    """
    return adapter.measuring(model, measure)


def predict(network, inputs, batch_size):
    """Returns `network.predict(inputs)`; no exception in it, an interrupt included, costs the weights.

    Batches are of few sizes, powers of 2 up to `batch_size`, so that a new number of rows compiles nothing new; each is
    a multiple of the devices in use.

    Args:
        network: built keras.Model.
        inputs: array (N, ...) or list of such arrays, N ≥ 1.
        batch_size: the most rows at a time.

    Returns:
        float32 array (N, ...), or a list of such arrays.
    """
    rows = len(tree.flatten(inputs)[0])
    size = min(batch_size, 1 << (rows - 1).bit_length())
    size += -size % adapter.devices_in_use()
    padded, _ = filled(inputs, size)
    adapter.prepare_predict(network)
    with kept(network):
        found = network.predict(padded, batch_size=size, verbose=0)
    return tree.map_structure(lambda a: np.asarray(a[:rows], "float32"), found)


def filled(inputs, multiple):
    """Repeats the last row of arrays up to a multiple of rows; returns (arrays, how many rows there were)."""
    parts = [np.asarray(part) for part in tree.flatten(inputs)]
    rows = len(parts[0])
    parts = [np.concatenate([part, np.repeat(part[-1:], -rows % multiple, axis=0)]) for part in parts]
    return tree.pack_sequence_as(inputs, parts), rows


def prepare_predict(model):
    """Makes `model.predict` one that does not spend the model's buffers, which an exception would lose."""
    adapter.prepare_predict(model)


def kept(model):
    """Returns a context in which no exception, an interrupt included, costs the model its weights.

    On JAX, Keras empties all variables while it trains or predicts. On the others nothing is to be done.
    """
    return adapter.kept(model)


def check_devices(model):
    """Raises a ValueError where a game could not run on the chosen devices: under a `tf.distribute` strategy."""
    adapter.check_devices(model)


def devices_in_use():
    """Returns over how many devices a batch is split: those of a `keras.distribution`, else 1."""
    return adapter.devices_in_use()


def counter(steps):
    """Returns what stands in for the data in `fit`, which only counts its steps; rows come from `model._running`."""
    return adapter.counter(steps)


def memory():
    """Returns how many bytes of memory the device has, int, or None where that cannot be known."""
    if device()[0] != "cpu":
        return adapter.memory()
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else None


def random_state():
    """Returns the random state that lives outside of Keras variables, as {name: array}."""
    return adapter.random_state()


def set_random_state(states):
    """Sets what `random_state` returned; names of another backend are ignored."""
    adapter.set_random_state(states)


def fuses(has_convolutions):
    """Says whether many iterations can be one program: not on torch, nor convolutions that XLA runs on a CPU.

    XLA takes four to ten times as long for a convolution inside a loop on a CPU (measured with jax 0.10.2).
    """
    return _NAME == "tensorflow" or (_NAME == "jax" and not (has_convolutions and device()[0] == "cpu"))


def unrolls(has_convolutions):
    """Says whether a few turns had better stand one after the other in a program; not in a hurry, to compile one."""
    return not _hurried and (_NAME != "jax" or not fuses(has_convolutions))


def hurry(needed):
    """Says whether runs will be so short that compiling takes longer.

    Then TensorFlow leaves XLA out by default, and turns run in a loop.

    Args:
        needed: bool. JAX reads its own setting when it is imported; `course_utils.start` knows it.
    """
    global _hurried
    _hurried = needed


def xla_by_default(slow_on_cpu):
    """Says whether XLA makes a step faster: always on JAX; on TensorFlow unless in a hurry, or slow on this CPU.

    Slow there are convolutions, and draws: TensorFlow's XLA takes 0.5 µs for a random number (2.21, one core).

    Args:
        slow_on_cpu: whether the program has convolutions or many draws.
    """
    slow = _hurried or (slow_on_cpu and device()[0] == "cpu")
    return _NAME == "jax" or (_NAME == "tensorflow" and not slow)
