"""Figures of lecture 09: images of mixed styles, and which source a factor follows."""

import numpy as np

from .grids import draw_page, tile
from .style import figure


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


def share_table(shares, columns, xlabel, title=None, width=10.0):
    """Draws shares as a table of numbers on grey, dark for 1; below 0 and above 1 the grey does not change.

    Args:
        shares: dict name of a row -> numbers, one a column.
        columns: texts over the columns.
        xlabel: what the columns are.
        title: of the figure.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    numbers = np.array([list(row) for row in shares.values()], "float64")
    made, axis = figure(width=width, height=1.3 + 0.5 * len(numbers) + (0.4 if title else 0.0))
    axis.imshow(numbers, cmap="Greys", vmin=0, vmax=1.3, aspect="auto", interpolation="nearest")
    for (row, column), value in np.ndenumerate(numbers):
        ink = "white" if value > 0.75 else "black"
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=14)
    axis.set_xticks(range(numbers.shape[1]), columns)
    axis.set_yticks(range(len(shares)), list(shares))
    axis.tick_params(length=0, labelsize=14)
    axis.set_xlabel(xlabel)
    axis.spines[:].set_visible(False)
    axis.grid(False)
    if title:
        axis.set_title(title)
    return made
