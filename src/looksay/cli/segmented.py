"""Where goes what `looksay segment` has found: drawings, label maps, tables, cut-outs, files of other tools."""

from __future__ import annotations

import sys
from enum import StrEnum
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from looksay.cli.films import Films
from looksay.cli.look import folder
from looksay.errors import BadConfig

if TYPE_CHECKING:
    from looksay.show.instances import Tints
    from looksay.show.look import Look

DRAWN = 2400  # pixels of a drawing's longer side, at most
LEGEND = "class_dict.csv"  # which readers of label pictures know, ours too


class Format(StrEnum):
    pictures = "pictures"
    labels = "labels"
    json = "json"
    csv = "csv"
    cutouts = "cutouts"
    coco = "coco"


class Sink:
    """A file for each picture in a folder, a table of all pictures, or one file of COCO's results. Every file is whole or not
    there: what grows from picture to picture stands in a file with .part at its end until all is done."""

    def __init__(self, output: str, format: Format, classes: tuple[str, ...] = (), data: str = "") -> None:
        self.folder = folder(output) if format != Format.coco else None
        self.output, self.format, self.classes = output, format, classes
        self.films = Films(self.folder, self._drawn) if self.folder else None
        self.names: Any = None
        self.film = ""
        self.tints: Tints | None = None  # whose things are remembered: of one film at a time
        self.table: Table | None = None
        self.answers: Any = None
        if format == Format.coco:
            from looksay.data import source
            from looksay.data.answers import Answers
            from looksay.data.ids import Ids

            ids = Ids.of(source.open(data, classes=classes)) if data else None
            self.answers = Answers(output, format, classes, ids)

    def __enter__(self) -> Sink:
        if self.answers:
            self.answers.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        for part in (self.films, self.answers, self.table):
            if part:
                part.__exit__(*error)

    def _path(self, name: str, ending: str) -> Path:
        from looksay.data.writing import Names

        assert self.folder is not None
        self.names = self.names or Names()
        return self.folder / f"{self.names.of(Path(name).stem)}{ending}"

    def add(self, found: Look) -> None:
        if self.answers:
            self.answers.add(found.scene)
        elif not self.folder:
            return
        elif self.format == Format.json:
            found.save(self._path(found.name, ".json"))
        elif self.format == Format.csv:
            self._areas(found)
        elif self.format == Format.labels:
            self._labels(found)
        elif self.format == Format.cutouts:
            from looksay.show.instances import cutouts

            for number, (thing, part) in enumerate(cutouts(found.picture, found.scene), 1):
                _write(self._path(f"{Path(found.name).stem}-{number}-{thing.name}.png", ".png"), part)
        elif self.films:
            self.films.add(found)

    def _drawn(self, found: Look, words: bool) -> Any:
        """Things each in a colour of its own, the same in all frames of a video."""
        from looksay.show.draw import draw

        found = smaller(found)
        return draw(found.picture, found.scene, words=words, tints=self.coloured(found))

    def coloured(self, found: Look) -> tuple[tuple[int, int, int], ...]:
        """A colour for each thing; in a film, the one that it had before."""
        from looksay.show.instances import Tints

        film = film_of(found)
        if self.tints is None or not film or film != self.film:
            self.film, self.tints = film, Tints()
        return self.tints(found.scene)

    def _labels(self, found: Look) -> None:
        """Numbers of classes in their colours, with the legend beside them; of things, numbers of 16 bits with a table."""
        from looksay.data.masks import encode
        from looksay.disk import write_atomically

        if not found.regions:
            path = self._path(found.name, ".png")
            _write(path, numbered(found))
            rows = [(path.name, number, thing.name, f"{thing.score:.4f}") for number, thing in enumerate(found.objects, 1)]
            self._rows("things.csv", ("file", "number", "name", "score"), rows)
            return
        assert self.folder is not None
        if self.names is None:  # the first picture
            write_atomically(self.folder / LEGEND, legend_of(found.regions.names).encode())
        write_atomically(self._path(found.name, ".png"), encode(found.regions.ids, palette(found.regions.names)))

    def _areas(self, found: Look) -> None:
        from looksay.measure.areas import areas

        rows = [(found.name, *row) for row in areas(found.scene)]
        self._rows("areas.csv", ("picture", "class", "pixels", "share", "perimeter", "count"), rows)

    def pieces(self, name: str, picture: Any, labels: Any) -> None:
        import numpy as np

        from looksay.show.pieces import draw_pieces

        if not self.folder:
            return
        if self.format == Format.pictures:
            longest = max(labels.shape)
            _write(self._path(name, ".png"), draw_pieces(picture, labels, DRAWN / longest if longest > DRAWN else None))
        elif self.format == Format.labels:
            if int(labels.max()) > 65_535:
                raise BadConfig(
                    f"{int(labels.max()) + 1:,} pieces are too many for a PNG", where="--pieces", mend="ask for fewer"
                )
            _write(self._path(name, ".png"), labels.astype(np.uint16))
        else:
            self._described(name, picture, labels)

    def _described(self, name: str, picture: Any, labels: Any) -> None:
        from looksay.measure.areas import measured

        rows = measured(picture, labels)
        if self.format == Format.csv:
            self._rows("areas.csv", ("picture", *rows[0]._fields), [(name, *row) for row in rows])
        else:
            from looksay.disk import write_atomically

            said = {"picture": name, "size": list(labels.shape[::-1]), "pieces": [row._asdict() for row in rows]}
            write_atomically(self._path(name, ".json"), dumps(said).encode())

    def _rows(self, file: str, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        assert self.folder is not None
        self.table = self.table or Table(self.folder / file, head)
        self.table.add(rows)

    def said(self, json: bool) -> None:
        if self.output:
            print(f"results: {self.output}", file=sys.stderr if json else sys.stdout)


class Table:
    """Rows into a CSV file, as they come."""

    def __init__(self, path: Path, head: tuple[str, ...]) -> None:
        self.path, self.part = path, path.with_name(f"{path.name}.part")
        self.part.unlink(missing_ok=True)
        self.add([head])

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        import csv

        from looksay.errors import DiskTrouble

        try:
            with open(self.part, "a", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
        except OSError as error:
            what = f"cannot be written: {error.strerror}"
            raise DiskTrouble(what, where=str(self.path), mend="make room or choose another folder") from None

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            self.part.replace(self.path)


def film_of(found: Look) -> str:
    """What the frames of a film have in common: the video, or for numbered pictures of a folder (walk_001.png) all of their path
    but the number, and their size. '' for a picture alone."""
    film, mark, frame = found.scene.source.rpartition("#")
    if mark and frame.isdigit():
        return film
    path = Path(found.scene.source)
    name = path.stem.rstrip("0123456789")
    return f"{path.parent / name}*{path.suffix} {found.scene.size}" if name != path.stem else ""


def smaller(found: Look) -> Look:
    """No longer than a drawing may be, so that drawing takes no more memory than looking did."""
    from dataclasses import replace

    import cv2

    from looksay.scene import Regions

    longest = max(found.scene.size)
    if longest <= DRAWN or found.objects:
        return found
    wide, high = (max(1, round(side * DRAWN / longest)) for side in found.scene.size)
    picture = cv2.resize(found.picture, (wide, high), interpolation=cv2.INTER_AREA)
    ids = cv2.resize(found.regions.ids, (wide, high), interpolation=cv2.INTER_NEAREST_EXACT)
    scene = replace(found.scene, size=(wide, high), regions=Regions(found.regions.names, ids.astype("uint8")))
    return replace(found, picture=picture.astype("uint8"), scene=scene)


def numbered(found: Look) -> Any:
    """The place of each thing in the list from 1, the surest on top; 0 where there is none."""
    import numpy as np

    numbers = np.zeros(found.scene.size[::-1], np.uint16)
    for number, thing in reversed(list(enumerate(found.objects, 1))):
        if thing.mask is not None:
            numbers[thing.mask.array()] = number
    return numbers


def palette(names: tuple[str, ...]) -> Any:
    """(256, 3): the colours in which classes are drawn, where no other class has taken them, else free ones of VOC's, so that
    each class has a colour of its own; the last is void's."""
    import numpy as np

    from looksay.data.masks import PALETTE, VOID_COLOURS
    from looksay.show.palette import colours

    drawn = colours(names)
    taken: set[tuple[int, int, int]] = {VOID_COLOURS[0]}
    free = iter(tuple(row) for row in PALETTE[1:].tolist())
    table = np.zeros((256, 3), np.uint8)
    for number, name in enumerate(names):
        tint = drawn[name]
        while tint in taken:
            tint = next(free)
        taken.add(tint)
        table[number] = tint
    table[255] = VOID_COLOURS[0]
    return table


def legend_of(names: tuple[str, ...]) -> str:
    """name,r,g,b and the number of each class."""
    import csv
    import io

    from looksay.scene import VOID

    out, table = io.StringIO(), palette(names)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "r", "g", "b", "number"))
    rows = [*enumerate(names), (VOID, "void")]
    writer.writerows((name, *table[number].tolist(), number) for number, name in rows)
    return out.getvalue()


def _write(path: Path, array: Any) -> None:
    import io

    from PIL import Image

    from looksay.disk import write_atomically

    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    write_atomically(path, out.getvalue())
