"""The report of a training: how it went, how good it is, and what it gets wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from looksay import weights
from looksay.learn.job import Trained
from looksay.learn.run import Run
from looksay.show.plots import Curve, curves
from looksay.show.report import Report
from looksay.tasks import task


def write_report(trained: Trained) -> Path:
    """report.html in the run's folder."""
    info, tensors = weights.read(trained.weights)
    order, recipe = trained.order, trained.recipe
    rows = [row for row in Run(trained.root).rows() if "epoch" in row]
    count = sum(value.numel() for value in tensors.values())
    report = Report(
        f"{info.system} on {order.data or recipe.data}", f"{len(info.classes)} classes, {count:,} numbers in its weights."
    )
    judged, where = (trained.tested, "test split") if trained.tested else (trained.judged, trained.held)
    judged.found.fill(report, f"On the {where}")
    if trained.tested:
        reached = judged.found.told(trained.judged.found.score)
        report.text(
            f"The weights were chosen by the {trained.held}, where they reach {reached}; "
            "the test split was looked at once, at the end."
        )
    if len(rows) > 1:
        steps = [row["step"] for row in rows]
        losses = list(dict.fromkeys(name for row in rows for name in row if name.startswith("loss_")))
        names = {"loss_held": "held out", "loss_class": "training" if len(losses) < 3 else "class"}
        shown = [_curve(names.get(name, name[5:]), [row for row in rows if name in row], name) for name in losses]
        report.heading("How it went").figure(curves(shown, "step", "loss"), "The loss after each epoch.")
        titles = {recipe.metric: f"{recipe.metric}, which chose", judged.found.metric: judged.found.title}
        scores = [Curve(title, steps, [row[name] for row in rows]) for name, title in titles.items() if name in rows[0]]
        report.figure(curves(scores, "step", "score"), f"On the {trained.held}.")
    seen = trained.splits.test if trained.splits.test is not None and trained.tested else trained.splits.held
    samples = [row for row in Run(trained.root).rows() if "sample" in row]
    if samples:
        heads = [f"after {row['done']:,} of {row['steps']:,} steps" for row in samples]
        report.heading("What it wrote").columns(heads, [row["sample"] for row in samples])
    system = weights.load(trained.weights)[0]
    judged.found.mistakes(report, seen, system)
    stage = recipe.stages[-1]
    report.heading("How it was trained").facts(
        {
            "epochs": trained.state.epoch,
            **task(system.card.task).material().facts(stage, system),
            "optimizer": f"{stage.optimizer}, learning rate {stage.lr:g}, {stage.schedule}",
            "precision": stage.precision,
            "seed": order.seed,
            "time": f"{trained.state.seconds / 60:.1f} min",
        }
    )
    changes = " ".join(f"--set {key}={value}" for key, value in order.settings.items())
    data = f" --data {order.data}" if order.data else ""
    return report.code(f"looksay train {order.system}{data} --seed {order.seed} {changes}".strip()).save(
        trained.root / "report.html"
    )


def _curve(title: str, rows: Sequence[Mapping[str, Any]], name: str) -> Curve:
    """A loss of one stage has no values in the others."""
    return Curve(title, [row["step"] for row in rows], [row[name] for row in rows])
