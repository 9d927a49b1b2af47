"""What a game promises: who moves, in which order, on which rows, and what stays untouched."""

import gc
import weakref

import keras
import numpy as np
import pytest
from games import GAMES, BatchNormGAN, PenaltyWGAN, SharedEncoder, adam, data, dense
from keras import ops

from course_utils import backend
from course_utils.game import Average, Diverged, Game, Player
from course_utils.game import play as rules
from course_utils.game.feed import stream
from course_utils.layers import SpectralDense


def weights(game):
    return {network.name: [w.copy() for w in network.get_weights()] for network in game.networks}


def trainable(network):
    return [ops.convert_to_numpy(v).copy() for v in network.trainable_variables]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def play(game, iterations=4, parts=2, **kwargs):
    game.compile(**kwargs)
    return game.fit(data(parts=parts), batch_size=16, steps_per_epoch=iterations, verbose=0)


@pytest.mark.parametrize("name", GAMES)
def test_a_turn_moves_only_the_players_networks(name):
    game_class, parts = GAMES[name]
    game = game_class()
    batch = tuple(ops.convert_to_tensor(a[:16]) for a in data(parts=parts))
    rules.prepare(game, batch)
    for index, player in enumerate(game.players):
        before = {n.name: trainable(n) for n in game.networks}
        rules.turn(game, index, batch)
        moved = {n.name for n in game.networks if not same(trainable(n), before[n.name])}
        assert moved == {n.name for n in player.networks}


def test_players_that_share_a_network_keep_their_own_optimizer_state():
    game = SharedEncoder()
    play(game)
    critic, _, latent = (p.optimizer for p in game.players)
    moments = [[ops.convert_to_numpy(v) for v in o.variables if v.shape == (2, 16)] for o in (critic, latent)]
    assert moments[0] and not any(np.array_equal(a, b) for a, b in zip(*moments))


def test_turns_are_counted_by_each_optimizer():
    game = PenaltyWGAN(turns=5)
    play(game, iterations=3, parts=3)
    assert [int(p.optimizer.iterations) for p in game.players] == [15, 3]
    assert game.iteration == 3


def test_the_kth_turn_sees_the_kth_batch():
    x = np.arange(12, dtype="float32").reshape(12, 1)
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])

    def loss(batch, training):  # its gradient is the mean of the batch
        return ops.mean(network(batch, training=training))

    game = Game([Player("walker", [network], loss, keras.optimizers.SGD(1.0), turns=3)])
    game.compile()
    game.fit(x, batch_size=4, epochs=1, verbose=0)
    np.testing.assert_allclose(network.get_weights()[0], [[-3 * x.mean()]], rtol=1e-6)


@pytest.mark.parametrize("name", GAMES)
def test_fused_steps_equal_single_steps(name):
    game_class, parts = GAMES[name]
    single, fused = game_class(), game_class()
    logs = play(single, 10, parts).history
    fused_logs = play(fused, 10, parts, steps_per_execution=7).history  # 7 and then 3
    assert fused.iteration == single.iteration == 10
    for a, b in zip(single.get_weights(), fused.get_weights(), strict=True):
        # Two programs round differently, and Adam makes steps of one size out of large and small gradients.
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    for key in logs:
        np.testing.assert_allclose(logs[key], fused_logs[key], rtol=1e-4, atol=1e-6)


def test_unrolled_turns_equal_a_loop():
    games = [PenaltyWGAN(), PenaltyWGAN()]
    for game, unroll in zip(games, (True, False)):
        game.compile(unroll=unroll)
        game.fit(data(parts=3), batch_size=16, steps_per_epoch=3, verbose=0)
    for a, b in zip(games[0].get_weights(), games[1].get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [keras.layers.Conv2D(1, 3), keras.layers.Flatten()], ids=["convolution", "none"])
def test_convolutions_are_fused_only_where_that_is_faster(layer):
    network = keras.Sequential([keras.Input((4, 4, 1)), layer, keras.layers.Flatten(), keras.layers.Dense(1)])
    game = Game([Player("one", [network], lambda batch, training: ops.mean(network(batch)), adam())])
    game.compile(steps_per_execution=5)
    convolves = isinstance(layer, keras.layers.Conv2D)
    fused = {"tensorflow": True, "jax": not convolves or backend.device()[0] != "cpu", "torch": False}
    assert game.steps_per_execution == (5 if fused[backend.name()] else 1)


def test_the_same_seed_gives_the_same_game():
    runs = [PenaltyWGAN(seed=s) for s in (0, 0, 1)]
    for game in runs:
        play(game, 3, 3)
    first, again, other = (game.get_weights() for game in runs)
    assert same(first, again)
    assert not same(first, other)


def test_it_logs_each_player_and_their_sum():
    history = play(SharedEncoder()).history
    losses = [history[f"{name}_loss"][0] for name in ("critic", "generator", "latent")]
    assert history["loss"][0] == pytest.approx(sum(losses), rel=1e-6)
    assert history["latent_gradient_norm"][0] > 0
    assert "real_logit" in play(BatchNormGAN()).history


def test_validation_measures_and_moves_nothing():
    plain, validated = BatchNormGAN(), BatchNormGAN()
    play(plain)
    validated.compile()
    history = validated.fit(
        data(), batch_size=16, steps_per_epoch=4, verbose=0, validation_data=(data(rows=40, seed=5),)
    ).history
    assert history["val_critic_loss"][0] > 0 and "val_critic_gradient_norm" not in history
    assert same(plain.get_weights(), validated.get_weights())


def test_evaluate_averages_over_all_rows_and_changes_nothing():
    game = BatchNormGAN()
    x, z = data(rows=40)  # the last batch is half a one
    before = [ops.convert_to_numpy(v.value).copy() for v in game.variables]
    game.compile(steps_per_execution=2)
    logs = game.evaluate((x, z), batch_size=16, verbose=0)
    real = ops.convert_to_numpy(ops.softplus(-game.critic(x)))
    fake = ops.convert_to_numpy(ops.softplus(game.critic(game.generator(z))))
    assert float(logs["critic_loss"]) == pytest.approx(float((real + fake).mean()), rel=1e-5)
    assert same(before, [ops.convert_to_numpy(v.value) for v in game.variables])


def test_callbacks_and_the_progress_bar_work(capsys):
    seen = []
    watcher = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])),
        on_epoch_end=lambda epoch, logs: seen.append(epoch),
    )
    game = BatchNormGAN()
    game.compile()
    game.fit(data(), batch_size=64, epochs=2, callbacks=[watcher, keras.callbacks.TerminateOnNaN()], verbose=1)
    assert [s if isinstance(s, int) else s[0] for s in seen] == [0, 1, 2, 3, 0, 0, 1, 2, 3, 1]
    assert "critic_loss" in capsys.readouterr().out


@pytest.mark.parametrize("fused", [1, 4])
def test_nan_in_the_data_stops_before_the_weights_are_touched(fused):
    sound, broken = BatchNormGAN(), BatchNormGAN()
    x, z = data(rows=64)
    rows = [int(r) for r in stream(seed=0, length=64, start=32, count=16)]
    x = x.copy()
    x[rows[5]] = np.nan  # seen in iteration 2
    for game, steps in ((sound, 2), (broken, 4)):
        game.compile(steps_per_execution=fused)
        if game is sound:
            game.fit((x, z), batch_size=16, steps_per_epoch=steps, verbose=0)
        else:
            with pytest.raises(Diverged, match=rf"'critic' in iteration 2.*rows \[{rows[5]}\]"):
                game.fit((x, z), batch_size=16, steps_per_epoch=steps, verbose=0)
    for a, b in zip(sound.networks, broken.networks, strict=True):
        assert all(np.isfinite(w).all() for w in b.get_weights())
        for v, w in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_allclose(v, w, rtol=1e-5, atol=1e-6)


def test_a_diverging_loss_names_its_player():
    game = BatchNormGAN()
    generator = game.generator

    def hopeless(batch, training):  # the logarithm of a negative number
        return ops.log(-1.0 - ops.mean(ops.square(generator(batch[1], training=training))))

    critic = game.critic
    before = trainable(generator) + trainable(critic)
    game = Game([game.players[0], Player("generator", [generator], hopeless, adam())])
    game.compile()
    with pytest.raises(Diverged, match="'generator' in iteration 0.*learning rate"):
        game.fit(data(), batch_size=16, steps_per_epoch=3, verbose=0)
    assert same(before, trainable(generator) + trainable(critic))


def test_a_game_goes_on_after_it_diverged():
    game = BatchNormGAN()
    x, z = data(rows=64)
    game.compile()
    with pytest.raises(Diverged):
        game.fit((x * np.nan, z), batch_size=16, verbose=0)
    assert np.isfinite(game.fit((x, z), batch_size=16, verbose=0).history["loss"]).all()


def test_the_average_follows_its_formula():
    game = BatchNormGAN()
    pairs = list(game.averages[0].pairs())
    assert any("moving" in mine.name for mine, *_ in pairs)
    expected = [ops.convert_to_numpy(mine).copy() for mine, *_ in pairs]
    game.compile()
    for t in range(3):
        game.fit(data(), batch_size=16, steps_per_epoch=1, verbose=0)
        keep = min(0.9, (1 + t) / (10 + t))
        expected = [e + (1 - keep) * (ops.convert_to_numpy(w) - e) for e, (_, w, _) in zip(expected, pairs)]
    for e, (mine, *_) in zip(expected, pairs):
        np.testing.assert_allclose(ops.convert_to_numpy(mine), e, rtol=1e-4, atol=1e-6)


def test_bfloat16_trains_and_float16_is_refused():
    def player(policy):
        keras.config.set_dtype_policy(policy)
        try:
            network = dense(2, 1, "network")
        finally:
            keras.config.set_dtype_policy("float32")
        return Player("player", [network], lambda batch, t: ops.mean(ops.square(network(batch) - 1.0)), adam(1e-2))

    game = Game([player("mixed_bfloat16")])
    game.compile()
    history = game.fit(data()[0], epochs=6, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < history[0]
    with pytest.raises(ValueError, match="float16.*mixed_bfloat16"):
        Game([player("mixed_float16")])


_SHARED = adam()


def _player(name="a", **changes):
    network = dense(2, 1, "network")
    settings = {"networks": [network], "loss": lambda b, t: ops.mean(network(b)), "optimizer": adam(), "turns": 1}
    return Player(name, **(settings | changes))


@pytest.mark.parametrize(
    ("players", "words"),
    [
        (lambda: [], "without players"),
        (lambda: [_player(), _player()], "each once"),
        (lambda: [_player(name, optimizer=_SHARED) for name in "ab"], "one optimizer"),
        (lambda: [_player(networks=[keras.Sequential([keras.layers.Dense(1)])])], "unbuilt"),
        (lambda: [_player(turns=0)], "turns of player .a. is 0"),
    ],
)
def test_impossible_games_are_refused(players, words):
    with pytest.raises(ValueError, match=words):
        Game(players())


def test_an_average_of_its_own_network_is_refused():
    player = _player()
    with pytest.raises(ValueError, match="a network of its own"):
        Game([player], averages=[Average(player.networks[0], player.networks[0])])


def test_no_steps_are_refused():
    game = Game([_player()])
    game.compile()
    with pytest.raises(ValueError, match="steps_per_epoch is 0, expected at least 1"):
        game.fit(data()[0], steps_per_epoch=0, verbose=0)


def test_an_eager_game_is_the_compiled_one():
    compiled, eager = PenaltyWGAN(), PenaltyWGAN()
    play(compiled, 2, 3)
    play(eager, 2, 3, run_eagerly=True)
    for a, b in zip(compiled.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_losses_must_be_scalars_and_logs_must_not_clash():
    network = dense(2, 1, "network")
    for loss, words in [
        (lambda b, t: network(b)[:, 0], "scalar"),
        (lambda b, t: (ops.mean(network(b)), {"a_loss": ops.mean(b)}), "taken twice"),
    ]:
        game = Game([Player("a", [network], loss, adam())])
        game.compile()
        with pytest.raises(ValueError, match=words):
            game.fit(data()[0], verbose=0)


def test_average_starts_as_a_copy():
    a, b = dense(2, 1, "a"), dense(2, 1, "b")
    player = Player("a", [a], lambda x, t: ops.mean(a(x)), adam())
    Game([player], averages=[Average(a, b)])
    assert same(a.get_weights(), b.get_weights())


def test_a_spectral_norms_vector_in_the_average_is_that_of_the_moment():
    def network():
        return keras.Sequential([keras.Input((2,)), SpectralDense(8), keras.layers.ReLU(), SpectralDense(1)])

    live, average = network(), network()
    player = Player("a", [live], lambda x, t: ops.mean(live(x, training=t)), adam(1e-2))
    game = Game([player], averages=[Average(live, average, 0.9)])
    game.compile()
    game.fit(data()[0], batch_size=16, steps_per_epoch=5, verbose=0)
    vectors = [(a, b) for a, b, averaged in game.averages[0].pairs() if not averaged]
    assert len(vectors) == 2
    for mine, theirs in vectors:
        np.testing.assert_array_equal(ops.convert_to_numpy(mine.value), ops.convert_to_numpy(theirs.value))


def test_one_learning_rate_is_for_one_player():
    network = dense(2, 1, "network")
    game = Game([Player("a", [network], lambda x, t: ops.mean(ops.square(network(x))), adam(0.5))])
    before = trainable(network)
    game.compile()
    game.fit(data()[0], verbose=0, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0)])
    assert same(before, trainable(network))
    with pytest.raises(ValueError, match="2 players, expected one each"):
        BatchNormGAN().optimizers.learning_rate = 0.1


def test_a_layer_frozen_between_fits_stays_still():
    game = BatchNormGAN()
    play(game)
    game.critic.layers[1].trainable = False
    before = game.critic.layers[1].get_weights()
    play(game)
    assert same(before, game.critic.layers[1].get_weights())


def test_release_gives_programs_and_data_back_and_keeps_the_game():
    released, untouched = PenaltyWGAN(), PenaltyWGAN()
    for game in (released, untouched):
        play(game, parts=3)
    before, held = weights(released), [weakref.ref(released.train_function), weakref.ref(released._running.feed)]
    released.release()
    assert [reference() for reference in held] == [None, None]
    assert all(same(found, before[network]) for network, found in weights(released).items())
    for game in (released, untouched):
        game.fit(data(parts=3), batch_size=16, steps_per_epoch=4, verbose=0)
    assert released.iteration == untouched.iteration == 8
    assert all(same(found, weights(untouched)[network]) for network, found in weights(released).items())


@pytest.mark.skipif(backend.name() != "tensorflow", reason="only TensorFlow keeps graphs")
def test_no_graph_outlives_a_released_game():
    from tensorflow.python.framework.func_graph import FuncGraph

    def graphs():
        gc.collect()
        return sum(isinstance(each, FuncGraph) for each in gc.get_objects())

    def one():
        game = BatchNormGAN()
        game.compile(jit_compile=False)
        game.fit(data(), batch_size=16, steps_per_epoch=2, verbose=0)
        game.evaluate(data(), batch_size=16, verbose=0)
        game.release()

    before = graphs()
    one()
    assert graphs() == before


def test_what_a_game_cannot_do_it_says():
    game = BatchNormGAN()
    game.compile()
    with pytest.raises(TypeError, match="expected fit"):
        game.train_on_batch(data())
    with pytest.raises(TypeError, match="uint8"):
        game.fit(data(), verbose=0, validation_data=(np.zeros((4, 2), "uint8"), data(rows=4)[1]))
    with pytest.raises(TypeError, match="uint8"):
        game.evaluate((np.zeros((4, 2), "uint8"), data(rows=4)[1]))
