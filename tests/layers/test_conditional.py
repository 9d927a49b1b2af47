import keras
import numpy as np
import pytest

from course_utils.layers import ConditionalBatchNormalization
from tests.numeric import array

RNG = np.random.default_rng(9)
X = (3 + 2 * RNG.normal(size=(6, 4, 4, 3))).astype("float32")
ZERO = np.zeros((6, 5), "float32")
CONDITION = RNG.normal(size=(6, 5)).astype("float32")


def test_zero_condition_is_plain_batch_normalisation():
    conditional, plain = ConditionalBatchNormalization(), keras.layers.BatchNormalization()
    for training in (True, True, False):
        found, expected = conditional([X, ZERO], training=training), plain(X, training=training)
        np.testing.assert_allclose(array(found), array(expected), rtol=1e-5, atol=1e-6)


def test_gain_and_bias_are_linear_in_the_condition():
    layer = ConditionalBatchNormalization()
    normalised = array(layer([X, ZERO], training=True))
    gain, bias = CONDITION @ array(layer.gain.kernel), CONDITION @ array(layer.bias.kernel)  # (6, 3)
    expected = (1 + gain)[:, None, None] * normalised + bias[:, None, None]
    np.testing.assert_allclose(array(layer([X, CONDITION], training=True)), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(array(layer.gain.kernel), array(layer.bias.kernel))


def test_batch_statistics_in_training_and_moving_ones_at_inference():
    layer = ConditionalBatchNormalization(momentum=0.5, epsilon=1e-6)
    y = array(layer([X, ZERO], training=True))
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), 1, rtol=1e-3)
    mean, variance = 0.5 * X.mean(axis=(0, 1, 2)), 0.5 + 0.5 * X.var(axis=(0, 1, 2))  # after one step from 0 and 1
    y = array(layer([X, ZERO], training=False))
    np.testing.assert_allclose(y, (X - mean) / np.sqrt(variance + 1e-6), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(array(layer([X, ZERO], training=False)), y)


def test_moving_statistics_follow_in_a_compiled_step():
    inputs = [keras.Input((4, 4, 3)), keras.Input((5,))]
    layer = ConditionalBatchNormalization(momentum=0.0)
    model = keras.Model(inputs, layer(inputs))
    model.compile(optimizer="sgd", loss="mse")
    model.fit([X, CONDITION], X, batch_size=6, verbose=0)
    np.testing.assert_allclose(array(layer.normalization.moving_mean), X.mean(axis=(0, 1, 2)), rtol=1e-4)


@pytest.mark.parametrize("spectral", [False, True])
def test_one_class_does_not_see_the_gain_of_another(spectral):
    layer = ConditionalBatchNormalization(spectral=spectral)
    labels = np.eye(5, dtype="float32")[[0, 1, 2, 3, 4, 0]]
    before = array(layer([X, labels], training=True))
    kernel = array(layer.gain.trainable_variables[0])
    kernel[4] += 0.0 if spectral else 1.0  # with the spectral norm all classes share σ
    layer.gain.trainable_variables[0].assign(kernel)
    after = array(layer([X, labels], training=True))
    same = [0, 1, 2, 3, 5]
    np.testing.assert_allclose(after[same], before[same], rtol=1e-4, atol=1e-5)
    assert spectral or not np.allclose(after[4], before[4])


def test_a_function_may_draw_the_kernels():
    layer = ConditionalBatchNormalization(kernel_initializer=lambda shape, dtype=None: np.full(shape, 0.5, "float32"))
    layer.build([X.shape, CONDITION.shape])
    np.testing.assert_array_equal(array(layer.gain.kernel), 0.5)
    np.testing.assert_array_equal(array(layer.bias.kernel), 0.5)
