"""Plays a small game on all devices of all processes and writes what came of it: share.py OUT.npz

DEVICES says how many devices there are in all; 1 plays without a distribution. With ADDRESS and PROCESS this process is
one of two.
"""

import os
import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from games import adam, data, dense, fill

from course_utils.game import Average
from course_utils.games.gan import GAN

ROWS, HELD_OUT = 37, 21  # no multiples of the batch, nor of the devices


def spread(devices):
    """Joins the other process, if there is one, and spreads every batch over all devices."""
    if "ADDRESS" in os.environ:
        keras.distribution.initialize(os.environ["ADDRESS"], 2, int(os.environ["PROCESS"]))
    if devices > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
        assert len(keras.distribution.list_devices()) == devices


def main(out):
    devices = int(os.environ["DEVICES"])
    spread(devices)
    keras.utils.set_random_seed(0)
    generator, averaged = (dense(3, 2, name, normalised=True) for name in ("generator", "averaged"))
    critic = dense(2, 1, "critic")
    fill([generator, critic])
    game = GAN(generator, critic, critic_optimizer=adam(), generator_optimizer=adam(), turns=2,
               averages=[Average(generator, averaged, 0.9)])  # fmt: skip
    game.compile(steps_per_execution=5)
    (x,), (held_out,) = data(ROWS, parts=1), data(HELD_OUT, parts=1, seed=2)
    held_out = held_out if devices > 1 else held_out[:-1]  # two devices leave the odd row out
    history = game.fit(x, batch_size=16, epochs=2, steps_per_epoch=5, verbose=0, validation_data=held_out).history
    found = {f"log/{key}": np.array(values) for key, values in history.items()}
    found |= {f"evaluated/{key}": np.array(value) for key, value in game.evaluate(held_out, verbose=0).items()}
    found |= {f"sample/{n}": game.sample(n, seed=3) for n in (7, 1)}
    z = np.random.default_rng(4).standard_normal((HELD_OUT, 3), dtype="float32")
    found |= {f"predicted/{size}": game.predict(z, batch_size=size, verbose=0) for size in (16, 7)}
    for network in game.networks:
        found |= {f"weight/{network.name}/{i}": weight for i, weight in enumerate(network.get_weights())}
    np.savez(out, **found)


if __name__ == "__main__":
    main(sys.argv[1])
