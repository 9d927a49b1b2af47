"""One line below a cell that says how far a training has come, from its first second on."""

import time

import keras


class Progress(keras.callbacks.Callback):
    """Shows a line that changes in place: compiling, then epoch, iterations, seconds, and about how many are left.

    Args:
        show: takes a text; called at once, then at most every `seconds`. By default a line below the cell.
        seconds: least time between two texts.
    """

    def __init__(self, show=None, seconds=1.0):
        super().__init__()
        self.show, self.seconds = show or Line(), seconds

    def on_train_begin(self, logs=None):
        self.began, self.said, self.first = time.monotonic(), -float("inf"), None
        self.epoch = self.done = 0
        self.say("Compiling one iteration: nothing moves for up to a minute.")

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        now, steps = time.monotonic(), self.params.get("steps")
        self.done = self.epoch * (steps or 0) + batch + 1
        if self.first is None:
            self.first = now, self.done  # what was compiled is not counted in the rate
        if now - self.said >= self.seconds:
            self.say(self.text(now, steps))

    def on_train_end(self, logs=None):
        self.say(f"{self.done:,} iterations in {_time(time.monotonic() - self.began)}.")

    def text(self, now, steps):
        """Returns the line of the moment."""
        epochs, (since, before) = self.params.get("epochs"), self.first
        said = f"epoch {self.epoch + 1} of {epochs} · iteration {self.done:,}"
        if not steps or not epochs:
            return f"{said} · {_time(now - self.began)}"
        said += f" of {epochs * steps:,} · {_time(now - self.began)}"
        if self.done == before:
            return said
        left = (now - since) / (self.done - before) * (epochs * steps - self.done)
        return f"{said} · about {_time(left)} left"

    def say(self, text):
        self.said = time.monotonic()
        self.show(text)


class Line:
    """A line of text below a cell; each call replaces it."""

    def __init__(self):
        self.handle = None

    def __call__(self, text):
        from IPython.display import display, update_display

        if self.handle is None:
            self.handle = display({"text/plain": text}, raw=True, display_id=True)
        else:
            update_display({"text/plain": text}, raw=True, display_id=self.handle.display_id)


def _time(seconds):
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60:02d} s"
