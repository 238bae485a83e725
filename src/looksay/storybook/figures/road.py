"""Cars and buses, seen from the side."""

from __future__ import annotations

from itertools import pairwise

from looksay.storybook.figures.pen import PAPER, Pen, Points, box, ellipse, panel, rounded, stroke, swing
from looksay.storybook.figures.wheels import GLARE, GLASS, LAMP, RUBY, SOOT, STEEL, TYRE, arch, spin, wheel

__all__ = ["GLASS", "LAMP", "bus", "car"]

# Of each car: the hull, the roof with its pillars, the wheels' places, their radius, where the doors' posts are.
_CARS: tuple[tuple[Points, Points, tuple[float, float], float, tuple[float, ...]], ...] = (
    ([(-1.15, 0.2), (1.15, 0.2), (1.18, 0.42), (1.02, 0.55), (-1.12, 0.58), (-1.18, 0.4)], [(-0.88, 0.54), (-0.58, 0.98),
        (0.22, 0.98), (0.64, 0.54)], (-0.7, 0.72), 0.205, (-0.16,)),
    ([(-0.86, 0.2), (0.88, 0.2), (0.92, 0.4), (0.78, 0.57), (-0.86, 0.6), (-0.9, 0.4)], [(-0.84, 0.56), (-0.74, 1.0),
        (0.12, 1.02), (0.5, 0.56)], (-0.55, 0.56), 0.205, (-0.2,)),
    ([(-1.12, 0.22), (1.08, 0.22), (1.12, 0.44), (1.0, 0.57), (-1.12, 0.6), (-1.14, 0.4)], [(-1.1, 0.56), (-1.04, 1.04),
        (0.36, 1.04), (0.64, 0.56)], (-0.7, 0.68), 0.225, (-0.54, 0.0)),
    ([(-0.92, 0.2), (0.95, 0.2), (1.02, 0.36), (0.8, 0.58), (-0.7, 0.66), (-0.98, 0.46)], [(-0.8, 0.5), (-0.5, 0.9),
        (-0.1, 1.02), (0.26, 0.9), (0.52, 0.52)], (-0.58, 0.6), 0.205, (-0.1,)),
    ([(-1.2, 0.18), (1.2, 0.18), (1.26, 0.34), (0.9, 0.47), (-1.14, 0.52), (-1.22, 0.36)], [(-0.78, 0.46), (-0.34, 0.8),
        (0.14, 0.8), (0.58, 0.44)], (-0.76, 0.78), 0.2, ()),
    ([(-1.14, 0.24), (1.12, 0.24), (1.15, 0.5), (1.0, 0.63), (-1.14, 0.62), (-1.16, 0.4)], [(-0.14, 0.58), (-0.1, 1.04),
        (0.36, 1.04), (0.66, 0.58)], (-0.7, 0.7), 0.225, ()),
)  # fmt: skip


def car(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.014), action == "moving"
    bump = 0.008 * swing(2 * phase) if moving else 0.0
    hull, roof, wheels, radius, posts = _CARS[variant]
    hull, roof = ([(x, y + bump) for x, y in points] for points in (hull, roof))
    for x in wheels:
        pen.fill(ellipse(x + 0.05, radius, radius * 0.94, count=16), TYRE, 0.6)
    if variant == 2:
        pen.fill(box(-0.94, 1.03 + bump, 0.26, 1.1 + bump), STEEL, 0.8)
    pen.solid(rounded(hull, 0.14, 4), rounded(roof, [0.02, *[0.17] * (len(roof) - 2), 0.02], 5))
    (left, low), (right, _) = hull[0], hull[1]
    pen.fill(
        rounded(
            [(left - 0.02, low + 0.03), (right + 0.01, low + 0.03), (right + 0.02, low + 0.1), (left - 0.02, low + 0.1)], 0.02, 2
        ),
        "main",
        0.72,
    )
    _cabin(pen, variant, roof, posts, bump)
    front, back, lamp = max(x for x, _ in hull), min(x for x, _ in hull), hull[2][1] + 0.01
    pen.fill(ellipse(front - 0.06, lamp, 0.075, 0.065, count=12), STEEL)
    pen.fill(ellipse(front - 0.05, lamp, 0.055, 0.05, count=10), LAMP)
    pen.fill(panel(back, lamp + 0.01, back + 0.08, lamp + 0.11, 0.025, 3), RUBY)
    for x in (front - 0.12, back - 0.03):
        pen.fill(panel(x, low, x + 0.15, low + 0.075, 0.03, 3), STEEL)
    for x in wheels:
        arch(pen, x, radius + bump, radius * 1.22)
        wheel(pen, x, radius, spin(phase, moving, 5 + variant % 2), 5 + variant % 2)
    return pen


def _cabin(pen: Pen, variant: int, roof: Points, posts: tuple[float, ...], bump: float) -> None:
    """Windows inside the roof's outline, door lines, handles and what a build has of its own."""
    foot, top = roof[0][1] + 0.05, max(y for _, y in roof) - 0.08

    def edge(y: float, side: int) -> float:
        """Where the roof's outline is at the height y, on the left (-1) or the right (1)."""
        for (ax, ay), (bx, by) in pairwise(roof if side < 0 else roof[::-1]):
            if ay <= y <= by:
                return ax + (bx - ax) * (y - ay) / (by - ay)
        return 0.0

    lefts = [edge(foot, -1) + 0.08, *[x + 0.035 for x in posts]]
    rights = [*[x - 0.035 for x in posts], edge(foot, 1) - 0.08]
    for left, right in zip(lefts, rights, strict=True):
        pen.fill(
            rounded(
                [(left, foot), (right, foot), (min(right, edge(top, 1) - 0.05), top), (max(left, edge(top, -1) + 0.06), top)],
                0.045,
                4,
            ),
            GLASS,
        )
    lean, shine = (top - foot) * 0.35, max(lefts[-1], edge(top, -1) - 0.06) + 0.07
    pen.fill(
        [(shine, foot + 0.02), (shine + 0.06, foot + 0.02), (shine + 0.06 + lean, top - 0.02), (shine + lean, top - 0.02)], GLARE
    )
    front = rights[-1] - 0.02 if variant != 4 else 0.42
    for x in (*posts, front) if posts else (lefts[0], front):
        pen.fill(stroke((x, foot - 0.03), (x, 0.3 + bump), 0.014), "main", 0.58)
    for x in (*posts[-1:], front)[: 2 if len(posts) else 1] if posts else (lefts[0] + 0.22,):
        pen.fill(panel(x - 0.17, foot - 0.1, x - 0.06, foot - 0.07, 0.012, 2), STEEL)
    pen.fill(
        rounded(
            [
                (rights[-1] - 0.05, foot),
                (rights[-1] + 0.05, foot),
                (rights[-1] + 0.04, foot + 0.07),
                (rights[-1] - 0.04, foot + 0.07),
            ],
            0.02,
            2,
        ),
        "main",
        0.62,
    )
    if variant == 5:
        pen.fill(box(-1.12, 0.58 + bump, -0.18, 0.645 + bump), "main", 0.6)
    elif variant == 1:
        pen.fill([(-0.87, 0.47 + bump), (0.88, 0.44 + bump), (0.88, 0.475 + bump), (-0.87, 0.505 + bump)], PAPER)
    elif variant == 4:
        pen.fill([(-1.18, 0.5 + bump), (-0.86, 0.5 + bump), (-0.98, 0.6 + bump), (-1.26, 0.62 + bump)], "main", 0.7)


# Of each bus: half its length, its top, how many windows beside the door.
_BUSES: tuple[tuple[float, float, int], ...] = (
    (1.12, 0.84, 5),
    (0.84, 1.14, 4),
    (1.06, 0.82, 5),
    (1.12, 0.84, 6),
    (1.16, 0.9, 5),
    (0.84, 0.8, 3),
)


def bus(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.014), action == "moving"
    bump = 0.006 * swing(2 * phase) if moving else 0.0
    half, top, count = _BUSES[variant]
    low, top, radius = 0.13 + bump, top + bump, 0.14
    wheels = (-half * 0.58, half * 0.56)
    for x in wheels:
        pen.fill(ellipse(x + 0.04, radius, radius * 0.94, count=14), TYRE, 0.6)
    hulls: dict[int, tuple[Points, list[float]]] = {
        2: (
            [(-half, low), (half, low), (half + 0.01, top - 0.2), (half - 0.06, top), (-half + 0.02, top)],
            [0.08, 0.12, 0.2, 0.26, 0.26],
        ),
        3: (
            [(-half, low), (half, low), (half, low + 0.3), (half - 0.32, low + 0.36), (half - 0.36, top), (-half, top)],
            [0.05, 0.08, 0.12, 0.02, 0.1, 0.1],
        ),
        4: ([(-half, low), (half, low), (half + 0.02, low + 0.2), (half - 0.2, top), (-half, top)], [0.05, 0.1, 0.1, 0.16, 0.08]),
    }
    upright: tuple[Points, list[float]] = (
        [(-half, low), (half, low), (half + 0.02, top - 0.16), (half - 0.03, top), (-half, top)],
        [0.05, 0.08, 0.08, 0.14, 0.09],
    )
    pen.solid(rounded(*hulls.get(variant, upright), 5))
    pen.fill(box(-half, low + 0.02, half - 0.01, low + 0.08), "main", 0.7)
    _bus_trim(pen, variant, half, low, top)
    rows = [(low + 0.34, low + 0.56), (top - 0.3, top - 0.09)] if variant == 1 else [(top - 0.37, top - 0.12)]
    cabin = half - {3: 0.42, 4: 0.5}.get(variant, 0.44)
    pitch = (cabin + half - 0.06) / count
    for row, (bottom, high) in enumerate(rows):
        for i in range(count + (1 if row else 0)):
            left = -half + 0.07 + i * pitch
            pen.fill(panel(left, bottom, left + pitch - 0.05, high, 0.035, 3), GLASS)
            if i % 3 == 1:
                pen.fill(
                    [
                        (left + 0.04, bottom + 0.015),
                        (left + 0.08, bottom + 0.015),
                        (left + 0.15, high - 0.015),
                        (left + 0.11, high - 0.015),
                    ],
                    GLARE,
                )
    _bus_front(pen, variant, half, low, top, rows[0])
    for x in wheels:
        arch(pen, x, radius + bump, radius * 1.24)
        wheel(pen, x, radius, spin(phase, moving, 6), 6)
    return pen


def _bus_trim(pen: Pen, variant: int, half: float, low: float, top: float) -> None:
    if variant in (0, 5):
        pen.fill(box(-half, low + 0.25, half, low + 0.29), PAPER, 0.98)
    elif variant == 1:
        pen.fill(box(-half, low + 0.62, half + 0.015, low + 0.66), PAPER, 0.98)
    elif variant == 2:
        pen.solid(
            rounded(
                [(-half + 0.06, top - 0.06), (half - 0.16, top - 0.06), (half - 0.22, top + 0.03), (-half + 0.16, top + 0.03)],
                0.05,
                3,
            ),
            paint=PAPER,
            shade=0.94,
            line=0.7,
        )
    elif variant == 3:
        pen.fill(box(-half, low + 0.22, half - 0.01, low + 0.25), SOOT)
        pen.fill(box(-half, low + 0.15, half - 0.01, low + 0.17), SOOT)
    else:
        pen.fill(
            [
                (-half, low + 0.3),
                (-half + 0.5, low + 0.12),
                (-half + 0.86, low + 0.12),
                (-half + 0.2, low + 0.36),
                (-half, low + 0.36),
            ],
            PAPER,
            0.98,
        )
        for x in (-0.3, 0.06, 0.3):
            pen.fill(stroke((x, low + 0.1), (x, low + 0.32), 0.012), "main", 0.6)


def _bus_front(pen: Pen, variant: int, half: float, low: float, top: float, row: tuple[float, float]) -> None:
    """Door, windscreen, lamps, mirror and destination sign."""
    bottom, high = row
    if variant == 3:
        pen.fill(rounded([(half - 0.5, bottom), (half - 0.375, bottom), (half - 0.39, high), (half - 0.5, high)], 0.02, 3), GLASS)
        pen.fill(panel(half - 0.3, low + 0.1, half - 0.04, low + 0.13, 0.01, 2), STEEL)
        pen.fill(ellipse(half - 0.42, top + 0.005, 0.035, count=8), RUBY)
    elif variant == 4:
        pen.fill(
            rounded(
                [(half - 0.38, bottom - 0.06), (half - 0.05, bottom - 0.1), (half - 0.19, high), (half - 0.34, high)], 0.03, 3
            ),
            GLASS,
        )
    else:
        left = half - 0.37
        pen.fill(panel(left, low + 0.05, left + 0.2, high + 0.01, 0.025, 3), "main", 0.6)
        pen.fill(panel(left + 0.02, low + 0.1, left + 0.09, high - 0.01, 0.015, 2), GLASS)
        pen.fill(panel(left + 0.11, low + 0.1, left + 0.18, high - 0.01, 0.015, 2), GLASS)
        pen.fill(
            rounded(
                [(half - 0.13, bottom - 0.05), (half + 0.005, bottom - 0.05), (half - 0.01, high), (half - 0.13, high)], 0.025, 3
            ),
            GLASS,
        )
        if variant != 2:
            pen.fill(panel(half - 0.34, top - 0.08, half - 0.09, top - 0.02, 0.012, 2), SOOT)
            pen.fill(box(half - 0.31, top - 0.06, half - 0.12, top - 0.04), LAMP)
    if variant != 3:
        pen.fill(stroke((half - 0.01, bottom + 0.16), (half + 0.08, bottom + 0.15), 0.018), SOOT)
        pen.fill(panel(half + 0.055, bottom + 0.02, half + 0.105, bottom + 0.15, 0.02, 3), SOOT)
    pen.fill(ellipse(half - 0.035, low + 0.15, 0.05, count=10), LAMP)
    pen.fill(panel(-half - 0.005, low + 0.12, -half + 0.045, low + 0.22, 0.02, 3), RUBY)
