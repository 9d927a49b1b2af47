"""Exercises of lecture 08, BigGAN."""

import numpy as np

from .calling import tensors
from .exercise import Exercise
from .open_tasks import Experiment, Prediction

four_classes = Prediction(
    title="Exercise 1 · Six digits are missing",
    question="""\
A generator draws only the digits 0, 1, 2 and 3, each as often as the others, and each image is a real one. What is its
inception score, roughly? Say a number, then run the next cell.""",
    start="my_score = ...\n",
    near=0.1,
    slips=(
        (lambda measured: 10, "The mean answer p(y) has only four classes in it, so no answer differs much from it."),
        (lambda measured: 1, "1 is the score of a generator that always draws the same class, or that is never sure."),
        (lambda measured: np.log(measured), "That is the mean KL divergence in nats. The score is its exponential."),
        (lambda measured: 0.4, "The score is no share: it lies between 1 and the number of classes."),
    ),
    hints=(
        "What is p(y|x) for one clear image of a 2, and what is p(y)?",
        "KL(p(y|x)‖p(y)) is then −log of one number. Which one?",
    ),
    code="my_score = 4\n",
    why="""\
Each answer is sure, so $\\mathrm{KL}(p(y|x)\\|p(y)) = -\\log p(y) = \\log 4$, and $\\exp(\\log 4) = 4$: the score
counts classes that come evenly. The measured number differs a little. Doubtful answers pull it down; an image that is
read as one of the other six digits pulls it up, for it adds a class.""",
)


def _inside_law(ask, rng):
    """What lies within the threshold stays; nothing lies beyond afterwards."""
    for shape, threshold in (((40, 7), 0.8), ((9, 300), 0.3), ((500,), 2.5), ((3, 2), 20.0)):
        z = rng.normal(size=shape)
        found = ask(z, threshold, np.random.default_rng(rng.integers(2**31)), shape=shape)
        inside = np.abs(z) <= threshold
        if np.allclose(found, np.clip(z, -threshold, threshold), atol=1e-6) and not inside.all():
            return "this clips: it makes a heap of numbers at ±threshold. Draw again what lies beyond."
        if not np.allclose(found[inside], z[inside], atol=1e-6):
            return "numbers that were inside have changed. Draw only those again that lie beyond."
        if np.abs(found).max() > threshold * (1 + 1e-6):
            return "some numbers still lie beyond the threshold: a new draw may lie beyond too."
    return None


def _spread_law(ask, rng):
    """New numbers are normal ones, given that they lie inside: deviations from the truncated normal distribution."""
    for threshold, deviation in ((0.5, 0.2839), (1.0, 0.5396), (2.0, 0.8796)):
        z = np.where(np.arange(30_000) % 2, 5.0, -5.0)  # all of them lie beyond
        found = ask(z, threshold, np.random.default_rng(rng.integers(2**31)), shape=z.shape)
        if len(np.unique(found)) < 0.9 * len(found):
            return "numbers beyond were replaced by one or a few values. Draw one for each."
        if abs(found.mean()) > 0.03 or abs(np.corrcoef(found, z)[0, 1]) > 0.05:
            return "the new numbers depend on the old ones, or lean to one side: draw each afresh from the normal one."
        if abs(found.std() - deviation) > 0.02:
            return (
                f"with threshold {threshold:g} the new numbers have deviation {found.std():.3f}, and normal numbers "
                f"that happen to lie inside have {deviation:.3f}: draw from rng.standard_normal, and again if need be."
            )
    return None


def _generator_law(ask, rng):
    """The draw follows from the generator that is handed over."""
    z, seed = 3 * rng.normal(size=(20, 5)), int(rng.integers(2**31))
    first = ask(z, 1.0, np.random.default_rng(seed), shape=z.shape)
    if not np.array_equal(first, ask(z, 1.0, np.random.default_rng(seed), shape=z.shape)):
        return "the same generator gives other numbers each time: take every random number from `rng`."
    if np.array_equal(first, ask(z, 1.0, np.random.default_rng(seed + 1), shape=z.shape)):
        return "another generator gives the same numbers: take every random number from `rng`; do not make your own."
    return None


redraw = Exercise(
    title="Exercise 2 · Truncation by drawing again",
    question="""\
`z` is an array of normal numbers of any shape, `threshold` a positive number, `rng` a NumPy generator
(`np.random.default_rng`). Return an array like `z` in which every number beyond ±`threshold` was drawn again from the
normal distribution until it lies inside. Numbers inside stay as they are. The next cell uses your function.""",
    start="""\
def my_redrawn(z, threshold, rng):
    return ...
""",
    laws=(_inside_law, _spread_law, _generator_law),
    hints=(
        "A mask, `np.abs(z) > threshold`, finds the numbers beyond. How many new ones do you need?",
        "`rng.standard_normal(mask.sum())` draws as many. Some of them lie beyond as well, so once is not enough.",
        "Copy z; while any number lies beyond: make the mask, and put new draws where it is True.",
    ),
    code="""\
def my_redrawn(z, threshold, rng):
    z = z.copy()
    while np.any(np.abs(z) > threshold):
        beyond = np.abs(z) > threshold
        z[beyond] = rng.standard_normal(beyond.sum())
    return z
""",
    why="""\
Drawing again until a number fits gives the normal distribution *under the condition* that it lies inside: the bell, cut
off and made higher. Clipping would put a heap at the threshold, where the generator has hardly been trained, and
scaling would move every number and still leave some beyond.""",
)


def _hinge(real_logits, fake_logits):
    return np.mean(np.maximum(0, 1 - real_logits)) + np.mean(np.maximum(0, 1 + fake_logits))


def _mean_first(real_logits, fake_logits):
    return np.maximum(0, 1 - np.mean(real_logits)) + np.maximum(0, 1 + np.mean(fake_logits))


def _logits(rng):
    return [tuple(scale * rng.normal(size=(n, 1)) + shift for n in sizes) for scale, shift, sizes in (
        (0.5, 3.0, (2, 3)), (4.0, 0.0, (7, 7)), (0.3, -2.0, (5, 4)), (60.0, 10.0, (6, 8)), (2.0, 1.0, (40, 30)),
    )]  # fmt: skip


repair = Exercise(
    title="Exercise 3 · Repair a hinge",
    question="""\
Somebody trains with this hinge loss. The critic soon stops moving, although it is still wrong about many images. Find
the fault and repair it. `real_logits` and `fake_logits` are tensors (N, 1) and (M, 1); the loss is one number, the mean
over the real images plus the mean over the fakes. A game differentiates it, so use `keras.ops`.""",
    start="""\
def my_hinge(real_logits, fake_logits):
    real = ops.relu(1 - ops.mean(real_logits))
    fake = ops.relu(1 + ops.mean(fake_logits))
    return real + fake
""",
    cases=_logits,
    given=tensors,
    expected=_hinge,
    broken=_mean_first,
    gradient=0,
    slips=(
        (
            lambda r, f: np.mean(np.maximum(0, 1 + r)) + np.mean(np.maximum(0, 1 - f)),
            "The signs are exchanged: this rewards negative logits for real images.",
        ),
        (
            lambda r, f: np.mean(1 - r) + np.mean(1 + f),
            "The hinge is gone: without relu every logit is pushed for ever.",
        ),
        (
            lambda r, f: np.mean(np.maximum(0, 1 - r)) + np.maximum(0, 1 + np.mean(f)),
            "The real part is right. The fakes still have their mean taken before the hinge.",
        ),
        (
            lambda r, f: np.maximum(0, 1 - np.mean(r)) + np.mean(np.maximum(0, 1 + f)),
            "The fake part is right. The real images still have their mean taken before the hinge.",
        ),
        (
            lambda r, f: np.sum(np.maximum(0, 1 - r)) + np.sum(np.maximum(0, 1 + f)),
            "These are sums. Take the mean over the images, or the loss grows with the batch.",
        ),
        (
            lambda r, f: 0.5 * _hinge(r, f),
            "This is half of it: the two means are added, not averaged.",
        ),
        (
            lambda r, f: np.mean(np.maximum(0, -r)) + np.mean(np.maximum(0, f)),
            "The margin of 1 is missing: a logit that is barely on the right side should still be pushed.",
        ),
    ),
    hints=(
        "One real image has the logit 9, another −5. Which of them should the critic still learn from?",
        "Their mean is 2, and relu(1 − 2) is 0. Where does the gradient for the image at −5 go?",
        "Take the hinge of each logit first, and the mean afterwards.",
    ),
    code="""\
def my_hinge(real_logits, fake_logits):
    real = ops.mean(ops.relu(1 - real_logits))
    fake = ops.mean(ops.relu(1 + fake_logits))
    return real + fake
""",
    why="""\
The hinge has to ask each image whether it is far enough on its side. With the mean inside, a few images with large
logits pay for all others: as soon as the mean is beyond 1, the loss is 0 and no image teaches anything, not even those
that the critic gets wrong.""",
)


def _sound_gates(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_gates` is a dict of at least four gates: {factor: FD}. A factor of 1 leaves the gate as it is."
    factors = sorted(float(factor) for factor in measured)
    if not any(abs(f) < 1e-9 for f in factors) or not any(abs(f - 1) < 1e-9 for f in factors):
        return "measure the factors 0 (closed) and 1 (as trained) too: they are what you compare with."
    if factors[-1] <= 1.05:
        return "open the gate further than training did as well: take a factor above 1."
    if any(not np.isfinite(float(fd)) or float(fd) < 0 for fd in measured.values()):
        return "a Fréchet distance is a finite number, 0 or more."
    return None


gates = Experiment(
    title="Exercise 4 · Close the gate of attention slowly",
    question="""\
Section B closes the gate of the generator's attention. What happens on the way? Multiply the gate by at least four
factors, among them 0, 1 and one above 1, and measure FD for each. Put the gate back afterwards. Fill a dict,
`{factor: FD}`, and write in a sentence or two what you conclude about attention, and what you cannot conclude.""",
    start="""\
my_gates = ...
my_conclusion = ...
""",
    sound=_sound_gates,
    rubric=(
        "It names FD at 0, at 1 and beyond, in numbers, and says where the curve is lowest.",
        "It says that this network *relies* on its attention: its other weights were trained with the gate open.",
        "It does not conclude that BigGAN needs attention. For that one trains a second network without it, with the "
        "same budget and several seeds.",
        "It compares the differences with FD of real images against real images, the least that can be expected.",
    ),
    hints=(
        "`layer.gate.assign(factor * opened)` sets the gate, `judged(generator.predict(inputs, …))[1]` measures FD.",
        "What would a network that was trained without attention have done with its other weights?",
    ),
    code="""\
my_gates = {}
for factor in (0.0, 0.5, 1.0, 1.5, 2.0):
    layer.gate.assign(factor * opened)
    my_gates[factor] = judged(generator.predict(inputs, batch_size=500, verbose=0))[1]
layer.gate.assign(opened)
my_conclusion = "FD is lowest near the gate that training found; this network relies on it, others may not need it."
""",
    why="""\
Taking a part out of a trained network asks what the other parts have come to expect. It is a question about this
network, and a good one, but it is not the question whether the part was needed in the first place.""",
)
