"""CLIP: the table by hand, what is logged, prompts, ranks and the order of words, on every backend."""

import keras
import numpy as np
import pytest

from course_utils import data, losses
from course_utils.data import captions
from course_utils.games import clip
from course_utils.networks import clip as networks
from tests.numeric import array, central_differences, input_gradient

RNG = np.random.default_rng(4)
GLYPHS = data.glyphs.make(24, seed=7, colour=True, size=16)
IMAGES = data.scale(GLYPHS.images)
FOUND = captions.attributes(GLYPHS.labels, GLYPHS.factors)
TOKENS = captions.WORDS.tokens(captions.captions(FOUND, seed=1))


def by_hand(logits):
    logits = np.asarray(logits, "float64")
    over = [np.log(np.exp(logits).sum(axis=axis)) - np.diagonal(logits) for axis in (1, 0)]
    return 0.5 * (over[0].mean() + over[1].mean())


def game(text=networks.text_encoder, **arguments):
    keras.utils.set_random_seed(3)
    encoders = networks.glyph_image_encoder(16, width=4, dim=6), text(len(captions.WORDS), width=8, dim=6)
    made = clip.CLIP(*encoders, networks.temperature(), **arguments)
    made.compile()
    return made


def test_the_loss_by_hand_and_at_chance():
    logits = RNG.normal(0, 3, (5, 5)).astype("float32")
    assert float(losses.contrastive(logits)) == pytest.approx(by_hand(logits), rel=1e-5)
    assert float(losses.contrastive(np.full((7, 7), 2.5, "float32"))) == pytest.approx(np.log(7), rel=1e-5)
    assert float(losses.contrastive(100.0 * np.eye(4, dtype="float32"))) == pytest.approx(0.0, abs=1e-5)
    twice = 100.0 * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], "float32")  # a pair that stands there twice
    assert float(losses.contrastive(twice)) == pytest.approx(2 / 3 * np.log(2), rel=1e-4)


def test_the_gradient_of_the_loss():
    logits = RNG.normal(0, 2, (4, 4)).astype("float32")
    found = input_gradient(losses.contrastive, logits)
    np.testing.assert_allclose(found, central_differences(by_hand, logits), atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4), (3,), (2, 2, 2)])
def test_a_table_that_is_not_square_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(N, N\)"):
        losses.contrastive(np.zeros(shape, "float32"))


def test_what_the_game_measures_by_hand():
    made = game()
    f, g = clip.image_vectors(made.image_encoder, IMAGES), clip.text_vectors(made.text_encoder, TOKENS)
    logits = clip.table(f, g) / 0.07
    found = made.evaluate(IMAGES, TOKENS, batch_size=24, verbose=0)
    assert found["nats"] == pytest.approx(by_hand(logits), rel=1e-4) == found["loss"]
    assert found["bound"] == pytest.approx(np.log(24) - by_hand(logits), rel=1e-3, abs=1e-4)
    assert found["accuracy"] == pytest.approx(np.mean(logits.argmax(axis=1) == np.arange(24)))
    assert found["scale"] == pytest.approx(1 / 0.07, rel=1e-5)
    np.testing.assert_allclose(array(made.logits(IMAGES, TOKENS, False)), logits, atol=1e-3)


def test_training_moves_both_encoders_and_the_scale_and_lowers_the_loss():
    made = game()
    before = [[v.copy() for v in network.get_weights()] for network in made.networks]
    first = made.evaluate(IMAGES, TOKENS, batch_size=24, verbose=0)["nats"]
    made.fit(GLYPHS.images, TOKENS, batch_size=24, epochs=30, verbose=0)  # bytes are scaled inside
    assert made.evaluate(IMAGES, TOKENS, batch_size=24, verbose=0)["nats"] < first - 0.3
    for network, values in zip(made.networks, before):
        assert any(np.abs(one - other).max() > 1e-5 for one, other in zip(network.get_weights(), values)), network.name


def test_the_scale_stays_at_its_limit():
    made = game()
    layer = made.temperature.get_layer("temperature")
    layer.log_scale.assign(np.log(200.0))
    made.fit(IMAGES, TOKENS, batch_size=24, epochs=1, verbose=0)
    assert float(array(layer.scale)) <= 100.0 * (1 + 1e-5)


@pytest.mark.parametrize(
    ("images", "tokens", "words"),
    [
        (IMAGES * 3, TOKENS, r"expected \[-1, 1\]"),
        (IMAGES, TOKENS + 0.5, "whole numbers.*words.tokens"),
        (IMAGES, TOKENS + 100, "whole numbers 0 to"),
        (IMAGES, TOKENS[:, :5], r"expected \(N, 12\)"),
        (IMAGES[:3], TOKENS, "one length"),
    ],
)
def test_data_that_does_not_fit_is_refused(images, tokens, words):
    with pytest.raises(ValueError, match=words):
        game().fit(images, tokens, batch_size=4, verbose=0)


def test_an_ensemble_is_the_mean_direction():
    encoder = game().text_encoder
    texts = ["a red seven", "a seven in red", "a blue ground with a two"]
    single = clip.text_vectors(encoder, captions.WORDS.tokens(texts))
    found = clip.prompt_vectors(encoder, captions.WORDS, [texts[:2], texts[2]])
    mean = single[:2].sum(axis=0)
    np.testing.assert_allclose(found, [mean / np.linalg.norm(mean), single[2]], atol=1e-5)
    assert clip.zero_shot(single, found).tolist()[2] == 1
    refused = ("a seven", TypeError, r"\[prompt\]"), ([[], ["a two"]], ValueError, "without a prompt")
    for wrong, error, words in refused:
        with pytest.raises(error, match=words):
            clip.prompt_vectors(encoder, captions.WORDS, wrong)


def test_ranks_by_hand():
    similarities = np.array([[0.9, 0.1, 0.2], [0.8, 0.5, 0.1], [0.3, 0.6, 0.3]])
    assert clip.ranks(similarities).tolist() == [0, 1, 2]  # ties count against the own one
    assert clip.ranks(similarities.T).tolist() == [0, 1, 0]
    assert clip.recall([0, 1, 2, 12], k=2) == 0.5
    assert (clip.ranks(np.ones((4, 4))) == 3).all()
    assert clip.bound(np.log(8), 8) == pytest.approx(0)


def test_a_bag_of_words_binds_at_chance_exactly():
    made = game(networks.bag_of_words)
    assert clip.binding(made.image_encoder, made.text_encoder, captions.WORDS, IMAGES, FOUND) == 0.5
    made = game()
    place = made.text_encoder.get_layer("place").map  # zeros at the start: order has to be learned
    place.assign(RNG.normal(size=place.shape))
    assert clip.binding(made.image_encoder, made.text_encoder, captions.WORDS, IMAGES, FOUND) != 0.5
