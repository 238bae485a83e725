"""The picture that boxes were drawn in: not always the one that is there now."""

from __future__ import annotations

from dataclasses import dataclass

from looksay.data import pictures
from looksay.data.dataset import RawItem
from looksay.data.doctor_boxes import fit
from looksay.scene import BoxXYXY, Size


@dataclass(frozen=True)
class Frame:
    """`size` is the real one; `drawn` the one that the boxes were made for. They differ only where `kind` names a fault."""

    size: Size | None
    drawn: Size | None
    kind: str = ""
    what: str = ""
    mend: str = ""

    @property
    def trusted(self) -> Size | None:
        """The size that single boxes can be held against: none where they were made for another."""
        return self.size if self.drawn == self.size else None

    def to_real(self, box: BoxXYXY, orientation: int) -> BoxXYXY:
        """From the picture that it was drawn in to the real one. `orientation` is that of EXIF, 1 to 8."""
        if self.size is None or self.drawn is None or self.drawn == self.size:
            return box
        if self.kind == "exif-rotation":
            return turned(box, self.drawn, orientation)
        across, down = self.size[0] / self.drawn[0], self.size[1] / self.drawn[1]
        return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def turned(box: BoxXYXY, size: Size, orientation: int) -> BoxXYXY:
    """A box in the stored picture of that size, as it lies in the upright one."""
    (x1, y1, x2, y2), (width, height) = box, size
    if orientation in (2, 3, 7, 8):  # the stored left is the right of what is shown, or its bottom
        x1, x2 = width - x2, width - x1
    if orientation in (3, 4, 6, 7):
        y1, y2 = height - y2, height - y1
    return (y1, x1, y2, x2) if orientation >= 5 else (x1, y1, x2, y2)


def frame_of(item: RawItem, real: Size | None, format: str) -> Frame:
    """`real` is the size of the upright picture, None where it is not known."""
    stated = item.size
    if real is None:
        known = stated if stated is not None and min(stated) > 0 else None
        return Frame(known, known)
    fits, said = fit(item.boxes, real, format), f"{real[0]} × {real[1]}"
    sideways = (real[1], real[0])
    suspect = sideways != real and (stated == sideways or (stated in (None, real) and not fits))
    if suspect and item.path and fit(item.boxes, sideways, format) and not pictures.is_upright(item.path):
        drawn = "is stated" if stated == sideways else "has its boxes"
        what = f"EXIF turns the picture to {said}, but it {drawn} as it was before, {sideways[0]} × {sideways[1]}"
        return Frame(real, sideways, "exif-rotation", what, "turn the boxes too, or save the picture upright")
    if stated is not None and stated != real:
        theirs = not fits and min(stated) > 0 and fit(item.boxes, stated, format)
        what = f"states {stated[0]} × {stated[1]}, but the picture is {said}" + (
            "; the boxes fit the stated one" if theirs else ""
        )
        mend = "correct the stated size, or fetch the original picture"
        return Frame(real, stated if theirs else real, "stated-size", what, mend)
    if stated is None and format == "voc":
        what = f"states no size; the picture is {said}"
        return Frame(real, real, "stated-size", what, "write <size> with <width> and <height>")
    return Frame(real, real)
