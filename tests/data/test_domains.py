"""Domains: areas by hand, frames that are full, textures that hide brightness and keep the border."""

import numpy as np
import pytest

from course_utils import data
from course_utils.data import domains

pytestmark = pytest.mark.once
GLYPHS = data.glyphs.make(60, seed=2)


def test_averages_over_areas_by_hand():
    image = np.array([[0, 40, 80], [40, 80, 120], [80, 120, 200]], "uint8")[None, :, :, None]
    # A new pixel is 1.5 old ones wide: weights 2/3 and 1/3.
    w = np.array([[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]])
    expected = np.rint(w @ image[0, :, :, 0].astype(float) @ w.T)
    np.testing.assert_array_equal(domains.resized(image, 2)[0, :, :, 0], expected)
    assert domains.resized(image, 3) is image


def test_another_size_keeps_the_mean_brightness():
    small = domains.resized(GLYPHS.images, 16)
    assert small.shape == (60, 16, 16, 1) and small.dtype == np.uint8
    np.testing.assert_allclose(small.mean(axis=(1, 2, 3)), GLYPHS.images.mean(axis=(1, 2, 3)), atol=0.5)
    np.testing.assert_array_equal(domains.resized(GLYPHS.images[:3], 16), small[:3])


def test_a_framed_digit_touches_all_four_sides_and_an_empty_image_stays_empty():
    full = domains.framed(GLYPHS.images, 16)[..., 0] > 40
    for side in (full[:, 0], full[:, -1], full[:, :, 0], full[:, :, -1]):
        assert side.any(axis=1).all()
    bare = GLYPHS.images[..., 0] > 40
    assert not bare[:, 0].any(axis=1).any()
    assert not domains.framed(np.zeros((1, 9, 9, 1), "uint8"), 4).any()


def test_textures_follow_the_seed_and_the_row_and_differ_from_image_to_image():
    one = domains.textured(GLYPHS.images, seed=3)
    assert one.shape == (60, 28, 28, 3) and one.dtype == np.uint8
    np.testing.assert_array_equal(domains.textured(GLYPHS.images[:7], seed=3), one[:7])
    assert (domains.textured(GLYPHS.images, seed=4) != one).mean() > 0.9
    grounds = domains.textured(np.zeros((40, 16, 16, 1), "uint8"), 0).astype(float)
    assert grounds.std(axis=(1, 2)).mean() > 10 and grounds.mean(axis=(1, 2)).std() > 15


def test_in_a_texture_the_digit_is_the_grounds_negative():
    blank = domains.textured(np.zeros_like(GLYPHS.images), 1).astype(int)
    drawn = domains.textured(GLYPHS.images, 1).astype(int)
    ink = GLYPHS.images[..., 0]
    assert (np.abs(drawn - blank)[ink == 0] <= 1).all()
    assert (np.abs(drawn - (255 - blank))[ink == 255] <= 1).all()


def test_colours_and_negatives():
    np.testing.assert_array_equal(domains.coloured(GLYPHS.images), GLYPHS.images.repeat(3, -1))
    np.testing.assert_array_equal(domains.inverted(domains.inverted(GLYPHS.images)), GLYPHS.images)
    for function in (domains.coloured, domains.inverted, domains.textured, domains.framed):
        with pytest.raises(TypeError, match="float32 images of shape"):
            function(data.scale(GLYPHS.images))


def test_sets_come_in_one_size_and_without_usps_glyphs_fill_the_frame(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    glyphs, usps = domains.load("glyphs"), domains.load("usps", fallback="glyphs")
    assert "USPS is not at hand" in capsys.readouterr().out
    for found in (glyphs, usps):
        assert found.x_train.shape[1:] == found.x_test.shape[1:] == (16, 16, 1)
    assert (
        (usps.x_train[:, 0].max(axis=(1, 2)) > 40).mean()
        > 0.95
        > 0.05
        > (glyphs.x_train[:, 0].max(axis=(1, 2)) > 40).mean()
    )
    with pytest.raises(ValueError, match="data set's name"):
        domains.load("cifar10")


def test_parts_of_a_set():
    glyphs = domains.load("glyphs")
    some = domains.subset(glyphs, 100, seed=1)
    assert len(some.x_train) == len(some.y_train) == 100 and some.x_test is glyphs.x_test
    assert len(np.unique(domains.subset(glyphs, 12_000, 0).x_train.reshape(12_000, -1), axis=0)) == len(
        np.unique(glyphs.x_train.reshape(12_000, -1), axis=0)
    )
    few = domains.only(glyphs, range(5))
    assert set(few.y_train) == set(range(5)) and set(few.y_test) == set(range(10))
    assert len(few.x_train) == (glyphs.y_train < 5).sum()
    dark = domains.changed(some, domains.inverted)
    np.testing.assert_array_equal(dark.x_train, 255 - some.x_train)
    np.testing.assert_array_equal(dark.y_test, some.y_test)
