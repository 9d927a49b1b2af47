"""The losses by hand, who moves when, labels for both, and an average that takes the batch-norm statistics along."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import backend, losses, penalties
from course_utils.game import Average
from course_utils.games.biggan import BigGAN, kernels
from course_utils.games.watching import settle, spectral_norms
from course_utils.networks.biggan import biggan_critic, biggan_generator
from tests.numeric import array

RNG = np.random.default_rng(2)
X, Y = np.tanh(RNG.normal(size=(64, 4, 4, 1))).astype("float32"), RNG.integers(0, 3, 64)
Z = RNG.normal(size=(8, 4)).astype("float32")


def generator():
    return biggan_generator(4, 3, (4,), (4, 4, 1), class_dim=4, attention=None)


def game(**arguments):
    keras.utils.set_random_seed(3)
    critic = biggan_critic(3, (4,), 1, (4, 4, 1), attention=None)
    return BigGAN(generator(), critic, **arguments)


def fixed(**arguments):
    """A game whose prior always draws the same, and a batch for it, as tensors."""
    made = game(**arguments)
    made.prior = lambda n, seed: ops.convert_to_tensor(Z)
    return made, (ops.convert_to_tensor(X[:8]), ops.convert_to_tensor(Y[:8].astype("int32")))


def played(made, iterations=1):
    made.compile(jit_compile=backend.name() == "jax")
    return made.fit(X, Y, batch_size=8, steps_per_epoch=iterations, verbose=0).history


def values(network):
    return [array(v) for v in network.trainable_variables]


@pytest.fixture(scope="module")
def trained():
    """Six iterations of a small game with an average that follows at once, and the weights before."""
    average = generator()
    made = game()
    made = BigGAN(
        made.generator, made.critic, averages=[Average(made.generator, average, 0.0)],
        critic_optimizer=keras.optimizers.Adam(3e-3, 0.0), generator_optimizer=keras.optimizers.Adam(3e-3, 0.0),
    )  # fmt: skip
    before = {"generator": values(made.generator), "critic": values(made.critic)}
    return made, before, played(made, 6)


def test_the_published_settings():
    made = game()
    assert [p.turns for p in made.players] == [2, 1] and made.adversarial is losses.hinge
    for player in made.players:
        found = player.optimizer.get_config()
        assert [found[k] for k in ("learning_rate", "beta_1", "beta_2")] == pytest.approx([2e-4, 0.0, 0.999])
    assert made.regulariser is penalties.orthogonal and made.regulariser_weight == 1e-4


def test_the_critics_loss_by_hand():
    made, (x, y) = fixed()
    loss, logs = made.critic_loss((x, y), training=False)
    fakes = made.generator([ops.convert_to_tensor(Z), y])
    real, fake = (array(made.critic([images, y])) for images in (x, fakes))
    expected = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
    assert float(array(loss)) == pytest.approx(float(expected), rel=1e-5)
    assert float(array(logs["logit_gap"])) == pytest.approx(float(real.mean() - fake.mean()), abs=1e-6)
    assert float(array(logs["real_accuracy"])) == (real > 0).mean()
    assert float(array(logs["fake_accuracy"])) == (fake < 0).mean()


@pytest.mark.parametrize("off_diagonal", [True, False])
def test_the_generators_loss_by_hand(off_diagonal):
    regulariser = functools.partial(penalties.orthogonal, off_diagonal=off_diagonal)
    made, (x, y) = fixed(regulariser=regulariser, regulariser_weight=0.5)
    for kernel in kernels(made.generator):
        kernel.assign(RNG.normal(size=kernel.shape))
    loss, logs = made.generator_loss((x, y), training=False)
    penalty = 0.0
    for kernel in kernels(made.generator):
        flat = array(kernel).reshape(-1, kernel.shape[-1]).astype("float64")
        gram, one = flat.T @ flat, np.eye(flat.shape[1])
        penalty += np.square(gram * (1 - one) if off_diagonal else gram - one).sum()
    fake = array(made.critic([made.generator([ops.convert_to_tensor(Z), y]), y]))
    assert float(array(logs["orthogonal"])) == pytest.approx(penalty, rel=1e-4)
    assert float(array(loss)) == pytest.approx(0.5 * penalty - float(fake.mean()), rel=1e-4)


def test_without_a_weight_there_is_no_regulariser():
    made, batch = fixed(regulariser_weight=0)
    logits = array(made.critic([made.fake(batch[1], False), batch[1]]))
    loss = made.generator_loss(batch, training=False)
    assert float(array(loss)) == pytest.approx(-float(logits.mean()), abs=1e-6)


def test_an_orthogonal_start_has_no_penalty_and_the_embedding_is_not_counted():
    made = game()
    names = {v.name for v in kernels(made.generator)}
    assert names == {"kernel"} and len(kernels(made.generator)) == 1 + 3 + 4 + 1  # dense, block, two norms, image
    tall = [k for k in kernels(made.generator) if np.prod(k.shape[:-1]) >= k.shape[-1]]
    assert max(float(array(penalties.orthogonal(k))) for k in tall) < 1e-8


def test_both_players_look_at_the_labels():
    made, (x, y) = fixed()
    for variable in made.critic.trainable_variables:
        variable.assign(RNG.normal(size=variable.shape))
    other = (y + 1) % 3
    for loss in (lambda b: made.critic_loss(b, False)[0], lambda b: made.generator_loss(b, False)[0]):
        assert abs(float(array(loss((x, y)))) - float(array(loss((x, other))))) > 1e-6


def test_two_turns_of_the_critic_for_one_of_the_generator(trained):
    made, before, history = trained
    assert [int(array(p.optimizer.iterations)) for p in made.players] == [12, 6]
    for name in before:
        assert all(np.any(a != b) for a, b in zip(values(getattr(made, name)), before[name]) if a.ndim > 1), name
    wanted = {"critic_loss", "generator_loss", "real_accuracy", "fake_accuracy", "logit_gap", "orthogonal", "loss"}
    assert wanted <= set(history) and np.isfinite(list(history.values())).all()


def test_the_average_takes_the_statistics_along(trained):
    made, _, _ = trained
    (average,) = made.averages
    for mine, theirs in zip(average.average.weights, made.generator.weights):
        np.testing.assert_allclose(array(mine), array(theirs), atol=1e-6)
    moved = [array(v) for v in average.average.weights if "moving_mean" in v.name]
    assert len(moved) == 3 and all(np.any(v != 0) for v in moved)


def test_spectral_norms_are_one_at_prediction_time(trained):
    made, _, _ = trained
    behind = spectral_norms(made.critic)  # three in the block, logit, projection
    assert len(behind) == 5 and min(behind.values()) > 1 - 1e-4 and max(behind.values()) < 1.1
    settle(made.critic)
    assert list(spectral_norms(made.critic).values()) == pytest.approx([1.0] * 5, abs=1e-4)


def test_a_turn_moves_its_own_player_only():
    still = keras.optimizers.SGD(0.0)
    for name in ("critic", "generator"):
        made = game(**{f"{name}_optimizer": still}, turns=1)
        before = {name: values(getattr(made, name)) for name in ("critic", "generator")}
        made.compile(run_eagerly=True)
        made.fit(X, Y, batch_size=8, steps_per_epoch=1, verbose=0)
        for player, old in before.items():
            same = all(np.array_equal(a, b) for a, b in zip(values(getattr(made, player)), old))
            assert same == (player == name)
        still = keras.optimizers.SGD(0.0)


def test_labels_out_of_range_are_refused_before_anything_moves():
    made = game()
    before = values(made.critic)
    with pytest.raises(ValueError, match="0 to 2"):
        made.fit(X, Y + 1, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(values(made.critic), before))


def test_samples_come_from_the_average_and_from_numpys_latents(trained):
    made, _, _ = trained
    labels = np.array([2, 2, 0])
    found = made.sample(3, seed=5, labels=labels)
    z = np.random.default_rng(5).standard_normal((3, 4), dtype="float32")
    np.testing.assert_allclose(found, array(made.averages[0].average([z, labels], training=False)), atol=1e-5)
    in_turn = made.sample(4, seed=5)
    np.testing.assert_allclose(in_turn, made.sample(4, seed=5, labels=np.array([0, 1, 2, 0])), atol=1e-6)
    assert not np.allclose(in_turn, made.sample(4, seed=5, truncation=0.1))
    with pytest.raises(ValueError, match="2 labels for 3"):
        made.sample(3, seed=5, labels=[0, 1])
