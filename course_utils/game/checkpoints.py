"""Saves everything that a training run depends on, atomically, and goes on from it bit for bit.

A checkpoint is a folder `iteration_000001200/` with `state.npz` and its SHA-256. It is written beside its place
under another name, flushed to the disk and renamed, so that a power cut leaves the one before it whole. Its hash and
its shapes are checked before anything is changed.
"""

import json
import logging
import os
import re
import shutil
import uuid
from pathlib import Path

import keras
import numpy as np
from keras import ops

from course_utils import backend, files

_log = logging.getLogger(__name__)
_NAME = re.compile(r"iteration_\d{9}")


class Checkpoint(keras.callbacks.Callback):
    """A callback that saves the full state of a `Game` and, given to `fit` again, resumes it.

    Saved are all networks and averages, every player's optimizer, seeds, running means, the history, and the iteration,
    of which, with the seed, the order of the data is a function. On the same backend and versions the resumed run ends
    bit for bit where the uninterrupted one would have. What other callbacks remember is theirs to save.

    Args:
        folder: where the checkpoints lie; made if it is missing. Give each run its own.
        every: iterations between saves, at the end of an execution; None saves at the end of each epoch only.
        keep: how many checkpoints to keep, at least 1; with two, a damaged one can fall back.
        strict: raise, instead of warning, when the run was saved on another backend or version of Keras.

    Raises:
        OSError: a save failed, with the path and the free bytes; the checkpoints before it are untouched.
        ValueError: no checkpoint is sound, or it is of another game; nothing is loaded.
    """

    def __init__(self, folder, every=None, keep=2, strict=False):
        super().__init__()
        if keep < 1 or (every is not None and every < 1):
            raise ValueError(f"Found keep={keep} and every={every}, expected at least 1; every=None saves each epoch.")
        self.folder, self.every, self.keep, self.strict = Path(folder), every, keep, strict
        self._lock = None

    def resume(self, game, feed, steps):
        """Loads the newest sound checkpoint, if there is any; returns how many iterations of the fit it has done.

        From here to `let_go` the folder is this run's alone.

        Raises:
            OSError: the folder cannot be written, or another run is writing to it.
        """
        self._take_folder()
        try:
            return self._resume(game, feed, steps)
        except BaseException:
            self.let_go()
            raise

    def _resume(self, game, feed, steps):
        plan = {"batch_size": feed.batch_size, "steps": steps, "rows": feed.length, "data": feed.fingerprint()}
        newest = next(iter(_checkpoints(self.folder)), None)
        if newest is not None and game.iteration > int(newest.name.removeprefix("iteration_")):
            raise ValueError(
                f"Found {newest.name} as the newest in {self.folder} for a game that has played {game.iteration} "
                "iterations, expected one that is not behind it; take another folder, or build the game anew."
            )
        self.notes = load(game, self.folder, self.strict) or {
            "start": game.iteration, "history": {}, "epochs": [], **plan,
        }  # fmt: skip
        differ = [key for key in plan if self.notes.get(key) != plan[key]]
        if differ:
            then, now = (", ".join(f"{key}={each.get(key)}" for key in differ) for each in (self.notes, plan))
            raise ValueError(
                f"Found a checkpoint of {then}, expected {now}; resume with the same, or give this run a folder of its "
                "own."
            )
        self.saved = game.iteration
        return self.saved - self.notes["start"]

    def _take_folder(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / ".lock", "w")  # noqa: SIM115  held until `let_go`
        except OSError as error:
            raise OSError(
                f"Found the checkpoint folder {self.folder} that cannot be written ({error}), expected one that can; "
                "choose another."
            ) from error
        if not _locked(self._lock):
            self._lock.close()
            raise OSError(
                f"Found another run that writes to the checkpoint folder {self.folder}, expected none; give each run a "
                "folder of its own."
            )
        for path in self.folder.glob(".iteration_*.tmp"):  # what a run that was killed left half-written
            shutil.rmtree(path, ignore_errors=True)

    def let_go(self):
        """Leaves the folder to other runs; `fit` calls it at its end, however that came."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def on_train_begin(self, logs=None):
        self.run = self.model._running  # held here, since self.model makes JAX hand all its state over at each mention

    def on_train_batch_end(self, batch, logs=None):
        ended = self.run.step == self.run.steps  # on_epoch_end saves that, with the epoch's history
        if self.every is not None and not ended and self.run.position // self.every > self.saved // self.every:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            self.notes["history"].setdefault(name, []).append(float(value))
        self.notes["epochs"].append(epoch)
        self._save()

    def on_train_end(self, logs=None):
        self.model.history.history, self.model.history.epoch = self.notes["history"], self.notes["epochs"]

    def _save(self):
        self.run.check(keep=0)  # never a state that is about to be given up
        save(self.model, self.folder, self.keep, self.notes)
        self.saved = self.run.position


def save(game, folder, keep=2, notes=None):
    """Writes the game's state as a checkpoint of a folder, and removes all but the last `keep` up to it.

    Args:
        game: a `Game`.
        folder: where the checkpoints lie.
        keep: how many to keep, at least 1.
        notes: dict that goes through JSON; `load` returns it.

    Returns:
        The path of the new checkpoint.

    Raises:
        OSError: with the path and the free bytes; earlier checkpoints are untouched.
    """
    folder = Path(folder)
    final = folder / f"iteration_{game.iteration:09d}"
    temporary = folder / f".{final.name}.{uuid.uuid4().hex}.tmp"
    facts = {"notes": notes or {}, "game": _rules(game), "system": _system(game)}
    arrays = {label: ops.convert_to_numpy(v.value) for label, v in _variables(game).items()}
    arrays |= {f"random/{name}": state for name, state in backend.random_state().items()}
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), "uint8")
    try:
        digest = files.save_arrays(temporary / "state.npz", arrays, compress=False)
        files.write_atomic(temporary / "state.npz.sha256", f"{digest}  state.npz\n".encode())
        if final.exists():  # of this very iteration, perhaps damaged
            os.replace(final, temporary.with_suffix(".old.tmp"))
        os.replace(temporary, final)
        files.sync_folder(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        message = f"Could not save the checkpoint {final}: {error}; the checkpoints before it are untouched."
        raise OSError(message) from error
    before = [path for path in _checkpoints(folder) if path.name < final.name]  # later ones may be another run's
    for path in [*before[max(keep, 1) - 1 :], temporary.with_suffix(".old.tmp")]:
        shutil.rmtree(path, ignore_errors=True)
    return final


def load(game, folder, strict=False):
    """Loads the newest sound checkpoint of a folder into a game of the same shape; all of it or nothing.

    Args:
        game: a `Game` built by the code that built the saved one.
        folder: where the checkpoints lie.
        strict: raise when it was saved on another backend or version of Keras, where random draws differ.

    Returns:
        The notes given to `save`, or None when the folder holds no checkpoint.

    Raises:
        ValueError: no checkpoint is sound, it is of another game, or `strict` and saved elsewhere.
    """
    found = _checkpoints(Path(folder))
    for path in found:
        try:
            digest = (path / "state.npz.sha256").read_text(encoding="ascii").split()[0]
            arrays = files.load_arrays(path / "state.npz", sha256=digest)
            break
        except (OSError, ValueError, IndexError) as error:
            _log.warning("Passing over the checkpoint %s, which is damaged: %s", path, error)
    else:
        if found:
            raise ValueError(f"Found no sound checkpoint among the {len(found)} in {folder}; delete it to start anew.")
        return None
    facts = json.loads(arrays.pop("facts").tobytes())
    if "game" not in facts:
        raise ValueError(
            f"Found {path} of an earlier version of this package, expected one that names its players; start anew in "
            "another folder."
        )
    then, here = facts["system"], _system(game)
    if elsewhere := [
        f"{key} {then.get(key)}, here {value}" for key, value in here.items() if then.get(key, value) != value
    ]:
        message = f"{path} was saved on another system ({'; '.join(elsewhere)}): weights load, random draws will differ"
        if strict:
            raise ValueError(message + "; resume where it was saved, or with strict=False.")
        _log.warning("%s.", message)
    then, here = facts["game"], _rules(game)
    if differ := [f"{key} {then.get(key)}, expected {value}" for key, value in here.items() if then.get(key) != value]:
        raise ValueError(
            f"Found another game in {path} ({'; '.join(differ)}), expected the one that is being trained; build it "
            "with the same players and optimizers, or give this run a folder of its own."
        )
    _assign(game, arrays, path)
    return facts["notes"]


def _assign(game, arrays, path):
    """Checks all names and shapes, then assigns."""
    random = {name.removeprefix("random/"): arrays.pop(name) for name in list(arrays) if name.startswith("random/")}
    variables = _variables(game)
    if game._means is None:
        arrays = {label: a for label, a in arrays.items() if not label.startswith("means/")}
    differ = [
        f"{label}: {_shape(arrays, label)} in the checkpoint, {_shape(variables, label)} in the game"
        for label in sorted(variables.keys() | arrays.keys())
        if _shape(arrays, label) != _shape(variables, label)
    ]
    if differ:
        raise ValueError(
            f"Found another game in {path} ({len(differ)} variables differ, first {'; '.join(differ[:4])}), expected "
            "the one that is being trained; build the same networks and players, or give this run a folder of its own."
        )
    for label, variable in variables.items():
        variable.assign(arrays[label])
    backend.set_random_state(random)


def _rules(game):
    """What a game that goes on with a checkpoint must have in common with the one that wrote it, as text."""
    policies = {layer.dtype_policy.name for network in game.networks for layer in network._flatten_layers()}
    players = {
        f"player {p.name}": f"{type(p.optimizer).__name__}, {rate}, {p.turns} turns"
        for p, rate in zip(game.players, game.optimizers.rates)
    }
    order = ", ".join(p.name for p in game.players)
    return {"seed": str(game.seed), "order": order, **players, "policies": ", ".join(sorted(policies))}


def _system(game):
    """What random draws and rounding depend on besides."""
    system = {"backend": backend.name(), "keras": keras.__version__}
    return system | ({"XLA": bool(game.jit_compile)} if game.compiled else {})


def _locked(file):
    """Tries to lock an open file until it is closed; says whether that succeeded."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True


def _shape(held, label):
    return tuple(held[label].shape) if label in held else "missing"


def _variables(game):
    """Every variable of a game under a label that does not depend on Keras's automatic names."""
    groups = {
        "trainable": game.trainable_variables,
        "other": game.non_trainable_variables,
        "optimizers": game.optimizers.variables,
        "means": game.metrics_variables,
    }
    return {f"{group}/{i:04d}": v for group, variables in groups.items() for i, v in enumerate(variables)}


def _checkpoints(folder):
    """The checkpoints of a folder, newest first."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if _NAME.fullmatch(p.name)), reverse=True)
