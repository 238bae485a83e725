"""Texts as numbers on disk, and what a writer learns from: the Material of the task `write`.

`text:FILE` is any file in UTF-8; its last tenth is held out. `text:FOLDER` holds train.txt, and val.txt or test.txt or both.
`storybook` is what the captions of the storybook say, a line each. A file is read in pieces, twice: once to learn which
characters or words there are, once to write their numbers, one or two bytes each, into the cache; from there they are mapped,
never read whole.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from looksay.data import source
from looksay.data.loader import Batches, Feeding, Kind
from looksay.data.material import Material, Splits
from looksay.data.storybook import cache_home, edition
from looksay.data.stream import Lines, Stream
from looksay.disk import write_atomically
from looksay.errors import BadData, BadValue, DiskTrouble, UnknownName
from looksay.nn.prep import Prep
from looksay.nn.recipe import Stage
from looksay.nn.system import System
from looksay.nn.vocabulary import Vocabulary, words

PIECE = 1 << 22  # bytes of a file that are read at once
HELD = 0.1  # share of a file, at its end, that is held out
LONGEST = 1024  # characters or words of a line; a longer one counts as several
BREAK = -1  # where a line ends
SPLITS = ("train", "val", "test")
Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Reading:
    """How a text becomes numbers: `by` characters or words, each of its `lines` for itself or all as one. Of the words the `most`
    frequent are known, if they occur `least` times."""

    by: Literal["characters", "words"] = "characters"
    lines: bool = False
    least: int = 1
    most: int = 10_000

    @classmethod
    def of(cls, config: Any) -> Reading:
        return cls(config.by, config.lines, config.least, config.most)


@dataclass(frozen=True)
class Span:
    """A part of a file, in bytes."""

    path: Path
    start: int
    end: int


class Text:
    """Numbers of a text's characters or words; with `starts`, where each line begins, and the end of the last."""

    def __init__(self, source: str, split: str, classes: tuple[str, ...], numbers: Numbers, starts: Numbers | None) -> None:
        self.source, self.split, self.classes, self.numbers, self.starts = source, split, classes, numbers, starts

    def __len__(self) -> int:
        return len(self.numbers)


class Texts(Material):
    noun = "characters or words"
    tries = 'write --model {} "How it begins"'

    def splits(self, name: str, kind: Kind, config: Any) -> Splits:
        how, spans = Reading.of(config), _spans(name)
        classes = vocabulary_of(spans["train"], how).classes
        found = {split: _text(name, split, span, how, classes) for split, span in spans.items()}
        held = found.get("val") or found.get("test")
        assert held is not None
        said = "the last tenth of the text" if spans["train"].path == spans["val"].path else f"the split {held.split!r}"
        return Splits(found["train"], held, found.get("test") if "val" in found else None, said)

    def open(self, name: str, split: str, kind: Kind, system: System[Any]) -> Text:
        spans = _spans(name)
        chosen = split or ("test" if "test" in spans else "val")
        if chosen == "whole":
            path = spans["train"].path
            span = Span(path, 0, path.stat().st_size)
        elif chosen in spans:
            span = spans[chosen]
        else:
            raise UnknownName.of("split", chosen, [*spans, "whole"], where=name)
        return _text(name, chosen, span, Reading.of(system.config), system.classes)

    def feed(
        self, system: System[Any], data: Any, kind: Kind, how: Feeding, *, prep: Prep | None = None, learning: bool = False
    ) -> Batches:
        if data.starts is not None:
            return Lines(data, how)
        return Stream(data, how, system.config.length)

    def world(self, data: Any, name: str) -> str:
        return "storybook" if name.partition(":")[0] == "storybook" else name

    def facts(self, stage: Stage, system: System[Any]) -> dict[str, Any]:
        by = system.config.by
        each = "lines" if system.config.lines else f"streams, {system.config.length} {by} at a time"
        return {"batch": f"{stage.batch_size} {each}", "vocabulary": f"{len(system.classes):,} {by}"}


def _spans(name: str) -> dict[str, Span]:
    """The part of a file that each split is."""
    head, _, rest = name.partition(":")
    if head == "storybook":
        return {split: _whole(_storybook(name, split)) for split in SPLITS}
    path = Path(rest if head == "text" and rest else name).expanduser()
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise BadData("there is no such file or folder", where=str(path), mend="name a text as text:FILE")
    size = path.stat().st_size
    cut = _edge(path, int(size * (1 - HELD)), size)
    return {"train": Span(path, 0, cut), "val": Span(path, cut, size)}


def _folder(path: Path) -> dict[str, Span]:
    named = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
    found = {}
    for split, names in named.items():
        there = next((path / f"{each}.txt" for each in names if (path / f"{each}.txt").is_file()), None)
        if there:
            found[split] = _whole(there)
    if "train" not in found or len(found) < 2:
        raise BadData("lacks train.txt, or val.txt and test.txt", where=str(path), mend="name a single file, or add them")
    return found


def _whole(path: Path) -> Span:
    return Span(path, 0, path.stat().st_size)


def _edge(path: Path, near: int, size: int) -> int:
    """Behind the first line break after `near`; where none is close by, at least between two characters."""
    with open(path, "rb") as file:
        file.seek(near)
        after = file.read(1 << 16)
    line = after.find(b"\n")
    if line >= 0:
        return near + line + 1
    while near < size and after and 0x80 <= after[0] < 0xC0:  # within a character
        near, after = near + 1, after[1:]
    return near


def _storybook(name: str, split: str) -> Path:
    """The captions of a split, a line each; written once."""
    pages = source.open(name, split, view="scene")
    key = hashlib.blake2b(f"{pages.source} {len(pages)} {split}".encode(), digest_size=6).hexdigest()
    path = cache_home() / "texts" / f"{edition()}-{split}-{key}.txt"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        said = (caption.text for index in range(len(pages)) for caption in pages.captions(index))
        write_atomically(path, "".join(f"{text}\n" for text in said).encode())
    return path


def pieces(span: Span) -> Iterator[str]:
    """The text piece by piece, line breaks as '\\n'; each piece but the last ends where a word ends. Raises BadData where it is
    not UTF-8."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("strict"), translate=True)
    done, left = span.start, ""
    with open(span.path, "rb") as file:
        file.seek(done)
        while raw := file.read(min(PIECE, span.end - done)):
            if done == 0 and raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadData("is in UTF-16, not in UTF-8", where=str(span.path), mend=_iconv("UTF-16", span.path))
            waiting = len(decoder.getstate()[0])  # bytes of a character that the piece before broke off in
            try:
                text = decoder.decode(raw.removeprefix(codecs.BOM_UTF8) if done == 0 else raw, final=done + len(raw) >= span.end)
            except UnicodeDecodeError as error:
                at = done - waiting + error.start + (3 if done == 0 and raw.startswith(codecs.BOM_UTF8) else 0)
                what = f"is not UTF-8: byte {at:,} (0x{error.object[error.start]:02x}) begins no character"
                raise BadData(what, where=str(span.path), mend=_iconv("LATIN1", span.path)) from None
            done += len(raw)
            text = left + text
            cut = _last_edge(text) if done < span.end else len(text)
            left = text[cut:]
            if cut:
                yield text[:cut]
    if left:
        yield left


def _iconv(kind: str, path: Path) -> str:
    return f"if it is {kind}: iconv -f {kind} -t UTF-8 {path.name} > new.txt"


def _last_edge(text: str) -> int:
    """Where the text can be cut without cutting a word: behind a line break, else before a blank."""
    line = text.rfind("\n") + 1
    if line:
        return line
    blank = text.rstrip(" ").rfind(" ")
    edge = len(text[: blank + 1].rstrip(" ")) if blank > 0 else 0
    return edge or (len(text) if len(text) > PIECE else 0)


def vocabulary_of(span: Span, how: Reading) -> Vocabulary:
    """All characters that occur, or the words; raises BadData for a text in which there is nothing."""
    counts: Counter[str] = Counter()
    for piece in pieces(span):
        if how.by == "words":
            counts.update(words(piece))
        else:
            found = np.bincount(_points(piece))
            counts.update({chr(point): int(found[point]) for point in np.flatnonzero(found)})
    if how.lines:
        counts.pop("\n", None)
    if not any(token.strip() for token in counts):
        raise BadData(
            "has nothing to learn from: it is empty, or blank", where=str(span.path), mend="name a file with a text in it"
        )
    try:
        return Vocabulary.of(counts, least=how.least, most=how.most if how.by == "words" else None)
    except BadValue as error:
        raise BadData(error.what, where=str(span.path), mend="lower --set settings.least") from None


def _points(piece: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(piece.encode("utf-32-le"), np.uint32)


class _Encoder:
    """Pieces of a text → numbers, BREAK where a line ends if lines count."""

    def __init__(self, how: Reading, classes: tuple[str, ...]) -> None:
        self.how, self.vocabulary = how, Vocabulary.from_classes(classes)
        self.table = np.full(0x110000 if how.by == "characters" else 0, self.vocabulary.unknown, np.int32)
        for number, token in enumerate(classes):
            if len(self.table) and len(token) == 1:
                self.table[ord(token)] = number
        if how.lines and len(self.table):
            self.table[ord("\n")] = BREAK

    def __call__(self, piece: str) -> npt.NDArray[np.int64]:
        if len(self.table):
            return self.table[_points(piece)].astype(np.int64)
        tokens = words(piece)
        found = np.array(self.vocabulary.encode(tokens), np.int64)
        if self.how.lines:
            found[[token == "\n" for token in tokens]] = BREAK
        return found


def _text(name: str, split: str, span: Span, how: Reading, classes: tuple[str, ...]) -> Text:
    """From the cache, or written into it."""
    said = hashlib.blake2b(digest_size=12)
    with open(span.path, "rb") as file:
        file.seek(span.start)
        left = span.end - span.start
        while left and (raw := file.read(min(PIECE, left))):
            said.update(raw)
            left -= len(raw)
    said.update(repr((how, classes)).encode())
    folder = cache_home() / "texts" / said.hexdigest()
    kind = np.uint8 if len(classes) <= 256 else np.uint16 if len(classes) <= 65536 else np.uint32
    if not folder.is_dir():
        _write(folder, span, _Encoder(how, classes), kind)
    if not (folder / "numbers").stat().st_size:
        raise BadData(f"has nothing in its split {split!r}", where=str(span.path), mend="give more text")
    starts = np.memmap(folder / "starts", np.int64, "r") if how.lines else None
    return Text(name, split, classes, np.memmap(folder / "numbers", kind, "r"), starts)


def _write(folder: Path, span: Span, encoder: _Encoder, kind: type[np.unsignedinteger[Any]]) -> None:
    """Beside, then renamed: what stands there is whole."""
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        with open(beside / "numbers", "wb") as numbers, open(beside / "starts", "wb") as starts:
            lines = _Lines()
            for piece in pieces(span):
                found = encoder(piece)
                if encoder.how.lines:
                    starts.write(lines.of(found).tobytes())
                    found = found[found != BREAK]
                numbers.write(found.astype(kind).tobytes())
            starts.write(np.array([lines.done], np.int64).tobytes())
        if not folder.exists():
            os.replace(beside, folder)
    except OSError as error:
        raise DiskTrouble(
            f"cannot be written: {error.strerror}", where=str(folder), mend="make room, or set LOOKSAY_CACHE"
        ) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


class _Lines:
    """Where lines begin, counted without their breaks; empty ones are none. A piece ends with a line, but for very long lines."""

    def __init__(self) -> None:
        self.done = 0

    def of(self, found: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        breaks = np.flatnonzero(found == BREAK)
        edges = np.unique(np.concatenate([[0], breaks - np.arange(len(breaks)), [len(found) - len(breaks)]]))
        begins = [np.arange(start, end, LONGEST) for start, end in pairwise(edges)]
        starts = np.concatenate([np.zeros(0, np.int64), *begins]) + self.done
        self.done += len(found) - len(breaks)
        return starts.astype(np.int64)
