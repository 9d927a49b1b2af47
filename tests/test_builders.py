"""Builders register themselves, and the networks that they make for `pretrained` look at what they are given."""

import keras
import numpy as np
import pytest

from course_utils import builders, pretrained

rng = np.random.default_rng(0)
DIGITS = rng.uniform(-1, 1, (3, 28, 28, 1)).astype("float32")
LATENTS = rng.normal(size=(3, 60)).astype("float32")
WRONG = {
    "0 to 255": ("vae-mnist-z2", "encoder", 255 * np.abs(DIGITS), ValueError, "data in 0 to 255"),
    "[-1, 1] for [0, 1]": ("vae-mnist-z2", "encoder", DIGITS, ValueError, r"expected \[0, 1\]"),
    "[0, 1] for [-1, 1]": ("dcgan-mnist", "critic", np.abs(DIGITS), ValueError, r"expected \[-1, 1\]"),
    "bytes": ("vae-mnist-z2", "encoder", (255 * np.abs(DIGITS)).astype("uint8"), TypeError, "uint8"),
    "one image": ("vae-mnist-z2", "encoder", np.abs(DIGITS[0]), ValueError, r"images\[None\]"),
    "colour": ("dcgan-mnist", "critic", DIGITS.repeat(3, -1), ValueError, "3"),
    "another size": ("dcgan-mnist", "critic", DIGITS[:, :14], ValueError, r"expected \(N, 28, 28, 1\)"),
    "NaN": ("dcgan-mnist", "critic", DIGITS * np.nan, ValueError, "NaN"),
    "none": ("dcgan-mnist", "critic", DIGITS[:0], ValueError, "N ≥ 1"),
    "short latents": ("biggan-mnist", "generator", [LATENTS[:, 1:], [0, 1, 2]], ValueError, r"expected \(N, 60\)"),
    "whole latents": ("biggan-mnist", "generator", [LATENTS.astype(int), [0, 1, 2]], TypeError, "z of type int64"),
    "infinite latents": ("biggan-mnist", "generator", [LATENTS + np.inf, [0, 1, 2]], ValueError, "infinite"),
    "no labels": ("biggan-mnist", "generator", LATENTS, ValueError, r"1 arrays .* expected 2; pass \[z, labels\]"),
    "class 10": ("biggan-mnist", "generator", [LATENTS, [0, 1, 10]], ValueError, "0 to 9"),
    "unlabelled": ("biggan-mnist", "generator", [LATENTS, [0, 1, -1]], ValueError, "0 to 9"),
    "one-hot": ("biggan-mnist", "generator", [LATENTS, np.eye(10)[:3]], ValueError, "argmax"),
    "a column": ("biggan-mnist", "generator", [LATENTS, np.zeros((3, 1), int)], ValueError, "labels"),
    "float labels": ("biggan-mnist", "generator", [LATENTS, [0.0, 1.0, 2.0]], TypeError, "integers"),
    "names": ("biggan-mnist", "generator", [LATENTS, ["cat", "dog", "cat"]], TypeError, "labels"),
    "two labels": ("biggan-mnist", "generator", [LATENTS, [0, 1]], ValueError, "differ in length"),
}


@pytest.fixture(scope="module")
def shipped():
    return {name: pretrained.load(name) for name in ("vae-mnist-z2", "dcgan-mnist", "biggan-mnist")}


@pytest.mark.parametrize("case", WRONG)
def test_predict_checks_what_it_is_given_before_anything_runs(case, shipped, monkeypatch):
    name, network, inputs, error, words = WRONG[case]
    chosen = shipped[name].networks[network]
    monkeypatch.setattr(chosen, "predict_step", None)  # would raise another error
    with pytest.raises(error, match=words):
        chosen.predict(inputs, verbose=0)


def test_predict_of_what_is_right_is_the_networks_output(shipped):
    for name, network, inputs in (
        ("vae-mnist-z2", "encoder", np.abs(DIGITS)),
        ("dcgan-mnist", "critic", DIGITS),
        ("biggan-mnist", "generator", [LATENTS, np.array([0, 1, 9])]),
    ):
        chosen = shipped[name].networks[network]
        expected = keras.tree.flatten(chosen(inputs, training=False))
        for given in (inputs, keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)):
            for one, other in zip(keras.tree.flatten(chosen.predict(given, verbose=0)), expected, strict=True):
                np.testing.assert_allclose(one, keras.ops.convert_to_numpy(other), atol=1e-4)


def test_an_interrupted_prediction_costs_no_weights(shipped):
    class Stop(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    chosen = shipped["dcgan-mnist"].networks["critic"]
    before = chosen.get_weights()
    with pytest.raises(KeyboardInterrupt):
        chosen.predict(DIGITS, batch_size=1, callbacks=[Stop()], verbose=0)
    for one, other in zip(chosen.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(chosen.predict(DIGITS, verbose=0)).all()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n": 2.5}, TypeError, "n is 2.5"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"seed": None}, TypeError, "seed is None"),
        ({"labels": [0.5, 1.0]}, TypeError, "integers"),
        ({"labels": [[0], [1]]}, ValueError, "labels"),
        ({"labels": [0, 10]}, ValueError, "0 to 9"),
        ({"truncation": "half"}, TypeError, "truncation='half'"),
        ({"truncation": float("nan")}, TypeError, "truncation=nan"),
    ],
)
def test_sample_checks_its_arguments_before_anything_runs(arguments, error, words, shipped):
    with pytest.raises(error, match=words):
        shipped["biggan-mnist"].sample(**({"n": 2, "seed": 0} | arguments))


def test_samples_are_float32_whatever_the_session_computes_in():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        images = pretrained.load("dcgan-mnist").sample(3, seed=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, pretrained.load("dcgan-mnist").sample(3, seed=0), atol=1e-6)


def test_a_name_belongs_to_one_builder(monkeypatch):
    monkeypatch.setattr(builders, "BUILDERS", dict(builders.BUILDERS))

    def dcgan_critic():
        pass

    with pytest.raises(ValueError, match=r"two builders called 'dcgan_critic', in course_utils.networks.gan and in"):
        builders.builder()(dcgan_critic)
    dcgan_critic.__name__ = "another"
    assert builders.builder(images=(0.0, 1.0))(dcgan_critic) is dcgan_critic
    assert builders.BUILDERS["another"] == (dcgan_critic, (0.0, 1.0))


def test_an_unknown_builder_is_refused_before_anything_is_built(monkeypatch):
    monkeypatch.setattr(builders, "BUILDERS", {"good": builders.Builder(None, (0.0, 1.0))})
    with pytest.raises(ValueError, match=r"builder of critic is 'goode', expected 'good': did you mean 'good'"):
        builders.build({"generator": {"builder": "good"}, "critic": {"builder": "goode", "arguments": {}}})


def test_every_shipped_network_is_checked_in_the_range_of_its_recipe():
    """A network whose recipe trained it on [0, 1] must not be asked for [-1, 1]: codes of both differ."""
    for name in pretrained.available():
        for network, made in pretrained.weights.recipe(name)["networks"].items():
            low, _ = builders.BUILDERS[made["builder"]].images
            unit = name.startswith(("vae", "ae-", "aae", "vq")) and network == "encoder"
            binary = name.startswith(("rbm", "dbn", "dbm"))
            assert (low == 0.0) == (unit or binary), (name, network)
