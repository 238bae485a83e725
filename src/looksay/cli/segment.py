"""looksay segment: which pixels are what."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from looksay.cli.films import Films
from looksay.cli.look import Batch, How, Pictures, Run, folder, storybook_or
from looksay.cli.options import Device, Json, Mode, Model, Offline, Output, Weights
from looksay.errors import BadConfig

if TYPE_CHECKING:
    from looksay.show.look import Look

SEGMENTER, OUTLINER = "fcn-8s", "mask-r-cnn"
DRAWN = 2400  # pixels of a drawing's longer side, at most


class Format(StrEnum):
    pictures = "pictures"
    labels = "labels"
    json = "json"
    csv = "csv"
    cutouts = "cutouts"


class Way(StrEnum):
    slic = "slic"
    graph = "graph"


Semantic = Annotated[bool, typer.Option("--semantic", help="The class of every pixel (as if left out).")]
Instance = Annotated[bool, typer.Option("--instance", help="The pixels of every thing.")]
Superpixels = Annotated[bool, typer.Option("--superpixels", help="Small pieces that keep to edges, without any network.")]
Kind = Annotated[
    Format,
    typer.Option(
        "--format", "-f", help="Of --output: drawn pictures, label maps as PNG, scenes in json, areas in csv, things cut out."
    ),
]
Tile = Annotated[
    int, typer.Option("--tile", min=0, help="See each picture at its own size, in overlapping tiles of so many pixels.")
]
Overlap = Annotated[int, typer.Option("--overlap", min=0, help="Pixels at the edges of tiles that are only seen.")]
Count = Annotated[int, typer.Option("--pieces", min=2, max=100_000, help="How many superpixels, about.")]
Method = Annotated[Way, typer.Option("--by", help="Superpixels around moving centres, or from a graph of differences.")]


def add_to(app: typer.Typer) -> None:
    app.command("segment")(segment)


def segment(
    pictures: Pictures,
    semantic: Semantic = False,
    instance: Instance = False,
    superpixels: Superpixels = False,
    model: Model = "",
    weights: Weights = "shipped",
    output: Output = "",
    format: Kind = Format.pictures,
    tile: Tile = 0,
    overlap: Overlap = 128,
    pieces: Count = 200,
    by: Method = Way.slic,
    batch_size: Batch = 8,
    mode: How = Mode.exact,
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """Which pixels are what? A table of areas for each picture; --output draws them or writes them for other programs."""
    if semantic + instance + superpixels > 1:
        raise BadConfig("one of --semantic, --instance and --superpixels")
    if format != Format.pictures and not output:
        raise BadConfig(f"where shall the {format} go?", where="--format", mend="name a folder with --output")
    if tile and (instance or superpixels):
        raise BadConfig("tiles are for --semantic", where="--tile")
    if format == Format.cutouts and not instance:
        raise BadConfig("only things can be cut out", where="--format", mend="add --instance")
    sink = Sink(output, format)
    if superpixels:
        _cut(pictures, (pieces, by), sink, json, offline)
        return
    run = Run(model or (OUTLINER if instance else SEGMENTER), weights, mode, device, offline)
    if run.looker.system.card.task not in ("segment", "instances"):
        run.is_for("instances" if instance else "segment")
    with sink:
        for found in _tiled(run, pictures, tile, overlap) if tile else run.looks(pictures, batch_size):
            tell(found, json)
            sink.add(found)
    run.finish()
    sink.said(json)


def _tiled(run: Run, pictures: list[str], side: int, overlap: int) -> Iterator[Look]:
    from looksay.cli.bar import bar
    from looksay.data.inputs import shown
    from looksay.nn.segmenter import Segmenter
    from looksay.nn.tiles import in_tiles
    from looksay.scene import Regions, Scene
    from looksay.show.look import Look

    looker, quick = run.looker, run.looker.quick
    if not isinstance(quick, Segmenter):
        raise BadConfig(f"{looker.name} names things, not pixels", where="--tile", mend=f"take --model {SEGMENTER}")
    for item in shown(storybook_or(pictures), offline=run.offline):
        since = time.perf_counter()
        with ExitStack() as stack:
            show = stack.enter_context(bar(f"{item.name}, tile by tile"))
            ids = in_tiles(quick, item.picture, looker.ask, side=side, overlap=overlap, progress=show)
        run.seen += 1
        scene = Scene(ids.shape[::-1], id=item.name, source=item.source, regions=Regions(looker.classes, ids))
        yield Look(item.picture, scene, looker.name, time.perf_counter() - since)


def _cut(pictures: list[str], how: tuple[int, Way], sink: Sink, json: bool, offline: bool) -> None:
    from looksay.data.inputs import shown
    from looksay.ops.superpixels import graph, slic

    count, way = how
    for item in shown(storybook_or(pictures), offline=offline):
        since = time.perf_counter()
        high, wide = item.picture.shape[:2]
        # The graph's pieces grow with its scale; about so many come of it.
        labels = (
            slic(item.picture, count)
            if way == Way.slic
            else graph(item.picture, 40_000 / count, smallest=high * wide // (8 * count))
        )
        made = int(labels.max()) + 1
        spent = 1000 * (time.perf_counter() - since)
        if json:
            print(dumps({"picture": item.name, "size": [wide, high], "pieces": made}))
        else:
            print(f"{item.name}  ({wide} x {high}, {spent:.0f} ms)")
            print(f"  {made:,} pieces of {high * wide / made:.0f} pixels on average")
        sink.pieces(item.name, item.picture, labels)
    sink.said(json)


class Sink:
    """Where what was found goes: a file for each picture in a folder; areas of all pictures in one table."""

    def __init__(self, output: str, format: Format) -> None:
        self.folder, self.format = folder(output), format
        self.films = Films(self.folder, self._drawn) if self.folder else None
        self.names: Any = None
        self.tints: dict[str, Any] = {}
        self.rows = 0

    def __enter__(self) -> Sink:
        return self

    def __exit__(self, *error: Any) -> None:
        if self.films:
            self.films.__exit__(*error)

    def _path(self, name: str, ending: str) -> Path:
        from looksay.data.writing import Names

        assert self.folder is not None
        self.names = self.names or Names()
        return self.folder / f"{self.names.of(Path(name).stem)}{ending}"

    def add(self, found: Look) -> None:
        if not self.folder:
            return
        if self.format == Format.json:
            found.save(self._path(found.name, ".json"))
        elif self.format == Format.csv:
            self._areas(found)
        elif self.format == Format.labels:
            _write(self._path(found.name, ".png"), label_map(found))
        elif self.format == Format.cutouts:
            from looksay.show.instances import cutouts

            for number, (thing, part) in enumerate(cutouts(found.picture, found.scene), 1):
                _write(self._path(f"{Path(found.name).stem}-{number}-{thing.name}.png", ".png"), part)
        elif self.films:
            self.films.add(found)

    def _drawn(self, found: Look, words: bool) -> Any:
        """Things each in a colour of its own, the same in all frames of a video."""
        from looksay.show.draw import draw
        from looksay.show.instances import Tints

        found = smaller(found)
        film = found.scene.source.rpartition("#")[0]
        tints = self.tints.setdefault(film, Tints()) if film else Tints()
        return draw(found.picture, found.scene, words=words, tints=tints(found.scene))

    def _areas(self, found: Look) -> None:
        from looksay.measure.areas import areas

        rows = [(found.name, *row) for row in areas(found.scene)]
        self._table(("picture", "class", "pixels", "share", "perimeter", "count"), rows)

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
            self._table(("picture", *rows[0]._fields), [(name, *row) for row in rows])
        else:
            from looksay.disk import write_atomically

            said = {"picture": name, "size": list(labels.shape[::-1]), "pieces": [row._asdict() for row in rows]}
            write_atomically(self._path(name, ".json"), dumps(said).encode())

    def _table(self, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        import csv

        assert self.folder is not None
        with open(self.folder / "areas.csv", "a" if self.rows else "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([head, *rows] if not self.rows else rows)
        self.rows += len(rows) + 1

    def said(self, json: bool) -> None:
        if self.folder:
            print(f"results: {self.folder}", file=sys.stderr if json else sys.stdout)


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


def label_map(found: Look) -> Any:
    """Numbers of classes, 255 void; of things, where pixels have no names, their place in the list from 1, the nearest on top."""
    import numpy as np

    if found.regions:
        return np.asarray(found.regions.ids)
    numbers = np.zeros(found.scene.size[::-1], np.uint16)
    for number, thing in reversed(list(enumerate(found.objects, 1))):
        if thing.mask is not None:
            numbers[thing.mask.array()] = number
    return numbers


def _write(path: Path, array: Any) -> None:
    import io

    from PIL import Image

    from looksay.disk import write_atomically

    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    write_atomically(path, out.getvalue())


def tell(found: Look, json: bool) -> None:
    if json:
        print(found.to_json())
        return
    from looksay.measure.areas import areas, lines

    print(f"{found.name}  ({found.scene.size[0]} x {found.scene.size[1]}, {found.seconds * 1000:.0f} ms)")
    print("\n".join(lines(areas(found.scene))))
    for line in found.warnings:
        print(f"  note: {line}")
