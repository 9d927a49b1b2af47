"""The README's pictures: every row is shipped, and what the README shows exists."""

import re

import numpy as np
import pytest

from course_utils import plots, pretrained
from course_utils.games import denoising, diffusion
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


def test_the_film_ends_where_the_sampler_does(monkeypatch):
    monkeypatch.setattr(pictures, "LOOKS", (0, 1, 3))
    monkeypatch.setattr(pictures, "STEPS", 3)
    page = np.asarray(pictures.film().axes[0].images[0].get_array(), float)
    asked = pretrained.load("diffusion-mnist").recipe["sampler"]["arguments"]["guidance"]
    network = pretrained.load("diffusion-mnist").networks["denoiser"]
    z = np.random.default_rng(0).standard_normal((10, 28, 28, 1), dtype="float32")
    denoise = diffusion.denoiser_of(network, labels=np.arange(10), guidance=asked)
    whole = denoising.ddim(denoise, z, denoising.grid(diffusion.cosine, 3))
    expected = np.asarray(plots.image_rows({"": whole}, low=-1.0).axes[0].images[0].get_array(), float)
    height = len(expected)
    assert np.allclose(page[-height:], expected, atol=0.01 * expected.max())


def test_the_live_view_is_found():
    assert pictures._live(notebooks.root())[:4] == b"\x89PNG"


def test_what_the_readme_shows_exists_and_has_alt_text():
    text = (notebooks.root() / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)
    assert len(shown) >= 2
    for alt, path in shown:
        assert len(alt) > 20 and (notebooks.root() / path).is_file()
