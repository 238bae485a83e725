"""How many, which one, and is it so: questions that are settled by looking at every thing."""

from __future__ import annotations

from collections.abc import Iterator

from looksay.storybook.asker import COUNTS, Asker, Query, Way, a_noun, could_be, doing, noun
from looksay.storybook.lexicon import ALIVE, FAMILIES, INERT, NOUNS, RELATIONS, SITES
from looksay.storybook.spec import ACTIONS, KIND_COLOURS, SEASONS, SETTINGS, TIMES
from looksay.storybook.teller import DRESSED
from looksay.storybook.view import REVERSED, Seen, does

_ASKED = ("person", "dog", "cat", "cow", "car", "bird", "boat", "horse", "sheep", "chair")


# How


def _many(asker: Asker, question: str, count: int, things: list[Seen]) -> Query | None:
    if count >= len(COUNTS) or not asker.plain(things):
        return None
    wrong = [COUNTS[other] for other in range(max(count - 3, 0), count + 4) if other != count and other < len(COUNTS)]
    return Query(question, COUNTS[count], wrong, tuple(one.id for one in things))


def _many_kind(asker: Asker) -> Query | None:
    several = [kind for kind, things in asker.view.by_kind.items() if len(things) > 1]
    kinds = several if several and asker.chance.coin(0.6) else list(asker.view.by_kind)
    absent = asker.absent(_ASKED)
    kind = asker.chance.pick(kinds if kinds and (asker.chance.coin(0.85) or not absent) else absent)
    things = asker.view.of(kind)
    question = asker.chance.pick(("how many {} are there?", "how many {} can you see?", "how many {} are in the picture?"))
    return _many(asker, question.format(NOUNS[kind][0].many), len(things), things)


def _many_family(asker: Asker) -> Query | None:
    family = asker.chance.pick(("animal", "vehicle", ""))
    things = asker.view.of(family)
    return _many(asker, f"how many {family or 'thing'}s are there?", len(things), things)


def _many_coloured(asker: Asker) -> Query | None:
    kinds = [kind for kind, things in asker.view.by_kind.items() if len(things) > 1 and kind not in DRESSED]
    if not kinds:
        return None
    kind = asker.chance.pick(kinds)
    colour = asker.chance.pick([*(one.colour for one in asker.view.of(kind)), asker.chance.pick(KIND_COLOURS[kind])])
    things = asker.view.like(kind, colour)
    return _many(asker, f"how many {colour} {NOUNS[kind][0].many} are there?", len(things), things)


def _many_doing(asker: Asker) -> Query | None:
    kinds = [kind for kind, things in asker.view.by_kind.items() if len(things) > 1 and kind in ALIVE]
    if not kinds:
        return None
    kind = asker.chance.pick(kinds)
    action = asker.chance.pick(asker.view.of(kind)).action
    things = asker.view.like(kind, "", action)
    return _many(asker, f"how many {NOUNS[kind][0].many} are {doing(kind, action)}?", len(things), things) if action else None


def _how_moving(asker: Asker) -> Query | None:
    ways = ("walking", "running", "flying")
    found = asker.someone((one for one in asker.view.seen if one.action in ways and one.kind in ALIVE), "action")
    if not found:
        return None
    one, called = found
    return Query(
        f"how is {called} moving?", one.action, [*(way for way in ways if way != one.action), "swimming", "driving"], (one.id,)
    )


# Which


def _predicates(asker: Asker, group: list[Seen]) -> Iterator[tuple[str, str, Seen]]:
    """(what is said, the aspect that it gives away, the one of the group that it fits alone)."""
    view = asker.view
    for one in group:
        if one.colour and one.kind not in DRESSED and sum(other.colour == one.colour for other in group) == 1:
            yield f"is {one.colour}", "colour", one
        if one.action and one.kind not in INERT and sum(does(other, one.action) for other in group) == 1:
            yield f"is {doing(one.kind, one.action)}", "action", one
        for place, said in (("fore", "is closest to us"), ("back", "is farthest away")):
            if view.spot(place, one) and not view.carries(one):
                yield said, "spot", one
        for mark in view.seen:
            if mark in group or len(view.by_kind[mark.kind]) > 1:
                continue
            for relation in ("on", "behind", "front", "near", "above", "under"):
                if view.alone(relation, one, mark, group):
                    yield f"is {RELATIONS[relation][0].en} the {noun(mark.kind)}", "relation", one


def _which(asker: Asker) -> Query | None:
    view = asker.view
    groups: list[tuple[str, list[Seen]]] = [(noun(kind), things) for kind, things in view.by_kind.items()]
    groups += [(family, view.of(family)) for family in FAMILIES]
    groups = [(name, group) for name, group in groups if len(group) > 1]
    if len(view.seen) > 1:
        groups.append(("thing", view.seen))
    for name, group in asker.chance.sample(groups, len(groups)):
        found = list(_predicates(asker, group))
        for said, aspect, one in asker.chance.sample(found, len(found)):
            answer = asker.refer.without(one, aspect)
            if not answer or not asker.plain((one,)):
                continue
            others = [other for other in group if other is not one]
            wrong = [asker.refer.without(other, aspect) for other in others]
            return Query(f"which {name} {said}?", answer, [words for words in wrong if words], (one.id,))
    return None


# Yes or no


def _yes(question: str, truth: bool, *things: Seen) -> Query:
    answers = ("yes", "no") if truth else ("no", "yes")
    return Query(question, answers[0], answers[1:], tuple(one.id for one in things))


def _is_there(asker: Asker) -> Query | None:
    truth = bool(asker.view.seen) and asker.chance.coin()
    kind = asker.chance.pick([one.kind for one in asker.view.clear] if truth else asker.absent())
    return _yes(f"is there {a_noun(kind)} in the picture?", truth, *asker.view.of(kind))


def _is_coloured(asker: Asker) -> Query | None:
    found = asker.someone((one for one in asker.view.seen if one.colour and one.kind not in DRESSED), "colour")
    if not found:
        return None
    one, called = found
    truth = asker.chance.coin()
    colour = one.colour if truth else asker.chance.pick([other for other in KIND_COLOURS[one.kind] if other != one.colour])
    return _yes(f"is {called} {colour}?", truth, one)


def _is_doing(asker: Asker) -> Query | None:
    found = asker.someone((one for one in asker.view.seen if one.action and one.kind not in INERT), "action")
    if not found:
        return None
    one, called = found
    others = [other for other in ACTIONS[one.kind] if not could_be(one.action, other)]
    truth = asker.chance.coin() or not others
    return _yes(f"is {called} {doing(one.kind, one.action if truth else asker.chance.pick(others))}?", truth, one)


def _is_related(asker: Asker) -> Query | None:
    """Where the answer is no, the opposite is plainly true."""
    view = asker.view
    named = [one for one in view.clear if asker.refer.without(one, "relation")]
    truth = asker.chance.coin()
    for relation in asker.chance.sample(("left", "right", "front", "behind"), 4):
        held = relation if truth else REVERSED[relation]
        pairs = [(a, b) for a in named for b in named if view.relates(held, a, b)]
        if pairs:
            a, b = asker.chance.pick(pairs)
            names = asker.refer.without(a, "relation"), asker.refer.without(b, "relation")
            return _yes(f"is {names[0]} {RELATIONS[relation][0].en} {names[1]}?", truth, a, b)
    return None


def _is_when(asker: Asker) -> Query | None:
    spec = asker.view.spec
    right, others = (spec.season, SEASONS) if asker.view.season_shows() and asker.chance.coin() else (spec.time, TIMES)
    truth = asker.chance.coin()
    said = right if truth else asker.chance.pick([other for other in others if other != right])
    return _yes(f"is it {said}?", truth)


def _is_where(asker: Asker) -> Query | None:
    truth = asker.chance.coin()
    right = asker.view.spec.setting
    return _yes(
        f"is this {SITES[right if truth else asker.chance.pick([one for one in SETTINGS if one != right])][0].en}?", truth
    )


def _is_more(asker: Asker) -> Query | None:
    if len(asker.view.by_kind) < 2:
        return None
    a, b = asker.chance.sample(list(asker.view.by_kind), 2)
    things = asker.view.of(a), asker.view.of(b)
    if not asker.plain((*things[0], *things[1])):
        return None
    question = f"are there more {NOUNS[a][0].many} than {NOUNS[b][0].many}?"
    return _yes(question, len(things[0]) > len(things[1]), *things[0], *things[1])


QUERIES: dict[str, tuple[Way, ...]] = {
    "how": (_many_kind, _many_kind, _many_family, _many_coloured, _many_doing, _how_moving, _how_moving),
    "which": (_which,),
    "is": (_is_there, _is_coloured, _is_doing, _is_related, _is_when, _is_where, _is_more),
}
