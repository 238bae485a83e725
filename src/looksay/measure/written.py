"""The verdict on a writer: how surprised it is by a text that it has not read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from looksay.measure.bootstrap import interval
from looksay.measure.judging import Judging
from looksay.measure.verdict import Verdict
from looksay.nn.recurrent import State
from looksay.nn.system import Batch, System
from looksay.nn.vocabulary import SPECIALS
from looksay.nn.writer import Writer
from looksay.show.report import Report

BLOCK = 256  # places whose mean is one observation of the interval: neighbours are not independent
SHOWN = 20  # characters or words in the table of surprises


@dataclass(frozen=True)
class Surprise(Verdict):
    """`nats` are −ln p of each place in turn, `truth` what stood there."""

    metric = "nats"
    title = "surprise"
    noun = "places"
    less = True
    nats: npt.NDArray[np.float32]
    truth: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    by: str

    def __len__(self) -> int:
        return len(self.nats)

    @property
    def letters(self) -> int:
        """Characters of what was judged; STOP counts as the line break that it stands for."""
        sizes = np.array([1 if name in SPECIALS else len(name) for name in self.classes])
        return int(sizes[self.truth].sum())

    def numbers(self) -> dict[str, float]:
        total = math.fsum(self.nats.astype(np.float64).tolist())
        mean = total / len(self)
        count = max(len(self) // BLOCK, 1)
        low, high = interval(np.array([part.mean() for part in np.array_split(self.nats.astype(np.float64), count)]))
        per_letter = total / max(self.letters, 1)
        return {
            "nats": mean,
            "per_character": per_letter,
            "bits": per_letter / math.log(2),
            "perplexity": math.exp(mean),
            "low": low,
            "high": high,
        }

    def told(self, value: float) -> str:
        return f"{value:.4f} nats a {self.by[:-1]}"

    def lines(self) -> list[str]:
        return [f"{name:22} {value}" for name, value in self.row()]

    def row(self) -> list[tuple[str, str]]:
        found = self.numbers()
        unit = self.by[:-1]
        rows = [
            (f"nats a {unit}", f"{found['nats']:.4f} ({found['low']:.4f} to {found['high']:.4f})"),
            ("bits a character", f"{found['bits']:.4f}"),
            (f"perplexity a {unit}", f"{found['perplexity']:.3f}"),
        ]
        return rows if self.by == "characters" else [*rows, ("nats a character", f"{found['per_character']:.4f}")]

    def shown(self) -> dict[str, Any]:
        found = self.numbers()
        return {f"nats a {self.by[:-1]}": round(found["nats"], 4), "bits a character": round(found["bits"], 4)}

    def fill(self, report: Report, title: str) -> None:
        report.heading(title).facts({**dict(self.row()), f"{self.by} judged": f"{len(self):,}"})

    def mistakes(self, report: Report, dataset: Any, system: System[Any]) -> None:
        """What the surprise is made of."""
        counts = np.bincount(self.truth, minlength=len(self.classes))
        sums = np.bincount(self.truth, self.nats, minlength=len(self.classes))
        order = np.argsort(-sums, kind="stable")[:SHOWN]
        rows = [
            (repr(self.classes[i])[1:-1].replace(" ", "␣"), int(counts[i]), float(sums[i] / counts[i]), f"{100 * share:.1f} %")
            for i, share in zip(order, sums[order] / max(sums.sum(), 1e-9), strict=True)
            if counts[i]
        ]
        unit = self.by[:-1]
        report.heading("What surprised it").table((unit, "times", "nats each", "share of all"), rows)


class OfTexts(Judging):
    """The state is carried from batch to batch, through the whole text."""

    def __init__(self, system: System[Any], dataset: Any) -> None:
        super().__init__(system, dataset)
        self.state: State | None = None
        self.nats: list[npt.NDArray[np.float32]] = []
        self.truth: list[npt.NDArray[np.int64]] = []

    def ask(self, system: System[Any], batch: Batch) -> Any:
        assert isinstance(system, Writer)
        goes_on = batch.targets.get("fresh") is False and self.state
        out = system.told(batch, self.state if goes_on else None)
        self.state = out.state
        nats = F.cross_entropy(out.logits.float(), out.truth, reduction="none")
        return torch.stack([nats, out.truth.to(nats.dtype)]).cpu()

    def hear(self, said: Any, batch: Batch, keep: Sequence[int]) -> None:
        there = said[1] >= 0
        self.nats.append(said[0][there].numpy())
        self.truth.append(said[1][there].long().numpy())

    def verdict(self) -> Verdict:
        nats, truth = np.concatenate(self.nats), np.concatenate(self.truth)
        return Surprise(nats, truth, self.system.classes, self.system.config.by)
