"""What an evaluation of any task can be asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from looksay.measure.bootstrap import Paired
from looksay.nn.system import System
from looksay.show.report import Report


class Verdict(ABC):
    """How good a system is on some pictures. `metric` is the number that counts, `title` its name for people."""

    metric: ClassVar[str]
    title: ClassVar[str]
    noun: ClassVar[str] = "pictures"
    less: ClassVar[bool] = False  # the smaller the metric, the better

    @abstractmethod
    def __len__(self) -> int:
        """Pictures."""

    @abstractmethod
    def numbers(self) -> dict[str, float]:
        """`metric` with its interval 'low' and 'high', and what else a row of results has."""

    @abstractmethod
    def lines(self) -> list[str]:
        """For the terminal: each score with its settings."""

    @abstractmethod
    def shown(self) -> dict[str, Any]:
        """The scores of a row of a comparison, as people read them."""

    def tables(self) -> dict[str, dict[str, Any]]:
        """Further tables of a comparison: under each heading the row of this system."""
        return {}

    @abstractmethod
    def fill(self, report: Report, title: str) -> None:
        """Numbers, figures and tables."""

    @abstractmethod
    def mistakes(self, report: Report, dataset: Any, system: System[Any]) -> None:
        """What it got wrong, in pictures, and why."""

    def behind(self, best: Verdict) -> Paired | None:
        """The interval of the difference to a better one on the same pictures, where it can be had."""
        return None

    def row(self) -> list[tuple[str, str]]:
        """(score, value) pairs of a report's first table."""
        return []

    def told(self, value: float) -> str:
        """A value of the metric, for people."""
        return f"{100 * value:.2f} %"

    @property
    def score(self) -> float:
        return self.numbers()[self.metric]


class Scored(Verdict):
    """What was `found` tells itself."""

    found: Any  # with len(), lines() and scores()

    def __len__(self) -> int:
        return len(self.found)

    def lines(self) -> list[str]:
        found: list[str] = self.found.lines()
        return found

    def row(self) -> list[tuple[str, str]]:
        return [(score.name, str(score).removeprefix(score.name).strip()) for score in self.found.scores()]
