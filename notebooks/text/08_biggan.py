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
# # 08 · BigGAN
#
# [![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/generative-course/generative-course/blob/main/notebooks/08_biggan.ipynb)
#
# **Lecture:** Generative Networks and Auto-Encoding Generators, the part on BigGAN.
#
# When you are through, you can
#
# - compute the inception score by hand, and say what it does not see,
# - divide a kernel by its spectral norm, and differentiate through the division,
# - tell a generator which class you want, and let a critic check it,
# - trade variety for quality by truncation, and say why scaling is another thing,
# - build a ladder of ingredients, one at a time, and read it with its spread.
#
# | profile | for | this notebook takes |
# |---|---|---|
# | `smoke` | tests | 35 s to 1½ minutes on two cores, by processor |
# | `cpu` | a laptop | 4 to 10 minutes on two cores, by processor |
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
from itertools import pairwise

import keras
import numpy as np
from keras import ops

from course_utils import backend, data, exercises, losses, metrics, penalties, plots, pretrained, studies, weights
from course_utils.game import Average
from course_utils.games.biggan import BigGAN, kernels
from course_utils.games.watching import KeepBest, SingularValues, settle, spectral_norms
from course_utils.layers import ConditionalBatchNormalization, SelfAttention2D, SpectralDense, initial
from course_utils.networks import biggan as blocks
from course_utils.plots import biggan as figures, show

# %% [markdown] slideshow={"slide_type": "skip"}
# The one cell of settings. `widths` are the channels of the generator's blocks and `critic` those of the
# critic's; `steps` counts iterations of the training in section 5, whose batches are small for a reason that section
# 7 shows. `ladder` is the number of images that each run of section 7 is shown, `narrow` the widths of its networks,
# `race` the sizes of the batches.

# %% slideshow={"slide_type": "skip"}
settings = session.pick(
    smoke={"images": 2_000, "test": 500, "widths": (4,), "critic": (4, 6), "steps": 4, "batch": 16, "samples": 300,
           "ladder": 64, "narrow": (4,), "race": ()},
    cpu={"images": 60_000, "test": 2_000, "widths": (16, 8), "critic": (8, 16, 16), "steps": 2_000, "batch": 8,
         "samples": 2_000, "ladder": 3_200, "narrow": (16, 8), "race": (8, 64)},
    gpu={"images": 60_000, "test": 10_000, "widths": (64, 32), "critic": (32, 64, 64), "steps": 10_000, "batch": 64,
         "samples": 10_000, "ladder": 64_000, "narrow": (16, 8), "race": (8, 64)},
)  # fmt: skip

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1 · The data
#
# Digits, and for the first time in a GAN notebook their *labels*. The generator will be told which digit
# to draw, and the critic which one it is supposed to see.

# %% slideshow={"slide_type": "fragment"}
digits = data.load("mnist", fallback="glyphs")
x_train, y_train = data.scale(digits.x_train[: settings["images"]]), digits.y_train[: settings["images"]]
x_test, y_test = data.scale(digits.x_test[: settings["test"]]), digits.y_test[: settings["test"]]
shape = x_train.shape[1:]
print(data.source("mnist").text, x_train.shape, x_train.dtype, "labels", y_train.dtype)
by_class = np.stack([x_test[y_test == k][:6] for k in range(10)], axis=1)  # (6, 10, 28, 28, 1)
show(
    plots.image_grid(by_class.reshape(-1, *shape)[:40], columns=10, low=-1.0, width=8),
    alt="Four test images of each digit, one column a class.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One column a class. A frozen classifier, trained by the course on the same kind of images, will read what
# we generate. Its name stands in every score.

# %% slideshow={"slide_type": "fragment"}
judge = "glyphs" if "glyphs" in data.source("mnist").text else "mnist"
read = metrics.evaluator(judge)  # images in [-1, 1] -> (features, probabilities)
real = read(x_test)
print(f"{read.name} reads {np.mean(real.probabilities.argmax(1) == y_test):.1%} of the test images right")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2 · The inception score
#
# The lecture measures everything in *inception score*. Show an image $x$ to a classifier; it answers with
# probabilities $p(y|x)$. Averaged over all images that gives $p(y)$. Then
#
# $$\mathrm{IS} = \exp\Big(\mathbb E_x\,\mathrm{KL}\big(p(y|x)\,\big\|\,p(y)\big)\Big).$$
#
# It is high when single answers are sure *and* the average answer is even. In code, four lines.

# %% slideshow={"slide_type": "fragment"}
def inception(p):  # (n, classes)
    mean = p.mean(axis=0)
    kl = np.sum(p * np.log(np.maximum(p, 1e-30) / mean.clip(1e-30)), axis=1)  # (n,) nats
    return np.exp(kl.mean())


sure, flat = np.eye(10), np.full((10, 10), 0.1)
print(f"ten sure answers {inception(sure):.2f}, ten times no idea {inception(flat):.2f}, "
      f"ten times the same {inception(sure[[3] * 10]):.2f}")  # fmt: skip
assert np.isclose(inception(real.probabilities), metrics.inception_score(real.probabilities))
assert np.isclose(inception(sure), 10) and np.isclose(inception(flat), 1) and np.isclose(inception(sure[[3] * 10]), 1)

# %% [markdown] slideshow={"slide_type": "fragment"}
# So it lies between 1 and the number of classes. ImageNet has 1,000, digits have 10: never compare the slide's
# 99.31 with what you will see here. Now the slide's four panels, from real images. For one of them two images are
# laid over each other, and those are kept of which the classifier is least sure. The last panel is ours.

# %% slideshow={"slide_type": "subslide"}
rng = np.random.default_rng(0)
count = len(x_test)
pairs = 0.5 * (x_test[rng.integers(0, count, count)] + x_test[rng.integers(0, count, count)])
doubtful = pairs[np.argsort(read(pairs).probabilities.max(axis=1))[: count // 4]]  # least sure first
repeated = np.repeat(by_class[0], count // 10, axis=0)  # one image of each class, again and again
cases = {
    "sure and diverse": x_test,
    "not sure": doubtful,
    "sure, not diverse": x_test[y_test == 7],
    "ten images, repeated": repeated,
}
readings = {title: read(images).probabilities for title, images in cases.items()}
scored = {title: metrics.inception_score(p) for title, p in readings.items()}

# %% slideshow={"slide_type": "fragment"}
panels = {
    f"{title}\nIS {scored[title]:.2f}": (images[:: max(1, len(images) // 8)][:8], readings[title][0],
                                         readings[title].mean(0))
    for title, images in cases.items()
}  # fmt: skip
show(
    figures.answers(panels),
    alt="Four sets of images with the answer for one and the mean answer: "
    + ", ".join(f"{title} {score:.2f}" for title, score in scored.items()) + ".",
)  # fmt: skip
assert all(1 <= score <= 10 for score in scored.values())
assert scored["sure, not diverse"] < 2 and scored["not sure"] < scored["sure and diverse"]

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two kinds of bad samples get low scores, as the slide says. Look at the last panel, though: **ten pictures,
# repeated for ever, score as much as the whole test set.** The score sees how evenly *classes* come. It sees
# neither how varied a class is nor whether the images look real. That is why FD, precision and recall stand
# beside it from here on.

# %% slideshow={"slide_type": "fragment"}
for title, images in cases.items():
    distance = metrics.frechet_distance(read(images).features, real.features)
    print(f"{title:22} IS {scored[title]:5.2f}   FD {distance:8.2f}")
assert scored["ten images, repeated"] > 0.9 * scored["sure and diverse"]
again = metrics.frechet_distance(read(repeated).features, real.features)
assert again > 10 * metrics.frechet_distance(read(x_train[:count]).features, real.features), "FD is not fooled"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3 · The ingredients
#
# BigGAN is a collection: the best parts of many papers in one. Here they are one by one, each with the smallest
# experiment that shows what it does.
#
# ### 3.1 Spectral normalisation
#
# Notebook 07 kept the critic's slope in check by a penalty, which takes a gradient of a gradient. Here is a
# cheaper way. A layer $x \mapsto xW$ stretches no direction by more than its largest singular value $\sigma(W)$.
# Divide by it, $\bar W = W/\sigma(W)$, in every layer, and the slope of the whole is bounded.
#
# The singular value comes from *power iteration*: go back and forth through $W$ and normalise.
#
# $$v \leftarrow \frac{Wu}{\|Wu\|},\qquad u \leftarrow \frac{W^\top v}{\|W^\top v\|},\qquad \sigma \approx v^\top W u.$$

# %% slideshow={"slide_type": "fragment"}
W = rng.normal(size=(20, 12))
exact = np.linalg.svd(W, compute_uv=False)
u, errors = rng.normal(size=12), []
for _ in range(30):
    v = W @ u / np.linalg.norm(W @ u)
    u = W.T @ v / np.linalg.norm(W.T @ v)
    errors.append(exact[0] - v @ W @ u)
print(f"σ from 30 iterations {v @ W @ u:.6f}, from the SVD {exact[0]:.6f}")
assert np.isclose(v @ W @ u, exact[0], rtol=1e-3)

# %% slideshow={"slide_type": "fragment"}
figure, axis = plots.figure(width=8, height=3.6)
axis.semilogy(range(1, 31), np.maximum(errors, 1e-16), marker="o", label="error of σ")
axis.semilogy(range(1, 31), errors[0] * (exact[1] / exact[0]) ** (4 * np.arange(30)), "--", label="(σ₂/σ₁)⁴ each")
axis.set(xlabel="iteration", ylabel="σ₁ − estimate", ylim=(1e-12, 10))
axis.legend()
show(figure, "The error of the estimate falls along a straight line on a logarithmic axis, as theory says.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The error falls by about $(\sigma_2/\sigma_1)^4$ each time. In training *one* iteration a step is enough: weights
# move a little, and $u$ is kept for the next step.
#
# **An erratum.** One slide writes $W \leftarrow W/\sigma(W)$ "after updating weights": the division overwrites the
# weights. The other slide differentiates *through* the division, eqs. (8) to (10). These are two algorithms, and
# the paper's is the second. With $G = \partial L/\partial\bar W$ it says
#
# $$\frac{\partial L}{\partial W} = \frac{1}{\sigma}\left(G - \langle G, \bar W\rangle\, v u^\top\right).$$

# %% slideshow={"slide_type": "subslide"}
def loss_of(kernel):  # any function of the normalised kernel will do
    return np.sum(np.sin(3 * kernel / np.linalg.norm(kernel, 2)))


left, values, right = np.linalg.svd(W, full_matrices=False)
sigma, bar = values[0], W / values[0]
G = 3 * np.cos(3 * bar)  # ∂L/∂W̄ of this loss
equation = (G - np.sum(G * bar) * np.outer(left[:, 0], right[0])) / sigma

# %% slideshow={"slide_type": "fragment"}
numeric = np.zeros_like(W)
for place in np.ndindex(*W.shape):
    step = np.zeros_like(W)
    step[place] = 1e-6
    numeric[place] = (loss_of(W + step) - loss_of(W - step)) / 2e-6
print(f"eq. (10) against finite differences: {np.abs(equation - numeric).max():.1e}; without its second term "
      f"{np.abs(G / sigma - numeric).max():.1e}")  # fmt: skip
assert np.abs(equation - numeric).max() < 1e-5 < np.abs(G / sigma - numeric).max()

# %% [markdown] slideshow={"slide_type": "fragment"}
# The second term takes out the part of the gradient that would only make $W$ larger, which the division undoes
# anyway. The package's layers compute this gradient on every backend:

# %% slideshow={"slide_type": "fragment"}
layer = SpectralDense(12, use_bias=False)
layer.build((None, 20))
layer.trainable_variables[0].assign(W.astype("float32"))
for _ in range(100):
    layer(np.zeros((1, 20), "float32"), training=True)  # one power iteration each


def layer_loss():
    return ops.sum(ops.sin(3 * layer.normalized())), ()


_, (found,) = backend.value_and_grad(layer_loss, layer.trainable_variables)
assert np.abs(ops.convert_to_numpy(found) - equation).max() < 1e-3

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 3.2 Self-attention
#
# A convolution sees 3×3 pixels. Self-attention lets every position look at all others: *queries* ask, *keys*
# answer how well they fit, *values* are what is passed on.
#
# $$y = x + \gamma\cdot O\big(\operatorname{softmax}(\theta(x)\,\phi(x)^\top)\,g(x)\big)$$
#
# The gate $\gamma$ starts at **zero**: at first the layer does nothing at all, and the network learns by its
# convolutions. Later it may open.

# %% slideshow={"slide_type": "fragment"}
attention = SelfAttention2D()
maps = rng.normal(size=(2, 6, 6, 16)).astype("float32")
before = ops.convert_to_numpy(attention(maps))
looks = ops.convert_to_numpy(attention.attention_map(maps))  # (N, H, W, keys)
assert np.array_equal(before, maps), "identity at the start"
assert np.allclose(looks.sum(axis=(-2, -1)), 1, atol=1e-5), "each position shares out a weight of 1"
attention.gate.assign(1.0)
print("gate 0 changes x by 0, gate 1 by", np.abs(ops.convert_to_numpy(attention(maps)) - maps).max().round(3))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 3.3 The class
#
# How does a generator learn which digit is wanted? Through its batch norms. Each of them scales and shifts its
# channels, and *what* it scales and shifts by depends on the class:
#
# $$y = (1 + W_g\,c)\cdot\frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + W_b\,c .$$
#
# $c$ is a vector made of the label. In BigGAN one **shared embedding** serves all layers, and each layer has only
# two small matrices of its own. **Skip-z** joins a part of $z$ to it: $c_k = [e(\text{label}), z_k]$.
#
# **An erratum.** The slide has $\gamma\,\hat x\,g(y) - \beta - b(y)$. Two things are off. First the sign: batch norm
# *adds* its shift. Second the factor: an embedding starts around 0, so multiplying by $g(y)$ alone starts with
# silence. The paper multiplies by $1 + g(y)$.

# %% slideshow={"slide_type": "fragment"}
norm = ConditionalBatchNormalization()
condition = 0.1 * rng.normal(size=(64, 8)).astype("float32")
x = rng.normal(size=(64, 6, 6, 4)).astype("float32")
y = ops.convert_to_numpy(norm([x, condition], training=True))
gain, shift = (condition @ ops.convert_to_numpy(part.kernel) for part in (norm.gain, norm.bias))  # (64, 4)
hat = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-3)
assert np.allclose(y, (1 + gain)[:, None, None] * hat + shift[:, None, None], atol=1e-4)
slide = gain[:, None, None] * hat - shift[:, None, None]
print(f"spread of the output: paper {y.std():.2f}, slide {slide.std():.2f}")
rest = y - hat, slide - gain[:, None, None] * hat
follows = [np.corrcoef(part.mean((1, 2)).ravel(), shift.ravel())[0, 1] for part in rest]
print(f"correlation with the wanted shift: paper {follows[0]:.2f}, slide {follows[1]:.2f}")
assert slide.std() < 0.3 * y.std() and follows[0] > 0.5 and follows[1] < -0.99

# %% [markdown] slideshow={"slide_type": "subslide"}
# **And the critic?** It has no batch norm to put a class into. The slide shows *concatenation*: the label's embedding
# is joined to feature maps half-way. BigGAN uses the *projection* of Miyato and Koyama:
#
# $$f(x, y) = w\cdot\varphi(x) + b + \langle e(y), \varphi(x)\rangle .$$
#
# The first part asks whether $x$ looks real at all, the last one whether it looks like a $y$: do its features point
# along $e(y)$? Joined at the very end, just before a linear layer, a label would only shift the logit by a constant.

# %% slideshow={"slide_type": "fragment"}
features, w, b = rng.normal(size=(5, 8)), rng.normal(size=8), 0.3
embedding = rng.normal(size=(10, 8))
as_three, as_eight = (features @ w + b + features @ embedding[label] for label in (3, 8))
joined = np.concatenate([features, np.tile(embedding[3], (5, 1))], axis=1)
other = np.concatenate([features, np.tile(embedding[8], (5, 1))], axis=1)
w_long = rng.normal(size=16)
print("projection: 3 minus 8, image by image ", (as_three - as_eight).round(2))
print("joined at the end: 3 minus 8          ", ((joined - other) @ w_long).round(2))
assert np.ptp(as_three - as_eight) > 0.1 and np.allclose(np.ptp((joined - other) @ w_long), 0)

# %% [markdown] slideshow={"slide_type": "slide"}
# ### 3.4 Orthogonal weights
#
# A matrix with $W^\top W = I$ keeps all lengths and angles: nothing fades, nothing explodes. BigGAN *starts* that
# way. To *stay* there, one may add a penalty. There are two forms:
#
# $$R_1 = \|W^\top W - I\|_F^2 \qquad\text{and}\qquad R_2 = \|W^\top W \odot (1 - I)\|_F^2 .$$
#
# By hand, on a small matrix:

# %% slideshow={"slide_type": "fragment"}
W = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")  # WᵀW = [[10, 14], [14, 20]]
strict = float(penalties.orthogonal(W, off_diagonal=False))
mild = float(penalties.orthogonal(W))
print(f"strict {strict:.0f} = 9² + 14² + 14² + 19²,  mild {mild:.0f} = 14² + 14²")
assert strict == 9**2 + 2 * 14**2 + 19**2 and mild == 2 * 14**2
long = np.array([[5.0, 0.0], [0.0, 1.0]], "float32")  # orthogonal filters, one of them longer
print(f"orthogonal filters of lengths 5 and 1: strict {float(penalties.orthogonal(long, off_diagonal=False)):.0f}, "
      f"mild {float(penalties.orthogonal(long)):.0f}")  # fmt: skip
assert float(penalties.orthogonal(long)) == 0 < float(penalties.orthogonal(long, off_diagonal=False))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The strict form forbids a filter to be longer than another one. The mild one only asks that filters do not overlap.
# **An erratum.** The slide says of the second form that it penalises *non-zero diagonals*. It is the other way round:
# $\odot(1 - I)$ removes the diagonal, and what is penalised is everything *off* it. Also, both norms are squared, and
# the slide's $WW^\top$ is this $W^\top W$ if filters are stored as rows.
#
# ### 3.5 The hinge, two turns, and an average
#
# The critic's loss is the hinge, and the critic moves twice for each move of the generator:
#
# $$L_f = \mathbb E\max(0, 1 - f(x,y)) + \mathbb E\max(0, 1 + f(G(z,y),y)), \qquad L_G = -\mathbb E f(G(z,y),y).$$

# %% slideshow={"slide_type": "subslide"}
def critic_loss(real_logits, fake_logits):
    return ops.mean(ops.relu(1 - real_logits)) + ops.mean(ops.relu(1 + fake_logits))


def generator_loss(fake_logits):
    return -ops.mean(fake_logits)


real_logits, fake_logits = (2 * rng.normal(size=(2, 256, 1))).astype("float32")
ours = float(critic_loss(real_logits, fake_logits)), float(generator_loss(fake_logits))
package = float(losses.hinge.discriminator(real_logits, fake_logits)), float(losses.hinge.generator(fake_logits))
product = float(np.mean(real_logits * fake_logits))
print(f"critic {ours[0]:.4f}, generator {ours[1]:.4f}; the slide's product {product:.4f}")
assert np.allclose(ours, package, rtol=1e-5) and not np.isclose(ours[0], product)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Two more errata.** The slide's hinge loss, $\frac1m\sum f(x)\cdot f(g(z))$, is a product and no hinge: a critic
# could lower it by giving real images large *negative* logits. And its moving average $\sum_i \gamma^i W_{k-i}$ is
# not a mean, since its factors do not add up to 1. With the factor $1-\gamma$ they do:

# %% slideshow={"slide_type": "fragment"}
gamma = 0.999
factors = gamma ** np.arange(100_000)
print(f"the slide's factors add up to {factors.sum():.0f}, with 1 − γ to {(1 - gamma) * factors.sum():.3f}")
assert np.isclose(factors.sum(), 1000, rtol=1e-3) and np.isclose((1 - gamma) * factors.sum(), 1)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4 · Build
#
# Residual blocks all through. In the generator a block doubles the grid; its norms hear the class and a part of
# $z$. In the critic a block halves it. All kernels are divided by their spectral norms.

# %% slideshow={"slide_type": "fragment"}
def networks(widths, critic, spectral=True, **arguments):
    """A generator and a critic; z has twenty numbers for the first grid and for each block."""
    same = {"image_shape": shape, "spectral": spectral}
    generator = blocks.biggan_generator(20 * (len(widths) + 1), widths=widths, **same, **arguments)
    return generator, blocks.biggan_critic(widths=critic, halvings=len(widths), **same)


# %% slideshow={"slide_type": "fragment"}
def new_game(widths, critic, rate=1e-3, weight=1e-4, decay=0.98, seed=0, **arguments):
    keras.utils.set_random_seed(seed)
    (generator, judging), (average, _) = (networks(widths, critic, **arguments) for _ in range(2))
    adams = {f"{player}_optimizer": keras.optimizers.Adam(rate, 0.0, 0.999) for player in ("critic", "generator")}
    averages = [Average(generator, average, decay)]
    game = BigGAN(generator, judging, regulariser_weight=weight, averages=averages, seed=seed, **adams)
    game.compile(unroll="auto" if session.backend == "jax" else False)  # a loop of turns compiles in half the time
    return game

# %% slideshow={"slide_type": "subslide"}
game = new_game(settings["widths"], settings["critic"])
for network in (game.generator, game.critic):
    kinds = [type(layer).__name__ for layer in network.layers]
    print(f"{network.name}: {network.count_params():,} parameters in {len(kinds)} layers, of which")
    for kind in sorted(set(kinds) - {"InputLayer", "Concatenate", "Reshape", "Add", "ReLU", "GetItem", "Sum", "Split"}):
        print(f"    {kinds.count(kind):2} {kind}")
norms = spectral_norms(game.critic)
tall = [kernel for kernel in kernels(game.generator) if np.prod(kernel.shape[:-1]) >= kernel.shape[-1]]
overlap = [float(penalties.orthogonal(kernel)) for kernel in tall]  # wider ones cannot have orthogonal columns
print(f"largest spectral norm {max(norms.values()):.5f}; largest overlap of filters at the start {max(overlap):.1e}")
assert np.allclose(list(norms.values()), 1, atol=1e-3) and max(overlap) < 1e-4

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5 · Train
#
# The algorithm:
#
# > repeat twice: draw images with their labels and as many $z$; one step of the critic down its hinge loss.
# > Then draw labels and $z$; one step of the generator down $-\mathbb E f + \beta R_2$.
# > Then move the average a little.
#
# `BigGAN` is that, in two loss functions. Its fakes have the labels of the batch. Check that its loss is ours:

# %% slideshow={"slide_type": "fragment"}
batch = ops.convert_to_tensor(x_train[:10]), ops.convert_to_tensor(y_train[:10].astype("int32"))
z = ops.convert_to_tensor(rng.normal(size=(10, game.generator.inputs[0].shape[-1])).astype("float32"))
own_prior, game.prior = game.prior, lambda n, seed: z  # for this cell, the prior always draws these
fake = game.generator([z, batch[1]])
ours = critic_loss(game.critic([*batch]), game.critic([fake, batch[1]]))
package, _ = game.critic_loss(batch, training=False)
game.prior = own_prior
print(f"ours {float(ops.stop_gradient(ours)):.5f}, the package's {float(ops.stop_gradient(package)):.5f}")
assert np.isclose(float(ops.stop_gradient(ours)), float(ops.stop_gradient(package)), rtol=1e-4)

# %% [markdown] slideshow={"slide_type": "fragment"}
# While it trains we note three things: samples of the generator and of its average at the same moment, the largest
# singular values of both networks, and the moment when FD was lowest.

# %% slideshow={"slide_type": "fragment"}
class Moments(keras.callbacks.Callback):
    """Ten digits of the live generator and of its average, from the same z, epoch by epoch."""

    def __init__(self, game):
        super().__init__()
        self.game, self.live, self.average, self.iterations = game, [], [], []
        self.z = np.random.default_rng(5).standard_normal((10, game.generator.inputs[0].shape[-1]), dtype="float32")

    def on_epoch_end(self, epoch, logs=None):
        self.model  # on JAX this brings the weights of the running step back
        for found, network in ((self.live, self.game.generator), (self.average, self.game.averages[0].average)):
            found.append(ops.convert_to_numpy(ops.stop_gradient(network([self.z, np.arange(10)], training=False))))
        self.iterations.append(self.game.iteration)

# %% slideshow={"slide_type": "fragment"}
def judged(game, n=settings["samples"], seed=0):
    """IS, FD and the share of samples that are read as the class that was asked for."""
    labels = np.arange(n) % 10
    found = read(game.sample(n, seed, labels=labels))
    distance = metrics.frechet_distance(found.features, real.features)
    return metrics.inception_score(found.probabilities), distance, np.mean(found.probabilities.argmax(1) == labels)


average = game.averages[0].average
moments = Moments(game)
spectra = SingularValues({"generator": game.generator, "critic": game.critic})
few = min(500, settings["samples"])  # on the way
best = KeepBest({"average": average}, lambda: judged(game, few)[1])
epochs = 10 if settings["steps"] >= 100 else 2

# %% slideshow={"slide_type": "subslide"}
live = plots.Live(
    lambda: game.sample(40, seed=0), {"critic_loss": "critic", "generator_loss": "generator"}, columns=10, low=-1.0,
    ylabel="loss", alt="Generated digits, one column a class, and the losses of critic and generator.",
)  # fmt: skip
history = game.fit(
    x_train, y_train, batch_size=settings["batch"], epochs=epochs, steps_per_epoch=settings["steps"] // epochs,
    verbose=0, callbacks=[moments, spectra, best, live],
).history  # fmt: skip
score, distance, asked = judged(game)
print(f"IS {score:.2f} of {scored['sure and diverse']:.2f}, FD {distance:.2f}, asked class read {asked:.1%}")
game.release()  # gives back the memory of its program

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each column was asked for one digit, 0 at the left to 9 at the right. For some hundred iterations the columns hardly
# differ: what helps first is to draw strokes at all. Then they come apart, since the critic judges each image beside
# the label that was asked for.

# %% slideshow={"slide_type": "subslide"}
shown = sorted({0, len(moments.iterations) // 3, len(moments.iterations) - 1})
rows = {}
for k in shown:
    rows[f"G, {moments.iterations[k]}"] = moments.live[k]
    rows[f"average, {moments.iterations[k]}"] = moments.average[k]
show(
    plots.image_rows(rows, low=-1.0, width=10),
    alt="Ten digits of the generator and of its moving average, from the same z, after some iterations.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Pairs of rows have the same $z$ and the same moment. The live generator jumps from step to step; its average shows
# what the jumps have in common. Its batch-norm statistics are averaged too, or they would belong to other weights.

# %% slideshow={"slide_type": "fragment"}
live_found = read(game.generator.predict(
    [np.random.default_rng(0).standard_normal((settings["samples"], z.shape[-1]), dtype="float32"),
     (np.arange(settings["samples"]) % 10).astype("int32")], batch_size=500, verbose=0))  # fmt: skip
live_distance = metrics.frechet_distance(live_found.features, real.features)
print(f"FD of the live generator {live_distance:.2f}, of its average {judged(game)[1]:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One moment proves little. On one processor this cell read 2.98 for the live generator and 1.41 for its average, on
# another 1.91 and 2.00. The live generator's number depends on when you look. The average moves slowly: section 9
# prints its FD by epoch, and here it never rises.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### The long run
#
# The same program, trained for longer by `training/biggan.py`. What ships is the average, of the moment when it was
# nearest to the *training* images.

# %% slideshow={"slide_type": "fragment"}
shipped = judge == "mnist" and "biggan-mnist" in pretrained.available()
run = pretrained.load("biggan-mnist") if shipped else None
generator, critic = (run.networks[n] for n in ("generator", "critic")) if run else (average, game.critic)
who = "the long run" if run else "the run of section 5"
print("from here on:", who if run else f"{who}, since no long run is shipped for this data")


def make(n, seed, labels=None, truncation=None):
    """Samples of the long run, or of ours where there is none; the classes in turn if none are given."""
    labels = np.arange(n) % 10 if labels is None else labels
    return (run or game).sample(n, seed, labels=labels, truncation=truncation)

# %% slideshow={"slide_type": "subslide"}
show(
    plots.image_grid(make(80, seed=1), columns=20, low=-1.0, width=11, title=f"{who}: columns 0 to 9, twice"),
    alt=f"Four rows of twenty digits from {who}.",
)
if run:
    found, made = run.recipe["scores"], run.recipe["settings"]
    print(f"{made['iterations']:,} iterations in {run.recipe['seconds'] / 60:.0f} min, "
          f"the best at {made['shipped_moment']:,}")  # fmt: skip
    print(f"asked class read {found['asked-class-read']:.1%}, FD {found['FD-mnist-cnn']:.3f}, "
          f"IS {found['IS-mnist-cnn']:.3f} of {found['IS-mnist-cnn-of-test-images']:.3f}")  # fmt: skip
    assert found["asked-class-read"] >= 0.97, "the asked class is read"
    assert found["IS-mnist-cnn"] >= 0.97 * found["IS-mnist-cnn-of-test-images"]
    before = weights.recipe("wgan-gp-mnist")["scores"]["FD-mnist-cnn"]
    print(f"FD of the WGAN-GP of notebook 07, which knows no classes and ran for longer: {before:.3f}")
    assert found["FD-mnist-cnn"] < before

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### In colour, with a GPU
#
# For CIFAR-10 the first author's program has another set of arguments to the same two functions: 256 channels
# everywhere, a table of gains in each norm instead of the shared embedding, $z$ at the bottom only, no attention, and
# four turns of the critic. `python training/biggan.py biggan-cifar10` plays it, in bfloat16. Do not wait for it on a
# laptop; here it is only built.

# %% slideshow={"slide_type": "fragment"}
if session.profile != "smoke":
    small = {"initializer": initial.normal(0.02)}
    colour = (blocks.biggan_generator(**blocks.CIFAR_GENERATOR, **small),
              blocks.biggan_critic(**blocks.CIFAR_CRITIC, **small))  # fmt: skip
    for network in colour:
        size = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
        print(f"{network.name} for CIFAR-10: {size:,} weights")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6 · Look inside
#
# ### 6.1 Is the critic really bounded?
#
# Two checks. Every layer's spectral norm at prediction time, by an SVD. And the slope of the whole critic, against
# the product bound: a 3×3 convolution whose *matrix* has norm 1 can still stretch by 3, since neighbouring windows
# overlap, so the bound is no 1. It holds without attention, whose slope has no bound at all; close the gate to see it.
# In training each $u$ is one step behind its weights; `settle` brings it up to date.

# %% slideshow={"slide_type": "fragment"}
for moment in ("as training left them", "settled"):
    norms = list(spectral_norms(critic).values())
    print(f"{len(norms)} kernels, norms {moment}: from {min(norms):.4f} to {max(norms):.4f}")
    settle(critic)
assert np.allclose(norms, 1, atol=0.01)


def slopes(n=100):
    x, y = ops.convert_to_tensor(x_test[:n]), ops.convert_to_tensor(y_test[:n].astype("int32"))
    found = backend.input_gradient(lambda x: critic([x, y], training=False), x)
    return np.linalg.norm(ops.convert_to_numpy(ops.stop_gradient(found)).reshape(n, -1), axis=1)

# %% slideshow={"slide_type": "fragment"}
(gate,) = (v for v in critic.trainable_variables if v.name == "gate")
opened, with_gate = float(ops.convert_to_numpy(gate.value)), slopes()
gate.assign(0.0)
without = slopes()
gate.assign(opened)
widths = run.recipe["networks"]["critic"]["arguments"]["widths"] if run else settings["critic"]
bound = blocks.lipschitz_bound(widths, 2 if run else len(settings["widths"]), shape)
print(f"slope at test images {with_gate.mean():.2f} with the gate at {opened:.3f}, "
      f"{without.mean():.2f} with it closed; bound {bound:.0f}")  # fmt: skip
assert without.max() <= bound

# %% [markdown] slideshow={"slide_type": "fragment"}
# The bound holds, and it is far away: it multiplies the worst case of every layer. So the slide's word that spectral
# norms make "a valid Wasserstein estimate" needs care. The critic is $K$-Lipschitz for *some* $K$ below the bound,
# and with the hinge it does not even maximise the difference of means.
#
# ### 6.2 Where does attention look?
#
# Take a position of the 14×14 grid in the generator, and draw how much weight it gives to each of the 7×7 keys.

# %% slideshow={"slide_type": "subslide"}
(layer,) = (layer for layer in generator.layers if isinstance(layer, SelfAttention2D))
inside = keras.Model(generator.inputs, [generator.output, layer.input])
labels = np.array([0, 2, 3, 5, 8, 9], "int32")
z = np.random.default_rng(3).standard_normal((6, generator.inputs[0].shape[-1]), dtype="float32")
images, features = inside.predict([z, labels], verbose=0)
maps = ops.convert_to_numpy(ops.stop_gradient(layer.attention_map(features)))
ink = images[:, 4:24, 4:24, 0]
spots = [np.unravel_index(np.argmax(one), one.shape) for one in ink]  # the brightest pixel of each
spots = [(row + 4, column + 4) for row, column in spots]
asking = np.stack([found[row // 2, column // 2] for found, (row, column) in zip(maps, spots)])  # (6, 7, 7)

# %% slideshow={"slide_type": "fragment"}
show(
    figures.attention(images, spots, asking),
    alt="Six generated digits with a marked position each; below, the weights that it gives to a 7 by 7 grid.",
)
even = 1 / asking[0].size
opened = float(ops.convert_to_numpy(layer.gate.value))
print(f"gate of the generator's attention {opened:.3f}; largest weight {asking.max((1, 2)).mean():.3f} on average, "
      f"{even:.3f} if it looked everywhere alike")  # fmt: skip

# %% [markdown] slideshow={"slide_type": "fragment"}
# Dark is a large weight. Read the gate first: near 0 the map hardly matters for the image, whatever it shows. Digits of
# 28×28 pixels need little help over long distances; a dog's four legs need more.
#
# ### 6.3 Truncation
#
# Numbers of $z$ far from 0 were rare in training, and their images are worse. So leave them out when *sampling*: draw
# each number again while it lies beyond a threshold. **An erratum.** The slide narrows $\sigma = \lambda$ to
# $\sigma = \lambda/2$. That is scaling, and not what the paper means by truncation. Nor is the censored normal
# $\max(\mathcal N(0, I), 0)$ of the next slide: that is one of the *other* latents that the paper tries for training.

# %% slideshow={"slide_type": "subslide"}
plain = np.random.default_rng(1).standard_normal((settings["samples"], z.shape[-1]), dtype="float32")
again = plain.copy()
while (beyond := np.abs(again) > 1.0).any():
    again[beyond] = rng.standard_normal(beyond.sum())
draws = {"N(0, 1)": plain, "drawn again\nbeyond 1": again, "scaled by ½": plain / 2}
draws["censored\nmax(z, 0)"] = plain.clip(0)
show(
    figures.latents(draws),
    alt="Four histograms: the bell, the bell cut at 1, a narrower bell with tails, and half a bell with a heap at 0.",
)
print(f"beyond 1: {np.mean(np.abs(again) > 1):.1%} drawn again, {np.mean(np.abs(plain / 2) > 1):.1%} scaled")
inside = np.abs(plain) <= 1
assert np.array_equal(again[inside], plain[inside]) and np.abs(again).max() <= 1 < np.abs(plain / 2).max()

# %% slideshow={"slide_type": "fragment"}
wanted = (np.arange(settings["samples"]) % 10).astype("int32")
looks, table = {}, {}
for title, latents in draws.items():
    made = generator.predict([latents, wanted], batch_size=500, verbose=0)
    looks[title], found = made[:20], read(made)
    near = metrics.precision_recall(real.features[: len(made)], found.features)
    table[title] = metrics.frechet_distance(found.features, real.features), near.precision, near.recall
    print("{:22} FD {:6.2f}   precision {:.3f}   recall {:.3f}".format(title.replace("\n", " "), *table[title]))
show(plots.image_rows(looks, low=-1.0, width=12), alt="Twenty digits for each of the four ways to draw latents.")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the whole trade, threshold by threshold. *Precision* is the share of samples among the real images,
# *recall* the share of real images among the samples.

# %% slideshow={"slide_type": "fragment"}
thresholds = (None, 2.0, 1.0, 0.5, 0.2)
sweep = {name: [] for name in ("asked class", "IS", "FD", "precision", "recall")}
for threshold in thresholds:
    found = read(make(settings["samples"], seed=2, truncation=threshold))
    near = metrics.precision_recall(real.features[: settings["samples"]], found.features)
    sweep["asked class"].append(np.mean(found.probabilities.argmax(1) == wanted))
    sweep["IS"].append(metrics.inception_score(found.probabilities))
    sweep["FD"].append(metrics.frechet_distance(found.features, real.features))
    sweep["precision"].append(near.precision)
    sweep["recall"].append(near.recall)

# %% slideshow={"slide_type": "fragment"}
lines = {
    "inception score": {"IS": sweep["IS"]},
    "Fréchet distance": {"FD": sweep["FD"]},
    "shares": {name: sweep[name] for name in ("precision", "recall", "asked class")},
}
show(figures.sweep(thresholds, lines), alt="Inception score, Fréchet distance and shares by threshold.")
for name, values in sweep.items():
    print(f"{name:12}", " ".join(f"{value:8.3f}" for value in values))
if run:  # a claim about a generator that has learned something
    assert all(after <= before + 0.02 for before, after in pairwise(sweep["recall"])), "variety is lost"
    assert sweep["asked class"][3] >= sweep["asked class"][0] and sweep["recall"][-1] < sweep["recall"][0] - 0.1

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read it from the right, where nothing is truncated, to the left. The asked class is read more and more surely, and
# the inception score follows: to it, truncation looks like pure gain. Precision gains too. Recall pays for it, and FD,
# which minds both, says that here the price is higher than the gain from the first step on: this generator's
# samples were good as they were. That is why the paper quotes two numbers for each threshold, and why nobody should
# quote an inception score alone.
#
# ### 6.4 From z to z, and from class to class
#
# The label becomes a vector before it reaches the norms. `halves` cuts the generator there, so that you can walk
# between two digits that were never neighbours in any training batch.

# %% slideshow={"slide_type": "subslide"}
embed, body = blocks.halves(generator)
t = np.linspace(0, 1, 12, dtype="float32")[:, None]
ends = np.random.default_rng(4).standard_normal((4, z.shape[-1]), dtype="float32")
rows = {}
for first, last in ((3, 8), (1, 7), (4, 9)):
    codes = ops.convert_to_numpy(ops.stop_gradient(embed(np.array([first, last], "int32"))))
    here = np.repeat(ends[:1], 12, axis=0)
    rows[f"class {first} → {last}"] = body.predict([here, (1 - t) * codes[0] + t * codes[1]], verbose=0)
for label in (2, 5):
    same = np.full(12, label, "int32")
    rows[f"z → z′, class {label}"] = generator.predict([(1 - t) * ends[1] + t * ends[2], same], verbose=0)

# %% slideshow={"slide_type": "fragment"}
show(
    plots.image_rows(rows, low=-1.0, width=12),
    alt="Three rows walk from one class to another with z fixed, two rows walk from one z to another within a class.",
)
path = next(iter(rows.values()))
steps = np.sqrt(np.square(np.diff(path, axis=0)).sum((1, 2, 3)))
jump = np.sqrt(np.square(path[-1] - path[0]).sum())
print(f"from 3 to 8: {jump:.1f} apart in pixels, the largest of eleven steps {steps.max():.1f}")
assert steps.max() < 0.9 * jump, "no step is the whole way"

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the upper rows $z$ stays, and with it slant and stroke; the digit changes. In the lower rows the digit stays.
# No step is the whole way: the generator has not just stored ten pictures.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7 · Do bigger batches help?
#
# The slide's table climbs from 52.52 to 76.85 by batch size alone. Think before you measure: an iteration with a
# batch of 2048 sees eight times the images of one with 256, and costs eight times as much. So there are two questions,
# and one table should not mix them: what is better after as many *iterations*, and what after as many *images*?
#
# The batch sizes 8, 16, 32 and 64 keep the slide's ratios. First one pair of runs on your own machine: the smallest
# and the largest batch, the same number of images, narrow networks without the ingredients that come later.

# %% slideshow={"slide_type": "fragment"}
narrow = settings["narrow"]
print("played here:", ", ".join(f"batch {batch}" for batch in settings["race"]) or "nothing, in this profile")
bare = {"shared": False, "skip_z": False, "weight": 0.0}
for batch in settings["race"]:
    racer = new_game(narrow, (*narrow[::-1], narrow[0]), **bare)
    racer.fit(x_train, y_train, batch_size=batch, steps_per_epoch=settings["ladder"] // batch, verbose=0)
    found = judged(racer)
    racer.release()
    print(f"batch {batch:2}: {racer.iteration:4} iterations, IS {found[0]:.2f}, FD {found[1]:6.1f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One seed, and few images. `training/ladder.py` has played this properly, and its record ships with the course: each
# run sees 16,000 images, each row is played with three seeds, and each run is measured twice, after as many iterations
# as the largest batch gets, and at its end. All have one rate, and nothing was tuned for any row.

# %% slideshow={"slide_type": "subslide"}
record, measured = studies.read("ladder-mnist")
titles = [row["title"] for row in record["settings"]["rows"]]
climbed = dict(zip(titles, measured["scores"]))  # row -> (seeds, 2 moments, (IS, FD, asked))
batches = list(climbed)[:4]
print(record["settings"]["moments"])
for title in batches:
    mean, spread = climbed[title].mean(0), climbed[title].std(0, ddof=1)
    print(f"{title:9} same iterations: IS {mean[0, 0]:.2f} ± {spread[0, 0]:.2f}, FD {mean[0, 1]:6.1f}   "
          f"same images: IS {mean[1, 0]:.2f} ± {spread[1, 0]:.2f}, FD {mean[1, 1]:6.1f}")  # fmt: skip
for moment, what in enumerate(("iterations", "images")):
    order = sorted(batches, key=lambda title, moment=moment: climbed[title][:, moment, 1].mean())
    print(f"after as many {what:10}: from best to worst FD", ", ".join(order))

# %% [markdown] slideshow={"slide_type": "fragment"}
# At equal iterations, the slide's comparison, the batches are level here: the largest has seen eight times the images
# of the smallest, and has nothing to show for it. At equal images the order is turned round, and by far: the smallest
# batch has moved eight times as often. A run this short lacks moves, not precision. The paper's run of the slides took
# 150,000 iterations, and there the noise of small batches is what holds them back. So "bigger batches help" is a
# statement about long runs on machines that have room for them, and it comes with its price. (One rate for all rows:
# a large batch would bear a larger one.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8 · The ladder
#
# Now the other ingredients, in the slide's order, each on top of the ones before: more channels by half, one shared
# embedding, skip-z, and the orthogonal regulariser. Every row has the same number of images and the same seeds.

# %% slideshow={"slide_type": "subslide"}
slide = dict(zip(climbed, (52.52, 58.77, 63.03, 76.85, 92.98, 94.94, 98.76, 99.31)))
runs = {title: found[:, 1, 0] for title, found in climbed.items()}  # inception scores at the end, a seed each
limit = record["scores"][f"IS-{record['evaluator']}-of-test-images"]
show(
    figures.ladder(runs, slide, xlabel=f"inception score by {record['evaluator']}", limit=limit),
    alt="Inception scores by row of the ladder, measured here with a dot a seed, and on the slide: "
    + ", ".join(f"{title} {scores.mean():.1f} here and {slide[title]} there" for title, scores in runs.items()) + ".",
)  # fmt: skip

# %% slideshow={"slide_type": "fragment"}
for before, after in pairwise(climbed):
    a, b = climbed[before][:, 1], climbed[after][:, 1]  # (seeds, 3)
    error = np.sqrt((a[:, 0].var(ddof=1) + b[:, 0].var(ddof=1)) / len(a))
    gain = b[:, 0].mean() - a[:, 0].mean()
    verdict = "helps" if gain > 2 * error else "hurts" if gain < -2 * error else "no difference to be seen"
    print(f"{after:14} IS {gain:+.2f} ± {error:.2f}: {verdict:25} FD {a[:, 1].mean():6.1f} → {b[:, 1].mean():6.1f}")

# %% slideshow={"slide_type": "subslide"}
show(
    plots.image_rows({title: data.scale(x) for title, x in zip(climbed, measured["images"])}, low=-1.0, width=9),
    alt="Ten digits, one of each class, of each row of the ladder.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The dashed line is the score of real images. A verdict needs a difference of twice its standard error; with three
# seeds even that is generous. The first three steps go down where the slide's go up: that is section 7 again, equal
# images instead of equal iterations. Then more channels help, and the shared embedding helps. Skip-z and the
# regulariser make no difference to be seen, and that is the finding: on small digits, in minutes, they do not show.
# It would be dishonest to read the slide's last steps into these rows.
#
# And look at the slide's own steps. Its ± for the row with more channels is 4.27, larger than each of the three
# steps that follow. The paper reports the order of the authors' experiments, not that each step is beyond chance.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9 · When it fails
#
# The paper trains until it collapses, and ships a moment before. Its early sign are the spectra: the largest singular
# values of a few layers run away from the others. Let us provoke that. Same networks, no spectral norm, four times the
# rate; and halfway somebody is impatient and makes it five times as much again.

# %% slideshow={"slide_type": "fragment"}
loose = new_game(settings["widths"], settings["critic"], weight=0.0, spectral=False)
loose_spectra = SingularValues({"generator": loose.generator, "critic": loose.critic})
loose_best = KeepBest({"average": loose.averages[0].average}, lambda: judged(loose, few)[1])
losses = []
try:
    for rate in (4e-3, 2e-2):
        for player in loose.players:
            player.optimizer.learning_rate = rate
        losses += loose.fit(
            x_train, y_train, batch_size=settings["batch"], epochs=epochs // 2,
            steps_per_epoch=settings["steps"] // epochs, verbose=0, callbacks=[loose_spectra, loose_best],
        ).history["critic_loss"]  # fmt: skip
except FloatingPointError as error:  # the game stops where a loss or a gradient is not finite
    print(error)

# %% slideshow={"slide_type": "fragment"}
def largest(callback):
    """σ₁ of every kernel of the critic, epoch by epoch."""
    return {path: [values[0] for values in found] for path, found in callback.history["critic"].items()}


def named(lines):
    return {path.split("/")[-2] + "/" + path.split("/")[-1]: values for path, values in lines.items()}


per_epoch = settings["steps"] // epochs
traces = {}
for title, callback in {"with spectral norm, raw kernels": spectra, "without": loose_spectra}.items():
    found = named(largest(callback))
    traces[title] = (per_epoch * np.arange(1, 1 + len(next(iter(found.values())))), found)
grown = {title: max(values[-1] for values in found.values()) for title, (_, found) in traces.items()}

# %% slideshow={"slide_type": "subslide"}
show(
    figures.spectra(traces),
    alt="Largest singular value of each kernel of the critic over training: "
    + ", ".join(f"{title} up to {value:.1f}" for title, value in grown.items()) + ".",
)  # fmt: skip
for title, kept in {"with": best, "without": loose_best}.items():
    print(f"{title:8} spectral norm: FD by epoch", *(f"{d:.0f}" for d in kept.measures), f"best: {kept.epoch + 1}")
print("without  spectral norm: the critic's loss ", *(f"{value:.3g}" for value in losses))
if session.profile != "smoke":
    assert grown["without"] > grown["with spectral norm, raw kernels"]

# %% [markdown] slideshow={"slide_type": "fragment"}
# A line is the largest singular value of one kernel; the one that ends highest is named. Without the norm nothing
# holds them, and a rate too high does the rest. With it the raw kernels may grow as they like: they are divided before
# they are used.
#
# **How to recognise it:** FD jumps within an epoch and stays. A hinge loss of exactly 2 is a critic that answers 0 to
# everything; it has nothing more to teach. **What to do:** go back. `KeepBest` has kept the average of the best epoch.

# %% slideshow={"slide_type": "fragment"}
last = judged(loose, few)[1]
restored = loose_best.restore()
print(f"FD at the end {last:.1f}, of the best epoch, number {loose_best.epoch + 1}, {restored:.1f}")
assert np.isclose(judged(loose, few)[1], restored, rtol=1e-3) and restored == np.nanmin(loose_best.measures)
if session.profile != "smoke":
    assert last > 2 * restored, "it has collapsed"

# %% [markdown] slideshow={"slide_type": "fragment"}
# One more thing that the slide tells from the paper: a gradient penalty in BigGAN made it stable, and cost 45 % of its
# inception score. The penalty that the paper tried there is R1, at real images only, and not that of WGAN-GP; notebook
# 07 has both. And it is careful to say what followed: it chose to train without, and to stop in time.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10 · Your turn
#
# Fill in the dots and run the cell. The check says what is wrong; `exercises.biggan.norm.hint()` gives a hint; the
# solution is folded below each cell.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · One power iteration
#
# `W` is (in, out), `u` is (out,). Do one iteration as in section 3.1 and return the estimate of $\sigma$ after it.

# %% slideshow={"slide_type": "fragment"}
def spectral_norm(W, u):
    return ...


exercises.biggan.norm.check(spectral_norm)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def spectral_norm(W, u):
#     v = ops.matmul(W, u)
#     v = v / ops.norm(v)
#     u = ops.matmul(v, W)
#     u = u / ops.norm(u)
#     return ops.sum(v * ops.matmul(W, u))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · The projection
#
# `features` is $\varphi(x)$, (N, C); `w` is (C,), `b` a number, `embeddings` (classes, C), `labels` (N,). Return the
# logits of section 3.3, (N,).

# %% slideshow={"slide_type": "fragment"}
def projection(features, w, b, embeddings, labels):
    return ...


exercises.biggan.projection.check(projection)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def projection(features, w, b, embeddings, labels):
#     wanted = ops.take(embeddings, labels, axis=0)
#     return ops.matmul(features, w) + b + ops.sum(wanted * features, axis=-1)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · The milder regulariser
#
# `kernel` is that of a convolution, (height, width, in, out). Return $R_2$, without its weight.

# %% slideshow={"slide_type": "fragment"}
def off_diagonal(kernel):
    return ...


exercises.biggan.off_diagonal.check(off_diagonal)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def off_diagonal(kernel):
#     W = ops.reshape(kernel, (-1, kernel.shape[-1]))
#     gram = ops.matmul(ops.transpose(W), W)
#     return ops.sum(ops.square(gram * (1 - ops.eye(gram.shape[0]))))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Truncation by drawing again
#
# `z` is an array of normal numbers, `rng` a NumPy generator. Return `z` with every number beyond ±`threshold` drawn
# again until it fits. Numbers inside stay as they are.

# %% slideshow={"slide_type": "fragment"}
def truncate(z, threshold, rng):
    return ...


exercises.biggan.truncate.check(truncate)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Solution</summary>
#
# ```python
# def truncate(z, threshold, rng):
#     z = z.copy()
#     while np.any(np.abs(z) > threshold):
#         beyond = np.abs(z) > threshold
#         z[beyond] = rng.standard_normal(beyond.sum())
#     return z
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 11 · Recap
#
# - The inception score likes sure answers and even classes. Ten pictures, repeated, please it.
# - $W/\sigma(W)$ bounds a layer, one power iteration a step is enough, and the gradient goes through the division.
# - Attention starts as the identity. Classes enter G by its norms and the critic by an inner product.
# - Truncation draws again beyond a threshold. It buys quality with variety; look at recall.
# - A ladder without its spread is a story. Yours has seeds.
#
# Next, notebook 09: a generator whose latent speaks to every resolution in its own way, StyleGAN.
#
# ### Errata of the slides
#
# | slide | what holds |
# |---|---|
# | $W \leftarrow W/\sigma$ after the update | the division is part of the layer, and differentiated: section 3.1 |
# | spectral norm gives a valid Wasserstein estimate | some Lipschitz constant below a loose bound: section 6.1 |
# | $\gamma\hat x g(y) - \beta - b(y)$ | $(1 + g(y))\,\hat x + b(y)$: section 3.3 |
# | "penalise non-zero diagonals" | everything off the diagonal: section 3.4 |
# | hinge $\frac1m\sum f(x) f(g(z))$ | two terms, $\max(0, 1 \mp f)$: section 3.5 |
# | average $\sum\gamma^i W_{k-i}$ | times $1 - \gamma$: section 3.5 |
# | truncation is $\sigma = \lambda/2$ | numbers beyond a threshold are drawn again: section 6.3 |
# | sample from $\max(\mathcal N(0, I), 0)$ | a censored normal, another latent for training: section 6.3 |
# | WGAN-GP inside BigGAN | the paper's penalty there is R1: section 9 |
#
# ### References
#
# - Brock, Donahue & Simonyan (2019), *Large Scale GAN Training for High Fidelity Natural Image Synthesis*,
#   <https://arxiv.org/abs/1809.11096>
# - Miyato et al. (2018), *Spectral Normalization for Generative Adversarial Networks*, <https://arxiv.org/abs/1802.05957>
# - Miyato & Koyama (2018), *cGANs with Projection Discriminator*, <https://arxiv.org/abs/1802.05637>
# - Zhang et al. (2019), *Self-Attention Generative Adversarial Networks*, <https://arxiv.org/abs/1805.08318>
# - Salimans et al. (2016), *Improved Techniques for Training GANs*, <https://arxiv.org/abs/1606.03498>
# - Kynkäänniemi et al. (2019), *Improved Precision and Recall Metric*, <https://arxiv.org/abs/1904.06991>
# - Kim, Papamakarios & Mnih (2021), *The Lipschitz Constant of Self-Attention*, <https://arxiv.org/abs/2006.04710>
