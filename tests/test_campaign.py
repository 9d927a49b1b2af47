"""A campaign ends on time and leaves few files, whatever its jobs do; a run with a limit of time fits into it."""

import importlib
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "training"))

import campaign  # noqa: E402
import packing  # noqa: E402
import runs  # noqa: E402

pytestmark = pytest.mark.once

HANGS = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
TRAINS = """
import os, sys, time
from pathlib import Path
out = Path(sys.argv[sys.argv.index("--out") + 1])
if "--ship" in sys.argv:
    (out / "weights.npz").write_bytes((out.parent / "kept").read_bytes())
else:
    (out.parent / "kept").write_bytes(b"what was kept")
    time.sleep(600)
"""


def job(name="a", code="pass", **more):
    return campaign.Job(name, ("-c", code), **{"share": 1, "least": 1.0, **more})


def played(jobs, seconds, folder):
    found = campaign.Campaign(jobs, time.monotonic() + campaign.END + seconds, folder / "out", folder / "work", "jax")
    found.play()
    return found


def outcomes(found):
    return {name: outcome for name, outcome, *_ in found.outcomes}


def test_shares_of_what_is_left():
    jobs = [job("a", share=1, most=5.0), job("b", share=1), job("c", share=2)]
    assert [seconds for _, seconds in campaign.plan(jobs, 40)] == pytest.approx([5.0, 35 / 3, 70 / 3])
    assert campaign.allotted(jobs[1:], 12.0) == pytest.approx(4.0)  # the first took longer: the others have less


def test_the_last_are_left_out_where_time_is_short():
    jobs = [job("a", share=1, least=10), job("b", share=1, least=10), job("c", share=8, least=10)]
    assert [(each.name, seconds) for each, seconds in campaign.plan(jobs, 24)] == [("a", 12.0), ("b", 12.0)]
    assert campaign.plan(jobs, 5) == []


def test_every_plan_keeps_to_its_time():
    for minutes in (1, 5, 10, 14, 60, 600):
        planned = campaign.plan(campaign.JOBS, 60 * minutes)
        assert sum(seconds for _, seconds in planned) <= 60 * minutes + 1e-6
        assert all(each.least <= seconds <= each.most for each, seconds in planned)


def test_the_table_names_what_there_is():
    for each in campaign.JOBS:
        scripts = [part for part in each.command if part.endswith(".py")]
        assert scripts and all((ROOT / script).is_file() for script in scripts), each.name
        if each.trains:
            assert f'"{each.command[1]}": ' in (ROOT / each.command[0]).read_text(encoding="utf-8"), each.name


def test_a_job_that_hangs_ends_with_all_that_it_started(tmp_path):
    began = time.monotonic()
    found = played([job("hangs", HANGS)], 8, tmp_path)
    assert time.monotonic() - began < 8 + campaign.END
    assert outcomes(found) == {"hangs": "stopped"}
    child = int((found.work / "hangs.log").read_text().split()[0])
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.1)
    assert not alive(child)
    assert "hangs: stopped" in (tmp_path / "out" / "campaign.log").read_text(encoding="utf-8")


def alive(process):
    """Whether a process runs; one that is dead and that nobody has waited for does not."""
    status = Path(f"/proc/{process}/stat")
    if status.exists():
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists()


def test_the_time_that_python_takes_to_begin_counts():
    code = f"""
import sys, time
time.sleep(1.0)
sys.path.insert(0, {str(ROOT / "training")!r})
import campaign
print(time.monotonic() - campaign.started())
"""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=1500)
    assert time.monotonic() - began + 0.1 > float(done.stdout) > (1.0 if sys.platform == "linux" else 0.0)


def test_a_job_that_fails_says_why_and_the_next_is_played(tmp_path):
    found = played([job("fails", "raise ValueError('found 3, expected 4')"), job("goes on")], 60, tmp_path)
    assert outcomes(found) == {"fails": "failed", "goes on": "done"}
    assert "found 3, expected 4" in found.outcomes[0][-1]
    assert "failed: 1" in (tmp_path / "out" / "campaign.log").read_text(encoding="utf-8")


def test_a_training_that_is_stopped_ships_what_it_has_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(campaign, "SHIPPING", 0.5)
    found = played([job("trains", TRAINS, trains=True)], 24, tmp_path)
    assert outcomes(found) == {"trains": "stopped"} and "shipped" in found.outcomes[0][-1]
    assert (tmp_path / "out" / "weights.npz").read_bytes() == b"what was kept"


def test_a_job_without_its_data_or_its_backend_is_skipped_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "nothing"))
    found = played([job("digits", data="mnist"), job("elsewhere", backends=("torch",))], 20, tmp_path)
    assert outcomes(found) == {"digits": "skipped", "elsewhere": "skipped"}
    assert "MNIST is neither in COURSE_DATA nor in the cache" in found.outcomes[0][-1]


def test_data_is_found_where_course_data_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "nothing"))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert not campaign.has_data("mnist")
    (tmp_path / "mnist.npz").write_bytes(b"")
    assert campaign.has_data("mnist")


def packed(tmp_path, sizes, **limits):
    results, out = tmp_path / "results", tmp_path / "out"
    for folder in (results, out):
        folder.mkdir()
    for i, size in enumerate(sizes):
        path = results / f"{i:02d}.npz"
        path.write_bytes(bytes([i]) * size)
        os.utime(path, (1000 - i, 1000 - i))  # the first is the newest
    (tmp_path / "log").write_text("a log\n")
    left = packing.pack(results, out, tmp_path / "log", **limits)
    return out, left


def test_few_results_lie_there_as_they_are(tmp_path):
    out, left = packed(tmp_path, [10] * 7)
    assert sorted(path.name for path in out.iterdir()) == [*(f"{i:02d}.npz" for i in range(7)), "campaign.log"]
    assert left == []


def test_many_and_large_results_fit_into_eight_files(tmp_path):
    sizes = [30_000, *range(100, 2_000, 100)]
    out, left = packed(tmp_path, sizes, size=16_000)
    files = list(out.iterdir())
    assert len(files) <= 8 and max(path.stat().st_size for path in files) <= 16_000 and left == []
    held = {}
    for path in out.glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            held |= {name: archive.read(name) for name in archive.namelist()}
    joined = b"".join(held.pop(f"00.npz.{i}-of-2") for i in (1, 2))
    assert joined == bytes(30_000)
    assert {name: len(data) for name, data in held.items()} == {f"{i:02d}.npz": n for i, n in enumerate(sizes) if i}


def test_what_has_no_place_is_named(tmp_path):
    out, left = packed(tmp_path, [9_000, 9_000, 9_000], most=3, size=10_500)
    assert left == ["02.npz"] and len(list(out.iterdir())) == 3
    assert "no place for 02.npz" in (out / "campaign.log").read_text()


def test_a_run_is_as_long_as_its_time():
    trial = runs.Trial(lambda n: None, 10, 1_000, starts=2, looks=5)
    # 100 s − 2·10 s to compile − 5·4 s of marks leave 60 s, at 0.03 s an iteration 2,000 of them.
    assert runs.factor(100.0, trial, 10.0, 0.03, 4.0) == pytest.approx(2.0)
    assert runs.factor(1e6, trial, 10.0, 0.03, 4.0) == runs.MOST
    assert runs.factor(1.0, trial, 10.0, 0.03, 4.0) == pytest.approx(0.01)  # one execution
    assert [runs.stretched(1_000, f, 30) for f in (2.0, 1e-9)] == [1_980, 30]


def test_speed_is_measured_after_compiling():
    now = [0.0]

    def play(iterations):
        now[0] += 0.1 * iterations + (7.0 if not now[0] else 0.0)

    def look():
        now[0] += 3.0

    first, pace, mark = runs.speeds(runs.Trial(play, 10, 1_000, look=look), clock=lambda: now[0])
    assert (first, pace, mark) == pytest.approx((8.0, 0.1, 3.0))


@pytest.mark.parametrize("script, name", [
    ("gan", "dcgan-frogs"), ("biggan", "biggan-cifar10"), ("aae", "aae-mnist-semi"), ("aae", "aae-mnist-swiss"),
    ("stylegan", "stylegan-glyphs"),
])  # fmt: skip
@pytest.mark.parametrize("factor", [1e-6, 0.013, 0.7, 5.0])
def test_a_run_of_another_length_ends_where_its_rates_do(script, name, factor):
    run = importlib.import_module(script).RUNS[name]
    scaled = run.scaled(factor)
    parts = getattr(scaled, "stages", [scaled])
    before = getattr(run, "stages", [run])
    for part, whole in zip(parts, before):
        looks = getattr(part, "looks", None) or getattr(part, "marks", None) or part.iterations // part.epoch
        assert looks >= 1 and part.iterations % (10 * looks) == 0
        assert part.iterations <= max(whole.iterations * factor, 100)
        assert part.iterations > 0.8 * whole.iterations * factor - 100  # whole programs, whole epochs
