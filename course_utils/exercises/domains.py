"""Exercises of lecture 12, domains."""

import numpy as np
from keras import ops

from course_utils import backend

from . import calling
from .calling import Complaint, tensors
from .exercise import Exercise
from .open_tasks import Experiment, Prediction

moved = Prediction(
    title="Exercise 1 · The same digits, elsewhere",
    question="""\
A network learned to read digits of the first set. On test images of that set it is right nearly always. For which share
of the second set's test images is it right, without having seen one of them? Say a number between 0 and 1, then run
the next cells.""",
    start="my_accuracy = ...\n",
    near=0.1,
    slips=(
        (lambda measured: 0.1, "That is a blind guess. Some of what was learned does carry over."),
        (
            lambda measured: 0.97,
            "That is what it reaches at home. The digits are the same, but the pixels of these images are not.",
        ),
    ),
    hints=(
        "Look at both rows of digits: stroke, size, ground. What of it would you notice, if you had seen only one row?",
        "It is far better than a guess, and far worse than at home.",
    ),
    code="my_accuracy = 0.7\n",
    why="""\
A classifier learns what separates the classes *in its training images*. Some of that is the shape of a digit, and some
is how thick a stroke is, where the digit sits, or what the ground looks like. Nothing in its loss tells the two apart,
since on its own images both work. So part of what it learned fails as soon as the images come from elsewhere.""",
)


def _both_ways(answer, x, weights, strength):
    """What comes out, and the derivative of its weighted sum with respect to what went in."""
    value = calling.call(answer, (x, strength))
    if not ops.is_tensor(value):
        raise Complaint(f"your function returns {calling.kind(value)}, expected a tensor, made with keras.ops.")
    if tuple(value.shape) != tuple(x.shape):
        raise Complaint(f"found the shape {tuple(value.shape)}, expected {tuple(x.shape)}, the shape of x.")
    return value, backend.input_gradient(lambda t: answer(t, strength) * weights, x)


def _reversed(x, strength):
    return -strength * x + ops.stop_gradient((1.0 + strength) * x)


def _features(rng):
    return [
        (rng.normal(size=shape), rng.normal(size=shape), strength)
        for shape, strength in (((1, 2), 0.5), ((4, 3), 1.0), ((2, 5), 2.5), ((3, 2, 2, 4), 0.0))
    ]


reversal = Exercise(
    title="Exercise 2 · Forwards and backwards",
    question="""\
`x` is a tensor of any shape and `strength` a number λ ≥ 0. Return a tensor that *is* x, number by number, and through
which every gradient comes back times −λ. Use `keras.ops` only: no class, no function of the backend. The next cells
use your function.""",
    start="""\
def my_reversal(x, strength):
    return ...
""",
    cases=_features,
    given=tensors,
    probe=_both_ways,
    expected=_reversed,
    slips=(
        (lambda x, strength: -strength * x, "The gradient is right, and the forward pass is not x any more."),
        (lambda x, strength: 1.0 * x, "Forwards it is right. Backwards the gradient comes through as it is."),
        (
            lambda x, strength: ops.stop_gradient(x) + 0.0 * x,
            "Forwards it is right. Backwards nothing comes through: all of it is held constant.",
        ),
        (lambda x, strength: -1.0 * x + ops.stop_gradient(2.0 * x), "It turns the gradient, but always with λ = 1."),
        (
            lambda x, strength: strength * x + ops.stop_gradient((1.0 - strength) * x),
            "The gradient comes back times +λ: its length is right, its sign is not.",
        ),
        (
            lambda x, strength: -strength * x + ops.stop_gradient((1.0 - strength) * x),
            "The gradient is right. Forwards the two parts do not add up to x; look at the constant one.",
        ),
        (
            lambda x, strength: -strength * x + ops.stop_gradient(x),
            "The gradient is right. Forwards this is (1 − λ)x.",
        ),
    ),
    hints=(
        "`ops.stop_gradient(a)` has the value of a and the gradient 0. So value and gradient can be made by two terms.",
        "One term makes the gradient: which multiple of x has the slope −λ? The other one only repairs the value.",
        "The value still misses (1 + λ)x.",
    ),
    code="""\
def my_reversal(x, strength):
    return -strength * x + ops.stop_gradient((1 + strength) * x)
""",
    why="""\
The first term has the slope −λ and the wrong value, the second one the missing value and no slope. All three frameworks
have ways of their own to say this (`custom_gradient`, `custom_vjp`, an `autograd.Function`), and none of them runs on
the other two. A sum with a constant part runs everywhere, and you can read it.""",
)


def _covariance(x):
    centred = x - x.mean(0)
    return centred.T @ centred / (len(x) - 1)


def _distance(one, other, source):
    return np.sum(np.square(one - other)) / (4 * source.shape[1] ** 2)


def _coral(source, target):
    return _distance(_covariance(source), _covariance(target), source)


def _moments(x):
    return x.T @ x / len(x)


def _pairs(rng):
    return [
        (rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + 1.0, 2 * rng.normal(size=(m, d)) - 3.0)
        for n, m, d in ((2, 3, 2), (7, 5, 3), (4, 9, 6))
    ]


coral = Exercise(
    title="Exercise 3 · Two clouds, one shape",
    question="""\
`source` (n, d) and `target` (m, d) are tensors of features, n and m at least 2. Return one number,
$\\lVert C_S - C_T\\rVert_F^2 / (4d^2)$. Here $C$ is the covariance of a cloud: of its rows about *their own* mean, with
n − 1 (or m − 1) in the denominator; and $\\lVert\\cdot\\rVert_F^2$ is the sum of squares of all entries. The next
cells use your function.""",
    start="""\
def my_coral(source, target):
    return ...
""",
    cases=_pairs,
    given=tensors,
    gradient=0,
    expected=_coral,
    slips=(
        (
            lambda s, t: _distance(_moments(s), _moments(t), s),
            "These are second moments about 0. A covariance is taken about the mean of its own cloud.",
        ),
        (
            lambda s, t: _distance(np.cov(s.T, bias=True), np.cov(t.T, bias=True), s),
            "This divides by n and by m; the formula that is asked for has one less.",
        ),
        (
            lambda s, t: _distance(np.diag(np.diag(_covariance(s))), np.diag(np.diag(_covariance(t))), s),
            "These are variances. What two features do together is left out.",
        ),
        (
            lambda s, t: np.sum(np.square(_covariance(s) - _covariance(t))),
            "The sum of squares is right; it still wants the factor in front of it.",
        ),
        (
            lambda s, t: np.sqrt(np.sum(np.square(_covariance(s) - _covariance(t)))) / (4 * s.shape[1] ** 2),
            "The norm is to be squared: no root.",
        ),
        (
            lambda s, t: np.sum(np.square(s.mean(0) - t.mean(0))) / (4 * s.shape[1] ** 2),
            "This compares the means. CORAL does not look at them.",
        ),
    ),
    hints=(
        "Take the mean row off each cloud first, each its own.",
        "Rows that are centred, transposed times themselves, are n − 1 times their covariance.",
        "`c = x - ops.mean(x, axis=0); ops.matmul(ops.transpose(c), c) / (x.shape[0] - 1)` is one covariance.",
    ),
    code="""\
def my_coral(source, target):
    def covariance(x):
        centred = x - ops.mean(x, axis=0)
        return ops.matmul(ops.transpose(centred), centred) / (x.shape[0] - 1)

    d = source.shape[1]
    return ops.sum(ops.square(covariance(source) - covariance(target))) / (4 * d**2)
""",
    why="""\
Two clouds with the same covariance have the same lengths and directions, and that is all that this loss asks for. It
plays no game: there is no discriminator to train, and nothing to balance. What it cannot see are the means, which a
bias can move anyway, and everything of a higher order than two: a ring and a disc may pass for one another.""",
)


def _inverted(logits):
    return np.mean(np.logaddexp(0, -logits))


def _straight(logits):
    return np.mean(np.logaddexp(0, logits))


def _judged(rng):
    return [(np.array([[200.0], [-200.0]]),), *((3 * rng.normal(size=(n, 1)) + 1.0,) for n in (1, 4, 9))]


fooled = Exercise(
    title="Exercise 4 · Repair an encoder that gives itself away",
    question="""\
`logits` (N, 1) is a tensor: what the discriminator says of the features of N *target* images. It has learned to answer
with large numbers for features of the source, and with small ones for the target's. The target's encoder goes down this
loss, and it should come to be taken for the source, with labels inverted as in ADDA. With this code the discriminator
has nothing left to do after a few iterations, and the features of the two sets drift apart. Find the fault and repair
it.""",
    start="""\
def my_encoder_loss(logits):
    return ops.mean(ops.softplus(logits))
""",
    cases=_judged,
    given=tensors,
    gradient=0,
    expected=_inverted,
    broken=_straight,
    slips=(
        (
            lambda logits: -_straight(logits),
            "That is gradient reversal: uphill on the discriminator's own loss. It points the right way, but it is "
            "flat where the discriminator is sure, which is where the encoder starts.",
        ),
        (
            lambda logits: 0.5 * (_inverted(logits) + _straight(logits)),
            "That is domain confusion: the encoder is to bring the logits to 0, and not beyond. Here labels are "
            "inverted instead.",
        ),
        (lambda logits: -np.mean(logits), "A critic's loss would be this; here the logits belong to a cross-entropy."),
        (lambda logits: len(logits) * _inverted(logits), "This is a sum; what is wanted is the mean over the images."),
        (lambda logits: -_inverted(logits), "The label is right now, and the sign is not: the loss is minimised."),
    ),
    hints=(
        "Which way do the logits go when this loss falls? And which way should they go?",
        "The cross-entropy of a logit a with the label 1 is −log sigmoid(a). Write it with `ops.softplus`.",
    ),
    code="""\
def my_encoder_loss(logits):
    return ops.mean(ops.softplus(-logits))
""",
    why="""\
softplus(a) is the cross-entropy for the label "target": the encoder was helping the discriminator. With the label
"source" it is softplus(−a). This is the generator's non-saturating loss of notebook 04, and it is there for the same
reason: where the discriminator is sure that these are the target's (a ≪ 0), its slope is 1, while the slope of
−softplus(a) is nearly 0.""",
)


def _sound_shift(measured):
    if not isinstance(measured, dict) or len(measured) < 3:
        return "`my_shift` is a dict of at least three entries: {classes kept: (source only, aligned)}."
    counts = sorted(int(count) for count in measured)
    if counts[-1] != 10 or counts[0] > 5:
        return "take all 10 classes once, as the control, and at most 5 once: the ends tell the most."
    for pair in measured.values():
        both = [np.atleast_1d(np.asarray(values, float)) for values in pair]
        if len(both) != 2 or any(values.min() < 0 or values.max() > 1 for values in both):
            return "each entry holds two accuracies between 0 and 1, or two lists of them: (source only, aligned)."
    return None


shift = Experiment(
    title="Exercise 5 · How much shift is too much?",
    question="""\
Leave more and more classes out of the target's training images. Take at least three numbers of classes, 10 and one of
at most 5 among them. Measure on test images of the classes that are left how often the classifier is right without
alignment, and how often with it. Fill a dict, `{classes kept: (source only, aligned)}`, each entry an accuracy or a
list of accuracies, one a seed. Write in a sentence or two from where on alignment does harm, and why the domain probe
would not have told you.""",
    start="""\
my_shift = ...
my_warning = ...
""",
    sound=_sound_shift,
    rubric=(
        "It names both accuracies with all classes and with the fewest.",
        "It says at which number of classes the sign of the difference turns, or that it did not turn here.",
        "It says that the features can be aligned all the same, so the probe looks as good as without a shift.",
        "It says how many seeds there were, and whether the difference is larger than their spread.",
    ),
    hints=(
        "`shifted` of section 7 takes the classes that are kept; call it in a loop.",
        "If the target's 3 classes have to look like the source's 10, where do their features go?",
    ),
    code="""\
my_shift = {}
for count in (10, 7, 3):
    pairs = [shifted(kept=range(count), seed=seed) for seed in range(2)]
    my_shift[count] = tuple(map(list, zip(*pairs)))
my_warning = "With 3 classes alignment does harm in both seeds: the features match, the classes do not."
""",
    why="""\
A discriminator sees features and no classes. If half of the source's classes do not occur in the target, the way to
make both clouds alike is to spread the target's images over places where other classes live. A probe of the domain
would call that a success, and the classifier is wrong. A few labels of the target would have said so.""",
)
