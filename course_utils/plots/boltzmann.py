"""Figures of lecture 11: densities, filters, chains, and estimates beside what they estimate."""

import numpy as np
from matplotlib.colors import ListedColormap

from .style import COLOURS, DIGITS, figure


def densities(x, truth, fits, width=12.0, height=3.0):
    """Draws a density in grey, and over it one fit a panel.

    Args:
        x: (m,) places.
        truth: (m,) density at the places.
        fits: dict title -> (m,) density.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(fits), width=width, height=height, squeeze=False, sharey=True)
    for axis, (title, fit) in zip(axes[0], fits.items()):
        axis.fill_between(x, truth, color="lightgrey", linewidth=0)
        axis.plot(x, fit, color=COLOURS[0])
        axis.set(title=title, xlabel="x", ylim=(0, 1.5 * np.max(truth)))
    axes[0, 0].set_ylabel("density")
    return made


def filters(weights, shape, columns=16, width=11.0):
    """Draws columns of a weight matrix as images: purple asks for ink, orange for paper, white does not care.

    All share one scale, whose ends are the largest weight by size.

    Args:
        weights: (V, n), one column an image.
        shape: (height, width) with height · width = V.
        columns: images a row.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    weights = np.asarray(weights)
    count = weights.shape[1]
    rows, (high, wide) = -(-count // columns), shape
    page = np.full((rows * (high + 2), columns * (wide + 2)), np.nan)
    for place in range(count):
        top, left = place // columns * (high + 2), place % columns * (wide + 2)
        page[top : top + high, left : left + wide] = weights[:, place].reshape(shape)
    made, axis = figure(width=width, height=width * page.shape[0] / page.shape[1] + 0.1)
    limit = np.abs(weights).max()
    axis.imshow(page[:-2, :-2], cmap="PuOr", vmin=-limit, vmax=limit, interpolation="nearest")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return made


def estimates(counts, found, exact, xlabel="temperatures", ylabel="log Z, nats", width=9.0, height=3.6):
    """Draws estimates of one number against the effort, a dot a seed, and the exact value as a line.

    Args:
        counts: (m,) numbers, the effort; a logarithmic axis.
        found: (m, s) estimates, one column a seed.
        exact: the number that is estimated.
        xlabel, ylabel: texts.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    found = np.asarray(found)
    made, axis = figure(width=width, height=height)
    axis.axhline(exact, color="black", linewidth=1.5, label=f"exact: {exact:.2f}")
    for column in range(found.shape[1]):
        label = "one seed each" if column == 0 else None
        axis.plot(counts, found[:, column], "o", color=COLOURS[0], markersize=8, markeredgecolor="white", label=label)
    axis.set_xscale("log")
    axis.set_xticks(counts, [f"{count:,}" for count in counts])
    axis.minorticks_off()
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.legend(loc="lower right")
    return made


def classes_along(panels, every=1, width=12.0, height=3.4):
    """Draws which class each chain is in, one row a chain and time to the right.

    Args:
        panels: dict title -> classes (T, N), integers 0 to 9.
        every: steps between two columns.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False, sharey=True)
    colours = ListedColormap(DIGITS)
    for axis, (title, classes) in zip(axes[0], panels.items()):
        classes = np.asarray(classes)
        ends = (0, every * len(classes), classes.shape[1], 0)
        drawn = axis.imshow(classes.T, cmap=colours, vmin=-0.5, vmax=9.5, aspect="auto", extent=ends,
                            interpolation="nearest")  # fmt: skip
        axis.set(title=title, xlabel="steps", yticks=[])
        axis.grid(False)
    axes[0, 0].set_ylabel("a row a chain")
    bar = made.colorbar(drawn, ax=axes[0].tolist(), ticks=range(10), pad=0.01)
    bar.set_label("class")
    return made


def slack(panels, xlabel="log p, nats", ylabel="bound − log p, nats", width=12.0, height=3.2):
    """Draws how far bounds lie below what they bound, a dot an image; the line is where both are equal.

    Args:
        panels: dict title -> pair of arrays (n,): the exact values and the bounds.
        xlabel, ylabel: texts.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=height, squeeze=False, sharey=True)
    for axis, (title, (exact, bound)) in zip(axes[0], panels.items()):
        axis.axhline(0, color="black", linewidth=1.2)
        axis.plot(exact, bound - exact, "o", color=COLOURS[1], markersize=5, markeredgewidth=0)
        axis.set(title=title, xlabel=xlabel)
    axes[0, 0].set_ylabel(ylabel)
    return made


def ledger(rows, xlabel="test nats; further left is better", width=11.0):
    """Draws a table of likelihoods: a row a model, filled dots for what was found here, rings for what was published.

    Args:
        rows: dict name -> pair (ours, published), each a number or None.
        xlabel: text.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=0.42 * len(rows) + 0.9)
    places = range(len(rows))
    for column, (label, face) in enumerate((("here", COLOURS[0]), ("published", "none"))):
        there = [(pair[column], place) for place, pair in zip(places, rows.values()) if pair[column] is not None]
        if there:
            style = {"markersize": 9, "markerfacecolor": face, "markeredgecolor": COLOURS[column], "markeredgewidth": 2}
            axis.plot(*zip(*there), "o", linestyle="", label=label, **style)
    for place, pair in zip(places, rows.values()):
        known = [value for value in pair if value is not None]
        axis.annotate("  " + " / ".join(f"{value:.1f}" for value in known), (max(known), place), va="center")
    axis.set_yticks(list(places), list(rows))
    axis.invert_yaxis()
    axis.margins(x=0.15)
    axis.set(xlabel=xlabel)
    axis.legend(loc="lower right")
    return made
