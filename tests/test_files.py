"""Files are whole or absent, and what is read was checked first."""

import contextlib
import hashlib
import http.server
import io
import os
import pickle
import random
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import requests

from course_utils import files

ARRAYS = {"b": np.arange(6, dtype="float32").reshape(2, 3), "a/kernel": np.array(7)}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_sha256_of_a_known_text(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2
    assert files.digest(tmp_path / "abc") == known


def test_cache_dir_is_the_variable_else_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "mine"))
    assert files.cache_dir(create=False) == tmp_path / "mine"
    assert not (tmp_path / "mine").exists()
    assert files.cache_dir().is_dir()
    monkeypatch.delenv("COURSE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.cache_dir() == tmp_path / ".cache" / "course_utils"


def test_a_home_that_cannot_be_written_names_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "home").write_text("a file, so that no folder can be made in it")
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with pytest.raises(PermissionError, match="COURSE_DATA"):
        files.cache_dir()


def test_a_read_only_folder_names_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(files.os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(PermissionError, match="read-only.*COURSE_DATA"):
        files.cache_dir()


def test_write_atomic_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "file"
    files.write_atomic(path, b"one")
    assert files.write_atomic(path, b"two") == path
    assert path.read_bytes() == b"two"
    assert os.listdir(path.parent) == ["file"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask  # others may read a shared cache


def test_a_full_disk_keeps_the_old_file_and_says_where(tmp_path):
    path = tmp_path / "file"
    files.write_atomic(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError) as caught:
            files.write_atomic(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(path) in str(caught.value) and "5000 bytes to write" in str(caught.value)
    assert "free" in str(caught.value)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_kill_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "file"
    files.write_atomic(path, b"0" * 400_000)
    writer = (
        "import sys; sys.path.insert(0, sys.argv[2]); from course_utils import files\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for digit in b'01': files.write_atomic(sys.argv[1], bytes([digit]) * 400_000)\n"
    )
    root = Path(files.__file__).parents[1]
    random_seconds = random.Random(0)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", writer, path, root], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(random_seconds.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        content = path.read_bytes()
        assert len(content) == 400_000 and len(set(content)) == 1


def test_arrays_come_back(tmp_path):
    digest = files.save_arrays(tmp_path / "w.npz", ARRAYS)
    assert digest == files.digest(tmp_path / "w.npz")
    loaded = files.load_arrays(tmp_path / "w.npz", digest)
    assert sorted(loaded) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype and loaded[name].shape == array.shape
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.parametrize("compress", [True, False])
def test_the_bytes_depend_on_names_and_values_only(tmp_path, monkeypatch, compress):
    first = files.save_arrays(tmp_path / "1.npz", ARRAYS, compress)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    turned = {name: ARRAYS[name] for name in reversed(ARRAYS)}
    turned["b"] = np.asfortranarray(turned["b"])
    assert files.save_arrays(tmp_path / "2.npz", turned, compress) == first
    assert files.save_arrays(tmp_path / "3.npz", ARRAYS | {"b": ARRAYS["b"] + 1}, compress) != first


def test_objects_are_not_saved(tmp_path):
    with pytest.raises(TypeError, match="names is an array of Python objects"):
        files.save_arrays(tmp_path / "w.npz", {"names": np.array(["a", None], object)})
    assert os.listdir(tmp_path) == []


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_a_pickle_is_refused_and_never_run(tmp_path):
    np.savez(tmp_path / "w.npz", x=np.array([Trap(tmp_path / "mark")], object), allow_pickle=True)
    (tmp_path / "p.npz").write_bytes(pickle.dumps(Trap(tmp_path / "mark")))
    for name in ("w.npz", "p.npz"):
        with pytest.raises(ValueError, match=f"{name} cannot be read .*get it again"):
            files.load_arrays(tmp_path / name)
    assert not (tmp_path / "mark").exists()


def test_every_flipped_byte_and_every_cut_is_noticed(tmp_path):
    path = tmp_path / "w.npz"
    digest = files.save_arrays(path, ARRAYS)
    data = path.read_bytes()
    for position in range(0, len(data), 7):
        path.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
        with pytest.raises(ValueError, match=f"expected {digest}"):
            files.load_arrays(path, digest)
        path.write_bytes(data[:position])
        with pytest.raises(ValueError):
            files.load_arrays(path)  # a cut is noticed even without the hash


def test_an_npz_that_claims_gigabytes_is_refused(tmp_path):
    header = io.BytesIO()
    claim = {"descr": "<f4", "fortran_order": False, "shape": (2**40,)}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(tmp_path / "claim.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    with zipfile.ZipFile(tmp_path / "text.npz", "w") as archive:
        archive.writestr("x.txt", "no array")
    np.save(tmp_path / "single.npy", np.zeros(3))
    for name in ("claim.npz", "text.npz", "single.npy"):
        with pytest.raises(ValueError, match=f"{name} cannot be read"):
            files.load_arrays(tmp_path / name)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    files.save_arrays(tmp_path / "zeros.npz", {"x": np.zeros(100_000)})
    monkeypatch.setattr(files, "MOST_BYTES", 500_000)
    with pytest.raises(ValueError, match="unpacks to 800128 bytes"):
        files.load_arrays(tmp_path / "zeros.npz")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*nothing\.npz"):
        files.load_arrays(tmp_path / "nothing.npz")


# Downloads: a downloader for pooch is a function (url, output_file, pooch).

URL = "https://data.example/file"


def downloader(monkeypatch, *contents):
    """Serve the contents one after the other; an exception is raised after half a file."""
    served = []

    def download(url, output_file, _):
        content = contents[len(served)]
        served.append(url)
        with open(output_file, "wb") as file:
            if isinstance(content, BaseException):
                file.write(b"half")
                raise content
            file.write(content)

    monkeypatch.setattr(files, "_download", download)
    return served


def test_fetch_downloads_once(tmp_path, monkeypatch):
    served = downloader(monkeypatch, b"good")
    for _ in range(2):
        path = files.fetch("file", URL, f"sha256:{sha(b'good')}", tmp_path / "cache")
    assert path.read_bytes() == b"good" and served == [URL]
    md5 = hashlib.md5(b"good").hexdigest()
    assert files.fetch("file", URL, f"md5:{md5}", tmp_path / "cache") == path


def test_fetch_replaces_a_damaged_file_and_retries_once(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"goo")
    served = downloader(monkeypatch, b"bad", b"good")
    path = files.fetch("file", URL, f"sha256:{sha(b'good')}", tmp_path)
    assert path.read_bytes() == b"good" and len(served) == 2


def test_fetch_names_both_hashes_after_two_bad_downloads(tmp_path, monkeypatch):
    served = downloader(monkeypatch, b"bad", b"worse")
    with pytest.raises(ValueError) as caught:
        files.fetch("file", URL, f"sha256:{sha(b'good')}", tmp_path)
    for part in (URL, sha(b"good"), sha(b"worse"), str(tmp_path)):
        assert part in str(caught.value)
    assert len(served) == 2 and os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "error, reason",
    [
        (OSError("no route"), "no route"),
        (TimeoutError("no answer within 15 s"), "no answer within 15 s"),
        (requests.exceptions.ConnectionError("HTTPSConnectionPool(…)"), "no connection"),
    ],
)
def test_offline_names_file_folder_and_address(tmp_path, monkeypatch, error, reason):
    downloader(monkeypatch, error)
    with pytest.raises(ConnectionError) as caught:
        files.fetch("file", URL, f"sha256:{sha(b'good')}", tmp_path)
    for part in ("no intact file", URL, str(tmp_path), "COURSE_DATA", reason):
        assert part in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_an_interrupted_download_leaves_no_file(tmp_path, monkeypatch):
    downloader(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        files.fetch("file", URL, f"sha256:{sha(b'good')}", tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_server_that_never_answers_is_given_up(tmp_path, monkeypatch):
    released = threading.Event()

    def hang(*_, **__):
        released.wait(60)
        raise requests.exceptions.ConnectionError

    monkeypatch.setattr(requests, "get", hang)
    monkeypatch.setattr(files, "CONNECT_SECONDS", 0.1)
    start = time.monotonic()
    with pytest.raises(ConnectionError, match="no answer within 0.1 s"):
        files.fetch("file", URL, f"sha256:{sha(b'good')}", tmp_path)
    released.set()
    assert time.monotonic() - start < 10
    assert files.STALL_SECONDS < 30


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = b"good" * 5000
        self.send_response(200 if self.path == "/file" else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # whoever only knocks hangs up at once
            self.wfile.write(content[:10_000])
            time.sleep(0.2)  # long enough for two downloads to overlap
            self.wfile.write(content[10_000:])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_two_processes_may_fetch_at_once(tmp_path, address):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from course_utils import files\n"
        "print(files.fetch('file', *sys.argv[2:]))\n"
    )
    root = str(Path(files.__file__).parents[1])
    known = f"sha256:{sha(b'good' * 5000)}"
    command = [sys.executable, "-c", script, root, f"{address}/file", known, str(tmp_path)]
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    both = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in "12"]
    assert [process.wait(60) for process in both] == [0, 0]
    assert os.listdir(tmp_path) == ["file"]
    assert files.digest(tmp_path / "file") == known.removeprefix("sha256:")


def test_a_missing_page_is_no_file(tmp_path, address, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ConnectionError, match="404"):
        files.fetch("file", f"{address}/gone", f"sha256:{sha(b'good')}", tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_download_says_how_much_has_come(capsys):
    bar = files._Bar("digits.npz")
    bar.total = 4_000_000
    for _ in range(4):
        bar.update(1_000_000)
    bar.update(500)  # pooch counts whole chunks
    bar.close()
    lines = capsys.readouterr().err.split("\r")
    assert lines[1] == "downloading digits.npz  █████···············  25 % of 4.0 MB"
    assert lines[-1] == "downloading digits.npz  ████████████████████ 100 % of 4.0 MB\n"
    assert len(lines) == 5
