import keras
import numpy as np
import pytest

from course_utils.layers import Blur, BlurPooling2D, BlurUpSampling2D
from tests.numeric import array, input_gradient

RNG = np.random.default_rng(13)
X = RNG.normal(size=(2, 4, 6, 3)).astype("float32")


def blurred(x):
    for axis in (1, 2):
        size = x.shape[axis]
        padded = np.pad(x, [(1, 1) if a == axis else (0, 0) for a in range(4)], mode="edge")
        before, here, after = (np.take(padded, np.arange(size) + k, axis=axis) for k in range(3))
        x = (before + 2 * here + after) / 4
    return x


def test_blur_of_a_point_is_the_filter():
    point = np.zeros((1, 5, 5, 2), "float32")
    point[0, 2, 2, 0] = 16.0
    found = array(Blur()(point))
    np.testing.assert_array_equal(found[0, 1:4, 1:4, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    assert found.sum() == 16 and np.all(found[..., 1] == 0)


def test_blur_upsampling_and_pooling_are_their_definitions():
    np.testing.assert_allclose(array(Blur()(X)), blurred(X), rtol=1e-5, atol=1e-6)
    repeated = X.repeat(2, axis=1).repeat(2, axis=2)
    np.testing.assert_allclose(array(BlurUpSampling2D()(X)), blurred(repeated), rtol=1e-5, atol=1e-6)
    halved = blurred(X).reshape(2, 2, 2, 3, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(array(BlurPooling2D()(X)), halved, rtol=1e-5, atol=1e-6)


def test_upsampling_is_bilinear():
    expected = array(keras.ops.image.resize(X, (8, 12), interpolation="bilinear", data_format="channels_last"))
    np.testing.assert_allclose(array(BlurUpSampling2D()(X)), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [Blur, BlurUpSampling2D, BlurPooling2D])
def test_a_constant_image_stays_constant(layer):
    np.testing.assert_allclose(array(layer()(np.ones_like(X))), 1.0, rtol=1e-6)


@pytest.mark.parametrize("layer", [Blur, BlurUpSampling2D, BlurPooling2D])
def test_gradient_is_the_transpose(layer):
    y = array(layer()(X))
    weights = RNG.normal(size=y.shape).astype("float32")
    found = input_gradient(lambda x: layer()(x) * keras.ops.convert_to_tensor(weights), X)
    assert np.sum(found * X) == pytest.approx(np.sum(y * weights), rel=1e-4)  # ⟨Mᵀw, x⟩ = ⟨w, M x⟩


def test_an_odd_side_cannot_be_halved():
    with pytest.raises(ValueError, match="Found a side of 7 pixels, expected an even one"):
        BlurPooling2D()(np.zeros((1, 7, 4, 1), "float32"))
