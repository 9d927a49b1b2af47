"""Drawings of games in which networks share parts: who sees what, and what is asked of whom."""

from matplotlib.patches import FancyArrowPatch

from .style import COLOURS, figure

STAGE, NETWORK = COLOURS[5], "white"  # what passes through, and what it passes through


def referee(width=12.0):
    """Draws an adversarial autoencoder: image to code to image, and a discriminator that compares codes with draws.

    Returns:
        A matplotlib figure.

    Source: Makhzani et al., 2015, figure 1.
    """
    made, axis = figure(width=width, height=0.4 * width)
    places = {"image": (0, 1.5), "code": (4.2, 1.5), "image back": (8.6, 1.5), "draw": (4.2, -0.9)}
    for text, place in places.items():
        _box(axis, place, "draw from\nthe prior" if text == "draw" else text, STAGE)
    for name, x in (("encoder", 2.1), ("decoder", 6.3)):
        _through(axis, (x - 1.5, 1.5), (x + 1.4, 1.5), name)
    _box(axis, (6.6, 0.2), "discriminator", NETWORK)
    _arrow(axis, (4.55, 1.1), (5.65, 0.5))
    _arrow(axis, (4.95, -0.7), (5.65, -0.1))
    _arrow(axis, (7.75, 0.2), (8.9, 0.2))
    axis.text(9.0, 0.2, "draw or code?", fontsize=15, va="center", color=COLOURS[1], weight="bold")
    axis.text(9.9, 1.5, "the same?", fontsize=15, va="center", color=COLOURS[1], weight="bold")
    return _finish(made, axis, (-0.9, 11.4), (-1.6, 2.3))


def two_cuts(width=12.0):
    """Draws an adversarial latent autoencoder: a GAN whose halves are cut, and the two cuts that are to be one.

    Returns:
        A matplotlib figure.

    Source: Pidhorskyi et al., 2020, figure 1.
    """
    made, axis = figure(width=width, height=0.34 * width)
    for k, text in enumerate(("$z$", "$w$", "image", r"$\hat w$", "real?")):
        _box(axis, (2.3 * k, 0), text, COLOURS[4] if "w" in text else STAGE)
    for k, name in enumerate("FGED"):
        _through(axis, (2.3 * k + 0.5, 0), (2.3 * k + 1.75, 0), name)
    _box(axis, (4.6, -1.5), "data", STAGE)
    _arrow(axis, (4.6, -1.1), (4.6, -0.45))
    bend = {"arrowstyle": "<|-|>", "connectionstyle": "arc3,rad=-0.4", "color": COLOURS[1]}
    axis.add_patch(FancyArrowPatch((2.3, 0.45), (6.9, 0.45), mutation_scale=16, lw=2.5, **bend))
    axis.text(4.6, 1.65, "to be the same", fontsize=15, ha="center", color=COLOURS[1], weight="bold")
    return _finish(made, axis, (-0.8, 10.1), (-2.1, 2.1))


def _box(axis, place, text, colour):
    shape = {"boxstyle": "round,pad=0.4", "fc": colour, "ec": "black", "lw": 1.5}
    axis.text(*place, text, fontsize=16, ha="center", va="center", bbox=shape, zorder=3)


def _through(axis, start, end, name):
    """An arrow with the name of the network that it passes through."""
    _arrow(axis, start, end)
    middle = (start[0] + end[0]) / 2, start[1] + 0.12
    axis.text(*middle, name, fontsize=16, ha="center", va="bottom", weight="bold")


def _arrow(axis, start, end):
    axis.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=18, lw=2.2, color="black"))


def _finish(made, axis, across, up):
    axis.set(xlim=across, ylim=up)
    axis.set_axis_off()
    return made
