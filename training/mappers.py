"""The mappers of lecture 13: networks that have learned what a sentence asks of a style, for one sentence each.

    python training/mappers.py mapper-red mapper-green-ground
    python training/mappers.py mapper-red --resume    # on from where it was stopped

The generator, CLIP and the reader of identity stand still. λ are those of the study "styleclip-edits"; styles are drawn
anew, and the judge reads what the mappers make of others once, at the end.
"""

import dataclasses
import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras.optimizers.schedules import CosineDecay
from runs import Trial, Watch, begun, kept, main, recorded, rounded, save, stretched
from styleclip import COLOURED, FINE, ID, L2, SEED, networks, outcome, pictures, text_of

from course_utils import pretrained, weights
from course_utils.data import Source
from course_utils.games import styleclip
from course_utils.games.stylegan import images_of, styles_of
from course_utils.networks.clip import style_mapper


@dataclasses.dataclass(frozen=True)
class Run:
    """The settings of one run."""

    attribute: str
    word: str
    iterations: int = 240
    styles: int = 4_000
    batch_size: int = 32
    rate: float = 2e-3
    width: int = 128
    marks: int = 4
    judged: int = 100  # pictures

    def scaled(self, factor):
        """The same run with so many times as many iterations."""
        return dataclasses.replace(self, iterations=stretched(self.iterations, factor, self.marks))

    @property
    def arguments(self):
        """Of the mapper's builder."""
        layers = list(range(8))[FINE] if self.attribute in COLOURED else None
        return {"styles": 8, "latent_dim": 64, "width": self.width, "chosen": layers}


RUNS = {"mapper-red": Run("stroke", "red"), "mapper-green-ground": Run("ground", "green")}


def made(run, seed):
    """Returns the game, its mapper, and the styles that it sees."""
    parts = networks()
    keras.utils.set_random_seed(seed)
    mapper = style_mapper(**run.arguments)
    text = text_of(parts, run.attribute, run.word)
    optimizer = keras.optimizers.Adam(CosineDecay(run.rate, run.iterations))
    game = styleclip.Mapper(
        mapper, parts["image_encoder"], parts["synthesis"], text, parts["identity"], L2, ID, optimizer, seed
    )
    game.compile()
    z = np.random.default_rng(seed).standard_normal((run.styles, 64), dtype="float32")
    return game, mapper, np.repeat(styles_of(parts["mapping"], z)[:, None], 8, axis=1)


def trial(run, seed):
    """Returns what tells how long the run can be."""
    game, _, w = made(run, seed)

    def play(iterations):
        game.fit(w, batch_size=run.batch_size, steps_per_epoch=iterations, verbose=0)

    return Trial(play, 4, run.iterations, looks=run.marks)


def train(name, run, seed, resume):
    """Trains one mapper and keeps the newest."""
    game, mapper, w = made(run, seed)
    watch = Watch(name, {"mapper": mapper}, terms=("clip", "l2", "identity"))
    game.fit(
        w, batch_size=run.batch_size, epochs=run.marks, steps_per_epoch=run.iterations // run.marks,
        callbacks=[watch, begun(name, watch, resume)], verbose=0,
    )  # fmt: skip


def ship(name, run, seed, folder):
    """Has the judge read what the mapper makes of pictures for which the sentence does not hold, and saves it."""
    noted, parts = recorded(name), networks()
    chosen = kept(name, {"mapper": style_mapper(**run.arguments)})
    w = pictures(parts, run.attribute, run.word, run.judged, SEED)
    before = styleclip.judged(images_of(parts["synthesis"], w))
    edited = images_of(parts["synthesis"], styleclip.mapped(chosen["mapper"], w))
    found = outcome(before, edited, run.attribute, run.word)
    source = Source("styles of stylegan-glyphs, read by glyphs-cnn", weights.recipe("stylegan-glyphs")["sha256"])
    recipe = pretrained.provenance(seed, source, noted["seconds"]) | {
        "code_version": noted["version"],
        "lecture": "13",
        "evaluator": "glyphs-cnn",
        "scores": {name: round(float(np.mean(found[name])), 4) for name in ("reached", "digit-kept")},
        "published": [],
        "networks": {"mapper": {"builder": "style_mapper", "arguments": run.arguments}},
        "settings": {
            "game": "Mapper", "text": [run.attribute, run.word], "clip": weights.recipe("clip-glyphs")["sha256"],
            "iterations": int(noted["trace"]["iterations"][-1]), "planned": run.iterations, "styles": run.styles,
            "batch_size": run.batch_size, "optimizer": "Adam", "rate": run.rate, "rates": "along a cosine to 0",
            "l2": L2, "identity": ID, "judged": run.judged, "trace": rounded(noted["trace"]),
        },
    }  # fmt: skip
    save(name, chosen, recipe, folder)


if __name__ == "__main__":
    main(__doc__, RUNS, trial, train, ship)
