"""Games: who moves which networks, with which loss, how often. One definition for TensorFlow, JAX and torch.

A lecture's algorithm is a game. Its players take turns; in a turn a player moves its networks, and no others, one
optimizer step down its loss. One iteration, all players and all their turns, is one compiled program.

    class GAN(Game):
        def __init__(self, generator, critic, …):
            super().__init__([
                Player("critic", [critic], self.critic_loss, Adam(1e-4), turns=5),
                Player("generator", [generator], self.generator_loss, Adam(1e-4)),
            ])
"""

import keras
import numpy as np
from keras import ops, tree

from course_utils import backend
from course_utils.game.bookkeeping import Means, Optimizers, Run, give_back_memory
from course_utils.game.feed import Feed, checked, take
from course_utils.game.players import check_averages, check_players


class Game(keras.Model):
    """A `keras.Model` whose training step is a game between players.

    `compile`, `fit`, `evaluate`, `History`, the progress bar, callbacks and `keras.distribution.DataParallel` work as
    for any Keras model. Logged are for each player `NAME_loss`, `NAME_gradient_norm` and what its loss logs, and
    `loss`, the sum of the players' losses.

    An iteration in which a loss or gradient is not finite changes nothing: the game stops and raises `Diverged`.

    Args:
        players: in the order of their turns.
        averages: `Average`s, updated at the end of each iteration.
        seed: int ≥ 0; the order of the data and every draw from `self.seeds` follow from it.

    Raises:
        ValueError: no players, a name or an optimizer twice, an unbuilt network, or float16 networks.
    """

    def __init__(self, players, averages=(), seed=0, name=None):
        super().__init__(name=name)
        check_players(players)
        check_averages(players, averages)
        self.players, self.averages = tuple(players), tuple(averages)
        networks = [n for p in self.players for n in p.networks] + [a.average for a in self.averages]
        self.networks = list({id(n): n for n in networks}.values())
        self.seed = int(seed)
        # Far apart for neighbouring seeds: on torch, the second draw of seed 7 is the first of seed 8.
        self.seeds = keras.random.SeedGenerator(int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1))
        self.health = self.add_weight(shape=(2,), dtype="int32", initializer="zeros", trainable=False, name="health")
        for player in self.players:
            player.optimizer.build(player.variables)
        self.optimizers = Optimizers([p.optimizer for p in self.players])
        for average in self.averages:
            # Through NumPy: two variables of one JAX buffer could not both be donated to the compiled step.
            average.average.set_weights(average.network.get_weights())
        self.means = self.run = self._moved = None
        self.built = True

    def compile(self, steps_per_execution=1, jit_compile="auto", unroll="auto", run_eagerly=False):
        """Makes the game ready for `fit`; its optimizers are the players' own.

        Args:
            steps_per_execution: iterations run as one compiled program. Torch runs each by itself, and so does JAX
                on a CPU where there are convolutions, which would be slower in a loop.
            jit_compile: True, False, or "auto": XLA on JAX, and on TensorFlow unless a CPU runs convolutions.
            unroll: True, False, or "auto": whether the turns of a player, up to five, stand one after the other in the
                program or run in a loop. A loop of turns takes half as long to compile and much less memory; "auto"
                takes what runs faster.
            run_eagerly: run without compiling, for debugging.
        """
        layers = [layer for network in self.networks for layer in network._flatten_layers()]
        has_convolutions = any(hasattr(layer, "kernel_size") for layer in layers)
        if jit_compile == "auto":
            jit_compile = backend.xla_by_default(has_convolutions)
        elif jit_compile and backend.name() == "torch":
            raise ValueError(
                "Found jit_compile=True on torch, expected False, since torch.compile cannot differentiate a gradient "
                'penalty; leave jit_compile at "auto".'
            )
        self._unroll = backend.unrolls(has_convolutions) if unroll == "auto" else unroll
        super().compile(
            optimizer=self.optimizers,
            steps_per_execution=steps_per_execution if backend.fuses(has_convolutions) else 1,
            jit_compile=jit_compile and not run_eagerly,
            run_eagerly=run_eagerly,
            auto_scale_loss=False,
        )

    def fit(
        self,
        x,
        y=None,
        batch_size=64,
        epochs=1,
        steps_per_epoch=None,
        callbacks=None,
        validation_data=None,
        validation_freq=1,
        verbose="auto",
    ):
        """Plays the game for `epochs` × `steps_per_epoch` iterations.

        Args:
            x: array, or tuple or dict of arrays of one length; float, labels integer. It is kept on the device.
            y: optional second array; the losses are then given `(x, y)`.
            batch_size: rows of one turn. A player with k turns sees k different batches.
            epochs: how often to log; callbacks act between epochs.
            steps_per_epoch: iterations an epoch; as many as the data gives full batches for, if None.
            callbacks: keras callbacks. A `Checkpoint` among them resumes an interrupted fit. On JAX, a
                callback that uses a network inside an epoch mentions `self.model` first, which fetches the weights.
            validation_data: data like `x`, or `(x, y)`, on which the losses are measured and nothing moves.
            validation_freq: epochs between validations.
            verbose: 0, 1, 2 or "auto".

        Returns:
            The keras History of epoch means.

        Raises:
            Diverged: a loss or gradient was not finite.
            TypeError, ValueError: the data does not fit; nothing was changed.
        """
        feed = Feed(x if y is None else (x, y), batch_size, max(p.turns for p in self.players), self.seed)
        if self.means is None:
            self._prepare(take(feed.data, feed.rows(0)[0, 0]))
        steps = _epoch_length(feed, steps_per_epoch)
        callbacks = list(callbacks or [])
        checkpoint = _only_checkpoint(callbacks)
        if isinstance(validation_data, tuple) and len(validation_data) > 1:
            validation_data = (validation_data,)  # or Keras would take a third array for sample weights
        if validation_data is not None:
            tree.map_structure(checked, validation_data)
        self.health.assign([0, 0])
        done = checkpoint.resume(self, batch_size, steps) if checkpoint else 0
        self.run = Run(self, feed, self.iteration - done, steps, done)
        try:
            return super().fit(
                backend.counter(steps),
                epochs=epochs,
                initial_epoch=done // steps,
                callbacks=[self.run, *callbacks],
                validation_data=validation_data,
                validation_batch_size=batch_size,
                validation_freq=validation_freq,
                shuffle=False,
                verbose=verbose,
            )
        finally:
            self.run.skip = 0

    def evaluate(self, x=None, y=None, batch_size=64, **kwargs):
        """Measures the players' losses on data; networks run in inference mode and nothing moves.

        Args:
            x: data like that of `fit`.
            y: optional second array; the losses are then given `(x, y)`.
            batch_size: rows at a time; the means are over rows, so it does not change them.
            **kwargs: further arguments of `keras.Model.evaluate`.

        Returns:
            dict of means: each `NAME_loss`, what the losses log, and `loss`.

        Raises:
            TypeError, ValueError: the data does not fit.
        """
        if not kwargs.get("_use_cached_eval_dataset"):  # Keras's own call inside fit; checked there
            tree.map_structure(checked, x if y is None else (x, y))
        if self.means is None:
            batch = tree.map_structure(lambda a: ops.convert_to_tensor(a[:batch_size]), x if y is None else (x, y))
            self._prepare(batch)
        return super().evaluate(x, y, batch_size=batch_size, **{**kwargs, "return_dict": True})

    @property
    def iteration(self):
        """How many iterations have been played, an int."""
        return int(ops.convert_to_numpy(self.optimizers.iterations.value))

    @property
    def metrics(self):
        return [] if self.means is None else [self.means]

    def make_train_function(self, force=False):
        moved = [id(v) for player in self.players for v in player.variables]
        if self.train_function is None or force or moved != self._moved:  # a layer was frozen or thawed
            self._moved = moved
            self.train_function = backend.train_function(self, self._execute)

    def release(self):
        """Gives back what the game holds besides its state: compiled programs, and the data on the device.

        Programs are large, and Python frees them late, since game and program know each other: a notebook that plays
        many games releases each when it is over. Weights, optimizers and `iteration` stay. The next `fit` compiles anew
        and goes on.
        """
        self.train_function = self.test_function = self.predict_function = None
        self.run = None
        for network in self.networks:
            network.predict_function = None
        give_back_memory()

    def train_on_batch(self, *args, **kwargs):
        raise TypeError(
            "Found train_on_batch on a Game, expected fit, which orders the rows itself; "
            "call fit(x, batch_size=len(x), steps_per_epoch=1)."
        )

    def test_step(self, *args):
        return backend.test_step(self, self._evaluate)(*args)

    def reset_metrics(self):
        if self.run is None or not self.run.skip:  # an epoch that is resumed half-way goes on with its means
            super().reset_metrics()

    @property
    def _state(self):
        return (
            self.trainable_variables + self.non_trainable_variables + self.optimizers.variables + self.metrics_variables
        )

    def _prepare(self, batch):
        """Learns the names of what the losses log by calling each on a batch; changes nothing."""
        names, losses = [], []
        for player in self.players:
            logged = backend.dry_run(lambda p=player: self._loss(p, batch, False)[1], self._state)
            losses.append(f"{player.name}_loss")
            names += [f"{player.name}_loss", f"{player.name}_gradient_norm", *logged]
        twice = {name for name in names if names.count(name) > 1 or name == "loss"}
        if twice:
            raise ValueError(f"Found the log names {sorted(twice)} taken twice, expected each once; rename them.")
        self.means = Means(names, losses)

    def _loss(self, player, batch, training):
        """Returns (scalar loss, dict of further logs)."""
        result = player.loss(batch, training)
        value, logs = result if isinstance(result, tuple) else (result, {})
        if tuple(value.shape) != ():
            raise ValueError(
                f"Found a loss of shape {tuple(value.shape)} from player {player.name!r}, expected a scalar; "
                "take its mean over the batch."
            )
        return ops.cast(value, "float32"), logs

    def _execute(self, data, rows):
        """Plays the iterations whose rows are given, int32 (iterations, turns, batch); returns (logs, health)."""

        def iterate(index):
            self._iterate(data, ops.take(rows, index, axis=0))

        backend.repeat(rows.shape[0], iterate, self._state)
        return self.get_metrics_result(), ops.copy(self.health.value)

    def _iterate(self, data, rows):
        """Plays one iteration, every player's turns in order and then the averages, or changes nothing."""

        def attempt():
            for index, player in enumerate(self.players):

                def turn(k, index=index):
                    self._turn(index, take(data, ops.take(rows, k, axis=0)))

                backend.repeat(player.turns, turn, self._state, few=self._unroll and player.turns <= 5)
            self._average()
            self.optimizers.iterations.assign_add(1)
            return ops.equal(self.health.value[0], 0)

        floats = [v for v in self.trainable_variables + self.non_trainable_variables if "float" in v.dtype]
        backend.all_or_nothing(floats + self.optimizers.variables, attempt, xla=self.jit_compile)
        self.means.step()

    def _turn(self, index, batch):
        """Moves one player's networks one optimizer step down its loss, and notes in `health` if that went wrong."""
        player = self.players[index]
        variables = player.variables
        (loss, logs), gradients = backend.value_and_grad(lambda: self._loss(player, batch, True), variables)
        squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients]
        norm = ops.sqrt(sum(squares))
        backend.update(player.optimizer, gradients, variables)
        sound = ops.logical_and(ops.isfinite(loss), ops.isfinite(norm))
        failure = ops.stack([index + 1, ops.cast(self.optimizers.iterations.value, "int32")])
        first = ops.logical_and(ops.logical_not(sound), ops.equal(self.health.value[0], 0))
        self.health.assign(ops.where(first, failure, self.health.value))
        logs = {f"{player.name}_loss": loss, f"{player.name}_gradient_norm": norm, **logs}
        self.means.update_state(logs, share=1.0 / player.turns)

    def _average(self):
        t = ops.cast(self.optimizers.iterations.value, "float32")
        for average in self.averages:
            keep = ops.minimum(average.decay, (1.0 + t) / (10.0 + t))
            for mine, theirs, averaged in average.pairs():
                mine.assign(mine.value + (1.0 - keep) * (theirs.value - mine.value) if averaged else theirs.value)

    def _evaluate(self, data):
        """Logs the losses on one batch of validation data and restores whatever calling them changed."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        kept = self.non_trainable_variables
        before = [ops.copy(v.value) for v in kept]
        logs = {}
        for player in self.players:
            loss, extra = self._loss(player, x if y is None else (x, y), False)
            logs |= {f"{player.name}_loss": loss, **extra}
        for variable, value in zip(kept, before):
            variable.assign(value)
        rows = ops.cast(ops.shape(tree.flatten(x)[0])[0], "float32")  # the last batch may be a small one
        self.means.update_state(logs, share=rows)
        self.means.step(rows)
        means = self.get_metrics_result()
        return {"loss": means["loss"], **{key: means[key] for key in logs}}


def _epoch_length(feed, steps_per_epoch):
    """Returns how many iterations an epoch has; raises ValueError where that is none."""
    if steps_per_epoch is not None and steps_per_epoch < 1:
        raise ValueError(
            f"Found steps_per_epoch={steps_per_epoch}, expected at least 1, or None for as many as there are."
        )
    steps = steps_per_epoch or feed.length // feed.per_iteration
    if steps < 1:
        raise ValueError(
            f"Found {feed.length} rows of data, expected at least the {feed.per_iteration} that one iteration "
            "uses; choose a smaller batch, or give steps_per_epoch to let iterations reuse rows."
        )
    return steps


def _only_checkpoint(callbacks):
    """Returns the callback that can resume a fit, or None; raises ValueError for several."""
    checkpoints = [c for c in callbacks if hasattr(c, "resume")]
    if len(checkpoints) > 1:
        raise ValueError(f"Found {len(checkpoints)} Checkpoint callbacks, expected at most one; keep one.")
    return checkpoints[0] if checkpoints else None
