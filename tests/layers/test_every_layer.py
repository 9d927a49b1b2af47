"""Laws that hold for every layer of the package."""

import keras
import numpy as np
import pytest

from course_utils import layers
from tests.numeric import array, gradients

IMAGE, VECTOR = (4, 6, 6, 8), (4, 5)
# name: (constructor, shapes of the inputs)
CASES = {
    "AdaIN": (lambda **o: layers.AdaIN(epsilon=1e-6, **o), [IMAGE, VECTOR]),
    "Blur": (layers.Blur, [IMAGE]),
    "BlurPooling2D": (layers.BlurPooling2D, [IMAGE]),
    "BlurUpSampling2D": (layers.BlurUpSampling2D, [IMAGE]),
    "ConditionalBatchNormalization": (
        lambda **o: layers.ConditionalBatchNormalization(momentum=0.9, epsilon=1e-4, **o),
        [IMAGE, VECTOR],
    ),
    "ConditionalBatchNormalization, spectral, of vectors": (
        lambda **o: layers.ConditionalBatchNormalization(spectral=True, **o),
        [(4, 8), VECTOR],
    ),
    "Codebook": (lambda **o: layers.Codebook(10, 3, **o), [(4, 6, 6, 1)]),
    "EqualizedConv2D": (
        lambda **o: layers.EqualizedConv2D(3, 3, gain=1.0, activation="relu", **o),
        [IMAGE],
    ),
    "EqualizedDense": (lambda **o: layers.EqualizedDense(3, lr_multiplier=0.01, **o), [VECTOR]),
    "FadeIn": (layers.FadeIn, [IMAGE, IMAGE]),
    "GradientReversal": (lambda **o: layers.GradientReversal(0.5, **o), [IMAGE]),
    "HorizontalConv2D": (lambda **o: layers.HorizontalConv2D(3, 2, **o), [IMAGE]),
    "HorizontalConv2D, without centre": (lambda **o: layers.HorizontalConv2D(3, 2, centre=False, **o), [IMAGE]),
    "LearnedConstant": (lambda **o: layers.LearnedConstant((2, 2, 3), "random_normal", **o), [VECTOR]),
    "MaskedConv2D": (lambda **o: layers.MaskedConv2D(3, 3, **o), [IMAGE]),
    "MaskedConv2D, without centre": (lambda **o: layers.MaskedConv2D(3, 5, centre=False, **o), [IMAGE]),
    "MaskedDense": (lambda **o: layers.MaskedDense(range(5), [0, 1, 2, 3, 3, 4], **o), [VECTOR]),
    "MinibatchStdDev": (lambda **o: layers.MinibatchStdDev(group_size=2, **o), [IMAGE]),
    "ModulatedConv2D": (lambda **o: layers.ModulatedConv2D(3, 3, epsilon=1e-6, **o), [IMAGE, VECTOR]),
    "ModulatedConv2D, of pixels": (lambda **o: layers.ModulatedConv2D(3, 1, demodulate=False, **o), [IMAGE, VECTOR]),
    "NoiseInjection": (lambda **o: layers.NoiseInjection(seed=3, **o), [IMAGE]),
    "OneHotPatches": (lambda **o: layers.OneHotPatches(2, 1, **o), [(4, 6, 6, 2)]),
    "PixelNormalization": (lambda **o: layers.PixelNormalization(epsilon=1e-6, **o), [IMAGE]),
    "PositionBias": (layers.PositionBias, [IMAGE]),
    "RunningMean": (lambda **o: layers.RunningMean(momentum=0.9, **o), [VECTOR]),
    "Sampling": (lambda **o: layers.Sampling(seed=3, **o), [VECTOR, VECTOR]),
    "SelfAttention2D": (lambda **o: layers.SelfAttention2D(kernel_initializer="orthogonal", **o), [IMAGE]),
    "SelfAttention2D, spectral": (lambda **o: layers.SelfAttention2D(spectral=True, **o), [IMAGE]),
    "SpectralConv2D": (lambda **o: layers.SpectralConv2D(3, 3, strides=2, **o), [IMAGE]),
    "SpectralDense": (lambda **o: layers.SpectralDense(3, use_bias=False, **o), [VECTOR]),
    "SpectralEmbedding": (lambda **o: layers.SpectralEmbedding(10, 3, **o), [(4,)]),
    "Temperature": (lambda **o: layers.Temperature(0.5, 10.0, **o), [VECTOR]),
    "VerticalConv2D": (lambda **o: layers.VerticalConv2D(3, 2, 3, **o), [IMAGE]),
    "VerticalConv2D, without its own row": (lambda **o: layers.VerticalConv2D(3, 3, 3, own_row=False, **o), [IMAGE]),
}
WITHOUT_WEIGHTS = {
    "Blur",
    "BlurPooling2D",
    "BlurUpSampling2D",
    "FadeIn",
    "Codebook",
    "GradientReversal",
    "MinibatchStdDev",
    "OneHotPatches",
    "PixelNormalization",
    "RunningMean",
    "Sampling",
}
every_layer = pytest.mark.parametrize("name", CASES)


def make(name, **options):
    construct, shapes = CASES[name]
    layer = construct(**options)
    rng = np.random.default_rng(1)
    if "Embedding" in name:
        return layer, rng.integers(0, 10, size=shapes[0])
    inputs = [rng.normal(size=shape).astype("float32") for shape in shapes]
    return layer, inputs[0] if len(inputs) == 1 else inputs


def test_every_public_layer_is_here():
    public = {name for name, value in vars(layers).items() if isinstance(value, type)}
    assert {name.split(",")[0] for name in CASES} == public


@every_layer
def test_output_has_the_promised_shape_and_is_finite(name):
    layer, inputs = make(name)
    shape = [i.shape for i in inputs] if isinstance(inputs, list) else inputs.shape
    for training in (False, True):
        y = layer(inputs, training=training)
        assert tuple(y.shape) == tuple(layer.compute_output_shape(shape))
        assert np.all(np.isfinite(array(y)))


@every_layer
def test_layer_works_in_a_model_of_unknown_batch_size(name):
    layer, inputs = make(name)
    several = isinstance(inputs, list)
    symbolic = [keras.Input(i.shape[1:], dtype=str(i.dtype)) for i in (inputs if several else [inputs])]
    y = layer(symbolic if several else symbolic[0])
    assert y.shape[0] is None
    found = keras.Model(symbolic, y).predict(inputs, verbose=0)  # traced on TensorFlow and JAX
    assert found.shape == (4, *y.shape[1:]) and np.all(np.isfinite(found))


@every_layer
def test_config_and_weights_give_the_same_layer_again(name):
    layer, inputs = make(name)
    layer(inputs)
    for variable in layer.trainable_variables:  # away from zero starts, which would hide differences
        variable.assign(np.random.default_rng(2).normal(size=variable.shape))
    config = keras.layers.serialize(layer)
    again = keras.layers.deserialize(config)
    again(inputs)
    assert keras.layers.serialize(again)["config"] == config["config"]
    again.set_weights(layer.get_weights())
    for one, other in zip(layer.variables, again.variables):
        other.assign(one)
    np.testing.assert_array_equal(array(again(inputs, training=False)), array(layer(inputs, training=False)))


@pytest.mark.parametrize("name", [name for name in CASES if name not in WITHOUT_WEIGHTS])
def test_gradients_reach_every_trainable_variable(name):
    layer, inputs = make(name)
    y = layer(inputs)
    assert layer.trainable_variables
    for variable in layer.trainable_variables:
        variable.assign(array(variable) + 0.5)  # a gate at zero stops what stands before it
    target = keras.ops.convert_to_tensor(np.random.default_rng(2).normal(size=tuple(y.shape)).astype("float32"))
    for variable, gradient in zip(
        layer.trainable_variables,
        gradients(lambda: keras.ops.sum(layer(inputs, training=True) * target), layer.trainable_variables),
    ):
        assert np.all(np.isfinite(gradient)) and np.any(gradient != 0), variable.path


@every_layer
def test_mixed_bfloat16_computes_in_bfloat16_and_stores_float32(name):
    layer, inputs = make(name, dtype="mixed_bfloat16")
    reference, _ = make(name)
    for training in (True, False):
        y = layer(inputs, training=training)
        assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert {v.dtype for v in layer.weights} <= {"float32"}
    reference(inputs)
    for one, other in zip(layer.variables, reference.variables):
        other.assign(one)
    if name not in ("Sampling", "NoiseInjection"):  # a draw in another precision is another draw
        found = array(keras.ops.cast(layer(inputs, training=False), "float32"))
        np.testing.assert_allclose(found, array(reference(inputs, training=False)), rtol=0.05, atol=0.05)


@every_layer
def test_all_variables_exist_after_build(name):
    layer, inputs = make(name)
    shape = [i.shape for i in inputs] if isinstance(inputs, list) else inputs.shape
    layer.build(shape)
    before = [v.path for v in layer.variables]
    layer(inputs, training=True)
    assert [v.path for v in layer.variables] == before


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(("EqualizedConv2D", "SpectralConv2D"))])
def test_keras_settings_of_the_image_format_change_nothing(name):
    reference, inputs = make(name)
    expected = array(reference(inputs, training=False))
    keras.config.set_image_data_format("channels_first")
    try:
        layer, _ = make(name)
        layer(inputs)
        for one, other in zip(reference.variables, layer.variables, strict=True):
            other.assign(one)
        found = array(layer(inputs, training=False))
    finally:
        keras.config.set_image_data_format("channels_last")
    if name not in ("Sampling", "NoiseInjection"):  # which draw
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
