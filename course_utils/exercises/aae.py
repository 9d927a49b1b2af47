"""Exercises of lecture 02, the adversarial autoencoder."""

import numpy as np

from .judged import Exercise, close, draws, judged, stacked, tensors


def _softplus(x):
    return np.logaddexp(0.0, np.asarray(x, "float64"))


def _judge_adversaries(adversaries):
    prior, code = 2 * draws(1, 40, 1) + 1, 2 * draws(2, 40, 1) - 0.5
    found = judged(lambda *logits: stacked(adversaries(*logits)), *tensors(prior, code))
    discriminator = _softplus(-prior).mean() + _softplus(code).mean()
    encoder = _softplus(-code).mean()
    if found.shape != (2,):
        return f"the result has the shape {found.shape}, expected two numbers, each a mean over the batch."
    if close(found[0], discriminator) and close(found[1], encoder):
        return None
    if close(found[0], _softplus(prior).mean() + _softplus(-code).mean()):
        return (
            "the discriminator has its sides swapped. Here a draw from the prior is the real thing (label 1), "
            "and a code of an image is the fake (label 0): the encoder is the forger."
        )
    if close(found[0], encoder) and close(found[1], discriminator):
        return "the two losses are right, in the wrong order: first the discriminator's, then the encoder's."
    if not close(found[0], discriminator):
        return "the discriminator's loss differs. If all logits are 0 it is 2·log 2 = 1.386: the sum of two means."
    if close(found[1], _softplus(-prior).mean()):
        return "the encoder has no hand in the prior's draws. Its loss is about the logits of its codes."
    if close(found[1], -_softplus(code).mean()):
        return "this is log(1 − D), which hardly pulls while the codes are bad. Take −log D(E(x))."
    if close(found[1], _softplus(code).mean()):
        return "this rewards codes that are recognised. The encoder wants label 1 for them."
    return "the encoder's loss differs: −log D = softplus(−logit), averaged over the codes; at logits of 0 it is 0.693."


def _judge_component(component):
    labels, noise = np.array([0, 3, 9, 5]), draws(3, 4, 2)
    found = judged(component, labels, noise)
    angle = 2 * np.pi * labels / 10
    along, across = 4 + noise[:, 0], 0.3 * noise[:, 1]

    def turned(along, across, angle):
        return np.stack(
            [along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)], -1
        )

    if close(found, turned(along, across, angle)):
        return None
    if found.shape != (4, 2):
        return f"the shape is {found.shape}, expected (4, 2): a point of the plane for each label."
    if close(found, turned(across, along, angle)):
        return "the spokes lie across: 4 + ε₁ is the distance from the centre, and 0.3·ε₂ goes sideways."
    if close(found, turned(noise[:, 0], 0.3 * noise[:, 1], angle)):
        return "all components lie in the middle. Move each out by 4 before you turn it."
    if close(found, turned(noise[:, 0], 0.3 * noise[:, 1], angle) + [4, 0]):
        return "you turned first and moved out afterwards, so all components lie in one place: move, then turn."
    if close(found, turned(along, across, -angle)):
        return "the turn goes the wrong way round: check the sign of the two sines."
    if close(found, turned(along, across, labels.astype(float))):
        return "the label is not an angle. Ten components share a full turn: label k is at 2πk / 10."
    if close(found, turned(along, noise[:, 1], angle)):
        return "the components are as wide as long; neighbours would overlap. Across, the deviation is 0.3."
    return "the values differ. Label 0 without noise is the point (4, 0); label 5 lies opposite, at (−4, 0)."


def _judge_few(few_cross_entropy):
    logits, labels = 3 * draws(4, 8, 10), np.array([3, 10, 0, 10, 10, 9, 10, 2])
    shifted = logits.astype("float64") - logits.max(1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    known = labels < 10
    each = np.zeros(8)
    each[known] = -log_q[known, labels[known]]
    found = judged(few_cross_entropy, logits, labels)
    if close(found, each.sum() / known.sum()):
        return None
    if found.shape != ():
        return f"the shape is {found.shape}; a loss is one number: the mean over the labelled images."
    if close(found, each.mean()):
        return (
            "you divide by all 8 images, of which only 4 have a label. The loss would shrink with every unlabelled "
            "image in the batch: divide by the number of labelled ones."
        )
    if close(found, each.sum()):
        return "this is the sum over the labelled images; take their mean."
    if close(found, -each.sum() / known.sum()):
        return "the sign is wrong: cross-entropy is −log q(y|x), never negative."
    wrapped = -log_q[np.arange(8), np.minimum(labels, 9)]
    if close(found, wrapped.mean()):
        return "unlabelled images count as nines. A label of 10 means “none”: leave those rows out."
    if not np.isfinite(found):
        return "the result is not finite: take the logarithm of the softmax from the logits, not of rounded numbers."
    return "the values differ: −log softmax(logits) at the label, over the rows whose label is below 10."


def _judge_axis(main_axis):
    cases = [(0, 5), (7, 9)]
    found = [judged(main_axis, label, count) for label, count in cases]

    def spoke(label, count, half=2.0, far=4.0):
        angle = 2 * np.pi * label / 10
        return (far + half * np.linspace(-1, 1, count))[:, None] * [np.cos(angle), np.sin(angle)]

    def allclose(**other):
        return all(close(mine, spoke(*case, **other)) for mine, case in zip(found, cases))

    if allclose():
        return None
    for mine, (_, count) in zip(found, cases):
        if mine.shape != (count, 2):
            return f"the shape is {mine.shape}, expected ({count}, 2): so many points of the plane."
    if allclose(far=0.0):
        return "this walk goes through the centre of the plane. The component's middle is 4 away from it."
    if allclose(half=1.0):
        return "that is one standard deviation to either side; two were asked for, from 2 to 6."
    if all(close(mine, spoke(*case)[::-1]) for mine, case in zip(found, cases)):
        return "the walk is right but goes inwards: begin near the centre."
    return "the values differ. For label 0 the walk goes from (2, 0) to (6, 0); other labels turn it by 2πk / 10."


adversaries = Exercise(
    title="Exercise 1, the two adversaries",
    judge=_judge_adversaries,
    nudge="−log D = softplus(−logit) and −log(1 − D) = softplus(logit). Who is the forger here?",
    answer="""\
def adversaries(prior_logits, code_logits):
    discriminator = ops.mean(ops.softplus(-prior_logits)) + ops.mean(ops.softplus(code_logits))
    encoder = ops.mean(ops.softplus(-code_logits))
    return ops.stack([discriminator, encoder])
""",
)

component = Exercise(
    title="Exercise 2, a draw from the label's component",
    judge=_judge_component,
    nudge="Make (4 + ε₁, 0.3·ε₂), a point of label 0's component, and turn it by 2π·label / 10.",
    answer="""\
def component(labels, noise):
    angle = 2 * np.pi * labels / 10
    along, across = 4 + noise[:, 0], 0.3 * noise[:, 1]
    x = along * np.cos(angle) - across * np.sin(angle)
    y = along * np.sin(angle) + across * np.cos(angle)
    return np.stack([x, y], axis=1)
""",
)

main_axis = Exercise(
    title="Exercise 3, along the main axis",
    judge=_judge_axis,
    nudge="Distances from 2 to 6 (np.linspace), times the direction (cos, sin) of the label's angle.",
    answer="""\
def main_axis(label, count):
    angle = 2 * np.pi * label / 10
    distance = np.linspace(4 - 2, 4 + 2, count)
    return distance[:, None] * np.array([np.cos(angle), np.sin(angle)])
""",
)

few = Exercise(
    title="Exercise 4, the loss of a few labels",
    judge=_judge_few,
    nudge="Choose the rows whose label is below 10 first; then it is an ordinary cross entropy.",
    answer="""\
def few_cross_entropy(logits, labels):
    known = labels < 10
    nats = ops.sparse_categorical_crossentropy(labels[known], logits[known], from_logits=True)
    return ops.mean(nats)
""",
)
