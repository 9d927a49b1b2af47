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
# - build a generator and a critic from convolutions, layer by layer,
# - predict from two numbers, kernel and stride, whether a fresh layer draws checkerboards,
# - say what Radford's five guidelines do when you measure them, and tell a difference between two GANs from
#   the luck of a seed,
# - walk between two images, and add and subtract them,
# - use a critic's features for classification.
#
# Sections 1 to 9 fit one meeting. The part *In depth* behind them is for a second one, or for home.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about 1 minute of processor time |
# | `cpu` | a laptop | 544 processor seconds, 2.3 GB: within 10 minutes on two quiet cores |
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
from keras.optimizers import Adam
from scipy import ndimage
from sklearn import decomposition, linear_model, pipeline, preprocessing

# %% slideshow={"slide_type": "skip"}
from course_utils import backend, data, exercises, losses, metrics, plots, pretrained, studies
from course_utils.augmentations import translate
from course_utils.game import Average, Game, Player
from course_utils.games.gan import GAN
from course_utils.games.watching import largest_difference, restart
from course_utils.networks.gan import batch_norm, dcgan_critic, dcgan_generator, pooled, transposed, transposed_odd
from course_utils.networks.outputs import outputs
from course_utils.networks.vae import decode
from course_utils.plots import show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `fresh` iterations begin the game of section 4, and `more` go on from a shipped
# stage. `trial` iterations, from each of `seeds`, go into each variant of section 5; `pairs` latents into
# section 6. `frogs` says whether the last part looks at frogs, for which CIFAR-10 is downloaded.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 2_000, "test": 500, "fresh": 6, "more": 6, "trial": 6, "seeds": 1, "pairs": 150, "frogs": 0},
    cpu={"images": 60_000, "test": 2_000, "fresh": 90, "more": 240, "trial": 120, "seeds": 3, "pairs": 600, "frogs": 1},
    gpu={"images": 60_000, "test": 10_000, "fresh": 500, "more": 5_000, "trial": 4_000, "seeds": 10, "pairs": 1_000,
         "frogs": 1},
)  # fmt: skip
WIDTH = 32

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# The same digits as in notebook 04, in $[-1, 1]$ since the generator ends in a tanh. The yardstick is the same
# too: FD, the Fréchet distance of the features of a frozen classifier (04, section 6.1).

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
loaded = data.load("mnist", fallback="glyphs")
source = data.source("mnist").text
x_train, x_test = data.scale(loaded.x_train[: settings["images"]]), data.scale(loaded.x_test[: settings["test"]])
read = metrics.evaluator("glyphs" if "glyphs" in source else "mnist")
real = read(x_test)


def distance(images):
    """FD of images to the test images, by the frozen classifier."""
    return metrics.frechet_distance(read(images).features, real.features)


print(source, x_train.shape, x_train.dtype)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(plots.image_grid(x_train[:20], columns=20, low=-1, high=1), alt="Twenty training images: " + source)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Strokes are local: whether a pixel is ink depends mostly on its neighbours.

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
layer = layers.Conv2D(8, 4, strides=2)  # halves the grid: 2 and 4 pixels become 1 and 2
before, after = (ops.convert_to_numpy(ops.stop_gradient(layer(x))) for x in (image, moved))
assert np.allclose(np.roll(before, (1, 2), axis=(1, 2))[:, 2:, 3:], after[:, 2:, 3:], atol=1e-5)

order = np.random.default_rng(0).permutation(image.size)
W = np.random.default_rng(1).normal(size=(image.size, 8))  # a dense layer of 8 units
flat = image.ravel()
assert np.allclose(flat @ W, flat[order] @ W[order]), "shuffled pixels, shuffled weights: the same"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both assertions hold: the convolution's answer moved with the digit (a move by a multiple of the stride, that is),
# and the dense layer, its weights shuffled along, gave the same numbers for a digit and for its shuffled pixels.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 Down by a stride, up by its transpose
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


# %% slideshow={"slide_type": "skip"}
kernel, x, y = (np.random.default_rng(i).normal(size=size) for i, size in enumerate((4, 12, 6)))
C, w = convolution_matrix(kernel, 2, 6), kernel.reshape(4, 1, 1)
down = ops.conv(x.reshape(1, 12, 1), w, strides=2, padding="same")
up = ops.conv_transpose(y.reshape(1, 6, 1), w, strides=2, padding="same")
assert np.allclose(C @ x, ops.convert_to_numpy(down).ravel(), atol=1e-5)
assert np.allclose(C.T @ y, ops.convert_to_numpy(up).ravel(), atol=1e-5)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.2 Checkerboards, exactly
#
# A trick from the lecture: *the kernel's size should be divisible by the stride*. Count, for each
# output, how many inputs write to it.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
shapes = {"kernel 3, stride 2": (3, 2), "kernel 4, stride 2": (4, 2)}
matrices = {name: convolution_matrix(np.ones(k), s, 6).T for name, (k, s) in shapes.items()}
show(
    plots.overlaps(matrices),
    alt="Kernel 3 with stride 2: inner outputs have 1 and 2 writers in turn. Kernel 4: all inner outputs have 2.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Inside, with kernel 3 and stride 2 the outputs have one writer and two in turn, and with kernel 4 all have two (at
# the ends a writer is lost to the border). In two dimensions the counts multiply.

# %% [markdown] slideshow={"slide_type": "notes"}
# Cover the lower panels and let the room count the writers of one output by hand, in the middle and at an end.
# Then ask: what becomes of the counts in two dimensions?

# %% slideshow={"slide_type": "subslide"}
counts = {}
for name, (k, s) in shapes.items():
    writers = np.count_nonzero(matrices[name], axis=1)
    counts[name] = np.outer(writers, writers)
    layer = layers.Conv2DTranspose(1, k, strides=s, padding="same", use_bias=False, kernel_initializer="ones")
    found = ops.convert_to_numpy(ops.stop_gradient(layer(np.ones((1, 6, 6, 1), "float32"))))[0, ..., 0]
    assert np.array_equal(found, counts[name]), "Keras must count as we do"
inner = [set(c[1:-1, 1:-1].ravel().tolist()) for c in counts.values()]
assert inner == [{1, 2, 4}, {4}]
show(
    plots.maps(counts, width=9),
    alt="Counts of writers: kernel 3 a checkerboard of 1, 2 and 4; kernel 4 evenly 4 inside.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Exactly 1, 2 and 4 against 4 everywhere, borders aside: the assertion compares with what Keras computes. A trained
# network *can* learn kernels that balance the counts. But it starts out unbalanced. Here is the power that fresh
# layers of 128 filters give to each pixel, with three ways to double the grid.

# %% slideshow={"slide_type": "skip"}
def upsampled(kernel):
    return layers.Conv2DTranspose(128, kernel, strides=2, padding="same", use_bias=False)


def by_place(power):
    """Mean power at the four kinds of pixels, even or odd row, even or odd column, the least one being 1."""
    places = np.array([power[i::2, j::2].mean() for i in (0, 1) for j in (0, 1)], "float64")
    return places / places.min()


repeated = keras.Sequential([layers.UpSampling2D(2), layers.Conv2D(128, 3, padding="same", use_bias=False)])
ways = {"transposed, kernel 3": upsampled(3), "transposed, kernel 4": upsampled(4), "repeat, then 3×3": repeated}

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
maps = np.random.default_rng(0).normal(size=(32, 9, 9, 16)).astype("float32")
powers = {name: np.mean(ops.convert_to_numpy(ops.stop_gradient(way(maps))) ** 2, axis=(0, 3))[3:-3, 3:-3]
          for name, way in ways.items()}  # fmt: skip
for name, power in powers.items():
    places = by_place(power)
    print(f"{name:21} power at the four kinds of pixels", *np.sort(places).round(2))
    assert 3.5 < places.max() < 4.5 if name == "transposed, kernel 3" else places.max() < 1.2, name
show(
    plots.maps({name: power / power.min() for name, power in powers.items()}, width=10),
    alt="Power of fresh layers: a checkerboard of 1 to 4 for kernel 3, even for the other two.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left, the checkerboard is there before anything was learned, with the power in the ratio of the counts,
# 1 : 2 : 4. The third way, due to Odena et al. (2016), repeats every pixel and then convolves with
# stride 1: as even as kernel 4. Section 5 asks what is left of it after training.

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
# Ours follow them with two exceptions, half of 1 and half of 2. The generator repeats pixels and convolves in place
# of a fractional stride. The critic has no batch norm: notebooks 06 and 07 take the same two networks, and there it
# would do harm. Section 5 plays both exceptions.

# %% slideshow={"slide_type": "subslide"}
def build_generator(width=WIDTH):
    z = keras.Input((64,))  # (N, 64)
    x = layers.Dense(7 * 7 * 2 * width, use_bias=False)(z)  # (N, 3136)
    x = layers.Reshape((7, 7, 2 * width))(x)  # (N, 7, 7, 64)
    x = layers.Activation("relu")(batch_norm()(x))
    for filters in (width, width // 2):
        x = layers.UpSampling2D(2)(x)  # (N, 14, 14, 64), then (N, 28, 28, 32)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)  # (N, 14, 14, 32), then (N, 28, 28, 16)
        x = layers.Activation("relu")(batch_norm()(x))
    return keras.Model(z, layers.Conv2D(1, 3, padding="same", activation="tanh")(x))  # (N, 28, 28, 1)


# %% slideshow={"slide_type": "subslide"}
def build_critic(width=WIDTH):
    images = keras.Input((28, 28, 1))  # (N, 28, 28, 1)
    x = images
    for filters in (width, 2 * width, 4 * width):
        x = layers.Conv2D(filters, 4, strides=2, padding="same")(x)  # (N, 14, 14, 32), (N, 7, 7, 64), (N, 4, 4, 128)
        x = layers.Activation("leaky_relu")(x)
    return keras.Model(images, layers.Dense(1)(layers.Flatten()(x)))  # (N, 1), the logit


probe = np.random.default_rng(0).normal(size=(8, 64)).astype("float32")
for mine, theirs, x in ((build_generator(), dcgan_generator(64, WIDTH), probe),
                        (build_critic(), dcgan_critic(WIDTH), x_train[:8])):  # fmt: skip
    theirs.set_weights(mine.get_weights())
    assert np.allclose(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5), "the package's networks"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
built = {f"{role}, {network.count_params():,} weights": network
         for role, network in {"generator": build_generator(), "critic": build_critic()}.items()}  # fmt: skip
show(
    plots.architecture(built),
    alt="Generator: 64 numbers, a dense layer, 7×7×64, then twice repeat and convolve, an image of 28×28. "
        "Critic: an image, three strided convolutions to 4×4×128, one logit. " + "; ".join(built),
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The grid of the generator grows, 7, 14, 28, while its channels halve. The critic goes the other way, 28, 14, 7, 4,
# and its channels double. The assertion compares with `dcgan_generator` and `dcgan_critic` of the package, which
# have more options.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Training
#
# Loss, optimizer, rate and average are those of notebook 04. *Only the networks are new.* Here is the game
# once more, Goodfellow's algorithm with the package's losses; two iterations of it move the weights as the
# package's `GAN` does.

# %% slideshow={"slide_type": "fragment"}
class OurDCGAN(Game):
    def __init__(self, generator, critic, rate=1e-3, seed=0):
        critic_player = Player("critic", [critic], self.critic_loss, Adam(rate, 0.5))
        generator_player = Player("generator", [generator], self.generator_loss, Adam(rate, 0.5))
        super().__init__([critic_player, generator_player], seed=seed)
        self.generator, self.critic = generator, critic

    def fakes(self, x, training):
        return self.generator(keras.random.normal((ops.shape(x)[0], 64), seed=self.seeds), training=training)

    def critic_loss(self, x, training):
        return losses.nonsaturating.discriminator(self.critic(x), self.critic(self.fakes(x, training)))

    def generator_loss(self, x, training):
        return losses.nonsaturating.generator(self.critic(self.fakes(x, training)))


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def dcgan(generator, critic, averages=(), seed=0, **options):
    """The package's game with the settings of notebook 04."""
    rates = {f"{role}_optimizer": Adam(1e-3, 0.5) for role in ("critic", "generator")}
    return GAN(generator, critic, averages=averages, seed=seed, **rates, **options)


keras.utils.set_random_seed(session.seed)
furthest = largest_difference(OurDCGAN(build_generator(8), build_critic(8)), dcgan(build_generator(8), build_critic(8)),
                              x_train, batch_size=16)  # fmt: skip
print(f"after 2 iterations the weights differ by at most {furthest:.1e}")
assert furthest < 1e-4, "our game must move the weights as the package's does"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 4.1 The first steps
#
# From scratch. Watch four things: the samples, from latents that stay the same; the losses; the discriminator's
# accuracy, for at 100 % the game is no game any more (section 7); and the critic's slope at real images. A slope is
# what the generator learns from, though at its own images.

# %% slideshow={"slide_type": "fragment"}
generator, averaged, critic = build_generator(), build_generator(), build_critic()
game = dcgan(generator, critic, [Average(generator, averaged, 0.995)])
game.compile()
live = plots.GameLive(game, x_test, read, title="From scratch, now")
game.fit(x_train, epochs=6, steps_per_epoch=settings["fresh"] // 6, verbose=0, callbacks=[live])
assert np.isfinite(live.history["loss"]).all()

# %% [markdown] slideshow={"slide_type": "fragment"}
# These are the first steps of a game that wants thousands. And each of them costs several times as much as one
# of the simple GAN's. Who is ahead by the clock?

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 4.2 By the clock
#
# A recorded race (`training/race.py`; lecture 07 shows all of it): both games with equal rates, from three
# seeds, FD measured at marks of *processor seconds* of one core. Beside it, the two long runs, by wall clock
# on two cores.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
race, measured = studies.read("race-mnist")
rows = {"simple GAN (04)": 0, "DCGAN (05)": 1}
by_clock = {name: measured["FD"][row] for name, row in rows.items()}  # (seeds, marks)
traces = {name: pretrained.load(weights).recipe["settings"]["trace"]
          for name, weights in zip(rows, ("gan-mnist", "dcgan-mnist"))}  # fmt: skip
show(
    plots.against_seconds(by_clock, race["settings"]["marks"], traces),
    alt="FD against seconds, logarithmic. Left, the race: at 15 s the DCGAN is lower, at 120 s the simple GAN. Right, "
        "the long runs lie close together until the simple GAN turns up near its end; the DCGAN goes on falling.",
)  # fmt: skip

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
for name, runs in by_clock.items():
    print(f"{name:16} FD by seed after 15 s {runs[:, 0].round(1)}, after 120 s {runs[:, -1].round(1)}; iterations "
          f"{measured['iterations'][rows[name], :, -1].astype(int)}")  # fmt: skip
best = {name: min(trace["FD"]) for name, trace in traces.items()}
for name, trace in traces.items():
    print(f"{name:16} long run: FD {best[name]:.2f} at best, {trace['FD'][-1]:.2f} after {trace['seconds'][-1]:.0f} s")
simple, conv = by_clock.values()
assert np.all(conv[:, 0] < simple[:, 0]) and np.all(conv[:, -1] > simple[:, -1]), "who is ahead changes on the way"
assert best["DCGAN (05)"] < 0.8 * best["simple GAN (04)"]

# %% [markdown] slideshow={"slide_type": "fragment"}
# It depends on when you look. In the race, convolutions are ahead after 15 seconds, in every seed, and the simple
# GAN is after 120, in every seed: it plays five to six times as many iterations in the time. The two long runs (one
# each; both with rates that fall and with a mild penalty, the DCGAN with twice the race's width) keep step for
# minutes; then the simple GAN turns up, and the DCGAN gets further. So in these runs the DCGAN was worth its price
# in the long one, and a few minutes in class are not long.

# %% [markdown] slideshow={"slide_type": "notes"}
# Have people vote before you show the figure: who is ahead after 15 seconds, and who after two minutes? Point at the
# crossing in the left panel, then at where the two lines of the right panel part.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 4.3 From a stage onwards
#
# So that you do not end in the middle, the course ships a stage: this very game was played for 1,000 iterations
# (`training/gan.py`), and its critic and the average of its generator were kept. You play on from there, with the
# same rates and fresh optimizers.

# %% slideshow={"slide_type": "fragment"}
stage = pretrained.load("dcgan-mnist-stage")
for network in (generator, averaged):
    network.set_weights(stage.networks["generator"].get_weights())
critic.set_weights(stage.networks["critic"].get_weights())
game = dcgan(generator, critic, [Average(generator, averaged, 0.995)], seed=1)
game.compile()
live = plots.GameLive(game, x_test, read, title="From the stage, now")
began = distance(stage.sample(len(x_test), seed=1))
game.fit(x_train, epochs=6, steps_per_epoch=settings["more"] // 6, verbose=0, callbacks=[live])
now = distance(game.sample(len(x_test), seed=1))
game.release()  # gives back the memory of its program

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
shipped = pretrained.load("dcgan-mnist")
rows = {"real": x_test[:14], "simple GAN,\nrace, 120 s": data.scale(measured["images"][0]),
        "just played": game.sample(14, seed=2), "long run": shipped.sample(14, seed=2)}  # fmt: skip
show(
    plots.image_rows(rows, low=-1, high=1),
    alt="Fourteen images in each row: real digits, samples of the simple GAN after 120 seconds of the race, of the "
        f"game just played, FD {now:.1f}, and of the shipped long run.",
)  # fmt: skip
print(f"FD-{read.name}, {len(x_test):,} samples: the stage {began:.2f}, {settings['more']} iterations later {now:.2f}, "
      f"the long run {distance(shipped.sample(len(x_test), seed=1)):.2f}")  # fmt: skip

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
scores, trace, other = shipped.recipe["scores"], traces["DCGAN (05)"], traces["simple GAN (04)"]
at = other["iterations"].index(3_000.0)
print(f"simple GANs: FD after 120 s of the race, by seed {simple[:, -1].round(2)} (5,000 samples); the long run after "
      f"3,000 iterations, as many as notebook 04 plays, {other['FD'][at]:.2f} (10,000 samples)")
print(f"the DCGAN's long run: {trace['iterations'][-1]:,.0f} iterations, {trace['seconds'][-1]:.0f} s, "
      f"FD {scores['FD-mnist-cnn']:.2f}; training images {scores['FD-mnist-cnn-of-training-images']:.2f}")  # fmt: skip
if session.profile != "smoke" and read.name == "mnist-cnn":
    assert now < min(simple[:, -1].min(), other["FD"][at]), "what is played here must beat the simple GAN"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Hardly a speck is left, and neighbours agree: one kernel draws them all. The long run differs from this game in its
# length, in rates that fall to 0 over the second half, in a slower average, and in a mild penalty on the critic's
# slope (R1, notebook 07). Without the penalty FD fell to 2.0 and then rose to 3.0 (`training/gan.py`, one seed).
# Where a claim below is about a *trained* network, the long run's is meant.

# %% [markdown] slideshow={"slide_type": "skip"}
# Mind what this is not. It is no race: you played on from 1,000 iterations, which cost more than the 120 seconds of
# the simple GAN's row. And 240 iterations are few. FD moved from 3.20 to 3.13, with the same latents; in the live
# panel, on 500 samples, it rose. Two draws of 2,000 samples from one and the same network differ by more: the long
# run has 0.81 here and 0.94 in part C. So this play shows what the stage can do, and not that it got better.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · The guidelines, one by one
#
# Do they matter? Change one thing, keep all else, train for the same number of iterations from the same seeds, and
# measure. A GAN's result depends on the seed, so we compare *within* each seed: FD of the variant over FD of the
# guidelines. One row is a control: the guidelines themselves, from other seeds. "The guidelines" are ours, of
# section 3; the rows *transposed 4×4 in G* and *batch norm in D too* put in what Radford asks and we left out.
# Batches and networks are half of those of section 4.

# %% slideshow={"slide_type": "skip"}
variants = {  # what differs, in the generator, the critic, the game
    "the guidelines": ({}, {}, {}),
    "control: other seeds": ({}, {}, {}),
    "1: transposed 4×4 in G": ({"upsample": transposed}, {}, {}),
    "transposed 3×3 in G": ({"upsample": transposed_odd}, {}, {}),
    "1: max pooling in D": ({}, {"downsample": pooled}, {}),
    "2: no batch norm": ({"normalisation": None}, {}, {}),
    "2: batch norm in D too": ({}, {"normalisation": batch_norm}, {}),
    "3: hidden dense layers": ({"hidden": (256,)}, {"hidden": (256,)}, {}),
    "4: tanh inside G": ({"activation": keras.activations.tanh}, {}, {}),
    "5: ReLU in D": ({}, {"activation": keras.activations.relu}, {}),
    "label noise 0.05": ({}, {}, {"label_noise": 0.05}),  # for part B
}
slow = session.profile == "smoke" or backend.name() == "jax"  # JAX: a transposed kernel's gradient is slow on a CPU
variants = {n: v for n, v in variants.items() if not (slow and "transposed" in n)}

# %% slideshow={"slide_type": "skip"}
if session.profile == "smoke":  # every variant is a program to compile
    variants = {name: variants[name] for name in ("the guidelines", "control: other seeds", "5: ReLU in D")}


def trial_game(name, seed):
    """A small game of one variant, with an average of its generator."""
    in_generator, in_critic, options = variants[name]
    keras.utils.set_random_seed(seed + 100 * name.startswith("control"))
    live, average = (dcgan_generator(64, WIDTH // 2, **in_generator) for _ in range(2))
    critic = dcgan_critic(WIDTH // 2, **in_critic)
    return dcgan(live, critic, [Average(live, average, 0.98)], seed, **options)


# %% slideshow={"slide_type": "skip"}
def trials(name):
    """Plays one variant from each seed; returns (FD, samples, gap between mean logits) of each."""
    game, results = trial_game(name, 0), []
    game.compile()
    for seed in range(settings["seeds"]):
        restart(game, trial_game(name, seed))
        logs = game.fit(x_train, epochs=1, steps_per_epoch=settings["trial"], batch_size=32, verbose=0).history
        images = game.sample(1_000, seed)
        results.append((distance(images), images, logs["logit_gap"][-1]))
    game.release()
    return results


results = {name: trials(name) for name in variants}

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({name: found[0][1][:14] for name, found in results.items()}, low=-1, high=1, width=11),
    alt="Fourteen samples of each variant after the same number of iterations, from the first seed. FD: "
        + "; ".join(f"{name} {found[0][0]:.0f}" for name, found in results.items()) + ".",
)  # fmt: skip

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
base = np.array([fd for fd, *_ in results["the guidelines"]])
ratios = {name: np.array([fd for fd, *_ in found]) / base for name, found in results.items()}
ratios.pop("the guidelines")
chance = np.abs(np.log(ratios["control: other seeds"])).max()  # how far seeds alone went
beyond = [name for name, found in ratios.items()
          if np.log(found).min() > chance or np.log(found).max() < -chance]  # fmt: skip
show(
    plots.paired(ratios, "FD of the variant over FD of the guidelines, same seed; right of 1 is worse", np.exp(chance)),
    alt="Ratios of FD, a dot a seed: "
        + "; ".join(f"{name} " + ", ".join(f"{r:.2f}" for r in found) for name, found in ratios.items()) + ".",
)  # fmt: skip
print("the guidelines: FD by seed", *base.round(1))
for name, found in ratios.items():
    verdict = "every seed beyond the control" if name in beyond and len(found) > 1 else ""
    print(f"{name:24} mean ratio {np.exp(np.log(found).mean()):5.2f}   by seed", *found.round(2), f"  {verdict}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read every row against the grey band: that far other seeds alone moved the guidelines. Where all dots of a row lie
# beyond it on one side (the last column of the table says so), the change mattered at this length: hidden dense
# layers and tanh inside G, each with an FD two and a half to nearly four times as large. In the picture the dense
# layers draw one image fourteen times.

# %% [markdown] slideshow={"slide_type": "skip"}
# No other row can be told from luck by three seeds, though the two transposed ones are right of 1 in every seed,
# once far beyond the band. And 120 iterations are the beginning of a training: a row that is level here may part
# later, and one that is apart may close up.

# %% [markdown] slideshow={"slide_type": "notes"}
# Point at the grey band first: it is what luck alone did to the guidelines. Ask which rows the room would publish, and
# what three dots on one side are worth.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 5.1 What is left of the checkerboard?
#
# Section 2 found checkerboards in *fresh* layers. Here are trained ones. We take the images apart into a smooth
# part and the rest, and ask how much of the rest lies on each of the four kinds of pixels.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def rest(images):
    """What a 3×3 mean leaves over of images (N, 28, 28, 1), its mean square at each pixel, (28, 28)."""
    left = images[..., 0] - ndimage.uniform_filter(images[..., 0], size=(0, 3, 3))
    return np.mean(left**2, axis=0)


kinds = [name for name in ("transposed 3×3 in G", "1: transposed 4×4 in G", "the guidelines") if name in results]
uneven = {"real": [by_place(rest(x_test)).max()]}
uneven |= {name: [by_place(rest(images)).max() for _, images, _ in results[name]] for name in kinds}
uneven["long run (repeat, 3×3)"] = [by_place(rest(shipped.sample(1_000, seed=0))).max()]
for name, numbers in uneven.items():
    print(f"{name:24} largest over least power at the four kinds of pixels:", *np.round(numbers, 2))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
if "transposed 3×3 in G" in results:
    rows = {name: results[name][0][1][:7] for name in kinds}
    show(
        plots.image_rows({"real": x_test[:7], **rows}, low=-1, high=1, width=9),
        alt="Seven enlarged images a row, the long run not among them. Unevenness of the four kinds of pixels: "
            + "; ".join(f"{name} {np.mean(numbers):.2f}" for name, numbers in uneven.items()) + ".",
    )  # fmt: skip
    assert min(uneven["transposed 3×3 in G"] + uneven["1: transposed 4×4 in G"]) > max(uneven["the guidelines"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# So the checkerboard is no matter of fresh layers alone: after 120 iterations it is still there. And here the counts
# of section 2 are not the whole story: after this training the kernel of 4, which was even at birth, is as uneven as
# the kernel of 3. In every seed both draw less evenly than *repeat, then convolve*. A kernel that the stride divides
# starts even, but nothing keeps it so. In the shipped long run, which repeats and convolves, nothing is left: it is
# as even as real images.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Look inside
#
# ### 6.1 Between two latents
#
# *Interpolations between random points stay on the image manifold.* Which way from $z_0$ to $z_1$?
# In 64 dimensions a normal latent has a norm near $\sqrt{64} = 8$, nearly always: the latents live on a thin
# shell. The straight line cuts through the empty inside. *Slerp* walks along the shell:
#
# $$\text{slerp}(z_0, z_1; t) = \frac{\sin((1-t)\,\Omega)}{\sin\Omega}\,z_0 + \frac{\sin(t\,\Omega)}{\sin\Omega}\,z_1,
#   \qquad \cos\Omega = \frac{z_0\cdot z_1}{\|z_0\|\,\|z_1\|}.$$

# %% slideshow={"slide_type": "skip"}
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


rng = np.random.default_rng(3)
digit = metrics.evaluator("mnist")  # the shipped network draws MNIST digits
a, b = rng.normal(size=(2, settings["pairs"], 64))
ways = {"straight line": lerp, "along the shell": slerp}
middle_norm = {name: np.linalg.norm(way(a, b, 0.5), axis=1).mean() for name, way in ways.items()}
print("mean norm half way:", *(f"{name} {norm:.2f}" for name, norm in middle_norm.items()))
assert np.isclose(middle_norm["along the shell"], 8, rtol=0.03)
assert np.isclose(middle_norm["straight line"], 8 / np.sqrt(2), rtol=0.03)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
fine = np.linspace(0, 1, 12)
one, two = (digit(draw(z)).probabilities for z in (a, b))
clear = np.minimum(one.max(1), two.max(1)) > 0.99
first_pair = np.flatnonzero(clear & (one.argmax(1) != two.argmax(1)))[:1]  # of two clear, different digits
z0, z1 = a[first_pair], b[first_pair]
rows = {name: draw(np.concatenate([way(z0, z1, s) for s in fine])) for name, way in ways.items()}
first, last = rows["straight line"][0], rows["straight line"][-1]
rows["blend of pixels"] = np.stack([lerp(first, last, s) for s in fine])
show(
    plots.image_rows(rows, low=-1, high=1, width=11),
    alt="One digit turns into another in twelve steps: along the straight line, along the shell, and as a blend of "
        "the two images, which shows both at once.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now many pairs, half way. How sure is the classifier of the class, and how far are the images, as a set, from
# what this generator draws anyway? To see what the *norm* does by itself, fresh latents are scaled to other
# lengths as well.

# %% slideshow={"slide_type": "skip"}
usual = digit(draw(rng.normal(size=a.shape))).features  # what this generator draws anyway


def judged(images):
    """Mean confidence of the classifier, and FD to other samples of the same generator."""
    reading = digit(images)
    return reading.probabilities.max(1).mean(), metrics.frechet_distance(reading.features, usual)


half = {name: judged(draw(way(a, b, 0.5))) for name, way in ways.items()}
half["blend of pixels"] = judged(lerp(draw(a), draw(b), 0.5))
half["an end"] = judged(draw(a))
unit = a / np.linalg.norm(a, axis=1, keepdims=True)
lengths = (2, 4, 5.7, 8, 11, 14, 20)
scaled = np.array([judged(draw(length * unit)) for length in lengths])  # (lengths, 2)

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
text = "; ".join(f"{name}: confidence {sure:.3f}, FD {far:.2f}" for name, (sure, far) in half.items())
figure, (left, right) = plots.figure(1, 2, width=11, height=3.9)
for axis, column, title in ((left, 0, "Mean confidence"), (right, 1, "FD to fresh samples")):
    axis.plot(lengths, scaled[:, column], marker="o", color=plots.COLOURS[0])
    axis.axvline(8, color="black", linestyle=":", linewidth=1.5)
    axis.set(title=title, xlabel="norm of the latent")
left.set_ylim(0.5, 1)
right.set(yscale="log")
numbers = "; ".join(f"{length:g}: {sure:.3f}, {far:.2f}" for length, (sure, far) in zip(lengths, scaled))
show(figure, f"Confidence and FD of latents scaled to a norm. Norm: confidence, FD: {numbers}.")
print("half way,", *text.split("; "), sep="\n   ")
print("norm: confidence, FD ", *numbers.split("; "), sep="   ")
assert half["blend of pixels"][1] > 3 * max(half[name][1] for name in ways)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The blend shows two digits at once, and both numbers say so. Half way along either walk, the classifier is as sure
# as it is at the ends, and the images lie as near to fresh samples: over 600 pairs, the claim holds. (A single step
# may be no digit; so may a single sample, and the first image above is a poor one.) Which walk? The shell is ahead
# in both numbers, by little, and with one draw of pairs. But the straight line, too, is as near to fresh samples as
# another set of ends is, so leaving the shell costs next to nothing here. The curve says why: between the norms 5.7
# and 11 FD stays below 1, and the straight line dips to 5.7. Farther in it is another matter: FD is 2.5 at norm 4
# and above 100 at norm 2. Notebook 08 makes a trick of short latents, truncation.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.2 Arithmetic
#
# Radford's famous figure: *smiling woman − woman + man = smiling man*. With digits: *thick 3 − thin 3 +
# thin 7 = thick 7?* There are no labels in the latent space. So we draw many digits, let the
# classifier name them, measure the stroke, and take for each term the mean of several latents.

# %% slideshow={"slide_type": "skip"}
def thickness(images):
    """Ink divided by half the length of its outline, in pixels."""
    ink = (images[..., 0] + 1) / 2
    outline = np.hypot(*np.gradient(ink, axis=(1, 2))).sum((1, 2))
    return 2 * ink.sum((1, 2)) / outline


# %% slideshow={"slide_type": "skip"}
z = rng.normal(size=(6 * settings["pairs"], 64))
images = draw(z)
probabilities = digit(images).probabilities
named, stroke = probabilities.argmax(1), thickness(images)
named[probabilities.max(1) < 0.9] = -1  # unsure: leave it out
groups = {}
for label in range(10):
    own = np.flatnonzero(named == label)
    own = own[np.argsort(stroke[own])]
    groups[label] = {"thin": own[: len(own) // 4], "thick": own[-(len(own) // 4) :], "all": own}


# %% slideshow={"slide_type": "skip"}
def terms(source, target, k):
    """Mean latents of k thick and k thin images of one digit and k thin ones of another, (3, 64)."""
    wanted = ((source, "thick"), (source, "thin"), (target, "thin"))
    return np.stack([z[rng.choice(groups[label][kind], k)].mean(0) for label, kind in wanted])


# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
rows = {}
for source_digit, target_digit in ((3, 7), (0, 4), (9, 2), (1, 6)):
    parts = terms(source_digit, target_digit, 10)
    rows[f"{source_digit} → {target_digit}"] = draw(np.concatenate([parts, parts[:1] - parts[1:2] + parts[2:]]))
show(
    plots.image_rows(rows, low=-1, high=1, width=6.5, columns=["thick", "− thin", "+ thin", "= ?"]),
    alt="Four sums, each term the mean of ten latents: a thick digit minus the same digit thin plus another one thin.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Four sums prove nothing. So: many, with random pairs of digits. A sum has succeeded if the classifier reads the
# right digit *and* its stroke is thicker than that digit's median. The paper takes the mean of **three** latents for
# each term. Why three? Is it the norm, which three means bring back to the shell, or that a mean has less noise? For
# the control, sums of single latents are scaled to norm 8; and one row has no sum at all: the thin target alone,
# which must fail.

# %% slideshow={"slide_type": "skip"}
pairs = [rng.choice(10, 2, replace=False) for _ in range(settings["pairs"])]
target = np.array([pair[1] for pair in pairs])
median = np.array([np.median(stroke[groups[label]["all"]]) for label in range(10)])


def succeeded(latents):
    """Whether each image is the target digit, and thicker than that digit's median."""
    made = draw(latents)
    return (digit(made).probabilities.argmax(1) == target) & (thickness(made) > median[target])


# %% slideshow={"slide_type": "skip"}
averaged_over = (1, 3, 10, 30)
parts = {k: np.array([terms(*pair, k) for pair in pairs]) for k in averaged_over}  # (pairs, 3, 64)
sums = {f"k = {k}": p[:, 0] - p[:, 1] + p[:, 2] for k, p in parts.items()}
sums["k = 1, scaled"] = 8 * sums["k = 1"] / np.linalg.norm(sums["k = 1"], axis=1, keepdims=True)
sums["thin target"] = parts[1][:, 2]
shares = {name: succeeded(latents).mean() for name, latents in sums.items()}

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
norms = {name: np.linalg.norm(latents, axis=1).mean() for name, latents in sums.items()}
show(
    plots.bars({"share of sums that succeed": [100 * share for share in shares.values()]},
               [f"{name}\nnorm {norms[name]:.1f}" for name in shares], width=12, form="{:.0f} %"),
    alt="Share of sums that succeed: " + "; ".join(f"{name} {share:.0%}, norm {norms[name]:.1f}"
                                                     for name, share in shares.items()) + ".",
)  # fmt: skip
for name, share in shares.items():
    print(f"{name:24} norm of the sum {norms[name]:5.2f}   success {share:.0%}")
if session.profile != "smoke":  # sixty sums would leave it to chance
    assert shares["k = 30"] > shares["k = 10"] > shares["k = 3"] > shares["k = 1"] + 0.1
    assert abs(shares["k = 1, scaled"] - shares["k = 1"]) < 0.07, "the norm is not the reason"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Means succeed more often the more latents they are made of, and it is *not* the norm. Single latents scaled back to
# the shell do no better than before, while the sum of thirty-latent means is far too short and does best. A mean keeps
# what the latents of a group share, here the digit and its stroke, and averages the rest away. With three latents a
# term, as in the paper, more than four in ten sums still fail; a figure of a few good ones would not tell.

# %% [markdown] slideshow={"slide_type": "notes"}
# Before the bars: which will be higher, three latents of the right norm or thirty of a norm that is far too short? Let
# people give a reason, then compare with the bar "k = 1, scaled".

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.3 What the critic has learned
#
# Radford: *the discriminator's features are good for classification.* The critic has never seen a
# label. Cut off its last layer, feed its features to a logistic regression with a few hundred labels,
# and compare with raw pixels. One more comparison is needed to be fair: a critic with the same
# layers that was *never trained*.

# %% slideshow={"slide_type": "skip"}
def cut(critic):
    return keras.Model(critic.input, critic.get_layer("features").output)


def probed(x, y, x_new, y_new):
    """Accuracy on new images of a logistic regression fitted to few."""
    # With fewer images than features, PCA loses nothing and the fit is quick.
    steps = preprocessing.StandardScaler(), decomposition.PCA()
    model = pipeline.make_pipeline(*steps, linear_model.LogisticRegression(C=0.01, tol=1e-2))
    return model.fit(x, y).score(x_new, y_new)


# %% slideshow={"slide_type": "skip"}
count, labelled, draws = settings["test"], 300, 1 if session.profile == "smoke" else 3
shown = data.scale(np.concatenate([loaded.x_train[: labelled * draws], loaded.x_test[:count]]))
keras.utils.set_random_seed(0)
found = {"raw pixels": shown.reshape(len(shown), -1), "untrained\ncritic": outputs(cut(dcgan_critic(width=32)), shown),
         "trained\ncritic": outputs(cut(shipped.networks["critic"]), shown)}  # fmt: skip
accuracy = {name: [] for name in found}
for name, values in found.items():
    for i in range(draws):
        part = slice(i * labelled, (i + 1) * labelled)
        accuracy[name].append(probed(values[part], loaded.y_train[part], values[-count:], loaded.y_test[:count]))
means = {name: float(np.mean(values)) for name, values in accuracy.items()}

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.bars({f"accuracy with {labelled} labels": list(means.values())}, list(means), width=8, form="{:.3f}"),
    alt="Linear probe: " + ", ".join(f"{n} {v:.3f}".replace("\n", " ") for n, v in means.items()) + ".",
)
for name, values in accuracy.items():
    print(f"{name.replace(chr(10), ' '):17} by draw of the labels", *np.round(values, 3))
if session.profile != "smoke":  # one draw of labels would leave it to chance
    best, bare, raw = (np.array(accuracy[name]) for name in ("trained\ncritic", "untrained\ncritic", "raw pixels"))
    assert np.all(best > raw) and np.all(best > bare), "training must add to what the layers bring"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The claim holds, in each draw of labels: features that were learned without a single label classify better than
# pixels. But mind the bar in the middle. Filters drawn at random bring a part of the gain already, about a quarter:
# that part comes from the *architecture* and needs no training. Training adds the rest.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask how high the bar in the middle will be, before you show it: a network whose filters are noise.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · When it fails
#
# *Use tanh, not a sigmoid, at the generator's end*, since the data lies in $[-1, 1]$. Here is the same generator
# with a sigmoid, which can paint no pixel below 0, half way from the empty ground to ink:
# $\operatorname{sigmoid}(2a) = (\tanh a + 1)/2$.

# %% slideshow={"slide_type": "fragment"}
keras.utils.set_random_seed(session.seed)
good = dcgan_generator(64, WIDTH // 2)
sick = dcgan(keras.Model(good.input, (good.output + 1) / 2), dcgan_critic(WIDTH // 2))
sick.compile()
watch = plots.GameLive(sick, x_test, title="With a sigmoid")
sick.fit(x_train, epochs=6, steps_per_epoch=settings["trial"] // 6, batch_size=32, verbose=0, callbacks=[watch])
blind = sick.sample(200, seed=0)
for name, pixels in {"real": x_test, "generated": blind}.items():
    print(f"{name:10} pixels from {pixels.min():5.2f} to {pixels.max():.2f}")
print(f"the discriminator's accuracy on fakes: {watch.history['fake_accuracy'][-1]:.0%}")
assert blind.min() >= 0
sick.release()

# %% [markdown] slideshow={"slide_type": "fragment"}
# **How to recognise it:** the discriminator's accuracy goes to 100 % and stays there, its loss goes to zero, the
# generator's climbs, and the samples have no empty ground. The critic need not look at shapes: a single empty pixel
# tells real from fake. Its slope at real images does not vanish, it grows; the generator is pushed and cannot
# follow. **What to do:** print `x.min()`, `x.max()` of the real and of the fake images before you change anything
# else.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Recap
#
# - A convolution knows what a neighbour is. Loss and game are those of notebook 04; the digits are not.
# - Kernel divisible by stride, or repeat and convolve: a fresh layer draws no checkerboards. After a short
#   training only repeat and convolve was close to even.
# - Guidelines are experience and not theory. Compare within each seed, and keep a control row.
# - Half way between two latents images are as good as samples, on the straight line too. For sums, average many
#   latents: it is the noise, not the norm.
# - A discriminator that is always right is a warning. Look at its accuracy, and at the range of the pixels.
#
# Notebook 06 changes the loss.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | "make upsampling multiple of stride" | the *kernel's size* should be divisible by the stride: section 2 |
# | "no ReLU" | in the critic. Radford's generator uses ReLU: guideline 4 |
# | "batch norm in both" | not in G's last and D's first layer (the paper), nor under a penalty: notebook 07 |
# | normal latents: "everyone else is doing it" | they work; lengths from 5.7 to 11 do about as well, 2 does not: 6.1 |

# %% [markdown] slideshow={"slide_type": "skip"}
# ## 9 · Your turn
#
# Fill in the dots and run the cell; the check says what is wrong. `exercises.dcgan.direction.hint()` gives one hint
# after the other, and the solution is folded below each cell. `exercises.summary()` says what you have done.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Exercise 1 · Another kernel
#
# Section 2.2 measured fresh transposed convolutions with kernels of 3 and 4. Now the kernel is 5×5, the stride 2.
# How many times as much power has the strongest kind of pixel as the weakest kind? Say a number, then run the next
# cell.

# %% slideshow={"slide_type": "fragment"}
my_ratio = ...

exercises.dcgan.board.check(my_ratio)

# %% slideshow={"slide_type": "skip"}
made = ops.convert_to_numpy(ops.stop_gradient(upsampled(5)(maps)))  # `maps` and `upsampled` as in section 2.2
exercises.dcgan.board.compare(by_place(np.mean(made**2, axis=(0, 3))[4:-4, 4:-4]).max())

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_ratio = 9 / 4
# ```
#
# In one dimension outputs have 3 and 2 writers in turn, so in two dimensions 9, 6 and 4. The weights of a fresh
# layer are independent, so the variance of an output, its power, is proportional to the number of its writers: $9/4
# = 2.25$. A larger odd kernel is more even than a small one, and only a divisible one is even.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 2 · A direction for thickness
#
# The sums of section 6.2 borrow the stroke of one digit for another. Find a direction that makes *any* digit
# thicker. `z` is an array (N, d) of latents, `labels` (N,) the class of each image, a whole number, or −1 where the
# classifier is unsure, `score` (N,) the thickness. For each class except −1 take the quarter of its latents with
# the highest score and the quarter with the lowest (`n // 4` each, n the size of the class, at least 4), and
# subtract the mean of the low ones from the mean of the high ones. Return the mean of these differences over the
# classes, an array (d,). The next cell walks along it.

# %% slideshow={"slide_type": "skip"}
def my_direction(z, labels, score):
    return ...


exercises.dcgan.direction.check(my_direction)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_direction(z, labels, score):
#     differences = []
#     for label in np.unique(labels[labels >= 0]):
#         own = np.flatnonzero(labels == label)
#         own, quarter = own[np.argsort(score[own])], len(own) // 4
#         differences.append(z[own[-quarter:]].mean(axis=0) - z[own[:quarter]].mean(axis=0))
#     return np.mean(differences, axis=0)
# ```
#
# Within a class the digit is the same on both sides of the difference, so most of it cancels, and so does, in the
# mean over many latents, all else that has nothing to do with the stroke. Sorting all classes together would mix the
# two: ones are thin and eights are thick, so the direction would also lead from ones to eights. Nothing holds the
# digit fast, though: in the figure below the nine becomes a nought on the way.
#
# </details>

# %% slideshow={"slide_type": "fragment"}
thicker = exercises.dcgan.direction.use(my_direction)(z, named, stroke)
thin = np.array([groups[label]["thin"][0] for label in range(10)])
walk = {f"+ {t:g} ×": draw(z[thin] + t * thicker) for t in (0, 0.5, 1, 1.5)}
show(
    plots.image_rows(walk, low=-1, high=1),
    alt="A thin image of each class, and the same latents moved along the direction. Mean thickness: "
        + ", ".join(f"{label} {thickness(images).mean():.2f}" for label, images in walk.items()) + " pixels.",
)  # fmt: skip
print("mean thickness:", *(f"{label} {thickness(images).mean():.2f} px" for label, images in walk.items()), sep="   ")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 3 · Repair an augmentation
#
# Somebody trains frogs and moves the images, as in part D. After a while all *generated* images have grey borders.
# Find the fault in the discriminator's loss and repair it. `real` is a tensor of images, `z` a tensor of latents,
# `generator` and `critic` are Keras models, and `move` is a function of a batch of images that moves them at
# random. Return the non-saturating loss, one number. A game differentiates it, so use `keras.ops`.

# %% slideshow={"slide_type": "skip"}
def my_moved_loss(real, z, generator, critic, move):
    real_logits = critic(move(real))
    fake_logits = critic(generator(z))
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


exercises.dcgan.repair.check(my_moved_loss)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# def my_moved_loss(real, z, generator, critic, move):
#     real_logits = critic(move(real))
#     fake_logits = critic(move(generator(z)))
#     return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
# ```
#
# With the real images alone moved, grey borders become a mark of the real: the critic asks for them, and the
# generator learns to draw them. Moved on both sides, borders say nothing, and only what lies between them counts.
# In the generator's turn its images are moved as well, and the gradient flows back through the move.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 4 · A guideline of your own
#
# Invent a sixth guideline, or doubt one of the five: another width, another batch norm momentum, another slope of
# the leaky ReLU, a label smoothing. Add it to `variants`, play it with `trials(name)` from at least three seeds,
# and divide each FD by that of the guidelines from the same seed. Fill a dict, `{name: [ratio, …]}`, with a row
# whose name contains `control`, and write in a sentence or two what you conclude.

# %% slideshow={"slide_type": "skip"}
my_ratios = ...
my_conclusion = ...

exercises.dcgan.guideline.check(my_ratios, my_conclusion)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# variants["label smoothing"] = ({}, {}, {"label_smoothing": 0.1})
# my_ratios = {}
# for name in ("control: other seeds", "label smoothing"):
#     my_ratios[name] = [fd / right for (fd, *_), right in zip(trials(name), base)]
# my_conclusion = "The ratios of my variant lie within the control's, so three seeds show no difference at this length."
# ```
#
# Most ideas about GANs change FD by less than the seed does. A control row shows how much that is; without it, any
# three numbers on one side of 1 look like a discovery.
#
# A good answer says:
#
# - It changes one thing, and says which.
# - It compares within each seed, and says how many seeds there were and on which side of 1 they lie.
# - It sets the ratios beside the control's: what the control does by chance is no result.
# - It says that this is the beginning of a training, and what that means for the claim.
# - If all seeds lie on one side, it says how often chance does that: with three seeds in one of four cases.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In depth
#
# Four sections for a second meeting. Each stands by itself.
#
# ### A · Sparse gradients
#
# The lecture: *no max pooling and no ReLU in the critic, sparse gradients are not your friend.* The
# generator learns from the critic's gradient at the image. How much of it is exactly zero? We count
# layer by layer, from the critic's last feature maps down to the image, in *fresh* critics, and switch pooling
# and ReLU separately.

# %% slideshow={"slide_type": "fragment"}
def zero_shares(critic, x):
    """Shares of exact zeros in the critic's gradient: at the image, and after each convolution."""
    shares, chain = {}, critic.layers[1:]
    for k, layer in enumerate(chain):
        if k == 0 or isinstance(chain[k - 1], layers.Conv2D):
            def rest_of(value, k=k):
                for later in chain[k:]:
                    value = later(value, training=False)
                return value

            gradient = ops.convert_to_numpy(ops.stop_gradient(backend.input_gradient(rest_of, x)))
            shares["image" if k == 0 else f"convolution {len(shares)}"] = float(np.mean(gradient == 0))
        x = layer(x, training=False)
    return shares


# %% slideshow={"slide_type": "fragment"}
relu, few = keras.activations.relu, ops.convert_to_tensor(x_test[:64])
keras.utils.set_random_seed(0)
fresh = {
    "stride, leaky ReLU": dcgan_critic(32),
    "pooling, leaky ReLU": dcgan_critic(32, downsample=pooled),
    "stride, ReLU": dcgan_critic(32, activation=relu),
    "pooling, ReLU": dcgan_critic(32, downsample=pooled, activation=relu),
    "the long run's critic": shipped.networks["critic"],
}
zeros = {name: zero_shares(critic, few) for name, critic in fresh.items()}

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
table = {name: np.array(list(found.values())) for name, found in zeros.items()}
show(
    plots.share_rows(table, ["at the image", *[f"after convolution {i}" for i in (1, 2, 3)]],
                     "share of exact zeros in the gradient"),
    alt="Share of exact zeros at the image and after convolutions 1, 2, 3: "
        + "; ".join(f"{name} " + ", ".join(f"{share:.2f}" for share in found) for name, found in table.items()) + ".",
)  # fmt: skip
assert table["stride, leaky ReLU"].max() < 0.01 and table["the long run's critic"].max() < 0.01
assert table["stride, ReLU"][1:].min() > 0.3 and table["pooling, leaky ReLU"][1:].min() > 0.5
assert max(found[0] for found in table.values()) < 0.05, "at the image next to nothing is zero"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The claim is right *inside* the network. ReLU alone zeroes from a third to more than a half of the gradient,
# pooling alone from two thirds to three quarters, both together about four fifths. But look at the left: at the
# image next to nothing is zero, since every pixel sits under several kernel positions of 32 channels, and some path
# is always open. So the advice is not wrong, but "the generator gets no gradient" is: it gets one, made from fewer
# paths. What that costs in training? In section 5, max pooling alone and ReLU alone could not be told from luck
# after 120 iterations; both together, and longer, were not tried.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### B · Label noise
#
# The lecture: *a little noise in the labels helps the optimisation.* What it does can be written down. Take a place
# where all images are real. Their label is $1 - a$ on average, $a$ being the mean noise, and
#
# $$-(1-a)\log d - a\log(1-d)\quad\text{is smallest at}\quad d = 1-a,\qquad f = \log\frac{1-a}{a}.$$
#
# Noise of width 0.05 has $a = 0.025$: the logit has no reason to go beyond 3.7. Without noise it would like to be
# infinite.

# %% slideshow={"slide_type": "fragment"}
f, noise = np.linspace(0, 8, 8_001), 0.025
soft = np.logaddexp(0, f) - (1 - noise) * f  # cross entropy of the logit f at the label 1 − a
assert np.isclose(f[soft.argmin()], np.log((1 - noise) / noise), atol=1e-3)
print(f"best logit at label {1 - noise}: {f[soft.argmin()]:.2f}")
print("gap between the mean logits of real and fake images:")
for name in ("the guidelines", "label noise 0.05"):
    if name in results:
        print(f"   in section 5, {name}, by seed", *(f"{gap:.2f}" for *_, gap in results[name]))
print(f"   in the long run, at most {max(trace['logit_gap']):.2f}")
assert max(trace["logit_gap"]) < f[soft.argmin()], "the mean logits stay below the bound"

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the mean, the logits stay far below the bound, in the long run (whose penalty holds them back as well) and in
# section 5, so on these digits the noise had little to hold back: FD moved by two per cent at most
# (`GAN(label_noise=0.05)` plays it). It is an insurance against a discriminator that has become too sure; whether it
# pays, these runs do not say.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### C · Sharper than a VAE
#
# Notebook 01 ended with a question: are VAE samples blurrier than GAN samples? Here is the figure
# with both. Sharpness is the energy of the Laplacian, large where grey values jump.

# %% slideshow={"slide_type": "fragment"}
vae = pretrained.load("vae-mnist-z16").networks["decoder"]
compared = {
    "real": data.scale(loaded.x_train[:count]),
    "VAE": 2 * decode(vae, rng.normal(size=(count, 16)).astype("float32")) - 1,
    "DCGAN": shipped.sample(count, seed=0),
}
edges = {n: ndimage.laplace(x[..., 0] / 2, axes=(1, 2)) for n, x in compared.items()}
sharp = {name: float(np.mean(e**2)) for name, e in edges.items()}
far = [metrics.frechet_distance(digit(x).features, digit(x_test).features) for x in compared.values()]
assert sharp["DCGAN"] > sharp["VAE"], "a GAN's samples are sharper than a VAE's"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({n: x[:14] for n, x in compared.items()}, low=-1, high=1),
    alt="Fourteen real digits, VAE samples and DCGAN samples.",
)
show(
    plots.bars({"Laplacian energy": list(sharp.values()), "FD-mnist-cnn to test images": far}, list(compared)),
    alt="Sharpness and FD: " + "; ".join(f"{n} {s:.3f}, {d:.2f}" for (n, s), d in zip(sharp.items(), far)) + ".",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# By this measure the GAN's strokes are nearer to real ones than the VAE's: a soft edge is something that a critic
# can punish, while the VAE's loss asks for the mean of all strokes that could be there. (The measure counts every
# jump, so specks would raise it too: look at the images as well.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### D · Frogs
#
# The lecture's demo draws frogs from CIFAR-10: 5,000 colour images of 32×32 pixels. The same two
# functions build the networks, with three doublings in place of two and three channels at the end.
#
# 5,000 images are few. In a long run the critic can learn them by heart. A remedy (Zhao et al., 2020) changes every
# image on its way to the critic, anew at every look: here, a move $T$ by up to four pixels. The real images *and*
# the generated ones are moved, $f(T(x))$ and $f(T(g(z)))$, and the generator's gradient flows back through $T$. With
# the real ones moved alone, the generator would learn to draw grey borders.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
FROG, COLOUR = 6, (32, 32, 3)  # the label in CIFAR-10
if settings["frogs"]:
    ponds = data.load("cifar10", fallback="glyphs")
    frogs = data.scale(ponds.x_train[ponds.y_train == FROG])
    moved = ops.convert_to_numpy(translate(frogs[:8], seed=0))
    show(
        plots.image_rows({"real": frogs[:8], "as the critic\nsees them": moved}, low=-1, high=1, width=8),
        alt="Eight real images, and below each the same one moved by a few pixels.",
    )

# %% [markdown] slideshow={"slide_type": "subslide"}
# A minute of training gives spots of colour. So the course ships a long run of the same game, with wider networks,
# a critic whose rate is three times the generator's, and a mild R1 penalty. Beside its samples stand the nearest
# training images: are these frogs, and are they copies?

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
if settings["frogs"] and "dcgan-frogs" in pretrained.available():
    frog = pretrained.load("dcgan-frogs")
    made = frog.sample(24, seed=0)
    pool = np.concatenate([frogs, frogs[:, :, ::-1]]).reshape(2 * len(frogs), -1)  # a frog in a mirror is a frog
    flat = made[:8].reshape(8, -1)
    near = ((flat**2).sum(1)[:, None] - 2 * flat @ pool.T + (pool**2).sum(1)).argmin(1)
    print(f"{frog.recipe['settings']['iterations']:,} iterations ({frog.recipe['machine']})")
    show(
        plots.image_grid(made, columns=8, low=-1, high=1, width=8),
        alt="Twenty-four images by the shipped generator: brown, green and grey patches, a few like frogs.",
    )
    rows = {"sample": made[:8], "nearest\nin training": pool[near].reshape(8, *COLOUR)}
    show(
        plots.image_rows(rows, low=-1, high=1, width=8),
        alt="Eight samples over the training images that are nearest in pixels: similar colours, other pictures.",
    )  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Be honest with them: only a few of the twenty-four can be read as frogs; most are ground and colour with a body
# that is hard to find. The nearest training images share the colours and not the shapes: these eight are no plain
# copies. (A copy that was moved by a few pixels would escape this search.) There is no evaluator for CIFAR-10 in
# this course, hence no number. Good frogs need a longer run on a GPU.

# %% [markdown] slideshow={"slide_type": "skip"}
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
