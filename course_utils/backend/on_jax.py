"""JAX has no mutable variables: writes are collected in scopes and handed on explicitly."""

import jax
import keras
from keras import ops, tree

from course_utils.backend.counter import Counter


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
    success = attempt()
    for variable, old in zip(variables, before):
        variable.assign(jax.numpy.where(success, variable.value, old))


def dry_run(function):
    with Scope():
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


def test_step(model, evaluate):
    def test_step(state, data):
        groups = (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
        everything = [v for group in groups for v in group]
        with Scope(zip(everything, tree.flatten(state), strict=True)) as scope:
            logs = evaluate(data)
        return logs, tuple(scope.values(group) for group in groups)

    return test_step


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
