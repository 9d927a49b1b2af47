"""Shapes, layer counts, growth, mixing of styles, and gradients to every weight of StyleGAN's networks."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import penalties, pretrained
from course_utils.layers import BlurPooling2D, BlurUpSampling2D
from course_utils.networks import stylegan as nets
from tests.numeric import array, gradients

RNG = np.random.default_rng(31)
SMALL = {"width": 1, "widest": 4}
SYNTHESES = [nets.style_synthesis, nets.skip_synthesis]
CRITICS = [nets.style_critic, nets.style_residual_critic]
KINDS = list(zip(SYNTHESES, CRITICS))


def draws(*shape):
    return RNG.normal(size=shape).astype("float32")


def inputs(size, n=4, d=3):
    return [draws(n, nets.style_layers(size), d), draws(n, nets.noise_slices(size)[-1].stop)]


def loud(synthesis):
    """Gives the noise a strength, which starts at zero."""
    for layer in synthesis.layers:
        if hasattr(layer, "strength"):
            layer.strength.assign(np.full(layer.strength.shape, 0.5, "float32"))
    return synthesis


def test_two_layers_a_resolution_and_their_noise():
    assert [nets.style_layers(size) for size in (4, 8, 16, 32)] == [2, 4, 6, 8]
    slices = nets.noise_slices(8)
    assert slices == [slice(0, 16), slice(16, 32), slice(32, 96), slice(96, 160)]
    assert nets.noise_slices(32)[-1].stop == 2 * (16 + 64 + 256 + 1024)


@pytest.mark.parametrize("build", [*SYNTHESES, *CRITICS])
@pytest.mark.parametrize("size", [2, 12])
def test_sizes_that_are_no_power_of_two_are_refused(build, size):
    with pytest.raises(ValueError, match=f"Found images of {size}×{size} pixels, expected 4, 8, 16"):
        build(size)


@pytest.mark.parametrize(("synthesis", "critic"), KINDS)
def test_shapes(synthesis, critic):
    for size, channels in ((4, 1), (8, 3)):
        images = synthesis(size, channels, 3, **SMALL)(inputs(size))
        assert tuple(images.shape) == (4, size, size, channels)
        assert tuple(critic(size, channels, **SMALL)(images).shape) == (4, 1)


def test_feature_maps_double_downwards_to_the_widest():
    network = nets.style_synthesis(32, width=2, widest=8)
    assert [network.get_layer(f"{side}_conv").filters for side in (32, 16, 8, 4)] == [2, 4, 8, 8]


def test_the_mapping_looks_at_the_direction_of_z_only_and_learns_slowly():
    mapping, z = nets.style_mapping(5), draws(3, 5)
    np.testing.assert_allclose(array(mapping(z)), array(mapping(7 * z)), rtol=1e-4, atol=1e-4)
    assert 0.3 < np.sqrt(np.mean(array(nets.style_mapping(64)(draws(100, 64))) ** 2)) < 3
    assert mapping.layers[2].lr_multiplier == 0.01


@pytest.mark.parametrize("synthesis", SYNTHESES)
def test_each_style_and_each_noise_reaches_the_image(synthesis):
    network = loud(synthesis(8, 3, 3, **SMALL))
    styles, noise = inputs(8)
    before = array(network([styles, noise]))
    for layer, part in enumerate(nets.noise_slices(8)):
        other = styles.copy()
        other[:, layer] += 1
        assert np.abs(array(network([other, noise])) - before).max() > 1e-4, layer
        other = noise.copy()
        other[:, part] += draws(*noise[:, part].shape)
        assert np.abs(array(network([styles, other])) - before).max() > 1e-4, layer


def test_grown_networks_at_fade_0_are_the_smaller_ones_upsampled_and_halved():
    size = 16  # so that the small networks have a fade of their own
    small, large = (loud(nets.style_synthesis(s, 3, 3, **SMALL)) for s in (size // 2, size))
    styles, noise = inputs(size)
    nets.grow(small, large)
    fewer = [styles[:, :-2], noise[:, : nets.noise_slices(size // 2)[-1].stop]]
    expected = array(BlurUpSampling2D()(small(fewer)))
    np.testing.assert_allclose(array(large([styles, noise])), expected, rtol=1e-5, atol=1e-6)
    small, large = (nets.style_critic(s, **SMALL) for s in (size // 2, size))
    nets.grow(small, large)
    images = draws(4, size, size, 3)
    expected = array(small(BlurPooling2D()(ops.convert_to_tensor(images))))
    np.testing.assert_allclose(array(large(images)), expected, rtol=1e-4, atol=1e-5)
    large.get_layer("fade").fade.assign(1.0)
    assert np.abs(array(large(images)) - expected).max() > 1e-4


def test_only_relatives_grow():
    with pytest.raises(ValueError, match=r"Found no common layer in 'mapping' and 'synthesis'"):
        nets.grow(nets.style_mapping(3), nets.style_synthesis(8, 3, 3, **SMALL))


@pytest.mark.parametrize(("synthesis", "critic"), KINDS)
def test_gradients_reach_every_weight(synthesis, critic):
    networks = nets.style_mapping(3), loud(synthesis(8, 3, 3, **SMALL)), critic(8, **SMALL)
    if synthesis is nets.style_synthesis:
        networks[1].get_layer("fade").fade.assign(0.5)
        networks[2].get_layer("fade").fade.assign(0.5)
    mapping, make, judge = networks
    z, noise = (ops.convert_to_tensor(draws(4, n)) for n in (3, nets.noise_slices(8)[-1].stop))

    def loss():
        w = mapping(z, training=True)
        styles = ops.repeat(w[:, None], 4, axis=1)
        return ops.mean(ops.softplus(judge(make([styles, noise], training=True), training=True)))

    variables = [v for network in networks for v in network.trainable_variables]
    for variable, gradient in zip(variables, gradients(loss, variables)):
        assert np.all(np.isfinite(gradient)) and np.any(gradient != 0), variable.path


@pytest.mark.parametrize("critic", CRITICS)
def test_second_derivatives_under_r1_equal_differences_of_first_ones(critic, monkeypatch):
    """dR₁/dθ along a direction, by the backend, against R₁ at θ ± a step, with all parts of the critic in it.

    But for the leaky ReLU, at whose kink R₁ jumps: something smooth takes its place.
    """
    monkeypatch.setattr(nets, "_leaky", lambda x: keras.layers.Activation("softplus")(x))
    model = critic(8, 1, **SMALL)
    if critic is nets.style_critic:
        model.get_layer("fade").fade.assign(0.5)
    x = draws(4, 8, 8, 1)
    variables = model.trainable_variables
    start = [array(v) for v in variables]
    found = gradients(lambda: penalties.r1(model, x), variables)
    length = np.sqrt(sum(np.sum(g**2) for g in found))
    along, step = [g / length for g in found], 2e-2

    def r1_at(shift):
        for variable, value, direction in zip(variables, start, along):
            variable.assign(value + shift * direction)
        return float(array(penalties.r1(model, x)))

    slope = (8 * (r1_at(step) - r1_at(-step)) - (r1_at(2 * step) - r1_at(-2 * step))) / (12 * step)
    assert slope > 0 and abs(slope / length - 1) < 0.02


def test_shipped_networks_sample_the_same_images_everywhere():
    networks = {"mapping": nets.style_mapping(3), "synthesis": loud(nets.style_synthesis(8, 3, 3, **SMALL))}
    recipe = {"sampler": {"name": "style_generator", "arguments": {"latent_dim": 3}}}
    images = pretrained.Pretrained("stylegan", networks, recipe).sample(6, seed=3)
    rng = np.random.default_rng(3)
    z, noise = rng.standard_normal((6, 3), dtype="float32"), rng.standard_normal((6, 160), dtype="float32")
    w = array(networks["mapping"](z))
    expected = np.clip(array(networks["synthesis"]([np.repeat(w[:, None], 4, axis=1), noise])), -1, 1)
    np.testing.assert_allclose(images, expected, atol=1e-4)
    assert images.shape == (6, 8, 8, 3)
