"""Changed images: what each change may do and no more, by hand; draws for each image; a gradient that flows back."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import augmentations
from tests.numeric import array, central_differences, input_gradient

CHANGES = (augmentations.recolour, augmentations.translate, augmentations.cutout, augmentations.diff_augment)
X = np.random.default_rng(0).uniform(-1, 1, (40, 8, 16, 3)).astype("float32")


def by_hand(image, down, right):
    """An image moved with a loop over its pixels."""
    moved = np.zeros_like(image)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            if 0 <= i - down < image.shape[0] and 0 <= j - right < image.shape[1]:
                moved[i, j] = image[i - down, j - right]
    return moved


def test_translate_moves_by_whole_pixels_and_fills_with_grey():
    found = set()
    for before, after in zip(X, array(augmentations.translate(X, 1, reach=1 / 8))):
        fits = [(a, b) for a in (-1, 0, 1) for b in (-2, -1, 0, 1, 2) if np.array_equal(by_hand(before, a, b), after)]
        assert len(fits) == 1
        found.add(fits[0])
    assert {a for a, _ in found} == {-1, 0, 1} and {b for _, b in found} == {-2, -1, 0, 1, 2}


def test_recolour_keeps_one_number_each_for_brightness_saturation_and_contrast():
    y = array(augmentations.recolour(X, 1)).astype("float64")
    x, mean, new_mean = X.astype("float64"), X.mean((1, 2, 3), keepdims=True), y.mean((1, 2, 3), keepdims=True)
    brightness = (new_mean - mean).ravel()
    grey, new_grey = x.mean(-1, keepdims=True), y.mean(-1, keepdims=True)
    contrast = (new_grey - new_mean) / (grey - mean)
    colour = (y - new_grey) / (x - grey)
    for factors in (contrast, colour):
        one = np.median(factors, axis=(1, 2, 3), keepdims=True)
        assert np.allclose(factors * (x - x.mean()), one * (x - x.mean()), atol=0.05)
    contrast, colour = (np.median(f, axis=(1, 2, 3)) for f in (contrast, colour))
    for values, low, high in ((brightness, -0.5, 0.5), (contrast, 0.5, 1.5), (colour / contrast, 0.0, 2.0)):
        assert low - 1e-3 <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high + 1e-3


def test_cutout_cuts_one_square_and_leaves_the_rest():
    y, sizes = array(augmentations.cutout(X, 2, side=0.5)), []
    for before, after in zip(X, y):
        gone = np.all(after == 0, axis=-1)
        assert np.array_equal(after[~gone], before[~gone])
        rows, columns = np.flatnonzero(gone.any(1)), np.flatnonzero(gone.any(0))
        assert gone[np.ix_(rows, columns)].all() and gone.sum() == len(rows) * len(columns)
        sizes.append((len(rows), len(columns)))
    rows, columns = zip(*sizes)
    assert max(rows) == 4 and max(columns) == 8 and min(columns) < 8  # some reach over the border


def test_nothing_to_move_and_nothing_to_cut():
    assert np.array_equal(array(augmentations.translate(X, 0, reach=0.0)), X)
    assert np.array_equal(array(augmentations.cutout(X, 0, side=0.0)), X)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_draws_anew_for_each_image_and_each_look(change):
    same = np.repeat(X[:1], 8, axis=0)
    seeds = keras.random.SeedGenerator(4)
    first, second = array(change(same, seeds)), array(change(same, seeds))
    assert len(np.unique(first.reshape(8, -1), axis=0)) > 2
    assert not np.array_equal(first, second)
    assert np.array_equal(array(change(same, 4)), array(change(same, 4)))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_the_gradient_flows_back_through_the_change(change):
    few = X[:2, :4, :4]
    weights = np.random.default_rng(1).normal(size=few.shape).astype("float32")
    found = input_gradient(lambda x: ops.sum(weights * change(x, 5), axis=(1, 2, 3)), few)
    numbers = central_differences(lambda x: np.sum(weights * array(change(x.astype("float32"), 5))), few, step=1e-2)
    assert np.abs(found).max() > 0.1
    assert np.allclose(found, numbers, atol=1e-3)
