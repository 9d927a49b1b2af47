"""Learning rates that long runs share."""

import keras
from keras import ops


class Tail(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that stays for the first half of a run, then falls to 0 along a line."""

    def __init__(self, rate, steps):
        self.rate, self.steps = rate, steps

    def __call__(self, step):
        left = 2.0 * (1.0 - ops.cast(step, "float32") / self.steps)
        return self.rate * ops.clip(left, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps}
