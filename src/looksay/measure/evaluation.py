"""What an evaluation tells: lines for the terminal, a row for the table of results, a report with the mistakes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from looksay.measure.evaluate import Judged
from looksay.measure.results import record
from looksay.nn.system import System
from looksay.show.report import Report


@dataclass(frozen=True, repr=False)
class Evaluation:
    """A system on a split. `minutes` is what its training took, where that is known; `expect` the score that its recipe
    states for these pictures, 0 where it states none."""

    system: str
    recipe: str
    weights: str
    network: System[Any]
    dataset: Any
    judged: Judged
    params: int
    how: str
    command: str
    minutes: float | None = None
    expect: float = 0.0

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        head = f"{self.system} ({self.weights}) on {self.dataset.source}, split {self.dataset.split or 'whole'}"
        skipped = [f"{self.judged.skipped} pictures could not be read and were skipped"] if self.judged.skipped else []
        beside = f", {self.judged.beside_ms:.0f} ms before it for proposals" if self.judged.beside_ms else ""
        each = f"{self.judged.ms_per_picture:.2f} ms a {self.judged.found.noun[:-1]}"
        speed = f"{each} in the network{beside}, {self.params:,} parameters"
        if self.expect:
            scores, found = self.judged.scores(), self.judged.found
            met = scores["low"] <= self.expect if found.less else scores["high"] >= self.expect
            skipped.append(f"the recipe states a {found.title} of {found.told(self.expect)}: {'met' if met else 'MISSED'}")
        return [
            f"{head}, {self.how}",
            *(f"  {line}" for line in self.judged.found.lines()),
            f"  {speed}",
            *(f"  {line}" for line in skipped),
        ]

    def row(self) -> dict[str, Any]:
        return {
            "system": self.system,
            "recipe": self.recipe,
            "weights": self.weights,
            "data": self.dataset.source,
            "split": self.dataset.split,
            "pictures": len(self.judged.found),
            **{name: None if math.isnan(value) else value for name, value in self.judged.scores().items()},
            **({"beside_ms": self.judged.beside_ms} if self.judged.beside_ms else {}),
            "params": self.params,
            "ms_per_picture": self.judged.ms_per_picture,
            "train_minutes": self.minutes,
            "command": self.command,
        }

    def record(self, path: str) -> None:
        record(path, self.row())

    def report(self, path: str) -> Path:
        report = Report(f"{self.system} on {self.dataset.source}", f"Split {self.dataset.split or 'whole'}; {self.how}.")
        report.table(
            ("score", "value"),
            self.judged.found.row(),
        )
        self.judged.found.fill(report, "Class by class")
        self.judged.found.mistakes(report, self.dataset, self.network)
        return report.code(self.command).save(path)
