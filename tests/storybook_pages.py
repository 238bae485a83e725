"""Pages for the tests of the book's words: by hand, and real ones; and a resolver of referring expressions by plain rules."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from looksay.scene import Objects, Thing
from looksay.storybook.compose import compose
from looksay.storybook.page import draw, truth
from looksay.storybook.refer import ORDINALS
from looksay.storybook.spec import COLOURS, PageSpec, ThingSpec

Told = tuple[PageSpec, tuple[int, int], Objects]
SIZE = (200, 100)
ENGLISH = {
    "aeroplane": ("plane", "airplane"), "bicycle": ("bicycle", "bike"), "bird": ("bird",), "boat": ("boat",),
    "bottle": ("bottle",), "bus": ("bus",), "car": ("car",), "cat": ("cat",), "chair": ("chair",), "cow": ("cow",),
    "diningtable": ("table",), "dog": ("dog",), "horse": ("horse",), "motorbike": ("motorbike", "motorcycle"),
    "person": ("person", "people", "someone"), "pottedplant": ("plant",), "sheep": ("sheep",), "sofa": ("sofa", "couch"),
    "train": ("train",), "tvmonitor": ("television", "screen"),
}  # fmt: skip
ANIMALS = {"bird", "cat", "cow", "dog", "horse", "sheep"}
VEHICLES = {"aeroplane", "bicycle", "boat", "bus", "car", "motorbike", "train"}


def thing(id: str, kind: str, colour: str, action: str, x: float, ground: float, **more: object) -> ThingSpec:
    return replace(ThingSpec(id, kind, colour, action, x, ground, 0.2), **more)


def told(setting: str, time: str, season: str, *things: ThingSpec, seed: int = 1, index: int = 0) -> Told:
    """A page by hand: every thing is a box of 0.2 by 0.2 of the page's height, on its foot line; the last is the nearest."""
    width, height = SIZE
    side = 0.1 * height
    made = []
    for place, one in enumerate(things):
        foot = (one.ground - one.lift) * height
        box = (one.x * width - side, foot - 2 * side, one.x * width + side, foot)
        said = {"colour": one.colour, "action": one.action, "size": one.size, "facing": one.facing}
        made.append(Thing(one.kind, box, id=one.id, depth=len(things) - 1 - place, attributes=said))
    return PageSpec(seed, index, setting, time, season, things), SIZE, Objects(tuple(made))


FARM = (
    thing("t0", "cow", "brown", "grazing", 0.15, 0.5),
    thing("t1", "cow", "white", "lying", 0.3, 0.55),
    thing("t2", "dog", "black", "running", 0.6, 0.7, facing="left"),
    thing("t3", "person", "red", "waving", 0.63, 0.85),
    thing("t4", "bird", "blue", "flying", 0.6, 0.7, lift=0.4),
)


@cache
def real_pages(count: int = 240) -> tuple[Told, ...]:
    """Pages as the book composes and draws them, with what is seen on them."""
    found: list[Told] = []
    for index in range(count):
        spec = compose(21, index, "portrait" if index % 5 == 0 else "scene")
        found.append((spec, (96, 72), truth(spec, (96, 72), draw(spec, (96, 72), lens=False), words=False).objects))
    return tuple(found)


def by_words(page: Told, text: str) -> list[str]:
    """The ids of the things that an expression fits, by plain rules on the truth."""
    spec, size, objects = page
    specs = {one.id: one for one in spec.things}
    found = re.fullmatch(r"the (.+)", text)
    assert found, text
    words = found[1]
    order = ""
    for word in (*ORDINALS, "nearest", "farthest"):
        if words.startswith(word + " "):
            order, words = word, words[len(word) + 1 :]
    colour = next((one for one in COLOURS if words.startswith(one + " ")), "")
    words = words[len(colour) :].strip()
    kinds, rest = kinds_named(words)
    things = [one for one in objects if one.name in kinds and (not colour or one.attributes["colour"] == colour)]
    dressed = re.match(r"in (?:an? )?(\w+)(?: pot)? ?(.*)$", rest)
    if dressed and dressed[1] in COLOURS:
        things = [one for one in things if one.attributes["colour"] == dressed[1]]
        rest = dressed[2]
    things.sort(key=lambda one: one.box[0] + one.box[2])
    if order in ORDINALS:
        assert rest in ("from the left", "from the right"), text
        row = things if rest.endswith("left") else things[::-1]
        return [row[ORDINALS.index(order)].id]
    if order:
        ends = sorted(things, key=lambda one: specs[one.id].ground - specs[one.id].lift)
        return [ends[-1 if order == "nearest" else 0].id]
    if rest in ("on the left", "on the far left"):
        return [things[0].id]
    if rest in ("on the right", "on the far right"):
        return [things[-1].id]
    if rest == "in the middle":
        assert len(things) == 3, text
        return [things[1].id]
    related = re.match(r"(on|behind|in front of|next to|above|under) the (.+)$", rest)
    if related:
        marks = kinds_named(related[2])[0]
        (mark,) = [one for one in objects if one.name in marks]
        return [one.id for one in things if stands(related[1], one, mark, specs, size)]
    if rest:
        return [one.id for one in things if acts(one, rest)]
    return [one.id for one in things]


def kinds_named(words: str) -> tuple[set[str], str]:
    """The kinds that the noun at the start means, and what follows it."""
    for names, kinds in [(("animal",), ANIMALS), (("vehicle",), VEHICLES), *((names, {kind}) for kind, names in ENGLISH.items())]:
        for name in names:
            if words == name or words.startswith(name + " "):
                return set(kinds), words[len(name) :].strip()
    raise AssertionError(words)


VERBS = {
    "parked": "parked", "moving": "moving|driv|goes|go|pass|roll", "flying": "fly|flies|air", "floating": "float",
    "sailing": "sail", "standing": "standing(?! still)|stands|perched", "sitting": "sit", "sleeping": "sleep|asleep",
    "walking": "walk", "running": "run", "grazing": "graz|eat", "lying": r"\blying|rest", "waving": "wav|hello",
    "off": r"\boff", "on": r"\bon\b",
}  # fmt: skip


def acts(one: Thing, words: str) -> bool:
    action = one.attributes["action"]
    fits = (
        {action} | ({"standing"} if action in ("grazing", "waving") else set()) | ({"lying"} if action == "sleeping" else set())
    )
    if re.search(r"parked|standing still", words):
        return action == "parked"
    return any(re.search(VERBS[each], words) for each in fits)


def stands(relation: str, a: Thing, b: Thing, specs: dict[str, ThingSpec], size: tuple[int, int]) -> bool:
    """The relations as the book means them, written out again."""
    if a.id == b.id:
        return False
    air_a, air_b = a.attributes["action"] == "flying", b.attributes["action"] == "flying"
    foot_a, foot_b = ((specs[x.id].ground - specs[x.id].lift) * size[1] for x in (a, b))
    shared = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    share = shared / min(a.box[2] - a.box[0], b.box[2] - b.box[0])
    if relation == "on":
        return specs[a.id].on == b.id
    if relation == "behind":
        return stands("in front of", b, a, specs, size)
    if relation == "in front of":
        near = a.depth < b.depth and foot_a >= foot_b + 0.012 * size[1]
        return near and not air_a and not air_b and a.box[1] < b.box[3] and share >= 0.3
    if relation == "under":
        return stands("above", b, a, specs, size)
    if relation == "above":
        return air_a and not air_b and share >= 0.3 and a.box[3] <= b.box[1] + 0.1 * (b.box[3] - b.box[1])
    level = abs(foot_a - foot_b) <= 0.08 * size[1] and not air_a and not air_b
    apart = b.id != specs[a.id].on and a.id != specs[b.id].on
    return level and apart and -shared <= 0.1 * size[0] and share < 0.3
