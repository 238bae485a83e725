"""looksay write: texts in the style of others."""

from __future__ import annotations

from typing import Annotated

import typer

from looksay.cli.options import Device, Model, Output
from looksay.defaults import WRITER
from looksay.errors import BadConfig


def add_to(app: typer.Typer) -> None:
    app.command("write")(write)


def write(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[START]", help="How it begins; or: train TEXT, to learn from a file.")
    ] = None,
    model: Model = WRITER,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, help="Lower is more careful; 0: the likeliest.")] = 0.8,
    top_k: Annotated[int, typer.Option("--top-k", min=0, help="Only from so many likeliest; 0: from all.")] = 0,
    length: Annotated[int, typer.Option("--length", min=1, help="Characters or words to write.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="The same seed writes the same text, or learns the same.")] = 0,
    why: Annotated[bool, typer.Option("--why", help="How much each character of START mattered for what comes next.")] = False,
    recipe: Annotated[str, typer.Option("--recipe", help="train: storybook (small, quick), sentences or paper.")] = "",
    output: Output = "",
    epochs: Annotated[int, typer.Option("--epochs", min=0, help="train: instead of the recipe's.")] = 0,
    max_time: Annotated[str, typer.Option("--max-time", metavar="30m", help="train: stop then, with a checkpoint.")] = "",
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="train: any setting.")] = None,
    device: Device = "cpu",
) -> None:
    """Write on in the style of a text, or learn to: looksay write train TEXT, then looksay write --model RUN "How it begins".

    A network of both directions (birnn) cannot write on; it fills the gaps marked _ in START.
    """
    said = words or []
    if said[:1] == ["train"] and len(said) == 2:
        from looksay.cli.train import train

        data = said[1] if ":" in said[1] or said[1] == "storybook" else f"text:{said[1]}"
        train(
            model, data=data, recipe=recipe, output=output, epochs=epochs, seed=seed, max_time=max_time, settings=settings,
            device=device,
        )  # fmt: skip
        return
    if len(said) > 1:
        raise BadConfig(
            "more than one beginning", where=" ".join(said), mend='put it in quotes: looksay write "Once upon a time"'
        )
    if recipe or output or epochs or max_time or settings:
        raise BadConfig("these settings are for training", mend="looksay write train TEXT")
    go_on(model, said[0] if said else "", (temperature, top_k, seed), length, why=why, device=device)


def go_on(model: str, start: str, style: tuple[float, int, int], length: int, *, why: bool, device: str) -> None:
    from looksay.api import load
    from looksay.nn.writer import Style, Writer
    from looksay.systems.write.rnn import CharRnn

    system = load(model, device=device).system
    if not isinstance(system, Writer):
        raise BadConfig(f"{model} does not write: it is for {system.card.task}", where="--model")
    if why and isinstance(system, CharRnn):
        weigh(system, start)
        return
    if isinstance(system, CharRnn) and system.config.both:
        print(system.fill(start))
        return
    print(start, end="", flush=True)
    for token in system.write(start, length, Style(*style)):
        print(token, end="", flush=True)
    print()


def weigh(system: object, start: str) -> None:
    """A line a character or word, with a bar."""
    from looksay.systems.write.rnn import CharRnn

    assert isinstance(system, CharRnn)
    found = system.weigh(start)
    names = [system.classes[number] for number in system.opening(start)]
    most = max(*found, 1e-12)
    for name, value in zip(names, found, strict=True):
        print(f"{name!r:>16} {value / most:5.2f} {'#' * round(40 * value / most)}")
