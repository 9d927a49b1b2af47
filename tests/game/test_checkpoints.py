"""A run that is interrupted ends where it would have ended; a damaged checkpoint is never half-loaded."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from games import BatchNormGAN, SharedEncoder, adam, data, dense

from course_utils import backend, files
from course_utils.game import Checkpoint, Game, Player, checkpoints

KILLS = 20


def test_a_run_killed_twenty_times_ends_bit_for_bit_where_it_would_have(tmp_path):
    quiet = {"KERAS_BACKEND": backend.name(), "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    # All children compile the same program: JAX may keep it.
    kept = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "jax"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "crash.py"), str(tmp_path), str(KILLS), "0"],
        env={**os.environ, **quiet, **kept},
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{KILLS} kills" in done.stdout and " 0 of them while saving" not in done.stdout


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with the checkpoints of two epochs, and the weights at the end of each."""
    folder, weights = tmp_path_factory.mktemp("saved"), []
    game = BatchNormGAN()
    game.compile()
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(game.get_weights()))
    game.fit(data(), batch_size=16, epochs=3, steps_per_epoch=2, callbacks=[Checkpoint(folder), note], verbose=0)
    return folder, weights


@pytest.fixture
def folder(saved, tmp_path):
    for path in saved[0].glob("iteration_*"):
        (tmp_path / path.name).mkdir()
        for file in path.iterdir():
            (tmp_path / path.name / file.name).write_bytes(file.read_bytes())
    return tmp_path


def loads(folder, weights):
    game = BatchNormGAN()
    notes = checkpoints.load(game, folder)
    for a, b in zip(game.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    return notes


def test_the_last_two_are_kept_and_the_newest_loads(folder, saved):
    assert sorted(p.name for p in folder.iterdir()) == ["iteration_000000004", "iteration_000000006"]
    notes = loads(folder, saved[1][2])
    assert notes["epochs"] == [0, 1, 2] and len(notes["history"]["loss"]) == 3


def test_one_flipped_byte_falls_back_and_says_so(folder, saved, caplog):
    path = folder / "iteration_000000006" / "state.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        loads(folder, saved[1][1])
    assert "iteration_000000006" in caplog.text and "SHA-256" in caplog.text


def test_a_half_written_checkpoint_is_ignored_and_then_removed(folder, saved):
    (folder / ".iteration_000000009.x.tmp").mkdir()
    (folder / ".iteration_000000009.x.tmp" / "state.npz").write_bytes(b"half")
    loads(folder, saved[1][2])
    go_on(folder, Checkpoint(folder))
    assert not list(folder.glob(".iteration*"))


def test_no_sound_checkpoint_raises(folder):
    for path in folder.glob("*/state.npz"):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="no sound checkpoint among the 2"):
        checkpoints.load(BatchNormGAN(), folder)


def test_an_empty_folder_is_a_fresh_start(tmp_path):
    assert checkpoints.load(BatchNormGAN(), tmp_path / "nothing") is None


def test_another_game_is_refused_whole(folder):
    for game in (SharedEncoder(), _wider()):
        before = [w.copy() for w in game.get_weights()]
        with pytest.raises(ValueError, match="another game"):
            checkpoints.load(game, folder)
        assert all(np.array_equal(a, b) for a, b in zip(before, game.get_weights()))


def test_another_seed_is_refused(folder):
    with pytest.raises(ValueError, match="seed 0, expected 1"):
        checkpoints.load(BatchNormGAN(seed=1), folder)


def test_another_backend_warns_or_raises(folder, saved, monkeypatch, caplog):
    monkeypatch.setattr(backend, "name", lambda: "another")
    with caplog.at_level(logging.WARNING):
        loads(folder, saved[1][2])
    assert "random draws will differ" in caplog.text
    with pytest.raises(ValueError, match="another system"):
        checkpoints.load(BatchNormGAN(), folder, strict=True)


def test_a_full_disk_stops_with_the_path_and_keeps_the_old(folder, saved, monkeypatch):
    def full(path, arrays, **kwargs):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_bytes(b"some of it")
        raise OSError(28, "No space left on device, 0 bytes free")

    monkeypatch.setattr(files, "save_arrays", full)
    game = BatchNormGAN()
    game.compile()
    with pytest.raises(OSError, match="Could not save the checkpoint.*No space left.*untouched"):
        game.fit(data(), batch_size=16, epochs=4, steps_per_epoch=2, callbacks=[Checkpoint(folder)], verbose=0)
    assert not list(folder.glob(".iteration*"))
    loads(folder, saved[1][2])


def test_a_finished_run_is_not_played_again(folder, saved):
    game = BatchNormGAN()
    game.compile()
    history = game.fit(data(), batch_size=16, epochs=3, steps_per_epoch=2, callbacks=[Checkpoint(folder)], verbose=0)
    assert history.epoch == [0, 1, 2] and game.iteration == 6


def test_a_save_that_falls_on_the_end_of_an_epoch_holds_its_history(tmp_path):
    for epochs in (1, 2):
        game = BatchNormGAN()
        game.compile()
        callbacks = [Checkpoint(tmp_path, every=2)]
        history = game.fit(data(), batch_size=16, epochs=epochs, steps_per_epoch=2, callbacks=callbacks, verbose=0)
    assert history.epoch == [0, 1] and len(history.history["loss"]) == 2


def test_another_batch_size_and_a_second_checkpoint_are_refused(folder):
    game = BatchNormGAN()
    game.compile()
    with pytest.raises(ValueError, match="batch_size=16, expected batch_size=8"):
        game.fit(data(), batch_size=8, epochs=3, steps_per_epoch=2, callbacks=[Checkpoint(folder)], verbose=0)
    with pytest.raises(ValueError, match="at most one"):
        game.fit(data(), callbacks=[Checkpoint(folder), Checkpoint(folder)], verbose=0)
    with pytest.raises(ValueError, match="keep=0"):
        Checkpoint(folder, keep=0)


def go_on(folder, checkpoint, game=None, rows=256, **plan):
    """Resumes the run of `saved`."""
    game = game or BatchNormGAN()
    game.compile()
    plan = {"batch_size": 16, "epochs": 3, "steps_per_epoch": 2} | plan
    return game.fit(data(rows), callbacks=[checkpoint], verbose=0, **plan)


def test_networks_of_another_shape_are_refused_whole(folder):
    class Wide(BatchNormGAN):
        def __init__(self):
            super().__init__()
            self.more = self.add_weight(shape=(3,), trainable=False, name="more")

    with pytest.raises(ValueError, match="variables differ, first other.*in the checkpoint"):
        checkpoints.load(Wide(), folder)


def _like_the_saved(order=(0, 1), turns=1, optimizer=keras.optimizers.Adam, rate=1e-3):
    base = BatchNormGAN()
    critic, generator = base.players
    settings = {"beta_1": 0.5, "beta_2": 0.9} if optimizer is not keras.optimizers.SGD else {}
    players = [
        Player("critic", [base.critic], critic.loss, optimizer(rate, **settings), turns),
        Player("generator", [base.generator], generator.loss, adam()),
    ]
    return Game([players[i] for i in order], averages=base.averages)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"order": (1, 0)}, "order critic, generator, expected generator, critic"),
        ({"turns": 2}, "1 turns, expected Adam, rate 0.001, 2 turns"),
        ({"optimizer": keras.optimizers.Adamax}, "Adam, rate 0.001, 1 turns, expected Adamax"),
        ({"rate": 1e-5}, "rate 0.001, 1 turns, expected Adam, rate 1e-05"),
    ],
)
def test_other_rules_are_refused(folder, changes, words):
    game = _like_the_saved(**changes)
    before = game.get_weights()
    with pytest.raises(ValueError, match=f"another game.*{words}"):
        checkpoints.load(game, folder)
    assert all(np.array_equal(a, b) for a, b in zip(before, game.get_weights()))


def test_other_data_is_refused(folder):
    refused = Checkpoint(folder)
    with pytest.raises(ValueError, match="rows=256, data=.*expected rows=128"):
        go_on(folder, refused, rows=128)
    game = BatchNormGAN()
    game.compile()
    with pytest.raises(ValueError, match=r"checkpoint of data=\d+, expected data=\d+; resume with the same"):
        game.fit(data(seed=2), batch_size=16, epochs=3, steps_per_epoch=2, callbacks=[Checkpoint(folder)], verbose=0)


def test_a_game_that_is_further_on_is_not_rewound(folder):
    game = BatchNormGAN()
    game.compile()
    game.fit(data(), batch_size=16, epochs=1, steps_per_epoch=7, verbose=0)
    with pytest.raises(ValueError, match="iteration_000000006 .*has played 7 iterations"):
        go_on(folder, Checkpoint(folder), game)
    assert game.iteration == 7


def test_what_was_just_written_is_never_removed(folder, saved):
    path = checkpoints.save(BatchNormGAN(), folder, keep=1)  # iteration 0, where 4 and 6 lie already
    assert path.is_dir() and len(list(folder.glob("iteration*"))) == 3


def test_damaged_ones_do_not_push_out_a_sound_one(folder, saved):
    for path in folder.glob("*4/state.npz"):  # a run of ten iterations whose last two checkpoints are damaged
        for later in ("iteration_000000008", "iteration_000000010"):
            (folder / later).mkdir()
            (folder / later / "state.npz").write_bytes(path.read_bytes()[:-100])
    game = BatchNormGAN()
    checkpoints.load(game, folder)
    checkpoints.save(game, folder, keep=1)
    loads(folder, saved[1][2])


def test_a_folder_that_cannot_be_written_is_noticed_before_the_first_epoch(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="cannot be written.*choose another") as caught:
        go_on(None, Checkpoint(tmp_path / "file" / "run"))
    assert "\n" not in str(caught.value)


def test_two_runs_do_not_share_a_folder(tmp_path):
    first, second = Checkpoint(tmp_path), Checkpoint(tmp_path)
    refused = []

    class Second(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            with pytest.raises(OSError, match="another run that writes") as caught:
                go_on(tmp_path, second)
            refused.append(str(caught.value))

    game = BatchNormGAN()
    game.compile()
    game.fit(data(), batch_size=16, steps_per_epoch=2, callbacks=[first, Second()], verbose=0)
    assert len(refused) == 1
    go_on(tmp_path, second, epochs=1)  # and now it is free


def test_the_history_has_what_callbacks_behind_the_checkpoint_add(tmp_path):
    def log(epoch, logs):
        logs["mine"] = 7.0

    mine = keras.callbacks.LambdaCallback(on_epoch_end=log)
    for epochs in (1, 2):
        game = BatchNormGAN()
        game.compile()
        history = game.fit(
            data(), batch_size=16, epochs=epochs, steps_per_epoch=2, callbacks=[Checkpoint(tmp_path), mine], verbose=0
        )
    assert history.history["mine"] == [7.0, 7.0] and len(history.history["loss"]) == 2


def _wider():
    network = dense(2, 1, "network", width=24)
    return Game([Player("a", [network], lambda b, t: network(b)[0, 0], adam())])
