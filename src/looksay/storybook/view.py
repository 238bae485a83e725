"""What can truly be said of a page: its visible things, how they stand to each other, and tests of single statements."""

from __future__ import annotations

from collections.abc import Sequence

from looksay.scene import BoxXYXY, Objects, Size, Thing
from looksay.storybook.lexicon import FAMILIES, SNOWY, WEATHERS_SAID
from looksay.storybook.light import light
from looksay.storybook.spec import PageSpec

REVERSED = {"left": "right", "right": "left", "behind": "front", "front": "behind", "above": "under", "under": "above"}
# Seen from the side, so that it shows which way they face.
PROFILES = frozenset(("aeroplane", "bicycle", "bus", "car", "cow", "dog", "horse", "motorbike", "sheep"))
# An action that is also true of who does another: a grazing cow stands.
_ALSO: dict[str, frozenset[str]] = {"standing": frozenset(("grazing", "waving")), "lying": frozenset(("sleeping",))}
# A page shows its season out of doors only.
INDOORS = frozenset(("room",))


class Seen:
    """A visible thing in plain numbers (pixels); `foot` is the height at which it stands, hidden or not."""

    __slots__ = (
        "action",
        "aloft",
        "colour",
        "cut",
        "cx",
        "depth",
        "facing",
        "foot",
        "hidden",
        "id",
        "kind",
        "on",
        "size",
        "x1",
        "x2",
        "y1",
        "y2",
    )

    def __init__(self, thing: Thing) -> None:
        attributes = thing.attributes
        self.id, self.kind, self.depth = thing.id, thing.name, thing.depth
        self.x1, self.y1, self.x2, self.y2 = thing.box
        self.cx = (self.x1 + self.x2) / 2
        self.foot, self.on = self.y2, ""
        self.colour = attributes.get("colour", "")
        self.action = attributes.get("action", "")
        self.size = attributes.get("size", "")
        self.facing = attributes.get("facing", "")
        self.hidden, self.cut = thing.occluded, thing.truncated
        self.aloft = self.action == "flying"

    def small(self, width: int, height: int) -> bool:
        """Too small, or too much hidden, to be spoken of."""
        return min((self.x2 - self.x1) / width, (self.y2 - self.y1) / height) < 0.03

    @property
    def grounded(self) -> bool:
        """Neither in the air nor on another thing, so that its foot line tells how near it is."""
        return not self.aloft and not self.on

    @property
    def box(self) -> BoxXYXY:
        return self.x1, self.y1, self.x2, self.y2

    @property
    def area(self) -> float:
        return (self.x2 - self.x1) * (self.y2 - self.y1)


class View:
    """A page as a reader sees it: `seen` holds the visible things, the most prominent first, and `clear` those of them that
    are large enough to be spoken of (all where none is); the others count nevertheless."""

    def __init__(self, spec: PageSpec, size: Size, objects: Objects) -> None:
        self.spec, self.size = spec, size
        self.width, self.height = size
        specs = {thing.id: thing for thing in spec.things}
        self.seen: list[Seen] = []
        for thing in objects.items:
            seen = Seen(thing)
            if thing.id in specs:
                own = specs[thing.id]
                seen.foot, seen.on = (own.ground - own.lift) * size[1], own.on
            self.seen.append(seen)
        self.seen.sort(key=lambda one: -one.area)
        self.clear = [seen for seen in self.seen if not seen.small(*size)] or self.seen
        self.by_kind: dict[str, list[Seen]] = {}
        for seen in self.seen:
            self.by_kind.setdefault(seen.kind, []).append(seen)

    def of(self, kind: str) -> list[Seen]:
        """The things of a kind or of a family ('animal', 'vehicle'); '' means all."""
        if kind in FAMILIES:
            return [one for one in self.seen if one.kind in FAMILIES[kind][1]]
        return self.by_kind.get(kind, []) if kind else self.seen

    def like(self, kind: str, colour: str = "", action: str = "", size: str = "") -> list[Seen]:
        return [
            one
            for one in self.of(kind)
            if (not colour or one.colour == colour) and (not action or does(one, action)) and (not size or one.size == size)
        ]

    def relates(self, relation: str, a: Seen, b: Seen) -> bool:
        """Whether `a` plainly stands in that relation to `b`; close calls are False both ways."""
        return a is not b and _TESTS[relation](a, b, self.width, self.height)

    def alone(self, relation: str, a: Seen, b: Seen, peers: Sequence[Seen]) -> bool:
        """Whether `a` stands in that relation to `b` and none else of its peers does."""
        test, width, height = _TESTS[relation], self.width, self.height
        if a is b or not test(a, b, width, height):
            return False
        return not any(one is not a and one is not b and test(one, b, width, height) for one in peers)

    def spot(self, place: str, a: Seen) -> bool:
        if place == "left":
            return a.cx < 0.4 * self.width
        if place == "right":
            return a.cx > 0.6 * self.width
        if place == "middle":
            return 0.4 * self.width <= a.cx <= 0.6 * self.width
        feet = [one.foot for one in self.seen if one is not a and one.grounded]
        margin = 0.05 * self.height
        if not a.grounded or not feet:
            return False
        return a.foot > max(feet) + margin if place == "fore" else a.foot < min(feet) - margin

    def carries(self, a: Seen) -> bool:
        """Whether something stands on it, and so is as far away."""
        return any(one.on == a.id for one in self.seen)

    def between(self, a: Seen, b: Seen, c: Seen) -> bool:
        """Whether `a` has `b` on one side and `c` on the other."""
        if a.aloft or b.aloft or c.aloft:
            return False
        return any(self.relates("left", one, a) and self.relates("left", a, two) for one, two in ((b, c), (c, b)))

    def heads(self, side: str, a: Seen) -> bool:
        return a.facing == side and a.kind in PROFILES

    def season_shows(self) -> bool:
        return self.spec.setting not in INDOORS

    def weather(self) -> str:
        """rain, snow, mist or leaves, where the page shows it; else ''."""
        weather = light(self.spec).weather
        return weather if weather in WEATHERS_SAID and self.season_shows() else ""

    def snow_lies(self) -> bool:
        return self.spec.season == "winter" and self.spec.setting in SNOWY


def _overlap(a: Seen, b: Seen) -> float:
    """Shared width, as a share of the narrower one's; negative is a gap."""
    return (min(a.x2, b.x2) - max(a.x1, b.x1)) / min(a.x2 - a.x1, b.x2 - b.x1)


def _left(a: Seen, b: Seen, width: int, _height: int) -> bool:
    return a.x1 < b.x1 and a.x2 < b.x2 and b.cx - a.cx > 0.06 * width


def _right(a: Seen, b: Seen, width: int, height: int) -> bool:
    return _left(b, a, width, height)


def _front(a: Seen, b: Seen, _width: int, height: int) -> bool:
    if a.depth >= b.depth or a.aloft or b.aloft or a.foot < b.foot + 0.012 * height:
        return False
    return a.y1 < b.y2 and _overlap(a, b) >= 0.3


def _behind(a: Seen, b: Seen, width: int, height: int) -> bool:
    return _front(b, a, width, height)


def _on(a: Seen, b: Seen, _width: int, _height: int) -> bool:
    return a.on != "" and a.on == b.id


def _near(a: Seen, b: Seen, width: int, height: int) -> bool:
    if a.aloft or b.aloft or abs(a.foot - b.foot) > 0.08 * height or _on(a, b, width, height) or _on(b, a, width, height):
        return False
    gap = max(a.x1, b.x1) - min(a.x2, b.x2)
    return gap <= 0.1 * width and _overlap(a, b) < 0.3


def _above(a: Seen, b: Seen, _width: int, _height: int) -> bool:
    return a.aloft and not b.aloft and _overlap(a, b) >= 0.3 and a.y2 <= b.y1 + 0.1 * (b.y2 - b.y1)


def _under(a: Seen, b: Seen, width: int, height: int) -> bool:
    return _above(b, a, width, height)


def _nearer(a: Seen, b: Seen, _width: int, height: int) -> bool:
    return a.depth < b.depth and a.grounded and b.grounded and a.foot > b.foot + 0.05 * height


_TESTS = {
    "left": _left,
    "right": _right,
    "front": _front,
    "behind": _behind,
    "on": _on,
    "near": _near,
    "above": _above,
    "under": _under,
    "nearer": _nearer,
}


def does(one: Seen, action: str) -> bool:
    """Whether it may be said to do that."""
    return one.action == action or one.action in _ALSO.get(action, ())


def alike(things: Sequence[Seen], attribute: str) -> str:
    """The value of an attribute that all of them share, or ''."""
    values = {getattr(one, attribute) for one in things}
    return values.pop() if len(values) == 1 else ""
