"""JAX has no mutable variables: writes are collected in scopes and handed on explicitly."""

import contextlib
import weakref

import jax
import keras
from keras import ops, tree

from course_utils.backend.counter import Counter
from course_utils.backend.scope import Scope

_newest = weakref.WeakKeyDictionary()  # model inside `kept` -> {id of a variable: its newest value}


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


def input_gradient(function, x):
    def total(x):
        with Scope():  # what the function writes (batch norm, seeds) would leak a tracer: it is dropped
            return ops.sum(ops.cast(function(x), "float32"))

    return jax.grad(total)(x)


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


def update(optimizer, gradients, variables):
    optimizer.apply(gradients, variables)


def all_or_nothing(variables, attempt, xla):
    before = [v.value for v in variables]
    try:
        success = attempt()
    except BaseException:
        for variable, old in zip(variables, before):
            variable.assign(old)
        raise
    for variable, old in zip(variables, before):
        variable.assign(jax.numpy.where(success, variable.value, old))


def dry_run(function):
    return jax.eval_shape(function)


def resident(array):
    distribution = keras.distribution.distribution()
    if distribution is None:
        return ops.convert_to_tensor(array)
    layout = keras.distribution.TensorLayout([None] * array.ndim, distribution.device_mesh)
    return keras.distribution.distribute_tensor(array, layout)


def shard(batch):
    distribution = keras.distribution.distribution()
    if distribution is None:
        return batch
    return tree.map_structure(
        lambda t: keras.distribution.distribute_tensor(t, distribution.get_data_layout(t.shape)),
        batch,
    )


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

    seen = set()

    def train(state, _):
        data, rows = model._running.next()
        if rows is None:
            return {}, state
        newest = _newest[model]
        newest.update(zip(map(id, everything), tree.flatten(state)))
        shapes = tuple(tuple(part.shape) for part in tree.flatten([data, rows]))
        if shapes not in seen:  # Python compiles and runs it, and an interrupt could lose what it was given
            state = jax.tree.map(jax.numpy.copy, state)
        results = []  # filled in C: an interrupt that waits for a running program cannot come between
        results.extend(map(program, [state], [data], [rows]))
        seen.add(shapes)
        logs, state, health = results[0]
        newest.update(zip(map(id, everything), tree.flatten(state)))
        model._running.watch(health)
        return logs, state

    return train


@contextlib.contextmanager
def kept(model):
    variables = [*model.variables, *(model.optimizer.variables if getattr(model, "optimizer", None) else [])]
    outer = _newest.get(model)
    newest = _newest[model] = {id(v): v.value for v in variables}
    try:
        yield
    except BaseException:
        for variable in variables:
            value = variable._value  # None where Keras emptied it; what a program was given is deleted
            if value is None or value.is_deleted():
                variable.assign(newest[id(variable)])
        model._jax_state, model._jax_state_synced = None, True  # what Keras would put back may be older
        raise
    finally:
        _newest[model] = outer or {}


def prepare_predict(model):
    if model.predict_function is not None:
        return

    def program(state, data):
        outputs, non_trainable = model.predict_step(state, data)
        return tree.map_structure(_own_part, outputs), non_trainable

    program = jax.jit(program)  # unlike Keras's it donates nothing, so that there is something to go back to

    def predict(state, iterator):
        outputs, non_trainable = program(state, next(iterator))
        return outputs, (state[0], non_trainable)

    model.predict_function = predict


def _own_part(outputs):
    """Outputs on all devices, of the rows that this process handed in.

    Each process hands in all rows, and Keras takes them for its share of a batch as many times as large.
    """
    outputs = resident(outputs)
    return outputs[: outputs.shape[0] // jax.process_count()]


def measuring(model, measure):
    variables = model.variables + model.optimizers.variables

    def program(values, batch):
        with Scope(zip(variables, values)) as scope:
            logs = measure(batch)
        return logs, scope.values(model._draws)

    program = jax.jit(program) if model.jit_compile else program

    def measured(batch):
        logs, draws = program([v.value for v in variables], batch)
        for variable, value in zip(model._draws, draws):
            variable.assign(value)
        return logs

    return measured


def check_devices(model):
    pass


def devices_in_use():
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]


def memory():
    return (jax.devices()[0].memory_stats() or {}).get("bytes_limit")


def random_state():
    return {}  # every draw comes from a tracked seed


def set_random_state(states):
    pass


def counter(steps):
    return Counter(steps)


def devices():
    return [(d.platform, d.device_kind) for d in jax.devices()]


def _refuse_strangers(scope, variables):
    known = {id(v) for v in variables}
    strangers = [v.path for key, v in scope.written.items() if key not in known]
    if strangers:
        raise ValueError(
            f"Found variables written by a step that the game does not own ({', '.join(strangers)}), expected only "
            "its own; make the layer, seed generator or optimizer an attribute of the game or of a player."
        )
