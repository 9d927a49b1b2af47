"""Log-likelihoods: importance-weighted estimates of log p(x) for latent-variable models, and nats in other units."""

import numpy as np
from scipy.special import logsumexp

from course_utils import checks
from course_utils.builders import as_array

ROWS = 20_000  # latents decoded at once: 60 MB of logits for 784 pixels


def importance_weighted(log_weights):
    """Returns the importance-weighted bound on log p(x) from K log weights for each image.

    log p̂_K(x) = log (1/K) Σₖ wₖ,  wₖ = p(x, zₖ) / q(zₖ|x),  zₖ ~ q(z|x).

    K = 1 is a one-sample ELBO; in the mean the bound rises with K towards log p(x).

    Args:
        log_weights: (K, N) float, nats.

    Returns:
        (N,) float64, nats.

    Raises:
        ValueError: wrong rank, no weights, or NaN.

    Source: Burda et al. 2016, "Importance weighted autoencoders", eq. 8.
    """
    log_weights = as_array(log_weights).astype("float64", copy=False)
    if log_weights.ndim != 2 or log_weights.size == 0:
        raise ValueError(
            f"log_weights has shape {log_weights.shape}, expected (K, N) with K ≥ 1 and N ≥ 1: put "
            f"the samples of one image along axis 0."
        )
    if np.isnan(log_weights).any():
        raise ValueError(
            f"log_weights holds {int(np.isnan(log_weights).sum())} NaN values, expected none: look "
            f"for a decoder or a log-variance that diverged."
        )
    return logsumexp(log_weights, axis=0) - np.log(len(log_weights))


def bits_per_dimension(nats, dimensions):
    """Returns a negative log-likelihood in bits, for each of an image's numbers.

        b = nats / (dimensions · ln 2)

    Args:
        nats: number or array.
        dimensions: how many numbers an image has, H·W·C.

    Returns:
        float64, like nats.

    Example:
        >>> from course_utils import metrics
        >>> round(float(metrics.bits_per_dimension(543.427, 784)), 3)  # fair coins
        1.0
    """
    return np.asarray(nats, "float64") / (checks.count(dimensions, "dimensions") * np.log(2.0))


def log_likelihood(encoder, decoder, x, samples=200, seed=0):
    """Estimates log p(x) for each image under a Bernoulli decoder and a standard normal prior.

    wₖ = p(x|zₖ) N(zₖ; 0, I) / N(zₖ; z_mean, diag exp(z_log_var)), zₖ drawn from the last; then
    `importance_weighted`. Images go through in chunks, so memory does not grow with N or K.

    Args:
        encoder: function or keras.Model: images (n, …) -> (z_mean, z_log_var), each (n, d).
        decoder: function or keras.Model: z float32 (m, d) -> logits, m rows with as many elements
            as an image.
        x: (N, …) float or integer, every pixel 0 or 1.
        samples: K; a lower bound in the mean, closer for larger K.
        seed: int, for NumPy's noise, the same on every backend.

    Returns:
        (N,) float64, nats. The mean, negated, is the NLL that papers print.

    Raises:
        ValueError: pixels that are not binary, or a decoder of another size.

    Source: Burda et al. 2016, eq. 8; Rezende et al. 2014, appendix E.
    """
    x = checks.binary(as_array(x))
    samples = checks.count(samples, "samples")
    rng = np.random.default_rng(seed)
    batch = max(1, ROWS // samples)
    estimates = []
    for start in range(0, len(x), batch):
        images = x[start : start + batch].astype("float32")
        z_mean, z_log_var = (as_array(part) for part in encoder(images))
        noise = rng.standard_normal((samples, *z_mean.shape), dtype="float32")  # (K, n, d)
        weights = np.empty((samples, len(images)))
        for part in _slices(samples, max(1, ROWS // len(images))):
            weights[part] = _log_weights(decoder, images, z_mean, z_log_var, noise[part])
        estimates.append(importance_weighted(weights))
    return np.concatenate(estimates)


def _log_weights(decoder, images, z_mean, z_log_var, noise):
    """log p(x|z) + log p(z) − log q(z|x) for z = z_mean + exp(z_log_var / 2) · noise, (K, n) nats."""
    z = z_mean + np.exp(0.5 * z_log_var) * noise  # (K, n, d)
    # The constants of the two Gaussians cancel.
    prior_minus_posterior = 0.5 * (noise**2 - z**2 + z_log_var).sum(axis=-1, dtype="float64")
    logits = as_array(decoder(z.reshape(-1, z.shape[-1])))  # (K n, …)
    pixels = images.reshape(len(images), -1)  # (n, p)
    if logits.size != z.shape[0] * pixels.size:
        raise ValueError(
            f"the decoder gave logits of shape {logits.shape} for {len(z) * len(pixels)} latents, "
            f"expected {pixels.shape[1]} logits each: pass the decoder of these images."
        )
    return _log_bernoulli(pixels, logits.reshape(len(z), *pixels.shape)) + prior_minus_posterior


def _log_bernoulli(x, logits):
    """Σ_pixels x l − log(1 + exp l), for logits (K, n, p): (K, n) nats."""
    # log(1 + e^l) = max(l, 0) + log1p(e^-|l|); in place, since this is where the time goes.
    softplus = np.abs(logits)
    np.negative(softplus, out=softplus)
    np.exp(softplus, out=softplus)
    np.log1p(softplus, out=softplus)
    softplus += np.maximum(logits, 0)
    return (x * logits - softplus).sum(axis=-1, dtype="float64")


def _slices(n, size):
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
