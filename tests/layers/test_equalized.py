import keras
import numpy as np
import pytest

from course_utils.layers import EqualizedConv2D, EqualizedDense
from tests.numeric import array, gradients

RNG = np.random.default_rng(17)
X = RNG.normal(size=(3, 5, 5, 4)).astype("float32")


def test_the_formula():
    layer = EqualizedDense(6, gain=1.5, lr_multiplier=0.1, activation="relu")
    x = X[:, 0, 0]
    layer.build(x.shape)
    w, b = RNG.normal(size=(4, 6)).astype("float32"), RNG.normal(size=(6,)).astype("float32")
    layer.set_weights([w, b])
    expected = np.maximum(x @ (w * 0.1 * 1.5 / 2.0) + 0.1 * b, 0)  # √fan_in = 2
    np.testing.assert_allclose(array(layer(x)), expected, rtol=1e-5, atol=1e-6)


def test_a_convolution_counts_its_whole_window_as_fan_in():
    layer = EqualizedConv2D(6, 3, padding="same", gain=1.0, use_bias=False)
    layer.build(X.shape)
    plain = keras.layers.Conv2D(6, 3, padding="same", use_bias=False)
    plain.build(X.shape)
    plain.kernel.assign(array(layer.trainable_variables[0]) / 6.0)  # √(3 · 3 · 4)
    np.testing.assert_allclose(array(layer(X)), array(plain(X)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_the_multiplier_changes_the_learning_rate_and_not_the_start(multiplier):
    layer = EqualizedDense(400, gain=1.0, lr_multiplier=multiplier)
    x = RNG.normal(size=(50, 100)).astype("float32")
    assert np.std(array(layer(x))) == pytest.approx(1.0, rel=0.1)
    assert np.std(array(layer.trainable_variables[0])) == pytest.approx(1 / multiplier, rel=0.05)


def test_gradient_carries_the_factor_and_sgd_its_square():
    fast, slow = (EqualizedDense(1, gain=1.0, lr_multiplier=m, use_bias=False) for m in (1.0, 0.5))
    x = np.ones((1, 4), "float32")
    for layer in (fast, slow):
        layer.build(x.shape)
    one, half = (gradients(lambda lay=layer: lay(x)[0, 0], [layer.trainable_variables[0]])[0] for layer in (fast, slow))
    np.testing.assert_allclose(half, 0.5 * one, rtol=1e-6)


def test_saved_weights_are_the_raw_ones(tmp_path):
    inputs = keras.Input(X.shape[1:])
    models = [keras.Model(inputs, EqualizedConv2D(2, 3)(inputs)) for _ in range(2)]
    models[0].save_weights(tmp_path / "it.weights.h5")
    models[1].load_weights(tmp_path / "it.weights.h5")
    for saved, loaded in zip(*(model.get_weights() for model in models)):
        np.testing.assert_array_equal(loaded, saved)


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="TensorFlow has no such convolution on a CPU")
@pytest.mark.parametrize("given", ["by argument", "by configuration"])
def test_channels_may_stand_first(given):
    last = EqualizedConv2D(6, 3, strides=2, lr_multiplier=0.5, activation="relu", data_format="channels_last")
    if given == "by argument":
        first = EqualizedConv2D(6, 3, strides=2, lr_multiplier=0.5, activation="relu", data_format="channels_first")
    else:
        keras.config.set_image_data_format("channels_first")
        first = EqualizedConv2D(6, 3, strides=2, lr_multiplier=0.5, activation="relu")
        keras.config.set_image_data_format("channels_last")
    turned = X.transpose(0, 3, 1, 2)
    last.build(X.shape)
    first.build(turned.shape)
    last.bias.assign(np.arange(6))
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(array(first(turned)).transpose(0, 2, 3, 1), array(last(X)), rtol=1e-5, atol=1e-5)
