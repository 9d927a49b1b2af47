"""Digits drawn from the fonts that ship with matplotlib, with every factor of variation known."""

import functools
from typing import NamedTuple

import numpy as np

from course_utils import checks

# Name of the font file → its own slant, which is taken out so that "slant" alone decides.
FONTS = {
    "DejaVuSans": 0.0,
    "DejaVuSansMono": 0.0,
    "DejaVuSerif": 0.0,
    "STIXGeneral": 0.0,
    "STIXGeneralItalic": 0.27,
    "cmr10": 0.0,
    "cmss10": 0.0,
    "cmtt10": 0.0,
}

# Each factor is uniform between its limits and independent of the others and of the label.
# Lengths are in pixels of a 28-pixel image, whatever the size that is drawn.
RANGES = {
    "rotation": (-15.0, 15.0),  # degrees, counter-clockwise
    "slant": (-0.1, 0.35),  # shift to the right for each unit of height
    "thickness": (1.8, 3.4),  # mean stroke width
    "scale": (0.8, 1.05),  # height of an upright digit, in units of 20 pixels
    "x": (-1.5, 1.5),  # to the right
    "y": (-1.5, 1.5),  # downwards
    "hue": (0.0, 1.0),  # of the digit, colour only
    "background": (0.0, 1.0),  # hue of the background, colour only
}

_CHUNK = 500  # images drawn at once: about 10 MB of intermediate arrays


class Glyphs(NamedTuple):
    """Images, labels and the factors that made each image."""

    images: np.ndarray  # (n, size, size, 1 or 3) uint8
    labels: np.ndarray  # (n,) int64, the digit
    factors: dict  # name → (n,) float32, as in RANGES, and "font", the index into FONTS


def make(n, seed=0, colour=False, size=28):
    """Draws digits with random font, rotation, slant, thickness, scale, position and colours.

    A pixel at q shows how far inside the digit its centre lies: with the affine map A of the image,
    its height h and the distance field D of the glyph (positive inside), the ink is
    clip(1/2 + (h D(A⁻¹q) + growth) / softness, 0, 1); growth sets the stroke width.

    Args:
        n: the number of images, ≥ 1.
        seed: int; image i is the same for every n, and for every size but for its resolution.
        colour: three channels, a bright digit on a dark ground, instead of white on black.
        size: height and width in pixels, ≥ 8.

    Returns:
        Glyphs: images uint8 (n, size, size, 1 or 3), labels int64 (n,), and the factors, a dict of
        float32 (n,) with the names in RANGES (hues only with colour) and "font".

    Raises:
        TypeError, ValueError: n or size is no whole number, or too small.
    """
    n, size = checks.count(n), checks.count(size, "size", minimum=8)
    uniform = np.random.default_rng(seed).random((n, 2 + len(RANGES)))  # one row for each image
    labels = (10 * uniform[:, 0]).astype("int64")
    factors = {"font": np.floor(len(FONTS) * uniform[:, 1])}
    for column, (name, (low, high)) in enumerate(RANGES.items(), start=2):
        if colour or name not in ("hue", "background"):
            factors[name] = low + (high - low) * uniform[:, column]
    factors = {name: values.astype("float32") for name, values in factors.items()}
    images = np.empty((n, size, size, 3 if colour else 1), "uint8")
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        chosen = {name: values[part] for name, values in factors.items()}
        ink = _ink(labels[part], chosen, size)[..., None]  # (N, size, size, 1) in [0, 1]
        images[part] = np.rint(255 * (_paint(ink, chosen) if colour else ink))
    return Glyphs(images, labels, factors)


def speckled(images, deviation, seed=0):
    """Add to each pixel a number of its own, the same for all its channels: chance that no factor decides on.

    y = clip(x + deviation · n, −1, 1),  n ~ N(0, 1)

    Args:
        images: float (N, H, W, C) in [-1, 1].
        deviation: ≥ 0, in units of the images.
        seed: int.

    Returns:
        float32 array (N, H, W, C) in [-1, 1].
    """
    n = np.random.default_rng(seed).standard_normal((*images.shape[:3], 1), dtype="float32")
    return np.clip(images + np.float32(deviation) * n, -1.0, 1.0)


def _ink(labels, factors, size):
    """Coverage in [0, 1] of each pixel, float32 (N, size, size)."""
    fields, strokes, span = _templates()
    which = factors["font"].astype("int64") * 10 + labels
    # Growing a glyph adds to its height as well: solve for the height before it grows.
    height = (20 * factors["scale"] - factors["thickness"]) / (1 - strokes[which])
    growth = (factors["thickness"] - strokes[which] * height) / 2
    per_image = {name: values[:, None, None] for name, values in factors.items()}
    height, growth = height[:, None, None], growth[:, None, None]
    centre = (np.arange(size, dtype="float32") + 0.5) * np.float32(28 / size) - 14
    right = centre[None, None, :] - per_image["x"]  # (N, 1, size)
    up = per_image["y"] - centre[None, :, None]  # (N, size, 1)
    # Undo the rotation, then the slant, then the scale: coordinates in the glyph's own frame.
    angle = np.deg2rad(per_image["rotation"])
    v = (np.cos(angle) * up - np.sin(angle) * right) / height
    u = (np.cos(angle) * right + np.sin(angle) * up) / height - per_image["slant"] * v
    distance = height * _sample(fields, span, which, u, v) + growth
    softness = 1.2 * 28 / size  # an edge fades over 1.2 pixels
    return np.clip(0.5 + distance / softness, 0, 1)


def _sample(fields, span, which, u, v):
    """Reads distance fields (T, G, G) at (u, v), bilinearly; beyond the border its last value."""
    grid = fields.shape[-1]
    column = np.clip((u / span + 0.5) * grid - 0.5, 0, grid - 1.001)
    row = np.clip((v / span + 0.5) * grid - 0.5, 0, grid - 1.001)
    left, below = column.astype("int32"), row.astype("int32")
    column -= left
    row -= below
    start = which[:, None, None].astype("int32") * grid**2 + below * grid + left
    flat = fields.ravel()
    low = flat[start] * (1 - column) + flat[start + 1] * column
    high = flat[start + grid] * (1 - column) + flat[start + grid + 1] * column
    return low * (1 - row) + high * row


def _paint(ink, factors):
    """Blends a bright digit into a dark ground of another hue, (N, size, size, 3) in [0, 1]."""
    from matplotlib.colors import hsv_to_rgb  # grey digits do not wait for matplotlib

    hues = np.stack([factors["hue"], factors["background"]])
    paints = np.stack([hues, 0 * hues + [[0.55], [0.75]], 0 * hues + [[1.0], [0.35]]], axis=-1)
    front, back = hsv_to_rgb(paints).astype("float32")[:, :, None, None, :]
    return back + ink * (front - back)


@functools.cache
def _templates():
    """Distance fields, stroke widths and the span of a field, made once in each process."""
    from course_utils.data import outlines  # who loads MNIST need not wait for fonts and SciPy

    fields = [
        outlines.distance_field(outlines.outline(font, digit, slant))
        for font, slant in FONTS.items()
        for digit in range(10)
    ]
    strokes = [outlines.stroke(field) for field in fields]
    return np.stack(fields), np.array(strokes, "float32"), outlines.SPAN
