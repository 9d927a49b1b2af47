"""Figures of lecture 05: what a transposed convolution writes where, and comparisons within seeds."""

import numpy as np

from .style import COLOURS, figure


def overlaps(matrices, width=11.0):
    """Draws, for each transposed convolution in one dimension, which input writes to which output.

    Above, each input's reach as a row of squares; below, how many inputs write to each output.

    Args:
        matrices: dict title -> array (outputs, inputs), non-zero where the input writes to the output.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(
        2, len(matrices), width=width, height=5.4, squeeze=False, sharex="col", height_ratios=[1.5, 1]
    )
    tallest = max(int(np.count_nonzero(m, axis=1).max()) for m in matrices.values())
    for (above, below), (title, matrix) in zip(axes.T, matrices.items()):
        outputs, inputs = np.nonzero(matrix)
        colours = [COLOURS[i % 2] for i in inputs]
        above.barh(inputs, 0.9, left=outputs - 0.45, height=0.8, color=colours)
        above.set(title=title, ylabel="input", yticks=range(matrix.shape[1]))
        above.invert_yaxis()
        counts = np.count_nonzero(matrix, axis=1)
        drawn = below.bar(range(len(counts)), counts, width=0.9, color=COLOURS[2])
        below.bar_label(drawn, padding=1, fontsize=14)
        below.set(xlabel="output", ylabel="writers", yticks=[], ylim=(0, 1.35 * tallest))
        below.set_xticks(range(0, len(counts), 2))
        for axis in (above, below):
            axis.grid(False)
    return made


def maps(panels, width=11.0, title=None):
    """Draws square arrays of numbers side by side as grey values, dark for large, one scale for all.

    Args:
        panels: dict title -> array (n, n), ≥ 0. Whole numbers are written into the squares.
        width: of the figure in inches.
        title: over all panels.

    Returns:
        A matplotlib figure.
    """
    height = width / len(panels) + (0.8 if title else 0.4)
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    largest = max(float(np.max(panel)) for panel in panels.values())
    for axis, (name, panel) in zip(axes[0], panels.items()):
        panel = np.asarray(panel)
        axis.imshow(panel, cmap="Greys", vmin=0, vmax=1.2 * largest, interpolation="nearest")
        for (row, column), value in np.ndenumerate(panel) if panel.dtype.kind in "iu" else ():
            ink = "white" if value > 0.7 * largest else "black"
            axis.text(column, row, str(value), ha="center", va="center", color=ink, fontsize=14)
        axis.set(title=name, xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.grid(False)
    if title:
        made.suptitle(title, fontsize=15)
    return made


def paired(ratios, xlabel, chance, width=10.0):
    """Draws ratios to a reference as dots, a row a variant, their geometric mean as a bar.

    The grey band goes from 1 / chance to chance: how far a control went that differs from the reference by its seeds
    alone.

    Args:
        ratios: dict name -> numbers, one a seed, > 0.
        xlabel: what the numbers are; the axis is logarithmic.
        chance: the control's largest ratio, ≥ 1.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=1.3 + 0.55 * len(ratios))
    axis.axvspan(1 / chance, chance, color="lightgrey", zorder=0)
    axis.axvline(1, color="black", linestyle=":", linewidth=1.5)
    for row, numbers in enumerate(ratios.values()):
        middle = np.exp(np.mean(np.log(numbers)))
        axis.plot(numbers, [row] * len(numbers), "o", color=COLOURS[1], markersize=9, alpha=0.75)
        axis.plot([middle] * 2, [row - 0.3, row + 0.3], "-", color="black", linewidth=3)
    axis.set_yticks(range(len(ratios)), list(ratios))
    axis.set(xscale="log", xlabel=xlabel, ylim=(len(ratios) - 0.4, -0.6))
    span = np.concatenate([np.ravel(numbers) for numbers in ratios.values()])
    ticks = [t for t in (0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20) if span.min() / 1.3 < t < span.max() * 1.3]
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.minorticks_off()
    return made


def share_rows(table, columns, ylabel, width=11.0):
    """Draws shares as groups of bars, a group a column, one bar for each name, the number written on it.

    Args:
        table: dict name -> (columns,), each in [0, 1].
        columns: texts under the groups.
        ylabel: what the shares are of.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=4.6)
    hatches, wide = ("", "//", "..", "xx", "--"), 0.86 / len(table)
    for place, (name, shares) in enumerate(table.items()):
        spots = np.arange(len(shares)) + wide * (place - (len(table) - 1) / 2)
        look = {"color": COLOURS[place % 6], "hatch": hatches[place % 5], "edgecolor": "black"}
        drawn = axis.bar(spots, shares, 0.94 * wide, label=name, **look)
        axis.bar_label(drawn, fmt="%.2f", padding=2, fontsize=12)
    axis.set_xticks(range(len(columns)), columns)
    axis.set(ylabel=ylabel, ylim=(0, 1.15))
    made.legend(loc="outside upper center", ncols=min(3, len(table)))
    axis.grid(axis="x", visible=False)
    return made


def against_seconds(races, marks, traces, width=11.0):
    """Draws a measure against seconds: races with several seeds at the left, long runs at the right.

    Args:
        races: dict name -> (seeds, marks).
        marks: seconds of processor time at which the races were measured.
        traces: dict of the same names -> dict with "seconds", by the clock, and "FD".
        width: of the figure in inches.

    Returns:
        A matplotlib figure; all axes are logarithmic.
    """
    made, (left, right) = figure(1, 2, width=width, height=4.4, sharey=True)
    for place, name in enumerate(races):
        style = {"color": COLOURS[place], "linestyle": ("-", "--")[place % 2]}
        for run in races[name]:
            left.plot(marks, run, marker="o", markersize=5, linewidth=1.8, **style)
        right.plot(traces[name]["seconds"], traces[name]["FD"], label=name, **style)
    left.set(title="Race, three seeds", xlabel="processor seconds, one core", ylabel="FD-mnist-cnn")
    right.set(title="Long runs, one each", xlabel="seconds by the clock, two cores")
    for axis, ticks in ((left, list(marks)), (right, [30, 60, 120, 300, 600])):
        axis.set(xscale="log", yscale="log")
        axis.set_xticks(ticks, [str(t) for t in ticks])
        axis.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        axis.minorticks_off()
    right.legend()
    return made
