"""Draws upsampling.md's pictures: how a few numbers become many, step by step. The numbers come from looksay.ops.upsample itself.

python docs/upsampling_pictures.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from looksay.ops.upsample import bed_of_nails, bilinear, max_pool, max_unpool, nearest
from looksay.show.palette import INK, MUTED, PAPER, RGB
from looksay.show.text import font

CELL, GAP, EDGE, LINE = 46, 44, 14, 24
BARE: RGB = (255, 255, 255)
TINTS: tuple[RGB, ...] = ((249, 205, 173), (187, 222, 251), (200, 230, 201), (225, 207, 240))  # one for each of the four inputs
HELD: RGB = (255, 241, 118)
TWO = [[1, 2], [3, 4]]
POOLED = [[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]]
Place = tuple[int, int]


@dataclass
class Board:
    """Numbers in a square, some of its cells tinted; `said` stands above, `sign` between it and the next."""

    rows: Sequence[Sequence[float]]
    said: str = ""
    tints: Mapping[Place, RGB] = field(default_factory=dict)
    sign: str = "→"
    framed: tuple[int, int, int, int] | None = None  # left, top, width, height of a window, in cells; it may reach out

    @property
    def size(self) -> int:
        return len(self.rows) * CELL


def plane(rows: Sequence[Sequence[float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def rows_of(x: Tensor) -> list[list[float]]:
    found: list[list[float]] = x[0, 0].tolist()
    return found


def strip(boards: Sequence[Board], title: str) -> Image.Image:
    """The boards from left to right, under a title."""
    inner = max(board.size for board in boards)
    width = 2 * EDGE + sum(board.size for board in boards) + GAP * (len(boards) - 1)
    width = max(width, 2 * EDGE + round(font(17, bold=True).getlength(title)))
    image = Image.new("RGB", (width, 3 * EDGE + 2 * LINE + inner + CELL // 2), PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((EDGE, EDGE), title, font=font(17, bold=True), fill=INK)
    x, floor = EDGE, EDGE + LINE
    for number, board in enumerate(boards):
        y = floor + LINE + EDGE + (inner - board.size) // 2
        draw(pen, board, x, y)
        pen.text((x + board.size / 2, y - 7), board.said, font=font(14), fill=MUTED, anchor="mb")
        x += board.size
        if number + 1 < len(boards):
            middle = floor + LINE + EDGE + inner // 2
            pen.text((x + GAP / 2, middle), board.sign, font=font(24), fill=INK, anchor="mm")
            x += GAP
    return image


def draw(pen: ImageDraw.ImageDraw, board: Board, x: int, y: int) -> None:
    for row, line in enumerate(board.rows):
        for column, value in enumerate(line):
            left, top = x + column * CELL, y + row * CELL
            pen.rectangle((left, top, left + CELL, top + CELL), board.tints.get((row, column), BARE), MUTED)
            text = "" if np.isnan(value) else f"{value:.4g}"
            colour = MUTED if value == 0 and (row, column) not in board.tints else INK
            pen.text((left + CELL / 2, top + CELL / 2), text, font=font(20 if len(text) < 4 else 14), fill=colour, anchor="mm")
    if board.framed is not None:
        left, top, wide, high = board.framed
        across, down = ((max(start, 0), min(start + extent, len(board.rows))) for start, extent in ((left, wide), (top, high)))
        low, far = (x + across[0] * CELL, y + down[0] * CELL), (x + across[1] * CELL, y + down[1] * CELL)
        pen.rectangle((*low, *far), outline=INK, width=3)


def quarter(row: int, column: int) -> int:
    """Which of the four inputs a cell of the 4 × 4 output is above."""
    return row // 2 * 2 + column // 2


INPUT = Board(TWO, "2 × 2", {(at // 2, at % 2): TINTS[at] for at in range(4)})


def filled(whole: Sequence[Sequence[float]], shown: Callable[[int, int], bool], upto: int) -> Board:
    """The output with what the first inputs have given; `shown` says which cells an input colours."""
    tints = {(r, c): TINTS[quarter(r, c)] for r in range(4) for c in range(4) if quarter(r, c) < upto and shown(r, c)}
    rows = [[value if quarter(r, c) < upto else np.nan for c, value in enumerate(line)] for r, line in enumerate(whole)]
    return Board(rows, f"{upto} of 4", tints)


def copied() -> Image.Image:
    whole = rows_of(nearest(plane(TWO)))
    return strip([INPUT, *(filled(whole, lambda r, c: True, upto) for upto in range(1, 5))], "Nearest: each fills its square")


def nailed() -> Image.Image:
    whole = rows_of(bed_of_nails(plane(TWO)))
    boards = [filled(whole, lambda r, c: r % 2 == c % 2 == 0, upto) for upto in range(1, 5)]
    return strip([INPUT, *boards], "Bed of nails: each stands in the corner of its square, the rest is 0")


def blended() -> Image.Image:
    """Where the sixteen new centres lie between the four old ones, and what one of them takes from each."""
    corners = plane([[0, 4], [8, 12]])
    whole = rows_of(bilinear(corners, (4, 4)))
    shares = bilinear(torch.eye(4).view(1, 4, 2, 2), (4, 4))[0]
    boards = [Board([[0, 4], [8, 12]], "2 × 2", INPUT.tints)]
    for place in ((1, 1), (1, 2), (0, 1)):
        weights = (16 * shares[:, place[0], place[1]]).tolist()
        parts = [[weights[0], weights[1]], [weights[2], weights[3]]]
        boards.append(Board(parts, f"16ths, ({place[0]}, {place[1]})", INPUT.tints, sign=""))
    boards[-1].sign = "→"
    boards.append(Board(whole, "4 × 4", {(1, 1): HELD, (1, 2): HELD, (0, 1): HELD}))
    return strip(boards, "Bilinear: each new pixel takes from the old ones around its centre, the nearer the more")


def unpooled() -> Image.Image:
    pooled, positions = max_pool(plane(POOLED))
    at = [divmod(place, 4) for place in positions.flatten().tolist()]
    kept = {place: TINTS[number] for number, place in enumerate(at)}
    boards = [
        Board(POOLED, "before: 4 × 4", kept),
        Board(rows_of(pooled), "max pooling", INPUT.tints, sign="…"),
        Board(TWO, "later: 2 × 2", INPUT.tints),
    ]
    whole = rows_of(max_unpool(plane(TWO), positions, (4, 4)))
    for upto in (2, 4):
        rows = [[value if quarter(r, c) < upto else 0 for c, value in enumerate(line)] for r, line in enumerate(whole)]
        boards.append(Board(rows, f"max unpooling, {upto} of 4", {place: kept[place] for place in at[:upto]}))
    return strip(boards, "Max unpooling: each goes where the greatest of its square had stood")


def stamped() -> Image.Image:
    """A filter of ones, so that the sums can be followed; the frame is where it lies."""
    kernel, total = torch.ones(1, 1, 3, 3), torch.zeros(1, 1, 4, 4)
    boards = [INPUT]
    for number in range(4):
        row, column = divmod(number, 2)
        one = torch.zeros(1, 1, 2, 2)
        one[0, 0, row, column] = TWO[row][column]
        part = F.conv_transpose2d(one, kernel, stride=2, padding=1, output_padding=1)
        total = total + part
        tints = dict.fromkeys(map(tuple, np.argwhere(part[0, 0].numpy() > 0).tolist()), TINTS[number])
        window = (2 * column - 1, 2 * row - 1, 3, 3)
        boards.append(Board(rows_of(total), f"+ {TWO[row][column]} × filter", tints, framed=window))
    return strip(boards, "Transposed convolution 3 × 3, stride 2, pad 1: each lays down the filter times itself; overlaps add up")


def pictures() -> dict[str, Image.Image]:
    made = (("nearest", copied), ("bilinear", blended), ("nails", nailed), ("unpooling", unpooled), ("transposed", stamped))
    return {f"upsample-{name}.png": make() for name, make in made}


def main() -> None:
    home = Path(__file__).resolve().parent / "pictures"
    for name, image in pictures().items():
        image.quantize(64, dither=Image.Dither.NONE).save(home / name, optimize=True)
        print(f"{name}: {image.width} × {image.height}, {(home / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
