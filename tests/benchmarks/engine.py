"""Measures `Game.fit` against hand-written loops, as ratios within one run: engine.py [images|toy]

Prints one JSON line: iterations/s of each way, medians over rounds that take turns, and the median ratio.
`make benchmarks` runs it for each backend and writes the README's table.
"""

import json
import platform
import statistics
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

sys.path.insert(0, str(Path(__file__).parent))
from by_hand import BETAS, BY_HAND, PENALTY, RATE, TURNS

from course_utils import backend, losses, penalties
from course_utils.game import Game, Player


class WGANGP(Game):
    """WGAN-GP with five critic turns, as lecture 07 has it."""

    def __init__(self, generator, critic, latent_dim):
        def adam():
            return keras.optimizers.Adam(RATE, beta_1=BETAS[0], beta_2=BETAS[1])

        super().__init__(
            [
                Player("critic", [critic], self.critic_loss, adam(), turns=TURNS),
                Player("generator", [generator], self.generator_loss, adam()),
            ]
        )
        self.generator, self.critic, self.latent_dim = generator, critic, latent_dim

    def fake(self, batch, training):
        z = keras.random.normal((ops.shape(batch)[0], self.latent_dim), seed=self.seeds)
        return self.generator(z, training=training)

    def critic_loss(self, batch, training):
        fake = self.fake(batch, training)
        penalty = penalties.gradient_penalty(self.critic, batch, fake, self.seeds)
        loss = losses.wasserstein.discriminator(
            self.critic(batch, training=training), self.critic(fake, training=training)
        )
        return loss + PENALTY * penalty

    def generator_loss(self, batch, training):
        return losses.wasserstein.generator(self.critic(self.fake(batch, training), training=training))


def image_networks(width=32, latent_dim=64):
    """A generator of nearest upsampling and 3×3 convolutions and a strided critic, 28×28×1."""
    z = keras.Input((latent_dim,))
    h = layers.Dense(7 * 7 * 2 * width, use_bias=False)(z)
    h = layers.Reshape((7, 7, 2 * width))(layers.ReLU()(layers.BatchNormalization()(h)))
    for filters in (width, width):
        h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(layers.UpSampling2D(2)(h))
        h = layers.ReLU()(layers.BatchNormalization()(h))
    generator = keras.Model(z, layers.Conv2D(1, 3, padding="same", activation="tanh")(h))
    x = h = keras.Input((28, 28, 1))
    for filters in (width, 2 * width):
        h = layers.LeakyReLU(0.2)(layers.Conv2D(filters, 4, strides=2, padding="same")(h))
    return generator, keras.Model(x, layers.Dense(1)(layers.Flatten()(h))), latent_dim


def toy_networks(width=64, latent_dim=2):
    """Two networks of three layers for points in the plane."""

    def dense(inputs, outputs):
        x = h = keras.Input((inputs,))
        for _ in range(2):
            h = layers.ReLU()(layers.Dense(width)(h))
        return keras.Model(x, layers.Dense(outputs)(h))

    return dense(latent_dim, 2), dense(2, 1), latent_dim



def game_fit(generator, critic, latent_dim, x, batch_size, fused):
    game = WGANGP(generator, critic, latent_dim)
    game.compile(steps_per_execution=fused)

    def run(iterations):
        game.fit(x, batch_size=batch_size, steps_per_epoch=iterations, verbose=0)

    return run


def measure(ways, iterations, rounds):
    """Returns the seconds of each way in each round; the ways take turns, so that what disturbs one disturbs all."""
    for run in ways.values():
        run(iterations)  # compiles
    seconds = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            run(iterations)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(seconds, slow, fast):
    """How often `fast` goes into `slow`, the median over rounds."""
    return statistics.median(a / b for a, b in zip(seconds[slow], seconds[fast]))


def main(which):
    rng = np.random.default_rng(0)
    if which == "images":
        networks, shape, iterations, rounds, fused = image_networks, (4096, 28, 28, 1), 20, 5, 1
    else:
        networks, shape, iterations, rounds, fused = toy_networks, (4096, 2), 2000, 7, 50
    x = rng.uniform(-1, 1, shape).astype("float32")
    ways = {}
    generator, critic, latent_dim = networks()
    ways["by_hand"] = BY_HAND[backend.name()](generator, critic, x, latent_dim, 64, fused)
    ways["game"] = game_fit(*networks(), x, 64, fused)
    if fused > 1:
        ways["per_step_fit"] = game_fit(*networks(), x, 64, 1)
    seconds = measure(ways, iterations, rounds)
    rates = {name: iterations / statistics.median(s) for name, s in seconds.items()}
    kind, model = backend.device()
    report = {
        "benchmark": which,
        "backend": backend.name(),
        "device": f"{kind} ({model})" if kind != "cpu" else f"cpu ({platform.machine()})",
        "fused": fused,
        "iterations_per_second": {name: round(rate, 2) for name, rate in rates.items()},
        "ratio": round(ratio(seconds, "by_hand", "game"), 3),
    }
    if fused > 1:
        report["fused_over_per_step"] = round(ratio(seconds, "per_step_fit", "game"), 2)
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1])
