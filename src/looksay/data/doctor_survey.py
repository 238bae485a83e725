"""One pass over a data set: each item's annotations, its picture's header or pixels, and what only the whole set can tell."""

from __future__ import annotations

import os
import warnings
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

from looksay.data import doctor_boxes, doctor_captions, doctor_masks, doctor_probe, phash
from looksay.data.dataset import Dataset, RawItem
from looksay.data.doctor_boxes import Edges
from looksay.data.doctor_classes import balance_findings, name_findings
from looksay.data.doctor_copies import Copies, Copy, finding
from looksay.data.doctor_files import Seen
from looksay.data.doctor_findings import Checkup, Facts, Finding
from looksay.data.doctor_frame import frame_of
from looksay.data.doctor_probe import Look
from looksay.data.flickr import Flickr
from looksay.data.textfile import NOT_UTF8
from looksay.errors import LooksayError
from looksay.scene import Size

Progress: TypeAlias = Callable[[int, int], None]
Row: TypeAlias = tuple[str, int, RawItem | None]  # split, index, what is said; None where it cannot be read
CHUNK = 16  # pictures that a worker takes at a time
SIDES = 4.0  # between the longest side of one picture and of another, from which sizes count as very different
PICTURE_MEND = "fetch or save it again, or take its entry out"


class Survey:
    """Findings, facts and copies of the splits of one data set."""

    def __init__(self, parts: Mapping[str, Dataset], *, quick: bool, classes: Sequence[str] | None = None) -> None:
        self.parts, self.quick, self.classes = dict(parts), quick, classes
        self.findings: list[Finding] = []
        self.copies: list[Copy] = []
        self.counts: dict[str, Counter[str]] = {name: Counter() for name in parts}
        self.again: dict[str, list[int]] = {}  # in each split the pictures whose id is not theirs alone
        self.places: dict[str, str] = {}  # where each class first stands
        self.unusable: dict[tuple[str, int], Finding] = {}  # (split, index) → why the picture cannot be used
        self.boxes = self.captions = 0
        self.edges: dict[str, Edges] = {}  # by format
        self.seen = Seen()
        self.sides: tuple[int, int] = (0, 0)  # shortest and longest of the longer sides
        self.smallest: Size | None = None
        self.largest: Size | None = None
        self.grey = self.coloured = 0
        lengths = [len(part) for part in parts.values()]
        self._starts = np.cumsum([0, *lengths])
        self._start = dict(zip(parts, self._starts.tolist(), strict=False))
        self._look = Copies(list(parts), [0] * len(lengths) if quick else lengths)
        # Of each picture: a hash of its id, and whether it has labels (1), boxes (2), neither (0), or could not be read (3).
        self._ids: dict[str, array[int]] = {name: array("q") for name in parts}
        self._state: dict[str, bytearray] = {name: bytearray() for name in parts}
        self._said: dict[str, bytearray] = {name: bytearray() for name in parts}  # whether a caption says something

    @property
    def total(self) -> int:
        return int(self._starts[-1])

    @property
    def listed(self) -> tuple[str, ...]:
        """The classes that there should be."""
        found = [name for part in self.parts.values() for name in part.classes]
        return tuple(self.classes) if self.classes is not None else tuple(dict.fromkeys(found))

    @property
    def class_counts(self) -> dict[str, int]:
        """How often each class is in the whole set, the most frequent first."""
        counts: Counter[str] = sum(self.counts.values(), Counter())
        return dict(counts.most_common())

    def add(self, kind: str, where: str, what: str, mend: str = "") -> None:
        self.findings.append(Finding(kind, where, what, mend))

    def run(self, workers: int, progress: Progress | None, *, files: bool) -> None:
        """`files`: all splits are here, so what none of them speaks of is an orphan."""
        for name, part in self.parts.items():
            for problem in part.problems:
                self._problem(problem)
            if not len(part):
                self.add("empty-split", part.source, f"the split {name!r} has no pictures" if name else "it has no pictures")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of PIL, about metadata that it skips
            for done, ((name, index, item), look) in enumerate(self._looked(workers), 1):
                self._item(name, index, item, look)
                if progress is not None and (done % CHUNK == 0 or done == self.total):
                    progress(done, self.total)
        self._whole(files)

    def _problem(self, problem: LooksayError) -> None:
        """A reader refuses a set that has problems, so all of them are errors."""
        kinds = {"is not listed": "annotation-without-picture", "has the id": "duplicate-id", NOT_UTF8: "not-utf8"}
        kind = next((kind for text, kind in kinds.items() if text in problem.what), "bad-annotation")
        self.findings.append(Finding(kind, problem.where or "", problem.what, problem.mend or "", "error"))

    # -- item by item --------------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[Row]:
        """Annotations are read here, in one thread: readers share open files. None where an item cannot be read."""
        for name, part in self.parts.items():
            for index in range(len(part)):
                try:
                    item = part.raw(index)
                except Exception as error:  # whatever a file does to its reader, the others must be looked at
                    self._unread(name, index, error)
                    yield name, index, None
                else:
                    yield name, index, item

    def _unread(self, name: str, index: int, error: Exception) -> None:
        kind, what = doctor_probe.fault_of(error)
        kind = doctor_masks.kind_of(error) or kind
        where = error.where if isinstance(error, LooksayError) else None
        mend = error.mend if isinstance(error, LooksayError) else None
        self._useless(name, index, Finding(kind, where or place_of(self.parts[name], index), what, mend or ""))

    def _useless(self, name: str, index: int, why: Finding) -> None:
        self.findings.append(why)
        self.unusable[name, index] = why

    def _looked(self, workers: int) -> Iterator[tuple[Row, Look]]:
        """Pictures are looked at in threads (decoders let each other run), and come back in order."""
        waiting: deque[tuple[list[Row], Future[list[Look]]]] = deque()
        with ThreadPoolExecutor(max(1, workers)) as pool:
            chunk: list[Row] = []
            for row in self._rows():
                chunk.append(row)
                if len(chunk) == CHUNK:
                    waiting.append((chunk, pool.submit(self._looks, chunk)))
                    chunk = []
                if len(waiting) > 2 * workers + 1:
                    yield from _told(*waiting.popleft())
            waiting.append((chunk, pool.submit(self._looks, chunk)))
            while waiting:
                yield from _told(*waiting.popleft())

    def _looks(self, chunk: list[Row]) -> list[Look]:
        looks = [self._look_at(self.parts[name], index, item) if item is not None else Look() for name, index, item in chunk]
        doctor_probe.recognise(looks)
        return looks

    def _look_at(self, part: Dataset, index: int, item: RawItem) -> Look:
        if not self.quick:
            return doctor_probe.whole(part, index, item.path)
        return doctor_probe.header(item.path) if item.path else Look()

    def _item(self, name: str, index: int, item: RawItem | None, look: Look) -> None:
        if item is None:
            self._ids[name].append(0)
            self._state[name].append(3)
            self._said[name].append(0)
            self.seen.put(RawItem("", file_of(self.parts[name], index), place_of(self.parts[name], index)))
            return
        self.seen.put(item)
        self._ids[name].append(hash(item.id))
        self._state[name].append(1 if item.labels else 2 if item.boxes else 0)
        before = len(self.findings)
        if look.fault:
            self._useless(name, index, Finding(look.fault[0], item.path or item.where, look.fault[1], PICTURE_MEND))
        self._sizes(look)
        self._names(name, item)
        self.captions += len(item.captions)
        self._said[name].append(doctor_captions.is_said(item.captions))
        self.findings += doctor_captions.findings(item.captions)
        format = self.parts[name].format
        frame = frame_of(item, look.size, format)
        if frame.kind:
            self.add(frame.kind, item.where, frame.what, frame.mend)
        size, edges = frame.trusted, self.edges.setdefault(format, Edges(format))
        for raw in item.boxes:
            found = doctor_boxes.single(raw, size, format)
            if size is not None and (found is None or found.severity != "error"):
                edges.count(raw.box, size)
            if found is not None and found.kind == "box-partly-outside" and size is not None:
                edges.wait(raw.box, size, found)
            elif found is not None:
                self.findings.append(found)
        for first, second in doctor_boxes.copies(item.boxes, format):
            one, other = item.boxes[first], item.boxes[second]
            self.add(
                "duplicate-box", other.where, f"the box of {other.name!r} is that of {one.where} again", "take one of them out"
            )
        if not self.quick:
            self._look.put(self._start[name] + index, look, item)
            if not any(found.severity == "error" for found in self.findings[before:]):
                self._scene(name, index)

    def _scene(self, name: str, index: int) -> None:
        """What the raw annotations do not show: masks, captions, whatever else the reader refuses."""
        try:
            scene = self.parts[name].scene(index)
        except Exception as error:
            if "is not known" not in str(error):  # unknown classes are told by name, once
                self._unread(name, index, error)
        else:
            self.findings += doctor_masks.findings(scene, place_of(self.parts[name], index))

    def _sizes(self, look: Look) -> None:
        if look.thumb is not None:
            self.grey, self.coloured = self.grey + look.grey, self.coloured + (not look.grey)
        if look.size is None:
            return
        long, area = max(look.size), look.size[0] * look.size[1]
        self.sides = (min(self.sides[0] or long, long), max(self.sides[1], long))
        if self.smallest is None or (area, look.size) < (self.smallest[0] * self.smallest[1], self.smallest):
            self.smallest = look.size
        if self.largest is None or (area, look.size) > (self.largest[0] * self.largest[1], self.largest):
            self.largest = look.size

    def _names(self, name: str, item: RawItem) -> None:
        self.boxes += len(item.boxes)
        said = [(label, item.where) for label in item.labels] + [(raw.name, raw.where) for raw in item.boxes]
        for label, where in said:
            if label.strip():
                self.counts[name][label] += 1
                self.places.setdefault(label, where)
            else:
                self.add("missing-label", where, "its class has no name", "name it")

    # -- what only the whole set can tell ------------------------------------------------------------------------------------

    def _whole(self, files: bool) -> None:
        source = self.source
        for edges in self.edges.values():
            self.findings += edges.findings(source)
        self.findings += name_findings(self.class_counts, self.listed, self.places)
        self.findings += balance_findings(self.counts, source)
        for name in self.parts:
            self._twice(name)
            self._bare(name)
            self._unsaid(name)
        self._mixtures(source)
        if files:
            named = [part.root / name for part in self.parts.values() if isinstance(part, Flickr) for name in part.unlisted]
            self.seen.unlisted = {hash(os.path.normpath(path)) for path in named}
            self.findings += self.seen.findings()
        if not self.quick:
            self._copied()

    @property
    def source(self) -> str:
        return next((part.source for part in self.parts.values() if part.source), "")

    def _twice(self, name: str) -> None:
        ids = np.frombuffer(self._ids[name], np.int64)
        _, which, count = np.unique(ids, return_inverse=True, return_counts=True)
        known = np.frombuffer(self._state[name], np.uint8) < 3
        self.again[name] = np.flatnonzero((count[which] > 1) & known).tolist() if len(ids) else []
        first: dict[str, str] = {}
        for index in self.again[name]:
            item = self.parts[name].raw(index)
            if item.id in first:
                self.add("duplicate-id", item.where, f"has the id {item.id!r}, as has {first[item.id]}", "give it another")
            first.setdefault(item.id, item.where)

    def ids_of(self, name: str) -> set[int]:
        """Hashes of all ids in a split."""
        return set(self._ids[name])

    def _bare(self, name: str) -> None:
        """Pictures of which nothing is said, where something is said of others."""
        state, part = self._state[name], self.parts[name]
        somewhere = {value for each in self._state.values() for value in set(each)}
        nothing = [index for index, value in enumerate(state) if value == 0]
        if not nothing or not somewhere & {1, 2}:
            return
        if not {1, 2} & set(state) and len(self.parts) > 1:
            self.add("unlabelled-split", part.source, f"nothing is said of the {len(nothing):,} pictures of {name!r}")
            return
        for index in nothing:
            item = part.raw(index)
            if 1 in somewhere and 2 not in somewhere:
                found = Finding("missing-label", item.where, "the picture has no label", "label it or take it out")
                self._useless(name, index, found)
            elif part.format == "yolo" and not Path(item.where).is_file():
                what = "has no file of labels, so it is taken for one without objects"
                self.add("picture-without-annotation", item.path, what, "annotate it, or add an empty file")
            else:
                self.add("no-objects", item.where, "the picture has no objects")

    def _unsaid(self, name: str) -> None:
        """Pictures without captions, where others have some."""
        part, only = self.parts[name], not any({1, 2} & set(state) for state in self._state.values())
        if not any(any(said) for said in self._said.values()):
            return
        nothing = [index for index, said in enumerate(self._said[name]) if not said and self._state[name][index] < 3]
        if len(nothing) == len(part) and len(self.parts) > 1:
            self.add("unlabelled-split", part.source, f"nothing is said of the {len(nothing):,} pictures of {name!r} in words")
            return
        for index in nothing:
            where, mend = part.raw(index).where, "write one, or take the picture out"
            found = Finding("no-caption", where, "the picture has no caption", mend, "error" if only else "note")
            if only:
                self._useless(name, index, found)
            else:
                self.findings.append(found)

    def _mixtures(self, source: str) -> None:
        if self.sides[1] >= SIDES * self.sides[0] > 0:
            what = f"the longer sides of the pictures are from {self.sides[0]} to {self.sides[1]} pixels"
            self.add("mixed-sizes", source, what)
        if self.grey and self.coloured:
            self.add("mixed-colour", source, f"{self.grey:,} pictures are grey, {self.coloured:,} coloured")

    def _copied(self) -> None:
        self.copies = list(self._look.found(self._thumb))
        self.findings += (finding(copy, self.path_at, lambda at: repr(self.at(at)[0])) for copy in self.copies)
        if self._look.cut_short:
            self.add("not-searched", self.source, self._look.cut_short)

    def at(self, place: int) -> tuple[str, int]:
        """Split, and index in it, of a picture by its place among all."""
        which = int(np.searchsorted(self._starts, place, side="right")) - 1
        return list(self.parts)[which], place - int(self._starts[which])

    def path_at(self, place: int) -> str:
        name, index = self.at(place)
        item = self.parts[name].raw(index)
        return item.path or item.where

    @lru_cache(maxsize=4096)  # noqa: B019 - a survey ends with the check, and its thumbs with it
    def _thumb(self, place: int) -> phash.Thumb | None:
        name, index = self.at(place)
        return doctor_probe.whole(self.parts[name], index, self.parts[name].raw(index).path).thumb

    def checkup(self) -> Checkup:
        formats = dict.fromkeys(part.format for part in self.parts.values())
        splits = {name: len(part) for name, part in self.parts.items()}
        facts = Facts(
            self.source, " ".join(formats), splits, self.class_counts, self.boxes, self.smallest, self.largest, self.captions
        )
        return Checkup.of(facts, self.findings, quick=self.quick)


def _told(chunk: list[Row], looks: Future[list[Look]]) -> Iterator[tuple[Row, Look]]:
    return zip(chunk, looks.result(), strict=True)


def file_of(part: Dataset, index: int) -> str:
    try:
        return str(part.file(index) or "")
    except Exception:  # as with places
        return ""


def place_of(part: Dataset, index: int) -> str:
    try:
        return part.place(index)
    except Exception:  # the annotation that cannot be read may be the one that would say
        return f"{part.source}, picture {index}"
