"""looksay segment: which pixels are what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer

from looksay.cli.detect import Sure, Truth
from looksay.cli.look import Batch, How, Pictures, Run, storybook_or
from looksay.cli.options import Device, Json, Mode, Model, Offline, Output, Weights
from looksay.cli.segmented import Format, Sink
from looksay.defaults import OUTLINER, SEGMENTER
from looksay.errors import BadConfig

if TYPE_CHECKING:
    from looksay.show.look import Look


class Way(StrEnum):
    slic = "slic"
    graph = "graph"


Semantic = Annotated[bool, typer.Option("--semantic", help="The class of every pixel (as if left out).")]
Instance = Annotated[bool, typer.Option("--instance", help="The pixels of every thing.")]
Superpixels = Annotated[bool, typer.Option("--superpixels", help="Small pieces that keep to edges, without any network.")]
Kind = Annotated[
    Format,
    typer.Option(
        "--format",
        "-f",
        help="Of --output: drawn pictures, label maps as PNG with a legend, json, areas in csv, things cut out, coco's results.",
    ),
]
Tile = Annotated[
    int, typer.Option("--tile", min=0, help="See each picture at its own size, in overlapping tiles of so many pixels.")
]
Overlap = Annotated[
    int | None,
    typer.Option(
        "--overlap",
        min=0,
        help="Pixels at the edges of tiles that are only seen; else as far as the network sees, a quarter of the tile at most.",
    ),
]
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
    data: Truth = "",
    score: Sure = None,
    tile: Tile = 0,
    overlap: Overlap = None,
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
    if format in (Format.cutouts, Format.coco) and not instance:
        what = "only things can be cut out" if format == Format.cutouts else "COCO's results are of things"
        raise BadConfig(what, where="--format", mend="add --instance")
    if data and format != Format.coco:
        raise BadConfig("numbers of a data set are for --format coco", where="--data")
    if superpixels:
        _cut(pictures, (pieces, by), Sink(output, format), json, offline)
        return
    run = Run(model or (OUTLINER if instance else SEGMENTER), weights, mode, device, offline)
    if instance or semantic or run.looker.system.card.task not in ("segment", "instances"):
        run.is_for("instances" if instance else "segment")
    least = -1.0 if score is None else score
    looks = _tiled(run, pictures, tile, overlap) if tile else run.looks(pictures, batch_size, score=least)
    with Sink(output, format, run.looker.classes, data) as sink:
        for found in looks:
            tell(found, json)
            sink.add(found)
    run.finish()
    sink.said(json)


def _tiled(run: Run, pictures: list[str], side: int, overlap: int | None) -> Iterator[Look]:
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
    with sink:
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


def tell(found: Look, json: bool) -> None:
    if json:
        print(found.to_json())
        return
    from looksay.measure.areas import areas, lines

    print(f"{found.name}  ({found.scene.size[0]} x {found.scene.size[1]}, {found.seconds * 1000:.0f} ms)")
    print("\n".join(lines(areas(found.scene))))
    for line in found.warnings:
        print(f"  note: {line}")
