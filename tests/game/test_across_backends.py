"""One definition, three backends: same weights and noise in, same losses and weights out; and one device or two."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.once  # it plays all backends itself
HERE = Path(__file__).parent
MODULES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}
INSTALLED = [b for b, module in MODULES.items() if importlib.util.find_spec(module)]


def play(backend, out, **environment):
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    done = subprocess.run(
        [sys.executable, str(HERE / "play.py"), str(out)], env=environment, capture_output=True, text=True, timeout=1500
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(np.load(out))


def largest_difference(a, b):
    """Largest difference of two runs, each array measured against its own largest value."""
    assert a.keys() == b.keys()
    return max(float(np.abs(a[k] - b[k]).max() / max(np.abs(a[k]).max(), 1e-3)) for k in a)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {b: play(b, folder / f"{b}.npz") for b in INSTALLED}


def test_ten_iterations_agree_on_every_installed_backend(runs):
    assert len(runs) >= 2, f"only {INSTALLED} installed, nothing to compare"
    first, *others = runs
    for other in others:
        assert largest_difference(runs[first], runs[other]) < 1e-4, (first, other)


def test_two_devices_agree_with_one(runs, tmp_path):
    if "jax" not in runs:
        pytest.fail("JAX is not installed, and it is what spreads a game over devices; install the extra jax-cpu")
    both = play("jax", tmp_path / "two.npz", XLA_FLAGS="--xla_force_host_platform_device_count=2", DEVICES="2")
    assert largest_difference(runs["jax"], both) < 1e-5
