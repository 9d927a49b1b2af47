"""Changes to images that a critic may see, made anew at every look and differentiable.

A critic that sees the same few thousand images again and again learns them by heart. If real *and*
generated images pass through the same random changes T on their way to the critic, it has far more to
learn:

    critic:     loss.discriminator(f(T(x)), f(T(G(z))))
    generator:  loss.generator(f(T(G(z))))

Changing the real images alone would teach the generator to draw the changes. Its gradient flows
through T.

Source: Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training, 2020, eq. (5) and (6).
"""

import keras
from keras import ops


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

    Source: Zhao et al., 2020, section 4.2 ("Translation").
    """
    images = ops.convert_to_tensor(images)
    if not isinstance(seed, keras.random.SeedGenerator):
        seed = keras.random.SeedGenerator(seed)  # an int would draw one move for rows and columns
    _, height, width, channels = images.shape
    rows = _moves(images, height, reach, seed)  # (N, H, H)
    columns = _moves(images, width, reach, seed)  # (N, W, W)
    x = ops.matmul(rows, ops.reshape(images, (-1, height, width * channels)))
    x = ops.matmul(columns[:, None], ops.reshape(x, (-1, height, width, channels)))
    return ops.reshape(x, (-1, height, width, channels))


def _moves(images, size, reach, seed):
    """Matrices that move a column of pixels, one for each image: (N, size, size)."""
    limit, places = round(reach * size), ops.arange(size)
    shift = keras.random.randint((ops.shape(images)[0], 1, 1), -limit, limit + 1, seed=seed)
    return ops.cast(places[:, None] - places[None, :] == shift, images.dtype)
