"""A display that lives while a game is played, and leaves exactly one figure."""

import time

import keras

from .curves import curves
from .grids import draw_page, tile
from .style import bundle, figure, interactive, show


class Live(keras.callbacks.Callback):
    """Shows samples and curves during `fit`; redraws in place, at most every few seconds.

    Where nobody watches (an executed build, a test), it draws once, at the end.

    Args:
        samples: takes nothing, returns images (N, H, W, C); called with the weights of the moment.
        labels: dict name of a log -> text, the curves to draw.
        alt: what the figure shows.
        columns: images a row.
        low, high: the range of the pixels.
        ylabel, xlabel: of the curves.
        seconds: least time between two drawings.
    """

    def __init__(
        self, samples, labels, alt, columns=8, low=0.0, high=1.0,
        ylabel="nats per image", xlabel="epoch", seconds=4.0,
    ):  # fmt: skip
        super().__init__()
        self.samples, self.labels, self.alt, self.columns = samples, labels, alt, columns
        self.low, self.high, self.ylabel, self.xlabel = low, high, ylabel, xlabel
        self.seconds = seconds

    def on_train_begin(self, logs=None):
        self.history, self.handle, self.drawn = {}, None, time.monotonic()
        self.watched = interactive()

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        if self.watched and time.monotonic() - self.drawn > self.seconds:
            self._redraw()

    def on_train_end(self, logs=None):
        if self.watched:
            self._redraw()
        else:
            show(self.figure(), self.alt)

    def figure(self):
        """Returns the figure of the moment: samples at the left, curves at the right."""
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        page = tile(self.samples(), self.columns, self.low, self.high)
        made, (left, right) = figure(1, 2, width=11.0, height=4.6)
        draw_page(left, page)
        left.set_title("Samples now")
        curves(self.history, self.labels, self.ylabel, self.xlabel, axis=right)
        return made

    def _redraw(self):
        from IPython.display import display, update_display

        data, metadata = bundle(self.figure(), self.alt)
        if self.handle is None:
            self.handle = display(data, metadata=metadata, raw=True, display_id=True)
        else:
            update_display(data, metadata=metadata, raw=True, display_id=self.handle.display_id)
        self.drawn = time.monotonic()
