"""What a machine has and lacks for the course: one finding a line, each ok or with what to do."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import typing

from course_utils import session

PROBE_SECONDS = 180
GIGABYTE = 2**30
# What a backend has to do to count as working: draw, multiply, and say on what it did so.
PROBE = """
import keras
from course_utils import backend
x = keras.random.normal((8, 8), seed=1)
assert float(keras.ops.sum(keras.ops.matmul(x, x)) * 0.0) == 0.0
kind, model = backend.device()
print(f"{kind}|{model}|{keras.__version__}")
"""


class Finding(typing.NamedTuple):
    """One line of the doctor's: what was looked at, what was found, and what to do ("" where all is well)."""

    name: str
    found: str
    advice: str = ""


def examine():
    """Yields the findings one by one; a backend takes some seconds."""
    yield _python()
    yield _keras()
    works = []
    for name in session.BACKENDS:
        finding, working = _backend(name)
        works += [name] if working else []
        yield finding
    if not works:
        yield Finding("backend", "none works", f"install one: {session.INSTALL['tensorflow']}")
    yield _data()
    yield _cache()
    yield _memory()
    yield _tools()
    yield from _address()


def _python():
    version = ".".join(map(str, sys.version_info[:3]))
    advice = "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer"
    return Finding("Python", version, advice)


def _keras():
    try:
        version = importlib.metadata.version("keras")
    except importlib.metadata.PackageNotFoundError:
        return Finding("Keras", "not installed", 'python -m pip install "keras>=3.13,<3.16"')
    good = (3, 13) <= tuple(int(part) for part in version.split(".")[:2]) < (3, 16)
    return Finding("Keras", version, "" if good else 'python -m pip install "keras>=3.13,<3.16"')


def _backend(name):
    """A backend is tried in a process of its own, since a process can hold only one."""
    if importlib.util.find_spec(name) is None:
        return Finding(name, "not installed, which is fine where another one works", ""), False
    environment = dict(os.environ, KERAS_BACKEND=name, TF_CPP_MIN_LOG_LEVEL="2")
    command = [sys.executable, "-c", PROBE]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PROBE_SECONDS)
    except subprocess.TimeoutExpired:
        return Finding(name, f"no answer within {PROBE_SECONDS} s", f"install it anew: {session.INSTALL[name]}"), False
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return Finding(name, f"does not work ({reason[:200]})", f"install it anew: {session.INSTALL[name]}"), False
    kind, model, _ = done.stdout.strip().splitlines()[-1].split("|")
    where = kind.upper() + ("" if kind == "cpu" else f" ({model})")
    return Finding(name, f"{importlib.metadata.version(_distribution(name))} works on the {where}"), True


def _distribution(name):
    return importlib.metadata.packages_distributions().get(name, [name])[0]


def _data():
    folder = session.data_folder()
    named = "COURSE_DATA" in os.environ
    if named and not folder.is_dir():
        return Finding("data", f"COURSE_DATA names {folder}, which is no folder", "correct it or unset COURSE_DATA")
    if (folder / "mnist.npz").is_file():
        return Finding("data", f"mnist.npz in {folder}")
    return Finding("data", f"no MNIST in {folder} yet; downloaded on first use, drawn glyphs where there is no network")


def _cache():
    from course_utils import files

    try:
        folder = files.cache_dir()
    except PermissionError as error:
        return Finding("cache", str(error), "set COURSE_CACHE to a folder of your own")
    free = shutil.disk_usage(folder).free / GIGABYTE
    advice = "" if free > 1 else "free at least 1 GB, or set COURSE_CACHE to another disk"
    return Finding("cache", f"{folder}, {free:.0f} GB free", advice)


def _memory():
    total = _memory_bytes()
    if total is None:
        return Finding("memory", "this system does not say how much; a notebook takes up to 4 GB")
    advice = "" if total > 4 * GIGABYTE else "close other programs; a notebook takes up to 4 GB"
    return Finding("memory", f"{total / GIGABYTE:.0f} GB free", advice)


def _memory_bytes():
    try:
        with open("/proc/meminfo") as lines:
            fields = dict(line.split(":", 1) for line in lines)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _tools():
    missing = [name for name in ("jupytext", "nbclient", "nbconvert") if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("notebooks", f"{', '.join(missing)} not installed", f"python -m pip install {' '.join(missing)}")
    return Finding("notebooks", "can be run and turned into pages")


def _address():
    """Compares the address that badges and setup cells name with where the clone was cloned from; nothing elsewhere."""
    from course_utils.press import notebooks

    try:
        folder = notebooks.root()
        command = ["git", "-C", str(folder), "remote", "get-url", "origin"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return
    cloned, named = _plain(done.stdout), notebooks.address(folder)
    if not cloned.startswith("https://"):  # no remote, or a folder
        return
    if cloned.lower() == named.lower():
        yield Finding("address", f"badges and setup cells name {named}, as does git")
    else:
        advice = f"in a fork of your own: course address {cloned}"
        yield Finding("address", f"badges and setup cells name {named}, git names {cloned}", advice)


def _plain(remote):
    """The address of a remote as a browser takes it."""
    found = remote.strip().removesuffix("/").removesuffix(".git")
    return re.sub(r"^(?:ssh://)?git@([^:/]+)[:/]", r"https://\1/", re.sub(r"^https://[^@/]*@", "https://", found))
