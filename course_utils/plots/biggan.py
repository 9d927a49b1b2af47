"""Figures of lecture 08: what a classifier answers, the blocks, attention, spectra, truncation, the ladder."""

import numpy as np
from matplotlib import ticker

from .grids import draw_page, tile
from .style import COLOURS, figure


def answers(panels, width=12.0):
    """Draws what a classifier answers for one image, p(y|x), over what it answers on average, p(y).

    Args:
        panels: dict title -> (images, single, mean); images (n, H, W, C) in [-1, 1], single and mean (classes,).
        width: of the figure in inches.

    Returns:
        A matplotlib figure: images on top, then the two rows of bars.
    """
    made, axes = figure(3, len(panels), width=width, height=5.6, squeeze=False, height_ratios=[1.15, 1, 1])
    for column, (title, (images, *rows)) in enumerate(panels.items()):
        draw_page(axes[0, column], tile(images, 4, low=-1.0))
        axes[0, column].set_title(title)
        for row, (values, label) in enumerate(zip(rows, ("p(y|x), one image", "p(y), all")), start=1):
            axis = axes[row, column]
            axis.bar(range(len(values)), values, color=COLOURS[row - 1], hatch="/" * (row == 2), edgecolor="black")
            axis.set(ylim=(0, 1.05), xticks=range(0, len(values), 3), yticks=(0, 1))
            axis.set_ylabel(label if column == 0 else None, fontsize=12)
            axis.grid(False)
    made.supxlabel("class y", fontsize=13)
    return made


def latents(draws, limit=3.0, bins=61, width=12.0):
    """Draws how latents are spread, one panel a way of drawing them.

    Args:
        draws: dict title -> array of numbers.
        limit: half the width of each panel.
        bins: number of bins.
        width: of the figure in inches.

    Returns:
        A matplotlib figure; heights are shares of all numbers.
    """
    made, axes = figure(1, len(draws), width=width, height=3.6, squeeze=False, sharey=True)
    for place, (axis, (title, numbers)) in enumerate(zip(axes[0], draws.items())):
        share = np.full(np.size(numbers), 100 / np.size(numbers))
        axis.hist(np.ravel(numbers), bins=bins, range=(-limit, limit), weights=share, color=COLOURS[place])
        axis.set(title=title, xlabel="a number of z", ylabel="% of all numbers" if place == 0 else None)
        axis.set_ylim(0, 8)  # a heap at one value goes on beyond the top
    return made


def sweep(thresholds, panels, width=12.0):
    """Draws measures against the truncation threshold, the whole prior at the right end.

    Args:
        thresholds: numbers from large to small, or None first for the whole prior.
        panels: dict title -> dict label -> values, one a threshold.
        width: of the figure in inches.

    Returns:
        A matplotlib figure; the axes of thresholds are evenly spaced texts.
    """
    made, axes = figure(1, len(panels), width=width, height=3.9, squeeze=False)
    names = ["none" if t is None else f"{t:g}" for t in thresholds][::-1]
    for axis, (title, lines) in zip(axes[0], panels.items()):
        for marker, (label, values) in zip("os^D", lines.items()):
            axis.plot(range(len(names)), list(values)[::-1], marker=marker, markersize=8, label=label)
        axis.set(title=title, xlabel="threshold")
        axis.set_xticks(range(len(names)), names)
        axis.margins(y=0.12)
        if len(lines) > 1:
            axis.legend()
    return made


def ladder(runs, slide, xlabel="inception score", limit=None, width=12.0):
    """Draws the scores of several seeds, a row an ingredient, beside the scores that the slide gives.

    Args:
        runs: dict label -> scores of the seeds, the first row on top.
        slide: dict label -> the slide's score; labels that it lacks stay empty.
        xlabel: of the scores.
        limit: score of real images, a dashed line, or None.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, (left, right) = figure(1, 2, width=width, height=1.6 + 0.55 * len(runs), sharey=True, width_ratios=[1.6, 1])
    for row, scores in enumerate(runs.values()):
        left.plot(scores, [row] * len(scores), "o", color=COLOURS[0], markersize=10, alpha=0.6)
        left.plot([np.mean(scores)] * 2, [row - 0.3, row + 0.3], "-", color="black", linewidth=3)
    if limit is not None:
        left.axvline(limit, color="black", linestyle="--", linewidth=1.5)
    left.set(xlabel=xlabel, title="here: a dot a seed, a bar the mean", ylim=(len(runs) - 0.5, -0.5))
    left.set_yticks(range(len(runs)), list(runs))
    for row, label in enumerate(runs):
        if label in slide:
            right.barh(row, slide[label], color=COLOURS[1], height=0.6, edgecolor="black")
            right.annotate(f" {slide[label]:g}", (slide[label], row), va="center", fontsize=12)
    right.set(xlabel="inception score", title="the slide: ImageNet, 128×128", xlim=(0, 120))
    for axis in (left, right):
        axis.grid(axis="y", visible=False)
    return made


def blocks(side=7, widths=(16, 8), attention=14, width=12.0):
    """Draws the generator: z in parts, the class vector, and the blocks that each of them reaches.

    Args:
        side: of the first grid.
        widths: channels of each block.
        attention: side of the grid with self-attention.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    steps = ["dense", *(["block, twice the grid"] * len(widths)), "norm, ReLU,\nconvolution, tanh"]
    shapes = [f"{side}×{side}×{widths[0]}"]
    shapes += [f"{side << k}×{side << k}×{channels}" for k, channels in enumerate(widths, start=1)]
    if attention:
        steps[1 + [side << k for k in range(1, len(widths) + 1)].index(attention)] += "\nthen attention"
    made, axis = figure(width=width, height=3.9)
    for place, step in enumerate(steps):
        x = 3.2 * place + 1.6
        _box(axis, x, 0.0, step, COLOURS[5])
        axis.annotate("", (x + 1.95, 0), (x + 1.15, 0), arrowprops=_ARROW)
        axis.text(x + 1.55, -0.75, [*shapes, "image"][place], ha="center", fontsize=13)
        if place <= len(widths):
            _box(axis, x, 2.3, f"part {place} of z", "white")
            axis.annotate("", (x, 0.5), (x, 1.85), arrowprops=_ARROW)
        if 0 < place <= len(widths):
            axis.annotate("", (x - 0.5, 0.5), (x - 1.1, 3.75), arrowprops=_ARROW | {"color": COLOURS[1]})
    _box(axis, 1.6, 4.2, "label", "white")
    axis.annotate("", (3.4, 4.2), (2.8, 4.2), arrowprops=_ARROW)
    _box(axis, 1.6 + 3.2 * (len(widths) + 1) / 2, 4.2, "class vector e(label), to the norms of each block", "white")
    axis.set(xlim=(0, 3.2 * len(steps) + 0.6), ylim=(-1.2, 4.9))
    axis.set_axis_off()
    return made


_ARROW = {"arrowstyle": "-|>", "lw": 2}


def _box(axis, x, y, text, colour):
    box = {"boxstyle": "round,pad=0.4", "fc": colour, "ec": "black"}
    axis.annotate(text, (x, y), ha="center", va="center", fontsize=13, bbox=box)


def spectra(traces, xlabel="iterations", ylabel="largest singular value", log=True, width=12.0):
    """Draws the largest singular value of every layer over training, a panel a title, a line a layer.

    Args:
        traces: dict title -> (iterations, {layer: values}).
        xlabel, ylabel: texts.
        log: whether the values' axis is logarithmic; all panels share it.
        width: of the figure in inches.

    Returns:
        A matplotlib figure; the layer that ends highest is named.
    """
    made, axes = figure(1, len(traces), width=width, height=4.2, squeeze=False, sharey=True)
    for place, (axis, (title, (iterations, layers))) in enumerate(zip(axes[0], traces.items())):
        highest = max(layers, key=lambda name, layers=layers: layers[name][-1])
        for name, values in layers.items():
            first = name == highest
            style = {"color": COLOURS[1], "linewidth": 3.5, "label": name} if first else {"color": "grey", "alpha": 0.6}
            axis.plot(iterations, values, "-", zorder=3 if first else 2, **style)
        axis.set(title=title, xlabel=xlabel, ylabel=ylabel if place == 0 else None)
        axis.set_yscale("log" if log else "linear")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))
        if log:
            axis.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
            axis.yaxis.set_minor_formatter(ticker.FormatStrFormatter("%g"))
    return made


def attention(images, places, maps, width=12.0):
    """Draws where positions of an image look: the image with the position marked, and the weights under it.

    Args:
        images: (n, H, W, C), float in [-1, 1].
        places: (n, 2), row and column of the asking position, in pixels of the image.
        maps: (n, h, w), the weights that it gives; they sum to 1.
        width: of the figure in inches.

    Returns:
        A matplotlib figure of two rows; dark is a large weight, each map with its own scale.
    """
    made, axes = figure(2, len(images), width=width, height=2 * width / len(images) + 0.2, squeeze=False)
    for image, (row, column), weights, (above, below) in zip(images, places, maps, axes.T):
        draw_page(above, tile(image[None], 1, low=-1.0))
        above.plot(column, row, "o", markersize=11, markerfacecolor="none", color=COLOURS[1], markeredgewidth=3)
        below.imshow(weights, cmap="Greys", vmin=0, interpolation="nearest")
        below.plot(
            (column + 0.5) * weights.shape[1] / image.shape[1] - 0.5,
            (row + 0.5) * weights.shape[0] / image.shape[0] - 0.5,
            "o", markersize=11, markerfacecolor="none", color=COLOURS[1], markeredgewidth=3,
        )  # fmt: skip
        below.set(xticks=[], yticks=[])
        below.grid(False)
    return made
