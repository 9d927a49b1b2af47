"""Slides: one file, nothing from elsewhere, cells where their metadata says."""

import base64
import hashlib
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
        cell(new_markdown_cell, "# Title\n\n$x^2$", "slide"),
        cell(new_markdown_cell, "deeper", "subslide"),
        cell(new_code_cell, "secret_input()", "-", outputs=[figure], tags=["hide-input"]),
        cell(new_markdown_cell, "what I say", "notes"),
        cell(new_code_cell, "not_shown()", "skip"),
        cell(new_markdown_cell, "next", "slide"),
    ])
    slides.write_slides(notebook, tmp_path / "talk.html", reveal)
    page = (tmp_path / "talk.html").read_text()
    assert page.count("<section") == 5  # two stacks, of two slides and of one
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


def test_reveal_is_fetched_once(reveal, tmp_path, monkeypatch):
    kept = tmp_path / slides.REVEAL.replace("@", "-")
    reveal.rename(kept)
    monkeypatch.setattr(slides.shutil, "which", lambda name: pytest.fail("npm was asked for"))
    assert slides.fetch_reveal(tmp_path) == kept


def test_without_npm_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(slides.shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="install Node.js"):
        slides.fetch_reveal(tmp_path)


def test_another_content_is_refused(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho other > reveal.tgz\n")
    npm.chmod(0o755)
    monkeypatch.setattr(slides.shutil, "which", lambda name: str(npm))
    found = base64.b64encode(hashlib.sha512(b"other\n").digest()).decode()
    with pytest.raises(ValueError, match=re.escape(found)):
        slides.fetch_reveal(tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_offline_it_says_so(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(slides.shutil, "which", lambda name: str(npm))
    with pytest.raises(ConnectionError, match=r"no network\): connect"):
        slides.fetch_reveal(tmp_path / "kept")
