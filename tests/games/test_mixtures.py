"""Mixtures of Bernoullis: a round by hand, the likelihood never falls, what was mixed is found again."""

import numpy as np
import pytest

from course_utils.games import mixtures
from course_utils.games.mixtures import Mixture
from course_utils.metrics import annealed

KNOWN = Mixture(np.array([0.3, 0.7]), np.array([[0.9, 0.9, 0.1, 0.1, 0.5], [0.1, 0.1, 0.9, 0.9, 0.5]]), None)


def test_a_mixture_is_a_distribution():
    assert np.exp(mixtures.log_likelihood(KNOWN, annealed.binary_states(5))).sum() == pytest.approx(1.0)


def test_one_component_is_the_mean_image():
    x = mixtures.sample(KNOWN, 500, np.random.default_rng(0))
    found = mixtures.fit(x, 1, rounds=2, prior=0.0)
    np.testing.assert_allclose(found.means[0], x.mean(axis=0))
    by_hand = np.log(np.where(x == 1, x.mean(axis=0), 1 - x.mean(axis=0))).sum(axis=1)
    np.testing.assert_allclose(mixtures.log_likelihood(found, x), by_hand)


def test_no_round_makes_the_training_data_less_likely_without_a_prior():
    x = mixtures.sample(KNOWN, 300, np.random.default_rng(0))
    trace = mixtures.fit(x, 4, rounds=30, prior=0.0).trace
    assert len(trace) == 30 and (np.diff(trace) > -1e-6).all() and trace[-1] > trace[0] + 0.1


def test_what_was_mixed_is_found_again():
    x = mixtures.sample(KNOWN, 20_000, np.random.default_rng(0))
    found = mixtures.fit(x, 2, rounds=60, seed=1)
    order = np.argsort(found.weights)
    np.testing.assert_allclose(found.weights[order], KNOWN.weights, atol=0.02)
    np.testing.assert_allclose(found.means[order], KNOWN.means, atol=0.02)
    read = mixtures.responsibilities(found, x[:50])
    np.testing.assert_allclose(read.sum(axis=1), 1.0)


def test_a_round_is_the_formula():
    x = mixtures.sample(KNOWN, 40, np.random.default_rng(2)).astype("float64")
    found = mixtures.fit(x, 3, rounds=1, seed=5, prior=0.5)
    mean = np.clip(x.mean(axis=0), 1e-3, 1 - 1e-3)
    start = 0.5 * (x[np.random.default_rng(5).choice(40, 3, replace=False)] + mean)
    r = np.exp(x @ np.log(start).T + (1 - x) @ np.log(1 - start).T)
    r /= r.sum(axis=1, keepdims=True)
    counts = r.sum(axis=0)
    np.testing.assert_allclose(found.means, (r.T @ x + 0.5 * mean) / (counts + 0.5)[:, None], atol=1e-6)
    np.testing.assert_allclose(found.weights, (counts + 0.5) / 41.5, atol=1e-6)


def test_a_pixel_that_training_never_saw_stays_possible():
    x = np.zeros((50, 4), "uint8")
    found = mixtures.fit(x, 2, rounds=5)
    assert np.isfinite(mixtures.log_likelihood(found, np.ones((1, 4)))).all()
    assert (found.means > 0).all()


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda x: mixtures.fit(x, 9), "9 components for 8 rows"),
        (lambda x: mixtures.fit(x, 0), "components is 0"),
        (lambda x: mixtures.fit(x, 2, prior=-1.0), "prior=-1.0"),
        (lambda x: mixtures.fit(0.5 + x, 2), "neither 0 nor 1"),
        (lambda x: mixtures.log_likelihood(KNOWN, np.zeros((2, 4))), "5 numbers a row"),
    ],
)
def test_what_cannot_be_is_refused(action, words):
    with pytest.raises(ValueError, match=words):
        action(np.zeros((8, 5)))
