"""Plays ten iterations of each game on the backend of this process and writes losses and weights: play.py OUT.npz"""

import os
import sys
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from games import GAMES, data


def main(out):
    found = {}
    if devices := int(os.environ.get("DEVICES", "0")):
        keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
        assert len(keras.distribution.list_devices()) == devices
    for name, (game_class, parts) in GAMES.items():
        keras.utils.set_random_seed(0)
        game = game_class()
        game.compile()
        history = game.fit(data(parts=parts), batch_size=16, epochs=10, steps_per_epoch=1, verbose=0)
        found |= {f"{name}/log/{key}": np.array(values) for key, values in history.history.items()}
        for network in game.networks:
            for i, weight in enumerate(network.get_weights()):
                found[f"{name}/weight/{network.name}/{i}"] = weight
    np.savez(out, **found)


if __name__ == "__main__":
    main(sys.argv[1])
