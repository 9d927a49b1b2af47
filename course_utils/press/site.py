"""The course as a site: Sphinx and myst-nb over the notebooks' stored outputs, readable from a disk without a network.

Lectures with search, contents, dark mode, previous and next; the API from the docstrings; all results; all errata; a
glossary. Formulas are MathML, and figures keep their alt text.
"""

import base64
import html
import io
import logging
import os
import re
import shutil
import tempfile
from pathlib import Path

from course_utils import files
from course_utils.press import deck, notebooks, pages, reference, results

EXTENSIONS = ("myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", __name__)
SETTINGS = {
    "project": "Generative models, from autoencoders to StyleGAN",
    "copyright": "",
    "extensions": list(EXTENSIONS),
    "exclude_patterns": [],
    "html_theme": "sphinx_book_theme",
    "html_title": "Generative models",
    "html_show_sphinx": False,
    "html_show_copyright": False,
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_math_renderer": "mathml",
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {
        "show_navbar_depth": 1, "show_toc_level": 2, "use_download_button": False, "use_fullscreen_button": False,
        "navigation_with_keys": True, "pygments_light_style": "xcode", "navbar_persistent": [],
        "content_footer_items": [],
    },
    "html_css_files": ["course.css"],
    "html_static_path": ["_static"],
    "pygments_style": "xcode",
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "autodoc_member_order": "bysource",
    "autodoc_preserve_defaults": True,  # else a folder stands there as it is called on this machine
    "autodoc_typehints": "none",
    "napoleon_use_ivar": True,  # what a docstring says of a property is no second description of it
    "autoclass_content": "class",
    "suppress_warnings": ["mystnb.unknown_mime_type", "myst.header", "myst.xref_missing", "ref", "docutils"],
}  # fmt: skip
# What the theme leaves without a name or landmark for a screen reader.
NAMED = {
    '<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar">':
        '<div id="pst-primary-sidebar" class="bd-sidebar-primary bd-sidebar" role="navigation" aria-label="Course">',
    '<summary><span class="toctree-toggle"': '<summary aria-label="pages below"><span class="toctree-toggle"',
    'title="Search" aria-label="Search" data-bs-placement': 'title="Search" data-bs-placement',
    '<summary aria-label="Toggle hidden content">': "<summary>",  # its own words say more
    '<th class="head"><p></p></th>': "<td></td>",
}  # fmt: skip
PLAY = """## Try it

<iframe src="../playground/{name}.html" title="Playground" loading="lazy" class="playground"></iframe>"""
GLOSSARY, CSS = (Path(__file__).with_name(name) for name in ("glossary.md", "site.css"))


def build(out, lectures=None, folder=None, play=None):
    """Builds the site.

    Args:
        out: the folder for it; what stood there is replaced.
        lectures: paths of executed notebooks; by default those of the clone, with their stored outputs.
        folder: root of the clone.
        play: folder of a playground; the lectures that it has a page for show it, and the site gets a copy.

    Returns:
        Path of the first page.

    Raises:
        ImportError: Sphinx and myst-nb are not installed.
        ValueError: Sphinx found something wrong; the message has its warnings.
    """
    from sphinx.application import Sphinx

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # the API pages import the package, and with it a backend
    folder = folder or notebooks.root()
    lectures = lectures or [notebooks.notebook_of(twin) for twin in notebooks.twins(folder)]
    out = Path(out).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        source, made = Path(scratch) / "source", Path(scratch) / "made"
        written = _write_source(source, lectures, folder, {page.stem for page in Path(play or source).glob("*.html")})
        status, warnings = _Lines(), _Lines()
        logging.getLogger("sphinx").handlers.clear()
        app = Sphinx(source, None, made, Path(scratch) / "doctrees", "html", SETTINGS, status=status, warning=warnings)
        app.build()
        problems = [line for line in warnings.lines if line.strip()]
        if app.statuscode or problems:
            raise ValueError("Found in Sphinx's warnings, expected none:\n" + "\n".join(problems[:20]))
        for page in made.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            for was, becomes in NAMED.items():
                text = text.replace(was, becomes)
            alts = written.get(page.stem, []) if page.parent.name == "lectures" else []
            page.write_text(with_alt_texts(text, alts), encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out, ignore=shutil.ignore_patterns(".buildinfo*", "objects.inv"))
        if play and Path(play).is_dir():
            shutil.copytree(play, out / "playground")
    return out / "index.html"


class _Lines:
    """A stream that keeps what Sphinx says."""

    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines += text.splitlines()

    def flush(self):
        pass

    def isatty(self):
        return False


def _write_source(source, lectures, folder, playable=()):
    """Writes what Sphinx reads; returns the alt texts of each lecture's figures by name."""
    import nbformat

    written, books = {}, {}
    for path in map(Path, lectures):
        books[path.stem] = nbformat.read(path, as_version=4)
        if path.stem in playable:
            books[path.stem].cells.append(nbformat.v4.new_markdown_cell(PLAY.format(name=path.stem)))
        written[path.stem] = _write_lecture(books[path.stem], source / "lectures" / path.name, folder)
    pages_ = {
        "index.md": _index(books, folder),
        "results.md": "# Results\n\n" + _results_text() + "\n" + results.table(),
        "errata.md": _errata(books),
        "glossary.md": GLOSSARY.read_text(encoding="utf-8"),
        **{f"{name}.md": text for name, text in reference.written().items()},
        "_static/course.css": CSS.read_text(encoding="utf-8"),
    }
    for name, text in pages_.items():
        files.write_atomic(source / name, text.encode())
    for name, book in books.items():
        if picture := deck.cover(book):
            files.write_atomic(source / "_static" / "covers" / f"{name}.png", _small(base64.b64decode(picture[0])))
    return written


def _small(png, width=560):
    """Returns a picture as PNG, at most so many pixels wide."""
    from PIL import Image

    image, made = Image.open(io.BytesIO(png)).convert("RGB"), io.BytesIO()
    image.thumbnail((width, width))
    image.save(made, "PNG", optimize=True)
    return made.getvalue()


def _write_lecture(notebook, path, folder):
    """Writes one notebook for myst-nb: without badges, which load from elsewhere; returns its alt texts in order."""
    from nbformat.v4 import new_markdown_cell

    alts = []
    if notebooks.title(notebook) == notebooks.UNTITLED:
        notebook.cells.insert(0, new_markdown_cell(f"# {path.stem}"))
    for cell in notebook.cells:
        cell.metadata.pop("slideshow", None)
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\[!\[([^\]]*)\]\([^)]*\)\]\(([^)]*)\)", r"[\1](\2)", cell.source)
            continue
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alts.append(output.metadata.get("image/png", {}).get("alt", ""))
    notebooks.write(notebook, path)
    return alts


def with_alt_texts(page, alts):
    """Returns a page whose pictures of outputs have these alt texts, in order."""
    waiting = iter(alts)
    pattern = r'(<img\b[^>]*\balt=")[^"]*("[^>]*\bsrc="\.\./_images/[0-9a-f]{32,}\.png")'

    def told(match):
        return f"{match[1]}{html.escape(next(waiting, ''))}{match[2]}"

    changed = re.sub(pattern, told, page)
    left = len(list(waiting))
    if left:
        raise ValueError(
            f"Found {len(alts) - left} pictures on the page, expected {len(alts)}: no alt text for the rest."
        )
    return changed


def _index(books, folder):
    rows = "\n".join(f"lectures/{name}" for name in books)
    shown = [_card(name, book) for name, book in books.items()]
    return f"""# Generative models

A course of notebooks in Keras 3: one definition of every model runs on TensorFlow, JAX and torch, on a laptop without a
GPU. The pages show what the notebooks made when they were last executed.

<div class="lectures">
{chr(10).join(shown)}
</div>

The code and how to run it: <{notebooks.address(folder)}>.

```{{toctree}}
:caption: Lectures
:hidden:

{rows}
```

```{{toctree}}
:caption: To look things up
:hidden:

results
errata
glossary
api
```
"""


def _card(name, book):
    """A lecture on the first page: its picture, its title, and what one can do at its end."""
    picture = deck.cover(book)
    image = f'<img src="_static/covers/{name}.png" alt="">' if picture else ""  # the title beside it says what it is
    goal = pages.markdown(_goal(book), inline=True)
    return (
        f'<a class="lecture" href="lectures/{name}.html"><span class="cover">{image}</span>'
        f"<strong>{html.escape(notebooks.title(book))}</strong><span>{goal}</span></a>"
    )


def _goal(book):
    """The first thing that a lecture promises."""
    match = re.search(r"^[-*] (.+?)[,.;]?$(?!\n {2,}\S)", book.cells[0].source, re.MULTILINE)
    return match[1].replace("|", "\\|") if match else ""


def _results_text():
    return (
        "Each row is read from the recipe beside a shipped weight file. FD is the Fréchet distance, KD the kernel "
        "distance and IS the inception score, by the course's own frozen classifier of that name, so that they compare "
        "with nothing measured by another network. NLL and KL are nats an image, errors % of the test images.\n"
    )


def _errata(books):
    """All tables of errata, one lecture below the other."""
    parts = [
        "# Errata of the lectures\n\nWhat the slides say, and what holds. The lecture shows each by a computation."
    ]
    for name, book in books.items():
        rows = []
        for cell in book.cells:
            for table in re.findall(r"^\| slide \|.*\n\|[-| :]+\n((?:\|.*(?:\n|$))+)", cell.source, re.MULTILINE):
                rows += table.strip().splitlines()
        if rows:
            parts.append(
                f"## [{notebooks.title(book)}](lectures/{name}.ipynb)\n\n| slide | what holds |\n|---|---|\n"
                + "\n".join(rows)
            )
    return "\n\n".join(parts) + "\n"


def setup(app):
    """Registers MathML as a renderer of formulas, as Sphinx asks of an extension."""

    def inline(writer, node):
        writer.body.append(pages.mathml(node.astext(), display=False))
        raise _skip()

    def block(writer, node):
        writer.body.append(f'<div class="math" tabindex="0">{pages.mathml(node.astext(), display=True)}</div>')
        raise _skip()

    def reach_tables(app, name, template, context, doctree):  # a wide table scrolls, also by the keyboard
        context["body"] = context.get("body", "").replace('<table class="table">', '<table class="table" tabindex="0">')

    reference.connect(app)
    app.connect("html-page-context", reach_tables)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _skip():
    from docutils.nodes import SkipNode

    return SkipNode()
