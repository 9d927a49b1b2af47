"""Every network of every builder is a plain Keras model: saved, loaded, cloned, copied, it computes the same."""

import copy

import keras
import numpy as np
import pytest

from course_utils import pretrained
from course_utils.builders import BUILDERS
from course_utils.layers import initial
from course_utils.networks import gan
from tests.numeric import array

PIXELS = {"image_shape": (8, 8, 1)}
STYLED = {"size": 8, "width": 2, "widest": 4}
BIGGAN = {"widths": (4, 4), "attention": 4, "classes": 3} | PIXELS
PAIRED = {"image_shapes": ((8, 8, 1), (8, 8, 3)), "width": 4}
# builder: small arguments, several where the networks are put together differently
SMALL = {
    "bag_of_words": [{"words": 5, "length": 3, "width": 4, "dim": 3}],
    "biggan_critic": [BIGGAN, BIGGAN | {"spectral": False, "projection": False, "initializer": initial.normal(0.02)}],
    "biggan_generator": [
        BIGGAN | {"latent_dim": 6},
        BIGGAN | {"latent_dim": 5, "spectral": False, "shared": False, "skip_z": False, "attention": None},
    ],
    "code_decoder": [{"widths": (5,)} | PIXELS],
    "code_discriminator": [{"widths": (5,)}],
    "code_encoder": [PIXELS | {"widths": (5,), "normalised": True, "noise": 0.3, "dropout": 0.2}],
    "constant_generator": [{"width": 4} | PIXELS],
    "conv_decoder": [{"width": 4} | PIXELS],
    "conv_encoder": [{"width": 4} | PIXELS],
    "conv_latent_encoder": [{"latent_dim": 3, "width": 4} | PIXELS],
    "conv_latent_generator": [{"latent_dim": 3, "width": 4} | PIXELS],
    "dbm": [{"visible_shape": (2, 3, 1), "hidden": (4, 3)}, {"visible_shape": (5,), "hidden": (4,)}],
    "dcgan_critic": [
        {"width": 4, "normalisation": gan.batch_norm} | PIXELS,
        {"width": 4, "normalisation": gan.layer_norm, "downsample": gan.pooled, "hidden": (3,)} | PIXELS,
    ],
    "dcgan_generator": [{"width": 4} | PIXELS, {"width": 4, "upsample": gan.transposed, "hidden": (3,)} | PIXELS],
    "dense_decoder": [{"code_dim": 2, "constraint": keras.constraints.UnitNorm(axis=1)} | PIXELS],
    "dense_encoder": [{"code_dim": 2, "widths": (5,)} | PIXELS],
    "denoising_mlp": [{"width": 5}, {"shape": (3,), "width": 4, "classes": 3}],
    "denoising_unet": [{"widths": (2, 4), "classes": 3} | PIXELS, {"widths": (2, 4), "attention": False} | PIXELS],
    "digit_classifier": [{"features": 5}],
    "digit_encoder": [{"width": 2, "features": 5, "dropout": 0.3} | PIXELS],
    "digit_network": [{"size": 8, "features": 6}, {"size": 8, "channels": 3, "features": 6, "factors": 2}],
    "domain_discriminator": [{"features": 4, "widths": (5,)}],
    "glyph_image_encoder": [{"size": 8, "width": 4, "dim": 3}],
    "label_style_encoder": [{"widths": (5,)} | PIXELS],
    "latent_critic": [{"latent_dim": 3}],
    "latent_encoder": [{"latent_dim": 3, "widths": (5,)} | PIXELS],
    "latent_generator": [{"latent_dim": 3, "widths": (5,)} | PIXELS],
    "latent_mapping": [{"latent_dim": 3, "depth": 2}],
    "layer_norm_critic": [{"width": 4} | PIXELS],
    "made": [{"image_shape": (4, 4, 1), "hidden": (9, 7)}],
    "mlp_critic": [{"widths": (5,)} | PIXELS],
    "mlp_decoder": [{"width": 5} | PIXELS],
    "mlp_encoder": [{"width": 5} | PIXELS],
    "mlp_generator": [{"widths": (5, 6)} | PIXELS],
    "one_stack_pixelcnn": [{"width": 4, "blocks": 1} | PIXELS, {"levels": 3, "width": 4, "blocks": 1} | PIXELS],
    "paired_critic": [PAIRED, PAIRED | {"tied": False}],
    "paired_generator": [PAIRED | {"latent_dim": 3}, PAIRED | {"tied": False}],
    "pixelcnn": [
        {"width": 4, "blocks": 2} | PIXELS,
        {"levels": 4, "width": 4, "blocks": 1, "patch": 1, "classes": 3} | PIXELS,
    ],
    "point_critic": [{"width": 5}],
    "point_generator": [{"width": 5}],
    "posterior_encoder": [{"widths": (5,)} | PIXELS],
    "rbm": [{"visible_shape": (2, 3, 1), "hidden": 4, "centred": True}, {"visible_shape": (5,), "hidden": 3}],
    "residual_critic": [{"blocks": (1, 1), "width": 2} | PIXELS],
    "residual_generator": [{"blocks": (1, 1), "width": 2} | PIXELS],
    "skip_synthesis": [STYLED],
    "style_critic": [STYLED],
    "style_mapper": [{"styles": 3, "latent_dim": 2, "width": 4}, {"styles": 3, "latent_dim": 2, "chosen": (1,)}],
    "style_mapping": [{"latent_dim": 3, "depth": 2}],
    "style_residual_critic": [STYLED],
    "style_synthesis": [STYLED],
    "temperature": [{}],
    "text_encoder": [{"words": 5, "length": 3, "width": 4, "depth": 1, "heads": 2, "dim": 3}],
    "vq_codebook": [{"entries": 5, "dim": 3, "grid": (2, 2)}],
    "vq_decoder": [{"width": 4, "dim": 3} | PIXELS],
    "vq_encoder": [{"width": 4, "dim": 3} | PIXELS],
}


def test_every_builder_is_here():
    assert set(SMALL) == set(BUILDERS)


def inputs_of(network, classes=3):
    rng = np.random.default_rng(0)
    shapes = [(4, *(n or 5 for n in i.shape[1:])) for i in network.inputs]
    rows = [
        rng.integers(0, classes, 4) if i.name == "labels" else rng.uniform(-1, 1, shape).astype("float32")
        for i, shape in zip(network.inputs, shapes)
    ]
    return rows if len(rows) > 1 else rows[0]


def outputs_of(network):
    return [array(part) for part in keras.tree.flatten(network(inputs_of(network), training=False))]


def shaken(network):
    """Weights away from their start, where gates, fades and strengths are 0 and hide what is lost."""
    rng = np.random.default_rng(1)
    for variable in network.weights:
        if "float" in str(variable.dtype) and variable.name not in ("u", "moving_variance"):
            variable.assign(array(variable) + 0.1 * rng.normal(size=variable.shape))
    return network


def same(network, other, carried):
    assert other is not network and not {id(v) for v in other.weights} & {id(v) for v in network.weights}
    if not carried:
        other.set_weights(network.get_weights())
    for one, two in zip(outputs_of(network), outputs_of(other), strict=True):
        np.testing.assert_allclose(two, one, rtol=0, atol=1e-6 * max(1.0, np.abs(one).max()))


def check_round_trips(network, folder):
    network.save(folder / "network.keras")
    same(network, keras.saving.load_model(folder / "network.keras"), carried=True)
    same(network, copy.deepcopy(network), carried=True)
    same(network, keras.models.clone_model(network), carried=False)
    same(network, keras.models.model_from_json(network.to_json()), carried=False)
    config = network.get_config()
    again = type(network).from_config(config)
    same(network, again, carried=False)
    assert again.to_json() == network.to_json()


@pytest.mark.parametrize(("name", "arguments"), [(name, each) for name, several in SMALL.items() for each in several])
def test_a_network_of_every_builder(name, arguments, tmp_path):
    check_round_trips(shaken(BUILDERS[name].function(**arguments)), tmp_path)


@pytest.mark.parametrize("name", pretrained.available())
def test_every_shipped_network(name, tmp_path):
    for network in pretrained.load(name).networks.values():
        network.save(tmp_path / "network.keras")
        same(network, keras.saving.load_model(tmp_path / "network.keras"), carried=True)
        same(network, copy.deepcopy(network), carried=True)


@pytest.mark.parametrize(
    "initializer", [initial.glorot_uniform, initial.orthogonal, initial.normal(0.3), initial.scaled_normal(2.0)]
)
def test_an_initializer_is_serialisable(initializer):
    again = keras.initializers.deserialize(keras.initializers.serialize(initializer))
    assert type(again) is type(initializer) and again.get_config() == initializer.get_config()
    keras.utils.set_random_seed(3)
    one = initializer((3, 3, 2, 4))
    keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(again((3, 3, 2, 4)), one)
