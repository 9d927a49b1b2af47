"""Lecture 13: StyleCLIP, a sentence that steers a picture: the style w moves, CLIP and the generator stand still.

    L(w) = 1 − ⟨f(G(w)), g(t)⟩ + λ_L2 ‖w − w₀‖² + λ_ID (1 − ⟨R(G(w)), R(G(w₀))⟩)                       to minimise

Three ways down: by steps for each picture (`Editor`), by a network that has learned the step (`Mapper`), and along one
direction for all pictures (`global_direction`). Source: Patashnik et al., StyleCLIP: Text-Driven Manipulation of
StyleGAN Imagery, 2021, eqs. (1) to (3) and sections 4 to 6.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from course_utils import backend, builders
from course_utils.game import Examples, Game, Player
from course_utils.games.readers import identity_reader, judged
from course_utils.networks.clip import table_of

__all__ = [
    "Edited", "Editor", "Mapper", "PixelEditor", "clip_distance", "global_direction", "identity_distance",
    "identity_reader", "judged", "mapped", "moves_of", "step_size",
]  # fmt: skip

CHUNK = 50  # rows of one slope


class Edited(NamedTuple):
    """What an editor returns for N pictures."""

    points: np.ndarray  # (N, L, d) styles, or (N, H, W, C) pixels
    images: np.ndarray  # (N, H, W, C) in [-1, 1]
    clip: np.ndarray  # (N,) 1 − cosine of image and text
    l2: np.ndarray  # (N,) ‖w − w₀‖²
    identity: np.ndarray  # (N,) 1 − cosine of the reader's features; 0 without a reader


def clip_distance(vectors, text):
    """Returns 1 − ⟨f, g⟩ of vectors of length 1: tensors (N, e) -> (N,)."""
    return 1.0 - ops.sum(ops.multiply(vectors, text), axis=-1)


def step_size(points, start):
    """Returns ‖w − w₀‖², summed over all axes but the first: tensors (N, …) -> (N,)."""
    return ops.sum(ops.square(points - start), axis=tuple(range(1, len(points.shape))))


def identity_distance(features, start):
    """Returns 1 − cosine of features, whatever their lengths: tensors (N, f) -> (N,). 0 says "the same", never less."""
    return 1.0 - ops.sum(ops.normalize(features, axis=-1) * ops.normalize(start, axis=-1), axis=-1)


class Editor(Game):
    """Optimises one style for each picture; nothing else moves.

    Algorithm, for a picture w₀ and a text g:

        Δ ← 0
        repeat: Δ ← one step of Adam down  1 − ⟨f(G(w₀ + m Δ)), g⟩ + λ_L2 ‖m Δ‖² + λ_ID (1 − ⟨R, R₀⟩),   m layers
        w = w₀ + m Δ

    The pictures of a chunk share a program and nothing else: Adam moves each coordinate by its own slopes. All Δ are
    rows of one table, a network of one layer, which is what the player moves.

    Args:
        image_encoder: of `networks.clip`, frozen.
        synthesis: of `networks.stylegan`, frozen; its noise is 0.
        identity: network images -> features that tell who is seen, such as `identity_reader()`; None for none.
        rows: pictures at a time.
        steps: of Adam.
        optimizer: keras optimizer; Adam whose rate falls from 0.3 to 0 along a cosine if None.
        seed: int ≥ 0; nothing is drawn.

    Source: Patashnik et al., StyleCLIP, 2021, eq. (1), where w has a style for each layer too.
    """

    def __init__(
        self, image_encoder, synthesis, identity=None, rows=32, steps=60, optimizer=None, seed=0, name="editor"
    ):  # fmt: skip
        self._begin(image_encoder, tuple(synthesis.inputs[0].shape[1:]), identity, rows, steps, optimizer, seed, name)
        self.synthesis = synthesis

    def _begin(self, image_encoder, shape, identity, rows, steps, optimizer, seed, name):
        """Makes the table, its player, and what is needed to begin again."""
        table = table_of(rows, shape)
        optimizer = optimizer or keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.3, steps))
        super().__init__([Player("step", [table], self.loss, optimizer)], seed=seed, name=name)
        self.table, self.image_encoder, self.identity = table, image_encoder, identity
        self.rows, self.steps, self.shape = rows, steps, shape
        axes, features = image_encoder.output_shape[-1], identity.output_shape[-1] if identity else 1
        numbers = (rows,), shape, (axes,), (features,), (2,), (shape[0],) + (1,) * (len(shape) - 1)
        self.takes = tuple(Examples(each) for each in numbers)
        self._first = [builders.as_array(v.value) for v in self.optimizers.variables]

    def draw(self, points):
        """Returns the images of styles (N, L, d), clipped, as a tensor."""
        return _drawn(self.synthesis, points)

    def loss(self, batch, training):
        """Returns the mean of the pictures' losses, and the three distances to log."""
        place, start, text, features, weights, moves = batch
        points = start + moves * self.table(place, training=training)
        clip, l2, identity = self.terms(points, start, text, features)
        total = clip + weights[:, 0] * l2 + weights[:, 1] * identity
        return ops.mean(total), {"clip": ops.mean(clip), "l2": ops.mean(l2), "identity": ops.mean(identity)}

    def terms(self, points, start, text, features):
        """Returns the three distances of each picture, tensors (N,)."""
        images = self.draw(points)
        clip = clip_distance(self.image_encoder(images, training=False), text)
        same = ops.zeros_like(clip)
        if self.identity:
            same = identity_distance(self.identity(images, training=False), features)
        return clip, step_size(points, start), same

    def edit(self, start, text, l2=0.0, identity=0.0, layers=None):
        """Edits pictures.

        Args:
            start: w₀, float (N, L, d), or (N, d) with one style for all layers; of a `PixelEditor` images (N, H, W, C).
            text: vectors of length 1, (e,) for all pictures or (N, e).
            l2, identity: λ_L2 and λ_ID, a number ≥ 0, or (N,) for a sweep in one go.
            layers: which may move: a slice or list of layers, or bool (N, L); all if None.

        Returns:
            `Edited`.

        Raises:
            ValueError: shapes that do not fit, λ below 0, or λ_ID without a reader.
        """
        start, columns = self._columns(start, text, l2, identity, layers)
        if not self.compiled:
            self.compile()
        steps = np.concatenate([
            self._chunk([_filled(column[i : i + self.rows], self.rows) for column in columns])
            for i in range(0, len(start), self.rows)
        ])[: len(start)]  # fmt: skip
        points = (start + columns[-1] * steps).astype("float32")
        draw, terms = (lambda rows: self.draw(rows[0])), (lambda rows: self.terms(*map(ops.convert_to_tensor, rows)))
        images = builders.in_batches(draw, [points], self.rows)
        return Edited(points, images, *builders.in_batches(terms, [points, *columns[:3]], self.rows))

    def _chunk(self, columns):
        """Returns the steps of one chunk of pictures, from a table of zeros and an optimizer without a past."""
        self.table.set_weights([np.zeros_like(value) for value in self.table.get_weights()])
        for variable, value in zip(self.optimizers.variables, self._first):
            variable.assign(value)
        place = np.eye(self.rows, dtype="float32")
        self.fit((place, *columns), batch_size=self.rows, steps_per_epoch=self.steps, verbose=0)
        return self.table.get_weights()[0].reshape(self.rows, *self.shape)

    def _columns(self, start, text, l2, identity, layers):
        """Returns w₀ (N, …) and the columns of data: w₀, texts, features, weights, moves."""
        start = np.asarray(start, "float32")
        if len(self.shape) == 2 and start.ndim == 2:
            start = np.repeat(start[:, None], self.shape[0], axis=1)
        n, axes = len(start), self.image_encoder.output_shape[-1]
        if start.shape[1:] != self.shape or np.shape(text) not in ((axes,), (n, axes)):
            raise ValueError(
                f"Found starts of shape {start.shape} and a text of shape {np.shape(text)}, expected (N, "
                f"{', '.join(map(str, self.shape))}), and ({axes},) or (N, {axes}); take clip.prompt_vectors(…)[0]."
            )
        weights = np.stack([np.broadcast_to(np.asarray(each, "float32"), (n,)) for each in (l2, identity)], axis=1)
        if (weights < 0).any() or (weights[:, 1].any() and not self.identity):
            raise ValueError(
                f"Found l2={l2} and identity={identity}, expected weights of at least 0, and identity only where the "
                "editor has a reader; give it identity_reader()."
            )
        features = np.zeros((n, 1), "float32")
        if self.identity:
            read = lambda rows: self.identity(self.draw(rows[0]), training=False)  # noqa: E731
            features = builders.in_batches(read, [start], self.rows)
        texts = np.broadcast_to(np.asarray(text, "float32"), (n, axes))
        return start, [start, texts, features, weights, moves_of(layers, n, self.shape)]


class PixelEditor(Editor):
    """The same game without a generator: the pixels move, and meet the text without showing it.

    Args:
        image_encoder, identity, rows, steps, seed: as for `Editor`.
        optimizer: keras optimizer; Adam whose rate falls from 0.02 to 0 along a cosine if None: a hundredth of the
            range of a pixel at a time.

    Source: Szegedy et al., Intriguing properties of neural networks, 2014: what a classifier takes for another class.
    """

    def __init__(self, image_encoder, identity=None, rows=32, steps=60, optimizer=None, seed=0, name="pixel_editor"):
        shape = tuple(image_encoder.inputs[0].shape[1:])
        optimizer = optimizer or keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.02, steps))
        self._begin(image_encoder, shape, identity, rows, steps, optimizer, seed, name)

    def draw(self, points):
        """Returns the points, which are images, clipped."""
        return ops.clip(points, -1.0, 1.0)


class Mapper(Game):
    """A network that learns the step for one text, so that an edit is one pass: w -> w + M(w).

    Algorithm, an iteration:

        w ~ styles of the generator
        mapper ← one step down  mean of  1 − ⟨f(G(w + M(w))), g⟩ + λ_L2 ‖M(w)‖² + λ_ID (1 − ⟨R, R₀⟩)

    Fit it on styles (N, L, d).

    Args:
        mapper: `networks.clip.style_mapper`.
        image_encoder, synthesis, identity: as for `Editor`, frozen.
        text: vector (e,) of length 1.
        l2, identity_weight: λ_L2 and λ_ID.
        optimizer: keras optimizer; Adam(1e-3) if None.
        seed: int ≥ 0; the order of the data follows from it.

    Source: Patashnik et al., StyleCLIP, 2021, eqs. (3) and (4).
    """

    def __init__(
        self, mapper, image_encoder, synthesis, text, identity=None, l2=0.0, identity_weight=0.0, optimizer=None,
        seed=0, name="mapper_game",
    ):  # fmt: skip
        player = Player("mapper", [mapper], self.loss, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], seed=seed, name=name)
        self.mapper, self.image_encoder, self.synthesis, self.identity = mapper, image_encoder, synthesis, identity
        self.text = np.asarray(text, "float32")[None]
        self.weights_of = float(l2), float(identity_weight)
        self.takes = Examples(tuple(mapper.inputs[0].shape[1:]))

    def call(self, inputs, training=False):
        """Returns edited styles (N, L, d)."""
        return inputs + self.mapper(inputs, training=False)

    def loss(self, w, training):
        """Returns the mean loss of a batch of styles, and the three distances to log."""
        step = self.mapper(w, training=training)
        images = _drawn(self.synthesis, w + step)
        clip = clip_distance(self.image_encoder(images, training=False), self.text)
        l2, same = step_size(step, ops.zeros_like(step)), ops.zeros_like(clip)
        if self.identity:
            before = ops.stop_gradient(self.identity(_drawn(self.synthesis, w), training=False))
            same = identity_distance(self.identity(images, training=False), before)
        total = clip + self.weights_of[0] * l2 + self.weights_of[1] * same
        return ops.mean(total), {"clip": ops.mean(clip), "l2": ops.mean(l2), "identity": ops.mean(same)}


def mapped(mapper, w):
    """Returns w + M(w), float32 (N, L, d), of styles (N, L, d), or (N, d) with one for all layers."""
    w = np.asarray(w, "float32")
    w = np.repeat(w[:, None], mapper.input_shape[1], axis=1) if w.ndim == 2 else w
    return w + builders.run(mapper, [w], CHUNK)


def global_direction(image_encoder, synthesis, w, text, neutral, share=1.0, layers=None):
    """Returns one direction in which the pictures of all styles go from one text towards another.

        r_k = σ_k mean over w of ∂⟨f(G(w)), g − g₀⟩ / ∂w_k,   direction_k = σ_k r_k / ‖r‖,   r_k = 0 but for the largest

    Edit by w + α · direction: α counts deviations σ of the styles.

    Args:
        image_encoder, synthesis: frozen.
        w: styles (N, L, d), or (N, d) with one for all layers.
        text, neutral: vectors (e,) of length 1, such as of "a red seven" and of "a seven".
        share: of the coordinates, in (0, 1]: those with the largest |r_k| are kept.
        layers: which may move, a slice or list; all if None.

    Returns:
        float32 array (L, d).

    Source: Patashnik et al., StyleCLIP, 2021, section 6, who move each channel of the styles by itself and see how far
    f goes along g − g₀; this takes the slope instead, for all channels at once.
    """
    shape = tuple(synthesis.inputs[0].shape[1:])
    w = np.asarray(w, "float32")
    w = np.repeat(w[:, None], shape[0], axis=1) if w.ndim == 2 else w
    way = ops.convert_to_tensor((np.asarray(text) - np.asarray(neutral)).astype("float32"))

    def along(rows):
        return ops.sum(image_encoder(_drawn(synthesis, rows), training=False) * way, axis=-1)

    slopes = builders.in_batches(lambda rows: ops.stop_gradient(backend.input_gradient(along, rows[0])), [w], CHUNK)
    spread = w.std(axis=0)
    r = spread * slopes.mean(axis=0) * moves_of(layers, 1, shape)[0]
    kept = np.abs(r) >= np.quantile(np.abs(r), 1 - share)
    r = np.where(kept, r, 0.0)
    return (spread * r / np.linalg.norm(r)).astype("float32")


def moves_of(layers, n, shape):
    """Returns which layers may move as 0 and 1: float32 (N, L, 1).

    Args:
        layers: slice, list of layers, bool (N, L), or None for all.
        n: N.
        shape: (L, d).
    """
    moves = np.zeros((n, shape[0]), "float32")
    if np.ndim(layers) == 2:
        moves[:] = layers
    else:
        moves[:, slice(None) if layers is None else layers] = 1.0
    return moves.reshape(n, shape[0], *(1,) * (len(shape) - 1))


def _drawn(synthesis, w):
    """The images of styles (N, L, d) without noise, clipped, as a tensor."""
    w = ops.convert_to_tensor(w)  # Keras takes no array beside a tensor
    silent = ops.zeros((ops.shape(w)[0], synthesis.inputs[1].shape[1]), "float32")
    return ops.clip(synthesis([w, silent], training=False), -1.0, 1.0)


def _filled(rows, n):
    """Rows (at most n) filled up to n by copies of the last."""
    return np.concatenate([rows, np.repeat(rows[-1:], n - len(rows), axis=0)])
