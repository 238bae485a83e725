"""The verdict on a system that says which words a picture calls for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from looksay.data.dataset import Dataset
from looksay.measure.bootstrap import interval
from looksay.measure.judging import Judging
from looksay.measure.verdict import Verdict
from looksay.nn.system import Batch, System
from looksay.show.report import Report
from looksay.systems.caption.visual_concepts import VisualConcepts

FEWEST = 5  # pictures that a word must be said of to be counted
Floats = npt.NDArray[np.float64]


def average_precision(scores: Floats, truth: npt.NDArray[np.bool_]) -> Floats:
    """(V,) for (N, V): the mean of the precision at each picture that the word is said of, best first."""
    order = np.argsort(-scores, axis=0, kind="stable")
    hits = np.take_along_axis(truth, order, axis=0)
    precision = np.cumsum(hits, axis=0) / np.arange(1, len(hits) + 1)[:, None]
    found: Floats = (precision * hits).sum(axis=0) / np.maximum(hits.sum(axis=0), 1)
    return found


@dataclass(frozen=True, eq=False)
class Concepts(Verdict):
    """`precision` (V,) of the words that enough pictures have, in `names`; `counts` of pictures."""

    metric = "words"
    title = "mean average precision of words"
    pictures: int
    names: tuple[str, ...]
    precision: Floats
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return self.pictures

    def numbers(self) -> dict[str, float]:
        low, high = interval(self.precision)
        return {"words": float(self.precision.mean()), "low": low, "high": high}

    def lines(self) -> list[str]:
        numbers = self.numbers()
        return [
            f"{self.title} {100 * numbers['words']:.2f} % ({100 * numbers['low']:.2f} to {100 * numbers['high']:.2f}), over "
            f"{len(self.names)} words that {FEWEST} or more of {self.pictures} pictures have; interval by bootstrap over words"
        ]

    def row(self) -> list[tuple[str, str]]:
        return [(self.title, self.lines()[0].removeprefix(self.title).strip())]

    def shown(self) -> dict[str, Any]:
        return {"mAP of words %": round(100 * self.numbers()["words"], 2)}

    def fill(self, report: Report, title: str) -> None:
        rows = [
            (name, int(count), float(value)) for name, count, value in zip(self.names, self.counts, self.precision, strict=True)
        ]
        report.heading(title).table(("word", "pictures", "average precision"), sorted(rows, key=lambda row: -row[2]))

    def mistakes(self, report: Report, dataset: Dataset, system: System[Any]) -> None:
        worst = np.argsort(self.precision)[:10]
        report.heading("What it sees least well").text(", ".join(self.names[place] for place in worst))


class OfWords(Judging):
    def __init__(self, system: System[Any], dataset: Dataset) -> None:
        super().__init__(system, dataset)
        self.said: list[Floats] = []
        self.truth: list[npt.NDArray[np.bool_]] = []

    def ask(self, system: System[Any], batch: Batch) -> Any:
        return -torch.expm1(system(batch).logs.float())

    def hear(self, said: Any, batch: Batch, keep: Sequence[int]) -> None:
        assert isinstance(self.system, VisualConcepts)
        rows = list(keep)
        self.said.append(said.cpu().double().numpy()[rows])
        self.truth.append(self.system.truth(batch).cpu().numpy()[rows] > 0)

    def verdict(self) -> Verdict:
        said, truth = np.concatenate(self.said), np.concatenate(self.truth)
        counts = truth.sum(axis=0)
        kept = np.flatnonzero(counts >= min(FEWEST, max(int(counts.max()), 1)))
        names = tuple(self.system.classes[place] for place in kept)
        return Concepts(len(said), names, average_precision(said[:, kept], truth[:, kept]), counts[kept])
