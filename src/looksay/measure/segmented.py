"""The verdict on a segmenter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from looksay.data.dataset import Dataset
from looksay.data.loader import ready
from looksay.measure.bootstrap import Paired
from looksay.measure.judging import Judging
from looksay.measure.semantic import Semantic, SemanticTally
from looksay.measure.verdict import Scored, Verdict
from looksay.nn.system import Batch, System
from looksay.scene import Regions, Scene
from looksay.show.draw import draw
from looksay.show.palette import INK, MUTED
from looksay.show.report import Report
from looksay.show.sheet import Cell, grid
from looksay.show.text import Span, percent

Picture = npt.NDArray[np.uint8]
WORST = 8  # pictures that a report shows


@dataclass(frozen=True)
class Segmented(Scored):
    metric = "miou"
    title = "mIoU"
    found: Semantic

    def numbers(self) -> dict[str, float]:
        return self.found.numbers()

    def shown(self) -> dict[str, Any]:
        numbers = {name: round(100 * value, 2) for name, value in self.numbers().items()}
        return {
            "mIoU %": numbers["miou"], "low": numbers["low"], "high": numbers["high"],
            "pixels right %": numbers["pixel_accuracy"], "boundary F %": numbers["boundary_f"],
        }  # fmt: skip

    def behind(self, best: Verdict) -> Paired | None:
        return self.found.behind(best.found) if isinstance(best, Segmented) else None

    def fill(self, report: Report, title: str) -> None:
        numbers = self.numbers()
        report.heading(title).facts(
            {
                "mIoU": f"{100 * numbers['miou']:.2f} % ({100 * numbers['low']:.2f} to {100 * numbers['high']:.2f})",
                "pixel accuracy": f"{100 * numbers['pixel_accuracy']:.2f} %",
                "mean accuracy": f"{100 * numbers['mean_accuracy']:.2f} %",
                "frequency-weighted IoU": f"{100 * numbers['fw_iou']:.2f} %",
                "boundary F": f"{100 * numbers['boundary_f']:.2f} %",
                "pictures": f"{len(self):,}",
            }
        )
        rows = [(row.name, row.share, row.iou, row.accuracy, row.boundary) for row in self.found.per_class()]
        report.table(("class", "share of pixels", "IoU", "accuracy", "boundary F"), rows)

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        """What is taken for what, and the pictures with the most wrong pixels, as they are and as they were seen."""
        pairs = self.found.confused()
        if pairs:
            report.heading("What is taken for what")
            report.table(("is", "was called", "share of its pixels"), pairs)
        worst = self._worst(dataset)
        if not worst:
            return
        report.heading("The pictures that went worst")
        said = "Left what is there, right what was seen; beneath, the share of pixels that are right."
        report.picture(drawn_pairs(system, dataset, worst), said)

    def _worst(self, dataset: Dataset) -> list[tuple[int, float]]:
        """(number in the data set, share of its pixels that are right), the worst first."""
        right, there = self.found.counts[:, 0].sum(axis=1), self.found.counts[:, 1].sum(axis=1)
        share = np.divide(right, there, out=np.ones_like(right), where=there > 0)
        places = {dataset.name(index): index for index in range(len(dataset))}
        ids = self.found.ids or tuple(places)
        order = np.argsort(share, kind="stable")[:WORST].tolist()
        return [(places[ids[row]], float(share[row])) for row in order if share[row] < 1]


class OfMaps(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.tally = SemanticTally(system.classes)

    def ask(self, system: System[Any], batch: Batch) -> list[Scene]:
        return system.read(system(batch), batch)

    def hear(self, said: list[Scene], batch: Batch, keep: Sequence[int]) -> None:
        for row in keep:
            truth = self.dataset.regions(int(batch.targets["index"][row]))
            self.tally.add(truth, said[row].regions.ids, batch.ids[row])

    def verdict(self) -> Verdict:
        return Segmented(self.tally.result())


@torch.inference_mode()
def drawn_pairs(system: System[Any], dataset: Dataset, worst: Sequence[tuple[int, float]]) -> Picture:
    """The truth and the answer side by side, a row a picture."""
    cells = []
    for index, share in worst:
        picture, name = dataset.picture(index), dataset.name(index)
        batch = ready([(name, picture)], system.prep)
        found = system.eval().read(system(batch), batch)[0]
        truth = Scene(found.size, id=name, regions=Regions(dataset.region_names, dataset.regions(index)))
        lines = (Span(name, INK, bold=True),), (Span(f"{percent(share)} right", MUTED),)
        cells += [Cell(draw(picture, scene), told) for scene, told in zip((truth, found), lines, strict=True)]
    return grid(cells, columns=2, side=400)
