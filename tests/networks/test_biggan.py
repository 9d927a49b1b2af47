"""Shapes, published sizes, where z and the class enter, what bounds the critic, gradients to every weight."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import backend
from course_utils.layers import SelfAttention2D
from course_utils.layers.initial import normal
from course_utils.layers.spectral import SpectralKernel
from course_utils.networks import biggan
from course_utils.networks.biggan import biggan_critic, biggan_generator
from tests.numeric import array, gradients

SMALL = {"latent_dim": 6, "classes": 3, "widths": (6, 4), "image_shape": (8, 8, 1), "class_dim": 4, "attention": 4}
SMALL_CRITIC = {"classes": 3, "widths": (4, 6, 6), "image_shape": (8, 8, 1), "attention": 4}
LABELS = np.array([0, 1, 2, 2], "int32")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def generator(**arguments):
    return biggan_generator(**{**SMALL, **arguments})


def critic(**arguments):
    return biggan_critic(**{**SMALL_CRITIC, **arguments})


def images_of(network, z, labels):
    return array(network([z, labels], training=False))


@pytest.mark.parametrize(("shape", "widths"), [([28, 28, 1], [4, 2]), ((32, 32, 3), (4, 4, 4))])  # JSON has lists
def test_images_and_logits_have_their_shapes(shape, widths):
    made = generator(latent_dim=12, image_shape=shape, widths=widths, attention=None)
    images = images_of(made, 1e3 * noise(4, 12), LABELS)
    assert images.shape == (4, *shape) and 0.1 < np.abs(images).max() <= 1
    logits = critic(image_shape=shape, attention=None)([images, LABELS])
    assert tuple(logits.shape) == (4, 1)


def test_the_published_32_pixel_sizes():
    convolution, past = 256 * 256 * 9 + 256, 256 * 256 + 256
    table, output = 10 * 256, 2 * 256 + 256 * 3 * 9 + 3
    found = biggan_generator(**biggan.CIFAR_GENERATOR, initializer=normal(0.02)).trainable_variables
    expected = 129 * 4096 + 3 * (2 * convolution + past + 4 * table) + output
    assert sum(int(np.prod(v.shape)) for v in found) == expected == 4_304_387
    found = biggan_critic(**biggan.CIFAR_CRITIC, initializer=normal(0.02)).trainable_variables
    first = 3 * 256 * 9 + 256 + convolution + 3 * 256 + 256
    expected = first + 2 * convolution + past + 2 * 2 * convolution + 257 + table
    assert sum(int(np.prod(v.shape)) for v in found) == expected == 4_207_361


def test_every_part_of_z_reaches_the_image_and_only_the_first_one_the_first_grid():
    made, z = generator(), noise(4, 6)
    before = images_of(made, z, LABELS)
    (grid,) = (layer for layer in made.layers if isinstance(layer, keras.layers.Reshape))
    probe = keras.Model(made.inputs, grid.output)
    for part in range(3):
        moved = z.copy()
        moved[:, 2 * part : 2 * part + 2] += 1.0
        assert np.abs(images_of(made, moved, LABELS) - before).max() > 1e-3
        assert np.allclose(images_of(probe, moved, LABELS), images_of(probe, z, LABELS)) == (part > 0)


def test_without_skip_z_the_norms_see_the_class_only():
    made = generator(skip_z=False, latent_dim=5)
    gains = [v for v in made.trainable_variables if "gain" in v.path]
    assert {v.shape[0] for v in gains} == {4}
    gains = [v for v in generator().trainable_variables if "gain" in v.path]
    assert {v.shape[0] for v in gains} == {4 + 2}


def test_a_table_of_gains_of_one_class_changes_no_other_class():
    made, z = generator(shared=False), noise(4, 6)
    before = images_of(made, z, LABELS)
    for variable in made.trainable_variables:
        if "gain" in variable.path:
            table = array(variable)
            table[1] += 1.0
            variable.assign(table)
    after = images_of(made, z, LABELS)
    np.testing.assert_allclose(after[LABELS != 1], before[LABELS != 1], atol=1e-5)
    assert np.abs(after - before)[LABELS == 1].max() > 1e-2


def test_the_one_hot_classes_are_not_trained():
    one_hot, learned = generator(shared=False).get_layer("classes"), generator().get_layer("classes")
    np.testing.assert_array_equal(array(one_hot.embeddings), np.eye(3))
    assert not one_hot.trainable_variables and learned.trainable_variables


def test_the_projection_adds_an_inner_product_with_the_features():
    made, x = critic(spectral=False), noise(4, 8, 8, 1)
    kernel, bias = (array(v) for v in made.get_layer("logit").trainable_variables)
    made.get_layer("projection").embeddings.assign(np.stack([kernel[:, 0], 0 * kernel[:, 0], -kernel[:, 0]]))
    logits = [array(made([x, np.full(4, label, "int32")])) for label in range(3)]
    np.testing.assert_allclose(logits[0] - bias, 2 * (logits[1] - bias), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(logits[2] - bias, 0 * logits[1], atol=1e-4)


def test_a_concatenated_class_is_judged_together_with_the_image():
    made, x = critic(projection=False), noise(4, 8, 8, 1)
    gap = array(made([x, np.zeros(4, "int32")]) - made([x, np.ones(4, "int32")]))
    assert np.std(gap) > 1e-4  # joined to the pooled features before a linear layer, it would be one constant


def test_every_kernel_of_both_networks_has_norm_one():
    for network in (generator(), critic(), critic(projection=False)):
        found = [layer for layer in network._flatten_layers() if isinstance(layer, SpectralKernel)]
        for layer in found:
            kernel = array(layer.normalized())
            assert np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2) == pytest.approx(1.0, abs=1e-3)
        free = {"classes", "gate", "gamma", "beta", "bias", "embeddings"}
        bound = {id(v) for layer in found for v in layer.trainable_variables}
        assert {v.name for v in network.trainable_variables if id(v) not in bound} <= free
    plain = critic(spectral=False)
    assert not any(isinstance(layer, SpectralKernel) for layer in plain._flatten_layers())


def test_the_critic_is_less_steep_than_the_product_bound():
    made = critic(attention=None)
    bound = biggan.lipschitz_bound((4, 6, 6), 2, (8, 8, 1))
    assert bound == 2 * 2 * 5 * 5 * 10
    for variable in made.trainable_variables:
        variable.assign(5.0 * np.abs(noise(*variable.shape, seed=1)))  # all of one sign: every ReLU is open
    for _ in range(30):
        made([noise(4, 8, 8, 1), LABELS], training=True)  # the power iterations
    labels = ops.convert_to_tensor(LABELS)
    slope = backend.input_gradient(lambda x: made([x, labels]), ops.convert_to_tensor(noise(4, 8, 8, 1)))
    slopes = np.linalg.norm(array(slope).reshape(4, -1), axis=1)
    assert 0.01 * bound < slopes.max() <= bound


def test_attention_stands_once_at_the_side_that_was_asked_for():
    for network, sides in ((generator, (2, 4, 8)), (critic, (4, 2))):
        for side in sides:
            layers = [x for x in network(attention=side).layers if isinstance(x, SelfAttention2D)]
            assert [layer.output.shape[1] for layer in layers] == [side]
        assert not any(isinstance(layer, SelfAttention2D) for layer in network(attention=None).layers)


def test_gradients_reach_every_weight():
    networks = generator(), critic()
    for network in networks:
        for variable in network.trainable_variables:
            if variable.name == "gate":
                variable.assign(0.5)  # from 0, none would reach the layers behind it

    z, labels = ops.convert_to_tensor(noise(4, 6)), ops.convert_to_tensor(LABELS)

    def loss():
        fake = networks[0]([z, labels], training=True)
        return ops.mean(ops.softplus(networks[1]([fake, labels], training=True)))

    variables = [v for network in networks for v in network.trainable_variables]
    for variable, gradient in zip(variables, gradients(loss, variables)):
        # A bias before a norm, and one weight of the query's softmax, may do nothing; a whole kernel may not.
        assert len(variable.shape) < 2 or np.any(gradient != 0), variable.path


def test_the_halves_make_the_whole():
    made, z = generator(), noise(4, 6)
    embed, body = biggan.halves(made)
    np.testing.assert_allclose(images_of(body, z, array(embed(LABELS))), images_of(made, z, LABELS), atol=1e-6)
    assert {id(v) for v in body.trainable_variables} < {id(v) for v in made.trainable_variables}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"latent_dim": 7}, "multiple of 3"),
        ({"image_shape": (10, 8, 1)}, "divisible by 4"),
        ({"attention": 5}, r"\[2, 4, 8\], or None"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        generator(**arguments)
