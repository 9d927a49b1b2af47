"""Drawings without data: networks as rows of blocks, and where a random draw stands in a graph."""

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from .style import COLOURS, figure

SKIPPED = ("Flatten", "Dropout", "Activation")  # not worth a block
SHORT = {
    "UpSampling2D": "repeat\npixels", "Dense": "dense", "BatchNormalization": "batch\nnorm",
    "LayerNormalization": "layer\nnorm",
}  # fmt: skip


def architecture(networks, width=12.0):
    """Draws each network as a row of blocks from left to right, with the shape that leaves each layer.

    A block is as high as the image is wide, on a scale of roots, or as a vector is long, on a scale of logarithms.

    Args:
        networks: dict title -> built keras.Model whose layers form a chain; several outputs share the last block.
        width: of the figure in inches.

    Returns:
        A matplotlib figure.
    """
    rows = {title: _blocks(network) for title, network in networks.items()}
    made, axes = figure(len(rows), 1, width=width, height=2.6 * len(rows), squeeze=False)
    most = max(map(len, rows.values()))
    for axis, (title, blocks) in zip(axes[:, 0], rows.items()):
        for place, (shape, text) in enumerate(blocks):
            _block(axis, place, shape, text)
            if place:
                _arrow(axis, (place - 0.68, 0.0), (place - 0.32, 0.0))
        axis.set(xlim=(-0.6, most - 0.4), ylim=(-1.75, 1.35))
        axis.set_title(title, loc="left")
        axis.set_axis_off()
    return made


def _blocks(network):
    """Returns (shape, text) for the input and each layer that makes something new."""
    ends = list(network.output_names)
    blocks = []
    for layer in network.layers:
        shape, kind = tuple(layer.output.shape[1:]), type(layer).__name__
        if kind == "Reshape":  # the numbers stay; they are a grid from here on
            blocks[-1] = shape, blocks[-1][1]
        elif len(ends) > 1 and layer.name in ends:
            if layer.name == ends[-1]:
                blocks.append((shape, "\n".join(ends)))
        elif kind not in SKIPPED:
            blocks.append((shape, _name(layer, kind)))
    return blocks


def _name(layer, kind):
    if kind == "InputLayer":
        return layer.name
    if hasattr(layer, "kernel_size"):
        size, step = layer.kernel_size[0], layer.strides[0]
        return f"{size}×{size} conv." + (f"\nstride {step}" if step > 1 else "")
    return SHORT.get(kind, kind)


def _block(axis, place, shape, text):
    if len(shape) > 1:
        high, wide = np.sqrt(shape[0] / 28), 0.16 + 0.045 * np.log2(shape[-1])
        colour = COLOURS[5]
    else:
        high, wide, colour = 0.12 + 0.08 * np.log2(shape[0]), 0.12, COLOURS[4]
    high = min(high, 1.0)
    box = Rectangle((place - wide / 2, -high), wide, 2 * high, facecolor=colour, edgecolor="black", lw=1.5)
    axis.add_patch(box)
    axis.text(place, 1.06, "×".join(map(str, shape)), ha="center", va="bottom", fontsize=12)
    axis.text(place, -1.06, text, ha="center", va="top", fontsize=12)


def stochastic_node(width=12.0):
    """Draws the two ways to put a random draw into a network: as a node of its own, or beside the path.

    Left z is drawn from q, and the gradient cannot pass. Right z = μ + σ·ε is computed, ε is drawn, and the
    gradient reaches μ and σ.

    Returns:
        A matplotlib figure.

    Source: Kingma & Welling, 2014, section 2.4.
    """
    made, axes = figure(1, 2, width=width, height=4.2)
    for axis, title in zip(axes, ("the draw stands in the way", "reparameterised: the draw stands beside")):
        axis.set(xlim=(-0.6, 6.6), ylim=(-1.7, 2.6), title=title)
        axis.set_aspect("equal")
        axis.set_axis_off()
        _node(axis, (0.2, 0.0), "x", "box")
        _node(axis, (2.0, 0.9), "μ", "box")
        _node(axis, (2.0, -0.9), "σ", "box")
        _node(axis, (6.0, 0.0), "loss", "box")
        for high in (0.9, -0.9):
            _arrow(axis, (0.6, 0.2 * np.sign(high)), (1.55, high))
    left, right = axes
    _node(left, (4.0, 0.0), "z", "drawn")
    _node(right, (4.0, 0.0), "z", "box")
    _node(right, (4.0, 2.0), "ε", "drawn")
    _arrow(right, (4.0, 1.5), (4.0, 0.5))
    for axis, passes in zip(axes, (False, True)):
        for high in (0.9, -0.9):
            _arrow(axis, (2.45, high), (3.5, 0.2 * np.sign(high)))
            if passes:
                _arrow(axis, (3.55, 0.5 * np.sign(high)), (2.55, 1.25 * high), colour=COLOURS[1], style="--")
        _arrow(axis, (4.5, 0.0), (5.45, 0.0))
        _arrow(axis, (5.45, -0.35), (4.55, -0.35), colour=COLOURS[1], style="--")
    left.text(3.2, 0.0, "✗", color=COLOURS[1], fontsize=30, weight="bold", ha="center", va="center")
    left.text(4.4, -1.6, "z ~ N(μ, σ²)", ha="center", fontsize=15)
    right.text(4.4, -1.6, "z = μ + σ·ε,   ε ~ N(0, 1)", ha="center", fontsize=15)
    return made


def _node(axis, place, text, kind):
    if kind == "drawn":
        axis.add_patch(Circle(place, 0.45, facecolor=COLOURS[4], edgecolor="black", lw=1.5, zorder=3))
    else:
        corner = place[0] - 0.4, place[1] - 0.35
        style = "round,pad=0.05"
        axis.add_patch(FancyBboxPatch(corner, 0.8, 0.7, boxstyle=style, fc="white", ec="black", lw=1.5, zorder=3))
    axis.text(*place, text, fontsize=17, ha="center", va="center", zorder=4)


def _arrow(axis, start, end, colour="black", style="-"):
    axis.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=14, lw=1.8, color=colour, linestyle=style)
    )
