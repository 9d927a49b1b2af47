"""The cells of a lecture's exercises for its text twin: `python -m course_utils.press.tasks autoencoders`.

Heading, question, the cell to fill, its check and the folded solution, as `tests/exercises` expects them. Between and
behind them the notebook has what is its own: the cell that is predicted, the cell that uses a piece.
"""

import sys

from course_utils import exercises

FOLD = "<details><summary>Solution</summary>\n\n{}\n\n</details>"


def cells(lecture, name):
    """Returns the cells of one task as text of a twin."""
    task = exercises.tasks(getattr(exercises, lecture))[name]
    check = f"exercises.{lecture}.{name}.check({', '.join(task.names)})\n"
    space = "\n\n" if task.start.startswith(("def ", "class ")) else "\n"
    parts = [
        _markdown(f"### {task.title}\n\n{task.question}", "subslide"),
        f'# %% slideshow={{"slide_type": "fragment"}}\n{task.start}{space}{check}',
        _markdown(FOLD.format(task.solved()), "fragment"),
    ]
    if isinstance(task, exercises.Prediction):
        run = f"measured = ...  # what the cell finds out\nexercises.{lecture}.{name}.compare(measured)\n"
        parts.insert(2, f'# %% slideshow={{"slide_type": "fragment"}}\n{run}')
    return "\n".join(parts)


def _markdown(text, slide):
    lines = "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())
    return f'# %% [markdown] slideshow={{"slide_type": "{slide}"}}\n{lines}'


if __name__ == "__main__":
    for chosen in exercises.tasks(getattr(exercises, sys.argv[1])):
        print(cells(sys.argv[1], chosen))
