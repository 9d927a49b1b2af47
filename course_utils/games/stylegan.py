"""Lecture 09: StyleGAN, a generator whose every layer is told its style.

    z ──mapping──▶ w ──synthesis──▶ image

The losses are those of lecture 04, with R1 on the critic, now and then. What is new lies in the networks,
and in three habits of the training: two styles meet in one image, grown layers fade in, and all that is
shown or measured comes from averaged weights. StyleGAN2 plays the same game with other networks.
"""

import keras
import numpy as np
from keras import ops

from course_utils import losses, penalties, priors
from course_utils.game import Game, Player, examples_of
from course_utils.layers import BlurPooling2D, BlurUpSampling2D, FadeIn
from course_utils.networks.outputs import outputs
from course_utils.networks.stylegan import noise_slices

CHUNK = 100  # images generated at once


class StyleGAN(Game):
    """A style-based generator against a critic.

    Algorithm, iteration t = 0, 1, 2, …:

        fade ← min(1, t / T);   x ~ data, N;   x ← (1 − fade)·blurred(x) + fade·x
        z₁, z₂ ~ N(0, I);   w₁, w₂ ← mapping(z₁), mapping(z₂)
        styles ← w₁ in the layers before a random one, w₂ from there on; w₁ in all with probability 1 − p
        critic             ← Adam step down  softplus(f(G(styles))) + softplus(−f(x)) + k·γ·½E‖∇f(x)‖² if k divides t
        styles anew, as above
        mapping, synthesis ← Adam step down  softplus(−f(G(styles)))

    The fade and the blurred data concern networks that were grown; see `networks.stylegan.grow`. The
    penalty every k iterations with k times its weight is the lazy R1 of StyleGAN2. Its authors take a step
    of its own for it, and slow Adam down by that; here it joins the step that is taken anyway.

    Logs `critic_loss` (with the penalty) and `generator_loss`, `real_accuracy`, `fake_accuracy` and
    `logit_gap` as `games.gan.GAN` does, `penalty`, whose mean over k iterations is ½E‖∇f(x)‖², and `fade`.

    Args:
        mapping: built keras.Model, z (N, d) -> w (N, d), with a `RunningMean` called "mean".
        synthesis: built keras.Model, [styles (N, layers, d), noise (N, numbers)] -> images.
        critic: built keras.Model, images -> logits (N, 1), without batch norm.
        gamma: γ ≥ 0.
        penalty_every: k, int ≥ 1; 1 is plain R1.
        mixing: p in [0, 1], 0.9 in the paper.
        fade_iterations: T, int; 0 leaves grown networks as if they had always been there.
        critic_optimizer, generator_optimizer: keras optimizers; Adam(2e-3, 0, 0.99) if None.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: Karras et al., A Style-Based Generator Architecture, 2019, section 3.1 and appendix C; Karras
    et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, section 3.1 (lazy R1); Karras et
    al., Progressive Growing of GANs, 2018, section 2 (fade).
    """

    adversarial = losses.nonsaturating  # which is what the softplus terms are

    def __init__(
        self, mapping, synthesis, critic, gamma=0.3, penalty_every=16, mixing=0.9, fade_iterations=0,
        critic_optimizer=None, generator_optimizer=None, averages=(), seed=0, name="stylegan",
    ):  # fmt: skip
        super().__init__(
            [
                Player("critic", [critic], self.critic_loss, critic_optimizer or _adam()),
                Player("generator", [mapping, synthesis], self.generator_loss, generator_optimizer or _adam()),
            ],
            averages=averages,
            seed=seed,
            name=name,
        )
        self.mapping, self.synthesis, self.critic = mapping, synthesis, critic
        self.prior = priors.gaussian(mapping.input_shape[-1])
        self.takes = examples_of(critic)
        self.layer_count = synthesis.input_shape[0][1]
        self.gamma, self.penalty_every, self.mixing = gamma, penalty_every, mixing
        self.fade_iterations = fade_iterations
        self.fades = [layer.fade for n in (synthesis, critic) for layer in n.layers if isinstance(layer, FadeIn)]

    def call(self, inputs, training=False):
        """Returns the images of latents z (N, d), without noise and mixing of styles."""
        mapping, synthesis = self.best("mapping"), self.best("synthesis")
        n, (_, layers, d) = ops.shape(inputs)[0], synthesis.input_shape[0]
        styles = ops.broadcast_to(mapping(inputs, training=False)[:, None], (n, layers, d))
        noise = ops.zeros((n, synthesis.input_shape[1][1]))
        return ops.cast(synthesis([styles, noise], training=False), "float32")

    def critic_loss(self, real, training):
        """Returns the critic's loss on real images (N, H, W, C) and as many fakes, and what it logs."""
        fade = self.fade_in()
        real = faded(real, fade) if self.fade_iterations else real
        fake = ops.stop_gradient(self.fake(real, training))  # the generator does not move in this turn
        real_logits = self.critic(real, training=training)  # (N, 1)
        fake_logits = self.critic(fake, training=training)  # (N, 1)
        penalty = self.lazy_r1(real)
        loss = losses.nonsaturating.discriminator(real_logits, fake_logits) + self.gamma * penalty
        return loss, {
            "real_accuracy": ops.mean(ops.cast(real_logits > 0, "float32")),
            "fake_accuracy": ops.mean(ops.cast(fake_logits < 0, "float32")),
            "logit_gap": ops.mean(ops.cast(real_logits, "float32")) - ops.mean(ops.cast(fake_logits, "float32")),
            "penalty": penalty,
            "fade": fade,
        }

    def generator_loss(self, real, training):
        """Returns the generator's loss on as many fakes as there are real images, which it does not see."""
        return losses.nonsaturating.generator(self.critic(self.fake(real, training), training=training))

    def fake(self, real, training):
        """Returns as many fresh fakes as there are real images."""
        n = ops.shape(real)[0]
        noise = keras.random.normal((n, self.synthesis.input_shape[1][1]), seed=self.seeds)
        return self.synthesis([self.styles(n, training), noise], training=training)

    def styles(self, n, training):
        """Returns n fresh inputs of the synthesis, (n, layers, d), a share `mixing` of them of two styles."""
        first, second = (
            self.mapping(self.prior(n, self.seeds), training=training)[:, None] for _ in range(2)
        )  # (n, 1, d)
        # A layer from 1 to the last; beyond the last where styles are not mixed.
        start = 1 + ops.floor(keras.random.uniform((n, 1, 1), seed=self.seeds) * (self.layer_count - 1))
        mixed = keras.random.uniform((n, 1, 1), seed=self.seeds) < self.mixing
        start = ops.where(mixed, start, float(self.layer_count))
        layer = ops.reshape(ops.arange(self.layer_count, dtype="float32"), (1, -1, 1))
        return ops.where(layer < start, first, second)  # (n, layers, d)

    def lazy_r1(self, real):
        """Returns k·½E‖∇f(x)‖² in every k-th iteration, and 0 in the others, where nothing is computed."""
        k = self.penalty_every
        if k == 1:
            return penalties.r1(self.critic, real)
        due = ops.equal(self.optimizers.iterations.value % k, 0)
        return ops.cond(due, lambda: k * penalties.r1(self.critic, real), lambda: ops.zeros((), "float32"))

    def fade_in(self):
        """Sets the networks' fades to what the iteration asks for, and returns it."""
        t = ops.cast(self.optimizers.iterations.value, "float32")
        fade = ops.minimum(t / self.fade_iterations, 1.0) if self.fade_iterations else ops.ones(())
        for variable in self.fades:
            variable.assign(fade)
        return fade

    def best(self, name):
        """Returns the network "mapping" or "synthesis": its average where the game keeps one."""
        return super().best(getattr(self, name) if isinstance(name, str) else name)

    def sample(self, n, seed, psi=1.0):
        """Returns n images as an array in [-1, 1]; averaged networks make them where the game keeps any.

        Args:
            n: number of images, ≥ 1.
            seed: int ≥ 0; the same seed gives the same latents and noise at any time of the training.
            psi: ψ of `truncated`.
        """
        rng = np.random.default_rng(seed)
        mapping, synthesis = self.best("mapping"), self.best("synthesis")
        z = rng.standard_normal((n, mapping.input_shape[-1]), dtype="float32")
        w = truncated(mapping, styles_of(mapping, z), psi)
        return images_of(synthesis, w, noise_for(synthesis, n, rng))

    def slopes(self, images):
        """Returns the length of the critic's gradient at each image, ‖∇f(x)‖₂, as an array (N,).

        Args:
            images: float32 (N, H, W, C) in [-1, 1], N a multiple of the minibatch deviation's group.
        """
        return penalties.slopes(self.critic, images)


def faded(images, fade):
    """Returns images without what only their own resolution can show, blended with themselves.

        (1 − fade) · upsampled(halved(x)) + fade · x

    Args:
        images: float tensor (N, H, W, C).
        fade: in [0, 1].

    Source: Karras et al., Progressive Growing of GANs, 2018, section 2.
    """
    return (1 - fade) * BlurUpSampling2D()(BlurPooling2D()(images)) + fade * images


def smaller(images, size):
    """Returns images halved by `BlurPooling2D` until they have a size.

    Args:
        images: float32 array (N, H, W, C), H = W = size · 2, 4, 8, …, or of that size already.
        size: height and width wanted.
    """
    while images.shape[1] > size:
        parts = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
        images = np.concatenate([ops.convert_to_numpy(BlurPooling2D()(part)) for part in parts])
    return images


def styles_of(mapping, z):
    """Returns the styles of latents: float32 (N, d) -> float32 (N, d)."""
    return outputs(mapping, z)


def images_of(synthesis, w, noise=None):
    """Returns the images of styles.

    Args:
        synthesis: keras.Model of `networks.stylegan`.
        w: float32 (N, d), one style an image, or (N, layers, d), one a layer.
        noise: float32 (N, numbers); None for none.

    Returns:
        float32 array (N, H, W, C), clipped to [-1, 1].
    """
    (_, layers, d), (_, numbers) = synthesis.input_shape
    styles = np.broadcast_to(w[:, None], (len(w), layers, d)) if w.ndim == 2 else w
    noise = np.zeros((len(w), numbers), "float32") if noise is None else noise

    def draw(rows, training):
        rows = ops.convert_to_tensor(rows)
        each = ops.reshape(rows[:, : layers * d], (-1, layers, d))
        return synthesis([each, rows[:, layers * d :]], training=training)

    rows = np.concatenate([np.reshape(styles, (len(w), layers * d)), noise], axis=1)
    return np.clip(np.asarray(outputs(draw, rows, CHUNK), "float32"), -1.0, 1.0)


def noise_for(synthesis, n, rng, layers=slice(None)):
    """Returns noise for n images, N(0, 1) in the given layers and 0 in the others.

    Args:
        synthesis: keras.Model of `networks.stylegan`.
        n: number of images.
        rng: numpy.random.Generator.
        layers: slice of the layers 0, 1, 2, …

    Returns:
        float32 array (n, numbers).
    """
    noise = rng.standard_normal((n, synthesis.input_shape[1][1]), dtype="float32")
    chosen = noise_slices(synthesis.output_shape[1])[layers]
    kept = np.zeros_like(noise[0])
    for part in chosen:
        kept[part] = 1.0
    return noise * kept


def mixed(coarse, fine, layer, layers):
    """Returns styles whose first layers come from one source and the others from another.

    Args:
        coarse, fine: float32 (N, d).
        layer: the first layer that takes `fine`, int in [0, layers].
        layers: number of layers of the synthesis.

    Returns:
        float32 array (N, layers, d).
    """
    first = np.arange(layers)[None, :, None] < layer
    return np.where(first, coarse[:, None], fine[:, None])


def truncated(mapping, w, psi):
    """Returns styles drawn towards the mean style.

        w' = m + ψ·(w − m)

    Args:
        mapping: keras.Model with a `RunningMean` called "mean", which holds m.
        w: float32 (..., d).
        psi: ψ, float: 1 changes nothing, 0 leaves the mean only.

    Source: Karras et al., A Style-Based Generator Architecture, 2019, appendix B.
    """
    mean = ops.convert_to_numpy(mapping.get_layer("mean").moving_mean)
    return mean + psi * (w - mean)


def _adam():
    return keras.optimizers.Adam(2e-3, beta_1=0.0, beta_2=0.99)
