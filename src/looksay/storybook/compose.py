"""What is on a page and where: a cast that suits the setting, placed so that it can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from looksay.errors import UnknownName
from looksay.storybook.casting import SIZES, arrange, box, common, draw_kind, dressed, half_width, tall
from looksay.storybook.chance import Chance
from looksay.storybook.figures import TOPS, figure
from looksay.storybook.land import Land, band_of, land
from looksay.storybook.portrait import portrait
from looksay.storybook.spec import HEIGHTS, SEASONS, SETTINGS, TIMES, PageSpec, ThingSpec

VIEWS = ("scene", "portrait")
_SETTING_WEIGHTS = (1.0, 1.25, 0.9, 2.3, 0.9, 0.95, 1.1, 0.9)
_TIME_WEIGHTS = (0.56, 0.22, 0.22)
_COUNT_WEIGHTS = (1.2, 2.0, 2.6, 2.6, 2.2, 1.6, 1.0, 0.7)
_GUESTS: dict[str, tuple[str, ...]] = {
    "diningtable": ("bottle", "pottedplant", "tvmonitor", "bottle"),
    "sofa": ("cat", "dog", "cat"),
    "chair": ("cat", "bottle", "pottedplant"),
}
_LAZY = {"cat": ("sitting", "sleeping"), "dog": ("sitting", "sleeping")}


def compose(seed: int, index: int, view: str = "scene") -> PageSpec:
    """The page that (seed, index) means. "scene": one to eight things at home there. "portrait": one large subject, t0, whose
    kind is uniform over the twenty, with up to three small others."""
    if view not in VIEWS:
        raise UnknownName.of("view", view, VIEWS)
    chance = Chance(seed, index, "compose", view)
    if view == "portrait":
        return portrait(seed, index, chance)
    setting = chance.weighted(SETTINGS, _SETTING_WEIGHTS)
    time, season = chance.weighted(TIMES, _TIME_WEIGHTS), chance.pick(SEASONS)
    lie = land(seed, index, setting)
    wanted = chance.weighted(range(1, 9), _COUNT_WEIGHTS)
    things: list[ThingSpec] = []
    for attempt in range(4 * wanted):
        if len(things) >= wanted:
            break
        if things and chance.coin(0.3 if setting == "room" else 0.06):
            fresh = guest(chance, things, f"a{attempt}")
        else:
            fresh = settle(chance, draw_kind(chance, setting), setting, lie, f"a{attempt}")
        if fresh is not None and fits(fresh, things):
            things.append(fresh)
    return PageSpec(seed, index, setting, time, season, number(things), view)


def settle(chance: Chance, kind: str, setting: str, lie: Land, id: str) -> ThingSpec:
    """A thing at a place where its kind is at home."""
    thing = replace(dressed(chance, kind, setting), id=id)
    near, far = lie.bands[band_of(kind, setting)][::-1]
    if setting == "street" and band_of(kind, setting) == "ground" and chance.coin(0.35):
        near, far = lie.bands["far"][::-1]
    ground = chance.real(far, near)
    if kind in ("sofa", "tvmonitor", "diningtable") and setting == "room":
        ground = chance.real(far, (far + near) / 2)
    if thing.action == "flying":
        ground = chance.real(lie.edge + 0.02, lie.edge + 0.3)
    height = tall(thing, lie.metre(ground))
    wide = figure(kind, thing.action, thing.variant, thing.phase).width
    height = min(height, 0.86, (1.2 if kind == "train" else 0.85) / wide)
    height = max(height, 0.07 if wide > 1.4 else 0.1)
    thing = replace(thing, ground=ground, height=height)
    if thing.action == "flying":
        height = chance.real(0.07, 0.16) if kind == "aeroplane" else chance.real(0.08, 0.2)
        height = min(height, 0.5 / wide)
        top = (
            chance.real(0.02, max(lie.eye - height, 0.06))
            if kind == "aeroplane"
            else chance.real(0.04, max(ground - height - 0.04, 0.06))
        )
        thing = replace(thing, height=height, lift=max(ground - top - height, 0.02))
    half = half_width(thing)
    rim = -0.3 * half if chance.coin(0.15) else half + 0.01
    return replace(thing, x=chance.real(rim, 1 - rim) if rim < 0.5 else chance.real(0.35, 0.65))


def guest(chance: Chance, things: Sequence[ThingSpec], id: str) -> ThingSpec | None:
    """A thing that stands on a table, a chair or a sofa of the page; None when there is no free one."""
    taken = {thing.on for thing in things}
    hosts = [thing for thing in things if thing.kind in TOPS and not thing.on and thing.id not in taken]
    if not hosts:
        return None
    host = chance.pick(hosts)
    kind = chance.pick(_GUESTS[host.kind])
    thing = dressed(chance, kind, "room")
    action = chance.pick(_LAZY.get(kind, (thing.action if kind != "bottle" else "standing",)))
    metre = host.height / (HEIGHTS[host.kind] * SIZES[host.size])
    thing = replace(thing, id=id, action=action, on=host.id, ground=host.ground - host.height * TOPS[host.kind])
    thing = replace(thing, height=tall(thing, metre))
    room = max(half_width(host) * 0.8 - half_width(thing), 0.0)
    return replace(thing, x=host.x + chance.real(-room, room))


def fits(fresh: ThingSpec, things: Sequence[ThingSpec]) -> bool:
    """Whether everything can still be seen when the fresh one joins: half of it on the page, not too much of it hidden."""
    order = arrange([*things, fresh])
    boxes = [box(thing) for thing in order]
    own = box(fresh)
    if common(own, (0.0, 0.0, 1.0, 1.0)) < 0.5 * (own[2] - own[0]) * (own[3] - own[1]):
        return False
    for place, (thing, far) in enumerate(zip(order, boxes, strict=True)):
        area = (far[2] - far[0]) * (far[3] - far[1])
        hidden = sum(
            common(far, near) for other, near in zip(order[place + 1 :], boxes[place + 1 :], strict=True) if other.on != thing.id
        )
        if hidden > 0.55 * area:
            return False
    return True


def number(things: Sequence[ThingSpec]) -> tuple[ThingSpec, ...]:
    """In drawing order, named t0, t1 … in that order."""
    order = arrange(things)
    names = {thing.id: f"t{place}" for place, thing in enumerate(order)}
    return tuple(replace(thing, id=names[thing.id], on=names.get(thing.on, "")) for thing in order)
