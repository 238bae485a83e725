"""The families of captions: each looks for something on the page that it can tell, and says None where there is nothing."""

from __future__ import annotations

from collections.abc import Callable

from looksay.storybook.lexicon import (
    COLOURS_ES,
    DEEDS,
    FAMILIES,
    HEADINGS,
    NOUNS,
    NUMBERS,
    NUMBERS_ES,
    SITES,
    SPOTS,
    Deed,
    Pair,
)
from looksay.storybook.phrasing import Plan
from looksay.storybook.spanish import agree
from looksay.storybook.teller import DRESSED, Teller
from looksay.storybook.view import Seen, alike

Family = Callable[[Teller], Plan | None]
_MISSED = ("person", "dog", "cat", "car", "horse", "bird", "boat", "bus", "train")
# Movements as they are said with a direction.
_GOING = frozenset(
    ("is moving", "is driving", "is flying", "flies", "is sailing", "sails", "is walking", "walks", "is running", "runs")
)
_RELATIONS = ("near", "behind", "front", "on", "above", "under", "left", "right")


def _deed(tell: Teller) -> Plan | None:
    found = tell.one(tell.busy) or tell.one(lambda group: len(group) == 1)
    return tell.plan(found) if found else None


def _list(tell: Teller) -> Plan | None:
    found = tell.some(2)
    return tell.plan(*found) if found else None


def _longlist(tell: Teller) -> Plan | None:
    found = tell.some(3)
    return tell.plan(*found) if found else None


def _related(tell: Teller, relations: tuple[str, ...]) -> tuple[str, Seen, Seen] | None:
    """A relation that holds on the page; the kinds of relation are tried in random order."""
    for relation in tell.chance.sample(relations, len(relations)):
        pairs = [(a, b) for a in tell.view.clear for b in tell.view.clear if tell.view.relates(relation, a, b)]
        if pairs:
            return relation, *tell.chance.pick(pairs)
    return None


def _relation(tell: Teller, *, definite: bool = False, relations: tuple[str, ...] = _RELATIONS) -> Plan | None:
    found = _related(tell, relations)
    if not found:
        return None
    relation, a, b = found
    pair = tell.couple(a, b, definite=definite)
    if not pair:
        return None
    plan = tell.plan(*pair)
    plan.fills["relation"] = tell.relation(relation)
    return plan


def _relation_the(tell: Teller) -> Plan | None:
    return _relation(tell, definite=True)


def _nearer(tell: Teller) -> Plan | None:
    return _relation(tell, definite=True, relations=("nearer",))


def _contrast(tell: Teller) -> Plan | None:
    first = tell.one(tell.busy)
    if not first:
        return None
    action = alike(first.things, "action")
    second = tell.one(lambda group: tell.busy(group) and group[0].kind != first.kind and alike(group, "action") != action)
    return tell.plan(first, second) if second else None


def _spots(tell: Teller) -> Plan | None:
    one, two = tell.chance.pick((("left", "right"), ("fore", "back")))
    at_one = [thing for thing in tell.view.clear if tell.view.spot(one, thing)]
    at_two = [thing for thing in tell.view.clear if tell.view.spot(two, thing)]
    if not at_one or not at_two:
        return None
    pair = tell.couple(tell.chance.pick(at_one), tell.chance.pick(at_two))
    if not pair:
        return None
    plan = tell.plan(*pair)
    way = tell.chance.below(len(SPOTS[one]))
    plan.fills |= {"one": SPOTS[one][way], "two": SPOTS[two][way]}
    return plan


def _spot(tell: Teller) -> Plan | None:
    options = [(place, thing) for thing in tell.view.clear for place in SPOTS if tell.view.spot(place, thing)]
    if not options:
        return None
    place, thing = tell.chance.pick(options)
    found = tell.mention([thing])
    if not found:
        return None
    plan = tell.plan(found)
    plan.fills["one"] = tell.chance.pick(SPOTS[place])
    return plan


def _tinted(group: list[Seen]) -> bool:
    return group[0].kind not in DRESSED and alike(group, "colour") != ""


def _colour(tell: Teller) -> Plan | None:
    found = tell.one(lambda group: _tinted(group) and alike(group, "action") != "", definite=True, plain=True)
    return tell.plan(found) if found else None


def _colours(tell: Teller) -> Plan | None:
    first = tell.one(_tinted, definite=True, plain=True)
    if not first:
        return None
    colour = first.things[0].colour
    second = tell.one(
        lambda group: _tinted(group) and group[0].kind != first.kind and group[0].colour != colour, definite=True, plain=True
    )
    return tell.plan(first, second) if second else None


def _none(tell: Teller) -> Plan | None:
    found = tell.one(tell.busy) or tell.one(lambda group: len(group) == 1)
    missing = [kind for kind in _MISSED if kind not in tell.view.by_kind]
    if not found or not missing:
        return None
    plan = tell.plan(found)
    noun = NOUNS[tell.chance.pick(missing)][0]
    plan.fills["none"] = Pair(noun.many, noun.muchos)
    plan.fills["place"] = tell.place()
    return plan


def _nobody(tell: Teller) -> Plan | None:
    plan = None if "person" in tell.view.by_kind else _none(tell)
    return plan if plan and "stop" in plan.fills else None


def _only(tell: Teller) -> Plan | None:
    seen = tell.view.seen
    found = tell.mention(seen) if len(tell.view.by_kind) == 1 and len(seen) == 1 else None
    return tell.plan(found) if found else None


def _heading(tell: Teller) -> Plan | None:
    options = [one for one in tell.view.clear if any(tell.view.heads(side, one) for side in HEADINGS)]
    options = [one for one in options if _GOING & {deed.does for deed in _deeds(one)}]
    if not options:
        return None
    thing = tell.chance.pick(options)
    found = tell.mention([thing])
    if not found:
        return None
    found.deed = tell.chance.pick([deed for deed in _deeds(thing) if deed.does in _GOING])
    plan = tell.plan(found)
    plan.fills["heading"] = HEADINGS[thing.facing]
    return plan


def _deeds(thing: Seen) -> tuple[Deed, ...]:
    return DEEDS.get(f"{thing.kind}-{thing.action}") or DEEDS.get(thing.action) or ()


def _family(tell: Teller) -> Plan | None:
    """Two kinds that are all there is of a family: 'three animals, two cows and a dog'."""
    options = [name for name, (_, kinds) in FAMILIES.items() if sum(kind in tell.view.by_kind for kind in kinds) == 2]
    if not options:
        return None
    family = tell.chance.pick(options)
    noun, kinds = FAMILIES[family]
    groups = [tell.view.by_kind[kind] for kind in kinds if kind in tell.view.by_kind]
    if any(one not in tell.view.clear for group in groups for one in group):
        return None
    mentions = [tell.mention(group) for group in groups]
    if not mentions[0] or not mentions[1]:
        return None
    plan = tell.plan(mentions[0], mentions[1])
    count = sum(map(len, groups))
    plan.fills |= {"number": Pair(NUMBERS[count], NUMBERS_ES[count]), "family": Pair(noun.many, noun.muchos)}
    return plan


def _onlyone(tell: Teller) -> Plan | None:
    options = [name for name in FAMILIES if len(tell.view.of(name)) == 1 and tell.view.of(name)[0] in tell.view.clear]
    if not options:
        return None
    family = tell.chance.pick(options)
    found = tell.mention(tell.view.of(family))
    if not found:
        return None
    plan = tell.plan(found)
    plan.fills |= {"family": Pair(FAMILIES[family][0].one, FAMILIES[family][0].uno), "place": tell.place()}
    return plan


def _split(tell: Teller) -> Plan | None:
    """Two of a kind in different colours."""
    options = [
        things
        for things in tell.sets()
        if len(things) == 2
        and things[0].kind not in DRESSED
        and things[0].colour != things[1].colour
        and all(one.colour for one in things)
    ]
    if not options:
        return None
    things = tell.chance.pick(options)
    found = tell.mention(things, plain=True)
    if not found:
        return None
    plan = tell.plan(found)
    gender = found.noun.gender
    one, other = ("uno", "otro") if gender == "m" else ("una", "otra")
    for key, article, thing in (("", one, things[0]), ("2", other, things[1])):
        tint = agree(COLOURS_ES[thing.colour], gender, False)
        plan.fills[f"tint{key}"] = Pair(thing.colour, f"{article} {tint}")
        plan.fills[f"ser{key}"] = Pair("", f"{article} es {tint}")
    return plan


def _all(tell: Teller) -> Plan | None:
    options = [things for things in tell.sets() if tell.busy(things)]
    if not options:
        return None
    found = tell.mention(tell.chance.pick(options), plain=True)
    return tell.plan(found) if found else None


def _allcolour(tell: Teller) -> Plan | None:
    options = [things for things in tell.sets() if _tinted(things)]
    if not options:
        return None
    found = tell.mention(tell.chance.pick(options), plain=True)
    return tell.plan(found) if found else None


def _between(tell: Teller) -> Plan | None:
    seen = tell.view.clear
    options = [
        (a, b, c)
        for place, b in enumerate(seen)
        for c in seen[place + 1 :]
        for a in seen
        if len({a.kind, b.kind, c.kind}) == 3 and tell.view.between(a, b, c)
    ]
    if not options:
        return None
    mentions = [tell.mention([one]) for one in tell.chance.pick(options)]
    if not all(mentions):
        return None
    return tell.plan(*(one for one in mentions if one))


def empty(tell: Teller) -> Plan:
    """For a page with nothing on it."""
    plan = tell.plan()
    feminine = SITES[tell.setting][0].es.startswith("una ")
    plan.fills["empty"] = Pair("empty", "vacía" if feminine else "vacío")
    return plan


# How often each is tried, and what it finds to tell.
FAMILIES_OF_CAPTIONS: dict[str, tuple[float, Family]] = {
    "deed": (3.0, _deed),
    "there": (2.5, _deed),
    "list": (2.0, _list),
    "longlist": (1.5, _longlist),
    "relation": (3.0, _relation),
    "relation-the": (2.0, _relation_the),
    "nearer": (0.7, _nearer),
    "scene": (1.5, _deed),
    "contrast": (1.5, _contrast),
    "spots": (1.2, _spots),
    "spot": (0.8, _spot),
    "colour": (1.2, _colour),
    "colours": (1.0, _colours),
    "none": (0.5, _none),
    "nobody": (0.5, _nobody),
    "only": (1.2, _only),
    "heading": (0.8, _heading),
    "family": (1.5, _family),
    "onlyone": (0.7, _onlyone),
    "split": (2.0, _split),
    "all": (1.5, _all),
    "allcolour": (1.0, _allcolour),
    "between": (1.0, _between),
}
