"""Cars, buses and trains, seen from the side."""

from __future__ import annotations

from looksay.storybook.figures.pen import Pen, Points, box, ellipse, panel, place, rounded, star, stroke, swing
from looksay.storybook.spec import PHASES, RGB

TYRE: RGB = (48, 46, 52)
RIM: RGB = (206, 208, 212)
GLASS: RGB = (176, 214, 232)
GLARE: RGB = (226, 242, 248)
LAMP: RGB = (255, 236, 150)
TAIL: RGB = (214, 54, 50)
STEEL: RGB = (150, 152, 160)
SOOT: RGB = (62, 60, 66)


def wheel(pen: Pen, x: float, radius: float, turned: float, rays: int = 5) -> None:
    """Tyre, hub and spokes; it stands on the ground."""
    pen.fill(ellipse(x, radius, radius, count=22), TYRE)
    pen.fill(ellipse(x, radius, radius * 0.6, count=14), RIM)
    pen.fill(star(x, radius, radius * 0.56, radius * 0.17, rays, turned), STEEL, 0.72)


def spin(phase: int, moving: bool, rays: int) -> float:
    """Degrees by which a wheel is turned; after all phases it looks as at the first."""
    return -phase * 360.0 / rays / PHASES if moving else 12.0


def _window(pen: Pen, corners: Points, radius: float = 0.03) -> None:
    pen.fill(rounded(corners, radius, 3), GLASS)


def _glare(pen: Pen, x: float, bottom: float, top: float) -> None:
    lean = (top - bottom) * 0.4
    pen.fill([(x, bottom), (x + 0.05, bottom), (x + 0.05 + lean, top), (x + lean, top)], GLARE)


def car(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.014), action == "moving"
    bump = 0.008 * swing(2 * phase) if moving else 0.0
    bodies: tuple[tuple[Points, Points, tuple[float, float], float], ...] = (
        # hull, roof with pillars, wheels, wheel radius
        (
            [(-1.15, 0.2), (1.15, 0.2), (1.17, 0.42), (1.02, 0.54), (-1.12, 0.58), (-1.18, 0.4)],
            [(-0.86, 0.54), (-0.56, 0.98), (0.22, 0.98), (0.62, 0.54)],
            (-0.7, 0.72),
            0.2,
        ),
        (
            [(-0.86, 0.2), (0.88, 0.2), (0.92, 0.4), (0.78, 0.56), (-0.86, 0.6), (-0.9, 0.4)],
            [(-0.84, 0.56), (-0.76, 1.0), (0.1, 1.02), (0.46, 0.56)],
            (-0.55, 0.56),
            0.2,
        ),
        (
            [(-1.1, 0.22), (1.08, 0.22), (1.12, 0.44), (1.0, 0.56), (-1.1, 0.6), (-1.12, 0.4)],
            [(-1.08, 0.56), (-1.04, 1.04), (0.36, 1.04), (0.62, 0.56)],
            (-0.7, 0.68),
            0.22,
        ),
        (
            [(-0.92, 0.2), (0.95, 0.2), (1.0, 0.36), (0.8, 0.58), (-0.7, 0.66), (-0.96, 0.46)],
            [(-0.78, 0.5), (-0.5, 0.9), (-0.1, 1.02), (0.26, 0.9), (0.5, 0.52)],
            (-0.58, 0.6),
            0.2,
        ),
        (
            [(-1.2, 0.18), (1.2, 0.18), (1.24, 0.34), (0.9, 0.46), (-1.14, 0.52), (-1.22, 0.36)],
            [(-0.72, 0.46), (-0.34, 0.8), (0.16, 0.8), (0.56, 0.44)],
            (-0.76, 0.78),
            0.2,
        ),
        (
            [(-1.14, 0.24), (1.12, 0.24), (1.14, 0.5), (1.0, 0.62), (-1.14, 0.62), (-1.16, 0.4)],
            [(-0.12, 0.58), (-0.1, 1.04), (0.36, 1.04), (0.62, 0.58)],
            (-0.7, 0.7),
            0.22,
        ),
    )
    hull, roof, wheels, radius = bodies[variant]
    hull, roof = ([(x, y + bump) for x, y in points] for points in (hull, roof))
    for x in wheels:
        pen.fill(ellipse(x + 0.03, radius, radius, count=16), TYRE, 0.6)
    pen.solid(rounded(hull, 0.14, 4), rounded(roof, [0.02, *[0.16] * (len(roof) - 2), 0.02], 4))
    pen.fill(
        [
            (hull[0][0] - 0.01, hull[0][1] + 0.02),
            (hull[1][0], hull[1][1] + 0.02),
            (hull[1][0], hull[1][1] + 0.09),
            (hull[0][0], hull[0][1] + 0.09),
        ],
        "main",
        0.74,
    )
    _car_windows(pen, variant, roof, bump)
    front, back = max(x for x, _ in hull), min(x for x, _ in hull)
    lamp = hull[2][1] + 0.02
    pen.fill(ellipse(front - 0.06, lamp, 0.065, 0.06, count=10), LAMP)
    pen.fill(panel(back - 0.01, lamp + 0.02, back + 0.07, lamp + 0.12, 0.02, 3), TAIL)
    pen.fill(panel(front - 0.12, 0.2 + bump, front + 0.03, 0.27 + bump, 0.02, 3), STEEL)
    pen.fill(panel(back - 0.03, 0.2 + bump, back + 0.12, 0.27 + bump, 0.02, 3), STEEL)
    for x in wheels:
        pen.fill(ellipse(x, radius + bump, radius * 1.2, count=18), "main", 0.5)
        wheel(pen, x, radius, spin(phase, moving, 5))
    return pen


def _car_windows(pen: Pen, variant: int, roof: Points, bump: float) -> None:
    foot, top = roof[0][1] + 0.05, max(y for _, y in roof) - 0.08

    def edge(y: float, side: int) -> float:
        """Where the roof's outline is at the height y, on the left (-1) or right (1)."""
        chain = roof if side < 0 else roof[::-1]
        for (ax, ay), (bx, by) in zip(chain, chain[1:], strict=False):
            if ay <= y <= by:
                return ax + (bx - ax) * (y - ay) / (by - ay)
        return chain[len(chain) // 2][0]

    splits = {0: (-0.18,), 1: (-0.24,), 2: (-0.56, -0.04), 3: (-0.12,), 4: (), 5: ()}[variant]
    lefts = [edge(foot, -1) + 0.07, *[x + 0.035 for x in splits]]
    rights = [*[x - 0.035 for x in splits], edge(foot, 1) - 0.07]
    for i, (left, right) in enumerate(zip(lefts, rights, strict=True)):
        high_left = max(left, edge(top, -1) + 0.06)
        high_right = min(right, edge(top, 1) - 0.05)
        if i == 0 and variant != 5:
            left = edge(foot, -1) + 0.08
        _window(pen, [(left, foot), (right, foot), (high_right, top), (high_left, top)])
    _glare(pen, rights[-1] - 0.34, foot, top)
    for x in (*splits, *((0.24,) if variant != 4 else (0.4,))):
        pen.fill(stroke((x, foot - 0.03), (x, 0.3 + bump), 0.014), "main", 0.6)
    for x in (splits or (-0.3,))[:2]:
        pen.fill(panel(x - 0.16, foot - 0.1, x - 0.05, foot - 0.07, 0.01, 2), STEEL)
    if variant == 5:
        pen.fill(box(-1.1, 0.58 + bump, -0.16, 0.64 + bump), "main", 0.7)
    elif variant == 2:
        pen.fill(box(-0.9, top + 0.1, 0.2, top + 0.13), STEEL)
    elif variant == 1:
        pen.fill([(-0.86, 0.46 + bump), (0.86, 0.44 + bump), (0.86, 0.47 + bump), (-0.86, 0.49 + bump)], (250, 248, 240))


def bus(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.014), action == "moving"
    double = variant in (1, 4)
    half, top = (0.82, 1.12) if double else (1.12, 0.84) if variant != 5 else (0.86, 0.82)
    bump = 0.006 * swing(2 * phase) if moving else 0.0
    low = 0.14 + bump
    top += bump
    wheels = (-half * 0.58, half * 0.6)
    radius = 0.135
    for x in wheels:
        pen.fill(ellipse(x + 0.03, radius, radius, count=14), TYRE, 0.6)
    hull: Points = [(-half, low), (half, low), (half + 0.02, top - 0.16), (half - 0.04, top), (-half, top)]
    radii = [0.05, 0.08, 0.08, 0.16, 0.1] if variant not in (2,) else [0.08, 0.12, 0.2, 0.24, 0.24]
    if variant == 3:  # a school bus has a bonnet
        hull = [(-half, low), (half, low), (half, low + 0.3), (half - 0.32, low + 0.36), (half - 0.36, top), (-half, top)]
        radii = [0.05, 0.08, 0.1, 0.02, 0.1, 0.1]
    pen.solid(rounded(hull, radii, 4))
    pen.fill(box(-half - 0.005, low + 0.02, half, low + 0.08), "main", 0.7)
    if variant in (0, 5):
        pen.fill(box(-half, low + 0.25, half, low + 0.29), (250, 248, 240))
    elif variant == 2:
        pen.fill(box(-half, top - 0.42, half, top - 0.38), "main", 0.7)
    elif variant == 3:
        pen.fill(box(-half, low + 0.22, half - 0.02, low + 0.25), SOOT)
    rows = [(low + 0.34, low + 0.56), (top - 0.3, top - 0.09)] if double else [(top - 0.36, top - 0.12)]
    cabin = half - (0.4 if variant == 3 else 0.06)
    for row, (bottom, high) in enumerate(rows):
        count = (5 if double else 6) if variant != 5 else 4
        pitch = (cabin + half - 0.1) / count
        for i in range(count):
            left = -half + 0.07 + i * pitch
            last = i == count - 1
            if last and row == 0 and variant != 3:
                continue  # the door is there
            pen.fill(panel(left, bottom, left + pitch - 0.05, high, 0.025, 2), GLASS)
    door = cabin - (cabin + half - 0.1) / (5 if double else 6 if variant != 5 else 4) + 0.02
    if variant != 3:
        pen.fill(panel(door - 0.02, low + 0.06, door + 0.19, rows[0][1], 0.02, 2), "main", 0.62)
        pen.fill(panel(door + 0.0, low + 0.12, door + 0.075, rows[0][1] - 0.02, 0.015, 2), GLASS)
        pen.fill(panel(door + 0.095, low + 0.12, door + 0.17, rows[0][1] - 0.02, 0.015, 2), GLASS)
    if variant in (1, 0):
        pen.fill(panel(half - 0.42, top - 0.08, half - 0.14, top - 0.02, 0.01, 2), SOOT)
        pen.fill(box(half - 0.38, top - 0.06, half - 0.18, top - 0.04), LAMP)
    pen.fill(ellipse(half - 0.03, low + 0.16, 0.045, 0.05, count=10), LAMP)
    pen.fill(panel(-half - 0.01, low + 0.12, -half + 0.04, low + 0.22, 0.015, 2), TAIL)
    for x in wheels:
        pen.fill(ellipse(x, radius + bump, radius * 1.22, count=16), "main", 0.5)
        wheel(pen, x, radius, spin(phase, moving, 5))
    return pen


def train(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.013), action == "moving"
    bump = 0.005 * swing(2 * phase) if moving else 0.0
    if variant in (0, 3):
        _steam(pen, variant, phase, moving, bump)
    else:
        _electric(pen, variant, phase, moving, bump)
    return pen


def _carriage(pen: Pen, left: float, right: float, top: float, bump: float, roof: RGB) -> None:
    low = 0.17 + bump
    pen.solid(panel(left, low, right, top + bump, 0.05, 3))
    pen.solid(
        rounded(
            [
                (left - 0.02, top - 0.05 + bump),
                (right + 0.02, top - 0.05 + bump),
                (right - 0.04, top + 0.04 + bump),
                (left + 0.04, top + 0.04 + bump),
            ],
            0.04,
            3,
        ),
        paint=roof,
    )
    pen.fill(box(left, low + 0.03, right, low + 0.09), "main", 0.72)
    count = 4
    pitch = (right - left - 0.08) / count
    for i in range(count):
        x = left + 0.08 + i * pitch
        pen.fill(panel(x, low + 0.26, x + pitch - 0.08, top - 0.1 + bump, 0.025, 2), GLASS)


def _steam(pen: Pen, variant: int, phase: int, moving: bool, bump: float) -> None:
    turned = spin(phase, moving, 6)
    _carriage(pen, -1.5, -0.52, 0.74, bump, SOOT)
    pen.fill(box(-0.56, 0.2, 0.0, 0.25), SOOT)
    for x in (-1.28, -0.76):
        wheel(pen, x, 0.12, turned, 6)
    low = 0.24 + bump
    pen.fill(box(-0.36, low - 0.04, 1.12, low + 0.04), SOOT)
    pen.fill([(1.06, low + 0.02), (1.28, 0.03), (0.98, 0.03), (0.96, low)], TAIL, 0.9)  # the cowcatcher
    pen.solid(panel(0.02, low, 1.06, low + 0.36, 0.12, 4))
    for x in (0.3, 0.62):
        pen.fill(box(x, low + 0.005, x + 0.035, low + 0.355), (232, 190, 84))
    pen.solid(panel(-0.36, low, 0.08, 0.86 + bump, 0.03, 3))
    pen.solid(rounded([(-0.44, 0.84 + bump), (0.16, 0.84 + bump), (0.1, 0.94 + bump), (-0.38, 0.94 + bump)], 0.04, 3), paint=SOOT)
    pen.fill(panel(-0.28, 0.56 + bump, -0.02, 0.78 + bump, 0.03, 3), GLASS)
    flare = 0.12 if variant == 0 else 0.07
    pen.solid([(0.8, low + 0.34), (0.93, low + 0.34), (0.865 + flare, 0.94 + bump), (0.865 - flare, 0.94 + bump)], paint=SOOT)
    pen.solid(panel(0.46, low + 0.34, 0.64, low + 0.46, 0.06, 4), paint=(232, 190, 84))
    pen.solid(ellipse(1.07, low + 0.26, 0.06, count=12), paint=LAMP, line=0.6)
    big = 0.2 if variant == 0 else 0.165
    drivers = (-0.12, 0.36) if variant == 0 else (-0.14, 0.22, 0.58)
    for x in drivers:
        pen.fill(ellipse(x, big, big, count=20), TAIL, 0.72)
        pen.fill(ellipse(x, big, big * 0.74, count=16), SOOT)
        pen.fill(star(x, big, big * 0.76, big * 0.14, 6, turned), TAIL, 0.9)
    wheel(pen, 0.86, 0.12, turned, 6)
    crank = [
        (x, y)
        for x, y in (
            place([(big * 0.5, 0)], drivers[0], big, spin(phase, moving, 1))[0],
            place([(big * 0.5, 0)], drivers[-1], big, spin(phase, moving, 1))[0],
        )
    ]
    pen.fill(stroke(crank[0], crank[1], 0.045), RIM)


def _electric(pen: Pen, variant: int, phase: int, moving: bool, bump: float) -> None:
    turned = spin(phase, moving, 6)
    low, top = 0.17 + bump, 0.8 + bump
    tram = variant == 2
    fast = variant in (1, 5)
    if not tram:
        _carriage(pen, -1.6, -0.44, 0.78, bump, STEEL)
        pen.fill(box(-0.46, 0.22, -0.34, 0.6), SOOT)
    left, right = (-0.95, 0.95) if tram else (-0.38, 1.28 if fast else 0.95)
    nose: Points = [
        (left, low),
        (right, low),
        (right - (0.02 if not fast else 0.0), low + 0.2),
        (right - (0.06 if not fast else 0.5), top),
        (left, top),
    ]
    pen.fill(box(left + 0.06, 0.12, right - 0.14, low + 0.02), SOOT)
    pen.solid(rounded(nose, [0.03, 0.06, 0.12 if not fast else 0.16, 0.1 if not fast else 0.4, 0.04], 5))
    pen.fill(box(left, low + 0.03, right - 0.03, low + 0.09), "main", 0.7)
    if tram or variant == 4:
        x = 0.1 if tram else 0.0
        arm = [(x - 0.16, top + 0.02), (x + 0.06, top + 0.1), (x - 0.08, top + 0.19)]
        pen.fill(stroke(arm[0], arm[1], 0.026), SOOT)
        pen.fill(stroke(arm[1], arm[2], 0.026), SOOT)
        pen.fill(box(x - 0.22, top + 0.18, x + 0.06, top + 0.205), SOOT)
        pen.fill(box(left + 0.1, top - 0.01, right - 0.2, top + 0.035), STEEL, 0.8)
    if fast:
        pen.fill([(left, low + 0.22), (right - 0.02, low + 0.2), (right - 0.08, low + 0.26), (left, low + 0.28)], (250, 248, 240))
        _window(
            pen,
            [(right - 0.5, low + 0.34), (right - 0.16, low + 0.34), (right - 0.46, top - 0.07), (right - 0.56, top - 0.07)],
            0.02,
        )
        stop = right - 0.62
    else:
        _window(
            pen,
            [(right - 0.26, low + 0.28), (right - 0.06, low + 0.28), (right - 0.1, top - 0.08), (right - 0.26, top - 0.08)],
            0.02,
        )
        pen.fill(box(left, low + 0.18, right - 0.01, low + 0.22), (250, 248, 240))
        stop = right - 0.3
    count = 5 if tram else 3
    pitch = (stop - left - 0.06) / count
    for i in range(count):
        x = left + 0.06 + i * pitch
        if tram and i in (1, 3):
            pen.fill(panel(x, low + 0.06, x + pitch - 0.05, top - 0.08, 0.02, 2), "main", 0.62)
            pen.fill(panel(x + 0.03, low + 0.12, x + pitch - 0.08, top - 0.1, 0.02, 2), GLASS)
        else:
            pen.fill(panel(x, low + 0.3, x + pitch - 0.06, top - 0.1, 0.02, 2), GLASS)
    pen.fill(ellipse(right - 0.05, low + 0.14, 0.042, count=10), LAMP)
    axles = [left + 0.24, left + 0.5, right - 0.56, right - 0.3] if not tram else [-0.62, -0.36, 0.36, 0.62]
    for x in ([-1.36, -0.68] if not tram else []) + axles:
        wheel(pen, x, 0.11, turned, 6)
