"""Packages of npm: fetched once, hash-checked, and a sentence where that fails."""

import base64
import hashlib
import re

import pytest

from course_utils.press import npm

pytestmark = pytest.mark.once
PACKAGE, PARTS = "reveal.js@5.2.1", ("dist/reveal.js", "plugin/notes.js")


def test_what_is_kept_is_not_fetched(tmp_path, monkeypatch):
    kept = tmp_path / PACKAGE.replace("@", "-")
    for part in PARTS:
        (kept / part).parent.mkdir(parents=True, exist_ok=True)
        (kept / part).write_text("x")
    monkeypatch.setattr(npm.shutil, "which", lambda name: pytest.fail("npm was asked for"))
    assert npm.fetch(PACKAGE, "none", PARTS, tmp_path) == kept


def test_without_npm_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(npm.shutil, "which", lambda name: None)
    with pytest.raises(FileNotFoundError, match="install Node.js"):
        npm.fetch(PACKAGE, "none", PARTS, tmp_path)


def test_another_content_is_refused(tmp_path, monkeypatch):
    program = tmp_path / "npm"
    program.write_text("#!/bin/sh\necho other > reveal.tgz\n")
    program.chmod(0o755)
    monkeypatch.setattr(npm.shutil, "which", lambda name: str(program))
    found = base64.b64encode(hashlib.sha512(b"other\n").digest()).decode()
    with pytest.raises(ValueError, match=re.escape(found)):
        npm.fetch(PACKAGE, "none", PARTS, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_offline_it_says_so(tmp_path, monkeypatch):
    program = tmp_path / "npm"
    program.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(npm.shutil, "which", lambda name: str(program))
    with pytest.raises(ConnectionError, match=r"no network\): connect"):
        npm.fetch(PACKAGE, "none", PARTS, tmp_path / "kept")
