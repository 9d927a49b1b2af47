"""The playground in a real browser: pages ask nobody, draw what Python draws, and follow sliders, finger and keys."""

import os
import subprocess
import sys

import numpy as np
import pytest

from course_utils import pretrained, studies
from course_utils.press import npm, playground

pytestmark = pytest.mark.once
BUILD = """
import sys
from course_utils.press import cli
raise SystemExit(cli.main(["playground", "--out", sys.argv[1]]))
"""
CLOSE = 1e-4


@pytest.fixture(scope="module")
def built(tmp_path_factory, browser):
    for module in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(module, reason=f"no {module}: pip install -e '.[playground]'")
    out = tmp_path_factory.mktemp("playground") / "playground"
    try:
        npm.fetch(playground.RUNTIME, playground.RUNTIME_SHA512, (playground.BINARY,), out.parent / "npm")
    except (FileNotFoundError, ConnectionError) as error:
        pytest.skip(str(error))
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    done = subprocess.run([sys.executable, "-c", BUILD, out], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return out


@pytest.fixture
def opened(page, built):
    """Opens a page of the playground and waits until its networks run."""

    def start(name):
        shown = page.open(built / f"{name}.html")
        shown.wait_for_function("window.playground && playground.ready", timeout=120_000)
        return shown

    yield start
    assert not page.faults


def last(shown):
    return np.array(shown.evaluate("Array.from(playground.last)"), "float32")


def predicted(name, network, *inputs):
    inputs = [np.asarray(array) for array in inputs]
    return pretrained.load(name).networks[network].predict(inputs if len(inputs) > 1 else inputs[0], verbose=0).ravel()


def normal(*shape):
    return np.random.default_rng(5).standard_normal(shape).astype("float32")


def test_all_of_it_is_small(built):
    assert sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) <= 15e6


def test_a_code_of_the_vae_is_drawn_as_python_draws_it(opened):
    shown = opened("01_vae")
    shown.evaluate("playground.set(1.25, -0.5)")
    expected = np.tanh(predicted("vae-mnist-z2", "decoder", [[1.25, -0.5]]) / 2)
    np.testing.assert_allclose(last(shown), expected, atol=CLOSE)


def test_finger_and_keys_move_the_code(opened):
    shown = opened("01_vae")
    box = shown.locator("#plane").bounding_box()
    shown.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    shown.wait_for_function("document.getElementById('said').textContent.startsWith('z = (1.5')")
    shown.focus("#plane")
    before = shown.inner_text("#said")
    shown.keyboard.press("ArrowUp")
    shown.wait_for_function("before => document.getElementById('said').textContent !== before", arg=before)


def test_a_page_runs_inside_another_page(page, built, tmp_path):
    address = (built / "01_vae.html").as_uri()
    (tmp_path / "site.html").write_text(f'<iframe src="{address}" title="Playground"></iframe>')
    shown = page.open(tmp_path / "site.html")
    inside = shown.frames[1]
    inside.wait_for_function("window.playground && playground.ready", timeout=120_000)
    assert inside.evaluate("playground.last.length") == 28 * 28
    assert not page.faults


@pytest.mark.parametrize("prior", ["gaussian", "mixture", "swiss"])
def test_each_prior_has_its_decoder(opened, prior):
    shown = opened("02_aae")
    shown.evaluate(f"playground.set('{prior}', 1.0, 2.0)")
    expected = np.tanh(predicted(f"aae-mnist-{prior}", "decoder", [[1.0, 2.0]]) / 2)
    np.testing.assert_allclose(last(shown), expected, atol=CLOSE)


def test_the_recorded_game_is_the_study(opened):
    shown = opened("04_simple_gan")
    frames = next(iter(studies.read("ring-frames")[1].values()))
    shown.locator("#frame").fill("30")
    shown.wait_for_function("document.getElementById('said').textContent.startsWith('iteration 1500')")
    assert np.array_equal(last(shown), frames[30])


def test_the_walk_of_the_dcgan(opened):
    shown = opened("05_dcgan")
    ends = normal(2, 64)
    shown.evaluate("ends => playground.set(ends[0], ends[1], 1)", ends.tolist())
    images = last(shown).reshape(4, -1)
    np.testing.assert_allclose(images[0], predicted("dcgan-mnist", "generator", ends[:1]), atol=CLOSE)
    np.testing.assert_allclose(images[2], images[1], atol=CLOSE)  # at the end of the walk stands B


def test_biggan_draws_the_digit_that_was_asked_for(opened):
    shown = opened("08_biggan")
    z = normal(2, 60)
    shown.evaluate("z => playground.set(z, 7)", z.ravel().tolist())
    expected = predicted("biggan-mnist", "generator", z, np.array([7, 7], "int32"))
    np.testing.assert_allclose(last(shown), expected, atol=CLOSE)
    before = shown.evaluate("playground.redraws")
    shown.locator("#threshold").fill("0.5")
    shown.wait_for_function("before => playground.redraws > before", arg=before)
    assert "within ±0.50" in shown.inner_text("#said")


def test_styles_and_noise_are_drawn_as_python_draws_them(opened):
    shown = opened("09_stylegan")
    network = pretrained.load("stylegan-glyphs").networks["synthesis"]
    w, noise = (normal(1, *tensor.shape[1:]) for tensor in network.inputs)
    shown.evaluate("v => playground.set(v[0], v[1])", [w.ravel().tolist(), noise.ravel().tolist()])
    np.testing.assert_allclose(last(shown), predicted("stylegan-glyphs", "synthesis", w, noise), atol=CLOSE)
    before = last(shown)
    shown.locator("#first").fill("8")
    shown.wait_for_function("document.getElementById('said').textContent.startsWith('layers 1 to 8')")
    assert not np.array_equal(last(shown)[: before.size], before)


@pytest.mark.parametrize("name", [*playground.PAGES, "index"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_a_phone_and_serve_screen_readers(new_page, built, axe, name, width):
    page = new_page(width=width, height=800)
    shown = page.open(built / f"{name}.html")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.add_script_tag(path=str(axe))
    run = "async () => (await axe.run(document, {preload: false})).violations.map(v => `${v.id}: ${v.nodes[0].html}`)"
    assert shown.evaluate(run) == []
