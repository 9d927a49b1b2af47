"""The smile of lecture 01: a VAE of 320 photographs of faces, and a direction in its latent space.

    python training/faces.py            # 2 minutes of one core; needs olivetti.npz in $COURSE_DATA
    python training/faces.py --ship     # measures again with the networks that were kept

The Olivetti faces (AT&T Laboratories Cambridge) are ten photographs each of 40 people. Every fifth person is held out:
of these no photograph trains anything. `SMILES` and `PLAIN` list faces that smile or do not, read by eye before any
network was trained; doubtful ones are in neither list. No photograph is stored, only what the decoder draws.
"""

import os
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from runs import FOLDER, keep, kept, study
from sklearn.svm import LinearSVC

from course_utils import data, files, pretrained, studies
from course_utils.games.vae import VAE
from course_utils.networks.vae import decode, encode, mlp_decoder, mlp_encoder

NAME = "faces-olivetti"
LATENT, WIDTH, BETA, RATE, BATCH, ITERATIONS = 32, 256, 0.05, 1e-3, 64, 2_000
STRENGTHS = np.linspace(-1.0, 2.0, 7)
DIRECTIONS = 40  # drawn at random, of the same length as the smile
SMILES = (
    *range(20, 25), 26, 27, 28, *range(40, 50), 51, 61, 62, 65, 69, 72, 74, 75, 91, 92, 93, 111, 114, 116, 117, 119,
    123, 128, 129, 153, 154, *range(160, 165), 174, 186, 187, 188, 190, 191, 193, 194, 195, 200, 201, 202, 210, 211,
    213, 214, 216, 217, 219, 234, 260, 261, 263, 267, 268, 300, 305, 306, 307, 310, 311, 312, 314, *range(322, 329),
    *range(340, 344), 348, 349, 371, 380, 381, *range(383, 390), 393, 395, 397, 399,
)  # fmt: skip
PLAIN = (
    *range(0, 10), 67, 68, 71, 73, 78, 99, 105, 106, 107, 110, 115, 118, 120, 122, 125, 130, 135, 136, 138, 139, 140,
    142, 143, 145, 151, 152, 156, 157, 159, 170, 172, 175, 176, 177, 178, 179, 180, 184, 189, 192, 196, 198, 199,
    203, 204, 205, 206, 220, 222, 223, 225, 226, 230, 231, 232, 235, 236, 238, 240, 241, 242, 245, 248, 250, 251, 258,
    266, 270, 272, 277, 279, *range(280, 290), 290, 295, 296, 298, 302, 317, 318, 320, 321, *range(330, 340), 352,
    *range(355, 360), 360, 362, 369, 370, 374, 375, 376, 379,
)  # fmt: skip


def load():
    """Returns faces float32 (400, 64, 64, 1) in [0, 1], persons (400,), their Source, and which are held out."""
    arrays = files.load_arrays(Path(os.environ["COURSE_DATA"]) / "olivetti.npz")
    faces = data.scale(arrays["images"].reshape(400, 64, 64, 1), low=0.0, high=1.0)
    text = "Olivetti faces, AT&T Laboratories Cambridge (400 photographs of 40 people)"
    source = data.images.Source(text, files.digest(Path(os.environ["COURSE_DATA"]) / "olivetti.npz"))
    return faces, arrays["person"].astype(int), source, arrays["person"] % 5 == 4


def networks():
    """Returns a fresh encoder and decoder by name."""
    shape = {"image_shape": (64, 64, 1)}
    return {"encoder": mlp_encoder(LATENT, WIDTH, **shape), "decoder": mlp_decoder(LATENT, WIDTH, **shape)}


def play():
    """Trains the VAE on the faces of 32 people and their mirror images, and keeps its networks."""
    faces, _, _, held = load()
    x_train = np.concatenate([faces[~held], faces[~held][:, :, ::-1]])
    keras.utils.set_random_seed(0)
    made, version = networks(), pretrained.code_version()
    rate = keras.optimizers.schedules.CosineDecay(RATE, ITERATIONS)
    game = VAE(**made, optimizer=keras.optimizers.Adam(rate), beta=BETA)
    game.compile(steps_per_execution=100)
    began = time.perf_counter()
    game.fit(x_train, batch_size=BATCH, epochs=10, steps_per_epoch=ITERATIONS // 10, verbose=2)
    keep(NAME, made)
    files.save_arrays(
        FOLDER / f"{NAME}-run.npz",
        {"seconds": np.array(time.perf_counter() - began), "version": np.array(version)},
    )


def as_bytes(images):
    """Images in [0, 1] as they are stored."""
    return np.rint(255 * images).astype("uint8")


def chosen(held):
    """Returns the numbers of the faces that were read by eye and whether each smiles, of people held out or not."""
    numbers = np.array([*SMILES, *PLAIN])
    smiles = np.array([True] * len(SMILES) + [False] * len(PLAIN))
    return numbers[held[numbers]], smiles[held[numbers]]


def direction(codes, persons, numbers, smiles):
    """Mean code of smiling faces minus that of others, within each person who is seen both ways."""
    differences = []
    for person in np.unique(persons[numbers]):
        mine = persons[numbers] == person
        if 0 < smiles[mine].sum() < mine.sum():
            code = codes[numbers[mine]]
            differences.append(code[smiles[mine]].mean(axis=0) - code[~smiles[mine]].mean(axis=0))
    return np.mean(differences, axis=0), len(differences)


class Reader:
    """A linear reader of smiles, fitted to photographs of the training people and their mirror images."""

    def __init__(self, faces, smiles):
        both, twice = np.concatenate([faces, faces[:, :, ::-1]]), np.concatenate([smiles, smiles])
        self.machine = LinearSVC(C=1e-3, random_state=0).fit(both.reshape(len(both), -1), twice)

    def __call__(self, images):
        """Returns the score of each image; above 0 it reads a smile."""
        return self.machine.decision_function(images.reshape(len(images), -1))


def ship(folder):
    """Measures what the direction does to the plain faces of the people who were held out."""
    faces, persons, source, held = load()
    made, noted = kept(NAME, networks()), files.load_arrays(FOLDER / f"{NAME}-run.npz")
    (seen, seen_smiles), (new, new_smiles) = chosen(~held), chosen(held)
    codes = encode(made["encoder"], faces)[0]
    read = Reader(faces[seen], seen_smiles)
    smile, people = direction(codes, persons, seen, seen_smiles)
    plain = new[~new_smiles]

    def edited(way, who=plain):
        moved = codes[who] + STRENGTHS[:, None, None] * way
        return decode(made["decoder"], moved.reshape(-1, LATENT)).reshape(len(STRENGTHS), len(who), 64, 64, 1)

    def scores(way):
        return np.array([read(images).mean() for images in edited(way)])

    rng, length = np.random.default_rng(0), np.linalg.norm(smile)
    drawn = rng.normal(size=(DIRECTIONS, LATENT))
    drawn *= length / np.linalg.norm(drawn, axis=1, keepdims=True)
    one = [int(np.flatnonzero(persons[plain] == person)[0]) for person in np.unique(persons[plain])]
    still, by_smile, by_chance = edited(smile)[2], edited(smile)[4], np.stack([edited(way)[4] for way in drawn[:10]])
    restored = decode(made["decoder"], codes)
    right = {
        "photographs": float(np.mean((read(faces[new]) > 0) == new_smiles)),
        "reconstructions": float(np.mean((read(restored[new]) > 0) == new_smiles)),
    }
    arrays = {
        "edits": as_bytes(edited(smile)[:, one].swapaxes(0, 1)),  # (people, strengths, 64, 64, 1)
        "scores": np.stack([scores(way) for way in (smile, *drawn)]),  # (1 + directions, strengths)
        "axes": np.stack([scores(way) for way in length * np.eye(LATENT)]),  # (latent, strengths)
        "changes": np.stack([np.abs(by_smile - still).mean(0), np.abs(by_chance - still).mean((0, 1))]),
        "samples": as_bytes(decode(made["decoder"], rng.normal(size=(12, LATENT)))),
    }
    error = [float(np.square(restored - faces)[part].mean()) for part in (~held, held)]
    recipe = pretrained.provenance(0, source, float(noted["seconds"])) | {
        "command": "python training/faces.py",
        "code_version": str(noted["version"]),
        "lecture": "01",
        "evaluator": None,
        "scores": {
            "share-read-right": right,
            "squared-error-a-pixel": dict(zip(("training", "held-out"), error)),
            "smile-score": arrays["scores"][0].round(3).tolist(),
        },
        "published": [],
        "networks": {},
        "settings": {
            "latent": LATENT, "width": WIDTH, "beta": BETA, "rate": RATE, "batch_size": BATCH,
            "iterations": ITERATIONS, "strengths": STRENGTHS.tolist(), "people_of_the_direction": people,
            "plain_faces": len(plain), "smiling_faces": int(new_smiles.sum()), "length": float(length),
        },
    }  # fmt: skip
    path = studies.write(NAME, arrays, recipe, folder)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB, {recipe['scores']}, {recipe['settings']}", flush=True)


if __name__ == "__main__":
    study(__doc__, play, ship)
