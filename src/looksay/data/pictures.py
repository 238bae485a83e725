"""Picture files and bytes to arrays: every mode and orientation to upright 8-bit RGB; what is damaged or dangerous is refused."""

from __future__ import annotations

import io
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.errors import BadPicture, DiskTrouble

Picture: TypeAlias = npt.NDArray[np.uint8]
Source: TypeAlias = str | os.PathLike[str] | bytes

LIMIT_NAME = "LOOKSAY_MAX_PIXELS"
LIMIT = 178_956_970  # half a gigabyte of RGB
EXTENSIONS = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif"),
    }
)
# Only decoders of pictures: PIL also knows formats that start other programs (EPS) or fetch further files.
DECODERS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF")
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N", "I")


def read(source: Source, *, at_least: tuple[int, int] | None = None) -> Picture:
    """uint8 RGB of shape (height, width, 3), upright, writable.

    With `at_least` (width, height) a JPEG may come at a half, a quarter or an eighth of its size, but no smaller than that:
    several times faster where the picture is shrunk afterwards anyway. Raises BadPicture.
    """
    name = "" if isinstance(source, bytes) else os.fspath(source)
    with _opened(source, name) as file:
        image = _recognised(file, name)
        _check_size(image, name)
        try:
            if at_least is not None:
                image.draft(None, at_least[::-1] if _orientation(image) >= 5 else at_least)
            image.load()
            turn = UPRIGHT.get(_orientation(image))
            flat = _rgb(image, name)
            return np.array(flat if turn is None else flat.transpose(turn))
        except BadPicture:
            raise
        except Exception as error:  # damaged bytes make decoders raise nearly anything
            raise BadPicture(f"the picture is damaged: {_reason(error)}", where=name or None, mend=_MEND) from None


def codes(source: Source) -> tuple[Picture, Picture | None]:
    """A picture whose pixels are numbers, not colours (a mask): codes of shape (height, width) and, unless it is grey, the
    colour of each code, shape (codes, 3). Orientation is not looked at: masks are not photographs. Raises BadPicture."""
    name = "" if isinstance(source, bytes) else os.fspath(source)
    with _opened(source, name) as file:
        image = _recognised(file, name)
        _check_size(image, name)
        try:
            image.load()
            if image.mode == "P":
                palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
                return np.array(image), palette
            if image.mode in ("1", "L"):
                return np.array(image.convert("L")) if image.mode == "L" else np.array(image).astype(np.uint8), None
            colours = np.array(image.convert("RGB")).astype(np.uint32)
        except Exception as error:  # damaged bytes make decoders raise nearly anything
            raise BadPicture(f"the mask is damaged: {_reason(error)}", where=name or None, mend=_MEND) from None
    found, at = np.unique(colours @ np.array([65536, 256, 1], np.uint32), return_inverse=True)
    if len(found) > 256:
        raise BadPicture(f"has {len(found)} colours, too many for a mask", where=name or None, mend="masks must be saved as PNG")
    table = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.uint8)
    return at.reshape(colours.shape[:2]).astype(np.uint8), table


def numbers(source: Source) -> npt.NDArray[np.uint16]:
    """A grey or palette picture whose pixels are whole numbers, of 8 or 16 bits, shape (height, width). Raises BadPicture."""
    name = "" if isinstance(source, bytes) else os.fspath(source)
    with _opened(source, name) as file:
        image = _recognised(file, name)
        _check_size(image, name)
        if image.mode not in ("1", "L", "P", *SIXTEEN_BITS):
            raise BadPicture(f"is a picture in {image.mode}, not one of numbers", where=name or None, mend="save it grey")
        try:
            found = np.asarray(image)
        except Exception as error:  # damaged bytes make decoders raise nearly anything
            raise BadPicture(f"the mask is damaged: {_reason(error)}", where=name or None, mend=_MEND) from None
    if found.size and int(found.max()) >= 1 << 16:
        raise BadPicture(f"holds the number {int(found.max())}, more than 16 bits", where=name or None)
    return found.astype(np.uint16)


def size(source: Source) -> tuple[int, int]:
    """(width, height) of the upright picture, from its header alone. Raises BadPicture."""
    name = "" if isinstance(source, bytes) else os.fspath(source)
    with _opened(source, name) as file:
        image = _recognised(file, name)
        turned = _orientation(image) >= 5
        if image.format == "PNG" and "exif" not in image.info:
            turned = _late_png_orientation(file) >= 5
        return (image.height, image.width) if turned else (image.width, image.height)


def is_upright(source: Source) -> bool:
    """Whether the stored pixels need no turning, so that programs which ignore EXIF see the same picture."""
    with _opened(source, "") as file:
        image = _recognised(file, "")
        orientation = _orientation(image)
        if image.format == "PNG" and "exif" not in image.info:
            orientation = _late_png_orientation(file)
        return orientation == 1 and (image.format != "TIFF" or image.getexif().get(ORIENTATION, 1) == 1)


def is_picture_name(name: str) -> bool:
    """By its ending; hidden files are none."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in EXTENSIONS


_MEND = "fetch or save it again"


def limit() -> int:
    """The largest number of pixels that is decoded."""
    text = os.environ.get(LIMIT_NAME, "")
    return int(text) if text.isascii() and text.isdigit() else LIMIT


@contextmanager
def _opened(source: Source, name: str) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        if not source:
            raise BadPicture("no bytes: the picture is empty", mend=_MEND)
        yield io.BytesIO(source)
        return
    path = Path(source)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadPicture("a folder, not a picture", where=name, mend="name one of the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise BadPicture("not a plain file", where=name)
        if not status.st_size:
            raise BadPicture("the file is empty", where=name, mend=_MEND)
        file = path.open("rb")
    except FileNotFoundError:
        raise BadPicture("there is no such file", where=name) from None
    except (OSError, ValueError) as error:
        raise BadPicture(f"the file cannot be opened: {_reason(error)}", where=name) from None
    with file:
        yield file


def _recognised(file: IO[bytes], name: str) -> Image.Image:
    """The header read, no pixel decoded. PIL's own open() warns of large pictures through global state; ours does not."""
    Image.init()
    prefix, reason = file.read(16), ""
    for kind in DECODERS:
        factory, accept = Image.OPEN.get(kind, (None, None))
        if factory is None or (accept is not None and accept(prefix) is not True):
            continue
        file.seek(0)
        try:
            image = factory(file, "")
        except (Exception, Warning) as error:
            reason = f"it begins like {kind}, but {_reason(error)}"
            continue
        if min(image.size) <= 0:
            raise BadPicture(f"the picture says that it is {image.width} × {image.height}", where=name or None, mend=_MEND)
        return image
    what = f"the picture is damaged: {reason}" if reason else "not a picture of a known format"
    known = "JPEG, PNG, WebP, GIF, BMP, TIFF, PPM, JPEG 2000 and AVIF are read"
    raise BadPicture(what, where=name or None, mend=_MEND if reason else known)


def _check_size(image: Image.Image, name: str) -> None:
    if image.width * image.height > limit():
        pixels = f"{image.width} × {image.height} pixels are more than {limit():,}"
        raise BadPicture(f"{pixels}; such a file may be a trap", where=name or None, mend=f"if you trust it, set {LIMIT_NAME}")


def _orientation(image: Image.Image) -> int:
    """1 to 8. TIFFs are turned by the decoder itself, so they count as upright."""
    if image.format == "TIFF":
        return 1
    try:
        # Image's own getexif: that of PNG would decode the whole picture first.
        found = Image.Image.getexif(image).get(ORIENTATION, 1)
    except Exception:  # damaged metadata must not hide a good picture
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _late_png_orientation(file: IO[bytes]) -> int:
    """PNG allows its eXIf chunk behind the pixels; walk there from chunk to chunk."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"eXIf":
            exif = Image.Exif()
            try:
                exif.load(file.read(min(length, 1 << 20)))
                found = exif.get(ORIENTATION, 1)
            except Exception:  # damaged metadata must not hide a good picture
                return 1
            return found if isinstance(found, int) and 1 <= found <= 8 else 1
        file.seek(length + 4, os.SEEK_CUR)
    return 1


def _rgb(image: Image.Image, name: str) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in SIXTEEN_BITS:
        values = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise BadPicture("its pixels are fractions of unknown range", where=name or None, mend="save it with 8 or 16 bits")
    if image.has_transparency_data:
        over = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", over.size, "white"), over).convert("RGB")
    return image.convert("RGB")


def encode(picture: Picture, kind: str, quality: int = 92) -> bytes:
    """The bytes of a 'png' or 'jpeg' file. JPEG of that quality, colours not thinned out from 90 on."""
    out = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture, dtype=np.uint8))
    if kind == "jpeg":
        image.save(out, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    else:
        image.save(out, "PNG", compress_level=6)
    return out.getvalue()


def write(picture: Picture, path: Path, *, quality: int = 92) -> None:
    """By the ending of `path`: .png, or .jpg with that quality."""
    kind = "jpeg" if path.suffix.lower() in (".jpg", ".jpeg") else "png"
    try:
        path.write_bytes(encode(picture, kind, quality))
    except OSError as error:
        raise DiskTrouble(f"the picture cannot be written: {_reason(error)}", where=str(path)) from None


def _reason(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
