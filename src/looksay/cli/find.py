"""looksay find: pictures by a sentence."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from looksay.cli.bar import bar
from looksay.cli.options import Device, Json, Mode, Model, Offline, Weights
from looksay.defaults import FINDER
from looksay.errors import BadConfig, LooksayError

if TYPE_CHECKING:
    from looksay.show.found import Search

PATIENCE = 1.0  # seconds before the progress is shown


def add_to(app: typer.Typer) -> None:
    app.command("find")(find)


def find(
    sentence: Annotated[str, typer.Argument(metavar="SENTENCE", help='What is to be seen, such as "a dog under a tree".')],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to look, with all folders in it.")],
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many pictures to list.")] = 10,
    model: Model = FINDER,
    weights: Weights = "shipped",
    output: Annotated[str, typer.Option("--output", "-o", metavar="PAGE", help="A page .html that shows them.")] = "",
    mode: Annotated[
        Mode, typer.Option("--mode", help="exact: same numbers, quicker; fast: bf16; plain: as trained.")
    ] = Mode.exact,
    device: Device = "cpu",
    json: Json = False,
    offline: Offline = False,
) -> None:
    """Which pictures show this? Ranks a folder by a sentence. What was seen is kept, and only new pictures are looked at."""
    from looksay import api

    if output and Path(output).suffix.lower() not in (".html", ".htm"):
        raise BadConfig(f"{output!r} is no name for a page", where="--output", mend="end it in .html")
    looker = api.load(model, weights, mode=mode.value, device=device, offline=offline)
    with ExitStack() as stack:
        found = api.find(sentence, folder, looker, top=top, skip=_skip, progress=Patient(stack))
    for place, each in enumerate(found.found, 1):
        if json:
            print(dumps({"rank": place, **each.to_dict()}))
        else:
            print(f"{place:4}  {each.score:8.3f}  {_shown(str(each.path))}")
    _notes(found)
    if output:
        _page(found, output, sentence, folder)
        print(f"page: {output}", file=sys.stderr if json else sys.stdout)


class Patient:
    """A progress bar that appears only when it takes long."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack, self.since = stack, time.monotonic()
        self.show: Callable[[int, int], None] | None = None

    def __call__(self, done: int, of: int) -> None:
        if self.show is None and time.monotonic() - self.since > PATIENCE:
            self.show = self.stack.enter_context(bar("looking at new pictures"))
        if self.show:
            self.show(done, of)


def _skip(error: LooksayError) -> None:
    print(f"looksay: {_shown(str(error))}", file=sys.stderr)


def _shown(text: str) -> str:
    """Names that are no text, too, can be printed."""
    return text.encode("utf-8", "replace").decode()


def _notes(found: Search) -> None:
    if found.strange:
        print(f"looksay: it never learnt {', '.join(map(repr, found.strange))}: left out", file=sys.stderr)
    if found.unreadable:
        total = found.total + found.unreadable
        print(f"looksay: {found.unreadable} of {total} pictures could not be read and were left out", file=sys.stderr)


def _page(found: Search, output: str, sentence: str, folder: Path) -> None:
    from looksay.show.report import Report

    lead = f"The {len(found.found)} nearest of {found.total:,} pictures. Point at a word: it shows where it was seen."
    report = Report(f"“{sentence}”", lead)
    rows = [(place, _shown(str(each.path)), each.score) for place, each in enumerate(found.found, 1)]
    report.pointed(each.look() for each in found.found).table(("rank", "picture", "score"), rows)
    report.code(f'looksay find "{sentence}" {folder} --output {output}').save(output)
