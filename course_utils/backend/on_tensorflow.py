"""TensorFlow writes variables in place, inside one `tf.function`."""

import contextlib
import signal
import threading

import tensorflow as tf
from keras import ops
from tensorflow.python.framework.ops import gradient_registry


def value_and_grad(function, variables):
    tensors = [v.value for v in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(tensors)
        value, aux = function()
    gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
    return (value, aux), [tf.convert_to_tensor(g) for g in gradients]


def input_gradient(function, x):
    x = tf.convert_to_tensor(x)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        total = ops.sum(ops.cast(function(x), "float32"))
    return tape.gradient(total, x, unconnected_gradients="zero")


def repeat(count, body, variables, few):
    if few:  # measured: a seventh faster than a loop, with XLA and without
        for index in range(count):
            body(index)
        return

    def step(index):
        body(index)
        return [index + 1]

    tf.while_loop(lambda index: index < count, step, [tf.constant(0)])


def update(optimizer, gradients, variables):
    optimizer.apply(gradients, variables)


def all_or_nothing(variables, attempt, xla):
    before = [tf.identity(v.value) for v in variables]

    def restore():
        for variable, old in zip(variables, before):
            variable.assign(old)
        return True

    try:
        success = attempt()
    except BaseException:
        if tf.executing_eagerly():  # else nothing has run yet
            restore()
        raise

    if not xla:
        tf.cond(success, lambda: True, restore)
        return
    for variable, old in zip(variables, before):  # XLA fuses this choice into the update
        variable.assign(tf.where(success, variable.value, old))


def dry_run(function):
    return function()


def resident(array):
    return ops.convert_to_tensor(array)


def shard(batch):
    return batch


def train_function(model, execute):
    eager, xla = model.run_eagerly, model.jit_compile
    program = execute if eager else _compiled(execute, xla)

    def train(_):
        data, rows = model._running.next()
        if rows is None:
            return {}
        logs, health = program(data, tf.constant(rows))
        model._running.watch(health)
        return logs

    return train


def measuring(model, measure):
    def program(batch):
        kept = [v for v in model.non_trainable_variables if not any(v is draw for draw in model._draws)]
        before = [tf.identity(v.value) for v in kept]
        logs = measure(batch)
        for variable, value in zip(kept, before):
            variable.assign(value)
        return logs

    if model.run_eagerly:
        return program
    return _compiled(program, model.jit_compile)


def _compiled(function, xla):
    """A `tf.function` whose graph is freed with it, and that no interrupt breaks.

    TensorFlow keeps the rule of each `tf.custom_gradient` in a graph for the life of the process, and with the rule the
    graph: 75 MB a small game, since each step of a Keras optimizer has one. Rules serve whoever differentiates the
    program from outside, which nobody does, so they go when it is traced.
    """

    def traced(*arguments):
        rules = gradient_registry._registry
        before = set(rules)
        try:
            return function(*arguments)
        finally:
            for name in [name for name in rules if name not in before and name.startswith("CustomGradient-")]:
                del rules[name]

    compiled = tf.function(traced, jit_compile=xla, autograph=False)

    def program(*arguments):
        with _undisturbed():
            return compiled(*arguments)

    return program


@contextlib.contextmanager
def _undisturbed():
    """Lets an interrupt wait: when it falls on TensorFlow's C code, a `SystemError` that says nothing comes out."""
    handler, waiting = signal.getsignal(signal.SIGINT), []
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    signal.signal(signal.SIGINT, lambda *arguments: waiting.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if waiting:
        handler(*waiting[0])


def prepare_predict(model):
    pass


def kept(model):
    return contextlib.nullcontext()


def check_devices(model):
    if (replicas := model.distribute_strategy.num_replicas_in_sync) > 1:
        raise ValueError(
            f"Found a tf.distribute strategy of {replicas} replicas, expected one device; train on several with "
            "KERAS_BACKEND=jax and keras.distribution.DataParallel."
        )


def devices_in_use():
    return 1


def memory():
    return None  # it tells what is in use and not what there is


def random_state():
    return {}  # every draw comes from a tracked seed


def set_random_state(states):
    pass


def counter(steps):
    return tf.data.Dataset.range(steps)


def devices():
    found = tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("CPU")
    return [(d.device_type.lower(), d.device_type) for d in found]
