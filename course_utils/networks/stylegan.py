"""Networks of lecture 09, StyleGAN and StyleGAN2: functions that return plain Keras models.

    z ──mapping──▶ w ──synthesis──▶ image ──critic──▶ logit

The synthesis has two layers at each resolution, 4×4, 8×8, … up to the image's, and each layer has an
input w of its own: `styles` is (N, layers, d), as a rule one w repeated, and two of them where styles
are mixed. The noise of all layers is one input as well, (N, numbers), so that the networks draw nothing
themselves: the same inputs give the same image on every backend.

A network of twice the size shares all layers of the smaller one by name; `grow` copies them.
"""

import itertools
import math

from keras import Input, Model, layers, ops

from course_utils.builders import builder
from course_utils.layers.equalized import SQRT2, EqualizedConv2D, EqualizedDense
from course_utils.layers.growth import FadeIn
from course_utils.layers.initial import Normal
from course_utils.layers.modulated import ModulatedConv2D
from course_utils.layers.normalization import MinibatchStdDev, PixelNormalization
from course_utils.layers.resampling import BlurPooling2D, BlurUpSampling2D
from course_utils.layers.style import AdaIN, LearnedConstant, NoiseInjection, RunningMean

SMALLEST = 4  # pixels a side, where every synthesis begins


@builder()
def style_mapping(latent_dim=64, depth=4, lr_multiplier=0.01):
    """A draw of the prior, brought to length √d, through leaky layers to a style of the same length.

    Args:
        latent_dim: d, number of axes of z and of w; 512 in the paper.
        depth: number of layers; 8 in the paper.
        lr_multiplier: slows these layers down; 0.01 in the paper.

    Returns:
        keras.Model: z (N, latent_dim) -> w (N, latent_dim), any range. Its layer "mean" keeps the
        running mean of w.

    Source: Karras et al., A Style-Based Generator Architecture, 2019, section 2 and appendix C.
    """
    z = Input((latent_dim,), name="z")
    w = PixelNormalization()(z)
    for _ in range(depth):
        w = _leaky(_dense(w, latent_dim, lr_multiplier=lr_multiplier))
    return Model(z, RunningMean(name="mean")(w), name="mapping")


@builder()
def style_synthesis(size=32, channels=3, latent_dim=64, width=16, widest=64):
    """StyleGAN's generator of images: a learned constant, then at each resolution two styled layers.

        x ← constant 4×4                     x ← upsampled(conv(x))      x ← conv(x)
        x ← AdaIN(leaky(x + noise), w₀)      x ← AdaIN(…, w₂)            x ← AdaIN(…, w₃)

    A 1×1 convolution makes the pixels. A network above 4×4 also makes those of half the size and fades
    from them to its own: see `FadeIn`, whose layer is called "fade". Two things are not the paper's. The
    convolution comes before the upsampling, which is a quarter of the work; both are linear. And the
    constant starts as normal numbers instead of ones, which AdaIN would divide by their deviation, 0.

    Args:
        size: height and width of the images, a power of 2, at least 4.
        channels: 1 or 3.
        latent_dim: d.
        width: feature maps at 32×32; they double with each halving of the grid.
        widest: at most so many.

    Returns:
        keras.Model: [styles (N, layers, d), noise (N, numbers)] -> images (N, size, size, channels), not
        bounded: training brings them to [-1, 1]. How many: `style_layers(size)`, `noise_slices(size)`.

    Raises:
        ValueError: size is no power of 2, or below 4.

    Source: Karras et al., A Style-Based Generator Architecture, 2019, figure 1 and section 2.
    """
    inputs, style, noise = _inputs(size, latent_dim)
    old = None
    for side in _sides(size):
        filters = _filters(side, width, widest)
        if side == SMALLEST:
            x = LearnedConstant((side, side, filters), Normal(1.0), name="constant")(inputs[0])
        else:
            x = BlurUpSampling2D()(_conv(x, filters, 3, f"{side}_up"))
        x = _styled(x, style, noise, side, 0)
        x = _styled(_conv(x, filters, 3, f"{side}_conv"), style, noise, side, 1)
        if side in (size // 2, size):
            images = _conv(x, channels, 1, f"{side}_rgb", gain=1.0)
            if side == size and size > SMALLEST:
                images = FadeIn(name="fade")([BlurUpSampling2D()(old), images])
            old = images
    return Model(inputs, old, name="synthesis")


@builder()
def style_critic(size=32, channels=3, width=16, widest=64, group=4):
    """StyleGAN's critic: the synthesis in a mirror, without styles and noise, with minibatch deviation.

        x ← leaky(conv 1×1(image));  x ← leaky(conv(halved(leaky(conv(x)))))  down to 4×4

    A network above 4×4 also takes the image at half the size and fades from that way to its own.

    Args:
        size, channels, width, widest: as in `style_synthesis`.
        group: examples of one group of `MinibatchStdDev`; the batch is a multiple of it.

    Returns:
        keras.Model: images (N, size, size, channels) in [-1, 1] -> logits (N, 1).

    Raises:
        ValueError: size is no power of 2, or below 4.

    Source: Karras et al., Progressive Growing of GANs, 2018, table 2; the blur: Karras et al., 2019,
    section 2.
    """
    images = Input((size, size, channels), name="images")
    x = _leaky(_conv(images, _filters(size, width, widest), 1, f"{size}_rgb"))
    for side in reversed(_sides(size)[1:]):
        x = _leaky(_conv(x, _filters(side, width, widest), 3, f"{side}_conv"))
        below = _filters(side // 2, width, widest)
        x = _leaky(_conv(BlurPooling2D()(x), below, 3, f"{side}_down"))
        if side == size:
            old = _leaky(_conv(BlurPooling2D()(images), below, 1, f"{side // 2}_rgb"))
            x = FadeIn(name="fade")([old, x])
    return Model(images, _judged(x, widest, group), name="critic")


@builder()
def skip_synthesis(size=32, channels=3, latent_dim=64, width=16, widest=64):
    """StyleGAN2's generator: modulated convolutions, and pixels that are added up over the resolutions.

        x ← leaky(modulated conv(x, w) + noise + bias);   image ← upsampled(image) + modulated 1×1 conv(x, w)

    Every resolution has its say in the image from the beginning, so nothing has to be grown. At 4×4 there
    are two convolutions, one more than in the paper, so that layers are counted as in `style_synthesis`.

    Args, Returns, Raises: as `style_synthesis`; the network has no "fade".

    Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, figures 2(d) and 7(b).
    """
    inputs, style, noise = _inputs(size, latent_dim)
    images = None
    for side in _sides(size):
        filters = _filters(side, width, widest)
        if side == SMALLEST:
            x = LearnedConstant((side, side, filters), Normal(1.0), name="constant")(inputs[0])
        for place in (0, 1):
            x = _modulated(x, style(_layer(side, place)), filters, 3, f"{side}_conv{place}")
            x = BlurUpSampling2D()(x) if place == 0 and side > SMALLEST else x
            x = _leaky(_noisy(x, noise, side, place))
        pixels = _modulated(x, style(_layer(side, 1)), channels, 1, f"{side}_rgb", demodulate=False)
        images = pixels if images is None else layers.Add()([BlurUpSampling2D()(images), pixels])
    return Model(inputs, images, name="synthesis")


@builder()
def style_residual_critic(size=32, channels=3, width=16, widest=64, group=4):
    """StyleGAN2's critic: `style_critic` with a linear way past each pair of convolutions, and nothing to grow.

        x ← (leaky(conv(halved(leaky(conv(x))))) + conv 1×1(halved(x))) / √2

    Args, Returns, Raises: as `style_critic`; the network has no "fade".

    Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, figure 7(c).
    """
    images = Input((size, size, channels), name="images")
    x = _leaky(_conv(images, _filters(size, width, widest), 1, f"{size}_rgb"))
    for side in reversed(_sides(size)[1:]):
        below = _filters(side // 2, width, widest)
        past = _conv(BlurPooling2D()(x), below, 1, f"{side}_past", gain=1.0, use_bias=False)
        x = _leaky(_conv(x, _filters(side, width, widest), 3, f"{side}_conv"))
        x = _leaky(_conv(BlurPooling2D()(x), below, 3, f"{side}_down"))
        x = layers.Rescaling(1 / math.sqrt(2))(layers.Add()([x, past]))
    return Model(images, _judged(x, widest, group), name="critic")


def grow(small, large):
    """Copies into a network all layers that it shares with one of half its size, and sets its fade to 0.

    Then the large synthesis makes the images of the small one, upsampled; and the large critic judges as
    the small one judges the halved image. (Both exactly where the small network's own fade is 1.)

    Args:
        small, large: networks of `style_synthesis`, or of `style_critic`, of sizes s and 2 s.

    Raises:
        ValueError: the networks share no layer with weights.
    """
    known = {layer.name: layer for layer in small.layers if layer.weights and layer.name != "fade"}
    shared = [layer for layer in large.layers if layer.name in known]
    if not shared:
        raise ValueError(
            f"Found no common layer in {small.name!r} and {large.name!r}, expected networks of one kind, the "
            "second of twice the size; build both by the same function."
        )
    for layer in shared:
        layer.set_weights(known[layer.name].get_weights())
    large.get_layer("fade").fade.assign(0.0)


def style_layers(size):
    """How many layers of a synthesis take a style: two a resolution, so 8 for 32×32 pixels."""
    return 2 * len(_sides(size))


def noise_slices(size):
    """Where each layer's noise lies in the input `noise` of a synthesis.

    Args:
        size: height and width of the images.

    Returns:
        list of slices, one a layer; the last one's `stop` is how many numbers an image takes.
    """
    ends = [0]
    for side in _sides(size):
        ends += [ends[-1] + side**2, ends[-1] + 2 * side**2]
    return [slice(*pair) for pair in itertools.pairwise(ends)]


def _sides(size):
    sides = [SMALLEST]
    while sides[-1] < size:
        sides.append(2 * sides[-1])
    if sides[-1] != size:
        raise ValueError(f"Found images of {size}×{size} pixels, expected 4, 8, 16, 32, … a side; pad or resize them.")
    return sides


def _filters(side, width, widest):
    return min(widest, max(1, width * 32 // side))


def _layer(side, place):
    """The number of a layer: 0 and 1 at 4×4, 2 and 3 at 8×8, …"""
    return 2 * (len(_sides(side)) - 1) + place


def _inputs(size, latent_dim):
    """The two inputs of a synthesis, and functions that give the style and the noise of a layer."""
    slices = noise_slices(size)
    styles = Input((len(slices), latent_dim), name="styles")
    numbers = Input((slices[-1].stop,), name="noise")

    def style(layer):
        return styles[:, layer]  # (N, d)

    def noise(layer):
        part = slices[layer]
        side = math.isqrt(part.stop - part.start)
        return ops.reshape(numbers[:, part], (-1, side, side, 1))

    return [styles, numbers], style, noise


def _styled(x, style, noise, side, place):
    """Noise, leaky ReLU, AdaIN: what follows each convolution of StyleGAN."""
    layer = _layer(side, place)
    x = _leaky(_noisy(x, noise, side, place))
    return AdaIN(name=f"{side}_adain{place}")([x, style(layer)])


def _noisy(x, noise, side, place):
    return NoiseInjection(seed=0, name=f"{side}_noise{place}")(x, noise=noise(_layer(side, place)))


def _judged(x, widest, group):
    """The end of a critic: (N, 4, 4, C) -> logits (N, 1)."""
    x = MinibatchStdDev(group)(x)
    x = _leaky(_conv(x, widest, 3, "4_conv"))
    x = _leaky(_dense(layers.Flatten()(x), widest, name="4_dense"))
    return _dense(x, 1, gain=1.0, name="logit")


def _conv(x, filters, kernel_size, name, gain=SQRT2, use_bias=True):
    return EqualizedConv2D(
        filters, kernel_size, padding="same", gain=gain, use_bias=use_bias, kernel_initializer=Normal(1.0), name=name
    )(x)


def _modulated(x, style, filters, kernel_size, name, demodulate=True):
    layer = ModulatedConv2D(filters, kernel_size, demodulate, kernel_initializer=Normal(1.0), name=name)
    return layer([x, style])


def _dense(x, units, gain=SQRT2, lr_multiplier=1.0, name=None):
    draw = Normal(1.0 / lr_multiplier)
    return EqualizedDense(units, gain=gain, lr_multiplier=lr_multiplier, kernel_initializer=draw, name=name)(x)


def _leaky(x):
    return layers.LeakyReLU(negative_slope=0.2)(x)
