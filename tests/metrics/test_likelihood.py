"""Importance-weighted likelihood: closed forms and laws."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from course_utils.metrics import bits_per_dimension, importance_weighted, likelihood, log_likelihood

pytestmark = pytest.mark.once

WEIGHTS = np.random.default_rng(0).normal(size=(5, 2))  # pixels × latents


def linear_gaussian(samples, n=6, seed=0):
    """log weights (K, n) and exact log p(x) for x = Wz + noise, z ~ N(0, I), noise sd 0.5.

    The proposal has the exact posterior's mean and a larger spread.
    """
    rng = np.random.default_rng(seed)
    covariance = WEIGHTS @ WEIGHTS.T + 0.25 * np.eye(5)
    x = rng.multivariate_normal(np.zeros(5), covariance, size=n)
    posterior = np.linalg.inv(np.eye(2) + WEIGHTS.T @ WEIGHTS / 0.25)
    mean = x @ WEIGHTS @ posterior / 0.25  # (n, 2)
    wide = multivariate_normal(np.zeros(2), 2 * posterior)
    noise = wide.rvs(size=(samples, n), random_state=rng).reshape(samples, n, 2)
    z = mean + noise
    log_joint = multivariate_normal(np.zeros(5), 0.25 * np.eye(5)).logpdf(x - z @ WEIGHTS.T)
    log_joint = log_joint + multivariate_normal(np.zeros(2), np.eye(2)).logpdf(z)
    exact = multivariate_normal(np.zeros(5), covariance).logpdf(x)
    return (log_joint - wide.logpdf(noise)).reshape(samples, n), exact


def test_linear_gaussian_model_in_closed_form():
    log_weights, exact = linear_gaussian(50_000)
    np.testing.assert_allclose(importance_weighted(log_weights), exact, atol=0.02)


def test_bound_rises_with_the_number_of_samples():
    log_weights, exact = linear_gaussian(500, n=40)
    bounds = [importance_weighted(log_weights.reshape(k, -1)).mean() for k in (1, 10, 100)]
    assert bounds == sorted(bounds)
    assert bounds[-1] <= exact.mean() + 0.02 and bounds[0] < exact.mean() - 0.05


def test_value_by_hand_and_without_overflow():
    found = importance_weighted(np.log([[1.0], [3.0]]))
    assert found.shape == (1,) and found[0] == pytest.approx(np.log(2))
    assert importance_weighted(np.log([[1.0], [3.0]]) - 5000)[0] == pytest.approx(np.log(2) - 5000)


def bernoulli_model(pixels=3):
    """A decoder without a latent: log p(x) is known whatever the encoder says."""
    logits = np.array([0.3, -1.2, 40.0], dtype="float32")[:pixels]

    def encoder(x):
        return 0.4 + 0 * x[:, :2], -0.5 + 0 * x[:, :2]

    def decoder(z):
        return np.tile(logits, (len(z), 1))

    return encoder, decoder, logits.astype("float64")


def test_decoder_without_a_latent_in_closed_form():
    encoder, decoder, logits = bernoulli_model()
    x = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]])
    exact = (x * logits - np.logaddexp(0, logits)).sum(axis=1)
    found = log_likelihood(encoder, decoder, x, samples=20_000)
    np.testing.assert_allclose(found, exact, atol=0.03)


def test_one_latent_against_quadrature():
    def encoder(x):
        return np.full((len(x), 1), 0.2, "float32"), np.full((len(x), 1), 0.1, "float32")

    def decoder(z):
        return np.concatenate([2 * z, 1 - z], axis=1)

    z = np.linspace(-10, 10, 20_001)[:, None]
    x = np.array([[1.0, 0.0], [0.0, 0.0]])
    logits = decoder(z)[:, None]  # (grid, 1, 2)
    log_joint = (x * logits - np.logaddexp(0, logits)).sum(-1) - z**2 / 2 - np.log(2 * np.pi) / 2
    exact = np.log(np.exp(log_joint).sum(axis=0) * 1e-3)
    found = log_likelihood(encoder, decoder, x, samples=20_000)
    np.testing.assert_allclose(found, exact, atol=0.02)


def test_memory_is_bounded_and_chunks_do_not_bias(monkeypatch):
    encoder, decoder, _ = bernoulli_model()
    x = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]] * 3)
    seen = []

    def watched(z):
        seen.append(len(z))
        return decoder(z)

    whole = log_likelihood(encoder, decoder, x, samples=2000)
    monkeypatch.setattr(likelihood, "ROWS", 100)
    parts = log_likelihood(encoder, watched, x, samples=2000)
    assert max(seen) <= 100
    np.testing.assert_allclose(parts, whole, atol=0.15)


def test_same_seed_same_estimate():
    encoder, decoder, _ = bernoulli_model()
    x = np.array([[1, 0, 1]])
    first = log_likelihood(encoder, decoder, x, samples=5, seed=3)
    assert first == log_likelihood(encoder, decoder, x, samples=5, seed=3)
    assert first != log_likelihood(encoder, decoder, x, samples=5, seed=4)


def test_bad_input_is_refused():
    encoder, decoder, _ = bernoulli_model()
    with pytest.raises(ValueError, match="binary"):
        log_likelihood(encoder, decoder, np.full((2, 3), 0.5))
    with pytest.raises(ValueError, match="expected 4 logits"):
        log_likelihood(encoder, decoder, np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"\(K, N\)"):
        importance_weighted(np.ones(3))
    with pytest.raises(ValueError, match="NaN"):
        importance_weighted(np.array([[np.nan]]))
    with pytest.raises(ValueError, match="samples is 0"):
        log_likelihood(encoder, decoder, np.ones((2, 3)), samples=0)


def test_bits_are_nats_over_the_logarithm_of_two():
    assert bits_per_dimension(784 * np.log(2), 784) == pytest.approx(1)
    np.testing.assert_allclose(bits_per_dimension([81.3, 0.0], 784), [81.3 / 784 * 1.4426950, 0])
    with pytest.raises(ValueError, match="dimensions is 0"):
        bits_per_dimension(1.0, 0)
