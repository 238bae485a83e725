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
from looksay.show.misses import Case, costs_chart, counts_chart, worst_sheet
from looksay.show.report import Report
from looksay.tasks import task

WORST = 12  # pictures that a report shows


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
    missed, alarms = ({str(reason): count for reason, count in counts.items()} for counts in found.misses.counts())
    if not any(missed.values()) and not any(alarms.values()):
        return
    report.figure(counts_chart(missed, alarms), "How many things were missed, and how many seen that are not there, by reason.")
    costs = {str(reason): cost for reason, cost in found.misses.costs().items() if cost > 0}
    if costs:
        report.figure(costs_chart(costs), "What mending all errors of one kind, and nothing else, would add to mAP@.5.")
    cases = []
    for worst in found.misses.worst(WORST):
        index = found.places[worst.picture]
        truth = truth_of(dataset, index).objects
        cases.append(Case(worst.picture, dataset.picture(index), truth, found.seen[worst.picture].objects, worst.misses))
    report.heading("The pictures that went worst")
    said = "Missed things in solid blue, false alarms in dashed red, each with its reason; what went right is thin and grey."
    report.picture(worst_sheet(cases, score=score), said)
