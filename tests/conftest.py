"""Settings for all tests: the backend comes from KERAS_BACKEND, figures need no screen, nothing touches the network."""

import os
import socket

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
_REAL_DATA = os.environ.get("COURSE_DATA")
# Tests give the folders they need themselves; what this machine happens to have must not decide.
for name in ("COURSE_DATA", "COURSE_CACHE", "COURSE_PROFILE"):
    os.environ.pop(name, None)


@pytest.fixture
def real_data():
    """The folder that COURSE_DATA named when the tests began; skips the test where it named none."""
    if not _REAL_DATA:
        pytest.skip("COURSE_DATA names no folder")
    return _REAL_DATA


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Lets a test talk to its own machine only: a test that needs the network fails wherever it runs."""
    connect = socket.socket.connect

    def guarded(self, address):
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("localhost", "127.0.0.1", "::1"):
            raise OSError(f"the tests run offline and {host} was asked for")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
