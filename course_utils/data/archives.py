"""Readers of published image archives; members are read in memory and never put on disk."""

import gzip
import io
import os
import stat
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils import files

CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)
MOST_MEMBERS = 200_000
MOST_BYTES = 2**30  # the largest published set unpacks to 184 MB

_BROKEN = (
    ValueError, OSError, EOFError, KeyError, RuntimeError, NotImplementedError, zlib.error,
    zipfile.BadZipFile, tarfile.TarError, UnidentifiedImageError, Image.DecompressionBombError,
)


def read(reader, *paths):
    """Calls a reader, and turns what a broken file raises into one sentence.

    Args:
        reader: function of the paths that returns a dict of arrays.
        paths: the files.

    Returns:
        dict of name → array, with the fields of the set's kind.

    Raises:
        ValueError: the files cannot be read, or are refused.
    """
    try:
        return reader(*paths)
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"{', '.join(map(str, paths))} cannot be read ({reason.rstrip('.')}), expected the "
            f"images and labels of a published data set: get it again from its publisher."
        ) from error


def npz(path, wanted=("x_train", "y_train", "x_test", "y_test")):
    """Reads a file of arrays with these names."""
    arrays = files.load_arrays(path)
    missing = [name for name in wanted if name not in arrays]
    if missing:
        raise ValueError(f"it has no {', '.join(missing)} but {', '.join(arrays) or 'nothing'}")
    return {name: arrays[name] for name in wanted}


def packed(path):
    """Reads a file of three splits whose rows of 784 pixels are packed, eight to a byte."""
    arrays = npz(path, ("x_train", "x_valid", "x_test"))
    return {name: np.unpackbits(rows, axis=1).reshape(-1, 28, 28, 1) for name, rows in arrays.items()}


def amat(train, valid, test):
    """Reads Larochelle's three text files: a line of 784 zeros and ones for each image."""
    arrays = {}
    for split, path in (("train", train), ("valid", valid), ("test", test)):
        with open(path, "rb") as file:
            content = np.frombuffer(file.read(MOST_BYTES), "uint8")
        pixels = content[(content == ord("0")) | (content == ord("1"))] - ord("0")
        arrays[f"x_{split}"] = pixels.reshape(-1, 28, 28, 1)
    return arrays


def faces_npz(path):
    """Reads a file of 400 faces and the number of the person on each."""
    arrays = npz(path, ("images", "person"))
    return _of_each_person(arrays["images"], arrays["person"])


def faces_mat(path):
    """Reads Roweis's MATLAB file of 400 faces, ten of each person one after the other, columns first."""
    from scipy.io import loadmat  # here, since its import takes long and few need it

    pixels = loadmat(path, variable_names=("faces",))["faces"]  # (4096, 400), whole numbers
    images = pixels.T.reshape(-1, 64, 64).transpose(0, 2, 1)
    return _of_each_person(np.rint(images).astype("uint8"), np.arange(len(images)) // 10)


def named(path):
    """Reads a file of images, their names and their code points."""
    return npz(path, ("images", "names", "codes"))


def _of_each_person(images, person):
    """The last two of each person's ten pictures are for test."""
    if len(images) != len(person) or len(images) % 10:
        raise ValueError(f"it has {len(images)} faces of {len(person)} persons, not ten of each")
    test = np.arange(len(images)) % 10 >= 8
    return {"x_train": images[~test], "y_train": person[~test], "x_test": images[test], "y_test": person[test]}


def idx(train_images, train_labels, test_images, test_labels):
    """Reads the four gzipped IDX files of MNIST and Fashion-MNIST."""
    return {
        "x_train": _idx(train_images),
        "y_train": _idx(train_labels),
        "x_test": _idx(test_images),
        "y_test": _idx(test_labels),
    }


def cifar_binary(path):
    """Reads the binary archive of CIFAR-10: records of one label byte and 3 × 32 × 32 pixels."""
    batches = {}
    with tarfile.open(path, "r:gz") as archive:
        total = 0
        for number, member in enumerate(archive, start=1):
            total += member.size
            if not (member.isreg() or member.isdir()):
                raise ValueError(f"its member {member.name!r} is a link or a device")
            _refuse(member.name, number, total)
            if member.isreg() and member.name.endswith(".bin"):
                content = np.frombuffer(archive.extractfile(member).read(), "uint8")
                batches[PurePosixPath(member.name).name] = content.reshape(-1, 3073)
    train = np.concatenate([batches[f"data_batch_{number}.bin"] for number in range(1, 6)])
    arrays = {}
    for split, records in (("train", train), ("test", batches["test_batch.bin"])):
        pixels = records[:, 1:].reshape(-1, 3, 32, 32)
        arrays[f"x_{split}"] = np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))
        arrays[f"y_{split}"] = records[:, 0]
    return arrays


def cifar_folders(path):
    """Reads a zip with train/ and test/, a folder a class, and shuffles it once and for all.

    In the archive the classes follow one another, so its first images would all be airplanes.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        members = _zip_members(archive)
        for split in ("train", "test"):
            chosen = sorted(name for name in members if name.startswith(f"{split}/"))
            classes = [PurePosixPath(name).parent.name for name in chosen]
            if set(classes) != set(CIFAR10):
                raise ValueError(f"{split}/ does not have one folder for each of the ten classes")
            images = np.stack([_decode(archive.read(name), name) for name in chosen])
            labels = np.array([CIFAR10.index(name) for name in classes])
            order = np.random.default_rng(0).permutation(len(chosen))
            arrays[f"x_{split}"], arrays[f"y_{split}"] = images[order], labels[order]
    return arrays


def _idx(path):
    with gzip.open(path) as file:
        data = file.read(MOST_BYTES)
    rank = 3 if "idx3" in os.path.basename(path) else 1
    header = 4 + 4 * rank
    if len(data) < header or data[:4] != bytes([0, 0, 8, rank]):
        raise ValueError(f"{os.path.basename(path)} does not begin like IDX bytes of rank {rank}")
    shape = np.frombuffer(data, ">u4", rank, offset=4).astype("int64")
    return np.frombuffer(data, "uint8", offset=header).reshape(shape)


def _zip_members(archive):
    """The names of the files in a zip, once none of its members is dangerous."""
    total = 0
    for number, info in enumerate(archive.infolist(), start=1):
        total += info.file_size
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ValueError(f"its member {info.filename!r} is a link or a device")
        _refuse(info.filename, number, total)
    return [info.filename for info in archive.infolist() if not info.is_dir()]


def _refuse(name, number, total):
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]:
        raise ValueError(f"its member {name!r} would leave the folder")
    if number > MOST_MEMBERS or total > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_MEMBERS} members or {MOST_BYTES} bytes")


def _decode(data, name):
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        if image.size != (32, 32):  # known from the header, before any pixel is decoded
            raise ValueError(f"{name} is {image.size[0]} × {image.size[1]} pixels, not 32 × 32")
        return np.asarray(image.convert("RGB"))
