import numpy as np
import pytest

from course_utils.layers import AdaIN, LearnedConstant, NoiseInjection
from tests.numeric import array

RNG = np.random.default_rng(19)
X = (3 + 2 * RNG.normal(size=(5, 8, 8, 4))).astype("float32")
STYLE = RNG.normal(size=(5, 7)).astype("float32")


def test_adain_output_has_the_statistics_of_the_style():
    layer = AdaIN()
    y = array(layer([X, STYLE]))
    scale, bias = (array(v) for v in layer.scale_and_bias(STYLE))
    assert scale.shape == bias.shape == (5, 4)
    np.testing.assert_allclose(y.mean(axis=(1, 2)), bias, atol=1e-4)
    np.testing.assert_allclose(y.std(axis=(1, 2)), np.abs(scale), rtol=1e-4)


def test_adain_forgets_the_statistics_of_the_image():
    layer = AdaIN()
    factor, shift = RNG.uniform(0.5, 4, size=(2, 5, 1, 1, 4)).astype("float32")
    np.testing.assert_allclose(
        array(layer([factor * X + shift, STYLE])), array(layer([X, STYLE])), rtol=1e-3, atol=1e-3
    )


def test_adain_of_a_zero_style_is_instance_normalisation():
    y = array(AdaIN()([X, np.zeros_like(STYLE)]))
    expected = (X - X.mean(axis=(1, 2), keepdims=True)) / X.std(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_adain_of_a_constant_image_is_finite():
    layer = AdaIN()
    y = array(layer([np.full_like(X, 2.0), STYLE]))
    np.testing.assert_allclose(y, array(layer.scale_and_bias(STYLE)[1])[:, None, None] * np.ones_like(X), atol=1e-4)


def test_noise_starts_silent_then_adds_one_image_scaled_by_channel():
    layer = NoiseInjection(seed=4)
    np.testing.assert_array_equal(array(layer(X)), X)
    strength = np.array([0.0, 1.0, -2.0, 0.5], "float32")
    layer.strength.assign(strength)
    noise = RNG.normal(size=(5, 8, 8, 1)).astype("float32")
    np.testing.assert_allclose(array(layer(X, noise=noise)), X + strength * noise, rtol=1e-5, atol=1e-5)
    drawn = array(layer(X)) - X
    np.testing.assert_allclose(drawn[..., 2], -2 * drawn[..., 1], atol=1e-4)
    assert np.all(drawn[..., 0] == 0)
    assert drawn[..., 1].std() == pytest.approx(1.0, rel=0.2)
    assert not np.allclose(array(layer(X)) - X, drawn)


def test_learned_constant_is_the_same_for_every_example():
    layer = LearnedConstant((4, 4, 3))
    np.testing.assert_array_equal(array(layer(STYLE)), np.ones((5, 4, 4, 3)))
    value = RNG.normal(size=(4, 4, 3)).astype("float32")
    layer.constant.assign(value)
    np.testing.assert_array_equal(array(layer(STYLE)), np.tile(value, (5, 1, 1, 1)))
