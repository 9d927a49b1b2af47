"""Lectures 04 and 05: the generative adversarial network, a game of two players.

    critic:     −E log D(x) − E log(1 − D(G(z)))  to minimise,   D = sigmoid ∘ critic
    generator:  −E log D(G(z))                    to minimise

That is the non-saturating form. Every loss of `losses.py` can take its place, and a penalty on the
critic's slope can join it, which is how lectures 06 and 07 build on this module. Where images are few,
the critic can be shown changed ones.
"""

import keras
import numpy as np
from keras import ops

from course_utils import backend, checks, losses, penalties, priors
from course_utils.game import Game, Player, examples_of

CHUNK = 500  # examples generated or judged at once


class GAN(Game):
    """A generator against a critic.

    Algorithm, an iteration:

        repeat `turns` times:
            x ~ data, z ~ prior, N of each
            critic     ← one step down  loss.discriminator(f(x), f(G(z))) + λ·penalty(f, x, G(z))
        z ~ prior, N
        generator      ← one step down  loss.generator(f(G(z)))

    Logs `critic_loss` (with the penalty) and `generator_loss`, and of the critic

    - `real_accuracy`, `fake_accuracy`: the shares of real and of fake examples that it takes for what
      they are; ½ each is chance. Logits are cut at 0, at ½ under the least-squares loss. A Wasserstein
      critic's zero has no meaning, and neither have its accuracies.
    - `logit_gap`: E f(x) − E f(G(z)). For the Wasserstein loss and a K-Lipschitz critic this is at most
      K times the earth mover's distance.
    - `penalty`: without its weight, where there is one.

    A turn changes its player's weights and no others. Batch norm's moving averages are no player's: they
    follow whatever passes through.

    Args:
        generator: built keras.Model, z (N, d) -> examples.
        critic: built keras.Model, examples -> logits (N, 1).
        prior: `priors.Prior` of dimension d; the standard normal one if None.
        loss: `losses.AdversarialLoss`.
        critic_optimizer, generator_optimizer: keras optimizers; Adam(2e-4, beta_1=0.5) if None.
        turns: turns of the critic an iteration.
        label_smoothing: s in [0, ½]: real examples get the label 1 − s, fakes keep 0.
        label_noise: width n of the noise in the labels, in [0, ½]: each real label is moved down by
            n·u, each fake one up by n·u, u ~ U[0, 1] drawn per example.
        penalty: function (critic, real, fake, seed) -> scalar, or None.
        penalty_weight: λ, float.
        augment: function (examples, seed) -> examples, such as `augmentations.translate`, or None. All that the
            critic sees passes through it, real and generated, also in the penalty.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Raises:
        ValueError: labels are smoothed under a loss that is no cross-entropy, or beyond ½ in all.

    Source: Goodfellow et al., 2014, algorithm 1; Radford et al., 2016, section 4 (Adam); one-sided
    smoothing: Salimans et al., 2016, section 3.4; label noise: Chollet, Deep Learning with Python, 2017,
    section 8.5, whose noise moves fake labels outwards.
    """

    def __init__(
        self, generator, critic, prior=None, loss=losses.nonsaturating, critic_optimizer=None,
        generator_optimizer=None, turns=1, label_smoothing=0.0, label_noise=0.0, penalty=None,
        penalty_weight=1.0, augment=None, averages=(), seed=0, name="gan",
    ):  # fmt: skip
        _check_labels(loss, label_smoothing, label_noise)
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
        self.prior = prior or priors.gaussian(generator.input_shape[-1])
        self.takes = examples_of(critic)
        self.adversarial = loss  # keras.Model keeps `loss` for itself
        self.label_smoothing, self.label_noise = label_smoothing, label_noise
        self.penalty, self.penalty_weight, self.augment = penalty, penalty_weight, augment

    def call(self, inputs, training=False):
        """Returns the examples that the generator, or its average, makes of latents z (N, d)."""
        return ops.cast(self.best(self.generator)(inputs, training=False), "float32")

    def critic_loss(self, real, training):
        """Returns the critic's loss on real examples (N, ...) and as many fakes, and what it logs."""
        fake = ops.stop_gradient(self.fake(real, training))  # the generator does not move in this turn
        real, fake = self.shown(real), self.shown(fake)
        # Two calls: a batch norm in the critic normalises the real and the fake examples each by themselves.
        real_logits = self.critic(real, training=training)  # (N, 1)
        fake_logits = self.critic(fake, training=training)  # (N, 1)
        loss = self.adversarial.discriminator(real_logits, fake_logits)
        loss = loss + self.label_term(real_logits, fake_logits)
        logs = self.diagnostics(real_logits, fake_logits)
        if self.penalty is not None:
            logs["penalty"] = self.penalty(self.critic, real, fake, self.seeds)
            loss = loss + self.penalty_weight * logs["penalty"]
        return loss, logs

    def generator_loss(self, real, training):
        """Returns the generator's loss on as many fakes as there are real examples, which it does not see."""
        fake = self.shown(self.fake(real, training))
        return self.adversarial.generator(self.critic(fake, training=training))

    def fake(self, real, training):
        """Returns as many fresh fakes as there are real examples."""
        return self.generator(self.prior(ops.shape(real)[0], self.seeds), training=training)

    def shown(self, examples):
        """Returns examples as the critic gets to see them."""
        return examples if self.augment is None else self.augment(examples, self.seeds)

    def label_term(self, real_logits, fake_logits):
        """Returns what soft labels add to the cross-entropy, which is linear in the label.

        A real label of 1 − a instead of 1 adds a·f(x); a fake label of a instead of 0 adds −a·f(G(z)).
        """
        term = 0.0
        if self.label_smoothing:
            term += self.label_smoothing * ops.mean(_float(real_logits))
        if self.label_noise:
            for sign, logits in ((1.0, real_logits), (-1.0, fake_logits)):
                moved = keras.random.uniform(ops.shape(logits), 0.0, self.label_noise, seed=self.seeds)
                term += sign * ops.mean(moved * _float(logits))
        return term

    def diagnostics(self, real_logits, fake_logits):
        """Returns the critic's accuracies and the gap between its mean logits, to log."""
        boundary = 0.5 if self.adversarial is losses.least_squares else 0.0
        return {
            "real_accuracy": ops.mean(ops.cast(real_logits > boundary, "float32")),
            "fake_accuracy": ops.mean(ops.cast(fake_logits < boundary, "float32")),
            "logit_gap": ops.mean(_float(real_logits)) - ops.mean(_float(fake_logits)),
        }

    def sample(self, n, seed):
        """Returns n examples as an array; the averaged generator makes them where the game keeps one.

        Args:
            n: number of examples, ≥ 1.
            seed: int ≥ 0; the same seed gives the same latents at any time of the training.
        """
        # Far apart for neighbouring seeds, as in `Game`.
        checks.count(n)
        z = self.prior(n, int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1))
        return backend.predict(self.best(self.generator), ops.convert_to_numpy(z), CHUNK)

    def slopes(self, examples):
        """Returns the length of the critic's gradient at each example, ‖∇f(x)‖₂, as an array (N,).

        Args:
            examples: float32 (N, ...), images in [-1, 1] or points.
        """
        return penalties.slopes(self.critic, examples)


def _adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


def _float(logits):
    return ops.cast(logits, "float32")


def _check_labels(loss, smoothing, noise):
    if not (0 <= smoothing <= 0.5 and 0 <= noise <= 0.5 and smoothing + noise <= 0.5):
        raise ValueError(
            f"Found label_smoothing={smoothing} and label_noise={noise}, expected numbers ≥ 0 whose sum is at most "
            "0.5, where a label says nothing; the lecture takes 0.1 and 0.05."
        )
    if (smoothing or noise) and loss.discriminator is not losses.minimax.discriminator:
        raise ValueError(
            f"Found soft labels with the loss {loss.name!r}, expected losses.minimax or losses.nonsaturating, since "
            "only a cross-entropy has labels; set label_smoothing and label_noise to 0."
        )
