"""The plain formats: folders of classes, tables, and the fixed small pictures of MNIST and CIFAR."""

from __future__ import annotations

import csv
import gzip
import io
import struct

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.data.csvfile import CAPTIONS
from looksay.data.write_captions import caption_table
from looksay.data.writing import UNSAFE, Names, Numbers, Plan, Shot, Writer, single_line
from looksay.errors import BadData
from looksay.scene import Objects, Scene

DIGITS = tuple("0123456789")


class FolderWriter(Writer):
    """<split>/<subject>/<id>; what has no label is left out."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._names: dict[str, Names] = {}

    def add(self, scene: Scene, shot: Shot) -> None:
        if not scene.labels:
            self.leave_out("pictures without a label")
            self.written.pictures -= 1
            return
        label = scene.labels[0].name
        if UNSAFE.search(label) or label.startswith(".") or label != label.strip():
            raise BadData(f"the class {label!r} cannot be the name of a folder", where=scene.id or None, mend="call it otherwise")
        ending, data = shot.encoded(self.plan.how)
        stem = self._names.setdefault(label, Names()).of(self.called(scene, shot), short=True)
        self.put(f"{self.plan.split}/{label}/{stem}{ending}", data)
        self.leave_out("further labels", len(scene.labels) - 1)
        self.leave_out("things", len(scene.objects))
        self.leave_out("captions", len(scene.captions))

    def finish(self) -> None:
        if not self._names:
            raise BadData("not one picture has a label", mend="write it in another format")


class CsvWriter(Writer):
    """<split>.csv with a heading: path,x1,y1,x2,y2,label where there are things, else path,label. Captions stand in
    captions_<split>.csv, or in <split>.csv where there is nothing else: path,id,caption_id,caption, with their language if it is
    not English."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._rows: list[tuple[str, Scene]] = []

    def add(self, scene: Scene, shot: Shot) -> None:
        ending, data = shot.encoded(self.plan.how)
        name = f"{self.plan.split}/{self.names.of(self.called(scene, shot))}{ending}"
        self.put(name, data)
        things = self.without_crowds(scene)
        kept = Scene(scene.size, scene.id, labels=scene.labels, objects=Objects(tuple(things)), captions=scene.captions)
        self._rows.append((name, kept))
        self.written.things += len(things)
        self.leave_out("masks", sum(thing.mask is not None for thing in things))

    def finish(self) -> None:
        bare = not any(len(scene.objects) or len(scene.labels) for _, scene in self._rows)
        said = any(scene.captions for _, scene in self._rows)
        if said:
            self.put(f"{'' if bare else CAPTIONS}{self.plan.split}.csv", caption_table(self._rows))
        if not said or not bare:
            self._table()

    def _table(self) -> None:
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        boxed = any(len(scene.objects) for _, scene in self._rows)
        table.writerow(["path", "x1", "y1", "x2", "y2", "label"] if boxed else ["path", "label"])
        for name, scene in self._rows:
            if boxed:
                rows = [[name, *(f"{edge:.10g}" for edge in thing.box), thing.name] for thing in scene.objects]
                table.writerows(rows or [[name, "", "", "", "", ""]])
            else:
                table.writerows([[name, label.name] for label in scene.labels] or [[name, ""]])
        self.put(f"{self.plan.split}.csv", out.getvalue())


class SmallWriter(Writer):
    """Pictures of one size in one file; others are shrunk or stretched to it."""

    side = 0
    splits = ("train", "test")

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._classes = Numbers(plan.classes)
        self.labels = bytearray()
        self.pixels = bytearray()

    def add(self, scene: Scene, shot: Shot) -> None:
        if not scene.labels:
            self.leave_out("pictures without a label")
            self.written.pictures -= 1
            return
        number = self._classes.of(single_line(scene.labels[0].name, scene.id))
        if number > 255:
            raise BadData("has more than 256 classes, which are numbered in one byte")
        self.labels.append(number)
        image = Image.fromarray(shot.look())
        if image.size != (self.side, self.side):
            image = image.resize((self.side, self.side), Image.Resampling.LANCZOS, reducing_gap=3.0)
            self.leave_out("pictures in their own size")
        self.pixels += self.bytes_of(image)
        self.leave_out("further labels", len(scene.labels) - 1)
        self.leave_out("things", len(scene.objects))
        self.leave_out("captions", len(scene.captions))

    def bytes_of(self, image: Image.Image) -> bytes:
        raise NotImplementedError

    def class_lines(self) -> str:
        return "".join(f"{name}\n" for name in self._classes.names)


class MnistWriter(SmallWriter):
    """Grey, 28 × 28; labels.txt names the classes where they are not the digits."""

    side = 28
    shared = ("labels.txt",)

    def bytes_of(self, image: Image.Image) -> bytes:
        return image.convert("L").tobytes()

    def finish(self) -> None:
        stem = {"train": "train", "test": "t10k"}[self.plan.split]
        count = len(self.labels)
        self.put(f"{stem}-images-idx3-ubyte.gz", _idx(self.pixels, (count, self.side, self.side)))
        self.put(f"{stem}-labels-idx1-ubyte.gz", _idx(self.labels, (count,)))
        if self._classes.names != DIGITS:
            self.put("labels.txt", self.class_lines())


class CifarWriter(SmallWriter):
    """The binary version of CIFAR-10: a byte for the class, then 32 × 32 of red, of green and of blue."""

    side = 32
    shared = ("batches.meta.txt",)

    def bytes_of(self, image: Image.Image) -> bytes:
        planes: npt.NDArray[np.uint8] = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
        return planes.tobytes()

    def finish(self) -> None:
        kinds = np.frombuffer(bytes(self.labels), np.uint8)[:, None]
        rows = np.concatenate([kinds, np.frombuffer(bytes(self.pixels), np.uint8).reshape(len(kinds), -1)], axis=1)
        if self.plan.split == "test":
            self.put("test_batch.bin", rows.tobytes())
        else:
            for start in range(0, len(rows), 10_000):
                self.put(f"data_batch_{start // 10_000 + 1}.bin", rows[start : start + 10_000].tobytes())
        self.put("batches.meta.txt", self.class_lines())


def _idx(data: bytearray, shape: tuple[int, ...]) -> bytes:
    head = bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape)
    return gzip.compress(head + bytes(data), mtime=0)
