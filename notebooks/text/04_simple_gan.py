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
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on simple GANs.
#
# When you are through, you can
#
# - write the value of the game and both players' losses, from logits, and check them,
# - say what the best discriminator looks like, and draw a trained one over the formula,
# - explain why taking turns need not end anywhere, with radii that you can compute,
# - train a GAN on points and on digits, and read its curves,
# - recognise mode collapse, and provoke it.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute on two cores |
# | `cpu` | a laptop | 2 to 3 minutes on two cores |
# | `gpu` | the full recipe | not measured here |

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Set-up
#
# The first cell installs the course's package on Colab, and picks the backend before Keras is
# imported. Nothing below depends on which one it is.

# %% slideshow={"slide_type": "skip"}
import subprocess
import sys

if "google.colab" in sys.modules:  # elsewhere the package is installed already
    address = "git+https://github.com/generative-course/generative-course"
    subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", "--no-deps", address])

from course_utils import start

session = start()  # picks the backend, so it comes before anything that imports Keras

# %% slideshow={"slide_type": "skip"}
import keras
import numpy as np
from keras import ops
from keras.optimizers import SGD, Adam
from scipy.spatial import distance
from scipy.special import expit, rel_entr

from course_utils import backend, data, exercises, losses, metrics, plots, pretrained
from course_utils.game import Average, Game, Player
from course_utils.games.gan import GAN
from course_utils.networks.gan import batch_norm, mlp_critic, mlp_generator, point_critic, point_generator
from course_utils.plots import clouds, show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings: the images, the length of the trainings (`steps` on points; `epochs` of
# `digits` iterations each on images), and how many seeds are tried where chance matters. Put another
# set's name at the top: `"fashion_mnist"`, `"cifar10"` (frogs) or `"glyphs"`.

# %% slideshow={"slide_type": "skip"}
name = "mnist"
settings = session.pick(
    smoke={"images": 2_000, "test": 500, "steps": 400, "digits": 30, "epochs": 4, "seeds": 1},
    cpu={"images": 60_000, "test": 2_000, "steps": 2_400, "digits": 250, "epochs": 12, "seeds": 3},
    gpu={"images": 60_000, "test": 10_000, "steps": 8_000, "digits": 2_000, "epochs": 30, "seeds": 6},
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# A toy whose truth is known, eight small Gaussians on a ring, and digits. On the ring you can see
# everything that happens. On the digits you can see why anybody bothers.

# %% slideshow={"slide_type": "fragment"}
ring, centers = data.toy("ring8", 20_000, seed=0), data.centers("ring8")
pictures = data.load(name, fallback="glyphs")
frogs = name == "cifar10"  # of CIFAR-10 we take one class, the frogs
x_train = data.scale(pictures.x_train[pictures.y_train == 6 if frogs else slice(None)][: settings["images"]])
x_test = data.scale(pictures.x_test[pictures.y_test == 6 if frogs else slice(None)][: settings["test"]])
print(data.source(name).text, x_train.shape, x_train.dtype)

# %% slideshow={"slide_type": "fragment"}
figure, (left, right) = plots.figure(1, 2, width=10, height=4.2)
left.plot(*ring[:2_000].T, ".", markersize=3)
left.set(title="The ring of eight", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
plots.grids.draw_page(right, plots.tile(x_train[:48], 8, low=-1.0))
right.set_title("Training images")
show(figure, "Left: eight small spots of points on a circle. Right: six rows of eight training images.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each spot is 0.014 wide and the ring has a radius of 1.41: nearly all of the plane is empty.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea
#
# Two networks play against each other. The **generator** is a forger: it turns random numbers $z$
# into examples $g(z)$. The **discriminator** is an expert: it is shown an example $x$, not knowing
# from where, and says with which probability $d(x)$ it is real. The expert learns from its errors.
# So does the forger, and what it learns from is the expert's opinion; it never sees the data.
#
# Nobody writes down what a good digit is, and nobody needs a likelihood. In exchange there is no
# single number that has to go down.

# %% slideshow={"slide_type": "subslide"}
def normal(x, mean, std):
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))


grid = np.linspace(-4, 4, 401)
p = 0.5 * normal(grid, -1.5, 0.5) + 0.5 * normal(grid, 1.5, 0.5)  # of the data
q = normal(grid, 0.5, 1.0)  # of the generator

figure, axis = plots.figure(width=9, height=4)
axis.fill_between(grid, p, color="lightgrey", label="$p$: data")
axis.plot(grid, q, color=plots.COLOURS[1], linestyle="--", label="$q$: generator")
axis.plot(grid, p / (p + q), color=plots.COLOURS[0], linestyle="-", label="$p/(p+q)$: share of real ones at $x$")
axis.set(xlabel="x", ylim=(0, 1.45))
axis.legend(loc="upper center", ncols=3)
show(figure, "The share of real examples is high where the data's density is above the generator's.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The blue curve is the best that an expert can know. It is also what the forger wants to see: from 0
# to $-2$ the curve rises, so a fake at $-0.5$ had better go left.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 The value of the game
#
# $$\min_g \max_d\; v(g,d) = \mathbb E_x[\log d(x)] + \mathbb E_z[\log(1 - d(g(z)))].$$
#
# The discriminator wants $v$ large: 1 for real ones, 0 for fakes. The generator wants it small, and
# has a say in the second term only.
#
# Our networks end in a *logit* $f$, and $d = \operatorname{sigmoid}(f)$. We call the network without the
# sigmoid the **critic**; lectures 06 and 07 will need it in this form. From a logit,
# $\log d = -\operatorname{softplus}(-f)$ and $\log(1-d) = -\operatorname{softplus}(f)$, and nothing rounds to 0.

# %% slideshow={"slide_type": "fragment"}
def value(real_logits, fake_logits):
    log_d = -ops.softplus(-real_logits)  # (N, 1), log d(x)
    log_not_d = -ops.softplus(fake_logits)  # (N, 1), log(1 − d(g(z)))
    return ops.mean(log_d) + ops.mean(log_not_d)


# %% [markdown] slideshow={"slide_type": "subslide"}
# The lecture: the discriminator's objective *is* binary cross entropy, with label 1 for real and 0
# for fake; the generator's is binary cross entropy with the wrong label, 1 for a fake. Three ways to
# each number: by hand, by Keras's cross entropy, by the course's package.

# %% slideshow={"slide_type": "fragment"}
rng = np.random.default_rng(0)
real_logits, fake_logits = rng.normal(size=(2, 256, 1)).astype("float32")
ones, zeros = np.ones((256, 1), "float32"), np.zeros((256, 1), "float32")
entropy = keras.losses.BinaryCrossentropy(from_logits=True)
package = losses.nonsaturating
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
# Hold the generator still. At a point $x$ the discriminator collects $p(x)\log d + q(x)\log(1-d)$, and
# that is largest at
#
# $$d^*(x) = \frac{p(x)}{p(x) + q(x)}.$$
#
# The blue curve above is this formula. Does a network find it that has seen nothing but samples? A
# game with a single player will do: the critic moves, nobody answers.

# %% slideshow={"slide_type": "fragment"}
real = np.where(rng.random((50_000, 1)) < 0.5, -1.5, 1.5) + 0.5 * rng.normal(size=(50_000, 1))
fake = rng.normal(0.5, 1.0, size=(50_000, 1))
critic = point_critic(width=64, depth=2, dim=1)


def critic_loss(batch, training):
    real, fake = batch
    return -value(critic(real, training=training), critic(fake, training=training))


# %% slideshow={"slide_type": "fragment"}
falling = keras.optimizers.schedules.CosineDecay(3e-3, 1_500)
alone = Game([Player("critic", [critic], critic_loss, Adam(falling))])
alone.compile(steps_per_execution=50)
alone.fit((real.astype("float32"), fake.astype("float32")), batch_size=256, steps_per_epoch=1_500, verbose=0)


def opinion(critic, x):
    """D at points (n, d), as an array (n,)."""
    return expit(ops.convert_to_numpy(ops.stop_gradient(critic(x)))[:, 0])


d = opinion(critic, grid[:, None])

# %% slideshow={"slide_type": "subslide"}
weight = (p + q) / (p + q).sum()  # where examples are shown
error = float(np.sum(weight * np.abs(d - p / (p + q))))
figure, axis = plots.figure(width=9, height=4)
axis.fill_between(grid, p, color="lightgrey", label="$p$: data")
axis.plot(grid, q, color=plots.COLOURS[1], linestyle="--", label="$q$: generator")
axis.plot(grid, p / (p + q), color="black", linestyle="-", linewidth=5, alpha=0.3, label="$p/(p+q)$")
axis.plot(grid, d, color=plots.COLOURS[0], linestyle="-", label="trained")
axis.set(xlabel="x", ylim=(0, 1.45))
axis.legend(loc="upper center", ncols=4)
show(figure, f"The trained discriminator lies on the formula's curve; mean error {error:.3f}.")
print(f"mean |d − p/(p+q)| over the examples shown: {error:.4f}")
assert error < 0.03, "a trained discriminator must lie on the formula"

# %% [markdown] slideshow={"slide_type": "fragment"}
# It does, where there are examples. Far outside, where neither density has any, the network may say
# what it likes.
#
# And if the generator were perfect, $q = p$? Then $d^* = \tfrac12$ everywhere: **at balance the
# discriminator is at chance.** Keep this for section 5.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.3 What the generator is up against
#
# Put the best discriminator into $v$. What is left for the generator to make small is
#
# $$C(g) = \max_d v(g,d) = -\log 4 + 2\,\mathrm{JSD}(p\,\|\,q),$$
#
# a distance: the Jensen–Shannon divergence is 0 only for $q = p$, and at most $\log 2$. On discrete
# distributions there is nothing to estimate. A thousand random pairs, and 200 random discriminators
# against each best one:

# %% slideshow={"slide_type": "fragment"}
p6, q6 = rng.dirichlet(np.ones(6), size=(2, 1_000))  # (1000, 6) each
best = p6 / (p6 + q6)
C = np.sum(p6 * np.log(best) + q6 * np.log(1 - best), axis=1)
jsd = distance.jensenshannon(p6, q6, axis=1) ** 2  # SciPy's, in nats
others = rng.random((200, 1_000, 6))
worse = np.sum(p6 * np.log(others) + q6 * np.log(1 - others), axis=2)
print(f"largest |C − (−log 4 + 2 JSD)|: {np.abs(C + np.log(4) - 2 * jsd).max():.1e}")
assert np.allclose(C, -np.log(4) + 2 * jsd, atol=1e-12) and np.all(worse <= C)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **A small erratum.** The slide says that the generator's objective is optimal where it *maximises*
# this. The generator *minimises* $C$; its least value, $-\log 4$, is reached at $q = p$.
#
# Now slide a generator's bump towards the data's, and watch what the generator is graded by.

# %% slideshow={"slide_type": "fragment"}
bins, shifts = np.linspace(-4, 9, 1_301), np.linspace(0, 5, 101)
still = normal(bins, 0, 0.5) / normal(bins, 0, 0.5).sum()
moved = normal(bins, shifts[:, None], 0.5) / normal(bins, shifts[:, None], 0.5).sum(1, keepdims=True)
C = np.sum(rel_entr(still, still + moved) + rel_entr(moved, still + moved), axis=1)
figure, axis = plots.figure(width=9, height=3.8)
axis.plot(shifts, C, linestyle="-")
for height, text in ((-np.log(4), "−log 4: equal"), (0, "0: nothing in common")):
    axis.axhline(height, color="black", linestyle=":", linewidth=1.5)
    axis.annotate(text, (5, height), xytext=(0, 5), textcoords="offset points", ha="right")
axis.set(xlabel="distance of the two bumps (each 0.5 wide)", ylabel="C(g), nats", ylim=(-1.5, 0.25))
show(figure, "C rises from −log 4 at distance 0 and is flat at 0 from a distance of about 3 on.")
slope_near, slope_far = np.gradient(C, shifts)[[15, 90]]
print(f"slope of C at distance {shifts[15]:.2f}: {slope_near:.3f}    at {shifts[90]:.2f}: {slope_far:.1e}")
assert slope_far < 1e-3 * slope_near, "far away, the best discriminator gives no slope"

# %% [markdown] slideshow={"slide_type": "fragment"}
# From a distance of three on the curve is flat. A generator that is far off is told *that* it is bad,
# and not *in which direction* it would be better: the better the expert, the less it teaches. Remember
# this figure. Notebook 06 replaces the distance.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.4 Taking turns need not end anywhere
#
# The lecture: taking turns in gradient descent may never converge. The smallest game that shows it has
# two numbers and the value $v = x\cdot y$; $x$ wants it small, $y$ wants it large. At $(0,0)$ neither
# gains by moving alone: that is the equilibrium. With steps of length $\eta$,
#
# - **simultaneous** steps multiply the radius by $\sqrt{1+\eta^2}$, every time,
# - **alternating** steps keep $x^2 + y^2 - \eta\,xy$ constant: they cycle for ever,
# - the **average** of all positions of the alternating game goes to the equilibrium.

# %% slideshow={"slide_type": "fragment"}
def together(x, y, eta):
    return x - eta * y, y + eta * x


def in_turns(x, y, eta):
    x = x - eta * y
    return x, y + eta * x  # y sees the x that has just moved


def play(step, eta=0.1, turns=400, start=(1.0, 0.0)):
    path = [start]
    for _ in range(turns):
        path.append(step(*path[-1], eta))
    return np.array(path)  # (turns + 1, 2)


# %% slideshow={"slide_type": "subslide"}
spiral, cycle = play(together), play(in_turns)
mean = np.cumsum(cycle, axis=0) / np.arange(1, len(cycle) + 1)[:, None]
paths = {"simultaneous": spiral, "alternating": cycle, "average of alternating": mean}
radius = {kind: np.hypot(*path.T) for kind, path in paths.items()}
kept = (cycle**2).sum(1) - 0.1 * cycle.prod(1)
print({kind: round(float(r[-1]), 4) for kind, r in radius.items()}, "radius after 400 steps from 1")
assert np.allclose(radius["simultaneous"], (1 + 0.1**2) ** (np.arange(401) / 2), rtol=1e-12)
assert np.allclose(kept, 1, atol=1e-12) and np.ptp(radius["alternating"]) < 0.11
assert radius["average of alternating"][-1] < 0.05

# %% slideshow={"slide_type": "fragment"}
figure, (left, right) = plots.figure(1, 2, width=11, height=4.4)
for kind, path in paths.items():
    left.plot(*path.T, label=kind, linewidth=1.8)
    right.plot(radius[kind], label=kind)
left.plot(0, 0, "k*", markersize=14)
left.set(xlabel="x", ylabel="y", xlim=(-4, 4), ylim=(-4, 4), aspect="equal")
right.set(xlabel="steps", ylabel="distance from the equilibrium", yscale="log")
right.legend(loc="lower left")
show(figure, "Simultaneous steps spiral out, alternating ones circle at radius 1, their average falls towards 0.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing is wrong with the equilibrium, and nothing is wrong with the step size: a smaller $\eta$ only
# spirals more slowly. *Equilibrium is not convergence.* The averaging is no trick for toys either: the
# generators that this course ships are averages over their last iterations.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · The losses in code
#
# ### 3.1 Saturating or not
#
# Early in training the discriminator has an easy job: $d(g(z)) \approx 0$. The generator of the formula
# minimises $\log(1-d)$. The lecture's heuristic is to minimise $-\log d$ instead: not *be recognised
# less*, but *be taken for real more*. Same wish; look at the slope with respect to the logit.

# %% slideshow={"slide_type": "fragment"}
logits = np.linspace(-7, 7, 141).astype("float32")[:, None]
taken = expit(logits[:, 0])  # d(g(z))


def pull(loss):
    """Size of the slope of each fake's loss with respect to its logit, (141,)."""
    total = backend.input_gradient(lambda f: 141 * loss.generator(f), ops.convert_to_tensor(logits))
    return np.abs(ops.convert_to_numpy(ops.stop_gradient(total)))[:, 0]


saturating, nonsaturating = pull(losses.minimax), pull(losses.nonsaturating)
assert np.allclose(saturating, taken, atol=1e-5) and np.allclose(nonsaturating, 1 - taken, atol=1e-5)
print(f"at d = {taken[20]:.4f}: saturating {saturating[20]:.4f}, non-saturating {nonsaturating[20]:.4f}")

# %% slideshow={"slide_type": "fragment"}
figure, axis = plots.figure(width=9, height=4)
axis.plot(taken, saturating, label="log(1 − d), saturating", linestyle="-")
axis.plot(taken, nonsaturating, label="−log d, non-saturating")
axis.axvspan(0, 0.05, color=plots.COLOURS[4], alpha=0.3)
axis.annotate("early training", (0.06, 1.08), fontsize=13)
axis.set(xlabel="d(g(z)): what the discriminator thinks of a fake", ylabel="pull on the logit", ylim=(-0.03, 1.2))
axis.legend(loc="center right")
show(figure, "The saturating loss has slope d, which is 0 for bad fakes; the other has slope 1 − d, which is 1 there.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The slopes are $d$ and $1 - d$. Where the fakes are bad, the formula's generator gets next to nothing.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.2 Does it starve?
#
# Data: a bump at $x = 2$. Generator: one weight and one bias, $g(z) = wz + b$, which starts at $-2$. We
# play it with plain gradient descent and with Adam. The critic has Adam both times.

# %% slideshow={"slide_type": "fragment"}
bump = rng.normal(2, 0.5, size=(20_000, 1)).astype("float32")
line = np.linspace(-4, 4, 121)
marks, z = range(0, 1_001, 50), rng.normal(size=500)  # iterations at which we look, and latents


def chaser(loss, optimizer, seed):
    keras.utils.set_random_seed(seed)
    networks = point_generator(1, depth=0, dim=1), point_critic(width=32, depth=2, dim=1)
    networks[0].set_weights([np.array([[0.5]]), np.array([-2.0])])
    return GAN(*networks, loss=loss, critic_optimizer=Adam(5e-3, 0.5), generator_optimizer=optimizer(), seed=seed)


# %% slideshow={"slide_type": "skip"}
def restart(game, fresh):
    """Puts the state of a fresh game into one that is compiled already: a new seed without a new compilation."""
    old, new = (g.trainable_variables + g.non_trainable_variables + g.optimizers.variables for g in (game, fresh))
    for mine, theirs in zip(old, new, strict=True):
        mine.assign(ops.convert_to_numpy(theirs))
    game.seed = fresh.seed  # from which the order of the data follows


# %% slideshow={"slide_type": "fragment"}
def chase(game):
    """Plays the game; returns iterations -> (500 fakes, D on the line, middle of the fakes)."""
    found = {}
    for mark in marks:
        w, b = (float(part.squeeze()) for part in game.generator.get_weights())
        found[mark] = w * z + b, opinion(game.critic, line[:, None]), b
        game.fit(bump, batch_size=128, steps_per_epoch=50, verbose=0)
    return found


# %% slideshow={"slide_type": "subslide"}
optimizers = {"gradient descent": lambda: SGD(0.05), "Adam": lambda: Adam(0.01, 0.5)}
chased = {}
for kind, make in optimizers.items():
    for loss in (losses.minimax, losses.nonsaturating):
        game = chaser(loss, make, seed=0)
        game.compile(steps_per_execution=50)
        chased[kind, loss.name] = [chase(game)]
        for seed in range(1, settings["seeds"]):
            restart(game, chaser(loss, make, seed))
            chased[kind, loss.name].append(chase(game))

# %% slideshow={"slide_type": "fragment"}
figure, axes = plots.figure(1, 2, width=11, height=4.2, sharey=True)
styles = {"minimax": (plots.COLOURS[0], "-", "saturating"), "nonsaturating": (plots.COLOURS[1], "--", "non-saturating")}
for (kind, loss), runs in chased.items():
    axis, (colour, dashes, label) = axes[list(optimizers).index(kind)], styles[loss]
    for run, found in enumerate(runs):
        middles = [middle for *_, middle in found.values()]
        axis.plot(marks, middles, color=colour, linestyle=dashes, label=None if run else label)
    axis.axhline(2, color="black", linestyle=":", linewidth=1.5)
    axis.set(title=kind, xlabel="iterations", ylabel="middle of the fakes" * (axis is axes[0]))
axes[0].legend(loc="lower right")
show(figure, "With gradient descent the saturating loss crawls, the other one jumps. With Adam both take as long.")

# %% slideshow={"slide_type": "fragment"}
arrived = {
    key: [next((mark for mark in marks if abs(found[mark][2] - 2) < 0.3), np.inf) for found in runs]
    for key, runs in chased.items()
}
for (kind, loss), when in arrived.items():
    print(f"{kind:17} {styles[loss][2]:15} arrives after", *when, "iterations")
slow, quick = (arrived["gradient descent", loss] for loss in ("minimax", "nonsaturating"))
assert min(slow) > 2 * max(quick), "with gradient descent the saturating loss must starve"

# %% [markdown] slideshow={"slide_type": "fragment"}
# With gradient descent the claim of the lecture is plain to see. With Adam it is gone: Adam divides each
# gradient by its own recent size, so a small slope is as good as a large one as long as it points
# somewhere. Adam appeared half a year after the GAN.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same game as a film: plain gradient descent, the non-saturating loss, first seed.

# %% slideshow={"slide_type": "fragment"}
first = chased["gradient descent", "nonsaturating"][0]
moments = {f"{mark} iterations": first[mark][:2] for mark in (0, 50, 100, 150, 1_000)}
show(
    clouds.line_film(moments, line, normal(line, 2, 0.5)),
    alt="The fakes climb from −2 to 2 as a narrow spike; at the end they cover the data and D is near ½.",
)
under = normal(line, 2, 0.5) / normal(line, 2, 0.5).sum()
off = [float(np.sum(under * np.abs(found[1_000][1] - 0.5))) for found in chased["gradient descent", "nonsaturating"]]
print("mean |D − ½| where the data lies, at the end:", *(f"{number:.3f}" for number in off))
assert max(off) < 0.15, "at balance, the discriminator must be near chance"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The fakes climb the blue curve. On the way they shrink to a point and overshoot, for all of them follow
# the same slope to the same place: a first glimpse of section 7. Then they spread, and the curve falls to
# ½ where the data lies: nothing is left to tell apart. That is the balance of section 2.2, in a game that
# is simple enough to reach it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 3.3 Only the player whose turn it is moves
#
# The slides say *do not update generator weights* beside the discriminator's objective, and the reverse
# beside the generator's. In `course_utils.games.gan.GAN` each player names the network that it moves,
# and its turn differentiates with respect to those weights and no others. We take one player out of the
# game, let it play three turns alone, and compare all weights before and after, bit for bit.

# %% slideshow={"slide_type": "fragment"}
def weights(networks):
    return {network.name: [ops.convert_to_numpy(v) for v in network.trainable_variables] for network in networks}


for turn, (mover, waiter) in enumerate([("critic", "generator"), ("generator", "critic")]):
    duel = GAN(point_generator(normalisation=batch_norm, depth=1), point_critic(depth=1))
    duel.players = duel.players[turn : turn + 1]  # the other one has left the table
    duel.compile()
    before = weights([duel.generator, duel.critic])
    duel.fit(ring, batch_size=64, steps_per_epoch=3, verbose=0)
    after = weights([duel.generator, duel.critic])
    same = {network: [np.array_equal(*pair) for pair in zip(before[network], after[network])] for network in before}
    print(f"{mover}'s turn: of the {mover}'s {len(same[mover])} arrays {same[mover].count(False)} have changed, "
          f"of the {waiter}'s {len(same[waiter])} none: {all(same[waiter])}")  # fmt: skip
    assert all(same[waiter]) and not any(same[mover])

# %% [markdown] slideshow={"slide_type": "fragment"}
# One thing does change in the other network: the *moving averages* of its batch norm, which follow
# whatever passes through. They are statistics, not weights, and no player owns them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Build
#
# For the points: two hidden layers of 64 units each. For the images: the fully connected networks of
# early GAN programs, batch norm in the generator, tanh at its end, images in $[-1, 1]$. The critic's
# activations are leaky, so that it passes a slope everywhere. Both learn at the same rate, with Adam at
# $\beta_1 = 0.5$. Beside the images' generator an average of it is kept; section 2.4 said why.

# %% slideshow={"slide_type": "fragment"}
def point_game(seed):
    """A GAN on points: fresh networks, both players at the same rate."""
    keras.utils.set_random_seed(seed)
    generator, critic = point_generator(latent_dim=2, width=64, depth=2), point_critic(width=64, depth=2)
    return GAN(generator, critic, None, losses.nonsaturating, Adam(2e-3, 0.5), Adam(2e-3, 0.5), seed=seed)


# %% slideshow={"slide_type": "fragment"}
keras.utils.set_random_seed(session.seed)
shape = x_train.shape[1:]
generator, averaged = (mlp_generator(64, widths=(128, 256, 512), image_shape=shape) for _ in range(2))
gan = GAN(generator, mlp_critic(image_shape=shape), critic_optimizer=Adam(1e-3, 0.5),
          generator_optimizer=Adam(1e-3, 0.5), averages=[Average(generator, averaged, 0.995)])  # fmt: skip
for network in (gan.generator, gan.critic):
    print(f"{network.name}: {network.count_params():,} parameters")
    for layer in network.layers:
        print(f"    {type(layer).__name__:18} {layer.output.shape}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Train
#
# ### 5.1 On the ring
#
# Watch three numbers. *Modes covered*: how many of the eight spots have at least one sample within three
# standard deviations of their centre. *Good samples*: which share of all samples lies that close. And the
# discriminator's *accuracies*, on real points and on fakes.

# %% slideshow={"slide_type": "fragment"}
arena = point_game(seed=0)
arena.compile(steps_per_execution=25)
plane, radius = clouds.plane(2.2), 3 * data.std("ring8")


# %% slideshow={"slide_type": "fragment"}
def play_ring(seed, critic_rate=2e-3, marks=20):
    """Plays one game on the ring; returns a list with what was seen at each mark, a dict."""
    restart(arena, point_game(seed))
    arena.players[0].optimizer.learning_rate = critic_rate
    seen = []
    for _ in range(marks):
        logs = arena.fit(ring, batch_size=128, steps_per_epoch=settings["steps"] // marks, verbose=0).history
        points = arena.sample(1_000, seed=1)
        modes = metrics.mode_coverage(points, centers, radius)
        mark = {"iterations": arena.iteration, "points": points, "D": opinion(arena.critic, plane)}
        mark |= {"covered": modes.covered, "good": modes.good_share}
        seen.append(mark | {key: values[0] for key, values in logs.items()})
    return seen


# %% slideshow={"slide_type": "fragment"}
def frames(run, numbers):
    return {f"{run[k]['iterations']} iterations": (run[k]["points"], run[k]["D"]) for k in numbers}


fair = [play_ring(seed) for seed in range(settings["seeds"])]
show(
    clouds.film(frames(fair[0], (0, 1, 2, 3, 5, 8, 12, 19)), centers, limit=2.2),
    alt="The cloud of fakes spreads, breaks up and gathers on the eight spots, while D flattens towards one half.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Black: 1,000 fakes of the same latents. Green rings: the eight spots, much enlarged. Blue: the
# discriminator says real; orange: it says fake; white: it cannot tell. Each frame shows the opinion that
# the next frame's cloud has followed. Wherever fakes pile up, orange grows under them and drives them
# off.

# %% slideshow={"slide_type": "subslide"}
ends = [(run[-1]["covered"], run[-1]["good"], run[-1]["real_accuracy"], run[-1]["fake_accuracy"]) for run in fair]
show(
    clouds.mode_curves(fair, f"Equal rates, seeds 0 to {len(fair) - 1}, a line each"),
    alt="Modes rise to about eight; the share of good samples rises and jumps; accuracies come down towards one half.",
)
for seed, (covered, good, on_real, on_fake) in enumerate(ends):
    print(f"seed {seed}: {covered} of 8 modes, {good:.0%} good; accuracy {on_real:.2f} real, {on_fake:.2f} fake")

# %% slideshow={"slide_type": "skip"}
if session.profile != "smoke":  # a smoke run is too short for this
    assert np.mean([covered for covered, *_ in ends]) >= 6.5
    peak = np.mean([max(mark["real_accuracy"] + mark["fake_accuracy"] for mark in run) / 2 for run in fair])
    assert np.mean([(r + f) / 2 for *_, r, f in ends]) < peak - 0.05, "accuracy must fall towards chance"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The spots are found, and the accuracies come down towards ½ as the fakes get better. But the share of
# good samples never settles. It jumps from mark to mark: this is the cycling of section 2.4, with a few
# thousand weights in place of two.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.2 On the images
#
# The same game, other networks. Left: the generator's answer to 32 fixed latents. Below the losses you
# see the discriminator's accuracies, and its mean slope at real images, which is what the generator
# learns from. FD is the Fréchet distance to real images in the features of the course's frozen
# classifier, where there is one for the set.

# %% slideshow={"slide_type": "fragment"}
judge = "glyphs" if "glyphs" in data.source(name).text else name
read = metrics.evaluator(judge) if judge in ("mnist", "glyphs") else None
if read is None:
    print(f"There is no evaluator for {name}: the scores are left out.")
gan.compile(steps_per_execution=25)
live = plots.GameLive(gan, x_test, read, title="Fixed latents, now")
plan = {"epochs": settings["epochs"], "steps_per_epoch": settings["digits"], "verbose": 0}
history = gan.fit(x_train, batch_size=64, callbacks=[live], **plan)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Look at the losses alone and say when to stop. You cannot: neither tells how good the samples are. A
# loss that rises may only say that the other player got better. FD does tell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **And chance?** The lecture likes to see the discriminator there. On the bump it got there. On the ring
# it is on its way, and on images it stays somewhat ahead; the generator learns all the same. "At chance"
# describes the end of the game.

# %% slideshow={"slide_type": "fragment"}
on_images = [np.mean(live.history[key][-3:]) for key in ("real_accuracy", "fake_accuracy")]
on_ring = [np.mean([end[k] for end in ends]) for k in (2, 3)]
print(f"accuracies at the end: ring {on_ring[0]:.2f} real, {on_ring[1]:.2f} fake")
print(f"                     images {on_images[0]:.2f} real, {on_images[1]:.2f} fake")
if session.profile != "smoke" and judge == "mnist":
    assert np.mean(on_images) > 0.52, "on images the discriminator stays ahead of chance"
    assert live.history["FD"][-1] < 0.5 * live.history["FD"][0]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Look inside
#
# Beside what you have just trained stands a long run of the same two networks on MNIST, by
# `training/gan.py`. Three settings differ: more iterations, a rate that starts five times as high and
# falls to 0 over the second half, and a mild penalty on the critic's slope, R1, which notebook 07
# explains. Without that penalty FD went down to 2.0 at 12,000 iterations and then up again, to 2.6.

# %% slideshow={"slide_type": "fragment"}
long = pretrained.load("gan-mnist")
fakes = {"just trained": gan.sample(len(x_test), seed=2)}
if judge == "mnist":  # side by side only with its own kind
    fakes["long run"] = long.sample(len(x_test), seed=2)
show(
    plots.image_rows({label: images[:12] for label, images in {"real": x_test, **fakes}.items()}, low=-1.0),
    alt="Real images over samples: the generator just trained leaves more specks than the long run.",
)

# %% slideshow={"slide_type": "fragment"}
readings = {label: read(images) for label, images in {"real": x_test, **fakes}.items()} if read else {}
for label, reading in readings.items():
    far = metrics.frechet_distance(reading.features, readings["real"].features)
    print(f"{label:13} FD-{read.name} {far:6.2f}   {len(x_test):,} samples")
scores, seconds = long.recipe["scores"], long.recipe["seconds"]
print(f"the long run's record, 10,000 samples, {seconds:.0f} s of training: FD {scores['FD-mnist-cnn']:.2f};", end=" ")
print(f"real training images {scores['FD-mnist-cnn-of-training-images']:.2f}")
if read:
    z = rng.normal(size=(len(x_test), 64)).astype("float32")
    both = {kind: network.predict(z, verbose=0) for kind, network in {"moment": generator, "average": averaged}.items()}
    far = {k: metrics.frechet_distance(read(x).features, readings["real"].features) for k, x in both.items()}
    print(f"just trained, weights of the last moment: FD {far['moment']:.2f}, their average: FD {far['average']:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Compare FDs only between equal numbers of samples and the same classifier. In the last line you see
# section 2.4 again: a generator circles, and the average of its weights is better than the weights of the
# last moment.
#
# The specks are the mark of fully connected networks: each pixel is computed by itself, and nothing
# tells it that its neighbours are neighbours.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The long run kept its losses and its FD along the way. Put your hand over the right panel and guess
# where the samples are best.

# %% slideshow={"slide_type": "fragment"}
trace = {kind: np.array(numbers) for kind, numbers in long.recipe["settings"]["trace"].items()}
figure, (left, right) = plots.figure(1, 2, width=11, height=3.9)
for player in ("critic", "generator"):
    left.plot(trace["iterations"] / 1_000, trace[f"{player}_loss"], label=player)
left.set(xlabel="thousand iterations", ylabel="loss, nats", ylim=(0, None))
left.legend(loc="lower left")
right.plot(trace["iterations"] / 1_000, trace["FD"], linestyle="-")
right.set(xlabel="thousand iterations", ylabel="FD-mnist-cnn", ylim=(0, None))
best_at = trace["iterations"][trace["FD"].argmin()]
show(figure, f"Both losses hardly move while FD falls fast; FD is lowest at {best_at:,.0f} iterations.")
print(f"FD {trace['FD'][0]:.1f} at first, {min(trace['FD']):.1f} at best, {trace['FD'][-1]:.1f} at the end")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.1 Is it a copy?
#
# A generator that has learned the training images by heart would look perfect. So put the nearest training
# image beside each sample, in the plain distance of pixels.

# %% slideshow={"slide_type": "fragment"}
flat = x_train.reshape(len(x_train), -1)
squares = (flat**2).sum(1)


def nearest(images):
    """Index of the nearest training image, and the distance to it, for each image."""
    images = images.reshape(len(images), -1)
    apart = squares - 2 * images @ flat.T + (images**2).sum(1, keepdims=True)  # (n, N)
    return apart.argmin(1), np.sqrt(np.maximum(apart.min(1), 0))


subject = list(fakes.values())[-1]  # the long run's, where there is one
index, to_fakes = nearest(subject[:300])
_, to_real = nearest(x_test[:300])
_, to_copies = nearest(x_train[:300])

# %% slideshow={"slide_type": "fragment"}
show(
    plots.image_rows({"sample": subject[:12], "nearest\ntraining\nimage": x_train[index[:12]]}, low=-1.0),
    alt="Twelve samples above their nearest training images: the same digit as a rule, but another hand.",
)
middle = {"samples": np.median(to_fakes), "test images": np.median(to_real), "copies": np.median(to_copies)}
print("median distance to the nearest training image:", *(f"{k} {v:.2f}" for k, v in middle.items()), sep="   ")
assert to_fakes.min() > 0.4 * to_real.min() > to_copies.max(), "no sample is a training image"

# %% [markdown] slideshow={"slide_type": "fragment"}
# No sample is a copy. Compare with the *test* images, which nobody could have copied: their nearest
# training images are as far away as that. What this does not rule out is a training image shifted by a
# pixel, since pixel distance would not notice. It is a check for plain copying, no more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.2 Are all classes there?
#
# A copy is one way to cheat. The other is to draw only what is easy. On digits a frozen classifier can
# count: which share of the samples does it put in each class?

# %% slideshow={"slide_type": "fragment"}
shares = {label: metrics.class_shares(reading.probabilities) for label, reading in readings.items()}
if read:
    figure, axis = plots.figure(width=10, height=4)
    for k, (label, share) in enumerate(shares.items()):
        colour = ("lightgrey", plots.COLOURS[1], plots.COLOURS[0])[k]
        axis.bar(np.arange(10) + 0.28 * (k - 1), 100 * share, 0.26, label=label, color=colour, edgecolor="black")
    axis.set(xlabel="class, as read by the classifier", ylabel="% of samples", xticks=range(10))
    axis.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.17))
    axis.grid(axis="x", visible=False)
    show(figure, "Shares of the ten classes among real images, samples just trained and samples of the long run.")
    print(*(f"{label}: {share.min():.1%} to {share.max():.1%}" for label, share in shares.items()), sep="   ")
    assert np.ptp(shares["just trained"]) > np.ptp(shares["real"]), "a simple GAN does not keep the classes' shares"
print(f"the long run, 10,000 samples: {scores['smallest-class']:.1%} to {scores['largest-class']:.1%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Not in equal parts: what a generator drops, it drops quietly, and nothing in its loss objects. On the
# ring we can do worse.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · When it fails: mode collapse
#
# Nothing in the generator's loss asks for variety. It asks for one fake that passes. If the
# discriminator is slow to notice, the best thing to do is to send *all* fakes to the spot that it
# believes in; when it wakes up, to send them all to the next one.
#
# So we provoke it: the same game, the same seeds, but the discriminator learns ten times more slowly.

# %% slideshow={"slide_type": "fragment"}
slow = [play_ring(seed, critic_rate=2e-4) for seed in range(settings["seeds"])]
show(
    clouds.film(frames(slow[0], (2, 3, 4, 5, 8, 11, 15, 19)), centers, limit=2.2),
    alt="With a slow discriminator the fakes gather in one or two clumps that hop from place to place.",
)

# %% slideshow={"slide_type": "subslide"}
show(
    clouds.mode_curves(slow, f"Discriminator ten times slower, seeds 0 to {len(slow) - 1}, a line each"),
    alt="With a slow discriminator modes stay few for long and the share of good samples stays near zero.",
)
means = {}
for kind, runs in {"equal rates": fair, "ten times slower": slow}.items():
    means[kind] = np.mean([[mark["covered"], mark["good"]] for run in runs for mark in run], axis=0)
    print(f"{kind:17} over the whole run {means[kind][0]:.1f} of 8 modes, {means[kind][1]:.0%} good samples;", end=" ")
    print("at the end, seed by seed:", *(f"{run[-1]['covered']} ({run[-1]['good']:.0%})" for run in runs))
if session.profile != "smoke":  # a smoke run is too short for this
    assert means["ten times slower"][0] < means["equal rates"][0] - 2, "a slow discriminator must cost modes"

# %% [markdown] slideshow={"slide_type": "fragment"}
# **How to recognise it:** samples of different latents look alike; a class or a spot is missing, and later
# another one. The accuracies do not give it away: half of the real points recognised looks like the
# balance of section 2.2, and is a discriminator that knows nothing.
#
# **What to do:** let the discriminator keep up (a higher rate, more turns), count modes or classes rather
# than watch losses, and try several seeds before you believe anything. Where the clump is differs from
# seed to seed; that there is one does not. A game whose outcome hangs on the ratio of two rates is not
# robust, and notebook 06 begins with that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Errata of the slides
#
# Small ones, on slides that are right in the main.
#
# | slide | what holds |
# |---|---|
# | the discriminator gives 0 or 1 | a probability; a hard decision has no slope to learn from |
# | Nash equilibrium: wins and losses in turn | nobody gains by moving alone; the turns cycle *around* it (2.4) |
# | the new loss *costs* the guarantee to converge | there was none: $x\cdot y$ is zero-sum, and spirals out (2.4) |
# | the generator is optimal when it maximises $C(g)$ | when it minimises it; the best is $-\log 4$ (2.3) |
# | the decreasing gradient makes training hard | with gradient descent; Adam hides most of it (3.2) |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · Your turn
#
# Fill in the dots and run the cell. The check says what is wrong; `exercises.gan.best.hint()` gives a
# hint; the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · The discriminator's loss
#
# From logits, (N, 1) each: $-\mathbb E\log d(x) - \mathbb E\log(1 - d(g(z)))$, one number. It has to survive
# logits of ±200.

# %% slideshow={"slide_type": "fragment"}
def discriminator_loss(real_logits, fake_logits):
    return ...


exercises.gan.discriminator.check(discriminator_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def discriminator_loss(real_logits, fake_logits):
#     return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · The generator's loss
#
# The non-saturating one, from the logits of the fakes.

# %% slideshow={"slide_type": "fragment"}
def generator_loss(fake_logits):
    return ...


exercises.gan.generator.check(generator_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def generator_loss(fake_logits):
#     return ops.mean(ops.softplus(-fake_logits))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · The best discriminator
#
# `p` and `q` are the densities of data and generator at the same points, never both 0.

# %% slideshow={"slide_type": "fragment"}
def best_discriminator(p, q):
    return ...


exercises.gan.best.check(best_discriminator)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def best_discriminator(p, q):
#     return p / (p + q)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Taking turns
#
# One round of the game $x\cdot y$ with steps of length `eta`: first $x$ steps down, then $y$ steps up and
# answers the new $x$. Return both.

# %% slideshow={"slide_type": "fragment"}
def alternate(x, y, eta):
    return ...


exercises.gan.alternate.check(alternate)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def alternate(x, y, eta):
#     x = x - eta * y
#     y = y + eta * x
#     return x, y
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 5 · Counting modes
#
# `samples` is (n, 2), `centers` (m, 2). How many centres have at least one sample within `radius`?

# %% slideshow={"slide_type": "fragment"}
def covered(samples, centers, radius):
    return ...


exercises.gan.modes.check(covered)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def covered(samples, centers, radius):
#     distances = np.linalg.norm(samples[:, None] - centers, axis=-1)
#     return np.sum((distances <= radius).any(axis=0))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · Recap
#
# - Two players, one value. The discriminator's loss is cross entropy; the generator's is cross entropy
#   with the wrong label.
# - The best discriminator is $p/(p+q)$. Against it, the generator minimises $-\log 4 + 2\,\mathrm{JSD}$.
# - Taking turns can cycle for ever. Averages settle.
# - The losses do not tell how good the samples are. Measure something that does.
# - Mode collapse: all fakes in one place, and neither a loss nor an accuracy says so.
#
# **What still hurts.** Digits with specks, because fully connected layers know nothing of neighbours;
# a generator that may drop whatever it likes; a teacher that falls silent when it is best. Notebook 05
# mends the first with convolutions. Notebooks 06 and 07 take up the other two.
#
# ### References
#
# - Goodfellow et al. (2014), *Generative Adversarial Nets*, <https://arxiv.org/abs/1406.2661>
# - Goodfellow (2016), *NIPS 2016 Tutorial: Generative Adversarial Networks*,
#   <https://arxiv.org/abs/1701.00160>
# - Arjovsky & Bottou (2017), *Towards Principled Methods for Training Generative Adversarial Networks*,
#   <https://arxiv.org/abs/1701.04862>
# - Mescheder, Geiger & Nowozin (2018), *Which Training Methods for GANs do actually Converge?*,
#   <https://arxiv.org/abs/1801.04406>
# - Metz et al. (2017), *Unrolled Generative Adversarial Networks* (the ring of eight),
#   <https://arxiv.org/abs/1611.02163>
# - Yazıcı et al. (2019), *The Unusual Effectiveness of Averaging in GAN Training*,
#   <https://arxiv.org/abs/1806.04498>
# - Kingma & Ba (2015), *Adam*, <https://arxiv.org/abs/1412.6980>
