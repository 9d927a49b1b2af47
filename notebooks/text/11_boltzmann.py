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
# # 11 · Boltzmann machines
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/11_boltzmann.ipynb)
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/11_boltzmann.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/11_boltzmann.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** from autoencoders to VAEs, its motivation by mixtures and its history of generative networks.
#
# After this notebook you can
#
# - say what a mixture can do, and what it pays for each template,
# - turn an energy into a probability, and count its partition function,
# - derive the gradient of a likelihood that you cannot compute, and play it as a game,
# - tell contrastive divergence from persistent chains, in exact nats,
# - estimate the partition function of 500 units, and check the estimate,
# - stack machines to deep belief networks and deep machines, and bound their nats,
# - notice a chain that never mixes.
#
# Sections 1 to 6 fill one meeting of 90 minutes, 7 to 12 another.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | half a minute of processor time |
# | `cpu` | a laptop | 4 minutes of processor time |
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
from itertools import pairwise

import keras
import numpy as np
from keras import ops
from scipy import optimize, stats
from scipy.special import expit, logsumexp

from course_utils import backend, data, exercises, metrics, plots, pretrained
from course_utils.game import Game, Player
from course_utils.games import deep, gibbs, mixtures
from course_utils.games.autoencoders import SquaredErrorAutoencoder
from course_utils.games.boltzmann import RBM, transposed
from course_utils.games.watching import largest_difference, restart
from course_utils.metrics import annealed
from course_utils.networks.autoencoders import dense_decoder, dense_encoder
from course_utils.networks.boltzmann import dbm, rbm, set_visible_bias
from course_utils.plots import boltzmann as figures, show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `updates` counts the steps of each small machine of sections 5 and 9, `tiny` the hidden
# units of section 5, `count` the temperatures of section 6, `walk` the steps of section 7's chains, and `seeds` how
# often a thing is repeated where chance plays.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 2_000, "held": 200, "mixtures": (1, 5, 20), "rounds": 3, "updates": 60, "tiny": 8, "live": 40,
           "count": 300, "walk": 60, "fit": 60, "seeds": 2},
    cpu={"images": 20_000, "held": 1_000, "mixtures": (1, 10, 50, 200, 500), "rounds": 8, "updates": 2_000,
         "tiny": 20, "live": 2_000, "count": 1_000, "walk": 2_000, "fit": 1_500, "seeds": 3},
    gpu={"images": 50_000, "held": 2_000, "mixtures": (1, 10, 50, 200, 500), "rounds": 20, "updates": 10_000,
         "tiny": 20, "live": 10_000, "count": 10_000, "walk": 10_000, "fit": 5_000, "seeds": 5},
)  # fmt: skip
seeds = range(settings["seeds"])
telling = session.profile != "smoke"  # whether things were trained for long enough to be judged

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data, and the scale
#
# Most nats of this notebook, and those of notebook 10, are measured on one set: MNIST as Larochelle binarised it
# in 2011. Each pixel is 0 or 1, once and for all. So $p(x)$ is a probability, and
#
# $$\text{nats} = -\frac1N\sum_{n} \log p(x_n)\quad\text{over test images}$$
#
# says how surprised a model is by an image that it has not seen. Lower is better, and a true $p$ cannot cheat: the
# probabilities of all $2^{784}$ images add up to 1, so what it gives to one image it takes from others. Here $N$ is
# every tenth of the 10,000 test images.

# %% slideshow={"slide_type": "skip"}
binary = data.load("binarized_mnist", fallback="glyphs")
drawn_here = "glyphs" in data.source("binarized_mnist").text


def every(x, n):  # the files are sorted by class in places, so take every so many-th image
    return x[:: max(1, len(x) // n)][:n]


images, x_valid, held = (every(x, n) for x, n in zip(binary, (settings["images"], *[settings["held"]] * 2)))
x_train, x_test = (x.reshape(len(x), -1).astype("float32") for x in (images, held))  # (N, 784)
shape, pixels = images.shape[1:], x_train.shape[1]
print(data.source("binarized_mnist").text, images.shape, "values", np.unique(images))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The simplest model: each pixel is a coin of its own, with the share of ink that it has in the training images.

# %% slideshow={"slide_type": "skip"}
base = (x_train.sum(0) + 1) / (len(x_train) + 2)  # Laplace's rule: nothing is impossible
rng = np.random.default_rng(0)


def log_coins(x, p):
    """log p(x) of independent pixels, (N,); p (784,) are the probabilities of ink."""
    return x @ np.log(p) + (1 - x) @ np.log1p(-p)


alone = -log_coins(x_test, base).mean()
print(f"fair coins {pixels * np.log(2):.1f} nats, a coin a pixel {alone:.1f} nats")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
coins = (rng.random((12, pixels)) < base).reshape(12, *shape).astype("float32")
show(
    plots.image_rows({"data": held[::17][:12].astype("float32"), "coins": coins}, width=11),
    alt="Twelve binary digits, and twelve draws of independent pixels: grey clouds of dots where ink is likely.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The coins know where ink is likely. They do not know that pixels belong together.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · Why one distribution is not enough
#
# What makes pixels belong together is something that we do not see: which digit, which pen, which slant. Call it $z$.
# Given $z$, a simple distribution may do:
#
# $$p(x) = \sum_z p(z)\,p(x\mid z).$$
#
# An expert may choose what $z$ means, as for this course's glyphs, whose factors are written down. It is hard work.
# Or $z$ is learned, and nobody controls what it means.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 A sum of simple parts
#
# Let $z$ be one of $K$ parts, and each part a normal distribution with a mean and a deviation of its own. Such a
# *mixture* comes close to nearly any density. It is fitted by going back and forth between two questions
# (*expectation maximisation*, EM): how far is each part responsible for $x_n$, and which share, mean and deviation
# suit a part best, given the points that it is responsible for?
#
# $$r_{nk} = \frac{\pi_k\,p(x_n\mid k)}{\sum_j \pi_j\,p(x_n\mid j)},\qquad
# \pi_k = \frac1N\sum_n r_{nk},\qquad \mu_k = \frac{\sum_n r_{nk}x_n}{\sum_n r_{nk}}.$$
#
# The deviation follows in the same way, from the squares $(x_n-\mu_k)^2$.

# %% slideshow={"slide_type": "skip"}
def normals(x, K, seed, rounds=150):
    start = np.random.default_rng(seed)
    mean, width, share = start.choice(x, K), np.full(K, x.std() / K), np.full(K, 1 / K)
    for _ in range(rounds):
        r = share * stats.norm.pdf(x[:, None], mean, width) + 1e-300
        r /= r.sum(1, keepdims=True)  # (N, K): who is responsible
        n = r.sum(0)
        share, mean = n / len(x), (r * x[:, None]).sum(0) / n
        width = np.sqrt((r * (x[:, None] - mean) ** 2).sum(0) / n) + 1e-3
    return lambda at: (share * stats.norm.pdf(np.asarray(at)[:, None], mean, width)).sum(1)


def shelves(at):  # two shelves and a slope: no normal looks like it
    low, high, slope = stats.uniform.pdf(at, 0, 1), stats.uniform.pdf(at, 2, 0.4), stats.triang.pdf(at, 1, 3, 1.5)
    return 0.5 * low + 0.2 * high + 0.3 * slope

# %% slideshow={"slide_type": "skip"}
def from_shelves(n, seed):
    draw = np.random.default_rng(seed)
    kinds = draw.choice(3, n, p=(0.5, 0.2, 0.3))
    return np.choose(kinds, [draw.uniform(0, 1, n), draw.uniform(2, 2.4, n), draw.triangular(3, 4.5, 4.5, n)])


points, fresh = from_shelves(2_000, 1), from_shelves(5_000, 2)
parts, fits, gap = (1, 2, 4, 16), {}, {}
for K in parts:
    found = [normals(points, K, seed) for seed in seeds]
    fits[f"K = {K}"] = found[0]
    gap[K] = [float(np.mean(np.log(shelves(fresh)) - np.log(q(fresh)))) for q in found]
    print(f"K = {K:2}: KL(p || mixture) on fresh points " + ", ".join(f"{value:.3f}" for value in gap[K]) + " nats")
assert all(max(gap[more]) < min(gap[less]) for less, more in ((1, 4), (4, 16))) and max(gap[16]) < 0.2 * min(gap[1])

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
at = np.linspace(-1, 5.5, 500)
show(
    figures.densities(at, shelves(at), {name: fit(at) for name, fit in fits.items()}),
    alt="A density of two shelves and a slope in grey, and mixtures of 1, 2, 4 and 16 normals over it: one is a broad "
        "hill, sixteen follow the shelves with ripples and rounded corners.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# From 1 to 2, 4 and 16 parts the divergence falls, in every seed. What is left sits at the corners, where smooth hills
# pile up.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.2 Templates of digits
#
# For binary images a part is a template: 784 probabilities of ink. EM is the same, with $p(x\mid k)$ a product of
# coins.

# %% slideshow={"slide_type": "skip"}
def em_round(x, share, ink):
    """One round of EM for a mixture of Bernoullis: share (K,), ink (K, 784)."""
    log_p = np.log(share) + x @ np.log(ink).T + (1 - x) @ np.log1p(-ink).T  # (N, K)
    total = logsumexp(log_p, axis=1, keepdims=True)
    r = np.exp(log_p - total)
    n = r.sum(0)
    return n / n.sum(), np.clip(r.T @ x / (n[:, None] + 1e-9), 1e-3, 1 - 1e-3), total.mean()


share, ink, trace = np.full(5, 0.2), 0.5 * (x_train[:5] + base), []
for _ in range(8):
    share, ink, log_p = em_round(x_train[:1_000], share, ink)
    trace.append(log_p)
print("mean log p, round by round:", *(f"{value:.1f}" for value in trace))
assert all(later > earlier - 0.01 for earlier, later in pairwise(trace)), "no round makes it worse"

# %% slideshow={"slide_type": "skip"}
mixed, templates = {}, {}
for K in settings["mixtures"]:
    mixed[K] = []
    for seed in seeds:
        mixture = mixtures.fit(x_train[::2], K, rounds=settings["rounds"], seed=seed)
        mixed[K].append(-mixtures.log_likelihood(mixture, x_test).mean())
    templates[K] = mixture.means
    print(f"K = {K:3}: " + ", ".join(f"{nats:.1f}" for nats in mixed[K]) + " test nats, a number a seed")
assert abs(mixed[1][0] - alone) < 0.5, "one template is a coin a pixel"
assert all(max(mixed[more]) < min(mixed[less]) for less, more in pairwise(settings["mixtures"])), "in every seed"

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
most = settings["mixtures"][-1]
show(
    plots.image_grid(templates[most][:40].reshape(-1, *shape), columns=20, width=11),
    alt=f"Forty of {most} templates: digits in many hands, most of them blurred.",
)
show(
    plots.dots({"test nats": list(mixed.values())}, [f"K = {K}" for K in mixed], width=9),
    alt="Test nats of mixtures, a dot a seed: "
    + "; ".join(f"K = {K} {np.mean(values):.0f}" for K, values in mixed.items()) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# More templates help, but from 200 to 500 they buy one nat here, where 10,000 images leave twenty to each of 500
# templates. A template is a whole picture: a hand that writes its
# sevens with a bar *and* leans to the left needs a template of its own. 500 templates are a choice worth 9 bits.
#
# What if $z$ were 500 switches, each of which adds a stroke? They have $2^{500}$ settings. That is a mixture of
# $2^{500}$ templates that *share* their strokes, with 500 times 784 weights in all. The machine of the next section
# is exactly this.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask: a pocket calculator builds its digits from seven bars. How many templates do all patterns of bars need, and how
# many switches? 128 and 7: a product for templates, a sum for switches. That is the whole lesson in one line. (Do not
# take places as the example: a switch adds a stroke where it is, and cannot move the others.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · A machine that one can count
#
# Give every state of all units an **energy**, and make low energies likely:
#
# $$E(v,h) = -b\cdot v - c\cdot h - v^\top W h,\qquad p(v,h)=\frac{e^{-E(v,h)}}{Z},\qquad Z=\sum_{v,h}e^{-E(v,h)}.$$
#
# $v$ are the *visible* units, the pixels, and $h$ the *hidden* ones, our switches; all are 0 or 1. $W_{ij}$ says how
# well pixel $i$ and switch $j$ go together. The machine is **restricted**: no pixel sees a pixel, no switch a switch.
# So given one side, the other falls apart into coins, and both passes use one $W$:
#
# $$p(h_j=1\mid v)=\sigma(c_j+(vW)_j),\qquad p(v_i=1\mid h)=\sigma(b_i+(Wh)_i).$$
#
# In this notebook $\sigma$ is the sigmoid, $\sigma(a) = 1/(1+e^{-a})$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Forward* is from pixels to switches, *backward* from switches to pixels. Five pixels and four switches have 512
# states. Count them all, and see whether it is true. As a control, let two switches see each other.

# %% slideshow={"slide_type": "skip"}
W, b, c = rng.normal(size=(5, 4)), rng.normal(size=5), rng.normal(size=4)
vs, hs = annealed.binary_states(5), annealed.binary_states(4)  # (32, 5), (16, 4)


def by_coins(p, states):
    """Probabilities of states when each unit is a coin: p (N, n), states (M, n) -> (N, M)."""
    return np.prod(np.where(states == 1, p[:, None], 1 - p[:, None]), axis=-1)

# %% slideshow={"slide_type": "fragment"}
for name, extra in (("restricted", 0.0), ("two switches connected", 1.5 * hs[:, 0] * hs[:, 1])):
    joint = np.exp((vs @ b)[:, None] + hs @ c + vs @ W @ hs.T + extra)  # (32, 16), e to the −E
    forward, backward = joint / joint.sum(1, keepdims=True), (joint / joint.sum(0)).T
    formula = np.abs(forward - by_coins(expit(c + vs @ W), hs)).max()
    coins_at_all = np.abs(forward - by_coins(forward @ hs, hs)).max()  # coins with the right means
    other_side = np.abs(backward - by_coins(expit(b + hs @ W.T), vs)).max()
    print(f"{name:22} p(h|v) is off the formula by {formula:.1e}, off any coins by {coins_at_all:.1e}; "
          f"p(v|h) off its formula by {other_side:.1e}")  # fmt: skip
    assert other_side < 1e-6 and (max(formula, coins_at_all) < 1e-6) == (name == "restricted")
assert coins_at_all > 0.01, "with a connection h does not fall apart"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Restricted, both conditionals are the formula to rounding. With one connection between two switches, $p(h\mid v)$
# is not a product of coins any more, whatever coins one takes: the second number is for coins with the right means,
# and if any coins fitted, these would.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · How many terms?
#
# A restricted Boltzmann machine has 784 visible and 20 hidden units. You want its partition function $Z$ exactly, and
# you may use any formula of this section. How many terms has the sum that you cannot avoid? Say a number (`2.0**10`
# is one), then run the next cell.

# %% slideshow={"slide_type": "fragment"}
my_terms = ...

exercises.boltzmann.terms.check(my_terms)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_terms = 2.0**20
# ```
#
# Given h, the visible units are independent, so their sum is a product: $Z = \sum_h e^{c\cdot h}\prod_i(1 + e^{b_i +
# (Wh)_i})$. What has to be counted are the states of the smaller side, $2^{20}$ here, about a million. With 500 hidden
# units they are $2^{500}$, and no computer will ever count them.
#
# </details>

# %% slideshow={"slide_type": "skip"}
joint = np.exp((vs @ b)[:, None] + hs @ c + vs @ W @ hs.T)
terms = np.exp(hs @ c) * np.prod(1 + np.exp(b + hs @ W.T), axis=1)  # (16,): one a state of the smaller side
print(f"Z of the small machine: {joint.sum():.6f} by 512 terms, {terms.sum():.6f} by {len(terms)}")
assert np.isclose(joint.sum(), terms.sum())
exercises.boltzmann.terms.compare(2.0 ** min(784, 20))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 3.1 Free energy
#
# Sum over the switches, and what is left is a number for each image:
#
# $$e^{-F(v)}=\sum_h e^{-E(v,h)}\qquad\Longrightarrow\qquad p(v)=\frac{e^{-F(v)}}{Z}.$$

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 2 · What an image costs
#
# `v` is an array (N, V) of zeros and ones, `W` an array (V, H), `b` (V,) and `c` (H,). Return the free energies (N,),
# for which $e^{-F(v)} = \sum_h e^{-E(v,h)}$: one number for each row of `v`. Take care that a large `W` does not
# overflow. The next cells use your function.

# %% slideshow={"slide_type": "skip"}
def my_free_energy(v, W, b, c):
    return ...


free_energy = exercises.boltzmann.free_energy.use(my_free_energy)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def my_free_energy(v, W, b, c):
#     return -(v @ b) - np.logaddexp(0, c + v @ W).sum(axis=1)
# ```
#
# No two hidden units share a term of the energy. So the sum over all $2^H$ states is a product of H sums of two terms
# each, $1 + e^{c_j + (vW)_j}$, and its logarithm is a sum of softplus. This is what the word *restricted* buys: with a
# connection between two hidden units the product is gone.
#
# </details>

# %% slideshow={"slide_type": "skip"}
F = free_energy(vs, W, b, c)
assert np.allclose(np.exp(-F), joint.sum(1)), "the sum over the switches"
p_v = np.exp(-F) / joint.sum()
p_h = joint.sum(0) / joint.sum()
mixture_of_16 = p_h @ by_coins(expit(b + hs @ W.T), vs)  # a template for each state of the switches
print(f"sum of p(v) over all images {p_v.sum():.6f}; largest difference to a mixture of {len(p_h)} templates "
      f"{np.abs(mixture_of_16 - p_v).max():.1e}")  # fmt: skip
machine = rbm((5,), 4)
for variable, value in zip((machine.W, machine.b, machine.c), (W, b, c)):
    variable.assign(value)
assert np.allclose(mixture_of_16, p_v) and np.isclose(p_v.sum(), 1)
assert np.allclose(ops.convert_to_numpy(machine(vs.astype("float32"))), F, atol=1e-5), "the package's rbm"

# %% [markdown] slideshow={"slide_type": "fragment"}
# So 4 switches *are* a mixture of 16 templates, $\sigma(b+Wh)$, and 500 switches one of $2^{500}$. The mixture of
# section 2 may choose its templates freely, and has few. This one has many, and they share their strokes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · The gradient, in three lines
#
# Make the data likely: climb $\log p(v) = -F(v)-\log Z$. For any weight $\theta$
#
# $$\frac{\partial\log p(v)}{\partial\theta}
# =-\frac{\partial F(v)}{\partial\theta}-\frac1Z\frac{\partial Z}{\partial\theta},\qquad
# \frac1Z\frac{\partial Z}{\partial\theta}=-\sum_{v'}\frac{e^{-F(v')}}{Z}\frac{\partial F(v')}{\partial\theta}
# =-\mathbb E_{v'\sim p}\frac{\partial F(v')}{\partial\theta}.$$
#
# With $-\partial F/\partial W_{ij} = v_i\,p(h_j=1\mid v)$ this is
#
# $$\frac{\partial\log p}{\partial W_{ij}}=\langle v_ih_j\rangle_\text{data}-\langle v_ih_j\rangle_\text{model}.$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# Pull up what you see, push down what you dream. $Z$ has gone; what is left is a mean over what the machine itself
# believes. So with dreams $v^-$ drawn from the machine and *held fixed*, it is enough to descend
#
# $$L = \overline{F(v)} - \overline{F(v^-)} .$$
#
# Hold them fixed by a stop-gradient. In the small machine everything can be differentiated exactly. Are the three one
# gradient? And what if the stop is forgotten?

# %% slideshow={"slide_type": "skip"}
seen, everything = rng.integers(0, 2, (40, 5)).astype("float32"), vs.astype("float32")
weights = machine.trainable_variables


def gradients(loss):
    return [ops.convert_to_numpy(g) for g in backend.value_and_grad(lambda: (loss(), ()), weights)[1]]


def exact_nats():
    return ops.mean(machine(seen)) + ops.logsumexp(-machine(everything))


def dreams(stop=ops.stop_gradient):
    p = stop(ops.softmax(-machine(everything)))  # of all 32 images: the machine's dreams, each by its share
    return ops.mean(machine(seen)) - ops.sum(p * machine(everything))

# %% slideshow={"slide_type": "fragment"}
true, with_stop, without = gradients(exact_nats), gradients(dreams), gradients(lambda: dreams(lambda p: p))
by_hand = -(seen.T @ expit(c + seen @ W) / len(seen) - (p_v[:, None] * vs).T @ expit(c + vs @ W))
place = [variable.path for variable in weights].index(machine.W.path)
apart = {"the formula": by_hand, "F(v) − F(sg(v⁻))": with_stop[place], "without the stop": without[place]}
for name, other in apart.items():
    print(f"{name:18} largest difference to the exact gradient {np.abs(true[place] - other).max():.1e}")
assert np.abs(true[place] - by_hand).max() < 1e-6
assert all(np.abs(one - two).max() < 1e-6 for one, two in zip(true, with_stop)) and np.abs(true[place]).max() > 0.05
assert np.abs(true[place] - without[place]).max() > 0.01

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 4.1 The game
#
# > Draw images. Let chains that never begin anew take a step: switches given pixels, pixels given switches. Move the
# > machine one step down $F(v)-F(v^-)$.
#
# One player, who dreams with one hand and looks with the other. The chains are weights that nobody trains.

# %% slideshow={"slide_type": "fragment"} tags=["long", "show-input"]
class Ours(Game):
    many_draws = True  # a hint for the compiler: XLA on a CPU is slow at drawing coins

    def __init__(self, machine, chains, seed=0):
        super().__init__([Player("machine", [machine], self.machine_loss, keras.optimizers.SGD(0.05))], seed=seed)
        self.machine, start = machine, gibbs.noise(chains, machine.parameters(), np.random.default_rng(seed))
        self.chain = self.add_weight(shape=(chains, *shape), initializer="zeros", trainable=False, name="chain")
        self.chain.assign(start.reshape(chains, *shape))

    def coin(self, p):
        return ops.cast(keras.random.uniform(ops.shape(p), seed=self.seeds) < p, "float32")

    def machine_loss(self, v, training):
        dream = self.coin(self.machine.visible(self.coin(self.machine.hidden(ops.convert_to_tensor(self.chain)))))
        self.chain.assign(dream)
        return ops.mean(self.machine(v)) - ops.mean(self.machine(ops.stop_gradient(dream)))

# %% slideshow={"slide_type": "skip"}
def fresh_machine(hidden, seed=0):
    keras.utils.set_random_seed(seed)
    return set_visible_bias(rbm(shape, hidden), images)


game = RBM(fresh_machine(50), chains=20)
apart = largest_difference(Ours(fresh_machine(50), 20), game, images[:500].astype("float32"))
print(f"largest difference of any weight after two iterations: {apart:.1e}")
assert apart < 1e-5, "ours is the package's game"

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.2 Watch it dream
#
# A hundred switches, a hundred chains, a rate that falls to 0. On the left are forty of the chains, on the right the
# gap of free energies. The gap is *not* the likelihood: it is 0 when data and dreams are equally likely, however good
# they are. Here it stays below 0: the dreams are still less likely than the data.

# %% slideshow={"slide_type": "fragment"}
def falling(start, steps):
    return keras.optimizers.SGD(keras.optimizers.schedules.PolynomialDecay(start, steps, 0.0))


game = RBM(fresh_machine(100), chains=100, optimizer=falling(0.05, settings["live"]))
game.compile(steps_per_execution=20)
live = plots.Live(
    lambda: ops.convert_to_numpy(game.chain)[:40], {"machine_loss": "F(v) − F(v⁻)"}, columns=8,
    ylabel="nats", alt="Forty chains of a machine with a hundred switches, and the gap of free energies.",
)  # fmt: skip
game.fit(images, batch_size=100, epochs=5, steps_per_epoch=settings["live"] // 5, verbose=0, callbacks=[live])
print(f"{game.machine.count_params():,} weights")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Where the negatives come from
#
# To draw one dream properly the chain would have to run for ever, for each step of learning. Three ways out:
#
# | name | chains begin | steps an update |
# |---|---|---|
# | CD-1, *contrastive divergence* | at the batch, anew each time | 1 |
# | CD-25 | at the batch, anew each time | 25 |
# | PCD-1, *persistent chains* | where they stood | 1 |
#
# CD-1 looks no further than one step from the data.

# %% [markdown] slideshow={"slide_type": "subslide"}
# So train 20 switches, for which $Z$ is a million terms, by all three: same start, same data, same number of updates.
# Then the nats are *exact*.

# %% slideshow={"slide_type": "skip"}
ways = {"CD-1": (None, 1), "CD-25": (None, 25), "PCD-1": (50, 1)}


def little(way, seed, hidden=settings["tiny"]):
    chains, steps = ways[way]
    return RBM(fresh_machine(hidden, seed), chains, steps, optimizer=falling(0.05, settings["updates"]), seed=seed)


def trained(way):
    game = little(way, 0)
    game.compile(steps_per_execution=20)
    for seed in seeds:
        restart(game, little(way, seed))
        game.fit(images, batch_size=50, epochs=1, steps_per_epoch=settings["updates"], verbose=0)
        yield game.machine.parameters()

# %% slideshow={"slide_type": "skip"}
littles = {way: list(trained(way)) for way in ways}
log_z = {way: [annealed.log_partition(machine) for machine in found] for way, found in littles.items()}
exact = {
    way: [float((free_energy(x_test, *m)).mean() + z) for m, z in zip(littles[way], log_z[way])] for way in ways
}
for way, nats in exact.items():
    print(f"{way:6} exact test nats, a number a seed: " + ", ".join(f"{value:.1f}" for value in nats))
if telling and not drawn_here:
    assert all(far < near - 5 for near, far in zip(exact["CD-1"], exact["PCD-1"])), "five nats in every pair"
    assert all(far < near - 5 for near, far in zip(exact["CD-1"], exact["CD-25"]))

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
dreamt = {
    way: gibbs.means(m, gibbs.noise(12, m, np.random.default_rng(1)), settings["walk"] // 2, np.random.default_rng(2))
    for way, (m, *_) in littles.items()
}
show(
    plots.image_rows({way: found.reshape(-1, *shape) for way, found in dreamt.items()}, width=11),
    alt="Twelve dreams each of machines with twenty switches: those of CD-1 are twelve times the same nought, those of "
        "CD-25 and PCD-1 are blurred digits of many kinds.",
)
show(
    plots.dots({"exact test nats": list(exact.values())}, list(exact), width=8),
    alt="Exact test nats, a dot a seed: " + "; ".join(f"{w} {np.mean(n):.1f}" for w, n in exact.items()) + ".",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Start with the dreams, those of the first machine of each kind: from noise, all twelve chains of CD-1 end in one and
# the same nought. In every pair PCD-1 leaves CD-1 behind, after the same number of updates. So does CD-25, and it pays
# 25 steps for each update where PCD-1 pays one. Why is CD-1 short-sighted? It compares the data with places one step
# away. Where the machine has made a far place likely, no chain ever goes and looks, so it stays likely, and every
# image pays for it in $Z$.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · The partition function of 500 switches
#
# $2^{500}$ terms will never be counted. But there is a machine whose $Z$ everybody knows: the one without weights,
# coins with the base rates of the data. Walk from it to ours, a little at a time, $0=\beta_0<\dots<\beta_K=1$:
#
# $$\log p^*_\beta(v)=(1-\beta)\,b_0\cdot v+\beta\,b\cdot v+\sum_j\log\big(1+e^{\beta(c_j+(vW)_j)}\big).$$
#
# Start chains at the coins. At each temperature note how the unnormalised probability of the chain's state changes,
# and then take a step of Gibbs sampling ($\beta$ is the inverse of a temperature, so 0 is hot):
#
# $$w=Z_0\prod_k\frac{p^*_{\beta_k}(v_k)}{p^*_{\beta_{k-1}}(v_k)},\qquad \mathbb E[w]=Z.$$
#
# This is **annealed importance sampling** (Neal, 2001).

# %% slideshow={"slide_type": "subslide"}
def ais(machine, base, count, chains, seed):
    """Estimates log Z of a machine (W, b, c) by `count` temperatures and as many chains as said."""
    (W, b, c), draw = machine, np.random.default_rng(seed)
    b_0 = np.log(base / (1 - base))

    def log_star(v, beta):
        return v @ ((1 - beta) * b_0 + beta * b) + np.logaddexp(0, beta * (c + v @ W)).sum(1)

    v = draw.random((chains, len(b))) < base
    log_w = np.full(chains, np.logaddexp(0, b_0).sum() + len(c) * np.log(2))  # log Z of the coins
    for hot, cold in pairwise(np.linspace(0, 1, count + 1)):
        log_w += log_star(v, cold) - log_star(v, hot)
        h = draw.random((chains, len(c))) < expit(cold * (c + v @ W))
        v = draw.random(v.shape) < expit((1 - cold) * b_0 + cold * (b + h @ W.T))
    return logsumexp(log_w) - np.log(chains)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Never trust an estimator where you cannot check it. The machine of section 5 has a $Z$ that we counted.

# %% slideshow={"slide_type": "skip"}
small, truth = littles["PCD-1"][0], log_z["PCD-1"][0]
counts = (1, 10, 100, settings["count"])
table = np.array([[ais(small, base, count, 100, seed) for seed in seeds] for count in counts])
for count, row in zip(counts, table):
    print(f"{count:6,} temperatures: log Z " + ", ".join(f"{value:.2f}" for value in row)
          + f"; off by {row.mean() - truth:+.2f}, spread over seeds {row.std():.2f}")  # fmt: skip
print(f"counted: {truth:.2f}")
package = annealed.annealed_log_partition(small, base, steps=settings["count"], seed=0)
print(f"the package: {package.log_z:.2f} ± {package.error:.2f}")
assert table[0].mean() < truth - (2 if telling else 0.2), "one step misses, and always to the same side"
assert np.abs(table[-1] - truth).max() < (0.1 if telling else 0.5) and abs(package.log_z - truth) < 0.5

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    figures.estimates(counts, table, truth),
    alt="Estimates of log Z against the number of temperatures, a dot a seed; means "
    + ", ".join(f"{row.mean():.1f}" for row in table) + f". The counted value is {truth:.1f}.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# With one step the chains have no time to leave the coins, and log Z comes out too small, in every seed. That is no
# accident: $\mathbb E[w]=Z$, so of the *logarithm* the mean is below $\log Z$ (Jensen). And too small a $Z$ makes
# every $p(x)$ too large. **An annealing that is too short flatters the model.** With 100 temperatures the seeds still
# err by tenths of a nat, here upwards; with 1,000 by hundredths. The package spaces its 1,000 temperatures otherwise
# and misses by a tenth, two of its own standard errors.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the real thing: 784 pixels and 500 switches. `rbm-binary` ships with the package; `training/boltzmann.py` played
# the same game for longer, with an average of the weights and with offsets that steady the training.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
run = pretrained.load("rbm-binary")
big, told = run.networks["machine"].parameters(), run.recipe["scores"]
found = [
    annealed.annealed_log_partition(big, base, chains=100 if telling else 20, steps=settings["count"], seed=seed)
    for seed in seeds[:2]
]
big_nats = [float(-annealed.log_likelihood(big, x_test, one.log_z).mean()) for one in found]
for one, nats in zip(found, big_nats):
    print(f"log Z {one.log_z:.2f} ± {one.error:.2f}, so {nats:.2f} nats on {len(x_test):,} test images")
print(f"its recipe: log Z {told['log-Z']:.2f}, {told['nats-test']:.2f} nats on all test images")
if telling and not drawn_here:
    assert all(abs(one.log_z - told["log-Z"]) < 3 for one in found), "other seeds, fewer temperatures"
    assert max(big_nats) < min(mixed[most]) - 20, "far below 500 templates"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Count the numbers: 500 templates of 784 probabilities and 500 switches of 784 weights are the same amount. What they
# buy is not. (The machine saw 50,000 images and the mixture 10,000. That does not explain 50 nats: the published
# mixture of section 11 is no better than ours.) The error bar is that of the estimate of $Z$ alone; it shrinks with
# more chains and more temperatures.

# %% [markdown] slideshow={"slide_type": "notes"}
# Say clearly which way AIS errs, for papers seldom do: too small a Z, so the model looks better than it is. Ask what
# one could do against it. (More temperatures; more chains; a machine of known Z; and chains that run backwards from
# the machine's own draws, which err to the other side, if only one had such draws.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · What it has learned, and how it draws
#
# The forty-eight longest columns of $W$, of 500: what each switch asks for when it is on. Purple asks for ink, orange
# for paper.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "cover"]
longest = np.linalg.norm(big.W, axis=0).argsort()[::-1][:48]
show(
    figures.filters(big.W[:, longest], shape[:2], columns=16),
    alt="Forty-eight filters of the shipped machine, on one scale: small strokes and blobs that ask for ink beside "
        "places that ask for paper, a few lines along an edge. None is a whole digit.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Strokes and blobs, and a few lines along the upper and the lower edge, but no templates: this is what sharing looks
# like. To draw an image, the machine has one way: a long chain of
# Gibbs sampling, all switches given the pixels, all pixels given the switches, again and again. The deck's picture of
# 3-D toys, from a deep machine (section 10), took 10,000 such steps.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 7.1 Does the chain move?
#
# A chain is good for drawing only if it *forgets* where it began. Start chains at data and at noise. Every ten steps
# a frozen classifier reads which digit each of them shows, and we count how often that changes.

# %% slideshow={"slide_type": "skip"} tags=["long"]
judge, step = metrics.evaluator("glyphs" if drawn_here else "mnist"), max(1, settings["walk"] // 200)


def wander(machine, v, seed=0):
    states = gibbs.chain(machine, v, settings["walk"], np.random.default_rng(seed), every=step)  # (T, N, 784)
    return states, classes_of(states)


def classes_of(states):
    grey = gibbs.down(big, gibbs.up(big, states.reshape(-1, pixels))).reshape(-1, *shape)  # as the judge knows images
    return judge((2 * grey - 1).astype("float32")).probabilities.argmax(1).reshape(states.shape[:2])


chains = 20
starts = {"data": every(x_test, chains), "noise": gibbs.noise(chains, big, np.random.default_rng(3))}
walks = {name: wander(big, v) for name, v in starts.items()}

# %% slideshow={"slide_type": "skip"}
def counted_switches(classes):  # without the first tenth of the way: noise needs it to become digits
    return metrics.class_switches(classes[len(classes) // 10 :], step)


switches = {name: counted_switches(classes) for name, (_, classes) in walks.items()}
for name, (states, _) in walks.items():
    late = states[len(states) // 2 :].reshape(-1, pixels)
    print(f"from {name:5}: {np.median(switches[name].per_1000):.0f} switches of class in 1,000 steps (median of "
          f"{chains} chains), {switches[name].stuck:.0%} never switch; mean F in the second half "
          f"{annealed.free_energy(big, late).mean():.1f}")  # fmt: skip
print(f"mean F of test images {annealed.free_energy(big, x_test).mean():.1f}")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
when = np.linspace(0, len(walks["data"][0]) - 1, 12).astype(int)
strips = {
    f"{name} {k + 1}": gibbs.down(big, gibbs.up(big, states[when, 7 * k])).reshape(-1, *shape)
    for name, (states, _) in walks.items() for k in range(2)
}  # fmt: skip
show(
    plots.image_rows(strips, width=11, columns=[f"{step * i:,}" for i in when]),
    alt="Two chains from data and two from noise, at twelve moments: a nought that stays one, three that keep their "
        "class for a while and change it now and then; by the third moment noise has become digits.",
)  # fmt: skip
show(
    figures.classes_along({f"from {name}": classes for name, (_, classes) in walks.items()}, step),
    alt="The class of each chain along time as a colour, a row a chain: stretches of one colour, of very different "
        "length, from data as from noise.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# By the third picture noise has become digits. The count leaves out the first tenth of the way. After it, chains from
# either start change their class about eight times in 1,000 steps. That flatters them: many changes go back and forth
# between two classes, as when an image lies between a four and a nine. Two of the twenty chains from data, both of
# them noughts, and one of those from noise never leave their class. The deck's 10,000 are no luxury. Compare the free
# energies, too: what the machine draws is ten nats likelier to it than test images are. To a machine that drew exactly
# as the data do, both would be alike.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 7.2 When it fails: a chain that never mixes
#
# Take the same machine and make it *colder*: multiply all weights and biases by $\beta$, so that every hill between
# two digits becomes $\beta$ times as high. What is likely gets likelier. But look at the chains.

# %% slideshow={"slide_type": "fragment"}
frozen = {1.0: switches["data"]}
for beta in (1.0, 1.5, 3.0):
    colder = annealed.Parameters(*(beta * part for part in big))
    frozen[beta] = frozen.get(beta) or counted_switches(wander(colder, starts["data"])[1])
    print(f"β = {beta}: {np.median(frozen[beta].per_1000):5.1f} switches in 1,000 steps, "
          f"{frozen[beta].stuck:4.0%} of the chains never switch")  # fmt: skip
if telling:
    assert frozen[3.0].stuck > 0.5 > frozen[1.0].stuck, "the cold chains stay where they began"
    assert np.mean(frozen[3.0].per_1000) < 0.2 * np.mean(frozen[1.0].per_1000)

# %% [markdown] slideshow={"slide_type": "fragment"}
# At $\beta=1.5$ nineteen chains in twenty show you one class all the time. So a picture of their last states tells
# you where they began, more than what the machine believes. Two things help:
# count the switches, and start from several places to see whether they ever agree. Learning makes weights grow, which
# is to make a machine colder, and persistent chains have to live with it.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask: the pictures of a frozen chain look fine, so how would you notice? (Count switches, start from different places
# and compare.) Point out that learning makes a machine colder: weights grow. So a better machine tends to have worse
# chains, and PCD lives on these chains.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Similar to an autoencoder?
#
# Up: $p(h\mid v)$. Down: $p(v\mid h)$. That is an encoder of 500 sigmoid units and a decoder with the same weights
# transposed. The slide says "similar to an auto encoder". How similar? Beside it stands notebook 00's autoencoder of
# the same width, trained for the squared error, and as a control the machine before training.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
digits = data.load("mnist", fallback="glyphs")
draw = np.random.default_rng(4)
n_fit, n_probe = (20_000, 2_000) if telling else (500, 200)


def on_and_off(x):  # ink with the probability of its grey value, as Larochelle's
    return (draw.random(x.shape) < data.scale(x, 0.0)).astype("float32")


x_digits, y_digits = on_and_off(digits.x_train[:n_fit]), digits.y_train[:n_fit]
x_probe, y_probe = on_and_off(digits.x_test[:n_probe]), digits.y_test[:n_probe]
keras.utils.set_random_seed(session.seed)
encoder, decoder = dense_encoder(500, code_activation=keras.activations.sigmoid), dense_decoder(500)
autoencoder = SquaredErrorAutoencoder(encoder, decoder)
autoencoder.compile(steps_per_execution=10)
autoencoder.fit(x_digits, batch_size=100, epochs=1, steps_per_epoch=settings["fit"] // 2, verbose=0)
print(f"autoencoder {encoder.count_params() + decoder.count_params():,} weights, the machine {big.W.size + 1284:,}")

# %% slideshow={"slide_type": "subslide"} tags=["long"]
untrained = fresh_machine(500).parameters()


def through(machine):
    return lambda x: gibbs.up(machine, x.reshape(len(x), -1)), lambda h: gibbs.down(machine, h).reshape(-1, *shape)


passes = {
    "autoencoder": [lambda x, net=net: net.predict(x, batch_size=500, verbose=0) for net in (encoder, decoder)],
    "machine": through(big),
    "untrained machine": through(untrained),
}
returned, lost, probes = {}, {}, {}
for name, (up, down) in passes.items():
    codes, fresh_codes = up(x_digits[:n_probe]), up(x_probe)
    returned[name] = np.clip(down(fresh_codes), 0, 1)
    lost[name] = float(np.square(returned[name] - x_probe).sum((1, 2, 3)).mean())
    probes[name] = metrics.linear_accuracy(codes, y_digits[:n_probe], fresh_codes, y_probe)
    print(f"{name:18} squared error an image {lost[name]:6.1f}; a linear probe of 500 codes reads {probes[name]:.1%}")
raw = [x.reshape(len(x), -1) for x in (x_digits[:n_probe], x_probe)]
bare = metrics.linear_accuracy(raw[0], y_digits[:n_probe], raw[1], y_probe)
print(f"a linear probe of the {pixels} pixels themselves reads {bare:.1%}")
assert lost["autoencoder"] < lost["untrained machine"] > 1.5 * lost["machine"]

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.image_rows({"image": x_probe[:12]} | {name: found[:12] for name, found in returned.items()}, width=11),
    alt="Twelve test digits, and what comes back from the autoencoder, from the machine and from the untrained one: "
        "digits from the first two, one grey blur from the last.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Similar indeed. The machine brings back pixels no worse than the autoencoder, which was trained for nothing else,
# but for 750 updates; the machine has had 24,000. A linear probe reads more from the machine's codes, and that is no
# race either. The untrained machine gives back nothing but the mean image. A probe of its random codes reads about as
# much as one of the bare pixels, though, and is not far behind that of the autoencoder: a good part of what a probe
# reads was there before anything was learned.
# What the autoencoder does not have is a $p(x)$: section 6 has put a number on the machine's, and section 7 has drawn
# from it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 8.1 A head start for a classifier
#
# Around 2006 this was the point: train the machine without labels, put a layer for the classes on top, and go on with
# the few labels that you have. The same network, the same labels, the same steps, from the machine's weights and from
# random ones:

# %% slideshow={"slide_type": "fragment"} tags=["long"]
classifier = keras.Sequential([
    keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(500, "sigmoid"), keras.layers.Dense(10),
])  # fmt: skip
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
at_once = 1 if session.backend == "torch" else 20  # Keras can bundle no steps there
classifier.compile(keras.optimizers.SGD(0.1), loss, steps_per_execution=at_once)
heads = {}
for labels in (100, 1_000) if telling else (100,):
    for beginning in ("random", "machine"):
        heads[labels, beginning] = []
        for seed in range(5 if telling else 2):
            some = np.random.default_rng(seed).permutation(len(x_digits))[:labels]  # the same for both
            order = np.resize(some, 10 * settings["fit"])  # round after round
            fresh_draw = np.random.default_rng([seed, 1])
            random_start = fresh_draw.normal(0, pixels**-0.5, big.W.shape), np.zeros(500)
            last = fresh_draw.normal(0, 0.02, (500, 10)), np.zeros(10)
            classifier.set_weights([*((big.W, big.c) if beginning == "machine" else random_start), *last])
            classifier.fit(x_digits[order], y_digits[order], batch_size=50, verbose=0)
            guesses = classifier.predict(x_probe, batch_size=500, verbose=0).argmax(1)
            heads[labels, beginning].append(float(np.mean(guesses != y_probe)))
        print(f"{labels:5,} labels, {beginning:7} start: error "
              + ", ".join(f"{error:.1%}" for error in heads[labels, beginning]))  # fmt: skip
if telling and not drawn_here:
    assert all(np.less(heads[n, "machine"], heads[n, "random"]).all() for n in (100, 1_000)), "in every pair"

# %% [markdown] slideshow={"slide_type": "fragment"}
# In every pair of runs the start from the machine errs less. All had the same 300 steps, which is not many: how far
# a random start gets when it may go on is not measured here. And the machine had seen 50,000 images, without labels.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · Stacking: the deep belief network
#
# A machine has found switches $h$. What is the distribution of the switches? Ask another machine: train a second one
# on $h\sim p(h\mid v)$, and let it replace what the first one believed about $h$:
#
# $$p(v) = \sum_h p_2(h)\,p_1(v\mid h).$$
#
# Then $p(h\mid v)$ is not known any more. But with the first machine's $Q(h\mid v)$ in its place we have a bound:
#
# $$\log p(v)\ \ge\ \sum_h Q(h\mid v)\big[\log p_2(h)+\log p_1(v\mid h)-\log Q(h\mid v)\big].$$
#
# If the second machine starts as the first one upside down, the bound starts *at* the truth, and whatever makes the
# $h$ of data likelier lifts it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# With twelve switches in between we can count all $2^{12}$ of them: the bound *and* the truth. As a control, a second
# machine gets switches that were shuffled among images, so that nothing goes together any more.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
middle = 12 if telling else 6
ground = RBM(fresh_machine(middle), 100, optimizer=falling(0.05, settings["updates"]))
ground.compile(steps_per_execution=20)
ground.fit(images, batch_size=100, epochs=1, steps_per_epoch=settings["updates"], verbose=0)
first, all_h = ground.machine.parameters(), annealed.binary_states(middle)
logits = first.b + all_h @ first.W.T  # (4096, 784)
log_v_given_h = x_test @ logits.T - np.logaddexp(0, logits).sum(1)  # (N, 4096)
odds = first.c + x_test @ first.W
log_q = odds @ all_h.T - np.logaddexp(0, odds).sum(1, keepdims=True)  # (N, 4096)


def deep_nats(top):
    """Exact nats, and the nats of the bound, when `top` says how likely h is."""
    log_joint = log_v_given_h - annealed.free_energy(top, all_h) - annealed.log_partition(top)
    bound = (np.exp(log_q) * (log_joint - log_q)).sum(1)
    return -logsumexp(log_joint, axis=1).mean(), -bound.mean()

# %% slideshow={"slide_type": "subslide"} tags=["long"]
before = deep_nats(transposed(ground.machine).parameters())
alone_nats = free_energy(x_test, *first).mean() + annealed.log_partition(first)
print(f"the first machine alone {alone_nats:.2f}; upside down on top: exact {before[0]:.2f}, bound {before[1]:.2f}")
assert np.allclose(before, alone_nats, atol=2e-3)
after = {"switches": [], "shuffled": []}


def second(seed):
    return RBM(transposed(ground.machine), 100, optimizer=falling(0.02, settings["updates"]), seed=seed)


stacked = second(0)
stacked.compile(steps_per_execution=20)
for name in after:
    for seed in seeds:
        draws = np.random.default_rng(seed)
        h = (draws.random((len(x_train), middle)) < gibbs.up(first, x_train)).astype("float32")
        restart(stacked, second(seed))
        stacked.fit(draws.permuted(h, axis=0) if name == "shuffled" else h, batch_size=100, epochs=1,
                    steps_per_epoch=settings["updates"], verbose=0)  # fmt: skip
        after[name].append(deep_nats(stacked.machine.parameters()))

# %% slideshow={"slide_type": "fragment"}
for name, pairs in after.items():
    print(f"second machine on {name:8}: bound " + ", ".join(f"{bound:.2f}" for _, bound in pairs)
          + "; exact " + ", ".join(f"{truth:.2f}" for truth, _ in pairs))  # fmt: skip
assert all(bound >= truth - 1e-6 for pairs in after.values() for truth, bound in pairs), "nats of a bound lie above"
if telling:
    assert all(bound < before[1] and truth < before[0] for truth, bound in after["switches"]), "both improve, each seed"
    assert all(bound > before[1] for _, bound in after["shuffled"]), "and do not where nothing goes together"

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the switches of images the bound gets better, and the truth with it, in every seed. On shuffled ones the bound
# gets worse. Now look at the last numbers: the *truth* gets better there too, and by more. That is no slip, for both
# are counted. The bound promises only that the truth is not worse than it. The gap between them is the divergence
# from $Q$ to $p(h\mid v)$. A new prior changes $p(h\mid v)$, and $Q$ stays what it was. So the recipe is safe, and it
# is not the best that one can do.

# %% [markdown] slideshow={"slide_type": "subslide"}
# To draw from a deep belief network, run the chain in the *top* machine only, then go down once. Put a second machine
# of 500 switches on the shipped one, and train it for a moment:

# %% slideshow={"slide_type": "skip"}
upper = set_visible_bias(rbm((500,), 500), gibbs.up(big, x_train[:2_000]))
belief = RBM(upper, chains=100, below=run.networks["machine"], optimizer=falling(0.02, settings["fit"]))
belief.compile(steps_per_execution=20)
belief.fit(images, batch_size=100, epochs=1, steps_per_epoch=settings["fit"], verbose=0)
strides, draws = 1_000 if telling else 50, np.random.default_rng(5)
ancestors = gibbs.ancestral(big, upper.parameters(), 24, strides, draws, v=every(x_test, 24)).reshape(-1, *shape)
chained = gibbs.means(big, every(x_test, 24), strides, draws).reshape(-1, *shape)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.image_rows(
        {"RBM": chained[:12], " ": chained[12:], "DBN": ancestors[:12], "  ": ancestors[12:]}, width=11
    ),
    alt="Twenty-four draws of the shipped machine, and as many of a deep belief network on top of it, after as many "
        "steps from the same test images: most of the second are threes, eights and noughts, some of them broken.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# A top machine that was trained for a moment draws *worse* than the machine that it stands on: threes, eights and
# noughts with holes. Stacking is no free gift. The prior over $h$ that it replaces has learned for 24,000 updates, and
# this top machine did not start as the first one upside down, so no bound promised anything.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · The deep Boltzmann machine
#
# A deep belief network has arrows at the bottom. A **deep Boltzmann machine** has none: every layer sees both of its
# neighbours.
#
# $$E(v,h_1,h_2)=-b\cdot v-c_1\cdot h_1-c_2\cdot h_2-v^\top W_1h_1-h_1^\top W_2h_2 .$$
#
# Here, too, $p(h\mid v)$ does not fall apart into coins, for $h_1$ and $h_2$ see each other. **Mean field** takes
# coins instead, and turns each until it agrees with its neighbours:
#
# $$\mu_1\leftarrow\sigma(c_1+vW_1+W_2\mu_2),\qquad \mu_2\leftarrow\sigma(c_2+\mu_1W_2).$$
#
# This climbs the bound $\log p(v)\ge -E(v,\mu_1,\mu_2)+\mathcal H(\mu_1)+\mathcal H(\mu_2)-\log Z$, the ELBO of
# notebook 01 with another $Q$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Six pixels, four and three switches: everything can be counted. How strongly the two hidden layers pull at each
# other decides how wrong the coins are. Look at the last panel before you say in which direction.

# %% slideshow={"slide_type": "fragment"}
keras.utils.set_random_seed(1)
tower, draws = dbm((6,), (4, 3)), np.random.default_rng(6)
sizes = [variable.shape for variable in (*tower.W, tower.b, *tower.c)]
values = [draws.normal(size=size) for size in sizes]
all_v, bounds = annealed.binary_states(6), {}
for force in (0.0, 1.0, 2.0, 4.0):
    for variable, value in zip((*tower.W, tower.b, *tower.c), values):
        variable.assign(force * value if variable is tower.W[1] else value)
    log_p = deep.dbm_log_likelihood(tower, all_v)
    bounds[f"W₂ × {force:g}"] = log_p, deep.dbm_elbo(tower, all_v, annealed.log_partition(tower.parameters()))
    gap = log_p - bounds[f"W₂ × {force:g}"][1]
    print(f"W₂ × {force:g}: sum of p {np.exp(log_p).sum():.6f}; log p − ELBO: {gap.mean():.4f} in the mean, "
          f"{gap.max():.4f} at most")  # fmt: skip
    assert np.isclose(np.exp(log_p).sum(), 1) and gap.min() > -1e-5, "a bound for each of the 64 images"
    assert (gap.max() < 1e-5) if force == 0 else (gap.max() > 1e-3), "equal only where Q falls apart into coins"

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    figures.slack(bounds),
    alt="How far the bound lies below log p, for all 64 images and four sizes of W₂: nowhere where W₂ is 0, up to a "
        "tenth or two of a nat in the other panels.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where nothing pulls, the bound is exact. A pull opens a gap, but the strongest has not the largest: with $W_2\times4$
# half of the images are within 0.03 nats again.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 10.1 What the slide leaves out
#
# The slide, and the textbook that it shows, leave the biases out "to simplify" matters. That is a sentence about
# *notation*. Taken as a model, it matters: without biases and weights every pixel is a fair coin, and switches have to
# be spent on saying that most of the page is paper. Fit the same 6-4-3 machine with and without biases to patches of
# 2×3 pixels of our digits, from a place where ink is rare. Everything is counted, the gradient is the exact one of
# section 4, and SciPy's L-BFGS climbs it for at most 300 steps.

# %% slideshow={"slide_type": "skip"}
ink_of = np.lib.stride_tricks.sliding_window_view(base.reshape(shape[:2]), (2, 3)).mean((2, 3))
top, left = np.unravel_index(np.abs(ink_of - 0.05).argmin(), ink_of.shape)  # a place where ink is rare: 5 %
patches = images[:, top : top + 2, left : left + 3].reshape(len(images), 6)
share_of = np.bincount(patches @ (1 << np.arange(6)), minlength=64) / len(patches)  # of the 64 possible patches
floor = -(share_of[share_of > 0] * np.log(share_of[share_of > 0])).sum()
switched = {units: annealed.binary_states(units) for units in (3, 4, 5)}


def counted(W_1, W_2, b, c_1, c_2):
    """p(v, h₁, h₂) of all states, 8,192 of a 6-4-3 machine."""
    h_1, h_2 = switched[len(c_1)], switched[len(c_2)]
    up = (all_v @ b)[:, None] + h_1 @ c_1 + all_v @ W_1 @ h_1.T  # (64, 16)
    log_p = up[:, :, None] + (h_1 @ W_2 @ h_2.T + h_2 @ c_2)
    return np.exp(log_p - logsumexp(log_p))

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def averages(p):
    """⟨v h₁⟩, ⟨h₁ h₂⟩, ⟨v⟩, ⟨h₁⟩ and ⟨h₂⟩ under p (64, 2^H₁, 2^H₂), or their differences when p is a difference."""
    low, high = p.sum(2), p.sum(0)
    h_1, h_2 = (switched[size.bit_length() - 1] for size in high.shape)
    return all_v.T @ low @ h_1, h_1.T @ high @ h_2, all_v.T @ low.sum(1), h_1.T @ high.sum(1), h_2.T @ high.sum(0)


def fitted(seed, biases, low=4, high=3):
    weights, others = (6 + high) * low, 6 + low + high

    def climb(theta):
        W_1, W_2, *rest = np.split(theta, np.cumsum([6 * low, low * high, 6, low]))
        p = counted(W_1.reshape(6, low), W_2.reshape(low, high), *rest)
        p_v = p.sum((1, 2))
        slope = np.concatenate([m.ravel() for m in averages(p - p / p_v[:, None, None] * share_of[:, None, None])])
        return -(share_of * np.log(p_v)).sum(), slope * free

    free = np.r_[np.ones(weights), np.full(others, float(biases))]  # which numbers may move
    begin = np.r_[0.5 * np.random.default_rng(seed).normal(size=weights), np.zeros(others)]
    return optimize.minimize(climb, begin, jac=True, method="L-BFGS-B", options={"maxiter": 300}).fun - floor


pairs = np.array([(fitted(seed, True), fitted(seed, False), fitted(seed, False, 5, 4))
                  for seed in range(5 if telling else 2)])  # fmt: skip
print(f"{share_of[0]:.0%} of the patches are blank; their entropy is {floor:.4f} nats: nothing can be below")
for seed, (with_them, without_them, larger) in enumerate(pairs):
    print(f"start {seed}: {with_them:.4f} nats above it with biases (49 numbers), {without_them:.4f} without (36); "
          f"6-5-4 without (50) {larger:.4f}")  # fmt: skip
assert (pairs[:, 0] < pairs[:, 1]).mean() > 0.5 and pairs[:, 0].mean() < pairs[:, 1].mean()
if telling and not drawn_here:
    assert (pairs[:, 0] < pairs[:, 1]).all() and 1.5 * pairs[:, 0].mean() < pairs[:, 1].mean(), "in every pair"
    assert pairs[:, 2].mean() < 0.7 * pairs[:, 1].mean(), "two switches more buy most of it back"

# %% [markdown] slideshow={"slide_type": "fragment"}
# From every start the machine with biases ends nearer to the floor. From some starts the other one comes close:
# switches can imitate biases. But it costs switches. The machine with biases has 49 numbers to learn and the other one
# 36. Give it two switches more (6-5-4, 50 numbers), and it comes about as near from three starts of the five, but not
# from the other two. So read the slide's formula as a shorthand, and build the machine with biases.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 11 · One scale
#
# What this course has measured on binary digits, beside what papers print. The first two rows are those of sections 1
# and 2, on 1,000 test images; all else is read from the recipes of shipped weights. Filled dots are ours, rings are
# published; without a dot nothing is shipped yet.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def from_recipe(name, *keys):
    if name not in pretrained.available():
        return None
    scores = pretrained.load(name).recipe["scores"]
    return next((float(scores[key]) for key in keys if key in scores), None)


ledger = {
    "a coin a pixel": (float(alone), None),
    f"mixture, K = {most}": (float(np.mean(mixed[most])), 137.64),
    "RBM, 500 (annealing)": (from_recipe("rbm-binary", "nats-test"), 86.34),
    "DBN (bound)": (from_recipe("dbn-binary", "nats-test"), 86.22),
    "DBM (bound)": (from_recipe("dbm-binary", "nats-test"), 84.62),
    "MADE (exact)": (from_recipe("made-binary", "nats-test"), 88.04),
    "VAE (200 samples)": (from_recipe("vae-mnist-binary", "NLL-200"), 89.78),
    "PixelCNN (exact)": (from_recipe("pixelcnn-binary", "nats-test"), 81.30),
}
for name, (ours, published) in ledger.items():
    print(f"{name:24} {'–' if ours is None else f'{ours:7.2f}':>7}   published {published or '–'}")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    figures.ledger({name: pair for name, pair in list(ledger.items())[1:] if pair != (None, None)}),
    alt="Test nats by family, ours and published: "
    + "; ".join(f"{name} {'–' if a is None else f'{a:.1f}'} and {b or '–'}"
                for name, (a, b) in list(ledger.items())[1:]) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read the words in brackets, too. *Exact* is what it says. *Annealing* rests on an estimated $Z$, which errs towards
# too good a number. The *bound* of a deep machine makes it look worse than it is, and rests on an estimated $Z$ as
# well. *200 samples* are a bound too, without any $Z$ (Burda et al., 2016). The VAE's test images were binarised by a
# draw of our own, so its row is on the same scale but not of the same file. Published are, from the top:
# Salakhutdinov and Murray (2008; mixture, RBM and DBN), Salakhutdinov and Hinton (2009), Germain et al. (2015; 32
# masks, ours has one), the library pythae with a binarisation of its own, and van den Oord et al. (2016). The
# mixture's and the belief network's figures are quoted from memory; another estimate of the same network is 84.55
# (Murray and Salakhutdinov, 2009). Whether stacking has paid in our shipped pair cannot be read here: the bound of
# the belief network lies above the number of the machine that it stands on, and the truth lies somewhere below.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In depth: mean field by hand
#
# For one of the 64 images, and with the strongest $W_2$: turn the coins layer by layer, and look at the bound after
# each sweep. No sweep can lower it, for each layer's coins are the best ones given the other layer's.

# %% slideshow={"slide_type": "fragment"}
W_1, W_2, b_v, c_1, c_2 = [force * value if place == 1 else value for place, value in enumerate(values)]
v = all_v[37]
mu_1, mu_2, trail = np.full(4, 0.5), np.full(3, 0.5), []
for _ in range(30):
    mu_1 = expit(c_1 + v @ W_1 + W_2 @ mu_2)
    mu_2 = expit(c_2 + mu_1 @ W_2)
    minus_energy = b_v @ v + c_1 @ mu_1 + c_2 @ mu_2 + v @ W_1 @ mu_1 + mu_1 @ W_2 @ mu_2
    entropy = sum(stats.bernoulli(mu).entropy().sum() for mu in (mu_1, mu_2))
    trail.append(minus_energy + entropy - annealed.log_partition(tower.parameters()))
print("ELBO by sweeps 1, 2, 5, 30:", *(f"{trail[i - 1]:.4f}" for i in (1, 2, 5, 30)), f"; log p {log_p[37]:.4f}")
assert all(later > earlier - 1e-9 for earlier, later in pairwise(trail)) and trail[-1] <= log_p[37]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn
#
# Exercises 1 and 2 stand in section 3. Fill in the dots and run the cell. The check says what is wrong,
# `exercises.boltzmann.step.hint()` gives a hint, and the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 3 · Repair a machine that learns nothing new
#
# `v` (N, V) are images and `h` (N, H) the probabilities of their hidden units, `v_minus` (M, V) and `h_minus` (M, H)
# the same for the states of M chains. The function should return the estimate (V, H) of $\partial\log p/\partial W$.
# With this code the machine learns the mean image, and no strokes: pixels and hidden units never find out which of
# them go *together*. Find the fault and repair it.

# %% slideshow={"slide_type": "skip"}
def my_step_for_W(v, h, v_minus, h_minus):
    return np.outer(v.mean(0), h.mean(0)) - np.outer(v_minus.mean(0), h_minus.mean(0))


exercises.boltzmann.step.check(my_step_for_W)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def my_step_for_W(v, h, v_minus, h_minus):
#     return v.T @ h / len(v) - v_minus.T @ h_minus / len(v_minus)
# ```
#
# ⟨v h⟩ is the mean of a product, and the broken code has the product of the means. They differ by the covariance, and
# the covariance is all that W is there to learn: what a pixel does by itself its bias can say. So the broken machine
# matches the means, and nothing ever tells it which pixels go together.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 4 · How many temperatures are enough?
#
# Take one machine of the lecture whose $Z$ is known. Estimate its log Z by annealing with at least four numbers of
# temperatures, one of at most 10 and one of at least 300, each with three seeds or more. Fill a dict,
# `{temperatures: (mean of log Z, deviation over seeds)}`, and write in a sentence or two to which side the estimate
# errs when there are few, and whether the spread over seeds would have warned you.

# %% slideshow={"slide_type": "skip"}
my_estimates = ...
my_verdict = ...

exercises.boltzmann.temperatures.check(my_estimates, my_verdict)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# my_estimates = {}
# for count in (3, 10, 30, 100, 300):
#     found = [ais(small, base, count, 50, seed) for seed in range(3)]
#     my_estimates[count] = float(np.mean(found)), float(np.std(found))
# my_verdict = "With few temperatures log Z is too small, so the nats are too good; three seeds agree and do not warn."
# ```
#
# Z is estimated without bias, and a logarithm of a noisy number is too small on average (Jensen). With few
# temperatures the weights of the chains differ so much that the rare large ones are never drawn: each seed misses them
# in the same way. So the seeds may agree with each other and be wrong together. More temperatures, or a machine whose
# Z is known, show it; the spread alone does not.
#
# A good answer says:
#
# - It names the exact log Z, and the error at the smallest and at the largest number.
# - It says that few temperatures give too small a log Z, so that the nats look better than they are.
# - It says whether the error at few temperatures is larger than the spread over seeds, in numbers.
# - It says how many seeds there were, and that three show a spread only roughly.
#
# </details>

# %% slideshow={"slide_type": "skip"}
exercises.summary()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 12 · Recap
#
# - A mixture pays for each template. Switches that share strokes are a mixture of $2^{500}$ of them.
# - A low energy is a high probability, once you divide by $Z$, and $Z$ is the trouble.
# - The gradient needs no $Z$, only dreams: $F(v)-F(v^-)$ with the dreams held fixed.
# - Dreams one step from the data are short-sighted. Let the chains go on.
# - Annealing finds $Z$; when it is too short, it flatters the model.
# - Chains have to move. Count how often they change their class.
# - Stack machines, and you have bounds instead of likelihoods: a belief network where there are arrows below the top,
#   a deep Boltzmann machine where there are none.
#
# In Goodfellow's taxonomy these models have an explicit density that one can only approximate, and they draw by a
# Markov chain. That is why the decks move on: VAEs (notebook 01) keep the latent variables and draw in one pass, pixel
# models (10) keep the exact nats, and diffusion (14) makes a long chain of small steps work after all.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | the energy of a deep machine, without biases | it has them; the book leaves them out to simplify (10.1) |
# | restricted Boltzmann machine, 2006 | Smolensky's *harmonium*, 1986; 2006 is the year of pretraining |
# | deep belief networks, 2007 | their paper appeared in 2006 |
# | "similar to an auto encoder" | in its pass up and down; but this one has a $p(x)$ (6, 8) |
#
# ### References
#
# - Burda, Grosse & Salakhutdinov (2016), *Importance Weighted Autoencoders*, <https://arxiv.org/abs/1509.00519>
# - Germain et al. (2015), *MADE: Masked Autoencoder for Distribution Estimation*, <https://arxiv.org/abs/1502.03509>
# - Goodfellow, Bengio & Courville (2016), *Deep Learning*, chapter 20, <https://www.deeplearningbook.org>
# - Hinton (2002), *Training Products of Experts by Minimizing Contrastive Divergence*,
#   <https://doi.org/10.1162/089976602760128018>
# - Hinton, Osindero & Teh (2006), *A Fast Learning Algorithm for Deep Belief Nets*,
#   <https://doi.org/10.1162/neco.2006.18.7.1527>
# - Hinton & Salakhutdinov (2006), *Reducing the Dimensionality of Data with Neural Networks*,
#   <https://doi.org/10.1126/science.1127647>
# - Larochelle & Murray (2011), *The Neural Autoregressive Distribution Estimator*,
#   <https://proceedings.mlr.press/v15/larochelle11a.html>
# - Murray & Salakhutdinov (2009), *Evaluating Probabilities under High-Dimensional Latent Variable Models*,
#   <https://papers.nips.cc/paper/3584-evaluating-probabilities-under-high-dimensional-latent-variable-models>
# - Neal (2001), *Annealed Importance Sampling*, <https://arxiv.org/abs/physics/9803008>
# - Salakhutdinov & Hinton (2009), *Deep Boltzmann Machines*, <https://proceedings.mlr.press/v5/salakhutdinov09a.html>
# - Salakhutdinov & Murray (2008), *On the Quantitative Analysis of Deep Belief Networks*,
#   <https://doi.org/10.1145/1390156.1390266>
# - Smolensky (1986), *Information Processing in Dynamical Systems: Foundations of Harmony Theory*
# - Tieleman (2008), *Training Restricted Boltzmann Machines Using Approximations to the Likelihood Gradient*,
#   <https://doi.org/10.1145/1390156.1390290>
# - van den Oord, Kalchbrenner & Kavukcuoglu (2016), *Pixel Recurrent Neural Networks*,
#   <https://arxiv.org/abs/1601.06759>
