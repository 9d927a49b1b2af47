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
# # 10 · Pixel models
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/10_pixel_models.ipynb)
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/10_pixel_models.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/10_pixel_models.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** "Generative models" in the GAN deck: an image as a sentence, its training and its downsides; from the
# first deck, generative against discriminative.
#
# After this notebook you can
#
# - write the density of an image as a product, and check by adding up that it is one,
# - mask a convolution so that it sees the past and nothing else, and find its blind spot,
# - train on all pixels of an image in one pass, as a game of one player,
# - compare models by an exact number, in nats, and say what the number does not tell,
# - draw images pixel by pixel, and say why that is slow and what can be done,
# - use p(x): complete images, classify by Bayes' rule, and be fooled by it.
#
# Sections 1 to 10 fit one meeting of 90 minutes. *In depth*, behind them, has two relatives: MADE and WaveNet.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about two minutes of processor time |
# | `cpu` | a laptop | about 7 minutes of processor time |
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
import zlib

import keras
import numpy as np
from keras import layers, ops

from course_utils import backend, data, exercises, metrics, plots, pretrained, studies
from course_utils.game import Game, Player
from course_utils.games import mixtures, pixels, raster, vq
from course_utils.games.pixels import PixelModel, log_probabilities
from course_utils.games.watching import largest_difference, restart
from course_utils.layers import MaskedConv2D
from course_utils.layers.masked import made_mask
from course_utils.networks import pixels as blocks
from course_utils.plots import pixels as figures, show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `iterations` and `copies` count those of section 5, `field` those of each run in section 7,
# `labels` those of each classifier in section 8, and `fashion` those of section 9; `seeds` says how often a run is
# repeated. `test` images are scored, `few` are sampled.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 1_000, "test": 50, "few": 4, "width": 8, "blocks": 1, "batch": 8, "iterations": 6, "copies": 3,
           "field": 2, "labels": 2, "fashion": 2, "seeds": 1},
    cpu={"images": 50_000, "test": 400, "few": 64, "width": 32, "blocks": 4, "batch": 32, "iterations": 300,
         "copies": 120, "field": 90, "labels": 90, "fashion": 150, "seeds": 3},
    gpu={"images": 50_000, "test": 10_000, "few": 500, "width": 64, "blocks": 8, "batch": 128, "iterations": 8_000,
         "copies": 2_000, "field": 2_000, "labels": 1_000, "fashion": 2_000, "seeds": 5},
)  # fmt: skip
telling = session.profile != "smoke"  # whether networks were trained for long enough to be judged

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# Digits in black and white: each grey pixel of MNIST was drawn once as ink, 1, or paper, 0, with its grey value as the
# probability. The draw is a published one (Larochelle and Murray, 2011), so that numbers of other people's models can
# stand beside ours. Its test rows are sorted by class in places, so we take every k-th and shuffle.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def strided(images, n):
    """n images from all over a set, in a random order."""
    some = images[:: max(1, len(images) // n)][:n].astype("float32")
    return some[np.random.default_rng(0).permutation(len(some))]


published = data.load("binarized_mnist", fallback="glyphs")
x_train, x_test = strided(published.x_train, settings["images"]), strided(published.x_test, settings["test"])
digits = data.load("mnist", fallback="glyphs")  # grey, with labels: for the judge, and for section 8
judge = "glyphs" if "glyphs" in data.source("mnist").text else "mnist"
real = judge == "mnist" and "glyphs" not in data.source("binarized_mnist").text
read = metrics.evaluator(judge)  # images in [-1, 1] -> (features, probabilities)
print(data.source("binarized_mnist").text, x_train.shape, f"ink {x_train.mean():.3f}", f"judge {read.name}")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(plots.image_grid(x_test[:20], columns=10), alt="Twenty digits of black and white pixels, with frayed edges.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The frayed edges come from the draw. Somebody has to pay for them: no model can know them beforehand.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · An image as a sentence
#
# A language model gives the next word a probability, word after word. Read an image in the same way, pixel after
# pixel, row by row. Then the probability of the whole is a product, and that is no assumption but the chain rule:
#
# $$p(x) = \prod_{i=1}^{n^2} p(x_i \mid x_1, \dots, x_{i-1}).$$
#
# All that is left to learn is one question: *given what you have read, how likely is ink next?*

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
small = np.array([[0, 1, 0], [0, 1, 0], [0, 1, 1]])
show(
    plots.maps({"the order": np.arange(1, 10).reshape(3, 3), "an image": small}, width=6),
    alt="Nine pixels, numbered row by row from 1 to 9, and an image of nine zeros and ones.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nine pixels make 512 images. That is few enough to write down every one of them and add up what a model gives them.

# %% [markdown] slideshow={"slide_type": "subslide"}
# The slide of the lecture has another product:
#
# $$p(x_1)\,p(x_2|x_1)\,p(x_3|x_1) \prod_{i=1}^{n^2} p(x_i \mid x_1, \dots, x_{i-1}).$$
#
# ### Exercise 1 · The slide's product
#
# A model says of each of nine black-and-white pixels, whatever came before, that it is black with probability 1/2. The
# slide's product has nine factors under the product sign and three in front of it. Add it up over all 512 images. What
# comes out? Say a number, then run the next cells.

# %% slideshow={"slide_type": "fragment"}
my_sum = ...

exercises.pixels.slide.check(my_sum)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_sum = 0.125
# ```
#
# Nine factors under the product sign would give 512 · 2⁻⁹ = 1. The three in front of it stand there already, so each of
# the first three pixels is paid for twice: 512 · 2⁻¹² = 1/8. Drop the three; or let the product begin at i = 4, and
# tell the third factor of x₂ as well.
#
# </details>

# %% slideshow={"slide_type": "skip"}
every = (np.arange(512)[:, None] >> np.arange(9) & 1).reshape(512, 3, 3, 1).astype("float32")  # all images there are


def both_sums(chance_of_ink):
    """Over all 512 images: the product of nine factors, and the slide's of twelve; chance_of_ink (512, 9)."""
    seen = every.reshape(512, 9).astype(int)
    factor = np.where(seen == 1, chance_of_ink, 1 - chance_of_ink)  # p(x_i | x_1 … x_{i-1}), one a pixel
    product = factor.prod(1)
    group = 2 * seen[:, 0] + seen[:, 2]
    third_after_first = np.bincount(group, product, 4)[group] / factor[:, 0]  # p(x_3 | x_1), with x_2 summed over
    return product.sum(), (factor[:, 0] * factor[:, 1] * third_after_first * product).sum()


# %% slideshow={"slide_type": "fragment"}
fair, slides = both_sums(np.full((512, 9), 0.5))
print(f"a coin for each pixel: the chain rule sums to {fair:.6f}, the slide's product to {slides:.6f}")
exercises.pixels.slide.compare(slides)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now a network in place of the coin, with random weights: five of them. `pixelcnn` is this lecture's network; how it
# is built comes next. Beside it stands a network that has *not* been told to look only back.

# %% slideshow={"slide_type": "skip"}
def shaken(network, seed, scale=0.3):
    """A network with random weights, so that it answers something at all."""
    draw = np.random.default_rng(seed)
    network.set_weights([scale * draw.standard_normal(w.shape) for w in network.get_weights()])
    return network


def looking_everywhere():
    return keras.Sequential([keras.Input((3, 3, 1)), layers.Conv2D(8, 3, padding="same", activation="tanh"),
                             layers.Conv2D(2, 3, padding="same")])  # fmt: skip


# %% slideshow={"slide_type": "fragment"}
for seed in range(5):
    sums = {}
    for name, network in (("masked", blocks.pixelcnn((3, 3, 1), 2, 8, 2, patch=1)), ("free", looking_everywhere())):
        sums[name] = both_sums(pixels.conditionals(shaken(network, seed), every)[..., 1].reshape(512, 9))
    print(f"seed {seed}: masked {sums['masked'][0]:.6f}, by the slide {sums['masked'][1]:.4f}; "
          f"a free network {sums['free'][0]:.4f}")  # fmt: skip
    assert abs(sums["masked"][0] - 1) < 1e-5, "a density, whatever the weights"
    assert sums["masked"][1] < 0.99 and abs(sums["free"][0] - 1) > 0.01

# %% [markdown] slideshow={"slide_type": "fragment"}
# **A masked network is a density before it has learned anything**, by construction: no partition function, no bound.
# The slide's product is none, for it counts three factors twice (and one of them, $p(x_3|x_1)$, with a pixel left out).
# And a network that sees what it is asked for gives none either, though each of its answers is a probability.

# %% [markdown] slideshow={"slide_type": "notes"}
# Give the room a minute for exercise 1. Then ask: why is the sum 1 for every masked network? (Sum over the last pixel
# first: its two probabilities add to 1. Then the one before.) And: where does this argument break in the free network?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · Masks
#
# One network must answer for all pixels, and the answer for pixel $i$ may depend on $x_1 \dots x_{i-1}$ only. Take an
# ordinary convolution and hold the part of its kernel at 0 that reaches into the future.
#
# ### Exercise 2 · A mask for the past
#
# `height` and `width` are odd numbers, the size of a convolution's kernel; the kernel's middle lies on the pixel that
# is to be predicted. Return an array (height, width) of ones and zeros: one where the kernel meets a pixel that was
# read before, row by row from the top and each row from the left. `centre` is a bool: whether the middle itself is one
# too. The next cells use your function.

# %% slideshow={"slide_type": "fragment"}
def my_mask(height, width, centre):
    return ...


mask = exercises.pixels.mask.use(my_mask)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_mask(height, width, centre):
#     mask = np.zeros((height, width), "float32")
#     mask[: height // 2] = 1
#     mask[height // 2, : width // 2 + centre] = 1
#     return mask
# ```
#
# Row by row, the past is everything above and, in the same row, everything to the left. The first layer must not see
# the pixel itself, for that is the answer. Later layers may: at their middle stands what the first layer made of the
# past alone.
#
# </details>

# %% slideshow={"slide_type": "subslide"}
class Masked(layers.Conv2D):
    """A convolution whose kernel is held at 0 where `mask` is 0."""

    def __init__(self, filters, mask):
        super().__init__(filters, np.shape(mask), padding="same")
        self.mask = np.asarray(mask, "float32")[:, :, None, None]

    def call(self, x):
        return self.convolution_op(x, self.kernel * self.mask) + self.bias


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
x = np.random.default_rng(0).standard_normal((2, 6, 7, 3), dtype="float32")
for centre in (False, True):
    ours, package = Masked(4, mask(3, 3, centre)), MaskedConv2D(4, 3, centre)
    ours.build(x.shape), package.build(x.shape)
    ours.set_weights([ops.convert_to_numpy(package.full_kernel()), np.zeros(4)])
    apart = np.abs(ops.convert_to_numpy(ops.stop_gradient(ours(x) - package(x)))).max()
    print(f"centre {centre!s:5}: largest difference to the package's layer {apart:.1e}")
    assert apart < 1e-5

# %% [markdown] slideshow={"slide_type": "fragment"}
# The package's layer does not even hold the weights that the mask would hide: it pads and crops, and saves the time.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Does it work? Two questions. Does the prediction of a pixel depend on anything it must not see? And does it depend on
# *all* that it may see? The derivative of one output with respect to each input pixel answers both. Seven layers of
# 3×3, on images of 15×15, so that seven steps reach every edge from the middle:

# %% slideshow={"slide_type": "skip"}
def stack(kernels):
    x = h = keras.Input((15, 15, 1))
    for kernel in kernels:
        h = layers.Activation("tanh")(Masked(6, kernel)(h))
    return keras.Model(x, h)


def sees(network, row=7, column=7, seed=0):
    """What each pixel is to the prediction of one of them, by the derivative."""
    image = np.random.default_rng(seed).standard_normal((1, *network.inputs[0].shape[1:]), dtype="float32")
    slope = backend.input_gradient(lambda x: ops.sum(network(x)[:, row, column], axis=-1), image)
    return figures.context(ops.convert_to_numpy(ops.stop_gradient(slope))[0, ..., 0], row, column)


# %% slideshow={"slide_type": "skip"}
one_stack = stack([mask(3, 3, k > 0) for k in range(7)])
no_mask, first_with_centre = stack([np.ones((3, 3))] * 7), stack([mask(3, 3, True)] * 7)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Something is wrong with one stack, as you will see. The cure is two (van den Oord et al., 2016b): a *vertical* one
# reads the rows above, in full width, and a *horizontal* one reads its own row and is told what the vertical one knows.

# %% slideshow={"slide_type": "fragment"}
def two_stacks(depth=7, width=6):
    x = v = h = keras.Input((15, 15, 1))
    for k in range(depth):
        above = np.ones((3, 3))
        above[1 + (k > 0):] = 0  # the rows above; from the second layer on its own row too, which knows rows above
        v = layers.Activation("tanh")(Masked(width, above)(v))
        row = layers.Add()([Masked(width, mask(1, 3, k > 0))(h), layers.Conv2D(width, 1)(v)])
        h = layers.Activation("tanh")(row)
    return keras.Model(x, h)


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
seen = {"no mask": sees(no_mask), "centre in layer 1": sees(first_with_centre), "one stack": sees(one_stack),
        "two stacks": sees(two_stacks())}  # fmt: skip
for name, kinds in seen.items():
    past, future = (kinds.ravel()[part] == figures.SEEN for part in (slice(112), slice(112, None)))
    print(f"{name:18} sees {past.sum():3} of the 112 pixels before, {future.sum():3} of itself and those after")
    if "stack" in name:
        assert not future.any(), "zero at the pixel and after it"
assert (seen["two stacks"].ravel()[:112] == figures.SEEN).all(), "nothing is out of sight"
assert (seen["one stack"] == figures.BLIND).sum() == sum(range(7)), "a triangle of 6 + 5 + … + 1"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    figures.contexts(seen, 7, 7),
    alt="What each of 15×15 pixels is to the prediction of the middle one, in four networks. Without a mask all are "
    "seen. With the middle in the first layer the pixel sees itself. One stack sees the past but for a triangle at the "
    "upper right; two stacks see all of the past and nothing else.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One stack has a **blind spot**: each layer reaches one column to the right only by going one row up, so a triangle to
# the upper right stays out of sight, however many layers you add. It breaks no rule, for the model is still a density.
# It just predicts without knowing all that it could. Two stacks see every pixel of the past.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask before the figure: can a pixel see its neighbour two to the right and one up, in one stack? Follow the path with
# the finger. The second panel is a common bug: its training loss falls wonderfully. Ask why. (It reads the answer.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · One pass, all answers
#
# In training the whole image is known. So show it to the network as it is, and take *all* 784 predictions out of one
# pass: the masks see to it that each is made from the true past alone. Language models call this **teacher forcing**.
#
# Is it the same as asking 784 times, each time with nothing but the past? We ask 784 times, and put garbage in the
# place of the pixel and of all after it.

# %% slideshow={"slide_type": "fragment"}
network = shaken(blocks.pixelcnn((28, 28, 1), 2, 8, 3, patch=1), seed=0)
at_once = pixels.conditionals(network, x_test[:1])[0, ..., 1].reshape(784)  # p(ink), in one pass
place = np.arange(784)
known = place[None] < place[:, None]  # (784, 784): row i knows what stands before pixel i
garbage = np.random.default_rng(1).integers(0, 2, (784, 784))
prefixes = np.where(known, x_test[0].reshape(1, 784), garbage).reshape(784, 28, 28, 1).astype("float32")
one_by_one = pixels.conditionals(network, prefixes).reshape(784, 784, 2)[place, place, 1]
for i in (0, 400, 783):
    print(f"pixel {i:3}: in one pass {at_once[i]:.6f}, asked alone {one_by_one[i]:.6f}")
print(f"largest difference over all 784: {np.abs(at_once - one_by_one).max():.1e}")
assert np.allclose(at_once, one_by_one, atol=1e-5) and at_once.std() > 0.01

# %% [markdown] slideshow={"slide_type": "fragment"}
# One pass in training, but 784 in drawing, for then the past has to be made first. Keep that in mind for section 6.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 4.1 The game
#
# > Show images. Descend −log p.
#
# That is all: one player, maximum likelihood, no sampling, no bound. To save time we read *patches*: 2×2 pixels are one
# word, out of 16, and a page has 14×14 words. The product is as exact as before, only with fewer factors, each a choice
# among 16. In a cell:

# %% slideshow={"slide_type": "fragment"}
class Ours(Game):
    def __init__(self, network, seed=0):
        player = Player("network", [network], self.nats, keras.optimizers.Adam(1e-3))
        super().__init__([player], seed=seed)
        self.network = network

    def nats(self, x, training):
        logits = self.network(x, training=training)  # (N, 14, 14, 16)
        words = ops.one_hot(pixels.tokens(x, levels=2, patch=2), 16)
        surprise = ops.logsumexp(logits, axis=-1) - ops.sum(logits * words, axis=-1)  # −log softmax at the word
        return ops.mean(ops.sum(surprise, axis=(1, 2)))


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def small_network(blocks_of=1, width=8):
    return blocks.pixelcnn((28, 28, 1), levels=2, width=width, blocks=blocks_of, patch=2)


keras.utils.set_random_seed(session.seed)
apart = largest_difference(Ours(small_network()), PixelModel(small_network()), x_train[:128])
print(f"largest difference of any weight after two iterations: {apart:.1e}")
assert apart < 1e-5, "ours is the package's game"

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask: where is the sampling in this loss? (Nowhere.) And which of the games of lectures 01 to 09 had a loss whose value
# means something by itself? (The VAE's bound; and the Wasserstein critic's distance, as far as the critic is good.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Train, and read the number
#
# The network is *gated*: each block adds $\tanh(a)\odot\sigma(b)$ to its horizontal stack, with $a$ and $b$ from
# convolutions, so that a place can be shut. Both stacks are residual, and at the end stand 16 logits a patch.

# %% slideshow={"slide_type": "fragment"}
keras.utils.set_random_seed(session.seed)
network = small_network(settings["blocks"], settings["width"])
game = PixelModel(network, optimizer=keras.optimizers.Adam(3e-3))
game.compile(steps_per_execution=2 if not telling else 10)
print(f"{network.count_params():,} weights: images {network.input_shape[1:]} -> logits {network.output_shape[1:]}")
sight = pixels.context(network, 7, 7).sum()
print(f"the patch at (7, 7) sees {sight} pixels of the {14 * 28 + 2 * 14} before it; leak: {pixels.leak(network)}")
live = plots.Live(
    lambda: raster.sample(game.best(network), 12, seed=0), {"network_loss": "training images"}, columns=4,
    ylabel="nats per image", alt="Twelve digits, drawn patch by patch, and the nats per image, which fall.",
)  # fmt: skip
history = game.fit(
    x_train, batch_size=settings["batch"], epochs=6 if telling else 1, steps_per_epoch=settings["iterations"] // 6,
    verbose=0, callbacks=[live],
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the same game, played for longer by a larger network: `pixelcnn-binary` is shipped. Its recipe says how it was
# trained.

# %% slideshow={"slide_type": "fragment"}
run = pretrained.load("pixelcnn-binary")
shipped, scores = run.networks["network"], run.recipe["scores"]
print(f"{shipped.count_params():,} weights, {run.recipe['seconds'] / 60:.0f} minutes by the clock on "
      f"{run.recipe['machine']}; on all 10,000 test images {scores['nats-test']:.2f} nats")  # fmt: skip
nats = {"untrained": -log_probabilities(small_network(), x_test)}
nats |= {"live": -log_probabilities(network, x_test), "shipped": -log_probabilities(shipped, x_test)}
for name, values in nats.items():
    bits = metrics.bits_per_dimension(values.mean(), 784)
    print(f"{name:9} {values.mean():6.2f} ± {values.std() / np.sqrt(len(values)):.2f} nats, {bits:.3f} bits a pixel")
assert nats["live"].mean() < nats["untrained"].mean()
if telling and real:
    assert nats["shipped"].mean() < nats["live"].mean() < 130

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "cover"]
sheet = run.sample(20 if telling else 4, seed=1)
show(
    plots.image_rows({"shipped": sheet[:10], "real": 2 * x_test[: len(sheet[:10])] - 1}, low=-1.0, width=11),
    alt="A row of digits drawn by the shipped pixel model, over a row of real ones: alike in their strokes, and some "
    "of the drawn ones are no digit.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The upper row was drawn, the lower row is real. Nobody chose the best ones.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 5.1 Where do the nats go?
#
# log p is a sum over the page, so we can see where it is paid. Above: the images. Below: what each patch costs.

# %% slideshow={"slide_type": "skip"}
def prices(network, x, levels=2, patch=2):
    """−log p of each patch, (N, h, w) nats."""
    words = ops.convert_to_numpy(pixels.tokens(x, levels, patch))
    return -np.log(np.take_along_axis(pixels.conditionals(network, x), words[..., None], -1)[..., 0])


paid = prices(shipped, x_test)
assert np.allclose(paid.sum((1, 2)), nats["shipped"], rtol=1e-3), "the sum is −log p"
dearest = np.sort(paid.reshape(len(paid), -1))[:, -20:]
print(f"the 20 dearest of the 196 patches of a page take {dearest.sum() / paid.sum():.0%} of its nats")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
panels = {f"{total:.0f} nats": price for total, price in zip(nats["shipped"][:4], paid[:4])}
show(plots.image_grid(x_test[:4], columns=4, width=9), alt="Four digits.")
show(
    figures.heat(panels, "nats a patch"),
    alt="The cost of each patch of the four digits: dark along the strokes, above all where one begins or turns, "
    "and nearly nothing on paper.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Paper is cheap. The nats go to the strokes, whose frayed edges nobody can foretell, and most of all to places where
# one begins or turns. Once a line is under way, a patch of it costs less.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.2 One scale for many families
#
# All models below say something about the same published test images: the exact −log p, an upper bound of it, or an
# estimate with a partition function that is itself estimated (lecture 11). Published numbers stand beside them.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
def recipe_of(stored):
    return pretrained.load(stored).recipe["scores"] if stored in pretrained.available() else {}


vae = pretrained.load("vae-mnist-binary")
some_test = strided(published.x_test, 500 if telling else 20)
bound = -metrics.log_likelihood(**vae.networks, x=some_test, samples=1).mean()
weighted = -metrics.log_likelihood(**vae.networks, x=some_test, samples=200 if telling else 20).mean()
alone = float(np.mean(pixels.independent_nats(published.x_train.astype("float32"), published.x_test.astype("float32"))))
flat, parts = strided(published.x_train, 20_000 if telling else 300).reshape(-1, 784), 200 if telling else 5
mixture = mixtures.fit(flat, parts, rounds=12 if telling else 2)
mixed = -mixtures.log_likelihood(mixture, some_test.reshape(-1, 784)).mean()
rows = {  # name: (here, published, whether it is only a bound)
    "independent pixels": (alone, None, False),
    "mixture of Bernoullis": (mixed, 137.64, False),
    "VAE, the bound": (bound, None, True),
    "VAE, 200 weighted samples": (weighted, None, True),
    "RBM, 500 units": (recipe_of("rbm-binary").get("nats-test"), 86.34, False),
    "deep belief net": (recipe_of("dbn-binary").get("nats-test"), 84.55, True),
    "deep Boltzmann machine": (recipe_of("dbm-binary").get("nats-test"), 84.62, True),
    "MADE": (recipe_of("made-binary").get("nats-test"), 86.64, False),
    "PixelCNN": (scores["nats-test"], 81.30, False),
    "PixelRNN": (None, 79.20, False),
}
for name, (here, there, only_bound) in rows.items():
    told = "     —" if here is None else f"{'≤' if only_bound else ' '}{here:6.2f}"
    print(f"{name:26} {told}   published {there or '—'}")
# The order is what is claimed: the more a model knows of the past, the fewer nats it needs.
assert rows["PixelCNN"][0] < rows["MADE"][0] < alone or not real
if telling and real:
    assert nats["shipped"].mean() < weighted < bound < alone, "the first three on the same images"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
told_rows = "; ".join(f"{n} {h:.1f}" for n, (h, *_) in rows.items() if h is not None)
show(
    figures.ladder({name: row for name, row in rows.items() if name != "independent pixels"}, "nats per image"),
    alt=f"Nats per image by model, here and as published. Here: {told_rows}.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Fewer nats are better. One nat less means that a test image is 2.7 times as likely under the model, in the geometric
# mean. The published ones: mixture and RBM from Salakhutdinov and Murray (2008), deep belief net from Murray and
# Salakhutdinov (2009), deep Boltzmann machine from Salakhutdinov and Hinton (2009), MADE (two layers and 32 masks,
# where ours has one of each) from Germain et al. (2015), PixelCNN and PixelRNN from van den Oord et al. (2016a). That
# of the deep Boltzmann machine is a bound, too. The VAE learned from fresh draws of all 60,000 training digits, all
# others here from the one published draw of 50,000. The mixture, of 200 parts where the published one has 500, was
# fitted just now to 20,000 images; its number and the VAE's are of 500 of the test images, all others of all 10,000.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask: which rows can be compared to the last digit? (The exact ones on the same images: independent pixels, MADE,
# PixelCNN.) What do we know if a bound is above an exact number? (Nothing about which model is better.) Then point at
# the GANs: why are they not in the table?

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 5.3 Copying is a gap
#
# Of a GAN we asked whether it copies, and had to look for neighbours. Here copying is a number: a model that has
# learned its images by heart gives *them* fewer nats than others. Two networks, alike but for how many images they see.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
pair = {}
twin_game = PixelModel(small_network(2, settings["width"]), optimizer=keras.optimizers.Adam(3e-3))
twin_game.compile(steps_per_execution=2 if not telling else 10)
for name, count in (("100 images", 100), ("all images", len(x_train))):
    keras.utils.set_random_seed(1)
    fresh = PixelModel(small_network(2, settings["width"]), optimizer=keras.optimizers.Adam(3e-3))
    restart(twin_game, fresh)
    subset = strided(x_train, count)
    twin_game.fit(subset, batch_size=settings["batch"], epochs=1, steps_per_epoch=settings["copies"], verbose=0)
    pair[name] = [-log_probabilities(twin_game.network, some).mean() for some in (strided(subset, len(x_test)), x_test)]
    print(f"{name}: nats of images it was trained on {pair[name][0]:.1f}, of test images {pair[name][1]:.1f}")
twin_game.release()
print(f"the shipped run: gap {scores['nats-test'] - scores['nats-train']:.2f} nats")
if telling:
    gaps = {name: test - train for name, (train, test) in pair.items()}
    assert gaps["100 images"] > gaps["all images"] + 5, "by heart"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The net of 100 images gives its own ones 32 nats fewer than others. The iterations were as many for both, so the
# number of images decides. But the other net has met only 3,840 of its 50,000 images by then: it had no chance to copy,
# and its gap of 2.4 nats is hardly more than two sets of 400 images differ by (each mean is known to about one nat). A
# fairer control is the shipped net. It has met each image about six times, and its gap is one nat. Nothing had to be
# looked for among neighbours.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Drawing is slow
#
# To draw, throw a die for the first word, write it down, ask again. One pass a word: 196 passes for one page, and
# 784 without patches. In a cell, the slow way:

# %% slideshow={"slide_type": "fragment"}
def slowly(network, n, seed, keep=()):
    u = np.random.default_rng(seed).random((n, 14, 14))  # one uniform number a patch
    words, film = np.zeros((n, 14, 14), "int32"), []
    for row, column in np.ndindex(14, 14):
        logits = network.predict_on_batch(pixels.untokens(words, 2, 2))[:, row, column]  # a whole pass for one word
        weight = np.cumsum(np.exp(logits.astype("float64") - logits.max(1, keepdims=True)), axis=1)  # (n, 16)
        words[:, row, column] = (weight[:, :-1] <= u[:, row, column, None] * weight[:, -1:]).sum(1)
        if (row, column) in keep:
            film.append(pixels.untokens(words, 2, 2))
    return pixels.untokens(words, 2, 2), film


k = 16 if telling else 2
moments = [(3, 13), (5, 13), (7, 6), (9, 13), (13, 13)]
drawn, film = slowly(shipped, k, seed=5, keep=moments)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.image_rows({f"patch {14 * r + c + 1}": frames[:8] for (r, c), frames in zip(moments, film)}, width=10),
    alt="Digits in the making: each row a moment, and from row to row more of each page is written, from the top.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Most of each pass is wasted: it computes all places, and one is asked for. The past does not change any more, so what
# the layers made of it can be kept: a **cache**, row by row. It must not change a single pixel.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
def seconds(function, *args, **options):
    """Processor time of a call, and what it returned."""
    began = time.process_time()
    made = function(*args, **options)
    return (time.process_time() - began), made


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
spent, images = {}, {}
raster.sample(shipped, k, 0)  # the first call compiles
for name, cache in (("a pass a patch", False), ("row cache", True)):
    spent[name], images[name] = seconds(raster.sample, shipped, k, 5, cache=cache)
same = np.array_equal(images["a pass a patch"], images["row cache"]), np.array_equal(drawn, images["row cache"])
print(f"bit for bit the same images: {same[0]}; and those of the cell above: {same[1]}")
factor = spent["a pass a patch"] / spent["row cache"]
print(f"the cache saves a factor of about {factor:.1g} of processor time")
assert all(same)
assert not telling or factor > 2

# %% slideshow={"slide_type": "fragment"}
cost = {"PixelCNN, row cache": spent["row cache"] / k}
for name, stored in (("VAE", "vae-mnist-binary"), ("GAN", "gan-mnist"), ("DCGAN", "dcgan-mnist"),
                     ("RBM", "rbm-binary"), ("PixelCNN over codes", "pixelcnn-codes")):  # fmt: skip
    if stored in pretrained.available() and (telling or stored != "rbm-binary"):  # its chain takes long
        found, n = pretrained.load(stored), settings["few"]
        found.sample(n, 0)
        cost[name] = seconds(found.sample, n, 0)[0] / n
for name, each in cost.items():
    print(f"{name:20} {1000 * each:8.1g} ms of processor time an image")
assert cost["PixelCNN, row cache"] > 10 * cost["VAE"] and cost["PixelCNN, row cache"] > 10 * cost["GAN"]

# %% [markdown] slideshow={"slide_type": "fragment"}
# So the first downside of the slide is true: one pass of a decoder or a generator is about 60 to 700 times as fast
# here. (The pixel model drew 16 pages at once and the others 64. For large batches the cache pays better: the recipe
# has 13 ms a page by rows, and 306 the slow way. The RBM of lecture 11 is no faster: its chain takes two thousand
# steps.) It is a downside of *drawing* alone: training and scoring take one pass. And it is the price of asking one
# question after the other; in this model a die can only be thrown when those before it lie.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · How much context?
#
# The second downside on the slide: "only considers few context pixels". How few, and does it matter? A recorded study
# has trained nets of *eight blocks each*, of which 0, 1, 2, 4 or 8 let the context grow; in the others the kernels are
# 1×1. So depth and width are the same; what differs is how far they see, and with it the number of weights. Three
# seeds.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
study, field_of = studies.read("receptive-fields")
growing, in_sight = field_of["growing"].astype(int).tolist(), field_of["context"][:, 0]
for k_, context, runs in zip(growing, in_sight, field_of["nats"]):
    print(f"{k_} of 8 blocks grow: {context:4.0f} of {field_of['context'][0, 1]:.0f} pixels in sight, nats "
          + ", ".join(f"{value:.2f}" for value in runs))  # fmt: skip
gain = field_of["nats"][0] - field_of["nats"][-1]
print(f"from {growing[0]} to {growing[-1]}: {gain.mean():.2f} nats fewer, in every seed by {gain.min():.2f} at least")
assert gain.min() > 0 and in_sight[-1] > in_sight[0]

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    figures.spreads(growing, {"pixels in sight": in_sight[:, None], "nats": field_of["nats"]}, "growing blocks of 8"),
    alt="Pixels that a patch near the bottom sees, and nats of images that were held back, a dot a seed: "
    + "; ".join(f"{g} growing blocks, {c:.0f} pixels, {r.mean():.1f} nats"
                for g, c, r in zip(growing, in_sight, field_of["nats"])) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Thirty times the sight is worth 1.8 to 2.7 nats, and in the mean two thirds of that come with the first 32 pixels:
# after 300 iterations, what these nets have learned lies near by.
#
# Even that little is not yet the context's, for 1×1 kernels have fewer weights. Live, a slice of the study with a
# control: the net with one growing block, made so wide that it has *at least as many* weights as the one with eight.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
shapes = {"sees little": (16, 1), "little, but wider": (22, 1), "sees far": (16, 8)}  # width, growing blocks
field_nats, weights_of = {}, {}


def of_shape(width, grow):
    sized = blocks.pixelcnn(width=width, blocks=8 if telling else 2, first=(1, 3), growing=grow)
    return PixelModel(sized, optimizer=keras.optimizers.Adam(4e-3))


for name, shape in shapes.items():
    playing, field_nats[name] = of_shape(*shape), []
    playing.compile(steps_per_execution=min(10, settings["field"]))
    for seed in range(settings["seeds"]):
        keras.utils.set_random_seed(seed)
        restart(playing, of_shape(*shape))
        playing.fit(x_train, batch_size=settings["batch"], steps_per_epoch=settings["field"], verbose=0)
        field_nats[name].append(float(-log_probabilities(playing.network, x_test).mean()))
    weights_of[name] = playing.network.count_params()
    print(f"{name:18} {weights_of[name]:7,} weights, {pixels.context(playing.network, 12, 7).sum():4} pixels in sight, "
          "nats " + ", ".join(f"{value:.1f}" for value in field_nats[name]))  # fmt: skip
    playing.release()
assert weights_of["little, but wider"] >= weights_of["sees far"]
if telling and real:
    wider, far = (np.mean(field_nats[name]) for name in ("little, but wider", "sees far"))
    assert abs(wider - far) < 6, "neither of the two wins by much"

# %% [markdown] slideshow={"slide_type": "fragment"}
# After these 90 iterations the wider net with its short sight is *ahead* of the one that sees far, in all three seeds,
# and far sight alone has gained nothing. So the study's two nats, after 300, are no proof that context helps: the
# weights may have bought them. (The net that sees far could see 532 pixels; after this training its answer moves with
# 476 of them.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Does a net that was trained for longer use what is far? Ask the shipped one. For each row of patches, leave the `r`
# rows above it as they are and put another digit's rows in the place of all further up. If the far past told nothing,
# the nats would stay.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def near_only(network, x, r):
    """Nats an image when all that is more than r rows of patches above is another image's."""
    total, others = 0.0, np.roll(x, 1, axis=0)
    for row in range(14):
        mixed = x.copy()
        mixed[:, : max(0, 2 * (row - r))] = others[:, : max(0, 2 * (row - r))]
        total += prices(network, mixed)[:, row].sum(1).mean()
    return total


some = x_test[: 100 if telling else 10]
whole_past = prices(shipped, some).sum((1, 2)).mean()
swapped_past = {r: near_only(shipped, some, r) - whole_past for r in (1, 2, 4, 8, 13)}
for r, more in swapped_past.items():
    print(f"true are only the {r:2} rows of patches above: {more:+.2f} nats")
print(f"the net sees {pixels.context(shipped, 12, 7).sum()} of the 700 pixels before the patch at (12, 7)")
assert abs(swapped_past[13]) < 1e-3, "nothing was swapped"
if real:
    assert swapped_past[1] > swapped_past[2] > swapped_past[4] > 0.5, "the far past is used"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The shipped net does use it: with four true rows of patches above, a wrong past further up costs 5 nats, with eight
# half a nat. (This bounds what the far past is worth from above, for a net that had never relied on it would lose
# less.) So "only few context pixels" is a matter of depth, which costs time, and of training; it is no law.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask for a guess before the study's figure: how many nats is it worth to see thirty times as many pixels? Most will
# guess too much. Then ask what would need a far look: a closed loop, two equal halves.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · It answers p(x)
#
# Another slide of the lecture says what GANs cannot do: "inference queries such as p(x)". Here is a model that can.
# First the plainest question. Which of two images is likelier?

# %% slideshow={"slide_type": "fragment"}
n = min(200, len(x_test))
as_it_is = x_test[:n]
changed = {
    "mirrored": as_it_is[:, :, ::-1],
    "upside down": as_it_is[:, ::-1],
    "4 pixels lower": np.roll(as_it_is, 4, axis=1),
    "row 14 rubbed out": as_it_is * (np.arange(28) != 14)[None, :, None, None].astype("float32"),
    "no ink at all": 0 * as_it_is,
}
base = -log_probabilities(shipped, as_it_is)
# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
verdicts = {name: -log_probabilities(shipped, images) - base for name, images in changed.items()}
for name, more in verdicts.items():
    print(f"{name:18} {more.mean():+7.1f} nats ± {more.std() / np.sqrt(n):.1f}; dearer than the original "
          f"{np.mean(more > 0):.0%}")  # fmt: skip
if real:
    assert all(np.mean(verdicts[name] > 0) > 0.8 for name in list(changed)[:4])
    assert (verdicts["no ink at all"] < 0).all()

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
rows = {"as it is": as_it_is} | changed
show(
    plots.image_rows({name: images[:8] for name, images in rows.items()}, width=9),
    alt="Eight digits, and the same ones mirrored, upside down, lower with what left the page below back at the top, "
    "with the middle row rubbed out, and eight blank pages.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It knows which way digits face, where they stand and that strokes do not break. (What leaves the page below comes back
# at the top, as the figure shows. That is not all that costs: the 110 digits of which nothing comes back are dearer by
# 61 nats, measured apart.) But look at the last row: the **blank page is likelier than any digit** that was asked
# about. That is no fault of the model: at 27 nats it would draw a blank page once in about 10¹² times. A digit costs
# many nats because there are so many digits, and each of them is rare; there is one blank page. Section 9 makes a trap
# of it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 8.1 Completing
#
# Keep the upper half of a digit, and draw on from there. Nothing has to be trained for it: the chain rule *is* the
# answer, as long as the known part comes first. Eight lower halves for each.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
grey_test, y_test = digits.x_test[:1_000], digits.y_test[:1_000]
binary_test = (np.random.default_rng(2).random(grey_test.shape) < grey_test / 255).astype("float32")
k = 8 if telling else 2
whole, known = np.repeat(binary_test[:k], 8, axis=0), np.zeros((28, 28), bool)
known[:14] = True
completed = raster.complete(shipped, whole, known, seed=0)
assert np.array_equal(completed[:, known], whole[:, known]) and len(np.unique(completed, axis=0)) > len(whole) // 2
swapped = np.roll(completed, 8, axis=0)  # lower halves that were drawn for another upper half
swapped[:, known] = whole[:, known]
truth, right = np.repeat(y_test[:k], 8), {}
for name, images in (("the whole digit", whole), ("completed", completed), ("another's lower half", swapped),
                     ("lower half blank", whole * known[None, ..., None])):  # fmt: skip
    right[name] = np.mean(read(2 * images - 1).probabilities.argmax(1) == truth)
    cost_of = -log_probabilities(shipped, images).mean()
    print(f"{name:21} read as what it was {right[name]:4.0%}, {cost_of:6.1f} nats")
assert right["completed"] > right["another's lower half"] + 0.2 or not (telling and real)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
halves = completed.reshape(k, 8, 28, 28, 1)
shown = {"image": binary_test[:k], "known": binary_test[:k] * known[..., None]}
show(
    plots.image_rows(shown | {f"drawn {j + 1}": halves[:, j] for j in range(8)}, width=8),
    alt="Digits, their upper halves, and eight lower halves each that the model has drawn to them. The strokes go on "
    "across the seam; where the upper half leaves it open, the digits differ.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The control is the third line that was printed: with lower halves that were drawn for *another* digit, fewer are read
# as what they were, and the page costs more nats. So the lower halves fit their upper ones. (Eight digits are few, and
# the judge misreads even one of the eight whole ones.) Where an upper half leaves it open, other digits come out, and
# that is no mistake.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 8.2 Generative against discriminative
#
# A classifier learns $p(y|x)$. A *generative* classifier learns $p(x|y)$, how each class writes, and Bayes' rule turns
# it round:
#
# $$p(y|x) = \frac{p(x|y)\,p(y)}{\sum_{k} p(x|k)\,p(k)}.$$
#
# The same network serves both: told the class and asked for pixels, or with its layers averaged over the page and asked
# for the class. Which is better, with few labels and with many? The same images, iterations and seeds for both.

# %% slideshow={"slide_type": "skip"} tags=["long"]
class Classifier(Game):
    def __init__(self, network, seed=0):
        player = Player("network", [network], self.surprise, keras.optimizers.Adam(3e-3))
        super().__init__([player], seed=seed)
        self.network = network

    def surprise(self, batch, training):
        logits = self.network(batch[0], training=training)
        return ops.mean(keras.losses.sparse_categorical_crossentropy(batch[1], logits, from_logits=True))


def asked_for_pixels():
    return PixelModel(blocks.pixelcnn(width=16, blocks=2, classes=10), optimizer=keras.optimizers.Adam(3e-3))


def asked_for_the_class():
    trunk = blocks.pixelcnn(width=16, blocks=2)
    pooled = layers.GlobalAveragePooling2D()(trunk.get_layer("hidden").output)  # the last layer before the logits
    return Classifier(keras.Model(trunk.inputs, layers.Dense(10)(layers.ReLU()(pooled))))


def wrong(game, x, y):
    """The share of images that a game's network puts into a wrong class."""
    if isinstance(game, PixelModel):  # equal priors: the class under which the image is likeliest
        return float(np.mean(pixels.class_log_probabilities(game.network, x).argmax(1) != y))
    return float(np.mean(game.network.predict(x, verbose=0).argmax(1) != y))


# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
crisp, y_labelled = lambda images: (images > 127).astype("float32"), digits.y_train.astype("int32")
x_asked, y_asked = crisp(digits.x_test[: settings["test"]]), digits.y_test[: settings["test"]]
errors = {}
for name, make in (("generative", asked_for_pixels), ("discriminative", asked_for_the_class)):
    keras.utils.set_random_seed(0)
    playing = make()
    playing.compile(steps_per_execution=settings["labels"])
    for count in (100, 1_000, len(y_labelled)):
        errors[name, count] = []
        for seed in range(settings["seeds"]):
            keras.utils.set_random_seed(seed)
            restart(playing, make())
            chosen = np.random.default_rng(seed).permutation(len(y_labelled))[:count]  # the same ones for both
            playing.fit(
                crisp(digits.x_train[chosen]), y_labelled[chosen], batch_size=settings["batch"], verbose=0,
                steps_per_epoch=settings["labels"],
            )  # fmt: skip
            errors[name, count].append(wrong(playing, x_asked, y_asked))
        print(f"{count:5} labels, {name:14} wrong: " + ", ".join(f"{error:.1%}" for error in errors[name, count]))
    playing.release()

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
if "pixelcnn-classes" in pretrained.available():
    by_class = pretrained.load("pixelcnn-classes")
    log_p = pixels.class_log_probabilities(by_class.networks["network"], x_asked)  # (N, 10), log p(x|y)
    sure = np.exp(log_p.max(1) - np.logaddexp.reduce(log_p, axis=1))  # p(y|x) of the best class, equal priors
    print(f"shipped, trained for longer: {np.mean(log_p.argmax(1) != y_asked):.1%} of {len(y_asked)} wrong, "
          f"by its recipe {by_class.recipe['scores']['error-generative-classifier']:.1f}% of all test images; "
          f"{sure.mean():.0%} sure of its class in the mean")  # fmt: skip

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.dots(
        {f"error with {count:,} labels": [errors["generative", count], errors["discriminative", count]]
         for count in (100, 1_000, len(y_labelled))},
        ["generative", "discriminative"],
    ),
    alt="Share of wrong classes by the generative and the discriminative use of the same layers, a dot a seed: "
    + "; ".join(f"{name} with {count} labels " + ", ".join(f"{v:.1%}" for v in values)
                for (name, count), values in errors.items()) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# In 90 iterations, which show 2,880 images, the generative use learns more. (Each panel has its own scale, the share of
# wrong classes.) Read this with care. One reason may be that each image asks it 196 questions, and the discriminative
# use one; another, that a mean over the page is a poor way to read a class from layers made for looking back. More
# labels do not help the discriminative use at all, and the generative one hardly after 1,000: so few iterations cannot
# use them. It does *not* follow that Bayes' rule is the better classifier. A larger generative net, trained for longer,
# is wrong on 3.1% of the test images (its recipe), and the judge of this course, a discriminative network, on 0.4% of
# grey ones.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · When it fails: likelier than the data
#
# A density looks like a detector: score an image, and call it strange if p(x) is low. Try it. A model learns *clothes*,
# Fashion-MNIST, in 64 grey levels and 14×14 pixels, pixel by pixel. Then it scores clothes it has not seen, digits,
# and pages of one grey.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
def coarse(images, levels=64):
    """14×14 means of 2×2 pixels, in 64 levels."""
    means = images.reshape(len(images), 14, 2, 14, 2, 1).mean((2, 4))
    return pixels.quantised(means.astype("uint8"), levels)


fashion = data.load("fashion_mnist", fallback="glyphs")
clothes = {"train": coarse(fashion.x_train[:20_000]), "test": coarse(fashion.x_test[:500])}
asked_about = {"clothes": clothes["test"], "digits": coarse(digits.x_test[:500])}
asked_about |= {f"a page of grey {level}": np.full((1, 14, 14, 1), level, "float32") for level in (0, 32)}
fashion_is_real = real and "glyphs" not in data.source("fashion_mnist").text
runs = {name: [] for name in asked_about}
make = lambda: PixelModel(blocks.pixelcnn((14, 14, 1), 64, 24, 3, patch=1), optimizer=keras.optimizers.Adam(3e-3))  # noqa: E731
keras.utils.set_random_seed(0)
playing = make()
playing.compile(steps_per_execution=10 if telling else 2)
for seed in range(settings["seeds"]):
    keras.utils.set_random_seed(seed)
    restart(playing, make())
    playing.fit(clothes["train"], batch_size=settings["batch"], steps_per_epoch=settings["fashion"], verbose=0)
    for name, images in asked_about.items():
        runs[name].append(-log_probabilities(playing.network, images))
    print(f"seed {seed}: nats " + ", ".join(f"{name} {values[-1].mean():.0f}" for name, values in runs.items()))

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    figures.histograms({name: values[0] for name, values in runs.items()}, "nats an image"),
    alt="Nats per image under a model of clothes: many digits lie below most clothes, the empty page at the far "
    "left, below them all, and a page of middle grey above nearly all clothes.",
)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
crumpled = lambda images: np.array([len(zlib.compress(image.astype("uint8").tobytes())) for image in images])  # noqa: E731
surprise = {name: runs[name][0] for name in ("clothes", "digits")}
size = {name: crumpled(asked_about[name]) for name in surprise}
for name in surprise:
    together = np.corrcoef(size[name], surprise[name])[0, 1]
    print(f"{name}: zipped {size[name].mean():.0f} bytes; correlation with the nats {together:.2f}")
own = raster.sample(playing.network, settings["few"], seed=0)
of_own = -log_probabilities(playing.network, own)
print(f"what the model draws itself: {of_own.mean():.0f} ± {of_own.std():.0f} nats")
for seed_values in zip(*(runs[name] for name in ("clothes", "digits", "a page of grey 0"))):
    dressed, written, blank = (values.mean() for values in seed_values)
    if telling and fashion_is_real:
        assert written < dressed and blank < dressed, "a high likelihood is not: belongs to the data"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The model has never seen a digit, and in the mean gives digits a *higher* likelihood than clothes, with each seed. The
# empty page is likelier than every image of the histogram. Nothing is broken. Digits are mostly paper with a few
# strokes, clothes are full of grey texture, and among the images of a set the simple ones are cheap: their size in a
# zip program goes with the nats (Serrà et al., 2020). Simple is not enough, though. A page of middle grey is as simple
# as the empty one, and costs more than nearly all clothes: the model has met no such page. What the model draws itself
# costs even more than clothes, so it does not draw empty pages. A likelihood is that of one image, and says nothing of
# how many such images there are. Do not use p(x) alone to tell what belongs (Nalisnick et al., 2019).
#
# It takes texture to be fooled so: with 8 levels in place of 64, clothes are flat patches, and digits cost more than
# clothes (143 against 129 nats after as many iterations, one seed, measured apart).

# %% [markdown] slideshow={"slide_type": "notes"}
# Take bets before the histogram. Then ask: so is the number of section 5 worthless? (No: there all models were asked
# about the same images.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · Codes instead of pixels
#
# Both downsides, the slow drawing and the short sight, grow with the number of steps. So take fewer and larger ones. A
# **VQ-VAE** (van den Oord et al., 2017) is an autoencoder whose code is a page of 7×7 *words* out of a book of 32:
#
# $$q_{ij} = \operatorname{argmin}_k \|z_{ij} - e_k\|,\qquad \hat x = D(e_q).$$
#
# No gradient passes an argmin, so it is copied past it: $e_q \leftarrow z + \mathrm{sg}(e_q - z)$, "straight through".
# The words $e_k$ follow the means of the $z$ that chose them. Then a PixelCNN learns to write pages of 49 words.

# %% slideshow={"slide_type": "skip"}
parts = pretrained.load("vqvae-mnist").networks
entries = ops.convert_to_numpy(parts["codebook"].get_layer("codebook").entries)  # (K, d)
x_grey = (digits.x_test[: 200 + settings["few"]] / 255).astype("float32")
z = parts["encoder"].predict(x_grey, verbose=0)  # (N, 7, 7, d)
words = np.square(z[..., None, :] - entries).sum(-1).argmin(-1)  # the nearest word, (N, 7, 7)
assert np.array_equal(words, vq.codes_of(parts["encoder"], parts["codebook"], x_grey)[..., 0])
back = vq.decoded(parts["codebook"], parts["decoder"], words[..., None].astype("float32"))
used = np.bincount(words.ravel(), minlength=len(entries)) / words.size
error = np.square(back - x_grey).sum((1, 2, 3)).mean()
print(f"{len(entries)} words of {entries.shape[1]} numbers, {np.mean(used > 0):.0%} in use; squared error {error:.1f}")

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
page = words[:8, ..., None].repeat(4, 1).repeat(4, 2) / (len(entries) - 1)
show(
    plots.image_rows({"image": x_grey[:8], "49 words": page, "read back": back[:8]}, width=9),
    alt="Eight digits, their pages of 7×7 words as squares of grey, and what the decoder reads from them: nearly the "
    "same digits, a little smoother.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the middle the pages as the pixel model will see them: each grey is a word. Below, what the decoder makes of them.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
over_codes, n, made = pretrained.load("pixelcnn-codes"), settings["few"], {}
spent["codes"], made["codes"] = seconds(over_codes.sample, n, 2)
spent["pixels"], made["pixels"] = seconds(run.sample, n, 2)
judged = {  # what is judged, and against what: grey digits for grey ones, black and white ones for black and white
    "drawn word by word": (made["codes"], 2 * x_grey[:200] - 1),
    "real ones, read back from their words": (2 * back[200:] - 1, 2 * x_grey[:200] - 1),
    "drawn by pixels": (made["pixels"], 2 * binary_test[:200] - 1),
    "real ones, black and white": (2 * binary_test[200 : 200 + n] - 1, 2 * binary_test[:200] - 1),
}
for name, (some, against) in judged.items():
    fd = metrics.frechet_distance(read(some).features, read(against).features)
    print(f"{name:38} FD {fd:6.2f} of {len(some)}")
print(f"49 steps against 196: a factor of about {spent['pixels'] / spent['codes']:.1g} in processor time")
for of, recipe in (("codes", over_codes.recipe), ("pixels", run.recipe)):
    told = ", ".join(f"{name} {value:.2f}" for name, value in recipe["scores"].items() if name.startswith("FD"))
    print(f"recipe, {of}: {told}")
assert spent["pixels"] > 1.5 * spent["codes"] or not telling

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
some = min(n, 12)
show(
    plots.image_rows({"by codes": made["codes"][:some], "by pixels": made["pixels"][:some]}, low=-1.0, width=11),
    alt="Digits drawn by the pixel model over codes, smooth and grey, and by the one over pixels, black and white.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It is faster, by what fewer and smaller passes save. Is it better? Not here: by the recipe, with 2,000 images, the FD
# of what is drawn word by word is 4.1, and that of real digits read back from their words 0.4. The decoder is not what
# fails, then; the writer of pages is, after less than two minutes of training. And the exact p(x) of the *image* is
# lost: the number is now that of the page of words. The plan is the one of *taming transformers*, which the lecture
# names for high resolution (Esser et al., 2021): there the words come from an autoencoder with a discriminator, and a
# transformer writes the page.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask: why does the same network need fewer layers now? (Seven steps reach every edge.) And what did we pay?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## In depth
#
# ### A · MADE: a mask for any network
#
# Convolutions are not needed. Give each unit of an ordinary network a *degree* $m$, the last pixel that it may know,
# and keep a weight only where the degree does not fall: $m(\text{to}) \ge m(\text{from})$, and at the outputs
# $m(\text{to}) > m(\text{from})$ (Germain et al., 2015). On nine pixels:

# %% slideshow={"slide_type": "fragment"}
order = np.arange(9)  # a pixel's degree is its place
units = np.random.default_rng(0).permutation(np.arange(24) % 8)
into = (units[None, :] >= order[:, None]).astype("float32")  # (9, 24)
out = (order[None, :] > units[:, None]).astype("float32")  # (24, 9), strict: a pixel may not know itself
assert np.array_equal(into, made_mask(list(order), list(units), strict=False))
assert np.array_equal(out, made_mask(list(units), list(order), strict=True))
paths = into @ out  # how many ways lead from pixel to answer
assert np.array_equal(np.tril(paths), np.zeros((9, 9))), "none from a pixel to itself or to an earlier one"
tiny = shaken(blocks.made((3, 3, 1), (24,)), seed=0)
total = both_sums(pixels.conditionals(tiny, every)[..., 1].reshape(512, 9))[0]
print(f"MADE on 3×3 pixels: all 512 probabilities sum to {total:.6f}")
assert abs(total - 1) < 1e-5

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.maps({"ways from pixel (row) to answer (column)": paths.astype(int)}, width=5.5),
    alt="A table of nine by nine whole numbers: above the diagonal how many ways lead from a pixel to an answer, on it "
    "and below it zeros.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# All ways lead to later pixels: nothing stands on the diagonal or below it. MADE was trained on the same digits as
# well; its nats stand in the table of section 5.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### B · WaveNet: the same in one dimension
#
# Sound is a sentence of 16,000 words a second. Ordinary causal layers would need thousands of them to look back one
# second. WaveNet (van den Oord et al., 2016c), which the lecture names for speech, leaves gaps: *dilations* 1, 2, 4, …
#
# ### Exercise 3 · How far back?
#
# A stack of causal convolutions in one dimension: each has a kernel of `kernel` numbers, and layer k, whose dilation d
# is `dilations[k]`, sees its input at the times t, t − d, t − 2d and so on. `dilations` is a tuple of whole numbers,
# one a layer. Return how far back one output sees: the number of times from its earliest input to its own, both
# included.

# %% slideshow={"slide_type": "fragment"}
def my_field(kernel, dilations):
    return ...


field_by_formula = exercises.pixels.field.use(my_field)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_field(kernel, dilations):
#     return 1 + (kernel - 1) * sum(dilations)
# ```
#
# Reaches add up, layer by layer. With dilations 1, 2, 4, … each layer doubles the reach at the same cost, so ten layers
# with a kernel of 2 see 1,024 steps; without dilation they see 11. So WaveNet answers "only few context pixels".
#
# </details>

# %% slideshow={"slide_type": "fragment"}
def looked_back(dilations, steps=300, kernel=2):
    """How far back the last output sees, by the derivative."""
    x = h = keras.Input((steps, 1))
    for dilation in dilations:
        h = layers.Conv1D(4, kernel, padding="causal", dilation_rate=dilation, activation="tanh")(h)
    network, sound = keras.Model(x, h), np.random.default_rng(0).standard_normal((1, steps, 1), dtype="float32")
    slope = backend.input_gradient(lambda x: ops.sum(network(x)[:, -1], axis=-1), sound)
    return int(steps - np.flatnonzero(ops.convert_to_numpy(ops.stop_gradient(slope)))[0])


# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
keras.utils.set_random_seed(0)
for depth in (1, 2, 4, 8) if telling else (1, 2, 4):
    plain, dilated = (1,) * depth, tuple(2**k for k in range(depth))
    found = looked_back(plain), looked_back(dilated)
    print(f"{depth} layers: {found[0]:3} steps without dilation, {found[1]:3} with dilations {dilated}")
    assert found == (field_by_formula(2, plain), field_by_formula(2, dilated))

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Your turn
#
# Exercises 1 and 2 stand in sections 2 and 3, exercise 3 above. Fill in the dots and run the cell. The check says what
# is wrong, `exercises.pixels.bayes.hint()` gives a hint, and the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 4 · Repair a classifier
#
# `log_likelihoods` is an array (N, K): log p(x|y) in nats of N images under each of K classes. `prior` is an array
# (K,): p(y). Bayes' rule gives p(y|x), an array (N, K) whose rows sum to 1. The code does what the rule says, and with
# small images it works. With large ones it answers `nan`. Find the fault and repair it, so that no size breaks it.

# %% slideshow={"slide_type": "skip"}
def my_posterior(log_likelihoods, prior):
    weights = np.exp(log_likelihoods) * prior
    return weights / weights.sum(axis=1, keepdims=True)


exercises.pixels.bayes.check(my_posterior)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_posterior(log_likelihoods, prior):
#     logits = log_likelihoods + np.log(prior)
#     weights = np.exp(logits - logits.max(axis=1, keepdims=True))
#     return weights / weights.sum(axis=1, keepdims=True)
# ```
#
# p(x|y) of an image is a product of hundreds of numbers below 1, and a computer rounds it to 0 in every class. Only the
# differences of the logarithms matter. So subtract the largest: it cancels in the quotient, and one weight of each row
# is near 1.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 5 · What a flipped pixel costs
#
# Take at least 50 test images and flip each pixel with some probability, the same images for each share: at least four
# shares, 0 and one of at least 0.2 among them. Measure the mean of −log p in nats by the shipped model. Fill a dict,
# `{share: nats}`. To name the flipped pixels costs 784 · H(share) nats, with H(s) = −s log s − (1 − s) log(1 − s).
# Write in a sentence or two how the rise of your numbers compares with it, and what that says about the model.

# %% slideshow={"slide_type": "skip"}
my_nats = ...
my_reading = ...

exercises.pixels.flips.check(my_nats, my_reading)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# my_nats = {}
# rng_of_mine = np.random.default_rng(0)
# for share in (0.0, 0.01, 0.05, 0.2):
#     flipped = np.abs(some_test - (rng_of_mine.random(some_test.shape) < share)).astype("float32")
#     my_nats[share] = float(-pixels.log_probabilities(shipped, flipped).mean())
# my_reading = "Each flip costs more than naming it, since the model is sure of the paper and never saw a flip."
# ```
#
# The likelihood is strict about what the eye forgives. A few flipped pixels leave a digit readable, and cost dozens of
# nats, because in a corner that is always white a single black pixel is a great surprise. So a likelihood says how well
# a model tells *all* of an image, and noise counts as much as strokes.
#
# A good answer says:
#
# - It names the nats without noise and at the largest share.
# - It sets the rise beside 784 · H(share), and says which of the two is larger, at a small share and at a large one.
# - It says that the model never saw a flip in training: it is sure in the background, and pays for it when it is wrong.
# - It says that a flip costs twice: for itself, and because it stands in the context of its neighbours.
#
# </details>

# %% slideshow={"slide_type": "skip"}
exercises.summary()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 11 · Recap
#
# - The chain rule makes any network that only looks back an exact density: nothing to bound, nothing to normalise.
# - Masks look back; one stack of masked convolutions leaves a blind spot, two leave none.
# - Training takes one pass for all pixels; drawing takes one for each. A cache saves most of the work, but the pixels
#   still come one after the other.
# - Nats on the same images compare models of any family, and copying shows as a gap.
# - p(x) completes, compares and classifies. It does not tell what belongs to the data: much that is simple is cheap.
# - Fewer and larger words, the codes of a VQ-VAE, buy speed, and cost the exact p(x) of the image.
#
# Lecture 11 puts its numbers on the same scale, though it cannot even add up its own density.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | three factors stand before a product from $i = 1$ on | the product alone, with $p(x_3\mid x_1, x_2)$ (section 2) |
# | "only considers few context pixels" | true of few layers and of a short training; section 7 counts |
# | "slow sequential generation" | true of drawing; training takes all pixels at once (section 4) |
#
# ### References
#
# - Esser, Rombach & Ommer (2021), *Taming Transformers for High-Resolution Image Synthesis*,
#   <https://arxiv.org/abs/2012.09841>
# - Germain et al. (2015), *MADE: Masked Autoencoder for Distribution Estimation*, <https://arxiv.org/abs/1502.03509>
# - Larochelle & Murray (2011), *The Neural Autoregressive Distribution Estimator*,
#   <https://proceedings.mlr.press/v15/larochelle11a.html>
# - Murray & Salakhutdinov (2009), *Evaluating probabilities under high-dimensional latent variable models*
# - Nalisnick et al. (2019), *Do Deep Generative Models Know What They Don't Know?*, <https://arxiv.org/abs/1810.09136>
# - van den Oord, Kalchbrenner & Kavukcuoglu (2016a), *Pixel Recurrent Neural Networks*,
#   <https://arxiv.org/abs/1601.06759>
# - van den Oord et al. (2016b), *Conditional Image Generation with PixelCNN Decoders*,
#   <https://arxiv.org/abs/1606.05328>
# - van den Oord et al. (2016c), *WaveNet: A Generative Model for Raw Audio*, <https://arxiv.org/abs/1609.03499>
# - van den Oord, Vinyals & Kavukcuoglu (2017), *Neural Discrete Representation Learning*,
#   <https://arxiv.org/abs/1711.00937>
# - Salakhutdinov & Hinton (2009), *Deep Boltzmann Machines*, <https://proceedings.mlr.press/v5/salakhutdinov09a.html>
# - Salakhutdinov & Murray (2008), *On the Quantitative Analysis of Deep Belief Networks*
# - Serrà et al. (2020), *Input Complexity and Out-of-distribution Detection with Likelihood-based Generative Models*,
#   <https://arxiv.org/abs/1909.11480>
