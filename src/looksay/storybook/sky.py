"""Skies: their colours, the sun or the moon with its stars, and clouds."""

from __future__ import annotations

from functools import cache

import numpy as np

from looksay.storybook.canvas import Points, Stamp
from looksay.storybook.chance import Chance
from looksay.storybook.forms import blob, disc, moved
from looksay.storybook.site import Site, blend
from looksay.storybook.spec import RGB

_CLOUDS = 8
_CRESCENT = np.concatenate([disc(28)[5:24], disc(28)[6:23][::-1] * (0.62, 0.86) + (0.22, 0.0)])
_STAR = np.array([(0, 1), (0.28, 0.28), (1, 0), (0.28, -0.28), (0, -1), (-0.28, -0.28), (-1, 0), (-0.28, 0.28)])


def paint_sky(site: Site, foot: float) -> None:
    """From the top of the page down to `foot`."""
    site.band(0, foot, site.light.sky, "sky")
    weather = site.light.weather
    hidden = weather in ("rain", "mist") or (weather == "snow" and not site.night)
    if site.night and not hidden:
        _stars(site, foot)
    if not hidden:
        _lights(site, foot)
    _clouds(site, foot, {"clear": 2, "cloudy": 6, "mist": 2, "rain": 7, "snow": 4}.get(weather, 3))
    site.canvas.forget()


def _stars(site: Site, foot: float) -> None:
    numbers = site.pool.take(44 * 3).reshape(44, 3)
    spots = np.stack([numbers[:, 0], numbers[:, 1] ** 1.3 * foot * 0.92], axis=1)
    sizes = 0.0028 + 0.005 * numbers[:, 2] ** 3
    site.strew(_STAR, spots, sizes, (236, 236, 214))


def _lights(site: Site, foot: float) -> None:
    """The sun, low and large in the evening, or the moon."""
    chance, x = site.chance, site.land.sun
    if site.spec.time == "day":
        y, size = foot * chance.real(0.14, 0.34), chance.real(0.04, 0.055)
        site.glow((x, y), size * 4.5, (255, 238, 190), 0.34)
        site.strew(disc(28), np.array([(x, y)]), np.array([size]), (255, 240, 176))
    elif site.spec.time == "sunset":
        y, size = foot * chance.real(0.66, 0.92), chance.real(0.06, 0.085)
        site.glow((x, y), size * 5, (255, 190, 110), 0.34)
        site.strew(disc(32), np.array([(x, y)]), np.array([size]), (255, 248, 208))
    else:
        y, size = foot * chance.real(0.16, 0.4), chance.real(0.038, 0.055)
        site.glow((x, y), size * 5, (150, 170, 220), 0.34)
        moon = np.array([(x, y)])
        if chance.coin(0.55):
            site.strew(_CRESCENT, moon, np.array([size]), (244, 240, 212))
        else:
            site.strew(disc(28), moon, np.array([size]), (240, 238, 214))
            spots = np.array([(x - 0.3 * size * site.aspect, y - 0.2 * size), (x + 0.2 * size * site.aspect, y + 0.35 * size)])
            site.strew(disc(12), spots, np.array([0.24, 0.18]) * size, (222, 220, 198))


def _clouds(site: Site, foot: float, most: int) -> None:
    chance = site.chance
    for _ in range(chance.below(most + 1)):
        size = chance.real(0.05, 0.13)
        spot = (chance.real(-0.05, 1.05), chance.real(0.12, 0.78) * foot)
        site.stamp(cloud(chance.below(_CLOUDS)), spot, size, _cloud_inks(site, spot[1] / foot), flip=chance.coin())


def _cloud_inks(site: Site, low: float) -> tuple[RGB, RGB, RGB]:
    """Under side, body and lit head of a cloud; `low` in 0 … 1 is how near the horizon it is."""
    time, sky = site.spec.time, site.light.sky
    here = blend(sky[0], sky[-1], low)
    if time == "day":
        white: RGB = (255, 255, 252) if site.light.weather not in ("rain", "mist", "snow") else (226, 230, 234)
        return blend(here, white, 0.52), blend(here, white, 0.78), blend(here, white, 0.95)
    if time == "sunset":
        return blend(here, (200, 120, 130), 0.45), blend(here, (252, 178, 142), 0.6), blend(here, (255, 220, 170), 0.8)
    return blend(here, (64, 80, 126), 0.6), blend(here, (80, 98, 148), 0.6), blend(here, (104, 122, 170), 0.5)


@cache
def cloud(variant: int) -> Stamp:
    """Puffs over a flat foot; about four times as wide as high."""
    chance = Chance("cloud", variant)
    count = 4 + chance.below(3)
    puffs: list[tuple[float, float, float]] = []
    for place in range(count):
        middle = (place + 0.5) / count * 2 - 1
        radius = (0.62 - 0.34 * abs(middle)) * chance.real(0.85, 1.2)
        puffs.append((middle * 1.7, radius * 0.84, radius))
    layers: list[tuple[Points, int]] = []
    for paint, (dx, dy, grow) in enumerate(((0.02, -0.05, 1.04), (0.0, 0.03, 0.97), (-0.05, 0.16, 0.7))):
        for x, y, radius in puffs:
            ring = blob(chance, 14, 0.05) * (radius * grow * 1.15, radius * grow)
            ring = moved(ring, x + dx, y + dy)
            ring[:, 1] = np.maximum(ring[:, 1], 0.05 * paint)
            layers.append((ring, paint))
    return Stamp.of(layers).merged()
