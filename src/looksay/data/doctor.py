"""The doctor: what is wrong with a data set, before a training finds out the hard way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from looksay.data.dataset import Dataset
from looksay.data.doctor_findings import Checkup, Facts, Finding
from looksay.data.doctor_fix import Action, FixReport, fix
from looksay.data.doctor_open import opened
from looksay.data.doctor_survey import Progress, Survey
from looksay.errors import BadData


def check(
    name: str | Dataset | Mapping[str, Dataset],
    *,
    quick: bool = False,
    workers: int = 2,
    progress: Progress | None = None,
    classes: Sequence[str] | None = None,
) -> Checkup:
    """All that can be found. Never raises because of the data; what cannot even be opened is an error among the findings.

    `quick` reads annotations and the headers of pictures only. `classes` are those that the set should have; its own list else.
    `progress` is called with how many pictures are done, and of how many.
    """
    parts, unread = opened(name)
    survey = Survey(parts, quick=quick, classes=classes)
    survey.findings += unread
    survey.run(workers, progress, files=isinstance(name, str) and not unread)
    checkup = survey.checkup()
    if isinstance(name, str) and not checkup.facts.source:
        return replace(checkup, facts=replace(checkup.facts, source=name))
    return checkup


def gate(name: str, *, allow: bool = False) -> Checkup:
    """A quick check before a training. Raises BadData if there are errors, unless they are allowed."""
    checkup = check(name, quick=True)
    errors = checkup.errors
    if not errors or allow:
        return checkup
    more = f", and {len(errors) - 1:,} more errors" if len(errors) > 2 else ", and one more error" if len(errors) == 2 else ""
    mend = f"`looksay data check {name}` shows all; --allow-bad-data goes on anyway"
    raise BadData(f"{errors[0].what}{more}", where=errors[0].where or name, mend=mend)


__all__ = ["Action", "Checkup", "Facts", "Finding", "FixReport", "check", "fix", "gate"]
