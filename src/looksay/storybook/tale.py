"""Tales: a few sentences about a small world, and questions whose answers follow from them. Twenty kinds, in the order that
collections of such tasks have them, so that their scores can be set side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from looksay.errors import UnknownName
from looksay.storybook import tale_logic as logic
from looksay.storybook import tale_world as world
from looksay.storybook.chance import Chance
from looksay.storybook.tale_world import Asked, Story

__all__ = ["KINDS_OF_TALES", "Asked", "Tale", "as_babi", "tale"]

_KINDS: dict[int, tuple[str, Callable[[Chance], Story]]] = {
    1: ("one fact", world.one_fact),
    2: ("two facts", world.two_facts),
    3: ("three facts", world.three_facts),
    4: ("two places", logic.two_places),
    5: ("giving", world.giving),
    6: ("yes and no", world.yes_no),
    7: ("counting", world.counting),
    8: ("lists", world.listing),
    9: ("negation", world.negation),
    10: ("left open", world.left_open),
    11: ("pronouns", world.pronouns),
    12: ("several", world.several),
    13: ("several by pronoun", world.several_pronouns),
    14: ("times", logic.times),
    15: ("deduction", logic.deduction),
    16: ("induction", logic.induction),
    17: ("positions", logic.positions),
    18: ("sizes", logic.sizes),
    19: ("paths", logic.paths),
    20: ("reasons", logic.reasons),
}
KINDS_OF_TALES: dict[int, str] = {number: name for number, (name, _) in _KINDS.items()}


@dataclass(frozen=True)
class Tale:
    """The lines in the order told and the questions in the order asked."""

    kind: int
    lines: tuple[str, ...]
    questions: tuple[Asked, ...]


def tale(seed: int, index: int, kind: int | None = None) -> Tale:
    """The tale that (seed, index) means, of that kind (1 … 20) or of one that chance picks."""
    chance = Chance(seed, index, "tale")
    number = 1 + chance.below(len(_KINDS)) if kind is None else kind
    if number not in _KINDS:
        raise UnknownName(f"there is no tale of kind {kind}", mend=f"kinds are 1 to {len(_KINDS)}")
    story = _KINDS[number][1](Chance(seed, index, "tale", number))
    return Tale(number, tuple(story.lines), tuple(story.asked))


def as_babi(tales: Iterable[Tale]) -> str:
    """The text format of the bAbI tasks: numbered lines, starting over with every tale; a question with its answer and the
    numbers of its supporting lines after tabs."""
    rows: list[str] = []
    for one in tales:
        numbers: list[int] = []
        number, waiting = 0, list(one.questions)
        for told in range(len(one.lines) + 1):
            while waiting and waiting[0].after == told:
                asked, number = waiting.pop(0), number + 1
                support = " ".join(str(numbers[line]) for line in asked.support)
                rows.append(f"{number} {asked.question}\t{asked.answer}\t{support}")
            if told < len(one.lines):
                number += 1
                numbers.append(number)
                rows.append(f"{number} {one.lines[told]}")
    return "".join(row + "\n" for row in rows)
