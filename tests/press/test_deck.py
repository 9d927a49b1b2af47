"""Slides fit: what stands on them, what goes into the notes, and that no slide holds more than it has room for."""

import base64
import struct

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.press import deck, notebooks, prose

pytestmark = pytest.mark.once
LONG = (
    "The first sentence says it, and it is long enough to stand on a slide. "
    + "Then come many more words that nobody reads from a wall. " * 20
)


def png(width, height):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height)
    return base64.b64encode(head + bytes(30)).decode()


def text(source, kind="-"):
    return new_markdown_cell(source, metadata={"slideshow": {"slide_type": kind}})


def code(source, *figures, said="", tags=(), kind="-"):
    outputs = [new_output("stream", name="stdout", text=said)] if said else []
    for size in figures:
        outputs.append(new_output("display_data", data={"image/png": png(*size)}, metadata={"image/png": {"alt": "A"}}))
    return new_code_cell(source, outputs=outputs, metadata={"slideshow": {"slide_type": kind}, "tags": list(tags)})


def cut(*cells):
    return deck.cut(new_notebook(cells=[text("# 01 · Title", "slide"), *cells]))[1:]


@pytest.mark.parametrize(
    "paragraph, lead",
    [
        ("One. Two.", "One."),
        ("One (see a. b. C). Two.", "One (see a. b. C)."),
        ("With $p(x). Y$ inside. Two.", "With $p(x). Y$ inside."),
        ("Call `a. B` now! Two.", "Call `a. B` now!"),
        ("See Fig. 3 and eq. 7. Two.", "See Fig. 3 and eq. 7."),
        ("**Both. Halves** stay. Two.", "**Both. Halves** stay."),
        ("**An erratum.** The slide has a 2. Two.", "**An erratum.** The slide has a 2."),
        ("FD is 2. Then it falls.", "FD is 2."),
        ("- **Why.** It holds. Two.", "- **Why.** It holds."),
        ("No end", "No end"),
    ],
)
def test_first_sentence(paragraph, lead):
    assert prose.first_sentence(paragraph) == lead


def test_a_short_first_sentence_brings_the_next_one_where_there_is_room():
    paragraph = "Compare two. The deep one says more about the class of a digit than the flat one. Then more."
    first, second = "Compare two.", "The deep one says more about the class of a digit than the flat one."
    assert prose.lead(paragraph, 172) == f"{first} {second}"
    assert prose.lead(paragraph, 40) == first
    assert prose.lead(first, 172) == first
    assert prose.lead(f"{second} {first}", 172) == second


def test_the_sentence_that_announces_a_formula_stands_before_it():
    first, last = "The critic has no batch norm to put a class into, so how does it hear of one?", "BigGAN projects:"
    (slide,) = cut(text(f"## A\n\n{first} The slide joins maps. {last}\n\n$$x$$\n\n{first} It ends:", "slide"))
    assert [b.source for b in slide.blocks] == [first, last, "$$x$$", first]
    (slide,) = cut(text(f"## A\n\n{last}\n\n$$x$$", "slide"))
    assert [b.source for b in slide.blocks] == [last, "$$x$$"]
    assert prose.announcement("It ends. So.") == ""


def test_a_paragraph_is_cut_and_told_in_the_notes():
    (slide,) = cut(text(f"## Head\n\n{LONG}", "slide"))
    assert (slide.title, [b.source for b in slide.blocks]) == ("Head", [LONG.partition(" Then")[0]])
    assert "many more words" in slide.notes[0]


def test_skipped_cells_are_left_out_and_notes_go_to_the_slide_before():
    (slide,) = cut(text("## A\n\nB.", "slide"), text("not shown", "skip"), text("point at B", "notes"))
    assert [b.source for b in slide.blocks] == ["B."]
    assert slide.notes == ["point at B"]


def test_a_figure_stands_without_the_code_that_drew_it_and_with_its_sentence():
    (slide,) = cut(text("## A\n\nLook.", "slide"), code("plot()", (640, 480)), text("It falls. More words."))
    assert [b.kind for b in slide.blocks] == ["text", "figure", "text"]
    assert slide.left >= 0
    shown, figure = cut(code("plot()", (640, 480), tags=["show-input"], kind="slide"))
    assert (shown.blocks[0].source, figure.blocks[0].kind) == ("plot()", "figure")
    assert not cut(code("secret()", tags=["hide-input"]))


def test_code_of_two_slides_that_says_something_shows_what_it_said():
    long = "\n".join(f"x{i} = {i}" for i in range(14))
    (slide,) = cut(text("## A\n\nLook.", "slide"), code(long, said="x is 3"))
    assert [b.kind for b in slide.blocks] == ["text", "said"]
    assert not cut(code(long, tags=["long"], kind="slide"))
    assert len(cut(code(long, said="x is 3", tags=["show-input"], kind="slide"))) == 2


def test_what_has_room_stays_on_the_slide_and_a_lone_remark_goes_into_the_notes():
    (slide,) = cut(text("## A\n\nOne.", "slide"), text("Two.", "subslide"), code("x = 1", kind="subslide"))
    assert [b.source for b in slide.blocks] == ["One.", "Two.", "x = 1"]
    full = code("\n".join("x = 1" for _ in range(12)) + "\n", said="\n".join(map(str, range(8))))
    (slide,) = cut(text("## A", "slide"), full, text("So."))
    assert (slide.blocks[-1].kind, slide.notes) == ("said", ["So."])
    slides = cut(text("## A", "slide"), full, text("So it is.", "slide"))
    assert slides[-1].blocks[0].source == "So it is."


def test_a_quotation_keeps_its_lines_and_the_minutes_of_a_notebook_are_left_out():
    (slide,) = cut(text("## A\n\n> 1. draw. Then\n> 2. step\n\n| profile | for |\n|---|---|\n| smoke | x |", "slide"))
    assert [b.source for b in slide.blocks] == ["> 1. draw. Then\n> 2. step"]


def test_two_figures_are_two_slides_of_one_title():
    slides = cut(text("## A", "slide"), code("plot()", (640, 480), (640, 480)))
    assert [(s.title, [b.kind for b in s.blocks]) for s in slides] == [("A", ["figure"])] * 2


@pytest.mark.parametrize("lines", [12, 13, 15, 40])
def test_code_is_cut_into_parts_of_twelve_lines_and_nothing_is_lost(lines):
    source = "\n".join(f"x{i} = {i}" for i in range(lines))
    slides = cut(code(source, kind="slide"))
    parts = [b.source for s in slides for b in s.blocks]
    assert "\n".join(parts) == source
    assert max(part.count("\n") + 1 for part in parts) <= deck.MOST_CODE


def test_a_method_on_the_next_slide_keeps_its_indentation():
    method = "\n".join(f"    line{i} = {i}" for i in range(9))
    _, second = deck._parts(f"class A:\n{method}\n\n{method}")
    assert second == method


def test_much_that_was_printed_says_how_much_is_left_out():
    (slide,) = cut(code("go()", said="\n".join(map(str, range(30))), tags=["hide-input"], kind="slide"))
    assert slide.blocks[0].source.endswith("… and 19 lines more in the notebook")


def test_a_long_line_that_was_printed_goes_on_below():
    words = " ".join(f"word{i}" for i in range(40))
    (slide,) = cut(code("go()", said=f"a   b\n\n{words}", tags=["hide-input"], kind="slide"))
    lines = slide.blocks[0].source.splitlines()
    assert lines[0] == "a   b" and len(lines) > 2 and " ".join(" ".join(lines[1:]).split()) == words
    assert max(map(len, lines)) <= deck.CODE_COLUMNS


def test_a_long_table_goes_on_with_its_head():
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| {i} | {LONG[:200]} |" for i in range(12))
    slides = cut(text(f"## T\n\n{table}", "slide"))
    sources = [b.source for s in slides for b in s.blocks]
    assert len(slides) > 1 and all(source.startswith("| a | b |\n|---|") for source in sources)
    assert sum(source.count("\n") - 1 for source in sources) == 12


def test_the_picture_of_the_title_is_the_tagged_one_or_the_first():
    first, second = code("a()", (100, 50)), code("b()", (300, 200), tags=["cover"])
    assert deck.cover(new_notebook(cells=[first, second]))[0] == png(300, 200)
    assert deck.cover(new_notebook(cells=[first])) == (png(100, 50), "A")
    assert deck.cover(new_notebook(cells=[text("none")])) is None


@pytest.mark.parametrize("twin", notebooks.twins(), ids=lambda twin: twin.stem)
def test_no_slide_of_the_course_holds_more_than_it_has_room_for(twin):
    import nbformat

    for slide in deck.cut(nbformat.read(notebooks.notebook_of(twin), as_version=4))[1:]:
        assert slide.left >= -deck.GAP, f"{slide.title}: {[(b.kind, b.height) for b in slide.blocks]}"
        assert sum(b.source.count("\n") + 1 for b in slide.blocks if b.kind == "code") <= deck.MOST_CODE
        assert sum(b.kind == "figure" for b in slide.blocks) <= 1
