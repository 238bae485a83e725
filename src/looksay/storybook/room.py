"""The room: wallpaper, floor, window, pictures, carpet and lamp."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from looksay.storybook.buildings import Wall
from looksay.storybook.canvas import Points
from looksay.storybook.country import GRASS
from looksay.storybook.forms import disc
from looksay.storybook.site import Site, blend, vary
from looksay.storybook.spec import RGB

_PAPERS: tuple[RGB, ...] = (
    (226, 204, 168), (176, 204, 196), (232, 192, 176), (186, 200, 222), (214, 214, 178), (206, 186, 206),
    (240, 226, 200), (150, 178, 172),
)  # fmt: skip
_WOODS: tuple[RGB, ...] = ((182, 130, 84), (150, 102, 66), (204, 160, 112), (128, 92, 70))
_TILES: tuple[tuple[RGB, RGB], ...] = (
    ((222, 212, 196), (196, 178, 160)),
    ((206, 216, 214), (160, 180, 184)),
    ((226, 186, 156), (206, 152, 124)),
)
_CLOTHS: tuple[RGB, ...] = ((190, 80, 72), (74, 112, 148), (220, 168, 84), (112, 144, 104), (160, 110, 150), (236, 224, 204))


def paint_room(site: Site) -> None:
    edge = site.land.edge
    paper = vary(site.chance, site.chance.pick(_PAPERS))
    _wallpaper(site, paper, edge)
    _floor(site, edge)
    trim: RGB = (244, 238, 226)
    site.boxes([(-0.01, edge - 0.026, 1.01, edge + 0.001)], site.ink(trim, 0.97))
    site.boxes([(-0.01, edge - 0.006, 1.01, edge + 0.004)], site.ink(trim, 0.74))
    site.claim("wall", edge - 0.05, edge + 0.02)
    window = _furnish(site, edge)
    if site.chance.coin(0.75):
        _carpet(site, edge)
    if window is not None and not site.night and site.light.weather in ("clear", "leaves", "petals"):
        _sunlight(site, window, edge)
    if site.chance.coin(0.7 if site.night else 0.4):
        _lamp(site)


def _wallpaper(site: Site, paper: RGB, edge: float) -> None:
    site.band(0, edge, (site.ink(paper, 1.02), site.ink(paper, 0.98), site.ink(paper, 0.9)), "wall")
    pattern, other = site.chance.below(5), site.ink(paper, site.chance.pick((0.93, 1.06)))
    if pattern == 0:
        x = np.arange(0.0, 1.02, 0.07)
        site.boxes(np.stack([x, x * 0 - 0.01, x + 0.034, x * 0 + edge], axis=1), other)
    elif pattern in (1, 2):
        form = disc(10) if pattern == 1 else _SPRIG
        rows = int(edge / 0.07) + 1
        x, y = np.meshgrid(np.arange(0.0, 1.05, 0.09), np.arange(rows) * 0.075 + 0.02)
        x = x + (np.arange(rows) % 2)[:, None] * 0.045
        spots = np.stack([x, y], axis=-1).reshape(-1, 2)
        site.strew(form, spots, np.full(len(spots), 0.011 if pattern == 1 else 0.02), other)
    if pattern == 3 or site.chance.coin(0.25):  # panelling below
        top = edge - 0.16
        wood = site.chance.pick(((240, 234, 220), (196, 160, 120), paper))
        site.boxes([(-0.01, top, 1.01, edge)], site.ink(wood, 0.94))
        site.boxes([(-0.01, top - 0.012, 1.01, top)], site.ink(wood, 1.04))
        x = np.arange(-0.02, 1.02, 0.12)
        site.boxes(np.stack([x + 0.015, x * 0 + top + 0.02, x + 0.105, x * 0 + edge - 0.04], axis=1), site.ink(wood, 0.88))
    site.canvas.forget()


_SPRIG: Points = np.array([(0, -1), (0.12, -0.1), (0.7, 0.3), (0.16, 0.3), (0, 1), (-0.16, 0.3), (-0.7, 0.3), (-0.12, -0.1)])


def _floor(site: Site, edge: float) -> None:
    chance, eye = site.chance, site.land.eye
    middle = chance.real(0.35, 0.65)
    spread = (1.0 - eye) / (edge - eye)
    if chance.coin(0.65):
        wood = vary(chance, chance.pick(_WOODS))
        site.band(edge, 1.0, (site.ink(wood, 0.86), site.ink(wood), site.ink(wood, 1.04)), "floor")
        site.texture(edge, 1.0, "wood", 12, squash=4)
        at = np.arange(-1.0, 2.0, 0.075)
        near = middle + (at - middle) * spread
        joints = np.stack(
            [
                np.stack([at, at * 0 + edge], 1),
                np.stack([at + 0.002, at * 0 + edge], 1),
                np.stack([near + 0.005, at * 0 + 1.0], 1),
                np.stack([near, at * 0 + 1.0], 1),
            ],
            axis=1,
        )
        seen = (joints[:, :, 0].max(axis=1) > -0.05) & (joints[:, :, 0].min(axis=1) < 1.05)
        site.canvas.many(site.canvas.share(joints[seen].reshape(-1, 2)).reshape(-1, 4, 2), site.ink(wood, 0.8))
    else:
        light, dark = chance.pick(_TILES)
        site.band(edge, 1.0, (site.ink(light, 0.9), site.ink(light), site.ink(light, 1.02)), "floor")
        rows = eye + (edge - eye) / (1 - (1 - 1 / spread) * np.arange(7) / 6)
        at = np.arange(-1.2, 2.2, 0.12)
        quads = []
        for row in range(6):
            grow = (rows[row : row + 2] - eye) / (edge - eye)
            left = at[row % 2 :: 2]
            top, low = middle + (left - middle) * grow[0], middle + (left - middle) * grow[1]
            wide = 0.12 * grow
            quads.append(
                np.stack(
                    [
                        np.stack([top, top * 0 + rows[row]], 1),
                        np.stack([top + wide[0], top * 0 + rows[row]], 1),
                        np.stack([low + wide[1], low * 0 + rows[row + 1]], 1),
                        np.stack([low, low * 0 + rows[row + 1]], 1),
                    ],
                    axis=1,
                )
            )
        tiles = np.concatenate(quads)
        seen = (tiles[:, :, 0].max(axis=1) > 0) & (tiles[:, :, 0].min(axis=1) < 1)
        site.canvas.many(site.canvas.share(tiles[seen].reshape(-1, 2)).reshape(-1, 4, 2), site.ink(dark))
    site.canvas.forget()


def _furnish(site: Site, edge: float) -> float | None:
    """A window and pictures, side by side on the wall; answers where the window is."""
    chance = site.chance
    places = chance.sample((0.17, 0.5, 0.83), 3)
    window = places[0] + chance.real(-0.04, 0.04) if chance.coin(0.8) else None
    if window is not None:
        _window(site, window, edge)
    for x in places[1 : 1 + chance.below(3)]:
        if chance.coin(0.7):
            _picture(site, x + chance.real(-0.05, 0.05), edge)
        else:
            _shelf(site, x, edge)
    return window


def _sunlight(site: Site, x: float, edge: float) -> None:
    """The light that falls through the window on the floor: two panes, aslant."""
    canvas = site.canvas
    top = round(edge * canvas.height)
    factor = np.full((canvas.height - top, canvas.width), 128, np.uint8)
    lean = 0.22 if site.land.sun < 0.5 else -0.22
    near, far = edge + (1 - edge) * 0.62, edge + (1 - edge) * 0.12
    for left, right in ((-0.12, -0.01), (0.01, 0.12)):
        pane = [
            (x + left + lean * 0.2, far),
            (x + right + lean * 0.2, far),
            (x + right * 1.4 + lean, near),
            (x + left * 1.4 + lean, near),
        ]
        cv2.fillConvexPoly(factor, canvas.share(pane) - np.array((0, top * 16), np.int32), 154, cv2.LINE_8, 4)
    wide = max(canvas.height // 48, 1) | 1
    canvas.tone((0, top, canvas.width, canvas.height), cv2.blur(factor, (wide, wide)))


def _window(site: Site, x: float, edge: float) -> None:
    chance = site.chance
    wide, high = chance.real(0.11, 0.16) * site.aspect, chance.real(0.28, 0.38)
    top = chance.real(0.06, 0.12)
    foot = min(top + high, edge - 0.14)
    frame: RGB = chance.pick(((246, 242, 232), (140, 100, 70), (246, 242, 232)))
    site.boxes([(x - wide - 0.015, top - 0.015, x + wide + 0.015, foot + 0.015)], site.ink(frame))
    _view(site, Wall(x - wide, x + wide, top, foot))
    bar = 0.006 * site.aspect
    site.boxes([(x - bar, top, x + bar, foot)], site.ink(frame, 0.96))
    site.boxes([(x - wide, top + (foot - top) * 0.4, x + wide, top + (foot - top) * 0.4 + 0.01)], site.ink(frame, 0.96))
    site.boxes([(x - wide - 0.03, foot + 0.012, x + wide + 0.03, foot + 0.03)], site.ink(frame, 0.9))
    site.claim("window", top - 0.05, foot + 0.05)
    if chance.coin(0.75):
        cloth = vary(chance, chance.pick(_CLOTHS))
        rod = top - 0.035
        for side in (-1, 1):
            outer, inner = x + side * (wide + 0.05), x + side * wide * chance.real(0.4, 0.6)
            waist, low = x + side * wide * 0.86, foot + 0.1
            drape = [
                (outer, rod),
                (inner, rod),
                (inner, top + 0.06),
                (waist, foot - 0.06),
                (waist - side * 0.01, low),
                (outer, low),
            ]
            site.canvas.area(drape, site.ink(cloth))
            for share in (0.3, 0.65):
                fold = outer + (waist - outer) * share
                high_end = outer + (inner - outer) * share
                site.canvas.area(
                    [(high_end, rod), (high_end + 0.008, rod), (fold + 0.006, low), (fold, low)], site.ink(cloth, 0.84)
                )
        site.boxes([(x - wide - 0.08, rod - 0.01, x + wide + 0.08, rod + 0.004)], site.ink((110, 84, 62)))
        site.claim("wall", rod - 0.03, foot + 0.12)


def _view(site: Site, wall: Wall) -> None:
    """What is seen through the window."""
    sky = site.light.sky
    canvas = site.canvas
    steps = 5
    for step in range(steps):
        top = wall.top + (wall.foot - wall.top) * step / steps
        ink = blend(sky[0], sky[-1], step / (steps - 1))
        site.boxes([(wall.left, top, wall.right, wall.foot)], ink)
    tint = 0.42 if site.night else 0.9
    green = tuple(round(part * tint) for part in GRASS[site.spec.season])
    middle = (wall.left + wall.right) / 2
    low = wall.foot - (wall.foot - wall.top) * 0.2
    hill = [(wall.left, low), (middle, low - 0.03), (wall.right, low + 0.01), (wall.right, wall.foot), (wall.left, wall.foot)]
    canvas.area(hill, (green[0], green[1], green[2]))
    if site.night:
        spots = np.stack(
            [
                wall.left + (wall.right - wall.left) * site.pool.take(9),
                wall.top + (low - wall.top) * 0.8 * site.pool.take(9),
            ],
            axis=1,
        )
        site.strew(disc(6), spots, np.full(9, 0.0025), (236, 236, 214))
        site.strew(
            disc(20),
            np.array([(wall.left + (wall.right - wall.left) * 0.72, wall.top + 0.06)]),
            np.array([0.024]),
            (240, 238, 214),
        )
    else:
        crown = (wall.left + (wall.right - wall.left) * 0.25, low - 0.035)
        leaf = (226, 232, 238) if site.winter else blend(GRASS[site.spec.season], (60, 100, 60), 0.4)
        site.boxes([(crown[0] - 0.006, crown[1], crown[0] + 0.006, low + 0.01)], site.ink((110, 80, 60)))
        site.strew(disc(16), np.array([crown]), np.array([0.045]), site.ink(leaf))


def _picture(site: Site, x: float, edge: float) -> None:
    """A framed painting: a landscape, a still sun, or stripes."""
    chance = site.chance
    half, high = chance.real(0.05, 0.09) * site.aspect, chance.real(0.1, 0.18)
    top = chance.real(0.1, max(edge - 0.24 - high, 0.12))
    frame = chance.pick(((150, 106, 66), (60, 56, 60), (206, 168, 92), (240, 236, 226)))
    site.boxes([(x - half + 0.006, top + 0.008, x + half + 0.01, top + high + 0.012)], site.ink((110, 96, 90)))
    site.boxes([(x - half, top, x + half, top + high)], site.ink(frame))
    inset = (x - half * 0.84, top + high * 0.12, x + half * 0.84, top + high * 0.88)
    sky, land = chance.pick(_CLOTHS), chance.pick(_CLOTHS)
    site.boxes([inset], site.ink(blend(sky, (255, 255, 255), 0.45)))
    low = inset[3] - (inset[3] - inset[1]) * chance.real(0.25, 0.5)
    site.canvas.area(
        [(inset[0], low), (x, low - high * chance.real(-0.1, 0.2)), (inset[2], low), (inset[2], inset[3]), (inset[0], inset[3])],
        site.ink(land, 0.9),
    )
    site.strew(disc(14), np.array([(x + half * 0.4, inset[1] + high * 0.2)]), np.array([high * 0.09]), site.ink((246, 214, 130)))
    site.claim("wall", top - 0.02, top + high + 0.03)


def _shelf(site: Site, x: float, edge: float) -> None:
    """A board with books."""
    chance = site.chance
    y, wide = chance.real(0.22, max(edge - 0.22, 0.24)), 0.11 * site.aspect
    wood = chance.pick(_WOODS)
    book = x - wide * 0.9
    while book < x + wide * 0.8:
        thick, high = chance.real(0.008, 0.018) * site.aspect, chance.real(0.045, 0.075)
        site.boxes([(book, y - high, book + thick, y)], site.ink(vary(chance, chance.pick(_CLOTHS)), 0.9))
        book += thick + 0.001 + (0.02 if chance.coin(0.12) else 0.0)
    site.boxes([(x - wide, y, x + wide, y + 0.014)], site.ink(wood))
    site.boxes([(x - wide, y + 0.01, x + wide, y + 0.014)], site.ink(wood, 0.75))
    site.claim("wall", y - 0.1, y + 0.03)


def _carpet(site: Site, edge: float) -> None:
    chance = site.chance
    x, y = chance.real(0.32, 0.68), edge + (1 - edge) * chance.real(0.45, 0.7)
    wide, high = chance.real(0.26, 0.44), (1 - edge) * chance.real(0.22, 0.36)
    cloth, other = chance.sample(_CLOTHS, 2)
    if chance.coin(0.55):
        for grow, ink in ((1.0, cloth), (0.88, blend(cloth, (250, 240, 220), 0.7)), (0.82, cloth), (0.5, other), (0.42, cloth)):
            site.canvas.area(_ring() * (wide * grow, high * grow) + (x, y), site.ink(ink, 0.92))
    else:
        lean = 0.12 * wide
        for grow, ink in ((1.0, cloth), (0.86, other), (0.78, cloth), (0.4, other), (0.3, cloth)):
            w, h, slope = wide * grow, high * grow, lean * grow
            site.canvas.area(
                [(x - w + slope, y - h), (x + w - slope, y - h), (x + w + slope, y + h), (x - w - slope, y + h)],
                site.ink(ink, 0.92),
            )
    site.claim("floor", edge - 0.01)


@cache
def _ring() -> Points:
    return disc(36)


def _lamp(site: Site) -> None:
    """It hangs from the ceiling and is lit at night."""
    chance = site.chance
    x, foot = chance.real(0.25, 0.75), chance.real(0.12, 0.2)
    shade = vary(chance, chance.pick(_CLOTHS))
    site.boxes([(x - 0.002, -0.01, x + 0.002, foot - 0.05)], site.ink((70, 62, 58)))
    at, size = np.array([(x, foot)]), np.array([0.075])
    site.strew(disc(14) * 0.3, at, size, (255, 240, 196) if site.night else site.ink((246, 240, 226)))
    site.strew(
        np.array([(-1, 0), (1, 0), (0.42, 0.8), (-0.42, 0.8)]), at, size, (255, 206, 130) if site.night else site.ink(shade)
    )
    site.claim("wall", -0.01, foot + 0.04)
    if site.night:
        site.glow((x, foot + 0.03), 0.5, (255, 196, 110), 0.36)
        site.canvas.forget()
