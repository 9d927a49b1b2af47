"""Figures of lecture 11: what each panel shows."""

import numpy as np
import pytest

from course_utils.plots import boltzmann

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)


def test_each_fit_lies_over_the_same_density():
    x = np.linspace(0, 1, 5)
    fits = {"K = 1": np.ones(5), "K = 2": x}
    made = boltzmann.densities(x, 2 * x, fits)
    assert [axis.get_title() for axis in made.axes] == list(fits)
    for axis, fit in zip(made.axes, fits.values()):
        assert np.allclose(axis.lines[0].get_xydata(), np.stack([x, fit], 1)) and len(axis.collections) == 1


def test_filters_stand_in_rows_on_one_scale():
    weights = RNG.normal(size=(6, 5))
    (axis,) = boltzmann.filters(weights, (2, 3), columns=3).axes
    (picture,) = axis.images
    page = np.ma.filled(picture.get_array(), np.nan)
    assert page.shape == (2 * 4 - 2, 3 * 5 - 2)
    assert picture.get_clim() == (-np.abs(weights).max(), np.abs(weights).max())
    assert np.allclose(page[4:6, 5:8], weights[:, 4].reshape(2, 3)) and np.isnan(page[4:, 10:]).all()


def test_estimates_stand_beside_the_exact_value():
    found = RNG.normal(size=(3, 2))
    (axis,) = boltzmann.estimates([1, 10, 100], found, 0.5).axes
    exact, *seeds = axis.lines
    assert exact.get_ydata()[0] == 0.5 and axis.get_xscale() == "log"
    for line, values in zip(seeds, found.T, strict=True):
        assert line.get_ydata().tolist() == values.tolist() and line.get_xdata().tolist() == [1, 10, 100]


def test_a_row_a_chain_and_time_to_the_right():
    classes = RNG.integers(0, 10, (7, 4))
    made = boltzmann.classes_along({"data": classes, "noise": classes[::-1]}, every=10)
    (picture,) = made.axes[0].images
    assert np.array_equal(picture.get_array(), classes.T) and picture.get_extent() == [0, 70, 4, 0]
    assert [axis.get_title() for axis in made.axes[:2]] == ["data", "noise"]


def test_bounds_hang_below_the_line_of_equality():
    exact = RNG.normal(size=9)
    left, right = boltzmann.slack({"W = 0": (exact, exact), "W": (exact, exact - 1)}).axes
    for axis, depth in ((left, 0), (right, -1)):
        line, dots = axis.lines
        assert set(line.get_ydata()) == {0} and np.array_equal(dots.get_xdata(), exact)
        assert np.allclose(dots.get_ydata(), depth) and axis.get_ylim() == left.get_ylim()


def test_what_was_not_measured_or_not_published_has_no_mark():
    (axis,) = boltzmann.ledger({"a": (80.0, 81.0), "b": (90.0, None), "c": (None, 85.0)}).axes
    ours, published = axis.lines
    assert ours.get_xydata().tolist() == [[80, 0], [90, 1]] and published.get_xydata().tolist() == [[81, 0], [85, 2]]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b", "c"] and axis.yaxis_inverted()
    assert [text.get_text().strip() for text in axis.texts] == ["80.0 / 81.0", "90.0", "85.0"]
