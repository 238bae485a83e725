"""What all vehicles share: the fixed paints and the wheel."""

from __future__ import annotations

from looksay.storybook.figures.pen import Pen, arc, ellipse, star
from looksay.storybook.spec import PHASES, RGB

TYRE: RGB = (48, 46, 52)
RIM: RGB = (206, 208, 212)
GLASS: RGB = (176, 214, 232)
GLARE: RGB = (222, 240, 248)
LAMP: RGB = (255, 236, 150)
RUBY: RGB = (214, 54, 50)
STEEL: RGB = (150, 152, 160)
SOOT: RGB = (62, 60, 66)


def wheel(pen: Pen, x: float, radius: float, turned: float, rays: int = 5) -> None:
    """Tyre, rim and spokes; it stands on the ground."""
    count = 22 if radius > 0.13 else 16
    pen.fill(ellipse(x, radius, radius, count=count), TYRE)
    pen.fill(ellipse(x, radius, radius * 0.6, count=count - 6), RIM)
    pen.fill(star(x, radius, radius * 0.56, radius * 0.17, rays, turned), STEEL, 0.72)


def arch(pen: Pen, x: float, y: float, radius: float) -> None:
    """The dark opening of a mudguard above a wheel."""
    pen.fill(arc(x, y, radius, radius, -12, 192, 14), "main", 0.46)


def spin(phase: int, moving: bool, rays: int) -> float:
    """Degrees by which a wheel is turned; after all phases it looks as at the first."""
    return -phase * 360.0 / rays / PHASES if moving else 12.0
