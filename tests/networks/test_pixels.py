"""Pixel networks: a density by construction, no look ahead, and how much each sees of what stands before."""

import itertools

import keras
import numpy as np
import pytest

from course_utils.games import pixels
from course_utils.networks.pixels import made, one_stack_pixelcnn, pixelcnn, vq_codebook, vq_decoder, vq_encoder
from tests.numeric import array

# A few networks so small that all their images can be counted: (network, levels).
SMALL = {
    "two stacks, 3×3": lambda: pixelcnn((3, 3, 1), 2, 4, 2, patch=1),
    "two stacks, 2×2 of four levels": lambda: pixelcnn((2, 2, 1), 4, 4, 2, patch=1),
    "two stacks, patches, 4×2": lambda: pixelcnn((4, 2, 1), 2, 4, 2, patch=2),
    "two stacks, two channels": lambda: pixelcnn((2, 2, 2), 2, 4, 1, patch=1),
    "two stacks, classes": lambda: pixelcnn((3, 3, 1), 2, 4, 1, patch=1, classes=2),
    "two stacks, not growing": lambda: pixelcnn((3, 3, 1), 2, 4, 2, patch=1, first=(1, 3), growing=1),
    "one stack": lambda: one_stack_pixelcnn((3, 3, 1), 2, 4, 2),
    "MADE": lambda: made((3, 3, 1), (11, 7)),
}
EACH = pytest.mark.parametrize("name", SMALL)


def disturbed(network, seed=0):
    """Weights under which the answer depends on everything that it can."""
    rng = np.random.default_rng(seed)
    network.set_weights([rng.normal(0, 0.3, w.shape).astype("float32") for w in network.get_weights()])
    return network


def every_image(network):
    """All images there are, (L^(H·W·C), H, W, C)."""
    shape, levels = pixels.facts(network)[:2]
    return np.array(list(itertools.product(range(levels), repeat=int(np.prod(shape)))), "float32").reshape(-1, *shape)


@EACH
def test_the_probabilities_of_all_images_sum_to_one(name):
    network = disturbed(SMALL[name]())
    labels = None if pixels.facts(network).classes is None else 1
    images = every_image(network)
    labels = labels if labels is None else np.full(len(images), labels)
    p = np.exp(pixels.log_probabilities(network, images, labels))
    assert p.sum() == pytest.approx(1, abs=1e-5)
    assert p.max() > 2 * p.min()  # it is not the uniform distribution that sums to 1


@EACH
def test_no_network_sees_a_patch_or_what_comes_after_it(name):
    network = disturbed(SMALL[name]())
    about = pixels.facts(network)
    places = list(itertools.product(*map(range, about.grid)))
    step = np.arange(len(places)).reshape(about.grid).repeat(about.patch, 0).repeat(about.patch, 1)
    for index, gradient in enumerate(pixels.sensitivities(network, places)):
        assert (gradient[step >= index] == 0).all()
    assert pixels.leak(network) is None


def test_two_stacks_see_everything_before_and_one_has_a_blind_spot():
    row, column, size = 6, 4, 9
    before = np.zeros((size, size), bool)
    before[:row], before[row, :column] = True, True
    two = pixels.context(disturbed(pixelcnn((size, size, 1), 2, 8, 4, patch=1)), row, column)
    np.testing.assert_array_equal(two, before)  # 3 + 4 rows up, 3 + 4 columns to each side
    one = pixels.context(disturbed(one_stack_pixelcnn((size, size, 1), 2, 8, 8)), row, column)
    # Each step up goes one column to the right at most, but for the first layer, whose kernel is 5 wide: from (6, 4)
    # two steps up and to the right at once, or one step up and two to the right.
    reach = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7}
    expected = np.array([
        [before[y, x] and (y == row or x - column <= reach[row - y]) for x in range(size)] for y in range(size)
    ])  # fmt: skip
    np.testing.assert_array_equal(one, expected)
    assert (before & ~one).sum() == 3 > 0 == (before & ~two).sum()


def test_context_grows_by_a_row_a_block():
    for blocks in (1, 2, 4):
        network = disturbed(pixelcnn((12, 12, 1), 2, 8, blocks, patch=1))
        rows = np.flatnonzero(pixels.context(network, 10, 6).any(axis=1))
        assert 10 - rows.min() == 3 + blocks


def test_networks_of_one_depth_differ_in_their_context():
    for growing in (0, 1, 3):
        network = disturbed(pixelcnn((9, 9, 1), 2, 8, 3, patch=1, first=(1, 3), growing=growing))
        seen = pixels.context(network, 7, 4)
        assert 7 - np.flatnonzero(seen.any(axis=1)).min() == 1 + growing
        assert 4 - np.flatnonzero(seen[7]).min() == 1 + growing


def test_made_needs_no_hidden_layer_to_be_causal_and_its_units_cover_all_degrees():
    network = disturbed(made((3, 3, 1), (40,)))
    np.testing.assert_array_equal(pixels.context(network, 2, 2).ravel(), [1] * 8 + [0])
    np.testing.assert_array_equal(pixels.context(network, 0, 0), np.zeros((3, 3)))
    assert sorted(set(network.get_layer(index=2).outputs)) == list(range(8))


def test_a_class_moves_the_logits_and_no_class_is_a_row_of_zeros():
    network = disturbed(pixelcnn((4, 4, 1), 2, 4, 2, classes=3))
    x = np.zeros((3, 4, 4, 1), "float32")
    told = array(network([x, np.eye(3, dtype="float32")]))
    assert (np.abs(told[0] - told[1]) > 1e-3).any() and (np.abs(told[0] - told[2]) > 1e-3).any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"image_shape": (28, 28, 1), "patch": 3}, "28×28 for patches of 3"),
        ({"image_shape": (4, 4, 3), "levels": 4, "patch": 2}, "expected at most 256"),
        ({"levels": 1}, "levels is 1"),
    ],
)
def test_what_cannot_be_built_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        pixelcnn(**arguments)


def test_shapes_of_the_vq_networks():
    x = np.random.default_rng(0).random((2, 28, 28, 1)).astype("float32")
    z = vq_encoder(width=4, dim=3)(x)
    assert tuple(z.shape) == (2, 7, 7, 3)
    assert tuple(vq_decoder(width=4, dim=3)(z).shape) == (2, 28, 28, 1)
    assert tuple(vq_codebook(5, 3)(np.zeros((2, 7, 7, 1), "float32")).shape) == (2, 7, 7, 3)
    assert isinstance(vq_codebook(5, 3), keras.Model)
