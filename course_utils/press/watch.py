"""What a person sees of `course train`: a bar with the time that is left, losses and samples now and then."""

import json
import time

import keras
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from course_utils import files


class Watch(keras.callbacks.Callback):
    """Moves the bar, and at each mark prints the losses, draws samples and notes the seconds.

    Args:
        iterations: of the whole run.
        steps: iterations between two marks, an epoch of `fit`.
        show: function (iteration), draws samples.
        path: run.json, which keeps the seconds of a run that is stopped.
        console: rich Console.
    """

    def __init__(self, iterations, steps, show, path, console):
        super().__init__()
        self.steps, self.show, self.path, self.console = steps, show, path, console
        self.bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self.line = self.bar.add_task("training", total=iterations)
        self.seconds = json.loads(path.read_text("utf-8"))["seconds"]

    def on_train_begin(self, logs=None):
        self.bar.reset(self.line, completed=self.model.iteration)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch, self.began = epoch, time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        done = self.epoch * self.steps + batch + 1
        if done > self.bar.tasks[self.line].completed:  # what was done before an interruption is counted already
            self.bar.update(self.line, completed=done)

    def on_epoch_end(self, epoch, logs=None):
        self.seconds += time.perf_counter() - self.began
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        done = (epoch + 1) * self.steps
        losses = ", ".join(f"{key} {value:.4g}" for key, value in logs.items() if key.endswith("_loss"))
        self.console.print(f"{done:>8}  {losses}", highlight=False)
        self.show(done)
        noted = json.loads(self.path.read_text("utf-8")) | {"seconds": round(self.seconds, 1)}
        files.write_atomic(self.path, json.dumps(noted, indent=2).encode("utf-8"))
