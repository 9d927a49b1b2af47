"""Exercises of lecture 11, Boltzmann machines."""

import numpy as np

from .exercise import Exercise
from .open_tasks import Experiment, Prediction

terms = Prediction(
    title="Exercise 1 · How many terms?",
    question="""\
A restricted Boltzmann machine has 784 visible and 20 hidden units. You want its partition function $Z$ exactly, and you
may use any formula of this section. How many terms has the sum that you cannot avoid? Say a number (`2.0**10` is
one), then run the next cell.""",
    start="my_terms = ...\n",
    near=0.01,
    slips=(
        (
            lambda measured: measured * 2.0**784,
            "That is every state of both sides. Given one side, the other one's sum is a product of small sums.",
        ),
        (
            lambda measured: 2.0**784,
            "One side is right, for the other is summed in closed form. But which of the two is cheaper to count?",
        ),
        (lambda measured: 784.0 * 20, "That is the number of weights. How many states have the units?"),
        (lambda measured: measured * 784, "Near: count the terms of the sum, and not the work that each takes."),
        (lambda measured: 20.0, "Twenty units are twenty switches. In how many ways can they stand?"),
    ),
    hints=(
        "Z sums over all states of all 804 units. For which of them do you know the sum in closed form?",
        "Hold all h fixed. Then the sum over v is a product of 784 factors (1 + exp(…)). What is left to count?",
    ),
    code="my_terms = 2.0**20\n",
    why="""\
Given h, the visible units are independent, so their sum is a product: $Z = \\sum_h e^{c\\cdot h}\\prod_i(1 + e^{b_i +
(Wh)_i})$. What has to be counted are the states of the smaller side, $2^{20}$ here, about a million. With 500 hidden
units they are $2^{500}$, and no computer will ever count them.""",
)


def _softplus(a):
    return np.logaddexp(0, a)


def _free_energy(v, W, b, c):
    return -(v @ b) - _softplus(c + v @ W).sum(-1)


def _machines(rng):
    cases = []
    for n, visible, hidden in ((1, 2, 1), (3, 4, 2), (7, 5, 6)):
        v = rng.integers(0, 2, (n, visible)).astype(float)
        v[0] = 1.0  # no case in which nothing is on
        W = rng.normal(size=(visible, hidden))
        cases.append((v, W, rng.normal(size=visible), rng.normal(size=hidden)))
    v, W = np.ones((2, 3)), 60 * rng.normal(size=(3, 4)) + 200  # e to the 600: no exp() holds it in float32
    return [*cases, (v, W, rng.normal(size=3), rng.normal(size=4))]


free_energy = Exercise(
    title="Exercise 2 · What an image costs",
    question="""\
`v` is an array (N, V) of zeros and ones, `W` an array (V, H), `b` (V,) and `c` (H,). Return the free energies (N,), for
which $e^{-F(v)} = \\sum_h e^{-E(v,h)}$: one number for each row of `v`. Take care that a large `W` does not overflow.
The next cells use your function.""",
    start="""\
def my_free_energy(v, W, b, c):
    return ...
""",
    cases=_machines,
    expected=_free_energy,
    slips=(
        (lambda v, W, b, c: -_free_energy(v, W, b, c), "The sign is the other way: likely images have a *low* F."),
        (
            lambda v, W, b, c: -_softplus(c + v @ W).sum(-1),
            "The visible biases are missing: they count once for each state of h, so they come out of the sum.",
        ),
        (
            lambda v, W, b, c: -(v @ b) - _softplus(v @ W).sum(-1),
            "The hidden biases are missing: a hidden unit hears c beside what the image tells it.",
        ),
        (
            lambda v, W, b, c: -(v @ b) - np.maximum(c + v @ W, 0).sum(-1),
            "This takes the best state of each hidden unit alone. Both states count, 0 and 1.",
        ),
        (
            lambda v, W, b, c: -(v @ b) - _softplus((c + v @ W).sum(-1)),
            "You sum over the hidden units first. Each has a sum of its own, and these are multiplied.",
        ),
        (
            lambda v, W, b, c: -(v @ b) - (c + v @ W).sum(-1),
            "That is −E for hidden units that are all on. Sum over both states of each.",
        ),
    ),
    hints=(
        "Write E(v, h) as a part without h, and one part for each hidden unit. What does the sum over h become?",
        "Each hidden unit gives a factor: its state 0 counts 1, its state 1 counts e to the power of what it hears.",
        "`np.logaddexp(0, a)` is log(1 + eᵃ) without an overflow.",
    ),
    code="""\
def my_free_energy(v, W, b, c):
    return -(v @ b) - np.logaddexp(0, c + v @ W).sum(axis=1)
""",
    why="""\
No two hidden units share a term of the energy. So the sum over all $2^H$ states is a product of H sums of two terms
each, $1 + e^{c_j + (vW)_j}$, and its logarithm is a sum of softplus. This is what the word *restricted* buys: with a
connection between two hidden units the product is gone.""",
)


def _step(v, h, v_minus, h_minus):
    return v.T @ h / len(v) - v_minus.T @ h_minus / len(v_minus)


def _broken_step(v, h, v_minus, h_minus):
    return np.outer(v.mean(0), h.mean(0)) - np.outer(v_minus.mean(0), h_minus.mean(0))


def _phases(rng):
    cases = []
    for n, m, visible, hidden in ((2, 3, 2, 1), (6, 4, 3, 5), (5, 9, 4, 2)):
        v, v_minus = (rng.integers(0, 2, (rows, visible)).astype(float) for rows in (n, m))
        v[0], v_minus[0] = 1.0, 1.0
        cases.append((v, rng.uniform(0.05, 0.95, (n, hidden)), v_minus, rng.uniform(0.05, 0.95, (m, hidden))))
    return cases


step = Exercise(
    title="Exercise 3 · Repair a machine that learns nothing new",
    question="""\
`v` (N, V) are images and `h` (N, H) the probabilities of their hidden units, `v_minus` (M, V) and `h_minus` (M, H) the
same for the states of M chains. The function should return the estimate (V, H) of $\\partial\\log p/\\partial W$. With
this code the machine learns the mean image, and no strokes: pixels and hidden units never find out which of them
go *together*. Find the fault and repair it.""",
    start="""\
def my_step_for_W(v, h, v_minus, h_minus):
    return np.outer(v.mean(0), h.mean(0)) - np.outer(v_minus.mean(0), h_minus.mean(0))
""",
    cases=_phases,
    expected=_step,
    broken=_broken_step,
    slips=(
        (
            lambda v, h, v_minus, h_minus: v.T @ h - v_minus.T @ h_minus,
            "These are sums. What is wanted is a mean over images, and a mean over chains.",
        ),
        (
            lambda v, h, v_minus, h_minus: (v.T @ h - v_minus.T @ h_minus) / len(v),
            "Both sums are divided by N. There are M chains, and M need not be N.",
        ),
        (
            lambda v, h, v_minus, h_minus: -_step(v, h, v_minus, h_minus),
            "This is the slope of the *loss*. Uphill for log p, images come with a plus.",
        ),
        (lambda v, h, v_minus, h_minus: v.T @ h / len(v), "The chains are missing: nothing would stop W from growing."),
        (
            lambda v, h, v_minus, h_minus: v.T @ (h > 0.5) / len(v) - v_minus.T @ (h_minus > 0.5) / len(v_minus),
            "Probabilities need no rounding here: the mean of what the units would draw is the probability itself.",
        ),
        (
            lambda v, h, v_minus, h_minus: v.T @ h / len(v) - np.outer(v_minus.mean(0), h_minus.mean(0)),
            "One half is repaired. The chains' half has the same fault.",
        ),
    ),
    hints=(
        "Say in words what ⟨v h⟩ is. And what is ⟨v⟩⟨h⟩? When are they equal?",
        "The mean has to be taken *after* the product of pixel and hidden unit, one product an image.",
        "A sum over images of products is a matrix product: `v.T @ h`.",
    ),
    code="""\
def my_step_for_W(v, h, v_minus, h_minus):
    return v.T @ h / len(v) - v_minus.T @ h_minus / len(v_minus)
""",
    why="""\
⟨v h⟩ is the mean of a product, and the broken code has the product of the means. They differ by the covariance, and the
covariance is all that W is there to learn: what a pixel does by itself its bias can say. So the broken machine matches
the means, and nothing ever tells it which pixels go together.""",
)


def _sound_temperatures(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_estimates` is a dict of at least four entries: {temperatures: (mean of log Z, deviation)}."
    counts = sorted(int(count) for count in measured)
    if not (1 <= counts[0] <= 10 and counts[-1] >= 300):
        return "take one number of temperatures of at most 10 and one of at least 300: the ends tell the most."
    if any(len(pair) != 2 or not np.isfinite(np.asarray(pair, float)).all() for pair in measured.values()):
        return "each entry holds two finite numbers: (mean of log Z, deviation over seeds)."
    if any(float(pair[1]) < 0 for pair in measured.values()):
        return "the second number is a standard deviation, 0 or more."
    if all(float(pair[1]) == 0 for pair in measured.values()):
        return "no entry varies; estimate each of them with three seeds at least."
    return None


temperatures = Experiment(
    title="Exercise 4 · How many temperatures are enough?",
    question="""\
Take one machine of the lecture whose $Z$ is known. Estimate its log Z by annealing with at least four numbers of
temperatures, one of at most 10 and one of at least 300, each with three seeds or more. Fill a dict,
`{temperatures: (mean of log Z, deviation over seeds)}`, and write in a sentence or two to which side the estimate errs
when there are few, and whether the spread over seeds would have warned you.""",
    start="""\
my_estimates = ...
my_verdict = ...
""",
    sound=_sound_temperatures,
    rubric=(
        "It names the exact log Z, and the error at the smallest and at the largest number.",
        "It says that few temperatures give too small a log Z, so that the nats look better than they are.",
        "It says whether the error at few temperatures is larger than the spread over seeds, in numbers.",
        "It says how many seeds there were, and that three show a spread only roughly.",
    ),
    hints=(
        "The function `ais` of the lecture takes the machine, base rates, temperatures, chains and a seed.",
        "The estimate of Z itself is right on average. What does that say about the average of its logarithm?",
    ),
    code="""\
my_estimates = {}
for count in (3, 10, 30, 100, 300):
    found = [ais(small, base, count, 50, seed) for seed in range(3)]
    my_estimates[count] = float(np.mean(found)), float(np.std(found))
my_verdict = "With few temperatures log Z is too small, so the nats are too good; three seeds agree and do not warn."
""",
    why="""\
Z is estimated without bias, and a logarithm of a noisy number is too small on average (Jensen). With few temperatures
the weights of the chains differ so much that the rare large ones are never drawn: each seed misses them in the same
way. So the seeds may agree with each other and be wrong together. More temperatures, or a machine whose Z is known,
show it; the spread alone does not.""",
)
