import numpy as np
import pytest

from course_utils.metrics import source_coefficients

pytestmark = pytest.mark.once

RNG = np.random.default_rng(41)
C, F = RNG.normal(size=(2, 300))


def test_a_blend_gives_its_weights():
    assert source_coefficients(0.7 * C + 0.3 * F + 2, C, F) == pytest.approx((0.7, 0.3))
    assert source_coefficients(F, C, F) == pytest.approx((0, 1), abs=1e-12)


def test_exchanging_the_sources_exchanges_the_shares():
    mixed = C + 0.5 * RNG.normal(size=300)
    first, second = source_coefficients(mixed, C, F), source_coefficients(mixed, F, C)
    assert (first.coarse, first.fine) == pytest.approx((second.fine, second.coarse))
    assert first.coarse == pytest.approx(1, abs=0.1) and first.fine == pytest.approx(0, abs=0.1)


def test_what_follows_neither_source_has_no_share():
    other = RNG.normal(size=300)
    both = np.stack([C, F, np.ones(300)], axis=1)
    other -= both @ np.linalg.lstsq(both, other, rcond=None)[0]  # uncorrelated with both
    assert source_coefficients(other, C, F) == pytest.approx((0, 0), abs=1e-9)
    assert source_coefficients(np.ones(300), C, F) == pytest.approx((0, 0))


def test_angles_and_classes_share_one_weight_over_their_columns():
    hues = RNG.random((2, 300)) * 2 * np.pi
    c, f = (np.stack([np.cos(h), np.sin(h)], axis=1) for h in hues)
    assert source_coefficients(c, c, f) == pytest.approx((1, 0), abs=1e-9)
    labels = RNG.integers(10, size=(2, 300))
    c, f = np.eye(10)[labels]
    half = np.where(np.arange(300)[:, None] < 150, c, f)  # half of the images take one class, half the other
    assert source_coefficients(half, c, f) == pytest.approx((0.5, 0.5), abs=0.1)


def test_other_shapes_and_too_few_images_are_refused():
    with pytest.raises(ValueError, match=r"\(300,\), \(300,\), \(299,\)"):
        source_coefficients(C, C, F[1:])
    with pytest.raises(ValueError, match="n ≥ 3"):
        source_coefficients(C[:2], C[:2], F[:2])
