"""StyleGAN's habits: two styles in one image, lazy R1, growth that fades in, averages, truncation."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import losses, penalties
from course_utils.game import Average
from course_utils.games import stylegan
from course_utils.games.stylegan import StyleGAN
from course_utils.networks import stylegan as nets
from tests.numeric import array

RNG = np.random.default_rng(43)
X = RNG.uniform(-1, 1, (24, 8, 8, 1)).astype("float32")
SMALL = {"width": 1, "widest": 4}
KINDS = {
    "StyleGAN": (nets.style_synthesis, nets.style_critic),
    "StyleGAN2": (nets.skip_synthesis, nets.style_residual_critic),
}


def networks(kind="StyleGAN", size=8):
    synthesis, critic = KINDS[kind]
    return nets.style_mapping(3, depth=1), synthesis(size, 1, 3, **SMALL), critic(size, 1, **SMALL)


def small(kind="StyleGAN", size=8, **arguments):
    keras.utils.set_random_seed(5)
    return StyleGAN(*networks(kind, size), **arguments)


def played(game, iterations=1, x=X):
    """Plays some iterations as an epoch each; returns their logs."""
    game.compile()
    return game.fit(x, batch_size=8, epochs=iterations, steps_per_epoch=1, verbose=0).history


def weights(*made):
    return np.concatenate([array(v).ravel() for network in made for v in network.trainable_variables])


@pytest.fixture(scope="module")
def grown():
    """A game of networks that fade in, with averages, after six iterations; what it logged; and its first weights."""
    game, (mapping, synthesis, _) = small(), networks()
    averages = [Average(game.mapping, mapping), Average(game.synthesis, synthesis)]
    game = StyleGAN(game.mapping, game.synthesis, game.critic, fade_iterations=4, penalty_every=2, averages=averages)
    before = [weights(network) for network in (game.critic, game.mapping, game.synthesis)]
    return game, played(game, 6), before


def test_the_boxes_settings():
    game = small()
    assert [p.name for p in game.players] == ["critic", "generator"]
    assert game.players[0].networks == [game.critic]
    assert game.players[1].networks == [game.mapping, game.synthesis]
    for player in game.players:
        found = player.optimizer.get_config()
        assert [found[k] for k in ("learning_rate", "beta_1", "beta_2")] == pytest.approx([2e-3, 0.0, 0.99])
    assert (game.penalty_every, game.mixing, game.layer_count) == (16, 0.9, 4)


def test_both_players_move(grown):
    game, history, before = grown
    assert np.isfinite(list(history.values())).all()
    after = [weights(network) for network in (game.critic, game.mapping, game.synthesis)]
    assert all(np.any(a != b) for a, b in zip(before, after))


def test_stylegan2_plays_the_same_game():
    game = small("StyleGAN2", size=4)
    before = weights(game.critic), weights(game.mapping, game.synthesis)
    history = played(game, x=X[:, ::2, ::2])
    assert np.isfinite(list(history.values())).all() and history["fade"] == [1] and game.fades == []
    assert np.any(weights(game.critic) != before[0])
    assert np.any(weights(game.mapping, game.synthesis) != before[1])


def test_the_losses_are_the_nonsaturating_ones_and_the_penalty():
    game = small(gamma=0.7, penalty_every=1)
    real = ops.convert_to_tensor(X[:8])
    made = game.fake(real, False)
    game.fake = lambda real, training: made
    loss, logs = game.critic_loss(real, False)
    plain = losses.nonsaturating.discriminator(game.critic(real), game.critic(made))
    assert array(loss) == pytest.approx(array(plain) + 0.7 * array(penalties.r1(game.critic, real)), rel=1e-4)
    assert array(logs["penalty"]) > 0 and array(logs["fade"]) == 1
    assert array(game.generator_loss(real, False)) == pytest.approx(
        array(losses.nonsaturating.generator(game.critic(made))), rel=1e-5
    )


def test_the_penalty_comes_every_k_iterations_with_k_times_its_weight():
    game, real = small(penalty_every=3), ops.convert_to_tensor(X[:8])
    full = array(penalties.r1(game.critic, real))
    for iteration, factor in ((0, 3), (1, 0), (2, 0), (3, 3)):
        game.optimizers.iterations.assign(iteration)
        assert array(game.lazy_r1(real)) == pytest.approx(factor * full, rel=1e-5)


def test_the_penalty_is_skipped_in_the_compiled_program(grown):
    assert [p > 0 for p in grown[1]["penalty"]] == [True, False] * 3


def test_a_lazy_step_in_the_compiled_program_is_the_step_of_the_plain_penalty():
    """k·γ once is one weight: the same step, with the second derivative inside the program's branch."""
    after = []
    for gamma, every in ((60.0, 1), (30.0, 2)):
        sgd = [keras.optimizers.SGD(0.1) for _ in range(2)]
        game = small(size=4, gamma=gamma, penalty_every=every, critic_optimizer=sgd[0], generator_optimizer=sgd[1])
        before = weights(game.critic)
        played(game, x=X[:, ::2, ::2])
        after.append(weights(game.critic) - before)
    assert np.abs(after[0]).max() > 1e-3
    np.testing.assert_allclose(after[0], after[1], rtol=1e-3, atol=1e-5)


def test_two_styles_meet_at_a_random_layer():
    game = small(mixing=1.0)
    styles = array(game.styles(300, False))  # (300, 4, 3)
    changes = np.any(styles[:, 1:] != styles[:, :-1], axis=2)  # (300, 3)
    assert np.all(changes.sum(axis=1) == 1)
    assert np.all(changes.mean(axis=0) > 0.2)  # each of the three places is as likely: 1/3
    for mixing, share in ((0.0, 0.0), (0.5, 0.5)):
        game.mixing = mixing
        styles = array(game.styles(300, False))
        mixed = np.any(styles[:, :1] != styles, axis=(1, 2))
        assert mixed.mean() == pytest.approx(share, abs=0.1)
        assert len(np.unique(styles[:, 0].round(5), axis=0)) == 300


def test_grown_networks_fade_in_along_a_line(grown):
    game, history, _ = grown
    assert history["fade"] == pytest.approx([0, 0.25, 0.5, 0.75, 1, 1])
    for network in (game.synthesis, game.critic, game.best("synthesis")):
        assert array(network.get_layer("fade").fade) == 1


def test_without_fade_iterations_everything_is_as_if_it_had_always_been_there():
    game = small()
    game.synthesis.get_layer("fade").fade.assign(0.3)
    assert array(game.fade_in()) == 1 and array(game.synthesis.get_layer("fade").fade) == 1


def test_the_data_fades_with_the_networks():
    images = ops.convert_to_tensor(X[:4])
    np.testing.assert_allclose(array(stylegan.faded(images, 1.0)), X[:4], atol=1e-6)
    blurred = array(stylegan.faded(images, 0.0))
    assert blurred.std() < 0.5 * X[:4].std()
    np.testing.assert_allclose(array(stylegan.faded(images, 0.25)), 0.75 * blurred + 0.25 * X[:4], atol=1e-5)


def test_smaller_images_are_halved_until_they_fit():
    np.testing.assert_array_equal(stylegan.smaller(X, 8), X)
    small = stylegan.smaller(np.ones((101, 16, 16, 3), "float32"), 4)
    np.testing.assert_allclose(small, np.ones((101, 4, 4, 3)), rtol=1e-5)


def test_averages_keep_the_mean_style_and_make_the_samples(grown):
    game, *_ = grown
    mapping, synthesis = game.averages[0].average, game.averages[1].average
    assert game.best("mapping") is mapping and game.best("synthesis") is synthesis
    assert np.any(array(mapping.get_layer("mean").moving_mean) != 0)
    images = game.sample(5, seed=2)
    assert images.shape == (5, 8, 8, 1) and np.abs(images).max() <= 1
    np.testing.assert_array_equal(images, game.sample(5, seed=2))
    kept = mapping.get_weights()
    mapping.set_weights([2 * w for w in kept])
    assert np.any(game.sample(5, seed=2) != images)
    mapping.set_weights(kept)


def test_truncation_draws_styles_to_their_mean():
    mapping = networks()[0]
    mapping.get_layer("mean").moving_mean.assign(np.array([1.0, 2.0, 3.0], "float32"))
    w = RNG.normal(size=(5, 3)).astype("float32")
    np.testing.assert_allclose(stylegan.truncated(mapping, w, 1.0), w, atol=1e-6)
    np.testing.assert_allclose(stylegan.truncated(mapping, w, 0.0), [[1, 2, 3]] * 5)
    np.testing.assert_allclose(stylegan.truncated(mapping, w, 0.5), (w + [1, 2, 3]) / 2, rtol=1e-5)


def test_mixed_styles_take_the_first_layers_from_the_coarse_source():
    coarse, fine = np.zeros((2, 3)), np.ones((2, 3))
    np.testing.assert_array_equal(stylegan.mixed(coarse, fine, 1, 4)[0, :, 0], [0, 1, 1, 1])
    assert stylegan.mixed(coarse, fine, 4, 4).max() == 0 and stylegan.mixed(coarse, fine, 0, 4).min() == 1


def test_noise_can_be_given_to_some_layers_only():
    synthesis = networks()[1]
    every = stylegan.noise_for(synthesis, 2, np.random.default_rng(0))
    some = stylegan.noise_for(synthesis, 2, np.random.default_rng(0), slice(2, 3))
    part = nets.noise_slices(8)[2]
    assert every.shape == (2, 160) and np.all(every != 0)
    np.testing.assert_array_equal(some[:, part], every[:, part])
    some[:, part] = 0
    assert np.all(some == 0)


def test_images_do_not_depend_on_how_many_are_made_at_once():
    synthesis = networks()[1]
    w = RNG.normal(size=(stylegan.CHUNK + 2, 3)).astype("float32")
    many = stylegan.images_of(synthesis, w)
    assert many.shape == (stylegan.CHUNK + 2, 8, 8, 1)
    np.testing.assert_allclose(stylegan.images_of(synthesis, w[-2:]), many[-2:], atol=1e-4)
    repeated = np.repeat(w[-2:, None], 4, axis=1)
    np.testing.assert_allclose(stylegan.images_of(synthesis, repeated), many[-2:], atol=1e-4)
