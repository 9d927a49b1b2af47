"""Every measure takes what networks give under a bfloat16 policy, and answers in full precision."""

import keras
import numpy as np
import pytest

from course_utils import metrics

RNG = np.random.default_rng(3)
A, B = RNG.normal(size=(2, 40, 5)).astype("float32")
ROWS = RNG.dirichlet(np.ones(4), 40).astype("float32")
MEASURES = {
    "frechet_distance": (metrics.frechet_distance, A, B),
    "kernel_distance": (metrics.kernel_distance, A, B),
    "precision_recall": (metrics.precision_recall, A, B),
    "inception_score": (metrics.inception_score, ROWS),
    "class_shares": (metrics.class_shares, ROWS),
    "mode_coverage": (lambda x, y: metrics.mode_coverage(x, y, 1.5)[:2], A, B),
    "mmd": (lambda x, y: metrics.mmd(x, y, metrics.rbf(1.0)), A, B),
    "slerp": (lambda x, y: metrics.slerp(x, y, np.full(40, 0.3)), A, B),
    "importance_weighted": (metrics.importance_weighted, A),
    "source_coefficients": (lambda x, y: metrics.source_coefficients(x + y, x, y), A, B),
}


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32"])
@pytest.mark.parametrize("name", MEASURES)
def test_a_measure_of_tensors_is_that_of_their_values(name, kind):
    measure, *arrays = MEASURES[name]
    tensors = [keras.ops.cast(x, kind) for x in arrays]
    values = [keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")) for x in tensors]
    if name != "source_coefficients":
        found, expected = measure(*tensors), measure(*values)
        np.testing.assert_allclose(np.asarray(found, "float64"), np.asarray(expected, "float64"), rtol=1e-9)
    hosts = [keras.ops.convert_to_numpy(x) for x in tensors]  # on some backends arrays of bfloat16
    np.testing.assert_allclose(
        np.asarray(measure(*hosts), "float64"), np.asarray(measure(*values), "float64"), rtol=0.05
    )


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32"])
def test_an_evaluator_reads_half_precision_and_answers_in_full(kind):
    images = RNG.uniform(-1, 1, (3, 28, 28, 1)).astype("float32")
    tensor = keras.ops.cast(images, kind)
    read = metrics.evaluator("mnist")
    found, expected = read(tensor), read(keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32")))
    assert found.features.dtype == np.float32 and found.probabilities.dtype == np.float64
    np.testing.assert_allclose(found.features, expected.features, atol=1e-6)
