"""Drawn video: frames into a file as they come, none dropped, none held back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from looksay.errors import BadPicture, BadValue, DiskTrouble
from looksay.scene import Size
from looksay.show.look import Look

Picture = npt.NDArray[np.uint8]
RATE = Fraction(25)  # frames a second of a video that does not say
CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
_BT709 = 1  # FFmpeg's number of the colours of HD video, said in the file so that every player shows the same
_LIMITED = 1  # luma from 16 to 235, which every player knows


class VideoOut:
    """Frames, uint8 RGB (height, width, 3) of `size` (width, height), into H.264, or MPEG-4 where FFmpeg is built without it.

    `size` is that of the first frame where it is not given. Sides that are odd are extended by a pixel, since the format halves
    its colours. Until it is closed the work stands in `path` with .part at the end; an error or an interruption leaves that,
    playable as far as it goes, and `path` as it was. A video without frames leaves nothing.
    """

    def __init__(self, path: str | os.PathLike[str], fps: float | Fraction = RATE, size: Size | None = None) -> None:
        self.path, self.fps, self.size, self.count = Path(path), _rate(fps), size, 0
        self.part = self.path.with_name(f"{self.path.name}.part")
        if self.path.suffix.lower() not in CONTAINERS:
            raise BadValue("is no name for a video", where=str(path), mend=f"end it in {' '.join(CONTAINERS)}")
        self._container: Any = None
        self._stream: Any = None

    def add(self, frame: Picture) -> None:
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise BadValue(f"frame {self.count} is {frame.dtype} of shape {frame.shape}", mend="give uint8 (height, width, 3)")
        self.size = self.size or (frame.shape[1], frame.shape[0])
        if frame.shape[1::-1] != self.size:
            raise BadValue(f"frame {self.count} is {frame.shape[1::-1]}, the video {self.size}", where=str(self.path))
        import av

        try:
            if self._container is None:
                self._begin(self.size)
            odd = ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0))
            whole = np.pad(frame, odd, mode="edge") if frame.shape[0] % 2 or frame.shape[1] % 2 else frame
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(whole), format="rgb24")
            picture = picture.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
            picture.pts = self.count
            self._container.mux(self._stream.encode(picture))
        except (av.FFmpegError, OSError) as error:
            raise _trouble(error, self.path) from None
        self.count += 1

    def close(self) -> None:
        """The last frames are written, and the video gets its name."""
        self._end()
        if self.count:
            try:
                os.replace(self.part, self.path)
            except OSError as error:
                raise _trouble(error, self.path) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            with suppress(DiskTrouble):  # that was most likely the error itself
                self._end()

    def _begin(self, size: Size) -> None:
        import av

        self.path.parent.mkdir(parents=True, exist_ok=True)
        form = CONTAINERS[self.path.suffix.lower()]
        self._container = av.open(
            str(self.part), "w", format=form, options={} if form == "matroska" else {"movflags": "faststart"}
        )
        kind = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        options = {"preset": "veryfast", "crf": "20"} if kind == "libx264" else {"qscale": "3"}
        stream = self._container.add_stream(kind, rate=self.fps, options=options)
        stream.width, stream.height, stream.pix_fmt = size[0] + size[0] % 2, size[1] + size[1] % 2, "yuv420p"
        stream.codec_context.time_base = 1 / self.fps
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(stream.codec_context, name, _BT709)
        stream.codec_context.color_range = _LIMITED
        self._stream = stream

    def _end(self) -> None:
        if self._container is None:
            return
        import av

        container, self._container = self._container, None
        try:
            try:
                container.mux(self._stream.encode(None))  # what the encoder still holds
            finally:
                container.close()
        except (av.FFmpegError, OSError) as error:
            raise _trouble(error, self.path) from None


def draw_stream(looks: Iterable[Look], path: str | os.PathLike[str], fps: float | Fraction = RATE) -> int:
    """A video of what was seen in each frame, drawn in the frames. Returns their number."""
    with VideoOut(path, fps) as video:
        for look in looks:
            video.add(look.drawn(words=False))
    if not video.count:
        raise BadPicture("there are no frames to draw", where=str(path))
    return video.count


def rate_of(path: str | os.PathLike[str]) -> Fraction:
    """Frames a second, as the video says; 25 where it does not."""
    import av

    try:
        with av.open(str(path)) as video:
            streams = video.streams.video
            found = (streams[0].average_rate or streams[0].guessed_rate) if streams else None
    except (av.FFmpegError, OSError) as error:
        raise BadPicture(f"cannot be read as a video: {error}", where=str(path)) from None
    return _rate(found) if found else RATE


def _rate(fps: float | Fraction) -> Fraction:
    if not 0 < fps <= 1000:
        raise BadValue(f"{fps} frames a second", mend="give more than 0 and at most 1000")
    return Fraction(fps).limit_denominator(1001)


def _trouble(error: Exception, path: Path) -> DiskTrouble:
    return DiskTrouble(
        f"cannot be written: {getattr(error, 'strerror', None) or error}",
        where=str(path),
        mend="make room or choose another folder",
    )
