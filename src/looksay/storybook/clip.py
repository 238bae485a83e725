"""Clips: a small event in 16 to 32 frames, with the truth of every frame, the true motion, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from looksay.scene import Caption, Scene, Thing
from looksay.storybook.backdrop import backdrop
from looksay.storybook.canvas import Canvas
from looksay.storybook.casting import draw_kind
from looksay.storybook.chance import Chance
from looksay.storybook.compose import settle
from looksay.storybook.crowd import Crowd
from looksay.storybook.events import EVENTS, Event
from looksay.storybook.flow import Flow, paint_flow
from looksay.storybook.land import land
from looksay.storybook.lens import through_lens
from looksay.storybook.page import REGION_NAMES, Drawing, act, check_size, truth
from looksay.storybook.spec import SEASONS, TIMES, PageSpec, ThingSpec

ACTIONS: tuple[str, ...] = tuple(event.name for event in EVENTS)
_LENGTHS = (16, 20, 24, 32)
_BALL = REGION_NAMES.index("ball")


@dataclass(frozen=True, eq=False)
class Clip:
    """`frames` (T, h, w, 3) RGB; `scenes` the truth of each; `action` one of ACTIONS; `sentences` say what happens, in English
    (ids en0 …) and Spanish (es0 …); `motion` (T - 1, h, w, 2) the forward optical flow in pixels, x right and y down, of the
    things that move: exact for them, 0 for everything else (their shadows and the weather are left out)."""

    frames: npt.NDArray[np.uint8]
    scenes: tuple[Scene, ...]
    action: str
    sentences: tuple[Caption, ...]
    motion: Flow


def clip(seed: int, index: int, size: tuple[int, int] = (96, 96), words: bool = True) -> Clip:
    """The clip that (seed, index) means, drawn at (width, height). Without `words` nothing is said of it."""
    check_size(size)
    event, pages = stage_event(seed, index)
    empty = backdrop(pages[0], size)
    said = sentences(event, pages[0]) if words else ()
    frames = np.empty((len(pages), size[1], size[0], 3), np.uint8)
    motion = np.zeros((len(pages) - 1, size[1], size[0], 2), np.float32)
    scenes: list[Scene] = []
    for moment, spec in enumerate(pages):
        canvas = empty.copy()
        placed = act(canvas, spec)
        frames[moment] = through_lens(canvas, spec, moment)
        scene = truth(spec, size, Drawing(frames[moment], canvas.ids, canvas.regions, placed), words=False)
        scenes.append(
            replace(scene, id=f"clip-{seed}-{index}-{moment}", captions=said, notes={**scene.notes, "action": event.name})
        )
        if moment + 1 < len(pages):
            _motion(motion[moment], canvas, spec, pages[moment + 1])
    return Clip(frames, tuple(scenes), event.name, said, motion)


def stage_event(seed: int, index: int) -> tuple[Event, tuple[PageSpec, ...]]:
    """What happens, and the page of every moment. The same things, in the same order, are on all of them."""
    chance = Chance(seed, index, "clip")
    event = chance.pick(EVENTS)
    setting = chance.pick(event.settings)
    time, season = chance.weighted(TIMES, (0.6, 0.2, 0.2)), chance.pick(SEASONS)
    lie, count = land(seed, index, setting), chance.pick(_LENGTHS)
    course = event.plot(chance, setting, replace(lie, reach=lie.reach * event.near))
    moments = [_named(course(moment / (count - 1), moment)) for moment in range(count)]
    extras = _extras(chance, setting, seed, index, [*moments[0], *moments[count // 2], *moments[-1]])
    pages = []
    for things in moments:
        order = sorted([*extras, *things], key=lambda thing: thing.id in _STARS)
        pages.append(PageSpec(seed, index, setting, time, season, tuple(_layered(order)), "clip"))
    return event, tuple(pages)


_STARS = ("t0", "t1")


def _named(things: tuple[ThingSpec, ...]) -> list[ThingSpec]:
    """A becomes t0 and B t1; a ball is no thing of the truth."""
    return [
        replace(thing, id=f"t{place}" if thing.kind != "ball" else "ball", on="t1" if thing.on == "B" else "")
        for place, thing in enumerate(things)
    ]


def _layered(things: list[ThingSpec]) -> list[ThingSpec]:
    """Drawing order: by foot line, what is on another right after it."""
    feet = {thing.id: thing.ground for thing in things}
    return sorted(things, key=lambda thing: (feet.get(thing.on, thing.ground), bool(thing.on)))


def _extras(chance: Chance, setting: str, seed: int, index: int, stars: list[ThingSpec]) -> list[ThingSpec]:
    """Up to two that look on, behind the event and out of its way."""
    lie = land(seed, index, setting)
    crowd = Crowd()
    for place, star in enumerate(stars):
        if star.kind != "ball":
            crowd.seat(replace(star, id=f"s{place}", on=""))
    found: list[ThingSpec] = []
    for number in range(chance.below(3)):
        extra = settle(chance, draw_kind(chance, setting), setting, lie, f"t{number + 2}")
        behind = extra.ground < min(star.ground for star in stars if not star.on)
        if extra.kind != "train" and extra.action != "flying" and behind and crowd.admit(extra):
            found.append(extra)
    return found


def _motion(flow: Flow, canvas: Canvas, now: PageSpec, then: PageSpec) -> None:
    later = {thing.id: thing for thing in then.things}
    for place, thing in enumerate(now.things):
        if thing == later[thing.id]:
            continue
        if thing.kind == "ball":
            seen = cv2.compare(canvas.regions, _BALL, cv2.CMP_EQ)
        else:
            seen = cv2.compare(canvas.ids, place, cv2.CMP_EQ)
        paint_flow(flow, canvas, thing, later[thing.id], seen)


def sentences(event: Event, spec: PageSpec) -> tuple[Caption, ...]:
    """The event in plain words, once more with the colours of those who take part, and so on for every way to say it."""
    from looksay.storybook.grammar import Mention
    from looksay.storybook.lexicon import NOUNS
    from looksay.storybook.phrasing import Plan, write_english, write_spanish
    from looksay.storybook.view import Seen

    chance = Chance(spec.seed, spec.index, "clip words")
    nouns = {thing.id: chance.pick(NOUNS[thing.kind]) for thing in spec.things if thing.id in _STARS}
    english: list[Caption] = []
    spanish: list[Caption] = []
    ways = [(said, coloured) for said in event.sentences for coloured in (False, True)]
    for number, (said, coloured) in enumerate(ways):
        mentions = {}
        for letter, id in zip("AB", _STARS, strict=True):
            thing = next((one for one in spec.things if one.id == id), None)
            if thing is not None:
                seen = Seen(Thing(thing.kind, (0, 0, 1, 1), id=id, attributes={"colour": thing.colour}))
                mentions[letter] = Mention([seen], nouns[id], thing.colour if coloured else "")
        plan = Plan(mentions)
        english.append(write_english(said.en, plan, f"en{number}"))
        spanish.append(write_spanish(said.es, plan, f"es{number}"))
    return *english, *spanish
