"""What a question is made of, and who asks it: one page, one chance, and the names that its things go by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from looksay.storybook.chance import Chance
from looksay.storybook.grammar import article
from looksay.storybook.lexicon import DEEDS, NOUNS
from looksay.storybook.refer import Referrer
from looksay.storybook.spec import KINDS
from looksay.storybook.view import REVERSED, Seen, View

COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class Query(NamedTuple):
    """`wrong` holds at least three answers that are surely wrong (fewer where no more can be chosen from)."""

    question: str
    answer: str
    wrong: Sequence[str]
    things: tuple[str, ...] = ()


Way = Callable[["Asker"], Query | None]


class Asker:
    """One page, one chance, and the expressions that its things are called by."""

    def __init__(self, view: View, chance: Chance) -> None:
        self.view, self.chance = view, chance
        self.refer = Referrer(view, chance, whole=True)

    def someone(self, things: Iterable[Seen], aspect: str) -> tuple[Seen, str] | None:
        """One of the things with an expression that does not give the aspect away."""
        options = [one for one in things if one in self.view.clear]
        for one in self.chance.sample(options, len(options)):
            called = self.refer.without(one, aspect)
            if called:
                return one, called
        return None

    def only(self, fits: Callable[[Seen], bool]) -> Seen | None:
        """The one thing that fits, if there is just one."""
        found = [one for one in self.view.seen if fits(one)]
        return found[0] if len(found) == 1 else None

    def plain(self, things: Iterable[Seen]) -> bool:
        """Whether none of them is so small that it might be overlooked."""
        return all(one in self.view.clear for one in things)

    def absent(self, kinds: Sequence[str] = KINDS) -> list[str]:
        return [kind for kind in kinds if kind not in self.view.by_kind]


def noun(kind: str) -> str:
    return NOUNS[kind][0].one


@cache
def a_noun(kind: str) -> str:
    return f"{article(noun(kind))} {noun(kind)}"


def doing(kind: str, action: str) -> str:
    """'sleeping', 'lying down': the answer to what it is doing."""
    return (DEEDS.get(f"{kind}-{action}") or DEEDS[action])[0].doing


def could_be(action: str, other: str) -> bool:
    """Whether who does the one might be said to do the other, or be taken to."""
    return action == other or {action, other} in ({"standing", "grazing"}, {"standing", "waving"}, {"lying", "sleeping"})


def related(asker: Asker, kinds: frozenset[str] = frozenset(KINDS)) -> tuple[str, Seen, Seen, str] | None:
    """(relation, subject, landmark, what the landmark is called) where the subject is the only one of these kinds in that
    relation to it, and no other comes near to being in it."""
    view = asker.view
    options = [
        (relation, mark)
        for relation in ("on", "behind", "front", "near", "above", "under", "left", "right")
        for mark in view.clear
    ]
    for relation, mark in asker.chance.sample(options, 10):
        fitting = [one for one in view.seen if view.relates(relation, one, mark)]
        if len(fitting) != 1 or fitting[0] not in view.clear or fitting[0].kind not in kinds or fitting[0].kind == mark.kind:
            continue
        if relation in ("left", "right") and not all(
            one in (fitting[0], mark) or view.relates(REVERSED[relation], one, mark) for one in view.seen
        ):
            continue
        called = asker.refer.without(mark, "relation")
        if called:
            return relation, fitting[0], mark, called
    return None
