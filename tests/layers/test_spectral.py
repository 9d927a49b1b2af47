import itertools

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.layers import SpectralConv2D, SpectralDense, SpectralEmbedding
from tests.numeric import array, central_differences, gradients

RNG = np.random.default_rng(5)


def dense(units=6, inputs=5, **options):
    layer = SpectralDense(units, **options)
    layer.build((None, inputs))
    return layer


def convolution():
    layer = SpectralConv2D(4, 3, padding="same")
    layer.build((None, 6, 6, 2))
    return layer


def embedding():
    layer = SpectralEmbedding(10, 6)
    layer.build(())
    return layer


KINDS = [dense, convolution, embedding]
every_kind = pytest.mark.parametrize("make", KINDS)


def raw(layer):
    return layer.trainable_variables[0]


def used(layer):
    """The kernel that the layer multiplies with, as a matrix."""
    kernel = array(layer.embeddings if isinstance(layer, SpectralEmbedding) else layer.kernel)
    return kernel.reshape(-1, kernel.shape[-1])


def norm(matrix):
    return np.linalg.svd(np.reshape(matrix, (-1, np.shape(matrix)[-1])), compute_uv=False)[0]


def example(layer):
    if isinstance(layer, SpectralEmbedding):
        return np.array([[1, 3]])
    return RNG.normal(size=(3, 6, 6, 2) if isinstance(layer, SpectralConv2D) else (3, 5)).astype("float32")


@every_kind
def test_norm_is_one_from_the_start(make):
    layer = make()
    assert array(layer.sigma()) == pytest.approx(norm(array(raw(layer))), rel=1e-5)
    assert norm(used(layer)) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(
        used(layer) * norm(array(raw(layer))), array(raw(layer)).reshape(used(layer).shape), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("shape", [(784, 256), (20, 10), (7, 1), (1, 7), (20, 2_000)])
def test_norm_is_one_from_the_start_for_many_shapes(shape):
    layer = dense(shape[1], shape[0])
    assert norm(used(layer)) == pytest.approx(1.0, abs=1e-4)


class Outer(keras.layers.Layer):
    """Builds its part only when it is first called, which in a functional model is a symbolic call."""

    def __init__(self):
        super().__init__()
        self.part = SpectralDense(6)

    def call(self, x):
        return self.part(x)


def test_norm_is_one_when_the_layer_is_built_by_a_symbolic_call():
    inputs = keras.Input((5,))
    outer = Outer()
    keras.Model(inputs, outer(inputs))
    assert norm(used(outer.part)) == pytest.approx(1.0, abs=1e-5)


@every_kind
def test_after_gradient_descent_training_finds_the_norm_again_and_inference_does_not(make):
    layer = make()
    raw(layer).assign(RNG.normal(size=raw(layer).shape).astype("float32") + 1.0)
    x = example(layer)
    stale = norm(used(layer))
    assert stale > 1.01
    for _ in range(30):
        layer(x, training=False)
    assert norm(used(layer)) == stale
    for _ in range(100):
        layer(x, training=True)
    assert norm(used(layer)) == pytest.approx(1.0, abs=1e-4)


def test_error_shrinks_with_every_call_in_training():
    layer = dense()
    raw(layer).assign(np.diag([2.0, 1.5, 1.0, 0.5, 0.1]) @ np.ones((5, 6)) + RNG.normal(size=(5, 6)))
    errors = []
    for _ in range(6):
        errors.append(norm(array(raw(layer))) - float(array(layer.sigma())))
        layer(example(layer), training=True)
    assert all(later <= before + 1e-4 for before, later in itertools.pairwise(errors))
    assert errors[-1] < 0.1 * errors[0]


@every_kind
def test_a_call_changes_nothing_but_u_and_only_in_training(make):
    layer = make()
    raw(layer).assign(array(raw(layer)) + 1.0)
    for training in (False, True):
        before = [array(v) for v in layer.variables]
        layer(example(layer), training=training)
        changed = [v.name for v, old in zip(layer.variables, before) if not np.array_equal(array(v), old)]
        assert changed == (["u"] if training else [])
    assert [v.name for v in layer.non_trainable_variables] == ["u"]


def loss(layer, x, target):
    return ops.sum(layer(x, training=False) * ops.convert_to_tensor(target))


@pytest.mark.parametrize("make", [dense, convolution])
def test_gradient_is_the_one_of_the_paper(make):
    layer = make()
    x = example(layer)
    target = RNG.normal(size=tuple(layer(x).shape)).astype("float32")
    plain = (keras.layers.Dense if make is dense else keras.layers.Conv2D).from_config(layer.get_config())
    plain.build(x.shape)
    plain.kernel.assign(layer.kernel)

    g = gradients(lambda: ops.sum(plain(x) * ops.convert_to_tensor(target)), [plain.kernel])[0]  # ∂L/∂W̄
    g = g.reshape(used(layer).shape)
    left, values, right = np.linalg.svd(array(raw(layer)).reshape(g.shape), full_matrices=False)
    expected = (g - np.sum(g * used(layer)) * np.outer(left[:, 0], right[0])) / values[0]  # eq. (10)

    found = gradients(lambda: loss(layer, x, target), [raw(layer)])[0].reshape(g.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_gradient_equals_central_differences():
    layer = dense()
    x = example(layer)
    target = RNG.normal(size=(3, 6))

    def numpy_loss(w):
        return np.sum(x.astype("float64") @ (w / norm(w)) * target)

    found = gradients(lambda: loss(layer, x, target.astype("float32")), [raw(layer)])[0]
    np.testing.assert_allclose(found, central_differences(numpy_loss, array(raw(layer))), rtol=1e-3, atol=1e-5)


@every_kind
def test_gradient_does_not_change_when_the_kernel_is_scaled_but_its_size_does(make):
    layer = make()
    x = example(layer)
    target = RNG.normal(size=tuple(layer(x).shape)).astype("float32")
    once = gradients(lambda: loss(layer, x, target), [raw(layer)])[0]
    raw(layer).assign(4.0 * array(raw(layer)))
    np.testing.assert_allclose(
        gradients(lambda: loss(layer, x, target), [raw(layer)])[0], once / 4, rtol=1e-3, atol=1e-5
    )
    kernel = array(raw(layer)).astype("float64")
    assert abs(np.sum(once * kernel)) < 1e-3 * np.linalg.norm(once) * np.linalg.norm(kernel)


def test_two_calls_in_training_before_one_gradient():
    layer = dense()
    raw(layer).assign(RNG.normal(size=(5, 6)).astype("float32"))
    real, fake = example(layer), example(layer)
    found = gradients(lambda: ops.mean(layer(real, training=True)) - ops.mean(layer(fake, training=True)), [raw(layer)])
    assert np.all(np.isfinite(found[0])) and np.any(found[0] != 0)


@pytest.mark.parametrize("size", [0.0, 1e-5, 1e5])
def test_kernels_of_extreme_size(size):
    kernel = size * RNG.normal(size=(5, 6))
    layer = dense(kernel_initializer=lambda shape, dtype=None: ops.convert_to_tensor(kernel, dtype))
    x = example(layer)
    found = gradients(lambda: ops.sum(layer(x, training=True)), [raw(layer)])[0]
    assert np.all(np.isfinite(found))
    assert norm(used(layer)) == pytest.approx(1.0 if size else 0.0, abs=1e-4)


def test_a_kernel_that_leaves_zero_is_normalised_again():
    layer = dense(kernel_initializer="zeros")
    for _ in range(3):
        layer(example(layer), training=True)
    raw(layer).assign(RNG.normal(size=(5, 6)))
    for _ in range(100):
        layer(example(layer), training=True)
    assert norm(used(layer)) == pytest.approx(1.0, abs=1e-4)


def test_a_dense_critic_is_lipschitz_after_fit_and_at_predict():
    keras.utils.set_random_seed(1)
    critic = keras.Sequential(
        [
            keras.Input((4,)),
            SpectralDense(16, activation="relu"),
            SpectralDense(16, activation="relu"),
            SpectralDense(1),
        ]
    )
    critic.compile(optimizer=keras.optimizers.SGD(0.3), loss="mse")
    x = RNG.normal(size=(64, 4)).astype("float32")
    critic.fit(x, 10 * x[:, :1], epochs=20, batch_size=32, verbose=0)
    assert norm(array(raw(critic.layers[0]))) > 1.2  # the raw kernel has grown
    for layer in critic.layers:
        assert norm(used(layer)) == pytest.approx(1.0, abs=0.01)  # u is one update behind
    left, right = RNG.normal(size=(2, 500, 4)).astype("float32")
    rise = np.abs(critic.predict(left, verbose=0) - critic.predict(right, verbose=0))[:, 0]
    assert np.max(rise / np.linalg.norm(left - right, axis=1)) < 1.0


def test_layers_compute_what_keras_computes_with_the_divided_kernel():
    layer = convolution()
    x = example(layer)
    bias = RNG.normal(size=(4,)).astype("float32")
    layer.bias.assign(bias)
    expected = array(ops.conv(x, used(layer).reshape(3, 3, 2, 4), padding="same")) + bias
    np.testing.assert_allclose(array(layer(x)), expected, rtol=1e-4, atol=1e-5)
    table = embedding()
    np.testing.assert_array_equal(array(table(np.array([7, 2]))), used(table)[[7, 2]])


@every_kind
def test_saved_weights_are_the_raw_kernel_and_u(make, tmp_path):
    inputs = {
        dense: keras.Input((5,)),
        convolution: keras.Input((6, 6, 2)),
        embedding: keras.Input((), dtype="int32"),
    }[make]
    first, second = make(), make()
    models = [keras.Model(inputs, layer(inputs)) for layer in (first, second)]
    raw(first).assign(3.0 * RNG.normal(size=raw(first).shape))  # u is stale: it must be saved as it is
    models[0].save_weights(tmp_path / "it.weights.h5")
    models[1].load_weights(tmp_path / "it.weights.h5")
    for saved, loaded in zip(first.variables, second.variables):
        np.testing.assert_array_equal(array(loaded), array(saved))


def test_mixed_precision_keeps_u_and_sigma_in_float32():
    layer = SpectralConv2D(4, 3, dtype="mixed_bfloat16")
    y = layer(RNG.normal(size=(2, 6, 6, 2)).astype("float32"), training=True)
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert {v.dtype for v in layer.variables} == {"float32"}
    assert norm(used(layer)) == pytest.approx(1.0, abs=1e-3)
