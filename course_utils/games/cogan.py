"""Lecture 12: coupled GANs, which learn pairs from two piles of images that nobody has paired.

    critic:     −E log D_a(x_a) − E log(1 − D_a(G_a(z)))  and the same of b       to minimise
    generator:  −E log D_a(G_a(z)) − E log D_b(G_b(z))                            to minimise

Nothing in the losses pairs anything. What does is that the deep layers of G_a and G_b are the same variables, and of
D_a and D_b too: one z says what is drawn, and the ends only say how it looks.
"""

import keras
import numpy as np
from keras import ops

from course_utils import builders, checks, losses, priors
from course_utils.game import Examples, Game, Player

CHUNK = 200  # pairs made at once


class CoGAN(Game):
    """Two GANs with tied deep layers.

    Algorithm, an iteration:

        x_a ~ domain a, x_b ~ domain b, z ~ prior, N of each
        critic     ← one step down  Σ over both domains of  loss.discriminator(D(x), D(G(z)))
        z ~ prior, N
        generator  ← one step down  Σ over both domains of  loss.generator(D(G(z)))

    Fit it on (images a, images b), two arrays of one length in [-1, 1]; the rows are no pairs.

    Logs `critic_loss`, `generator_loss`, `real_accuracy` and `fake_accuracy`, over both domains.

    Args:
        generator: keras.Model, z (N, d) -> [images a, images b], such as `networks.domains.paired_generator`.
        critic: keras.Model, [images a, images b] -> [logits a (N, 1), logits b (N, 1)].
        prior: `priors.Prior` of dimension d; the standard normal one if None.
        loss: `losses.AdversarialLoss`.
        critic_optimizer, generator_optimizer: keras optimizers; Adam(2e-4, 0.5) if None.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: Liu and Tuzel, Coupled Generative Adversarial Networks, 2016, eqs. (3) and (4).
    """

    def __init__(
        self, generator, critic, prior=None, loss=losses.nonsaturating, critic_optimizer=None,
        generator_optimizer=None, averages=(), seed=0, name="cogan",
    ):  # fmt: skip
        players = [
            Player("critic", [critic], self.critic_loss, critic_optimizer or _adam()),
            Player("generator", [generator], self.generator_loss, generator_optimizer or _adam()),
        ]
        super().__init__(players, averages=averages, seed=seed, name=name)
        self.generator, self.critic = generator, critic
        self.prior = prior or priors.gaussian(generator.input_shape[-1])
        self.adversarial = loss
        self.takes = tuple(Examples(tuple(images.shape[1:]), -1.0, 1.0) for images in critic.inputs)

    def call(self, inputs, training=False):
        """Returns the two images of each latent z (N, d), by the average where the game keeps one."""
        return self.best(self.generator)(inputs, training=False)

    def critic_loss(self, batch, training):
        """Returns the sum of the critics' losses on real images of both domains and as many fakes."""
        fakes = [ops.stop_gradient(fake) for fake in self.fakes(batch, training)]
        real, fake = self.critic(list(batch), training=training), self.critic(fakes, training=training)
        loss = sum(self.adversarial.discriminator(*each) for each in zip(real, fake))
        return loss, {
            "real_accuracy": ops.mean(ops.cast(ops.concatenate(real) > 0, "float32")),
            "fake_accuracy": ops.mean(ops.cast(ops.concatenate(fake) < 0, "float32")),
        }

    def generator_loss(self, batch, training):
        """Returns the sum of the generators' losses on fresh pairs."""
        judged = self.critic(self.fakes(batch, training), training=training)
        return sum(self.adversarial.generator(logits) for logits in judged)

    def fakes(self, batch, training):
        """Returns [images a, images b] of as many fresh latents as a batch has rows."""
        return self.generator(self.prior(ops.shape(batch[0])[0], self.seeds), training=training)

    def sample(self, n, seed):
        """Returns n pairs: [images a, images b], float32 arrays in [-1, 1].

        Args:
            n: number of pairs, ≥ 1.
            seed: int ≥ 0; the same seed gives the same latents on every backend.
        """
        checks.count(n)
        return pairs_of(self.best(self.generator), n, np.random.default_rng(seed))


def pairs_of(generator, n, rng):
    """Returns [images a, images b] of n latents that a NumPy generator draws."""
    z = rng.standard_normal((n, generator.input_shape[-1]), dtype="float32")
    return builders.run(generator, [z], CHUNK)


def _adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5)
