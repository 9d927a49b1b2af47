"""Captions: words follow from factors, every sentence can be read, what is held out leaves all colours and digits."""

import re

import numpy as np
import pytest

from course_utils import data
from course_utils.data import captions

GLYPHS = data.glyphs.make(400, seed=3, colour=True, size=8)
FOUND = captions.attributes(GLYPHS.labels, GLYPHS.factors)


def test_a_sentence_by_hand():
    assert captions.caption("seven", "red", "green") == "a red seven on a green ground"
    assert captions.caption(8, ground="blue", template=1) == "an eight on blue"
    told = {"digit": 7, "stroke": 0, "ground": 2, "thickness": 2, "lean": 0, "size": 2}
    whole = "a bold large red seven leaning left on a green ground"
    assert captions.caption(**told) == whole
    assert captions.caption(**told, template=4) == "a green ground with a bold large red seven leaning left"
    assert captions.caption(stroke="magenta", digit="eight") == "a magenta eight"  # not "magentan eight"


def test_hues_take_the_nearest_name():
    hues = np.array([0.0, 0.08, 0.09, 1 / 6, 0.99, 0.92, 0.91])
    assert captions.colour_of(hues).tolist() == [0, 0, 1, 1, 0, 0, 5]
    found = captions.border_distance([0.0, 1 / 12, 0.25, 0.1])
    np.testing.assert_allclose(found, [1 / 12, 0, 0, 0.1 - 1 / 12], atol=1e-9)
    many = np.random.default_rng(0).random(20_000)
    assert abs(np.mean(captions.border_distance(many) > captions.SURE) - 2 / 3) < 0.01


def test_lean_is_what_is_seen():
    factors = {"slant": np.array([0.2, 0.0]), "rotation": np.array([0.0, 45.0])}
    np.testing.assert_allclose(captions.lean(factors), [0.2, -1.0])


def test_thirds_hold_a_third_each():
    glyphs = data.glyphs.make(6_000, seed=4, colour=True, size=8)
    found = captions.attributes(glyphs.labels, glyphs.factors)
    for name in ("thickness", "lean", "size"):
        assert np.abs(np.bincount(found[name]) / 6_000 - 1 / 3).max() < 0.03, name


@pytest.mark.parametrize("template", range(captions.TEMPLATES))
def test_every_sentence_says_what_was_told_and_no_more(template):
    for row in range(50):
        told = {name: int(values[row]) for name, values in FOUND.items()}
        text = captions.caption(**told, template=template)
        words = [captions.NAMES[name][value] for name, value in told.items() if captions.NAMES[name][value]]
        assert all(re.search(rf"\b{word}\b", text) for word in words)
        assert captions.WORDS.texts(captions.WORDS.tokens([text])) == [text]
        swapped = captions.caption(**told | {"stroke": told["ground"], "ground": told["stroke"]}, template=template)
        assert sorted(swapped.split()) == sorted(text.split()), "a bag of words cannot tell them apart"


def test_captions_follow_their_seed_and_all_say_something():
    texts = captions.captions(FOUND, seed=1)
    assert texts == captions.captions(FOUND, seed=1) != captions.captions(FOUND, seed=2)
    silent = set(captions.WORDS.texts([[captions.WORDS.numbers["a"], captions.WORDS.numbers["digit"]]]))
    assert not silent & set(texts)
    assert len(set(texts)) > 300


def test_what_is_held_out_leaves_every_digit_and_colour_in_most_pairs():
    digit, stroke = np.divmod(np.arange(60), 6)
    away = captions.held_digit(digit, stroke).reshape(10, 6)
    assert (away.sum(axis=1) == 1).all() and away.sum(axis=0).max() == 2
    one, other = np.divmod(np.arange(36), 6)
    grounds = captions.held_ground(one, other).reshape(6, 6)
    assert (grounds.sum(axis=0) == 1).all() and (grounds.sum(axis=1) == 1).all()
    assert not np.diag(grounds).any()
    assert captions.held_out(FOUND).mean() == pytest.approx(11 / 36, abs=0.1)


def test_tokens_by_hand():
    words = captions.Words(["a", "red", "seven"], 4)
    assert words.tokens(["A red, seven", "seven"]).tolist() == [[1, 2, 3, 0], [3, 0, 0, 0]]
    assert words.tokens(["a"]).dtype == np.float32 and len(words) == 4
    open_ = captions.Words(["a"], 2, unknown=True)
    assert open_.tokens(["a b"]).tolist() == [[1, 2]] and len(open_) == 3
    assert open_.texts([[1, 2]]) == ["a ?"]


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda: captions.WORDS.tokens(["a pink seven"]), ValueError, "the word 'pink' in 'a pink seven', expected"),
        (lambda: captions.WORDS.tokens([""]), ValueError, "0 words"),
        (lambda: captions.WORDS.tokens(["a " * 13]), ValueError, "13 words.*expected 1 to 12"),
        (lambda: captions.WORDS.tokens("a seven"), TypeError, r"write \[text\]"),
        (lambda: captions.Words(["a", "b", "a"], 3), ValueError, "'a' twice"),
        (lambda: captions.caption(stroke="pink"), ValueError, "stroke='pink', expected red, yellow"),
        (lambda: captions.caption(digit=10), ValueError, "digit=10"),
        (lambda: captions.caption(template=9), ValueError, "template 9, expected 0 to 4"),
    ],
)
def test_what_is_refused(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()
