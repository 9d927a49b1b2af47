"""Exercises of lecture 06, the Wasserstein GAN."""

import numpy as np

from .judged import Exercise, close, draws, judged, tensors


def _judge_earth_mover(earth_mover):
    a, b = draws(1, 40), 1.5 * draws(2, 40) + 0.5
    found = judged(earth_mover, a, b)
    right = np.abs(np.sort(a) - np.sort(b)).mean()
    if close(found, right):
        return None
    if close(found, np.abs(a - b).mean()):
        return "this pairs the points in the order in which they come. The cheapest plan pairs them by rank: sort both."
    if close(found, np.sort(b).mean() - np.sort(a).mean()) or close(found, np.abs(a.mean() - b.mean())):
        return "this is the distance of the two means. Take the absolute value of each difference, then the mean."
    if close(found, np.abs(np.sort(a) - np.sort(b)).sum()):
        return "this is a sum: each point carries the mass 1/n, so take the mean."
    if close(found, np.sqrt(np.square(np.sort(a) - np.sort(b)).mean())):
        return "these are squared distances, which give W₂. The lecture's W has the distance itself, |x − y|."
    if found.shape == a.shape:
        return "there is one number per pair left: take the mean."
    return "the values differ. Sort both arrays, subtract, take absolute values, take the mean."


def _judge_critic_loss(critic_loss):
    real, fake = draws(3, 6, 1) + 1, draws(4, 6, 1)
    found = judged(critic_loss, *tensors(real, fake))
    right = fake.mean() - real.mean()
    swapped = judged(critic_loss, *tensors(fake, real))
    if close(found, right) and close(swapped, -right):
        return None
    if close(found, swapped) and close(abs(found), abs(right)):
        return "no absolute value: a critic that prefers the fakes has a bad loss, and must feel it."
    if close(found, -right):
        return "the sign is wrong. The critic wants the gap E f(x) − E f(G(z)) large; an optimizer makes a loss small."
    if close(found, (real * fake).mean()):
        return "this is the slide's product (erratum 6.9). The Wasserstein loss is a difference of means."
    if found.shape == real.shape:
        return "the result has one number per example: take the mean of each score."
    if close(found, np.log1p(np.exp(-real)).mean() + np.log1p(np.exp(fake)).mean()):
        return "this is the discriminator's cross entropy. A Wasserstein critic has no sigmoid and no logarithm."
    return "the values differ. With both scores equal the loss is 0; raise the real ones by 1 and it falls by 1."


def _points():
    rng = np.random.default_rng(5)
    real, fake = rng.normal(size=(12, 2)), rng.normal(size=(12, 2)) + [2.0, 0.0]
    return real, fake, -3 * real[:, 0] + np.sin(real[:, 1]), -3 * fake[:, 0] + np.sin(fake[:, 1])


def _judge_lower_bound(lower_bound):
    real, fake, real_scores, fake_scores = _points()
    found = judged(lower_bound, real, fake, real_scores, fake_scores)
    gap = real_scores.mean() - fake_scores.mean()
    across = np.abs(real_scores[:, None] - fake_scores) / np.linalg.norm(real[:, None] - fake, axis=-1)
    points, scores = np.concatenate([real, fake]), np.concatenate([real_scores, fake_scores])
    lengths = np.linalg.norm(points[:, None] - points, axis=-1) + np.eye(len(points))
    steepest = (np.abs(scores[:, None] - scores) / lengths).max()
    if close(found, gap / steepest) or close(found, gap / across.max()):
        return None
    if not np.isfinite(found).all():
        return "the result is not finite: a point has no slope to itself. Compare real points with fake ones only."
    if close(found, gap):
        return "this is the gap of the scores. A critic that is three times as steep has three times the gap: divide."
    if close(found, gap * across.max()) or close(found, gap * steepest):
        return "divide by the steepest slope instead of multiplying: steeper critics promise more than they know."
    if close(found, gap / across.mean()):
        return "this divides by the mean slope. One pair that is too steep breaks the constraint: take the largest."
    if close(found, gap / np.abs(scores).max()):
        return "this divides by the size of f (erratum 6.10). What counts is the slope, |f(x) − f(y)| / ‖x − y‖."
    return "the values differ: gap of the mean scores, divided by the largest |f(x) − f(y)| / ‖x − y‖."


def _judge_slope_bound(slope_bound):
    kernels = [draws(6, 2, 8), draws(7, 8, 8), draws(8, 8, 1)]
    found = judged(slope_bound, kernels)
    norms = [np.linalg.norm(kernel, 2) for kernel in kernels]
    if close(found, np.prod(norms)):
        return None
    if close(found, np.prod([np.linalg.norm(kernel) for kernel in kernels])):
        return (
            "this holds, but it is looser than needed: np.linalg.norm(kernel) is the Frobenius norm. "
            "The most that a matrix can stretch is its largest singular value, np.linalg.norm(kernel, 2)."
        )
    if close(found, np.sum(norms)):
        return "layers follow each other, so their slopes multiply: a product and not a sum."
    if close(found, np.max(norms)):
        return "this is the steepest layer alone. Slopes of layers that follow each other multiply."
    if close(found, np.prod([np.abs(kernel).max() for kernel in kernels])):
        return "this takes the largest weight of each layer, but small weights add up. Take the largest singular value."
    return "the values differ: the product over the layers of the largest singular value of each kernel."


def _judge_hinge(hinge_loss):
    real, fake = 2 * draws(9, 30, 1), 2 * draws(10, 30, 1)
    found = judged(hinge_loss, *tensors(real, fake))
    right = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
    if close(found, right):
        return None
    if close(found, (real * fake).mean()) or close(found, -(real * fake).mean()):
        return "this is the slide's product (erratum 6.9); it rewards a critic that gives all images one large score."
    if close(found, np.maximum(0, 1 + real).mean() + np.maximum(0, 1 - fake).mean()):
        return "the signs are swapped: real scores should rise above +1, fake ones fall below −1."
    if close(found, np.maximum(0, 1 - real * fake).mean()):
        return "a hinge compares a score with its label, ±1, and not with the other score. There are two terms."
    if close(found, (1 - real).mean() + (1 + fake).mean()):
        return "the hinge itself is missing: what lies beyond the margin costs nothing, max(0, …)."
    if found.shape == real.shape:
        return "the result has one number per example: take the mean of each term."
    return "the values differ: mean of max(0, 1 − f(x)) plus mean of max(0, 1 + f(G(z)))."


earth_mover = Exercise(
    title="Exercise 1, the earth mover's distance",
    judge=_judge_earth_mover,
    nudge="On a line nobody gains by crossing: the smallest goes to the smallest. What does np.sort do?",
    answer='''\
def earth_mover(a, b):
    return np.mean(np.abs(np.sort(a) - np.sort(b)))
''',
)

critic_loss = Exercise(
    title="Exercise 2, the critic's loss",
    judge=_judge_critic_loss,
    nudge="The critic wants E f(x) − E f(G(z)) large. Optimizers make things small.",
    answer='''\
def critic_loss(real_scores, fake_scores):
    return ops.mean(fake_scores) - ops.mean(real_scores)
''',
)

lower_bound = Exercise(
    title="Exercise 3, a lower bound from any critic",
    judge=_judge_lower_bound,
    nudge="Divide f by its steepest slope between two points and it is 1-Lipschitz there. What is its gap then?",
    answer='''\
def lower_bound(real, fake, real_scores, fake_scores):
    lengths = np.linalg.norm(real[:, None] - fake, axis=-1)  # (m, n)
    slopes = np.abs(real_scores[:, None] - fake_scores) / lengths  # (m, n)
    return (np.mean(real_scores) - np.mean(fake_scores)) / np.max(slopes)
''',
)

slope_bound = Exercise(
    title="Exercise 4, how steep can a network be",
    judge=_judge_slope_bound,
    nudge="ReLU has slope at most 1. A matrix stretches by at most its largest singular value, np.linalg.norm(W, 2).",
    answer='''\
def slope_bound(kernels):
    return np.prod([np.linalg.norm(kernel, 2) for kernel in kernels])
''',
)

hinge = Exercise(
    title="Exercise 5, the hinge loss",
    judge=_judge_hinge,
    nudge="Two terms, each a mean of max(0, …); the margins are +1 for real scores and −1 for fake ones.",
    answer='''\
def hinge_loss(real_scores, fake_scores):
    real_term = ops.mean(ops.relu(1 - real_scores))
    return real_term + ops.mean(ops.relu(1 + fake_scores))
''',
)
