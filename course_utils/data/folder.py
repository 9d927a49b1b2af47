"""A folder, or a zip, of one's own images as one memory-mapped array, read once and kept in the cache."""

import hashlib
import io
import itertools
import json
import os
import shutil
import stat
import time
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from course_utils import checks, files
from course_utils.data import archives

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}
VERSION = 1  # of what is done to an image; a new number makes every array anew
LARGEST = 2**28  # bytes of one file; photographs have a tenth
SETTLED = 2.0  # seconds since the last change of a file, after which its times tell a next change
DAY = 86_400  # seconds, after which an unfinished pass counts as killed
NAMED = 5  # files that were left out are named up to so many


class OwnImages(NamedTuple):
    """Images of one's own."""

    images: np.memmap  # uint8 (N, size, size, channels), read-only
    labels: np.ndarray | None  # int64 (N,), 0 ≤ label < len(classes)
    classes: tuple[str, ...]  # the names of the folders, sorted; empty without labels


def folder(path: str | Path, size: int, channels: int = 3, labels: str | None = None) -> OwnImages:
    """Reads all images of a folder and of the folders in it, or of a zip, in the order of their names.

    Of each image the middle square is cut out and resized with Pillow's bicubic filter, whose reach grows with the
    factor, so that nothing aliases; smaller images are enlarged. Before that

    - a photo is turned as its EXIF data says, and of an animated GIF, PNG or WebP the first frame is taken;
    - palettes become colours, and what is transparent is laid over white;
    - 16 bits a channel become 8, v/257 rounded (Pillow keeps the upper byte of colours);
    - colours become grey by the luma of ITU-R 601-2, grey becomes three equal channels; colour profiles are ignored.

    The pixels are kept in the cache under a hash of the files' names and contents and of size and channels; as long as
    no file has changed, the next call opens them at once. Links are not followed, hidden files are not read, and a file
    that cannot be decoded is named and left out.

    Args:
        path: a folder, or a zip of one; PNG, JPEG, WebP and GIF count, by their endings.
        size: side of the squares in pixels.
        channels: 1 or 3.
        labels: "folders", and the first folder on the way to an image is its class (where one folder holds all the
            others, the folders in that one count); or None.

    Returns:
        OwnImages: images, uint8 (N, size, size, channels), memory-mapped; labels; classes.

    Raises:
        FileNotFoundError: there is no such folder or zip.
        ValueError: it holds no image that can be read, an image lies in no folder though labels are asked for, or a zip
            has a member that would leave it.
        OSError: the cache has no room or cannot be written.

    Source: of the filter, Parmar et al., On Aliased Resizing and Surprising Subtleties in GAN Evaluation, 2022.

    Example:
        >>> from course_utils import data
        >>> images, labels, classes = data.folder("photos", size=64, labels="folders")  # doctest: +SKIP
    """
    size = checks.count(size, "size")
    checks.one_of(channels, (1, 3), "channels")
    checks.one_of(labels, (None, "folders"), "labels")
    path = Path(path).expanduser()
    listed = _zipped(path) if path.is_file() else _walked(path)
    if not listed:
        raise ValueError(
            f"Found no image in {path}, expected {', '.join(sorted(FORMATS))} files; check the folder."
        )
    if labels:
        _classes([name for name, _ in listed], path)  # raises before anything is read
    found = _cached(path, listed, size, channels)
    notes = json.loads((found / "notes.json").read_text("utf-8"))
    images = np.memmap(found / "images", "uint8", "r", shape=(len(notes["names"]), size, size, channels))
    _say(notes["left_out"], len(listed))
    if not labels:
        return OwnImages(images, None, ())
    of_each = _classes(notes["names"], path)
    classes, numbers = np.unique(of_each, return_inverse=True)
    return OwnImages(images, numbers.astype("int64"), tuple(map(str, classes)))


def _walked(path):
    """The images of a folder as sorted (name, facts that change with the file); links are left alone."""
    if not path.is_dir():
        raise FileNotFoundError(f"Found no folder or zip {path}, expected one with images; check the name.")
    found = []
    for place, folders, names in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]  # os.walk enters no links
        for name in names:
            whole = Path(place, name)
            facts = whole.lstat()
            if _is_image(name) and stat.S_ISREG(facts.st_mode):
                found.append((whole.relative_to(path).as_posix(), _times(facts)))
    return sorted(found)


def _zipped(path):
    """The images of a zip as sorted (name, facts that change with the zip), once no member is dangerous."""
    facts = _times(path.stat())
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"Found {path}, which is no zip ({error}), expected a folder or a zip of images.") from error
    for number, info in enumerate(infos, start=1):
        try:
            archives._refuse(info.filename, number, 0)
        except ValueError as error:
            raise ValueError(f"Found the zip {path}, but {error}, expected images in folders; pack it anew.") from error
    regular = [info.filename for info in infos if stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)]
    chosen = {name for name in regular if _is_image(PurePosixPath(name).name) and not name.startswith("__MACOSX/")}
    return sorted((name, facts) for name in chosen)


def _is_image(name):
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in FORMATS


def _times(facts):
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino


def _classes(names, path):
    """The class of each image: the first part of its way that differs between images."""
    ways = [PurePosixPath(name).parts for name in names]
    while len({way[0] for way in ways}) == 1 and min(map(len, ways)) > 2:
        ways = [way[1:] for way in ways]
    lone = [name for name, way in zip(names, ways) if len(way) < 2]
    if lone:
        raise ValueError(
            f"Found {lone[0]} in {path} without a folder of its own class, expected a folder for each class; sort the "
            "images into folders, or take labels=None."
        )
    return [way[0] for way in ways]


def _cached(path, listed, size, channels):
    """Returns the folder of the cache that holds the pixels and their notes; makes it where it is missing."""
    began, home = time.time(), files.cache_dir() / "folders"
    settings = f"{VERSION} {size} {channels}"
    seen = home / "seen" / _hash(settings, str(path.resolve()), *map(str, listed))
    try:
        found = home / seen.read_text("ascii")
        if _is_whole(found, size, channels):
            return found
    except OSError:
        pass  # not seen before
    home.mkdir(exist_ok=True)
    _check_room(home, len(listed) * size * size * channels)
    for left in home.glob(".*.tmp"):  # by a pass that was killed; another one may be at work
        if began - left.stat().st_mtime > DAY:
            shutil.rmtree(left, ignore_errors=True)
    temporary = home / f".{uuid.uuid4().hex}.tmp"
    temporary.mkdir()
    try:
        found = home / _hash(settings, *_read_all(path, [name for name, _ in listed], size, channels, temporary))
        if not _is_whole(found, size, channels):
            shutil.rmtree(found, ignore_errors=True)  # what another version or a full disk left
            os.replace(temporary, found)
            files.sync_folder(home)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if max(facts[2] for _, facts in listed) < (began - SETTLED) * 1e9:
        files.write_atomic(seen, found.name.encode("ascii"))
    return found


def _is_whole(found, size, channels):
    """Whether pixels and notes are there and fit each other; the folder got its name after both were written."""
    try:
        count = len(json.loads((found / "notes.json").read_text("utf-8"))["names"])
        return (found / "images").stat().st_size == count * size * size * channels
    except (OSError, ValueError, KeyError):
        return False


def _read_all(path, names, size, channels, folder):
    """Writes the pixels of all images and the notes to a folder, in one pass; yields what tells these files apart."""
    from rich.console import Console  # here and in the next line, since most sessions read no folder
    from rich.progress import track

    archive = zipfile.ZipFile(path) if path.is_file() else None

    def one(name):
        try:
            data = _bytes(path, archive, name)
        except Exception as error:
            return name, b"", _reason(error)
        try:
            return name, hashlib.sha256(data).digest(), _pixels(data, name, size, channels)
        except Exception as error:  # a decoder given damaged bytes may raise anything
            return name, hashlib.sha256(data).digest(), _reason(error)

    kept, left_out = [], {}
    workers = min(8, os.cpu_count() or 1)
    with open(folder / "images", "wb") as file, ThreadPoolExecutor(workers) as pool, archive or file:
        starts = range(0, len(names), 16 * workers)  # so many at a time, or all pixels would wait in memory
        parts = itertools.chain.from_iterable(pool.map(one, names[at : at + 16 * workers]) for at in starts)
        bar = Console(stderr=True)
        for name, digest, found in track(parts, f"reading {path.name}", len(names), console=bar, transient=True):
            yield f"{name} {digest.hex()}"
            if isinstance(found, str):
                left_out[name] = found
                continue
            file.write(found)
            kept.append(name)
        file.flush()
        os.fsync(file.fileno())
    if not kept:
        _say(left_out, len(names))
        raise ValueError(f"Found no image in {path} that can be read, expected at least one; look at the files.")
    files.write_atomic(folder / "notes.json", json.dumps({"names": kept, "left_out": left_out}).encode("utf-8"))


def _bytes(path, archive, name):
    """The content of a file, of which no way through a link leads outside."""
    if archive is None:
        descriptor = os.open(path / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            data = file.read(LARGEST + 1)
    else:
        with archive.open(name) as file:
            data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it has more than {LARGEST >> 20} MiB")
    return data


def _pixels(data, name, size, channels):
    """Returns the bytes of the middle square of an encoded image, size × size × channels."""
    kind = FORMATS[PurePosixPath(name).suffix.lower()]
    # Any of the formats, since a wrong ending is common and harmless.
    with Image.open(io.BytesIO(data), formats=tuple(dict.fromkeys((kind, *FORMATS.values())))) as image:
        image.draft(None, (2 * size, 2 * size))  # lets a JPEG decoder leave out what the filter would average away
        image = ImageOps.exif_transpose(image)
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = _plain(image.crop((left, top, left + side, top + side)), "L" if channels == 1 else "RGB")
        return image.resize((size, size), Image.Resampling.BICUBIC).tobytes()


def _plain(image, mode):
    """An image of any mode as "L" or "RGB", eight bits a channel, what is transparent over white."""
    if image.mode.startswith("I"):  # 16 bits of grey
        image = Image.fromarray(np.rint(np.clip(np.asarray(image), 0, 65535) / 257).astype("uint8"))
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode == "P":
        image = image.convert("RGB")
    return image.convert(mode)


def _hash(*texts):
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogateescape")).hexdigest()


def _check_room(home, needed):
    free = shutil.disk_usage(home).free
    if needed > free:
        raise OSError(
            f"Found {free} bytes free in the cache {home}, expected {needed} for these images; free some space, set "
            "COURSE_CACHE to another folder, or take a smaller size."
        )


def _say(left_out, total):
    """Names the files that were left out."""
    if left_out:
        named = "; ".join(f"{name} ({why})" for name, why in itertools.islice(left_out.items(), NAMED))
        more = "; …" if len(left_out) > NAMED else ""
        print(f"left out {len(left_out)} of {total} files, which cannot be read: {named}{more}")


def _reason(error):
    return " ".join(str(error).split())[:120].rstrip(".") or type(error).__name__
