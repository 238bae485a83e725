"""Out of town: farm, park and mountain, and the meadows that they share."""

from __future__ import annotations

from functools import cache

import numpy as np

from looksay.storybook.buildings import farmhouse, skyline
from looksay.storybook.canvas import Points, Stamp
from looksay.storybook.chance import Chance
from looksay.storybook.forms import blob, box, disc, moved, stroke
from looksay.storybook.site import Site, blend, vary
from looksay.storybook.sky import paint_sky
from looksay.storybook.spec import RGB
from looksay.storybook.trees import plant

GRASS: dict[str, RGB] = {"spring": (134, 188, 92), "summer": (106, 164, 78), "autumn": (170, 156, 84), "winter": (232, 238, 244)}
_CROPS: dict[str, tuple[RGB, ...]] = {
    "spring": ((158, 196, 96), (196, 206, 96), (150, 120, 88), (236, 212, 84)),
    "summer": ((228, 196, 98), (170, 184, 84), (206, 172, 80), (124, 170, 84)),
    "autumn": ((176, 130, 82), (196, 160, 92), (150, 112, 78), (214, 176, 96)),
    "winter": ((222, 230, 238), (208, 220, 232), (236, 240, 246), (214, 222, 230)),
}
_TUFT = np.array([(-0.5, 0), (-0.62, 0.8), (-0.2, 0.25), (0.0, 1.0), (0.2, 0.25), (0.6, 0.85), (0.5, 0)])
_PETALS: tuple[RGB, ...] = ((246, 240, 240), (240, 196, 70), (222, 92, 96), (170, 130, 206), (238, 150, 180))


def grass_name(site: Site) -> str:
    return "snow" if site.winter else "grass"


def paint_farm(site: Site) -> None:
    chance, land = site.chance, site.land
    paint_sky(site, land.edge + 0.02)
    far_hills(site, 0.05, 0.12)
    for row in range(2 + chance.below(2)):
        _crop(site, row)
    _meadow_rise(site, land.edge + 0.035)
    right = chance.coin()
    x = chance.real(0.66, 0.9) if right else chance.real(0.1, 0.34)
    tree_line(site, chance.real(0.0, 1.0), land.edge + 0.02, 3, ("broad", "poplar"))
    farmhouse(site, (x, land.edge + 0.04), chance.real(0.2, 0.27))
    for _ in range(1 + chance.below(2)):
        spot = (x + chance.real(-0.26, 0.26), land.edge + 0.05)
        site.mark(plant(site, "broad", spot, chance.real(0.16, 0.26), 0.06), "tree")
    meadow(site, land.edge + 0.045)
    if chance.coin(0.75):
        fence(site, land.edge + chance.real(0.075, 0.11))
    if site.spec.season in ("summer", "autumn") and chance.coin(0.6):
        _bales(site)


def paint_park(site: Site) -> None:
    chance, land = site.chance, site.land
    paint_sky(site, land.edge + 0.02)
    if chance.coin(0.6):
        skyline(site, land.edge + 0.01, 0.1, 0.2)
    else:
        far_hills(site, 0.03, 0.1)
    tree_line(site, 0.5, land.edge + 0.02, 9, ("broad", "bush", "poplar"), spread=1.2, low=0.1, high=0.2)
    meadow(site, land.edge + 0.005)
    if chance.coin(0.75):
        _path(site)
    if chance.coin(0.4):
        pond(site)
    for side in chance.sample((0, 1), 1 + chance.below(2)):
        spot = (chance.real(-0.03, 0.22) if side else chance.real(0.78, 1.03), land.edge + chance.real(0.05, 0.1))
        site.mark(plant(site, "broad", spot, chance.real(0.42, 0.62)), "tree")
    for _ in range(chance.below(4)):
        site.mark(plant(site, "bush", (chance.real(0, 1), land.edge + chance.real(0.03, 0.06)), chance.real(0.05, 0.08)), "tree")
    if chance.coin(0.6):
        x = chance.real(0.08, 0.92)
        lamp_post(site, x, land.edge + 0.1, 0.36)
        if chance.coin(0.5):
            lamp_post(site, x + chance.pick((-0.3, 0.3)), land.edge + 0.05, 0.24)
    if site.spec.season in ("spring", "summer") and chance.coin(0.5):
        _bed(site)


def paint_mountain(site: Site) -> None:
    chance, land = site.chance, site.land
    paint_sky(site, land.edge + 0.02)
    ranges(site, land.edge)
    site.hill("alm", land.edge + 0.01, 0.09, site.ink(_wood(site), 1.0, 0.25), rough=0.8)
    site.claim(grass_name(site), land.edge - 0.1)
    tree_line(site, chance.real(0, 1), land.edge + 0.02, 9, ("pine",), spread=1.1, low=0.09, high=0.19)
    meadow(site, land.edge + 0.02)
    if chance.coin(0.4):
        pond(site)
    if chance.coin(0.5):
        farmhouse(site, (chance.real(0.12, 0.88), land.edge + 0.06), chance.real(0.12, 0.17), hut=True)
    for _ in range(chance.below(4)):
        spot = (chance.pick((chance.real(-0.02, 0.2), chance.real(0.8, 1.02))), land.edge + chance.real(0.04, 0.1))
        site.mark(plant(site, "pine", spot, chance.real(0.24, 0.46)), "tree")
    _rocks(site, land.edge + 0.05)


def _wood(site: Site) -> RGB:
    return (196, 208, 220) if site.winter else blend(GRASS[site.spec.season], (60, 100, 80), 0.5)


def far_hills(site: Site, base: float, rise: float) -> None:
    """Two skylines that fade into the haze."""
    edge = site.land.edge
    near = blend(GRASS[site.spec.season], (96, 130, 120), 0.45)
    site.hill(
        "far", edge - base * 0.5, rise, site.ink(blend(near, (120, 140, 170), 0.5), 1.0, 0.62), rough=0.35, foot=edge + 0.05
    )
    site.claim("mountain", edge - base - rise - 0.05, edge + 0.1)
    site.hill("near", edge + 0.01, rise * 0.7, site.ink(near, 1.0, 0.38), rough=0.3, foot=edge + 0.06)
    site.claim(grass_name(site), edge - rise - 0.05, edge + 0.1)


def _crop(site: Site, row: int) -> None:
    """A rolling field with its furrows."""
    chance, edge = site.chance, site.land.edge
    colour = vary(chance, chance.pick(_CROPS[site.spec.season]))
    base, haze = edge - 0.03 + 0.03 * row, 0.26 - 0.08 * row
    site.hill(f"crop {row}", base, 0.07, site.ink(colour, 1.0, haze), rough=0.25, foot=edge + 0.12)
    x = np.arange(28) * (1.08 / 27) - 0.04
    line = base - site.skyline(28, 0.25, f"crop {row}") * 0.07
    ink = site.ink(colour, 0.9, haze)
    for step in range(1, 4):
        furrow = np.stack([x, line + 0.013 * step], axis=1)
        site.canvas.area(np.concatenate([furrow, moved(furrow[::-1], 0, 0.004)]), ink)
    site.claim("snow" if site.winter else "field", edge - 0.15, edge + 0.14)


def _meadow_rise(site: Site, base: float) -> None:
    site.hill("rise", base, 0.03, site.ink(GRASS[site.spec.season], 1.0, 0.14), rough=0.2, foot=base + 0.03)
    site.claim(grass_name(site), base - 0.06, base + 0.06)


def meadow(site: Site, top: float, foot: float = 1.0) -> None:
    """Grass, or snow, from `top` down, with tufts, flowers and leaves."""
    season, chance = site.spec.season, site.chance
    colour = vary(chance, GRASS[season], 0.05)
    near = blend(colour, (40, 90, 60) if season != "winter" else (168, 186, 214), 0.24)
    site.band(top, foot, (site.ink(colour, 1.04, 0.12), site.ink(colour), site.ink(near)), grass_name(site))
    site.texture(top, foot, "meadow", 12 if season == "winter" else 26)
    scatter(site, top, foot)


def scatter(site: Site, top: float, foot: float) -> None:
    """Small things on the ground, larger towards the reader."""
    season = site.spec.season
    numbers = site.pool.take(70 * 3).reshape(70, 3)
    depth = numbers[:, 1] ** 0.8
    spots = np.stack([numbers[:, 0], top + 0.01 + (foot - top) * depth], axis=1)
    sizes = (0.006 + 0.018 * depth) * (0.7 + 0.6 * numbers[:, 2])
    grass = GRASS[season]
    if season == "winter":
        site.strew(np.array([(-1, 0), (-0.5, 0.35), (0.3, 0.4), (1, 0)]), spots[:22], sizes[:22] * 1.6, site.ink((250, 252, 254)))
        site.strew(_TUFT, spots[22:32], sizes[22:32], site.ink((168, 160, 140)))
        site.canvas.forget()
        return
    site.strew(_TUFT, spots[:26], sizes[:26], site.ink(grass, 0.8))
    site.strew(_TUFT, spots[26:40], sizes[26:40], site.ink(grass, 1.14))
    if season == "autumn":
        leaf = np.array([(-1, 0), (0, 0.45), (1, 0.1), (0.1, -0.4)])
        for start, ink in ((40, (214, 120, 48)), (50, (190, 82, 46)), (60, (232, 182, 70))):
            site.strew(leaf, spots[start : start + 10], sizes[start : start + 10] * 0.6, site.ink(ink))
    else:
        few = 10 if season == "summer" else 15
        petals = [site.chance.pick(_PETALS) for _ in range(2)]
        for start, ink in zip((40, 55), petals, strict=True):
            site.strew(disc(6), spots[start : start + few], sizes[start : start + few] * 0.32, site.ink(ink))
    site.canvas.forget()


def tree_line(
    site: Site,
    middle: float,
    foot: float,
    count: int,
    sorts: tuple[str, ...],
    *,
    spread: float = 0.5,
    low: float = 0.08,
    high: float = 0.16,
) -> None:
    """Trees side by side in the distance."""
    chance = site.chance
    for place in range(count):
        x = middle + spread * ((place + chance.real(0.1, 0.9)) / count - 0.5)
        sort = chance.pick(sorts)
        size = chance.real(low, high) * (0.5 if sort == "bush" else 1.0)
        plant(site, sort, (x, foot + chance.real(-0.008, 0.012)), size, 0.2)
    site.claim("tree", foot - high - 0.03, foot + 0.03)


def fence(site: Site, foot: float) -> None:
    """Posts and two rails from edge to edge."""
    high = site.land.metre(foot) * 1.0
    wood = vary(site.chance, site.chance.pick(((150, 112, 76), (214, 206, 194), (128, 104, 84))))
    start, step = site.chance.real(-0.1, 0.0), high * 1.7 * site.aspect
    posts = start + step * np.arange(int(1.2 / step) + 1)
    for share in (0.42, 0.8):
        y = foot - high * share
        site.canvas.area([(-0.02, y), (1.02, y), (1.02, y + high * 0.12), (-0.02, y + high * 0.12)], site.ink(wood, 0.9))
    wide = high * 0.07 * site.aspect
    site.boxes(np.stack([posts - wide, posts * 0 + foot - high, posts + wide, posts * 0 + foot], axis=1), site.ink(wood))
    if site.winter:
        caps = np.stack(
            [posts - wide * 1.3, posts * 0 + foot - high * 1.06, posts + wide * 1.3, posts * 0 + foot - high * 0.97], axis=1
        )
        site.boxes(caps, site.ink((240, 244, 250)))
    site.claim("fence", foot - high * 1.2, foot + 0.01)


def _bales(site: Site) -> None:
    straw = (222, 186, 96)
    palette = [site.ink(straw, shade) for shade in (0.8, 1.0, 0.88, 0.76)]
    for _ in range(1 + site.chance.below(3)):
        foot = site.land.edge + site.chance.real(0.06, 0.14)
        site.stamp(_BALE, (site.chance.real(0.05, 0.95), foot), site.land.metre(foot) * 0.5, palette)
    site.claim("field", site.land.edge - 0.05, site.land.edge + 0.2)


_BALE = Stamp.of(
    [
        (moved(disc(20) * (1.1, 1), 0.35, 1), 0),
        (moved(disc(20), 0, 1), 1),
        (moved(disc(16) * 0.62, 0, 1), 2),
        (moved(disc(12) * 0.28, 0, 1), 3),
    ]
)


def _path(site: Site) -> None:
    """Winds from the foot of the page to the horizon."""
    chance, top = site.chance, site.land.edge + 0.02
    x, goal, bend = chance.real(0.2, 0.8), chance.real(0.3, 0.7), chance.real(-0.5, 0.5)
    steps = np.arange(13) / 12
    near = steps**1.7
    y = top + (1.02 - top) * near
    middle = goal + (x - goal) * steps + bend * steps * (1 - steps) * (1 - steps) * 1.6
    half = 0.012 + 0.14 * near
    sand = (214, 196, 160) if not site.winter else (206, 206, 206)
    edge = np.concatenate([np.stack([middle - half, y], 1), np.stack([middle + half, y], 1)[::-1]])
    site.canvas.area(edge, site.ink(sand, 0.86))
    inner = np.concatenate([np.stack([middle - half * 0.9, y], 1), np.stack([middle + half * 0.9, y], 1)[::-1]])
    site.canvas.area(inner, site.ink(sand))
    site.claim("pavement", top - 0.02)


def pond(site: Site) -> None:
    chance, edge = site.chance, site.land.edge
    y, x = edge + chance.real(0.07, 0.14), chance.real(0.15, 0.85)
    wide, high = chance.real(0.14, 0.26), chance.real(0.022, 0.04)
    ring = blob(chance, 18, 0.12)
    sky = blend(site.light.sky[-1], site.light.sky[0], 0.5)
    bank = (190, 200, 214) if site.winter else blend(GRASS[site.spec.season], (90, 80, 50), 0.35)
    site.canvas.area(ring * (wide * 1.06, high * 1.2) + (x, y), site.ink(bank))
    site.mark(site.canvas.area(ring * (wide, high) + (x, y), blend(sky, site.ink((70, 120, 150)), 0.4)), "water")
    glint = np.array([(-1, 0), (0, 0.12), (1, 0), (0, -0.12)])
    spots = np.stack([x + wide * (site.pool.take(6) - 0.5), y + high * (site.pool.take(6) - 0.5)], axis=1)
    site.strew(glint, spots, 0.012 + 0.02 * site.pool.take(6), blend(sky, (255, 255, 255), 0.4))
    site.canvas.forget()


def lamp_post(site: Site, x: float, foot: float, high: float) -> None:
    """An old street lamp; lit at night."""
    iron = site.ink((56, 60, 70))
    site.mark(
        site.stamp(_LAMP, (x, foot), high, (iron, site.lamp((255, 226, 150)) if site.night else site.ink((226, 232, 226)))),
        "post",
    )
    if site.night:
        site.glow((x, foot - high * 0.88), high * 0.75, (255, 206, 120), 0.5)
        site.canvas.forget()


_LAMP = Stamp.of(
    [
        (box(-0.014, 0, 0.014, 0.84), 0),
        (box(-0.04, 0, 0.04, 0.05), 0),
        (box(-0.05, 0.8, 0.05, 0.82), 0),
        ([(-0.065, 0.95), (0.065, 0.95), (0.02, 1.0), (-0.02, 1.0)], 0),
        ([(-0.035, 0.83), (0.035, 0.83), (0.055, 0.95), (-0.055, 0.95)], 1),
    ]
)


def _bed(site: Site) -> None:
    """A bed of flowers."""
    chance, edge = site.chance, site.land.edge
    x, y, wide = chance.real(0.1, 0.9), edge + chance.real(0.08, 0.16), chance.real(0.1, 0.18)
    site.mark(site.canvas.area(blob(chance, 16, 0.06) * (wide, 0.024) + (x, y), site.ink((104, 84, 62))), "field")
    numbers = site.pool.take(40 * 2).reshape(40, 2) * 2 - 1
    spots = numbers * (wide * 0.86, 0.018) + (x, y - 0.008)
    site.strew(_TUFT, spots, np.full(40, 0.02), site.ink((86, 140, 76)))
    for place, ink in enumerate(chance.sample(_PETALS, 3)):
        site.strew(disc(6), spots[place::3] - (0, 0.012), np.full(len(spots[place::3]), 0.0075), site.ink(ink))
    site.claim("grass", y - 0.08, y + 0.06)


def _rocks(site: Site, top: float) -> None:
    chance = site.chance
    for _ in range(2 + chance.below(4)):
        y = top + chance.real(0, 0.3) ** 1.5
        site.strew(
            _rock(chance.below(6)),
            np.array([(chance.real(0, 1), y)]),
            np.array([chance.real(0.012, 0.03)]),
            site.ink((150, 150, 154)),
        )
    site.claim("mountain", top - 0.05)


@cache
def _rock(variant: int) -> Points:
    chance = Chance("rock", variant)
    ring = blob(chance, 8, 0.2) * (1.3, 1.0)
    return np.stack([ring[:, 0], np.maximum(ring[:, 1], 0.0)], axis=1)


def ranges(site: Site, foot: float) -> None:
    """Three ranges of peaks, each peak with a lit and a shaded flank and a cap of snow."""
    chance = site.chance
    stone = vary(chance, (128, 132, 150))
    lit_left = site.land.sun < 0.5
    for depth, (count, high, haze) in enumerate(((4, 0.30, 0.55), (4, 0.25, 0.36), (5, 0.15, 0.2))):
        palette = [site.ink(stone, shade, haze) for shade in (1.08, 0.8, 0.7)]
        snow = [site.ink((244, 246, 250), 1.0, haze * 0.7), site.ink((206, 214, 232), 1.0, haze * 0.7)]
        palette += snow if depth < 2 or site.winter else palette[:2]
        for place in chance.sample(range(count), count):
            x = (place + chance.real(0.15, 0.85)) / count * 1.2 - 0.1
            peak = _peak(chance.below(8), site.winter)
            site.stamp(peak, (x, foot + 0.02), high * chance.real(0.7, 1.15), palette, flip=not lit_left)
    site.claim("mountain", -0.1, foot + 0.1)


@cache
def _peak(variant: int, winter: bool) -> Stamp:
    """A mountain, lit from the left. Paints: lit, shaded, cracks, lit snow, shaded snow."""
    chance = Chance("peak", variant)
    half = chance.real(0.75, 1.1)
    left = [(-half * (1 - s) + chance.real(-0.06, 0.06), s) for s in (0.0, 0.3, 0.55, 0.8)]
    right = [(half * (1 - s) + chance.real(-0.06, 0.06), s) for s in (0.8, 0.55, 0.3, 0.0)]
    top = (chance.real(-0.03, 0.03), 1.0)
    spine = [(chance.real(-0.1, 0.1) * half, s) for s in (0.75, 0.5, 0.25)] + [(chance.real(-0.2, 0.2) * half, 0.0)]
    layers: list[tuple[list[tuple[float, float]] | Points, int]] = [([*left, top, *right], 0), ([top, *right, *spine[::-1]], 1)]
    for _ in range(3):
        s, x = chance.real(0.15, 0.5), chance.real(-0.5, 0.5) * half
        layers.append((stroke([(x * (1 - s), s), (x * (1 - s) + 0.05, s - 0.1)], (0.012, 0.03)), 2))
    low = 0.4 if winter else 0.58
    wide = half * (1 - low) * 0.96
    jag = [
        (wide * x, low + y) for x, y in ((1, 0), (0.55, 0.09), (0.3, -0.03), (-0.1, 0.1), (-0.5, -0.02), (-0.7, 0.06), (-1, 0))
    ]
    layers += [([top, *jag], 3), ([top, *jag[:4], spine[0]], 4)]
    return Stamp.of(layers)
