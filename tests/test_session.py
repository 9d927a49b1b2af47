"""start(): what it picks, what it refuses, what it prints. Keras can start once a process, so most run in one."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils import session

BACKEND = os.environ["KERAS_BACKEND"]


def python(code, **environment):
    """Runs code in a fresh process; a variable set to None is taken out of its environment."""
    kept = {k: v for k, v in os.environ.items() if k not in ("COURSE_PROFILE", "COURSE_DATA")}
    merged = {**kept, "PYTHONPATH": str(Path(session.__file__).parents[1]), **environment}
    merged = {k: v for k, v in merged.items() if v is not None}
    return subprocess.run([sys.executable, "-c", code], env=merged, capture_output=True, text=True, timeout=1500)


def test_start_sets_up_everything_and_is_quiet(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"")
    code = f"""
from course_utils import start
s = start({BACKEND!r}, seed=3)
import keras, numpy as np
print(s.backend == keras.config.backend(), s.profile, s.device, s.data_dir, s.seed, s.pick(smoke=1, cpu=2, gpu=3))
print(np.random.uniform() == np.random.RandomState(3).uniform())
environment = __import__("os").environ
print(environment.get("JAX_DISABLE_MOST_OPTIMIZATIONS"), "fusion_emitters" in environment.get("XLA_FLAGS", ""))
"""
    plain = {"KERAS_BACKEND": None, "JAX_DISABLE_MOST_OPTIMIZATIONS": None, "XLA_FLAGS": None}
    done = python(code, COURSE_PROFILE="smoke", COURSE_DATA=str(tmp_path), **plain)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["backend", "device", "profile", "data", "seed"]
    assert lines[0].split()[1] == BACKEND
    assert lines[3].split(None, 1)[1] == "mnist.npz is at hand"
    device = lines[1].split()[1].lower()
    assert lines[5] == f"True smoke {device} {tmp_path} 3 1"
    assert lines[6] == "True"  # the same draws
    known = BACKEND == "jax" and importlib.metadata.version("jaxlib").startswith("0.10.")
    assert lines[7] == f"{'true' if BACKEND == 'jax' else None} {known}"  # JAX compiles quickly in smoke
    assert str(tmp_path) not in "".join(lines[:5])


def test_a_keras_that_runs_on_another_backend_is_refused(monkeypatch):
    other = next(name for name in session.installed() if name != BACKEND)
    import keras

    assert keras.config.backend() == BACKEND
    with pytest.raises(RuntimeError, match=f"already runs on '{BACKEND}' but '{other}' was asked for.*restart"):
        session.start(other)


def test_a_keras_that_already_runs_is_kept(monkeypatch, capsys):
    import keras  # noqa: F401

    monkeypatch.delenv("KERAS_BACKEND")
    started = session.start(profile="cpu", seed=5)
    assert (started.backend, started.profile, started.seed) == (BACKEND, "cpu", 5)
    assert capsys.readouterr().err == ""


def test_a_smoke_run_does_not_wait_for_a_compiler(monkeypatch):
    from course_utils import backend

    for name in ("JAX_DISABLE_MOST_OPTIMIZATIONS", "XLA_FLAGS"):  # later tests are not to inherit them
        monkeypatch.setenv(name, os.environ.get(name, ""))
    session.start(profile="smoke")
    assert backend.xla_by_default(slow_on_cpu=False) is (BACKEND == "jax")
    assert not backend.unrolls(has_convolutions=True)
    session.start(profile="cpu")
    assert backend.xla_by_default(slow_on_cpu=False) is (BACKEND != "torch")
    assert backend.unrolls(has_convolutions=True) is (BACKEND != "jax" or backend.device()[0] == "cpu")


@pytest.mark.skipif(BACKEND == "tensorflow", reason="there it is the backend")
@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_another_backend_leaves_tensorflow_alone_until_it_is_asked_for():
    ran = python(
        "import sys; from course_utils import start; start(); import keras; print('tensorflow' in sys.modules)\n"
        "keras.utils.set_random_seed(1); print('tensorflow' in sys.modules)\n"
        "import tensorflow; print(tensorflow.constant(3).numpy())",
        KERAS_BACKEND=BACKEND,
    )
    assert ran.stdout.split()[-3:] == ["False", "False", "3"], ran.stderr


def test_the_same_seed_gives_the_same_numbers():
    import keras

    session.start(seed=11)
    first = keras.ops.convert_to_numpy(keras.random.normal((4,)))
    session.start(seed=11)
    again = keras.ops.convert_to_numpy(keras.random.normal((4,)))
    session.start(seed=12)
    other = keras.ops.convert_to_numpy(keras.random.normal((4,)))
    assert (first == again).all()
    assert (first != other).any()


def test_argument_before_variable_before_default(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "smoke")
    assert session.start().profile == "smoke"
    assert session.start(profile="gpu").profile == "gpu"
    monkeypatch.delenv("COURSE_PROFILE")
    started = session.start()
    assert started.profile == ("cpu" if started.device == "cpu" else "gpu")


def test_a_wrong_data_folder_is_refused_and_an_image_format_of_another_program_is_not_kept(tmp_path, monkeypatch):
    import keras

    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(NotADirectoryError, match="COURSE_DATA names .*nowhere, which is no folder"):
        session.start()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    keras.config.set_image_data_format("channels_first")
    assert session.start().data_dir == tmp_path
    assert keras.config.image_data_format() == "channels_last"


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, "1"])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="expected an integer from 0"):
        session.start(seed=seed)


def test_unknown_names_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="Unable to import backend : theano; expected one of tensorflow, jax, torch"):
        session.start("theano")
    with pytest.raises(ValueError, match="'fast', expected one of smoke, cpu, gpu"):
        session.start(profile="fast")
    monkeypatch.setenv("COURSE_PROFILE", "fast")
    with pytest.raises(ValueError, match="COURSE_PROFILE"):
        session.start()


def test_a_backend_that_is_not_installed_comes_with_its_command(monkeypatch):
    monkeypatch.setattr(session, "installed", lambda: ("tensorflow",))
    expected = r"'jax' is not installed \(found: tensorflow\): run `python -m pip install jax`"
    with pytest.raises(ImportError, match=expected):
        session.checked_backend("jax")
    monkeypatch.setattr(session, "installed", tuple)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.delenv("KERAS_BACKEND")
    with pytest.raises(ImportError, match="No backend is installed"):
        session.choose_backend()


@pytest.mark.once
def test_the_default_follows_the_accelerator(monkeypatch):
    monkeypatch.delenv("TPU_NAME", raising=False)
    monkeypatch.delenv("COLAB_TPU_ADDR", raising=False)
    here = ("tensorflow", "jax", "torch")
    monkeypatch.setattr(session, "_has_nvidia_gpu", lambda: False)
    assert session._best(here) == "tensorflow"
    monkeypatch.setattr(session, "_has_nvidia_gpu", lambda: True)
    monkeypatch.setattr(session, "_built_for_cuda", lambda name: name == "torch")
    assert session._best(here) == "torch"
    monkeypatch.setattr(session, "_built_for_cuda", lambda name: False)
    assert session._best(here) == "tensorflow"
    monkeypatch.setenv("TPU_NAME", "local")
    assert session._best(here) == "jax"


@pytest.mark.once
def test_a_session_is_frozen_and_picks():
    made = session.Session("jax", "cpu", "cpu", Path("data"), 0)
    assert made.pick(smoke=1, cpu=2, gpu=3) == 2
    with pytest.raises(AttributeError):
        made.seed = 1
    with pytest.raises(TypeError):
        made.pick(smoke=1, cpu=2)


@pytest.mark.once
def test_known_noise_is_dropped_and_the_rest_passed_on(capfd):
    with session.quiet_stderr():
        os.write(2, b"I0000 port.cc:153] oneDNN custom operations are on.\na true complaint\n")
    assert capfd.readouterr().err == "a true complaint\n"


@pytest.mark.once
def test_what_was_held_back_is_shown_when_the_import_fails(capfd):
    with pytest.raises(KeyError), session.quiet_stderr():
        os.write(2, b"why it failed\n")
        raise KeyError
    assert capfd.readouterr().err == "why it failed\n"
