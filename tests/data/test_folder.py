"""Images of one's own: every kind of file with the pixels that it shows, one pass, and nothing from outside."""

import io
import os
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from course_utils import data, files

module = sys.modules["course_utils.data.folder"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "SETTLED", -1.0)  # files of this very moment may be remembered


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def one(photos, channels, size, content, name="a.png"):
    (photos / name).write_bytes(content)
    return data.folder(photos, size, channels).images[0]


def flat(colour, size=8, mode="RGB"):
    return Image.new(mode, (size, size), colour)


def test_a_gradient_stays_a_gradient_when_it_is_made_smaller(photos):
    """A symmetric filter of sum 1 keeps a + b·x: pixel i of 4 covers 4i … 4i + 3, whose middle is 4i + 1.5."""
    ramp = np.tile(np.arange(0, 160, 10, dtype="uint8"), (16, 1))  # 16 × 16, v = 10 x
    found = one(photos, 1, 4, encoded(Image.fromarray(ramp)))[:, :, 0]
    assert np.abs(found[:, 1:3].astype(int) - [55, 95]).max() <= 1  # inside; at the edges the filter is cut off
    assert (found == found[0]).all()


def test_fine_stripes_become_grey_and_do_not_alias(photos):
    stripes = np.tile(np.array([0, 255], "uint8"), (32, 16))
    found = one(photos, 1, 4, encoded(Image.fromarray(stripes)))
    assert np.abs(found[1:3, 1:3].astype(int) - 127).max() <= 2


def test_the_middle_square_is_cut_out(photos):
    wide = np.zeros((4, 8), "uint8")
    wide[:, 2:6] = 200
    assert (one(photos, 1, 4, encoded(Image.fromarray(wide))) == 200).all()


@pytest.mark.parametrize(
    ("image", "options", "kind", "grey", "colour"),
    [
        (flat((255, 0, 0)), {}, "PNG", 76, (255, 0, 0)),  # 0.299 · 255
        (flat(90, mode="L"), {}, "PNG", 90, (90, 90, 90)),
        (flat(1, mode="1"), {}, "PNG", 255, (255, 255, 255)),
        (flat((0, 0, 255, 0), mode="RGBA"), {}, "PNG", 255, (255, 255, 255)),  # seen through: white
        (flat((0, 0, 0, 51), mode="RGBA"), {}, "PNG", 204, (204, 204, 204)),  # a fifth of black over white
        (flat((100, 0), mode="LA"), {}, "PNG", 255, (255, 255, 255)),
        (flat((0, 255, 0)).convert("P", palette=Image.Palette.ADAPTIVE), {}, "PNG", 150, (0, 255, 0)),
        (flat((0, 255, 0)).convert("P", palette=Image.Palette.ADAPTIVE), {"transparency": 0}, "PNG", 255, (255,) * 3),
        (Image.fromarray(np.full((8, 8), 257 * 90, "uint16")), {}, "PNG", 90, (90, 90, 90)),
        (flat((255, 0, 0)), {"lossless": True}, "WEBP", 76, (255, 0, 0)),
        (flat((0, 255, 0)), {"save_all": True, "append_images": [flat((255, 0, 0))]}, "GIF", 150, (0, 255, 0)),
        (flat((0, 0, 0, 0), mode="CMYK"), {}, "JPEG", 255, (255, 255, 255)),
    ],
    ids=["colour", "grey", "bits", "clear", "half clear", "grey and clear", "palette", "clear palette", "16 bits",
         "webp", "first frame", "cmyk"],
)  # fmt: skip
def test_every_kind_of_pixel_becomes_what_one_sees(photos, image, options, kind, grey, colour):
    content, name = encoded(image, kind, **options), f"a.{kind.lower()}"
    assert np.abs(one(photos, 1, 2, content, name).astype(int) - grey).max() <= 1
    assert np.abs(one(photos, 3, 2, content, name).astype(int) - colour).max() <= 1


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_a_photo_stands_as_the_camera_was_held(photos, turn):
    """EXIF's orientation 6 says that the scene's top is the pixels' right side, and so on."""
    scene = np.zeros((16, 16), "uint8")
    scene[:8, :8] = 255  # bright at top left
    held = {1: 0, 3: 2, 6: 1, 8: -1}[turn]  # quarter turns against the clock of what the sensor saw
    exif = Image.Exif()
    exif[0x0112] = turn
    content = encoded(Image.fromarray(np.rot90(scene, held).copy()), "JPEG", exif=exif, quality=95)
    found = one(photos, 1, 2, content, "a.jpg")[:, :, 0]
    assert found[0, 0] > 180 and max(found[0, 1], found[1, 0], found[1, 1]) < 75


def test_a_large_jpeg_is_decoded_small_and_looks_the_same(photos):
    ramp = Image.fromarray(np.tile(np.linspace(0, 255, 512).astype("uint8"), (512, 1)))
    jpeg = one(photos, 1, 16, encoded(ramp, "JPEG", quality=95), "a.jpg").astype(int)
    (photos / "a.jpg").unlink()
    png = one(photos, 1, 16, encoded(ramp), "a.png").astype(int)
    assert np.abs(jpeg - png).max() <= 3


def write(folder, name, value):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(flat(value, mode="L")))


def test_folders_are_classes_and_order_is_that_of_names(photos):
    for name, value in {"dog/1.png": 10, "cat/2.png": 30, "cat/1.png": 20, "cat/deep/3.png": 40}.items():
        write(photos, name, value)
    images, labels, classes = data.folder(photos, 2, 1, "folders")
    assert classes == ("cat", "dog")
    assert labels.tolist() == [0, 0, 0, 1]
    assert images[:, 0, 0, 0].tolist() == [20, 30, 40, 10]
    assert isinstance(images, np.memmap) and images.dtype == np.uint8 and not images.flags.writeable
    assert data.folder(photos, 2, 1)[1:] == (None, ())


def test_broken_files_are_named_and_left_out(photos, capsys):
    write(photos, "good.png", 7)
    whole = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), "uint8")))
    (photos / "half.png").write_bytes(whole[: len(whole) // 2])
    (photos / "noise.jpg").write_bytes(bytes(range(256)))
    (photos / "empty.gif").write_bytes(b"")
    (photos / "notes.txt").write_text("no image")
    for _ in range(2):  # from the files, and from the cache
        assert data.folder(photos, 2, 1).images.shape == (1, 2, 2, 1)
        said = capsys.readouterr().out
        assert "left out 3 of 4 files" in said
        assert all(name in said for name in ("half.png", "noise.jpg", "empty.gif")) and "notes.txt" not in said


def test_links_are_not_followed(photos, tmp_path):
    write(photos, "in.png", 1)
    write(tmp_path, "outside/secret.png", 2)
    (photos / "file.png").symlink_to(tmp_path / "outside" / "secret.png")
    (photos / "folder").symlink_to(tmp_path / "outside")
    assert data.folder(photos, 2, 1).images[:, 0, 0, 0].tolist() == [1]


def pack(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            archive.writestr(name, encoded(flat(value, mode="L")))
    return path


def test_a_zip_gives_what_its_folder_gives(photos, tmp_path):
    members = {"cat/1.png": 1, "dog/2.png": 2}
    for name, value in members.items():
        write(photos, name, value)
    within = {f"pets/{name}": value for name, value in members.items()}
    for packed in (members, within, {**within, "__MACOSX/pets/cat/1.png": 9, "pets/cat/.hidden.png": 9}):
        found = data.folder(pack(tmp_path / "pets.zip", packed), 2, 1, "folders")
        assert found.images[:, 0, 0, 0].tolist() == [1, 2]
        assert (found.labels.tolist(), found.classes) == ([0, 1], ("cat", "dog"))


@pytest.mark.parametrize("name", ["../out.png", "a/../../out.png", "/out.png", "..\\out.png", "C:/out.png"])
def test_a_zip_that_would_leave_its_folder_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="would leave the folder"):
        data.folder(pack(tmp_path / "bad.zip", {"good.png": 1, name: 2}), 2, 1)


def test_a_link_in_a_zip_is_no_image(tmp_path):
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        archive.writestr("good.png", encoded(flat(5, mode="L")))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert data.folder(tmp_path / "links.zip", 2, 1).images.shape[0] == 1


def test_the_second_call_reads_no_image(photos, monkeypatch):
    write(photos, "a.png", 3)
    first = data.folder(photos, 2, 1)
    monkeypatch.setattr(module, "_bytes", lambda *_: pytest.fail("a file was read again"))
    assert (data.folder(photos, 2, 1).images == first.images).all()


def test_changed_and_renamed_files_and_other_arguments_are_read_anew(photos):
    write(photos, "a.png", 3)
    assert data.folder(photos, 2, 1).images[0, 0, 0, 0] == 3
    assert data.folder(photos, 4, 1).images.shape == (1, 4, 4, 1)
    write(photos, "a.png", 5)
    assert data.folder(photos, 2, 1).images[0, 0, 0, 0] == 5
    write(photos, "b.png", 6)
    assert data.folder(photos, 2, 1).images[:, 0, 0, 0].tolist() == [5, 6]


def test_an_interrupted_pass_leaves_nothing_that_looks_whole(photos, monkeypatch):
    for index in range(3):
        write(photos, f"{index}.png", index)
    with monkeypatch.context() as patched:
        patched.setattr(files, "write_atomic", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            data.folder(photos, 2, 1)
    assert not list((files.cache_dir() / "folders").iterdir())
    assert data.folder(photos, 2, 1).images[:, 0, 0, 0].tolist() == [0, 1, 2]


def test_a_damaged_cache_is_made_anew(photos):
    write(photos, "a.png", 3)
    path = data.folder(photos, 2, 1).images.filename
    os.truncate(path, 1)
    assert data.folder(photos, 2, 1).images[0, 0, 0, 0] == 3


def test_bad_input_is_refused_in_one_sentence(photos, tmp_path, monkeypatch):
    def refused(error, words, *arguments):
        with pytest.raises(error, match=words) as caught:
            data.folder(*arguments)
        assert "\n" not in str(caught.value)

    refused(FileNotFoundError, "no folder or zip", tmp_path / "nowhere", 2)
    refused(ValueError, "no image in", photos, 2)
    (photos / "a.png").write_bytes(b"no image")
    refused(ValueError, "that can be read", photos, 2)
    write(photos, "b.png", 1)
    refused(ValueError, "without a folder of its own class", photos, 2, 1, "folders")
    refused(ValueError, "labels is 'names'", photos, 2, 1, "names")
    refused(ValueError, "channels is 4", photos, 2, 4)
    refused(ValueError, "size is 0", photos, 0)
    (tmp_path / "no.zip").write_bytes(b"no zip")
    refused(ValueError, "is no zip", tmp_path / "no.zip", 2)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 3}))
    refused(OSError, "3 bytes free", photos, 2, 1)
