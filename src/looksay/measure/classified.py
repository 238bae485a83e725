"""The verdict on a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from looksay.data.dataset import Dataset
from looksay.measure.bootstrap import Paired, interval, paired
from looksay.measure.classify import Classification, Tally
from looksay.measure.judging import Judging
from looksay.measure.verdict import Scored, Verdict
from looksay.nn.classifier import Classifier
from looksay.nn.system import Batch, System
from looksay.show.plots import confusion, reliability
from looksay.show.report import Report
from looksay.show.sheet import Mistake, mistakes

SHEET = 100  # mistakes that a report shows


@dataclass(frozen=True)
class Classified(Scored):
    metric = "top1"
    title = "top-1"
    found: Classification

    def numbers(self) -> dict[str, float]:
        low, high = interval(self.found.hits.astype(np.float64))
        return {
            "top1": self.found.top(1),
            "top5": self.found.top(min(5, len(self.found.classes))),
            "loss": float(self.found.loss.mean()),
            "ece": self.found.reliability().error,
            "low": low,
            "high": high,
        }

    def lines(self) -> list[str]:
        return [str(score) for score in self.found.scores()]

    def shown(self) -> dict[str, Any]:
        numbers = {name: round(100 * value, 2) for name, value in self.numbers().items()}
        return {"top-1 %": numbers["top1"], "low": numbers["low"], "high": numbers["high"], "top-5 %": numbers["top5"]}

    def behind(self, best: Verdict) -> Paired | None:
        if not isinstance(best, Classified):
            return None
        return paired(best.found.hits.astype(np.float64), self.found.hits.astype(np.float64))

    def fill(self, report: Report, title: str) -> None:
        """The numbers, the confusion matrix, the calibration and the classes one by one."""
        found, numbers = self.found, self.numbers()
        report.heading(title).facts(
            {
                "top-1": f"{100 * numbers['top1']:.2f} % ({100 * numbers['low']:.2f} to {100 * numbers['high']:.2f})",
                "top-5": f"{100 * numbers['top5']:.2f} %",
                "pictures": f"{len(found):,}",
                "right": f"{int(found.hits.sum()):,}",
                "majority class": f"{100 * found.majority():.2f} %",
            }
        )
        report.figure(confusion(found.matrix(), found.classes), "Confusion matrix: rows are the truth, columns what was said.")
        bins = found.reliability()
        report.figure(
            reliability(bins.edges, bins.counts, bins.confidence, bins.accuracy, bins.error),
            "Is it right as often as it is sure?",
        )
        rows = [(row.name, row.support, row.recall, row.precision, row.f1) for row in found.per_class()]
        report.table(("class", "pictures", "recall", "precision", "F1"), rows)

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        """The sheet of misclassified pictures, the surest first."""
        found = self.found
        places = found.mistakes()
        if not len(places):
            report.text("It made no mistake.")
            return
        numbers = {dataset.name(index): index for index in range(len(dataset))}
        items = (
            Mistake(
                dataset.picture(numbers[str(found.ids[place])]),
                found.classes[found.said[place]],
                found.classes[found.target[place]],
                float(found.confidence[place]),
            )
            for place in places[:SHEET]
        )
        report.heading(f"What it got wrong: {len(places):,} of {len(found):,}")
        for sheet in mistakes(items, per_page=SHEET):
            report.picture(sheet, "What was said in red, the truth in blue; the surest mistakes first.")


class OfClasses(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.tally = Tally(system.classes, logits=True)

    def ask(self, system: System[Any], batch: Batch) -> Tensor:
        assert isinstance(system, Classifier)
        return system.logits(batch.pictures).logits.float().cpu()

    def hear(self, said: Tensor, batch: Batch, keep: Sequence[int]) -> None:
        rows = list(keep)
        self.tally.add(said.numpy()[rows], batch.targets["label"].numpy()[rows], [batch.ids[i] for i in rows])

    def verdict(self) -> Verdict:
        return Classified(self.tally.result())
