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
from numpy.typing import ArrayLike

import course_utils.metrics  # here and in the next line, builders register themselves
import course_utils.networks
from course_utils import backend, builders, checks, weights
from course_utils.samplers import SAMPLERS


class Pretrained:
    """Shipped networks.

    Attributes:
        name: such as "vae-mnist".
        networks: dict of name → keras.Model, averaged weights where training averaged. Each is a plain Keras model
            whose `predict` first checks what it is given: see `builders.guard`.
        recipe: dict, what made them: command, data, seed, seconds, scores and more.
    """

    def __init__(self, name, networks, recipe):
        self.name = name
        self.networks = networks
        self.recipe = recipe

    def sample(
        self, n: int, seed: int, labels: ArrayLike | None = None, truncation: float | None = None
    ) -> np.ndarray:
        """Generates images. The noise comes from NumPy, so a seed gives the same images everywhere.

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
            ValueError: these networks generate nothing, know no truncation, or an argument is out of range.
            TypeError: an argument is no number, or a label no integer. Nothing is drawn then.

        Example:
            >>> from course_utils import pretrained
            >>> pretrained.load("biggan-mnist").sample(2, seed=0, labels=[3, 7]).shape
            (2, 28, 28, 1)
        """
        if self.recipe.get("sampler") is None:
            raise ValueError(
                f"{self.name} holds {', '.join(self.networks)} and no generator, expected weights "
                f"that generate: its recipe would name a sampler."
            )
        checks.count(n)
        checks.count(seed, "seed", minimum=0)
        chosen = self.recipe["sampler"]
        checks.one_of(chosen["name"], SAMPLERS, "sampler")
        sampler, arguments = SAMPLERS[chosen["name"]], dict(chosen["arguments"])
        if truncation is not None:
            if "truncation" not in inspect.signature(sampler).parameters:
                raise ValueError(f"{self.name} knows no truncation, expected truncation=None: leave it out.")
            arguments["truncation"] = _number(truncation, "truncation")
        rng = np.random.default_rng(seed)
        labels = _labels(labels, n, arguments.get("classes"), rng, self.name)
        images = sampler(self.networks, n, rng, labels, **arguments)
        return checks.images(images, f"images of {self.name}").astype("float32", copy=False)


def available(folder: Path | str = weights.FOLDER) -> tuple[str, ...]:
    """Returns the names that `load` takes, sorted.

    Args:
        folder: where the weights lie.

    Returns:
        tuple of names.

    Example:
        >>> from course_utils import pretrained
        >>> "dcgan-mnist" in pretrained.available()
        True
    """
    return weights.names(folder)


def load(name: str, folder: Path | str = weights.FOLDER) -> Pretrained:
    """Builds shipped networks by code and fills them with hash-checked arrays.

    Args:
        name: one of `available()`.
        folder: where the weights lie.

    Returns:
        Pretrained.

    Raises:
        ValueError: unknown name or builder, arrays whose hash is not the recipe's, or arrays that do
            not fit the networks; nothing is loaded then.

    Example:
        >>> from course_utils import pretrained
        >>> found = pretrained.load("dcgan-mnist")
        >>> sorted(found.networks), found.sample(2, seed=0).shape
        (['critic', 'generator'], (2, 28, 28, 1))
    """
    recipe, stored = weights.read(name, folder)
    networks = builders.build(recipe["networks"])
    weights.fill(networks, stored)
    for network, made in recipe["networks"].items():
        builders.guard(networks[network], made)
    return Pretrained(name, networks, recipe)


def save(name, networks, recipe, folder=weights.FOLDER, dtype="float16"):
    """Stores trained networks with their recipe, after a trial of what loading will do.

    Args:
        name: file name without ending, such as "vae-mnist".
        networks: dict of name → keras.Model; pass averaged networks where there are any.
        recipe: dict with every field of `weights.REQUIRED`; `provenance` gives those that a machine
            can know. "networks" maps each name to {"builder": name in `builders.BUILDERS`, "arguments": dict}.
            A generator's recipe has "sampler": {"name": name in `samplers.SAMPLERS`, "arguments": dict} too.
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
    weights.fill(builders.build(recipe["networks"]), weights.arrays(networks))
    return weights.write(name, networks, recipe, folder, dtype)


def provenance(seed, data_source, seconds):
    """Returns the fields of a recipe that the running process knows.

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
    """Returns the commit, or the version where there is no repository, and a hash of the sources.

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


def _number(x, name):
    if isinstance(x, bool) or not isinstance(x, (int, float, np.number)) or not np.isfinite(x):
        raise TypeError(f"Found {name}={x!r}, expected a finite number such as 0.7; or leave it out.")
    return float(x)


def _machine():
    """The kind of machine: the accelerator's model, else its cores and the last vector instructions they know.

    Two kinds of x86 core, told apart by nothing else here, differed threefold in the time a network takes.
    """
    kind, model = backend.device()
    if kind != "cpu":
        return model
    extensions = np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])  # or absent
    return ", ".join([f"{os.cpu_count()} {platform.machine()} cores", *extensions[-1:]])
