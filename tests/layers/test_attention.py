import numpy as np
import pytest
from keras import ops

from course_utils.layers import SelfAttention2D
from tests.numeric import array

RNG = np.random.default_rng(7)
X = RNG.normal(size=(2, 4, 6, 16)).astype("float32")


@pytest.mark.parametrize("spectral", [False, True])
def test_identity_at_the_start(spectral):
    layer = SelfAttention2D(spectral=spectral)
    np.testing.assert_array_equal(array(layer(X, training=True)), X)
    assert array(layer.gate) == 0


def test_output_is_the_formula():
    layer = SelfAttention2D()
    layer.build(X.shape)
    layer.gate.assign(0.7)
    parts = (layer.query, layer.key, layer.value, layer.output_projection)
    query, key, value, output = (array(part.kernel)[0, 0] for part in parts)
    assert [m.shape for m in (query, key, value, output)] == [(16, 2), (16, 2), (16, 8), (8, 16)]

    def pooled(y):
        return y.reshape(2, 2, 2, 3, 2, -1).max(axis=(2, 4)).reshape(2, 6, -1)  # (N, keys, C)

    scores = (X @ query).reshape(2, 24, 2) @ pooled(X @ key).transpose(0, 2, 1)  # (N, 24, 6)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    expected = X + 0.7 * ((weights @ pooled(X @ value)) @ output).reshape(X.shape)
    np.testing.assert_allclose(array(layer(X)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(array(layer.attention_map(X)).reshape(2, 24, 6), weights, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("height, width", [(4, 6), (7, 7), (1, 3)])
def test_each_query_spends_its_attention_once(height, width):
    layer = SelfAttention2D()
    x = RNG.normal(size=(2, height, width, 3)).astype("float32")
    layer(x)
    found = array(layer.attention_map(x))
    assert found.shape == (2, height, width, (height + 1) // 2, (width + 1) // 2)
    np.testing.assert_allclose(found.sum(axis=(3, 4)), 1.0, rtol=1e-5)
    assert np.all(found >= 0)


def test_every_position_can_reach_every_other():
    layer = SelfAttention2D()
    layer(X)
    layer.gate.assign(1.0)
    moved = X.copy()
    moved[:, 0, 0] += 5.0  # one corner
    assert np.all(np.abs(array(layer(moved)) - array(layer(X)))[:, 3, 5].max(axis=-1) > 1e-6)


def test_seeded_kernels_are_not_copies_of_one_another():
    layer = SelfAttention2D()
    layer.build(X.shape)
    assert not np.allclose(array(layer.query.kernel), array(layer.key.kernel))
    assert tuple(ops.shape(layer.query.kernel)) == tuple(ops.shape(layer.key.kernel))


def test_a_function_may_draw_the_kernels():
    def draw(shape, dtype=None):
        return np.full(shape, 0.5, "float32")

    layer = SelfAttention2D(kernel_initializer=draw)
    layer.build(X.shape)
    for part in (layer.query, layer.key, layer.value, layer.output_projection):
        np.testing.assert_array_equal(array(part.kernel), 0.5)
