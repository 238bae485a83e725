"""Pictures as they happen: of a camera, or of a video played at its own speed. Who is slow misses frames, and never lags."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from looksay.data.inputs import Shown, upright
from looksay.errors import BadPicture, LooksayError

Clock = Callable[[], float]


@dataclass(frozen=True)
class Moment:
    """The newest picture, `at` seconds since the start; `missed` frames have come and gone since the one before."""

    shown: Shown
    at: float
    missed: int


class Live:
    """Iterating gives the newest frame each time, waiting for one where there is none. Use as a context."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._newest: tuple[Shown, float] | None = None
        self._come = self._gone = 0
        self._changed = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._play, name="looksay-live", daemon=True)
        self._trouble: LooksayError | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over = True
        self._thread.join(timeout=2)

    def __iter__(self) -> Iterator[Moment]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._come > self._gone or self._over)
                if self._come == self._gone or self._newest is None:
                    break
                missed, self._gone = self._come - self._gone - 1, self._come
                shown, at = self._newest
            yield Moment(shown, at, missed)
        if self._trouble:
            raise self._trouble

    def _play(self) -> None:
        try:
            for shown, at in self._camera() if self.source.isdigit() else self._video():
                with self._changed:
                    self._newest, self._come = (shown, at), self._come + 1
                    self._changed.notify()
                if self._over:
                    return
        except LooksayError as error:
            self._trouble = error
        finally:
            with self._changed:
                self._over = True
                self._changed.notify()

    def _camera(self) -> Iterator[tuple[Shown, float]]:
        import cv2

        camera = cv2.VideoCapture(int(self.source))
        try:
            if not camera.isOpened():
                raise BadPicture(
                    "there is no such camera", where=f"--camera {self.source}", mend="0 is the first one; or name a video"
                )
            began = time.monotonic()
            while True:
                good, frame = camera.read()
                if not good:
                    return
                name = f"camera {self.source}"
                yield Shown(name, name, np.ascontiguousarray(frame[:, :, ::-1])), time.monotonic() - began
        finally:
            camera.release()

    def _video(self) -> Iterator[tuple[Shown, float]]:
        """Each frame when its time has come."""
        import av

        path = Path(self.source)
        try:
            with av.open(str(path)) as video:
                began: float | None = None
                for number, frame in enumerate(video.decode(video=0)):
                    at = float(frame.time if frame.time is not None else number / 25)
                    began = time.monotonic() - at if began is None else began
                    wait = began + at - time.monotonic()
                    if wait > 0:
                        time.sleep(wait)
                    elif wait < -1.0 / 10 and self._come > self._gone:
                        self._come += 1  # behind by more than a glance, with a newer frame waiting anyway: not even converted
                        continue
                    yield Shown(f"{path}#{number}", f"{path.name}#{number}", upright(frame)), at
        except (av.FFmpegError, IndexError, OSError) as error:
            raise BadPicture(f"cannot be read as a video: {error}", where=str(path)) from None
