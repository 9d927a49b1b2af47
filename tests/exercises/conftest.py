"""Lets the tests of this folder import `answers` and `mistakes`, and be patient on a busy machine."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A right answer that JAX compiles may take long where many tests run at once."""
    from course_utils.exercises import calling

    monkeypatch.setattr(calling, "SECONDS", 120.0)
