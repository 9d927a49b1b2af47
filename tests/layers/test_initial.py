"""Initial weights: the same numbers on every backend, and the spread that the formulas ask for."""

import random

import numpy as np

from course_utils.layers.initial import glorot_uniform, normal, orthogonal, scaled_normal
from course_utils.networks import gan, vae


def test_draws_follow_the_seed_alone_on_every_backend():
    random.seed(7)
    first = glorot_uniform((2, 3))
    # NumPy's own numbers for this seed: the same on each backend, by whatever it is tested.
    random.seed(7)
    rng = np.random.default_rng(random.getrandbits(64))
    assert np.array_equal(first, rng.uniform(-np.sqrt(6 / 5), np.sqrt(6 / 5), (2, 3)).astype("float32"))


def test_networks_start_from_these_draws():
    random.seed(7)
    encoder = vae.mlp_encoder(2, width=3).get_weights()
    random.seed(7)
    critic = gan.mlp_critic((3,)).get_weights()
    assert np.array_equal(encoder[0], critic[0]) and encoder[0].shape == (784, 3)
    assert 0.95 * np.sqrt(6 / 787) < np.abs(encoder[0]).max() <= np.sqrt(6 / 787)


def test_two_draws_differ():
    random.seed(7)
    assert not np.array_equal(glorot_uniform((2, 3)), glorot_uniform((2, 3)))


def test_a_convolution_counts_its_window():
    kernel = glorot_uniform((3, 3, 16, 32))
    limit = np.sqrt(6 / (9 * 16 + 9 * 32))
    assert kernel.dtype == np.float32 and 0.95 * limit < np.abs(kernel).max() <= limit
    assert abs(kernel.std() - limit / np.sqrt(3)) < 0.03 * limit


def test_scaled_normal_keeps_the_size_of_a_signal():
    random.seed(7)
    kernel = scaled_normal(2.0)((3, 3, 16, 64), "float32")
    assert kernel.dtype == np.float32
    assert abs(kernel.std() / np.sqrt(2.0 / (9 * 16)) - 1) < 0.02 and abs(kernel.mean()) < 0.005


def test_normal_has_its_spread_whatever_the_size():
    random.seed(7)
    for shape in ((3, 3, 16, 64), (40, 200)):
        kernel = normal(0.02)(shape)
        assert kernel.dtype == np.float32 and abs(kernel.std() / 0.02 - 1) < 0.03 and abs(kernel.mean()) < 1e-3


def test_orthogonal_columns_or_rows():
    random.seed(7)
    for shape in ((3, 3, 2, 5), (7, 7), (4, 9)):
        kernel = orthogonal(shape)
        assert kernel.shape == shape and kernel.dtype == np.float32
        matrix = kernel.reshape(-1, shape[-1]).astype("float64")
        gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-6)


def test_orthogonal_draws_favour_no_direction():
    random.seed(7)
    draws = np.stack([orthogonal((2, 2)) for _ in range(2_000)])
    assert np.abs(draws.mean(0)).max() < 0.06  # the factor Q alone has a diagonal of one sign
    assert abs(np.linalg.det(draws).mean()) < 0.06
