"""Figures of lecture 05: what is drawn, and that it can be read."""

import io

import numpy as np
import pytest
from PIL import Image

from course_utils import plots

pytestmark = pytest.mark.once


def test_overlaps_writes_how_many_inputs_reach_each_output():
    figure = plots.overlaps({"two": np.array([[1, 0], [1, 1], [0, 1.0]]), "one": np.eye(3)})
    above, other, below, _ = figure.axes
    assert above.get_title() == "two" and other.get_title() == "one"
    assert [bar.get_height() for bar in below.patches] == [1, 2, 1]
    squares = sorted((bar.get_x() + 0.45, bar.get_y() + 0.4) for bar in above.patches)
    assert np.allclose(squares, [(0, 0), (1, 0), (1, 1), (2, 1)])


def test_maps_share_one_scale_and_write_whole_numbers_only():
    figure = plots.maps({"counts": np.array([[1, 2], [2, 4]]), "power": np.full((2, 2), 0.5)}, title="both")
    left, right = figure.axes
    assert left.images[0].get_clim() == right.images[0].get_clim() == (0, pytest.approx(4.8))
    assert [text.get_text() for text in left.texts] == ["1", "2", "2", "4"] and not right.texts


def test_paired_ratios_shade_what_the_control_did_and_mark_geometric_means():
    (axis,) = plots.paired({"control": [0.8, 1.25], "other": [2.0, 8.0]}, "ratio", chance=1.25).axes
    band = axis.patches[0]
    assert band.get_x() == pytest.approx(0.8) and band.get_x() + band.get_width() == pytest.approx(1.25)
    upright = [list(line.get_xdata()) for line in axis.lines if line.get_linestyle() != "None"]
    means = [x[0] for x in upright]
    assert means == pytest.approx([1, 1, 4])  # the line at 1, then the two rows
    assert [tick.get_text() for tick in axis.get_yticklabels()] == ["control", "other"]


def test_share_rows_draw_a_bar_a_name_in_every_column_and_write_its_number():
    (axis,) = plots.share_rows({"a": np.array([0.0, 0.5]), "b": np.array([0.25, 1.0])}, ["left", "right"], "share").axes
    assert [bar.get_height() for bar in axis.patches] == [0.0, 0.5, 0.25, 1.0]
    assert [text.get_text() for text in axis.texts] == ["0.00", "0.50", "0.25", "1.00"]


def test_against_seconds_draws_a_line_a_seed_at_the_left_and_a_long_run_at_the_right():
    races = {"a": np.array([[9.0, 5.0], [8.0, 4.0]]), "b": np.array([[7.0, 6.0], [7.5, 6.5]])}
    traces = {name: {"seconds": [30, 300], "FD": [9.0, 1.0]} for name in races}
    left, right = plots.against_seconds(races, (15, 120), traces).axes
    assert [line.get_ydata().tolist() for line in left.lines] == [[9, 5], [8, 4], [7, 6], [7.5, 6.5]]
    assert [line.get_label() for line in right.lines] == ["a", "b"]
    assert all(axis.get_xscale() == axis.get_yscale() == "log" for axis in (left, right))


def test_every_figure_becomes_a_small_png_with_text_of_at_least_12_points():
    for figure in (
        plots.overlaps({"a": np.eye(4)}), plots.maps({"a": np.eye(2, dtype="int64")}),
        plots.paired({"a": [2.0]}, "FD", 1.5), plots.share_rows({"a": [0.5]}, ["x"], "share"),
    ):  # fmt: skip
        data = plots.png(figure)
        assert Image.open(io.BytesIO(data)).format == "PNG" and len(data) < 150_000
        texts = [t for t in figure.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
        assert min(t.get_fontsize() for t in texts) >= 12
