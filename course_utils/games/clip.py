"""Lecture 13: CLIP, two encoders that learn which sentence belongs to which picture, and classes that are sentences.

c_ij = ⟨f(x_i), g(t_j)⟩,   L = ½ (mean_i −log softmax_j (s c_ij)_i + mean_j −log softmax_i (s c_ij)_j)      to minimise
"""

import numpy as np
from keras import ops, optimizers

from course_utils import builders, losses
from course_utils.data import captions
from course_utils.game import Examples, Game, Player, Tokens

CHUNK = 200  # rows of one call of a network


class CLIP(Game):
    """An image encoder, a text encoder and a scale, moved by one player.

    Algorithm, an iteration:

        x, t ~ data,   N pairs
        all three  ← one step down  contrastive(s ⟨f(x_i), g(t_j)⟩),   s ≤ 100
        averages   ← a little nearer to what they average

    Fit it on images and tokens: `fit(images, tokens)`. Logs `nats` (the loss), `bound` = log N − nats, which bounds
    from below the nats that images and texts share, `accuracy`, the share of rows in which the own text wins, and
    `scale` s.

    Args:
        image_encoder, text_encoder, temperature: of `networks.clip`.
        optimizer: keras optimizer; Adam(1e-3) if None.
        averages: `Average`s of the encoders.
        seed: int ≥ 0; the order of the data follows from it.

    Source: Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021, figure 3.
    """

    def __init__(
        self, image_encoder, text_encoder, temperature, optimizer=None, averages=(), seed=0, name="clip"
    ):  # fmt: skip
        networks = [image_encoder, text_encoder, temperature]
        player = Player("clip", networks, self.loss, optimizer or optimizers.Adam(1e-3))
        super().__init__([player], averages=averages, seed=seed, name=name)
        self.image_encoder, self.text_encoder, self.temperature = networks
        words = next(layer for layer in text_encoder.layers if hasattr(layer, "input_dim")).input_dim
        images = Examples(tuple(image_encoder.inputs[0].shape[1:]), -1.0, 1.0)
        self.takes = images, Tokens(tuple(text_encoder.inputs[0].shape[1:]), words)

    def call(self, inputs, training=False):
        """Returns the logits (N, M) of images and tokens, by the averaged encoders where the game keeps them."""
        return self.logits(*inputs, training, self.best(self.image_encoder), self.best(self.text_encoder))

    def logits(self, images, tokens, training, image_encoder=None, text_encoder=None):
        """Returns s ⟨f(x_i), g(t_j)⟩ as a tensor (N, M)."""
        f = (image_encoder or self.image_encoder)(images, training=training)
        g = (text_encoder or self.text_encoder)(tokens, training=training)
        return self.temperature(ops.matmul(f, ops.transpose(g)), training=training)

    def loss(self, batch, training):
        """Returns the contrastive loss and what is logged."""
        logits = self.logits(*batch, training)
        nats = losses.contrastive(logits)
        n = ops.shape(logits)[0]
        own = ops.equal(ops.argmax(logits, axis=1), ops.arange(n))
        logs = {
            "nats": nats,
            "bound": ops.log(ops.cast(n, "float32")) - nats,
            "accuracy": ops.mean(ops.cast(own, "float32")),
            "scale": self.temperature.get_layer("temperature").scale,
        }
        return nats, logs


def image_vectors(image_encoder, images):
    """Returns the vectors of images in [-1, 1]: float32 array (N, e)."""
    return builders.run(image_encoder, [np.asarray(images, "float32")], CHUNK)


def text_vectors(text_encoder, tokens):
    """Returns the vectors of tokens (N, T): float32 array (N, e)."""
    return builders.run(text_encoder, [np.asarray(tokens, "float32")], CHUNK)


def table(images, texts):
    """Returns the similarities ⟨f_i, g_j⟩ of vectors (N, e) and (M, e): float array (N, M)."""
    return np.asarray(images) @ np.asarray(texts).T


def prompt_vectors(text_encoder, words, prompts):
    """Returns a vector for each prompt, or for each ensemble of prompts that mean the same.

        g = Σ_p g_p / ‖Σ_p g_p‖

    Args:
        text_encoder: of `networks.clip`.
        words: `data.captions.Words` that it was trained with.
        prompts: list of K str, or of K lists of str.

    Returns:
        float32 array (K, e), of length 1.

    Raises:
        TypeError, ValueError: a single str, an empty ensemble, or a word that is not in the vocabulary.

    Source: Radford et al., 2021, section 3.1.4.
    """
    if isinstance(prompts, str):
        raise TypeError(f"Found the prompt {prompts!r}, expected a list of prompts; write [prompt].")
    sets = [[each] if isinstance(each, str) else list(each) for each in prompts]
    if not sets or not all(sets):
        raise ValueError("Found a class without a prompt, expected at least one for each; add one.")
    found = text_vectors(text_encoder, words.tokens([text for each in sets for text in each]))
    ends = np.cumsum([len(each) for each in sets])[:-1]
    sums = np.stack([part.sum(axis=0) for part in np.split(found, ends)])
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def zero_shot(images, prompts):
    """Returns the nearest prompt of each image: vectors (N, e) and (K, e) -> int array (N,)."""
    return table(images, prompts).argmax(axis=1)


def ranks(similarities):
    """Returns how many columns are at least as similar to row i as column i, itself left out.

    Args:
        similarities: (N, N) or wider; column i belongs to row i.

    Returns:
        int array (N,); 0 where the own column wins. Ties count against it, so that a constant table finds nothing.
    """
    own = np.diagonal(similarities)[:, None]
    return (similarities >= own).sum(axis=1) - 1


def recall(found, k=10):
    """Returns the share of ranks below k; by chance it is k / N."""
    return float(np.mean(np.asarray(found) < k))


def bound(nats, n):
    """Returns log N − L, which bounds from below the information of images and texts about each other, nats.

    Source: van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018, section 2.3.
    """
    return np.log(n) - nats


def binding(image_encoder, text_encoder, words, images, attributes, template=0):
    """Returns how often the right one of two sentences wins that differ only in what is of which colour.

    Args:
        image_encoder, text_encoder, words: as for `prompt_vectors`.
        images: (N, H, W, C); those whose stroke and ground have one name are left out.
        attributes: dict as `captions.attributes` returns it.
        template: way of saying it.

    Returns:
        float in [0, 1]; sentences with one vector, up to rounding, count half.
    """
    stroke, ground = attributes["stroke"], attributes["ground"]
    differ = np.flatnonzero(stroke != ground)
    count = len(captions.COLOURS)
    pairs = [captions.caption(None, a, b, template=template) for a in range(count) for b in range(count)]
    texts = prompt_vectors(text_encoder, words, pairs)
    vectors = image_vectors(image_encoder, images[differ])
    right, wrong = stroke[differ] * count + ground[differ], ground[differ] * count + stroke[differ]
    gap = np.sum(vectors * (texts[right] - texts[wrong]), axis=1)
    return float(np.mean(np.where(np.abs(gap) < 1e-5, 0.5, gap > 0)))
