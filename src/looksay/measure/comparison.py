"""Several systems on the same pictures: one table, one plot of score against time, and their learning curves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from looksay.disk import write_atomically
from looksay.errors import BadConfig
from looksay.measure.bootstrap import paired
from looksay.measure.evaluation import Evaluation
from looksay.show.plots import Curve, Form, Mark, bars, curves, scatter
from looksay.show.report import Report


@dataclass
class Comparison:
    """`runs` are the folders among what was compared, by the name shown."""

    evaluations: list[Evaluation]
    command: str
    runs: dict[str, Path] = field(default_factory=dict)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Best first; `behind` is the interval of the difference to the best, on the same pictures."""
        ordered = sorted(self.evaluations, key=lambda each: -each.judged.found.top(1))
        best = ordered[0].judged.found.hits.astype(np.float64)
        found = []
        for each in ordered:
            numbers = each.judged.scores()
            gap = paired(best, each.judged.found.hits.astype(np.float64))
            found.append(
                {
                    "system": each.system,
                    "top-1 %": round(100 * numbers["top1"], 2),
                    "low": round(100 * numbers["low"], 2),
                    "high": round(100 * numbers["high"], 2),
                    "behind the best": "" if each is ordered[0] else f"{100 * gap.low:.1f} to {100 * gap.high:.1f}",
                    "top-5 %": round(100 * numbers["top5"], 2),
                    "ms a picture": round(each.judged.ms_per_picture, 3),
                    "parameters": each.params,
                }
            )
        return found

    def curves(self) -> list[Curve]:
        """Score on the pictures held out after each epoch, for those that are runs."""
        found = []
        for name, root in self.runs.items():
            lines = (root / "metrics.jsonl").read_text("utf-8").splitlines()
            rows = [row for row in map(json.loads, lines) if "epoch" in row]
            found.append(Curve(name, [row["epoch"] for row in rows], [row["top1"] for row in rows]))
        return found

    def report(self, path: str) -> Path:
        rows = self.rows
        first = self.evaluations[0]
        report = Report("Compared", f"{len(rows)} systems on {first.dataset.source}, split {first.dataset.split}.")
        report.table(tuple(rows[0]), [tuple(row.values()) for row in rows])
        marks = [self._mark(each) for each in self.evaluations]
        report.figure(
            scatter(marks, "milliseconds a picture", "top-1"), "Score against time; the line joins what nothing quicker beats."
        )
        report.figure(bars(marks, "top-1"), "Scores with their 95 % bootstrap intervals.")
        if self.runs:
            report.figure(self.learning("svg"), "Learning: score on the pictures held out after each epoch.")
        return report.code(self.command).save(path)

    def learning(self, form: Form) -> bytes:
        return curves(self.curves(), "epoch", "top-1 on the pictures held out", form)

    def save_curves(self, path: str) -> Path:
        if not self.runs:
            raise BadConfig("only runs have learning curves", where="--curves", mend="name run folders")
        write_atomically(Path(path), self.learning("png"))
        return Path(path)

    def _mark(self, each: Evaluation) -> Mark:
        numbers = each.judged.scores()
        return Mark(each.system, numbers["top1"], numbers["low"], numbers["high"], each.judged.ms_per_picture)
