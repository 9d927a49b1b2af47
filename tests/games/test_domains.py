"""Adaptation: losses by hand, who moves and who does not, the reversal as two players at once."""

import keras
import numpy as np
import pytest

from course_utils import data, losses
from course_utils.games import domains
from course_utils.networks.domains import digit_classifier, digit_encoder, domain_discriminator
from tests.numeric import array, gradients

RNG = np.random.default_rng(0)
SOURCE, TARGET = (RNG.uniform(-1, 1, (16, 8, 8, 1)).astype("float32") for _ in range(2))
LABELS = RNG.integers(0, 3, 16)
BATCH = SOURCE, LABELS, TARGET


def encoder():
    return digit_encoder((8, 8, 1), width=2, features=6, dropout=0.0)


def networks(seed=1):
    keras.utils.set_random_seed(seed)
    return encoder(), digit_classifier(6, 3), domain_discriminator(6, (5,))


def sgd():
    return keras.optimizers.SGD(0.1)


def played(game, batch, iterations=1):
    game.compile()
    game.fit(*([batch] if isinstance(batch, tuple) else batch), batch_size=16, steps_per_epoch=iterations, verbose=0)
    return game


def weights(network):
    return [array(v) for v in network.trainable_variables]


def logistic(logits, sign):
    return np.logaddexp(0, -sign * logits.astype("float64")).mean()


def nats(logits, labels):
    logits = logits.astype("float64")
    return (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]).mean()


def test_the_ramp_by_hand():
    strength = domains.ramp(100, 2.0)
    found = [float(array(strength(t))) for t in (0, 10, 100, 1000)]
    assert found == pytest.approx([0.0, 2 * (2 / (1 + np.exp(-1.0)) - 1), 1.9998184, 1.9998184], abs=1e-5)
    assert float(array(domains.constant(0.3)(7))) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="iterations"):
        domains.ramp(0)


def test_a_step_of_the_reversal_is_a_simultaneous_step_of_two_players():
    one, two = networks(), networks()
    played(domains.Reversal(*one, strength=domains.constant(0.7), optimizer=sgd()), BATCH)
    e, c, d = two

    def features():
        return e(SOURCE, training=True), e(TARGET, training=True)

    def judged():
        source, target = features()
        return losses.nonsaturating.discriminator(d(source), d(target))

    def encoders():
        return domains.cross_entropy(LABELS, c(features()[0])) - 0.7 * judged()

    mover, judge = e.trainable_variables + c.trainable_variables, d.trainable_variables
    steps = gradients(encoders, mover), gradients(judged, judge)  # both before anything moves
    for variables, step in zip((mover, judge), steps):
        for variable, gradient in zip(variables, step):
            variable.assign(array(variable) - 0.1 * gradient)
    for first, second in zip(one, two):
        for moved, expected in zip(weights(first), weights(second), strict=True):
            np.testing.assert_allclose(moved, expected, atol=2e-6)


def test_without_strength_the_encoder_does_not_know_of_the_judge():
    plain, judged = networks(), networks()
    played(domains.Reversal(*judged, strength=domains.constant(0.0), optimizer=sgd()), BATCH)
    e, c, _ = plain
    game = domains.Alignment(e, c, losses.coral, domains.constant(0.0), optimizer=sgd())
    played(game, BATCH)
    for first, second in zip(plain[:2], judged[:2]):
        for one, other in zip(weights(first), weights(second), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_losses_of_every_game_by_hand():
    e, c, d = networks()
    source, target = (array(e(x, training=False)) for x in (SOURCE, TARGET))
    judged = [array(d(x)) for x in (source, target)]
    right = nats(array(c(source)), LABELS)
    domain = logistic(judged[0], 1) + logistic(judged[1], -1)
    confusion = 0.5 * np.mean([logistic(x, sign) for x in judged for sign in (1, -1)]) * 2
    told = np.mean([(judged[0] > 0).mean(), (judged[1] <= 0).mean()])
    half = domains.constant(0.5)

    def measured(game):
        game.compile()
        return game.evaluate(BATCH, batch_size=16, verbose=0)

    found = measured(domains.Reversal(e, c, d, half))
    assert found["network_loss"] == pytest.approx(right + domain, rel=1e-4)
    assert found["domain_loss"] == pytest.approx(domain, rel=1e-4)
    assert found["domain_accuracy"] == pytest.approx(told, abs=1e-6)
    found = measured(domains.Confusion(e, c, d, half))
    assert found["discriminator_loss"] == pytest.approx(domain, rel=1e-4)
    assert found["encoder_loss"] == pytest.approx(right + 0.5 * confusion, rel=1e-4)
    for distance in (losses.coral, losses.mmd):
        apart = float(array(distance(source, target)))
        found = measured(domains.Alignment(e, c, distance, half))
        assert apart > 0 and found["encoder_loss"] == pytest.approx(right + 0.5 * apart, rel=1e-4)
    game = domains.ADDA(e, encoder(), d)
    game.compile()
    found = game.evaluate((SOURCE, TARGET), batch_size=16, verbose=0)
    assert found["discriminator_loss"] == pytest.approx(domain, rel=1e-4)
    assert found["target_encoder_loss"] == pytest.approx(logistic(judged[1], 1), rel=1e-4)


def test_only_the_targets_encoder_and_its_judge_move_in_adda():
    e, c, d = networks()
    own = encoder()
    game = domains.ADDA(e, own, d)
    for one, other in zip(e.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    before = [network.get_weights() for network in (e, c, own, d)]
    played(game, (SOURCE, TARGET), 3)
    after = [network.get_weights() for network in (e, c, own, d)]
    for still in (0, 1):
        for one, other in zip(before[still], after[still], strict=True):
            np.testing.assert_array_equal(one, other)
    for moved in (2, 3):
        assert all((one != other).any() for one, other in zip(before[moved], after[moved], strict=True))


def test_in_confusion_each_player_moves_its_own():
    e, c, d = networks()
    game = domains.Confusion(e, c, d, optimizer=keras.optimizers.SGD(0.0), discriminator_optimizer=sgd())
    before = [weights(network) for network in (e, c, d)]
    played(game, BATCH)
    after = [weights(network) for network in (e, c, d)]
    assert all((a == b).all() for k in (0, 1) for a, b in zip(before[k], after[k]))
    assert any((a != b).any() for a, b in zip(before[2], after[2]))


def test_learning_the_source_and_reading_it():
    keras.utils.set_random_seed(0)
    glyphs = data.glyphs.make(200, seed=5, size=16)
    e, c = digit_encoder(width=8, features=32, dropout=0.0), digit_classifier(32)
    game = domains.Supervised(e, c)
    game.compile()
    logs = game.fit(glyphs.images, glyphs.labels, batch_size=50, epochs=2, steps_per_epoch=50, verbose=0).history
    assert logs["accuracy"][1] > logs["accuracy"][0]
    found = domains.accuracy(e, c, glyphs.images, glyphs.labels)
    scaled = data.scale(glyphs.images)
    assert found == np.mean(game.predict(scaled, verbose=0).argmax(axis=1) == glyphs.labels) > 0.6
    features = domains.features_of(e, scaled)
    assert features.shape == (200, 32) and (features >= 0).all()
    np.testing.assert_array_equal(features, domains.features_of(e, glyphs.images))


def test_statistics_are_those_that_the_images_have_when_they_are_one_batch():
    e, _, _ = networks()
    before = weights(e)
    domains.set_statistics(e, TARGET)
    np.testing.assert_allclose(array(e(TARGET, training=False)), array(e(TARGET, training=True)), atol=1e-5)
    assert all((one == other).all() for one, other in zip(before, weights(e), strict=True))
    of_target = array(e(SOURCE, training=False))
    domains.set_statistics(e, np.rint(127.5 * (SOURCE + 1)).astype("uint8"))
    assert np.abs(array(e(SOURCE, training=False)) - of_target).max() > 0.01


def test_pairs_go_through_both_sets_alike():
    x, y, t = np.arange(6)[:, None], np.arange(6), np.arange(4)[:, None]
    a, b, c = domains.pairs(x, y, t, rows=24, seed=1)
    np.testing.assert_array_equal(a[:, 0], b)  # labels stay with their images
    assert (np.bincount(b) == 4).all() and (np.bincount(c[:, 0]) == 6).all()
    assert (np.sort(b[:6]) == np.arange(6)).all() and (b[:6] != b[6:12]).any()
    assert len(domains.pairs(x, y, t)[2]) == 6 and len(domains.pairs(x, y, t, rows=3)[0]) == 3
    with pytest.raises(ValueError, match="differ in length"):
        domains.pairs(x, y[1:], t)


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ((SOURCE, LABELS), "2 arrays as x, expected examples and labels and examples"),
        ((SOURCE, TARGET, LABELS), "array 1 of x"),
        ((SOURCE, LABELS, 2 * TARGET), r"array 2 of x .*\[-1, 1\]"),
        ((SOURCE, LABELS, TARGET[:, :4]), r"array 2 of x has shape .* expected \(N, 8, 8, 1\)"),
        ((SOURCE, LABELS + 1, TARGET), "0 to 2"),
        ((SOURCE, LABELS, TARGET[:8]), r"rows, expected one length"),
    ],
)
def test_other_data_is_refused_before_anything_moves(batch, words):
    parts = networks()
    game = domains.Reversal(*parts)
    before = [w for network in parts for w in network.get_weights()]
    with pytest.raises((ValueError, TypeError), match=words):
        played(game, batch)
    for one, other in zip(before, [w for network in parts for w in network.get_weights()]):
        np.testing.assert_array_equal(one, other)


def test_two_encoders_that_are_one_or_differ_are_refused():
    e, _, d = networks()
    with pytest.raises(ValueError, match="one encoder for source and target, expected two"):
        domains.ADDA(e, e, d)
    with pytest.raises(ValueError, match="of other shapes than the source's, expected the same"):
        domains.ADDA(e, digit_encoder((8, 8, 1), width=3, features=6), d)
