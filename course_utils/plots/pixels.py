"""Figures of lecture 10: an image that is read, what a pixel sees, and nats beside seconds."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from .style import COLOURS, figure

# What a pixel is to the one that is predicted: later, before but out of sight, before and seen, itself.
LATER, BLIND, SEEN, ITSELF = range(4)
KINDS = ("read later", "read before, not seen", "seen", "to be predicted")
_FACES = ("#FFFFFF", COLOURS[1], COLOURS[5], COLOURS[6])


def context(gradient, row, column):
    """Sorts the pixels of an image by what they are to the pixel that is predicted.

    Args:
        gradient: (H, W), the derivative of one prediction with respect to each pixel.
        row, column: of the pixel that is predicted.

    Returns:
        (H, W) int: 0 read later and without influence, 1 read before and without influence, 2 with influence, 3 the
        pixel itself, if it has none. So a leak shows as a 2 where the past ends.
    """
    seen = np.asarray(gradient) != 0
    place = np.arange(seen.size).reshape(seen.shape)
    kinds = np.where(seen, SEEN, np.where(place < place[row, column], BLIND, LATER))
    kinds[row, column] = SEEN if seen[row, column] else ITSELF
    return kinds


def contexts(panels, row, column, width=11.0):
    """Draws what each pixel is to the one that is predicted, a panel a network.

    Args:
        panels: dict title -> (H, W) int, of `context`.
        row, column: of the pixel that is predicted; it is framed.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.9, squeeze=False)
    for axis, (title, kinds) in zip(axes[0], panels.items()):
        axis.imshow(kinds, cmap=ListedColormap(_FACES), vmin=0, vmax=3, interpolation="nearest")
        axis.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=COLOURS[6], linewidth=2.5))
        axis.set(title=title, xticks=[], yticks=[])
        axis.grid(False)
    names = [Rectangle((0, 0), 1, 1, facecolor=face, edgecolor="grey", label=name) for face, name in zip(_FACES, KINDS)]
    made.legend(handles=names, loc="outside lower center", ncols=4)
    return made


def reading(image, places, chances, width=11.0):
    """Draws an image as it is read: at some places what is known, the pixel that comes next, and the chance of ink.

    Args:
        image: (H, W) in [0, 1], 1 is ink.
        places: list of (row, column), one a panel.
        chances: list of as many numbers in [0, 1], the model's probability of ink there.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    image = np.asarray(image)
    place = np.arange(image.size).reshape(image.shape)
    made, axes = figure(1, len(places), width=width, height=width / len(places) + 0.6, squeeze=False)
    for axis, (row, column), chance in zip(axes[0], places, chances):
        known = place < place[row, column]
        axis.imshow(np.where(known, 1 - image, 0.8), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axis.add_patch(Rectangle((column - 1.5, row - 1.5), 3, 3, fill=False, edgecolor=COLOURS[1], linewidth=2.5))
        axis.set(title=f"ink {chance:.0%}, is {image[row, column]:.0f}", xticks=[], yticks=[])
        axis.grid(False)
    return made


def heat(panels, label, width=11.0):
    """Draws arrays of numbers ≥ 0 side by side, dark for large, with one scale for all that is drawn beside them.

    Args:
        panels: dict title -> (H, W) numbers.
        label: what the numbers are, with their unit.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.3, squeeze=False)
    largest = max(float(np.max(panel)) for panel in panels.values())
    for axis, (title, panel) in zip(axes[0], panels.items()):
        drawn = axis.imshow(panel, cmap="magma_r", vmin=0, vmax=largest, interpolation="nearest")
        axis.set(title=title, xticks=[], yticks=[])
        axis.grid(False)
    made.colorbar(drawn, ax=list(axes[0]), label=label, shrink=0.85)
    return made


def ladder(rows, xlabel, width=11.0):
    """Draws numbers as dots on one scale, a row a model, with published numbers as rings beside them.

    Args:
        rows: dict name -> (number or None, published number or None, whether the number is only a bound).
        xlabel: what the numbers are, with their unit.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=0.42 * len(rows) + 1.1)
    for place, (here, published, bound) in enumerate(rows.values()):
        if here is not None:
            axis.scatter(here, place, s=90, color=COLOURS[0], marker="<" if bound else "o", zorder=3)
            axis.annotate(f"{here:.1f}", (here, place), (8, 5), textcoords="offset points", fontsize=12)
        if published is not None:
            axis.scatter(published, place, s=110, facecolors="none", edgecolors=COLOURS[1], linewidths=2)
    for marker, style in (("o", "exact"), ("<", "at most")):
        axis.scatter([], [], s=90, color=COLOURS[0], marker=marker, label=f"here, {style}")
    axis.scatter([], [], s=110, facecolors="none", edgecolors=COLOURS[1], linewidths=2, label="published")
    axis.set_yticks(range(len(rows)), list(rows))
    axis.invert_yaxis()
    axis.set_xlabel(xlabel)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=3)
    return made


def spreads(x, panels, xlabel, width=11.0, height=3.8):
    """Draws a dot for each run against one axis of numbers, and a line through the means, a panel a quantity.

    Args:
        x: list of m numbers.
        panels: dict title -> list of m lists of numbers, one a run.
        xlabel: text under each panel.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    for axis, (title, table) in zip(axes[0], panels.items()):
        axis.plot(range(len(x)), [np.mean(runs) for runs in table], color=COLOURS[0], zorder=1)
        for place, runs in enumerate(table):
            axis.scatter([place] * len(runs), runs, s=40, color=COLOURS[1], zorder=2)
        axis.set(title=title, xlabel=xlabel)
        axis.set_xticks(range(len(x)), [f"{number:g}" for number in x])
    return made


def histograms(groups, xlabel, width=11.0, height=3.6):
    """Draws how numbers of several groups are spread, one over the other.

    Args:
        groups: dict name -> list of numbers; a group of one number is a line.
        xlabel: what the numbers are, with their unit.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=height)
    every = np.concatenate([np.ravel(values) for values in groups.values()])
    edges = np.linspace(every.min(), every.max(), 60)
    for index, (name, values) in enumerate(groups.items()):
        colour, values = COLOURS[index % len(COLOURS)], np.ravel(values)
        if len(values) == 1:
            axis.axvline(values[0], color=colour, linestyle="--", label=name)
        else:
            axis.hist(values, edges, density=True, histtype="stepfilled", alpha=0.45, color=colour, label=name)
    axis.set(xlabel=xlabel, yticks=[])
    axis.legend()
    return made
