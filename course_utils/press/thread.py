"""What of a notebook belongs on slides: the thread of its lecture. What is for reading at home stays away."""

import copy
import re

AT_HOME = re.compile(r"(\d+ · )?In depth\b|[A-Z] · |References$")  # titles of parts that are not for the meeting
YOUR_TURN = re.compile(r"Your turn$")
EXERCISE = re.compile(r"Exercise \d+ · ")
SOLUTION = "<summary>Solution"


def cells(notebook, depth=False):
    """Returns the cells that go on slides as (title, cell), in order.

    An exercise is its task and the cell to fill, without what the check said; what follows its solution stands under
    the title before it, and stays away in a part that holds nothing but exercises, "Your turn".

    Args:
        notebook: a notebook node.
        depth: keep the parts "In depth" and the references too.
    """
    found, titles, before, home, exercise = [], {}, {}, None, False
    for cell in (part for whole in notebook.cells for part in _at_headings(whole)):
        heading = _heading(cell)
        if heading:
            level, title = heading
            before = before if exercise else titles
            titles = {k: v for k, v in titles.items() if k < level} | {level: title}
            home = None if home is not None and level <= home else home
            home = level if home is None and level > 1 and AT_HOME.match(title) else home
            exercise = bool(EXERCISE.match(title))
        if home is not None and not depth:
            continue
        title = titles[max(titles)] if titles else ""
        if exercise and SOLUTION in cell.source:
            exercise = False
            titles = before
            home = max(titles) + 1 if titles and YOUR_TURN.search(titles[max(titles)]) else home
        else:
            found.append((title, _without_outputs(cell) if exercise else cell))
    return found


def _heading(cell):
    """The (level, text) of the heading that a cell begins with, or None."""
    match = re.match(r"(#{1,6}) (.+)", cell.source) if cell.cell_type == "markdown" else None
    return (len(match[1]), match[2].strip()) if match else None


def _at_headings(cell):
    """A cell of text as one cell a heading; code that is fenced has no headings."""
    if cell.cell_type != "markdown":
        return [cell]
    parts, fenced = [[]], False
    for line in cell.source.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and re.match(r"#{1,6} ", line) and any(map(str.strip, parts[-1])):
            parts.append([])
        parts[-1].append(line)
    return [_with(cell, source="\n".join(part).strip()) for part in parts]


def _without_outputs(cell):
    return _with(cell, outputs=[]) if cell.cell_type == "code" else cell


def _with(cell, **changed):
    other = copy.copy(cell)
    other.update(changed)
    return other
