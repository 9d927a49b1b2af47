"""The plugin for nbval, tried on notebooks that are broken on purpose."""

import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]


def nbval(folder, *cells, executed=True, seconds=60):
    """Runs nbval with the plugin over one notebook; returns (exit status, output, seconds)."""
    counts = range(1, len(cells) + 1) if executed else [None] * len(cells)
    made = [new_code_cell(source, execution_count=count) for source, count in zip(cells, counts)]
    nbformat.write(new_notebook(cells=made), folder / "broken.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.notebooks.guard", "-p", "no:cacheprovider",
               "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={seconds}", "--rootdir", str(folder),
               str(folder / "broken.ipynb")]
    began = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1500)
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


def test_a_good_notebook_passes(tmp_path):
    status, output, _ = nbval(tmp_path, "x = 1", "assert x == 1")
    assert status == 0, output
    assert "2 passed" in output


def test_a_dead_kernel_fails_at_once_with_its_last_words(tmp_path):
    dying = "import os, sys\nos.write(2, b'out of memory')\nos._exit(3)"
    status, output, seconds = nbval(tmp_path, "x = 1", dying, "x", seconds=600)
    assert status == 1
    assert "The kernel died (exit code 3)" in output
    assert seconds < 60


def test_a_slow_cell_still_times_out(tmp_path):
    status, output, _ = nbval(tmp_path, "import time\ntime.sleep(600)", seconds=4)
    assert status == 1
    assert "Timeout of 4 seconds exceeded" in output


def test_a_notebook_that_was_never_executed_fails(tmp_path):
    status, output, _ = nbval(tmp_path, "x = 1", executed=False)
    assert status != 0
    assert "never executed" in output


def test_a_comparison_without_a_stored_output_fails(tmp_path):
    status, output, _ = nbval(tmp_path, "# NBVAL_CHECK_OUTPUT\nprint(1)")
    assert status != 0
    assert "has none stored" in output
