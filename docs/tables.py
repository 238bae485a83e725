"""Writes what the code itself knows into the documentation.

    python docs/tables.py            rewrites the blocks
    python docs/tables.py --check    only says which are out of date, and ends with 1 if any is

A block stands in docs/*.md or README.md between `<!-- table: name -->` or `<!-- table: name argument -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"<!-- table: ([\w-]+)(?: ([^\s]+))? -->\n(.*?)<!-- end -->", re.DOTALL)
WORDS = {  # settings whose names say it all, in the source; here they stand alone
    "name": "of the stage, in the record",
    "epochs": "passes over the training pictures",
    "batch_size": "pictures a step, all processes together",
    "img_size": "side of the picture that goes into the network",
    "optimizer": "sgd (with Nesterov's momentum), adamw, adam, rmsprop or adadelta",
    "lr": "highest learning rate",
    "momentum": "also the first beta of adam and adamw",
    "weight_decay": "on weights only, never on biases and scales",
    "schedule": "how the learning rate falls: cosine, step, constant or linear",
    "precision": "bf16 is autocast, with fp32 weights",
    "augment": "see below",
    "contrast": "likewise",
    "saturation": "likewise",
    "stages": "trained one after the other",
    "data": "what it trains on when --data is left out",
    "settings": "of the network itself",
    "metric": "what chooses the best weights",
    "expect": "the score that it should reach, 0 = not stated",
    "minutes": "what it should take on two CPU cores, 0 = not stated",
    "note": "what the paper reports",
}


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()) -> str:
    """Markdown. `right` are the columns of numbers."""
    rule = ["---:" if place in right else "---" for place in range(len(columns))]
    lines = [columns, rule, *([str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# -- systems -----------------------------------------------------------------------------------------------------------------


def systems(argument: str, page: Path) -> str:
    """One row a card."""
    from looksay.registry import cards

    rows = [(card.title, card.year, code(card.names), code(card.published) or "–") for card in cards(argument)]
    return table(("system", "year", "names for `train` and `--model`", "published weights for"), rows, (1,))


def cards_at_length(argument: str, page: Path) -> str:
    """A section a card: paper, what it is, variants, where ours departs."""
    from looksay.registry import cards

    return "\n".join(_section(card) for card in cards(argument))


def _section(card: Any) -> str:
    lines = [f"### {card.title}", "", f"*{card.paper}* ({card.year}).", "", card.summary, ""]
    if card.variants:
        rows = [(f"`{name}`", _pairs(settings), _published(card, name)) for name, settings in card.variants.items()]
        lines += [table(("name", "settings", "published weights"), rows)]
    else:
        told = f"; the weights of {_published(card, card.name)} load unchanged" if card.published else ""
        lines += [f"Name: `{card.name}`{told}.", ""]
    if card.deviations:
        lines += ["Where ours departs from the paper:", "", *(f"- {text}" for text in card.deviations), ""]
    rows_of = f"Lecture rows: {', '.join(card.rows)}. " if card.rows else ""
    path = card.module.replace(".", "/")
    return "\n".join([*lines, f"{rows_of}Code: `src/{path}.py`. Licence: {card.licence}.", ""])


def _published(card: Any, name: str) -> str:
    return f"torchvision's `{card.published[name]}`" if name in card.published else "–"


def _pairs(settings: Mapping[str, Any]) -> str:
    return code(f"{key} = {value}" for key, value in settings.items())


def recipes(argument: str, page: Path) -> str:
    """How each is trained, with the parameters that it then has."""
    from looksay import registry

    rows = []
    for name in registry.names(argument):
        for recipe_name, recipe in registry.find(name).build().RECIPES.items():
            stage = recipe.stages[-1]
            sizes = (f"{_parameters(name, recipe):,}", stage.img_size, stage.epochs, stage.batch_size)
            how = f"{stage.optimizer}, {stage.lr:g}, {stage.schedule}"
            expect = f"{100 * recipe.expect:.1f} %" if recipe.expect else "–"
            rows.append((f"`{name}`", recipe_name, *sizes, how, expect, recipe.note or "–"))
    columns = ("name", "recipe", "parameters", "side", "epochs", "batch", "optimizer, rate, schedule", "expected score", "note")
    return table(columns, rows, (2, 3, 4, 5))


WORDS_OF = {"caption": 300, "write": 100, "translate": 300}


def _parameters(name: str, recipe: Any) -> int:
    """With the classes of the recipe's data: 1,000, 10 or the storybook's 20; of what writes, with so many words. Nothing is
    allocated."""
    import torch

    from looksay import registry, weights
    from looksay.nn.prep import Prep
    from looksay.nn.vocabulary import SPECIALS

    known = {"imagenet": 1000, "mnist": 10, "storybook:digits": 10, "storybook": 20, "voc": 20, "coco": 91}
    count = known.get(recipe.data, known.get(recipe.data.partition(":")[0], 0))
    classes, side = [str(number) for number in range(count)], recipe.stages[-1].img_size
    if (words := WORDS_OF.get(registry.find(name).card.task)) is not None:
        classes = [*SPECIALS, *map(str, range(words))]
    with torch.device("meta"):
        system = weights.build(name, classes, recipe.settings)
        if system.prep.size != (side, side):
            channels, mean, std = system.prep.channels, system.prep.mean, system.prep.std
            prep = Prep((side, side), system.prep.mode, side, channels, mean, std)
            system = weights.build(name, classes, recipe.settings, prep)
    return system.parameters_count


# -- settings and commands ---------------------------------------------------------------------------------------------------


def settings(argument: str, page: Path) -> str:
    """The fields of a dataclass of nn/recipe.py with their defaults and comments."""
    from looksay.nn import recipe

    kind: Any = getattr(recipe, argument)
    told = _comments(kind)
    rows = [(f"`{item.name}`", f"`{_default(item)}`", told.get(item.name) or WORDS[item.name]) for item in fields(kind)]
    return table(("setting", "default", "what it is"), rows)


def _comments(kind: type) -> dict[str, str]:
    source = inspect.getsource(kind)
    lines = source.splitlines()
    body = ast.parse(source).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = lines[(node.end_lineno or 1) - 1].partition("  # ")[2]
    return found


def _default(item: Any) -> str:
    if item.default_factory is not MISSING:
        return str(item.default_factory())
    return f"{type(item.default).__name__}()" if hasattr(item.default, "__dataclass_fields__") else str(item.default)


def commands(argument: str, page: Path) -> str:
    """Every verb with its arguments and options."""
    import typer

    from looksay.cli.main import app

    root: Any = typer.main.get_command(app)
    parts = []
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None) or {"": command}
        parts += [_verb(f"looksay {name} {verb}".strip(), each) for verb, each in inner.items()]
    return "\n".join(parts)


def _verb(name: str, command: Any) -> str:
    rows = []
    for each in command.params:
        if not each.opts[0].startswith("-"):
            rows.append((f"`{each.metavar or each.name.upper()}`", "", each.help or ""))
        elif each.name != "help":
            flag = bool(getattr(each, "is_flag", False))
            shown = "" if flag or each.default in (None, "", 0, 0.0) else f"`{getattr(each.default, 'value', each.default)}`"
            rows.append((code(each.opts), shown, each.help or ""))
    return f"## {name}\n\n{(command.help or '').strip()}\n\n{table(('option', 'default', 'what it does'), rows)}"


# -- data and storybook ------------------------------------------------------------------------------------------------------


def findings(argument: str, page: Path) -> str:
    """Everything that the doctor can find."""
    from looksay.data.doctor_findings import KINDS

    rows = [(f"`{name}`", kind.severity, kind.title, kind.fix or "leaves it to you") for name, kind in KINDS.items()]
    return table(("finding", "severity", "what it is", "what `--fix` does"), rows)


def book(argument: str, page: Path) -> str:
    """The words of the storybook's world."""
    from looksay.storybook.page import REGION_NAMES
    from looksay.storybook.spec import ACTIONS, COLOURS, KINDS, SEASONS, SETTINGS, TIMES

    doing = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in ACTIONS.items() if len(names) > 1)
    stuff = [name for name in REGION_NAMES if name not in KINDS]
    rows = [
        (f"{len(KINDS)} kinds", ", ".join(KINDS)),
        (f"{len(SETTINGS)} settings", ", ".join(SETTINGS)),
        (f"{len(TIMES)} times", ", ".join(TIMES)),
        (f"{len(SEASONS)} seasons", ", ".join(SEASONS)),
        (f"{len(COLOURS)} colours", ", ".join(COLOURS)),
        ("actions", doing),
        (f"{len(stuff)} sorts of ground and backdrop", ", ".join(stuff)),
    ]
    return table(("", ""), rows)


def events(argument: str, page: Path) -> str:
    from looksay.storybook.clip import ACTIONS

    return f"{len(ACTIONS)} events: {', '.join(ACTIONS)}.\n"


def tales(argument: str, page: Path) -> str:
    from looksay.storybook.tale import KINDS_OF_TALES

    return f"{len(KINDS_OF_TALES)} kinds: {', '.join(f'{number} {name}' for number, name in KINDS_OF_TALES.items())}.\n"


# -- results and pictures ----------------------------------------------------------------------------------------------------


SCORES = {  # of a task: the score that counts, and others; shares are printed as per cent where the title says so
    "classify": {"top1": "top-1 %", "top5": "top-5 %"},
    "locate": {"loc1": "loc-1 %", "iou": "mean IoU %"},
    "detect": {"map50": "mAP@.5 %", "map": "mAP@.5:.95 %"},
    "segment": {"miou": "mIoU %", "pixel_accuracy": "pixels right %", "boundary_f": "boundary F %"},
    "instances": {
        "map50": "mask mAP@.5 %", "map": "mask mAP@.5:.95 %", "apr50": "APr@.5 %", "apr70": "APr@.7 %",
        "box_map50": "box mAP@.5 %", "touching_apart": "touching, apart %", "touching_merged": "merged %",
    },
    "caption": {
        "ciderd": "CIDEr-D", "bleu4": "BLEU-4 %", "meteor": "METEOR %", "rougel": "ROUGE-L %", "facts": "facts %",
        "seen": "of these kinds, colours, relations %", "peaks": "peaks %", "chance": "by chance %",
    },
    "find": {"r10": "R@10 % both ways", "picture_r1": "R@1 % of sentences", "sentence_r1": "R@1 % of pictures"},
    "write": {"nats": "nats a character", "perplexity": "perplexity"},
    "translate": {"bleu": "BLEU", "exact": "as a reference has it %"},
}  # fmt: skip


def results(argument: str, page: Path) -> str:
    """results/<argument>.csv with the command that made each row; further text where it has not been measured."""
    path = ROOT / "results" / f"{argument}.csv"
    if not path.is_file():
        return "*Not measured yet.*\n"
    from looksay.measure.results import read

    titles = SCORES[argument]
    first, *others = titles
    best_first = 1 if argument == "write" else -1
    rows_in_order = sorted(read(path), key=lambda row: (str(row["data"]), best_first * float(row.get(first) or 0)))
    shown = [_result(row, titles) for row in rows_in_order]
    columns = (
        "system", titles[first], "95 % interval", *(titles[name] for name in others), "parameters", "ms a picture",
        "training min", "recipe", "pictures", "data, split",
    )  # fmt: skip
    lines = "\n".join(str(row["command"]) for row in rows_in_order)
    body = table(columns, shown, (1, *range(3, len(columns) - 3), len(columns) - 2))
    return f"{body}\n```text\n{lines}\n```\n"


PAPER_PATH = (63.4, 65.8, 69.5, None, 69.2, 69.6, None, 74.4, 75.4, 76.8, 78.6)  # on VOC 2007; two switches share a column


def path(argument: str, page: Path) -> str:
    """From YOLO to YOLOv2, a switch a row, beside what the paper reports."""
    from looksay.measure.results import read
    from looksay.systems.detect.yolo2 import PATH

    file = ROOT / "results" / "yolo-path.csv"
    if not file.is_file():
        return "*Not measured yet.*\n"
    found = {str(row["recipe"]): row for row in read(file)}
    rows = []
    for step, paper in enumerate(PAPER_PATH):
        row = found.get(f"path-{step}")
        name = "YOLO" if step == 0 else "+ " + PATH[step - 1].replace("_", " ")
        scores = ("–",) * 3
        if row:
            scores = (_share(row["map50"]), f"{_share(row['low'])} to {_share(row['high'])}", _share(row["map"]))
        rows.append((f"`path-{step}`", name, *scores, paper or "–"))
    columns = ("recipe", "", "mAP@.5 %", "95 % interval", "mAP@.5:.95 %", "the paper, VOC 2007")
    return table(columns, rows, (2, 4, 5))


def sizes(argument: str, page: Path) -> str:
    """One network at several sizes."""
    from looksay.measure.results import read

    file = ROOT / "results" / f"{argument}.csv"
    if not file.is_file():
        return "*Not measured yet.*\n"
    found = sorted(((int(str(row["recipe"]).rpartition(" at ")[2]), row) for row in read(file)), key=lambda pair: pair[0])
    rows = [
        (f"{side} × {side}", _share(row["map50"]), _share(row["map"]), f"{1000 / float(row['ms_per_picture']):.0f}")
        for side, row in found
    ]
    return table(("picture", "mAP@.5 %", "mAP@.5:.95 %", "pictures a second"), rows, (1, 2, 3))


def superpixels(argument: str, page: Path) -> str:
    """What pieces of several counts keep of the truth, the fewest first."""
    from looksay.measure.results import read

    file = ROOT / "results" / "superpixels.csv"
    if not file.is_file():
        return "*Not measured yet.*\n"
    rows = []
    for row in sorted(read(file), key=lambda row: (str(row["system"]), float(row["pieces"]))):
        scores = _share(row["achievable"]), f"{_share(row['low'])} to {_share(row['high'])}", _share(row["boundary_recall"])
        costs = _share(row["leaking"]), _number(row["ms_per_picture"])
        rows.append((row["system"], row["recipe"], f"{float(row['pieces']):.0f}", *scores, *costs))
    columns = ("by", "asked", "pieces", "achievable %", "95 % interval", "edges found %", "leaking %", "ms a picture")
    return table(columns, rows, (2, 3, 5, 6, 7))


def _result(row: Mapping[str, Any], titles: Mapping[str, str]) -> tuple[str, ...]:
    said = [_share if "%" in title else _plain for title in titles.values()]
    first, *others = (tell(row.get(name)) for tell, name in zip(said, titles, strict=True))
    scores = first, f"{said[0](row['low'])} to {said[0](row['high'])}", *others
    times = [_number(row[name]) for name in ("ms_per_picture", "beside_ms") if row.get(name)]
    costs = f"{row['params']:,}", " + ".join(times) or "–", _number(row["train_minutes"])
    return f"`{row['system']}`", *scores, *costs, row["recipe"], f"{row['pictures']:,}", f"{row['data']}, {row['split']}"


def _plain(value: Any) -> str:
    return "–" if value is None else f"{float(value):.3f}"


def _share(value: Any) -> str:
    return "–" if value is None else f"{100 * float(value):.2f}"


def _number(value: Any) -> str:
    return "–" if value is None else f"{float(value):,.0f}" if float(value) >= 1000 else f"{float(value):.3g}"


def picture(argument: str, page: Path) -> str:
    """A picture that is there only when it could be made."""
    place = "docs/pictures" if page.parent == ROOT else "pictures"
    if (ROOT / "docs" / "pictures" / argument).is_file():
        return f"![{Path(argument).stem}]({place}/{argument})\n"
    return (
        "*This picture is not made yet: it needs weights that travel in the package. Then `python docs/pictures.py` makes it.*\n"
    )


MAKERS: dict[str, Callable[[str, Path], str]] = {
    "systems": systems,
    "cards": cards_at_length,
    "recipes": recipes,
    "settings": settings,
    "commands": commands,
    "findings": findings,
    "book": book,
    "events": events,
    "tales": tales,
    "results": results,
    "path": path,
    "sizes": sizes,
    "superpixels": superpixels,
    "picture": picture,
}


@cache
def pages() -> tuple[Path, ...]:
    return (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md")


def stale(only: Sequence[str] = tuple(MAKERS)) -> list[str]:
    """'page: block' for each block of those names that does not say what the code says."""
    found = []
    for page in pages():
        for name, argument, body in BLOCK.findall(page.read_text("utf-8")):
            if name not in MAKERS:
                found.append(f"{page.name}: there is no block {name!r}")
            elif name in only and body != f"\n{MAKERS[name](argument, page)}\n":
                found.append(f"{page.name}: {name} {argument}".strip())
    return found


def write() -> list[str]:
    """Rewrites every page that is not current; returns their names."""
    changed = []
    for page in pages():
        text = page.read_text("utf-8")

        def made(match: re.Match[str], page: Path = page) -> str:
            name, argument = match[1], match[2] or ""
            head = f"<!-- table: {f'{name} {argument}'.strip()} -->"
            return f"{head}\n\n{MAKERS[name](argument, page)}\n<!-- end -->"

        fresh = BLOCK.sub(made, text)
        if fresh != text:
            page.write_text(fresh, "utf-8")
            changed.append(page.name)
    return changed


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--check", action="store_true", help="write nothing")
    if asked.parse_args().check:
        found = stale()
        print("\n".join([*found, "run python docs/tables.py"]) if found else "all tables are current")
        return int(bool(found))
    print(f"rewritten: {', '.join(write()) or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
