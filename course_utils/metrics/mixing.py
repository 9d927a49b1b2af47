"""Style mixing: which of two sources a mixed image takes a factor from, by regression."""

from typing import NamedTuple

import numpy as np

from course_utils.builders import as_array


class Coefficients(NamedTuple):
    """How a mixed image's factor follows its two sources: regression coefficients, near 1 where it follows entirely."""

    coarse: float
    fine: float


def source_coefficients(mixed, coarse, fine):
    """Fits a factor of mixed images by the same factor of their two sources.

        m ≈ a·c + b·f + constant,  a and b by least squares

    Args:
        mixed: float (n,) or (n, k), the factor measured in the mixed images. k columns share one a and one
            b: cosine and sine of an angle, such as a hue, or one-hot classes.
        coarse: the same of the images that gave the first layers' styles.
        fine: the same of the images that gave the other layers' styles.

    Returns:
        Coefficients(a, b). They need not add up to 1: what follows neither source is missing, and a factor that
        is the same in all images follows none.

    Raises:
        ValueError: the shapes differ, or there are fewer than 3 images.
    """
    stacks = [as_array(x).astype("float64") for x in (mixed, coarse, fine)]
    if len({x.shape for x in stacks}) != 1 or len(stacks[0]) < 3:
        raise ValueError(
            f"Found factors of shapes {', '.join(str(x.shape) for x in stacks)}, expected one shape (n,) or (n, k) "
            "with n ≥ 3; measure the same images in the same order."
        )
    m, c, f = ((x - x.mean(axis=0)).ravel() for x in stacks)
    (a, b), *_ = np.linalg.lstsq(np.stack([c, f], axis=1), m, rcond=None)
    return Coefficients(float(a), float(b))


def glyph_factors(read, images):
    """Measures the factors of glyphs as columns for `source_coefficients`.

    Args:
        read: the evaluator "glyphs".
        images: float32 (n, 32, 32, 3) in [-1, 1].

    Returns:
        dict name -> float array: (n,) for "rotation", "slant", "thickness", "scale", "x" and "y"; (n, 2),
        cosine and sine, for "hue" and "background"; (n, 10), probabilities, for "digit".
    """
    found = read.factors(images)
    for name in ("hue", "background"):
        angle = 2 * np.pi * found[name]
        found[name] = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return found | {"digit": read(images).probabilities}
