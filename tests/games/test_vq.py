"""The VQ-VAE: nearest vectors, the gradient that goes straight through, and the moving codebook, by hand."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.games import vq
from course_utils.networks.pixels import vq_codebook, vq_decoder, vq_encoder
from tests.numeric import array, input_gradient

RNG = np.random.default_rng(2)
IMAGES = RNG.random((8, 8, 8, 1)).astype("float32")


def game(**arguments):
    keras.utils.set_random_seed(3)
    networks = vq_encoder((8, 8, 1), 4, 2), vq_codebook(3, 2, (2, 2)), vq_decoder((8, 8, 1), 4, 2)
    made = vq.VQVAE(*networks, **arguments)
    made.compile()
    return made


def test_the_nearest_vector_by_hand():
    entries = np.array([[0.0, 0.0], [1.0, 1.0], [5.0, 0.0]], "float32")
    z = np.array([[[0.4, 0.4], [0.6, 0.6]], [[3.1, 0.4], [9.0, -9.0]]], "float32")
    assert array(vq.nearest(z, entries)).tolist() == [[0, 1], [2, 2]]


def test_the_gradient_passes_straight_through():
    vectors = RNG.normal(size=(4, 2)).astype("float32")
    z, weights = (RNG.normal(size=(4, 2)).astype("float32") for _ in range(2))
    np.testing.assert_allclose(
        array(vq.straight_through(*map(ops.convert_to_tensor, (z, vectors)))), vectors, atol=1e-6
    )
    found = input_gradient(
        lambda z: ops.square(vq.straight_through(z, ops.convert_to_tensor(vectors))) * ops.convert_to_tensor(weights), z
    )
    np.testing.assert_allclose(found, 2 * vectors * weights, rtol=1e-5)  # as if z were the vector


def test_the_codebook_follows_its_averages_by_hand():
    made = game(decay=0.5)
    made.entries.assign([[0.0, 0.0], [1.0, 1.0], [9.0, 9.0]])
    made.uses.assign([2.0, 2.0, 2.0])
    made.sums.assign([[0.0, 0.0], [2.0, 2.0], [18.0, 18.0]])
    z = np.array([[0.2, 0.0], [0.4, 0.0], [0.8, 1.0]], "float32")
    made.follow(ops.convert_to_tensor(z), ops.convert_to_tensor(np.array([0, 0, 1], "int32")))
    np.testing.assert_allclose(array(made.uses), [2.0, 1.5, 1.0])
    np.testing.assert_allclose(array(made.sums), [[0.3, 0.0], [1.4, 1.5], [9.0, 9.0]], rtol=1e-6)
    np.testing.assert_allclose(array(made.entries), [[0.15, 0.0], [1.4 / 1.5, 1.0], [9.0, 9.0]], rtol=1e-6)


def test_a_dead_vector_is_put_to_a_vector_of_the_batch():
    made = game(decay=0.5)
    made.uses.assign([3.0, 3.0, 0.01])
    z = RNG.normal(size=(6, 2)).astype("float32")
    made.follow(ops.convert_to_tensor(z), ops.convert_to_tensor(np.array([0, 0, 0, 1, 1, 1], "int32")))
    fresh = array(made.entries)[2]
    assert np.abs(z - fresh).sum(axis=1).min() < 1e-6
    np.testing.assert_allclose(array(made.sums)[2] / array(made.uses)[2], fresh, rtol=1e-5)


def test_the_loss_by_hand():
    made = game(commitment=0.5)
    z = array(made.encoder(IMAGES))
    entries = array(made.entries)
    chosen = np.square(z[..., None, :] - entries).sum(axis=-1).argmin(axis=-1)
    logits = array(made.decoder(entries[chosen])).astype("float64")
    nats = (np.logaddexp(0, logits) - IMAGES * logits).sum(axis=(1, 2, 3)).mean()
    apart = np.square(z - entries[chosen]).sum(axis=(1, 2, 3)).mean()
    share = np.bincount(chosen.ravel(), minlength=3) / chosen.size
    found = made.evaluate(IMAGES, batch_size=8, verbose=0)
    assert found["nats"] == pytest.approx(nats, rel=1e-4) and found["commitment"] == pytest.approx(apart, rel=1e-4)
    assert found["loss"] == pytest.approx(nats + 0.5 * apart, rel=1e-4)
    entropy = -(share[share > 0] * np.log(share[share > 0])).sum()
    assert found["perplexity"] == pytest.approx(np.exp(entropy), rel=1e-3)
    np.testing.assert_array_equal(array(made.entries), entries)  # measuring moves nothing


def test_playing_moves_encoder_codebook_and_decoder():
    made = game(seed=1)
    before = [w.copy() for w in made.get_weights()], array(made.entries)
    first = made.evaluate(IMAGES, batch_size=8, verbose=0)["nats"]
    made.fit(IMAGES, batch_size=8, epochs=1, steps_per_epoch=40, verbose=0)
    assert (array(made.entries) != before[1]).any()
    assert made.evaluate(IMAGES, batch_size=8, verbose=0)["nats"] < first
    codes = vq.codes_of(made.encoder, made.codebook, IMAGES)
    assert codes.shape == (8, 2, 2, 1) and set(np.unique(codes)) <= {0.0, 1.0, 2.0}
    again = vq.decoded(made.codebook, made.decoder, codes)
    np.testing.assert_allclose(again, array(made(IMAGES)), atol=1e-5)


def test_other_images_are_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        game().fit(2 * IMAGES - 1, batch_size=8, verbose=0)
