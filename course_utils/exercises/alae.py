"""Exercises of lecture 03, the adversarial latent autoencoder."""

import numpy as np

from .judged import Exercise, close, draws, judged, stacked, tensors


def _softplus(x):
    return np.logaddexp(0, x.astype("float64"))


def _judge_critic(critic_loss):
    real, fake, gradient = draws(1, 5, 1) + 0.5, draws(2, 5, 1), draws(3, 5, 3, 3, 1)
    logistic = _softplus(fake).mean() + _softplus(-real).mean()
    squares = np.square(gradient.astype("float64")).sum((1, 2, 3))
    found = judged(lambda *given: critic_loss(*given, 10.0), *tensors(real, fake, gradient))
    if close(found, logistic + 5 * squares.mean()):
        return None
    if found.shape != ():
        return f"the result has the shape {found.shape}; average each term over the batch to get one number."
    if close(found, logistic + 5 * np.sqrt(squares).mean()):
        return "this is the slide's version without the square (section 9). Sum the squares and take no root."
    if close(found, logistic + 10 * squares.mean()):
        return "the ½ of γ/2 is missing."
    if close(found, logistic + 5 * np.square(gradient.astype("float64")).mean()):
        return "the squares were averaged over the pixels. The squared length of a gradient is their sum."
    if close(found, logistic):
        return "the penalty is missing: γ/2 times the mean squared length of `gradient`."
    if close(found, _softplus(-fake).mean() + _softplus(real).mean() + 5 * squares.mean()):
        return "the signs are turned. The critic wants D high on real images: its loss falls with real_logits."
    if close(found - 5 * squares.mean(), fake.mean() - real.mean()):
        return "these are the Wasserstein terms. Algorithm 1 puts each logit through a softplus."
    return "the values differ. Three terms: softplus of the fakes, softplus of minus the reals, γ/2 · ‖gradient‖²."


def _judge_latent(latent_loss):
    w, back = draws(4, 6, 3), draws(5, 6, 3)
    squares = np.square((w - back).astype("float64"))
    right = squares.sum(1).mean()
    found = judged(latent_loss, *tensors(w, back))
    if close(found, right):
        return None
    if close(found, squares.sum(1)):
        return "the result still has one number a code: take the mean over the batch."
    if found.shape != ():
        return f"the result has the shape {found.shape}; return one number for the batch."
    if close(found, squares.mean()):
        return "this averages over the axes of W too. ‖·‖² is the sum over them: Adam would not mind, the formula does."
    if close(found, np.sqrt(squares.sum(1)).mean()):
        return "the root is too much: the algorithm has the squared length."
    if close(found, squares.sum()):
        return "this is the sum over the batch; take the mean, or the number would depend on the batch size."
    if close(found, np.abs(w - back).astype("float64").sum(1).mean()):
        return "square the differences; you took their absolute values."
    return "the values differ: the squared length of w − back for each code, then the mean over the batch."


def _maps():
    """F, G and E of a two-dimensional world, told apart by what they do to a number; none undoes another."""
    return (lambda z: 2.0 * z + 1.0), (lambda w: -3.0 * w + 0.5), (lambda x: 0.7 * x - 2.0)


def _judge_round_trips(round_trips):
    F, G, E = _maps()
    z, x = draws(6, 4, 2), draws(7, 4, 2)
    found = judged(lambda *a: stacked(round_trips(*a)), F, G, E, *tensors(z, x))
    if found.shape != (2, 4, 2):
        return "return two arrays: the code that comes back, (N, d), then the image that comes back."
    codes, images = found
    if close(codes, G(E(x))) and close(images, E(G(F(z)))):
        return "both are right, in the other order: the code first."
    if not close(codes, E(G(F(z)))):
        if close(codes, E(G(z))):
            return "the first skips F: G takes codes of W, and z is a draw of the prior."
        if close(codes, F(z)):
            return "the first stops before the trip: F(z) is the code that has to go through G and come back by E."
        if close(codes, F(E(G(F(z))))):
            return "the first ends with F once more. E already gives a code of W."
        return "the first differs: from z to a code, to an image, and back to a code."
    if close(images, G(E(x))):
        return None
    if close(images, G(F(E(x)))):
        return "the second sends E(x) through F. E(x) is a code of W already: G takes it as it is."
    if close(images, E(G(x))):
        return "the second has E and G in the wrong order: an image goes into E first."
    return "the second differs: from an image to a code, and back to an image."


def _judge_path(path_length):
    features = np.cumsum(draws(8, 5, 7, 3), axis=1)
    steps = np.diff(features.astype("float64"), axis=1)
    right = np.sqrt(np.square(steps).sum(-1)).sum(1)
    found = judged(path_length, features)
    if close(found, right):
        return None
    if close(found, np.linalg.norm(features[:, -1] - features[:, 0], axis=-1)):
        return "this is the distance from the first to the last point, as the crow flies. Add up the steps between."
    if close(found, right.sum()) or close(found, right.mean()):
        return "every path keeps its own length: the result has the shape (P,)."
    if close(found, np.square(steps).sum((1, 2))):
        return "the root is missing: the length of a step is the root of its summed squares."
    if close(found, np.sqrt(np.square(steps).sum((1, 2)))):
        return "take the root of each step before you add the steps up."
    if close(found, np.sqrt(np.square(steps).sum(-1)).mean(1)):
        return "this is the mean step; a length is their sum."
    if found.shape != right.shape:
        return f"the shape is {found.shape}; one length for each of the 5 paths is (5,). Steps run along axis 1."
    return "the values differ: differences along axis 1, their lengths along the last axis, and the sum."


critic = Exercise(
    title="Exercise 1, step I",
    judge=_judge_critic,
    nudge="ops.softplus three lines above shows two of the terms. For the third, sum squares over axes 1 to 3.",
    answer='''\
def critic_loss(real_logits, fake_logits, gradient, gamma):
    logistic = ops.mean(ops.softplus(fake_logits)) + ops.mean(ops.softplus(-real_logits))
    return logistic + gamma / 2 * ops.mean(ops.sum(ops.square(gradient), axis=(1, 2, 3)))
''',
)

latent = Exercise(
    title="Exercise 2, step III",
    judge=_judge_latent,
    nudge="The squared length of a vector is the sum of its squared numbers, here along the last axis.",
    answer='''\
def latent_loss(w, back):
    return ops.mean(ops.sum(ops.square(w - back), axis=-1))
''',
)

round_trips = Exercise(
    title="Exercise 3, the two round trips",
    judge=_judge_round_trips,
    nudge="Write down the space of every argument: z is in Z, F gives W, G gives images, E gives W.",
    answer='''\
def round_trips(F, G, E, z, x):
    return E(G(F(z))), G(E(x))
''',
)

path_length = Exercise(
    title="Exercise 4, the length of a path",
    judge=_judge_path,
    nudge="np.diff(features, axis=1) gives the steps; np.linalg.norm(..., axis=-1) their lengths.",
    answer='''\
def path_length(features):
    return np.linalg.norm(np.diff(features, axis=1), axis=-1).sum(axis=1)
''',
)
