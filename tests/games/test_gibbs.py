"""Chains in NumPy: what they converge to, what they keep, where they begin."""

import numpy as np
import pytest

from course_utils.games import gibbs
from course_utils.metrics import annealed
from course_utils.metrics.annealed import Parameters
from course_utils.networks.boltzmann import dbm, rbm
from course_utils.samplers import SAMPLERS
from tests.networks.test_boltzmann import drawn

RNG = np.random.default_rng(1)
SMALL = Parameters(0.8 * RNG.normal(size=(4, 3)), RNG.normal(size=4), RNG.normal(size=3))


def probabilities(parameters, units):
    return np.exp(
        annealed.log_likelihood(parameters, annealed.binary_states(units), annealed.log_partition(parameters))
    )


def frequencies(states):
    numbers = states.astype(int) @ (1 << np.arange(states.shape[1]))
    return np.bincount(numbers, minlength=1 << states.shape[1]) / len(states)


def test_a_long_chain_draws_from_the_machine():
    rng = np.random.default_rng(0)
    v = gibbs.chain(SMALL, gibbs.noise(8000, SMALL, rng), 30, rng)
    assert np.abs(frequencies(v) - probabilities(SMALL, 4)).sum() < 0.08


def test_a_belief_network_draws_hidden_states_from_its_top_and_goes_down_once():
    rng, top = np.random.default_rng(0), SMALL
    first = Parameters(5.0 * RNG.normal(size=(6, 4)), RNG.normal(size=6), np.zeros(4))
    means = gibbs.ancestral(first, top, 6000, 30, rng)
    np.testing.assert_allclose(
        means.mean(axis=0), probabilities(top, 4) @ gibbs.down(first, annealed.binary_states(4)), atol=0.03
    )


def test_a_deep_machine_draws_from_all_its_states():
    machine = drawn(dbm((4,), (3, 2)))
    rng, size = np.random.default_rng(0), 4
    b = machine.parameters().swapped().b[:size]
    v = annealed.binary_states(size)
    log_p = np.array([b @ x + annealed.log_partition(machine.clamped(x)) for x in v])
    p = np.exp(log_p - annealed.log_partition(machine.parameters()))
    for start in (None, np.ones((6000, size))):
        np.testing.assert_allclose(gibbs.deep_chain(machine, 6000, 30, rng, start).mean(axis=0), p @ v, atol=0.03)


def test_states_on_the_way_are_kept_the_start_first():
    rng = np.random.default_rng(0)
    start = gibbs.noise(5, SMALL, rng)
    kept = gibbs.chain(SMALL, start, 10, np.random.default_rng(3), every=4)
    assert kept.shape == (3, 5, 4) and kept.dtype == np.uint8
    np.testing.assert_array_equal(kept[0], start)
    np.testing.assert_array_equal(kept[1], gibbs.chain(SMALL, start, 4, np.random.default_rng(3)))


def test_the_means_of_the_last_step_are_conditionals_of_states():
    """With one hidden unit that is surely on, p(v|h) is known."""
    sure = Parameters(np.array([[2.0], [-1.0]]), np.array([0.5, 0.5]), np.array([100.0]))
    found = gibbs.means(sure, np.zeros((3, 2)), 4, np.random.default_rng(0))
    np.testing.assert_allclose(found, np.tile(1 / (1 + np.exp([-2.5, 0.5])), (3, 1)), atol=1e-6)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda rng: gibbs.chain(SMALL, np.full((2, 4), 0.5), 3, rng), "neither 0 nor 1"),
        (lambda rng: gibbs.chain(SMALL, np.zeros((2, 5)), 3, rng), "4 numbers a row"),
        (lambda rng: gibbs.chain(SMALL, np.zeros((2, 4)), 0, rng), "steps is 0"),
        (lambda rng: gibbs.means(SMALL, np.zeros((2, 4)), 0, rng), "steps is 0"),
        (lambda rng: gibbs.noise(0, SMALL, rng), "n is 0"),
    ],
)
def test_what_cannot_be_is_refused(action, words):
    with pytest.raises(ValueError, match=words):
        action(np.random.default_rng(0))


def test_shipped_machines_are_sampled_by_these_chains_as_images_in_grey():
    first, top, deep = drawn(rbm((2, 2, 1), 4)), drawn(rbm((4,), 3)), drawn(dbm((2, 2, 1), (3, 2)))
    below, rng = first.parameters(), np.random.default_rng
    start = gibbs.noise(5, below, generator := rng(7))
    expected = {
        "gibbs_chain": ({"machine": first}, gibbs.means(below, start, 6, generator)),
        "belief_chain": ({"first": first, "top": top}, gibbs.ancestral(below, top.parameters(), 5, 6, rng(7))),
        "deep_chain": ({"machine": deep}, gibbs.deep_chain(deep, 5, 6, rng(7))),
    }
    for name, (networks, means) in expected.items():
        images = SAMPLERS[name](networks, 5, rng(7), None, steps=6)
        assert images.shape == (5, 2, 2, 1) and images.dtype == np.float32
        np.testing.assert_allclose(images.reshape(5, 4), 2 * means - 1, atol=1e-6)
