"""Bounds of deep machines against the exact likelihood of small ones."""

import keras
import numpy as np
import pytest

from course_utils import metrics
from course_utils.games import boltzmann, deep, gibbs
from course_utils.metrics import annealed
from course_utils.networks.boltzmann import dbm, rbm
from tests.networks.test_boltzmann import drawn

V = annealed.binary_states(6)


def machine(hidden=(4, 3), seed=0, scale=0.7):
    chosen = drawn(dbm((6,), hidden), seed, scale)
    return chosen, annealed.log_partition(chosen.parameters())


@pytest.mark.parametrize("hidden", [(4, 3), (3, 2, 3)])
def test_the_exact_likelihood_of_a_deep_machine_adds_up_to_1(hidden):
    chosen, log_z = machine(hidden)
    found = deep.dbm_log_likelihood(chosen, V)
    assert np.exp(found).sum() == pytest.approx(1.0, abs=1e-10)
    np.testing.assert_allclose(deep.dbm_log_likelihood(chosen, V[:3], log_z), found[:3])


@pytest.mark.parametrize("hidden", [(4, 3), (3, 2, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_mean_field_bounds_the_likelihood_of_every_image_from_below(hidden, seed):
    chosen, log_z = machine(hidden, seed)
    exact, bound = deep.dbm_log_likelihood(chosen, V, log_z), deep.dbm_elbo(chosen, V, log_z)
    assert (bound <= exact + 1e-6).all()
    assert 1e-4 < (exact - bound).mean() < 0.5  # the posterior does not factorise here
    assert (bound >= deep.dbm_elbo(chosen, V, log_z, sweeps=1) - 1e-6).all()  # a sweep makes none worse


def test_the_bound_is_exact_where_the_posterior_factorises():
    chosen, _ = machine()
    chosen.W[1].assign(np.zeros((4, 3)))
    log_z = annealed.log_partition(chosen.parameters())
    exact = deep.dbm_log_likelihood(chosen, V, log_z)
    np.testing.assert_allclose(deep.dbm_elbo(chosen, V, log_z), exact, atol=1e-5)
    np.testing.assert_allclose(deep.dbm_log_weights(chosen, V, 3) - log_z, np.tile(exact, (3, 1)), atol=1e-5)


def test_more_draws_of_the_hidden_units_tighten_the_bound_of_a_deep_machine():
    chosen, log_z = machine(scale=1.0)
    exact, elbo = deep.dbm_log_likelihood(chosen, V, log_z), deep.dbm_elbo(chosen, V, log_z)
    weights = deep.dbm_log_weights(chosen, V, 2000) - log_z
    np.testing.assert_allclose(metrics.importance_weighted(weights), exact, atol=0.1)
    # With h₂ summed out of a factorised Q the mean of the log weights is at least the bound of mean field.
    assert (weights.mean(axis=0) >= elbo - 0.1).all() and (weights.mean(axis=0) <= exact + 0.05).all()


def test_a_belief_network_that_is_its_first_machine_upside_down_is_that_machine():
    first = drawn(rbm((6,), 4))
    top = boltzmann.transposed(first)
    exact = annealed.log_likelihood(first.parameters(), V, annealed.log_partition(first.parameters()))
    log_z = annealed.log_partition(top.parameters())
    found = deep.dbn_log_weights(first.parameters(), top.parameters(), V, 5) - log_z
    np.testing.assert_allclose(found, np.tile(exact, (5, 1)), atol=1e-4)


def test_more_hidden_units_on_top_hardly_change_the_start():
    first = drawn(rbm((6,), 4))
    exact = annealed.log_likelihood(first.parameters(), V, annealed.log_partition(first.parameters()))
    top = boltzmann.transposed(first, hidden=12).parameters()
    found = deep.dbn_log_weights(first.parameters(), top, V, 5) - annealed.log_partition(top)
    np.testing.assert_allclose(found, np.tile(exact, (5, 1)), atol=0.05)


def test_the_bound_of_a_belief_network_does_not_fall_while_its_top_learns():
    """The top game lowers −log p of what the first machine makes of the data, and with it the bound rises."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = np.repeat([[1, 1, 0, 0, 1, 0], [0, 0, 1, 1, 0, 1], [1, 0, 1, 0, 1, 1]], 100, axis=0).astype("float64")
    first = rbm((6,), 6)  # its hidden units copy the pixels, so that all that is to be known is left for the top
    for variable, value in zip((first.W, first.b, first.c), (6 * np.eye(6), np.full(6, -3), np.full(6, -3))):
        variable.assign(value)
    top = boltzmann.transposed(first, hidden=8)

    def bound():
        log_z = annealed.log_partition(top.parameters())
        return (deep.dbn_log_weights(first.parameters(), top.parameters(), x, 20) - log_z).mean()

    game = boltzmann.RBM(top, chains=50, optimizer=keras.optimizers.SGD(0.02))
    game.compile(steps_per_execution=50)
    bounds = [bound()]
    for _ in range(3):
        h = gibbs.drawn(gibbs.up(first.parameters(), x), rng)
        game.fit(h, batch_size=30, steps_per_epoch=200, verbose=0)
        bounds.append(bound())
    assert bounds[0] == pytest.approx(-6 * np.log(2), abs=0.2)  # independent pixels
    assert (np.diff(bounds) > -0.05).all() and bounds[-1] > bounds[0] + 0.5


def test_the_importance_weighted_bound_finds_the_likelihood_of_a_belief_network():
    first, top = drawn(rbm((6,), 4)).parameters(), drawn(rbm((4,), 3), 1).parameters()
    h = annealed.binary_states(4)
    log_z = annealed.log_partition(top)
    below = first.b + h @ first.W.T  # (16, 6)
    log_v = V @ below.T - np.logaddexp(0, below).sum(axis=1)  # (64, 16)
    exact = np.logaddexp.reduce(log_v + annealed.log_likelihood(top, h, log_z), axis=1)
    assert np.exp(exact).sum() == pytest.approx(1.0)
    weights = deep.dbn_log_weights(first, top, V, 3000) - log_z
    np.testing.assert_allclose(metrics.importance_weighted(weights), exact, atol=0.15)
    assert (weights.mean(axis=0) <= exact + 0.05).all()


def test_entropy_of_means():
    np.testing.assert_allclose(deep.entropy([[0.5, 0.5], [0.0, 1.0]]), [2 * np.log(2), 0.0])


DOORS = [deep.dbm_log_likelihood, deep.dbm_log_weights, lambda machine, v: deep.dbm_elbo(machine, v, 0.0)]


@pytest.mark.parametrize("action", DOORS)
def test_what_is_not_binary_is_refused(action):
    for v, words in ((0.5 * V, "neither 0 nor 1"), (V[:, :5], "6 numbers a row")):
        with pytest.raises(ValueError, match=words):
            action(machine()[0], v)
