"""Long runs of lecture 02: autoencoders whose codes follow a prior, and the semi-supervised errors.

    python training/aae.py aae-mnist-gaussian aae-mnist-mixture aae-mnist-swiss vae-mnist-mixture
    python training/aae.py aae-mnist-mixture-labels aae-mnist-swiss-labels
    python training/aae.py aae-mnist-semi     # 18 trainings; begun again, it goes on with those that are missing
    python training/aae.py aae-mnist-semi --only aae-100-0 --change '{"noise": 0.5}'     # a trial, not shipped

The plane's networks have two hidden layers of 128 units instead of the paper's 1000, so that five pairs of
them fit into the package; two latent axes do not need more. The semi-supervised encoder has two layers of 500
ReLU units, where the paper has 1000, and ten axes for the style. It is trained with 100, 1000 and all labels,
three draws of the labels each, beside the same encoder on the labels alone; what ships is the table of errors on
the 10,000 test images, and the averaged decoder of the first draw of 100 labels.

Learning rates fall along a cosine; what is scored and shipped are exponential averages of the weights. Nothing
is chosen by the test images: each training runs to its end, and its last average counts.
"""

import dataclasses
import functools
import json
import os
import re
import shutil
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras import ops
from keras.optimizers.schedules import CosineDecay
from runs import FOLDER, Trial, Watch, begun, command, kept, recorded, rounded, save, sized, stretched, timed

from course_utils import data, files, metrics, pretrained, priors, weights
from course_utils.game import Average
from course_utils.games.aae import AAE, LabelsOnly, SemiSupervisedAAE, beside, few_labels
from course_utils.games.vae import VAE
from course_utils.networks.aae import (
    code_decoder,
    code_discriminator,
    code_encoder,
    label_style_encoder,
    posterior_encoder,
)
from course_utils.networks.outputs import outputs
from course_utils.networks.vae import decode

CLASSES = 10
DRAWS = 10_000  # from the prior and of the decoder, in scores
HELD_OUT = 5_000  # training images by which settings were chosen; nothing trains on them in the plane
BATCH = 100
STEPS = 50  # iterations of one compiled program of the semi-supervised trainings
STDDEV = 5.0  # of the Gaussian: as large as the other two priors, and as in the paper's section 2.3
WIDTH, THIN = 0.25, 0.1  # standard deviations around the Swiss roll, without labels and with
TERMS = ("reconstruction_loss", "discriminator_loss", "encoder_loss", "prior_accuracy", "code_accuracy")


@dataclasses.dataclass(frozen=True)
class Plane:
    """The settings of one autoencoder with two latent axes."""

    prior: Callable
    sampler: str
    labelled: bool = False
    variational: bool = False  # the opponent: a VAE of the same layers and the same prior
    iterations: int = 20_000
    width: int = 128
    judge_width: int = 256
    gamma: float = 0.0  # of the discriminator's squared slope
    rates: tuple = (1e-3, 5e-4, 1e-3)  # reconstruction, discriminator, encoder as its adversary
    turns: int = 1
    decay: float = 0.999
    epoch: int = 500  # iterations between two looks at the clock; `Plane.iterations` is a multiple

    @property
    def arguments(self):
        return {"latent_dim": 2, "widths": (self.width, self.width)}

    def scaled(self, factor):
        """The same run with so many times as many iterations."""
        iterations = stretched(self.iterations, factor, 100)
        epoch = min(self.epoch, stretched(iterations, 1 / 10, 100))
        return dataclasses.replace(self, iterations=iterations // epoch * epoch, epoch=epoch)

    def networks(self):
        """Returns a fresh encoder and decoder by name."""
        encoder = posterior_encoder if self.variational else code_encoder
        return {"encoder": encoder(**self.arguments), "decoder": code_decoder(**self.arguments)}

    def game(self, live, averages, seed):
        """Returns the game that trains them."""
        prior, rates = self.prior(), self.rates
        if self.variational:
            return VAE(*live.values(), adam(rates[0], self.iterations), averages=averages, seed=seed, prior=prior)
        players = zip(("reconstruction", "discriminator", "encoder"), rates, (1, self.turns, 1), (0.9, 0.5, 0.5))
        optimizers = {
            f"{name}_optimizer": adam(rate, self.iterations * turns, beta_1) for name, rate, turns, beta_1 in players
        }
        judge = code_discriminator(2 + (CLASSES + 1) * self.labelled, (self.judge_width, self.judge_width))
        return AAE(
            **live, discriminator=judge, prior=prior, **optimizers, gamma=self.gamma, turns=self.turns,
            averages=averages, seed=seed,
        )  # fmt: skip

    def described(self):
        """The networks as a recipe describes them."""
        arguments = {"latent_dim": 2, "widths": [self.width, self.width]}
        return {
            "encoder": {"builder": "posterior_encoder" if self.variational else "code_encoder", "arguments": arguments},
            "decoder": {"builder": "code_decoder", "arguments": arguments},
        }

    def sampling(self):
        """How `Pretrained.sample` draws codes."""
        if self.sampler == "bernoulli_decoder":
            return {"name": self.sampler, "arguments": {"latent_dim": 2, "stddev": STDDEV}}
        wide = {"noise": THIN if self.labelled else WIDTH} if self.sampler == "roll_decoder" else {}
        return {"name": self.sampler, "arguments": wide | ({"classes": CLASSES} if self.labelled else {})}


@dataclasses.dataclass(frozen=True)
class Semi:
    """The settings of the semi-supervised trainings: one encoder, several numbers of labels, draws of each."""

    widths: tuple = (500, 500)
    decoder_widths: tuple = (320, 320)
    judge_widths: tuple = (300, 300)
    latent_dim: int = 10
    noise: float = 0.3
    dropout: float = 0.2
    counts: tuple = (100, 1000, 60_000)
    draws: int = 3
    iterations: int = 10_000
    alone: tuple = (1_500, 3_000, 10_000)  # iterations on the labels only, a number for each count
    rates: dict = dataclasses.field(
        default_factory=lambda: {"reconstruction": 1e-3, "discriminators": 5e-4, "encoder": 1e-3, "labels": 1e-3}
    )
    decay: float = 0.999
    epoch: int = 500

    @property
    def decoder_arguments(self):
        return {"latent_dim": CLASSES + self.latent_dim, "widths": list(self.decoder_widths)}

    def scaled(self, factor):
        """The same trainings with so many times as many iterations each."""
        iterations, *alone = (stretched(n, factor, STEPS) for n in (self.iterations, *self.alone))
        epoch = min(self.epoch, stretched(min(iterations, *alone), 1 / 10, STEPS))
        iterations, *alone = (n // epoch * epoch for n in (iterations, *alone))
        return dataclasses.replace(self, iterations=iterations, alone=tuple(alone), epoch=epoch)

    def encoder(self):
        """Returns a fresh encoder."""
        return label_style_encoder(
            CLASSES, self.latent_dim, self.widths, normalised=True, noise=self.noise, dropout=self.dropout
        )

    def jobs(self):
        """Yields (name, labels, draw, whether the unlabelled images are used), the quick and telling ones first."""
        for draw in range(self.draws):
            for count in self.counts:
                for kind in ("alone", "aae"):
                    yield f"{kind}-{count}-{draw}", count, draw, kind == "aae"


def wide_gaussian():
    """A Gaussian as wide as the other priors.

    On N(0, I) codes and prior never came together until the rates fell: MMD² swung up to 0.3, and at its end the run of
    20,000 iterations had an FD of 43.7 and 171 nats. At this width, with the rates of the other priors and without a
    penalty, MMD² was 0.01 and the reconstruction still 183 nats after 10,000 iterations: the codes turned faster than
    the decoder could follow. With adversaries ten times slower and γ = 0.1 it was 139 nats after 8,000.
    """
    return priors.gaussian(2, STDDEV)


def roll():
    """The Swiss roll with some width.

    On the bare curve without a penalty the discriminator won: MMD² stood at 0.07 to 0.13 between 3,000 and 21,000
    iterations. The width alone did not mend that; with γ = 0.1 beside it MMD² was 0.037 after 5,500. After 6,000
    iterations of falling rates it was 0.0047 with equal rates and two turns of the discriminator, and 0.0031 with a
    reconstruction at half the adversaries' rate and γ = 0.02: so the run that ships. (Here MMD² has kernels as wide as
    0.2, 0.4 and 0.8 deviations of the prior, on training images that were held out.)
    """
    return priors.swiss_roll(noise=WIDTH)


def thin_roll():
    """The Swiss roll for labels.

    With a width of 0.25 a reader of the codes tells only 94.1 % of their labels (by the 50 nearest of 40,000 other
    codes), because neighbours on the curve and on the next turn overlap; with 0.1 it tells 97.6 %.
    """
    return priors.swiss_roll(noise=THIN)


RUNS = {
    "aae-mnist-gaussian": Plane(wide_gaussian, "bernoulli_decoder", gamma=0.1, rates=(1e-3, 1e-4, 1e-4)),
    "aae-mnist-mixture": Plane(priors.gaussian_mixture, "mixture_decoder", iterations=30_000),
    "aae-mnist-swiss": Plane(roll, "roll_decoder", False, False, 12_000, gamma=0.02, rates=(5e-4, 1e-3, 1e-3), turns=2),
    "vae-mnist-mixture": Plane(priors.gaussian_mixture, "mixture_decoder", variational=True, iterations=30_000),
    "aae-mnist-mixture-labels": Plane(priors.gaussian_mixture, "mixture_decoder", True, False, 40_000, 256),
    "aae-mnist-swiss-labels": Plane(thin_roll, "roll_decoder", True, False, 40_000, 256, gamma=0.1),
    "aae-mnist-semi": Semi(),
}

PUBLISHED = [
    {"score": f"error-{kind}-{count}", "value": error, "source": "Makhzani et al., 2015, table 2"}
    for count, alone, aae in ((100, 25.80, "1.90 ± 0.10"), (1000, 8.73, "1.60 ± 0.08"), (60_000, 1.25, "0.85 ± 0.02"))
    for kind, error in (("alone", alone), ("aae", aae))
]


def grey(images):
    """Grey values from 0 to 1."""
    return data.scale(images, low=0.0, high=1.0)


def adam(rate, iterations, beta_1=0.9):
    """Adam with a rate that falls to 0 along a cosine."""
    return keras.optimizers.Adam(CosineDecay(rate, iterations), beta_1=beta_1)


def mmd_to_prior(run, codes):
    """Returns MMD² between codes and as many draws from the prior, whose spread sets the widths of the kernel."""
    drawn = ops.convert_to_numpy(run.prior()(len(codes), 12345))
    return float(metrics.mmd(codes, drawn, metrics.scaled_rbf(drawn)))


def codes_of(encoder, images):
    """An encoder's codes of images; a posterior's are draws from it, one an image."""
    found = outputs(encoder, images)
    if not isinstance(found, list):
        return found
    mean, log_var = found
    return mean + np.exp(0.5 * log_var) * np.random.default_rng(0).standard_normal(mean.shape, "float32")


def plane_game(run, seed):
    """Returns the compiled game of one autoencoder, and the averages of its networks."""
    keras.utils.set_random_seed(seed)
    live, averaged = run.networks(), run.networks()
    game = run.game(live, [Average(live[part], averaged[part], run.decay) for part in live], seed)
    game.compile(steps_per_execution=100)
    return game, averaged


def plane_data(run):
    """Returns what a plane is trained on, (images, labels or None), and the images held out."""
    x, y, *_ = data.load("mnist")
    x, held_out = grey(x[:-HELD_OUT]), grey(x[-HELD_OUT:])
    return (x, y[:-HELD_OUT] if run.labelled else None), held_out


def plane_along(run, averaged, held_out):
    """What is measured along the way."""
    return {"MMD2": mmd_to_prior(run, codes_of(averaged["encoder"], held_out))}


def plane_trial(run, seed):
    """Returns what tells how long the run can be."""
    rows, held_out = plane_data(run)
    game, averaged = plane_game(run, seed)

    def play(iterations):
        game.fit(*rows, batch_size=BATCH, steps_per_epoch=iterations, verbose=0)

    look = functools.partial(plane_along, run, averaged, held_out)
    return Trial(play, 100, run.iterations, look=look, looks=5)


def train_plane(name, run, seed, resume):
    """Trains one autoencoder and keeps the averages of its networks."""
    rows, held_out = plane_data(run)
    game, averaged = plane_game(run, seed)
    epochs, along = run.iterations // run.epoch, functools.partial(plane_along, run, averaged, held_out)
    watch = Watch(name, averaged, along, ("nll", "kl") if run.variational else TERMS, epochs // 5)
    game.fit(
        *rows, batch_size=BATCH, epochs=epochs, steps_per_epoch=run.epoch, verbose=0,
        callbacks=[watch, begun(name, watch, resume)],
    )  # fmt: skip


def ship_plane(name, run, seed, folder):
    """Scores the kept weights, as they will be stored, and saves them with their recipe."""
    networks, noted = kept(name, run.networks()), recorded(name)
    scored = plane_scores(run, networks)
    recipe = pretrained.provenance(seed, data.source("mnist"), noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "02",
        "evaluator": "mnist-cnn",
        "scores": scored,
        "published": [],
        "settings": {key: value for key, value in vars(run).items() if key != "prior"}
        | {"game": "VAE" if run.variational else "AAE", "batch_size": BATCH, "schedule": "cosine to 0"}
        | {"prior": name.split("-")[2], "held_out": HELD_OUT, "planned": run.iterations}
        | {"shipped_moment": int(noted["trace"]["iterations"][-1])}
        | {"trace": rounded(noted["trace"])},
        "networks": run.described(),
        "sampler": run.sampling(),
    }
    save(name, networks, recipe, folder)


def plane_scores(run, networks):
    """MMD of codes and prior, reconstruction, and what the frozen classifier reads from decoded draws."""
    x, y = grey(data.load("mnist").x_test), np.random.default_rng(0).integers(CLASSES, size=DRAWS)
    game = run.game(networks, (), 0)
    game.compile()
    logs = game.evaluate(x, batch_size=500, verbose=0)
    prior = run.prior()
    z = ops.convert_to_numpy(prior(DRAWS, 7, y) if run.labelled else prior(DRAWS, 7))
    read, images = metrics.evaluator("mnist"), 2 * decode(networks["decoder"], z) - 1
    probabilities = read(images).probabilities
    found = metrics.score(images, 2 * x - 1, read) | {
        "MMD2-codes-to-prior": mmd_to_prior(run, codes_of(networks["encoder"], x)),
        "MMD2-prior-to-prior": floor(prior, 2_000),
        "reconstruction": float(logs["nll" if run.variational else "reconstruction_loss"]),
        "confident-at-0.9": float((probabilities.max(1) > 0.9).mean()),
    }
    return found | ({"asked-class-read": float((probabilities.argmax(1) == y).mean())} if run.labelled else {})


def floor(prior, count, sets=8):
    """What MMD² says of two sets of draws from the prior itself: its 95 % quantile over all pairs of some sets."""
    drawn = [ops.convert_to_numpy(prior(count, 54_321 + 1_000 * i)) for i in range(sets)]
    kernel = metrics.scaled_rbf(drawn[0])
    pairs = [metrics.mmd(a, b, kernel) for i, a in enumerate(drawn) for b in drawn[:i]]
    return float(np.quantile(np.abs(pairs), 0.95))


def train_semi(name, run, seed, resume, only=None):
    """Plays the trainings that are missing, or those of them that are named, and writes one result file each."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for job, count, draw, unlabelled in run.jobs():
        if only and job not in only:
            continue
        if (folder / f"{job}.json").exists():
            print(f"{name} {job}: done before", flush=True)
            continue
        result = play_semi(f"{name}/{job}", run, count, seed + draw, unlabelled, resume)
        files.write_atomic(folder / f"{job}.json", json.dumps(result, indent=2).encode("utf-8"))


def semi_game(run, count, seed, unlabelled):
    """Returns a compiled game, its iterations and rows, the encoder, its average, and the decoder's where there is one.
    """
    keras.utils.set_random_seed(seed)
    x, y, *_ = data.load("mnist")
    x = grey(x)
    chosen = few_labels(y, count, seed) if count < len(y) else np.random.default_rng(seed).permutation(len(y))
    iterations = run.iterations if unlabelled else run.alone[run.counts.index(count)]
    live, averaged, decoder = run.encoder(), run.encoder(), {}
    if unlabelled:
        decoders = [code_decoder(**run.decoder_arguments) for _ in range(2)]
        decoder = {"decoder": decoders[1]}
        game = SemiSupervisedAAE(
            live, decoders[0], code_discriminator(CLASSES, run.judge_widths),
            code_discriminator(run.latent_dim, run.judge_widths),
            optimizers={
                part: adam(rate, iterations, 0.5 if part in ("discriminators", "encoder") else 0.9)
                for part, rate in run.rates.items()
            },
            averages=[Average(live, averaged, run.decay), Average(*decoders, run.decay)], seed=seed,
        )  # fmt: skip
        rows = beside(x, x[chosen], y[chosen])
    else:
        optimizer = adam(run.rates["labels"], iterations)
        game = LabelsOnly(live, optimizer, averages=[Average(live, averaged, run.decay)], seed=seed)
        rows = x[chosen], y[chosen].astype("int32")
    # On TensorFlow XLA gains nothing at this width.
    game.compile(steps_per_execution=STEPS, jit_compile=keras.backend.backend() == "jax")
    return game, iterations, rows, live, averaged, decoder


def semi_trial(run, seed):
    """Returns what tells how long the trainings can be: all are taken to be as slow as those with unlabelled images."""
    game, iterations, rows, _, averaged, _ = semi_game(run, run.counts[0], seed, unlabelled=True)
    _, _, x_test, y_test = data.load("mnist")
    x_test, total = grey(x_test), run.draws * (len(run.counts) * iterations + sum(run.alone))

    def play(iterations):
        game.fit(rows, batch_size=BATCH, steps_per_epoch=iterations, verbose=0)

    trainings = len(list(run.jobs()))
    look = functools.partial(error, averaged, x_test, y_test)
    return Trial(play, STEPS, total, starts=trainings, look=look, looks=12 * trainings)


def play_semi(name, run, count, seed, unlabelled, resume):
    """Trains one encoder, keeps the averaged decoder where there is one, and returns the result."""
    game, iterations, rows, live, averaged, decoder = semi_game(run, count, seed, unlabelled)
    _, _, x_test, y_test = data.load("mnist")
    x_test, epochs = grey(x_test), iterations // run.epoch
    watch = Watch(name, decoder, lambda: {"error": error(averaged, x_test, y_test)}, every=epochs // 10)
    game.fit(
        rows, batch_size=BATCH, epochs=epochs, steps_per_epoch=run.epoch, verbose=0,
        callbacks=[watch, begun(name, watch, resume)],
    )  # fmt: skip
    shutil.rmtree(FOLDER / f"{name}-state")  # of eighteen trainings it would be too much to keep
    return {
        "error": error(averaged, x_test, y_test),
        "error_of_the_last_moment": error(live, x_test, y_test),
        "seconds": round(watch.seconds, 1),
        "iterations": iterations,
    }


def error(encoder, x_test, y_test):
    """The percentage of test images whose label the encoder gets wrong."""
    logits, _ = outputs(encoder, x_test, size=500)
    return float(100 * (logits.argmax(1) != y_test).mean())


def ship_semi(name, run, seed, folder):
    """Gathers the results into a table, and saves the decoder of the first draw of the fewest labels."""
    planned = run.draws
    results, run = complete(name, run)
    data.load("mnist")  # the recipe holds its hash
    first = f"{name}/aae-{run.counts[0]}-0"
    networks = kept(first, {"decoder": code_decoder(**run.decoder_arguments)})
    recipe = pretrained.provenance(seed, data.source("mnist"), sum(r["seconds"] for r in results.values())) | {
        "code_version": recorded(first)["version"],
        "lecture": "02",
        "evaluator": "mnist-cnn",
        "scores": table(run, results) | decoder_scores(run, networks),
        "published": PUBLISHED,
        "settings": vars(run) | {"game": "SemiSupervisedAAE", "batch_size": BATCH, "schedule": "cosine to 0"}
        | {"planned": planned}  # draws of the labels; a run that was stopped before has fewer
        | {"errors": {job: round(result["error"], 2) for job, result in results.items()}},
        "networks": {"decoder": {"builder": "code_decoder", "arguments": run.decoder_arguments}},
        "sampler": {
            "name": "label_style_decoder",
            "arguments": {"latent_dim": run.latent_dim, "classes": CLASSES},
        },
    }
    save(name, networks, recipe, folder)


def complete(name, run):
    """Returns the results of all draws of which every training has ended, and the run with those draws alone."""
    results = {
        job: json.loads(path.read_text("utf-8"))
        for job, *_ in run.jobs() if (path := FOLDER / name / f"{job}.json").exists()
    }  # fmt: skip
    per_draw = len(list(run.jobs())) // run.draws
    draws = len(results) // per_draw  # they are played draw by draw
    if not draws:
        raise SystemExit(f"Found {len(results)} results of {name}, expected {per_draw} at least: resume the run.")
    run = dataclasses.replace(run, draws=draws)
    return {job: results[job] for job, *_ in run.jobs()}, run


def table(run, results):
    """Mean and spread (standard deviation over the draws, n − 1; none of one draw) of the errors in %."""
    found = {}
    for kind in ("alone", "aae"):
        for count in run.counts:
            errors = [results[f"{kind}-{count}-{draw}"]["error"] for draw in range(run.draws)]
            found[f"error-{kind}-{count}"] = round(float(np.mean(errors)), 3)
            found[f"error-{kind}-{count}-spread"] = round(float(np.std(errors, ddof=1)), 3) if run.draws > 1 else None
    return found


def decoder_scores(run, networks):
    """Whether the class asked for is the class that the frozen classifier reads, over styles from the prior."""
    rng = np.random.default_rng(0)
    y, z = rng.integers(CLASSES, size=DRAWS), rng.standard_normal((DRAWS, run.latent_dim), dtype="float32")
    code = np.concatenate([np.eye(CLASSES, dtype="float32")[y], z], axis=1)
    probabilities = metrics.evaluator("mnist")(2 * decode(networks["decoder"], code) - 1).probabilities
    return {"asked-class-read": float((probabilities.argmax(1) == y).mean())}


def main():
    parser = timed(command(__doc__, RUNS))
    parser.add_argument("--change", type=json.loads, default={}, help="settings that a trial changes, as JSON")
    parser.add_argument("--only", nargs="+", help="of the semi-supervised trainings these, such as aae-100-0")
    arguments = parser.parse_args()
    for name in arguments.names:
        run = dataclasses.replace(RUNS[name], **arguments.change)
        if arguments.change:  # a trial: its results lie apart
            name += "-" + re.sub(r"[^\w.]+", "-", json.dumps(arguments.change)).strip("-")
        semi = isinstance(run, Semi)
        trial = functools.partial(semi_trial if semi else plane_trial, run, arguments.seed)
        run = sized(name, run, arguments, trial)
        if not arguments.ship:
            if semi:
                train_semi(name, run, arguments.seed, arguments.resume, arguments.only)
            else:
                train_plane(name, run, arguments.seed, arguments.resume)
        if not arguments.change and not arguments.only:
            (ship_semi if semi else ship_plane)(name, run, arguments.seed, arguments.out or weights.FOLDER)


if __name__ == "__main__":
    main()
