"""Figures of lecture 07: what they draw, at a size that can be read."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from course_utils import plots
from course_utils.plots import landscape

pytestmark = pytest.mark.once


def test_the_plane_is_a_grid_from_bottom_to_top():
    plane = landscape.plane(limit=1.0, size=3)
    assert plane.shape == (9, 2) and plane.dtype == np.float32
    assert np.array_equal(plane[:3], [[-1, -1], [0, -1], [1, -1]]) and np.array_equal(plane[-1], [1, 1])


def every_figure():
    rng = np.random.default_rng(0)
    points, plane = rng.normal(size=(20, 2)), landscape.plane()
    surface = (plane[:, 0] + plane[:, 1] ** 2, points, -points)
    yield landscape.contours({"one": surface, "two": surface}, columns=2, pairs=(points, -points))
    yield landscape.contours({"one": surface, "two": surface}, columns=2, shared=True)
    yield landscape.phases({"clipped": points, "R1": points / 9})
    yield landscape.clouds({"a": points, "b": points, "c": points}, points, columns=2)
    yield landscape.clouds({"a": points}, {"a": -points})
    yield landscape.weight_histograms({"clipped": rng.choice([-1, 1], 50), "free": rng.normal(size=50)})
    yield landscape.slopes({"x̂": ([1, 2], rng.random((2, 9))), "real": ([1, 2], [0.3, 0.9])}, title="t")
    yield landscape.leak({"layer norm": np.eye(4), "batch norm": np.ones((4, 4))})
    yield landscape.score_dots({"GAN": [3.0, 4.0], "WGAN": [5.0]}, {"GAN": 0.3, "other": 1.0}, floor=0.1)
    yield landscape.race([15, 30, 60], {f"method {i}": 3.0 + rng.random((3, 3)) for i in range(7)})


def test_every_figure_becomes_a_small_png_with_text_of_at_least_12_points():
    for figure in every_figure():
        assert isinstance(figure, Figure)
        data = plots.png(figure)
        assert Image.open(io.BytesIO(data)).format == "PNG" and len(data) < 150_000
        texts = [t for t in figure.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
        assert texts == [] or min(t.get_fontsize() for t in texts) >= 12


def test_contours_rise_to_the_right_for_a_critic_that_does():
    plane = landscape.plane(size=5)
    (axis,) = landscape.contours({"x": (plane[:, 0], None, None)}, columns=1).axes
    path = [p for c in axis.collections for p in c.get_paths() if len(p.vertices)][-1]
    assert np.ptp(path.vertices[:, 0]) < 1e-6 < np.ptp(path.vertices[:, 1])  # lines of equal value are upright


def test_slopes_have_a_line_at_one_and_a_band_where_there_are_many():
    many = np.tile([[0.0, 1.0, 2.0]], (2, 1))
    (axis,) = landscape.slopes({"x̂": ([1, 2], many), "real": ([1, 2], [0.3, 0.9])}).axes
    drawn = [list(line.get_ydata()) for line in axis.lines]
    assert [1.0, 1.0] in drawn and [0.3, 0.9] in drawn
    assert len(axis.collections) == 1


def test_histograms_are_shares_of_all_weights():
    (axis,) = landscape.weight_histograms({"clipped": np.array([-0.01, 0.01, 0.01, 0.01])}, bins=3).axes
    assert [bar.get_height() for bar in axis.patches] == pytest.approx([25, 0, 75])


def test_exact_zeros_of_a_leak_stay_white():
    (axis,) = landscape.leak({"none": np.diag([1.0, 2.0])}).axes
    shown = axis.images[0].get_array()
    assert np.array_equal(np.ma.getmaskarray(np.ma.masked_invalid(shown)), ~np.eye(2, dtype=bool))
    assert shown[1, 1] == 1.0 and shown[0, 0] == 0.5


def test_score_dots_draw_every_seed_the_mean_and_the_long_run():
    (axis,) = landscape.score_dots({"GAN": [2.0, 4.0]}, {"GAN": 0.5, "none here": 1.0}, floor=0.1).axes
    drawn = [tuple(line.get_xdata()) for line in axis.lines]
    assert (2.0, 4.0) in drawn and (3.0, 3.0) in drawn and (0.5,) in drawn and (1.0,) in drawn
    assert [t.get_text() for t in axis.get_yticklabels()] == ["GAN", "none here"]


def test_a_race_draws_the_mean_over_seeds_and_the_band_between_best_and_worst():
    (axis,) = landscape.race([10, 20], {"GAN": [[4.0, 2.0], [8.0, 4.0]], "WGAN": [[5.0, 1.0]]}).axes
    assert [list(line.get_ydata()) for line in axis.lines] == [[6.0, 3.0], [5.0, 1.0]]
    edges = axis.collections[0].get_paths()[0].vertices
    assert {tuple(v) for v in edges} >= {(10.0, 4.0), (10.0, 8.0), (20.0, 2.0), (20.0, 4.0)}


def test_shared_contours_have_one_set_of_levels():
    low, high = np.arange(9.0), np.arange(9.0) + 100
    made = landscape.contours({"low": (low, None, None), "high": (high, None, None)}, columns=2, shared=True)
    filled = [axis.collections[0] for axis in made.axes[:2]]
    assert np.array_equal(filled[0].levels, filled[1].levels) and filled[0].levels[[0, -1]].tolist() == [0.0, 108.0]


def test_bold_methods_keep_their_band_and_others_lose_it():
    (axis,) = landscape.race([10, 20], {"a": [[4.0, 2.0]], "b": [[5.0, 1.0]]}, bold=("b",)).axes
    assert len(axis.collections) == 1 and [line.get_linewidth() for line in axis.lines] == [1.0, 3.0]
