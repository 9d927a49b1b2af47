"""A notebook as slides: one HTML file that needs a browser and no network, with speaker's notes (S), and as PDF."""

import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from course_utils import files
from course_utils.press import deck, npm, pages, speaker

REVEAL = "reveal.js@5.2.1"  # version 6 moved the plugin for notes
REVEAL_SHA512 = "r7//6mIM5p34hFiDMvYfXgyjXqGRta+/psd9YtytsgRlrpRzFv4RbH76TXd2qD+7ZPZEbpBDhdRhJaFgfQ7zNQ=="
PARTS = ("dist/reveal.js", "plugin/notes/notes.js", "dist/reveal.css", "dist/theme/white.css")
LONG_TITLE = 56  # characters
PATIENCE = (20_000, 60_000, 180_000)  # milliseconds of the browser's own time, which runs faster than the clock
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_STYLE = """\
:root { --r-main-font: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; --r-heading-font: var(--r-main-font);
        --r-code-font: "DejaVu Sans Mono", Menlo, Consolas, monospace; --r-heading-text-transform: none;
        --r-main-color: #1c1c1c; --r-heading-color: #14365d; --r-link-color: #0b5394; }
.reveal { font-size: 27px; }
.reveal .slides { text-align: left; }
.reveal .slides section { padding: 10px 25px; box-sizing: border-box; height: 720px; }
.reveal h1, .reveal h2 { text-transform: none; letter-spacing: 0; margin: 0; text-shadow: none; }
.reveal h1 { font-size: 56px; line-height: 1.15; margin-bottom: 24px; }
.reveal h2 { font-size: 38px; line-height: 1.2; height: 58px; white-space: nowrap; overflow: hidden;
             text-overflow: ellipsis; border-bottom: 3px solid #c9d6e5; margin-bottom: 20px; }
.reveal h2.long { font-size: 28px; line-height: 58px; }
.reveal p { margin: 0 0 20px; line-height: 37px; }
.reveal ul, .reveal ol { margin: 0 0 20px 1.2em; display: block; }
.reveal li { line-height: 37px; margin-bottom: 8px; }
.reveal table { margin: 0 0 20px; font-size: 25px; }
.reveal th, .reveal td { padding: 5px 18px 5px 0; line-height: 34px; }
.reveal code { font-family: var(--r-code-font); font-size: 0.85em; }
.reveal pre { font-family: var(--r-code-font); font-size: 18.5px; line-height: 25px; margin: 0 0 20px; width: auto;
              padding: 12px 18px; box-shadow: none; box-sizing: border-box; white-space: pre-wrap; }
.reveal pre.code { background: #f4f6f9; border-left: 4px solid #6d8fb5; }
.reveal pre.said { background: none; padding: 6px 18px; border-left: 4px solid #ccc; color: #333; }
.reveal img { display: block; margin: 0 auto; max-width: 1220px; max-height: none; }
.reveal math { font-size: 1.1em; }
.reveal p:has(> math[display="block"]) { text-align: center; }
.reveal .cover img { object-fit: contain; }
.reveal iframe { border: 0; max-height: none; max-width: none; }
.reveal .slide-number { font-size: 18px; color: #444; background: none; }
"""
_PLAY = '<section><h2>Try it</h2><iframe data-src="{}" title="Playground" width="1230" height="610"></iframe></section>'
_PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{layout}</style><style>{theme}</style><style>{colours}</style><style>{style}</style></head>
<body><div class="reveal"><main class="slides">
{sections}
</main></div>
<script>{script}</script><script>{notes}</script>
<script>
Reveal.initialize({{ width: 1280, height: 720, margin: 0.02, center: false, history: true, hash: true,
                    slideNumber: "c/t", pdfSeparateFragments: false, plugins: [RevealNotes] }});
</script></body></html>
"""


def write_slides(notebook, path, reveal, said=None, depth=False, play=None):
    """Writes a notebook as one file of slides.

    Args:
        notebook: a notebook node with `slideshow` metadata.
        path: where to, ending in .html.
        reveal: the folder of reveal.js, from `fetch_reveal`.
        said: what the speaker says, from `speaker.read`.
        depth: keep the parts "In depth".
        play: address of a page of the playground, which becomes the last slide.

    Returns:
        How many slides there are.
    """
    from pygments.formatters import HtmlFormatter

    script, notes, layout, theme = ((Path(reveal) / part).read_text(encoding="utf-8") for part in PARTS)
    slides = speaker.attach(deck.cut(notebook, depth), said or {})
    sections = [_title_section(notebook, slides[0]), *map(_section, _after_title(slides))]
    sections += [_PLAY.format(html.escape(play))] if play else []
    page = _PAGE.format(
        title=html.escape(slides[0].title),
        sections="\n".join(sections),
        script=script,
        notes=notes,
        layout=layout,
        theme=re.sub(r"@import url\([^)]*\);", "", theme),  # its fonts; the browser's own do as well
        colours=HtmlFormatter(style=pages.COLOURS).get_style_defs("pre.code"),
        style=_STYLE,
    )
    files.write_atomic(path, page.encode())
    return len(sections)


def write_pdf(deck_path, path):
    """Prints a deck that `write_slides` wrote as a PDF, a page a slide, with a browser that is installed.

    On a busy machine a browser may print before the slides are laid out; then it is asked again and given more time.

    Raises:
        FileNotFoundError: no Chromium or Chrome is installed.
        OSError: it did not print, or never a page a slide.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError(f"Found none of {', '.join(BROWSERS)}, expected one to print with: install Chromium.")
    wanted = Path(deck_path).read_text(encoding="utf-8").count("<section>")
    for patience in PATIENCE:
        printed = _printed(browser, deck_path, patience)
        found = len(re.findall(rb"/Type\s*/Page\b", printed))
        if found == wanted:
            files.write_atomic(path, printed)
            return
    raise OSError(
        f"{browser} printed {found} pages of {deck_path}, expected {wanted}, one a slide: "
        "close other programs and try again, or print the deck from an open browser with ?print-pdf in its address."
    )


def _printed(browser, deck_path, patience):
    """The bytes of a PDF of a deck that is given some milliseconds of the browser's own time."""
    with tempfile.TemporaryDirectory() as scratch:
        printed = Path(scratch) / "deck.pdf"
        command = [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={scratch}/profile",
            "--no-pdf-header-footer",
            f"--virtual-time-budget={patience}",
            f"--print-to-pdf={printed}",
            f"{Path(deck_path).resolve().as_uri()}?print-pdf",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if not printed.is_file():
            raise OSError(
                f"{browser} printed no PDF of {deck_path}: {(done.stderr.strip() or 'no reason given')[-300:]}"
            )
        return printed.read_bytes()


def _after_title(slides):
    """The title cell's own text follows the title slide."""
    shown = slides[0].blocks
    return [*([deck.Slide("What you will be able to do", shown)] if shown else []), *slides[1:]]


def _title_section(notebook, slide):
    picture = deck.cover(notebook)
    image = f'<div class="cover">{_image(*picture, height=520)}</div>' if picture else ""
    title = pages.markdown(slide.title, inline=True)
    return f"<section><h1>{title}</h1>{image}{_notes(slide.notes)}</section>"


def _section(slide):
    narrow = ' class="long"' if len(slide.title) > LONG_TITLE else ""
    title = f"<h2{narrow}>{pages.markdown(slide.title, inline=True)}</h2>" if slide.title else ""
    return f"<section>{title}{''.join(map(_block, slide.blocks))}{_notes(slide.notes)}</section>"


def _block(block):
    if block.kind == "figure":
        return _image(block.source, block.alt, block.height)
    if block.kind == "code":
        return f'<pre class="code">{pages.highlighted(block.source)}</pre>'
    if block.kind == "said":
        return f'<pre class="said">{html.escape(block.source)}</pre>'
    return pages.markdown(block.source)


def _image(png, alt, height):
    return f'<img src="data:image/png;base64,{png}" alt="{html.escape(alt)}" style="height: {height}px; width: auto">'


def _notes(notes):
    text = "\n\n".join(notes)
    return f'<aside class="notes">{pages.markdown(text)}</aside>' if text.strip() else ""


def fetch_reveal(folder):
    """Returns the folder of reveal.js, fetched with npm the first time; see `npm.fetch`."""
    return npm.fetch(REVEAL, REVEAL_SHA512, PARTS, folder)
