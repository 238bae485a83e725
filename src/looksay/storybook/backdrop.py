"""The world behind the things: sky, land and buildings of every setting; and what stands in front of the things."""

from __future__ import annotations

import numpy as np

from looksay.storybook.canvas import Canvas
from looksay.storybook.land import STUFF, Land, land_of
from looksay.storybook.light import Light, light
from looksay.storybook.spec import PageSpec


def backdrop(spec: PageSpec, size: tuple[int, int]) -> Canvas:
    canvas = Canvas(size)
    lie, shine = land_of(spec), light(spec)
    _sky(canvas, lie, shine)
    ground = {"beach": (232, 208, 150), "street": (120, 120, 128), "room": (170, 120, 80)}.get(spec.setting, (120, 170, 80))
    canvas.area([(-0.1, lie.edge), (1.1, lie.edge), (1.1, 1.1), (-0.1, 1.1)], shine.on(ground))
    canvas.claim((0, 0, canvas.width, canvas.height), STUFF.index("grass"))
    return canvas


def _sky(canvas: Canvas, lie: Land, shine: Light) -> None:
    stops = np.array(shine.sky, np.int64)
    rows = max(int(lie.eye * canvas.height), 2)
    t = np.minimum(np.arange(canvas.height), rows - 1) * ((len(stops) - 1) * 256) // (rows - 1)
    cell = np.minimum(t >> 8, len(stops) - 2)
    part = (t - (cell << 8))[:, None]
    colours = (stops[cell] * (256 - part) + stops[cell + 1] * part) >> 8
    canvas.pixels[..., :3] = colours[:, None]


def foreground(canvas: Canvas, spec: PageSpec) -> None:
    pass
