"""Figures of lecture 06: what is drawn where, and that it can be read."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from course_utils import plots
from course_utils.plots import transport

pytestmark = pytest.mark.once

PLAN = np.array([[0.5, 0.0], [0.1, 0.4]])
POINTS = np.array([[0.0, 0.0], [1.0, 0.0]])


def every_figure():
    x, rng = np.linspace(-1, 1, 21), np.random.default_rng(0)
    yield transport.transport_plan(POINTS, POINTS + [0.0, 1.0], PLAN)
    yield transport.slackness(1 - PLAN, PLAN)
    yield transport.parallel_lines(x, {"KL": np.where(x, np.inf, 0), "JSD": 0 * x}, {"JSD": 0 * x})
    yield transport.verdicts(x, rng.normal(size=30), rng.normal(size=30), {"A": (x, "f"), "B": (x**2, "g")}, {"B": x})
    yield transport.drifting(x, {"stays": np.tile(x, (9, 1)), "moves": np.linspace(x, x + 1, 9)})
    yield transport.clipped_weights({"c = 1": rng.uniform(-1, 1, 90), "c = 2": np.full(9, 2.0)}, (1.0, 2.0))
    yield transport.layer_norms({"c = 1": [1.0, 0.1], "c = 2": [0.0, 1e-9]})
    yield transport.thermometers({title: ([3.0, 2.0, 1.0], [0.3, 0.2, 0.1], "loss") for title in "ABC"})
    yield transport.duality(rng.uniform(-1, 1, 50), rng.uniform(1.2, 2, 50), 1.1)
    yield transport.growth({"A": (x + 2, rng.uniform(1, 900, (3, 21)))}, "steps", "slope", (26.0, "bound"))


def test_every_figure_becomes_a_small_png_with_text_of_at_least_12_points():
    for figure in every_figure():
        assert isinstance(figure, Figure)
        data = plots.png(figure)
        assert Image.open(io.BytesIO(data)).format == "PNG" and len(data) < 150_000
        texts = [t for t in figure.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
        assert min(t.get_fontsize() for t in texts) >= 12


def test_a_plan_is_drawn_with_one_line_for_each_move_as_thick_as_its_mass():
    left = transport.transport_plan(POINTS, POINTS + [0.0, 1.0], PLAN).axes[0]
    ends = {tuple(line.get_xdata()): line.get_linewidth() for line in left.lines}
    assert set(ends) == {(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)}
    assert ends[0.0, 0.0] > ends[1.0, 1.0] > ends[1.0, 0.0]


def test_slackness_puts_its_dots_where_earth_moves():
    (dots,) = transport.slackness(1 - PLAN, PLAN).axes[0].collections
    assert sorted(map(tuple, dots.get_offsets().tolist())) == [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0)]


def test_infinite_distances_are_left_out():
    theta = np.array([-1.0, 0.0, 1.0])
    figure = transport.parallel_lines(theta, {"KL": [np.inf, 0.0, np.inf]}, {"KL": [-1.0, np.nan, 1.0]})
    assert list(figure.axes[1].lines[0].get_xdata()) == [0.0]
    assert list(figure.axes[2].lines[0].get_xdata()) == [-1.0, 1.0]


def test_the_share_at_the_limit_counts_both_ends():
    assert transport.at_limit(np.array([-0.01, 0.01, 0.005, 0.0]), 0.01) == 0.5


def test_a_film_strip_shows_the_first_and_the_last_moment():
    figure = transport.drifting(np.zeros(3), {"A": np.array([[0.0, 0, 0], [1, 1, 1], [2, 2, 2]])}, frames=2)
    assert [axis.get_title() for axis in figure.axes] == ["0 steps", "2 steps"]


def test_shares_of_a_histogram_sum_to_1_and_use_one_scale():
    figure = transport.clipped_weights({"c = 2": np.array([-2.0, 0.0, 1.0, 2.0])}, (2.0,))
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert np.isclose(sum(heights), 1.0) and np.isclose(heights[0], 0.25) and np.isclose(heights[-1], 0.25)


def test_a_norm_of_zero_is_left_out():
    values = transport.layer_norms({"dead": [0.0, 1.0]}).axes[0].lines[0].get_ydata()
    assert np.isnan(values[0]) and values[1] == 1.0


def test_a_thermometer_marks_the_end_of_the_training():
    axis = transport.thermometers({"A": ([3.0, 1.0], [0.3, 0.1], "loss")}).axes[0]
    assert axis.collections[-1].get_offsets().tolist() == [[1.0, 0.1]]


def test_growth_draws_each_seed_and_their_mean():
    axis = transport.growth({"A": ([1, 2], [[1.0, 4.0], [3.0, 8.0]])}, "steps", "K", log=False).axes[0]
    assert [list(line.get_ydata()) for line in axis.lines] == [[1.0, 4.0], [3.0, 8.0], [2.0, 6.0]]


def test_the_distance_stands_between_what_critics_earn_and_what_plans_cost():
    (axis,) = transport.duality([0.5, 1.0], [1.5, 2.0], 1.2).axes
    assert list(axis.lines[0].get_xdata()) == [1.2, 1.2]


def test_the_start_of_a_thermometer_is_white_and_its_end_a_star():
    axis = transport.thermometers({"A": ([3.0, 2.0, 1.0], [0.3, 0.2, 0.1], "loss")}).axes[0]
    start, end = axis.collections[1:]
    assert start.get_offsets().tolist() == [[3.0, 0.3]] and end.get_offsets().tolist() == [[1.0, 0.1]]
