"""Shapes, ranges, published sizes, gradients to every weight, and what the handed-over functions change."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import backend, penalties
from course_utils.networks import gan
from tests.numeric import array, gradients, input_gradient

GREY, COLOUR = (28, 28, 1), (32, 32, 3)
GENERATORS = {
    "mlp": functools.partial(gan.mlp_generator, widths=(8, 12)),
    "dcgan": functools.partial(gan.dcgan_generator, width=4),
}
CRITICS = {
    "mlp": functools.partial(gan.mlp_critic, widths=(8, 6)),
    "dcgan": functools.partial(gan.dcgan_critic, width=4),
    "residual": functools.partial(gan.residual_critic, blocks=(1, 1, 1), width=2),
}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("kind", GENERATORS)
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_generators_make_images_between_minus_one_and_one(kind, shape):
    generator = GENERATORS[kind](latent_dim=5, image_shape=shape)
    images = array(generator(1e3 * noise(3, 5)))
    assert images.shape == (3, *shape) and images.dtype == np.float32
    assert 0.5 < np.abs(images).max() <= 1


@pytest.mark.parametrize("kind", CRITICS)
@pytest.mark.parametrize("shape", [GREY, COLOUR])
def test_critics_give_one_logit_an_image_without_a_sigmoid(kind, shape):
    critic = CRITICS[kind](image_shape=list(shape))  # a list, as a recipe's JSON has it
    images = np.tanh(noise(3, *shape))
    logits = array(critic(images))
    assert logits.shape == (3, 1)
    critic.layers[-1].bias.assign([-7.0])
    np.testing.assert_allclose(array(critic(images)), logits - 7, atol=1e-5)


def test_points():
    generator, critic = gan.point_generator(latent_dim=3, width=8), gan.point_critic(width=8)
    assert tuple(critic(generator(noise(4, 3))).shape) == (4, 1)
    assert generator.output_shape == critic.input_shape == (None, 2)
    generator.layers[-1].bias.assign([50.0, -50.0])  # linear: a point may lie anywhere
    assert np.abs(array(generator(noise(4, 3)))).min() > 10


def test_the_published_fully_connected_sizes():
    widths, before = (128, 256, 512, 1024), (100, 128, 256, 512)
    weights = [a * b for a, b in zip(before, widths)]
    shifts = 128 + 4 * (256 + 512 + 1024)  # a bias, then scale, shift, mean and variance of batch norm
    assert gan.mlp_generator().count_params() == sum(weights) + shifts + 1024 * 784 + 784
    assert gan.mlp_critic().count_params() == 784 * 512 + 512 + 512 * 256 + 256 + 256 + 1


def test_the_grid_of_the_generator():
    def grids(shape):
        made = gan.dcgan_generator(8, width=4, image_shape=shape)
        return [layer.output.shape[1:] for layer in made.layers if isinstance(layer, keras.layers.Activation)]

    assert grids(GREY) == [(7, 7, 8), (14, 14, 4), (28, 28, 2)]
    assert grids(COLOUR) == [(4, 4, 16), (8, 8, 8), (16, 16, 4), (32, 32, 2)]
    with pytest.raises(ValueError, match=r"27×28.*even sides.*mlp_generator"):
        gan.dcgan_generator(image_shape=(27, 28, 1))


@pytest.mark.parametrize("upsample", [gan.nearest, gan.transposed, gan.transposed_odd])
@pytest.mark.parametrize("downsample", [gan.strided, gan.pooled])
def test_gradients_reach_every_weight_of_both(upsample, downsample):
    generator = gan.dcgan_generator(3, width=4, upsample=upsample, hidden=(6,))
    critic = gan.dcgan_critic(width=4, downsample=downsample, normalisation=gan.batch_norm, hidden=(6,))
    z = noise(4, 3)

    def loss():
        return ops.mean(ops.softplus(-critic(generator(z, training=True), training=True)))

    both = generator.trainable_variables + critic.trainable_variables
    for variable, gradient in zip(both, gradients(loss, both)):
        assert np.any(gradient != 0), variable.path


@pytest.mark.parametrize("downsample", [gan.strided, gan.pooled])
def test_a_penalty_can_be_differentiated_through_the_critic(downsample):
    critic = gan.dcgan_critic(width=2, image_shape=(8, 8, 1), downsample=downsample, normalisation=gan.layer_norm)
    kernel = critic.trainable_variables[0]
    found = gradients(lambda: penalties.r1(critic, noise(2, 8, 8, 1)), [kernel])[0]
    assert np.isfinite(found).all() and np.abs(found).max() > 0


@pytest.mark.parametrize("normalisation, leaks", [(gan.batch_norm, True), (gan.layer_norm, False), (None, False)])
def test_batch_norm_lets_one_image_see_another_and_layer_norm_does_not(normalisation, leaks):
    critic = gan.dcgan_critic(width=2, image_shape=(8, 8, 1), normalisation=normalisation)
    first_score = input_gradient(lambda x: critic(x, training=True)[:1], noise(2, 8, 8, 1))
    assert np.abs(first_score[0]).max() > 0
    assert (np.abs(first_score[1]).max() > 1e-7) == leaks


def test_layer_norm_is_over_all_axes_but_the_batch():
    x = 3 * noise(2, 5, 5, 4) + 1
    mean, variance = (f(x, axis=(1, 2, 3), keepdims=True) for f in (np.mean, np.var))
    np.testing.assert_allclose(array(gan.layer_norm()(x)), (x - mean) / np.sqrt(variance + 1e-3), atol=1e-4)
    flat = noise(3, 6)
    expected = (flat - flat.mean(1, keepdims=True)) / np.sqrt(flat.var(1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(array(gan.layer_norm()(flat)), expected, atol=1e-4)


def test_the_first_convolution_of_a_critic_and_the_last_of_a_generator_have_no_batch_norm():
    def kinds(network):
        return [type(layer).__name__ for layer in network.layers]

    critic = kinds(gan.dcgan_critic(width=2, normalisation=gan.batch_norm))
    assert critic[:3] == ["InputLayer", "Conv2D", "Activation"] and critic.count("BatchNormalization") == 2
    assert "BatchNormalization" not in kinds(gan.dcgan_critic(width=2))
    generator = kinds(gan.dcgan_generator(width=2))
    assert generator[-2:] == ["Activation", "Conv2D"] and generator.count("BatchNormalization") == 3


def longest_path(critic):
    """Weighted layers in a row: all but the 1×1 convolutions past a block, which end in an Add."""
    past = set()
    for layer in critic.layers:
        if isinstance(layer, keras.layers.Add):
            past.add(layer.input[0]._keras_history.operation)
    weighted = (keras.layers.Conv2D, keras.layers.Dense)
    shortcuts = [x for x in past if isinstance(x, keras.layers.Conv2D) and x.kernel_size == (1, 1)]
    return sum(isinstance(layer, weighted) for layer in critic.layers) - len(shortcuts)


def test_the_layer_norm_critic_scores_each_image_by_itself():
    critic = gan.layer_norm_critic(width=2, image_shape=(8, 8, 1))
    norms = [layer for layer in critic.layers if isinstance(layer, keras.layers.GroupNormalization)]
    assert [layer.groups for layer in norms] == [1, 1]
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    alone = np.concatenate([array(critic(x[i : i + 1])) for i in range(4)])
    np.testing.assert_allclose(array(critic(x)), alone, rtol=1e-4, atol=1e-5)


def test_the_deep_residual_critic_has_101_layers_and_a_signal_of_even_size():
    deep = gan.residual_critic(blocks=(11, 11, 11), width=2, image_shape=(16, 16, 1))
    assert longest_path(deep) == 101
    adds = [layer.output for layer in deep.layers if isinstance(layer, keras.layers.Add)]
    probe = keras.Model(deep.input, [adds[0], adds[10], adds[21], adds[32]])
    sizes = [array(a).std() for a in probe(np.tanh(noise(4, 16, 16, 1)))]
    assert max(sizes) < 10 * min(sizes)  # doubling variance in each of 33 blocks would make it 2^16


def test_gradients_reach_the_first_layer_of_a_deep_tanh_critic_without_norm():
    deep = gan.residual_critic(blocks=(3, 3, 3), width=2, image_shape=(16, 16, 1), activation=keras.activations.tanh)
    x = np.tanh(noise(4, 16, 16, 1))
    for variable, gradient in zip(
        deep.trainable_variables, gradients(lambda: ops.mean(deep(x)), deep.trainable_variables)
    ):
        assert np.any(gradient != 0), variable.path
    slope = array(backend.input_gradient(deep, ops.convert_to_tensor(x)))
    assert np.isfinite(slope).all() and np.abs(slope).max() > 1e-6
