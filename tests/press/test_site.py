"""The site: nothing from elsewhere, alt texts, formulas, errata, one page a lecture, the API from docstrings."""

import base64
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.press import notebooks, reference, site

pytestmark = pytest.mark.once
# Two 1 × 1 pictures, so that each has a name of its own.
RED = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
BLUE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYPgPAAEDAQAIicLsAAAAAElFTkSuQmCC"
FIRST = """# 01 · First

[![Open this notebook in Colab](https://example.org/badge.svg)](https://example.org/open)

When you are through, you can

- say what $x^2$ is,
- and more."""
ERRATA = "### Errata of the slides\n\n| slide | what holds |\n|---|---|\n| 1 = 2 | 1 = 1 |\n"


def picture(data, alt):
    return new_output("display_data", data={"image/png": data}, metadata={"image/png": {"alt": alt}})


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    cells = [
        new_markdown_cell(FIRST),
        new_code_cell("plot()", outputs=[picture(RED, "six <digits>"), picture(BLUE, "a curve")]),
        new_markdown_cell(ERRATA),
    ]
    books = {"01_first": cells, "02_second": [new_markdown_cell("# 02 · Second\n\n- see what follows\n\n$$y = 1$$")]}
    for name, made in books.items():
        notebooks.write(new_notebook(cells=made), folder / f"{name}.ipynb")
    patch = pytest.MonkeyPatch()
    patch.setattr(reference, "API", {"Losses": ("losses",)})
    (folder / "play").mkdir()
    (folder / "play" / "02_second.html").write_text("<p>a network</p>")
    site.build(folder / "out", sorted(folder.glob("*.ipynb")), play=folder / "play")
    patch.undo()
    return folder / "out"


def text(built, name):
    return (built / name).read_text(encoding="utf-8")


def test_nothing_comes_from_elsewhere(built):
    for path in built.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|link)\b[^>]*\b(?:src|href)="(https?:[^"]*)"', path.read_text("utf-8"))
        assert not loaded, path


def test_figures_have_their_alt_texts_in_order(built):
    page = text(built, "lectures/01_first.html")
    assert re.findall(r'alt="([^"]*)"[^>]*_images', page) == ["six &lt;digits&gt;", "a curve"]


def test_too_few_pictures_for_the_alt_texts_are_an_error():
    with pytest.raises(ValueError, match="Found 0 pictures on the page, expected 1"):
        site.with_alt_texts("<p></p>", ["lost"])


def test_formulas_are_mathml(built):
    assert "<msup" in text(built, "lectures/01_first.html")
    assert '<div class="math" tabindex="0"><math' in text(built, "lectures/02_second.html")


def test_a_lecture_shows_its_page_of_the_playground(built):
    assert '<iframe src="../playground/02_second.html" title="Playground"' in text(built, "lectures/02_second.html")
    assert (built / "playground" / "02_second.html").is_file()
    assert "<iframe" not in text(built, "lectures/01_first.html")


def test_the_first_page_leads_everywhere(built):
    page = text(built, "index.html")
    for link in ("lectures/01_first.html", "lectures/02_second.html", "results.html", "errata.html", "glossary.html"):
        assert f'href="{link}"' in page
    assert "see what follows" in page
    assert page.count('<img src="_static/covers/01_first.png" alt="">') == 1 and "covers/02_second" not in page
    assert (built / "_static" / "covers" / "01_first.png").read_bytes()[:4] == b"\x89PNG"


def test_one_lecture_leads_to_the_next(built):
    assert re.search(r'class="right-next"\s+href="02_second.html"', text(built, "lectures/01_first.html"))


def test_errata_of_all_lectures_stand_on_one_page(built):
    page = text(built, "errata.html")
    assert "1 = 2" in page and "1 = 1" in page and "lectures/01_first.html" in page


def test_the_api_comes_from_docstrings(built):
    page = text(built, "api/losses.html")
    assert "course_utils.losses.kl_divergence" in page


def test_keras_and_named_tuples_hide_nothing_in_the_api():
    class Layer:
        def __init__(self, units, rate=0.5):
            pass

    told = reference._signature(None, "class", "Layer", Layer, None, "(*args, **kwargs)", None)
    assert told == ("(units, rate=0.5)", None)
    assert reference._signature(None, "class", "Layer", Layer, None, "(units)", None) is None
    lines = ["Alias for field number 0", "a list of `Average`s, one each"]
    reference._docstring(None, "attribute", "mean", None, None, lines)
    assert lines == ["a list of `Average`\\ s, one each"]


def test_the_search_finds_words_of_lectures(built):
    assert '"lectures/01_first"' in text(built, "searchindex.js")


def test_every_module_of_the_api_exists():
    package = Path(site.__file__).parents[1]
    for name in (name for names in reference.API.values() for name in names):
        path = package.joinpath(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


def test_the_pictures_of_this_test_are_pictures():
    assert base64.b64decode(RED)[:4] == base64.b64decode(BLUE)[:4] == b"\x89PNG"
