"""Files that lie in the folders of a data set, but that it does not speak of."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from looksay.data import pictures
from looksay.data.dataset import RawItem
from looksay.data.doctor_findings import Finding

# Pictures and films that cameras and tools write, and that no reader here takes.
UNREAD = (
    ".heic",
    ".heif",
    ".svg",
    ".psd",
    ".tga",
    ".exr",
    ".hdr",
    ".dng",
    ".raw",
    ".cr2",
    ".cr3",
    ".nef",
    ".arw",
    ".mp4",
    ".mov",
    ".avi",
)


@dataclass
class Seen:
    """Which files the items of a set speak of, as hashes; a few dozen bytes each."""

    files: set[int] = field(default_factory=set)
    picture_folders: set[str] = field(default_factory=set)
    text_folders: set[tuple[str, str]] = field(default_factory=set)  # with the ending of their files
    unlisted: set[int] = field(default_factory=set)  # pictures that are spoken of, but in no split, as hashes

    def put(self, item: RawItem) -> None:
        if not item.path:
            return
        picture, text = os.path.normpath(item.path), os.path.normpath(item.where)
        self.files.add(hash(picture))
        self.picture_folders.add(os.path.dirname(picture))
        stem, ending = os.path.splitext(os.path.basename(text))
        if text != picture and stem == os.path.splitext(os.path.basename(picture))[0] and ending.isascii():
            self.files.add(hash(text))
            self.text_folders.add((os.path.dirname(text), ending))

    def findings(self) -> Iterator[Finding]:
        texts = dict(self._orphan_texts())
        unread: dict[str, Counter[str]] = defaultdict(Counter)
        for folder in sorted(self.picture_folders):
            for name in _names(folder):
                ending = os.path.splitext(name)[1].lower()
                if ending in UNREAD:
                    unread[folder][ending] += 1
                path = os.path.join(folder, name)
                if not pictures.is_picture_name(name) or hash(path) in self.files:
                    continue
                if texts.pop(os.path.splitext(name)[0], None) is None and hash(path) not in self.unlisted:
                    yield Finding("picture-without-annotation", path, "no annotation speaks of it", "annotate it or take it away")
                else:
                    yield Finding("in-no-split", path, "is annotated, but no split lists it", "add it to a split")
        for path in texts.values():
            yield Finding("annotation-without-picture", path, "there is no picture of that name", "fetch it or take this away")
        for folder, counts in unread.items():
            kinds = ", ".join(f"{count:,} {ending}" for ending, count in sorted(counts.items()))
            yield Finding("ignored-file", folder, f"holds files that are not read: {kinds}", "convert them to JPEG or PNG")

    def _orphan_texts(self) -> Iterator[tuple[str, str]]:
        """(stem, path)"""
        for folder, ending in sorted(self.text_folders):
            for name in _names(folder):
                stem, own = os.path.splitext(name)
                path = os.path.join(folder, name)
                if own == ending and hash(path) not in self.files and stem not in ("classes", "labels", "README", "readme"):
                    yield stem, path


def _names(folder: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []
