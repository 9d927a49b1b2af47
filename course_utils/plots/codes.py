"""Codes of any prior: where they lie, and what the decoder makes of the plane around them."""

import numpy as np
from matplotlib.colors import to_rgb

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


def flow(moments, labels, draws, columns=3, width=12.0):
    """Draws a film strip: the codes of the same images at several moments, over grey draws from the prior.

    Args:
        moments: dict title -> codes (N, 2), in the order of time.
        labels: int (N,) in 0 … 9.
        draws: (M, 2), draws from the prior.
        columns: panels a row.
        width: of the figure in inches.

    Returns:
        A matplotlib figure; all panels show the same square, and codes beyond it are not drawn.
    """
    made = over_prior({title: (codes, labels, draws) for title, codes in moments.items()}, None, columns, width, False)
    for axis in made.axes:
        axis.set(xlabel="", ylabel="", xticks=[], yticks=[])
    return made


def regions(panels, limit, width=12.0):
    """Draws which class a decoded plane is read as, and where the reading is unsure.

    Args:
        panels: dict title -> (probabilities (n, n, classes), points (M, 2) or None); the first axis of probabilities
            is z₂ from top to bottom, the second z₁; the points are drawn as black dots.
        limit: half the width of the plane.
        width: of the figure in inches.

    Returns:
        A matplotlib figure: the class's colour where its probability is high, white where it is below 0.6.
    """
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.3, squeeze=False)
    palette = np.array([to_rgb(colour) for colour in DIGITS])
    for axis, (title, (probabilities, points)) in zip(axes[0], panels.items()):
        read, sure = np.argmax(probabilities, -1), np.max(probabilities, -1)
        strength = 0.85 * np.clip((sure - 0.6) / 0.4, 0.0, 1.0)[..., None]
        picture = strength * palette[read] + 1 - strength
        axis.imshow(picture, extent=(-limit, limit, -limit, limit), interpolation="nearest")
        if points is not None:
            axis.scatter(*np.asarray(points).T, s=7, color="black", linewidths=0, rasterized=True)
        _name_regions(axis, read, sure, limit)
        axis.set(title=title, xlabel="$z_1$", ylabel="$z_2$", xlim=(-limit, limit), ylim=(-limit, limit))
        axis.grid(False)
    return made


def _name_regions(axis, read, sure, limit):
    """Writes each class on the surest point of its largest reading, as far as possible from other classes."""
    n = len(read)
    side = limit * (2 * (np.arange(n) + 0.5) / n - 1)
    places = np.stack(np.meshgrid(side, -side), -1)  # rows from top to bottom
    inside = np.abs(places).max(-1) < 0.92 * limit  # a name at the edge would be cut
    for digit in np.unique(read):
        own = (read == digit) & (sure > 0.9) & inside
        if own.sum() < 4:
            continue
        others = places[~own][None]
        depth = np.sqrt(np.square(places[own][:, None] - others).sum(-1).min(1))  # to another place
        place = places[own][depth.argmax()]
        axis.text(
            *place, str(digit), fontsize=14, weight="bold", ha="center", va="center", clip_on=True,
            bbox={"boxstyle": "circle,pad=0.12", "fc": "white", "ec": DIGITS[digit], "lw": 2},
        )  # fmt: skip


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
