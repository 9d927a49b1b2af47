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
# # 01 · Variational autoencoders
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/01_vae.ipynb)
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/01_vae.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/01_vae.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on variational autoencoders.
#
# When you are through, you can
#
# - derive in three lines the bound that a VAE maximises, and check each of its parts by a number,
# - write the whole algorithm yourself: loss in nats, networks, and the game that trains them,
# - read its curves, draw the plane that it has learned, and say what β trades,
# - recognise two mistakes of the slides, and one that kills the latent space.
#
# Sections 1 to 9 fill two meetings, the second from section 5 on. Sections 10 to 16 go deeper: gradients through a
# draw, the likelihood that papers print, what an axis means, a smile on a face, the errata in numbers, blur, and why
# the encoder gives a logarithm.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute on two cores |
# | `cpu` | a laptop | 5 minutes of processor time |
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
import keras
import numpy as np
from keras import layers, ops
from scipy import ndimage, stats

from course_utils import backend, data, exercises, losses, metrics, plots, pretrained, studies
from course_utils.game import Game, Player
from course_utils.games.vae import VAE, Autoencoder, binarise
from course_utils.games.watching import largest_difference
from course_utils.networks.vae import conv_decoder, conv_encoder, decode, encode
from course_utils.networks.vae import mlp_decoder, mlp_encoder
from course_utils.plots import show

# %% [markdown] slideshow={"slide_type": "skip"}
# This cell holds all settings: `images` is the number of training images, `steps` the updates between two points of a
# curve, and `epochs` the number of such stretches. `small` counts the stretches of the little networks that are
# trained by the handful, `seeds` says how often they are trained, and `draws` how often a gradient is drawn.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 1_000, "batch": 64, "steps": 12, "epochs": 2, "small": 6, "test": 300, "seeds": 1, "draws": 2_000},
    cpu={"images": 60_000, "batch": 128, "steps": 75, "epochs": 10, "small": 20, "test": 1_500, "seeds": 3,
         "draws": 4_000},
    gpu={"images": 60_000, "batch": 128, "steps": 468, "epochs": 30, "small": 40, "test": 5_000, "seeds": 5,
         "draws": 10_000},
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data

# %% slideshow={"slide_type": "fragment"}
digits = data.load("mnist", fallback="glyphs")
x_train = data.scale(digits.x_train[: settings["images"]], low=0.0, high=1.0)
x_test = data.scale(digits.x_test[: settings["test"]], low=0.0, high=1.0)
y_test = digits.y_test[: settings["test"]]
by_class = np.concatenate([x_test[y_test == digit][:6] for digit in range(10)])
print(data.source("mnist").text, x_train.shape, x_train.dtype)
show(
    plots.image_grid(by_class[np.arange(60).reshape(10, 6).T.ravel()], columns=10, width=6.0),
    alt="Ten columns of six digits, one class a column. Slant, thickness and shape differ within a class.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Slant, thickness and shape vary within a class. Somebody who knows digits could write these down as **latent
# variables**: the course's own drawn digits, the glyphs, are made that way. It is hard to think of all of them
# beforehand. A VAE learns its latent variables from the images, and you find out afterwards what they mean.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea
#
# To *generate*, you want to draw a code $z$ and decode it. But which codes decode to something? A plain autoencoder
# does not say (notebook 00, section 5). A variational autoencoder (Kingma & Welling, 2014; Rezende et al., 2014)
# makes three choices, and then knows.
#
# 1. **A prior.** Before any image is seen, $z \sim \mathcal N(0, I)$. This is where you will draw.
# 2. **A decoder** $p(x\mid z)$: for each $z$, a probability for each pixel to be ink.
# 3. **An encoder** $q(z\mid x)$: for each image not a point but a small cloud
#    $\mathcal N(\mu(x), \operatorname{diag}\sigma^2(x))$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 The bound, in three lines
#
# We want $\log p(x)$ to be large, but $p(x) = \int p(x\mid z)\,p(z)\,dz$ cannot be computed. Take any $q(z\mid x)$
# you like. Bayes' rule says $p(x) = p(x\mid z)\,p(z)/p(z\mid x)$ for *every* $z$. Take logarithms, average over
# $z\sim q$, and put $q$ into the numerator and the denominator:
#
# $$\begin{aligned}\log p(x) &= \mathbb E_q\left[\log p(x\mid z) + \log p(z) - \log p(z\mid x)\right]\\
#   &= \mathbb E_q[\log p(x\mid z)] - \mathbb E_q\left[\log\frac{q(z\mid x)}{p(z)}\right]
#   + \mathbb E_q\left[\log\frac{q(z\mid x)}{p(z\mid x)}\right]\\
#   &= \underbrace{\mathbb E_q[\log p(x\mid z)] - \mathrm{KL}(q(z\mid x)\,\|\,p(z))}_{\text{ELBO}}
#   + \underbrace{\mathrm{KL}(q(z\mid x)\,\|\,p(z\mid x))}_{\text{gap}\;\ge\;0}.\end{aligned}$$
#
# The gap is a KL, and no KL is negative (Jensen's inequality). So the ELBO, which can be computed, lies below
# $\log p(x)$ by exactly the gap. Raise it, and the model gets better, or the gap smaller, or both.

# %% [markdown] slideshow={"slide_type": "slide"}
# Do not believe it; add it up. Here is a model in which everything is known exactly:
# $z \sim \mathcal N(0, I_2)$ and $x = Wz + 0.5\,\epsilon$ in five dimensions.

# %% slideshow={"slide_type": "skip"}
rng = np.random.default_rng(0)
W, noise, x = rng.normal(size=(5, 2)), 0.5, rng.normal(size=5)
log_px = stats.multivariate_normal(np.zeros(5), W @ W.T + noise**2 * np.eye(5)).logpdf(x)

precision = np.eye(2) + W.T @ W / noise**2  # of the true posterior p(z|x)
true_mean, true_cov = np.linalg.solve(precision, W.T @ x) / noise**2, np.linalg.inv(precision)


def gaussian_kl(m0, c0, m1, c1):
    """KL(N(m0, c0) || N(m1, c1)) of full covariances, in nats."""
    inverse, shift = np.linalg.inv(c1), m1 - m0
    logs = np.linalg.slogdet(c1)[1] - np.linalg.slogdet(c0)[1]
    return 0.5 * (np.trace(inverse @ c0) + shift @ inverse @ shift - len(m0) + logs)


# %% slideshow={"slide_type": "skip"}
def elbo(mean, cov):
    """E_q[log p(x|z)] − KL(q || p), both in closed form."""
    error = np.sum((x - W @ mean) ** 2) + np.trace(W @ cov @ W.T)
    likelihood = -0.5 * (5 * np.log(2 * np.pi * noise**2) + error / noise**2)
    return likelihood - gaussian_kl(mean, cov, np.zeros(2), np.eye(2))


way = np.linspace(0.3, 1, 60)  # q walks from near the prior to the best diagonal Gaussian
best = np.diag(1 / np.diag(precision))
walk = [(t * true_mean, (1 - t) * np.eye(2) + t * best) for t in way]
bounds = np.array([elbo(*q) for q in walk])
gaps = np.array([gaussian_kl(*q, true_mean, true_cov) for q in walk])
assert np.allclose(bounds + gaps, log_px, atol=1e-4), "ELBO and gap must add up to log p(x)"
assert np.all(bounds <= log_px)

# %% slideshow={"slide_type": "fragment"}
figure, axis = plots.figure(width=8, height=4)
axis.plot(way, bounds, label="ELBO", linestyle="-")
axis.axhline(log_px, color="black", label=f"log p(x) = {log_px:.2f} nats", linestyle="--")
axis.fill_between(way, bounds, log_px, color=plots.COLOURS[1], alpha=0.3, label="gap")
axis.set(xlabel="q walks from the prior (0) to the best diagonal q (1)", ylabel="nats")
axis.legend(loc="lower right")
show(figure, f"The ELBO rises towards log p(x) and ends {gaps[-1]:.2f} nats below it.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The curve and the shaded gap add up to the dashed line at every point. Even at the right end a gap is left: the
# true posterior's axes are tilted, and a *diagonal* $q$ cannot follow. That is the price of the slide's "we assume
# diagonal covariance". Section 12 comes back to it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.2 The KL term in closed form
#
# Both Gaussians have independent axes, so their log-densities and their KL are sums over axes. For one axis, with
# $z = \mu + \sigma\epsilon$:
#
# $$\begin{aligned}\log q(z) - \log p(z) &= -\tfrac12\epsilon^2 - \log\sigma + \tfrac12(\mu+\sigma\epsilon)^2\\
#   \mathrm{KL} = \mathbb E[\,\cdot\,] &= -\tfrac12 - \log\sigma + \tfrac12(\mu^2+\sigma^2)\\
#   \mathrm{KL}(q\,\|\,p) &= \tfrac12\sum_k\left(\sigma_k^2 + \mu_k^2 - 1 - \log\sigma_k^2\right),\end{aligned}$$
#
# since $\mathbb E\,\epsilon = 0$ and $\mathbb E\,\epsilon^2 = 1$. The encoder gives $\log\sigma^2$, so the code has
# an `exp` where the formula has a variance. Below we get the same number in three ways: by the formula, by an integral
# that SciPy evaluates without knowing the formula, and by an average over 200,000 draws.

# %% slideshow={"slide_type": "fragment"}
def kl_divergence(z_mean, z_log_var):
    terms = ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var  # (N, d)
    return 0.5 * ops.sum(terms, axis=-1)  # (N,), nats


z_mean = rng.normal(size=(6, 3)).astype("float32")
z_log_var = rng.normal(size=(6, 3)).astype("float32")
ours = ops.convert_to_numpy(kl_divergence(z_mean, z_log_var))
assert np.allclose(ours, losses.kl_divergence(z_mean, z_log_var), atol=1e-5)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
q = stats.norm(z_mean.astype("float64"), np.exp(0.5 * z_log_var.astype("float64")))
integral = np.zeros(6)
for i, k in np.ndindex(6, 3):
    one = stats.norm(q.mean()[i, k], q.std()[i, k])
    integral[i] += one.expect(lambda z, one=one: one.logpdf(z) - stats.norm.logpdf(z))
z = q.rvs(size=(200_000, 6, 3), random_state=0)
estimates = (q.logpdf(z) - stats.norm.logpdf(z)).sum(-1)
error = estimates.std(0) / np.sqrt(len(z))
assert np.allclose(ours, integral, atol=1e-4)
assert np.all(np.abs(estimates.mean(0) - ours) < 5 * error), "off by more than chance allows"
for row in zip(ours, integral, estimates.mean(0), error):
    print("formula {:.4f}   integral {:.4f}   draws {:.4f} ± {:.4f}".format(*row))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.3 The gradient has to pass a random draw
#
# The loss holds $\mathbb E_{z\sim q}[f(z)]$ with $f(z) = -\log p(x\mid z)$, and the parameters of $q$ are what we
# train.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.stochastic_node(),
    alt="Two graphs. Left: z is drawn from μ and σ, and the gradient stops there. Right: z is computed as μ + σε, "
    "the draw ε comes from beside, and the gradient reaches μ and σ.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two ways to get the same gradient with respect to $\mu$:
#
# $$\text{score function:}\quad \frac{\partial}{\partial\mu}\int f(z)\,q(z)\,dz
#   = \mathbb E\left[f(z)\,\frac{\partial\log q(z)}{\partial\mu}\right]
#   = \mathbb E\left[f(z)\,\frac{\epsilon}{\sigma}\right],$$
#
# $$\text{reparameterised:}\quad \frac{\partial}{\partial\mu}\,\mathbb E_\epsilon\left[f(\mu+\sigma\epsilon)\right]
#   = \mathbb E_\epsilon\left[f'(\mu+\sigma\epsilon)\right].$$
#
# The first never looks at the slope of $f$; it only notes which draws did well. The second uses the slope. Both
# have the same mean. Section 10 measures how much less noisy the second is.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · The algorithm, from scratch
#
# ### 3.1 The loss
#
# We count in nats, *sum* over pixels and latent axes, and average over the batch.

# %% slideshow={"slide_type": "fragment"}
def vae_loss(x, encoder, decoder, epsilon):
    z_mean, z_log_var = encoder(x)  # (N, d) each
    z = z_mean + ops.exp(0.5 * z_log_var) * epsilon  # (N, d)
    logits = decoder(z)  # (N, 28, 28, 1)
    nll = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2, 3))  # (N,), −log p(x|z)
    return ops.mean(nll + kl_divergence(z_mean, z_log_var))

# %% [markdown] slideshow={"slide_type": "fragment"}
# `softplus(l) − x·l` is the cross entropy of a pixel with logit `l`, without a sigmoid in between that could round to
# 0 or 1.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.2 The networks, layer by layer
#
# The lecture's model has two latent axes. They are too few for good digits, and just right for a picture of the whole
# latent space. The encoder ends in two heads, one for $\mu$ and one for $\log\sigma^2$.

# %% slideshow={"slide_type": "fragment"}
def my_encoder(latent_dim=2, width=16):
    images = keras.Input((28, 28, 1), name="images")
    hidden = images
    for channels in (width, 2 * width, 2 * width):  # (N, 14, 14, 16), (N, 7, 7, 32), (N, 4, 4, 32)
        hidden = layers.Conv2D(channels, 3, strides=2, padding="same", activation="relu")(hidden)
    hidden = layers.Dense(2 * width, activation="relu")(layers.Flatten()(hidden))  # (N, 32)
    z_mean = layers.Dense(latent_dim, name="z_mean")(hidden)  # (N, 2)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(hidden)  # (N, 2)
    return keras.Model(images, [z_mean, z_log_var], name="encoder")

# %% slideshow={"slide_type": "skip"}
def my_decoder(latent_dim=2, width=16):
    z = keras.Input((latent_dim,), name="z")
    hidden = layers.Dense(2 * width, activation="relu")(z)  # (N, 32)
    hidden = layers.Dense(7 * 7 * 2 * width, activation="relu")(hidden)
    hidden = layers.Reshape((7, 7, 2 * width))(hidden)  # (N, 7, 7, 32)
    for channels in (width, width // 2):  # (N, 14, 14, 16), (N, 28, 28, 8)
        hidden = layers.UpSampling2D(2)(hidden)  # every pixel becomes 2×2
        hidden = layers.Conv2D(channels, 3, padding="same", activation="relu")(hidden)
    logits = layers.Conv2D(1, 3, padding="same", name="logits")(hidden)  # (N, 28, 28, 1)
    return keras.Model(z, logits, name="decoder")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.architecture({"encoder q(z|x)": my_encoder(), "decoder p(x|z)": my_decoder()}),
    alt="Encoder: 28×28×1, three convolutions with stride 2 down to 4×4×32, dense 32, two heads of 2. Decoder: 2, "
    "dense, 7×7×32, twice upsampled and convolved to 28×28×1.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.3 The game
#
# One player moves both networks down one loss. This is the whole algorithm.

# %% slideshow={"slide_type": "fragment"}
class MyVAE(Game):
    def __init__(self, encoder, decoder, optimizer, seed=0):
        player = Player("vae", [encoder, decoder], self.negative_elbo, optimizer)
        super().__init__([player], seed=seed)
        self.encoder, self.decoder = encoder, decoder
        self.normal = keras.random.SeedGenerator(seed)

    def negative_elbo(self, x, training):
        z_mean, z_log_var = self.encoder(x, training=training)  # (N, d) each
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.normal)
        z = z_mean + ops.exp(0.5 * z_log_var) * epsilon  # (N, d)
        logits = self.decoder(z, training=training)  # (N, 28, 28, 1)
        nll = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2, 3))  # (N,)
        return ops.mean(nll + kl_divergence(z_mean, z_log_var))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The package's `VAE` is the same game with a weight β on the KL term. Do both move the same weights to the same
# place?

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
mine = MyVAE(my_encoder(), my_decoder(), keras.optimizers.Adam(1e-3))
packaged = VAE(conv_encoder(2, 16), conv_decoder(2, 16), keras.optimizers.Adam(1e-3))
apart = largest_difference(mine, packaged, x_train[:256])
print(f"largest difference between any two weights after two updates: {apart:.1e}")
assert apart < 1e-5

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Train
#
# Watch both terms. The reconstruction term falls from the start. The KL is 0 at first, and then it *rises*: the
# encoder begins to use the latent space, and pays for it. A KL that *stays* at zero is the failure of section 6.

# %% slideshow={"slide_type": "skip"}
fixed_z = rng.normal(size=(32, 2)).astype("float32")
plan = {"batch_size": settings["batch"], "epochs": settings["epochs"]}
plan |= {"steps_per_epoch": settings["steps"], "verbose": 0}
small_plan = {**plan, "epochs": settings["small"]}
vae = VAE(my_encoder(), my_decoder(), keras.optimizers.Adam(2e-3))
vae.compile()

# %% slideshow={"slide_type": "fragment"}
live = plots.Live(
    lambda: decode(vae.decoder, fixed_z),
    {"nll": "reconstruction", "kl": "KL"},
    alt="Left: 32 points of the prior, decoded. Right: the reconstruction term and, on an axis of its own, the KL.",
    xlabel=f"stretches of {settings['steps']} steps",
    apart=True,
)
history = vae.fit(x_train, callbacks=[live], **plan).history
if session.profile != "smoke":
    assert history["kl"][-1] > history["kl"][0] and history["nll"][-1] < history["nll"][0]

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
names = ("vae-mnist-binary", "vae-mnist-z2", "ae-mnist-z2", "vae-mnist-z16", "ae-mnist-z16")
shipped = {name: pretrained.load(name) for name in names}
here = vae.evaluate(x_test, batch_size=500, verbose=0)
recipe = shipped["vae-mnist-z2"].recipe
print(f"just trained   ELBO {-here['loss']:.1f} nats on {len(x_test):,} test images")
print(f"the long run   ELBO {-recipe['scores']['negative-ELBO']:.1f} nats on all 10,000, {recipe['seconds']:.0f} s")

# %% [markdown] slideshow={"slide_type": "skip"}
# Pixels are grey here, and a Bernoulli variable is 0 or 1. So this number is no likelihood of the grey images; it
# is the mean of the ELBO over images of 0 and 1 drawn with the grey values as chances, with the grey image's $q$.
# Section 10 uses images of 0 and 1, and compares with the literature.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 4.1 Original and reconstruction
#
# Encode a test image, take the mean of its cloud, decode. Two axes cannot hold a digit; sixteen nearly can.

# %% slideshow={"slide_type": "fragment"}
pairs = {"VAE, d = 2,\njust trained": (vae.encoder, vae.decoder)}
for title, name in {"VAE, d = 2": "vae-mnist-z2", "VAE, d = 16": "vae-mnist-z16", "AE, d = 16": "ae-mnist-z16"}.items():
    pairs[title] = tuple(shipped[name].networks[part] for part in ("encoder", "decoder"))
restored = {title: decode(decoder, encode(encoder, x_test)[0]) for title, (encoder, decoder) in pairs.items()}
wrong = {title: float(np.sum((images - x_test) ** 2) / len(x_test)) for title, images in restored.items()}
show(
    plots.image_rows({"original": x_test[:11]} | {title: images[:11] for title, images in restored.items()}, width=10),
    alt="Eleven test digits and their reconstructions. Squared error per image: "
    + ", ".join(f"{title.replace(chr(10), ' ')} {value:.1f}" for title, value in wrong.items()) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The autoencoder restores best, since its codes cost nothing. The VAE with the same sixteen axes pays for every
# nat, and its squared error is half as large again. Two axes often keep which digit it is, and little of how it was
# written.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Look inside
#
# From here on we try the lecture's claims, with one experiment each. Where a claim is about a *trained* model we take
# the shipped weights, so that you see the same on any machine.
#
# ### 5.1 The latent plane
#
# Left: where the encoder puts the test images, coloured by class; nobody told it the classes. Right: what the decoder
# makes of the plane. Columns and rows are spaced so that each square holds the same share of the prior.

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
levels = stats.norm.ppf((np.arange(12) + 0.5) / 12)  # z with 1/24, 3/24, … of the prior below it
z = np.stack(np.meshgrid(levels, levels[::-1]), -1)  # rows from top to bottom
plane = shipped["vae-mnist-z2"].networks
decoded = decode(plane["decoder"], z.reshape(-1, 2)).reshape(12, 12, 28, 28, 1)
codes, _ = encode(plane["encoder"], x_test)
read = metrics.evaluator("mnist")  # images in [-1, 1] -> (features, probabilities)
sure = read(2 * decoded.reshape(-1, 28, 28, 1) - 1).probabilities.max(1).reshape(12, 12)
print(f"squares that the digit classifier reads with more than 90 %: {np.mean(sure > 0.9):.0%}")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.latent_map(codes[:1_000], y_test[:1_000], decoded, 3.0, ("Codes of images", "The plane, decoded"), levels),
    alt="Left: codes by class inside and around the prior's circles, with gaps between some classes. Right: the plane "
    f"decoded; a classifier reads {np.mean(sure > 0.9):.0%} of the squares as a digit with more than 90 %.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The dashed circles hold 39 % and 86 % of the prior. Classes form regions. Between two regions the decoder draws
# blends of two digits. The classifier is sure on two thirds of the squares; but it has to name a digit (section
# 5.2), so look too.

# %% slideshow={"slide_type": "skip"}
def explore_plane(z1, z2):
    return plots.image_grid(decode(plane["decoder"], [[z1, z2]]), columns=1, width=3)


plots.explore(explore_plane, z1=(-3.0, 3.0, 0.0), z2=(-3.0, 3.0, 0.0))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.2 A plain autoencoder does not say where to draw
#
# The lecture says that *a plain autoencoder's latent space is not fit to sample from.* We take the same networks, data
# and budget, but the loss is the reconstruction alone and $z = \mu(x)$.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
both = {"Autoencoder": encode(shipped["ae-mnist-z2"].networks["encoder"], x_test)[0], "VAE": codes}
show(
    plots.latent_scatter({name: (points, y_test) for name, points in both.items()}),
    alt="Codes by class. Deviation per axis: autoencoder "
    + " and ".join(f"{s:.1f}" for s in both["Autoencoder"].std(0)) + ", VAE "
    + " and ".join(f"{s:.1f}" for s in both["VAE"].std(0)) + "; the prior's is 1.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Mind the axes. Nothing tells the autoencoder where to put its codes, and they reach far beyond the prior's
# circles. The codes of the VAE lie in and around the circles, if not evenly.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now we count, and with sixteen latent axes, where good digits are possible. Two measures are read off a frozen
# digit classifier. The **Fréchet distance** compares the means $m$ and the covariances $C$ of its 96
# features for real and for drawn images (Heusel et al., 2017, eq. 6); 0 is best:
#
# $$\mathrm{FD} = \|m_r - m_g\|^2 + \operatorname{tr}\!\left(C_r + C_g - 2\,(C_rC_g)^{1/2}\right).$$
#
# The **inception score** $\mathrm{IS} = \exp\mathbb E_x\mathrm{KL}(p(y\mid x)\,\|\,p(y))$ is 10 when each image is
# read as one class for sure and all ten come up equally often (Salimans et al., 2016). To be fair to the
# autoencoder we also draw from a Gaussian fitted to its codes of *training* images.

# %% slideshow={"slide_type": "skip"}
def scores_of(images):
    reading = read(2 * images - 1)
    sure = float(reading.probabilities.max(1).mean())
    return sure, metrics.inception_score(reading.probabilities), metrics.frechet_distance(reading.features, real)


def three_ways(ae, vae, noise):
    """Samples of an autoencoder from the prior and from a Gaussian fitted to its codes, and of a VAE."""
    codes = encode(ae["encoder"], x_train[:5_000])[0]
    root = np.linalg.cholesky(np.cov(codes, rowvar=False) + 1e-6 * np.eye(codes.shape[1]))
    return {
        "AE, prior": decode(ae["decoder"], noise),
        "AE, fitted\nGaussian": decode(ae["decoder"], codes.mean(0) + noise @ root.T),
        "VAE, prior": decode(vae["decoder"], noise),
    }

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
real = read(2 * x_test - 1).features
ae, big = (shipped[name].networks for name in ("ae-mnist-z16", "vae-mnist-z16"))
noise = rng.normal(size=(1_000, 16)).astype("float32")
samples = three_ways(ae, big, noise)
table = {name: scores_of(images) for name, images in samples.items()}
for name, (sure, inception, distance) in table.items():
    label = name.replace("\n", " ")
    print(f"{label:20} mean confidence {sure:.2f}   IS {inception:.1f}   FD-{read.name} {distance:.1f}")
assert table["VAE, prior"][1] > table["AE, prior"][1] and table["VAE, prior"][2] < table["AE, prior"][2]

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({name: images[:12] for name, images in samples.items()}, width=9),
    alt="Twelve samples each. FD: "
    + ", ".join(f"{name.replace(chr(10), ' ')} {row[2]:.0f}" for name, row in table.items()) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Look at the first row and at its confidence. The autoencoder decodes points of the prior to pale fragments, and
# the classifier is still quite sure: it has learned digits and nothing else, so it must name one, and it is sure
# far from everything it has seen, as such classifiers often are. Confidence alone is no measure of quality. The low
# inception score says that it names few different ones, and FD that the features are far from those of digits.

# %% [markdown] slideshow={"slide_type": "slide"}
# These are one autoencoder and one VAE. Is it chance? Small pairs, trained here, begin with the same weights and
# see the same batches; only the loss differs, and the draw of $z$.

# %% slideshow={"slide_type": "skip"}
races = []
for seed in range(settings["seeds"]):
    pair = {}
    for game in (Autoencoder, VAE):
        keras.utils.set_random_seed(seed)
        ends = mlp_encoder(16, width=200), mlp_decoder(16, width=200)
        pair[game] = game(*ends, keras.optimizers.Adam(2e-3), seed=seed)
        pair[game].compile(steps_per_execution=settings["steps"])
        pair[game].fit(x_train, **small_plan)
        pair[game].release()
    networks = [{"encoder": g.encoder, "decoder": g.decoder} for g in pair.values()]
    races.append([scores_of(images)[2] for images in three_ways(*networks, noise).values()])
races = np.transpose(races)  # (3, seeds)
if session.profile != "smoke":
    assert np.all(races[2] < races[0]), "from the prior, the VAE samples better with each seed"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.dots({f"FD-{read.name} of 1,000 samples, one dot a seed": races.tolist()}, list(samples), width=8),
    alt="FD of small pairs, mean over seeds: "
    + ", ".join(f"{n.replace(chr(10), ' ')} {v.mean():.0f}" for n, v in zip(samples, races)) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# With each seed the VAE samples far better from the prior: the lecture's claim holds. But look at the middle. A
# Gaussian fitted to the codes *afterwards* samples even better here, and about as well with the shipped networks;
# Ghosh et al. (2020) build a method on that. So most of what goes wrong in the first row is *place*: the prior's
# draws land where there are few codes. Holes inside the cloud there may be too; this experiment does not see them.
# What the VAE adds is that you know where to draw before you have seen a single code, and (a bound on) a likelihood
# to judge the result by.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.3 What λ (or β) trades
#
# Put a weight on the KL term, $\text{nll} + \beta\,\mathrm{KL}$ (Higgins et al., 2017). At $\beta = 1$ this is the
# ELBO. First a slice of it here: three values of β, two latent axes, the same start and the same batches.

# %% slideshow={"slide_type": "skip"}
betas, swept, aggregate = (0.1, 1.0, 10.0), {}, {}
small_z = rng.normal(size=(12, 2)).astype("float32")
for beta in betas:
    keras.utils.set_random_seed(0)
    small = VAE(mlp_encoder(2, width=200), mlp_decoder(2, width=200), keras.optimizers.Adam(2e-3), beta=beta)
    small.compile(steps_per_execution=settings["steps"])
    small.fit(x_train, **small_plan)
    small.release()
    mean, log_var = encode(small.encoder, x_test)
    kl = float(ops.mean(losses.kl_divergence(mean, log_var)))
    drawn = mean + np.exp(0.5 * log_var) * rng.normal(size=mean.shape)
    aggregate[f"β = {beta:g}\nKL {kl:.1f}, deviation {drawn.std():.1f}"] = (drawn, y_test)
    swept[f"β = {beta:g}"] = (kl, decode(small.decoder, small_z))
assert swept["β = 0.1"][0] > swept["β = 1"][0] > swept["β = 10"][0]
assert np.all(np.diff([drawn.std() for drawn, _ in aggregate.values()]) < 0), "the codes draw together"

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.latent_scatter(aggregate, limit=7.0, width=10),
    alt="One drawn code for each test image, by class, with the prior's circles. "
    + "; ".join(aggregate).replace("\n", ": ") + ".",
)
show(
    plots.image_rows({name: images for name, (_, images) in swept.items()}, width=10),
    alt="Samples from the same twelve latents for β = 0.1, 1 and 10.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# The whole of it is a recorded study (`training/beta.py`): five values of β with three seeds each, everything else
# alike, measured on all test images. MMD² says how far the drawn codes lie from the prior (Gretton et al., 2012,
# eq. 3; at 0 they agree; the kernel is a mixture of three Gaussians; the row *MMD*). FD is that of 5,000 draws from
# the prior. ± is half the range of the three seeds.

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
study, recorded = studies.read("beta-mnist")
settled, betas = study["settings"], study["settings"]["betas"]
measures = dict(zip(settled["measures"], np.moveaxis(recorded["measures"][0], -1, 0)))  # each (β, seeds)
print(f"{'β':15}" + "".join(f"{beta:8g}{'':9}" for beta in betas))
for name in ("reconstruction", "KL", "MMD", "FD"):  # mean ± half the range of the seeds
    cells = (f"{values.mean():8.3g} ± {np.ptp(values) / 2:<6.1g}" for values in measures[name])
    print(f"{name:15}" + "".join(cells))
assert np.all(np.diff(measures["KL"], axis=0) < 0) and np.all(np.diff(measures["MMD"], axis=0) < 0), "every seed"
assert np.all(np.diff(measures["reconstruction"].mean(axis=1)) > 0), "in the mean of the seeds"
assert np.all(measures["FD"][betas.index(1.0)] < np.minimum(measures["FD"][0], measures["FD"][-1])), "every seed"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, axes = plots.figure(1, 4, width=14, height=3.6)
titles = {"reconstruction": "reconstruction, nats", "KL": "KL, nats", "MMD": "MMD² to the prior", "FD": "FD of samples"}
for axis, (name, title), colour in zip(axes, titles.items(), plots.COLOURS):
    axis.plot(betas, measures[name].mean(1), color=colour, linestyle="-")
    axis.plot(np.repeat(betas, settled["seeds"]), measures[name].ravel(), "o", color="black", markersize=4)
    axis.set(xscale="log", title=title, xlabel="β")
best = betas[int(measures["FD"].mean(1).argmin())]
show(figure, "Four measures against β, a dot for each seed. With β reconstruction gets worse, and KL and MMD² fall. "
             f"In the mean FD is lowest at β = {best:g}; β = 1 is within a seed of it.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# As the lecture says, β buys a tidier latent space and pays with reconstruction (below β = 0.3 the price is smaller
# than what a seed changes). The *samples* are best in between. At β = 0.1 the codes reach beyond the prior, as the
# clouds above show, so draws from the prior do not meet the whole of them. At β = 10 a code holds no more than 1.9
# nats about its image. The difference between β = 1 and β = 3 is hardly larger than that between two seeds.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · When it fails: the collapsed posterior
#
# Somebody *averages* the reconstruction over the 784 pixels and *sums* the KL. That is β = 784.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
keras.utils.set_random_seed(0)
collapsed = VAE(mlp_encoder(2, width=200), mlp_decoder(2, width=200), keras.optimizers.Adam(2e-3), beta=784.0)
collapsed.compile(steps_per_execution=settings["steps"])
collapsed.fit(x_train, **small_plan)
logs = collapsed.evaluate(x_test, batch_size=500, verbose=0)
sick, healthy = decode(collapsed.decoder, small_z), swept["β = 1"][1]
print(f"reconstruction {logs['nll']:.1f} nats   KL {logs['kl']:.3f} nats")
assert logs["kl"] < 0.1 and sick.std(0).mean() < 0.05

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
difference = float(np.sqrt(np.mean((sick.mean(0) - x_train.mean(0)) ** 2)))
rows = {"β = 1": healthy, "β = 784": sick, "mean of\nall digits": np.repeat(x_train.mean(0)[None], 12, 0)}
show(
    plots.image_rows(rows),
    alt="With β = 784 every sample is the same grey blot; "
    f"it differs from the mean of all digits by {difference:.2f} RMS.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **How to recognise it:** the KL is near zero, the reconstruction stays at what the mean image gives, and every
# sample is the same blot. The posterior has *collapsed* onto the prior, $q(z\mid x) = p(z)$, and $z$ carries
# nothing. **What to do:** sum over pixels. If it still happens, raise β slowly from 0, or leave each axis a few
# nats free of charge (exercises).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · Errata of the slides
#
# ### 7.1 The standard deviation is exp(½ log σ²)
#
# The slides and their demo draw `z_mean + exp(z_log_var) * epsilon`. That scales the noise by the *variance*. Where
# $\sigma$ is 0.1 the noise is ten times too small. Here are 25 draws for each of 400 images, both ways, from one
# trained encoder; the window shows the middle of the plane.

# %% slideshow={"slide_type": "fragment"}
mean, log_var = (np.repeat(part, 25, axis=0) for part in encode(plane["encoder"], x_test[:400]))
epsilon, owner = rng.normal(size=mean.shape), np.repeat(y_test[:400], 25)[: len(mean)]
both = {
    "right: exp(½ log σ²)": (mean + np.exp(0.5 * log_var) * epsilon, owner),
    "slide: exp(log σ²)": (mean + np.exp(log_var) * epsilon, owner),
}
noises = [float(np.exp(k * log_var).mean()) for k in (0.5, 1.0)]
print(f"mean standard deviation: {noises[0]:.3f} right, {noises[1]:.3f} with the slide's line")
show(
    plots.latent_scatter(both, limit=1.0, width=6.2, names=False),
    alt="Left: 25 draws of each image make clouds that overlap. Right: they stay on single dots.",
)
assert noises[1] < 0.2 * noises[0]

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left, the clouds of neighbouring images overlap. Right, each image is a dot, as in a plain autoencoder, with
# nothing in between.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## 8 · Your turn
#
# Fill in the dots and run the cell; the check says what is wrong. `exercises.vae.repair.hint()` gives one hint
# after the other, and the solution is folded below each cell. `exercises.summary()` says what you have done.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise 1 · Twice as many axes
#
# The small network of section 5.3 has two latent axes. At β = 1 it ends at a KL of about 5 nats for each image. The
# next cell trains the same network with *four* axes in the same way. What will its KL be, in nats? Say a number
# first.

# %% slideshow={"slide_type": "fragment"}
my_nats = ...

exercises.vae.wider.check(my_nats)

# %% slideshow={"slide_type": "skip"}
keras.utils.set_random_seed(0)
four = VAE(mlp_encoder(4, width=200), mlp_decoder(4, width=200), keras.optimizers.Adam(2e-3))
four.compile(steps_per_execution=settings["steps"])
four.fit(x_train, **small_plan)
exercises.vae.wider.compare(ops.mean(losses.kl_divergence(*encode(four.encoder, x_test))))

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_nats = 9
# ```
#
# The KL is a sum over axes, so it grows with their number, but less than in proportion. The encoder spends a nat of
# KL only where that saves more than a nat of reconstruction. The first axes save most, later ones less, and in a
# large latent space some carry nothing at all.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 2 · Free bits
#
# An axis whose KL is nearly 0 is dead: β pulls it down, and at a large β nothing brings it back. *Free bits* charge
# nothing for the first nats of each axis (Kingma et al., 2016). `z_mean` and `z_log_var` are tensors (N, d), `free`
# is a number ≥ 0. For each axis take the mean of its KL over the N images; where that mean is below `free`, count
# `free` instead. Return the sum over the axes, one number. The next cells train with your function, so use
# `keras.ops`.

# %% slideshow={"slide_type": "skip"}
def my_free_bits(z_mean, z_log_var, free):
    return ...


free_bits = exercises.vae.free_bits.use(my_free_bits, losses.free_bits)

# %% [markdown] slideshow={"slide_type": "skip"}
# Does it cure the collapse of section 6? The same network and the same β = 784, with two nats free for each axis:

# %% slideshow={"slide_type": "skip"}
class FreeBitsVAE(VAE):
    def negative_elbo(self, x, training):
        z_mean, z_log_var = self.encoder(x, training=training)
        logits = self.decoder(self.sampling([z_mean, z_log_var]), training=training)
        nll = ops.mean(losses.bernoulli_nll(x, logits))
        kl = ops.mean(losses.kl_divergence(z_mean, z_log_var))
        return nll + self.beta * free_bits(z_mean, z_log_var, 2.0), {"nll": nll, "kl": kl}


keras.utils.set_random_seed(0)
cured = FreeBitsVAE(mlp_encoder(2, width=200), mlp_decoder(2, width=200), keras.optimizers.Adam(2e-3), beta=784.0)
cured.compile(steps_per_execution=settings["steps"])
cured.fit(x_train, **small_plan)
cured.release()

# %% slideshow={"slide_type": "skip"}
after = cured.evaluate(x_test, batch_size=500, verbose=0)
print(f"collapsed: reconstruction {logs['nll']:.1f} nats, KL {logs['kl']:.2f}", end="   ")
print(f"free bits: reconstruction {after['nll']:.1f} nats, KL {after['kl']:.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# In part it does: the code carries some nats again, and the reconstruction falls. β = 1 restores better still
# (section 5.3).

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def my_free_bits(z_mean, z_log_var, free):
#     per_axis = 0.5 * (ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var)  # (N, d)
#     return ops.sum(ops.maximum(ops.mean(per_axis, axis=0), free))
# ```
#
# Below `free` the maximum is flat, so no gradient pushes the axis down, and the reconstruction term can wake it. The
# mean over the images comes first: an axis may be silent for one image and busy for another, and it is the axis that
# should live. The value is no ELBO any more; report the ELBO with the plain KL.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 3 · Grey pixels, and a noise that is learned
#
# Grey pixels are no coin tosses. Let each pixel be Gaussian around the decoder's `mean`, with *one* deviation σ for
# all of them that is trained as well: the network holds `log_sigma`, one number. `x` and `mean` are tensors (N, H, W,
# C). Return −log p(x|z) of each image in nats, (N,), with all constants. It is differentiated, so use `keras.ops`.

# %% slideshow={"slide_type": "skip"}
def my_gaussian_nll(x, mean, log_sigma):
    return ...


exercises.vae.gaussian.check(my_gaussian_nll)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def my_gaussian_nll(x, mean, log_sigma):
#     squares = ops.square((x - mean) * ops.exp(-log_sigma))
#     return ops.sum(0.5 * squares + log_sigma + 0.5 * np.log(2 * np.pi), axis=(1, 2, 3))
# ```
#
# For a given error the best σ is the root of the mean squared error: the first two terms pull in opposite directions
# and balance there. So a learned σ chooses by itself how much a squared error counts against a nat of KL, which is
# what β does by hand: a fixed σ is a β of 2σ² on the squared error.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise 4 · Repair a VAE
#
# This loss has two faults, and one of them is the slides'. Training it gives a KL near 0 and one blot for every
# sample. Find both and repair them. `x` is a tensor (N, H, W, C), `epsilon` (N, d); the encoder gives `z_mean` and
# `z_log_var` side by side, (N, 2d); the decoder gives logits. The loss is the negative ELBO in nats, summed over
# pixels and axes, its mean over the images, as one number. A game differentiates it, so use `keras.ops`.

# %% slideshow={"slide_type": "fragment"}
def my_vae_loss(x, epsilon, encoder, decoder):
    z_mean, z_log_var = ops.split(encoder(x), 2, axis=-1)  # (N, d) each
    z = z_mean + ops.exp(z_log_var) * epsilon
    logits = decoder(z)
    nll = ops.mean(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
    kl = 0.5 * ops.sum(ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var, axis=-1)
    return ops.mean(nll + kl)


exercises.vae.repair.check(my_vae_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_vae_loss(x, epsilon, encoder, decoder):
#     z_mean, z_log_var = ops.split(encoder(x), 2, axis=-1)  # (N, d) each
#     z = z_mean + ops.exp(0.5 * z_log_var) * epsilon
#     logits = decoder(z)
#     nll = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2, 3))
#     kl = 0.5 * ops.sum(ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var, axis=-1)
#     return ops.mean(nll + kl)
# ```
#
# The mean over the pixels divides the reconstruction by 784, so the KL weighs 784 times too much, and the encoder
# gives up: every posterior becomes the prior. The wrong deviation alone is hidden by training, since the encoder
# learns other numbers; but the KL is then not that of the distribution that is drawn from, and the sum is no longer
# sure to be a bound.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 5 · Colder than the prior
#
# Draw from $\mathcal N(0, \tau^2 I)$ instead of the prior, and decode. Does the VAE with 16 axes draw better digits
# when τ is below 1? Try at least four temperatures, from 0.5 or less to 1.2 or more. Fill a dict `{τ: (IS, FD)}` and
# write down in a sentence or two what you conclude. Look at the images as well.

# %% slideshow={"slide_type": "skip"}
my_scores = ...
my_conclusion = ...

exercises.vae.temperature.check(my_scores, my_conclusion)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# my_scores = {}
# for tau in (0.4, 0.6, 0.8, 1.0, 1.25):
#     my_scores[tau] = scores_of(decode(big["decoder"], tau * noise))[1:]
# my_conclusion = "Colder draws are worse here, by IS and by FD; hotter ones, up to 1.25, are better. One network."
# ```
#
# You may have expected colder draws to be better, as with truncation in lectures 08 and 09. Here IS falls with τ,
# and FD rises from about 7 at τ = 1 to 15 at 0.6; at 1.25 it is lower still, about 5. With sixteen axes the prior's
# draws lie about √16 = 4 from the middle, and few codes lie near it: what is *typical* of a Gaussian is not its
# middle.
#
# A good answer says:
#
# - It names the temperatures with the lowest FD and with the highest IS, in numbers, and whether they agree.
# - It looks at images: far below 1 they are alike.
# - It does not claim more than was measured: one network, one set of noise.
# - It sees that this changes the model: draws at τ ≠ 1 are no samples of p(x).
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · Recap
#
# - $\log p(x) = \text{ELBO} + \text{gap}$. You added it up to four decimals.
# - The loss is reconstruction plus KL, both in nats, both *summed* over their axes.
# - The encoder gives $\log\sigma^2$; the draw is $\mu + e^{\frac12\log\sigma^2}\epsilon$, and gradients pass.
# - A VAE's codes lie near the prior, so you know where to draw. Its samples are blurrier than the data.
# - β trades reconstruction for a tidy latent space. Too much of it, and $z$ is ignored.
#
# Next, notebook 02: any prior you like, enforced by a second network.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | `z = z_mean + exp(z_log_var) * epsilon` | `exp(0.5 * z_log_var)`: section 7.1 |
# | λ = 5·10⁻⁴ with means and without ½ | β = 2·784·λ/d = 0.39 at d = 2, in nats: section 14.2 |
# | moving one $z_i$ changes one factor | on digits it changes several: section 12.1 |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · In depth: what reparameterising buys
#
# Section 2.3 has two estimators of the same gradient. Subtracting a constant from $f$, a *baseline*, helps the
# score function. We try all three on four images, with a trained encoder and decoder whose weights ship with the
# course (this notebook's code, run for longer by `training/vae.py`).

# %% slideshow={"slide_type": "fragment"}
long = shipped["vae-mnist-binary"].networks  # 784-400-40-400-784
x_binary = binarise(digits.x_test[:500], seed=1)
batch, draws = x_binary[:4], settings["draws"]
mean, log_var = encode(long["encoder"], batch)  # (4, 40) each
sigma = np.exp(0.5 * log_var)


def cost(z):
    images = ops.convert_to_tensor(np.tile(batch, (len(z) // 4, 1, 1, 1)))
    return losses.bernoulli_nll(images, long["decoder"](z, training=False))  # f(z)

# %% slideshow={"slide_type": "subslide"}
epsilon = rng.normal(size=(draws, 4, 40)).astype("float32")
f, slope = [], []
for part in np.split(mean + sigma * epsilon, draws // 500):  # 500 draws at a time
    z = part.reshape(-1, 40)
    f.append(ops.convert_to_numpy(ops.stop_gradient(cost(z))).reshape(-1, 4, 1))
    slope.append(ops.convert_to_numpy(ops.stop_gradient(backend.input_gradient(cost, z))).reshape(-1, 4, 40))
f, slope = np.concatenate(f), np.concatenate(slope)
gradients = {
    "score function": f * epsilon / sigma,
    "with baseline": (f - f.mean(0)) * epsilon / sigma * draws / (draws - 1),
    "reparameterised": slope,
}
variances = {name: float(g.var(0).mean()) for name, g in gradients.items()}
print(*(f"{name:16} variance of one draw {v:10,.0f}" for name, v in variances.items()), sep="\n")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Do the second and the third agree in the mean? (The first is too noisy to tell.) Divide the difference of two
# means by its standard error. If they agree, these numbers scatter around 0 with size 1. As a control, an estimator
# with a factor of 2 forgotten.

# %% slideshow={"slide_type": "fragment"}
def disagreement(one, other):
    error = np.sqrt((one.var(0) + other.var(0)) / draws)
    return float(np.sqrt(np.mean(((one.mean(0) - other.mean(0)) / error) ** 2)))


pathwise, score = gradients["reparameterised"], gradients["with baseline"]
right, wrong = disagreement(pathwise, score), disagreement(pathwise, 0.5 * score)
print(f"difference in standard errors: {right:.2f}, with a factor of 2 forgotten: {wrong:.2f}")
ratio = variances["score function"] / variances["reparameterised"]
assert right < 1.3 < wrong and ratio > 1_000
k = int(np.abs(pathwise.mean(0)[0]).argmax())  # the axis with the largest gradient
needed = {name: g[:, 0, k].var() / (0.2 * pathwise.mean(0)[0, k]) ** 2 for name, g in gradients.items()}
print("draws for 20 % of the largest gradient:", *(f"{name} {n:,.0f}  " for name, n in needed.items()))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, axes = plots.figure(1, 3, width=12, height=3.6)
for axis, (name, g), colour in zip(axes, gradients.items(), plots.COLOURS):
    single = g[:, 0, k]
    reach = np.abs(single).max()
    axis.hist(single, bins=np.linspace(-reach, reach, 60), color=colour)
    axis.axvline(single.mean(), color="black", linestyle="--")
    axis.set(title=f"{name}\nmean {single.mean():.1f}, deviation {single.std():.1f}", xlabel="one draw's ∂/∂μ, nats")
    axis.set_yticks([])
show(figure, "Histograms of single-draw gradients of one latent axis, each on its own scale. Deviations: "
     + ", ".join(f"{name} {g[:, 0, k].std():.0f}" for name, g in gradients.items()) + ".")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Mind the scales of the three axes. All three draws have the same expected value, and the printed numbers say how
# many it takes to see it through the noise. A reparameterised draw is noisy too: one alone would not do. But a
# training step averages over a batch, and hundreds of steps follow one another. So one draw for each image and step
# is what people use; with the plain score function the same accuracy would cost more than a thousand times as many.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 11 · In depth: how far is the ELBO from log p(x)?
#
# With importance weights you get nearer to $\log p(x)$ (Burda et al., 2016):
#
# $$\log p(x) \;\ge\; \mathbb E\left[\log \frac1K\sum_{k=1}^K \frac{p(x\mid z_k)\,p(z_k)}{q(z_k\mid x)}\right],
#   \qquad z_k\sim q(z\mid x).$$
#
# $K=1$ is the ELBO, and the bound rises with $K$. A likelihood needs pixels that are 0 or 1, so each pixel of the
# test images is drawn once, with its grey value as probability. The model is the 784-400-40 network of the
# literature.

# %% slideshow={"slide_type": "fragment"}
estimate = {K: metrics.log_likelihood(**long, x=x_binary, samples=K) for K in (1, 10, 200)}
means = [e.mean() for e in estimate.values()]
print({K: f"{m:.2f} nats" for K, m in zip(estimate, means)})
assert means[0] < means[1] < means[2], "the bound must rise with K"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, axis = plots.figure(width=7, height=3.8)
axis.plot(list(estimate), means, marker="o")
axis.set(xscale="log", xlabel="K draws per image", ylabel="bound on log p(x), nats")
axis.set_xticks(list(estimate), [f"{K}" for K in estimate])
for K, m in zip(estimate, means):
    axis.annotate(f"{m:.1f}", (K, m), xytext=(0, -20), textcoords="offset points", ha="center")
axis.margins(0.15, 0.3)
show(figure, f"The bound rises from {means[0]:.1f} to {means[1]:.1f} to {means[2]:.1f} nats.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# #### The number that papers print
#
# The negative of this bound, averaged over all 10,000 test images, is the *NLL* in tables. Smaller is better. Look
# which $K$ a table uses; 200 and 5,000 are common. More differences when you compare: our draw of the test pixels
# is not the published file; our learning rate falls otherwise; our weights are averages of the last steps; and our
# long run draws the *training* pixels anew in every batch, where the published runs saw one fixed draw. With one
# fixed draw ours began to overfit. So the two numbers below are near one another, and no like for like. Nor has the
# bound arrived at K = 200: with 5,000 draws the recipe records 88.26 nats for the first 500 images, 0.6 nats less
# than with 200.

# %% slideshow={"slide_type": "fragment"}
recipe = shipped["vae-mnist-binary"].recipe
scores = recipe["scores"]
print(f"this course    {scores['NLL-200']:.2f} nats, all test images   ({recipe['command']})")
for row in recipe["published"]:
    print(f"published      {row['value']:.2f} nats                    ({row['source']})")
recorded_here, measured_here = scores["NLL-200-first-500"], -means[-1]
print(f"the first 500 images: recorded {recorded_here:.2f}, measured here {measured_here:.2f} nats")
if "real MNIST" in data.source("mnist").text:
    assert abs(recorded_here - measured_here) < 0.2, "the shipped weights score what their recipe says"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 12 · In depth: are the axes arbitrary?
#
# The prior $\mathcal N(0, I)$ looks the same from every side. So could you rotate $z$, rotate the decoder back, and
# have an equally good VAE? Not with a *diagonal* $q$: its clouds cannot be rotated along. In the linear model of
# section 2.1 everything is known, so we can rotate $W$ and compute the best gap at each angle.

# %% slideshow={"slide_type": "fragment"}
def best_gap(angle):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    precision = np.eye(2) + (W @ turn).T @ (W @ turn) / 0.5**2  # of the true posterior
    diagonal = np.diag(1 / np.diag(precision))  # of the best diagonal q
    return gaussian_kl(np.zeros(2), diagonal, np.zeros(2), np.linalg.inv(precision))


angles = np.linspace(0, 90, 91)
gap_at = np.array([best_gap(np.radians(angle)) for angle in angles])
covariances = [W @ turn @ turn.T @ W.T for turn in (np.eye(2), np.array([[0.8, -0.6], [0.6, 0.8]]))]
print(f"gap {gap_at[0]:.3f} nats as it is, {gap_at.min():.3f} at {angles[gap_at.argmin()]:.0f}°")
assert np.allclose(*covariances), "p(x) does not change when z is rotated"
assert np.isclose(gap_at[0], gaps[-1]) and gap_at.min() < 0.1 * gap_at[0]

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
figure, axis = plots.figure(width=8, height=3.6)
axis.plot(angles, gap_at)
axis.set(xlabel="rotation of z, degrees", ylabel="gap of the best diagonal q, nats")
axis.set_ylim(bottom=0)
show(figure, f"The gap against the rotation of z: from {gap_at[0]:.2f} nats down to {gap_at.min():.3f} at "
             f"{angles[gap_at.argmin()]:.0f} degrees, and back.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The likelihood is the same at every angle; the ELBO is not. A diagonal $q$ prefers the axes along which the
# posterior is not tilted, in this model the principal directions of $W$ (Lucas et al., 2019; Rolínek et al., 2019
# for VAEs in general). So the axes are not arbitrary. But what the loss prefers, axes along which the decoder acts
# in orthogonal directions, need not be what you would call *slant* or *thickness*. So measure it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 12.1 Moving one axis
#
# The lecture says: moving one $z_i$ changes one factor. Here are two factors of a digit that a few lines can measure.

# %% slideshow={"slide_type": "fragment"}
def slant(images):
    """Shear of the ink: columns to the right for each row upwards."""
    ink = images[..., 0] / images.sum((1, 2, 3), keepdims=True)[..., 0]
    rows, columns = np.mgrid[:28, :28]
    y, x = ((ink * grid).sum((1, 2))[:, None, None] for grid in (rows, columns))
    return -(ink * (rows - y) * (columns - x)).sum((1, 2)) / (ink * (rows - y) ** 2).sum((1, 2))


def thickness(images):
    """Ink divided by half the length of its outline, in pixels."""
    outline = np.hypot(*np.gradient(images[..., 0], axis=(1, 2))).sum((1, 2))
    return 2 * images.sum((1, 2, 3)) / outline

# %% slideshow={"slide_type": "subslide"}
codes, log_var = encode(big["encoder"], x_test)
per_axis = 0.5 * (np.exp(log_var) + codes**2 - 1 - log_var).mean(0)  # KL of each axis, nats
used, kept = np.argsort(per_axis)[::-1], []
ticks, few = np.linspace(-2.5, 2.5, 11), slice(0, 200)
width = {trait.__name__: trait(x_test).std() for trait in (slant, thickness)}  # natural spread of the traits
print(f"{'axis':>5} {'KL':>6}   change from −2 to +2, in natural deviations    still read as the same digit")
for i in used[:6]:
    low, high = codes[few].copy(), codes[few].copy()
    low[:, i], high[:, i] = -2, 2
    low, high = decode(big["decoder"], low), decode(big["decoder"], high)
    moved = [(trait(high) - trait(low)).mean() / width[trait.__name__] for trait in (slant, thickness)]
    kept.append(np.mean(read(2 * low - 1).probabilities.argmax(1) == read(2 * high - 1).probabilities.argmax(1)))
    print(f"{i:5} {per_axis[i]:6.2f}   slant {moved[0]:+5.1f}   thickness {moved[1]:+5.1f}{kept[-1]:22.0%}")
assert max(kept) < 0.75, "no axis leaves the class alone"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
rows = {}
for i in used[:4]:
    moved = np.repeat(codes[:1], len(ticks), 0)
    moved[:, i] = ticks
    rows[f"$z_{{{i}}}$"] = decode(big["decoder"], moved)
show(
    plots.image_rows(rows, columns=[f"{tick:g}" for tick in ticks], width=10),
    alt="One digit; in each row one latent axis moves from −2.5 to 2.5. Its shape changes as a whole.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# None of these six axes is one factor. On the way from −2 to +2, more than half of the digits turn into another one
# on five of these six axes, and several axes change slant and thickness together. Axis 15 (not drawn above) comes
# nearest: it changes thickness and hardly any slant. But even there four digits in ten end as another. "Each $z_i$
# is one factor" is a hope, not a property of the loss.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 13 · In depth: concept vectors, a direction in place of an axis
#
# Measure a trait on images. Take the mean code where it is high minus the mean code where it is low. Classes differ
# in slant too, so first subtract each class's own mean; otherwise the direction would lead to another digit.

# %% slideshow={"slide_type": "fragment"}
def within_class(values):
    return values - np.array([values[y_test == digit].mean(0) for digit in range(10)])[y_test]


concepts = {}
for trait in (slant, thickness):
    value, code = within_class(trait(x_test)), within_class(codes)
    low, high = np.quantile(value, [0.2, 0.8])
    concepts[trait.__name__] = code[value >= high].mean(0) - code[value <= low].mean(0)  # (16,)
length = np.mean([np.linalg.norm(way) for way in concepts.values()])
for number in range(10):  # the control: directions drawn at random, of the same length
    way = rng.normal(size=16)
    concepts[f"random {number}"] = length * way / np.linalg.norm(way)

# %% slideshow={"slide_type": "subslide"}
subset = np.flatnonzero(y_test >= 0)[:200]
begun = decode(big["decoder"], codes[subset])
is_read = read(2 * begun - 1).probabilities.argmax(1)
effects = {}
for name, way in concepts.items():
    after = decode(big["decoder"], codes[subset] + way)
    changes = [(trait(after) - trait(begun)).mean() / width[trait.__name__] for trait in (slant, thickness)]
    effects[name] = (*changes, np.mean(read(2 * after - 1).probabilities.argmax(1) == is_read))
    if len(effects) < 3:
        print(f"adding {name:10} slant {changes[0]:+.2f}   thickness {changes[1]:+.2f}", end="   ")
        print(f"same digit {effects[name][2]:.0%}")
by_chance = np.array([effects[name] for name in effects if name.startswith("random")])
print("ten random ways:  slant {:.2f}   thickness {:.2f} (largest)   same digit {:.0%} (mean)".format(
    *np.abs(by_chance[:, :2]).max(0), by_chance[:, 2].mean()))  # fmt: skip
assert effects["slant"][0] > np.abs(by_chance[:, 0]).max() and effects["thickness"][1] > np.abs(by_chance[:, 1]).max()

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
strengths = np.linspace(-1.5, 1.5, 7)
chosen = [int(np.flatnonzero(y_test == digit)[0]) for digit in (2, 4, 7)]
for name in ("slant", "thickness"):
    edited = {f"{y_test[i]}": decode(big["decoder"], codes[i] + strengths[:, None] * concepts[name]) for i in chosen}
    show(
        plots.image_rows(edited, f"adding {name}", columns=[f"{s:+.1f}" for s in strengths], width=7),
        alt=f"Three digits moved along the {name} direction, from less to more.",
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# The numbers are means over 200 test digits, moved by one concept vector and measured again, in units of the
# natural spread. Each direction changes its own trait most, and more than any of ten random directions of their
# mean length does. It is not pure: adding slant adds some thickness. And it is not safe: some digits are read as
# another digit afterwards, though fewer than along a random direction. At −1.5 the 2 and the 4 have become 9s; at
# +1.5 the 4 falls apart.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 13.1 A smile on a face
#
# The lecture's example of a concept vector is a smile. Here it is, on photographs: the Olivetti faces of AT&T
# Laboratories Cambridge, ten of each of 40 people. It is a recorded study (`training/faces.py`). A VAE with 32
# axes, trained with β = 0.05, saw 32 of the people. The direction is the mean code of faces that smile minus that
# of faces that do not, within the 14 people who were seen both ways; the smiles were read by eye. Below are five of
# the eight people whom the network never saw. The photographs themselves are not part of the course: all you see
# was decoded.

# %% slideshow={"slide_type": "fragment"}
face_recipe, faces = studies.read("faces-olivetti")
face_settings, right = face_recipe["settings"], face_recipe["scores"]["share-read-right"]
ways, strengths = faces["scores"], np.array(face_settings["strengths"])
one = int(np.argmin(np.abs(strengths - 1)))
gain = ways[:, one] - ways[:, strengths == 0][:, 0]  # of the smile first, then of random directions
axes = np.abs(faces["axes"][:, one] - faces["axes"][:, strengths == 0][:, 0])
print(f"the reader of smiles is right on {right['photographs']:.0%} of the photographs of people it never saw")
print(f"score added by the direction {gain[0]:.2f}, by one axis at most {axes.max():.2f}")
print(f"by {len(gain) - 1} random ones of its length {gain[1:].mean():.2f} ± {gain[1:].std():.2f}, "
      f"at most {gain[1:].max():.2f}")  # fmt: skip
assert gain[0] > max(gain[1:].max(), axes.max())

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
rows = {f"person {i + 1}": strip[::2].astype("float32") / 255 for i, strip in enumerate(faces["edits"])}
flipped = {name: 1 - strip for name, strip in rows.items()}  # photographs are light on dark, not ink on paper
show(
    plots.image_rows(flipped, columns=[f"{s:+.0f}" for s in strengths[::2]], width=5),
    alt=f"{len(rows)} people who were held out, as the decoder draws them, moved along the smile direction.",
)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, axes = plots.figure(1, 3, width=12, height=3.8, width_ratios=[1.6, 1, 1])
axes[0].plot(strengths, ways[0], marker="o", label="smile direction")
axes[0].fill_between(strengths, ways[1:].min(0), ways[1:].max(0), color="lightgrey", label="random directions, range")
axes[0].set(xlabel="strength", ylabel="smile score")
axes[0].legend(fontsize=12)
for axis, change, title in zip(axes[1:], faces["changes"], ("smile: change of pixels", "random: change of pixels")):
    axis.imshow(change[..., 0], cmap="magma", vmin=0, vmax=faces["changes"].max())
    axis.set(title=title)
    axis.set_axis_off()
show(figure, "Left: smile score against strength, along the direction and along random ones. Right: where pixels "
             "change, along the smile and in the mean of ten random directions.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# In persons 1 and 5 the mouth widens and the folds beside the nose deepen; in persons 2 and 4 it is harder to see.
# None of them was ever shown to the network. The direction raises the score more than any of 40 random ones, and
# more than any single axis. Know the limits. The reader is right on 76 % of the photographs but on 70 % of the
# decoded faces, where it is used here; always saying *smile* would be right on 61 %. It also learned from the same
# people as the direction. So trust your eye more than the score. And other things move too: person 1 gets lighter,
# persons 4 and 5 darker, and the lower corner changes as much as the folds: whatever went along with smiles in 14
# people went into the direction. (The map at the right is a mean over ten random directions, so it is smooth.) This
# is one VAE.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 14 · In depth: the two errata, computed
#
# ### 14.1 Training with the slide's line
#
# Training *with* that line can hide the mistake: the encoder adapts. But the printed KL is no longer the KL of the
# distribution that is drawn from. If the network says $v$ and the draw has standard deviation $e^{v}$, the true
# log-variance is $2v$. The printed KL is then *always* too small: twice the difference is $\sum(e^{2v} - e^v - v)$,
# which is positive for every $v \ne 0$.

# %% slideshow={"slide_type": "fragment"}
class SlideSampling(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(z_log_var) * epsilon  # the slide's line


# %% slideshow={"slide_type": "fragment"}
slide = VAE(mlp_encoder(2, width=200), mlp_decoder(2, width=200), sampling=SlideSampling())
slide.compile(steps_per_execution=settings["steps"])
slide.fit(x_train, **small_plan)
mean, log_var = encode(slide.encoder, x_test)
printed, true = (float(ops.mean(losses.kl_divergence(mean, k * log_var))) for k in (1, 2))
print(f"KL as printed {printed:.2f} nats, KL of what is drawn {true:.2f} nats")
too_small = np.sum(np.exp(2 * log_var) - np.exp(log_var) - log_var, axis=1)  # ≥ 0 for every image
assert np.isclose(2 * (true - printed), too_small.mean(), rtol=1e-3)
assert true > 1.2 * printed, "and not by a little"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 14.2 What λ = 5·10⁻⁴ means
#
# The slide's loss takes the *mean* over pixels, the *mean* over latent axes, and leaves out the ½ of
# the KL:
#
# $$L_{\text{slide}} = \frac{\text{nll}}{784} + \lambda\,\frac{2\,\mathrm{KL}}{d}
#   \quad\Longrightarrow\quad 784\,L_{\text{slide}} = \text{nll} + \beta\,\mathrm{KL},\qquad
#   \beta = \frac{2\cdot 784\,\lambda}{d}.$$
#
# With $d = 2$, the tiny-looking 5·10⁻⁴ is β = 0.39: between the columns 0.3 and 1 of section 5.3.

# %% slideshow={"slide_type": "fragment"}
batch = ops.convert_to_tensor(x_test[:100])
mean, log_var = plane["encoder"](batch)
logits = plane["decoder"](mean)
nll = ops.mean(losses.bernoulli_nll(batch, logits))
kl = ops.mean(losses.kl_divergence(mean, log_var))

pixels = keras.losses.BinaryCrossentropy(from_logits=True)(batch, logits)  # a mean over pixels
slide_loss = pixels - 5e-4 * ops.mean(1 + log_var - ops.square(mean) - ops.exp(log_var))
beta = 2 * 784 * 5e-4 / 2
print(f"784 × slide {784 * float(slide_loss):.3f}   nll + {beta:.3f} KL {float(nll + beta * kl):.3f}")
assert np.isclose(784 * float(slide_loss), float(nll + beta * kl), rtol=1e-4)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 15 · In depth: are VAE samples blurry?
#
# We measure sharpness by the energy of the Laplacian. It is large where grey values jump and small where they drift.

# %% slideshow={"slide_type": "fragment"}
def sharpness(images):
    edges = ndimage.laplace(images[..., 0].astype("float64"), axes=(1, 2))
    return np.mean(edges**2, axis=(1, 2))


compared = {"real": x_train[:1_000], "AE,\nrestored": restored["AE, d = 16"], "VAE,\nrestored": restored["VAE, d = 16"]}
compared["VAE"] = samples["VAE, prior"]
compared["GAN"] = (pretrained.load("dcgan-mnist").sample(1_000, seed=0) + 1) / 2
sharp = {name: float(sharpness(images).mean()) for name, images in compared.items()}
far = [metrics.frechet_distance(read(2 * i - 1).features, real) for i in compared.values()]
assert sharp["VAE"] < 0.5 * min(sharp["real"], sharp["GAN"]), "samples of a VAE are blurrier than both"
if session.profile != "smoke":
    assert sharp["VAE,\nrestored"] < 0.6 * sharp["real"], "what it restores is blurry, too"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({name: images[:4] for name, images in compared.items()}, width=4),
    alt="Four images each: real, restored by AE and VAE, the VAE's (pale, soft edges), the GAN's (dark, sharp).",
)
show(
    plots.bars({"Laplacian energy": list(sharp.values()), f"FD-{read.name}": far}, list(compared)),
    alt="Sharpness: " + ", ".join(f"{n} {s:.3f}" for n, s in sharp.items()).replace(",\n", " ") + ". FD: "
    + ", ".join(f"{n} {f:.1f}" for n, f in zip(compared, far)).replace(",\n", " ") + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The VAE's samples are blurrier than the data and than the GAN's (one network of each kind, not of the same size or
# training). Is it because of where we draw? Only in small part: what the same VAE *restores*, from the codes of real
# images, is hardly sharper. The autoencoder's restorations, from as many numbers, lie between it and the data. So
# sixteen numbers blur an image, and the VAE's loss blurs it further.
#
# Two likely reasons. What you see is each pixel's *chance* of ink, the decoder's mean, not a draw of black and white
# pixels. And that mean is taken over everything that could lie at $z$: a mean of shifted strokes is a soft stroke.
# Notebook 05 trains the GAN and comes back to this figure.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 16 · In depth: why the encoder gives the *logarithm* of the variance
#
# A linear layer may give any number. Two things go wrong if you take it for the variance. A negative one has no
# logarithm. And the variance of a very sure encoder, $\log\sigma^2 = -120$, is smaller than the smallest number of
# `float32` (an extreme case on purpose: $\sigma = e^{-60}$). A softplus cures the first and not the second.

# %% slideshow={"slide_type": "fragment"}
def kl_from_variance(variance):  # at z_mean = 0
    variance = ops.convert_to_tensor([[variance]], "float32")
    return float(ops.convert_to_numpy(0.5 * (variance - 1 - ops.log(variance)))[0, 0])


def kl_from_log(log_variance):
    return float(ops.convert_to_numpy(kl_divergence(*np.array([[[0.0]], [[log_variance]]], "float32")))[0])


for output, meant in {-0.7: "a layer's output", -120.0: "log σ² = "}.items():
    raw = output if output > -1 else float(np.exp(output))  # 7.7e-53, which float32 rounds to 0
    soft = float(ops.softplus(ops.convert_to_tensor(output, "float32")))
    print(f"{meant:20} {output:7.1f}   as log-variance: KL {kl_from_log(output):6.2f}", end="   ")
    print(f"as variance: {kl_from_variance(raw):.2f}   through softplus: {kl_from_variance(soft):.2f}")

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
assert np.isnan(kl_from_variance(-0.7)) and np.isfinite(kl_from_log(-0.7))
assert np.isinf(kl_from_variance(7.7e-53)) and np.isclose(kl_from_log(-120.0), 0.5 * (120 - 1))
assert np.isfinite(kl_from_variance(0.4)) and np.isinf(kl_from_variance(float(np.log1p(np.exp(-120.0)))))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## References
#
# - Kingma & Welling (2014), *Auto-Encoding Variational Bayes*, <https://arxiv.org/abs/1312.6114>
# - Rezende, Mohamed & Wierstra (2014), *Stochastic Backpropagation and Approximate Inference in Deep
#   Generative Models*, <https://arxiv.org/abs/1401.4082>
# - Burda, Grosse & Salakhutdinov (2016), *Importance Weighted Autoencoders*, <https://arxiv.org/abs/1509.00519>
# - Higgins et al. (2017), *β-VAE*, <https://openreview.net/forum?id=Sy2fzU9gl>
# - Kingma et al. (2016), *Improving Variational Inference with Inverse Autoregressive Flow* (free bits),
#   <https://arxiv.org/abs/1606.04934>
# - Chadebec et al. (2022), *Pythae*, <https://github.com/clementchadebec/benchmark_VAE>
# - Heusel et al. (2017), *GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium*,
#   <https://arxiv.org/abs/1706.08500>
# - Salimans et al. (2016), *Improved Techniques for Training GANs*, <https://arxiv.org/abs/1606.03498>
# - Gretton et al. (2012), *A Kernel Two-Sample Test*, <https://jmlr.org/papers/v13/gretton12a.html>
# - Ghosh et al. (2020), *From Variational to Deterministic Autoencoders*, <https://arxiv.org/abs/1903.12436>
# - Rolínek, Zietlow & Martius (2019), *Variational Autoencoders Pursue PCA Directions (by Accident)*,
#   <https://arxiv.org/abs/1812.06775>
# - Lucas et al. (2019), *Don't Blame the ELBO! A Linear VAE Perspective on Posterior Collapse*,
#   <https://arxiv.org/abs/1911.02469>
# - Samaria & Harter (1994), *Parameterisation of a Stochastic Model for Human Face Identification*, the Olivetti faces,
#   AT&T Laboratories Cambridge
