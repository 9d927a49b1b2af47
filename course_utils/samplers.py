"""How shipped networks make images: NumPy draws the codes, networks turn them into images.

A recipe names a sampler and its arguments. Each is a function (networks, n, rng, labels, **arguments) ->
float images (n, H, W, C) in [-1, 1], with networks a dict of name → keras.Model, rng a NumPy generator,
and labels int (n,) or None. Networks see batches of one size, whatever n is.
"""

import numpy as np

from course_utils import priors
from course_utils.builders import run
from course_utils.games import denoising, diffusion, gibbs, pixels, raster, stylegan, vq

CHUNK = 200  # images generated at once


def bernoulli_decoder(networks, n, rng, labels, latent_dim, stddev=1.0):
    """Mean images of a decoder of logits under the prior N(0, stddev² I)."""
    return _means(networks, np.float32(stddev) * rng.standard_normal((n, latent_dim), dtype="float32"))


def normal_generator(networks, n, rng, labels, latent_dim, classes=None, truncation=None):
    """Images of a generator of z ~ N(0, I), or of (z, label), z drawn again beyond a threshold."""
    z = priors.resampled(rng, (n, latent_dim), truncation)
    return _run(networks["generator"], z) if classes is None else _run(networks["generator"], z, labels)


def mixture_decoder(networks, n, rng, labels, components=10, radius=4.0, radial=1.0, tangential=0.3, classes=None):
    """Mean images of a decoder under `priors.gaussian_mixture`, of the labels' components where it knows classes."""
    angle = 2 * np.pi / components * (rng.integers(components, size=n) if labels is None else labels)
    along, across = np.array([[radius], [0.0]]) + np.array([[radial], [tangential]]) * rng.standard_normal((2, n))
    x, y = along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)
    return _means(networks, np.stack([x, y], -1))


def roll_decoder(networks, n, rng, labels, turns=2.0, radius=5.0, noise=0.0, classes=None):
    """Mean images of a decoder under `priors.swiss_roll`, of the labels' stretches where it knows classes."""
    t = np.sqrt(rng.random(n) if labels is None else (labels + rng.random(n)) / classes)
    angle = 2 * np.pi * turns * t
    curve = radius * t[:, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    return _means(networks, curve + noise * rng.standard_normal((n, 2)))


def label_style_decoder(networks, n, rng, labels, latent_dim, classes):
    """Mean images of a decoder of a one-hot label and a style z ~ N(0, I) side by side."""
    z = rng.standard_normal((n, latent_dim), dtype="float32")
    return _means(networks, np.concatenate([np.eye(classes)[labels], z], axis=1))


def mapped_generator(networks, n, rng, labels, latent_dim):
    """Images G∘F(z), z ~ N(0, I), of a generator without a bound, clipped."""
    z = rng.standard_normal((n, latent_dim), dtype="float32")
    return np.clip(_run(networks["G"], _run(networks["F"], z)), -1.0, 1.0)


def style_generator(networks, n, rng, labels, latent_dim, truncation=1.0):
    """Images of a style-based generator, z and noise ~ N(0, I), clipped; `truncation` is ψ in the space of styles."""
    z = rng.standard_normal((n, latent_dim), dtype="float32")
    mapping, synthesis = networks["mapping"], networks["synthesis"]
    w = stylegan.truncated(mapping, stylegan.styles_of(mapping, z), truncation)
    return stylegan.images_of(synthesis, w, stylegan.noise_for(synthesis, n, rng))


def denoised_images(
    networks, n, rng, labels, steps, guidance=1.0, classes=None, prediction="velocity", schedule="cosine", power=1.0
):
    """Images of a denoiser by DDIM, clipped."""
    return np.clip(_denoised(networks, n, rng, labels, steps, guidance, prediction, schedule, power), -1.0, 1.0)


def denoised_codes(
    networks, n, rng, labels, steps, mean, deviation, guidance=1.0, classes=None, prediction="velocity",
    schedule="cosine", power=1.0,
):  # fmt: skip
    """Mean images of a decoder of codes that a denoiser makes by DDIM; it knows them with mean 0 and deviation 1."""
    z = _denoised(networks, n, rng, labels, steps, guidance, prediction, schedule, power)
    return _means(networks, np.array(mean) + np.array(deviation) * z)


def pixel_network(networks, n, rng, labels, classes=None):
    """Images of a pixel network, written patch after patch."""
    network = networks["network"]
    return pixels.as_images(_written(network, n, rng, labels), pixels.facts(network).levels)


def pixel_codes(networks, n, rng, labels, classes=None):
    """Mean images of a VQ-VAE's decoder of codes that a pixel network writes."""
    codes = _written(networks["network"], n, rng, labels)
    return 2.0 * vq.decoded(networks["codebook"], networks["decoder"], codes) - 1.0


def gibbs_chain(networks, n, rng, labels, steps):
    """Images of a restricted Boltzmann machine: p(v=1|h) at the end of chains of so many steps from noise."""
    parameters = networks["machine"].parameters()
    return _grey(networks["machine"], gibbs.means(parameters, gibbs.noise(n, parameters, rng), steps, rng))


def belief_chain(networks, n, rng, labels, steps):
    """Images of a deep belief network: chains of the top machine from noise, then one pass down."""
    first, top = (networks[name].parameters() for name in ("first", "top"))
    return _grey(networks["first"], gibbs.ancestral(first, top, n, steps, rng))


def deep_chain(networks, n, rng, labels, steps):
    """Images of a deep Boltzmann machine: p(v=1|h₁) at the end of chains of so many steps from noise."""
    return _grey(networks["machine"], gibbs.deep_chain(networks["machine"], n, steps, rng))


SAMPLERS = {
    function.__name__: function
    for function in (
        bernoulli_decoder,
        normal_generator,
        mixture_decoder,
        roll_decoder,
        label_style_decoder,
        mapped_generator,
        style_generator,
        denoised_images,
        denoised_codes,
        pixel_network,
        pixel_codes,
        gibbs_chain,
        belief_chain,
        deep_chain,
    )
}


def _run(network, *inputs):
    return run(network, list(inputs), CHUNK)


def _written(network, n, rng, labels):
    return raster.sample(network, n, int(rng.integers(2**31)), labels)


def _denoised(networks, n, rng, labels, steps, guidance, prediction, schedule, power):
    network, schedule = networks["denoiser"], diffusion.SCHEDULES[schedule]
    denoise = diffusion.denoiser_of(network, diffusion.PREDICTIONS[prediction], schedule, labels, guidance)
    z = rng.standard_normal((n, *network.inputs[0].shape[1:]), dtype="float32")
    return denoising.ddim(denoise, z, denoising.grid(schedule, steps, power=power))


def _means(networks, z):
    """Mean images of a decoder of logits: 2·sigmoid(l) − 1 = tanh(l / 2)."""
    return np.tanh(_run(networks["decoder"], z.astype("float32")) / 2)


def _grey(machine, means):
    """Probabilities (n, V) as images in [-1, 1] of the machine's shape."""
    shape = machine.inputs[0].shape[1:]
    return (2.0 * means - 1.0).reshape(len(means), *shape).astype("float32")
