"""The GAN's laws: whose weights move, cross-entropy by hand, soft labels in closed form, samples from a seed."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.activations import leaky_relu

from course_utils import losses, penalties
from course_utils.data import toy
from course_utils.game import Average
from course_utils.games.gan import GAN
from course_utils.networks.gan import batch_norm, point_critic, point_generator
from course_utils.priors import Prior, gaussian
from tests.numeric import array

LOSSES = [value for value in vars(losses).values() if isinstance(value, losses.AdversarialLoss)]
Z = np.random.default_rng(1).normal(size=(16, 2)).astype("float32")
X = toy("ring8", 64, seed=0)
FIXED = Prior("fixed", 2, lambda n, seed, labels: ops.convert_to_tensor(Z))


def small(game=GAN, normalisation=None, **arguments):
    keras.utils.set_random_seed(3)
    generator = point_generator(width=4, depth=2, activation=leaky_relu, normalisation=normalisation)
    return game(generator, point_critic(width=4, depth=2, activation=leaky_relu), **arguments)


def played(game, iterations=3):
    game.compile(run_eagerly=True)  # three tiny steps are quicker than compiling them
    return game.fit(X, batch_size=16, steps_per_epoch=iterations, verbose=0).history


def trainable(network):
    return [array(v) for v in network.trainable_variables]


def changed(before, after):
    return [not np.array_equal(a, b) for a, b in zip(before, after)]


def logits(game, x=X[:16]):
    real, fake = (array(game.critic(e)).astype("float64") for e in (x, game.generator(Z)))
    return real, fake


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_a_turn_moves_its_own_player_and_no_other():
    for mover, rates in (("critic", (0.1, 0.0)), ("generator", (0.0, 0.1))):
        critic_optimizer, generator_optimizer = (keras.optimizers.SGD(rate) for rate in rates)
        game = small(
            normalisation=batch_norm, critic_optimizer=critic_optimizer, generator_optimizer=generator_optimizer
        )
        before = {name: trainable(getattr(game, name)) for name in ("critic", "generator")}
        played(game)
        for name, weights in before.items():
            moved = changed(weights, trainable(getattr(game, name)))
            assert all(moved) if name == mover else not any(moved), (mover, name)


def test_the_minimax_critic_is_cross_entropy_with_labels_one_and_zero():
    game = small(prior=FIXED, loss=losses.minimax)
    value, logs = game.critic_loss(ops.convert_to_tensor(X[:16]), training=False)
    real, fake = logits(game)
    expected = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()
    assert float(array(value)) == pytest.approx(expected, abs=1e-6)
    both, labels = np.concatenate([real, fake]), np.repeat(np.float32([[1], [0]]), 16, axis=0)
    keras_says = ops.mean(ops.binary_crossentropy(labels, both.astype("float32"), from_logits=True))
    assert float(array(value)) == pytest.approx(2 * float(array(keras_says)), abs=1e-6)
    assert float(array(logs["logit_gap"])) == pytest.approx(real.mean() - fake.mean(), abs=1e-6)


def test_the_generators_losses_are_cross_entropies_of_the_fakes():
    x = ops.convert_to_tensor(X[:16])
    wrong = small(prior=FIXED, loss=losses.nonsaturating)
    fake = logits(wrong)[1]
    assert float(array(wrong.generator_loss(x, False))) == pytest.approx(-np.log(sigmoid(fake)).mean(), abs=1e-6)
    saturating = small(prior=FIXED, loss=losses.minimax)
    expected = np.log(1 - sigmoid(logits(saturating)[1])).mean()
    assert float(array(saturating.generator_loss(x, False))) == pytest.approx(expected, abs=1e-6)


def test_label_smoothing_changes_the_real_term_alone():
    """With the label 0.9: −0.9·log D(x) − 0.1·log(1 − D(x)); the fakes' term and the generator's loss stay."""
    x, smooth, plain = ops.convert_to_tensor(X[:16]), *(small(prior=FIXED, label_smoothing=s) for s in (0.1, 0.0))
    real, fake = logits(smooth)
    expected = -0.9 * np.log(sigmoid(real)).mean() - 0.1 * np.log(1 - sigmoid(real)).mean()
    expected -= np.log(1 - sigmoid(fake)).mean()
    found, without = (float(array(g.critic_loss(x, False)[0])) for g in (smooth, plain))
    assert found == pytest.approx(expected, abs=1e-6)
    assert found - without == pytest.approx(0.1 * real.mean(), abs=1e-6)
    assert array(smooth.generator_loss(x, False)) == array(plain.generator_loss(x, False))


def test_label_noise_moves_both_labels_inwards():
    game, one, zero = small(label_noise=0.2), ops.ones((4000, 1)), ops.zeros((4000, 1))
    real, fake = float(array(game.label_term(one, zero))), float(array(game.label_term(zero, one)))
    error = 5 * 0.2 / np.sqrt(12 * 4000)  # five standard errors of the mean of 4000 uniform numbers
    assert real == pytest.approx(0.1, abs=error) and fake == pytest.approx(-0.1, abs=error)
    assert real != float(array(game.label_term(one, zero)))  # drawn anew
    assert not isinstance(small().label_term(one, zero), type(one))  # without noise nothing is drawn


@pytest.mark.parametrize("soft", [{"label_smoothing": 0.1}, {"label_noise": 0.05}])
@pytest.mark.parametrize("loss", [losses.least_squares, losses.hinge, losses.wasserstein], ids=lambda x: x.name)
def test_only_a_cross_entropy_has_labels(loss, soft):
    with pytest.raises(ValueError, match=f"'{loss.name}'.*losses.nonsaturating"):
        small(loss=loss, **soft)


def test_labels_stay_on_their_side():
    with pytest.raises(ValueError, match=r"label_smoothing=0.4.*label_noise=0.2.*at most 0.5"):
        small(label_smoothing=0.4, label_noise=0.2)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: x.name)
def test_every_loss_plays_with_finite_losses_that_start_at_the_formula(loss):
    game = small(loss=loss, prior=FIXED)
    real, fake = (ops.convert_to_tensor(x.astype("float32")) for x in logits(game))
    found = [array(x) for x in (game.critic_loss(X[:16], False)[0], game.generator_loss(X[:16], False))]
    expected = [array(x) for x in (loss.discriminator(real, fake), loss.generator(fake))]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    before = trainable(game.critic) + trainable(game.generator)
    history = played(game)
    assert set(history) == {
        "loss", "critic_loss", "critic_gradient_norm", "generator_loss", "generator_gradient_norm",
        "real_accuracy", "fake_accuracy", "logit_gap",
    }  # fmt: skip
    assert np.isfinite(list(history.values())).all()
    after = trainable(game.critic) + trainable(game.generator)
    assert any(changed(before, after)) and all(np.isfinite(w).all() for w in after)


def test_five_losses_are_known():
    assert {x.name for x in LOSSES} == {"minimax", "nonsaturating", "least_squares", "hinge", "wasserstein"}


def test_accuracies_are_shares_of_logits_on_the_right_side():
    real, fake = np.array([[2.0], [0.3], [-1.0], [0.4]], "float32"), np.array([[-2.0], [0.3], [1.0], [3.0]], "float32")
    for loss, shares in ((losses.nonsaturating, (0.75, 0.25)), (losses.least_squares, (0.25, 0.5))):
        logs = small(loss=loss).diagnostics(ops.convert_to_tensor(real), ops.convert_to_tensor(fake))
        assert (float(array(logs["real_accuracy"])), float(array(logs["fake_accuracy"]))) == shares


def test_a_penalty_is_logged_by_itself_and_weighs_in():
    def penalty(critic, real, fake, seed):
        return penalties.r1(critic, real)

    x = ops.convert_to_tensor(X[:16])
    plain, penalised = small(prior=FIXED), small(prior=FIXED, penalty=penalty, penalty_weight=7.0)
    value, logs = penalised.critic_loss(x, True)
    assert float(array(logs["penalty"])) == pytest.approx(float(array(penalties.r1(penalised.critic, x))), rel=1e-5)
    expected = float(array(plain.critic_loss(x, True)[0])) + 7 * float(array(logs["penalty"]))
    assert float(array(value)) == pytest.approx(expected, rel=1e-5)


def test_samples_depend_on_the_seed_alone():
    game = small()
    first = game.sample(6, seed=7)
    assert first.shape == (6, 2) and isinstance(first, np.ndarray)
    game.critic_loss(ops.convert_to_tensor(X[:16]), True)  # draws from the game's own seeds
    np.testing.assert_array_equal(first, game.sample(6, seed=7))
    np.testing.assert_array_equal(first, small(seed=99).sample(6, seed=7))
    assert np.abs(first - game.sample(6, seed=8)).min() > 0


def test_samples_have_the_priors_spread():
    generator = point_generator(latent_dim=2, depth=0)
    game = GAN(generator, point_critic(width=4), prior=gaussian(2, stddev=5.0))
    generator.set_weights([np.eye(2), np.zeros(2)])
    assert game.sample(2000, seed=0).std() == pytest.approx(5.0, rel=0.1)


def test_samples_come_from_the_average_where_there_is_one():
    generator, averaged = (point_generator(width=4) for _ in range(2))
    game = GAN(generator, point_critic(width=4), averages=[Average(generator, averaged)])
    before = game.sample(4, seed=0)
    generator.set_weights([w + 1 for w in generator.get_weights()])
    np.testing.assert_array_equal(game.sample(4, seed=0), before)
    averaged.set_weights([w + 1 for w in averaged.get_weights()])
    assert np.abs(game.sample(4, seed=0) - before).max() > 0.1


def test_slopes_of_a_linear_critic():
    game = GAN(point_generator(width=4), point_critic(depth=0))
    game.critic.set_weights([np.array([[3.0], [-4.0]]), np.array([2.0])])
    np.testing.assert_allclose(game.slopes(X[:12]), np.full(12, 5.0), rtol=1e-6)


def test_the_same_seed_plays_the_same_game():
    ends = []
    for seed in (5, 5, 6):
        game = small(seed=seed)
        played(game, 1)
        ends.append(np.concatenate([w.ravel() for w in trainable(game.generator)]))
    np.testing.assert_array_equal(ends[0], ends[1])
    assert np.abs(ends[0] - ends[2]).max() > 0


def test_all_that_the_critic_sees_passes_through_the_augmentation():
    def gap(critic, real, fake, seed):
        return ops.mean(real) - ops.mean(fake)

    still = {name: keras.optimizers.SGD(0.0) for name in ("critic_optimizer", "generator_optimizer")}
    game = small(prior=FIXED, augment=lambda examples, seed: 2.0 * examples, penalty=gap, **still)
    game.compile(run_eagerly=True)
    history = game.fit(X[:16], batch_size=16, steps_per_epoch=1, verbose=0).history
    fakes = array(game.generator(Z))
    real, fake = (array(game.critic(2 * e)).astype("float64") for e in (X[:16], fakes))
    penalty = 2 * (X[:16].mean() - fakes.mean())
    by_hand = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean() + penalty
    assert np.isclose(history["penalty"][0], penalty, rtol=1e-4)
    assert np.isclose(history["critic_loss"][0], by_hand, rtol=1e-4)
    assert np.isclose(history["generator_loss"][0], -np.log(sigmoid(fake)).mean(), rtol=1e-4)


def test_a_critic_that_is_shown_nothing_teaches_nothing():
    game = small(augment=lambda examples, seed: 0.0 * examples)
    before = trainable(game.generator)
    history = played(game, iterations=1)
    assert not any(changed(before, trainable(game.generator)))
    assert history["logit_gap"] == [0.0]


def test_no_augmentation_is_the_identity():
    plain, identity = (played(small(**more)) for more in ({}, {"augment": lambda examples, seed: examples}))
    assert plain == identity
