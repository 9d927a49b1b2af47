import keras
import numpy as np
import pytest
from keras import ops

from course_utils import layers, penalties
from tests.numeric import array, central_differences, gradients

RNG = np.random.default_rng(3)
X = RNG.normal(size=(4, 4, 4, 1)).astype("float32")
Y = RNG.normal(size=(4, 4, 4, 1)).astype("float32")


def seed():
    return keras.random.SeedGenerator(11)


def slopes(*norms):
    """A critic without bias or bend: example i has slope norms[i] everywhere."""
    direction = ops.full((4, 4, 1), 0.25, dtype="float32")  # norm 1
    per_example = ops.convert_to_tensor(np.array(norms, "float32"))
    return lambda x: per_example * ops.sum(x * direction, axis=(1, 2, 3))


@pytest.mark.parametrize("output", ["(N,)", "(N, 1)", "patches"])
def test_gradient_penalty_of_a_linear_critic(output):
    linear = slopes(4.0, 1.0, 0.5, 3.0)
    critic = {
        "(N,)": linear,
        "(N, 1)": lambda x: linear(x)[:, None],
        "patches": lambda x: ops.stack([0.25 * linear(x), 0.75 * linear(x)], axis=1),
    }[output]
    two_sided = array(penalties.gradient_penalty(critic, X, Y, seed()))
    one_sided = array(penalties.gradient_penalty(critic, X, Y, seed(), one_sided=True))
    assert two_sided == pytest.approx((9 + 0 + 0.25 + 4) / 4, rel=1e-5)
    assert one_sided == pytest.approx((9 + 0 + 0 + 4) / 4, rel=1e-5)


def test_r1_and_dragan_of_a_linear_critic():
    critic = slopes(4.0, 1.0, 0.5, 3.0)
    assert array(penalties.r1(critic, X)) == pytest.approx(0.5 * (16 + 1 + 0.25 + 9) / 4, rel=1e-5)
    assert array(penalties.dragan(critic, X, seed())) == pytest.approx((9 + 0 + 0.25 + 4) / 4, rel=1e-5)


def test_r1_of_a_quadratic_critic():
    # f = ½ ‖x‖² has gradient x
    found = array(penalties.r1(lambda x: 0.5 * ops.sum(ops.square(x), axis=(1, 2, 3)), X))
    assert found == pytest.approx(0.5 * np.mean(np.sum(X**2, axis=(1, 2, 3))), rel=1e-5)


def test_gradient_penalty_looks_between_real_and_fake_with_one_number_per_example():
    seen = []

    def critic(x):
        seen.append(array(x))
        return ops.sum(x, axis=(1, 2, 3))

    penalties.gradient_penalty(critic, X, Y, 5)
    epsilon = (seen[-1] - Y) / (X - Y)  # (4, 4, 4, 1)
    per_example = epsilon.reshape(4, -1)
    np.testing.assert_allclose(per_example, per_example[:, :1] * np.ones((1, 16)), atol=1e-3)
    assert len(np.unique(per_example[:, 0].round(3))) == 4
    assert np.all((per_example >= -1e-3) & (per_example <= 1 + 1e-3))


def test_dragan_looks_around_the_real_examples():
    seen = []

    def critic(x):
        seen.append(array(x))
        return ops.sum(x, axis=(1, 2, 3))

    wide = np.tile(X, (64, 1, 1, 1))
    penalties.dragan(critic, wide, seed())
    assert np.std(seen[-1] - wide) == pytest.approx(0.5 * np.std(wide), rel=0.05)


def test_a_flat_critic_has_a_finite_penalty_and_gradient():
    weight = keras.Variable(np.zeros((16, 1), "float32"))

    def penalty():
        return penalties.gradient_penalty(lambda x: ops.matmul(ops.reshape(x, (-1, 16)), weight), X, Y, seed())

    assert array(penalty()) == pytest.approx(1.0, abs=1e-4)
    assert np.all(np.isfinite(gradients(penalty, [weight])[0]))


# A critic small enough to be written again in NumPy: upsample, blur, convolve, bend, sum.


def numpy_critic(x, kernel, head):
    x = np.repeat(np.repeat(x, 2, axis=1), 2, axis=2)  # (N, 8, 8, 1)
    for axis in (1, 2):
        padded = np.pad(x, [(1, 1) if a == axis else (0, 0) for a in range(4)], mode="edge")
        before, here, after = (np.take(padded, np.arange(8) + k, axis=axis) for k in range(3))
        x = (before + 2 * here + after) / 4
    patches = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))  # (N, 6, 6, 1, 3, 3)
    hidden = np.tanh(np.einsum("nhwcij,ijco->nhwo", patches, kernel))  # (N, 6, 6, 2)
    return np.einsum("nhwo,o->n", hidden, head)


def numpy_slopes(x, kernel, head, step=1e-5):
    squared = np.zeros(len(x))
    for index in np.ndindex(*x.shape[1:]):  # the examples do not meet, so one step serves them all
        change = np.zeros_like(x)
        change[(slice(None), *index)] = step
        rise = numpy_critic(x + change, kernel, head) - numpy_critic(x - change, kernel, head)
        squared += (rise / (2 * step)) ** 2
    return np.sqrt(squared)


def keras_critic(kernel, head):
    """The same critic; returns the model and its two variables."""
    convolution = keras.layers.Conv2D(2, 3, use_bias=False, activation="tanh")
    dense = keras.layers.Dense(1, use_bias=False)
    x = keras.Input((4, 4, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(convolution(layers.BlurUpSampling2D()(x)))
    model = keras.Model(x, 36.0 * dense(pooled))
    model.set_weights([kernel, head[:, None]])
    return model, model.trainable_variables


KERNEL = 0.5 * RNG.normal(size=(3, 3, 1, 2))
HEAD = np.array([0.7, -0.4])


def test_the_two_critics_are_one():
    model, _ = keras_critic(KERNEL, HEAD)
    found = array(model(X))[:, 0]
    np.testing.assert_allclose(found, numpy_critic(X.astype("float64"), KERNEL, HEAD), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "penalty, of_slopes",
    [
        # With real = fake the point between them is known.
        (lambda f: penalties.gradient_penalty(f, X, X, seed()), lambda s: np.mean((s - 1) ** 2)),
        (
            lambda f: penalties.gradient_penalty(f, X, X, seed(), one_sided=True),
            lambda s: np.mean(np.maximum(s - 1, 0) ** 2),
        ),
        (lambda f: penalties.r1(f, X), lambda s: 0.5 * np.mean(s**2)),
    ],
    ids=["two-sided", "one-sided", "r1"],
)
def test_second_derivatives_equal_central_differences(penalty, of_slopes):
    model, variables = keras_critic(KERNEL, HEAD)
    x = X.astype("float64")
    found = gradients(lambda: penalty(model), variables)
    assert array(penalty(model)) == pytest.approx(of_slopes(numpy_slopes(x, KERNEL, HEAD)), rel=1e-4)
    wrt_kernel = central_differences(lambda k: of_slopes(numpy_slopes(x, k, HEAD)), KERNEL, 1e-4)
    wrt_head = central_differences(lambda h: of_slopes(numpy_slopes(x, KERNEL, h)), HEAD, 1e-4)
    np.testing.assert_allclose(found[0], wrt_kernel, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found[1][:, 0], wrt_head, rtol=1e-3, atol=1e-4)


def test_the_penalty_differentiates_with_respect_to_the_fake_examples():
    fake = keras.Variable(Y)

    def penalty():
        critic = lambda x: ops.sum(x**3, axis=(1, 2, 3))  # noqa: E731
        return penalties.gradient_penalty(critic, X, fake, 5)

    assert np.abs(gradients(penalty, [fake])[0]).min() > 0


def critic_with(*parts):
    return keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(4, 3), *parts, keras.layers.Flatten()])


class Block(keras.layers.Layer):
    """Hides a layer from `Model.layers`."""

    def __init__(self, part):
        super().__init__()
        self.part = part

    def call(self, x):
        return self.part(x)


@pytest.mark.parametrize("nested", [False, True], ids=["plain", "nested"])
def test_batch_normalisation_is_refused_and_layer_normalisation_is_not(nested):
    wrap = Block if nested else lambda layer: layer
    bad = critic_with(wrap(keras.layers.BatchNormalization(name="culprit")))
    for penalty in (
        lambda f: penalties.gradient_penalty(f, X, Y, 1),
        lambda f: penalties.r1(f, X),
        lambda f: penalties.dragan(f, X, 1),
    ):
        with pytest.raises(ValueError, match="Found batch normalisation .'culprit'.*LayerNormalization"):
            penalty(bad)
        assert np.isfinite(array(penalty(critic_with(wrap(keras.layers.LayerNormalization())))))


PENALTIES = {
    "gradient_penalty": lambda f, x=X, y=Y: penalties.gradient_penalty(f, x, y, 1),
    "r1": lambda f, x=X, y=Y: penalties.r1(f, x),
    "dragan": lambda f, x=X, y=Y: penalties.dragan(f, x, 1),
}
INTERPOLATIONS = {
    "bilinear upsampling": lambda: keras.layers.UpSampling2D(2, interpolation="bilinear", name="culprit"),
    "bicubic upsampling": lambda: keras.layers.UpSampling2D(2, interpolation="bicubic", name="culprit"),
    "bilinear resizing": lambda: keras.layers.Resizing(3, 5, name="culprit"),
    "nearest resizing": lambda: keras.layers.Resizing(3, 5, interpolation="nearest", name="culprit"),
    "crop of what is too small": lambda: keras.layers.CenterCrop(7, 7, name="culprit"),
}


@pytest.mark.parametrize("nested", [False, True], ids=["plain", "nested"])
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("kind", INTERPOLATIONS)
def test_an_interpolation_is_refused_where_its_second_derivative_is_wrong(kind, penalty, nested):
    layer = INTERPOLATIONS[kind]()
    critic = critic_with(Block(layer) if nested else layer)
    if keras.backend.backend() == "tensorflow":
        with pytest.raises(ValueError, match="Found an interpolation .'culprit'.*TensorFlow.*BlurUpSampling2D"):
            PENALTIES[penalty](critic)
    else:
        assert np.isfinite(array(PENALTIES[penalty](critic)))


@pytest.mark.parametrize("penalty", PENALTIES)
def test_an_operation_that_interpolates_is_found_among_the_layers(penalty):
    inputs = keras.Input((4, 4, 1))
    resized = ops.image.resize(keras.layers.Conv2D(2, 3)(inputs), (5, 5))
    critic = keras.Model(inputs, keras.layers.Flatten()(resized))
    if keras.backend.backend() == "tensorflow":
        with pytest.raises(ValueError, match="Found an interpolation .*Resize"):
            PENALTIES[penalty](critic)
    else:
        assert np.isfinite(array(PENALTIES[penalty](critic)))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: keras.layers.UpSampling2D(2),
        lambda: keras.layers.AveragePooling2D(3, 2, padding="same"),
        lambda: keras.layers.Conv2DTranspose(2, 3, strides=2, activation="tanh"),
        lambda: keras.layers.DepthwiseConv2D(2, activation="tanh"),
        lambda: keras.layers.GroupNormalization(2),
        layers.Blur,
        layers.BlurPooling2D,
        layers.BlurUpSampling2D,
        lambda: keras.layers.UpSampling2D(2, interpolation="bilinear"),
        lambda: keras.layers.Resizing(5, 3),
    ],
)
def test_what_is_let_through_has_the_right_second_derivative(layer):
    """Against central differences of the penalty itself, along one direction in the space of the weights."""
    keras.utils.set_random_seed(2)
    inputs = keras.Input((4, 4, 1))
    hidden = layer()(keras.layers.Conv2D(4, 3, padding="same", activation="tanh")(inputs))
    hidden = keras.layers.Dense(5, activation="tanh")(keras.layers.Flatten()(hidden))
    critic = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    try:
        penalties.r1(critic, X)
    except ValueError as error:
        assert "TensorFlow" in str(error)
        return
    variables = critic.trainable_variables
    rng = np.random.default_rng(5)
    start, along = [array(v) for v in variables], [rng.normal(size=v.shape).astype("float32") for v in variables]
    slope = sum(float((g * d).sum()) for g, d in zip(gradients(lambda: penalties.r1(critic, X), variables), along))
    ends = []
    for step in (3e-3, -3e-3):
        for variable, value, direction in zip(variables, start, along):
            variable.assign(value + step * direction)
        ends.append(float(array(penalties.r1(critic, X))))
    assert slope == pytest.approx((ends[0] - ends[1]) / 6e-3, rel=0.02, abs=0.02)


def test_keras_own_spectral_normalisation_is_refused():
    layer = keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 2), name="culprit")
    for penalty in PENALTIES.values():
        with pytest.raises(ValueError, match="SpectralNormalization .'culprit'.*SpectralConv2D"):
            penalty(critic_with(layer))


@pytest.mark.parametrize("kind", ["uint8", "int32", "bool"])
def test_examples_of_whole_numbers_are_refused(kind):
    critic, whole = slopes(1, 1, 1, 1), (X > 0).astype(kind)
    for penalty in PENALTIES.values():
        with pytest.raises(TypeError, match=f"Found real examples of type {kind}, expected a float type; scale"):
            penalty(critic, whole, whole)
    with pytest.raises(TypeError, match=f"Found fake examples of type {kind}"):
        PENALTIES["gradient_penalty"](critic, X, whole)
    with pytest.raises(TypeError, match=f"of type {kind}, expected a float type"):
        penalties.slopes(critic_with(), whole)


def test_a_penalty_draws_no_dropout_and_moves_no_power_iteration():
    critic = critic_with(keras.layers.Dropout(0.5), layers.SpectralConv2D(4, 1))
    spectral = critic.layers[2]
    spectral._kernel.assign(RNG.normal(size=(1, 1, 4, 4)).astype("float32"))  # u is stale now
    before = array(spectral.u)
    values = [array(penalties.r1(critic, X)) for _ in range(2)]
    assert values[0] == values[1]
    np.testing.assert_array_equal(array(spectral.u), before)


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 4, 4, 1\).*\(3, 4, 4, 1\).*expected one shape"):
        penalties.gradient_penalty(slopes(1, 1, 1, 1), X, Y[:3], 1)


def test_orthogonal_by_hand():
    kernel = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    # WᵀW = [[10, 14], [14, 20]]
    assert array(penalties.orthogonal(kernel)) == 2 * 14**2
    assert array(penalties.orthogonal(kernel, off_diagonal=False)) == 9**2 + 2 * 14**2 + 19**2
    # 5 × the first column keeps its direction: only the strict form minds orthogonal columns of other lengths.
    lengths = np.array([[5.0, 0.0], [0.0, 1.0]], "float32")
    assert array(penalties.orthogonal(lengths)) == 0
    assert array(penalties.orthogonal(lengths, off_diagonal=False)) == 24**2


def test_orthogonal_takes_the_last_axis_of_a_convolution_as_columns():
    kernel = RNG.normal(size=(3, 3, 2, 4)).astype("float32")
    flat = kernel.reshape(-1, 4)
    for form in (True, False):
        assert array(penalties.orthogonal(kernel, form)) == pytest.approx(
            array(penalties.orthogonal(flat, form)), rel=1e-6
        )


def test_orthogonal_gradient_is_the_papers():
    kernel = keras.Variable(RNG.normal(size=(3, 2)).astype("float32"))
    w = array(kernel).astype("float64")
    gram = w.T @ w
    found = gradients(lambda: penalties.orthogonal(kernel), [kernel])[0]
    np.testing.assert_allclose(found, 4 * w @ (gram * (1 - np.eye(2))), rtol=1e-4)


def test_clip_constraint_acts_after_an_update():
    layer = keras.layers.Dense(2, kernel_constraint=penalties.ClipConstraint(0.01))
    layer.build((None, 3))
    optimizer = keras.optimizers.SGD(1.0)
    optimizer.build([layer.kernel])
    optimizer.apply([ops.convert_to_tensor(np.array([[5, -5], [5, -5], [0, 0]], "float32"))], [layer.kernel])
    found = array(layer.kernel)
    np.testing.assert_allclose(found[:2], [[-0.01, 0.01]] * 2, rtol=1e-6)
    assert np.abs(found).max() <= 0.0100001


def test_slopes_are_measured_example_by_example_however_they_are_grouped():
    critic = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    x = RNG.normal(size=(7, 3)).astype("float32")
    found = penalties.slopes(critic, x)
    assert found.shape == (7,)
    np.testing.assert_allclose(penalties.slopes(critic, x, chunk=3), found, rtol=1e-6)
    kernel, bias, head, _ = (w.astype("float64") for w in critic.get_weights())
    exact = (1 - np.tanh(x @ kernel + bias) ** 2) * head[:, 0] @ kernel.T  # (7, 3)
    np.testing.assert_allclose(found, np.linalg.norm(exact, axis=1), rtol=1e-4)


def test_clip_constraint_round_trips_and_refuses_nonsense():
    config = keras.constraints.serialize(penalties.ClipConstraint(0.25))
    assert keras.constraints.deserialize(config).c == 0.25
    with pytest.raises(ValueError, match="Found a clipping limit c = 0"):
        penalties.ClipConstraint(0)
