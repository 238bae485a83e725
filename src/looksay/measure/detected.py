"""The verdict on a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from looksay.data.dataset import Dataset
from looksay.data.storybook import StorybookPages
from looksay.measure.bootstrap import Paired
from looksay.measure.detect import Detection, DetectionTally
from looksay.measure.judging import Judging
from looksay.measure.verdict import Scored, Verdict
from looksay.nn.detector import Detector
from looksay.nn.system import Batch, System
from looksay.scene import Scene
from looksay.show.report import Report


@dataclass(frozen=True)
class Detected(Scored):
    metric = "map50"
    title = "mAP@.5"
    found: Detection

    def numbers(self) -> dict[str, float]:
        """`sure` is the score from which on detections are worth showing: the middle of the classes' best ones."""
        thresholds = [row.threshold for row in self.found.per_class() if row.threshold == row.threshold]
        return {**self.found.numbers(), "sure": float(np.median(thresholds)) if thresholds else 0.5}

    def shown(self) -> dict[str, Any]:
        numbers = {name: round(100 * value, 2) for name, value in self.numbers().items()}
        return {"mAP@.5 %": numbers["map50"], "low": numbers["low"], "high": numbers["high"], "mAP@.5:.95 %": numbers["map"]}

    def behind(self, best: Verdict) -> Paired | None:
        return self.found.behind(best.found) if isinstance(best, Detected) else None

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

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        """The system looks once more, to tell what it thought of and threw away."""
        from looksay.measure.failures import add_failures

        assert isinstance(system, Detector)
        add_failures(report, system, dataset)


class OfThings(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.tally = DetectionTally(system.classes, *self.sizes(dataset))

    @staticmethod
    def sizes(dataset: Dataset) -> tuple[tuple[float, float], ...]:
        """COCO's small, medium and large are for photographs; on a page an eighth and a third of its side part them."""
        side = dataset.asked.size if isinstance(dataset, StorybookPages) else 0
        return (((side / 8) ** 2, (side / 3) ** 2),) if side else ()

    def ask(self, system: System[Any], batch: Batch) -> list[Scene]:
        return system.read(system(batch), batch)

    def hear(self, said: list[Scene], batch: Batch, keep: Sequence[int]) -> None:
        truths = [truth_of(self.dataset, int(batch.targets["index"][row])) for row in keep]
        self.tally.add(truths, [said[row] for row in keep])

    def verdict(self) -> Verdict:
        return Detected(self.tally.result())


def truth_of(dataset: Dataset, index: int) -> Scene:
    """The things of a picture, and nothing else of its truth."""
    if not isinstance(dataset, StorybookPages):  # whose scenes are drawn anew, while the cache has the boxes
        scene = dataset.scene(index)
        return Scene(scene.size, id=scene.id or dataset.name(index), objects=scene.objects)
    things = dataset.things(index)
    edge = things.boxes.max(initial=1.0)
    size = int(np.ceil(edge))
    return Scene((size, size), id=dataset.name(index), objects=things.objects(dataset.classes))
