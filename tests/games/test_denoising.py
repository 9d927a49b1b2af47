"""Laws of the samplers: where the answer is known they give it, and each is what its name promises.

For data from N(0, s² I) the best denoiser is known, x̂ = α s² z / (α² s² + σ²), and along the exact path every z stays
the same number of its level's deviations, z / √(α² s² + σ²): so the end of the path is known for each start.
"""

from itertools import pairwise

import keras
import numpy as np
import pytest

from course_utils.games import denoising, diffusion
from course_utils.games.denoising import CLEAN, ddim, ddpm, edit, grid, heun, inpaint, invert, posterior, renoised
from course_utils.games.diffusion import denoiser_of, exact_denoiser, level
from course_utils.networks.diffusion import denoising_mlp
from course_utils.samplers import denoised_codes, denoised_images

SPREAD = 0.5
RNG = np.random.default_rng(3)
Z = RNG.normal(size=(4000, 2)).astype("float32")
MEMBERS = (2 * RNG.normal(size=(12, 2))).astype("float32")
SCHEDULES = pytest.mark.parametrize("schedule", diffusion.SCHEDULES.values(), ids=list(diffusion.SCHEDULES))


def gaussian(schedule):
    """The best denoiser of N(0, s² I)."""

    def denoise(z, t):
        alpha, sigma = level(schedule, t)
        return np.float32(alpha * SPREAD**2 / (alpha**2 * SPREAD**2 + sigma**2)) * z

    return denoise


def error(sampler, schedule, steps):
    """How far from the end of the exact path a sampler ends, of the data's deviation."""
    levels = grid(schedule, steps)
    start = np.hypot(levels[0].alpha * SPREAD, levels[0].sigma)
    return float(np.abs(sampler(gaussian(schedule), Z[:50], levels) / (SPREAD * Z[:50] / start) - 1).max())


@SCHEDULES
def test_a_grid_begins_in_noise_and_ends_clean(schedule):
    levels = grid(schedule, 7)
    assert len(levels) == 8 and levels[0].t == 1.0 and levels[-1] == CLEAN
    assert all(a.t > b.t and a.alpha < b.alpha and a.sigma >= b.sigma for a, b in pairwise(levels))
    assert grid(schedule, 4, 0.5)[0].t == 0.5 and len(grid(schedule, 1)) == 2


@SCHEDULES
@pytest.mark.parametrize("power", (0.5, 1.0, 1.5, 3.0))
def test_a_power_of_the_times_keeps_their_ends_and_half_the_steps_are_every_other_level(schedule, power):
    times = [now.t for now in grid(schedule, 4, 0.8, power)]
    np.testing.assert_allclose(times, [0.8, 0.8 * 0.75**power, 0.8 * 0.5**power, 0.8 * 0.25**power, 0.0])
    for now, same in zip(grid(schedule, 4, 0.8, power), grid(schedule, 8, 0.8, power)[::2]):
        assert now == pytest.approx(same)
    lengths = -np.diff(times)
    assert power == 1.0 or (np.sign(np.diff(lengths)) == np.sign(1.0 - power)).all(), "shorter towards the image"


def test_a_recipe_hands_the_power_of_the_times_to_the_sampler():
    network, same, n, flat = denoising_mlp((4,), 8, 1), keras.Input((4,)), 3, np.zeros(4)
    networks = {"denoiser": network, "decoder": keras.Model(same, keras.layers.Identity()(same))}
    for power in (1.0, 2.0):
        z = np.random.default_rng(0).standard_normal((n, 4), dtype="float32")
        way = ddim(denoiser_of(network), z, grid(diffusion.cosine, 2, power=power))
        images = denoised_images(networks, n, np.random.default_rng(0), None, steps=2, power=power)
        codes = denoised_codes(networks, n, np.random.default_rng(0), None, 2, flat, flat + 1, power=power)
        np.testing.assert_allclose(images, way.clip(-1, 1), atol=1e-6)
        np.testing.assert_allclose(codes, np.tanh(way / 2), atol=1e-6)
    even = ddim(denoiser_of(network), z, grid(diffusion.cosine, 2))
    assert np.abs(even - way).max() > 0.01, "the power changes nothing: the test shows nothing"


@SCHEDULES
def test_ddim_and_heun_end_where_the_path_ends_and_in_their_own_order(schedule):
    few, many = error(ddim, schedule, 50), error(ddim, schedule, 200)
    assert many < 0.02 and 2.5 < few / many < 6, "Euler's error falls with the step"
    assert error(heun, schedule, 50) < few, "the second look pays"
    assert error(heun, schedule, 200) < 0.01


@SCHEDULES
def test_ddpm_draws_from_the_data(schedule):
    drawn = ddpm(gaussian(schedule), Z, grid(schedule, 200), seed=1)
    assert np.abs(drawn.mean(0)).max() < 6 * SPREAD / np.sqrt(len(Z))
    assert np.abs(drawn.std(0) / SPREAD - 1).max() < 6 / np.sqrt(2 * len(Z)) + 0.02


def test_what_is_promised_to_be_determined_is_and_seeds_decide_on_the_rest():
    denoise, levels = gaussian(diffusion.cosine), grid(diffusion.cosine, 5)
    for sampler in (ddim, heun):
        np.testing.assert_array_equal(sampler(denoise, Z[:9], levels), sampler(denoise, Z[:9], levels))
    for sampler in (ddpm, edit):
        same, again, other = (sampler(denoise, Z[:9], levels, seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(same, again)
        assert np.abs(same - other).max() > 0.01


def test_one_row_does_not_depend_on_the_others():
    denoise, levels = exact_denoiser(MEMBERS), grid(diffusion.cosine, 6)
    np.testing.assert_allclose(ddim(denoise, Z[:9], levels)[:4], ddim(denoise, Z[:4], levels), atol=1e-5)


@pytest.mark.parametrize("sampler", (ddim, heun, lambda *given: ddpm(*given, seed=0)), ids=("ddim", "heun", "ddpm"))
def test_the_exact_denoiser_of_a_set_returns_its_members(sampler):
    found = sampler(exact_denoiser(MEMBERS), Z[:200], grid(diffusion.cosine, 100))
    distance = np.linalg.norm(found[:, None] - MEMBERS, axis=2)  # (200, 12)
    assert (distance.min(1) < 1e-3).all() and len(np.unique(distance.argmin(1))) == len(MEMBERS)


def test_a_posterior_is_the_one_of_bayes():
    """q(z′ | z, x) ∝ q(z′ | x) q(z | z′), multiplied on a fine axis."""
    now, then = grid(diffusion.cosine, 10)[4:6]
    z, x = 0.7, -0.4
    axis = np.linspace(-4, 4, 40_001)
    ratio = now.alpha / then.alpha
    fresh = now.sigma**2 - (ratio * then.sigma) ** 2
    density = np.exp(-((axis - then.alpha * x) ** 2) / (2 * then.sigma**2) - (z - ratio * axis) ** 2 / (2 * fresh))
    density /= density.sum()
    mean = float((axis * density).sum())
    found, deviation = posterior(np.float32(z), np.float32(x), now, then)
    assert found == pytest.approx(mean, abs=1e-5)
    assert deviation == pytest.approx(np.sqrt(((axis - mean) ** 2 * density).sum()), abs=1e-5)


def test_noise_put_back_is_the_noise_of_the_level():
    then, now = grid(diffusion.cosine, 10)[3:5]
    x = np.full((40_000,), 0.8, "float32")
    z = renoised(now.alpha * x + now.sigma * RNG.normal(size=x.shape), now, then, RNG)
    assert z.mean() == pytest.approx(then.alpha * 0.8, abs=6 / 200) and z.std() == pytest.approx(then.sigma, rel=0.03)


@SCHEDULES
def test_inversion_leads_back_and_better_with_more_steps(schedule):
    x, errors = SPREAD * Z[:50], []
    for steps in (10, 100):
        there = invert(gaussian(schedule), x, schedule, steps)
        errors.append(float(np.abs(ddim(gaussian(schedule), there, grid(schedule, steps)) - x).max()))
    assert errors[1] < 0.2 * errors[0] and errors[1] < 0.1
    assert np.abs(there.std() - 1) < 0.3 and np.corrcoef(there.ravel(), x.ravel())[0, 1] > 0.999


def test_inpainting_keeps_what_is_known_and_fits_the_rest():
    """Of points whose first number is known, most get the second of the member with this first number; chance is ¼."""
    members = np.array([[-3, 1], [-1, -2], [1, 2], [3, -1]], "float32")
    denoise, known, mask = exact_denoiser(members), members[np.arange(60) % 4], np.array([1.0, 0.0])
    levels = grid(diffusion.cosine, 60)
    found = inpaint(denoise, Z[:60], levels, known, mask, seed=0, repeats=5)
    np.testing.assert_array_equal(found[:, 0], known[:, 0])
    assert np.mean(np.abs(found[:, 1] - known[:, 1]) < 1e-2) > 0.7
    alone = ddim(denoise, Z[:60], levels)
    assert np.mean(np.abs(alone[:, 1] - known[:, 1]) < 1e-2) < 0.5, "the control fits as well: the test shows nothing"


def test_an_edit_from_a_late_start_keeps_the_sketch_and_from_an_early_one_forgets_it():
    denoise, sketch = gaussian(diffusion.cosine), np.full((500, 2), 0.6, "float32")
    kept, forgotten = (edit(denoise, sketch, grid(diffusion.cosine, 40, start), seed=0) for start in (0.02, 1.0))
    assert np.abs(kept - sketch).mean() < 0.05
    assert np.abs(forgotten.mean(0)).max() < 0.1


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: grid(diffusion.cosine, 0), "steps is 0"),
        (lambda: grid(diffusion.cosine, 3, start=0.0), "a time in"),
        (lambda: grid(diffusion.cosine, 3, start=1.2), "a time in"),
        (lambda: grid(diffusion.cosine, 3, power=0.0), "a number above 0"),
        (lambda: grid(diffusion.cosine, 3, power=float("nan")), "a number above 0"),
        (lambda: _inpainted(mask=np.ones((3,))), "broadcasts to them"),
        (lambda: _inpainted(mask=np.array([0.5, 1.0])), "0 and 1"),
        (lambda: _inpainted(known=Z[:4]), "one shape"),
        (lambda: _inpainted(repeats=0), "repeats is 0"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_steps_are_whole_numbers():
    with pytest.raises(TypeError, match="whole number"):
        grid(diffusion.cosine, 2.5)


def _inpainted(known=None, mask=(1, 0), repeats=1):
    known = Z[:3] if known is None else known
    levels = grid(diffusion.cosine, 2)
    return inpaint(gaussian(diffusion.cosine), Z[:3], levels, known, mask, seed=0, repeats=repeats)


def test_a_level_is_a_time_with_its_two_numbers():
    assert denoising.CLEAN == (0.0, 1.0, 0.0)
