"""Lecture 08: BigGAN, a game in which both players know the class of every image.

    critic:     E max(0, 1 − f(x, y)) + E max(0, 1 + f(G(z, y), y))     to minimise
    generator:  −E f(G(z, y), y) + β·Σ_W ‖WᵀW ⊙ (1 − I)‖²_F             to minimise

The hinge stops paying once a logit lies on its side of ±1 far enough. What keeps the critic Lipschitz is
no term of the loss: its layers divide their kernels by their spectral norm (`layers.SpectralKernel`).
"""

import keras
import numpy as np
from keras import ops

from course_utils import backend, checks, losses, penalties, priors
from course_utils.game import Examples, Game, Labels, Player
from course_utils.games.gan import CHUNK


class BigGAN(Game):
    """A class-conditional generator against a critic of images and labels.

    Algorithm, an iteration:

        repeat 2 times:
            x, y ~ data, z ~ prior, N of each
            critic     ← one step down  loss.discriminator(f(x, y), f(G(z, y), y))
        y ~ data, z ~ prior, N of each
        generator      ← one step down  loss.generator(f(G(z, y), y)) + β·Σ_W regulariser(W)
        averages       ← a little nearer to what they average

    Fit it on images (N, H, W, C) in [-1, 1] and labels (N,). The fakes are of the batch's own classes, so that
    the critic sees every class as often among the real images as among the fakes.

    Logs `critic_loss`, `generator_loss` (with the regulariser), the critic's `real_accuracy` and
    `fake_accuracy` (the shares of logits above and below 0), `logit_gap`, E f(x, y) − E f(G(z, y), y), and
    `orthogonal`, the regulariser without its weight, where there is one.

    Args:
        generator: keras.Model, [z (N, d), labels (N,)] -> images, with an Embedding named "classes".
        critic: keras.Model, [images, labels] -> logits (N, 1).
        prior: `priors.Prior` of dimension d; the standard normal one if None.
        loss: `losses.AdversarialLoss`.
        critic_optimizer, generator_optimizer: keras optimizers; Adam(2e-4, 0, 0.999) if None, as in the authors'
            program for 32 pixels.
        turns: turns of the critic an iteration.
        regulariser: function (kernel) -> scalar, summed over the generator's kernels; the shared embedding is
            none. `functools.partial(penalties.orthogonal, off_diagonal=False)` is the stricter form.
        regulariser_weight: β; 0 for none.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: Brock et al., Large Scale GAN Training for High Fidelity Natural Image Synthesis, 2019, sections 2
    and 3, eq. (3); hinge loss: Lim and Ye, Geometric GAN, 2017, and Miyato et al., 2018, eqs. (16) and (17).
    """

    def __init__(
        self, generator, critic, prior=None, loss=losses.hinge, critic_optimizer=None, generator_optimizer=None,
        turns=2, regulariser=penalties.orthogonal, regulariser_weight=1e-4, averages=(), seed=0, name="biggan",
    ):  # fmt: skip
        super().__init__(
            [
                Player("critic", [critic], self.critic_loss, critic_optimizer or _adam(), turns),
                Player("generator", [generator], self.generator_loss, generator_optimizer or _adam()),
            ],
            averages=averages,
            seed=seed,
            name=name,
        )
        self.generator, self.critic = generator, critic
        self.classes = generator.get_layer("classes").input_dim
        self.prior = prior or priors.gaussian(generator.inputs[0].shape[-1])
        self.takes = Examples(tuple(critic.inputs[0].shape[1:]), -1.0, 1.0), Labels(self.classes)
        self.adversarial = loss
        self.regulariser, self.regulariser_weight = regulariser, regulariser_weight

    def call(self, inputs, training=False):
        """Returns the images that the generator, or its average, makes of [latents (N, d), labels (N,)]."""
        return ops.cast(self.best(self.generator)(inputs, training=False), "float32")

    def critic_loss(self, batch, training):
        """Returns the critic's loss on real images and as many fakes of the same classes, and what it logs."""
        x, y = batch
        fake = ops.stop_gradient(self.fake(y, training))  # the generator does not move in this turn
        # One call for both, which a critic without batch norm does not notice: half the program to compile.
        both = [ops.concatenate([x, ops.cast(fake, x.dtype)]), ops.concatenate([y, y])]
        real_logits, fake_logits = ops.split(self.critic(both, training=training), 2)  # (N, 1) each
        return self.adversarial.discriminator(real_logits, fake_logits), {
            "real_accuracy": ops.mean(ops.cast(real_logits > 0, "float32")),
            "fake_accuracy": ops.mean(ops.cast(fake_logits < 0, "float32")),
            "logit_gap": ops.mean(ops.cast(real_logits, "float32")) - ops.mean(ops.cast(fake_logits, "float32")),
        }

    def generator_loss(self, batch, training):
        """Returns the generator's loss on fakes of the batch's classes; it does not see the images."""
        _, y = batch
        loss = self.adversarial.generator(self.critic([self.fake(y, training), y], training=training))
        if not self.regulariser_weight:
            return loss
        penalty = sum(self.regulariser(kernel) for kernel in kernels(self.generator))
        return loss + self.regulariser_weight * penalty, {"orthogonal": penalty}

    def fake(self, y, training):
        """Returns a fresh fake for each label."""
        return self.generator([self.prior(ops.shape(y)[0], self.seeds), y], training=training)

    def sample(self, n, seed, labels=None, truncation=None):
        """Returns n images as an array; the averaged generator makes them where the game keeps one.

        Args:
            n: number of images, ≥ 1.
            seed: int ≥ 0; the same seed gives the same latents, on every backend and at any time of the training.
            labels: (n,) int; each class in turn if None.
            truncation: threshold beyond which a number of z is drawn again, or None.

        Raises:
            ValueError: the labels do not fit, or the threshold is not positive.
        """
        z = priors.resampled(np.random.default_rng(seed), (n, self.generator.inputs[0].shape[-1]), truncation)
        labels = np.arange(n) % self.classes if labels is None else checks.labels(labels, self.classes)
        if len(labels) != n:
            raise ValueError(f"Found {len(labels)} labels for {n} images, expected one for each image.")
        return backend.predict(self.best(self.generator), [z, labels.astype("int32")], CHUNK)


def kernels(network):
    """Returns the variables of a network that the orthogonal regulariser is about: all matrices but embeddings."""
    return [v for v in network.trainable_variables if len(v.shape) > 1 and v.name != "embeddings"]


def _adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.999)
