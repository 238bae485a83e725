"""The edge of a mask as one polygon that runs exactly between the pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Corner = tuple[int, int]


def loops(mask: npt.NDArray[np.bool_]) -> list[list[Corner]]:
    """Closed lines around the set pixels, and around the holes in them: corners (x, y) where the line turns."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    left, top = int(columns[0]), int(rows[0])
    padded = np.pad(mask[top : rows[-1] + 1, left : columns[-1] + 1], 1).astype(np.int8)
    across = np.diff(padded, axis=0)[:, 1:-1]  # [y, x]: between the rows y - 1 and y
    along = np.diff(padded, axis=1)[1:-1]  # [y, x]: between the columns x - 1 and x
    onward: dict[Corner, list[Corner]] = {}
    # Set pixels lie to the right of the way.
    for sign, edges, step in ((1, across, (1, 0)), (-1, across, (-1, 0)), (1, along, (0, -1)), (-1, along, (0, 1))):
        for y, x in np.argwhere(edges == sign).tolist():
            start = (left + x + (step[0] < 0), top + y + (step[1] < 0))
            onward.setdefault(start, []).append((start[0] + step[0], start[1] + step[1]))
    out = []
    for start in sorted(onward, key=lambda corner: (corner[1], corner[0])):
        while start in onward:
            out.append(_straightened(_follow(onward, start)))
    return out


def _follow(onward: dict[Corner, list[Corner]], start: Corner) -> list[Corner]:
    """One closed line, taken out of `onward`. Where two pixels touch at a corner it turns right, so that they stay apart."""
    line, at, heading = [start], start, (1, 0)
    while True:
        ways = onward[at]
        right = (-heading[1], heading[0])
        ahead = min(ways, key=lambda to: (to[0] - at[0], to[1] - at[1]) != right)
        ways.remove(ahead)
        if not ways:
            del onward[at]
        heading, at = (ahead[0] - at[0], ahead[1] - at[1]), ahead
        if at == start:
            return line
        line.append(at)


def _straightened(line: list[Corner]) -> list[Corner]:
    before, after = [line[-1], *line[:-1]], [*line[1:], line[0]]
    turns = zip(before, line, after, strict=True)
    return [here for a, here, b in turns if (a[0] == here[0]) != (here[0] == b[0])]


def polygon(mask: npt.NDArray[np.bool_]) -> list[Corner]:
    """All of them as one polygon: from the end of the first a bridge without width leads to each other line and back."""
    first, *others = loops(mask) or [[]]
    out = list(first)
    for line in others:
        out += [first[0], *line, line[0]]
    return out
