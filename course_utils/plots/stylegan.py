"""Figures of lecture 09: two kinds of generator, images of mixed styles, and which source a factor follows."""

import numpy as np

from .grids import draw_page, tile
from .style import COLOURS, figure

_BOX = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": "black"}
_ARROW = {"arrowstyle": "-|>", "lw": 2}


def style_generators(sides=(4, 8, 16, 32), width=12.0):
    """Draws a traditional generator beside StyleGAN's: where z enters, where styles and noise reach the layers.

    Args:
        sides: of the grids.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.

    Source: Karras et al., A Style-Based Generator Architecture, 2019, figure 1.
    """
    made, (left, right) = figure(1, 2, width=width, height=5.6, width_ratios=[1, 2.4])
    for axis, start in ((left, "z"), (right, "constant")):
        names = [start, *(f"{side}×{side}" for side in sides), "image"]
        for place, name in enumerate(names):
            _text(axis, 0.0, -place, name, COLOURS[5] if 0 < place < len(names) - 1 else "white")
            if place:
                axis.annotate("", (0, -place + 0.3), (0, -place + 0.7), arrowprops=_ARROW)
        axis.set(ylim=(-len(sides) - 1.5, 0.6))
        axis.set_axis_off()
    left.set(xlim=(-1, 1), title="before")
    right.set(xlim=(-3.6, 3.0), title="StyleGAN")
    _text(right, -2.9, 0.0, "z")
    _text(right, -2.9, -1.6, "mapping")
    _text(right, -2.9, -3.2, "w")
    right.annotate("", (-2.9, -1.2), (-2.9, -0.4), arrowprops=_ARROW)
    right.annotate("", (-2.9, -2.85), (-2.9, -2.0), arrowprops=_ARROW)
    for place in range(1, len(sides) + 1):
        right.annotate("", (-1.75, -place), (-2.6, -3.2), arrowprops=_ARROW | {"color": COLOURS[0], "lw": 1.5})
        _text(right, -1.5, -place, "A")
        right.annotate("", (-0.6, -place), (-1.2, -place), arrowprops=_ARROW | {"color": COLOURS[0]})
        right.text(-0.9, -place + 0.2, "AdaIN", ha="center", fontsize=12, color=COLOURS[0])
        right.annotate("", (0.6, -place), (1.5, -place), arrowprops=_ARROW | {"color": COLOURS[1]})
        right.text(1.6, -place, "noise", va="center", fontsize=13, color=COLOURS[1])
    return made


def _text(axis, x, y, text, colour="white"):
    axis.annotate(text, (x, y), ha="center", va="center", fontsize=14, bbox=_BOX | {"fc": colour})


def mixing_matrix(coarse, fine, mixed, title=None, low=-1.0, high=1.0, width=10.0):
    """Draws mixed images as a table, under the images of one source and beside those of the other.

    Args:
        coarse: (rows, H, W, C), images of the source of the first layers; they stand at the left.
        fine: (columns, H, W, C), images of the source of the other layers; they stand above.
        mixed: (rows, columns, H, W, C), row i of coarse[i], column j of fine[j].
        title: of the figure.
        low, high: the range of the pixels.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    corner = np.full_like(fine[:1], np.nan)
    table = [corner, fine, *(part for own, row in zip(coarse, mixed) for part in (own[None], row))]
    page = tile(np.concatenate(table), len(fine) + 1, low, high)
    made, axis = figure(width=width, height=width * page.shape[0] / page.shape[1] + (0.9 if title else 0.5))
    draw_page(axis, page)
    size = coarse.shape[1] + 2
    # Lines between the sources and what is made of them.
    axis.axhline(size - 1.5, color="black", linewidth=2, linestyle="-")
    axis.axvline(size - 1.5, color="black", linewidth=2, linestyle="-")
    axis.set_xlabel("fine layers from the image above", fontsize=14)
    axis.xaxis.set_label_position("top")
    axis.set_ylabel("coarse layers from the image at the left", fontsize=14)
    if title:
        made.suptitle(title, fontsize=15)
    return made


def coefficient_table(rows, columns, xlabel, title=None, width=10.0):
    """Draws coefficients as a table of numbers on grey, dark for 1; below 0 and above 1 the grey does not change.

    Args:
        rows: dict name of a row -> numbers, one a column.
        columns: texts over the columns.
        xlabel: what the columns are.
        title: of the figure.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    numbers = np.array([list(row) for row in rows.values()], "float64")
    made, axis = figure(width=width, height=1.3 + 0.5 * len(numbers) + (0.4 if title else 0.0))
    axis.imshow(numbers, cmap="Greys", vmin=0, vmax=1.3, aspect="auto", interpolation="nearest")
    for (row, column), value in np.ndenumerate(numbers):
        ink = "white" if value > 0.75 else "black"
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=14)
    axis.set_xticks(range(numbers.shape[1]), columns)
    axis.set_yticks(range(len(rows)), list(rows))
    axis.tick_params(length=0, labelsize=14)
    axis.set_xlabel(xlabel)
    axis.spines[:].set_visible(False)
    axis.grid(False)
    if title:
        axis.set_title(title)
    return made
