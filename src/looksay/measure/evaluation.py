"""What an evaluation tells: lines for the terminal, a row for the table of results, a report with the mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from looksay.data.dataset import Dataset
from looksay.measure.evaluate import Judged
from looksay.measure.results import record
from looksay.show.plots import confusion, reliability
from looksay.show.report import Report
from looksay.show.sheet import Mistake, mistakes

SHEET = 100  # mistakes that a report shows


@dataclass(frozen=True)
class Evaluation:
    """A system on a split. `minutes` is what its training took, where that is known; `expect` the top-1 that its recipe
    states for these pictures, 0 where it states none."""

    system: str
    recipe: str
    weights: str
    dataset: Dataset
    judged: Judged
    params: int
    how: str
    command: str
    minutes: float | None = None
    expect: float = 0.0

    def lines(self) -> list[str]:
        head = f"{self.system} ({self.weights}) on {self.dataset.source}, split {self.dataset.split or 'whole'}"
        skipped = [f"{self.judged.skipped} pictures could not be read and were skipped"] if self.judged.skipped else []
        speed = f"{self.judged.ms_per_picture:.2f} ms a picture in the network, {self.params:,} parameters"
        if self.expect:
            met = "met" if self.judged.scores()["high"] >= self.expect else "MISSED"
            skipped.append(f"the recipe states a top-1 of {100 * self.expect:.1f} %: {met}")
        return [
            f"{head}, {self.how}",
            *(f"  {score}" for score in self.judged.found.scores()),
            f"  {speed}",
            *(f"  {line}" for line in skipped),
        ]

    def row(self) -> dict[str, Any]:
        numbers = self.judged.scores()
        return {
            "system": self.system,
            "recipe": self.recipe,
            "weights": self.weights,
            "data": self.dataset.source,
            "split": self.dataset.split,
            "pictures": len(self.judged.found),
            "top1": numbers["top1"],
            "top5": numbers["top5"],
            "loss": numbers["loss"],
            "ece": self.judged.found.reliability().error,
            "low": numbers["low"],
            "high": numbers["high"],
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
            [(score.name, str(score).removeprefix(score.name).strip()) for score in self.judged.found.scores()],
        )
        add_scores(report, self.judged, "Class by class")
        add_mistakes(report, self.judged, self.dataset)
        return report.code(self.command).save(path)


def add_scores(report: Report, judged: Judged, title: str) -> None:
    """The numbers, the confusion matrix, the calibration and the classes one by one."""
    found, numbers = judged.found, judged.scores()
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
        reliability(bins.edges, bins.counts, bins.confidence, bins.accuracy, bins.error), "Is it right as often as it is sure?"
    )
    rows = [(row.name, row.support, row.recall, row.precision, row.f1) for row in found.per_class()]
    report.table(("class", "pictures", "recall", "precision", "F1"), rows)


def add_mistakes(report: Report, judged: Judged, dataset: Dataset) -> None:
    """The sheet of misclassified pictures, the surest first."""
    found = judged.found
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
