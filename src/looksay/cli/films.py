"""Drawings of what was seen: a picture for each picture, a video for each video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from looksay.show.look import Look, Picture

Draw = Callable[["Look", bool], "Picture"]


class Films:
    """Pictures as they are called, the frames of a video as a video; equal names are told apart. `draw` makes the drawing, with
    words beside it or, of frames, without."""

    def __init__(self, folder: Path, draw: Draw) -> None:
        from looksay.data.writing import Names

        self.folder, self.draw, self.names = folder, draw, Names()
        self.film = ""
        self.video: Any = None

    def __enter__(self) -> Films:
        return self

    def __exit__(self, *error: Any) -> None:
        if self.video:
            self.video.__exit__(*error)

    def add(self, found: Look) -> None:
        from looksay.data.inputs import VIDEOS
        from looksay.disk import write_atomically
        from looksay.show.look import encode
        from looksay.show.video import VideoOut, rate_of

        film, mark, frame = found.scene.source.rpartition("#")
        if not (mark and frame.isdigit() and Path(film).suffix.lower() in VIDEOS):
            path = self.folder / f"{self.names.of(Path(found.name).stem)}.png"
            write_atomically(path, encode(self.draw(found, True), "PNG"))
            return
        if film != self.film:
            if self.video:
                self.video.close()
            self.film, self.video = film, VideoOut(self.folder / f"{self.names.of(Path(film).stem)}.mp4", rate_of(film))
        self.video.add(self.draw(found, False))
