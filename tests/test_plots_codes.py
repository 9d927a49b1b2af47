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


def test_a_film_strip_has_a_panel_a_moment_on_the_same_square():
    labels, draws = np.arange(40) % 10, 2 * cloud(300, 9)
    made = codes.flow({"at the start": 0.1 * cloud(40), "after 100": cloud(40), "after 900": draws[:40]}, labels, draws)
    assert [axis.get_title() for axis in made.axes] == ["at the start", "after 100", "after 900"]
    assert len({axis.get_xlim() for axis in made.axes}) == 1
    first = np.concatenate([p.get_offsets() for p in made.axes[0].collections[1:]])
    assert len(first) == 40 and np.abs(first).max() < 0.5


def test_regions_are_coloured_by_the_class_read_and_white_where_unsure():
    probabilities = np.full((8, 8, 10), 0.001)
    probabilities[:4, :, 3] = 0.99  # the upper half is read as 3
    probabilities[4:, :4, 7] = 0.99
    probabilities[4:, 4:] = 0.1  # nobody knows
    (axis,) = codes.regions({"a plane": (probabilities, cloud(5))}, limit=2.0, width=5).axes
    picture = axis.images[0].get_array()
    assert np.allclose(picture[6, 6], 1.0) and not np.allclose(picture[0, 0], picture[6, 0])
    written = {t.get_text(): t.get_position() for t in axis.texts}
    assert set(written) == {"3", "7"} and written["3"][1] > 0 > written["7"][1] and written["7"][0] < 0
    assert len(axis.collections[0].get_offsets()) == 5
