"""Digits of matplotlib's fonts as distance fields, which can be warped and thickened."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image, ImageDraw
from scipy.ndimage import distance_transform_edt, maximum_filter

GRID = 128  # cells along a side of a distance field
SPAN = 1.5  # its side, in units of the digit's height


def outline(font, digit, slant):
    """Returns the contours of a digit, arrays (K, 2), upright, centred, of height 1.

    Args:
        font: the name of a font file of matplotlib, without its ending.
        digit: 0 to 9.
        slant: the font's own slant, which is taken out.
    """
    font_file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    path = TextPath((0, 0), str(digit), size=1000, prop=FontProperties(fname=font_file))
    polygons = path.to_polygons(closed_only=True)  # curves become chords shorter than 1/100
    corners = np.concatenate(polygons)
    shear = np.array([[1.0, 0.0], [-slant, 1.0]])
    corners = corners @ shear
    low, high = corners.min(axis=0), corners.max(axis=0)
    return [(polygon @ shear - (low + high) / 2) / (high - low)[1] for polygon in polygons]


def distance_field(polygons):
    """Returns the signed distance to the contours, positive inside, float32 (GRID, GRID).

    Row 0 is the bottom; distances are in units of the digit's height.
    """
    cells = 2 * GRID  # drawn twice as fine, since the field is exact to half a cell only
    inside = np.zeros((cells, cells), bool)
    for polygon in polygons:
        canvas = Image.new("1", (cells, cells))
        corners = (polygon / SPAN + 0.5) * cells - 0.5
        ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in corners], fill=1)
        inside ^= np.asarray(canvas)  # a contour inside another one is a hole
    field = distance_transform_edt(inside) - distance_transform_edt(~inside)
    field = field.reshape(GRID, 2, GRID, 2).mean(axis=(1, 3))
    return (field * SPAN / cells).astype("float32")


def stroke(field):
    """Returns the mean stroke width: twice the distance along the ridge of the field."""
    ridge = (field == maximum_filter(field, 3)) & (field > 0)
    return 2 * field[ridge].mean()
