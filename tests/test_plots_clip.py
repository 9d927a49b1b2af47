"""Figures of lecture 13: what each panel shows."""

import numpy as np
import pytest

from course_utils.plots import clip

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(-1, 1, (5, 8, 8, 3))


def test_every_picture_has_its_sentence():
    made = clip.pairs(PICTURES, [f"picture {i}" for i in range(5)], columns=3)
    assert [axis.texts[0].get_text() for axis in made.axes[:5]] == [f"picture {i}" for i in range(5)]
    np.testing.assert_allclose(made.axes[4].images[0].get_array(), (PICTURES[4] + 1) / 2, atol=1e-6)
    assert len(made.axes) == 6 and not made.axes[5].images


def test_tables_share_one_scale():
    made = clip.tables({"before": -0.5 * np.eye(4), "after": np.eye(3)})
    assert made.axes[0].images[0].get_clim() == made.axes[1].images[0].get_clim() == (-0.5, 1.0)
    assert [axis.get_title() for axis in made.axes[:2]] == ["before", "after"]
    np.testing.assert_array_equal(made.axes[1].images[0].get_array(), np.eye(3))


def test_the_true_answer_is_starred_wherever_it_stands():
    options = [["a one", "a two"], ["a two", "a three"]]
    made = clip.answers(PICTURES[:2], options, [[0.9, 0.1], [0.6, 0.4]], ["a one", "a three"])
    names = [[label.get_text() for label in axis.get_yticklabels()] for axis in made.axes[1::2]]
    assert names == [["★ a one", "a two"], ["a two", "★ a three"]]
    assert [bar.get_width() for bar in made.axes[3].patches] == [0.6, 0.4]


def test_the_right_picture_is_framed_where_it_was_found():
    (axis,) = clip.found(["a", "b"], RNG.uniform(size=(2, 3, 6, 6, 3)), right=[2, 7]).axes
    (frame,) = axis.patches  # the second was not among the three
    assert frame.get_xy() == (2 * 10 - 2, -2)
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]


def test_no_line_is_drawn_for_what_nobody_knows():
    (axis,) = clip.ceiling([4, 16], {"runs": [[1.0, 1.2], [2.0, 2.4]]}).axes
    top, mean = axis.lines
    np.testing.assert_allclose(top.get_ydata(), np.log([4, 16]))
    np.testing.assert_allclose(mean.get_ydata(), [1.1, 2.2])
    assert len(clip.ceiling([4, 16], {"runs": [[1.0], [2.0]]}, truth=2.5).axes[0].lines) == 3


def test_settings_stand_at_their_points_and_bars_are_drawn():
    lines = {"L2": ([0.2, 0.9], [1.0, 0.4], [0, 0.5]), "a mapper": ([0.8], [0.7], [None])}
    (axis,) = clip.bought(lines, ("kept", "reached")).axes
    assert [note.get_text() for note in axis.texts] == ["λ = 0", "λ = 0.5"]
    assert axis.texts[1].xy == (0.9, 0.4)
    assert len(axis.lines) == 4 and len(clip.bought(lines, ("kept", "reached"), bars=None).axes[0].lines) == 2
