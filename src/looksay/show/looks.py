"""The report of a look: every picture with what was seen in it and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from looksay.show.look import Look
from looksay.show.report import Report
from looksay.show.text import percent


def write_looks(looks: Sequence[Look], path: Path, command: str) -> Path:
    """One self-contained HTML file."""
    first = looks[0]
    mean = 1000 * sum(look.seconds for look in looks) / len(looks)
    report = Report("What looksay saw", f"{len(looks)} picture{'s' if len(looks) > 1 else ''}, looked at by {first.system}.")
    report.gallery(
        [with_heats(look, False) for look in looks],
        "The picture with the things in it, the most likely names, and where the system looked: warmer places mattered more.",
    )
    if told := [with_heats(look, True) for look in looks if look.captions]:
        report.heading("What is going on").pointed(told, "Point at a word: it shows where it was seen.")
    rows = [(look.name, label.name, percent(label.score)) for look in looks for label in look.labels[:1]]
    report.heading("In short").table(("picture", "seen", "probability"), rows)
    doubts = sorted({line for look in looks for line in look.warnings})
    for line in doubts:
        report.text(f"Note: {line}")
    report.facts({"system": first.system, "time a picture": f"{mean:.0f} ms"})
    return report.code(command).save(path)


def with_heats(look: Look, of_words: bool) -> Look:
    """Only with the heats of a caption's words, or only with the others."""
    kept = tuple(heat for heat in look.heats if (heat.method == "attention") == of_words)
    return replace(look, scene=replace(look.scene, heats=kept))
