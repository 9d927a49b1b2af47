"""Typical wrong answers to the exercises of lecture 01: (exercise, answer, words of the hint that helps)."""

import numpy as np

from course_utils.exercises import vae


def per_axis(m, v):
    return 0.5 * (np.exp(v) + m**2 - 1 - v)


def ends(codes, a):
    low, high = np.quantile(a, [0.2, 0.8])
    return codes[a >= high], codes[a <= low]


WRONG = [
    (vae.kl, lambda m, v: per_axis(m, v).mean(-1), "latent_dim"),
    (vae.kl, lambda m, v: per_axis(m, v).sum(), "last axis"),
    (vae.kl, lambda m, v: per_axis(m, v), "one number per latent axis"),
    (vae.kl, lambda m, v: -per_axis(m, v).sum(-1), "sign"),
    (vae.kl, lambda m, v: 2 * per_axis(m, v).sum(-1), "½"),
    (vae.kl, lambda m, v: per_axis(m, 0.5 * v).sum(-1), "equal"),
    (vae.sample, lambda m, v, e: m + np.exp(v) * e, "1.9"),
    (vae.sample, lambda m, v, e: m + v * e, "exponential"),
    (vae.sample, lambda m, v, e: m + 0.5 * np.exp(v) * e, "inside"),
    (vae.sample, lambda m, v, e: m, "plain autoencoder"),
    (vae.beta, lambda lam, p, k: lam, "means hide"),
    (vae.beta, lambda lam, p, k: lam * p / k, "factor 2"),
    (vae.beta, lambda lam, p, k: 2 * lam * p, "latent_dim"),
    (vae.beta, lambda lam, p, k: 2 * lam * k / p, "upside down"),
    (vae.concept, lambda c, a: ends(c, a)[1].mean(0) - ends(c, a)[0].mean(0), "wrong way"),
    (vae.concept, lambda c, a: ends(c, a)[0].mean(0), "subtract"),
    (vae.concept, lambda c, a: ends(c, a)[0].mean() - ends(c, a)[1].mean(), "axis 0"),
    (vae.concept, lambda c, a: c[a > 0].mean(0) - c[a <= 0].mean(0), "quantiles"),
    (vae.log_likelihood, lambda w: w.mean(0), "ELBO"),
    (vae.log_likelihood, lambda w: np.logaddexp.reduce(w, 0), "log K"),
    (vae.log_likelihood, lambda w: np.log(np.exp(w.astype("float64")).mean(0)), "underflow"),
    (vae.log_likelihood, lambda w: np.logaddexp.reduce(w, 1) - np.log(w.shape[1]), "axis 0"),
]
