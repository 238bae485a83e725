"""Tales that take thought: what lies where, what is afraid of whom, sizes, sides, ways and reasons."""

from __future__ import annotations

from collections.abc import Sequence

from looksay.storybook.chance import Chance
from looksay.storybook.grammar import article
from looksay.storybook.tale_world import PEOPLE, PLACES, Story

_WINDS = {"north": (0, 1), "south": (0, -1), "east": (1, 0), "west": (-1, 0)}
_OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
_LETTER = {"north": "n", "south": "s", "east": "e", "west": "w"}
_SIDES = {"to the left of": (-1, 0), "to the right of": (1, 0), "above": (0, 1), "below": (0, -1)}
_SHAPES = ("red ball", "blue box", "green ring", "yellow star", "pink drum", "white cube")
_ANIMALS = {"cat": "cats", "dog": "dogs", "wolf": "wolves", "mouse": "mice", "sheep": "sheep", "fox": "foxes"}
_PETS = ("pip", "dot", "rex", "luna", "momo", "coco")
_BIRDS = ("duck", "goose", "hen", "owl", "swan")
_TINTS = ("white", "brown", "grey", "yellow", "black")
_BOXES = ("box", "chest", "basket", "crate", "trunk", "bucket")
_MOMENTS = ("yesterday", "this morning", "this afternoon", "this evening")
_WANTS = {
    "hungry": ("kitchen", "apple"),
    "thirsty": ("well", "milk"),
    "tired": ("bedroom", "pillow"),
    "bored": ("garden", "ball"),
}


def two_places(chance: Chance) -> Story:
    """Two places, each on one side of a third."""
    story = Story(chance)
    first, middle, last = chance.sample(PLACES, 3)
    wind = chance.pick(tuple(_WINDS))
    told = [(first, middle), (middle, last)]
    lines = dict.fromkeys(told, 0)
    for pair in chance.sample(told, 2):
        lines[pair] = story.tell(f"the {pair[0]} is {wind} of the {pair[1]}.")
    a, b = chance.pick(told)
    ways = ((f"what is {wind} of the {b}?", a), (f"what is the {a} {wind} of?", b), (f"what is {_OPPOSITE[wind]} of the {a}?", b))
    question, answer = chance.pick(ways)
    story.ask(question, answer, lines[a, b])
    return story


def times(chance: Chance) -> Story:
    """Where somebody was at each time of the day, told out of order."""
    story = Story(chance)
    people, places = chance.sample(PEOPLE, 2), chance.sample(PLACES, 5)
    days = {person: chance.sample(places, 4) for person in people}
    rows = chance.sample([(person, moment) for person in people for moment in range(4)], 8)
    known: dict[tuple[str, int], int] = {}
    for person, moment in rows:
        place = days[person][moment]
        order = chance.pick(("{when} {who} was in the {where}.", "{who} was in the {where} {when}."))
        known[person, moment] = story.tell(order.format(when=_MOMENTS[moment], who=person, where=place))
        ready = [(one, late) for one, late in known if late and (one, late - 1) in known]
        if ready and (chance.coin(0.4) or len(known) == len(rows)):
            one, late = chance.pick(ready)
            question = f"where was {one} before the {days[one][late]}?"
            story.ask(question, days[one][late - 1], known[one, late], known[one, late - 1])
    return story


def deduction(chance: Chance) -> Story:
    """Whom a kind of animal fears, and so each of that kind."""
    story = Story(chance)
    kinds = chance.sample(tuple(_ANIMALS), 4)
    fears = {kind: chance.pick([other for other in kinds if other != kind]) for kind in kinds}
    pets = dict(zip(chance.sample(_PETS, 4), kinds, strict=True))
    rules: dict[str, int] = {}
    names: dict[str, int] = {}
    for what, key in chance.sample([*(("rule", kind) for kind in kinds), *(("pet", pet) for pet in pets)], 8):
        if what == "rule":
            rules[key] = story.tell(f"{_ANIMALS[key]} are afraid of {_ANIMALS[fears[key]]}.")
        else:
            names[key] = story.tell(f"{key} is a {pets[key]}.")
    for pet in chance.sample(tuple(pets), 4):
        kind = pets[pet]
        story.ask(f"what is {pet} afraid of?", _ANIMALS[fears[kind]], names[pet], rules[kind])
    return story


def induction(chance: Chance) -> Story:
    """All of a kind have one colour here; what is told of one holds for the next."""
    story = Story(chance)
    kinds = chance.sample(_BIRDS, 2)
    tints = dict(zip(kinds, chance.sample(_TINTS, 2), strict=True))
    pets = chance.sample(_PETS, 5)
    kind_of = {pet: kinds[place % 2] for place, pet in enumerate(pets)}
    asked = pets[-1]
    kind_line: dict[str, int] = {}
    tint_line: dict[str, int] = {}
    told = [("kind", pet) for pet in pets] + [("tint", pet) for pet in pets[:-1]]
    for what, pet in chance.sample(told, len(told)):
        if what == "kind":
            kind_line[pet] = story.tell(f"{pet} is {article(kind_of[pet])} {kind_of[pet]}.")
        else:
            tint_line[pet] = story.tell(f"{pet} is {tints[kind_of[pet]]}.")
    like = next(pet for pet in pets[:-1] if kind_of[pet] == kind_of[asked])
    story.ask(f"what colour is {asked}?", tints[kind_of[asked]], kind_line[asked], kind_line[like], tint_line[like])
    return story


def positions(chance: Chance) -> Story:
    """Three shapes in the plane, one step apart; the sides on which the first lies of the last."""
    story = Story(chance)
    first, middle, last = chance.sample(_SHAPES, 3)
    steps = [chance.pick(tuple(_SIDES)) for _ in range(2)]
    while _add(steps) == (0, 0):
        steps = [chance.pick(tuple(_SIDES)) for _ in range(2)]
    lines = [
        story.tell(f"the {first} is {steps[0]} the {middle}."),
        story.tell(f"the {middle} is {steps[1]} the {last}."),
    ]
    x, y = _add(steps)
    for number in range(6):
        side = chance.pick(tuple(_SIDES))
        turned = chance.coin()
        a, b = (last, first) if turned else (first, last)
        dx, dy = _SIDES[side]
        along = (dx * x + dy * y) * (-1 if turned else 1)
        if number < 4 or along > 0:
            story.ask(f"is the {a} {side} the {b}?", "yes" if along > 0 else "no", *lines)
    return story


def _add(steps: Sequence[str]) -> tuple[int, int]:
    return sum(_SIDES[step][0] for step in steps), sum(_SIDES[step][1] for step in steps)


def sizes(chance: Chance) -> Story:
    """Boxes told pair by pair, which sets them in a row."""
    story = Story(chance)
    row = chance.sample(_BOXES, 5)  # the largest first
    lines = [0] * 4
    for place in chance.sample(range(4), 4):
        large, small = row[place], row[place + 1]
        lines[place] = story.tell(
            chance.pick((f"the {large} is bigger than the {small}.", f"the {small} fits inside the {large}."))
        )
    for _ in range(4):
        a, b = sorted(chance.sample(range(5), 2))
        large, small = (row[a], row[b]) if chance.coin() else (row[b], row[a])
        truth = "yes" if large == row[a] else "no"
        question = chance.pick((f"is the {large} bigger than the {small}?", f"does the {small} fit in the {large}?"))
        story.ask(question, truth, *lines[a:b])
    return story


def paths(chance: Chance) -> Story:
    """Places on a grid, told by their neighbours; the one way of two steps between two of them."""
    story = Story(chance)
    places = chance.sample(PLACES, 5)
    spots = {places[0]: (0, 0)}
    links: dict[tuple[str, str], str] = {}  # (a, b): b lies that way of a
    for place in places[1:]:
        free = [
            (known, wind, (x + dx, y + dy))
            for known, (x, y) in spots.items()
            for wind, (dx, dy) in _WINDS.items()
            if (x + dx, y + dy) not in spots.values()
        ]
        known, wind, spots[place] = chance.pick(free)
        links[known, place] = wind
    lines: dict[tuple[str, str], int] = {}
    for a, b in chance.sample(tuple(links), len(links)):
        lines[a, b] = lines[b, a] = story.tell(f"the {b} is {links[a, b]} of the {a}.")
    for (a, b), wind in list(links.items()):
        links[b, a] = _OPPOSITE[wind]
    pairs = [(a, b, c) for a, b in links for b2, c in links if b2 == b and c != a]
    start, middle, goal = chance.pick(pairs)
    answer = f"{_LETTER[links[start, middle]]},{_LETTER[links[middle, goal]]}"
    story.ask(f"how do you go from the {start} to the {goal}?", answer, lines[start, middle], lines[middle, goal])
    return story


def reasons(chance: Chance) -> Story:
    """What somebody wants, where it leads them and why they went."""
    story = Story(chance)
    people = chance.sample(PEOPLE, 3)
    wants = dict(zip(people, chance.sample(tuple(_WANTS), 3), strict=True))
    felt: dict[str, int] = {}
    steps = dict.fromkeys(people, 0)
    for _ in range(8):
        person = chance.pick([one for one in people if steps[one] < 3] or people)
        place, thing = _WANTS[wants[person]]
        if steps[person] == 0:
            felt[person] = story.tell(f"{person} is {wants[person]}.")
            story.ask(f"where will {person} go?", place, felt[person])
        elif steps[person] == 1:
            story.tell(f"{person} {chance.pick(('went', 'walked', 'ran'))} to the {place}.")
            story.ask(f"why did {person} go to the {place}?", wants[person], felt[person])
        elif steps[person] == 2:
            story.tell(f"{person} {chance.pick(('took', 'picked up'))} the {thing} there.")
            story.ask(f"why did {person} get the {thing}?", wants[person], felt[person])
        steps[person] += 1
    return story
