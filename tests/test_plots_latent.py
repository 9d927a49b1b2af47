"""Labels on clouds of codes keep apart, and unevenly spaced planes say where their images were decoded."""

import itertools

import numpy as np
import pytest

from course_utils import plots
from course_utils.plots.latent import _apart

pytestmark = pytest.mark.once


def test_labels_of_clouds_on_one_place_do_not_cover_one_another():
    rng, labels = np.random.default_rng(0), np.repeat(np.arange(10), 20)
    (axis,) = plots.latent_scatter({"codes": (0.1 * rng.normal(size=(200, 2)), labels)}, limit=1.0).axes
    places = [np.array(text.get_position()) for text in axis.texts]
    assert len(places) == 10
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2)) > 0.12


def test_points_that_are_far_apart_stay_and_equal_ones_part():
    far = [np.array([0.0, 0.0]), np.array([3.0, 0.0])]
    assert np.array_equal(_apart(far, 1.0), far)
    same = _apart([np.zeros(2), np.zeros(2)], 1.0)
    assert np.linalg.norm(same[0] - same[1]) > 0.99


def test_a_plane_decoded_at_given_places_has_them_at_its_ticks():
    ticks = np.array([-1.5, -0.5, 0.0, 2.0])
    figure = plots.latent_map(np.zeros((3, 2)), np.arange(3), np.zeros((4, 4, 28, 28, 1)), limit=2.0, ticks=ticks)
    right = figure.axes[1]
    assert np.allclose(right.get_xticks(), [-1.5, -0.5, 0.5, 1.5])
    assert [text.get_text() for text in right.get_yticklabels()] == ["-1.5", "-0.5", "0", "2"]


def test_clouds_can_go_without_labels():
    (axis,) = plots.latent_scatter({"codes": (np.ones((4, 2)), np.arange(4))}, names=False).axes
    assert not axis.texts
