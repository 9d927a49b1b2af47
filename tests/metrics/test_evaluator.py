"""The evaluators: what they accept, what they say, and that the shipped ones are what their recipes claim."""

import json
from pathlib import Path

import numpy as np
import pytest

from course_utils import data, metrics, weights
from course_utils.metrics.evaluator import (
    Evaluator,
    Reading,
    colour_32,
    decode_factors,
    digit_network,
    encode_factors,
    grey_28,
    score,
)


def images(n=6, size=28, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, size, size, channels)).astype("float32")


@pytest.fixture(scope="module")
def untrained():
    return Evaluator("test-cnn", grey_28, digit_network(features=8), {"reference": {}})


def test_reading_has_features_and_probabilities(untrained):
    features, probabilities = untrained(images())
    assert features.shape == (6, 8) and features.dtype == np.float32
    assert probabilities.shape == (6, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)


def test_an_image_is_read_alike_alone_and_in_company(untrained):
    x = images(5)
    np.testing.assert_allclose(untrained(x).features[3:4], untrained(x[3:4]).features, atol=1e-5)


@pytest.mark.once
def test_a_margin_of_two_pixels_is_cut_off():
    x = images()
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=-1)
    np.testing.assert_array_equal(grey_28(padded), x)


@pytest.mark.once
def test_grey_goes_to_all_channels_and_gets_a_black_margin():
    x = images()
    y = colour_32(x)
    assert y.shape == (6, 32, 32, 3)
    for channel in range(3):
        np.testing.assert_array_equal(y[:, 2:-2, 2:-2, channel], x[..., 0])
    assert (y[:, :2] == -1).all() and (y[:, :, -2:] == -1).all()
    z = images(size=32, channels=3)
    np.testing.assert_array_equal(colour_32(z), z)


@pytest.mark.parametrize(
    "x, words",
    [
        (images(channels=3), "glyphs"),
        (images(size=40), "28, 28"),
        (255 * images(), "rescale"),
        (images() * np.nan, "NaN"),
        (images()[0], "missing axis"),
        (images()[:0], "no image"),
    ],
)
def test_other_images_are_refused(untrained, x, words):
    with pytest.raises(ValueError, match=words):
        untrained(x)


def test_raw_pixels_are_refused(untrained):
    with pytest.raises(TypeError, match="uint8"):
        untrained(np.zeros((2, 28, 28, 1), "uint8"))


@pytest.mark.once
def test_colour_evaluator_refuses_other_sizes():
    with pytest.raises(ValueError, match="32, 32"):
        colour_32(images(size=64, channels=3))


def test_digits_evaluator_reads_no_factors(untrained):
    with pytest.raises(ValueError, match="glyphs"):
        untrained.factors(images())


@pytest.mark.once
def test_factors_come_back_from_their_targets():
    true = data.glyphs.make(20, seed=5, colour=True, size=32).factors
    targets = encode_factors(true)
    assert targets.shape == (20, 10) and np.abs(targets).max() <= 1 + 1e-6
    found = decode_factors(targets)
    for name in found:
        np.testing.assert_allclose(found[name], true[name], atol=1e-5)
    grey = data.glyphs.make(20, seed=5).factors
    np.testing.assert_array_equal(encode_factors(grey)[:, 6:], 0)


@pytest.mark.once
def test_score_names_carry_the_evaluator():
    rng = np.random.default_rng(0)
    real, fake = (Reading(rng.normal(size=(30, 4)), rng.dirichlet(np.ones(10), 30)) for _ in range(2))
    found = score(fake, real, Evaluator("test-cnn", None, None, {"reference": {}}))
    assert list(found) == [
        "FD-test-cnn", "KD-test-cnn", "IS-test-cnn", "precision-test-cnn", "recall-test-cnn",
    ]
    assert found["FD-test-cnn"] == metrics.frechet_distance(real.features, fake.features)
    assert found["KD-test-cnn"] == metrics.kernel_distance(real.features, fake.features)
    assert found["IS-test-cnn"] == metrics.inception_score(fake.probabilities)
    near = metrics.precision_recall(real.features, fake.features)
    assert (found["precision-test-cnn"], found["recall-test-cnn"]) == near


def test_score_reads_images(untrained):
    real, fake = images(8), images(8, seed=1)
    assert score(fake, real, untrained) == score(untrained(fake), untrained(real), untrained)


@pytest.mark.once
def test_unknown_evaluator_suggests_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'mnist'"):
        metrics.evaluator("mnist-cn")


@pytest.mark.parametrize("name", ["mnist", "glyphs"])
def test_shipped_evaluator_is_small_and_good(name):
    found = metrics.evaluator(name)
    assert found is metrics.evaluator(name) and found.name == f"{name}-cnn"
    assert (weights.FOLDER / f"{name}-cnn.npz").stat().st_size <= 1_000_000
    assert found.recipe["scores"][f"accuracy-{name}-cnn"] >= 0.992
    # Real against real: nothing that a generator makes can be expected below this.
    assert 0 < found.reference[f"FD-{name}-cnn"] < 1
    assert found.reference[f"IS-{name}-cnn-test"] > 9.5


def test_shipped_evaluator_reads_glyphs():
    drawn = data.glyphs.make(300, seed=123, colour=True, size=32)
    evaluator = metrics.evaluator("glyphs")
    x = data.scale(drawn.images)
    assert (evaluator(x).probabilities.argmax(axis=1) == drawn.labels).mean() >= 0.98
    read = evaluator.factors(x)
    for name, least in {"slant": 0.9, "thickness": 0.9, "scale": 0.9, "rotation": 0.9, "x": 0.9, "y": 0.9}.items():
        assert 1 - np.var(read[name] - drawn.factors[name]) / np.var(drawn.factors[name]) > least, name
    turns = 2 * np.pi * (read["hue"] - drawn.factors["hue"])
    assert np.cos(turns).mean() > 0.95


def test_shipped_evaluators_agree_with_themselves_on_every_backend():
    """The values were read on TensorFlow; JAX and torch must read the same."""
    stored = json.loads(Path(__file__).with_name("readings.json").read_text())
    for name, size, channels in (("mnist", 28, 1), ("glyphs", 32, 3)):
        drawn = data.glyphs.make(3, seed=77, colour=channels == 3, size=size)
        reading = metrics.evaluator(name)(data.scale(drawn.images))
        np.testing.assert_allclose(reading.features, stored[name]["features"], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(reading.probabilities, stored[name]["probabilities"], atol=1e-4)
