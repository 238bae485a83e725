"""Beach and lake."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from looksay.storybook.canvas import Points, Stamp
from looksay.storybook.chance import Chance
from looksay.storybook.country import GRASS, far_hills, grass_name, meadow, ranges, tree_line
from looksay.storybook.forms import blob, box, disc, stroke
from looksay.storybook.site import Site, blend, vary
from looksay.storybook.sky import paint_sky
from looksay.storybook.spec import RGB
from looksay.storybook.trees import plant

_SEAS: tuple[RGB, ...] = ((60, 148, 178), (46, 124, 170), (78, 164, 170), (64, 136, 190))
_RIPPLE: Points = np.array([(-1, 0), (-0.4, 0.07), (0.3, 0.07), (1, 0), (0.3, -0.07), (-0.4, -0.07)])


def paint_beach(site: Site) -> None:
    chance, land = site.chance, site.land
    paint_sky(site, land.eye)
    if chance.coin(0.55):
        _headland(site)
    shore = land.bands["water"][1] + 0.03
    sea = vary(chance, chance.pick(_SEAS))
    sky = site.light.sky[-1]
    deep = blend(site.ink(sea, 0.92), sky, 0.3)
    site.band(land.eye, min(shore + 0.02, 1.0), (deep, site.ink(sea, 0.92), site.ink(blend(sea, (150, 214, 206), 0.45))), "water")
    _glitter(site, land.eye, shore)
    waves(site, land.eye + 0.01, shore, 26)
    if shore < 0.98:
        _sand(site, shore)


def _headland(site: Site) -> None:
    """A cape with, perhaps, a lighthouse."""
    chance, eye = site.chance, site.land.eye
    right = chance.coin()
    heights = site.skyline(14, 0.5, "cape")
    far = chance.real(0.25, 0.5)
    x = np.linspace(0.0, far, 14)
    line = np.stack([x, eye + 0.004 - (0.02 + 0.09 * heights) * (1 - (x / far) ** 2)], axis=1)
    cape = np.concatenate([line, [(far, eye + 0.004), (-0.05, eye + 0.004), (-0.05, line[0, 1])]])
    if right:
        cape[:, 0] = 1 - cape[:, 0]
    green = (222, 228, 234) if site.winter else blend(GRASS[site.spec.season], (120, 130, 120), 0.4)
    site.canvas.area(cape, site.ink(green, 0.95, 0.3))
    site.claim("mountain", eye - 0.2, eye + 0.02)
    if chance.coin(0.6):
        at = (1 - far * 0.35 if right else far * 0.35, eye - 0.045)
        inks = [site.ink(ink, 1.0, 0.12) for ink in ((246, 242, 234), (204, 70, 60), (80, 80, 90))]
        site.stamp(_LIGHTHOUSE, at, 0.17, [*inks, site.lamp((255, 232, 160))])
        site.claim("building", eye - 0.26, eye)
        if site.night:
            site.glow((at[0], at[1] - 0.14), 0.14, (255, 220, 150), 0.6)


_LIGHTHOUSE = Stamp.of(
    [
        ([(-0.1, 0), (0.1, 0), (0.065, 0.76), (-0.065, 0.76)], 0),
        ([(-0.094, 0.12), (0.094, 0.12), (0.086, 0.3), (-0.086, 0.3)], 1),
        ([(-0.08, 0.46), (0.08, 0.46), (0.072, 0.62), (-0.072, 0.62)], 1),
        (box(-0.085, 0.75, 0.085, 0.79), 2),
        ([(-0.075, 0.88), (0.075, 0.88), (0, 1.0)], 1),
        (box(-0.05, 0.79, 0.05, 0.88), 3),
    ]
)


def _glitter(site: Site, top: float, foot: float) -> None:
    """The path of the sun or the moon on the water."""
    if site.light.weather in ("rain", "mist", "snow"):
        return
    numbers = site.pool.take(40 * 3).reshape(40, 3)
    down = numbers[:, 1]
    spots = np.stack(
        [site.land.sun + (numbers[:, 0] - 0.5) * (0.05 + 0.2 * down), top + 0.008 + (foot - top - 0.03) * down], axis=1
    )
    ink: RGB = {"day": (255, 252, 232), "sunset": (255, 206, 140), "night": (206, 214, 232)}[site.spec.time]
    site.strew(_RIPPLE, spots, 0.008 + 0.022 * down * numbers[:, 2], blend(site.ink((90, 150, 180)), ink, 0.6))
    site.canvas.forget()


def waves(site: Site, top: float, foot: float, count: int) -> None:
    """Strokes that grow towards the reader."""
    numbers = site.pool.take(count * 3).reshape(count, 3)
    down = numbers[:, 1] ** 0.8
    spots = np.stack([numbers[:, 0] * 1.1 - 0.05, top + (foot - top) * down], axis=1)
    sizes = (0.012 + 0.05 * down) * (0.6 + 0.8 * numbers[:, 2])
    half = count // 2
    site.strew(_RIPPLE, spots[:half], sizes[:half], blend(site.ink((70, 140, 180)), site.light.sky[-1], 0.5))
    site.strew(_RIPPLE, spots[half:], sizes[half:], site.ink((52, 116, 158), 0.92))
    site.canvas.forget()


def _sand(site: Site, shore: float) -> None:
    """Wet sand, foam, dry sand and what lies on it."""
    chance = site.chance
    sand = vary(chance, (236, 208, 152), 0.05)
    if site.winter:
        sand = blend(sand, (214, 208, 200), 0.6)
    site.band(shore + 0.03, 1.0, (site.ink(sand, 1.0, 0.06), site.ink(sand), site.ink(sand, 0.9)), "sand")
    site.texture(shore + 0.03, 1.0, "sand", 16, coarse=32)
    x = np.arange(28) * (1.08 / 27) - 0.04
    curve = site.skyline(28, 0.4, "foam") * 0.035
    for lift, ink, region in (
        (0.036, site.ink(blend(sand, (150, 124, 90), 0.4)), "sand"),
        (0.016, site.ink((250, 252, 250)), "water"),
        (0.008, site.ink((150, 206, 206)), "water"),
    ):
        line = np.stack([x, shore + curve + lift], axis=1)
        site.canvas.area(np.concatenate([line, [(1.04, shore - 0.012), (-0.04, shore - 0.012)]]), ink)
        site.claim(region, shore - 0.03, shore + 0.1)
    _beach_things(site, shore + 0.08)
    if chance.coin(0.4):
        side = chance.pick((chance.real(-0.02, 0.12), chance.real(0.88, 1.02)))
        site.mark(plant(site, "palm", (side, shore + chance.real(0.06, 0.12)), chance.real(0.4, 0.6)), "tree")
    elif chance.coin(0.4):
        _parasol(site, (chance.real(0.1, 0.9), shore + chance.real(0.06, 0.1)), 0.2)


def _beach_things(site: Site, top: float) -> None:
    """Shells, pebbles, starfish, footprints, grass of the dunes."""
    numbers = site.pool.take(44 * 3).reshape(44, 3)
    depth = numbers[:, 1]
    spots = np.stack([numbers[:, 0], top + (1.0 - top) * depth], axis=1)
    sizes = (0.004 + 0.008 * depth) * (0.6 + 0.8 * numbers[:, 2])
    site.strew(disc(8) * (1.4, 0.7), spots[:24], sizes[:24], site.ink((206, 172, 118)))
    site.strew(disc(6) * (1.2, 0.9), spots[24:34], sizes[24:34] * 0.8, site.ink((250, 240, 226)))
    site.strew(_STARFISH, spots[34:37], sizes[34:37] * 2.2, site.ink((226, 116, 80)))
    if site.winter:
        site.strew(np.array([(-1, 0), (-0.5, 0.3), (0.3, 0.35), (1, 0)]), spots[37:], sizes[37:] * 6, site.ink((244, 246, 250)))
    site.canvas.forget()


def _parasol(site: Site, foot: tuple[float, float], size: float) -> None:
    """A sunshade in two colours."""
    colour = site.chance.pick(((214, 74, 66), (70, 130, 190), (240, 190, 70), (80, 160, 130)))
    site.stamp(_PARASOL, foot, size, [site.ink((236, 228, 214)), site.ink((250, 244, 232)), site.ink(colour)])
    site.claim("post", foot[1] - size * 1.1, foot[1] + 0.01)


_RIM = [(-0.5, 0.62), (-0.3, 0.57), (-0.1, 0.55), (0.1, 0.55), (0.3, 0.57), (0.5, 0.62)]
_PARASOL = Stamp.of(
    [
        (box(-0.015, 0, 0.015, 0.95), 0),
        ([*_RIM, (0.42, 0.82), (0.25, 0.93), (0.0, 0.98), (-0.25, 0.93), (-0.42, 0.82)], 1),
        *[([_RIM[left], _RIM[left + 1], (0.0, 0.98)], 2) for left in (0, 2, 4)],
    ]
)


@cache
def _star(points: int) -> Points:
    ring = disc(points * 2) * (1, 0.6)
    ring[1::2] *= 0.42
    return ring


_STARFISH: Points = _star(5)


def paint_lake(site: Site) -> None:
    chance, land = site.chance, site.land
    edge = land.eye
    paint_sky(site, edge + 0.01)
    if chance.coin(0.5):
        ranges(site, edge - 0.01)
    far_hills(site, 0.03, 0.13)
    tree_line(site, chance.real(0, 1), edge + 0.012, 10, ("pine", "broad", "bush"), spread=1.3, low=0.05, high=0.13)
    bank = site.ink(GRASS[site.spec.season], 0.9, 0.18)
    site.boxes([(-0.01, edge - 0.002, 1.01, edge + 0.016)], bank)
    site.claim(grass_name(site), edge - 0.02, edge + 0.03)
    shore = land.bands["water"][1] + 0.03
    _water(site, edge + 0.016, min(shore + 0.03, 1.0))
    _glitter(site, edge + 0.03, shore)
    waves(site, edge + 0.03, shore, 20)
    if shore < 0.98:
        _bank(site, shore)


def _water(site: Site, top: float, foot: float) -> None:
    """The lake: its own colour over the mirrored world above it."""
    canvas = site.canvas
    water = vary(site.chance, site.chance.pick(_SEAS))
    first = min(max(round(top * canvas.height), 1), canvas.height)
    mirrored = canvas.pixels[:first][::-1].copy()
    site.band(top, foot, (site.ink(water, 1.0, 0.2), site.ink(water, 0.94), site.ink(water, 0.84)), "water")
    last = min(round(foot * canvas.height), canvas.height)
    depth = min(last - first, len(mirrored))
    if depth > 0:
        share = (140 - np.arange(depth) * 140 // len(mirrored)).astype(np.uint16)[:, None, None]
        part = canvas.pixels[first : first + depth]
        soft = cv2.blur(mirrored[:depth], (1, 3))
        part[...] = (part * (256 - share) + soft * share) >> 8
    canvas.forget()


def _bank(site: Site, shore: float) -> None:
    """The near shore with reeds, pebbles and, perhaps, a jetty."""
    chance = site.chance
    x = np.arange(28) * (1.08 / 27) - 0.04
    curve = site.skyline(28, 0.5, "bank") * 0.04
    if chance.coin(0.5):
        _jetty(site, shore)
    meadow(site, shore + 0.03)
    mud = (206, 210, 214) if site.winter else (176, 150, 108)
    line = np.stack([x, shore + 0.035 - curve], axis=1)
    site.canvas.area(np.concatenate([line, [(1.04, shore + 0.06), (-0.04, shore + 0.06)]]), site.ink(mud))
    site.claim("sand", shore - 0.02, shore + 0.08)
    upper = np.stack([x, shore + 0.052 - curve * 0.8], axis=1)
    grass = GRASS[site.spec.season]
    site.canvas.area(np.concatenate([upper, [(1.04, shore + 0.07), (-0.04, shore + 0.07)]]), site.ink(grass, 1.02))
    site.claim(grass_name(site), shore - 0.02, shore + 0.1)
    for _ in range(1 + chance.below(3)):
        _reeds(site, (chance.real(0, 1), shore + 0.045))
    site.claim("grass", shore - 0.2, shore + 0.08)
    if chance.coin(0.45):
        side = chance.pick((chance.real(-0.05, 0.08), chance.real(0.92, 1.05)))
        sort = chance.pick(("broad", "pine"))
        site.mark(plant(site, sort, (side, shore + chance.real(0.06, 0.1)), chance.real(0.45, 0.65)), "tree")


def _reeds(site: Site, foot: tuple[float, float]) -> None:
    chance = site.chance
    green: RGB = (104, 140, 76) if site.spec.season in ("spring", "summer") else (176, 150, 96)
    site.stamp(
        _reed(chance.below(4)),
        foot,
        chance.real(0.09, 0.14),
        [site.ink(green, 0.8), site.ink(green, 1.05), site.ink((110, 74, 50))],
    )


@cache
def _reed(variant: int) -> Stamp:
    chance = Chance("reed", variant)
    layers: list[tuple[Points, int]] = []
    for number in range(11):
        x, lean, high = chance.real(-0.4, 0.4), chance.real(-0.2, 0.2), chance.real(0.5, 1.0)
        layers.append((stroke([(x, 0), (x + lean * 0.3, high * 0.5), (x + lean, high)], (0.035, 0.03, 0.004)), number % 2))
        if number % 3 == 0:
            layers.append((blob(chance, 8, 0.0) * (0.028, 0.11) + (x + lean * 0.85, high * 0.94), 2))
    return Stamp.of(layers)


def _jetty(site: Site, shore: float) -> None:
    """Planks out over the water."""
    x, wide = site.chance.real(0.1, 0.8), site.chance.real(0.06, 0.1)
    top, foot = shore - site.chance.real(0.08, 0.14), shore + 0.05
    wood: RGB = (168, 134, 98) if not site.winter else (206, 204, 202)
    lean = 0.04
    site.canvas.area([(x + lean, top), (x + lean + wide * 0.7, top), (x + wide, foot), (x, foot)], site.ink(wood))
    rows = top + (foot - top) * (np.arange(1, 8) / 8) ** 1.3
    share = (rows - top) / (foot - top)
    left, right = x + lean * (1 - share), x + lean + wide * 0.7 + (wide * 0.3 - lean) * share
    site.boxes(np.stack([left, rows - 0.001, right, rows + 0.001], axis=1), site.ink(wood, 0.78))
    posts = [
        (x + lean - 0.006, top - 0.02, x + lean + 0.006, top + 0.02),
        (x + lean + wide * 0.7 - 0.006, top - 0.02, x + lean + wide * 0.7 + 0.006, top + 0.02),
    ]
    site.boxes(posts, site.ink(wood, 0.66))
    site.claim("pavement", top - 0.04, foot + 0.02)
