"""Singular values as NumPy has them, and the weights of the best epoch."""

import keras
import numpy as np
import pytest

from course_utils.game import Average, Game, Player
from course_utils.games.gan import GAN
from course_utils.games.watching import (
    KeepBest,
    Notes,
    SingularValues,
    largest_difference,
    restart,
    settle,
    singular_values,
    spectral_norms,
)
from course_utils.layers import SpectralDense
from course_utils.networks.gan import batch_norm, point_critic, point_generator
from tests.numeric import array


class Line(Game):
    """Fits a line through the origin: one weight, one player."""

    def __init__(self, rate=0.1, factor=1.0, average=False):
        inputs = keras.Input((1,))
        line, averaged = (keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs)) for _ in range(2))
        player = Player("line", [line], self.squares, keras.optimizers.SGD(rate))
        super().__init__([player], averages=[Average(line, averaged, 0.5)] if average else [])
        self.line, self.factor = line, factor

    def squares(self, x, training):
        return self.factor * keras.ops.mean(keras.ops.square(self.line(x, training=training) - 3.0 * x))


def test_the_same_game_written_twice_moves_the_same_weights():
    x = np.ones((8, 1), "float32")
    assert largest_difference(Line(), Line(average=True), x, batch_size=4) < 1e-6


def test_another_loss_moves_other_weights_by_the_amount_known_by_hand():
    one, other = Line(), Line(factor=2.0)
    one.line.set_weights([np.array([[1.0]])])
    found = largest_difference(one, other, np.ones((4, 1), "float32"), iterations=1, batch_size=4)
    assert found == pytest.approx(0.1 * 2 * 2, rel=1e-5)  # rate × the gradient 2(w − 3) at w = 1, once more


def test_games_that_cannot_be_compared_are_refused():
    x = np.ones((4, 1), "float32")
    played = Line()
    largest_difference(played, Line(), x, iterations=1, batch_size=4)
    with pytest.raises(ValueError, match="1 and 0 iterations, expected two that were not played"):
        largest_difference(played, Line(), x)
    with pytest.raises(ValueError, match="no weight that moved"):
        largest_difference(Line(rate=0.0), Line(rate=0.0), x, batch_size=4)


def network():
    inputs = keras.Input((3,))
    made = keras.Model(inputs, keras.layers.Dense(2, name="last")(keras.layers.Dense(3, name="first")(inputs)))
    made.get_layer("first").kernel.assign(np.diag([1.0, -5.0, 3.0]))
    made.get_layer("last").kernel.assign(np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.25]]))
    return made


def test_singular_values_of_every_kernel_largest_first():
    first, last = singular_values(network()).values()
    np.testing.assert_allclose(first, [5, 3, 1], rtol=1e-6)
    np.testing.assert_allclose(last, [0.5, 0.25, np.nan], rtol=1e-6)


def test_a_convolution_counts_as_its_matrix():
    layer = keras.layers.Conv2D(4, 3)
    layer.build((None, 5, 5, 2))
    model = keras.Sequential([keras.Input((5, 5, 2)), layer])
    (found,) = singular_values(model, top=4).values()
    expected = np.linalg.svd(array(layer.kernel).reshape(18, 4), compute_uv=False)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_spectral_norms_tell_a_stale_iteration():
    layer = SpectralDense(3)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), layer])
    assert list(spectral_norms(model).values()) == pytest.approx([1.0], abs=1e-5)
    layer.trainable_variables[0].assign(np.diag([1.0, 2.0, 4.0]))
    layer.u.assign([0.0, 1.0, 0.0])  # knows of the second direction only
    assert list(spectral_norms(model).values()) == pytest.approx([2.0], abs=1e-5)
    settle(model)
    assert list(spectral_norms(model).values()) == pytest.approx([1.0], abs=1e-5)


def callback(kind, *arguments):
    made = kind(*arguments)
    made.set_model(keras.Sequential([keras.Input((1,))]))
    return made


def test_notes_keep_what_functions_return_epoch_by_epoch():
    values = iter([3.0, 1.0])
    noted = Notes({"measure": lambda: next(values), "epochs": lambda: len(noted.iterations)})
    noted.set_model(Line())
    for epoch in range(2):
        noted.on_epoch_end(epoch)
    assert noted.kept == {"measure": [3.0, 1.0], "epochs": [1, 2]} and noted.iterations == [0, 0]


def test_the_callback_notes_every_epoch_and_logs_the_largest():
    watched = network()
    noted, logs = callback(SingularValues, {"critic": watched}, 2), {}
    noted.on_epoch_end(0, logs)
    assert logs["critic_sigma"] == pytest.approx(5)
    watched.get_layer("last").kernel.assign(7 * np.eye(3)[:, :2])
    noted.on_epoch_end(1, logs)
    assert logs["critic_sigma"] == pytest.approx(7)
    first, last = noted.history["critic"].values()
    np.testing.assert_allclose(first, [[5, 3], [5, 3]], rtol=1e-6)
    np.testing.assert_allclose(last, [[0.5, 0.25], [7, 7]], rtol=1e-6)


def test_the_best_epoch_comes_back():
    watched, kernel = network(), np.ones((3, 2), "float32")
    numbers = iter([3.0, 1.0, float("nan"), 2.0, 1.0])
    kept = callback(KeepBest, {"generator": watched}, lambda: next(numbers))
    for epoch in range(5):
        watched.get_layer("last").kernel.assign(epoch * kernel)
        kept.on_epoch_end(epoch)
    assert kept.epoch == 1 and kept.restore() == 1.0
    np.testing.assert_array_equal(array(watched.get_layer("last").kernel), kernel)


def test_a_first_measure_that_is_not_a_number_is_not_the_best():
    watched, numbers = network(), iter([float("nan"), 2.0])
    kept = callback(KeepBest, {"generator": watched}, lambda: next(numbers))
    kept.on_epoch_end(0)
    with pytest.raises(ValueError, match="expected a finite one"):
        kept.restore()
    kept.on_epoch_end(1)
    assert kept.epoch == 1 and kept.restore() == 2.0


def test_a_restarted_game_is_the_fresh_one_number_by_number():
    x = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")

    def made(seed):
        keras.utils.set_random_seed(seed)
        networks = point_generator(width=4, depth=1, normalisation=batch_norm), point_critic(width=4, depth=1)
        return GAN(*networks, seed=seed)

    played, fresh = made(1), made(2)
    played.compile()
    played.fit(x, batch_size=8, steps_per_epoch=3, verbose=0)
    restart(played, made(2))
    fresh.compile()
    for game in (played, fresh):
        game.fit(x, batch_size=8, steps_per_epoch=3, verbose=0)
    assert played.iteration == fresh.iteration == 3
    for mine, theirs in zip(played.generator.get_weights(), fresh.generator.get_weights()):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_a_game_of_other_networks_is_no_fresh_start():
    one, other = (GAN(point_generator(width=w, depth=1), point_critic(width=4, depth=1)) for w in (4, 5))
    with pytest.raises(ValueError, match="same players"):
        restart(one, other)
