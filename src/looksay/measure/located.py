"""The verdict on a locator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from looksay.data.dataset import Dataset
from looksay.measure.bootstrap import Paired, paired
from looksay.measure.judging import Judging
from looksay.measure.locate import Localization, LocateTally
from looksay.measure.verdict import Scored, Verdict
from looksay.nn.system import Batch, System
from looksay.scene import Label, Labels, Objects, Scene, Thing
from looksay.show.report import Report


@dataclass(frozen=True)
class Located(Scored):
    metric = "loc1"
    title = "loc-1"
    found: Localization

    def numbers(self) -> dict[str, float]:
        return self.found.numbers()

    def shown(self) -> dict[str, Any]:
        numbers = {name: round(100 * value, 2) for name, value in self.numbers().items()}
        return {
            "loc-1 %": numbers["loc1"], "low": numbers["low"], "high": numbers["high"], "loc-5 %": numbers["loc5"],
            "top-1 %": numbers["top1"], "mean IoU %": numbers["iou"],
        }  # fmt: skip

    def behind(self, best: Verdict) -> Paired | None:
        if not isinstance(best, Located):
            return None
        return paired(best.found.hits.astype(np.float64), self.found.hits.astype(np.float64))

    def fill(self, report: Report, title: str) -> None:
        numbers, causes = self.numbers(), self.found.causes()
        report.heading(title).facts(
            {
                "loc-1": f"{100 * numbers['loc1']:.2f} % ({100 * numbers['low']:.2f} to {100 * numbers['high']:.2f})",
                "loc-5": f"{100 * numbers['loc5']:.2f} %",
                "mean IoU": f"{100 * numbers['iou']:.1f} %",
                "pictures": f"{len(self):,}",
                "wrong class only": f"{causes.wrong_class:,}",
                "wrong place only": f"{causes.wrong_place:,}",
                "both wrong": f"{causes.both:,}",
            }
        )
        rows = [(row.name, row.pictures, row.loc1, row.loc5, row.top1, row.iou) for row in self.found.per_class()]
        report.table(("class", "pictures", "loc-1", "loc-5", "top-1", "mean IoU"), rows)

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        report.text(f"The first guess fails on {len(self.found.mistakes()):,} of {len(self):,} pictures.")


class OfSpots(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.tally = LocateTally(system.classes)

    def ask(self, system: System[Any], batch: Batch) -> list[Scene]:
        return system.read(system(batch), batch)

    def hear(self, said: list[Scene], batch: Batch, keep: Sequence[int]) -> None:
        self.tally.add([self._truth(batch, row) for row in keep], [said[row] for row in keep])

    def _truth(self, batch: Batch, row: int) -> Scene:
        name = self.dataset.classes[int(batch.targets["label"][row])]
        things = self.dataset.things(int(batch.targets["index"][row]))
        boxes = things.boxes[things.labels == int(batch.targets["label"][row])]
        largest = boxes[np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).argmax()]
        objects = Objects((Thing(name, tuple(largest.tolist())),))
        return batch.scene(row, labels=Labels((Label(name),)), objects=objects)

    def verdict(self) -> Verdict:
        return Located(self.tally.result())
