"""Networks of lecture 13: an image and a sentence as vectors of one space, and a mapper that edits styles.

Both encoders answer with vectors of length 1, so that a scalar product is the cosine of an angle.
"""

import math

import keras
from keras import layers, ops

from course_utils import checks
from course_utils.builders import builder
from course_utils.layers import PositionBias, Temperature
from course_utils.layers.initial import conv2d, dense, glorot_uniform, normal


@builder()
def glyph_image_encoder(size=32, channels=3, width=32, dim=64):
    """A convolutional encoder of small images.

    Args:
        size: height and width, a multiple of 8.
        channels: 1 or 3.
        width: channels after the first halving; the others have two and three times as many. Before it, half as many
            look at each pixel by itself: a colour is named before it is mixed with its neighbours.
        dim: e, axes of the common space.

    Returns:
        keras.Model: images (N, size, size, channels) in [-1, 1] -> vectors (N, e) of length 1.

    Raises:
        ValueError: a size that is no multiple of 8.

    Source: Radford et al., 2021, section 2.4, whose encoders are a ResNet or a vision transformer.
    """
    if checks.count(size, "size", 8) % 8:
        raise ValueError(f"Found size={size}, expected a multiple of 8, since it is halved three times; take 32.")
    images = keras.Input((size, size, channels), name="images")
    x = conv2d(width // 2, 1, activation="relu")(images)
    x = conv2d(width, 3, strides=2, padding="same", activation="relu")(x)  # (N, 16, 16, w) of 32 pixels
    x = conv2d(2 * width, 3, strides=2, padding="same", activation="relu")(x)  # (N, 8, 8, 2 w)
    x = conv2d(3 * width, 3, strides=2, padding="same", activation="relu")(x)  # (N, 4, 4, 3 w)
    x = dense(4 * width, activation="relu")(layers.Flatten()(x))
    return keras.Model(images, _unit(dense(dim)(x)), name="image_encoder")


@builder()
def text_encoder(words, length=12, width=64, depth=2, heads=4, dim=64):
    """A small transformer of word numbers.

        h ← E[t] + P,   h ← h + attention(norm h),   h ← h + W₂ relu(W₁ norm h),   v = W mean over words of norm h

    Args:
        words: how many numbers there are, `len(Words)`; 0 is padding, which nothing attends to.
        length: T.
        width: axes of a word's vector.
        depth: blocks.
        heads: of the attention, dividing the width.
        dim: e.

    Returns:
        keras.Model: tokens (N, T), float32 whole numbers, -> vectors (N, e) of length 1.

    Source: Vaswani et al., Attention Is All You Need, 2017, eq. (1); norms before the blocks as in Radford et al.,
    2021, section 2.4, who read off the last word where this takes the mean, and let no word look ahead.
    """
    tokens, h, there = _words(words, length, width)
    h = PositionBias(name="place")(h)
    seen = there[:, None, :]  # (N, 1, T): what every word may look at
    for _ in range(depth):
        attention = layers.MultiHeadAttention(heads, width // heads, kernel_initializer=glorot_uniform)
        n = layers.LayerNormalization()(h)
        h = layers.Add()([h, attention(n, n, attention_mask=seen)])
        inner = dense(2 * width, activation="relu")(layers.LayerNormalization()(h))
        h = layers.Add()([h, dense(width)(inner)])
    h = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(h), mask=there)
    return keras.Model(tokens, _unit(dense(dim)(h)), name="text_encoder")


@builder()
def bag_of_words(words, length=12, width=64, dim=64):
    """An encoder that is blind to order: the mean of the words' vectors, and a network of it.

    Args:
        words, length, width, dim: as for `text_encoder`.

    Returns:
        keras.Model: tokens (N, T), float32 whole numbers, -> vectors (N, e) of length 1.
    """
    tokens, h, there = _words(words, length, width)
    h = layers.GlobalAveragePooling1D()(h, mask=there)
    h = dense(4 * width, activation="relu")(h)
    h = dense(4 * width, activation="relu")(h)
    return keras.Model(tokens, _unit(dense(dim)(h)), name="bag_of_words")


@builder()
def temperature(start=0.07, most=100.0):
    """The scale of a table of similarities as a network, so that a player can move it.

    Args:
        start, most: as for `layers.Temperature`.

    Returns:
        keras.Model: similarities (N, M) -> logits (N, M); its layer "temperature" holds the scale.
    """
    table = keras.Input((None,), name="similarities")
    return keras.Model(table, Temperature(start, most, name="temperature")(table), name="temperature")


@builder()
def style_mapper(styles=8, latent_dim=64, width=128, chosen=None):
    """A mapper that edits styles in one pass, whatever they are: w -> M(w), the step to take.

    Args:
        styles: L.
        latent_dim: d.
        width: hidden units.
        chosen: indices of the layers that it may move; all if None.

    Returns:
        keras.Model: styles (N, L, d) -> steps (N, L, d), 0 at the start and always in the other layers.

    Source: Patashnik et al., StyleCLIP, 2021, section 5, which has a mapper for each of three groups of layers.
    """
    w = keras.Input((styles, latent_dim), name="styles")
    h = dense(width, activation="relu")(layers.Flatten()(w))
    h = dense(width, activation="relu")(h)
    moved = list(range(styles)) if chosen is None else [*map(int, chosen)]
    step = layers.Dense(len(moved) * latent_dim, kernel_initializer="zeros", name="step")(h)
    step = layers.Reshape((len(moved), latent_dim))(step)
    parts = [step[:, moved.index(i)] if i in moved else ops.zeros_like(w[:, i]) for i in range(styles)]
    return keras.Model(w, ops.stack(parts, axis=1), name="mapper")


def table_of(rows, shape):
    """A table of numbers as a network of one layer, so that a player can move it.

    Args:
        rows: n.
        shape: of one row.

    Returns:
        keras.Model: one-hot rows (N, n) -> (N, *shape); zeros at the start.
    """
    place = keras.Input((checks.count(rows, "rows"),), name="place")
    row = layers.Dense(math.prod(shape), use_bias=False, kernel_initializer="zeros", name="table")(place)
    return keras.Model(place, layers.Reshape(tuple(shape))(row), name="table")


def _words(words, length, width):
    """The input of a text encoder, the vectors of its words (N, T, width), and where there are any (N, T)."""
    tokens = keras.Input((length,), name="tokens")
    embed = layers.Embedding(checks.count(words, "words", 2), width, embeddings_initializer=normal(0.3), name="words")
    return tokens, embed(tokens), ops.not_equal(tokens, 0.0)


def _unit(x):
    return layers.UnitNormalization(axis=-1)(x)
