"""The site in a real browser: no violation that axe-core knows of, readable at every width, nothing from elsewhere."""

import pytest

from course_utils.press import notebooks, reference, site

pytestmark = pytest.mark.once
LECTURES = [f"lectures/{twin.stem}.html" for twin in notebooks.twins()]
API = [f"api/{reference.slug(title)}.html" for title in reference.API]
PAGES = ["index.html", *LECTURES, "results.html", "errata.html", "glossary.html", "api.html", *API]
FIND = """async () => (await axe.run(document, {resultTypes: ['violations'], preload: false})).violations.map(
    found => `${found.id} × ${found.nodes.length}: ${found.nodes[0].html.slice(0, 150)}`)"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "site"
    site.build(folder)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screen_readers_and_weak_eyes_are_served(new_page, built, axe, scheme):
    page = new_page(color_scheme=scheme)
    found = {}
    for name in PAGES:
        opened = page.open(built / name)
        assert not page.faults, name
        opened.add_script_tag(path=str(axe))
        found[name] = opened.evaluate(FIND)
        page.faults.clear()  # what axe itself asked for
    assert not {name: violations for name, violations in found.items() if violations}


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_sticks_out_at_any_width(new_page, built, width):
    page = new_page(width=width, height=900)
    for name in PAGES:
        assert page.open(built / name, wait=100).evaluate("document.documentElement.scrollWidth") <= width, name


def test_code_can_be_scrolled_on_a_phone(new_page, built):
    page = new_page(width=390, height=800)
    opened = page.open(built / LECTURES[0])
    hidden = """() => [...document.querySelectorAll('.cell_input pre')].filter(
        e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'visible').length"""
    assert opened.evaluate(hidden) == 0
