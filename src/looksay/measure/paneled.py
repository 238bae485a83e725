"""The verdict on two systems that see everything together: one finds things, the other says what all the rest is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from looksay.data.dataset import Dataset
from looksay.data.kept import beside_of
from looksay.data.loader import ready
from looksay.errors import BadConfig
from looksay.measure.evaluate import Judged
from looksay.measure.instanced import truth_of
from looksay.measure.panoptic import Panoptic, PanopticTally, segments_of
from looksay.measure.verdict import Scored
from looksay.nn.swift import channels_last
from looksay.nn.system import System, on_device
from looksay.scene import Objects, Regions, Scene
from looksay.show.report import Report

AT_ONCE = 16  # pictures


@dataclass(frozen=True)
class Paneled(Scored):
    metric = "pq"
    title = "PQ"
    found: Panoptic

    def numbers(self) -> dict[str, float]:
        return self.found.numbers()

    def shown(self) -> dict[str, Any]:
        numbers = {name: round(100 * value, 2) for name, value in self.numbers().items()}
        return {
            "PQ %": numbers["pq"], "low": numbers["low"], "high": numbers["high"], "SQ %": numbers["sq"], "RQ %": numbers["rq"],
            "PQ of things %": numbers["pq_things"], "PQ of stuff %": numbers["pq_stuff"],
        }  # fmt: skip

    def fill(self, report: Report, title: str) -> None:
        rows = [
            (name, "thing" if name in self.found.things else "stuff", each.pq, each.sq, each.rq)
            for name, each in self.found.per_class().items()
            if each.pq == each.pq
        ]
        report.heading(title).table(("class", "kind", "PQ", "SQ", "RQ"), rows)

    def mistakes(self, report: Report, dataset: Any, system: System[Any]) -> None:
        """Each system has a report of its own for that."""


def check_pair(things: System[Any], stuff: System[Any]) -> None:
    for system, task, what in ((things, "instances", "finds no things with their pixels"), (stuff, "segment", "names no pixels")):
        if system.card.task != task:
            from looksay.registry import names

            raise BadConfig(f"{system.card.name} {what}", mend=f"take one of {', '.join(names(task))}")


def combined(objects: Objects, regions: Regions, like: Scene, least: float) -> Scene:
    """Things that are sure enough, and what every pixel is, of one picture."""
    kept = Objects(tuple(thing for thing in objects if thing.score >= least))
    return Scene(like.size, id=like.id, objects=kept, regions=regions)


@torch.inference_mode()
def judge_panoptic(
    things: System[Any],
    stuff: System[Any],
    data: tuple[Dataset, Dataset],
    least: float,
    progress: Callable[[int, int], None] | None = None,
) -> Judged:
    """`data`: the same pictures as each of the systems learns from them. Where masks overlap the surest is on top, below them
    lies what the other system says; what it calls a thing that was not found is nothing."""
    own, mapped = data
    names = (*mapped.region_names, *(name for name in things.classes if name not in mapped.region_names))
    tally, spent = PanopticTally(names, things.classes), 0.0
    for system in (things, stuff):
        channels_last(system.eval())
    for start in range(0, len(own), AT_ONCE):
        some = range(start, min(start + AT_ONCE, len(own)))
        pictures = [(own.name(index), own.picture(index)) for index in some]
        since = time.perf_counter()
        said = zip(looked(things, pictures), looked(stuff, pictures), strict=True)
        answers = [combined(found.objects, labels.regions, found, least) for found, labels in said]
        spent += time.perf_counter() - since
        for index, answer in zip(some, answers, strict=True):
            truth = replace(truth_of(own, index), regions=Regions(mapped.region_names, mapped.regions(index)))
            segments = (segments_of(scene, names, things.classes) for scene in (truth, answer))
            tally.add(next(segments), next(segments), own.name(index))
        if progress:
            progress(some[-1] + 1, len(own))
    return Judged(Paneled(tally.result()), spent)


def looked(system: System[Any], pictures: list[tuple[str, Any]]) -> Iterator[Scene]:
    device = next(system.parameters()).device
    batch = on_device(ready(pictures, system.prep, beside_of(system)), device)
    yield from system.read(system(batch), batch)
