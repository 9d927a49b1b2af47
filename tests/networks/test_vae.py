"""Shapes, parameter counts, gradients to every weight, and the pair encode/decode."""

import numpy as np
import pytest
from keras import ops

from course_utils import backend, losses
from course_utils.networks import vae

PAIRS = {
    "mlp": (vae.mlp_encoder, vae.mlp_decoder),
    "conv": (vae.conv_encoder, vae.conv_decoder),
}


def images(n=3, shape=(28, 28, 1), seed=0):
    return np.random.default_rng(seed).random((n, *shape)).astype("float32")


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3)])
def test_shapes(kind, shape):
    encoder, decoder = (make(latent_dim=5, width=8, image_shape=shape) for make in PAIRS[kind])
    z_mean, z_log_var = encoder(images(shape=shape))
    assert tuple(z_mean.shape) == tuple(z_log_var.shape) == (3, 5)
    assert tuple(decoder(z_mean).shape) == (3, *shape)


def test_the_published_network_has_its_parameters():
    # 784·400 + 400 and twice 400·40 + 40; back: 40·400 + 400 and 400·784 + 784
    assert vae.mlp_encoder().count_params() == 784 * 400 + 400 + 2 * (400 * 40 + 40)
    assert vae.mlp_decoder().count_params() == 40 * 400 + 400 + 400 * 784 + 784


@pytest.mark.parametrize("kind", PAIRS)
def test_gradients_reach_every_weight(kind):
    encoder, decoder = (make(latent_dim=3, width=8) for make in PAIRS[kind])
    x = images()

    def loss():
        z_mean, z_log_var = encoder(x)
        nll = losses.bernoulli_nll(x, decoder(z_mean + ops.exp(0.5 * z_log_var)))
        return ops.mean(nll + losses.kl_divergence(z_mean, z_log_var)), ()

    _, gradients = backend.value_and_grad(loss, encoder.trainable_variables + decoder.trainable_variables)
    for gradient in gradients:
        assert np.any(ops.convert_to_numpy(ops.stop_gradient(gradient)) != 0)


def test_the_decoder_gives_logits_and_decode_their_sigmoid():
    decoder = vae.mlp_decoder(latent_dim=2, width=4)
    z = np.array([[3.0, -1.0], [0.0, 0.5]], "float32")
    logits = ops.convert_to_numpy(ops.stop_gradient(decoder(z)))
    assert np.allclose(vae.decode(decoder, z), 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_decode_survives_logits_beyond_the_range_of_exp():
    decoder = vae.mlp_decoder(latent_dim=1, width=4)
    decoder.layers[-2].bias.assign(np.where(np.arange(784) % 2, 1e4, -1e4).astype("float32"))
    with np.errstate(over="raise"):
        flat = vae.decode(decoder, np.zeros((1, 1)))[0].ravel()
    assert np.all(flat[1::2] == 1) and np.all(flat[::2] < 1e-30)


def test_encode_returns_arrays_of_the_posterior():
    encoder = vae.conv_encoder(latent_dim=2, width=4)
    mean, log_var = vae.encode(encoder, images(103))  # one batch and three images of the next
    direct = [ops.convert_to_numpy(ops.stop_gradient(t)) for t in encoder(images(103))]
    assert mean.shape == log_var.shape == (103, 2)
    assert np.allclose(mean, direct[0], atol=1e-5) and np.allclose(log_var, direct[1], atol=1e-5)


def test_a_grid_that_cannot_be_halved_twice_is_refused():
    with pytest.raises(ValueError, match=r"\(30, 28, 1\).*multiples of 4.*pad"):
        vae.conv_decoder(image_shape=(30, 28, 1))
