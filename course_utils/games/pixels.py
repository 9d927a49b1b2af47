"""Lecture 10: pixel models, a game of one player who learns what comes next.

    p(x) = Π_i p(x_i | x_1 … x_{i−1}),   L = mean −log p(x)                                       to minimise

An image is a sentence, read in raster order; a word is a patch of pixels. In training all words stand there already, so
that one pass of a network that cannot look ahead gives all conditionals: teacher forcing. `games.raster` writes new
sentences, word by word.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops
from scipy.special import logsumexp

from course_utils import backend, builders, checks
from course_utils.game import Game, Labels, Levels, Player
from course_utils.layers.tokens import gathered

CHUNK = 100  # rows of one call of a network
LOOKED = 32  # images, each at a place of the grid, on which dependences are looked for


class Facts(NamedTuple):
    """What a pixel network was built for."""

    image_shape: tuple  # (H, W, C)
    levels: int  # L
    patch: int  # p
    grid: tuple  # (H/p, W/p)
    values: int  # L^(p²C)
    classes: int | None  # K


def facts(network):
    """Returns the `Facts` of a pixel network, read off its shapes.

    Raises:
        ValueError: a network whose shapes are not those of a pixel network.
    """
    image_shape, answer = tuple(network.inputs[0].shape[1:]), tuple(network.outputs[0].shape[1:])
    if len(image_shape) != 3 or len(answer) != 3 or image_shape[0] % answer[0]:
        raise ValueError(
            f"Found a network from {image_shape} to {answer}, expected images (H, W, C) in and logits (H/p, W/p, V) "
            "out; build one with networks.pixels."
        )
    patch = image_shape[0] // answer[0]
    levels = round(answer[2] ** (1 / (patch**2 * image_shape[2])))
    classes = network.inputs[1].shape[-1] if len(network.inputs) > 1 else None
    return Facts(image_shape, levels, patch, answer[:2], answer[2], classes)


class PixelModel(Game):
    """A network that learns the conditionals of all patches at once.

    Algorithm, an iteration:

        x ~ data
        network   ← one step down  mean over images of  Σ_i −log p(x_i | x_<i)
        averages  ← a little nearer to what they average

    Fit it on images (N, H, W, C) of whole numbers 0 … L − 1, of any type, and with a network that knows classes on
    images and labels (N,). Logs `network_loss`, nats an image, and `bits_per_dimension`.

    Args:
        network: pixel network of `networks.pixels`.
        optimizer: keras optimizer; Adam(1e-3) if None.
        averages: `Average`s of the network.
        check: whether to look, by its input gradient, if the network sees what it has to predict.
        seed: int ≥ 0; the order of the data follows from it.

    Raises:
        ValueError: the network is no pixel network, or it leaks.

    Source: van den Oord et al., Pixel Recurrent Neural Networks, 2016, eq. (1); by masks and in one pass: section 3.4.
    """

    def __init__(self, network, optimizer=None, averages=(), check=True, seed=0, name="pixel_model"):
        about = facts(network)
        if check and (found := leak(network)):
            (row, column), (y, x) = found
            raise ValueError(
                f"Found a leak: the logits at place ({row}, {column}) of the grid depend on the pixel ({y}, {x}), "
                "which they are to predict or which comes later, expected only pixels before; mend the mask, or pass "
                "check=False."
            )
        player = Player("network", [network], self.nats_an_image, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], averages=averages, seed=seed, name=name)
        self.network, self.facts = network, about
        images = Levels(self.facts.image_shape, self.facts.levels)
        self.takes = images if self.facts.classes is None else (images, Labels(self.facts.classes))

    def call(self, inputs, training=False):
        """Returns the logits of the network, or of its average."""
        return ops.cast(self.best(self.network)(inputs, training=False), "float32")

    def nats_an_image(self, batch, training):
        """Returns the mean of −log p(x), and bits per dimension to log."""
        x, known = (batch, []) if self.facts.classes is None else (batch[0], [one_hot(batch[1], self.facts.classes)])
        found = nats(self.network([x, *known] if known else x, training=training), x, self.facts.levels)
        loss = ops.mean(found)
        return loss, {"bits_per_dimension": loss / (np.prod(self.facts.image_shape) * np.log(2.0))}

    def sample(self, n, seed, labels=None, cache=True):
        """Returns n images as whole numbers (n, H, W, C), by the averaged network where the game keeps one."""
        from course_utils.games import raster  # it needs this module

        return raster.sample(self.best(self.network), n, seed, labels, cache)


def one_hot(labels, classes):
    """Returns labels (N,) as the rows (N, K) that a network with classes takes."""
    return ops.one_hot(labels, classes)


def tokens_of(x, levels, patch=1):
    """`tokens` in NumPy: array (N, H, W, C) -> int array (N, H/p, W/p)."""
    n, height, width, channels = x.shape
    x = np.asarray(x).reshape(n, height // patch, patch, width // patch, patch, channels).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, height // patch, width // patch, patch**2 * channels).astype("int64") @ _powers(
        levels, patch**2 * channels
    )


def _powers(levels, pixels):
    return levels ** np.arange(pixels - 1, -1, -1)


def tokens(x, levels, patch=1):
    """Returns which of the L^(p²C) patches stands at each place.

        v = Σ_j x_j L^(p²C − 1 − j),   j the pixels of the patch, row by row

    Args:
        x: tensor (N, H, W, C), float, whole numbers 0 … L − 1.
        levels, patch: L and p.

    Returns:
        int32 tensor (N, H/p, W/p).
    """
    x = gathered(ops.convert_to_tensor(x), patch)
    return ops.cast(ops.round(ops.sum(x * _powers(levels, x.shape[-1]).astype("float32"), axis=-1)), "int32")


def untokens(values, levels, patch=1, channels=1):
    """The inverse of `tokens`: int array (N, h, w) -> float32 array (N, h p, w p, C)."""
    n, height, width = values.shape
    x = (values[..., None] // _powers(levels, patch**2 * channels) % levels).reshape(
        n, height, width, patch, patch, channels
    )
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, height * patch, width * patch, channels).astype("float32")


def nats(logits, x, levels):
    """Returns −log p(x) of each image from the logits of its conditionals.

        −log p(x) = Σ_i (log Σ_v exp l_i[v] − l_i[x_i])

    Args:
        logits: tensor (N, H/p, W/p, L^(p²C)).
        x: tensor (N, H, W, C), whole numbers 0 … L − 1.
        levels: L.

    Returns:
        Tensor (N,), float32, nats.
    """
    chosen = tokens(x, levels, x.shape[1] // logits.shape[1])
    each = keras.losses.sparse_categorical_crossentropy(chosen, ops.cast(logits, "float32"), from_logits=True)
    return ops.sum(each, axis=(1, 2))


def log_probabilities(network, x, labels=None):
    """Returns log p(x), or log p(x | y), of each image: exact, summed in double precision.

    Args:
        network: pixel network.
        x: array (N, H, W, C) of whole numbers 0 … L − 1.
        labels: (N,) int, for a network that knows classes.

    Returns:
        float64 array (N,), nats.

    Raises:
        TypeError, ValueError: images or labels that do not fit the network.
    """
    known = facts(network)
    x = Levels(known.image_shape, known.levels).checked(np.asarray(x), "x")
    inputs = inputs_of(network, x, labels)
    found = []
    for start in range(0, len(x), 10 * CHUNK):
        part = slice(start, start + 10 * CHUNK)
        logits = builders.run(network, [each[part] for each in inputs], CHUNK).astype("float64")
        chosen = tokens_of(x[part], known.levels, known.patch)
        picked = np.take_along_axis(logits, chosen[..., None], axis=-1)[..., 0]
        found.append((picked - logsumexp(logits, axis=-1)).sum(axis=(1, 2)))
    return np.concatenate(found)


def class_log_probabilities(network, x):
    """Returns log p(x | y) of each image under each class, float64 (N, K), nats.

    With classes that are equally frequent, Bayes' rule makes their softmax p(y | x): the generative classifier.
    """
    return np.stack([log_probabilities(network, x, np.full(len(x), y)) for y in range(facts(network).classes)], axis=1)


def conditionals(network, x, labels=None):
    """Returns p(x_i = v | x_<i) at every place of every image, by one pass: float32 array (N, H/p, W/p, V)."""
    known = facts(network)
    x = Levels(known.image_shape, known.levels).checked(np.asarray(x), "x")
    logits = builders.run(network, inputs_of(network, x, labels), CHUNK).astype("float64")
    return np.exp(logits - logsumexp(logits, axis=-1, keepdims=True)).astype("float32")


def inputs_of(network, x, labels):
    """Returns what a network is called with: [x], or [x, condition]; labels None are rows of zeros.

    Raises:
        ValueError: labels for a network that knows no classes, or not one for each image.
    """
    classes = facts(network).classes
    if classes is None:
        if labels is not None:
            raise ValueError(
                "Found labels for a network that knows no classes, expected none; build it with classes=K."
            )
        return [x]
    condition = np.zeros((len(x), classes), "float32")
    if labels is not None:
        labels = checks.labels(labels, classes)
        checks.same_length(images=x, labels=labels)
        condition[np.arange(len(x)), labels] = 1.0
    return [x, condition]


def sensitivities(network, places, seed=0):
    """Returns the size of ∂(a random sum of the logits at a place) / ∂x for some places of the grid.

    Images lie between the levels, where no kink of a one-hot row and no symmetry hides a dependence.

    Args:
        network: pixel network.
        places: list of (row, column) of the grid.
        seed: int ≥ 0, of the images and of the sum.

    Returns:
        float32 array (len(places), H, W), summed over channels; 0 is exactly 0.
    """
    known, rng = facts(network), np.random.default_rng(seed)
    x = rng.uniform(0.05, known.levels - 1.05, (len(places), *known.image_shape)).astype("float32")
    rows, columns = np.array(places).T
    weights = np.zeros((len(places), *known.grid, known.values), "float32")
    weights[np.arange(len(places)), rows, columns] = rng.normal(size=(len(places), known.values))
    more = [ops.convert_to_tensor(each) for each in inputs_of(network, x, None)[1:]]

    weights = ops.convert_to_tensor(weights)

    def function(x):
        return network([x, *more] if more else x, training=False) * weights

    gradient = ops.stop_gradient(backend.input_gradient(function, x))
    return np.abs(ops.convert_to_numpy(gradient)).sum(axis=-1)


def context(network, row, column, seed=0):
    """Returns which pixels the logits at one place of the grid depend on: bool array (H, W).

    A pixel counts if it moves them in one of 32 images: in a single one a unit may be shut that passes it on.
    """
    return (sensitivities(network, LOOKED * [(row, column)], seed) > 0).any(axis=0)


def leak(network, most=LOOKED):
    """Looks whether a network sees what it has to predict, at no more than `most` places of the grid.

    Returns:
        None, or ((row, column) of the grid, (row, column) of a pixel at or after it that moves its logits).
    """
    known = facts(network)
    (height, width), patch = known.grid, known.patch
    steps = np.unique(np.linspace(0, height * width - 1, min(most, height * width)).round().astype(int))
    places = [divmod(int(step), width) for step in steps]
    moved = sensitivities(network, places) > 0  # (places, H, W)
    step_of_pixel = (np.arange(known.image_shape[0])[:, None] // patch) * width + np.arange(
        known.image_shape[1]
    ) // patch
    wrong = np.argwhere(moved & (step_of_pixel[None] >= steps[:, None, None]))
    return (places[wrong[0][0]], (int(wrong[0][1]), int(wrong[0][2]))) if len(wrong) else None


def quantised(images, levels):
    """Returns bytes as whole numbers 0 … L − 1, in L equal parts of their range.

    Args:
        images: uint8 array (N, H, W, C).
        levels: L, 2 to 256.

    Returns:
        float32 array.
    """
    checks.pixels(images)
    return (np.asarray(images, "int32") * checks.count(levels, "levels", 2) // 256).astype("float32")


def as_images(x, levels):
    """Returns whole numbers 0 … L − 1 as images in [-1, 1], float32."""
    return (2.0 * np.asarray(x, "float32") / (levels - 1) - 1.0).astype("float32")


def independent_nats(x_train, x):
    """Returns −log p(x) under independent pixels, each as often 1 as in the training images.

        −log p(x) = −Σ_i (x_i log m_i + (1 − x_i) log(1 − m_i)),   m = (Σ x_train + 1) / (N + 2)

    Args:
        x_train, x: arrays (N, …), 0 or 1.

    Returns:
        float64 array (N,), nats.
    """
    mean = (x_train.reshape(len(x_train), -1).sum(axis=0, dtype="float64") + 1) / (len(x_train) + 2)
    flat = x.reshape(len(x), -1).astype("float64")
    return -(flat @ np.log(mean) + (1 - flat) @ np.log1p(-mean))
