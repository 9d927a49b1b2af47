"""Exercises of lecture 00, autoencoders."""

import numpy as np
from keras import ops

from .calling import network, tensors
from .exercise import Exercise
from .gradients import value_and_slopes
from .open_tasks import Experiment, Prediction

quieter = Prediction(
    title="Exercise 1 · A tenth of the noise",
    question="""\
In section 4.3, noise of deviation $\\sigma = 0.5$ on every pixel left a PSNR of about 6 dB. You take a tenth of it,
$\\sigma = 0.05$. How many decibels does the noisy image have now? Say a number, then run the next cell.""",
    start="my_decibels = ...\n",
    unit="dB",
    near=0.06,
    slips=(
        (
            lambda measured: measured - 10,
            "10 dB more is a tenth of the *squared* error. You took a tenth of the error.",
        ),
        (
            lambda measured: 10 * (measured - 20),
            "Decibels add where factors multiply: ten times less is no factor of ten.",
        ),
        (lambda measured: measured - 20, "Less noise has to help: the smaller the error, the more decibels."),
        (lambda measured: measured - 40, "Less noise has to help: the smaller the error, the more decibels."),
    ),
    hints=(
        "What is the mean squared error of an image with noise of deviation σ, as a formula in σ?",
        "By which factor does the mean squared error fall? Each factor of ten is worth 10 dB.",
    ),
    code="my_decibels = 26\n",
    why="""\
The mean squared error is the variance of the noise, $\\sigma^2$. A tenth of $\\sigma$ is a hundredth of $\\sigma^2$,
and $-10\\log_{10}$ of a hundredth is 20 dB: $6 + 20 = 26$ dB.""",
)


def _least_error(x, widths):
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    return np.array([np.sum(values[width:] ** 2) / len(x) for width in widths])


def _clouds(rng):
    def cloud(n, d):
        return rng.normal(size=(n, d)) * rng.uniform(0.3, 3, d) + rng.uniform(2, 4, d)

    return [(cloud(4, 2), [1]), (cloud(40, 5), [0, 3, 1, 5]), (cloud(4, 9), [2, 3, 9]), (cloud(25, 3), range(4))]


def _curve(of_values, centre=True):
    """A mistaken curve: what is made of the singular values, a width and the number of points."""

    def mistaken(x, widths):
        values = np.linalg.svd(x - x.mean(axis=0) if centre else x, compute_uv=False)
        return np.array([of_values(values, width, x) for width in widths])

    return mistaken


least_error = Exercise(
    title="Exercise 2 · The least error, for every width",
    question="""\
How well can a linear autoencoder do at best? `x` is an array (n, d) of n points, `widths` a list of code widths, each
from 0 to d, in any order. Return an array with one number for each width: the mean over the points of the squared
distance to the best plane of so many dimensions. The plane need not go through the origin.
The next cell draws your curve.""",
    start="""\
def my_least_error(x, widths):
    return ...
""",
    cases=_clouds,
    expected=_least_error,
    slips=(
        (
            _curve(lambda s, k, x: np.sum(s[k:] ** 2) / len(x), centre=False),
            "The mean was not subtracted. The plane may lie anywhere; the best one goes through the points' mean.",
        ),
        (
            _curve(lambda s, k, x: np.sum(s[:k] ** 2) / len(x)),
            "You counted the directions that are kept. The error comes from those that are left out.",
        ),
        (_curve(lambda s, k, x: np.sum(s[k:]) / len(x)), "Square the singular values: the error is a squared length."),
        (_curve(lambda s, k, x: np.sum(s[k:] ** 2)), "You have the sum over all points. Take their mean."),
        (
            _curve(lambda s, k, x: np.sum(s[k:] ** 2) / (len(x) - 1)),
            "You divide by n − 1, which estimates a variance. Here the mean over the n points is asked for.",
        ),
        (
            _curve(lambda s, k, x: np.sum(s[k:] ** 2) / x.size),
            "You average over the coordinates as well. A squared distance is their sum.",
        ),
        (
            _curve(lambda s, k, x: np.sum(s[k + 1 :] ** 2) / len(x)),
            "You leave out one direction too few: at width 0 all of them are left out, at width 1 all but the first.",
        ),
        (
            _curve(lambda s, k, x: (s[k] ** 2 if k < len(s) else 0) / len(x)),
            "You took the next direction alone. All directions after the first `width` are left out.",
        ),
    ),
    hints=(
        "Section 2.1 has the answer for one width. What is lost when the last directions are dropped?",
        "`np.linalg.svd(centred, compute_uv=False)` gives the singular values, largest first. What are their squares?",
        "For a width k the loss is the sum of the squared singular values from number k on, divided by n.",
    ),
    code="""\
def my_least_error(x, widths):
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    return np.array([np.sum(values[width:] ** 2) / len(x) for width in widths])
""",
    why="""\
The squared singular values of the centred points say how much of their squared length lies along each principal
direction. The best plane keeps the largest of them, so the error is what the others hold. No network with linear layers
gets below this curve, however long it trains: that is what makes it a yardstick.""",
)


def _masked_law(ask, rng):
    """Independent pixels, each black with the given probability, others untouched."""
    x = rng.uniform(0.1, 1, (60, 9, 7, 1))
    for share in (0.3, 0.85, 0.0, 1.0):
        found = ask(x, share, np.random.default_rng(rng.integers(2**31)), shape=x.shape)
        black = found == 0
        if not np.allclose(found[~black], x[~black], rtol=1e-4):
            return "pixels that are kept have changed. Every pixel is either 0 or as it was."
        said = _pattern_fault(black, share) if 0 < share < 1 else None
        if said:
            return said
        if abs(black.mean() - (1 - share)) < 0.05 < abs(black.mean() - share):
            return f"with share = {share} you keep a share of {1 - black.mean():.2f}: it is the share that is set to 0."
        if abs(black.mean() - share) > 0.05:
            return f"with share = {share} you set {black.mean():.2f} of the pixels to 0."
    return None


def _pattern_fault(black, share):
    if np.all(black == black[:1]):
        return "every image gets the same mask. Draw one number for each pixel of each image."
    if np.ptp(black.mean((0, 2, 3))) > 0.5 or np.ptp(black.mean((0, 1, 3))) > 0.5:
        return "the mask covers always the same place. Any pixel may be hit."
    counts = black.sum((1, 2, 3))
    if np.all(counts == counts[0]):
        return "every image loses the same number of pixels. Each pixel is hit by itself, so the numbers vary."
    if counts.var() > 4 * black[0].size * share * (1 - share):
        return "pixels of an image, or of a row, are hit together. Draw one number for each pixel."
    return None


def _generator_law(ask, rng):
    """The draw follows from the generator that is handed over."""
    x, seed = rng.uniform(0.1, 1, (8, 6, 6, 1)), int(rng.integers(2**31))
    first = ask(x, 0.5, np.random.default_rng(seed), shape=x.shape)
    if not np.array_equal(first, ask(x, 0.5, np.random.default_rng(seed), shape=x.shape)):
        return "the same generator gives another mask each time: take every random number from `rng`."
    if np.array_equal(first, ask(x, 0.5, np.random.default_rng(seed + 1), shape=x.shape)):
        return "another generator gives the same mask: take every random number from `rng`, and do not make your own."
    return None


mask = Exercise(
    title="Exercise 3 · Another kind of dirt",
    question="""\
The first denoising autoencoders did not add noise, they *masked*: some pixels were set to 0. `x` is an array
(N, H, W, C), `share` a number from 0 to 1, `rng` a NumPy generator (`np.random.default_rng`). Return an array like `x`
in which every pixel is 0 with probability `share`, independently of all others, and unchanged otherwise.""",
    start="""\
def masked(x, share, rng):
    return ...
""",
    laws=(_masked_law, _generator_law),
    hints=(
        "A number drawn evenly between 0 and 1 is below `share` with which probability?",
        "`rng.random(x.shape)` draws one number for each pixel; comparing it with `share` gives True and False.",
    ),
    code="""\
def masked(x, share, rng):
    return x * (rng.random(x.shape) >= share)
""",
    why="""\
Each pixel has a number of its own, so pixels fall independently, and all randomness comes from the generator that the
caller owns: with the same seed the same pixels fall, which is what makes an experiment repeatable. Here C is 1. In a
colour image you would draw (N, H, W, 1), so that a pixel falls with all its channels.""",
)


def _denoising(x, noise, encoder, decoder):
    return ops.mean(ops.sum(ops.square(x - decoder(encoder(x + noise))), axis=(1, 2, 3)))


def _noise_on_target(x, noise, encoder, decoder):
    return ops.mean(ops.sum(ops.square(x + noise - decoder(encoder(x))), axis=(1, 2, 3)))


def _noise_on_both(x, noise, encoder, decoder):
    return ops.mean(ops.sum(ops.square(x + noise - decoder(encoder(x + noise))), axis=(1, 2, 3)))


def _noise_nowhere(x, noise, encoder, decoder):
    return _denoising(x, 0 * noise, encoder, decoder)


def _noise_twice(x, noise, encoder, decoder):
    return _denoising(x, 2 * noise, encoder, decoder)


def _mean_over_pixels(x, noise, encoder, decoder):
    return _denoising(x, noise, encoder, decoder) / (x.shape[1] * x.shape[2] * x.shape[3])


def _noise_on_code(x, noise, encoder, decoder):
    code = encoder(x)
    noise = ops.reshape(noise, (len(noise), -1))[:, : code.shape[1]]
    return ops.mean(ops.sum(ops.square(x - decoder(code + noise)), axis=(1, 2, 3)))


def _networks(rng):
    cases = []
    for n, shape, code in ((2, (3, 1, 1), 2), (6, (2, 3, 2), 4), (9, (4, 3, 1), 3)):
        x, noise = rng.uniform(size=(n, *shape)), 0.5 * rng.normal(size=(n, *shape))
        cases.append((x, noise, network(rng, shape, code), network(rng, code, shape)))
    return cases


repair = Exercise(
    title="Exercise 4 · Repair a denoiser",
    question="""\
Somebody trained with this loss, with noise of $\\sigma = 0.5$ on 784 pixels. It stalls above 196 for good; clean images
come back well, noisy ones do not come back clean. Find the fault and repair it. `x` and `noise` are tensors
(N, H, W, C), `encoder` and `decoder` Keras models. The loss is the squared error, summed over an image, its mean
over the batch, as one number. A game differentiates it, so use `keras.ops`.""",
    start="""\
def my_denoising_loss(x, noise, encoder, decoder):
    restored = decoder(encoder(x))
    return ops.mean(ops.sum(ops.square(x + noise - restored), axis=(1, 2, 3)))
""",
    cases=_networks,
    given=tensors,
    probe=value_and_slopes,
    expected=_denoising,
    broken=_noise_on_target,
    slips=(
        (
            _noise_on_both,
            "Now the target is noisy as well: the network is paid for restoring the dirt, and a perfect copy costs 0.",
        ),
        (_noise_nowhere, "The noise is gone altogether. A network that never sees dirt does not learn to remove it."),
        (_noise_twice, "The noise is added twice."),
        (_mean_over_pixels, "The place of the noise is right. Keep the sum over the pixels: you took their mean."),
        (
            _noise_on_code,
            "The noise goes onto the image, not onto the code: the input is dirty, and the encoder reads it.",
        ),
    ),
    hints=(
        "What does the network see, and what is it compared with? Read both off the code.",
        "784·σ² with σ = 0.5 is 196: no output can be nearer than that to a target with fresh noise on it.",
        "Noise belongs on what goes *in*. What should come *out* is clean.",
    ),
    code="""\
def my_denoising_loss(x, noise, encoder, decoder):
    restored = decoder(encoder(x + noise))
    return ops.mean(ops.sum(ops.square(x - restored), axis=(1, 2, 3)))
""",
    why="""\
The noise stood on the target. Nobody can foresee fresh noise, so the best answer to a noisy target is its mean, the
clean image; the network saw clean images, copied them, and paid 784·σ² = 196 for noise that it could not know. With
noise on the input and a clean target, the loss rewards what you want: the mean of all clean images that fit the dirty
one.""",
)


def _sound_levels(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return (
            "`my_levels` is a dict of at least four noise levels: {σ: (dB of the noisy image, dB after the denoiser)}."
        )
    for level, pair in measured.items():
        before, after = (float(value) for value in pair)
        if abs(before + 20 * np.log10(level)) > 1.5:
            right = -20 * np.log10(level)
            return f"at σ = {level:g} the noisy image has about {right:.1f} dB, and you have {before:.1f}."
        if not np.isfinite(after):
            return f"at σ = {level:g} the PSNR after the denoiser is not finite."
    if not min(measured) <= 0.15 or not max(measured) >= 0.7:
        return "go to both sides of the level of training, from σ = 0.1 or less to 0.8 or more."
    return None


levels = Experiment(
    title="Exercise 5 · How far does a denoiser reach?",
    question="""\
The denoiser was trained with $\\sigma = 0.5$ and nothing else. Try it on at least four other levels, from 0.1 or less
to 0.8 or more. Fill a dict, `{level: (PSNR of the noisy image, PSNR after the denoiser)}`, and write down in a
sentence or two what you conclude. Where is it worth using?""",
    start="""\
my_levels = ...
my_conclusion = ...
""",
    sound=_sound_levels,
    rubric=(
        "It names the range of σ in which the denoiser helps, in numbers, and the level at which the two curves cross.",
        "Below that level it does harm: what it restores is worse than what it was given.",
        "It says why: the output is limited by what fits the code and by the noise that the network expects, so its "
        "PSNR hardly rises when the noise falls, while the noisy image gains 20 dB whenever σ falls to a tenth.",
        "It does not claim more than was measured: one network, one training, one kind of noise.",
        "It draws the consequence: either tell the network the level, or train it on many. Diffusion models do both.",
    ),
    hints=(
        '`restored(games["denoising"], noisy)` cleans a batch, `psnr(x_test, …)` measures it; loop over σ.',
        "Where does the noisy image have more decibels than the cleaned one?",
    ),
    code="""\
my_levels = {}
for level in (0.05, 0.1, 0.15, 0.2, 0.5, 0.8, 1.2):
    dirty = x_test + level * np.random.default_rng(5).normal(size=x_test.shape).astype("float32")
    clean = restored(games["denoising"], dirty)
    my_levels[level] = float(psnr(x_test, dirty).mean()), float(psnr(x_test, clean).mean())
my_conclusion = "It helps from σ = 0.2 upwards, below the level of training too, and does harm at 0.15 and less."
""",
    why="""\
A denoiser answers with the mean of the clean images that fit what it sees, *for the noise it was trained with*. Show it
less noise, and it still takes fine detail for dirt: even a clean image comes back changed.""",
)
