"""Long runs of lectures 04 to 07. Each trains one game on real images, scores it and ships its weights.

    python training/gan.py gan-mnist dcgan-mnist wgan-mnist wgan-gp-mnist dcgan-frogs dcgan-mnist-stage

Lectures 05, 06 and 07 share their networks: only the loss, what limits the critic, and the optimizer
that goes with it differ. One exception: the clipped critic of 06 has layer norm. Learning rates fall to 0
along a line over the second half of a run, and what ships is an exponential average of the generator. FD
against the test images is measured along the way; it decides nothing. At last the game is played for one
minute with the settings of `notebook`, so that a recipe says what the long run added; `--minute` measures only
that. Have the machine to yourself then. `dcgan-mnist-stage` is no long run: lecture 05 goes on from it, so its
rates are constant and its settings those of the lesson.
"""

import dataclasses
import functools
import os
import time
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import Tail, Trial, Watch, begun, command, kept, recorded, rounded, save, sized, stretched, timed

from course_utils import augmentations, data, metrics, pretrained, weights
from course_utils.game import Average
from course_utils.games.gan import GAN
from course_utils.games.wgan import WGAN, WGANGP, r1
from course_utils.networks.gan import dcgan_critic, dcgan_generator, layer_norm_critic, mlp_critic, mlp_generator

FROG = 6  # its label in CIFAR-10
SAMPLES = 10_000
TERMS = ("critic_loss", "generator_loss", "logit_gap", "critic_gradient_norm")  # in the trace of a run


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    lecture: str
    game: Callable  # (generator, critic, critic_optimizer=, generator_optimizer=, …) -> Game
    iterations: int
    optimizer: Callable  # learning-rate schedule -> optimizer
    rate: float
    generator: Callable = dcgan_generator
    critic: Callable = dcgan_critic
    latent_dim: int = 64
    generator_arguments: dict = dataclasses.field(default_factory=lambda: {"width": 32})
    critic_arguments: dict = dataclasses.field(default_factory=lambda: {"width": 32})
    arguments: dict = dataclasses.field(default_factory=dict)  # of the game
    critic_rate: float | None = None  # the generator's if None
    turns: int = 1
    batch_size: int = 64
    images: str = "mnist"
    decay: float = 0.999
    epoch: int = 250  # iterations between two looks at the clock
    notebook: dict = dataclasses.field(default_factory=dict)  # what the first minute does otherwise; none if empty
    falls: bool = True  # whether the rates fall to 0 over the second half
    published: tuple = ()

    def described(self):
        """The networks as a recipe describes them."""
        latent = {"latent_dim": self.latent_dim}
        return {
            "generator": {"builder": self.generator.__name__, "arguments": latent | self.generator_arguments},
            "critic": {"builder": self.critic.__name__, "arguments": dict(self.critic_arguments)},
        }

    def networks(self):
        """Returns a fresh generator and critic by name."""
        return {
            "generator": self.generator(latent_dim=self.latent_dim, **self.generator_arguments),
            "critic": self.critic(**self.critic_arguments),
        }

    def scaled(self, factor):
        """The same run with so many times as many iterations, and about twenty looks at the clock."""
        iterations = stretched(self.iterations, factor, 10)
        epoch = stretched(iterations, 1 / 20, 10)
        return dataclasses.replace(self, iterations=iterations // epoch * epoch, epoch=epoch)

    def optimizers(self):
        """Returns the two optimizers, their rates falling over the second half of the run, or constant."""
        if not self.falls:
            return {f"{role}_optimizer": self.optimizer(self.rate) for role in ("critic", "generator")}
        return {
            "critic_optimizer": self.optimizer(Tail(self.critic_rate or self.rate, self.iterations * self.turns)),
            "generator_optimizer": self.optimizer(Tail(self.rate, self.iterations)),
        }


def adam(rate, beta_1=0.5, beta_2=0.999):
    """Adam as DCGAN uses it."""
    return keras.optimizers.Adam(rate, beta_1=beta_1, beta_2=beta_2)


def penalty_adam(rate):
    """Adam as WGAN-GP uses it for digits."""
    return adam(rate, beta_2=0.9)


def rmsprop(rate):
    """RMSprop as the first WGAN uses it."""
    return keras.optimizers.RMSprop(rate)


COLOUR = {"image_shape": (32, 32, 3)}

# Without it FD passes through a minimum and rises again: a simple GAN from 2.0 at 12,000 iterations to 2.6 at 20,000,
# a DCGAN from 2.0 at 2,250 to 3.0 at 9,000 (rate 1e-3, seed 0). A tenth of the weight is too little: going on from the
# shipped DCGAN with 0.03, FD rose from 0.78 to 0.88 within 750 iterations.
# Two ways to a better DCGAN that were not: batches of 16 with a weight of 0.1 stand at FD 1.2 after 160,000 images, as
# batches of 64 do, at equal cost; a generator of twice the width needs three quarters of the images and twice the time.
R1 = {"penalty": r1, "penalty_weight": 0.3}

PLAIN = {"rate": 2e-4, "arguments": {}, "decay": 0.0}  # lectures 04 and 05 as their papers have them

# Frogs: 5,000 are soon known by heart. Without augmentation, at a penalty of 0.1, the gap between real and fake logits
# grew from 0.7 at 3,000 iterations to 1.4 at 24,000, and the samples were best, to the eye, about halfway. DiffAugment
# in full, with colours and squares cut out, is too much for a critic of this size: the gap stayed at 0.04, with and
# without a penalty, and the samples had no colours. With moves alone it fell to 0.09 where both rates were 5e-4.

# The WGAN: with the paper's clip of 0.01 and a rate of 2e-4 it stood at FD 13.5 after 2,000 iterations of 64 images,
# with 0.05 and 5e-4 at 7.2, its classes from 5 to 16 %. Tried in batches of 16, FD after 480 iterations (seed 0): 12.7
# without a norm in the critic, 8.2 with layer norm, 8.2 with batch norm.
RUNS = {
    "gan-mnist": Run(
        "04", GAN, 20_000, adam, 1e-3, generator=mlp_generator, critic=mlp_critic,
        generator_arguments={"widths": (128, 256, 512)}, critic_arguments={}, arguments=R1, notebook=PLAIN,
    ),
    "dcgan-mnist": Run("05", GAN, 6_000, adam, 1e-3, arguments=R1, notebook=PLAIN),
    "dcgan-mnist-stage": Run("05", GAN, 1_000, adam, 1e-3, decay=0.995, falls=False),
    "wgan-mnist": Run(
        "06", WGAN, 32_000, rmsprop, 1e-3, turns=5, batch_size=16, epoch=40, arguments={"clip": 0.05},
        critic_rate=5e-4, critic=layer_norm_critic,
        notebook={"arguments": {}, "decay": 0.0, "rate": 5e-4, "critic": dcgan_critic},
    ),
    "wgan-gp-mnist": Run("07", WGANGP, 4_000, penalty_adam, 1e-3, turns=5, epoch=10, notebook={"decay": 0.99}),
    "dcgan-frogs": Run(
        "05", GAN, 22_000, adam, 2e-4, batch_size=16, images="frogs", latent_dim=100, critic_rate=6e-4,
        arguments=R1 | {"penalty_weight": 0.05, "augment": augmentations.translate},
        generator_arguments={"width": 48, **COLOUR}, critic_arguments={"width": 64, **COLOUR},
    ),
}  # fmt: skip


def real(run):
    """Returns training and test images in [-1, 1], and their source."""
    if run.images == "frogs":
        x, y, x_test, y_test = data.load("cifar10")
        x, x_test = x[y == FROG], x_test[y_test == FROG]
        x = np.concatenate([x, x[:, :, ::-1]])  # a frog in a mirror is a frog
        return data.scale(x), data.scale(x_test), data.source("cifar10")
    x, _, x_test, _ = data.load("mnist")
    return data.scale(x), data.scale(x_test), data.source("mnist")


def latents(run, n, seed=0):
    """Standard normal latents from NumPy, so that every backend draws the same."""
    return np.random.default_rng(seed).standard_normal((n, run.latent_dim), dtype="float32")


def sampled(run, generator, seed=0):
    """Returns 10,000 images of a generator."""
    return generator.predict(latents(run, SAMPLES, seed), batch_size=500, verbose=0)


def measures(run, generator, x_test):
    """Returns a function that measures FD to the test images, IS and the classes, where the images are digits."""
    if run.images != "mnist":
        return dict
    read = metrics.evaluator("mnist")
    real = read(x_test).features

    def measure():
        fake = read(sampled(run, generator))
        distance, score = metrics.frechet_distance(fake.features, real), metrics.inception_score(fake.probabilities)
        return {"FD": float(distance), "IS": float(score)} | shares(fake)

    return measure


def shares(fake):
    """The shares of the smallest and of the largest class among samples, as the evaluator reads them."""
    found = np.bincount(fake.probabilities.argmax(1), minlength=10) / len(fake.probabilities)
    return {"smallest-class": float(found.min()), "largest-class": float(found.max())}


def played(run, seed):
    """Returns the compiled game of a run, its networks, and the average of its generator."""
    keras.utils.set_random_seed(seed)
    live, averaged = run.networks(), run.networks()["generator"]
    game = run.game(
        **live, **run.optimizers(), **run.arguments, turns=run.turns,
        averages=[Average(live["generator"], averaged, run.decay)], seed=seed,
    )  # fmt: skip
    game.compile(steps_per_execution=10)
    return game, live, averaged


def trial(run, seed):
    """Returns what tells how long the run can be."""
    x_train, x_test, _ = real(run)
    game, _, averaged = played(run, seed)

    def play(iterations):
        game.fit(x_train, batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(play, 10, run.iterations, look=measures(run, averaged, x_test))


def train(name, run, seed, resume):
    """Trains one run and keeps the averaged generator and the critic."""
    x_train, x_test, _ = real(run)
    game, live, averaged = played(run, seed)
    epochs, networks = run.iterations // run.epoch, {"generator": averaged, "critic": live["critic"]}
    watch = Watch(name, networks, measures(run, averaged, x_test), TERMS, every=epochs // 20)
    game.fit(
        x_train, batch_size=run.batch_size, epochs=epochs, steps_per_epoch=run.epoch, verbose=0,
        callbacks=[watch, begun(name, watch, resume)],
    )  # fmt: skip


class Minute(keras.callbacks.Callback):
    """Stops a training after a minute by the clock, on a machine that does nothing else; compiling does not count."""

    def on_epoch_end(self, epoch, logs=None):
        self.began = time.perf_counter() if epoch == 0 else self.began
        self.model.stop_training = time.perf_counter() - self.began >= 60


def add_minute(name, run, seed):
    """Plays the game as the notebook's `cpu` profile does, for a minute, and notes in the recipe how far it came."""
    shipped, read = pretrained.load(name), metrics.evaluator("mnist")
    x_train, x_test, _ = real(run)
    run = dataclasses.replace(run, **run.notebook)
    game, _, averaged = played(run, seed)
    game.fit(
        x_train, batch_size=run.batch_size, epochs=run.iterations, steps_per_epoch=10, verbose=0, callbacks=[Minute()]
    )  # fmt: skip
    found = float(metrics.frechet_distance(read(sampled(run, averaged, seed=1)).features, read(x_test).features))
    shipped.recipe["scores"]["FD-mnist-cnn-after-a-minute"] = found
    shipped.recipe["settings"]["iterations_in_a_minute"] = game.iteration
    pretrained.save(name, shipped.networks, shipped.recipe)
    print(f"{name}: FD {found:.3f} after {game.iteration} iterations in a minute", flush=True)


def ship(name, run, seed, folder):
    """Scores the kept weights, as they will be stored, and saves them with their recipe."""
    networks, noted = kept(name, run.networks()), recorded(name)
    x_train, x_test, source = real(run)
    scored = scores(run, networks, x_train, x_test) if run.images == "mnist" else {}
    recipe = pretrained.provenance(seed, source, noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": run.lecture,
        "evaluator": "mnist-cnn" if run.images == "mnist" else None,
        "scores": scored,
        "published": list(run.published),
        "settings": {
            "game": run.game.__name__,
            "iterations": int(noted["trace"]["iterations"][-1]),
            "planned": run.iterations,  # a run that was stopped before has not seen its lowest rates
            "critic_turns": run.turns,
            "batch_size": run.batch_size,
            "optimizer": run.optimizer.__name__,
            "rate": run.rate,
            "critic_rate": run.critic_rate or run.rate,
            "schedule": "constant for the first half, then along a line to 0" if run.falls else "constant",
            "average": run.decay,
            "images": run.images,
            "trace": rounded(noted["trace"]),
            **{key: getattr(value, "__name__", value) for key, value in run.arguments.items()},
        },
        "networks": run.described(),
        "sampler": {"name": "normal_generator", "arguments": {"latent_dim": run.latent_dim}},
    }
    save(name, networks, recipe, folder)


def scores(run, networks, x_train, x_test):
    """10,000 samples against the 10,000 test images, beside as many training images."""
    read = metrics.evaluator("mnist")
    images = sampled(run, networks["generator"], seed=1)
    fake, tests, trained = read(images), read(x_test), read(x_train[:SAMPLES])
    return metrics.score(fake, tests, read) | shares(fake) | {
        "FD-mnist-cnn-of-training-images": float(metrics.frechet_distance(trained.features, tests.features)),
        "IS-mnist-cnn-of-test-images": float(metrics.inception_score(tests.probabilities)),
    }


def main():
    parser = timed(command(__doc__, RUNS))
    parser.add_argument("--minute", action="store_true", help="measure the first minute of shipped weights again")
    arguments = parser.parse_args()
    for name in arguments.names:
        run = RUNS[name]
        if arguments.minute:
            add_minute(name, run, arguments.seed)
            continue
        run = sized(name, run, arguments, functools.partial(trial, run, arguments.seed))
        if not arguments.ship:
            train(name, run, arguments.seed, arguments.resume)
        ship(name, run, arguments.seed, arguments.out or weights.FOLDER)
        if run.images == "mnist" and run.notebook and not (arguments.out or arguments.seconds):
            add_minute(name, run, arguments.seed)


if __name__ == "__main__":
    main()
