"""looksay translate: sentences in another language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from looksay.cli.options import Device, Model
from looksay.defaults import TRANSLATOR
from looksay.errors import BadConfig

if TYPE_CHECKING:
    from looksay.systems.write.translate import Translation


def add_to(app: typer.Typer) -> None:
    app.command("translate")(translate)


def translate(
    sentences: Annotated[list[str], typer.Argument(metavar="SENTENCE…", help="Each in quotes.")],
    model: Model = TRANSLATOR,
    beam: Annotated[int, typer.Option("--beam", min=1, max=50, help="Translations kept in mind; 1 is greedy.")] = 5,
    best: Annotated[int, typer.Option("--best", "-n", min=1, max=50, help="How many of each sentence to show.")] = 1,
    align: Annotated[str, typer.Option("--align", metavar="OUT.png", help="Draw which words it looked at; .png or .svg.")] = "",
    device: Device = "cpu",
) -> None:
    """Translate sentences, with a network that looksay train bahdanau --data pairs:FILE has made."""
    import sys
    from dataclasses import replace

    from looksay.api import load
    from looksay.systems.write.translate import Translator

    if best > beam:
        raise BadConfig(f"the best {best} of {beam} translations", where="--best", mend=f"raise --beam to {best}")
    if align and (len(sentences) > 1 or not align.endswith((".png", ".svg"))):
        raise BadConfig("one sentence is drawn into one .png or .svg", where="--align")
    system = load(model, device=device).system
    if not isinstance(system, Translator):
        raise BadConfig(f"{model} does not translate: it is for {system.card.task}", where="--model")
    system.speech = replace(system.speech, width=beam)
    for some in system.translate(sentences):
        for each in some[:best]:
            print(each.text if best == 1 else f"{each.score:.3f}  {each.text}")
        strange = sorted({word for word in some[0].source if word not in system.known})
        if strange:
            print(f"looksay: it never read {', '.join(map(repr, strange))}", file=sys.stderr)
        if align:
            draw(some[0], align, model)


def draw(said: Translation, path: str, model: str) -> None:
    from pathlib import Path

    from looksay.disk import write_atomically
    from looksay.show.alignment import alignment

    if said.looks is None:
        raise BadConfig(f"{model} has no attention: there is nothing to draw", where="--align")
    write_atomically(Path(path), alignment(said.source, said.words, said.looks, "svg" if path.endswith(".svg") else "png"))
