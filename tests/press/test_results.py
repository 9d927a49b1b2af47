"""The results table: made from recipes, and what the project shows is current."""

import importlib.util
import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from course_utils import files, weights
from course_utils.layers import ModulatedConv2D, SelfAttention2D
from course_utils.press import results

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[2]


def store(folder, name, **changes):
    """A recipe as `weights.write` leaves it, beside an array file."""
    recipe = (
        dict.fromkeys(weights.REQUIRED)
        | {
            "lecture": "05",
            "seconds": 5400.0,
            "backend": "jax",
            "machine": "2 x86_64 cores",
            "scores": {"FD-mnist-cnn": 1.23456},
            "published": [],
        }
        | changes
    )
    recipe["sha256"] = files.save_arrays(folder / f"{name}.npz", {"a": np.zeros(1)})
    (folder / f"{name}.json").write_text(json.dumps(recipe))


def test_table_of_two_recipes(tmp_path):
    store(tmp_path, "dcgan-mnist")
    published = [
        {"score": "NLL", "value": 89.9, "source": "Tomczak and Welling 2018"},
        {"score": "Parzen", "value": "340 ± 2", "source": "Makhzani et al. 2015"},
    ]
    store(tmp_path, "vae-mnist", lecture="01", seconds=50, scores={"NLL": 89.512}, published=published)
    assert results.table(tmp_path) == (
        "| lecture | weights | scores here | published | training |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| 01 | vae-mnist | NLL 89.51 | NLL 89.9 (Tomczak and Welling 2018)<br>Parzen 340 ± 2 (Makhzani et al. 2015) "
        "| 50 s, jax, 2 x86_64 cores |\n"
        "| 05 | dcgan-mnist | FD-mnist-cnn 1.235 |  | 1.5 h, jax, 2 x86_64 cores |\n"
    )


def test_scores_of_real_images_stand_below(tmp_path):
    store(tmp_path, "mnist-cnn", reference={"FD-mnist-cnn": 0.0672514, "n": [10, 10]})
    (row,) = results.table(tmp_path).splitlines()[2:]
    assert "| FD-mnist-cnn 1.235<br>FD-mnist-cnn of real images 0.06725 |" in row


def test_headlines_of_two_recipes(tmp_path):
    published = [
        {"score": "NLL-200", "value": 89.9, "source": "Somebody 2018"},
        {"score": "IS", "value": 1, "source": "x"},
    ]
    store(tmp_path, "vae-mnist-binary", lecture="01", scores={"NLL-200": 89.512}, published=published)
    store(tmp_path, "dcgan-mnist", scores={"FD-mnist-cnn": 0.74159, "FD-mnist-cnn-of-training-images": 0.0672})
    store(tmp_path, "another")
    assert results.headlines(tmp_path).splitlines()[2:] == [
        "| 01 | vae-mnist-binary | negative log-likelihood of binarised digits, nats | 89.51 | 89.9 (Somebody 2018) "
        "| 1.5 h |",
        "| 05 | dcgan-mnist | FD | 0.7416 | 0.0672 (training images) | 1.5 h |",
    ]


@pytest.fixture
def root(tmp_path):
    """Two files with sections, and the weights of one run."""
    store(tmp_path, "dcgan-mnist", scores={"FD-mnist-cnn": 0.74159, "FD-mnist-cnn-of-training-images": 0.0672})
    for name, section in {"RESULTS.md": "results", "README.md": "headlines"}.items():
        text = f"# Title\n\n<!-- {section}:begin -->\nold\n<!-- {section}:end -->\n\nEnd, with «marks».\n"
        (tmp_path / name).write_text(text)
    return tmp_path


def test_only_what_stands_between_the_markers_changes(root):
    assert results.write(root, root) == ["RESULTS.md", "README.md"]
    table = results.table(root)
    expected = f"# Title\n\n<!-- results:begin -->\n{table}<!-- results:end -->\n\nEnd, with «marks».\n"
    assert (root / "RESULTS.md").read_text() == expected
    assert results.write(root, root) == []


def test_a_typed_score_is_found(root):
    results.write(root, root)
    path = root / "RESULTS.md"
    assert results.is_current(path, "results", results.table(root))
    path.write_text(path.read_text().replace("0.7416", "0.6416"))
    assert not results.is_current(path, "results", results.table(root))


@pytest.mark.parametrize("text", [
    "none", "<!-- a:begin -->", "<!-- a:end -->\n<!-- a:begin -->", 2 * "<!-- a:begin --><!-- a:end -->",
])  # fmt: skip
def test_markers_must_stand_once_and_in_order(tmp_path, text):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(ValueError, match="expected each once"):
        results.write_section(path, "a", "new\n")
    assert path.read_text() == text


def test_the_course_shows_what_the_recipes_say():
    for name, section, text in (
        ("RESULTS.md", "results", results.table()), ("README.md", "headlines", results.headlines()),
    ):  # fmt: skip
        assert results.is_current(ROOT / name, section, text), "run `course results`"


def test_every_headline_is_a_score_of_its_recipe():
    for name, (score, _, beside) in results.HEADLINES.items():
        assert {score, beside[0] if beside else score} <= set(weights.recipe(name)["scores"]), name


def test_the_speed_tables_are_those_that_the_reports_give():
    tables = script("run").tables()
    for section, fewest in {"benchmarks": 6, "rates": 4}.items():  # a head, and measurements on two backends
        assert tables[section].count("\n") >= fewest
        shown = f"<!-- {section}:begin -->\n{tables[section]}<!-- {section}:end -->"
        assert shown in (ROOT / "RESULTS.md").read_text(encoding="utf-8")


def test_multiply_adds_are_counted_as_by_hand():
    rate = script("rate")
    x = keras.Input((4, 4, 2))
    h = layers.Conv2D(16, 3, padding="same")(x)  # 3·3·2·16 weights at 16 positions
    h = SelfAttention2D()(h)  # 16·2 + 16·2 + 16·8 + 8·16 at 16 positions; 16 queries, 4 keys, 2 and 8 channels
    network = keras.Model(x, layers.Dense(3)(layers.Flatten()(h)))  # 256·3
    by_hand = 288 * 16 + 320 * 16 + 16 * 4 * (2 + 8) + 768
    assert rate.multiply_adds(network) == by_hand
    style = keras.Input((5,))
    modulated = keras.Model([x, style], ModulatedConv2D(7, 3)([x, style]))  # the style's matrix is used once an image
    assert rate.multiply_adds(modulated) == 3 * 3 * 2 * 7 * 16 + 5 * 2
    assert rate.an_image(100, 10, turns=2) == 100 + 60 + (300 + 20) / 2


def script(name):
    """A module of tests/benchmarks, which is no package."""
    source = ROOT / "tests" / "benchmarks" / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, source)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
