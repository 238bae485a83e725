"""Sentences from patterns. A pattern such as '{A} {A does} {place}.' is written in both languages from one plan, so that the two
captions say the same; every noun phrase remembers which things it means.

In braces: a mention by its letter (`A`, `the A`, `all A`), a word that agrees with it (`A does`, `A doing`, `A is`,
`A colour`, `A it`, and in Spanish `A es`, `A ve`, `A sol@`, `a A` for the personal a), or a filling by its name.
`{stop}` is a full stop that may follow a verb: a plan has it only where A does something, so that no chair merely 'is'."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from looksay.scene import Caption, Phrase
from looksay.storybook.grammar import SOMEONE, Mention, english, english_all
from looksay.storybook.lexicon import COLOURS_ES, Pair
from looksay.storybook.spanish import accord, agree, spanish, spanish_all

_NAMING = ("np", "the", "a", "all")


@dataclass(slots=True)
class Plan:
    """What a sentence is about: its mentions by letter, and its fillings."""

    mentions: dict[str, Mention]
    fills: dict[str, Pair] = field(default_factory=dict)


@cache
def _parts(pattern: str) -> tuple[tuple[str, str, str], ...]:
    """(literal, letter, what): one of literal and what is always ''."""
    found: list[tuple[str, str, str]] = []
    for piece in re.split(r"(\{[^}]*\})", pattern):
        if not piece.startswith("{"):
            found.append((piece, "", ""))
            continue
        words = piece[1:-1].split(" ")
        if len(words) == 1:
            found.append(("", piece[1:-1], "np") if piece[1:-1].isupper() else ("", "", piece[1:-1]))
        elif words[0] in _NAMING:
            found.append(("", words[1], words[0]))
        else:
            found.append(("", words[0], words[1]))
    return tuple(part for part in found if any(part))


def _english_word(mention: Mention, what: str) -> str:
    deed, plural = mention.deed, mention.plural
    if what == "does":
        return deed.do if plural else deed.does
    if what == "doing":
        return deed.doing
    if what == "is":
        return "are" if plural else "is"
    if what == "it":
        return "they" if plural else "it"
    return mention.things[0].colour


def _spanish_word(mention: Mention, what: str) -> str:
    deed, plural, gender = mention.deed, mention.plural, mention.noun.gender
    if what == "does":
        return accord(deed.hacen if plural else deed.hace, gender, plural)
    if what == "doing":
        return accord(deed.haciendo, gender, plural)
    if what == "is":
        return "están" if plural else "está"
    if what == "es":
        return "son" if plural else "es"
    if what == "ve":
        return "ven" if plural else "ve"
    if what == "colour":
        return agree(COLOURS_ES[mention.things[0].colour], gender, plural)
    return accord(what, gender, plural)


class _Page:
    """A sentence being written: text so far and the phrases in it."""

    __slots__ = ("phrases", "text")

    def __init__(self) -> None:
        self.text = ""
        self.phrases: list[Phrase] = []

    def say(self, words: str) -> None:
        if words:
            self.text += words
        elif self.text.endswith(" "):  # an empty filling leaves no double blank
            self.text = self.text[:-1]

    def name(self, words: str, mention: Mention) -> None:
        start = len(self.text)
        self.text += words
        self.phrases.append(Phrase(start, len(self.text), tuple(one.id for one in mention.things)))

    def caption(self, language: str, id: str) -> Caption:
        return Caption(self.text, 1.0, language, tuple(self.phrases), id)


def write_english(pattern: str, plan: Plan, id: str) -> Caption:
    page = _Page()
    for literal, letter, what in _parts(pattern):
        if literal:
            page.say(literal)
        elif not letter:
            page.say(plan.fills[what].en)
        elif what in _NAMING:
            mention = plan.mentions[letter]
            page.name(english_all(mention) if what == "all" else english(mention, what == "the"), mention)
        else:
            page.say(_english_word(plan.mentions[letter], what))
    return page.caption("en", id)


def write_spanish(pattern: str, plan: Plan, id: str) -> Caption:
    page = _Page()
    for literal, letter, what in _parts(pattern):
        if literal:
            page.say(literal)
        elif not letter:
            page.say(plan.fills[what].es)
        elif what in _NAMING:
            mention = plan.mentions[letter]
            words = spanish_all(mention) if what == "all" else spanish(mention, what == "the")
            if what == "a" and (mention.kind == "person" or mention.noun is SOMEONE):
                page.say("a ")
            if words.startswith("el ") and page.text.endswith((" de ", " a ")):  # de + el = del, a + el = al
                page.text, words = page.text[:-1] + "l ", words[3:]
            page.name(words, mention)
        else:
            page.say(_spanish_word(plan.mentions[letter], what))
    return page.caption("es", id)


@cache
def fillings(pattern: str) -> frozenset[str]:
    """The names of the fillings that a pattern needs."""
    return frozenset(what for literal, letter, what in _parts(pattern) if not literal and not letter)
