"""The adversarial autoencoder's laws: whose weights move, losses by hand, labels, optimizers that are not shared."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils import losses
from course_utils.game import Average
from course_utils.games.aae import AAE, LabelsOnly, SemiSupervisedAAE, beside, cross_entropy, few_labels
from course_utils.networks.aae import code_decoder, code_discriminator, code_encoder, label_style_encoder
from course_utils.priors import Prior, gaussian_mixture
from tests.numeric import array

SHAPE = (4, 4, 1)
X = np.random.default_rng(0).random((12, *SHAPE)).astype("float32")
Y = (np.arange(12) % 3).astype("int32")
Z = np.random.default_rng(1).normal(size=(12, 2)).astype("float32")
FIXED = Prior("fixed", 2, lambda n, seed, labels: ops.convert_to_tensor(Z))


def small(seen=2, **arguments):
    keras.utils.set_random_seed(3)
    return AAE(
        code_encoder(2, (6,), SHAPE), code_decoder(2, (6,), SHAPE), code_discriminator(seen, (6,)),
        **{"prior": FIXED, **arguments},
    )  # fmt: skip


def semi(**arguments):
    keras.utils.set_random_seed(3)
    encoder = label_style_encoder(3, 2, (6,), SHAPE, normalised=True, noise=0.1)
    judges = code_discriminator(3, (6,)), code_discriminator(2, (6,))
    return SemiSupervisedAAE(encoder, code_decoder(5, (6,), SHAPE), *judges, **arguments)


def networks(game):
    names = ("encoder", "decoder", "discriminator", "label_discriminator", "style_discriminator")
    return {name: getattr(game, name) for name in names if hasattr(game, name)}


def weights(game):
    return {name: [array(v) for v in network.trainable_variables] for name, network in networks(game).items()}


def moved(game, *data):
    """The networks of which any trainable weight changed in an iteration that is played eagerly."""
    before = weights(game)
    game.compile(run_eagerly=True)
    game.fit(*data, batch_size=12, steps_per_epoch=1, verbose=0)
    after = weights(game)
    return {name for name in before if any(not np.array_equal(a, b) for a, b in zip(before[name], after[name]))}


def alone(game, name):
    game.players = [player for player in game.players if player.name == name]
    return game


def softplus(x):
    return np.logaddexp(0, x)


@pytest.mark.parametrize(
    ("player", "expected"),
    [("reconstruction", {"encoder", "decoder"}), ("discriminator", {"discriminator"}), ("encoder", {"encoder"})],
)
def test_a_turn_moves_its_own_networks_and_no_others(player, expected):
    assert moved(alone(small(), player), X) == expected


@pytest.mark.parametrize(
    ("player", "expected"),
    [
        ("reconstruction", {"encoder", "decoder"}),
        ("discriminators", {"label_discriminator", "style_discriminator"}),
        ("encoder", {"encoder"}),
        ("labels", {"encoder"}),
    ],
)
def test_a_semi_supervised_turn_moves_its_own_networks_and_no_others(player, expected):
    assert moved(alone(semi(), player), (X, X, Y)) == expected


def test_the_players_of_one_encoder_keep_their_own_optimizer_state():
    game = small()
    moved(game, X)
    first, adversary = (game.players[k].optimizer for k in (0, 2))
    moments = [[array(v) for v in o.variables if tuple(v.shape) == (16, 6)] for o in (first, adversary)]
    assert [len(some) for some in moments] == [2, 2]  # Adam's two, of the encoder's first kernel
    assert all(not np.allclose(*pair) for pair in zip(*moments))
    assert int(array(first.iterations)) == int(array(adversary.iterations)) == 1


def test_the_three_losses_are_the_formulas():
    game, x = small(), ops.convert_to_tensor(X)
    codes = array(game.encoder(X))
    pixels = array(game.decoder(codes)).astype("float64")
    on_draws, on_codes = (array(game.discriminator(z)).astype("float64") for z in (Z, codes))
    nll = (softplus(pixels) - X * pixels).sum((1, 2, 3)).mean()
    assert float(array(game.reconstruction_loss(x, False))) == pytest.approx(nll, rel=1e-5)
    loss, logs = game.discriminator_loss(x, False)
    assert float(array(loss)) == pytest.approx(softplus(-on_draws).mean() + softplus(on_codes).mean(), rel=1e-5)
    assert float(array(logs["prior_accuracy"])) == pytest.approx((on_draws > 0).mean())
    assert float(array(logs["code_accuracy"])) == pytest.approx((on_codes < 0).mean())
    assert float(array(game.encoder_loss(x, False))) == pytest.approx(softplus(-on_codes).mean(), rel=1e-5)


def test_any_adversarial_loss_can_take_the_place():
    game, x = small(loss=losses.hinge), ops.convert_to_tensor(X)
    on_codes = array(game.discriminator(game.encoder(X)))
    assert float(array(game.encoder_loss(x, False))) == pytest.approx(-on_codes.mean(), abs=1e-6)


def test_the_penalty_is_half_the_squared_slope_at_draws_from_the_prior():
    game = small()
    linear = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    games = [AAE(game.encoder, game.decoder, linear, prior=FIXED, gamma=gamma) for gamma in (0.0, 3.0)]
    losses_of = [float(array(g.discriminator_loss(ops.convert_to_tensor(X), True)[0])) for g in games]
    squared_slope = float(np.sum(array(linear.layers[-1].kernel) ** 2))
    assert losses_of[1] - losses_of[0] == pytest.approx(1.5 * squared_slope, rel=1e-4)


def test_the_discriminator_sees_the_label_beside_the_code():
    game = small(seen=2 + 4, prior=gaussian_mixture(3))
    labels = np.array([0, 2, 3] * 4, "int32")  # 3 is "unlabelled"
    beside = np.concatenate([Z, np.eye(4)[labels]], axis=1).astype("float32")
    judged = game.judge(ops.convert_to_tensor(Z), ops.convert_to_tensor(labels))
    assert np.allclose(array(judged), array(game.discriminator(beside)), rtol=1e-6)
    swapped = game.judge(ops.convert_to_tensor(Z), ops.convert_to_tensor(labels[::-1].copy()))
    assert not np.allclose(array(judged), array(swapped), rtol=1e-3)


def test_a_label_draws_from_its_part_and_none_from_the_whole_prior():
    """Parts 0 … 2 of this prior are the points (k, k); its whole is drawn at (9, 9)."""

    def draw(n, seed, labels):
        part = ops.full((n,), 9.0) if labels is None else ops.cast(labels, "float32")
        return ops.stack([part, part], axis=1)

    game = small(seen=2 + 4, prior=Prior("points", 2, draw, classes=3))
    labels = np.array([0, 2, 3, 1] * 3, "int32")
    drawn = array(game.draw(ops.convert_to_tensor(X), ops.convert_to_tensor(labels)))
    assert drawn[:, 0].tolist() == [0, 2, 9, 1] * 3 and np.array_equal(drawn[:, 0], drawn[:, 1])


def test_a_conditional_game_is_fitted_on_images_and_labels():
    game = small(seen=2 + 4, prior=gaussian_mixture(3))
    assert moved(game, X, Y) == {"encoder", "decoder", "discriminator"}


def test_the_discriminators_turns_follow_their_number():
    game = small(turns=3)
    moved(game, np.concatenate([X] * 3))
    assert [int(array(p.optimizer.iterations)) for p in game.players] == [1, 3, 1]


def test_the_semi_supervised_losses_are_the_formulas():
    game = semi()
    x, batch = ops.convert_to_tensor(X), (X, X[::-1].copy(), Y)
    logits, styles = (array(t) for t in game.encoder(X, training=False))
    q = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    pixels = array(game.decoder(np.concatenate([q, styles], 1))).astype("float64")
    nll = (softplus(pixels) - X * pixels).sum((1, 2, 3)).mean()
    on_labels, on_styles = array(game.label_discriminator(q)), array(game.style_discriminator(styles))
    batch = tuple(ops.convert_to_tensor(part) for part in batch)
    assert float(array(game.reconstruction_loss(batch, False))) == pytest.approx(nll, rel=1e-5)
    passing = softplus(-on_labels).mean() + softplus(-on_styles).mean()
    assert float(array(game.encoder_loss(batch, False))) == pytest.approx(passing, rel=1e-5)
    loss, logs = game.labels_loss(batch, False)
    log_q = np.log(q)[::-1][np.arange(12), Y]
    assert float(array(loss)) == pytest.approx(-log_q.mean(), rel=1e-5)
    assert float(array(logs["labels_accuracy"])) == pytest.approx((q[::-1].argmax(1) == Y).mean())
    assert tuple(game.code(x, False)[0].shape) == (12, 3)


def test_labels_are_learned_alone_and_beside_unlabelled_images():
    keras.utils.set_random_seed(0)
    encoder = label_style_encoder(3, 2, (16,), SHAPE)
    average = label_style_encoder(3, 2, (16,), SHAPE)
    game = LabelsOnly(encoder, keras.optimizers.Adam(0.02), averages=[Average(encoder, average, 0.9)])
    game.compile(steps_per_execution=20)
    logs = game.fit((X, Y), batch_size=12, epochs=3, steps_per_epoch=20, verbose=0).history
    assert logs["labels_accuracy"][-1] == 1.0 and logs["labels_loss"][-1] < 0.5 * logs["labels_loss"][0]


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_the_classes():
    nats, logs = cross_entropy(ops.zeros((4, 10)), ops.convert_to_tensor(np.array([0, 3, 0, 9], "int32")))
    assert float(array(nats)) == pytest.approx(np.log(10)) and set(logs) == {"labels_accuracy"}


def test_few_labels_are_as_many_of_each_class_and_follow_the_seed():
    labels = np.random.default_rng(0).integers(10, size=500)
    chosen = few_labels(labels, 100, seed=1)
    assert len(set(chosen)) == 100 and np.bincount(labels[chosen]).tolist() == [10] * 10
    assert np.array_equal(chosen, few_labels(labels, 100, seed=1))
    assert not np.array_equal(chosen, few_labels(labels, 100, seed=2))
    for count in (95, 10_000, 0):
        with pytest.raises(ValueError, match=f"Found {count} labels.*multiple of 10"):
            few_labels(labels, count, seed=0)


def test_beside_repeats_the_labelled_images_with_their_labels():
    images, few, labels = beside(X, X[:5], Y[:5])
    assert len(images) == len(few) == len(labels) == 12 and labels.dtype == np.int32
    for k in range(12):
        assert np.array_equal(few[k], X[k % 5]) and labels[k] == Y[k % 5]


def test_a_variable_that_a_prior_reads_can_be_given_to_the_game():
    """What the game does not know would be a constant of the compiled step on JAX."""
    table = keras.Variable(np.zeros((12, 2), "float32"), trainable=False)
    game = small(prior=Prior("table", 2, lambda n, seed, labels: ops.convert_to_tensor(table.value)))
    game.table = table
    assert any(v is table for v in game.non_trainable_variables)
    for value in (0.0, 5.0):
        table.assign(np.full((12, 2), value))
        assert np.all(array(game.draw(ops.convert_to_tensor(X))) == value)
