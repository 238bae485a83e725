"""The same in Spanish: gender, number, agreement, contraction."""

from __future__ import annotations

from functools import cache

from looksay.storybook.grammar import SOMEONE, Mention
from looksay.storybook.lexicon import COLOURS_ES, NUMBERS_ES, Noun

_ENDINGS = {("m", False): "o", ("f", False): "a", ("m", True): "os", ("f", True): "as"}
_THE = {("m", False): "el", ("f", False): "la", ("m", True): "los", ("f", True): "las"}
_UNACCENTED = str.maketrans("áéíóú", "aeiou")


def accord(form: str, gender: str, plural: bool) -> str:
    """Fill in the ending where a form leaves it open: está aparcad@ → está aparcada."""
    return form.replace("@", _ENDINGS[gender, plural])


@cache
def agree(form: str, gender: str, plural: bool) -> str:
    """An adjective brought into line: roj@ → rojas, marrón → marrones, azul → azules, naranja → naranjas."""
    if "@" in form or not plural:
        return accord(form, gender, plural)
    return form + "s" if form[-1] in "aeiou" else form.translate(_UNACCENTED) + "es"


@cache
def nombre(kind: str, noun: Noun, count: int, colour: str, size: str) -> str:
    """The bare noun with its adjectives: 'grandes coches rojos', 'persona de azul'."""
    plural = count > 1
    named = noun.muchos if plural else noun.uno
    before = ""
    if size:
        before = "gran " if size == "grande" and not plural else agree(size, noun.gender, plural) + " "
    if not colour:
        return before + named
    tint = COLOURS_ES[colour]
    if kind == "person":
        return f"{before}{named} de {agree(tint, 'm', False)}"
    if kind == "pottedplant":
        return f"{before}{named} en {'macetas' if plural else 'una maceta'} {agree(tint, 'f', plural)}"
    return f"{before}{named} {agree(tint, noun.gender, plural)}"


@cache
def frase(kind: str, noun: Noun, count: int, words: tuple[str, str, str], definite: bool) -> str:
    colour, size, many = words
    plural = count > 1
    if noun is SOMEONE and not plural:
        return noun.uno
    named = nombre(kind, noun, count, colour, size)
    if definite:
        return f"{_THE[noun.gender, plural]} {named}"
    if many:
        return f"{agree(many, noun.gender, plural)} {named}"
    if plural:
        return f"{NUMBERS_ES[count]} {named}"
    return f"{'un' if noun.gender == 'm' else 'una'} {named}"


def spanish(mention: Mention, definite: bool = False) -> str:
    words = (mention.colour, mention.size.es if mention.size else "", mention.many.es if mention.many else "")
    return frase(mention.kind, mention.noun, len(mention.things), words, definite)


def spanish_all(mention: Mention) -> str:
    """'las dos vacas', 'las tres vacas'."""
    count = len(mention.things)
    named = nombre(mention.kind, mention.noun, count, mention.colour, mention.size.es if mention.size else "")
    return f"{_THE[mention.noun.gender, True]} {NUMBERS_ES[count]} {named}"
