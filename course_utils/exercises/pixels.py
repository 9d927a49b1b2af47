"""Exercises of lecture 10, pixel models."""

import numpy as np

from .exercise import Exercise
from .open_tasks import Experiment, Prediction

slide = Prediction(
    title="Exercise 1 · The slide's product",
    question="""\
A model says of each of nine black-and-white pixels, whatever came before, that it is black with probability 1/2. The
slide's product has nine factors under the product sign and three in front of it. Add it up over all 512 images. What
comes out? Say a number, then run the next cells.""",
    start="my_sum = ...\n",
    near=0.001,
    slips=(
        (lambda measured: 1.0, "That is the sum of a density. Count the factors: how often does p(x₁) stand there?"),
        (lambda measured: 2 * measured, "Three factors stand twice, not two."),
        (lambda measured: measured / 64, "That is one image's number. There are 512 images."),
        (lambda measured: 4 * measured, "Only one factor too many? Look at what stands in front of the product sign."),
    ),
    hints=(
        "How many factors has each of the 512 products, and how large is each factor?",
        "Twelve factors of 1/2 an image, and 2⁹ images.",
    ),
    code="my_sum = 0.125\n",
    why="""\
Nine factors under the product sign would give 512 · 2⁻⁹ = 1. The three in front of it stand there already, so each of
the first three pixels is paid for twice: 512 · 2⁻¹² = 1/8. Drop the three; or let the product begin at i = 4, and
tell the third factor of x₂ as well.""",
)  # fmt: skip


def _mask(height, width, centre):
    mask = np.zeros((height, width))
    mask[: height // 2] = 1
    mask[height // 2, : width // 2 + bool(centre)] = 1
    return mask


def _above_and_left(height, width, centre):
    mask = np.zeros((height, width))
    mask[: height // 2 + 1, : width // 2 + 1] = 1
    mask[height // 2, width // 2] = centre
    return mask


def _rows_above(height, width, centre):
    mask = np.zeros((height, width))
    mask[: height // 2] = 1
    mask[height // 2, width // 2] = centre
    return mask


def _whole_row(height, width, centre):
    mask = np.zeros((height, width))
    mask[: height // 2 + 1] = 1
    mask[height // 2, width // 2] = centre
    return mask


mask = Exercise(
    title="Exercise 2 · A mask for the past",
    question="""\
`height` and `width` are odd numbers, the size of a convolution's kernel; the kernel's middle lies on the pixel that is
to be predicted. Return an array (height, width) of ones and zeros: one where the kernel meets a pixel that was read
before, row by row from the top and each row from the left. `centre` is a bool: whether the middle itself is one too.
The next cells use your function.""",
    start="""\
def my_mask(height, width, centre):
    return ...
""",
    cases=lambda rng: [
        (3, 3, False), (3, 5, True), (1, 3, False), (5, 1, True), (1, 1, False), (1, 1, True), (7, 5, False),
        (5, 7, True),
    ],
    expected=_mask,
    slips=(
        (lambda h, w, c: _mask(h, w, True), "The middle is one whatever `centre` says: the pixel would see itself."),
        (lambda h, w, c: _mask(h, w, False), "The middle is zero whatever `centre` says."),
        (lambda h, w, c: _mask(h, w, not c), "`centre` has the opposite effect."),
        (
            _above_and_left,
            "You let in what is above *and* to the left. What stands above and to the right was read as well.",
        ),
        (_rows_above, "The rows above are there. And the pixels to the left, in the same row?"),
        (_whole_row, "In its own row the pixel may not see what stands to its right: that is read later."),
        (
            lambda h, w, c: _mask(w, h, c).T,
            "This reads column by column. The order here is row by row, as you read a page.",
        ),
        (lambda h, w, c: _mask(h, w, c)[::-1, ::-1], "This lets the future in and shuts out the past."),
    ),
    hints=(
        "Lay a kernel of 3×3 over a page of text, its middle on the next letter. Which letters do you know?",
        "All rows above the middle one in full; of the middle row the part to the left.",
        "`mask[:height // 2] = 1`, then `mask[height // 2, :width // 2] = 1`, and the middle is `centre`.",
    ),
    code="""\
def my_mask(height, width, centre):
    mask = np.zeros((height, width), "float32")
    mask[: height // 2] = 1
    mask[height // 2, : width // 2 + centre] = 1
    return mask
""",
    why="""\
Row by row, the past is everything above and, in the same row, everything to the left. The first layer must not see the
pixel itself, for that is the answer. Later layers may: at their middle stands what the first layer made of the past
alone.""",
)  # fmt: skip


def _field(kernel, dilations):
    return 1 + (kernel - 1) * sum(dilations)


field = Exercise(
    title="Exercise 3 · How far back?",
    question="""\
A stack of causal convolutions in one dimension: each has a kernel of `kernel` numbers, and layer k, whose dilation d
is `dilations[k]`, sees its input at the times t, t − d, t − 2d and so on. `dilations` is a tuple of whole numbers,
one a layer. Return how far back one output sees: the number of times from its earliest input to its own, both
included.""",
    start="""\
def my_field(kernel, dilations):
    return ...
""",
    cases=lambda rng: [
        (1, (3,)), (2, (1,)), (3, ()), (2, (1, 2, 4)), (3, (1, 2, 4, 8)), (2, (1, 1, 1, 1, 1)), (4, (8, 2)),
        (int(rng.integers(2, 6)), tuple(2**k for k in range(int(rng.integers(2, 9))))),
    ],
    expected=_field,
    slips=(
        (lambda k, d: (k - 1) * sum(d), "The input of the same time is missing."),
        (lambda k, d: k * sum(d), "A kernel of k numbers reaches k − 1 steps back, for one of them stands still."),
        (lambda k, d: 1 + (k - 1) * len(d), "You count steps of one. A layer of dilation d steps by d."),
        (lambda k, d: 1 + (k - 1) * max(d, default=0), "That is the widest layer alone. Layers stand on each other."),
        (lambda k, d: k ** len(d), "That counts the paths as if none ever met, and only for dilations k⁰, k¹, k² …"),
        (lambda k, d: 1 + k * sum(d), "A kernel of k numbers reaches k − 1 steps back; one of them stands still."),
    ),
    hints=(
        "How far back does one layer reach? And two, one on the other?",
        "A layer reaches (kernel − 1) · dilation steps back, and reaches add up.",
        "1 + (kernel − 1) · (sum of the dilations); the 1 is the present.",
    ),
    code="""\
def my_field(kernel, dilations):
    return 1 + (kernel - 1) * sum(dilations)
""",
    why="""\
Reaches add up, layer by layer. With dilations 1, 2, 4, … each layer doubles the reach at the same cost, so ten layers
with a kernel of 2 see 1,024 steps; without dilation they see 11. So WaveNet answers "only few context pixels".""",
)  # fmt: skip


def _posterior(log_likelihoods, prior):
    logits = log_likelihoods + np.log(prior)
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def _hasty(log_likelihoods, prior):
    weights = np.exp(log_likelihoods) * prior
    return weights / weights.sum(1, keepdims=True)


def _likelihoods(rng):
    cases = []
    for images, classes, level in ((1, 2, -3.0), (3, 4, -80.0), (5, 3, -900.0), (2, 5, -800.0), (1, 3, 800.0)):
        prior = rng.uniform(0.2, 1, classes)
        cases.append((level + rng.normal(size=(images, classes)) * 1.5, prior / prior.sum()))
    return cases


bayes = Exercise(
    title="Exercise 4 · Repair a classifier",
    question="""\
`log_likelihoods` is an array (N, K): log p(x|y) in nats of N images under each of K classes. `prior` is an array
(K,): p(y). Bayes' rule gives p(y|x), an array (N, K) whose rows sum to 1. The code does what the rule says, and with
small images it works. With large ones it answers `nan`. Find the fault and repair it, so that no size breaks it.""",
    start="""\
def my_posterior(log_likelihoods, prior):
    weights = np.exp(log_likelihoods) * prior
    return weights / weights.sum(axis=1, keepdims=True)
""",
    cases=_likelihoods,
    expected=_posterior,
    broken=_hasty,
    slips=(
        (
            lambda logs, prior: (
                np.exp(logs - logs.max(1, keepdims=True))
                / np.exp(logs - logs.max(1, keepdims=True)).sum(1, keepdims=True)
            ),
            "That never looks at the prior.",
        ),
        (
            lambda logs, prior: np.exp(logs - logs.max(1, keepdims=True)) * prior,
            "No overflow any more, but the rows do not sum to 1.",
        ),
        (
            lambda logs, prior: _posterior(logs, np.exp(prior)),
            "The prior is a probability already. Added to logarithms, it has to be a logarithm.",
        ),
        (
            lambda logs, prior: _posterior(logs, prior**2),
            "The prior counts twice.",
        ),
        (
            lambda logs, prior: _posterior(logs / 10, prior),
            "Scaling the logarithms changes how sure the answer is; only a number that is *added* to a row cancels.",
        ),
    ),
    hints=(
        "How large is exp(−900) on a computer, and what is 0 divided by 0?",
        "A number that is subtracted from a whole row before `exp` cancels in the quotient. Which one would you take?",
        "Subtract the largest of each row first; then one weight is about 1, and none overflows.",
    ),
    code="""\
def my_posterior(log_likelihoods, prior):
    logits = log_likelihoods + np.log(prior)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
""",
    why="""\
p(x|y) of an image is a product of hundreds of numbers below 1, and a computer rounds it to 0 in every class. Only the
differences of the logarithms matter. So subtract the largest: it cancels in the quotient, and one weight of each row
is near 1.""",
)


def _sound_flips(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_nats` is a dict of at least four shares: {share of flipped pixels: mean nats}."
    shares = sorted(float(share) for share in measured)
    if shares[0] != 0 or not 0.2 <= shares[-1] <= 0.5:
        return "take 0 as one share, and a largest one between 0.2 and 0.5: the ends are what you compare with."
    values = [float(measured[share]) for share in sorted(measured, key=float)]
    if not np.isfinite(values).all() or min(values) <= 0:
        return "the numbers are −log p in nats of binary images, so each is finite and above 0."
    if values[-1] <= values[0]:
        return "noise came out likelier than digits; look at the sign, and at whether you flip copies of the images."
    return None


flips = Experiment(
    title="Exercise 5 · What a flipped pixel costs",
    question="""\
Take at least 50 test images and flip each pixel with some probability, the same images for each share: at least four
shares, 0 and one of at least 0.2 among them. Measure the mean of −log p in nats by the shipped model. Fill a dict,
`{share: nats}`. To name the flipped pixels costs 784 · H(share) nats, with H(s) = −s log s − (1 − s) log(1 − s).
Write in a sentence or two how the rise of your numbers compares with it, and what that says about the model.""",
    start="""\
my_nats = ...
my_reading = ...
""",
    sound=_sound_flips,
    rubric=(
        "It names the nats without noise and at the largest share.",
        "It sets the rise beside 784 · H(share), and says which of the two is larger, at a small share and at a large "
        "one.",
        "It says that the model never saw a flip in training: it is sure in the background, and pays for it when it is "
        "wrong.",
        "It says that a flip costs twice: for itself, and because it stands in the context of its neighbours.",
    ),
    hints=(
        "`flipped = np.abs(images - (rng.random(images.shape) < share))` flips pixels that are 0 or 1.",
        "A model that had been trained on images with this noise would pay about 784 · H(share) more, at most.",
    ),
    code="""\
my_nats = {}
rng_of_mine = np.random.default_rng(0)
for share in (0.0, 0.01, 0.05, 0.2):
    flipped = np.abs(some_test - (rng_of_mine.random(some_test.shape) < share)).astype("float32")
    my_nats[share] = float(-pixels.log_probabilities(shipped, flipped).mean())
my_reading = "Each flip costs more than naming it, since the model is sure of the paper and never saw a flip."
""",
    why="""\
The likelihood is strict about what the eye forgives. A few flipped pixels leave a digit readable, and cost dozens of
nats, because in a corner that is always white a single black pixel is a great surprise. So a likelihood says how well
a model tells *all* of an image, and noise counts as much as strokes.""",
)
