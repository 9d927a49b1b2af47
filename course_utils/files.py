"""Files: hashes, the cache folder, atomic writing, downloads, and arrays without pickle."""

import hashlib
import io
import os
import shutil
import sys
import threading
import uuid
import zipfile
import zlib
from pathlib import Path

import numpy as np

CONNECT_SECONDS = 15  # until the first answer of a server, all of its addresses together
STALL_SECONDS = 20  # without one byte in the middle of a download
MOST_BYTES = 4 * 2**30  # no file of arrays of this project comes near 4 GiB

# What zipfile and NumPy raise for a damaged or forged file.
_BROKEN = (ValueError, OSError, EOFError, KeyError, MemoryError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def digest(path, kind="sha256"):
    """Returns the hash of a file in hexadecimal digits; kind is "sha256" or "md5"."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def own_folder():
    """Returns the folder that `$COURSE_DATA` names, or None where it names none.

    Raises:
        NotADirectoryError: it names something that is no folder. Nothing else is taken silently.
    """
    named = os.environ.get("COURSE_DATA")
    folder = Path(named).expanduser() if named else None
    if folder and not folder.is_dir():
        raise NotADirectoryError(
            f"COURSE_DATA names {folder}, which is no folder, expected one that holds data sets: correct or unset it."
        )
    return folder


def cache_dir(create=True):
    """Returns the folder for downloads: `$COURSE_CACHE`, else `~/.cache/course_utils`.

    Args:
        create: make the folder and check that it can be written.

    Raises:
        PermissionError: the folder cannot be made or written. No other folder is taken silently.
    """
    named = os.environ.get("COURSE_CACHE")
    folder = Path(named).expanduser() if named else Path.home() / ".cache" / "course_utils"
    if not create:
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError("it is read-only")
    except OSError as error:
        raise PermissionError(
            f"the cache folder {folder} cannot be written ({_reason(error)}), expected a folder of "
            f"your own: set COURSE_CACHE to one, or COURSE_DATA to a folder that holds the data."
        ) from error
    return folder


def write_atomic(path, data):
    """Writes bytes so that `path` holds either its old content or all of the new.

    Args:
        path: the file; its folder is made if need be.
        data: bytes.

    Returns:
        The path, as `Path`.

    Raises:
        OSError: the disk is full or the folder cannot be written; the old file is untouched.
    """
    path = Path(path)
    # In the same folder, since a rename is atomic only inside one file system; the name is unique,
    # since two processes may write the same file at once.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"could not write {path} ({_reason(error)}; {len(data)} bytes to write, "
            f"{_free_bytes(path)} free), expected room for them: free some space or choose another "
            f"folder, and nothing that was there has changed.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path


def fetch(file_name, url, known_hash, folder):
    """Returns the path of a published file, downloading it if it is not there yet.

    The download goes to a temporary name, is hashed, and only then gets its own name.

    Args:
        file_name: the name in the folder.
        url: the publisher's address.
        known_hash: "sha256:…" or "md5:…", the publisher's; None where the caller checks the content.
        folder: where the file is kept.

    Raises:
        ConnectionError: the address does not answer, within 30 s.
        ValueError: the content was wrong twice; the error names both hashes.
    """
    # Imported here, since most runs find their files and need no pooch.
    import pooch

    path = Path(folder) / file_name
    if path.is_file() and pooch.hashes.hash_matches(path, known_hash):
        return path
    pooch.get_logger().setLevel("WARNING")
    print(f"downloading {file_name} from {url}", file=sys.stderr)
    for attempt in (1, 2):  # a transfer may break once
        try:
            pooch.retrieve(url, known_hash, fname=file_name, path=folder, downloader=_download)
            return path
        except ValueError as error:
            if attempt == 2:
                raise ValueError(
                    f"{url} gave a wrong {file_name} twice, expected the hash {known_hash} and "
                    f"found {_found_hash(error)}: try another network, or put the file into "
                    f"{folder} yourself."
                ) from error
        except OSError as error:  # every error of requests is one
            raise ConnectionError(
                f"there is no intact {file_name} in {folder} and {url} does not give it "
                f"({_reason(error)}), expected one of the two: connect to the network, or put the "
                f"file into that folder or into the one that COURSE_DATA names."
            ) from error


def save_arrays(path, arrays, compress=True):
    """Writes arrays as a `.npz` whose bytes depend on nothing but names and values.

    Args:
        path: the file.
        arrays: dict of name → array; no object arrays. Their order does not matter.
        compress: deflate the members; False where reading fast counts more than size.

    Returns:
        The SHA-256 of the file, 64 hexadecimal digits.

    Raises:
        TypeError: an array holds Python objects.
        OSError: as `write_atomic`.
    """
    data = npz_bytes(arrays, compress)
    write_atomic(path, data)
    return hashlib.sha256(data).hexdigest()


def npz_bytes(arrays, compress=True):
    """Returns the bytes of a `.npz` file; arguments and errors are those of `save_arrays`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(arrays):
            array = np.asarray(arrays[name], order="C")
            if array.dtype.hasobject:
                raise TypeError(
                    f"{name} is an array of Python objects, expected numbers or fixed-length "
                    f"text: convert it with astype."
                )
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # the same on every operating system
            info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            archive.writestr(info, member.getbuffer())
    return buffer.getbuffer()


def load_arrays(path, sha256=None):
    """Reads a `.npz` file without pickle, its hash checked before anything is parsed.

    Args:
        path: the file.
        sha256: the expected SHA-256, or None to accept any content.

    Returns:
        dict of name → array.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the hash differs, or the file is broken, holds objects or is absurdly large.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise FileNotFoundError(
            f"there is no file {path}, expected arrays in it: check the name and the folder."
        ) from None
    found = hashlib.sha256(data).hexdigest()  # of the very bytes that are parsed below
    if sha256 is not None and found != sha256.lower():
        raise ValueError(
            f"{path} has the SHA-256 {found}, expected {sha256}: the file is damaged or of another "
            f"version, so delete it and get it again."
        )
    try:
        return _parse_npz(data)
    except _BROKEN as error:
        raise ValueError(
            f"{path} cannot be read ({_reason(error)}), expected a .npz file of plain arrays: "
            f"delete it and get it again."
        ) from error


def _parse_npz(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(info.file_size for info in archive.infolist())
        if size > MOST_BYTES:
            raise ValueError(f"it unpacks to {size} bytes, more than {MOST_BYTES}")
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    strange = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if strange:  # numpy hands out a member that is no array as bytes
        raise ValueError(f"its member {strange[0]!r} is not an array")
    return arrays


def _download(url, output_file, pooch_object):
    """Downloader for pooch that gives up in time where nothing answers."""
    import pooch

    _wait_for_answer(url)
    load = pooch.HTTPDownloader(timeout=(CONNECT_SECONDS, STALL_SECONDS), progressbar=_Bar(url.rpartition("/")[2]))
    load(url, output_file, pooch_object)


class _Bar:
    """Says on the error stream how much of a download has come, on one line; with the methods that pooch calls."""

    def __init__(self, name):
        self.name, self.total, self.done, self.shown = name, 0, 0, None

    def update(self, size):
        self.done += size
        part = min(self.done / self.total, 1.0) if self.total else 0.0
        percent = round(100 * part)
        if percent != self.shown:
            bar = "█" * (percent // 5) + "·" * (20 - percent // 5)
            of = f" of {self.total / 1e6:.1f} MB" if self.total else ""
            print(f"\rdownloading {self.name}  {bar} {percent:3d} %{of}", end="", file=sys.stderr, flush=True)
        self.shown = percent

    def reset(self):
        self.done = 0

    def close(self):
        print(file=sys.stderr)


def _wait_for_answer(url):
    """Raises unless the server answers in time.

    requests counts its timeout for each address of a server anew and never for the name look-up,
    so an unplugged cable can cost minutes; a thread that is left behind bounds both.
    """
    import requests

    result = []

    def ask():
        try:
            requests.get(url, stream=True, timeout=CONNECT_SECONDS).close()
            result.append(None)
        except OSError as error:  # every error of requests is one; the waiting thread raises it
            result.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    if not result:
        raise TimeoutError(f"no answer within {CONNECT_SECONDS} s")
    if result[0] is not None:
        raise result[0]


def _found_hash(error):
    """The hash in pooch's message, which is the only place where it stands."""
    return str(error).rpartition("but got ")[2].split(".")[0] or str(error)


def _reason(error):
    if type(error).__module__.startswith("requests") and isinstance(error, OSError):
        response = getattr(error, "response", None)  # the rest of requests' text is its own inside
        return "no connection" if response is None else f"HTTP status {response.status_code}"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200].rstrip(".")


def _free_bytes(path):
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def sync_folder(folder):
    """Makes a rename survive a power cut; Windows cannot open folders and needs no such step."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
