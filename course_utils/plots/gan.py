"""Figures of lecture 04: densities and what an expert makes of them, and curves of games that are played several times.

Where several runs of one kind are drawn, they share a colour and a dash, a line a seed.
"""

import numpy as np

from .style import COLOURS, figure

DASHES = ("-", "--", "-.", ":")


def densities(grid, p, q, width=9.0):
    """Draws the densities of data and fakes, and leaves an empty panel for probabilities below.

    Args:
        grid: (m,), ascending.
        p, q: (m,), density of the data and of the fakes.
        width: of the figure in inches.

    Returns:
        (figure, (axis above, axis below)); the one below goes from 0 to 1.
    """
    made, (above, below) = figure(2, 1, width=width, height=5.0, sharex=True, height_ratios=[1, 1.2])
    above.fill_between(grid, p, color="lightgrey", label="data, $p$")
    above.plot(grid, q, color=COLOURS[1], linestyle="--", label="fakes, $q$")
    above.set(ylabel="density", ylim=(0, None))
    above.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    below.axhline(0.5, color="black", linestyle=":", linewidth=1.2)
    below.set(xlabel="x", ylabel="probability", ylim=(-0.03, 1.03))
    return made, (above, below)


def many_runs(panels, x, xlabel, width=11.0, height=4.0, **settings):
    """Draws several kinds of run in several panels: one colour a kind, one line a seed.

    Args:
        panels: dict title -> dict kind -> list of runs, a run a list of numbers; kinds keep their colour in all panels.
        x: numbers under the runs.
        xlabel: text.
        width, height: of the figure in inches.
        settings: further arguments of `Axes.set`, for all panels.

    Returns:
        (figure, axes), one axis a panel, the legend above them.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    kinds = list(dict.fromkeys(kind for panel in panels.values() for kind in panel))
    drawn = {}
    for axis, (title, panel) in zip(axes[0], panels.items()):
        for kind, runs in panel.items():
            place = kinds.index(kind)
            for run in runs:
                (drawn[kind],) = axis.plot(x, run, color=COLOURS[place], linestyle=DASHES[place % 4], linewidth=1.8)
        axis.set(title=title, xlabel=xlabel, **settings)
    made.legend([drawn[kind] for kind in kinds], kinds, loc="outside upper center", ncols=len(kinds))
    return made, axes[0]


def losses_beside(runs, watched, width=12.0, height=4.0):
    """Draws traces of long runs, a panel a quantity, over the share of the run that is done.

    Args:
        runs: dict label -> dict name -> numbers, with "iterations".
        watched: dict name -> title; "FD" gets a logarithmic axis.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(watched), width=width, height=height, squeeze=False)
    for axis, (name, title) in zip(axes[0], watched.items()):
        for label, run in runs.items():
            axis.plot(np.asarray(run["iterations"]) / run["iterations"][-1], run[name], label=label)
        axis.set(title=title, xlabel="share of the run", xticks=[0, 0.5, 1])
        if name == "FD":
            axis.set_yscale("log")
            axis.set_yticks([1, 2, 5, 10], ["1", "2", "5", "10"])
            axis.minorticks_off()
    axes[0, -1].legend()
    return made


def scattered(groups, xlabel, mark, width=10.0):
    """Draws numbers as dots, a row a group, shaken up and down so that equal ones can be told apart.

    Args:
        groups: dict label -> numbers.
        xlabel: what the numbers are.
        mark: where a dotted line is drawn.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=1.1 + 0.85 * len(groups))
    rng = np.random.default_rng(0)
    for row, numbers in enumerate(groups.values()):
        heights = row + 0.28 * rng.uniform(-1, 1, len(numbers))
        axis.plot(numbers, heights, "o", color=COLOURS[row], markersize=6, alpha=0.6)
    axis.axvline(mark, color="black", linestyle=":", linewidth=1.5)
    axis.set_yticks(range(len(groups)), list(groups))
    axis.set(xlabel=xlabel, xlim=(-0.03, None))
    axis.invert_yaxis()
    return made


def class_bars(shares, width=10.0):
    """Draws the shares of classes of several sets of images side by side.

    Args:
        shares: dict label -> (classes,), each adding up to 1.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=4.0)
    colours, wide = ("lightgrey", COLOURS[1], COLOURS[0]), 0.84 / len(shares)
    for place, (label, share) in enumerate(shares.items()):
        shift = wide * (place - (len(shares) - 1) / 2)
        colour = colours[place % 3]
        axis.bar(np.arange(len(share)) + shift, 100 * share, 0.93 * wide, label=label, color=colour, edgecolor="black")
    axis.set(xlabel="class, as read by the classifier", ylabel="% of samples", xticks=range(len(share)))
    axis.legend(ncols=len(shares), loc="upper center", bbox_to_anchor=(0.5, 1.17))
    axis.grid(axis="x", visible=False)
    return made
