"""Digits that look different from one set to the next: brought to one size, framed, inverted, coloured, textured."""

import numpy as np

from course_utils import checks
from course_utils.data import images as image_sets
from course_utils.data.catalogue import Images

SIZE = 16  # pixels of USPS


def load(name, size=SIZE, fallback=None):
    """Loads a set of digits and brings it to a size.

    Args:
        name: "mnist", "usps" or "glyphs".
        size: height and width, pixels.
        fallback: "glyphs" to go on with drawn digits where the set cannot be had, and to say so in one line. Those
            that stand for USPS are `framed`, as its digits are, so that two domains stay two; None to raise.

    Returns:
        Images: uint8 (N, size, size, 1) and labels.

    Raises:
        As `data.load`.
    """
    checks.one_of(name, ("mnist", "usps", "glyphs"), "the data set's name")
    found = image_sets.load(name, fallback)
    drawn = name == "usps" and image_sets.source(name).text.startswith("glyphs")
    change = framed if drawn else resized
    return found._replace(x_train=change(found.x_train, size), x_test=change(found.x_test, size))


def subset(images, n, seed):
    """Returns Images with n of the training rows, drawn without putting back; the test rows stay."""
    rows = np.random.default_rng(seed).permutation(len(images.x_train))[: checks.count(n)]
    return images._replace(x_train=images.x_train[rows], y_train=images.y_train[rows])


def only(images, classes):
    """Returns Images with the training rows of some classes; the test rows stay.

    Args:
        images: Images.
        classes: the labels that are kept.
    """
    rows = np.isin(images.y_train, list(classes))
    return images._replace(x_train=images.x_train[rows], y_train=images.y_train[rows])


def changed(images, function):
    """Returns Images whose pictures of both splits a function has changed."""
    return Images(function(images.x_train), images.y_train, function(images.x_test), images.y_test)


def resized(images, size):
    """Brings images to another size by averaging over areas: a new pixel is the mean of what it covers.

        y = A x Aᵀ,   A[i, j] = overlap of the new pixel i with the old pixel j, divided by its size

    Args:
        images: uint8 (N, H, W, C).
        size: new height and width.

    Returns:
        uint8 (N, size, size, C).
    """
    images, size = _bytes(images), checks.count(size, "size")
    if images.shape[1:3] == (size, size):
        return images
    rows, columns = (_areas(side, size) for side in images.shape[1:3])
    parts = [
        np.einsum("ih,nhwc,jw->nijc", rows, part.astype("float32"), columns, optimize=True)
        for part in np.array_split(images, -(-len(images) // 2000))
    ]
    return np.rint(np.concatenate(parts)).astype("uint8")


def framed(images, size=SIZE):
    """Cuts each digit out and stretches it until it fills the frame, as USPS's digits do.

    Args:
        images: uint8 (N, H, W, 1), bright on dark.
        size: height and width of what comes back.

    Returns:
        uint8 (N, size, size, 1).
    """
    images, found = _bytes(images), []
    for image in images[..., 0]:
        ink = image > 64
        if not ink.any():
            ink[:] = True
        rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype("float32")
        found.append(_areas(cut.shape[0], size) @ cut @ _areas(cut.shape[1], size).T)
    return np.rint(np.stack(found)).astype("uint8")[..., None]


def coloured(images):
    """Returns grey images (N, H, W, 1) on three channels, (N, H, W, 3)."""
    return np.repeat(_bytes(images), 3, axis=-1)


def inverted(images):
    """Returns the negatives: 255 − x."""
    return 255 - _bytes(images)


def textured(images, seed=0):
    """Paints digits on a coloured, textured ground, each with a texture of its own.

        y = |t − x|,   t[c] = m[c] + s Σₖ w[c, k] cos(2π (uₖ i + vₖ j) + φₖ)

    The ground t is a random field of four waves in three mixtures, one a channel; where the digit is, the ground's
    negative is seen. Grounds are dark on average, so digits stay brighter, but neither has one brightness or colour.

    Args:
        images: uint8 (N, H, W, 1), bright on dark.
        seed: int ≥ 0; image i is the same for every N.

    Returns:
        uint8 (N, H, W, 3).

    Source: the mixing |t − x| is that of MNIST-M, Ganin et al., 2016, section 5.2.4, whose t are photographs.
    """
    images = _bytes(images)
    found = np.empty((*images.shape[:3], 3), "uint8")
    random = np.random.default_rng(seed).random((len(images), 30), dtype="float32")  # one row for each image
    for start in range(0, len(images), 1000):
        rows = slice(start, start + 1000)
        ground = _waves(random[rows], *images.shape[1:3])
        found[rows] = np.rint(255 * np.abs(ground - images[rows].astype("float32") / 255))
    return found


def _waves(random, height, width, waves=4):
    """Grounds in [0, 1], float32 (N, H, W, 3), of uniform numbers (N, 30)."""
    frequency = 0.02 + 0.16 * random[:, :waves]  # per pixel: waves of 6 to 50 pixels
    angle, phase = (2 * np.pi * random[:, k * waves : (k + 1) * waves] for k in (1, 2))
    weights = (2 * random[:, 3 * waves : 6 * waves] - 1).reshape(-1, 3, waves)
    middle, strength = 0.35 * random[:, -6:-3], 0.1 + 0.25 * random[:, -3:]  # (N, 3)
    u, v = frequency * np.cos(angle), frequency * np.sin(angle)
    i, j = np.arange(height, dtype="float32")[:, None], np.arange(width, dtype="float32")
    turn = 2 * np.pi * (u[..., None, None] * i + v[..., None, None] * j) + phase[..., None, None]
    field = np.einsum("nck,nkij->nijc", weights, np.cos(turn), optimize=True)
    return np.clip(middle[:, None, None] + strength[:, None, None] * field, 0, 1).astype("float32")


def _areas(old, new):
    """The matrix (new, old) that averages over areas; rows sum to 1."""
    edges = np.linspace(0, old, new + 1)
    low, high = edges[:-1, None], edges[1:, None]
    place = np.arange(old)
    overlap = np.clip(np.minimum(high, place + 1) - np.maximum(low, place), 0, None)
    return (overlap * new / old).astype("float32")


def _bytes(images):
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4:
        raise TypeError(
            f"Found {images.dtype} images of shape {images.shape}, expected uint8 (N, H, W, C); change images before "
            "they are scaled."
        )
    return images
