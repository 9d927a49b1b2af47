"""Exercises of lecture 01, the variational autoencoder."""

import numpy as np
from keras import ops

from .calling import network, tensors
from .exercise import Exercise
from .gradients import value_and_slopes
from .open_tasks import Experiment, Prediction

HALF_LOG_2PI = float(0.5 * np.log(2 * np.pi))

wider = Prediction(
    title="Exercise 1 · Twice as many axes",
    question="""\
The small network of section 5.3 has two latent axes. At β = 1 it ends at a KL of about 5 nats for each image. The next
cell trains the same network with *four* axes in the same way. What will its KL be, in nats? Say a number first.""",
    start="my_nats = ...\n",
    unit="nats",
    near=0.07,
    slips=(
        (lambda measured: 10.5, "A KL is a sum over axes, but each nat is paid for: the next two axes save less."),
        (lambda measured: 5, "More axes can carry more about the image, and the other term falls by more than that."),
        (lambda measured: 2.5, "The KL is a sum over the axes, not a mean."),
    ),
    hints=(
        "The KL is what the code costs. What does the encoder buy with it?",
        "It buys as long as a nat of KL saves more than a nat of reconstruction. Are axes 3 and 4 worth axes 1 and 2?",
    ),
    code="my_nats = 9\n",
    why="""\
The KL is a sum over axes, so it grows with their number, but less than in proportion. The encoder spends a nat of KL
only where that saves more than a nat of reconstruction. The first axes save most, later ones less, and in a large
latent space some carry nothing at all.""",
)


def _free_bits(z_mean, z_log_var, free):
    per_axis = 0.5 * (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var)  # (N, d)
    return np.sum(np.maximum(per_axis.mean(axis=0), free))


def _per_axis(z_mean, z_log_var):
    return 0.5 * (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var)


def _posteriors(rng):
    """Some axes carry much and some nearly nothing, so that `free` takes hold of a part of them."""
    cases = []
    for n, d, free in ((3, 2, 0.5), (7, 4, 0.2), (5, 6, 1.5), (2, 3, 0.0), (4, 5, 30.0)):
        use = rng.uniform(0.02, 1.5, d)
        cases.append((rng.normal(size=(n, d)) * use, -use * rng.uniform(0.1, 2, (n, d)), free))
    return cases


free_bits = Exercise(
    title="Exercise 2 · Free bits",
    question="""\
An axis whose KL is nearly 0 is dead: β pulls it down, and at a large β nothing brings it back. *Free bits* charge
nothing for the first nats of each axis (Kingma et al., 2016). `z_mean` and `z_log_var` are tensors (N, d), `free` is
a number ≥ 0. For each axis take the mean of its KL over the N images; where that mean is below `free`, count `free`
instead. Return the sum over the axes, one number. The next cells train with your function, so use `keras.ops`.""",
    start="""\
def my_free_bits(z_mean, z_log_var, free):
    return ...
""",
    cases=_posteriors,
    given=tensors,
    expected=_free_bits,
    gradient=0,
    slips=(
        (
            lambda m, v, free: np.sum(np.maximum(_per_axis(m, v), free), axis=1).mean(),
            "You compare each image's KL with `free`. Take the mean over the images first.",
        ),
        (
            lambda m, v, free: np.maximum(_per_axis(m, v).sum(axis=1).mean(), free),
            "You compare the sum over the axes with `free`. Each axis has its own allowance.",
        ),
        (
            lambda m, v, free: np.sum(np.minimum(_per_axis(m, v).mean(axis=0), free)),
            "You took the smaller of the two. Then an axis that carries much costs no more than `free`.",
        ),
        (
            lambda m, v, free: np.sum(np.maximum(_per_axis(m, v).mean(axis=0) - free, 0)),
            "You subtract the allowance. The value is too low by d·free then; count `free` where the KL is below it.",
        ),
        (lambda m, v, free: np.sum(_per_axis(m, v).mean(axis=0)), "`free` does not enter: this is the plain KL."),
        (
            lambda m, v, free: np.mean(np.maximum(_per_axis(m, v).mean(axis=0), free)),
            "You took the mean over the axes. A KL of independent axes is their sum.",
        ),
        (
            lambda m, v, free: np.sum(np.maximum(2 * _per_axis(m, v).mean(axis=0), free)),
            "The factor ½ of the KL is missing.",
        ),
    ),
    hints=(
        "Write the KL of each image and axis first, (N, d). Over which axis do you average?",
        "After the mean over the images you have d numbers. `ops.maximum` compares each with `free`.",
        "ops.sum(ops.maximum(ops.mean(per_axis, axis=0), free)), where per_axis is the KL before any sum.",
    ),
    code="""\
def my_free_bits(z_mean, z_log_var, free):
    per_axis = 0.5 * (ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var)  # (N, d)
    return ops.sum(ops.maximum(ops.mean(per_axis, axis=0), free))
""",
    why="""\
Below `free` the maximum is flat, so no gradient pushes the axis down, and the reconstruction term can wake it. The
mean over the images comes first: an axis may be silent for one image and busy for another, and it is the axis that
should live. The value is no ELBO any more; report the ELBO with the plain KL.""",
)


def _gaussian_nll(x, mean, log_sigma):
    squares = ((x - mean) / np.exp(log_sigma)) ** 2
    return np.sum(0.5 * squares + log_sigma + 0.5 * np.log(2 * np.pi), axis=(1, 2, 3))


def _images(rng):
    cases = []
    for n, shape, log_sigma in ((2, (2, 1, 1), 0.4), (5, (3, 4, 2), -1.3), (3, (6, 2, 1), 0.0), (4, (2, 3, 3), -3.0)):
        x = rng.uniform(size=(n, *shape))
        cases.append((x, x + np.exp(log_sigma) * rng.normal(size=x.shape), np.array(log_sigma)))
    return cases


def _mistaken_nll(squares=0.5, logs=1.0, constant=HALF_LOG_2PI, deviation=np.exp, reduce=np.sum):
    def mistaken(x, mean, log_sigma):
        error = ((x - mean) / deviation(log_sigma)) ** 2
        return reduce(squares * error + logs * log_sigma + constant, axis=(1, 2, 3))

    return mistaken


gaussian = Exercise(
    title="Exercise 3 · Grey pixels, and a noise that is learned",
    question="""\
Grey pixels are no coin tosses. Let each pixel be Gaussian around the decoder's `mean`, with *one* deviation σ for
all of them that is trained as well: the network holds `log_sigma`, one number. `x` and `mean` are tensors (N, H, W,
C). Return −log p(x|z) of each image in nats, (N,), with all constants. It is differentiated, so use `keras.ops`.""",
    start="""\
def my_gaussian_nll(x, mean, log_sigma):
    return ...
""",
    cases=_images,
    given=tensors,
    expected=_gaussian_nll,
    gradient=2,
    slips=(
        (_mistaken_nll(logs=0.0), "The normaliser log σ is missing. Without it, σ → ∞ costs nothing and always wins."),
        (_mistaken_nll(constant=0.0), "The constant ½ log 2π is missing, once for each pixel."),
        (_mistaken_nll(squares=1.0), "The factor ½ of the squares is missing."),
        (_mistaken_nll(logs=0.5), "That would be right for a log *variance*. `log_sigma` is the log of the deviation."),
        (
            _mistaken_nll(deviation=lambda s: np.exp(0.5 * s)),
            "You take `log_sigma` for a log variance. It is the logarithm of the deviation itself.",
        ),
        (_mistaken_nll(deviation=lambda s: 1.0), "The error has to be measured in units of σ."),
        (_mistaken_nll(reduce=np.mean), "You took the mean over the pixels. Independent pixels add up."),
        (lambda *a: -_gaussian_nll(*a), "The sign: a log-likelihood is to be maximised, its negative minimised."),
        (
            lambda *a: np.mean(_gaussian_nll(*a)),
            "You have one number for the whole batch. Sum over the pixels only, so that each image keeps its own.",
        ),
    ),
    hints=(
        "The density of one Gaussian variable, and then its logarithm: which three terms are there?",
        "½((x − mean)/σ)², log σ, and ½ log 2π, for every pixel; then a sum over pixels.",
    ),
    code="""\
def my_gaussian_nll(x, mean, log_sigma):
    squares = ops.square((x - mean) * ops.exp(-log_sigma))
    return ops.sum(0.5 * squares + log_sigma + 0.5 * np.log(2 * np.pi), axis=(1, 2, 3))
""",
    why="""\
For a given error the best σ is the root of the mean squared error: the first two terms pull in opposite directions
and balance there. So a learned σ chooses by itself how much a squared error counts against a nat of KL, which is
what β does by hand: a fixed σ is a β of 2σ² on the squared error.""",
)


def _vae_loss(x, epsilon, encoder, decoder):
    z_mean, z_log_var = _halves(encoder(x))
    logits = decoder(z_mean + ops.exp(0.5 * z_log_var) * epsilon)
    nll = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
    return ops.mean(nll + _kl(z_mean, z_log_var))


def _halves(both):
    d = both.shape[-1] // 2
    return both[:, :d], both[:, d:]


def _kl(z_mean, z_log_var):
    return 0.5 * ops.sum(ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var, axis=-1)


def _faulty(spread=lambda v: ops.exp(0.5 * v), pixels=ops.sum, kl=_kl):
    def faulty(x, epsilon, encoder, decoder):
        z_mean, z_log_var = _halves(encoder(x))
        logits = decoder(z_mean + spread(z_log_var) * epsilon)
        nll = pixels(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
        return ops.mean(nll + kl(z_mean, z_log_var))

    return faulty


def _mean_kl(z_mean, z_log_var):
    return 2 * _kl(z_mean, z_log_var) / z_mean.shape[-1] / 2


def _pairs(rng):
    cases = []
    for n, shape, d in ((2, (3, 1, 1), 1), (6, (2, 3, 2), 2), (5, (4, 3, 1), 3)):
        x, epsilon = rng.uniform(size=(n, *shape)), rng.normal(size=(n, d))
        cases.append((x, epsilon, network(rng, shape, 2 * d), network(rng, d, shape)))
    return cases


repair = Exercise(
    title="Exercise 4 · Repair a VAE",
    question="""\
This loss has two faults, and one of them is the slides'. Training it gives a KL near 0 and one blot for every
sample. Find both and repair them. `x` is a tensor (N, H, W, C), `epsilon` (N, d); the encoder gives `z_mean` and
`z_log_var` side by side, (N, 2d); the decoder gives logits. The loss is the negative ELBO in nats, summed over
pixels and axes, its mean over the images, as one number. A game differentiates it, so use `keras.ops`.""",
    start="""\
def my_vae_loss(x, epsilon, encoder, decoder):
    z_mean, z_log_var = ops.split(encoder(x), 2, axis=-1)  # (N, d) each
    z = z_mean + ops.exp(z_log_var) * epsilon
    logits = decoder(z)
    nll = ops.mean(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
    kl = 0.5 * ops.sum(ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var, axis=-1)
    return ops.mean(nll + kl)
""",
    cases=_pairs,
    given=tensors,
    probe=value_and_slopes,
    expected=_vae_loss,
    broken=_faulty(spread=ops.exp, pixels=ops.mean),
    slips=(
        (_faulty(spread=ops.exp), "One fault is mended. The other: which deviation belongs to z_log_var?"),
        (_faulty(pixels=ops.mean), "One fault is mended. The other: how does the KL weigh against *one* pixel?"),
        (
            _faulty(kl=_mean_kl),
            "The draw and the pixels are right. But now the KL is a mean over the axes: leave its sum as it was.",
        ),
        (
            _faulty(pixels=ops.mean, kl=_mean_kl),
            "Now both terms are means. Then the ratio of their lengths is a hidden β; sum both.",
        ),
        (_faulty(spread=lambda v: 0.5 * ops.exp(v)), "The ½ belongs into the exponential: the root of exp(v)."),
    ),
    hints=(
        "Go through it term by term: the draw, the reconstruction, the KL. What are the units of each?",
        "A deviation is the root of a variance. And the likelihood of 784 pixels is a product of 784 factors.",
        "exp(½ z_log_var) in the draw, and ops.sum in the reconstruction.",
    ),
    code="""\
def my_vae_loss(x, epsilon, encoder, decoder):
    z_mean, z_log_var = ops.split(encoder(x), 2, axis=-1)  # (N, d) each
    z = z_mean + ops.exp(0.5 * z_log_var) * epsilon
    logits = decoder(z)
    nll = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
    kl = 0.5 * ops.sum(ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var, axis=-1)
    return ops.mean(nll + kl)
""",
    why="""\
The mean over the pixels divides the reconstruction by 784, so the KL weighs 784 times too much, and the encoder
gives up: every posterior becomes the prior. The wrong deviation alone is hidden by training, since the encoder
learns other numbers; but the KL is then not that of the distribution that is drawn from, and the sum is no longer
sure to be a bound.""",
)


def _sound_temperatures(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_scores` is a dict of at least four temperatures: {τ: (IS, FD)}."
    for temperature, pair in measured.items():
        inception, distance = (float(value) for value in pair)
        if not 1 <= inception <= 10.001:
            return f"at τ = {temperature:g} the IS is {inception:.2f}; with ten classes it lies between 1 and 10."
        if not (np.isfinite(distance) and distance >= 0):
            return f"at τ = {temperature:g} the FD is {distance:.2f}; it is a number ≥ 0."
    if not min(measured) <= 0.5 or not max(measured) >= 1.2:
        return "go to both sides of 1, from τ = 0.5 or less to 1.2 or more."
    return None


temperature = Experiment(
    title="Exercise 5 · Colder than the prior",
    question="""\
Draw from $\\mathcal N(0, \\tau^2 I)$ instead of the prior, and decode. Does the VAE with 16 axes draw better digits
when τ is below 1? Try at least four temperatures, from 0.5 or less to 1.2 or more. Fill a dict `{τ: (IS, FD)}` and
write down in a sentence or two what you conclude. Look at the images as well.""",
    start="""\
my_scores = ...
my_conclusion = ...
""",
    sound=_sound_temperatures,
    rubric=(
        "It names the temperatures with the lowest FD and with the highest IS, in numbers, and whether they agree.",
        "It looks at images: far below 1 they are alike.",
        "It does not claim more than was measured: one network, one set of noise.",
        "It sees that this changes the model: draws at τ ≠ 1 are no samples of p(x).",
    ),
    hints=(
        "`decode(big[\"decoder\"], tau * noise)` and `scores_of(…)` do the work; use the same `noise` for every τ.",
        "`scores_of` returns confidence, IS and FD. Which of them falls when all images look alike?",
    ),
    code="""\
my_scores = {}
for tau in (0.4, 0.6, 0.8, 1.0, 1.25):
    my_scores[tau] = scores_of(decode(big["decoder"], tau * noise))[1:]
my_conclusion = "Colder draws are worse here, by IS and by FD; hotter ones, up to 1.25, are better. One network."
""",
    why="""\
You may have expected colder draws to be better, as with truncation in lectures 08 and 09. Here IS falls with τ, and FD
rises from about 7 at τ = 1 to 15 at 0.6; at 1.25 it is lower still, about 5. With sixteen axes the prior's draws lie
about √16 = 4 from the middle, and few codes lie near it: what is *typical* of a Gaussian is not its middle.""",
)
