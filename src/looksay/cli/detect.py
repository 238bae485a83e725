"""looksay detect, locate: what is where."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from looksay.cli.films import Films
from looksay.cli.look import Batch, How, Pictures, Run, folder
from looksay.cli.options import Device, Json, Mode, Model, Offline, Output, Weights
from looksay.defaults import DETECTOR, LOCATOR
from looksay.errors import BadConfig

if TYPE_CHECKING:
    from looksay.looker import Looker
    from looksay.show.look import Look

PICTURES = "pictures"
Sure = Annotated[
    float | None, typer.Option("--score", min=0.0, max=1.0, help="Leave out what is less likely; else as suits the system.")
]
Format = Annotated[
    str, typer.Option("--format", "-f", help="Of --output: pictures (drawn), json, coco, voc, voc-results, yolo or csv.")
]
Truth = Annotated[
    str, typer.Option("--data", "-d", metavar="DATA", help="Whose ids and numbers of classes are written, as format:path.")
]


def add_to(app: typer.Typer) -> None:
    app.command("detect")(detect)
    app.command("locate")(locate)


def detect(
    pictures: Pictures,
    model: Model = DETECTOR,
    weights: Weights = "shipped",
    score: Sure = None,
    output: Output = "",
    format: Format = PICTURES,
    data: Truth = "",
    batch_size: Batch = 8,
    mode: How = Mode.exact,
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """What is where? Every thing with its box; --output draws them or writes them for other tools."""
    run = Run(model, weights, mode, device, offline)
    run.is_for("detect")
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(output, format, run.looker.classes, data))
        for found in run.looks(pictures, batch_size, score=-1.0 if score is None else score):
            tell(found, json)
            sink.add(found)
    run.finish()
    if output:
        print(f"results: {output}", file=sys.stderr if json else sys.stdout)


def locate(
    pictures: Pictures,
    model: Model = LOCATOR,
    weights: Weights = "shipped",
    output: Output = "",
    top: Annotated[int, typer.Option("--top", min=1, max=5, help="How many guesses to list.")] = 1,
    steps: Annotated[
        str, typer.Option("--steps", metavar="PNG", help="Draw there how overfeat merges its windows, for the first picture.")
    ] = "",
    batch_size: Batch = 8,
    mode: How = Mode.exact,
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """Where is it? The one main thing of each picture, with its box."""
    from dataclasses import replace

    from looksay.scene import Objects

    run = Run(model, weights, mode, device, offline)
    run.is_for("locate")
    where = folder(output)
    for found in run.looks(pictures, batch_size, score=0.0):
        if steps:
            print(f"steps: {draw_steps(run.looker, found, steps)}")
            steps = ""
        told = replace(found, scene=replace(found.scene, objects=Objects(found.objects[:top].items)))
        tell(told, json)
        if where:
            told.save(where / f"{Path(told.name).stem}.png")
    run.finish()


def draw_steps(looker: Looker, found: Look, path: str) -> str:
    """The greedy merge of the boxes of what is seen first."""
    from dataclasses import replace as changed

    from PIL import Image

    from looksay.data.inputs import Shown
    from looksay.show.merging import merging_sheet
    from looksay.systems.locate.overfeat import OverFeat

    if not isinstance(looker.system, OverFeat):
        raise BadConfig(f"{looker.name} merges no windows", where="--steps", mend="use --model overfeat")
    name = found.objects[0].name
    batch = looker.batch([Shown("", found.name, found.picture)])
    states = looker.system.merging(looker.system.eval()(batch), batch, 0, looker.system.index(name))
    back = [changed(state, boxes=batch.place(0).back(state.boxes)) for state in states]
    Image.fromarray(merging_sheet(found.picture, back, name)).save(path)
    return path


class Sink:
    """Where what was found goes: drawn pictures in a folder, or a format of other tools."""

    def __init__(self, output: str, format: str, classes: tuple[str, ...], data: str) -> None:
        self.answers: Any = None
        where = folder(output) if format == PICTURES else None
        self.films = Films(where, lambda found, words: found.drawn(words=words)) if where else None
        if format != PICTURES:
            if not output:
                raise BadConfig(f"where shall the {format} go?", where="--format", mend="name it with --output")
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
        for part in (self.answers, self.films):
            if part:
                part.__exit__(*error)

    def add(self, found: Look) -> None:
        if self.answers:
            self.answers.add(found.scene)
        elif self.films:
            self.films.add(found)


def tell(found: Look, json: bool) -> None:
    if json:
        print(found.to_json())
        return
    print(f"{found.name}  ({found.scene.size[0]} x {found.scene.size[1]}, {found.seconds * 1000:.0f} ms)")
    print("\n".join(lines(found)) or "  nothing")
    for line in found.warnings:
        print(f"  note: {line}")


def lines(found: Look) -> Iterator[str]:
    """A line for each thing: how sure, what, and the corners of its box."""
    wide = max((len(thing.name) for thing in found.objects), default=0)
    for thing in found.objects:
        box = " ".join(f"{edge:6.1f}" for edge in thing.box)
        yield f"  {thing.score:.4f} - {thing.name:{wide}}  {box}"
