"""What an English caption claims, statement by statement, and how much of it is true of a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from looksay.scene import Objects, Size
from looksay.storybook.reading import Unit, read
from looksay.storybook.spec import PageSpec
from looksay.storybook.view import Seen, View, does


class Group(NamedTuple):
    """Things as they are spoken of. `kind` may be a family ('animal') or '' for anything; `number` is how many there are said
    to be, 0 where that is left open; with `least` there may be more."""

    kind: str
    number: int = 0
    colour: str = ""
    size: str = ""
    least: bool = False


class Fact(NamedTuple):
    """One statement: kind, count, colour, size, action, relation, between, spot, heading, none, alone, empty, setting, time,
    season, weather or snow. `value` is the colour, action, relation …; '/' parts values of which any will do."""

    claim: str
    group: Group = Group("")
    value: str = ""
    others: tuple[Group, ...] = ()


def facts(text: str) -> tuple[Fact, ...]:
    """The checkable statements of an English caption, each once; what is not in the book's words is passed over."""
    reader = _Reader()
    for unit in read(text):
        reader.take(unit)
    reader.close()
    return tuple(dict.fromkeys(reader.found))


def check(text: str, spec: PageSpec, size: Size, objects: Objects) -> tuple[int, int]:
    """(right, said): how many statements the caption makes about the page and how many of them hold."""
    found = checked(text, spec, size, objects)
    return sum(right for _, right in found), len(found)


def checked(text: str, spec: PageSpec, size: Size, objects: Objects) -> list[tuple[str, bool]]:
    """Of each statement of the caption about the page what it is about (kind, colour …), and whether it holds."""
    view = View(spec, size, objects)
    return [(fact.claim, holds(fact, view)) for fact in facts(text)]


class _Reader:
    """Takes units one by one. `subjects` are the groups that the clause is about, `last` the latest one named."""

    def __init__(self) -> None:
        self.found: list[Fact] = []
        self.subjects: list[Group] = []
        self.last: Group | None = None
        self.fresh = True  # at the start of a clause, where a place may come before what is there
        self.told = False  # the subjects have had something said of them
        self.open: dict[str, str | int | bool] = {}  # the noun phrase being read
        self.role = ""  # what the next group is: a relation's object, 'between', or an inverted relation or spot
        self.waiting: list[tuple[str, str, tuple[Group, ...]]] = []  # said before its subject: (claim, value, others)
        self.denied = ""
        self.middle: list[Group] = []

    def take(self, unit: Unit) -> None:
        handler: Callable[[Unit], None] | None = getattr(self, f"_{unit.kind.replace(' ', '_')}", None)
        if unit.kind in ("time", "season", "weather", "snow"):
            self.found.append(Fact(unit.kind, value=unit.value))
        elif unit.kind == "place":
            self.found.append(Fact("setting", value=unit.value))
        elif handler is not None:
            handler(unit)

    def close(self) -> None:
        """A pronoun that no noun followed ('one brown') counts when the phrase ends."""
        if self.open.pop("one", False) and self.last is not None and "colour" in self.open:
            self._colour_of([Group(self.last.kind)], str(self.open["colour"]))
        self.open.clear()

    # Noun phrases

    def _article(self, _unit: Unit) -> None:
        self.close()

    def _number(self, unit: Unit) -> None:
        self.close()
        self.open["count"] = unit.number
        if unit.number == 1:
            self.open["one"] = True

    def _least(self, unit: Unit) -> None:
        self.close()
        self.open |= {"count": unit.number, "least": True}

    def _no(self, unit: Unit) -> None:
        self.close()
        self.denied = unit.value or "next"

    def _size(self, unit: Unit) -> None:
        self.open["size"] = unit.value

    def _colour(self, unit: Unit) -> None:
        if self.open.get("be"):
            self._colour_of([Group(self.last.kind)] if self.open.get("one") and self.last else self.subjects, unit.value)
            self.open.clear()
        else:
            self.open["colour"] = unit.value

    def _colour_of(self, groups: list[Group], colour: str) -> None:
        self.found.extend(Fact("colour", group, colour) for group in groups)
        self.told = True

    def _noun(self, unit: Unit) -> None:
        said = self.open
        if self.denied:
            self.found.append(Fact("none", Group(unit.value)))
            self.denied = "" if self.denied == "next" else self.denied
            said.clear()
            return
        colour, size = str(said.get("colour", "")), str(said.get("size", ""))
        group = Group(unit.value, int(said.get("count", 0)), colour, size, bool(said.get("least")))
        self.found.append(Fact("kind", Group(unit.value)))
        if colour:
            self.found.append(Fact("colour", Group(unit.value, size=size), colour))
        if size:
            self.found.append(Fact("size", Group(unit.value, colour=colour), size))
        if group.number or unit.number > 1:
            self.found.append(Fact("count", group if group.number else group._replace(number=2, least=True)))
        if said.get("only"):
            self.found.append(Fact("count", Group(unit.value, 1, colour, size)))
        said.clear()
        self._named(group)

    def _person(self, _unit: Unit) -> None:
        self.close()
        self.found.append(Fact("kind", Group("person")))
        self._named(Group("person"))

    def _dress(self, unit: Unit) -> None:
        """'in red', said after the noun: the group just named is narrowed."""
        if self.last is None:
            return
        dressed = self.last._replace(colour=unit.value)
        self.found = [self._narrowed(fact, dressed) for fact in self.found]
        self.found.append(Fact("colour", Group(dressed.kind, size=dressed.size), unit.value))
        self.subjects = [dressed if group is self.last else group for group in self.subjects]
        self.middle = [dressed if group is self.last else group for group in self.middle]
        self.last = dressed

    def _narrowed(self, fact: Fact, dressed: Group) -> Fact:
        if fact.claim in ("kind", "colour", "size"):
            return fact
        others = tuple(dressed if group is self.last else group for group in fact.others)
        return fact._replace(group=dressed if fact.group is self.last else fact.group, others=others)

    def _named(self, group: Group) -> None:
        """A group in its role: the object of a relation, or a subject of the clause."""
        self.last = group
        if self.role.startswith("object "):
            relation, self.role = self.role[7:], ""
            self._tell("relation", relation, (group,))
        elif self.role == "between":
            self.middle.append(group)
            if len(self.middle) == 2:
                self.role = ""
                self._tell("between", "", tuple(self.middle))
        elif self.role.startswith("before "):
            self.waiting.append(("relation", self.role[7:], (group,)))
            self.role, self.fresh = "", True
        else:
            if self.told or not self.subjects:
                self.subjects, self.told = [], False
            self.subjects.append(group)
            self.found.extend(Fact(claim, group, value, others) for claim, value, others in self.waiting)
            self.told, self.fresh = bool(self.waiting), False
            self.waiting.clear()

    def _tell(self, claim: str, value: str, others: tuple[Group, ...] = ()) -> None:
        """Something said of the clause's subjects; of the last of them where they are a list."""
        if self.subjects:
            self.found.append(Fact(claim, self.subjects[-1], value, others))
        self.told = True

    # What is said of them

    def _deed(self, unit: Unit) -> None:
        self.close()
        groups = self.subjects if unit.number else [self.last] if self.last else []
        self.found.extend(Fact("action", group, unit.value) for group in groups)
        self.told = self.told or bool(unit.number)

    def _be(self, _unit: Unit) -> None:
        if not self.open.get("one"):
            self.close()
        self.open["be"] = True

    def _relation(self, unit: Unit) -> None:
        self.close()
        self.role = f"before {unit.value}" if self.fresh else f"object {unit.value}"

    def _between(self, _unit: Unit) -> None:
        self.close()
        self.role, self.middle = "between", []

    def _spot(self, unit: Unit) -> None:
        self.close()
        if self.fresh:
            self.waiting.append(("spot", unit.value, ()))
        elif self.last is not None:
            self.found.append(Fact("spot", self.last, unit.value))
            self.told = True

    def _heading(self, unit: Unit) -> None:
        self._tell("heading", unit.value)

    def _alone(self, _unit: Unit) -> None:
        self._tell("alone", "")

    def _nobody(self, _unit: Unit) -> None:
        self.found.append(Fact("none", Group("person")))

    def _empty(self, _unit: Unit) -> None:
        self.found.append(Fact("empty"))

    def _only(self, _unit: Unit) -> None:
        self.close()
        self.waiting.append(("alone", "", ()))

    def _the_only(self, _unit: Unit) -> None:
        self.close()
        self.open["only"] = True

    # Joints

    def _there(self, _unit: Unit) -> None:
        self.close()
        self.told = True

    def _link(self, _unit: Unit) -> None:
        self.close()
        self.fresh = self.told or self.fresh

    def _stop(self, _unit: Unit) -> None:
        self.close()
        self.told, self.fresh, self.denied = True, True, ""


def holds(fact: Fact, view: View) -> bool:
    """Whether a statement is true of the page."""
    if fact.claim in _OF_PAGE:
        return _OF_PAGE[fact.claim](fact, view)
    group = fact.group
    fitting = view.like(group.kind, group.colour, "", group.size)
    if fact.claim in _OF_GROUP:
        return _OF_GROUP[fact.claim](fact, fitting, view)
    test = _OF_THING[fact.claim]
    true = [one for one in fitting if test(fact, one, view)]
    return len(true) >= max(group.number, 1)


def _related(fact: Fact, one: Seen, view: View) -> bool:
    """To some fitting thing, or to so many of them as the words say."""
    other = fact.others[0]
    marks = [mark for mark in view.like(other.kind, other.colour, "", other.size) if mark is not one]
    if fact.value == "farther":
        return any(view.relates("nearer", mark, one) for mark in marks)
    return sum(view.relates(fact.value, one, mark) for mark in marks) >= max(other.number, 1)


def _between(fact: Fact, one: Seen, view: View) -> bool:
    sides = [view.like(group.kind, group.colour, "", group.size) for group in fact.others]
    return any(view.between(one, a, b) for a in sides[0] for b in sides[1] if a is not b)


def _counted(fact: Fact, fitting: list[Seen], _view: View) -> bool:
    return len(fitting) >= fact.group.number if fact.group.least else len(fitting) == fact.group.number


_OF_PAGE: dict[str, Callable[[Fact, View], bool]] = {
    "setting": lambda fact, view: view.spec.setting in fact.value.split("/"),
    "time": lambda fact, view: fact.value == view.spec.time,
    "season": lambda fact, view: fact.value == view.spec.season,
    "weather": lambda fact, view: fact.value == view.weather(),
    "snow": lambda _, view: view.snow_lies() or view.weather() == "snow",
    "empty": lambda _, view: not view.seen,
}
_OF_GROUP: dict[str, Callable[[Fact, list[Seen], View], bool]] = {
    "kind": lambda _, fitting, __: bool(fitting),
    "none": lambda _, fitting, __: not fitting,
    "count": _counted,
    "alone": lambda fact, fitting, view: len(fitting) == len(view.seen) == max(fact.group.number, 1),
}
_OF_THING: dict[str, Callable[[Fact, Seen, View], bool]] = {
    "colour": lambda fact, one, _: one.colour == fact.value,
    "size": lambda fact, one, _: one.size == fact.value,
    "action": lambda fact, one, _: any(does(one, action) for action in fact.value.split("/")),
    "relation": _related,
    "between": _between,
    "spot": lambda fact, one, view: view.spot(fact.value, one),
    "heading": lambda fact, one, view: view.heads(fact.value, one),
}
