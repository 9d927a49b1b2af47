"""Exercises of lecture 14, diffusion."""

import numpy as np

from .exercise import Exercise
from .open_tasks import Experiment, Prediction


def _step(z, x, now, then):
    (alpha, sigma), (alpha_then, sigma_then) = now, then
    return alpha_then * x + sigma_then * (z - alpha * x) / sigma


def _levels(rng):
    angles = np.sort(rng.uniform(0.1, 1.5, 2))[::-1]
    return tuple((float(np.cos(angle)), float(np.sin(angle))) for angle in angles)


def _steps(rng):
    cases = []
    for shape in ((1, 2), (3, 5), (2, 4, 4, 1), (30,)):
        now, then = _levels(rng)
        cases.append((rng.normal(size=shape), rng.normal(size=shape) + 0.5, now, then))
    straight = ((0.25, 0.75), (0.5, 0.5))  # these two are no sine and cosine
    clean = (_levels(rng)[0], (1.0, 0.0))
    return [*cases, (*rng.normal(size=(2, 6)), *straight), (*rng.normal(size=(2, 7)), *clean)]


def _weighted(z, x, now, then):
    return then[0] * x + then[1] * z


ddim_step = Exercise(
    title="Exercise 1 · One step of the way back",
    question="""\
`z` is an array of noised images, and `x` an array of the same shape: what lies under the noise, by somebody's estimate.
`now` is a pair (α, σ), so that z = α x + σ ε, and `then` is the pair of the next level, where less noise is left.
Return z at the next level: the same x and the same ε, mixed as `then` says. The next cells use your function.""",
    start="""\
def my_step(z, x, now, then):
    return ...
""",
    cases=_steps,
    expected=_step,
    slips=(
        (
            _weighted,
            "You mix x with z itself. z holds image and noise; what has to be mixed with x is the noise alone.",
        ),
        (
            lambda z, x, now, then: then[0] * x + then[1] * (z - now[0] * x),
            "z − α x is σ ε, and not yet ε.",
        ),
        (
            lambda z, x, now, then: then[0] * x + then[1] * (z - x) / now[1],
            "You take the whole of x out of z. How much of it was in there?",
        ),
        (lambda z, x, now, then: x, "That is the clean estimate at once, without the noise of the next level."),
        (
            lambda z, x, now, then: now[0] * x + now[1] * (z - then[0] * x) / then[1],
            "The two levels are exchanged: `now` is where z is, `then` where it goes.",
        ),
    ),
    hints=(
        "Two things are mixed in z. You know one of them. What is the other?",
        "Solve z = α x + σ ε for ε, with the α and σ of `now`.",
        "Then mix x and this ε again, with the α and σ of `then`.",
    ),
    code="""\
def my_step(z, x, now, then):
    noise = (z - now[0] * x) / now[1]
    return then[0] * x + then[1] * noise
""",
    why="""\
This is DDIM. The estimate of the image says what the noise must have been, and both are mixed anew with a little more
image and a little less noise. Nothing is drawn, so the same z always leads to the same image.""",
)


copies = Prediction(
    title="Exercise 2 · How many are copies?",
    question="""\
The best denoiser of 1,000 digits is used to draw new ones, with DDIM and 50 steps. Take the distance of each sample to
the nearest of the 1,000 digits. For which share of the samples is it 0, but for rounding? Say a number between 0 and 1,
then run the next cells.""",
    start="my_share = ...\n",
    near=0.05,
    slips=(
        (lambda measured: 0.0, "You expect new digits. But what does the formula ever give back?"),
        (lambda measured: 0.5, "Near the end the weights are all but 0 or 1. What is a mean with such weights?"),
        (lambda measured: 0.001, "One in a thousand would be right if each sample had to hit one certain digit."),
    ),
    hints=(
        "The estimate is a mean of the 1,000 digits. Which weights has it when almost no noise is left?",
        "The softmax of −distance²/2σ² with a small σ: how many digits have a weight that is not 0?",
    ),
    code="my_share = 1.0\n",
    why="""\
When σ is small, one digit has the weight 1 and all others 0, so the last estimate *is* that digit. The best denoiser of
a finite set is a search engine for it. New images come from networks that fall short of it.""",
)


def _guided(with_class, without, w):
    return without + w * (with_class - without)


def _answers(rng):
    return [
        (*rng.normal(size=(2, *shape)), w)
        for shape, w in (((3,), 2.0), ((2, 4), 0.0), ((5, 2, 2, 1), 1.0), ((1, 7), 3.5), ((6,), 0.5))
    ]


guide = Exercise(
    title="Exercise 3 · Repair a guide",
    question="""\
A network is asked twice, with the class and without; both answers are arrays of one shape. Guidance w should leave the
class out for w = 0, follow it for w = 1 and exaggerate it beyond. With this code the answers grow and grow instead,
and w = 1 is not the answer with the class. Find the fault and repair it.""",
    start="""\
def my_guided(with_class, without, w):
    return without + w * with_class
""",
    cases=_answers,
    expected=_guided,
    broken=lambda with_class, without, w: without + w * with_class,
    slips=(
        (
            lambda c, n, w: (1 + w) * c - w * n,
            "That is the same idea in another scale: here w = 0 follows the class, and should leave it out.",
        ),
        (
            lambda c, n, w: c + w * (n - c),
            "This walks the other way: from the answer with the class to the one without.",
        ),
        (lambda c, n, w: n + w * (n - c), "The difference has the wrong sign: this flees the class."),
        (lambda c, n, w: w * (c - n), "The answer without the class is missing: this is only the difference."),
        (
            lambda c, n, w: 0.5 * (n + w * c),
            "Halving makes w = 1 a mean of both answers.",
        ),
    ),
    hints=(
        "Put w = 0 and w = 1 into the code. What should come out, and what does?",
        "Think of a line through the two answers. At w = 0 you stand on one of them, at w = 1 on the other.",
        "Start at `without`, and go w times the way from there to `with_class`.",
    ),
    code="""\
def my_guided(with_class, without, w):
    return without + w * (with_class - without)
""",
    why="""\
Guidance walks along the line through both answers and beyond the second. The two weights, 1 − w and w, add up to 1, so
an answer that does not depend on the class stays what it is. In the broken code they add up to 1 + w: everything
grows.""",
)


def _sound_starts(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_starts` is a dict of at least four starts: {start: (share read as the class, distance)}."
    starts = sorted(float(start) for start in measured)
    if not (0 < starts[0] <= 0.3 and 0.8 <= starts[-1] <= 1):
        return (
            "take one start of at most 0.3 and one of at least 0.8, all in (0, 1]: the ends are what you compare with."
        )
    if any(len(pair) != 2 or not np.isfinite(np.asarray(pair, float)).all() for pair in measured.values()):
        return "each entry holds two finite numbers: (share read as the class, distance)."
    if any(not 0 <= float(pair[0]) <= 1 or float(pair[1]) < 0 for pair in measured.values()):
        return "the first number is a share between 0 and 1, the second a distance, 0 or more."
    return None


starts = Experiment(
    title="Exercise 4 · Where to start an edit",
    question="""\
The lecture turns scribbles into digits from a few starts. Take at least four, one of at most 0.3 and one of at least
0.8, and measure two numbers for each, over all scribbles: the share of results that the judge reads as the class of the
scribble, and the mean distance of the result to the scribble. Fill a dict, `{start: (share, distance)}`, and write in a
sentence or two which start you would take, and why there is no best one.""",
    start="""\
my_starts = ...
my_choice = ...
""",
    sound=_sound_starts,
    rubric=(
        "It names both numbers at the smallest and at the largest start.",
        "It says that the distance grows with the start: more noise forgets more of the scribble.",
        "It says that realism and faithfulness are bought from each other, so the start is a choice and no optimum.",
        "It says how many scribbles there were, and that a difference of one or two of them may be chance.",
    ),
    hints=(
        "`denoising.edit(denoise, scribbles, denoising.grid(diffusion.cosine, 25, start), seed=0)` is one edit.",
        "What would the two numbers be for the scribble itself, and for a sample that has never seen it?",
    ),
    code="""\
my_starts = {}
for start in (0.2, 0.4, 0.6, 0.8, 1.0):
    found = denoising.edit(sketching, scribbles, denoising.grid(diffusion.cosine, 25, start), seed=0)
    share = np.mean(read(found.clip(-1, 1)).probabilities.argmax(1) == drawn_classes)
    my_starts[start] = float(share), float(np.sqrt(np.square(found - scribbles).mean((1, 2, 3))).mean())
my_choice = "A start near 0.6: it still reads as what was drawn; earlier starts keep more, later ones forget more."
""",
    why="""\
The start says how much noise is laid over the scribble. What the noise hides the network invents, and what it leaves
the network keeps. So one number moves between faithful and realistic, and which mixture is best depends on what the
edit is for. The share alone does not tell you: the scribbles themselves are read as their class, and the network is
told it. Look at the pictures for how real they are.""",
)
