"""Measures what a DCGAN's training costs against its size: cost.py BATCH WIDTH, or cost.py plot

A point is a process of its own, since a process never gives its peak back: images/s, the median of three rounds after
one that compiles, and the most memory that the process held. Where an accelerator's allocator tells its own peak, that
is what counts. `run.py` measures each backend; `plot` draws the reports that lie in `reports`.
"""

import json
import os
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

from course_utils import backend
from course_utils.games.gan import GAN
from course_utils.networks.gan import dcgan_critic, dcgan_generator

BATCHES, WIDTHS = (16, 32, 64, 128, 256, 512), (16, 32, 64)
SHAPE = (28, 28, 1)
REPORTS = Path(__file__).parent / "reports"
PICTURE = Path(__file__).resolve().parents[2] / "pictures" / "cost.png"


def peak():
    """The most bytes that the process, or on an accelerator its allocator, has held."""
    if backend.device()[0] == "gpu" and backend.name() == "jax":
        import jax

        return jax.devices()[0].memory_stats()["peak_bytes_in_use"]
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(batch, width):
    """Returns the report of one point."""
    game = GAN(dcgan_generator(64, width, SHAPE), dcgan_critic(width, SHAPE))
    game.compile()
    x = np.random.default_rng(0).integers(0, 256, (2048, *SHAPE), "uint8")
    iterations, seconds = max(4, 1024 // batch), []
    for _ in range(4):  # the first compiles
        began = time.perf_counter()
        game.fit(x, batch_size=batch, steps_per_epoch=iterations, verbose=0)
        seconds.append(time.perf_counter() - began)
    kind, model = backend.device()
    return {
        "backend": backend.name(),
        "device": f"{kind} ({model})" if kind != "cpu" else f"cpu ({platform.machine()})",
        "batch": batch,
        "width": width,
        "images_per_second": round(iterations * batch / statistics.median(seconds[1:]), 1),
        "peak_megabytes": round(peak() / 1e6),
    }


def plot():
    """Draws all reports: images/s and peak memory against the batch, a line a width, a row a backend and device."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullLocator

    reports = [json.loads(path.read_text("utf-8")) for path in sorted(REPORTS.glob("cost-*.json"))]
    panels = {"images_per_second": "images/s", "peak_megabytes": "peak memory, MB"}
    made, axes = plt.subplots(len(reports), 2, figsize=(9, 3.2 * len(reports)), squeeze=False, layout="constrained")
    for row, report in zip(axes, reports):
        for axis, (key, label) in zip(row, panels.items()):
            for width in WIDTHS:
                found = [point for point in report["points"] if point["width"] == width]
                axis.plot([p["batch"] for p in found], [p[key] for p in found], "o-", label=f"width {width}")
            axis.set(xscale="log", yscale="log", xlabel="batch", ylabel=label, title=report["backend"])
            axis.xaxis.set_minor_locator(NullLocator())
            axis.set_xticks(BATCHES, BATCHES)
        row[0].legend()
    made.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    if sys.argv[1] == "plot":
        plot()
    else:
        print(json.dumps(measure(*map(int, sys.argv[1:]))))
