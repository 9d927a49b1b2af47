"""Figures of lecture 14: clouds of points, the ways that they take, and numbers against steps or guidance."""

import numpy as np

from .style import COLOURS, figure


def clouds(panels, behind=None, limit=None, width=12.0, size=10):
    """Draws one cloud of points a panel, over grey points that it should match.

    Args:
        panels: dict title -> points (n, 2).
        behind: points (m, 2), drawn in grey in every panel, or None.
        limit: half the width of each panel; None fits all points but the last half per cent.
        width: of the figure in inches.
        size: of the points.

    Returns:
        A matplotlib figure.
    """
    limit = limit or 1.1 * np.quantile(np.abs(np.concatenate(list(panels.values()))), 0.995)
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.4, squeeze=False)
    for axis, (title, points) in zip(axes[0], panels.items()):
        if behind is not None:
            axis.scatter(*np.asarray(behind).T, s=size, color="lightgrey", linewidths=0, rasterized=True)
        axis.scatter(*np.asarray(points).T, s=size, color=COLOURS[0], linewidths=0, rasterized=True)
        _square(axis, title, limit)
    return made


def ways(panels, ends, limit=2.5, width=12.0):
    """Draws the ways of some points through the plane, from noise (ring) to where they end (dot).

    Args:
        panels: dict title -> array (steps, n, 2).
        ends: points (m, 2) of the data, drawn in grey.
        limit: half the width of each panel.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.4, squeeze=False)
    for axis, (title, paths) in zip(axes[0], panels.items()):
        axis.scatter(*np.asarray(ends).T, s=26, color="silver", linewidths=0)
        axis.plot(paths[:, :, 0], paths[:, :, 1], color=COLOURS[0], linewidth=1, alpha=0.7)
        axis.scatter(*paths[0].T, s=22, facecolors="none", edgecolors=COLOURS[1], linewidths=1.2)
        axis.scatter(*paths[-1].T, s=18, color=COLOURS[0], linewidths=0, zorder=3)
        _square(axis, title, limit)
    return made


def against(x, panels, xlabel, width=12.0, height=3.6, logarithmic=(), even=True):
    """Draws lines against one axis, a panel a quantity.

    Args:
        x: list of m numbers.
        panels: dict title -> dict name -> list of m numbers, or of m lists of numbers, one a draw: then the line is
            their mean, and a band goes from the least to the most.
        xlabel: text under each panel.
        width, height: of the figure in inches.
        logarithmic: titles of the panels whose vertical axis is logarithmic.
        even: whether the numbers x stand at equal distances.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    places = np.arange(len(x)) if even else np.asarray(x)
    for axis, (title, lines) in zip(axes[0], panels.items()):
        for index, (name, values) in enumerate(lines.items()):
            draws, colour = np.asarray(values, float).reshape(len(x), -1), COLOURS[index % len(COLOURS)]
            axis.plot(places, draws.mean(1), marker="os^Dv"[index % 5], label=name, color=colour)
            if draws.shape[1] > 1:
                axis.fill_between(places, draws.min(1), draws.max(1), color=colour, alpha=0.2, linewidth=0)
        axis.set(title=title, xlabel=xlabel)
        if even:
            axis.set_xticks(places, [f"{number:g}" for number in x])
        if title in logarithmic:
            axis.set_yscale("log")
            axis.yaxis.set_major_formatter("{x:g}")
            axis.yaxis.set_minor_formatter("{x:g}" if _decades(axis) < 1.3 else "")
        if len(lines) > 1:
            axis.legend()
    return made


def trade(lines, width=7.0, height=4.4):
    """Draws precision over recall, a line a model, with the setting written at each point: above it, then below it.

    Args:
        lines: dict name -> (recall, precision, settings), each a list of m numbers; the name says what is set.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=height)
    places = ({"xytext": (5, 5)}, {"xytext": (-5, -5), "ha": "right", "va": "top"})  # of the texts: lines may cross
    for index, (name, (recall, precision, settings)) in enumerate(lines.items()):
        colour, place = COLOURS[index % len(COLOURS)], places[index % 2]
        axis.plot(recall, precision, marker="os^Dv"[index % 5], label=name, color=colour)
        for x, y, setting in zip(recall, precision, settings):
            text = "∞" if np.isinf(setting) else f"{setting:g}"
            axis.annotate(text, (x, y), textcoords="offset points", fontsize=12, color=colour, **place)
    axis.margins(0.1)
    axis.set(xlabel="recall", ylabel="precision")
    axis.legend()
    return made


def _decades(axis):
    low, high = axis.get_ylim()
    return np.log10(high / low)


def _square(axis, title, limit):
    axis.set(title=title, xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[])
    axis.set_aspect("equal")
