"""What a picture says of itself: its size from the header, whether it can be decoded, and its look for the search for copies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from looksay.data import phash, pictures
from looksay.data.dataset import Dataset
from looksay.errors import BadPicture, LooksayError
from looksay.scene import Size

TINT = 4  # between the channels of a grey picture: JPEG rounds
_TAIL = 1 << 16  # bytes in which the end mark is sought: cameras and tools write things behind it
_DRAFT = (2 * phash.SIDE, 2 * phash.SIDE)


@dataclass
class Look:
    """`fault` is (kind of finding, what is wrong). `content` is a hash of the file's bytes, 0 where it was not decoded."""

    size: Size | None = None
    fault: tuple[str, str] | None = None
    content: int = 0
    thumb: phash.Thumb | None = None
    code: int = 0
    small: phash.Thumb | None = None
    flat: bool = False
    grey: bool = False


def header(path: str) -> Look:
    """Without decoding, but where a JPEG or PNG does not end as it should."""
    look = Look()
    look.fault = _attempt(lambda: _read_header(look, path))
    return look


def _read_header(look: Look, path: str) -> None:
    look.size = pictures.size(path)
    if look.size[0] * look.size[1] > pictures.limit() or _ends_early(path):
        pictures.read(path, at_least=_DRAFT)  # says what is wrong; a picture that can be read passes


def _ends_early(path: str) -> bool:
    with Path(path).open("rb") as file:
        start = file.read(4)
        # Not in the first half, where the preview of a camera has an end mark of its own.
        file.seek(-min(file.seek(0, 2) // 2, _TAIL), 1)
        end = file.read()
    if start[:2] == b"\xff\xd8":
        return b"\xff\xd9" not in end
    return start == b"\x89PNG" and b"IEND" not in end


def whole(dataset: Dataset, index: int, path: str) -> Look:
    """Decoded. `path` is empty where the pictures of the set are not files of their own."""
    look = Look()
    look.fault = _attempt(lambda: _decode(look, dataset, index, path))
    return look


def _decode(look: Look, dataset: Dataset, index: int, path: str) -> None:
    if path:
        look.size = pictures.size(path)
    picture = dataset.draft(index, _DRAFT)
    look.size = look.size or (picture.shape[1], picture.shape[0])
    look.thumb = phash.thumb(picture, look.size)
    look.content = _content(path, picture)


def recognise(looks: Sequence[Look]) -> None:
    """Enters what the search for copies needs; many at once take a fraction of the time."""
    seen = [look for look in looks if look.thumb is not None]
    if not seen:
        return
    thumbs = np.stack([look.thumb for look in seen if look.thumb is not None])
    codes, smalls, flats = phash.code(thumbs).tolist(), phash.small(thumbs), phash.is_flat(thumbs).tolist()
    tints = np.ptp(thumbs, axis=3).max((1, 2)).tolist()
    for look, code, small, flat, tint in zip(seen, codes, smalls, flats, tints, strict=True):
        look.code, look.small, look.flat, look.grey = code, small, flat, tint <= TINT


def _content(path: str, picture: npt.NDArray[np.uint8]) -> int:
    if not path:
        found = hashlib.blake2b(np.ascontiguousarray(picture).tobytes() + repr(picture.shape).encode(), digest_size=8)
        return int.from_bytes(found.digest(), "big") or 1
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).digest()
    return int.from_bytes(digest, "big") or 1


def _attempt(act: Callable[[], None]) -> tuple[str, str] | None:
    """What goes wrong with one picture must not stop the others, whatever it is."""
    try:
        act()
    except Exception as error:
        return fault_of(error)
    return None


def fault_of(error: Exception) -> tuple[str, str]:
    """(kind of finding, what is wrong) of an error that came of a picture."""
    what = error.what if isinstance(error, LooksayError) else f"{type(error).__name__}: {error}"
    if "is not there" in what or "no such file" in what:
        return "missing-picture", what
    if not isinstance(error, BadPicture):
        return ("broken-picture" if isinstance(error, OSError) else "bad-annotation"), what
    if "may be a trap" in what:
        return "huge-picture", what
    if "truncated" in what.lower():
        return "truncated-picture", what
    if any(text in what for text in ("not a picture", "is empty", "not a plain file")):
        return "not-a-picture", what
    return "broken-picture", what
