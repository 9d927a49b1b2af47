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
# # 05 · DCGAN
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/05_dcgan.ipynb)
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/05_dcgan.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/05_dcgan.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on simple GANs and DCGAN.
#
# After this lesson you can
#
# - build a generator and a critic from convolutions, and say what each of Radford's five guidelines
#   does when you measure it,
# - predict from two numbers, kernel and stride, whether a network draws checkerboards,
# - walk between two images without leaving the place where latents live, and add and subtract them,
# - use a critic's features for classification,
# - tell a difference between two GANs from the luck of a seed.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute on two cores |
# | `cpu` | a laptop | 3½ minutes on two cores with AVX-512 |
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
from keras import ops
from scipy import ndimage
from sklearn import decomposition, linear_model, pipeline, preprocessing

from course_utils import backend, data, exercises, metrics, plots, pretrained
from course_utils.augmentations import translate
from course_utils.games.gan import GAN
from course_utils.networks.gan import batch_norm, dcgan_critic, dcgan_generator, pooled
from course_utils.networks.outputs import outputs
from course_utils.networks.vae import decode
from course_utils.plots import show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `data` may be `"mnist"`, `"fashion_mnist"`, `"glyphs"`, or `"cifar10"`, of
# which the frogs are taken. `epochs` stretches of `steps` iterations train the network of section 4;
# `trial` iterations in batches of `batch`, and `seeds`, go into each variant of section 5; `frogs`
# iterations into section 6.6.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"data": "mnist", "images": 2_000, "test": 500, "width": 8, "epochs": 3, "steps": 10,
           "trial": 12, "batch": 32, "seeds": 1, "pairs": 100, "frogs": 0},
    cpu={"data": "mnist", "images": 60_000, "test": 2_000, "width": 32, "epochs": 9, "steps": 100,
         "trial": 150, "batch": 32, "seeds": 3, "pairs": 600, "frogs": 120},
    gpu={"data": "mnist", "images": 60_000, "test": 2_000, "width": 32, "epochs": 50, "steps": 500,
         "trial": 2_100, "batch": 64, "seeds": 5, "pairs": 1_000, "frogs": 20_000},
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# The same digits as in notebook 04, in [−1, 1] since the generator ends in a tanh.

# %% slideshow={"slide_type": "fragment"}
loaded = data.load(settings["data"], fallback="glyphs")
source = data.source(settings["data"]).text
FROG = 6  # its label in CIFAR-10
chosen, tested = (y == FROG if settings["data"] == "cifar10" else y >= 0 for y in (loaded.y_train, loaded.y_test))
x_train = data.scale(loaded.x_train[chosen][: settings["images"]])
x_test = data.scale(loaded.x_test[tested][: settings["test"]])
image_shape = x_train.shape[1:]
print(source, x_train.shape, x_train.dtype)

# %% slideshow={"slide_type": "skip"}
reader = "glyphs" if "glyphs" in source else settings["data"]
read = metrics.evaluator(reader) if reader in ("mnist", "glyphs") else None
real = read(x_test) if read else None
if not read:
    print(f"There is no evaluator for {reader}: the Fréchet distances of sections 4 and 5 are left out.")


def distance(images):
    """FD of images to the test images, by the frozen classifier."""
    return metrics.frechet_distance(read(images).features, real.features) if read else np.nan


# %% slideshow={"slide_type": "fragment"}
show(
    plots.image_grid(x_train[:40], columns=20, low=-1, high=1),
    alt="Forty training images: " + source,
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea: let the network know what a neighbour is
#
# Notebook 04 ended with digits full of specks. Its networks are fully connected, and a fully
# connected layer does not know that two pixels are neighbours: shuffle all pixels by one fixed
# permutation, shuffle the weights along, and it computes the very same thing. Every regularity of
# images has to be learned anew at every place.
#
# A convolution uses the same few weights everywhere. Move the image, and what it finds moves along.

# %% slideshow={"slide_type": "fragment"}
image = np.pad(x_train[:1], ((0, 0), (8, 8), (8, 8), (0, 0)), constant_values=-1.0)
moved = np.roll(image, (2, 4), axis=(1, 2))  # two pixels down, four to the right
layer = keras.layers.Conv2D(8, 4, strides=2)  # halves the grid: 2 and 4 pixels become 1 and 2
before, after = (ops.convert_to_numpy(ops.stop_gradient(layer(x))) for x in (image, moved))
assert np.allclose(np.roll(before, (1, 2), axis=(1, 2))[:, 2:, 3:], after[:, 2:, 3:], atol=1e-5)

order = np.random.default_rng(0).permutation(image.size)
W = np.random.default_rng(1).normal(size=(image.size, 8))  # a dense layer of 8 units
flat = image.ravel()
assert np.allclose(flat @ W, flat[order] @ W[order]), "shuffled pixels, shuffled weights: the same"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both assertions hold: the convolution's answer moved with the digit, and the dense layer could not
# tell a digit from its shuffled pixels.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Down by a stride, up by its transpose
#
# The critic halves the grid with a *strided* convolution: kernel $w$ of length $k$, moved by the
# stride $s$. In one dimension that is a matrix,
#
# $$y = C x,\qquad C_{i,\,si+j} = w_j,\quad j = 0 \dots k-1.$$
#
# The generator has to double the grid. The lecture's "fractionally strided" convolution, in Keras
# `Conv2DTranspose`, multiplies by the *transposed* matrix, $x = C^\top y$. It is not the inverse. Each input
# now *writes* its number, times the kernel, to $k$ outputs in a row, and where two inputs write to
# the same output, they add up.

# %% slideshow={"slide_type": "fragment"}
def convolution_matrix(kernel, stride, n):
    """C of a convolution with padding "same", from stride·n inputs to n outputs."""
    C, first = np.zeros((n, stride * n)), -((len(kernel) - stride) // 2)
    for i in range(n):
        for j, weight in enumerate(kernel):
            if 0 <= stride * i + j + first < stride * n:
                C[i, stride * i + j + first] = weight
    return C


# %% slideshow={"slide_type": "subslide"}
kernel, x, y = (np.random.default_rng(i).normal(size=size) for i, size in enumerate((4, 12, 6)))
C, w = convolution_matrix(kernel, 2, 6), kernel.reshape(4, 1, 1)
down = ops.conv(x.reshape(1, 12, 1), w, strides=2, padding="same")
up = ops.conv_transpose(y.reshape(1, 6, 1), w, strides=2, padding="same")
assert np.allclose(C @ x, ops.convert_to_numpy(down).ravel(), atol=1e-5)
assert np.allclose(C.T @ y, ops.convert_to_numpy(up).ravel(), atol=1e-5)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Checkerboards, exactly
#
# A trick from the lecture: *the kernel's size should be divisible by the stride*. Count, for each
# output, how many inputs write to it.

# %% slideshow={"slide_type": "fragment"}
shapes = {"kernel 3, stride 2": (3, 2), "kernel 4, stride 2": (4, 2)}
matrices = {name: convolution_matrix(np.ones(k), s, 6).T for name, (k, s) in shapes.items()}
show(
    plots.overlaps(matrices),
    alt="Kernel 3 with stride 2: outputs have 1 and 2 writers in turn. Kernel 4: all inner outputs have 2.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# With kernel 3 and stride 2 the outputs have one writer and two in turn. With kernel 4 all have two
# (the two ends lose one to the border). In two dimensions the counts multiply.

# %% slideshow={"slide_type": "subslide"}
counts = {}
for name, (k, s) in shapes.items():
    writers = np.count_nonzero(matrices[name], axis=1)
    counts[name] = np.outer(writers, writers)
    layer = keras.layers.Conv2DTranspose(
        1, k, strides=s, padding="same", use_bias=False, kernel_initializer="ones"
    )
    found = ops.convert_to_numpy(ops.stop_gradient(layer(np.ones((1, 6, 6, 1), "float32"))))[0, ..., 0]
    assert np.array_equal(found, counts[name]), "Keras must count as we do"
inner = [set(c[1:-1, 1:-1].ravel().tolist()) for c in counts.values()]
assert inner == [{1, 2, 4}, {4}]
show(
    plots.maps(counts, width=9),
    alt="Counts of writers: kernel 3 a checkerboard of 1, 2 and 4; kernel 4 evenly 4 inside.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Exactly 1, 2 and 4 against 4 everywhere: the assertion compares with what Keras computes. A trained
# network *can* learn kernels that balance the counts. But it starts out unbalanced. Here is the power
# that fresh layers of 128 filters give to each pixel, with three ways to double the grid.

# %% slideshow={"slide_type": "subslide"}
def upsampled(kernel):
    return keras.layers.Conv2DTranspose(128, kernel, strides=2, padding="same", use_bias=False)


repeated = keras.Sequential([
    keras.layers.UpSampling2D(2, interpolation="nearest"),
    keras.layers.Conv2D(128, 3, padding="same", use_bias=False),
])  # fmt: skip
ways = {"transposed, kernel 3": upsampled(3), "transposed, kernel 4": upsampled(4), "repeat, then 3×3": repeated}
maps = np.random.default_rng(0).normal(size=(32, 9, 9, 16)).astype("float32")
powers = {}
for name, way in ways.items():
    y = ops.convert_to_numpy(ops.stop_gradient(way(maps)))
    powers[name] = np.mean(y**2, axis=(0, 3))[3:-3, 3:-3]  # (12, 12)

# %% slideshow={"slide_type": "fragment"}
for name, p in powers.items():
    places = np.array([p[i::2, j::2].mean() for i in (0, 1) for j in (0, 1)], "float64")
    powers[name] = p / places.min()
    print(f"{name:21} power at the four kinds of pixels", *np.sort(places / places.min()).round(2))
    ratio = places.max() / places.min()
    assert 3.5 < ratio < 4.5 if name == "transposed, kernel 3" else ratio < 1.2, name
show(
    plots.maps(powers, width=10),
    alt="Power of fresh layers: a checkerboard of 1 to 4 for kernel 3, even for the other two.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left, the checkerboard is there before anything was learned, with the power in the ratio of the counts,
# 1 : 2 : 4. The third way, due to Odena et al. (2016), repeats every pixel and then convolves with
# stride 1: as even as kernel 4. We use it from here on, because on a CPU it also trains faster.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · The networks
#
# Radford et al. (2016) searched long for convolutional GANs that train. What they found are five
# guidelines:
#
# 1. no pooling: strided convolutions in the critic, fractionally strided ones in the generator,
# 2. batch norm in both,
# 3. no hidden dense layers,
# 4. ReLU in the generator, tanh at its end,
# 5. leaky ReLU in the critic.
#
# Ours follow them with two exceptions, half of 1 and half of 2. The generator repeats pixels and convolves
# in place of a fractional stride. The critic has no batch norm: notebooks 06 and 07 take the same two
# networks, and there it would do harm.

# %% slideshow={"slide_type": "subslide"}
generator = dcgan_generator(latent_dim=64, width=settings["width"], image_shape=image_shape)
critic = dcgan_critic(width=settings["width"], image_shape=image_shape)
for network in (generator, critic):
    print(f"\n{network.name}, {network.count_params():,} weights: {network.input_shape[1:]}")
    for layer in network.layers[1:]:
        if layer.weights or "resh" in layer.name or "up_sam" in layer.name:
            print(f"    {type(layer).__name__:20}{layer.output.shape[1:]!s:16}{layer.count_params():>9,}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Training
#
# Loss and game are those of notebook 04. The networks are new, and the settings are those of the DCGAN paper:
# Adam at a rate of 0.0002, where notebook 04 took 0.001, and no average of the weights.
#
# Watch four things. The samples, from latents that stay the same. The losses. The
# critic's accuracy: at 100 % it has won and teaches nothing more. And its slope at real images, the
# only thing that the generator ever gets to see.

# %% slideshow={"slide_type": "fragment"}
game = GAN(generator, critic)
game.compile()
live = plots.GameLive(game, x_test, read)
game.fit(
    x_train, epochs=settings["epochs"], steps_per_epoch=settings["steps"], verbose=0, callbacks=[live],
)  # fmt: skip
assert np.isfinite(live.history["loss"]).all()
game.release()  # gives back the memory of its program

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left: generated from fixed latents. Right: losses, accuracies, distance and slope over the
# iterations.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Shipped with the course is a long run of the same two networks on MNIST, by `training/gan.py`: more
# iterations, a rate of 0.001 that falls to 0 over the second half, a mild penalty on the critic's slope
# (R1, notebook 07), and an average of the generator's weights. Without the penalty FD fell to 2.0 and then
# rose to 3.0. The third line below is the game above on another, quieter machine, stopped after a minute: fewer
# iterations, and an FD of about the same size. Both are worse than what notebook 04 reaches in class. A DCGAN
# pays in a long run, and one iteration of it costs several of the simple GAN's.
#
# Where a claim below is about a *trained* network, the long run is meant.

# %% slideshow={"slide_type": "fragment"}
shipped = pretrained.load("dcgan-mnist")
scores, ran = shipped.recipe["scores"], shipped.recipe["settings"]["iterations"]
if read:
    now = distance(game.sample(len(x_test), seed=1))
    print(f"just trained    FD-{read.name} {now:8.2f}   {game.iteration} iterations, {len(x_test)} samples")
seconds = shipped.recipe["seconds"]
print(f"the long run    FD-mnist-cnn {scores['FD-mnist-cnn']:8.2f}   {ran} iterations, {seconds:.0f} s")
minute = shipped.recipe["settings"]["iterations_in_a_minute"]
first = scores["FD-mnist-cnn-after-a-minute"]
print(f"game above      FD-mnist-cnn {first:8.2f}   {minute} iterations, its first minute on the same machine")
print(f"real images     FD-mnist-cnn {scores['FD-mnist-cnn-of-training-images']:8.2f}   training against test")
show(
    plots.image_grid(shipped.sample(60, seed=0), columns=20, low=-1, high=1),
    alt="Sixty digits drawn by the shipped generator.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · The guidelines, one by one
#
# Do they matter? Switch each one off, keep all else, train for the same number of iterations, and
# measure. A GAN's result depends on the seed, so every variant runs several times.

# %% slideshow={"slide_type": "fragment"}
variants = {  # what differs, in the generator, the critic, the game
    "the guidelines": ({}, {}, {}),
    "1: max pooling in D": ({}, {"downsample": pooled}, {}),
    "2: no batch norm": ({"normalisation": None}, {}, {}),
    "2: batch norm in D too": ({}, {"normalisation": batch_norm}, {}),
    "3: hidden dense layers": ({"hidden": (256,)}, {"hidden": (256,)}, {}),
    "4: tanh inside G": ({"activation": keras.activations.tanh}, {}, {}),
    "5: ReLU in D": ({}, {"activation": keras.activations.relu}, {}),
    "label noise": ({}, {}, {"label_noise": 0.05}),
}
if session.profile == "smoke":  # every variant is a program to compile
    variants = {name: variants[name] for name in ("the guidelines", "5: ReLU in D")}

# %% slideshow={"slide_type": "subslide"}
def networks(name):
    in_generator, in_critic, _ = variants[name]
    width = max(8, settings["width"] // 2)
    generator = dcgan_generator(width=width, image_shape=image_shape, **in_generator)
    critic = dcgan_critic(width=width, image_shape=image_shape, **in_critic)
    return generator, critic


def restart(game, name, seed, moments):
    """New weights from a seed, optimizers as they were; the compiled program stays."""
    keras.utils.set_random_seed(seed)
    for network, fresh in zip((game.generator, game.critic), networks(name)):
        network.set_weights(fresh.get_weights())
    for variable, value in moments:
        variable.assign(value)


# %% slideshow={"slide_type": "fragment"}
def run(name):
    """Trains one variant from each seed; returns (FD, samples, logs of the last third) of each."""
    game, steps, results = GAN(*networks(name), **variants[name][2]), settings["trial"] // 3, []
    game.compile()
    moments = [(v, ops.convert_to_numpy(v)) for p in game.players for v in p.optimizer.variables]
    for seed in range(settings["seeds"]):
        restart(game, name, seed, moments)
        fitted = game.fit(x_train, epochs=3, steps_per_epoch=steps, batch_size=settings["batch"], verbose=0)
        images = game.sample(1_000, seed)
        results.append((distance(images), images, {key: values[-1] for key, values in fitted.history.items()}))
    game.release()
    return results


results = {name: run(name) for name in variants}

# %% slideshow={"slide_type": "subslide"}
show(
    plots.image_rows({name: found[0][1][:14] for name, found in results.items()}, low=-1, high=1, width=11),
    alt="Samples of each variant after the same number of iterations, from the first seed.",
)

# %% slideshow={"slide_type": "subslide"}
if read:
    distances = {name: [fd for fd, _, _ in found] for name, found in results.items()}
    show(
        plots.trials(distances, f"FD-{read.name} to {len(x_test)} test images (1,000 samples), smaller is better"),
        alt="FD of each variant, a dot a seed: "
        + "; ".join(f"{name} {np.mean(fds):.0f}" for name, fds in distances.items()),
    )
    base = distances["the guidelines"]
    for name, fds in distances.items():
        beyond = min(fds) > max(base) or max(fds) < min(base)
        verdict = "beyond the spread" if beyond else "within the spread"
        verdict = verdict if len(fds) > 1 else "one seed tells nothing"
        times = np.mean(fds) / np.mean(base)
        print(f"{name:24} {np.mean(fds):6.0f} ± {np.std(fds):3.0f}   {times:5.2f} times   {verdict}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The grey band spans the reference's own seeds. "Beyond the spread" means that all seeds of the
# variant lie on one side of all seeds of the reference. By chance alone that happens now and then: in one case
# of ten if all six runs were independent, which runs from shared seeds are not. In the runs stored here only
# tanh inside the generator goes beyond the spread. Nothing can be said about the others.
#
# Two more cautions. This is *early* training: a variant that is slow at first may arrive at the same
# place, and a quick one may collapse later; the reference itself is still far from digits. The guidelines are
# about long runs of larger networks. And
# equal iterations are not equal seconds: pooling convolves at the full resolution first, which is four
# times the work.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Label noise
#
# The lecture: *a little noise in the labels helps the optimisation.* What it does can be written
# down. Where the critic is sure that an image is real, its label is $1 - a$ with a mean noise $a$, and
#
# $$-(1-a)\log D - a\log(1-D)\quad\text{is smallest at}\quad D = 1-a,\qquad f = \log\frac{1-a}{a}.$$
#
# Noise of width 0.05 has $a = 0.025$: the critic's logit has no reason to go beyond 3.7, and its
# slope stays finite. Without noise it would like to be infinite.

# %% slideshow={"slide_type": "fragment"}
f, a = np.linspace(0, 8, 8_001), 0.025
soft = np.logaddexp(0, f) - (1 - a) * f  # cross-entropy of the logit f at the label 1 − a
assert np.isclose(f[soft.argmin()], np.log((1 - a) / a), atol=1e-3)
print(f"best logit at label {1 - a}: {f[soft.argmin()]:.2f}")
for name in ("the guidelines", "label noise"):
    if name in results:
        gaps = [logs["logit_gap"] for _, _, logs in results[name]]
        print(f"{name:16} gap between real and fake logits {np.mean(gaps):.2f} ± {np.std(gaps):.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# In runs as short as these the logits stay far below the bound, so the noise has nothing to hold back
# yet. It is an insurance for long runs, against a critic that has become too sure.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Look inside
#
# ### 6.1 Sparse gradients
#
# The lecture: *no max pooling and no ReLU in the critic, sparse gradients are not your friend.* The
# generator learns from the critic's gradient at the image. How much of it is exactly zero? We count
# layer by layer, from the critic's last feature maps down to the image, in critics that are not trained.

# %% slideshow={"slide_type": "fragment"}
def zero_shares(critic, x):
    """Shares of exact zeros in the critic's gradient: at the image, and after each convolution."""
    shares, layers = {}, critic.layers[1:]
    for k, layer in enumerate(layers):
        if k == 0 or isinstance(layers[k - 1], keras.layers.Conv2D):
            def rest(value, k=k):
                for later in layers[k:]:
                    value = later(value, training=False)
                return value

            gradient = ops.convert_to_numpy(ops.stop_gradient(backend.input_gradient(rest, x)))
            shares["image" if k == 0 else f"convolution {len(shares)}"] = float(np.mean(gradient == 0))
        x = layer(x, training=False)
    return shares


# %% slideshow={"slide_type": "subslide"}
few = ops.convert_to_tensor(x_test[:64])
kinds = {"stride and leaky ReLU": {}, "pooling and ReLU": {"downsample": pooled, "activation": keras.activations.relu}}
shares = {name: zero_shares(dcgan_critic(32, image_shape, **kind), few) for name, kind in kinds.items()}
smooth, sparse = (np.array(list(s.values())) for s in shares.values())
assert np.all(smooth < 0.01) and np.all(sparse[1:] > 0.5) and sparse[0] < 0.05

# %% slideshow={"slide_type": "fragment"}
figure, axis = plots.figure(width=10, height=4)
for i, (name, share) in enumerate(shares.items()):
    places = np.arange(len(share)) + 0.4 * i - 0.2
    drawn = axis.bar(places, list(share.values()), width=0.38, label=name, hatch="//" * i, edgecolor="black")
    axis.bar_label(drawn, fmt="%.2f", padding=2, fontsize=14)
axis.set_xticks(range(len(share)), ["at the image", *[f"after convolution {i}" for i in (1, 2, 3)]])
axis.set(ylabel="share of exact zeros\nin the gradient", ylim=(0, 1.3))
axis.legend(ncols=2, loc="upper center")
found = f"{sparse[0]:.2f} at the image, {sparse[1:].min():.2f} or more inside"
show(figure, f"Zeros in the gradient with pooling and ReLU: {found}; with stride and leaky ReLU none anywhere.")

# %% slideshow={"slide_type": "fragment"}
if session.profile != "smoke":
    narrow = [dcgan_critic(2, image_shape, **kinds["pooling and ReLU"]) for _ in range(4)]
    blind = np.round([zero_shares(made, few)["image"] for made in narrow], 2)
    print("two channels, pooling and ReLU; zeros at the image, four fresh critics:", *blind)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The claim is right *inside* the network: with pooling and ReLU, most of the gradient is exactly zero
# after every convolution. But look at the left. At the image nothing is zero: every pixel sits under
# 4×4 kernel positions of 32 channels, and some path is always open. Only in a critic with a handful of
# channels can pixels go blind. So the advice is not wrong, but "the generator gets no gradient" is: it
# gets one, made from few paths. What that costs is measured in section 5, rows 1 and 5:
# in the runs stored here, nothing beyond the spread of the seeds.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.2 Between two latents
#
# *Interpolations between random points stay on the image manifold.* Which way from $z_0$ to $z_1$?
# In 64 dimensions a normal latent has a norm near $\sqrt{64} = 8$, always: the latents live on a thin
# shell. The straight line cuts through the empty inside. *Slerp* walks along the shell:
#
# $$\text{slerp}(z_0, z_1; t) = \frac{\sin((1-t)\,\Omega)}{\sin\Omega}\,z_0 + \frac{\sin(t\,\Omega)}{\sin\Omega}\,z_1,
#   \qquad \cos\Omega = \frac{z_0\cdot z_1}{\|z_0\|\,\|z_1\|}.$$

# %% slideshow={"slide_type": "fragment"}
def lerp(a, b, t):
    return (1 - t) * a + t * b


def slerp(a, b, t):
    cosine = np.sum(a * b, axis=-1, keepdims=True)
    cosine /= np.linalg.norm(a, axis=-1, keepdims=True) * np.linalg.norm(b, axis=-1, keepdims=True)
    angle = np.arccos(cosine)
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


# %% slideshow={"slide_type": "skip"}
def draw(z):
    return outputs(shipped.networks["generator"], z)


# %% slideshow={"slide_type": "subslide"}
rng = np.random.default_rng(3)
a, b = rng.normal(size=(2, settings["pairs"], 64))
ways = {"straight line": lerp, "along the shell": slerp}
t = np.linspace(0, 1, 21)
figure, axis = plots.figure(width=9, height=4)
low, high = np.quantile(np.linalg.norm(rng.normal(size=(10_000, 64)), axis=1), [0.005, 0.995])
axis.axhspan(low, high, color="lightgrey", label="99 % of all latents")
for name, way in ways.items():
    norms = np.array([np.linalg.norm(way(a, b, s), axis=1).mean() for s in t])
    axis.plot(t, norms, label=f"{name}, mean of {len(a)}")
    print(f"{name:16} norm at the ends {norms[0]:.2f}, half way {norms[10]:.2f}")
    assert np.isclose(norms[10], 8 if way is slerp else 8 / np.sqrt(2), rtol=0.03)
axis.set(xlabel="t, from $z_0$ to $z_1$", ylabel="norm of the latent", ylim=(0, 11))
axis.legend(loc="lower right")
show(figure, "The norm along the straight line dips to 5.6, outside the shell of all latents; slerp stays at 8.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Half way, the straight line is at $8/\sqrt2 = 5.7$, where hardly any latent lay in training. And
# the images? Three walks between the same ends, with a blend of the two *images* for comparison.

# %% slideshow={"slide_type": "subslide"}
places = (0.0, 0.25, 0.5, 0.75, 1.0)
walks = {name: [draw(way(a, b, s)) for s in places] for name, way in ways.items()}
ends = walks["straight line"][0], walks["straight line"][-1]
walks["blend of pixels"] = [lerp(*ends, s) for s in places]
digit = metrics.evaluator("mnist")  # the shipped network draws digits, whatever `settings` says
usual = digit(draw(rng.normal(size=a.shape)))  # what this generator draws anyway
readings = {name: [digit(images) for images in walk] for name, walk in walks.items()}
table = {
    "mean confidence": {n: [r.probabilities.max(1).mean() for r in rs] for n, rs in readings.items()},
    "FD-mnist-cnn to fresh samples": {
        n: [metrics.frechet_distance(r.features, usual.features) for r in rs] for n, rs in readings.items()
    },
}

# %% slideshow={"slide_type": "fragment"}
fine = np.linspace(0, 1, 12)
for pair in (0, 1):
    z0, z1 = a[pair : pair + 1], b[pair : pair + 1]
    rows = {name: draw(np.concatenate([way(z0, z1, s) for s in fine])) for name, way in ways.items()}
    first, last = rows["straight line"][0], rows["straight line"][-1]
    rows["blend of pixels"] = np.stack([lerp(first, last, s) for s in fine])
    show(
        plots.image_rows(rows, low=-1, high=1, width=11),
        alt="One digit turns into another along three ways; the blend of pixels shows both at once.",
    )

# %% slideshow={"slide_type": "subslide"}
figure, axes = plots.figure(1, 2, width=12, height=4.2)
for axis, (title, lines) in zip(axes, table.items()):
    for name, values in lines.items():
        axis.plot(places, values, marker="o", label=name)
    axis.set(title=title, xlabel="t")
axes[0].set_ylim(0.5, 1)
axes[0].legend(loc="lower center")
show(figure, "Confidence and FD along the three walks: " + "; ".join(
    f"{n} {v[2]:.2f}" for n, v in table["mean confidence"].items()) + " half way.")
middle = {title: {n: v[2] for n, v in lines.items()} for title, lines in table.items()}
for title, found in middle.items():
    print(f"half way, {title}:", *(f"  {name} {value:.2f}" for name, value in found.items()))
far = middle["FD-mnist-cnn to fresh samples"]
assert far["blend of pixels"] > 1.5 * max(far[name] for name in ways)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The distance is to other samples of the same generator: how far does a walk lead away from what it
# draws anyway? The blend shows two digits at once, and its distance says so (the classifier's confidence
# hardly notices). Both walks through the latent space show one digit at every step: the claim holds.
# Between the two walks there is next to no difference, whatever the picture of the shell suggests: half way, both
# are as near to fresh samples as each other. Latents that are too short, by a third, cost nothing that can be
# seen here. Notebook 08 makes a trick of short latents, truncation.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.3 Arithmetic
#
# Radford's famous figure: *smiling woman − woman + man = smiling man*. With digits: *thick 3 − thin 3 +
# thin 7 = thick 7?* There are no labels in the latent space. So we draw many digits, let the
# classifier name them, measure the stroke, and take for each term the mean of **three** latents.

# %% slideshow={"slide_type": "fragment"}
def thickness(images):
    """Ink divided by half the length of its outline, in pixels."""
    ink = (images[..., 0] + 1) / 2
    outline = np.hypot(*np.gradient(ink, axis=(1, 2))).sum((1, 2))
    return 2 * ink.sum((1, 2)) / outline


# %% slideshow={"slide_type": "fragment"}
z = rng.normal(size=(4 * settings["pairs"], 64))
images = draw(z)
probabilities = digit(images).probabilities
named, stroke = probabilities.argmax(1), thickness(images)
named[probabilities.max(1) < 0.9] = -1  # unsure: leave it out
groups = {}
for label in range(10):
    own = np.flatnonzero(named == label)
    own = own[np.argsort(stroke[own])]
    groups[label] = {"thin": own[: len(own) // 4], "thick": own[-(len(own) // 4) :], "all": own}

# %% slideshow={"slide_type": "subslide"}
def terms(source, target, k):
    """Mean latents of k thick and k thin images of one digit and k thin ones of another."""
    wanted = ((source, "thick"), (source, "thin"), (target, "thin"))
    return [z[rng.choice(groups[label][kind], k)].mean(0) for label, kind in wanted]


rows = {}
for source_digit, target_digit in ((3, 7), (0, 4), (9, 2), (1, 6)):
    thick, thin, start_from = terms(source_digit, target_digit, 3)
    together = np.stack([thick, thin, start_from, thick - thin + start_from])
    rows[f"{source_digit} → {target_digit}"] = draw(together)
show(
    plots.image_rows(rows, low=-1, high=1, width=6.5, columns=["thick", "− thin", "+ thin", "= ?"]),
    alt="Four sums: a thick digit minus the same digit thin plus another thin digit; some come out thick.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now not four, but many, with random pairs of digits. A sum has succeeded if the classifier reads
# the right digit *and* its stroke is thicker than that digit's median. Once with the mean of three
# latents, once with single ones.

# %% slideshow={"slide_type": "fragment"}
pairs, success = [rng.choice(10, 2, replace=False) for _ in range(settings["pairs"])], []
target = np.array([pair[1] for pair in pairs])
median = np.array([np.median(stroke[groups[label]["all"]]) for label in range(10)])
for k in (1, 3):
    parts = np.array([terms(*pair, k) for pair in pairs])  # (pairs, 3, 64)
    sums = parts[:, 0] - parts[:, 1] + parts[:, 2]
    made = draw(sums)
    right, thick = digit(made).probabilities.argmax(1) == target, thickness(made) > median[target]
    success.append(np.mean(right & thick))
    print(f"{k} latent{'s' * (k > 1)} a term: norm of a term {np.linalg.norm(parts, axis=2).mean():5.2f}, "
          f"of the sum {np.linalg.norm(sums, axis=1).mean():5.2f};  right digit {right.mean():.0%}, "
          f"thicker than its median {thick.mean():.0%}, both {success[-1]:.0%}")  # fmt: skip
if session.profile != "smoke":  # a hundred sums would leave it to chance
    assert success[1] > success[0]

# %% [markdown] slideshow={"slide_type": "fragment"}
# Three latents a term do better than one. It is tempting to say that the norm is the reason, since a sum of
# single latents lies far outside the shell. It is not: single latents whose sum is scaled back to norm 8 succeed
# no more often (30 % against 29 %, measured apart on 600 sums), while means of 10 and of 30 latents, which are
# far too short, succeed in 89 % and 97 %. A mean averages away what has nothing to do with the digit or its stroke.
# Still, with three a large share of the sums fails. Figures in papers show the others.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.4 What the critic has learned
#
# Radford: *the discriminator's features are good for classification.* The critic has never seen a
# label. Cut off its last layer, feed its features to a logistic regression with a few hundred labels,
# and compare with raw pixels. One more comparison is needed to be fair: a critic with the same
# layers that was *never trained*.

# %% slideshow={"slide_type": "fragment"}
def cut(critic):
    return keras.Model(critic.input, critic.get_layer("features").output)


def features(images):
    long, fresh = shipped.networks["critic"], dcgan_critic(width=32)
    found = {"raw pixels": images.reshape(len(images), -1)}
    for name, network in {"untrained\ncritic": fresh, "trained\ncritic": long}.items():
        found[name] = outputs(cut(network), images)
    return found


# %% slideshow={"slide_type": "fragment"}
def probe(x, y, x_new, y_new):
    """Accuracy on new images of a logistic regression fitted to few."""
    # With fewer images than features, PCA loses nothing and the fit is quick.
    steps = preprocessing.StandardScaler(), decomposition.PCA()
    model = pipeline.make_pipeline(*steps, linear_model.LogisticRegression(C=0.01, tol=1e-2))
    return model.fit(x, y).score(x_new, y_new)


# %% slideshow={"slide_type": "subslide"}
digits, count = data.load("mnist", fallback="glyphs"), settings["test"]
labelled, draws = 300, 1 if session.profile == "smoke" else 3
keras.utils.set_random_seed(0)
found = features(data.scale(np.concatenate([digits.x_train[: labelled * draws], digits.x_test[:count]])))
accuracy = {name: [] for name in found}
for name, values in found.items():
    for i in range(draws):
        part = slice(i * labelled, (i + 1) * labelled)
        accuracy[name].append(probe(values[part], digits.y_train[part], values[-count:], digits.y_test[:count]))
means = {name: float(np.mean(values)) for name, values in accuracy.items()}
if session.profile != "smoke":  # one draw of labels would leave it to chance
    assert means["trained\ncritic"] > means["raw pixels"]

# %% slideshow={"slide_type": "fragment"}
show(
    plots.bars({f"accuracy with {labelled} labels": list(means.values())}, list(means), width=8, form="{:.3f}"),
    alt="Linear probe: " + ", ".join(f"{n} {v:.3f}".replace("\n", " ") for n, v in means.items()),
)
print({name.replace("\n", " "): np.round(values, 3).tolist() for name, values in accuracy.items()})

# %% [markdown] slideshow={"slide_type": "fragment"}
# The claim holds: features that were learned without a single label classify better than pixels. But
# mind the bar in the middle. Filters drawn at random bring a part of the gain already: that part
# comes from the *architecture*, which knows what a neighbour is. Training adds the rest.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.5 Sharper than a VAE
#
# Notebook 01 ended with a question: are VAE samples blurrier than GAN samples? Here is the figure
# with both. Sharpness is the energy of the Laplacian, large where grey values jump.

# %% slideshow={"slide_type": "fragment"}
vae = pretrained.load("vae-mnist-z16").networks["decoder"]
compared = {
    "real": data.scale(digits.x_train[:count]),
    "VAE": 2 * decode(vae, rng.normal(size=(count, 16)).astype("float32")) - 1,
    "DCGAN": shipped.sample(count, seed=0),
}
edges = {n: ndimage.laplace(x[..., 0] / 2, axes=(1, 2)) for n, x in compared.items()}
sharp = {name: float(np.mean(e**2)) for name, e in edges.items()}
true = digit(data.scale(digits.x_test[:count])).features
far = [metrics.frechet_distance(digit(x).features, true) for x in compared.values()]
assert sharp["DCGAN"] > sharp["VAE"], "a GAN's samples are sharper than a VAE's"

# %% slideshow={"slide_type": "subslide"}
show(
    plots.image_rows({n: x[:14] for n, x in compared.items()}, low=-1, high=1),
    alt="Real digits, VAE samples and DCGAN samples.",
)
show(
    plots.bars({"Laplacian energy": list(sharp.values()), "FD-mnist-cnn to test images": far}, list(compared)),
    alt="Sharpness " + ", ".join(f"{n} {v:.3f}" for n, v in sharp.items()),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The GAN's strokes are about as sharp as real ones, and the VAE's are not: a critic tells a soft edge from
# a hard one at once, while the VAE's loss asks for the mean of all strokes that could be there.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.6 Frogs
#
# The lecture's demo draws frogs from CIFAR-10: 5,000 colour images of 32×32 pixels. The same two
# functions build the networks, with three doublings in place of two and three channels at the end.
#
# 5,000 images are few. In a long run the critic learns them by heart, and then it teaches nothing. A
# remedy (Zhao et al., 2020) changes every image on its way to the critic, anew at every look: here, a move
# $T$ by up to four pixels. The real images *and* the generated ones are moved,
#
# $$f(T(x))\quad\text{and}\quad f(T(G(z))),$$
#
# and the generator's gradient flows back through $T$. With the real ones moved alone, the generator would
# learn to draw grey borders.

# %% slideshow={"slide_type": "fragment"}
COLOUR = (32, 32, 3)
if settings["frogs"]:
    ponds = data.load("cifar10", fallback="glyphs")
    frogs = data.scale(ponds.x_train[ponds.y_train == FROG])
    moved = ops.convert_to_numpy(translate(frogs[:14], seed=0))
    show(
        plots.image_rows({"real": frogs[:14], "as the critic\nsees them": moved}, low=-1, high=1),
        alt="Fourteen real images, and below each the same one moved by a few pixels.",
    )

# %% slideshow={"slide_type": "subslide"}
if settings["frogs"]:
    pond = GAN(dcgan_generator(100, 32, COLOUR), dcgan_critic(48, COLOUR), augment=translate)
    pond.compile()
    watch = plots.GameLive(pond, frogs, title="Frogs so far")
    pond.fit(frogs, epochs=6, steps_per_epoch=settings["frogs"] // 6, verbose=0, callbacks=[watch])
    pond.release()

# %% [markdown] slideshow={"slide_type": "subslide"}
# So short a run gives spots of colour. Frogs need a long one. It is shipped: the same game with wider
# networks, a critic whose learning rate is three times the generator's, and a mild R1 penalty.

# %% slideshow={"slide_type": "fragment"}
if "dcgan-frogs" in pretrained.available():
    frog = pretrained.load("dcgan-frogs")
    minutes, iterations = frog.recipe["seconds"] / 60, frog.recipe["settings"]["iterations"]
    print(f"{iterations:,} iterations in {minutes:.0f} minutes ({frog.recipe['machine']})")
    show(
        plots.image_grid(frog.sample(36, seed=0), columns=12, low=-1, high=1),
        alt="Thirty-six images by the shipped frog generator: squat bodies, brown and green, on ground.",
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# There is no evaluator for CIFAR-10 in this course, so there is no number: step back and judge. Colours and ground
# are there; only a few of the thirty-six can be read as frogs. Good ones need a longer run on a GPU.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · When it fails
#
# *Use tanh, not a sigmoid, at the generator's end*, since the data lies in [−1, 1]. Here is the same
# generator with a sigmoid, $\sigma(2a) = (\tanh a + 1)/2$.

# %% slideshow={"slide_type": "fragment"}
good, critic = networks("the guidelines")
sick = GAN(keras.Model(good.input, (good.output + 1) / 2), critic)
sick.compile()
watch = plots.GameLive(sick, x_test, title="With a sigmoid")
sick.fit(x_train, epochs=6, steps_per_epoch=settings["trial"] // 6, verbose=0, callbacks=[watch])
images = sick.sample(200, seed=0)
for name, pixels in {"real": x_test, "generated": images}.items():
    print(f"{name:10} pixels from {pixels.min():5.2f} to {pixels.max():.2f}")
print(f"the critic knows {watch.history['fake_accuracy'][-1]:.0%} of the fakes")
assert images.min() >= 0

# %% [markdown] slideshow={"slide_type": "fragment"}
# **How to recognise it:** the critic's accuracy goes to 100 % and stays there, its loss goes to zero, the
# generator's climbs, and the samples have no empty ground. The critic does not look at shapes at all: a
# single empty pixel tells real from fake. **What to do:** print `x.min()`, `x.max()` of the real and of the
# fake images before you change anything else.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Errata of the slides
#
# | slide | what holds |
# |---|---|
# | "make upsampling multiple of stride" | the *kernel's size* should be divisible by the stride: section 2 |
# | "no ReLU" | in the critic. Radford's generator uses ReLU: guideline 4 |
# | "batch norm in both" | not in G's last and D's first layer (the paper), nor under a penalty: notebook 07 |
# | normal latents: "everyone else is doing it" | they work; other lengths cost little here: 6.2, 6.3 |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · Your turn
#
# Fill in the dots and run the cell. The check says what is wrong; `exercises.dcgan.slerp.hint()` gives
# a hint; the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · Who writes where
#
# A transposed convolution in one dimension, *without* padding. Return how many of the `inputs` write to
# each output: an array of stride·(inputs − 1) + kernel counts.

# %% slideshow={"slide_type": "fragment"}
def writers(kernel, stride, inputs):
    return ...


exercises.dcgan.writers.check(writers)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def writers(kernel, stride, inputs):
#     counts = np.zeros(stride * (inputs - 1) + kernel, "int64")
#     for i in range(inputs):
#         counts[stride * i : stride * i + kernel] += 1
#     return counts
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · Along the shell
#
# Walk from latent `z0` to `z1`, both (d,), at `t` from 0 to 1. The latents need not have length 1.

# %% slideshow={"slide_type": "fragment"}
def slerp(z0, z1, t):
    return ...


exercises.dcgan.slerp.check(slerp)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def slerp(z0, z1, t):
#     cosine = np.sum(z0 * z1) / (np.linalg.norm(z0) * np.linalg.norm(z1))
#     angle = np.arccos(np.clip(cosine, -1, 1))
#     return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / np.sin(angle)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Soft labels
#
# The critic's cross-entropy for logits (N,) and labels (N,) anywhere in [0, 1]. Return one number. It
# has to survive a logit of 200.

# %% slideshow={"slide_type": "fragment"}
def soft_loss(logits, labels):
    return ...


exercises.dcgan.soft_loss.check(soft_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def soft_loss(logits, labels):
#     return ops.mean(ops.softplus(logits) - labels * logits)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Arithmetic
#
# `a`, `b` and `c` hold three latents each, (3, d). Return the latent (d,) of "what a has and b has not, added
# to c".

# %% slideshow={"slide_type": "fragment"}
def analogy(a, b, c):
    return ...


exercises.dcgan.analogy.check(analogy)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def analogy(a, b, c):
#     return a.mean(axis=0) - b.mean(axis=0) + c.mean(axis=0)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · Recap
#
# - A convolution knows what a neighbour is. Loss and game are those of notebook 04; the digits are not.
# - Kernel divisible by stride, or repeat and convolve: no checkerboards. You counted them.
# - Guidelines are experience and not theory. In runs as short as these only one of them, ReLU and not tanh inside
#   the generator, stands out from the luck of the seed.
# - Between two latents every way shows one digit. Before you add, average: the more latents the better.
# - A critic that wins outright teaches nothing. Look at its accuracy and its slope.
#
# Notebook 06 replaces the loss.
#
# ### References
#
# - Radford, Metz & Chintala (2016), *Unsupervised Representation Learning with Deep Convolutional
#   Generative Adversarial Networks*, <https://arxiv.org/abs/1511.06434>
# - Goodfellow et al. (2014), *Generative Adversarial Nets*, <https://arxiv.org/abs/1406.2661>
# - Odena, Dumoulin & Olah (2016), *Deconvolution and Checkerboard Artifacts*,
#   <https://distill.pub/2016/deconv-checkerboard>
# - Dumoulin & Visin (2016), *A guide to convolution arithmetic for deep learning*,
#   <https://arxiv.org/abs/1603.07285>
# - Salimans et al. (2016), *Improved Techniques for Training GANs*, <https://arxiv.org/abs/1606.03498>
# - White (2016), *Sampling Generative Networks*, <https://arxiv.org/abs/1609.04468>
# - Zhao et al. (2020), *Differentiable Augmentation for Data-Efficient GAN Training*,
#   <https://arxiv.org/abs/2006.10738>
# - Chollet (2017), *Deep Learning with Python*, section 8.5
