"""Captions of a page: five English ones that differ in words and build, and the same five in Spanish. All they say is true."""

from __future__ import annotations

from functools import cache

from looksay.scene import Caption, Objects, Size
from looksay.storybook.chance import Chance
from looksay.storybook.facts import Fact, check, facts
from looksay.storybook.families import FAMILIES_OF_CAPTIONS, empty
from looksay.storybook.lexicon import Pair
from looksay.storybook.patterns import PATTERNS
from looksay.storybook.phrasing import Plan, fillings, write_english, write_spanish
from looksay.storybook.spec import PageSpec
from looksay.storybook.teller import Teller
from looksay.storybook.view import View

__all__ = ["Fact", "captions", "captions_of", "check", "facts"]

CAPTIONS = 5
_SURE = ("deed", "there", "scene", "none")  # families that every page with a thing on it can fill


def captions(spec: PageSpec, size: Size, objects: Objects) -> tuple[Caption, ...]:
    """Captions of a page: see captions_of."""
    return captions_of(View(spec, size, objects))


def captions_of(view: View) -> tuple[Caption, ...]:
    """Five in English (ids en0 … en4), then the same in Spanish (es0 … es4); every noun phrase is tied to its things."""
    plans = _plans(Teller(view, Chance(view.spec.seed, view.spec.index, "captions")))
    return (
        *(write_english(pattern.en, plan, f"en{place}") for place, (pattern, plan) in enumerate(plans)),
        *(write_spanish(pattern.es, plan, f"es{place}") for place, (pattern, plan) in enumerate(plans)),
    )


def _plans(tell: Teller) -> list[tuple[Pair, Plan]]:
    """Five sentences, of different families where the page holds enough for that."""
    if not tell.view.seen:
        fitting = [pattern for pattern in PATTERNS["empty"] if fillings(pattern.en) <= empty(tell).fills.keys()]
        return [(pattern, empty(tell)) for pattern in tell.chance.sample(fitting, CAPTIONS)]
    found: list[tuple[Pair, Plan]] = []
    left = {name: weight for name, (weight, _) in FAMILIES_OF_CAPTIONS.items()}
    while left and len(found) < CAPTIONS:
        family = tell.chance.weighted(list(left), list(left.values()))
        del left[family]
        _attempt(tell, family, found)
    while len(found) < CAPTIONS:  # a page with little to tell: the sure families again, in other words
        for family in _SURE:
            _attempt(tell, family, found)
    return found[:CAPTIONS]


def _attempt(tell: Teller, family: str, found: list[tuple[Pair, Plan]]) -> None:
    plan = FAMILIES_OF_CAPTIONS[family][1](tell)
    if plan is None:
        return
    used = [pattern for pattern, _ in found]
    fitting = [one for one in PATTERNS[family] if one not in used and _needs(one) <= plan.fills.keys()]
    if fitting:
        found.append((tell.chance.pick(fitting), plan))


@cache
def _needs(pattern: Pair) -> frozenset[str]:
    """The fillings that a pattern needs in either language."""
    return fillings(pattern.en) | fillings(pattern.es)
