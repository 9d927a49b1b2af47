"""Checks that the measures share: they take feature and probability arrays of any origin."""

import numpy as np

from course_utils.builders import as_array


def points(x, name, least=1, columns=None):
    """Returns x as a float64 (n, d) array with at least `least` finite rows."""
    x = as_array(x).astype("float64", copy=False)
    if x.ndim != 2:
        raise ValueError(
            f"{name} has shape {x.shape}, expected (n, d), one row a sample: flatten each sample with "
            f"reshape(len(x), -1)."
        )
    if len(x) < least:
        raise ValueError(f"{name} has {len(x)} row(s), expected at least {least}: measure more samples.")
    if columns is not None and x.shape[1] != columns:
        raise ValueError(
            f"{name} has {x.shape[1]} columns, expected {columns} as in the other set: read both with "
            f"the same evaluator."
        )
    if not np.isfinite(x).all():
        bad = int((~np.isfinite(x).all(axis=1)).sum())
        raise ValueError(
            f"{name} has NaN or infinite values in {bad} of {len(x)} rows, expected finite numbers: "
            f"look for what diverged."
        )
    return x


def probability_rows(probabilities):
    """Returns probabilities as float64 (n, classes), rows renormalised to sum to exactly 1."""
    rows = points(probabilities, "probabilities")
    total = rows.sum(axis=1, keepdims=True)
    if rows.min() < 0 or np.abs(total - 1).max() > 1e-2:
        raise ValueError(
            f"probabilities holds values from {rows.min():.3g} and rows that sum to {total.min():.3g} "
            f"to {total.max():.3g}, expected rows ≥ 0 that sum to 1: apply a softmax to logits first."
        )
    return rows / total


def squared_distances(a, b):
    """Returns the (n, m) matrix ‖aᵢ − bⱼ‖² ≥ 0."""
    squares = (-2 * a) @ b.T  # in place from here: memory traffic is what this costs
    squares += (a * a).sum(axis=1)[:, None]
    squares += (b * b).sum(axis=1)
    return np.maximum(squares, 0, out=squares)


def blocks(n, size):
    """Yields slices of at most `size` rows that cover range(n)."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
