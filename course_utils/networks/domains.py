"""Networks of lecture 12: a reader of digits in two parts, a judge of domains, and CoGAN's pairs.

What is aligned is the features between the two parts of the reader: encoder -> features -> classifier.
"""

import math

import keras
from keras import layers

from course_utils.builders import builder
from course_utils.layers.initial import conv2d, dense

IMAGE_SHAPE = (16, 16, 1)


@builder()
def digit_encoder(image_shape=IMAGE_SHAPE, width=16, features=128, dropout=0.5):
    """LeNet's order of layers, with batch norm: two convolutions with pooling, and a dense layer.

    Args:
        image_shape: (height, width, channels), height and width multiples of 4.
        width: channels of the first convolution; the second has twice as many.
        features: F, units of the dense layer.
        dropout: share of the dense layer's inputs that is dropped in training, in [0, 1).

    Returns:
        keras.Model: images (N, H, W, C) in [-1, 1] -> features (N, F), ≥ 0.

    Source: LeCun et al., 1998, section II.B; for digits of two domains: Tzeng et al., 2017, section 5.1.
    """
    images = keras.Input(tuple(image_shape), name="images")
    x = images
    for filters in (width, 2 * width):
        x = conv2d(filters, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D()(x)  # (N, H/2, W/2, width), then (N, H/4, W/4, 2 width)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x) if dropout else x
    x = layers.BatchNormalization(momentum=0.9)(dense(features, use_bias=False)(x))
    return keras.Model(images, layers.Activation("relu", name="features")(x), name="encoder")


@builder()
def digit_classifier(features=128, classes=10):
    """One linear layer from features to the logits of the classes.

    Returns:
        keras.Model: features (N, F) -> logits (N, classes).
    """
    inputs = keras.Input((features,), name="features")
    return keras.Model(inputs, dense(classes, name="logits")(inputs), name="classifier")


@builder()
def domain_discriminator(features=128, widths=(500, 500)):
    """Leaky ReLU layers from features to one logit: positive for the source, negative for the target.

    Args:
        features: F.
        widths: units of the hidden layers.

    Returns:
        keras.Model: features (N, F) -> logits (N, 1).

    Source: Tzeng et al., 2017, section 5.1: two hidden layers of 500 units.
    """
    inputs = keras.Input((features,), name="features")
    x = inputs
    for units in widths:
        x = layers.LeakyReLU(0.2)(dense(units)(x))
    return keras.Model(inputs, dense(1, name="logit")(x), name="discriminator")


@builder()
def paired_generator(latent_dim=32, image_shapes=(IMAGE_SHAPE, IMAGE_SHAPE), width=32, tied=True):
    """Two generators whose first, deep layers are one: what is drawn is shared, how it looks is not.

        z -> shared -> own end a -> image a
                    -> own end b -> image b

    Args:
        latent_dim: d.
        image_shapes: two of (height, width, channels), heights and widths alike and multiples of 4.
        width: channels at half the resolution.
        tied: False gives each its own deep layers: the control.

    Returns:
        keras.Model: z (N, d) -> [images a, images b] in [-1, 1]. Its part "shared" is the tied layers; untied there
        are "shared_a" and "shared_b".

    Source: Liu and Tuzel, Coupled Generative Adversarial Networks, 2016, section 3; upsampling by repetition and
    convolution as in the other lectures.
    """
    z = keras.Input((latent_dim,), name="z")
    trunks = _parts(tied, lambda name: _trunk(latent_dim, image_shapes[0], width, name))
    images = []
    for which, trunk, shape in zip("ab", trunks, image_shapes):
        x = layers.UpSampling2D()(trunk(z))
        x = conv2d(width // 2, 3, padding="same", use_bias=False)(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
        images.append(conv2d(shape[-1], 3, padding="same", activation="tanh", name=f"images_{which}")(x))
    return keras.Model(z, images, name="generator")


@builder()
def paired_critic(image_shapes=(IMAGE_SHAPE, IMAGE_SHAPE), width=32, tied=True):
    """Two critics whose last, deep layers are one; the mirror image of `paired_generator`.

    Args:
        image_shapes, width, tied: as there.

    Returns:
        keras.Model: [images a, images b] -> [logits a (N, 1), logits b (N, 1)].
    """
    inputs = [keras.Input(tuple(shape), name=f"images_{which}") for which, shape in zip("ab", image_shapes)]
    height, breadth = image_shapes[0][:2]
    heads = _parts(tied, lambda name: _head((height // 2, breadth // 2, width), width, name))
    logits = []
    for images, head in zip(inputs, heads):
        x = layers.LeakyReLU(0.2)(conv2d(width, 3, strides=2, padding="same")(images))  # (N, H/2, W/2, width)
        logits.append(head(x))
    return keras.Model(inputs, logits, name="critic")


def _parts(tied, make):
    """Returns the two deep parts: one network twice, or two networks."""
    return [make("shared")] * 2 if tied else [make("shared_a"), make("shared_b")]


def _trunk(latent_dim, image_shape, width, name):
    """z (N, d) -> (N, H/2, W/2, width)."""
    height, breadth = image_shape[0] // 4, image_shape[1] // 4
    z = keras.Input((latent_dim,))
    x = dense(math.prod((height, breadth, 2 * width)), use_bias=False)(z)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.UpSampling2D()(layers.Reshape((height, breadth, 2 * width))(x))
    x = conv2d(width, 3, padding="same", use_bias=False)(x)
    x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    return keras.Model(z, x, name=name)


def _head(shape, width, name):
    """(N, H/2, W/2, width) -> logits (N, 1)."""
    inputs = keras.Input(shape)
    x = layers.LeakyReLU(0.2)(conv2d(2 * width, 3, strides=2, padding="same")(inputs))
    x = layers.LeakyReLU(0.2)(dense(4 * width)(layers.Flatten()(x)))
    return keras.Model(inputs, dense(1)(x), name=name)
