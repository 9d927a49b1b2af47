"""Lecture 12: a reader of digits in two parts, encoder -> features -> classifier, and what is asked of it."""

import keras
import numpy as np
from keras import ops

from course_utils import builders, checks, data
from course_utils.game import Examples, Game, Labels, Player
from course_utils.networks.outputs import outputs

CHUNK = 500  # rows of one call of a network


class Supervised(Game):
    """A classifier and nothing else: on the source the row to beat, on the target's labels the ceiling.

    Algorithm, an iteration:

        x, y ~ data, N of each
        encoder, classifier ← one step down  −mean log softmax(C(E(x)))_y

    Logs `classifier_loss` and `accuracy`, the share of a batch that is read rightly.

    Args:
        encoder: keras.Model, images -> features (N, F).
        classifier: keras.Model, features -> logits (N, K).
        optimizer: keras optimizer; Adam(1e-3) if None.
        averages: `Average`s of the networks.
        seed: int ≥ 0; order of the data and all draws follow from it.
    """

    def __init__(self, encoder, classifier, optimizer=None, averages=(), seed=0, name="supervised"):
        player = Player("classifier", [encoder, classifier], self.loss, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], averages=averages, seed=seed, name=name)
        self.encoder, self.classifier = encoder, classifier
        self.takes = images_of(encoder), Labels(classifier.output_shape[-1])

    def call(self, inputs, training=False):
        """Returns logits of images, by the averages where the game keeps some."""
        return self.best(self.classifier)(self.best(self.encoder)(inputs, training=False), training=False)

    def loss(self, batch, training):
        """Returns the cross-entropy of a batch (x, y), and how much of it is read rightly."""
        x, y = batch
        logits = self.classifier(self.encoder(x, training=training), training=training)
        return cross_entropy(y, logits), {"accuracy": share_right(y, logits)}


def cross_entropy(y, logits):
    """Returns the mean of −log softmax(logits)_y, a scalar in nats; y int (N,), logits (N, K)."""
    return ops.mean(keras.losses.sparse_categorical_crossentropy(y, ops.cast(logits, "float32"), from_logits=True))


def share_right(y, logits):
    """Returns the share of rows whose largest logit is that of y."""
    return ops.mean(ops.cast(ops.equal(ops.cast(ops.argmax(logits, axis=-1), y.dtype), y), "float32"))


def images_of(encoder):
    """Returns what an encoder takes: images in [-1, 1] of its shape."""
    return Examples(tuple(encoder.input_shape[1:]), -1.0, 1.0)


def pairs(x_source, y_source, x_target, rows=None, seed=0):
    """Brings a labelled source and a target to one length: the shorter is gone through again, in a new order each time.

    Args:
        x_source: (N, H, W, C), y_source: (N,) int, x_target: (M, H, W, C), images of any type.
        rows: of what comes back; the longer's length if None. Several times that lets rows meet other rows.
        seed: int ≥ 0.

    Returns:
        (x_source, y_source, x_target), each of that many rows.
    """
    checks.same_length(x_source=x_source, y_source=y_source)
    n, m = len(x_source), len(x_target)
    rows = max(n, m) if rows is None else checks.count(rows, "rows")
    rng = np.random.default_rng(seed)

    def order(length):
        return np.concatenate([rng.permutation(length) for _ in range(-(-rows // length))])[:rows]

    source, target = order(n), order(m)
    return np.asarray(x_source)[source], np.asarray(y_source)[source], np.asarray(x_target)[target]


def set_statistics(encoder, images):
    """Puts the running statistics of an encoder's batch norms to those of some images, layer after layer.

        μ = mean of what enters the layer,   σ² = its variance,   over all images and places

    No weight moves and no label is needed, so this alone is a way to adapt, and the control for all others.

    Args:
        encoder: keras.Model of one input.
        images: uint8, or float in [-1, 1], (N, H, W, C).

    Source: Li et al., Revisiting Batch Normalization For Practical Domain Adaptation, 2016, algorithm 1.
    """
    images = _scaled(images)
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            entering = outputs(keras.Model(encoder.input, layer.input), images, CHUNK).astype("float64")
            axes = tuple(range(entering.ndim - 1))
            layer.moving_mean.assign(entering.mean(axis=axes))
            layer.moving_variance.assign(entering.var(axis=axes))


def features_of(encoder, images):
    """Returns the features of images, float32 (N, F); images uint8, or float in [-1, 1]."""
    return builders.run(encoder, [_scaled(images)], CHUNK)


def predicted(encoder, classifier, images):
    """Returns the class that a reader sees in each image, int (N,)."""
    return builders.run(classifier, [features_of(encoder, images)], CHUNK).argmax(axis=-1)


def accuracy(encoder, classifier, images, labels):
    """Returns the share of images that a reader reads rightly."""
    return float(np.mean(predicted(encoder, classifier, images) == np.asarray(labels)))


def _scaled(images):
    """Images of bytes, or in [-1, 1], as float32 in [-1, 1]."""
    images = np.asarray(images)
    images = data.scale(images) if images.dtype == np.uint8 else checks.images(images)
    return images.astype("float32", copy=False)
