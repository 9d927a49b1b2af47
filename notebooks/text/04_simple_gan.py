# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 04 · The simple GAN
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/04_simple_gan.ipynb)
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/04_simple_gan.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/04_simple_gan.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on simple GANs.
#
# After this lesson you can
#
# - write both players' losses from logits, and Goodfellow's algorithm as a game of fifteen lines,
# - derive the best discriminator, and draw a trained one over the formula,
# - explain why taking turns need not end anywhere, with radii that you can compute,
# - train a GAN on points and on digits, and say what its curves tell and what they do not,
# - test whether a generator copies its training images (part F),
# - recognise mode collapse, provoke it, and cure it.
#
# Sections 1 to 9 fit one meeting. The part *In depth* behind them is for a second one, or for home:
# nothing before it needs it.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute of processor time |
# | `cpu` | a laptop | 4 minutes on two busy cores |
# | `gpu` | the full recipe | not measured here |

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Set-up
#
# The first cell installs the course's package on Colab, and picks the backend before Keras is
# imported. Nothing below depends on which one it is.

# %% slideshow={"slide_type": "skip"}
import os
import subprocess
import sys

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:  # elsewhere it is installed already
    package = "git+https://github.com/generative-course/generative-course@v0.1.0"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", package]
    if subprocess.run(command).returncode:
        raise SystemExit(f"Found no way to install {package}: turn the network on and run this cell once more.")

from course_utils import start

session = start()  # picks the backend, so it comes before anything that imports Keras

# %% slideshow={"slide_type": "skip"}
import dataclasses

import keras
import numpy as np
from keras import layers, ops
from keras.optimizers import SGD, Adam
from scipy.spatial import distance
from scipy.special import expit, rel_entr, softmax
from scipy.stats import spearmanr

# %% slideshow={"slide_type": "skip"}
from course_utils import backend, data, exercises, losses, metrics, plots, pretrained
from course_utils.game import Average, Game, Player
from course_utils.games.gan import GAN
from course_utils.games.watching import largest_difference, restart
from course_utils.games.wgan import r1
from course_utils.layers import MinibatchStdDev
from course_utils.networks.gan import mlp_critic, mlp_generator, point_critic, point_generator
from course_utils.plots import clouds, show
from course_utils.plots import gan as draw

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings: the images, the length of the trainings (`steps` and `late` on points; `epochs`
# of `digits` iterations each on images), how many samples the test for copies looks at, and how many seeds
# are tried where chance matters. Put another set's name at the top: `"fashion_mnist"` or `"glyphs"`.

# %% slideshow={"slide_type": "skip"}
name = "mnist"
settings = session.pick(
    smoke={"images": 2_000, "test": 500, "steps": 200, "late": 60, "digits": 30, "epochs": 4, "copies": 60, "seeds": 1},
    cpu={"images": 60_000, "test": 2_000, "steps": 1_500, "late": 800, "digits": 250, "epochs": 12, "copies": 150,
         "seeds": 3},
    gpu={"images": 60_000, "test": 10_000, "steps": 6_000, "late": 4_000, "digits": 2_000, "epochs": 30, "copies": 200,
         "seeds": 6},
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# A toy whose truth is known, eight Gaussian spots on a ring, and digits. On the ring you can see
# everything that happens. On the digits you can see why anybody bothers. Each spot of the ring has a deviation
# of 0.06, and the ring a radius of 1.41: most of the plane is empty.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
rng, spread = np.random.default_rng(0), 0.06
centers = data.centers("ring8")  # (8, 2), on a circle of radius 1.41
ring = (centers[rng.integers(8, size=20_000)] + spread * rng.normal(size=(20_000, 2))).astype("float32")
pictures = data.load(name, fallback="glyphs")
x_train = data.scale(pictures.x_train[: settings["images"]])  # float32 in [−1, 1]
x_test = data.scale(pictures.x_test[: settings["test"]])
print(data.source(name).text, x_train.shape, x_train.dtype)
figure, (left, right) = plots.figure(1, 2, width=10, height=4.2)
left.plot(*ring[:2_000].T, ".", markersize=3)
left.set(title="The ring of eight", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
plots.grids.draw_page(right, plots.tile(x_train[:48], 8, low=-1.0))
right.set_title("Training images")
show(figure, "Left: eight small spots of points on a circle. Right: six rows of eight training images.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea
#
# Two networks play against each other. The **generator** is a forger: it turns random numbers $z$
# into examples $g(z)$. The **discriminator** is an expert: it is shown an example $x$, not knowing
# where it comes from, and gives the probability $d(x)$ that it is real. The expert learns from its
# mistakes. The forger learns from the expert's opinion; it never sees the data.
#
# Nobody writes down what a good digit is, and nobody needs a likelihood. In exchange, no single
# number has to go down.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
def normal(x, mean, std):
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))


grid = np.linspace(-4, 4, 401)
p = 0.5 * normal(grid, -1.5, 0.5) + 0.5 * normal(grid, 1.5, 0.5)  # density of the data
q = normal(grid, 0.5, 1.0)  # density of the fakes
real = np.where(rng.random((50_000, 1)) < 0.5, -1.5, 1.5) + 0.5 * rng.normal(size=(50_000, 1))
fake = rng.normal(0.5, 1.0, size=(50_000, 1))
figure, (above, below) = draw.densities(grid, p, q)
below.plot(grid, p / (p + q), linestyle="-")
below.set_ylabel("share of real\nones, $p/(p+q)$")
show(figure, "Above: two humps of data and one hump of fakes between them. Below: the share of real examples is "
             "high where the data's density is above that of the fakes.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The lower curve is the best that an expert can know. It is also what the forger wants to see: a fake
# at $x = 0.5$ can read off it that it should move to either side.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask before you show the lower panel: where is the expert sure, and where can nobody be? Then point at
# the far left, where the curve falls again: there the broad hump of the fakes is the higher one, although hardly
# an example of either kind lies there.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 The value of the game
#
# $$\min_g \max_d\; v(g,d) = \mathbb E_x[\log d(x)] + \mathbb E_z[\log(1 - d(g(z)))].$$
#
# The discriminator wants $v$ large: 1 for real examples, 0 for fakes. The generator wants it small, and
# has a say in the second term only.
#
# Our networks end in a *logit* $f$, and the discriminator is $d = \operatorname{sigmoid}(f)$. The network
# without the sigmoid has a name of its own, **critic**: you will meet it in code, and in lectures 06
# and 07. From a logit, $\log d = -\operatorname{softplus}(-f)$ and $\log(1-d) = -\operatorname{softplus}(f)$,
# and nothing rounds to $\log 0$.

# %% slideshow={"slide_type": "fragment"}
def value(real_logits, fake_logits):
    log_d = -ops.softplus(-real_logits)  # (N, 1), log d(x)
    log_not_d = -ops.softplus(fake_logits)  # (N, 1), log(1 − d(g(z)))
    return ops.mean(log_d) + ops.mean(log_not_d)


# %% [markdown] slideshow={"slide_type": "slide"}
# The lecture: the discriminator's objective *is* binary cross entropy, with label 1 for real and 0
# for fake; the generator's is binary cross entropy with the wrong label, 1 for a fake. Three ways to
# each number: by hand, by Keras's cross entropy, by the course's package.
#
# One thing to notice: $-\log d(g(z))$, the generator's cross entropy, is *not* its term of $v$, which is
# $\log(1 - d(g(z)))$. Both are small where the discriminator takes the fakes for real. Section 5 compares them.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
real_logits, fake_logits = rng.normal(size=(2, 256, 1)).astype("float32")
ones, zeros = np.ones((256, 1), "float32"), np.zeros((256, 1), "float32")
entropy, package = keras.losses.BinaryCrossentropy(from_logits=True), losses.nonsaturating
rows = {
    "discriminator": (-value(real_logits, fake_logits), entropy(ones, real_logits) + entropy(zeros, fake_logits),
                      package.discriminator(real_logits, fake_logits)),
    "generator": (ops.mean(ops.softplus(-fake_logits)), entropy(ones, fake_logits), package.generator(fake_logits)),
}  # fmt: skip
for player, row in rows.items():
    row = [float(number) for number in row]
    print(f"{player:14} by hand {row[0]:.6f}   cross entropy {row[1]:.6f}   package {row[2]:.6f}   nats")
    assert np.ptp(row) < 1e-6, "the three must agree"

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.2 The best discriminator
#
# Hold the generator still. At a point $x$ the discriminator collects $p\log d + q\log(1-d)$. Set the
# slope to zero:
#
# $$\frac{p}{d} - \frac{q}{1-d} = 0\quad\Longrightarrow\quad d^*(x) = \frac{p(x)}{p(x) + q(x)},$$
#
# and it is the largest value, since the second derivative $-p/d^2 - q/(1-d)^2$ is negative. This is the
# lower curve above. Does a network find it that has seen nothing but samples? A game with a single
# player will do: the discriminator moves, nobody answers.

# %% slideshow={"slide_type": "skip"}
def trained_expert(real, fake, steps=1_500):
    """A critic that has learned to tell real from fake examples, (N, n) each, while nobody answers."""
    critic = point_critic(width=64, depth=2, dim=real.shape[1])  # x (N, n) -> logit f(x) (N, 1)

    def loss(batch, training):
        return -value(critic(batch[0], training=training), critic(batch[1], training=training))

    falling = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    alone = Game([Player("critic", [critic], loss, Adam(falling))])
    alone.compile(steps_per_execution=50)
    alone.fit((real, fake), batch_size=256, steps_per_epoch=steps, verbose=0)
    return critic


expert = trained_expert(real.astype("float32"), fake.astype("float32"))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
def opinion(critic, x):
    """d at points (n, ...), as an array (n,)."""
    return expit(ops.convert_to_numpy(ops.stop_gradient(critic(x)))[:, 0])


d, weight = opinion(expert, grid[:, None]), (p + q) / (p + q).sum()  # weight: where examples are shown
error = float(np.sum(weight * np.abs(d - p / (p + q))))
figure, (above, below) = draw.densities(grid, p, q)
below.plot(grid, p / (p + q), color="black", linestyle="-", linewidth=6, alpha=0.3, label="$p/(p+q)$")
below.plot(grid, d, color=plots.COLOURS[0], linestyle="-", label="trained $d$")
below.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
show(figure, f"Where there are examples, the trained discriminator lies on the formula; mean error {error:.3f}.")
guess = float(np.sum(weight * np.abs(0.5 - p / (p + q))))
print(f"mean |d − p/(p+q)| over the examples shown: trained {error:.4f}, a d that always says ½ {guess:.4f}")
assert error < 0.012 < 0.2 < guess, "a trained discriminator must lie on the formula"

# %% [markdown] slideshow={"slide_type": "fragment"}
# It does, where there are examples. Far outside, where both densities are next to nothing, no example
# tells the network anything, and the curves part.
#
# And if the generator were perfect, $q = p$? Then $d^* = \tfrac12$ everywhere: **at balance the
# discriminator is at chance.** Keep this for section 4.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.3 What the generator is up against
#
# Put $d^*$ into $v$, and divide each denominator by 2, which costs $\log 2$ twice:
#
# $$C(g) = \int p\log\frac{p}{p+q} + q\log\frac{q}{p+q}\,dx
#   = -\log 4 + \underbrace{\mathrm{KL}\big(p\,\|\,\tfrac{p+q}2\big)
#   + \mathrm{KL}\big(q\,\|\,\tfrac{p+q}2\big)}_{2\,\mathrm{JSD}(p,q)}.$$
#
# The Jensen–Shannon divergence is 0 only for $q = p$, and at most $\log 2$. (It measures how far apart
# two distributions are; a distance in the strict sense is its square root.) On discrete distributions
# there is nothing to estimate. A thousand random pairs, and 200 random discriminators against each best
# one:

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
p6, q6 = rng.dirichlet(np.ones(6), size=(2, 1_000))  # (1000, 6) each
best = p6 / (p6 + q6)
C = np.sum(p6 * np.log(best) + q6 * np.log(1 - best), axis=1)
jsd = distance.jensenshannon(p6, q6, axis=1) ** 2  # SciPy's, in nats; it returns the root
others = rng.random((200, 1_000, 6))
worse = np.sum(p6 * np.log(others) + q6 * np.log(1 - others), axis=2)
print(f"largest |C − (−log 4 + 2 JSD)|: {np.abs(C + np.log(4) - 2 * jsd).max():.1e}")
print(f"random discriminators that beat the best one: {np.sum(worse > C)} of {worse.size:,}")
assert np.allclose(C, -np.log(4) + 2 * jsd, atol=1e-12) and np.all(worse <= C)

# %% [markdown] slideshow={"slide_type": "slide"}
# Now slide a generator's bump away from the data's, and watch the number by which it is graded. From a distance
# of three on, the curve is flat. A generator that is far off is told *that* it is bad, and not *in which direction*
# it would be better. Remember this figure: notebook 06 replaces this measure.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
bins, shifts = np.linspace(-4, 9, 1_301), np.linspace(0, 5, 101)
still = normal(bins, 0, 0.5) / normal(bins, 0, 0.5).sum()
moved = normal(bins, shifts[:, None], 0.5) / normal(bins, shifts[:, None], 0.5).sum(1, keepdims=True)
C = np.sum(rel_entr(still, still + moved) + rel_entr(moved, still + moved), axis=1)
figure, axis = plots.figure(width=9, height=3.8)
axis.plot(shifts, C, linestyle="-")
for height, text in ((-np.log(4), "−log 4: equal"), (0, "0: nothing in common")):
    axis.axhline(height, color="black", linestyle=":", linewidth=1.5)
    axis.annotate(text, (5, height), xytext=(0, 5), textcoords="offset points", ha="right")
axis.set(xlabel="distance of the two bumps (each has deviation 0.5)", ylabel="C(g), nats", ylim=(-1.5, 0.25))
show(figure, "C rises from −log 4 at distance 0 and is flat at 0 from a distance of about 3 on.")
slope_near, slope_far = np.gradient(C, shifts)[[15, 90]]
print(f"slope of C at distance {shifts[15]:.2f}: {slope_near:.3f}    at {shifts[90]:.2f}: {slope_far:.1e}")
assert slope_far < 1e-3 * slope_near, "far away, the best discriminator gives no slope"

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.4 Taking turns need not end anywhere
#
# The lecture: taking turns in gradient descent may never converge. The smallest game that shows it has
# two numbers and the value $v = x\cdot y$; $x$ wants it small, $y$ wants it large. At $(0,0)$ neither
# gains by moving alone: that is the equilibrium. With steps of length $\eta$,
#
# - **simultaneous** steps multiply the radius by $\sqrt{1+\eta^2}$, every time,
# - **alternating** steps keep $x^2 + y^2 - \eta\,xy$ constant: they circle for ever,
# - the **average** of all positions of the alternating game goes to the equilibrium.

# %% slideshow={"slide_type": "fragment"}
def together(x, y, eta):
    return x - eta * y, y + eta * x


def in_turns(x, y, eta):
    x = x - eta * y
    return x, y + eta * x  # y sees the x that has just moved


def play(step, eta=0.1, turns=400):
    path = [(1.0, 0.0)]
    for _ in range(turns):
        path.append(step(*path[-1], eta))
    return np.array(path)  # (turns + 1, 2)


# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
spiral, cycle = play(together), play(in_turns)
mean = np.cumsum(cycle, axis=0) / np.arange(1, len(cycle) + 1)[:, None]
paths = {"simultaneous": spiral, "alternating": cycle, "average of alternating": mean}
radius = {kind: np.hypot(*path.T) for kind, path in paths.items()}
kept = (cycle**2).sum(1) - 0.1 * cycle.prod(1)
print({kind: round(float(r[-1]), 4) for kind, r in radius.items()}, "radius after 400 steps from 1")
assert np.allclose(radius["simultaneous"], (1 + 0.1**2) ** (np.arange(401) / 2), rtol=1e-12)
assert np.allclose(kept, 1, atol=1e-12) and np.ptp(radius["alternating"]) < 0.11
bound = 22 / np.arange(1, 402)  # a closed path has a bounded sum, so its average falls like 1/steps
assert np.all(radius["average of alternating"] <= bound)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
figure, (left, right) = plots.figure(1, 2, width=11, height=4.4)
for kind, path in paths.items():
    left.plot(*path.T, linewidth=1.8)
    right.plot(radius[kind], label=kind)
right.plot(bound, color="grey", linestyle=":", linewidth=1.5, label="22 / steps")
left.plot(0, 0, "k*", markersize=14)
left.set(xlabel="x", ylabel="y", xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
right.set(xlabel="steps", ylabel="distance from the equilibrium", yscale="log", ylim=(0.005, 200))
right.legend(loc="upper right")
show(figure, "Simultaneous steps spiral out, alternating ones circle at radius 1, and their average falls towards 0, "
             "dipping to it once a round, always below the line 22 / steps.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing is wrong with the equilibrium: who starts there stays there. A smaller $\eta$ does not help either,
# since $\sqrt{1+\eta^2} > 1$ for every step. *Equilibrium is not convergence.* And averaging is more than a toy:
# the generators that this course ships are averages of their weights over many iterations.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · The game
#
# ### 3.1 Goodfellow's algorithm 1
#
# In our symbols, with one step of the discriminator to one of the generator:
#
# > **repeat**
# >
# > 1. draw $x_1 \dots x_N$ from the data and $z_1 \dots z_N$ from the prior $\mathcal N(0, I)$
# > 2. *discriminator's turn*: one step down
# >    $\;\frac1N\sum_i \big[-\log d(x_i) - \log(1 - d(g(z_i)))\big]\;$ in the weights of $f$
# > 3. draw new $z_1 \dots z_N$
# > 4. *generator's turn*: one step down
# >    $\;\frac1N\sum_i -\log d(g(z_i))\;$ in the weights of $g$
#
# The paper's box has $\log(1 - d(g(z_i)))$ in step 4. The paper's text, and practice ever since, take
# the form above; section 5 shows why. The authors' steps had momentum; ours are Adam's.

# %% slideshow={"slide_type": "subslide"}
class OurGAN(Game):
    def __init__(self, generator, critic, rate=2e-3, seed=0):
        critic_player = Player("critic", [critic], self.critic_loss, Adam(rate, 0.5))
        generator_player = Player("generator", [generator], self.generator_loss, Adam(rate, 0.5))
        super().__init__([critic_player, generator_player], seed=seed)
        self.generator, self.critic = generator, critic

    def fakes(self, x, training):  # steps 1 and 3
        return self.generator(keras.random.normal((ops.shape(x)[0], 2), seed=self.seeds), training=training)

    def critic_loss(self, x, training):  # step 2
        return -value(self.critic(x), self.critic(self.fakes(x, training)))

    def generator_loss(self, x, training):  # step 4
        return ops.mean(ops.softplus(-self.critic(self.fakes(x, training))))


# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.2 It plays, and it is the package's game
#
# A `Player` names the networks that it moves, its loss and its optimizer; `Game` plays one turn after the other.
# The batch of real examples, $x$, comes from `fit`. For points, two small networks do: two hidden layers of 64
# units each. We play our game for a moment. Then we play the package's game, which has more options, from the
# same weights with the same draws, and compare all weights.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def point_networks(seed):
    keras.utils.set_random_seed(seed)
    return point_generator(latent_dim=2, width=64, depth=2), point_critic(width=64, depth=2)


def point_game(seed, rate=2e-3):
    """The package's game on points."""
    return GAN(*point_networks(seed), critic_optimizer=Adam(rate, 0.5), generator_optimizer=Adam(rate, 0.5), seed=seed)


ours = OurGAN(*point_networks(1), seed=1)
furthest = largest_difference(ours, point_game(1), ring)
print(f"after {ours.iteration} iterations the weights differ by at most {furthest:.1e}")
assert furthest < 1e-5, "our game must move the weights as the package's does"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.3 Only the player whose turn it is moves
#
# The slides say *do not update generator weights* beside the discriminator's objective, and the reverse
# beside the generator's. So we take one player out of our game, let the other play three turns alone, and
# compare all weights before and after, bit for bit.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
for turn, (mover, waiter) in enumerate([("critic", "generator"), ("generator", "critic")]):
    duel = OurGAN(*point_networks(2))
    duel.players = duel.players[turn : turn + 1]  # the other one has left the table
    duel.compile()
    networks = {"critic": duel.critic, "generator": duel.generator}
    before = {role: network.get_weights() for role, network in networks.items()}
    duel.fit(ring, batch_size=64, steps_per_epoch=3, verbose=0)
    same = {role: [np.array_equal(*pair) for pair in zip(before[role], networks[role].get_weights())]
            for role in networks}  # fmt: skip
    print(f"{mover}'s turns: of its own {len(same[mover])} arrays {same[mover].count(False)} have changed, "
          f"of the {waiter}'s {len(same[waiter])} arrays {same[waiter].count(False)}")  # fmt: skip
    assert all(same[waiter]) and not any(same[mover])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Play it on the ring
#
# Watch three numbers. *Modes covered*: how many of the eight spots hold at least 2 % of the samples. *Good
# samples*: the share of samples within three deviations of a spot's centre. And the discriminator's
# *accuracies*, on real points and on fakes; ½ is chance.

# %% slideshow={"slide_type": "skip"}
def seen(game, logs, samples=4_000):
    """What there is to see at a moment of a game on the ring, a dict."""
    points = game.sample(samples, seed=1)
    modes = metrics.mode_coverage(points, centers, 3 * spread)
    found = {"iterations": game.iteration, "points": points, "D": opinion(game.critic, plane)}
    found |= {"covered": int(np.sum(modes.counts >= 0.02 * samples)), "good": modes.good_share}
    return found | {key: values[-1] for key, values in logs.items()}


def frames(run, numbers):
    return {f"{run[k]['iterations']} iterations": (run[k]["points"][:1_000], run[k]["D"]) for k in numbers}


plane = clouds.plane(2.2)


# %% slideshow={"slide_type": "skip"}
def play_ring(make, seeds=settings["seeds"], marks=20, steps=settings["steps"]):
    """Plays a game from each seed; returns for each what was seen at the marks."""
    game, runs = make(0), []
    game.compile(steps_per_execution=25)
    for seed in range(seeds):
        restart(game, make(seed))
        plan = {"batch_size": 128, "steps_per_epoch": steps // marks, "verbose": 0}
        runs.append([seen(game, game.fit(ring, **plan).history) for _ in range(marks)])
    game.release()
    return runs


fair = play_ring(point_game)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
end = fair[0][-1]
show(
    clouds.film(frames(fair[0], (0, 1, 2, 3, 5, 8, 12, 19)), centers, limit=2.2),
    alt="Eight moments of one game. The scattered fakes gather on a circle, then in clumps near the eight rings: at "
        f"the end {end['covered']} of 8 modes hold samples, {end['good']:.0%} of the samples are good.",
)  # fmt: skip
show(
    clouds.moving(frames(fair[0], range(1, 20, 2)), centers, limit=2.2),
    alt="The same game as a short animation of ten frames; it plays three times and stops.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Black: 1,000 fakes, of the same latents in each frame. Green rings: the eight spots. Orange: the
# discriminator says fake; white: it cannot tell; blue, hardly to be seen here: it says real. From the fifth frame
# on, white rays run through the spots, and the fakes between them stand on orange ground. With a live kernel,
# the slider steps through the twenty moments.

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
plots.explore(
    lambda moment: clouds.film(frames(fair[0], [int(moment)]), centers, limit=2.2, columns=1, width=6),
    moment=(0, 19, 0),
)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
ends = [(run[-1]["covered"], run[-1]["good"], run[-1]["real_accuracy"], run[-1]["fake_accuracy"]) for run in fair]
show(
    clouds.mode_curves(fair, f"Equal rates, seeds 0 to {len(fair) - 1}, a line each"),
    alt="Three panels over the iterations. At the end, seed by seed, modes covered: "
        + ", ".join(f"{covered} of 8" for covered, *_ in ends) + "; good samples: "
        + ", ".join(f"{good:.0%}" for _, good, *_ in ends) + "; mean accuracy: "
        + ", ".join(f"{(r + f) / 2:.2f}" for *_, r, f in ends) + ".",
)  # fmt: skip
early = [np.mean([max(mark["real_accuracy"] + mark["fake_accuracy"] for mark in run[:5]) / 2]) for run in fair]
for seed, (covered, good, on_real, on_fake) in enumerate(ends):
    print(f"seed {seed}: {covered} of 8 modes, {good:.0%} good; accuracy {on_real:.2f} real, {on_fake:.2f} fake, "
          f"highest mean of the two among the first five marks {early[seed]:.2f}")  # fmt: skip
if session.profile != "smoke":  # a smoke run is too short for this
    assert np.mean([covered for covered, *_ in ends]) >= 7 and np.mean([good for _, good, *_ in ends]) > 0.7
    assert all((r + f) / 2 < peak - 0.05 for (*_, r, f), peak in zip(ends, early)), "accuracy must fall"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The spots are found, from every seed. The way there is no straight line: one seed covers two spots at most for
# 600 iterations, and the share of good samples falls back now and then, as you would expect of players who circle
# (2.4). The accuracies rise at first and come down towards ½ as the fakes get better. The lecture likes to see the
# discriminator *at chance*: that describes the end of the game, not the way there.
#
# But be careful. By seed, 14 to 21 % of the samples are still bad, so an accuracy near ½ does *not* say that the fakes
# are right. It says that *this* discriminator, at *this* moment, cannot tell. Let a fresh one train on while the
# generator waits:

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def accuracy(expert, real, fake):
    return float(np.mean([opinion(expert, real) > 0.5, opinion(expert, fake) < 0.5]))


fresh = []
for stopped in [run[-1]["points"] for run in fair] + [ring[4_000:8_000]]:  # each game's fakes, and perfect ones
    learn, judge = np.split(stopped.astype("float32"), 2)  # 2,000 to learn from, 2,000 to be judged on
    fresh.append(accuracy(trained_expert(ring[:2_000], learn, steps=600), ring[2_000:4_000], judge))
print("accuracy at the end:", *(f"{(real + fake) / 2:.2f}" for *_, real, fake in ends), "in the game, by seed")
print("a fresh expert's:   ", *(f"{share:.2f}" for share in fresh[:-1]), f"and {fresh[-1]:.2f} on perfect fakes")
if session.profile != "smoke":
    assert min(fresh[:-1]) > fresh[-1] + 0.15 and abs(fresh[-1] - 0.5) < 0.03


# %% [markdown] slideshow={"slide_type": "fragment"}
# A fresh discriminator tells these fakes from real points in 72 to 74 % of all cases. On perfect fakes it is at chance.
# So an accuracy near ½ in the game measures the balance of the two players, and not how near the fakes are to the data.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Saturating or not
#
# Early in training the discriminator has an easy job: $d(g(z)) \approx 0$. The generator of the paper's
# box minimises $\log(1-d)$. The lecture's heuristic is to minimise $-\log d$ instead: not *be recognised
# less*, but *be taken for real more*. Same wish; look at the slope with respect to the logit.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
logits = np.linspace(-7, 7, 141).astype("float32")[:, None]
taken = expit(logits[:, 0])  # d(g(z))


def pull(loss):
    """Size of the slope of each fake's loss with respect to its logit, (141,)."""
    total = backend.input_gradient(lambda f: 141 * loss.generator(f), ops.convert_to_tensor(logits))
    return np.abs(ops.convert_to_numpy(ops.stop_gradient(total)))[:, 0]


saturating, nonsaturating = pull(losses.minimax), pull(losses.nonsaturating)
assert np.allclose(saturating, taken, atol=1e-5) and np.allclose(nonsaturating, 1 - taken, atol=1e-5)
print(f"at d = {taken[20]:.4f}: saturating {saturating[20]:.4f}, non-saturating {nonsaturating[20]:.4f}")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, axis = plots.figure(width=9, height=4)
axis.plot(taken, saturating, label="log(1 − d), saturating", linestyle="-")
axis.plot(taken, nonsaturating, label="−log d, non-saturating")
axis.axvspan(0, 0.05, color=plots.COLOURS[4], alpha=0.3)
axis.annotate("early training", (0.06, 1.08), fontsize=13)
axis.set(xlabel="d(g(z)): what the discriminator thinks of a fake", ylabel="pull on the logit", ylim=(-0.03, 1.2))
axis.legend(loc="center right")
show(figure, "The saturating loss has slope d, which is 0 for bad fakes; the other has slope 1 − d, which is 1 there.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The slopes are $d$ and $1 - d$. Where the fakes are bad, the saturating generator gets next to nothing. Part A
# plays both losses: with plain gradient descent the saturating one is slow, and Adam makes up for most of that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Digits
#
# The same game, other networks: fully connected, as in early GAN programs, with batch norm in the
# generator and a tanh at its end, since the images lie in $[-1, 1]$. The critic's activations are leaky, so that
# a slope comes through everywhere. Both players learn at the rate 0.001, and beside the generator we keep an
# average of its weights; section 2.4 said why. The generator, layer by layer, with shapes:

# %% slideshow={"slide_type": "skip"}
def build_generator(image_shape, latent_dim=64):
    z = keras.Input((latent_dim,))  # (N, 64)
    x = layers.Dense(128, activation="leaky_relu")(z)  # (N, 128)
    for width in (256, 512):  # (N, 256), then (N, 512)
        x = layers.Dense(width, use_bias=False)(x)  # the norm has a shift of its own
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation("leaky_relu")(x)
    x = layers.Dense(int(np.prod(image_shape)), activation="tanh")(x)  # (N, 784) in [−1, 1]
    return keras.Model(z, layers.Reshape(image_shape)(x))  # (N, 28, 28, 1)


# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
keras.utils.set_random_seed(session.seed)
shape = x_train.shape[1:]
generator, averaged, critic = build_generator(shape), build_generator(shape), mlp_critic((512, 256), shape)
twin, probe = mlp_generator(64, (128, 256, 512), shape), rng.normal(size=(8, 64)).astype("float32")
twin.set_weights(generator.get_weights())
assert np.allclose(twin.predict(probe, verbose=0), generator.predict(probe, verbose=0), atol=1e-6)
show(
    plots.architecture({f"{role}, {network.count_params():,} weights": network
                        for role, network in {"generator": generator, "critic": critic}.items()}),
    alt="Generator: 64 numbers, dense layers of 128, 256 and 512 units, an image. "
        "Critic: an image, dense layers of 512 and 256 units, one logit.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 6.1 How good are they? A number
#
# To tell good samples from bad ones we use the **Fréchet distance** (FD; Heusel et al., 2017, with other
# features). A frozen classifier turns real and generated images into feature vectors; with the means
# $\mu$ and covariances $\Sigma$ of both,
#
# $$\mathrm{FD} = \|\mu_r - \mu_g\|^2
#   + \operatorname{tr}\big(\Sigma_r + \Sigma_g - 2\,(\Sigma_r\Sigma_g)^{1/2}\big).$$
#
# It is 0 for equal means and covariances. Compare FDs only for the same classifier and the same number of
# samples: with few samples it comes out larger.

# %% slideshow={"slide_type": "fragment"}
reader = "glyphs" if "glyphs" in data.source(name).text else name
read = metrics.evaluator(reader) if reader in ("mnist", "glyphs") else None
if read is None:
    print(f"There is no classifier for {name} in this course: the scores are left out.")
gan = GAN(generator, critic, critic_optimizer=Adam(1e-3, 0.5), generator_optimizer=Adam(1e-3, 0.5),
          averages=[Average(generator, averaged, 0.995)])  # fmt: skip
gan.compile(steps_per_execution=25)
live = plots.GameLive(gan, x_test, read, title="42 fixed latents, now")
plan = {"epochs": settings["epochs"], "steps_per_epoch": settings["digits"], "verbose": 0}
gan.fit(x_train, batch_size=64, callbacks=[live], **plan)
on_images = np.mean([live.history[key][-3:] for key in ("real_accuracy", "fake_accuracy")])
print(f"mean accuracy of the discriminator over the last three marks: {on_images:.2f}")
if session.profile != "smoke" and reader == "mnist":
    assert on_images > 0.6, "on images the discriminator stays ahead of chance"
    assert live.history["FD"][-1] < 0.2 * live.history["FD"][0]

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left: the averaged generator's answer to 42 latents that stay the same. Right: both losses, the accuracies, FD on
# 500 samples, and the critic's mean slope at real images: a critic without slope has nothing to teach.

# %% [markdown] slideshow={"slide_type": "slide"}
# Beside what you have just trained stands a long run of the same two networks on MNIST, by
# `training/gan.py`. Besides its length three things differ: both rates fall to 0 over the second half, the
# average is slower (0.999), and the critic's slope is mildly penalised (R1, notebook 07). (One run without that
# penalty reached an FD of 2.0 at 12,000 iterations, and rose to 2.6 afterwards.)

# %% slideshow={"slide_type": "skip"}
long = pretrained.load("gan-mnist")
fakes = {"just trained": gan.sample(len(x_test), seed=2)}
if reader == "mnist":  # side by side only with its own kind
    fakes["long run"] = long.sample(len(x_test), seed=2)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
readings = {label: read(images) for label, images in {"real": x_test, **fakes}.items()} if read else {}
far = {label: metrics.frechet_distance(reading.features, readings["real"].features)
       for label, reading in readings.items() if label != "real"}  # fmt: skip
show(
    plots.image_rows({label: images[:12] for label, images in {"real": x_test, **fakes}.items()}, low=-1.0),
    alt="Twelve real images over twelve samples of each generator. "
        + "; ".join(f"{label}: FD {number:.2f}" for label, number in far.items()) + ".",
)  # fmt: skip
for label, number in far.items():
    print(f"{label:13} FD-{read.name} {number:6.2f}   {len(x_test):,} samples")
scores, trace = long.recipe["scores"], long.recipe["settings"]["trace"]
print(f"the long run's record, {trace['iterations'][-1]:,.0f} iterations, 10,000 samples: "
      f"FD {scores['FD-mnist-cnn']:.2f}; real training images {scores['FD-mnist-cnn-of-training-images']:.2f}")

# %% slideshow={"slide_type": "skip"}
if read:
    z64 = rng.normal(size=(len(x_test), 64)).astype("float32")
    both = {"weights of the last moment": generator, "their average": averaged}
    both = {kind: read(network.predict(z64, verbose=0)).features for kind, network in both.items()}
    for kind, found in both.items():
        print(f"{kind:27} FD {metrics.frechet_distance(found, readings['real'].features):6.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the last two lines the average of the weights has the smaller FD, as the average of the positions had the smaller
# radius in 2.4. The long run is better by far, and still not clean: look for strokes that break off, and for the
# specks that are left. Specks are typical of fully connected networks: each pixel is computed by itself, and nothing
# tells it which pixels are its neighbours. Notebook 05 changes that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.2 What do the losses tell?
#
# Two long runs kept their losses and their FD along the way: this lecture's, and that of the DCGAN in the
# next one. Cover the right panel, and guess from the losses when the samples are best. The third run in the printed
# lines is the one that you have just watched.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
runs = {title: pretrained.load(weights).recipe["settings"]["trace"]
        for title, weights in {"simple GAN": "gan-mnist", "DCGAN": "dcgan-mnist"}.items()}  # fmt: skip
watched = {"generator_loss": "Generator's loss, nats", "critic_loss": "Discriminator's loss, nats",
           "FD": "FD-mnist-cnn"}  # fmt: skip
show(draw.losses_beside(runs, watched),
     "Losses and FD over two long runs. The generator's loss falls for three quarters of the simple GAN's run, and "
     "rises for the first half of the DCGAN's. The discriminator's rises for half of the simple GAN's run, and falls "
     "in the DCGAN's. FD falls in both, and turns up at the end of the simple GAN's.")  # fmt: skip
rank = {label: [spearmanr(run[key], run["FD"]).statistic for key in ("generator_loss", "critic_loss")]
        for label, run in (runs | ({"just trained": live.history} if read else {})).items()}  # fmt: skip
print("rank correlation with FD over the whole run (Spearman):")
for label, of in rank.items():
    print(f"   {label:13} generator's loss {of[0]:+.2f}   discriminator's loss {of[1]:+.2f}")
assert rank["simple GAN"][0] > 0.9 > 0.3 > abs(rank["DCGAN"][0]) and rank["simple GAN"][1] < 0 < 0.9 < rank["DCGAN"][1]

# %% [markdown] slideshow={"slide_type": "fragment"}
# It would be too much to say that the losses tell nothing. In this lecture's long run the generator's loss follows
# FD closely. In the DCGAN's the same loss says nothing about FD, and the discriminator's follows it. In the run
# just trained, of the same networks as the first, it is the discriminator's loss again. So a loss may carry the
# news, but you cannot know beforehand which one, or with which sign: each loss depends on how good the *other*
# player is just now. Measure the samples.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.3 Is it a copy?
#
# A generator that has learned the training images by heart would look perfect. First, put the nearest
# training image beside each sample, in the plain distance of pixels.

# %% slideshow={"slide_type": "fragment"}
def nearest(images, pool):
    """For each image the distance to the nearest one of a pool, and that one's index."""
    a, b = images.reshape(len(images), -1), pool.reshape(len(pool), -1)
    squares = (a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1)  # (n, N)
    return np.sqrt(np.maximum(squares.min(1), 0)), squares.argmin(1)


subject = list(fakes.values())[-1][: settings["copies"]]  # the long run's samples, where there are any
index = nearest(subject[:12], x_train)[1]
show(
    plots.image_rows({"sample": subject[:12], "nearest\ntraining\nimage": x_train[index]}, low=-1.0),
    alt="Twelve samples, and below each the training image that is nearest in pixels.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# No pair is the same image. But twelve pairs prove little, and the eye is a poor judge of what is *too* near. Part F
# builds a yardstick and a test that has been seen to ring; it does not ring for any of 150 samples.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · When it fails: mode collapse
#
# Nothing in the generator's loss asks for variety. Against a discriminator that stands still, its best
# answer is to send *all* fakes to the one point where $d$ is largest. What keeps it from doing so is only
# that the discriminator answers at once.
#
# So let it answer late. The game of section 4 again, but the generator now takes **ten turns** to each turn of the
# discriminator. (Both have the rate 0.001, and the slope of the critic is penalised a little, as in the long run of
# section 6.) Beside it, from the same seeds and with the same settings, the game with one turn each.

# %% slideshow={"slide_type": "skip"}
def late_game(seed, build_critic=None, turns=10):
    """Several turns of the generator to one of the discriminator."""
    generator, plain = point_networks(seed)
    critic = build_critic() if build_critic else plain
    game = GAN(generator, critic, critic_optimizer=Adam(1e-3, 0.5), generator_optimizer=Adam(1e-3, 0.5),
               penalty=r1, penalty_weight=0.1, seed=seed)  # fmt: skip
    critic_player, generator_player = game.players
    game.players = (critic_player, dataclasses.replace(generator_player, turns=turns))
    return game


late = play_ring(late_game, steps=settings["late"])
prompt = play_ring(lambda seed: late_game(seed, turns=1), steps=settings["late"])

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
shown = sorted(sorted(range(20), key=lambda k: -late[0][k]["good"])[:6])  # the six marks with most good samples
show(
    clouds.film(frames(late[0], shown), centers, limit=2.2, columns=3, width=10),
    alt="The six moments of the first seed with the most good samples. Modes covered and good samples: "
        + "; ".join(f"{late[0][k]['covered']}, {late[0][k]['good']:.0%}" for k in shown) + ".",
)  # fmt: skip
for seed, run in enumerate(late):
    good = [mark for mark in run if mark["good"] > 0.5]
    print(f"seed {seed}: more than half of the samples good at {len(good)} of {len(run)} marks, "
          f"and then {max((mark['covered'] for mark in good), default=0)} mode at most")  # fmt: skip
if session.profile != "smoke":
    hits = [mark for run in late for mark in run if mark["good"] > 0.5]
    assert len(hits) >= 5 and all(mark["covered"] <= 2 for mark in hits), "good samples, but on few modes"

# %% [markdown] slideshow={"slide_type": "fragment"}
# This is mode collapse: at these moments most samples are good, and all of them are on or near one spot. From most
# pictures to the next the whole cloud has moved to another spot. The ground is pale: this discriminator hardly has
# an opinion. A few samples from one such moment would not give the collapse away; a count of modes does.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 7.1 A cure: show the discriminator the whole batch
#
# The discriminator judges each fake by itself. If it could see that all fakes of a batch look alike, it could turn
# them down for that alone. *Minibatch discrimination* (Salimans et al., 2016) lets it see. Its simplest form is one
# layer (Karras et al., 2018): it appends to the features of each example one number, by how much the features differ
# within the batch. So that nothing else differs, we also play the same critic without that layer.

# %% slideshow={"slide_type": "skip"}
def batch_critic(sees=True):
    x = keras.Input((2,))  # (N, 2)
    h = layers.Dense(64, activation="relu")(x)  # (N, 64)
    h = layers.Dense(64, activation="relu")(h)  # (N, 64)
    if sees:
        h = MinibatchStdDev(group_size=10_000)(h)  # (N, 65): the last number is the same for the whole batch
    h = layers.Dense(64, activation="relu")(h)  # (N, 64)
    return keras.Model(x, layers.Dense(1)(h), name="critic")  # (N, 1)


cured = play_ring(lambda seed: late_game(seed, batch_critic), steps=settings["late"])
blind = play_ring(lambda seed: late_game(seed, lambda: batch_critic(sees=False)), steps=settings["late"])

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
games = {"one turn to one": prompt, "ten to one": late, "ten to one, the critic sees the batch": cured}
panels = {title: {label: [[mark[key] for mark in run] for run in runs] for label, runs in games.items()}
          for title, key in {"Modes covered, of 8": "covered", "Share of good samples": "good"}.items()}  # fmt: skip
figure, axes = draw.many_runs(panels, [mark["iterations"] for mark in late[0]], "iterations", ylim=(-0.04, None))
games["ten to one, that critic without the layer"] = blind
text = "; ".join(f"{label}: " + ", ".join(f"{run[-1]['covered']} ({run[-1]['good']:.0%})" for run in runs)
                 for label, runs in games.items())  # fmt: skip
drawn = text.rpartition("; ")[0]  # the last game is printed only
show(figure, f"Modes and good samples over time, a line a seed. At the end, modes and good samples by seed: {drawn}.")
print("modes covered and good samples at the end, seed by seed:", *text.split("; "), sep="\n   ")
if session.profile != "smoke":
    few, many = ([run[-1]["covered"] for run in runs] for runs in (late, prompt + cured))
    assert max(few) <= 2 and min(many) >= 7, "late answers lose modes; a critic that sees the batch keeps them"
    assert np.median([run[-1]["covered"] for run in blind]) <= 2, "without the layer most seeds must collapse"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
ends = {"one turn to one": prompt[0][-1], "ten to one": late[0][shown[-1]], "the critic sees the batch": cured[0][-1]}
show(
    clouds.film({title: (mark["points"][:1_000], np.full(3_600, 0.5)) for title, mark in ends.items()},
                centers, limit=2.2, columns=3, width=11),
    alt="Samples of three games from one seed: "
        + "; ".join(f"{title}, {mark['covered']} of 8 modes, {mark['good']:.0%} good" for title, mark in ends.items())
        + ". The middle one at a collapsed moment, the others at the end.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Same seeds, same rates, same penalty. With one turn each, all three games end with eight modes. With ten turns, none
# ends with more than one. When the critic sees the batch, all three end with eight again.
#
# The last printed line is the control: the same critic without its layer. It finds the modes from one seed; from the
# two others it ends with one mode or none. So a larger critic can help by itself, but only with the layer do all three
# seeds end with eight. (The last picture has no surface, since this critic's opinion of a point depends on the
# batch it comes with.)
#
# **How to recognise collapse:** samples of different latents look alike; a class or a spot is missing, and later
# another one. **What to do:** let the discriminator keep up (more turns, a higher rate), let it see the batch, and
# count modes or classes instead of watching losses. Notebooks 06 and 07 go another way, and change the loss.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Recap
#
# - Two players, one value. The discriminator's loss is cross entropy; the generator's is cross entropy
#   with the wrong label.
# - The best discriminator is $p/(p+q)$. Against it, the generator minimises $-\log 4 + 2\,\mathrm{JSD}$.
# - Taking turns can circle for ever. The average of the way settles.
# - An accuracy near ½ says that this discriminator cannot tell. A fresh one may.
# - A loss may follow the quality of the samples, or not, or with the other sign. Measure the samples.
# - Mode collapse: good samples, all of one kind. It comes with late answers, and goes when the discriminator sees
#   the batch.
#
# **What still hurts.** Digits have specks, because fully connected layers know nothing of neighbours. And the best
# discriminator says nothing when the fakes are far off (2.3). Notebook 05 mends the first with convolutions. Notebooks
# 06 and 07 take up the second.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## 9 · Your turn
#
# Fill in the dots and run the cell; the check says what is wrong. `exercises.gan.smooth.hint()` gives one hint
# after the other, and the solution is folded below each cell. `exercises.summary()` says what you have done.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise 1 · A collapsed generator
#
# The data are the eight spots of the ring, all equally frequent. A generator has collapsed: it draws one of the
# eight, and that one perfectly. The discriminator has learned all that there is to learn. What does it say, $d(x)$,
# in the middle of that spot? Say a number, then run the next cell, which trains a discriminator on just that.

# %% slideshow={"slide_type": "fragment"}
my_d = ...

exercises.gan.spot.check(my_d)

# %% slideshow={"slide_type": "skip"}
one_spot = (centers[0] + spread * rng.normal(size=(20_000, 2))).astype("float32")
exercises.gan.spot.compare(opinion(trained_expert(ring, one_spot), centers[:1])[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_d = 1 / 9
# ```
#
# One of eight real examples lies there, and eight of eight fakes: of nine examples, one is real, so $d^* = 1/9$,
# although each single fake is perfect. Everywhere else on the ring $d^* = 1$. That is the push that drives a
# collapsed generator off its spot: not because its samples are bad, but because they are too many.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 2 · One-sided smooth labels
#
# A discriminator that is too sure of itself teaches little. *One-sided label smoothing* (Salimans et al., 2016)
# gives real examples the label $1 - s$ in place of 1; fakes keep 0. `real_logits` (N, 1) and `fake_logits` (M, 1)
# are tensors, `s` is a number from 0 to ½. Return the discriminator's loss, the cross entropy with these labels,
# one number: the mean over the real ones plus the mean over the fakes. A game differentiates it, so use
# `keras.ops`, and logits may be as large as 200. The next cell plays with it.

# %% slideshow={"slide_type": "skip"}
def my_smooth_loss(real_logits, fake_logits, s):
    return ...


exercises.gan.smooth.check(my_smooth_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_smooth_loss(real_logits, fake_logits, s):
#     real = ops.softplus(-real_logits) + s * real_logits
#     return ops.mean(real) + ops.mean(ops.softplus(fake_logits))
# ```
#
# The real term is smallest where $d = 1 - s$: beyond the logit $\log\frac{1-s}{s}$ the discriminator pays for
# being surer. Why one side only? With fakes at label $s$ the best discriminator becomes $\frac{(1-s)p + sq}{p+q}$,
# and where there are only fakes it would call them real with probability $s$, which tells the generator to stay
# there.
#
# </details>

# %% slideshow={"slide_type": "fragment"}
def smoothed(real, fake, s):  # until yours is right
    return losses.nonsaturating.discriminator(real, fake) + s * ops.mean(real)


smooth_loss = exercises.gan.smooth.use(my_smooth_loss, smoothed)
softened = dataclasses.replace(losses.nonsaturating, discriminator=lambda real, fake: smooth_loss(real, fake, 0.1))
mine = GAN(*point_networks(3), loss=softened, seed=3)
theirs = GAN(*point_networks(3), label_smoothing=0.1, seed=3)
print(f"with smooth labels, yours against the package's: {largest_difference(mine, theirs, ring):.1e}")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 3 · Repair a generator that does not move
#
# Somebody's GAN draws noise for ever: the generator's weights never change. The loss below is to blame, and it has
# *two* faults; the second one shows when the first is mended: the loss then stays between 0.31 and 0.69 whatever
# the critic says. `z` is a tensor (N, d), `generator` and `critic` are Keras models; the critic ends in a logit.
# Return the non-saturating loss of the generator, one number. A game differentiates it, so use `keras.ops`.

# %% slideshow={"slide_type": "skip"}
def my_generator_loss(z, generator, critic):
    fake = ops.stop_gradient(generator(z))  # only one player moves at a time
    d = ops.sigmoid(critic(fake))
    return ops.mean(ops.softplus(-d))


exercises.gan.repair.check(my_generator_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_generator_loss(z, generator, critic):
#     return ops.mean(ops.softplus(-critic(generator(z))))
# ```
#
# That only one player moves is settled by the player, who names its networks: its turn differentiates with respect
# to their weights alone. A stop_gradient on the fakes belongs, if anywhere, into the *discriminator's* turn; here
# it cuts the only way by which the generator learns. And softplus of minus a logit contains the sigmoid already: a
# second one squeezes the critic's whole range into (0, 1), where the loss is nearly flat. Losses that move are no
# proof: look at the weights.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 4 · How late may the answer come?
#
# Section 7 gave the generator ten turns to one. Where does collapse begin? Play the game with at least four numbers
# of turns, from 1 or 2 to 10 or more, each with the plain critic and with the one that sees the batch, from more
# than one seed. `play_ring(make, steps=…)` plays, and `late_game(seed, build_critic, turns)` makes a game; a run
# ends with `run[-1]["covered"]` modes. Fill a dict, `{turns: (mean modes, mean modes with the batch seen)}`, and
# write in a sentence or two what you conclude.

# %% slideshow={"slide_type": "skip"}
my_turns = ...
my_conclusion = ...

exercises.gan.turns.check(my_turns, my_conclusion)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_turns = {}
# for turns in (1, 3, 10, 20):
#     found = []
#     for build in (None, batch_critic):
#         runs = play_ring(lambda seed: late_game(seed, build, turns), seeds=2, steps=500)
#         found.append(np.mean([mark["covered"] for run in runs for mark in run[-5:]]))
#     my_turns[turns] = tuple(found)
# my_conclusion = "The more turns the generator has, the fewer modes it keeps, unless the critic sees the whole batch."
# ```
#
# With the order of the two exchanged, the game is another one: a generator that answers first against a
# discriminator that stands still plays max–min and not min–max, and its best answer is a single point. Turns move
# the game from the one towards the other.
#
# A good answer says:
#
# - It names the number of turns at which the plain game begins to lose modes, and how sure it is of that number.
# - It compares the two critics at equal turns, from the same seeds.
# - It gives the number of seeds and the spread between them, and claims nothing that a seed could turn around.
# - It says that more turns are also more steps of the generator: equal iterations are not equal work.
# - It does not take one look at the end for the whole: a game that hops may be caught on a spot or between two.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In depth
#
# Six sections for a second meeting. Each stands by itself.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### A · Does the saturating loss starve?
#
# Section 5 compared slopes. Does it matter for the whole game?
#
# Data: a bump at $x = 2$. Generator: one weight and one bias, $g(z) = wz + b$, which starts at $-2$. We
# play it with plain gradient descent and with Adam, from the same seeds. The discriminator has Adam both
# times.

# %% slideshow={"slide_type": "skip"}
bump = rng.normal(2, 0.5, size=(20_000, 1)).astype("float32")
line, z = np.linspace(-4, 4, 121), rng.normal(size=500)
marks = range(0, 1_001, 50)  # iterations at which we look


def chaser(loss, optimizer, seed):
    keras.utils.set_random_seed(seed)
    networks = point_generator(1, depth=0, dim=1), point_critic(width=32, depth=2, dim=1)
    networks[0].set_weights([np.array([[0.5]]), np.array([-2.0])])
    return GAN(*networks, loss=loss, critic_optimizer=Adam(5e-3, 0.5), generator_optimizer=optimizer(), seed=seed)


# %% slideshow={"slide_type": "fragment"}
def chase(game):
    """Plays the game; returns iterations -> (500 fakes, d on the line, middle of the fakes)."""
    found = {}
    for mark in marks:
        w, b = (float(part.squeeze()) for part in game.generator.get_weights())
        found[mark] = w * z + b, opinion(game.critic, line[:, None]), b
        game.fit(bump, batch_size=128, steps_per_epoch=50, verbose=0)
    return found


# %% slideshow={"slide_type": "fragment"}
optimizers = {"gradient descent": lambda: SGD(0.05), "Adam": lambda: Adam(0.01, 0.5)}
chased = {}
for kind, make in optimizers.items():
    for loss in (losses.minimax, losses.nonsaturating):
        game, runs = chaser(loss, make, 0), chased.setdefault((kind, loss.name), [])
        game.compile(steps_per_execution=50)
        for seed in range(settings["seeds"]):
            restart(game, chaser(loss, make, seed))
            runs.append(chase(game))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
names = {"minimax": "saturating", "nonsaturating": "non-saturating"}
middles = {kind: {names[loss]: [[middle for *_, middle in found.values()] for found in chased[kind, loss]]
                  for loss in names} for kind in optimizers}  # fmt: skip
figure, axes = draw.many_runs(middles, marks, "iterations", ylabel="middle of the fakes", ylim=(-2.3, 2.9))
for axis in axes:
    axis.axhline(2, color="black", linestyle=":", linewidth=1.5)
arrived = {key: [next((mark for mark in marks if abs(found[mark][2] - 2) < 0.3), np.inf) for found in runs]
           for key, runs in chased.items()}  # fmt: skip
text = "; ".join(f"{kind}, {names[loss]}: {', '.join(map(str, when))}" for (kind, loss), when in arrived.items())
show(figure, f"The middle of the fakes climbs from −2 to 2. Iterations until it is within 0.3 of 2, by seed: {text}.")
print(*text.split("; "), sep="\n")
slow, quick = (arrived["gradient descent", loss] for loss in ("minimax", "nonsaturating"))
assert min(slow) > 2 * max(quick), "with gradient descent the saturating loss must starve"
late_adam, soon_adam = (np.mean(arrived["Adam", loss]) for loss in ("minimax", "nonsaturating"))
assert late_adam < 2 * soon_adam, "Adam makes up for most of that"

# %% [markdown] slideshow={"slide_type": "fragment"}
# With gradient descent you see the lecture's claim: the saturating loss needs 3.7 to 4 times as long, seed by
# seed. With Adam it still takes longer, but only 1.3 to 1.5 times: Adam divides each gradient by its own recent size,
# so a small slope takes it nearly as far as a large one. Adam appeared half a year after the GAN.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
first = chased["gradient descent", "nonsaturating"][0]
moments = {f"{mark} iterations": first[mark][:2] for mark in (0, 50, 100, 150, 1_000)}
under = normal(line, 2, 0.5) / normal(line, 2, 0.5).sum()
off = [float(np.sum(under * np.abs(found[1_000][1] - 0.5))) for found in chased["gradient descent", "nonsaturating"]]
show(
    clouds.line_film(moments, line, normal(line, 2, 0.5)),
    alt="Five moments of the first seed, gradient descent, non-saturating: the fakes move from −2 to 2 and, after "
        f"1,000 iterations, lie over the data; there d differs from ½ by {off[0]:.2f} in the mean.",
)  # fmt: skip
print("mean |d − ½| where the data lies, after 1,000 iterations:", *(f"{number:.3f}" for number in off))
assert max(off) < 0.04, "at balance, the discriminator must be near chance"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same game as a film: the fakes climb the curve $d$. On the way they draw together and overshoot, for all of
# them follow the same slope to the same place: a glimpse of section 7. Then they spread, and $d$ falls to about ½
# where the data lies. That is the balance of section 2.2, in a game that is simple enough to reach it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### B · Why the non-saturating loss drops modes
#
# Put the best discriminator into the generator's loss, hold it still, and look at the slope in the weights
# $\theta$ of the generator. Since $-\log d^* = \log\frac{q}{p} - \log\frac{q}{p+q}$, and since the slope of
# $\mathbb E_{q_\theta}[h]$ at a fixed $h$ is $\int \nabla q_\theta\, h$,
#
# $$\nabla_\theta\, \mathbb E_{q_\theta}[-\log d^*]
#   = \nabla_\theta \mathrm{KL}(q_\theta\|p) - \nabla_\theta\, 2\,\mathrm{JSD}(p, q_\theta)$$
#
# (Arjovsky & Bottou, 2017, theorem 2.5), because
# $\int\nabla q_\theta \log\frac qp = \nabla\mathrm{KL}(q_\theta\|p)$ and
# $\int\nabla q_\theta\log\frac{2q}{p+q} = \nabla\,2\,\mathrm{JSD}$; constants drop out, since
# $\int\nabla q_\theta = 0$. We check it on distributions over six values,
# $q_\theta = \operatorname{softmax}(\theta)$, against finite differences.

# %% slideshow={"slide_type": "fragment"}
def kl(a, b):
    return rel_entr(a, b).sum(-1)


def target(theta):  # KL(q ‖ p) − 2 JSD(p, q)
    q = softmax(theta, axis=-1)
    return kl(q, p1) - kl(p1, (p1 + q) / 2) - kl(q, (p1 + q) / 2)


# %% slideshow={"slide_type": "fragment"}
p1, theta = rng.dirichlet(np.ones(6)), rng.normal(size=6)
q1, steps = softmax(theta), 1e-5 * np.eye(6)
held = -np.log(p1 / (p1 + q1))  # −log d*, held still
left = [(softmax(theta + s) - softmax(theta - s)) @ held / 2e-5 for s in steps]
right = [(target(theta + s) - target(theta - s)) / 2e-5 for s in steps]
print(f"largest difference of the two slopes: {np.abs(np.subtract(left, right)).max():.1e}, of size {np.ptp(left):.2f}")
assert np.allclose(left, right, atol=1e-7)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What does $\mathrm{KL}(q\|p) - 2\,\mathrm{JSD}$ punish? Eight modes, and a generator that either leaves out
# some, or puts a share of its samples where there is no data (density $10^{-6}$ of a mode's).

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
modes = np.append(np.full(8, 1.0), 1e-6) / (8 + 1e-6)
missing = [np.append(np.where(np.arange(8) < 8 - k, 1 / (8 - k), 0), 0) for k in range(8)]
astray = [np.append(np.full(8, (1 - s) / 8), s) for s in np.arange(8) / 8]
js = {"KL(q‖p) − 2 JSD": lambda q: kl(q, modes) - kl(q, (q + modes) / 2) - kl(modes, (q + modes) / 2),
      "2 JSD": lambda q: kl(q, (q + modes) / 2) + kl(modes, (q + modes) / 2)}  # fmt: skip
cases = {"modes left out": missing, "samples astray": astray}
panels = {title: {label: [[measure(q) for q in some]] for label, some in cases.items()}
          for title, measure in js.items()}  # fmt: skip
figure, _ = draw.many_runs(panels, np.arange(8) / 8, "share of the modes, or of the samples", ylabel="nats")
half = {title: (measure(missing[4]), measure(astray[4])) for title, measure in js.items()}
text = "; ".join(f"{title}: {a:.2f} for half of the modes left out, {b:.2f} for half of the samples astray"
                 for title, (a, b) in half.items())  # fmt: skip
show(figure, f"What two measures charge. {text}.")
print(*text.split("; "), sep="\n")
assert half["KL(q‖p) − 2 JSD"][1] > 20 * abs(half["KL(q‖p) − 2 JSD"][0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Half of the modes left out costs 0.26 nats; half of the samples astray costs 6.8, and more still where the data is
# rarer. A generator that follows this slope prefers few good modes to all modes with some bad samples. The
# Jensen–Shannon divergence alone charges both alike: its two lines cover each other. But note what this does *not*
# explain: the collapse of section 7 comes from late answers, and there the discriminator is far from its best.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### C · Least squares
#
# The lecture asks: *does using least squares really solve the problem?* Mao et al. (2017) drop the
# sigmoid and the logarithms. The critic aims at the number $b$ for real examples and $a$ for fakes, the
# generator at $c$:
#
# $$L_f = \tfrac12\mathbb E_p (f-b)^2 + \tfrac12\mathbb E_q (f-a)^2, \qquad L_g = \tfrac12\mathbb E_q (f-c)^2.$$
#
# As in 2.2, the slope in $f$ vanishes at $f^* = \frac{bp + aq}{p+q}$. With $b - c = 1$ and $b - a = 2$, the
# generator's loss at $f^*$, together with the term $\tfrac12\mathbb E_p(f-c)^2$ over the data, is a $\chi^2$
# divergence:
#
# $$\tfrac12\int (p+q)\,(f^*-c)^2 = \tfrac12\int\frac{\big(2q - (p+q)\big)^2}{p+q}
#   = \tfrac12\,\chi^2_{\text{Pearson}}\big(p+q\,\|\,2q\big).$$

# %% slideshow={"slide_type": "fragment"}
a, b, c = -1.0, 1.0, 0.0  # b − c = 1 and b − a = 2
best = (b * p6 + a * q6) / (p6 + q6)  # p6, q6: the thousand pairs of section 2.3
loss = 0.5 * np.sum((p6 + q6) * (best - c) ** 2, axis=1)
pearson = np.sum((p6 + q6 - 2 * q6) ** 2 / (p6 + q6), axis=1)
print(f"largest |loss − χ²/2|: {np.abs(loss - pearson / 2).max():.1e}; losses {loss.min():.2f} to {loss.max():.2f}")
assert np.allclose(loss, pearson / 2, atol=1e-12)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **What it is good for.** Look at the push on a fake's logit, as in section 5, with the other losses beside it. A fake
# whose logit is large already passes for real, and the non-saturating loss leaves it alone. Least squares pushes it
# *back* towards the number of the real ones, the harder the farther it lies beyond. (The package has $a = 0$ and
# $b = c = 1$.)

# %% slideshow={"slide_type": "fragment"}
def slope(loss):
    """Slope of each fake's loss with respect to the critic's output, (141,)."""
    total = backend.input_gradient(lambda f: 141 * loss.generator(f), ops.convert_to_tensor(logits))
    return ops.convert_to_numpy(ops.stop_gradient(total))[:, 0]


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
kinds = {"saturating": losses.minimax, "non-saturating": losses.nonsaturating,
         "least squares": losses.least_squares, "hinge": losses.hinge}  # fmt: skip
slopes = {label: slope(loss) for label, loss in kinds.items()}
figure, axis = plots.figure(width=9, height=4)
for label, found in slopes.items():
    axis.plot(logits[:, 0], -found, label=label)
axis.axhline(0, color="black", linewidth=1)
axis.set(xlabel="critic's output f for a fake", ylabel="push on f", ylim=(-4, 4), xlim=(-5, 5))
axis.legend(loc="upper right")
at = int(np.argmin(np.abs(logits[:, 0] - 4)))
text = ", ".join(f"{label} {-found[at]:+.2f}" for label, found in slopes.items())
show(figure, f"Push on the critic's output for a fake, positive for up. At f = 4: {text}.")
print(f"push at f = {logits[at, 0]:.1f}: {text}")
assert np.allclose(slopes["least squares"], logits[:, 0] - 1, atol=1e-5) and np.allclose(slopes["hinge"], -1)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Does it solve the problem of section 2.3?** Take data on $[0, 1]$ and fakes on $[3, 4]$, no overlap. The
# best least-squares critic is $b$ on the one and $a$ on the other: constant where the fakes are, and so is $d^*$. A
# constant has no slope, whatever loss is laid on top of it.

# %% slideshow={"slide_type": "fragment"}
x = np.linspace(0, 4, 401)
p_apart, q_apart = 1.0 * (x <= 1), 1.0 * (x >= 3)  # densities without overlap
at_fakes = q_apart > 0
f_star = (b * p_apart + a * q_apart)[at_fakes] / (p_apart + q_apart)[at_fakes]  # least squares
d_star = p_apart[at_fakes] / (p_apart + q_apart)[at_fakes]  # cross entropy
print(f"slopes at the fakes: f* {np.abs(np.diff(f_star)).max():g}, d* {np.abs(np.diff(d_star)).max():g}")
assert np.ptp(f_star) == np.ptp(d_star) == 0, "the best critic must be flat at the fakes"

# %% [markdown] slideshow={"slide_type": "subslide"}
# So in theory the answer is no. But a trained critic is not the best one. We train it on and on while the
# generator waits, from the same seeds under each loss, and measure the gradient that the fakes get.

# %% slideshow={"slide_type": "fragment"}
def waiting(loss, seed, stretch=400):
    """Mean size of the generator's gradient at the fakes, each time the critic has trained on."""
    keras.utils.set_random_seed(seed)
    uniform, critic, found = np.random.default_rng(seed).uniform, point_critic(width=32, depth=2, dim=1), []
    sides = tuple(uniform(low, low + 1, (20_000, 1)).astype("float32") for low in (0, 3))  # data, fakes
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 4 * stretch)
    game = Game([Player("critic", [critic], lambda x, _: loss.discriminator(*map(critic, x)), Adam(rate))])
    game.compile(steps_per_execution=100)
    for _ in range(5):
        pull = backend.input_gradient(lambda x: 200 * loss.generator(critic(x)), ops.convert_to_tensor(sides[1][:200]))
        found.append(float(np.abs(ops.convert_to_numpy(ops.stop_gradient(pull))).mean()))
        game.fit(sides, batch_size=128, steps_per_epoch=stretch, verbose=0)
    return found


# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
kinds = {"saturating": losses.minimax, "non-saturating": losses.nonsaturating, "least squares": losses.least_squares}
pulls = {label: [waiting(loss, seed) for seed in range(settings["seeds"])] for label, loss in kinds.items()}
panels = {"Mean gradient at the fakes": pulls}
figure, _ = draw.many_runs(panels, 400 * np.arange(5), "iterations of the critic alone", width=8, yscale="log")
left_over = {label: [run[-1] / max(run) for run in runs] for label, runs in pulls.items()}
text = "; ".join(f"{label}: " + ", ".join(f"{share:.1e}" for share in shares) for label, shares in left_over.items())
show(figure, f"The gradient at the fakes under three losses. Last over largest, by seed: {text}.")
print("last gradient over the largest, seed by seed:", *text.split("; "), sep="\n   ")
assert max(left_over["saturating"]) < min(left_over["least squares"]) < min(left_over["non-saturating"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Three answers. Under the saturating loss the gradient is down to a few per cent of its largest, or less. Under
# least squares a quarter to nearly all of it is left, by seed: the best critic is flat, but after 1,600 iterations
# this one is not the best yet. The non-saturating gradient does not vanish at all: the best *logit* is minus infinity,
# the network is on its way there, and it gets steeper as it goes. So least squares does not solve the problem. It
# puts it off, for as long as the critic is not trained to the end. Lecture 06 changes the measure.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### D · Discrete data: why `argmax` stops a GAN
#
# The last deck says that GANs have had little success with language. One reason fits on one slide. A
# generator of words ends in scores for the words, and a sentence needs *one* word: the `argmax`. Turn one
# score up slowly and watch the critic's output for the word that is chosen.

# %% slideshow={"slide_type": "fragment"}
opinions = np.array([0.2, 1.3, -0.6])  # what a critic f says to each of three words
scores_of = np.linspace(-3, 3, 601)[:, None] * [0.0, 1.0, 0.0] + [0.5, 0.0, 0.2]  # the middle word's score rises
chosen = np.eye(3)[scores_of.argmax(1)] @ opinions  # the critic sees one word
mixed = softmax(scores_of, axis=1) @ opinions  # the critic sees a mixture of words
jumps = np.flatnonzero(np.diff(chosen))
print(f"argmax: slope exactly 0 at {np.sum(np.diff(chosen) == 0)} of 600 places, {len(jumps)} jump; "
      f"softmax: slope 0 at {np.sum(np.diff(mixed) == 0)}")  # fmt: skip
assert len(jumps) == 1 and np.all(np.diff(mixed) > 0)
weights_of = np.max(softmax(scores_of, axis=1), axis=1)  # of real, one-hot words it is 1
print(f"largest weight in a mixture: {weights_of.min():.2f} to {weights_of.max():.2f}; in a real word: 1")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, axis = plots.figure(width=9, height=3.6)
axis.plot(scores_of[:, 1], chosen, linestyle="-", label="argmax: one word")
axis.plot(scores_of[:, 1], mixed, label="softmax: a mixture")
axis.set(xlabel="score of the middle word", ylabel="critic's output")
axis.legend()
show(figure, "With argmax the critic's output is flat, jumps once and is flat again; with softmax it rises smoothly.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The staircase has slope 0 at every place but one, and no slope there: nothing flows back to the generator.
# The mixture has a slope, and another fault. Real words are pure; a mixture is not, so a discriminator tells
# the two apart without reading: one look at the largest weight will do. Ways around it: a sharp but smooth draw
# (Gumbel-softmax), gradients by score function (REINFORCE, as in notebook 01), or leaving GANs for models of the next
# word (lecture 10).

# %% [markdown] slideshow={"slide_type": "slide"}
# ### E · Are all classes there?
#
# On digits a frozen classifier can count: which share of the samples does it put in each class?

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
shares = {label: metrics.class_shares(reading.probabilities) for label, reading in readings.items()}
if read:
    off = {label: 0.5 * float(np.abs(share - shares["real"]).sum()) for label, share in shares.items()}
    draws = rng.multinomial(len(x_test), shares["real"], size=1_000) / len(x_test)
    chance = float(np.quantile(0.5 * np.abs(draws - shares["real"]).sum(1), 0.99))
    text = "; ".join(f"{label}: {off[label]:.1%} of the samples in a class too many"
                     for label in off if label != "real")  # fmt: skip
    show(draw.class_bars(shares), f"Shares of the ten classes among real images and samples. {text}.")
    print(text, f"by chance less than {chance:.1%} in 99 of 100 draws", sep="; ")
    if session.profile != "smoke" and reader == "mnist":
        assert min(share.min() for share in shares.values()) > 0, "all classes are there"
print(f"the long run's record: smallest class {scores['smallest-class']:.1%}, largest {scores['largest-class']:.1%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# All ten classes are there. In the run just trained their shares are off: 13 % of the samples are in a class too many,
# nearly three times as much as chance allows. The long run's 4.4 % is within what chance allows. No term of the loss
# counts classes, so no curve of losses would have told you.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### F · Is it a copy? A test that would notice
#
# For each sample of section 6.3, divide its distance to the nearest *training* image by its distance to the nearest
# *unseen* one, from the test set. If the generator has not copied, both sets are equally strange to its samples. The
# ratio is then somewhat below 1, only because there are six times as many training images to be near to. A copy's
# ratio is near 0. So that a copy moved by a pixel is found too, each sample may move by one pixel, nine ways.
#
# How far below 1? Ask held-out images, which cannot be copies. And does the alarm ring? We plant twelve copies of
# training images among the samples: four plain, four with noise, four moved by a pixel.

# %% slideshow={"slide_type": "fragment"}
def ratio(images, steps=(-1, 0, 1)):
    """Distance to the nearest training image over that to the nearest unseen one, each the best of all moves."""
    moved = [np.roll(images, (i, j), axis=(1, 2)) for i in steps for j in steps]
    return np.divide(*(np.min([nearest(m, pool)[0] for m in moved], axis=0) for pool in (x_train, unseen)))


tests = data.scale(pictures.x_test)
held_out, unseen = tests[: settings["copies"]], tests[settings["copies"] :]
copied = x_train[rng.choice(len(x_train), 12, replace=False)]
copied[4:8] += 0.15 * rng.normal(size=copied[4:8].shape)
copied[8:] = np.roll(copied[8:], (1, -1), axis=(1, 2))
with_copies = np.concatenate([subject, copied.clip(-1, 1)])

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
alarm, planted = 0.5, ratio(with_copies)
found = {"held-out images": ratio(held_out), "samples": planted[: len(subject)],
         "planted copies": planted[len(subject) :]}  # fmt: skip
rings = {label: int(np.sum(ratios < alarm)) for label, ratios in found.items()}
middle = {label: float(np.median(ratios)) for label, ratios in found.items()}
text = "; ".join(f"{label}: {count} of {len(found[label])}" for label, count in rings.items())
show(draw.scattered(found, "distance to training images / distance to unseen images", alarm),
     f"Ratios of held-out images, of samples and of planted copies. Below the alarm at {alarm}: {text}.")  # fmt: skip
print(f"below {alarm}:", text)

# %% slideshow={"slide_type": "fragment"}
print("medians:", *(f"{label} {number:.2f}  " for label, number in middle.items()))
for kind, part in zip(("plain", "noisy", "moved"), np.split(found["planted copies"], 3)):
    print(f"planted, {kind}:", *part.round(2))
unmoved = ratio(with_copies[-4:], steps=(0,))
print("planted, moved, if samples may not move:", *unmoved.round(2))
if session.profile != "smoke" and reader == "mnist":
    plain, _, moved = np.split(found["planted copies"], 3)
    assert max(*plain, *moved) < 0.05 < alarm < unmoved.min(), "plain and moved copies must be found"
    assert rings["planted copies"] >= 10 and rings["samples"] <= rings["held-out images"] + 1
    assert middle["samples"] > middle["held-out images"] - 0.05, "as a whole, samples are no nearer to training images"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The alarm rings for every plain and every moved copy, for three of the four noisy ones, and for no sample of the
# long run. Nor do the samples as a whole lean towards the training images: their median ratio is no smaller than that
# of held-out images. Without the nine moves the moved copies would have passed. What this does not rule out is a copy
# with more noise, turned, or scaled.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Errata of the slides
#
# Small ones, on slides that are right in the main.
#
# | slide | what holds |
# |---|---|
# | the discriminator gives 0 or 1 | a probability; a hard decision has no slope to learn from |
# | Nash equilibrium: wins and losses in turn | nobody gains by moving alone; the turns circle *around* it (2.4) |
# | the new loss *costs* the guarantee to converge | turns in weights never had it; see below, and 2.4 |
# | the generator is optimal when it maximises $C(g)$ | when it minimises it; the best is $-\log 4$ (2.3) |
# | the decreasing gradient makes training hard | with gradient descent; Adam makes up for most of that (A) |
#
# A guarantee does exist, in an idealised form (Goodfellow et al., 2014, proposition 2): if the density of the
# fakes itself is changed in small steps, each against the best discriminator, it converges to the data's.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### References
#
# - Goodfellow et al. (2014), *Generative Adversarial Nets*, <https://arxiv.org/abs/1406.2661>
# - Goodfellow (2016), *NIPS 2016 Tutorial: Generative Adversarial Networks*,
#   <https://arxiv.org/abs/1701.00160>
# - Arjovsky & Bottou (2017), *Towards Principled Methods for Training Generative Adversarial Networks*,
#   <https://arxiv.org/abs/1701.04862>
# - Heusel et al. (2017), *GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium*
#   (the Fréchet distance), <https://arxiv.org/abs/1706.08500>
# - Karras et al. (2018), *Progressive Growing of GANs* (the batch's deviation), <https://arxiv.org/abs/1710.10196>
# - Kingma & Ba (2015), *Adam*, <https://arxiv.org/abs/1412.6980>
# - Mao et al. (2017), *Least Squares Generative Adversarial Networks*, <https://arxiv.org/abs/1611.04076>
# - Meehan, Chaudhuri & Dasgupta (2020), *A Non-Parametric Test to Detect Data-Copying in Generative Models*
#   (three samples: generated, training, unseen), <https://arxiv.org/abs/2004.05675>
# - Mescheder, Geiger & Nowozin (2018), *Which Training Methods for GANs do actually Converge?*,
#   <https://arxiv.org/abs/1801.04406>
# - Metz et al. (2017), *Unrolled Generative Adversarial Networks* (the ring of eight),
#   <https://arxiv.org/abs/1611.02163>
# - Salimans et al. (2016), *Improved Techniques for Training GANs*, <https://arxiv.org/abs/1606.03498>
# - Yazıcı et al. (2019), *The Unusual Effectiveness of Averaging in GAN Training*,
#   <https://arxiv.org/abs/1806.04498>
