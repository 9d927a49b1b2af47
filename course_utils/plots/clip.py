"""Figures of lecture 13: pictures with sentences, the table of both, what is retrieved, and what an edit keeps."""

import textwrap

import numpy as np
from matplotlib.patches import Rectangle

from .grids import tile
from .style import COLOURS, figure


def pairs(images, texts, columns=4, letters=26, low=-1.0, high=1.0, width=11.0):
    """Draws images with a sentence under each.

    Args:
        images: (N, H, W, C), float in [low, high].
        texts: list of N str.
        columns: images a row.
        letters: after how many a sentence is broken.
        low, high: the range of the pixels.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    lines = [textwrap.fill(text, letters) for text in texts]
    rows = -(-len(images) // columns)
    deepest = max(line.count("\n") + 1 for line in lines)
    side = 0.55 * width / columns
    made, axes = figure(rows, columns, width=width, height=rows * (side + 0.27 * deepest + 0.15), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, image, line in zip(axes.flat, images, lines):
        _picture(axis, image, low, high)
        axis.text(0.5, -0.06, line, transform=axis.transAxes, ha="center", va="top", fontsize=13)
    return made


def tables(panels, label="cosine", width=12.0, low=None, high=1.0):
    """Draws tables of pictures against sentences on one scale of grey, dark for large.

    Args:
        panels: dict title -> (N, M) similarities: a row a picture, a column a sentence.
        label: what the numbers are.
        width: of the figure in inches.
        low, high: ends of the scale; None takes the least number.

    Returns:
        A matplotlib figure.
    """
    low = min(float(np.min(table)) for table in panels.values()) if low is None else low
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.4, squeeze=False)
    for axis, (title, table) in zip(axes[0], panels.items()):
        drawn = axis.imshow(table, cmap="Greys", vmin=low, vmax=high, interpolation="nearest")
        axis.set(title=title, xticks=[], yticks=[], xlabel="sentences", ylabel="pictures")
        axis.grid(False)
    made.colorbar(drawn, ax=list(axes[0]), label=label, shrink=0.8)
    return made


def answers(images, options, shares, right, low=-1.0, high=1.0, width=12.0):
    """Draws what a model answers when each image is asked for one of some sentences: a picture, and bars beside it.

    Args:
        images: (N, H, W, C), float in [low, high].
        options: list of N lists of K str, the best first.
        shares: list of N lists of K numbers in [0, 1], the softmax of the similarities.
        right: list of N str, the true answers; their bars are coloured otherwise and starred.
        low, high: the range of the pixels.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(len(images), 2, width=width, height=1.6 * len(images), width_ratios=[1, 4], squeeze=False)
    for (left, beside), image, texts, values, truth in zip(axes, images, options, shares, right):
        left.set_axis_off()
        _picture(left, image, low, high)
        colours = [COLOURS[0] if text == truth else "lightgrey" for text in texts]
        beside.barh(range(len(texts)), values, color=colours, edgecolor="black")
        named = [f"★ {text}" if text == truth else text for text in texts]
        beside.set_yticks(range(len(texts)), named, fontsize=13)
        beside.set(xlim=(0, 1))
        beside.invert_yaxis()
    axes[-1, 1].set_xlabel("share of the softmax")
    return made


def found(texts, pictures, right, low=0.0, high=1.0, letters=24, width=12.0):
    """Draws what sentences find: a row a sentence, its nearest pictures from left to right, the right one framed.

    Args:
        texts: list of N str.
        pictures: (N, K, H, W, C), the nearest ones first, float in [low, high].
        right: list of N int, the place of the right picture; none is framed where it is K or more.
        low, high: the range of the pixels.
        letters: after how many a sentence is broken.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    pictures = np.asarray(pictures)
    n, k = pictures.shape[:2]
    page = tile(pictures.reshape(-1, *pictures.shape[2:]), k, low, high, gap=4)
    side = pictures.shape[2] + 4
    label = 0.11 * letters + 0.3
    made, axis = figure(width=width, height=(width - label) * page.shape[0] / page.shape[1] + 0.4)
    axis.imshow(np.nan_to_num(page, nan=1.0), interpolation="nearest")
    for row, place in enumerate(right):
        if place < k:
            corner = place * side - 2, row * side - 2
            frame = Rectangle(corner, side - 1, side - 1, fill=False, edgecolor=COLOURS[2], linewidth=3)
            axis.add_patch(frame).set_clip_on(False)
    lines = [textwrap.fill(text, letters) for text in texts]
    axis.set_yticks([row * side + side / 2 - 2 for row in range(n)], lines, fontsize=13)
    axis.set_xticks([place * side + side / 2 - 2 for place in range(k)], [str(place + 1) for place in range(k)])
    axis.tick_params(length=0)
    axis.xaxis.tick_top()
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return made


def ceiling(sizes, lines, truth=None, width=9.0, height=4.6):
    """Draws what a loss has shown against the size of its batch, under what it can show at most.

    Args:
        sizes: list of m ints, pairs of a batch N.
        lines: dict name -> m lists of log N − L in nats, one number a run; a dot each, and a line through the means.
        truth: what there is to know, nats; None where nobody knows.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=height)
    places = np.arange(len(sizes))
    axis.plot(places, np.log(sizes), color="black", linestyle=":", label="log N, the most that it can show")
    if truth is not None:
        axis.axhline(truth, color="grey", linestyle="--", label="what there is to know")
    for index, (name, values) in enumerate(lines.items()):
        axis.plot(places, [np.mean(runs) for runs in values], color=COLOURS[index], label=name)
        for place, runs in zip(places, values):
            axis.scatter([place] * len(runs), runs, s=30, color=COLOURS[index], marker="os^"[index % 3], zorder=3)
    axis.set_xticks(places, [f"{size:g}" for size in sizes])
    axis.set(xlabel="pairs in a batch, N", ylabel="log N − L, nats", ylim=(0, None))
    axis.legend(loc="upper left")
    return made


def bought(lines, labels, named="λ = {:g}", bars=(0.8, 0.85), width=8.0, height=5.0):
    """Draws what edits reach over what they keep: a line a way of editing, a point a setting.

    Args:
        lines: dict name -> (kept, reached, settings), each a list of m numbers; a setting of None is not written.
        labels: (text of the horizontal axis, text of the vertical axis).
        named: how a setting is written.
        bars: (reached, kept) that were asked for, as dotted lines; None draws none.
        width, height: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axis = figure(width=width, height=height)
    for index, (name, (kept, reached, settings)) in enumerate(lines.items()):
        style = {"color": COLOURS[index % len(COLOURS)], "marker": "os^Dv*"[index % 6], "markersize": 9}
        axis.plot(kept, reached, label=name, **style)
        for x, y, setting in zip(kept, reached, settings):
            if setting is not None:
                place = 6, 6 - 22 * (index % 2)  # of two lines one has its settings above, the other below
                axis.annotate(named.format(setting), (x, y), place, textcoords="offset points", fontsize=12)
    if bars:
        axis.axhline(bars[0], color="grey", linestyle=":", linewidth=1.5)
        axis.axvline(bars[1], color="grey", linestyle=":", linewidth=1.5)
    axis.set(xlabel=labels[0], ylabel=labels[1], xlim=(-0.03, 1.06), ylim=(-0.03, 1.06))
    axis.legend(loc="lower left")
    return made


def _picture(axis, image, low, high):
    shown = (np.clip(np.asarray(image, "float32"), low, high) - low) / (high - low)
    shown = 1 - np.repeat(shown, 3, -1) if shown.shape[-1] == 1 else shown
    axis.imshow(shown, interpolation="nearest")
