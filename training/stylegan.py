"""Long runs of lecture 09: StyleGAN and StyleGAN2 on coloured glyphs and on CIFAR-10.

    python training/stylegan.py stylegan-glyphs             # an hour and a half of one core
    python training/stylegan.py stylegan-glyphs --resume    # on from where it was stopped
    python training/stylegan.py stylegan-speckled           # glyphs of 16×16 with chance in them: a quarter of an hour
    python training/stylegan.py stylegan2-glyphs stylegan-cifar10    # for a GPU
    python training/stylegan.py stylegan-glyphs --speed     # seconds of ten iterations at each size

A run is a row of stages, each with images of twice the size of the stage before: networks are grown, fade in
over the first part of the stage, and play on. Optimizers start anew with each stage; in the last one rates fall
along a cosine. What ships are averages of mapping and synthesis. FD is measured along the last stage; it decides
nothing. CIFAR-10 has no evaluator here and is played in the form of StyleGAN2, for which settings at 32 pixels
were published.

Few iterations ask for large steps. At 16×16, after 600 and 900 iterations, rates of 0.001 and 0.002 had one or two
digits make up most samples in most of five trials (FD 6 to 16, averages over 50 iterations); with 0.005 and 0.008
most digits came (FD 4 to 7, two trials). The paper mixes nine images in ten; a network of six or eight layers sees
three in ten here. Size and patience pay: 16 feature maps at 32×32 (64 at most) stood at FD 3.6 after 4,000
iterations at that size; half as many again stand at 1.9 after 2,800, and at 0.55 after 14,000. Nothing else has been
tuned.
"""

import dataclasses
import functools
import hashlib
import os
import time
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import Trial, Watch, begun, command, kept, recorded, rounded, save, sized, stretched, timed

from course_utils import data, metrics, pretrained, weights
from course_utils.builders import BUILDERS
from course_utils.game import Average
from course_utils.games import stylegan
from course_utils.layers import NoiseInjection
from course_utils.networks import stylegan as networks

DRAWN = 30_000  # training glyphs
SAMPLES = 5_000
PATHS = 2_000
TERMS = ("critic_loss", "generator_loss", "logit_gap", "penalty", "fade")  # in the trace of a run


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stretch of a run at one size."""

    size: int
    iterations: int
    looks: int  # at the clock, each with a checkpoint, and with FD at the last size
    fade: float = 0.25  # share of the iterations over which grown layers fade in

    def scaled(self, factor):
        """The same stage with so many times as many iterations."""
        looks = min(self.looks, stretched(self.iterations, factor, 100) // 100)
        return dataclasses.replace(self, iterations=stretched(self.iterations, factor, 10 * looks), looks=looks)


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    stages: tuple
    synthesis: Callable = networks.style_synthesis
    critic: Callable = networks.style_critic
    images: str = "glyphs"
    latent_dim: int = 64
    depth: int = 4  # of the mapping
    lr_multiplier: float = 0.1  # of the mapping
    width: int = 16
    widest: int = 64
    rate: float = 8e-3
    gamma: float = 1.0
    penalty_every: int = 16
    mixing: float = 0.3
    batch_size: int = 32
    decay: float = 0.999
    speckle: float = 0.0  # deviation of a number that is added to each pixel of the glyphs
    noise: bool = True  # whether the synthesis may learn to use its noise
    published: tuple = ()

    def described(self, size):
        """The networks of a stage as a recipe describes them."""
        shape = {"size": size, "channels": 3, "width": self.width, "widest": self.widest}
        latent = {"latent_dim": self.latent_dim}
        mapping = {"depth": self.depth, "lr_multiplier": self.lr_multiplier}
        return {
            "mapping": {"builder": "style_mapping", "arguments": latent | mapping},
            "synthesis": {"builder": self.synthesis.__name__, "arguments": latent | shape},
            "critic": {"builder": self.critic.__name__, "arguments": shape},
        }

    def networks(self, size):
        """Returns fresh networks of a stage by name."""
        return {
            name: BUILDERS[made["builder"]].function(**made["arguments"])
            for name, made in self.described(size).items()
        }

    def scaled(self, factor):
        """The same run with so many times as many iterations in each stage."""
        return dataclasses.replace(self, stages=tuple(stage.scaled(factor) for stage in self.stages))

    def rates(self, stage):
        """The learning rate of a stage: constant, in the last one along a cosine to 0."""
        last = stage is self.stages[-1]
        return keras.optimizers.schedules.CosineDecay(self.rate, stage.iterations) if last else self.rate


GROWN = (Stage(4, 500, 1), Stage(8, 1_000, 1), Stage(16, 6_000, 6), Stage(32, 14_000, 20))
SPECKLED = Run((Stage(4, 200, 1), Stage(8, 400, 1), Stage(16, 2_000, 4)), width=12, widest=48, speckle=0.15)
STYLEGAN2 = {"synthesis": networks.skip_synthesis, "critic": networks.style_residual_critic}

RUNS = {
    "stylegan-glyphs": Run(GROWN, width=24, widest=96),
    "stylegan-speckled": SPECKLED,
    "stylegan-speckled-silent": dataclasses.replace(SPECKLED, noise=False),
    "stylegan2-glyphs": Run((Stage(32, 12_000, 24, fade=0.0),), **STYLEGAN2),
    "stylegan-cifar10": Run(
        (Stage(32, 100_000, 20, fade=0.0),), **STYLEGAN2, images="cifar10", latent_dim=128, depth=2,
        lr_multiplier=0.01, width=64, widest=128, rate=2.5e-3, gamma=0.01, mixing=0.0, batch_size=64,
        published=({"score": "FID (Inception, 50,000 samples)", "value": 10.17,
                    "source": "StyleGAN2 in PyTorch-StudioGAN, 32×32, ten classes without labels; another evaluator"},),
    ),
}  # fmt: skip


def real(run):
    """Returns training and test images in [-1, 1], and their source."""
    if run.images == "cifar10":
        x_train, _, x_test, _ = data.load("cifar10")
        return data.scale(x_train), data.scale(x_test), data.source("cifar10")
    train, test = (data.glyphs.make(n, seed, colour=True, size=32) for n, seed in ((DRAWN, 0), (SAMPLES, 1)))
    text = f"glyphs in colour, 32×32 ({DRAWN} training images of seed 0, {SAMPLES} test images of seed 1)"
    digest = hashlib.sha256(train.images.tobytes() + test.images.tobytes()).hexdigest()
    return data.scale(train.images), data.scale(test.images), data.Source(text, digest)


def sampled(made, n, seed=0, truncation=1.0):
    """Returns n images of averaged networks, with latents and noise from NumPy."""
    rng = np.random.default_rng(seed)
    mapping, synthesis = made["mapping"], made["synthesis"]
    w = stylegan.styles_of(mapping, rng.standard_normal((n, mapping.input_shape[-1]), dtype="float32"))
    w = stylegan.truncated(mapping, w, truncation)
    return stylegan.images_of(synthesis, w, stylegan.noise_for(synthesis, n, rng))


def distance(run, stage, made, x_test):
    """Returns a function that gives the size of the images, and at full size FD to the test images, of glyphs."""
    if run.images != "glyphs" or stage.size != 32:
        return lambda: {"size": stage.size, "FD": np.nan}
    read = metrics.evaluator("glyphs")
    real = read(x_test).features
    return lambda: {
        "size": stage.size, "FD": float(metrics.frechet_distance(read(sampled(made, SAMPLES)).features, real))
    }  # fmt: skip


def seen(run, stage, x, seed):
    """Returns what the critic of a stage sees of images (N, 32, 32, 3): smaller, and speckled if the run says so."""
    x = stylegan.smaller(x, stage.size)
    return data.glyphs.speckled(x, run.speckle, seed) if run.speckle else x


def staged(run, stage, live, seed):
    """Returns the compiled game of a stage, its networks, grown from those of the stage before, and the averages."""
    fresh = run.networks(stage.size)
    if live:
        fresh["mapping"] = live["mapping"]
        for name in ("synthesis", "critic"):
            networks.grow(live[name], fresh[name])
    averaged = run.networks(stage.size)
    for layer in fresh["synthesis"].layers:
        if isinstance(layer, NoiseInjection):
            layer.trainable = run.noise
    game = stylegan.StyleGAN(
        **fresh, gamma=run.gamma, penalty_every=run.penalty_every, mixing=run.mixing,
        fade_iterations=int(stage.fade * stage.iterations) if live else 0,
        **{f"{player}_optimizer": keras.optimizers.Adam(run.rates(stage), 0.0, 0.99)
           for player in ("critic", "generator")},
        averages=[Average(fresh[part], averaged[part], run.decay) for part in ("mapping", "synthesis")],
        seed=seed,
    )  # fmt: skip
    game.compile(steps_per_execution=10)
    return game, fresh, averaged | {"critic": fresh["critic"]}


def trial(run, seed):
    """Returns what tells how long the run can be: all its stages are taken to be as slow as the last."""
    x_train, x_test, _ = real(run)
    game, _, made = staged(run, run.stages[-1], None, seed)
    x = seen(run, run.stages[-1], x_train, seed)

    def play(iterations):
        game.fit(x, batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(
        play, 10, sum(stage.iterations for stage in run.stages), starts=len(run.stages),
        look=distance(run, run.stages[-1], made, x_test), looks=run.stages[-1].looks,
    )  # fmt: skip


def train(name, run, seed, resume):
    """Trains one run, stage by stage, and keeps averaged mapping and synthesis, and the critic."""
    keras.utils.set_random_seed(seed)
    x_train, x_test, _ = real(run)
    watch, live = Watch(name, {}, terms=TERMS), None
    for stage in run.stages:
        game, live, watch.networks = staged(run, stage, live, seed)
        watch.measure = distance(run, stage, watch.networks, x_test)
        game.fit(
            seen(run, stage, x_train, stage.size), batch_size=run.batch_size, epochs=stage.looks,
            steps_per_epoch=stage.iterations // stage.looks, verbose=0,
            callbacks=[watch, begun(f"{name}-{stage.size}", watch, resume)],
        )  # fmt: skip
        watch.before += stage.iterations


def speed(name, run):
    """Prints seconds of processor time an iteration at each size, over ten iterations after the first ten."""
    x_train, live = np.random.default_rng(0).uniform(-1, 1, (320, 32, 32, 3)).astype("float32"), None
    for stage in run.stages:
        game, live, _ = staged(run, stage, live, seed=0)
        x, plan = stylegan.smaller(x_train, stage.size), {"batch_size": run.batch_size, "steps_per_epoch": 10}
        began = time.process_time()
        game.fit(x, verbose=0, **plan)
        ready = time.process_time()
        game.fit(x, verbose=0, **plan)
        spent = time.process_time() - ready
        print(f"{name} {stage.size}²: {spent / 10:.3f} s an iteration; the first ten {ready - began:.0f} s", flush=True)


def ship(name, run, seed, folder):
    """Scores the kept weights, as they will be stored, and saves them with their recipe."""
    noted = recorded(name)
    size = int(noted["trace"]["size"][-1])
    made = kept(name, run.networks(size))
    _, x_test, source = real(run)
    read = metrics.evaluator("glyphs") if run.images == "glyphs" and size == 32 else None
    settings = dataclasses.asdict(run) | {"synthesis": run.synthesis.__name__, "critic": run.critic.__name__}
    recipe = pretrained.provenance(seed, source, noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "09",
        "evaluator": read and read.name,
        "scores": scores(made, read, x_test) if read else {},
        "shares": shares(made, read) if read else {},
        "published": settings.pop("published"),
        "settings": settings | {
            "optimizer": "Adam(0, 0.99), its rate falling to 0 along a cosine in the last stage",
            "iterations": int(noted["trace"]["iterations"][-1]),
            "planned": sum(stage.iterations for stage in run.stages),
            "trace": rounded(noted["trace"]),
        },
        "networks": run.described(size),
        "sampler": {"name": "style_generator", "arguments": {"latent_dim": run.latent_dim}},
    }  # fmt: skip
    save(name, made, recipe, folder)
    print(recipe["shares"], flush=True)


def scores(made, read, x_test):
    """Samples against test images; path length and linear readability of the digit, in Z and in W."""
    mapping, synthesis = made["mapping"], made["synthesis"]
    rng = np.random.default_rng(2)
    ends, t = rng.standard_normal((2, PATHS, mapping.input_shape[-1]), dtype="float32"), rng.random(PATHS)
    in_w = [stylegan.styles_of(mapping, z) for z in ends]

    def seen(w):
        return read(stylegan.images_of(synthesis, w)).features

    length = {
        "Z": metrics.path_length(lambda z: seen(stylegan.styles_of(mapping, z)), *ends, t, metrics.slerp).mean(),
        "W": metrics.path_length(seen, *in_w, t).mean(),
    }
    shown = [read(stylegan.images_of(synthesis, w)).probabilities.argmax(1) for w in in_w]
    directions = [z / np.linalg.norm(z, axis=1, keepdims=True) for z in ends]
    told = {
        space: metrics.linear_accuracy(codes[0], shown[0], codes[1], shown[1])
        for space, codes in (("Z", directions), ("W", in_w))
    }
    return metrics.score(sampled(made, SAMPLES, seed=1), x_test, read) | {
        f"FD-{read.name}-at-psi-0.7": float(
            metrics.frechet_distance(read(sampled(made, SAMPLES, 1, 0.7)).features, read(x_test).features)
        ),
        **{f"path-length-{space}-{read.name}": float(value) for space, value in length.items()},
        **{f"digit-from-{space}-linear": value for space, value in told.items()},
    }


def shares(made, read):
    """For each layer at which the styles change, the shares of each factor from coarse and fine source."""
    mapping, synthesis = made["mapping"], made["synthesis"]
    layers = synthesis.input_shape[0][1]
    z = np.random.default_rng(3).standard_normal((2, PATHS, mapping.input_shape[-1]), dtype="float32")
    coarse, fine = (stylegan.styles_of(mapping, part) for part in z)
    sources = [metrics.glyph_factors(read, stylegan.images_of(synthesis, w)) for w in (coarse, fine)]
    found = {}
    for layer in range(1, layers):
        images = stylegan.images_of(synthesis, stylegan.mixed(coarse, fine, layer, layers))
        factors = metrics.glyph_factors(read, images)
        found[str(layer)] = {
            name: [round(x, 4) for x in metrics.source_coefficients(factors[name], *(s[name] for s in sources))]
            for name in factors
        }
    return found


def main():
    parser = timed(command(__doc__, RUNS))
    parser.add_argument("--speed", action="store_true", help="measure seconds of an iteration and train nothing")
    arguments = parser.parse_args()
    for name in arguments.names:
        if arguments.speed:
            speed(name, RUNS[name])
            continue
        run = sized(name, RUNS[name], arguments, functools.partial(trial, RUNS[name], arguments.seed))
        if not arguments.ship:
            train(name, run, arguments.seed, arguments.resume)
        ship(name, run, arguments.seed, arguments.out or weights.FOLDER)


if __name__ == "__main__":
    main()
