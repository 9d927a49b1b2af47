"""A lecture in JupyterLab, as a student goes through it: all cells, an exercise answered wrong and right, a slider."""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from nbformat.v4 import new_code_cell
from playwright.sync_api import TimeoutError

from course_utils.press import notebooks

pytestmark = [pytest.mark.once, pytest.mark.timeout(1500)]
LECTURE = "00_autoencoders"
BEGUN, CHECK = "def masked(x, share, rng):", "exercises.autoencoders.mask.check(masked)"
WRONG = f"{BEGUN}\n    return x * (rng.random(x.shape[1:]) >= share)\n\n\n{CHECK}"  # one mask for all images
RIGHT = f"{BEGUN}\n    return x * (rng.random(x.shape) >= share)\n\n\n{CHECK}"
# Somebody watches from here on: smoke leaves live views and sliders out.
WATCHED = """\
import os
del os.environ["COURSE_PROFILE"]
def line(height):
    made, axis = plots.figure(width=4.0, height=3.0)
    axis.plot([0, height])
    return made
plots.explore(line, alt="A line that rises.", height=(0.0, 1.0, 0.5))
tiny = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
tiny.compile("sgd", "mse")
live = plots.Live(lambda: np.zeros((4, 8, 8, 1)), {"loss": "loss"}, alt="What came of it.")
history = tiny.fit(np.ones((64, 4)), np.ones(64), epochs=3, verbose=0, callbacks=[live])"""


PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(e => e.textContent)"
FAILED = "document.querySelector('[data-mime-type$=\"jupyter.error\"]')"
ALL_RUN = PROMPTS + ".every(text => /\\[\\d+\\]/.test(text)) || " + FAILED


@pytest.fixture(scope="module")
def lab(tmp_path_factory, browser):
    """JupyterLab over a folder with the lecture; yields its address."""
    import nbformat

    if importlib.util.find_spec("jupyterlab") is None:
        pytest.skip("no JupyterLab: pip install -e '.[dev]'")
    folder = tmp_path_factory.mktemp("lab")
    (twin,) = notebooks.find([LECTURE])
    notebook = notebooks.read_twin(twin)
    notebook.cells.append(new_code_cell(WATCHED))
    nbformat.write(notebook, folder / "lecture.ipynb")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none", "codeCellConfig": {"autoClosingBrackets": False}}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    command += ["--IdentityProvider.token=", f"--notebook-dir={folder}", "--ServerApp.port_retries=0"]
    environment = {**os.environ, "COURSE_PROFILE": "smoke", "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    environment |= {"JUPYTER_CONFIG_DIR": str(folder / "config"), "PYTHONPATH": str(notebooks.root())}
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api", server, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(address, server, log, seconds=180):
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            return urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"JupyterLab does not answer: {log.read_text()[-1500:]}")


@pytest.fixture(scope="module")
def page(lab, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(120_000)
    opened.goto(f"{lab}/lab/tree/lecture.ipynb")
    opened.wait_for_selector(".jp-Notebook .jp-CodeCell")
    opened.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    asked = opened.locator(".jp-Dialog .jp-mod-accept")  # for a kernel, at any moment; it lies over the menus
    for _ in range(60):  # a kernel that has just started may let the request fall
        with contextlib.suppress(TimeoutError):
            if asked.count():
                asked.first.click(timeout=5_000)
            opened.click('.lm-MenuBar-itemLabel:text-is("Run")', timeout=5_000)
            opened.click('.lm-Menu-item[data-command="runmenu:run-all"]', timeout=5_000)
        opened.wait_for_timeout(4000)
        if opened.evaluate(f"{PROMPTS}.some(text => /[*\\d]/.test(text))"):
            break
    opened.wait_for_function(ALL_RUN, timeout=900_000)
    yield opened
    context.close()


def _idle(page, seconds=900):
    """Waits until no cell runs or waits to run."""
    page.wait_for_timeout(1500)
    page.wait_for_function(f"!{PROMPTS}.some(text => text.includes('*'))", timeout=1000 * seconds)


def _cell(page, text):
    return page.locator(".jp-CodeCell", has_text=text).first


def _answer(page, source):
    cell = _cell(page, BEGUN)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    _idle(page)
    return cell.locator(".jp-OutputArea").inner_text()


def test_every_cell_runs(page):
    assert page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert page.locator(".jp-CodeCell .jp-InputPrompt", has_text="[ ]:").count() == 0
    assert "Not yet" in _cell(page, BEGUN).inner_text()


def test_a_wrong_answer_is_told_what_is_wrong_and_a_right_one_that_it_is_right(page):
    assert "every image gets the same mask" in _answer(page, WRONG)
    assert "Correct" in _answer(page, RIGHT)


def test_a_slider_moves_its_picture_and_a_training_leaves_its_line_and_figure(page):
    cell = _cell(page, "A line that rises.")
    picture = cell.locator('img[alt^="A line that rises. At height = 0.50"]')
    picture.wait_for()
    assert picture.bounding_box()["width"] <= 720
    before = picture.get_attribute("src")
    cell.locator(".noUi-handle").press("ArrowRight")
    moved = cell.locator('img[alt^="A line that rises. At height = 0.51"]')
    moved.wait_for()
    assert moved.get_attribute("src") != before
    assert "6 iterations in" in cell.inner_text()
