"""Images as bytes, and data that stays off the device: the same weights, and resumable as ever."""

import keras
import numpy as np
import pytest
from games import PenaltyWGAN as Points
from games import adam, data
from keras import layers, ops

from course_utils import backend
from course_utils.data import scale
from course_utils.game import Checkpoint, Examples, Game, Labels, Player
from course_utils.game.feed import Feed, Stream, feed_of
from course_utils.game.takes import admitted, scaled


class Classifier(Game):
    """One convolution and a dense layer that tell labels from images in a declared range."""

    def __init__(self, low=-1.0, turns=1):
        x = inner = keras.Input((6, 6, 1))
        x = layers.Flatten()(layers.Conv2D(4, 3, activation="tanh", kernel_initializer="ones")(x))
        network = keras.Model(inner, layers.Dense(3, kernel_initializer="zeros")(x))
        super().__init__([Player("a", [network], self.loss_of, adam(), turns)], seed=5)
        self.network, self.takes = network, (Examples((6, 6, 1), low, 1.0), Labels(3))

    def loss_of(self, batch, training):
        x, y = batch
        logits = self.network(x + 0.1 * keras.random.normal(ops.shape(x), seed=self.seeds), training=training)
        return ops.mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True))


def pixels(n=40):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (n, 6, 6, 1), "uint8"), rng.integers(0, 3, n)


def weights(game):
    return [ops.convert_to_numpy(v.value) for v in game.variables + game.optimizers.variables]


def played(x, y, game=None, fused=3, epochs=2, **options):
    game = game or Classifier()
    game.compile(steps_per_execution=fused)
    history = game.fit(x, y, batch_size=4, epochs=epochs, steps_per_epoch=7, verbose=0, **options).history
    return weights(game), history


def the_same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("low", [-1.0, 0.0])
def test_bytes_are_scaled_as_data_scale_does(low):
    x = np.arange(256, dtype="uint8").reshape(-1, 1, 1, 1)
    batch = scaled((Examples((1, 1, 1), low, 1.0), Labels(3)), (ops.convert_to_tensor(x), ops.zeros(256, "int32")))
    # XLA multiplies by 1/255, which may be one unit in the last place away from a division.
    assert np.abs(ops.convert_to_numpy(batch[0]) - scale(x, low, 1.0)).max() <= 2**-23
    assert not ops.convert_to_numpy(batch[1]).any()


def test_bytes_train_as_floats_do():
    x, y = pixels()
    of_bytes, found = played(x, y, validation_data=(x, y))
    of_floats, wanted = played(scale(x), y, validation_data=(scale(x), y))
    assert max(np.abs(a - b).max() for a, b in zip(of_bytes, of_floats)) < 1e-6
    assert np.allclose(found["val_loss"], wanted["val_loss"], atol=1e-6)


def test_a_streamed_file_gives_the_weights_of_resident_data_bit_for_bit(tmp_path):
    x, y = pixels()
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    resident, one = played(x, y, Classifier(turns=3), resident=True)
    streamed, other = played(mapped, y, Classifier(turns=3), resident=False)
    assert the_same(resident, streamed) and one == other


def test_a_streamed_penalty_game_of_floats_is_the_same_too():
    def run(resident):
        game = Points()
        game.compile(steps_per_execution=2)
        game.fit(data(parts=3), batch_size=16, epochs=2, steps_per_epoch=5, verbose=0, resident=resident)
        return weights(game)

    assert the_same(run(True), run(False))


class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model._running.position >= 9:
            raise KeyboardInterrupt


def test_an_interrupted_stream_resumes_bit_for_bit(tmp_path):
    x, y = pixels()
    whole, _ = played(x, y, resident=True, fused=1)
    with pytest.raises(KeyboardInterrupt):
        played(x, y, fused=1, resident=False, callbacks=[Stop(), Checkpoint(tmp_path / "state", every=2)])
    resumed, _ = played(x, y, fused=1, resident=False, callbacks=[Checkpoint(tmp_path / "state", every=2)])
    assert the_same(whole, resumed)


def test_a_stream_gathers_rows_in_the_order_of_the_feed_and_works_ahead():
    x = np.arange(60, dtype="float32").reshape(30, 2)
    stream, feed = Stream(x, 4, 2, 0), Feed(x, 4, 2, 0)
    for iteration, count, then in ((0, 3, 3), (3, 3, 1), (6, 1, 0), (2, 2, 5)):  # the last was not foreseen
        got, rows = stream.fetch(iteration, count, then)
        assert rows.shape == (count, 2, 4) and rows.dtype == np.int32
        assert np.array_equal(ops.convert_to_numpy(got)[rows], x[feed.rows(iteration, count)])
        assert list(stream._ahead) == ([(iteration + count, then)] if then else list(stream._ahead))
    assert stream.fingerprint() == feed.fingerprint()
    stream.close()


def test_what_takes_too_much_of_the_device_is_streamed(monkeypatch):
    x = np.zeros((100, 10), "float32")  # 4000 bytes
    for memory, kind in ((16_000, Feed), (15_999, Stream), (None, Feed)):
        monkeypatch.setattr(backend, "memory", lambda memory=memory: memory)
        assert type(feed_of(x, 4, 1, 0)) is kind
    assert type(feed_of(x, 4, 1, 0, resident=True)) is Feed
    with pytest.raises(ValueError, match="resident='yes'"):
        feed_of(x, 4, 1, 0, resident="yes")


def test_this_machine_says_how_much_memory_it_has():
    assert backend.memory() is None or backend.memory() > 2**28


def test_a_failing_read_ends_the_fit_and_costs_nothing(monkeypatch):
    x, y = pixels()
    game = Classifier()
    gather = Stream._gather

    def broken(self, iteration, count):
        if iteration > 4:
            raise OSError("the disk is gone")
        return gather(self, iteration, count)

    monkeypatch.setattr(Stream, "_gather", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        played(x, y, game, fused=1, resident=False)
    assert all(np.isfinite(w).all() for w in weights(game)) and game.iteration == 5
    monkeypatch.undo()
    played(x, y, game, resident=False)


def test_bytes_that_are_no_pixels_are_refused():
    takes = Examples((6, 6, 1), -1.0, 1.0)
    x, _ = pixels()
    for wrong, words in ((x[..., 0], r"\(N, H, W, 1\)"), (np.repeat(x, 3, -1), "channels"), (x[:, :5], "built for"),
                         (x // 128, "bytes of 0 and 1")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            admitted(takes, wrong)
    assert admitted(takes, 0 * x).dtype == np.uint8
    with pytest.raises(TypeError, match="uint8"):
        admitted(Examples((6, 6, 1)), x)  # no range is declared, so nobody knows what 255 means
