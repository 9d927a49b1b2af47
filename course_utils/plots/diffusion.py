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
        panels: dict title -> dict name -> list of m numbers.
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
            axis.plot(places, values, marker="os^Dv"[index % 5], label=name, color=COLOURS[index % len(COLOURS)])
        axis.set(title=title, xlabel=xlabel)
        if even:
            axis.set_xticks(places, [f"{number:g}" for number in x])
        if title in logarithmic:
            axis.set_yscale("log")
        if len(lines) > 1:
            axis.legend()
    return made


def _square(axis, title, limit):
    axis.set(title=title, xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[])
    axis.set_aspect("equal")
