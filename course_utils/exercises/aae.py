"""Exercises of lecture 02, adversarial autoencoders."""

import numpy as np
from keras import ops

from .calling import network, tensors
from .exercise import Exercise
from .gradients import value_and_slopes
from .open_tasks import Experiment, Prediction

by_chance = Prediction(
    title="Exercise 1 · Holes that are none",
    question="""\
Section 6.2 calls a draw a hole when none of the codes lies as near as the 7th nearest of as many other draws. Now ask
for the 3rd nearest instead, and let the *codes be draws from the prior themselves*: there are no holes at all. How many
per cent of the draws are called one all the same? Say a number, then run the next cell.""",
    start="my_percentage = ...\n",
    unit="%",
    near=0.15,
    slips=(
        (lambda measured: 0 * measured, "Chance makes gaps: even a perfect match leaves some draws without a code."),
        (lambda measured: 8 * measured / 3, "That is 1/3. Two draws or more compete for each of the three places."),
        (lambda measured: 2 * measured, "Two places are only ¼. Three nearest neighbours have to be no codes."),
        (lambda measured: measured / 16, "That is the level for 7 neighbours. Here 3 have to be no codes."),
    ),
    hints=(
        "Mix codes and other draws in one bag and sort them by their distance. What is the chance that the nearest one "
        "is no code?",
        "There are as many codes as other draws, and they look alike: ½ for the nearest. The first three must be none.",
    ),
    code="my_percentage = 12.5\n",
    why="""\
If codes are draws from the prior, nothing tells the two sets apart: each neighbour is a code with probability ½. A hole
is called where the three nearest of both sets together are all no codes, which has probability $2^{-3}$, whatever the
prior looks like. That is why the measure needs no tuning, and why a share is read against $2^{-k}$.""",
)


def _component(labels, noise):
    angle = 2 * np.pi * labels / 10
    along, across = 4 + noise[:, 0], 0.3 * noise[:, 1]
    return np.stack(
        [along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)], axis=1
    )


def _turned(along, across, angle):
    return np.stack(
        [along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)], axis=1
    )


def _angle(labels):
    return 2 * np.pi * labels / 10


component = Exercise(
    title="Exercise 2 · A draw from the label's component",
    question="""\
Ten components on a ring. That of label 0 has its middle at (4, 0), standard deviation 1 along the first axis and 0.3
along the second; that of label $k$ is the same, turned by $2\\pi k/10$ around the origin, against the clock. `labels`
is an integer array (n,), `noise` an array of standard normal numbers (n, 2): its first column is for the direction
along the spoke, its second for the one across. Return the draws, an array (n, 2).
The cell after next asks for classes with your function.""",
    start="""\
def my_component(labels, noise):
    return ...
""",
    cases=lambda rng: [
        (np.array([3]), rng.normal(size=(1, 2))),
        (rng.integers(0, 10, 7), rng.normal(size=(7, 2))),
        (np.arange(10)[::-1], 2 * rng.normal(size=(10, 2))),
    ],
    expected=_component,
    slips=(
        (
            lambda y, e: _turned(4 + 0.3 * e[:, 1], e[:, 0], _angle(y)),
            "The spokes lie across: the first column of the noise goes along the spoke, the second goes sideways.",
        ),
        (
            lambda y, e: _turned(e[:, 0], 0.3 * e[:, 1], _angle(y)),
            "All your components lie in the middle. Each has its own middle, away from the origin.",
        ),
        (
            lambda y, e: _turned(e[:, 0], 0.3 * e[:, 1], _angle(y)) + [4, 0],
            "You turned first and moved afterwards, so all components lie in one place.",
        ),
        (
            lambda y, e: _turned(4 + e[:, 0], 0.3 * e[:, 1], -_angle(y)),
            "Your components are turned with the clock: label 1 should lie above the first axis.",
        ),
        (
            lambda y, e: _turned(4 + e[:, 0], 0.3 * e[:, 1], y.astype(float)),
            "The label is not an angle. Ten components share one full turn.",
        ),
        (
            lambda y, e: _turned(4 + e[:, 0], e[:, 1], _angle(y)),
            "Your components are as wide as they are long; neighbours would overlap.",
        ),
        (
            lambda y, e: _turned(4 + e[:, 0], 0.09 * e[:, 1], _angle(y)),
            "You scaled by the variance: 0.3 is a standard deviation.",
        ),
        (
            lambda y, e: 4 * np.stack([np.cos(_angle(y)), np.sin(_angle(y))], axis=1) + e * [1, 0.3],
            "The middles are right, but every spoke lies along the first axis. The noise has to be turned as well.",
        ),
    ),
    hints=(
        "Make a draw of label 0's component first. What is then left to do for the others?",
        "A point (a, b), turned by φ, is at (a cos φ − b sin φ, a sin φ + b cos φ).",
        "Label 0's draw is (4 + ε₁, 0.3 ε₂); turn it by φ = 2π·labels / 10.",
    ),
    code="""\
def my_component(labels, noise):
    angle = 2 * np.pi * labels / 10
    along, across = 4 + noise[:, 0], 0.3 * noise[:, 1]
    x = along * np.cos(angle) - across * np.sin(angle)
    y = along * np.sin(angle) + across * np.cos(angle)
    return np.stack([x, y], axis=1)
""",
    why="""\
Place and width belong to label 0, and one turn carries both to the label's own spoke. The order matters: turned first
and moved afterwards, all ten would lie on each other. A prior needs no more than this to be used in an AAE: a rule that
turns noise into draws. Its density is never asked for.""",
)


def _passing(x, encoder, discriminator):
    return ops.mean(ops.softplus(-discriminator(encoder(x))))


def _with(of_logits):
    """A mistaken loss of the encoder's turn: what is made of the discriminator's logits of codes."""
    return lambda x, encoder, discriminator: of_logits(discriminator(encoder(x)))


def _encoders(rng):
    cases = []
    for n, pixels, axes in ((2, 3, 2), (7, 5, 3), (12, 4, 2)):
        cases.append((rng.uniform(size=(n, pixels)), network(rng, pixels, axes), network(rng, axes, 1)))
    return cases


repair = Exercise(
    title="Exercise 3 · Repair the forger",
    question="""\
Somebody wrote the loss of the encoder's turn. Training starts at 0.47 instead of 0.69 and the loss never falls below
0.31, however well the encoder does; the codes hardly move towards the prior. Find the fault and repair it. `x` is a
tensor of images (N, 784), `encoder` and `discriminator` are Keras models, and the discriminator gives *logits*. Return
one number, the mean of $-\\log D(E(x))$. A game differentiates it, so use `keras.ops`.""",
    start="""\
def my_encoder_loss(x, encoder, discriminator):
    verdict = ops.sigmoid(discriminator(encoder(x)))
    return ops.mean(ops.softplus(-verdict))
""",
    cases=_encoders,
    given=tensors,
    probe=value_and_slopes,
    expected=_passing,
    broken=_with(lambda f: ops.mean(ops.softplus(-ops.sigmoid(f)))),
    slips=(
        (
            _with(lambda f: ops.mean(ops.softplus(f))),
            "Now the encoder is paid for being recognised. It wants its codes taken for draws.",
        ),
        (
            _with(lambda f: -ops.mean(ops.softplus(f))),
            "This is log(1 − D). It has the same wish, but it hardly pulls while the discriminator is sure.",
        ),
        (
            _with(lambda f: -ops.mean(f)),
            "These are bare logits, without a logarithm of a probability. Nothing would hold them.",
        ),
        (
            _with(lambda f: ops.mean(ops.sigmoid(-f))),
            "This is the mean probability of being caught, not minus the logarithm of passing.",
        ),
        (
            _with(lambda f: ops.mean(ops.softplus(-ops.sigmoid(-f)))),
            "The sigmoid is still there, and its sign has changed as well.",
        ),
        (
            _with(lambda f: ops.sum(ops.softplus(-f))),
            "The sigmoid is gone, but you sum over the batch. Take the mean.",
        ),
    ),
    hints=(
        "Which numbers can `verdict` take, and which can `softplus(-verdict)` then take?",
        "softplus(−f) is −log sigmoid(f): the sigmoid is in it already.",
        "Take the sigmoid away: `softplus` wants the logit.",
    ),
    code="""\
def my_encoder_loss(x, encoder, discriminator):
    logits = discriminator(encoder(x))
    return ops.mean(ops.softplus(-logits))
""",
    why="""\
softplus(−f) = −log sigmoid(f), so the sigmoid was applied twice. A probability in [0, 1] taken for a logit gives
losses between log(1 + e⁻¹) = 0.31 and log 2, 0.47 for a guess of ½, and a gradient that carries a factor
sigmoid·(1 − sigmoid): it vanishes just where the discriminator is sure. In public code the same fault hides as a
network that ends in a sigmoid and a loss called with `from_logits=True`.""",
)


def _log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _few(logits, labels):
    known = labels < 10
    return -_log_softmax(logits)[known, labels[known]].mean()


def _partly_labelled(rng):
    cases = []
    for n, scale, labelled in ((3, 1.0, 1), (8, 3.0, 4), (11, 300.0, 11), (40, 0.3, 5)):
        labels = np.full(n, 10)
        labels[:labelled] = rng.integers(0, 10, labelled)
        cases.append((scale * rng.normal(size=(n, 10)), rng.permutation(labels)))
    return cases


def _each(logits, labels):
    """−log q at the label, 0 where there is none; and which rows have one."""
    known, taken = labels < 10, np.minimum(labels, 9)
    return np.where(known, -_log_softmax(logits)[np.arange(len(labels)), taken], 0.0), known


few = Exercise(
    title="Exercise 4 · The loss of a few labels",
    question="""\
A batch in which some images have a label from 0 to 9, and the others carry 10 for "none". At least one has a label.
Return one number: the mean of $-\\log q(y\\mid x)$ over the labelled images, in nats. `logits` is an array (N, 10),
`labels` an integer array (N,). Logits may be as large as ±1000.""",
    start="""\
def my_few_labels_loss(logits, labels):
    return ...
""",
    cases=_partly_labelled,
    expected=_few,
    slips=(
        (
            lambda logits, labels: _each(logits, labels)[0].mean(),
            "You divide by all images. The loss would shrink with every unlabelled image in the batch.",
        ),
        (
            lambda logits, labels: _each(logits, labels)[0].sum(),
            "This is the sum over the labelled images. Take their mean.",
        ),
        (lambda logits, labels: -_few(logits, labels), "The sign is wrong: a cross entropy is never negative."),
        (
            lambda logits, labels: _few(logits, np.minimum(labels, 9)),
            "Unlabelled images count as nines. Leave their rows out.",
        ),
        (
            lambda logits, labels: -logits[labels < 10, labels[labels < 10]].mean(),
            "These are logits, not the logarithms of probabilities: they still have to be made to sum to one.",
        ),
        (
            lambda logits, labels: _few(np.exp(_log_softmax(logits)), labels),
            "You took a softmax first, and then gave the probabilities to a loss that wants logits.",
        ),
        (
            lambda logits, labels: _few(logits, labels) / np.log(2),
            "These are bits. Take the natural logarithm.",
        ),
    ),
    hints=(
        "Which rows count at all? Choose them first, then it is an ordinary cross entropy.",
        "log softmax = logits − logsumexp(logits). Subtract the largest logit first, or exp overflows.",
        "`known = labels < 10`, then the mean of logsumexp(logits[known]) − the logit at the label.",
    ),
    code="""\
def my_few_labels_loss(logits, labels):
    known = labels < 10
    rows, taken = logits[known], labels[known]
    largest = rows.max(axis=1)
    log_sum = largest + np.log(np.exp(rows - largest[:, None]).sum(axis=1))
    return np.mean(log_sum - rows[np.arange(len(rows)), taken])
""",
    why="""\
The labelled images are few, so what they say must not depend on how many others happen to be in the batch: the mean is
over the labelled ones alone. Clipping the label 10 to 9 is the quiet fault here: nothing crashes, and the network is
taught that everything unknown is a nine.""",
)


def _sound_prior(measured):
    if not isinstance(measured, dict) or not {"MMD2", "floor", "uncovered"} <= set(measured):
        return "`my_measured` is a dict with the numbers 'MMD2', 'floor' and 'uncovered' (a share)."
    apart, floor, empty = (float(measured[key]) for key in ("MMD2", "floor", "uncovered"))
    if not all(map(np.isfinite, (apart, floor, empty))):
        return "one of the numbers is not finite."
    if not 0 < floor < 0.1:
        return "the floor is what MMD² says of two sets of draws from your prior, without its sign: a small number > 0."
    if not 0 <= empty <= 1:
        return "'uncovered' is a share, from 0 to 1."
    return None


own_prior = Experiment(
    title="Exercise 5 · A prior of your own",
    question="""\
Choose a prior that nobody has tried: two moons, a ring, a square, your initials. `priors.Prior(name, 2, draw)` makes
one of a function `draw(n, seed, labels)` that returns a tensor (n, 2), with its random numbers from
`keras.random.uniform` or `keras.random.normal`. Train on it with `train`, look at the codes with `over_prior`, and
measure MMD², its floor and the share of draws with no code nearby. Then write down in two or three sentences what the
AAE managed and what it did not.""",
    start="""\
my_measured = ...
my_conclusion = ...
""",
    sound=_sound_prior,
    rubric=(
        "It reads MMD² against the floor of this prior, and the share of holes against 2⁻⁷, not as bare numbers.",
        "It says where on the prior the codes are missing: at ends, corners, thin parts, gaps between pieces.",
        "It names what could be otherwise: one training of a few thousand iterations, one seed.",
        "It says what the prior does to the images: pieces that lie apart cut the digits into as many groups; a thin "
        "curve leaves the decoder about one number.",
        "It does not conclude from a good MMD² that samples are good: it looked at decoded draws as well.",
    ),
    hints=(
        "A ring: an angle from `keras.random.uniform((n, 1), 0, 2 * np.pi, seed=seed)`, then cosine and sine.",
        "`distance` gives MMD², `metrics.uncovered(draws, codes, others)` the holes; both want as many draws as codes.",
    ),
    code="""\
def ring_of(n, seed, labels):
    angle = keras.random.uniform((n, 1), 0.0, 2 * np.pi, seed=seed)
    radius = 4.0 + 0.3 * keras.random.normal((n, 1), seed=seed)
    return radius * ops.concatenate([ops.cos(angle), ops.sin(angle)], axis=-1)


my_prior = priors.Prior("ring", 2, ring_of)
my_codes = outputs(train(my_prior)[1]["encoder"], x_test)
my_measured = {
    "MMD2": distance(my_codes, my_prior),
    "floor": abs(distance(drawn(my_prior, 7), my_prior, 8)),
    "uncovered": metrics.uncovered(drawn(my_prior, 1), my_codes, drawn(my_prior, 2)).mean(),
}
my_conclusion = "The codes lie on the ring but not evenly; MMD² stays above its floor, and some arcs hold few codes."
""",
    why="""\
The encoder is a continuous map of images, and digits come in lumps. A prior in one piece has to be filled by stretching
the lumps until they touch; a prior in several pieces, by tearing. Both cost reconstruction, and where the discriminator
pulls too little, gaps stay. So the match is a matter of the prior's shape, the rates and the length of the run.""",
)
