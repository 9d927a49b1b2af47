"""Samplers of lecture 02: NumPy's draws follow the priors that the networks were trained on."""

import keras
import numpy as np
import pytest

from course_utils import metrics, pretrained, priors, samplers
from course_utils.data import Source
from course_utils.networks.aae import code_decoder


class Spy:
    """Stands in for a decoder and keeps the codes that it is given."""

    def __init__(self):
        self.seen = []

    variables = ()

    def predict_on_batch(self, codes):
        self.seen.append(codes)
        return np.zeros((len(codes), 4, 4, 1), "float32")


def codes_of(sampler, n=2_000, labels=None, **arguments):
    spy = Spy()
    samplers.SAMPLERS[sampler]({"decoder": spy}, n, np.random.default_rng(0), labels, **arguments)
    assert {(codes.dtype, len(codes)) for codes in spy.seen} == {(np.dtype("float32"), samplers.CHUNK)}
    return np.concatenate(spy.seen)


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize(
    ("sampler", "prior"), [("mixture_decoder", priors.gaussian_mixture()), ("roll_decoder", priors.swiss_roll())]
)
def test_draws_follow_the_prior(sampler, prior, labelled):
    labels = np.repeat([1, 7], 1_000) if labelled else None
    codes = codes_of(sampler, labels=labels, **({"classes": 10} if labelled else {}))
    drawn = keras.ops.convert_to_numpy(prior(2_000, 5, labels))
    for part in (slice(0, 1_000), slice(1_000, 2_000)):  # of one label each
        assert abs(metrics.mmd(codes[part], drawn[part], metrics.rbf(0.5, 1.0, 2.0))) < 0.02  # by chance 0.006


def test_networks_see_two_sizes_of_batches_whatever_n_is():
    seen = set()
    for n in (1, 2, 7, 24, 25, 199, 200, 201, 450):
        spy = Spy()
        images = samplers.SAMPLERS["bernoulli_decoder"]({"decoder": spy}, n, np.random.default_rng(0), None, 3)
        assert len(images) == n
        expected = np.random.default_rng(0).standard_normal((n, 3), dtype="float32")
        assert np.array_equal(np.concatenate(spy.seen)[:n], expected)
        seen |= {codes.shape for codes in spy.seen}
    assert seen == {(24, 3), (samplers.CHUNK, 3)}  # each other shape would be compiled anew, and kept


def test_a_label_stands_beside_a_normal_style():
    labels = np.arange(2_000) % 10
    codes = codes_of("label_style_decoder", labels=labels, latent_dim=3, classes=10)
    assert np.array_equal(codes[:, :10], np.eye(10)[labels])
    assert abs(codes[:, 10:].mean()) < 0.05 and abs(codes[:, 10:].std() - 1) < 0.05


def test_a_saved_decoder_samples_the_class_that_is_asked_for(tmp_path):
    keras.utils.set_random_seed(0)
    arguments = {"latent_dim": 12, "widths": [5], "image_shape": [4, 4, 1]}
    decoder = code_decoder(**arguments)
    recipe = pretrained.provenance(0, Source("toys", "0" * 64), 1.0)
    recipe |= {"lecture": "02", "evaluator": None, "scores": {}, "published": []}
    recipe["networks"] = {"decoder": {"builder": "code_decoder", "arguments": arguments}}
    recipe["sampler"] = {"name": "label_style_decoder", "arguments": {"latent_dim": 2, "classes": 10}}
    pretrained.save("toy-aae", {"decoder": decoder}, recipe, tmp_path, "float32")
    found = pretrained.load("toy-aae", tmp_path)
    images = found.sample(6, seed=3, labels=np.array([4, 4, 4, 8, 8, 8]))
    assert images.shape == (6, 4, 4, 1) and np.abs(images).max() <= 1
    assert np.array_equal(images, found.sample(6, seed=3, labels=np.array([4, 4, 4, 8, 8, 8])))
    assert not np.allclose(images[0], found.sample(6, seed=3, labels=np.array([5, 4, 4, 8, 8, 8]))[0])
