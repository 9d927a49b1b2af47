"""Rows in batches: the same as all at once, in order, for one output and for several."""

import keras
import numpy as np

from course_utils.networks.outputs import outputs
from tests.numeric import array


def two_headed():
    x = keras.Input((4,))
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(5)(x))
    return keras.Model(x, [keras.layers.Dense(3)(hidden), keras.layers.Dense(2)(hidden)])


def rows(n):
    return np.random.default_rng(n).normal(size=(n, 4)).astype("float32")


def test_rows_come_back_in_order_whatever_the_batches():
    network, x = two_headed(), rows(23)
    direct = [array(part) for part in network(x, training=False)]
    for size in (1, 10, 23, 100):
        for found, expected in zip(outputs(network, x, size=size), direct, strict=True):
            assert found.shape == expected.shape and np.allclose(found, expected, atol=1e-5)


def test_one_output_is_one_array():
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    assert np.allclose(outputs(network, rows(5)), array(network(rows(5))), atol=1e-5)


def test_every_batch_has_one_size():
    seen = []

    def network(batch, training):
        assert not training
        seen.append(batch.shape)
        return batch

    outputs(network, rows(23), size=10)
    assert seen == [(10, 4)] * 3
