"""The frozen classifiers that read images for the measures, and the usual measuring in one call."""

import functools
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from course_utils import checks, weights
from course_utils.builders import as_array, build, builder, run
from course_utils.metrics.frechet import frechet_distance
from course_utils.metrics.inception import inception_score
from course_utils.metrics.kernel import kernel_distance
from course_utils.metrics.precision_recall import precision_recall

CHUNK = 500  # images read at once: 40 MB of activations

# Targets of the glyph evaluator beside the digit: name → (middle, half range) of glyphs.RANGES.
SHAPE_FACTORS = {
    "rotation": (0.0, 15.0),
    "slant": (0.125, 0.225),
    "thickness": (2.7, 0.9),
    "scale": (0.925, 0.125),
    "x": (0.0, 1.5),
    "y": (0.0, 1.5),
}
COLOUR_FACTORS = ("hue", "background")  # angles on the colour circle: read as cosine and sine


class Reading(NamedTuple):
    """What an evaluator says about n images: features (n, d) float32, probabilities (n, classes)."""

    features: np.ndarray
    probabilities: np.ndarray


@builder()
def digit_network(size=28, channels=1, classes=10, features=96, factors=0):
    """Builds the evaluators' network: a small residual classifier.

    Args:
        size: height and width of the images, pixels.
        channels: 1 or 3.
        classes: number of classes.
        features: length of the feature vector, the mean over the last feature maps.
        factors: number of further values read off the features by a linear layer; 0 for none.

    Returns:
        keras.Model: images float32 (n, size, size, channels) in [-1, 1] -> [features (n, features),
        logits (n, classes)] and, where factors > 0, the factors (n, factors).
    """
    from keras import Input, Model, layers  # here, since the measures need no Keras

    from course_utils.layers.initial import conv2d, dense

    def convolve(x, filters):
        x = conv2d(filters, 3, padding="same", use_bias=False)(x)
        # Keras's default momentum of 0.99 trails so far behind that the trained network
        # misreads every second image in inference mode.
        return layers.BatchNormalization(momentum=0.9)(x)

    images = Input((size, size, channels), name="images")
    x = conv2d(24, 3, padding="same", activation="relu")(images)
    x = layers.MaxPooling2D()(x)  # (n, 14, 14, 24) of 28 pixels
    x = layers.ReLU()(convolve(x, 48))
    x = layers.MaxPooling2D()(x)  # (n, 7, 7, 48)
    x = layers.ReLU()(convolve(x, features))
    x = layers.ReLU()(layers.Add()([x, convolve(x, features)]))
    found = layers.GlobalAveragePooling2D()(x)  # (n, features)
    outputs = [found, dense(classes)(found)]
    if factors:
        outputs.append(dense(factors)(found))
    return Model(images, outputs)


class Evaluator:
    """A frozen classifier: call it on images, get a Reading.

    Attributes:
        name: goes into the name of every score, such as "mnist-cnn": scores of two evaluators
            cannot be compared.
        recipe: dict, how it was trained and what it reaches.
        reference: dict, the scores of real training images against real test images.
        network: the keras.Model.
    """

    def __init__(self, name, prepare, network, recipe):
        self.name = name
        self.network = network
        self.recipe = recipe
        self.reference = recipe["reference"]
        self._prepare = prepare

    def __call__(self, images):
        """Reads images.

        Args:
            images: float32 in [-1, 1]. "mnist": (n, 28, 28, 1), or (n, 32, 32, 1), which are digits
                with a margin of two pixels: the margin is cut off. "glyphs": (n, 32, 32, 3) or
                (n, 32, 32, 1), or 28×28, to which a black margin is added; grey goes to all channels.

        Returns:
            Reading(features, probabilities).

        Raises:
            ValueError: another shape, or values outside [-1, 1].
        """
        features, logits = self._outputs(images)[:2]
        return Reading(features, softmax(logits.astype("float64"), axis=1))

    def factors(self, images):
        """Reads the factors of glyphs: dict of name → (n,) float32, in the units of glyphs.RANGES.

        Hues are meaningful for colour images only.
        """
        outputs = self._outputs(images)
        if len(outputs) < 3:
            raise ValueError(
                f"{self.name} reads no factors, expected an evaluator that does: take evaluator('glyphs')."
            )
        return decode_factors(outputs[2])

    def _outputs(self, images):
        images = self._prepare(checks.images(as_array(images)))
        return run(self.network, [images], CHUNK)


def encode_factors(factors):
    """Returns the factors of glyphs as the targets that the evaluator learns, float32 (n, 10).

    Six shape factors scaled to [-1, 1], then cosine and sine of both hues; hues that are not given
    become 0.
    """
    n = len(factors["slant"])
    columns = [(factors[name] - middle) / half for name, (middle, half) in SHAPE_FACTORS.items()]
    for name in COLOUR_FACTORS:
        angle = 2 * np.pi * factors[name] if name in factors else None
        columns += [np.zeros(n)] * 2 if angle is None else [np.cos(angle), np.sin(angle)]
    return np.stack(columns, axis=1).astype("float32")


def decode_factors(values):
    """Returns the factors that encode_factors made values (n, 10) from: dict of name → (n,) float32."""
    factors = {
        name: middle + half * values[:, i] for i, (name, (middle, half)) in enumerate(SHAPE_FACTORS.items())
    }
    for i, name in enumerate(COLOUR_FACTORS):
        cosine, sine = values[:, len(SHAPE_FACTORS) + 2 * i], values[:, len(SHAPE_FACTORS) + 2 * i + 1]
        factors[name] = np.arctan2(sine, cosine) / (2 * np.pi) % 1
    return factors


def grey_28(images):
    """Returns images as (n, 28, 28, 1): a margin of two pixels round 32×32 digits is cut off."""
    if images.shape[1:] == (32, 32, 1):
        images = images[:, 2:-2, 2:-2]
    if images.shape[1:] != (28, 28, 1):
        raise ValueError(
            f"images have shape {images.shape}, expected (n, 28, 28, 1), or (n, 32, 32, 1) with a margin "
            f"of two pixels: take evaluator('glyphs') for colour, or generate that size."
        )
    return np.asarray(images, dtype="float32")


def colour_32(images):
    """Returns images as (n, 32, 32, 3): 28×28 gets a black margin, grey goes to all channels."""
    if images.shape[1:3] == (28, 28):
        images = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=-1.0)
    if images.shape[1:3] != (32, 32) or images.shape[3] not in (1, 3):
        raise ValueError(
            f"images have shape {images.shape}, expected (n, 28, 28, C) or (n, 32, 32, C) with one or "
            f"three channels: resize them, or generate that size."
        )
    return np.asarray(np.broadcast_to(images, images.shape[:3] + (3,)), dtype="float32")


_PREPARE = {"mnist": grey_28, "glyphs": colour_32}


@functools.cache
def evaluator(name: str) -> Evaluator:
    """Returns the evaluator for a data set.

    Args:
        name: "mnist" or "glyphs".

    Returns:
        Evaluator, shared by all callers.

    Raises:
        ValueError: unknown name, or weights that are not the shipped ones.

    Example:
        >>> import numpy as np
        >>> from course_utils import metrics
        >>> reading = metrics.evaluator("mnist")(np.zeros((2, 28, 28, 1), "float32"))
        >>> reading.features.shape, reading.probabilities.shape
        ((2, 96), (2, 10))
    """
    checks.one_of(name, _PREPARE, "evaluator")
    recipe, stored = weights.read(f"{name}-cnn")
    networks = build(recipe["networks"])
    weights.fill(networks, stored)
    return Evaluator(f"{name}-cnn", _PREPARE[name], networks["classifier"], recipe)


def score(fake, real, evaluator, k=3):
    """Measures generated images against real ones, as many as real ones are best.

    Args:
        fake: images as the evaluator reads them, or the Reading it gave.
        real: the same; pass the Reading where you measure against the same real images again.
        evaluator: an Evaluator; its name goes into every score's name.
        k: neighbours for precision and recall.

    Returns:
        dict: "FD-…" Fréchet distance, "KD-…" kernel distance, "IS-…" inception score of the fakes,
        "precision-…", "recall-…", each a float, with the evaluator's name for the dots.
    """
    fake = fake if isinstance(fake, Reading) else evaluator(fake)
    real = real if isinstance(real, Reading) else evaluator(real)
    near = precision_recall(real.features, fake.features, k)
    found = {
        "FD": frechet_distance(real.features, fake.features),
        "KD": kernel_distance(real.features, fake.features),
        "IS": inception_score(fake.probabilities),
        "precision": near.precision,
        "recall": near.recall,
    }
    return {f"{measure}-{evaluator.name}": value for measure, value in found.items()}
