"""Drawings of networks: every layer that makes something new has its block, with the shape that leaves it."""

import pytest
from matplotlib.patches import Rectangle

from course_utils import plots
from course_utils.networks.autoencoders import dense_encoder
from course_utils.networks.vae import conv_decoder, conv_encoder

pytestmark = pytest.mark.once


def texts(axis):
    return [text.get_text() for text in axis.texts]


def test_blocks_are_input_layers_with_weights_and_upsamplings_and_two_heads_share_one():
    figure = plots.architecture({"encoder": conv_encoder(2, 16), "decoder": conv_decoder(2, 16)})
    encoder, decoder = figure.axes
    assert texts(encoder)[::2] == ["28×28×1", "14×14×16", "7×7×32", "4×4×32", "32", "2"]
    assert texts(encoder)[-1] == "z_mean\nz_log_var"
    assert texts(decoder)[::2] == ["2", "32", "7×7×32", "14×14×32", "14×14×16", "28×28×16", "28×28×8", "28×28×1"]
    assert len([p for p in decoder.patches if isinstance(p, Rectangle)]) == 8


def test_a_flattened_image_keeps_its_own_block():
    (axis,) = plots.architecture({"encoder": dense_encoder(6, (256, 64))}).axes
    assert texts(axis)[::2] == ["28×28×1", "256", "64", "6"]


@pytest.mark.parametrize("drawn", [lambda: plots.architecture({"e": dense_encoder(3)}), plots.stochastic_node])
def test_texts_have_at_least_twelve_points(drawn):
    found = [t for t in drawn().findobj(lambda o: hasattr(o, "get_fontsize")) if t.get_text()]
    assert found and min(t.get_fontsize() for t in found) >= 12
