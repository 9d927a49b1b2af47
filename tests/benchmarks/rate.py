"""Measures images/s of long runs' games and the share of the machine's matrix rate they reach: rate.py NAME [POLICY]

    share = images/s · 2 · (multiply-adds that the networks need an image) / matrix rate

NAME is a run of `training/biggan.py` or `training/stylegan.py`. Counted are kernels at every position and attention's
two products, in the passes that the algorithm cannot do without; norms, resizing, penalties and optimizers are not.
The matrix rate is that of products of large square matrices in the policy's dtype, measured in the same process. An
image is a real image that the critic is shown. Prints one JSON line; null for a run that would take hours on a CPU.
"""

import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import ops

from course_utils import backend
from course_utils.layers import SelfAttention2D

SMALL = ("biggan-mnist", "stylegan-glyphs")  # fit a CPU


def multiply_adds(network):
    """Multiply-adds of one pass of one example through the kernels of a functional network."""
    total = 0
    for layer in network.layers:
        kernels = [w for w in layer.trainable_weights if w.name == "kernel"]
        if not kernels:
            continue
        positions = int(np.prod(layer.output.shape[1:-1], dtype=int))
        for kernel in kernels:  # a matrix beside feature maps maps a style or a class, once an image
            total += int(np.prod(kernel.shape)) * (positions if len(kernel.shape) == 4 else 1)
        if isinstance(layer, SelfAttention2D):  # each query meets each pooled key, and takes from each value
            keys = int(np.prod([(side + 1) // 2 for side in layer.output.shape[1:-1]]))
            total += positions * keys * (layer.query.filters + layer.value.filters)
    return total


def an_image(generator, critic, turns):
    """Multiply-adds for each real image: a backward pass costs twice a forward one, half of it for the weights.

    A critic's turn is a forward pass of G and all passes of the critic on a real image and on a fake; the
    generator's turn, which comes once in `turns`, is all passes of G, and the critic without its weights' part.
    """
    return generator + 6 * critic + (3 * generator + 2 * critic) / turns


def matrix_rate(side, dtype, rounds=5, products=8):
    """FLOP/s of products of two square matrices, the median of some rounds."""
    a = ops.cast(np.random.default_rng(0).standard_normal((side, side), dtype="float32") / side**0.5, dtype)
    found = []
    for _ in range(rounds + 1):
        began, x = time.perf_counter(), a
        for _ in range(products):
            x = ops.matmul(x, a)
        ops.convert_to_numpy(x[0, 0])  # waits for the device
        found.append(2 * side**3 * products / (time.perf_counter() - began))
    return statistics.median(found[1:])


def played(name, policy):
    """Returns a compiled game of a run, data of its shape, its batch size, turns, and multiply-adds of its networks."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))
    import biggan
    import stylegan

    keras.config.set_dtype_policy(policy)
    rng = np.random.default_rng(0)
    if name in biggan.RUNS:
        run = biggan.RUNS[name]
        game, _, _ = biggan.played(run, seed=0)
        parts, turns = [game.generator], run.turns
        labels = [rng.integers(0, biggan.CLASSES, 1024)]
    else:
        run = stylegan.RUNS[name]
        game, _, _ = stylegan.staged(run, run.stages[-1], None, seed=0)
        parts, turns, labels = [game.mapping, game.synthesis], 1, []
    shape = game.critic.inputs[0].shape[1:]
    data = [rng.uniform(-1, 1, (1024, *shape)).astype("float32"), *labels]
    needed = an_image(sum(map(multiply_adds, parts)), multiply_adds(game.critic), turns)
    return game, data, run.batch_size, turns, needed


def measure(name, policy):
    """Returns the report of one run, or None where it does not fit the device."""
    kind, model = backend.device()
    if kind == "cpu" and (name not in SMALL or policy != "float32"):
        return None
    game, data, batch, turns, needed = played(name, policy)
    iterations, side = (20, 2048) if kind == "cpu" else (200, 8192)
    rates = []
    for number in range(4):  # the first compiles
        began = time.perf_counter()
        game.fit(*data, batch_size=batch, steps_per_epoch=iterations, verbose=0)
        rates += [iterations * batch * turns / (time.perf_counter() - began)] if number else []
    images, matrix = statistics.median(rates), matrix_rate(side, keras.config.dtype_policy().compute_dtype)
    return {
        "benchmark": name,
        "backend": backend.name(),
        "device": f"{kind} ({model})" if kind != "cpu" else f"cpu ({platform.machine()})",
        "policy": policy,
        "images_per_second": round(images, 1),
        "gigaflop_an_image": round(2e-9 * needed, 4),
        "matrix_teraflops": round(matrix / 1e12, 4),
        "share": round(2 * needed * images / matrix, 4),
    }


if __name__ == "__main__":
    print(json.dumps(measure(*(sys.argv[1:] + ["float32"])[:2])))
