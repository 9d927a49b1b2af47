"""Inception score: extremes, bounds, a value by hand."""

import numpy as np
import pytest

from course_utils.metrics import inception_score

pytestmark = pytest.mark.once


def test_uniform_answers_score_one():
    assert inception_score(np.full((50, 10), 0.1)) == pytest.approx(1.0, abs=1e-12)


def test_one_sure_answer_scores_one():
    assert inception_score(np.eye(10)[[3] * 50]) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 10])
def test_sure_and_even_answers_score_the_number_of_classes(classes):
    assert inception_score(np.tile(np.eye(classes), (7, 1))) == pytest.approx(classes, rel=1e-12)


def test_value_by_hand():
    # Marginal (3/4, 1/4); KL of (1, 0) is log 4/3, of (1/2, 1/2) is (log 2/3 + log 2) / 2.
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5]])
    mean_divergence = (np.log(4 / 3) + 0.5 * (np.log(2 / 3) + np.log(2))) / 2
    assert inception_score(probabilities) == pytest.approx(np.exp(mean_divergence), rel=1e-12)


def test_bounds_hold_for_any_answers():
    rng = np.random.default_rng(0)
    for concentration in (0.01, 0.3, 5.0):
        score = inception_score(rng.dirichlet(np.full(10, concentration), size=200))
        assert 1.0 <= score <= 10.0


def test_parts_are_scored_apart_and_averaged():
    probabilities = np.random.default_rng(1).dirichlet(np.ones(4), size=60)
    apart = [inception_score(probabilities[:30]), inception_score(probabilities[30:])]
    assert inception_score(probabilities, splits=2) == pytest.approx(np.mean(apart), rel=1e-12)


def test_order_of_images_does_not_matter():
    probabilities = np.random.default_rng(2).dirichlet(np.ones(4), size=60)
    assert inception_score(probabilities[::-1]) == pytest.approx(inception_score(probabilities))


@pytest.mark.parametrize(
    "probabilities, words",
    [
        (np.array([[2.0, -1.0]]), "softmax"),
        (np.array([[0.5, 0.2]]), "sum to"),
        (np.array([0.5, 0.5]), "shape"),
        (np.zeros((0, 10)), "0 row"),
        (np.array([[np.nan, 1.0]]), "NaN"),
    ],
)
def test_what_is_no_distribution_is_refused(probabilities, words):
    with pytest.raises(ValueError, match=words):
        inception_score(probabilities)


def test_more_parts_than_images_are_refused():
    with pytest.raises(ValueError, match="splits is 3"):
        inception_score(np.full((2, 2), 0.5), splits=3)
