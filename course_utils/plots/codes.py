"""Codes of any prior: where they lie, and what the decoder makes of the plane around them."""

import numpy as np

from .grids import draw_page, tile
from .style import DIGITS, figure


def over_prior(panels, limit=None, columns=3, width=12.0, names=True):
    """Draws codes as points, coloured by class, over grey draws from the prior that they should match.

    Args:
        panels: dict title -> (codes (N, 2), labels int (N,) in 0 … 9 or None, draws (M, 2) from the prior); codes
            may be None, then the draws are coloured by the labels, (M,), instead.
        limit: half the width of each panel, or None to fit each panel to its draws.
        columns: panels a row.
        width: of the figure in inches.
        names: write each class's number on the middle of its cloud.

    Returns:
        A matplotlib figure.
    """
    rows, across = -(-len(panels) // columns), min(columns, len(panels))
    height = rows * (width / across + 0.3)
    made, axes = figure(rows, across, width=width, height=height, squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, (title, (codes, labels, draws)) in zip(axes.flat, panels.items()):
        half = limit or 1.15 * np.quantile(np.abs(draws), 0.998)
        if codes is None:
            codes = draws
        else:
            axis.scatter(*np.asarray(draws).T, s=14, color="lightgrey", linewidths=0, rasterized=True)
        _points(axis, np.asarray(codes), labels, names)
        axis.set(title=title, xlim=(-half, half), ylim=(-half, half), xlabel="$z_1$", ylabel="$z_2$")
        axis.set_aspect("equal")
    return made


def planes(panels, limit, width=11.0):
    """Draws what decoders make of the same square of the latent plane, side by side.

    Args:
        panels: dict title -> images (n, n, H, W, C) in [0, 1]; the first axis is z₂ from top to bottom, the second z₁.
        limit: the square goes from −limit to limit on both axes.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.4, squeeze=False)
    for axis, (title, decoded) in zip(axes[0], panels.items()):
        page = tile(decoded.reshape(-1, *decoded.shape[2:]), len(decoded), gap=0)
        draw_page(axis, page, extent=(-limit, limit, -limit, limit))
        ticks = np.arange(-int(limit), int(limit) + 1, max(1, int(limit) // 2))
        axis.set_xticks(ticks)
        axis.set_yticks(ticks)
        axis.set(title=title, xlabel="$z_1$", ylabel="$z_2$")
    return made


def _points(axis, codes, labels, names):
    if labels is None:
        axis.scatter(*codes.T, s=9, color=DIGITS[0], alpha=0.6, linewidths=0, rasterized=True)
        return
    for digit in np.unique(labels):
        axis.scatter(*codes[labels == digit].T, s=9, color=DIGITS[digit], alpha=0.7, linewidths=0, rasterized=True)
    for digit in np.unique(labels) if names else ():
        axis.text(
            *_middle(codes[labels == digit]), str(digit), fontsize=13, weight="bold", ha="center", va="center",
            clip_on=True, bbox={"boxstyle": "circle,pad=0.12", "fc": "white", "ec": DIGITS[digit], "lw": 2},
        )  # fmt: skip


def _middle(codes):
    """The code nearest to the median: on a bent cloud the median itself may lie beside all of it."""
    return codes[np.linalg.norm(codes - np.median(codes, axis=0), axis=1).argmin()]
