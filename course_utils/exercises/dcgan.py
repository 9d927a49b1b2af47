"""Exercises of lecture 05, the DCGAN."""

import numpy as np

from .judged import Exercise, close, draws, judged, tensors


def _counts(kernel, stride, inputs):
    counts = np.zeros(stride * (inputs - 1) + kernel)
    for i in range(inputs):
        counts[stride * i : stride * i + kernel] += 1
    return counts


def _judge_writers(writers):
    cases = [(3, 2, 5), (4, 2, 5), (5, 2, 4), (2, 3, 3)]
    found = [judged(writers, *case) for case in cases]
    for case, mine in zip(cases, found):
        kernel, stride, inputs = case
        right = _counts(*case)
        if close(mine, right):
            continue
        if mine.ndim != 1:
            return f"the result has shape {mine.shape}, expected one count for each output, {right.shape}."
        if len(mine) == stride * inputs != len(right):
            return (
                f"at kernel {kernel}, stride {stride} and {inputs} inputs you return {len(mine)} outputs. Without "
                f"padding the last input begins at output {stride * (inputs - 1)} and reaches {kernel} far, "
                f"which makes {len(right)}."
            )
        if len(mine) != len(right):
            return (
                f"at kernel {kernel}, stride {stride} and {inputs} inputs there are {len(right)} outputs, "
                f"stride·(inputs − 1) + kernel; you return {len(mine)}."
            )
        if mine.max() <= 1:
            return "no output has more than one writer: add to the count, do not set it."
        if mine.sum() != kernel * inputs:
            return (
                f"your counts add up to {mine.sum():.0f}. Each of the {inputs} inputs writes {kernel} times, "
                f"so they must add up to {kernel * inputs}."
            )
        return "the values differ. Input i writes to the outputs stride·i … stride·i + kernel − 1."
    return None


def _judge_slerp(slerp):
    a, b, t = draws(1, 64), draws(2, 64), 0.3
    angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    weights = np.sin((1 - t) * angle) / np.sin(angle), np.sin(t * angle) / np.sin(angle)
    right = weights[0] * a + weights[1] * b
    found = judged(slerp, a, b, t)
    if not np.isfinite(found).all():
        return "the result is not finite: arccos needs the cosine, the product divided by both norms."
    if close(found, (1 - t) * a + t * b):
        return "this is the straight line: at t = 0.5 its norm is about 0.7 of that of the ends."
    if close(found, weights[1] * a + weights[0] * b):
        return "t = 0 has to give z0 and t = 1 z1; yours runs the other way."
    if found.shape != a.shape:
        return f"the shape is {found.shape}; a latent is {a.shape}."
    line = (1 - t) * a + t * b
    if close(found / np.linalg.norm(found), line / np.linalg.norm(line)):
        return "scaling the straight line keeps the norm but not the speed: use the two sines of the angle."
    if close(found, right):
        stretched = judged(slerp, 2 * a, 2 * b, t)
        if close(stretched, 2 * right):
            return None
        return "right for these two; with latents twice as long it fails. Does the norm enter the angle?"
    return (
        "the values differ. At t = 0 you should get z0; the weights are sin((1 − t)Ω)/sin Ω and "
        "sin(tΩ)/sin Ω, with Ω the angle between z0 and z1."
    )


def _judge_soft(soft_loss):
    logits, labels = 3 * draws(3, 40), np.random.default_rng(4).uniform(size=40).astype("float32")
    right = np.mean(np.logaddexp(0, logits.astype("float64")) - labels * logits)
    found = judged(soft_loss, *tensors(logits, labels))
    if close(found, right):
        far = judged(soft_loss, *tensors(np.full(2, 200, "float32"), np.zeros(2, "float32")))
        if close(far, 200.0):
            return None
        return f"right for these numbers, but at a logit of 200 it gives {far:g}, not 200: use softplus of the logit."
    if found.shape == (40,):
        return "one number for each example is left: take the mean."
    if found.shape != ():
        return f"the loss is one number; yours has shape {found.shape}."
    if close(found, -right):
        return "the sign is wrong: a cross-entropy is never negative."
    if close(found, np.mean(np.logaddexp(0, -logits) - labels * -logits)):
        return "real and fake are exchanged: label 1 should make large logits cheap."
    if close(found, np.mean(np.logaddexp(0, -logits))) or close(found, np.mean(np.logaddexp(0, logits))):
        return "the labels are not used."
    hard = np.mean(np.logaddexp(0, logits) - (labels > 0.5) * logits)
    if close(found, hard):
        return "the labels were rounded to 0 and 1; a soft label weighs both terms."
    return "the values differ. With D = sigmoid(f):  −y log D − (1 − y) log(1 − D)  =  softplus(f) − y·f."


def _judge_analogy(analogy):
    a, b, c = draws(5, 3, 64), draws(6, 3, 64), draws(7, 3, 64)
    right = a.mean(0) - b.mean(0) + c.mean(0)
    found = judged(analogy, a, b, c)
    if close(found, right):
        return None
    if close(found, a - b + c):
        return "these are three latents still. Average each group of three first."
    if close(found, a.sum(0) - b.sum(0) + c.sum(0)):
        return f"sums, not means: the result's norm is {np.linalg.norm(found):.0f}, a latent's about 8."
    if close(found, right / 3) or close(found, np.mean([a.mean(0), b.mean(0), c.mean(0)], axis=0)):
        return "no division by three at the end: the three means are combined with the weights 1, −1, 1."
    if close(found, b.mean(0) - a.mean(0) + c.mean(0)):
        return "a and b are exchanged: what a has and b has not is to be added to c."
    if close(found, a[0] - b[0] + c[0]):
        return "this uses one latent of each; average three, or the result lies off the shell (norm 8√3)."
    if found.shape != right.shape:
        return f"the shape is {found.shape}; a latent is {right.shape}: average over axis 0."
    return "the values differ: mean(a) − mean(b) + mean(c), over axis 0."


writers = Exercise(
    title="Exercise 1, who writes where",
    judge=_judge_writers,
    nudge="Begin with zeros, one an output. Input i adds 1 to `kernel` outputs in a row; where does it begin?",
    answer='''\
def writers(kernel, stride, inputs):
    counts = np.zeros(stride * (inputs - 1) + kernel, "int64")
    for i in range(inputs):
        counts[stride * i : stride * i + kernel] += 1
    return counts
''',
)

slerp = Exercise(
    title="Exercise 2, along the shell",
    judge=_judge_slerp,
    nudge="cos Ω is the product of z0 and z1 divided by both norms. At t = 0.5 both weights are equal.",
    answer='''\
def slerp(z0, z1, t):
    cosine = np.sum(z0 * z1) / (np.linalg.norm(z0) * np.linalg.norm(z1))
    angle = np.arccos(np.clip(cosine, -1, 1))
    return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / np.sin(angle)
''',
)

soft_loss = Exercise(
    title="Exercise 3, soft labels",
    judge=_judge_soft,
    nudge="The cross-entropy of a logit is linear in the label: what does it give at label 0, and what at 1?",
    answer='''\
def soft_loss(logits, labels):
    return ops.mean(ops.softplus(logits) - labels * logits)
''',
)

analogy = Exercise(
    title="Exercise 4, arithmetic",
    judge=_judge_analogy,
    nudge="Three means over axis 0, then one subtraction and one addition.",
    answer='''\
def analogy(a, b, c):
    return a.mean(axis=0) - b.mean(axis=0) + c.mean(axis=0)
''',
)
