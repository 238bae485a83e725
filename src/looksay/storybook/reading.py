"""English captions cut into units of meaning: the longest known run of words at each place, by tables made from the lexicon."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from looksay.storybook.lexicon import (
    CLAUSES,
    DATES,
    DEEDS,
    FAMILIES,
    GROUNDS,
    HEADINGS,
    IN_SNOW,
    NOUNS,
    NUMBERS,
    OTHER_NAMES,
    PLACES,
    RELATIONS,
    SEASONS_SAID,
    SITES,
    SIZES,
    SKIES,
    SPOTS,
    TIMES_SAID,
    WATERS,
    WEATHERS_SAID,
)
from looksay.storybook.spec import COLOURS, SEASONS, SETTINGS, TIMES


class Unit(NamedTuple):
    """`kind` says what it is (noun, number, article, colour, be, deed, relation, spot, place, time, link, stop and so on),
    `value` what it means; `number` how many things."""

    kind: str
    value: str = ""
    number: int = 0


_BARE_PLACES = {"city": "street", "town": "street", "sea": "beach", "sand": "beach", "mountains": "mountain", "house": "room"}
_OTHER_RELATIONS = {
    "near": "near",
    "left of": "left",
    "right of": "right",
    "nearer than": "nearer",
    "closer to us than": "nearer",
}


@cache
def phrases() -> dict[tuple[str, ...], tuple[Unit, ...]]:
    """Every known run of words with what it means."""
    table: dict[tuple[str, ...], tuple[Unit, ...]] = {}

    def learn(words: str, *units: Unit) -> None:
        table.setdefault(tuple(words.split()), units)

    for part in (_names, _deeds, _places, _times, _relations):
        for words, units in part():
            learn(words, *units)
    return table


_Row = tuple[str, tuple[Unit, ...]]


def _names() -> list[_Row]:
    rows: list[_Row] = []
    for kind, nouns in NOUNS.items():
        for noun in nouns:
            rows += [(noun.one, (Unit("noun", kind, 1),)), (noun.many, (Unit("noun", kind, 2),))]
    rows += [(word, (Unit("noun", kind, 2 if word.endswith("s") else 1),)) for word, kind in OTHER_NAMES.items()]
    for family, (noun, _) in FAMILIES.items():
        rows += [(noun.one, (Unit("noun", family, 1),)), (noun.many, (Unit("noun", family, 2),))]
    rows += [(word, (Unit("person"),)) for word in ("someone", "somebody")]
    rows += [(number, (Unit("number", "", count),)) for count, number in enumerate(NUMBERS) if count > 0]
    rows += [("no", (Unit("no"),)), ("without", (Unit("no", "all"),)), ("both", (Unit("number", "", 2),))]
    rows += [("several", (Unit("least", "", 3),)), ("many", (Unit("least", "", 5),)), ("some", (Unit("article"),))]
    rows += [(word, (Unit("article"),)) for word in ("a", "an", "the", "another")]
    rows += [("nobody", (Unit("nobody"),)), ("nothing", (Unit("empty"),)), ("empty", (Unit("empty"),))]
    rows += [("alone", (Unit("alone"),)), ("only", (Unit("only"),)), ("the only", (Unit("the only"),))]
    for colour in COLOURS:
        rows.append((colour, (Unit("colour", colour),)))
        rows.append((f"in {colour}", (Unit("dress", colour),)))
        rows += [(f"in {article} {colour} pot", (Unit("dress", colour),)) for article in ("a", "an")]
        rows.append((f"in {colour} pots", (Unit("dress", colour),)))
    rows += [(said.en, (Unit("size", size),)) for size, pairs in SIZES.items() for said in pairs]
    return rows


def _deeds() -> list[_Row]:
    """An action by every form of its verb; where kinds share a form its actions are joined by '/'."""
    meant: dict[str, dict[str, None]] = {}
    finite: dict[str, bool] = {}
    for key, deeds in DEEDS.items():
        for deed in deeds:
            for form in (deed.does, deed.do, deed.doing):
                if form not in ("", "is", "are", "is on", "are on"):
                    meant.setdefault(form, {})[key.split("-")[-1]] = None
                    finite[form] = finite.get(form, False) or form != deed.doing
    meant.pop("thing", None)
    return [(form, (Unit("deed", "/".join(actions), int(finite[form])),)) for form, actions in meant.items()]


def _places() -> list[_Row]:
    where: dict[str, list[str]] = {}
    for table in (PLACES, GROUNDS, WATERS, SKIES):
        for setting, pairs in table.items():
            for pair in pairs:
                where.setdefault(pair.en, []).append(setting)
    for setting, sites in SITES.items():
        for pair in sites:
            where.setdefault(pair.en, []).append(setting)
    for setting in SETTINGS:
        where[setting] = [setting]
    for word, setting in _BARE_PLACES.items():
        where[word] = [setting]
    return [(words, (Unit("place", "/".join(dict.fromkeys(settings))),)) for words, settings in where.items()]


def _times() -> list[_Row]:
    rows: list[_Row] = [(IN_SNOW.en, (Unit("snow"),))]
    for time in TIMES:
        rows += [(pair.en, (Unit("time", time),)) for pair in (*TIMES_SAID[time], *CLAUSES[time])]
    rows += [(word, (Unit("time", word),)) for word in TIMES]
    rows += [("evening", (Unit("time", "sunset"),)), ("dark", (Unit("time", "night"),)), ("daylight", (Unit("time", "day"),))]
    for season in SEASONS:
        rows += [(SEASONS_SAID[season].en, (Unit("season", season),)), (season, (Unit("season", season),))]
    for (time, season), date in DATES.items():
        units = (Unit("time", time), Unit("season", season))
        rows += [(date.en, units), (f"on {date.en}", units), (f"it is {date.en}", units)]
    for weather, (clause, circumstance) in WEATHERS_SAID.items():
        rows += [(said.en, (Unit("weather", weather),)) for said in (clause, circumstance) if said]
    return rows


def _relations() -> list[_Row]:
    rows: list[_Row] = [(said.en, (Unit("relation", name),)) for name, pairs in RELATIONS.items() for said in pairs]
    rows += [(words, (Unit("relation", name),)) for words, name in _OTHER_RELATIONS.items()]
    rows += [("farther away than", (Unit("relation", "farther"),)), ("between", (Unit("between"),))]
    for place, pairs in SPOTS.items():
        for said in pairs:
            rows += [(said.en + tail, (Unit("spot", place),)) for tail in ("", " of the picture", " of this picture")]
    rows += [(said.en, (Unit("heading", side),)) for side, said in HEADINGS.items()]
    rows += [("is", (Unit("be"),)), ("are", (Unit("be"),)), ("there is", (Unit("there"),)), ("there are", (Unit("there"),))]
    rows += [("can be seen", (Unit("be"),)), ("and", (Unit("link"),)), (",", (Unit("link"),))]
    rows += [(word, (Unit("stop"),)) for word in ("but", "while", ".", ":", ";", "we see", "i see", "i can see", "this is")]
    return rows


_TOKENS = re.compile(r"[a-z]+|[.,:;]")
_LONGEST = 7
# 'is on' tells that a screen is lit, unless the name of a place follows.
_AFTER_ON = frozenset(("the", "a", "an", "top", "another", *NUMBERS, *COLOURS))


def read(text: str) -> list[Unit]:
    """The units of a text in order; words that are not known are passed over."""
    tokens: list[str] = _TOKENS.findall(text.lower())
    table = phrases()
    found: list[Unit] = []
    place = 0
    while place < len(tokens):
        if tokens[place] in ("is", "are") and tokens[place + 1 : place + 2] == ["on"]:
            rest = tokens[place + 2 : place + 3]
            if not rest or rest[0] not in _AFTER_ON:
                found.append(Unit("deed", "on", 1))
                place += 2
                continue
        for length in range(min(_LONGEST, len(tokens) - place), 0, -1):
            units = table.get(tuple(tokens[place : place + length]))
            if units is not None:
                found.extend(units)
                place += length
                break
        else:
            place += 1
    return found
