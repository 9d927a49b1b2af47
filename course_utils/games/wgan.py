"""Lectures 06 and 07: the Wasserstein GAN, with clipped weights and with penalties on the slope.

    W(p, q) = max over f with ‖f‖_Lip ≤ 1 of  E_p f(x) − E_q f(x)

The critic plays the maximum, so its loss is E f(G(z)) − E f(x). What keeps it Lipschitz is all that
the games below differ in.
"""

import keras

from course_utils import losses, penalties
from course_utils.games.gan import GAN


class WGAN(GAN):
    """A Wasserstein GAN whose critic's weights are clipped.

        repeat 5 times:
            x ~ data, z ~ prior, N of each
            w ← w − RMSprop( ∇_w [ mean f_w(G(z)) − mean f_w(x) ] )
            w ← clip(w, −c, c)
        z ~ prior, N
        θ ← θ − RMSprop( ∇_θ [ −mean f_w(G_θ(z)) ] )

    The critic's weights carry the limit from here on: give every game a critic of its own.

    Args:
        generator, critic: as in `GAN`.
        clip: c, positive float. All trainable weights are clipped, the scales of norm layers too.
        loss: `losses.AdversarialLoss`; any other makes that game with clipped weights.
        critic_optimizer, generator_optimizer: keras optimizers; RMSprop(5e-5) if None. Momentum
            unsettles this game, says the paper.
        turns: turns of the critic an iteration.
        **arguments: as in `GAN`.

    Raises:
        ValueError: clip is not positive.

    Source: Arjovsky et al., 2017, algorithm 1.
    """

    def __init__(
        self, generator, critic, clip=0.01, loss=losses.wasserstein, critic_optimizer=None,
        generator_optimizer=None, turns=5, **arguments,
    ):  # fmt: skip
        limit = penalties.ClipConstraint(clip)
        for weight in critic.trainable_variables:
            weight.constraint = limit  # the optimizer applies it after each step
        super().__init__(
            generator,
            critic,
            loss=loss,
            critic_optimizer=critic_optimizer or keras.optimizers.RMSprop(5e-5),
            generator_optimizer=generator_optimizer or keras.optimizers.RMSprop(5e-5),
            turns=turns,
            **{"name": "wgan", **arguments},
        )
        self.clip = clip


def two_sided(critic, real, fake, seed):
    """E (‖∇f(x̂)‖₂ − 1)² on the lines between real and fake: a slope of 1, no more and no less; λ = 10."""
    return penalties.gradient_penalty(critic, real, fake, seed)


def one_sided(critic, real, fake, seed):
    """E max(0, ‖∇f(x̂)‖₂ − 1)² on the same lines: a slope of at most 1; λ = 10."""
    return penalties.gradient_penalty(critic, real, fake, seed, one_sided=True)


def r1(critic, real, fake, seed):
    """½ E ‖∇f(x)‖₂² at real examples: a critic that is flat where the data lies; λ = γ = 10."""
    return penalties.r1(critic, real)


def dragan(critic, real, fake, seed):
    """E (‖∇f(x + δ)‖₂ − 1)² in a cloud around the real examples; λ = 10."""
    return penalties.dragan(critic, real, seed)


class WGANGP(GAN):
    """A Wasserstein GAN whose critic pays for slopes other than 1.

        repeat 5 times:
            x ~ data, z ~ prior, ε ~ U[0, 1], N of each
            x̂ ← ε·x + (1 − ε)·G(z)
            w ← w − Adam( ∇_w [ mean f_w(G(z)) − mean f_w(x) + λ·mean (‖∇f_w(x̂)‖₂ − 1)² ] )
        z ~ prior, N
        θ ← θ − Adam( ∇_θ [ −mean f_w(G_θ(z)) ] )

    Args:
        generator: as in `GAN`.
        critic: as in `GAN`, without batch norm, which would make a slope depend on the other images.
        penalty: `two_sided`, `one_sided`, `r1`, `dragan`, or any function (critic, real, fake, seed) -> scalar.
        penalty_weight: λ.
        loss: `losses.AdversarialLoss`; R1 and DRAGAN were made for `losses.nonsaturating`.
        critic_optimizer, generator_optimizer: keras optimizers; Adam(1e-4, 0.5, 0.9) if None, as in the
            authors' program for digits. The algorithm box of the paper has β₁ = 0.
        turns: turns of the critic an iteration.
        **arguments: as in `GAN`.

    Raises:
        ValueError: in `fit`, before anything moves, if the critic holds batch norm.

    Source: Gulrajani et al., 2017, algorithm 1; R1: Mescheder et al., 2018; DRAGAN: Kodali et al., 2017.
    """

    def __init__(
        self, generator, critic, penalty=two_sided, penalty_weight=10.0, loss=losses.wasserstein,
        critic_optimizer=None, generator_optimizer=None, turns=5, **arguments,
    ):  # fmt: skip
        super().__init__(
            generator,
            critic,
            loss=loss,
            critic_optimizer=critic_optimizer or keras.optimizers.Adam(1e-4, beta_1=0.5, beta_2=0.9),
            generator_optimizer=generator_optimizer or keras.optimizers.Adam(1e-4, beta_1=0.5, beta_2=0.9),
            turns=turns,
            penalty=penalty,
            penalty_weight=penalty_weight,
            **{"name": "wgan_gp", **arguments},
        )
