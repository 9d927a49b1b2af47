"""Class-conditional generator and critic of lecture 08: functions that return plain Keras models.

Both see an image's label. The generator's label chooses the gains and biases of its batch norms; the
critic's label picks the direction in which an image's features have to point.

    z, label ──G──▶ image            image, label ──f──▶ logit

What the lecture's ladder adds one by one are arguments: `widths`, `shared`, `skip_z`, `attention`,
`spectral`. The published 32-pixel recipe for CIFAR-10 is `CIFAR_GENERATOR` and `CIFAR_CRITIC`.
"""

import functools

import keras
from keras import layers, ops

from course_utils.builders import builder
from course_utils.layers import (
    ConditionalBatchNormalization,
    SelfAttention2D,
    SpectralConv2D,
    SpectralDense,
    SpectralEmbedding,
)
from course_utils.layers.initial import orthogonal

IMAGE_SHAPE = (28, 28, 1)
MOMENTUM = 0.9  # batch-norm averages that follow within tens of iterations, so that short runs can be looked at

# The program of the paper's first author for CIFAR-10 (256 channels, no attention, a table of gains for each
# norm, z at the bottom only); weights start from `initial.Normal(0.02)`.
CIFAR_GENERATOR = {
    "latent_dim": 128, "widths": (256, 256, 256), "image_shape": (32, 32, 3),
    "shared": False, "skip_z": False, "attention": None,
}  # fmt: skip
CIFAR_CRITIC = {"widths": (256, 256, 256, 256), "halvings": 2, "image_shape": (32, 32, 3), "attention": None}


@builder()
def biggan_generator(
    latent_dim=60,
    classes=10,
    widths=(64, 32),
    image_shape=IMAGE_SHAPE,
    class_dim=32,
    shared=True,
    skip_z=True,
    attention=14,
    spectral=True,
    initializer=orthogonal,
):
    """A generator of images of a wanted class.

    A small grid is doubled by residual blocks until it is an image. Each batch norm in a block takes gain and
    bias from a condition: the class, and with skip-z a part of z of the block's own,

        c₀ = z₀,   cₖ = [e(label), zₖ],   z = [z₀, z₁, …]

    Args:
        latent_dim: number of latent axes; with skip_z a multiple of len(widths) + 1.
        classes: number of classes.
        widths: channels of each block; each doubles the grid, and the first grid has widths[0] channels.
        image_shape: (height, width, channels), sides divisible by 2^len(widths).
        class_dim: length of the shared embedding e.
        shared: one learned embedding of the classes, which every norm maps linearly to gains and biases;
            otherwise every norm has gains and biases of its own for each class.
        skip_z: hand a part of z to each block; otherwise all of z makes the first grid.
        attention: side of the grid on which positions attend to one another, or None.
        spectral: divide kernels by their spectral norm.
        initializer: keras initializer of all kernels.

    Returns:
        keras.Model: [z (N, latent_dim), labels (N,) int in [0, classes)] -> images (N, H, W, C) in [-1, 1].

    Raises:
        ValueError: the sides, latent_dim or attention do not fit.

    Source: Brock et al., 2019, appendix B, figure 15 (a) and (b).
    """
    rows, columns, channels = image_shape
    _check_grid(image_shape, range(len(widths), -1, -1), attention)
    if skip_z and latent_dim % (len(widths) + 1):
        raise ValueError(
            f"Found latent_dim={latent_dim} with {len(widths)} blocks and skip_z, expected a multiple of "
            f"{len(widths) + 1}, one equal part for the first grid and each block."
        )
    dense, convolution = _kinds(spectral, initializer)
    z = keras.Input((latent_dim,), name="z")
    labels = keras.Input((), dtype="int32", name="labels")
    condition = _classes(classes, class_dim, shared, initializer)(labels)
    # Only the maps of a shared embedding are divided by their norm: a table of gains is no linear map of features.
    norm = functools.partial(
        ConditionalBatchNormalization, MOMENTUM, spectral=spectral and shared, kernel_initializer=initializer
    )
    first, *parts = ops.split(z, len(widths) + 1, axis=-1) if skip_z else [z]
    conditions = [layers.Concatenate()([condition, part]) for part in parts] or [condition] * len(widths)
    grid = (rows >> len(widths), columns >> len(widths), widths[0])
    x = layers.Reshape(grid)(dense(grid[0] * grid[1] * grid[2])(first))
    x = _attend(x, attention, spectral, initializer)
    for width, condition in zip(widths, conditions):
        x = _up(x, width, condition, norm, convolution)
        x = _attend(x, attention, spectral, initializer)
    x = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
    images = convolution(channels, 3, activation="tanh", name="images")(x)
    return keras.Model([z, labels], images, name="generator")


@builder()
def biggan_critic(
    classes=10,
    widths=(32, 64, 64),
    halvings=2,
    image_shape=IMAGE_SHAPE,
    attention=14,
    projection=True,
    spectral=True,
    initializer=orthogonal,
):
    """A critic of images and their labels.

        f(x, y) = w·φ(x) + b + ⟨e(y), φ(x)⟩

    φ(x) sums the last feature maps over their positions. Without the projection, e(y) is joined to the maps
    before the last block instead, as further channels that are constant over the image.

    Args:
        classes: number of classes.
        widths: channels of each residual block.
        halvings: how many of the blocks, from the first, halve the grid.
        image_shape: (height, width, channels), sides divisible by 2^halvings.
        attention: side of the grid on which positions attend to one another, or None.
        projection: whether the label enters by the inner product.
        spectral: divide kernels by their spectral norm.
        initializer: keras initializer of all kernels.

    Returns:
        keras.Model: [images (N, H, W, C) in [-1, 1], labels (N,) int in [0, classes)] -> logits (N, 1).

    Raises:
        ValueError: the sides or attention do not fit.

    Source: Brock et al., 2019, figure 15 (c); projection: Miyato and Koyama, 2018, eq. (3), and concatenation:
    its figure 1 (b).
    """
    _check_grid(image_shape, range(1, halvings + 1), attention)
    dense, convolution = _kinds(spectral, initializer)
    table = SpectralEmbedding if spectral else layers.Embedding
    images = keras.Input(tuple(image_shape), name="images")
    labels = keras.Input((), dtype="int32", name="labels")
    x = images
    for index, width in enumerate(widths):
        if not projection and index == len(widths) - 1:
            x = _joined(x, table(classes, x.shape[-1], embeddings_initializer=initializer)(labels))
        x = _down(x, width, index < halvings, index == 0, convolution)
        if index < halvings:  # blocks further on keep the side, and get no attention of their own
            x = _attend(x, attention, spectral, initializer)
    features = ops.sum(layers.ReLU()(x), axis=(1, 2))  # (N, channels)
    logits = dense(1, name="logit")(features)
    if projection:
        wanted = table(classes, widths[-1], embeddings_initializer=initializer, name="projection")(labels)
        logits = logits + ops.sum(wanted * features, axis=-1, keepdims=True)
    return keras.Model([images, labels], logits, name="critic")


def halves(generator):
    """Cuts a generator where its class has become a vector, so that one can walk from class to class.

    Args:
        generator: a model that `biggan_generator` made; the two halves share its weights.

    Returns:
        Two keras.Models: labels (N,) -> class vectors (N, d), and [z, class vectors] -> images.
    """
    z, labels = generator.inputs
    vectors = generator.get_layer("classes").output
    return keras.Model(labels, vectors), keras.Model([z, vectors], generator.output)


def lipschitz_bound(widths=(32, 64, 64), halvings=2, image_shape=IMAGE_SHAPE):
    """Bounds how steep a spectrally normalised `biggan_critic` without attention can be, whatever it has learned.

        L ≤ 2·√P·∏ₖ hₖ·(3·3 + 1),   hₖ = ½ where block k halves the grid, else 1

    A 3×3 convolution whose matrix has norm 1 stretches by at most 3, a 1×1 convolution by 1, a 2×2 mean by ½, the sum
    over P positions by √P; w and e(y) are at most 1 long. Attention has no such bound.

    Args: widths, halvings, image_shape, as in `biggan_critic`.

    Returns:
        float, largest change of a logit for a change of length 1 of the image.

    Source: the product bound of Miyato et al., 2018, eq. (7); for attention: Kim et al., 2021, theorem 3.1.
    """
    rows, columns, _ = image_shape
    positions = (rows >> halvings) * (columns >> halvings)
    return 2.0 * positions**0.5 * 10.0 ** len(widths) * 0.5**halvings


def _up(x, width, condition, norm, convolution):
    """Doubles the grid: norm, ReLU, repeat, 3×3; norm, ReLU, 3×3. The way past is a 1×1 convolution, repeated."""
    branch = layers.ReLU()(norm()([x, condition]))
    branch = convolution(width, 3)(layers.UpSampling2D(2)(branch))
    branch = convolution(width, 3)(layers.ReLU()(norm()([branch, condition])))
    # Convolved before it is repeated, which gives the same for a quarter of the work.
    return layers.Add()([branch, layers.UpSampling2D(2)(convolution(width, 1)(x))])


def _down(x, width, halve, first, convolution):
    """ReLU, 3×3, ReLU, 3×3, and a 2×2 mean where the grid is halved; pixels themselves are not cut off by a ReLU."""
    branch = x if first else layers.ReLU()(x)
    branch = convolution(width, 3)(layers.ReLU()(convolution(width, 3)(branch)))
    if halve:
        branch, x = layers.AveragePooling2D(2)(branch), layers.AveragePooling2D(2)(x)
    past = x if not halve and x.shape[-1] == width else convolution(width, 1)(x)
    return layers.Add()([branch, past])


def _attend(x, side, spectral, initializer):
    """Self-attention, where the grid has the side that was asked for."""
    if x.shape[1] != side:
        return x
    return SelfAttention2D(spectral=spectral, kernel_initializer=initializer)(x)


def _joined(x, vector):
    """Joins a vector to every position of feature maps."""
    rows, columns = x.shape[1:3]
    everywhere = layers.Reshape((rows, columns, -1))(layers.RepeatVector(rows * columns)(vector))
    return layers.Concatenate()([x, everywhere])


def _classes(classes, class_dim, shared, initializer):
    """The layer that makes a vector of a label: learned, or one-hot, which a linear map turns into a table."""
    if shared:
        return layers.Embedding(classes, class_dim, embeddings_initializer=initializer, name="classes")
    one_hot = layers.Embedding(classes, classes, embeddings_initializer="identity", name="classes")
    one_hot.trainable = False
    return one_hot


def _kinds(spectral, initializer):
    """The dense and the convolutional layer, whose kernels start and stay as the arguments say."""
    dense = functools.partial(SpectralDense if spectral else layers.Dense, kernel_initializer=initializer)
    kind = SpectralConv2D if spectral else layers.Conv2D
    return dense, functools.partial(kind, padding="same", kernel_initializer=initializer)


def _check_grid(image_shape, halvings, attention):
    """Refuses images that cannot be halved so often, and attention on a grid that the network does not have."""
    rows, columns, _ = image_shape
    parts = 1 << max(halvings)
    if rows % parts or columns % parts:
        raise ValueError(
            f"Found images of {rows}×{columns} pixels and {max(halvings)} blocks that change the grid, expected sides "
            f"divisible by {parts}; pad them, or take fewer blocks."
        )
    sides = [rows >> k for k in halvings]
    if attention is not None and attention not in sides:
        raise ValueError(
            f"Found attention={attention}, expected the side of one of the grids, {sides}, or None for no attention."
        )
