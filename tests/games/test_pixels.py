"""The pixel model's loss by hand, teacher forcing against separate passes, and what it refuses."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.special import logsumexp

from course_utils import losses
from course_utils.game import Average
from course_utils.games import pixels
from course_utils.games.pixels import PixelModel
from course_utils.networks.pixels import made, one_stack_pixelcnn, pixelcnn
from tests.networks.test_pixels import disturbed
from tests.numeric import array, gradients

RNG = np.random.default_rng(8)
BINARY = RNG.integers(0, 2, (12, 4, 4, 1)).astype("float32")
FOUR = RNG.integers(0, 4, (6, 4, 2, 1)).astype("float32")


def test_tokens_are_numbers_written_in_the_pixels():
    x = np.array([[1, 0], [1, 1]], "float32").reshape(1, 2, 2, 1)
    assert array(pixels.tokens(x, 2, 2)).ravel().tolist() == [0b1011]
    assert array(pixels.tokens(3 * x, 4, 1)).ravel().tolist() == [3, 0, 3, 3]
    for levels, patch, channels in ((2, 2, 1), (4, 1, 3), (3, 2, 1)):
        x = RNG.integers(0, levels, (3, 4, 6, channels)).astype("float32")
        values = array(pixels.tokens(x, levels, patch))
        np.testing.assert_array_equal(values, pixels.tokens_of(x, levels, patch))
        np.testing.assert_array_equal(pixels.untokens(values, levels, patch, channels), x)


def test_nats_are_the_chosen_logits_less_their_norm():
    logits = RNG.normal(size=(6, 2, 1, 256)).astype("float32")
    rows = logits.reshape(6, 2, 256).astype("float64")
    chosen = np.take_along_axis(rows, pixels.tokens_of(FOUR, 4, 2).reshape(6, 2, 1), axis=-1)[..., 0]
    expected = (logsumexp(rows, axis=-1) - chosen).sum(axis=1)
    np.testing.assert_allclose(array(pixels.nats(logits, FOUR, 4)), expected, rtol=1e-5)


def test_with_two_levels_and_single_pixels_nats_are_bernoullis():
    logits = RNG.normal(size=(12, 4, 4, 2)).astype("float32")
    expected = array(losses.bernoulli_nll(BINARY, logits[..., 1:] - logits[..., :1]))
    np.testing.assert_allclose(array(pixels.nats(logits, BINARY, 2)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "network",
    [lambda: pixelcnn((4, 4, 1), 2, 6, 2), lambda: pixelcnn((4, 4, 1), 2, 6, 2, patch=1),
     lambda: one_stack_pixelcnn((4, 4, 1), 2, 6, 2), lambda: made((4, 4, 1), (20,))],
)  # fmt: skip
def test_one_pass_gives_the_conditionals_of_separate_passes(network):
    network = disturbed(network())
    about = pixels.facts(network)
    at_once = pixels.conditionals(network, BINARY)
    pixel = np.arange(16).reshape(4, 4)
    step = pixel // 4 // about.patch * about.grid[1] + pixel % 4 // about.patch  # of the patch in which a pixel lies
    for row in range(about.grid[0]):
        for column in range(about.grid[1]):
            blank = BINARY.copy()  # all that comes later, and the patch itself, is noise
            hidden = step >= row * about.grid[1] + column
            blank[:, hidden] = RNG.integers(0, 2, (12, hidden.sum(), 1))
            alone = pixels.conditionals(network, blank)[:, row, column]
            np.testing.assert_allclose(at_once[:, row, column], alone, atol=1e-5)


def test_log_probabilities_are_the_loss_and_do_not_depend_on_the_batch():
    network = disturbed(pixelcnn((4, 4, 1), 2, 6, 2))
    found = pixels.log_probabilities(network, BINARY)
    assert found.dtype == np.float64 and found.shape == (12,)
    np.testing.assert_allclose(found, -array(pixels.nats(network(BINARY), BINARY, 2)), rtol=1e-5)
    np.testing.assert_allclose(pixels.log_probabilities(network, BINARY[:1]), found[:1], rtol=1e-6)


def test_a_batch_of_1001_images_is_all_there():
    network = disturbed(pixelcnn((2, 2, 1), 2, 2, 1))
    x = RNG.integers(0, 2, (1001, 2, 2, 1))
    found = pixels.log_probabilities(network, x)
    np.testing.assert_allclose(found[[0, 999, 1000]], pixels.log_probabilities(network, x[[0, 999, 1000]]), rtol=1e-6)


def test_each_class_has_its_density():
    network = disturbed(pixelcnn((4, 4, 1), 2, 6, 1, classes=3))
    found = pixels.class_log_probabilities(network, BINARY)
    assert found.shape == (12, 3) and (np.ptp(found, axis=1) > 1e-3).all()
    labels = RNG.integers(0, 3, 12)
    alone = pixels.log_probabilities(network, BINARY, labels)
    np.testing.assert_allclose(found[np.arange(12), labels], alone, rtol=1e-6)


def test_a_game_learns_what_always_follows():
    keras.utils.set_random_seed(1)
    x = np.zeros((64, 4, 4, 1), "uint8")
    x[:, :2] = RNG.integers(0, 2, (64, 2, 1, 1))  # the two upper rows are one coin, the lower ones the other side
    x[:, 2:] = 1 - x[:, :1]
    live, averaged = (pixelcnn((4, 4, 1), 2, 8, 2, patch=1) for _ in range(2))
    game = PixelModel(live, keras.optimizers.Adam(2e-2), averages=[Average(live, averaged, 0.9)])
    game.compile(steps_per_execution=10)
    history = game.fit(x, batch_size=32, epochs=6, steps_per_epoch=20, verbose=0).history
    assert history["network_loss"][0] > history["network_loss"][-1]
    # Two coins of the upper rows are what nobody can know.
    nats = -pixels.log_probabilities(game.best(live), x).mean()
    assert 2 * np.log(2) - 0.1 < nats < 2 * np.log(2) + 0.3
    assert history["bits_per_dimension"][-1] == pytest.approx(history["network_loss"][-1] / (16 * np.log(2)), rel=1e-4)


def test_a_game_with_classes_takes_images_and_labels():
    game = PixelModel(pixelcnn((4, 4, 1), 2, 4, 1, classes=3))
    game.compile()
    game.fit(BINARY, np.arange(12) % 3, batch_size=6, epochs=1, verbose=0)
    with pytest.raises(ValueError, match="expected examples and labels"):
        game.fit(BINARY, batch_size=6, verbose=0)


def test_a_mask_that_leaks_is_refused_unless_one_wants_it():
    pixels_in = keras.Input((4, 4, 1))
    leaking = keras.Model(pixels_in, keras.layers.Conv2D(2, 3, padding="same")(pixels_in))
    with pytest.raises(
        ValueError, match=r"leak: the logits at place \(0, 0\) of the grid depend on the pixel \(0, 0\)"
    ):
        PixelModel(leaking)
    PixelModel(leaking, check=False)
    centre = keras.layers.Dense(2)  # sees the pixel itself and nothing else
    with pytest.raises(ValueError, match="leak"):
        PixelModel(keras.Model(pixels_in, centre(pixels_in)))


WRONG = {
    "grey": (BINARY * 0.5, ValueError, r"holds 0.5 .* expected the whole numbers 0 and 1: use \(x > 0.5\)"),
    "bytes": ((255 * BINARY).astype("uint8"), ValueError, "x > 127 for bytes"),
    "signed": (2 * BINARY - 1, ValueError, "holds -1"),
    "colour": (BINARY.repeat(3, -1), ValueError, r"shape \(12, 4, 4, 3\), expected \(N, 4, 4, 1\)"),
    "size": (BINARY[:, :2], ValueError, r"expected \(N, 4, 4, 1\)"),
    "NaN": (BINARY * np.nan, ValueError, "NaN"),
    "none": (BINARY[:0], ValueError, "at least one|N ≥ 1"),
    "text": (BINARY.astype("U1"), TypeError, "expected numbers"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_images_are_refused_in_one_sentence(case):
    x, error, words = WRONG[case]
    network = pixelcnn((4, 4, 1), 2, 4, 1)
    game = PixelModel(network, check=False)
    game.compile()
    before = network.get_weights()
    for door in (lambda: game.fit(x, batch_size=4, verbose=0), lambda: pixels.log_probabilities(network, x)):
        with pytest.raises(error, match=words) as found:
            door()
        assert "\n" not in str(found.value)
    for one, other in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_wrong_levels_name_the_fix():
    game = PixelModel(pixelcnn((4, 2, 1), 4, 4, 1), check=False)
    game.compile()
    with pytest.raises(ValueError, match=r"holds 255 .* numbers 0 to 3: use games.pixels.quantised\(bytes, 4\)"):
        game.fit(np.full((4, 4, 2, 1), 255, "uint8"), batch_size=4, verbose=0)
    with pytest.raises(ValueError, match="knows no classes"):
        pixels.log_probabilities(game.network, FOUR, np.zeros(6, int))
    with pytest.raises(ValueError, match="expected images"):
        pixels.facts(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))


def test_levels_are_equal_parts_of_the_bytes():
    bytes_ = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    found = pixels.quantised(bytes_, 4).ravel()
    np.testing.assert_array_equal(np.bincount(found.astype(int)), [64] * 4)
    assert (np.diff(found) >= 0).all()
    np.testing.assert_allclose(pixels.as_images(np.array([0, 1, 2, 3]), 4), [-1, -1 / 3, 1 / 3, 1], atol=1e-6)


def test_independent_pixels_by_hand():
    train = np.array([[0, 1], [0, 1], [1, 1]]).reshape(3, 1, 2, 1)  # (1 + 1) / 5 and (3 + 1) / 5
    found = pixels.independent_nats(train, np.array([[1, 0]]).reshape(1, 1, 2, 1))
    np.testing.assert_allclose(found, -np.log(0.4 * 0.2))


def test_the_gradient_of_the_loss_reaches_all_weights():
    network = disturbed(pixelcnn((4, 4, 1), 2, 4, 2, classes=3))
    x = [ops.convert_to_tensor(BINARY), ops.convert_to_tensor(np.eye(3, dtype="float32")[np.arange(12) % 3])]
    found = gradients(lambda: ops.mean(pixels.nats(network(x), BINARY, 2)), network.trainable_variables)
    assert all(np.any(gradient != 0) for gradient in found)
