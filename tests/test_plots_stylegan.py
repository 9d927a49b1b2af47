"""Figures of lecture 09: what is drawn where, and that it can be read."""

import io

import numpy as np
import pytest
from PIL import Image

from course_utils import plots

pytestmark = pytest.mark.once


def matrix():
    coarse, fine = np.full((2, 4, 4, 3), -1.0), np.full((3, 4, 4, 3), 1.0)
    return plots.mixing_matrix(coarse, fine, np.zeros((2, 3, 4, 4, 3)), title="Mixed")


def test_the_matrix_has_its_sources_above_and_at_the_left():
    (axis,) = matrix().axes
    page = axis.images[0].get_array()
    assert page.shape == (3 * 6 - 2, 4 * 6 - 2, 4)  # two and three images, and the sources'
    middle = page[2::6, 2::6]  # one pixel of each image
    assert middle[0, 0, 3] == 0  # the corner is empty
    np.testing.assert_allclose(middle[0, 1:, 0], 1.0)
    np.testing.assert_allclose(middle[1:, 0, 0], 0.0)
    np.testing.assert_allclose(middle[1:, 1:, 0], 0.5)
    assert "above" in axis.get_xlabel() and "left" in axis.get_ylabel()


def test_styles_and_noise_reach_every_size_of_the_new_generator_and_none_of_the_old():
    before, after = plots.style_generators((4, 8, 16)).axes
    texts = [[text.get_text() for text in axis.texts] for axis in (before, after)]
    assert [[t for t in these if "×" in t] for these in texts] == [["4×4", "8×8", "16×16"]] * 2
    assert texts[1].count("A") == texts[1].count("AdaIN") == texts[1].count("noise") == 3
    assert "noise" not in texts[0] and texts[0][0] == "z" and texts[1][0] == "constant"


def test_the_table_writes_every_coefficient():
    figure = plots.coefficient_table({"slant": [0.91, 0.1], "hue": [-0.02, 1.04]}, ["2", "4"], "layer")
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["0.91", "0.10", "-0.02", "1.04"]
    assert [text.get_color() for text in axis.texts] == ["white", "black", "black", "white"]
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["slant", "hue"]


def test_every_figure_becomes_a_small_png_with_text_of_at_least_12_points():
    table = plots.coefficient_table({"a": [0.5]}, ["1"], "layer", title="b")
    for figure in (matrix(), plots.style_generators(), table):
        data = plots.png(figure)
        assert Image.open(io.BytesIO(data)).format == "PNG" and len(data) < 150_000
        texts = [t for t in figure.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
        assert min(t.get_fontsize() for t in texts) >= 12
