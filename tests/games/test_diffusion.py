"""Schedules and predictions by their limits and by algebra, the loss by hand, and denoisers whose answer is known."""

import keras
import numpy as np
import pytest
from keras import ops

from course_utils.game import Average
from course_utils.games import denoising, diffusion
from course_utils.games.diffusion import (
    PREDICTIONS,
    SCHEDULES,
    Diffusion,
    denoiser_of,
    estimates,
    exact_denoiser,
    level,
)
from course_utils.networks.diffusion import denoising_mlp
from tests.numeric import array

RNG = np.random.default_rng(5)
POINTS = RNG.normal(size=(64, 2)).astype("float32")
LABELS = RNG.integers(0, 3, 64)
EACH = pytest.mark.parametrize("name", SCHEDULES)


def game(classes=None, **arguments):
    keras.utils.set_random_seed(4)
    return Diffusion(denoising_mlp((2,), 16, 1, classes), **arguments)


def disturb(network, seed=0):
    """Gives a network weights under which its answer depends on everything; it is built to start at 0."""
    rng = np.random.default_rng(seed)
    network.set_weights([rng.normal(0, 0.3, w.shape).astype("float32") for w in network.get_weights()])
    return network


@EACH
def test_a_schedule_goes_from_data_to_noise_and_never_back(name):
    t = np.linspace(0, 1, 101, dtype="float32")
    alpha, sigma = map(array, SCHEDULES[name](t))
    assert alpha[0] > 0.999 and sigma[0] < 0.004 and alpha[-1] < 0.01 and sigma[-1] > 0.999
    assert (np.diff(alpha) < 0).all() and (np.diff(sigma) >= 0).all()


def test_the_variance_of_two_schedules_is_kept_and_the_third_is_a_straight_line():
    t = np.linspace(0, 1, 11, dtype="float32")
    for name in ("cosine", "linear"):
        alpha, sigma = map(array, SCHEDULES[name](t))
        np.testing.assert_allclose(alpha**2 + sigma**2, 1, atol=1e-6)
    np.testing.assert_allclose(np.stack(list(map(array, diffusion.straight(t)))), [1 - t, t], atol=1e-7)


def test_the_linear_schedule_is_ddpms_thousand_steps():
    beta = np.linspace(1e-4, 0.02, 1000)
    product = np.sqrt(np.cumprod(1 - beta))
    for step in (1, 10, 100, 500, 1000):
        assert level(diffusion.linear, step / 1000)[0] == pytest.approx(product[step - 1], rel=0.06)
    assert level(diffusion.linear, 0.5)[0] == pytest.approx(product[499], rel=0.01)


@pytest.mark.parametrize("prediction", PREDICTIONS)
@EACH
def test_from_the_right_answer_image_and_noise_are_found(name, prediction):
    x, epsilon = RNG.normal(size=(2, 5, 3))
    for t in (0.02, 0.3, 0.5, 0.97):
        alpha, sigma = level(SCHEDULES[name], t)
        a, b = PREDICTIONS[prediction](alpha, sigma)
        found = estimates(alpha * x + sigma * epsilon, a * x + b * epsilon, (a, b), alpha, sigma)
        np.testing.assert_allclose(found[0], x, atol=1e-8)
        np.testing.assert_allclose(found[1], epsilon, atol=1e-8)


def test_velocity_and_flow_are_the_derivatives_of_the_path():
    x, epsilon = RNG.normal(size=(2, 4))
    for schedule, prediction, speed in ((diffusion.cosine, diffusion.velocity, 0.996 * np.pi / 2),
                                        (diffusion.straight, diffusion.flow, 1.0)):  # fmt: skip
        before, after = (np.array(level(schedule, 0.4 + h)) for h in (-0.01, 0.01))
        slope = (after - before) / 0.02
        a, b = prediction(*level(schedule, 0.4))
        np.testing.assert_allclose(slope[0] * x + slope[1] * epsilon, speed * (a * x + b * epsilon), atol=2e-3)


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_an_untrained_network_pays_the_second_moment_of_what_it_is_asked_for(prediction):
    """It answers 0, so its loss is E (a x + b ε)² = a² E x² + b²: one number for each prediction."""
    made = game(prediction=PREDICTIONS[prediction])
    x = np.tile(POINTS, (400, 1))
    loss = float(array(made.denoiser_loss(ops.convert_to_tensor(x), training=False)))
    t = (np.arange(len(x)) + 0.5).astype("float32") / len(x)
    a, b = PREDICTIONS[prediction](*map(array, diffusion.cosine(t)))
    assert loss == pytest.approx(np.mean(np.square(a[:, None] * x)) + np.mean(np.square(b)), rel=0.02)


def test_labels_are_hidden_in_training_alone_and_as_often_as_asked():
    made = game(classes=3, drop=0.25)
    y = ops.convert_to_tensor(np.tile(LABELS, 100).astype("int32"))
    shown, whole = array(made.shown(y, True)), array(made.shown(y, False))
    np.testing.assert_array_equal(whole, np.eye(3)[np.tile(LABELS, 100)])
    hidden = shown.sum(1) == 0
    assert abs(hidden.mean() - 0.25) < 6 * np.sqrt(0.25 * 0.75 / len(shown))
    np.testing.assert_array_equal(shown[~hidden], whole[~hidden])


def test_a_played_game_learns_and_its_average_follows():
    average = denoising_mlp((2,), 16, 1, 3)
    made = game(classes=3)
    made = Diffusion(
        made.denoiser, averages=[Average(made.denoiser, average, 0.9)], optimizer=keras.optimizers.Adam(0.01)
    )
    made.compile()
    corners = 0.1 * POINTS + np.array([[1, 0], [0, 1], [-1, -1]], "float32")[LABELS]
    losses = made.fit(corners, LABELS, batch_size=32, epochs=8, steps_per_epoch=10, verbose=0).history["denoiser_loss"]
    assert losses[-1] < 0.9 * losses[0]
    samples = made.sample(5, seed=0, labels=[0, 1, 2, 0, 1], steps=3)
    assert samples.shape == (5, 2) and np.isfinite(samples).all()
    np.testing.assert_array_equal(samples, made.sample(5, seed=0, labels=[0, 1, 2, 0, 1], steps=3))
    assert np.abs(samples - made.sample(5, seed=0, steps=3)).max() > 1e-4, "the class makes no difference"


def test_guidance_draws_the_two_answers_apart():
    network = disturb(denoising_mlp((2,), 8, 1, 3))
    z, y = POINTS[:6], LABELS[:6]
    bare, asked, doubled, left_out = (
        denoiser_of(network, labels=labels, guidance=w)(z, 0.4) for labels, w in ((None, 1), (y, 1), (y, 2), (y, 0))
    )
    np.testing.assert_allclose(doubled, 2 * asked - bare, atol=1e-4)
    np.testing.assert_allclose(left_out, bare, atol=1e-6)
    assert np.abs(asked - bare).max() > 1e-3


def test_the_exact_denoiser_is_the_mean_under_the_posterior():
    members, z, t = POINTS[:5], 0.5 * POINTS[10:13], 0.6
    alpha, sigma = level(diffusion.cosine, t)
    weights = np.array([[np.exp(-np.sum((row - alpha * m) ** 2) / (2 * sigma**2)) for m in members] for row in z])
    expected = (weights / weights.sum(1, keepdims=True)) @ members
    np.testing.assert_allclose(exact_denoiser(members)(z, t), expected, atol=1e-5)
    far, near = exact_denoiser(members)(z, 1.0), exact_denoiser(members)(members, 0.0)
    np.testing.assert_allclose(far, np.tile(members.mean(0), (3, 1)), atol=0.02)  # all noise: the mean
    np.testing.assert_allclose(near, members, atol=1e-5)  # no noise: what was shown


def test_what_cannot_be_played_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="a share in"):
        game(drop=1.5)
    plain = game()
    with pytest.raises(ValueError, match="knows no classes"):
        plain.sample(2, seed=0, labels=[0, 1])
    with pytest.raises(ValueError, match="labels to be guided by"):
        game(classes=3).sample(2, seed=0, guidance=2.0)
    with pytest.raises(ValueError, match="0 to 2"):
        game(classes=3).sample(2, seed=0, labels=[0, 3])
    with pytest.raises(ValueError, match="steps is 0"):
        plain.sample(2, seed=0, steps=0)
    plain.compile()
    with pytest.raises(ValueError, match="NaN"):
        plain.fit(POINTS * np.nan, verbose=0)


def test_the_loss_of_equal_weights_and_noise_is_alike_on_every_backend():
    """A fixed network on fixed numbers: the value is pinned, so that each backend is compared with the same."""
    network = disturb(denoising_mlp((2,), 8, 2, 3))
    answer = denoiser_of(network, labels=LABELS[:4])(POINTS[:4], 0.3)
    z = denoising.ddim(
        denoiser_of(network, labels=LABELS[:4], guidance=1.5), POINTS[:4], denoising.grid(diffusion.cosine, 7)
    )
    np.testing.assert_allclose(answer, PINNED_ANSWER, atol=1e-4)
    np.testing.assert_allclose(z, PINNED_SAMPLES, atol=1e-4)


# Computed once, on TensorFlow.
PINNED_ANSWER = [
    [-1.0464888, -0.6632579],
    [-0.48497593, 0.95148987],
    [0.788785, 0.65233487],
    [-0.81010234, -0.21165204],
]
PINNED_SAMPLES = [[-1.6059719, 0.5927385], [-0.89195, 2.3165662], [0.25298956, 2.1318312], [-1.3409835, 0.98412967]]
