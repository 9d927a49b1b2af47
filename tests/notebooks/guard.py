"""A pytest plugin for nbval: a dead kernel fails at once, and a notebook that was never executed fails.

By itself nbval 0.11 waits for a dead kernel until the cell's whole time is over, throws away what the kernel wrote
before it died, and passes a notebook without outputs, having compared nothing.
"""

import json
import tempfile
import time
from queue import Empty

import pytest

nbval_kernel = pytest.importorskip("nbval.kernel")
nbval_plugin = pytest.importorskip("nbval.plugin")

POLL_SECONDS = 2
OUTPUT_SECONDS = 60  # after a cell has ended; nbval's 5 s are short on a busy machine


class KernelDied(Exception):
    """The kernel of a notebook ended in the middle of a cell."""


class WatchedKernel(nbval_kernel.RunningKernel):
    """nbval's kernel, with an eye on the process while it waits for a cell."""

    def __init__(self, *args, **kwargs):
        self.last_words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the kernel
        start = nbval_kernel.start_new_kernel

        def start_and_listen(*args, **kwargs):
            return start(*args, **{**kwargs, "stderr": self.last_words})

        nbval_kernel.start_new_kernel = start_and_listen
        try:
            super().__init__(*args, **kwargs)
        finally:
            nbval_kernel.start_new_kernel = start

    def await_reply(self, msg_id, timeout=None):
        deadline = None if timeout is None else time.monotonic() + timeout
        while deadline is None or time.monotonic() < deadline:
            try:
                return super().await_reply(msg_id, timeout=POLL_SECONDS)
            except Empty:
                if not self.is_alive():
                    raise KernelDied(self._epitaph()) from None
        raise Empty

    def _epitaph(self):
        self.last_words.seek(0)
        words = self.last_words.read()[-2000:].decode(errors="replace").strip()
        code = getattr(self.km.provisioner, "process", None)
        code = "unknown" if code is None else code.poll()
        return (
            f"The kernel died (exit code {code}); -9 is most often a full memory. "
            f"Its last words: {words or 'none'}"
        )


def pytest_configure(config):
    nbval_plugin.RunningKernel = WatchedKernel
    collect = nbval_plugin.IPyNbFile.collect
    if getattr(collect, "guarded", False):
        return

    def collect_executed(self):
        refuse_unexecuted(self.path)
        for cell in collect(self):
            cell.output_timeout = OUTPUT_SECONDS
            yield cell

    collect_executed.guarded = True
    nbval_plugin.IPyNbFile.collect = collect_executed


def refuse_unexecuted(path):
    """Fails where a code cell of a notebook was never executed, or is to be compared with an output it lacks."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    never = [number for number, cell in enumerate(code) if cell["execution_count"] is None]
    if never:
        raise pytest.Collector.CollectError(
            f"{path.name}: code cells {never} were never executed, so nothing would be compared: `make notebooks`."
        )
    for number, cell in enumerate(code):
        tagged = "nbval-check-output" in cell["metadata"].get("tags", [])
        if (tagged or "# NBVAL_CHECK_OUTPUT" in "".join(cell["source"])) and not cell["outputs"]:
            raise pytest.Collector.CollectError(
                f"{path.name}: code cell {number} asks for its output to be checked and has none stored."
            )
