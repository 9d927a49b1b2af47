"""What the tests in a real browser share: Chromium, driven by Playwright; without them the whole folder is skipped."""

import shutil

import pytest

from course_utils.press import npm

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = "axe-core@4.14.1"
AXE_SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install -e '.[browser]'")
    if BROWSER is None:
        pytest.skip("no Chromium or Chrome is installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The file of axe-core, which finds what screen readers and weak eyes would stumble over."""
    try:
        folder = npm.fetch(AXE, AXE_SHA512, ("axe.min.js",), tmp_path_factory.mktemp("axe"))
    except (FileNotFoundError, ConnectionError) as error:
        pytest.skip(str(error))
    return folder / "axe.min.js"


class Page:
    """A page of the browser that notes what went wrong on it: errors of scripts, and requests to elsewhere."""

    def __init__(self, browser, width=1280, height=720, **context):
        self.context = browser.new_context(viewport={"width": width, "height": height}, **context)
        self.page = self.context.new_page()
        self.faults = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        self.page.on("request", lambda r: self.faults.append(r.url) if r.url.startswith(("http:", "https:")) else None)

    def open(self, path, wait=300):
        self.page.goto(path.resolve().as_uri())
        self.page.wait_for_timeout(wait)
        return self.page

    def close(self):
        self.context.close()


@pytest.fixture
def new_page(browser):
    """Opens pages, of any width and colour scheme, and closes them when the test is over."""
    opened = []

    def make(**settings):
        opened.append(Page(browser, **settings))
        return opened[-1]

    yield make
    for page in opened:
        page.close()


@pytest.fixture
def page(new_page):
    return new_page()
