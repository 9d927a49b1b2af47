"""Three small games that between them use all that the engine can do, with the noise fed in beside the data."""

import keras
import numpy as np
from keras import layers, ops

from course_utils import losses, penalties
from course_utils.game import Average, Game, Player


def dense(inputs, outputs, name, width=16, normalised=False, activation="tanh"):
    """A fully connected network with two hidden layers; smooth by default, so that backends can be compared."""
    x = inner = keras.Input((inputs,))
    for _ in range(2):
        x = layers.Dense(width, use_bias=not normalised)(x)  # a bias before batch norm has no gradient, only noise
        x = layers.BatchNormalization()(x) if normalised else x
        x = layers.Activation(activation)(x)
    return keras.Model(inner, layers.Dense(outputs)(x), name=name)


def fill(networks, seed=0):
    """Gives networks weights that are the same on every backend."""
    rng = np.random.default_rng(seed)
    for network in networks:
        for v in network.trainable_variables:
            v.assign(rng.normal(0, 0.4, v.shape).astype("float32"))


def adam(rate=1e-3):
    return keras.optimizers.Adam(rate, beta_1=0.5, beta_2=0.9)


class BatchNormGAN(Game):
    """(a) A non-saturating GAN whose generator has batch norm, and an average of it."""

    def __init__(self, seed=0):
        generator = dense(3, 2, "generator", normalised=True)
        critic = dense(2, 1, "critic")
        averaged = dense(3, 2, "averaged", normalised=True)
        fill([generator, critic])
        super().__init__(
            [
                Player("critic", [critic], self.critic_loss, adam()),
                Player("generator", [generator], self.generator_loss, adam()),
            ],
            averages=[Average(generator, averaged, 0.9)],
            seed=seed,
        )
        self.generator, self.critic, self.averaged = generator, critic, averaged

    def critic_loss(self, batch, training):
        x, z = batch
        fake = self.generator(z, training=training)
        real_logits = self.critic(x, training=training)
        fake_logits = self.critic(fake, training=training)
        loss = losses.nonsaturating.discriminator(real_logits, fake_logits)
        return loss, {"real_logit": ops.mean(real_logits)}

    def generator_loss(self, batch, training):
        _, z = batch
        fake_logits = self.critic(self.generator(z, training=training), training=training)
        return losses.nonsaturating.generator(fake_logits)


class PenaltyWGAN(Game):
    """(b) WGAN-GP with five critic turns; the mixing weights of the penalty are fed in too."""

    def __init__(self, seed=0, turns=5):
        generator, critic = dense(3, 2, "generator"), dense(2, 1, "critic")
        fill([generator, critic])
        super().__init__(
            [
                Player("critic", [critic], self.critic_loss, adam(), turns=turns),
                Player("generator", [generator], self.generator_loss, adam()),
            ],
            seed=seed,
        )
        self.generator, self.critic = generator, critic

    def critic_loss(self, batch, training):
        x, z, mix = batch
        fake = self.generator(z, training=training)
        between = mix * x + (1.0 - mix) * fake
        # On a line whose two ends are one point, the penalty's own draw has no effect.
        penalty = penalties.gradient_penalty(self.critic, between, between, self.seeds)
        real_logits = self.critic(x, training=training)
        fake_logits = self.critic(fake, training=training)
        return losses.wasserstein.discriminator(real_logits, fake_logits) + 10.0 * penalty, {"penalty": penalty}

    def generator_loss(self, batch, training):
        return losses.wasserstein.generator(self.critic(self.generator(batch[1], training=training), training=training))


class SharedEncoder(Game):
    """(c) ALAE's shape: three players, and the encoder moves in two of them."""

    def __init__(self, seed=0):
        mapping, generator = dense(3, 4, "mapping"), dense(4, 2, "generator")
        encoder, critic = dense(2, 4, "encoder"), dense(4, 1, "critic")
        fill([mapping, generator, encoder, critic])
        super().__init__(
            [
                Player("critic", [encoder, critic], self.critic_loss, adam()),
                Player("generator", [mapping, generator], self.generator_loss, adam()),
                Player("latent", [encoder, generator], self.latent_loss, adam()),
            ],
            seed=seed,
        )
        self.mapping, self.generator, self.encoder, self.critic = mapping, generator, encoder, critic

    def fake(self, z, training):
        return self.generator(self.mapping(z, training=training), training=training)

    def judge(self, x, training):
        return self.critic(self.encoder(x, training=training), training=training)

    def critic_loss(self, batch, training):
        x, z = batch
        fake_logits = self.judge(self.fake(z, training), training)
        adversarial = losses.nonsaturating.discriminator(self.judge(x, training), fake_logits)
        return adversarial + 5.0 * penalties.r1(lambda x: self.judge(x, False), x)

    def generator_loss(self, batch, training):
        return losses.nonsaturating.generator(self.judge(self.fake(batch[1], training), training))

    def latent_loss(self, batch, training):
        w = ops.stop_gradient(self.mapping(batch[1], training=training))
        again = self.encoder(self.generator(w, training=training), training=training)
        return ops.mean(ops.sum(ops.square(w - again), axis=-1))


def data(rows=256, parts=2, seed=1):
    """Points on a circle, and as many columns of noise as a game is fed: z (rows, 3) and the mix (rows, 1)."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, (rows, 1))
    x = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    columns = x, rng.normal(size=(rows, 3)), rng.uniform(size=(rows, 1))
    return tuple(c.astype("float32") for c in columns[:parts])


GAMES = {"batch_norm_gan": (BatchNormGAN, 2), "penalty_wgan": (PenaltyWGAN, 3), "shared_encoder": (SharedEncoder, 2)}
