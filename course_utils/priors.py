"""Priors: distributions of latent codes, drawn inside a compiled step.

Each function below returns a `Prior`. Calling it draws codes; its `density`, where there is one,
serves plots.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops


@dataclass(frozen=True)
class Prior:
    """A distribution of latent codes.

    Call: (n, seed, labels=None) -> tensor (n, dim), float32, where
        n: number of codes, int;
        seed: keras.random.SeedGenerator (inside a compiled step) or int;
        labels: integer tensor (n,) in [0, classes), which fixes the part of the prior that a code
            comes from, or None for the whole prior. A prior with classes = 0 takes no labels.

    Attributes:
        name: what the figures call it.
        dim: length of a code.
        draw: function (n, seed generator, labels) -> tensor (n, dim).
        density: NumPy function, array (m, dim) -> array (m,) of probability densities; None where
            there is none.
        log_density: its logarithm by `keras.ops`, tensor (m, dim) -> tensor (m,), for a loss; None where it
            is not written down.
        classes: number of parts that labels can choose from, or 0.
    """

    name: str
    dim: int
    draw: Callable
    density: Callable | None = None
    classes: int = 0
    log_density: Callable | None = None

    def __call__(self, n, seed, labels=None):
        if labels is not None and not self.classes:
            raise ValueError(
                f"Found labels for the prior {self.name!r}, expected none because it has no parts; "
                "leave them out or take a mixture."
            )
        if not isinstance(seed, keras.random.SeedGenerator):
            seed = keras.random.SeedGenerator(seed)  # an int would repeat within one draw
        return self.draw(n, seed, labels)


def gaussian(dim, stddev=1.0):
    """Independent normal numbers.

    z ~ N(0, σ² I)

    Args:
        dim: length of a code, int.
        stddev: the standard deviation σ, positive float.

    Returns:
        Prior.

    Source:
        Kingma and Welling, Auto-Encoding Variational Bayes, 2014, section 3; σ = 5 in Makhzani et
        al., Adversarial Autoencoders, 2015, section 2.3.
    """

    def draw(n, seed, labels):
        return stddev * keras.random.normal((n, dim), seed=seed, dtype="float32")

    def density(z):
        return np.prod(_normal_density(np.asarray(z, "float64"), stddev), axis=-1)

    def log_density(z):
        return ops.sum(_normal_log_density(z, stddev), axis=-1)

    return Prior("gaussian", dim, draw, density, log_density=log_density)


def truncated(dim, threshold):
    """Normal numbers, each drawn again while it lies beyond a threshold.

    z ~ N(0, 1) given |z| ≤ t, per number

    Drawing again until it fits gives this distribution; here it is drawn at once, by the inverse of
    the distribution function: z = √2 erf⁻¹(u · erf(t / √2)), u ~ U[−1, 1].

    Args:
        dim: length of a code, int.
        threshold: t, positive float; 0.02 to 2 in the paper.

    Returns:
        Prior.

    Raises:
        ValueError: the threshold is not positive.

    Source:
        Brock et al., Large Scale GAN Training, 2019, section 3.1.
    """
    if not threshold > 0:
        raise ValueError(f"Found a threshold of {threshold}, expected a positive number such as 0.5.")
    inside = math.erf(threshold / math.sqrt(2.0))

    def draw(n, seed, labels):
        u = keras.random.uniform((n, dim), -1.0, 1.0, seed=seed, dtype="float32")
        z = math.sqrt(2.0) * ops.erfinv(u * inside)
        return ops.clip(z, -threshold, threshold)  # rounding, and u = −1 where erf(t / √2) rounds to 1

    def density(z):
        z = np.asarray(z, "float64")
        return np.prod(np.where(np.abs(z) <= threshold, _normal_density(z, 1.0) / inside, 0.0), axis=-1)

    return Prior("truncated", dim, draw, density)


def resampled(rng, shape, threshold=None):
    """Draws normal numbers by NumPy, and each again while it lies beyond a threshold.

    The distribution of `truncated`, in the paper's own words, for networks that are sampled outside of a
    compiled step. Scaling z instead, or clipping it, gives other distributions.

    Args:
        rng: NumPy generator.
        shape: of the array.
        threshold: t, positive float; None for numbers as they come.

    Returns:
        float32 array of this shape.

    Raises:
        ValueError: the threshold is below 0.02, where drawing again takes for ever.

    Source:
        Brock et al., Large Scale GAN Training, 2019, section 3.1.
    """
    z = rng.standard_normal(shape, dtype="float32")
    return z if threshold is None else redrawn(z, threshold, rng)


def redrawn(z, threshold, rng):
    """Draws each number that lies beyond a threshold again, until it lies inside; the others stay.

    Args:
        z: array of normal numbers; it is not changed.
        threshold: t, positive float.
        rng: NumPy generator.

    Returns:
        float32 array of the shape of z, all |z| ≤ t.

    Raises:
        ValueError: the threshold is below 0.02, where drawing again takes for ever.
    """
    if not threshold >= 0.02:
        raise ValueError(f"Found a truncation threshold of {threshold}, expected at least 0.02, the paper's smallest.")
    z = np.array(z, "float32")
    while (beyond := np.abs(z) > threshold).any():
        z[beyond] = rng.standard_normal(np.count_nonzero(beyond), dtype="float32")
    return z


def gaussian_mixture(components=10, radius=4.0, radial=1.0, tangential=0.3):
    """A ring of long thin Gaussians in the plane, each pointing away from the centre.

    z = R(2π k / K) · (r + a ε₁, b ε₂)ᵀ,  k ~ U{0, …, K − 1},  ε ~ N(0, I)

    Args:
        components: K, int; also the number of labels, each of which fixes k.
        radius: r, distance of the means from the centre.
        radial, tangential: a and b, standard deviations along and across the spoke.

    Returns:
        Prior with dim = 2.

    Source:
        Makhzani et al., Adversarial Autoencoders, 2015, figure 4 (a mixture of ten 2-D Gaussians);
        the lengths are chosen by eye so that neighbours just stay apart.
    """

    def draw(n, seed, labels):
        angle = 2 * math.pi / components * _part(n, seed, labels, components)  # (n, 1)
        noise = keras.random.normal((n, 2), seed=seed, dtype="float32")
        along, across = radius + radial * noise[:, :1], tangential * noise[:, 1:]  # (n, 1) each
        cosine, sine = ops.cos(angle), ops.sin(angle)
        return ops.concatenate([along * cosine - across * sine, along * sine + across * cosine], axis=-1)

    def log_density(z):
        angle = 2 * math.pi / components * ops.arange(components, dtype="float32")
        cosine, sine = ops.cos(angle), ops.sin(angle)  # (K,)
        along, across = z[:, :1] * cosine + z[:, 1:] * sine, z[:, 1:] * cosine - z[:, :1] * sine  # (m, K)
        each = _normal_log_density(along - radius, radial) + _normal_log_density(across, tangential)
        return ops.logsumexp(each, axis=-1) - math.log(components)

    def density(z):
        x, y = np.asarray(z, "float64")[:, :1], np.asarray(z, "float64")[:, 1:]  # (m, 1) each
        angle = 2 * math.pi / components * np.arange(components)  # (K,)
        along, across = (
            x * np.cos(angle) + y * np.sin(angle),
            y * np.cos(angle) - x * np.sin(angle),
        )  # (m, K)
        return np.mean(_normal_density(along - radius, radial) * _normal_density(across, tangential), axis=-1)

    return Prior("gaussian_mixture", 2, draw, density, components, log_density)


def swiss_roll(classes=10, turns=2.0, radius=5.0, noise=0.0):
    """A spiral in the plane, evenly covered in the square root of its length.

    z = r √t (cos φ, sin φ)ᵀ + σ ε,  φ = 2π · turns · √t,  t ~ U[0, 1]

    Points lie about equally dense along the whole spiral. A label k restricts t to [k / K, (k + 1)
    / K].

    Args:
        classes: K, number of labels.
        turns: windings of the spiral.
        radius: r, distance of its outer end from the centre.
        noise: σ, standard deviation around the curve.

    Returns:
        Prior with dim = 2; it has no density, because the codes lie on a curve.

    Source:
        Makhzani et al., Adversarial Autoencoders, 2015, figure 4 (Swiss roll).
    """

    def draw(n, seed, labels):
        u = keras.random.uniform((n, 1), seed=seed, dtype="float32")
        t = ops.sqrt(u if labels is None else (_column(labels) + u) / classes)  # (n, 1)
        angle = 2 * math.pi * turns * t
        curve = radius * t * ops.concatenate([ops.cos(angle), ops.sin(angle)], axis=-1)  # (n, 2)
        return curve + noise * keras.random.normal((n, 2), seed=seed, dtype="float32")

    return Prior("swiss_roll", 2, draw, None, classes)


def categorical(classes):
    """One class, as a one-hot vector.

    z = e_k,  k ~ U{0, …, K − 1}

    Args:
        classes: K, int; a label fixes k.

    Returns:
        Prior with dim = K; it has no density.

    Source:
        Makhzani et al., Adversarial Autoencoders, 2015, section 5.
    """

    def draw(n, seed, labels):
        part = _part(n, seed, labels, classes)  # (n, 1)
        return ops.cast(part == ops.arange(classes, dtype="float32"), "float32")  # (n, K)

    return Prior("categorical", classes, draw, None, classes)


def _part(n, seed, labels, count):
    if labels is not None:
        return _column(labels)
    u = keras.random.uniform((n, 1), seed=seed, dtype="float32")
    return ops.minimum(ops.floor(u * count), count - 1.0)  # (n, 1), float32


def _column(labels):
    return ops.cast(ops.reshape(labels, (-1, 1)), "float32")


def _normal_density(x, stddev):
    return np.exp(-0.5 * np.square(x / stddev)) / (stddev * math.sqrt(2 * math.pi))


def _normal_log_density(x, stddev):
    return -0.5 * ops.square(x / stddev) - math.log(stddev * math.sqrt(2 * math.pi))
