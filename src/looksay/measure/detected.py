"""The verdict on a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from looksay.data.dataset import Dataset
from looksay.measure.bootstrap import Paired
from looksay.measure.detect import Detection, DetectionTally
from looksay.measure.judging import Judging
from looksay.measure.verdict import Verdict
from looksay.nn.system import Batch, System
from looksay.scene import Scene
from looksay.show.report import Report


@dataclass(frozen=True)
class Detected(Verdict):
    metric = "map50"
    title = "mAP@.5"
    found: Detection

    def __len__(self) -> int:
        return len(self.found)

    def numbers(self) -> dict[str, float]:
        return self.found.numbers()

    def lines(self) -> list[str]:
        return self.found.lines()

    def shown(self) -> dict[str, Any]:
        numbers = {name: round(100 * value, 2) for name, value in self.numbers().items()}
        return {"mAP@.5 %": numbers["map50"], "low": numbers["low"], "high": numbers["high"], "mAP@.5:.95 %": numbers["map"]}

    def behind(self, best: Verdict) -> Paired | None:
        return self.found.behind(best.found) if isinstance(best, Detected) else None

    def row(self) -> list[tuple[str, str]]:
        return [(score.name, str(score).removeprefix(score.name).strip()) for score in self.found.scores()]

    def fill(self, report: Report, title: str) -> None:
        numbers = self.numbers()
        report.heading(title).facts(
            {
                "mAP@.5": f"{100 * numbers['map50']:.2f} % ({100 * numbers['low']:.2f} to {100 * numbers['high']:.2f})",
                "mAP@.5:.95": f"{100 * numbers['map']:.2f} %",
                "VOC, area": f"{100 * numbers['voc50']:.2f} %",
                "pictures": f"{len(self):,}",
            }
        )
        rows = [(row.name, row.truths, row.ap50, row.ap, row.f1, row.threshold) for row in self.found.per_class()]
        report.table(("class", "things", "AP@.5", "AP@.5:.95", "best F1", "at score"), rows)

    def mistakes(self, report: Report, dataset: Dataset) -> None:
        """Which pictures went worst needs the system once more: see looksay.measure.failures."""


class OfThings(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.tally = DetectionTally(system.classes)

    def ask(self, system: System[Any], batch: Batch) -> list[Scene]:
        return system.read(system(batch), batch)

    def hear(self, said: list[Scene], batch: Batch, keep: Sequence[int]) -> None:
        truths = [truth_of(self.dataset, int(batch.targets["index"][row])) for row in keep]
        self.tally.add(truths, [said[row] for row in keep])

    def verdict(self) -> Verdict:
        return Detected(self.tally.result())


def truth_of(dataset: Dataset, index: int) -> Scene:
    """The things of a picture, and nothing else of its truth."""
    things = dataset.things(index)
    edge = things.boxes.max(initial=1.0)
    size = int(np.ceil(edge))
    return Scene((size, size), id=dataset.name(index), objects=things.objects(dataset.classes))
