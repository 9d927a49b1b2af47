"""Exercises of lecture 03, the adversarial latent autoencoder."""

import keras
import numpy as np
from keras import ops

from . import calling
from .calling import Complaint, network, tensors
from .exercise import Exercise
from .gradients import value_and_slopes
from .open_tasks import Experiment, Prediction

strangers = Prediction(
    title="Exercise 1 · Images that G cannot make",
    question="""\
In the world of matrices, $G$ makes images of 10 numbers from codes of 3, and $E$ brings every code back. For an image
that $G$ makes, $G(E(x)) = x$. Now take images whose 10 numbers are drawn independently from $\\mathcal N(0, 1)$:
$G(E(x))$ is the nearest image that $G$ can make. How large is the relative error
$\\sqrt{\\sum\\lVert G(E(x)) - x\\rVert^2 / \\sum\\lVert x\\rVert^2}$? Say a number, then run the next cell.""",
    start="my_error = ...\n",
    near=0.03,
    slips=(
        (lambda measured: measured**2, "That is the share of the *squared* length that is lost. Take its root."),
        (lambda measured: 0 * measured, "G reaches 3 of 10 dimensions only; most images lie elsewhere."),
        (
            lambda measured: 1 + 0 * measured,
            "At 1 nothing would come back. The part that lies in G's 3 dimensions does.",
        ),
        (
            lambda measured: np.sqrt(1 - measured**2),
            "That is the part which comes *back*. The error is the part that does not.",
        ),
    ),
    hints=(
        "G can make a plane of 3 dimensions in a space of 10. What does the nearest point of a plane keep of a vector?",
        "Which share of a random vector's squared length lies in 3 of 10 dimensions, whatever their direction?",
    ),
    code="my_error = np.sqrt(7 / 10)\n",
    why="""\
The nearest image keeps what lies in the three dimensions that $G$ reaches, 3/10 of the squared length, and loses the
other 7/10: the relative error is $\\sqrt{7/10} = 0.84$. Codes come back perfectly all the same. A small error of codes
says nothing about images that the generator cannot make.""",
)


def _cut(F, G):
    z = keras.Input(F.input_shape[1:])
    same = keras.Model(z, keras.layers.Identity()(z))
    return same, keras.Model(F.input, G(F.output))


def _models(answer, F, G, z):
    """A probe: what the two models make of draws, how many weights the first has, and whose the second's are."""
    found = calling.call(answer, (F, G))
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise Complaint(f"your function returns {calling.kind(found)}, expected two Keras models.")
    for model in found:
        if not isinstance(model, keras.Model):
            raise Complaint(f"found {calling.kind(model)} among the results, expected two Keras models.")
    same, whole = found
    own = {id(v) for v in (*F.trainable_variables, *G.trainable_variables)}
    shared = [id(v) in own for v in whole.trainable_variables]
    kept = ops.convert_to_numpy(ops.stop_gradient(same(z)))
    images = ops.convert_to_numpy(ops.stop_gradient(whole(z)))
    return kept, images, len(same.trainable_variables), sum(shared) - sum(not s for s in shared)


def _halves(rng):
    cases = []
    for n, axes, pixels in ((2, 3, 4), (5, 4, 7), (3, 6, 2)):
        z = rng.normal(size=(n, axes)).astype("float32")
        cases.append((network(rng, axes, axes), network(rng, axes, pixels), z))
    return cases


def _clones(F, G):
    copies = [keras.models.clone_model(network) for network in (F, G)]
    for copy, original in zip(copies, (F, G)):
        copy.set_weights(original.get_weights())
    return _cut(*copies)


def _leaves_f(F, G):
    return F, _cut(F, G)[1]


def _without_f(F, G):
    return _cut(F, G)[0], G


def _swapped(F, G):
    return _cut(F, G)[::-1]


def _with_weights(F, G):
    z = keras.Input(F.input_shape[1:])
    dense = keras.layers.Dense(F.input_shape[-1], kernel_initializer="identity")
    return keras.Model(z, dense(z)), _cut(F, G)[1]


cut_at_z = Exercise(
    title="Exercise 2 · Cut at Z",
    question="""\
What if the codes that have to match were the draws $z$ themselves? No line of Algorithm 1 changes: only the place of
the cut. `F` and `G` are Keras models, $z\\mapsto w$ and $w\\mapsto$ image, with `F.input_shape` = (None, d). Return two
Keras models: the first maps $z$ to $z$ and has no weights, the second maps $z$ to the image $G(F(z))$ and *uses the
layers of F and G*, so that a player who moves it moves them.
Section 5.2 plays the game that is cut at your place.""",
    start="""\
def my_cut_at_z(F, G):
    return ...
""",
    cases=_halves,
    given=lambda args: args,
    probe=_models,
    expected=_cut,
    slips=(
        (_clones, "Your second model has copies of F and G. A player would move the copies, and F and G would stay."),
        (_leaves_f, "Your first model is still F. The new codes are the draws themselves."),
        (_without_f, "Your second model starts at w: F is missing, and draws would be taken for codes."),
        (_swapped, "Both models are right, in the other order: first the one that changes nothing."),
        (_with_weights, "Your first model has weights, which step II would move. It has to stay the identity."),
    ),
    hints=(
        "A Keras model is a path from an input to an output. Which path is G∘F, and which layers lie on it?",
        "`G(F.output)` applies G to what comes out of F, with G's own weights.",
        "`keras.Model(F.input, G(F.output))`, and for the first a model around `keras.layers.Identity()`.",
    ),
    code="""\
def my_cut_at_z(F, G):
    z = keras.Input(F.input_shape[1:])
    same = keras.Model(z, keras.layers.Identity()(z))
    return same, keras.Model(F.input, G(F.output))
""",
    why="""\
The algorithm asks for a mapping, a generator, an encoder and a critic, and nothing else. With the identity for a
mapping, $\\mathcal W$ *is* $\\mathcal Z$, and step III asks E to read the draws off the images. The layers are shared
and not copied, so both games train the same architecture, and what differs is the place of the match alone.""",
)


def _match(z, F, G, E):
    w = F(z)
    return ops.mean(ops.sum(ops.square(w - E(G(w))), axis=-1))


def _shuffled(z, F, G, E):
    w = F(z)
    return ops.mean(ops.sum(ops.square(ops.flip(w, axis=0) - E(G(w))), axis=-1))


def _skips_f(z, F, G, E):
    return ops.mean(ops.sum(ops.square(F(z) - E(G(z))), axis=-1))


def _draws(z, F, G, E):
    return ops.mean(ops.sum(ops.square(z - E(G(F(z)))), axis=-1))


def _mean_over_axes(z, F, G, E):
    return _match(z, F, G, E) / z.shape[-1]


def _lengths(z, F, G, E):
    w = F(z)
    return ops.mean(ops.sqrt(ops.sum(ops.square(w - E(G(w))), axis=-1)))


def _over_batch(z, F, G, E):
    return _match(z, F, G, E) * z.shape[0]


def _triples(rng):
    cases = []
    for n, axes, pixels in ((2, 3, 5), (7, 4, 6), (5, 2, 4)):
        networks = network(rng, axes, axes), network(rng, axes, pixels), network(rng, pixels, axes)
        cases.append((rng.normal(size=(n, axes)), *networks))
    return cases


repair = Exercise(
    title="Exercise 3 · Repair step III",
    question="""\
Somebody wrote step III. Its loss falls, but reconstructions have nothing to do with their images. Find the fault and
repair it. `z` is a tensor of draws (N, d), `F`, `G` and `E` are Keras models. Return one number:
$\\lVert F(z) - E(G(F(z)))\\rVert^2$, summed over the axes, its mean over the batch. A game differentiates it, so use
`keras.ops`.""",
    start="""\
def my_latent_loss(z, F, G, E):
    w = F(z)
    back = E(G(z))
    return ops.mean(ops.sum(ops.square(w - back), axis=-1))
""",
    cases=_triples,
    given=tensors,
    probe=value_and_slopes,
    expected=_match,
    broken=_skips_f,
    slips=(
        (_draws, "Now E has to find the draw z again. The codes that are to match lie in W."),
        (_shuffled, "Each code is compared with what came back of another one."),
        (_mean_over_axes, "The path is right. Keep the sum over the axes: you took their mean."),
        (_lengths, "The path is right, but the root is too much: the squared length is asked for."),
        (_over_batch, "The path is right. Take the mean over the batch, not the sum."),
    ),
    hints=(
        "Write down the space of every argument: z lies in Z, F gives W. What does G take?",
        "The image has to be made from the code with which what comes back is compared.",
        "G is fed with z. It wants w.",
    ),
    code="""\
def my_latent_loss(z, F, G, E):
    w = F(z)
    back = E(G(w))
    return ops.mean(ops.sum(ops.square(w - back), axis=-1))
""",
    why="""\
$\\mathcal Z$ and $\\mathcal W$ have the same number of axes, so no shape complains when a draw is taken for a code. E
then learned to name $F(z)$ for images that were drawn from $z$ by mistake, images that the generator never makes. Where
two spaces have one shape, only names protect you.""",
)


def _sound_square(measured):
    if not isinstance(measured, dict) or not {"squared", "not squared"} <= set(measured):
        return "`my_slopes` is a dict with the keys 'squared' and 'not squared'."
    for name in ("squared", "not squared"):
        numbers = np.atleast_1d(np.asarray(measured[name], "float64"))
        if not np.isfinite(numbers).all() or np.any(numbers < 0):
            return f"the slopes of {name!r} are not all finite and at least 0."
    return None


drop_the_square = Experiment(
    title="Exercise 4 · Drop the square",
    question="""\
Section 2.4 says what a missing square does on a line. Does it matter for digits? Write a game like `MyALAE` whose step
I has $\\frac\\gamma2\\,\\mathbb E\\lVert\\nabla f(x)\\rVert$, play it and the right one from the same start, and
measure the critic's mean slope at test images now and then. Fill a dict, `{"squared": slopes, "not squared": slopes}`,
with a number or a list for each, and write down in two or three sentences what you conclude. Try more than one γ.""",
    start="""\
my_slopes = ...
my_conclusion = ...
""",
    sound=_sound_square,
    rubric=(
        "It gives the slopes of both games at the same iterations, and the γ that belongs to them.",
        "It says whether the critic fell silent (a slope near 0 from some moment on) or not, for each γ.",
        "It compares with section 2.4: silence was predicted where fakes lie nearer than γ/2, not always.",
        "It looks at samples or FD as well: a silent critic is a stopped generator.",
        "It names what could be otherwise: one seed, few iterations, and the root's steep gradient near 0.",
    ),
    hints=(
        "`backend.input_gradient` gives ∇f(x); its length is the root of the sum of squares, 1e-12 under the root.",
        "`game.slopes(x)` belongs to the package's ALAE; `penalties.slopes` takes any model from image to logit.",
    ),
    code="""\
class Unsquared(MyALAE):
    def step_one(self, x, training):
        squared = ops.sum(ops.square(backend.input_gradient(lambda x: self.D(self.E(x)), x)), axis=(1, 2, 3))
        length = ops.sqrt(squared + 1e-12)
        return MyALAE.step_one(self, x, training) + GAMMA / 2 * ops.mean(length - squared)


my_slopes = {}
for name, kind in {"squared": MyALAE, "not squared": Unsquared}.items():
    keras.utils.set_random_seed(0)
    one = kind(*networks())
    one.compile(steps_per_execution=10)
    one.fit(x_train, batch_size=64, steps_per_epoch=300, verbose=0)
    critic = keras.Model(one.E.input, one.D(one.E.output))
    my_slopes[name] = penalties.slopes(critic, x_test[:500]).mean()
my_conclusion = "Both slopes are printed above; one seed and 300 iterations, so the tendency counts, not the digits."
""",
    why="""\
The squared penalty pulls in proportion to the slope, so a small slope is left in peace. Without the square it pulls
with the same force at every slope: the critic stays flat until the data pull harder than γ/2. Whether that happens
depends on γ and on how far fakes are from the data, which is why the slide's version can look harmless in one run.""",
)
