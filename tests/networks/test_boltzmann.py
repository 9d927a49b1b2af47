"""Energies of Boltzmann machines against counting all states."""

import keras
import numpy as np
import pytest
from scipy.special import expit, logsumexp

from course_utils.metrics import annealed
from course_utils.networks import boltzmann
from tests.numeric import array, gradients


def drawn(machine, seed=0, scale=0.7):
    """A machine whose weights and biases are normal numbers."""
    rng = np.random.default_rng(seed)
    for variable in machine.trainable_variables:
        variable.assign(scale * rng.normal(size=variable.shape))
    return machine


def every_state(*sizes):
    """All states of some layers, one array a layer, (2^total, size) float32."""
    states = annealed.binary_states(sum(sizes)).astype("float32")
    return np.split(states, np.cumsum(sizes)[:-1], axis=1)


def test_conditionals_of_an_rbm_are_those_of_all_its_states():
    machine = drawn(boltzmann.rbm((5,), 4))
    v, h = every_state(5, 4)
    W, b, c = machine.parameters()
    joint = np.exp(v @ b + h @ c + ((v @ W) * h).sum(axis=1))
    for given, means, drawn_side in ((v, machine.hidden, h), (h, machine.visible, v)):
        for state in np.unique(given, axis=0):
            rows = (given == state).all(axis=1)
            p = joint[rows] / joint[rows].sum()
            np.testing.assert_allclose(array(means(state[None]))[0], p @ drawn_side[rows], atol=1e-6)
            on = (p[:, None] * drawn_side[rows]).sum(axis=0)  # and they factorise
            factors = np.where(drawn_side[rows] == 1, on, 1.0 - on).prod(axis=1)
            np.testing.assert_allclose(p, factors, atol=1e-6)


def test_free_energy_sums_out_the_hidden_units():
    machine = drawn(boltzmann.rbm((5,), 4))
    v, h = every_state(5, 4)
    W, b, c = machine.parameters()
    minus = (v @ b + h @ c + ((v @ W) * h).sum(axis=1)).reshape(16, 32)  # unit 0 changes fastest: axis 1 is v
    expected = -logsumexp(minus, axis=0)
    np.testing.assert_allclose(array(machine(v[:32])), expected, atol=1e-5)
    np.testing.assert_allclose(annealed.free_energy(machine.parameters(), v[:32]), expected, atol=1e-12)


def test_images_keep_their_shape():
    machine = drawn(boltzmann.rbm((2, 3, 1), 4))
    v = np.random.default_rng(0).integers(0, 2, (7, 2, 3, 1)).astype("float32")
    assert machine.visible(machine.hidden(v)).shape == (7, 2, 3, 1)
    expected = annealed.free_energy(machine.parameters(), v.reshape(7, 6))
    np.testing.assert_allclose(array(machine(v)), expected, atol=1e-5)


@pytest.mark.parametrize("hidden", [(4,), (4, 3), (3, 2, 3)])
def test_a_deep_machine_is_a_restricted_one_between_odd_and_even_layers(hidden):
    machine = drawn(boltzmann.dbm((5,), hidden))
    states = every_state(5, *hidden)
    minus = -array(machine(states)).astype("float64")
    assert annealed.log_partition(machine.parameters()) == pytest.approx(logsumexp(minus), abs=1e-5)


@pytest.mark.parametrize("hidden", [(4, 3), (3, 2, 3)])
def test_conditionals_of_a_deep_machine_are_those_of_all_its_states(hidden):
    machine = drawn(boltzmann.dbm((3,), hidden))
    states = every_state(3, *hidden)
    joint = np.exp(-array(machine(states)).astype("float64"))
    for layer, state in enumerate(states):
        others = [s for other, s in enumerate(states) if other != layer]
        row = np.full(len(state), True)
        for other in others:
            row &= (other == other[5]).all(axis=1)
        found = array(machine.given([s[5:6] for s in states], layer))[0]
        np.testing.assert_allclose(found, joint[row] @ state[row] / joint[row].sum(), atol=1e-6)


def test_what_is_left_of_a_clamped_machine_knows_the_probability_of_v():
    machine = drawn(boltzmann.dbm((3,), (4, 2)))
    states = every_state(3, 4, 2)
    minus = -array(machine(states)).astype("float64")
    b = machine.parameters().swapped().b[:3]
    for v in np.unique(states[0], axis=0):
        expected = logsumexp(minus[(states[0] == v).all(axis=1)])
        assert b @ v + annealed.log_partition(machine.clamped(v)) == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ValueError, match="one hidden layer"):
        boltzmann.dbm((3,), (4,)).clamped(np.zeros(3))


def test_with_the_bias_of_the_data_a_fresh_machine_has_independent_pixels():
    x = np.random.default_rng(0).integers(0, 2, (50, 2, 2, 1))
    machine = boltzmann.set_visible_bias(boltzmann.rbm((2, 2, 1), 3), x)
    np.testing.assert_allclose(expit(array(machine.b)), x.reshape(50, 4).mean(axis=0), atol=1e-6)
    assert 0.005 < np.std(array(boltzmann.rbm((100,), 100).W)) < 0.02
    never = boltzmann.set_visible_bias(boltzmann.rbm((2, 2, 1), 3), np.zeros((5, 2, 2, 1)))
    np.testing.assert_allclose(expit(array(never.b)), 0.01, atol=1e-6)


def test_energies_stay_exact_where_the_session_computes_in_half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        machine = boltzmann.rbm((400,), 300)
        deep = boltzmann.dbm((6,), (4, 3))
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(machine(np.ones((2, 400), "float32")).dtype) == "float32"
    states = [np.ones((2, size), "float32") for size in (6, 4, 3)]
    assert keras.backend.standardize_dtype(deep(states).dtype) == "float32"


def test_a_machine_without_layers_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        boltzmann.dbm((5,), ())
    with pytest.raises(ValueError, match="hidden is 0"):
        boltzmann.rbm((5,), 0)


def test_offsets_change_the_steps_of_a_machine_and_nothing_else():
    """Source of the steps: Melchior et al., 2016, eq. (6) to (8), with the gradients of the plain machine."""
    machine, mean = drawn(boltzmann.rbm((5,), 4)), np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    other = boltzmann.centred(machine, mean)
    v = every_state(5)[0]
    for made in (other, boltzmann.plain(other)):
        np.testing.assert_allclose(array(made(v)), array(machine(v)), atol=1e-5)
        np.testing.assert_allclose(array(made.hidden(v)), array(machine.hidden(v)), atol=1e-6)
        for one, two in zip(made.parameters(), machine.parameters()):
            np.testing.assert_allclose(one, two, atol=1e-6)
    assert [w.name for w in other.trainable_variables] == ["W", "b", "c"]

    def gap(chosen):
        return lambda: keras.ops.mean(chosen(v[:9])) - keras.ops.mean(chosen(v[9:14]))

    dW, db, dc = gradients(gap(machine), machine.trainable_variables)
    found = gradients(gap(other), other.trainable_variables)
    expected = dW - np.outer(db, np.full(4, 0.5)) - np.outer(mean, dc)
    for one, two in zip(found, (expected, db, dc)):
        np.testing.assert_allclose(one, two, atol=1e-6)
