"""Pages: formulas as MathML that browsers know."""

import re

import pytest

from course_utils.press import notebooks, pages

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\mathbb{R}", "ℝ"),
        (r"\mathbb E", "𝔼"),
        (r"\mathcal{N}", "𝒩"),
        (r"\mathcal L", "ℒ"),
        (r"\boldsymbol{\mu}", "𝝁"),
        (r"a<b", "<mo>&#x0003C;</mo>"),
        (r"z\sim q", "<mo>∼</mo>"),
        (r"\frac{1}{2}", "<mfrac>"),
    ],
)
def test_maths_is_made_of_what_browsers_know(latex, expected):
    assert expected in pages.mathml(latex, display=False)
    assert "mathvariant" not in pages.mathml(latex, display=False)


def test_maths_that_cannot_be_converted_is_shown_as_it_is():
    assert pages.mathml(r"\left( x", display=True) == r"<code>\left( x</code>"


def test_aligned_equations_stand_below_one_another():
    made = pages.mathml(r"\begin{aligned}a &= \log b\\ &= c\end{aligned}", display=True)
    assert made.count("<mtr>") == 2
    assert "&</mi>" not in made
    assert '<mi>log</mi><mspace width="0.167em" /><mi>b</mi>' in made


@pytest.mark.parametrize("twin", notebooks.twins(), ids=lambda twin: twin.stem)
def test_every_formula_of_the_lectures_becomes_mathml(twin):
    text = "\n".join(cell.source for cell in notebooks.read_twin(twin).cells if cell.cell_type == "markdown")
    for block, inline in re.findall(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$", text, re.DOTALL):
        made = pages.mathml(block or inline, bool(block))
        left = re.search(r"\\[a-zA-Z]|<mi>&</mi>|linebreak|^<code", made)
        assert not left, f"{block or inline}: {left}"


SCRIPTS = [r"\text{<script>alert(1)</script>}", r"\href{javascript:alert(1)}{x}", r"\text{<mtext onclick=x>}"]
SCRIPTS += ["<img src=x>"]


@pytest.mark.parametrize("latex", SCRIPTS)
def test_no_markup_gets_onto_a_page_through_a_formula(latex):
    made = pages.mathml(latex, display=False)
    assert not re.search(r"<\s*(?!/?(m[a-z]+|code)\b)|<[^>]*\bon\w+=|<[^>]*href", made), made
