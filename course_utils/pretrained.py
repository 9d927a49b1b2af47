"""Networks that were trained for longer than a class lasts, ready to use, each with its recipe."""

import hashlib
import importlib
import inspect
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

import course_utils
from course_utils import backend, checks, priors, weights
from course_utils.games import stylegan as stylegan_game
from course_utils.metrics.evaluator import digit_network
from course_utils.networks import aae, alae, biggan, gan, stylegan, vae

# Name in a recipe → function that builds the network. A recipe can only name what stands here.
BUILDERS = {
    "digit_network": digit_network,
    "mlp_encoder": vae.mlp_encoder,
    "mlp_decoder": vae.mlp_decoder,
    "conv_encoder": vae.conv_encoder,
    "conv_decoder": vae.conv_decoder,
    "code_encoder": aae.code_encoder,
    "label_style_encoder": aae.label_style_encoder,
    "code_decoder": aae.code_decoder,
    "code_discriminator": aae.code_discriminator,
    "latent_mapping": alae.latent_mapping,
    "latent_generator": alae.latent_generator,
    "latent_encoder": alae.latent_encoder,
    "latent_critic": alae.latent_critic,
    "point_generator": gan.point_generator,
    "point_critic": gan.point_critic,
    "mlp_generator": gan.mlp_generator,
    "mlp_critic": gan.mlp_critic,
    "dcgan_generator": gan.dcgan_generator,
    "dcgan_critic": gan.dcgan_critic,
    "layer_norm_critic": gan.layer_norm_critic,
    "residual_critic": gan.residual_critic,
    "style_mapping": stylegan.style_mapping,
    "style_synthesis": stylegan.style_synthesis,
    "style_critic": stylegan.style_critic,
    "skip_synthesis": stylegan.skip_synthesis,
    "style_residual_critic": stylegan.style_residual_critic,
    "biggan_generator": biggan.biggan_generator,
    "biggan_critic": biggan.biggan_critic,
}

SAMPLE_CHUNK = 500  # images generated at once


class Pretrained:
    """Shipped networks.

    Attributes:
        name: such as "vae-mnist".
        networks: dict of name → keras.Model, averaged weights where training averaged.
        recipe: dict, what made them: command, data, seed, seconds, scores and more.
    """

    def __init__(self, name, networks, recipe):
        self.name = name
        self.networks = networks
        self.recipe = recipe

    def sample(self, n, seed, labels=None, truncation=None):
        """Generate images. The noise comes from NumPy, so a seed gives the same images everywhere.

        Args:
            n: number of images, ≥ 1.
            seed: int ≥ 0.
            labels: (n,) integers for a class-conditional generator (None draws them uniformly);
                None for any other.
            truncation: how far latents may lie from the middle, where the sampler knows such a number;
                for a normal prior the threshold beyond which a number is drawn again. None for all.

        Returns:
            float32 (n, H, W, C) in [-1, 1].

        Raises:
            ValueError: these networks generate nothing, know no truncation, or the labels do not fit.
        """
        if self.recipe.get("sampler") is None:
            raise ValueError(
                f"{self.name} holds {', '.join(self.networks)} and no generator, expected weights "
                f"that generate: its recipe would name a sampler."
            )
        checks.count(n)
        chosen = self.recipe["sampler"]
        checks.one_of(chosen["name"], SAMPLERS, "sampler")
        sampler, arguments = SAMPLERS[chosen["name"]], dict(chosen["arguments"])
        if truncation is not None:
            if "truncation" not in inspect.signature(sampler).parameters:
                raise ValueError(f"{self.name} knows no truncation, expected truncation=None: leave it out.")
            arguments["truncation"] = truncation
        rng = np.random.default_rng(seed)
        labels = _labels(labels, n, arguments.get("classes"), rng, self.name)
        images = sampler(self.networks, n, rng, labels, **arguments)
        return checks.images(images, f"images of {self.name}").astype("float32", copy=False)


def available(folder=weights.FOLDER):
    """Return the names that `load` takes, sorted, such as "dcgan-mnist"."""
    return weights.names(folder)


def load(name, folder=weights.FOLDER):
    """Build shipped networks by code and fill them with hash-checked arrays.

    Args:
        name: one of `available()`.
        folder: where the weights lie.

    Returns:
        Pretrained.

    Raises:
        ValueError: unknown name or builder, arrays whose hash is not the recipe's, or arrays that do
            not fit the networks; nothing is loaded then.
    """
    recipe, stored = weights.read(name, folder)
    networks = _build(recipe["networks"])
    weights.fill(networks, stored)
    return Pretrained(name, networks, recipe)


def save(name, networks, recipe, folder=weights.FOLDER, dtype="float16"):
    """Store trained networks with their recipe, after a trial of what loading will do.

    Args:
        name: file name without ending, such as "vae-mnist".
        networks: dict of name → keras.Model; pass averaged networks where there are any.
        recipe: dict with every field of `weights.REQUIRED`; `provenance` gives those that a machine
            can know. "networks" maps each name to {"builder": name in BUILDERS, "arguments": dict}.
            A generator's recipe has "sampler": {"name": name in SAMPLERS, "arguments": dict} too.
        folder: where the two files go.
        dtype: "float16" or "float32". Measure scores after `weights.round_to(networks, dtype)`.

    Returns:
        Path of the array file.

    Raises:
        ValueError: a field is missing, or these builders and arguments do not make these networks.
            Nothing is written.
    """
    weights.check(networks, recipe)
    if recipe.get("sampler"):
        checks.one_of(recipe["sampler"]["name"], SAMPLERS, "sampler")
    weights.fill(_build(recipe["networks"]), weights.arrays(networks))
    return weights.write(name, networks, recipe, folder, dtype)


def provenance(seed, data_source, seconds):
    """Return the fields of a recipe that the running process knows.

    Args:
        seed: the seed of the run.
        data_source: `data.source(name)`: a text and a SHA-256.
        seconds: training time, wall clock.

    Returns:
        dict with command, code_version, seed, backend, versions, seconds, machine, data, data_sha256.
    """
    framework = backend.name()
    script = os.path.relpath(sys.argv[0]) if sys.argv[0] else "python"
    return {
        "command": " ".join(["python", script, *sys.argv[1:]]),
        "code_version": code_version(),
        "seed": seed,
        "backend": backend.name(),
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            framework: importlib.import_module(framework).__version__,
            "numpy": np.__version__,
        },
        "seconds": round(seconds, 1),
        "machine": _machine(),
        "data": data_source.text,
        "data_sha256": data_source.sha256,
    }


def code_version():
    """Return the commit, or the version where there is no repository, and a hash of the sources.

    The commit alone would not do: long runs are often started before their code is committed. Call
    it when such a run starts, since the sources may change on disk while it goes on.
    """
    package = Path(__file__).parent
    commit = f"version {course_utils.__version__}"
    if shutil.which("git"):
        describe = ["git", "describe", "--always", "--dirty", "--tags"]
        found = subprocess.run(describe, cwd=package, capture_output=True, text=True, check=False)
        commit = found.stdout.strip() or commit
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()}\n".encode() + path.read_bytes())
    return f"{commit}, sources {digest.hexdigest()[:12]}"


def _build(described):
    """Build the networks that a recipe describes, name → keras.Model."""
    for network, made in described.items():
        checks.one_of(made["builder"], BUILDERS, f"the builder of {network}")
    with weights.aside():
        return {name: BUILDERS[made["builder"]](**made["arguments"]) for name, made in described.items()}


def _bernoulli_decoder(networks, n, rng, labels, latent_dim, stddev=1.0):
    """Mean images of a decoder of logits under the prior N(0, stddev² I)."""
    z = np.float32(stddev) * rng.standard_normal((n, latent_dim), dtype="float32")
    return np.tanh(_predict(networks["decoder"], z) / 2)  # 2 sigmoid(l) − 1 = tanh(l / 2)


def _normal_generator(networks, n, rng, labels, latent_dim, classes=None, truncation=None):
    """Images of a generator of z ~ N(0, I), or of (z, label), z drawn again beyond a threshold."""
    z = priors.resampled(rng, (n, latent_dim), truncation)
    return _predict(networks["generator"], z if classes is None else [z, labels])


def _mixture_decoder(networks, n, rng, labels, components=10, radius=4.0, radial=1.0, tangential=0.3, classes=None):
    """Mean images of a decoder under `priors.gaussian_mixture`, of the labels' components where it knows classes."""
    angle = 2 * np.pi / components * (rng.integers(components, size=n) if labels is None else labels)
    along, across = np.array([[radius], [0.0]]) + np.array([[radial], [tangential]]) * rng.standard_normal((2, n))
    z = np.stack([along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)], -1)
    return np.tanh(_predict(networks["decoder"], z.astype("float32")) / 2)


def _roll_decoder(networks, n, rng, labels, turns=2.0, radius=5.0, noise=0.0, classes=None):
    """Mean images of a decoder under `priors.swiss_roll`, of the labels' stretches where it knows classes."""
    t = np.sqrt(rng.random(n) if labels is None else (labels + rng.random(n)) / classes)
    angle = 2 * np.pi * turns * t
    z = radius * t[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1) + noise * rng.standard_normal((n, 2))
    return np.tanh(_predict(networks["decoder"], z.astype("float32")) / 2)


def _label_style_decoder(networks, n, rng, labels, latent_dim, classes):
    """Mean images of a decoder of a one-hot label and a style z ~ N(0, I) side by side."""
    z = rng.standard_normal((n, latent_dim), dtype="float32")
    code = np.concatenate([np.eye(classes, dtype="float32")[labels], z], axis=1)
    return np.tanh(_predict(networks["decoder"], code) / 2)


def _mapped_generator(networks, n, rng, labels, latent_dim):
    """Images G∘F(z), z ~ N(0, I), of a generator without a bound, clipped."""
    z = rng.standard_normal((n, latent_dim), dtype="float32")
    return np.clip(_predict(networks["G"], _predict(networks["F"], z)), -1.0, 1.0)


def _style_generator(networks, n, rng, labels, latent_dim, truncation=1.0):
    """Images of a style-based generator, z and noise ~ N(0, I), clipped; `truncation` is ψ in the space of styles."""
    z = rng.standard_normal((n, latent_dim), dtype="float32")
    mapping, synthesis = networks["mapping"], networks["synthesis"]
    w = stylegan_game.truncated(mapping, stylegan_game.styles_of(mapping, z), truncation)
    return stylegan_game.images_of(synthesis, w, stylegan_game.noise_for(synthesis, n, rng))


# Name in a recipe → function (networks, n, rng, labels, **arguments) -> images in [-1, 1].
SAMPLERS = {
    "bernoulli_decoder": _bernoulli_decoder,
    "mixture_decoder": _mixture_decoder,
    "roll_decoder": _roll_decoder,
    "label_style_decoder": _label_style_decoder,
    "normal_generator": _normal_generator,
    "mapped_generator": _mapped_generator,
    "style_generator": _style_generator,
}


def _predict(network, inputs):
    return network.predict(inputs, batch_size=SAMPLE_CHUNK, verbose=0)


def _labels(labels, n, classes, rng, name):
    if classes is None:
        if labels is not None:
            raise ValueError(f"{name} knows no classes, expected labels=None: leave labels out.")
        return None
    if labels is None:
        return rng.integers(classes, size=n)
    labels = checks.labels(labels, classes)
    if len(labels) != n:
        raise ValueError(f"labels has {len(labels)} entries, expected n = {n}: one for each image.")
    return labels


def _machine():
    """The kind of machine: the accelerator's model, else its cores and the last vector instructions they know.

    Two kinds of x86 core, told apart by nothing else here, differed threefold in the time a network takes.
    """
    kind, model = backend.device()
    if kind != "cpu":
        return model
    extensions = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])  # or absent
    return ", ".join([f"{os.cpu_count()} {platform.machine()} cores", *extensions[-1:]])
