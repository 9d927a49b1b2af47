"""Figures of codes: what each panel shows, and that its texts can be read."""

import numpy as np
import pytest

from course_utils import plots
from course_utils.plots import codes

pytestmark = pytest.mark.once


def cloud(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 2))


def test_codes_lie_over_grey_draws_of_the_same_panel():
    labels = np.arange(60) % 3
    made = codes.over_prior({"codes": (cloud(60), labels, 5 * cloud(200)), "draws": (None, None, cloud(50))})
    first, second = made.axes
    assert [axis.get_title() for axis in (first, second)] == ["codes", "draws"]
    sizes = [len(points.get_offsets()) for points in first.collections]
    assert sizes == [200, 20, 20, 20] and [t.get_text() for t in first.texts] == ["0", "1", "2"]
    assert [len(points.get_offsets()) for points in second.collections] == [50] and not second.texts
    assert first.get_xlim()[1] > 2 * second.get_xlim()[1]  # each panel fits its prior


def test_a_class_is_named_on_one_of_its_codes():
    bent = np.stack([np.cos(np.linspace(0, 6, 40)), np.sin(np.linspace(0, 6, 40))], axis=1)
    (axis,) = codes.over_prior({"ring": (bent, np.zeros(40, int), bent)}, columns=1).axes
    assert np.min(np.linalg.norm(bent - axis.texts[0].get_position(), axis=1)) < 1e-9


def test_planes_stand_side_by_side_on_the_same_square():
    decoded = np.random.default_rng(0).random((5, 5, 8, 8, 1))
    made = codes.planes({"VAE": decoded, "AAE": decoded}, limit=2.5)
    assert [axis.get_title() for axis in made.axes] == ["VAE", "AAE"]
    assert all(axis.images[0].get_extent() == [-2.5, 2.5, -2.5, 2.5] for axis in made.axes)


def test_texts_can_be_read_and_pictures_are_small():
    panels = {f"a title {k}": (cloud(500, k), np.arange(500) % 10, cloud(500, 9)) for k in range(6)}
    for made in (codes.over_prior(panels), codes.planes({"one": np.zeros((9, 9, 28, 28, 1))}, 2.5, width=6)):
        assert len(plots.png(made)) < 250_000
        texts = [t for t in made.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
        assert min(t.get_fontsize() for t in texts) >= 12
