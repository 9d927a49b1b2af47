"""Long runs of lecture 01. Each trains one pair of networks, scores it and ships its weights.

    python training/vae.py vae-mnist-binary     # the 784-400-40 recipe
    python training/vae.py vae-mnist-z2 ae-mnist-z2 vae-mnist-z16 ae-mnist-z16

`vae-mnist-binary` has the networks and the batches of the published recipe: 784-400-40, ReLU, Adam,
batches of 100, scored on static binarised MNIST. Four things differ. The published binarised test
file is replaced by a draw of our own. Training draws its pixels anew in every batch (Burda et al.,
2016): with one fixed draw for training, as published, 300 epochs ended at 91.02 nats, overfitted.
The learning rate starts at 1e-3 and falls along a cosine for 300 epochs, where the recipe goes from
1e-4 in two drops over 500. The shipped weights are an exponential average of the last steps.
"""

import dataclasses
import os
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import ops
from runs import Watch, command, kept, recorded, rounded, save

from course_utils import data, metrics, pretrained
from course_utils.game import Average
from course_utils.games.vae import VAE, Autoencoder, binarise
from course_utils.networks.vae import conv_decoder, conv_encoder, decode, mlp_decoder, mlp_encoder

TEST_SEED = 1  # of the binarisation of the test images
DRAWS = 200  # importance weights an image, as in the published figures
PUBLISHED = {
    "score": f"NLL-{DRAWS}",
    "value": 89.78,
    "source": "pythae, reproducibility/vae.py",
}


class RedrawnVAE(VAE):
    """A VAE whose training images are grey, and drawn as 0 or 1 anew in every batch."""

    def negative_elbo(self, x, training):
        if training:
            chances = keras.random.uniform(ops.shape(x), seed=self.seeds)
            x = ops.cast(chances < x, x.dtype)
        return super().negative_elbo(x, training)


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    game: type
    encoder: Callable
    decoder: Callable
    latent_dim: int
    width: int
    epochs: int
    prepare: Callable  # uint8 test images -> float32 images in [0, 1]
    learning_rate: float = 1e-3
    batch_size: int = 100
    decay: float = 0.9995

    @property
    def arguments(self):
        return {"latent_dim": self.latent_dim, "width": self.width}

    def networks(self):
        """Returns a fresh encoder and decoder by name."""
        return {"encoder": self.encoder(**self.arguments), "decoder": self.decoder(**self.arguments)}


def grey(images):
    """Grey values from 0 to 1."""
    return data.scale(images, low=0.0, high=1.0)


def binary(images):
    """One draw of each pixel, the same in every run: the static test set."""
    return binarise(images, TEST_SEED)


RUNS = {
    "vae-mnist-binary": Run(RedrawnVAE, mlp_encoder, mlp_decoder, 40, 400, 300, binary),
    "vae-mnist-z2": Run(VAE, conv_encoder, conv_decoder, 2, 16, 15, grey, decay=0.999),
    "ae-mnist-z2": Run(Autoencoder, conv_encoder, conv_decoder, 2, 16, 15, grey, decay=0.999),
    "vae-mnist-z16": Run(VAE, conv_encoder, conv_decoder, 16, 32, 10, grey, decay=0.999),
    "ae-mnist-z16": Run(Autoencoder, conv_encoder, conv_decoder, 16, 32, 10, grey, decay=0.999),
}


def train(name, run, seed):
    """Trains one run and keeps the average of its networks' last weights."""
    keras.utils.set_random_seed(seed)
    x_train = grey(data.load("mnist").x_train)
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
    watch = Watch(name, averaged, terms=("loss",), every=run.epochs // 15)
    game.fit(x_train, batch_size=run.batch_size, epochs=run.epochs, verbose=0, callbacks=[watch])


def ship(name, run, seed):
    """Scores the kept weights, as they will be stored, and saves them with their recipe."""
    networks, noted = kept(name, run.networks()), recorded(name)
    x_test = run.prepare(data.load("mnist").x_test)
    measured = likelihood if run.prepare is binary else samples
    recipe = pretrained.provenance(seed, data.source("mnist"), noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "01",
        "evaluator": "mnist-cnn",
        "scores": terms(run, networks, x_test) | measured(run, networks, x_test),
        "published": [PUBLISHED] if run.prepare is binary else [],
        "settings": {
            "epochs": run.epochs,
            "batch_size": run.batch_size,
            "optimizer": f"Adam, {run.learning_rate:g} falling to 0 along a cosine",
            "average": run.decay,
            "trace": rounded(noted["trace"]),
            "binarisation": f"test images drawn once, seed {TEST_SEED}; training images anew in each batch"
            if run.prepare is binary
            else None,
        },
        "networks": {
            "encoder": {"builder": run.encoder.__name__, "arguments": run.arguments},
            "decoder": {"builder": run.decoder.__name__, "arguments": run.arguments},
        },
    }
    if issubclass(run.game, VAE):
        recipe["sampler"] = {"name": "bernoulli_decoder", "arguments": {"latent_dim": run.latent_dim}}
    save(name, networks, recipe)


def terms(run, networks, x_test):
    """The terms of the loss on the test images, in nats."""
    game = run.game(**networks)
    game.compile()
    logs = game.evaluate(x_test, batch_size=500, verbose=0)
    if issubclass(run.game, VAE):
        return {"negative-ELBO": logs["loss"], "reconstruction": logs["nll"], "KL": logs["kl"]}
    return {"reconstruction": logs["loss"]}


def likelihood(run, networks, x_test):
    """The importance-weighted negative log-likelihood, in nats: all images, and more draws on 500."""
    few = metrics.log_likelihood(**networks, x=x_test, samples=DRAWS)
    many = metrics.log_likelihood(**networks, x=x_test[:500], samples=5_000)
    return {
        f"NLL-{DRAWS}": float(-few.mean()),
        f"NLL-{DRAWS}-first-500": float(-few[:500].mean()),
        "NLL-5000-first-500": float(-many.mean()),
    }


def samples(run, networks, x_test):
    """10,000 draws from the prior against the 10,000 test images, read by the frozen classifier."""
    z = np.random.default_rng(0).normal(size=(len(x_test), run.latent_dim))
    read = metrics.evaluator("mnist")
    return metrics.score(2 * decode(networks["decoder"], z) - 1, 2 * x_test - 1, read)


def main():
    arguments = command(__doc__, RUNS).parse_args()
    for name in arguments.names:
        if not arguments.ship:
            train(name, RUNS[name], arguments.seed)
        ship(name, RUNS[name], arguments.seed)


if __name__ == "__main__":
    main()
