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

import functools
import math

import keras
import numpy as np
from keras import ops, tree

from course_utils import backend, checks
from course_utils.game import play
from course_utils.game.bookkeeping import Optimizers, Run, checked_callbacks, epoch_length, give_back_memory
from course_utils.game.feed import feed_of, take
from course_utils.game.players import check_averages, check_players, check_variables
from course_utils.game.saved import Saved
from course_utils.game.takes import admitted
from course_utils.layers import MinibatchStdDev

_OWN = ("averages", "networks", "seeds", "optimizers")  # what a subclass must not overwrite


class Game(Saved, keras.Model):
    """A `keras.Model` whose training step is a game between players.

    `compile`, `fit`, `evaluate`, `save_weights`, `load_weights`, `History`, the progress bar, callbacks and
    `keras.distribution.DataParallel` work as for any Keras model. Logged are for each player `NAME_loss`,
    `NAME_gradient_norm` and what its loss logs, and `loss`, the sum of the players' losses.

    An iteration in which a loss or gradient is not finite changes nothing: the game stops and raises `Diverged`.

    A game may say what it takes: `self.takes = Examples(shape, -1.0, 1.0), Labels(10)` (see `game.takes`). Then `fit`
    and `evaluate` refuse other data in one sentence before anything moves.

    Args:
        players: in the order of their turns.
        averages: `Average`s, updated at the end of each iteration.
        seed: int ≥ 0; the order of the data and every draw from `self.seeds` follow from it.

    Raises:
        TypeError, ValueError: players, networks, losses, optimizers or averages that could not play; the sentence says
            which and what to do.
    """

    takes = None
    many_draws = False  # as many as numbers in a batch, or more: slow in TensorFlow's XLA on a CPU

    def __init__(self, players, averages=(), seed=0, name=None):
        super().__init__(name=name)
        players, averages = tuple(players), tuple(averages)
        seed = checks.count(seed, "seed", minimum=0)
        check_players(players)
        check_averages(players, averages)
        backend.check_devices(self)
        self.players, self.averages = players, averages
        networks = [n for p in self.players for n in p.networks] + [a.average for a in self.averages]
        self.networks = list({id(n): n for n in networks}.values())
        self.seed = seed
        # Far apart for neighbouring seeds: on torch, the second draw of seed 7 is the first of seed 8.
        self.seeds = keras.random.SeedGenerator(int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1))
        self._health = self.add_weight(shape=(2,), dtype="int32", initializer="zeros", trainable=False, name="health")
        for player in self.players:
            player.optimizer.build(player.variables)
        self.optimizers = self.optimizer = Optimizers([p.optimizer for p in self.players])
        for average in self.averages:
            # Through NumPy: two variables of one JAX buffer could not both be donated to the compiled step.
            average.average.set_weights(average.network.get_weights())
        self._means = self._running = self._moved = self._validation = None
        self._rehearsed = []  # the shapes on which the losses were tried
        self.built = True

    def __setattr__(self, name, value):
        if name in _OWN and name in self.__dict__:
            raise AttributeError(
                f"Found the attribute {name!r} assigned to a game, which keeps it for itself, expected another name; "
                "rename yours."
            )
        super().__setattr__(name, value)

    def compile(self, steps_per_execution=1, jit_compile="auto", unroll="auto", run_eagerly=False):
        """Makes the game ready for `fit`; its optimizers are the players' own.

        Args:
            steps_per_execution: iterations run as one compiled program. Torch runs each by itself, and so does JAX
                on a CPU where there are convolutions, which would be slower in a loop.
            jit_compile: True, False, or "auto": XLA on JAX, and on TensorFlow unless a CPU runs convolutions or draws
                many numbers.
            unroll: True, False, or "auto": whether the turns of a player, up to five, stand one after the other in the
                program or run in a loop. A loop of turns takes half as long to compile and much less memory; "auto"
                takes what runs faster.
            run_eagerly: run without compiling, for debugging. On TensorFlow XLA draws other numbers from a seed than
                what runs without it; there jit_compile=False plays the same game as this.
        """
        steps_per_execution = checks.count(steps_per_execution, "steps_per_execution")
        layers = [layer for network in self.networks for layer in network._flatten_layers()]
        layers += self._flatten_layers()  # of networks that stand still, too
        has_convolutions = any(hasattr(layer, "kernel_size") for layer in layers)
        if jit_compile == "auto":
            jit_compile = backend.xla_by_default(has_convolutions or self.many_draws)
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
        resident="auto",
    ):
        """Plays the game for `epochs` × `steps_per_epoch` iterations.

        Args:
            x: array, or tuple or dict of arrays of one length; float, labels integer. Images of a range that the game
                declares may be uint8, and are scaled inside the program. Arrays may be `numpy.memmap`s.
            y: optional second array; the losses are then given `(x, y)`.
            batch_size: rows of one turn. A player with k turns sees k different batches.
            epochs: how often to log; callbacks act between epochs.
            steps_per_epoch: iterations an epoch; as many as the data gives full batches for, if None.
            callbacks: keras callbacks. A `Checkpoint` among them resumes an interrupted fit. On JAX, a
                callback that uses a network inside an epoch mentions `self.model` first, which fetches the weights.
            validation_data: data like `x`, or `(x, y)`, on which the losses are measured as by `evaluate`.
            validation_freq: epochs between validations.
            verbose: 0, 1, 2 or "auto".
            resident: True keeps the data on the device; False leaves it where it is, and a thread fetches what an
                execution needs while the one before runs. "auto" does so where the data takes more than a quarter of
                the device's memory, which TensorFlow does not tell of a GPU. The weights are bit for bit the same.

        Returns:
            The keras History of epoch means.

        Raises:
            Diverged: a loss or gradient was not finite.
            TypeError, ValueError: the data does not fit; nothing was changed.
        """
        data = self._door(x, y, "x", batch_size)
        feed = feed_of(data, batch_size, max(p.turns for p in self.players), self.seed, resident)
        steps, epochs = epoch_length(feed, steps_per_epoch), checks.count(epochs, "epochs")
        check_variables(self.players)
        callbacks, checkpoint = checked_callbacks(callbacks, self.players)
        if self._means is None:
            first, rows = feed.fetch(0)
            play.prepare(self, take(first, rows[0, 0]))
        self._validation = None
        if validation_data is not None:
            alone = isinstance(validation_data, tuple | list) and len(validation_data) == 1
            held_out = validation_data[0] if alone else validation_data
            self._validation = self._measurement(held_out, None, batch_size, "validation_data")
        done = checkpoint.resume(self, feed, steps) if checkpoint else 0
        self._health.assign([0, 0])
        self._running = Run(self, feed, self.iteration - done, steps, done)
        try:
            with backend.kept(self):
                return super().fit(
                    backend.counter(steps),
                    epochs=epochs,
                    initial_epoch=done // steps,
                    callbacks=[self._running, *callbacks],
                    validation_data=None if self._validation is None else (np.zeros((1,), "float32"),),  # a stand-in
                    validation_freq=validation_freq,
                    shuffle=False,
                    verbose=verbose,
                )
        finally:
            self._running.skip = 0
            self._health.assign([0, 0])
            feed.close()
            if checkpoint:
                checkpoint.let_go()

    def evaluate(self, x=None, y=None, batch_size=64, verbose="auto", steps=None, callbacks=None, **kwargs):
        """Measures the players' losses on data; networks run in inference mode and nothing moves.

        Losses that draw do so anew for each batch, and from call to call the same. Where a batch has to be a multiple
        of k rows (the group of a minibatch deviation, the devices of a `DataParallel`), up to k − 1 rows at the end are
        left out.

        Args:
            x: data like that of `fit`.
            y: optional second array; the losses are then given `(x, y)`.
            batch_size: rows at a time; the means are over rows.
            verbose: 0, 1, 2 or "auto".
            steps: how many batches to measure; all if None.
            callbacks: keras callbacks.
            **kwargs: what Keras adds inside of `fit`, and `return_dict`, which is always True.

        Returns:
            dict of means: `loss`, each `NAME_loss`, and what the losses log.

        Raises:
            TypeError, ValueError: the data does not fit.
        """
        inside = kwargs.pop("_use_cached_eval_dataset", False)  # Keras calls this between the epochs of fit
        if strange := kwargs.keys() - {"return_dict", "sample_weight"}:
            raise TypeError(f"Found the arguments {sorted(strange)}, expected those of Game.evaluate; leave them out.")
        data, parts = self._validation if inside else self._measurement(x, y, batch_size, "x")
        if not self.compiled:
            raise ValueError("Found a game that is not compiled, expected compile() first; call game.compile().")
        parts = parts[:steps]
        self.make_test_function()
        self.stop_evaluating = False
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.callbacks.CallbackList(
                callbacks, add_progbar=verbose != 0, verbose=verbose, epochs=1, steps=len(parts), model=self
            )
        callbacks.on_test_begin()
        logs = play.measured(self, data, parts, callbacks)
        callbacks.on_test_end(logs)
        return logs

    def predict(self, x, batch_size=64, **kwargs):
        """Returns what `call` makes of many rows, as arrays; arguments are those of `keras.Model.predict`."""
        backend.prepare_predict(self)
        devices = backend.devices_in_use()
        x, rows = backend.filled(x, devices) if devices > 1 else (x, None)
        fused, self.steps_per_execution = self.steps_per_execution, 1  # that is about iterations
        try:
            with backend.kept(self):
                found = super().predict(x, batch_size=batch_size + -batch_size % devices, **kwargs)
        finally:
            self.steps_per_execution = fused
        return tree.map_structure(lambda each: each[:rows], found)

    def call(self, inputs, training=False):
        raise NotImplementedError(
            f"Found a call of the game {type(self).__name__}, which defines none, expected a call of one of its "
            f"networks ({', '.join(n.name for n in self.networks)}); call that, or define call(inputs) in the game."
        )

    def best(self, network):
        """Returns a network's average where the game keeps one, else the network itself."""
        return next((a.average for a in self.averages if a.network is network), network)

    @property
    def iteration(self):
        """How many iterations have been played, an int."""
        return int(ops.convert_to_numpy(self.optimizers.iterations.value))

    @functools.cached_property
    def multiple(self):
        """Of how many rows a batch has to be a multiple, an int; a smaller batch than a group is one."""
        layers = [layer for network in self.networks for layer in network._flatten_layers()]
        groups = [layer.group_size for layer in layers if isinstance(layer, MinibatchStdDev)]
        return math.lcm(backend.devices_in_use(), *groups)

    @property
    def metrics(self):
        return [] if self._means is None else [self._means]

    def make_train_function(self, force=False):
        moved = [id(v) for player in self.players for v in player.variables]
        if self.train_function is None or force or moved != self._moved:  # a layer was frozen or thawed
            self._moved = moved
            self.train_function = backend.train_function(self, functools.partial(play.execute, self))

    def make_test_function(self, force=False):
        if self.test_function is None or force:
            self.test_function = backend.measuring(self, functools.partial(play.measure, self))

    def release(self):
        """Gives back what the game holds besides its state: compiled programs, and the data on the device.

        Programs are large, and Python frees them late, since game and program know each other: a notebook that plays
        many games releases each when it is over. Weights, optimizers and `iteration` stay. The next `fit` compiles anew
        and goes on.
        """
        self.train_function = self.test_function = self.predict_function = None
        self._running = self._validation = None
        for network in self.networks:
            network.predict_function = None
        give_back_memory()

    def reset_metrics(self):
        if self._running is None or not self._running.skip:  # an epoch that is resumed half-way goes on with its means
            super().reset_metrics()

    @property
    def _state(self):
        return (
            self.trainable_variables + self.non_trainable_variables + self.optimizers.variables + self.metrics_variables
        )

    @property
    def _draws(self):
        """The states of all seed generators: of the game's own and of those in its layers."""
        return [v for v in self.non_trainable_variables if v.name == "seed_generator_state"]

    def _door(self, x, y, name, batch_size):
        """Returns checked data; raises TypeError or ValueError before anything moves."""
        backend.check_devices(self)
        size, multiple = checks.count(batch_size, "batch_size"), self.multiple
        if size % backend.devices_in_use() or (size > multiple and size % multiple):
            raise ValueError(
                f"Found batch_size={size}, expected a multiple of {multiple}, into which a minibatch deviation or "
                f"several devices split a batch; take {-(-size // multiple) * multiple}."
            )
        return admitted(self.takes, x, y, name)

    def _measurement(self, x, y, batch_size, name):
        """Returns (checked data, slices of its batches), and tries the losses on batches of these sizes."""
        data = self._door(x, y, name, batch_size)
        parts = play.slices(self, len(tree.flatten(data)[0]), batch_size)
        for part in (parts[0], parts[-1]):
            batch = play.cut(data, part)
            shapes = [tuple(a.shape) for a in tree.flatten(batch)]
            if shapes not in self._rehearsed:
                play.rehearse(self, batch, training=False)
                self._rehearsed.append(shapes)
        return data, parts
