"""Partition functions: counted, and estimated against what was counted."""

import numpy as np
import pytest
from scipy.special import logsumexp

from course_utils.metrics import annealed
from course_utils.metrics.annealed import Parameters


def machine(visible, hidden, scale, seed):
    rng = np.random.default_rng(seed)
    return Parameters(*(scale * rng.normal(size=shape) for shape in ((visible, hidden), visible, hidden)))


def trained(hidden=20, size=64, iterations=600):
    """A machine that has learned bars: rows or columns of an 8 × 8 image, by contrastive divergence in NumPy."""
    rng = np.random.default_rng(0)
    lines = rng.random((400, 2, 8, 1)) < 0.25
    x = (lines[:, 0] | lines[:, 1].swapaxes(1, 2)).reshape(400, size).astype("float64")
    W, b, c = 0.01 * rng.normal(size=(size, hidden)), np.zeros(size), np.zeros(hidden)
    for _ in range(iterations):
        v = x[rng.integers(400, size=50)]
        up = 1 / (1 + np.exp(-(c + v @ W)))
        down = 1 / (1 + np.exp(-(b + (rng.random(up.shape) < up) @ W.T)))
        fake = (rng.random(v.shape) < down).astype("float64")
        again = 1 / (1 + np.exp(-(c + fake @ W)))
        W += 0.1 * (v.T @ up - fake.T @ again) / 50
        b, c = b + 0.1 * (v - fake).mean(axis=0), c + 0.1 * (up - again).mean(axis=0)
    return Parameters(W, b, c), x


@pytest.mark.parametrize("scale", (0.0, 1.0, 12.0, 400.0))
def test_weights_of_any_size_are_counted(scale):
    large = machine(7, 11, scale, 1)
    v = annealed.binary_states(7)
    assert annealed.log_partition(large) == pytest.approx(logsumexp(-annealed.free_energy(large, v)), rel=1e-12)


def test_counting_either_side_gives_the_sum_over_all_states():
    small = machine(5, 4, 0.8, 0)
    v, h = annealed.binary_states(5), annealed.binary_states(4)
    minus = (v @ small.b)[:, None] + (h @ small.c)[None] + v @ small.W @ h.T
    assert annealed.log_partition(small) == pytest.approx(logsumexp(minus), abs=1e-10)
    assert annealed.log_partition(small.swapped()) == pytest.approx(logsumexp(minus), abs=1e-10)
    log_p = annealed.log_likelihood(small, v, annealed.log_partition(small))
    assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-10)


def test_states_are_all_states_once_and_in_any_part():
    states = annealed.binary_states(4)
    assert len(np.unique(states, axis=0)) == 16
    np.testing.assert_array_equal(annealed.binary_states(4, 5, 9), states[5:9])


@pytest.mark.parametrize(("visible", "hidden", "scale"), [(30, 12, 0.3), (12, 30, 0.6), (40, 10, 1.0)])
def test_annealing_finds_log_z_of_random_machines(visible, hidden, scale):
    for seed in range(2):
        chosen = machine(visible, hidden, scale, seed)
        found = annealed.annealed_log_partition(chosen, chains=100, steps=2000, seed=seed)
        assert found.log_z == pytest.approx(annealed.log_partition(chosen), abs=0.1)
        assert found.low < found.log_z < found.high and 0 < found.error < 0.1 and 1 <= found.effective <= 100


def test_annealing_finds_log_z_of_a_trained_machine_from_the_datas_base_rates():
    chosen, x = trained()
    found = annealed.annealed_log_partition(chosen, base=x.mean(axis=0), chains=100, steps=2000)
    assert found.log_z == pytest.approx(annealed.log_partition(chosen), abs=0.1)
    assert abs(chosen.W).max() > 1  # it has learned


def test_one_step_is_plain_importance_sampling():
    """With K = 1 the weights are Z₀ p*(v) / p*₀(v) of draws from the base."""
    small = machine(4, 3, 0.5, 1)
    found = annealed.annealed_log_partition(small, chains=50, steps=1, seed=3)
    v = np.random.default_rng(3).random((50, 4)) < 1 / (1 + np.exp(-small.b.astype("float32")))
    log_base = np.logaddexp(0, small.b).sum() + 3 * np.log(2)
    free = -annealed.free_energy(small, v) - v @ small.b - 3 * np.log(2)
    np.testing.assert_allclose(found.log_weights, log_base + free, atol=1e-5)


def test_the_error_is_the_spread_of_repeated_estimates():
    chosen = machine(20, 8, 1.0, 0)
    found = [annealed.annealed_log_partition(chosen, chains=50, steps=200, seed=seed) for seed in range(30)]
    spread = np.std([each.log_z for each in found])
    assert 0.6 < np.mean([each.error for each in found]) / spread < 1.6


def test_a_machine_without_weights_needs_no_annealing():
    b = np.array([0.3, -1.0])
    found = annealed.annealed_log_partition(Parameters(np.zeros((2, 3)), b, np.zeros(3)), chains=5, steps=3)
    assert found.log_z == pytest.approx(np.logaddexp(0, b).sum() + 3 * np.log(2), abs=1e-6)
    assert found.error == pytest.approx(0.0, abs=1e-6) and found.effective == pytest.approx(5.0)


def test_progress_is_told():
    told = []
    annealed.annealed_log_partition(machine(4, 3, 0.5, 0), chains=5, steps=20, log=lambda *line: told.append(line))
    assert [step for step, _ in told] == list(range(2, 21, 2)) and np.isfinite([z for _, z in told]).all()


def test_temperatures_rise_from_0_to_1():
    betas = annealed.inverse_temperatures(100)
    assert betas[0] == 0 and betas[-1] == 1 and len(betas) == 101 and (np.diff(betas) > 0).all()
    assert np.diff(betas)[-1] < np.diff(betas)[0] / 5


@pytest.mark.parametrize(
    ("action", "error", "words"),
    [
        (lambda m: annealed.log_partition(machine(30, 30, 1.0, 0)), ValueError, "annealed_log_partition"),
        (lambda m: annealed.annealed_log_partition(m, base=[0.5]), ValueError, "1 means for 4"),
        (lambda m: annealed.annealed_log_partition(m, chains=1), ValueError, "chains is 1"),
        (lambda m: annealed.annealed_log_partition(m, steps=0.5), TypeError, "steps is 0.5"),
        (lambda m: annealed.log_likelihood(m, np.full((2, 4), 0.5), 0.0), ValueError, "binary"),
        (lambda m: annealed.log_likelihood(m, np.zeros((2, 5)), 0.0), ValueError, "4 numbers a row"),
        (lambda m: annealed.log_likelihood(m, np.zeros((0, 4)), 0.0), ValueError, "N ≥ 1"),
        (lambda m: annealed.log_likelihood(m, np.full((2, 4), np.nan), 0.0), ValueError, "binary"),
    ],
)
def test_what_cannot_be_is_refused(action, error, words):
    with pytest.raises(error, match=words):
        action(machine(4, 3, 0.5, 0))
