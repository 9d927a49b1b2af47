import keras
import numpy as np
import pytest
from scipy import stats

from course_utils import priors
from tests.numeric import array

N = 20_000
ALL = [
    priors.gaussian(3),
    priors.truncated(3, 0.7),
    priors.gaussian_mixture(),
    priors.swiss_roll(),
    priors.categorical(10),
]
every_prior = pytest.mark.parametrize("prior", ALL, ids=lambda prior: prior.name)


@every_prior
def test_draws_are_finite_float32_of_the_promised_shape(prior):
    z = prior(7, seed=1)
    assert tuple(z.shape) == (7, prior.dim) and keras.backend.standardize_dtype(z.dtype) == "float32"
    assert np.all(np.isfinite(array(z)))


@every_prior
def test_a_generator_moves_on_and_a_seed_repeats(prior):
    generator = keras.random.SeedGenerator(3)
    first, second = array(prior(50, generator)), array(prior(50, generator))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(array(prior(50, keras.random.SeedGenerator(3))), first)
    np.testing.assert_array_equal(array(prior(50, 3)), first)


class Draw(keras.layers.Layer):
    """Draws from a prior inside a traced function."""

    def __init__(self, prior):
        super().__init__()
        self.prior = prior
        self.seed = keras.random.SeedGenerator(3)

    def call(self, labels):
        return self.prior(8, self.seed, labels if self.prior.classes else None)


@every_prior
def test_a_compiled_step_draws_anew_each_time(prior):
    inputs = keras.Input((), dtype="int32", batch_size=8)
    model = keras.Model(inputs, Draw(prior)(inputs))
    labels = np.arange(16) % 8
    first, second = np.split(model.predict(labels, batch_size=8, verbose=0), 2)
    assert first.shape == (8, prior.dim)
    assert prior.name == "categorical" or not np.allclose(first, second)


@pytest.mark.parametrize("prior", [p for p in ALL if not p.classes], ids=lambda p: p.name)
def test_a_prior_without_parts_refuses_labels(prior):
    with pytest.raises(ValueError, match="Found labels for the prior"):
        prior(2, 1, labels=np.array([0, 1]))


def test_gaussian_moments():
    z = array(priors.gaussian(3, stddev=5.0)(N, 1))
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=0.15)
    np.testing.assert_allclose(np.cov(z.T), 25 * np.eye(3), atol=1.5)


@pytest.mark.parametrize("threshold", [0.02, 0.7, 2.0, 9.0])
def test_truncated_has_the_law_of_drawing_again(threshold):
    z = array(priors.truncated(2, threshold)(N // 2, 1)).ravel()
    assert np.abs(z).max() <= threshold
    assert stats.kstest(z, stats.truncnorm(-threshold, threshold).cdf).pvalue > 1e-3


def test_truncation_is_not_scaling():
    z = array(priors.truncated(1, 0.5)(N, 1)).ravel()
    scaled = array(priors.gaussian(1, stddev=float(z.std()))(N, 1)).ravel()
    assert np.abs(scaled).max() > 0.5 > np.abs(z).max()


def test_truncated_refuses_nonsense():
    with pytest.raises(ValueError, match="Found a threshold of 0"):
        priors.truncated(2, 0)


@pytest.mark.parametrize("threshold", [0.05, 0.7, 2.0])
def test_drawing_again_has_the_same_law(threshold):
    z = priors.resampled(np.random.default_rng(3), (N, 1), threshold)
    assert z.dtype == np.float32 and np.abs(z).max() <= threshold
    assert stats.kstest(z[:, 0], stats.truncnorm(-threshold, threshold).cdf).pvalue > 0.01


def test_only_numbers_beyond_the_threshold_are_drawn_again():
    plain = priors.resampled(np.random.default_rng(3), (50, 4))
    np.testing.assert_array_equal(plain, np.random.default_rng(3).standard_normal((50, 4), dtype="float32"))
    again = priors.resampled(np.random.default_rng(3), (50, 4), 1.0)
    inside = np.abs(plain) <= 1.0
    np.testing.assert_array_equal(again[inside], plain[inside])
    assert not inside.all() and np.abs(again[~inside]).max() <= 1.0
    np.testing.assert_array_equal(plain[~inside] != again[~inside], True)
    kept = plain.copy()
    np.testing.assert_array_equal(priors.redrawn(plain, 1.0, np.random.default_rng(4))[inside], plain[inside])
    np.testing.assert_array_equal(plain, kept)  # what was handed over stays


@pytest.mark.parametrize("threshold", [0.0, -1.0, 0.01, float("nan")])
def test_a_threshold_too_small_to_draw_again_is_refused(threshold):
    with pytest.raises(ValueError, match=r"at least 0\.02"):
        priors.resampled(np.random.default_rng(3), (2, 2), threshold)


def test_mixture_components_lie_on_a_ring_and_point_outwards():
    prior = priors.gaussian_mixture(components=10, radius=4.0, radial=1.0, tangential=0.3)
    z = array(prior(N, 1, labels=np.full(N, 3)))
    angle = 2 * np.pi * 3 / 10
    spoke, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    np.testing.assert_allclose(z.mean(axis=0), 4 * spoke, atol=0.04)
    assert np.std(z @ spoke) == pytest.approx(1.0, rel=0.03)
    assert np.std(z @ across) == pytest.approx(0.3, rel=0.03)


def test_mixture_components_are_equally_frequent():
    z = array(priors.gaussian_mixture(tangential=0.1)(N, 1))
    nearest = np.round(np.arctan2(z[:, 1], z[:, 0]) / (2 * np.pi / 10)).astype(int) % 10
    counts = np.bincount(nearest, minlength=10)
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("prior", [p for p in ALL if p.density and p.dim == 2], ids=lambda p: p.name)
def test_densities_in_the_plane_integrate_to_one(prior):
    side = np.linspace(-10, 10, 401)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    assert prior.density(grid).sum() * (side[1] - side[0]) ** 2 == pytest.approx(1.0, rel=1e-3)


def test_density_of_the_mixture_agrees_with_its_draws():
    prior = priors.gaussian_mixture()
    z = array(prior(N, 1))
    inside = np.mean((np.abs(z[:, 0] - 4) < 0.5) & (np.abs(z[:, 1]) < 0.25))
    side = (np.arange(50) + 0.5) / 50
    cell = np.stack(np.meshgrid(3.5 + side, -0.25 + 0.5 * side), axis=-1).reshape(-1, 2)
    expected = prior.density(cell).mean() * 0.5
    assert inside == pytest.approx(expected, abs=4 * np.sqrt(expected / N))


def test_density_of_the_product_priors():
    z = np.array([[0.1, -0.2, 0.6], [0.0, 0.0, 0.8]])
    normal = np.prod(stats.norm.pdf(z), axis=1)
    np.testing.assert_allclose(priors.gaussian(3).density(z), normal)
    inside = stats.norm.cdf(0.7) - stats.norm.cdf(-0.7)
    np.testing.assert_allclose(priors.truncated(3, 0.7).density(z), [normal[0] / inside**3, 0.0])


def test_swiss_roll_lies_on_its_spiral():
    z = array(priors.swiss_roll(turns=2.0, radius=5.0)(N, 1))
    distance = np.linalg.norm(z, axis=1) / 5.0  # √t
    angle = 4 * np.pi * distance
    np.testing.assert_allclose(z, 5 * distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), atol=1e-3)
    assert stats.kstest(distance**2, "uniform").pvalue > 1e-3


def test_swiss_roll_labels_cut_it_into_segments():
    labels = np.arange(N) % 10
    z = array(priors.swiss_roll()(N, 1, labels=labels))
    t = (np.linalg.norm(z, axis=1) / 5.0) ** 2
    np.testing.assert_array_less(np.abs(t - (labels + 0.5) / 10), 0.0501)


def test_swiss_roll_noise_widens_it():
    prior = priors.swiss_roll(noise=0.2)
    distance = np.linalg.norm(array(prior(N, 1, labels=np.full(N, 9))), axis=1)
    assert distance.max() > 5.2


def test_categorical_is_one_hot_and_even():
    z = array(priors.categorical(10)(N, 1))
    np.testing.assert_array_equal(np.unique(z), [0.0, 1.0])
    np.testing.assert_array_equal(z.sum(axis=1), 1.0)
    assert stats.chisquare(z.sum(axis=0)).pvalue > 1e-3
    np.testing.assert_array_equal(array(priors.categorical(4)(3, 1, labels=np.array([2, 0, 3]))), np.eye(4)[[2, 0, 3]])


@pytest.mark.parametrize("prior", [p for p in ALL if p.log_density], ids=lambda p: p.name)
def test_the_log_density_is_the_density_s_logarithm(prior):
    z = array(prior(200, seed=5))
    found = array(prior.log_density(keras.ops.convert_to_tensor(z)))
    np.testing.assert_allclose(found, np.log(prior.density(z)), rtol=1e-4, atol=1e-4)
