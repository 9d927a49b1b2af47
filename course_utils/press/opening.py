"""How every notebook begins: badges and the set-up cell; one command renews them."""

import re

from course_utils import __version__, files
from course_utils.press import notebooks

SETUP = """\
import os
import subprocess
import sys

if "google.colab" in sys.modules or "KAGGLE_KERNEL_RUN_TYPE" in os.environ:  # elsewhere it is installed already
    package = "git+{address}@v{version}"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", package]
    if subprocess.run(command).returncode:
        raise SystemExit(f"Found no way to install {package}: turn the network on and run this cell once more.")

from course_utils import start

session = start()  # picks the backend, so it comes before anything that imports Keras"""
PLACES = """\
[![Open this notebook in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})
[![Open this notebook in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)]({kaggle})
[![Open this notebook in Binder](https://mybinder.org/badge_logo.svg)]({binder})
For a GPU choose *Runtime › Change runtime type* on Colab, *Session options › Accelerator* on Kaggle; Binder has none.
"""
COLAB = "https://colab.research.google.com/github/{project}/blob/main/notebooks/{name}.ipynb"
KAGGLE = "https://kaggle.com/kernels/welcome?src={address}/blob/main/notebooks/{name}.ipynb"
BINDER = "https://mybinder.org/v2/gh/{project}/main?urlpath=lab/tree/notebooks/{name}.ipynb"
LINKS = COLAB, KAGGLE, BINDER
_BADGES = re.compile(r"^# \[!\[Open this notebook in\n?.*?(?=^#\n|^$)", re.MULTILINE | re.DOTALL)
_SETUP = re.compile(
    r"^import (?:os\nimport )?subprocess\nimport sys\n\nif \"google\.colab\".*?^session = start\(\).*?$", re.M | re.S
)


def setup_cell(folder=None):
    """Returns the source of the setup cell with which every notebook begins: it installs this version."""
    return SETUP.replace("{address}", notebooks.address(folder)).replace("{version}", __version__)


def places(name, folder=None):
    """Returns the paragraph of badges of a notebook, and how to get a GPU there."""
    address = notebooks.address(folder).rstrip("/")
    values = {"address": address, "project": "/".join(address.split("/")[-2:]), "name": name}
    links = {key: link.format(**values) for key, link in zip(("colab", "kaggle", "binder"), LINKS)}
    return PLACES.format(**links).strip()


def renew(folder=None):
    """Writes badges and set-up cell into every twin and notebook, and into the README. Nothing is executed again.

    The set-up cell draws no figure, so what was fresh stays fresh.

    Returns:
        The files that changed.
    """
    folder = folder or notebooks.root()
    changed = []
    for twin in notebooks.twins(folder):
        before = notebooks.regenerate(twin)
        fresh, path = notebooks.is_fresh(before), notebooks.notebook_of(twin)
        text = twin.read_text(encoding="utf-8")
        changed += _written(twin, _renewed(text, twin.stem, folder))
        if path.exists():
            old = path.read_bytes()
            after = notebooks.regenerate(twin)
            _keep_outputs(before, after)
            if fresh:
                after.metadata["course"]["code_sha256"] = notebooks.code_hash(after)
            notebooks.write(after, path)
            changed += [path] if path.read_bytes() != old else []
    readme = folder / "README.md"
    changed += _written(readme, _SETUP.sub(lambda _: setup_cell(folder), readme.read_text(encoding="utf-8"), count=1))
    return changed


def _renewed(text, name, folder):
    """A twin with the badges and the set-up cell of today."""
    badges = "".join(f"# {line}\n" for line in places(name, folder).splitlines())
    return _SETUP.sub(lambda _: setup_cell(folder), _BADGES.sub(lambda _: badges, text, count=1), count=1)


def _keep_outputs(before, after):
    """The set-up cell is another one now, and what it printed is the same."""
    first = next(cell for cell in before.cells if cell.cell_type == "code")
    setup = next(cell for cell in after.cells if cell.cell_type == "code")
    setup.outputs, setup.execution_count = first.outputs, first.execution_count


def _written(path, text):
    if path.read_text(encoding="utf-8") == text:
        return []
    files.write_atomic(path, text.encode())
    return [path]
