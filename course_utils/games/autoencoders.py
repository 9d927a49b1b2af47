"""Lecture 00: the autoencoder with squared error, a game of one player that moves encoder and decoder.

    L = E ‖x − d(e(x̃))‖² + λ·E ‖e(x̃)‖₁,   x̃ = x + σ ε,  ε ~ N(0, I),   to minimise

With linear networks, σ = 0 and λ = 0 its best solution spans the principal components. Lecture 01
replaces the squared error by a likelihood, and the free code by one with a prior.
"""

import keras
from keras import ops

from course_utils.game import Game, Player, examples_of


class SquaredErrorAutoencoder(Game):
    """An autoencoder: plain, sparse (λ > 0) or denoising (σ > 0).

    Logs `autoencoder_loss`, `squared_error` (summed over pixels, against the clean image) and
    `code_size` (the sum of the code's absolute values), means over images.

    Args:
        encoder: built keras.Model, images (N, H, W, C) in [0, 1] -> codes (N, d).
        decoder: built keras.Model, codes (N, d) -> images (N, H, W, C).
        optimizer: keras optimizer; Adam(1e-3) if None.
        noise: σ, standard deviation of the noise on the input while training, ≥ 0.
        sparsity: λ, ≥ 0.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Raises:
        ValueError: noise or sparsity is negative.

    Source: Baldi & Hornik, 1989 (linear); Ng, "Sparse autoencoder", 2011, with an L1 penalty in place
    of its divergence; Vincent et al., 2008, section 2.3, with Gaussian noise in place of masking.
    """

    def __init__(self, encoder, decoder, optimizer=None, noise=0.0, sparsity=0.0, averages=(), seed=0):
        if noise < 0 or sparsity < 0:
            raise ValueError(f"Found noise={noise} and sparsity={sparsity}, expected numbers ≥ 0; 0 turns each off.")
        player = Player("autoencoder", [encoder, decoder], self.loss_of, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], averages=averages, seed=seed, name="autoencoder")
        self.encoder, self.decoder = encoder, decoder
        self.takes = examples_of(encoder, low=0.0)
        self.noise, self.sparsity = noise, sparsity

    def call(self, inputs, training=False):
        """Returns the reconstructions of images (N, H, W, C)."""
        code = self.best(self.encoder)(inputs, training=False)
        return ops.cast(self.best(self.decoder)(code, training=False), "float32")

    def loss_of(self, x, training):
        """Returns the mean loss of a batch (N, H, W, C), and its two terms to log."""
        seen = x
        if self.noise and training:
            seen = x + self.noise * keras.random.normal(ops.shape(x), seed=self.seeds)
        code = self.encoder(seen, training=training)  # (N, d)
        error = ops.square(x - self.decoder(code, training=training))
        squared_error = ops.mean(ops.sum(error, axis=(1, 2, 3)))
        code_size = ops.mean(ops.sum(ops.abs(code), axis=1))
        return squared_error + self.sparsity * code_size, {"squared_error": squared_error, "code_size": code_size}
