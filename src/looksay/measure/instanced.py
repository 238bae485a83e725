"""The verdict on a system that says which pixels each thing covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from looksay.data.dataset import Dataset
from looksay.data.storybook import StorybookPages
from looksay.measure.bootstrap import Paired
from looksay.measure.detected import OfThings
from looksay.measure.judging import Judging
from looksay.measure.region_ap import Instances, InstanceTally
from looksay.measure.touching import OUTCOMES
from looksay.measure.verdict import Scored, Verdict
from looksay.nn.detector import Detector
from looksay.nn.system import Batch, System
from looksay.scene import Mask, Objects, Scene
from looksay.show.report import Report


@dataclass(frozen=True)
class Instanced(Scored):
    metric = "map50"
    title = "mask mAP@.5"
    found: Instances

    def numbers(self) -> dict[str, float]:
        """`sure` is the score from which on things are worth showing."""
        return self.found.numbers()

    def shown(self) -> dict[str, Any]:
        numbers = {name: round(100 * value, 2) for name, value in self.numbers().items()}
        return {
            "mask mAP@.5 %": numbers["map50"],
            "low": numbers["low"],
            "high": numbers["high"],
            "mask mAP@.5:.95 %": numbers["map"],
            "APr@.5 %": numbers["apr50"],
            "APr@.7 %": numbers["apr70"],
            "box mAP@.5 %": numbers["box_map50"],
        }

    def tables(self) -> dict[str, dict[str, Any]]:
        touching = self.found.touching
        shares = {f"{name} %": round(100 * share, 1) for name, share in touching.shares().items()}
        return {"Where things of a kind touch": {"pairs": len(touching), **shares}} if len(touching) else {}

    def behind(self, best: Verdict) -> Paired | None:
        return self.found.masks.behind(best.found.masks) if isinstance(best, Instanced) else None

    def fill(self, report: Report, title: str) -> None:
        numbers = self.numbers()
        report.heading(title).facts(
            {
                "mask mAP@.5": f"{100 * numbers['map50']:.2f} % ({100 * numbers['low']:.2f} to {100 * numbers['high']:.2f})",
                "mask mAP@.5:.95": f"{100 * numbers['map']:.2f} %",
                "APr@.5, @.7": f"{100 * numbers['apr50']:.2f} %, {100 * numbers['apr70']:.2f} %",
                "box mAP@.5, @.5:.95": f"{100 * numbers['box_map50']:.2f} %, {100 * numbers['box_map']:.2f} %",
                "pictures": f"{len(self):,}",
            }
        )
        boxes = {row.name: row for row in self.found.boxes.per_class()}
        rows = [
            (row.name, row.truths, row.ap50, row.ap, boxes[row.name].ap50, row.f1, row.threshold)
            for row in self.found.masks.per_class()
        ]
        report.table(("class", "things", "mask AP@.5", "mask AP@.5:.95", "box AP@.5", "best F1", "at score"), rows)

        touching = self.found.touching
        if len(touching):
            report.heading("Where things of a kind touch")
            report.table(("class", "pairs that touch", *OUTCOMES), touching.per_class())
            report.text(
                "Apart: each is found by a mask of its own (IoU ≥ .5). Merged: else, one mask covers half of both. "
                f"Things count from a score of {touching.least:.2f} on."
            )

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        """The system looks once more, to tell what it thought of and threw away: by its boxes."""
        from looksay.measure.failures import add_failures

        assert isinstance(system, Detector)
        add_failures(report, system, dataset)


class OfInstances(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.tally = InstanceTally(system.classes, *OfThings.sizes(dataset))

    def ask(self, system: System[Any], batch: Batch) -> list[Scene]:
        return system.read(system(batch), batch)

    def hear(self, said: list[Scene], batch: Batch, keep: Sequence[int]) -> None:
        truths = [truth_of(self.dataset, int(batch.targets["index"][row])) for row in keep]
        self.tally.add(truths, [said[row] for row in keep])

    def verdict(self) -> Verdict:
        return Instanced(self.tally.result())


def truth_of(dataset: Dataset, index: int) -> Scene:
    """The things of a picture with their masks, and nothing else of its truth."""
    if not isinstance(dataset, StorybookPages):  # whose scenes are drawn anew, while the cache has boxes and masks
        scene = dataset.scene(index)
        return Scene(scene.size, id=scene.id or dataset.name(index), objects=scene.objects)
    masks = dataset.masks(index)
    things = zip(dataset.things(index).objects(dataset.classes), masks, strict=True)
    objects = Objects(tuple(replace(thing, mask=Mask.of(mask)) for thing, mask in things))
    return Scene((dataset.asked.size,) * 2, id=dataset.name(index), objects=objects)
