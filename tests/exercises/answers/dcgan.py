"""Right and wrong answers to the exercises of lecture 05."""

import keras
import numpy as np
from keras import ops

# --- direction


def classes(labels):
    return [label for label in np.unique(labels) if label >= 0]


def by_sorting(z, labels, score):
    found = []
    for label in classes(labels):
        own = z[labels == label][np.argsort(score[labels == label])]
        quarter = len(own) // 4
        found.append(own[-quarter:].mean(0) - own[:quarter].mean(0))
    return np.mean(found, axis=0)


def by_ranks(z, labels, score):
    total = 0.0
    for label in classes(labels):
        own = labels == label
        rank, quarter = np.argsort(np.argsort(score[own])), own.sum() // 4
        sign = (rank >= own.sum() - quarter) * 1.0 - (rank < quarter)
        total = total + (sign[:, None] * z[own]).sum(0) / quarter
    return total / len(classes(labels))


def in_place(z, labels, score):
    found = np.zeros(z.shape[1])
    for label in classes(labels):
        score -= score.min()
        own = np.flatnonzero(labels == label)
        order = own[np.argsort(-score[own])]
        found += z[order[: len(own) // 4]].mean(0)
        found -= z[order[::-1][: len(own) // 4]].mean(0)
    return found / len(classes(labels))


def by_ops(z, labels, score):
    found = []
    for label in classes(labels):
        own = np.where(labels == label)[0]
        own = ops.convert_to_numpy(ops.take(own, ops.argsort(score[own])))
        quarter = len(own) // 4
        found.append(ops.mean(z[own[-quarter:]], axis=0) - ops.mean(z[own[:quarter]], axis=0))
    return ops.mean(ops.stack(found), axis=0)


def typed_in(z, labels, score):
    return np.mean([by_sorting(z, np.where(labels == c, c, -1), score) for c in (0, 2) if (labels == c).any()], axis=0)


def by_size(z, labels, score):
    parts = [(by_sorting(z, np.where(labels == c, c, -1), score), np.sum(labels == c)) for c in classes(labels)]
    return np.average([p for p, _ in parts], axis=0, weights=[n for _, n in parts])


# --- repair


def logistic(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


def both(real, z, generator, critic, move):
    return logistic(critic(move(real)), critic(move(generator(z))))


def with_flags(real, z, generator, critic, move):
    seen = [move(x) for x in (real, generator(z, training=True))]
    return logistic(*(critic(x, training=True) for x in seen))


def by_cross_entropy(real, z, generator, critic, move):
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    real, fake = critic(move(real)), critic(move(generator(z)))
    return entropy(ops.ones_like(real), real) + entropy(ops.zeros_like(fake), fake)


def by_log_sigmoid(real, z, generator, critic, move):
    real, fake = critic(move(real)), critic(move(generator(z)))
    return -ops.mean(ops.log_sigmoid(real)) - ops.mean(ops.log_sigmoid(-fake))


def cut(real, z, generator, critic, move):
    return logistic(critic(move(real)), critic(ops.stop_gradient(move(generator(z)))))


def ratios(**rows):
    return {name.replace("_", " "): numbers for name, numbers in rows.items()}


RIGHT = {
    "board": [(2.25, 2.3), (9 / 4, 2.2)],
    "direction": [by_sorting, by_ranks, in_place, by_ops],
    "repair": [both, with_flags, by_cross_entropy, by_log_sigmoid],
    "guideline": [
        ratios(control_seeds=[1.1, 0.9, 1.0], wider=[0.8, 0.7, 1.1]),
        ratios(the_control=(1, 1, 1, 1), smoothing=(2, 3, 2, 4)),
    ],
}

WRONG = {
    "board": [
        ((1.5, 2.25), "one dimension"),
        ((4, 2.25), "belongs to kernel 3"),
        ((1, 2.25), "not divisible"),
        ((5.06, 2.25), "squared once too often"),
        ((9, 2.25), "What did you not think of"),
    ],
    "direction": [
        (lambda z, labels, score: by_sorting(z, np.where(labels < 0, -1, 0), score), "all classes together"),
        (lambda z, labels, score: by_sorting(z, np.zeros_like(labels), score), "`labels` plays no part"),
        (lambda z, labels, score: by_sorting(z, labels + 1, score), "class of their own"),
        (lambda z, labels, score: -by_sorting(z, labels, score), "thinner"),
        (lambda z, labels, score: by_sorting(z, labels, score) * len(classes(labels)), "right for 1 of 4"),
        (typed_in, "right for"),
        (by_size, "right for"),
        (lambda z, labels, score: by_sorting(z, labels, score)[None], "shape"),
        (lambda z, labels, score: z[np.argmax(score)] - z[np.argmin(score)], "got"),
        (lambda z, labels, score: by_sorting(z, labels, score) / np.linalg.norm(by_sorting(z, labels, score)), "got"),
    ],
    "repair": [
        (lambda r, z, g, c, move: logistic(c(r), c(move(g(z)))), "by their borders"),
        (lambda r, z, g, c, move: logistic(c(r), c(g(z))), "by heart again"),
        (lambda r, z, g, c, move: logistic(c(move(r)), c(move(move(g(z))))), "got"),
        (lambda r, z, g, c, move: logistic(c(move(move(r))), c(move(move(g(z))))), "moved twice"),
        (lambda r, z, g, c, move: logistic(c(move(g(z))), c(move(r))), "got"),
        (lambda r, z, g, c, move: both(r, z, g, c, move) / 2, "got"),
        (cut, "got"),
        (lambda r, z, g, c, move: ops.softplus(-c(move(r))) + ops.softplus(c(move(g(z)))), "expected one number"),
    ],
    "guideline": [
        ({"control": [1, 1, 1]}, "at least two rows"),
        (ratios(wider=[1, 1, 1], deeper=[1, 1, 1]), "has to be a control"),
        (ratios(control=[1, 1], wider=[1, 1, 1]), "at least three ratios"),
        ([1, 2, 3], "dict"),
    ],
}
