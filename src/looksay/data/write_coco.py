"""COCO's files: instances_<split>.json with masks as run lengths, and captions_<split>.json where there are captions; only these
where there are no classes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from looksay.data import rle
from looksay.data.coco_table import read_table
from looksay.data.writing import Plan, Shot, Writer
from looksay.errors import BadData
from looksay.scene import Caption, Scene, Thing

LISTS = ("instances", "captions")
FLAGS = ("difficult", "truncated", "occluded")


@dataclass
class Ids:
    """Original ids where they are numbers that nobody else has, new ones for the rest. All are known only at the end."""

    found: list[int | None]
    taken: set[int]

    @classmethod
    def none(cls, taken: Iterable[int] = ()) -> Ids:
        return cls([], set(taken))

    def enter(self, id: str) -> None:
        number = int(id) if id.isascii() and id.isdigit() and len(id) < 18 else None
        if number is None or number in self.taken:
            self.found.append(None)
        else:
            self.taken.add(number)
            self.found.append(number)

    def all(self) -> Iterator[int]:
        """In the order in which they were entered."""
        fresh = max(self.taken, default=0)
        for number in self.found:
            if number is None:
                fresh += 1
            yield fresh if number is None else number


class Lines:
    """Annotations on their way into a list: without ids, one on each line of a file, so that memory does not grow with them."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.ids, self.images = file, Ids.none(), list[int]()

    def add(self, id: str, image: int, rest: dict[str, Any]) -> None:
        self.ids.enter(id)
        self.images.append(image)
        self.file.write(json.dumps(rest, ensure_ascii=False)[1:] + "\n")


class CocoWriter(Writer):
    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._images, self._image_ids = list[dict[str, Any]](), Ids.none(self._earlier_images())
        self._categories = dict(plan.category_ids)
        self._labels = 0
        self.files = [(plan.folder / f"{name}.lines").open("w+", encoding="utf-8") for name in LISTS]
        self._lines = {name: Lines(file) for name, file in zip(LISTS, self.files, strict=True)}
        for name in plan.classes:
            self._category(name)

    def _earlier_images(self) -> Iterator[int]:
        """The ids in the splits that are there already: a number should mean one picture in all of them."""
        folder = self.plan.folder.parent
        for path in sorted(path for name in LISTS for path in folder.glob(f"annotations/{name}_*.json")):
            ids = (image.get("id") for _, image in read_table(path).images)
            yield from (id for id in ids if isinstance(id, int))

    def _category(self, name: str) -> int:
        return self._categories.setdefault(name, max(self._categories.values(), default=0) + 1)

    def add(self, scene: Scene, shot: Shot) -> None:
        ending, data = shot.encoded(self.plan.how)
        name = self.names.of(self.called(scene, shot)) + ending
        self.put(f"{self.plan.split}/{name}", data)
        image = len(self._images)
        self._image_ids.enter(scene.id)
        self._images.append({"file_name": name, "width": scene.size[0], "height": scene.size[1]})
        for thing in scene.objects:
            self._lines["instances"].add(thing.id, image, self._thing(thing))
        for caption in scene.captions:
            self._lines["captions"].add(caption.id, image, _caption(caption))
        self.written.things += len(scene.objects)
        self._labels += bool(scene.labels and not scene.objects)
        self.leave_out("maps of regions", bool(scene.regions))
        self.leave_out("questions", len(scene.answers))
        self.leave_out("referring expressions", len(scene.referrals))

    def _thing(self, thing: Thing) -> dict[str, Any]:
        x1, y1, x2, y2 = thing.box
        flags = {flag: True for flag in FLAGS if getattr(thing, flag)}
        extra = {name: value for name, value in thing.attributes.items() if name != "area"}
        mask = thing.mask if self.plan.how.masks else None
        shape = {"size": [mask.size[1], mask.size[0]], "counts": rle.packed(mask)} if mask is not None else []
        return {
            "category_id": self._category(thing.name),
            "bbox": [_tidy(value) for value in (x1, y1, x2 - x1, y2 - y1)],
            "area": _area(thing),
            "iscrowd": int(thing.crowd),
            "segmentation": shape,
            **({"attributes": flags | extra} if flags or extra else {}),
        }

    def finish(self) -> None:
        self.leave_out("labels of whole pictures", self._labels)
        if self._labels and not self.written.things and not self._lines["captions"].images:
            what = "holds only labels of whole pictures, which COCO has no place for"
            raise BadData(what, mend="write it as imagefolder or csv")
        head = {"info": {"description": f"{self.plan.split}, written by looksay"}, "licenses": []}
        ids = list(self._image_ids.all())
        images = [{"id": id, **image} for id, image in zip(ids, self._images, strict=True)]
        categories = [{"id": id, "name": name, "supercategory": ""} for name, id in self._categories.items()]
        for name, lines in self._lines.items():
            if name == "captions" and not lines.images:
                continue
            if name == "instances" and not self._categories and self._lines["captions"].images:
                continue
            path = self.plan.folder / "annotations" / f"{name}_{self.plan.split}.json"
            path.parent.mkdir(exist_ok=True)
            with path.open("w", encoding="utf-8") as file:
                file.write(json.dumps({**head, "images": images}, ensure_ascii=False)[:-1])
                if name == "instances":
                    file.write(f', "categories": {json.dumps(categories, ensure_ascii=False)}')
                file.write(', "annotations": [')
                lines.file.seek(0)
                for number, (id, image, rest) in enumerate(zip(lines.ids.all(), lines.images, lines.file, strict=True)):
                    file.write(f'{"," if number else ""}\n{{"id": {id}, "image_id": {ids[image]}, {rest.rstrip()}')
                file.write("]}\n")
        self.close()
        for name in self._lines:
            (self.plan.folder / f"{name}.lines").unlink()


def _caption(caption: Caption) -> dict[str, Any]:
    return {"caption": caption.text, **({} if caption.language == "en" else {"language": caption.language})}


def _area(thing: Thing) -> float:
    """The official one where the thing came with it."""
    try:
        return _tidy(float(thing.attributes["area"]))
    except (KeyError, ValueError):
        return _tidy(thing.area)


def _tidy(value: float) -> float:
    """Without the noise of subtraction: 57.75, not 57.74999999999997."""
    rounded = round(value, 6)
    return int(rounded) if rounded.is_integer() else rounded
