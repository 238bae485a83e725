"""Things drawn each in a colour of its own, which it keeps from frame to frame, and cut out of their picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from looksay.ops.overlap import iou
from looksay.scene import Scene, Thing
from looksay.show.palette import COLOURS, RGB, colour

SAME = 0.3  # a thing that overlaps one of its name, where it was or was going to, by so much is that one
RENAMED = 0.7  # and so is one of another name
LOST = 12  # frames for which a thing that is not seen is remembered


@dataclass
class _Known:
    """A thing as it was last seen, `ago` frames before, when its box moved by `drift` a frame."""

    thing: Thing
    tint: RGB
    ago: int = 0
    drift: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))

    def seen(self, thing: Thing) -> None:
        self.drift = (np.array(thing.box) - np.array(self.thing.box)) / self.ago
        self.thing, self.ago = thing, 0

    @property
    def expected(self) -> npt.NDArray[np.float64]:
        """Its box now, if it goes on; one that would shrink to nothing stays."""
        box = np.array(self.thing.box) + self.drift * (self.ago + 1)
        return box if (box[2:] > box[:2]).all() else np.array(self.thing.box)


class Tints:
    """Colours for the things of one picture, or of the frames of a video in turn."""

    def __init__(self) -> None:
        self._known: list[_Known] = []

    def __call__(self, scene: Scene) -> tuple[RGB, ...]:
        """A colour for each thing, in their order: the one it had, else one that few others have, its name's if that is free."""
        things = list(scene.objects)
        found = self._again(things)
        for known in self._known:
            known.ago += 1
        fresh: dict[int, RGB] = {}
        for place in sorted(set(range(len(things))) - found.keys(), key=lambda place: -things[place].score):
            fresh[place] = self._free(things[place].name, [*(known.tint for known in self._known), *fresh.values()])
        for place, known in found.items():
            known.seen(things[place])
        self._known = [known for known in self._known if known.ago <= LOST]
        self._known += [_Known(things[place], tint) for place, tint in fresh.items()]
        return tuple(found[place].tint if place in found else fresh[place] for place in range(len(things)))

    def _again(self, things: list[Thing]) -> dict[int, _Known]:
        """Which of the known each thing is: pairs of one name that overlap choose first, of those the pair
        that overlaps most; then those of another name; then those of one name that are near."""
        if not things or not self._known:
            return {}
        now = np.array([thing.box for thing in things])
        before, expected = (
            np.array(boxes) for boxes in zip(*((known.thing.box, known.expected) for known in self._known), strict=True)
        )
        overlap = np.maximum(iou(now, before), iou(now, expected))
        names = np.array([known.thing.name for known in self._known], object)
        same = np.array([thing.name for thing in things], object)[:, None] == names
        near = np.where(same, nearness(now, before), 0.0)  # who overlaps nobody may have turned over, or been away for a while
        fits = np.where(overlap >= np.where(same, SAME, RENAMED), 1 + overlap + same, near)
        found: dict[int, _Known] = {}
        taken = set[int]()
        for pair in np.argsort(-fits, axis=None, kind="stable").tolist():
            place, other = divmod(pair, len(self._known))
            if not fits[place, other]:
                break
            if place not in found and other not in taken:
                found[place] = self._known[other]
                taken.add(other)
        return found

    @staticmethod
    def _free(name: str, used: list[RGB]) -> RGB:
        start = COLOURS.index(colour(name))
        cycle = [COLOURS[(start + 7 * step) % len(COLOURS)] for step in range(len(COLOURS))]  # 7: neighbours differ much
        return min(cycle, key=used.count)


def nearness(now: npt.NDArray[np.float64], before: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n, m) for boxes (n, 4) and (m, 4): from 1 where they have one middle to 0 where that of one lies as far away as half of
    both their longer sides."""
    apart = (now[:, None, :2] + now[:, None, 2:] - before[None, :, :2] - before[None, :, 2:]) / 2
    longer = [(boxes[:, 2:] - boxes[:, :2]).max(axis=1) for boxes in (now, before)]
    reach = (longer[0][:, None] + longer[1][None]) / 2
    found: npt.NDArray[np.float64] = np.maximum(0.0, 1 - np.hypot(apart[..., 0], apart[..., 1]) / reach)
    return found


def cutouts(picture: npt.NDArray[np.uint8], scene: Scene) -> Iterator[tuple[Thing, npt.NDArray[np.uint8]]]:
    """Each thing that has a pixel, with its part of the picture, RGBA (height, width, 4), clear where the thing is not."""
    for thing in scene.objects:
        box = thing.mask.box() if thing.mask is not None else None
        if thing.mask is None or box is None:
            continue
        x1, y1, x2, y2 = (int(edge) for edge in box)
        alpha = thing.mask.array()[y1:y2, x1:x2].astype(np.uint8) * np.uint8(255)
        yield thing, np.dstack([picture[y1:y2, x1:x2], alpha])
