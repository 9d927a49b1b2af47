"""Figures of lecture 12: what each panel shows."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from course_utils.plots import domains
from course_utils.plots.style import COLOURS, DIGITS

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def test_features_are_coloured_by_domain_above_and_by_class_below():
    source, target, classes = RNG.normal(size=(5, 2)), RNG.normal(size=(3, 2)), np.array([0, 3, 9, 1, 1])
    made = domains.feature_maps({"before": {"a": (source, classes), "b": (target, classes[:3])}})
    above, below = made.axes
    for axis in made.axes:
        drawn = [np.asarray(found.get_offsets()) for found in axis.collections]
        assert np.allclose(drawn[0], source) and np.allclose(drawn[1], target)
    assert [to_hex(found.get_facecolor()[0]) for found in above.collections] == [c.lower() for c in COLOURS[:2]]
    assert [to_hex(c) for c in below.collections[0].get_facecolor()] == [DIGITS[k] for k in classes]
    assert [text.get_text() for text in above.get_legend().get_texts()] == ["a", "b"]


def test_a_line_stands_at_the_mean_of_each_set():
    panels = {"ink, %": {"a": [1.0, 3.0], "b": [5.0, 9.0]}, "width": {"a": [0.0, 1.0], "b": [1.0, 1.0]}}
    left, right = domains.distributions(panels).axes
    assert [line.get_xdata()[0] for line in left.lines] == [2, 7] and left.get_xlabel() == "ink, %"
    assert [line.get_xdata()[0] for line in right.lines] == [0.5, 1]


def test_a_method_has_the_same_row_in_every_direction():
    panels = {
        "there": {"source only": ([70.0, 72.0], (75.2, 1.6)), "aligned": ([80.0, 84.0], None)},
        "back": {"source only": ([50.0], None), "ceiling": ([97.0], None), "aligned": ([60.0], (90.1, 0.8))},
    }
    left, right = domains.adaptation(panels).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["source only", "aligned", "ceiling"]
    rows = {tuple(line.get_ydata()): list(line.get_xdata()) for line in left.lines if line.get_marker() == "o"}
    assert rows[(0, 0)] == [70, 72] and rows[(1, 1)] == [80, 84] and rows[(0.16,)] == [75.2]
    bars = [line.get_xdata()[0] for line in left.lines if line.get_linewidth() == 2.5 and line.get_marker() != "o"]
    assert bars == [71, 82] and left.lines[0].get_xdata()[0] == 71
    assert [1, 1] not in [list(line.get_ydata()) for line in right.lines if line.get_xdata()[0] == 97]


def test_seeds_that_lose_have_another_colour():
    pairs = np.array([[70.0, 80.0], [75.0, 60.0]])
    left, right = domains.before_after({"all": pairs, "half": pairs[::-1]}).axes
    assert [line.get_color() for line in left.lines[:2]] == list(COLOURS[:2])
    assert [line.get_color() for line in right.lines[:2]] == [COLOURS[1], COLOURS[0]]
    assert np.allclose(left.lines[2].get_ydata(), pairs.mean(0))


def test_the_diagram_names_every_part_and_turns_one_gradient():
    (axis,) = domains.reversal_diagram().axes
    texts = [text.get_text() for text in axis.texts]
    assert {"encoder E", "classifier C", "discriminator D", "reversal", "− λ · slope"} <= set(texts)
