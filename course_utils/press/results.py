"""The results: all in RESULTS.md, a headline a lecture in README.md; read from the recipes, nobody types a score.

`course results` rewrites what stands between the markers of both files.
"""

from pathlib import Path

from course_utils import files, weights

COLUMNS = ("lecture", "weights", "scores here", "published", "training")
# Weights of a lecture -> the score that speaks for them, what it is, and the score of the same recipe to see it beside,
# with its name; None where a published figure stands in the recipe.
HEADLINES = {
    "vae-mnist-binary": ("NLL-200", "negative log-likelihood of binarised digits, nats", None),
    "aae-mnist-semi": ("error-aae-100", "errors with 100 labels, %", None),
    "alae-mnist": ("linear-SVM", "digits told apart linearly from codes", None),
    "gan-mnist": ("FD-mnist-cnn", "FD", ("FD-mnist-cnn-of-training-images", "training images")),
    "dcgan-mnist": ("FD-mnist-cnn", "FD", ("FD-mnist-cnn-of-training-images", "training images")),
    "wgan-mnist": ("FD-mnist-cnn", "FD", ("FD-mnist-cnn-of-training-images", "training images")),
    "wgan-gp-mnist": ("FD-mnist-cnn", "FD", ("FD-mnist-cnn-of-training-images", "training images")),
    "biggan-mnist": ("FD-mnist-cnn", "FD", ("FD-mnist-cnn-of-training-images", "training images")),
    "diffusion-mnist": ("FD-mnist-cnn", "FD", ("FD-mnist-cnn-of-training-images", "training images")),
    "rbm-binary": ("nats-test", "negative log-likelihood of Larochelle's binarised digits, nats", None),
    "pixelcnn-binary": ("nats-test", "negative log-likelihood of Larochelle's binarised digits, nats", None),
    "clip-glyphs": ("pair-never-seen", "digit and colour found by a sentence, pairs never seen", ("pair-seen", "seen")),
    "stylegan-glyphs": ("path-length-W-glyphs-cnn", "path length in W", ("path-length-Z-glyphs-cnn", "in Z")),
}


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


def headlines(folder=weights.FOLDER):
    """Return one row a lecture as a markdown table: its score, and a published or another figure beside it.

    Args:
        folder: where the recipes lie; those of HEADLINES that are missing have no row.

    Returns:
        str, markdown, ends in a newline.
    """
    lines = [_line(("lecture", "weights", "what", "here", "beside it", "training")), _line(["---"] * 6)]
    for name in HEADLINES.keys() & set(weights.names(folder)):
        recipe = weights.recipe(name, folder)
        score, what, beside = HEADLINES[name]
        figures = [f for f in recipe["published"] if f["score"] == score]
        other = [f"{_number(f['value'])} ({f['source']})" for f in figures]
        if beside:
            other = [f"{_number(recipe['scores'][beside[0]])} ({beside[1]})"]
        cells = recipe["lecture"], name, what, _number(recipe["scores"][score]), "<br>".join(other)
        lines.append(_line((*cells, _duration(recipe["seconds"]))))
    return "\n".join(lines[:2] + sorted(lines[2:])) + "\n"


def write(root, folder=weights.FOLDER):
    """Write all results into RESULTS.md and the headlines into README.md; return the names of the files that changed.

    Args:
        root: the folder of both files.
        folder: where the recipes lie.

    Raises:
        ValueError: a marker is missing, double, or in the wrong order.
    """
    sections = {"RESULTS.md": ("results", table(folder)), "README.md": ("headlines", headlines(folder))}
    return [name for name, (section, text) in sections.items() if write_section(Path(root) / name, section, text)]


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


def is_current(path, name, text):
    """Return whether a section of a markdown file holds a text."""
    before = Path(path).read_text(encoding="utf-8")
    return before == _replaced(before, text, path, name)


def _replaced(text, new, readme, name):
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
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
