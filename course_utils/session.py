"""The start of every session: backend, device, profile, data and seed, chosen before Keras is imported."""

import contextlib
import dataclasses
import importlib.metadata
import importlib.util
import logging
import os
import re
import sys
import tempfile
from pathlib import Path

from course_utils import files

BACKENDS = ("tensorflow", "jax", "torch")  # in the order of preference where nothing else decides
PROFILES = ("smoke", "cpu", "gpu")
INSTALL = {
    "tensorflow": "python -m pip install tensorflow-cpu",
    "jax": "python -m pip install jax",
    "torch": "python -m pip install torch",
}

# What TensorFlow writes to the process's error stream at import, whatever TF_CPP_MIN_LOG_LEVEL says. Turning oneDNN
# off would silence one of the lines and slow every convolution, so the lines are left out instead.
_NOISE = re.compile(
    r"absl::InitializeLog|oneDNN custom operations|cpu_feature_guard|rebuild TensorFlow with|"
    r"Unable to register cu(DNN|FFT|BLAS)|computation_placer|dso_loader|TF-TRT Warning|Could not find cuda drivers"
)


@dataclasses.dataclass(frozen=True)
class Session:
    """What `start()` decided.

    Attributes:
        backend: "tensorflow", "jax" or "torch".
        device: "cpu", "gpu" or "tpu".
        profile: "smoke", "cpu" or "gpu".
        data_dir: the folder in which data sets are looked for first, a `pathlib.Path`.
        seed: int, already given to Python, NumPy and the backend.
    """

    backend: str
    device: str
    profile: str
    data_dir: Path
    seed: int

    def pick(self, *, smoke, cpu, gpu):
        """Returns the one of three settings that belongs to the profile."""
        return {"smoke": smoke, "cpu": cpu, "gpu": gpu}[self.profile]


def start(backend: str | None = None, profile: str | None = None, seed: int = 0) -> Session:
    """Starts a session: picks backend, profile and data folder, seeds everything, and prints what it picked.

    Args:
        backend: "tensorflow", "jax" or "torch". Default: `KERAS_BACKEND`, else the best that is installed (one that
            can use the accelerator, else the first of TensorFlow, JAX and torch).
        profile: "smoke" (seconds, for tests), "cpu" (minutes on a laptop) or "gpu" (the real recipe). Default:
            `COURSE_PROFILE`, else "gpu" where an accelerator is found and "cpu" where not.
        seed: int in [0, 2³²).

    Returns:
        A `Session`.

    Raises:
        ValueError: unknown backend or profile, or a seed out of range.
        ImportError: the backend is not installed.
        RuntimeError: Keras already runs on another backend.
        NotADirectoryError: COURSE_DATA names no folder.

    Example:
        >>> from course_utils import start
        >>> session = start(seed=7)  # doctest: +SKIP
        >>> session.pick(smoke=10, cpu=1_000, gpu=20_000)  # doctest: +SKIP
        1000
    """
    _check_seed(seed)
    files.own_folder()
    profile = checked_profile(profile or os.environ.get("COURSE_PROFILE"))
    chosen = choose_backend(backend)
    os.environ["KERAS_BACKEND"] = chosen
    if profile == "smoke" and chosen == "jax":  # it mostly compiles; JAX reads this when it is imported
        os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "true")
        os.environ["XLA_FLAGS"] = quick_xla_flags(os.environ.get("XLA_FLAGS", ""))
    device, model = _import_quietly(seed, hurried=profile == "smoke")
    session = Session(
        backend=chosen,
        device=device,
        profile=profile or ("cpu" if device == "cpu" else "gpu"),
        data_dir=data_folder(),
        seed=seed,
    )
    print(_table(session, model))
    return session


def installed():
    """Returns the backends that can be imported, in the order of preference, without importing them."""
    return tuple(name for name in BACKENDS if importlib.util.find_spec(name) is not None)


def data_folder():
    """Returns the folder in which data sets are looked for first: `$COURSE_DATA`, else the cache folder."""
    named = os.environ.get("COURSE_DATA")
    return Path(named).expanduser() if named else files.cache_dir(create=False)


def _check_seed(seed):
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"Found seed={seed!r}, expected an integer from 0 to 2**32 - 1, such as seed=0.")


def checked_profile(profile):
    """Returns the profile, or raises `ValueError` where it is unknown."""
    if profile and profile not in PROFILES:
        raise ValueError(
            f"Found the profile {profile!r}, expected one of {', '.join(PROFILES)}; "
            "change the argument of start() or the environment variable COURSE_PROFILE."
        )
    return profile


def checked_backend(name):
    """Returns the backend's name, or raises `ValueError` where it is unknown, `ImportError` where not installed."""
    if name not in BACKENDS:
        raise ValueError(
            f"Unable to import backend : {name}; expected one of {', '.join(BACKENDS)}, "
            "as the argument or in the environment variable KERAS_BACKEND."
        )
    here = installed()
    if name not in here:
        raise ImportError(
            f"The backend {name!r} is not installed (found: {', '.join(here) or 'none'}): "
            f"run `{INSTALL[name]}` and start again."
        )
    return name


def choose_backend(asked=None):
    """Returns the backend asked for, else KERAS_BACKEND, else what Keras already runs on, else the best installed."""
    name = asked or os.environ.get("KERAS_BACKEND")
    if name:
        checked_backend(name)
    if "keras" in sys.modules:
        running = sys.modules["keras"].config.backend()
        if name and name != running:
            raise RuntimeError(
                f"Keras already runs on {running!r} but {name!r} was asked for, and a process cannot change it: "
                "restart the kernel and call start() before anything imports Keras."
            )
        return running
    here = installed()
    if not here:
        command = INSTALL[BACKENDS[0]]
        raise ImportError(f"No backend is installed, expected one of {', '.join(BACKENDS)}: run `{command}`.")
    return name or _best(here)


def _best(here):
    """The first backend that was built for the accelerator of this machine, else the first of all."""
    if os.environ.get("TPU_NAME") or os.environ.get("COLAB_TPU_ADDR"):
        return "jax" if "jax" in here else here[0]
    if _has_nvidia_gpu():
        for name in here:
            if _built_for_cuda(name):
                return name
    return here[0]


def _has_nvidia_gpu():
    # Read from the driver: asking a framework would import it before the choice is made.
    return os.environ.get("CUDA_VISIBLE_DEVICES") != "" and (
        any(Path("/proc/driver/nvidia/gpus").glob("*")) or Path("/dev/nvidia0").exists()
    )


def _built_for_cuda(name):
    if name == "jax":
        return any(importlib.util.find_spec(f"jax_cuda{major}_plugin") for major in (12, 13))
    if name == "tensorflow":
        return not _has_distribution("tensorflow-cpu") and (
            "google.colab" in sys.modules or _has_module("nvidia.cudnn")
        )
    return any(re.match(r"nvidia|cuda", line) for line in importlib.metadata.requires("torch") or ())


def _has_distribution(name):
    try:
        return bool(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False


def _has_module(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def quick_xla_flags(flags=""):
    """Adds to XLA's flags what halves the time that JAX takes to compile small programs (measured with jax 0.10.2).

    XLA ends the process where it does not know a flag, so other versions of JAX go without.
    """
    version = importlib.metadata.version("jaxlib") if _has_module("jaxlib") else ""
    if not version.startswith("0.10.") or "fusion_emitters" in flags:
        return flags
    return f"{flags} --xla_cpu_use_fusion_emitters=false".strip()


def _import_quietly(seed, hurried):
    """Imports Keras and its framework, sets both up, and returns (kind of device, its model name)."""
    # Not even errors: its graph optimizer logs one wherever it gives up a rewrite, and what really fails also raises.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras

        from course_utils import backend

        # TensorFlow remarks on every function that it compiles anew; a notebook compiles a game for each network.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        with _absent("tensorflow"):  # Keras would import it, 4 seconds and 0.4 GB, to seed what no other backend draws
            keras.utils.set_random_seed(seed)
        keras.config.set_image_data_format("channels_last")  # whatever Keras's own file of settings says
        backend.hurry(hurried)
        keras.ops.convert_to_numpy(keras.ops.ones(1) + 1)  # the first operation has a line of noise of its own
        return backend.device()


@contextlib.contextmanager
def _absent(name):
    """Lets the import of a module fail for a while, unless it has been imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None
    try:
        yield
    finally:
        del sys.modules[name]


@contextlib.contextmanager
def quiet_stderr():
    """Holds back what native code writes to file descriptor 2 and passes on, at the end, all but the known noise."""
    try:
        saved = os.dup(2)
    except OSError:  # a process without an error stream has nothing to hold back
        yield
        return
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            lines = held.read().decode(errors="replace").splitlines(keepends=True)
            rest = "".join(line for line in lines if not _NOISE.search(line))
            if rest.strip():
                sys.stderr.write(rest)


def _table(session, model):
    """The session in five lines of text; nothing in it changes from run to run on one machine."""
    kind = session.device.upper() + ("" if session.device == "cpu" else f" ({model})")
    found = (session.data_dir / "mnist.npz").is_file()
    rows = {
        "backend": f"{session.backend} {_version(session.backend)}, Keras {_version('keras')}",
        "device": kind + (" on Colab" if "google.colab" in sys.modules else ""),
        "profile": session.profile,
        "data": "mnist.npz is at hand" if found else "downloaded on first use; drawn glyphs where there is no network",
        "seed": str(session.seed),
    }
    return "\n".join(f"{name:<9}{value}" for name, value in rows.items())


def _version(module):
    return sys.modules[module].__version__
