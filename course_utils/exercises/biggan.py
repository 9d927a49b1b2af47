"""Exercises of lecture 08, BigGAN."""

import numpy as np

from .judged import Exercise, close, draws, judged, tensors


def _judge_norm(norm):
    kernel, u = draws(1, 6, 4), draws(2, 4)
    u = u / np.linalg.norm(u)
    v = kernel @ u / np.linalg.norm(kernel @ u)
    right = np.linalg.norm(kernel.T @ v)
    found = judged(norm, *tensors(kernel, u))
    if close(found, right):
        return None
    if found.shape != ():
        return f"the result has the shape {found.shape}; the norm is one number, v·(W u)."
    if close(found, np.linalg.norm(kernel @ u)):
        return "this is ‖W u‖ with the u that was given. One iteration also makes a new u: Wᵀ v, divided by its length."
    if close(found, np.linalg.norm(kernel, 2)):
        return "this is the exact norm. It is the right end, but one iteration from this u does not get there yet."
    if close(found, np.linalg.norm(kernel)):
        return "this is the root of the sum of all squares; the spectral norm is the largest stretch of one direction."
    if close(found, (kernel @ u) @ kernel @ (kernel.T @ (kernel @ u))):
        return "u and v must have length 1: divide each by its norm before you use it."
    return "the value differs: v from W u, then u from Wᵀ v, each divided by its length, then v·(W u)."


def _judge_projection(projection):
    features, w, b = draws(3, 5, 4), draws(4, 4), np.float32(0.7)
    table, labels = draws(5, 3, 4), np.array([0, 2, 1, 1, 0])
    plain, inner = features @ w + b, (features * table[labels]).sum(-1)
    found = judged(projection, *tensors(features, w, b, table, labels))
    if close(found, plain + inner):
        return None
    if close(found, plain):
        return "the labels are not used: add the inner product of each image's features with its label's row."
    if close(found, inner):
        return "only the projection is here: w·φ + b, which judges the image whatever its class, belongs to it."
    if close(found, plain - b + inner):
        return "the bias b is missing."
    if found.shape == (5, 3):
        return "these are logits for all classes; each image needs the row of its own label alone, by ops.take."
    if found.shape != (5,):
        return f"the shape is {found.shape}, expected one logit an image, (5,): sum over the last axis."
    if close(found, plain + inner.sum()):
        return "the inner product was summed over the batch too; sum over the last axis only."
    return "the values differ: w·φ(x) + b + ⟨e(y), φ(x)⟩, for each image with the row of its own label."


def _judge_off_diagonal(off_diagonal):
    kernel = draws(6, 3, 3, 2, 4)
    flat = kernel.reshape(-1, 4).astype("float64")
    gram, identity = flat.T @ flat, np.eye(4)
    off = gram * (1 - identity)
    right = np.square(off).sum()
    found = judged(off_diagonal, *tensors(kernel))
    if close(found, right):
        return None
    if found.shape != ():
        return f"the result has the shape {found.shape}; sum the squares of the whole matrix to get one number."
    rows = flat @ flat.T
    if close(found, np.square(gram - identity).sum()):
        return "this is the strict form, ‖WᵀW − I‖². Leave the diagonal out altogether."
    if close(found, np.square(gram).sum()):
        return "the diagonal is still in it: multiply WᵀW by 1 − I, number by number."
    if close(found, np.square(rows * (1 - np.eye(18))).sum()):
        return "this compares the rows. The columns are the filters: WᵀW is (4, 4) here."
    if close(found, np.sqrt(right)):
        return "the penalty is the squared norm: no root."
    if close(found, off.sum()) or close(found, np.abs(off).sum()):
        return "the entries have to be squared before they are summed."
    if close(found, np.square(off).mean()):
        return "this is the mean; the norm is a sum over all entries."
    return "the value differs. Reshape the kernel to (-1, out), take WᵀW, drop the diagonal, sum the squares."


def _judge_truncate(truncate):
    z, threshold = draws(7, 4_000), 0.5
    found = judged(truncate, z.copy(), threshold, np.random.default_rng(8))
    if found.shape != z.shape:
        return f"the shape is {found.shape}, expected that of z, {z.shape}: replace numbers, do not drop them."
    inside = np.abs(z) <= threshold
    if close(found, z):
        return "nothing has changed: numbers beyond the threshold are to be drawn again."
    if close(found, np.clip(z, -threshold, threshold)):
        return "this clips: a heap of numbers at ±threshold. Draw again what lies beyond."
    if close(found, z * threshold):
        return "this scales: all numbers change, and some still lie beyond. Draw again what lies beyond."
    if np.abs(found).max() > threshold * (1 + 1e-5):
        return "some numbers still lie beyond the threshold: a new draw may lie beyond too, so repeat until none does."
    if not np.allclose(found[inside], z[inside]):
        return "numbers that were inside have changed. Draw only those again that lie beyond."
    if len(np.unique(found[~inside])) < 0.9 * np.count_nonzero(~inside):
        return "the numbers beyond were all replaced by one or a few values. Draw one for each."
    if abs(found[~inside].std() - 0.2839) > 0.02:  # of a normal number given |z| ≤ ½
        return "the new numbers are not spread as normal ones are between the thresholds: take rng.standard_normal."
    return None


norm = Exercise(
    title="Exercise 1, one power iteration",
    judge=_judge_norm,
    nudge="Two products: W u points where W stretches u to; Wᵀ v brings it back. Normalise after each.",
    answer='''\
def spectral_norm(W, u):
    v = ops.matmul(W, u)
    v = v / ops.norm(v)
    u = ops.matmul(v, W)
    u = u / ops.norm(u)
    return ops.sum(v * ops.matmul(W, u))
''',
)

projection = Exercise(
    title="Exercise 2, the projection",
    judge=_judge_projection,
    nudge="ops.take(embeddings, labels, axis=0) gives each image the row of its class, (N, C).",
    answer='''\
def projection(features, w, b, embeddings, labels):
    wanted = ops.take(embeddings, labels, axis=0)
    return ops.matmul(features, w) + b + ops.sum(wanted * features, axis=-1)
''',
)

off_diagonal = Exercise(
    title="Exercise 3, the milder regulariser",
    judge=_judge_off_diagonal,
    nudge="First make it a matrix, (-1, out). WᵀW then has an inner product of two filters in each place.",
    answer='''\
def off_diagonal(kernel):
    W = ops.reshape(kernel, (-1, kernel.shape[-1]))
    gram = ops.matmul(ops.transpose(W), W)
    return ops.sum(ops.square(gram * (1 - ops.eye(gram.shape[0]))))
''',
)

truncate = Exercise(
    title="Exercise 4, truncation by drawing again",
    judge=_judge_truncate,
    nudge="A mask finds the numbers beyond; rng.standard_normal(how many) replaces them. Once is not enough.",
    answer='''\
def truncate(z, threshold, rng):
    z = z.copy()
    while np.any(np.abs(z) > threshold):
        beyond = np.abs(z) > threshold
        z[beyond] = rng.standard_normal(beyond.sum())
    return z
''',
)
