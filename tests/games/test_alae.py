"""Algorithm 1: who moves in which step, the three losses by hand on linear networks, and both round trips."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import losses, priors
from course_utils.game import Average
from course_utils.games.alae import ALAE
from course_utils.networks.alae import latent_critic, latent_encoder, latent_generator, latent_mapping
from course_utils.priors import Prior
from tests.numeric import array

RNG = np.random.default_rng(5)
Z = RNG.normal(size=(8, 3)).astype("float32")
X = np.tanh(RNG.normal(size=(24, 2, 2, 1))).astype("float32")
FIXED = Prior("fixed", 3, lambda n, seed, labels: ops.convert_to_tensor(Z))
STEPS = {"critic": "ED", "generator": "FG", "latent": "EG"}


def networks(widths=(5,), depth=2):
    return [
        latent_mapping(3, depth),
        latent_generator(3, widths, (2, 2, 1)),
        latent_encoder(3, widths, (2, 2, 1)),
        latent_critic(3, depth),
    ]


def small(widths=(5,), depth=2, **arguments):
    keras.utils.set_random_seed(3)
    return ALAE(*networks(widths, depth), **arguments)


def played(game, iterations=2):
    game.compile(run_eagerly=True)  # a few tiny steps are quicker than compiling them
    return game.fit(X, batch_size=8, steps_per_epoch=iterations, verbose=0).history


def weights(game):
    return {name: [array(v) for v in getattr(game, name).trainable_variables] for name in "FGED"}


def moved(before, after):
    return {name: [not np.array_equal(a, b) for a, b in zip(before[name], after[name])] for name in before}


def linear():
    """A game of linear networks, F(z) = z of length √3, and its matrices: G (3, 4), E (4, 3), D (3, 1)."""
    game = small(widths=(), depth=1, prior=FIXED, gamma=10.0)
    F = keras.Sequential([keras.Input((3,)), *latent_mapping(3, 0).layers[1:]])
    game = ALAE(F, game.G, game.E, game.D, prior=FIXED, gamma=10.0)
    kernels = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 3)), RNG.normal(size=(3, 1))
    scales = 1 / np.sqrt(3), 0.5, 0.1 / np.sqrt(3)  # of the equalised layers, and D's multiplier
    for name, kernel, scale in zip("GED", kernels, scales):
        getattr(game, name).layers[-1 if name != "G" else -2].trainable_variables[0].assign(kernel / scale)
    w = Z / np.sqrt((Z.astype("float64") ** 2).mean(1, keepdims=True) + 1e-8)
    return game, w, *kernels


def softplus(x):
    return np.logaddexp(0, x)


@pytest.mark.parametrize("mover", STEPS)
def test_a_step_moves_the_networks_it_names_and_leaves_the_others_bit_for_bit(mover):
    optimizers = {f"{name}_optimizer": keras.optimizers.SGD(0.1 * (name == mover)) for name in STEPS}
    game = small(**optimizers)
    before = weights(game)
    played(game)
    for name, changed in moved(before, weights(game)).items():
        assert all(changed) if name in STEPS[mover] else not any(changed), (mover, name)


def test_three_players_in_the_order_of_the_algorithm_each_with_an_adam_of_its_own():
    game = small()
    assert [p.name for p in game.players] == list(STEPS)
    assert [[n.name for n in p.networks] for p in game.players] == [list(names) for names in STEPS.values()]
    for player in game.players:
        found = player.optimizer.get_config()
        assert [found[k] for k in ("learning_rate", "beta_1", "beta_2")] == pytest.approx([2e-3, 0, 0.99])
    played(game, 1)
    assert [int(array(p.optimizer.iterations)) for p in game.players] == [1, 1, 1]
    of_critic, of_latent = (
        [array(v) for v in game.players[k].optimizer.variables if tuple(v.shape) == (4, 5)] for k in (0, 2)
    )
    assert len(of_critic) == len(of_latent) == 2  # momentum and velocity of E's first kernel, twice
    assert all(np.abs(a - b).max() > 0 for a, b in zip(of_critic, of_latent))


def test_step_one_by_hand():
    """Two softplus terms, and of a linear D∘E the penalty γ/2·‖E D‖², whatever the images are."""
    game, w, G, E, D = linear()
    x = X[:8].reshape(8, 4).astype("float64")
    fake, real = w @ G @ E @ D, x @ E @ D
    squared_slope = np.sum((E @ D) ** 2)
    expected = softplus(fake).mean() + softplus(-real).mean() + 5 * squared_slope
    value, logs = game.critic_loss(ops.convert_to_tensor(X[:8]), training=True)
    assert float(array(value)) == pytest.approx(expected, rel=1e-5)
    assert float(array(logs["squared_slope"])) == pytest.approx(squared_slope, rel=1e-5)
    assert float(array(logs["logit_gap"])) == pytest.approx(real.mean() - fake.mean(), rel=1e-4, abs=1e-6)
    shares = float(array(logs["real_accuracy"])), float(array(logs["fake_accuracy"]))
    assert shares == ((real > 0).mean(), (fake < 0).mean())
    np.testing.assert_allclose(game.slopes(X), np.full(24, np.sqrt(squared_slope)), rtol=1e-5)
    game.gamma.assign(0.0)
    without = float(array(game.critic_loss(ops.convert_to_tensor(X[:8]), training=True)[0]))
    assert without == pytest.approx(expected - 5 * squared_slope, rel=1e-5)


def test_step_two_by_hand():
    game, w, G, E, D = linear()
    value = float(array(game.generator_loss(ops.convert_to_tensor(X[:8]), training=True)))
    assert value == pytest.approx(softplus(-w @ G @ E @ D).mean(), rel=1e-5)


def test_step_three_by_hand():
    game, w, G, E, _ = linear()
    error = np.sum((w - w @ G @ E) ** 2, axis=1).mean()
    value, logs = game.latent_loss(ops.convert_to_tensor(X[:8]), training=True)
    assert float(array(value)) == pytest.approx(error, rel=1e-5)
    relative = np.sqrt(error / np.sum(w.var(0)))
    assert float(array(logs["relative_error"])) == pytest.approx(relative, rel=1e-5)


def test_the_adversarial_terms_are_those_of_the_nonsaturating_gan():
    game, x = small(prior=FIXED, gamma=0.0), ops.convert_to_tensor(X[:8])
    fake, real = game.D(game.E(game.G(game.F(Z), training=True))), game.D(game.E(x))
    found = [float(array(v)) for v in (game.critic_loss(x, True)[0], game.generator_loss(x, True))]
    expected = [losses.nonsaturating.discriminator(real, fake), losses.nonsaturating.generator(fake)]
    assert found == pytest.approx([float(array(v)) for v in expected], abs=1e-6)
    assert game.adversarial is losses.nonsaturating


def test_an_encoder_that_names_the_mean_has_a_relative_error_of_one_and_an_inverse_of_zero():
    game, w, G, *_ = linear()
    kernel, bias = game.E.layers[-1].trainable_variables
    kernel.assign(2 * np.linalg.pinv(G))  # the layer halves it
    value, logs = game.latent_loss(ops.convert_to_tensor(X[:8]), training=True)
    assert float(array(value)) == pytest.approx(0, abs=1e-9)
    assert float(array(logs["relative_error"])) == pytest.approx(0, abs=1e-5)
    in_range = (w @ G / 4).astype("float32").reshape(8, 2, 2, 1)  # an image that G can make comes back whole
    np.testing.assert_allclose(game.reconstruct(in_range), np.clip(in_range, -1, 1), atol=1e-5)
    kernel.assign(np.zeros((4, 3)))
    bias.assign(w.mean(0))
    logs = game.latent_loss(ops.convert_to_tensor(X[:8]), training=True)[1]
    assert float(array(logs["relative_error"])) == pytest.approx(1, rel=1e-5)


def test_a_generator_cut_at_z_is_the_same_game_without_a_mapping():
    F, G, E, D = networks()
    z = keras.Input((3,))
    game = ALAE(keras.Model(z, keras.layers.Identity()(z), name="same"), keras.Model(F.input, G(F.output)), E, D)
    before = weights(game)
    played(game)
    assert before["F"] == [] and all(all(changed) for changed in moved(before, weights(game)).values())


def test_samples_and_reconstructions_come_from_averages_and_stay_in_range():
    live, averaged = networks(), networks()
    game = ALAE(*live, averages=[Average(a, b) for a, b in zip(live, averaged)])
    before = game.sample(6, seed=7), game.reconstruct(X)
    assert before[0].shape == (6, 2, 2, 1) and before[1].shape == X.shape
    for network in live:
        network.set_weights([w + 1 for w in network.get_weights()])
    np.testing.assert_array_equal(before[0], game.sample(6, seed=7))
    np.testing.assert_array_equal(before[1], game.reconstruct(X))
    assert np.abs(before[0] - game.sample(6, seed=8)).max() > 0.1
    averaged[1].set_weights([100 * w + 100 for w in averaged[1].get_weights()])
    assert np.abs(game.sample(6, seed=7)).max() == 1


def test_batch_norm_in_the_encoder_is_refused_before_anything_moves():
    images = keras.Input((2, 2, 1))
    hidden = keras.layers.BatchNormalization()(keras.layers.Flatten()(images))
    F, G, _, D = networks()
    game = ALAE(F, G, keras.Model(images, keras.layers.Dense(3)(hidden)), D, prior=priors.gaussian(3))
    with pytest.raises(ValueError, match="batch normalisation"):
        played(game)


def test_the_same_seed_plays_the_same_game():
    ends = []
    for seed in (5, 5, 6):
        game = small(seed=seed)
        history = played(game, 1)
        assert np.isfinite(list(history.values())).all()
        ends.append(np.concatenate([w.ravel() for w in weights(game)["E"]]))
    np.testing.assert_array_equal(ends[0], ends[1])
    assert np.abs(ends[0] - ends[2]).max() > 0
