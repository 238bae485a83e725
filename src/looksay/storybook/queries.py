"""What, where, when and who: each looks on the page for something to ask that has one answer, and for answers surely wrong."""

from __future__ import annotations

from looksay.storybook.asker import COUNTS, Asker, Query, Way, a_noun, could_be, doing, noun, related
from looksay.storybook.lexicon import ALIVE, DATES, FAMILIES, NOUNS, PLACES, RELATIONS, SEASONS_SAID, SITES, SPOTS, TIMES_SAID
from looksay.storybook.spec import ACTIONS, COLOURS, KIND_COLOURS, KINDS, SEASONS, SETTINGS
from looksay.storybook.view import Seen

# What


def _colour(asker: Asker) -> Query | None:
    found = asker.someone((one for one in asker.view.seen if one.colour and one.kind != "pottedplant"), "colour")
    if not found:
        return None
    one, called = found
    question = f"what colour is {called} wearing?" if one.kind == "person" else f"what colour is {called}?"
    wrong = [other for other in KIND_COLOURS[one.kind] if other != one.colour]
    wrong += [other for other in COLOURS if other not in (*wrong, one.colour)][: max(3 - len(wrong), 0)]
    return Query(question, one.colour, wrong, (one.id,))


def _action(asker: Asker) -> Query | None:
    found = asker.someone((one for one in asker.view.seen if one.kind in ALIVE and one.action), "action")
    if not found:
        return None
    one, called = found
    others = dict.fromkeys((*ACTIONS[one.kind], "sleeping", "running", "walking", "sitting"))
    wrong = [doing(one.kind, other) for other in others if not could_be(one.action, other)]
    return Query(f"what is {called} doing?", doing(one.kind, one.action), wrong, (one.id,))


def _what_there(asker: Asker) -> Query | None:
    found = related(asker)
    if not found:
        return None
    relation, one, mark, called = found
    wrong = [kind for kind in asker.view.by_kind if kind not in (one.kind, mark.kind)]
    wrong += asker.chance.sample(asker.absent(), 3)
    question = f"what is {RELATIONS[relation][0].en} {called}?"
    return Query(question, a_noun(one.kind), [a_noun(kind) for kind in wrong], (one.id,))


def _member(asker: Asker) -> Query | None:
    options = [(name, kinds) for name, (_, kinds) in FAMILIES.items() if sum(kind in asker.view.by_kind for kind in kinds) == 1]
    if not options:
        return None
    name, kinds = asker.chance.pick(options)
    things = asker.view.of(name)
    if not asker.plain(things):
        return None
    kind = things[0].kind
    question = f"what {name} is in the picture?" if len(things) == 1 else f"what {name}s are in the picture?"
    said = [a_noun(other) if len(things) == 1 else NOUNS[other][0].many for other in (kind, *(k for k in kinds if k != kind))]
    return Query(question, said[0], said[1:], tuple(one.id for one in things))


def _aloft(asker: Asker) -> Query | None:
    flyers = [one for one in asker.view.seen if one.aloft]
    if len(flyers) != 1 or not asker.plain(flyers):
        return None
    wrong = [kind for kind in KINDS if kind != flyers[0].kind]
    return Query("what is flying in the air?", a_noun(flyers[0].kind), [a_noun(kind) for kind in wrong], (flyers[0].id,))


def _season(asker: Asker) -> Query | None:
    if not asker.view.season_shows():
        return None
    question = asker.chance.pick(("what season is it?", "what season does this appear to be?", "what time of year is it?"))
    season = asker.view.spec.season
    return Query(question, season, [other for other in SEASONS if other != season])


def _site(asker: Asker) -> Query | None:
    setting = asker.view.spec.setting
    wrong = [SITES[other][0].en for other in SETTINGS if other != setting]
    return Query("what kind of place is this?", SITES[setting][0].en, wrong)


def _what_spot(asker: Asker) -> Query | None:
    place = asker.chance.pick(("fore", "back"))
    one = asker.only(lambda one: asker.view.spot(place, one))
    if one is None or asker.view.carries(one) or not asker.plain((one,)):
        return None
    kinds = [kind for kind in asker.view.by_kind if kind != one.kind] + asker.chance.sample(asker.absent(), 3)
    return Query(f"what is {SPOTS[place][0].en}?", a_noun(one.kind), [a_noun(kind) for kind in kinds], (one.id,))


# Where


def _where(asker: Asker) -> Query | None:
    """In which setting."""
    setting = asker.view.spec.setting
    wrong = [PLACES[other][0].en for other in SETTINGS if other != setting]
    found = asker.someone(asker.view.seen, "nothing")
    if found is None or asker.chance.coin(0.2):
        return Query("where was this picture taken?", PLACES[setting][0].en, wrong)
    one, called = found
    if one.on:
        return None
    return Query(f"where is {called}?", PLACES[setting][0].en, wrong, (one.id,))


def _where_on(asker: Asker) -> Query | None:
    """On which thing."""
    hosts = {one.id: one for one in asker.view.seen}
    found = asker.someone((one for one in asker.view.seen if one.on in hosts), "relation")
    if found is None:
        return None
    one, called = found
    tops = ("diningtable", "sofa", "chair", "car", "bus")
    wrong = [f"on the {noun(kind)}" for kind in tops if kind != hosts[one.on].kind]
    wrong += [f"under the {noun(hosts[one.on].kind)}", f"behind the {noun(hosts[one.on].kind)}"]
    return Query(f"where is {called}?", f"on the {noun(hosts[one.on].kind)}", wrong, (one.id, one.on))


def _where_spot(asker: Asker) -> Query | None:
    """On which side of the picture."""
    clear = [one for one in asker.view.seen if not one.aloft and any(asker.view.spot(place, one) for place in ("left", "right"))]
    found = asker.someone(clear, "spot")
    if found is None:
        return None
    one, called = found
    right = "left" if asker.view.spot("left", one) else "right"
    wrong = [SPOTS[place][0].en for place in ("left", "middle", "right") if place != right]
    return Query(f"where in the picture is {called}?", SPOTS[right][0].en, [*wrong, "up in the air"], (one.id,))


# When


def _when(asker: Asker) -> Query | None:
    time, season = asker.view.spec.time, asker.view.spec.season
    question = asker.chance.pick(("when was this picture taken?", "when is this?"))
    if asker.view.season_shows():
        return Query(
            question, f"on {DATES[time, season].en}", [f"on {date.en}" for key, date in DATES.items() if key != (time, season)]
        )
    return Query(question, TIMES_SAID[time][0].en, _other_times(time))


def _other_times(time: str) -> list[str]:
    noon = {"day": "at midnight", "sunset": "at noon", "night": "at noon"}[time]
    return [*(said[0].en for other, said in TIMES_SAID.items() if other != time), noon]


def _when_doing(asker: Asker) -> Query | None:
    found = asker.someone((one for one in asker.view.seen if one.kind in ALIVE and one.action), "action")
    if not found:
        return None
    one, called = found
    time = asker.view.spec.time
    return Query(f"when is {called} {doing(one.kind, one.action)}?", TIMES_SAID[time][0].en, _other_times(time), (one.id,))


def _when_year(asker: Asker) -> Query | None:
    if not asker.view.season_shows():
        return None
    season = asker.view.spec.season
    return Query(
        "when in the year is this?", SEASONS_SAID[season].en, [said.en for name, said in SEASONS_SAID.items() if name != season]
    )


# Who


def _who_acts(asker: Asker) -> Query | None:
    """Who does a thing that one living being does alone."""
    alive = [one for one in asker.view.seen if one.kind in ALIVE and one.action]
    options = [one for one in alive if sum(could_be(one.action, other.action) for other in alive) == 1]
    found = asker.someone(options, "action")
    if not found:
        return None
    one, called = found
    return Query(f"who is {doing(one.kind, one.action)}?", called, _others(asker, one), (one.id,))


def _others(asker: Asker, one: Seen) -> list[str]:
    """Living beings that are not this one."""
    alive = [other for other in asker.view.seen if other is not one and other.kind in ALIVE]
    others = [asker.refer.ways(other)[0].text for other in alive if asker.refer.ways(other)]
    absent = [f"the {noun(kind)}" for kind in asker.chance.sample(asker.absent(tuple(sorted(ALIVE))), 3)]
    return [*others, *absent, "nobody"]


def _who_there(asker: Asker) -> Query | None:
    found = related(asker, ALIVE)
    if not found:
        return None
    relation, one, _, called = found
    name = asker.refer.without(one, "relation")
    wrong = [other for other in _others(asker, one) if other != called]
    return Query(f"who is {RELATIONS[relation][0].en} {called}?", name, wrong, (one.id,)) if name else None


def _who_people(asker: Asker) -> Query | None:
    people = asker.view.of("person")
    said = ("nobody", "one person", *(f"{count} people" for count in COUNTS[2:6]))
    if len(people) >= len(said) or not asker.plain(people) or (not people and asker.chance.coin(0.6)):
        return None
    wrong = [other for other in said[:4] if other != said[len(people)]]
    return Query("who can be seen in the picture?", said[len(people)], wrong, tuple(one.id for one in people))


QUERIES: dict[str, tuple[Way, ...]] = {
    "what": (_colour, _action, _what_there, _member, _aloft, _season, _site, _what_spot),
    "where": (_where, _where_on, _where_spot),
    "when": (_when, _when_doing, _when_year),
    "who": (_who_acts, _who_acts, _who_there, _who_there, _who_people),
}
