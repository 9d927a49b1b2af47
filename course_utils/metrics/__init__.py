"""Measures of generative models: NumPy and SciPy over features, probabilities, samples and codes."""

from course_utils.metrics.coverage import uncovered
from course_utils.metrics.evaluator import Evaluator, Reading, evaluator, score
from course_utils.metrics.frechet import (
    Moments,
    combine,
    frechet_distance,
    frechet_from_moments,
    moments,
)
from course_utils.metrics.inception import inception_score
from course_utils.metrics.kernel import (
    BlockAverage,
    imq,
    kernel_distance,
    kernel_distance_blocks,
    mmd,
    rbf,
    scaled_rbf,
)
from course_utils.metrics.likelihood import bits_per_dimension, importance_weighted, log_likelihood
from course_utils.metrics.mixing import Coefficients, glyph_factors, source_coefficients
from course_utils.metrics.modes import ModeCoverage, class_shares, mode_coverage
from course_utils.metrics.path_length import lerp, path_length, slerp
from course_utils.metrics.precision_recall import PrecisionRecall, precision_recall
from course_utils.metrics.probes import domain_accuracy, linear_accuracy, nearest_accuracy, pairwise_accuracy
from course_utils.metrics.switches import Switches, class_switches

__all__ = [
    "BlockAverage",
    "Coefficients",
    "Evaluator",
    "ModeCoverage",
    "Moments",
    "PrecisionRecall",
    "Reading",
    "Switches",
    "bits_per_dimension",
    "class_shares",
    "class_switches",
    "combine",
    "domain_accuracy",
    "evaluator",
    "frechet_distance",
    "frechet_from_moments",
    "glyph_factors",
    "importance_weighted",
    "imq",
    "inception_score",
    "kernel_distance",
    "kernel_distance_blocks",
    "lerp",
    "linear_accuracy",
    "log_likelihood",
    "mmd",
    "mode_coverage",
    "moments",
    "nearest_accuracy",
    "pairwise_accuracy",
    "path_length",
    "precision_recall",
    "rbf",
    "scaled_rbf",
    "score",
    "slerp",
    "source_coefficients",
    "uncovered",
]
