"""The light of a page: what the time of day, the season and the weather do to every colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from looksay.storybook.chance import Chance
from looksay.storybook.spec import RGB, PageSpec

Stops = tuple[RGB, ...]  # the sky from its top to the horizon, evenly spaced
WEATHERS = ("clear", "cloudy", "rain", "snow", "leaves", "petals", "mist")

_SKIES: dict[str, tuple[Stops, ...]] = {
    "day": (
        ((88, 158, 220), (142, 198, 236), (206, 232, 242)),
        ((70, 146, 214), (120, 190, 232), (226, 238, 232)),
        ((104, 178, 214), (160, 212, 226), (240, 238, 214)),
        ((122, 168, 222), (176, 204, 236), (236, 226, 226)),
    ),
    "grey": (
        ((152, 172, 190), (186, 200, 210), (222, 226, 226)),
        ((168, 180, 194), (198, 206, 214), (232, 228, 222)),
    ),
    "sunset": (
        ((84, 80, 142), (182, 108, 140), (246, 158, 104), (255, 216, 140)),
        ((98, 92, 160), (214, 120, 124), (250, 176, 110), (255, 228, 160)),
        ((120, 84, 132), (226, 118, 98), (252, 170, 84), (255, 222, 130)),
        ((74, 98, 150), (160, 140, 170), (244, 176, 142), (255, 220, 170)),
    ),
    "night": (
        ((14, 20, 54), (26, 40, 88), (58, 78, 130)),
        ((10, 24, 48), (22, 50, 84), (50, 92, 122)),
        ((22, 18, 58), (46, 38, 94), (92, 80, 138)),
    ),
}
_TINTS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "day": ((1.0, 0.99, 0.96), (2.0, 2.0, 4.0)),
    "grey": ((0.92, 0.94, 0.97), (4.0, 5.0, 8.0)),
    "sunset": ((0.98, 0.78, 0.64), (20.0, 6.0, 10.0)),
    "night": ((0.56, 0.60, 0.76), (6.0, 9.0, 26.0)),
    "room day": ((1.0, 0.985, 0.95), (0.0, 0.0, 0.0)),
    "room sunset": ((0.98, 0.84, 0.70), (10.0, 2.0, 0.0)),
    "room night": ((0.88, 0.78, 0.63), (4.0, 2.0, 4.0)),
}


@dataclass(frozen=True)
class Light:
    """`tint` multiplies a colour and `glow` is added to it; `haze` is what things far away fade into."""

    time: str
    weather: str
    sky: Stops
    tint: tuple[float, float, float]
    glow: tuple[float, float, float]
    haze: RGB
    indoors: bool
    shadow: float

    def on(self, colour: RGB, shade: float = 1.0, haze: float = 0.0) -> RGB:
        """The colour as it looks in this light; `haze` in 0 … 1 is how far away it is."""
        tint, glow, far = self.tint, self.glow, self.haze
        red = colour[0] * shade * tint[0] + glow[0]
        green = colour[1] * shade * tint[1] + glow[1]
        blue = colour[2] * shade * tint[2] + glow[2]
        if haze:
            red, green, blue = red + (far[0] - red) * haze, green + (far[1] - green) * haze, blue + (far[2] - blue) * haze
        return (
            0 if red < 0 else 255 if red > 255 else int(red + 0.5),
            0 if green < 0 else 255 if green > 255 else int(green + 0.5),
            0 if blue < 0 else 255 if blue > 255 else int(blue + 0.5),
        )


@lru_cache(maxsize=256)
def _light(seed: int, index: int, setting: str, time: str, season: str, view: str) -> Light:
    chance = Chance(seed, index, "light")
    indoors = setting == "room"
    weather = _weather(chance, season)
    grey = time == "day" and weather in ("rain", "snow", "mist")
    sky = chance.pick(_SKIES["grey" if grey else time])
    tint, glow = _TINTS[f"room {time}" if indoors else "grey" if grey else time]
    strength = chance.real(0.94, 1.05)
    cast = chance.real(-0.03, 0.03)
    if view == "portrait" and chance.coin(0.3):  # odd lighting: too dark, too bright, a coloured lamp
        strength, cast = chance.real(0.66 if time == "day" else 0.8, 1.25), chance.real(-0.14, 0.14)
    tint = (tint[0] * strength * (1 + cast), tint[1] * strength, tint[2] * strength * (1 - cast))
    shadow = {"day": 0.34, "sunset": 0.36, "night": 0.3}[time] * (0.6 if grey else 1.0) * (0.8 if indoors else 1.0)
    return Light(time, weather, sky, tint, glow, sky[-1], indoors, shadow)


def _weather(chance: Chance, season: str) -> str:
    first = chance.real()
    if season == "winter":
        return "snow" if first < 0.35 else "cloudy" if first < 0.6 else "mist" if first < 0.66 else "clear"
    if first < 0.08:
        return "rain"
    if first < 0.13:
        return "mist"
    if season == "autumn" and first < 0.33:
        return "leaves"
    if season == "spring" and first < 0.25:
        return "petals"
    return "cloudy" if first < 0.6 else "clear"


def light(spec: PageSpec) -> Light:
    return _light(spec.seed, spec.index, spec.setting, spec.time, spec.season, spec.view)
