"""The verdict on a system that finds pictures by sentences and sentences by pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from looksay.data.dataset import Dataset
from looksay.errors import BadData
from looksay.measure.bootstrap import middle, sums
from looksay.measure.judging import Judging
from looksay.measure.retrieval import KEPT, Retrieval, retrieval
from looksay.measure.verdict import Verdict
from looksay.nn.system import Batch, System
from looksay.show.look import Look
from looksay.show.report import Report
from looksay.systems.caption.deep_image_sent import DeepImageSent, Fragments, Matched, match

POOL = 1000  # pictures that are told apart at a time, as the papers have it: of more, one is harder to find
POOLS = 5  # at most
SENTENCES = 64  # placed, and 512 matched, at a time
SHOWN = 12  # mistakes
SIDES = (("pictures by a sentence", "picture"), ("sentences by a picture", "sentence"))


def joined(found: Sequence[Retrieval]) -> Retrieval:
    """Of several pools."""
    starts = np.cumsum([0, *(len(each) for each in found[:-1])])
    owner = np.concatenate([each.owner + start for each, start in zip(found, starts, strict=True)])
    pictures, sentences = (np.concatenate([getattr(each, side) for each in found]) for side in ("pictures", "sentences"))
    return Retrieval(pictures, sentences, owner)


@dataclass(frozen=True, eq=False)
class Ranked(Verdict):
    """`found` over all pools, each of `pool` pictures; `missed` are the worst: (picture, sentence, rank)."""

    metric = "r10"
    title = "R@10 of both directions"
    pool: int
    found: Retrieval
    missed: tuple[tuple[int, str, int], ...] = ()

    def __len__(self) -> int:
        return len(self.found)

    def numbers(self) -> dict[str, float]:
        """'r10' is the mean of both directions; 'picture_r10' is of pictures found by a sentence, 'sentence_median' the median
        rank of sentences found for a picture …"""
        numbers = {
            name.replace(" R@", "_r").replace(" median rank", "_median"): value for name, value in self.found.numbers().items()
        }
        low, high = self._interval()
        return {"r10": (numbers["picture_r10"] + numbers["sentence_r10"]) / 2, "low": low, "high": high, **numbers}

    def _interval(self) -> tuple[float, float]:
        """Pictures are drawn, with their sentences; what they are found among stays."""
        sides = [self.found.tallied()[f"{side} R@10"] for side in ("picture", "sentence")]
        hits, many, told, one = sums(np.concatenate([side.rows for side in sides], axis=1)).T
        return middle((hits / many + told / one) / 2)

    def lines(self) -> list[str]:
        numbers = self.numbers()
        among = f"{len(self):,} pictures" + (f" in pools of {self.pool:,}" if self.pool < len(self) else "")
        return [
            f"{self.title} {100 * numbers['r10']:.2f} % ({100 * numbers['low']:.2f} to {100 * numbers['high']:.2f}), {among}, "
            f"{len(self.found.pictures):,} sentences; interval by bootstrap over pictures; what scores the same counts against",
            *(f"{what}: {self._recalls(name, numbers)}" for what, name in SIDES),
        ]

    def _recalls(self, name: str, numbers: dict[str, float]) -> str:
        shares = " / ".join(f"{100 * numbers[f'{name}_r{at}']:.2f}" for at in KEPT)
        return f"R@1/5/10 {shares} %, median rank {numbers[f'{name}_median']:g}"

    def row(self) -> list[tuple[str, str]]:
        first, *others = self.lines()
        heads = ((head, rest) for head, _, rest in (line.partition(": ") for line in others))
        return [(self.title, first.removeprefix(self.title).strip()), *heads]

    def shown(self) -> dict[str, Any]:
        numbers = self.numbers()
        names = (("R@10 %", "r10"), ("R@1 of pictures %", "picture_r1"), ("R@1 of sentences %", "sentence_r1"))
        return {title: round(100 * numbers[name], 2) for title, name in names}

    def fill(self, report: Report, title: str) -> None:
        numbers = self.numbers()
        rows = [(what, *(100 * numbers[f"{name}_r{at}"] for at in KEPT), numbers[f"{name}_median"]) for what, name in SIDES]
        report.heading(title).text(self.lines()[0])
        report.table(("finding", *(f"R@{at} %" for at in KEPT), "median rank"), rows)

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        """Sentences that found their picture last; a word shows where it is seen in the right one."""
        if not isinstance(system, DeepImageSent) or not self.missed:
            return
        from looksay.data.loader import ready
        from looksay.scene import Caption

        looks = []
        for picture, text, rank in self.missed:
            batch = ready([(dataset.name(picture), dataset.picture(picture))], system.prep)
            with torch.inference_mode():
                out = system(batch)
                heats = system.aligned(out.places[0], out.grid, text)
            scene = batch.scene(0, captions=(Caption(f"{text} (found as {rank:,})"),), heats=heats)
            looks.append(Look(dataset.picture(picture), scene, system.card.name))
        report.heading("Sentences whose pictures were found last").pointed(
            looks, "Point at a word: the place that it means most."
        )


class OfRanks(Judging):
    """Of the first pictures, in pools; what is timed is the placing of pictures."""

    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.places: list[Tensor] = []
        self.captions: list[list[Tensor]] = []
        self.index: list[int] = []

    def ask(self, system: System[Any], batch: Batch) -> Any:
        return system(batch)

    def hear(self, said: Matched, batch: Batch, keep: Sequence[int]) -> None:
        for row in keep:
            if len(self.places) < POOL * POOLS:
                self.places.append(said.places[row].cpu().half())
                self.captions.append(list(batch.targets["captions"][row]))
                self.index.append(int(batch.targets["index"][row]))

    def verdict(self) -> Verdict:
        if not self.places:
            raise BadData("has no picture to find", where=getattr(self.dataset, "source", None) or None)
        pool = min(POOL, len(self.places))
        starts = range(0, len(self.places) - pool + 1, pool)  # an incomplete last pool would be easier
        found, missed = [], []
        for start in starts:
            rows = slice(start, start + pool)
            each = self._pool(self.places[rows], self.captions[rows])
            found.append(each)
            missed += self._worst(each, start)
        missed.sort(key=lambda row: -row[2])
        return Ranked(pool, joined(found), tuple(missed[:SHOWN]))

    @torch.inference_mode()
    def _pool(self, places: Sequence[Tensor], captions: Sequence[Sequence[Tensor]]) -> Retrieval:
        system = self.system
        assert isinstance(system, DeepImageSent)
        device = system.embed.weight.device
        table = torch.stack(list(places)).to(device).float()
        sentences = [each.to(device) for some in captions for each in some]
        owner = np.array([row for row, some in enumerate(captions) for _ in some], np.int64)
        parts = []
        for start in range(0, len(sentences), SENTENCES):
            told: Fragments = system.fragments(sentences[start : start + SENTENCES])
            parts.append(match(table, told._replace(words=told.words.float())).cpu())
        return retrieval(torch.cat(parts, dim=1).numpy(), owner)

    def _worst(self, found: Retrieval, start: int) -> list[tuple[int, str, int]]:
        system = self.system
        assert isinstance(system, DeepImageSent)
        flat = [
            (start + row, place) for row, some in enumerate(self.captions[start : start + POOL]) for place in range(len(some))
        ]
        worst = np.argsort(-found.pictures, kind="stable")[:SHOWN]
        rows = []
        for place in worst:
            picture, which = flat[int(place)]
            text = system.text(self.captions[picture][which])
            rows.append((self.index[picture], text, int(found.pictures[place])))
        return rows
