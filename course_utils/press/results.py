"""The README's results table, made from the recipes beside the weights: nobody types a score.

`python -m course_utils.press.results README.md` rewrites what stands between the two markers.
"""

import sys
from pathlib import Path

from course_utils import files, weights

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
COLUMNS = ("lecture", "weights", "scores here", "published", "training")


def table(folder=weights.FOLDER):
    """Return the results of all recipes in a folder as a markdown table.

    One row a set of weights, its scores one below the other; published figures stand beside them, each
    with its name and source, since those of another measure cannot be compared.

    Args:
        folder: where the recipes lie.

    Returns:
        str, markdown, ends in a newline.
    """
    recipes = [(name, weights.recipe(name, folder)) for name in weights.names(folder)]
    recipes.sort(key=lambda pair: (str(pair[1]["lecture"]), pair[0]))
    lines = [_line(COLUMNS), _line("---" for _ in COLUMNS)]
    lines += [_line(_row(name, recipe)) for name, recipe in recipes]
    return "\n".join(lines) + "\n"


def write_table(readme, folder=weights.FOLDER):
    """Replace what stands between the markers of a markdown file by the results table.

    Args:
        readme: the file; it holds each marker once, `<!-- results:begin -->` first.
        folder: where the recipes lie.

    Returns:
        bool, whether the file changed.

    Raises:
        ValueError: a marker is missing, double, or in the wrong order. Nothing is written.
    """
    return write_section(readme, "results", table(folder))


def write_section(readme, name, text):
    """Replace what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` of a markdown file.

    Args:
        readme: the file; it holds each marker once, in this order.
        name: of the section.
        text: str, ends in a newline.

    Returns:
        bool, whether the file changed.

    Raises:
        ValueError: a marker is missing, double, or in the wrong order. Nothing is written.
    """
    readme = Path(readme)
    before = readme.read_text(encoding="utf-8")
    after = _replaced(before, text, readme, name)
    if after == before:
        return False
    files.write_atomic(readme, after.encode("utf-8"))
    return True


def is_current(readme, folder=weights.FOLDER):
    """Return whether the table in a markdown file is the one that the recipes give."""
    text = Path(readme).read_text(encoding="utf-8")
    return text == _replaced(text, table(folder), readme)


def main(arguments=None):
    """Rewrite the table of the file named on the command line, README.md without one."""
    arguments = sys.argv[1:] if arguments is None else arguments
    readme = arguments[0] if arguments else "README.md"
    print(f"{readme}: {'table rewritten' if write_table(readme) else 'table is current'}")


def _replaced(text, new, readme, name="results"):
    begin, end = (mark.replace("results", name) for mark in (BEGIN, END))
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(
            f"{readme} holds {text.count(begin)} × {begin} and {text.count(end)} × {end}, expected "
            f"each once and in this order: put them where the {name} table goes."
        )
    head, tail = text.split(begin)[0], text.split(end)[1]
    return f"{head}{begin}\n{new}{end}{tail}"


def _row(name, recipe):
    """Return the cells of one set of weights."""
    real = {score: value for score, value in recipe.get("reference", {}).items() if score != "n"}
    scores = [f"{score} {_number(value)}" for score, value in recipe["scores"].items()]
    scores += [f"{score} of real images {_number(value)}" for score, value in real.items()]
    published = [f"{figure['score']} {_number(figure['value'])} ({figure['source']})" for figure in recipe["published"]]
    training = f"{_duration(recipe['seconds'])}, {recipe['backend']}, {recipe['machine']}"
    return recipe["lecture"], name, "<br>".join(scores), "<br>".join(published), training


def _line(cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _number(value):
    """Four significant digits; text such as "340 ± 2" stays as it is."""
    return value if isinstance(value, str) else f"{value:.4g}"


def _duration(seconds):
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    main()
