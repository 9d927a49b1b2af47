"""Lecture 02: the adversarial autoencoder, an autoencoder whose codes have to pass for draws from a prior.

    encoder, decoder:  −log p(x | E(x))                       to minimise, in nats an image
    discriminator:     −E log D(z) − E log(1 − D(E(x)))       to minimise,   z ~ prior
    encoder:           −E log D(E(x))                         to minimise

The encoder moves in two turns, for two losses. Each player keeps its own optimizer, so that the size
of one loss does not set the step of the other.
"""

import keras
import numpy as np
from keras import ops

from course_utils import losses, penalties, priors
from course_utils.game import Game, Labels, Player, examples_of
from course_utils.losses import bernoulli_nll


class AAE(Game):
    """An adversarial autoencoder with any prior that can be drawn from.

    Algorithm, an iteration:

        x ~ data, N
        encoder, decoder   ← one step down  −log p(x | E(x))
        repeat `turns` times:
            x ~ data, z ~ prior, N of each
            discriminator  ← one step down  loss.discriminator(f(z), f(E(x))) + γ/2·E‖∇f(z)‖²
        encoder            ← one step down  loss.generator(f(E(x)))

    γ is 0 in the paper. A prior that fills only a part of the space, such as a curve, lets the discriminator win
    outright; then a γ above 0 keeps it from becoming too sure.

    Fit it on images, or on images and labels. With labels y the prior is drawn given y, and the discriminator sees
    the label beside the code: f(z, y) against f(E(x), y), so that each class gets its own part of the prior. A
    label equal to `prior.classes`, or −1, stands for "unlabelled": then z is drawn from the whole prior.

    Logs `reconstruction_loss` in nats an image, `discriminator_loss` and `encoder_loss`, and the discriminator's
    `prior_accuracy` and `code_accuracy`: the shares of draws and of codes that it takes for what they are.

    Args:
        encoder: keras.Model, images (N, H, W, C) in [0, 1] -> codes (N, d).
        decoder: keras.Model, codes -> logits of the pixels.
        discriminator: keras.Model, codes, in a conditional game [codes, one-hot labels] side by side
            (N, d + classes + 1), -> logits (N, 1).
        prior: `priors.Prior` of dimension d; the standard normal one if None.
        loss: `losses.AdversarialLoss`.
        reconstruction_optimizer, discriminator_optimizer, encoder_optimizer: keras optimizers;
            Adam(1e-3), Adam(5e-4, beta_1=0.5) and Adam(1e-3, beta_1=0.5) if None. An encoder that learns as
            adversary more slowly than in its other turn falls behind the discriminator.
        gamma: γ ≥ 0, weight of the discriminator's squared slope at draws from the prior (R1).
        turns: turns of the discriminator an iteration.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: Makhzani et al., 2015, section 2; labels: section 2.3 and figure 3.
    """

    def __init__(
        self, encoder, decoder, discriminator, prior=None, loss=losses.nonsaturating,
        reconstruction_optimizer=None, discriminator_optimizer=None, encoder_optimizer=None,
        gamma=0.0, turns=1, averages=(), seed=0,
    ):  # fmt: skip
        reconstruction_optimizer = reconstruction_optimizer or keras.optimizers.Adam(1e-3)
        super().__init__(
            [
                Player("reconstruction", [encoder, decoder], self.reconstruction_loss, reconstruction_optimizer),
                Player(
                    "discriminator",
                    [discriminator],
                    self.discriminator_loss,
                    discriminator_optimizer or _adam(5e-4),
                    turns,
                ),
                Player("encoder", [encoder], self.encoder_loss, encoder_optimizer or _adam(1e-3)),
            ],
            averages=averages,
            seed=seed,
            name="aae",
        )
        self.encoder, self.decoder, self.discriminator = encoder, decoder, discriminator
        self.prior = prior or priors.gaussian(encoder.output_shape[-1])
        self.adversarial, self.gamma = loss, gamma
        images, classes = examples_of(encoder, low=0.0), self.prior.classes
        self.takes = (images, Labels(classes, unlabelled=True, optional=True)) if classes else images

    def call(self, inputs, training=False):
        """Returns the reconstructions of images (N, H, W, C), as chances of a 1."""
        return decoded(self, self.best(self.encoder)(inputs, training=False))

    def reconstruction_loss(self, batch, training):
        """Returns the mean reconstruction term of the batch in nats."""
        x, _ = _parts(batch)
        return ops.mean(bernoulli_nll(x, self.decoder(self.encoder(x, training=training), training=training)))

    def discriminator_loss(self, batch, training):
        """Returns the discriminator's loss on as many draws from the prior as there are codes, and its accuracies."""
        x, y = _parts(batch)
        codes = ops.stop_gradient(self.encoder(x, training=training))  # the encoder does not move in this turn
        drawn = self.draw(x, y)
        value, logs = judged(self.adversarial, self.judge(drawn, y), self.judge(codes, y))
        if self.gamma:
            value = value + self.gamma * penalties.r1(lambda z: self.judge(z, y), drawn)
        return value, logs

    def encoder_loss(self, batch, training):
        """Returns the encoder's loss as a generator of codes."""
        x, y = _parts(batch)
        return self.adversarial.generator(self.judge(self.encoder(x, training=training), y))

    def draw(self, x, y=None):
        """Returns a draw from the prior for each image, from the label's part of it where there is a label."""
        n, classes = ops.shape(x)[0], self.prior.classes
        if y is None:
            return self.prior(n, self.seeds)
        given = self.prior(n, self.seeds, ops.minimum(y, classes - 1))
        return ops.where((y < classes)[:, None], given, self.prior(n, self.seeds))

    def judge(self, z, y=None):
        """Returns the discriminator's logits of codes, beside their labels where there are any."""
        if y is not None:
            z = ops.concatenate([z, ops.one_hot(y, self.prior.classes + 1)], axis=-1)
        return self.discriminator(z)


class SemiSupervisedAAE(Game):
    """An adversarial autoencoder whose encoder sorts images into classes, with few of them labelled.

    The encoder gives q(y|x), a softmax, and a style z. One discriminator compares q(y|x) with one-hot draws
    of Cat(1/K), another one z with its prior. The decoder sees both parts.

    Algorithm, an iteration:

        x ~ data, (x', y') ~ labelled data, N of each
        encoder, decoder   ← one step down  −log p(x | E(x))
        discriminators     ← one step down  loss.discriminator(f(y), f(q(y|x))) + loss.discriminator(g(z), g(E(x)))
        encoder            ← one step down  loss.generator(f(q(y|x))) + loss.generator(g(E(x)))
        encoder            ← one step down  −log q(y'|x')

    Fit it on `beside(x, few, labels)`: (images (N, H, W, C) in [0, 1], labelled images (N, H, W, C), labels
    int (N,)). Logs the four losses `reconstruction_loss` (nats an image), `discriminators_loss`,
    `encoder_loss`, `labels_loss` (nats), and `labels_accuracy`, the share of the labelled batch that is right.

    Args:
        encoder: keras.Model, images -> [logits of the labels (N, K), styles (N, d)].
        decoder: keras.Model, labels and styles side by side (N, K + d) -> logits of the pixels.
        label_discriminator, style_discriminator: keras.Models, (N, K) -> (N, 1) and (N, d) -> (N, 1).
        prior: `priors.Prior` of the styles; the standard normal one if None.
        loss: `losses.AdversarialLoss`.
        optimizers: dict of keras optimizers for "reconstruction", "discriminators", "encoder" and "labels", or
            of those that shall not be as in `AAE`; Adam(1e-3) for the labels.
        averages: `Average`s of networks.
        seed: int ≥ 0; order of the data and all draws follow from it.

    Source: Makhzani et al., 2015, section 5 and figure 8.
    """

    def __init__(
        self, encoder, decoder, label_discriminator, style_discriminator, prior=None,
        loss=losses.nonsaturating, optimizers=None, averages=(), seed=0,
    ):  # fmt: skip
        own = {"reconstruction": keras.optimizers.Adam(1e-3), "labels": keras.optimizers.Adam(1e-3)}
        own |= {"discriminators": _adam(5e-4), "encoder": _adam(1e-3)} | (optimizers or {})
        moved = {
            "reconstruction": ([encoder, decoder], self.reconstruction_loss),
            "discriminators": ([label_discriminator, style_discriminator], self.discriminators_loss),
            "encoder": ([encoder], self.encoder_loss),
            "labels": ([encoder], self.labels_loss),
        }
        players = [Player(name, networks, loss_of, own[name]) for name, (networks, loss_of) in moved.items()]
        super().__init__(players, averages=averages, seed=seed, name="semi_supervised_aae")
        self.encoder, self.decoder = encoder, decoder
        self.label_discriminator, self.style_discriminator = label_discriminator, style_discriminator
        label_logits, styles = encoder.output_shape
        self.labels_prior = priors.categorical(label_logits[-1])
        self.style_prior = prior or priors.gaussian(styles[-1])
        self.adversarial = loss
        images = examples_of(encoder, low=0.0)
        self.takes = images, images, Labels(label_logits[-1])

    def call(self, inputs, training=False):
        """Returns the reconstructions of images (N, H, W, C), as chances of a 1."""
        logits, z = self.best(self.encoder)(inputs, training=False)
        return decoded(self, ops.concatenate([ops.softmax(logits), z], axis=-1))

    def code(self, x, training):
        """Returns q(y|x) and the style of images, (N, K) and (N, d)."""
        logits, z = self.encoder(x, training=training)
        return ops.softmax(logits), z

    def reconstruction_loss(self, batch, training):
        """Returns the mean reconstruction term of the unlabelled images in nats."""
        x, _, _ = batch
        code = ops.concatenate(self.code(x, training), axis=-1)
        return ops.mean(bernoulli_nll(x, self.decoder(code, training=training)))

    def discriminators_loss(self, batch, training):
        """Returns the sum of both discriminators' losses."""
        n, (y, z) = ops.shape(batch[0])[0], self.code(batch[0], training)
        pairs = (
            (self.label_discriminator, self.labels_prior(n, self.seeds), ops.stop_gradient(y)),
            (self.style_discriminator, self.style_prior(n, self.seeds), ops.stop_gradient(z)),
        )
        return sum(self.adversarial.discriminator(judge(drawn), judge(code)) for judge, drawn, code in pairs)

    def encoder_loss(self, batch, training):
        """Returns the encoder's loss as a generator of labels and of styles."""
        y, z = self.code(batch[0], training)
        return self.adversarial.generator(self.label_discriminator(y)) + self.adversarial.generator(
            self.style_discriminator(z)
        )

    def labels_loss(self, batch, training):
        """Returns the cross-entropy of the labelled images in nats, and the share that is right."""
        _, few, labels = batch
        return cross_entropy(self.encoder(few, training=training)[0], labels)


class LabelsOnly(Game):
    """The same encoder trained on the labelled images alone: what the labels are worth without the others.

    Logs `labels_loss` in nats, and `labels_accuracy`.

    Args:
        encoder: keras.Model, images -> [logits of the labels (N, K), styles], the styles unused.
        optimizer: keras optimizer; Adam(1e-3) if None.
        averages: `Average`s of networks.
        seed: int ≥ 0.
    """

    def __init__(self, encoder, optimizer=None, averages=(), seed=0):
        player = Player("labels", [encoder], self.labels_loss, optimizer or keras.optimizers.Adam(1e-3))
        super().__init__([player], averages=averages, seed=seed, name="labels_only")
        self.encoder = encoder
        self.takes = examples_of(encoder, low=0.0), Labels(encoder.output_shape[0][-1])

    def call(self, inputs, training=False):
        """Returns q(y|x) of images, (N, K)."""
        return ops.softmax(ops.cast(self.best(self.encoder)(inputs, training=False)[0], "float32"))

    def labels_loss(self, batch, training):
        """Returns the cross-entropy of the labelled images in nats, and the share that is right."""
        few, labels = batch
        return cross_entropy(self.encoder(few, training=training)[0], labels)


def decoded(game, codes):
    """Returns the images of codes, σ(decoder(z)), float32 (N, H, W, C) in [0, 1]."""
    return ops.sigmoid(ops.cast(game.best(game.decoder)(codes, training=False), "float32"))


def cross_entropy(logits, labels):
    """Returns the mean of −log q(y|x) over labelled images, in nats, and `labels_accuracy` to log.

    Args:
        logits: (N, K), float.
        labels: (N,), int in [0, K).
    """
    right = ops.equal(ops.argmax(logits, axis=-1), ops.cast(labels, "int32"))
    nats = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    return ops.mean(nats), {"labels_accuracy": ops.mean(ops.cast(right, "float32"))}


def judged(loss, prior_logits, code_logits):
    """Returns a discriminator's loss, draws from the prior being the real ones, and its accuracies to log."""
    return loss.discriminator(prior_logits, code_logits), {
        "prior_accuracy": ops.mean(ops.cast(prior_logits > 0, "float32")),
        "code_accuracy": ops.mean(ops.cast(code_logits < 0, "float32")),
    }


def few_labels(labels, count, seed, classes=10):
    """Chooses which images keep their labels: as many of each class, drawn at random.

    Args:
        labels: (N,), int in [0, classes).
        count: how many in all, a multiple of classes; each class must have enough.
        seed: int ≥ 0.
        classes: K.

    Returns:
        int array (count,), indices of images.

    Raises:
        ValueError: the count does not divide, or a class has too few images.
    """
    each, left = divmod(count, classes)
    sizes = np.bincount(labels, minlength=classes)
    if left or each < 1 or sizes.min() < each:
        raise ValueError(
            f"Found {count} labels for {classes} classes of at least {sizes.min()} images, expected a multiple of "
            f"{classes} up to {classes * sizes.min()}; choose such a number."
        )
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(np.flatnonzero(labels == k))[:each] for k in range(classes)])


def beside(images, few, labels):
    """Repeats labelled images until they are as many as all images: what a semi-supervised game is fitted on.

    Args:
        images: float32 (N, H, W, C), all images.
        few: float32 (M, H, W, C), the labelled ones, 1 ≤ M ≤ N.
        labels: int (M,).

    Returns:
        (images, few repeated, labels repeated), each of N rows.
    """
    rows = np.resize(np.arange(len(few)), len(images))
    return images, few[rows], labels[rows].astype("int32")


def _parts(batch):
    """Images and labels of a batch, None where it has no labels."""
    return batch if isinstance(batch, (tuple, list)) else (batch, None)


def _adam(rate):
    return keras.optimizers.Adam(rate, beta_1=0.5)
