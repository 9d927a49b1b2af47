"""Measures data that stays off the device: streaming.py memory | rate

    python tests/benchmarks/streaming.py memory   # 2 GB of bytes in a sparse file, under 1 GB of the process's own
    python tests/benchmarks/streaming.py rate     # streamed against resident images/s on the DCGAN, in turn

`memory` counts anonymous memory (RssAnon), since pages of a mapped file belong to the system, which drops them at need;
Linux only. `rate` gives processor seconds beside the clock's, which mean little on a busy machine. One JSON line each.
"""

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

from course_utils.games.gan import GAN
from course_utils.networks.gan import dcgan_critic, dcgan_generator

BYTES, LIMIT = 2 * 2**30, 2**30
SHAPE = (32, 32, 3)


def dcgan(width):
    """A compiled DCGAN of small colour images."""
    networks = dcgan_generator(16, width, SHAPE), dcgan_critic(width, SHAPE)
    game = GAN(*networks)
    game.compile()
    return game


def own_memory():
    """Bytes of anonymous memory that this process holds."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))


def memory():
    """The most memory of its own that a process takes which trains on 2 GB."""
    found, over = [], threading.Event()

    def watch():
        while not over.wait(0.05):
            found.append(own_memory())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "images")
        with open(path, "wb") as file:
            file.truncate(BYTES)  # takes no room on the disk
        images = np.memmap(path, "uint8", "r", shape=(BYTES // int(np.prod(SHAPE)), *SHAPE))
        dcgan(4).fit(images, batch_size=32, epochs=2, steps_per_epoch=10, verbose=0, resident=False)
    over.set()
    watcher.join()
    print(json.dumps({"bytes": BYTES, "most_of_its_own": max(found), "backend": keras.backend.backend()}))
    assert max(found) < LIMIT, "more than 1 GB"


def rate(rounds=5, steps=30):
    """Images/s and processor seconds of resident and of streamed bytes, in turn; medians."""
    images = np.random.default_rng(0).integers(0, 256, (5_000, *SHAPE), "uint8")
    game, seconds = dcgan(16), {True: [], False: []}
    for _ in range(rounds + 1):
        for resident, taken in seconds.items():
            game.fit(images, batch_size=64, steps_per_epoch=2, verbose=0, resident=resident)  # compiles
            clock, processor = time.perf_counter(), time.process_time()
            game.fit(images, batch_size=64, steps_per_epoch=steps, verbose=0, resident=resident)
            taken.append((time.perf_counter() - clock, time.process_time() - processor))
    clock, processor = ([statistics.median(t[i] for t in seconds[r][1:]) for r in (True, False)] for i in (0, 1))
    print(
        json.dumps(
            {
                "images_per_second": [round(64 * steps / s, 1) for s in clock],
                "streamed_by_resident": round(clock[0] / clock[1], 3),
                "processor_seconds": [round(s, 3) for s in processor],
                "backend": keras.backend.backend(),
            }
        )
    )


if __name__ == "__main__":
    {"memory": memory, "rate": rate}[sys.argv[1]]()
