"""Lecture 01: the variational autoencoder, a game of one player that moves encoder and decoder.

    L(x) = E_{z ~ q(z|x)}[ −log p(x|z) ] + β·KL( q(z|x) ‖ N(0, I) ),   in nats, to minimise

At β = 1 this is the negative ELBO, an upper bound of −log p(x). Any other prior whose density is known may stand in
for N(0, I): then the divergence is estimated by the draw z, as log q(z|x) − log p(z).
"""

import math

import keras
import numpy as np
from keras import ops

from course_utils.game import Game, Player, examples_of
from course_utils.layers import Sampling
from course_utils.losses import bernoulli_nll, kl_divergence


class VAE(Game):
    """A variational autoencoder with one Bernoulli variable per pixel.

    Logs `vae_loss`, `nll` (the reconstruction term) and `kl`, each in nats per image. Images are
    float32 (N, H, W, C) in [0, 1]: either 0 and 1, or grey values, which stand for the chance of
    a 1; the loss is linear in x, so a grey image gives the mean over its binarisations.

    Args:
        encoder: keras.Model, images -> [z_mean, z_log_var].
        decoder: keras.Model, z -> logits of the pixels.
        optimizer: keras optimizer; Adam(1e-3) if None.
        beta: weight of the KL term, ≥ 0; change it later with `game.beta.assign(value)`.
        sampling: layer, [z_mean, z_log_var] -> z; the reparameterised draw if None.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.
        prior: `priors.Prior` with a `log_density`; N(0, I) if None, whose divergence has a closed form.

    Source: Kingma & Welling, 2014, eq. (10); β: Higgins et al., 2017, eq. (4).
    """

    def __init__(self, encoder, decoder, optimizer=None, beta=1.0, sampling=None, averages=(), seed=0, prior=None):
        optimizer = optimizer or keras.optimizers.Adam(1e-3)
        player = Player("vae", [encoder, decoder], self.negative_elbo, optimizer)
        super().__init__([player], averages=averages, seed=seed, name="vae")
        self.encoder, self.decoder = encoder, decoder
        self.takes = examples_of(encoder, low=0.0)
        self.sampling, self.prior = sampling or Sampling(seed=self.seed), prior
        self.beta = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(beta), trainable=False, name="beta"
        )

    def call(self, inputs, training=False):
        """Returns the decoded means of images (N, H, W, C), as chances of a 1."""
        return reconstruction(self, inputs)

    def negative_elbo(self, x, training):
        """Returns the mean of nll + β·kl over the batch, and both terms to log, in nats."""
        z_mean, z_log_var = self.encoder(x, training=training)  # (N, d) each
        z = self.sampling([z_mean, z_log_var])  # (N, d)
        logits = self.decoder(z, training=training)  # (N, H, W, C)
        nll = ops.mean(bernoulli_nll(x, logits))
        kl = ops.mean(self.divergence(z, z_mean, z_log_var))
        return nll + self.beta * kl, {"nll": nll, "kl": kl}

    def divergence(self, z, z_mean, z_log_var):
        """Returns KL(q(z|x) ‖ p(z)) of each image, (N,) nats: exact for N(0, I), else estimated by the draws z."""
        if self.prior is None:
            return kl_divergence(z_mean, z_log_var)
        squares = ops.square(z - z_mean) * ops.exp(-z_log_var)  # (N, d)
        log_q = -0.5 * ops.sum(squares + z_log_var + math.log(2 * math.pi), axis=-1)  # (N,)
        return log_q - self.prior.log_density(z)


class Autoencoder(Game):
    """A plain autoencoder of the same two networks: it decodes z_mean, and nothing shapes the codes.

        L(x) = −log p(x | z_mean(x)),   in nats, to minimise

    Logs `autoencoder_loss`, which is the reconstruction term alone. The arguments are those of `VAE`.
    """

    def __init__(self, encoder, decoder, optimizer=None, averages=(), seed=0):
        optimizer = optimizer or keras.optimizers.Adam(1e-3)
        player = Player("autoencoder", [encoder, decoder], self.reconstruction, optimizer)
        super().__init__([player], averages=averages, seed=seed, name="autoencoder")
        self.encoder, self.decoder = encoder, decoder
        self.takes = examples_of(encoder, low=0.0)

    def call(self, inputs, training=False):
        """Returns the reconstructions of images (N, H, W, C), as chances of a 1."""
        return reconstruction(self, inputs)

    def reconstruction(self, x, training):
        """Returns the mean reconstruction term of the batch in nats."""
        z_mean, _ = self.encoder(x, training=training)
        return ops.mean(bernoulli_nll(x, self.decoder(z_mean, training=training)))


def reconstruction(game, x):
    """Returns what a game's networks make of images: σ(decoder(z_mean(x))), float32 (N, H, W, C) in [0, 1]."""
    z_mean, _ = game.best(game.encoder)(x, training=False)
    return ops.sigmoid(ops.cast(game.best(game.decoder)(z_mean, training=False), "float32"))


def binarise(images, seed):
    """Draws every pixel once as 0 or 1 with its grey value as the chance of a 1.

    Args:
        images: uint8 (N, H, W, C).
        seed: int ≥ 0; the same images and seed give the same draw everywhere.

    Returns:
        float32 (N, H, W, C) of zeros and ones.

    Source: Salakhutdinov & Murray, 2008, the data set "static binarised MNIST"; their one draw is
    published as files, ours is another draw of the same distribution.
    """
    rng = np.random.default_rng(seed)
    draws = [rng.random(image.shape, "float32") < image / np.float32(255) for image in images]
    return np.stack(draws).astype("float32")
