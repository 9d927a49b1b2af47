"""The public names say what they take and return, and their examples give what they say."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import course_utils
from course_utils import data, games, layers, losses, metrics, networks, penalties, pretrained

PUBLIC = {
    "start": course_utils.start,
    "data": (data.load, data.toy, data.scale),
    "losses": (losses.kl_divergence, losses.bernoulli_nll, losses.AdversarialLoss),
    "penalties": (
        penalties.gradient_penalty, penalties.r1, penalties.dragan, penalties.orthogonal, penalties.ClipConstraint,
    ),
    "layers": (
        layers.Sampling, layers.SpectralDense, layers.SpectralConv2D, layers.SelfAttention2D,
        layers.ConditionalBatchNormalization, layers.AdaIN, layers.NoiseInjection, layers.LearnedConstant,
        layers.PixelNormalization, layers.MinibatchStdDev,
    ),
    "metrics": (
        metrics.inception_score, metrics.frechet_distance, metrics.kernel_distance, metrics.precision_recall,
        metrics.mode_coverage, metrics.evaluator,
    ),
    "pretrained": (pretrained.available, pretrained.load, pretrained.Pretrained.sample),
}  # fmt: skip
NAMES = [each for group in PUBLIC.values() for each in (group if isinstance(group, tuple) else (group,))]
PARTS = (data, layers, losses, metrics, networks, penalties, pretrained)
by_name = pytest.mark.parametrize("name", NAMES, ids=lambda name: getattr(name, "__qualname__", str(name)))


@by_name
def test_an_example_gives_what_it_says(name):
    name = inspect.unwrap(name)
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(name), {}, name.__qualname__, None, 0)
    said = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert result.attempted > 0 and not result.failed, "".join(said)


@by_name
def test_arguments_have_types(name):
    name = inspect.unwrap(name)
    own = name.__dict__.get("__init__", None) if isinstance(name, type) else name
    if own is None:
        return
    free = {"self", "args", "kwargs", "initializer", "kernel_initializer"}  # Keras takes several kinds
    missing = [p.name for p in inspect.signature(own).parameters.values() if p.annotation is p.empty]
    assert set(missing) <= free


def modules():
    for part in PARTS:
        yield part
        if hasattr(part, "__path__"):
            for found in pkgutil.iter_modules(part.__path__, part.__name__ + "."):
                yield importlib.import_module(found.name)


@pytest.mark.once
def test_docstrings_speak_in_one_voice():
    """ "Returns the mean", not "Return the mean"; and what comes back stands in a section called "Returns:"."""
    wrong = []
    for module in modules():
        for owner in (module, *(c for _, c in inspect.getmembers(module, inspect.isclass))):
            for _, function in inspect.getmembers(owner, inspect.isfunction):
                said = (function.__doc__ or "").split()
                if not function.__module__.startswith("course_utils.") or function.__module__ == "course_utils.checks":
                    continue
                if said and said[0] in ("Return", "Compute", "Get", "Build", "Read", "Draw", "Load", "Make", "Measure"):
                    wrong.append(function.__qualname__)
                if "Args:" in said and "Return:" in said:
                    wrong.append(function.__qualname__)
    assert not wrong


@pytest.mark.once
@pytest.mark.parametrize("package", [networks, games, metrics, data, layers])
def test_public_lists_are_true(package):
    assert package.__all__ == sorted(package.__all__, key=lambda name: (name.islower(), name)) or package is data
    for name in package.__all__:
        assert getattr(package, name) is not None
    if package in (networks, games):
        assert set(package.__all__) == {found.name for found in pkgutil.iter_modules(package.__path__)}
