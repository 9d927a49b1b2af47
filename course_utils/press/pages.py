"""Executed notebooks as web pages that need nothing from the network: maths as MathML, figures with their alt text."""

import html
import re
import unicodedata
from pathlib import Path

from course_utils import files

# nbconvert's `lab` template loads scripts from elsewhere and leaves the alt text of figures out.
QUIET = """\
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block data_png scoped -%}
<div class="jp-RenderedImage jp-OutputArea-output {{ extra_class }}">
<img src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
     alt="{{ (output | get_metadata('alt', 'image/png') or '') | escape_html }}">
</div>
{%- endblock -%}
"""
THIN = '<mspace width="0.167em" />'  # between the name of a function and its argument
COLOURS = "xcode"  # of code; each has a contrast of 4.5 and more against white
_PAGE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_css -%}
<style>
  body { max-width: 62rem; margin: 0 auto; padding: 1rem; }
  .jp-InputPrompt, .jp-OutputPrompt { display: none; }
  .jp-RenderedImage img { max-width: 100%; height: auto; }
  math[display="block"] { margin: 0.8em 0; }
</style>
{%- endblock -%}
"""
_INDEX = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Generative models</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #222; }
  ul { list-style: none; padding: 0; }
  li { display: flex; justify-content: space-between; padding: 0.6rem 0; border-bottom: 1px solid #ddd; }
  a { color: #0b5394; text-decoration: none; }
  a:hover { text-decoration: underline; }
  span { color: #666; font-size: 0.9rem; }
</style></head>
<body><h1>Generative models</h1>
<ul>
ITEMS
</ul></body></html>
"""


def write_page(notebook, path):
    """Writes a notebook as one HTML file.

    Args:
        notebook: a notebook node; its outputs are shown as they are.
        path: where to, ending in .html.
    """
    from nbconvert import HTMLExporter

    exporter = prepared(HTMLExporter(raw_template=_PAGE + QUIET))
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": Path(path).stem}})
    files.write_atomic(path, page.encode())


def write_index(rows, path):
    """Writes the page that leads to the others.

    Args:
        rows: (file name of the page, title, one line about the run), one a lecture.
        path: where to.
    """
    item = '<li><a href="{}">{}</a><span>{}</span></li>'
    items = "\n".join(item.format(*map(html.escape, row)) for row in rows)
    files.write_atomic(path, _INDEX.replace("ITEMS", items).encode())


def mathml(latex, display):
    """Returns LaTeX as MathML, and as the LaTeX itself where it is more than the converter knows."""
    from latex2mathml.converter import convert

    known = re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{split}", latex.strip())  # the converter's name for the same
    try:
        if r"\href" in known:
            raise ValueError("a formula is no place for a link")
        # The converter passes on what stands in \text as it is: without this, scripts too.
        return _for_browsers(convert(known.replace("<", r"\lt "), display="block" if display else "inline"))
    except Exception:  # the converter's errors share no base class, and a formula must not cost the page
        return f"<code>{html.escape(latex.strip())}</code>"


def _for_browsers(markup):
    """Browsers read letters of other alphabets, such as the blackboard E, only as characters of their own."""
    plain = re.sub(r"&#x(?!0*(?:22|26|3C|3E);)([0-9A-F]+);", lambda code: chr(int(code[1], 16)), markup)
    letters = re.sub(r'<mi mathvariant="(script|double-struck|bold|bold-italic|fraktur)">(\w)</mi>', _letter, plain)
    sides = re.sub(r'columnalign="(left|right|center)"', r'style="text-align: \1"', letters)
    spaced = re.sub(r"(<mi>(?:log|exp|sin|cos|tanh)</mi>)(?=<(?:mi|mn|mfrac|msub|msup|msqrt)\b)", rf"\1{THIN}", sides)
    return spaced.replace("<mi>~</mi>", "<mo>∼</mo>")


def _letter(match):
    words = unicodedata.name(match[2]).split()  # GREEK SMALL LETTER MU
    style, case, letter = match[1].replace("bold-", "bold ").upper(), words[1], words[-1]
    for name in (f"MATHEMATICAL {style} {case} {letter}", f"{style} {case} {letter}"):
        try:
            return f"<mi>{unicodedata.lookup(name)}</mi>"
        except KeyError:  # a few letters, such as the set of real numbers, are older and named apart
            continue
    return f"<mi>{match[2]}</mi>"


def markdown(source, inline=False):
    """Returns Markdown as HTML, formulas as MathML; `inline` leaves out the paragraph around it."""
    rendered = _renderer().render(source).strip()
    return re.sub(r"^<p>(.*)</p>$", r"\1", rendered, flags=re.DOTALL) if inline else rendered


def highlighted(code):
    """Returns Python code as HTML with the classes of pygments, without an element around it."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(code, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n")


def prepared(exporter):
    """Gives an exporter of nbconvert the renderer that turns formulas into MathML, and returns it."""
    exporter.register_filter("markdown2html", lambda source: _renderer().render(source))
    return exporter


def _renderer():
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def block_math(self, body):
            return mathml(body, display=True)

        def inline_math(self, body):
            return mathml(body, display=False)

        def latex_environment(self, name, body):
            return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)

    return MarkdownWithMath(renderer=Renderer(escape=False, exclude_anchor_links=True))
