"""Large pictures in tiles. First a picture that fits as a whole, so that the tiles' labels can be compared with the whole's, at
several overlaps; how far the network sees is printed beside. Then `looksay segment --tile` itself on larger and larger
pictures, in processes of their own: the most memory that each held, its time, and whether it showed its progress on a terminal.

    OMP_NUM_THREADS=1 python benchmarks/segment_tiles.py [--model FILE] [--tile 512] [--sides 2000,4000]
    python benchmarks/segment_tiles.py --sides 10000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from looksay import weights
from looksay.api import load_file
from looksay.defaults import SEGMENTER
from looksay.looker import Looker
from looksay.nn.segmenter import Segmenter
from looksay.nn.tiles import in_tiles, reach
from looksay.storybook.page import page

SEED = 2_000_006  # of the storybook's test split
SHEET = 500  # pixels of a page
MOST = 2_000_000_000  # bytes that a picture of any size may take
Array = np.ndarray[Any, Any]
# A process that is started by another counts what that held as its own most; so one that holds little starts it and tells.
TELL = """
import os, resource, sys
pid = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[2:]], os.environ)
_, status, used = os.wait4(pid, 0)
open(sys.argv[1], "w").write(str(used.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def picture_of(size: tuple[int, int]) -> Array:
    """Pages of the storybook side by side: nine of them, again and again."""
    pages = [page(SEED, index, (SHEET, SHEET), words=False).picture for index in range(9)]
    sheet = np.concatenate([np.concatenate(pages[row : row + 3], axis=1) for row in (0, 3, 6)])
    wide, high = size
    times = (-(-high // len(sheet)), -(-wide // len(sheet)), 1)
    return np.ascontiguousarray(np.tile(sheet, times)[:high, :wide])


def compare(looker: Looker, tile: int) -> bool:
    """Whether tiles that overlap as far as the network sees say what the whole says."""
    quick: Any = looker.quick
    assert isinstance(quick, Segmenter)
    far = reach(quick, looker.ask)
    picture = picture_of((1600, 1216))
    since = time.perf_counter()
    whole = in_tiles(quick, picture, looker.ask, side=1600, overlap=0)
    spent = time.perf_counter() - since
    print(f"{looker.name}: what a pixel depends on lies within {far} pixels; {len(np.unique(whole))} classes seen")
    print(f"1,600 x 1,216 as a whole: {spent:.1f} s")
    same = False
    for side, overlap in dict.fromkeys([(tile, 0), (tile, 64), (tile, None), (1024, None), (1024, far)]):
        if overlap is not None and side < 2 * overlap + 32:
            continue
        since = time.perf_counter()
        found = in_tiles(quick, picture, looker.ask, side=side, overlap=overlap)
        spent, alike = time.perf_counter() - since, float((found == whole).mean())
        name = "as usual" if overlap is None else str(overlap)
        print(f"  tiles of {side:4}, overlap {name:8}: {spent:5.1f} s, {alike:.4%} of labels alike, {(found != whole).sum()} not")
        same |= overlap == far and alike == 1.0
    return same


def command(side: int, tile: Sequence[str], model: str, folder: Path) -> bool:
    """`looksay segment --semantic --tile …` on a picture of side x side, as a process on a terminal."""
    file = folder / f"{side}.png"
    Image.fromarray(picture_of((side, side))).save(file, compress_level=1)
    ours, its = os.openpty()
    since = time.perf_counter()
    words = ["-m", "looksay", "segment", str(file), "--semantic", *tile, "--model", model, "--format", "labels"]
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", TELL, str(folder / "held"), *words, "--output", str(folder / "out")],
        {**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        file_actions=[(os.POSIX_SPAWN_DUP2, its, 1), (os.POSIX_SPAWN_DUP2, its, 2), (os.POSIX_SPAWN_CLOSE, ours)],
    )
    os.close(its)
    told = said_on(ours)
    _, status = os.waitpid(pid, 0)
    spent = time.perf_counter() - since
    if status:
        print(told.decode(errors="replace"), file=sys.stderr)
        return False
    held, shown = int((folder / "held").read_text("utf-8")), told.count(b"tile by tile")
    with Image.open(folder / "out" / f"{side}.png") as made:
        whole = made.size == (side, side)
    print(
        f"  {side:6,} x {side:6,}: {spent:6.1f} s, {held / 1e6:5.0f} MB at most, bar drawn {shown} times, labels whole: {whole}"
    )
    file.unlink()
    return held < MOST and shown > 1 and whole


def said_on(terminal: int) -> bytes:
    """All that is written there until nobody can write any more."""
    found: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(found)
        found.append(part)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="a weights file; what `looksay segment` looks with")
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--overlap", default="", help="of the command's tiles; its own if left out")
    parser.add_argument("--sides", default="2000,4000", help="of the pictures whose memory is measured; empty for none")
    parser.add_argument("--no-compare", action="store_true", help="measure memory only")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = asked.model or str(weights.shipped(SEGMENTER))
        good = True if asked.no_compare else compare(load_file(Path(model)), asked.tile)
        sides = [int(side) for side in asked.sides.split(",") if side]
        tile = ["--tile", str(asked.tile), *(["--overlap", asked.overlap] if asked.overlap else [])]
        if sides:
            print(f"looksay segment --semantic {' '.join(tile)}, {torch.get_num_threads()} thread(s)")
        for side in sides:
            good &= command(side, tile, model, folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
