"""The VAE's loss against a hand computation, its β, its draws, and that training lowers it."""

import random

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import losses, priors
from course_utils.games.vae import VAE, Autoencoder, binarise
from course_utils.networks.vae import conv_decoder, conv_encoder, mlp_decoder, mlp_encoder


def numpy(tensor):
    return ops.convert_to_numpy(ops.stop_gradient(tensor))


def images(n=8, seed=0):
    return (np.random.default_rng(seed).random((n, 28, 28, 1)) < 0.3).astype("float32")


def small(game=VAE, **arguments):
    random.seed(3)  # from which Keras draws the seeds of its initializers
    return game(mlp_encoder(2, width=16), mlp_decoder(2, width=16), **arguments)


def the_mean(parameters):
    return parameters[0]


def test_the_loss_is_the_formula():
    game, x = small(beta=0.7, sampling=the_mean), images()
    mean, log_var = (numpy(t).astype("float64") for t in game.encoder(x))
    logits = numpy(game.decoder(mean.astype("float32"))).astype("float64")
    nll = (np.log1p(np.exp(logits)) - x * logits).sum((1, 2, 3)).mean()
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(1).mean()
    value, logs = game.negative_elbo(ops.convert_to_tensor(x), training=False)
    assert float(numpy(logs["nll"])) == pytest.approx(nll, rel=1e-5)
    assert float(numpy(logs["kl"])) == pytest.approx(kl, rel=1e-4)
    assert float(numpy(value)) == pytest.approx(nll + 0.7 * kl, rel=1e-5)


def test_with_another_prior_the_draws_estimate_the_divergence():
    mean, log_var = (np.array(rows, "float32") for rows in ([[0.5, -1.0]] * 40_000, [[-1.0, 0.3]] * 40_000))
    game = small(prior=priors.gaussian(2))
    z = game.sampling([mean, log_var])
    estimates = numpy(game.divergence(z, mean, log_var))  # one draw each
    exact = float(numpy(losses.kl_divergence(mean[:1], log_var[:1]))[0])
    assert abs(estimates.mean() - exact) < 4 * estimates.std() / np.sqrt(len(estimates))
    wide = numpy(small(prior=priors.gaussian(2, 3.0)).divergence(z, mean, log_var))
    by_hand = estimates - 0.5 * np.square(numpy(z)).sum(1) * (1 - 1 / 9) + 2 * np.log(3.0)
    np.testing.assert_allclose(wide, by_hand, rtol=1e-4, atol=1e-4)


def test_a_game_with_a_mixture_for_a_prior_moves_its_codes_outwards():
    game = small(prior=priors.gaussian_mixture(), optimizer=keras.optimizers.Adam(3e-3))
    game.compile()
    game.fit(images(64), batch_size=64, steps_per_epoch=150, epochs=1, verbose=0)
    mean, _ = game.encoder(images(64))
    assert np.linalg.norm(numpy(mean), axis=1).mean() > 1.5  # N(0, I) would keep them near 0


def test_beta_can_be_changed_between_fits():
    game, x = small(sampling=the_mean), images()
    value = {}
    for beta in (1.0, 3.0):
        game.beta.assign(beta)
        value[beta], logs = game.negative_elbo(ops.convert_to_tensor(x), training=False)
    assert float(numpy(value[3.0] - value[1.0])) == pytest.approx(2 * float(numpy(logs["kl"])), rel=1e-3)


def test_a_fit_reads_the_beta_of_the_moment():
    game = small(sampling=the_mean, optimizer=keras.optimizers.SGD(0.0))
    game.compile()
    losses = []
    for beta in (0.0, 10.0):
        game.beta.assign(beta)
        losses.append(game.fit(images(), batch_size=8, verbose=0).history)
    assert losses[0]["loss"][0] == pytest.approx(losses[0]["nll"][0], rel=1e-6)
    expected = losses[1]["nll"][0] + 10 * losses[1]["kl"][0]
    assert losses[1]["loss"][0] == pytest.approx(expected, rel=1e-5)


def test_each_call_draws_anew_and_a_seed_draws_the_same():
    x = ops.convert_to_tensor(images())
    first, second = small(seed=5), small(seed=5)
    draws = [[float(numpy(g.negative_elbo(x, training=True)[1]["nll"])) for _ in range(2)] for g in (first, second)]
    assert draws[0] == draws[1] and draws[0][0] != draws[0][1]


def test_the_autoencoder_decodes_the_mean_and_has_no_kl():
    game, x = small(Autoencoder), images()
    reference = small(VAE, beta=0.0, sampling=the_mean)
    loss = float(numpy(game.reconstruction(ops.convert_to_tensor(x), training=False)))
    assert loss == pytest.approx(float(numpy(reference.negative_elbo(ops.convert_to_tensor(x), False)[0])), rel=1e-6)


@pytest.mark.parametrize("game", [VAE, Autoencoder])
def test_training_lowers_the_loss_and_logs_nats(game):
    random.seed(0)
    made = game(conv_encoder(2, width=4), conv_decoder(2, width=4), keras.optimizers.Adam(5e-3))
    made.compile()
    history = made.fit(images(32), batch_size=16, epochs=4, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    if game is VAE:
        assert history["loss"][0] == pytest.approx(history["nll"][0] + history["kl"][0], rel=1e-5)


def test_the_mean_over_pixels_collapses_the_posterior():
    """β = 784 is what a mean over pixels and a sum over latents amounts to: the KL dies."""
    alive, dead = small(optimizer=keras.optimizers.Adam(3e-3)), small(optimizer=keras.optimizers.Adam(3e-3), beta=784.0)
    for game in (alive, dead):
        game.compile()
        game.fit(images(64), batch_size=32, epochs=30, verbose=0)
    ends = [game.evaluate(images(64), verbose=0)["kl"] for game in (alive, dead)]
    assert ends[1] < 0.05 < ends[0]


def test_binarise_keeps_black_and_white_and_draws_grey_in_proportion():
    grey = np.full((100, 28, 28, 1), 64, "uint8")
    grey[:, 0], grey[:, 1] = 0, 255
    drawn = binarise(grey, seed=0)
    assert drawn.dtype == np.float32 and set(np.unique(drawn)) == {0.0, 1.0}
    assert drawn[:, 0].max() == 0 and drawn[:, 1].min() == 1
    n = drawn[:, 2:].size
    assert abs(drawn[:, 2:].mean() - 64 / 255) < 5 * np.sqrt(0.25 / n)


def test_binarise_depends_on_the_seed_alone_and_the_first_images_do_not_on_the_later():
    grey = (images(6) * 200).astype("uint8")
    assert np.array_equal(binarise(grey, 1), binarise(grey, 1))
    assert np.array_equal(binarise(grey, 1)[:3], binarise(grey[:3], 1))
    assert not np.array_equal(binarise(grey, 1), binarise(grey, 2))
