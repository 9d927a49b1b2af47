"""Exercises of lecture 13, CLIP and StyleCLIP."""

import numpy as np
from scipy.special import log_softmax, logsumexp

from .calling import tensors
from .exercise import Exercise
from .open_tasks import Experiment, Prediction


def _rows(table):
    return -np.mean(np.diagonal(log_softmax(table, axis=1)))


def _columns(table):
    return -np.mean(np.diagonal(log_softmax(table, axis=0)))


def _contrastive(table):
    return (_rows(table) + _columns(table)) / 2


def _tables(rng):
    large = 120 + 3 * rng.normal(size=(6, 6))  # e to the 120: no exp() holds it in float32
    return [(3 * rng.normal(size=(n, n)),) for n in (2, 3, 5)] + [(large,)]


contrastive = Exercise(
    title="Exercise 1 · One table, two questions",
    question="""\
`table` is a tensor (N, N) of logits: row i is the i-th image, column j the j-th sentence, and those of one index belong
together. Ask each image for its sentence among the N, and each sentence for its image. Return one number, the mean of
the two cross entropies in nats. The game below plays with your function, so use `ops`.""",
    start="""\
def my_contrastive(table):
    return ...
""",
    cases=_tables,
    given=tensors,
    gradient=0,
    expected=_contrastive,
    slips=(
        (_rows, "Each image was asked for its sentence. Nobody has asked the sentences yet."),
        (_columns, "Each sentence was asked for its image. Nobody has asked the images yet."),
        (lambda table: 2 * _contrastive(table), "You add the two questions; a mean of them was asked for."),
        (
            lambda table: len(table) * _contrastive(table),
            "You sum over the N pairs. With a mean, batches of two sizes can be compared.",
        ),
        (lambda table: -_contrastive(table), "The sign is the other way: a table of good answers has a *small* loss."),
        (
            lambda table: -np.mean(np.diagonal(table - logsumexp(table))),
            "One softmax over the whole table asks which of N² pairs was meant. Each row asks one question of its own.",
        ),
        (
            lambda table: -np.mean(np.diagonal(table)),
            "That only praises the right pairs. A model that makes *all* sentences alike would be praised as well.",
        ),
        (
            lambda table: -np.mean(log_softmax(table, axis=1) + log_softmax(table, axis=0)) / 2,
            "The mean over all pairs is taken. Only N of them, those of one index, belong together.",
        ),
    ),
    hints=(
        "A row holds the logits of a classifier with N classes. Which class is right for row i?",
        "`ops.log_softmax(table, axis=1)` answers for the images. What answers for the sentences?",
        "`ops.diagonal` takes the right answers out of a table: minus its mean is one cross entropy.",
    ),
    code="""\
def my_contrastive(table):
    images = ops.mean(ops.diagonal(ops.log_softmax(table, axis=1)))
    sentences = ops.mean(ops.diagonal(ops.log_softmax(table, axis=0)))
    return -(images + sentences) / 2
""",
    why="""\
Every batch is a test with N questions in each direction, and the right answer to question i is answer i. Nobody had to
label anything: the other pairs of the batch are the wrong answers. Asking only the images would let one sentence be the
favourite of all of them; the columns forbid that.""",
)


bag = Prediction(
    title="Exercise 2 · Which of the two?",
    question="""\
A model reads a sentence as a bag: it knows which words occur, and not where. You show it an image of a red digit on
blue, and the two sentences "red … on blue" and "blue … on red". How often does it choose the right one, over many such
images? Say a share between 0 and 1, then run the next cell.""",
    start="my_share = ...\n",
    near=0.03,
    slips=(
        (
            lambda measured: 1.0,
            "It knows that red and blue occur. Does it know which of them is the digit?",
        ),
        (
            lambda measured: 0.0,
            "To be wrong each time it would have to know the difference as well.",
        ),
        (
            lambda measured: 0.25,
            "One in four would be chance among four sentences. How many are there?",
        ),
    ),
    hints=(
        "Write the two sentences without their order. In what do they differ?",
        "Two equal vectors have the same similarity with any image. What is left then?",
    ),
    code="my_share = 0.5\n",
    why="""\
Both sentences hold the same words, so a bag gives them one vector, and no image can be nearer to one of two equal
vectors. What is left is a coin. More data, more weights and a longer training change nothing about that: what the bag
throws away cannot be learned.""",
)


def _cosine(before, after):
    lengths = np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1)
    return np.sum(before * after, axis=-1) / lengths


def _identity(before, after):
    return np.mean(1 - _cosine(before, after))


def _features(rng):
    cases = [tuple(rng.normal(size=(2, *shape))) for shape in ((1, 2), (3, 4), (6, 5))]
    before = rng.normal(size=(4, 3))
    same = before * rng.uniform(0.5, 3, (4, 1))  # the same directions, at other lengths
    return [*cases, (before, same), (before[:2], -2 * before[:2])]


identity = Exercise(
    title="Exercise 3 · Repair the identity term",
    question="""\
`before` and `after` are arrays (N, d): what a frozen classifier sees in N images before and after an edit. The slide
subtracts the one from the other, and so does this code. Its value can fall below 0 without limit, so an optimiser is
paid for leaving. Repair it as in the paper: one minus the cosine of the two vectors, and the mean over the N edits.""",
    start="""\
def my_identity(before, after):
    return np.mean(np.sum(before - after, axis=-1))
""",
    cases=_features,
    expected=_identity,
    broken=lambda before, after: np.mean(np.sum(before - after, axis=-1)),
    slips=(
        (
            lambda before, after: np.mean(np.sum((before - after) ** 2, axis=-1)),
            "A squared distance cannot be cheated either, but it also sees the lengths. The paper compares directions.",
        ),
        (
            lambda before, after: np.mean(np.abs(np.sum(before - after, axis=-1))),
            "Now it has no sign, but differences in two axes can still make up for one another.",
        ),
        (
            lambda before, after: np.mean(_cosine(before, after)),
            "That is how *alike* they are, and minimising it drives them apart.",
        ),
        (
            lambda before, after: 1 - np.mean(np.sum(before * after, axis=-1)),
            "A product of vectors that are not of length 1 rewards long vectors.",
        ),
        (
            lambda before, after: np.sum(1 - _cosine(before, after)),
            "The sum grows with the number of edits; a mean was asked for.",
        ),
        (
            lambda before, after: -np.mean(_cosine(before, after)),
            "Its slope is right. But an edit that changes nothing should cost 0.",
        ),
    ),
    hints=(
        "What should it be for an edit that changes nothing, and can anything be less?",
        "Which change of `after` makes the broken one smaller and smaller? Two vectors of length 1 leave no such way.",
        "Divide both by their lengths, multiply, sum over the last axis, and take it from 1.",
    ),
    code="""\
def my_identity(before, after):
    before = before / np.linalg.norm(before, axis=-1, keepdims=True)
    after = after / np.linalg.norm(after, axis=-1, keepdims=True)
    return np.mean(1 - np.sum(before * after, axis=-1))
""",
    why="""\
One minus a cosine lies between 0 and 2, is 0 only where both point the same way, and has no direction in which it can
be cheated. The signed difference on the slide has no least value: an optimiser follows it as far as λ lets it go, away
from the person whose identity it was to keep.""",
)


def _sound_weights(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_weights` is a dict of at least four weights: {λ: (share asked for, share of digits kept)}."
    weights = sorted(float(weight) for weight in measured)
    if weights[0] != 0 or weights[-1] <= 0:
        return "take the weight 0 as well, the text alone: it is what you compare with; all others are above 0."
    if any(len(pair) != 2 for pair in measured.values()):
        return "each entry holds two numbers: (share asked for, share of digits kept)."
    if any(not 0 <= float(share) <= 1 for pair in measured.values() for share in pair):
        return "both numbers are shares between 0 and 1."
    return None


weights = Experiment(
    title="Exercise 4 · A sentence of your own",
    question="""\
Write a sentence that the lecture has not used, and edit at least 24 images with it. Take at least four weights λ of the
L2 term, one of them 0, and measure two shares for each by the judge: how many edits show what you asked for, and how
many keep their digit. Fill a dict, `{λ: (share asked for, share kept)}`, and write in a sentence or two which λ you
would take, and whether the same one would do for the lecture's sentence.""",
    start="""\
my_weights = ...
my_choice = ...
""",
    sound=_sound_weights,
    rubric=(
        "It names both shares at λ = 0 and at the largest λ.",
        "It says that the two are bought from each other, or shows that here they are not.",
        "It says which of the lecture's sentences it is compared with, and that another factor may need another λ.",
        "It says how many images there were, and how large a difference may be chance.",
    ),
    hints=(
        "The cell of the lecture that edits with one sentence is a function: give it your sentence and each λ.",
        "What would both shares be for images that nobody has edited? That is the end of a very large λ.",
    ),
    code="""\
my_weights = {0: (0.9, 0.4), 0.1: (0.8, 0.7), 0.5: (0.4, 0.9), 2: (0.2, 1.0)}  # put your own numbers here
my_choice = "Near 0.1: most edits show what I asked for, and most digits stay; at 2 nothing moves any more."
""",
    why="""\
The L2 term does not know what you want to keep. It holds everything near the start, the asked factor included, so one
number moves between obedience and faithfulness. How much of it is right depends on how far in W the asked factor lies
from where the image is, and that differs from factor to factor and from image to image.""",
)
