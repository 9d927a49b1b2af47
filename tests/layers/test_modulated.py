import numpy as np
from keras import ops

from course_utils.layers import ModulatedConv2D
from tests.numeric import array

RNG = np.random.default_rng(29)
X = RNG.normal(size=(3, 6, 6, 4)).astype("float32")
STYLE = RNG.normal(size=(3, 5)).astype("float32")


def by_hand(layer, x, style, demodulate=True):
    """Makes a kernel for each image, as the paper writes it, and convolves each image alone."""
    kernel, scale = array(layer.convolution.kernel), 1 + array(layer.affine(style))
    images = []
    for image, s in zip(x, scale):
        own = kernel * s[None, None, :, None]  # eq. (1)
        if demodulate:
            own = own / np.sqrt((own**2).sum(axis=(0, 1, 2)) + layer.epsilon)  # eq. (3)
        images.append(array(ops.conv(image[None], own, padding="same", data_format="channels_last"))[0])
    return np.stack(images) + array(layer.bias)


def test_scaling_channels_equals_a_kernel_for_each_image():
    for demodulate in (True, False):
        layer = ModulatedConv2D(7, 3, demodulate)
        layer.build([X.shape, STYLE.shape])
        layer.bias.assign(RNG.normal(size=7).astype("float32"))
        expected = by_hand(layer, X, STYLE, demodulate)
        np.testing.assert_allclose(array(layer([X, STYLE])), expected, rtol=1e-3, atol=1e-4)


def test_demodulation_forgets_the_size_of_kernel_and_style():
    layer = ModulatedConv2D(7, 3)
    first = array(layer([X, STYLE]))
    layer.convolution._kernel.assign(5 * array(layer.convolution._kernel))
    np.testing.assert_allclose(array(layer([X, STYLE])), first, rtol=1e-3, atol=1e-4)


def test_outputs_have_deviation_one_for_independent_inputs():
    x = RNG.normal(size=(3, 40, 40, 8)).astype("float32")
    y = array(ModulatedConv2D(6, 3)([x, 3 * STYLE]))[:, 1:-1, 1:-1]
    np.testing.assert_allclose(y.std(axis=(1, 2)), 1.0, rtol=0.15)


def test_it_does_not_look_at_other_pixels_statistics():
    """Unlike AdaIN: one bright spot changes its own neighbourhood and nothing else."""
    layer, spot = ModulatedConv2D(2, 3), X.copy()
    spot[:, 0, 0] += 100
    changed = np.abs(array(layer([spot, STYLE])) - array(layer([X, STYLE]))).max(axis=(0, 3)) > 1e-3
    assert changed[:2, :2].all() and changed.sum() == 4
