"""Which cells of a notebook go on slides, and what the speaker says there."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.press import deck, notebooks, speaker, thread

pytestmark = pytest.mark.once


def shown(*cells, depth=False):
    made = [new_markdown_cell(c) if isinstance(c, str) else c for c in cells]
    return [(title, cell.source) for title, cell in thread.cells(new_notebook(cells=made), depth)]


def test_what_is_in_depth_and_the_references_are_for_home():
    home = "## 2 · Recap\n\n### References\n\na"
    cells = ["# T", "## 1 · A", "x", "## In depth", "far", "### B. Deeper", "## B · More", home]
    assert [source for _, source in shown(*cells)] == ["# T", "## 1 · A", "x", "## 2 · Recap"]
    assert [source for _, source in shown(*cells, depth=True)][3:5] == ["## In depth", "far"]
    assert [source for _, source in shown("## 10 · In depth: why", "x", "## 11 · Next")] == ["## 11 · Next"]


def test_each_heading_of_a_cell_has_a_slide_of_its_own_and_fenced_code_has_none():
    assert shown("## A\n\nx\n\n### B\n\n```python\n# not a heading\n```") == [
        ("A", "## A\n\nx"),
        ("B", "### B\n\n```python\n# not a heading\n```"),
    ]


def test_an_exercise_is_its_task_and_what_follows_goes_on_with_the_lecture():
    check = new_code_cell("check()", outputs=[new_output("stream", name="stdout", text="Not yet")])
    cells = ["## 6 · Cut", "### Exercise 2 · Draw", check, "<details><summary>Solution</summary> s </details>", "after"]
    assert shown(*cells) == [
        ("6 · Cut", "## 6 · Cut"),
        ("Exercise 2 · Draw", "### Exercise 2 · Draw"),
        ("Exercise 2 · Draw", "check()"),
        ("6 · Cut", "after"),
    ]
    beside = ["## 6 · Cut", "### 6.1 Deep", *cells[1:]]  # a heading of the exercise's own level comes back too
    assert shown(*beside)[-1] == ("6.1 Deep", "after")
    assert check.outputs
    assert shown("## 9 · Your turn", *cells[1:]) == [("9 · Your turn", "## 9 · Your turn"), *shown(*cells)[1:3]]
    made = new_notebook(cells=[new_markdown_cell(c) if isinstance(c, str) else c for c in cells])
    assert not [cell.outputs for _, cell in thread.cells(made) if cell.cell_type == "code" and cell.outputs]


def test_notes_stand_on_the_first_slide_of_their_title_with_the_clock(tmp_path):
    path = tmp_path / "01.md"
    path.write_text("# T\n\n## A\n5 min. Point at x.\n\n## B\n\n60 min. Ask y.\n")
    notes = speaker.read(path)
    assert notes == {"A": (5, "Point at x."), "B": (60, "Ask y.")}
    made = speaker.attach([deck.Slide("T"), deck.Slide("A"), deck.Slide("A"), deck.Slide("B", notes=["z"])], notes)
    assert [slide.notes for slide in made[1:]] == [
        ["**5 min, until 0:05.** Point at x."], [], ["**60 min, until 1:05.** Ask y.", "z"]
    ]  # fmt: skip
    assert "| 0:05 | B |" in made[0].notes[0]


def test_wrong_notes_are_named(tmp_path):
    with pytest.raises(ValueError, match="Found speaker's notes for 'C', expected the title of a slide"):
        speaker.attach([deck.Slide("A")], {"C": (1, "x")})
    (tmp_path / "a.md").write_text("## A\nPoint at x.\n")
    with pytest.raises(ValueError, match="below 'A' in a.md, expected the minutes first"):
        speaker.read(tmp_path / "a.md")
    assert speaker.read(tmp_path / "none.md") == {}


MOST_SLIDES = 45
NOTED = [twin for twin in notebooks.twins() if speaker.notes_of(twin).exists()]


@pytest.mark.parametrize("twin", NOTED, ids=lambda twin: twin.stem)
def test_every_part_of_a_lecture_says_what_to_do_and_how_long_it_takes(twin):
    import nbformat

    slides = deck.cut(nbformat.read(notebooks.notebook_of(twin), as_version=4))
    said = speaker.read(speaker.notes_of(twin))
    speaker.attach(slides, said)
    parts = {slide.title for slide in slides[1:] if slide.first} - {slides[0].title}
    assert not parts - set(said)
    assert all(len(text.split()) >= 8 for _, text in said.values())


@pytest.mark.parametrize("twin", NOTED, ids=lambda twin: twin.stem)
def test_a_deck_fills_its_meetings_and_no_more(twin):
    import nbformat

    path = speaker.notes_of(twin)
    meetings = 2 if "for two meetings of 90 minutes" in path.read_text(encoding="utf-8").partition("\n")[0] else 1
    said = speaker.read(path)
    minutes = sum(minutes for minutes, _ in said.values())
    assert 80 * meetings <= minutes <= 90 * meetings
    slides = deck.cut(nbformat.read(notebooks.notebook_of(twin), as_version=4))
    assert len(slides) <= MOST_SLIDES
    assert not {slide.title for slide in slides[1:]} - set(said)
