"""Masked layers against plain ones with zeros in their kernels, and what each place sees, by gradient and by hand."""

import numpy as np
import pytest
from keras import ops

from course_utils import backend, layers
from course_utils.layers.masked import made_mask
from tests.numeric import array

RNG = np.random.default_rng(3)
IMAGES = RNG.normal(size=(2, 7, 6, 3)).astype("float32")
PLACE = (4, 2)

# layer: what the place (4, 2) of its result sees, as (rows, columns) of slices
SEEN = {
    "masked, without centre": (layers.MaskedConv2D(4, 5, centre=False), [(2, 0, 5), (3, 0, 5), (4, 0, 2)]),
    "masked": (layers.MaskedConv2D(4, 3), [(3, 1, 4), (4, 1, 3)]),
    "vertical, without its row": (layers.VerticalConv2D(4, 3, 3, own_row=False), [(1, 1, 4), (2, 1, 4), (3, 1, 4)]),
    "vertical": (layers.VerticalConv2D(4, 2, 5), [(3, 0, 5), (4, 0, 5)]),
    "horizontal, without centre": (layers.HorizontalConv2D(4, 2, centre=False), [(4, 0, 2)]),
    "horizontal": (layers.HorizontalConv2D(4, 2), [(4, 1, 3)]),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_place_sees_what_its_kernel_covers_and_nothing_else(name):
    layer, rows = SEEN[name]
    expected = np.zeros(IMAGES.shape[1:3], bool)
    for row, first, last in rows:
        expected[row, first:last] = True
    row, column = PLACE
    gradient = array(backend.input_gradient(lambda x: layer(x)[:, row, column], ops.convert_to_tensor(IMAGES)))
    np.testing.assert_array_equal((gradient != 0).all(axis=(0, 3)), expected)
    np.testing.assert_array_equal((gradient != 0).any(axis=(0, 3)), expected)


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("size", [3, 5])
def test_a_masked_convolution_is_a_plain_one_with_zeros(size, centre):
    layer = layers.MaskedConv2D(4, size, centre)
    found = array(layer(IMAGES))
    kernel = array(layer.full_kernel())
    half = size // 2
    mask = np.zeros((size, size))
    mask[:half], mask[half, : half + centre] = 1, 1
    np.testing.assert_array_equal((kernel != 0).all(axis=(2, 3)), mask)
    np.testing.assert_array_equal((kernel != 0).any(axis=(2, 3)), mask)
    plain = ops.conv(ops.convert_to_tensor(IMAGES), kernel, padding="same", data_format="channels_last")
    np.testing.assert_allclose(found, array(plain), atol=1e-5)


def test_one_convolution_by_hand():
    layer = layers.HorizontalConv2D(1, 2, activation="relu")
    layer.build((None, 1, 3, 1))
    layer.kernel.assign(np.array([10.0, 1.0]).reshape(1, 2, 1, 1))
    layer.bias.assign([-21.0])
    found = array(layer(np.array([1.0, 2.0, 3.0], "float32").reshape(1, 1, 3, 1))).ravel()
    np.testing.assert_allclose(found, [0, 0, 2])  # relu of 1 − 21, 12 − 21 and 23 − 21


def test_a_window_of_rows_gives_the_row():
    for own_row in (True, False):
        layer = layers.VerticalConv2D(4, 3, 3, own_row=own_row)
        row = array(layer(IMAGES))[:, 5:6]
        window = IMAGES[:, 3:6] if own_row else IMAGES[:, 2:5]
        np.testing.assert_allclose(array(layer.window(window)), row, atol=1e-6)


def test_mades_mask_by_hand():
    np.testing.assert_array_equal(made_mask([0, 1, 2], [0, 1]), [[1, 1], [0, 1], [0, 0]])
    np.testing.assert_array_equal(made_mask([0, 1], [0, 1, 2], strict=True), [[0, 1, 1], [0, 0, 1]])


def test_a_masked_dense_layer_multiplies_its_kernel():
    layer = layers.MaskedDense([0, 1, 2], [0, 2], activation="relu")
    x = RNG.normal(size=(5, 3)).astype("float32")
    found = array(layer(x))
    kernel = array(layer.kernel) * made_mask([0, 1, 2], [0, 2])
    np.testing.assert_array_equal(kernel, array(layer.kernel))  # what is cut is stored as 0
    np.testing.assert_allclose(found, np.maximum(x @ kernel, 0), atol=1e-6)


def test_a_patch_is_one_hot_and_its_first_pixel_counts_most():
    binary = np.array([[1, 0], [0, 1]], "float32").reshape(1, 2, 2, 1)
    found = array(layers.OneHotPatches(2, 2)(binary))
    assert found.shape == (1, 1, 1, 16)
    np.testing.assert_array_equal(found.ravel(), np.eye(16)[0b1001])
    four = np.array([3, 1, 0, 2], "float32").reshape(1, 1, 4, 1)
    np.testing.assert_array_equal(array(layers.OneHotPatches(4, 1)(four))[0, 0], np.eye(4)[[3, 1, 0, 2]])
    pair = np.array([2, 1], "float32").reshape(1, 1, 1, 2)  # two channels of three levels
    np.testing.assert_array_equal(array(layers.OneHotPatches(3, 1)(pair)).ravel(), np.eye(9)[2 * 3 + 1])


def test_between_the_levels_a_patch_is_an_average():
    x = RNG.uniform(0, 3, (2, 4, 4, 1)).astype("float32")
    np.testing.assert_allclose(array(layers.OneHotPatches(4, 2)(x)).sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.MaskedConv2D(4, 4), "kernel_size=4, expected an odd number"),
        (lambda: layers.VerticalConv2D(4, 2, 2), "columns=2, expected an odd number"),
        (lambda: layers.HorizontalConv2D(0, 2), "filters is 0"),
        (lambda: layers.OneHotPatches(1), "levels is 1"),
    ],
)
def test_what_cannot_be_built_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_places_start_without_a_say_and_are_added():
    layer = layers.PositionBias()
    np.testing.assert_array_equal(array(layer(IMAGES)), IMAGES)
    layer.map.assign(np.ones(IMAGES.shape[1:]))
    np.testing.assert_allclose(array(layer(IMAGES)), IMAGES + 1)


def test_a_codebook_is_a_table():
    layer = layers.Codebook(3, 2)
    layer.build((None, 1, 2, 1))
    layer.entries.assign([[0, 1], [2, 3], [4, 5]])
    codes = np.array([2, 0], "float32").reshape(1, 1, 2, 1)
    np.testing.assert_array_equal(array(layer(codes)), [[[[4, 5], [0, 1]]]])
    assert layer.trainable_variables == []
