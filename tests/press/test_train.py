"""`course train`: refusals before anything moves, and a run that stops, goes on and can be loaded."""

import json

import keras
import numpy as np
import pytest
from PIL import Image

from course_utils import backend, pretrained, session
from course_utils.press import cli, train
from course_utils.press.recipes import RECIPES

pytestmark = pytest.mark.once  # the games and the engine have their tests on every backend


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with forty small pictures of two kinds, a cache of its own, and a session that is begun."""
    rng = np.random.default_rng(0)
    for index in range(40):
        path = tmp_path / "photos" / ("cat", "dog")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), "uint8")).save(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(session, "start", lambda _, seed: keras.utils.set_random_seed(seed))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("dgcan --data photos", "did you mean 'dcgan'"),
        ("dcgan --data nowhere", "Found no nowhere"),
        ("dcgan --data photos --size 33", "--size 33, expected an even number"),
        ("stylegan --data photos --size 24", "expected a power of 2"),
        ("vae --data photos --size 30", "expected a multiple of 4"),
        ("dcgan --data photos --size 512", "--size 512"),
        ("dcgan --data photos --size 4", "--size is 4"),
        ("dcgan --data photos --channels 4", "--channels is 4"),
        ("dcgan --data photos --iterations -5", "--iterations is -5"),
        ("dcgan --data photos --resume", "no run in"),
        ("dcgan --data photos --out photos/cat/0.png", "which is no folder to write into"),
        ("dcgan --data photos --backend theano", "theano"),
        ("vae --data photos", "40 images in photos, expected at least 100"),
        ("biggan --data photos/cat", "without a folder of its own class"),
    ],
)
def test_what_could_not_work_is_refused_before_anything_moves(here, capsys, arguments, words):
    assert cli.main(["train", *arguments.split()]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert words in said and "Traceback" not in said
    assert not (here / "runs").exists()


def test_a_run_that_is_stopped_goes_on_to_the_same_weights_and_can_be_loaded(here, capsys, monkeypatch):
    whole, broken = (["train", "dcgan", "--data", "photos", "--size", "8", "--iterations", "4", "--out", out]
                     for out in ("whole", "broken"))  # fmt: skip
    monkeypatch.setattr(train, "MARKS", 2)
    assert cli.main(whole) == 0
    wanted = pretrained.load("dcgan", here / "whole")
    assert wanted.sample(3, seed=0).shape == (3, 8, 8, 3)
    assert wanted.recipe["scores"] == {} and wanted.recipe["evaluator"] is None
    assert sorted(path.name for path in (here / "whole" / "samples").iterdir()) == ["0000002.png", "0000004.png"]
    assert Image.open(here / "whole" / "samples" / "0000004.png").size == (64, 64)

    def stop(images, path):
        if path.stem == "0000004":  # the first mark was passed and saved
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(train, "write_samples", stop)
        assert cli.main(broken) == 130
    assert cli.main([*broken, "--seed", "1", "--resume"]) == 2
    assert "seed 0" in " ".join(capsys.readouterr().err.split())
    assert cli.main([*broken]) == 2  # it holds a run
    plan = (here / "broken" / "run.json").read_text("utf-8")
    for damaged, words in (("{", "no JSON object"), (plan.replace(backend.name(), "theano"), "backend theano")):
        (here / "broken" / "run.json").write_text(damaged, "utf-8")
        assert cli.main([*broken, "--resume"]) == 2
        assert words in " ".join(capsys.readouterr().err.split())
    (here / "broken" / "run.json").write_text(plan, "utf-8")
    assert cli.main([*broken, "--resume"]) == 0
    found = pretrained.load("dcgan", here / "broken")
    assert found.recipe["sha256"] == wanted.recipe["sha256"]
    assert json.loads((here / "broken" / "run.json").read_text())["iterations"] == 4


@pytest.mark.parametrize(
    ("name", "size", "channels"),
    [("dcgan", 28, 1), ("wgan-gp", 16, 3), ("biggan", 16, 3), ("biggan", 34, 1), ("stylegan", 16, 1), ("vae", 12, 3)],
)
def test_every_recipe_builds_what_it_describes(name, size, channels):
    made = RECIPES[name](size, channels, 3, 10, 0)
    shape = (size, size, channels)
    assert (made.game.takes[0] if isinstance(made.game.takes, tuple) else made.game.takes).shape == shape
    images = made.draw(2)
    assert images.shape == (2, *shape) and np.abs(images).max() <= 1
    again = pretrained.Pretrained(name, made.shipped, {"sampler": made.sampler}).sample(2, seed=0)
    assert again.shape == (2, *shape)
