"""Drawings of games: every network is named, and the texts stay apart."""

import pytest

from course_utils.plots import adversaries, png

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    "draw, names",
    [(adversaries.referee, ("encoder", "decoder", "discriminator")), (adversaries.two_cuts, tuple("FGED"))],
)
def test_every_network_is_named_and_no_text_covers_another(draw, names):
    made = draw()
    png(made)
    texts = [t for t in made.axes[0].texts if t.get_text()]
    assert set(names) <= {t.get_text() for t in texts}
    boxes = [t.get_window_extent() for t in texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
