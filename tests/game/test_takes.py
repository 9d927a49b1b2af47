"""What games take: one place checks it at every door, before anything moves, and its advice fits the cause."""

import keras
import numpy as np
import pytest
from games import adam, dense
from keras import layers, ops

from course_utils import priors
from course_utils.data import scale
from course_utils.game import Game, Player
from course_utils.game.takes import Examples, Labels, Levels, admitted
from course_utils.games.aae import AAE, LabelsOnly, SemiSupervisedAAE
from course_utils.games.alae import ALAE
from course_utils.games.autoencoders import SquaredErrorAutoencoder
from course_utils.games.biggan import BigGAN
from course_utils.games.gan import GAN
from course_utils.games.vae import VAE, Autoencoder
from course_utils.games.wgan import WGAN, WGANGP

SHAPE = (4, 4, 1)


def net(shape, *outputs, shape_out=None):
    x = inner = keras.Input(shape)
    x = layers.Flatten()(x)
    heads = [layers.Dense(n)(x) for n in outputs]
    heads = [layers.Reshape(shape_out)(heads[0])] if shape_out else heads
    return keras.Model(inner, heads if len(heads) > 1 else heads[0])


def conditional(shape, outputs, shape_out=None):
    """A network of (examples, labels of 3 classes)."""
    x, y = keras.Input(shape), keras.Input((), dtype="int32")
    both = layers.Concatenate()([layers.Flatten()(x), layers.Embedding(3, 2, name="classes")(y)])
    out = layers.Dense(outputs)(both)
    return keras.Model([x, y], layers.Reshape(shape_out)(out) if shape_out else out)


def decoder(d=2):
    return net((d,), 16, shape_out=SHAPE)


UNIT = {
    "vae": lambda: VAE(net(SHAPE, 2, 2), decoder()),
    "autoencoder": lambda: Autoencoder(net(SHAPE, 2, 2), decoder()),
    "squared error": lambda: SquaredErrorAutoencoder(net(SHAPE, 2), decoder()),
    "aae": lambda: AAE(net(SHAPE, 2), decoder(), net((2,), 1)),
}
SIGNED = {
    "gan": lambda: GAN(net((2,), 16, shape_out=SHAPE), net(SHAPE, 1)),
    "wgan": lambda: WGAN(net((2,), 16, shape_out=SHAPE), net(SHAPE, 1)),
    "wgan-gp": lambda: WGANGP(net((2,), 16, shape_out=SHAPE), net(SHAPE, 1)),
    "alae": lambda: ALAE(net((2,), 2), decoder(), net(SHAPE, 2), net((2,), 1)),
}
LABELLED = {
    "biggan": lambda: BigGAN(conditional((2,), 16, SHAPE), conditional(SHAPE, 1)),
    "labels only": lambda: LabelsOnly(net(SHAPE, 3, 2)),
    "aae with labels": lambda: AAE(net(SHAPE, 2), decoder(), net((6,), 1), priors.gaussian_mixture(3)),
}


def images(low, n=24):
    x = np.random.default_rng(0).random((n, *SHAPE)).astype("float32")
    return x if low == 0 else 2 * x - 1


def doors(game, x, y=None):
    """Every way in, as functions."""
    sound = images(0.0 if getattr(game, "encoder", None) is not None and not isinstance(game, ALAE) else -1.0)
    good = sound if y is None else (sound, np.arange(24) % 3)
    return {
        "fit": lambda: game.fit(x, y, batch_size=4, verbose=0),
        "evaluate": lambda: game.evaluate(x, y, batch_size=4, verbose=0),
        "validation": lambda: game.fit(
            good, batch_size=4, verbose=0, validation_data=x if y is None else (x, y)
        ),
    }  # fmt: skip


def refused(game, error, words, x, y=None):
    game.compile()
    before = [ops.convert_to_numpy(v.value).copy() for v in game.variables]
    for door in doors(game, x, y).values():
        with pytest.raises(error, match=words) as caught:
            door()
        assert "\n" not in str(caught.value)
    after = [ops.convert_to_numpy(v.value) for v in game.variables]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)) and game.iteration == 0


@pytest.mark.parametrize("name", [*UNIT, *SIGNED])
def test_images_of_another_range_shape_or_dtype_are_refused_at_every_door(name):
    low = 0.0 if name in UNIT else -1.0
    game, x = {**UNIT, **SIGNED}[name](), images(low)
    x.flat[0] = np.nan
    refused(game, ValueError, "NaN or infinite", x)
    refused(game, ValueError, r"spans .* expected \[", 255 * images(0.0))
    refused(game, ValueError, r"spans .* expected \[", images(-1.0 - low))
    refused(game, TypeError, "is int32, expected float32", (255 * images(0.0)).astype("int32"))
    refused(game, ValueError, "bytes of 0 and 1", (2 * images(0.0)).astype("uint8"))
    refused(game, ValueError, r"expected \(N, H, W, 1\)", images(low)[..., 0])
    refused(game, ValueError, "channels", np.repeat(images(low), 3, axis=-1))
    refused(game, ValueError, "networks were built for", np.repeat(images(low), 2, axis=1))


@pytest.mark.parametrize("name", [*UNIT, *SIGNED])
def test_images_of_bytes_are_measured_as_the_same_images_of_floats(name):
    game, x = {**UNIT, **SIGNED}[name](), (255 * images(0.0)).astype("uint8")
    game.compile()
    low = 0.0 if name in UNIT else -1.0
    found, wanted = (game.evaluate(each, batch_size=4, verbose=0) for each in (x, scale(x, low, 1.0)))
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", LABELLED)
def test_labels_of_another_kind_are_refused_at_every_door(name):
    game, x = LABELLED[name](), images(-1.0 if name == "biggan" else 0.0)
    y = np.arange(24) % 3
    refused(game, ValueError, "25 at index 0.*expected 0 to 2", x, np.where(np.arange(24) == 0, 25, y))
    refused(game, ValueError, r"argmax", x, np.eye(3, dtype="float32")[y])
    refused(game, ValueError, r"\[:, 0\]", x, y[:, None])
    refused(game, TypeError, "np.unique", x, np.array(list("abc"))[y])
    refused(game, TypeError, r"astype\('int64'\)", x, y.astype("float32"))
    refused(game, TypeError, "no class numbers", x, y + 0.5)
    refused(game, ValueError, "one length", x, y[:-1])
    if name == "aae with labels":  # there −1 has a meaning
        x = images(0.0)
        logs = [game.evaluate(x, np.full(24, none), batch_size=4, verbose=0) for none in (-1, 3)]
        assert logs[0] == logs[1]
    else:
        refused(game, ValueError, "-1 at index 0", x, np.where(np.arange(24) == 0, -1, y))


def test_a_semi_supervised_game_takes_three_arrays():
    game = SemiSupervisedAAE(net(SHAPE, 3, 2), decoder(5), net((3,), 1), net((2,), 1))
    game.compile()
    x, y = images(0.0), np.arange(24) % 3
    logs = game.fit((x, x, y), batch_size=4, verbose=0, validation_data=[x, x, y]).history  # three: no sample weights
    assert np.isfinite(logs["val_labels_loss"]).all()
    for wrong, words in (((x, y), "2 arrays"), ((x, x, y, y), "4 arrays"), ({"x": x}, "the dict")):
        with pytest.raises(ValueError, match=words):
            game.fit(wrong, verbose=0)


def test_a_game_of_images_alone_says_so():
    game = UNIT["vae"]()
    game.compile()
    x = images(0.0)
    for wrong in ({"x": x, "y": x}, {"x": [x, x]}, {"x": x, "y": np.zeros(24, "int32")}):
        with pytest.raises(ValueError, match="2 arrays as x, expected examples"):
            game.fit(**wrong, verbose=0)


def test_a_gan_of_points_takes_any_finite_ones():
    game = GAN(net((2,), 2), net((2,), 1))
    game.compile()
    assert np.isfinite(game.fit(9 * np.ones((8, 2), "float32"), batch_size=4, verbose=0).history["loss"]).all()
    with pytest.raises(ValueError, match="NaN or infinite"):
        game.fit(np.full((8, 2), np.inf, "float32"), batch_size=4, verbose=0)
    with pytest.raises(ValueError, match=r"expected \(N, 2\)"):
        game.fit(np.ones((8, 3), "float32"), batch_size=4, verbose=0)


def test_a_game_that_declares_nothing_takes_floats_and_labels():
    network = dense(2, 1, "network")

    def squared(data, training):
        x, y = data
        return ops.mean(ops.square(network(x) - ops.cast(y[:, None], "float32")))

    game = Game([Player("a", [network], squared, adam())])
    game.compile()
    x, y = 300 * np.ones((8, 2)), np.arange(8) - 4  # far out of [-1, 1], and no label of any class
    expected = np.mean((network.predict(x, verbose=0) - y[:, None]) ** 2)
    found = game.evaluate(x, y, batch_size=4, verbose=0, return_dict=True)["loss"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    game.fit(x, y, batch_size=4, verbose=0)
    assert game.iteration == 2


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (np.zeros((8, 2, 2, 1), "uint8"), TypeError, "uint8.*scale"),
        (np.zeros((8, 1), "int64"), TypeError, r"int64.*labels\[:, 0\]"),
        (np.array(["a", "b"]), TypeError, "number names"),
        (np.zeros((0, 2), "float32"), ValueError, "at least one row"),
        (np.float32(1.0), ValueError, "at least one row"),
        ((np.zeros((8, 2), "float32"), np.zeros(7, "int64")), ValueError, r"\[7, 8\] rows"),
        ((x for x in range(3)), TypeError, "generator.*expected arrays"),
    ],
)
def test_unfit_data_is_refused(data, error, words):
    with pytest.raises(error, match=words):
        admitted(None, data)


def test_what_is_admitted_is_float32_and_int32():
    x, y = admitted((Examples((2,)), Labels(3)), [np.zeros((3, 2)), np.array([0, 1, 2], "uint8")])
    assert (x.dtype, y.dtype) == (np.float32, np.int32)


@pytest.mark.parametrize("kind", ["uint8", "int64", "bool", "float64"])
def test_levels_are_taken_from_any_type_of_number(kind):
    x = np.random.default_rng(0).integers(0, 2, (3, 4, 4, 1)).astype(kind)
    found = admitted(Levels((4, 4, 1), 2), x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, x)


def test_numbers_that_are_no_levels_are_refused():
    for x, words in (
        (np.full((1, 2, 2, 1), 1.5), "holds 1.5"),
        (np.full((1, 2, 2, 1), 4), "0 to 3"),
        (-np.ones((1, 2, 2, 1)), "holds -1"),
    ):
        with pytest.raises(ValueError, match=words):
            admitted(Levels((2, 2, 1), 4), x)
