"""What browsers need and Python does not have, such as reveal.js: fetched with npm once, hash-checked, kept."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from course_utils import files


def fetch(package, sha512, parts, folder):
    """Returns the folder of a package of npm, fetched and hash-checked the first time.

    Args:
        package: name and version, such as "reveal.js@5.2.1".
        sha512: of the packed file, base64, as npm itself notes it.
        parts: the files to keep, as paths inside the package.
        folder: where it is kept.

    Raises:
        FileNotFoundError: npm is not installed.
        ConnectionError: npm cannot fetch it.
        ValueError: what came has another hash.
    """
    target = Path(folder) / package.replace("@", "-")
    if all((target / part).is_file() for part in parts):
        return target
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError(f"Found no npm, expected it to fetch {package}, once: install Node.js.")
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run([npm, "pack", package], cwd=scratch, capture_output=True, text=True, timeout=300)
        packed = list(Path(scratch).glob("*.tgz"))
        if done.returncode or not packed:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ConnectionError(f"npm could not fetch {package} ({reason}): connect to the network and try again.")
        data = packed[0].read_bytes()
    found = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if found != sha512:
        raise ValueError(f"Found {package} with the SHA-512 {found}, expected {sha512}: do not use it.")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for part in parts:
            files.write_atomic(target / part, archive.extractfile(f"package/{part}").read())
    return target
