"""looksay caption: what is going on, in a sentence."""

from __future__ import annotations

import re
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from looksay.cli.look import Batch, How, Run, folder
from looksay.cli.options import Device, Json, Mode, Model, Offline, Weights
from looksay.defaults import CAPTIONER
from looksay.errors import BadConfig, BadData

if TYPE_CHECKING:
    from looksay.show.look import Look

RECENT = 20  # captions that the shown rate is taken over
Pictures = Annotated[
    list[str] | None, typer.Argument(metavar="PICTURE…", help="Files, folders, patterns, videos, URLs, or storybook:SEED.")
]


def add_to(app: typer.Typer) -> None:
    app.command("caption")(caption)


def caption(
    pictures: Pictures = None,
    model: Model = CAPTIONER,
    weights: Weights = "shipped",
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="PATH", help="Drawings into a folder; a page .html; COCO results .json; a table .csv."
        ),
    ] = "",
    best: Annotated[int, typer.Option("--best", "-n", min=1, max=20, help="How many sentences for each picture.")] = 1,
    beam: Annotated[int, typer.Option("--beam", min=1, max=50, help="Sentences kept in mind; 1 is greedy.")] = 3,
    groups: Annotated[int, typer.Option("--groups", min=1, max=50, help="Diverse beams: groups that avoid each other.")] = 1,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, help="Words by chance; 0: the best sentence.")] = 0.0,
    top_k: Annotated[int, typer.Option("--top-k", min=0, help="When drawing, only from so many likeliest words.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same sentences.")] = 0,
    camera: Annotated[str, typer.Option("--camera", metavar="0|VIDEO", help="Caption live, as it plays.")] = "",
    batch_size: Batch = 8,
    mode: How = Mode.exact,
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """What is going on? A sentence for each picture, and where each of its words was seen."""
    from looksay.nn.captioner import Captioner, Chance
    from looksay.ops.decode import Speech

    if not pictures and not camera:
        raise BadConfig("nothing to look at", mend="name pictures, or --camera 0")
    if camera and (pictures or output):
        what = f"pictures ({pictures[0]} …)" if pictures else "--output"
        raise BadConfig(f"a camera is told to the terminal alone, not with {what}", where="--camera", mend="leave that out")
    if beam % groups:
        raise BadConfig(f"{beam} sentences in {groups} groups", where="--groups", mend="the beam must be a multiple of it")
    if best > beam:
        raise BadConfig(f"the best {best} of {beam} sentences", where="--best", mend=f"raise --beam to {best}")
    if best > 1 and temperature > 0:
        raise BadConfig("one sentence is drawn for each picture", where="--best", mend="take another --seed for another one")
    run = Run(model, weights, mode, device, offline)
    run.is_for("caption")
    system = run.looker.system
    if not isinstance(system, Captioner):
        raise BadConfig(f"{run.looker.name} says words, not sentences", where="--model", mend=f"take {CAPTIONER}")
    system.speech = Speech(width=beam, groups=groups, most=system.speech.most)
    system.chance = Chance(temperature, top_k, seed)
    if camera:
        live(run, camera, json)
        return
    out = Out(output, " ".join(pictures or ()))
    for found in run.looks(pictures or [], batch_size):
        told = first(found, best)
        tell(told, json)
        out.add(told)
    run.finish()
    if path := out.close():
        print(f"results: {path}", file=sys.stderr if json else sys.stdout)


def first(found: Look, count: int) -> Look:
    from dataclasses import replace

    return replace(found, scene=replace(found.scene, captions=found.captions[:count]))


def tell(found: Look, json: bool) -> None:
    if json:
        print(found.to_json())
        return
    print(f"{found.name}  ({found.scene.size[0]} x {found.scene.size[1]}, {found.seconds * 1000:.0f} ms)")
    for said in found.captions:
        print(f"  {said.score:.3f}  {said.text}")
    for line in found.warnings:
        print(f"  note: {line}")


def id_of(name: str) -> str:
    """As COCO has it: 391895 for COCO_val2014_000000391895.jpg and 000000391895.jpg, else the name without its ending."""
    if "#" in name:  # a frame of a video
        return name
    stem = Path(name).stem
    number = re.fullmatch(r"(?:COCO_\w+_)?0*(\d+)", stem, re.ASCII)
    return number[1] if number else stem


class Out:
    """Where captions go besides the terminal."""

    def __init__(self, output: str, what: str) -> None:
        self.output, self.what = output, what
        self.kind = Path(output).suffix.lower() if output else ""
        self.folder = folder(output) if output and self.kind not in (".html", ".json", ".csv") else None
        self.kept: list[Look] = []
        self.rows: dict[str, Look] = {}

    def add(self, found: Look) -> None:
        if self.folder:
            found.save(self.folder / f"{Path(found.name).stem}.png")
        elif self.kind in (".json", ".csv"):
            id = id_of(found.name)
            if id in self.rows:
                earlier = self.rows[id].scene.source or self.rows[id].name
                mend = "results tell pictures apart by their names: caption one folder at a time"
                raise BadData(f"has the id {id!r}, as {earlier} has", where=found.scene.source or found.name, mend=mend)
            self.rows[id] = found
        elif self.kind and len(self.kept) < 200:
            self.kept.append(found)

    def close(self) -> str:
        if self.kind == ".json":
            from looksay.data.caption_results import write_caption_results

            said = ((id, found.captions[0].text if found.captions else "") for id, found in self.rows.items())
            write_caption_results(said, Path(self.output))
        elif self.kind == ".csv":
            from dataclasses import replace

            from looksay.data.write_captions import caption_table
            from looksay.disk import write_atomically

            rows = [(found.scene.source or found.name, replace(found.scene, id=id)) for id, found in self.rows.items()]
            write_atomically(Path(self.output), caption_table(rows).encode())
        elif self.kind == ".html":
            from looksay.show.report import Report

            report = Report("What is going on?", "Point at a word: it shows where it was seen.")
            report.pointed(self.kept).code(f"looksay caption {self.what} --output {self.output}").save(self.output)
        return self.output


def live(run: Run, source: str, json: bool) -> None:
    """A line each time that something else is said, with the rate that is really reached."""
    from looksay.data.live import Live

    times: deque[float] = deque(maxlen=RECENT)
    said, missed = "", 0
    with Live(source) as frames:
        for moment in frames:
            found = next(iter(run.looker.stream([moment.shown], batch_size=1)))
            times.append(time.monotonic())
            missed += moment.missed
            text = found.captions[0].text if found.captions else ""
            if text == said and not json:
                continue
            said = text
            rate = (len(times) - 1) / max(times[-1] - times[0], 1e-9) if len(times) > 1 else 0.0
            if json:
                print(found.to_json(), flush=True)
            else:
                print(f"{moment.at:7.1f} s  {text}   ({rate:.1f} captions a second, {missed} frames passed by)", flush=True)
    print("the end" if times else "nothing came", file=sys.stderr)
