"""Lecture 10: the VQ-VAE, whose code is a grid of words, so that a pixel model can write it.

z = E(x),   c = argmin_k ‖z − e_k‖²,   L = −log p(x | e_c) + β ‖z − sg(e_c)‖²
"""

import keras
import numpy as np
from keras import ops

from course_utils import builders, losses
from course_utils.game import Examples, Game, Player

CHUNK = 200  # rows of one call of a network


class VQVAE(Game):
    """An autoencoder whose codes are whole numbers: each place takes the nearest of K vectors.

    Algorithm, an iteration:

        z = E(x),   c = argmin_k ‖z − e_k‖²
        autoencoder ← one step down  mean (−log p(x | z + sg(e_c − z)) + β ‖z − sg(e_c)‖²)
        n_k ← γ n_k + (1 − γ) #{c = k},   m_k ← γ m_k + (1 − γ) Σ_{c = k} z,   e_k ← m_k / n_k

    The gradient passes the choice as if it were not there: straight through. A vector that is used less than a
    hundredth of its fair share is put to a z of the batch.

    Logs `nats`, `commitment` and `perplexity`, exp of the entropy of the codes in a batch, K if all are used alike.

    Args:
        encoder, codebook, decoder: of `networks.pixels`.
        commitment: β.
        decay: γ of the moving averages.
        optimizer: keras optimizer; Adam(1e-3) if None.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: van den Oord et al., Neural Discrete Representation Learning, 2017, eqs. (1) to (3), appendix A.1; dead
    vectors put to data: Dhariwal et al., Jukebox, 2020, section 3.1.
    """

    def __init__(self, encoder, codebook, decoder, commitment=0.25, decay=0.99, optimizer=None, seed=0, name="vqvae"):
        player = Player(
            "autoencoder", [encoder, codebook, decoder], self.loss, optimizer or keras.optimizers.Adam(1e-3)
        )
        super().__init__([player], seed=seed, name=name)
        self.encoder, self.codebook, self.decoder = encoder, codebook, decoder
        self.commitment, self.decay = commitment, decay
        self.entries = codebook.get_layer("codebook").entries
        self.uses = self.add_weight(shape=self.entries.shape[:1], initializer="zeros", trainable=False, name="uses")
        self.sums = self.add_weight(shape=self.entries.shape, initializer="zeros", trainable=False, name="sums")
        self.takes = Examples(tuple(encoder.inputs[0].shape[1:]), 0.0, 1.0)

    def call(self, inputs, training=False):
        """Returns mean images in [0, 1]."""
        z = self.encoder(inputs, training=False)
        return ops.sigmoid(self.decoder(ops.take(self.entries, nearest(z, self.entries), axis=0), training=False))

    def loss(self, x, training):
        """Returns nats an image and the commitment, and moves the codebook."""
        z = self.encoder(x, training=training)  # (N, h, w, d)
        chosen = nearest(z, self.entries)
        vectors = ops.take(ops.convert_to_tensor(self.entries), chosen, axis=0)
        logits = self.decoder(straight_through(z, vectors), training=training)
        found = ops.mean(losses.bernoulli_nll(x, logits))
        apart = ops.mean(ops.sum(ops.square(z - ops.stop_gradient(vectors)), axis=(1, 2, 3)))
        share = ops.mean(ops.one_hot(ops.reshape(chosen, (-1,)), self.uses.shape[0]), axis=0)
        if training:
            self.follow(ops.stop_gradient(z), chosen)
        logs = {"nats": found, "commitment": apart, "perplexity": ops.exp(-ops.sum(share * ops.log(share + 1e-10)))}
        return found + self.commitment * apart, logs

    def follow(self, z, chosen):
        """Moves the codebook's averages towards what a batch of vectors has chosen."""
        z = ops.reshape(z, (-1, z.shape[-1]))  # (M, d)
        rows = ops.one_hot(ops.reshape(chosen, (-1,)), self.uses.shape[0])  # (M, K)
        uses = self.decay * self.uses + (1.0 - self.decay) * ops.sum(rows, axis=0)
        sums = self.decay * self.sums + (1.0 - self.decay) * ops.matmul(ops.transpose(rows), z)
        moved = sums / ops.maximum(uses, 1e-6)[:, None]
        # z of the batch, one for each vector, for those that nothing chooses.
        picked = keras.random.randint(self.uses.shape, 0, ops.shape(z)[0], seed=self.seeds)
        fair = ops.sum(uses) / self.uses.shape[0]
        dead = (uses < 0.01 * fair)[:, None]
        fresh = ops.take(z, picked, axis=0)
        self.uses.assign(ops.where(dead[:, 0], fair, uses))
        self.sums.assign(ops.where(dead, fair * fresh, sums))
        self.entries.assign(ops.where(dead, fresh, moved))


def nearest(z, entries):
    """Returns which vector is nearest: argmin_k ‖z − e_k‖².

    Args:
        z: tensor (…, d).
        entries: tensor (K, d).

    Returns:
        int32 tensor (…).
    """
    entries = ops.convert_to_tensor(entries)
    flat = ops.reshape(z, (-1, z.shape[-1]))
    # ‖z‖² is the same for all k.
    distance = ops.sum(ops.square(entries), axis=-1) - 2.0 * ops.matmul(flat, ops.transpose(entries))
    return ops.reshape(ops.cast(ops.argmin(distance, axis=-1), "int32"), ops.shape(z)[:-1])


def straight_through(z, vectors):
    """Returns the vectors, with the gradient of z: z + sg(e − z). Source: Bengio et al., 2013, section 2.3."""
    return z + ops.stop_gradient(vectors - z)


def codes_of(encoder, codebook, images):
    """Returns the codes of images in [0, 1]: float32 array (N, h, w, 1), whole numbers 0 … K − 1."""
    z = builders.run(encoder, [np.asarray(images, "float32")], CHUNK)
    chosen = nearest(ops.convert_to_tensor(z), codebook.get_layer("codebook").entries)
    return ops.convert_to_numpy(chosen).astype("float32")[..., None]


def decoded(codebook, decoder, codes):
    """Returns mean images in [0, 1] of codes (N, h, w, 1): float32 array (N, H, W, C)."""
    logits = builders.run(decoder, [builders.run(codebook, [np.asarray(codes, "float32")], CHUNK)], CHUNK)
    return 0.5 + 0.5 * np.tanh(logits / 2)
