"""Exercises of lecture 06, the Wasserstein GAN."""

import numpy as np

from .calling import tensors
from .exercise import Exercise
from .open_tasks import Experiment, Prediction

farther = Prediction(
    title="Exercise 1 · Half a step outwards",
    question="""\
The earth mover's distance between the real numbers (one cluster at 2.5) and the fakes (two clusters, at 0.5 and
at 4.5) is 1.80. Now every fake moves half a unit outwards: its clusters stand at 0 and at 5. How large is the
distance now? Say a number, then run the next cell.""",
    start="my_distance = ...\n",
    near=0.03,
    slips=(
        (
            lambda measured: measured - 0.5,
            "That would be a distance that does not see how far apart the clusters are, as the JSD of disjoint sets.",
        ),
        (
            lambda measured: measured + 0.5,
            "Both clusters move by one half, but each holds half of the mass: the cost is a mean over all the earth.",
        ),
        (lambda measured: measured - 1, "The earth has a longer way to go now, so the distance has to grow."),
        (lambda measured: measured - 0.25, "All fakes move, those at the left and those at the right."),
    ),
    hints=(
        "By how much longer is the way of one handful of earth from its heap to its hole?",
        "Every way is longer by one half, and the distance is the mean over all ways.",
    ),
    code="my_distance = 2.3\n",
    why="""\
The cheapest plan sends about the lower half of the real numbers to the left and the others to the right, before and
after. Every trip grows by 0.5, so the mean does: 1.80 + 0.5 = 2.30. The JSD would not have moved: the sets are
disjoint before and after, as far as 512 numbers show.""",
)


def _lower_bound(real, fake, real_scores, fake_scores):
    lengths = np.linalg.norm(real[:, None] - fake, axis=-1)  # (m, n)
    slopes = np.abs(real_scores[:, None] - fake_scores) / lengths  # (m, n)
    return (np.mean(real_scores) - np.mean(fake_scores)) / np.max(slopes)


def _slopes(real, fake, real_scores, fake_scores):
    return (real_scores[:, None] - fake_scores) / np.linalg.norm(real[:, None] - fake, axis=-1)


def _gap(real, fake, real_scores, fake_scores):
    return np.mean(real_scores) - np.mean(fake_scores)


def _scored(rng):
    cases = []
    for m, n, d, sign in ((2, 3, 1, 1), (7, 5, 2, 1), (6, 9, 3, -1), (8, 8, 4, 1)):
        real, fake = rng.normal(size=(m, d)), rng.normal(size=(n, d)) + 2.0
        direction = sign * rng.uniform(1, 3)
        scores = [-direction * points[:, 0] + rng.normal(size=len(points)) + 5 for points in (real, fake)]
        cases.append((real, fake, *scores))
    real, fake = rng.uniform(0, 1, (5, 2)), rng.uniform(2, 3, (4, 2))
    cases.append((real, fake, 2 * real[:, 0] + 5, 2 * fake[:, 0] + 5))  # every slope falls from fake to real
    return cases


lower_bound = Exercise(
    title="Exercise 2 · A lower bound from any critic",
    question="""\
`real` (m, d) and `fake` (n, d) are arrays of points, `real_scores` (m,) and `fake_scores` (n,) what some critic says
about them. Its steepest slope between a real and a fake point is $K=\\max_{i,j}|f(x_i)-f(y_j)|\\,/\\,\\|x_i-y_j\\|$.
Return one number that is never above $W$: the gap of the mean scores, divided by $K$. The next cell uses it.""",
    start="""\
def my_lower_bound(real, fake, real_scores, fake_scores):
    return ...
""",
    cases=_scored,
    expected=_lower_bound,
    slips=(
        (_gap, "That is the gap of the scores. A critic that is three times as steep has three times the gap."),
        (
            lambda *a: _gap(*a) / np.abs(_slopes(*a)).mean(),
            "You divide by the mean slope. One pair that is too steep breaks the constraint: it takes the steepest.",
        ),
        (
            lambda *a: _gap(*a) / _slopes(*a).max(),
            "A slope counts in both directions: the steepest may be one that falls. Take its size.",
        ),
        (
            lambda *a: _gap(*a) * np.abs(_slopes(*a)).max(),
            "You multiply. Steeper critics have larger gaps, so their scores have to be made smaller.",
        ),
        (
            lambda *a: _gap(*a) / max(np.abs(a[2]).max(), np.abs(a[3]).max()),
            "You divide by the size of f. A constant added to f changes that, and means nothing: it is the slope.",
        ),
        (
            lambda *a: abs(_lower_bound(*a)),
            "Keep the sign: a critic that prefers the fakes proves nothing, and its bound is negative.",
        ),
    ),
    hints=(
        "What do you have to do with a critic of slope 3 to make it 1-Lipschitz? What happens to its gap?",
        "`real[:, None] - fake` holds the differences of all pairs, (m, n, d); their lengths are (m, n).",
        "Divide the gap of the means by the largest of |f(x) − f(y)| / ‖x − y‖ over all pairs.",
    ),
    code="""\
def my_lower_bound(real, fake, real_scores, fake_scores):
    lengths = np.linalg.norm(real[:, None] - fake, axis=-1)  # (m, n)
    slopes = np.abs(real_scores[:, None] - fake_scores) / lengths  # (m, n)
    return (np.mean(real_scores) - np.mean(fake_scores)) / np.max(slopes)
""",
    why="""\
$f/K$ keeps $f(x)-f(y)\\le\\|x-y\\|$ for every real $x$ and fake $y$, which is all that weak duality needs. So its gap
is at most the cost of any plan, and of the cheapest too. Whatever the critic, the bound holds; a good critic makes it
tight.""",
)


def _losses(real_scores, fake_scores):
    return np.mean(fake_scores) - np.mean(real_scores), -np.mean(fake_scores)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _broken(real_scores, fake_scores):
    real, fake = _sigmoid(real_scores), _sigmoid(fake_scores)
    return np.mean(fake) - np.mean(real), np.mean(fake)


def _score_pairs(rng):
    return [
        (np.array([[2.0]]), np.array([[-1.0]])),
        (rng.normal(size=(6, 1)) + 1, rng.normal(size=(5, 1)) - 2),
        (3 * rng.normal(size=(4, 1)) - 2, 3 * rng.normal(size=(9, 1)) + 4),
        (rng.normal(size=(3, 1)) * 1e-3, rng.normal(size=(3, 1)) - 200),
    ]


repair = Exercise(
    title="Exercise 3 · Repair a WGAN",
    question="""\
Somebody turned a GAN into a WGAN and made two mistakes. The critic learns slowly, and the samples get *worse* the
longer one trains. Find the two faults. `real_scores` and `fake_scores` are tensors (N, 1), what comes out of the
critic's last, linear layer. Return two numbers for two optimizers that *minimise*: the critic's loss (low where
the real scores are high) and the generator's. A game differentiates them, so use `keras.ops`.""",
    start="""\
def my_wgan_losses(real_scores, fake_scores):
    real, fake = ops.sigmoid(real_scores), ops.sigmoid(fake_scores)
    critic_loss = ops.mean(fake) - ops.mean(real)
    generator_loss = ops.mean(fake)
    return critic_loss, generator_loss
""",
    cases=_score_pairs,
    given=tensors,
    expected=_losses,
    broken=_broken,
    slips=(
        (
            lambda r, f: (np.mean(f) - np.mean(r), np.mean(f)),
            "The sigmoid is gone. One fault is left: which way does this generator's loss push the fakes?",
        ),
        (
            lambda r, f: (np.mean(_sigmoid(f)) - np.mean(_sigmoid(r)), -np.mean(_sigmoid(f))),
            "The generator goes the right way now. One fault is left: a Wasserstein critic's score may be any number.",
        ),
        (
            lambda r, f: (np.mean(r) - np.mean(f), np.mean(f)),
            "Both signs are turned. That is a consistent game with −f, but here real scores shall be the high ones.",
        ),
        (
            lambda r, f: (np.mean(r) - np.mean(f), -np.mean(f)),
            "Now the critic is paid for high scores of fakes, and so is the generator: nobody is left to object.",
        ),
        (
            lambda r, f: (abs(np.mean(f) - np.mean(r)), -np.mean(f)),
            "No absolute value: a critic that prefers the fakes has a bad loss, and must feel it.",
        ),
        (
            lambda r, f: (np.mean(f) - np.mean(r), np.mean(r) - np.mean(f)),
            "The generator's loss holds the real scores too. They do not depend on it; leave them out.",
        ),
    ),
    hints=(
        "Which values can a sigmoid take, and what is its slope for a score of 10? What does a critic's score mean?",
        "A generator that minimises mean f(G(z)) looks for places where the critic says *fake*.",
        "The critic minimises mean f(G(z)) − mean f(x), the generator −mean f(G(z)), both of the plain scores.",
    ),
    code="""\
def my_wgan_losses(real_scores, fake_scores):
    critic_loss = ops.mean(fake_scores) - ops.mean(real_scores)
    generator_loss = -ops.mean(fake_scores)
    return critic_loss, generator_loss
""",
    why="""\
A sigmoid squeezes all scores into (0, 1): the gap is then at most 1, however far apart the sets are, and flat where
the critic is sure, which is what the Wasserstein loss was meant to cure. And the generator's loss lacks its minus: it
moves the fakes towards *lower* scores, away from the data.""",
)


def _sound_limits(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_limits` is a dict of at least four limits: {c: (share of W that is found, K)}."
    for limit, pair in measured.items():
        share, slope = (float(value) for value in pair)
        if not 0 < slope < np.inf:
            return f"at c = {limit:g} the slope K is {slope}, expected a positive number."
        if not -1.02 <= share <= 1.02:
            return f"at c = {limit:g} a share of {share:.2f} is found. Divide the gap by K and by W: it is at most 1."
    if not min(measured) <= 0.02 or not max(measured) >= 0.3:
        return "go to both sides of 0.1, from c = 0.02 or less to 0.3 or more."
    if not measured[max(measured)][1] > measured[min(measured)][1]:
        return "the widest limit has no steeper critic than the narrowest; is the pair (share, K) the right way round?"
    return None


limits = Experiment(
    title="Exercise 4 · Which limit?",
    question="""\
Section 3.2 clipped the small critic to ±0.1. Train it with at least four other limits, from 0.02 or less to 0.3 or
more, for the same number of steps. Fill a dict, `{c: (share of W that is found, K)}`, where the share is gap / K / W.
Write in a sentence or two what you conclude. Which limit would you take, and what does it decide: how well the critic
orders the places, or how large its numbers are?""",
    start="""\
my_limits = ...
my_conclusion = ...
""",
    sound=_sound_limits,
    rubric=(
        "The limit decides how large the numbers are: K changes by many powers of ten between the limits.",
        "How well the critic orders the places hardly changes: the share of W stays within some tenths.",
        "It says what a limit costs: with a narrow one the numbers of a deep critic get too small to learn from, and a "
        "wide one is not reached in these steps, so that K still grows when the training ends.",
        "It does not claim more than was measured: one small critic, one seed, numbers on a line.",
    ),
    hints=(
        "`watched(penalties.ClipConstraint(c))` returns the critic and the rows (gap, K, Π‖W‖₂): take the last column.",
        "Compare how much K changes from limit to limit with how much the share does.",
    ),
    code="""\
my_limits = {}
for c in (0.01, 0.03, 0.1, 0.3):
    gap, K, _ = watched(penalties.ClipConstraint(c))[1][:, -1]
    my_limits[c] = gap / K / by_sorting, K
    print(f"c = {c}: {my_limits[c][0]:.0%} of W, K = {K:.2g}")
my_conclusion = "The limit sets K over many powers of ten, while the share of W stays nearly the same."
""",
    why="""\
A clip rescales: with small weights everywhere the critic's output is small, with large ones it is large, and dividing
by K takes that out again. What is left, the shape of the critic, depends little on the limit here. In a deep critic
the same scaling happens in every layer, and then the numbers themselves are lost.""",
)
