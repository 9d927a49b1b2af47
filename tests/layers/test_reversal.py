"""The reversal: the identity bit for bit on the way forwards, −λ times the gradient on the way back."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import layers
from tests.numeric import array, gradients, input_gradient

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(5, 3)) * 10.0 ** RNG.integers(-6, 6, (5, 3))).astype("float32")
WEIGHTS = RNG.normal(size=(5, 3)).astype("float32")


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0, 7.7])
def test_forwards_it_is_the_identity_bit_for_bit_and_backwards_minus_lambda(strength):
    for function in (layers.GradientReversal(strength), lambda x: layers.reverse(x, strength)):
        np.testing.assert_array_equal(array(function(ops.convert_to_tensor(X))), X)
        found = input_gradient(lambda x, f=function: ops.sum(f(x) * ops.convert_to_tensor(WEIGHTS), axis=-1), X)
        np.testing.assert_allclose(found, -strength * WEIGHTS, rtol=1e-6)


def test_it_is_the_textbooks_formula():
    def textbook(x, strength=0.6):
        return -strength * x + ops.stop_gradient((1.0 + strength) * x)

    for x in (X, WEIGHTS):
        np.testing.assert_allclose(array(textbook(ops.convert_to_tensor(x))), x, rtol=1e-5)
        found, expected = (
            input_gradient(lambda x, f=f: ops.sum(ops.square(f(x)), axis=-1), x)
            for f in (lambda x: layers.reverse(x, 0.6), textbook)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_what_stands_behind_it_gets_its_own_gradient_and_what_stands_before_the_reversed_one():
    before, behind = keras.Variable(WEIGHTS[:3]), keras.Variable(WEIGHTS[2:, :2])
    x = ops.convert_to_tensor(WEIGHTS[:, :3])

    def loss(turn):
        return ops.sum(ops.square(ops.matmul(turn(ops.matmul(x, before)), behind)))

    plain = gradients(lambda: loss(lambda features: features), [before, behind])
    turned = gradients(lambda: loss(layers.GradientReversal(0.5)), [before, behind])
    np.testing.assert_allclose(turned[0], -0.5 * plain[0], rtol=1e-5)
    np.testing.assert_allclose(turned[1], plain[1], rtol=1e-5)


@pytest.mark.parametrize("strength", [-1.0, float("inf"), float("nan")])
def test_another_strength_is_refused(strength):
    with pytest.raises(ValueError, match=f"strength={strength}, expected a finite number ≥ 0"):
        layers.GradientReversal(strength)
