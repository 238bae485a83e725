"""Tales of people who walk about and carry things: a small world that remembers with which line each of its facts was told."""

from __future__ import annotations

from dataclasses import dataclass, field

from looksay.storybook.chance import Chance

PEOPLE = ("anna", "ben", "clara", "leo", "mia", "tom")
WOMEN = frozenset(("anna", "clara", "mia"))
PLACES = ("barn", "garden", "kitchen", "mill", "shop", "school", "forest", "harbour")
THINGS = ("ball", "lamp", "kite", "apple", "book", "key")
COUNTS = ("none", "one", "two", "three", "four", "five", "six")
_GO = ("went to the", "walked to the", "ran to the", "hurried to the", "came to the")
_TAKE = ("picked up the", "took the", "grabbed the")
_LEAVE = ("put down the", "dropped the", "left the")
_GIVE = ("gave the", "handed the", "passed the")


@dataclass(frozen=True)
class Asked:
    """A question that is put when the first `after` lines have been told; `support` are the places in `lines` (0-based, in the
    order of the argument) that the answer follows from. Several answers are parted by commas."""

    question: str
    answer: str
    support: tuple[int, ...]
    after: int


@dataclass
class Story:
    """A tale being told."""

    chance: Chance
    lines: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def tell(self, line: str) -> int:
        """Add a line; its place is returned."""
        self.lines.append(line)
        return len(self.lines) - 1

    def ask(self, question: str, answer: str, *support: int) -> None:
        self.asked.append(Asked(question, answer, tuple(dict.fromkeys(support)), len(self.lines)))


@dataclass
class Hold:
    """Who holds a thing, or in which place it lies, and the lines that told so."""

    owner: str
    place: str
    lines: tuple[int, ...]


class World(Story):
    """Where everybody is and what they carry. `stand` and `hold` know the lines that they follow from."""

    def __init__(self, chance: Chance, people: int = 4, places: int = 6, things: int = 3) -> None:
        super().__init__(chance)
        self.people = chance.sample(PEOPLE, people)
        self.places = chance.sample(PLACES, places)
        self.things = chance.sample(THINGS, things)
        self.stand: dict[str, tuple[str, int]] = {}
        self.hold: dict[str, Hold] = {}
        self.bag: dict[str, list[str]] = {person: [] for person in self.people}
        self.handled: dict[str, list[int]] = {person: [] for person in self.people}  # lines that changed what each carries
        self.trail: dict[str, list[tuple[str, tuple[int, ...]]]] = {thing: [] for thing in self.things}

    def go(self, *people: str, place: str = "", line: str = "") -> int:
        """Let them walk to a place where none of them is; `line` replaces the usual sentence, with {} for the place."""
        place = place or self.chance.pick([one for one in self.places if all(one != self.at(person) for person in people)])
        said = line.format(place) if line else f"{' and '.join(people)} {self.chance.pick(_GO)} {place}."
        number = self.tell(said)
        for person in people:
            self.stand[person] = (place, number)
            for thing in self.bag[person]:
                self._seen(thing, place, (self.hold[thing].lines[0], number))
        return number

    def at(self, person: str) -> str:
        return self.stand[person][0] if person in self.stand else ""

    def take(self, person: str, thing: str) -> None:
        number = self.tell(f"{person} {self.chance.pick(_TAKE)} {thing}.")
        self.hold[thing] = Hold(person, "", (number,))
        self.bag[person].append(thing)
        self.handled[person].append(number)
        if person in self.stand:
            self._seen(thing, self.at(person), (number, self.stand[person][1]))

    def leave(self, person: str, thing: str) -> None:
        number = self.tell(f"{person} {self.chance.pick(_LEAVE)} {thing}.")
        self.bag[person].remove(thing)
        self.handled[person].append(number)
        self.hold[thing] = Hold("", self.at(person), (number, self.stand[person][1]))

    def give(self, person: str, other: str, thing: str) -> None:
        number = self.tell(f"{person} {self.chance.pick(_GIVE)} {thing} to {other}.")
        self.bag[person].remove(thing)
        self.bag[other].append(thing)
        self.handled[person].append(number)
        self.handled[other].append(number)
        self.hold[thing] = Hold(other, "", (number,))

    def _seen(self, thing: str, place: str, lines: tuple[int, ...]) -> None:
        """Another place in the thing's life."""
        if not self.trail[thing] or self.trail[thing][-1][0] != place:
            self.trail[thing].append((place, lines))

    def where(self, thing: str) -> tuple[str, tuple[int, ...]] | None:
        """The place of a thing and the lines from which it follows, or None where it has not been told."""
        held = self.hold.get(thing)
        if held is None:
            return None
        if held.place:
            return held.place, held.lines
        if held.owner not in self.stand:
            return None
        place, line = self.stand[held.owner]
        return place, (held.lines[0], line)

    def happen(self, share: float = 0.5, giving: bool = False) -> None:
        """Something: a walk, or with this share something with a thing."""
        chance = self.chance
        person = chance.pick(self.people)
        near = [thing for thing in self.things if self._within_reach(person, thing)]
        if not chance.coin(share) or person not in self.stand or not (near or self.bag[person]):
            self.go(person)
        elif near and (not self.bag[person] or chance.coin(0.6)):
            self.take(person, chance.pick(near))
        else:
            thing = chance.pick(self.bag[person])
            others = [one for one in self.people if one != person and self.at(one) == self.at(person)]
            if giving and others:
                self.give(person, chance.pick(others), thing)
            else:
                self.leave(person, thing)

    def _within_reach(self, person: str, thing: str) -> bool:
        """A thing that nobody has told of may lie anywhere."""
        held = self.hold.get(thing)
        return held is None or (held.place != "" and held.place == self.at(person))


# Kinds 1 to 3, 6 to 8: who and what is where


def one_fact(chance: Chance) -> Story:
    world = World(chance)
    for _ in range(5):
        world.go(chance.pick(world.people))
        world.go(chance.pick(world.people))
        person = chance.pick(list(world.stand))
        place, line = world.stand[person]
        world.ask(f"where is {person}?", place, line)
    return world


def two_facts(chance: Chance) -> Story:
    world = World(chance)
    while len(world.asked) < 5:
        for _ in range(3):
            world.happen(0.6)
        known = [thing for thing in world.things if world.where(thing)]
        if known:
            thing = chance.pick(known)
            found = world.where(thing)
            if found:
                world.ask(f"where is the {thing}?", found[0], *found[1])
    return world


def three_facts(chance: Chance) -> Story:
    """Where was a thing before it came to the place where it came to last? A place visited twice means the latest visit."""
    world = World(chance, people=3, places=5, things=2)
    while len(world.asked) < 3:
        for _ in range(5):
            world.happen(0.45)
        moved = [thing for thing in world.things if len(world.trail[thing]) > 1]
        if not moved:
            continue
        thing = chance.pick(moved)
        (before, old), (place, new) = world.trail[thing][-2:]
        world.ask(f"where was the {thing} before the {place}?", before, *new, *old)
    return world


def yes_no(chance: Chance) -> Story:
    world = World(chance)
    for _ in range(5):
        world.happen(0.25)
        world.happen(0.25)
        while not world.stand:
            world.happen(0.0)
        person = chance.pick(list(world.stand))
        place, line = world.stand[person]
        truth = chance.coin()
        said = place if truth else chance.pick([one for one in world.places if one != place])
        world.ask(f"is {person} in the {said}?", "yes" if truth else "no", line)
    return world


def counting(chance: Chance) -> Story:
    world = World(chance, people=3, places=5, things=4)
    while len(world.asked) < 5:
        for _ in range(3):
            world.happen(0.75, giving=True)
        known = [person for person in world.people if world.handled[person]]
        if known:
            person = chance.pick(known)
            world.ask(f"how many things is {person} carrying?", COUNTS[len(world.bag[person])], *world.handled[person])
    return world


def listing(chance: Chance) -> Story:
    world = World(chance, people=3, places=5, things=4)
    while len(world.asked) < 5:
        for _ in range(3):
            world.happen(0.75, giving=True)
        known = [person for person in world.people if world.handled[person]]
        if known:
            person = chance.pick(known)
            world.ask(f"what is {person} carrying?", ",".join(world.bag[person]) or "nothing", *world.handled[person])
    return world


def giving(chance: Chance) -> Story:
    """Who gave what to whom; asked of the latest gift."""
    world = World(chance, people=4, places=5, things=3)
    while len(world.asked) < 5:
        owners = [person for person in world.people if world.bag[person]]
        if not owners or chance.coin(0.3):
            world.happen(0.7)
            continue
        person = chance.pick(owners)
        other = chance.pick([one for one in world.people if one != person])
        thing = chance.pick(world.bag[person])
        world.give(person, other, thing)
        line = world.hold[thing].lines[0]
        if chance.coin(0.3):
            world.go(chance.pick(world.people))
        ways = (
            (f"what did {person} give to {other}?", thing),
            (f"who did {person} give the {thing} to?", other),
            (f"who gave the {thing} to {other}?", person),
            (f"who gave the {thing}?", person),
            (f"who received the {thing}?", other),
        )
        world.ask(*chance.pick(ways), line)
    return world


# Kinds 9 to 13: what is denied, left open, said of several or by a pronoun


def negation(chance: Chance) -> Story:
    world = World(chance)
    known: dict[str, tuple[str, bool, int]] = {}
    for _ in range(5):
        for _ in range(2):
            person, place = chance.pick(world.people), chance.pick(world.places)
            there = chance.coin(0.7)
            said = chance.pick(("is in the", "went to the")) if there else chance.pick(("is no longer in the", "is not in the"))
            known[person] = (place, there, world.tell(f"{person} {said} {place}."))
        person = chance.pick(list(known))
        place, there, line = known[person]
        other = chance.pick([one for one in world.places if one != place])
        asked = other if there and chance.coin(0.3) else place
        world.ask(f"is {person} in the {asked}?", "yes" if there and asked == place else "no", line)
    return world


def left_open(chance: Chance) -> Story:
    world = World(chance)
    known: dict[str, tuple[tuple[str, ...], int]] = {}
    for _ in range(5):
        for _ in range(2):
            person = chance.pick(world.people)
            places = tuple(chance.sample(world.places, 2 if chance.coin() else 1))
            line = (
                f"{person} is either in the {places[0]} or the {places[-1]}."
                if len(places) > 1
                else f"{person} is in the {places[0]}."
            )
            known[person] = (places, world.tell(line))
        person = chance.pick(list(known))
        places, number = known[person]
        asked = chance.pick(places) if chance.coin(0.65) else chance.pick([one for one in world.places if one not in places])
        answer = "no" if asked not in places else "yes" if len(places) == 1 else "maybe"
        world.ask(f"is {person} in the {asked}?", answer, number)
    return world


_THEN = ("after that", "then", "later", "soon")


def pronouns(chance: Chance) -> Story:
    return _referring(chance, 1)


def several(chance: Chance) -> Story:
    world = World(chance)
    for _ in range(5):
        for _ in range(2):
            world.go(*chance.sample(world.people, 2))
        _ask_where(world)
    return world


def several_pronouns(chance: Chance) -> Story:
    return _referring(chance, 2)


def _referring(chance: Chance, count: int) -> Story:
    """A walk of one or two, and the next one told with a pronoun."""
    world = World(chance)
    for _ in range(5):
        people = chance.sample(world.people, count)
        world.go(*people)
        pronoun = "they" if count > 1 else "she" if people[0] in WOMEN else "he"
        world.go(*people, line=f"{chance.pick(_THEN)} {pronoun} {chance.pick(_GO)} {{}}.")
        person = chance.pick(list(world.stand)) if chance.coin(0.4) else chance.pick(people)
        place, line = world.stand[person]
        by_name = person in world.lines[line].split()
        world.ask(f"where is {person}?", place, *(() if by_name else (line - 1,)), line)
    return world


def _ask_where(world: World) -> None:
    person = world.chance.pick(list(world.stand))
    place, line = world.stand[person]
    world.ask(f"where is {person}?", place, line)
