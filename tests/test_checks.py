"""Each check returns what is right, and says what was found, what was expected, and the fix."""

import numpy as np
import pytest

from course_utils import checks


def good_images(n=4, channels=1):
    return np.linspace(-1, 1, n * 16 * channels, dtype="float32").reshape(n, 4, 4, channels)


def refused(kind, call, *parts):
    """The error is of the kind, is one sentence, and contains every part."""
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert message.endswith((".", "?")) and "\n" not in message and "expected" in message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_good_images_come_back_unchanged(dtype):
    x = good_images().astype(dtype)
    assert checks.images(x, channels=1) is x
    unit = (x + 1) / 2
    assert checks.images(unit, low=0.0) is unit
    assert checks.images(np.zeros_like(x)) is not None  # constant: mid grey, no forgotten scaling


def test_images_may_pass_the_range_by_rounding_only():
    x = good_images()
    checks.images(x * 1.0009)
    refused(ValueError, lambda: checks.images(x * 1.002), "1.002")


@pytest.mark.parametrize(
    "kind, change, parts",
    [
        (ValueError, lambda x: (x + 1) * 127.5, ("0 to 255", "[-1, 1]", "images / 127.5 - 1")),
        (ValueError, lambda x: (x + 1) / 2, ("0 to 1,", "[-1, 1]", "images * 2 - 1")),
        (ValueError, lambda x: x * 7, ("-7 to 7", "rescale")),
        (TypeError, lambda x: x.astype("uint8"), ("uint8", "data.scale(images)")),
        (TypeError, lambda x: x.astype("float16"), ("float16", "astype('float32')")),
        (TypeError, lambda x: x.astype("int64"), ("int64", "astype('float32')")),
        (TypeError, lambda x: [["a"]], ("<U1",)),
        (ValueError, lambda x: x[0], ("(4, 4, 1)", "images[None]")),
        (ValueError, lambda x: x[..., 0], ("(4, 4, 4)", "images[..., None]")),
        (ValueError, lambda x: x.reshape(4, -1), ("(4, 16)", "channels last")),
        (ValueError, lambda x: x[:0], ("(0, 4, 4, 1)", "no image")),
        (ValueError, lambda x: np.moveaxis(x, -1, 1), ("(4, 1, 4, 4)", "moveaxis")),
    ],
)
def test_wrong_images(kind, change, parts):
    refused(kind, lambda: checks.images(change(good_images()), name="batch"), "batch", *parts)


def test_the_fix_for_a_range_is_right():
    x = good_images()
    checks.images((x + 1) * 127.5 / 127.5 - 1)
    checks.images((x + 1) / 2 * 2 - 1)
    refused(ValueError, lambda: checks.images(x, low=0.0), "use (images + 1) / 2")
    refused(ValueError, lambda: checks.images((x + 1) * 127.5, low=0.0), "use images / 255 for")


def test_number_of_channels():
    refused(ValueError, lambda: checks.images(good_images(channels=3), channels=1), "3 channels")
    first = np.moveaxis(good_images(channels=3), -1, 1)
    refused(ValueError, lambda: checks.images(first, channels=3), "moveaxis")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_images_that_are_not_finite_are_named_by_index(value):
    x = np.tile(good_images(), (3, 1, 1, 1))
    x[[2, 7], 1, 1, 0] = value
    refused(ValueError, lambda: checks.images(x), "2 NaN or infinite", "indices 2, 7")


def test_finite_is_not_fooled_by_an_overflowing_sum():
    x = np.full((4, 2), 3e38, "float32")
    assert checks.finite(x, "x") is x
    refused(ValueError, lambda: checks.finite(np.array([[1.0], [np.nan]]), "x"), "indices 1")
    refused(ValueError, lambda: checks.finite(np.full((9, 1), np.nan), "x"), "0, 1, 2, 3, 4, …")
    mixed = np.array([[np.inf], [-np.inf]])
    refused(ValueError, lambda: checks.finite(mixed, "x"), "indices 0, 1")


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_good_labels(dtype):
    y = np.arange(10).astype(dtype)
    assert checks.labels(y, 10) is y


@pytest.mark.parametrize(
    "kind, y, parts",
    [
        (ValueError, [0, 10, 3], ("10 at index 1", "0 to 9", "11 classes")),
        (ValueError, [0, 1, -1], ("-1 at index 2", "0 to 9")),
        (TypeError, [0.0, 1.0], ("float64", "astype('int64')")),
        (TypeError, [True, False], ("bool",)),
        (ValueError, np.eye(10), ("(10, 10)", "argmax")),
        (ValueError, [[1], [2]], ("(2, 1)", "[:, 0]")),
        (ValueError, np.zeros(0, "int64"), ("empty",)),
        (ValueError, 3, ("()",)),
    ],
)
def test_wrong_labels(kind, y, parts):
    refused(kind, lambda: checks.labels(y, 10, name="digits"), "digits", *parts)


def test_same_length():
    assert checks.same_length(x=np.zeros((3, 2)), y=[1, 2, 3]) == 3
    refused(ValueError, lambda: checks.same_length(x=[1], y=[1, 2]), "x 1, y 2")


def test_one_of():
    names = ("mnist", "fashion_mnist", "cifar10")
    assert checks.one_of("mnist", names, "data set") == "mnist"
    refused(ValueError, lambda: checks.one_of("minst", names, "data set"), "did you mean 'mnist'?")
    refused(ValueError, lambda: checks.one_of("CIFAR10", names, "data set"), "'cifar10'?")
    refused(ValueError, lambda: checks.one_of("zzz", names, "set"), "'mnist', ", " or 'cifar10'")
    refused(ValueError, lambda: checks.one_of(None, names, "data set"), "None")
