"""YOLO's folders: images/<split>, labels/<split> and data.yaml."""

from __future__ import annotations

from looksay.data import yamlfile
from looksay.data.outline import polygon
from looksay.data.writing import Numbers, Plan, Shot, Writer
from looksay.errors import BadData
from looksay.scene import Scene, Size, Thing


class YoloWriter(Writer):
    """A picture's things become polygons where all of them have masks, boxes otherwise: programs take a file for either."""

    shared = ("data.yaml",)
    splits = ("train", "val", "test")

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._classes = Numbers(plan.classes)
        self._labels = 0

    def add(self, scene: Scene, shot: Shot) -> None:
        ending, data = shot.encoded(self.plan.how)
        stem = self.names.of(self.called(scene, shot))
        self.put(f"images/{self.plan.split}/{stem}{ending}", data)
        things = self.without_crowds(scene)
        masked = self.plan.how.masks and all(thing.mask is not None and thing.mask.area for thing in things)
        lines = [f"{self._classes.of(thing.name)} {_outline(thing) if masked else _box(thing, scene.size)}\n" for thing in things]
        self.put(f"labels/{self.plan.split}/{stem}.txt", "".join(lines))
        self.written.things += len(things)
        self._labels += bool(scene.labels and not scene.objects)
        self.leave_out("captions", len(scene.captions))
        self.leave_out("questions", len(scene.answers))
        self.leave_out("referring expressions", len(scene.referrals))
        self.leave_out("maps of regions", bool(scene.regions))
        self.leave_out("marks as difficult", sum(thing.difficult for thing in things))
        if not masked and self.plan.how.masks:
            self.leave_out("masks beside boxes without one", sum(thing.mask is not None for thing in things))

    def finish(self) -> None:
        self.leave_out("labels of whole pictures", self._labels)
        if self._labels and not self.written.things:
            what = "holds only labels of whole pictures; as YOLO it would be pictures without things"
            raise BadData(what, mend="write it as imagefolder or csv")
        splits = [*self.plan.earlier, self.plan.split]
        lines = [f"{split}: images/{split}\n" for split in self.splits if split in splits]
        names = [f"  {number}: {yamlfile.quoted(name)}\n" for number, name in enumerate(self._classes.names)]
        self.put("data.yaml", f"# paths are relative to this file\n{''.join(lines)}\nnc: {len(names)}\nnames:\n{''.join(names)}")


def _box(thing: Thing, size: Size) -> str:
    x1, y1, x2, y2 = thing.box
    width, height = size
    values = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return " ".join(f"{value:.8g}" for value in values)


def _outline(thing: Thing) -> str:
    assert thing.mask is not None
    width, height = thing.mask.size
    return " ".join(f"{x / width:.8g} {y / height:.8g}" for x, y in polygon(thing.mask.array()))
