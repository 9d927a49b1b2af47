"""Figures of lecture 04: what is drawn is what was handed over."""

import numpy as np
import pytest

from course_utils import plots
from course_utils.plots import gan

pytestmark = pytest.mark.once


def test_densities_leave_a_panel_for_probabilities_below():
    grid = np.linspace(-1, 1, 5)
    _, (above, below) = gan.densities(grid, np.full(5, 0.4), np.full(5, 0.6))
    assert above.lines[0].get_ydata().tolist() == [0.6] * 5 and below.get_ylim() == pytest.approx((-0.03, 1.03))
    assert above.get_ylabel() == "density" and below.get_ylabel() == "probability"


def test_a_kind_keeps_its_colour_in_all_panels_and_has_a_line_a_seed():
    panels = {"one": {"a": [[1, 2], [3, 4]], "b": [[5, 6]]}, "two": {"b": [[7, 8]]}}
    made, (one, two) = gan.many_runs(panels, [0, 10], "iterations")
    assert [list(line.get_ydata()) for line in one.lines] == [[1, 2], [3, 4], [5, 6]]
    assert len(one.lines) == 3 and one.lines[2].get_color() == two.lines[0].get_color() != one.lines[0].get_color()
    assert [text.get_text() for text in made.legends[0].get_texts()] == ["a", "b"]


def test_losses_are_drawn_over_the_share_of_their_run():
    runs = {"short": {"iterations": [5, 10], "FD": [9.0, 3.0], "loss": [1, 2]}}
    loss, distance = gan.losses_beside(runs, {"loss": "Loss", "FD": "FD"}).axes
    assert loss.lines[0].get_xdata().tolist() == [0.5, 1.0] and distance.get_yscale() == "log"


def test_scattered_dots_keep_their_numbers_and_stay_in_their_row():
    (axis,) = gan.scattered({"a": [0.1, 0.9], "b": [0.5]}, "ratio", 0.6).axes
    a, b, mark = axis.lines
    assert list(a.get_xdata()) == [0.1, 0.9]
    assert np.all(np.abs(a.get_ydata()) < 0.3) and np.all(np.abs(b.get_ydata() - 1) < 0.3)
    assert list(mark.get_xdata()) == [0.6, 0.6]


def test_class_bars_are_percents_side_by_side():
    (axis,) = gan.class_bars({"real": np.array([0.5, 0.5]), "fake": np.array([0.9, 0.1])}).axes
    assert [bar.get_height() for bar in axis.patches] == pytest.approx([50, 50, 90, 10])
    left = [bar.get_x() for bar in axis.patches]
    assert left[0] < left[2] < left[1] < left[3]


def test_texts_can_be_read():
    made, _ = gan.many_runs({"one": {"a": [[1, 2]]}}, [0, 1], "iterations")
    texts = [t for t in made.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
    assert min(t.get_fontsize() for t in texts) >= 12 and len(plots.png(made)) < 150_000
