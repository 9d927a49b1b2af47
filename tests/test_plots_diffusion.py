"""Figures of lecture 14: what each panel shows."""

import numpy as np
import pytest

from course_utils.plots import diffusion

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def test_every_cloud_lies_over_the_same_grey_points_in_the_same_square():
    points, behind = {"a": RNG.normal(size=(30, 2)), "b": 3 * RNG.normal(size=(20, 2))}, RNG.normal(size=(9, 2))
    made = diffusion.clouds(points, behind)
    assert [axis.get_title() for axis in made.axes] == ["a", "b"] and len({axis.get_xlim() for axis in made.axes}) == 1
    for axis, drawn in zip(made.axes, points.values()):
        np.testing.assert_array_equal(axis.collections[0].get_offsets(), behind)
        np.testing.assert_array_equal(axis.collections[1].get_offsets(), drawn)


def test_a_way_runs_from_its_ring_to_its_dot():
    paths, ends = RNG.normal(size=(7, 4, 2)), RNG.normal(size=(5, 2))
    (axis,) = diffusion.ways({"ways": paths}, ends).axes
    assert len(axis.lines) == 4 and np.allclose(axis.lines[2].get_xydata(), paths[:, 2])
    grey, rings, dots = (np.asarray(found.get_offsets()) for found in axis.collections)
    assert np.allclose(grey, ends) and np.allclose(rings, paths[0]) and np.allclose(dots, paths[-1])


def test_numbers_stand_at_even_places_or_at_their_own():
    lines = {"FD": {"a": [3.0, 2.0, 1.0], "b": [4.0, 3.0, 2.0]}, "share": {"c": [0.1, 0.2, 0.3]}}
    left, right = diffusion.against([1, 10, 50], lines, "steps", logarithmic=("FD",)).axes
    assert left.get_yscale() == "log" and right.get_yscale() == "linear" and right.get_legend() is None
    assert [label.get_text() for label in left.get_xticklabels()] == ["1", "10", "50"]
    assert left.lines[1].get_xdata().tolist() == [0, 1, 2] and left.lines[1].get_ydata().tolist() == [4, 3, 2]
    (axis,) = diffusion.against([0.1, 0.9], {"x": {"y": [1.0, 2.0]}}, "t", even=False).axes
    assert axis.lines[0].get_xdata().tolist() == [0.1, 0.9]


def test_several_draws_are_a_line_at_their_mean_in_a_band_from_least_to_most():
    draws = RNG.random((4, 3)) + 1
    (axis,) = diffusion.against([1, 2, 3, 4], {"FD": {"a": draws}}, "steps").axes
    np.testing.assert_allclose(axis.lines[0].get_ydata(), draws.mean(1))
    (band,) = axis.collections
    corners = band.get_paths()[0].vertices
    for place, row in enumerate(draws):
        here = corners[corners[:, 0] == place, 1]
        np.testing.assert_allclose((here.min(), here.max()), (row.min(), row.max()))


def test_a_trade_has_its_setting_written_at_each_point():
    (axis,) = diffusion.trade({"w": ([0.7, 0.3], [0.8, 0.9], (1, 2.5)), "cut": ([0.5], [0.6], (np.inf,))}).axes
    assert axis.lines[0].get_xdata().tolist() == [0.7, 0.3] and axis.lines[0].get_ydata().tolist() == [0.8, 0.9]
    assert [(text.get_text(), tuple(text.xy)) for text in axis.texts] == [
        ("1", (0.7, 0.8)), ("2.5", (0.3, 0.9)), ("∞", (0.5, 0.6))
    ]  # fmt: skip


def test_settings_of_two_lines_that_meet_do_not_touch():
    made = diffusion.trade({"w": ([0.29, 0.7], [0.98, 0.9], (4, 1)), "cut": ([0.26, 0.77], [0.98, 0.88], (1, np.inf))})
    made.canvas.draw()
    boxes = [text.get_window_extent() for text in made.axes[0].texts]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
