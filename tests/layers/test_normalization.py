import numpy as np
import pytest

from course_utils.layers import MinibatchStdDev, PixelNormalization
from tests.numeric import array


def test_pixel_normalization_hand_values():
    x = np.array([[[[3.0, 4.0], [0.0, 0.0]]]], "float32")  # mean square 12.5 and 0
    expected = [[[[3 / 12.5**0.5, 4 / 12.5**0.5], [0, 0]]]]
    np.testing.assert_allclose(array(PixelNormalization()(x)), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(5, 8), (5, 3, 3, 8)])
def test_pixel_normalization_gives_mean_square_one_at_any_scale(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    y = array(PixelNormalization()(x))
    np.testing.assert_allclose(np.mean(y**2, axis=-1), 1.0, rtol=1e-4)
    np.testing.assert_allclose(array(PixelNormalization()(100 * x)), y, rtol=1e-4)


def test_minibatch_std_dev_hand_values():
    # Two positions, one channel. Examples 0 and 2 are one group, 1 and 3 the other.
    x = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, 8.0], [0.0, 4.0]], "float32").reshape(4, 1, 2, 1)
    y = array(MinibatchStdDev(group_size=2)(x))
    np.testing.assert_array_equal(y[..., :1], x)
    # Deviations (1, 3), mean 2; and (0, 2), mean 1.
    np.testing.assert_allclose(y[..., 1], np.array([2.0, 1.0, 2.0, 1.0])[:, None, None] * np.ones((4, 1, 2)), rtol=1e-3)


def test_minibatch_std_dev_of_one_group_and_of_vectors():
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    y = array(MinibatchStdDev(group_size=8)(x))  # a small batch is one group
    np.testing.assert_allclose(y[:, 5], np.mean(np.std(x, axis=0)), rtol=1e-5)


def test_minibatch_std_dev_sees_collapse():
    x = np.random.default_rng(0).normal(size=(4, 2, 2, 3)).astype("float32")
    collapsed = np.repeat(x[:1], 4, axis=0)
    assert array(MinibatchStdDev()(x))[..., -1].min() > 0.1
    assert array(MinibatchStdDev()(collapsed))[..., -1].max() < 1e-3


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="Found a batch of 6 examples, expected a multiple of the group size 4"):
        MinibatchStdDev()(np.zeros((6, 2, 2, 1), "float32"))
