"""Every committed notebook: equals its twin, was executed, is fresh, clean, small and accessible."""

import copy
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.press import notebooks, opening

pytestmark = pytest.mark.once

ROOT = notebooks.root()
TWINS = notebooks.twins(ROOT)
NAMES = [twin.stem for twin in TWINS]
LOCAL_PATH = re.compile(r"(?<![\w./:])/(?:home|root|tmp|work|mnt|opt|usr|Users|content|private)/[\w.-]")
MEMORY_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def outputs(notebook):
    return [output for cell in code(notebook) for output in cell.outputs]


def faults(notebook):
    """Everything that is wrong with an executed notebook, one line a fault."""
    found = []
    if not notebooks.is_fresh(notebook):
        found.append("its outputs come from other code: make notebooks")
    if "widgets" in notebook.metadata:
        found.append("metadata.widgets breaks the view on web pages")
    for number, cell in enumerate(notebook.cells):
        where = f"cell {number}"
        if cell.metadata.get("slideshow", {}).get("slide_type") not in notebooks.SLIDE_TYPES:
            found.append(f"{where}: no slideshow metadata")
        if cell.cell_type == "markdown":
            found += [f"{where}: {fault}" for fault in markdown_faults(cell.source)]
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if cell.execution_count is None:
            found.append(f"{where}: never executed")
        lines, tags = len(cell.source.splitlines()), cell.metadata.get("tags", [])
        if lines > notebooks.MOST_LINES and notebooks.LONG not in tags:
            found.append(f"{where}: {lines} lines, expected at most {notebooks.MOST_LINES} or the tag `long`")
        for output in cell.outputs:
            found += [f"{where}: {fault}" for fault in output_faults(output)]
        if "interact" in re.findall(r"\b(interact)\(", cell.source):
            found.append(f"{where}: interact hangs executors; use observe")
    return found


def markdown_faults(source):
    if LOCAL_PATH.search(source):
        yield "a local path"
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", source)
    yield from (f"the picture {url} has no alt text" for alt, url in pictures if not alt.strip())
    yield from (f"{tag} has no alt text" for tag in re.findall(r"<img[^>]*>", source) if not re.search(r"alt=.\w", tag))
    if re.search(r"<script|<iframe", source):
        yield "a script or frame"


def output_faults(output):
    if output.output_type == "error":
        yield f"the error {output.ename} is stored"
    if output.get("name") == "stderr":
        yield f"the error stream says {output.text[:80]!r}"
    data = output.get("data", {})
    for mime in data:
        if "javascript" in mime or mime.startswith("application/vnd.jupyter.widget"):
            yield f"an output of type {mime}"
    page = "".join(data.get("text/html", ""))
    if re.search(r"<script|<iframe|<link|(?:src|href)=.(?:https?:)?//", page):
        yield "HTML or a script from elsewhere"
    text = "".join(output.get("text", "")) + "".join(data.get("text/plain", "")) + page
    if LOCAL_PATH.search(text):
        yield f"a local path: {LOCAL_PATH.search(text)[0]}"
    if MEMORY_ADDRESS.search(text):
        yield "a memory address, which differs between runs"
    for mime in set(PICTURES) & set(data):
        if not output.metadata.get(mime, {}).get("alt", "").strip():
            yield f"a picture ({mime}) without alt text"


@pytest.fixture(params=TWINS, ids=NAMES)
def twin(request):
    return request.param


@pytest.fixture
def notebook(twin):
    path = notebooks.notebook_of(twin)
    assert path.exists(), f"{path.name} is missing: make notebooks LECTURES={twin.stem[:2]}"
    return nbformat.read(path, as_version=4)


def test_there_is_a_twin_for_every_notebook():
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} == set(NAMES)
    assert NAMES


def test_the_notebook_equals_its_twin(twin, notebook):
    assert notebooks.content(notebook) == notebooks.content(notebooks.read_twin(twin))


def test_the_notebook_has_no_faults(notebook):
    nbformat.validate(notebook)
    assert faults(notebook) == []
    assert len(outputs(notebook)) > 0


def test_the_notebook_is_small(twin):
    assert notebooks.notebook_of(twin).stat().st_size <= notebooks.MOST_BYTES


def test_the_notebook_begins_as_all_do(twin, notebook):
    title, setup = notebook.cells[0], code(notebook)[0]
    assert title.cell_type == "markdown"
    assert title.source.startswith("# ")
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert len(re.findall(r"^# ", re.sub(r"```.*?```", "", prose, flags=re.DOTALL), re.MULTILINE)) == 1
    assert opening.places(twin.stem, ROOT) in title.source, "run `course opening`"
    assert notebook.metadata["accelerator"] == "GPU" and "colab" in notebook.metadata
    assert setup.source.strip() == opening.setup_cell(ROOT), "run `course opening`"


def test_the_readme_shows_the_setup_cell():
    assert opening.setup_cell(ROOT) in (ROOT / "README.md").read_text()


# The checks themselves: each must turn down what it is for.


@pytest.fixture
def clean():
    marked = {"slideshow": {"slide_type": "slide"}}
    picture = new_output("display_data", data={"image/png": "AAAA"}, metadata={"image/png": {"alt": "a line"}})
    cells = [
        new_markdown_cell("# Title", metadata=copy.deepcopy(marked)),
        new_code_cell("1 + 1", execution_count=1, outputs=[picture], metadata=copy.deepcopy(marked)),
    ]
    notebook = new_notebook(cells=cells)
    notebooks.stamp(notebook, backend="jax", profile="cpu")
    return notebook


def test_a_clean_notebook_passes(clean):
    assert faults(clean) == []


def _output(kind, **fields):
    def spoil(notebook):
        notebook.cells[1].outputs.append(new_output(kind, **fields))

    return spoil


def _html(page):
    return _output("display_data", data={"text/html": page})


def _cell(**fields):
    def spoil(notebook):
        notebook.cells[1].update(fields)
        notebooks.stamp(notebook, backend="jax", profile="cpu")

    return spoil


SPOILED = {
    "other code": (lambda nb: nb.cells[1].update(source="1 + 2"), "other code"),
    "widgets": (lambda nb: nb.metadata.update(widgets={}), "metadata.widgets"),
    "error": (_output("error", ename="ValueError", evalue="", traceback=[]), "the error ValueError"),
    "stderr": (_output("stream", name="stderr", text="warning"), "error stream"),
    "script": (_html("<script>1</script>"), "from elsewhere"),
    "foreign": (_html('<img alt="x" src="https://example.org/a.png">'), "from elsewhere"),
    "javascript": (_output("display_data", data={"application/javascript": "1"}), "javascript"),
    "widget": (_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}}), "widget"),
    "path": (_output("stream", name="stdout", text="saved /home/me/x"), "a local path"),
    "address": (_output("stream", name="stdout", text="<A at 0x7f2168031130>"), "memory address"),
    "no alt": (_output("display_data", data={"image/png": "AAAA"}), "without alt text"),
    "no slide": (lambda nb: nb.cells[0].metadata.clear(), "no slideshow"),
    "never run": (_cell(execution_count=None), "never executed"),
    "long": (_cell(source="\n".join(["x = 1"] * 16)), "16 lines"),
    "interact": (_cell(source="interact(f)"), "interact"),
    "markdown image": (lambda nb: nb.cells[0].update(source="# T\n![](a.png)"), "no alt text"),
    "markdown path": (lambda nb: nb.cells[0].update(source="# T\nin /home/me/x"), "a local path"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_notebook_is_turned_down(clean, name):
    spoil, expected = SPOILED[name]
    spoil(clean)
    assert any(expected in fault for fault in faults(clean)), faults(clean)


def test_a_tagged_cell_may_be_long(clean):
    _cell(source="\n".join(["x = 1"] * 16))(clean)
    clean.cells[1].metadata["tags"] = [notebooks.LONG]
    assert faults(clean) == []


def test_normalising_takes_out_what_differs_between_runs(clean):
    cell = clean.cells[1]
    cell.metadata["execution"] = {"iopub.execute_input": "now"}
    clean.metadata["widgets"] = {}
    clean.metadata["language_info"] = {"version": "3.11.7"}
    for spoil in ("stderr", "widget"):
        SPOILED[spoil][0](clean)
    before = cell.outputs[0]
    assert notebooks.normalise(clean) == ["warning"]
    assert cell.outputs == [before]
    assert "execution" not in cell.metadata
    assert "version" not in clean.metadata["language_info"]
    assert faults(clean) == []


def test_prose_keeps_the_stamp_and_code_breaks_it(clean):
    clean.cells[0].source = "# Another title"
    assert notebooks.is_fresh(clean)
    clean.cells[1].source += "  # a comment"
    assert not notebooks.is_fresh(clean)


@pytest.fixture
def clone(tmp_path):
    """A tiny clone: pyproject, README, one twin with its notebook."""
    text = tmp_path / "notebooks" / "text"
    text.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    badges = opening.places("01_tiny", ROOT).replace("\n", "\n# ")
    twin = text / "01_tiny.py"
    twin.write_text(
        f"# %% [markdown]\n# # Tiny\n#\n# {badges}\n\n"
        f"# %% tags=[\"a\"]\n{opening.setup_cell(ROOT)}\n\n# %%\nprint(1 + 1)\n"
    )
    (text / "02_other.py").write_text("# %%\n1\n")
    return tmp_path


def test_find_by_number_topic_and_name(clone):
    for name in ("01", "1", "tiny", "01_tiny", "01_tiny.ipynb"):
        assert [t.stem for t in notebooks.find([name], clone)] == ["01_tiny"]
    assert [t.stem for t in notebooks.find((), clone)] == ["01_tiny", "02_other"]
    with pytest.raises(ValueError, match="Found no lecture '42', expected one of: 01_tiny, 02_other"):
        notebooks.find(["42"], clone)


def test_regenerating_keeps_outputs_of_cells_that_did_not_change(clone):
    twin = notebooks.find(["01"], clone)[0]
    notebook = notebooks.regenerate(twin)
    assert notebooks.content(notebook)[1][2] == ("a",)
    notebook.cells[2].outputs = [new_output("stream", text="2\n")]
    notebook.cells[2].execution_count = 2
    notebooks.stamp(notebook, backend="jax", profile="cpu")
    notebooks.write(notebook, notebooks.notebook_of(twin))
    twin.write_text(twin.read_text().replace("# # Tiny", "# # Small"))
    again = notebooks.regenerate(twin)
    assert again.cells[0].source.startswith("# Small")
    assert again.cells[2].outputs == notebook.cells[2].outputs
    assert [c.id for c in again.cells[1:]] == [c.id for c in notebook.cells[1:]]
    assert notebooks.is_fresh(again)
    twin.write_text(twin.read_text().replace("1 + 1", "1 + 2"))
    assert not notebooks.is_fresh(notebooks.regenerate(twin))


def test_a_new_address_moves_everything_and_keeps_figures_fresh(clone):
    twin = notebooks.find(["01"], clone)[0]
    notebook = notebooks.regenerate(twin)
    notebooks.stamp(notebook, backend="jax", profile="cpu")
    notebooks.write(notebook, notebooks.notebook_of(twin))
    old = notebooks.address(clone)
    changed = notebooks.rewrite_address("https://example.org/me/mine", clone)
    assert {path.name for path in changed} == {"pyproject.toml", "README.md", "01_tiny.py", "01_tiny.ipynb"}
    for path in changed:
        text = path.read_text()
        assert old not in text
        assert "me/mine" in text
    moved = nbformat.read(notebooks.notebook_of(twin), as_version=4)
    assert notebooks.is_fresh(moved)
    assert notebooks.content(moved) == notebooks.content(notebooks.read_twin(twin))
    assert moved.cells[1].source == opening.setup_cell(clone)
    assert opening.places("01_tiny", clone) in moved.cells[0].source
    with pytest.raises(ValueError, match="expected the form https://"):
        notebooks.rewrite_address("somewhere", clone)


def test_a_new_opening_is_written_everywhere_and_keeps_outputs_and_figures_fresh(clone, monkeypatch):
    twin = notebooks.find(["01"], clone)[0]
    notebook = notebooks.regenerate(twin)
    notebook.cells[1].outputs = [new_output("stream", text="backend  jax\n")]
    notebook.cells[2].outputs = [new_output("stream", text="2\n")]
    notebooks.stamp(notebook, backend="jax", profile="cpu")
    notebooks.write(notebook, notebooks.notebook_of(twin))
    opening.renew(clone)
    assert opening.renew(clone) == []
    monkeypatch.setattr(opening, "__version__", "9.9")
    changed = opening.renew(clone)
    assert {path.name for path in changed} == {"README.md", "01_tiny.py", "01_tiny.ipynb"}
    after = nbformat.read(notebooks.notebook_of(twin), as_version=4)
    assert "@v9.9" in after.cells[1].source and "@v9.9" in (clone / "README.md").read_text()
    assert [cell.outputs for cell in after.cells[1:]] == [cell.outputs for cell in notebook.cells[1:]]
    assert notebooks.is_fresh(after)
    assert notebooks.content(after) == notebooks.content(notebooks.read_twin(twin))


@pytest.mark.parametrize("status", [0, 1])
def test_the_set_up_cell_installs_where_nothing_is_and_says_in_a_sentence_why_it_cannot(status, monkeypatch, capsys):
    import subprocess

    calls, done = [], subprocess.CompletedProcess([], status)
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    monkeypatch.setattr(subprocess, "run", lambda command: calls.append(command) or done)
    monkeypatch.setattr("course_utils.start", lambda: "a session")
    script = compile(opening.setup_cell(ROOT), "setup", "exec")
    if status:
        with pytest.raises(SystemExit, match=r"Found no way to install git\+https://.*@v.*: turn the network on"):
            exec(script, {})
    else:
        found = {}
        exec(script, found)
        assert found["session"] == "a session"
    assert calls[0][1:] == ["-m", "pip", "install", "-q", "--no-deps", calls[0][-1]]
