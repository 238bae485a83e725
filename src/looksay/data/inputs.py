"""Whatever a user may show: a path, pattern, folder, video or URL, bytes, a PIL picture, an array, a tensor, or many of them.

Pictures come one at a time, so a folder of a million costs no more memory than one picture.
"""

from __future__ import annotations

import glob
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.data import pictures
from looksay.errors import BadPicture, LooksayError, NoNetwork
from looksay.nn.prep import Picture

VIDEOS = frozenset({".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg"})
_MOST = 64 << 20  # bytes of a picture fetched from a URL
Skip = Callable[[LooksayError], None]


@dataclass(frozen=True)
class Shown:
    """One picture as it was shown: where from ('' for one in memory), a short name, and its pixels."""

    source: str
    name: str
    picture: Picture


def is_many(source: Any) -> bool:
    """Whether `source` may be more than one picture, and is answered one by one."""
    if isinstance(source, (str, os.PathLike)):
        text = os.fspath(source)
        return not is_url(text) and (Path(text).is_dir() or Path(text).suffix.lower() in VIDEOS or _is_pattern(text))
    if isinstance(source, (bytes, Image.Image)):
        return False
    shape = getattr(source, "shape", None)
    return len(shape) == 4 if shape is not None else True


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[") and not Path(text).exists()


def shown(source: Any, *, skip: Skip | None = None, offline: bool = False) -> Iterator[Shown]:
    """Every picture of `source`, upright RGB. With `skip`, a broken one among many is told to it and passed over."""
    for item in _each(source):
        try:
            if isinstance(item, Path) and item.suffix.lower() in VIDEOS:
                yield from frames(item)
            else:
                yield _one(item, offline)
        except BadPicture as error:
            if skip is None or not is_many(source):
                raise
            skip(error)


def _each(source: Any) -> Iterator[Any]:
    if isinstance(source, (str, os.PathLike)):
        text = os.fspath(source)
        if is_url(text):
            yield text
        elif Path(text).is_dir():
            yield from _folder(Path(text))
        elif _is_pattern(text):
            found = sorted(glob.glob(text, recursive=True))
            if not found:
                raise BadPicture("nothing fits this pattern", where=text)
            yield from (Path(name) for name in found)
        else:
            yield Path(text)
    elif is_many(source) and isinstance(source, Iterable):
        for item in source:
            yield from _each(item) if isinstance(item, (str, os.PathLike)) else (item,)
    else:
        yield source


def _folder(root: Path) -> Iterator[Path]:
    count = 0
    for path, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if pictures.is_picture_name(name) or Path(name).suffix.lower() in VIDEOS:
                count += 1
                yield Path(path, name)
    if not count:
        raise BadPicture("holds no pictures", where=str(root))


def _one(item: Any, offline: bool) -> Shown:
    if isinstance(item, Shown):
        return item
    if isinstance(item, Path):
        return Shown(str(item), item.name, pictures.read(item))
    if isinstance(item, str):
        return Shown(item, item.rsplit("/", 1)[-1].partition("?")[0] or item, pictures.read(fetch(item, offline=offline)))
    if isinstance(item, bytes):
        return Shown("", "picture", pictures.read(item))
    if isinstance(item, Image.Image):
        from PIL import ImageOps

        return Shown("", "picture", np.asarray(ImageOps.exif_transpose(item).convert("RGB")))
    return Shown("", "picture", from_array(item))


def from_array(array: Any) -> Picture:
    """An array or tensor: uint8 in 0 … 255 or floats in 0 … 1; (h, w), (h, w, 1 | 3 | 4) or (1 | 3 | 4, h, w)."""
    values: npt.NDArray[Any] = np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim == 3 and values.shape[2] not in (1, 3, 4) and values.shape[0] in (1, 3, 4):
        values = values.transpose(1, 2, 0)
    if values.ndim != 3 or values.shape[2] not in (1, 3, 4) or 0 in values.shape:
        raise BadPicture(f"an array of shape {values.shape} is no picture", mend="give (height, width, 3)")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise BadPicture("its values are not within 0 … 1", mend="floats are 0 … 1, uint8 is 0 … 255")
        values = np.rint(values * 255).astype(np.uint8)
    elif values.dtype != np.uint8:
        raise BadPicture(f"an array of {values.dtype} is no picture", mend="give uint8, or floats in 0 … 1")
    return np.ascontiguousarray(np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values[:, :, :3])


def fetch(url: str, *, offline: bool = False) -> bytes:
    """The bytes behind a URL, at most 64 MiB."""
    if offline:
        raise NoNetwork("a URL cannot be opened offline", where=url, mend="leave out --offline, or save the picture first")
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "looksay"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            content: bytes = answer.read(_MOST + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NoNetwork(f"cannot be fetched: {getattr(error, 'reason', error)}", where=url) from None
    if len(content) > _MOST:
        raise BadPicture(f"is larger than {_MOST >> 20} MiB", where=url)
    return content


def frames(path: Path) -> Iterator[Shown]:
    """The frames of a video, upright, in order, none dropped."""
    import av

    try:
        with av.open(str(path)) as video:
            for number, frame in enumerate(video.decode(video=0)):
                yield Shown(f"{path}#{number}", f"{path.name}#{number}", upright(frame))
    except (av.FFmpegError, IndexError, OSError) as error:
        raise BadPicture(f"cannot be read as a video: {error}", where=str(path)) from None


def upright(frame: Any) -> Picture:
    """The pixels of a decoded video frame, RGB. Phones write frames as their sensor lies, and beside them a matrix that says
    where a place (x, y) of the stored frame is shown: at (ax + cy, bx + dy). It is taken for the nearest quarter turn."""
    picture: Picture = frame.to_ndarray(format="rgb24")
    mark = frame.side_data.get("DISPLAYMATRIX")
    if mark is None:
        return picture
    a, b, _, c, d = np.frombuffer(mark, np.int32)[:5].tolist()
    if abs(b) > abs(a):
        picture, a, d = picture.transpose(1, 0, 2), c, b
    return np.ascontiguousarray(picture[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1])
