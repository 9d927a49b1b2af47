"""Who reads the pictures of lecture 13: one network that tells who is seen, and the judge, which takes no part."""

import keras
from keras import ops

from course_utils import metrics
from course_utils.data import captions


def identity_reader():
    """Returns R: a frozen network that knows digits and no colours, coloured images (N, 32, 32, 3) -> (N, 96).

    The brightest channel of a pixel, stretched from −1 to 1 over the image, its margin of two pixels cut off, as
    "mnist-cnn" reads it: features of handwritten digits, which have never seen a glyph. It is not the judge.
    """
    reader = metrics.evaluator("mnist").network
    images = keras.Input((32, 32, 3), name="images")
    bright = ops.max(images, axis=-1, keepdims=True)
    low, high = (f(bright, axis=(1, 2), keepdims=True) for f in (ops.min, ops.max))
    stretched = 2.0 * (bright - low) / (high - low + 1e-3) - 1.0
    return keras.Model(images, reader(stretched[:, 2:-2, 2:-2])[0], name="identity_reader")


def judged(images):
    """Reads images by the judge "glyphs-cnn", which took no part in training or edits.

    Args:
        images: float32 (N, 32, 32, 3) in [-1, 1].

    Returns:
        dict of arrays (N,): "hue", "background", "thickness", "scale", "slant", "rotation", "lean", as numbers, and
        "digit", "stroke", "ground" as indices, with "thickness-word", "lean-word", "size-word" of `captions.NAMES`.
    """
    judge = metrics.evaluator("glyphs")
    digits, factors = judge(images).probabilities.argmax(axis=1), judge.factors(images)
    found = captions.attributes(digits, factors)
    words = {f"{name}-word": found[name] for name in ("thickness", "lean", "size")}
    colours = {name: found[name] for name in ("digit", "stroke", "ground")}
    return factors | {"lean": captions.lean(factors)} | colours | words
