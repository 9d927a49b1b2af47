"""Encoders of lecture 13: unit vectors, order that only a transformer sees, padding that changes nothing."""

import keras
import numpy as np
import pytest

from course_utils.data import captions
from course_utils.networks import clip
from tests.numeric import array

PAIR = ["a red seven on a blue ground", "a blue seven on a red ground"]


def made(builder, words=None, length=12):
    keras.utils.set_random_seed(1)
    return builder(words or len(captions.WORDS), length, width=16, dim=8)


@pytest.mark.parametrize("builder", [clip.text_encoder, clip.bag_of_words])
def test_sentences_become_vectors_of_length_one(builder):
    found = array(made(builder)(captions.WORDS.tokens(PAIR)))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_a_bag_is_blind_to_order_and_a_transformer_is_not():
    tokens = captions.WORDS.tokens(PAIR)
    one, other = array(made(clip.bag_of_words)(tokens))
    np.testing.assert_allclose(one, other, atol=1e-5)
    transformer = made(clip.text_encoder)
    place = transformer.get_layer("place").map  # zeros at the start: order has to be learned
    place.assign(np.random.default_rng(0).normal(size=place.shape))
    one, other = array(transformer(tokens))
    assert np.abs(one - other).max() > 1e-2


@pytest.mark.parametrize("builder", [clip.text_encoder, clip.bag_of_words])
def test_padding_changes_nothing(builder):
    short, long = made(builder, length=5), made(builder, length=9)
    values = short.get_weights()
    for index, (value, wanted) in enumerate(zip(values, long.get_weights())):
        if value.shape != wanted.shape:  # places: the longer one has more, whatever they hold
            values[index] = np.concatenate([value, np.full((4, value.shape[1]), 7.0, "float32")])
    long.set_weights(values)
    tokens = np.array([[3, 1, 4, 0, 0], [2, 7, 1, 8, 2]], "float32")
    padded = np.pad(tokens, [(0, 0), (0, 4)])
    np.testing.assert_allclose(array(short(tokens)), array(long(padded)), atol=1e-5)


def test_images_become_vectors_of_length_one():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 3)).astype("float32")
    found = array(clip.glyph_image_encoder(16, width=4, dim=5)(images))
    assert found.shape == (3, 5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    with pytest.raises(ValueError, match="size=20, expected a multiple of 8"):
        clip.glyph_image_encoder(20)


def test_a_mapper_steps_nowhere_at_the_start_and_never_in_the_other_layers():
    w = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    mapper = clip.style_mapper(4, 3, width=5, chosen=[1, 3])
    assert not array(mapper(w)).any()
    mapper.set_weights([value + 0.1 for value in mapper.get_weights()])
    steps = array(mapper(w))
    assert steps.shape == w.shape and not steps[:, [0, 2]].any() and steps[:, [1, 3]].all()


def test_a_table_hands_out_its_rows():
    table = clip.table_of(3, (2, 2))
    assert not array(table(np.eye(3, dtype="float32"))).any()
    rows = np.arange(12, dtype="float32").reshape(3, 4)
    table.set_weights([rows])
    np.testing.assert_array_equal(array(table(np.eye(3, dtype="float32")[[2, 0]])), rows[[2, 0]].reshape(2, 2, 2))
