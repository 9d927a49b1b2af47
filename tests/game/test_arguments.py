"""Wrong arguments are refused in one sentence, at construction or at the door of `fit`, on every backend."""

import copy
import functools

import keras
import numpy as np
import pytest
from games import BatchNormGAN, adam, data, dense
from keras import layers, ops

from course_utils import backend
from course_utils.game import Average, Diverged, Game, Player


def square(network):
    return lambda x, training: ops.mean(ops.square(network(x, training=training)))


def player(name="a", network=None, **changes):
    network = network or dense(2, 1, "network")
    settings = {"networks": [network], "loss": square(network), "optimizer": adam(), "turns": 1}
    return Player(name, **(settings | changes))


def in_policy(policy, make):
    keras.config.set_dtype_policy(policy)
    try:
        return make()
    finally:
        keras.config.set_dtype_policy("float32")


def used(optimizer):
    Game([player(optimizer=optimizer)])
    return optimizer


def regularized(**kind):
    return keras.Sequential([keras.Input((2,)), layers.Dense(1, **kind, name="heavy")])


def sentence(caught):
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".") and "expected" in text, text


AT_CONSTRUCTION = {
    "a loss of one argument": (lambda: player(loss=lambda x: x), TypeError, r"expected \(batch, training\)"),
    "a loss that is no function": (lambda: player(loss="mse"), TypeError, "str as the loss"),
    "an optimizer by name": (lambda: player(optimizer="adam"), TypeError, "'adam' as the optimizer"),
    "an optimizer that was used": (lambda: player(optimizer=used(adam())), ValueError, "used for other networks"),
    "turns 2.0": (lambda: player(turns=2.0), TypeError, "turns of player 'a' is 2.0"),
    "turns None": (lambda: player(turns=None), TypeError, "turns of player 'a' is None"),
    "one network": (lambda: player(networks=dense(2, 1, "n")), TypeError, r"write \[network\]"),
    "no network": (lambda: player(networks=[]), TypeError, "at least one"),
    "a layer": (lambda: player(networks=[layers.Dense(1)]), TypeError, "expected keras.Model"),
    "no player": (lambda: "critic", TypeError, "expected Player"),
    "loss scaling": (lambda: player(optimizer=keras.optimizers.Adam(loss_scale_factor=128.0)), ValueError, "loss scal"),
    "a wrapper that scales": (
        lambda: player(optimizer=keras.optimizers.LossScaleOptimizer(adam())), ValueError, "loss scaling"
    ),
    "Keras's average": (lambda: player(optimizer=keras.optimizers.Adam(use_ema=True)), ValueError, "an Average"),
    "a kernel's regularizer": (
        lambda: player(network=regularized(kernel_regularizer="l2")), ValueError, "kernel_regularizer .*'heavy'"
    ),
    "an activity's regularizer": (
        lambda: player(network=regularized(activity_regularizer="l1")), ValueError, "activity_regularizer"
    ),
    **{
        policy: (
            functools.partial(in_policy, policy, player), ValueError, f"Found {policy} .*mixed_bfloat16"
        )
        for policy in ("float64", "bfloat16", "float16", "mixed_float16")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", AT_CONSTRUCTION)
def test_players_that_could_not_play_are_refused_at_construction(name):
    make, error, words = AT_CONSTRUCTION[name]
    with pytest.raises(error, match=words) as caught:
        Game([make()])
    sentence(caught)


def test_averages_that_would_not_be_are_refused():
    network, other, wider = dense(2, 1, "network"), dense(2, 1, "other"), dense(2, 1, "wider", width=8)
    for average, error, words in (
        (Average(network, other, 1.5), ValueError, "decay=1.5"),
        (Average(network, other, -0.1), ValueError, "decay=-0.1"),
        (Average(other, dense(2, 1, "third")), ValueError, "'other', which no player moves"),
        (Average(network, wider), ValueError, "another shape"),
        (other, TypeError, "expected Average"),
    ):
        with pytest.raises(error, match=words) as caught:
            Game([player(network=network)], averages=[average])
        sentence(caught)


def test_players_may_come_from_a_generator():
    game = Game(player(name) for name in "ab")
    assert [p.name for p in game.players] == ["a", "b"]


def test_numbers_that_are_none_are_refused():
    for seed, error in ((None, TypeError), (1.5, TypeError), (-1, ValueError)):
        with pytest.raises(error, match=f"seed is {seed}"):
            Game([player()], seed=seed)
    game = Game([player()])
    with pytest.raises(ValueError, match="steps_per_execution is 0"):
        game.compile(steps_per_execution=0)
    game.compile()
    x = data()[0]
    for name in ("batch_size", "epochs", "steps_per_epoch"):
        for value, error in ((2.0, TypeError), ("8", TypeError), (0, ValueError)):
            with pytest.raises(error, match=f"{name} is {value!r}"):
                game.fit(x, **{name: value}, verbose=0)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (lambda loss: 0.5, TypeError, "a loss of type float"),
        (lambda loss: None, TypeError, "a loss of type NoneType"),
        (lambda loss: [loss], TypeError, "a loss of type list"),
        (lambda loss: (loss, loss), TypeError, "expected a dict"),
        (lambda loss: (loss, {"log": ops.ones((3,))}), ValueError, r"log 'log' of shape \(3,\)"),
    ],
)
def test_what_a_loss_must_return(wrong, error, words):
    network = dense(2, 1, "network")
    game = Game([player(network=network, loss=lambda x, training: wrong(square(network)(x, training)))])
    game.compile()
    for door in (game.fit, game.evaluate):
        with pytest.raises(error, match=words) as caught:
            door(data()[0], verbose=0)
        sentence(caught)


def test_frozen_and_thawed_networks():
    frozen = dense(2, 1, "network")
    frozen.trainable = False
    game = Game([player(network=frozen)])
    game.compile()
    with pytest.raises(ValueError, match="nothing to move.*trainable = True") as caught:
        game.fit(data()[0], verbose=0)
    sentence(caught)
    frozen.trainable = True
    with pytest.raises(ValueError, match="unknown to the optimizer.*thaw") as caught:
        game.fit(data()[0], verbose=0)
    sentence(caught)


def test_one_callback_needs_no_list_and_what_would_fail_late_is_refused():
    game, one = BatchNormGAN(), Game([player()])
    seen = []
    for each in (game, one):
        each.compile()
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    one.fit(data()[0], callbacks=callback, verbose=0)
    one.fit(data()[0], callbacks=[keras.callbacks.ReduceLROnPlateau("loss")], verbose=0)
    assert seen == [0]
    for wrong, error, words in (
        (keras.callbacks.ReduceLROnPlateau("loss"), ValueError, "ReduceLROnPlateau in a game of 2 players"),
        (keras.callbacks.LearningRateScheduler(lambda e: 0.1), ValueError, "schedules"),
        (keras.callbacks.ModelCheckpoint("x.keras"), ValueError, "save_weights_only=True"),
        (print, TypeError, "LambdaCallback"),
    ):
        with pytest.raises(error, match=words) as caught:
            game.fit(data(), callbacks=[wrong], verbose=0)
        sentence(caught)
        assert game.iteration == 0


def test_the_games_own_attributes_are_kept():
    game = BatchNormGAN()
    for name in ("averages", "networks", "seeds", "optimizers"):
        with pytest.raises(AttributeError, match=f"{name!r}.*rename") as caught:
            setattr(game, name, [])
        sentence(caught)
    game.means, game.run, game.health, game.state = 1, 2, 3, 4  # a user's own
    game.compile()
    assert np.isfinite(game.fit(data(), batch_size=64, verbose=0).history["loss"]).all()


def stranger(kind, network):
    seeds = keras.random.SeedGenerator(1)
    dropout, counter = layers.Dropout(0.5, seed=1, name="lost"), keras.Variable(0.0, trainable=False, name="counter")

    def loss(x, training):
        if kind == "a seed generator":
            x = x + keras.random.normal(ops.shape(x), seed=seeds)
        elif kind == "a layer":
            x = dropout(x, training=True)
        elif kind == "in training only":
            x = dropout(x, training=training)
        elif kind == "the global generator":
            x = x + keras.random.normal(ops.shape(x))
        elif kind == "a variable":
            counter.assign_add(1.0)
        return ops.mean(ops.square(network(x, training=training)))

    return loss


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("a seed generator", "seed_generator_state"),
        ("a layer", "layer 'lost'"),
        ("in training only", "layer 'lost'"),
        ("the global generator", "seed"),
        ("a variable", "counter"),
    ],
)
def test_what_a_checkpoint_could_not_bring_back_is_refused(kind, words):
    network = dense(2, 1, "network")
    game = Game([player(network=network, loss=stranger(kind, network))])
    game.compile()
    before = network.get_weights()
    for door in (game.fit, game.evaluate) if kind != "in training only" else (game.fit,):
        with pytest.raises(ValueError, match=f"{words}.*player 'a'.*attribute of the game") as caught:
            door(data()[0], verbose=0)
        sentence(caught)
    assert all(np.array_equal(a, b) for a, b in zip(before, network.get_weights())) and game.iteration == 0


def test_an_unbuilt_layer_is_refused():
    class Headed(Game):
        def __init__(self):
            self_network = dense(2, 3, "network")
            super().__init__([Player("a", [self_network], self.loss_of, adam())])
            self.network, self.head = self_network, layers.Dense(1, name="head")

        def loss_of(self, x, training):
            return ops.mean(ops.square(self.head(self.network(x, training=training))))

    game = Headed()
    game.compile()
    with pytest.raises(ValueError, match="unbuilt layer 'head'.*keras.Model") as caught:
        game.fit(data()[0], verbose=0)
    sentence(caught)


def test_bfloat16_gives_float32_or_a_sentence():
    def convolutional():
        return keras.Sequential(
            [keras.Input((4, 4, 1)), layers.Conv2D(1, 3), layers.Flatten(), layers.Dense(1, name="out")]
        )

    network = in_policy("mixed_bfloat16", convolutional)
    x = np.random.default_rng(0).normal(size=(32, 4, 4, 1)).astype("float32")
    if backend.name() == "torch" and backend.device()[0] == "cpu":
        with pytest.raises(ValueError, match="mixed_bfloat16.*torch.*CPU") as caught:
            Game([player(network=network)])
        sentence(caught)
        return
    average = in_policy("mixed_bfloat16", convolutional)
    game = Game([player(network=network)], averages=[Average(network, average)])
    game.compile()
    history = game.fit(x, batch_size=8, epochs=4, verbose=0, validation_data=x).history
    assert history["loss"][-1] < history["loss"][0] and np.isfinite(history["val_loss"]).all()
    assert backend.predict(average, x, 16).dtype == np.float32


def test_a_game_is_saved_by_its_weights(tmp_path):
    game, again = BatchNormGAN(), BatchNormGAN()
    for each in (game, again):
        each.compile()
    game.fit(data(), batch_size=64, verbose=0)
    game.save_weights(tmp_path / "game.weights.h5")
    again.load_weights(tmp_path / "game.weights.h5")
    for each in (game, again):  # moments, seeds and iteration too: both go on alike
        each.fit(data(), batch_size=64, verbose=0)
    assert again.iteration == game.iteration == 8
    everything = (each.variables + each.optimizers.variables for each in (game, again))
    for a, b in zip(*everything, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(a.value), ops.convert_to_numpy(b.value))
    for impossible in (game.save, copy.deepcopy, keras.models.clone_model, keras.Model.to_json):
        with pytest.raises(TypeError, match="save_weights") as caught:
            impossible(tmp_path / "game.keras") if impossible == game.save else impossible(game)
        sentence(caught)


def test_keras_own_checkpoints_bring_the_seeds_back(tmp_path):
    def fit(game, epochs, *callbacks):
        game.compile()
        game.fit(data(), batch_size=64, epochs=epochs, callbacks=list(callbacks), verbose=0)
        return ops.convert_to_numpy(game.seeds.state.value), game.critic.get_weights()

    class Drawing(BatchNormGAN):
        def critic_loss(self, batch, training):
            x, z = batch
            return super().critic_loss((x + 0.1 * keras.random.normal(ops.shape(x), seed=self.seeds), z), training)

    seeds, weights = fit(Drawing(), 3)
    path = str(tmp_path / "{epoch}.weights.h5")
    fit(Drawing(), 2, keras.callbacks.ModelCheckpoint(path, save_weights_only=True))
    game = Drawing()
    game.load_weights(tmp_path / "2.weights.h5")
    found = fit(game, 1)
    assert np.array_equal(seeds, found[0]) and all(np.array_equal(a, b) for a, b in zip(weights, found[1]))


def test_two_games_may_share_networks():
    generator, critic = dense(3, 2, "generator"), dense(2, 1, "critic")

    def make():
        def loss(batch, training):
            return ops.mean(critic(generator(batch[1], training=training), training=training))

        return Game([Player("critic", [critic], loss, adam()), Player("generator", [generator], loss, adam())])

    games = make(), make()
    for game in games:
        game.compile()
    for turn in range(4):
        games[turn % 2].fit(data(), batch_size=64, steps_per_epoch=2, verbose=0)
    assert [game.iteration for game in games] == [4, 4]


def test_a_call_says_what_to_call():
    game = BatchNormGAN()
    with pytest.raises(NotImplementedError, match="BatchNormGAN.*critic, generator, averaged"):
        game(data()[0])


def test_advice_for_divergence_fits_its_cause():
    network = dense(2, 1, "network")

    def loss(x, training):
        return ops.mean(ops.exp(x[:, 0]) * network(x, training=training)[:, 0])

    game = Game([player(network=network, loss=loss)])
    game.compile()
    with pytest.raises(Diverged, match="its data reaches 255; scale it"):
        game.fit(255 * np.ones((16, 2), "float32"), batch_size=8, verbose=0)
    assert (ops.convert_to_numpy(game._health.value) == 0).all()
