"""COCO's results format, which the official scorers read: a list of things seen, or of captions, with the original ids."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from looksay.data import rle
from looksay.data.coco_table import Notes, Table, box_of, box_of_mask, id_key, id_text, image_id
from looksay.data.jsonfile import JsonFile
from looksay.errors import BadData, BadValue, DiskTrouble
from looksay.scene import Caption, Objects, Scene, Thing

if TYPE_CHECKING:
    from looksay.data.coco import Coco

# COCO's eighty kinds; their numbers run from 1 to 90 with gaps.
KINDS = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light", "fire hydrant",
    "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe",
    "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat",
    "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl",
    "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave",
    "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
GAPS = frozenset((12, 26, 29, 30, 45, 66, 68, 69, 71, 83))
OFFICIAL = dict(zip(KINDS, (number for number in range(1, 91) if number not in GAPS), strict=True))


def write_results(scenes: Iterable[Scene], path: Path, dataset: Coco | None = None) -> int:
    """The things of the scenes, with box, score and mask; captions where a scene has nothing else. Returns their number.

    Classes get the numbers of `dataset`, without one the official numbers of COCO. The file is renamed into place when it is
    whole. Raises BadData for a class without a number and for a mixture of things and captions, which no scorer takes.
    """
    numbers = dict(dataset.category_ids) if dataset is not None else OFFICIAL
    part = path.with_name(f"{path.name}.part")
    count, kinds = 0, set[str]()
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write("[")
            for scene in scenes:
                for entry in _entries(scene, numbers):
                    kinds.add("captions" if "caption" in entry else "things")
                    file.write(("," if count else "") + "\n" + json.dumps(entry, ensure_ascii=False))
                    count += 1
            file.write("]\n")
            file.flush()
            os.fsync(file.fileno())
        if len(kinds) > 1:
            raise BadData("would mix things and captions", where=str(path), mend="write them to two files")
        os.replace(part, path)
    except OSError as error:
        raise DiskTrouble(f"cannot be written: {error.strerror or error}", where=str(path)) from None
    finally:
        part.unlink(missing_ok=True)
    return count


def _entries(scene: Scene, numbers: dict[str, int]) -> Iterator[dict[str, Any]]:
    image = image_id(scene.id)
    for thing in scene.objects:
        if thing.name not in numbers:
            mend = "give the data set, whose numbers count"
            raise BadData(f"the class {thing.name!r} has no number", where=f"scene {scene.id}", mend=mend)
        x1, y1, x2, y2 = thing.box
        box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "score": thing.score}
        mask = thing.mask
        shape = {"segmentation": {"size": [mask.size[1], mask.size[0]], "counts": rle.packed(mask)}} if mask is not None else {}
        yield {"image_id": image, "category_id": numbers[thing.name], **box, **shape}
    if not scene.objects:
        yield from ({"image_id": image, "caption": caption.text} for caption in scene.captions[:1])


class Results(Sequence[Scene]):
    """One Scene for each picture of the data set, in its order, made when it is asked for. Boxes are not clipped."""

    def __init__(self, path: Path, dataset: Coco) -> None:
        self.path, self.dataset = path, dataset
        self._names = {number: name for name, number in dataset.category_ids.items()}
        table = Table(JsonFile(path))
        for key, place, start, value in table.file.walk():
            if key or not isinstance(value, dict):
                raise BadData("is not a list of results", where=str(path), mend="[{image_id, category_id, bbox, score}, …]")
            table.owners.append(id_text(value.get("image_id")))
            table.places.append(place)
            table.starts.append(start)
        self._notes = Notes(table, {dataset.name(index): index for index in range(len(dataset))}, "result")
        if table.problems:
            raise table.problems[0]

    def __len__(self) -> int:
        return len(self.dataset)

    @overload
    def __getitem__(self, index: int) -> Scene: ...
    @overload
    def __getitem__(self, index: slice) -> list[Scene]: ...
    def __getitem__(self, index: int | slice) -> Scene | list[Scene]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        size = self.dataset.extent(index)
        things, captions = list[Thing](), list[Caption]()
        for where, found in self._notes[index]:
            if "caption" in found:
                captions.append(Caption(str(found["caption"])))
            else:
                things.append(self._thing(found, size, where))
        return Scene(size, id=self.dataset.name(index), objects=Objects(tuple(things)), captions=tuple(captions))

    def _thing(self, found: dict[str, Any], size: tuple[int, int], where: str) -> Thing:
        number, score = found.get("category_id"), found.get("score")
        if id_key(number) is None or number not in self._names:
            raise BadData(f"the category {number!r:.40} is not one of the data set's", where=where)
        if isinstance(score, bool) or not isinstance(score, (int, float)):
            raise BadData(f"has the score {score!r:.40}", where=where, mend="a number between 0 and 1")
        mask = rle.mask_of(found.get("segmentation"), size, where)
        box = box_of(found, where) or (mask.box() if mask is not None else None) or box_of_mask(found, size, where)
        try:
            thing = Thing(self._names[number], box, float(score), id=str(found.get("id", "")))
        except BadValue as error:
            raise BadData(error.what, where=where, mend=error.mend) from None
        return replace(thing, mask=mask)


def read_results(path: Path, dataset: Coco) -> Results:
    """Predictions in COCO's results format, for the pictures of `dataset`. Raises BadData with the place in the list."""
    return Results(path, dataset)
