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
# # 12 · Domains
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/12_domains.ipynb)
# [![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)](https://kaggle.com/kernels/welcome?src=https://github.com/generative-course/generative-course/blob/main/notebooks/12_domains.ipynb)
# [![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/gh/generative-course/generative-course/main?urlpath=lab/tree/notebooks/12_domains.ipynb)
# For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
#
# **Lecture:** "Application: Domain Adaptation" in the GAN deck, with its approach, its table and its other ways to
# align; and the slide before it, "Data Augmentation".
#
# A discriminator that should *not* know. After this notebook you can
#
# - measure how much a classifier loses on the same digits from elsewhere, and look for the reason,
# - turn a gradient round in one line, and say why that is a game of two players who move at once,
# - give the target an encoder of its own and invert the labels (ADDA),
# - measure whether features still tell where they come from, and say why that is not enough,
# - say which assumption breaks when the classes are not the same on both sides,
# - say how tied layers let two generators share a subject, and judge generated images as training data.
#
# Sections 1 to 10 fit one meeting of 90 minutes.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | about a minute of processor time |
# | `cpu` | a laptop | about 5 minutes of processor time |
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
import keras
import numpy as np
from keras import ops

from course_utils import backend, data, exercises, losses, metrics, plots, studies
from course_utils.game import Game, Player
from course_utils.games import domains
from course_utils.games.watching import largest_difference, restart
from course_utils.layers import GradientReversal
from course_utils.networks import domains as nets
from course_utils.plots import domains as figures, show
from course_utils.plots.diffusion import against

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `source` and `target` are the training images of the two sets, as many as in the paper whose
# table the slide shows. `read`, `turn` and `adapt` count the iterations of a classifier (section 2), of gradient
# reversal (3) and of ADDA (4, 6 and 7); `marks` says how often one looks in between, `probe` how many images are then
# asked, `shift` how many a target with fewer classes has, and `seeds` how often a run is repeated.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"source": 300, "target": 300, "test": 300, "batch": 16, "read": 8, "turn": 4, "adapt": 4, "shift": 100,
           "marks": 2, "probe": 60, "seeds": 1},
    cpu={"source": 2_000, "target": 1_800, "test": 2_000, "batch": 64, "read": 200, "turn": 300, "adapt": 180,
         "shift": 800, "marks": 3, "probe": 500, "seeds": 3},
    gpu={"source": 2_000, "target": 1_800, "test": 10_000, "batch": 128, "read": 3_000, "turn": 10_000,
         "adapt": 10_000, "shift": 800, "marks": 10, "probe": 1_000, "seeds": 5},
)  # fmt: skip
telling = session.profile != "smoke"  # whether networks were trained for long enough to be judged

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The same digits, twice
#
# MNIST was written by employees of the US Census Bureau and by students. USPS was cut out of envelopes. The package
# brings both to USPS's 16×16 pixels. The set with labels is called the *source*, the one without the *target*, and each
# of them a *domain*. Whoever adapts sees the target's images and never its labels; we keep those to measure.

# %% slideshow={"slide_type": "fragment"}
sets = {"MNIST": data.domains.load("mnist", fallback="glyphs"), "USPS": data.domains.load("usps", fallback="glyphs")}
real = not any("glyphs" in data.source(name).text for name in ("mnist", "usps"))
counts = {"MNIST": settings["source"], "USPS": settings["target"]}
for name, found in sets.items():
    print(f"{name}: {data.source(name.lower()).text}; {found.x_train.shape[1:]}, a run trains on {counts[name]:,}")


def part(name, seed):
    """The training images of one run: each seed draws its own from the set. The test images stay."""
    return data.domains.subset(sets[name], counts[name], seed)

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    plots.image_rows({name: data.scale(found.x_train[:14], 0.0) for name, found in sets.items()}, width=12),
    alt="Fourteen digits of each set. In the first they stand small in the middle of the frame, in the second they "
        "fill it from top to bottom.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# You read both rows without a thought. Write down what you would tell somebody who has only seen the first.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · The same digits, elsewhere
#
# A network learned to read digits of the first set. On test images of that set it is right nearly always. For which
# share of the second set's test images is it right, without having seen one of them? Say a number between 0 and 1, then
# run the next cells.

# %% slideshow={"slide_type": "fragment"}
my_accuracy = ...

exercises.domains.moved.check(my_accuracy)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# my_accuracy = 0.7
# ```
#
# A classifier learns what separates the classes *in its training images*. Some of that is the shape of a digit, and
# some is how thick a stroke is, where the digit sits, or what the ground looks like. Nothing in its loss tells the two
# apart, since on its own images both work. So part of what it learned fails as soon as the images come from elsewhere.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · A classifier loses by the move
#
# Images go through an *encoder* $E$ to 128 features, and features through a *classifier* $C$, one linear layer, to ten
# logits. We train both on one set, and test them on both. A run is a seed: its weights, its images, its order.

# %% slideshow={"slide_type": "fragment"}
def networks(seed, dropout=0.5):
    keras.utils.set_random_seed(seed)
    return nets.digit_encoder(dropout=dropout), nets.digit_classifier(), nets.domain_discriminator()


def reader(seed):
    encoder, classifier, _ = networks(seed)
    return domains.Supervised(encoder, classifier, seed=seed)


playing = reader(0)
playing.compile(steps_per_execution=20)
shapes = {layer.name: layer.output.shape[1:] for layer in playing.encoder.layers}
print(" -> ".join(str(shape) for shape in dict.fromkeys(shapes.values())), "->", playing.classifier.output_shape[1:])

# %% slideshow={"slide_type": "subslide"}
def trained(images, seed):
    """The encoder and the classifier that a run ends with."""
    restart(playing, reader(seed))
    playing.fit(images.x_train, images.y_train, batch_size=settings["batch"], steps_per_epoch=settings["read"],
                verbose=0)  # fmt: skip
    kept = reader(seed)
    kept.encoder.set_weights(playing.encoder.get_weights())
    kept.classifier.set_weights(playing.classifier.get_weights())
    return kept.encoder, kept.classifier


def right(E, C, name):
    """The share of a set's test images that is read rightly, in per cent."""
    found, n = sets[name], settings["test"]
    return 100 * domains.accuracy(E, C, found.x_test[:n], found.y_test[:n])

# %% slideshow={"slide_type": "subslide"}
runs = range(settings["seeds"])
readers = {(name, seed): trained(part(name, seed), seed) for name in sets for seed in runs}
read_on = {(source, target): np.array([right(*readers[source, seed], target) for seed in runs])
           for source in sets for target in sets}  # fmt: skip
for (source, target), values in read_on.items():
    print(f"trained on {source:5}, tested on {target:5}: " + "  ".join(f"{value:5.1f}%" for value in values))
exercises.domains.moved.compare(read_on["MNIST", "USPS"].mean() / 100)
if telling and real:
    for source, target in (("MNIST", "USPS"), ("USPS", "MNIST")):
        away = read_on[source, target]
        assert (read_on[source, source] > 90).all() and (away < read_on[source, source] - 10).all(), "lost by moving"
        assert (away < read_on[target, target] - 10).all(), "and these images can be read, by one who learned on them"

# %% [markdown] slideshow={"slide_type": "fragment"}
# A column is a seed. Compare the first two lines, then the last two: each reader is right at home and loses on the
# other set. Then compare the lines that were tested on the same set: the other set's images are not harder, for the
# same network reads them when it has learned on them. So what is lost is lost by the move.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 2.1 What is different?
#
# Three suspects can be measured: the ink, the width of a stroke (twice the area over the length of its edge), and how
# high the digit stands in its frame.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input", "long"]
def measured_on(images):
    """Ink in per cent, width of strokes and height of digits in pixels, one number an image."""
    x = images[..., 0] / 255
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    edge = np.hypot(np.diff(padded, axis=1)[:, :, 1:], np.diff(padded, axis=2)[:, 1:]).sum((1, 2))
    rows = (x > 0.25).any(2)
    height = rows.shape[1] - rows.argmax(1) - rows[:, ::-1].argmax(1)
    return {"ink, %": 100 * x.mean((1, 2)), "width of a stroke, pixels": 2 * x.sum((1, 2)) / (edge + 1e-6),
            "height of a digit, pixels": height.astype(float)}  # fmt: skip


measures = {name: measured_on(found.x_train[:2_000]) for name, found in sets.items()}
panels = {quantity: {name: found[quantity] for name, found in measures.items()} for quantity in measures["MNIST"]}
for quantity, both in panels.items():
    print(f"{quantity:26}", ", ".join(f"{name} {v.mean():5.2f} ± {v.std():.2f}" for name, v in both.items()))
show(
    figures.distributions(panels),
    alt="Histograms of ink, stroke width and height in both sets, with a line at each mean: "
        + "; ".join(f"{quantity} {' and '.join(f'{v.mean():.1f}' for v in both.values())}"
                    for quantity, both in panels.items()) + ".",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The heights hardly overlap: MNIST leaves a margin, and most of USPS has none. Is that the reason, or only a
# difference? An intervention tells. Cut each MNIST digit out, stretch it until it fills the frame, train on that, and
# test on USPS as it is. The same digits, labels and seeds; nothing of USPS is used but the knowledge that its digits
# fill the frame.

# %% slideshow={"slide_type": "fragment"}
def framed(seed):
    """The MNIST digits of a run, each stretched to the whole frame."""
    images = part("MNIST", seed)
    return images._replace(x_train=data.domains.framed(images.x_train))


stretched = np.array([right(*trained(framed(seed), seed), "USPS") for seed in runs])
for name, values in (("as it is", read_on["MNIST", "USPS"]), ("stretched to the frame", stretched)):
    print(f"trained on MNIST {name:22} tested on USPS: " + "  ".join(f"{value:5.1f}%" for value in values))
if telling and real:
    assert (stretched > read_on["MNIST", "USPS"] + 3).all(), "stretching wins several per cent in every run"

# %% [markdown] slideshow={"slide_type": "fragment"}
# So the frame is one reason, with what belongs to it: stretching adds ink and widens strokes as well. Whoever looks at
# the data before training may need no adversary for it. Remember this row: it is the bar for all methods below. But it
# took a person who *saw* the difference, and in the third direction, in section 6, stretching will not help. Can a
# network find out by itself?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · Features that do not say where they come from
#
# Here is the idea of all methods below. If nobody can tell from the features $E(x)$ whether $x$ came from the source or
# from the target, then a classifier that works on the source's features should work on the target's. To find out
# whether anybody can tell, train somebody: a *discriminator* $D$, which answers with a large number for the source. And
# make the encoder work against it.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
show(
    figures.reversal_diagram(),
    alt="Images of both sets enter the encoder. Its features go to the classifier, and through a layer called reversal "
        "to the discriminator. Dashed arrows are gradients: from the classifier's loss they reach the encoder as they "
        "are, from the discriminator's loss they reach it times minus lambda.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Black arrows go forwards, dashed ones are slopes on their way back. The discriminator goes *down* its loss. The
# encoder is sent the same slope with the sign turned, so it goes *up*. All that is needed is a layer that does nothing
# forwards and turns the gradient round backwards (Ganin et al., 2016).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · Forwards and backwards
#
# `x` is a tensor of any shape and `strength` a number λ ≥ 0. Return a tensor that *is* x, number by number, and through
# which every gradient comes back times −λ. Use `keras.ops` only: no class, no function of the backend. The next cells
# use your function.

# %% slideshow={"slide_type": "fragment"}
def my_reversal(x, strength):
    return ...


reversal = exercises.domains.reversal.use(my_reversal)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_reversal(x, strength):
#     return -strength * x + ops.stop_gradient((1 + strength) * x)
# ```
#
# The first term has the slope −λ and the wrong value, the second one the missing value and no slope. All three
# frameworks have ways of their own to say this (`custom_gradient`, `custom_vjp`, an `autograd.Function`), and none of
# them runs on the other two. A sum with a constant part runs everywhere, and you can read it.
#
# </details>

# %% slideshow={"slide_type": "subslide"}
x = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
weights = np.random.default_rng(1).normal(size=(4, 5)).astype("float32")


def numbers(tensor):
    return ops.convert_to_numpy(ops.stop_gradient(tensor))


turning = {"ours": lambda t: reversal(t, 0.7), "the package's": GradientReversal(0.7), "none": lambda t: t}
for name, layer in turning.items():
    slope = numbers(backend.input_gradient(lambda t, layer=layer: ops.multiply(layer(t), weights), x))
    print(f"{name:13}: output moved by {np.abs(numbers(layer(ops.convert_to_tensor(x))) - x).max():.0e}, "
          f"slope {(slope / weights).mean():+.3f} times the one that came in")  # fmt: skip
    assert np.allclose(slope, (1.0 if name == "none" else -0.7) * weights, atol=1e-6)
    assert np.allclose(numbers(layer(ops.convert_to_tensor(x))), x, atol=1e-6)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 3.1 The game
#
# > Draw images and labels of the source, and images of the target. Move everything one step down the sum of
# > $-\log \mathrm{softmax}\,C(E(x_s))_y$, of $-\log\sigma(D(R(E(x_s))))$ and of $-\log(1-\sigma(D(R(E(x_t)))))$,
# > where $R$ is the reversal.
#
# Here $\sigma$ is the sigmoid, and $-\log\sigma(a) = \operatorname{softplus}(-a)$. One player moves all three networks.
# The encoder is called twice, so that its batch norms take each set by its own mean and variance.

# %% slideshow={"slide_type": "fragment"}
class Ours(Game):
    def __init__(self, E, C, D, strength, optimizer, seed=0):
        super().__init__([Player("network", [E, C, D], self.all_losses, optimizer)], seed=seed)
        self.E, self.C, self.D, self.strength = E, C, D, strength

    def all_losses(self, batch, training):
        x_source, y_source, x_target = batch
        source, target = self.E(x_source, training=training), self.E(x_target, training=training)
        classes = domains.cross_entropy(y_source, self.C(source))
        source, target = (self.D(reversal(features, self.strength)) for features in (source, target))
        return classes + ops.mean(ops.softplus(-source)) + ops.mean(ops.softplus(target))

# %% slideshow={"slide_type": "fragment"}
first = part("MNIST", 0), part("USPS", 0)
rows = domains.pairs(data.scale(first[0].x_train), first[0].y_train.astype("int32"), data.scale(first[1].x_train))
plain = [networks(0, dropout=0.0) for _ in range(2)]  # dropout would draw other units in each of the two games
game = domains.Reversal(*plain[0], strength=domains.constant(0.7), optimizer=keras.optimizers.SGD(0.1))
apart = largest_difference(Ours(*plain[1], 0.7, keras.optimizers.SGD(0.1)), game, rows)
print(f"largest difference of any weight after two iterations: {apart:.1e}")
assert apart < 1e-4, "ours is the package's game"

# %% [markdown] slideshow={"slide_type": "subslide"}
# One player? There are two in it who want different things, and they move at the same moment. Say it without the trick:
# the classifier goes down the classes' loss, the discriminator down the domains' loss, and the encoder down the first
# and *up* λ times the second. Compute these slopes with nothing reversed, take one step by hand, and compare.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
E, C, D = networks(3, dropout=0.0)
few = [array[:64] for array in rows]


def weights_now():
    return [numbers(v.value) for network in (E, C, D) for v in network.trainable_variables]


def slopes(loss):
    """The slope of a loss for every weight of E, C and D."""
    moving = [v for network in (E, C, D) for v in network.trainable_variables]
    return [numbers(slope) for slope in backend.value_and_grad(lambda: (loss(), ()), moving)[1]]


def side_loss():
    return losses.nonsaturating.discriminator(D(E(few[0], training=True)), D(E(few[2], training=True)))


by_class = slopes(lambda: domains.cross_entropy(few[1], C(E(few[0], training=True))))
by_side, before = slopes(side_loss), weights_now()
turned = [-0.7] * len(E.trainable_variables) + [1.0] * (len(before) - len(E.trainable_variables))
game = domains.Reversal(E, C, D, strength=domains.constant(0.7), optimizer=keras.optimizers.SGD(0.1))
game.compile()
game.fit(tuple(few), batch_size=64, steps_per_epoch=1, verbose=0)
after = weights_now()


def missed(signs):
    by_hand = [w - 0.1 * (a + sign * b) for w, a, b, sign in zip(before, by_class, by_side, signs)]
    return max(np.abs(w - hand).max() for w, hand in zip(after, by_hand))


went = max(np.abs(w - v).max() for w, v in zip(after, before))
print(f"weights moved by up to {went:.3f}; two players by hand miss them by {missed(turned):.1e}, "
      f"and with the sign not turned by {missed([1.0] * len(before)):.3f}")  # fmt: skip
assert missed(turned) < 1e-4 and missed([1.0] * len(before)) > 10 * missed(turned)

# %% [markdown] slideshow={"slide_type": "fragment"}
# So gradient reversal is a two-player game played in one step, and all that you know from notebook 04 holds: it may
# circle, one side may win too early, and the loss does not tell how good the result is. At first the discriminator
# knows nothing, and its slopes say nothing either. So λ starts at 0 and grows,
# $\lambda = \lambda_\text{most}\,(2/(1+e^{-10p}) - 1)$ with $p$ from 0 to 1 over the training.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 3.2 Played
#
# From MNIST to USPS. Twice we stop and ask two questions on test images. How much of the target is read rightly? And
# how often can a *linear probe*, a classifier of its own, tell from the features which set an image came from? A coin
# would reach 50%. The probe is fitted anew each time, and asked about rows that it did not see.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def seen(E, name):
    """Features of a set's test images."""
    return domains.features_of(E, sets[name].x_test[: settings["probe"]])


def told(source, target):
    """How often a linear probe names the domain of features, in per cent, on rows that it was not fitted to."""
    return 100 * metrics.domain_accuracy(source, target)


E, C = readers["MNIST", 0]
print(f"source only: right {right(E, C, 'USPS'):.1f}%, told {told(seen(E, 'MNIST'), seen(E, 'USPS')):.1f}%")
game = domains.Reversal(*networks(0), strength=domains.ramp(settings["turn"], 0.3))
game.compile(steps_per_execution=20)
for half in (1, 2):
    game.fit(rows, batch_size=settings["batch"], steps_per_epoch=settings["turn"] // 2, verbose=0)
    domains.set_statistics(game.encoder, first[0].x_train)  # each set is read with its own means and variances
    source = seen(game.encoder, "MNIST")
    domains.set_statistics(game.encoder, first[1].x_train)
    good, known = right(game.encoder, game.classifier, "USPS"), told(source, seen(game.encoder, "USPS"))
    print(f"{half * settings['turn'] // 2:4} iterations: right {good:.1f}%, told {known:.1f}%")
halves = domains.features_of(E, sets["MNIST"].x_test[: 2 * settings["probe"]])
print(f"the probe's floor, half of MNIST's test images against the other half: {told(halves[::2], halves[1::2]):.1f}%")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One run from one seed: more of the target is read than by the source's reader, and the probe finds it much harder to
# name the domain, though a little easier than on its floor, where there is nothing to find. Is that the game's doing?
# Not all of it: the game also had more iterations than the reader, and reads each set by its own means and variances.
# Section 5.1 tries the second alone; the table of section 6 gives all rows equally many iterations (ADDA excepted) and
# more seeds.

# %% [markdown] slideshow={"slide_type": "notes"}
# Ask why the probe is linear (so is the classifier), and why it is fitted anew. (The discriminator is the opponent; it
# may have been left behind. A probe that took no part is a fairer witness.) Then ask whether 50% would prove that
# nothing can be told.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · An encoder of its own: ADDA
#
# Reversal asks one encoder to serve both sets. *Adversarial discriminative domain adaptation* (Tzeng et al., 2017)
# makes three other choices:
#
# | | gradient reversal | ADDA |
# |---|---|---|
# | encoders | one for both | the source's, frozen; the target's starts as its copy |
# | the encoder's loss | uphill on $D$'s loss | $D$'s loss with the labels *inverted* |
# | labels | needed all the time | needed before, for the source's reader; then never again |
#
# This is notebook 04's GAN: features of the source are the real examples, and the target's encoder is the generator,
# whose input is an image in place of noise.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Why invert? A logit $a$ far below 0 says "target", and says it surely; that is where the encoder's features stand once
# the discriminator has learned to tell. These are the slopes by which three losses move a target's logit: reversal,
# domain confusion (Tzeng et al., 2015: make $D$ answer one half), and inverted labels.

# %% slideshow={"slide_type": "fragment"}
encoder_losses = {
    "reversal": lambda a: -ops.softplus(a),
    "confusion": lambda a: 0.5 * (ops.softplus(a) + ops.softplus(-a)),
    "inverted labels": lambda a: ops.softplus(-a),
}
logits = np.array([-6.0, -2.0, 0.0, 2.0, 6.0], "float32")
pushed = {name: -numbers(backend.input_gradient(loss, logits)) for name, loss in encoder_losses.items()}
print("logit a of a target's image ", "  ".join(f"{a:+6.1f}" for a in logits))
for name, push in pushed.items():
    print(f"push by {name:20}", "  ".join(f"{p:+6.3f}" for p in push))
assert pushed["reversal"][0] < 0.01 and pushed["inverted labels"][0] > 0.99, "where the discriminator is sure"
assert abs(pushed["confusion"][2]) < 1e-6 and pushed["confusion"][4] < 0, "confusion wants one half, from both sides"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where the discriminator is sure, on the left, reversal hardly pushes, and inverted labels push with full force.
# Confusion pushes half as hard; it is content at 0, and beyond it pulls back.

# %% slideshow={"slide_type": "subslide"} tags=["long"]
class OurADDA(Game):
    def __init__(self, source, target, D, seed=0):
        target.set_weights(source.get_weights())
        slow = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]
        super().__init__([Player("discriminator", [D], self.tell, slow[0]),
                          Player("target_encoder", [target], self.pass_for_source, slow[1])], seed=seed)  # fmt: skip
        self.source, self.target, self.D = source, target, D

    def tell(self, batch, training):
        source, target = self.source(batch[0], training=False), self.target(batch[1], training=training)
        source, target = self.D(ops.stop_gradient(source)), self.D(ops.stop_gradient(target))
        return ops.mean(ops.softplus(-source)) + ops.mean(ops.softplus(target))

    def pass_for_source(self, batch, training):
        return ops.mean(ops.softplus(-self.D(self.target(batch[1], training=training))))

# %% slideshow={"slide_type": "fragment"}
def adda(E, seed, game=domains.ADDA):
    """ADDA from a trained encoder, of which it gets copies; without dropout, which would blur the target's alone."""
    source, target = networks(100 + seed)[0], networks(200 + seed, dropout=0.0)[0]
    source.set_weights(E.get_weights())
    return game(source, target, networks(300 + seed)[2], seed=seed)


apart = largest_difference(adda(E, 0, OurADDA), adda(E, 0), (rows[0], rows[2]))
print(f"largest difference of any weight after two iterations: {apart:.1e}")
assert apart < 1e-4, "ours is the package's game"

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.1 Only the target's encoder moves
#
# Play it, each run from its own reader of section 2. The classifier is not in the game at all. When it is over, the
# source's encoder must be the same bit for bit, and so must whatever it keeps beside its weights.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def unlabelled(seed, target):
    """Images of the source and of the target, as many of both, for ADDA."""
    source = part("MNIST", seed)
    found = domains.pairs(source.x_train, source.y_train, target.x_train, seed=seed)
    return found[0], found[2]


aligning = adda(E, 0)
aligning.compile(steps_per_execution=20)
each, traces, aligned = settings["adapt"] // settings["marks"], [], {}
for seed in runs:
    E, C = readers["MNIST", seed]
    restart(aligning, adda(E, seed))
    D_before = aligning.discriminator.get_weights()
    trace = [(right(E, C, "USPS"), told(seen(E, "MNIST"), seen(E, "USPS")))]
    images = unlabelled(seed, part("USPS", seed))
    for _ in range(settings["marks"]):
        aligning.fit(images, batch_size=settings["batch"], steps_per_epoch=each, verbose=0)
        trace.append((right(aligning.encoder, C, "USPS"), told(seen(E, "MNIST"), seen(aligning.encoder, "USPS"))))
    frozen = zip(aligning.source_encoder.get_weights(), E.get_weights())
    assert all(np.array_equal(a, b) for a, b in frozen), "the source's encoder stands still, bit for bit"
    for network, old in ((aligning.encoder, E.get_weights()), (aligning.discriminator, D_before)):
        assert any(not np.array_equal(a, b) for a, b in zip(network.get_weights(), old)), "these two move"
    aligned[seed] = aligning.encoder.get_weights()
    traces.append(trace)
traces = np.array(traces).transpose(1, 0, 2)  # (marks + 1, runs, 2)
print(f"{len(aligning.source_encoder.get_weights())} arrays of the source's encoder: not a bit has changed")

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
at = each * np.arange(settings["marks"] + 1)
for k, looked in zip(at, traces):
    print(f"{k:4} iterations: right " + " ".join(f"{v:5.1f}%" for v in looked[:, 0])
          + "   domain told " + " ".join(f"{v:5.1f}%" for v in looked[:, 1]))  # fmt: skip
lines = {"right on USPS, %": {"ADDA": traces[..., 0]}, "domain told by a linear probe, %": {"ADDA": traces[..., 1]}}
show(
    against(at, lines, "iterations", even=False),
    alt="Two curves over ADDA's iterations, means of the runs with bands from least to most. Right on USPS: "
        + ", ".join(f"{v.mean():.0f}" for v in traces[..., 0]) + "%. Domain told by a linear probe: "
        + ", ".join(f"{v.mean():.0f}" for v in traces[..., 1]) + "%.",
)  # fmt: skip
if telling and real:
    assert (traces[-1, :, 0] > traces[0, :, 0] + 5).all(), "more of the target is read, in every run"
    assert (traces[-1, :, 1] < traces[0, :, 1] - 5).all(), "and the domain is harder to tell, in every run"

# %% [markdown] slideshow={"slide_type": "fragment"}
# A column is a run, from its own reader. In all of them more of USPS is read, and the domain is harder to tell; the
# first stretch brings most of what is gained. The probe stays far above its floor of section 3.2: the two sets of
# features have become more alike, and not the same. No label of USPS was used in training. And the bar of section 2.1?
# This short ADDA comes near it, and stays below it in every run; section 6 plays it longer.

# %% slideshow={"slide_type": "subslide"} tags=["hide-input", "cover", "long"]
E, C = readers["MNIST", 0]
adapted, n = networks(0)[0], min(250, settings["probe"])
adapted.set_weights(aligned[0])
home, classes = domains.features_of(E, sets["MNIST"].x_test[:n]), {name: s.y_test[:n] for name, s in sets.items()}
axes = np.linalg.svd(home - home.mean(0), full_matrices=False)[2][:2].T  # the source's first two principal axes
flat = {title: {"MNIST": ((home - home.mean(0)) @ axes, classes["MNIST"]),
                "USPS": ((domains.features_of(of, sets["USPS"].x_test[:n]) - home.mean(0)) @ axes, classes["USPS"])}
        for title, of in (("before: one encoder", E), ("after ADDA", adapted))}  # fmt: skip
show(
    figures.feature_maps(flat, width=11),
    alt="Features of test images of both sets in the plane of MNIST's first two principal axes, above by domain, below "
        "by class, before ADDA and after it.",
)  # fmt: skip
for title, both_sets in flat.items():
    middles = [[points[y == k].mean(0) for k in np.unique(y)] for points, y in both_sets.values()]
    gaps = [np.linalg.norm(one - other) for one, other in zip(*middles)]
    print(f"{title:20}: in this plane the two means of a class are {np.mean(gaps):.2f} apart, on average over classes")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two of 128 directions, chosen by MNIST alone and the same in both columns; one run. In the lower row a cross should
# lie among dots of its own colour. The printed distance says it in a number: after ADDA the middle of a class is nearer
# to its partner, on average over the classes and in this plane.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 4.2 Harder to tell, better to read?
#
# The study asks both questions at length, in the other direction, from USPS to MNIST, on held-back training images of
# the target; three seeds.

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
study, found = studies.read("domains-digits")
made = study["settings"]
long = {title: {name: 100 * values[np.isfinite(values).all(1)].T  # (marks, seeds that were played)
                for name, values in zip(made["trace_methods"], found[key])} for title, key in (
    ("right on the target, %", "trace_accuracy"), ("domain told by a linear probe, %", "trace_domain"))}  # fmt: skip
show(
    against(made["marks"], long, "iterations", even=False),
    alt=f"{made['trace_direction']}: " + "; ".join(
        f"{title}: " + ", ".join(f"{name} from {v[0].mean():.0f} to {v[-1].mean():.0f}" for name, v in rows_of.items())
        for title, rows_of in long.items()) + ". Means of the seeds with bands from least to most.",
)  # fmt: skip
for title, rows_of in long.items():
    for name, values in rows_of.items():
        print(f"{title:32} {name:12} " + " ".join(f"{v.mean():5.1f} ± {np.ptp(v) / 2:.1f}" for v in values))
assert all((of["ADDA"] - of["reversal"])[0].min() > 10 for of in long.values()), "more read, and easier to tell"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Left, higher is better; right, lower means harder to tell; ± is half the range of the seeds. The reader of the source
# alone learns on, and its domain stays as easy to tell as it was. Both games end far above it on the left and far below
# it on the right. But compare the two games with each other: at every mark ADDA reads more of the target, while at
# first its domain is *easier* to tell than that of reversal. So the right panel is not the left one turned round. (The
# start is not the same: ADDA begins with a reader that has learned for 500 iterations, reversal with fresh weights.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Without an opponent
#
# "Other ways to align" need no discriminator. Write down a *distance* of two sets of features, and add it to the
# classifier's loss. Two of them:
#
# - **CORAL** (Sun and Saenko, 2016) compares covariances: $\|C_S-C_T\|_F^2/(4d^2)$.
# - **MMD** (Gretton et al., 2012; for features Long et al., 2015), the maximum mean discrepancy of notebook 01,
#   compares everything that a kernel $k$ sees. Its square is
#   $\overline{k(s,s')} + \overline{k(t,t')} - 2\,\overline{k(s,t)}$, the bars being means over pairs.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Two clouds, one shape
#
# `source` (n, d) and `target` (m, d) are tensors of features, n and m at least 2. Return one number,
# $\lVert C_S - C_T\rVert_F^2 / (4d^2)$. Here $C$ is the covariance of a cloud: of its rows about *their own* mean, with
# n − 1 (or m − 1) in the denominator; and $\lVert\cdot\rVert_F^2$ is the sum of squares of all entries. The next
# cells use your function.

# %% slideshow={"slide_type": "fragment"}
def my_coral(source, target):
    return ...


coral = exercises.domains.coral.use(my_coral, losses.coral)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_coral(source, target):
#     def covariance(x):
#         centred = x - ops.mean(x, axis=0)
#         return ops.matmul(ops.transpose(centred), centred) / (x.shape[0] - 1)
#
#     d = source.shape[1]
#     return ops.sum(ops.square(covariance(source) - covariance(target))) / (4 * d**2)
# ```
#
# Two clouds with the same covariance have the same lengths and directions, and that is all that this loss asks for. It
# plays no game: there is no discriminator to train, and nothing to balance. What it cannot see are the means, which a
# bias can move anyway, and everything of a higher order than two: a ring and a disc may pass for one another.
#
# </details>

# %% slideshow={"slide_type": "subslide"}
def my_mmd(s, t, scales=(0.25, 0.5, 1.0, 2.0, 4.0)):
    every = np.concatenate([s, t])
    squares = np.square(every[:, None] - every).sum(-1)  # (n + m, n + m)
    width = squares.sum() / (len(every) * (len(every) - 1))  # their mean, over pairs of different rows
    k = np.mean([np.exp(-squares / (scale * width)) for scale in scales], axis=0)
    n = len(s)
    return k[:n, :n].mean() + k[n:, n:].mean() - 2 * k[:n, n:].mean()


s, t = (domains.features_of(E, sets[name].x_test[:60]) for name in sets)
for name, ours, package in (("CORAL", coral, losses.coral), ("MMD", my_mmd, losses.mmd)):
    values = [float(numbers(ops.convert_to_tensor(f(s, other)))) for f in (ours, package) for other in (t, s)]
    print(f"{name:5} of MNIST's and USPS's features: by hand {values[0]:.5f}, the package's {values[2]:.5f}; "
          f"of equal ones {values[3]:.0e}")  # fmt: skip
    assert np.isclose(values[0], values[2], rtol=1e-3) and abs(values[3]) < 1e-6 < values[2]

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### 5.1 In closed form
#
# For the simplest distances one needs no training at all. With a *linear* kernel MMD² is $\|\mu_S-\mu_T\|^2$, and it is
# 0 when the mean is moved. CORAL is 0 when the target's features are whitened and coloured again:
# $t\mapsto (t-\mu_T)\,C_T^{-1/2}C_S^{1/2}+\mu_S$. Rare directions would be blown up by that, so the code adds 1 to
# every variance first, as its authors do (Sun, Feng and Saenko, 2016), and CORAL need not become quite 0. Fit both on
# the unlabelled training images, leave all weights as they are, and read the test images. A third way does the like in
# *every* layer: batch norms subtract the mean and divide by the deviation that they met in training; give them those of
# the target (Li et al., 2016).

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def power(covariance, exponent, ridge=1.0):
    """A symmetric matrix to a power; the ridge is CORAL's own, and keeps rare directions from being blown up."""
    values, axes_of = np.linalg.eigh(covariance + ridge * np.eye(len(covariance)))
    return (axes_of * values**exponent) @ axes_of.T


maps = {
    "as they are": lambda f, s, t: f,
    "mean moved": lambda f, s, t: f - t.mean(0) + s.mean(0),
    "mean and covariance": lambda f, s, t: (
        (f - t.mean(0)) @ power(np.cov(t.T), -0.5) @ power(np.cov(s.T), 0.5) + s.mean(0)
    ),
}
closed, rest = {name: [] for name in (*maps, "statistics of each layer")}, []
for seed in runs:
    E, C = readers["MNIST", seed]
    s, t = (domains.features_of(E, part(name, seed).x_train) for name in sets)
    asked, truth = (array[: settings["test"]] for array in (sets["USPS"].x_test, sets["USPS"].y_test))
    f, (W, b) = domains.features_of(E, asked), C.get_weights()
    for name, change in maps.items():
        closed[name].append(100 * np.mean((change(f, s, t) @ W + b).argmax(1) == truth))
    own = networks(seed)[0]
    own.set_weights(E.get_weights())
    domains.set_statistics(own, part("USPS", seed).x_train)
    closed["statistics of each layer"].append(right(own, C, "USPS"))
    mapped = maps["mean and covariance"](t, s, t)
    rest.append(100 * float(losses.coral(s, mapped) / losses.coral(s, t)))
    gone = np.square(maps["mean moved"](t, s, t).mean(0) - s.mean(0)).sum()
    assert gone < 1e-4 * np.square(s.mean(0) - t.mean(0)).sum(), "the linear MMD is gone"
for name, values in closed.items():
    print(f"USPS, {name:24}: " + "  ".join(f"{value:5.1f}%" for value in values))
print(f"USPS, {'ADDA, of section 4':24}: " + "  ".join(f"{value:5.1f}%" for value in traces[-1, :, 0]))
print(f"{'CORAL that its map leaves':30}: " + "  ".join(f"{value:5.1f}%" for value in rest))
assert max(rest) < 50 or not telling, "most of CORAL is gone"

# %% [markdown] slideshow={"slide_type": "fragment"}
# A column is a run, and no weight was moved in the first four lines. Moving the mean wins two to six points, and
# neither the covariance (with that 1 added) nor the statistics of every layer win much more. Whatever they win, without
# a label and without a discriminator, has to be taken off what a game claims to have won. (ADDA's own encoder has the
# target's statistics too, by itself.) The last line is CORAL after its map, as a share of what it was before.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · The table
#
# Now at length, from a study: every method, both directions. Which are worth it?

# %% slideshow={"slide_type": "subslide"} tags=["long"]
PUBLISHED = {  # per cent on the target's test images: mean and spread, Tzeng et al., 2017, table 2, as on the slide
    "MNIST → USPS": {"source only": (75.2, 1.6), "reversal": (77.1, 1.8), "confusion": (79.1, 0.5),
                     "CoGAN": (91.2, 0.8), "ADDA": (89.4, 0.2)},
    "USPS → MNIST": {"source only": (57.1, 1.7), "reversal": (73.0, 2.0), "confusion": (66.5, 3.3),
                     "CoGAN": (89.1, 0.8), "ADDA": (90.1, 0.8)},
}  # fmt: skip
names, table = made["methods"], 100 * found["accuracy"]  # (directions, methods, seeds)
panels = {}
for direction, (n, m), rows_of, probes in zip(made["directions"], made["images"], table, 100 * found["domain"]):
    played = np.isfinite(rows_of).all(0)  # the seeds of which every row was played
    if not played.any():
        continue
    print(f"{direction}: {n:,} and {m:,} training images, {made['iterations']:,} iterations, seeds: {played.sum()}")
    known = PUBLISHED.get(direction, {})
    panels[direction] = {name: (values, known.get(name)) for name, values in zip(names, rows_of[:, played])}
    for name, values, probe in zip(names, rows_of[:, played], probes[:, played]):
        beside = "paper {} ± {}".format(*known[name]) if name in known else ""
        won = f"above source only in {(values > rows_of[0, played]).sum()}"
        spread_of = f"± {values.std(ddof=1):3.1f}" if len(values) > 1 else " " * 5
        print(f"  {name:15} {values.mean():5.1f} {spread_of}%  {won}  "
              f"domain told {probe.mean():3.0f}%  {beside}")  # fmt: skip
if real:
    for row in panels.values():
        better = [(row[name][0] > row["source only"][0]).all() for name in ("reversal", "ADDA")]
        assert all(better), "both beat the source's reader in every seed"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    figures.adaptation(panels),
    alt="Right on the target's test images, a row a method, dots for seeds and a bar at their mean. " + " ".join(
        f"{direction}: " + ", ".join(f"{name} {values.mean():.0f}" for name, (values, _) in of.items()) + "%."
        for direction, of in panels.items()),
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# ± is the deviation over seeds, and "above source only" counts the seeds in which a row beats the first one: every
# other row does in every seed, but for *statistics* from MNIST to USPS, once. The third direction has too few seeds for
# its spread to say much. The rings are the paper's; our readers have batch norms and dropout, which its LeNet had not,
# so compare our rows with each other.

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Statistics* is the control: no game, only each layer's means and variances. From USPS to MNIST it wins most of what
# confusion, CORAL and MMD win; from MNIST to USPS it wins little, though the domain has become nearly as hard to tell
# as in any row. ADDA reads most. It also had most: it begins where the source's reader ended, so its reader learned for
# twice as long, and its weights are averages. The bar of section 2.1 was 84 to 87% after 200 iterations: from MNIST to
# USPS only ADDA, of those without labels, lies clearly above it.
#
# Settings were chosen on training images of the target that no run saw, *with their labels*: a luxury that you will not
# have. (Two of them, the width of $D$ and ADDA's rate, were looked for after a first test result had been seen.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 6.1 A third direction
#
# The slide's SVHN is not at hand. In its place MNIST goes to *textured* digits: ground and digit get a coloured
# pattern, and what is seen is their difference (the recipe of MNIST-M, with waves in place of photographs).

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
some = sets["MNIST"].x_test[:12]
show(
    plots.image_rows({"MNIST": data.scale(data.domains.coloured(some), 0.0),
                      "textured": data.scale(data.domains.textured(some, seed=0), 0.0)}, width=12),
    alt="Twelve MNIST digits, and below each the same digit as the negative of a coloured, wavy ground.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# The ink is still brighter than its ground, but neither of them has one brightness or one colour any more. The margin
# is the same on both sides, so stretching would not help. (Somebody who saw these images might think of a threshold;
# the network is told nothing.)

# %% slideshow={"slide_type": "subslide"} tags=["long"]
def in_colour(seed, dropout=0.5):
    keras.utils.set_random_seed(seed)
    return nets.digit_encoder(image_shape=(16, 16, 3), dropout=dropout), nets.digit_classifier()


def fitted(x, y, seed):
    """A reader of colour images."""
    encoder, classifier = in_colour(seed)
    restart(colour_game, domains.Supervised(encoder, classifier, seed=seed))
    colour_game.fit(x, y, batch_size=settings["batch"], steps_per_epoch=settings["read"], verbose=0)
    encoder.set_weights(colour_game.encoder.get_weights())
    classifier.set_weights(colour_game.classifier.get_weights())
    return encoder, classifier


def colour_adda(E, seed):
    source, target = in_colour(100 + seed)[0], in_colour(200 + seed, dropout=0.0)[0]
    source.set_weights(E.get_weights())
    return domains.ADDA(source, target, networks(300 + seed)[2], seed=seed)


n, colour_game = settings["source"], domains.Supervised(*in_colour(0), seed=0)
colour_game.compile(steps_per_execution=20)
alike = colour_adda(colour_game.encoder, 0)
alike.compile(steps_per_execution=20)
x_asked, y_asked = (array[: settings["test"]] for array in (sets["MNIST"].x_test, sets["MNIST"].y_test))
x_asked, third = data.domains.textured(x_asked, seed=1), {}
for seed in runs:
    images = data.domains.subset(sets["MNIST"], 2 * n, seed)  # one half for each side: no digit is on both
    source, y = data.domains.coloured(images.x_train[:n]), images.y_train
    target = data.domains.textured(images.x_train[n:], seed=100 + seed)
    E, C = fitted(source, y[:n], seed)
    restart(alike, colour_adda(E, seed))
    alike.fit((source, target), batch_size=settings["batch"], steps_per_epoch=settings["adapt"], verbose=0)
    found_by = {"source only": (E, C), "ADDA": (alike.encoder, C), "target's labels": fitted(target, y[n:], seed)}
    for name, pair in found_by.items():
        third.setdefault(name, []).append(100 * domains.accuracy(*pair, x_asked, y_asked))
    domains.set_statistics(E, target)
    third.setdefault("statistics", []).append(100 * domains.accuracy(E, C, x_asked, y_asked))
for name in ("source only", "statistics", "ADDA", "target's labels"):
    print(f"MNIST → textured, {name:15}: " + "  ".join(f"{value:5.1f}%" for value in third[name]))
if telling and real:
    assert (np.array(third["source only"]) < np.array(third["target's labels"]) - 10).all(), "a move that costs a lot"
    assert (np.array(third["ADDA"]) > np.array(third["source only"]) + 5).all(), "ADDA wins much of it, in every run"

# %% [markdown] slideshow={"slide_type": "fragment"}
# A column is a run. Labels of the target would do it, so these digits can be read. The statistics get part of the way,
# and ADDA comes within a few points of the labels, in all three runs. (Each side has 2,000 images here, and 10,000 in
# the table.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · When it fails: other classes
#
# Nothing in these losses has seen a label of the target. They make two clouds alike, *whatever* is in them. What if the
# target holds the digits 0 to 4 only, while the source holds all ten? A target of as many images of all ten digits is
# the control. Each is tested on the classes that it holds, and the control on digits 0 to 4 as well.

# %% slideshow={"slide_type": "fragment"} tags=["long"]
def pair_on(classes, seed):
    """(source only, aligned): right on test images of these classes."""
    E, C = readers["MNIST", seed]
    x, y = sets["USPS"].x_test[: settings["test"]], sets["USPS"].y_test[: settings["test"]]
    asked = np.isin(y, list(classes))
    return tuple(domains.accuracy(encoder, C, x[asked], y[asked]) for encoder in (E, aligning.encoder))


def shifted(kept, seed):
    """The same for the classes that are kept, after ADDA with a target that holds no others."""
    target = data.domains.subset(data.domains.only(sets["USPS"], kept), settings["shift"], seed)
    restart(aligning, adda(readers["MNIST", seed][0], seed))
    aligning.fit(unlabelled(seed, target), batch_size=settings["batch"], steps_per_epoch=settings["adapt"], verbose=0)
    return pair_on(kept, seed)


harm = {"all ten, on all": [], "all ten, on 0 to 4": [], "0 to 4, on 0 to 4": []}
for seed in runs:
    harm["all ten, on all"].append(shifted(range(10), seed))
    harm["all ten, on 0 to 4"].append(pair_on(range(5), seed))
    harm["0 to 4, on 0 to 4"].append(shifted(range(5), seed))
harm = {title: 100 * np.array(pairs) for title, pairs in harm.items()}
for title, pairs in harm.items():
    print(f"target of {title:18}: source only " + " ".join(f"{v:5.1f}%" for v in pairs[:, 0]) + ", aligned "
          + " ".join(f"{v:5.1f}%" for v in pairs[:, 1]))  # fmt: skip
if telling and real:
    all_ten, on_few, with_shift = harm.values()
    assert (all_ten[:, 1] > all_ten[:, 0] + 3).all(), "without the shift every run gains"
    assert (with_shift[:, 1] < with_shift[:, 0] - 10).all(), "with it every run falls below source only"
    assert (with_shift[:, 1] < on_few[:, 1] - 10).all(), "and below the control, on the same test images"

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    figures.before_after({f"target of {title}": pairs for title, pairs in harm.items()}),
    alt="Three panels, a line a run from source only to aligned. Means: " + "; ".join(
        f"target of {title}, from {pairs[:, 0].mean():.0f} to {pairs[:, 1].mean():.0f}%"
        for title, pairs in harm.items()) + ".",
)  # fmt: skip

# %% slideshow={"slide_type": "fragment"} tags=["hide-input"]
long_shift = 100 * found["shift"]  # (methods, targets, seeds): digits 0 to 4, then as many of all digits
print(f"the study, {made['shift_direction']}, tested on digits 0 to 4:")
for name, of_targets in zip(made["shift_methods"], long_shift):
    for title, values in zip(made["shift_targets"], of_targets):
        print(f"  {name:12} target of {title:28}" + " ".join(f"{v:5.1f}%" for v in values))
if real:
    assert (long_shift[1:, 0] < np.minimum(long_shift[0, 0], long_shift[1:, 1]) - 10).all(), "at length, too"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Blue lines gain or stay, orange ones lose. With all ten digits every run gains on its own test images; on digits 0 to
# 4 alone the source's reader was good already, and alignment wins nothing there: one run stays, two lose two and five
# points. With a target of five digits every run loses about 30. The discriminator has got what it asks for when the
# target's cloud looks like the source's. That one has ten classes in it, so five classes are pushed to spread over the
# places of ten. (This is the reason that we give; the figure shows the loss and not the way.) In the study both methods
# lose as well, 20 to 41 points.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · Pairs that nobody made: CoGAN
#
# Instead of aligning features, one can learn to *draw* both sets. CoGAN (Liu and Tuzel, 2016) is two GANs, one a
# domain. Their first layers, which decide what is drawn, are the same; only the last ones, which decide how it looks,
# are their own. In the critics it is the other way round. Nothing in the loss pairs anything. What is to pair the
# images are the shared layers alone: both generators are fed the same $z$.

# %% slideshow={"slide_type": "fragment"}
generator, critic = nets.paired_generator(), nets.paired_critic()
free = nets.paired_generator(tied=False)
z = np.random.default_rng(0).standard_normal((3, generator.input_shape[-1])).astype("float32")
before = [numbers(image) for image in generator(z)]
shared = generator.get_layer("shared")
shared.trainable_variables[0].assign(2 * shared.trainable_variables[0])
after = [numbers(image) for image in generator(z)]
print(f"tied: {shared.count_params():,} of {generator.count_params():,} weights belong to both; "
      f"untied there are {free.count_params():,}")  # fmt: skip
assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(before, after)), "one variable, and both images move"
assert not {id(v) for v in free.get_layer("shared_a").variables} & {id(v) for v in free.get_layer("shared_b").variables}
assert free.count_params() - generator.count_params() == shared.count_params()

# %% [markdown] slideshow={"slide_type": "fragment"}
# One variable was changed, and both images moved: they share it. Untied, the two generators have none in common. No
# long run of CoGAN ships with the course, so you see no drawn pairs here, and whether tying pairs anything is not
# shown. On the slide it adapts about as well as ADDA: 91.2 ± 0.8% and 89.1 ± 0.8% in the two directions, and from SVHN
# it "did not converge".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · Generated images as training data
#
# The deck's last application, *data augmentation*: train on real images and on generated ones. Can a generator that has
# seen only your 100 images tell your classifier anything that the 100 images do not? Compare it with what costs
# nothing: the same images, shifted by up to two pixels. And keep apart what a generator has *seen*: one that learned
# from all 60,000 images can pass on what 100 could not know.

# %% slideshow={"slide_type": "subslide"} tags=["long"]
more, accuracies = studies.read("augmentation-digits")
kinds, more = more["settings"]["kinds"], more["settings"]
columns = {}
for count, rows_of in zip(more["real"], 100 * accuracies["accuracy"]):
    rows_of = rows_of[:, np.isfinite(rows_of).all(0)]  # (kinds, seeds that were played)
    columns[f"{count:,} real images"] = rows_of.tolist()
    for name, values in zip(kinds, rows_of):
        print(f"{count:5,} real images, {name:22}: " + "  ".join(f"{value:5.1f}%" for value in values))
    if real:
        generated, shifted_by = rows_of[kinds.index("and generated")], rows_of[kinds.index("and shifted")]
        assert (shifted_by > generated).all(), "shifts are worth more than this generator, in every seed"
        assert (rows_of[-1] > rows_of[:-1]).all(), "and nothing is worth as much as more real images"
score = 100 * accuracies["score"][:, np.isfinite(accuracies["score"]).all(0)]  # (BigGAN's, as many real; seeds)
for name, values in zip(("drawn by BigGAN", "as many real ones"), score):
    print(f"trained on {more['scored']:,} images, {name:18}: " + "  ".join(f"{value:5.1f}%" for value in values))

# %% slideshow={"slide_type": "subslide"} tags=["hide-input"]
show(
    plots.image_rows({f"from {count:,}": data.scale(images[:14], 0.0)
                      for count, images in zip(more["real"], accuracies["images"])}, width=11),
    alt="Fourteen digits each of two conditional GANs of the study, above one that saw 100 images, below one that saw "
        "1,000. Most can be read; many have broken or ragged strokes.",
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# A column is a seed; the rows of a column have the same iterations and, but for *ten times as many*, the same real
# images. The generator saw no other images than these, and in both seeds its images make the reader *worse*. Two seeds
# and one short training of a GAN: this says nothing against better generators. Shifts help where there are 100 images;
# in this short training they do harm where there are 1,000. What helps in both cases is more real images. The last two
# lines turn the question round (the *classification accuracy score*, Ravuri and Vinyals, 2019): a reader that learned
# from nothing but BigGAN's digits reads real ones nearly as well as one of as many real digits. But that BigGAN had
# seen 60,000.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Your turn
#
# Exercises 1 to 3 stand in sections 1, 3 and 5. Fill in the dots and run the cell. The check says what is wrong,
# `exercises.domains.fooled.hint()` gives a hint, and the solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Repair an encoder that gives itself away
#
# `logits` (N, 1) is a tensor: what the discriminator says of the features of N *target* images. It has learned to
# answer with large numbers for features of the source, and with small ones for the target's. The target's encoder goes
# down this loss, and it should come to be taken for the source, with labels inverted as in ADDA. With this code the
# discriminator has nothing left to do after a few iterations, and the features of the two sets drift apart. Find the
# fault and repair it.

# %% slideshow={"slide_type": "fragment"}
def my_encoder_loss(logits):
    return ops.mean(ops.softplus(logits))


exercises.domains.fooled.check(my_encoder_loss)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def my_encoder_loss(logits):
#     return ops.mean(ops.softplus(-logits))
# ```
#
# softplus(a) is the cross-entropy for the label "target": the encoder was helping the discriminator. With the label
# "source" it is softplus(−a). This is the generator's non-saturating loss of notebook 04, and it is there for the same
# reason: where the discriminator is sure that these are the target's (a ≪ 0), its slope is 1, while the slope of
# −softplus(a) is nearly 0.
#
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# ### Exercise 5 · How much shift is too much?
#
# Leave more and more classes out of the target's training images. Take at least three numbers of classes, 10 and one of
# at most 5 among them. Measure on test images of the classes that are left how often the classifier is right without
# alignment, and how often with it. Fill a dict, `{classes kept: (source only, aligned)}`, each entry an accuracy or a
# list of accuracies, one a seed. Write in a sentence or two from where on alignment does harm, and why the domain probe
# would not have told you.

# %% slideshow={"slide_type": "skip"}
my_shift = ...
my_warning = ...

exercises.domains.shift.check(my_shift, my_warning)

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>Solution</summary>
#
# ```python
# my_shift = {}
# for count in (10, 7, 3):
#     pairs = [shifted(kept=range(count), seed=seed) for seed in range(2)]
#     my_shift[count] = tuple(map(list, zip(*pairs)))
# my_warning = "With 3 classes alignment does harm in both seeds: the features match, the classes do not."
# ```
#
# A discriminator sees features and no classes. If half of the source's classes do not occur in the target, the way to
# make both clouds alike is to spread the target's images over places where other classes live. A probe of the domain
# would call that a success, and the classifier is wrong. A few labels of the target would have said so.
#
# A good answer says:
#
# - It names both accuracies with all classes and with the fewest.
# - It says at which number of classes the sign of the difference turns, or that it did not turn here.
# - It says that the features can be aligned all the same, so the probe looks as good as without a shift.
# - It says how many seeds there were, and whether the difference is larger than their spread.
#
# </details>

# %% slideshow={"slide_type": "skip"}
exercises.summary()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · Recap
#
# - A classifier learns its training images with all their habits. Measure what the move costs before you mend it, and
#   look at the images: here stretching the digits won as much as a short ADDA.
# - Reversing a gradient is a game of two players who move at once.
# - ADDA gives the target an encoder of its own, starts it at the source's, and inverts the labels.
# - Aligned means that the domain is hard to tell. It does not mean that the classes lie where they should (Ben-David et
#   al., 2010: the bound on the target's error has a term of its own for that).
# - All of it assumes that both sides hold the same classes in about the same shares. A few labels of the target would
#   tell you when they do not.
# - CoGAN pairs two sets by tied layers alone: nothing in its loss says what belongs together.
# - A generator trained on your images has seen what you have seen. Ask what it adds, and compare with a shift.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | table 2, without its splits | its classifiers learn from 2,000 images of MNIST or 1,800 of USPS (6) |
# | "0.739 [16]" | 16 is a number in the paper's own list: Ganin et al., 2016, from SVHN to MNIST |
# | "adapt it to target data using unlabeled examples" | only where both sides hold the same classes (7) |
# | "Data Augmentation", a title alone | compare it with shifts first (9) |
#
# ### References
#
# - Ben-David et al. (2010), *A Theory of Learning from Different Domains*, <https://doi.org/10.1007/s10994-009-5152-4>
# - Ganin et al. (2016), *Domain-Adversarial Training of Neural Networks*, <https://arxiv.org/abs/1505.07818>
# - Gretton et al. (2012), *A Kernel Two-Sample Test*, <https://jmlr.org/papers/v13/gretton12a.html>
# - Li et al. (2016), *Revisiting Batch Normalization For Practical Domain Adaptation*,
#   <https://arxiv.org/abs/1603.04779>
# - Liu & Tuzel (2016), *Coupled Generative Adversarial Networks*, <https://arxiv.org/abs/1606.07536>
# - Long et al. (2015), *Learning Transferable Features with Deep Adaptation Networks*,
#   <https://arxiv.org/abs/1502.02791>
# - Ravuri & Vinyals (2019), *Classification Accuracy Score for Conditional Generative Models*,
#   <https://arxiv.org/abs/1905.10887>
# - Sun, Feng & Saenko (2016), *Return of Frustratingly Easy Domain Adaptation*, <https://arxiv.org/abs/1511.05547>
# - Sun & Saenko (2016), *Deep CORAL: Correlation Alignment for Deep Domain Adaptation*,
#   <https://arxiv.org/abs/1607.01719>
# - Tzeng et al. (2015), *Simultaneous Deep Transfer Across Domains and Tasks*, <https://arxiv.org/abs/1510.02192>
# - Tzeng et al. (2017), *Adversarial Discriminative Domain Adaptation*, <https://arxiv.org/abs/1702.05464>
