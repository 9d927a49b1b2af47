"""Shapes, published sizes, even signals at the start, and gradients to every weight of F, G, E and D."""

import numpy as np
import pytest
from keras import ops

from course_utils import pretrained
from course_utils.networks.alae import (
    conv_latent_encoder,
    conv_latent_generator,
    latent_critic,
    latent_encoder,
    latent_generator,
    latent_mapping,
)
from tests.numeric import array, gradients


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_the_published_sizes():
    layer = 50 * 50 + 50
    assert latent_mapping().count_params() == 6 * layer
    assert latent_generator(normalisation=None).count_params() == 51 * 1024 + 1025 * 1024 + 1025 * 784
    assert latent_encoder().count_params() == 785 * 1024 + 1025 * 1024 + 1025 * 50
    assert latent_critic().count_params() == 2 * layer + 51


@pytest.mark.parametrize("shape", [(28, 28, 1), [8, 6, 3]])  # a list, as a recipe's JSON has it
def test_the_round_trip_keeps_its_shapes(shape):
    w = latent_mapping(5)(noise(3, 5))
    images = latent_generator(5, [16, 16], shape)(w)
    assert tuple(images.shape) == (3, *shape)
    back = latent_encoder(5, [16, 16], shape)(images)
    assert tuple(w.shape) == tuple(back.shape) == (3, 5)
    assert tuple(latent_critic(5)(back).shape) == (3, 1)


@pytest.mark.parametrize("shape", [(28, 28, 1), [8, 12, 3]])
def test_convolutions_go_round_in_the_same_shapes(shape):
    w = noise(200, 5)
    images = conv_latent_generator(5, 16, shape)(w)
    assert tuple(images.shape) == (200, *shape) and 0.3 < np.abs(array(images)).max() <= 1
    back = conv_latent_encoder(5, 16, shape)(images)
    assert tuple(back.shape) == w.shape and 0.2 < np.sqrt(np.mean(array(back) ** 2)) < 2
    for builder in (conv_latent_generator, conv_latent_encoder):
        with pytest.raises(ValueError, match="multiples of 4"):
            builder(5, 16, (28, 30, 1))


def test_signals_start_at_an_even_size_all_the_way_round():
    w = array(latent_mapping(50)(noise(200, 50)))
    images = array(latent_generator(50, (256, 256))(w))
    back = array(latent_encoder(50, (256, 256))(images))
    for signal in (w, images, back):
        assert 0.5 < np.sqrt(np.mean(signal**2)) < 2


def test_the_mapping_looks_at_the_direction_of_z_only():
    mapping = latent_mapping(5)
    np.testing.assert_allclose(array(mapping(noise(3, 5))), array(mapping(7 * noise(3, 5))), rtol=1e-4, atol=1e-5)


def test_the_critic_is_linear():
    critic = latent_critic(5)
    a, b = noise(3, 5), noise(3, 5, seed=1)
    middle = array(critic((a + b) / 2))
    np.testing.assert_allclose(middle, (array(critic(a)) + array(critic(b))) / 2, atol=1e-5)


def test_mapping_and_critic_learn_at_a_tenth_of_the_rate():
    slow = latent_mapping().layers[2], latent_critic().layers[-1]
    fast = latent_generator().layers[1], latent_encoder().layers[-1]
    assert [layer.lr_multiplier for layer in (*slow, *fast)] == [0.1, 0.1, 1.0, 1.0]
    assert np.std(array(slow[0].trainable_variables[0])) == pytest.approx(10, rel=0.1)


def test_gradients_reach_every_weight():
    nets = latent_mapping(5), latent_generator(5, (8, 8)), latent_encoder(5, (8, 8)), latent_critic(5)

    def loss():
        x = ops.convert_to_tensor(noise(4, 5))
        for network in nets:
            x = network(x, training=True)
        return ops.mean(ops.softplus(x))

    variables = [v for network in nets for v in network.trainable_variables]
    for variable, gradient in zip(variables, gradients(loss, variables)):
        assert np.any(gradient != 0), variable.path


def test_shipped_networks_sample_through_the_mapping_and_clip():
    networks = {"F": latent_mapping(5), "G": latent_generator(5, (8,))}
    recipe = {"sampler": {"name": "mapped_generator", "arguments": {"latent_dim": 5}}}
    images = pretrained.Pretrained("alae", networks, recipe).sample(6, seed=3)
    z = np.random.default_rng(3).standard_normal((6, 5), dtype="float32")
    expected = np.clip(array(networks["G"](networks["F"](z))), -1, 1)
    np.testing.assert_allclose(images, expected, atol=1e-5)
    assert images.shape == (6, 28, 28, 1) and (np.abs(images) == 1).any()
