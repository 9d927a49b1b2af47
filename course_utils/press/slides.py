"""A notebook as slides: one HTML file that presents itself in a browser, without a network, with speaker notes (S)."""

import base64
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from course_utils import files
from course_utils.press import pages

REVEAL = "reveal.js@5.2.1"  # version 6 moved the plugin for notes
REVEAL_SHA512 = "r7//6mIM5p34hFiDMvYfXgyjXqGRta+/psd9YtytsgRlrpRzFv4RbH76TXd2qD+7ZPZEbpBDhdRhJaFgfQ7zNQ=="
PARTS = ("dist/reveal.js", "plugin/notes/notes.js", "dist/reveal.css", "dist/theme/white.css")
WIDTH, HEIGHT = 1280, 720
_TEMPLATE = """\
{%- extends 'reveal/index.html.j2' -%}
{%- block html_head_css -%}
<style>
  .reveal { font-size: 26px; }
  .reveal .slides { text-align: left; }
  .reveal .slides section { max-height: HEIGHTpx; overflow-y: auto; overflow-x: hidden; }
  .reveal img { max-height: 480px; width: auto; }
  .jp-InputPrompt, .jp-OutputPrompt { display: none; }
</style>
{%- endblock -%}
{%- block footer_js -%}
<script>
Reveal.initialize({ width: WIDTH, height: HEIGHT, margin: 0.02, center: false, history: true,
                    slideNumber: "c/t", plugins: [RevealNotes] });
</script>
{%- endblock -%}
"""


def write_slides(notebook, path, reveal):
    """Writes a notebook as one file of slides; cells tagged `hide-input` show only what they made.

    Args:
        notebook: a notebook node with `slideshow` metadata.
        path: where to, ending in .html.
        reveal: the folder of reveal.js, from `fetch_reveal`.
    """
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    hide = {"enabled": True, "remove_input_tags": {"hide-input"}}
    template = _TEMPLATE.replace("WIDTH", str(WIDTH)).replace("HEIGHT", str(HEIGHT)) + pages.QUIET
    exporter = pages.prepared(SlidesExporter(raw_template=template, config=Config(TagRemovePreprocessor=hide)))
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": Path(path).stem}})
    files.write_atomic(path, _inlined(page, Path(reveal)).encode())


def _inlined(page, reveal):
    """Puts reveal.js itself where the page would load it from elsewhere."""
    script, notes, layout, theme = ((reveal / part).read_text(encoding="utf-8") for part in PARTS)
    theme = re.sub(r"@import url\([^)]*\);", "", theme)  # its fonts; the browser's own do as well
    page = re.sub(r"<link\b[^>]*\bstylesheet\b[^>]*>", "", page)
    head = f"<style>{layout}</style><style>{theme}</style></head>"
    body = f"<script>{script}</script><script>{notes}</script><script>\nReveal.initialize"
    return page.replace("</head>", head, 1).replace("<script>\nReveal.initialize", body, 1)


def fetch_reveal(folder):
    """Returns the folder of reveal.js, fetched with npm and hash-checked the first time.

    Args:
        folder: where it is kept.

    Raises:
        FileNotFoundError: npm is not installed.
        ConnectionError: npm cannot fetch it.
        ValueError: what came has another hash.
    """
    target = Path(folder) / REVEAL.replace("@", "-")
    if all((target / part).is_file() for part in PARTS):
        return target
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(f"Found no npm, expected it to fetch {REVEAL}, once: install Node.js.")
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run([npm, "pack", REVEAL], cwd=scratch, capture_output=True, text=True, timeout=300)
        packed = list(Path(scratch).glob("*.tgz"))
        if done.returncode or not packed:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ConnectionError(f"npm could not fetch {REVEAL} ({reason}): connect to the network and try again.")
        data = packed[0].read_bytes()
    found = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != REVEAL_SHA512:
        raise ValueError(f"Found {REVEAL} with the SHA-512 {found}, expected {REVEAL_SHA512}: do not use it.")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for part in PARTS:
            files.write_atomic(target / part, archive.extractfile(f"package/{part}").read())
    return target
