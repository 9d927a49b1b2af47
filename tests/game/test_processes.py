"""Several devices and processes give what one gives: weights, odd batches, validation, measurements, samples."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils import backend

SCRIPT = Path(__file__).parent / "share.py"
TWO = "--xla_force_host_platform_device_count=2"

pytestmark = pytest.mark.skipif(
    backend.name() != "jax", reason="only JAX spreads a game over devices and processes: KERAS_BACKEND=jax"
)


def begin(out, **environment):
    environment = {**os.environ, "KERAS_BACKEND": "jax", **environment}
    return subprocess.Popen([sys.executable, str(SCRIPT), str(out)], env=environment, stderr=subprocess.PIPE, text=True)


def end(processes, outs):
    """Waits for processes and returns what each has written; none of them is left behind."""
    try:
        for process in processes:
            _, errors = process.communicate(timeout=1500)
            assert process.returncode == 0, errors[-3000:]
    finally:
        for process in processes:
            process.kill()
    return [dict(np.load(out)) for out in outs]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def largest_difference(a, b):
    """Largest difference of two runs and where it is, each array measured against its largest value, at least 0.1."""
    assert a.keys() == b.keys()
    return max((float(np.abs(a[k] - b[k]).max() / max(np.abs(a[k]).max(), 0.1)), k) for k in a)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone") / "one.npz"
    return end([begin(out, DEVICES="1", XLA_FLAGS="")], [out])[0]


def test_two_devices_with_odd_batches_validation_and_samples(alone, tmp_path):
    (both,) = end([begin(tmp_path / "two.npz", DEVICES="2", XLA_FLAGS=TWO)], [tmp_path / "two.npz"])
    assert largest_difference(alone, both) < (1e-5,)


def test_two_processes_have_the_weights_of_one(alone, tmp_path):
    address, outs = f"127.0.0.1:{free_port()}", [tmp_path / f"{i}.npz" for i in range(2)]
    processes = [
        begin(out, DEVICES="2", ADDRESS=address, PROCESS=str(i), XLA_FLAGS="") for i, out in enumerate(outs)
    ]
    for found in end(processes, outs):
        assert largest_difference(alone, found) < (1e-5,)
