"""The street and the station."""

from __future__ import annotations

import numpy as np

from looksay.storybook.buildings import Wall, front, skyline, windows
from looksay.storybook.country import far_hills, lamp_post, meadow, tree_line
from looksay.storybook.forms import disc
from looksay.storybook.site import Site, blend, vary
from looksay.storybook.sky import paint_sky
from looksay.storybook.spec import RGB
from looksay.storybook.trees import plant

_STONES: tuple[RGB, ...] = ((176, 168, 158), (164, 162, 164), (190, 174, 150))


def paint_street(site: Site) -> None:
    chance, land = site.chance, site.land
    paint_sky(site, land.edge)
    if chance.coin(0.5):
        skyline(site, land.edge, 0.2, 0.42)
    _row(site)
    far, near = land.bands["far"], land.bands["ground"]
    stone = vary(chance, chance.pick(_STONES))
    snow: RGB = (232, 236, 242)
    if site.winter:
        stone = blend(stone, snow, 0.6)
    site.band(far[0], far[1], (site.ink(stone, 0.92, 0.08), site.ink(stone)), "pavement")
    kerb = far[1] + 0.012
    site.band(far[1], kerb, (site.ink(stone, 1.14), site.ink(stone, 0.78)), "pavement")
    foot = near[0] - 0.03
    tar = vary(chance, chance.pick(((112, 112, 120), (98, 100, 110), (130, 124, 122))))
    site.band(kerb, foot, (site.ink(tar, 0.9, 0.05), site.ink(tar), site.ink(tar, 0.92)), "road")
    site.texture(kerb, foot, "tar", 14, squash=5)
    _markings(site, kerb, foot)
    site.band(foot, foot + 0.018, (site.ink(stone, 0.82), site.ink(stone, 1.16)), "pavement")
    site.band(foot + 0.018, 1.0, (site.ink(stone, 1.02), site.ink(stone, 0.92)), "pavement")
    _slabs(site, foot + 0.018, 1.0, stone)
    if site.winter:
        site.hill("drift", kerb + 0.006, 0.012, site.ink(snow), foot=kerb + 0.008)
        site.claim("snow", kerb - 0.03, kerb + 0.03)
    for _ in range(chance.below(4)):
        x = chance.real(0, 1)
        if chance.coin(0.55):
            site.mark(plant(site, "broad", (x, far[1] - 0.008), chance.real(0.24, 0.36)), "tree")
        else:
            lamp_post(site, x, far[1] - 0.006, chance.real(0.26, 0.32))


def _row(site: Site) -> None:
    """House beside house, with a gap now and then."""
    chance, foot = site.chance, site.land.edge + 0.002
    x = chance.real(-0.16, -0.02)
    while x < 1.02:
        wide = chance.real(0.14, 0.27) * min(site.aspect, 1.2)
        if chance.coin(0.12):
            site.mark(plant(site, "broad", (x + 0.05, foot), chance.real(0.18, 0.26), 0.1), "tree")
            x += 0.1
            continue
        front(site, Wall(x, x + wide, foot - chance.real(0.2, 0.42), foot), chance.coin(0.4))
        x += wide + 0.004
    site.claim("building", -0.1, foot)


def _markings(site: Site, top: float, foot: float) -> None:
    """Dashes along the middle, perhaps a crossing, perhaps a lid."""
    chance, middle = site.chance, (top + foot) / 2
    paint = site.ink((226, 222, 206) if chance.coin(0.75) else (232, 200, 90))
    start = chance.real(-0.2, 0.0)
    at = np.arange(start, 1.1, 0.17)
    lean = 0.02
    dashes = np.stack(
        [
            np.stack([at, at * 0 + middle + 0.006], 1),
            np.stack([at + lean * 0.4, at * 0 + middle - 0.006], 1),
            np.stack([at + 0.09, at * 0 + middle - 0.006], 1),
            np.stack([at + 0.09 - lean * 0.4, at * 0 + middle + 0.006], 1),
        ],
        axis=1,
    )
    site.canvas.many(site.canvas.share(dashes.reshape(-1, 2)).reshape(-1, 4, 2), paint)
    if chance.coin(0.3):
        x, wide = chance.real(0.1, 0.7), 0.24
        spread = (foot - top) * 0.35
        bars = []
        for number in range(6):
            left = x + wide * number / 6
            bars.append(
                [
                    (left, top + 0.012),
                    (left + 0.02, top + 0.012),
                    (left + 0.02 - spread, foot - 0.015),
                    (left - 0.008 - spread, foot - 0.015),
                ]
            )
        site.canvas.many(site.canvas.share(np.array(bars).reshape(-1, 2)).reshape(-1, 4, 2), site.ink((216, 214, 204)))
    if chance.coin(0.4):
        spot = np.array([(chance.real(0.1, 0.9), foot - chance.real(0.05, 0.1))])
        site.strew(disc(20) * (1, 0.36), spot, np.array([0.03]), site.ink((78, 78, 86)))
        site.strew(disc(20) * (0.8, 0.26), spot, np.array([0.03]), site.ink((96, 96, 104)))
    site.canvas.forget()


def _slabs(site: Site, top: float, foot: float, stone: RGB) -> None:
    """Joints between paving stones, seen in perspective."""
    ink = site.ink(stone, 0.84)
    eye, middle = site.land.eye, site.chance.real(0.3, 0.7)
    rows = top + (foot - top) * (np.arange(1, 4) / 4) ** 0.9
    site.boxes(np.stack([rows * 0 - 0.01, rows - 0.0015, rows * 0 + 1.01, rows + 0.0015], axis=1), ink)
    spread = (foot - eye) / (top - eye)
    at = np.arange(-1.5, 2.5, 0.11) * 0.9
    near = middle + (at - middle) * spread
    joints = np.stack(
        [
            np.stack([at, at * 0 + top], 1),
            np.stack([at + 0.003, at * 0 + top], 1),
            np.stack([near + 0.004, at * 0 + foot], 1),
            np.stack([near, at * 0 + foot], 1),
        ],
        axis=1,
    )
    seen = (joints[:, :, 0].max(axis=1) > -0.05) & (joints[:, :, 0].min(axis=1) < 1.05)
    site.canvas.many(site.canvas.share(joints[seen].reshape(-1, 2)).reshape(-1, 4, 2), ink)
    site.canvas.forget()


def paint_station(site: Site) -> None:
    chance, land = site.chance, site.land
    paint_sky(site, land.edge)
    if chance.coin(0.5):
        skyline(site, land.edge, 0.1, 0.22)
    else:
        far_hills(site, 0.04, 0.12)
    tree_line(site, chance.real(0, 1), land.edge + 0.005, 6, ("broad", "poplar", "bush"), spread=0.9, low=0.1, high=0.2)
    if chance.coin(0.8):
        _hall(site)
    far = land.bands["far"]
    meadow(site, land.edge, land.edge + 0.025)
    stone = vary(chance, chance.pick(_STONES))
    if site.winter:
        stone = blend(stone, (232, 236, 242), 0.55)
    site.band(land.edge + 0.02, far[1], (site.ink(stone, 1.04, 0.06), site.ink(stone, 0.98)), "pavement")
    tracks = (far[1], land.bands["ground"][0] - 0.045)
    track(site, tracks[0], tracks[1], land.bands["rail"][0] + 0.004)
    top = tracks[1]
    site.band(top, top + 0.022, (site.ink(stone, 0.62), site.ink(stone, 0.56)), "pavement")
    site.band(top + 0.022, 1.0, (site.ink(stone, 1.08), site.ink(stone, 0.94)), "pavement")
    _slabs(site, top + 0.04, 1.0, stone)
    site.boxes([(-0.01, top + 0.022, 1.01, top + 0.03)], site.ink((236, 232, 222)))
    site.boxes([(-0.01, top + 0.042, 1.01, top + 0.056)], site.ink((238, 200, 76)))
    site.canvas.forget()
    if chance.coin(0.55):
        _wires(site, far[1])


def track(site: Site, top: float, foot: float, rail: float) -> None:
    """Ballast from `top` to `foot` with a pair of rails whose nearer one lies at `rail`."""
    gravel: RGB = (146, 134, 122) if not site.winter else (204, 206, 212)
    site.band(top, foot, (site.ink(gravel, 0.8), site.ink(gravel), site.ink(gravel, 0.84)), "rail")
    site.texture(top, foot, "gravel", 34, coarse=64, squash=2)
    gap = 0.03
    at = np.arange(-0.03, 1.05, 0.036)
    sleepers = np.stack(
        [
            np.stack([at, at * 0 + rail + 0.016], 1),
            np.stack([at + 0.004, at * 0 + rail - gap - 0.008], 1),
            np.stack([at + 0.017, at * 0 + rail - gap - 0.008], 1),
            np.stack([at + 0.017, at * 0 + rail + 0.016], 1),
        ],
        axis=1,
    )
    site.canvas.many(site.canvas.share(sleepers.reshape(-1, 2)).reshape(-1, 4, 2), site.ink((104, 78, 62)))
    for y, high in ((rail - gap, 0.006), (rail, 0.008)):
        site.boxes([(-0.01, y, 1.01, y + high)], site.ink((92, 92, 102)))
        site.boxes([(-0.01, y - 0.001, 1.01, y + high * 0.4)], site.ink((196, 200, 208)))
    site.canvas.forget()


def _hall(site: Site) -> None:
    """The station's house with its clock and canopy."""
    chance, foot = site.chance, site.land.edge + 0.022
    left = chance.real(-0.05, 0.45)
    wide, high = chance.real(0.36, 0.6), chance.real(0.17, 0.24)
    right, top = left + wide, foot - high
    brick = vary(chance, chance.pick(((184, 110, 88), (214, 190, 150), (170, 96, 84), (196, 200, 196))))
    roof: RGB = (238, 242, 248) if site.winter else vary(chance, (96, 92, 100))
    site.canvas.area(
        [(left - 0.02, top), (left + 0.05, top - 0.08), (right - 0.05, top - 0.08), (right + 0.02, top)], site.ink(roof)
    )
    site.boxes([(left, top, right, foot)], site.ink(brick))
    site.boxes([(left, foot - 0.02, right, foot), (left, top, right, top + 0.01)], site.ink(brick, 0.8))
    middle = (left + right) / 2
    gable = [
        (middle - 0.08, top + 0.002),
        (middle - 0.08, top - 0.04),
        (middle, top - 0.12),
        (middle + 0.08, top - 0.04),
        (middle + 0.08, top + 0.002),
    ]
    site.canvas.area(gable, site.ink(brick, 1.05))
    spot = np.array([(middle, top - 0.035)])
    site.strew(disc(20), spot, np.array([0.03]), site.ink((70, 66, 70)))
    site.strew(disc(20), spot, np.array([0.025]), site.lamp((255, 244, 214)))
    for hand in (np.array([(-0.06, 0), (0.06, 0), (0.0, 0.8)]), np.array([(0, -0.06), (0, 0.06), (0.55, 0.1)])):
        site.strew(hand, spot, np.array([0.025]), (50, 46, 50))
    windows(site, Wall(left, right, top + 0.02, top + 0.085), (1, 6), (0.4, 0.8), (244, 238, 226))
    windows(site, Wall(left, right, top + 0.1, foot - 0.004), (1, 5), (0.44, 0.82), (244, 238, 226))
    eave = top + 0.092
    site.canvas.area(
        [(left - 0.04, eave + 0.012), (left, eave - 0.006), (right, eave - 0.006), (right + 0.04, eave + 0.012)],
        site.ink(roof, 0.88),
    )
    posts = np.linspace(left, right, 5)
    site.boxes(np.stack([posts - 0.004, posts * 0 + eave, posts + 0.004, posts * 0 + foot], axis=1), site.ink((84, 92, 90)))
    site.claim("building", top - 0.2, foot + 0.005)


def _wires(site: Site, foot: float) -> None:
    """Masts and a wire over the rails."""
    x, y = site.chance.real(0.0, 0.25), site.land.eye - 0.12
    iron = site.ink((104, 110, 116))
    at = np.arange(x, 1.05, 0.38)
    site.boxes(np.stack([at - 0.005, at * 0 + y - 0.05, at + 0.005, at * 0 + foot], axis=1), iron)
    site.claim("post", y - 0.1, foot + 0.01)
    site.boxes(np.stack([at - 0.005, at * 0 + y - 0.03, at + 0.07, at * 0 + y - 0.024], axis=1), iron)
    site.boxes([(-0.01, y, 1.01, y + 0.002)], site.ink((90, 94, 100)))
    site.canvas.forget()
