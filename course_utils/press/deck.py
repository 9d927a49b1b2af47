"""Cuts a notebook into slides that fit: a title, then one figure, one piece of code, or a few sentences.

A notebook's prose is written to be read; on a slide stand its headings, formulas, lists, tables, and of each paragraph
the first sentence, the next where that is short, and the last where it announces a formula. The whole text goes into
the speaker's notes. A code cell that makes a figure shows the figure alone, unless it is tagged `show-input`.
"""

import base64
import dataclasses
import math
import re
import struct
import textwrap

from course_utils.press import prose, thread

HEIGHT, WIDTH = 670, 1210  # pixels for content, of a slide of 1280 × 720
TITLE, LINE, CODE_LINE, ROW = 78, 37, 25, 46  # heights in pixels of a title, a line of text, of code, of a table
TEXT_COLUMNS, CODE_COLUMNS = 86, 100  # characters that stand beside one another
LEAD = 3 * TEXT_COLUMNS  # what a paragraph says at most, unless its first sentence is longer
GAP = 20
MOST_CODE = 12  # lines
SMALLEST_FIGURE = 280  # pixels; a figure that would be smaller goes on a slide of its own
HIDE, SHOW, COVER, LONG = "hide-input", "show-input", "cover", "long"  # tags


@dataclasses.dataclass
class Block:
    """A piece of a slide: its kind ("text", "math", "code", "said", "figure"), its source, its height in pixels."""

    kind: str
    source: str
    height: int
    alt: str = ""


@dataclasses.dataclass
class Slide:
    """A title in Markdown, the blocks below it, and the notes in Markdown."""

    title: str
    blocks: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    first: bool = False  # begins a part of the lecture

    @property
    def left(self):
        """Pixels that are still free."""
        used = sum(block.height + GAP for block in self.blocks)
        return HEIGHT - (TITLE if self.title else 0) - used


def cut(notebook, depth=False):
    """Returns the slides of a notebook, as its `slideshow` metadata asks: a list of Slide.

    "slide" and "subslide" begin a new slide, "fragment" and "-" go on where there is room, "notes" is for the speaker,
    "skip" is left out, and so are the parts "In depth" unless `depth` is true.
    """
    slides, last = [], ""
    for title, cell in thread.cells(notebook, depth):
        kind = cell.metadata.get("slideshow", {}).get("slide_type") or "-"
        if kind == "skip":
            continue
        if kind == "notes":
            if slides:
                slides[-1].notes.append(cell.source)
            continue
        blocks, notes = _cell(cell, whole=bool(thread.EXERCISE.match(title)))
        new = not slides or kind == "slide" or title != last
        if new or (kind == "subslide" and len(_placed(slides[-1], blocks)) > 1):  # what has room below may stay there
            slides.append(Slide(title, first=kind == "slide"))
        last = title
        slides[-1:] = _placed(slides[-1], blocks)
        slides[-1].notes += notes
    return _without_empty(slides)


def _placed(slide, blocks):
    """Puts blocks below what a slide holds, and on further slides where there is no room; returns all of them."""
    made = [dataclasses.replace(slide, blocks=[*slide.blocks], notes=[*slide.notes])]
    for block in blocks:
        if not _makes_room(made[-1], block) and not _fits(block, made[-1]):
            made.append(Slide(slide.title))
        made[-1].blocks.append(_shrunk(block, made[-1]))
    return made


def cover(notebook):
    """Returns (PNG as base64, alt text) of the picture for the title slide: a cell tagged `cover`, else the first."""
    shown = [cell for cell in notebook.cells if COVER in cell.metadata.get("tags", ())] or notebook.cells
    for cell in shown:
        for block in _figures(cell):
            return block.source, block.alt
    return None


def _without_empty(slides):
    """Leaves out slides that only repeat a title; what they noted goes to the next, a lone remark to the one before."""
    kept, waiting, first = [], [], False
    for slide in slides:
        first = first or slide.first
        if kept and slide.title == kept[-1].title and _is_remark(slide):
            kept[-1].notes += slide.notes or [slide.blocks[0].source]
        elif slide.blocks or (slide is slides[0]):
            slide.notes, slide.first = [*waiting, *slide.notes], first
            kept.append(slide)
            waiting, first = [], False
        else:
            waiting += slide.notes
    return kept


def _is_remark(slide):
    return [block.kind for block in slide.blocks] == ["text"] and slide.blocks[0].height <= 2 * LINE and not slide.first


def _fits(block, slide):
    """Says whether a block may stand below what a slide holds: it has room, and is no second figure or code."""
    kinds = [b.kind for b in slide.blocks]
    if not kinds:
        return True
    if block.kind == "figure":
        return "figure" not in kinds and "code" not in kinds and slide.left >= min(block.height, SMALLEST_FIGURE)
    if block.kind == "code" and ("code" in kinds or "figure" in kinds):
        return False
    return block.height <= slide.left


def _makes_room(slide, block):
    """Shrinks the figure that a slide ends with, so that the sentence that belongs to it may stand below."""
    if block.kind != "text" or not slide.blocks or slide.blocks[-1].kind != "figure":
        return False
    height = min(slide.blocks[-1].height, slide.blocks[-1].height + slide.left - block.height - GAP)
    if height < SMALLEST_FIGURE:
        return False
    slide.blocks[-1] = dataclasses.replace(slide.blocks[-1], height=height)
    return True


def _shrunk(block, slide):
    return dataclasses.replace(block, height=max(min(block.height, slide.left), 1)) if block.kind == "figure" else block


def _cell(cell, whole=False):
    """Returns (blocks, notes) of a cell; with `whole`, its paragraphs are not cut."""
    if cell.cell_type == "markdown":
        return _markdown(cell.source, whole)
    figures, tags = _figures(cell), cell.metadata.get("tags", ())
    code = [Block("code", part, _code_height(part)) for part in _parts(cell.source)]
    said = "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout").rstrip()
    aside = figures or (len(code) > 1 and (said or LONG in tags))  # what it made is the point, or it is scaffolding
    shows_code = HIDE not in tags and (not aside or SHOW in tags)
    return [*(code if shows_code else []), *_said(said), *figures], []


def _figures(cell):
    """The pictures that a cell made, as large as they may be shown."""
    blocks = []
    for output in cell.get("outputs", []):
        data = output.get("data", {}).get("image/png")
        if data:
            width, height = _size(data)
            factor = min(WIDTH / width, 1.6)
            alt = output.metadata.get("image/png", {}).get("alt", "")
            blocks.append(Block("figure", data.replace("\n", ""), round(factor * height), alt))
    return blocks


def _size(png):
    head = base64.b64decode(png[:64])
    return struct.unpack(">II", head[16:24]) if head[12:16] == b"IHDR" else (WIDTH, HEIGHT)


def _said(text):
    """What a cell printed, at most as many lines as there is room for."""
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, CODE_COLUMNS, subsequent_indent="    ")]
    if not lines:
        return []
    if len(lines) > MOST_CODE:
        lines = [*lines[: MOST_CODE - 1], f"… and {len(lines) - MOST_CODE + 1} lines more in the notebook"]
    return [Block("said", "\n".join(lines), CODE_LINE * len(lines) + 20)]


def _parts(source):
    """Cuts code into parts of at most MOST_CODE lines, at a blank line where there is one."""
    lines = source.replace("  # fmt: skip", "").strip("\n").rstrip().splitlines()
    full = [line for line in lines if line.strip()]
    if len(full) <= MOST_CODE:
        return ["\n".join(lines if len(lines) <= MOST_CODE else full)] if full else []
    blanks = [i for i, line in enumerate(lines) if not line.strip() and 2 <= i <= MOST_CODE]
    tops = [i for i, line in enumerate(lines) if line[:1].strip() and 2 <= i <= MOST_CODE]
    middle = len(lines) / 2
    at = min(blanks or tops or [MOST_CODE], key=lambda i: abs(i - middle))
    return ["\n".join(lines[:at]).rstrip(), *_parts("\n".join(lines[at:]))]


def _markdown(source, whole=False):
    """Returns (blocks, notes) of a text cell."""
    blocks, shortened = [], False
    pieces = list(_pieces(source))
    for piece, following in zip(pieces, [*pieces[1:], ""]):
        if re.match(r"#{1,6} ", piece):
            continue
        if piece.startswith("$$"):
            rows = piece.count(r"\\") + 1 + piece.count(r"\frac") / 2
            blocks.append(Block("math", piece, round(44 + 40 * rows)))
        elif piece.startswith("```"):
            code = piece.strip("`").partition("\n")[2].rstrip()
            blocks += [Block("code", part, _code_height(part)) for part in _parts(code)]
        elif piece.startswith("| profile |"):  # minutes that a notebook takes are for the reader
            continue
        elif piece.startswith("|"):
            blocks += _table(piece)
        elif piece.startswith(">"):
            blocks.append(Block("text", piece, sum(_lines(line, TEXT_COLUMNS - 12) for line in piece.splitlines())))
        elif re.match(r"([-*+]|\d+\.) ", piece):
            blocks += _list(piece)
            shortened = True
        elif not re.match(r"(\[?!\[|<)", piece):  # no badges, no folded solutions
            lead = piece if whole else prose.lead(piece, LEAD)
            blocks.append(Block("text", lead, _lines(lead)))
            shortened = shortened or lead != piece
            last = prose.announcement(piece) if following.startswith("$$") else ""
            if last and not lead.endswith(last):
                blocks.append(Block("text", last, _lines(last)))
    return blocks, [_for_notes(source)] if shortened else []


def _for_notes(source):
    return re.sub(
        r"<details.*?</details>|\[!\[.*?\]\(.*?\)\]\(.*?\)|^#+ .*?$", "", source, flags=re.DOTALL | re.MULTILINE
    )


def _pieces(source):
    """Splits Markdown at blank lines; what is fenced, folded or a formula stays whole, and a heading stands alone."""
    text = re.sub(r"<details.*?</details>", "", source, flags=re.DOTALL)
    pattern = r"(```.*?```|\$\$.*?\$\$|^#{1,6} [^\n]*$)"
    for part in re.split(pattern, text, flags=re.DOTALL | re.MULTILINE):
        if re.fullmatch(pattern, part, flags=re.DOTALL | re.MULTILINE):
            yield part.strip()
            continue
        for piece in re.split(r"\n\s*\n", part):
            if piece.strip(" \n.,;"):
                yield piece.strip()


def _list(piece):
    """A list as blocks of items that fit below one another: what each item says first."""
    items = re.split(r"\n(?=(?:[-*+]|\d+\.) )", piece)
    shown = [prose.lead(item, LEAD) for item in items]
    blocks, height, some = [], 0, []
    for item in shown:
        lines = _lines(item, columns=TEXT_COLUMNS - 6) + 8
        if some and height + lines > HEIGHT - TITLE - 3 * LINE:
            blocks.append(Block("text", "\n".join(some), height))
            height, some = 0, []
        some.append(item)
        height += lines
    return [*blocks, Block("text", "\n".join(some), height)]


def _table(piece):
    """A table as blocks that fit, each with the head; a row is as high as its fullest cell."""
    head, rule, *rows = piece.splitlines()
    cells = [list(map(prose.width, re.split(r"(?<!\\)\|", row.strip().strip("|")))) for row in (head, *rows)]
    widest = [max(row[k] for row in cells if k < len(row)) for k in range(max(map(len, cells)))]
    narrow = min(1.0, (TEXT_COLUMNS - 4 * len(widest)) / (1.1 * sum(widest)))  # words do not fill a line
    high = [max(math.ceil(cell / max(narrow * widest[k], 1) - 0.01) for k, cell in enumerate(row)) for row in cells]
    blocks, some, height = [], [], ROW * high[0]
    for row, lines in zip(rows, high[1:]):
        if some and height + ROW * lines > HEIGHT - TITLE - LINE:
            blocks.append(Block("text", "\n".join([head, rule, *some]), height + GAP))
            some, height = [], ROW * high[0]
        some.append(row)
        height += ROW * lines
    return [*blocks, Block("text", "\n".join([head, rule, *some]), height + GAP)]


def _code_height(part):
    return CODE_LINE * sum(1 + len(line) // CODE_COLUMNS for line in part.splitlines()) + 24


def _lines(text, columns=TEXT_COLUMNS):
    """The height of a paragraph."""
    return LINE * (1 + prose.width(text) // columns)
