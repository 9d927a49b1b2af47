"""The only module that knows TensorFlow, JAX or torch: gradients, loops, guarded updates, compiled steps.

Everything else is written once, in `keras.ops` and Keras variables, as if code simply ran from top to bottom.
Each adapter below makes that true for one framework:

- JAX has no mutable variables. Code runs inside a `keras.StatelessScope`; its writes are collected and threaded on.
- TensorFlow mutates variables inside a `tf.function`.
- torch runs eagerly.

`keras` must know its backend before this module is imported; `course_utils.start()` sees to that.
"""

import keras
import numpy as np
from keras import ops, tree

_NAME = keras.backend.backend()

if _NAME == "jax":
    import jax
elif _NAME == "tensorflow":
    import tensorflow as tf
elif _NAME == "torch":
    import torch
else:
    raise ImportError(
        f"Found the Keras backend {_NAME!r}, expected tensorflow, jax or torch; "
        "set KERAS_BACKEND to one of these before keras is imported."
    )


class Scope(keras.StatelessScope):
    """A stateless scope that reads through to the scope around it and knows which variables were written.

    Keras asks only the innermost scope for a variable's value. A gradient inside a compiled step needs the step's
    values for everything that it does not differentiate, so an unknown variable is looked up one scope further out.
    """

    def __init__(self, values=()):
        super().__init__(state_mapping=list(values))
        self.written = {}

    def add_update(self, update):
        self.written[id(update[0])] = update[0]
        super().add_update(update)

    def get_current_value(self, variable):
        value = super().get_current_value(variable)
        outer = self.original_scope
        return outer.get_current_value(variable) if value is None and outer is not None else value

    def values(self, variables):
        return [self.get_current_value(v) for v in variables]


class _Jax:
    """Writes are collected in scopes and handed on explicitly."""

    @staticmethod
    def value_and_grad(function, variables):
        written = []

        def pure(values):
            with Scope(zip(variables, values)) as scope:
                value, aux = function()
            written[:] = scope.written.values()
            return value, (aux, scope.values(written))

        differentiate = jax.value_and_grad(pure, has_aux=True)
        (value, (aux, updates)), gradients = differentiate([v.value for v in variables])
        for variable, update in zip(written, updates):
            variable.assign(update)
        return (value, aux), gradients

    @staticmethod
    def input_gradient(function, x):
        def total(x):
            with Scope():  # what the function writes (batch norm, seeds) would leak a tracer: it is dropped
                return ops.sum(ops.cast(function(x), "float32"))

        return jax.grad(total)(x)

    @staticmethod
    def repeat(count, body, variables, few):
        if few:
            for index in range(count):
                body(index)
            return

        def step(values, index):
            with Scope(zip(variables, values)) as scope:
                body(index)
            _refuse_strangers(scope, variables)
            return scope.values(variables), None

        values, _ = jax.lax.scan(step, [v.value for v in variables], jax.numpy.arange(count))
        for variable, value in zip(variables, values):
            variable.assign(value)

    @staticmethod
    def update(optimizer, gradients, variables):
        optimizer.apply(gradients, variables)

    @staticmethod
    def all_or_nothing(variables, attempt):
        before = [v.value for v in variables]
        success = attempt()
        for variable, old in zip(variables, before):
            variable.assign(jax.numpy.where(success, variable.value, old))

    @staticmethod
    def dry_run(function):
        with Scope():
            return jax.eval_shape(function)

    @staticmethod
    def resident(array):
        distribution = keras.distribution.distribution()
        if distribution is None:
            return ops.convert_to_tensor(array)
        layout = keras.distribution.TensorLayout([None] * array.ndim, distribution.device_mesh)
        return keras.distribution.distribute_tensor(array, layout)

    @staticmethod
    def shard(batch):
        distribution = keras.distribution.distribution()
        if distribution is None:
            return batch
        return tree.map_structure(
            lambda t: keras.distribution.distribute_tensor(t, distribution.get_data_layout(t.shape)),
            batch,
        )

    @staticmethod
    def train_function(model, execute):
        groups = (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
        everything = [v for group in groups for v in group]

        def program(state, data, rows):
            with Scope(zip(everything, tree.flatten(state), strict=True)) as scope:
                logs, health = execute(data, rows)
            _refuse_strangers(scope, everything)
            return logs, tuple(scope.values(group) for group in groups), health

        if model.jit_compile:
            shardings = None
            if keras.distribution.distribution() is not None:
                held = tuple([v.value.sharding for v in group] for group in groups)
                shardings = (None, held, None)
            program = jax.jit(program, donate_argnums=0, out_shardings=shardings)

        def train(state, _):
            data, rows = model.run.next()
            if rows is None:
                return {}, state
            try:
                logs, state, health = program(state, data, rows)
            except BaseException:  # Keras emptied the variables: an interrupted compilation must not cost the weights
                for variable, value in zip(everything, tree.flatten(state), strict=True):
                    if not value.is_deleted():
                        variable.assign(value)
                model._jax_state_synced = True  # what Keras would put back is older than this
                raise
            model.run.watch(health)
            return logs, state

        return train

    @staticmethod
    def test_step(model, evaluate):
        def test_step(state, data):
            groups = (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
            everything = [v for group in groups for v in group]
            with Scope(zip(everything, tree.flatten(state), strict=True)) as scope:
                logs = evaluate(data)
            return logs, tuple(scope.values(group) for group in groups)

        return test_step

    @staticmethod
    def random_state():
        return {}  # every draw comes from a tracked seed

    @staticmethod
    def set_random_state(states):
        pass

    @staticmethod
    def counter(steps):
        return _Counter(steps)

    @staticmethod
    def devices():
        return [(d.platform, d.device_kind) for d in jax.devices()]


class _TensorFlow:
    """Variables are written in place, inside one `tf.function`."""

    xla = False  # whether the step that is being traced will be compiled with XLA

    @staticmethod
    def value_and_grad(function, variables):
        tensors = [v.value for v in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tensors)
            value, aux = function()
        gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
        return (value, aux), [tf.convert_to_tensor(g) for g in gradients]

    @staticmethod
    def input_gradient(function, x):
        x = tf.convert_to_tensor(x)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            total = ops.sum(ops.cast(function(x), "float32"))
        return tape.gradient(total, x, unconnected_gradients="zero")

    @staticmethod
    def repeat(count, body, variables, few):
        if few:  # measured: a seventh faster than a loop, with XLA and without
            for index in range(count):
                body(index)
            return

        def step(index):
            body(index)
            return [index + 1]

        tf.while_loop(lambda index: index < count, step, [tf.constant(0)])

    @staticmethod
    def update(optimizer, gradients, variables):
        optimizer.apply(gradients, variables)

    @staticmethod
    def all_or_nothing(variables, attempt):
        before = [tf.identity(v.value) for v in variables]
        success = attempt()

        def restore():
            for variable, old in zip(variables, before):
                variable.assign(old)
            return True

        if not _TensorFlow.xla:
            tf.cond(success, lambda: True, restore)
            return
        for variable, old in zip(variables, before):  # XLA has no cheap branch, and fuses this choice into the update
            variable.assign(tf.where(success, variable.value, old))

    @staticmethod
    def dry_run(function):
        return function()

    @staticmethod
    def resident(array):
        return ops.convert_to_tensor(array)

    @staticmethod
    def shard(batch):
        return batch

    @staticmethod
    def train_function(model, execute):
        if model.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(
                f"Found a tf.distribute strategy of {model.distribute_strategy.num_replicas_in_sync} replicas, "
                "expected one device; train on several with KERAS_BACKEND=jax and keras.distribution.DataParallel."
            )
        def step(data, rows):
            _TensorFlow.xla = model.jit_compile
            return execute(data, rows)

        program = step if model.run_eagerly else tf.function(step, jit_compile=model.jit_compile, autograph=False)

        def train(_):
            data, rows = model.run.next()
            if rows is None:
                return {}
            logs, health = program(data, tf.constant(rows))
            model.run.watch(health)
            return logs

        return train

    @staticmethod
    def test_step(model, evaluate):
        return evaluate

    @staticmethod
    def random_state():
        return {}  # every draw comes from a tracked seed

    @staticmethod
    def set_random_state(states):
        pass

    @staticmethod
    def counter(steps):
        return tf.data.Dataset.range(steps)

    @staticmethod
    def devices():
        found = tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("CPU")
        return [(d.device_type.lower(), d.device_type) for d in found]


class _Torch:
    """Everything runs eagerly; loops are Python's."""

    @staticmethod
    def value_and_grad(function, variables):
        tensors = [v.value for v in variables]
        value, aux = function()
        gradients = torch.autograd.grad(value, tensors, allow_unused=True)
        gradients = [torch.zeros_like(t) if g is None else g for g, t in zip(gradients, tensors)]
        return (value.detach(), tree.map_structure(_detach, aux)), gradients

    @staticmethod
    def input_gradient(function, x):
        with torch.enable_grad():
            x = ops.convert_to_tensor(x)
            x = x if x.requires_grad else x.detach().requires_grad_()
            total = ops.sum(ops.cast(function(x), "float32"))
            (gradient,) = torch.autograd.grad(total, x, create_graph=True, allow_unused=True)
        return torch.zeros_like(x) if gradient is None else gradient

    @staticmethod
    def repeat(count, body, variables, few):
        for index in range(count):
            body(index)

    @staticmethod
    def update(optimizer, gradients, variables):
        with torch.no_grad():
            optimizer.apply(gradients, variables)

    @staticmethod
    def all_or_nothing(variables, attempt):
        before = [v.value.detach().clone() for v in variables]
        if not bool(attempt()):
            for variable, old in zip(variables, before):
                variable.assign(old)

    @staticmethod
    def dry_run(function):
        return function()

    @staticmethod
    def resident(array):
        return ops.convert_to_tensor(array)

    @staticmethod
    def shard(batch):
        return batch

    @staticmethod
    def train_function(model, execute):
        def train(_):
            data, rows = model.run.next()
            if rows is None:
                return {}
            logs, health = execute(data, ops.convert_to_tensor(rows))
            model.run.watch(health)
            return logs

        return train

    @staticmethod
    def test_step(model, evaluate):
        return evaluate

    @staticmethod
    def random_state():
        return {"torch": torch.get_rng_state().numpy()}  # what Dropout without a seed draws from

    @staticmethod
    def set_random_state(states):
        if "torch" in states:
            torch.set_rng_state(torch.from_numpy(states["torch"].copy()))

    @staticmethod
    def counter(steps):
        return _Counter(steps)

    @staticmethod
    def devices():
        if torch.cuda.is_available():
            return [("gpu", torch.cuda.get_device_name(i)) for i in range(torch.cuda.device_count())]
        return [("cpu", "cpu")]


class _Counter(keras.utils.PyDataset):
    """As many empty steps as `fit` shall count."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        return np.zeros((1,), "float32")


def _detach(value):
    return value.detach() if isinstance(value, torch.Tensor) else value


def _refuse_strangers(scope, variables):
    known = {id(v) for v in variables}
    strangers = [v.path for key, v in scope.written.items() if key not in known]
    if strangers:
        raise ValueError(
            f"Found variables written by a step that the game does not own ({', '.join(strangers)}), expected only "
            "its own; make the layer, seed generator or optimizer an attribute of the game or of a player."
        )


_ADAPTER = {"jax": _Jax, "tensorflow": _TensorFlow, "torch": _Torch}[_NAME]


def name():
    """Returns the active backend: "tensorflow", "jax" or "torch"."""
    return _NAME


def device():
    """Returns the kind of device that runs the work, ("gpu" | "tpu" | "cpu", its model name)."""
    kind, model = _ADAPTER.devices()[0]
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
    return _ADAPTER.value_and_grad(function, list(variables))


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
    return _ADAPTER.input_gradient(function, ops.convert_to_tensor(x))


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
        _ADAPTER.repeat(count, body, list(variables), few)


def update(optimizer, gradients, variables):
    """Takes one optimizer step; no gradient passes through it."""
    _ADAPTER.update(optimizer, gradients, variables)


def all_or_nothing(variables, attempt):
    """Calls `attempt()` and restores the variables unless it returns True.

    Args:
        variables: what the attempt may write and a failure must not change.
        attempt: takes nothing, returns a scalar boolean tensor.
    """
    _ADAPTER.all_or_nothing(list(variables), attempt)


def dry_run(function, variables):
    """Calls a function for the structure of its result and leaves every variable as it was.

    Returns:
        The function's result; on JAX its tensors are shapes only.
    """
    before = [ops.copy(v.value) for v in variables]
    result = _ADAPTER.dry_run(function)
    for variable, value in zip(variables, before):
        variable.assign(value)
    return result


def resident(array):
    """Puts an array on the device (on every device of a `keras.distribution`) and returns the tensor."""
    return _ADAPTER.resident(array)


def shard(batch):
    """Splits a batch over the devices of a `keras.distribution`; without one, returns it as it is."""
    return _ADAPTER.shard(batch)


def train_function(model, execute):
    """Makes what `keras.Model.fit` calls for each execution.

    Args:
        model: the `Game`.
        execute: `(data, rows) -> (logs, health)`, imperative Keras code for one execution.

    The rows of each execution come from `model.run.next()`: the resident data and an int32 array
    (iterations, turns, batch), or None for an execution that was done before an interruption.
    """
    return _ADAPTER.train_function(model, execute)


def test_step(model, evaluate):
    """Makes what `keras.Model.evaluate` calls for each batch, from `evaluate(data) -> logs`."""
    return _ADAPTER.test_step(model, evaluate)


def counter(steps):
    """Returns what stands in for the data in `fit`, which only counts its steps; rows come from `model.run`."""
    return _ADAPTER.counter(steps)


def random_state():
    """Returns the random state that lives outside of Keras variables, as {name: array}."""
    return _ADAPTER.random_state()


def set_random_state(states):
    """Sets what `random_state` returned; names of another backend are ignored."""
    _ADAPTER.set_random_state(states)


def fuses(has_convolutions):
    """Says whether many iterations can be one program: not on torch, nor convolutions that XLA runs on a CPU.

    XLA takes four to ten times as long for a convolution inside a loop on a CPU (measured with jax 0.10.2).
    """
    return _NAME == "tensorflow" or (_NAME == "jax" and not (has_convolutions and device()[0] == "cpu"))


def unrolls(has_convolutions):
    """Says whether a few turns had better stand one after the other in a program; it takes longer to compile."""
    return _NAME != "jax" or not fuses(has_convolutions)


def xla_by_default(has_convolutions):
    """Says whether XLA makes a step faster: always on JAX; on TensorFlow unless a CPU runs convolutions."""
    return _NAME == "jax" or (_NAME == "tensorflow" and not (has_convolutions and device()[0] == "cpu"))
