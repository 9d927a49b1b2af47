"""Probes: how well simple readers find the classes in codes that were learned without them."""

import numpy as np

from course_utils.metrics._arrays import points


def nearest_accuracy(train, train_labels, test, test_labels):
    """Returns how often the nearest training code has the class of a test code.

    Args:
        train: (n, d) float, codes.
        train_labels: (n,) int.
        test: (m, d) float, codes.
        test_labels: (m,) int.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: the codes are not two-dimensional, not finite, or of different lengths.

    Source: Pidhorskyi et al., 2020, table 1; Donahue et al., 2017, section 4.2.
    """
    from sklearn.neighbors import KNeighborsClassifier  # here, since its import takes a second

    train, test = _scaled(train, test)
    reader = KNeighborsClassifier(1, algorithm="brute").fit(train, train_labels)
    return float(reader.score(test, test_labels))


def linear_accuracy(train, train_labels, test, test_labels, c=0.02):
    """Returns how often a linear support vector machine, fitted to the training codes, finds the class of a test code.

    Args:
        train, train_labels, test, test_labels: as in `nearest_accuracy`, with two classes or more.
        c: the machine's C, positive float; 0.02 in the authors' program. Since what it means hangs on the size
            of the codes, both sets are first shifted and scaled so that the training codes have mean 0 and, over
            all axes together, variance 1.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: as in `nearest_accuracy`.

    Source: Pidhorskyi et al., 2020, table 1, and their program.
    """
    from sklearn.svm import LinearSVC

    train, test = _scaled(train, test)
    return float(LinearSVC(C=c, random_state=0).fit(train, train_labels).score(test, test_labels))


def pairwise_accuracy(train, train_labels, test, test_labels, c=1.0):
    """Returns how often the class of a test code wins a vote of linear machines, one for each pair of classes.

    `linear_accuracy` asks one hyperplane a class to part it from all others. Here K (K − 1) / 2 hyperplanes vote,
    so that a class between two others, which no single plane parts from both, can still be found.

    Args:
        train, train_labels, test, test_labels: as in `nearest_accuracy`, with two classes or more.
        c: the machines' C, positive float, for codes scaled as in `linear_accuracy`.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: as in `nearest_accuracy`.

    Source: Knerr, Personnaz and Dreyfus, 1990; LIBSVM's way with several classes.
    """
    from sklearn.svm import SVC

    train, test = _scaled(train, test)
    return float(SVC(kernel="linear", C=c, cache_size=1_000).fit(train, train_labels).score(test, test_labels))


def domain_accuracy(source, target, folds=5, seed=0):
    """Returns how often a linear reader tells which of two sets features came from, on rows that it did not see.

    Both sets are cut to as many rows, so that guessing gives ½. A linear support vector machine is fitted to all folds
    but one and asked about that one, for each fold in turn.

    Args:
        source: (n, F) float, features.
        target: (m, F) float, features.
        folds: number of parts, ≥ 2.
        seed: int ≥ 0, of the rows that are taken and of the folds.

    Returns:
        float in [0, 1]: ½ where a linear reader finds no domain, 1 where it always does.

    Raises:
        ValueError: the features do not fit together, or a set has fewer rows than folds.

    Source: the same question, as a distance of domains: Ben-David et al., A theory of learning from different
    domains, 2010, section 4.
    """
    source, target = points(source, "source"), points(target, "target")
    n = min(len(source), len(target))
    if not 2 <= folds <= n:
        raise ValueError(
            f"Found {folds} folds for {n} rows of each set, expected 2 to {n} folds; take 5, or more rows."
        )
    rng = np.random.default_rng(seed)
    chosen = [part[rng.permutation(len(part))[:n]] for part in (source, target)]
    found = []
    for fold in range(folds):
        held = np.arange(n) % folds == fold
        rows = [np.concatenate([part[which] for part in chosen]) for which in (~held, held)]
        labels = [np.repeat([1, 0], which.sum()) for which in (~held, held)]
        found.append(linear_accuracy(rows[0], labels[0], rows[1], labels[1], c=0.1))
    return float(np.mean(found))


def _scaled(train, test):
    """One shift for each axis and one scale for all of them: the order of distances stays."""
    train, test = points(train, "train"), points(test, "test")
    middle = train.mean(axis=0)
    train, test = train - middle, test - middle
    width = np.sqrt(np.mean(train**2)) + 1e-12
    return train / width, test / width
