"""Why: causes that can be seen on the page, each with what shows it."""

from __future__ import annotations

from collections.abc import Iterator

from looksay.storybook.asker import Asker, Query, Way, could_be, noun
from looksay.storybook.lexicon import ALIVE, WEATHERS_SAID
from looksay.storybook.view import Seen

_NIGHT, _DUSK, _DAY = "because it is night", "because the sun is setting", "because it is day"
_BY_TIME = {"night": _NIGHT, "sunset": _DUSK, "day": _DAY}
_BY_SEASON = {season: f"because it is {season}" for season in ("spring", "summer", "autumn", "winter")}
_BY_WEATHER = {weather: f"because {said.en}" for weather, (said, _) in WEATHERS_SAID.items()}
_OUTSIDE = "because part of it is outside the picture"
# What shows an action; who does it is filled in.
_SIGNS: dict[str, tuple[str, ...]] = {
    "sleeping": ("why does {} not move?", "why does {} keep its eyes closed?"),
    "grazing": ("why is the head of {} down?", "why does {} hold its head so low?"),
    "flying": ("why is {} up in the air?", "why does {} not touch the ground?"),
    "running": ("why is {} so fast?",),
    "waving": ("why does {} hold up an arm?",),
    "parked": ("why is {} not moving?", "why does {} not go anywhere?"),
    "off": ("why is {} dark?",),
    "on": ("why is {} bright?",),
}
_CAUSES = {
    "sleeping": "because it is asleep",
    "grazing": "because it is eating",
    "flying": "because it is flying",
    "running": "because it is running",
    "waving": "because it is waving",
    "parked": "because it is parked",
    "off": "because it is off",
    "on": "because it is on",
}
_LIVELY = ("sleeping", "grazing", "flying", "running", "waving")


def _cause(one: Seen, action: str) -> str:
    return _CAUSES[action].replace("it is", "the person is") if one.kind == "person" else _CAUSES[action]


def _times_wrong(asker: Asker) -> list[str]:
    """Times and seasons that it is not."""
    spec = asker.view.spec
    return [
        *(cause for time, cause in _BY_TIME.items() if time != spec.time),
        *(cause for season, cause in _BY_SEASON.items() if season != spec.season),
    ]


def _weathers_wrong(asker: Asker) -> list[str]:
    there = asker.view.weather()
    return [cause for weather, cause in _BY_WEATHER.items() if weather != there]


def _why_weather(asker: Asker) -> Query | None:
    """Why the ground is white, or what is in the air."""
    view = asker.view
    wrong = [cause for cause in _times_wrong(asker) if cause not in (_DAY, _DUSK)]
    if view.snow_lies() and asker.chance.coin():
        return Query("why is the ground white?", _BY_SEASON["winter"], wrong)
    questions = {
        "snow": "why are there white spots in the air?",
        "rain": "why is everything wet?",
        "mist": "why can we not see far?",
    }
    if view.weather() not in questions:
        return None
    answer = f"because {WEATHERS_SAID[view.weather()][0].en}"
    return Query(questions[view.weather()], answer, [*_weathers_wrong(asker), *asker.chance.sample(wrong, 2)])


def _why_light(asker: Asker) -> Query | None:
    outside = asker.view.season_shows()
    questions = {
        "night": ("why is it so dark?", "why is the sky dark?"),
        "sunset": ("why is the light so warm?", "why is the sky orange?"),
        "day": ("why is it so bright?", "why is the sky bright?"),
    }[asker.view.spec.time]
    question = asker.chance.pick(questions if outside else questions[:1])
    return Query(question, _BY_TIME[asker.view.spec.time], [*_times_wrong(asker), *_weathers_wrong(asker)])


def _why_so(asker: Asker) -> Query | None:
    """From a sign to what the thing does."""
    found = asker.someone((one for one in asker.view.seen if one.action in _SIGNS), "action")
    if not found:
        return None
    one, called = found
    question = asker.chance.pick(_SIGNS[one.action]).format(called)
    if one.kind in ALIVE:
        others: tuple[str, ...] = _LIVELY
    elif one.action in ("on", "off"):
        others = ("on", "off")
    else:
        others = ("parked", "flying") if one.kind == "aeroplane" else ("parked",)
    wrong = [_cause(one, other) for other in others if not could_be(one.action, other)]
    return Query(question, _cause(one, one.action), [*wrong, *asker.chance.sample(_times_wrong(asker), 3)], (one.id,))


def _why_high(asker: Asker) -> Query | None:
    hosts = {one.id: one for one in asker.view.seen}
    found = asker.someone((one for one in asker.view.seen if one.on in hosts), "relation")
    if not found:
        return None
    one, called = found
    under = noun(hosts[one.on].kind)
    wrong = [f"because it is on the {noun(kind)}" for kind in ("diningtable", "sofa", "chair", "bus") if noun(kind) != under]
    return Query(
        f"why is {called} not on the floor?", f"because it is on the {under}", [*wrong, "because it is flying"], (one.id, one.on)
    )


def _why_hidden(asker: Asker) -> Query | None:
    """Why only a part can be seen: because of what stands before it, or of the edge of the page."""
    options: list[tuple[Seen, Seen | None]] = []
    for one in asker.view.seen:
        before = list(_before(asker, one))
        if one.hidden and not one.cut and len(before) == 1 and before[0].on != one.id:
            options.append((one, before[0]))
        elif one.cut and not one.hidden and not before:
            options.append((one, None))
    if not options:
        return None
    one, cause = asker.chance.pick(options)
    called = asker.refer.without(one, "relation")
    if not called:
        return None
    others = [other for other in asker.view.seen if other is not cause and other is not one]
    named = [asker.refer.ways(other)[0].text for other in others if asker.refer.ways(other)]
    named += [f"the {noun(kind)}" for kind in asker.chance.sample(asker.absent(), 3)]
    wrong = [f"because {name} is in front of it" for name in named]
    if cause is None:
        return Query(f"why can we not see all of {called}?", _OUTSIDE, wrong, (one.id,))
    if not asker.refer.ways(cause):
        return None
    answer = f"because {asker.refer.ways(cause)[0].text} is in front of it"
    return Query(f"why can we not see all of {called}?", answer, [*wrong, _OUTSIDE], (one.id, cause.id))


def _before(asker: Asker, one: Seen) -> Iterator[Seen]:
    """Nearer things that share a good part of its box."""
    for other in asker.view.seen:
        wide = min(one.x2, other.x2) - max(one.x1, other.x1)
        high = min(one.y2, other.y2) - max(one.y1, other.y1)
        if other.depth < one.depth and wide > 0 and high > 0 and wide * high > 0.05 * one.area:
            yield other


QUERIES: dict[str, tuple[Way, ...]] = {"why": (_why_so, _why_so, _why_hidden, _why_high, _why_weather, _why_light)}
