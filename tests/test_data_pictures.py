"""Pictures: every mode and orientation comes out as upright RGB; what is damaged or dangerous is refused with its reason."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from looksay.data import pictures
from looksay.errors import BadPicture

Array = npt.NDArray[np.uint8]


def corners() -> Array:
    """6 wide, 4 high; red, green, blue and white corners, so that each of the eight orientations looks different."""
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:2, :3], picture[:2, 3:] = (255, 0, 0), (0, 255, 0)
    picture[2:, :3], picture[2:, 3:] = (0, 0, 255), (255, 255, 255)
    return picture


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(picture: Array, *, before: bytes = b"", after: bytes = b"") -> bytes:
    """An RGB PNG written by hand, with chunks before and after its pixels."""
    height, width, _ = picture.shape
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", zlib.compress(rows)) + after + chunk(b"IEND", b"")


def exif(orientation: int) -> bytes:
    """A TIFF block with the one entry 'orientation'."""
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


def stored(upright: Array, orientation: int) -> Array:
    """What a camera stores. EXIF's 6 means: the first stored row is the right side, the first stored column the top."""
    ways = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright[:, ::-1].transpose(1, 0, 2),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: upright[::-1].transpose(1, 0, 2),
    }
    return np.ascontiguousarray(ways[orientation])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("place", ["before", "after"])
def test_png_is_turned_upright_wherever_its_exif_stands(tmp_path: Path, orientation: int, place: str) -> None:
    data = png(stored(corners(), orientation), **{place: chunk(b"eXIf", exif(orientation))})
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert np.array_equal(pictures.read(path), corners())
    assert np.array_equal(pictures.read(data), corners())
    assert pictures.size(path) == (6, 4)
    assert pictures.is_upright(path) == (orientation == 1)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7, 8])
def test_other_formats_are_turned_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    big = corners().repeat(16, 0).repeat(16, 1)
    tags = Image.Exif()
    tags[0x0112] = orientation
    path = tmp_path / "a"
    Image.fromarray(stored(big, orientation)).save(path, kind, exif=tags.tobytes(), **({"quality": 95} if kind != "TIFF" else {}))
    found = pictures.read(path)
    assert found.shape == big.shape
    assert np.abs(found[8::16, 8::16].astype(int) - corners()).max() < 12
    assert pictures.size(path) == (96, 64)
    assert pictures.is_upright(path) == (orientation == 1)


def test_damaged_exif_does_not_hide_the_picture() -> None:
    data = png(corners(), before=chunk(b"eXIf", b"MM\0*\xff\xff\xff\xff garbage"))
    assert np.array_equal(pictures.read(data), corners())


def saved(image: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def test_modes_become_rgb() -> None:
    grey = np.array([[0, 100, 255]], np.uint8)
    three = np.repeat(grey[:, :, None], 3, 2)
    assert np.array_equal(pictures.read(saved(Image.fromarray(grey))), three)
    deep = Image.fromarray(np.array([[0, 100 * 257, 65535]], np.uint16))
    assert np.array_equal(pictures.read(saved(deep)), three)
    assert np.array_equal(pictures.read(saved(deep, "TIFF")), three)
    assert np.array_equal(pictures.read(b"P5 3 1 65535\n" + deep.tobytes("raw", "I;16B")), three)
    clear = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    assert np.array_equal(pictures.read(saved(Image.fromarray(clear))), [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]])
    both = np.array([[[100, 255], [100, 0]]], np.uint8)
    assert np.array_equal(pictures.read(saved(Image.fromarray(both, "LA"))), [[[100] * 3, [255] * 3]])
    indexed = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("L")
    indexed.putpalette([9, 8, 7, 200, 100, 50])
    assert np.array_equal(pictures.read(saved(indexed)), [[[9, 8, 7], [200, 100, 50]]])
    assert np.array_equal(pictures.read(saved(indexed, transparency=0)), [[[255] * 3, [200, 100, 50]]])
    assert np.array_equal(pictures.read(saved(indexed, "GIF")), [[[9, 8, 7], [200, 100, 50]]])
    bits = Image.fromarray(np.array([[False, True]]))
    assert np.array_equal(pictures.read(saved(bits)), [[[0] * 3, [255] * 3]])
    inks = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    assert np.abs(pictures.read(saved(inks, "JPEG", quality=95))[4, 4].astype(int) - (0, 255, 255)).max() < 4
    found = pictures.read(saved(Image.fromarray(grey)))
    assert found.dtype == np.uint8
    assert found.flags.writeable
    with pytest.raises(BadPicture, match="fractions"):
        pictures.read(saved(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF"))


def test_at_least_shrinks_jpegs_while_decoding_but_never_below() -> None:
    rng = np.random.default_rng(0)
    data = saved(Image.fromarray(rng.integers(0, 255, (400, 800, 3), np.uint8)), "JPEG")
    assert pictures.read(data, at_least=(100, 50)).shape == (50, 100, 3)
    assert pictures.read(data, at_least=(101, 50)).shape == (100, 200, 3)
    assert pictures.read(data, at_least=(10, 201)).shape == (400, 800, 3)
    tags = Image.Exif()
    tags[0x0112] = 6
    turned = saved(Image.fromarray(rng.integers(0, 255, (400, 800, 3), np.uint8)), "JPEG", exif=tags.tobytes())
    assert pictures.read(turned, at_least=(200, 400)).shape == (400, 200, 3)
    assert pictures.read(turned, at_least=(201, 200)).shape == (800, 400, 3)


def test_bombs_are_refused_without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0))
    bomb += chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    with pytest.raises(BadPicture, match=r"60000 × 60000.*LOOKSAY_MAX_PIXELS"):
        pictures.read(bomb)
    assert pictures.size(bomb) == (60_000, 60_000)
    monkeypatch.setenv("LOOKSAY_MAX_PIXELS", "23")
    with pytest.raises(BadPicture, match="6 × 4 pixels are more than 23"):
        pictures.read(png(corners()))
    monkeypatch.setenv("LOOKSAY_MAX_PIXELS", "24")
    assert pictures.read(png(corners())).shape == (4, 6, 3)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("cut.png", png(corners())[:60], "damaged"),
        ("cut.jpg", saved(Image.effect_noise((64, 64), 50), "JPEG")[:700], "truncated"),
        ("head.png", png(corners())[:12], "damaged|not a picture"),
        ("text.jpg", b"This is no picture at all, only words.", "not a picture"),
        ("empty.png", b"", "empty"),
        ("page.jpg", b"<!DOCTYPE html><html>404</html>", "not a picture"),
        ("zero.bmp", b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 0, 5, 1, 24, 0, 0, 0, 0, 0, 0), "damaged|0 ×"),
        ("crc.png", png(corners()).replace(b"IDAT", b"IDAx"), "damaged"),
        ("script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
    ],
)
def test_what_is_no_sound_picture_is_refused(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadPicture, match=says) as caught:
        pictures.read(tmp_path / name)
    assert caught.value.where == str(tmp_path / name)
    if data:
        with pytest.raises(BadPicture, match=says):
            pictures.read(data)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPicture, match="folder"):
        pictures.read(tmp_path)
    with pytest.raises(BadPicture, match="no such file"):
        pictures.read(tmp_path / "gone.png")
    with pytest.raises(BadPicture, match="empty"):
        pictures.read(b"")
    os.mkfifo(tmp_path / "pipe.png")  # opening it would wait for ever
    with pytest.raises(BadPicture, match="not a plain file"):
        pictures.size(tmp_path / "pipe.png")
    with pytest.raises(BadPicture, match="cannot be opened"):
        pictures.read("a\0b.png")


def test_every_prefix_of_a_picture_is_refused_or_read() -> None:
    whole = {kind: saved(Image.fromarray(corners()), kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")}
    for data in whole.values():
        assert pictures.read(data).shape == (4, 6, 3)
        for end in range(1, len(data), 7):
            try:
                pictures.read(data[:end])
                pictures.size(data[:end])
            except BadPicture:
                continue


def test_codes_keep_numbers_and_palette() -> None:
    image = Image.fromarray(np.array([[0, 2, 255]], np.uint8)).convert("L")
    image.putpalette([0, 0, 0, 1, 1, 1, 9, 8, 7, *[5] * 759])
    found, colours = pictures.codes(saved(image))
    assert found.tolist() == [[0, 2, 255]]
    assert colours is not None
    assert colours[2].tolist() == [9, 8, 7]
    found, colours = pictures.codes(saved(Image.fromarray(np.array([[3, 7]], np.uint8))))
    assert (found.tolist(), colours) == ([[3, 7]], None)
    found, colours = pictures.codes(png(corners()))
    assert colours is not None
    assert np.array_equal(colours[found], corners())
    noise = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    with pytest.raises(BadPicture, match="too many"):
        pictures.codes(png(noise))


def test_writing_is_lossless_in_png_and_near_in_jpeg(tmp_path: Path) -> None:
    big = corners().repeat(16, 0).repeat(16, 1)
    pictures.write(big, tmp_path / "a.png")
    assert np.array_equal(pictures.read(tmp_path / "a.png"), big)
    pictures.write(big, tmp_path / "a.jpg", quality=95)
    assert (tmp_path / "a.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert np.abs(pictures.read(tmp_path / "a.jpg").astype(int) - big).mean() < 2
    assert pictures.is_picture_name("A.JPG")
    assert not pictures.is_picture_name(".a.jpg")
    assert not pictures.is_picture_name("a.txt")
