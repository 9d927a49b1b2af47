"""Figures of lecture 12: features of two domains, how domains differ, which way gradients go, methods side by side."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from .style import COLOURS, DIGITS, figure

MARKERS = ("o", "x")


def feature_maps(panels, width=12.0, size=14):
    """Draws features of two domains in a plane, a column a panel: above coloured by domain, below by class.

    Args:
        panels: dict title -> dict domain -> pair (points (n, 2), classes (n,) integers 0 to 9); the first domain is
            drawn as dots, the second as crosses.
        width: of the figure in inches.
        size: of the marks.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(2, len(panels), width=width, height=0.95 * width * 2 / len(panels) * 0.72, squeeze=False)
    for (above, below), (title, domains) in zip(axes.T, panels.items()):
        for index, (points, classes) in enumerate(domains.values()):
            points, style = np.asarray(points), {"s": size, "marker": MARKERS[index], "linewidths": index}
            above.scatter(*points.T, color=COLOURS[index], alpha=0.6, **style)
            below.scatter(*points.T, c=[DIGITS[int(k)] for k in classes], **style)
        above.set_title(title)
        for axis in (above, below):
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
    axes[0, 0].set_ylabel("by domain")
    axes[1, 0].set_ylabel("by class")
    names = list(next(iter(panels.values())))
    marks = [Line2D([], [], color=COLOURS[i], marker=MARKERS[i], linestyle="") for i in range(len(names))]
    classes = [Line2D([], [], color=colour, marker="o", linestyle="") for colour in DIGITS]
    axes[0, -1].legend(marks, names, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes[1, -1].legend(classes, range(10), loc="center left", bbox_to_anchor=(1.0, 0.5), ncols=2, columnspacing=0.8)
    return made


def distributions(panels, width=12.0, height=3.2):
    """Draws how a quantity is spread in several sets, a panel a quantity, a line at each mean.

    Args:
        panels: dict quantity, with its unit -> dict set -> list of numbers.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False)
    for axis, (quantity, sets) in zip(axes[0], panels.items()):
        every = np.concatenate([np.ravel(values) for values in sets.values()])
        edges = np.linspace(every.min(), every.max() + 1e-9, 40)
        for index, (name, values) in enumerate(sets.items()):
            colour = COLOURS[index % len(COLOURS)]
            axis.hist(values, edges, density=True, histtype="stepfilled", alpha=0.4, color=colour, label=name)
            axis.axvline(np.mean(values), color=colour, linestyle=("-", "--")[index % 2])
        axis.set(xlabel=quantity, yticks=[])
    axes[0, 0].legend()
    return made


def adaptation(panels, xlabel="right on the target's test images, %", width=12.5):
    """Draws methods side by side, a panel a direction and a row a method: dots for seeds, a bar at their mean.

    A ring with a line is a published mean and its spread.

    Args:
        panels: dict direction -> dict method -> pair (list of percentages, one a seed; a pair (mean, spread) or None).
        xlabel: text under the panels.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    methods = list(dict.fromkeys(name for rows in panels.values() for name in rows))
    made, axes = figure(1, len(panels), width=width, height=0.46 * len(methods) + 1.5, squeeze=False, sharey=True)
    for axis, (direction, rows) in zip(axes[0], panels.items()):
        first = next(iter(rows.values()))[0]
        axis.axvline(np.mean(first), color="grey", linestyle=":", linewidth=1.5)
        for name, (values, published) in rows.items():
            place = methods.index(name)
            axis.plot(values, [place] * len(values), "o", color=COLOURS[0], alpha=0.6, markersize=7)
            axis.plot([np.mean(values)] * 2, [place - 0.28, place + 0.28], "-", color="black", linewidth=2.5)
            if published:
                mean, spread = published
                axis.errorbar(mean, place + 0.16, xerr=spread, fmt="o", color=COLOURS[1], markerfacecolor="none",
                              markersize=8, markeredgewidth=2, linewidth=1.5)  # fmt: skip
        axis.set(title=direction, ylim=(len(methods) - 0.4, -0.6))
    axes[0, 0].set_yticks(range(len(methods)), methods)
    marks = [
        Line2D([], [], color=COLOURS[0], marker="o", linestyle="", label="here, a seed"),
        Line2D([], [], color="black", label="their mean"),
        Line2D([], [], color=COLOURS[1], marker="o", markerfacecolor="none", linestyle="", label="published"),
    ]
    made.legend(handles=marks, loc="outside upper center", ncols=3)
    made.supxlabel(xlabel, fontsize=14)
    return made


def before_after(panels, labels=("source only", "aligned"), ylabel="right on the target, %", width=10.0):
    """Draws two numbers of each seed as the ends of a line, a panel a condition.

    Args:
        panels: dict title -> array (seeds, 2).
        labels: texts under the two ends.
        ylabel: text at the left.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=3.8, squeeze=False, sharey=True)
    for axis, (title, pairs) in zip(axes[0], panels.items()):
        pairs = np.asarray(pairs)
        for pair in pairs:
            axis.plot((0, 1), pair, "-o", color=COLOURS[int(pair[1] < pair[0])], linewidth=1.8, markersize=7)
        axis.plot((0, 1), pairs.mean(0), "-", color="black", linewidth=3, alpha=0.5)
        axis.set(title=title, xlim=(-0.35, 1.35))
        axis.set_xticks((0, 1), labels)
    axes[0, 0].set_ylabel(ylabel)
    return made


def reversal_diagram(width=11.0):
    """Draws who sends which gradient where: an encoder between a classifier and a discriminator that is reversed.

    Returns:
        A matplotlib figure.

    Source: Ganin et al., 2016, figure 1.
    """
    made, axis = figure(width=width, height=3.6)
    axis.set(xlim=(-0.9, 10.4), ylim=(-1.75, 1.75))
    axis.set_axis_off()
    boxes = {
        "images of\nboth sets": (0.0, 0.0), "encoder E": (2.4, 0.0), "classifier C": (6.6, 1.1), "class": (9.4, 1.1),
        "reversal": (4.7, -1.1), "discriminator D": (7.1, -1.1), "which set?": (9.6, -1.1),
    }  # fmt: skip
    for text, place in boxes.items():
        _box(axis, place, text, COLOURS[4] if text == "reversal" else "white")
    for start, end in (((0.8, 0), (1.6, 0)), ((3.2, 0.3), (5.7, 1.1)), ((3.2, -0.3), (3.95, -0.95)),
                       ((5.5, -1.1), (6.1, -1.1)), ((7.45, 1.1), (8.6, 1.1)), ((8.15, -1.1), (8.8, -1.1))):  # fmt: skip
        _arrow(axis, start, end, "black", "-")
    slopes = {
        "+ slope of the classes' loss": ((5.7, 0.75), (3.2, 0.0), (5.9, 0.25)),
        "+ slope of the domains' loss": ((6.15, -1.45), (5.5, -1.45), (7.3, -1.7)),
        "− λ · slope": ((3.95, -1.35), (2.9, -0.55), (2.6, -1.35)),
    }
    for text, (start, end, place) in slopes.items():
        _arrow(axis, start, end, COLOURS[1], "--")
        axis.text(*place, text, color=COLOURS[1], fontsize=14, ha="center", va="center")
    return made


def _box(axis, place, text, colour):
    wide = 0.9 if len(text) > 14 and "\n" not in text else 0.72
    style = FancyBboxPatch(
        (place[0] - wide, place[1] - 0.36), 2 * wide, 0.72, boxstyle="round,pad=0.06", fc=colour, ec="black", lw=1.5
    )
    axis.add_patch(style)
    axis.text(*place, text, fontsize=14, ha="center", va="center")


def _arrow(axis, start, end, colour, style):
    axis.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, lw=1.8, color=colour, linestyle=style)
    )
