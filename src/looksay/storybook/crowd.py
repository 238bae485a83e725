"""Who is on a page already, and whether one more can join without hiding somebody or being hidden."""

from __future__ import annotations

from dataclasses import dataclass

from looksay.storybook.casting import Box, box, common, extent
from looksay.storybook.spec import ThingSpec

_PAGE: Box = (0.0, 0.0, 1.0, 1.0)
_MOST = 0.55  # of a thing may be hidden


@dataclass(slots=True)
class _Place:
    thing: ThingSpec
    depth: tuple[float, bool]
    box: Box
    hidden: float  # area behind those in front


class Crowd:
    """Things on a square page, by their boxes."""

    def __init__(self) -> None:
        self._places: list[_Place] = []

    @property
    def things(self) -> list[ThingSpec]:
        return [place.thing for place in self._places]

    def _place(self, thing: ThingSpec) -> _Place:
        ground = next((place.depth[0] for place in self._places if place.thing.id == thing.on), thing.ground)
        return _Place(thing, (ground, bool(thing.on)), box(thing), 0.0)

    def seat(self, thing: ThingSpec) -> None:
        """Put it there, whatever it hides."""
        self._places.append(self._place(thing))

    def admit(self, thing: ThingSpec) -> bool:
        """Put it there if everybody can still be seen then: half of it on the page, and of nobody too much hidden. What stands
        on a thing does not count as hiding it."""
        fresh = self._place(thing)
        if common(fresh.box, _PAGE) < 0.5 * extent(fresh.box):
            return False
        behind: list[tuple[_Place, float]] = []
        for other in self._places:
            shared = common(fresh.box, other.box)
            if not shared:
                continue
            if fresh.depth < other.depth:
                fresh.hidden += shared
            elif thing.on != other.thing.id:
                if other.hidden + shared > _MOST * extent(other.box):
                    return False
                behind.append((other, shared))
        if fresh.hidden > _MOST * extent(fresh.box):
            return False
        for other, shared in behind:
            other.hidden += shared
        self._places.append(fresh)
        return True
