"""Film strips of games: what each panel shows."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from course_utils import plots
from course_utils.plots import clouds, style

pytestmark = pytest.mark.once


def frames(count, seed=0):
    rng = np.random.default_rng(seed)
    return {f"{100 * k} iterations": (rng.normal(size=(50, 2)), rng.random(49)) for k in range(count)}


def test_the_plane_runs_from_the_lower_left_along_rows():
    points = clouds.plane(2.0, n=3)
    assert points.shape == (9, 2) and points.dtype == np.float32
    assert points[0].tolist() == [-2, -2] and points[1].tolist() == [0, -2] and points[-1].tolist() == [2, 2]


def test_a_film_has_a_panel_a_frame_and_one_scale_from_0_to_1():
    made = clouds.film(frames(5), np.zeros((1, 2)), 2.0, columns=4)
    shown = [axis for axis in made.axes if axis.get_visible() and axis.images]
    assert [axis.get_title() for axis in shown] == list(frames(5))
    assert all(axis.images[0].get_clim() == (0, 1) for axis in shown)
    assert len([axis for axis in made.axes if axis.get_ylabel() == "d(x)"]) == 1


def test_the_surface_lies_under_the_points_that_it_was_evaluated_at():
    surface = clouds.plane(2.0, n=20)[:, 0] > 0  # D is 1 on the right
    made = clouds.film({"right": (np.zeros((1, 2)), surface.astype(float))}, np.zeros((1, 2)), 2.0, columns=1)
    picture = made.axes[0].images[0]
    assert picture.origin == "lower" and picture.get_array()[:, -1].all() and not picture.get_array()[:, 0].any()


def test_all_points_of_a_frame_are_drawn_and_each_centre_has_a_ring():
    made = clouds.film(frames(1), np.zeros((8, 2)), 2.0, columns=1)
    rings, points = made.axes[0].collections
    assert len(rings.get_offsets()) == 8 and len(points.get_offsets()) == 50


def test_a_line_film_draws_density_histogram_and_discriminator():
    grid = np.linspace(-3, 3, 31)
    made = clouds.line_film({"now": (np.zeros(10), np.full(31, 0.25))}, grid, np.exp(-(grid**2)), columns=1)
    (axis,) = [axis for axis in made.axes if axis.get_visible()]
    np.testing.assert_allclose(axis.lines[0].get_ydata(), 0.25)
    (histogram,) = axis.patches
    assert histogram.get_data().values.max() == 1 and np.count_nonzero(histogram.get_data().values) == 1


def test_texts_can_be_read_and_pictures_are_small():
    grid = np.linspace(-3, 3, 31)
    line = {f"{k}": (np.zeros(10), np.full(31, 0.5)) for k in range(4)}
    for made in (clouds.film(frames(8), np.zeros((8, 2)), 2.0), clouds.line_film(line, grid, np.exp(-(grid**2)))):
        assert len(plots.png(made)) < 250_000
        texts = [t for t in made.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
        assert min(t.get_fontsize() for t in texts) >= 12


def test_mode_curves_draw_a_line_a_run_and_two_for_the_accuracies():
    names = ("covered", "good", "real_accuracy", "fake_accuracy")
    runs = [[{"iterations": 10 * k, **dict.fromkeys(names, 0.5)} for k in range(3)] for _ in range(2)]
    made = clouds.mode_curves(runs, "two runs")
    covered, good, accuracy = made.axes
    assert [len(axis.lines) for axis in (covered, good, accuracy)] == [2, 2, 2 * 2 + 1]  # ½ is the fifth
    assert covered.get_ylim()[1] > 8 and covered.lines[0].get_xdata().tolist() == [0, 10, 20]
    assert [t.get_text() for t in accuracy.get_legend().get_texts()] == ["real", "fake"]


def test_a_moving_film_has_a_figure_a_frame_and_becomes_an_animation_that_stops():
    figures = clouds.moving(frames(3), np.zeros((1, 2)), 2.0)
    assert [made.axes[0].get_title() for made in figures] == list(frames(3))
    data, metadata = style.bundle(figures, "Three frames.")
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.format == "PNG" and picture.n_frames == 3 and picture.info["loop"] == 3
    assert metadata == {"image/png": {"alt": "Three frames."}}
