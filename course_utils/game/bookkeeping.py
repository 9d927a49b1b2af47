"""What `fit` has to know of a game: all optimizers as one, the means of what is logged, where the run stands.

And how the memory of a game that is over is given back.
"""

import ctypes
import gc
import sys

import keras
from keras import ops, tree

from course_utils import checks


class Diverged(FloatingPointError):
    """A loss or a gradient was not finite; the weights are those from before that iteration."""


class Optimizers(keras.optimizers.Optimizer):
    """All players' optimizers as one, so that `fit` threads and saves the state of each of them."""

    def __init__(self, optimizers):
        super().__init__(learning_rate=0.0, name="optimizers")
        self.players = tuple(optimizers)
        self.rates = [_rate(o) for o in self.players]  # as they were at the start of the game
        self.built = True

    @property
    def variables(self):
        return [self.iterations] + [v for o in self.players for v in o.variables]

    @property
    def learning_rate(self):
        return self.players[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        if len(self.players) > 1:
            raise ValueError(
                f"Found one learning rate for a game of {len(self.players)} players, expected one each; "
                "set game.players[i].optimizer.learning_rate in a callback, or give the optimizers schedules."
            )
        self.players[0].learning_rate = value

    def finalize_variable_values(self, trainable_variables):
        """Does nothing: averages belong to the game, and the live weights stay as they are."""

    def save_own_variables(self, store):
        for index, variable in enumerate(self.variables):
            store[str(index)] = ops.convert_to_numpy(variable.value)

    def load_own_variables(self, store):
        for index, variable in enumerate(self.variables):
            variable.assign(store[str(index)])


def _rate(optimizer):
    """An optimizer's learning rate or schedule as text."""
    schedule = optimizer._learning_rate
    if hasattr(schedule, "value"):
        return f"rate {float(ops.convert_to_numpy(schedule.value)):.6g}"
    try:
        numbers = ", ".join(f"{key}={value}" for key, value in sorted(schedule.get_config().items()))
    except (AttributeError, NotImplementedError):  # a function, or a schedule without a configuration
        numbers = "…"
    return f"{type(schedule).__name__}({numbers})"


class Means(keras.metrics.Metric):
    """The mean of each logged value since the last reset; `loss` is the sum of the players' mean losses."""

    def __init__(self, names, losses, name="means"):
        super().__init__(name=name)
        self.names, self.losses = list(names), list(losses)
        self.totals = self.add_variable((len(self.names),), "zeros", name="totals")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, logs, share=1.0):
        """Adds what was logged; `share` is 1 / turns of an iteration, or the rows of an evaluated batch."""
        zero = ops.zeros((), "float32")
        values = [ops.cast(logs[name], "float32") if name in logs else zero for name in self.names]
        self.totals.assign_add(share * ops.stack(values))

    def step(self, weight=1.0):
        """Ends an iteration, or a batch of so many rows."""
        self.count.assign_add(weight)

    def result(self):
        means = ops.divide(self.totals, ops.maximum(self.count, 1.0))
        logs = {name: means[i] for i, name in enumerate(self.names)}
        return {"loss": sum(logs[name] for name in self.losses), **logs}


class Run(keras.callbacks.Callback):
    """Where a `fit` stands: which rows come next, what an interrupted run has done before, whether all is finite.

    Args:
        game: the `Game`.
        feed: its `Feed`.
        start: iteration of the game at which this fit began.
        steps: iterations an epoch.
        done: iterations of this fit that were done before it was interrupted.
    """

    async_safe = True

    def __init__(self, game, feed, start, steps, done):
        super().__init__()
        self.game, self.feed, self.start, self.steps = game, feed, start, steps
        self.skip, self.epoch, self.step, self.pending = done % steps, done // steps, 0, []

    @property
    def position(self):
        """The iteration of the game that comes next."""
        return self.start + self.epoch * self.steps + max(self.step, self.skip)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.step = epoch, 0

    def on_epoch_end(self, epoch, logs=None):
        self.check(keep=0)

    def next(self):
        """Returns the data and the rows of the next execution; None for what was done before."""
        self.check(keep=1)
        first, self.step = self.step, min(self.step + self.game.steps_per_execution, self.steps)
        first = max(first, self.skip)
        if first >= self.step:
            return None, None
        self.skip = 0
        iteration = self.start + self.epoch * self.steps + first
        then = min(self.game.steps_per_execution, self.steps - self.step or self.steps)
        return self.feed.fetch(iteration, self.step - first, then)

    def watch(self, health):
        """Notes the health of an execution that may still be running."""
        self.pending.append(health)

    def check(self, keep):
        """Raises `Diverged` for an unhealthy execution; the last `keep` are let run on, so as not to wait for them."""
        while len(self.pending) > keep:
            code, iteration = (int(i) for i in ops.convert_to_numpy(self.pending.pop(0)))
            if code:
                self.pending.clear()
                raise Diverged(self._diagnosis(self.game.players[code - 1].name, iteration))

    def _diagnosis(self, player, iteration):
        rows = self.feed.unfit(iteration)
        largest = 0.0 if rows else self.feed.largest(iteration)
        if rows:
            cause = f"rows {rows[:8]} of its data hold NaN or infinity; mend or remove them"
        elif largest > 20:
            cause = f"its data reaches {largest:.4g}; scale it to [-1, 1] or [0, 1], or points to a spread near 1"
        else:
            cause = "its data is finite, so the game itself diverged; lower the learning rate, or look at the loss"
        return (
            f"Stopped at player {player!r} in iteration {iteration}: its loss or the norm of its gradient is no finite "
            "float32, expected finite numbers (weights, optimizers and seeds are those from before this iteration); "
            f"{cause}."
        )


def checked_callbacks(callbacks, players):
    """Returns (list of callbacks, the one among them that can resume a fit, or None); that one comes last.

    Last, because it saves what the callbacks before it add to an epoch's logs.

    Raises:
        TypeError: there is something else among them.
        ValueError: several that resume, or one that would fail after an epoch was spent.
    """
    callbacks = tree.flatten(callbacks) if callbacks is not None else []
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"Found {type(callback).__name__} among the callbacks, expected keras callbacks; "
                "wrap a function in keras.callbacks.LambdaCallback."
            )
        if isinstance(callback, keras.callbacks.ModelCheckpoint) and not callback.save_weights_only:
            raise ValueError(
                "Found a ModelCheckpoint of whole models, expected save_weights_only=True, since code builds a game "
                "and a file fills it; set that, or take course_utils.game.Checkpoint."
            )
        rates = keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau
        if len(players) > 1 and isinstance(callback, rates):
            raise ValueError(
                f"Found {type(callback).__name__} in a game of {len(players)} players, expected one player, since "
                "each has a learning rate of its own; give the optimizers schedules."
            )
    checkpoints = [c for c in callbacks if hasattr(c, "resume")]
    if len(checkpoints) > 1:
        raise ValueError(f"Found {len(checkpoints)} Checkpoint callbacks, expected at most one; keep one.")
    return [c for c in callbacks if c not in checkpoints] + checkpoints, checkpoints[0] if checkpoints else None


def epoch_length(feed, steps_per_epoch):
    """Returns how many iterations an epoch has; raises ValueError where that is none."""
    if steps_per_epoch is not None:
        return checks.count(steps_per_epoch, "steps_per_epoch")
    steps = feed.length // feed.per_iteration
    if steps < 1:
        raise ValueError(
            f"Found {feed.length} rows of data, expected at least the {feed.per_iteration} that one iteration "
            "uses; choose a smaller batch, or give steps_per_epoch to let iterations reuse rows."
        )
    return steps


def give_back_memory():
    """Collects garbage, and asks glibc to hand what was freed back to the system, which it does not do by itself.

    A compiler leaves most of it: after a DCGAN was compiled and dropped on JAX, 230 of 770 MB of the process.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:  # other C libraries have none
        trim(0)
