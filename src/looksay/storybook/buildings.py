"""Houses: a farm, a hut, the front of a street, a town far away. At night some of their windows are lit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from looksay.storybook.canvas import Points, Stamp
from looksay.storybook.forms import box, moved
from looksay.storybook.site import Real, Site, vary
from looksay.storybook.spec import RGB

_WALLS: tuple[RGB, ...] = (
    (226, 190, 150), (214, 150, 118), (240, 222, 184), (176, 192, 196), (222, 170, 160), (196, 206, 170),
    (234, 206, 126), (190, 122, 104), (206, 214, 222), (240, 234, 224), (168, 154, 180),
)  # fmt: skip
_ROOFS: tuple[RGB, ...] = ((168, 84, 66), (134, 76, 66), (96, 98, 112), (122, 92, 80), (84, 104, 110))
_TRIMS: tuple[RGB, ...] = ((250, 246, 236), (96, 74, 62), (74, 92, 110), (120, 62, 54))
GLASS: RGB = (150, 178, 196)
GLOW: RGB = (255, 208, 118)


@dataclass(frozen=True)
class Wall:
    """An upright stretch of wall: left and right in shares of the width, top and foot in shares of the height."""

    left: float
    right: float
    top: float
    foot: float
    haze: float = 0.0


def windows(site: Site, wall: Wall, grid: tuple[int, int], pane: tuple[float, float], trim: RGB) -> None:
    """Rows and columns of windows; `pane` is their width and height as shares of a cell."""
    wide, high = wall.right - wall.left, wall.foot - wall.top
    corner, scale = np.array((wall.left, wall.top)), np.array((wide, high))
    at = corner + _grid(grid) * scale
    half = scale / grid[::-1] * pane / 2
    rim = min(half[0] * 0.18, half[1] * 0.14)
    frames = np.concatenate([at - half - rim, at + half + rim], axis=1)
    glass = np.concatenate([at - half, at + half], axis=1)
    tiles = site.canvas.tiles
    tiles(frames, site.ink(trim, 1.0, wall.haze))
    tiles(glass, site.ink(GLASS, 0.82, wall.haze))
    if site.spec.time != "day":
        lit = site.pool.take(len(at)) < (0.55 if site.night else 0.3)
        tiles(glass[lit], site.lamp(GLOW) if site.night else site.ink((255, 220, 150), 1.1, wall.haze))
    else:
        shine = glass.copy()
        shine[:, 2] = at[:, 0] - half[0] * 0.2
        tiles(shine, site.ink(GLASS, 1.12, wall.haze))
    if half[0] > 0.009:
        bar = np.array((half[0], rim * 0.3))
        bars = np.concatenate([at - bar, at + bar], axis=1)
        site.boxes(bars, site.ink(trim, 1.0, wall.haze))


@cache
def _grid(grid: tuple[int, int]) -> Real:
    """The middles of the cells of that many rows and columns, in shares of the whole."""
    rows, columns = grid
    x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
    return np.stack([x, y], axis=-1).reshape(-1, 2)


def front(site: Site, wall: Wall, shop: bool) -> None:
    """A house front of the street with its roof, its windows, and a door or a shop at the foot."""
    chance = site.chance
    colour, roof, trim = vary(chance, chance.pick(_WALLS)), vary(chance, chance.pick(_ROOFS)), chance.pick(_TRIMS)
    wide, high = wall.right - wall.left, wall.foot - wall.top
    _roof(site, wall, roof, chance.below(4))
    site.boxes([(wall.left, wall.top, wall.right, wall.foot)], site.ink(colour))
    site.boxes([(wall.right - wide * 0.05, wall.top, wall.right, wall.foot)], site.ink(colour, 0.88))
    site.boxes([(wall.left - 0.004, wall.top, wall.right + 0.004, wall.top + 0.012)], site.ink(trim, 0.96))
    ground = min(0.115, high * 0.4)
    floors = max(round((high - ground) / 0.09), 1)
    columns = max(round(wide / site.aspect / 0.085), 1)
    windows(site, Wall(wall.left, wall.right, wall.top + 0.014, wall.foot - ground), (floors, columns), (0.46, 0.6), trim)
    if shop:
        _shop(site, Wall(wall.left, wall.right, wall.foot - ground, wall.foot))
    else:
        _door(site, Wall(wall.left, wall.right, wall.foot - ground, wall.foot), trim)


def _roof(site: Site, wall: Wall, roof: RGB, sort: int) -> None:
    left, right, top = wall.left - 0.006, wall.right + 0.006, wall.top
    wide = (right - left) / site.aspect
    rise = min(0.32 * wide, 0.1) if sort != 3 else 0.02
    if sort == 0:  # a gable
        points = [(left, top), ((left + right) / 2, top - rise * 1.5), (right, top)]
    elif sort == 1:  # hipped
        points = [
            (left, top),
            (left + 0.2 * (right - left), top - rise),
            (right - 0.2 * (right - left), top - rise),
            (right, top),
        ]
    elif sort == 2:  # stepped gable
        points = [(left, top)]
        for step in range(7):
            x, up = left + (right - left) * step / 7, rise * 1.3 * (1 - abs(step - 3) / 3.6)
            points += [(x, top - up), (x + (right - left) / 7, top - up)]
        points.append((right, top))
    else:
        points = [(left, top), (left, top - rise), (right, top - rise), (right, top)]
    if sort in (0, 1) and site.chance.coin(0.6):
        x = left + (right - left) * site.chance.real(0.2, 0.35)
        site.boxes([(x, top - rise * 1.25, x + 0.022 * site.aspect, top)], site.ink(roof, 0.72))
    cover: RGB = (238, 242, 248) if site.winter and sort != 2 else roof
    site.canvas.area(points, site.ink(cover))
    if sort == 1 and not site.winter:
        tiles = np.array([(left, top - rise * s, right, top - rise * s + rise * 0.07) for s in (0.25, 0.5, 0.75)])
        inset = np.array([0.05, 0.1, 0.15]) * (right - left)
        tiles[:, 0] += inset
        tiles[:, 2] -= inset
        site.boxes(tiles, site.ink(roof, 0.84))


def _shop(site: Site, wall: Wall) -> None:
    chance = site.chance
    wide, high = wall.right - wall.left, wall.foot - wall.top
    cloth = chance.pick(((196, 70, 60), (70, 130, 110), (66, 104, 160), (226, 160, 60), (150, 84, 120)))
    pane = (wall.left + wide * 0.08, wall.top + high * 0.3, wall.right - wide * 0.34, wall.foot - high * 0.16)
    site.boxes([(wall.left, wall.top, wall.right, wall.foot)], site.ink(cloth, 0.62))
    lit = site.lamp((255, 216, 140)) if site.night else site.ink((186, 206, 210))
    site.boxes([pane, (wall.right - wide * 0.27, wall.top + high * 0.3, wall.right - wide * 0.08, wall.foot)], lit)
    site.boxes(
        [(pane[0], pane[1], (pane[0] + pane[2]) / 2, pane[3])],
        site.lamp((255, 226, 160)) if site.night else site.ink((204, 220, 222)),
    )
    stripes = 8
    foot = wall.top + high * 0.36
    for number in range(stripes):
        x = wall.left + wide * number / stripes
        step = wide / stripes
        strip = [(x, wall.top), (x + step, wall.top), (x + step, foot), (x + step / 2, foot + high * 0.06), (x, foot)]
        site.canvas.area(strip, site.ink(cloth if number % 2 else (248, 242, 230)))


def _door(site: Site, wall: Wall, trim: RGB) -> None:
    chance = site.chance
    wide, high = wall.right - wall.left, wall.foot - wall.top
    x = wall.left + wide * chance.pick((0.3, 0.5, 0.7))
    half = min(0.024 * site.aspect, wide * 0.16)
    colour = chance.pick(((120, 66, 52), (70, 96, 88), (64, 84, 120), (140, 50, 54), (92, 70, 56)))
    site.boxes([(x - half * 1.25, wall.foot - high * 0.82, x + half * 1.25, wall.foot)], site.ink(trim))
    site.boxes([(x - half, wall.foot - high * 0.76, x + half, wall.foot)], site.ink(colour))
    light = site.lamp(GLOW) if site.night and chance.coin(0.6) else site.ink(GLASS)
    site.boxes([(x - half * 0.7, wall.foot - high * 0.7, x + half * 0.7, wall.foot - high * 0.5)], light)
    for side in (-1, 1):
        middle = x + side * wide * 0.3
        if wall.left + wide * 0.14 < middle < wall.right - wide * 0.14 and abs(middle - x) > 2.4 * half:
            cell = Wall(middle - wide * 0.13, middle + wide * 0.13, wall.foot - high * 0.78, wall.foot - high * 0.26)
            windows(site, cell, (1, 1), (0.8, 0.84), trim)


def skyline(site: Site, foot: float, low: float, high: float) -> None:
    """A town in the haze."""
    chance, x = site.chance, -0.02
    while x < 1.02:
        wide = chance.real(0.05, 0.12)
        top = foot - chance.real(low, high) * (0.55 + 0.45 * chance.real())
        wall = vary(chance, (150, 156, 176), 0.05)
        site.boxes([(x, top, x + wide, foot)], site.ink(wall, 1.0, 0.5))
        if chance.coin(0.3):
            site.canvas.area([(x, top), (x + wide / 2, top - 0.04), (x + wide, top)], site.ink(wall, 0.9, 0.5))
        if site.night:
            rows = max(int((foot - top) / 0.028), 1)
            at: Real = site.pool.take(rows * 3).reshape(-1, 3)
            spots = np.stack([x + wide * (0.15 + 0.7 * at[:, 0]), top + 0.01 + (foot - top) * 0.9 * at[:, 1]], axis=1)[
                at[:, 2] < 0.8
            ]
            site.boxes(np.concatenate([spots, moved(spots, 0.009 * site.aspect, 0.01)], axis=1), (220, 180, 110))
        x += wide * chance.real(0.85, 1.25)
    site.claim("building", foot - high - 0.05, foot + 0.01)


def farmhouse(site: Site, foot: tuple[float, float], size: float, *, hut: bool = False) -> None:
    """A barn, a house or, with `hut`, a wooden hut; `size` high."""
    chance = site.chance
    sort = 2 if hut else chance.below(2)
    colour = vary(chance, ((176, 62, 50), chance.pick(_WALLS), (142, 102, 70))[sort])
    roof: RGB = (236, 240, 246) if site.winter else vary(chance, ((92, 70, 66), chance.pick(_ROOFS), (104, 84, 72))[sort])
    trim: RGB = ((246, 240, 230), (246, 240, 230), (200, 160, 110))[sort]
    palette = [site.ink(colour), site.ink(colour, 0.84), site.ink(roof, 0.96), site.ink(roof, 0.84), site.ink(trim)]
    palette += [site.lamp(GLOW) if site.night else site.ink(GLASS), site.ink(colour, 0.7), site.ink((104, 70, 54))]
    palette += [site.ink((186, 190, 196)), site.ink((156, 160, 170)), site.ink((130, 84, 76))]
    site.stamp(_farmhouse(sort, sort == 0 and chance.coin(0.7)), foot, size, palette, flip=chance.coin())
    site.claim("building", foot[1] - size * 1.2, foot[1] + 0.01)


@cache
def _farmhouse(sort: int, silo: bool) -> Stamp:
    """Paints: wall, wall in shade, roof, its edge, trim, panes, gate, door, silo, silo in shade, silo's roof."""
    layers: list[tuple[Points, int]] = []
    if silo:
        cap = np.array([(0.6, 0.95), (0.68, 1.08), (0.76, 1.12), (0.84, 1.08), (0.92, 0.95)])
        layers += [(box(0.62, 0, 0.9, 0.95), 8), (box(0.8, 0, 0.9, 0.95), 9), (cap, 10)]
    layers += [
        (box(-0.2, 0, 0.66, 0.5), 1),
        (np.array([(-0.45, 0.86), (0.42, 0.86), (0.72, 0.48), (-0.15, 0.48)]), 2),
        (np.array([(-0.66, 0), (-0.66, 0.5), (-0.43, 0.86), (-0.2, 0.5), (-0.2, 0)]), 0),
        (np.array([(-0.72, 0.46), (-0.43, 0.92), (-0.14, 0.46), (-0.19, 0.46), (-0.43, 0.84), (-0.67, 0.46)]), 3),
    ]
    if sort == 0:
        layers += [
            (box(-0.54, 0, -0.32, 0.34), 4),
            (box(-0.52, 0, -0.34, 0.32), 6),
            (np.array([(-0.53, 0.0), (-0.51, 0.0), (-0.33, 0.33), (-0.35, 0.33)]), 4),
            (np.array([(-0.35, 0.0), (-0.33, 0.0), (-0.51, 0.33), (-0.53, 0.33)]), 4),
        ]
    else:
        layers += [(box(-0.49, 0, -0.37, 0.3), 7), (box(0.2, 0.6, 0.3, 1.0), 10)]
    for x, y in ((-0.43, 0.54), (0.0, 0.2), (0.24, 0.2), (0.48, 0.2)):
        layers += [(box(x - 0.065, y - 0.01, x + 0.065, y + 0.15), 4), (box(x - 0.05, y, x + 0.05, y + 0.14), 5)]
    return Stamp.of(layers)
