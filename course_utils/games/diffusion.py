"""Lecture 14: diffusion, a game of one player who learns to take noise away.

    z = α(t) x + σ(t) ε,   ε ~ N(0, I),   t ~ U(0, 1)
    L = E ‖u(z, t) − (a x + b ε)‖²                              to minimise

A *schedule* says how much image, α, and how much noise, σ, is left at time t. A *prediction* says what the network is
asked for, as two coefficients (a, b). Since z and the answer are two equations in x and ε, every answer is an estimate
of both:

    x̂ = (b z − σ u) / (α b − σ a),   ε̂ = (α u − a z) / (α b − σ a)

so DDPM's noise, the clean image, the velocity v, and flow matching are one game. `games.denoising` holds the way back.
"""

import math

import keras
import numpy as np
from keras import ops

from course_utils import builders, checks
from course_utils.game import Examples, Game, Labels, Player

CHUNK = 200  # rows of one call of a network


# Schedules: time in [0, 1] -> (α, σ). Arrays and tensors of any backend will do.


def cosine(t):
    """α = cos φ, σ = sin φ, φ = (0.002 + 0.996 t) π/2: a quarter of a circle, but for a last bit at both ends.

    Source: Nichol & Dhariwal, 2021, eq. (17), with the margin at both ends.
    """
    angle = (0.002 + 0.996 * t) * (math.pi / 2)
    return ops.cos(angle), ops.sin(angle)


def linear(t):
    """α = exp(−t/2 · (0.1 + 9.95 t)), σ = √(1 − α²): DDPM's 1,000 steps of β = 0.0001 … 0.02, as they become many.

    Source: Ho et al., 2020, section 4; in continuous time: Song et al., 2021, eq. (33).
    """
    exponent = -0.5 * t * (0.1 + 9.95 * t)
    return ops.exp(exponent), ops.sqrt(-ops.expm1(2.0 * exponent))


def straight(t):
    """α = 1 − t, σ = t: straight lines from images to noise, those of flow matching.

    Source: Lipman et al., 2023, section 4.1, with time running the other way; Liu et al., 2023, eq. (1).
    """
    return 1.0 - t, t


# Predictions: (α, σ) -> (a, b), the coefficients of image and noise in what the network is asked for.


def noise(alpha, sigma):
    """u = ε. Source: Ho et al., 2020, eq. (14)."""
    return 0.0 * alpha, 1.0 + 0.0 * sigma


def image(alpha, sigma):
    """u = x. Source: Ho et al., 2020, section 3.2; it is also what lecture 00's denoiser learns."""
    return 1.0 + 0.0 * alpha, 0.0 * sigma


def velocity(alpha, sigma):
    """u = α ε − σ x, which is dz/dφ on the circle of `cosine`. Source: Salimans & Ho, 2022, section 4."""
    return -sigma, alpha


def flow(alpha, sigma):
    """u = ε − x, which is dz/dt on the line of `straight`. Source: Lipman et al., 2023, eq. (22)."""
    return -1.0 + 0.0 * alpha, 1.0 + 0.0 * sigma


SCHEDULES = {schedule.__name__: schedule for schedule in (cosine, linear, straight)}  # as recipes name them
PREDICTIONS = {prediction.__name__: prediction for prediction in (noise, image, velocity, flow)}


class Diffusion(Game):
    """A network that says what is noise in what it is shown.

    Algorithm, an iteration:

        x ~ data, t ~ U(0, 1), ε ~ N(0, I), N of each
        z = α(t) x + σ(t) ε
        denoiser  ← one step down  mean (u(z, t) − (a x + b ε))²
        averages  ← a little nearer to what they average

    Fit it on x (N, …), or on x and labels (N,). Of the labels a share is hidden, so that the network also learns to do
    without: the guidance of `denoiser_of` needs both. Times of a batch are spread evenly, tᵢ = (i + U) / N with one U
    for all: each is uniform, and their mean varies less.

    Logs `denoiser_loss`, the mean over numbers of x.

    Args:
        denoiser: keras.Model, [z, t (N, 1)] or [z, t, condition (N, K)] -> like z; of `networks.diffusion`.
        prediction: function (α, σ) -> (a, b), such as `velocity`.
        schedule: function t -> (α, σ), such as `cosine`.
        drop: share of the labels that is hidden, in [0, 1].
        optimizer: keras optimizer; Adam(1e-3) if None.
        averages: `Average`s of the denoiser.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Raises:
        ValueError: drop is no share.

    Source: Ho et al., 2020, algorithm 1; labels: Ho & Salimans, 2021, algorithm 1; even times: Kingma et al., 2021,
    section I.1.
    """

    def __init__(
        self, denoiser, prediction=velocity, schedule=cosine, drop=0.1, optimizer=None, averages=(), seed=0,
        name="diffusion",
    ):  # fmt: skip
        if not 0 <= drop <= 1:
            raise ValueError(f"Found drop={drop}, expected a share in [0, 1]; 0.1 hides one label in ten.")
        player = Player("denoiser", [denoiser], self.denoiser_loss, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], averages=averages, seed=seed, name=name)
        self.denoiser, self.prediction, self.schedule, self.drop = denoiser, prediction, schedule, drop
        shape = tuple(denoiser.inputs[0].shape[1:])
        example = Examples(shape, -1.0, 1.0) if len(shape) == 3 else Examples(shape)
        self.classes = classes_of(denoiser)
        self.takes = example if self.classes is None else (example, Labels(self.classes))

    def call(self, inputs, training=False):
        """Returns what the denoiser, or its average, answers to [z, t] or [z, t, condition]."""
        return ops.cast(self.best(self.denoiser)(inputs, training=False), "float32")

    def denoiser_loss(self, batch, training):
        """Returns the mean squared error of the answers to a noised batch."""
        x, condition = (batch, []) if self.classes is None else (batch[0], [self.shown(batch[1], training)])
        n = ops.shape(x)[0]
        t = (ops.cast(ops.arange(n), "float32") + keras.random.uniform((), seed=self.seeds)) / ops.cast(n, "float32")
        epsilon = keras.random.normal(ops.shape(x), seed=self.seeds)
        alpha, sigma = (ops.reshape(c, (-1,) + (1,) * (len(x.shape) - 1)) for c in self.schedule(t))
        a, b = self.prediction(alpha, sigma)
        answer = self.denoiser([alpha * x + sigma * epsilon, t[:, None], *condition], training=training)
        return ops.mean(ops.square(answer - (a * x + b * epsilon)))

    def shown(self, labels, training):
        """Returns labels as one-hot rows (N, K), in training a share of them hidden: rows of zeros."""
        rows = ops.one_hot(labels, self.classes)
        if not training:
            return rows
        kept = keras.random.uniform((ops.shape(labels)[0], 1), seed=self.seeds) >= self.drop
        return rows * ops.cast(kept, "float32")

    def sample(self, n, seed, labels=None, steps=25, guidance=1.0):
        """Returns n samples by DDIM; the averaged denoiser makes them where the game keeps one.

        Args:
            n: number of samples, ≥ 1.
            seed: int ≥ 0; the same seed gives the same noise on every backend.
            labels: (n,) int; None for samples of no class in particular.
            steps, guidance: as in `denoising.grid` and `denoiser_of`.
        """
        from course_utils.games import denoising  # it needs this module

        checks.count(n)
        z = np.random.default_rng(seed).standard_normal((n, *self.denoiser.inputs[0].shape[1:]), dtype="float32")
        denoise = denoiser_of(self.best(self.denoiser), self.prediction, self.schedule, labels, guidance)
        return denoising.ddim(denoise, z, denoising.grid(self.schedule, steps))


def classes_of(denoiser):
    """Returns how many classes a denoiser knows, or None where it knows none."""
    return denoiser.inputs[2].shape[-1] if len(denoiser.inputs) > 2 else None


def estimates(z, answer, coefficients, alpha, sigma):
    """Solves z = α x + σ ε and u = a x + b ε for image and noise.

        x̂ = (b z − σ u) / (α b − σ a),   ε̂ = (α u − a z) / (α b − σ a)

    Args:
        z, answer: arrays or tensors of one shape: what the network was shown, and its answer u.
        coefficients: (a, b) of the prediction at (α, σ).
        alpha, sigma: numbers, or what broadcasts to z.

    Returns:
        (x̂, ε̂), like z.
    """
    a, b = coefficients
    determinant = alpha * b - sigma * a
    return (b * z - sigma * answer) / determinant, (alpha * answer - a * z) / determinant


def denoiser_of(network, prediction=velocity, schedule=cosine, labels=None, guidance=1.0):
    """Makes the function that all samplers of `games.denoising` take: (z, t) -> x̂.

    With guidance w the answers with and without the class are drawn apart:

        u = u(z, t, none) + w · (u(z, t, y) − u(z, t, none))

    Args:
        network: denoiser, trained with this prediction and schedule.
        prediction, schedule: functions.
        labels: (N,) int, the classes asked for; None for none.
        guidance: w; 0 leaves the class out, 1 follows it, more exaggerates. Other than 0 and 1, each call costs two.

    Returns:
        function (z (N, …) float32 array, t float) -> x̂, float32 array like z.

    Raises:
        ValueError: labels or a guidance for a network that knows no classes, or a guidance without labels.

    Source: Ho & Salimans, 2021, eq. (6), whose weight is w − 1.
    """
    classes = classes_of(network)
    if classes is None and labels is not None:
        raise ValueError("Found labels for a denoiser that knows no classes, expected none; build it with classes=K.")
    if labels is None and guidance not in (0, 1):
        raise ValueError(f"Found guidance={guidance} without labels, expected labels to be guided by; give them.")
    asked = None if labels is None else np.eye(classes, dtype="float32")[checks.labels(labels, classes)]

    def answer(z, t, condition):
        inputs = [z, np.full((len(z), 1), t, "float32")]
        return builders.run(network, inputs if classes is None else [*inputs, condition], CHUNK)

    def denoise(z, t):
        alpha, sigma = level(schedule, t)
        none = np.zeros((len(z), classes or 0), "float32")
        if asked is None or guidance == 0:
            u = answer(z, t, none)
        elif guidance == 1:
            u = answer(z, t, asked)
        else:
            with_class, without = answer(z, t, asked), answer(z, t, none)
            u = without + np.float32(guidance) * (with_class - without)
        return estimates(z, u, prediction(alpha, sigma), alpha, sigma)[0]

    return denoise


def exact_denoiser(images, schedule=cosine, size=256):
    """The best denoiser of a finite set there is: a mean of its members, weighted by how likely each is.

        x̂(z, t) = Σᵢ wᵢ xᵢ,   w = softmaxᵢ(−‖z − α xᵢ‖² / 2σ²)

    Args:
        images: array (M, …), the set.
        schedule: function t -> (α, σ).
        size: rows of z at a time.

    Returns:
        function (z (N, …), t) -> x̂ (N, …), float32, as `denoiser_of` makes one.

    Source: Karras et al., 2022, eq. (57).
    """
    flat = np.asarray(images, "float32").reshape(len(images), -1)  # (M, d)

    def denoise(z, t):
        alpha, sigma = level(schedule, t)
        return np.concatenate([part(z[i : i + size], alpha, sigma) for i in range(0, len(z), size)])

    def part(z, alpha, sigma):
        rows = z.reshape(len(z), -1)
        distance = np.square(alpha * flat).sum(1) - 2 * alpha * (rows @ flat.T)  # + ‖z‖², alike for all: (N, M)
        logits = -distance.astype("float64") / (2 * sigma**2)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return (weights.astype("float32") @ flat).reshape(z.shape)

    return denoise


def level(schedule, t):
    """Returns (α, σ) at one time as numbers."""
    return tuple(float(ops.convert_to_numpy(c)) for c in schedule(np.float32(t)))
