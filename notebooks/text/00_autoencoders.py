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
# # 00 · Autoencoders
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/00_autoencoders.ipynb)
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on autoencoders. A prologue:
# nothing here generates yet, and at the end you know why.
#
# When you are through, you can
#
# - say what a bottleneck forces a network to do, and what a *linear* one finds, to a fraction of a degree,
# - tell deep, sparse and denoising autoencoders apart by what each constraint buys, in numbers,
# - show why none of them can draw a new digit.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute on two cores |
# | `cpu` | a laptop | 9 minutes of processor time on a busy machine |
# | `gpu` | the full recipe | not measured here |
#

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
from keras.activations import relu
from scipy import linalg

from course_utils import data, exercises, metrics, plots
from course_utils.games.autoencoders import SquaredErrorAutoencoder
from course_utils.networks.autoencoders import dense_decoder, dense_encoder
from course_utils.plots import show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings: how many images, how many updates the linear autoencoder gets and how many
# the others, and the images of the linear probe.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 1_000, "test": 500, "linear": 2_000, "steps": 200, "labelled": 300},
    cpu={"images": 20_000, "test": 2_000, "linear": 2_500, "steps": 2_500, "labelled": 1_000},
    gpu={"images": 60_000, "test": 10_000, "linear": 5_000, "steps": 20_000, "labelled": 1_000},
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# Digits, 28×28 grey values from 0 to 1.

# %% slideshow={"slide_type": "fragment"}
digits = data.load("mnist", fallback="glyphs")
x_train = data.scale(digits.x_train[: settings["images"]], low=0.0, high=1.0)
x_test = data.scale(digits.x_test[: settings["test"]], low=0.0, high=1.0)
read = metrics.evaluator("glyphs" if "glyphs" in data.source("mnist").text else "mnist")
print(data.source("mnist").text, x_train.shape, x_train.dtype)
show(plots.image_grid(x_train[:24], columns=12, width=9), alt="Two rows of twelve training images.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea: through the eye of a needle
#
# An **encoder** $e$ turns an image into a **code** of a few numbers. A **decoder** $d$ makes an image of
# it again. Both are trained so that the image comes back:
#
# $$L = \mathbb E\,\|x - d(e(x))\|^2 .$$
#
# The code is narrow, so it cannot hold 784 numbers. Whatever the two networks want to restore, they have to
# say in 6 numbers. That forces them to find what images have in common.
#
# ### 2.1 The best straight needle is known
#
# Let $e$ and $d$ be linear (with a shift). Then the answer has been known for a century: *principal
# component analysis*. Keep the $k$ directions along which the data vary most, and drop the rest. No
# other linear map loses less, and what is lost is the variance of the directions that were dropped.

# %% slideshow={"slide_type": "fragment"}
k, flat = 6, x_train.reshape(len(x_train), -1).astype("float64")
mean = flat.mean(axis=0)
_, singular, components = linalg.svd(flat - mean, full_matrices=False)
projected = (flat - mean) @ components[:k].T @ components[:k] + mean  # (N, 784)

lost = np.sum((flat - projected) ** 2) / len(flat)
dropped = np.sum(singular[k:] ** 2) / len(flat)
print(f"lost in {k} numbers: {lost:.4f}, variance of the dropped directions: {dropped:.4f}")
assert np.isclose(lost, dropped)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · A linear autoencoder
#
# It knows nothing of singular values. It gets images, a loss and gradient descent. First the loss, in a
# few lines; the package's game has the same one.

# %% slideshow={"slide_type": "fragment"}
def squared_error(x, encoder, decoder):
    error = ops.square(x - decoder(encoder(x)))  # (N, 28, 28, 1)
    return ops.mean(ops.sum(error, axis=(1, 2, 3)))


keras.utils.set_random_seed(0)
encoder, decoder = dense_encoder(k), dense_decoder(k)
schedule = keras.optimizers.schedules.CosineDecay(1e-2, settings["linear"])
linear = SquaredErrorAutoencoder(encoder, decoder, keras.optimizers.Adam(schedule))
some = ops.convert_to_tensor(x_train[:64])
ours = float(ops.stop_gradient(squared_error(some, encoder, decoder)))
assert np.isclose(ours, float(ops.stop_gradient(linear.loss_of(some, training=False)[0])), rtol=1e-5)

# %% slideshow={"slide_type": "subslide"}
for network in (encoder, decoder):
    for layer in network.layers:
        print(f"{network.name:8} {type(layer).__name__:11} {layer.output.shape}  {layer.count_params():,} weights")

# %% slideshow={"slide_type": "fragment"}
def train(game, steps):
    game.compile(steps_per_execution=50)
    game.fit(x_train, batch_size=256, epochs=10, steps_per_epoch=steps // 10, verbose=0)
    return game.history.history["squared_error"]


def restored(game, x):
    code = game.encoder.predict(x, batch_size=500, verbose=0)
    return game.decoder.predict(code, batch_size=500, verbose=0)


history = train(linear, settings["linear"])

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Does it find the principal components?
#
# Compare two things. The **error**: how close to the least that is possible? The **plane**: the six
# images in the decoder's weights span a plane of six dimensions in the space of all images, and so do
# the principal components. *Principal angles* say how far two planes are apart: all 0 for the same plane.

# %% slideshow={"slide_type": "fragment"}
kernel = ops.convert_to_numpy(decoder.get_layer("pixels").kernel).astype("float64")  # (6, 784)
angles = np.degrees(linalg.subspace_angles(kernel.T, components[:k].T))
found = np.sum((x_train - restored(linear, x_train)) ** 2) / len(x_train)
print(f"error {found:.3f}, the least possible {dropped:.3f}")
print("angles between the planes:", *(f"{angle:.2f}°" for angle in angles))
assert angles.max() < 2 and dropped * (1 - 1e-3) < found < 1.01 * dropped

# %% slideshow={"slide_type": "subslide"}
figure, (left, right) = plots.figure(1, 2, width=11, height=3.8)
left.plot(np.arange(1, 11) * settings["linear"] // 10, history, marker="o", label="linear autoencoder")
left.axhline(dropped, color="black", linestyle="--", label="PCA, the least possible")
left.set(xlabel="updates", ylabel="squared error an image")
left.legend()
by_chance = np.degrees(linalg.subspace_angles(np.random.default_rng(0).normal(size=(784, k)), components[:k].T))
right.plot(range(1, k + 1), by_chance, "s", label="a plane drawn at random")
right.plot(range(1, k + 1), angles, "o", label="the decoder's plane")
right.set(xlabel="principal angle", ylabel="degrees", ylim=(-5, 95))
right.legend(loc="center")
show(figure, f"Left: the error falls to the dashed line. Right: the decoder's angles are below {angles.max():.1f} "
             f"degrees, those of a random plane above {by_chance.min():.0f}.")  # fmt: skip

# %% slideshow={"slide_type": "subslide"}
def signed(images):
    return np.stack([image / np.abs(image).max() for image in images]).reshape(-1, 28, 28, 1)


show(
    plots.image_rows({"principal components": signed(components[:k]), "the decoder's weights": signed(kernel)},
                     low=-1.0, width=9),
    alt="Six principal components over six images of decoder weights; the images differ.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same plane, and other axes. The loss does not care which six images span the plane, so gradient
# descent takes any six. Only PCA insists on perpendicular ones, ordered by variance. A linear autoencoder
# finds the principal *subspace*, and not the components.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · What each constraint buys
#
# The lecture names three kinds. Each one constrains something else.
#
# | kind | code | constraint |
# |---|---|---|
# | deep | 6 | the width of the code, but layers with ReLU before and behind it |
# | sparse | 256 | few units may speak at once: $L + \lambda\,\mathbb E\|e(x)\|_1$ |
# | denoising | 256 | the input is noisy, the target is clean: $\mathbb E\|x - d(e(x + \sigma\varepsilon))\|^2$ |
#
# And, to compare with, a *wide* one: 256 numbers, no constraint at all.

# %% slideshow={"slide_type": "fragment"}
sigma, unit = 0.5, keras.constraints.UnitNorm(axis=1)
kinds = {  # encoder, decoder, game
    "wide": ({"code_activation": relu}, {}, {}),
    "deep": ({"widths": (256, 64)}, {"widths": (64, 256)}, {}),
    "sparse": ({"code_activation": relu}, {"constraint": unit}, {"sparsity": 0.3}),
    "denoising": ({"code_activation": relu}, {}, {"noise": sigma}),
}
games = {"linear": linear}
for kind, (in_encoder, in_decoder, in_game) in kinds.items():
    keras.utils.set_random_seed(0)
    size = k if kind == "deep" else 256
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, settings["steps"])
    networks = dense_encoder(size, **in_encoder), dense_decoder(size, **in_decoder)
    games[kind] = SquaredErrorAutoencoder(*networks, keras.optimizers.Adam(schedule), **in_game)
    train(games[kind], settings["steps"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The sparse one has a second constraint. Without it the code could become as small as it likes, and the
# decoder as large, at no cost: $\|e(x)\|_1$ falls and nothing is sparse. So every unit has to draw with an
# image of length 1.
#
# ### 4.1 Deep: a bent needle
#
# Both have six numbers. The linear one has to lay a flat plane through the digits; the deep one may bend it.

# %% slideshow={"slide_type": "subslide"}
flat_test = x_test.reshape(len(x_test), -1) - mean
by_pca = (flat_test @ components[:k].T @ components[:k] + mean).reshape(x_test.shape)
six = {"original": x_test, "PCA": by_pca, "linear": restored(linear, x_test), "deep": restored(games["deep"], x_test)}
lost = {name: float(np.sum((images - x_test) ** 2, axis=(1, 2, 3)).mean()) for name, images in six.items()}
print("squared error of test images:", *(f"{name} {value:.1f}  " for name, value in lost.items()))
if session.profile != "smoke":
    assert lost["deep"] < 0.8 * lost["PCA"]
show(
    plots.image_rows({name: images[:12] for name, images in six.items()}, width=10),
    alt="Twelve test digits: PCA and the linear autoencoder give the same smears, the deep one gives sharper digits.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.2 Sparse: a vocabulary
#
# 256 units are more than it takes to copy most of a digit. The penalty makes each of them expensive. How many speak for
# one image, and what does a unit stand for? The decoder's weights show what each draws.

# %% slideshow={"slide_type": "fragment"}
def codes(game, x):
    return game.encoder.predict(x, batch_size=500, verbose=0)


drawn, speaking = {}, {}
for kind in ("wide", "sparse"):
    code = codes(games[kind], x_test)
    speaking[kind] = float(np.mean(code > 1e-3))
    busiest = np.argsort(-np.sum(code, axis=0))[:20]
    kernel = ops.convert_to_numpy(games[kind].decoder.get_layer("pixels").kernel)
    drawn[f"{kind}: {speaking[kind]:.0%} speak"] = signed(kernel[busiest])
    error = np.sum((x_test - restored(games[kind], x_test)) ** 2, axis=(1, 2, 3)).mean()
    print(f"{kind:7} {speaking[kind]:6.1%} of the units speak for an image   squared error {error:5.2f}")

# %% slideshow={"slide_type": "fragment"}
show(
    plots.image_rows(drawn, low=-1.0, width=13),
    alt="What the twenty busiest units draw: mixed patterns in the wide one, single strokes in the sparse one.",
)
if session.profile != "smoke":
    assert speaking["sparse"] < 0.5 * speaking["wide"]

# %% [markdown] slideshow={"slide_type": "fragment"}
# Grey is nothing, white adds ink, black takes it away. A code in which few units speak is a description:
# *this stroke, and that one*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.3 Denoising: knowing what belongs there
#
# To take noise away, a network has to know what digits look like. Quality is measured in decibels,
# $\text{PSNR} = -10\log_{10}\text{MSE}$ for pixels from 0 to 1: 10 dB more is a tenth of the squared error.

# %% slideshow={"slide_type": "fragment"}
def psnr(clean, image):
    return -10 * np.log10(np.mean((clean - image) ** 2, axis=(1, 2, 3)))


noisy = x_test + sigma * np.random.default_rng(0).normal(size=x_test.shape).astype("float32")
cleaned = {"noisy": noisy} | {kind: restored(games[kind], noisy) for kind in ("wide", "denoising")}
quality = {name: float(psnr(x_test, images).mean()) for name, images in cleaned.items()}
print("PSNR against the clean image:", *(f"{name} {value:.1f} dB  " for name, value in quality.items()))
assert quality["denoising"] > quality["wide"] and quality["denoising"] > quality["noisy"] + 3
show(
    plots.image_rows({"clean": x_test[:12], **{n: images[:12] for n, images in cleaned.items()}}, width=10),
    alt="Twelve digits clean, under heavy noise, and restored: only the denoising one removes all dirt.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The wide one was never told what noise is. It restores what it sees, dirt and all. Same networks, same number
# of updates: only the noise on the input was new.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.4 Are the codes good for anything?
#
# Give a linear classifier the codes of a few labelled images. If the constraint made the code say
# something about the digit, few labels are enough.

# %% slideshow={"slide_type": "fragment"}
count = settings["labelled"]
x_few, y_few, y_test = x_train[:count], digits.y_train[:count], digits.y_test[: len(x_test)]
readers = {"pixels": (x_few.reshape(count, -1), x_test.reshape(len(x_test), -1))}
readers |= {kind: (codes(game, x_few), codes(game, x_test)) for kind, game in games.items()}
accuracy = {name: metrics.linear_accuracy(a, y_few, b, y_test, c=0.02) for name, (a, b) in readers.items()}
show(
    plots.bars({f"accuracy with {count} labels": list(accuracy.values())}, list(accuracy), width=9, form="{:.3f}"),
    alt="Linear probe: " + ", ".join(f"{name} {value:.3f}" for name, value in accuracy.items()) + ".",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Compare codes of one length. Six numbers cannot say what 256 say, but of the two sixes the bent one says
# more about the class. Among the wide ones the differences are small, and one seed is no proof. No
# label was used to make any of these codes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · When it fails: asking it for a new digit
#
# An autoencoder decodes codes. So give it one that you made up. The fairest try: codes with the mean and the
# covariance of the true ones.

# %% slideshow={"slide_type": "fragment"}
rng, invented, true = np.random.default_rng(1), {}, read(2 * x_test - 1).features
for kind in ("deep", "sparse", "denoising"):
    code = codes(games[kind], x_train)
    draws = rng.multivariate_normal(code.mean(0), np.cov(code.T), len(x_test), method="eigh").astype("float32")
    draws = draws if kind == "deep" else np.maximum(draws, 0)  # these codes are never negative
    invented[kind] = np.clip(games[kind].decoder.predict(draws, batch_size=500, verbose=0), 0, 1)
    back = metrics.frechet_distance(read(2 * np.clip(restored(games[kind], x_test), 0, 1) - 1).features, true)
    new = metrics.frechet_distance(read(2 * invented[kind] - 1).features, true)
    print(f"{kind:10} FD-{read.name}: reconstructions {back:6.1f}   invented codes {new:6.1f}")
    assert new > back, "an invented code decodes worse than a true one"

# %% slideshow={"slide_type": "fragment"}
show(
    plots.image_rows({kind: images[:14] for kind, images in invented.items()}, width=11),
    alt="Fourteen decoded inventions of each kind: blots and fragments, hardly a digit.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **How to recognise it:** reconstructions are fine, samples are not. **Why:** the loss looks at codes of real
# images and at no others. Between and around them the decoder may do as it likes, and nobody ever told
# the codes *where to be*. Mean and covariance do not describe the cloud that they form.
#
# **What to do:** tell them. Notebook 01 gives the codes a prior and pays for each deviation from it.
# Notebook 02 sends a discriminator to look at them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Your turn
#
# Fill in the dots and run the cell. The check says what is wrong; `exercises.autoencoders.tail.hint()` gives a
# hint; the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · What is left out
#
# `x` is (n, d). Return the mean squared distance of its points to the best plane of `k` dimensions, one number.

# %% slideshow={"slide_type": "fragment"}
def tail(x, k):
    return ...


exercises.autoencoders.tail.check(tail)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def tail(x, k):
#     values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
#     return np.sum(values[k:] ** 2) / len(x)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · Decibels
#
# `clean` and `image` are (N, H, W, C), pixels from 0 to 1. Return the PSNR of each image, (N,).

# %% slideshow={"slide_type": "fragment"}
def decibels(clean, image):
    return ...


exercises.autoencoders.psnr.check(decibels)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def decibels(clean, image):
#     error = np.mean((clean - image) ** 2, axis=(1, 2, 3))
#     return -10 * np.log10(error)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · The sparse loss
#
# `x` and `reconstruction` are (N, H, W, C), `code` is (N, d). Return the loss of section 4, one number.

# %% slideshow={"slide_type": "fragment"}
def sparse_loss(x, reconstruction, code, weight):
    return ...


exercises.autoencoders.sparse.check(sparse_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def sparse_loss(x, reconstruction, code, weight):
#     error = ops.sum(ops.square(x - reconstruction), axis=(1, 2, 3))
#     size = ops.sum(ops.abs(code), axis=1)
#     return ops.mean(error + weight * size)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · Recap
#
# - An autoencoder restores its input through a narrow code. Linear, it finds the plane of the principal components.
# - Deep: a bent plane restores more in as many numbers.
# - Sparse: many units, few of which speak at once. Bound the decoder, or the penalty is for nothing.
# - Denoising: dirt in, clean image out. It has to know what belongs there.
# - None of them generates: nothing says where codes lie.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | sparsity by regularisation | of the code *and* a bound on the decoder, or it is dodged: section 4 |
#
# ### References
#
# - Baldi & Hornik (1989), *Neural networks and principal component analysis*,
#   <https://doi.org/10.1016/0893-6080(89)90014-2>
# - Hinton & Salakhutdinov (2006), *Reducing the Dimensionality of Data with Neural Networks*,
#   <https://doi.org/10.1126/science.1127647>
# - Vincent et al. (2008), *Extracting and Composing Robust Features with Denoising Autoencoders*,
#   <https://doi.org/10.1145/1390156.1390294>
# - Olshausen & Field (1996), *Emergence of simple-cell receptive field properties by learning a sparse code for
#   natural images*, <https://doi.org/10.1038/381607a0>
