"""Pretrained networks: built by code, filled with arrays, the same samples on every backend."""

import keras
import numpy as np
import pytest

from course_utils import builders, files, pretrained, weights
from course_utils.data import Source


def generator(latent_dim=3, classes=None):
    z = keras.Input((latent_dim,))
    inputs, x = z, z
    if classes is not None:
        label = keras.Input((), dtype="int32")
        shift = keras.layers.Embedding(classes, latent_dim, embeddings_initializer="ones")(label)
        inputs, x = [z, label], keras.layers.Add()([z, shift])
    x = keras.layers.Dense(16, activation="tanh")(x)
    return keras.Model(inputs, keras.layers.Reshape((4, 4, 1))(x))


def decoder(latent_dim=3):
    z = keras.Input((latent_dim,))
    return keras.Model(z, keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16)(z)))


@pytest.fixture(autouse=True)
def toys(monkeypatch):
    monkeypatch.setitem(builders.BUILDERS, "toy_generator", builders.Builder(generator, (-1.0, 1.0)))
    monkeypatch.setitem(builders.BUILDERS, "toy_decoder", builders.Builder(decoder, (-1.0, 1.0)))


def recipe(builder="toy_generator", network="generator", arguments=None, sampler="normal_generator", **changes):
    arguments = arguments or {"latent_dim": 3}
    known = pretrained.provenance(7, Source("toys", "0" * 64), 1.0)
    return known | {
        "lecture": "05", "evaluator": None, "scores": {}, "published": [],
        "networks": {network: {"builder": builder, "arguments": arguments}},
        "sampler": sampler and {"name": sampler, "arguments": arguments},
    } | changes


def test_saved_networks_load_with_their_weights_and_recipe(tmp_path):
    made = generator()
    pretrained.save("toy-gan", {"generator": made}, recipe(), tmp_path, "float32")
    assert pretrained.available(tmp_path) == ("toy-gan",)
    found = pretrained.load("toy-gan", tmp_path)
    assert found.name == "toy-gan" and found.recipe["seed"] == 7
    for a, b in zip(made.get_weights(), found.networks["generator"].get_weights()):
        np.testing.assert_array_equal(a, b)


def test_samples_are_the_generators_of_numpy_noise(tmp_path):
    made = generator()
    pretrained.save("toy-gan", {"generator": made}, recipe(), tmp_path, "float32")
    found = pretrained.load("toy-gan", tmp_path)
    images = found.sample(5, seed=3)
    assert images.shape == (5, 4, 4, 1) and images.dtype == np.float32
    z = np.random.default_rng(3).standard_normal((5, 3), dtype="float32")
    kernel, bias = made.get_weights()
    np.testing.assert_allclose(images.reshape(5, 16), np.tanh(z @ kernel + bias), atol=1e-5)
    np.testing.assert_array_equal(images, found.sample(5, seed=3))
    assert np.abs(images - found.sample(5, seed=4)).max() > 0.01


def test_decoder_samples_are_the_pixels_means(tmp_path):
    made = decoder()
    fields = recipe("toy_decoder", "decoder", sampler="bernoulli_decoder")
    pretrained.save("toy-vae", {"decoder": made}, fields, tmp_path, "float32")
    images = pretrained.load("toy-vae", tmp_path).sample(5, seed=3)
    z = np.random.default_rng(3).standard_normal((5, 3), dtype="float32")
    kernel, bias = made.get_weights()
    means = 1 / (1 + np.exp(-(z @ kernel + bias)))
    np.testing.assert_allclose(images.reshape(5, 16), 2 * means - 1, atol=1e-5)


def test_a_decoder_of_a_wider_prior_gets_wider_codes(tmp_path):
    made = decoder()
    fields = recipe("toy_decoder", "decoder", sampler="bernoulli_decoder")
    fields["sampler"]["arguments"] = fields["sampler"]["arguments"] | {"stddev": 5.0}
    pretrained.save("toy-aae", {"decoder": made}, fields, tmp_path, "float32")
    z = 5 * np.random.default_rng(3).standard_normal((5, 3), dtype="float32")
    kernel, bias = made.get_weights()
    images = pretrained.load("toy-aae", tmp_path).sample(5, seed=3)
    np.testing.assert_allclose(images.reshape(5, 16), np.tanh((z @ kernel + bias) / 2), atol=1e-5)


@pytest.fixture
def conditional(tmp_path):
    arguments = {"latent_dim": 3, "classes": 4}
    pretrained.save("toy-cgan", {"generator": generator(**arguments)}, recipe(arguments=arguments), tmp_path)
    return pretrained.load("toy-cgan", tmp_path)


def test_conditional_generator_takes_labels_or_draws_them(conditional):
    assert conditional.sample(6, seed=0).shape == (6, 4, 4, 1)
    labels = np.array([0, 1, 2, 3, 0, 1])
    assert conditional.sample(6, seed=0, labels=labels).shape == (6, 4, 4, 1)


@pytest.mark.parametrize("labels, words", [([0, 1], "2 entries"), ([4] * 6, "0 to 3"), ([-1] * 6, "0 to 3")])
def test_labels_must_fit(conditional, labels, words):
    with pytest.raises(ValueError, match=words):
        conditional.sample(6, seed=0, labels=labels)


def test_labels_for_an_unconditional_generator_are_refused(tmp_path):
    pretrained.save("toy-gan", {"generator": generator()}, recipe(), tmp_path)
    with pytest.raises(ValueError, match="no classes"):
        pretrained.load("toy-gan", tmp_path).sample(2, seed=0, labels=[0, 1])


def test_truncated_samples_differ_where_a_latent_lay_beyond(tmp_path):
    made = generator()
    pretrained.save("toy-gan", {"generator": made}, recipe(), tmp_path, "float32")
    found = pretrained.load("toy-gan", tmp_path)
    near = np.abs(np.random.default_rng(3).standard_normal((9, 3), dtype="float32")).max(axis=1) <= 1.0
    plain, truncated = found.sample(9, seed=3), found.sample(9, seed=3, truncation=1.0)
    same = np.isclose(plain, truncated, atol=1e-6).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(same, near)
    assert near.any() and not near.all()


def test_truncation_is_refused_where_the_sampler_knows_none(tmp_path):
    fields = recipe("toy_decoder", "decoder", sampler="bernoulli_decoder")
    pretrained.save("toy-vae", {"decoder": decoder()}, fields, tmp_path)
    with pytest.raises(ValueError, match="knows no truncation"):
        pretrained.load("toy-vae", tmp_path).sample(2, seed=0, truncation=0.5)


@pytest.mark.parametrize("n", [0, -1])
def test_at_least_one_image(tmp_path, n):
    pretrained.save("toy-gan", {"generator": generator()}, recipe(), tmp_path)
    with pytest.raises(ValueError, match="at least 1"):
        pretrained.load("toy-gan", tmp_path).sample(n, seed=0)


def test_networks_without_a_sampler_generate_nothing(tmp_path):
    pretrained.save("toy-ae", {"generator": generator()}, recipe(sampler=None), tmp_path)
    with pytest.raises(ValueError, match="no generator"):
        pretrained.load("toy-ae", tmp_path).sample(1, seed=0)


def test_a_builder_that_makes_another_network_is_found_before_writing(tmp_path):
    with pytest.raises(ValueError, match="shape"):
        pretrained.save("toy-gan", {"generator": generator(5)}, recipe(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes, words",
    [({"builder": "os.system"}, "builder of generator"), ({"sampler": "eval"}, "sampler is 'eval'")],
)
def test_only_listed_builders_and_samplers_run(tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        pretrained.save("toy-gan", {"generator": generator()}, recipe(**changes), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_that_names_an_unlisted_builder_is_refused(tmp_path):
    pretrained.save("toy-gan", {"generator": generator()}, recipe(), tmp_path)
    path = tmp_path / "toy-gan.json"
    path.write_text(path.read_text().replace("toy_generator", "os.system"))
    with pytest.raises(ValueError, match=r"os\.system"):
        pretrained.load("toy-gan", tmp_path)


def test_tampered_arrays_are_refused(tmp_path):
    path = pretrained.save("toy-gan", {"generator": generator()}, recipe(), tmp_path)
    expected = files.digest(path)
    files.save_arrays(path, weights.arrays({"generator": generator()}))
    with pytest.raises(ValueError, match=expected):
        pretrained.load("toy-gan", tmp_path)


def test_unknown_name_suggests_the_nearest(tmp_path):
    pretrained.save("toy-gan", {"generator": generator()}, recipe(), tmp_path)
    with pytest.raises(ValueError, match="did you mean 'toy-gan'"):
        pretrained.load("toygan", tmp_path)


def test_provenance_says_what_ran_where():
    known = pretrained.provenance(7, Source("toys", "0" * 64), 1.0)
    assert known["backend"] == keras.backend.backend() and known["versions"]["keras"] == keras.__version__
    assert known["seed"] == 7 and known["data"] == "toys" and known["data_sha256"] == "0" * 64
    assert "sources" in known["code_version"] and known["machine"]


@pytest.mark.parametrize(
    ("found", "machine"),
    [({"SIMD Extensions": {"found": ["SSE3", "AVX2"]}}, "2 riscv cores, AVX2"), ({}, "2 riscv cores")],
)
def test_machine_names_its_vector_instructions(monkeypatch, found, machine):
    monkeypatch.setattr(pretrained.backend, "device", lambda: ("cpu", "cpu"))
    monkeypatch.setattr(pretrained.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(pretrained.platform, "machine", lambda: "riscv")
    monkeypatch.setattr(pretrained.np, "show_config", lambda mode: found)
    assert pretrained.provenance(0, Source("toys", "0" * 64), 1.0)["machine"] == machine


@pytest.mark.parametrize("name", pretrained.available())
def test_shipped_networks_load(name):
    found = pretrained.load(name)
    assert set(found.networks) == set(found.recipe["networks"])
    if found.recipe.get("sampler"):
        images = found.sample(2, seed=0)
        assert images.dtype == np.float32 and images.min() >= -1 and images.max() <= 1
