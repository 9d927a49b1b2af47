"""Lecture 12: adapting to a domain without labels, by features that do not say which domain they came from.

    source:   x_s, y_s with labels          features E(x), classes C(E(x))
    target:   x_t without                   judge D(E(x)): source or target?

A classifier learns from the source alone. So that it also holds for the target, the encoder is asked to make both
look alike: against a judge (`Reversal`, `Confusion`, `ADDA`), or by a distance that is written down (`Alignment`).
"""

import keras
from keras import ops

from course_utils import checks, losses
from course_utils.game import Game, Labels, Player
from course_utils.games.digits import (
    Supervised,
    accuracy,
    cross_entropy,
    features_of,
    images_of,
    pairs,
    predicted,
    set_statistics,
    share_right,
)
from course_utils.layers import reverse

__all__ = [
    "ADDA", "Adaptation", "Alignment", "Confusion", "Reversal", "Supervised", "accuracy", "constant", "cross_entropy",
    "features_of", "pairs", "predicted", "ramp", "set_statistics",
]  # fmt: skip


def ramp(iterations, most=1.0):
    """Returns the schedule λ(t) = most · (2 / (1 + exp(−10 t / iterations)) − 1): from 0 towards `most`, then there.

    Source: Ganin et al., 2016, section 5.2.2.
    """
    checks.count(iterations, "iterations")

    def strength(iteration):
        p = ops.minimum(ops.cast(iteration, "float32") / iterations, 1.0)
        return most * (2.0 / (1.0 + ops.exp(-10.0 * p)) - 1.0)

    return strength


def constant(value):
    """Returns the schedule λ(t) = value."""
    return lambda iteration: ops.cast(value, "float32")


class Adaptation(Game):
    """What games of a labelled source and an unlabelled target share: what they take, and the features of both.

    Fit them on (x_source, y_source, x_target), three arrays of one length; `pairs` makes them of two sets.
    """

    def __init__(self, players, encoder, classifier, averages, seed, name):
        super().__init__(players, averages=averages, seed=seed, name=name)
        self.encoder, self.classifier = encoder, classifier
        images = images_of(encoder)
        self.takes = images, Labels(classifier.output_shape[-1]), images

    def call(self, inputs, training=False):
        """Returns logits of images, by the averages where the game keeps some."""
        return self.best(self.classifier)(self.best(self.encoder)(inputs, training=False), training=False)

    def features(self, batch, training):
        """Returns the features of source and target, each (N, F).

        Two calls, so that a batch norm takes each domain by itself; its running statistics are of both, and
        `set_statistics` makes them those of one.
        """
        return self.encoder(batch[0], training=training), self.encoder(batch[2], training=training)

    def classification(self, batch, source, training):
        """Returns the cross-entropy on the source's labels, and the share of them that is read rightly."""
        logits = self.classifier(source, training=training)
        return cross_entropy(batch[1], logits), {"accuracy": share_right(batch[1], logits)}


class Reversal(Adaptation):
    """Domain-adversarial training: one step for all, with the gradient turned round between judge and encoder.

    Algorithm, an iteration t:

        x_s, y_s ~ source, x_t ~ target, N of each
        network ← one step down  −mean log softmax(C(E(x_s)))_y − mean log D(R(E(x_s))) − mean log(1 − D(R(E(x_t))))

    R is the identity whose gradient is −λ(t). So classifier and judge descend their own losses, and the encoder
    descends the first and climbs the second: two players who move at once.

    Logs `network_loss`, `domain_loss`, `domain_accuracy` of the judge, ½ if it guesses, and `accuracy` on the source.

    Args:
        encoder: keras.Model, images -> features (N, F); one for both domains.
        classifier: keras.Model, features -> logits (N, K).
        discriminator: keras.Model, features -> logits (N, 1), positive for the source.
        strength: function (iteration) -> λ, such as `ramp(500)` or `constant(0.3)`; `ramp(1000)` if None.
        optimizer: keras optimizer; Adam(1e-3) if None.
        averages: `Average`s of the networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: Ganin et al., Domain-Adversarial Training of Neural Networks, 2016, eqs. (13) to (18).
    """

    def __init__(
        self, encoder, classifier, discriminator, strength=None, optimizer=None, averages=(), seed=0,
        name="reversal",
    ):  # fmt: skip
        networks = [encoder, classifier, discriminator]
        player = Player("network", networks, self.loss, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], encoder, classifier, averages, seed, name)
        self.discriminator, self.strength = discriminator, strength or ramp(1000)

    def loss(self, batch, training):
        """Returns the sum of both cross-entropies, the features reversed in front of the second."""
        source, target = self.features(batch, training)
        loss, logs = self.classification(batch, source, training)
        strength = self.strength(self.optimizers.iterations.value)
        judged = judgements(self.discriminator, reverse(source, strength), reverse(target, strength), training)
        domain = losses.nonsaturating.discriminator(*judged)
        return loss + domain, {"domain_loss": domain, "domain_accuracy": share_told(*judged), **logs}


class Confusion(Adaptation):
    """Domain confusion: the judge learns on features that stand still, then the encoder makes it unsure.

    Algorithm, an iteration:

        x_s, y_s ~ source, x_t ~ target, N of each
        discriminator       ← one step down  −mean log D(E(x_s)) − mean log(1 − D(E(x_t)))
        encoder, classifier ← one step down  −mean log softmax(C(E(x_s)))_y + λ mean (−½ log D − ½ log(1 − D))

    The mean of the last term is over both domains. It is least where D says one half, while a reversed gradient
    rewards a judge that is surely wrong.

    Logs `discriminator_loss`, `domain_accuracy`, `encoder_loss`, `confusion` and `accuracy` on the source.

    Args:
        encoder, classifier, discriminator, averages, seed: as in `Reversal`.
        strength: function (iteration) -> λ; `ramp(1000)` if None.
        optimizer, discriminator_optimizer: keras optimizers; Adam(1e-3) if None.

    Source: Tzeng et al., Simultaneous Deep Transfer Across Domains and Tasks, 2015, eqs. (4) to (7), without soft
    labels.
    """

    def __init__(
        self, encoder, classifier, discriminator, strength=None, optimizer=None, discriminator_optimizer=None,
        averages=(), seed=0, name="confusion",
    ):  # fmt: skip
        judge = discriminator_optimizer or keras.optimizers.Adam(1e-3)
        mover = optimizer or keras.optimizers.Adam(1e-3)
        players = [
            Player("discriminator", [discriminator], self.discriminator_loss, judge),
            Player("encoder", [encoder, classifier], self.encoder_loss, mover),
        ]
        super().__init__(players, encoder, classifier, averages, seed, name)
        self.discriminator, self.strength = discriminator, strength or ramp(1000)

    def discriminator_loss(self, batch, training):
        """Returns the judge's cross-entropy on features that stand still."""
        source, target = self.features(batch, training)
        judged = judgements(self.discriminator, ops.stop_gradient(source), ops.stop_gradient(target), training)
        return losses.nonsaturating.discriminator(*judged), {"domain_accuracy": share_told(*judged)}

    def encoder_loss(self, batch, training):
        """Returns the classifier's cross-entropy, and how far the judge is from one half."""
        source, target = self.features(batch, training)
        loss, logs = self.classification(batch, source, training)
        confused = losses.domain_confusion(ops.concatenate(judgements(self.discriminator, source, target, training)))
        strength = self.strength(self.optimizers.iterations.value)
        return loss + strength * confused, {"confusion": confused, **logs}


class Alignment(Adaptation):
    """No judge: a distance of the two sets of features, in closed form, joins the classifier's loss.

    Algorithm, an iteration:

        x_s, y_s ~ source, x_t ~ target, N of each
        encoder, classifier ← one step down  −mean log softmax(C(E(x_s)))_y + λ distance(E(x_s), E(x_t))

    Logs `encoder_loss`, `distance` and `accuracy` on the source.

    Args:
        encoder, classifier, averages, seed: as in `Reversal`.
        distance: function (a (N, F), b (N, F)) -> scalar, such as `losses.coral` or `losses.mmd`.
        strength: function (iteration) -> λ; `constant(1.0)` if None.
        optimizer: keras optimizer; Adam(1e-3) if None.

    Source: Sun and Saenko, Deep CORAL, 2016, eq. (6); Long et al., Learning Transferable Features with Deep
    Adaptation Networks, 2015, eq. (4), on one layer.
    """

    def __init__(
        self, encoder, classifier, distance=losses.coral, strength=None, optimizer=None, averages=(), seed=0,
        name="alignment",
    ):  # fmt: skip
        player = Player("encoder", [encoder, classifier], self.loss, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], encoder, classifier, averages, seed, name)
        self.distance, self.strength = distance, strength or constant(1.0)

    def loss(self, batch, training):
        """Returns the classifier's cross-entropy plus the weighted distance."""
        source, target = self.features(batch, training)
        loss, logs = self.classification(batch, source, training)
        apart = self.distance(source, target)
        return loss + self.strength(self.optimizers.iterations.value) * apart, {"distance": apart, **logs}


class ADDA(Game):
    """Adversarial discriminative domain adaptation: the target gets an encoder of its own, and no label is needed.

    Algorithm, before the first iteration: target encoder ← source encoder, which was trained before; an iteration:

        x_s ~ source, x_t ~ target, N of each
        discriminator  ← one step down  −mean log D(E_s(x_s)) − mean log(1 − D(E_t(x_t)))
        target encoder ← one step down  −mean log D(E_t(x_t))                     the labels inverted

    It is lecture 04's game: features of the source are the real examples, the target encoder is the generator.
    The source's encoder and the classifier never move; the classifier reads the target through the new encoder.

    Fit it on (x_source, x_target), two arrays of one length.

    Logs `discriminator_loss`, `domain_accuracy` and `target_encoder_loss`.

    Args:
        source_encoder: keras.Model, images -> features (N, F), trained.
        target_encoder: keras.Model by the same builder; the construction of the game overwrites its weights.
        discriminator: keras.Model, features -> logits (N, 1), positive for the source.
        optimizer, discriminator_optimizer: keras optimizers; Adam(2e-4, 0.5) if None.
        averages: `Average`s of the target's encoder.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Raises:
        ValueError: the two encoders are one, or of different shapes.

    Source: Tzeng et al., Adversarial Discriminative Domain Adaptation, 2017, eq. (9).
    """

    def __init__(
        self, source_encoder, target_encoder, discriminator, optimizer=None, discriminator_optimizer=None, averages=(),
        seed=0, name="adda",
    ):  # fmt: skip
        start_alike(source_encoder, target_encoder)
        judge = discriminator_optimizer or keras.optimizers.Adam(2e-4, beta_1=0.5)
        mover = optimizer or keras.optimizers.Adam(2e-4, beta_1=0.5)
        players = [
            Player("discriminator", [discriminator], self.discriminator_loss, judge),
            Player("target_encoder", [target_encoder], self.target_encoder_loss, mover),
        ]
        super().__init__(players, averages=averages, seed=seed, name=name)
        self.source_encoder, self.encoder, self.discriminator = source_encoder, target_encoder, discriminator
        self.takes = images_of(source_encoder), images_of(target_encoder)

    def call(self, inputs, training=False):
        """Returns the features of the target's images, by the average where the game keeps one."""
        return self.best(self.encoder)(inputs, training=False)

    def discriminator_loss(self, batch, training):
        """Returns the judge's cross-entropy; both encoders stand still."""
        x_source, x_target = batch
        source = self.source_encoder(x_source, training=False)
        target = ops.stop_gradient(self.encoder(x_target, training=training))
        judged = judgements(self.discriminator, ops.stop_gradient(source), target, training)
        return losses.nonsaturating.discriminator(*judged), {"domain_accuracy": share_told(*judged)}

    def target_encoder_loss(self, batch, training):
        """Returns how far the judge is from taking the target's features for the source's."""
        logits = self.discriminator(self.encoder(batch[1], training=training), training=training)
        return losses.nonsaturating.generator(logits)


def judgements(discriminator, source, target, training):
    """Returns a judge's logits (N, 1) of features of the source, and of the target."""
    return ops.split(discriminator(ops.concatenate([source, target]), training=training), 2)


def share_told(source_logits, target_logits):
    """Returns the share of rows whose domain the sign of the logit tells."""
    right = ops.concatenate([source_logits > 0, target_logits <= 0])
    return ops.mean(ops.cast(right, "float32"))


def start_alike(source_encoder, target_encoder):
    """Copies the weights of the source's encoder into the target's."""
    if source_encoder is target_encoder:
        raise ValueError(
            "Found one encoder for source and target, expected two; build the target's by the same function."
        )
    shapes = [[tuple(v.shape) for v in encoder.weights] for encoder in (source_encoder, target_encoder)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"Found a target encoder {target_encoder.name!r} of other shapes than the source's, expected the same; "
            "build both by the same function with the same arguments."
        )
    target_encoder.set_weights(source_encoder.get_weights())
