"""looksay evaluate, compare, score, systems."""

from __future__ import annotations

import json as codec
from typing import Annotated, Any

import typer

from looksay.cli.options import Data, Json, Output, Split, Weights, Workers
from looksay.errors import BadConfig


def add_to(app: typer.Typer) -> None:
    app.command("evaluate")(evaluate)
    app.command("compare")(compare)
    app.command("score")(score)
    app.command("systems")(systems)


def evaluate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A system, a weights file or a run folder.")],
    data: Data = "storybook",
    weights: Weights = "shipped",
    split: Split = "",
    scales: Annotated[
        str,
        typer.Option(
            "--scales",
            metavar="Q,Q",
            help="Dense test scales, as in the VGG table: 112,128,160; for mask-r-cnn sizes to look at besides.",
        ),
    ] = "",
    sizes: Annotated[
        str,
        typer.Option("--sizes", metavar="S,S", help="Detectors and segmenters: other sizes of picture, a row each: 96,128,160."),
    ] = "",
    stuff: Annotated[
        str,
        typer.Option("--stuff", metavar="NAME", help="Panoptic quality, with that system for all that is no thing: fcn-fine."),
    ] = "",
    output: Output = "",
    record: Annotated[str, typer.Option("--record", metavar="CSV", help="Write the row into this table of results.")] = "",
    workers: Workers = 2,
    allow_bad_data: Annotated[bool, typer.Option("--allow-bad-data", help="Skip pictures that cannot be read.")] = False,
    json: Json = False,
) -> None:
    """Score a system on a split that it has not learnt from."""
    from looksay.api import evaluate as judge
    from looksay.api import evaluate_panoptic, load
    from looksay.cli.bar import bar

    looker = load(name, weights)
    if stuff and (scales or sizes):
        raise BadConfig("two systems are judged as they are", where="--stuff", mend="leave out --scales and --sizes")
    how: dict[str, Any] = {"split": split, "scales": numbers(scales), "workers": workers, "skip_bad": allow_bad_data}
    asked = numbers(sizes, "--sizes") or (0,)
    if output and len(asked) > 1:
        raise BadConfig("one report cannot show several sizes", where="--output", mend="leave it out, or name one size")
    for size in asked:
        with bar("evaluating") as progress:
            if stuff:
                found = evaluate_panoptic(looker, stuff, data, split=split, progress=progress)
            else:
                found = judge(looker, data, size=size, progress=progress, **how)
        if record:
            found.record(record)
        if output:
            print(f"report: {found.report(output)}")
        if json:
            print(codec.dumps(found.row()))
        else:
            print("\n".join(found.lines()))


def numbers(text: str, where: str = "--scales") -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise BadConfig(f"{text!r} are no whole numbers", where=where, mend="say 128 or 112,128,160") from None


def compare(
    names: Annotated[list[str], typer.Argument(metavar="NAME…", help="Systems, weights files or run folders.")],
    data: Data = "storybook",
    split: Split = "",
    output: Output = "compare.html",
    curves: Annotated[str, typer.Option("--curves", metavar="PNG", help="Write the learning curves of runs there, too.")] = "",
    record: Annotated[str, typer.Option("--record", metavar="CSV", help="Write each one's row into this table of results.")] = "",
    workers: Workers = 2,
    json: Json = False,
) -> None:
    """Several systems on the same pictures: one table, one plot, and learning curves where runs are compared."""
    from looksay.api import compare as judge
    from looksay.cli.bar import bar

    with bar("comparing") as progress:
        found = judge(names, data, split=split, workers=workers, progress=progress)
    if record:
        for each in found.evaluations:
            each.record(record)
    if curves:
        print(f"curves: {found.save_curves(curves)}")
    if json:
        for row in found.rows:
            print(codec.dumps(row))
    else:
        table(found.rows)
        for heading, rows in found.tables.items():
            print(f"\n{heading}")
            table(rows)
        print(f"report: {found.report(output)}")


def table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, header_style="bold")
    for name in rows[0]:
        shown.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        shown.add_row(
            *(
                f"{value:.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else value
                for value in row.values()
            )
        )
    Console().print(shown)


def score(
    results: Annotated[str, typer.Argument(metavar="RESULTS", help="COCO's results .json; or text, a line a caption.")],
    truth: Annotated[list[str], typer.Argument(metavar="TRUTH…", help="COCO's annotations .json; or text files of references.")],
    masks: Annotated[bool, typer.Option("--masks", help="Of things score the masks, not the boxes.")] = False,
    json: Json = False,
) -> None:
    """Score a file that any tool has written: boxes, masks or captions, with the official scorers' numbers."""
    from looksay.measure.caption_files import says, score_captions
    from looksay.measure.score_files import score_files

    row: dict[str, Any]
    if says(results):
        if masks:
            raise BadConfig("captions have no masks", where="--masks", mend="leave it out")
        found, pairs = score_captions(results, *truth)
        notes, row = pairs.notes, {"pictures": len(found), **found.numbers, "intervals": found.intervals() if json else {}}
        shown = [f"{len(found)} pictures, {sum(map(len, pairs.references))} references", *found.lines()]
    else:
        if len(truth) != 1:
            raise BadConfig(f"things are to be scored against {len(truth)} files", where="TRUTH", mend="name one annotation file")
        scored = score_files(truth[0], results, "segm" if masks else "bbox")
        notes, row, shown = scored.notes, dict(scored.numbers), scored.lines()
    print(codec.dumps(row) if json else "\n".join([*shown, *(f"note: {line}" for line in notes)]))


def systems(
    task: Annotated[str, typer.Argument(metavar="[TASK]", help="Only those of a task: classify …")] = "",
    json: Json = False,
) -> None:
    """The systems there are, with their papers; * marks those whose weights travel in the package."""
    from importlib.resources import files

    from looksay.errors import UnknownName
    from looksay.registry import cards

    found = cards(task)
    if not found:
        raise UnknownName.of("task", task, {card.task for card in cards()})
    if json:
        from looksay.records import pack

        print(codec.dumps([pack(card) for card in found]))
        return
    folder = files("looksay").joinpath("shipped")
    there = {item.name.removesuffix(".safetensors") for item in folder.iterdir()} if folder.is_dir() else set()
    for card in found:
        marked = ", ".join(f"{name}*" if name in there else name for name in card.names)
        print(f"{card.task:9} {card.year}  {card.title}: {marked}")
        print(f"{'':15} {card.paper}")
