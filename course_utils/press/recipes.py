"""The shipped recipes for images of one's own: networks, game and sampler of `course train`, for any size.

Learning rates fall along a cosine to 0, and what ships are averages. Settings are those of the course's own runs; DCGAN
takes the ones for few photographs, which the critic sees moved about, and StyleGAN the form of StyleGAN2, which needs
no growing.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay

from course_utils import augmentations
from course_utils.builders import BUILDERS
from course_utils.game import Average, Game
from course_utils.games.biggan import BigGAN
from course_utils.games.gan import GAN
from course_utils.games.stylegan import StyleGAN
from course_utils.games.vae import VAE
from course_utils.games.watching import settle
from course_utils.games.wgan import WGANGP, r1
from course_utils.networks.gan import doublings
from course_utils.networks.vae import decode

DECAY = 0.999


class Made(NamedTuple):
    """A game that is ready to be compiled, and what belongs to it."""

    game: Game
    described: dict  # networks as a recipe describes them
    shipped: dict  # name → network that holds what ships
    sampler: dict  # as a recipe names it
    draw: Callable  # n → float32 images (n, H, W, C) in [-1, 1], the same codes at each call
    lecture: str


def dcgan(size, channels, classes, iterations, seed):
    """Lecture 05, with R1 and moved images."""
    shape = [size, size, channels]
    made = _described(generator=("dcgan_generator", {"latent_dim": 100, "width": 48, "image_shape": shape}),
                      critic=("dcgan_critic", {"width": 64, "image_shape": shape}))  # fmt: skip
    live, averaged = _built(made), _built(made)
    game = GAN(
        **live, penalty=r1, penalty_weight=0.05, augment=augmentations.translate,
        critic_optimizer=_adam(6e-4, iterations, 0.5), generator_optimizer=_adam(2e-4, iterations, 0.5),
        averages=[Average(live["generator"], averaged["generator"], DECAY)], seed=seed,
    )  # fmt: skip
    return _generator(game, made, live, averaged, "05", latent_dim=100)


def wgan_gp(size, channels, classes, iterations, seed):
    """Lecture 07."""
    shape = [size, size, channels]
    made = _described(generator=("dcgan_generator", {"latent_dim": 64, "width": 32, "image_shape": shape}),
                      critic=("dcgan_critic", {"width": 32, "image_shape": shape}))  # fmt: skip
    live, averaged = _built(made), _built(made)
    game = WGANGP(
        **live, critic_optimizer=_adam(1e-3, 5 * iterations, 0.5, 0.9),
        generator_optimizer=_adam(1e-3, iterations, 0.5, 0.9),
        averages=[Average(live["generator"], averaged["generator"], DECAY)], seed=seed,
    )  # fmt: skip
    return _generator(game, made, live, averaged, "07", latent_dim=64)


def biggan(size, channels, classes, iterations, seed):
    """Lecture 08; a block for each doubling of a grid of at least 4×4, attention on the largest grid up to 16×16."""
    blocks, shape = doublings(size, size), [size, size, channels]
    widths = [min(24 << k, 192) for k in range(blocks)]
    attention = max((size >> k for k in range(1, blocks + 1) if size >> k <= 16), default=None)
    shared = {"classes": classes, "image_shape": shape, "attention": attention}
    latent = 12 * (blocks + 1)
    made = _described(
        generator=("biggan_generator", {**shared, "latent_dim": latent, "widths": widths[::-1]}),
        critic=("biggan_critic", {**shared, "widths": [*widths, widths[-1]], "halvings": blocks}),
    )
    live, averaged = _built(made), _built(made)
    game = BigGAN(
        **live, critic_optimizer=_adam(5e-4, 2 * iterations, 0.0), generator_optimizer=_adam(5e-4, iterations, 0.0),
        averages=[Average(live["generator"], averaged["generator"], DECAY)], seed=seed,
    )  # fmt: skip
    return _generator(game, made, live, averaged, "08", latent_dim=latent, classes=classes)


def stylegan(size, channels, classes, iterations, seed):
    """Lecture 09, in the form of StyleGAN2."""
    shape, latent = {"size": size, "channels": channels, "width": 16, "widest": 64}, {"latent_dim": 64}
    made = _described(
        mapping=("style_mapping", {**latent, "depth": 4, "lr_multiplier": 0.1}),
        synthesis=("skip_synthesis", {**latent, **shape}),
        critic=("style_residual_critic", shape),
    )
    live, averaged = _built(made), _built(made)
    game = StyleGAN(
        **live, gamma=1.0, mixing=0.3,
        critic_optimizer=_adam(8e-3, iterations, 0.0, 0.99), generator_optimizer=_adam(8e-3, iterations, 0.0, 0.99),
        averages=[Average(live[part], averaged[part], DECAY) for part in ("mapping", "synthesis")], seed=seed,
    )  # fmt: skip
    shipped = {**averaged, "critic": live["critic"]}
    sampler = {"name": "style_generator", "arguments": latent}
    return Made(game, made, shipped, sampler, lambda n: game.sample(n, seed=0), "09")


def vae(size, channels, classes, iterations, seed):
    """Lecture 01, with 16 latent axes."""
    arguments = {"latent_dim": 16, "width": 32, "image_shape": [size, size, channels]}
    made = _described(encoder=("conv_encoder", arguments), decoder=("conv_decoder", arguments))
    live, averaged = _built(made), _built(made)
    averages = [Average(live[part], averaged[part], DECAY) for part in live]
    game = VAE(**live, optimizer=_adam(1e-3, iterations), averages=averages, seed=seed)

    def draw(n):
        z = np.random.default_rng(0).standard_normal((n, 16), dtype="float32")
        return 2 * decode(averaged["decoder"], z) - 1

    return Made(game, made, averaged, {"name": "bernoulli_decoder", "arguments": {"latent_dim": 16}}, draw, "01")


RECIPES = {"dcgan": dcgan, "wgan-gp": wgan_gp, "biggan": biggan, "stylegan": stylegan, "vae": vae}


def finished(made):
    """Brings what ships to the state in which it is used: the critic's spectral norms are 1."""
    for network in made.shipped.values():
        settle(network)


def _generator(game, made, live, averaged, lecture, **arguments):
    shipped = {"generator": averaged["generator"], "critic": live["critic"]}
    sampler = {"name": "normal_generator", "arguments": arguments}
    return Made(game, made, shipped, sampler, lambda n: game.sample(n, seed=0), lecture)


def _described(**networks):
    return {name: {"builder": builder, "arguments": arguments} for name, (builder, arguments) in networks.items()}


def _built(made):
    return {name: BUILDERS[each["builder"]].function(**each["arguments"]) for name, each in made.items()}


def _adam(rate, steps, beta_1=0.9, beta_2=0.999):
    return Adam(CosineDecay(rate, steps), beta_1=beta_1, beta_2=beta_2)
