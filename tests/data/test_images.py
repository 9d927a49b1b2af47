"""Image sets: every published layout, your own folder first, and no half-read or unsafe file."""

import gzip
import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from course_utils import data, files
from course_utils.data import archives, catalogue, images


@pytest.fixture(autouse=True)
def empty_and_offline(tmp_path, monkeypatch):
    """Own folder and cache are new and empty, glyph sets are small, and nothing goes out."""

    def offline(*_):
        raise OSError("no network in tests")

    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "own"))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "_download", offline)
    monkeypatch.setattr(images, "GLYPHS_TRAIN", 30)
    monkeypatch.setattr(images, "GLYPHS_TEST", 20)
    monkeypatch.setattr(images, "_loaded", {})
    (tmp_path / "own").mkdir()


@pytest.fixture
def own(tmp_path):
    return tmp_path / "own"


def arrays(shape=(28, 28), train=6, test=4):
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (train, *shape), "uint8"),
        "y_train": rng.integers(0, 10, train, "uint8"),
        "x_test": rng.integers(0, 256, (test, *shape), "uint8"),
        "y_test": rng.integers(0, 10, test, "uint8"),
    }


def write_idx(folder, parts):
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in zip(catalogue._IDX, ("x_train", "y_train", "x_test", "y_test"), strict=True):
        array = parts[part]
        header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        (folder / name).write_bytes(gzip.compress(header + array.tobytes()))


def jpeg(colour, size=(32, 32)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def shade(split, label, number):
    return (20 * label + 10, 100 if split == "train" else 200, 50 + 50 * number)


def write_cifar_zip(path, extra=(), skip=None):
    with zipfile.ZipFile(path, "w") as archive:
        for split in ("test", "train"):
            for label, name in enumerate(archives.CIFAR10):
                for number in range(3 if split == "train" else 1):
                    if name != skip:
                        content = jpeg(shade(split, label, number))
                        archive.writestr(f"{split}/{name}/{number:04}.jpg", content)
        for info, content in extra:
            archive.writestr(info, content)


def write_cifar_tar(path, records=2, extra=()):
    rng = np.random.default_rng(1)
    content = {}
    with tarfile.open(path, "w:gz") as archive:
        for name in [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]:
            record = rng.integers(0, 256, (records, 3073), "uint8")
            record[:, 0] %= 10
            content[name] = record
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = record.size
            archive.addfile(info, io.BytesIO(record.tobytes()))
        for info in extra:
            archive.addfile(info)
    return content


def same(loaded, parts):
    assert loaded._fields == ("x_train", "y_train", "x_test", "y_test")
    for name, array in loaded._asdict().items():
        expected = parts[name] if name[0] == "y" else parts[name].reshape(array.shape)
        assert array.dtype == (np.int64 if name[0] == "y" else np.uint8)
        np.testing.assert_array_equal(array, expected)


# Layouts


def test_mnist_npz(own):
    parts = arrays()
    files.save_arrays(own / "mnist.npz", parts)
    loaded = data.load("mnist")
    assert loaded.x_train.shape == (6, 28, 28, 1) and loaded.y_test.shape == (4,)
    same(loaded, parts)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_idx(own, name):
    parts = arrays()
    write_idx(own / name, parts)
    loaded = data.load(name)
    assert loaded.x_train.shape == (6, 28, 28, 1) and loaded.y_test.shape == (4,)
    same(loaded, parts)


def test_cifar_binary_turns_planes_into_channels(own):
    content = write_cifar_tar(own / "cifar-10-binary.tar.gz")
    loaded = data.load("cifar10")
    assert loaded.x_train.shape == (10, 32, 32, 3) and loaded.x_test.shape == (2, 32, 32, 3)
    record = content["data_batch_2"][1]
    assert loaded.y_train[3] == record[0]
    for channel, row, column in ((0, 0, 0), (1, 5, 7), (2, 31, 30)):
        pixel = record[1 + 1024 * channel + 32 * row + column]
        assert loaded.x_train[3, row, column, channel] == pixel
    assert loaded.y_test[1] == content["test_batch"][1, 0]


def test_cifar_folders_are_labelled_and_mixed(own):
    write_cifar_zip(own / "cifar10.zip")
    loaded = data.load("cifar10")
    assert loaded.x_train.shape == (30, 32, 32, 3) and loaded.x_test.shape == (10, 32, 32, 3)
    for split, x, y in (("train", *loaded[:2]), ("test", *loaded[2:])):
        assert sorted(y) == sorted(list(range(10)) * (len(y) // 10)) and list(y) != sorted(y)
        for image, label in zip(x, y, strict=True):
            red, green, _ = image.mean(axis=(0, 1))
            wanted = shade(split, label, 0)
            assert abs(red - wanted[0]) < 3 and abs(green - wanted[1]) < 3
    assert "JPEG" in data.source("cifar10").text


def test_cifar_folders_are_decoded_once(own, monkeypatch, tmp_path):
    write_cifar_zip(own / "cifar10.zip")
    first = data.load("cifar10")
    monkeypatch.setattr(archives, "_decode", None)  # would raise if it were called
    same(data.load("cifar10"), first._asdict())
    monkeypatch.undo()
    [decoded] = (tmp_path / "cache").iterdir()
    altered = files.load_arrays(decoded)
    altered["x_train"] = 255 - altered["x_train"]
    monkeypatch.setenv("COURSE_DATA", str(own))
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    decoded.write_bytes(decoded.read_bytes()[:5000])  # a damaged copy is made again
    same(data.load("cifar10"), first._asdict())
    files.save_arrays(decoded, altered, compress=False)  # a sound file of other pixels is no copy
    same(data.load("cifar10"), first._asdict())
    write_cifar_zip(own / "cifar10.zip", extra=[("train/ship/9.jpg", jpeg((1, 2, 3)))])
    assert len(data.load("cifar10").x_train) == 31  # another archive, another copy


def test_cifar_folders_need_no_cache(own, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file"))
    write_cifar_zip(own / "cifar10.zip")
    assert len(data.load("cifar10").x_train) == 30


# Where from


def test_own_folder_comes_before_the_cache_and_the_cache_before_the_network(
    own, tmp_path, monkeypatch
):
    mine, published = arrays(train=3), arrays(train=5)
    digest = files.save_arrays(tmp_path / "published.npz", published)
    layout = catalogue.SETS["mnist"].layouts[-1]._replace(hashes=(f"sha256:{digest}",))
    known = catalogue.SETS["mnist"]._replace(layouts=(layout,))
    monkeypatch.setitem(catalogue.SETS, "mnist", known)
    served = []

    def download(url, output_file, _):
        served.append(url)
        with open(output_file, "wb") as file:
            file.write((tmp_path / "published.npz").read_bytes())

    monkeypatch.setattr(files, "_download", download)
    same(data.load("mnist"), published)
    same(data.load("mnist"), published)
    assert served == list(layout.urls)  # once: the second load found it in the cache
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    same(data.load("mnist"), published)  # a complete cache need not be writable
    files.save_arrays(own / "mnist.npz", mine)
    same(data.load("mnist"), mine)
    monkeypatch.delenv("COURSE_DATA")
    same(data.load("mnist"), published)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "binarized_mnist", "olivetti"])
def test_offline_names_file_folder_and_address(name, tmp_path):
    with pytest.raises(ConnectionError) as caught:
        data.load(name)
    layout = catalogue.SETS[name].layouts[-1]
    for part in (layout.names[0].split("/")[-1], str(tmp_path / "cache"), layout.urls[0]):
        assert part in str(caught.value)
    left = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert left == []


@pytest.mark.parametrize("name", images.NAMES)
def test_fallback_has_the_same_shape_and_says_so(name, capsys, tmp_path):
    loaded = data.load(name, fallback="glyphs")
    shape = catalogue.SETS[name].shape if name in catalogue.SETS else (28, 28, 1)
    assert type(loaded) is (catalogue.SETS[name].kind if name in catalogue.SETS else data.Images)
    for field, array in loaded._asdict().items():
        assert len(array) == (20 if field.endswith(("test", "valid")) else 30)
        if field.startswith(("x_", "images")):
            assert array.shape[1:] == shape and array.dtype == np.uint8
            assert (array.max() == 1) == (name == "binarized_mnist")
        elif field.startswith("y_"):
            assert array.dtype == np.int64
    printed = capsys.readouterr().out
    assert printed.count("\n") == (name != "glyphs") and str(tmp_path) not in printed
    assert "glyphs" in data.source(name).text
    first = data.source(name)
    for again, array in zip(data.load(name, fallback="glyphs"), loaded, strict=True):
        np.testing.assert_array_equal(again, array)
    assert data.source(name) == first


def test_fallback_is_for_missing_files_only(own):
    (own / "mnist.npz").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"mnist\.npz cannot be read"):
        data.load("mnist", fallback="glyphs")


def test_fallback_where_the_cache_cannot_be_written(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file"))
    with pytest.raises(PermissionError, match="COURSE_DATA"):
        data.load("mnist")
    data.load("mnist", fallback="glyphs")
    assert "cannot be written" in capsys.readouterr().out


def test_source_is_known_after_load_only(own):
    with pytest.raises(ValueError, match=r"call load\('mnist'\) first"):
        data.source("mnist")
    parts = arrays()
    files.save_arrays(own / "mnist.npz", parts)
    data.load("mnist")
    text, digest = data.source("mnist")
    expected = "other images than the published ones in place of MNIST (6 training and 4 test images)"
    assert text == expected and len(digest) == 64
    files.save_arrays(own / "mnist.npz", parts | {"y_test": (parts["y_test"] + 1) % 10})
    data.load("mnist")
    assert data.source("mnist").sha256 != digest


@pytest.mark.parametrize("name", ["usps", "emoji"])
def test_a_set_that_nobody_offers_names_its_file_and_the_own_folder(name, own):
    with pytest.raises(ConnectionError, match=rf"no {catalogue.SETS[name].layouts[0].names[0]} in {own}.*put the file"):
        data.load(name)


@pytest.mark.parametrize("named", ["nowhere", "file"])
@pytest.mark.parametrize("name", catalogue.SETS)
def test_a_wrong_folder_of_ones_own_is_not_passed_over(name, named, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / named))
    for fallback in (None, "glyphs"):
        with pytest.raises(NotADirectoryError, match=f"COURSE_DATA names .*{named}, which is no folder.*unset it"):
            data.load(name, fallback)


# What is called real


def test_a_set_is_real_by_its_rows_in_any_order(own, monkeypatch):
    parts = arrays()
    order = np.array([3, 0, 5, 1, 2, 4])
    files.save_arrays(own / "mnist.npz", parts)
    known = catalogue.SETS["mnist"]._replace(content=images.content(data.load("mnist")))
    monkeypatch.setitem(catalogue.SETS, "mnist", known)
    shuffled = parts | {"x_train": parts["x_train"][order], "y_train": parts["y_train"][order]}
    wrong = {
        "a pixel": parts | {"x_train": parts["x_train"] ^ (np.arange(6) == 2).astype("uint8")[:, None, None]},
        "a label": parts | {"y_test": (parts["y_test"] + [1, 0, 0, 0]) % 10},
        "images against labels": parts | {"x_train": parts["x_train"][order]},
        "a row less": parts | {"x_train": parts["x_train"][1:], "y_train": parts["y_train"][1:]},
        "the splits": {f"{x}_{a}": parts[f"{x}_{b}"] for x in "xy" for a, b in (("train", "test"), ("test", "train"))},
    }
    for case, real in ((parts, True), (shuffled, True), *((case, False) for case in wrong.values())):
        files.save_arrays(own / "mnist.npz", case)
        data.load("mnist")
        assert data.source("mnist").text.startswith("real MNIST") is real


def test_a_download_without_a_known_hash_is_checked_by_its_content(monkeypatch, tmp_path):
    def download(url, output_file, _):
        with open(output_file, "wb") as file:
            file.write(b"0 1 " * 392)

    monkeypatch.setattr(files, "_download", download)
    with pytest.raises(ValueError, match="gave other images than those published as binarized MNIST"):
        data.load("binarized_mnist")
    assert not list((tmp_path / "cache" / "binarized_mnist").iterdir())
    expected = np.tile([0, 1], 392).reshape(1, 28, 28, 1).astype("uint8")
    known = images.content(data.BinaryImages(expected, expected, expected))
    monkeypatch.setitem(catalogue.SETS, "binarized_mnist", catalogue.SETS["binarized_mnist"]._replace(content=known))
    np.testing.assert_array_equal(data.load("binarized_mnist").x_valid, expected)
    assert data.source("binarized_mnist").text.startswith("real binarized MNIST (1 training, 1 validation")


# Sets of other kinds


def test_usps_binary_faces_and_emoji(own):
    rng = np.random.default_rng(0)
    parts = arrays((16, 16))
    files.save_arrays(own / "usps.npz", parts)
    same(data.load("usps"), parts)
    counts = {"x_train": 5, "x_valid": 3, "x_test": 2}
    pixels = {field: rng.integers(0, 2, (n, 784), "uint8") for field, n in counts.items()}
    files.save_arrays(own / "binarized_mnist.npz", {name: np.packbits(x, axis=1) for name, x in pixels.items()})
    for field, array in data.load("binarized_mnist")._asdict().items():
        np.testing.assert_array_equal(array, pixels[field].reshape(-1, 28, 28, 1))
    faces = rng.integers(0, 256, (20, 64, 64), "uint8")
    files.save_arrays(own / "olivetti.npz", {"images": faces, "person": np.arange(20, dtype="uint8") // 10})
    found = data.load("olivetti")
    assert found.y_train.tolist() == [0] * 8 + [1] * 8 and found.y_test.tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(found.x_test[..., 0], faces[[8, 9, 18, 19]])
    emoji = {"images": rng.integers(0, 256, (2, 32, 32, 3), "uint8"), "names": np.array(["a", "bc"]),
             "codes": np.array(["1f004", "1f0cf"])}  # fmt: skip
    files.save_arrays(own / "emoji32.npz", emoji)
    assert data.load("emoji").names.tolist() == ["a", "bc"]
    assert data.source("emoji").text.endswith("(2 images with names)")


def test_faces_of_the_published_file_stand_upright(own):
    from scipy.io import savemat

    faces = np.random.default_rng(0).integers(0, 256, (20, 64, 64), "uint8")
    columns = faces.transpose(0, 2, 1).reshape(20, 4096).T.astype("float64")
    savemat(own / "olivettifaces.mat", {"faces": columns})
    np.testing.assert_array_equal(data.load("olivetti").x_test[..., 0], faces[[8, 9, 18, 19]])


@pytest.mark.parametrize(
    ("name", "file", "change", "part"),
    [
        ("binarized_mnist", "binarized_mnist.npz", {"x_valid": None}, "has no x_valid"),
        ("olivetti", "olivetti.npz", {"person": np.zeros(19, "uint8")}, "not ten of each"),
        ("olivetti", "olivetti.npz", {"person": np.full(20, 40)}, "holds 40"),
        ("emoji", "emoji32.npz", {"names": np.array([1, 2])}, "no texts"),
        ("emoji", "emoji32.npz", {"names": np.array(["a"])}, "differ in length"),
    ],
)
def test_files_of_other_kinds_are_checked(own, name, file, change, part):
    names = np.array(["a", "b"])
    whole = {
        "binarized_mnist": {f"x_{split}": np.zeros((2, 98), "uint8") for split in ("train", "valid", "test")},
        "olivetti": {"images": np.zeros((20, 64, 64), "uint8"), "person": np.zeros(20, "uint8")},
        "emoji": {"images": np.zeros((2, 32, 32, 3), "uint8"), "names": names, "codes": names},
    }[name] | change  # fmt: skip
    files.save_arrays(own / file, {field: array for field, array in whole.items() if array is not None})
    with pytest.raises(ValueError, match=part):
        data.load(name)


# Bad input


@pytest.mark.parametrize(
    "change, part",
    [
        ({"x_train": None}, "has no x_train but"),
        ({"x_train": np.zeros((6, 28, 28), "float32")}, "x_train .* is float32"),
        ({"x_test": np.zeros((4, 32, 32, 3), "uint8")}, r"x_test .* \(4, 32, 32, 3\)"),
        ({"x_train": np.zeros((0, 28, 28), "uint8")}, r"\(0, 28, 28, 1\)"),
        ({"y_train": np.full(6, 10)}, "y_train in .* holds 10"),
        ({"y_train": np.zeros(5, "int64")}, "x_train 6, y_train 5"),
        ({"y_test": np.eye(4)}, "argmax"),
    ],
)
def test_an_own_file_is_checked_for_its_structure(own, change, part):
    parts = {name: array for name, array in (arrays() | change).items() if array is not None}
    files.save_arrays(own / "mnist.npz", parts)
    with pytest.raises(ValueError, match=part):
        data.load("mnist")


def test_a_cut_idx_file_is_refused(own):
    write_idx(own / "mnist", arrays())
    path = own / "mnist" / catalogue._IDX[0]
    whole = path.read_bytes()
    for broken in (whole[:-40], gzip.compress(b"abc"), gzip.compress(gzip.decompress(whole)[:-1])):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="cannot be read .*get it again"):
            data.load("mnist")


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    "extra, part",
    [
        (("../evil.jpg", b""), "would leave the folder"),
        (("train/ship/../../../evil.jpg", b""), "would leave the folder"),
        (("/etc/evil", b""), "would leave the folder"),
        (("..\\evil.jpg", b""), "would leave the folder"),
        (("C:\\evil.jpg", b""), "would leave the folder"),
        ((link("train/ship/l.jpg"), b"/etc/passwd"), "is a link"),
        (("train/ship/big.jpg", jpeg((0, 0, 0), (33, 32))), "33 × 32 pixels"),
        (("train/ship/text.jpg", b"text"), "cannot identify"),
        (("train/goose/0.jpg", jpeg((0, 0, 0))), "ten classes"),
    ],
)
def test_a_strange_zip_is_refused(own, tmp_path, extra, part):
    write_cifar_zip(own / "cifar10.zip", extra=[extra])
    before = set(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=part):
        data.load("cifar10")
    assert set(tmp_path.rglob("*")) - before <= {tmp_path / "cache"}


def test_a_zip_without_a_class_is_refused(own):
    write_cifar_zip(own / "cifar10.zip", skip="frog")
    with pytest.raises(ValueError, match="ten classes"):
        data.load("cifar10")


def test_archives_that_are_too_large_are_refused(own, monkeypatch):
    write_cifar_zip(own / "cifar10.zip")
    monkeypatch.setattr(archives, "MOST_MEMBERS", 39)
    with pytest.raises(ValueError, match="more than 39 members"):
        data.load("cifar10")
    monkeypatch.setattr(archives, "MOST_MEMBERS", 40)
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000)
    with pytest.raises(ValueError, match="10000 bytes"):
        data.load("cifar10")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_tar_with_links_is_refused(own, kind):
    info = tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin")
    info.type, info.linkname = kind, "/etc/passwd"
    write_cifar_tar(own / "cifar-10-binary.tar.gz", extra=[info])
    with pytest.raises(ValueError, match="is a link or a device"):
        data.load("cifar10")


def test_a_tar_that_leaves_its_folder_or_is_cut_is_refused(own):
    path = own / "cifar-10-binary.tar.gz"
    write_cifar_tar(path, extra=[tarfile.TarInfo("../evil.bin")])
    with pytest.raises(ValueError, match="would leave the folder"):
        data.load("cifar10")
    write_cifar_tar(path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(ValueError, match="cannot be read"):
        data.load("cifar10")


def test_unknown_names():
    with pytest.raises(ValueError, match="did you mean 'mnist'"):
        data.load("minst")
    with pytest.raises(ValueError, match="fallback is 'gliphs'"):
        data.load("mnist", fallback="gliphs")
    with pytest.raises(ValueError, match="did you mean 'cifar10'"):
        data.source("cifar")


# scale


def test_scale_reaches_its_limits_exactly():
    x = np.array([[0, 51, 255]], "uint8")
    for low, high, middle in ((-1.0, 1.0, -0.6), (0.0, 1.0, 0.2)):
        y = data.scale(x, low, high)
        assert y.dtype == np.float32 and y.shape == x.shape
        assert y[0, 0] == low and y[0, 2] == high
        assert y[0, 1] == pytest.approx(middle, abs=1e-6)


@pytest.mark.parametrize("mode", ["P", "RGBA", "LA", "1", "I;16", "CMYK"])
def test_an_image_of_pillows_is_scaled_where_its_numbers_are_brightness(mode):
    with pytest.raises(TypeError, match=rf"mode '{mode}', expected 'L' or 'RGB': use image.convert"):
        data.scale(Image.new(mode, (2, 3)))
    assert data.scale(Image.new("RGB", (2, 3), (255, 0, 0))).tolist() == [[[1.0, -1.0, -1.0]] * 2] * 3
    assert data.scale(Image.new("L", (2, 3), 255)).shape == (3, 2)


@pytest.mark.parametrize(
    ("x", "advice"),
    [
        (data.scale(np.zeros((1, 2, 2, 1), "uint8")), "float32, expected uint8.*and not again"),
        (np.array([0.0, 254.0]), r"floats beyond 1, so use images.astype\('uint8'\) if"),
        (np.array([0, 65535], "uint16"), r"16 bits a channel use \(images >> 8\)"),
        (np.array([0, 255]), r"int64.*use images.astype\('uint8'\)"),
        (np.array([-1, 255]), "find out what these numbers mean"),
        (np.array([True, False]), r"255 \* images.astype"),
        (np.array([np.zeros((2, 2)), np.zeros((3, 3))], dtype=object), "np.stack"),
        (np.array(["cat.png"]), "texts"),
    ],
)  # fmt: skip
def test_advice_fits_what_the_pixels_are(x, advice):
    with pytest.raises(TypeError, match=advice):
        data.scale(x)


# The real sets, where there are any


@pytest.mark.parametrize("name", catalogue.SETS)
def test_real_sets_where_there_are_any(name, monkeypatch, real_data):
    monkeypatch.setenv("COURSE_DATA", real_data)
    if name == "cifar10" or not images._own_files(catalogue.SETS[name]):
        pytest.skip("not at hand, or a minute to decode")
    data.load(name)
    assert data.source(name).text.startswith(f"real {catalogue.SETS[name].title} (")
