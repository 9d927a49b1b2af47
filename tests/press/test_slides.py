"""Slides: one file, nothing from elsewhere, cells where their metadata says."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.press import slides

pytestmark = pytest.mark.once


@pytest.fixture
def reveal(tmp_path):
    """A stand-in for reveal.js, so that the tests need no network."""
    for part in slides.PARTS:
        path = tmp_path / "reveal" / part
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"/* {part} */" + " @import url(./fonts/a.css);" * ("theme" in part))
    return tmp_path / "reveal"


def cell(make, source, kind, **more):
    tags = {"tags": more.pop("tags")} if "tags" in more else {}
    return make(source, metadata={"slideshow": {"slide_type": kind}, **tags}, **more)


def test_slides_need_nothing_from_elsewhere(tmp_path, reveal):
    figure = new_output("display_data", data={"image/png": "AAAA"}, metadata={"image/png": {"alt": "six digits"}})
    notebook = new_notebook(cells=[
        cell(new_markdown_cell, "# Title", "slide"),
        cell(new_markdown_cell, "## Deeper\n\n$x^2$", "subslide"),
        cell(new_code_cell, "secret_input()", "-", outputs=[figure], tags=["hide-input"]),
        cell(new_markdown_cell, "what I say", "notes"),
        cell(new_code_cell, "not_shown()", "skip"),
        cell(new_markdown_cell, "## Next\n\nThe end.", "slide"),
    ])
    slides.write_slides(notebook, tmp_path / "talk.html", reveal)
    page = (tmp_path / "talk.html").read_text()
    assert page.count("<section>") == 3  # title, "Deeper" with its figure, "Next"
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=.https?:", page)
    assert "@import" not in page
    for part in slides.PARTS:
        assert f"/* {part} */" in page
    assert "Reveal.initialize" in page
    assert "<math" in page
    assert "secret_input" not in page
    assert 'alt="six digits"' in page
    assert "not_shown" not in page
    assert re.search(r'<aside class="notes">.*what I say.*</aside>', page, re.DOTALL)


def test_a_page_of_the_playground_becomes_the_last_slide(tmp_path, reveal):
    notebook = new_notebook(cells=[cell(new_markdown_cell, "# Title", "slide")])
    assert slides.write_slides(notebook, tmp_path / "talk.html", reveal, play="../playground/01_vae.html") == 2
    last = (tmp_path / "talk.html").read_text().split("<section>")[-1]
    assert 'data-src="../playground/01_vae.html" title="Playground"' in last


FAKE = """\
#!/bin/sh
for word in "$@"; do case "$word" in --print-to-pdf=*) to="${word#*=}";; esac; done
echo asked >> "$0.log"
pages=$([ "$(wc -l < "$0.log")" -lt %d ] && echo 1 || echo 3)
printf '<< /Type /Pages >>\\n' > "$to"
for k in $(seq $pages); do printf '<< /Type /Page\\n>>\\n' >> "$to"; done
"""


@pytest.fixture
def browser(tmp_path, monkeypatch):
    """A stand-in for a browser that prints one page too early until it has been asked a number of times."""
    path = tmp_path / "browser"
    monkeypatch.setattr(slides.shutil, "which", lambda name: str(path))
    (tmp_path / "deck.html").write_text("<section></section>" * 3)

    def make(asked):
        path.write_text(FAKE % asked)
        path.chmod(0o755)
        return tmp_path / "deck.html", tmp_path / "deck.pdf"

    return make


def test_a_browser_that_prints_too_early_is_asked_again(browser):
    deck, pdf = browser(2)
    slides.write_pdf(deck, pdf)
    assert pdf.read_bytes().count(b"/Type /Page\n") == 3


def test_a_pdf_that_lacks_slides_is_not_kept(browser):
    deck, pdf = browser(9)
    with pytest.raises(OSError, match="printed 1 pages of .*deck.html, expected 3, one a slide"):
        slides.write_pdf(deck, pdf)
    assert not pdf.exists()
