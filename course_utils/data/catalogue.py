"""The image sets that `load` knows: what each holds, how it may lie in a folder, and where its publisher has it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.data import archives


class Images(NamedTuple):
    """An image set, split as published; Olivetti's faces are split here, the last two pictures of a person for test."""

    x_train: np.ndarray  # (N, H, W, C) uint8
    y_train: np.ndarray  # (N,) int64
    x_test: np.ndarray  # (M, H, W, C) uint8
    y_test: np.ndarray  # (M,) int64


class BinaryImages(NamedTuple):
    """Images of black and white pixels without labels, split as published. Some rows are sorted by class."""

    x_train: np.ndarray  # (50000, 28, 28, 1) uint8, 0 or 1
    x_valid: np.ndarray  # (10000, 28, 28, 1) uint8
    x_test: np.ndarray  # (10000, 28, 28, 1) uint8


class NamedImages(NamedTuple):
    """Images with a text each, in the order of their code points."""

    images: np.ndarray  # (N, H, W, C) uint8
    names: np.ndarray  # (N,) text, Unicode's own names
    codes: np.ndarray  # (N,) text, code points in hexadecimal, joined by "_"


class Layout(NamedTuple):
    """One way in which a set lies in a folder."""

    names: tuple  # file names, relative to the folder
    reader: Callable  # of the paths, in that order; returns a dict of arrays
    note: str = ""  # what a reader of the results should know
    urls: tuple = ()  # where the publisher has the files, if this is the published layout
    hashes: tuple = ()  # of the files, as the publisher states them; None where `Set.content` must do


class Set(NamedTuple):
    """One image set."""

    title: str
    shape: tuple  # (H, W, C)
    layouts: tuple  # in the order of preference; the last is the published one
    classes: int = 10
    kind: type = Images
    content: str | None = None  # SHA-256 of its rows in any order: see `images.content`


_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
_LAROCHELLE = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist"
_AMAT = tuple(f"binarized_mnist_{split}.amat" for split in ("train", "valid", "test"))

SETS = {
    "mnist": Set("MNIST", (28, 28, 1), (
        Layout(tuple(f"mnist/{name}" for name in _IDX), archives.idx),
        # Hash: keras.datasets.mnist of Keras 3.
        Layout(
            ("mnist.npz",),
            archives.npz,
            urls=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",),
            hashes=("sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",),
        ),
    ), content="9bdae756a39a860685522d92dcb27068306dd93543463773cf5c558d8dd7009f"),
    "fashion_mnist": Set("Fashion-MNIST", (28, 28, 1), (
        Layout(("fashion_mnist.npz",), archives.npz),
        # Hashes: the table in the README of zalandoresearch/fashion-mnist.
        Layout(
            tuple(f"fashion_mnist/{name}" for name in _IDX),
            archives.idx,
            urls=tuple(f"{_ZALANDO}/{name}" for name in _IDX),
            hashes=(
                "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "md5:25c81989df183df01b3e8a0aad5dffbe",
                "md5:bef4ecab320f06d8554ea6380940ec79",
                "md5:bb300cfdad3c16e7a12a480ee83cd310",
            ),
        ),
    ), content="1cefd6bb58267b1b6e879001ca0c4b7ad000a43894211a71d3414f9759742649"),
    "cifar10": Set("CIFAR-10", (32, 32, 3), (
        # Hash: of the archive from which this course was made; JPEG decoders differ in a pixel now and then.
        Layout(
            ("cifar10.zip",),
            archives.cifar_folders,
            note="from JPEG copies",
            hashes=("sha256:ead45e06542622104d3e17a0e554f18656c4cf310408a9ee502d835a28cf897d",),
        ),
        # Hash: the CIFAR-10 page of the University of Toronto. The archive for Python is a pickle.
        Layout(
            ("cifar-10-binary.tar.gz",),
            archives.cifar_binary,
            urls=("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",),
            hashes=("md5:c32a1d4ab5d03f1284b67883e8d87530",),
        ),
    )),
    # The handwritten zip codes of Hastie, Tibshirani and Friedman, The Elements of Statistical Learning.
    "usps": Set("USPS", (16, 16, 1), (
        Layout(("usps.npz",), archives.npz),
    ), content="0d04160c923edd45ff4d02f409664e2530bed83875e862040bcc3e9ad1e557d4"),
    # One Bernoulli draw of MNIST, by Salakhutdinov and Murray, 2008; the files are Larochelle's.
    "binarized_mnist": Set("binarized MNIST", (28, 28, 1), (
        Layout(("binarized_mnist.npz",), archives.packed),
        Layout(
            tuple(f"binarized_mnist/{name}" for name in _AMAT),
            archives.amat,
            urls=tuple(f"{_LAROCHELLE}/{name}" for name in _AMAT),
            hashes=(None, None, None),
        ),
    ), kind=BinaryImages, content="5fa325d5e49f35c82599dfac7392540b58237bac99f1fabef9eba0daac99d172"),
    # Faces of AT&T Laboratories Cambridge, 1992 to 1994; the address and its hash are scikit-learn's.
    "olivetti": Set("Olivetti faces", (64, 64, 1), (
        Layout(("olivetti.npz",), archives.faces_npz),
        Layout(
            ("olivettifaces.mat",),
            archives.faces_mat,
            urls=("https://ndownloader.figshare.com/files/5976027",),
            hashes=("sha256:b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794",),
        ),
    ), classes=40, content="9896a6a4de4c32d930ac3b7767bcf207177dd08cf23120fdd841637d08673cdb"),
    # Noto Color Emoji 2.042 (SIL Open Font License) on white, with Unicode's names.
    "emoji": Set("emoji", (32, 32, 3), (
        Layout(("emoji32.npz",), archives.named),
    ), kind=NamedImages, content="c37bf1241028100985df4cad2b0cec6b6e16b1b50d9612a700101d2ae0ba274f"),
}  # fmt: skip
NAMES = (*SETS, "glyphs")
