"""Naming things in English: articles, numbers, adjectives, and the mention that both languages are written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from looksay.storybook.lexicon import DEEDS, NUMBERS, Deed, Noun, Pair
from looksay.storybook.view import Seen

SOMEONE = Noun("someone", "people", "alguien", "personas", "m")


@dataclass(slots=True)
class Mention:
    """Some things of one kind as they are spoken of. `colour` and `size` are set only where they are said."""

    things: list[Seen]
    noun: Noun
    colour: str = ""
    size: Pair | None = None
    many: Pair | None = None  # said instead of the number: several, many, another
    deed: Deed = field(default=DEEDS["thing-standing"][0])

    @property
    def kind(self) -> str:
        return self.things[0].kind

    @property
    def plural(self) -> bool:
        return len(self.things) > 1


def article(word: str) -> str:
    return "an" if word[0] in "aeio" else "a"


@cache
def dress(kind: str, colour: str, plural: bool) -> tuple[str, str]:
    """A colour in words before the noun, or after it: people wear theirs, and a plant has it on its pot."""
    if not colour:
        return "", ""
    if kind == "person":
        return "", f" in {colour}"
    if kind == "pottedplant":
        return "", f" in {colour} pots" if plural else f" in {article(colour)} {colour} pot"
    return colour + " ", ""


@cache
def name(kind: str, noun: Noun, count: int, colour: str, size: str) -> str:
    """The bare noun with its adjectives: 'big red cars', 'person in blue'."""
    before, after = dress(kind, colour, count > 1)
    return f"{size + ' ' if size else ''}{before}{noun.many if count > 1 else noun.one}{after}"


@cache
def phrase(kind: str, noun: Noun, count: int, words: tuple[str, str, str], definite: bool) -> str:
    """The noun phrase of an indefinite or definite mention; `words` are its colour, size and quantity, '' where unsaid."""
    colour, size, many = words
    if noun is SOMEONE and count == 1:
        return noun.one
    named = name(kind, noun, count, colour, size)
    if definite:
        return f"the {named}"
    if count == 1:
        return f"{many or article(named)} {named}"
    return f"{many or NUMBERS[count]} {named}"


def english(mention: Mention, definite: bool = False) -> str:
    words = (mention.colour, mention.size.en if mention.size else "", mention.many.en if mention.many else "")
    return phrase(mention.kind, mention.noun, len(mention.things), words, definite)


def english_all(mention: Mention) -> str:
    """'both cows', 'all three cows'."""
    count = len(mention.things)
    named = name(mention.kind, mention.noun, count, mention.colour, mention.size.en if mention.size else "")
    return f"both {named}" if count == 2 else f"all {NUMBERS[count]} {named}"
