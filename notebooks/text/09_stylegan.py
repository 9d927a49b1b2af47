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
# # 09 · StyleGAN
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/09_stylegan.ipynb)
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on StyleGAN.
#
# When you are through, you can
#
# - write adaptive instance normalisation, and say over what it takes its statistics,
# - grow a generator and its critic, and prove that nothing jumps when they grow,
# - measure which layers decide on a digit's shape and which on its colour,
# - measure how tangled a latent space is, and what truncation costs,
# - say what StyleGAN2 changed, in one formula.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | 1 minute on two cores |
# | `cpu` | a laptop | 3 to 8 minutes on two cores, by processor |
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

from course_utils import backend, data, exercises, layers, metrics, plots, pretrained
from course_utils.game import Average
from course_utils.games.stylegan import StyleGAN, images_of, mixed, noise_for, smaller, styles_of, truncated
from course_utils.networks import stylegan as networks
from course_utils.plots import show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `stages` are pairs (size, iterations); `width` is the number of feature maps at
# 32×32; `second` are the iterations that StyleGAN2 gets in section 6. The measurements of section 5 take
# `paths` paths, `mixes` mixed images and as many samples as there are `test` images.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 400, "test": 100, "width": 1, "widest": 8, "stages": ((4, 2), (8, 4)), "depth": 2,
           "paths": 50, "mixes": 50, "seeds": 1, "second": 0},
    cpu={"images": 12_000, "test": 1_000, "width": 12, "widest": 48, "stages": ((8, 200), (16, 800), (32, 300)),
         "depth": 4, "paths": 300, "mixes": 500, "seeds": 3, "second": 800},
    gpu={"images": 30_000, "test": 5_000, "width": 32, "widest": 128, "stages": ((8, 4_000), (16, 8_000), (32, 16_000)),
         "depth": 4, "paths": 2_000, "mixes": 2_000, "seeds": 3, "second": 16_000},
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# Digits in colour, drawn from fonts. For each image we know what made it: the digit, its slant, the
# thickness of its strokes, its size, its place, and two hues. A generator that learns from such images never
# sees these numbers. But we can read them off its images, and ask which of its layers decides on what.

# %% slideshow={"slide_type": "fragment"}
train = data.glyphs.make(settings["images"], seed=0, colour=True, size=32)
test = data.glyphs.make(settings["test"], seed=1, colour=True, size=32)
x_train, x_test = data.scale(train.images), data.scale(test.images)
show(plots.image_grid(x_train[:24], columns=12, low=-1.0), alt="Twenty-four coloured digits on coloured grounds.")
for name in ("slant", "thickness", "scale", "hue", "background"):
    print(f"{name:11} of the first four:", *(f"{value:6.2f}" for value in train.factors[name][:4]))

# %% [markdown] slideshow={"slide_type": "fragment"}
# A frozen network reads digit and factors off any image of this kind. It is the judge of this notebook, so
# let us first judge the judge, on test images: the correlation of what it reads with what is true.

# %% slideshow={"slide_type": "fragment"}
read = metrics.evaluator("glyphs")  # images in [-1, 1] -> (features, probabilities)
real = read(x_test)
found = read.factors(x_test)
print(f"digit: {np.mean(real.probabilities.argmax(1) == test.labels):.1%} right")
for name in ("slant", "thickness", "scale", "rotation"):
    print(f"{name:10} correlation {np.corrcoef(found[name], test.factors[name])[0, 1]:.3f}")
    assert np.corrcoef(found[name], test.factors[name])[0, 1] > 0.9, "a judge must see what it judges"


# %% slideshow={"slide_type": "skip"}
def enlarged(images):
    """Repeats pixels until images are 32×32, the size that the judge reads."""
    times = 32 // images.shape[1]
    return images.repeat(times, axis=1).repeat(times, axis=2)


# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The idea
#
# So far every generator took its latent at the bottom, and each layer had to pass on what the layers above
# might need. StyleGAN turns this round. The lowest layer is fed with **a constant**: the same 4×4 grid for
# every image, learned like any weight. The latent goes through a **mapping network** first, $z \mapsto w$,
# and then $w$ speaks to *each* layer. Chance that nobody needs to decide on, such as the ragged edge of a
# stroke, comes as **noise**, a fresh number for each pixel of each layer.

# %% slideshow={"slide_type": "fragment"}
figure, axis = plots.figure(width=11, height=3.4)
box = {"boxstyle": "round,pad=0.45", "fc": "white", "ec": "black"}
shade, arrow = {**box, "fc": "#cfe6f5"}, {"arrowstyle": "-|>", "lw": 2}
for x, text, style in ((0, "$z$", box), (1.7, "mapping", box), (3.4, "$w$", shade)):
    axis.annotate(text, (x, 2), ha="center", va="center", fontsize=16, bbox=style)
for x, text in enumerate(("constant", "4×4", "8×8", "16×16", "32×32", "image")):
    axis.annotate(text, (2 * x, 0), ha="center", va="center", fontsize=16, bbox=box)
    if text != "image":
        axis.annotate("", (2 * x + 1.45, 0), (2 * x + 0.65, 0), arrowprops=arrow)

# %% slideshow={"slide_type": "fragment"}
for start_x, end_x in ((0.3, 0.9), (2.5, 3.05)):
    axis.annotate("", (end_x, 2), (start_x, 2), arrowprops=arrow)
for x in (2, 4, 6, 8):
    axis.annotate("", (x, 0.4), (3.4, 1.65), arrowprops={**arrow, "color": plots.COLOURS[0]})
    axis.annotate("noise", (x, -1.2), ha="center", va="center", fontsize=14, color=plots.COLOURS[1])
    axis.annotate("", (x, -0.4), (x, -0.95), arrowprops={**arrow, "color": plots.COLOURS[1]})
axis.annotate("two styles a resolution", (7.4, 1.5), ha="center", fontsize=14, color=plots.COLOURS[0])
axis.set(xlim=(-0.9, 10.7), ylim=(-1.5, 2.4))
axis.set_axis_off()
show(figure, "z goes through the mapping to w. A constant goes through four resolutions; w and noise reach each.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 How a style speaks to a layer
#
# By *adaptive instance normalisation*. For feature map $i$ of one image,
#
# $$\text{AdaIN}(x_i, y) = y_{s,i}\,\frac{x_i - \mu(x_i)}{\sigma(x_i)} + y_{b,i}.$$
#
# Whatever mean and deviation the feature map had is taken away, and it gets those that the style asks for. The
# pair $(y_s, y_b)$ is computed from $w$ by one linear layer, another one at each place.


# %% slideshow={"slide_type": "fragment"}
def adain(x, scale, bias):
    mean = ops.mean(x, axis=(1, 2), keepdims=True)  # (N, 1, 1, C): over the pixels of one map
    variance = ops.var(x, axis=(1, 2), keepdims=True)
    normalised = (x - mean) / ops.sqrt(variance + 1e-8)
    return scale[:, None, None] * normalised + bias[:, None, None]


# %% slideshow={"slide_type": "fragment"}
rng = np.random.default_rng(0)
maps, w = (rng.normal(size=shape).astype("float32") for shape in ((6, 8, 8, 5), (6, 16)))
layer = layers.AdaIN()
package = ops.convert_to_numpy(layer([maps, w]))
scale, bias = (ops.convert_to_numpy(part) for part in layer.scale_and_bias(w))
ours = ops.convert_to_numpy(adain(maps, scale, bias))
print(f"largest difference to the package's layer {np.abs(ours - package).max():.1e}")
assert np.allclose(ours, package, atol=1e-4)
assert np.allclose(ours.mean((1, 2)), bias, atol=1e-4), "the means are those of the style"
assert np.allclose(ours.std((1, 2)), np.abs(scale), atol=1e-4), "and so are the deviations"

# %% [markdown] slideshow={"slide_type": "subslide"}
# **An erratum.** The slide calls it *adaptive **input** normalization*. The I is for **instance**: one image
# and one feature map. It matters, because the other norms of this course mix more than that: batch norm takes
# its mean over all images, layer norm over all maps. Try it: does an image come out the same, alone and
# among others?


# %% slideshow={"slide_type": "fragment"}
def among_others(axes):
    """How much the first image's result changes when the other five are taken away."""

    def normalised(x):
        return (x - x.mean(axes, keepdims=True)) / x.std(axes, keepdims=True)

    return np.abs(normalised(maps)[0] - normalised(maps[:1])[0]).max()


change = {"instance: (1, 2)": among_others((1, 2)), "batch: (0, 1, 2)": among_others((0, 1, 2))}
for name, value in change.items():
    print(f"{name:17} the first image changes by {value:.3f}")
assert change["instance: (1, 2)"] < 1e-5 < 0.01 < change["batch: (0, 1, 2)"]

# %% [markdown] slideshow={"slide_type": "subslide"}
# Why *style*? Do it to pixels. Take digits, and give each of their three colour channels the mean and the
# deviation of another image. The shape stays, the colours go over.

# %% slideshow={"slide_type": "fragment"}
content, source = x_test[:12], x_test[12:24]
painted = ops.convert_to_numpy(adain(content, source.std((1, 2)), source.mean((1, 2))))
rows = {"content": content, "style of": source, "AdaIN": painted}
show(plots.image_rows(rows, low=-1.0), alt="Twelve digits, twelve others, and the first digits in the others' colours.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the lowest layers the same operation does not set colours. There a feature map says *where something is*,
# on a grid of 4×4, and to make it strong or weak is to choose the digit or its slant. Section 5 measures that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 2.2 Doubling the grid
#
# The lecture lists *bilinear upsampling*. Notebook 05 repeated every pixel; what is the difference? Look at
# frequencies. A 16×16 grid holds none above ¼ cycle per pixel of the 32×32 grid, so whatever lies beyond was
# made up by the upsampling.

# %% slideshow={"slide_type": "fragment"}
small = rng.normal(size=(500, 16, 16, 1)).astype("float32")
doubled = {
    "repeated": small.repeat(2, axis=1).repeat(2, axis=2),
    "bilinear": ops.convert_to_numpy(layers.BlurUpSampling2D()(small)),
}
resized = ops.convert_to_numpy(ops.image.resize(small, (32, 32), "bilinear", data_format="channels_last"))
assert np.allclose(doubled["bilinear"], resized, atol=1e-5), "repeat, then blur with [1, 2, 1]: that is bilinear"
frequency = np.abs(np.fft.fftfreq(32))
beyond = np.maximum(frequency[:, None], frequency[None, :]) >= 0.25

# %% slideshow={"slide_type": "fragment"}
figure, axis = plots.figure(width=9, height=3.6)
made_up = {}
for name, images in doubled.items():
    power = np.square(np.abs(np.fft.fft2(images[..., 0]))).mean(0)  # (32, 32)
    made_up[name] = power[beyond].sum() / power.sum()
    axis.plot(frequency[:17], power[:17].mean(1) / power[:1].mean(), label=f"{name}: {made_up[name]:.0%} beyond")
axis.axvline(0.25, color="grey", linestyle=":")
axis.set(xlabel="frequency, cycles per pixel", ylabel="power")
axis.legend()
show(figure, "Power over frequency: both fall, and beyond a quarter bilinear upsampling leaves much less.")
assert made_up["bilinear"] < 0.5 * made_up["repeated"]

# %% [markdown] slideshow={"slide_type": "fragment"}
# The package writes bilinear upsampling as two products with a small matrix, and not as Keras's resize. The two
# agree, as the assertion says. But a critic is trained through a gradient of a gradient, and there the resize of
# TensorFlow is wrong. What stands under a penalty has to be right to the second derivative.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · Build
#
# Three networks. Each resolution has two layers, and each layer its own style, so the generator of 32×32 images
# takes eight styles of one $w$, or of several: that will be useful. All layers have an *equalised learning rate*,
# as in notebook 03. The critic mirrors the generator. Before its last layers it is told how much the images
# of a group differ (*minibatch deviation*): a generator that always draws the same would be found out at once.

# %% slideshow={"slide_type": "fragment"}
AXES = 64
shape = {"width": settings["width"], "widest": settings["widest"]}


def build(size, synthesis=networks.style_synthesis, critic=networks.style_critic):
    """Fresh networks for images of a size."""
    return {
        "mapping": networks.style_mapping(AXES, settings["depth"], lr_multiplier=0.1),
        "synthesis": synthesis(size, latent_dim=AXES, **shape),
        "critic": critic(size, **shape),
    }


# %% slideshow={"slide_type": "fragment"}
keras.utils.set_random_seed(session.seed)
last = settings["stages"][-1][0]
for layer in build(last)["synthesis"].layers:
    if layer.name in ("constant", "images") or "adain" in layer.name or "rgb" in layer.name:
        print(f"{layer.name:10} {tuple(layer.output.shape)[1:]}")
for name, network in build(last).items():
    print(f"{name:10} {network.count_params():9,} parameters")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.1 Growing
#
# Large images are hard to begin with. So begin with small ones, and when these are good, put layers for twice
# the size on top. New layers are random, and would spoil what is there. They are *faded in*:
#
# $$\text{image} = (1 - \alpha)\cdot\text{small image, upsampled} + \alpha\cdot\text{what the new layers draw},$$
#
# with α going from 0 to 1. The critic grows at its other end, by the same rule. If this is right then at α = 0
# **nothing has changed**: the grown generator draws the small images, upsampled, and the grown critic says of an
# image what the small critic says of it halved. Is it right?

# %% slideshow={"slide_type": "fragment"}
small, large = build(last // 2), build(last)
for name in ("synthesis", "critic"):
    networks.grow(small[name], large[name])  # copies what both have, and sets the fade to 0
styles = rng.normal(size=(4, networks.style_layers(last), AXES)).astype("float32")
noise = rng.normal(size=(4, networks.noise_slices(last)[-1].stop)).astype("float32")
fewer = [styles[:, :-2], noise[:, : networks.noise_slices(last // 2)[-1].stop]]
images = large["synthesis"]([styles, noise])

# %% slideshow={"slide_type": "fragment"}
both = {
    "generator": (images, layers.BlurUpSampling2D()(small["synthesis"](fewer))),
    "critic": (large["critic"](images), small["critic"](layers.BlurPooling2D()(images))),
}
for name, pair in both.items():
    grown, before = (ops.convert_to_numpy(ops.stop_gradient(part)) for part in pair)
    print(f"{name:10} largest difference at fade 0: {np.abs(grown - before).max():.1e}")
    assert np.allclose(grown, before, atol=1e-4), "growing must not change anything"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Train
#
# The losses are old friends: softplus for both players, as in notebook 04, and R1 on the critic, as in notebook 07.
#
# $$\mathcal L_{\text{critic}} = \mathbb E\,\sigma(f(G(z))) + \mathbb E\,\sigma(-f(x))
#   + \tfrac\gamma2\,\mathbb E\lVert\nabla f(x)\rVert^2, \qquad \mathcal L_G = \mathbb E\,\sigma(-f(G(z))).$$
#
# R1 needs a gradient of a gradient, so StyleGAN2 computes it *lazily*: in one iteration of sixteen, with sixteen
# times the weight.


# %% slideshow={"slide_type": "fragment"}
def critic_loss(critic, x, fake, gamma):
    slope = backend.input_gradient(lambda x: critic(x, training=False), x)  # (N, H, W, 3)
    penalty = gamma / 2 * ops.mean(ops.sum(ops.square(slope), axis=(1, 2, 3)))
    return ops.mean(ops.softplus(critic(fake))) + ops.mean(ops.softplus(-critic(x))) + penalty


# %% slideshow={"slide_type": "fragment"}
game = StyleGAN(**build(last), gamma=10.0, penalty_every=16)
x = ops.convert_to_tensor(smaller(x_train[:8], last))
fake = ops.stop_gradient(game.fake(x, training=False))
game.fake = lambda x, training: fake  # for this cell, the generator always draws these
for iteration, weight in ((0, 16), (1, 0), (16, 16)):
    game.optimizers.iterations.assign(iteration)
    pair = critic_loss(game.critic, x, fake, weight * 10.0), game.critic_loss(x, training=False)[0]
    ours, package = (float(ops.convert_to_numpy(ops.stop_gradient(loss))) for loss in pair)
    print(f"iteration {iteration:2}: R1 with {weight:2} times its weight; ours {ours:.5f}, the package's {package:.5f}")
    assert np.isclose(ours, package, rtol=1e-3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two habits of the training are new.
#
# - **Style mixing.** For some images the game draws *two* latents. Layers before a random one take the first style,
#   the others the second. A layer then cannot rely on what its neighbours were told. (Nine images in ten in the
#   paper, whose networks have eighteen layers; three in ten here, with eight.)
# - **Averages.** What is shown below are exponential averages of the weights of mapping and synthesis.
#
# The rate looks high, 0.008. With equalised layers all weights start around 1, so that is how far a step moves them,
# relative to their size: less than one part in a hundred.
#
# `course_utils.games.stylegan.StyleGAN` holds the algorithm. One stage after another:


# %% slideshow={"slide_type": "fragment"}
def stage(size, iterations, before=None, **kind):
    """A compiled game on images of a size; its networks grow out of those of the game before."""
    live, averaged = build(size, **kind), build(size, **kind)
    if before:
        live["mapping"] = before.mapping
        networks.grow(before.synthesis, live["synthesis"])
        networks.grow(before.critic, live["critic"])
    averages = [Average(live[part], averaged[part], 0.99) for part in ("mapping", "synthesis")]
    adams = {f"{player}_optimizer": keras.optimizers.Adam(8e-3, 0.0, 0.99) for player in ("critic", "generator")}
    fade = iterations // 4 if before else 0
    game = StyleGAN(**live, gamma=1.0, mixing=0.3, fade_iterations=fade, averages=averages, seed=session.seed, **adams)
    game.compile(steps_per_execution=5 if iterations % 100 == 0 else 1)
    return game


# %% slideshow={"slide_type": "fragment"}
keras.utils.set_random_seed(session.seed)
game, strip = None, {}
for size, iterations in settings["stages"][:-1]:
    game = stage(size, iterations, game)
    game.fit(smaller(x_train, size), batch_size=32, steps_per_epoch=iterations, verbose=0)
    strip[f"{size}×{size}"] = enlarged(game.sample(10, seed=1))
print("grown so far:", ", ".join(strip))

# %% slideshow={"slide_type": "fragment"}
size, iterations = settings["stages"][-1]
younger, game = game, stage(size, iterations, game)
labels = {"critic_loss": "critic", "generator_loss": "generator"}
live = plots.Live(
    lambda: game.sample(32, seed=1), labels, low=-1.0, ylabel="loss", xlabel="stretch of the last stage",
    alt="Samples of the averaged generator at the end, and the losses of both players over the last stage.",
)  # fmt: skip
looks = 20 if iterations % 100 == 0 else 2
history = game.fit(smaller(x_train, size), batch_size=32, epochs=looks, steps_per_epoch=iterations // looks,
                   verbose=0, callbacks=[live]).history  # fmt: skip
strip[f"{size}×{size}"] = enlarged(game.sample(10, seed=1))

# %% slideshow={"slide_type": "fragment"}
show(
    plots.image_rows(strip, low=-1.0),
    alt="The same ten latents and styles after each stage: coloured blots first, then shapes of digits.",
)
print(f"fade in the first and last stretch of the last stage: {history['fade'][0]:.2f}, {history['fade'][-1]:.2f}")
distance = float(metrics.frechet_distance(read(enlarged(game.sample(len(x_test), seed=2))).features, real.features))
print(f"FD-{read.name} of {len(x_test)} samples: {distance:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **What to watch for.** The losses stay near each other if the game is balanced; they do not say how good the images
# are. Right after growing, the samples must look as before, only smoother. If they break there, see section 7. And look
# how alike the shapes are, while colours already vary: in a run this short one or two digits win for a while, then
# others. That is the collapse of notebook 04. An earlier long run, with a quarter of the learning rate, was still in
# it after 9,000 iterations; `training/stylegan.py` says what was tried.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The long run
#
# What you have just trained has seen little. Where the package holds the weights of a long run of the same code,
# the rest of the notebook looks into those, and else into yours.

# %% slideshow={"slide_type": "fragment"}
who, subject = "just trained", {"mapping": game.best("mapping"), "synthesis": game.best("synthesis")}
scores = {}
if "stylegan-glyphs" in pretrained.available():
    long = pretrained.load("stylegan-glyphs")
    who, subject, scores = "the long run", long.networks, long.recipe["scores"]
    print(f"the long run took {long.recipe['seconds'] / 60:.0f} minutes on {long.recipe['machine']}")
else:
    print("No weights of a long run are shipped yet; the sections below look into what you have just trained.")

# %% slideshow={"slide_type": "fragment"}
F, G = subject["mapping"], subject["synthesis"]
count, side = G.input_shape[0][1], G.output_shape[1]


def draws(n, seed):
    """n styles of fresh latents."""
    z = np.random.default_rng(seed).standard_normal((n, F.input_shape[-1]), dtype="float32")
    return styles_of(F, z)


# %% slideshow={"slide_type": "fragment"}
images = images_of(G, draws(24, seed=3), noise_for(G, 24, rng))
show(plots.image_grid(images, columns=12, low=-1.0), alt=f"Twenty-four samples, {who}.")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Look inside
#
# ### 5.1 What the noise does
#
# The lecture: *noise added everywhere, but start with a constant 4×4×512*. (Ours has fewer feature maps.) Keep one
# $w$, and draw the noise anew, a hundred times: in all layers, or at one resolution only. Where do the images
# differ?

# %% slideshow={"slide_type": "fragment"}
resolutions = {f"{4 << k}×{4 << k}": slice(2 * k, 2 * k + 2) for k in range(count // 2)}
w_one = draws(1, seed=5)
spread, examples = {}, {}
for name, chosen in {"all": slice(None), **resolutions}.items():
    images = images_of(G, w_one.repeat(100, axis=0), noise_for(G, 100, np.random.default_rng(1), chosen))
    spread[name], examples[name] = images.std(0).mean(-1), images[:10]  # (side, side)
show(plots.image_rows(examples, low=-1.0), alt=f"Ten draws of the noise for one style, {who}.")

# %% slideshow={"slide_type": "fragment"}
show(
    plots.maps(spread, title="Deviation of each pixel over 100 draws of the noise"),
    alt="Maps of where images differ: " + ", ".join(f"{k} {v.mean():.3f}" for k, v in spread.items()) + " on average.",
)
silent = images_of(G, w_one.repeat(100, axis=0)).std(0).max()
print(f"deviation without noise: {silent:.1e}")
assert silent < 1e-5, "without noise a style makes one image"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Dark pixels are those on which the noise decides. In the paper's faces they are curls and pores, at every resolution.
# A glyph has neither. The long run uses the noise of the lowest layers to move edges by a little, and has nearly
# switched off the rest: the strengths are learned, so noise goes where there is something to decide.
#
# To say it in the judge's terms: how far does noise move each factor, beside how far styles move it?


# %% slideshow={"slide_type": "fragment"}
def factors(images):
    return metrics.glyph_factors(read, enlarged(images))


n = settings["mixes"]
by_noise = factors(images_of(G, w_one.repeat(n, axis=0), noise_for(G, n, rng)))
by_style = factors(images_of(G, draws(n, seed=6)))
for name in ("digit", "slant", "thickness", "scale", "hue", "background"):
    ratio = np.sqrt(by_noise[name].var(0).sum() / (by_style[name].var(0).sum() + 1e-12))
    print(f"{name:11} noise moves it {ratio:4.0%} as far as styles do")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.2 Style mixing
#
# Eight layers, eight places for a style. Let the first few take the style of one image, and the others that of a
# second one. The paper found in faces that coarse layers carry pose and shape, and fine ones colour. Here:

# %% slideshow={"slide_type": "fragment"}
coarse, fine = draws(4, seed=7), draws(8, seed=8)
for layer in sorted({2, count // 2}):
    pairs = np.repeat(coarse, 8, axis=0), np.tile(fine, (4, 1))
    table = images_of(G, mixed(*pairs, layer, count)).reshape(4, 8, side, side, 3)
    resolution = 4 << (layer // 2)
    title = f"Styles change at {resolution}×{resolution}"
    show(
        plots.mixing_matrix(images_of(G, coarse), images_of(G, fine), table, title=title, width=9),
        alt=f"A table of mixed images: up to {resolution}×{resolution} styles of the left image, then of the upper.",
    )

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read along a row: what stays the same comes from the image at the left. Read down a column: what stays comes from the
# image above. Now the same as numbers. Each factor of a mixed image is fitted by that of its two sources,
#
# $$\text{factor(mixed)} \approx a\cdot\text{factor(coarse source)} + b\cdot\text{factor(fine source)}
#   + \text{constant}.$$

# %% slideshow={"slide_type": "subslide"}
pairs = draws(n, seed=9), draws(n, seed=10)
sources = [factors(images_of(G, part)) for part in pairs]
places = range(2, count, 2)
from_coarse, from_fine = {}, {}
for layer in places:
    seen = factors(images_of(G, mixed(*pairs, layer, count)))
    for name in ("digit", "slant", "thickness", "scale", "x", "hue", "background"):
        share = metrics.source_shares(seen[name], *(source[name] for source in sources))
        from_coarse.setdefault(name, []).append(share.coarse)
        from_fine.setdefault(name, []).append(share.fine)

# %% slideshow={"slide_type": "fragment"}
columns = [f"{4 << (layer // 2)}×{4 << (layer // 2)}" for layer in places]
for title, shares in {"coarse": from_coarse, "fine": from_fine}.items():
    show(
        plots.share_table(shares, columns, "resolution from which the fine style speaks",
                          title=f"Share that follows the {title} source, {who}", width=8),
        alt=f"Share of each factor from the {title} source: "
        + "; ".join(f"{name} " + ", ".join(f"{v:.2f}" for v in row) for name, row in shares.items()),
    )  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# A factor whose coarse share is near 1 in the first column already is decided at 4×4; one whose coarse share
# only rises in the last column is decided late. In the long run 4×4 and 8×8 together settle which digit it is, where
# it stands, how far it leans and how large it is: their coarse shares are 0.8 and more in the second column. The colour
# of the ground is left to the last layers, as the rule *coarse is shape, fine is colour* has it. But half of the
# stroke's colour is settled by 8×8 as well, and its thickness, a matter of shape, waits for the fine layers. A rule in
# words is a statement about such a table: nothing in the losses forces a colour to wait.

# %% slideshow={"slide_type": "fragment"}
print(f"{who}, changing at {columns[len(columns) // 2]}:")
for name, row in from_coarse.items():
    a, b = row[len(row) // 2], from_fine[name][len(row) // 2]
    side_of = "coarse" if a > b else "fine"
    print(f"{name:11} coarse {a:5.2f}   fine {b:5.2f}   follows the {side_of} source")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.3 Is W less tangled than Z?
#
# $z$ has to be normal, so the space of draws has no gaps and no corners. If the data has some (no digit is half a 3 and
# half a 4), a generator of $z$ must bend. The mapping may bend in its stead, and leave $w$ straight. The paper measures
# that by the *perceptual path length*: how fast features φ of the image change along a path,
#
# $$l = \mathbb E\,\frac{\lVert \varphi(G(p(t + \varepsilon))) - \varphi(G(p(t)))\rVert^2}{\varepsilon^2}.$$
#
# In W the path is a straight line, in Z a great circle, since draws lie near a sphere. First, two cases that you
# can do on paper.

# %% slideshow={"slide_type": "fragment"}
ends, t, matrix = rng.normal(size=(2, 400, 6)), rng.random(400), rng.normal(size=(6, 3))
line = metrics.path_length(lambda codes: codes @ matrix, *ends, t, epsilon=0.1)
circle = metrics.path_length(lambda codes: codes, *ends, t, metrics.slerp, epsilon=0.01)
units = [end / np.linalg.norm(end, axis=1, keepdims=True) for end in ends]
angle = np.arccos((units[0] * units[1]).sum(1))
assert np.allclose(line, np.square((ends[1] - ends[0]) @ matrix).sum(1), rtol=1e-2), "a linear map, a straight line"
assert np.allclose(circle, 6 * angle**2, rtol=1e-2), "a circle of radius √6"
print(f"a linear map {line.mean():.1f}, and 2‖matrix‖² = {2 * np.square(matrix).sum():.1f}")


# %% slideshow={"slide_type": "subslide"}
def seen(w):
    """Features of the images of styles, without noise."""
    return read(enlarged(images_of(G, w))).features


length = {"Z": [], "W": []}
for seed in range(settings["seeds"]):
    random = np.random.default_rng(20 + seed)
    ends, t = random.standard_normal((2, settings["paths"], F.input_shape[-1])), random.random(settings["paths"])
    in_z = metrics.path_length(lambda z: seen(styles_of(F, z)), *ends, t, metrics.slerp)
    in_w = metrics.path_length(seen, *(styles_of(F, end) for end in ends), t)
    length["Z"].append(in_z.mean())
    length["W"].append(in_w.mean())

# %% slideshow={"slide_type": "fragment"}
for space, found in length.items():
    print(f"{space}: path length", *(f"{value:9.2f}" for value in found), f"  mean {np.mean(found):.2f}")
for space in length:
    if f"path-length-{space}-{read.name}" in scores:
        print(f"recipe of the long run, more paths: {space} {scores[f'path-length-{space}-{read.name}']:.2f}")
print(f"{who}: the paths in W are {np.mean(length['W']) / np.mean(length['Z']):.2f} times as long as those in Z")
if scores:
    assert np.mean(length["W"]) < np.mean(length["Z"]), "W is less tangled than Z"

# %% [markdown] slideshow={"slide_type": "fragment"}
# A column is a fresh set of paths through the same networks. If the rows differ by more than their columns do, the
# difference is not one of chance. A ratio below 1 is what the paper reports. Such a mean hangs on few paths, though: of
# the 2,000 in the recipe the longest twenty carry 45 % of the sum in W and 32 % in Z. So its standard error is large,
# 275 and 369, and with as few paths as here the mean is as a rule too small.
#
# A second reading of *tangled*: can a *linear* reader tell which digit will be drawn?

# %% slideshow={"slide_type": "fragment"}
z = np.random.default_rng(30).standard_normal((4 * settings["paths"], F.input_shape[-1]), dtype="float32")
w = styles_of(F, z)
shown, half = read(enlarged(images_of(G, w))).probabilities.argmax(1), len(z) // 2
told = {}
for space, code in {"Z": z / np.linalg.norm(z, axis=1, keepdims=True), "W": w}.items():
    if len(np.unique(shown[:half])) > 1:  # a generator at its beginning may show one digit only
        told[space] = metrics.linear_accuracy(code[:half], shown[:half], code[half:], shown[half:])
print(f"{who}: the digit shown, told linearly:", ", ".join(f"from {k} {v:.1%}" for k, v in told.items()))
print(f"always naming the most frequent one: {np.bincount(shown[half:]).max() / half:.1%}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.4 Truncation in W
#
# BigGAN narrowed $z$ (notebook 08). Here there is a better place: the mapping network keeps a running mean $\bar w$ of
# its styles, and
#
# $$w' = \bar w + \psi\,(w - \bar w)$$
#
# draws every style towards it. With ψ = 1 nothing happens, with ψ = 0 there is one style left.

# %% slideshow={"slide_type": "fragment"}
w, fixed = draws(10, seed=11), noise_for(G, 1, rng).repeat(10, axis=0)  # the same noise for all
sweep = {f"ψ = {psi:g}": images_of(G, truncated(F, w, psi), fixed) for psi in (1, 0.75, 0.5, 0.25, 0)}
show(plots.image_rows(sweep, low=-1.0), alt="Ten samples drawn more and more towards one mean image.")
assert np.ptp(sweep["ψ = 0"], axis=0).max() < 1e-4, "ψ = 0 leaves one image"

# %% slideshow={"slide_type": "fragment"}
def saturation(images):
    """How strong the colour of the ground is, 0 for grey and 1 for pure, read in a corner; the median."""
    corner = (images[:, :3, :3].mean((1, 2)) + 1) / 2  # (N, 3) in [0, 1]
    return np.median(1 - corner.min(1) / np.maximum(corner.max(1), 1e-6))


print(f"saturation of the ground of test images: {saturation(x_test):.2f}")

# %% slideshow={"slide_type": "fragment"}
psis, many = (1.0, 0.85, 0.7, 0.5, 0.3), draws(len(x_test), seed=12)
curves = {"FD": [], "precision": [], "recall": []}
for psi in psis:
    samples = images_of(G, truncated(F, many, psi), noise_for(G, len(many), np.random.default_rng(2)))
    reading = read(enlarged(samples)).features
    near = metrics.precision_recall(real.features, reading)
    for name, value in zip(curves, (metrics.frechet_distance(reading, real.features), near.precision, near.recall)):
        curves[name].append(float(value))
    print(f"ψ = {psi:4.2f}   FD {curves['FD'][-1]:8.2f}   precision {near.precision:.2f}   recall {near.recall:.2f}   "
          f"saturation {saturation(samples):.2f}")  # fmt: skip

# %% slideshow={"slide_type": "fragment"}
figure, axes = plots.figure(1, 2, width=11, height=3.4)
axes[0].plot(psis, curves["FD"], marker="o")
axes[0].set(xlabel="ψ", ylabel=f"FD-{read.name}")
for name in ("precision", "recall"):
    axes[1].plot(psis, curves[name], marker="o", label=name)
axes[1].set(xlabel="ψ", ylabel="share", ylim=(-0.05, 1.05))
axes[1].legend()
show(figure, "FD, precision and recall over ψ: " + ", ".join(f"{p:g}: {v:.2f}" for p, v in zip(psis, curves["FD"])))

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Precision* is the share of samples that lie among real images, *recall* the share of real images that lie among
# samples. Truncation is to trade the second for the first, and a little of it does: at ψ = 0.85 precision is higher
# than at 1. Then it falls as well. Look at the last row of samples: shapes have run together into one 8, still a digit,
# but the ground is going grey. In the data all grounds are equally strong in colour, and only their hue differs. Hues
# lie on a circle, and the middle of a circle is grey, which no glyph has: the last column of numbers. A mean style is a
# good one where the middle of the data is in the data. FD minds both, so ψ = 1 is best here. (Half of the samples lie
# outside even so: beside digits drawn from fonts, the judge sees the wobble of a stroke.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 5.5 What is an FID of 2.65?
#
# The slides give FID 2.65 for bedrooms and 3.27 for cars. FID is the Fréchet distance between two clouds of
# features: as in this notebook, but in the features of *Inception*, a network trained on ImageNet. So what does
# one number say? Take the same samples and the same real images, and let two judges look: ours, and the digit
# reader of the other notebooks, which sees them in grey.


# %% slideshow={"slide_type": "fragment"}
def grey(images):
    """Colour images of 32×32 as grey ones of 28×28."""
    return images[:, 2:-2, 2:-2].mean(-1, keepdims=True)


samples = enlarged(images_of(G, many, noise_for(G, len(many), np.random.default_rng(2))))
other = metrics.evaluator("mnist")
for judge, view in ((read, lambda x: x), (other, grey)):
    of_samples, of_test, of_train = (judge(view(x)).features for x in (samples, x_test, x_train[: len(x_test)]))
    print(f"FD-{judge.name:10} samples {metrics.frechet_distance(of_samples, of_test):9.3f}   "
          f"training images {metrics.frechet_distance(of_train, of_test):.3f}")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# One set of images, two numbers. A Fréchet distance means something beside another one of the *same* judge, the
# same number of images and the same data: beside the second column, here. 2.65 and 3.27 are numbers for bedrooms
# at 256² and cars at 512×384, with 50,000 samples each. They do not say that bedrooms are easier, and no number
# of this course may be put beside them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · What StyleGAN2 changed
#
# AdaIN looks at the image: it takes out what mean and deviation a feature map *has*. So one bright spot changes the
# whole map, and the authors found that their generator had learned to use that, with a blob in nearly every image.
# StyleGAN2 normalises by what is to be *expected*. A style scales the input channels of the kernel; if the inputs
# have deviation 1 and are independent, then the output's deviation is the length of the scaled kernel. Divide by it:
#
# $$W'_{ijk} = s_i\,W_{ijk}, \qquad W''_{ijk} = W'_{ijk} \Big/ \sqrt{\textstyle\sum_{ij} W'^2_{ijk} + \epsilon}.$$

# %% slideshow={"slide_type": "fragment"}
layer = layers.ModulatedConv2D(5, 3)
maps, w = (rng.normal(size=shape).astype("float32") for shape in ((3, 16, 16, 4), (3, 8)))
package = ops.convert_to_numpy(ops.stop_gradient(layer([maps, w])))
kernel, s = (ops.convert_to_numpy(ops.stop_gradient(v)) for v in (layer.convolution.kernel, 1 + layer.affine(w)))
ours = []
for image, scale in zip(maps, s):  # a kernel of its own for each image
    styled = kernel * scale[:, None]
    unit = styled / np.sqrt(np.square(styled).sum((0, 1, 2)) + 1e-8)
    ours.append(ops.convert_to_numpy(ops.conv(image[None], unit, padding="same", data_format="channels_last"))[0])
print(f"largest difference to the package's layer: {np.abs(ours - package).max():.1e}")
assert np.allclose(ours, package, atol=1e-4)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the bright spot. One pixel of the input is raised by 20. How far does the output move, and where?

# %% slideshow={"slide_type": "fragment"}
spot = maps.copy()
spot[:, 8, 8] += 20
convolve, adapt = keras.layers.Conv2D(5, 3, padding="same"), layers.AdaIN()
ways = {"convolution, then AdaIN": lambda x: adapt([convolve(x), w]), "demodulated": lambda x: layer([x, w])}
moved = {}
for name, way in ways.items():
    before, after = (ops.convert_to_numpy(ops.stop_gradient(way(x))) for x in (maps, spot))
    moved[name] = np.abs(after - before).mean(-1)[0]  # (16, 16)
reach = {name: int((m > 1e-3).sum()) for name, m in moved.items()}
shown = {f"{name}: {reach[name]} pixels": np.minimum(m, 1.0) for name, m in moved.items()}
show(plots.maps(shown, width=9), alt="One changed pixel moves the whole map under AdaIN, and 3×3 pixels demodulated.")
assert reach["demodulated"] == 9 < 200 < reach["convolution, then AdaIN"]

# %% [markdown] slideshow={"slide_type": "fragment"}
# The second change: nothing is grown. Every resolution adds its part to the image from the beginning, and the critic
# gets ways past its blocks. The same game plays these networks, here at 16×16 and without a stage before:

# %% slideshow={"slide_type": "fragment"}
modern = {"synthesis": networks.skip_synthesis, "critic": networks.style_residual_critic}
second = {}
if settings["second"]:
    keras.utils.set_random_seed(session.seed)
    game2 = stage(last // 2, settings["second"], **modern)
    game2.fit(smaller(x_train, last // 2), batch_size=32, steps_per_epoch=settings["second"], verbose=0)
    second[f"{settings['second']} iterations"] = enlarged(game2.sample(12, seed=1))
if "stylegan2-glyphs" in pretrained.available():
    second["the long run"] = pretrained.load("stylegan2-glyphs").sample(12, seed=1)
if second:
    show(plots.image_rows(second, low=-1.0), alt="Samples of StyleGAN2: " + " and ".join(second) + ".")
print("shown:", ", ".join(second) or "nothing, since this profile trains no second generator and none is shipped")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · When it fails
#
# Forget the fade. Grow the networks, and let the new layers draw at once, α = 1. They are random, so the images that
# were already good are gone, and the critic that knew them is as lost.

# %% slideshow={"slide_type": "fragment"}
grown, old = build(last), younger.best("synthesis")
networks.grow(old, grown["synthesis"])
networks.grow(younger.critic, grown["critic"])
w = styles_of(younger.best("mapping"), np.random.default_rng(1).standard_normal((10, AXES), dtype="float32"))
frames, verdict, some = {"before": enlarged(images_of(old, w))}, {}, smaller(x_test[:40], last)
for fade in (0.0, 0.25, 0.5, 1.0):
    for name in ("synthesis", "critic"):
        grown[name].get_layer("fade").fade.assign(fade)
    frames[f"α = {fade:g}"] = enlarged(images_of(grown["synthesis"], w))
    verdict[fade] = ops.convert_to_numpy(grown["critic"](some, training=False))[:, 0]
known = ops.convert_to_numpy(younger.critic(smaller(some, last // 2), training=False))[:, 0]

# %% slideshow={"slide_type": "fragment"}
show(plots.image_rows(frames, low=-1.0), alt="The same samples before growing, and grown with more fade at once.")
for fade, logits in verdict.items():
    kept = np.abs(frames[f"α = {fade:g}"] - frames["α = 0"]).mean()
    print(f"α = {fade:4.2f}   images differ from α = 0 by {kept:.3f}   "
          f"the critic's logits on real images by {np.abs(logits - known).mean():.3f}")  # fmt: skip
assert np.allclose(verdict[0.0], known, atol=1e-3) and np.abs(verdict[1.0] - known).max() > 1e-3

# %% [markdown] slideshow={"slide_type": "fragment"}
# **How to recognise it:** the losses are smooth until a network grows, and jump there; the samples of the first
# iterations after growing are colourful rubbish. The training often recovers, which is why the fault goes unnoticed:
# what had been learned at the small size is thrown away and learned again. **What to do:** test growing as in section
# 3.1, before you train.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Your turn
#
# Fill in the dots and run the cell. The check says what is wrong; `exercises.stylegan.adain.hint()` gives a
# hint; the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · Adaptive instance normalisation
#
# From memory: `x` is (N, H, W, C), `scale` and `bias` are (N, C). It must survive a map that is the same everywhere.


# %% slideshow={"slide_type": "fragment"}
def my_adain(x, scale, bias):
    return ...


exercises.stylegan.adain.check(my_adain)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def adain(x, scale, bias):
#     mean = ops.mean(x, axis=(1, 2), keepdims=True)
#     variance = ops.var(x, axis=(1, 2), keepdims=True)
#     normalised = (x - mean) / ops.sqrt(variance + 1e-8)
#     return scale[:, None, None] * normalised + bias[:, None, None]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · Style mixing
#
# `coarse` and `fine` are styles, arrays (N, d). Return (N, layers, d): the layers with numbers below `layer` take the
# coarse style, the others the fine one.


# %% slideshow={"slide_type": "fragment"}
def mix(coarse, fine, layer, layers):
    return ...


exercises.stylegan.mixing.check(mix)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def mix(coarse, fine, layer, layers):
#     first = np.arange(layers)[None, :, None] < layer
#     return np.where(first, coarse[:, None], fine[:, None])
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Truncation in W
#
# `w` is (N, d), `mean` is (d,). ψ = 1 is to change nothing.


# %% slideshow={"slide_type": "fragment"}
def truncate(w, mean, psi):
    return ...


exercises.stylegan.truncation.check(truncate)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def truncate(w, mean, psi):
#     return mean + psi * (w - mean)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Demodulation
#
# `kernel` is (3, 3, inputs, outputs), `scale` is (inputs,), the style of one image. Return that image's kernel, whose
# length is 1 for each output.


# %% slideshow={"slide_type": "fragment"}
def demodulate(kernel, scale):
    return ...


exercises.stylegan.demodulation.check(demodulate)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def demodulate(kernel, scale):
#     styled = kernel * scale[:, None]
#     return styled / np.sqrt(np.square(styled).sum(axis=(0, 1, 2)))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · Recap
#
# - The synthesis starts from a learned constant. Styles tell each layer what to draw, noise fills in the rest.
# - AdaIN takes mean and deviation of one feature map of one image, and sets those of the style.
# - Networks can grow without a jump. You tested that before you trained.
# - Which layer decides on what is a matter of measurement: a table of shares, from known factors.
# - Path length, linear readers and truncation say something about W, each beside the same number for Z or for ψ = 1.
# - A Fréchet distance belongs to its judge, its data and its number of images.
# - StyleGAN2 normalises the kernel by what is expected instead of the image by what is there, and grows nothing.
#
# The lecture goes on to *StyleCLIP*, which edits an image by moving its $w$: towards a text, not far from where it was,
# and without changing who is shown. That is planned as a later notebook.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | "Adaptive Input Normalization" | *instance*: one image, one feature map: section 2.1 |
# | "Noise added everywhere", constant 4×4×512 | 512 is the paper's width; noise after every convolution: section 5.1 |
# | FID 2.65 and 3.27 | two data sets, so not to be compared with each other: section 5.5 |
#
# ### References
#
# - Karras, Laine & Aila (2019), *A Style-Based Generator Architecture for Generative Adversarial Networks*,
#   <https://arxiv.org/abs/1812.04948>
# - Karras et al. (2020), *Analyzing and Improving the Image Quality of StyleGAN*, <https://arxiv.org/abs/1912.04958>
# - Karras et al. (2018), *Progressive Growing of GANs*, <https://arxiv.org/abs/1710.10196>
# - Huang & Belongie (2017), *Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization*,
#   <https://arxiv.org/abs/1703.06868>
# - Mescheder, Geiger & Nowozin (2018), *Which Training Methods for GANs do actually Converge?*,
#   <https://arxiv.org/abs/1801.04406>
# - Zhang (2019), *Making Convolutional Networks Shift-Invariant Again*, <https://arxiv.org/abs/1904.11486>
# - Heusel et al. (2017), *GANs Trained by a Two Time-Scale Update Rule*, <https://arxiv.org/abs/1706.08500>
# - Patashnik et al. (2021), *StyleCLIP*, <https://arxiv.org/abs/2103.17249>
