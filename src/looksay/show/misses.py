"""What a detector missed and what it saw that is not there: drawn in the picture, on a sheet of the worst, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.scene import BoxXYXY, Thing
from looksay.show.draw import Tag, paint_boxes, scaled, type_size
from looksay.show.palette import INK, MUTED, RGB, RIGHT, WRONG
from looksay.show.plots import Form, Mark, bars
from looksay.show.sheet import Cell, grid
from looksay.show.text import Span, percent

Picture = npt.NDArray[np.uint8]
QUIET: RGB = (84, 112, 140)  # what went right
IGNORED = "ignored"  # counts neither for nor against
LEGEND = "solid blue: there and missed · dashed red: seen and not there · thin: there (solid) and found (dashed)"


class Fault(Protocol):
    """`thing` was there and was missed, or with `alarm` was seen and is not there; `reason` says why in a word or two."""

    @property
    def alarm(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def thing(self) -> Thing: ...


class Case(NamedTuple):
    """A picture with the things that are there, those that were seen, and what is wrong about them."""

    name: str
    picture: Picture
    truth: Sequence[Thing]
    found: Sequence[Thing]
    faults: Sequence[Fault]


def draw_misses(case: Case, *, score: float = 0.5, scale: float | None = None) -> Picture:
    """What was missed stands in solid blue, what is not there in dashed red, each with its reason; what went right is thin and
    grey, the truth solid and what was seen dashed. Things seen that are less likely than `score` are not drawn.

    `scale` is drawn pixels per pixel of the picture, chosen as for other drawings where it is not given.
    """
    picture = case.picture
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise BadValue(f"the picture is {picture.dtype} of shape {picture.shape}", where=case.name or None)
    image, factor = scaled(picture, scale)
    size = type_size(image.size)
    line = max(2, round(size / 7))
    told = {(fault.alarm, fault.thing.name, fault.thing.box) for fault in case.faults}
    seen = [thing for thing in case.found if thing.score >= score]
    quiet = [
        Tag("", _times(thing.box, factor), QUIET, dashed=alarm)
        for alarm, things in ((False, case.truth), (True, seen))
        for thing in things
        if (alarm, thing.name, thing.box) not in told
    ]
    ignored = [fault for fault in case.faults if fault.reason == IGNORED]
    quiet += [Tag("", _times(fault.thing.box, factor), MUTED, dashed=fault.alarm) for fault in ignored]
    paint_boxes(image, quiet, size, max(1, line // 2))
    wrong = sorted(_wrong(case.faults), key=lambda fault: -fault.thing.score)
    paint_boxes(image, [_tag(fault, factor) for fault in wrong], size, line)
    return np.asarray(image, np.uint8)


def worst_sheet(items: Sequence[Case], *, side: int = 340, columns: int = 0, score: float = 0.5) -> Picture:
    """The pictures in the given order, drawn, each `side` pixels long, with its name and its reasons beneath."""
    cells = []
    for case in items:
        lines = [Span(case.name, INK, bold=True)]
        for alarm, what, tint in ((False, "missed", RIGHT), (True, "not there", WRONG)):
            reasons = Counter(fault.reason for fault in _wrong(case.faults) if fault.alarm == alarm)
            if reasons:
                each = ", ".join(f"{count} × {reason}" if count > 1 else reason for reason, count in reasons.most_common())
                lines.append(Span(f"{reasons.total()} {what}: {each}", tint))
        drawn = draw_misses(case, score=score, scale=side / max(case.picture.shape[:2]))
        cells.append(Cell(drawn, tuple(lines)))
    return grid(cells, side=side, columns=columns, title=LEGEND)


def counts_chart(missed: Mapping[str, int], alarms: Mapping[str, int], form: Form = "svg") -> bytes:
    """How many things were missed and how many seen that are not there, by reason."""
    kinds = (("missed", missed), ("not there", alarms))
    marks = [Mark(f"{what}: {reason}", count) for what, counts in kinds for reason, count in counts.items() if count]
    return bars(marks, "how many", form, share=False)


def costs_chart(costs: Mapping[str, float], form: Form = "svg") -> bytes:
    """By how much mAP would rise if all errors of a reason were mended."""
    return bars([Mark(reason, cost) for reason, cost in costs.items() if cost > 0], "mAP@.5 to be won", form)


def _wrong(faults: Sequence[Fault]) -> list[Fault]:
    return [fault for fault in faults if fault.reason != IGNORED]


def _tag(fault: Fault, factor: float) -> Tag:
    sure = f" {percent(fault.thing.score)}" if fault.alarm else ""
    text = f"{fault.thing.name}{sure}: {fault.reason}"
    return Tag(text, _times(fault.thing.box, factor), WRONG if fault.alarm else RIGHT, dashed=fault.alarm)


def _times(box: BoxXYXY, factor: float) -> BoxXYXY:
    return box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor
