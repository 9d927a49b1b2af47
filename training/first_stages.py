"""The first stages of lecture 09's long run, cut out of its weights, for a lesson to grow on from.

    python training/first_stages.py        # a minute, no training; needs the shipped stylegan-glyphs

Layers up to 16×16 are those of the run. It has not used the 1×1 convolutions to and from pixels at that size since its
last layers faded in, so these are fitted by least squares.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import stylegan as stylegan_runs
from runs import save

from course_utils import metrics, pretrained, weights
from course_utils.games import stylegan
from course_utils.layers import BlurUpSampling2D
from course_utils.networks import stylegan as networks

SOURCE = "stylegan-glyphs"
SAMPLES = 5_000


def cut(size, n=2_000):
    """Ships the layers up to a size, with new 1×1 convolutions to and from pixels.

    The generator's is fitted to what the whole generator draws, halved; the critic's to what its larger layers hand on
    for training images.
    """
    whole = pretrained.load(SOURCE)
    run = stylegan_runs.RUNS[SOURCE]
    mapping, synthesis = whole.networks["mapping"], whole.networks["synthesis"]
    made = {**run.networks(size), "mapping": mapping}
    for part in ("synthesis", "critic"):
        known = {layer.name: layer for layer in whole.networks[part].layers if layer.weights and layer.name != "fade"}
        for layer in made[part].layers:
            if layer.name in known:
                layer.set_weights(known[layer.name].get_weights())
    rng = np.random.default_rng(4)
    w = stylegan.styles_of(mapping, rng.standard_normal((n, run.latent_dim), dtype="float32"))
    noise = stylegan.noise_for(synthesis, n, rng)
    drawn = stylegan.smaller(stylegan.images_of(synthesis, w, noise), size)
    fewer = [w[:, None].repeat(networks.style_layers(size), axis=1), noise[:, : networks.noise_slices(size)[-1].stop]]
    _fit(made["synthesis"], f"{size}_rgb", fewer, drawn)
    x_train, x_test, _ = stylegan_runs.real(run)
    x_train = x_train[:n]
    handed = keras.Model(whole.networks["critic"].inputs, whole.networks["critic"].get_layer("fade").input[1])
    after = handed.predict(x_train, batch_size=100, verbose=0)
    _fit(made["critic"], f"{size}_rgb", stylegan.smaller(x_train, size), np.where(after > 0, after, 5 * after))
    weights.round_to(made)
    images = stylegan_runs.sampled(made, SAMPLES, seed=1)
    recipe = whole.recipe | {
        "command": "python training/first_stages.py", "code_version": pretrained.code_version(), "seconds": 0.0,
        "networks": run.described(size), "shares": {},
        "settings": {"cut from": SOURCE, "size": size, "fitted on": n},
        "scores": {f"FD-glyphs-cnn-at-{size}": _halved_distance(images, x_test, size)},
    }  # fmt: skip
    save(f"{SOURCE}-{size}", made, {key: value for key, value in recipe.items() if key != "sha256"})


def _fit(network, name, inputs, wanted):
    """Fits a 1×1 convolution of a network by least squares: what enters it -> wanted (N, H, W, channels)."""
    layer = network.get_layer(name)
    entering = keras.Model(network.inputs, layer.input).predict(inputs, batch_size=100, verbose=0)
    design = np.concatenate([entering, np.ones_like(entering[..., :1])], axis=-1).reshape(-1, entering.shape[-1] + 1)
    found, *_ = np.linalg.lstsq(design, wanted.reshape(-1, wanted.shape[-1]), rcond=None)
    kernel, bias = layer.get_weights()
    layer.set_weights([np.ones_like(kernel), 0 * bias])
    scale = float(np.mean(layer(np.ones((1, 1, 1, kernel.shape[2]), "float32"))) / kernel.shape[2])  # that it applies
    layer.set_weights([found[:-1].reshape(kernel.shape) / scale, found[-1]])


def _halved_distance(images, x_test, size):
    read, double = metrics.evaluator("glyphs"), BlurUpSampling2D()
    both = [np.concatenate([keras.ops.convert_to_numpy(double(part)) for part in np.split(x, 20)])
            for x in (images, stylegan.smaller(x_test, size))]  # fmt: skip
    return float(metrics.frechet_distance(*(read(x).features for x in both)))


if __name__ == "__main__":
    cut(16)
