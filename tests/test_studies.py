"""Recorded measurements: stored with their recipe, read back with their hash checked; those that ship are whole."""

import numpy as np
import pytest

from course_utils import studies, weights

pytestmark = pytest.mark.once


def recipe(**changes):
    return dict.fromkeys(weights.REQUIRED) | {"lecture": "07", "networks": {}} | changes


def test_what_was_written_is_read(tmp_path):
    studies.write("race", {"FD": np.array([[1.5, 2.5]]), "images": np.arange(4, dtype="uint8")}, recipe(), tmp_path)
    assert studies.available(tmp_path) == ("race",)
    found, arrays = studies.read("race", tmp_path)
    assert found["lecture"] == "07"
    assert arrays["FD"].dtype == np.float32 and arrays["FD"].tolist() == [[1.5, 2.5]]
    assert arrays["images"].dtype == np.uint8 and arrays["images"].tolist() == [0, 1, 2, 3]


def test_arrays_that_were_changed_afterwards_are_refused(tmp_path):
    path = studies.write("race", {"FD": np.ones(1)}, recipe(), tmp_path)
    other = studies.write("other", {"FD": np.zeros(1)}, recipe(), tmp_path)
    path.write_bytes(other.read_bytes())
    with pytest.raises(ValueError, match="race"):
        studies.read("race", tmp_path)


def test_a_recipe_that_lacks_a_field_is_refused_before_writing(tmp_path):
    with pytest.raises(ValueError, match="lacks seed"):
        studies.write("race", {"FD": np.ones(1)}, {k: v for k, v in recipe().items() if k != "seed"}, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_race_of_lecture_07_holds_every_racer_seed_and_mark():
    found, arrays = studies.read("race-mnist")
    settings = found["settings"]
    shape = len(settings["racers"]), settings["seeds"], len(settings["marks"])
    assert arrays["FD"].shape == arrays["iterations"].shape == shape
    assert arrays["images"].shape[:1] == shape[:1] and arrays["images"].dtype == np.uint8
    assert np.isfinite(arrays["FD"]).all() and (arrays["FD"] > 0).all()
    assert (np.diff(arrays["iterations"], axis=-1) > 0).all()
    last = found["scores"]["FD-mnist-cnn"]
    assert list(last) == sorted(settings["racers"])
    assert np.allclose([last[name] for name in settings["racers"]], arrays["FD"][:, :, -1], atol=1e-3)


def test_the_ladder_of_lecture_08_holds_every_row_seed_and_moment():
    found, arrays = studies.read("ladder-mnist")
    settings = found["settings"]
    rows, measures = [row["title"] for row in settings["rows"]], settings["measures"]
    assert arrays["scores"].shape == (len(rows), settings["seeds"], len(settings["moments"]), len(measures))
    assert arrays["images"].shape == (len(rows), 10, 28, 28, 1) and arrays["images"].dtype == np.uint8
    scores, distances, asked = np.moveaxis(arrays["scores"], -1, 0)
    assert (scores >= 1).all() and (scores <= 10).all()
    assert np.isfinite(distances).all() and (distances > 0).all()
    assert (asked >= 0).all() and (asked <= 1).all()
    last = [found["scores"][f"IS-{found['evaluator']}"][row] for row in rows]
    assert np.allclose(last, scores[:, :, 1], atol=1e-3)
    largest = [row["batch_size"] == 64 for row in settings["rows"]]  # both moments are the same there
    assert sum(largest) == 5 and (arrays["scores"][largest, :, 0] == arrays["scores"][largest, :, 1]).all()


def test_the_faces_of_lecture_01_smile_more_along_the_direction_than_along_any_other():
    found, arrays = studies.read("faces-olivetti")
    strengths = np.array(found["settings"]["strengths"])
    assert arrays["edits"].shape[1:] == (len(strengths), 64, 64, 1) and arrays["edits"].dtype == np.uint8
    assert arrays["scores"].shape[1] == arrays["axes"].shape[1] == len(strengths)
    assert np.allclose(arrays["scores"][0], found["scores"]["smile-score"], atol=1e-3)
    still, moved = (np.abs(strengths - strength).argmin() for strength in (0, 1))
    gain = arrays["scores"][:, moved] - arrays["scores"][:, still]
    by_axes = np.abs(arrays["axes"][:, moved] - arrays["axes"][:, still])
    assert gain[0] > max(gain[1:].max(), by_axes.max())


def test_the_sweep_of_lecture_01_holds_every_beta_and_seed():
    found, arrays = studies.read("beta-mnist")
    settings = found["settings"]
    shape = len(settings["latents"]), len(settings["betas"]), settings["seeds"], len(settings["measures"])
    assert arrays["measures"].shape == shape and np.isfinite(arrays["measures"]).all()
    assert arrays["images"].shape[:2] == shape[:2] and arrays["images"].dtype == np.uint8
    reconstruction, kl, distance = np.moveaxis(arrays["measures"], -1, 0)[:3]
    assert (np.diff(reconstruction.mean(axis=2), axis=1) > 0).all() and (np.diff(kl, axis=1) < 0).all()
    means = found["scores"]["FD-mnist-cnn"][f"d = {settings['latents'][0]}"]
    assert np.allclose([means[str(beta)] for beta in settings["betas"]], distance[0].mean(axis=1), atol=1e-3)


def test_the_mixtures_of_lecture_11_hold_every_number_of_components_and_seed():
    found, arrays = studies.read("mixtures-binary")
    settings, nats = found["settings"], arrays["nats"]
    assert nats.shape == (len(settings["components"]), settings["seeds"], len(settings["splits"]))
    assert arrays["trace"].shape == (*nats.shape[:2], settings["rounds"])
    held = nats[..., settings["splits"].index("test")]
    assert (np.diff(held.mean(axis=1)) < 0).all()  # more components, fewer nats
    means = [found["scores"]["nats-test"][str(count)] for count in settings["components"]]
    assert np.allclose(means, held.mean(axis=1), atol=1e-2)


def test_the_table_of_lecture_12_holds_every_way_and_its_bars():
    found, arrays = studies.read("domains-digits")
    settings = found["settings"]
    shape = len(settings["directions"]), len(settings["methods"]), settings["seeds"]
    assert all(arrays[key].shape == shape for key in ("accuracy", "held", "source", "domain"))
    whole = arrays["accuracy"][:2]
    assert np.isfinite(whole).all() and ((whole >= 0) & (whole <= 1)).all()
    rows = {method: arrays["accuracy"][:, number] for number, method in enumerate(settings["methods"])}
    for way in ("statistics", "reversal", "confusion", "CORAL", "MMD", "ADDA", "target's labels"):
        assert (rows[way][:2].mean(axis=1) > rows["source only"][:2].mean(axis=1)).all(), way
    assert (rows["ADDA"][:2] > rows["statistics"][:2]).all()  # in every seed
    means = found["scores"]["accuracy-target-test"]["MNIST → USPS"]
    assert np.allclose([means[method] for method in settings["methods"]], whole[0].mean(axis=1), atol=1e-3)
    traces = len(settings["trace_methods"]), 3, len(settings["marks"])
    assert arrays["trace_accuracy"].shape == arrays["trace_domain"].shape == traces
    few, alike = np.moveaxis(arrays["shift"], 1, 0)  # (source only, reversal, ADDA; seeds)
    assert (few[1:] < few[0]).all() and (few[1:] < alike[1:]).all()


def test_the_augmentation_of_lecture_12_holds_every_kind_and_seed():
    found, arrays = studies.read("augmentation-digits")
    settings = found["settings"]
    assert arrays["accuracy"].shape == (len(settings["real"]), len(settings["kinds"]), settings["seeds"])
    assert arrays["images"].shape == (len(settings["real"]), 20, 16, 16, 1)
    real, _, _, many = np.moveaxis(arrays["accuracy"], 1, 0)
    played = np.isfinite(real)
    assert played[:, 0].all() and (many[played] > real[played]).all()


def test_the_edits_of_lecture_13_hold_every_sentence_and_way():
    found, arrays = studies.read("styleclip-edits")
    settings = found["settings"]
    shape = len(settings["asked"]), settings["each"]
    for way in found["scores"]:
        for name in ("reached", "digit-kept", "clip-distance"):
            values = arrays[f"{way}/{name}"]
            assert values.shape == shape and np.isfinite(values).all() == (way != "mapper"), (way, name)
    for which in ("l2", "identity"):
        values = arrays[f"sweep-{which}/values"]
        assert arrays[f"sweep-{which}/reached"].shape == (len(values), shape[0], settings["few"])


def test_the_batches_of_lecture_13_prove_no_more_than_they_can():
    _, arrays = studies.read("clip-batch")
    assert arrays["bound"].shape == (len(arrays["sizes"]), 3, len(arrays["sizes"]))
    assert (arrays["bound"] <= np.log(arrays["sizes"])).all() and np.isfinite(arrays["nats"]).all()


def test_the_emoji_of_lecture_13_are_ranks_among_those_held_out():
    found, arrays = studies.read("emoji-retrieval")
    held = found["settings"]["held_out"]
    for way in ("ranks-of-names", "ranks-of-pictures"):
        assert arrays[way].shape == (found["settings"]["seeds"], held)
        assert arrays[way].min() >= 0 and arrays[way].max() < held
    assert len(arrays["names"]) == held and set(arrays["pictures-found"].ravel()) <= set(arrays["pictures-are"])
    assert arrays["pictures"].dtype == np.uint8 and len(arrays["pictures"]) == len(arrays["pictures-are"])
