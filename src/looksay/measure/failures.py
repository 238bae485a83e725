"""Why a detector missed what it missed: the system looks once more, and tells what it thought of and what it threw away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from looksay.data.dataset import Dataset
from looksay.data.held import Subset
from looksay.data.kept import beside_of
from looksay.data.loader import Feed, Feeding
from looksay.measure.detected import truth_of
from looksay.measure.missed import Misses
from looksay.nn.detector import Detector, Found
from looksay.nn.system import Batch, on_device
from looksay.scene import Scene
from looksay.show.report import Report
from looksay.tasks import task


@dataclass(frozen=True)
class Failures:
    """`misses` of the pictures looked at; `places` are the numbers of these in the data set, by name, `seen` what was found."""

    misses: Misses
    places: Mapping[str, int]
    seen: Mapping[str, Scene]


@torch.inference_mode()
def failures(system: Detector[Any], dataset: Dataset, *, most: int = 500, score: float = 0.5) -> Failures:
    """Of the first `most` pictures: a report needs no more, and a picture's candidates are many."""
    few = Subset(dataset, range(min(most, len(dataset))), dataset.split)
    feed = Feed(few, system.prep, task("detect"), Feeding(16, skip_bad=True), beside_of(system))
    device = next(system.parameters()).device
    misses, places, seen = Misses(dataset.classes, score), dict[str, int](), dict[str, Scene]()
    for batch in feed.epoch(0):
        moved = on_device(batch, device)
        out = system(moved)
        founds, regions = system.candidates(out, moved), system.proposals(out, moved)
        for row, found in enumerate(founds):
            index = int(batch.targets["index"][row])
            if dataset.name(index) in places:  # stands in for a broken neighbour
                continue
            truth = truth_of(dataset, index)
            answer = batch.scene(row, objects=system.things(system.choose(found), moved, row))
            boxes = moved.place(row).back(regions[row].double().cpu().numpy()) if regions is not None else None
            misses.add(truth, answer, _thought(system, found, moved, row), boxes)
            places[truth.id], seen[truth.id] = index, answer
    return Failures(misses, places, seen)


def _thought(system: Detector[Any], found: Found, batch: Batch, row: int) -> Scene:
    """What competed before suppression."""
    return batch.scene(row, objects=system.things(system.contenders(found), batch, row))


def add_failures(report: Report, system: Detector[Any], dataset: Dataset, score: float = 0.5) -> None:
    """Counts, costs and the worst pictures of a detector."""
    found = failures(system, dataset, score=score)
    report.heading("Why it missed what it missed")
    for line in found.misses.lines():
        report.text(line[0].upper() + line[1:] + ".")
    missed, alarms = found.misses.counts()
    costs = found.misses.costs()
    rows = [(reason, missed.get(reason, 0), alarms.get(reason, 0), costs.get(reason, 0.0)) for reason in {**missed, **alarms}]
    report.table(("reason", "missed things", "false alarms", "mAP@.5 to be won"), [row for row in rows if row[1] or row[2]])
