"""Chooses what of a page to speak about and how: groups of things, how they are named, and the fillings of a sentence."""

from __future__ import annotations

from collections.abc import Callable

from looksay.storybook.chance import Chance
from looksay.storybook.grammar import SOMEONE, Mention
from looksay.storybook.lexicon import (
    CLAUSES,
    DATES,
    DEEDS,
    GROUNDS,
    IN_SNOW,
    INERT,
    NOUNS,
    PLACES,
    RELATIONS,
    SEASONS_SAID,
    SITES,
    SIZES,
    SKIES,
    TIMES_SAID,
    WATERS,
    WEATHERS_SAID,
    Deed,
    Pair,
)
from looksay.storybook.phrasing import Plan
from looksay.storybook.view import Seen, View, alike

_SEVERAL, _MANY, _ANOTHER = Pair("several", "vari@"), Pair("many", "much@"), Pair("another", "otr@")
Fits = Callable[[list[Seen]], bool]
# Their colour is their dress or their pot: they are not themselves called red.
DRESSED = frozenset(("person", "pottedplant"))


def groups_of(view: View) -> list[list[Seen]]:
    """What can be spoken of together: each thing, all of a kind, all of a kind and colour."""
    found: list[list[Seen]] = []
    for kind in view.by_kind:
        things = [one for one in view.clear if one.kind == kind]
        found.extend([one] for one in things)
        if 1 < len(things) == len(view.by_kind[kind]):
            found.append(things)
        if len(things) > 2:
            colours: dict[str, list[Seen]] = {}
            for one in things:
                colours.setdefault(one.colour, []).append(one)
            found.extend(some for colour, some in colours.items() if colour and 1 < len(some) < len(things))
    return found


class Teller:
    """One page, one chance; every method says only what is true."""

    def __init__(self, view: View, chance: Chance) -> None:
        self.view, self.chance = view, chance
        self.setting, self.time = view.spec.setting, view.spec.time
        self.season = view.spec.season if view.season_shows() else ""
        self.weather = view.weather()
        self.groups = groups_of(view)

    # Mentions

    def mention(self, things: list[Seen], *, definite: bool = False, plain: bool = False) -> Mention | None:
        """The things in words that count them rightly; with `definite` they must be the only ones that the words fit.
        `plain` leaves colour and size unsaid. None where no such words exist."""
        chance, kind, count = self.chance, things[0].kind, len(things)
        colour, size = alike(things, "colour"), alike(things, "size")
        exact = definite or count > 1  # the words must fit these alone
        whole = len(self.view.by_kind[kind]) == count
        say_colour = bool(colour) and not plain and (chance.coin() or (exact and not whole))
        say_size = size in SIZES and not plain and kind != "person" and chance.coin(0.15)
        fitting = self.view.like(kind, colour if say_colour else "", "", size if say_size else "")
        if exact and len(fitting) != count:
            return None
        found = Mention(things, chance.pick(NOUNS[kind]), colour if say_colour else "")
        if say_size:
            found.size = chance.pick(SIZES[size])
        if kind == "person" and count == 1 and not (definite or say_colour or say_size) and chance.coin(0.3):
            found.noun = SOMEONE
        if count > 2 and chance.coin(0.25):
            found.many = _MANY if count > 4 else _SEVERAL
        found.deed = self.deed(things)
        return found

    def couple(self, a: Seen, b: Seen, *, definite: bool = False) -> tuple[Mention, Mention] | None:
        """Two things side by side in a sentence; two of a kind are told apart by colour, or the second is 'another'."""
        first, second = self.mention([a], definite=definite), self.mention([b], definite=definite)
        if not first or not second:
            return None
        if a.kind == b.kind and not definite:
            second.noun = NOUNS[b.kind][0]
            first.noun = second.noun
            first.size = second.size = None
            if a.colour and b.colour and a.colour != b.colour:
                first.colour, second.colour = a.colour, b.colour
            else:
                second.colour, second.many = "", _ANOTHER
        return first, second

    def deed(self, things: list[Seen]) -> Deed:
        """What they all do, or that they are there."""
        kind, action = things[0].kind, alike(things, "action")
        deeds = DEEDS.get(f"{kind}-{action}") or DEEDS.get(action) or DEEDS["thing-standing"]
        return self.chance.pick(deeds)

    def one(self, fits: Fits | None = None, *, definite: bool = False, plain: bool = False) -> Mention | None:
        """A mention of a random group that fits."""
        return self._first([group for group in self.groups if fits is None or fits(group)], definite=definite, plain=plain)

    def _first(self, groups: list[list[Seen]], *, definite: bool = False, plain: bool = False) -> Mention | None:
        """A mention of the first group, in random order, for which there are words."""
        while groups:
            group = self.chance.pick(groups)
            found = self.mention(group, definite=definite, plain=plain)
            if found:
                return found
            groups.remove(group)
        return None

    def some(self, count: int) -> list[Mention] | None:
        """So many mentions of different kinds."""
        if len(self.view.by_kind) < count:
            return None
        kinds = self.chance.sample(list(self.view.by_kind), count)
        named: list[Mention] = []
        for kind in kinds:
            found = self._first([group for group in self.groups if group[0].kind == kind])
            if not found:
                return None
            named.append(found)
        return named

    # Fillings

    def place(self, mention: Mention | None = None) -> Pair:
        """Where the page plays, as fits what is spoken of: over it, on its water or on its ground."""
        setting = self.setting
        options: tuple[Pair, ...] = PLACES[setting]
        if mention and any(one.aloft for one in mention.things):
            options = SKIES.get(setting, options) if all(one.aloft for one in mention.things) else options
        elif mention and mention.kind == "boat":
            options = WATERS.get(setting, options)
        elif mention:
            options = (*options, *GROUNDS.get(setting, ()), *((IN_SNOW,) if self.view.snow_lies() else ()))
        return self.chance.pick(options)

    def when(self) -> Pair:
        """A time, a season, a date or the weather."""
        said = WEATHERS_SAID[self.weather][1] if self.weather else None
        if said and self.chance.coin(0.3):
            return said
        choice = self.chance.below(3) if self.season else 0
        if choice == 0:
            return self.chance.pick(TIMES_SAID[self.time])
        if choice == 1:
            return SEASONS_SAID[self.season]
        date = DATES[self.time, self.season]
        return Pair("on " + date.en, "en " + date.es)

    def plan(self, *mentions: Mention) -> Plan:
        """The usual fillings, with the mentions as A, B, C; the place is A's where A stands alone."""
        chance = self.chance
        fills = {
            "place": self.place(mentions[0] if len(mentions) == 1 else None),
            "when": self.when(),
            "site": SITES[self.setting][0],
            "site2": SITES[self.setting][1],
            "clause": chance.pick(CLAUSES[self.time][: 1 if self.setting == "room" else 2]),
        }
        if self.season:
            fills["date"] = DATES[self.time, self.season]
            if chance.coin(0.3):
                fills["clause"] = chance.pick(CLAUSES[self.season])
        if mentions and self.busy(mentions[0].things):
            fills["stop"] = Pair(".", ".")
        if self.weather and chance.coin(0.7):
            fills["clause"] = WEATHERS_SAID[self.weather][0]
        return Plan(dict(zip("ABC", mentions, strict=False)), fills)

    def relation(self, name: str) -> Pair:
        return self.chance.pick(RELATIONS[name])

    def sets(self) -> list[list[Seen]]:
        """All of a kind, for every kind of which there are several, all clear."""
        clear = set(map(id, self.view.clear))
        return [things for things in self.view.by_kind.values() if len(things) > 1 and clear.issuperset(map(id, things))]

    def busy(self, things: list[Seen]) -> bool:
        """Whether they all do the same, and it is worth telling."""
        return alike(things, "action") not in (("", "standing") if things[0].kind in INERT else ("",))
