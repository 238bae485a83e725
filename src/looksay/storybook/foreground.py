"""What now and then stands between the reader and the things: grass, a branch, a fence, a post, a curtain."""

from __future__ import annotations

from functools import cache

import numpy as np

from looksay.storybook.canvas import Canvas, Points, Stamp
from looksay.storybook.casting import box
from looksay.storybook.chance import Chance
from looksay.storybook.country import GRASS
from looksay.storybook.forms import stroke
from looksay.storybook.site import Site, blend, vary
from looksay.storybook.spec import RGB, PageSpec

# How much of the page may be covered: a portrait is to be judged, a scene is to be read.
_SHARES = {"portrait": 0.3, "scene": 0.08, "clip": 0.0}
_GREEN = ("farm", "park", "lake", "mountain")
_LEAVES: dict[str, RGB] = {"spring": (120, 178, 84), "summer": (72, 132, 66), "autumn": (214, 120, 46), "winter": (150, 140, 120)}


def foreground(canvas: Canvas, spec: PageSpec) -> None:
    """Draw it over the things; what it hides is hidden in the truth as well."""
    if not Chance(spec.seed, spec.index, "foreground?").coin(_SHARES[spec.view]):
        return
    site = Site.over(canvas, spec, "foreground")
    chance = site.chance
    if spec.setting == "room":
        _curtain(site)
    elif spec.setting in _GREEN:
        chance.pick((_grass, _branch, _rail, _trunk))(site)
    elif spec.setting == "beach":
        _grass(site)
    else:
        chance.pick((_post, _post, _branch))(site)


@cache
def _blades(variant: int) -> Stamp:
    """Long grass, one unit wide, bending to both sides."""
    chance = Chance("blades", variant)
    layers: list[tuple[Points, int]] = []
    for number in range(16):
        x, high, lean = chance.real(-0.5, 0.5), chance.real(0.35, 1.0), chance.real(-0.25, 0.25)
        layers.append((stroke([(x, -0.1), (x + lean * 0.3, high * 0.5), (x + lean, high)], (0.05, 0.04, 0.004)), number % 3))
    return Stamp.of(layers)


def _grass(site: Site) -> None:
    chance = site.chance
    green: RGB = blend(GRASS[site.spec.season], (70, 110, 60), 0.5) if not site.winter else (178, 168, 146)
    if site.spec.setting == "beach":
        green = (170, 166, 100)
    inks = [site.ink(green, shade) for shade in (0.62, 0.8, 1.0)]
    size, x = chance.real(0.12, 0.22), chance.real(-0.1, 0.9)
    for step in range(2 + chance.below(3)):
        site.stamp(_blades(chance.below(4)), (x + step * size * 0.8 * site.aspect, 1.01), size * chance.real(0.8, 1.2), inks)
    site.claim("grass", 0.6)


@cache
def _twig(variant: int) -> Stamp:
    """A branch that hangs in from the left, one unit long."""
    chance = Chance("twig", variant)
    spine = [(-0.2, 0.1), (0.3, 0.02), (0.65, -0.08), (1.0, -0.3)]
    layers: list[tuple[Points, int]] = [(stroke(spine, (0.06, 0.045, 0.03, 0.012)), 0)]
    for number in range(22):
        along = chance.real(0.05, 1.0)
        x, y = along * 1.0, 0.08 - 0.38 * along**1.8
        lean, size = chance.real(-1.0, 1.0), chance.real(0.07, 0.12)
        tip = (x + lean * size, y - size * 1.3)
        layers.append((stroke([(x, y), ((x + tip[0]) / 2, (y + tip[1]) / 2), tip], (0.01, size * 0.75, 0.004)), 1 + number % 3))
    return Stamp.of(layers)


def _branch(site: Site) -> None:
    chance, right = site.chance, site.chance.coin()
    leaf = vary(chance, _LEAVES[site.spec.season])
    inks = [site.ink((92, 68, 54)), *(site.ink(leaf, shade) for shade in (0.7, 0.88, 1.05))]
    spot = (1.02 if right else -0.02, chance.real(0.04, 0.2))
    site.stamp(_twig(chance.below(4)), spot, chance.real(0.34, 0.52), inks, flip=right)
    site.claim("tree")


def _rail(site: Site) -> None:
    """A fence right before the reader."""
    chance = site.chance
    wood = vary(chance, chance.pick(((150, 112, 76), (222, 214, 202), (128, 104, 84))))
    top, thick = chance.real(0.76, 0.84), chance.real(0.022, 0.032)
    for y in (top + 0.03, top + 0.13):
        site.boxes([(-0.01, y, 1.01, y + thick)], site.ink(wood, 0.92))
        site.boxes([(-0.01, y + thick * 0.75, 1.01, y + thick)], site.ink(wood, 0.72))
    posts = np.arange(chance.real(0.02, 0.3), 1.1, 0.36)
    wide = 0.02 * site.aspect
    site.boxes(np.stack([posts - wide, posts * 0 + top, posts + wide, posts * 0 + 1.02], axis=1), site.ink(wood))
    site.boxes(np.stack([posts + wide * 0.5, posts * 0 + top, posts + wide, posts * 0 + 1.02], axis=1), site.ink(wood, 0.8))
    site.claim("fence", top - 0.02)


def _covers(site: Site, left: float, right: float) -> bool:
    """Whether something from `left` to `right` would hide more than a third of a portrait's subject."""
    subject = next((thing for thing in site.spec.things if thing.id == "t0"), None)
    if site.spec.view != "portrait" or subject is None:
        return False
    x1, _, x2, _ = box(subject)
    return min(right, x2, 1.0) - max(left, x1, 0.0) > 0.34 * (min(x2, 1.0) - max(x1, 0.0))


def _trunk(site: Site) -> None:
    """A near tree of which only the trunk is seen."""
    chance = site.chance
    bark: RGB = vary(chance, (110, 82, 60))
    x, wide = chance.pick((chance.real(0.0, 0.3), chance.real(0.7, 1.0))), chance.real(0.05, 0.09) * site.aspect
    if _covers(site, x - 1.2 * wide, x + 1.2 * wide):
        return
    site.canvas.area(
        [
            (x - wide, -0.01),
            (x + wide, -0.01),
            (x + wide * 1.2, 0.9),
            (x + wide * 1.8, 1.02),
            (x - wide * 1.7, 1.02),
            (x - wide * 1.1, 0.9),
        ],
        site.ink(bark),
    )
    site.canvas.area(
        [(x + wide * 0.3, -0.01), (x + wide, -0.01), (x + wide * 1.2, 0.9), (x + wide * 1.8, 1.02), (x + wide * 0.5, 1.02)],
        site.ink(bark, 0.78),
    )
    for number in range(6):
        y = number / 6 + chance.real(0, 0.1)
        left = x + wide * chance.real(-0.8, 0.2)
        site.canvas.area(
            [(left, y), (left + wide * 0.12, y + 0.01), (left + wide * 0.1, y + 0.11), (left - wide * 0.05, y + 0.08)],
            site.ink(bark, 0.66),
        )
    site.claim("tree")


def _post(site: Site) -> None:
    """A lamp post or a pillar that runs from the head to the foot of the page."""
    chance = site.chance
    x, wide = chance.real(0.08, 0.92), chance.real(0.014, 0.026) * site.aspect
    if _covers(site, x - wide, x + wide):
        return
    iron = chance.pick(((70, 78, 86), (60, 84, 80), (120, 116, 110)))
    site.boxes([(x - wide, -0.01, x + wide, 1.01)], site.ink(iron))
    site.boxes([(x - wide * 0.7, -0.01, x - wide * 0.3, 1.01)], site.ink(iron, 1.3))
    site.boxes(
        [(x - wide * 1.5, 0.86, x + wide * 1.5, 1.01), (x - wide * 1.3, 0.36, x + wide * 1.3, 0.375)], site.ink(iron, 0.86)
    )
    site.claim("post")


def _curtain(site: Site) -> None:
    chance, right = site.chance, site.chance.coin()
    cloth: RGB = vary(chance, chance.pick(((176, 82, 72), (84, 112, 140), (206, 176, 120), (116, 138, 106))))
    wide = chance.real(0.1, 0.2)
    if _covers(site, *((1 - wide, 1.0) if right else (0.0, wide))):
        return

    def strip(left: float, end: float, shade: float) -> None:
        points = [(left, -0.01), (end, -0.01), (end * 0.86, 0.5), (end * 0.94, 1.01), (left * 0.94, 1.01), (left * 0.86, 0.5)]
        site.canvas.area([(1 - x if right else x, y) for x, y in points], site.ink(cloth, shade))

    strip(-0.02, wide, 0.92)
    for share in (0.16, 0.45, 0.74):
        strip(wide * share, wide * (share + 0.13), 0.78)
    site.claim("window")
