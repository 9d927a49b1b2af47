"""Figures of lecture 10: what each panel shows."""

import numpy as np
import pytest

from course_utils.plots import pixels

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def test_pixels_are_sorted_by_what_they_are_to_the_one_that_is_predicted():
    gradient = np.array([[0.1, 0.0, -0.2], [0.3, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert pixels.context(gradient, 1, 1).tolist() == [[2, 1, 2], [2, 3, 0], [0, 0, 0]]
    gradient[1, 1] = gradient[2, 2] = 1.0  # a leak shows
    assert pixels.context(gradient, 1, 1).tolist() == [[2, 1, 2], [2, 2, 0], [0, 0, 2]]


def test_every_panel_shows_its_context_and_one_legend_names_the_kinds():
    kinds = RNG.integers(0, 4, (5, 6))
    made = pixels.contexts({"one": kinds, "two": 3 - kinds}, 2, 4)
    assert [axis.get_title() for axis in made.axes] == ["one", "two"]
    np.testing.assert_array_equal(made.axes[0].images[0].get_array(), kinds)
    assert made.axes[1].patches[0].get_xy() == (3.5, 1.5)
    assert [text.get_text() for text in made.legends[0].get_texts()] == list(pixels.KINDS)


def test_a_reader_knows_what_was_read_before():
    image = np.eye(4)
    left, right = pixels.reading(image, [(0, 0), (2, 2)], [0.25, 0.5]).axes
    assert (np.asarray(left.images[0].get_array()) == 0.8).all()
    shown = np.asarray(right.images[0].get_array())
    np.testing.assert_array_equal(shown.ravel()[:10], (1 - image).ravel()[:10])
    assert (shown.ravel()[10:] == 0.8).all() and right.get_title() == "ink 50%, is 1"
    assert right.patches[0].get_x() == 0.5 and right.patches[0].get_y() == 0.5


def test_heat_has_one_scale():
    made = pixels.heat({"a": np.ones((3, 3)), "b": 5 * np.ones((3, 3))}, "nats")
    assert made.axes[0].images[0].get_clim() == made.axes[1].images[0].get_clim() == (0, 5)
    assert made.axes[2].get_ylabel() == "nats"


def test_a_ladder_has_a_row_a_model():
    (axis,) = pixels.ladder({"a": (80.0, 81.3, False), "b": (None, 84.0, False), "c": (90.0, None, True)}, "nats").axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b", "c"]
    drawn = [tuple(found.get_offsets()[0]) for found in axis.collections if len(found.get_offsets())]
    assert drawn == [(80.0, 0.0), (81.3, 0.0), (84.0, 1.0), (90.0, 2.0)] and axis.yaxis_inverted()


def test_a_dot_a_run_and_a_line_through_their_means():
    (axis,) = pixels.spreads([1, 4], {"nats": [[3.0, 5.0], [1.0, 2.0]]}, "layers").axes
    assert axis.lines[0].get_ydata().tolist() == [4.0, 1.5]
    assert [found.get_offsets().tolist() for found in axis.collections] == [[[0, 3], [0, 5]], [[1, 1], [1, 2]]]


def test_a_group_of_one_is_a_line():
    (axis,) = pixels.histograms({"many": RNG.normal(size=50), "one": [0.5]}, "nats").axes
    assert axis.lines[0].get_xdata() == [0.5, 0.5] and len(axis.patches) == 1
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["many", "one"]
