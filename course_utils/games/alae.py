"""Lecture 03: the adversarial latent autoencoder, a GAN cut in two twice, whose two cuts are made to match.

    generator  G∘F:  z ──F──▶ w ──G──▶ image
    critic     D∘E:  image ──E──▶ w ──D──▶ logit

Between F and G lies a space W that nobody prescribes. A third player asks that E brings an image of G back
to the code that it was made from: E∘G is to change nothing on W.
"""

import keras
import numpy as np
from keras import ops

from course_utils import losses, penalties, priors
from course_utils.game import Game, Player, examples_of
from course_utils.networks.outputs import outputs


class ALAE(Game):
    """An adversarial latent autoencoder.

    Algorithm 1, an iteration:

        Step I    x ~ data, z ~ N(0, I)
                  E, D ← Adam step down  softplus(D∘E∘G∘F(z)) + softplus(−D∘E(x)) + γ/2·E‖∇D∘E(x)‖²
        Step II   z ~ N(0, I)
                  F, G ← Adam step down  softplus(−D∘E∘G∘F(z))
        Step III  z ~ N(0, I)
                  E, G ← Adam step down  ‖F(z) − E∘G∘F(z)‖²

    E and G move in two steps each, and each step has an Adam of its own. Adam does not feel the size of a
    loss, so a weight in front of one would change nothing: the rates of the three say what counts how much.

    Logs `critic_loss` (I), `generator_loss` (II) and `latent_loss` (III), and

    - `real_accuracy`, `fake_accuracy`, `logit_gap`: as in `games.gan.GAN`;
    - `squared_slope`: E‖∇D∘E(x)‖² at real images;
    - `relative_error`: √(E‖F(z) − E∘G∘F(z)‖² / E‖F(z) − mean‖²), over the batch. At 1, E finds the code no
      better than one who always names the mean of W.

    Args:
        F: built keras.Model, z (N, d) -> w; it may be the identity, and then W is the prior's space.
        G: built keras.Model, w -> images.
        E: built keras.Model, images -> w, without batch norm, which would make a slope depend on other images.
        D: built keras.Model, w -> logits (N, 1).
        prior: `priors.Prior` of dimension d; the standard normal one if None.
        gamma: γ ≥ 0; change it later with `game.gamma.assign(value)`.
        critic_optimizer, generator_optimizer, latent_optimizer: keras optimizers of steps I, II and III;
            Adam(2e-3, 0, 0.99) if None.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: Pidhorskyi et al., Adversarial Latent Autoencoders, 2020, algorithm 1 and eqs. (8) to (10).
    """

    adversarial = losses.nonsaturating  # which is what the softplus terms of steps I and II are

    def __init__(
        self, F, G, E, D, prior=None, gamma=10.0, critic_optimizer=None, generator_optimizer=None,
        latent_optimizer=None, averages=(), seed=0,
    ):  # fmt: skip
        super().__init__(
            [
                Player("critic", [E, D], self.critic_loss, critic_optimizer or _adam()),
                Player("generator", [F, G], self.generator_loss, generator_optimizer or _adam()),
                Player("latent", [E, G], self.latent_loss, latent_optimizer or _adam()),
            ],
            averages=averages,
            seed=seed,
            name="alae",
        )
        self.F, self.G, self.E, self.D = F, G, E, D
        self.critic = keras.Model(E.input, D(E.output), name="critic")  # D∘E; the weights are theirs
        self.prior = prior or priors.gaussian(F.input_shape[-1])
        self.takes = examples_of(E)
        self.gamma = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(gamma), trainable=False, name="gamma"
        )

    def call(self, inputs, training=False):
        """Returns the reconstructions G∘E(x) of images (N, H, W, C)."""
        w = self.best("E")(inputs, training=False)
        return ops.cast(self.best("G")(w, training=False), "float32")

    def critic_loss(self, x, training):
        """Returns the loss of step I on real images (N, ...) and as many fakes, and what it logs."""
        z = self.draw(x)
        fake = ops.stop_gradient(self.G(self.F(z, training=training), training=training))
        fake_logits = self.D(self.E(fake, training=training), training=training)  # (N, 1)
        real_logits = self.D(self.E(x, training=training), training=training)  # (N, 1)
        half_squared_slope = penalties.r1(self.critic, x)
        loss = ops.mean(ops.softplus(fake_logits)) + ops.mean(ops.softplus(-real_logits))
        return loss + self.gamma * half_squared_slope, {
            "real_accuracy": ops.mean(ops.cast(real_logits > 0, "float32")),
            "fake_accuracy": ops.mean(ops.cast(fake_logits < 0, "float32")),
            "logit_gap": ops.mean(real_logits) - ops.mean(fake_logits),
            "squared_slope": 2 * half_squared_slope,
        }

    def generator_loss(self, x, training):
        """Returns the loss of step II on as many fakes as there are real images, which it does not see."""
        z = self.draw(x)
        fake = self.G(self.F(z, training=training), training=training)
        return ops.mean(ops.softplus(-self.D(self.E(fake, training=training), training=training)))

    def latent_loss(self, x, training):
        """Returns the loss of step III on as many codes as there are real images, which it does not see either."""
        z = self.draw(x)
        w = self.F(z, training=training)  # (N, d); F does not move in this step
        back = self.E(self.G(w, training=training), training=training)  # (N, d)
        error = ops.mean(ops.sum(ops.square(w - back), axis=-1))
        spread = ops.sum(ops.var(w, axis=0))
        return error, {"relative_error": ops.sqrt(error / (spread + 1e-12))}

    def draw(self, x):
        """Returns as many draws from the prior as there are images."""
        return self.prior(ops.shape(x)[0], self.seeds)

    def best(self, name):
        """Returns the network "F", "G", "E" or "D": its average where the game keeps one."""
        return super().best(getattr(self, name) if isinstance(name, str) else name)

    def sample(self, n, seed):
        """Returns n images G∘F(z) as an array in [-1, 1]; averaged networks make them where the game keeps any.

        Args:
            n: number of images, ≥ 1.
            seed: int ≥ 0; the same seed gives the same draws z at any time of the training.
        """
        # Far apart for neighbouring seeds, as in `Game`.
        z = ops.convert_to_numpy(self.prior(n, int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1)))
        return decode(self.best("G"), outputs(self.best("F"), z))

    def reconstruct(self, images):
        """Returns G∘E(x) as an array in [-1, 1]; averaged networks make them where the game keeps any.

        Args:
            images: float32 (N, H, W, C) in [-1, 1].
        """
        return decode(self.best("G"), outputs(self.best("E"), images))

    def slopes(self, images):
        """Returns the length of the gradient at each image, ‖∇D∘E(x)‖₂, as an array (N,).

        Args:
            images: float32 (N, H, W, C) in [-1, 1].
        """
        return penalties.slopes(self.critic, images)


def decode(G, w):
    """Returns the images of codes w, (N, d), as an array (N, H, W, C), clipped to [-1, 1]."""
    return np.clip(np.asarray(outputs(G, w), "float32"), -1.0, 1.0)


def _adam():
    return keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99)
