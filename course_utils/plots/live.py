"""A display that lives while a game is played, and leaves exactly one figure."""

import time

import keras
from matplotlib.figure import Figure

from course_utils import losses, metrics

from .curves import curves
from .grids import draw_page, tile
from .progress import Progress
from .style import COLOURS, bundle, hurried, interactive, show


class Live(keras.callbacks.Callback):
    """Shows samples and curves during `fit`: first what the untrained networks make, then anew every few seconds.

    A line below says how far the training has come. Where nobody watches (an executed build, a test), it draws once,
    at the end.

    Args:
        samples: takes nothing, returns images (N, H, W, C); called with the weights of the moment.
        labels: dict name of a log -> text, the curves to draw.
        alt: what the figure shows.
        columns: images a row.
        low, high: the range of the pixels.
        ylabel, xlabel: of the curves.
        seconds: least time between two drawings.
        apart: draw each curve on an axis of its own, so that a small one shows beside a large one.
    """

    def __init__(
        self, samples, labels, alt, columns=8, low=0.0, high=1.0,
        ylabel="nats per image", xlabel="epoch", seconds=4.0, apart=False,
    ):  # fmt: skip
        super().__init__()
        self.samples, self.labels, self.alt, self.columns = samples, labels, alt, columns
        self.low, self.high, self.ylabel, self.xlabel = low, high, ylabel, xlabel
        self.seconds, self.apart = seconds, apart

    def on_train_begin(self, logs=None):
        self.history, self.handle, self.drawn = {}, None, time.monotonic()
        self.watched = interactive()
        if self.watched:
            self.progress = Progress()
            self.progress.set_params(self.params)
            self.progress.on_train_begin()
            self.look()
            self._redraw()
        elif hurried():
            print("smoke: the live view is left out; the figure comes at the end")

    def on_epoch_begin(self, epoch, logs=None):
        if self.watched:
            self.progress.on_epoch_begin(epoch)

    def on_train_batch_end(self, batch, logs=None):
        if self.watched:
            self.progress.on_train_batch_end(batch)

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        if self.watched and time.monotonic() - self.drawn > self.seconds:
            self._redraw()

    def on_train_end(self, logs=None):
        if self.watched:
            self._redraw()
            self.progress.on_train_end()
        else:
            show(self.figure(), self.describe())

    def look(self):
        """Called before the first figure."""

    def describe(self):
        """Returns the alternative text of the figure of the moment."""
        return self.alt

    def figure(self):
        """Returns the figure of the moment: samples at the left, curves at the right."""
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        page = tile(self.samples(), self.columns, self.low, self.high)
        panels = [{name: text} for name, text in self.labels.items()] if self.apart else [self.labels]
        made = Figure(figsize=(11.0, 4.6), layout="constrained")
        axes = made.subplot_mosaic([["samples", number] for number in range(len(panels))])
        draw_page(axes["samples"], page)
        axes["samples"].set_title("Samples now")
        for number, labels in enumerate(panels):
            xlabel = self.xlabel if number == len(panels) - 1 else None
            curves(self.history, labels, self.ylabel, xlabel, axis=axes[number])
        return made

    def _redraw(self):
        from IPython.display import display, update_display

        data, metadata = bundle(self.figure(), self.describe())
        if self.handle is None:
            self.handle = display(data, metadata=metadata, raw=True, display_id=True)
        else:
            update_display(data, metadata=metadata, raw=True, display_id=self.handle.display_id)
        self.drawn = time.monotonic()


class GameLive(Live):
    """Shows a GAN while it is trained: examples of a fixed latent, both losses, and three diagnostics.

    - the critic's accuracies on real and on fake examples, ½ is chance; for a Wasserstein critic, whose
      zero has no meaning, the gap between its mean logits;
    - the mean slope ‖∇f(x)‖₂ of the critic at real examples, which is what the generator can learn from;
    - where an evaluator is given, the Fréchet distance of 500 examples to the real ones. With so few it
      is biased upwards; it serves to see a trend.

    `history` holds all that was drawn and logged, a list for each name, one number an epoch:
    "iterations", "seconds" (of training, without the measuring), "slope", "FD", "critic_loss", …

    Args:
        game: the `games.gan.GAN` that is fitted.
        real: real examples, (N, H, W, C) in [-1, 1] or points (N, 2), N ≥ 2; the first 500 are used.
        read: a `metrics.Evaluator`, or None.
        title: over the examples.
        shown: number of images shown.
        columns: images a row.
        seed: of the fixed latents.
        seconds: least time between two drawings.
    """

    def __init__(self, game, real, read=None, title="Samples now", shown=42, columns=6, seed=0, seconds=4.0):
        super().__init__(None, {}, "", columns, low=-1.0, high=1.0, seconds=seconds)
        self.game, self.real, self.read, self.title = game, real[:500], read, title
        self.shown, self.seed = shown, seed
        self.features = read(self.real).features if read else None

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        spent = time.perf_counter() - self.began + (self.history["seconds"][-1] if self.history else 0.0)
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        self.look()
        measured = {"seconds": spent, "iterations": self.game.iteration}
        measured["slope"] = self.game.slopes(self.real[:200]).mean()
        if self.read:
            measured["FD"] = metrics.frechet_distance(self.read(self.examples).features, self.features)
        super().on_epoch_end(epoch, {**(logs or {}), **measured})

    def look(self):
        """Draws what is shown and measured, by one call: the same latents each time."""
        self.examples = self.game.sample(500 if self.read or self.real.ndim == 2 else self.shown, self.seed)

    def describe(self):
        if not self.history:
            return f"{self.title}, before the first iteration."
        last = {name: values[-1] for name, values in self.history.items()}
        text = f"{self.title}, losses and diagnostics after {last['iterations']:.0f} iterations: "
        text += f"mean slope at real examples {last['slope']:.3g}"
        return text + (f", FD {last['FD']:.3g}." if "FD" in last else ".")

    def figure(self):
        """Returns the figure of the moment: examples at the left, losses and diagnostics right of them."""
        made = Figure(figsize=(13.0, 5.4), layout="constrained")
        right = ("distance", "slope") if self.read else ("slope", "slope")
        places = [["examples", "losses", right[0]], ["examples", "critic", right[1]]]
        axes = made.subplot_mosaic(places, width_ratios=[1.15, 1, 1])
        self._examples(axes["examples"])
        if self.game.adversarial is losses.wasserstein:  # the zero of a critic's scale means nothing, a difference does
            self._lines(axes["losses"], {"logit_gap": None}, "Gap E f(x) − E f(G(z))")
            self._lines(axes["critic"], {"generator_loss": None}, "−E f(G(z)), up to a constant")
        else:
            both = {"critic_loss": "discriminator", "generator_loss": "generator"}
            self._lines(axes["losses"], both, "Losses")
            seen = {"real_accuracy": "real", "fake_accuracy": "fake"}
            self._lines(axes["critic"], seen, "Discriminator's accuracy")
            axes["critic"].axhline(0.5, color="grey", linestyle=":", linewidth=1.5)
            axes["critic"].set_ylim(-0.05, 1.35)
            axes["critic"].set_yticks([0.0, 0.5, 1.0])
        self._lines(axes["slope"], {"slope": None}, "Mean slope ‖∇f‖ at real")
        if self.read:
            self._lines(axes["distance"], {"FD": None}, f"FD-{self.read.name}, 500 samples")
        for name in ("critic", "slope"):
            axes[name].set_xlabel("iterations")
        return made

    def _examples(self, axis):
        axis.set_title(self.title)
        if self.real.ndim == 4:
            draw_page(axis, tile(self.examples[: self.shown], self.columns, self.low, self.high))
            return
        axis.scatter(*self.real.T, s=10, color="lightgrey", label="real")
        axis.scatter(*self.examples.T, s=10, color=COLOURS[1], alpha=0.6, label="generated")
        axis.set_aspect("equal")
        axis.legend(loc="upper right", markerscale=2)

    def _lines(self, axis, labels, title):
        x = self.history.get("iterations", [])
        for name, text in labels.items() if x else ():
            axis.plot(x, self.history[name], marker="o" if len(x) < 30 else None, markersize=5, label=text)
        axis.set_title(title)
        axis.ticklabel_format(useOffset=False)
        axis.margins(y=0.15)
        axis.locator_params(nbins=4)
        if not x:
            return
        if len(labels) > 1:  # room above the curves, so that none runs through the legend
            low, high = axis.get_ylim()
            axis.set_ylim(low, high + 0.25 * (high - low))
            axis.legend(loc="upper center", ncols=len(labels))
        axis.set_xlim(0, 1.05 * x[-1])
