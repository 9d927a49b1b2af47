"""How a game is played: iterations, turns, averages, and measurements on which nothing moves.

Everything here is imperative Keras code, written once. Most of it runs inside a compiled program.
"""

import sys

import keras
from keras import ops, tree

from course_utils import backend
from course_utils.game.bookkeeping import Means
from course_utils.game.feed import take, writable
from course_utils.game.takes import scaled


def execute(game, data, rows):
    """Plays the iterations whose rows are given, int32 (iterations, turns, batch); returns (logs, health)."""

    def iteration(index):
        iterate(game, data, ops.take(rows, index, axis=0))

    backend.repeat(rows.shape[0], iteration, game._state)
    return game.get_metrics_result(), ops.copy(game._health.value)


def iterate(game, data, rows):
    """Plays one iteration, every player's turns in order and then the averages, or changes nothing but `health`."""

    def attempt():
        for index, player in enumerate(game.players):

            def one(k, index=index):
                turn(game, index, scaled(game.takes, take(data, ops.take(rows, k, axis=0))))

            backend.repeat(player.turns, one, game._state, few=game._unroll and player.turns <= 5)
        average(game)
        game.optimizers.iterations.assign_add(1)
        game._means.step()
        return ops.equal(game._health.value[0], 0)

    backend.all_or_nothing([v for v in game._state if v is not game._health], attempt, xla=game.jit_compile)


def turn(game, index, batch):
    """Moves one player's networks one optimizer step down its loss, and notes in `health` if that went wrong."""
    player = game.players[index]
    variables = player.variables
    (loss, logs), gradients = backend.value_and_grad(lambda: loss_of(player, batch, True), variables)
    squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients]
    norm = ops.sqrt(sum(squares))
    backend.update(player.optimizer, gradients, variables)
    sound = ops.logical_and(ops.isfinite(loss), ops.isfinite(norm))
    failure = ops.stack([index + 1, ops.cast(game.optimizers.iterations.value, "int32")])
    first = ops.logical_and(ops.logical_not(sound), ops.equal(game._health.value[0], 0))
    game._health.assign(ops.where(first, failure, game._health.value))
    logs = {f"{player.name}_loss": loss, f"{player.name}_gradient_norm": norm, **logs}
    game._means.update_state(logs, share=1.0 / player.turns)


def average(game):
    """Brings every average a little nearer to what it averages."""
    t = ops.cast(game.optimizers.iterations.value, "float32")
    for each in game.averages:
        keep = ops.minimum(each.decay, (1.0 + t) / (10.0 + t))
        for mine, theirs, averaged in each.pairs():
            mine.assign(mine.value + (1.0 - keep) * (theirs.value - mine.value) if averaged else theirs.value)


def loss_of(player, batch, training):
    """Returns a player's (scalar loss, dict of further logs); raises where it returned something else."""
    result = player.loss(batch, training)
    value, logs = result if isinstance(result, tuple) and len(result) == 2 else (result, {})
    found = f"from player {player.name!r}"
    if not ops.is_tensor(value):
        raise TypeError(
            f"Found a loss of type {type(value).__name__} {found}, expected a scalar tensor, or (scalar, dict of "
            "scalars); compute it from the batch with keras.ops and return it."
        )
    if tuple(value.shape) != ():
        raise ValueError(
            f"Found a loss of shape {tuple(value.shape)} {found}, expected a scalar; take its mean over the batch."
        )
    if not isinstance(logs, dict):
        raise TypeError(
            f"Found logs of type {type(logs).__name__} {found}, expected a dict name -> scalar; return one."
        )
    for name, log in logs.items():
        if tuple(getattr(log, "shape", ())) != ():
            raise ValueError(
                f"Found the log {name!r} of shape {tuple(log.shape)} {found}, expected a scalar; take its mean."
            )
    return ops.cast(value, "float32"), logs


def rehearse(game, batch, training):
    """Calls each loss on a batch, changes nothing, and returns the names of what it logs, a list a player.

    Raises:
        ValueError: a loss or a layer draws from a seed or writes a variable that the game does not own.
        TypeError, ValueError: a loss does not return what it should.
    """
    batch = scaled(game.takes, batch)
    owned, unbuilt = {id(v) for v in game._state}, [layer for layer in game._flatten_layers() if not layer.built]
    names, strange = [], []
    for player in game.players:

        def watch(variable, player=player):
            if id(variable) not in owned:
                strange.append(_stranger(variable, player))

        logs = {}
        try:
            logs = backend.dry_run(lambda p=player: loss_of(p, batch, training)[1], watch)
        except ValueError as error:
            if "[JAX RNG]" in str(error):
                strange.append(_stranger(None, player))
            elif not strange:
                raise
        if strange:  # raised here, since Keras would wrap what is raised inside a layer
            raise ValueError(strange[0])
        names.append(list(logs))
    if grown := [layer.name for layer in unbuilt if layer.weights]:
        raise ValueError(
            f"Found the unbuilt layer {grown[0]!r} in the game, expected a built one, which a player can move; put it "
            "into a keras.Model with an Input."
        )
    return names


def prepare(game, batch):
    """Learns the names of what the losses log in training; changes nothing else."""
    losses = [f"{player.name}_loss" for player in game.players]
    names = []
    for player, logged in zip(game.players, rehearse(game, batch, True)):
        names += [f"{player.name}_loss", f"{player.name}_gradient_norm", *logged]
    twice = {name for name in names if names.count(name) > 1 or name == "loss"}
    if twice:
        raise ValueError(f"Found the log names {sorted(twice)} taken twice, expected each once; rename them.")
    game._means = Means(names, losses)


def slices(game, rows, batch_size):
    """Returns where the batches of a measurement begin and end: all rows, or all that fill the groups of `multiple`."""
    multiple = game.multiple
    rows -= rows % multiple if rows > multiple else 0
    if rows % backend.devices_in_use():
        raise ValueError(
            f"Found {rows} rows for {backend.devices_in_use()} devices, expected at least one each; measure more."
        )
    size = batch_size - batch_size % multiple if batch_size > multiple else batch_size
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def cut(data, part):
    """Returns the rows of a slice as tensors on the devices in use."""
    return backend.shard(tree.map_structure(lambda array: ops.convert_to_tensor(writable(array[part])), data))


def measured(game, data, parts, callbacks):
    """Returns the means over rows of what `measure` logs on the batches of data; nothing moves.

    Each batch draws anew, and seeds are put back at the end, so that the next call draws the same.
    """
    before, random = [ops.copy(v.value) for v in game._draws], backend.random_state()
    totals, rows = {}, 0
    try:
        for step, part in enumerate(parts):
            callbacks.on_test_batch_begin(step)
            logs = game.test_function(cut(data, part))
            size = part.stop - part.start  # the last batch may be a small one
            totals = {name: totals.get(name, 0.0) + size * value for name, value in logs.items()}
            rows += size
            means = {name: total / rows for name, total in totals.items()}
            means = {"loss": sum(means[f"{player.name}_loss"] for player in game.players), **means}
            callbacks.on_test_batch_end(step, means)
            if game.stop_evaluating:
                break
    finally:
        for variable, value in zip(game._draws, before):
            variable.assign(value)
        backend.set_random_state(random)
    return {name: float(ops.convert_to_numpy(value)) for name, value in means.items()}


def measure(game, batch):
    """Returns the players' losses on one batch and what they log, by the networks as they are at prediction."""
    logs, batch = {}, scaled(game.takes, batch)
    for player in game.players:
        loss, more = loss_of(player, batch, False)
        logs |= {f"{player.name}_loss": loss, **more}
    return {name: ops.cast(value, "float32") for name, value in logs.items()}


def _stranger(variable, player):
    """Says which variable it is, and which layer was writing it."""
    layer, frame = None, sys._getframe(1)
    while layer is None and frame is not None and variable is not None:  # the layer at work is on the stack
        owner = frame.f_locals.get("self")
        inside = isinstance(owner, keras.layers.Layer) and not isinstance(owner, keras.Model)
        layer, frame = (owner if inside else None), frame.f_back
    what = "Keras's global seed generator" if variable is None else f"the variable {variable.path!r}"
    where = f"layer {layer.name!r}, " if layer is not None else ""
    return (
        f"Found {what} written ({where}in the loss of player {player.name!r}), which the game does not own, expected "
        "only its own; make the layer or seed generator an attribute of the game, or draw with seed=game.seeds."
    )
