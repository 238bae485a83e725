"""The world behind the things."""

from __future__ import annotations

from collections.abc import Callable

from looksay.storybook.canvas import Canvas
from looksay.storybook.country import paint_farm, paint_mountain, paint_park
from looksay.storybook.room import paint_room
from looksay.storybook.shore import paint_beach, paint_lake
from looksay.storybook.site import Site
from looksay.storybook.spec import PageSpec
from looksay.storybook.town import paint_station, paint_street, track

PAINTERS: dict[str, Callable[[Site], None]] = {
    "beach": paint_beach,
    "street": paint_street,
    "farm": paint_farm,
    "room": paint_room,
    "park": paint_park,
    "lake": paint_lake,
    "station": paint_station,
    "mountain": paint_mountain,
}


def backdrop(spec: PageSpec, size: tuple[int, int]) -> Canvas:
    """The empty world of a page, on a sheet of its own."""
    site = Site.of(spec, size)
    PAINTERS[spec.setting](site)
    if spec.setting not in ("station", "room"):
        for ground in sorted({thing.ground for thing in spec.things if thing.kind == "train"}):
            track(site, ground - 0.045, ground + 0.035, ground + 0.002)
    site.canvas.forget()
    return site.canvas
