"""The gradient of a Boltzmann machine by three ways, chains by hand, mean field against counting."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.game import Average, Checkpoint
from course_utils.games import boltzmann
from course_utils.games.boltzmann import DBM, RBM
from course_utils.metrics import annealed
from course_utils.networks.boltzmann import dbm, rbm
from tests.networks.test_boltzmann import drawn
from tests.numeric import array, gradients

X = np.random.default_rng(0).integers(0, 2, (30, 3, 2, 1)).astype("uint8")
SGD = keras.optimizers.SGD


def machine(seed=0):
    return drawn(rbm((3, 2, 1), 4), seed)


def deep(hidden=(4, 3), seed=0):
    return drawn(dbm((3, 2, 1), hidden), seed)


def products(parameters, v, share=None):
    """⟨v h⟩, ⟨v⟩, ⟨h⟩ with h by its mean, over rows v (N, V) with shares that add up to 1."""
    share = np.full(len(v), 1 / len(v)) if share is None else share
    h = 1 / (1 + np.exp(-(parameters.c + v @ parameters.W)))
    return (v * share[:, None]).T @ h, share @ v, share @ h


def test_the_gradient_of_the_exact_likelihood_is_data_minus_model_and_that_of_the_loss():
    chosen, states = machine(), annealed.binary_states(6).astype("float32").reshape(64, 3, 2, 1)
    x = ops.convert_to_tensor(X.astype("float32"))

    def log_p():
        return -ops.mean(chosen(x)) - ops.logsumexp(-chosen(states))

    parameters = chosen.parameters()
    p = np.exp(annealed.log_likelihood(parameters, states, annealed.log_partition(parameters)))
    on_data = products(parameters, X.reshape(30, 6).astype("float64"))
    on_model = products(parameters, annealed.binary_states(6), p)

    def loss():  # the exact expectation over what the machine dreams, held fixed
        return ops.mean(chosen(x)) - ops.sum(ops.convert_to_tensor(p.astype("float32")) * chosen(states))

    by_hand = [data - model for data, model in zip(on_data, on_model)]
    for exact, negated, formula in zip(
        gradients(log_p, chosen.trainable_variables), gradients(loss, chosen.trainable_variables), by_hand, strict=True
    ):
        np.testing.assert_allclose(exact, formula, atol=1e-6)
        np.testing.assert_allclose(-negated, formula, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_step_from_persistent_chains_is_the_formula(steps):
    chosen = machine()
    before = chosen.parameters()
    game = RBM(chosen, chains=20, steps=steps, optimizer=SGD(0.1))
    start = array(game.chain)
    game.compile()
    game.fit(X, batch_size=30, epochs=1, steps_per_epoch=1, verbose=0)
    v = array(game.chain).reshape(20, 6).astype("float64")
    assert set(np.unique(v)) == {0.0, 1.0} and (v != start.reshape(20, 6)).any()
    data, model = products(before, X.reshape(30, 6).astype("float64")), products(before, v)
    for now, then, plus, minus in zip(chosen.parameters(), before, data, model, strict=True):
        np.testing.assert_allclose(now, then + 0.1 * (plus - minus), atol=1e-6)


def test_fed_noise_gives_the_same_chain_on_every_backend():
    chosen, rng = machine(), np.random.default_rng(1)
    W, b, c = chosen.parameters()
    v, expected = X[:5].astype("float32"), X[:5].reshape(5, 6).astype("float64")
    u_hidden, u_visible = rng.random((7, 5, 4)).astype("float32"), rng.random((7, 5, 3, 2, 1)).astype("float32")
    for u_h, u_v in zip(u_hidden, u_visible):
        h = u_h < 1 / (1 + np.exp(-(c + expected @ W)))
        expected = (u_v.reshape(5, 6) < 1 / (1 + np.exp(-(b + h @ W.T)))).astype("float64")
    found = boltzmann.steps_of(chosen, v, ops.convert_to_tensor(u_hidden), ops.convert_to_tensor(u_visible))
    np.testing.assert_array_equal(array(found).reshape(5, 6), expected)
    one = boltzmann.steps_of(chosen, v, ops.convert_to_tensor(u_hidden[:1]), ops.convert_to_tensor(u_visible[:1]))
    np.testing.assert_array_equal(array(one), array(boltzmann.gibbs_step(chosen, v, u_hidden[0], u_visible[0])))


def test_persistent_chains_reach_the_machines_distribution():
    """At rate 0 nothing moves but the chains: their mean over time is that of all states."""
    chosen = machine()
    game = RBM(chosen, chains=500, steps=5, optimizer=SGD(0.0))
    game.compile()
    game.fit(X, batch_size=30, epochs=1, steps_per_epoch=4, verbose=0)
    parameters = chosen.parameters()
    states = annealed.binary_states(6)
    p = np.exp(annealed.log_likelihood(parameters, states, annealed.log_partition(parameters)))
    np.testing.assert_allclose(array(game.chain).reshape(500, 6).mean(axis=0), p @ states, atol=0.09)


def test_contrastive_divergence_begins_at_the_batch_and_keeps_no_chain():
    chosen = machine()
    chosen.W.assign(np.zeros((6, 4)))
    chosen.b.assign(np.full(6, -50.0))  # one step turns all pixels off, whatever the batch
    game = RBM(chosen, steps=1)
    assert game.chain is None and array(game.negatives(X.astype("float32"))).sum() == 0
    chosen.W.assign(np.zeros((6, 4)))
    assert game.negatives(X[:7].astype("float32")).shape == (7, 3, 2, 1)
    game.compile(steps_per_execution=2)
    history = game.fit(X, batch_size=10, epochs=2, verbose=0).history
    assert history["machine_loss"][0] > 50  # pixels that are on have high energy


def test_the_game_learns_what_it_is_shown():
    x = np.repeat(np.array([[1, 1, 0, 0], [0, 0, 1, 1]], "uint8"), 50, axis=0)
    keras.utils.set_random_seed(0)
    for arguments in ({"chains": 50}, {"steps": 2}):
        chosen = rbm((4,), 6)
        game = RBM(chosen, optimizer=SGD(0.2), seed=1, **arguments)
        game.compile(steps_per_execution=20)
        game.fit(x, batch_size=20, epochs=40, verbose=0)
        log_p = annealed.log_likelihood(chosen.parameters(), x, annealed.log_partition(chosen.parameters()))
        assert log_p.mean() > -1.6  # of two states: −0.69; independent pixels: −2.77


def test_evaluation_moves_no_chain_and_is_the_gap_of_energies():
    chosen = machine()
    game = RBM(chosen, chains=10)
    game.compile()
    before = array(game.chain)
    found = game.evaluate(X, batch_size=15, verbose=0)
    np.testing.assert_array_equal(array(game.chain), before)
    gap = array(chosen(X.astype("float32"))).mean() - array(chosen(before)).mean()
    assert found["machine_loss"] == pytest.approx(gap, abs=1e-5)


@pytest.mark.parametrize("make", [lambda: RBM(machine(), chains=10, steps=2), lambda: DBM(deep(), chains=10)])
def test_a_resumed_run_ends_where_the_uninterrupted_one_does_chains_included(make, tmp_path):
    def play(epochs, folder):
        game = make()
        game.compile(steps_per_execution=2)
        game.fit(X, batch_size=10, epochs=epochs, steps_per_epoch=4, verbose=0, callbacks=[Checkpoint(folder)])
        return [array(w) for w in game.weights]

    whole = play(4, tmp_path / "whole")
    play(2, tmp_path / "halves")
    for one, other in zip(whole, play(4, tmp_path / "halves"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_samples_come_from_the_average_and_from_the_seed_alone():
    live, averaged = machine(0), machine(1)
    game = RBM(live, chains=10, averages=[Average(live, averaged)])
    one = game.sample(6, seed=3, steps=4)
    assert one.shape == (6, 3, 2, 1) and one.dtype == np.float32 and one.min() >= 0 and one.max() <= 1
    averaged.set_weights(live.get_weights())
    np.testing.assert_array_equal(game.sample(6, seed=3, steps=4), RBM(machine(0)).sample(6, seed=3, steps=4))


def test_mean_field_is_exact_where_the_posterior_factorises():
    chosen = deep()
    chosen.W[1].assign(np.zeros((4, 3)))
    low, high = (array(mean) for mean in boltzmann.mean_field(chosen, X[:4].astype("float32"), sweeps=1))
    c1, c2 = (array(c) for c in chosen.c)
    np.testing.assert_allclose(low, 1 / (1 + np.exp(-(c1 + X[:4].reshape(4, 6) @ array(chosen.W[0])))), atol=1e-6)
    np.testing.assert_allclose(high, np.tile(1 / (1 + np.exp(-c2)), (4, 1)), atol=1e-6)


def test_mean_field_is_a_fixed_point_with_and_without_damping():
    chosen, v = deep((4, 3, 2)), X[:5].astype("float32")
    plain = boltzmann.mean_field(chosen, v, sweeps=60)
    damped = boltzmann.mean_field(chosen, v, sweeps=200, damping=0.5)
    for layer, (one, other) in enumerate(zip(plain, damped), start=1):
        np.testing.assert_allclose(array(one), array(other), atol=1e-4)
        np.testing.assert_allclose(array(one), array(chosen.given([v, *plain], layer)), atol=1e-4)


def test_a_step_of_a_deep_machine_is_the_formula():
    chosen, x = deep(), X.reshape(30, 6).astype("float64")
    before = [array(w).astype("float64") for w in chosen.trainable_variables]
    means = [array(m).astype("float64") for m in boltzmann.mean_field(chosen, X.astype("float32"), sweeps=10)]
    game = DBM(chosen, chains=20, optimizer=SGD(0.1))
    game.compile()
    game.fit(X, batch_size=30, epochs=1, steps_per_epoch=1, verbose=0)
    v, h1, h2 = (array(weight).reshape(20, -1).astype("float64") for weight in game.chain)
    assert all(set(np.unique(state)) <= {0.0, 1.0} for state in (v, h1, h2))
    expected = [
        x.T @ means[0] / 30 - v.T @ h1 / 20,
        means[0].T @ means[1] / 30 - h1.T @ h2 / 20,
        *(one.mean(axis=0) - other.mean(axis=0) for one, other in zip([x, *means], [v, h1, h2])),
    ]
    for now, then, step in zip(chosen.trainable_variables, before, expected, strict=True):
        np.testing.assert_allclose(array(now), then + 0.1 * step, atol=1e-6)


def test_a_deep_step_draws_odd_layers_first_and_even_ones_from_them():
    chosen, rng = deep((4, 3)), np.random.default_rng(2)
    states = [X[:5].astype("float32"), *(rng.integers(0, 2, (5, n)).astype("float32") for n in (4, 3))]
    draws = [rng.random(state.shape).astype("float32") for state in states]
    v, h1, h2 = (array(state) for state in boltzmann.deep_step(chosen, states, draws))
    np.testing.assert_array_equal(h1, draws[1] < array(chosen.given(states, 1)))
    for layer, found in ((0, v), (2, h2)):
        np.testing.assert_array_equal(found, draws[layer] < array(chosen.given([v, h1, h2], layer)))


WRONG = {
    "grey": (0.5 * np.ones((5, 3, 2, 1), "float32"), ValueError, "whole numbers 0 and 1"),
    "bytes": (255 * X, ValueError, "255"),
    "one bad pixel": (np.where(np.arange(180).reshape(30, 3, 2, 1) == 7, 2, X), ValueError, "holds 2 "),
    "NaN": (np.full((5, 3, 2, 1), np.nan), ValueError, "NaN"),
    "another size": (X[:, :2], ValueError, r"expected \(N, 3, 2, 1\)"),
    "rows": (X.reshape(30, 6), ValueError, r"expected \(N, 3, 2, 1\)"),
    "none": (X[:0], ValueError, "at least one row"),
    "labels too": ((X, np.zeros(30, int)), ValueError, "2 arrays"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("make", [lambda: RBM(machine(), chains=4), lambda: DBM(deep(), chains=4)])
def test_what_is_not_binary_is_refused_at_every_door(case, make):
    x, error, words = WRONG[case]
    game = make()
    game.compile()
    for door in (lambda: game.fit(x, batch_size=5, verbose=0), lambda: game.evaluate(x, batch_size=5, verbose=0)):
        with pytest.raises(error, match=words) as raised:
            door()
        assert "\n" not in str(raised.value)
    assert game.iteration == 0


def test_binary_data_may_be_of_any_type_of_number():
    found = []
    for x in (X, X.astype(bool), X.astype("float64"), X.astype("int64")):
        game = RBM(machine(), chains=4)
        game.compile()
        game.fit(x, batch_size=30, epochs=1, verbose=0)
        found.append(game.machine.parameters().W)
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RBM(machine(), chains=0), ValueError, "chains is 0"),
        (lambda: RBM(machine(), steps=0), ValueError, "steps is 0"),
        (lambda: RBM(machine(), steps=1.5), TypeError, "steps is 1.5"),
        (lambda: DBM(deep(), damping=1.0), ValueError, "damping=1.0"),
        (lambda: DBM(deep(), sweeps=0), ValueError, "sweeps is 0"),
        (lambda: boltzmann.transposed(machine(), 3), ValueError, "at least 6"),
        (lambda: RBM(machine()).sample(0, 0), ValueError, "n is 0"),
    ],
)
def test_arguments_that_could_not_play_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_tensorflow_draws_chains_without_xla_on_a_cpu():
    """Each random number costs its XLA half a microsecond: an iteration of 784 pixels 80 ms instead of 9."""
    for game in (RBM(machine()), DBM(deep())):
        game.compile()
        assert bool(game.jit_compile) == (keras.backend.backend() == "jax")


def test_a_machine_on_another_sees_that_ones_hidden_states_of_images():
    below = machine()
    top = boltzmann.transposed(below, 7)
    game = RBM(top, chains=10, below=below, optimizer=SGD(0.1))
    game.compile()
    before = below.parameters().W
    history = game.fit(X, batch_size=10, epochs=1, verbose=0).history
    np.testing.assert_array_equal(below.parameters().W, before)
    assert np.isfinite(history["loss"][0]) and set(np.unique(array(game.chain))) <= {0.0, 1.0}
    assert game.chain.shape == (10, 4) and game.sample(5, 0, steps=3).shape == (5, 3, 2, 1)
    with pytest.raises(ValueError, match=r"visible units \(6,\) on one of 4"):
        RBM(rbm((6,), 3), below=below)


def test_what_the_machine_below_makes_of_the_batch_is_drawn_from_its_conditional():
    """Hidden units that are always on, or never: the first term of the loss is the energy of that state."""
    below = drawn(rbm((3, 2, 1), 4))
    below.W.assign(np.zeros((6, 4)))
    below.c.assign([60.0, -60.0, 60.0, -60.0])
    top = drawn(rbm((4,), 3))
    game = RBM(top, chains=5, below=below)
    game.compile()
    found = game.evaluate(X, batch_size=10, verbose=0)["machine_loss"]
    state = np.array([[1.0, 0.0, 1.0, 0.0]], "float32")
    assert found == pytest.approx(float(array(top(state))[0] - array(top(array(game.chain))).mean()), abs=1e-5)
