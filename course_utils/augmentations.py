"""Changes to images that a critic may see, made anew at every look and differentiable.

A critic that sees the same few thousand images again and again learns them by heart. If real *and*
generated images pass through the same random changes T on their way to the critic, it has far more to
learn, and the generator need not draw the changes: it pays only for what T leaves different,

    critic:     loss.discriminator(f(T(x)), f(T(G(z))))
    generator:  loss.generator(f(T(G(z))))

Changing the real images alone would teach the generator to draw holes and odd colours. The gradient
of the generator flows through T.

Source: Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020, eq. (5) and (6).
"""

import keras
from keras import ops


def diff_augment(images, seed):
    """All three changes, one after the other: `recolour`, `translate`, `cutout`, with the paper's widths.

    T(x) = cutout(translate(recolour(x)))

    Args:
        images: tensor (N, H, W, C), float, in [-1, 1].
        seed: keras.random.SeedGenerator (inside a compiled step) or int.

    Returns:
        Tensor of the same shape; new colours may leave [-1, 1].

    Source: Zhao et al., 2020, section 4.2 ("Color + Translation + Cutout"), for CIFAR-10.
    """
    seed = _generator(seed)
    return cutout(translate(recolour(images, seed), seed), seed)


def recolour(images, seed):
    """Another brightness, saturation and contrast for each image.

    x ← x + b,                b ~ U[−½, ½]
    x ← m + s (x − m),        s ~ U[0, 2],    m: the mean of a pixel's channels
    x ← m + c (x − m),        c ~ U[½, 3/2],  m: the mean of the image

    Args:
        images: tensor (N, H, W, C), float. With C = 1 the saturation changes nothing.
        seed: keras.random.SeedGenerator (inside a compiled step) or int.

    Returns:
        Tensor of the same shape.

    Source: Zhao et al., 2020; the widths are those of the authors' program.
    """
    images, seed = ops.convert_to_tensor(images), _generator(seed)
    x = images + _uniform(images, -0.5, 0.5, seed)
    grey = ops.mean(x, axis=-1, keepdims=True)
    x = grey + _uniform(x, 0.0, 2.0, seed) * (x - grey)
    mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return mean + _uniform(x, 0.5, 1.5, seed) * (x - mean)


def translate(images, seed, reach=1 / 8):
    """Each image moved by whole pixels; what comes in from outside is 0, which is grey.

    y[i, j] = x[i − a, j − b],  a ~ U{−rH, …, rH},  b ~ U{−rW, …, rW}

    As two products with 0-1 matrices it is linear, and quick on every backend.

    Args:
        images: tensor (N, H, W, C), float.
        seed: keras.random.SeedGenerator (inside a compiled step) or int.
        reach: r, share of a side, in [0, 1].

    Returns:
        Tensor of the same shape.

    Source: Zhao et al., 2020.
    """
    images, seed = ops.convert_to_tensor(images), _generator(seed)
    _, height, width, channels = images.shape
    rows = _moves(images, height, reach, seed)  # (N, H, H)
    columns = _moves(images, width, reach, seed)  # (N, W, W)
    x = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
    x = ops.matmul(columns[:, None], ops.reshape(x, (-1, height, width, channels)))
    return ops.reshape(x, (-1, height, width, channels))


def cutout(images, seed, side=0.5):
    """A grey square cut out of each image, its centre anywhere, so that a part may lie outside.

    y = x · (1 − 1[(i, j) ∈ square])

    Args:
        images: tensor (N, H, W, C), float.
        seed: keras.random.SeedGenerator (inside a compiled step) or int.
        side: of the square, as a share of the image's, in [0, 1].

    Returns:
        Tensor of the same shape.

    Source: Zhao et al., 2020, after DeVries & Taylor, 2017.
    """
    images, seed = ops.convert_to_tensor(images), _generator(seed)
    _, height, width, _ = images.shape
    rows = ops.reshape(_stretch(images, height, side, seed), (-1, height, 1, 1))
    columns = ops.reshape(_stretch(images, width, side, seed), (-1, 1, width, 1))
    return images * (1.0 - rows * columns)


def _generator(seed):
    """A seed generator, since an int would repeat the same numbers in every draw."""
    return seed if isinstance(seed, keras.random.SeedGenerator) else keras.random.SeedGenerator(seed)


def _uniform(images, low, high, seed):
    return keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, high, dtype=images.dtype, seed=seed)


def _whole(images, low, high, seed):
    """One whole number of {low, …, high} for each image: (N, 1, 1)."""
    return keras.random.randint((ops.shape(images)[0], 1, 1), low, high + 1, seed=seed)


def _moves(images, size, reach, seed):
    """Matrices that move a column of pixels, one for each image: (N, size, size)."""
    limit, places = round(reach * size), ops.arange(size)
    shift = _whole(images, -limit, limit, seed)
    return ops.cast(places[:, None] - places[None, :] == shift, images.dtype)


def _stretch(images, size, side, seed):
    """1 inside a stretch of round(side · size) pixels around a random centre, else 0: (N, 1, size)."""
    length = round(side * size)
    first = _whole(images, 0, size - 1, seed) - length // 2
    places = ops.arange(size)[None, None, :]
    return ops.cast((places >= first) & (places < first + length), images.dtype)
