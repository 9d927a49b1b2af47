import keras
import numpy as np
import pytest
from keras import ops

from course_utils import losses
from tests.numeric import array, central_differences, input_gradient

REAL = np.array([-5.0, 1.4, 12.5, 2.7], "float32")
FAKE = np.array([10.0, 4.4, -5.5, 3.6], "float32")
ALL = [losses.minimax, losses.nonsaturating, losses.least_squares, losses.hinge, losses.wasserstein]
by_name = pytest.mark.parametrize("loss", ALL, ids=lambda loss: loss.name)


# Discriminator and generator losses of REAL and FAKE, worked out by hand.
@pytest.mark.parametrize(
    "loss, discriminator, generator",
    [
        (losses.minimax, 5.83387, -4.51082),
        (losses.nonsaturating, 5.83387, 1.38582),
        (losses.least_squares, 41.73375, 17.69625),
        (losses.hinge, 6.75, -3.125),
        (losses.wasserstein, 0.225, -3.125),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("shape", [(4,), (4, 1), (2, 2), (1, 2, 2, 1)])
def test_hand_values_for_any_shape_of_logits(loss, discriminator, generator, shape):
    real, fake = REAL.reshape(shape), FAKE.reshape(shape)
    assert array(loss.discriminator(real, fake)) == pytest.approx(discriminator, rel=1e-5)
    assert array(loss.generator(fake)) == pytest.approx(generator, rel=1e-5)


@by_name
def test_losses_are_float32_scalars_whatever_the_precision(loss):
    real, fake = ops.cast(REAL, "bfloat16"), ops.cast(FAKE, "bfloat16")
    for value in (loss.discriminator(real, fake), loss.generator(fake)):
        assert tuple(value.shape) == () and keras.backend.standardize_dtype(value.dtype) == "float32"


@by_name
def test_extreme_logits_give_finite_losses_and_gradients(loss):
    logits = np.array([-1e4, -100.0, 0.0, 100.0, 1e4], "float32")
    for function in (
        loss.generator,
        lambda x: loss.discriminator(x, logits),
        lambda x: loss.discriminator(logits, x),
    ):
        assert np.isfinite(array(function(logits)))
        assert np.all(np.isfinite(input_gradient(function, logits)))


@by_name
def test_gradients_equal_central_differences(loss):
    for function in (
        loss.generator,
        lambda x: loss.discriminator(x, FAKE),
        lambda x: loss.discriminator(REAL, x),
    ):
        numeric = central_differences(lambda x, f=function: float(array(f(x.astype("float32")))), REAL, 1e-2)
        np.testing.assert_allclose(input_gradient(function, REAL), numeric, atol=1e-3)


# Two distributions over three points, as multiplicities among eight examples.
P, Q = np.array([4, 3, 1]), np.array([1, 3, 4])


def table_loss(loss, table):
    table = ops.convert_to_tensor(table)
    real = ops.take(table, np.repeat(np.arange(3), P))
    fake = ops.take(table, np.repeat(np.arange(3), Q))
    return loss.discriminator(real, fake)


MIDDLE = (P + Q) / 16
JENSEN_SHANNON = 0.5 * sum(np.sum(d / 8 * np.log(d / 8 / MIDDLE)) for d in (P, Q))


@pytest.mark.parametrize(
    "loss, best, value",
    [
        (losses.minimax, np.log(P / Q), 2 * np.log(2) - 2 * JENSEN_SHANNON),
        (losses.nonsaturating, np.log(P / Q), 2 * np.log(2) - 2 * JENSEN_SHANNON),
        (losses.least_squares, P / (P + Q), np.sum(0.5 / 8 * P * Q / (P + Q))),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_best_discriminator_on_a_discrete_example(loss, best, value):
    best = best.astype("float32")
    assert array(table_loss(loss, best)) == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(input_gradient(lambda f: table_loss(loss, f), best), 0, atol=1e-6)
    for step in np.vstack([np.eye(3), -np.eye(3)]):
        assert array(table_loss(loss, best + 0.1 * step.astype("float32"))) > value


@pytest.mark.parametrize(
    "loss, value",
    # Both are linear in f between −1 and 1, so the sign of P − Q is best there: value (2 or 0) − Σ|P − Q|.
    [(losses.hinge, 2 - 6 / 8), (losses.wasserstein, -6 / 8)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_best_bounded_critic_on_a_discrete_example(loss, value):
    corners = np.array(np.meshgrid(*[[-1.0, 0.0, 1.0]] * 3)).reshape(3, -1).T.astype("float32")
    found = np.array([array(table_loss(loss, corner)) for corner in corners])
    assert found.min() == pytest.approx(value, rel=1e-6)
    np.testing.assert_array_equal(corners[found.argmin()][[0, 2]], [1.0, -1.0])


def test_no_bound_brings_hinge_lower_but_wasserstein_needs_one():
    best = np.array([1.0, 0.0, -1.0], "float32")
    assert array(table_loss(losses.hinge, 5 * best)) > array(table_loss(losses.hinge, best))
    assert array(table_loss(losses.wasserstein, 5 * best)) == pytest.approx(5 * -6 / 8)


def test_minimax_generator_is_log_one_minus_d():
    probability = 1 / (1 + np.exp(-FAKE.astype("float64")))
    assert array(losses.minimax.generator(FAKE)) == pytest.approx(np.mean(np.log(1 - probability)), rel=1e-5)


def test_nonsaturating_gradient_is_large_where_minimax_saturates():
    sure = np.array([-8.0], "float32")  # the discriminator knows a fake when it sees one
    minimax, other = (input_gradient(loss.generator, sure)[0] for loss in ALL[:2])
    d = 1 / (1 + np.exp(8.0))
    assert minimax == pytest.approx(-d, rel=1e-4)
    assert other == pytest.approx(-(1 - d), rel=1e-4)


@pytest.mark.parametrize(
    "mean, log_var, nats",
    [
        ([[0.0, 0.0]], [[0.0, 0.0]], 0.0),
        ([[1.0, -2.0]], [[0.0, 0.0]], 2.5),  # ½ (1 + 4)
        ([[0.0]], [[np.log(4.0)]], 0.5 * (3 - np.log(4.0))),
        ([[3.0]], [[-120.0]], 0.5 * (9 + 119)),  # the variance is 0 in float32
        ([[0.0]], [[1e-4]], 2.5e-9),  # ¼ (log σ²)², lost if exp(log σ²) − 1 is rounded first
    ],
)
def test_kl_divergence_hand_values(mean, log_var, nats):
    found = array(losses.kl_divergence(np.array(mean, "float32"), np.array(log_var, "float32")))
    assert found.shape == (1,) and found.dtype == np.float32
    assert found[0] == pytest.approx(nats, rel=1e-2, abs=1e-12)


def test_kl_divergence_equals_monte_carlo():
    rng = np.random.default_rng(0)
    mean, log_var = np.array([0.5, -1.0]), np.array([-1.0, 0.7])
    z = mean + np.exp(0.5 * log_var) * rng.normal(size=(200_000, 2))
    log_q = -0.5 * (log_var + (z - mean) ** 2 / np.exp(log_var))
    draws = np.sum(log_q + 0.5 * z**2, axis=1)
    exact = array(losses.kl_divergence(mean[None].astype("float32"), log_var[None].astype("float32")))[0]
    assert exact == pytest.approx(draws.mean(), abs=4 * draws.std() / np.sqrt(len(draws)))


def test_bernoulli_nll_hand_values():
    x = np.array([[[1.0, 0.0]], [[0.25, 1.0]]], "float32")
    logits = np.array([[[0.0, np.log(3.0)]], [[np.log(3.0), 200.0]]], "float32")
    # log 2 + log 4;  −¼ log ¾ − ¾ log ¼ + 0
    expected = [np.log(8.0), -0.25 * np.log(0.75) - 0.75 * np.log(0.25)]
    np.testing.assert_allclose(array(losses.bernoulli_nll(x, logits)), expected, rtol=1e-5)


def test_bernoulli_nll_sums_over_pixels_and_stays_finite():
    x = np.zeros((2, 28, 28, 1), "float32")
    np.testing.assert_allclose(array(losses.bernoulli_nll(x, x)), 784 * np.log(2), rtol=1e-5)
    np.testing.assert_allclose(array(losses.bernoulli_nll(x, x + 1e4)), 784e4, rtol=1e-5)
    np.testing.assert_allclose(array(losses.bernoulli_nll(x + 1, x + 1e4)), 0, atol=1e-3)
    gradient = input_gradient(lambda logits: losses.bernoulli_nll(x, logits), x + 1e4)
    np.testing.assert_allclose(gradient, 1.0)


def test_an_unknown_batch_size_is_no_difference():
    inputs = keras.Input((3,))
    assert not losses.shapes_differ(inputs, np.zeros((7, 3)))
    assert losses.shapes_differ(inputs, np.zeros((7, 4))) and losses.shapes_differ(np.zeros(3), np.zeros((3, 1)))


@pytest.mark.parametrize("loss", [losses.kl_divergence, losses.bernoulli_nll])
def test_shapes_that_differ_are_refused(loss):
    with pytest.raises(ValueError, match=r"Found .* shape \(2, 4\).* shape \(2, 2, 2\).*expected one shape"):
        loss(np.zeros((2, 4), "float32"), np.zeros((2, 2, 2), "float32"))


def test_free_bits_by_hand():
    z_mean = np.array([[1.0, 0.0], [3.0, 0.0]], "float32")  # KLs of the axes at variance 1: (0.5 + 4.5) / 2 and 0
    zeros = np.zeros_like(z_mean)
    assert array(losses.free_bits(z_mean, zeros, 0.0)) == pytest.approx(2.5)
    assert array(losses.free_bits(z_mean, zeros, 0.7)) == pytest.approx(3.2)
    assert array(losses.free_bits(z_mean, zeros, 4.0)) == pytest.approx(8.0)
    total = array(losses.kl_divergence(z_mean, zeros)).mean()
    assert array(losses.free_bits(z_mean, zeros, 0.0)) == pytest.approx(total)


def test_free_bits_leave_quiet_axes_alone():
    z_mean = np.array([[1.0, 0.1], [3.0, -0.1]], "float32")
    slope = input_gradient(lambda m: losses.free_bits(m, ops.zeros_like(m), 0.7), z_mean)
    assert np.allclose(slope, [[0.5, 0.0], [1.5, 0.0]], atol=1e-6)


def test_domain_confusion_is_least_where_the_judge_is_unsure():
    logits = np.array([[-2.0], [0.0], [5.0]], "float32")
    by_hand = np.mean([0.5 * np.log1p(np.exp(x)) + 0.5 * np.log1p(np.exp(-x)) for x in (-2.0, 0.0, 5.0)])
    assert array(losses.domain_confusion(logits)) == pytest.approx(by_hand, rel=1e-5)
    assert array(losses.domain_confusion([0.0])) == pytest.approx(np.log(2))
    gradient = input_gradient(lambda x: losses.domain_confusion(x)[None], logits)
    assert gradient[0] < 0 == gradient[1] < gradient[2]  # down the loss is towards 0 from both sides


FEATURES = np.random.default_rng(4).normal(size=(7, 3)).astype("float32")
OTHERS = 1.5 * np.random.default_rng(5).normal(size=(4, 3)).astype("float32") + 0.5


def numpy_coral(a, b):
    return np.square(np.cov(a.T) - np.cov(b.T)).sum() / (4 * a.shape[1] ** 2)


def numpy_mmd(a, b, scales, middle=None):
    x = np.concatenate([a, b]).astype("float64")
    squares = np.square(x[:, None] - x[None]).sum(axis=-1)
    middle = squares.sum() / (len(x) * (len(x) - 1)) if middle is None else middle
    kernel = np.mean([np.exp(-squares / (scale * middle)) for scale in scales], axis=0)
    n = len(a)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


def test_coral_by_hand_and_by_covariances():
    # Variances 2 and 8, no covariance: (6² + 0) / (4 · 2²).
    a, b = np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[2.0, 7.0], [-2.0, 7.0]])
    assert array(losses.coral(a, b)) == pytest.approx(36 / 16)
    assert array(losses.coral(FEATURES, OTHERS)) == pytest.approx(numpy_coral(FEATURES, OTHERS), rel=1e-5)
    found = input_gradient(lambda x: losses.coral(x, OTHERS)[None], FEATURES)
    expected = central_differences(lambda x: numpy_coral(x, OTHERS.astype("float64")), FEATURES)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_mmd_by_hand_and_its_gradient_with_a_fixed_width():
    found = array(losses.mmd([[0.0]], [[1.0]], scales=(1.0, 0.5)))  # m = 1
    assert found == pytest.approx(2 - np.exp(-1) - np.exp(-2), rel=1e-5)
    scales = (0.5, 2.0)
    found = array(losses.mmd(FEATURES, OTHERS, scales))
    assert found == pytest.approx(numpy_mmd(FEATURES, OTHERS, scales), rel=1e-4)
    x = np.concatenate([FEATURES, OTHERS]).astype("float64")
    middle = np.square(x[:, None] - x[None]).sum() / (len(x) * (len(x) - 1))
    gradient = input_gradient(lambda x: losses.mmd(x, OTHERS, scales)[None], FEATURES)
    expected = central_differences(lambda x: numpy_mmd(x, OTHERS, scales, middle), FEATURES)
    np.testing.assert_allclose(gradient, expected, atol=1e-4)


def test_distances_of_features_are_zero_for_equal_sets_and_coral_does_not_see_means():
    order = np.random.default_rng(0).permutation(len(FEATURES))
    for distance in (losses.coral, losses.mmd):
        assert abs(float(array(distance(FEATURES, FEATURES[order])))) < 1e-6
        assert array(distance(FEATURES, OTHERS)) == pytest.approx(array(distance(OTHERS, FEATURES)), rel=1e-4)
    moved = FEATURES + 3.0
    assert abs(float(array(losses.coral(FEATURES, moved)))) < 1e-6 < float(array(losses.mmd(FEATURES, moved)))


@pytest.mark.parametrize("distance", [losses.coral, losses.mmd])
def test_features_that_are_no_rows_are_refused(distance):
    for other in (OTHERS[:, :2], OTHERS[0], OTHERS[:, :, None]):
        with pytest.raises(ValueError, match=r"expected \(N, F\) and \(M, F\); flatten"):
            distance(FEATURES, other)
