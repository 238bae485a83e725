"""How each task is judged: what is asked of a system, how its answers are set against the truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from looksay.errors import BadConfig
from looksay.measure.verdict import Verdict
from looksay.nn.system import Batch, System


class Judging(ABC):
    """`ask` is what is timed; `hear` takes what it said, the rows `keep` of it."""

    def __init__(self, system: System[Any], dataset: Any) -> None:
        self.system, self.dataset = system, dataset

    @abstractmethod
    def ask(self, system: System[Any], batch: Batch) -> Any: ...

    @abstractmethod
    def hear(self, said: Any, batch: Batch, keep: Sequence[int]) -> None: ...

    @abstractmethod
    def verdict(self) -> Verdict: ...


WHO = {
    "classify": "classified.OfClasses",
    "caption": "captioned.OfCaptions",
    "visual-concepts": "concepts.OfWords",
    "deep-image-sent": "ranked.OfRanks",
    "detect": "detected.OfThings",
    "instances": "instanced.OfInstances",
    "locate": "located.OfSpots",
    "segment": "segmented.OfMaps",
    "write": "written.OfTexts",
    "translate": "translated.OfTranslations",
}  # each imported when it is needed


def judging_of(system: System[Any], dataset: Any) -> Judging:
    """Ready to judge `system` on `dataset` (for its classes and its truth)."""
    who = WHO.get(system.card.name) or WHO.get(system.card.task)
    if who is None:
        raise BadConfig(f"there is no score for {system.card.task}")
    module, name = who.split(".")
    kind: type[Judging] = getattr(import_module(f"looksay.measure.{module}"), name)
    return kind(system, dataset)
