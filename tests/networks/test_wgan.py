"""Networks of lectures 06 and 07 that are harder to train than a DCGAN."""

import numpy as np
import pytest

from course_utils.networks import wgan


def kernels(network):
    return [v.shape for v in network.trainable_variables if len(v.shape) > 1]


def test_all_layers_but_the_last_of_the_constant_generator_are_equally_wide():
    network = wgan.constant_generator(latent_dim=5, width=6)
    assert kernels(network) == [(5, 7 * 7 * 6), (3, 3, 6, 6), (3, 3, 6, 6), (3, 3, 6, 1)]
    assert network.output_shape == (None, 28, 28, 1)
    assert not network.non_trainable_variables  # no norm


def test_the_residual_generator_has_two_layers_and_three_for_each_block_in_a_row():
    network = wgan.residual_generator(latent_dim=5, blocks=(2, 1, 1), width=2)
    past = [shape for shape in kernels(network)[1:] if shape[0] == 1 and shape[2] != 4 * shape[3]]
    assert len([s for s in kernels(network) if s[:2] == (3, 3)]) == 4 + 1  # one a block, and the pixels
    assert past and network.output_shape == (None, 28, 28, 1)
    assert np.all(np.abs(network.predict(np.ones((2, 5), "float32"), verbose=0)) <= 1)


def test_images_with_an_odd_side_are_refused():
    for make in (wgan.constant_generator, wgan.residual_generator):
        with pytest.raises(ValueError, match="even sides"):
            make(image_shape=(27, 28, 1))
