"""Trains in children that are killed at random moments and resumed, and compares the end: crash.py FOLDER KILLS SEED

The parent imports everything and computes nothing, so that each child is a fork that starts within a second. Half of
the kills strike at a random moment, half as soon as a half-written checkpoint is seen. Prints one line and exits with
0 if weights, optimizers and history are bit for bit those of a run that was never interrupted.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops

sys.path.insert(0, str(Path(__file__).parent))
from games import BatchNormGAN, data

from course_utils import files
from course_utils.game import Checkpoint

EPOCHS, STEPS, EVERY = 6, 50, 10


def train(folder, out):
    """Trains to the end, from the newest checkpoint if there is one, and writes all that the run depends on."""
    keras.utils.set_random_seed(0)
    game = BatchNormGAN()
    game.compile(steps_per_execution=3)
    checkpoint = Checkpoint(folder, every=EVERY)
    history = game.fit(data(), batch_size=16, epochs=EPOCHS, steps_per_epoch=STEPS, callbacks=[checkpoint], verbose=0)
    arrays = {f"v{i}": ops.convert_to_numpy(v.value) for i, v in enumerate(game.variables + game.optimizers.variables)}
    arrays |= {f"h_{name}": np.array(values) for name, values in history.history.items()}
    np.savez(out, epochs=history.epoch, **arrays)


def linger(*args, save_arrays=files.save_arrays, **kwargs):
    """Saves, and leaves the checkpoint half-written long enough to be struck."""
    digest = save_arrays(*args, **kwargs)
    time.sleep(0.03)
    return digest


def child(folder, out):
    process = os.fork()
    if process == 0:
        files.save_arrays = linger
        try:
            train(folder, out)
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    return process


def strike(process, folder, chance):
    """Kills a child at a random moment or in the middle of a save; returns which, or None if it had ended."""
    aim = chance.random() < 0.5
    began = set(folder.glob("iteration_*"))
    deadline = None
    while not os.waitpid(process, os.WNOHANG)[0]:
        if deadline is None and set(folder.glob("iteration_*")) - began:  # it is under way
            deadline = time.monotonic() + chance.uniform(0.0, 0.3)
        if aim and any(folder.glob(".iteration_*")):
            os.kill(process, signal.SIGSTOP)  # or it could end the save before the blow falls
            if any(folder.glob(".iteration_*")):
                return blow(process, "saving")
            os.kill(process, signal.SIGCONT)
        elif not aim and deadline is not None and time.monotonic() > deadline:
            return blow(process, "training")
        time.sleep(0.0002)
    return None


def blow(process, where):
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return where


def main(folder, kills, seed):
    folder = Path(folder)
    straight, broken = folder / "straight.npz", folder / "broken.npz"
    _, status = os.waitpid(child(folder / "straight", straight), 0)
    assert status == 0, "the uninterrupted run failed"
    chance, struck = random.Random(seed), []
    (folder / "broken").mkdir()
    while len(struck) < kills:
        how = strike(child(folder / "broken", broken), folder / "broken", chance)
        if how is None:  # it came to its end before the blow: a fresh run takes the remaining ones
            compare(straight, broken)
            for path in sorted((folder / "broken").rglob("*"), reverse=True):
                path.unlink() if path.is_file() else path.rmdir()
            broken.unlink()
            continue
        struck.append(how)
    if not broken.exists():
        _, status = os.waitpid(child(folder / "broken", broken), 0)
        assert status == 0, "the last resumption failed"
    compare(straight, broken)
    print(f"{len(struck)} kills, {struck.count('saving')} of them while saving: bit for bit equal")


def compare(straight, broken):
    a, b = dict(np.load(straight)), dict(np.load(broken))
    assert a.keys() == b.keys(), sorted(a.keys() ^ b.keys())
    differ = [name for name in a if not np.array_equal(a[name], b[name])]
    assert not differ, f"{len(differ)} of {len(a)} arrays differ, first {differ[:5]}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
