"""looksay train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from looksay.cli.options import Data, Device, Output, Workers
from looksay.errors import BadConfig


def add_to(app: typer.Typer) -> None:
    app.command("train")(train)
    app.command("export")(export)


def train(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which system; see looksay systems.")] = "",
    data: Data = "",
    recipe: Annotated[str, typer.Option("--recipe", help="storybook (small, quick) or paper (as published).")] = "",
    output: Output = "",
    resume: Annotated[str, typer.Option("--resume", metavar="RUN", help="Go on with the run in this folder.")] = "",
    epochs: Annotated[int, typer.Option("--epochs", min=0, help="Instead of the recipe's.")] = 0,
    batch_size: Annotated[int, typer.Option("--batch-size", "-b", min=0, help="Instead of the recipe's.")] = 0,
    lr: Annotated[float, typer.Option("--lr", min=0.0, help="Learning rate, instead of the recipe's.")] = 0.0,
    img_size: Annotated[int, typer.Option("--img-size", min=0, help="Side of the pictures, instead of the recipe's.")] = 0,
    weights: Annotated[str, typer.Option("--weights", "-w", help="Begin with these: shipped, published, or a file.")] = "",
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same run.")] = 0,
    workers: Workers = 2,
    device: Device = "auto",
    max_time: Annotated[str, typer.Option("--max-time", metavar="30m", help="Stop then, with a checkpoint: 90s, 30m, 2h.")] = "",
    allow_bad_data: Annotated[bool, typer.Option("--allow-bad-data", help="Train although the data has faults.")] = False,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any setting of the recipe.")] = None,
) -> None:
    """Train a system on the storybook or on your own pictures. Ctrl-C leaves a checkpoint."""
    from dataclasses import replace

    from looksay.config import parse

    changes: dict[str, Any] = dict(parse(settings or []))
    given = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "img_size": img_size}
    changes |= {key: str(value) for key, value in given.items() if value}
    from looksay.api import train_order
    from looksay.learn.job import Order, order_of

    if resume:
        if changes or data or recipe or weights:
            raise BadConfig("a run goes on as it began", where="--resume", mend="leave out the settings, or begin a new run")
        order = replace(order_of(Path(resume)), max_minutes=minutes(max_time))
        if name and name != order.system:
            raise BadConfig(f"holds a run of {order.system}", where=resume)
    elif not name:
        raise BadConfig("no system is named", mend="looksay train NAME --data …; looksay systems lists them")
    else:
        order = Order(name, data, recipe, output, changes, weights, seed, workers, device, minutes(max_time), allow_bad_data)
    trained = train_order(order, resume=bool(resume))
    if trained is None:  # another process of the crew tells
        return
    best = trained.tested or trained.judged
    where = "on the test split" if trained.tested else f"on the {trained.held}"
    scores, found = best.scores(), best.found
    low, high = found.told(scores["low"]), found.told(scores["high"])
    print(f"{found.title} {found.told(found.score)} ({low} to {high}) {where}")
    print(f"weights: {trained.weights}")
    print(f"report:  {trained.root / 'report.html'}")
    print(f"try:     looksay {trained.tries}")


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a weights file.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to: .safetensors, or .onnx for other runtimes.")
    ],
    bits: Annotated[int, typer.Option("--bits", help="Of each number: 32, 16 or 8; fewer make a smaller file.")] = 32,
    size: Annotated[int, typer.Option("--size", min=0, help="Of the pictures that a detector or segmenter shall see: 192.")] = 0,
) -> None:
    """Write the best weights of a run as one file, with all that is needed to use them."""
    if output.endswith(".onnx"):
        _to_onnx(run, output, size)
        return
    if not output.endswith(".safetensors"):
        raise BadConfig(f"{output!r} is no name for weights", where="--output", mend="end it in .safetensors or .onnx")
    from dataclasses import replace
    from typing import get_args

    from looksay import weights
    from looksay.api import at_size, load_file
    from looksay.learn.run import Run

    kept = next((each for each in get_args(weights.Bits) if each == bits), None)
    if kept is None:
        raise BadConfig(f"numbers of {bits} bits are not written", where="--bits", mend="say 32, 16 or 8")
    looker = at_size(load_file(Path(run)), size, "--size") if size else load_file(Path(run))
    info = replace(looker.info, prep=looker.system.prep)
    if Path(run).is_dir():
        info = replace(info, scores={**info.scores, "minutes": round(Run(Path(run)).minutes(), 1)})
    weights.save(Path(output), looker.system, info, bits=kept)
    print(f"{output}: {looker.name}, {len(info.classes)} classes, {Path(output).stat().st_size / 1e6:.2f} MB")


def _to_onnx(run: str, output: str, size: int) -> None:
    """By any name that look takes, too: looksay export ssd -o ssd.onnx."""
    from looksay.api import at_size, load
    from looksay.nn.onnx import to_onnx

    looker = at_size(load(run), size, "--size") if size else load(run)
    made = to_onnx(looker.system, Path(output))
    print(f"{made.path}: {', '.join(made.inputs)} → {', '.join(made.outputs)}")
    print(f"checked with {made.runtime}: differs from PyTorch by at most {made.worst:.1e} of the largest number")


def minutes(text: str) -> float:
    """'90s', '30m', '2h' or plain minutes."""
    if not text:
        return 0.0
    factor = {"s": 1 / 60, "m": 1.0, "h": 60.0}.get(text[-1].lower())
    try:
        found = float(text[:-1]) * factor if factor is not None else float(text)
    except ValueError:
        found = -1.0
    if found <= 0:
        raise BadConfig(f"{text!r} is no time", where="--max-time", mend="say 90s, 30m or 2h")
    return found
