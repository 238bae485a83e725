"""A mended copy of a data set, with a list of everything that was done to it. The original stays as it is."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.data import doctor_boxes, doctor_captions, pictures
from looksay.data.coco import Coco
from looksay.data.coco_table import Notes
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.doctor_boxes import Edges, Shift
from looksay.data.doctor_classes import folded, renames
from looksay.data.doctor_findings import Checkup
from looksay.data.doctor_frame import Frame, frame_of
from looksay.data.doctor_open import opened
from looksay.data.doctor_survey import Progress, Survey
from looksay.data.files import labels_of
from looksay.data.voc import Voc
from looksay.data.write import WRITERS, save
from looksay.data.writing import Written
from looksay.errors import BadData, DiskTrouble, UnknownName
from looksay.scene import BoxXYXY, Label, Labels, Objects, Regions, Scene, Size, Thing

DELIBERATE = ("coco", "yolo", "mnist", "cifar", "storybook")  # somebody wrote their lists of classes: each name in them is meant


@dataclass(frozen=True)
class Action:
    """Something that was done. `kind` is that of the finding that it answers."""

    kind: str
    where: str
    what: str


@dataclass(frozen=True)
class FixReport:
    """What was done, in the order of the data, and what the copy came to. The same is in `file` as JSON."""

    out: Path
    file: Path
    format: str
    actions: tuple[Action, ...]
    written: tuple[Written, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        return Counter(action.kind for action in self.actions)

    def lines(self) -> Iterator[str]:
        yield from (f"{action.kind}: {action.where}: {action.what}" for action in self.actions)
        for each in self.written:
            left = "".join(f", {count:,} {what} left out" for what, count in each.left_out.items())
            yield f"{self.out}, {each.split}: {each.pictures:,} pictures, {each.things:,} boxes{left}"


@dataclass
class Plan:
    """What is to be done in a whole set. `drops` and `ids` go by index in the split."""

    names: Mapping[str, str] = field(default_factory=dict)
    shift: Shift = (0.0, 0.0)
    drops: dict[int, Action] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)


@dataclass
class Box:
    """A box of the raw annotations, mended. `at` is its place among them."""

    at: int
    raw: RawBox


def fix(name: str, out: Path, *, format: str = "", progress: Progress | None = None) -> tuple[Checkup, FixReport]:
    """Checks `name` and writes a mended copy to the new folder `out`, in the same format unless another is named.

    Left out are pictures that cannot be read and copies of others (of a picture in two splits the one for training); boxes are
    turned, scaled, moved, swapped, clipped or dropped, names of classes made one. Every action stands in `<out>.fixes.json`.
    Raises BadData where nothing can be read, and does not write over anything.
    """
    parts, unread = opened(name)
    if not parts:
        raise BadData(unread[0].what, where=unread[0].where, mend=unread[0].mend)
    kind = format or _format(parts)
    if kind not in WRITERS:
        raise UnknownName.of("format that can be written", kind, WRITERS)
    file = out.with_name(out.name + ".fixes.json")
    _check_out(out, file, parts)
    total = sum(map(len, parts.values()))

    def told(before: int) -> Progress:
        def tell(now: int, _: int) -> None:
            if progress is not None:
                progress(before + now, 2 * total)

        return tell

    survey = Survey(parts, quick=False)
    survey.findings += unread
    survey.run(2, told(0), files=not unread)
    plans = plans_of(survey)
    actions = [Action(finding.kind, finding.where, "left out: it cannot be read") for finding in unread]
    actions += [Action("not-utf8", each.where, "read as Windows-1252") for each in survey.findings if each.kind == "not-utf8"]
    written: list[Written] = []
    done = total
    for split, part in parts.items():
        mended = Mended(part, plans[split])
        actions += mended.plan.drops.values()
        if len(mended):
            written.append(save(mended, out, kind, split or "train", progress=told(done)))
        done += len(part)
        actions += mended.actions
    report = FixReport(out, file, kind, tuple(actions), tuple(written))
    _list(report, name)
    return survey.checkup(), report


def _format(parts: Mapping[str, Dataset]) -> str:
    first = next(iter(parts.values()))
    if first.format in ("mnist", "cifar") and len(first) and first.file(0) is not None:
        return "imagefolder"  # the digits as files
    return first.format


def _check_out(out: Path, file: Path, parts: Mapping[str, Dataset]) -> None:
    if file.exists() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise BadData("is there already", where=str(file if file.exists() else out), mend="name a new folder for the copy")
    for part in parts.values():
        root = Path(part.source.partition(":")[2] or part.source)
        if part.source and root.is_dir() and out.resolve().is_relative_to(root.resolve()):
            raise BadData("lies in the data set itself", where=str(out), mend="name a folder outside of it")


def _list(report: FixReport, name: str) -> None:
    splits = [{**asdict(each), "left_out": dict(each.left_out)} for each in report.written]
    whole = {
        "source": name,
        "copy": str(report.out),
        "format": report.format,
        "counts": dict(report.counts),
        "splits": splits,
        "actions": [asdict(action) for action in report.actions],
    }
    try:
        report.file.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DiskTrouble(f"cannot be written: {error.strerror or error}", where=str(report.file)) from None


def plans_of(survey: Survey) -> dict[str, Plan]:
    """What follows from the findings, for each split."""
    counts = survey.class_counts
    right = renames(counts, survey.listed)
    listed = {name for part in survey.parts.values() if part.format in DELIBERATE for name in part.classes}
    right = {old: new for old, new in right.items() if not (old in listed and new in listed and folded(old) != folded(new))}
    plans = {}
    for split, part in survey.parts.items():
        edges = survey.edges.get(part.format, Edges(part.format))
        plans[split] = Plan(right, edges.shift() or (0.0, 0.0))
        plans[split].ids = _new_ids(part, survey.again.get(split, []), survey.ids_of(split))
    for (split, index), finding in survey.unusable.items():
        plans[split].drops[index] = Action(finding.kind, finding.where, f"picture left out: {finding.what}")
    gone: set[int] = set()
    for each in survey.copies:
        # A picture that stays out itself is no reason to leave out another.
        if each.kind == "conflict" or each.keep in gone or each.drop in gone:
            continue
        split, index = survey.at(each.drop)
        gone.add(each.drop)
        what = f"picture left out: {'the same' if each.exact else 'nearly the same'} as {survey.path_at(each.keep)}"
        plans[split].drops.setdefault(index, Action(each.kind, survey.path_at(each.drop), what))
    return plans


def _new_ids(part: Dataset, again: Sequence[int], taken: set[int]) -> dict[int, str]:
    """`again`: the pictures whose id others have too; the first keeps it. `taken`: hashes of all ids."""
    fresh: dict[int, str] = {}
    seen: set[str] = set()
    for index in again:
        id = part.name(index)
        if id in seen:
            fresh[index] = next(new for number in count(2) if hash(new := f"{id}-{number}") not in taken)
            taken.add(hash(fresh[index]))
        seen.add(id)
    return fresh


class Mended(Dataset):
    """A split with what is wrong in it put right. `actions` grows as scenes are read for the first time."""

    def __init__(self, part: Dataset, plan: Plan) -> None:
        self.part, self.plan = part, plan
        self.format, self.source, self.split, self.synsets = part.format, part.source, part.split, part.synsets
        kept = [plan.names.get(name, name) for name in part.classes]
        self.classes = tuple(dict.fromkeys(kept))
        self.category_ids = {name: id for name, id in part.category_ids.items() if name in self.classes}
        self.actions: list[Action] = []
        self._kept = np.array([index for index in range(len(part)) if index not in plan.drops], np.int64)
        self._told: set[int] = set()

    def __len__(self) -> int:
        return len(self._kept)

    def picture(self, index: int) -> npt.NDArray[np.uint8]:
        return self.part.picture(int(self._kept[index]))

    def file(self, index: int) -> Path | None:
        return self.part.file(int(self._kept[index]))

    def raw(self, index: int) -> RawItem:
        return self.part.raw(int(self._kept[index]))

    def scene(self, index: int) -> Scene:
        place = int(self._kept[index])
        scene, actions = mended(self.part, place, self.plan)
        if place not in self._told:
            self._told.add(place)
            self.actions += actions
        return scene


def mended(part: Dataset, index: int, plan: Plan) -> tuple[Scene, list[Action]]:
    """The truth of a picture that can be read, and what had to be done to it."""
    item, file = part.raw(index), part.file(index)
    frame = frame_of(item, pictures.size(file) if file is not None else None, part.format)
    boxes, actions = mended_boxes(item, frame, plan, part.format)
    accepted = [at for at, raw in enumerate(item.boxes) if _is_accepted(raw, item.size or frame.size, part)]
    base = _base(part, index, [] if frame.kind else accepted, item)
    if base is None and _has_masks(part):
        actions.append(Action("masks", item.where, "its masks are left out: they count the boxes as they were"))
    size = frame.size or (base.size if base is not None else part.picture(index).shape[1::-1])
    if frame.kind:
        actions.insert(0, Action(frame.kind, item.where, f"states {size[0]} × {size[1]} now"))
    things = {} if base is None or frame.kind else dict(zip(accepted, base.objects, strict=True))
    made = tuple(_thing(box, things.get(box.at)) for box in boxes)
    id = plan.ids.get(index, item.id)
    if id != item.id:
        actions.append(Action("duplicate-id", item.where, f"id {item.id!r} becomes {id!r}"))
    labels = _labels(item, base, plan) if item.labels else labels_of(made)
    actions += [_renamed(name, plan, item.where) for name in item.labels if name in plan.names]
    captions, more = doctor_captions.mended(item.captions, base.captions if base is not None else ())
    actions += [Action(*each) for each in more]
    if base is None:
        return Scene(size, id=id, labels=labels, objects=Objects(made), captions=captions), actions
    if not item.captions:  # of the storybook, which are sound
        captions = base.captions
    regions = base.regions if base.size == size else Regions()
    whole = replace(base, size=size, id=id, labels=labels, objects=Objects(made), regions=regions, notes=dict(base.notes))
    return replace(whole, captions=captions, notes=dict(base.notes)), actions


def _is_accepted(raw: RawBox, size: Size | None, part: Dataset) -> bool:
    """Whether its reader makes a thing of this box."""
    x1, y1, x2, y2 = raw.box
    inside = size is None or not doctor_boxes.is_outside(raw.box, size)
    return raw.name in part.classes and inside and x1 < x2 and y1 < y2 and bool(np.isfinite(raw.box).all())


class _Some(Notes):
    """Some of the annotations of one picture."""

    def __init__(self, notes: Notes, keep: Sequence[int]) -> None:
        self._notes, self._keep = notes, keep

    def __getitem__(self, picture: int) -> Iterator[tuple[str, dict[str, Any]]]:
        found = list(self._notes[picture])
        return (found[at] for at in self._keep)


def _base(part: Dataset, index: int, accepted: Sequence[int], item: RawItem) -> Scene | None:
    """What the reader makes of the accepted boxes, with their masks, the captions and so on; None where it refuses the whole."""
    said = [at for at, raw in enumerate(item.captions) if not raw.fault]
    if len(accepted) < len(item.boxes) or len(said) < len(item.captions):
        if not isinstance(part, Coco):
            return None
        things, captions = part._things, part._captions
        part = copy.copy(part)
        vars(part)["_things"] = _Some(things, accepted) if things is not None else None
        vars(part)["_captions"] = _Some(captions, said) if captions is not None else None
    try:
        return part.scene(index)
    except BadData:
        return None


def _has_masks(part: Dataset) -> bool:
    return isinstance(part, Voc) and (part.layout.home / "SegmentationObject").is_dir()


def _thing(box: Box, thing: Thing | None) -> Thing:
    if thing is not None:
        return replace(thing, name=box.raw.name, box=box.raw.box, attributes=dict(thing.attributes))
    flags: dict[str, Any] = {flag: flag in box.raw.flags for flag in ("crowd", "difficult", "truncated", "occluded")}
    return Thing(box.raw.name, box.raw.box, id=box.raw.id, **flags)


def _labels(item: RawItem, base: Scene | None, plan: Plan) -> Labels:
    said = base.labels if base is not None else tuple(Label(name) for name in item.labels if name.strip())
    renamed = [replace(label, name=plan.names.get(label.name, label.name)) for label in said]
    return Labels(tuple({label.name: label for label in reversed(renamed)}.values())[::-1])


def _renamed(name: str, plan: Plan, where: str) -> Action:
    same = folded(name) == folded(plan.names[name])
    return Action("class-case" if same else "misspelt-class", where, f"{name!r} becomes {plan.names[name]!r}")


def mended_boxes(item: RawItem, frame: Frame, plan: Plan, format: str) -> tuple[list[Box], list[Action]]:
    """The boxes that are left, put right, and what was done to them."""
    orientation = _orientation(item.path) if frame.kind == "exif-rotation" else 1
    kept: list[Box] = []
    actions: list[Action] = []
    for at, raw in enumerate(item.boxes):
        said = f"the box of {raw.name!r}, {doctor_boxes.numbers(doctor_boxes.written(raw.box, format))}"
        reason = "missing-label" if not raw.name.strip() else doctor_boxes.defect(raw.box, format)
        box = raw.box
        if reason == "box-inverted":
            box = doctor_boxes.uninverted(box, format)
            actions.append(Action(reason, raw.where, f"swapped: {said}"))
            reason = doctor_boxes.defect(box, format)
        if reason:
            actions.append(Action(reason, raw.where, f"dropped: {said}"))
            continue
        placed, more = _placed(box, frame, plan.shift, orientation)
        actions += [Action(kind, raw.where, f"{what}: {said}") for kind, what in more]
        if placed is None:
            continue
        if raw.name in plan.names:
            actions.append(_renamed(raw.name, plan, raw.where))
        kept.append(Box(at, replace(raw, name=plan.names.get(raw.name, raw.name), box=placed)))
    twice = {second: first for first, second in doctor_boxes.copies([box.raw for box in kept], "")}
    actions += [Action("duplicate-box", kept[at].raw.where, f"dropped: the same as {kept[twice[at]].raw.where}") for at in twice]
    return [box for at, box in enumerate(kept) if at not in twice], actions


def _placed(box: BoxXYXY, frame: Frame, shift: Shift, orientation: int) -> tuple[BoxXYXY | None, list[tuple[str, str]]]:
    """In the real picture, None where nothing of it is left; and what was done."""
    done: list[tuple[str, str]] = []
    if shift != (0.0, 0.0):
        box = (box[0] + shift[0], box[1] + shift[0], box[2] + shift[1], box[3] + shift[1])
        done.append(("counts-from", "moved by a pixel"))
    size = frame.size
    if size is None:
        return box, done
    if frame.drawn != frame.size:
        box = frame.to_real(box, orientation)
        done.append((frame.kind, "turned" if frame.kind == "exif-rotation" else "scaled"))
    if doctor_boxes.is_outside(box, size):
        return None, [*done, ("box-outside", "dropped")]
    if doctor_boxes.excess(box, size) > 0:
        if doctor_boxes.excess(box, size) > doctor_boxes.REACH:
            done.append(("box-partly-outside", "clipped"))
        box = _clipped(box, size)
    return box, done


def _clipped(box: BoxXYXY, size: Size) -> BoxXYXY:
    return max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(size[0])), min(box[3], float(size[1]))


def _orientation(path: str) -> int:
    """Of EXIF, 1 to 8."""
    with Image.open(path) as image:
        return int(image.getexif().get(pictures.ORIENTATION, 1))
