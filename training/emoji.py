"""Emoji and their names: lecture 13's study of retrieval, from a picture to its name and back.

    python training/emoji.py            # six minutes of a core; begun again, it goes on with what is missing
    python training/emoji.py --ship     # gathers what there is into course_utils/studies

The emoji that Unicode gives a single code point. A fifth of them is held out with their names, another fifth for each
of three seeds. A pass shows each of the others once, moved a little, so that no batch holds a pair twice; words that
stand in a single name are unknown. Retrieval is among the held-out ones alone: chance finds 10 of them in k = 10.
The pictures are Noto Color Emoji's (SIL Open Font License 1.1); a few stand in the study as examples.
"""

import os
import time
from collections import Counter

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras.optimizers.schedules import CosineDecay
from runs import FOLDER, study

from course_utils import data, files, pretrained, studies
from course_utils.game import Average
from course_utils.games import clip
from course_utils.networks import clip as networks

NAME = "emoji-retrieval"
SEEDS, HELD = 3, 5
PASSES, BATCH, RATE, DECAY, DROPPED = 150, 128, 1.5e-3, 0.98, 0.1
LENGTH, SHOWN = 12, 24  # words of a name, examples


def singles():
    """Returns images (N, 32, 32, 3) uint8 and names of emoji that are no sequences, in an order without meaning."""
    emoji = data.load("emoji")
    single = np.array(["|" not in name for name in emoji.names])
    order = np.random.default_rng(0).permutation(single.sum())
    names = [" ".join(name.lower().replace(",", " ").split()[:LENGTH]) for name in emoji.names[single]]
    return emoji.images[single][order], np.array(names)[order]


def split(n, seed):
    """Which of n are held out by a seed, bool."""
    return np.random.default_rng([seed, n]).permutation(n) % HELD == 0


def vocabulary(names):
    """The words that stand in two names or more."""
    uses = Counter(word for name in names for word in set(name.split()))
    return data.captions.Words(sorted(word for word, count in uses.items() if count > 1), LENGTH, unknown=True)


def moved(images, rng):
    """Images shifted by up to three pixels over white, mirrored half of the time, each channel a little darker."""
    n, size = len(images), images.shape[1]
    padded = np.pad(images, ((0, 0), (3, 3), (3, 3), (0, 0)), constant_values=255)
    rows, columns = (rng.integers(0, 7, n)[:, None] + np.arange(size) for _ in "yx")
    found = padded[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    found = np.where(rng.random((n, 1, 1, 1)) < 0.5, found[:, :, ::-1], found)
    return (found * rng.uniform(0.85, 1.0, (n, 1, 1, 3))).astype("uint8")


def thinned(names, rng):
    """Names without some of their words, never without all."""
    found = []
    for name in names:
        words = [word for word in name.split() if rng.random() > DROPPED]
        found.append(" ".join(words) or name)
    return found


def built(words):
    """Returns fresh networks by name."""
    return {
        "image_encoder": networks.glyph_image_encoder(),
        "text_encoder": networks.text_encoder(len(words), LENGTH, depth=1),
        "temperature": networks.temperature(),
    }


def play(seed):
    """Trains with one split, and returns what is noted of it."""
    images, names = singles()
    held = split(len(names), seed)
    seen, words = names[~held], vocabulary(names[~held])
    keras.utils.set_random_seed(seed)
    live, averaged = built(words), built(words)
    steps = len(seen) // BATCH
    optimizer = keras.optimizers.AdamW(CosineDecay(RATE, PASSES * steps), weight_decay=0.05)
    averages = [Average(live[name], averaged[name], DECAY) for name in live]
    game = clip.CLIP(**live, optimizer=optimizer, averages=averages, seed=seed)
    game.compile()
    rng, began, trace = np.random.default_rng(seed), time.process_time(), []
    for k in range(PASSES):
        batch = moved(images[~held], rng), words.tokens(thinned(seen, rng))
        logs = game.fit(*batch, batch_size=BATCH, steps_per_epoch=steps, verbose=0).history
        if (k + 1) % (PASSES // 10) == 0:
            table = similarities(averaged, words, images[held], names[held])
            found = [clip.recall(clip.ranks(each)) for each in (table, table.T)]
            trace.append([k + 1, logs["nats"][0], *found])
            print(seed, *(f"{number:.3f}" for number in trace[-1]), flush=True)
    game.release()
    return {
        "table": table.astype("float16"),
        "trace": np.array(trace),
        "seconds": np.float64(time.process_time() - began),
        "words": np.int64(len(words)),
    }


def similarities(chosen, words, images, names):
    """The table of pictures and names."""
    vectors = clip.image_vectors(chosen["image_encoder"], data.scale(images))
    return clip.table(vectors, clip.text_vectors(chosen["text_encoder"], words.tokens(list(names))))


def part(seed):
    """The file of one seed."""
    return FOLDER / NAME / f"{seed}.npz"


def measure():
    """Plays all seeds that are missing."""
    version = pretrained.code_version()
    for seed in range(SEEDS):
        if not part(seed).exists():
            keras.backend.clear_session()
            part(seed).parent.mkdir(parents=True, exist_ok=True)
            files.save_arrays(part(seed), play(seed) | {"version": np.array(version)})


def middle_ranks(table):
    """Ranks of a table that was rounded to half precision: equal numbers there are no ties, and count half."""
    own = np.diagonal(table)[:, None]
    return ((table > own).sum(axis=1) + clip.ranks(table)) // 2


def ship(folder):
    """Gathers all seeds into one study: ranks of all, and of the first seed what the examples find."""
    played = [files.load_arrays(part(seed)) for seed in range(SEEDS) if part(seed).exists()]
    images, names = singles()
    held = split(len(names), 0)
    table = played[0]["table"].astype("float32")
    shown = np.arange(SHOWN)  # in no order, and so by chance
    best = {"names-found": np.argsort(-table[shown])[:, :5], "pictures-found": np.argsort(-table.T[shown])[:, :5]}
    needed = np.unique(np.concatenate([shown, best["pictures-found"].ravel()]))
    arrays = {
        "ranks-of-names": np.stack([middle_ranks(run["table"]) for run in played]),  # (seeds, M)
        "ranks-of-pictures": np.stack([middle_ranks(run["table"].T) for run in played]),
        "trace": np.stack([run["trace"] for run in played]),  # (seeds, marks, 4): pass, nats, recall@10 twice
        "names": names[held],
        "pictures": images[held][needed],
        "pictures-are": needed,
        **best,
    }
    chance = 10 / held.sum()
    recalls = {
        way: [round(clip.recall(ranks), 4) for ranks in arrays[way]] for way in ("ranks-of-names", "ranks-of-pictures")
    }
    recipe = pretrained.provenance(0, data.source("emoji"), sum(float(run["seconds"]) for run in played)) | {
        "command": "python training/emoji.py",
        "code_version": "; ".join(sorted({str(run["version"]) for run in played})),
        "lecture": "13",
        "evaluator": None,
        "scores": {
            "recall-10-of-names": recalls["ranks-of-names"],
            "recall-10-of-pictures": recalls["ranks-of-pictures"],
            "recall-10-by-chance": round(float(chance), 4),
        },
        "published": [],
        "networks": {},
        "settings": {
            "emoji": len(names), "held_out": int(held.sum()), "seeds": len(played), "passes": PASSES,
            "batch_size": BATCH, "rate": RATE, "rates": "along a cosine to 0", "optimizer": "AdamW, decay 0.05",
            "average": DECAY, "words_dropped": DROPPED, "words": int(played[0]["words"]), "depth": 1,
            "credit": "Noto Color Emoji, Google, SIL Open Font License 1.1; names: Unicode",
        },
    }  # fmt: skip
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


if __name__ == "__main__":
    study(__doc__, measure, ship)
