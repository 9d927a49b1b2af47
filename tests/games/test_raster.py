"""Sampling: one uniform a patch by hand, rows against whole images bit for bit, completion, and frequencies."""

import numpy as np
import pytest

from course_utils.games import pixels, raster
from course_utils.networks.pixels import made, one_stack_pixelcnn, pixelcnn
from tests.networks.test_pixels import disturbed, every_image

NETWORKS = {
    "patches": lambda: pixelcnn((8, 12, 1), 2, 6, 3),
    "one growing block": lambda: pixelcnn((5, 6, 1), 2, 6, 2, patch=1, first=(2, 3), growing=1),
    "pixels": lambda: pixelcnn((5, 6, 1), 2, 6, 2, patch=1),
    "four levels": lambda: pixelcnn((5, 4, 1), 4, 6, 2, patch=1),
    "colours": lambda: pixelcnn((4, 4, 3), 2, 6, 2, patch=1),
}


def test_a_value_is_the_first_whose_cumulative_probability_is_above_the_uniform():
    logits = np.log(np.array([[0.2, 0.5, 0.3]]).repeat(5, axis=0))
    found = raster.drawn(logits, np.array([0.0, 0.19, 0.21, 0.69, 0.71]))
    assert found.tolist() == [0, 0, 1, 1, 2]
    assert raster.drawn(np.array([[0.0, -1e9]]), np.array([1 - 1e-16])).tolist() == [0]


@pytest.mark.parametrize("name", NETWORKS)
def test_row_by_row_gives_the_images_of_the_slow_way_bit_for_bit(name):
    network = disturbed(NETWORKS[name]())
    quick, slow = (raster.sample(network, 5, 3, cache=cache) for cache in (True, False))
    np.testing.assert_array_equal(quick, slow)
    assert len(np.unique(quick, axis=0)) == 5  # they are not all alike
    assert set(np.unique(quick)) == set(range(pixels.facts(network).levels))
    assert not np.array_equal(quick, raster.sample(network, 5, 4))


def test_classes_are_heard_both_ways():
    network = disturbed(pixelcnn((6, 6, 1), 2, 6, 2, classes=3))
    labels = [0, 1, 2, 1]
    quick, slow = (raster.sample(network, 4, 1, labels, cache) for cache in (True, False))
    np.testing.assert_array_equal(quick, slow)
    assert not np.array_equal(quick, raster.sample(network, 4, 1, [1, 2, 0, 0]))


def test_images_come_as_often_as_they_are_likely():
    network = disturbed(pixelcnn((2, 2, 1), 2, 4, 1, patch=1), seed=2)
    found = raster.sample(network, 4000, 0)
    shares = np.bincount((found.reshape(-1, 4) @ [8, 4, 2, 1]).astype(int), minlength=16) / 4000
    p = np.exp(pixels.log_probabilities(network, every_image(network)))
    assert np.abs(shares - p).max() < 4 * np.sqrt(0.25 / 4000)


def test_the_first_image_does_not_depend_on_how_many_follow_where_the_noise_is_alike():
    network = disturbed(NETWORKS["pixels"]())
    np.testing.assert_array_equal(raster.sample(network, 3, 5)[:1], raster.sample(network, 1, 5))


@pytest.mark.parametrize("cache", [True, False])
def test_what_is_known_is_kept_and_the_rest_follows_from_it(cache):
    network = disturbed(NETWORKS["patches"]())
    x = np.random.default_rng(0).integers(0, 2, (3, 8, 12, 1)).astype("float32")
    known = np.zeros((8, 12), bool)
    known[:4] = True
    found = raster.complete(network, x, known, 7, cache=cache)
    np.testing.assert_array_equal(found[:, :4], x[:, :4])
    other = x.copy()
    other[:, 4:] = 1 - other[:, 4:]  # what is not known has no say
    np.testing.assert_array_equal(raster.complete(network, other, known, 7, cache=not cache), found)
    assert (found[:, 4:] != raster.complete(network, x, known, 8, cache=cache)[:, 4:]).any()
    np.testing.assert_array_equal(raster.complete(network, x, np.ones((8, 12), bool), 7, cache=cache), x)


def test_only_two_stacks_are_written_by_rows():
    for network in (made((4, 4, 1), (8,)), one_stack_pixelcnn((4, 4, 1), width=4, blocks=1)):
        assert raster.sample(network, 2, 0, cache=False).shape == (2, 4, 4, 1)
        with pytest.raises(ValueError, match="expected the two stacks .* pass cache=False"):
            raster.sample(network, 2, 0)


def test_wrong_arguments_are_refused_in_one_sentence():
    network = pixelcnn((4, 4, 1), 2, 4, 1)
    x, known = np.zeros((2, 4, 4, 1)), np.zeros((4, 4), bool)
    known[0] = True
    for words, call in (
        ("known in part, expected whole patches", lambda: raster.complete(network, x, known, 0)),
        (r"expected bool \(4, 4\)", lambda: raster.complete(network, x, known[:2], 0)),
        ("holds 0.5", lambda: raster.complete(network, x + 0.5, known, 0)),
        ("knows no classes", lambda: raster.sample(network, 2, 0, labels=[0, 1])),
        ("n is 0", lambda: raster.sample(network, 0, 0)),
        ("seed is -1", lambda: raster.sample(network, 2, -1)),
    ):
        with pytest.raises(ValueError, match=words):
            call()


def test_the_network_still_computes_the_same_after_sampling():
    network = disturbed(NETWORKS["patches"]())
    x = raster.sample(network, 2, 0)
    before, config = pixels.log_probabilities(network, x), network.get_config()
    raster.sample(network, 2, 1)
    np.testing.assert_array_equal(pixels.log_probabilities(network, x), before)
    assert network.get_config() == config
