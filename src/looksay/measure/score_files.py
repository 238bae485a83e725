"""COCO's own files in, COCO's twelve numbers out: annotations and results, as every detector's tools write them."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from looksay.errors import BadData, BadValue
from looksay.measure.coco_map import CocoScore, Detections, Floats, Ints, Truths, match, score

Kind = Literal["bbox", "segm"]
_LINE = " {:<18} {} @[ IoU={:<9} | area={:>6s} | maxDets={:>3d} ] = {:0.3f}"
_SETTINGS = {
    "AP": ("0.50:0.95", "all", 100), "AP50": ("0.50", "all", 100), "AP75": ("0.75", "all", 100),
    "APs": ("0.50:0.95", "small", 100), "APm": ("0.50:0.95", "medium", 100), "APl": ("0.50:0.95", "large", 100),
    "AR1": ("0.50:0.95", "all", 1), "AR10": ("0.50:0.95", "all", 10), "AR100": ("0.50:0.95", "all", 100),
    "ARs": ("0.50:0.95", "small", 100), "ARm": ("0.50:0.95", "medium", 100), "ARl": ("0.50:0.95", "large", 100),
}  # fmt: skip


class ClassScore(NamedTuple):
    """`id` is the file's own. NaN where the class has nothing to be found."""

    id: Any
    name: str
    ap50: float
    ap: float


@dataclass(frozen=True, eq=False)
class Scored:
    """`numbers` are the twelve in the official order, -1 where there was nothing to be found. `notes` tell what was left out."""

    kind: Kind
    numbers: dict[str, float]
    score: CocoScore
    categories: dict[Any, str]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The official scorer's text."""
        return [
            _LINE.format(*(("Average Precision", "(AP)") if name[1] == "P" else ("Average Recall", "(AR)")), *how, value)
            for (name, value), how in zip(self.numbers.items(), _SETTINGS.values(), strict=True)
        ]

    def per_class(self) -> list[ClassScore]:
        values = self.score.precision[0]
        ap50, ap = values[0].mean(axis=0), values.mean(axis=(0, 1))
        gone = ap50 < 0
        rows = zip(
            self.categories.items(), np.where(gone, np.nan, ap50).tolist(), np.where(gone, np.nan, ap).tolist(), strict=True
        )
        return [ClassScore(id, name, *both) for (id, name), *both in rows]


def score_files(truth: str | os.PathLike[str], results: str | os.PathLike[str], kind: Kind = "bbox") -> Scored:
    """`truth` is an annotation file, `results` a list of {image_id, category_id, bbox or segmentation, score}.

    Raises BadData, with the place in the file, where the official scorer would stop without a word or count something else.
    """
    if kind not in ("bbox", "segm"):
        raise BadValue(f"{kind!r} cannot be scored", mend="say bbox or segm")
    with _uncollected():
        known = _Known.read(Path(truth), kind)
        found = _results(Path(results), kind, known)
    scored = score(match(known.truths, found, len(known.categories)))
    return Scored(kind, scored.twelve(), scored, known.categories, known.notes)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hundreds of thousands of small rows set the garbage collector off again and again, and there is nothing to collect."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(frozen=True, eq=False)
class _Known:
    """The annotation file. `images` are the places of the ids in their order, `sizes` (height, width) for masks."""

    images: dict[Any, int]
    sizes: dict[Any, tuple[Any, Any]]
    categories: dict[Any, str]
    truths: Truths
    notes: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, kind: Kind) -> _Known:
        wanted = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", *(["segmentation"] if kind == "segm" else []))
        whole = _load(path, lambda d: tuple(map(d.get, wanted)) if "image_id" in d and "category_id" in d else d)
        if not isinstance(whole, dict) or not all(
            isinstance(whole.get(k), list) for k in ("images", "annotations", "categories")
        ):
            mend = "COCO's annotation files are an object of images, annotations and categories"
            raise BadData("is not a file of annotations", where=str(path), mend=mend)
        images = _by_id(path, "image", whole["images"])
        categories = _by_id(path, "category", whole["categories"])
        names = {id: str(entry.get("name", id)) for id, entry in categories.items()}
        place = {id: at for at, id in enumerate(images)}
        number = {id: at for at, id in enumerate(names)}
        sizes = {id: (entry.get("height"), entry.get("width")) for id, entry in images.items()} if kind == "segm" else {}
        rows = _rows(path, "annotation", whole["annotations"])
        kept = [row for row in rows if row[1] in place and row[2] in number]
        notes = []
        if len(kept) < len(rows):
            notes.append(f"{len(rows) - len(kept)} annotations are of images or categories that are not listed; left out")
        ids, owners, kinds, boxes, areas, crowds, *shapes = zip(*kept, strict=True) if kept else ((),) * len(wanted)
        at = _Places(path, "annotation", owners)
        _once(at, ids)
        lost = np.array([id == 0 for id in ids], bool)
        if lost.any():
            notes.append("the annotation with the id 0 counts as never found, as in the official scorer")
        crowd = np.array([bool(flag) for flag in crowds], bool)
        truths = Truths(
            np.array([place[owner] for owner in owners], np.int64),
            np.array([number[kind] for kind in kinds], np.int64),
            at.boxes(boxes) if kind == "bbox" else np.zeros((len(ids), 4)),
            at.numbers("area", areas),
            crowd,
            crowd,
            lost,
            at.masks(shapes[0], [sizes[owner] for owner in owners]) if kind == "segm" else None,
        )
        return cls(place, sizes, names, truths, tuple(notes))


def _once(at: _Places, ids: Sequence[Any]) -> None:
    seen: set[Any] = set()
    for row, id in enumerate(ids):
        if type(id) not in (int, str):
            raise at.wrong(row, "has no id" if id is None else f"its id is {id!r:.40}")
        if id in seen:
            raise at.wrong(row, f"has the id {id!r:.40}, as another annotation has")
        seen.add(id)


def _results(path: Path, kind: Kind, known: _Known) -> Detections:
    wanted = ("image_id", "category_id", "score", "bbox", *(["segmentation"] if kind == "segm" else []))
    whole = _load(path, lambda d: d if "counts" in d else tuple(map(d.get, wanted)))
    if not isinstance(whole, list):
        raise BadData("is not a list of results", where=str(path), mend="[{image_id, category_id, bbox, score}, …]")
    rows = _rows(path, "result", whole)
    owners, kinds, scores, boxes, *shapes = zip(*rows, strict=True) if rows else ((),) * len(wanted)
    at = _Places(path, "result", owners)
    picture = at.known("image", owners, known.images)
    number = at.known("category", kinds, {id: place for place, id in enumerate(known.categories)})
    masks = at.masks(shapes[0], [known.sizes[owner] for owner in owners]) if kind == "segm" else None
    if masks is not None and not (rows and boxes[0]):
        found, area = np.zeros((len(rows), 4)), _areas(masks)
    else:
        # Results that have boxes are small or large by these, even where masks are scored: the official scorer does so.
        found = at.boxes(boxes)
        area = found[:, 2] * found[:, 3]
    return Detections(picture, number, found, area, at.numbers("score", scores), masks)


class _Places:
    """Columns of a list of the file, checked as a whole; what is wrong is told with the place of the first that is."""

    def __init__(self, path: Path, what: str, owners: Sequence[Any]) -> None:
        self.path, self.what, self.owners = path, what, owners

    def wrong(self, row: int, problem: str, mend: str | None = None) -> BadData:
        where = f"{self.path}, {self.what} {row} (image {self.owners[row]!r:.40})"
        return BadData(problem, where=where, mend=mend)

    def known(self, what: str, ids: Sequence[Any], places: Mapping[Any, int]) -> Ints:
        try:
            return np.fromiter((places[id] for id in ids), np.int64, len(ids))
        except (KeyError, TypeError):
            row = next(row for row, id in enumerate(ids) if isinstance(id, (list, dict, tuple)) or id not in places)
        if ids[row] is None:
            raise self.wrong(row, f"has no {what}_id")
        mend = "are these results of another data set?" if what == "image" else "their numbers are those of the annotation file"
        raise self.wrong(row, f"the {what} {ids[row]!r:.40} is not listed in the annotation file", mend)

    def numbers(self, name: str, values: Sequence[Any]) -> Floats:
        if not set(map(type, values)) <= {int, float}:
            row = next(row for row, value in enumerate(values) if type(value) not in (int, float))
            raise self.wrong(row, f"has no {name}" if values[row] is None else f"its {name} is {values[row]!r:.40}, not a number")
        found = _doubles(values)
        if not np.isfinite(found).all():
            row = int(np.argmin(np.isfinite(found)))
            raise self.wrong(row, f"its {name} is {found[row]}")
        return found

    def boxes(self, values: Sequence[Any]) -> Floats:
        if not all(type(box) is list and len(box) == 4 for box in values):
            row = next(row for row, box in enumerate(values) if type(box) is not list or len(box) != 4)
            if values[row] is None:
                raise self.wrong(row, "has no bbox", "x, y, width, height; where there are masks alone, --masks scores them")
            raise self.wrong(row, f"its bbox is {values[row]!r:.60}", "x, y, width, height")
        flat = list(chain.from_iterable(values))
        if not set(map(type, flat)) <= {int, float}:
            row = next(at for at, value in enumerate(flat) if type(value) not in (int, float)) // 4
            raise self.wrong(row, f"its bbox is {values[row]!r:.60}", "four numbers: x, y, width, height")
        found = _doubles(flat).reshape(-1, 4)
        bad = ~np.isfinite(found).all(axis=1) | (found[:, 2:] < 0).any(axis=1)
        if bad.any():
            row = int(np.argmax(bad))
            raise self.wrong(row, f"its bbox is {values[row]!r:.60}", "x, y, width, height, finite and not negative")
        return found

    def masks(self, shapes: Sequence[Any], sizes: Sequence[tuple[Any, Any]]) -> list[Any]:
        """Run lengths as the mask library has them, of polygons, plain and packed run lengths."""
        from pycocotools import mask as coco

        found = []
        for row, (shape, size) in enumerate(zip(shapes, sizes, strict=True)):
            if not all(type(side) is int and side > 0 for side in size):
                raise self.wrong(row, f"its image has the height {size[0]!r} and the width {size[1]!r}", "masks need both")
            try:
                if isinstance(shape, list):
                    found.append(coco.merge(coco.frPyObjects(shape, *size)))
                    continue
                if not isinstance(shape, dict) or shape.get("size") != list(size):
                    raise ValueError(f"it should be polygons, or run lengths of {list(size)} rows and columns")
                counts = shape.get("counts")
                if not isinstance(counts, (list, str)):
                    raise ValueError("its counts are neither numbers nor text")
                found.append(coco.frPyObjects(shape, *size) if isinstance(counts, list) else shape)
            except Exception as error:  # the mask library raises plain Exception
                problem = "has no segmentation" if shape is None else f"its segmentation cannot be read: {error}"
                raise self.wrong(row, problem) from None
        return found


def _doubles(values: Sequence[int | float]) -> Floats:
    try:
        return np.fromiter(values, np.float64, len(values))
    except OverflowError:  # whole numbers of hundreds of digits
        return np.array([value if abs(value) < 1e300 else np.inf for value in values], np.float64)


def _areas(masks: list[Any]) -> Floats:
    from pycocotools import mask as coco

    # One by one: given a list, some versions of the library fail at more than 255 masks.
    return np.array([coco.area(mask) for mask in masks], np.float64)


def _load(path: Path, slim: Callable[[dict[str, Any]], Any]) -> Any:
    """`slim` makes a small tuple of each object while the file is read, so that a large one never stands in memory as a whole."""
    try:
        return json.loads(path.read_bytes(), object_hook=slim)
    except OSError as error:
        raise BadData(f"cannot be read: {error.strerror or error}", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise BadData(f"is not JSON: {error}", where=str(path)) from None


def _rows(path: Path, what: str, values: list[Any]) -> list[tuple[Any, ...]]:
    for row, value in enumerate(values):
        if type(value) is not tuple:
            kind = "has no image_id or no category_id" if isinstance(value, dict) else f"is {value!r:.40}, not an object"
            raise BadData(kind, where=f"{path}, {what} {row}")
    return values


def _by_id(path: Path, what: str, entries: list[Any]) -> dict[Any, dict[str, Any]]:
    """In the order of the ids, which decides between equal scores."""
    found: dict[Any, dict[str, Any]] = {}
    for row, entry in enumerate(entries):
        id = entry.get("id") if isinstance(entry, dict) else None
        if type(id) not in (int, str):
            raise BadData(f"should be an object with an id, is {entry!r:.40}", where=f"{path}, {what} {row}")
        found[id] = entry
    if len({type(id) for id in found}) > 1:
        raise BadData(f"some ids of its {what} list are numbers and some are text", where=str(path), mend="use one of them")
    return {id: found[id] for id in sorted(found)}
