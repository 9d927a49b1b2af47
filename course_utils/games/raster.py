"""Lecture 10: how a pixel network writes an image, patch after patch, and completes one that was begun.

Each patch is drawn by one uniform number u from NumPy, v = the first value with Σ_{w≤v} p(w) > u, so that a seed gives
the same image whichever way its conditionals were computed.
"""

import keras
import numpy as np
from keras import layers

from course_utils import backend, builders, checks
from course_utils.game import Levels
from course_utils.games.pixels import facts, inputs_of, tokens_of, untokens
from course_utils.networks.pixels import gated


def sample(network, n, seed, labels=None, cache=True):
    """Draws images.

    Args:
        network: pixel network.
        n: how many, ≥ 1.
        seed: int ≥ 0.
        labels: (n,) int, for a network that knows classes; None for images of no class in particular.
        cache: False computes the whole image anew for each patch, the slow way. True computes each row of the vertical
            stack once, and for each patch only its row of the horizontal stack: the same images from the same seed.

    Returns:
        float32 array (n, H, W, C), whole numbers 0 … L − 1.

    Raises:
        ValueError: n, seed or labels that do not fit, or cache=True for a network without two stacks.
    """
    checks.count(n), checks.count(seed, "seed", minimum=0)
    shape = facts(network).image_shape
    return complete(network, np.zeros((n, *shape), "float32"), np.zeros(shape[:2], bool), seed, labels, cache)


def complete(network, x, known, seed, labels=None, cache=True):
    """Draws the pixels of images that are not known, in raster order, each after all pixels before it.

    What is known below or right of a pixel does not help it: a sentence is completed at its end, not in its middle.

    Args:
        network: pixel network.
        x: array (N, H, W, C), whole numbers 0 … L − 1.
        known: bool array (H, W), True for pixels that are kept; patches are known as a whole or not at all.
        seed: int ≥ 0.
        labels, cache: as for `sample`.

    Returns:
        float32 array like x.

    Raises:
        ValueError: images, mask, seed or labels that do not fit the network.
    """
    about = facts(network)
    checks.count(seed, "seed", minimum=0)
    x = Levels(about.image_shape, about.levels).checked(np.asarray(x), "x").copy()
    kept = _patches(known, about)
    inputs = inputs_of(network, x, labels)
    uniforms = np.random.default_rng(seed).random((len(x), kept.size))
    logits = (_Rows if cache else _Whole)(network, inputs)
    with backend.kept(network):
        for step in range(kept.size):
            row, column = divmod(step, about.grid[1])
            logits.begin(row, column)
            if not kept[row, column]:
                values = drawn(logits.at(row, column), uniforms[:, step])
                new = untokens(values[:, None, None], about.levels, about.patch, about.image_shape[2])
                y, z, p = row * about.patch, column * about.patch, about.patch
                x[:, y : y + p, z : z + p] = new
    return x


def drawn(logits, uniforms):
    """Returns one value a row, by inverting the cumulative probabilities: the first with Σ_{w≤v} p(w) > u.

    Args:
        logits: array (N, V).
        uniforms: (N,) in [0, 1).

    Returns:
        int array (N,).
    """
    p = np.exp(logits.astype("float64") - logits.max(axis=1, keepdims=True))
    cumulative = np.cumsum(p, axis=1)
    return np.minimum((cumulative <= uniforms[:, None] * cumulative[:, -1:]).sum(axis=1), logits.shape[1] - 1)


def _patches(known, about):
    """Returns which patches are known (h, w), and refuses a mask that cuts through one."""
    known = np.asarray(known)
    if known.shape != about.image_shape[:2] or known.dtype != bool:
        raise ValueError(
            f"Found known of shape {known.shape} and type {known.dtype}, expected bool {about.image_shape[:2]}; "
            "say of each pixel whether it is known."
        )
    (height, width), patch = about.grid, about.patch
    split = known.reshape(height, patch, width, patch)
    if (split.any(axis=(1, 3)) != split.all(axis=(1, 3))).any():
        raise ValueError(
            f"Found a patch of {patch}×{patch} pixels that is known in part, expected whole patches; move the edge of "
            f"what is known to a multiple of {patch}."
        )
    return split.all(axis=(1, 3))


class _Whole:
    """Logits by a pass over the whole image for each patch."""

    def __init__(self, network, inputs):
        self.network, self.inputs = network, inputs

    def begin(self, row, column):
        pass

    def at(self, row, column):
        inputs = self.inputs if len(self.inputs) > 1 else self.inputs[0]
        return builders.as_array(self.network.predict_on_batch(inputs))[:, row, column]


class _Rows:
    """Logits by rows: the vertical stack once a row, the horizontal stack's row once a patch.

    The layers are the network's own; they are called with windows of rows.
    """

    def __init__(self, network, inputs):
        self.about, self.x, self.condition = facts(network), inputs[0], inputs[1:]
        self.blocks = sum(layer.name.startswith("vertical_") for layer in network.layers)
        if not self.blocks:
            raise ValueError(
                f"Found {network.name!r} to be sampled by rows, expected the two stacks of networks.pixels.pixelcnn; "
                "pass cache=False."
            )
        first = network.get_layer("vertical")
        self.rows, self.width = first.rows, first.filters
        place = builders.as_array(network.get_layer("place").map.value)[None]  # (1, h, w, width)
        if self.condition:
            kernel = builders.as_array(network.get_layer("class").kernel.value)  # (K, h·w·width)
            place = place + (self.condition[0] @ kernel).reshape(-1, *place.shape[1:])
        self.place = np.broadcast_to(place, (len(self.x), *place.shape[1:]))
        self.vertical, self.horizontal = self._vertical(network), self._horizontal(network)

    def begin(self, row, column):
        """Runs the vertical stack for a row, when its first patch comes."""
        if column:
            return
        words = self._words(max(row - self.rows, 0), row)
        words = np.pad(words, [[0, 0], [self.rows - words.shape[1], 0], [0, 0], [0, 0]])
        place = np.ascontiguousarray(self.place[:, row : row + 1])
        above = [np.zeros_like(place)] * self.blocks if row == 0 else self.above
        found = self.vertical.predict_on_batch([words, place, *above, *self.condition])
        found = [builders.as_array(each) for each in found]
        self.above, self.told = found[: self.blocks], found[self.blocks :]

    def at(self, row, column):
        """Runs the horizontal stack for a row, and returns its logits at one column (N, V)."""
        logits = self.horizontal.predict_on_batch([self._words(row, row + 1), self.above[0], *self.told])
        return builders.as_array(logits)[:, 0, column]

    def _words(self, first, last):
        """One-hot patches of some rows of the grid, (N, last − first, w, V)."""
        about = self.about
        pixels = self.x[:, first * about.patch : last * about.patch]
        values = tokens_of(pixels, about.levels, about.patch)
        return np.eye(about.values, dtype="float32")[values]

    def _vertical(self, network):
        """Model: [words above, place, each layer's row above, condition] -> [each layer's row, what each tells]."""
        wide, values = self.about.grid[1], self.about.values
        words, condition = keras.Input((self.rows, wide, values)), [keras.Input(c.shape[1:]) for c in self.condition]
        place, *above = [keras.Input((1, wide, self.width)) for _ in range(1 + self.blocks)]
        v, stack, told = layers.Add()([_Window(network.get_layer("vertical"))(words), place]), [], []
        for i in range(self.blocks):
            layer = network.get_layer(f"vertical_{i}")
            window = layers.Concatenate(axis=1)([above[i], v]) if layer.rows > 1 else v
            stack.append(v)
            v = layers.Add()([v, _Window(layer)(layers.ReLU()(window))])
            told.append(network.get_layer(f"across_{i}")(v))
            if condition:
                of_class = layers.Reshape((1, 1, 2 * self.width))(network.get_layer(f"class_{i}")(condition[0]))
                told[i] = layers.Add()([told[i], of_class])
        return keras.Model([words, place, *above, *condition], [*stack, *told])

    def _horizontal(self, network):
        """keras.Model: [words of a row, its v, what the vertical stack tells] -> logits (N, 1, w, V)."""
        wide = self.about.grid[1]
        words, v = keras.Input((1, wide, self.about.values)), keras.Input((1, wide, self.width))
        told = [keras.Input((1, wide, 2 * self.width)) for _ in range(self.blocks)]
        h = layers.Add()([network.get_layer("horizontal")(words), v])
        for i in range(self.blocks):
            h = gated(h, told[i], network.get_layer(f"horizontal_{i}"), network.get_layer(f"residual_{i}"))
        h = network.get_layer("hidden")(layers.ReLU()(h))
        return keras.Model([words, v, *told], network.get_layer("logits")(h))


class _Window(layers.Layer):
    """A `VerticalConv2D` that is given all the rows it sees, for one row of its result."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, inputs):
        return self.layer.window(inputs)
