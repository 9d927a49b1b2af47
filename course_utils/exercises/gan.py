"""Exercises of lecture 04, the simple generative adversarial network."""

import numpy as np

from .judged import Exercise, close, judged, stacked, tensors


def _logits(seed, n=40, spread=2.0):
    return spread * np.random.default_rng(seed).normal(size=(n, 1)).astype("float32")


def _softplus(x):
    return np.logaddexp(0.0, np.asarray(x, "float64"))


def _judge_discriminator(discriminator_loss):
    real, fake = _logits(1) + 1, _logits(2) - 0.5
    right = _softplus(-real).mean() + _softplus(fake).mean()
    found = judged(discriminator_loss, *tensors(real, fake))
    if close(found, right):
        far = judged(discriminator_loss, *tensors(real * 0 - 200, fake * 0 + 200))
        if close(far, 400.0):
            return None
        return (
            f"right for these logits, but at logits of −200 and 200 it gives {float(far):g} instead of 400: a sigmoid "
            "rounds to 0 or 1 there. Use softplus on the logits."
        )
    if found.shape != ():
        return f"the shape is {found.shape}; a loss is one number: take the mean over the batch."
    if close(found, right / 2):
        return "this is half of it: the two means are added, not averaged."
    if close(found, -right):
        return "the sign is wrong: the value v is to be maximised, so the loss to minimise is −v."
    if close(found, _softplus(real).mean() + _softplus(-fake).mean()):
        return "the labels are swapped: this discriminator calls fakes real."
    if close(found, _softplus(-real).sum() + _softplus(fake).sum()):
        return "this is the sum over the batch; the expectation is a mean."
    if close(found, _softplus(-real).mean()) or close(found, _softplus(fake).mean()):
        return "one of the two terms is missing: real examples and fakes both count."
    return "the values differ. If all logits are 0, D is ½ everywhere: does your function return 2·log 2 = 1.386 there?"


def _judge_generator(generator_loss):
    fake = _logits(3) - 1
    found = judged(generator_loss, *tensors(fake))
    right = _softplus(-fake).mean()
    if close(found, right):
        return None
    if found.shape != ():
        return f"the shape is {found.shape}; a loss is one number: take the mean over the batch."
    if close(found, -_softplus(fake).mean()):
        return "this is the saturating loss, log(1 − D), which starves the generator. Take −log D(G(z))."
    if close(found, -right):
        return "the sign is wrong: yours is log D(G(z)), which the generator wants large, and optimizers minimise."
    if close(found, _softplus(fake).mean()):
        return "this rewards a fake that is recognised. The label is the wrong one on purpose: 1 for a fake."
    if close(found, -fake.mean(dtype="float64")):
        return "this is −E f(G(z)), the loss of lecture 06. Here the logit goes through a logarithm of a sigmoid."
    return "the values differ. −log D = −log sigmoid(f) = softplus(−f); at f = 0 it is log 2 = 0.693."


def _judge_best(best_discriminator):
    p = np.array([0.5, 0.3, 0.2, 0.0, 0.7, 1e-30])
    q = np.array([0.5, 0.1, 0.6, 0.4, 0.0, 3e-30])
    found = judged(best_discriminator, p, q)
    right = p / (p + q)
    if close(found, right):
        return None
    if close(found, q / (p + q)):
        return "this is the share of the *generated* examples. D is the probability that x is real."
    if close(found, p):
        return "a density alone does not tell: what matters is how it compares with the other one."
    with np.errstate(all="ignore"):
        if found.shape == right.shape and np.allclose(found[:3], (p / q)[:3]):
            return "this is the ratio p/q = D/(1 − D). Solve for D."
    if close(found, p > q):
        return "this is the decision, real or fake. D gives a probability, which is what the generator learns from."
    if found.shape != right.shape:
        return f"the shape is {found.shape}; one value for each x is {right.shape}."
    if not np.isfinite(found).all():
        return "somewhere it is not finite: where p or q is 0, D is simply 0 or 1."
    if np.allclose(found[:5], right[:5], atol=1e-3):
        return "nearly: a small constant in the denominator spoils it where both densities are small."
    return "the values differ. Where p = q, D must be ½; where p = 3q, D must be ¾."


def _judge_alternate(alternate):
    x, y, eta = 0.8, -0.3, 0.25
    found = judged(lambda *a: stacked(alternate(*a)), x, y, eta)
    first = x - eta * y
    if close(found, [first, y + eta * first]):
        return None
    if found.shape != (2,):
        return f"return the two numbers x and y; yours has the shape {found.shape}."
    if close(found, [first, y + eta * x]):
        return (
            "these are simultaneous steps: y still looks at the old x, and the pair spirals outwards. "
            "In alternating play y answers the new x."
        )
    if close(found, [x + eta * y, y + eta * (x + eta * y)]) or close(found, [x + eta * y, y - eta * (x + eta * y)]):
        return "x goes the wrong way: it minimises x·y, so it steps down the slope, −η·y."
    if close(found, [first, y - eta * first]):
        return "y goes the wrong way: it maximises x·y, so it steps up the slope, +η·x."
    second = y + eta * x
    if close(found, [x - eta * second, second]):
        return "here y moves first. Let x move first."
    return "the values differ. ∂(xy)/∂x = y and ∂(xy)/∂y = x; x steps down, then y steps up."


def _judge_modes(covered):
    centers = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
    rng = np.random.default_rng(4)
    near = np.repeat(centers[[0, 1, 1, 1]], 10, axis=0) + 0.05 * rng.normal(size=(40, 2))
    far = np.array([[1.5, 1.5], [-2.0, 5.0], [3.0, 2.0], [0.3, 3.0]])  # the last two lie near the corners, not at them
    samples = np.concatenate([near, far]).astype("float32")
    found = judged(covered, samples, centers, 0.25)
    if close(found, 2):
        return None
    if found.shape != ():
        return f"the shape is {found.shape}; the number of modes is one number."
    if close(found, 4):
        return (
            "this counts every centre that is nearest to some sample, however far off. "
            "A mode is covered by a sample within `radius` of it."
        )
    if close(found, 40):
        return "this counts good samples. Count the centres that have at least one."
    if close(found, 2 / 4):
        return "this is the share of modes; the number is asked for."
    return "the number is not right: of four centres two have samples within 0.25. Distances are (samples, centres)."


discriminator = Exercise(
    title="Exercise 1, the discriminator's loss",
    judge=_judge_discriminator,
    nudge="−log sigmoid(f) is softplus(−f), and −log(1 − sigmoid(f)) is softplus(f). One mean for each kind.",
    answer="""\
def discriminator_loss(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
""",
)

generator = Exercise(
    title="Exercise 2, the generator's loss",
    judge=_judge_generator,
    nudge="The cross entropy of a fake with the label of a real one: −log D(G(z)), from the logit.",
    answer="""\
def generator_loss(fake_logits):
    return ops.mean(ops.softplus(-fake_logits))
""",
)

best = Exercise(
    title="Exercise 3, the best discriminator",
    judge=_judge_best,
    nudge="Of all the examples that lie at x, which share is real?",
    answer="""\
def best_discriminator(p, q):
    return p / (p + q)
""",
)

alternate = Exercise(
    title="Exercise 4, taking turns",
    judge=_judge_alternate,
    nudge="Two lines. The second one uses what the first one has just computed.",
    answer="""\
def alternate(x, y, eta):
    x = x - eta * y
    y = y + eta * x
    return x, y
""",
)

modes = Exercise(
    title="Exercise 5, counting modes",
    judge=_judge_modes,
    nudge="All distances first: samples[:, None] − centers has the shape (samples, centres, 2).",
    answer="""\
def covered(samples, centers, radius):
    distances = np.linalg.norm(samples[:, None] - centers, axis=-1)
    return np.sum((distances <= radius).any(axis=0))
""",
)
