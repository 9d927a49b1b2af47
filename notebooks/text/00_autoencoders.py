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
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/00_autoencoders.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/00_autoencoders.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on autoencoders.
#
# When you are through, you can
#
# - say what a bottleneck forces a network to do, and what a *linear* one finds, to a fraction of a degree,
# - tell deep, sparse and denoising autoencoders apart by what each constraint buys, in numbers,
# - say what is missing before an autoencoder can draw a new digit, and how far a quick repair gets you.
#
# Sections 1 to 7 fit one meeting. Sections 8 to 10 go deeper: what a denoiser computes, what convolutions bring,
# and how wide a code should be.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute on two cores |
# | `cpu` | a laptop | 7 minutes of processor time |
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
from keras.activations import relu
from scipy import linalg
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from course_utils import data, exercises, metrics, plots
from course_utils.game import Game, Player
from course_utils.games.autoencoders import SquaredErrorAutoencoder
from course_utils.games.watching import largest_difference
from course_utils.networks.autoencoders import dense_decoder, dense_encoder
from course_utils.networks.outputs import outputs
from course_utils.plots import show

# %% [markdown] slideshow={"slide_type": "skip"}
# This cell holds all settings: how many training and test images there are, how many updates the linear
# autoencoder and the others get (`linear`, `steps`), how many images have a label for the probe, with how many
# seeds each training is repeated, and which widths of the code section 10 tries.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 1_000, "test": 300, "linear": 2_000, "steps": 50, "labelled": 300, "seeds": 1, "widths": (2,)},
    cpu={"images": 20_000, "test": 2_000, "linear": 2_500, "steps": 800, "labelled": 1_000, "seeds": 3,
         "widths": (2, 4, 6, 16, 64)},
    gpu={"images": 60_000, "test": 10_000, "linear": 5_000, "steps": 15_000, "labelled": 1_000, "seeds": 5,
         "widths": (2, 4, 6, 8, 16, 32, 64)},
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# Handwritten digits: 28×28 grey values from 0 (paper) to 1 (ink).

# %% slideshow={"slide_type": "fragment"}
digits = data.load("mnist", fallback="glyphs")
x_train = data.scale(digits.x_train[: settings["images"]], low=0.0, high=1.0)
x_test = data.scale(digits.x_test[: settings["test"]], low=0.0, high=1.0)
y_test = digits.y_test[: settings["test"]]
print(data.source("mnist").text, x_train.shape, x_train.dtype)
show(plots.image_grid(x_train[:24], columns=12, width=9), alt="Two rows of twelve training images.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea: through the eye of a needle
#
# An **encoder** $e$ turns an image into a **code** of a few numbers. A **decoder** $d$ makes an image of
# it again. Both are trained together, so that the image comes back:
#
# $$L = \mathbb E\,\|x - d(e(x))\|^2 .$$
#
# The code below has 6 numbers, and an image has 784. So the two networks must agree on 6 numbers that say as much
# as possible about any digit. That is what the bottleneck forces: to find what images have in common.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
k = 6
drawn = {"encoder e": dense_encoder(k, widths=(256, 64)), "decoder d": dense_decoder(k, widths=(64, 256))}
show(
    plots.architecture(drawn, width=9),
    alt="The encoder as a row of blocks, 28×28×1, 256, 64, 6; the decoder goes the same way back.",
)

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask before you go on: which six numbers would *you* send to somebody who has to redraw a digit?

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 The best *linear* bottleneck is known
#
# Let $e$ and $d$ be linear maps plus a shift. Then the best answer has been known for a century: *principal
# component analysis* (PCA). Keep the $k$ directions along which the data vary most, and drop the rest. No
# other linear pair loses less. What is lost is the variance along the directions that were dropped.

# %% slideshow={"slide_type": "fragment"}
flat = x_train.reshape(len(x_train), -1).astype("float64")
mean = flat.mean(axis=0)
_, singular, components = linalg.svd(flat - mean, full_matrices=False)


def by_pca(x, k):
    centred = x.reshape(len(x), -1) - mean
    return (centred @ components[:k].T @ components[:k] + mean).reshape(x.shape)


lost = np.sum((x_train - by_pca(x_train, k)) ** 2) / len(flat)
dropped = np.sum(singular[k:] ** 2) / len(flat)
print(f"lost in {k} numbers: {lost:.4f}, variance of the dropped directions: {dropped:.4f}")
assert np.isclose(lost, dropped)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · A linear autoencoder, from scratch
#
# First the two networks, layer by layer. There is no hidden layer and no ReLU, so both are linear.

# %% slideshow={"slide_type": "fragment"}
def linear_pair():
    images = keras.Input((28, 28, 1))
    flattened = layers.Flatten()(images)  # (N, 784)
    code = layers.Dense(k)(flattened)  # (N, 6)
    encoder = keras.Model(images, code, name="encoder")

    code = keras.Input((k,))
    pixels = layers.Dense(28 * 28, name="pixels")(code)  # (N, 784)
    restored = layers.Reshape((28, 28, 1))(pixels)  # (N, 28, 28, 1)
    return encoder, keras.Model(code, restored, name="decoder")


for network in linear_pair():
    print(f"{network.name}: {network.input_shape} → {network.output_shape}, {network.count_params():,} weights")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Then the training. In this course every algorithm is a `Game`: players, each with the networks it moves, the loss
# it goes down, and its optimizer. An autoencoder is a game with one player. The package has the same game,
# with two extras that section 4 uses. To see that both move the same weights to the same place, start them alike
# and play a few updates.

# %% slideshow={"slide_type": "fragment"}
class MyAutoencoder(Game):
    def __init__(self, encoder, decoder, optimizer):
        player = Player("autoencoder", [encoder, decoder], self.squared_error, optimizer)
        super().__init__([player])
        self.encoder, self.decoder = encoder, decoder

    def squared_error(self, x, training):
        code = self.encoder(x, training=training)  # (N, 6)
        error = ops.square(x - self.decoder(code, training=training))  # (N, 28, 28, 1)
        return ops.mean(ops.sum(error, axis=(1, 2, 3)))

# %% slideshow={"slide_type": "skip"}
mine = MyAutoencoder(*linear_pair(), keras.optimizers.Adam(1e-3))
packaged = SquaredErrorAutoencoder(dense_encoder(k), dense_decoder(k), keras.optimizers.Adam(1e-3))
apart = largest_difference(mine, packaged, x_train[:256])
print(f"largest difference between any two weights: {apart:.1e}")
assert apart < 1e-6

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.1 Train it
#
# It knows nothing of principal components. It gets images, a loss and gradient descent.

# %% slideshow={"slide_type": "fragment"}
def train(game, steps, x=x_train, batch_size=128):
    game.compile(steps_per_execution=50)
    game.fit(x, batch_size=batch_size, epochs=10, steps_per_epoch=steps // 10, verbose=0)
    game.release()  # gives back the memory of its compiled program
    return game.history.history["loss"]


def restored(game, x):
    return outputs(game.decoder, outputs(game.encoder, x))


keras.utils.set_random_seed(0)
schedule = keras.optimizers.schedules.CosineDecay(1e-2, settings["linear"])
linear = MyAutoencoder(*linear_pair(), keras.optimizers.Adam(schedule))
history = train(linear, settings["linear"], batch_size=256)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.2 Does it find the principal components?
#
# Compare two things.
#
# - The **error**: is it the least that is possible?
# - The **plane**: the six images in the decoder's weights span a plane of six dimensions in the space of all
#   images, and so do the first six principal components. *Principal angles* say how far two planes are apart.
#   They are all 0° when the planes are the same.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
kernel = ops.convert_to_numpy(linear.decoder.get_layer("pixels").kernel).astype("float64")  # (6, 784)
angles = np.degrees(linalg.subspace_angles(kernel.T, components[:k].T))
random_plane = np.random.default_rng(0).normal(size=(784, k))
by_chance = np.degrees(linalg.subspace_angles(random_plane, components[:k].T))
found = np.sum((x_train - restored(linear, x_train)) ** 2) / len(x_train)
print(f"error {found:.3f}, the least possible {dropped:.3f}")
print("angles between the planes:", *(f"{angle:.2f}°" for angle in angles))
assert angles.max() < 2 and dropped * (1 - 1e-3) < found < 1.01 * dropped

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, (left, right) = plots.figure(1, 2, width=11, height=3.8)
left.plot(np.arange(1, 11) * settings["linear"] // 10, history, marker="o", label="linear autoencoder")
left.axhline(dropped, color="black", linestyle="--", label="PCA, the least possible")
left.set(xlabel="updates", ylabel="squared error per image")
left.legend()
right.plot(range(1, k + 1), by_chance, "s", label="a plane drawn at random")
right.plot(range(1, k + 1), angles, "o", label="the decoder's plane")
right.set(xlabel="principal angle", ylabel="degrees", ylim=(-5, 95))
right.legend(loc="center")
show(figure, f"Left: the error falls to the dashed line. Right: the decoder's largest angle is {angles.max():.2f} "
             f"degrees, the smallest of a random plane {by_chance.min():.0f}.")  # fmt: skip

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
def signed(images):
    return np.stack([image / np.abs(image).max() for image in images]).reshape(-1, 28, 28, 1)


show(
    plots.image_rows({"principal components": signed(components[:k]), "the decoder's weights": signed(kernel)},
                     low=-1.0, width=9),
    alt="Six principal components over six images of decoder weights: other images, though some resemble a component.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Other images, and yet the same plane. The loss does not care which six images span it, so gradient descent may take
# any six. Only PCA asks for perpendicular ones, ordered by variance. A linear autoencoder finds the principal
# *subspace*, not the components.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · What each constraint buys
#
# The lecture names three kinds of autoencoder. Each constrains something else.
#
# | kind | numbers in the code | constraint |
# |---|---|---|
# | deep | 6 | the width of the code; hidden layers with ReLU before and behind it |
# | sparse | 256 | few units active at once: $L + \lambda\,\mathbb E\|e(x)\|_1$; each unit draws an image of length 1 |
# | denoising | 256 | the input is noisy, the target is clean: $\mathbb E\|x - d(e(x + \sigma\varepsilon))\|^2$ |
#
# Two controls stand beside them: *wide*, 256 numbers and no constraint, and *unbounded*, the sparse one
# without the bound on what a unit draws. Chance plays a part in training, so each kind is trained with several seeds.
# With one seed, kinds of the same networks start from the same weights and see the same batches.

# %% slideshow={"slide_type": "skip"}
sigma, unit_length = 0.5, keras.constraints.UnitNorm(axis=1)
kinds = {  # kind: (arguments of the encoder, of the decoder, of the game)
    "deep": ({"widths": (256, 64)}, {"widths": (64, 256)}, {}),
    "wide": ({"code_activation": relu}, {}, {}),
    "sparse": ({"code_activation": relu}, {"constraint": unit_length}, {"sparsity": 0.3}),
    "unbounded": ({"code_activation": relu}, {}, {"sparsity": 0.3}),
    "denoising": ({"code_activation": relu}, {}, {"noise": sigma}),
}


# %% slideshow={"slide_type": "skip"}
def build(kind, seed, size=None):
    keras.utils.set_random_seed(seed)
    in_encoder, in_decoder, in_game = kinds[kind]
    size = size or (k if kind == "deep" else 256)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, settings["steps"]))
    networks = dense_encoder(size, **in_encoder), dense_decoder(size, **in_decoder)
    return SquaredErrorAutoencoder(*networks, optimizer, seed=seed, **in_game)

# %% slideshow={"slide_type": "skip"}
seeds = range(settings["seeds"])
trained = {(kind, seed): build(kind, seed) for kind in kinds for seed in seeds}
for game in trained.values():
    train(game, settings["steps"])
games = {kind: trained[kind, 0] for kind in kinds}  # for pictures


def measured(kind, measure):
    """The measure of each seed's game."""
    return [float(measure(trained[kind, seed])) for seed in seeds]


def error_of(game, x=x_test):
    return np.sum((x_test - restored(game, x)) ** 2) / len(x_test)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.1 Deep: a curved surface in place of a plane
#
# Both have six numbers. The linear one must lay a flat plane through the digits, and PCA is the best of all planes.
# The deep one may bend its surface. (Section 10 asks whether bending pays at every width.)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
six = {"original": x_test, "PCA": by_pca(x_test, k), "linear": restored(linear, x_test)}
six["deep"] = restored(games["deep"], x_test)
lost = {name: np.sum((images - x_test) ** 2) / len(x_test) for name, images in six.items()}
print("squared error on test images:", *(f"{name} {value:.1f}  " for name, value in lost.items()))
print("deep, each seed:", *(f"{error:.1f}" for error in measured("deep", error_of)))
if session.profile != "smoke":
    assert max(measured("deep", error_of)) < 0.8 * lost["PCA"]

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({name: images[:12] for name, images in six.items()}, width=10),
    alt="Twelve test digits restored from six numbers: PCA and the linear autoencoder look the same and smear; "
    "the deep one is sharper.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.2 Sparse: few units at a time
#
# 256 units could nearly copy a digit. The penalty makes every active unit expensive. How many are active for
# one image, and what does the code then lose? A unit that is active for no image at all does not count: it is dead.

# %% slideshow={"slide_type": "skip"}
def active(game):
    return np.mean(outputs(game.encoder, x_test) > 1e-3)  # share of the 256 units, mean over the images


def live(game):  # share of the units that more than one image in a thousand makes active
    return np.mean(np.mean(outputs(game.encoder, x_test) > 1e-3, axis=0) > 1e-3)


def price(game):
    return np.sum(np.abs(outputs(game.encoder, x_test))) / len(x_test)  # E ‖e(x)‖₁


def unit_norm(game):
    return np.linalg.norm(ops.convert_to_numpy(game.decoder.get_layer("pixels").kernel), axis=1).mean()

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
three = ("wide", "unbounded", "sparse")
shares = {kind: np.array(measured(kind, active)) for kind in three}
of_live = {kind: shares[kind] / measured(kind, live) for kind in three}
print(f"{'':10}{'active, each seed':>21}{'of live units':>21}{'live':>10}{'E‖e(x)‖₁':>10}{'length':>10}{'error':>10}")
for kind in three:
    print(f"{kind:10}" + "".join(f"{share:7.1%}" for share in (*shares[kind], *of_live[kind])), end="")
    print("".join(f"{np.mean(measured(kind, m)):10.2f}" for m in (live, price, unit_norm, error_of)))
if session.profile != "smoke":
    assert max(shares["sparse"]) < 0.5 * min(shares["wide"]), "fewer units are active"
    assert max(of_live["sparse"]) < 0.8 * min(of_live["wide"]), "also among those that are not dead"

# %% [markdown] slideshow={"slide_type": "fragment"}
# With the penalty a third as many units are active, and the price is more than twice the squared error. In part the
# penalty kills units for good: without it about half of them live, with it about a quarter. But among those that live,
# too, fewer are active at a time.
#
# Look at the other columns too. *Unbounded* has the smallest penalty of all, and more active units than *sparse*. It
# lets its units draw longer images, so that smaller codes suffice. How far that trick goes, you can compute: divide the
# encoder's weights by ten and multiply the decoder's by ten.

# %% slideshow={"slide_type": "fragment"}
dodger = build("wide", 0)
dodger.encoder.set_weights([weight / 10 for weight in games["wide"].encoder.get_weights()])
kernel, bias = games["wide"].decoder.get_weights()
dodger.decoder.set_weights([10 * kernel, bias])
for name, game in {"wide": games["wide"], "the same, rescaled": dodger}.items():
    print(f"{name:18} E‖e(x)‖₁ {price(game):6.2f}   squared error {error_of(game):.3f}   active {active(game):.1%}")
assert np.isclose(price(dodger), price(games["wide"]) / 10, rtol=1e-3)
assert np.isclose(error_of(dodger), error_of(games["wide"]), rtol=1e-3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same images, the same units active, a tenth of the penalty. So a small $\|e(x)\|_1$ alone says nothing about
# sparsity. Bound what a unit may draw, and the penalty counts.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
def atoms(game, count=10):
    busiest = np.argsort(-outputs(game.encoder, x_test).sum(axis=0))[:count]
    return signed(ops.convert_to_numpy(game.decoder.get_layer("pixels").kernel)[busiest])


two = ("wide", "sparse")
cover = {kind: float(np.mean([np.abs(atoms(trained[kind, s])) > 0.25 for s in seeds])) for kind in two}
show(
    plots.image_rows({kind: atoms(games[kind]) for kind in two}, low=-1.0, width=10),
    alt=f"What the ten busiest units draw, in the wide one noisy, in the sparse one smooth. Such a unit covers "
    f"{cover['wide']:.0%} of the image in the wide one, {cover['sparse']:.0%} in the sparse one; "
    f"a digit covers {np.mean(x_test > 0.25):.0%}.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Mid-grey is zero, dark adds ink, light takes ink away. The units of the wide one draw noisy mixtures. Those of the
# sparse one draw smooth shapes, and some of them look like whole digits. They are no single strokes: a busy unit
# covers about as much of the image (beyond a quarter of its peak) as a digit does.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.3 Denoising: knowing what belongs there
#
# To take noise away, a network has to know what digits look like. We measure in decibels,
# $\text{PSNR} = -10\log_{10}\text{MSE}$ for pixels from 0 to 1: 10 dB more means a tenth of the squared error.
#
# Two opponents: the wide one, which never saw noise, and the best *linear* filter, which knows the mean $m$ and
# the covariance $C$ of digits (Wiener): $m + C\,(C + \sigma^2 I)^{-1}(\tilde x - m)$.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def psnr(clean, image):
    return -10 * np.log10(np.mean((clean - image) ** 2, axis=(1, 2, 3)))  # (N,)


noisy = x_test + sigma * np.random.default_rng(0).normal(size=x_test.shape).astype("float32")
variance = np.append(singular**2 / len(flat), np.zeros(784 - len(singular)))
shrink = components.T * (variance / (variance + sigma**2))[: len(components)] @ components
wiener = ((noisy.reshape(len(noisy), -1) - mean) @ shrink + mean).reshape(noisy.shape)
quality = {"noisy": [psnr(x_test, noisy).mean()], "linear filter": [psnr(x_test, wiener).mean()]}
for kind in ("wide", "denoising"):
    quality[kind] = measured(kind, lambda game: psnr(x_test, restored(game, noisy)).mean())
for name, found in quality.items():
    print(f"{name:13}", *(f"{value:5.2f} dB" for value in found))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
if session.profile != "smoke":
    assert min(quality["denoising"]) > max(quality["wide"]) + 2
cleaned = {"clean": x_test, "noisy": noisy, "linear filter": wiener}
cleaned |= {kind: restored(games[kind], noisy) for kind in ("wide", "denoising")}
means = {name: np.mean(found) for name, found in quality.items()}
show(
    plots.image_rows({name: images[:10] for name, images in cleaned.items()}, width=10),
    alt="Ten digits clean, noisy, and restored. Mean PSNR: "
    + ", ".join(f"{name} {value:.1f} dB" for name, value in means.items()) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The networks and the number of updates are the same: noise on the input while training is worth almost 4 dB against
# the wide one. The wide one removes noise too, since 256 numbers cannot hold 784 independent ones. But mind the
# baseline: the best linear filter, which knows nothing of digits but their mean and covariance, does better than our
# small denoiser. Always compute the cheap opponent.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.4 Are the codes good for anything?
#
# Give a linear classifier the codes of a few labelled images. If a code says what digit it is, few labels are
# enough. A last control: *untrained*, the wide encoder with its initial random weights.

# %% slideshow={"slide_type": "skip"}
count = settings["labelled"]
x_few, y_few = x_train[:count], digits.y_train[:count]


def probe(read):
    return float(metrics.linear_accuracy(read(x_few), y_few, read(x_test), y_test, c=0.02))


accuracy = {"pixels": [probe(lambda x: x.reshape(len(x), -1))]}
accuracy["linear"] = [probe(lambda x: outputs(linear.encoder, x))]
for kind in ("deep", "untrained", "wide", "sparse", "denoising"):
    encoders = [build("wide", s).encoder if kind == "untrained" else trained[kind, s].encoder for s in seeds]
    accuracy[kind] = [probe(lambda x, encoder=encoder: outputs(encoder, x)) for encoder in encoders]

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
size = {"pixels": 784, "linear": 6, "deep": 6}
names = [f"{name}\n{size.get(name, 256)}" for name in accuracy]
show(
    plots.dots({f"accuracy with {count:,} labels": list(accuracy.values())}, names, width=11),
    alt="Linear probe, mean over seeds: " + ", ".join(f"{n} {np.mean(v):.3f}" for n, v in accuracy.items()) + ".",
)
if session.profile != "smoke":
    assert min(accuracy["deep"]) > accuracy["linear"][0] and min(accuracy["sparse"]) > max(accuracy["untrained"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Compare codes of one length. Of the two with 6 numbers, the deep one says more about the class. Among those with
# 256, look at the control. Random weights and a ReLU, without any training, already lift the accuracy well above
# that of the pixels. The sparse code adds about two points to that, the wide one next to nothing, and the denoising
# one loses some. Without the control you would have credited the autoencoders with all of it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · When it fails: asking it for a new digit
#
# A decoder draws whatever code you give it. But which codes are codes of digits? The loss never said. A quick
# repair: look at the codes of the training images, fit a Gaussian to them, or many, and draw from that. *Far* means
# farther from every training code than 95 % of the test images' codes are.

# %% slideshow={"slide_type": "skip"}
def gaussian_codes(code, n, seed):
    rng = np.random.default_rng(seed)
    draws = rng.multivariate_normal(code.mean(0), np.cov(code.T), n, method="eigh").astype("float32")
    return np.maximum(draws, 0) if code.min() >= 0 else draws  # a ReLU's codes are never negative


def mixture_codes(code, n, seed):
    """Draws of a mixture of 50 Gaussians fitted to the codes."""
    mixture = GaussianMixture(min(50, len(code) // 20), tol=0.03, random_state=seed)
    draws = mixture.fit(code[:10_000].astype("float64")).sample(n)[0]  # sorted by Gaussian
    return np.random.default_rng(seed).permutation(draws).astype("float32")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
known = outputs(games["deep"].encoder, x_train)  # (N, 6)
near = NearestNeighbors(n_neighbors=1).fit(known)
points = {"codes of test images": outputs(games["deep"].encoder, x_test)}
points["one Gaussian"] = gaussian_codes(known, len(x_test), seed=0)
points["50 Gaussians"] = mixture_codes(known, len(x_test), seed=0)
away = {name: near.kneighbors(drawn)[0][:, 0] for name, drawn in points.items()}  # to the nearest training code
far = {name: distance > np.quantile(away["codes of test images"], 0.95) for name, distance in away.items()}
for name, lonely in far.items():
    print(f"{name:20} {lonely.mean():4.0%} are far from every training code")
assert far["one Gaussian"].mean() > 0.05
if session.profile != "smoke":
    assert far["one Gaussian"].mean() > 3 * far["50 Gaussians"].mean()

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
middle, (_, _, main) = known.mean(0), linalg.svd(known - known.mean(0), full_matrices=False)
figure, axes = plots.figure(1, 2, width=11, height=5.2, sharex=True, sharey=True)
shown, labels = (known[:3_000] - middle) @ main[:2].T, digits.y_train[:3_000][: len(known)]
for digit in range(10):
    axes[0].scatter(*shown[labels == digit].T, s=9, color=plots.DIGITS[digit], label=str(digit))
lonely, cloud = far["one Gaussian"], (points["one Gaussian"] - middle) @ main[:2].T
axes[1].scatter(*cloud[~lonely].T, s=9, color=plots.COLOURS[0], label="near a code")
axes[1].scatter(*cloud[lonely].T, s=12, color=plots.COLOURS[1], marker="x", label="far from every code")
for axis, title in zip(axes, ("codes of training images, by class", "draws of the fitted Gaussian")):
    axis.set(title=title, xlabel="first principal axis of the codes")
    axis.legend(markerscale=2, handletextpad=0.1, loc="upper right", frameon=True, framealpha=1, fontsize=12)
axes[0].set_ylabel("second")
show(figure, "Left: codes of training images; most classes have a region, and some lie over one another. Right: draws "
             f"of the Gaussian fitted to them; {lonely.mean():.0%} are far from every code.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 5.1 How far are such inventions from digits?
#
# The course's usual measure is the **Fréchet distance** (FD). A frozen digit classifier turns each image into 96
# features. Take their mean $\mu$ and their covariance $\Sigma$, once over real images and once over invented ones
# (Heusel et al., 2017, eq. 6):
#
# $$\mathrm{FD} = \|\mu_r - \mu_g\|^2
#   + \operatorname{tr}\!\left(\Sigma_r + \Sigma_g - 2\,(\Sigma_r\Sigma_g)^{1/2}\right).$$
#
# It is 0 when both agree. Few images make it too large, so we also print what *other real images* get.

# %% slideshow={"slide_type": "skip"}
read = metrics.evaluator("glyphs" if "glyphs" in data.source("mnist").text else "mnist")
real = read(2 * x_test - 1).features


def fd(images):
    return metrics.frechet_distance(read(2 * np.clip(images, 0, 1) - 1).features, real)


def inventions(game, seed, fit=gaussian_codes):
    return outputs(game.decoder, fit(outputs(game.encoder, x_train), len(x_test), seed))

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
three = ("deep", "sparse", "denoising")
back = {kind: measured(kind, lambda game: fd(restored(game, x_test))) for kind in three}
new = {kind: [fd(inventions(trained[kind, s], s)) for s in seeds] for kind in three}
mixed = [fd(inventions(trained["deep", s], s, mixture_codes)) for s in seeds]
print(f"real images against real images: FD-{read.name} {fd(x_train[: len(x_test)]):.1f}")
for kind in three:
    print(f"{kind:10} restored", *(f"{v:5.1f}" for v in back[kind]), end="   one Gaussian ")
    print(*(f"{v:5.1f}" for v in new[kind]))
print("deep, codes drawn from a mixture of 50 Gaussians", *(f"{v:5.1f}" for v in mixed))
if session.profile != "smoke":
    assert max(mixed) < min(new["deep"]) < max(new["deep"]) < min(new["sparse"] + new["denoising"])

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
rows = {f"{kind}, one Gaussian": inventions(games[kind], 0)[:12] for kind in three[::-1]}
rows["deep, mixture of 50"] = inventions(games["deep"], 0, mixture_codes)[:12]
show(
    plots.image_rows(rows, width=10),
    alt=f"Twelve inventions each. FD on average: denoising {np.mean(new['denoising']):.0f}, sparse "
    f"{np.mean(new['sparse']):.0f}, "
    f"deep {np.mean(new['deep']):.0f}, deep with a mixture {np.mean(mixed):.0f}.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# - **What you see.** With six numbers and one Gaussian, many inventions are legible digits, and some are not. With 256
#   numbers they are worse, to the eye and by FD.
# - **Why.** The loss looks at codes of real images and at no others. One Gaussian has the mean and the covariance of
#   the cloud, but not its shape, and a good part of its draws falls where no code is. Is the decoder to blame?
#   Hardly: with 50 Gaussians, which follow the cloud, FD falls nearly to that of the deep one's own restorations.
# - **How to recognise it:** what is restored looks better than what is invented.
# - **What to do:** fit a better distribution to the codes afterwards, or give them one *while* training. Notebooks 01
#   and 02 do the second.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## 6 · Your turn
#
# Fill in the dots and run the cell; the check says what is wrong. `exercises.autoencoders.mask.hint()` gives one hint
# after the other, and the solution is folded below each cell. `exercises.summary()` says what you have done.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise 1 · A tenth of the noise
#
# In section 4.3, noise of deviation $\sigma = 0.5$ on every pixel left a PSNR of about 6 dB. You take a tenth of it,
# $\sigma = 0.05$. How many decibels does the noisy image have now? Say a number, then run the next cell.

# %% slideshow={"slide_type": "fragment"}
my_decibels = ...

exercises.autoencoders.quieter.check(my_decibels)

# %% slideshow={"slide_type": "skip"}
faint = x_test + 0.05 * np.random.default_rng(1).normal(size=x_test.shape)
exercises.autoencoders.quieter.compare(psnr(x_test, faint).mean())

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_decibels = 26
# ```
#
# The mean squared error is the variance of the noise, $\sigma^2$. A tenth of $\sigma$ is a hundredth of $\sigma^2$,
# and $-10\log_{10}$ of a hundredth is 20 dB: $6 + 20 = 26$ dB.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 2 · The least error, for every width
#
# How well can a linear autoencoder do at best? `x` is an array (n, d) of n points, `widths` a list of code widths,
# each from 0 to d, in any order. Return an array with one number for each width: the mean over the points of the
# squared distance to the best plane of so many dimensions. The plane need not go through the origin. The next cell
# draws your curve.

# %% slideshow={"slide_type": "skip"}
def my_least_error(x, widths):
    return ...


least_error = exercises.autoencoders.least_error.use(my_least_error)

# %% slideshow={"slide_type": "skip"} tags=["hide-input"]
figure, axis = plots.figure(width=8, height=3.6)
axis.plot(range(0, 65), least_error(flat[:2_000], range(0, 65)))
axis.set(xlabel="numbers in the code", ylabel="least squared error per image", yscale="log")
show(figure, "The least error of a linear code on 2,000 training images falls steadily with the width of the code.")

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def my_least_error(x, widths):
#     values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
#     return np.array([np.sum(values[width:] ** 2) / len(x) for width in widths])
# ```
#
# The squared singular values of the centred points say how much of their squared length lies along each principal
# direction. The best plane keeps the largest of them, so the error is what the others hold. No network with linear
# layers gets below this curve, however long it trains: that is what makes it a yardstick.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 3 · Another kind of dirt
#
# The first denoising autoencoders did not add noise, they *masked*: some pixels were set to 0. `x` is an array (N,
# H, W, C), `share` a number from 0 to 1, `rng` a NumPy generator (`np.random.default_rng`). Return an array like
# `x` in which every pixel is 0 with probability `share`, independently of all others, and unchanged otherwise.

# %% slideshow={"slide_type": "skip"}
def masked(x, share, rng):
    return ...


exercises.autoencoders.mask.check(masked)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def masked(x, share, rng):
#     return x * (rng.random(x.shape) >= share)
# ```
#
# Each pixel has a number of its own, so pixels fall independently, and all randomness comes from the generator that
# the caller owns: with the same seed the same pixels fall, which is what makes an experiment repeatable. Here C is
# 1. In a colour image you would draw (N, H, W, 1), so that a pixel falls with all its channels.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 4 · Repair a denoiser
#
# Somebody trained with this loss, with noise of $\sigma = 0.5$ on 784 pixels. It stalls above 196 for good; clean
# images come back well, noisy ones do not come back clean. Find the fault and repair it. `x` and `noise` are
# tensors (N, H, W, C), `encoder` and `decoder` Keras models. The loss is the squared error, summed over an image,
# its mean over the batch, as one number. A game differentiates it, so use `keras.ops`.

# %% slideshow={"slide_type": "skip"}
def my_denoising_loss(x, noise, encoder, decoder):
    restored = decoder(encoder(x))
    return ops.mean(ops.sum(ops.square(x + noise - restored), axis=(1, 2, 3)))


exercises.autoencoders.repair.check(my_denoising_loss)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def my_denoising_loss(x, noise, encoder, decoder):
#     restored = decoder(encoder(x + noise))
#     return ops.mean(ops.sum(ops.square(x - restored), axis=(1, 2, 3)))
# ```
#
# The noise stood on the target. Nobody can foresee fresh noise, so the best answer to a noisy target is its mean,
# the clean image; the network saw clean images, copied them, and paid 784·σ² = 196 for noise that it could not
# know. With noise on the input and a clean target, the loss rewards what you want: the mean of all clean images
# that fit the dirty one.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 5 · How far does a denoiser reach?
#
# The denoiser was trained with $\sigma = 0.5$ and nothing else. Try it on at least four other levels, from 0.1 or
# less to 0.8 or more. Fill a dict, `{level: (PSNR of the noisy image, PSNR after the denoiser)}`, and write down in
# a sentence or two what you conclude. Where is it worth using?

# %% slideshow={"slide_type": "skip"}
my_levels = ...
my_conclusion = ...

exercises.autoencoders.levels.check(my_levels, my_conclusion)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# my_levels = {}
# for level in (0.05, 0.1, 0.15, 0.2, 0.5, 0.8, 1.2):
#     dirty = x_test + level * np.random.default_rng(5).normal(size=x_test.shape).astype("float32")
#     clean = restored(games["denoising"], dirty)
#     my_levels[level] = float(psnr(x_test, dirty).mean()), float(psnr(x_test, clean).mean())
# my_conclusion = "It helps from σ = 0.2 upwards, below the level of training too, and does harm at 0.15 and less."
# ```
#
# A denoiser answers with the mean of the clean images that fit what it sees, *for the noise it was trained with*.
# Show it less noise, and it still takes fine detail for dirt: even a clean image comes back changed.
#
# A good answer says:
#
# - It names the range of σ in which the denoiser helps, in numbers, and the level at which the two curves cross.
# - Below that level it does harm: what it restores is worse than what it was given.
# - It says why: the output is limited by what fits the code and by the noise that the network expects, so its PSNR
#   hardly rises when the noise falls, while the noisy image gains 20 dB whenever σ falls to a tenth.
# - It does not claim more than was measured: one network, one training, one kind of noise.
# - It draws the consequence: either tell the network the level, or train it on many. Diffusion models do both.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · Recap
#
# - An autoencoder restores its input through a narrow code. A linear one finds the plane of the principal components.
# - Deep: a curved surface restores more from as few numbers.
# - Sparse: fewer units live, and fewer of those are active. Bound what a unit draws, or the penalty is dodged.
# - Denoising: noisy in, clean out. The network has to know what belongs there.
# - None of them says where codes lie. A distribution fitted afterwards helps as far as it has the cloud's shape.
#
# Next: notebook 01 gives the codes a prior and charges for every deviation from it. Notebook 02 sends a second
# network to look at them.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | sparsity by regularisation | of the code *and* a bound on what a unit draws, or it can be dodged: section 4.2 |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · In depth: what a denoiser computes
#
# Let $\tilde x = x + \sigma\varepsilon$. Which function $r$ makes $\mathbb E\,\|x - r(\tilde x)\|^2$ smallest? For
# each $\tilde x$ by itself, the squared error is smallest at the mean. So the best denoiser is the **conditional
# mean**,
#
# $$r(\tilde x) = \mathbb E[x \mid \tilde x].$$
#
# It is an average over all clean images that could lie beneath the noise. An average of strokes in
# different places is a soft stroke: even the best denoiser blurs.
#
# Here is a world in which the conditional mean is known: numbers instead of images, and only three of them.

# %% slideshow={"slide_type": "subslide"}
values, chances, spread = np.array([-2.0, 0.5, 2.0]), np.array([0.5, 0.2, 0.3]), 0.5
clean = np.random.default_rng(0).choice(values, size=20_000, p=chances).astype("float32").reshape(-1, 1, 1, 1)

keras.utils.set_random_seed(0)
one = {"widths": (64, 64), "image_shape": (1, 1, 1)}
optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, 1_000))
scalar = SquaredErrorAutoencoder(dense_encoder(8, **one), dense_decoder(8, **one), optimizer, noise=spread)
scalar.takes = None  # any numbers: these are no greys in [0, 1]
train(scalar, 1_000, clean, batch_size=512)

seen = np.linspace(-3.5, 3.5, 400)
joint = chances * np.exp(-0.5 * ((seen[:, None] - values) / spread) ** 2)  # p(x) p(seen | x), up to a constant
density = joint.sum(axis=1) / (spread * np.sqrt(2 * np.pi))
exact = joint @ values / joint.sum(axis=1)  # the conditional mean
learned = restored(scalar, seen.reshape(-1, 1, 1, 1)).ravel()

# %% [markdown] slideshow={"slide_type": "fragment"}
# And one line leads from here to diffusion models. Differentiate $\log p_\sigma(\tilde x)$, the density of the
# *noisy* data, and you get (Miyasawa 1961; Efron 2011 calls it Tweedie's formula)
#
# $$r(\tilde x) = \tilde x + \sigma^2\,\nabla\log p_\sigma(\tilde x).$$
#
# A denoiser's correction points to where data are more likely. That gradient is the **score**.

# %% slideshow={"slide_type": "fragment"}
weight = density / density.sum()
nearest = values[np.abs(seen[:, None] - values).argmin(axis=1)]
rules = {"network": learned, "nearest clean value": nearest}
misses = {name: float(np.sqrt(weight @ (rule - exact) ** 2)) for name, rule in rules.items()}
score = np.gradient(np.log(density), seen)
from_network = (learned - seen) / spread**2
print("RMS distance from the conditional mean:", *(f"{name} {miss:.3f}  " for name, miss in misses.items()))
print(f"RMS distance from the score: {np.sqrt(weight @ (from_network - score) ** 2):.2f}, ", end="")
print(f"RMS of the score itself: {np.sqrt(weight @ score**2):.2f}")
assert misses["network"] < 0.05 < 0.1 < misses["nearest clean value"]
assert np.sqrt(weight @ (from_network - score) ** 2) < 0.1 * np.sqrt(weight @ score**2)
assert np.allclose((exact - seen) / spread**2, score, atol=0.05), "Tweedie's formula"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, (left, right) = plots.figure(1, 2, width=11, height=4.2)
left.plot(seen, exact, label="conditional mean, exact")
left.plot(seen, learned, label="trained denoiser")
left.plot(seen, nearest, label="nearest clean value", linewidth=1.5)
left.set(xlabel="noisy value", ylabel="restored value")
left.legend(loc="upper left", fontsize=12)
right.plot(seen, score, label="∇ log p, exact")
right.plot(seen, from_network, label="(restored − noisy) / σ²")
right.fill_between(seen, 0, 8 * density, color="lightgrey", label="density p, scaled")
right.set(xlabel="noisy value", ylabel="score")
right.legend(loc="lower left", fontsize=12)
show(figure, f"Left: the trained denoiser follows the conditional mean at {misses['network']:.2f} RMS, not the "
             "nearest value. Right: its correction over σ² follows the gradient of the log-density.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nobody told the network that there are only three clean values. Between two of them it answers with a value
# *between* them, which never occurs in the data. On images such an answer is a blur. Notebook 14 takes many small
# denoising steps in place of one, and arrives at sharp images.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · In depth: a convolutional autoencoder
#
# The layers may be of any kind; the lecture names convolutional and recurrent ones. A convolution uses the same
# small kernel everywhere in the image, so it needs few weights. Layer by layer:

# %% slideshow={"slide_type": "fragment"}
def convolutional_pair(size, width=16):
    images = keras.Input((28, 28, 1), name="images")
    hidden = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(images)  # (N, 14, 14, 16)
    hidden = layers.Conv2D(2 * width, 3, strides=2, padding="same", activation="relu")(hidden)  # (N, 7, 7, 32)
    encoder = keras.Model(images, layers.Dense(size)(layers.Flatten()(hidden)))  # (N, size)

    code = keras.Input((size,), name="code")
    hidden = layers.Reshape((7, 7, width))(layers.Dense(49 * width, activation="relu")(code))  # (N, 7, 7, 16)
    for channels in (width, width // 2):  # 7 → 14 → 28 pixels
        hidden = layers.Conv2D(channels, 3, padding="same", activation="relu")(layers.UpSampling2D(2)(hidden))
    return encoder, keras.Model(code, layers.Conv2D(1, 3, padding="same")(hidden))


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
encoder, decoder = convolutional_pair(16)
show(plots.architecture({"encoder": encoder, "decoder": decoder}),
     alt="Encoder: 28×28×1, 14×14×16, 7×7×32, 16. Decoder: 16, 7×7×16, upsampled twice to 28×28×1.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# A race: 16 numbers in the code, the same batches, as many updates.

# %% slideshow={"slide_type": "fragment"}
def dense_pair(size):
    return dense_encoder(size, (256, 64)), dense_decoder(size, (64, 256))


updates = settings["steps"] // 2
for name, pair in {"dense": dense_pair, "convolutional": convolutional_pair}.items():
    keras.utils.set_random_seed(0)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, updates))
    game = SquaredErrorAutoencoder(*pair(16), optimizer)
    train(game, updates)
    size = game.encoder.count_params() + game.decoder.count_params()
    print(f"{name:14} {size:7,} weights   squared error on test images {error_of(game):5.1f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With a ninth of the weights and as many updates the convolutional one restores better. Each update takes longer,
# though: small kernels are used many times over. This is one training each; in section 4.1 another seed changed the
# error of the dense one by about 0.1.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · In depth: how wide a code?
#
# Does bending pay at every width? For the linear one we know the answer without training: PCA. One deep network is
# trained for each width.

# %% slideshow={"slide_type": "fragment"}
widths = settings["widths"]
flat_error = [np.sum((x_test - by_pca(x_test, width)) ** 2) / len(x_test) for width in widths]
bent_error = []
for width in widths:
    game = games["deep"] if width == k else build("deep", 0, size=width)
    if width != k:
        train(game, settings["steps"])
    bent_error.append(error_of(game))
print("PCA ", *(f"{width}: {error:.1f}  " for width, error in zip(widths, flat_error)))
print("deep", *(f"{width}: {error:.1f}  " for width, error in zip(widths, bent_error)))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
figure, axis = plots.figure(width=8.5, height=4)
axis.plot(widths, flat_error, marker="s", label="linear (PCA)")
axis.plot(widths, bent_error, marker="o", label=f"deep, {settings['steps']:,} updates")
axis.set(xscale="log", yscale="log", xlabel="numbers in the code", ylabel="squared error per test image")
axis.set_xticks(widths, [str(width) for width in widths])
axis.set_yticks([5, 10, 20, 40], ["5", "10", "20", "40"])
axis.minorticks_off()
axis.legend()
ratios = np.array(bent_error) / flat_error
show(figure, f"Error against the width of the code. Deep over linear: {ratios[0]:.2f} times at 2 numbers, "
             f"{ratios.min():.2f} at best, {ratios[-1]:.2f} at {widths[-1]}.")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# With few numbers the curved surface wins clearly. With 64 the plane wins. PCA's answer is exact, while the deep one
# has had few updates. (With 64 numbers it *could* copy the plane, since a ReLU far from its kink is linear.) What a
# network can do and what training finds are two things.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## References
#
# - Baldi & Hornik (1989), *Neural networks and principal component analysis*,
#   <https://doi.org/10.1016/0893-6080(89)90014-2>
# - Hinton & Salakhutdinov (2006), *Reducing the Dimensionality of Data with Neural Networks*,
#   <https://doi.org/10.1126/science.1127647>
# - Vincent et al. (2008), *Extracting and Composing Robust Features with Denoising Autoencoders*,
#   <https://doi.org/10.1145/1390156.1390294>
# - Vincent (2011), *A Connection Between Score Matching and Denoising Autoencoders*,
#   <https://doi.org/10.1162/NECO_a_00142>
# - Efron (2011), *Tweedie's Formula and Selection Bias*, <https://doi.org/10.1198/jasa.2011.tm11181>
# - Olshausen & Field (1996), *Emergence of simple-cell receptive field properties by learning a sparse code for
#   natural images*, <https://doi.org/10.1038/381607a0>
# - Heusel et al. (2017), *GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium*,
#   <https://arxiv.org/abs/1706.08500>
# - Ghosh et al. (2020), *From Variational to Deterministic Autoencoders* (a density fitted to the codes afterwards),
#   <https://arxiv.org/abs/1903.12436>
