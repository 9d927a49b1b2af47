import numpy as np
import pytest

from course_utils.layers import FadeIn, RunningMean
from tests.numeric import array

RNG = np.random.default_rng(23)
OLD, NEW = RNG.normal(size=(2, 3, 4, 4, 2)).astype("float32")


def test_fade_goes_from_the_old_to_the_new():
    layer = FadeIn()
    np.testing.assert_array_equal(array(layer([OLD, NEW])), NEW)  # as if it had always been there
    layer.fade.assign(0.0)
    np.testing.assert_array_equal(array(layer([OLD, NEW])), OLD)
    layer.fade.assign(0.25)
    np.testing.assert_allclose(array(layer([OLD, NEW])), 0.75 * OLD + 0.25 * NEW, rtol=1e-5, atol=1e-6)


def test_no_optimizer_moves_the_fade():
    layer = FadeIn()
    layer([OLD, NEW])
    assert layer.trainable_variables == [] and len(layer.non_trainable_variables) == 1


def test_running_mean_passes_on_and_follows_in_training_only():
    layer = RunningMean(momentum=0.9)
    x = RNG.normal(2.0, size=(50, 3)).astype("float32")
    np.testing.assert_array_equal(array(layer(x)), x)
    assert np.all(array(layer.moving_mean) == 0)
    for turn in (1, 2, 3):
        np.testing.assert_array_equal(array(layer(x, training=True)), x)
        np.testing.assert_allclose(array(layer.moving_mean), (1 - 0.9**turn) * x.mean(0), rtol=1e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_the_momentum_is_what_stays(momentum):
    layer = RunningMean(momentum=momentum)
    layer(np.ones((4, 2), "float32"), training=True)
    np.testing.assert_allclose(array(layer.moving_mean), 1 - momentum)
