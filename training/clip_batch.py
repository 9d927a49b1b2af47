"""How large a batch has to be: lecture 13's study of the bound I ≥ log N − L.

    python training/clip_batch.py            # six minutes of a core; begun again, it goes on with what is missing
    python training/clip_batch.py --ship     # gathers what there is into course_utils/studies

Small networks, trained with N = 16 … 512 pairs in a batch on as many images each, so that a larger batch means fewer
steps. Then every one of them is measured with every N, on glyphs of another seed: what it can prove, apart from what
it was trained with.
"""

import hashlib
import os
import time

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from clip import SEED_OF_IMAGES, SEED_OF_VALIDATION, WORDS, Run, drawn, pairs, zero_shot
from keras.optimizers.schedules import CosineDecay
from runs import FOLDER, study

from course_utils import data, files, losses, pretrained, studies
from course_utils.data import captions
from course_utils.games import clip
from course_utils.networks import clip as networks

NAME = "clip-batch"
SIZES, SEEDS, SEEN, RATE, DRAWN, HELD = (16, 32, 64, 128, 256, 512), 3, 25_600, 2e-3, 12_000, 2_048


def built():
    """Returns fresh small networks: image encoder, text encoder, scale."""
    text = networks.text_encoder(len(WORDS), WORDS.length, width=32, depth=1, dim=32)
    return networks.glyph_image_encoder(width=16, dim=32), text, networks.temperature()


def play(size, seed, x, tokens, held):
    """Trains with one batch size and one seed, and returns what is noted."""
    keras.utils.set_random_seed(seed)
    chosen, iterations = built(), SEEN // size
    game = clip.CLIP(*chosen, keras.optimizers.Adam(CosineDecay(RATE, iterations)), seed=seed)
    game.compile()
    began = time.process_time()
    game.fit(x, tokens, batch_size=size, steps_per_epoch=iterations, verbose=0)
    seconds = time.process_time() - began
    game.release()
    glyphs, found = held
    vectors = clip.image_vectors(chosen[0], data.scale(glyphs.images))
    texts = clip.text_vectors(chosen[1], WORDS.tokens(captions.captions(found, SEED_OF_VALIDATION)))
    scale = float(keras.ops.convert_to_numpy(chosen[2].get_layer("temperature").scale))
    nats = [
        np.mean([
            float(losses.contrastive(scale * clip.table(vectors[i : i + n], texts[i : i + n])))
            for i in range(0, HELD, n)
        ])
        for n in SIZES
    ]  # fmt: skip
    right = {name: zero_shot(found, vectors, chosen[1], name).mean() for name in ("digit", "stroke", "ground")}
    return {"nats": np.array(nats), "scale": np.float64(scale), "seconds": np.float64(seconds)} | right


def part(size, seed):
    """The file of one run."""
    return FOLDER / NAME / f"{size}-{seed}.npz"


def measure():
    """Plays all runs that are missing, seed by seed."""
    version = pretrained.code_version()
    x, tokens = pairs(Run("text_encoder", 1, images=DRAWN))
    held = drawn(HELD, SEED_OF_VALIDATION)
    part(0, 0).parent.mkdir(parents=True, exist_ok=True)
    for seed in range(SEEDS):
        for size in SIZES:
            if not part(size, seed).exists():
                keras.backend.clear_session()
                found = play(size, seed, x, tokens, held) | {"version": np.array(version)}
                files.save_arrays(part(size, seed), found)
                told = {key: np.round(value, 3).tolist() for key, value in found.items() if key != "version"}
                print(size, seed, told, flush=True)


def ship(folder):
    """Gathers all runs into one study."""
    seeds = [seed for seed in range(SEEDS) if all(part(size, seed).exists() for size in SIZES)]
    played = [[files.load_arrays(part(size, seed)) for seed in seeds] for size in SIZES]
    arrays = {name: np.array([[run[name] for run in row] for row in played]) for name in (
        "nats", "scale", "digit", "stroke", "ground")}  # fmt: skip
    arrays["sizes"] = np.array(SIZES)
    arrays["bound"] = np.log(np.array(SIZES)) - arrays["nats"]  # (trained with, seeds, measured with)
    own = arrays["bound"][np.arange(len(SIZES)), :, np.arange(len(SIZES))]
    glyphs, _ = drawn(HELD, SEED_OF_VALIDATION)
    text = f"glyphs in colour, 32×32 ({DRAWN} of seed {SEED_OF_IMAGES} but those with held-out pairs, {HELD} of seed "
    source = data.Source(f"{text}{SEED_OF_VALIDATION})", hashlib.sha256(glyphs.images.tobytes()).hexdigest())
    seconds = sum(float(run["seconds"]) for row in played for run in row)
    recipe = pretrained.provenance(0, source, seconds) | {
        "command": "python training/clip_batch.py",
        "code_version": "; ".join(sorted({str(run["version"]) for row in played for run in row})),
        "lecture": "13",
        "evaluator": None,
        "scores": {
            "bound": dict(zip(map(str, SIZES), own.mean(axis=1).round(3).tolist())),
            "stroke": dict(zip(map(str, SIZES), arrays["stroke"].mean(axis=1).round(3).tolist())),
        },
        "published": [],
        "networks": {},
        "settings": {
            "seeds": len(seeds), "images_seen": SEEN, "iterations": [SEEN // size for size in SIZES], "rate": RATE,
            "rates": "along a cosine to 0", "optimizer": "Adam", "image_width": 16, "text_width": 32, "depth": 1,
            "dim": 32, "measured_on": HELD,
        },
    }  # fmt: skip
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


if __name__ == "__main__":
    study(__doc__, measure, ship)
