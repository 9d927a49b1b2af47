"""Edits by sentences, all read by a judge that took no part: lecture 13's study of StyleCLIP.

    python training/styleclip.py            # twenty minutes of a core; begun again, it goes on with what is missing
    python training/styleclip.py --ship     # gathers what there is into course_utils/studies

Eight sentences, and for each as many pictures of "stylegan-glyphs" for which it does not hold yet, by the judge. Every
way of editing gets the same pictures. λ, steps and layers were chosen by 32 edits of colours on pictures of another
seed; for shapes a larger λ_L2 would have kept more digits. Tried there with 48 edits of all kinds, and no better: fewer
steps, texts relative to the picture's own vector, and, a little better (reached .75, kept .81), the mean vector of five
shifted views. The pictures themselves are a limit: of a quarter of them the judge is less than 95 % sure which digit
they show.
"""

import os
import time
from functools import partial

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
from runs import FOLDER, study

from course_utils import files, pretrained, studies, weights
from course_utils.data import Source, captions
from course_utils.games import clip, styleclip
from course_utils.games.stylegan import images_of, styles_of

NAME = "styleclip-edits"
ASKED = (
    ("stroke", "red"), ("stroke", "blue"), ("ground", "green"), ("ground", "magenta"),
    ("thickness", "bold"), ("thickness", "thin"), ("lean", "leaning left"), ("lean", "leaning right"),
)  # fmt: skip
COLOURED = ("stroke", "ground")
EACH, SEED, STEPS, ROWS = 25, 11, 60, 25
FINE, COARSE = slice(4, None), slice(0, 4)
L2, ID, ALPHA, SHARE = 0.005, 1.0, 4.0, 0.3
FEW, SWEEPS = 5, {"l2": (0.0, 0.001, 0.005, 0.02, 0.1, 0.5), "identity": (0.0, 0.25, 1.0, 4.0)}
MAPPERS = {("stroke", "red"): "mapper-red", ("ground", "green"): "mapper-green-ground"}


def networks():
    """Returns CLIP's networks and those of the generator, by name, and the reader of identity."""
    return {
        **pretrained.load("clip-glyphs").networks,
        **pretrained.load("stylegan-glyphs").networks,
        "identity": styleclip.identity_reader(),
    }


def sentence(attribute, word, template=0, **more):
    """A prompt of one attribute, such as "a red digit"."""
    return captions.caption(**{attribute: word}, **more, template=template)


def text_of(parts, attribute, word, **more):
    """The vector of a prompt said in all templates."""
    said = [sentence(attribute, word, t, **more) for t in range(captions.TEMPLATES)]
    return clip.prompt_vectors(parts["text_encoder"], captions.WORDS, [said])[0]


def pictures(parts, attribute, word, n, seed):
    """Returns styles (n, L, d) of pictures for which a word does not hold yet."""
    z = np.random.default_rng(seed).standard_normal((4 * n + 40, parts["mapping"].input_shape[1]), dtype="float32")
    w = styles_of(parts["mapping"], z)
    w = np.repeat(w[:, None], parts["synthesis"].input_shape[0][1], axis=1)
    read = words_of(styleclip.judged(images_of(parts["synthesis"], w)))
    chosen = w[read[attribute] != captions.NAMES[attribute].index(word)][:n]
    assert len(chosen) == n
    return chosen


def words_of(read):
    """The judge's words by attribute."""
    return {name: read[f"{name}-word" if f"{name}-word" in read else name] for name in captions.NAMES}


def outcome(before, images, attribute, word):
    """What the judge says of an edit, dict of arrays (n,)."""
    read = styleclip.judged(images)
    words, old = words_of(read), words_of(before)
    found = {"reached": words[attribute] == captions.NAMES[attribute].index(word)}
    found["digit-kept"] = read["digit"] == before["digit"]
    for name in COLOURED:
        found[f"{name}-kept"] = words[name] == old[name]
    for name in ("thickness", "lean", "scale"):
        found[name] = read[name] - before[name]
    return {name: values.astype("float32") for name, values in found.items()}


class Cases:
    """The edits of the study: starts, sentences, and what the judge says before.

    Args:
        parts: of `networks`.
        each: pictures for a sentence.
        seed: of their latents.
    """

    def __init__(self, parts, each, seed):
        starts = [pictures(parts, *asked, each, seed + k) for k, asked in enumerate(ASKED)]
        self.parts, self.each, self.w = parts, each, np.concatenate(starts)
        self.images = images_of(parts["synthesis"], self.w)
        self.before = styleclip.judged(self.images)
        self.texts = np.repeat([text_of(parts, *asked) for asked in ASKED], each, axis=0)

    def part(self, k):
        """The rows of a sentence."""
        return slice(k * self.each, (k + 1) * self.each)

    def told(self, *names):
        """The vectors of sentences that tell more of the picture, as CLIP reads it: "a red seven on a blue ground"."""
        vectors, count = clip.image_vectors(self.parts["image_encoder"], self.images), len(self.w)
        read = {}
        for name in names:
            words = [index for index, word in enumerate(captions.NAMES[name]) if word]
            read[name] = np.array(words)[clip.zero_shot(vectors, [text_of(self.parts, name, i) for i in words])]
        said = []
        for row in range(count):
            attribute, word = ASKED[row // self.each]
            more = {name: int(read[name][row]) for name in names if name != attribute}
            said.append([sentence(attribute, word, t, **more) for t in range(captions.TEMPLATES)])
        return clip.prompt_vectors(self.parts["text_encoder"], captions.WORDS, said)

    def score(self, images):
        """What the judge says of edits in the order of the cases: dict of arrays (sentences, each)."""
        found = []
        for k, asked in enumerate(ASKED):
            old = {name: values[self.part(k)] for name, values in self.before.items()}
            found.append(outcome(old, images[self.part(k)], *asked))
        return {name: np.stack([each[name] for each in found]) for name in found[0]}

    def layers(self, coarse, fine):
        """Which layers may move, bool (rows, L): some for sentences about shape, others for those about colour."""
        moves = np.zeros((len(self.w), self.w.shape[1]), bool)
        for k, (attribute, _) in enumerate(ASKED):
            moves[self.part(k), fine if attribute in COLOURED else coarse] = True
        return moves


def ways(cases):
    """What is tried on all cases: name → arguments of `Editor.edit`."""
    told, whole = cases.told("digit"), cases.told("digit", "stroke", "ground")
    three = {"l2": L2, "identity": ID}
    return {
        "text": {"text": cases.texts},
        "l2": {"text": cases.texts, "l2": L2},
        "identity": {"text": cases.texts, "identity": ID},
        "all-three": {"text": cases.texts, **three},
        "coarse": {"text": cases.texts, "layers": COARSE, **three},
        "fine": {"text": cases.texts, "layers": FINE, **three},
        "digit-told": {"text": told, **three},
        "colours-told": {"text": whole, **three},
        "digit-told-layers": {"text": told, "layers": cases.layers(slice(None), FINE), **three},
    }


def edited(cases, editor, arguments):
    """Scores of one way, with what the losses say and the seconds it took."""
    began = time.process_time()
    found = editor.edit(cases.w, **arguments)
    seconds = time.process_time() - began
    losses = {name: getattr(found, name).reshape(len(ASKED), -1) for name in ("clip", "l2", "identity")}
    losses = {f"{name}-distance": values for name, values in losses.items()}
    return cases.score(found.images) | losses | {"seconds": np.float64(seconds / len(cases.w))}


def in_pixels(cases):
    """The failure: the same game on pixels, by text alone."""
    began = time.process_time()
    editor = styleclip.PixelEditor(cases.parts["image_encoder"], rows=ROWS, steps=STEPS)
    found = editor.edit(cases.images, cases.texts)
    seconds = (time.process_time() - began) / len(cases.w)
    return cases.score(found.images) | {
        "clip-distance": found.clip.reshape(len(ASKED), -1),
        "l2-distance": found.l2.reshape(len(ASKED), -1),
        "seconds": np.float64(seconds),
    }


def along(cases):
    """One direction for each sentence, found on other pictures; a step of the same length for all."""
    parts, w = cases.parts, []
    began = time.process_time()
    z = np.random.default_rng(SEED + 500).standard_normal((100, parts["mapping"].input_shape[1]), dtype="float32")
    others = styles_of(parts["mapping"], z)
    for k, asked in enumerate(ASKED):
        neutral = text_of(parts, "digit", None)
        layers = FINE if asked[0] in COLOURED else None
        direction = styleclip.global_direction(
            parts["image_encoder"], parts["synthesis"], others, text_of(parts, *asked), neutral, SHARE, layers
        )
        w.append(cases.w[cases.part(k)] + ALPHA * direction)
    seconds = time.process_time() - began
    return measured(cases, np.concatenate(w)) | {"seconds": np.float64(seconds / len(ASKED))}


def measured(cases, w):
    """Scores of edited styles, and their distance to the sentences."""
    images = images_of(cases.parts["synthesis"], w)
    distance = 1 - np.sum(clip.image_vectors(cases.parts["image_encoder"], images) * cases.texts, axis=1)
    return cases.score(images) | {"clip-distance": distance.reshape(len(ASKED), -1)}


def by_mappers(cases):
    """A mapper for each of some sentences: one pass. Rows of the other sentences are NaN."""
    found, seconds = None, 0.0
    for k, asked in enumerate(ASKED):
        if (name := MAPPERS.get(asked)) not in pretrained.available():
            continue
        mapper = pretrained.load(name).networks["mapper"]
        styleclip.mapped(mapper, cases.w[:1]), styleclip.mapped(mapper, cases.w[cases.part(k)])  # compiled
        began = time.process_time()
        w = cases.w.copy()
        w[cases.part(k)] = styleclip.mapped(mapper, cases.w[cases.part(k)])
        seconds += (time.process_time() - began) / cases.each
        scored = measured(cases, w)
        found = found or {name: np.full(values.shape, np.nan) for name, values in scored.items()}
        for name, values in scored.items():
            found[name][k] = values[k]
    return found | {"seconds": np.float64(seconds / len(MAPPERS))}


def sweep(cases, editor, which):
    """Scores over λ of one term, the other as in "all-three": dict of arrays (values, sentences, each)."""
    values = SWEEPS[which]
    found = [edited(cases, editor, {"text": cases.texts, "l2": L2, "identity": ID} | {which: v}) for v in values]
    return {name: np.stack([each[name] for each in found]) for name in found[0]}


def part(name):
    """The file of one way."""
    return FOLDER / NAME / f"{name}.npz"


def measure():
    """Plays all ways that are missing."""
    parts, version = networks(), pretrained.code_version()
    cases, few = Cases(parts, EACH, SEED), Cases(parts, FEW, SEED + 100)
    editor = styleclip.Editor(parts["image_encoder"], parts["synthesis"], parts["identity"], rows=ROWS, steps=STEPS)
    editor.edit(cases.w[:ROWS], cases.texts[0])  # compiled
    jobs = {name: partial(edited, cases, editor, arguments) for name, arguments in ways(cases).items()}
    jobs |= {f"sweep-{which}": partial(sweep, few, editor, which) for which in SWEEPS}
    jobs |= {"pixels": partial(in_pixels, cases), "direction": partial(along, cases)}
    jobs |= {"mapper": partial(by_mappers, cases)}
    part("").parent.mkdir(parents=True, exist_ok=True)
    for name, job in jobs.items():
        if part(name).exists():
            continue
        found = job()
        files.save_arrays(part(name), found | {"version": np.array(version)})
        print(name, {key: round(float(np.nanmean(value)), 3) for key, value in found.items()}, flush=True)


def ship(folder):
    """Gathers all ways into one study."""
    names = [path.stem for path in sorted(part("").parent.glob("*.npz"))]
    played = {name: files.load_arrays(part(name)) for name in names}
    versions = {str(found.pop("version")) for found in played.values()}
    arrays = {
        f"{name}/{key}": value.astype("float16") for name, found in played.items() for key, value in found.items()
    }
    arrays |= {f"sweep-{which}/values": np.array(values) for which, values in SWEEPS.items()}
    scores = {
        name: {key: round(float(np.nanmean(found[key])), 4) for key in ("reached", "digit-kept", "seconds")}
        for name, found in played.items() if not name.startswith("sweep")
    }  # fmt: skip
    known = [weights.recipe(name) for name in ("clip-glyphs", "stylegan-glyphs")]
    source = Source("pictures of stylegan-glyphs, read by glyphs-cnn", known[1]["sha256"])
    spent = EACH * len(ASKED) * sum(values["seconds"] for values in scores.values())
    recipe = pretrained.provenance(SEED, source, spent) | {
        "command": "python training/styleclip.py",
        "code_version": "; ".join(sorted(versions)),
        "lecture": "13",
        "evaluator": "glyphs-cnn",
        "scores": scores,
        "published": [],
        "networks": {},
        "settings": {
            "asked": [list(asked) for asked in ASKED], "each": EACH, "few": FEW, "steps": STEPS, "l2": L2,
            "identity": ID, "fine": "layers 4 to 7", "coarse": "layers 0 to 3", "alpha": ALPHA, "share": SHARE,
            "optimizer": "Adam, 0.3 to 0 along a cosine", "clip": known[0]["sha256"],
        },
    }  # fmt: skip
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}", flush=True)


if __name__ == "__main__":
    study(__doc__, measure, ship)
