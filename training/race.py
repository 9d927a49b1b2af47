"""The race of lectures 04 to 07: seven games on the digits, the same seconds of one core for each, several seeds.

    python training/race.py            # 54 minutes of one core; begun again, it goes on with what is missing
    python training/race.py --ship     # gathers what there is into course_utils/studies

Every racer starts from fresh networks and plays with constant rates until the last of `MARKS` (processor seconds);
compiling, sampling and scoring do not count. A generator's average over some 100 iterations is scored at each of
`MARKS`, by FD to the 10,000 test images. Give the process one thread (`OMP_NUM_THREADS=1` and the backend's own
switches), so that processor seconds are those of one core. Nothing is chosen by the scores.
"""

import os
import time
from functools import partial

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import FOLDER, study

from course_utils import data, files, losses, metrics, pretrained, studies
from course_utils.game import Average
from course_utils.games.gan import GAN
from course_utils.games.wgan import WGAN, WGANGP, dragan, one_sided, r1
from course_utils.networks.gan import dcgan_critic, dcgan_generator, mlp_critic, mlp_generator

NAME = "race-mnist"
MARKS = (15, 30, 60, 120)  # processor seconds
SEEDS = 3
SAMPLES = 5_000
SHOWN = 14  # images a game, of seed 0
LATENT, WIDTH, BATCH, DECAY = 64, 16, 64, 0.99

SIMPLE = (partial(mlp_generator, LATENT, (128, 256, 512)), mlp_critic)
CONVOLUTIONAL = (partial(dcgan_generator, LATENT, WIDTH), partial(dcgan_critic, WIDTH))


def adam(beta_2=0.999):
    """Adam as DCGAN uses it, at the rate of the long runs; with 0.9 as WGAN-GP uses it for digits."""
    return keras.optimizers.Adam(1e-3, beta_1=0.5, beta_2=beta_2)


def rmsprop():
    """RMSprop as the first WGAN uses it."""
    return keras.optimizers.RMSprop(5e-4)


LOGISTIC = {"loss": losses.nonsaturating, "turns": 1}  # as R1 and DRAGAN were made
PENALTY_ADAM = partial(adam, 0.9)

# Networks, game, optimizer, arguments of the game. Clip and weight of R1 are those of the long runs.
RACERS = {
    "04 simple GAN": (SIMPLE, GAN, adam, {}),
    "05 DCGAN": (CONVOLUTIONAL, GAN, adam, {}),
    "06 WGAN": (CONVOLUTIONAL, WGAN, rmsprop, {"turns": 5, "clip": 0.05}),
    "07 WGAN-GP": (CONVOLUTIONAL, WGANGP, PENALTY_ADAM, {"turns": 5}),
    "07 one-sided": (CONVOLUTIONAL, WGANGP, PENALTY_ADAM, {"turns": 5, "penalty": one_sided}),
    "07 R1": (CONVOLUTIONAL, WGANGP, adam, {"penalty": r1, "penalty_weight": 0.3, **LOGISTIC}),
    "07 DRAGAN": (CONVOLUTIONAL, WGANGP, adam, {"penalty": dragan, **LOGISTIC}),
}


class Clock(keras.callbacks.Callback):
    """Measures at each mark of processor time, and ends the training at the last; the first epoch compiles.

    Args:
        measure: function (logs of the epoch) -> what is noted, beside the iterations played.
        marks: processor seconds.
    """

    def __init__(self, measure, marks=MARKS):
        super().__init__()
        self.measure, self.left, self.spent, self.found = measure, list(marks), 0.0, []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.model  # noqa: B018  on JAX this brings the weights of the running step back
        self.spent += (time.process_time() - self.began) * (epoch > 0)
        if self.spent >= self.left[0]:
            self.left.pop(0)
            self.found.append((self.measure(logs), self.model.iteration))
        self.model.stop_training = not self.left


def play(title, seed, x_train, read, real):
    """Plays one racer and returns its FD and iterations at each mark, and its last images as bytes."""
    (generator_of, critic_of), kind, optimizer, arguments = RACERS[title]
    keras.utils.set_random_seed(seed)
    live, averaged = generator_of(), generator_of()
    game = kind(
        live, critic_of(), critic_optimizer=optimizer(), generator_optimizer=optimizer(),
        averages=[Average(live, averaged, DECAY)], seed=seed, **arguments,
    )  # fmt: skip
    game.compile(steps_per_execution=5)
    z = np.random.default_rng(seed).standard_normal((SAMPLES, LATENT), dtype="float32")

    def sampled():
        return averaged.predict(z, batch_size=500, verbose=0)

    clock = Clock(lambda logs: float(metrics.frechet_distance(read(sampled()).features, real)))
    game.fit(x_train, batch_size=BATCH, epochs=100_000, steps_per_epoch=5, verbose=0, callbacks=[clock])
    distances, iterations = zip(*clock.found)
    shown = np.rint((sampled()[:SHOWN] + 1) * 127.5).astype("uint8")
    return {"FD": np.array(distances), "iterations": np.array(iterations), "images": shown}


def part(title, seed):
    """The file of one racer with one seed."""
    return FOLDER / NAME / f"{title.replace(' ', '-')}-{seed}.npz"


def race():
    """Plays all racers that are missing, seed by seed, so that a race that was stopped is fair as far as it went."""
    x_train, _, x_test, _ = data.load("mnist")
    read = metrics.evaluator("mnist")
    x_train, real = data.scale(x_train), read(data.scale(x_test)).features
    for seed in range(SEEDS):
        for title in RACERS:
            if part(title, seed).exists():
                continue
            found = play(title, seed, x_train, read, real) | {"version": np.array(pretrained.code_version())}
            part(title, seed).parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(part(title, seed), found)
            print(title, seed, "FD", found["FD"].round(2), "iterations", found["iterations"], flush=True)
            keras.backend.clear_session()


def ship(folder):
    """Gathers all racers into one study."""
    played = [[files.load_arrays(part(title, seed)) for seed in range(SEEDS)] for title in RACERS]
    x_train, _, x_test, _ = data.load("mnist")
    read = metrics.evaluator("mnist")
    floor = metrics.frechet_distance(*(read(data.scale(x)).features for x in (x_train[:SAMPLES], x_test)))
    arrays = {
        "FD": np.array([[run["FD"] for run in row] for row in played]),  # (games, seeds, marks)
        "iterations": np.array([[run["iterations"] for run in row] for row in played]),
        "images": np.stack([row[0]["images"] for row in played]),  # (games, images, 28, 28, 1)
    }
    last = {title: [round(float(x), 3) for x in row] for title, row in zip(RACERS, arrays["FD"][:, :, -1])}
    recipe = pretrained.provenance(0, data.source("mnist"), SEEDS * len(RACERS) * MARKS[-1]) | {
        "command": "python training/race.py",
        "code_version": "; ".join(sorted({str(run["version"]) for row in played for run in row})),
        "lecture": "07",
        "evaluator": read.name,
        "scores": {f"FD-{read.name}": last, f"FD-{read.name}-of-training-images": round(float(floor), 4)},
        "published": [],
        "networks": {},
        "settings": {
            "racers": list(RACERS),
            "marks": list(MARKS),
            "seeds": SEEDS,
            "samples": SAMPLES,
            "batch_size": BATCH,
            "width": WIDTH,
            "average": DECAY,
            "clock": "processor seconds of one core; compiling, sampling and scoring do not count",
        },
    }
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {last}", flush=True)


if __name__ == "__main__":
    study(__doc__, race, ship)
