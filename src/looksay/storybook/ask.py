"""Questions about a page over the seven W's, each with its answer, four choices, or a thing to point at."""

from __future__ import annotations

from collections.abc import Sequence

from looksay.scene import Answer, Label, Labels, Objects, Size
from looksay.storybook import queries, reasons, tallies
from looksay.storybook.asker import Asker, Query, Way
from looksay.storybook.chance import Chance
from looksay.storybook.spec import PageSpec
from looksay.storybook.view import View

WAYS: dict[str, tuple[Way, ...]] = {**queries.QUERIES, **reasons.QUERIES, **tallies.QUERIES}


def questions(spec: PageSpec, size: Size, objects: Objects) -> tuple[Answer, ...]:
    """Questions of a page: see questions_of."""
    return questions_of(View(spec, size, objects))


def questions_of(view: View) -> tuple[Answer, ...]:
    """About eight: one of each W where the page allows it, a second 'what' and one to be answered yes or no (kind 'is').

    Every answer follows from the page and is the only right one of its choices. `choices` are four, or two for yes and no; for
    'which' they are referring expressions of up to four things, and `things` holds the id of the right one. Elsewhere `things`
    are the ones that the answer rests on."""
    asker = Asker(view, Chance(view.spec.seed, view.spec.index, "questions"))
    found: list[Answer] = []
    for kind in ("what", *WAYS):
        query = _query(asker, kind, found)
        if query is not None:
            found.append(_answer(asker.chance, kind, query, f"q{len(found)}"))
    return tuple(found)


def _query(asker: Asker, kind: str, found: Sequence[Answer]) -> Query | None:
    """A question of that kind that the page allows and that has not been asked."""
    ways = asker.chance.sample(WAYS[kind], len(WAYS[kind]))
    for way in ways:
        query = way(asker)
        if query is not None and all(answer.question != query.question for answer in found):
            return query
    return None


def _answer(chance: Chance, kind: str, query: Query, id: str) -> Answer:
    """The choices with the right one at an even place."""
    choices = chance.sample(query.wrong, 3)
    choices.insert(chance.below(len(choices) + 1), query.answer)
    return Answer(query.question, Labels((Label(query.answer),)), kind, tuple(choices), query.things, id)
