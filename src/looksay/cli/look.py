"""looksay look, classify, explain: what is in the picture, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from looksay.cli.options import Device, Json, Mode, Model, Offline, Output, Weights
from looksay.defaults import HOUSE
from looksay.errors import BadConfig, BadPicture, LooksayError

if TYPE_CHECKING:
    from looksay.show.look import Look

Pictures = Annotated[
    list[str], typer.Argument(metavar="PICTURE…", help="Files, folders, patterns, videos, URLs, or storybook:SEED.")
]
Top = Annotated[int, typer.Option("--top", min=1, max=1000, help="How many names to list.")]
Batch = Annotated[int, typer.Option("--batch-size", "-b", min=1, help="Pictures at a time.")]
How = Annotated[Mode, typer.Option("--mode", help="exact: same numbers, quicker; fast: bf16; plain: as trained.")]
Of = Annotated[
    str,
    typer.Option(
        "--of",
        metavar="NAME",
        help="A class, dog:1 (the second dog found), 12,30 or dog@12,30 (a pixel); else what was seen.",
    ),
]
At = Annotated[str, typer.Option("--at", metavar="PLACE", help="The pixel to be explained, as 12,30; or a tap to look into.")]


def add_to(app: typer.Typer) -> None:
    app.command("look")(look)
    app.command("classify")(classify)
    app.command("explain")(explain)


def look(
    pictures: Pictures,
    model: Model = "",
    weights: Weights = "shipped",
    output: Output = "",
    top: Top = 5,
    batch_size: Batch = 8,
    mode: How = Mode.exact,
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """Look at pictures: say what is in them and show why, in a report."""
    report = output or "look.html"
    if Path(report).suffix.lower() not in (".html", ".htm"):
        raise BadConfig(f"{report!r} is no name for a report", where="--output", mend="end it in .html")
    run = Run(model, weights, mode, device, offline)
    looks = run.looks(pictures, batch_size, why="saliency")
    kept: list[Look] = []
    for found in looks:
        _tell(found, top, json)
        if len(kept) < 200:
            kept.append(found)
    run.finish()
    if kept:
        from looksay.show.looks import write_looks

        path = write_looks(kept, Path(report), f"looksay look {' '.join(pictures)}")
        print(f"report: {path}", file=sys.stderr if json else sys.stdout)


def classify(
    pictures: Pictures,
    model: Model = HOUSE,
    weights: Weights = "shipped",
    output: Output = "",
    top: Top = 5,
    batch_size: Batch = 8,
    mode: How = Mode.exact,
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """What is in the picture? The most likely names, as 'probability - synset - names'."""
    run = Run(model, weights, mode, device, offline)
    into = folder(output)
    for found in run.looks(pictures, batch_size):
        _tell(found, top, json)
        if into:
            found.save(into / f"{Path(found.name).stem}.png")
    run.finish()


def explain(
    pictures: Pictures,
    model: Model = HOUSE,
    weights: Weights = "shipped",
    output: Output = "explained",
    method: Annotated[str, typer.Option("--method", help="saliency, grad-cam, integrated-gradients, occlusion.")] = "saliency",
    of: Of = "",
    at: At = "",
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """Why? What the system looked at, drawn over each picture."""
    run = Run(model, weights, Mode.plain, device, offline)
    into = folder(output)
    for found in run.looks(pictures, 4, why=method, of=of, at=at):
        _tell(found, 3, json)
        if into:
            path = found.save(into / f"{Path(found.name).stem}-{method}.png")
            print(f"  {path}", file=sys.stderr if json else sys.stdout)
    run.finish()


class Run:
    """A looker, and the pictures that it could not read."""

    def __init__(self, model: str, weights: str, mode: Mode, device: str, offline: bool) -> None:
        from looksay.api import house, load

        self.offline, self.bad, self.seen = offline, 0, 0
        if model:
            self.looker = load(model, weights, mode=mode.value, device=device, offline=offline)
        else:
            if weights != "shipped":
                raise BadConfig("whose weights?", where="--weights", mend="name the system with --model")
            self.looker = house(mode=mode.value, device=device)

    def is_for(self, name: str) -> None:
        """The system's task must be this one."""
        card = self.looker.system.card
        if card.task != name:
            from looksay.registry import names

            there = {"segment": "name pixels", "instances": "outline things"}.get(card.task, card.task)
            mend = f"take one of {', '.join(names(name))}"
            raise BadConfig(f"{self.looker.name} is there to {there}", where="--model", mend=mend)

    def looks(
        self, pictures: list[str], batch_size: int, *, why: str = "", of: str = "", at: str = "", score: float = -1.0
    ) -> Iterator[Look]:
        from looksay.data.inputs import is_many

        alone = len(pictures) == 1 and not is_many(pictures[0]) and not pictures[0].startswith("storybook")
        shown = storybook_or(pictures)
        settings: dict[str, Any] = {"explain": why, "of": of, "at": at, "batch_size": batch_size, "score": score}
        for found in self.looker.stream(shown, skip=None if alone else self._skip, offline=self.offline, **settings):
            self.seen += 1
            yield found

    def _skip(self, error: LooksayError) -> None:
        self.bad += 1
        print(f"looksay: {error}", file=sys.stderr)

    def finish(self) -> None:
        """A run that could read nothing has failed; one that skipped some says so."""
        if self.bad and not self.seen:
            raise BadPicture(f"none of the {self.bad} pictures could be read")
        if self.bad:
            print(f"looksay: {self.bad} of {self.bad + self.seen} pictures could not be read and were skipped", file=sys.stderr)


def storybook_or(pictures: list[str]) -> Iterator[Any]:
    """Names as they are; 'storybook:7' becomes a few pages of that seed, drawn now."""
    for name in pictures:
        head, colon, rest = name.partition(":")
        if head == "storybook":
            from looksay.data.make import example_pages

            yield from example_pages(int(rest) if colon and rest.isdigit() else 0)
        else:
            yield name


def folder(output: str) -> Path | None:
    if not output:
        return None
    folder = Path(output)
    if folder.is_file():
        raise BadConfig("is a file", where=output, mend="--output names a folder here")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _tell(found: Look, top: int, json: bool) -> None:
    if json:
        print(found.to_json())
        return
    print(f"{found.name}  ({found.scene.size[0]} x {found.scene.size[1]}, {found.seconds * 1000:.0f} ms)")
    for label in found.labels[:top]:
        synset = f"{label.synset} " if label.synset else ""
        print(f"  {label.score:.4f} - {synset}{label.name}")
    for thing in found.objects:
        print(f"  {thing.score:.4f} - {thing.name} at {' '.join(f'{edge:.0f}' for edge in thing.box)}")
    for said in found.captions[:1]:
        print(f"  {said.score:.4f} - “{said.text}”")
    if found.regions:
        from looksay.measure.areas import areas, lines

        print("\n".join(lines(areas(found.scene))))
    for line in found.warnings:
        print(f"  note: {line}")
