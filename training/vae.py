"""Long runs of lecture 01. Each trains one pair of networks, scores it and ships its weights.

    python training/vae.py vae-mnist-binary     # the 784-400-40 recipe
    python training/vae.py vae-mnist-z2 ae-mnist-z2 vae-mnist-z16 ae-mnist-z16

`vae-mnist-binary` has the networks, the batches and the data of Tomczak & Welling (2018): 784-400-40,
ReLU, Adam, batches of 100, static binarised MNIST. Three things differ. The published binarised
files are replaced by a draw of our own. The learning rate starts at 1e-3 and falls along a cosine
for 300 epochs, where the recipe goes from 1e-4 in two drops over 500. The shipped weights are an
exponential average of the last steps.
"""

import argparse
import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

from course_utils import data, files
from course_utils.game import Average
from course_utils.games.vae import VAE, Autoencoder, binarise
from course_utils.networks.vae import conv_decoder, conv_encoder, mlp_decoder, mlp_encoder

FOLDER = Path("build/training")
TRAIN_SEED, TEST_SEED = 0, 1  # of the binarisation


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    game: type
    encoder: Callable
    decoder: Callable
    latent_dim: int
    width: int
    epochs: int
    prepare: Callable  # uint8 images, seed of the draw -> float32 images in [0, 1]
    learning_rate: float = 1e-3
    batch_size: int = 100
    decay: float = 0.9995

    @property
    def arguments(self):
        return {"latent_dim": self.latent_dim, "width": self.width}

    def networks(self):
        """Returns a fresh encoder and decoder by name."""
        return {"encoder": self.encoder(**self.arguments), "decoder": self.decoder(**self.arguments)}


def grey(images, seed):
    """Grey values as they are; the draw's seed is not used."""
    return data.scale(images, low=0.0, high=1.0)


RUNS = {
    "vae-mnist-binary": Run(VAE, mlp_encoder, mlp_decoder, 40, 400, 300, binarise),
    "vae-mnist-z2": Run(VAE, conv_encoder, conv_decoder, 2, 32, 30, grey),
    "ae-mnist-z2": Run(Autoencoder, conv_encoder, conv_decoder, 2, 32, 30, grey),
    "vae-mnist-z16": Run(VAE, conv_encoder, conv_decoder, 16, 32, 30, grey),
    "ae-mnist-z16": Run(Autoencoder, conv_encoder, conv_decoder, 16, 32, 30, grey),
}


class Report(keras.callbacks.Callback):
    """Prints the means of an epoch, and writes the averaged weights every few epochs."""

    def __init__(self, name, networks, every=25):
        super().__init__()
        self.name, self.networks, self.every = name, networks, every
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.start
        terms = " ".join(f"{k} {float(v):.3f}" for k, v in logs.items())
        print(f"{self.name} epoch {epoch + 1} {seconds:.0f} s {terms}", flush=True)
        if (epoch + 1) % self.every == 0:
            keep(self.name, self.networks)


def keep(name, networks):
    """Writes the weights to the build folder, so that a stopped run is not lost."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    files.save_arrays(
        FOLDER / f"{name}.npz",
        {f"{part}-{i}": w for part, n in networks.items() for i, w in enumerate(n.get_weights())},
    )


def train(name, run, seed):
    """Trains one run; returns the averaged networks by name and the seconds it took."""
    keras.utils.set_random_seed(seed)
    x_train = run.prepare(data.load("mnist").x_train, TRAIN_SEED)
    live, averaged = run.networks(), run.networks()
    steps = run.epochs * (len(x_train) // run.batch_size)
    game = run.game(
        live["encoder"],
        live["decoder"],
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(run.learning_rate, steps)),
        averages=[Average(live[part], averaged[part], run.decay) for part in live],
        seed=seed,
    )
    game.compile(steps_per_execution=100)
    start = time.perf_counter()
    report = Report(name, averaged)
    game.fit(x_train, batch_size=run.batch_size, epochs=run.epochs, verbose=0, callbacks=[report])
    keep(name, averaged)
    return averaged, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=RUNS)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for name in arguments.names:
        train(name, RUNS[name], arguments.seed)


if __name__ == "__main__":
    main()
