"""Several systems on the same pictures: one table, one plot of score against time, and their learning curves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from looksay.disk import write_atomically
from looksay.errors import BadConfig
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
        sign = 1 if self.evaluations[0].judged.found.less else -1
        ordered = sorted(self.evaluations, key=lambda each: sign * each.judged.found.score)
        best = ordered[0].judged.found
        proposing = any(each.judged.beside_ms for each in ordered)
        trained = any(each.minutes for each in ordered)
        found = []
        for each in ordered:
            gap = None if each is ordered[0] else each.judged.found.behind(best)
            found.append(
                {
                    "system": each.system,
                    **each.judged.found.shown(),
                    "behind the best": f"{100 * gap.low:.1f} to {100 * gap.high:.1f}" if gap else "",
                    "ms a picture": round(each.judged.ms_per_picture, 3),
                    **({"with proposals": round(each.judged.ms_per_picture + each.judged.beside_ms, 3)} if proposing else {}),
                    **({"training min": round(each.minutes, 1) if each.minutes else ""} if trained else {}),
                    "parameters": each.params,
                }
            )
        return found

    @property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Those that the task has besides, in the same order."""
        found: dict[str, list[dict[str, Any]]] = {}
        by_name = {each.system: each for each in self.evaluations}
        for row in self.rows:
            for heading, own in by_name[row["system"]].judged.found.tables().items():
                found.setdefault(heading, []).append({"system": row["system"], **own})
        return found

    @property
    def metric(self) -> str:
        return self.evaluations[0].judged.found.metric

    @property
    def title(self) -> str:
        return self.evaluations[0].judged.found.title

    def curves(self) -> list[Curve]:
        """Score on the pictures held out after each epoch, for those that are runs."""
        found = []
        for name, root in self.runs.items():
            lines = (root / "metrics.jsonl").read_text("utf-8").splitlines()
            rows = [row for row in map(json.loads, lines) if "epoch" in row]
            found.append(Curve(name, [row["epoch"] for row in rows], [row[self.metric] for row in rows]))
        return found

    def report(self, path: str) -> Path:
        rows = self.rows
        first = self.evaluations[0]
        report = Report("Compared", f"{len(rows)} systems on {first.dataset.source}, split {first.dataset.split}.")
        report.table(tuple(rows[0]), [tuple(row.values()) for row in rows])
        for heading, own in self.tables.items():
            report.heading(heading).table(tuple(own[0]), [tuple(row.values()) for row in own])
        marks = [self._mark(each) for each in self.evaluations]
        report.figure(
            scatter(marks, "milliseconds a picture", self.title), "Score against time; the line joins what nothing quicker beats."
        )
        report.figure(bars(marks, self.title), "Scores with their 95 % bootstrap intervals.")
        if self.runs:
            report.figure(self.learning("svg"), "Learning: score on the pictures held out after each epoch.")
        return report.code(self.command).save(path)

    def learning(self, form: Form) -> bytes:
        return curves(self.curves(), "epoch", f"{self.title} on the pictures held out", form)

    def save_curves(self, path: str) -> Path:
        if not self.runs:
            raise BadConfig("only runs have learning curves", where="--curves", mend="name run folders")
        write_atomically(Path(path), self.learning("png"))
        return Path(path)

    def _mark(self, each: Evaluation) -> Mark:
        numbers = each.judged.scores()
        return Mark(each.system, numbers[self.metric], numbers["low"], numbers["high"], each.judged.ms_per_picture)
