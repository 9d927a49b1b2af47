"""Figures of lecture 08: what is drawn, and that it can be read."""

import io

import numpy as np
import pytest
from PIL import Image

from course_utils import plots
from course_utils.plots import biggan

pytestmark = pytest.mark.once
RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(-1, 1, (8, 6, 6, 1)).astype("float32")


def drawn():
    single, mean = np.eye(10)[3], np.full(10, 0.1)
    return {
        "answers": biggan.answers({"good": (PICTURES, single, mean), "bad": (PICTURES, mean, mean)}),
        "blocks": biggan.blocks(),
        "latents": biggan.latents({"all": RNG.normal(size=500), "half": RNG.uniform(-0.5, 0.5, 500)}),
        "sweep": biggan.sweep([None, 1.0, 0.5], {"FD": {"FD": [1, 2, 3]}, "both": {"a": [3, 2, 1], "b": [1, 1, 1]}}),
        "ladder": biggan.ladder({"base": [2.0, 4.0], "more": [5.0, 5.0]}, {"base": 52.52}, limit=9.8),
        "spectra": biggan.spectra({"SN": ([1, 2], {"a": [1, 2], "b": [1, 9]}), "none": ([1, 2], {"a": [1, 3]})}),
        "attention": biggan.attention(PICTURES[:3], [(1, 2)] * 3, RNG.dirichlet(np.ones(9), 3).reshape(3, 3, 3)),
    }


def test_answers_stand_under_their_images():
    figure = drawn()["answers"]
    _, _, one, other, everyone, _ = figure.axes
    assert [bar.get_height() for bar in one.patches] == list(np.eye(10)[3])
    assert [bar.get_height() for bar in other.patches] == [bar.get_height() for bar in everyone.patches] == [0.1] * 10


def test_the_sweep_ends_with_the_whole_prior_at_the_right():
    left, right = drawn()["sweep"].axes
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["0.5", "1", "none"]
    assert list(left.lines[0].get_ydata()) == [3, 2, 1]
    assert left.get_legend() is None and right.get_legend() is not None


def test_the_ladder_marks_means_and_leaves_out_what_the_slide_lacks():
    left, right = drawn()["ladder"].axes
    assert [list(line.get_xdata()) for line in left.lines[:4]] == [[2, 4], [3, 3], [5, 5], [5, 5]]
    assert left.lines[4].get_xdata()[0] == 9.8
    assert [bar.get_width() for bar in right.patches] == [52.52]
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the first row on top


def test_the_generator_is_drawn_with_the_shapes_that_leave_its_parts():
    texts = [text.get_text() for text in biggan.blocks(8, (12, 6, 3), attention=32).axes[0].texts]
    assert [text for text in texts if "×" in text] == ["8×8×12", "16×16×12", "32×32×6", "64×64×3"]
    assert [text for text in texts if "of z" in text] == [f"part {k} of z" for k in range(4)]
    assert texts.index("block, twice the grid\nthen attention") > texts.index("part 1 of z")


def test_spectra_name_the_layer_that_ends_highest():
    left, right = drawn()["spectra"].axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["b"]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["a"]


def test_attention_marks_the_same_place_in_image_and_map():
    above, below = drawn()["attention"].axes[0], drawn()["attention"].axes[3]
    assert above.lines[0].get_xydata().tolist() == [[2, 1]]
    assert below.lines[0].get_xydata().tolist() == [[0.75, 0.25]]  # half the size: pixel centres, not corners


@pytest.mark.parametrize("name", ["answers", "blocks", "latents", "sweep", "ladder", "spectra", "attention"])
def test_every_figure_becomes_a_small_png_with_text_of_at_least_12_points(name):
    figure = drawn()[name]
    data = plots.png(figure)
    assert Image.open(io.BytesIO(data)).format == "PNG" and len(data) < 150_000
    texts = [t for t in figure.findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
    assert not texts or min(t.get_fontsize() for t in texts) >= 12
