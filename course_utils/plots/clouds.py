"""A generator's cloud moving over its discriminator's surface: a game as a film strip.

The two colours of a surface meet in white at D = ½, where the discriminator cannot tell.
"""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from .style import COLOURS, figure

# Orange for "generated", blue for "real", as in `COLOURS`; pale, so that points stand out on it.
# 41 steps, so that a picture of 256 colours can hold them all.
SURFACE = LinearSegmentedColormap.from_list(
    "discriminator", ["#F0A060", "#FBE3CF", "white", "#CFE3F2", "#5FA3D0"], N=41
)


def plane(limit, n=60):
    """Returns a grid of points to evaluate a discriminator on, for `film`.

    Args:
        limit: the square goes from −limit to limit on both axes.
        n: points a side.

    Returns:
        float32 (n·n, 2), rows of the square from bottom to top, in each from left to right.
    """
    ticks = np.linspace(-limit, limit, n, dtype="float32")
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def film(frames, real, limit, columns=4, width=11.0, size=9):
    """Draws moments of a game in the plane, one panel each: the surface, the data, and the generated cloud.

    Args:
        frames: dict title -> (points (n, 2), surface), the surface float in [0, 1], D at `plane`'s points.
        real: (m, 2), a ring is drawn round each; pass the modes' centres, or a few points of the data.
        limit: as given to `plane`.
        columns: panels a row.
        width: of the figure in inches.
        size: of the points.

    Returns:
        A matplotlib figure with one colour scale for all panels.
    """
    rows = -(-len(frames) // columns)
    height = rows * ((width - 1) / columns + 0.35)
    made, axes = figure(rows, columns, width=width, height=height, squeeze=False)
    for axis in axes.flat[len(frames) :]:
        axis.set_visible(False)
    for axis, (title, (points, surface)) in zip(axes.flat, frames.items()):
        side = int(len(np.ravel(surface)) ** 0.5)
        picture = axis.imshow(
            np.reshape(surface, (side, side)), cmap=SURFACE, vmin=0, vmax=1, origin="lower",
            extent=(-limit, limit, -limit, limit), interpolation="bilinear",
        )  # fmt: skip
        axis.scatter(*np.asarray(real).T, s=150, facecolors="none", edgecolors=COLOURS[2], linewidths=2.5)
        axis.scatter(*np.asarray(points).T, s=size, color="black", linewidths=0, alpha=0.7)
        axis.set(title=title, xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[])
        axis.grid(False)
    bar = made.colorbar(picture, ax=axes, ticks=[0, 0.5, 1], aspect=30, pad=0.01)
    bar.ax.set_yticklabels(["0", "½", "1"])
    bar.set_label("d(x)")
    return made


def moving(frames, real, limit, width=2.8):
    """Draws the moments of a game in the plane as frames of an animation; the arguments are those of `film`.

    Returns:
        A list of matplotlib figures of one size, for `show`.
    """
    return [film({title: frame}, real, limit, columns=1, width=width) for title, frame in frames.items()]


def line_film(frames, grid, density, columns=5, width=12.0, height=3.4):
    """Draws moments of a game on a line, one panel each: the data's density, a histogram of the fakes, and D.

    Args:
        frames: dict title -> (points (n,), D at the grid's points, float in [0, 1]).
        grid: (m,), ascending.
        density: (m,), the data's density at the grid's points.
        columns: panels a row.
        width: of the figure in inches.
        height: of a row in inches.

    Returns:
        A matplotlib figure.
    """
    rows = -(-len(frames) // columns)
    made, axes = figure(rows, columns, width=width, height=rows * height, squeeze=False, sharey=True)
    edges = np.linspace(grid[0], grid[-1], 61)
    for axis, (title, (points, discriminator)) in zip(axes.flat, frames.items()):
        axis.fill_between(grid, density, color="lightgrey", label="data")
        counts = np.histogram(np.clip(points, grid[0], grid[-1]), edges)[0]
        axis.stairs(counts / counts.max(), edges, fill=True, color=COLOURS[1], alpha=0.6, label="fakes, highest bar 1")
        axis.plot(grid, discriminator, color=COLOURS[0], linestyle="-", label="d")
        axis.axhline(0.5, color="black", linestyle=":", linewidth=1.2)
        axis.set(title=title, xlabel="x", ylim=(0, 1.25))
        axis.grid(False)
    for axis in axes.flat[len(frames) :]:
        axis.set_visible(False)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside upper center", ncols=3)
    return made


def mode_curves(runs, title=None, modes=8, width=12.0, height=3.9):
    """Draws what became of several games on a mixture: modes, good samples, and the discriminator's accuracies.

    Args:
        runs: a list of runs; a run is a list of marks, a mark a dict with the numbers "iterations", "covered",
            "good", "real_accuracy" and "fake_accuracy".
        title: over all panels.
        modes: number of modes.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure, one line a run.
    """
    made, axes = figure(1, 3, width=width, height=height)
    panels = {
        f"Modes covered, of {modes}": ("covered",),
        "Share of good samples": ("good",),
        "Discriminator's accuracy": ("real_accuracy", "fake_accuracy"),
    }
    for axis, (heading, names) in zip(axes, panels.items()):
        for name, colour, dashes in zip(names, COLOURS, ("-", "--")):
            for number, run in enumerate(runs):
                x, y = zip(*((mark["iterations"], mark[name]) for mark in run))
                label = name.split("_")[0] if number == 0 else None
                axis.plot(x, y, color=colour, linestyle=dashes, linewidth=1.8, alpha=0.8, label=label)
        top = modes if names == ("covered",) else 1.0
        axis.set(title=heading, xlabel="iterations", ylim=(-0.04 * top, 1.06 * top))
    axes[2].axhline(0.5, color="black", linestyle=":", linewidth=1.5)
    axes[2].legend(loc="lower right")
    if title:
        made.suptitle(title)
    return made
