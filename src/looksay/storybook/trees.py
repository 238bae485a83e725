"""Trees and bushes of every season, drawn once and stamped everywhere."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from looksay.storybook.canvas import Bounds, Points, Stamp
from looksay.storybook.chance import Chance
from looksay.storybook.forms import blob, disc, moved, stroke
from looksay.storybook.site import Site, vary
from looksay.storybook.spec import RGB

Layer = tuple[Points, int]
VARIANTS = 6
_FAR = 28  # pixels; a tree less high than this is drawn with fewer strokes
BARK, BARK_DARK, LEAF_DARK, LEAF, LEAF_LIGHT, DOT = range(6)

_LEAVES: dict[str, tuple[RGB, ...]] = {
    "spring": ((128, 184, 92), (240, 182, 200), (150, 196, 96), (250, 222, 226)),
    "summer": ((78, 140, 70), (98, 156, 70), (62, 126, 74)),
    "autumn": ((226, 136, 50), (204, 84, 48), (234, 184, 66), (164, 126, 58)),
    "winter": ((206, 216, 226), (188, 202, 214)),
}
_BARKS: tuple[RGB, ...] = ((112, 82, 58), (96, 72, 60), (126, 98, 74))


def plant(site: Site, sort: str, spot: tuple[float, float], size: float, haze: float = 0.0) -> Bounds:
    """A tree of that sort (broad, poplar, pine, palm, bush) with its foot at `spot`, `size` high; broad ones lose their
    leaves in winter."""
    chance, season = site.chance, site.spec.season
    bark = vary(chance, chance.pick(_BARKS))
    variant, flip = chance.below(VARIANTS), chance.coin()
    far = size * site.canvas.height < _FAR
    if sort == "pine":
        leaf, dot = vary(chance, (60, 108, 78)), (236, 242, 248)
        stamp = pine(variant, season == "winter", far)
    elif sort == "palm":
        leaf, dot = vary(chance, (84, 150, 78)), (150, 96, 52)
        stamp = palm(variant)
    elif season == "winter" and sort != "bush" and chance.coin(0.75):
        leaf, dot = (236, 242, 248), (236, 242, 248)
        stamp = bare(variant, far)
    else:
        leaf = vary(chance, chance.pick(_LEAVES[season]))
        dot = _dots(chance, season, leaf)
        stamp = {"broad": broad, "poplar": poplar, "bush": bush}[sort](variant, far)
    palette = [site.ink(bark, shade, haze) for shade in (1.0, 0.72)]
    palette += [site.ink(leaf, shade, haze) for shade in (0.76, 1.0, 1.17)] + [site.ink(dot, 1.0, haze)]
    return site.stamp(stamp, spot, size, palette, flip=flip)


def _dots(chance: Chance, season: str, leaf: RGB) -> RGB:
    """Blossom, fruit or turning leaves."""
    if season == "spring":
        return (255, 240, 240)
    if season == "summer":
        return chance.pick(((206, 60, 50), (116, 170, 84), (116, 170, 84)))
    return (240, 200, 90) if season == "autumn" else leaf


def _trunk(chance: Chance, height: float, width: float) -> list[Layer]:
    bend = chance.real(-0.04, 0.04)
    spine = [(0.0, 0.0), (bend * 0.4, height * 0.5), (bend, height)]
    layers: list[Layer] = [(stroke(spine, (width * 1.5, width, width * 0.7)), BARK)]
    layers.append((stroke([(x + width * 0.24, y) for x, y in spine], (width * 0.7, width * 0.42, width * 0.3)), BARK_DARK))
    return layers


def _crown(chance: Chance, middle: tuple[float, float], spread: tuple[float, float], puffs: int) -> list[Layer]:
    """Overlapping puffs in three tones, lit from the upper left."""
    spots = []
    for place in range(puffs):
        turn = math.tau * place / puffs + chance.real(-0.3, 0.3)
        far = chance.real(0.5, 0.72)
        spots.append(
            (middle[0] + math.cos(turn) * far * spread[0], middle[1] + math.sin(turn) * far * spread[1], chance.real(0.5, 0.64))
        )
    spots.append((middle[0], middle[1], 0.75))
    layers: list[Layer] = []
    for paint, (dx, dy, grow) in (
        (LEAF_DARK, (0.015, -0.02, 1.0)),
        (LEAF, (-0.01, 0.02, 0.88)),
        (LEAF_LIGHT, (-0.045, 0.06, 0.45)),
    ):
        for x, y, radius in spots:
            ring = blob(chance, 14, 0.1) * (radius * spread[0] * grow, radius * spread[1] * grow)
            layers.append((moved(ring, x + dx, y + dy), paint))
    for _ in range(9):
        x, y, radius = chance.pick(spots)
        speck = disc(6) * 0.014 + (
            x + chance.real(-1, 1) * radius * spread[0] * 0.7,
            y + chance.real(-1, 1) * radius * spread[1] * 0.7,
        )
        layers.append((speck, DOT))
    return layers


def _tree(layers: list[Layer], far: bool) -> Stamp:
    """From far away without its dots and the shade on its trunk."""
    return Stamp.of([layer for layer in layers if not far or layer[1] not in (DOT, BARK_DARK)]).merged()


@cache
def broad(variant: int, far: bool) -> Stamp:
    chance = Chance("broad", variant)
    middle = (0.0, chance.real(0.62, 0.68))
    spread = (chance.real(0.3, 0.42), 0.97 - middle[1])
    return _tree(_trunk(chance, 0.55, 0.075) + _crown(chance, middle, spread, 6), far)


@cache
def poplar(variant: int, far: bool) -> Stamp:
    chance = Chance("poplar", variant)
    return _tree(_trunk(chance, 0.4, 0.05) + _crown(chance, (0.0, 0.56), (0.14, 0.42), 6), far)


@cache
def bush(variant: int, far: bool) -> Stamp:
    """As high as wide: the size is that of a whole bush."""
    chance = Chance("bush", variant)
    crown = _crown(chance, (0.0, 0.42), (0.8, 0.5), 5)
    return _tree([(np.stack([ring[:, 0], np.maximum(ring[:, 1], 0.0)], axis=1), paint) for ring, paint in crown], far)


@cache
def bare(variant: int, far: bool) -> Stamp:
    """Branches without leaves, some with a line of snow."""
    chance = Chance("bare", variant)
    layers: list[Layer] = []

    def grow(x: float, y: float, turn: float, length: float, width: float, left: int) -> None:
        tip = (x + math.sin(turn) * length, y + math.cos(turn) * length)
        layers.append((stroke([(x, y), tip], (width, width * 0.6)), BARK if left % 2 else BARK_DARK))
        if left < 3 and chance.coin(0.35):
            layers.append((stroke([(x, y + width * 0.5), (tip[0], tip[1] + width * 0.3)], (width * 0.5, width * 0.3)), DOT))
        if left:
            for side in (-1, 1):
                grow(*tip, turn + side * chance.real(0.28, 0.62), length * chance.real(0.64, 0.8), width * 0.62, left - 1)

    grow(0.0, 0.0, chance.real(-0.08, 0.08), 0.34, 0.06, 3 if far else 4)
    top = max(float(points[:, 1].max()) for points, _ in layers)
    return Stamp.of([(points / top, paint) for points, paint in layers])


@cache
def pine(variant: int, snowy: bool, far: bool) -> Stamp:
    chance = Chance("pine", variant)
    layers: list[Layer] = [(stroke([(0, 0), (0, 0.2)], (0.07, 0.06)), BARK)]
    tiers = 4 + chance.below(2)
    for tier in range(tiers):
        foot = 0.1 + 0.72 * tier / tiers
        top = min(foot + 0.36, 1.0) if tier < tiers - 1 else 1.0
        half = (0.27 - 0.2 * tier / tiers) * chance.real(0.92, 1.08)
        zigzag = [
            (half * (1 - 2 * step / 6), foot + (0.035 if step % 2 else 0.0) + 0.02 * abs(1 - 2 * step / 6)) for step in range(7)
        ]
        layers.append((np.array([(0.0, top), *zigzag]), LEAF_DARK))
        lit = [(half * (1 - 2 * step / 6) * 0.94 - 0.01, foot + 0.02 + (0.035 if step % 2 else 0.0)) for step in range(3, 7)]
        layers.append((np.array([(0.0, top), *lit]), LEAF))
        if snowy:
            cap = half * 0.62
            foot += (top - foot) * 0.42
            snow = [(cap, foot), (cap * 0.5, foot + 0.03), (cap * 0.1, foot - 0.01), (-cap * 0.4, foot + 0.03), (-cap, foot)]
            layers.append((np.array([(0.0, top), *snow]), DOT))
    if far:
        return Stamp.of(sorted(layers, key=lambda layer: layer[1])).merged()
    return Stamp.of(layers)


@cache
def palm(variant: int) -> Stamp:
    chance = Chance("palm", variant)
    lean = chance.real(0.05, 0.2)
    spine = [(lean * (step / 6) ** 2, 0.82 * step / 6) for step in range(7)]
    layers: list[Layer] = [(stroke(spine, [0.055 - 0.004 * step for step in range(7)]), BARK)]
    layers += [(stroke([(x - 0.022, y), (x + 0.022, y + 0.012)], (0.01, 0.01)), BARK_DARK) for x, y in spine[1:]]
    top = spine[-1]
    for place in range(9):
        turn = math.radians(-30 + 240 * place / 8) + chance.real(-0.12, 0.12)
        reach = chance.real(0.26, 0.34)
        tip = (top[0] + math.cos(turn) * reach, top[1] + math.sin(turn) * reach * 0.55 - 0.1)
        bend = (top[0] + math.cos(turn) * reach * 0.55, top[1] + math.sin(turn) * reach * 0.5 + 0.05)
        layers.append((stroke([top, bend, tip], (0.02, 0.075, 0.006)), (LEAF_DARK, LEAF, LEAF_LIGHT)[place % 3]))
    layers += [(disc(8) * 0.028 + (top[0] + dx, top[1] - 0.02), DOT) for dx in (-0.03, 0.03)]
    return Stamp.of(layers)
