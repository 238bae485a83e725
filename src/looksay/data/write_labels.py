"""Label folders with a table of names, and masks of instance numbers."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.data import label_tables
from looksay.data.idmasks import STEP
from looksay.data.masks import BACKGROUND
from looksay.data.writing import Numbers, Plan, Shot, Writer, single_line
from looksay.errors import BadData
from looksay.scene import VOID, Regions, Scene


def _grey(codes: npt.NDArray[np.integer]) -> bytes:
    """A PNG of 8 bits, or of 16 where numbers need them."""
    kind = np.uint16 if int(codes.max(initial=0)) > 255 else np.uint8
    out = io.BytesIO()
    Image.fromarray(codes.astype(kind)).save(out, "PNG")
    return out.getvalue()


class LabelWriter(Writer):
    """images/<split>/<id>, labels/<split>/<id>.png with the numbers of the names in classes.txt, 255 for void."""

    shared = ("classes.txt",)

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        earlier = label_tables.table_of(plan.folder.parent)
        self._numbers = Numbers(earlier.names if earlier is not None else ())

    def add(self, scene: Scene, shot: Shot) -> None:
        regions = scene.regions or _from_masks(scene, self.plan.classes)
        if not regions:
            self.leave_out("pictures without regions")
            self.written.pictures -= 1
            return
        ending, data = shot.encoded(self.plan.how)
        id = self.names.of(self.called(scene, shot))
        table = np.full(256, VOID, np.uint8)
        for number, name in enumerate(regions.names):
            table[number] = self._number(name, scene.id)
        self.put(f"images/{self.plan.split}/{id}{ending}", data)
        self.put(f"labels/{self.plan.split}/{id}.png", _grey(table[regions.ids]))
        self.leave_out("things", len(scene.objects))
        self.leave_out("captions", len(scene.captions))

    def _number(self, name: str, where: str) -> int:
        number = self._numbers.of(name)
        if number >= VOID or not label_tables.known_as(name):
            what = f"the class {name!r} means void" if number < VOID else f"has more than {VOID} classes"
            raise BadData(what, where=where or None, mend="call it otherwise" if number < VOID else "take fewer")
        return number

    def finish(self) -> None:
        if not self._numbers.names:
            raise BadData("not one picture says what its pixels are", mend="write it in another format")
        lines = [f"{number} {single_line(name, 'classes.txt')}\n" for name, number in self._numbers.table.items()]
        self.put("classes.txt", "".join(lines))


def _from_masks(scene: Scene, classes: Sequence[str]) -> Regions:
    """What things with masks cover, background elsewhere and void in crowds; nothing where one has no mask."""
    if any(thing.mask is None for thing in scene.objects):
        return Regions()
    names = tuple(dict.fromkeys([BACKGROUND, *classes, *(thing.name for thing in scene.objects)]))[:VOID]
    ids = np.zeros(scene.size[::-1], np.uint8)
    for thing in sorted(scene.objects, key=lambda thing: (not thing.crowd, -thing.depth, -thing.area)):
        if thing.mask is not None:
            ids[thing.mask.array()] = VOID if thing.crowd else names.index(thing.name)
    return Regions(names, ids)


class IdMaskWriter(Writer):
    """<split>/images/<id>, <split>/masks/<id>_mask.png: in every pixel the number of its thing, the nearest on top. It is 1, 2,
    3 … in a set of one class, else 1000 times the number of its class in classes.txt and counted from 0 within it."""

    shared = ("classes.txt",)

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        earlier = label_tables.table_of(plan.folder.parent)
        self._kinds = Numbers([*(earlier.names if earlier is not None else ()), *plan.classes])
        self._several = len(self._kinds.names) != 1  # as far as is known before the pictures come

    def add(self, scene: Scene, shot: Shot) -> None:
        things = self.without_crowds(scene)
        codes = np.zeros(scene.size[::-1], np.int64)
        seen: Counter[int] = Counter()
        numbered = []
        for thing in things:
            if thing.mask is not None:
                kind = self._kinds.of(thing.name)
                numbered.append((self._code(kind, seen[kind], scene.id), thing, thing.mask))
                seen[kind] += 1
        for code, _, mask in sorted(numbered, key=lambda row: (-row[1].depth, -row[1].area)):
            codes[mask.array()] = code
        ending, data = shot.encoded(self.plan.how)
        id = self.names.of(self.called(scene, shot))
        self.put(f"{self.plan.split}/images/{id}{ending}", data)
        self.put(f"{self.plan.split}/masks/{id}_mask.png", _grey(codes))
        self.written.things += len(numbered)
        self.leave_out("things without a mask", len(things) - len(numbered))
        self.leave_out("captions", len(scene.captions))

    def _code(self, kind: int, before: int, id: str) -> int:
        if self._several:
            code, fits = (kind + 1) * STEP + before, before < STEP
        else:
            code, fits = before + 1, kind == 0
        if code >= 1 << 16 or not fits:
            what = "has more classes or things than the numbers of such masks can tell apart"
            raise BadData(what, where=id or None, mend="write it as coco")
        return code

    def finish(self) -> None:
        if not self._kinds.names:
            raise BadData("not one thing has a mask", mend="write it in another format")
        lines = [f"{number} {single_line(name, 'classes.txt')}\n" for number, name in enumerate(self._kinds.names, 1)]
        self.put("classes.txt", "".join(lines))
