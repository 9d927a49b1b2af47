"""Exercises of lecture 07, the Wasserstein GAN with gradient penalty."""

import numpy as np

from .calling import tensors
from .exercise import Exercise
from .open_tasks import Experiment, Prediction

spring = Prediction(
    title="Exercise 1 · How far does the spring give way?",
    question="""\
In section 3 the critic on the ring had $\\lambda=0.1$, and its mean slope was about 3.6, since $W=0.51$ pulls at a weak
spring. You take ten times that weight, $\\lambda=1$. Which mean slope do you expect at the fake points now? Say a
number, then run the next cell.""",
    start="my_slope = ...\n",
    near=0.1,
    slips=(
        (
            lambda measured: measured - 0.27,
            "1 is what the penalty asks for. But the critic earns s·W for its slope, so the spring gives way a little.",
        ),
        (
            lambda measured: 0.36,
            "The slope itself is not divided by ten: only what it exceeds 1 by is.",
        ),
        (lambda measured: 3.6, "A stronger spring gives way less: what exceeds 1 gets smaller when λ grows."),
        (lambda measured: 27.0, "A stronger spring gives way less: what exceeds 1 gets smaller when λ grows."),
    ),
    hints=(
        "What does a critic of slope s earn, and what does it pay? Where is the difference largest?",
        "It earns s·W and pays λ(s − 1)². Set the derivative by s to 0.",
    ),
    code="my_slope = 1 + 0.51 / (2 * 1)\n",
    why="""\
$s=1+W/2\\lambda$ is $1+0.51/2=1.26$; for $\\lambda=0.1$ it says 3.55. The prediction treats the critic as if its slope
were the same everywhere, which holds for a network only roughly.""",
)


def _mixtures(real, fake, epsilon):
    epsilon = np.reshape(epsilon, (-1, 1, 1, 1))
    return epsilon * real + (1 - epsilon) * fake


def _pictures(rng):
    # In one case there are as many images as channels, so that an ε that was not reshaped goes through.
    cases = []
    for n, h, w, c in ((1, 1, 2, 1), (3, 4, 5, 3), (5, 2, 3, 1), (4, 4, 4, 4)):
        epsilon = np.concatenate([[0.0, 1.0], rng.uniform(size=n)])[-n:] if n > 2 else rng.uniform(size=n)
        cases.append((rng.uniform(-1, 1, (n, h, w, c)), rng.uniform(-1, 1, (n, h, w, c)), epsilon))
    return cases


mixtures = Exercise(
    title="Exercise 2 · The mixtures",
    question="""\
`real` and `fake` are tensors (N, H, W, C), `epsilon` is a tensor (N,) with one number for each image. Return
$\\hat x_i=\\varepsilon_i x_i+(1-\\varepsilon_i)\\,G(z_i)$, shaped like `real`. Later cells differentiate it, so use
`keras.ops` or plain arithmetic.""",
    start="""\
def my_mixtures(real, fake, epsilon):
    return ...
""",
    cases=_pictures,
    given=tensors,
    expected=_mixtures,
    slips=(
        (
            lambda r, f, e: e * r + (1 - e) * f,
            "`epsilon` was laid along the last axis, the channels. Each image needs its own number in all its pixels.",
        ),
        (
            lambda r, f, e: _mixtures(f, r, e),
            "Real and fake have changed places. The lines are the same, but here ε belongs to the real image.",
        ),
        (lambda r, f, e: r * e.reshape(-1, 1, 1, 1) + f, "The fake image keeps its full weight."),
        (lambda r, f, e: 0.5 * (r + f), "That is the middle of each line; ε was not used."),
        (lambda r, f, e: e[0] * r + (1 - e[0]) * f, "All images get the first ε. One number for each image."),
    ),
    hints=(
        "Which shape must ε have, so that it multiplies an image of (H, W, C) as a whole, and each image by its own?",
        "`ops.reshape(epsilon, (-1, 1, 1, 1))`; then the formula as it stands.",
    ),
    code="""\
def my_mixtures(real, fake, epsilon):
    epsilon = ops.reshape(epsilon, (-1, 1, 1, 1))
    return epsilon * real + (1 - epsilon) * fake
""",
    why="""\
One ε for each image keeps $\\hat x$ on the straight line between a real and a fake image, where the theorem speaks.
One ε for each pixel would fill a whole box between them, and one ε for the batch would put all images at the same place
of their lines.""",
)


def _slopes(gradient):
    return np.sqrt(np.sum(np.square(gradient), axis=(1, 2, 3)) + 1e-12)


def _penalty(gradient):
    return np.mean(np.square(_slopes(gradient) - 1))


def _pixelwise(gradient):
    return np.mean(np.square(np.sqrt(np.sum(np.square(gradient), axis=-1) + 1e-12) - 1))


def _gradients(rng):
    cases = []
    for shape, wanted in (((1, 1, 2, 1), [0.5]), ((4, 4, 5, 3), [0.4, 0.9, 1.7, 3.0]), ((3, 6, 2, 1), [2.0, 0.7, 5.0])):
        gradient = rng.normal(size=shape)
        cases.append((gradient * (np.array(wanted) / _slopes(gradient))[:, None, None, None],))
    return cases


repair = Exercise(
    title="Exercise 3 · Repair a penalty",
    question="""\
This function is right for points. Somebody used it for images, and the slope of the whole image came out thirty
times too steep (section 9). `gradient` is $\\nabla f(\\hat x)$, a tensor (N, H, W, C). Return the two-sided penalty
without λ, one number. A game differentiates it, so use `keras.ops`.""",
    start="""\
def my_penalty(gradient):
    slope = ops.sqrt(ops.sum(ops.square(gradient), axis=-1) + 1e-12)
    return ops.mean(ops.square(slope - 1))
""",
    cases=_gradients,
    given=tensors,
    expected=_penalty,
    broken=_pixelwise,
    gradient=0,
    slips=(
        (
            lambda g: np.square(_slopes(g).mean() - 1),
            "You square the mean slope's distance. Slopes of 0 and 2 would cost nothing: square each, then average.",
        ),
        (
            lambda g: np.mean(np.square(_slopes(g) ** 2 - 1)),
            "The slope is the root of the sum of squares; the root is missing now.",
        ),
        (
            lambda g: np.mean(np.square(np.maximum(_slopes(g) - 1, 0))),
            "That is the one-sided penalty. The two-sided one also counts slopes below 1.",
        ),
        (
            lambda g: np.sum(np.square(_slopes(g) - 1)),
            "That is the sum over the batch. With it λ would depend on the batch size.",
        ),
        (
            lambda g: np.mean(np.square(np.sqrt(np.sum(np.square(g)) + 1e-12) - 1)),
            "Now the norm runs over the whole batch. Each image has a slope of its own.",
        ),
        (lambda g: np.mean(np.abs(_slopes(g) - 1)), "The distance from 1 is squared in the penalty."),
    ),
    hints=(
        "How many numbers `slope` are there for one image in this code? How many should there be?",
        "The norm of a gradient goes over everything that belongs to one image.",
        "Sum the squares over the axes 1, 2 and 3; the rest of the code is right.",
    ),
    code="""\
def my_penalty(gradient):
    slope = ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)
    return ops.mean(ops.square(slope - 1))
""",
    why="""\
The last axis of an image holds its channels, so each *pixel* was asked for a slope of 1, and an image of P pixels for
$\\sqrt P$. The small number under the root stays: at a flat spot the root has no derivative, and one such spot makes
the whole training NaN.""",
)


def _sound_weights(measured):
    if not isinstance(measured, dict) or len(measured) < 4:
        return "`my_weights` is a dict of at least four weights: {λ: (gap, mean slope)}."
    for weight, pair in measured.items():
        gap, slope = (float(value) for value in pair)
        if not (np.isfinite(gap) and 0 < slope < np.inf):
            return f"at λ = {weight:g} you have gap {gap:g} and slope {slope:g}; the slope is a positive number."
    if not min(measured) <= 0.1 or not max(measured) >= 100:
        return "go to both sides of 10, from λ = 0.1 or less to 100 or more."
    if not measured[min(measured)][1] > measured[max(measured)][1]:
        return "the weakest penalty has no steeper critic than the strongest; is (gap, slope) the right way round?"
    return None


weights = Experiment(
    title="Exercise 4 · Which λ?",
    question="""\
Train the critic of section 3 on the ring with at least four weights λ, from 0.1 or less to 100 or more. Fill a dict,
`{λ: (gap, mean slope)}`, measured between 500 real and 500 fake points, and compare the slopes with the spring,
$s=\\tfrac12+\\sqrt{\\tfrac14+\\text{gap}/2\\lambda}$. Write down in a sentence or two what you conclude. What does λ
decide, and where does the spring stop describing the critic?""",
    start="""\
my_weights = ...
my_conclusion = ...
""",
    sound=_sound_weights,
    rubric=(
        "The smaller λ, the steeper the critic; with a large λ the slope comes down to about 1 and stays there.",
        "It compares the measured slopes with the spring, in numbers, and says where they part.",
        "A very large λ drowns the gap: the penalty is all that the critic learns from, and the gap suffers.",
        "It does not claim more than was measured: a small critic, fixed fakes, one seed.",
    ),
    hints=(
        "`Alone(critic, weight=λ)` is the game; `slopes_of(critic, fake[:500])` and `critic.predict` measure.",
        "Write a loop over λ that builds a fresh critic from the same seed each time.",
    ),
    code="""\
my_weights = {}
fixed = points["8 Gaussians"]
moved = fixed + 0.5 * np.random.default_rng(1).normal(size=fixed.shape).astype("float32")
for strength in (0.1, 1.0, 10.0, 1_000.0):
    keras.utils.set_random_seed(0)
    one_critic = networks.point_critic(width=64)
    one_game = Alone(one_critic, weight=strength)
    one_game.compile(steps_per_execution=50)
    one_game.fit((fixed, moved), batch_size=256, epochs=1, steps_per_epoch=1_000, verbose=0)
    high, low = (float(one_critic.predict(x[:500], verbose=0).mean()) for x in (fixed, moved))
    my_weights[strength] = high - low, float(slopes_of(one_critic, moved[:500]).mean())
    print(strength, my_weights[strength], "spring", 0.5 + (0.25 + (high - low) / (2 * strength)) ** 0.5)
my_conclusion = "The smaller the weight, the steeper the critic; with large weights the slope stays near one."
""",
    why="""\
The gap rewards slope and the penalty forbids it; λ sets the exchange rate. On these points λ = 10 is already much: the
critic obeys the penalty, which asks for slope 1 between the spots too, and follows the data less. On images, where W is
larger, the same 10 is mild.""",
)
