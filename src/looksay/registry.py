"""Which systems there are. Names and cards are known without importing torch; a system's module is imported when it is used.

A system declares itself with `@system(Card(...))`. The cards of the house are kept in `systems/catalog.json`, which
`python -m looksay.systems` writes anew from the declarations and a test holds against them.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from importlib.resources import files
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from looksay.errors import BadConfig, UnknownName

if TYPE_CHECKING:
    from looksay.nn.system import System

S = TypeVar("S", bound="type[System[Any]]")


@dataclass(frozen=True)
class Card:
    """Who a system is. `variants` are further names under which it can be had, each with the settings that it changes;
    `deviations` say where ours departs from the paper; `published` maps variants to torchvision's builder of the same network."""

    name: str
    task: str
    title: str
    paper: str
    year: int
    rows: tuple[str, ...] = ()
    licence: str = "Apache-2.0"
    summary: str = ""
    deviations: tuple[str, ...] = ()
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    published: Mapping[str, str] = field(default_factory=dict)
    module: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What `load` and `train` take: the variants, or the name itself where there are none."""
        return tuple(self.variants) or (self.name,)


@dataclass(frozen=True)
class Entry:
    """A name as the user gave it, resolved: its card and the settings that it implies."""

    name: str
    card: Card
    settings: Mapping[str, Any]

    def build(self) -> type[System[Any]]:
        """The class, its module imported now."""
        import_module(self.card.module)
        return _classes[self.card.name]


_classes: dict[str, type[System[Any]]] = {}
_declared: dict[str, Card] = {}


def system(card: Card) -> Callable[[S], S]:
    """Declares a system. Two with the same name are an error."""

    def declare(kind: S) -> S:
        card_here = replace(card, module=kind.__module__)
        for name in {card.name, *card.names}:
            other = _owner(name)
            if other is not None and (other.name, other.module) != (card_here.name, card_here.module):
                raise BadConfig(f"two systems are called {name!r}: {other.module} and {card_here.module}")
        kind.card = card_here
        _declared[card.name] = card_here
        _classes[card.name] = kind
        return kind

    return declare


@cache
def _catalog() -> dict[str, Card]:
    source = files("looksay.systems").joinpath("catalog.json")
    if not source.is_file():
        return {}
    lists = {"rows", "deviations"}  # read by hand, since the codec of records costs numpy, and help shall answer at once
    rows = json.loads(source.read_text("utf-8"))
    found: dict[str, Card] = {}
    for row in rows:
        entries: dict[str, Any] = {key: tuple(value) if key in lists else value for key, value in row.items()}
        found[entries["name"]] = Card(**entries)
    return found


def cards(task: str = "") -> tuple[Card, ...]:
    """All cards, or those of one task, ordered by task, year and name."""
    merged = {**_catalog(), **_declared}
    found = [card for card in merged.values() if task in ("", card.task)]
    return tuple(sorted(found, key=lambda card: (card.task, card.year, card.name)))


def _owner(name: str) -> Card | None:
    return next((card for card in cards() if name == card.name or name in card.names), None)


def names(task: str = "") -> tuple[str, ...]:
    return tuple(name for card in cards(task) for name in card.names)


def find(name: str) -> Entry:
    """Resolves 'resnet-18', 'ResNet_18' or 'resnet18' to its entry; an unknown name gets a suggestion."""

    def fold(text: str) -> str:
        return text.lower().replace("_", "").replace("-", "").replace(" ", "")

    for card in cards():
        for variant, settings in card.variants.items():
            if fold(variant) == fold(name):
                return Entry(variant, card, settings)
        if fold(card.name) == fold(name):
            first = next(iter(card.variants), card.name)
            return Entry(first, card, card.variants.get(first, {}))
    raise UnknownName.of("system", name, names())


def catalog(package: ModuleType) -> str:
    """The catalog as it should stand, from importing every module of `package`."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__"):
            import_module(found.name)
    from looksay.records import pack

    ordered = sorted(_declared.values(), key=lambda card: (card.task, card.year, card.name))
    return json.dumps([pack(card) for card in ordered], indent=1, ensure_ascii=False) + "\n"
