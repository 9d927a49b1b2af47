"""Critics as landscapes: contours, weights, slopes, and what leaks from one image to another."""

import itertools

import numpy as np
from matplotlib import ticker

from .style import COLOURS, figure

REAL, FAKE = COLOURS[0], COLOURS[4]


def plane(limit=2.0, size=81):
    """Returns points (size², 2), float32, on a square grid from −limit to limit, rows from bottom to top."""
    ticks = np.linspace(-limit, limit, size)
    return np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2).astype("float32")


def contours(panels, limit=2.0, columns=3, width=11.0, pairs=None, shared=False):
    """Draws critics over the plane as lines of equal value, with the points that they saw.

    Args:
        panels: dict title -> (values, real, fake); values (size²,) of the points of `plane(limit)`,
            real and fake (n, 2) or None.
        limit: half the width of each panel.
        columns: panels a row.
        width: of the figure in inches.
        pairs: (real, fake), two arrays (n, 2) joined row by row by a line in every panel, or None.
        shared: True gives all panels the same levels, with a colour bar; for values in the same units.

    Returns:
        A matplotlib figure. Unless they are shared, each panel has its own twelve levels, since a critic's
        constant and scale are free; darker is higher.
    """
    rows = -(-len(panels) // columns)
    made, axes = figure(rows, columns, width=width, height=(width / columns) * rows + 0.3 * rows, squeeze=False)
    ticks = np.linspace(-limit, limit, round(len(next(iter(panels.values()))[0]) ** 0.5))
    every = np.concatenate([np.ravel(values) for values, *_ in panels.values()])
    levels = np.linspace(every.min(), every.max(), 17) if shared else 12
    for axis, (title, (values, real, fake)) in zip(axes.flat, panels.items()):
        height = np.asarray(values, "float64").reshape(len(ticks), len(ticks))
        filled = axis.contourf(ticks, ticks, height, levels=levels, cmap="Greys", alpha=0.55)
        axis.contour(ticks, ticks, height, levels=levels, colors="black", linewidths=1.0, linestyles="-")
        if pairs is not None:
            for ends in zip(*pairs):
                axis.plot(*np.stack(ends).T, color=COLOURS[2], linewidth=2.5, linestyle="-")
        _cloud(axis, fake, FAKE, "^")
        _cloud(axis, real, REAL, "o")
        _square(axis, limit, title)
    if shared:
        made.colorbar(filled, ax=axes, label="value of the critic, in units of its mean slope", format="%.1f")
    return made


def clouds(panels, real, limit=2.0, columns=4, width=11.0):
    """Draws generated points over real ones, one panel a title.

    Args:
        panels: dict title -> fake points (n, 2).
        real: (n, 2), drawn in every panel; or a dict title -> (n, 2).
        limit: half the width of each panel.
        columns: panels a row.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    rows = -(-len(panels) // columns)
    made, axes = figure(rows, columns, width=width, height=(width / columns) * rows + 0.7 * rows, squeeze=False)
    for axis, (title, fake) in zip(axes.flat, panels.items()):
        behind = real[title] if isinstance(real, dict) else real
        axis.scatter(*np.asarray(behind).T, s=14, color=REAL, alpha=0.35, linewidths=0, label="real")
        axis.scatter(*np.asarray(fake).T, s=6, color=COLOURS[1], alpha=0.6, linewidths=0, label="generated")
        _square(axis, limit, title)
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_axis_off()
    handles, labels = axes.flat[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside lower center", ncols=2, markerscale=3)
    return made


def weight_histograms(panels, bins=61, width=11.0, height=3.8):
    """Draws where a critic's weights lie, one panel a title, as shares of all weights.

    Args:
        panels: dict title -> weights, a flat array.
        bins: number of bins; the range is that of each panel's weights.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    for place, (axis, (title, weights)) in enumerate(zip(axes[0], panels.items())):
        weights = np.asarray(weights).ravel()
        reach = np.abs(weights).max()
        share = np.full(len(weights), 100 / len(weights))
        axis.hist(weights, bins=bins, range=(-reach, reach), weights=share, color=COLOURS[place])
        axis.locator_params(axis="x", nbins=5)
        axis.set(xlabel="weight", ylabel="% of all weights" if place == 0 else None, title=title)
    return made


def slopes(traces, xlabel="iterations", title=None, axis=None, log=False):
    """Draws slopes over training, with a line at 1.

    Args:
        traces: dict label -> (iterations, slopes); slopes (marks,) or (marks, n): of n, the mean is
            drawn, and the band from the 10th to the 90th percentile.
        xlabel, title: texts.
        axis: draw into this axis; a new figure if None.
        log: True draws the slopes on a logarithmic axis.

    Returns:
        The matplotlib figure.
    """
    if axis is None:
        made, axis = figure(width=9.0, height=4.2)
    else:
        made = axis.figure
    for label, (iterations, found) in traces.items():
        found = np.asarray(found)
        found = found[:, None] if found.ndim == 1 else found
        (line,) = axis.plot(iterations, found.mean(1), label=label)
        if found.shape[1] > 1:
            low, high = np.quantile(found, [0.1, 0.9], axis=1)
            axis.fill_between(iterations, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    axis.axhline(1.0, color="black", linewidth=1.5, linestyle="-", zorder=1)
    axis.set(xlabel=xlabel, ylabel="slope ‖∇f‖ (log)" if log else "slope ‖∇f‖", yscale="log" if log else "linear")
    axis.legend()
    if title:
        axis.set_title(title)
    return made


def leak(panels, width=11.0):
    """Draws how much each example moves each score: rows are scores, columns the examples moved.

    Args:
        panels: dict title -> (n, n) of ‖∂f(x_i)/∂x_j‖.
        width: of the figure in inches.

    Returns:
        A matplotlib figure; each panel is scaled by its largest number, exact zeros stay white.
    """
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.6, squeeze=False)
    for place, (axis, (title, found)) in enumerate(zip(axes[0], panels.items())):
        found = np.asarray(found, "float64")
        axis.imshow(np.where(found > 0, found / found.max(), np.nan), cmap="cividis_r", vmin=0, vmax=1)
        axis.set_xticks(range(len(found)), [str(i) for i in range(len(found))])
        axis.set_yticks(range(len(found)), [str(i) for i in range(len(found))])
        axis.set(xlabel="image that is moved", title=title)
        axis.set_ylabel("score that is read" if place == 0 else None)
        axis.grid(False)
    return made


def score_dots(runs, long=None, floor=None, xlabel="Fréchet distance", width=10.0, floor_label="training images"):
    """Draws the scores of several seeds as dots, a row a method, on a logarithmic axis.

    Args:
        runs: dict label -> scores of the seeds.
        long: dict label -> score of a shipped long run, or None.
        floor: score of real images, a dashed line, or None.
        xlabel, floor_label: texts.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    long = long or {}
    labels = list(runs) + [label for label in long if label not in runs]
    made, axis = figure(width=width, height=0.55 * len(labels) + 1.6)
    for row, label in enumerate(labels):
        found = list(runs.get(label, ()))
        name = "one dot a seed, and their mean" if row == 0 else None
        axis.plot(found, [row] * len(found), "o", color=COLOURS[0], markersize=10, alpha=0.7, label=name)
        if found:
            axis.plot([np.mean(found)] * 2, [row - 0.3, row + 0.3], color=COLOURS[0], linestyle="-")
        if label in long:
            name = "shipped long run, 10,000 samples" if label == next(iter(long)) else None
            axis.plot([long[label]], [row], "*", color=COLOURS[1], markersize=17, label=name)
    if floor is not None:
        axis.axvline(floor, color="black", linestyle="--", label=floor_label)
    axis.set_yticks(range(len(labels)), labels)
    axis.set(xscale="log", xlabel=f"{xlabel} (log)", ylim=(len(labels) - 0.5, -0.5))
    axis.grid(axis="y", visible=False)
    made.legend(loc="outside lower center", ncols=3)
    return made


def race(marks, scores, ylabel="Fréchet distance", width=10.0, bold=()):
    """Draws how the scores of several methods fall with the time spent, on two logarithmic axes.

    Args:
        marks: (T,), seconds.
        scores: dict label -> (seeds, T); the mean is drawn, and a band from the best to the worst seed.
        ylabel: text.
        width: of the figure in inches.
        bold: labels drawn with their band; the others are thin and without. All if empty.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=0.55 * width)
    for (label, found), marker in zip(scores.items(), itertools.cycle("os^DvPX")):
        strong = not bold or label in bold
        look = {"markersize": 9, "linewidth": 3.0, "zorder": 3} if strong else {"markersize": 6, "linewidth": 1.0}
        (line,) = axis.plot(marks, np.mean(found, axis=0), marker=marker, label=label, **look)
        if strong:
            low, high = np.min(found, axis=0), np.max(found, axis=0)
            axis.fill_between(marks, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    axis.set(xscale="log", yscale="log", xlabel="processor seconds (log)", ylabel=f"{ylabel} (log)")
    axis.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axis.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axis.minorticks_off()
    made.legend(loc="outside right upper")
    return made


def _cloud(axis, points, colour, marker):
    if points is not None:
        size, edge = (90, 1.0) if len(points) < 50 else (14, 0.3)
        axis.scatter(*np.asarray(points).T, s=size, color=colour, marker=marker, edgecolors="black", linewidths=edge)


def _square(axis, limit, title):
    axis.set(xlim=(-limit, limit), ylim=(-limit, limit), title=title)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(False)
    axis.spines[:].set_visible(True)


def phases(paths, limit=1.6, width=12.0):
    """Draws the Dirac-GAN's ways through its plane of two parameters, one panel a game.

    Args:
        paths: dict title -> float (steps, 2), generator's θ and critic's slope ψ after each step.
        limit: half the width of each panel.
        width: of the figure in inches.

    Returns:
        A matplotlib figure; a white dot is the start, a cross the goal (0, 0), a star the end.
    """
    made, axes = figure(1, len(paths), width=width, height=width / len(paths) + 0.9, squeeze=False, sharey=True)
    for axis, (title, path) in zip(axes[0], paths.items()):
        axis.plot(*np.clip(path, -limit, limit).T, color=COLOURS[0], linewidth=1.2, linestyle="-")
        axis.plot(0, 0, "k+", markersize=16, markeredgewidth=3)
        axis.plot(*path[0], "o", color="white", markeredgecolor="black", markersize=10)
        axis.plot(*np.clip(path[-1], -limit, limit), "*", color=COLOURS[1], markersize=18, markeredgecolor="black")
        axis.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="generator θ", title=title)
        axis.set_aspect("equal")
    axes[0, 0].set_ylabel("critic's slope ψ")
    return made
