"""Shapes, the paper's parameters, gradients to every weight, and noise in training only."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.networks import aae
from tests.numeric import array, gradients

SMALL = {"widths": (8, 6), "image_shape": (6, 5, 3)}


def images(n=3, shape=(6, 5, 3), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype("float32")


def test_shapes():
    codes = aae.code_encoder(4, **SMALL)(images())
    logits, styles = aae.label_style_encoder(7, 4, **SMALL)(images())
    assert tuple(codes.shape) == tuple(styles.shape) == (3, 4) and tuple(logits.shape) == (3, 7)
    assert tuple(aae.code_decoder(4, **SMALL)(codes).shape) == (3, 6, 5, 3)
    assert tuple(aae.code_discriminator(4, (8,))(codes).shape) == (3, 1)


def test_the_papers_networks_have_their_parameters():
    hidden = 784 * 1000 + 1000 + 1000 * 1000 + 1000
    assert aae.code_encoder().count_params() == hidden + 1000 * 2 + 2
    assert aae.label_style_encoder().count_params() == hidden + 2 * (1000 * 10 + 10)
    back = 2 * 1000 + 1000 + 1000 * 1000 + 1000 + 1000 * 784 + 784
    assert aae.code_decoder().count_params() == back
    assert aae.code_discriminator().count_params() == 2 * 1000 + 1000 + 1000 * 1000 + 1000 + 1000 + 1


def test_gradients_reach_every_weight():
    encoder = aae.label_style_encoder(3, 2, normalised=True, **SMALL)
    decoder, judge = aae.code_decoder(5, **SMALL), aae.code_discriminator(5, (8,))

    def loss():
        code = ops.concatenate(encoder(images(8), training=True), axis=-1)
        return ops.mean(ops.square(decoder(code))) + ops.mean(judge(code))

    variables = [v for network in (encoder, decoder, judge) for v in network.trainable_variables]
    for variable, gradient in zip(variables, gradients(loss, variables)):
        assert np.any(gradient != 0), variable.path


@pytest.mark.parametrize("arguments", [{"noise": 0.3}, {"dropout": 0.5}])
def test_noise_and_dropout_act_in_training_only(arguments):
    encoder = aae.code_encoder(2, **SMALL, **arguments)
    still = [array(encoder(images(), training=False)) for _ in range(2)]
    moving = [array(encoder(images(), training=True)) for _ in range(2)]
    assert np.array_equal(*still) and not np.array_equal(*moving)


def test_the_same_random_state_gives_the_same_network():
    made = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        made.append(aae.code_encoder(2, **SMALL).get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*made))
