"""looksay data check, show, make, convert."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from looksay.cli.options import Json, Workers
from looksay.errors import BadConfig

app = typer.Typer(help="Check, show, make and convert data sets.", no_args_is_help=True, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(metavar="DATA", help="format:path, a path whose format is plain, or storybook.")]


@app.command()
def check(
    data: Name,
    fix: Annotated[
        str, typer.Option("--fix", metavar="OUT", help="Write a mended copy there; the original is not touched.")
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Annotations and headers only, as before a training.")] = False,
    workers: Workers = 2,
    json: Json = False,
) -> None:
    """The doctor: what is wrong with a data set, with file and line, and how to mend it. Exit code 1 if there are errors."""
    from looksay.cli.bar import bar
    from looksay.data import doctor, source

    source.splits(data)  # what is not there at all is a mistake of the call, not a finding
    with bar("checking") as progress:
        if fix:
            checkup, report = doctor.fix(data, Path(fix), progress=progress)
        else:
            checkup, report = doctor.check(data, quick=quick, workers=workers, progress=progress), None
    if json:
        print(checkup.to_json())
    else:
        from rich.console import Console

        from looksay.data.doctor_show import show as show_checkup

        show_checkup(checkup, Console())
        if report is not None:
            print(f"mended copy: {fix} ({len(report.actions)} changes, listed in {report.file})")
    if not fix and not checkup.ok:
        raise typer.Exit(1)


@app.command()
def show(
    data: Name = "storybook",
    output: Annotated[str, typer.Option("--output", "-o", metavar="PNG", help="The sheet.")] = "sheet.png",
    count: Annotated[int, typer.Option("--count", min=1, max=400, help="Pictures on it.")] = 24,
    size: Annotated[int, typer.Option("--size", min=32, max=512, help="Side of each in pixels.")] = 192,
    seed: Annotated[int, typer.Option("--seed", help="Of the choice, or of the storybook.")] = 0,
    split: Annotated[str, typer.Option("--split", help="Which split.")] = "",
) -> None:
    """A preview sheet: pictures with their truth drawn in."""
    from looksay.show.preview import sheet_of

    print(f"sheet: {sheet_of(data, Path(output), count=count, size=size, seed=seed, split=split)}")


@app.command()
def make(
    what: Annotated[str, typer.Argument(metavar="storybook", help="What to make.")],
    out: Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="A new or empty folder.")],
    format: Annotated[str, typer.Option("--format", "-f", help="coco, voc, yolo or imagefolder.")] = "coco",
    pages: Annotated[
        int, typer.Option("--pages", min=1, help="Pages of the training split; val and test are a tenth each.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="One seed, one book.")] = 0,
    size: Annotated[int, typer.Option("--size", min=16, max=1024, help="Side of a page in pixels.")] = 256,
) -> None:
    """Write pages of the storybook in a standard format, for any tool to be trained on."""
    if what.partition(":")[0] != "storybook":
        raise BadConfig(f"{what!r} cannot be made", mend="looksay data make storybook …")
    from looksay.cli.bar import bar
    from looksay.data.make import make_storybook

    with bar("drawing") as progress:
        counts = make_storybook(Path(out), format, pages=pages, seed=seed, size=size, progress=progress)
    print(f"{format}:{out}: " + ", ".join(f"{split} {count}" for split, count in counts.items()))


@app.command()
def convert(
    data: Name,
    out: Annotated[str, typer.Option("--out", "-o", metavar="DIR", help="A new or empty folder.")],
    format: Annotated[str, typer.Option("--format", "-f", help="coco, voc, yolo, imagefolder, csv …")],
) -> None:
    """Write a data set in another standard format."""
    from looksay.cli.bar import bar
    from looksay.data.write import convert as convert_data

    with bar("converting") as progress:
        convert_data(data, Path(out), format, progress=progress)
    print(f"{format}:{out}")
