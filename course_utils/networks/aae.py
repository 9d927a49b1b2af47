"""Networks of the adversarial autoencoder: functions that return plain Keras models.

The encoder gives one code an image, not a distribution; the decoder gives the logits of the pixels; the
discriminator looks at codes and never at images. What is switched on and off is plain: `normalised`
puts batch norm behind the encoder's hidden layers, `noise` adds Gaussian noise to its input and `dropout`
drops hidden units, both in training only.
"""

import math

import keras
from keras import layers

from course_utils.builders import builder
from course_utils.layers.initial import dense

IMAGE_SHAPE = (28, 28, 1)


@builder(images=(0.0, 1.0))
def code_encoder(latent_dim=2, widths=(1000, 1000), image_shape=IMAGE_SHAPE, normalised=False, noise=0.0, dropout=0.0):
    """Hidden ReLU layers from an image to its code.

    Args:
        latent_dim: number of latent axes.
        widths: units of the hidden layers.
        image_shape: (height, width, channels).
        normalised: batch norm before each ReLU.
        noise: standard deviation of the noise on the pixels, ≥ 0.
        dropout: share of hidden units that are dropped, in [0, 1).

    Returns:
        keras.Model: images (N, H, W, C) in [0, 1] -> codes (N, latent_dim), any range.

    Source: Makhzani et al., 2015, appendix A: two hidden layers of 1000 ReLU units.
    """
    images, hidden = _hidden(widths, image_shape, normalised, noise, dropout)
    return keras.Model(images, dense(latent_dim, name="z")(hidden), name="encoder")


@builder(images=(0.0, 1.0))
def posterior_encoder(latent_dim=2, widths=(1000, 1000), image_shape=IMAGE_SHAPE):
    """`code_encoder` with a second head, so that it gives a Gaussian posterior: a VAE's encoder of the same layers.

    Returns:
        keras.Model: images (N, H, W, C) in [0, 1] -> [z_mean, z_log_var], each (N, latent_dim).
    """
    images, hidden = _hidden(widths, image_shape, False, 0.0, 0.0)
    heads = [dense(latent_dim, name="z_mean")(hidden), dense(latent_dim, name="z_log_var")(hidden)]
    return keras.Model(images, heads, name="encoder")


@builder(images=(0.0, 1.0))
def label_style_encoder(
    classes=10, latent_dim=10, widths=(1000, 1000), image_shape=IMAGE_SHAPE, normalised=False, noise=0.0, dropout=0.0
):
    """Hidden ReLU layers from an image to two heads: the logits of its label, and the rest, its style.

    Args:
        classes: number of labels.
        latent_dim, widths, image_shape, normalised, noise, dropout: as in `code_encoder`.

    Returns:
        keras.Model: images (N, H, W, C) in [0, 1] -> [logits (N, classes), styles (N, latent_dim)].

    Source: Makhzani et al., 2015, section 5 and figure 8.
    """
    images, hidden = _hidden(widths, image_shape, normalised, noise, dropout)
    heads = [dense(classes, name="label")(hidden), dense(latent_dim, name="style")(hidden)]
    return keras.Model(images, heads, name="encoder")


@builder()
def code_decoder(latent_dim=2, widths=(1000, 1000), image_shape=IMAGE_SHAPE):
    """Hidden ReLU layers from a code to the logits of the pixels. The arguments are those of `code_encoder`.

    Where a code has several parts (a label and a style), `latent_dim` is their length together, and the
    caller puts them side by side.

    Returns:
        keras.Model: codes (N, latent_dim) -> logits (N, H, W, C); their sigmoid is in [0, 1].
    """
    z = keras.Input((latent_dim,), name="z")
    hidden = _relu(z, widths)
    logits = dense(math.prod(image_shape), name="pixels")(hidden)
    return keras.Model(z, layers.Reshape(tuple(image_shape), name="logits")(logits), name="decoder")


@builder()
def code_discriminator(dim=2, widths=(1000, 1000)):
    """Hidden ReLU layers from a code to one logit: was it drawn from the prior?

    Args:
        dim: length of what it sees: the code, and a one-hot label beside it in a conditional game.
        widths: units of the hidden layers.

    Returns:
        keras.Model: codes (N, dim) -> logits (N, 1).

    Source: Makhzani et al., 2015, appendix A.
    """
    codes = keras.Input((dim,), name="codes")
    return keras.Model(codes, dense(1, name="logit")(_relu(codes, widths)), name="discriminator")


def _hidden(widths, image_shape, normalised, noise, dropout):
    """The input of an encoder and its last hidden layer."""
    images = keras.Input(tuple(image_shape), name="images")
    hidden = layers.Flatten()(images)
    hidden = layers.GaussianNoise(noise)(hidden) if noise else hidden
    return images, _relu(hidden, widths, normalised, dropout)


def _relu(hidden, widths, normalised=False, dropout=0.0):
    for width in widths:
        hidden = dense(width, use_bias=not normalised)(hidden)
        hidden = layers.BatchNormalization(momentum=0.9)(hidden) if normalised else hidden
        hidden = layers.Activation("relu")(hidden)
        hidden = layers.Dropout(dropout)(hidden) if dropout else hidden
    return hidden
