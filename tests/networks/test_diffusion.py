"""The denoisers: shapes, what they depend on, patches that are whole, and what is refused."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.networks import diffusion
from course_utils.networks.diffusion import denoising_mlp, denoising_unet, time_features
from tests.numeric import array

RNG = np.random.default_rng(1)
IMAGES = RNG.normal(size=(3, 8, 8, 1)).astype("float32")
T, NONE = np.full((3, 1), 0.4, "float32"), np.zeros((3, 4), "float32")
ASKED = np.eye(4, dtype="float32")[[1, 2, 3]]


def unet(**arguments):
    keras.utils.set_random_seed(2)
    return denoising_unet((8, 8, 1), (4, 8), **({"classes": 4} | arguments))


def disturbed(network):
    rng = np.random.default_rng(0)
    network.set_weights([rng.normal(0, 0.2, w.shape).astype("float32") for w in network.get_weights()])
    return network


def test_an_untrained_denoiser_answers_nothing():
    assert np.abs(array(unet()([IMAGES, T, ASKED]))).max() == 0
    mlp = denoising_mlp((5,), 8, 2)
    assert array(mlp([RNG.normal(size=(3, 5)).astype("float32"), T])).tolist() == np.zeros((3, 5)).tolist()


@pytest.mark.parametrize("part", range(3))
def test_an_answer_depends_on_image_time_and_class_and_on_its_own_row_alone(part):
    network, inputs = disturbed(unet()), [IMAGES, T, ASKED]
    other = [np.roll(x, 1, axis=-1).copy() if i == 2 else x.copy() for i, x in enumerate(inputs)]
    changed = [x if i != part else np.concatenate([other[i][:1] * 0.5, x[1:]]) for i, x in enumerate(inputs)]
    before, after = array(network(inputs)), array(network(changed))
    assert np.abs(after[0] - before[0]).max() > 1e-3
    np.testing.assert_allclose(after[1:], before[1:], atol=1e-4)


def test_patches_are_whole_and_come_back():
    x = keras.Input((8, 6, 2))
    patches = diffusion.patches(x, (8, 6, 2), 2)
    network = keras.Model(x, [patches, diffusion.pixels(patches, (8, 6, 2), 2)])
    images = RNG.normal(size=(2, 8, 6, 2)).astype("float32")
    found, back = map(array, network(images))
    assert found.shape == (2, 4, 3, 8)
    np.testing.assert_array_equal(back, images)
    np.testing.assert_array_equal(found[1, 2, 1].reshape(2, 2, 2), images[1, 4:6, 2:4])


def test_times_close_together_are_told_apart_and_none_are_alike():
    t = np.linspace(0, 1, 400, dtype="float32")[:, None]
    found = array(time_features(ops.convert_to_tensor(t)))
    assert found.shape == (400, diffusion.FEATURES) and np.abs(found).max() <= 1 + 1e-6
    distance = np.linalg.norm(found[:, None] - found, axis=2) + 10 * np.eye(400)
    assert distance.min() > 0.1


@pytest.mark.parametrize("shape, widths", [((9, 8, 1), (4, 8)), ((12, 12, 1), (4, 4, 4)), ((8, 6, 1), (4, 8))])
def test_images_that_do_not_divide_are_refused(shape, widths):
    with pytest.raises(ValueError, match="multiples of"):
        denoising_unet(shape, widths)


def test_deeper_and_without_attention_or_classes():
    network = unet(blocks=2, attention=False, classes=None)
    assert array(network([IMAGES, T])).shape == IMAGES.shape
    three = denoising_unet((8, 8, 3), (4, 4, 8), patch=1)
    assert array(three([IMAGES.repeat(3, -1), T])).shape == (3, 8, 8, 3)
