"""Exercises of lecture 07, the Wasserstein GAN with gradient penalty."""

import numpy as np

from .judged import Exercise, close, draws, judged, stacked, tensors


def _slopes(gradient):
    return np.sqrt(np.square(gradient.astype("float64")).sum((1, 2, 3)))


def _gradients():
    """Five gradients of 4×4×3 images with slopes on both sides of 1, and one of exactly 0."""
    gradient = draws(1, 5, 4, 4, 3)
    wanted = np.array([0.0, 0.4, 0.9, 1.7, 3.0], "float32")
    return gradient * (wanted / _slopes(gradient)).astype("float32")[:, None, None, None]


def _judge_mixtures(mixtures):
    # As many images as channels, so that an ε that was not reshaped broadcasts without complaint.
    real, fake = draws(2, 3, 4, 4, 3), draws(3, 3, 4, 4, 3)
    epsilon = np.array([0.0, 0.3, 1.0], "float32")
    each = epsilon[:, None, None, None]
    found = judged(mixtures, *tensors(real, fake, epsilon))
    if close(found, each * real + (1 - each) * fake):
        return None
    if close(found, epsilon * real + (1 - epsilon) * fake):
        return (
            "epsilon of shape (N,) was laid along the last axis, the channels. "
            "Every image needs its own number: reshape it to (N, 1, 1, 1)."
        )
    if close(found, (1 - each) * real + each * fake):
        return (
            "real and fake have changed places. For a uniform epsilon that draws from the same lines; "
            "the formula, and this check, give epsilon to the real image."
        )
    if close(found, each * real + fake):
        return "the fake image keeps its full weight: multiply it by 1 − epsilon."
    if close(found, 0.5 * (real + fake)):
        return "this is the middle of each line; epsilon was not used."
    if found.shape != real.shape:
        return f"the shape is {found.shape}, expected that of the images, {real.shape}."
    return "the values differ. With epsilon = 1 you should get the real image, with 0 the fake one."


def _judge_two_sided(penalty):
    gradient = _gradients()[1:]  # all slopes above 0: a missing small number is looked for below
    slopes = _slopes(gradient)
    right = np.mean((slopes - 1) ** 2)
    found = judged(penalty, *tensors(gradient))
    if close(found, right):
        return _root_at_zero(penalty)
    if found.shape != ():
        return f"the result has the shape {found.shape}; average over the batch to get one number."
    if close(found, np.mean((np.sqrt(np.square(gradient).sum(-1)) - 1) ** 2)):
        return (
            "the norm runs over the last axis only, so each pixel is asked for a slope of 1 (section 9). "
            "Sum the squares over axes 1, 2 and 3."
        )
    if close(found, (slopes.mean() - 1) ** 2):
        return "this squares the mean slope. Square each image's distance from 1 first, then average."
    if close(found, np.mean((slopes**2 - 1) ** 2)):
        return "the root is missing: the slope is the square root of the sum of squares."
    if close(found, np.mean(np.maximum(slopes - 1, 0) ** 2)):
        return "this is the one-sided penalty. The two-sided one also counts slopes below 1."
    if close(found, np.sum((slopes - 1) ** 2)):
        return "this is the sum over the batch; take the mean, or λ would depend on the batch size."
    if close(found, 10 * right):
        return "the λ = 10 belongs to the critic's loss; return the penalty without it."
    if close(found, np.mean(np.abs(slopes - 1))):
        return "the distance from 1 is squared in the penalty."
    return "the values differ: mean over images of (slope − 1)², the slope over axes 1, 2 and 3."


def _root_at_zero(penalty):
    """Asks for the derivative at a flat spot, where a bare root gives NaN."""
    from course_utils import backend

    (flat,) = tensors(np.zeros((2, 4, 4, 3), "float32"))
    from keras import ops

    derivative = ops.convert_to_numpy(ops.stop_gradient(backend.input_gradient(penalty, flat)))
    if np.isfinite(derivative).all():
        return None
    return (
        "right, but its derivative is NaN where the critic is flat: √s has no derivative at 0. "
        "Add a small number under the root, such as 1e-12."
    )


def _judge_relatives(relatives):
    gradient = _gradients()
    slopes = _slopes(gradient)
    one = np.mean(np.maximum(slopes - 1, 0) ** 2)
    r1 = 0.5 * np.mean(slopes**2)
    found = judged(lambda g: stacked(relatives(g)), *tensors(gradient))
    if found.shape != (2,):
        return f"the result has the shape {found.shape}, expected two numbers: the one-sided penalty, then R1."
    if close(found, [one, r1]):
        return None
    if close(found, [r1, one]):
        return "both are right, in the other order: the one-sided penalty first."
    if not close(found[0], one):
        if close(found[0], np.mean((slopes - 1) ** 2)):
            return "the first is the two-sided penalty. Slopes below 1 should cost nothing: take max(0, slope − 1)."
        if close(found[0], np.mean(np.maximum(slopes**2 - 1, 0))):
            return "the first compares the squared slope with 1: take the root, then the excess, then square it."
        return "the first differs: mean over images of max(0, slope − 1)²."
    if close(found[1], 2 * r1):
        return "the second lacks the ½ of R1."
    if close(found[1], 0.5 * np.mean(slopes) ** 2) or close(found[1], 0.5 * np.mean(slopes)):
        return "the second averages slopes; R1 averages their squares, no root at all."
    return "the second differs: ½ · mean over images of the sum of squares."


def _judge_apart(apart):
    a, b = np.array([5.0, 7.0, 6.0]), np.array([4.0, 4.5, 3.0, 4.1])
    gap, errors = a.mean() - b.mean(), [np.var(v, ddof=1) / len(v) for v in (a, b)]
    right = gap / np.sqrt(sum(errors))
    found = judged(apart, a, b)
    if close(found, right):
        return None
    if close(found, -right):
        return "the sign is turned: mean of a minus mean of b."
    if close(found, gap):
        return "this is the difference alone; divide it by its standard error."
    if close(found, gap / np.sqrt(np.var(a) / len(a) + np.var(b) / len(b))):
        return "np.var divides by n unless told otherwise: with so few seeds take ddof=1."
    if close(found, gap / np.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1))):
        return "this divides by the spread of single runs. A mean of n runs is surer: divide each variance by its n."
    if close(found, gap / sum(errors)):
        return "the root is missing: variances add, and the standard error is the root of their sum."
    if found.shape != ():
        return "return one number for the two methods."
    return "the value differs: (mean a − mean b) / √(var a / n_a + var b / n_b), with ddof=1."


mixtures = Exercise(
    title="Exercise 1, the mixtures",
    judge=_judge_mixtures,
    nudge="epsilon has one number an image. Which shape lets it multiply images of (N, H, W, C)?",
    answer='''\
def mixtures(real, fake, epsilon):
    epsilon = ops.reshape(epsilon, (-1, 1, 1, 1))
    return epsilon * real + (1 - epsilon) * fake
''',
)

two_sided = Exercise(
    title="Exercise 2, the two-sided penalty",
    judge=_judge_two_sided,
    nudge="First each image's slope: squares summed over axes 1 to 3, then the root. Then the mean of (slope − 1)².",
    answer='''\
def two_sided_penalty(gradient):
    slope = ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)
    return ops.mean(ops.square(slope - 1))
''',
)

relatives = Exercise(
    title="Exercise 3, one-sided and R1",
    judge=_judge_relatives,
    nudge="Both begin with the sum of squares of each image. ops.relu is max(0, ·); R1 needs no root.",
    answer='''\
def one_sided_and_r1(gradient):
    squares = ops.sum(ops.square(gradient), axis=(1, 2, 3))
    excess = ops.relu(ops.sqrt(squares + 1e-12) - 1)
    return ops.stack([ops.mean(ops.square(excess)), 0.5 * ops.mean(squares)])
''',
)

apart = Exercise(
    title="Exercise 4, is the difference real",
    judge=_judge_apart,
    nudge="np.var(a, ddof=1) / len(a) is the squared standard error of one mean; two of them add.",
    answer='''\
def standard_errors_apart(a, b):
    error = np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    return (np.mean(a) - np.mean(b)) / error
''',
)
