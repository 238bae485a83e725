"""Stems of English words by the Porter2 rules (the Snowball project's 'english' stemmer), so that runs and running are one."""

from __future__ import annotations

import re
from functools import lru_cache

_WHOLE = {
    "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl", "gently": "gentl",
    "ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl",
}  # fmt: skip
_ALWAYS = frozenset(("sky", "news", "howe", "atlas", "cosmos", "bias", "andes"))
_STAY = frozenset(("inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"))
_SECOND = {
    "ization": "ize", "ational": "ate", "fulness": "ful", "ousness": "ous", "iveness": "ive", "tional": "tion",
    "biliti": "ble", "lessli": "less", "entli": "ent", "ation": "ate", "alism": "al", "aliti": "al", "ousli": "ous",
    "iviti": "ive", "fulli": "ful", "enci": "ence", "anci": "ance", "abli": "able", "izer": "ize", "ator": "ate",
    "alli": "al", "bli": "ble", "ogi": "og", "li": "",
}  # fmt: skip
_THIRD = {
    "ational": "ate", "tional": "tion", "alize": "al", "icate": "ic", "iciti": "ic", "ative": "", "ical": "ic",
    "ness": "", "ful": "",
}  # fmt: skip
_FOURTH = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion", "al",
    "er", "ic",
)  # fmt: skip
_REGION = re.compile(r"[aeiouy][^aeiouy]")
_VOWEL = re.compile("[aeiouy]")
_SHORT = re.compile(r"(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$")
_DOUBLE = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Of a lower-case word."""
    if len(word) <= 2:
        return word
    word = word.removeprefix("'")
    if word in _ALWAYS or word in _WHOLE:
        return _WHOLE.get(word, word)
    word = re.sub(r"(?<=[aeiouy])y|^y", "Y", word)  # a consonant
    first, second = _regions(word)
    word = _plural(word)
    if word in _STAY:
        return word
    word = _ended(word, first)
    word = re.sub(r"(?<=.[^aeiouy])[yY]$", "i", word)
    word = _longer(word, first, second)
    return _shorter(word, first, second).replace("Y", "y")


def _regions(word: str) -> tuple[int, int]:
    """Where the regions begin in which endings may be taken off: behind the first consonant after a vowel, and so again."""
    found = re.match("gener|commun|arsen", word) or _REGION.search(word)
    first = found.end() if found else len(word)
    found = _REGION.search(word, first)
    return first, found.end() if found else len(word)


def _plural(word: str) -> str:
    word = re.sub(r"(?:'s'|'s|')$", "", word)
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and _VOWEL.search(word[:-2]):
        return word[:-1]
    return word


def _ended(word: str, first: int) -> str:
    """Without -ed and -ing."""
    found = re.search(r"(?:eed|eedly)$", word)
    if found:
        return word[: found.start()] + "ee" if found.start() >= first else word
    found = re.search(r"(?:ed|edly|ing|ingly)$", word)
    if not found or not _VOWEL.search(word[: found.start()]):
        return word
    word = word[: found.start()]
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if word.endswith(_DOUBLE):
        return word[:-1]
    return word + "e" if first >= len(word) and _SHORT.search(word) else word


def _longer(word: str, first: int, second: int) -> str:
    """Endings that become shorter ones; the longest that is there decides, whether it may go or not."""
    end = next((end for end in _SECOND if word.endswith(end)), "")
    start = len(word) - len(end)
    fits = {"ogi": word[:start].endswith("l"), "li": word[:start].endswith(tuple("cdeghkmnrt"))}.get(end, True)
    if end and start >= first and fits:
        word = word[:start] + _SECOND[end]
    end = next((end for end in _THIRD if word.endswith(end)), "")
    start = len(word) - len(end)
    if end and start >= (second if end == "ative" else first):
        word = word[:start] + _THIRD[end]
    return word


def _shorter(word: str, first: int, second: int) -> str:
    end = next((end for end in _FOURTH if word.endswith(end)), "")
    start = len(word) - len(end)
    if end and start >= second and (end != "ion" or word[:start].endswith(("s", "t"))):
        word = word[:start]
    start = len(word) - 1
    if word.endswith("e") and (start >= second or (start >= first and not _SHORT.search(word[:-1]))):
        return word[:-1]
    return word[:-1] if word.endswith("ll") and start >= second else word
