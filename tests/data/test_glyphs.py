"""Glyphs: the same for the same seed, legible, and shaped by their factors as stated."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from course_utils.data import glyphs, outlines


def plain(n=10, **changed):
    """Factors of upright, centred digits 0 … n - 1 in the first font, with some changed."""
    factors = {name: np.zeros(n, "float32") for name in ("font", "rotation", "slant", "x", "y")}
    factors |= {"thickness": np.full(n, 2.4, "float32"), "scale": np.ones(n, "float32")}
    return factors | {name: np.full(n, value, "float32") for name, value in changed.items()}


def ink(size=28, **changed):
    return glyphs._ink(np.arange(10), plain(**changed), size)


@pytest.fixture(scope="module")
def many():
    return glyphs.make(1203, seed=5)


def test_shapes_and_types(many):
    assert many.images.shape == (1203, 28, 28, 1) and many.images.dtype == np.uint8
    assert many.labels.dtype == np.int64 and set(many.labels) == set(range(10))
    names = {"font", "rotation", "slant", "thickness", "scale", "x", "y"}
    assert set(many.factors) == names
    colour = glyphs.make(5, colour=True, size=32)
    assert colour.images.shape == (5, 32, 32, 3) and colour.images.dtype == np.uint8
    assert set(colour.factors) == names | {"hue", "background"}
    for values in (*many.factors.values(), *colour.factors.values()):
        assert values.dtype == np.float32 and values.shape in ((1203,), (5,))


def test_an_image_depends_on_seed_and_index_only(many):
    few = glyphs.make(7, seed=5)
    np.testing.assert_array_equal(few.images, many.images[:7])
    np.testing.assert_array_equal(few.labels, many.labels[:7])
    for name, values in few.factors.items():
        np.testing.assert_array_equal(values, many.factors[name][:7])
    assert not np.array_equal(glyphs.make(7, seed=6).images, few.images)


def test_colour_and_size_change_nothing_else(many):
    other = glyphs.make(40, seed=5, colour=True, size=32)
    np.testing.assert_array_equal(other.labels, many.labels[:40])
    for name in many.factors:
        np.testing.assert_array_equal(other.factors[name], many.factors[name][:40])
    double = glyphs.make(40, seed=5, size=56).images.reshape(40, 28, 2, 28, 2).mean(axis=(2, 4))
    same = many.images[:40, :, :, 0]
    difference = np.abs(double - same).mean()  # the same digits at twice the resolution
    assert difference < 0.1 * np.abs(double - np.roll(same, 1, axis=2)).mean()


def test_factors_are_uniform_and_independent(many):
    columns = [many.labels / 9, many.factors["font"] / (len(glyphs.FONTS) - 1)]
    for name, (low, high) in glyphs.RANGES.items():
        if name in many.factors:
            columns.append((many.factors[name] - low) / (high - low))
    columns = np.stack(columns)
    assert columns.min() >= 0 and columns.max() <= 1
    np.testing.assert_allclose(columns.mean(axis=1), 0.5, atol=0.05)
    np.testing.assert_allclose(columns[2:].var(axis=1), 1 / 12, rtol=0.1)
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlation).max() < 4 / 1203**0.5


def test_moving_by_a_pixel_is_a_shift():
    still = ink()
    np.testing.assert_allclose(ink(x=1.0), np.roll(still, 1, axis=2), atol=1e-5)  # to the right
    np.testing.assert_allclose(ink(y=-2.0), np.roll(still, -2, axis=1), atol=1e-5)  # upwards


def test_a_quarter_turn_is_counter_clockwise():
    turned = np.rot90(ink(), axes=(1, 2))
    np.testing.assert_allclose(ink(rotation=90.0), turned, atol=1e-4)


def test_slant_moves_the_top_to_the_right():
    def lean(images):  # horizontal centre of the upper half minus that of the lower half
        across = np.arange(28)
        halves = images[:, :14].sum(axis=1), images[:, 14:].sum(axis=1)
        upper, lower = (half @ across / half.sum(axis=1) for half in halves)
        return upper - lower

    assert np.all(lean(ink(slant=0.3)) > lean(ink()) + 1.5)


@pytest.mark.parametrize("font", range(len(glyphs.FONTS)))
def test_height_and_stroke_are_as_stated(font):
    for scale, thickness in ((0.8, 1.8), (1.05, 3.4)):
        images = ink(280, font=font, scale=scale, thickness=thickness) > 0.5
        rows = images.any(axis=2)
        height = 28 - (rows.argmax(axis=1) + rows[:, ::-1].argmax(axis=1)) / 10
        np.testing.assert_allclose(height, 20 * scale, atol=0.25)
        strokes = [outlines.stroke(distance_transform_edt(image)) / 10 for image in images]
        assert np.mean(strokes) == pytest.approx(thickness, rel=0.15)


def test_digits_stay_in_the_frame_and_weigh_like_handwriting(many):
    edge = np.ones((28, 28, 1), bool)
    edge[1:-1, 1:-1] = False
    assert many.images[:, edge].max() < 128
    # The mean of MNIST's training images is 0.1307.
    assert many.images.mean() / 255 == pytest.approx(0.131, abs=0.015)
    assert many.images.min() == 0 and many.images.max() == 255


def test_digits_are_legible(many):
    """The nearest neighbour among a thousand others reads nearly all of them."""
    x = many.images.reshape(len(many.images), -1).astype("float32") / 255
    x -= x.mean(axis=1, keepdims=True)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    nearest = (x[1000:] @ x[:1000].T).argmax(axis=1)
    assert np.mean(many.labels[:1000][nearest] == many.labels[1000:]) > 0.9


def test_colours_are_the_hues_stated():
    from matplotlib.colors import rgb_to_hsv

    drawn = glyphs.make(50, seed=2, colour=True, size=32)
    flat = drawn.images.reshape(50, -1, 3).astype("float32")
    brightest = flat[np.arange(50), flat.sum(axis=-1).argmax(axis=1)]  # inside a stroke
    corner = flat[:, 0]
    for rgb, name in ((brightest, "hue"), (corner, "background")):
        error = rgb_to_hsv(rgb / 255)[:, 0] - drawn.factors[name]
        assert np.abs((error + 0.5) % 1 - 0.5).max() < 0.02
    assert np.all(brightest.max(axis=1) > 2 * corner.max(axis=1))  # bright on dark


def test_every_glyph_has_its_holes():
    """0, 6 and 9 have one, 8 two, 4 one or none (an open four), the others none."""
    from scipy.ndimage import label

    for font in range(len(glyphs.FONTS)):
        images = ink(280, font=font, thickness=1.8) > 0.5
        holes = [label(~image)[1] - 1 for image in images]
        assert holes[8] == 2 and holes[6] == holes[9] == 1
        assert holes[0] == 1 and holes[4] in (0, 1)
        assert [holes[digit] for digit in (1, 2, 3, 5, 7)] == [0] * 5


def test_speckles_are_normal_numbers_shared_by_channels_and_new_for_each_pixel():
    grey = np.zeros((200, 8, 8, 3), "float32")
    found = glyphs.speckled(grey, 0.15, seed=3)
    assert found.dtype == np.float32 and abs(found.std() - 0.15) < 0.002 and abs(found.mean()) < 0.006
    np.testing.assert_array_equal(found[..., 0], found[..., 2])
    assert abs(np.corrcoef(found[:, 0, 0, 0], found[:, 0, 1, 0])[0, 1]) < 0.4  # six standard errors
    np.testing.assert_array_equal(found, glyphs.speckled(grey, 0.15, seed=3))
    assert np.abs(glyphs.speckled(grey + 1, 0.5)).max() <= 1
    np.testing.assert_array_equal(glyphs.speckled(grey, 0.0), grey)


@pytest.mark.parametrize(
    "kind, arguments",
    [(ValueError, {"n": 0}), (TypeError, {"n": 2.5}), (ValueError, {"n": 1, "size": 4})],
)
def test_wrong_arguments(kind, arguments):
    with pytest.raises(kind, match="expected"):
        glyphs.make(**arguments)
