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
# # 14 · Diffusion
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/14_diffusion.ipynb)
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/14_diffusion.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/14_diffusion.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** announced by two decks as the next one; the slides end before it.
#
# After this notebook you can
#
# - jump from an image to any amount of noise in one step, and check the jump,
# - write the best denoiser of a finite set, and say why you do not want it,
# - train a network to stand in for it, as a game of one player,
# - write DDIM in two lines, and DDPM, Heun's method, inpainting and editing from the same equation,
# - buy obedience with variety by guidance, and measure both,
# - place every family of this course in one table.
#
# Sections 1 to 11 fit one long meeting or two short ones. *In depth*, behind them, holds the identities and the
# bound.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about a minute of processor time |
# | `cpu` | a laptop | 5 minutes of processor time |
# | `gpu` | the full recipe | not measured here |

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Set-up
#
# The first cell installs the course's package on Colab, and picks the backend before Keras is imported.
# Nothing below depends on which one it is.

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

# %% slideshow={"slide_type": "skip"} tags=["long"]
import time
from itertools import pairwise

import keras
import numpy as np
from keras import layers, ops

from course_utils import data, exercises, metrics, plots, pretrained
from course_utils.game import Average, Game, Player
from course_utils.games import denoising, diffusion
from course_utils.games.diffusion import Diffusion, denoiser_of, exact_denoiser, level
from course_utils.games.watching import largest_difference, restart
from course_utils.layers import PixelNormalization, SelfAttention2D
from course_utils.layers.initial import conv2d, dense
from course_utils.networks import diffusion as blocks
from course_utils.networks.outputs import outputs
from course_utils.plots import diffusion as figures, show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `toys` and `codes` count the iterations of sections 4 and 5, `samples` the images that are
# judged, `few` those that are made in pixels, `grid` the iterations of each run in section C of *In depth*, and
# `seeds` how often each is repeated.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 2_000, "held": 300, "toys": 100, "codes": 60, "width": 64, "samples": 100, "few": 24,
           "grid": 4, "seeds": 1},
    cpu={"images": 20_000, "held": 2_000, "toys": 2_000, "codes": 800, "width": 256, "samples": 1_000, "few": 200,
         "grid": 200, "seeds": 3},
    gpu={"images": 60_000, "held": 5_000, "toys": 5_000, "codes": 6_000, "width": 256, "samples": 5_000, "few": 1_000,
         "grid": 2_000, "seeds": 5},
)  # fmt: skip
telling = session.profile != "smoke"  # whether networks were trained for long enough to be judged

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# Digits and their labels, pixels from −1, paper, to 1, ink. The last ones train nothing in this notebook: they judge.

# %% slideshow={"slide_type": "fragment"}
digits, held = data.load("mnist", fallback="glyphs"), settings["held"]
x_all, y_all = data.scale(digits.x_train[-settings["images"]:]), digits.y_train[-settings["images"]:].astype("int32")
x_train, y_train, x_held, y_held = x_all[:-held], y_all[:-held], x_all[-held:], y_all[-held:]
x_test, shape = data.scale(digits.x_test[:held]), x_all.shape[1:]
judge = "glyphs" if "glyphs" in data.source("mnist").text else "mnist"
read = metrics.evaluator(judge)  # images in [-1, 1] -> (features, probabilities)
real = read(x_held)
print(data.source("mnist").text, x_train.shape, f"judge {read.name}")


def distance(images):
    """FD: the Fréchet distance between features of images and of those that were held back."""
    return float(metrics.frechet_distance(read(images).features, real.features))

# %% [markdown] slideshow={"slide_type": "notes"}
# FD is the one of notebook 08: two normal distributions are fitted to the features of a frozen classifier, and
# $\|\mu_1-\mu_2\|^2 + \mathrm{tr}(C_1 + C_2 - 2(C_1C_2)^{1/2})$ is their distance (Heusel et al., 2017). Ask: which
# families of this course have we not measured by it?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The way there
#
# Take an image and add a little noise, a thousand times. Each step keeps a share of the image and fills up the
# variance:
#
# $$z_i = \sqrt{1-\beta_i}\,z_{i-1} + \sqrt{\beta_i}\,\epsilon_i,\qquad \epsilon_i\sim\mathcal N(0, I).$$
#
# Sums of normal numbers are normal. So a thousand steps are *one* jump, with $\alpha$ of the image $x$ and $\sigma$
# of noise left:
#
# $$z = \alpha x + \sigma\epsilon,\qquad \alpha^2 = \prod_i(1-\beta_i),\qquad \sigma^2 = 1-\alpha^2 .$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is that so? Send 20,000 copies of one pixel, $x = 0.8$, through DDPM's thousand steps.

# %% slideshow={"slide_type": "fragment"}
rng, walkers = np.random.default_rng(0), 20_000
beta = np.linspace(1e-4, 0.02, 1_000)
alpha = np.sqrt(np.cumprod(1 - beta))
z, seen = np.full(walkers, 0.8), {}
for i, b in enumerate(beta, 1):
    z = np.sqrt(1 - b) * z + np.sqrt(b) * rng.standard_normal(walkers)
    if i in (1, 10, 100, 300, 1_000):
        seen[i] = z.mean(), z.std()
for i, (mean, deviation) in seen.items():
    a, s = alpha[i - 1], np.sqrt(1 - alpha[i - 1] ** 2)
    print(f"after {i:5} steps: mean {mean:7.4f}, jump {0.8 * a:7.4f};  deviation {deviation:.4f}, jump {s:.4f}")
    assert abs(mean - 0.8 * a) < 5 * s / np.sqrt(walkers), "five standard errors"
    assert abs(deviation / s - 1) < 5 / np.sqrt(2 * walkers)

# %% [markdown] slideshow={"slide_type": "subslide"}
# So we need no steps, only a *schedule*: $\alpha$ and $\sigma$ as functions of a time $t$ from 0, the image, to 1,
# noise. Three are in use. `linear` is the one above. `cosine` walks a quarter of a circle, and `straight` a line.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
times = np.linspace(0, 1, 9)
epsilon = np.random.default_rng(1).standard_normal(shape, dtype="float32")
strips = {
    name: np.stack([a * x_train[4] + s * epsilon for a, s in (level(schedule, t) for t in times)])
    for name, schedule in diffusion.SCHEDULES.items()
}
show(
    plots.image_rows(strips, low=-1.5, high=1.5, columns=[f"t = {t:.2f}" for t in times], width=12),
    alt="One digit with more and more noise from left to right, by three schedules. The linear one hides it first.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same image and the same noise in all rows. Under `linear` the digit is nearly gone half-way, so that the second
# half of the times teaches little; `cosine` was made to mend that (Nichol and Dhariwal, 2021).

# %% [markdown] slideshow={"slide_type": "notes"}
# Point at the column where you would no longer bet on the digit, row by row. Ask: what can a network learn from the
# columns to the right of it?

# %% slideshow={"slide_type": "fragment"}
steps = np.array([level(diffusion.linear, i / 1_000)[0] for i in (100, 500, 1_000)])
print("alpha after 100, 500 and 1,000 steps", alpha[[99, 499, 999]].round(4), "and by the formula", steps.round(4))
assert np.allclose(steps, alpha[[99, 499, 999]], rtol=0.06)
for name in ("cosine", "linear"):
    a, s = level(diffusion.SCHEDULES[name], 0.37)
    assert np.isclose(a**2 + s**2, 1), "the variance is kept"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · The way back, if you knew the data
#
# Suppose that the data are a finite set $x_1,\dots,x_M$. Somebody shows you $z$, with noise of a known amount. What
# is your best estimate of what is under it? In the sense of least squares it is the mean of all $x_i$, each weighted
# by how likely it has become this $z$:
#
# $$\hat x(z, t) = \sum_i w_i x_i,\qquad
# w = \operatorname{softmax}_i\Big(-\frac{\|z - \alpha x_i\|^2}{2\sigma^2}\Big).$$
#
# No network, no training: this *is* the best denoiser of these data.

# %% slideshow={"slide_type": "subslide"}
def best(z, t, members, schedule=diffusion.cosine):
    alpha, sigma = level(schedule, t)
    squares = np.square(z[:, None] - alpha * members).sum(-1)  # (N, M)
    logits = -squares / (2 * sigma**2)
    w = np.exp(logits - logits.max(1, keepdims=True))  # the largest is 1: nothing overflows
    return w / w.sum(1, keepdims=True) @ members


moons = data.toy("moons", 40, seed=1)
moons = (moons - moons.mean(0)) / moons.std(0)
some = rng.standard_normal((50, 2)).astype("float32")
assert np.allclose(best(some, 0.4, moons), exact_denoiser(moons)(some, 0.4), atol=1e-4)
print("the package's exact_denoiser is the same function")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And how do we get back from noise? Ask for the estimate $\hat x$. It says what the noise must be, $\hat\epsilon =
# (z-\alpha\hat x)/\sigma$. Mix both anew with a little less noise, and ask again.
#
# ### Exercise 1 · One step of the way back
#
# `z` is an array of noised images, and `x` an array of the same shape: what lies under the noise, by somebody's
# estimate. `now` is a pair (α, σ), so that z = α x + σ ε, and `then` is the pair of the next level, where less noise
# is left. Return z at the next level: the same x and the same ε, mixed as `then` says. The next cells use your
# function.

# %% slideshow={"slide_type": "fragment"}
def my_step(z, x, now, then):
    return ...


step = exercises.diffusion.ddim_step.use(my_step)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_step(z, x, now, then):
#     noise = (z - now[0] * x) / now[1]
#     return then[0] * x + then[1] * noise
# ```
#
# This is DDIM. The estimate of the image says what the noise must have been, and both are mixed anew with a little
# more image and a little less noise. Nothing is drawn, so the same z always leads to the same image.
#
# </details>

# %% slideshow={"slide_type": "subslide"}
def way_back(denoise, z, levels):
    """DDIM, and all that it passes on its way."""
    passed = [z]
    for now, then in pairwise(levels):  # a level is (t, α, σ)
        passed.append(step(passed[-1], denoise(passed[-1], now.t), now[1:], then[1:]).astype("float32"))
    return np.stack(passed)


levels = denoising.grid(diffusion.cosine, 200)
noise = np.random.default_rng(2).standard_normal((60, 2), dtype="float32")
paths = way_back(exact_denoiser(moons), noise, levels)
gap = np.linalg.norm(paths[-1][:, None] - moons, axis=2).min(1)
print(f"60 samples, distance to the nearest of the 40 points: at most {gap.max():.1e}")
assert np.allclose(paths[-1], denoising.ddim(exact_denoiser(moons), noise, levels), atol=1e-4), "the package's DDIM"
assert gap.max() < 0.02

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
coarse = way_back(exact_denoiser(moons), noise, denoising.grid(diffusion.cosine, 4))
drawn = np.random.default_rng(3)
wander = [noise]
for now, then in pairwise(levels):
    mean, deviation = denoising.posterior(wander[-1], exact_denoiser(moons)(wander[-1], now.t), now, then)
    wander.append(mean + deviation * drawn.standard_normal(mean.shape, dtype="float32"))
show(
    figures.ways({"DDIM, 200 steps": paths, "DDIM, 4 steps": coarse, "DDPM, 200 steps": np.stack(wander)}, moons),
    alt="Ways of 60 points from noise to two half moons of 40 grey points: smooth with 200 steps of DDIM, with corners "
        "in 4 steps, and a thicket of jagged lines with DDPM, which draws fresh noise at each step. DDIM's 200 steps "
        "end at grey points, its 4 steps often beside them.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Rings are the noise, dots where its way ends. DDIM draws nothing: a smooth way for each start. DDPM (Ho et al.,
# 2020) throws part of the noise away in each step and draws some afresh. With 200 steps both arrive at grey points.
# With 4 steps many dots stop short of them.

# %% [markdown] slideshow={"slide_type": "notes"}
# Follow one ring with the finger in the first two panels; the third is a thicket, and only its being jagged matters.
# Ask: why are DDIM's ways straight at first? (Under much noise the estimate is nearly the mean of all points, whatever
# z is.) Let everybody write down a number for exercise 2 before you go on.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise 2 · How many are copies?
#
# The best denoiser of 1,000 digits is used to draw new ones, with DDIM and 50 steps. Take the distance of each sample
# to the nearest of the 1,000 digits. For which share of the samples is it 0, but for rounding? Say a number between 0
# and 1, then run the next cells.

# %% slideshow={"slide_type": "fragment"}
my_share = ...

exercises.diffusion.copies.check(my_share)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_share = 1.0
# ```
#
# When σ is small, one digit has the weight 1 and all others 0, so the last estimate *is* that digit. The best
# denoiser of a finite set is a search engine for it. New images come from networks that fall short of it.
#
# </details>

# %% slideshow={"slide_type": "subslide"} tags=["long"]
def nearest(images, members):
    """The distance of each image to the nearest member, and which one that is."""
    rows, flat = images.reshape(len(images), -1), members.reshape(len(members), -1)
    squares = np.square(rows).sum(1)[:, None] - 2 * rows @ flat.T + np.square(flat).sum(1)  # (N, M)
    which = squares.argmin(1)
    return np.linalg.norm(rows - flat[which], axis=1), which


members = x_train[:1_000]
noise = np.random.default_rng(4).standard_normal((100, *shape), dtype="float32")
perfect = denoising.ddim(exact_denoiser(members), noise, denoising.grid(diffusion.cosine, 50))
gap, which = nearest(perfect, members)
other = nearest(x_held[:100], members)[0]
exercises.diffusion.copies.compare(np.mean(gap < 1e-2))
print(f"distance to the nearest of 1,000 digits: samples at most {gap.max():.1e}, "
      f"held-back digits at least {other.min():.1f}")  # fmt: skip
assert (gap < 1e-2).all() and other.min() > 100 * gap.max()

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.image_rows({"sample": perfect[:12], "nearest of 1,000": members[which[:12]]}, low=-1.0, width=12),
    alt="Twelve samples of the exact denoiser, and below each the nearest of the thousand digits: the same picture.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **The best denoiser never draws anything new.** It has learned its thousand digits by heart. So, with enough steps,
# whatever is new in the samples of a diffusion model is the *error* of its network against this formula. We call that
# error generalisation when we like it.

# %% [markdown] slideshow={"slide_type": "notes"}
# Wait here. Ask: is a model good that draws only what it was shown? And: what would you measure to find out whether
# your own model does so? (Distance to the nearest training image, beside that of held-back images.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · A network in its place
#
# So train a network to denoise: show it $z$ and $t$, ask what is under the noise. You may ask for the image, for the
# noise, or for any mixture $u = a\,x + b\,\epsilon$. It is all one, for $z$ and $u$ are two equations in $x$ and
# $\epsilon$:
#
# $$\hat x = \frac{b\,z - \sigma u}{\alpha b - \sigma a},\qquad
# \hat\epsilon = \frac{\alpha u - a z}{\alpha b - \sigma a}.$$
#
# | asked for | weight $a$ | weight $b$ | known as |
# |---|---|---|---|
# | the noise | 0 | 1 | DDPM's $L_\text{simple}$ |
# | the image | 1 | 0 | the denoiser of notebook 00 |
# | the velocity | $-\sigma$ | $\alpha$ | v-prediction |
# | the way from image to noise | −1 | 1 | flow matching |

# %% slideshow={"slide_type": "subslide"}
x, eps = rng.normal(size=(2, 5, 3))
for name, prediction in diffusion.PREDICTIONS.items():
    for schedule in diffusion.SCHEDULES.values():
        alpha, sigma = level(schedule, 0.3)
        a, b = prediction(alpha, sigma)
        z, u = alpha * x + sigma * eps, a * x + b * eps  # what is shown, and the right answer
        found = (b * z - sigma * u) / (alpha * b - sigma * a), (alpha * u - a * z) / (alpha * b - sigma * a)
        assert np.allclose(found[0], x) and np.allclose(found[1], eps)
    print(f"{name:8} gives back image and noise, on three schedules")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 4.1 The game
#
# > Draw images, a time for each, and noise. Mix. Move the network one step down the squared error of its answer.
#
# One player, no critic, nothing to balance. In a cell, for the velocity on the cosine schedule:

# %% slideshow={"slide_type": "fragment"}
class Ours(Game):
    def __init__(self, denoiser, seed=0):
        player = Player("denoiser", [denoiser], self.denoiser_loss, keras.optimizers.Adam(2e-3))
        super().__init__([player], seed=seed)
        self.denoiser = denoiser

    def denoiser_loss(self, x, training):
        n = ops.shape(x)[0]
        t = (ops.cast(ops.arange(n), "float32") + keras.random.uniform((), seed=self.seeds)) / ops.cast(n, "float32")
        epsilon = keras.random.normal(ops.shape(x), seed=self.seeds)
        alpha, sigma = (c[:, None] for c in diffusion.cosine(t))
        u = self.denoiser([alpha * x + sigma * epsilon, t[:, None]], training=training)
        return ops.mean(ops.square(u - (alpha * epsilon - sigma * x)))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The times of a batch are spread evenly, $t_i = (i + U)/N$ with one random $U$: each is uniform, and no batch has
# only late ones (Kingma et al., 2021). Is it the package's game?

# %% slideshow={"slide_type": "fragment"}
def plane_network():
    return blocks.denoising_mlp((2,), 64, 2)


points = data.toy("moons", 300, seed=0)
centre, spread = points.mean(0), points.std(0)
points = (points - centre) / spread
keras.utils.set_random_seed(session.seed)
game = Diffusion(plane_network(), optimizer=keras.optimizers.Adam(2e-3))
apart = largest_difference(Ours(plane_network()), game, points, batch_size=256)
print(f"largest difference of any weight after two iterations: {apart:.1e}")
assert apart < 1e-5, "ours is the package's game"

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.2 Train it on two moons
#
# 300 points. We know the best denoiser of these 300, so we can say at each $t$ how far the network is from it. And
# from 20,000 fresh points we know nearly the best denoiser of the *distribution*.

# %% slideshow={"slide_type": "fragment"}
game.compile(steps_per_execution=50)
game.fit(points, batch_size=256, epochs=1, steps_per_epoch=settings["toys"], verbose=0)
fresh = (data.toy("moons", 20_000, seed=7) - centre) / spread
trained, known = denoiser_of(game.denoiser), exact_denoiser(points)
gaps = {}
for t in (0.05, 0.1, 0.3, 0.5, 0.7, 0.9):
    alpha, sigma = level(diffusion.cosine, t)
    z = alpha * fresh[:500] + sigma * rng.standard_normal((500, 2)).astype("float32")
    truth = exact_denoiser(fresh[500:])(z, t)
    gaps[t] = [float(np.sqrt(np.mean(np.square(trained(z, t) - other)))) for other in (known(z, t), truth)]
    print(f"t = {t}: network to the best of 300 {gaps[t][0]:.3f}, to the best of the distribution {gaps[t][1]:.3f}")
if telling:
    assert max(max(pair) for pair in gaps.values()) < 0.15, "the points have deviation 1"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Distances are root mean squares. The points have deviation 1; the noise has 0.08 at the smallest $t$, so that
# $z/\alpha$ itself would be off by 0.08 there. The network is close to the formula, though at small $t$ less so than
# it looks. At the two smallest, where the 300 points can be told apart, this run is nearer to the best denoiser of the
# *distribution* than to that of the points it was trained on. Now draw from both.

# %% slideshow={"slide_type": "subslide"}
noise = np.random.default_rng(5).standard_normal((1_000, 2), dtype="float32")
clouds = {
    "best denoiser": denoising.ddim(known, noise, levels),
    "network": denoising.ddim(trained, noise, levels),
    "fresh points": fresh[:1_000],
}
reach = {name: np.median(np.linalg.norm(found[:, None] - points, axis=2).min(1)) for name, found in clouds.items()}
for name, gap in reach.items():
    print(f"{name:14} median distance to the nearest training point {gap:.5f}")
assert reach["best denoiser"] < 1e-3
if telling:
    assert 0.5 < reach["network"] / reach["fresh points"] < 2, "as far as points that were never seen"

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    figures.clouds(clouds, behind=points, size=6),
    alt="Samples of the best denoiser, of the network, and fresh points, each over the 300 training points: the first "
        "on top of them, the others spread between them; the network alone has strays between the moons.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The best denoiser hands out training points. By the median, the network's samples lie about as far from the training
# points as fresh ones do: that is what we want. A median does not see the strays between the moons, which fresh points
# do not have: they are error too, and nobody likes them. The network is not better than the formula at its task. It is
# *smoother*.

# %% [markdown] slideshow={"slide_type": "notes"}
# Compare the left and the middle panel. Ask: which of the two has the lower loss on the 300 points? (The left one, by
# construction.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Digits in half a minute
#
# Notebook 00 ended with a question. Its autoencoder's decoder draws fine digits from the codes of images, and rubbish
# from codes that we draw ourselves: nobody knows how codes are distributed. Now somebody can learn it. The frozen
# autoencoder turns each image into 16 numbers; we diffuse the 16 numbers.

# %% slideshow={"slide_type": "fragment"}
autoencoder = pretrained.load("ae-mnist-z16").networks
codes = outputs(autoencoder["encoder"], (x_train + 1) / 2, 500)[0]  # (N, 16)
mean, deviation = codes.mean(0), codes.std(0)


def decoded(codes):
    """Codes to images in [-1, 1]: 2 · sigmoid(logit) − 1 = tanh(logit / 2)."""
    return np.tanh(autoencoder["decoder"].predict(codes.astype("float32"), batch_size=500, verbose=0) / 2)


keras.utils.set_random_seed(session.seed)
network, average = (blocks.denoising_mlp((16,), settings["width"], 3, classes=10) for _ in range(2))
game = Diffusion(network, averages=[Average(network, average, 0.99)])
game.compile(steps_per_execution=20)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The labels go in as well. One in ten is hidden, so that the network also learns to do without; section 8 needs that.

# %% slideshow={"slide_type": "subslide"}
labels = np.arange(settings["samples"], dtype="int32") % 10
live = plots.Live(
    lambda: decoded(mean + deviation * game.sample(40, seed=0, labels=labels[:40], steps=20)),
    {"denoiser_loss": "denoiser"}, columns=10, low=-1.0, ylabel="mean squared error",
    alt="Forty digits, one column a class, and the loss of the denoiser of codes.",
)  # fmt: skip
game.fit(
    (codes - mean) / deviation, y_train, batch_size=256, epochs=4, steps_per_epoch=settings["codes"] // 4, verbose=0,
    callbacks=[live],
)  # fmt: skip

# %% slideshow={"slide_type": "fragment"}
draws = np.random.default_rng(6).standard_normal((settings["samples"], 16), dtype="float32")
found = {
    "N(0, I)": draws,
    "a fitted normal": mean + draws @ np.linalg.cholesky(np.cov(codes.T)).T,
    "diffusion": mean + deviation * game.sample(settings["samples"], 0, labels, steps=20),
    "codes of images": codes[: settings["samples"]],
}
pictures = {name: decoded(some) for name, some in found.items()}
live_scores = {name: distance(images) for name, images in pictures.items()}
for name, fd in live_scores.items():
    print(f"codes from {name:16} FD-{read.name} {fd:7.2f}")
if telling:
    normal, fitted, diffused, floor = live_scores.values()
    assert normal > 3 * fitted > 9 * diffused, "each step down is a factor of three at least"
    assert diffused < 2.5 * floor, "and the decoder is the floor"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({name: images[:12] for name, images in pictures.items()}, low=-1.0, width=12),
    alt="Twelve images decoded from codes of four sources. From a standard normal: blots. From a fitted normal: "
        "strokes, some digits. From the diffusion: digits. From codes of images: digits.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The four rows share one decoder. The normal distribution with the right mean and covariance is not enough. What is
# missing is the *shape* of the cloud. The last row is what the decoder makes of real codes: a sampler that was exactly
# right about the codes would get there, and the diffusion nearly does. *Latent diffusion* (Rombach et al., 2022), the
# idea of Stable Diffusion, is this, with a larger autoencoder, a U-Net and a text in place of the label.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Be fair to the normal: the diffusion was told the class. Ten normals, one a class, reach an FD of 1.1 (measured
# apart). So most of the shape is ten clumps, and half a minute of diffusion comes only a little closer. The long run
# of section 7 gets to the decoder's floor.

# %% [markdown] slideshow={"slide_type": "notes"}
# Run section 5 live: it takes half a minute of a core. While it runs, ask what the four rows will look like.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · In pixels
#
# Now without a decoder. The network sees 28×28 noised pixels, and answers with 28×28 numbers. It is a *U-Net*: down
# to a coarse grid, where each place sees the whole digit, and up again, where each block also sees what its mirror
# image on the way down has made. Time and class speak to every block, as they did in BigGAN's norms:
#
# $$h \mapsto (1 + a) \odot h + b,\qquad (a, b) \text{ linear in the embedding of } t \text{ and } y.$$

# %% slideshow={"slide_type": "subslide"}
WIDE = (32, 64)
z, t, c = keras.Input(shape), keras.Input((1,)), keras.Input((10,))
silu, join = keras.activations.silu, layers.Concatenate()
told = layers.Add()([dense(128)(blocks.time_features(t)), dense(128, use_bias=False)(c)])
told = silu(dense(128)(silu(told)))  # (N, 128): the time and the class
x0 = conv2d(32, 3, padding="same")(blocks.patches(z, shape, 2))  # (N, 14, 14, 32): 2×2 pixels a place
x1 = blocks.residual(x0, told, 32)
x2 = blocks.residual(conv2d(64, 3, strides=2, padding="same")(x1), told, 64)  # (N, 7, 7, 64)
x3 = blocks.residual(SelfAttention2D()(x2), told, 64)
x4 = blocks.residual(join([x3, x2]), told, 64)
x5 = blocks.residual(layers.Concatenate()([layers.UpSampling2D(2)(conv2d(32, 1)(x4)), x1]), told, 32)
u = layers.Conv2D(4, 3, padding="same")(silu(PixelNormalization()(x5)))  # (N, 14, 14, 4)
written = keras.Model([z, t, c], blocks.pixels(u, shape, 2))
print({name: tuple(x.shape[1:]) for name, x in {"x0": x0, "x2": x2, "x5": x5, "u": u}.items()})

# %% slideshow={"slide_type": "fragment"}
run = pretrained.load("diffusion-mnist")
pixels = run.networks["denoiser"]
written.set_weights(pixels.get_weights())
given = [x_train[:4] + rng.normal(size=(4, *shape)), np.full((4, 1), 0.3), np.eye(10)[:4]]
given = [part.astype("float32") for part in given]
ours, package = (ops.convert_to_numpy(ops.stop_gradient(one(given))) for one in (written, pixels))
print(f"{pixels.count_params():,} weights, largest difference to the package's {np.abs(ours - package).max():.1e}")
assert np.allclose(ours, package, atol=1e-4) and np.abs(package).max() > 0.1

# %% [markdown] slideshow={"slide_type": "subslide"}
# The weights are **shipped**: no laptop trains this in class. `training/diffusion.py` played the same game. Its
# guidance, and the moment that ships, were chosen by training images that it did not see. This run was stopped early,
# after 2,100 of 7,000 planned iterations, and its recipe says so.

# %% slideshow={"slide_type": "fragment"}
made, scores = run.recipe["settings"], run.recipe["scores"]
sampler = run.recipe["sampler"]["arguments"]
print(f"{made['iterations']:,} iterations of {made['batch_size']} images, {run.recipe['seconds'] / 60:.0f} minutes by "
      f"the clock on {run.recipe['machine']}")  # fmt: skip
print(f"FD {scores['FD-mnist-cnn']:.2f} with {scores['evaluations-an-image']} evaluations an image, "
      f"class read {scores['asked-class-read']:.1%}")  # fmt: skip
painter = denoiser_of(pixels, labels=np.arange(10), guidance=sampler["guidance"])
levels = denoising.grid(diffusion.cosine, 25)
start_noise = np.random.default_rng(8).standard_normal((10, *shape), dtype="float32")
film = way_back(painter, start_noise, levels)
guesses = np.stack([painter(z, now.t) for z, now in zip(film[:-1], levels)])

# %% slideshow={"slide_type": "subslide"} tags=["hide-input", "cover"]
shown = [0, 4, 8, 12, 15, 18, 21, 23, 25]
show(
    plots.image_rows({f"{k}": film[shown, k] for k in (0, 2, 3, 5, 8)}, low=-1.0, width=11,
                     columns=[f"t = {levels[i].t:.2f}" for i in shown]),
    alt="Five digits come out of the noise, from left to right over 25 steps.",
)  # fmt: skip

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({f"{k}": guesses[[0, 4, 8, 12, 15, 18, 21, 24], k] for k in (0, 2, 3, 5, 8)}, low=-1.0, width=11,
                     columns=[f"t = {levels[i].t:.2f}" for i in (0, 4, 8, 12, 15, 18, 21, 24)]),
    alt="What the network believes to be under the noise on the same way: first a blurred digit, like the mean of its "
        "class, then a digit whose details settle.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# First $z$ on its way, then the estimate $\hat x$ on the same way. Out of pure noise the best guess is the mean of the
# class, as the formula of section 3 says. The network's is near it; guidance (section 8) makes it a little bolder.
# Coarse things are settled first and details last.

# %% slideshow={"slide_type": "fragment"}
first = guesses[0]
means = np.stack([x_train[y_train == k].mean(0) for k in range(10)])
closest = np.square(first[:, None] - means).mean((2, 3, 4)).argmin(1)
print("the first guess for 0 to 9 is nearest to the mean image of", closest)
if judge == "mnist" and telling:
    assert (closest == np.arange(10)).mean() >= 0.8

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
sheet = run.sample(60, seed=1, labels=np.arange(60) % 10)
show(plots.image_grid(sheet, columns=20, low=-1.0, width=11), alt="Sixty digits of the shipped weights, 0 to 9.")

# %% [markdown] slideshow={"slide_type": "notes"}
# Cover the right half of the first strip. At which column can the class be read by eye? In the second strip it can
# be read much earlier.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · How many steps?
#
# The samplers share one equation, $dz = \hat x\,d\alpha + \hat\epsilon\,d\sigma$. DDIM is Euler's step of it. Heun's
# method (Karras et al., 2022) takes the step, looks again, and goes by the mean of both looks: two evaluations a
# step. DDPM puts fresh noise in place of a part of $\hat\epsilon$. We compare at equal *evaluations* of the network, in
# codes, with the shipped long run of section 5's game.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
long = pretrained.load("diffusion-codes")
shift, scale = (np.array(long.recipe["sampler"]["arguments"][name]) for name in ("mean", "deviation"))
budgets, n = (2, 4, 10, 20, 50), settings["samples"]
z = np.random.default_rng(9).standard_normal((n, 16), dtype="float32")
latent = denoiser_of(long.networks["denoiser"], labels=labels)
ways = {
    "DDPM": lambda k: denoising.ddpm(latent, z, denoising.grid(diffusion.cosine, k), seed=0),
    "DDIM": lambda k: denoising.ddim(latent, z, denoising.grid(diffusion.cosine, k)),
    "Heun": lambda k: denoising.heun(latent, z, denoising.grid(diffusion.cosine, (k + 1) // 2)),
}
curve = {name: [distance(decoded(shift + scale * sampler(k))) for k in budgets] for name, sampler in ways.items()}
for name, values in curve.items():
    print(f"{name}: " + ", ".join(f"{k} evaluations FD {fd:.2f}" for k, fd in zip(budgets, values)))
if telling and judge == "mnist":
    assert curve["DDIM"][2] < 1.2 * curve["DDIM"][-1], "ten steps are nearly enough"
    assert all(values[0] > 2 * min(values) for values in curve.values()), "two are not"

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
told_curve = "; ".join(f"{name} " + ", ".join(f"{v:.2f}" for v in values) for name, values in curve.items())
show(
    figures.against(budgets, {"FD": curve}, "evaluations of the network", width=8, logarithmic=("FD",)),
    alt=f"FD against the evaluations 2, 4, 10, 20, 50: {told_curve}.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two evaluations are too few for all three; Heun suffers most, for two buy it a single step. From ten on nothing is
# gained here: what is left is the decoder's share, and the methods differ by less than 0.1. All start from one draw of
# noise, so do not read more into so small a difference. On CIFAR-10 more steps pay for longer: there DDIM has FID 13.4,
# 6.8, 4.7 and 4.2 at 10, 20, 50 and 100 steps (Song et al., 2021, quoted from memory).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 7.1 There and back
#
# DDIM draws nothing, so its way can be walked in the other direction: from an image to the noise that it comes from.
# An encoder that nobody trained. (What it finds is not N(0, I): the deviation printed below is about a half. Most
# pixels of a digit are exactly −1, and where nothing varies there is nothing to encode.)

# %% slideshow={"slide_type": "fragment"}
k = 24 if telling else 4
known_as = denoiser_of(pixels, labels=y_held[:k])
errors, returns = {}, {}
for steps in (5, 20, 80) if telling else (5, 20):
    code = denoising.invert(known_as, x_held[:k], diffusion.cosine, steps)
    returns[f"{steps} steps"] = denoising.ddim(known_as, code, denoising.grid(diffusion.cosine, steps))
    errors[steps] = float(np.sqrt(np.mean(np.square(returns[f"{steps} steps"] - x_held[:k]))))
    print(f"{steps:3} steps there and back: error {errors[steps]:.3f} a pixel; the noise that it comes from has mean "
          f"{code.mean():.3f} and deviation {code.std():.3f}")  # fmt: skip
if judge == "mnist":
    assert all(later < earlier for earlier, later in pairwise(errors.values())), "finer steps come back nearer"
    assert not telling or errors[80] < 0.2 * errors[5]

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
width = min(k, 10)
show(
    plots.image_rows({"image": x_held[:width]} | {name: back[:width] for name, back in returns.items()}, low=-1.0),
    alt="Images that were held back, and what comes back from the noise that DDIM encodes them in: with 5 steps some "
        "have another shape, with 80 they look the same.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Guidance
#
# Ask the network twice, with the class and without, and exaggerate the difference (Ho and Salimans, 2021):
#
# $$u = u(z, t, \varnothing) + w\,\big(u(z, t, y) - u(z, t, \varnothing)\big).$$
#
# $w = 0$ leaves the class out, $w = 1$ follows it, more exaggerates. What does it buy, and what does it cost?

# %% slideshow={"slide_type": "fragment"}
weights = (0.0, 1.0, 1.5, 2.0, 4.0, 8.0)
sweep = {name: [] for name in ("FD", "precision", "recall", "asked class")}
shown = {}
for w in weights:
    guided = denoiser_of(long.networks["denoiser"], labels=labels, guidance=w)
    images = decoded(shift + scale * denoising.ddim(guided, z, denoising.grid(diffusion.cosine, 20)))
    answer, shown[f"w = {w:g}"] = read(images), images[4:124:10] if len(images) > 120 else images[4::10]
    near = metrics.precision_recall(real.features[:n], answer.features)
    asked = np.mean(answer.probabilities.argmax(1) == labels)
    fd = float(metrics.frechet_distance(answer.features, real.features))
    for name, value in zip(sweep, (fd, near.precision, near.recall, asked)):
        sweep[name].append(float(value))
for name, values in sweep.items():
    print(f"{name:12}", " ".join(f"{value:7.3f}" for value in values))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows(shown, low=-1.0, width=9),
    alt="Twelve samples a row, a row a guidance, asked for a 4. At w = 0 any digit; the lower the row, the more alike.",
)
told_sweep = "; ".join(f"{name} " + ", ".join(f"{v:.2f}" for v in values) for name, values in sweep.items())
show(
    figures.against(
        weights,
        {"Fréchet distance": {"FD": sweep["FD"]},
         "shares": {name: sweep[name] for name in ("precision", "recall", "asked class")}},
        "guidance w", width=10,
    ),
    alt=f"FD, precision, recall and the share read as the class asked for, by guidance 0 to 8: {told_sweep}.",
)  # fmt: skip

# %% slideshow={"slide_type": "fragment"}
if telling and judge == "mnist":
    assert sweep["asked class"][0] < 0.2 < 0.9 < sweep["asked class"][1] <= sweep["asked class"][3] + 0.01
    assert sweep["recall"][-1] < sweep["recall"][1] - 0.2 and sweep["precision"][3] > sweep["precision"][1]
    assert sweep["FD"][-1] > 2 * min(sweep["FD"]), "too much of it"
best_w = weights[int(np.argmin(sweep["FD"]))]
print(f"FD is lowest at w = {best_w:g}, asked class {sweep['asked class'][weights.index(best_w)]:.1%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Precision* is the share of samples that lie among real images, *recall* the share of real images that lie among
# samples. Guidance makes the class sure and precision rise, up to $w = 2$; recall falls all the way. It is the trade
# of BigGAN's truncation in notebook 08. At $w = 8$ precision falls as well: the samples leave the data. FD minds
# everything. It is lowest near $w = 1$, where the class is followed and not exaggerated. At $w = 0$ it is worse,
# perhaps because only one label in ten was hidden: the network had little practice in doing without. The long run's
# own choice was $w = 1.25$.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask before you show the curves: which of the four numbers will get worse? Then put 08's truncation beside it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · Editing
#
# A GAN makes an image in one pass, and nobody can interfere. Here there are 25 steps, and between two of them we may
# do what we like. *Inpainting*: after each step, put the known pixels back, with as much noise as belongs there
# (Lugmayr et al., 2022). Each step is taken three times (`repeats`), so that both halves can agree.

# %% slideshow={"slide_type": "fragment"}
mask = np.ones(shape, "float32")
mask[14:] = 0  # the lower half is missing
k = settings["few"] // 4
originals, truth = np.repeat(x_held[:k], 4, axis=0), np.repeat(y_held[:k], 4)
free = denoiser_of(pixels)  # it is not told the class
z = np.random.default_rng(10).standard_normal(originals.shape, dtype="float32")
filled = denoising.inpaint(free, z, denoising.grid(diffusion.cosine, 25), originals, mask, seed=0, repeats=3)
as_before = np.mean(read(filled.clip(-1, 1)).probabilities.argmax(1) == truth)
print(f"known half unchanged: {np.array_equal(filled[:, :14], originals[:, :14])}; "
      f"read as the digit it was: {as_before:.0%} of {len(filled)} (chance: about 10%)")  # fmt: skip
assert np.array_equal(filled[:, :14], originals[:, :14])
assert not (telling and judge == "mnist") or as_before > 0.45  # their upper halves alone: 36%

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
some = x_held[: min(k, 9)]
rows = {"image": some, "known": np.where(mask, some, 0.0)}
rows |= {f"filled {j + 1}": filled[j::4][: len(some)] for j in range(4)}
show(
    plots.image_rows(rows, low=-1.0, width=9),
    alt="Digits, their upper halves, and four lower halves each that were drawn to fit them: most strokes go on across "
        "the seam, many make another digit, and some lower halves are blots.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# An upper half fits several digits, so another digit is no mistake. A blot is one. With the lower half left white the
# judge reads only 36% of these 50 as their digit (measured apart): the fillings do bring it nearer to the truth.

# %% [markdown] slideshow={"slide_type": "subslide"}
# *SDEdit* (Meng et al., 2022) is even simpler. Noise a sketch up to some time, and go back from there. What the noise
# has hidden, the network invents.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def scribble(*lines):
    """An image of straight strokes (row, column, row, column), all of one width, in grey."""
    rows, columns = np.mgrid[:28, :28]
    ink = np.zeros((28, 28))
    for r0, c0, r1, c1 in lines:
        for s in np.linspace(0, 1, 40):
            ink = np.maximum(ink, np.hypot(rows - r0 - s * (r1 - r0), columns - c0 - s * (c1 - c0)) < 1.3)
    return (1.4 * ink - 1.0)[..., None].astype("float32")


one, four = [(5, 14, 23, 14)], [(5, 10, 14, 8), (14, 8, 14, 20), (5, 18, 23, 18)]
seven, zero = [(6, 8, 6, 20), (6, 20, 23, 12)], [(5, 9, 5, 19), (5, 19, 22, 19), (22, 19, 22, 9), (22, 9, 5, 9)]
drawn_classes = np.repeat([1, 4, 7, 0], 5)
scribbles = np.repeat(np.stack([scribble(*lines) for lines in (one, four, seven, zero)]), 5, axis=0)
sketching = denoiser_of(pixels, labels=drawn_classes)
edits, moved = {}, {}
for begin in (0.2, 0.5, 0.8):
    edits[begin] = denoising.edit(sketching, scribbles, denoising.grid(diffusion.cosine, 25, begin), seed=0)
    moved[begin] = float(np.sqrt(np.square(edits[begin] - scribbles).mean((1, 2, 3))).mean())
    print(f"start {begin}: {moved[begin]:.2f} away from the scribble, a pixel")
assert all(nearer < further for nearer, further in pairwise(moved.values()))

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
rows = {"scribble": scribbles[::5].repeat(3, 0)} | {
    f"start {begin}": found.reshape(4, 5, *shape)[:, :3].reshape(12, *shape) for begin, found in edits.items()
}
show(
    plots.image_rows(rows, low=-1.0, width=11),
    alt="A one, a four, a seven and a zero of straight strokes, and what comes of each, three times, from three "
        "starts. A start at a small t keeps the strokes, one at a large t redraws them: one zero has become an eight.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The smaller the $t$ of the start, the more of the scribble stays; the larger, the more it looks like handwriting, and
# the more goes wrong. Exercise 4 asks where you would start.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · When it fails: a schedule that does not end in noise
#
# Suppose a schedule stops too soon, so that at $t = 1$ there is still some image left. In training the network always
# sees it. When we draw, we start from pure noise: and the network reads *absence* of image as an image. Nothing has
# to be trained to show it. We start the sampler below $t = 1$, from noise alone, as such a schedule would; once with
# the formula of section 3 and once with the shipped network.

# %% slideshow={"slide_type": "fragment"}
n = settings["few"]
z = np.random.default_rng(11).standard_normal((n, *shape), dtype="float32")
ink, table = lambda images: images.mean((1, 2, 3)), {}
wanted = np.arange(n) % 10
for begin in (1.0, 0.8, 0.6):
    left = level(diffusion.cosine, begin)[0]
    grid = denoising.grid(diffusion.cosine, 25, begin)
    formula = denoising.ddim(exact_denoiser(members), z, grid)
    short = denoising.ddim(denoiser_of(pixels, labels=wanted), z, grid)
    table[begin] = ink(formula), ink(short), distance(short.clip(-1, 1)), short[:12]
    print(f"image left at the end {left:.2f}: mean pixel, formula {ink(formula).mean():.3f}, network "
          f"{ink(short).mean():.3f}; FD of the network's samples {table[begin][2]:.1f}")  # fmt: skip
print(f"mean pixel of the digits {ink(members).mean():.3f}")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
rows = {f"{level(diffusion.cosine, begin)[0]:.2f} left": images for begin, (*_, images) in table.items()}
show(
    plots.image_rows(rows, low=-1.0, width=11),
    alt="Twelve digits from the same noise for three ends of the schedule. The more image is left at the end, the "
        "more ink they have, and the more blots.",
)  # fmt: skip

# %% slideshow={"slide_type": "fragment"}
error = np.hypot(table[1.0][0].std(), ink(members).std()) / np.sqrt(n)
if judge == "mnist":
    assert table[0.6][0].mean() - table[1.0][0].mean() > 3 * error, "the formula's digits have too much ink"
if judge == "mnist" and telling:
    assert table[0.6][1].mean() - table[1.0][1].mean() > 3 * table[1.0][1].std() / np.sqrt(n)
    assert table[0.6][2] > 2 * table[1.0][2]

# %% [markdown] slideshow={"slide_type": "fragment"}
# A digit is mostly paper: its mean pixel is far below 0, and that of noise is 0. So noise looks to the network like a
# page with more ink than it has ever seen, and it draws too much ink. Even the *exact* denoiser does: this part would
# stay, however long we train. It only chooses digits with more ink, though; the blots are the network's own. And the
# start below $t = 1$ alone does no harm: section 9 started there as well, with image in the noise, and got digits. In
# colour the same fault makes pictures that are never quite dark or quite bright (Lin et al., 2024).

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask: would training longer help? Point at the formula's numbers: it has no training at all, and has too much ink as
# well, if less. The FDs here are those of few samples, and higher for it: compare them with each other only.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 11 · The table of all families
#
# Nine models of this course on the same digits, judged by the same frozen network. FD is read from the recipes: 10,000
# samples against the 10,000 test images, and 5,000 of the diffusion in pixels, which makes its FD a little larger. What
# each can answer is a matter of how it is made.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
families = {  # name: weights, p(x), p(z|x), can it complete
    "VAE": ("vae-mnist-z16", "bound", "yes", "no"),
    "adversarial autoencoder": ("aae-mnist-gaussian", "no", "yes", "no"),
    "ALAE": ("alae-mnist", "no", "yes", "no"),
    "GAN": ("gan-mnist", "no", "no", "no"),
    "DCGAN": ("dcgan-mnist", "no", "no", "no"),
    "WGAN-GP": ("wgan-gp-mnist", "no", "no", "no"),
    "BigGAN": ("biggan-mnist", "no", "no", "no"),
    "diffusion, codes": ("diffusion-codes", "no", "nearly", "no"),
    "diffusion, pixels": ("diffusion-mnist", "bound", "nearly", "yes"),
}
line, table = "{:24} {:>6} {:>6} {:>9}  {:6} {:7} {}", {}
print(line.format("", "FD", "IS", "ms/image", "p(x)", "p(z|x)", "completes"))
for name, (stored, *answers) in families.items():
    found = pretrained.load(stored)
    found.sample(20, seed=0)  # the first call compiles
    began = time.process_time()
    found.sample(settings["few"], seed=0)
    cost = 1000 * (time.process_time() - began) / settings["few"]
    table[name] = found.recipe["scores"]["FD-mnist-cnn"], cost
    inception = found.recipe["scores"]["IS-mnist-cnn"]
    print(line.format(name, f"{table[name][0]:.2f}", f"{inception:.2f}", f"{cost:.1g}", *answers))

# %% slideshow={"slide_type": "fragment"}
floor = pretrained.load("biggan-mnist").recipe["scores"]["FD-mnist-cnn-of-training-images"]
print(f"FD of as many training images {floor:.3f}: the least that can be hoped for")
assert table["BigGAN"][0] < table["GAN"][0] and table["diffusion, codes"][0] < table["VAE"][0]
assert table["diffusion, pixels"][1] > 3 * table["DCGAN"][1], "many passes against one"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Milliseconds are processor time on this machine, one significant digit. *Yes* under $p(z|x)$ is an encoder: the VAE's
# gives a distribution, the others' one code. *Nearly* is DDIM's inversion of section 7.1: one code, many passes, and
# not quite from N(0, I). *Completes* means: fits the rest of an image to a given part without being trained for it,
# and without a search among codes. In pixels the many passes of a diffusion cost more than the one of any GAN here; in
# codes the network is so small that they cost as much as BigGAN's one. What the many buy is that one can interfere.

# %% [markdown] slideshow={"slide_type": "notes"}
# Fill the last two columns together before you show them. Ask for each yes how it is done.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In depth
#
# ### A · One family
#
# On the cosine schedule the velocity is what it says: the derivative of $z = \cos\varphi\,x + \sin\varphi\,\epsilon$
# with respect to the angle is $\cos\varphi\,\epsilon - \sin\varphi\,x$. On the straight schedule the derivative with
# respect to $t$ is $\epsilon - x$, the target of flow matching (Lipman et al., 2023). So flow matching is the
# straight-line case.

# %% slideshow={"slide_type": "fragment"}
x, eps = rng.normal(size=(2, 6))
cases = {
    "v on the circle": (diffusion.cosine, diffusion.velocity, 0.996 * np.pi / 2),  # dφ/dt
    "flow on the line": (diffusion.straight, diffusion.flow, 1.0),
}
for name, (schedule, prediction, speed) in cases.items():
    before, after = (np.array(level(schedule, 0.4 + h)) for h in (-0.01, 0.01))
    slope = (after - before) / 0.02  # of α and σ
    a, b = prediction(*level(schedule, 0.4))
    apart = np.abs(slope[0] * x + slope[1] * eps - speed * (a * x + b * eps)).max()
    print(f"{name:17} target against the derivative of the way: {apart:.1e}")
    assert apart < 2e-3

# %% [markdown] slideshow={"slide_type": "subslide"}
# And an image estimate made under one name can be read under any other. The answer of our $v$-network, turned into
# the noise that it implies, solves the same equations:

# %% slideshow={"slide_type": "fragment"}
alpha, sigma = level(diffusion.cosine, 0.5)
z = alpha * x_held[:4] + sigma * start_noise[:4]
x_hat = denoiser_of(pixels, labels=y_held[:4])(z, 0.5)
eps_hat = (z - alpha * x_hat) / sigma
for prediction in diffusion.PREDICTIONS.values():
    a, b = prediction(alpha, sigma)
    again = diffusion.estimates(z, a * x_hat + b * eps_hat, (a, b), alpha, sigma)
    assert np.allclose(again[0], x_hat, atol=1e-4) and np.allclose(again[1], eps_hat, atol=1e-4)
print("one answer, four names")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## B · The bound
#
# Diffusion is a VAE with a fixed encoder: $q$ adds noise in $T$ steps, $p$ takes it away in $T$ steps. Its ELBO has
# one term a step, a KL divergence between two normal distributions of equal variance. With SNR $= \alpha^2/\sigma^2$
# it is
#
# $$L_i = \tfrac12\big(\mathrm{SNR}(t_{i-1}) - \mathrm{SNR}(t_i)\big)\,\|x - \hat x\|^2 .$$
#
# So the ELBO and $L_\text{simple}$ are the same squared error with other weights over $t$ (Kingma et al., 2021).

# %% slideshow={"slide_type": "fragment"}
now, then = denoising.grid(diffusion.cosine, 1_000)[600:602]
x, x_hat, z = rng.normal(size=(3, 50))
middle, width_of = denoising.posterior(z, x, now, then)
guess, _ = denoising.posterior(z, x_hat, now, then)
snr = lambda at: at.alpha**2 / at.sigma**2  # noqa: E731
kl = np.square(middle - guess).sum() / (2 * width_of**2)
print(f"KL of the two steps {kl:.6f}, by the formula {0.5 * (snr(then) - snr(now)) * np.square(x - x_hat).sum():.6f}")
assert np.isclose(kl, 0.5 * (snr(then) - snr(now)) * np.square(x - x_hat).sum(), rtol=1e-3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three parts make the bound: what noise at $t = 1$ still tells about $x$, the sum over steps, and what it costs to
# tell the 256 grey values apart at $t = 0$. In bits per pixel, on images that were held back:

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def bound(x, labels, looks=60, T=1_000):
    """The parts of −ELBO in bits a pixel (8-bit pixels), and the terms by t."""
    denoise, pixel_count = denoiser_of(pixels, labels=labels), x[0].size
    draw, terms = np.random.default_rng(12), {}
    edges = np.linspace(0, T, looks + 1).astype(int)
    for low, high in pairwise(edges):  # a step from each stretch stands for all of it
        i = int(draw.integers(low, high)) + 1
        now, then = (denoising.Level(j / T, *level(diffusion.cosine, j / T)) for j in (i, i - 1))
        z = now.alpha * x + now.sigma * draw.standard_normal(x.shape, dtype="float32")
        miss = np.square(x - denoise(z.astype("float32"), now.t)).sum((1, 2, 3)).mean()
        terms[now.t] = (high - low) * 0.5 * (snr(then) - snr(now)) * miss
    alpha, sigma = level(diffusion.cosine, 1.0)
    prior = 0.5 * np.sum(alpha**2 * x**2 + sigma**2 - 1 - np.log(sigma**2)) / len(x)
    alpha, sigma = level(diffusion.cosine, 0.0)
    x = x[:24]  # 256 numbers a pixel
    z, grey = alpha * x + sigma * draw.standard_normal(x.shape), np.linspace(-1, 1, 256)
    logits = -np.square(z[..., None] - alpha * grey) / (2 * sigma**2)
    top = logits.max(-1)
    right = -np.square(z - alpha * x) / (2 * sigma**2) - top - np.log(np.exp(logits - top[..., None]).sum(-1))
    bits = 1 / (np.log(2) * pixel_count)
    ends = {"at t = 1": prior * bits, "at t = 0": -right.sum() / len(x) * bits}
    return ends | {"steps": sum(terms.values()) * bits}, terms


parts, terms = bound(x_held[: settings["few"]], y_held[: settings["few"]])
grey = np.round((x_train.reshape(len(x_train), -1) + 1) * 127.5).astype(int)
levels_of = np.round((x_held.reshape(len(x_held), -1) + 1) * 127.5).astype(int)
counts = np.stack([np.bincount(column, minlength=256) for column in grey.T]) + 1e-2  # each pixel by itself
alone = -np.log2(counts / counts.sum(1, keepdims=True))[np.arange(counts.shape[0]), levels_of].mean()
print("bits a pixel:", ", ".join(f"{name} {value:.3f}" for name, value in parts.items()))
print(f"the bound, in all: {sum(parts.values()):.3f}")
print(f"each pixel by its own histogram: {alone:.3f};  uniform: 8")
early = sum(term for t, term in terms.items() if t < 0.1) / sum(terms.values())
print(f"share of the steps that lies at t < 0.1: {early:.0%}")
assert early > 0.6 or judge != "mnist"

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
at = sorted(terms)
show(
    figures.against(
        at, {"share of the bound": {"steps": [terms[t] / sum(terms.values()) for t in at]}}, "t", even=False, width=8
    ),
    alt="The share of each stretch of t in the steps, as estimated: most of it lies below t = 0.1, at little noise.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Most bits are spent at small $t$, on the exact grey value of each pixel, which no eye sees. $L_\text{simple}$ puts
# its weight where images are decided. So look at the numbers again: this network's bound is *worse* than what a
# histogram for each pixel reaches, and yet it draws digits, which histograms never do. A good picture and a good bound
# are two things. These are bits for 8-bit pixels given the class; the nats of notebook 01 are for *binarised* ones and
# do not compare.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Take the sum with care. The terms grow steeply towards $t = 0$, and one random step stands for all of the first
# stretch: another draw could double the number or more. With every one of the first fifty steps the sum is 2.8 bits and
# the bound 3.2, with 91% of the steps at $t < 0.1$ (measured apart). What was said holds, and by more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## C · Which prediction, which schedule?
#
# Six games on the codes of section 5, alike but for what is asked and for the schedule, each with the same number of
# iterations and the same seeds. The measure is the Fréchet distance of the codes themselves to codes of held-back
# images.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
held_codes = outputs(autoencoder["encoder"], (x_held + 1) / 2, 500)[0]
scaled, judged_by = (codes - mean) / deviation, (held_codes - mean) / deviation


def code_game(prediction, schedule, seed):
    keras.utils.set_random_seed(seed)
    return Diffusion(blocks.denoising_mlp((16,), 96, 2), prediction, schedule, seed=seed)


asked_for, outcome = ("noise", "image", "velocity") if telling else ("velocity",), {}
for asked in asked_for:
    for scheduled in ("cosine", "linear"):
        how = diffusion.PREDICTIONS[asked], diffusion.SCHEDULES[scheduled]
        game, outcome[asked, scheduled] = code_game(*how, 0), []
        game.compile(steps_per_execution=20, jit_compile=keras.backend.backend() == "jax")
        for seed in range(settings["seeds"]):
            restart(game, code_game(*how, seed))
            game.fit(scaled, batch_size=256, epochs=1, steps_per_epoch=settings["grid"], verbose=0)
            fakes = game.sample(len(judged_by), seed, steps=20)
            outcome[asked, scheduled].append(float(metrics.frechet_distance(fakes, judged_by)))
        game.release()
        print(f"{asked:8} {scheduled:6}", " ".join(f"{fd:6.3f}" for fd in outcome[asked, scheduled]))

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.dots(
        {name: [outcome[asked, name] for asked in asked_for] for name in ("cosine", "linear")}, list(asked_for),
        logarithmic=True,
    ),
    alt="Fréchet distance of codes by prediction and schedule, a dot a seed: "
    + "; ".join(f"{a} {b} " + ", ".join(f"{v:.2f}" for v in values) for (a, b), values in outcome.items()) + ".",
)  # fmt: skip
assert all(np.isfinite(values).all() for values in outcome.values())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each dot is a run, and the axes are logarithmic, each with its own range. After so few iterations the velocity is
# ahead on both schedules, and the noise fails. Why? At $t = 1$ its answer is divided by $\alpha$, which is 0.003 on
# the cosine schedule and 0.007 on the linear one: a small error becomes a huge $\hat x$. DDPM trains for longer and
# clips $\hat x$. On the velocity, `cosine` is ahead of `linear` in all three pairs of runs with one seed; on the
# image, in two.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## D · What the long run went on learning
#
# `diffusion-mnist-stage` is the shipped run after two thirds of its iterations. On the same held-back images, times and
# noise, how much better is the end? (About a twentieth, at all four times. The stage's FD below is one without guidance
# and of fewer samples: do not set it beside the 0.64 of section 6.)

# %% slideshow={"slide_type": "fragment"} tags=["long"]
stage = pretrained.load("diffusion-mnist-stage")
print(f"after {stage.recipe['settings']['iterations']:,} iterations: FD "
      f"{stage.recipe['scores']['FD-mnist-cnn-1000']:.1f} of 1,000 samples without guidance")  # fmt: skip


def fixed_loss(network, n=100):
    draw, total = np.random.default_rng(13), []
    for t in (0.2, 0.4, 0.6, 0.8):
        alpha, sigma = level(diffusion.cosine, t)
        z = alpha * x_held[:n] + sigma * draw.standard_normal((n, *shape), dtype="float32")
        total.append(np.square(x_held[:n] - denoiser_of(network, labels=y_held[:n])(z, t)).mean())
    return np.array(total)


losses = {"stage": fixed_loss(stage.networks["denoiser"]), "shipped": fixed_loss(pixels)}
for name, values in losses.items():
    print(f"{name:8} squared error of the estimate at t = 0.2, 0.4, 0.6, 0.8:", values.round(4))
if judge == "mnist":
    assert losses["shipped"].mean() < losses["stage"].mean(), "the long run has gone on learning"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn
#
# Exercises 1 and 2 stand in section 3. Fill in the dots and run the cell. The check says what is wrong,
# `exercises.diffusion.guide.hint()` gives a hint, and the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Repair a guide
#
# A network is asked twice, with the class and without; both answers are arrays of one shape. Guidance w should leave
# the class out for w = 0, follow it for w = 1 and exaggerate it beyond. With this code the answers grow and grow
# instead, and w = 1 is not the answer with the class. Find the fault and repair it.

# %% slideshow={"slide_type": "fragment"}
def my_guided(with_class, without, w):
    return without + w * with_class


exercises.diffusion.guide.check(my_guided)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_guided(with_class, without, w):
#     return without + w * (with_class - without)
# ```
#
# Guidance walks along the line through both answers and beyond the second. The two weights, 1 − w and w, add up to 1,
# so an answer that does not depend on the class stays what it is. In the broken code they add up to 1 + w: everything
# grows.
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Where to start an edit
#
# The lecture turns scribbles into digits from a few starts. Take at least four, one of at most 0.3 and one of at
# least 0.8, and measure two numbers for each, over all scribbles: the share of results that the judge reads as the
# class of the scribble, and the mean distance of the result to the scribble. Fill a dict, `{start: (share,
# distance)}`, and write in a sentence or two which start you would take, and why there is no best one.

# %% slideshow={"slide_type": "fragment"}
my_starts = ...
my_choice = ...

exercises.diffusion.starts.check(my_starts, my_choice)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_starts = {}
# for start in (0.2, 0.4, 0.6, 0.8, 1.0):
#     found = denoising.edit(sketching, scribbles, denoising.grid(diffusion.cosine, 25, start), seed=0)
#     share = np.mean(read(found.clip(-1, 1)).probabilities.argmax(1) == drawn_classes)
#     my_starts[start] = float(share), float(np.sqrt(np.square(found - scribbles).mean((1, 2, 3))).mean())
# my_choice = "A start near 0.6: it still reads as what was drawn; earlier starts keep more, later ones forget more."
# ```
#
# The start says how much noise is laid over the scribble. What the noise hides the network invents, and what it
# leaves the network keeps. So one number moves between faithful and realistic, and which mixture is best depends on
# what the edit is for. The share alone does not tell you: the scribbles themselves are read as their class, and the
# network is told it. Look at the pictures for how real they are.
#
# A good answer says:
#
# - It names both numbers at the smallest and at the largest start.
# - It says that the distance grows with the start: more noise forgets more of the scribble.
# - It says that realism and faithfulness are bought from each other, so the start is a choice and no optimum.
# - It says how many scribbles there were, and that a difference of one or two of them may be chance.
#
# </details>

# %% slideshow={"slide_type": "skip"}
exercises.summary()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 12 · Recap
#
# - A thousand small steps of noise are one jump, $z = \alpha x + \sigma\epsilon$.
# - The best denoiser of a finite set is a weighted mean, and it only ever returns members of the set. What is new in
#   a sample is the network's error.
# - Noise, image, velocity and flow are one game with other coefficients.
# - Samplers step along $dz = \hat x\,d\alpha + \hat\epsilon\,d\sigma$; between two steps you may interfere.
# - Guidance buys obedience with variety. Look at precision *and* recall.
# - A schedule has to end in noise, or samples lean towards the mean pixel of noise: here, too much ink.
#
# This closes the arc of the course: the denoiser of notebook 00, the bound of 01, and the scores of 04 to 08 meet in
# one model.
#
# ### About the slides
#
# The decks announce this topic and end before it, so there are no errata.
#
# ### References
#
# - Ho, Jain & Abbeel (2020), *Denoising Diffusion Probabilistic Models*, <https://arxiv.org/abs/2006.11239>
# - Ho & Salimans (2021), *Classifier-Free Diffusion Guidance*, <https://arxiv.org/abs/2207.12598>
# - Karras et al. (2022), *Elucidating the Design Space of Diffusion-Based Generative Models*,
#   <https://arxiv.org/abs/2206.00364>
# - Kingma et al. (2021), *Variational Diffusion Models*, <https://arxiv.org/abs/2107.00630>
# - Lin et al. (2024), *Common Diffusion Noise Schedules and Sample Steps are Flawed*,
#   <https://arxiv.org/abs/2305.08891>
# - Lipman et al. (2023), *Flow Matching for Generative Modeling*, <https://arxiv.org/abs/2210.02747>
# - Lugmayr et al. (2022), *RePaint*, <https://arxiv.org/abs/2201.09865>
# - Meng et al. (2022), *SDEdit*, <https://arxiv.org/abs/2108.01073>
# - Nichol & Dhariwal (2021), *Improved Denoising Diffusion Probabilistic Models*, <https://arxiv.org/abs/2102.09672>
# - Rombach et al. (2022), *High-Resolution Image Synthesis with Latent Diffusion Models*,
#   <https://arxiv.org/abs/2112.10752>
# - Salimans & Ho (2022), *Progressive Distillation for Fast Sampling of Diffusion Models*,
#   <https://arxiv.org/abs/2202.00512>
# - Song, Meng & Ermon (2021), *Denoising Diffusion Implicit Models*, <https://arxiv.org/abs/2010.02502>
