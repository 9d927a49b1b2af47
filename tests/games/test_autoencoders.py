"""The autoencoder's loss by hand, its noise and sparsity, and that a linear one finds the principal subspace."""

import random

import keras
import numpy as np
import pytest
from keras import ops
from scipy import linalg

from course_utils.game import Examples
from course_utils.games.autoencoders import SquaredErrorAutoencoder
from course_utils.networks.autoencoders import dense_decoder, dense_encoder

SHAPE = (2, 3, 1)


def images(n=8, seed=0):
    return np.random.default_rng(seed).random((n, *SHAPE)).astype("float32")


def game_of(code_dim=2, widths=(), constraint=None, **arguments):
    random.seed(5)
    encoder = dense_encoder(code_dim, widths, SHAPE)
    return SquaredErrorAutoencoder(encoder, dense_decoder(code_dim, widths, SHAPE, constraint=constraint), **arguments)


def numpy(tensor):
    return ops.convert_to_numpy(ops.stop_gradient(tensor))


def test_the_loss_is_the_formula():
    game, x = game_of(sparsity=0.3), images()
    code = numpy(game.encoder(x))
    error = np.square(x - numpy(game.decoder(code))).sum((1, 2, 3)).mean()
    size = np.abs(code).sum(1).mean()
    value, logs = game.loss_of(ops.convert_to_tensor(x), training=True)
    assert float(numpy(value)) == pytest.approx(error + 0.3 * size, rel=1e-5)
    assert float(numpy(logs["squared_error"])) == pytest.approx(error, rel=1e-5)
    assert float(numpy(logs["code_size"])) == pytest.approx(size, rel=1e-5)


def test_noise_acts_in_training_only_and_the_target_stays_clean():
    game, x = game_of(noise=0.5), ops.convert_to_tensor(images(512))
    still = [float(numpy(game.loss_of(x, training=False)[0])) for _ in range(2)]
    noisy = [float(numpy(game.loss_of(x, training=True)[0])) for _ in range(2)]
    assert still[0] == still[1] and noisy[0] != noisy[1]
    # With linear networks the noise adds σ²·‖encoder·decoder‖²_F to the mean: the target is x, not x + noise.
    kernels = [layer.kernel for network in (game.encoder, game.decoder) for layer in network.layers if layer.weights]
    through = np.square(numpy(kernels[0]) @ numpy(kernels[1])).sum()
    assert np.mean(noisy) - still[0] == pytest.approx(0.25 * through, rel=0.25)


def test_a_linear_autoencoder_spans_the_principal_components():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(512, 6)) * [3, 2, 0.7, 0.5, 0.3, 0.1] @ linalg.qr(rng.normal(size=(6, 6)))[0] + 1
    x = points.reshape(512, *SHAPE).astype("float32")
    schedule = keras.optimizers.schedules.CosineDecay(0.02, 1_000)
    game = game_of(optimizer=keras.optimizers.Adam(schedule))
    game.takes = Examples(SHAPE)  # points rather than pixels
    game.compile(steps_per_execution=50)
    game.fit(x, batch_size=128, steps_per_epoch=1_000, verbose=0)
    _, values, components = linalg.svd(points - points.mean(0), full_matrices=False)
    kernel = numpy(game.decoder.get_layer("pixels").kernel)  # (2, 6)
    assert np.degrees(linalg.subspace_angles(kernel.T, components[:2].T)).max() < 1
    best = np.square(values[2:]).sum() / 512
    found = np.square(x - game.decoder.predict(game.encoder.predict(x, verbose=0), verbose=0)).sum((1, 2, 3)).mean()
    assert best * (1 - 1e-4) <= found < 1.02 * best


def test_a_unit_decoder_stays_unit():
    game = game_of(4, constraint=keras.constraints.UnitNorm(axis=1), sparsity=0.1)
    game.compile()
    game.fit(images(64), batch_size=16, verbose=0)
    kernel = numpy(game.decoder.get_layer("pixels").kernel)
    assert np.allclose(np.linalg.norm(kernel, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("wrong", [{"noise": -0.1}, {"sparsity": -1.0}])
def test_negative_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="expected numbers ≥ 0"):
        game_of(**wrong)
