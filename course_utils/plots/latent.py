"""Two-dimensional latent spaces: codes, and the plane that the decoder makes of them."""

import itertools

import numpy as np
from matplotlib.patches import Circle

from .grids import draw_page, tile
from .style import DIGITS, figure


def latent_scatter(panels, limit=None, width=None, names=True):
    """Draws codes as points, coloured by class, one panel a title, with the prior's circles.

    Args:
        panels: dict title -> (z, labels), z float (N, 2), labels int (N,) in 0 … 9.
        limit: half the width of each panel, or None to fit each panel to its own points.
        width: of the figure in inches.
        names: write each class's number on the middle of its cloud.

    Returns:
        A matplotlib figure. The dashed circles hold 39 % and 86 % of a standard normal (1σ, 2σ).
    """
    width = width or min(10.0, 5.2 * len(panels))
    made, axes = figure(1, len(panels), width=width, height=width / len(panels) + 0.3, squeeze=False)
    for axis, (title, (z, labels)) in zip(axes[0], panels.items()):
        size = (15 if len(panels) < 3 else 12) if names else None
        draw_codes(axis, np.asarray(z), np.asarray(labels), limit, size)
        axis.set_title(title)
    return made


def latent_map(z, labels, decoded, limit, titles=("Codes of test images", "Decoded plane"), ticks=None):
    """Draws the codes of images beside what the decoder makes of the same plane.

    Args:
        z: float (N, 2), codes.
        labels: int (N,) in 0 … 9.
        decoded: (n, n, H, W, C) in [0, 1]; the first axis is z₂ from top to bottom, the second z₁.
        limit: the plane goes from −limit to limit on both axes.
        titles: of the two panels.
        ticks: the z at which columns and rows were decoded, where they are not evenly spaced; some are written.

    Returns:
        A matplotlib figure.
    """
    made, (left, right) = figure(1, 2, width=11.0, height=5.8)
    draw_codes(left, np.asarray(z), np.asarray(labels), limit)
    n = len(decoded)
    page = tile(decoded.reshape(-1, *decoded.shape[2:]), n, gap=0)
    draw_page(right, page, extent=(-limit, limit, -limit, limit))
    if ticks is None:
        places = ticks = np.arange(-int(limit), int(limit) + 1)
    else:  # in the middle of their images
        places = (np.arange(n) + 0.5) * 2 * limit / n - limit
    every = slice(None) if len(ticks) < 8 else slice(1, None, max(1, n // 5))
    texts = [f"{tick:.2g}" for tick in np.round(ticks[every], 1) + 0.0]
    right.set_xticks(places[every], texts)
    right.set_yticks(places[every], texts)
    right.set_xlabel("$z_1$")
    right.set_ylabel("$z_2$")
    for axis, title in zip((left, right), titles):
        axis.set_title(title)
    return made


def draw_codes(axis, z, labels, limit=None, size=15):
    """Draws one panel of codes, the class written on the middle of each cloud in the given size, if any."""
    limit = limit or 1.05 * np.quantile(np.abs(z), 0.998)
    for digit in np.unique(labels):
        points = z[labels == digit]
        axis.scatter(*points.T, s=9, color=DIGITS[digit], alpha=0.6, linewidths=0, rasterized=True)
    digits = np.unique(labels) if size else np.array([], int)
    middles = _apart([np.median(z[labels == digit], axis=0) for digit in digits], 0.0085 * (size or 0) * limit)
    for digit, middle in zip(digits, middles):
        axis.text(
            *middle, str(digit), fontsize=size, weight="bold", ha="center", va="center", clip_on=True,
            bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "ec": DIGITS[digit], "lw": 2},
        )  # fmt: skip
    for radius in (1, 2):
        axis.add_patch(Circle((0, 0), radius, fill=False, ls="--", lw=1.5, ec="black"))
    axis.set(xlim=(-limit, limit), ylim=(-limit, limit), xlabel="$z_1$", ylabel="$z_2$")
    axis.set_aspect("equal")


def _apart(points, least):
    """Pushes points apart, in pairs and a little at a time, until none are nearer than `least`."""
    points = [np.array(point, "float64") for point in points]
    for _ in range(200):
        still = True
        for a, b in itertools.combinations(points, 2):
            away = a - b
            distance = np.linalg.norm(away)
            if distance < least:
                push = away / distance if distance else np.array([1.0, 0.0])
                a += 0.3 * (least - distance) * push
                b -= 0.3 * (least - distance) * push
                still = False
        if still:
            break
    return points
