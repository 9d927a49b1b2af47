"""Every deck in a real browser: each slide fits, shows something, is readable, and asks nobody for anything."""

import pytest

from course_utils.press import notebooks, slides

pytestmark = pytest.mark.once
TWINS = notebooks.twins()
# Of each slide: how far its content reaches, its smallest text and code in pixels, and whether its title is cut.
MEASURE = """() => [...document.querySelectorAll('.slides > section')].map(section => {
    section.style.display = 'block';
    const frame = section.getBoundingClientRect();
    let low = 0, right = 0, text = 99, code = 99, shown = 0;
    for (const part of section.querySelectorAll(':scope > *:not(aside)')) {
        const box = part.getBoundingClientRect();
        low = Math.max(low, box.bottom - frame.top);
        right = Math.max(right, box.right - frame.left, part.tagName !== 'H2' ? part.scrollWidth : 0);
        const size = parseFloat(getComputedStyle(part).fontSize);
        if (part.tagName === 'PRE') code = Math.min(code, size);
        else if (!part.querySelector('img') && part.tagName !== 'IMG') text = Math.min(text, size);
        if (/^H[12]$/.test(part.tagName)) continue;
        shown += part.innerText.trim().length + part.querySelectorAll('img, math').length + (part.tagName === 'IMG');
    }
    const head = section.querySelector('h2');
    return {title: (section.querySelector('h1,h2') || section).innerText.slice(0, 60), low, right, text, code, shown,
            cut: !!head && head.scrollWidth > head.clientWidth + 1};
})"""
AS_ONE_PAGE = """\
.reveal .slides { transform: none !important; zoom: 1 !important; left: 0 !important; top: 0 !important }
.reveal .slides section { position: relative !important; transform: none !important; visibility: visible !important;
                          opacity: 1 !important; top: 0 !important; width: 1280px !important }"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    import nbformat

    folder = tmp_path_factory.mktemp("decks")
    try:
        reveal = slides.fetch_reveal(folder)
    except (FileNotFoundError, ConnectionError) as error:
        pytest.skip(str(error))
    for twin in TWINS:
        notebook = nbformat.read(notebooks.notebook_of(twin), as_version=4)
        slides.write_slides(notebook, folder / f"{twin.stem}.html", reveal)
    return folder


@pytest.mark.parametrize("name", [twin.stem for twin in TWINS])
def test_every_slide_fits_and_shows_something(page, decks, name):
    opened = page.open(decks / f"{name}.html", wait=800)
    opened.add_style_tag(content=AS_ONE_PAGE)
    found = opened.evaluate(MEASURE)
    assert len(found) > 5
    assert not [s for s in found if s["low"] > 720.5 or s["right"] > 1280.5 or s["cut"]]
    assert not [s for s in found if s["text"] < 24 or s["code"] < 18]
    assert not [s for s in found[1:] if not s["shown"]]
    assert not page.faults


@pytest.mark.parametrize("name", [TWINS[0].stem])
def test_a_press_of_space_goes_on_to_the_end(page, decks, name):
    opened = page.open(decks / f"{name}.html", wait=800)
    total = opened.evaluate("Reveal.getTotalSlides()")
    seen = {opened.evaluate("Reveal.getSlidePastCount()")}
    for _ in range(total - 1):
        opened.keyboard.press("Space")
        seen.add(opened.evaluate("Reveal.getSlidePastCount()"))
    assert len(seen) == total
    assert opened.evaluate("Reveal.isLastSlide()")


def test_a_pdf_has_a_page_a_slide(browser, decks, tmp_path):
    source = decks / f"{TWINS[0].stem}.html"
    slides.write_pdf(source, tmp_path / "deck.pdf")
    pages = (tmp_path / "deck.pdf").read_bytes().count(b"/Type /Page\n")
    assert pages == source.read_text(encoding="utf-8").count("<section>")
