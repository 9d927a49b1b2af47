"""Measuring: fresh draws for each batch, the same from call to call; odd batches; nothing moves, nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
from games import BatchNormGAN, adam, data, dense
from keras import ops

from course_utils import backend
from course_utils.game import Game, Player
from course_utils.games.gan import GAN
from course_utils.layers import MinibatchStdDev


def values(game):
    return [ops.convert_to_numpy(v.value).copy() for v in game.variables + game.optimizers.variables]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


class Noisy(Game):
    """Its loss is the mean of as many draws as there are rows, besides a term that moves it."""

    def __init__(self, dropout=0.0):
        inner = keras.Input((2,))
        x = keras.layers.Dropout(dropout)(keras.layers.Dense(4)(inner))
        self_network = keras.Model(inner, keras.layers.Dense(1)(x))
        super().__init__([Player("a", [self_network], self.loss_of, adam())])
        self.network = self_network

    def loss_of(self, x, training):
        noise = keras.random.normal((ops.shape(x)[0],), seed=self.seeds)
        logs = {"noise": ops.mean(noise)}
        if training:
            logs["only_in_training"] = ops.mean(x)
        else:
            logs["only_in_evaluation"] = ops.mean(x)
        return ops.mean(ops.square(self.network(x, training=training) - 1.0)) + 0.0 * ops.sum(noise), logs


def test_each_batch_draws_anew_and_every_call_the_same():
    game = Noisy()
    game.compile()
    x = np.ones((4096, 2), "float32")
    before = values(game)
    first, second = (game.evaluate(x, batch_size=16, verbose=0) for _ in range(2))
    assert first == second and same(before, values(game))
    assert abs(first["noise"]) < 5 / np.sqrt(4096)  # one draw for all batches would stray by 1/√16
    assert first["noise"] != game.evaluate(x[:16], batch_size=16, verbose=0)["noise"]


def test_logs_of_one_mode_stay_in_it():
    game = Noisy()
    game.compile()
    x = np.ones((16, 2), "float32")
    history = game.fit(x, batch_size=8, verbose=0, validation_data=x).history
    assert history["only_in_training"] == [1.0] and "only_in_evaluation" not in history
    assert history["val_only_in_evaluation"] == [1.0] and "val_only_in_training" not in history


def test_validation_is_evaluation():
    game = Noisy()
    game.compile()
    x = np.random.default_rng(0).normal(size=(22, 2)).astype("float32")
    history = game.fit(x, batch_size=8, verbose=0, validation_data=(x,)).history
    logs = game.evaluate(x, batch_size=8, verbose=0)
    for name, value in logs.items():
        assert history[f"val_{name}"][0] == pytest.approx(value, rel=1e-5, abs=1e-6)


def grouped():
    inner = keras.Input((2, 2, 1))
    x = keras.layers.Flatten()(MinibatchStdDev(4)(inner))
    critic = keras.Model(inner, keras.layers.Dense(1)(x))
    z = keras.Input((2,))
    generator = keras.Model(z, keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4)(z)))
    return GAN(generator, critic)


def test_an_odd_last_batch_is_cut_to_the_groups_of_a_minibatch_deviation():
    game = grouped()
    game.compile()
    x = np.random.default_rng(0).uniform(-1, 1, (22, 2, 2, 1)).astype("float32")
    history = game.fit(x, batch_size=16, verbose=0, validation_data=x).history
    assert np.isfinite(history["val_critic_loss"]).all()
    assert game.evaluate(x, batch_size=16, verbose=0) == game.evaluate(x[:20], batch_size=16, verbose=0)
    with pytest.raises(ValueError, match="batch_size=6, expected a multiple of 4.*take 8"):
        game.fit(x, batch_size=6, verbose=0)
    assert np.isfinite(game.evaluate(x[:3], verbose=0)["loss"])  # fewer than a group are one


def test_a_loss_that_cannot_measure_says_so_before_the_first_epoch():
    network = dense(2, 1, "network")

    def loss(x, training):
        if not training and x.shape[0] == 6:
            raise ValueError("six rows")
        return ops.mean(ops.square(network(x, training=training)))

    game = Game([Player("a", [network], loss, adam())])
    game.compile()
    x = np.ones((22, 2), "float32")
    before = values(game)
    with pytest.raises(ValueError, match="six rows"):
        game.fit(x, batch_size=16, verbose=0, validation_data=x)
    assert same(before, values(game)) and game.iteration == 0


@pytest.mark.once
def test_two_devices_cut_an_odd_last_batch_too():
    code = """
import keras, numpy as np, sys
keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))
from games import BatchNormGAN, data
game = BatchNormGAN()
game.compile()
history = game.fit(data(32), batch_size=16, verbose=0, validation_data=(data(21),)).history
assert np.isfinite(history["val_loss"]).all()
for wrong in (lambda: game.fit(data(32), batch_size=15, verbose=0), lambda: game.evaluate(data(1), verbose=0)):
    try:
        wrong()
    except ValueError as error:
        print(error)
"""
    two = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": two, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        timeout=1500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "multiple of 2" in done.stdout and "1 rows for 2 devices" in done.stdout


def test_a_strategy_of_replicas_gets_its_sentence():
    if backend.name() != "tensorflow":
        assert backend.devices_in_use() == 1
        return

    class Strategy:
        num_replicas_in_sync = 2

    game = BatchNormGAN()
    game.compile()
    game._distribute_strategy = Strategy()
    with pytest.raises(ValueError, match="2 replicas.*DataParallel"):
        game.fit(data(), verbose=0)


class Strike:
    """Strikes with an interrupt after some seconds, if the block is still at work."""

    def __init__(self, seconds):
        self.timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))

    def __enter__(self):
        self.armed = True
        self.before = signal.signal(signal.SIGINT, self.handle)
        self.timer.start()

    def handle(self, *_):
        if self.armed:
            raise KeyboardInterrupt

    def __exit__(self, *_):
        self.armed = False
        self.timer.cancel()
        self.timer.join()
        signal.signal(signal.SIGINT, self.before)


def test_an_interrupted_fit_goes_on_to_the_same_end():
    """Wherever the interrupts fall, no half iteration is left, and no weights are lost."""
    x, total, chance = data()[0], 120, np.random.default_rng(0)
    keras.utils.set_random_seed(1)
    straight, broken = Noisy(dropout=0.5), Noisy(dropout=0.5)
    for a, b in zip(straight.variables, broken.variables, strict=True):
        b.assign(ops.convert_to_numpy(a.value))
    for game in (straight, broken):
        game.compile()
    keras.utils.set_random_seed(2)
    straight.fit(x, batch_size=16, epochs=3, steps_per_epoch=total // 3, verbose=0)
    keras.utils.set_random_seed(2)
    strikes = 0
    while broken.iteration < total:
        left = total - broken.iteration
        try:
            with Strike(chance.uniform(0.01, 0.15) if strikes < 8 else 600):
                broken.fit(x, batch_size=16, epochs=left, steps_per_epoch=1, verbose=0)
        except KeyboardInterrupt:
            strikes += 1
    assert strikes == 8 or broken.iteration == total
    assert same(values(straight), values(broken))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow's C code takes offence")
def test_an_interrupt_waits_for_the_end_of_the_program():
    from course_utils.backend import on_tensorflow

    seen, before = [], signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt), on_tensorflow._undisturbed():
            signal.raise_signal(signal.SIGINT)
            seen.append("the rest of the program")
        assert seen and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_exception_in_the_middle_of_an_iteration_undoes_it():
    calls = []
    first, second = dense(2, 1, "first"), dense(2, 1, "second")

    def breaks(x, training):
        calls.append(training)
        if calls.count(True) == 4:
            raise KeyboardInterrupt
        return ops.mean(ops.square(second(x, training=training) - keras.random.normal((1,), seed=game.seeds)))

    def sound(x, training):
        return ops.mean(ops.square(first(x, training=training) - keras.random.normal((1,), seed=game.seeds)))

    game = Game([Player("first", [first], sound, adam()), Player("second", [second], breaks, adam())])
    game.compile(run_eagerly=True)
    x = data()[0]
    game.fit(x, batch_size=16, steps_per_epoch=2, verbose=0)  # with the rehearsal these are three calls
    before = values(game)
    with pytest.raises(KeyboardInterrupt):
        game.fit(x, batch_size=16, steps_per_epoch=2, verbose=0)
    assert same(before, values(game)) and game.iteration == 2


@pytest.mark.parametrize("how", ["evaluate", "predict", "sample"])
def test_an_exception_in_a_measurement_costs_nothing(how):
    game = grouped()
    game.compile()
    x = np.zeros((4096, 2, 2, 1), "float32")
    before = values(game)

    class Breaks(keras.callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

        on_predict_batch_end = on_test_batch_end

    if how == "evaluate":
        with pytest.raises(KeyboardInterrupt):
            game.evaluate(x, verbose=0, callbacks=[Breaks()])
        wrong = lambda: game.evaluate(x[..., 0], verbose=0)  # noqa: E731
    elif how == "predict":
        with pytest.raises(KeyboardInterrupt):
            game.predict(np.zeros((64, 2), "float32"), verbose=0, callbacks=[Breaks()])
        wrong = lambda: game.predict(np.zeros((4, 3), "float32"), verbose=0)  # noqa: E731
    else:
        wrong = lambda: backend.predict(game.generator, np.zeros((4, 3), "float32"), 64)  # noqa: E731
    with pytest.raises(Exception):  # noqa: B017  the kind is the framework's
        wrong()
    for seconds in (0.001, 0.01, 0.03):
        try:
            with Strike(seconds):
                for _ in range(20):
                    game.evaluate(x, batch_size=64, verbose=0) if how == "evaluate" else game.sample(3000, seed=0)
        except KeyboardInterrupt:
            pass
    assert same(before, values(game))
    assert np.isfinite(game.fit(x[:64], batch_size=16, verbose=0).history["loss"]).all()
    assert game.sample(5, seed=1).shape == (5, 2, 2, 1)


def test_what_is_not_measured_this_way_is_said():
    game = BatchNormGAN()
    with pytest.raises(ValueError, match="compile"):
        game.evaluate(data(16), verbose=0)
    with pytest.raises(TypeError, match="expected evaluate"):
        game.test_on_batch(data(16))
    with pytest.raises(TypeError, match="validation_split"):
        game.evaluate(data(16), validation_split=0.1)


def test_samples_of_any_number_compile_few_programs():
    game = grouped()
    whole = game.sample(37, seed=3)
    np.testing.assert_allclose(whole[:5], game.predict(np_latents(game, 37, 3), verbose=0)[:5], atol=1e-6)
    sizes = set()
    predict = game.generator.predict
    game.generator.predict = lambda x, batch_size, verbose: sizes.add(batch_size) or predict(x, batch_size, verbose)
    for n in (3, 4, 5, 7, 8):
        assert game.sample(n, seed=0).shape[0] == n
    assert sizes == {4, 8}


def np_latents(game, n, seed):
    return ops.convert_to_numpy(game.prior(n, int(np.random.SeedSequence(seed).generate_state(1)[0] >> 1)))
