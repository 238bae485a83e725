"""The courses of small events: who takes part, and where everybody is at a moment t in 0 … 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from looksay.storybook.casting import SUITS, dressed, half_width, tall
from looksay.storybook.chance import Chance
from looksay.storybook.figures import TOPS, figure
from looksay.storybook.land import Land
from looksay.storybook.spec import HEIGHTS, PHASES, ThingSpec

Course = Callable[[float, int], tuple[ThingSpec, ...]]  # (t, frame) to the things at that moment, drawn in this order


def actor(chance: Chance, kind: str, setting: str, lie: Land, ground: float, action: str = "", facing: str = "") -> ThingSpec:
    """Somebody of that kind who stands at the foot line `ground` and is doing that."""
    thing = dressed(chance, kind, setting)
    thing = replace(thing, ground=ground, action=action or thing.action, facing=facing or thing.facing, size="medium")
    return pose(thing, lie, thing.action, thing.phase)


def pose(thing: ThingSpec, lie: Land, action: str, phase: int) -> ThingSpec:
    """The same one doing that, at the height which the pose has."""
    posed = replace(thing, action=action, phase=phase % PHASES)
    wide = figure(thing.kind, posed.action, posed.variant, posed.phase).width
    return replace(posed, height=min(tall(posed, lie.metre(thing.ground)), 0.8, (1.1 if thing.kind == "train" else 0.7) / wide))


def ease(t: float) -> float:
    """From 0 to 1 with a gentle start and end."""
    return t * t * (3 - 2 * t)


def part(t: float, start: float, end: float) -> float:
    """How much of the stretch from start to end is over at t."""
    return min(max((t - start) / (end - start), 0.0), 1.0)


def ways(chance: Chance) -> tuple[str, float]:
    """A direction: its name and its sign."""
    return chance.pick((("right", 1.0), ("left", -1.0)))


def cross(thing: ThingSpec, sign: float, t: float, *, start: float = 0.0, end: float = 1.0) -> ThingSpec:
    """Moved along its way over the page; `start` and `end` are shares of that way, seen in its direction."""
    along = start + (end - start) * t
    return replace(thing, x=along if sign > 0 else 1.0 - along)


def spot(chance: Chance, lie: Land, band: str, low: float = 0.2, high: float = 0.8) -> float:
    far, near = lie.bands[band]
    return far + (near - far) * chance.real(low, high)


def chase(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    ground = spot(chance, lie, "ground", 0.35, 0.75)
    dog = actor(chance, "dog", setting, lie, ground, "running", side)
    size, hops = dog.height * chance.real(0.32, 0.42), 2 + chance.below(2)
    ball = ThingSpec("", "ball", chance.pick(("red", "yellow", "blue", "orange")), "rolling", 0.5, ground + 0.005, size)

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        hop = (t * hops) % 1.0
        rolled = replace(ball, lift=4 * hop * (1 - hop) * 0.14 * (1 - 0.5 * t), phase=(frame if sign > 0 else -frame) % PHASES)
        runner = pose(dog, lie, "running", dog.phase + frame)
        return cross(runner, sign, t, start=0.12, end=0.68), cross(rolled, sign, t, start=0.36, end=0.92)

    return at


def drive(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    kind = chance.pick(("car", "bus", "motorbike", "bicycle"))
    thing = actor(chance, kind, setting, lie, spot(chance, lie, "road"), "moving", side)

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        return (cross(pose(thing, lie, "moving", thing.phase + frame), sign, t, start=0.08, end=0.92),)

    return at


def pass_by(chance: Chance, setting: str, lie: Land) -> Course:
    far, near = lie.bands["road"]
    first, second = chance.sample(("car", "bus", "motorbike", "bicycle"), 2)
    one = actor(chance, first, setting, lie, near - 0.02, "moving", "right")
    two = actor(chance, second, setting, lie, far + 0.02, "moving", "left")

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        a = cross(pose(one, lie, "moving", one.phase + frame), 1.0, t, start=0.1, end=0.85)
        b = cross(pose(two, lie, "moving", two.phase + frame), -1.0, t, start=0.1, end=0.85)
        return a, b

    return at


def bird(up: bool) -> Callable[[Chance, str, Land], Course]:
    def plot(chance: Chance, setting: str, lie: Land) -> Course:
        side, sign = ways(chance)
        bird = actor(chance, "bird", setting, lie, spot(chance, lie, "ground"), "standing", side)
        rise, far, start = chance.real(0.35, 0.55), chance.real(0.3, 0.45), chance.real(0.15, 0.35)

        def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
            aloft = part(t, 0.25, 1.0) if up else 1.0 - part(t, 0.0, 0.72)
            if aloft <= 0:
                return (cross(pose(bird, lie, "standing", bird.phase), sign, 0.0, start=start if up else start + far),)
            flying = pose(bird, lie, "flying", frame)
            along = start + far * (ease(aloft) if up else 1 - ease(aloft))
            return (replace(cross(flying, sign, 0.0, start=along), lift=0.02 + rise * ease(aloft)),)

        return at

    return plot


def wave(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    person = actor(chance, "person", setting, lie, spot(chance, lie, "ground", 0.4, 0.7), "standing", side)
    kind = chance.pick(("dog", "cat"))
    other = actor(chance, kind, setting, lie, person.ground - 0.01, "standing", "left" if sign > 0 else "right")

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        waves = 0.2 < t < 0.92
        waver = pose(person, lie, "waving" if waves else "standing", person.phase + frame if waves else person.phase)
        return cross(waver, sign, 0.0, start=0.3), cross(other, sign, 0.0, start=0.74)

    return at


def approach(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    person = actor(chance, "person", setting, lie, spot(chance, lie, "ground", 0.4, 0.7), "walking", side)
    kind = chance.pick([name for name in ("chair", "diningtable", "sofa", "bicycle", "horse", "dog") if name in SUITS[setting]])
    goal = actor(chance, kind, setting, lie, person.ground - 0.03)
    goal = cross(replace(goal, action="standing" if kind in ("horse", "dog") else goal.action), sign, 0.0, start=0.78)
    goal = pose(goal, lie, "parked" if kind == "bicycle" else "standing", goal.phase)
    stop = 0.78 - half_width(goal) - half_width(person) * 0.6

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        walks = t < 0.85
        walker = pose(person, lie, "walking" if walks else "standing", person.phase + frame if walks else person.phase)
        return cross(walker, sign, part(t, 0.0, 0.85), start=0.08, end=max(stop, 0.2)), goal

    return at


def change(kinds: tuple[str, ...], before: str, after: str) -> Callable[[Chance, str, Land], Course]:
    """Somebody who stays in place and changes from one pose to another."""

    def plot(chance: Chance, setting: str, lie: Land) -> Course:
        kind = chance.pick([name for name in kinds if name in SUITS[setting]] or kinds)
        thing = actor(chance, kind, setting, lie, spot(chance, lie, "ground", 0.3, 0.8), before)
        thing, when = replace(thing, x=chance.real(0.3, 0.7)), chance.real(0.35, 0.6)

        def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
            return (pose(thing, lie, before if t < when else after, thing.phase + frame // 2),)

        return at

    return plot


def sail(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    boat = actor(chance, "boat", setting, lie, spot(chance, lie, "water", 0.3, 0.9), "sailing", side)
    start, end = chance.real(0.1, 0.25), chance.real(0.7, 0.9)

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        return (cross(pose(boat, lie, "sailing", boat.phase + frame // 2), sign, t, start=start, end=end),)

    return at


def fly(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    plane = actor(chance, "aeroplane", setting, lie, lie.edge + 0.12, "flying", side)
    height, climb = chance.real(0.1, 0.16), chance.real(-0.08, 0.08)
    low = chance.real(0.3, max(lie.eye, 0.32))

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        here = replace(pose(plane, lie, "flying", plane.phase + frame), height=height, tilt=sign * climb * 120)
        return (cross(replace(here, lift=plane.ground - low + climb * t), sign, t, start=0.02, end=0.98),)

    return at


def train(arrives: bool) -> Callable[[Chance, str, Land], Course]:
    def plot(chance: Chance, setting: str, lie: Land) -> Course:
        side, sign = ways(chance)
        train = actor(chance, "train", setting, lie, lie.bands["rail"][0], "moving", side)
        stop, away = chance.real(0.45, 0.6), 0.5 + half_width(train) * 0.9

        def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
            left = 1 - part(t, 0.0, 0.85) if arrives else part(t, 0.15, 1.0)
            along = stop - away * left * left if arrives else stop + away * left * left
            here = pose(train, lie, "moving" if left > 0 else "parked", train.phase + frame if left > 0 else train.phase)
            return (cross(here, sign, 0.0, start=along),)

        return at

    return plot


def gallop(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    horse = actor(chance, "horse", setting, lie, spot(chance, lie, "ground", 0.25, 0.7), "running", side)

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        return (cross(pose(horse, lie, "running", horse.phase + frame), sign, t, start=0.05, end=0.95),)

    return at


def follow(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    ground = spot(chance, lie, "ground", 0.4, 0.7)
    kind, gait = chance.pick((("dog", "running"), ("cat", "walking"), ("sheep", "walking")))
    animal = actor(chance, kind, setting, lie, ground + 0.01, gait, side)
    person = actor(chance, "person", setting, lie, ground, "walking", side)

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        a = cross(pose(animal, lie, gait, animal.phase + frame), sign, t, start=0.1, end=0.52)
        return a, cross(pose(person, lie, "walking", person.phase + frame), sign, t, start=0.4, end=0.82)

    return at


def _table(chance: Chance, setting: str, lie: Land, kind: str) -> ThingSpec:
    host = actor(chance, kind, setting, lie, spot(chance, lie, "ground", 0.15, 0.5), "standing")
    return replace(host, x=chance.real(0.4, 0.6))


def seat(thing: ThingSpec, host: ThingSpec, aside: float) -> ThingSpec:
    """The thing on top of its host, a share of the host's half width aside."""
    metre = host.height / HEIGHTS[host.kind]
    top = host.ground - host.height * TOPS[host.kind]
    there = replace(thing, ground=top, x=host.x + aside * half_width(host), on="B")
    return replace(there, height=tall(there, metre))


def fall(chance: Chance, setting: str, lie: Land) -> Course:
    table = _table(chance, setting, lie, "diningtable")
    bottle = actor(chance, "bottle", setting, lie, table.ground, "standing", "right")
    aside, sign, when = chance.real(-0.4, 0.4), chance.pick((-1.0, 1.0)), chance.real(0.25, 0.4)

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        over = part(t, when, when + 0.3)
        stands = replace(seat(bottle, table, aside), facing="left" if sign > 0 else "right")
        if over < 1.0:
            return replace(stands, tilt=sign * 82 * over * over), table
        lies = seat(replace(stands, action="lying"), table, aside)
        return replace(lies, x=stands.x - sign * half_width(lies) * 0.9), table

    return at


def jump(chance: Chance, setting: str, lie: Land) -> Course:
    side, sign = ways(chance)
    host = _table(chance, setting, lie, chance.pick(("sofa", "diningtable", "chair")))
    far = min(1.0, 0.27 / half_width(host))  # so that there is room beside it
    host, lie = replace(host, x=0.5 + sign * 0.1, height=host.height * far), replace(lie, reach=lie.reach * far)
    cat = actor(chance, "cat", setting, lie, host.ground + 0.03, "walking", side)
    start = host.x - sign * (half_width(host) + 0.16)

    def at(t: float, frame: int) -> tuple[ThingSpec, ...]:
        over = part(t, 0.2, 0.7)
        goal = seat(replace(cat, action="sitting" if t > 0.8 else "standing"), host, 0.0)
        if over >= 1.0:
            return goal, host
        here = pose(cat, lie, "walking" if over <= 0 else "standing", cat.phase + frame)
        ground = cat.ground + (goal.ground - cat.ground) * ease(over) - 0.5 * over * (1 - over)
        return replace(here, x=start + (goal.x - start) * ease(over), ground=ground, on="B"), host

    return at
