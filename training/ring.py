"""Records two games on the ring of eight Gaussians, frame by frame, for the playground of lecture 04.

    python training/ring.py

Both are the games of the lecture: one turn each, and a generator that takes ten turns to one of a penalised critic. A
frame holds the cloud of the generator, always of the same latents, and the probability of "real" that the critic gives
on a grid of the plane, as bytes. About a minute of one core.
"""

import dataclasses
import hashlib
import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras.optimizers import Adam

from course_utils import data, pretrained, studies
from course_utils.data.images import Source
from course_utils.games.gan import GAN
from course_utils.games.wgan import r1
from course_utils.networks.gan import point_critic, point_generator

NAME, SEED = "ring-frames", 0
FRAMES, POINTS, SIDE, LIMIT, SPREAD, BATCH = 60, 200, 24, 2.2, 0.06, 64
EVERY = {"one turn each": 50, "ten turns of the generator": 15}  # iterations between two frames


def games():
    """The two games, by name."""
    networks = [(point_generator(2, 64, 2), point_critic(64, 2)) for _ in EVERY]
    fair = GAN(*networks[0], critic_optimizer=Adam(2e-3, 0.5), generator_optimizer=Adam(2e-3, 0.5), seed=SEED)
    late = GAN(
        *networks[1], critic_optimizer=Adam(1e-3, 0.5), generator_optimizer=Adam(1e-3, 0.5), penalty=r1,
        penalty_weight=0.1, seed=SEED,
    )  # fmt: skip
    critic, generator = late.players
    late.players = (critic, dataclasses.replace(generator, turns=10))
    return dict(zip(EVERY, (fair, late)))


def frame(game, z, grid):
    """Bytes of a moment: SIDE² answers of the critic, row by row from below, then the points."""
    logits = game.critic.predict(grid, batch_size=1000, verbose=0)[:, 0]
    cloud = game.generator.predict(z, batch_size=1000, verbose=0)
    real = np.rint(127 * np.tanh(logits / 2))  # 2 sigmoid(l) − 1
    place = np.rint(127 * np.clip(cloud / LIMIT, -1, 1)).reshape(-1)
    return np.concatenate([real, place]).astype("int8")


def main():
    began = time.perf_counter()
    keras.utils.set_random_seed(SEED)
    rng = np.random.default_rng(SEED)
    centers = data.centers("ring8")
    ring = (centers[rng.integers(8, size=20_000)] + SPREAD * rng.normal(size=(20_000, 2))).astype("float32")
    axis = LIMIT * (2 * (np.arange(SIDE) + 0.5) / SIDE - 1)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2).astype("float32")
    z = rng.standard_normal((POINTS, 2), dtype="float32")
    arrays = {}
    for name, game in games().items():
        game.compile()
        frames = [frame(game, z, grid)]
        for _ in range(FRAMES - 1):
            game.fit(ring, batch_size=BATCH, steps_per_epoch=EVERY[name], verbose=0)
            frames.append(frame(game, z, grid))
        arrays[name] = np.stack(frames)  # (FRAMES, SIDE² + 2 POINTS)
    source = Source("eight Gaussian spots on a ring, drawn by the script", hashlib.sha256(ring.tobytes()).hexdigest())
    recipe = pretrained.provenance(SEED, source, time.perf_counter() - began) | {
        "lecture": "04", "evaluator": None, "scores": {}, "published": [], "networks": {},
        "settings": {"every": EVERY, "points": POINTS, "side": SIDE, "limit": LIMIT, "spread": SPREAD,
                     "centers": np.round(centers, 6).tolist()},
    }  # fmt: skip
    print(studies.write(NAME, arrays, recipe))


if __name__ == "__main__":
    main()
