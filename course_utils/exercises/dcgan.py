"""Exercises of lecture 05, the DCGAN."""

import numpy as np
from keras import ops

from .calling import network, tensors
from .exercise import Exercise
from .gradients import value_and_slopes
from .open_tasks import Experiment, Prediction

board = Prediction(
    title="Exercise 1 · Another kernel",
    question="""\
Section 2.2 measured fresh transposed convolutions with kernels of 3 and 4. Now the kernel is 5×5, the stride 2.
How many times as much power has the strongest kind of pixel as the weakest kind? Say a number, then run the next
cell.""",
    start="my_ratio = ...\n",
    near=0.12,
    slips=(
        (lambda measured: 1.5, "That is the ratio in one dimension. An image has two, and the counts multiply."),
        (lambda measured: 4.0, "4 belongs to kernel 3, where 1 and 2 writers alternate. How many are there here?"),
        (lambda measured: 1.0, "5 is not divisible by 2, so the counts cannot be equal."),
        (lambda measured: 5.06, "You squared once too often: variances of independent writers add up like the counts."),
    ),
    hints=(
        "In one dimension: how many of the inputs write to an even output, and how many to an odd one?",
        "Five weights fall on two kinds of outputs: three on the one, two on the other. Now square.",
    ),
    code="my_ratio = 9 / 4\n",
    why="""\
In one dimension outputs have 3 and 2 writers in turn, so in two dimensions 9, 6 and 4. The weights of a fresh
layer are independent, so the variance of an output, its power, is proportional to the number of its writers: $9/4
= 2.25$. A larger odd kernel is more even than a small one, and only a divisible one is even.""",
)


def _direction(z, labels, score):
    found = []
    for label in np.unique(labels[labels >= 0]):
        own = np.flatnonzero(labels == label)
        own, quarter = own[np.argsort(score[own])], len(own) // 4
        found.append(z[own[-quarter:]].mean(0) - z[own[:quarter]].mean(0))
    return np.mean(found, axis=0)


def _labelled(rng):
    def case(sizes, unsure, d):
        labels = rng.permutation(np.concatenate([np.repeat(np.arange(len(sizes)) * 2, sizes), np.full(unsure, -1)]))
        z = rng.normal(size=(len(labels), d)) + labels[:, None] * rng.uniform(0.5, 1, d)
        score = rng.normal(size=len(labels)) + 2 * labels + 5 * (labels < 0)
        return z, labels, score

    return [case((4, 8), 4, 2), case((12, 5, 20), 9, 3), case((9,), 0, 7), case((16, 40, 7, 4), 30, 5)]


def _pooled(z, labels, score):
    keep = np.flatnonzero(labels >= 0)
    return _direction(z[keep], np.zeros(len(keep), int), score[keep])


def _without_classes(z, labels, score):
    return _direction(z, np.zeros(len(z), int), score)


def _of_parts(share, centre=np.mean):
    def mistaken(z, labels, score):
        found = []
        for label in np.unique(labels[labels >= 0]):
            own = np.flatnonzero(labels == label)
            own, part = own[np.argsort(score[own])], len(own) // share
            found.append(centre(z[own[-part:]], 0) - centre(z[own[:part]], 0))
        return np.mean(found, axis=0)

    return mistaken


def _all_labels(z, labels, score):
    return _direction(z, labels + 1, score)


def _against_the_rest(z, labels, score):
    found = []
    for label in np.unique(labels[labels >= 0]):
        own = np.flatnonzero(labels == label)
        own, quarter = own[np.argsort(score[own])], len(own) // 4
        found.append(z[own[-quarter:]].mean(0) - z[own].mean(0))
    return np.mean(found, axis=0)


direction = Exercise(
    title="Exercise 2 · A direction for thickness",
    question="""\
The sums of section 6.2 borrow the stroke of one digit for another. Find a direction that makes *any* digit
thicker. `z` is an array (N, d) of latents, `labels` (N,) the class of each image, a whole number, or −1 where the
classifier is unsure, `score` (N,) the thickness. For each class except −1 take the quarter of its latents with
the highest score and the quarter with the lowest (`n // 4` each, n the size of the class, at least 4), and
subtract the mean of the low ones from the mean of the high ones. Return the mean of these differences over the
classes, an array (d,). The next cell walks along it.""",
    start="""\
def my_direction(z, labels, score):
    return ...
""",
    cases=_labelled,
    expected=_direction,
    slips=(
        (_pooled, "You sorted all classes together. Digits differ in thickness, so the digit changes as well."),
        (_without_classes, "`labels` plays no part: you sorted all images at once, so the digit changes as well."),
        (_all_labels, "The unsure images, with label −1, count as a class of their own here. Leave them out."),
        (lambda z, labels, score: -_direction(z, labels, score), "Your direction makes strokes thinner."),
        (_of_parts(2), "You compared halves. The outer quarters differ more."),
        (_of_parts(4, np.sum), "Take means, not sums: a large class would outweigh the others."),
        (_against_the_rest, "You subtracted the mean of the whole class. The quarter with the lowest score is meant."),
    ),
    hints=(
        "Do one class first: `own = np.flatnonzero(labels == label)`, then sort these by their score.",
        "`own[np.argsort(score[own])]` begins with the thinnest. Which slices are the two outer quarters?",
        "`np.unique(labels[labels >= 0])` lists the classes; collect one difference a class, and take their mean.",
    ),
    code="""\
def my_direction(z, labels, score):
    differences = []
    for label in np.unique(labels[labels >= 0]):
        own = np.flatnonzero(labels == label)
        own, quarter = own[np.argsort(score[own])], len(own) // 4
        differences.append(z[own[-quarter:]].mean(axis=0) - z[own[:quarter]].mean(axis=0))
    return np.mean(differences, axis=0)
""",
    why="""\
Within a class the digit is the same on both sides of the difference, so most of it cancels, and so does, in the
mean over many latents, all else that has nothing to do with the stroke. Sorting all classes together would mix the
two: ones are thin and eights are thick, so the direction would also lead from ones to eights. Nothing holds the
digit fast, though: in the figure below the nine becomes a nought on the way.""",
)


def _shown(real, z, generator, critic, move):
    fake = generator(z)
    return ops.mean(ops.softplus(-critic(move(real)))) + ops.mean(ops.softplus(critic(move(fake))))


def _real_moved(real, z, generator, critic, move):
    return ops.mean(ops.softplus(-critic(move(real)))) + ops.mean(ops.softplus(critic(generator(z))))


def _fake_moved(real, z, generator, critic, move):
    return ops.mean(ops.softplus(-critic(real))) + ops.mean(ops.softplus(critic(move(generator(z)))))


def _nothing_moved(real, z, generator, critic, move):
    return _shown(real, z, generator, critic, lambda x: x)


def _latents_moved(real, z, generator, critic, move):
    return _real_moved(real, move(z), generator, critic, move)


def _moved_twice(real, z, generator, critic, move):
    return _shown(real, z, generator, critic, lambda x: move(move(x)))


def _aside(x):
    return 0.7 * ops.roll(x, 1, axis=-1) + 0.1


def _networks(rng):
    cases = []
    for n, d, pixels in ((2, 3, 4), (5, 2, 6), (9, 4, 3)):
        networks = network(rng, d, pixels), network(rng, pixels, 1)
        cases.append((rng.normal(size=(n, pixels)), rng.normal(size=(n, d)), *networks, _aside))
    return cases


repair = Exercise(
    title="Exercise 3 · Repair an augmentation",
    question="""\
Somebody trains frogs and moves the images, as in part D. After a while all *generated* images have grey borders.
Find the fault in the discriminator's loss and repair it. `real` is a tensor of images, `z` a tensor of latents,
`generator` and `critic` are Keras models, and `move` is a function of a batch of images that moves them at
random. Return the non-saturating loss, one number. A game differentiates it, so use `keras.ops`.""",
    start="""\
def my_moved_loss(real, z, generator, critic, move):
    real_logits = critic(move(real))
    fake_logits = critic(generator(z))
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
""",
    cases=_networks,
    given=tensors,
    probe=value_and_slopes,
    expected=_shown,
    broken=_real_moved,
    slips=(
        (_fake_moved, "Now the fakes alone are moved: the critic tells them apart by their borders."),
        (_nothing_moved, "Nothing is moved any more: the critic learns 5,000 frogs by heart again."),
        (_latents_moved, "You moved the latents. Images are moved, after the generator."),
        (_moved_twice, "The images are moved twice."),
    ),
    hints=(
        "Which two kinds of images does the critic compare? What differs between them besides being real or not?",
        "A moved image has grey borders. Which images should have them, so that borders tell nothing?",
        "Whatever the critic is shown, real or fake, goes through `move` first.",
    ),
    code="""\
def my_moved_loss(real, z, generator, critic, move):
    real_logits = critic(move(real))
    fake_logits = critic(move(generator(z)))
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
""",
    why="""\
With the real images alone moved, grey borders become a mark of the real: the critic asks for them, and the
generator learns to draw them. Moved on both sides, borders say nothing, and only what lies between them counts.
In the generator's turn its images are moved as well, and the gradient flows back through the move.""",
)


def _sound_ratios(measured):
    if not isinstance(measured, dict) or len(measured) < 2:
        return "`my_ratios` is a dict of at least two rows: your variant's and a control's, each a list of ratios."
    if not any("control" in str(name) for name in measured):
        return "one row has to be a control, with `control` in its name: the same game from other seeds."
    for name, numbers in measured.items():
        found = [float(number) for number in numbers]
        if len(found) < 3 or min(found) <= 0:
            return f"the row {name!r} needs at least three ratios, all above 0, one for each seed."
    return None


guideline = Experiment(
    title="Exercise 4 · A guideline of your own",
    question="""\
Invent a sixth guideline, or doubt one of the five: another width, another batch norm momentum, another slope of
the leaky ReLU, a label smoothing. Add it to `variants`, play it with `trials(name)` from at least three seeds,
and divide each FD by that of the guidelines from the same seed. Fill a dict, `{name: [ratio, …]}`, with a row
whose name contains `control`, and write in a sentence or two what you conclude.""",
    start="""\
my_ratios = ...
my_conclusion = ...
""",
    sound=_sound_ratios,
    rubric=(
        "It changes one thing, and says which.",
        "It compares within each seed, and says how many seeds there were and on which side of 1 they lie.",
        "It sets the ratios beside the control's: what the control does by chance is no result.",
        "It says that this is the beginning of a training, and what that means for the claim.",
        "If all seeds lie on one side, it says how often chance does that: with three seeds in one of four cases.",
    ),
    hints=(
        "`variants` maps a name to three dicts: arguments of the generator, of the critic, and of the game.",
        "`np.array([fd for fd, *_ in trials(name)]) / base` gives the ratios of a row.",
    ),
    code="""\
variants["label smoothing"] = ({}, {}, {"label_smoothing": 0.1})
my_ratios = {}
for name in ("control: other seeds", "label smoothing"):
    my_ratios[name] = [fd / right for (fd, *_), right in zip(trials(name), base)]
my_conclusion = "The ratios of my variant lie within the control's, so three seeds show no difference at this length."
""",
    why="""\
Most ideas about GANs change FD by less than the seed does. A control row shows how much that is; without it, any
three numbers on one side of 1 look like a discovery.""",
)
