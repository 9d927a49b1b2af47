import numpy as np
import pytest
from keras import ops

from course_utils.layers import Sampling
from tests.numeric import array, input_gradient

MEAN = np.tile(np.array([[1.0, -2.0]], "float32"), (20_000, 1))
LOG_VAR = np.tile(np.array([[np.log(4.0), np.log(0.25)]], "float32"), (20_000, 1))


def test_moments_are_those_of_the_posterior():
    z = array(Sampling(seed=1)([MEAN, LOG_VAR]))
    np.testing.assert_allclose(z.mean(axis=0), [1.0, -2.0], atol=0.06)  # 4 standard errors of the wider one
    np.testing.assert_allclose(z.std(axis=0), [2.0, 0.5], rtol=0.03)


def test_each_call_draws_anew_and_a_seed_repeats_the_sequence():
    one, two = Sampling(seed=1), Sampling(seed=1)
    first, second = array(one([MEAN, LOG_VAR])), array(one([MEAN, LOG_VAR]))
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(array(two([MEAN, LOG_VAR])), first)
    np.testing.assert_array_equal(array(two([MEAN, LOG_VAR])), second)


def test_gradients_pass_through_the_draw():
    mean, log_var = MEAN[:4], LOG_VAR[:4]
    z = array(Sampling(seed=1)([mean, log_var]))
    wrt_mean = input_gradient(lambda m: Sampling(seed=1)([m, log_var]), mean)
    wrt_log_var = input_gradient(lambda v: Sampling(seed=1)([mean, v]), log_var)
    np.testing.assert_allclose(wrt_mean, 1.0)
    np.testing.assert_allclose(wrt_log_var, 0.5 * (z - mean), rtol=1e-4, atol=1e-6)  # ½ σ ε


def test_a_tiny_variance_gives_the_mean():
    z = array(Sampling()([MEAN[:3], ops.full((3, 2), -120.0)]))
    np.testing.assert_array_equal(z, MEAN[:3])


def test_heads_of_different_size_are_refused():
    with pytest.raises(ValueError, match=r"Found z_mean of shape \(3, 2\) and z_log_var of shape \(3, 1\)"):
        Sampling()([MEAN[:3], LOG_VAR[:3, :1]])
