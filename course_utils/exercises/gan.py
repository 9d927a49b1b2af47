"""Exercises of lecture 04, the simple generative adversarial network."""

import numpy as np
from keras import ops

from .calling import network, tensors
from .exercise import Exercise
from .gradients import value_and_slopes
from .open_tasks import Experiment, Prediction

spot = Prediction(
    title="Exercise 1 · A collapsed generator",
    question="""\
The data are the eight spots of the ring, all equally frequent. A generator has collapsed: it draws one of the
eight, and that one perfectly. The discriminator has learned all that there is to learn. What does it say, $d(x)$,
in the middle of that spot? Say a number, then run the next cell, which trains a discriminator on just that.""",
    start="my_d = ...\n",
    near=0.2,
    slips=(
        (lambda measured: 0.5, "½ would be right if both drew the spot equally often. How often do the data draw it?"),
        (lambda measured: 1 - measured, "You took the probability of a fake. d is the probability that x is real."),
        (lambda measured: 0.0, "Some of the examples there are real, and a network that calls them fake pays for it."),
    ),
    hints=(
        "How many of eight real examples lie in that spot, and how many of eight fakes?",
        "Section 2.2: $d^* = p/(p+q)$. In that spot $q$ is eight times $p$.",
    ),
    code="my_d = 1 / 9\n",
    why="""\
One of eight real examples lies there, and eight of eight fakes: of nine examples, one is real, so $d^* = 1/9$,
although each single fake is perfect. Everywhere else on the ring $d^* = 1$. That is the push that drives a
collapsed generator off its spot: not because its samples are bad, but because they are too many.""",
)


def _softplus(x):
    return np.logaddexp(0.0, x)


def _smooth(real, fake, s):
    return np.mean(_softplus(-real) + s * real) + np.mean(_softplus(fake))


def _both_smooth(real, fake, s):
    return _smooth(real, fake, s) - s * np.mean(fake)


def _logits(rng):
    def some(n, size=3.0):
        return rng.normal(scale=size, size=(n, 1)) + rng.uniform(-1, 1)

    extreme = np.array([[200.0], [-150.0]]), np.array([[-90.0], [170.0], [140.0]])
    return [(some(2), some(3), 0.3), (some(7), some(7), 0.1), (some(30), some(12), 0.0), (*extreme, 0.25)]


smooth = Exercise(
    title="Exercise 2 · One-sided smooth labels",
    question="""\
A discriminator that is too sure of itself teaches little. *One-sided label smoothing* (Salimans et al., 2016)
gives real examples the label $1 - s$ in place of 1; fakes keep 0. `real_logits` (N, 1) and `fake_logits` (M, 1)
are tensors, `s` is a number from 0 to ½. Return the discriminator's loss, the cross entropy with these labels,
one number: the mean over the real ones plus the mean over the fakes. A game differentiates it, so use
`keras.ops`, and logits may be as large as 200. The next cell plays with it.""",
    start="""\
def my_smooth_loss(real_logits, fake_logits, s):
    return ...
""",
    cases=_logits,
    given=tensors,
    gradient=0,
    expected=_smooth,
    slips=(
        (_both_smooth, "You smooth the fakes as well. One-sided means that they keep the label 0."),
        (
            lambda real, fake, s: np.mean(_softplus(-real)) + np.mean(_softplus(fake) - s * fake),
            "You smooth the fakes in place of the real ones.",
        ),
        (lambda real, fake, s: _smooth(real, fake, 1 - s), "Your real examples have label s. They should get 1 − s."),
        (lambda real, fake, s: _smooth(real, fake, 0.0), "The labels are hard: s changes nothing."),
        (lambda real, fake, s: _smooth(real, fake, s) / 2, "The two means are added, not averaged: you have half."),
        (lambda real, fake, s: -_smooth(real, fake, s), "The sign is wrong: this is to be minimised."),
        (
            lambda real, fake, s: (1 - s) * np.mean(_softplus(-real)) + np.mean(_softplus(fake)),
            "Only the weight of log d has changed. A label of 1 − s also gives log(1 − d) the weight s.",
        ),
    ),
    hints=(
        "Cross entropy with a label y: −y log d − (1 − y) log(1 − d). Which y has a real example, which a fake?",
        "From a logit f: −log d = softplus(−f), and −log(1 − d) = softplus(f) = softplus(−f) + f.",
        "With y = 1 − s the two terms add up to softplus(−f) + s·f.",
    ),
    code="""\
def my_smooth_loss(real_logits, fake_logits, s):
    real = ops.softplus(-real_logits) + s * real_logits
    return ops.mean(real) + ops.mean(ops.softplus(fake_logits))
""",
    why="""\
The real term is smallest where $d = 1 - s$: beyond the logit $\\log\\frac{1-s}{s}$ the discriminator pays for
being surer. Why one side only? With fakes at label $s$ the best discriminator becomes $\\frac{(1-s)p + sq}{p+q}$,
and where there are only fakes it would call them real with probability $s$, which tells the generator to stay
there.""",
)


def _repaired(z, generator, critic):
    return ops.mean(ops.softplus(-critic(generator(z))))


def _broken(z, generator, critic):
    fake = ops.stop_gradient(generator(z))
    return ops.mean(ops.softplus(-ops.sigmoid(critic(fake))))


def _still_cut(z, generator, critic):
    return ops.mean(ops.softplus(-critic(ops.stop_gradient(generator(z)))))


def _still_squashed(z, generator, critic):
    return ops.mean(ops.softplus(-ops.sigmoid(critic(generator(z)))))


def _saturating(z, generator, critic):
    return -ops.mean(ops.softplus(critic(generator(z))))


def _wrong_label(z, generator, critic):
    return ops.mean(ops.softplus(critic(generator(z))))


def _rewarding_fakes(z, generator, critic):
    return -_repaired(z, generator, critic)


def _networks(rng):
    sizes = ((2, 3, 2), (6, 2, 4), (11, 4, 3))
    return [(rng.normal(size=(n, d)), network(rng, d, e), network(rng, e, 1)) for n, d, e in sizes]


repair = Exercise(
    title="Exercise 3 · Repair a generator that does not move",
    question="""\
Somebody's GAN draws noise for ever: the generator's weights never change. The loss below is to blame, and it has
*two* faults; the second one shows when the first is mended: the loss then stays between 0.31 and 0.69 whatever
the critic says. `z` is a tensor (N, d), `generator` and `critic` are Keras models; the critic ends in a logit.
Return the non-saturating loss of the generator, one number. A game differentiates it, so use `keras.ops`.""",
    start="""\
def my_generator_loss(z, generator, critic):
    fake = ops.stop_gradient(generator(z))  # only one player moves at a time
    d = ops.sigmoid(critic(fake))
    return ops.mean(ops.softplus(-d))
""",
    cases=_networks,
    given=tensors,
    probe=value_and_slopes,
    expected=_repaired,
    broken=_broken,
    slips=(
        (_still_cut, "The number is right, and the generator still gets no slope: something cuts the way back to it."),
        (
            _still_squashed,
            "The generator moves now. But with d in (0, 1) the loss is between 0.31 and 0.69: softplus wants a logit.",
        ),
        (_saturating, "This is the saturating loss, log(1 − d), which starves the generator where the fakes are bad."),
        (_wrong_label, "This rewards fakes that are recognised. The wrong label is meant: 1 for a fake."),
        (_rewarding_fakes, "The sign is wrong: this is log d, which the generator wants large; optimizers minimise."),
    ),
    hints=(
        "In whose turn is this loss used, and whose weights need a slope? Through what does it have to pass?",
        "Whose business is it that the critic stands still: the loss's, or the player's, who names what it moves?",
        "softplus(−f) already is −log sigmoid(f). What is left when a sigmoid stands inside?",
    ),
    code="""\
def my_generator_loss(z, generator, critic):
    return ops.mean(ops.softplus(-critic(generator(z))))
""",
    why="""\
That only one player moves is settled by the player, who names its networks: its turn differentiates with respect
to their weights alone. A stop_gradient on the fakes belongs, if anywhere, into the *discriminator's* turn; here
it cuts the only way by which the generator learns. And softplus of minus a logit contains the sigmoid already: a
second one squeezes the critic's whole range into (0, 1), where the loss is nearly flat. Losses that move are no
proof: look at the weights.""",
)


def _sound_turns(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_turns` is a dict of at least four entries: {turns: (modes, modes with the batch seen)}."
    if min(measured) > 2 or max(measured) < 10:
        return "go from 1 or 2 turns to 10 or more, so that both ends can be seen."
    for turns, pair in measured.items():
        plain, seen = (float(value) for value in pair)
        if not (0 <= plain <= 8 and 0 <= seen <= 8):
            return f"at {turns} turns you have {plain:g} and {seen:g} modes; there are eight, so 0 to 8 are possible."
    return None


turns = Experiment(
    title="Exercise 4 · How late may the answer come?",
    question="""\
Section 7 gave the generator ten turns to one. Where does collapse begin? Play the game with at least four numbers
of turns, from 1 or 2 to 10 or more, each with the plain critic and with the one that sees the batch, from more
than one seed. `play_ring(make, steps=…)` plays, and `late_game(seed, build_critic, turns)` makes a game; a run
ends with `run[-1]["covered"]` modes. Fill a dict, `{turns: (mean modes, mean modes with the batch seen)}`, and
write in a sentence or two what you conclude.""",
    start="""\
my_turns = ...
my_conclusion = ...
""",
    sound=_sound_turns,
    rubric=(
        "It names the number of turns at which the plain game begins to lose modes, and how sure it is of that number.",
        "It compares the two critics at equal turns, from the same seeds.",
        "It gives the number of seeds and the spread between them, and claims nothing that a seed could turn around.",
        "It says that more turns are also more steps of the generator: equal iterations are not equal work.",
        "It does not take one look at the end for the whole: a game that hops may be caught on a spot or between two.",
    ),
    hints=(
        "`play_ring(lambda seed: late_game(seed, None, 5), seeds=2, steps=500)` returns two runs.",
        "A mean over the last five marks says more than the last mark alone.",
    ),
    code="""\
my_turns = {}
for turns in (1, 3, 10, 20):
    found = []
    for build in (None, batch_critic):
        runs = play_ring(lambda seed: late_game(seed, build, turns), seeds=2, steps=500)
        found.append(np.mean([mark["covered"] for run in runs for mark in run[-5:]]))
    my_turns[turns] = tuple(found)
my_conclusion = "The more turns the generator has, the fewer modes it keeps, unless the critic sees the whole batch."
""",
    why="""\
With the order of the two exchanged, the game is another one: a generator that answers first against a
discriminator that stands still plays max–min and not min–max, and its best answer is a single point. Turns move
the game from the one towards the other.""",
)
