"""Moved images: by hand; draws for each image and each look; a gradient that flows back."""

import keras
import numpy as np
from keras import ops

from course_utils import augmentations
from tests.numeric import array, input_gradient

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


def test_nothing_to_move():
    assert np.array_equal(array(augmentations.translate(X, 0, reach=0.0)), X)


def test_draws_anew_for_each_image_and_each_look():
    same = np.repeat(X[:1], 8, axis=0)
    seeds = keras.random.SeedGenerator(4)
    first, second = array(augmentations.translate(same, seeds)), array(augmentations.translate(same, seeds))
    assert len(np.unique(first.reshape(8, -1), axis=0)) > 2
    assert not np.array_equal(first, second)
    assert np.array_equal(array(augmentations.translate(same, 4)), array(augmentations.translate(same, 4)))


def test_the_gradient_goes_back_to_where_the_pixels_came_from():
    few, down = X[:2], np.random.default_rng(1).normal(size=(2, 8, 16, 3)).astype("float32")
    by_hand = (array(augmentations.translate(few, 5)).astype("float64") * down).sum()

    def weighted(x):
        return ops.sum(ops.convert_to_tensor(down) * augmentations.translate(x, 5), axis=(1, 2, 3))

    found = input_gradient(weighted, few)
    assert np.abs(found).max() > 0.1
    assert np.isclose((found * few).sum(), by_hand, rtol=1e-4)  # ⟨Tᵀw, x⟩ = ⟨w, Tx⟩, since T is linear
