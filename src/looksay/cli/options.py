"""Options that several verbs share, named as people know them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

import typer


class Mode(StrEnum):
    exact = "exact"
    fast = "fast"
    plain = "plain"


Weights: TypeAlias = Annotated[
    str, typer.Option("--weights", "-w", metavar="FROM", help="'shipped', 'published' (torchvision's), a file or a run folder.")
]
Model: TypeAlias = Annotated[str, typer.Option("--model", "-m", metavar="NAME", help="Which system; see looksay systems.")]
Data: TypeAlias = Annotated[
    str, typer.Option("--data", "-d", metavar="DATA", help="format:path, a path whose format is plain, or storybook.")
]
Device: TypeAlias = Annotated[str, typer.Option("--device", metavar="DEVICE", help="cpu, cuda, cuda:1 …")]
Workers: TypeAlias = Annotated[int, typer.Option("--workers", min=1, max=64, help="Threads that read pictures.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON document a line, for programs.")]
Offline: TypeAlias = Annotated[bool, typer.Option("--offline", help="Never use the network.")]
Output: TypeAlias = Annotated[str, typer.Option("--output", "-o", metavar="PATH", help="Where results go.")]
Split: TypeAlias = Annotated[str, typer.Option("--split", metavar="NAME", help="Which split; test, else val, if left out.")]
