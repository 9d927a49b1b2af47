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
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on variational
# autoencoders.
#
# When you are through, you can
#
# - derive the bound that a VAE maximises, and check each of its parts by a number,
# - write its loss in six lines of `keras.ops`, in nats,
# - train one on digits, read its curves, and draw the plane it has learned,
# - measure its likelihood as papers do, and put your number beside theirs,
# - recognise the three mistakes that most public VAE code has.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute on two cores |
# | `cpu` | a laptop | just under 10 minutes on two cores |
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
from scipy import ndimage, stats

from course_utils import backend, data, exercises, losses, metrics, plots, pretrained
from course_utils.games.vae import VAE, Autoencoder, binarise
from course_utils.networks.vae import conv_decoder, conv_encoder, decode, encode
from course_utils.networks.vae import mlp_decoder, mlp_encoder
from course_utils.plots import show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `images` are training images, `steps` are updates between two points
# of a curve, `epochs` such stretches; `small` counts the stretches of the little networks that
# are trained by the handful further down.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 1_000, "batch": 64, "steps": 12, "epochs": 2, "small": 12, "test": 300},
    cpu={"images": 60_000, "batch": 128, "steps": 150, "epochs": 16, "small": 20, "test": 1_500},
    gpu={"images": 60_000, "batch": 128, "steps": 468, "epochs": 30, "small": 40, "test": 5_000},
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# Look at the data before you model it.

# %% slideshow={"slide_type": "fragment"}
digits = data.load("mnist", fallback="glyphs")
x_train = data.scale(digits.x_train[: settings["images"]], low=0.0, high=1.0)
x_test = data.scale(digits.x_test[: settings["test"]], low=0.0, high=1.0)
y_test = digits.y_test[: settings["test"]]
print(data.source("mnist").text, x_train.shape, x_train.dtype)

# %% slideshow={"slide_type": "fragment"}
by_class = np.concatenate([x_test[y_test == digit][:10] for digit in range(10)])
show(
    plots.image_grid(by_class[np.arange(100).reshape(10, 10).T.ravel()], columns=10, width=6.5),
    alt="Ten columns of ten digits, one class a column. Slant, thickness and shape differ widely.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Ten test images of each class. Slant, thickness and shape vary within a class: those are the
# things that a latent variable could stand for.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea
#
# An autoencoder squeezes an image into a few numbers $z$ and restores it. To *generate*, you would
# draw $z$ yourself and decode it. But where in the latent space are the points that decode to
# something? A plain autoencoder does not say.
#
# A variational autoencoder makes three choices, and then knows.
#
# 1. **A prior.** Before any image is seen, $z \sim \mathcal N(0, I)$. This is where you will draw.
# 2. **A decoder** $p(x\mid z)$: for each $z$, a probability for each pixel to be ink.
# 3. **An encoder** $q(z\mid x)$: for each image not a point but a small cloud
#    $\mathcal N(\mu(x), \operatorname{diag}\sigma^2(x))$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The bound
#
# We want $\log p(x)$ to be large, but $p(x) = \int p(x\mid z)\,p(z)\,dz$ cannot be computed. With
# any $q$ whatever,
#
# $$\log p(x) = \underbrace{\mathbb E_q[\log p(x\mid z)] - \mathrm{KL}(q(z\mid x)\,\|\,p(z))}_{\text{ELBO}}
#   + \underbrace{\mathrm{KL}(q(z\mid x)\,\|\,p(z\mid x))}_{\text{gap}\;\ge\;0}.$$
#
# The ELBO can be computed, and it lies below $\log p(x)$ by exactly the last term. Raise it, and
# either the model gets better or the gap gets smaller.
#
# Do not believe it; add it up. Here is a model in which everything is known exactly:
# $z \sim \mathcal N(0, I_2)$, $x = Wz + 0.5\,\epsilon$ in five dimensions.

# %% slideshow={"slide_type": "subslide"}
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


# %% slideshow={"slide_type": "subslide"}
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
# The curve and the shaded gap add up to the dashed line at every point. Even at the right end a
# gap is left: the true posterior's axes are tilted, and a *diagonal* $q$ cannot follow. This is
# the price of the slide's "we assume diagonal covariance".

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The KL term in closed form
#
# For $q = \mathcal N(\mu, \operatorname{diag}\sigma^2)$ and the prior $\mathcal N(0, I)$,
#
# $$\mathrm{KL} = \tfrac12\sum_k\left(\sigma_k^2 + \mu_k^2 - 1 - \log\sigma_k^2\right).$$
#
# The encoder gives $\log\sigma^2$, so the code has an `exp` where the formula has a variance.

# %% slideshow={"slide_type": "fragment"}
def kl_divergence(z_mean, z_log_var):
    terms = ops.exp(z_log_var) + ops.square(z_mean) - 1 - z_log_var  # (N, d)
    return 0.5 * ops.sum(terms, axis=-1)  # (N,), nats


z_mean = rng.normal(size=(6, 3)).astype("float32")
z_log_var = rng.normal(size=(6, 3)).astype("float32")
ours = ops.convert_to_numpy(kl_divergence(z_mean, z_log_var))
assert np.allclose(ours, losses.kl_divergence(z_mean, z_log_var), atol=1e-5)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three ways to the same number: the formula, an integral that SciPy evaluates knowing nothing of
# the formula, and an average over 200,000 draws.

# %% slideshow={"slide_type": "fragment"}
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

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Why the logarithm of the variance
#
# A network could predict $\sigma^2$ itself. Take an encoder that is very sure of itself,
# $\log\sigma^2 = -120$. In `float32` the variance is zero, its logarithm is minus infinity, and the
# next gradient step destroys the weights.

# %% slideshow={"slide_type": "fragment"}
log_var = np.array([[-120.0]], "float32")
variance = ops.exp(log_var)  # 7.7e-53 on paper
from_log = float(kl_divergence(np.zeros((1, 1), "float32"), log_var)[0])
from_variance = float(ops.convert_to_numpy(0.5 * (variance - 1 - ops.log(variance)))[0, 0])
print("variance", float(variance[0, 0]), "  KL from log-variance", from_log, "  from variance", from_variance)
assert np.isclose(from_log, 59.5) and np.isinf(from_variance)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The gradient has to pass through a random draw
#
# The loss needs $\mathbb E_{z\sim q}[f(z)]$ with $f(z) = -\log p(x\mid z)$, and $q$ is what we want
# to train. Two estimators of $\partial/\partial\mu$ have the same mean:
#
# - **score function**: $f(z)\,\partial\log q(z)/\partial\mu = f(z)\,\epsilon/\sigma$. It never looks at
#   the slope of $f$. Subtracting a constant from $f$ (a baseline) helps.
# - **reparameterisation**: write $z = \mu + \sigma\epsilon$ with $\epsilon\sim\mathcal N(0, I)$. The draw
#   no longer depends on $\mu$, and the gradient is the slope $\partial f/\partial z$.
#
# We try both on one batch, with a trained encoder and decoder. Their weights are shipped with the
# course: the code of this notebook, run for longer by `training/vae.py`.

# %% slideshow={"slide_type": "fragment"}
names = ("vae-mnist-binary", "vae-mnist-z2", "ae-mnist-z2", "vae-mnist-z16", "ae-mnist-z16")
shipped = {name: pretrained.load(name) for name in names}
long = shipped["vae-mnist-binary"].networks  # 784-400-40-400-784
x_binary = binarise(digits.x_test[:500], seed=1)

batch, draws = x_binary[:4], 1_000
mean, log_var = encode(long["encoder"], batch)  # (4, 40) each
sigma = np.exp(0.5 * log_var)
epsilon = rng.normal(size=(draws, 4, 40)).astype("float32")
z = (mean + sigma * epsilon).reshape(-1, 40)
targets = ops.convert_to_tensor(np.tile(batch, (draws, 1, 1, 1)))

# %% slideshow={"slide_type": "subslide"}
def cost(z):
    return losses.bernoulli_nll(targets, long["decoder"](z, training=False))


f = ops.convert_to_numpy(ops.stop_gradient(cost(z))).reshape(draws, 4, 1)
slope = ops.convert_to_numpy(ops.stop_gradient(backend.input_gradient(cost, z)))
gradients = {
    "score function": f * epsilon / sigma,
    "score function, baseline": (f - f.mean(0)) * epsilon / sigma * draws / (draws - 1),
    "reparameterised": slope.reshape(draws, 4, 40),
}
variances = {name: g.var(0).mean() for name, g in gradients.items()}
ratio = variances["score function"] / variances["reparameterised"]
print(*(f"{name:26} variance {v:10,.0f}" for name, v in variances.items()), sep="\n")

# %% slideshow={"slide_type": "fragment"}
pathwise, score = gradients["reparameterised"], gradients["score function, baseline"]
error = np.sqrt((pathwise.var(0) + score.var(0)) / draws)
apart = np.abs(pathwise.mean(0) - score.mean(0)) / error  # in standard errors, (4, 40)
print(f"means differ by {np.sqrt(np.mean(apart**2)):.1f} standard errors; variance ratio {ratio:,.0f}")
assert np.sqrt(np.mean(apart**2)) < 2, "the two estimators must agree in the mean"
assert ratio > 100, "the reparameterised estimator must have the smaller variance"

# %% slideshow={"slide_type": "subslide"}
figure, axis = plots.figure(width=9, height=4.2)
steps, k = np.arange(1, draws + 1), int(np.abs(pathwise.mean(0)[0]).argmax())
for name, g in gradients.items():
    axis.plot(steps, np.cumsum(g[:, 0, k]) / steps, label=name)
spread = 6 * np.abs(pathwise.mean(0)[0, k])
axis.set(xscale="log", xlabel="draws averaged", ylabel="estimate of ∂/∂μ, nats", ylim=(-spread, spread))
axis.legend(loc="lower right")
show(figure, "Running means of three gradient estimates. The reparameterised one is flat at once.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# All three lines head for the same value. The reparameterised one is there after a few draws; the
# plain score function is still far off after hundreds. That is why one draw per image and step is
# enough to train a VAE.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · The loss in code
#
# Everything in nats, summed over pixels and latent axes, averaged over the batch.

# %% slideshow={"slide_type": "fragment"}
def vae_loss(x, encoder, decoder, epsilon):
    z_mean, z_log_var = encoder(x)  # (N, d) each
    z = z_mean + ops.exp(0.5 * z_log_var) * epsilon  # (N, d)
    logits = decoder(z)  # (N, 28, 28, 1)
    nll = ops.sum(ops.softplus(logits) - x * logits, axis=(1, 2, 3))  # (N,), −log p(x|z)
    return ops.mean(nll + kl_divergence(z_mean, z_log_var))


# %% [markdown] slideshow={"slide_type": "fragment"}
# `softplus(l) − x·l` is the cross entropy of a pixel with logit `l`, without an intermediate
# sigmoid that could round to 0 or 1. The package has the same loss in
# `course_utils.games.vae.VAE`. Let us see that it is the same.

# %% slideshow={"slide_type": "fragment"}
def fixed_draw(parameters):
    return parameters[0] + ops.exp(0.5 * parameters[1]) * epsilon[0]


x = ops.convert_to_tensor(batch)
value, terms = VAE(**long, sampling=fixed_draw).negative_elbo(x, training=False)
ours = vae_loss(x, long["encoder"], long["decoder"], epsilon[0])
print({name: round(float(term), 2) for name, term in terms.items()}, "nats")
assert np.isclose(float(value), float(ours), rtol=1e-5)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Build
#
# The lecture's model: a convolutional encoder, two latent axes, a convolutional decoder. Two axes
# are too few for good digits, and just right for a picture of the whole latent space.

# %% slideshow={"slide_type": "fragment"}
vae = VAE(conv_encoder(latent_dim=2, width=16), conv_decoder(latent_dim=2, width=16))
for network in (vae.encoder, vae.decoder):
    print(f"{network.name}: {network.count_params():,} parameters")
    for layer in network.layers:
        print(f"    {type(layer).__name__:13} {layer.output.shape}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Train
#
# Watch two numbers. The reconstruction term falls from the start. The KL term *rises* first: the
# encoder begins to use the latent space, and pays for it. A KL that stays at zero is the failure of
# section 7.

# %% slideshow={"slide_type": "fragment"}
fixed_z = rng.normal(size=(32, 2)).astype("float32")
plan = {"batch_size": settings["batch"], "epochs": settings["epochs"]}
plan |= {"steps_per_epoch": settings["steps"], "verbose": 0}

vae.compile()
live = plots.Live(
    lambda: decode(vae.decoder, fixed_z),
    {"nll": "reconstruction", "kl": "KL"},
    alt="Left: digits drawn from the prior. Right: reconstruction falls and KL rises over training.",
    xlabel=f"stretches of {settings['steps']} steps",
)
history = vae.fit(x_train, callbacks=[live], **plan)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left: 32 fixed points of the prior, decoded. Right: both terms of the loss in nats per image.

# %% slideshow={"slide_type": "subslide"}
here = vae.evaluate(x_test, batch_size=500, verbose=0)
recipe = shipped["vae-mnist-z2"].recipe
print(f"just trained   ELBO ≈ {-here['loss']:.1f} nats on {len(x_test)} test images")
print(f"the long run   ELBO ≈ {-recipe['scores']['negative-ELBO']:.1f} nats, {recipe['seconds']:.0f} s of training")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Look inside
#
# From here on the lecture's claims, one experiment each. Where a claim is about a *trained* model we
# take the shipped weights, so that it holds on any machine; what you trained stands beside them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.1 The latent plane
#
# Left: where the encoder puts the test images, coloured by class. Nobody told it the classes.
# Right: what the decoder makes of the same plane.

# %% slideshow={"slide_type": "fragment"}
def plane_of(decoder, n=14, limit=2.5):
    ticks = np.linspace(-limit, limit, n)
    z = np.stack(np.meshgrid(ticks, ticks[::-1]), -1)  # rows from top to bottom
    return decode(decoder, z.reshape(-1, 2)).reshape(n, n, 28, 28, 1)


plane = shipped["vae-mnist-z2"].networks
for title, networks in {
    "just trained": {"encoder": vae.encoder, "decoder": vae.decoder},
    "the long run": plane,
}.items():
    codes, _ = encode(networks["encoder"], x_test)
    panels = (f"Codes of test images, {title}", "The plane, decoded")
    picture = plots.latent_map(codes, y_test, plane_of(networks["decoder"]), 2.5, panels)
    show(picture, f"Left: codes by class around the prior's circles. Right: the plane decoded, {title}.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The dashed circles hold 39 % and 86 % of the prior. Classes form regions, and between two regions
# the decoder draws what lies between the digits. There is no empty spot: wherever you draw from
# the prior, a digit or a near-digit comes out.

# %% slideshow={"slide_type": "skip"}
def explore_plane(z1, z2):
    return plots.image_grid(decode(plane["decoder"], [[z1, z2]]), columns=1, width=3)


plots.explore(explore_plane, z1=(-3.0, 3.0, 0.0), z2=(-3.0, 3.0, 0.0))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.2 A plain autoencoder has holes
#
# The lecture: *a plain autoencoder's latent space is not fit to sample from.* Same networks, same
# data, same budget, but the loss is reconstruction alone and $z = \mu(x)$.

# %% slideshow={"slide_type": "fragment"}
plain = Autoencoder(conv_encoder(latent_dim=2, width=16), conv_decoder(latent_dim=2, width=16))
plain.compile()
plain.fit(x_train, **plan)
pairs = {
    "just trained": (plain.encoder, vae.encoder),
    "long run": (shipped["ae-mnist-z2"].networks["encoder"], plane["encoder"]),
}
for when, encoders in pairs.items():
    codes = [(encode(encoder, x_test)[0], y_test) for encoder in encoders]
    show(
        plots.latent_scatter({f"Autoencoder, {when}": codes[0], f"VAE, {when}": codes[1]}),
        alt=f"Codes by class, {when}: left of an autoencoder, right of a VAE, with the prior's circles.",
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# Mind the axes. The autoencoder puts its codes anywhere, in streaks with empty space between them;
# the prior's circles cover a corner of it. The VAE's codes fill the circles.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now with numbers, and with sixteen latent axes, where good digits are possible. A frozen digit
# classifier reads 1,000 samples of each model: how sure is it, and how far are its features from
# those of real digits (Fréchet distance, FD)? To be fair to the autoencoder we also draw from a
# Gaussian *fitted to its codes*.

# %% slideshow={"slide_type": "fragment"}
ae, big = (shipped[name].networks for name in ("ae-mnist-z16", "vae-mnist-z16"))
noise = rng.normal(size=(1_000, 16)).astype("float32")
ae_codes = encode(ae["encoder"], x_test)[0]
root = np.linalg.cholesky(np.cov(ae_codes, rowvar=False) + 1e-6 * np.eye(16))
samples = {
    "AE, prior": decode(ae["decoder"], noise),
    "AE, fitted\nGaussian": decode(ae["decoder"], ae_codes.mean(0) + noise @ root.T),
    "VAE, prior": decode(big["decoder"], noise),
}
show(
    plots.image_rows({name: images[:14] for name, images in samples.items()}),
    alt="Samples: from the prior the autoencoder draws fragments, the VAE mostly digits.",
)

# %% slideshow={"slide_type": "subslide"}
read = metrics.evaluator("mnist")  # images in [-1, 1] -> (features, probabilities)
real = read(2 * x_test - 1)
readings = {name: read(2 * images - 1) for name, images in samples.items()}
sure = [r.probabilities.max(1).mean() for r in readings.values()]
distance = [metrics.frechet_distance(r.features, real.features) for r in readings.values()]
show(
    plots.bars({"Mean confidence": sure, f"FD-{read.name}": distance}, list(samples)),
    alt=f"Confidence {sure[0]:.2f}, {sure[1]:.2f}, {sure[2]:.2f}; "
    f"Fréchet distance {distance[0]:.0f}, {distance[1]:.0f}, {distance[2]:.0f}.",
)
assert sure[2] > sure[0] and distance[2] < distance[0], "from the prior, the VAE must sample better"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Drawn from the prior, the autoencoder is far off: the lecture's claim holds. But look at the middle
# bars. A Gaussian fitted to the codes *afterwards* samples about as well as the VAE; Ghosh et al.
# (2020) build a method on that. So the holes are not the whole story. What the VAE adds is that you
# know where to draw before you have seen a single code, and a likelihood to judge the result by.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.3 How far is the ELBO from log p(x)?
#
# With importance weights you get nearer to $\log p(x)$:
#
# $$\log p(x) \;\ge\; \mathbb E\left[\log \frac1K\sum_{k=1}^K \frac{p(x\mid z_k)\,p(z_k)}{q(z_k\mid x)}\right],
#   \qquad z_k\sim q(z\mid x).$$
#
# $K=1$ is the ELBO, and the bound rises with $K$. A likelihood needs pixels that are 0 or 1, so each
# pixel of the test images is drawn once, with its grey value as probability. The model is the
# 784-400-40 network of the literature.

# %% slideshow={"slide_type": "fragment"}
estimate = {K: metrics.log_likelihood(**long, x=x_binary, samples=K) for K in (1, 10, 100)}
means = [e.mean() for e in estimate.values()]
print({K: f"{m:.2f} nats" for K, m in zip(estimate, means)})
assert means[0] < means[1] < means[2], "the bound must rise with K"

# %% slideshow={"slide_type": "fragment"}
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
# The negative of this bound with $K = 200$, averaged over all 10,000 test images, is the *NLL* in
# tables. Smaller is better. Two differences to keep in mind when you compare: our draw of the test
# pixels is not the published file, and our long run draws the *training* pixels anew in every batch,
# where the published runs saw one fixed draw. With one fixed draw ours began to overfit and ended at
# 91.0 nats.

# %% slideshow={"slide_type": "fragment"}
recipe = shipped["vae-mnist-binary"].recipe
scores = recipe["scores"]
print(f"this course    {scores['NLL-200']:.2f} nats   ({recipe['command']})")
for row in recipe["published"]:
    print(f"published      {row['value']:.2f} nats   ({row['source']})")
assert scores["NLL-200"] <= 90

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.4 What λ (or β) trades
#
# Put a weight on the KL term, $\text{nll} + \beta\,\mathrm{KL}$. At $\beta = 1$ this is the ELBO. Smaller
# values buy sharper reconstructions; larger ones a latent space closer to the prior. Same small
# network, same seed, only β differs.

# %% slideshow={"slide_type": "fragment"}
small_plan = {**plan, "epochs": settings["small"]}
small = VAE(mlp_encoder(2, width=200), mlp_decoder(2, width=200), keras.optimizers.Adam(2e-3))
small.compile(steps_per_execution=settings["steps"])
state = small.variables + small.optimizer.variables
begin = [ops.convert_to_numpy(v) for v in state]
fixed_z = rng.normal(size=(14, 2)).astype("float32")


def train_small(beta):
    for variable, value in zip(state, begin):  # the same start for every β
        variable.assign(value)
    small.beta.assign(beta)
    small.fit(x_train, **small_plan)
    logs = small.evaluate(x_test, batch_size=500, verbose=0)
    return logs, encode(small.encoder, x_test), decode(small.decoder, fixed_z)


# %% slideshow={"slide_type": "subslide"}
betas = (0.1, 1.0, 8.0)
swept = {beta: train_small(beta) for beta in betas}
prior = rng.normal(size=(len(x_test), 2))
table = {"reconstruction, nats": [], "KL, nats": [], "MMD² of q(z) to the prior": []}
aggregate = {}
for beta, (logs, (mean, log_var), _) in swept.items():
    z = mean + np.exp(0.5 * log_var) * rng.normal(size=mean.shape)
    for row, number in zip(table.values(), (logs["nll"], logs["kl"], metrics.mmd(z, prior, metrics.rbf(1.0)))):
        row.append(float(number))
    aggregate[f"β = {beta:g}"] = (z, y_test)
assert table["KL, nats"][0] > table["KL, nats"][1] > table["KL, nats"][2]

# %% slideshow={"slide_type": "fragment"}
show(
    plots.bars(table, list(aggregate), width=12),
    alt="With β, reconstruction gets worse, KL falls, and the codes come closer to the prior.",
)

# %% slideshow={"slide_type": "subslide"}
show(
    plots.latent_scatter(aggregate, limit=6),
    alt="Drawn codes for three values of β: the larger β, the closer they lie to the prior.",
)
show(
    plots.image_rows({name: images for name, (_, _, images) in zip(aggregate, swept.values())}),
    alt="Samples for three values of β from the same 14 latents; larger β gives blurrier digits.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each point is one *drawn* code. At small β the clouds are far apart and much of the prior is
# empty, so samples from it can fall between them. At large β everything lies on the prior and the
# decoder hardly learns which image it should draw.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.5 Moving one axis, and concept vectors
#
# Take an image, encode it, move one $z_i$, decode. The rows are the axes that this encoder uses
# most. Does each change one thing?

# %% slideshow={"slide_type": "fragment"}
codes, log_var = encode(big["encoder"], x_test)
per_axis = 0.5 * (np.exp(log_var) + codes**2 - 1 - log_var).mean(0)  # KL of each axis, nats
used = np.argsort(per_axis)[::-1][:5]
steps = np.linspace(-2.5, 2.5, 11)
rows = {}
for axis_number in used:
    moved = np.repeat(codes[:1], len(steps), 0)
    moved[:, axis_number] = steps
    rows[f"$z_{{{axis_number}}}$"] = decode(big["decoder"], moved)
show(
    plots.image_rows(rows, columns=[f"{s:.1f}" for s in steps]),
    alt="One digit, five latent axes moved from −2.5 to 2.5; several traits change at once.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Not quite. An axis of a plain VAE changes the shape as a whole: slant, width and even the class
# move together. The lecture's "each $z_i$ is one factor" is a hope and not a property of the loss:
# nothing in it prefers these axes to any rotation of them.

# %% [markdown] slideshow={"slide_type": "subslide"}
# A *direction* works better than an axis. Measure a trait on images; take the mean code where it is
# high minus the mean code where it is low. Classes differ in slant too, so first subtract each
# class's own mean: otherwise the direction would lead to another digit. Two traits that a few lines
# can measure:

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
def within_class(values):
    return values - np.array([values[y_test == digit].mean(0) for digit in range(10)])[y_test]


strengths, edited = np.linspace(-1.5, 1.5, 7), {}
for name, trait in {"slant": slant, "thickness": thickness}.items():
    value, code = within_class(trait(x_test)), within_class(codes)
    low, high = np.quantile(value, [0.2, 0.8])
    concept = code[value >= high].mean(0) - code[value <= low].mean(0)  # (16,)
    moved = codes[:200] + strengths[:, None, None] * concept  # (7, 200, 16)
    edited[name] = decode(big["decoder"], moved.reshape(-1, 16)).reshape(7, 200, 28, 28, 1)
    measured = [float(trait(images).mean()) for images in edited[name]]
    print(f"adding {name:10} measured", *(f"{m:6.2f}" for m in measured))
    assert measured[-1] > measured[3] > measured[0], name

# %% slideshow={"slide_type": "fragment"}
chosen = [int(np.flatnonzero(y_test[:200] == digit)[0]) for digit in (2, 4, 7)]
for name, images in edited.items():
    show(
        plots.image_rows(
            {f"{y_test[i]}": images[:, i] for i in chosen},
            f"adding {name}",
            columns=[f"{s:+.1f}" for s in strengths],
            width=7,
        ),
        alt=f"Three digits edited along the {name} direction, from less to more.",
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# The numbers are means over 200 test digits, edited and measured again: adding slant makes slanted
# digits, adding thickness thicker ones. This is the slide's "smile" on a digit.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.6 Are VAE samples blurry?
#
# Sharpness as the energy of the Laplacian: large where grey values jump, small where they drift.

# %% slideshow={"slide_type": "fragment"}
def sharpness(images):
    edges = ndimage.laplace(images[..., 0].astype("float64"), axes=(1, 2))
    return np.mean(edges**2, axis=(1, 2))


compared = {"real": x_train[:1_000], "VAE": samples["VAE, prior"]}
if "dcgan-mnist" in pretrained.available():
    compared["GAN"] = (pretrained.load("dcgan-mnist").sample(1_000, seed=0) + 1) / 2
sharp = {name: float(sharpness(images).mean()) for name, images in compared.items()}
far = [metrics.frechet_distance(read(2 * i - 1).features, real.features) for i in compared.values()]
assert sharp["VAE"] < sharp["real"], "samples of a VAE are blurrier than the data"

# %% slideshow={"slide_type": "fragment"}
show(plots.image_rows({name: images[:14] for name, images in compared.items()}), alt="Samples side by side.")
show(
    plots.bars({"Laplacian energy": list(sharp.values()), f"FD-{read.name}": far}, list(compared)),
    alt="Sharpness and Fréchet distance: " + ", ".join(f"{n} {s:.3f}" for n, s in sharp.items()),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The samples are blurrier than the data. The reason is in the loss: the decoder's output is the
# *mean* image of everything that could lie at $z$, and a mean of shifted strokes is a soft stroke.
# Notebook 05 trains the generator that this lecture compares with, and comes back to this figure.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · When it fails
#
# The most common fault in public VAE code: the reconstruction is *averaged* over the 784 pixels
# while the KL is *summed*. That is $\beta = 784$.

# %% slideshow={"slide_type": "fragment"}
logs, _, sick = train_small(784.0)
_, _, healthy = swept[1.0]
print(f"reconstruction {logs['nll']:.1f} nats   KL {logs['kl']:.3f} nats")
show(
    plots.image_rows({"β = 1": healthy, "β = 784": sick}),
    alt="With β = 784 every sample is the same grey blot, the mean of all digits.",
)
assert logs["kl"] < 0.5 and sick.std(0).mean() < 0.05

# %% [markdown] slideshow={"slide_type": "fragment"}
# **How to recognise it:** the KL is near zero, the reconstruction stops early, and every sample is
# the same blot. The posterior has *collapsed* onto the prior, $q(z\mid x) = p(z)$, and $z$ carries
# nothing. **What to do:** sum over pixels; if it still happens, raise β slowly from 0.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Errata of the slides
#
# ### 8.1 The standard deviation is exp(½ log σ²)
#
# The slides and their demo draw `z_mean + exp(z_log_var) * epsilon`. That scales the noise by the
# *variance*. Where $\sigma$ is 0.1 the noise is ten times too small. Here are 25 draws of each of 400
# images, both ways, from one trained encoder; the window shows the middle of the plane.

# %% slideshow={"slide_type": "fragment"}
mean, log_var = (np.repeat(part, 25, axis=0) for part in encode(plane["encoder"], x_test[:400]))
epsilon, owner = rng.normal(size=mean.shape), np.repeat(y_test[:400], 25)
both = {
    "exp(½ z_log_var): right": (mean + np.exp(0.5 * log_var) * epsilon, owner),
    "exp(z_log_var): the slide": (mean + np.exp(log_var) * epsilon, owner),
}
show(
    plots.latent_scatter(both, limit=1.0, names=False),
    alt="Left: 25 draws of each image make clouds that overlap. Right: they stay on single dots.",
)
noises = [float(np.exp(k * log_var).mean()) for k in (0.5, 1.0)]
print(f"mean standard deviation: {noises[0]:.3f} right, {noises[1]:.3f} with the slide's line")
assert noises[1] < 0.7 * noises[0]

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left, the clouds of neighbouring images overlap: that is what fills the prior without holes. Right,
# each image is a dot, as in a plain autoencoder, with nothing in between.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Training *with* that line hides the mistake: the encoder adapts. But the printed KL is no longer the
# KL of the distribution that is drawn from. If the network says $v$ and the draw has standard
# deviation $e^{v}$, the true log-variance is $2v$.

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
printed, true = (float(np.mean(losses.kl_divergence(mean, k * log_var))) for k in (1, 2))
print(f"KL as printed {printed:.2f} nats, KL of what is drawn {true:.2f} nats")
assert true > printed, "the slide's loss promises a bound that it does not keep"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 8.2 What λ = 5·10⁻⁴ means
#
# The slide's loss takes the *mean* over pixels, the *mean* over latent axes, and leaves out the ½ of
# the KL:
#
# $$L_{\text{slide}} = \frac{\text{nll}}{784} + \lambda\,\frac{2\,\mathrm{KL}}{d}
#   \quad\Longrightarrow\quad 784\,L_{\text{slide}} = \text{nll} + \beta\,\mathrm{KL},\qquad
#   \beta = \frac{2\cdot 784\,\lambda}{d}.$$
#
# With $d = 2$, the tiny-looking 5·10⁻⁴ is β = 0.39: not far from the plain ELBO.

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
# ## 9 · Your turn
#
# Fill in the dots and run the cell. The check says what is wrong; `exercises.vae.kl.hint()` gives a
# hint; the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · The KL divergence
#
# Write the KL of each image's posterior to the prior. Input: two arrays (N, d). Output: (N,), nats.

# %% slideshow={"slide_type": "fragment"}
def kl(z_mean, z_log_var):
    return ...


exercises.vae.kl.check(kl)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def kl(z_mean, z_log_var):
#     variance = ops.exp(z_log_var)
#     return 0.5 * ops.sum(variance + ops.square(z_mean) - 1 - z_log_var, axis=-1)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · The sampling step
#
# Draw $z$ from the posterior, given standard normal numbers `epsilon`. All arrays are (N, d).

# %% slideshow={"slide_type": "fragment"}
def sample(z_mean, z_log_var, epsilon):
    return ...


exercises.vae.sample.check(sample)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def sample(z_mean, z_log_var, epsilon):
#     return z_mean + ops.exp(0.5 * z_log_var) * epsilon
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · From λ to β
#
# Somebody publishes a λ, with means over pixels and latent axes and without the ½, as on the slide.
# Which β is it?

# %% slideshow={"slide_type": "fragment"}
def beta(slide_lambda, pixels, latent_dim):
    return ...


exercises.vae.beta.check(beta)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def beta(slide_lambda, pixels, latent_dim):
#     return 2 * slide_lambda * pixels / latent_dim
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · A concept vector
#
# `codes` is (N, d), `attribute` a number for each image, (N,). Return the direction, (d,), from the
# mean code of the lowest fifth to that of the highest fifth.

# %% slideshow={"slide_type": "fragment"}
def concept_vector(codes, attribute):
    return ...


exercises.vae.concept.check(concept_vector)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def concept_vector(codes, attribute):
#     low, high = np.quantile(attribute, [0.2, 0.8])
#     return codes[attribute >= high].mean(axis=0) - codes[attribute <= low].mean(axis=0)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 5 · The importance-weighted bound
#
# `log_w` is (K, N): the logarithms of K importance weights for each of N images. Return the estimate
# of $\log p(x)$ of each image, (N,). It has to survive log-weights around −1000.

# %% slideshow={"slide_type": "fragment"}
def log_likelihood(log_w):
    return ...


exercises.vae.log_likelihood.check(log_likelihood)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def log_likelihood(log_w):
#     return ops.logsumexp(log_w, axis=0) - np.log(len(log_w))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · Recap
#
# - $\log p(x) = \text{ELBO} + \text{gap}$. You added it up to four decimals.
# - The loss is reconstruction plus KL, both in nats, both *summed* over their axes.
# - The encoder gives $\log\sigma^2$; the draw is $\mu + e^{\frac12\log\sigma^2}\epsilon$, and gradients pass.
# - A VAE's prior is filled, an autoencoder's is not. Its samples are blurrier than the data.
# - β trades reconstruction for a tidy latent space. Too much of it, and $z$ is ignored.
#
# Next, notebook 02: any prior you like, enforced by a second network.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | `z = z_mean + exp(z_log_var) * epsilon` | `exp(0.5 * z_log_var)`: section 8.1 |
# | λ = 5·10⁻⁴ with means and without ½ | β = 2·784·λ/d = 0.39 at d = 2, in nats: section 8.2 |
# | moving one $z_i$ changes one factor | a direction does, an axis need not: section 6.5 |
#
# ### References
#
# - Kingma & Welling (2014), *Auto-Encoding Variational Bayes*, <https://arxiv.org/abs/1312.6114>
# - Rezende, Mohamed & Wierstra (2014), *Stochastic Backpropagation and Approximate Inference in Deep
#   Generative Models*, <https://arxiv.org/abs/1401.4082>
# - Burda, Grosse & Salakhutdinov (2016), *Importance Weighted Autoencoders*,
#   <https://arxiv.org/abs/1509.00519>
# - Ghosh et al. (2020), *From Variational to Deterministic Autoencoders*,
#   <https://arxiv.org/abs/1903.12436>
# - Higgins et al. (2017), *β-VAE*, <https://openreview.net/forum?id=Sy2fzU9gl>
# - Tomczak & Welling (2018), *VAE with a VampPrior*, <https://arxiv.org/abs/1705.07120>
