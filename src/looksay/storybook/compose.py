"""What is on a page and where: a cast that suits the setting, placed so that it can be seen."""

from __future__ import annotations

from collections.abc import Sequence

from looksay.errors import UnknownName
from looksay.storybook.casting import SIZES, arrange, draw_kind, dressed, half_width, tall
from looksay.storybook.chance import Chance
from looksay.storybook.crowd import Crowd
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
_MOST = {"train": 1, "bus": 2, "sofa": 2, "diningtable": 2, "tvmonitor": 2, "aeroplane": 2}
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
    crowd = Crowd()
    for attempt in range(4 * wanted):
        things = crowd.things
        if len(things) >= wanted:
            break
        fresh = _draw(chance, things, setting, lie, f"a{attempt}")
        if fresh is not None:
            crowd.admit(fresh)
    return PageSpec(seed, index, setting, time, season, number(crowd.things), view)


def _draw(chance: Chance, things: Sequence[ThingSpec], setting: str, lie: Land, id: str) -> ThingSpec | None:
    """One more thing for the page; None where it cannot be."""
    if things and chance.coin(0.3 if setting == "room" else 0.06):
        return guest(chance, things, id)
    kind = draw_kind(chance, setting)
    if sum(thing.kind == kind for thing in things) >= _MOST.get(kind, 3):
        return None
    return settle(chance, kind, setting, lie, id)


def settle(chance: Chance, kind: str, setting: str, lie: Land, id: str) -> ThingSpec:
    """A thing at a place where its kind is at home."""
    thing = dressed(chance, kind, setting)
    band = band_of(kind, setting)
    far, near = lie.bands["far" if setting == "street" and band == "ground" and chance.coin(0.35) else band]
    if kind in ("sofa", "tvmonitor", "diningtable") and setting == "room":
        near = (far + near) / 2
    wide, lift = figure(kind, thing.action, thing.variant, thing.phase).width, 0.0
    if thing.action == "flying":
        ground = chance.real(lie.edge + 0.02, lie.edge + 0.3)
        height = min(chance.real(0.07, 0.16) if kind == "aeroplane" else chance.real(0.06, 0.14), 0.5 / wide)
        lowest = lie.eye - height if kind == "aeroplane" else ground - height - 0.04
        lift = max(ground - chance.real(0.02, max(lowest, 0.06)) - height, 0.02)
    else:
        ground = chance.real(far, near)
        height = min(tall(thing, lie.metre(ground)), 0.86, (1.2 if kind == "train" else 0.85) / wide)
        height = max(height, 0.07 if wide > 1.4 else 0.1)
    half = wide * height / 2
    rim = -0.3 * half if chance.coin(0.15) else half + 0.01
    x = chance.real(rim, 1 - rim) if rim < 0.5 else chance.real(0.35, 0.65)
    return thing.but(id=id, x=x, ground=ground, height=height, lift=lift)


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
    thing = thing.but(id=id, action=action, on=host.id, ground=host.ground - host.height * TOPS[host.kind])
    height = tall(thing, metre)
    room = max(half_width(host) * 0.8 - figure(kind, action, thing.variant, thing.phase).width * height / 2, 0.0)
    return thing.but(height=height, x=host.x + chance.real(-room, room))


def number(things: Sequence[ThingSpec]) -> tuple[ThingSpec, ...]:
    """In drawing order, named t0, t1 … in that order."""
    order = arrange(things)
    names = {thing.id: f"t{place}" for place, thing in enumerate(order)}
    return tuple(thing.but(id=names[thing.id], on=names.get(thing.on, "")) for thing in order)
