"""The learned scale of similarities and its limit."""

import math

import keras
import numpy as np
import pytest

from course_utils.layers import Temperature
from tests.numeric import array


def test_scale_is_the_inverse_of_the_temperature():
    layer = Temperature(0.25)
    np.testing.assert_allclose(array(layer(np.array([[0.5, -1.0]], "float32"))), [[2.0, -4.0]], rtol=1e-6)


def test_a_step_ends_at_the_limit():
    layer = Temperature(0.5, most=3.0)
    layer.build((None, 2))
    optimizer = keras.optimizers.SGD(10.0)
    optimizer.build(layer.trainable_variables)
    optimizer.apply([keras.ops.convert_to_tensor(np.float32(-1.0))], layer.trainable_variables)
    assert float(array(layer.log_scale)) == pytest.approx(math.log(3.0))
    optimizer.apply([keras.ops.convert_to_tensor(np.float32(0.01))], layer.trainable_variables)
    assert float(array(layer.scale)) == pytest.approx(3.0 * math.exp(-0.1), rel=1e-5), "and away from it again"


@pytest.mark.parametrize("arguments", [{"start": 0.0}, {"start": -1.0}, {"start": 0.001}])
def test_a_start_beyond_the_limit_is_refused(arguments):
    with pytest.raises(ValueError, match="take 0.07 and 100"):
        Temperature(**arguments)
