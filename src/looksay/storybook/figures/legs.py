"""How four-legged animals stand, walk and run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from looksay.storybook.figures.pen import Pen, Point, Points, knee, limb, step
from looksay.storybook.spec import RGB

HOOF: RGB = (72, 62, 60)

# Shares of the movement by which far fore, far hind, near fore and near hind foot lead.
_WALK = (0.25, 0.5, 0.75, 0.0)
_RUN = (0.5, 0.1, 0.6, 0.0)


@dataclass(frozen=True)
class Frame:
    """Shoulder at (fore, top), hip at (hind, top). `thick` is a leg's width above, at the knee and at the foot; `toe` how far a
    paw reaches ahead (0 for hoofs). A foot swings `reach` to either side and is lifted by `lift`."""

    fore: float
    hind: float
    top: float
    thick: tuple[float, float, float]
    reach: float
    lift: float
    toe: float = 0.0
    apart: float = 0.06


def feet(frame: Frame, action: str, phase: int) -> list[Point]:
    """Where the soles are: far fore, far hind, near fore, near hind. None is farther from its hip than the leg is long."""
    places = []
    for i, (walk, run) in enumerate(zip(_WALK, _RUN, strict=True)):
        (x, top), bone = _hip(frame, i), _bone(frame, i)
        dx, dy = 0.0, 0.0
        if action == "walking":
            dx, dy = step(phase, walk, frame.reach, frame.lift, 0.62)
        elif action == "running":
            dx, dy = step(phase, run, frame.reach, frame.lift, 0.36)
        down = dy - top + _ankle(frame)
        short = min(1.0, 2 * bone / math.hypot(dx, down))
        places.append((x + dx * short, top + down * short - _ankle(frame)))
    return places


def _hip(frame: Frame, leg: int) -> Point:
    return ((frame.fore if leg % 2 == 0 else frame.hind) + (frame.apart if leg < 2 else 0.0), frame.top)


def _ankle(frame: Frame) -> float:
    """How high a leg's last joint is above its sole."""
    return frame.thick[2] * 0.45


def _bone(frame: Frame, leg: int) -> float:
    """Half a leg: a little more than the way to the ground, so that hind legs stand bent."""
    return (frame.top - _ankle(frame)) * (0.503 if leg % 2 == 0 else 0.518)


def four_legs(frame: Frame, action: str, phase: int) -> list[Points]:
    """The legs as forms in the order far fore, far hind, near fore, near hind. Wrists give ahead, hocks give back."""
    forms = []
    for i, (x, y) in enumerate(feet(frame, action, phase)):
        fore, hip, low = i % 2 == 0, _hip(frame, i), (x, y + _ankle(frame))
        joints = [hip, knee(hip, low, _bone(frame, i), _bone(frame, i), 1 if fore else -1), low]
        widths = list(frame.thick if fore else (frame.thick[0] * 1.25, frame.thick[1] * 1.05, frame.thick[2]))
        if frame.toe:
            joints.append((low[0] + frame.toe, low[1] - frame.thick[2] * 0.1))
            widths.append(frame.thick[2] * 0.8)
        forms.append(limb(joints, widths, 3, 2))
    return forms


def hoofs(pen: Pen, frame: Frame, action: str, phase: int, near: bool) -> None:
    """The hoofs of the two near or the two far legs."""
    size = frame.thick[2] * 0.56
    for x, y in feet(frame, action, phase)[2 if near else 0 :][:2]:
        form = [
            (x - size, y - 0.002),
            (x + size * 1.25, y - 0.002),
            (x + size * 0.95, y + size * 1.5),
            (x - size * 0.85, y + size * 1.5),
        ]
        pen.fill(form, HOOF, 1.0 if near else 0.8)
