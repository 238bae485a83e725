"""Pascal VOC's folders: Annotations, JPEGImages, ImageSets, SegmentationClass, SegmentationObject."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from looksay.data import masks
from looksay.data.writing import UNSAFE, Numbers, Plan, Shot, Writer, single_line
from looksay.errors import BadData
from looksay.scene import VOID, Regions, Scene, Size, Thing

NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class VocWriter(Writer):
    """Boxes become whole pixels, counted from 1, the last one included."""

    shared = (masks.LABELMAP, "labels.txt")

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._classes = Numbers(plan.classes)
        self._codes = Numbers([masks.BACKGROUND, *plan.classes])
        self._kinds: dict[str, dict[str, int]] = {}  # id → class → 1, or 0 where all of it is difficult
        self._drawn: list[str] = []
        self._labels = 0

    def add(self, scene: Scene, shot: Shot) -> None:
        ending, data = shot.encoded(self.plan.how, jpeg=True)
        id = self.names.of(self.called(scene, shot))
        self.put(f"JPEGImages/{id}{ending}", data)
        things = self.without_crowds(scene)
        drawn = self.plan.how.masks and (bool(scene.regions) or any(thing.mask is not None for thing in things))
        if drawn:
            self._draw(id, scene, things)
        self.put(f"Annotations/{id}.xml", _xml(id + ending, scene.size, things, drawn))
        kinds = self._kinds.setdefault(id, {})
        for thing in things:
            self._classes.of(thing.name)
            kinds[thing.name] = max(kinds.get(thing.name, 0), int(not thing.difficult))
        self.written.things += len(things)
        self._labels += bool(scene.labels and not scene.objects)
        self.leave_out("captions", len(scene.captions))
        self.leave_out("questions", len(scene.answers))
        self.leave_out("referring expressions", len(scene.referrals))

    def _draw(self, id: str, scene: Scene, things: Sequence[Thing]) -> None:
        whole = np.zeros(scene.size[::-1], np.uint8)
        kinds, which = whole.copy(), whole.copy()
        numbered = [(number, thing) for number, thing in enumerate(things, 1) if thing.mask is not None]
        if len(things) >= VOID:
            self.leave_out("masks beyond 254 in one picture", len(numbered))
            numbered = []
        for crowd in scene.objects:
            if crowd.crowd and crowd.mask is not None:
                kinds[crowd.mask.array()] = which[crowd.mask.array()] = VOID  # it is no background either
        # The nearest is drawn last; of two equally near ones the smaller.
        for number, thing in sorted(numbered, key=lambda pair: (-pair[1].depth, -pair[1].area)):
            assert thing.mask is not None
            shape = thing.mask.array()
            kinds[shape], which[shape] = self._code(thing.name), number
        if scene.regions:
            kinds = self._region_codes(scene.regions)
        self.put(f"SegmentationClass/{id}.png", masks.encode(kinds))
        if numbered:
            self.put(f"SegmentationObject/{id}.png", masks.encode(which))
        self._drawn.append(id)

    def _region_codes(self, regions: Regions) -> npt.NDArray[np.uint8]:
        table = np.full(256, VOID, np.uint8)
        for number in np.unique(regions.ids[regions.ids != VOID]).tolist():
            table[number] = self._code(regions.names[number])
        return table[regions.ids]

    def _code(self, name: str) -> int:
        code = self._codes.of(name)
        if code >= VOID:
            raise BadData(f"has more than {VOID - 1} classes, which VOC's masks cannot tell apart", mend="write without masks")
        return code

    def finish(self) -> None:
        self.leave_out("labels of whole pictures", self._labels)
        if self._labels and not self.written.things:
            what = "holds only labels of whole pictures; as VOC it would be pictures without things"
            raise BadData(what, mend="write it as imagefolder or csv")
        split, ids = self.plan.split, list(self._kinds)
        self.put(f"ImageSets/Main/{split}.txt", "".join(f"{id}\n" for id in ids))
        names = self._classes.names
        if any(UNSAFE.search(name) for name in names):
            self.put("labels.txt", "".join(f"{single_line(name, 'labels.txt')}\n" for name in names))
        else:
            for name in names:
                marks = ((id, self._kinds[id].get(name, -1)) for id in ids)
                self.put(f"ImageSets/Main/{name}_{split}.txt", "".join(f"{id} {mark:2d}\n" for id, mark in marks))
        if self._drawn:
            self.put(f"ImageSets/Segmentation/{split}.txt", "".join(f"{id}\n" for id in self._drawn))
            self.put(masks.LABELMAP, masks.LabelMap.usual(self._codes.names[1:]).text())


def _xml(file: str, size: Size, things: Sequence[Thing], segmented: bool) -> str:
    width, height = size
    head = (
        f"<annotation>\n\t<folder>VOC</folder>\n\t<filename>{_text(file)}</filename>\n"
        f"\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
        f"\t<segmented>{int(segmented)}</segmented>\n"
    )
    return head + "".join(_object(thing, size) for thing in things) + "</annotation>\n"


def _object(thing: Thing, size: Size) -> str:
    (x1, x2), (y1, y2) = (_pixels(thing.box[axis], thing.box[axis + 2], size[axis]) for axis in (0, 1))
    pose = _text(thing.attributes.get("pose", "Unspecified"))
    extra = {name: value for name, value in thing.attributes.items() if name not in ("pose", "area")}
    lines = [
        f"\t\t\t<attribute><name>{_text(name)}</name><value>{_text(value)}</value></attribute>\n" for name, value in extra.items()
    ]
    return (
        f"\t<object>\n\t\t<name>{_text(thing.name)}</name>\n\t\t<pose>{pose}</pose>\n"
        f"\t\t<truncated>{int(thing.truncated)}</truncated>\n\t\t<occluded>{int(thing.occluded)}</occluded>\n"
        f"\t\t<difficult>{int(thing.difficult)}</difficult>\n"
        f"\t\t<bndbox>\n\t\t\t<xmin>{x1}</xmin>\n\t\t\t<ymin>{y1}</ymin>\n\t\t\t<xmax>{x2}</xmax>\n\t\t\t<ymax>{y2}</ymax>\n\t\t</bndbox>\n"
        + (f"\t\t<attributes>\n{''.join(lines)}\t\t</attributes>\n" if lines else "")
        + "\t</object>\n"
    )


def _pixels(low: float, high: float, extent: int) -> tuple[int, int]:
    """The first and the last pixel, from 1, of the nearest run of whole pixels; at least one."""
    first = min(max(math.floor(low + 0.5), 0), extent - 1)
    return first + 1, min(max(math.floor(high + 0.5), first + 1), extent)


def _text(text: str) -> str:
    return escape(NOT_XML.sub("\ufffd", text))
