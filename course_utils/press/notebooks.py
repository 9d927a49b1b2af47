"""Notebooks and their text twins: find, regenerate, execute, normalise, stamp.

People edit the twin, `notebooks/text/NN_topic.py`; the notebook `notebooks/NN_topic.ipynb` is made from it. jupytext,
nbformat and nbclient come with the extra `dev` and are imported where they are used.
"""

import hashlib
import os
import re
import tempfile
import time
import tomllib
from pathlib import Path

from course_utils import files

COLAB = {"accelerator": "GPU", "colab": {"gpuType": "T4", "provenance": []}}  # what Colab reads: it offers a GPU
UNTITLED = "Untitled"  # what a notebook without a heading is called
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")
LONG = "long"  # the tag of a code cell that may have more than MOST_LINES lines
MOST_LINES = 15
MOST_BYTES = 1_000_000
CELL_SECONDS = {"smoke": 300, "cpu": 1800, "gpu": 3600}


def root():
    """Returns the root of the clone: the working folder or one above it, else the folder of the package.

    Raises:
        FileNotFoundError: neither holds `notebooks/text`.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks" / "text").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise FileNotFoundError(
        f"Found no notebooks/text in {here} or above it, expected a clone of the project: change into one."
    )


def address(folder=None):
    """Returns the project's address, which stands in `[project.urls]` of pyproject.toml and nowhere else."""
    text = ((folder or root()) / "pyproject.toml").read_text()
    return tomllib.loads(text)["project"]["urls"]["Repository"]


def twins(folder=None):
    """Returns the text twins in the order of the lectures."""
    return sorted(((folder or root()) / "notebooks" / "text").glob("[0-9][0-9]_*.py"))


def notebook_of(twin):
    """Returns the path of the notebook that belongs to a text twin."""
    return twin.parents[1] / f"{twin.stem}.ipynb"


def find(names=(), folder=None):
    """Returns the twins of lectures named by number ("01", "1"), topic ("vae") or both ("01_vae"); all by default.

    Raises:
        ValueError: no such lecture, or none at all.
    """
    known = twins(folder)
    if not known:
        raise ValueError("Found no lecture in notebooks/text, expected files such as 01_vae.py.")
    chosen = []
    for name in names:
        wanted = Path(str(name)).stem
        wanted = f"{int(wanted):02d}" if wanted.isdecimal() else wanted
        match = [t for t in known if wanted in (t.stem, t.stem[:2], t.stem[3:])]
        if not match:
            raise ValueError(f"Found no lecture {name!r}, expected one of: {', '.join(t.stem for t in known)}.")
        chosen += [t for t in match if t not in chosen]
    return chosen or known


def read_twin(twin):
    """Reads a text twin as a notebook without outputs."""
    import jupytext

    notebook = jupytext.read(twin)
    notebook.metadata.pop("jupytext", None)
    notebook.metadata.update(COLAB)
    return notebook


def title(notebook):
    """Returns the first heading of a notebook."""
    found = re.search(r"^# (.+)$", "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown"), re.M)
    return found.group(1).strip() if found else UNTITLED


def regenerate(twin):
    """Makes the notebook from its twin and keeps the outputs of cells that did not change."""
    import nbformat
    from jupytext.combine import combine_inputs_with_outputs

    source, path = read_twin(twin), notebook_of(twin)
    if not path.exists():
        return source
    old = nbformat.read(path, as_version=4)
    notebook = combine_inputs_with_outputs(source, old)
    notebook.metadata.update({k: v for k, v in old.metadata.items() if k == "course"})
    return notebook


def content(notebook):
    """Returns what a twin and its notebook share: (cell type, source, tags) of every cell."""
    return [(c.cell_type, c.source, tuple(c.metadata.get("tags", ()))) for c in notebook.cells]


def code_hash(notebook):
    """Returns the SHA-256 of the code cells; figures are fresh as long as it equals the stamp."""
    code = "\n# %%\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()


def is_fresh(notebook):
    """Says whether the outputs come from the code that stands above them."""
    return notebook.metadata.get("course", {}).get("code_sha256") == code_hash(notebook)


async def execute(notebook, *, folder, backend, profile, cell_seconds=None, progress=None):
    """Executes a notebook in place in a kernel of its own.

    Args:
        notebook: the notebook.
        folder: the kernel's working folder.
        backend: a backend, or None to let `start()` choose.
        profile: "smoke", "cpu" or "gpu".
        cell_seconds: the longest time a cell may take; by default what the profile allows.
        progress: called with (code cells begun, code cells in all).

    Returns:
        The seconds it took.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised.
        nbclient.exceptions.CellTimeoutError: a cell took too long.
        nbclient.exceptions.DeadKernelError: the kernel died.
    """
    from nbclient import NotebookClient

    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]

    def begun(cell, cell_index):
        if progress:
            progress(code.index(cell_index) + 1, len(code))

    client = NotebookClient(
        notebook,
        timeout=cell_seconds or CELL_SECONDS[profile],
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        on_cell_execute=begun,
    )
    environment = dict(os.environ, COURSE_PROFILE=profile, COURSE_BUILD="1", PYDEVD_DISABLE_FILE_VALIDATION="1")
    environment.update({"KERAS_BACKEND": backend} if backend else {})
    began = time.monotonic()
    await _listen(client, environment)
    return time.monotonic() - began


async def _listen(client, environment):
    """Executes with the kernel's own messages kept off the terminal; a dead kernel's last ones go into the error."""
    from nbclient.exceptions import DeadKernelError

    with tempfile.TemporaryFile() as stderr:
        try:
            await client.async_execute(env=environment, stderr=stderr)
        except AssertionError:
            if client.km is not None:
                raise
            raise KeyboardInterrupt from None  # nbclient takes Ctrl-C, ends the kernel and then stumbles over that
        except DeadKernelError as error:
            stderr.seek(0)
            lines = stderr.read()[-2000:].decode(errors="replace").splitlines()
            words = "\n".join(line for line in lines if not line.startswith("[IPKernelApp]")).strip()  # of its start
            raise DeadKernelError(f"{error}; its last words: {words or 'none'}") from error


def normalise(notebook):
    """Takes out of an executed notebook, in place, all that differs between runs or machines.

    Returns:
        The lines that were removed from the error stream, but for news of downloads: noise that its author should
        hear of.
    """
    noise = []
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata["language_info"] = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    for cell in notebook.cells:
        for key in ("execution", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            outputs = [o for o in cell.outputs if o.get("name") != "stderr" and not _is_widget(o)]
            said = "".join(o.text for o in cell.outputs if o.get("name") == "stderr").splitlines()
            noise += [line for line in said if line.strip() and not line.startswith("downloading ")]
            cell.outputs = outputs
    return noise


def _is_widget(output):
    return any(mime.startswith("application/vnd.jupyter.widget") for mime in output.get("data", {}))


def stamp(notebook, *, backend, profile):
    """Writes into the notebook's metadata which code made its outputs, on what and in which profile."""
    notebook.metadata["course"] = {"backend": backend, "code_sha256": code_hash(notebook), "profile": profile}


def write(notebook, path):
    """Writes a notebook atomically."""
    import nbformat

    nbformat.validate(notebook)
    files.write_atomic(path, (nbformat.writes(notebook).rstrip("\n") + "\n").encode())


def rewrite_address(new, folder=None):
    """Moves the project to a new address: pyproject.toml, README, twins, notebooks with their stamps.

    Args:
        new: such as "https://github.com/someone/course".

    Returns:
        The files that changed.

    Raises:
        ValueError: not an https address of the form https://host/owner/name.
    """
    import nbformat

    folder = folder or root()
    if not re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+", new):
        raise ValueError(f"Found the address {new!r}, expected the form https://github.com/owner/name.")
    old = address(folder)
    pairs = {old: new, "/".join(old.split("/")[-2:]): "/".join(new.split("/")[-2:])}
    books = [notebook_of(t) for t in twins(folder) if notebook_of(t).exists()]
    changed = []
    for path in (folder / "pyproject.toml", folder / "README.md", *twins(folder), *books):
        before = after = path.read_text()
        for was, becomes in pairs.items():
            after = after.replace(was, becomes)
        if after == before:
            continue
        changed.append(path)
        if path.suffix != ".ipynb":
            files.write_atomic(path, after.encode())
            continue
        notebook = nbformat.reads(after, as_version=4)
        if is_fresh(nbformat.reads(before, as_version=4)):  # the address alone makes no figure stale
            notebook.metadata["course"]["code_sha256"] = code_hash(notebook)
        write(notebook, path)
    return changed
