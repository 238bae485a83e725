"""Referring expressions: words that mean one thing of a page and no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from looksay.scene import Objects, Referral, Size
from looksay.storybook.chance import Chance
from looksay.storybook.grammar import name
from looksay.storybook.lexicon import DEEDS, FAMILIES, INERT, NOUNS, RELATIONS, Noun
from looksay.storybook.spec import PageSpec
from looksay.storybook.view import Seen, View, does

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
# Relations by which a thing is told from its like. Where one is false it must be plainly so, hence no left and right.
_TELLING = ("on", "behind", "front", "near", "above", "under")


class Expression(NamedTuple):
    """`uses` tells what the words give away beyond the kind: colour, action, spot, relation."""

    text: str
    uses: frozenset[str]


_KIND, _COLOUR, _ACTION = frozenset[str](), frozenset(("colour",)), frozenset(("action",))
_SPOT, _RELATION = frozenset(("spot",)), frozenset(("relation",))


def referrals(spec: PageSpec, size: Size, objects: Objects) -> tuple[Referral, ...]:
    """Referrals of a page: see referrals_of."""
    return referrals_of(View(spec, size, objects))


def referrals_of(view: View) -> tuple[Referral, ...]:
    """For every thing the shortest expression that fits it alone, then for most things another one. A thing that no words tell
    from its like (two in the same place) has none."""
    chance = Chance(view.spec.seed, view.spec.index, "referrals")
    found = Referrer(view, chance)
    shortest: list[Referral] = []
    others: list[Referral] = []
    for seen in view.seen:
        ways = found.ways(seen)
        if not ways:
            continue
        shortest.append(Referral(ways[0].text, seen.box, 1.0, seen.id))
        if len(ways) > 1 and chance.coin(0.7):
            others.append(Referral(chance.pick(ways[1:]).text, seen.box, 1.0, seen.id))
    return (*shortest, *others)


class Referrer:
    """The expressions of one page; each thing's are found once. With `whole` they say 'the dog that is running', which can be
    part of a question, and never 'the dog running'."""

    def __init__(self, view: View, chance: Chance, *, whole: bool = False) -> None:
        self.view, self.chance, self.whole = view, chance, whole
        self._ways: dict[str, list[Expression]] = {}

    def ways(self, one: Seen) -> list[Expression]:
        """Expressions that fit this thing alone, the shortest first."""
        if one.id not in self._ways:
            peers = self.view.by_kind[one.kind]
            noun = self.chance.pick(NOUNS[one.kind])
            ways = [Expression(f"the {noun.one}", _KIND)] if len(peers) == 1 else []
            for level in (self._single, self._family, self._double, self._ordinal):
                if len(ways) < 2 or level not in (self._double, self._ordinal):
                    found = list(level(one, peers, noun))
                    ways += self.chance.sample(found, len(found))
            self._ways[one.id] = ways
        return self._ways[one.id]

    def without(self, one: Seen, aspect: str) -> str:
        """The shortest expression that does not give away that aspect, or ''."""
        return next((way.text for way in self.ways(one) if aspect not in way.uses), "")

    def _single(self, one: Seen, peers: Sequence[Seen], noun: Noun) -> Iterator[Expression]:
        """The noun and one thing more."""
        if one.colour and _alone(one, peers, one.colour):
            yield Expression("the " + name(one.kind, noun, 1, one.colour, ""), _COLOUR)
        doing = self._doing(one)
        if doing and _alone(one, peers, action=one.action):
            yield Expression(f"the {noun.one} {doing}", _ACTION)
        if len(peers) > 1:
            for where in _spots(one, peers, self.view.width):
                yield Expression(f"the {noun.one} {where}", _SPOT)
            for which in _depths(one, peers, self.view.height):
                yield Expression(f"the {which} {noun.one}", _SPOT)
        for relation, landmark in self._landmarks(one, peers):
            yield Expression(f"the {noun.one} {relation} the {landmark}", _RELATION)

    def _doing(self, one: Seen) -> str:
        """'sleeping', 'parked'; '' where that is not worth saying."""
        if one.kind in INERT and one.action == "standing":
            return ""
        deeds = DEEDS.get(f"{one.kind}-{one.action}") or DEEDS.get(one.action)
        if not deeds:
            return ""
        return f"that {deeds[0].does}" if self.whole or self.chance.coin(0.3) else deeds[0].doing

    def _landmarks(self, one: Seen, peers: Sequence[Seen]) -> Iterator[tuple[str, str]]:
        """Relations to a thing that is the only one of its kind, which none of its like has."""
        for kind, things in self.view.by_kind.items():
            if len(things) != 1 or kind == one.kind:
                continue
            mark = things[0]
            for relation in _TELLING:
                if self.view.alone(relation, one, mark, peers):
                    yield RELATIONS[relation][0].en, NOUNS[kind][0].one

    def _family(self, one: Seen, _peers: Sequence[Seen], _noun: Noun) -> Iterator[Expression]:
        """As an animal or a vehicle, by its colour or what it does."""
        for family, (noun, kinds) in FAMILIES.items():
            if one.kind not in kinds:
                continue
            peers = self.view.of(family)
            if len(peers) == 1:
                yield Expression(f"the {noun.one}", frozenset(("family",)))
                continue
            if one.colour and _alone(one, peers, one.colour):
                yield Expression(f"the {one.colour} {noun.one}", _COLOUR | {"family"})
            doing = self._doing(one)
            if doing and _alone(one, peers, action=one.action):
                yield Expression(f"the {noun.one} {doing}", _ACTION | {"family"})

    def _double(self, one: Seen, peers: Sequence[Seen], noun: Noun) -> Iterator[Expression]:
        """The colour and one thing more, where several share the colour."""
        tinted = [other for other in peers if other.colour == one.colour]
        if not one.colour or len(tinted) in (1, len(peers)):
            return
        named = name(one.kind, noun, 1, one.colour, "")
        doing = self._doing(one)
        if doing and _alone(one, tinted, action=one.action):
            yield Expression(f"the {named} {doing}", _COLOUR | _ACTION)
        for where in _spots(one, tinted, self.view.width):
            yield Expression(f"the {named} {where}", _COLOUR | _SPOT)

    def _ordinal(self, one: Seen, peers: Sequence[Seen], noun: Noun) -> Iterator[Expression]:
        """The place in the row, where the row is clear around it."""
        row = sorted(peers, key=lambda other: other.cx)
        place = row.index(one)
        gap = 0.015 * self.view.width
        if (place and one.cx - row[place - 1].cx < gap) or (place + 1 < len(row) and row[place + 1].cx - one.cx < gap):
            return
        yield Expression(f"the {ORDINALS[place]} {noun.one} from the left", _SPOT)
        yield Expression(f"the {ORDINALS[len(row) - 1 - place]} {noun.one} from the right", _SPOT)


def _alone(one: Seen, peers: Sequence[Seen], colour: str = "", action: str = "") -> bool:
    """Whether no other of them has that colour, or may be said to do that."""
    return not any(other is not one and (other.colour == colour if colour else does(other, action)) for other in peers)


def _spots(one: Seen, peers: Sequence[Seen], width: int) -> list[str]:
    """Where it stands among its like: on the left, on the right, or in the middle of three."""
    margin = 0.06 * width
    if all(other is one or other.cx > one.cx + margin for other in peers):
        return ["on the left" if len(peers) < 4 else "on the far left"]
    if all(other is one or other.cx < one.cx - margin for other in peers):
        return ["on the right" if len(peers) < 4 else "on the far right"]
    left = sum(other.cx < one.cx - margin for other in peers)
    right = sum(other.cx > one.cx + margin for other in peers)
    return ["in the middle"] if len(peers) == 3 and left == right == 1 else []


def _depths(one: Seen, peers: Sequence[Seen], height: int) -> list[str]:
    """The nearest or the farthest of its like, where that is plain."""
    if not all(other.grounded for other in peers):
        return []
    margin = 0.05 * height
    if all(other is one or other.foot < one.foot - margin for other in peers):
        return ["nearest"]
    if all(other is one or other.foot > one.foot + margin for other in peers):
        return ["farthest"]
    return []
