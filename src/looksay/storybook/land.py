"""The lie of the land: where the ground begins, how fast things shrink with distance, what may stand where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from looksay.storybook.chance import Chance
from looksay.storybook.spec import PageSpec

Band = tuple[float, float]
STUFF: tuple[str, ...] = (
    "sky", "water", "sand", "grass", "field", "road", "pavement", "floor", "wall", "window",
    "building", "tree", "mountain", "snow", "rail", "fence", "post", "ball",
)  # fmt: skip

_VEHICLES = ("bicycle", "bus", "car", "motorbike")


@dataclass(frozen=True)
class Land:
    """All in shares of the page's height, y down. `eye` is the line at which things would vanish, `edge` where the ground
    begins, `reach` the height of one metre at the foot of the page. `bands` are the strips of ground by name, far line first.
    `sun` is where on the page's width the light stands."""

    eye: float
    edge: float
    reach: float
    bands: Mapping[str, Band]
    sun: float

    def metre(self, ground: float) -> float:
        """The height of one metre that stands at the foot line `ground`."""
        return self.reach * max(ground - self.eye, 0.02) / (1 - self.eye)


@lru_cache(maxsize=256)
def land(seed: int, index: int, setting: str, foot: float = 0.0) -> Land:
    """The land of a page. `foot` is where the subject of a portrait stands on its water, road or rails, which are then laid
    under it; 0 when there is none."""
    chance = Chance(seed, index, "land", setting)
    sun, real = chance.real(0.1, 0.9), chance.real
    if setting == "room":
        eye, edge = real(0.16, 0.26), real(0.56, 0.68)
        return _land(eye, edge, real(0.44, 0.54), sun, ground=(edge + 0.03, 1.0))
    if setting == "street":
        eye, edge = real(0.34, 0.44), real(0.5, 0.57)
        kerb, near = edge + real(0.04, 0.08), max(real(0.84, 0.91), foot + 0.04 if foot else 0.0)
        ground = (near + 0.02, max(near + 0.03, 1.02))
        return _land(eye, edge, real(0.32, 0.4), sun, far=(edge, kerb), road=(kerb + 0.035, near - 0.02), ground=ground)
    if setting == "station":
        eye, edge = real(0.28, 0.4), real(0.48, 0.55)
        rail, near = edge + real(0.08, 0.12), real(0.7, 0.76)
        if foot:
            rail, near = max(foot, edge + 0.06), max(near, foot + 0.06)
        ground = (near + 0.03, max(near + 0.04, 1.02))
        return _land(eye, edge, real(0.34, 0.42), sun, far=(edge, rail - 0.05), rail=(rail, rail + 0.01), ground=ground)
    if setting in ("beach", "lake"):
        beach = setting == "beach"
        eye = real(0.34, 0.46) if beach else real(0.32, 0.42)
        shore = eye + real(0.12, 0.22) if beach else real(0.64, 0.76)
        shore = max(shore, foot + 0.1 if foot else 0.0)
        return _land(
            eye, eye, real(0.34, 0.44), sun, water=(eye + 0.04, shore - 0.03), ground=(shore + 0.04, max(shore + 0.05, 1.02))
        )
    eye = real(0.36, 0.52) if setting != "mountain" else real(0.46, 0.56)
    return _land(eye, eye + 0.02, real(0.34, 0.44), sun, ground=(eye + 0.1, 1.02))


def land_of(spec: PageSpec) -> Land:
    """The land that the page shows."""
    foot = 0.0
    if spec.view == "portrait":
        subject = next((thing for thing in spec.things if thing.id == "t0"), None)
        if subject is not None and band_of(subject.kind, spec.setting) != "ground" and not subject.lift:
            foot = subject.ground
    return land(spec.seed, spec.index, spec.setting, foot)


def _land(eye: float, edge: float, reach: float, sun: float, **bands: Band) -> Land:
    return Land(eye, edge, reach, MappingProxyType(bands), sun)


def band_of(kind: str, setting: str) -> str:
    """The strip of ground on which a thing of that kind is at home in that setting."""
    if kind == "boat" and setting in ("beach", "lake"):
        return "water"
    if setting == "street" and kind in _VEHICLES:
        return "road"
    if setting == "station" and kind == "train":
        return "rail"
    return "ground"
