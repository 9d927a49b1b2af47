"""The README's pictures: every row is shipped, and what the README shows exists."""

import re

import pytest

from course_utils import pretrained
from course_utils.press import notebooks, pictures

pytestmark = pytest.mark.once


def test_every_row_is_shipped_and_classes_are_asked_of_those_that_know_them():
    for name, more in pictures.ROWS.values():
        assert name in pretrained.available()
        assert not set(more) - {"labels"}


def test_a_strip_has_a_labelled_row_for_each(monkeypatch):
    monkeypatch.setattr(pictures, "ROWS", {"01 VAE": ("vae-mnist-z2", {}), "02 AAE": ("aae-mnist-mixture", {})})
    axes = pictures.samples().axes
    assert [axis.get_yticklabels()[0].get_text() for axis in axes] == ["01 VAE", "02 AAE"]
    height, width, channels = axes[0].images[0].get_array().shape
    assert (height, width, channels) == (30, 30 * pictures.IMAGES, 3)


def test_the_live_view_is_found():
    assert pictures._live(notebooks.root())[:4] == b"\x89PNG"


def test_what_the_readme_shows_exists_and_has_alt_text():
    text = (notebooks.root() / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
    assert len(shown) >= 2
    for alt, path in shown:
        assert len(alt) > 20 and (notebooks.root() / path).is_file()
