"""Networks of lectures 06 and 07 that are harder to train than a DCGAN: without norm, of constant width, very deep.

The rest of these lectures' networks are those of `networks.gan`.
"""

import keras
from keras import layers
from keras.activations import relu

from course_utils.builders import builder
from course_utils.layers.initial import conv2d, dense
from course_utils.networks.gan import IMAGE_SHAPE, bottleneck, doublings, nearest


@builder()
def constant_generator(latent_dim=64, width=16, image_shape=IMAGE_SHAPE):
    """A convolutional generator without batch norm and with equally many filters in every layer.

    28×28 starts from 7×7 and doubles twice, as in `dcgan_generator`.

    Args:
        latent_dim: number of latent axes.
        width: channels of every layer but the last.
        image_shape: (height, width, channels), height and width even.

    Returns:
        keras.Model: latents (N, latent_dim) -> images (N, H, W, C) in [-1, 1].

    Raises:
        ValueError: height or width is odd.

    Source: Arjovsky et al., 2017, section 4.3 and figure 6; nearest upsampling after Odena et al., 2016.
    """
    z, x, count = _start(latent_dim, width, image_shape)
    for _ in range(count):
        x = layers.Activation(relu)(x)
        x = nearest(x, width, use_bias=True)
    return _finish(z, x, image_shape)


@builder()
def residual_generator(latent_dim=64, blocks=(3, 3, 3), width=4, image_shape=IMAGE_SHAPE):
    """A deep residual generator of pre-activation bottlenecks, the mirror image of `residual_critic`.

    A fully connected layer, then one stage of blocks for each resolution, from a quarter of the image's up to its
    own, then a convolution that makes the pixels: 2 + 3·sum(blocks) weighted layers in a row, without norm.

    Args:
        latent_dim: number of latent axes.
        blocks: number of blocks of each stage, one stage more than the image can be halved.
        width: channels inside the bottlenecks of the last stage; a stage before has twice as many.
        image_shape: (height, width, channels), height and width even.

    Returns:
        keras.Model: latents (N, latent_dim) -> images (N, H, W, C) in [-1, 1].

    Raises:
        ValueError: height or width is odd.

    Source: He et al., 2016, "Identity mappings", figure 1; as a generator Gulrajani et al., 2017, section 4.2.
    """
    wide = width << (len(blocks) - 1)
    z, x, _ = _start(latent_dim, 4 * wide, image_shape)
    for stage, count in enumerate(blocks):
        x = layers.UpSampling2D(2, interpolation="nearest")(x) if stage else x
        for _ in range(count):
            x = bottleneck(x, wide >> stage, relu, None, 1 / sum(blocks))
    return _finish(z, x, image_shape)


def _start(latent_dim, channels, image_shape):
    """Returns the latent, the smallest grid made from it, and how often that has to be doubled."""
    count = doublings(*image_shape[:2])
    rows, columns = image_shape[0] >> count, image_shape[1] >> count
    z = keras.Input((latent_dim,), name="z")
    x = dense(rows * columns * channels)(z)
    return z, layers.Reshape((rows, columns, channels))(x), count


def _finish(z, x, image_shape):
    x = layers.Activation(relu)(x)
    images = conv2d(image_shape[-1], 3, padding="same", activation="tanh", name="images")(x)
    return keras.Model(z, images, name="generator")
