"""The world behind the things, and what stands in front of them."""

from __future__ import annotations

from collections.abc import Callable

from looksay.storybook.canvas import Canvas
from looksay.storybook.country import paint_farm, paint_mountain, paint_park
from looksay.storybook.room import paint_room
from looksay.storybook.shore import paint_beach, paint_lake
from looksay.storybook.site import Site
from looksay.storybook.spec import PageSpec
from looksay.storybook.town import paint_station, paint_street

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
    site.canvas.forget()
    return site.canvas


def foreground(canvas: Canvas, spec: PageSpec) -> None:
    pass
