"""The playground: one page a lecture on which shipped networks run in the browser, without a network connection.

Networks are exported to ONNX and run by onnxruntime-web (WebAssembly). All of it lies packed beside the pages, since a
page that is opened from a disk may fetch nothing.
"""

import base64
import dataclasses
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from course_utils import data, files, studies
from course_utils.press import npm

RUNTIME = "onnxruntime-web@1.30.0"
RUNTIME_SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
SCRIPT, BINARY = "dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"
PLAY = Path(__file__).with_name("play")


@dataclasses.dataclass(frozen=True)
class Page:
    """What the page `play/NAME.html` with the script `play/NAME.js` needs: networks, and numbers."""

    networks: tuple = ()  # of (weights, network)
    constants: Callable = dict


def _mean_latents(images=4_000):
    """The mean latent of each digit: of samples of the shipped DCGAN that the evaluator reads as that digit."""
    from course_utils import metrics, pretrained

    generator, read = pretrained.load("dcgan-mnist").networks["generator"], metrics.evaluator("mnist")
    z = np.random.default_rng(0).standard_normal((images, 64), dtype="float32")
    digits = read(generator.predict(z, batch_size=500, verbose=0)).probabilities.argmax(1)
    return {"means": [np.round(z[digits == k].mean(0), 4).tolist() for k in range(10)]}


def _style_constants(draws=10_000):
    """The mean style, the number of layers and of noise numbers of the shipped StyleGAN."""
    from course_utils import pretrained

    networks = pretrained.load("stylegan-glyphs").networks
    z = np.random.default_rng(0).standard_normal((draws, 64), dtype="float32")
    mean = networks["mapping"].predict(z, batch_size=1000, verbose=0).mean(0)
    w, noise = networks["synthesis"].inputs
    return {"mean": np.round(mean, 5).tolist(), "layers": w.shape[1], "noise": noise.shape[1]}


def _ring():
    """What the recorded games of lecture 04 look like."""
    recipe, arrays = studies.read("ring-frames")
    s = recipe["settings"]
    runs = {name: [k * every for k in range(len(arrays[name]))] for name, every in s["every"].items()}
    return {
        "frames": len(next(iter(arrays.values()))), "points": s["points"], "side": s["side"], "limit": s["limit"],
        "centers": data.centers("ring8").round(4).tolist(), "radius": 3 * s["spread"],
        "runs": dict(zip(("healthy", "late"), runs.values())),
    }  # fmt: skip


PAGES = {
    "01_vae": Page((("vae-mnist-z2", "decoder"),)),
    "02_aae": Page(tuple((f"aae-mnist-{prior}", "decoder") for prior in ("gaussian", "mixture", "swiss"))),
    "04_simple_gan": Page(constants=_ring),
    "05_dcgan": Page((("dcgan-mnist", "generator"),), _mean_latents),
    "08_biggan": Page((("biggan-mnist", "generator"),)),
    "09_stylegan": Page((("stylegan-glyphs", "mapping"), ("stylegan-glyphs", "synthesis")), _style_constants),
}


def build(out, cache=None):
    """Builds the pages.

    Args:
        out: the folder for them.
        cache: where onnxruntime-web is kept; default: a folder in `out`'s parent.

    Returns:
        Path of the first page.

    Raises:
        FileNotFoundError, ConnectionError, ImportError, ValueError: as `npm.fetch` and `export.exported` say.
    """
    from course_utils import pretrained
    from course_utils.press import export

    out = Path(out)
    runtime = npm.fetch(RUNTIME, RUNTIME_SHA512, (SCRIPT, BINARY), cache or out.parent / "npm")
    files.write_atomic(out / "runtime.js", _packed("PACKED.runtime", (runtime / BINARY).read_bytes()))
    for weights, network in sorted({pair for page in PAGES.values() for pair in page.networks}):
        made = export.exported(pretrained.load(weights).networks[network])
        name = f"{weights}-{network}"
        files.write_atomic(out / "models" / f"{name}.js", _packed(f"PACKED.models[{name!r}]", made))
    for name, frames in zip(("healthy", "late"), studies.read("ring-frames")[1].values()):
        files.write_atomic(out / "models" / f"{name}.js", _packed(f"PACKED.models[{name!r}]", frames.tobytes()))
    script = _as_script((runtime / SCRIPT).read_text(encoding="utf-8"))
    for name, page in PAGES.items():
        files.write_atomic(out / f"{name}.html", _written(name, page, script).encode())
    files.write_atomic(out / "index.html", _index().encode())
    return out / "index.html"


def _packed(target, content):
    """A script that holds bytes as packed text."""
    text = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
    return f'{target} = "{text}";\n'.encode()


def _as_script(module):
    """The module of onnxruntime-web without its export: what it exports is the object `ort`."""
    body, exported = re.fullmatch(r"(.*)export\{([^}]*)\};?\s*(?://#.*)?\s*", module, re.DOTALL).groups()
    pairs = [entry.split(" as ") for entry in exported.split(",")]
    return body + "const ort = {" + ", ".join(f"{theirs}: {mine}" for mine, theirs in pairs) + "};"


def _written(name, page, script):
    body = _part(f"{name}.html")
    models = [f"{weights}-{network}" for weights, network in page.networks] or ["healthy", "late"]
    return _part("page.html").format(
        title=_title(body),
        body=body,
        models="\n".join(f'<script src="models/{model}.js"></script>' for model in models),
        ort=script,
        common=_part("common.js"),
        constants=json.dumps(page.constants()),
        script=_part(f"{name}.js"),
    )


def _index():
    items = []
    for name in PAGES:
        title, text = re.match(r"<h1>(.*)</h1>\n<p>(.*?)</p>", _part(f"{name}.html"), re.DOTALL).groups()
        items.append(f'<li><a href="{name}.html">{name[:2]} · {title}</a><br>{text}</li>')
    return _part("index.html").format(style=_style(), items="\n".join(items))


def _title(body):
    return re.match(r"<h1>(.*)</h1>", body)[1]


def _style():
    return re.search(r"<style>(.*?)</style>", _part("page.html"), re.DOTALL)[1].replace("{{", "{").replace("}}", "}")


def _part(name):
    return (PLAY / name).read_text(encoding="utf-8")
