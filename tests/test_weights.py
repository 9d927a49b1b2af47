"""Arrays and recipes on disk: nothing half-written, nothing half-loaded."""

import json

import keras
import numpy as np
import pytest

from course_utils import files, weights


def network(units=3, seed=0):
    keras.utils.set_random_seed(seed)
    x = keras.Input((4,))
    y = keras.layers.BatchNormalization()(keras.layers.Dense(units)(x))
    return keras.Model(x, keras.layers.Dense(2)(y))


def recipe(**changes):
    fields = dict.fromkeys(weights.REQUIRED) | {
        "lecture": "01", "seconds": 61.0, "scores": {}, "published": [],
        "networks": {"generator": {"builder": "toy", "arguments": {}}},
    }
    return fields | changes


def test_what_is_written_is_read_back(tmp_path):
    made = network()
    weights.write("toy-set", {"generator": made}, recipe(), tmp_path, "float32")
    assert weights.names(tmp_path) == ("toy-set",)
    found, arrays = weights.read("toy-set", tmp_path)
    assert found["sha256"] == files.digest(tmp_path / "toy-set.npz")
    other = network(seed=1)
    weights.fill({"generator": other}, arrays)
    for a, b in zip(made.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_bytes_depend_on_values_alone(tmp_path):
    made = network()
    copy = network(seed=1)  # its layers carry other automatic names
    copy.set_weights(made.get_weights())
    first = weights.write("a", {"generator": made}, recipe(), tmp_path)
    second = weights.write("b", {"generator": copy}, recipe(), tmp_path)
    assert first.read_bytes() == second.read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_rounding_first_makes_what_is_measured_what_is_stored(tmp_path):
    made = network()
    weights.round_to({"generator": made}, "float16")
    before = made.get_weights()
    weights.write("a", {"generator": made}, recipe(), tmp_path, "float16")
    other = network(seed=1)
    weights.fill({"generator": other}, weights.read("a", tmp_path)[1])
    for a, b in zip(before, other.get_weights()):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("field", weights.REQUIRED)
def test_a_recipe_with_a_gap_is_refused_before_writing(tmp_path, field):
    fields = recipe()
    del fields[field]
    with pytest.raises(ValueError, match=f"lacks {field}"):
        weights.write("a", {"generator": network()}, fields, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_networks_must_be_those_of_the_recipe(tmp_path):
    with pytest.raises(ValueError, match="critic"):
        weights.write("a", {"critic": network()}, recipe(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value, words", [(np.nan, "divergence"), (1e6, "float32")])
def test_weights_that_do_not_fit_the_type_are_refused(tmp_path, value, words):
    made = network()
    made.layers[1].bias.assign(np.full(3, value, "float32"))
    with pytest.raises(ValueError, match=words):
        weights.write("a", {"generator": made}, recipe(), tmp_path, "float16")
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_that_is_no_json_is_refused_before_writing(tmp_path):
    with pytest.raises(TypeError):
        weights.write("a", {"generator": network()}, recipe(seed=np.float32(1)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("units, words", [(5, "shape"), (3, "no place")])
def test_nothing_is_half_loaded(units, words):
    stored = weights.arrays({"generator": network()})
    target = network(units, seed=1)
    if units == 3:
        stored["generator/099 kernel"] = np.zeros((1, 1), "float32")
    before = target.get_weights()
    with pytest.raises(ValueError, match=words) as error:
        weights.fill({"generator": target}, stored)
    assert "nothing was loaded" in str(error.value)
    for a, b in zip(before, target.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_one_bad_network_leaves_the_good_one_alone():
    good, bad = network(seed=1), network(seed=2)
    stored = weights.arrays({"good": network(), "bad": network()})
    del stored["bad/000 kernel"]
    before = good.get_weights()
    with pytest.raises(ValueError, match="bad/000 kernel is missing"):
        weights.fill({"good": good, "bad": bad}, stored)
    for a, b in zip(before, good.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_one_flipped_byte_names_both_hashes(tmp_path):
    path = weights.write("a", {"generator": network()}, recipe(), tmp_path)
    expected = files.digest(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ValueError) as error:
        weights.read("a", tmp_path)
    assert expected in str(error.value) and files.digest(path) in str(error.value)


@pytest.mark.once
def test_unknown_name_suggests_the_nearest(tmp_path):
    weights.write("dcgan-mnist", {"generator": network()}, recipe(), tmp_path)
    with pytest.raises(ValueError, match="did you mean 'dcgan-mnist'"):
        weights.read("dcgan-minst", tmp_path)


@pytest.mark.once
def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match="holds no weights"):
        weights.read("dcgan-mnist", tmp_path)


@pytest.mark.once
@pytest.mark.parametrize("text, words", [("{", "no recipe"), ("{}", "lacks lecture"), ("[]", "lacks lecture")])
def test_a_broken_recipe_is_refused(tmp_path, text, words):
    weights.write("a", {"generator": network()}, recipe(), tmp_path)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=words):
        weights.read("a", tmp_path)


def test_building_aside_leaves_no_trace_in_the_session():
    plain = network(seed=5).get_weights()
    keras.utils.set_random_seed(5)
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.config.set_image_data_format("channels_first")
    try:
        with weights.aside():
            assert keras.config.image_data_format() == "channels_last"
            x = keras.Input((4,))
            filled = keras.Model(x, keras.layers.Dense(3)(x))
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_dtype_policy("float32")
        keras.config.set_image_data_format("channels_last")
    assert filled.compute_dtype == "float32" and filled.layers[-1].compute_dtype == "float32"
    x = keras.Input((4,))
    y = keras.layers.BatchNormalization()(keras.layers.Dense(3)(x))
    for a, b in zip(plain, keras.Model(x, keras.layers.Dense(2)(y)).get_weights()):
        np.testing.assert_array_equal(a, b)


@pytest.mark.once
@pytest.mark.parametrize("name", weights.names())
def test_shipped_files_are_whole(name):
    found, arrays = weights.read(name)
    assert found["command"].startswith("python training/")
    assert len(found["data_sha256"]) == 64
    assert found["seconds"] > 0 or found["settings"]["cut from"] in weights.names()  # layers of another run
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert json.dumps(found).find("/home/") == -1 and json.dumps(found).find("/tmp/") == -1
