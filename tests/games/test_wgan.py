"""Clipped weights stay clipped, penalised critics refuse batch norm, and each game is its algorithm box."""

import functools

import keras
import numpy as np
import pytest
from keras import ops
from keras.activations import leaky_relu

from course_utils import backend, losses, penalties
from course_utils.data import toy
from course_utils.games import wgan
from course_utils.games.wgan import WGAN, WGANGP
from course_utils.networks.gan import batch_norm, layer_norm, point_critic, point_generator
from tests.numeric import array

LOSSES = [value for value in vars(losses).values() if isinstance(value, losses.AdversarialLoss)]
PENALTIES = {
    wgan.two_sided: lambda f, x, g, seed: penalties.gradient_penalty(f, x, g, seed),
    wgan.one_sided: lambda f, x, g, seed: penalties.gradient_penalty(f, x, g, seed, one_sided=True),
    wgan.r1: lambda f, x, g, seed: penalties.r1(f, x),
    wgan.dragan: lambda f, x, g, seed: penalties.dragan(f, x, seed),
}
X = toy("ring8", 96, seed=0)


def small(game, normalisation=None, **arguments):
    keras.utils.set_random_seed(3)
    critic = point_critic(width=4, depth=2, activation=leaky_relu, normalisation=normalisation)
    return game(point_generator(width=4, depth=2, activation=leaky_relu), critic, **arguments)


def quick(game):
    """What makes a few tiny steps cheapest: no compiling, or without XLA on TensorFlow where turns repeat."""
    eager = max(p.turns for p in game.players) == 1
    return {"run_eagerly": eager, "jit_compile": backend.name() == "jax" and not eager}


def played(game, iterations=1):
    game.compile(**quick(game))
    return game.fit(X, batch_size=16, steps_per_epoch=iterations, verbose=0).history


def weights(network):
    return np.concatenate([array(v).ravel() for v in network.trainable_variables])


@pytest.mark.parametrize("normalisation", [None, batch_norm])
def test_all_weights_are_clipped_after_every_turn(normalisation):
    game = small(WGAN, normalisation, clip=0.03, turns=1, critic_optimizer=keras.optimizers.RMSprop(1e-2))
    assert np.abs(weights(game.critic)).max() > 0.03
    game.compile(**quick(game))
    for _ in range(3):
        game.fit(X, batch_size=16, steps_per_epoch=1, verbose=0)
        clipped = np.abs(weights(game.critic))
        limit = np.float32(0.03)
        assert clipped.max() == limit and (clipped == limit).mean() > 0.2
    assert np.abs(weights(game.generator)).max() > 0.03  # the generator is free


def test_a_clip_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match=r"c = 0.*0\.01"):
        small(WGAN, clip=0)


def test_clipping_bounds_the_slope_by_the_product_of_the_layers_norms():
    game = small(WGAN, clip=0.5, turns=1, critic_optimizer=keras.optimizers.RMSprop(1e-2))
    played(game, 2)
    kernels = [array(v) for v in game.critic.trainable_variables if len(v.shape) == 2]
    bound = np.prod([np.linalg.norm(k, 2) for k in kernels])
    worst = 0.5**3 * np.sqrt(2 * 4 * 4 * 4 * 4 * 1)  # every weight at ±c: the Frobenius norms' product
    slopes = game.slopes(X)
    assert 0 < slopes.max() <= bound * (1 + 1e-5) and bound <= worst * (1 + 1e-5)


def test_the_boxes_settings():
    clipped, penalised = small(WGAN), small(WGANGP)
    assert [p.turns for p in clipped.players] == [p.turns for p in penalised.players] == [5, 1]
    for player in clipped.players:
        assert isinstance(player.optimizer, keras.optimizers.RMSprop)
        assert float(array(player.optimizer.learning_rate)) == pytest.approx(5e-5)
    for player in penalised.players:
        found = player.optimizer.get_config()
        assert [found[k] for k in ("learning_rate", "beta_1", "beta_2")] == pytest.approx([1e-4, 0.5, 0.9])
    assert all(v.constraint.c == 0.01 for v in clipped.critic.trainable_variables)
    assert all(v.constraint is None for v in clipped.generator.trainable_variables)
    assert penalised.penalty is wgan.two_sided and penalised.penalty_weight == 10
    assert clipped.adversarial is penalised.adversarial is losses.wasserstein


def test_the_critic_takes_five_steps_for_one_of_the_generator():
    game = small(WGAN)
    played(game, 2)
    assert [int(array(p.optimizer.iterations)) for p in game.players] == [10, 2]
    assert np.abs(weights(game.critic)).max() == np.float32(0.01)


def test_the_gap_is_minus_the_wasserstein_critics_loss():
    still = [keras.optimizers.SGD(0.0) for _ in range(2)]
    game = small(WGAN, turns=1, critic_optimizer=still[0], generator_optimizer=still[1])
    history = played(game)
    assert history["logit_gap"][0] == pytest.approx(-history["critic_loss"][0], abs=1e-6)


def test_the_penalised_loss_is_gap_and_penalty():
    game = small(WGANGP, turns=2)
    history = played(game, 2)
    expected = -history["logit_gap"][0] + 10 * history["penalty"][0]
    assert history["critic_loss"][0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.__name__)
def test_penalties_are_those_of_the_package(penalty):
    critic = point_critic(width=4)
    critic.set_weights([3 * w for w in critic.get_weights()])  # steep enough for the one-sided penalty
    real, fake = (ops.convert_to_tensor(x) for x in (X[:16], X[16:32]))
    expected = array(PENALTIES[penalty](critic, real, fake, keras.random.SeedGenerator(5)))
    found = array(penalty(critic, real, fake, keras.random.SeedGenerator(5)))
    assert found == pytest.approx(float(expected), rel=1e-5) and found > 0


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.__name__)
def test_a_penalised_critic_refuses_batch_norm_before_anything_moves(penalty):
    game = small(WGANGP, batch_norm, penalty=penalty)
    before = weights(game.critic)
    with pytest.raises(ValueError, match="batch normalisation.*LayerNormalization or nothing"):
        played(game)
    np.testing.assert_array_equal(before, weights(game.critic))


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.__name__)
def test_every_penalty_plays_also_with_layer_norm(penalty):
    game = small(WGANGP, layer_norm, penalty=penalty, turns=1)
    before = weights(game.critic)
    assert np.isfinite(list(played(game, 2).values())).all()
    assert np.isfinite(weights(game.critic)).all() and np.any(weights(game.critic) != before)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: x.name)
@pytest.mark.parametrize("game", [WGAN, WGANGP])
def test_every_loss_can_be_chosen(game, loss):
    made = small(game, loss=loss, turns=1)
    before = weights(made.generator)
    history = played(made, 2)
    assert np.isfinite(list(history.values())).all() and np.any(weights(made.generator) != before)


def test_soft_labels_and_other_arguments_reach_the_game():
    game = small(functools.partial(WGANGP, loss=losses.nonsaturating), label_smoothing=0.1, seed=4, name="dragan")
    assert game.label_smoothing == 0.1 and game.seed == 4 and game.name == "dragan"


def test_the_penalty_pulls_the_slope_towards_one():
    """A critic that starts ten times too steep ends nearer to 1 when nothing but the penalty counts."""
    flat = losses.AdversarialLoss("none", lambda r, f: 0.0 * ops.mean(r), lambda f: 0.0 * ops.mean(f))
    game = small(WGANGP, loss=flat, turns=1, critic_optimizer=keras.optimizers.Adam(0.1))
    game.critic.set_weights([w * 3 for w in game.critic.get_weights()])
    before = game.slopes(X)
    played(game, 20)
    after = game.slopes(X)
    assert np.abs(after - 1).mean() < 0.5 * np.abs(before - 1).mean()
