"""The README's pictures, made from what the course ships: samples of every lecture, a film strip, and a live view."""

import base64
from itertools import pairwise
from pathlib import Path

import numpy as np

from course_utils import files

# Label -> (weights, arguments of `sample`); what is asked for by class shows the ten digits in order.
ROWS = {
    "01 VAE": ("vae-mnist-z16", {}),
    "02 AAE": ("aae-mnist-mixture-labels", {"labels": range(10)}),
    "03 ALAE": ("alae-mnist", {}),
    "04 GAN": ("gan-mnist", {}),
    "05 DCGAN": ("dcgan-mnist", {}),
    "05 frogs": ("dcgan-frogs", {}),
    "06 WGAN": ("wgan-mnist", {}),
    "07 WGAN-GP": ("wgan-gp-mnist", {}),
    "08 BigGAN": ("biggan-mnist", {"labels": range(10)}),
    "09 StyleGAN": ("stylegan-glyphs", {}),
}
IMAGES = 20  # a row
LOOKS, STEPS = (0, 4, 8, 12, 15, 18, 21, 23, 25), 25  # of the film strip: the steps that are shown, and all of them
LIVE = "04_simple_gan", "callbacks=[live"  # the lecture and the line of code whose figure the README shows


def samples():
    """Returns a figure: twenty samples of each lecture's shipped weights, none picked."""
    from course_utils import pretrained
    from course_utils.plots.style import figure

    made, axes = figure(rows=len(ROWS), width=12, height=0.62 * len(ROWS))
    for axis, (label, (name, more)) in zip(axes, ROWS.items()):
        asked = {key: np.tile(np.fromiter(value, int), IMAGES // 10) for key, value in more.items()}
        images = pretrained.load(name).sample(IMAGES, seed=0, **asked)
        images = images / 2 + 0.5 if images.shape[-1] == 3 else np.repeat(0.5 - images / 2, 3, -1)  # ink on paper
        page = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=1.0)
        axis.imshow(np.concatenate(list(page), axis=1).clip(0, 1), interpolation="nearest")
        axis.set_yticks([page.shape[1] / 2], [label])
        axis.set_xticks([])
        axis.tick_params(length=0, labelsize=14)
        axis.spines[:].set_visible(False)
        axis.grid(False)
    return made


def film():
    """Returns a figure: the digits 0 to 9 on lecture 14's way out of the noise, in nine looks, none picked."""
    from course_utils import plots, pretrained
    from course_utils.games import denoising, diffusion

    shipped = pretrained.load("diffusion-mnist")
    guidance = shipped.recipe["sampler"]["arguments"]["guidance"]
    denoise = diffusion.denoiser_of(shipped.networks["denoiser"], labels=np.arange(10), guidance=guidance)
    levels = denoising.grid(diffusion.cosine, STEPS)
    strip = [np.random.default_rng(0).standard_normal((10, 28, 28, 1), dtype="float32")]
    for first, last in pairwise(LOOKS):
        strip.append(denoising.ddim(denoise, strip[-1], levels[first : last + 1]))
    rows = {f"t = {levels[look].t:.2f}": images for look, images in zip(LOOKS, strip)}
    return plots.image_rows(rows, low=-1.0, width=7.0)


def write(root):
    """Writes `samples.png`, `film.png` and `live.png` into `pictures`; returns their paths.

    Args:
        root: of the clone.

    Raises:
        ValueError: the lecture of LIVE has no cell with that line of code and a figure.
    """
    folder = Path(root) / "pictures"
    folder.mkdir(exist_ok=True)
    samples().savefig(folder / "samples.png", dpi=80, bbox_inches="tight")
    film().savefig(folder / "film.png", dpi=80, bbox_inches="tight")
    files.write_atomic(folder / "live.png", _live(root))
    return [folder / "samples.png", folder / "film.png", folder / "live.png"]


def _live(root):
    import nbformat

    lecture, line = LIVE
    for cell in nbformat.read(Path(root) / "notebooks" / f"{lecture}.ipynb", as_version=4).cells:
        if line in cell.source:
            for output in cell.get("outputs", []):
                if "image/png" in output.get("data", {}):
                    return base64.b64decode(output.data["image/png"])
    raise ValueError(f"Found no cell with {line!r} and a figure in {lecture}, expected one: name another in LIVE.")
