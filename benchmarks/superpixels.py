"""Superpixels of test pages of the storybook at several counts: how many edges of the truth they keep to, the pixel accuracy that
could be reached with them, how far they leak, and the time. Squares of the same count are what colour must beat. Writes
results/superpixels.csv.

    python benchmarks/superpixels.py [--pages 200 --size 128]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from looksay.measure.bootstrap import interval
from looksay.measure.results import record
from looksay.measure.superpixels import quality
from looksay.ops.superpixels import Labels, graph, slic
from looksay.storybook.page import page

SEED = 2_000_006  # of the storybook's test split
OUT = Path(__file__).resolve().parent.parent / "results" / "superpixels.csv"
COUNTS = (50, 100, 200, 400, 800)
SCALES = ((300.0, 60), (150.0, 30), (60.0, 15), (25.0, 10), (10.0, 5))  # scale and smallest piece: about as many
Way = Callable[[npt.NDArray[np.uint8]], Labels]


def squares(picture: npt.NDArray[np.uint8], count: int) -> Labels:
    side = round(count**0.5)
    row, column = (np.arange(extent) * side // extent for extent in picture.shape[:2])
    found: Labels = (row[:, None] * side + column[None]).astype(np.int32)
    return found


def ways() -> dict[tuple[str, str], Way]:
    found: dict[tuple[str, str], Way] = {}
    for count in COUNTS:
        found["squares", f"{count:03}"] = lambda picture, count=count: squares(picture, count)
        found["slic", f"{count:03}"] = lambda picture, count=count: slic(picture, count)
        found["slic", f"{count:03}, texture"] = lambda picture, count=count: slic(picture, count, texture=1.0)
    for scale, smallest in SCALES:
        found["graph", f"scale {scale:03g}"] = lambda picture, a=scale, b=smallest: graph(picture, a, smallest=b)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--size", type=int, default=128)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    pages = [page(SEED, index, (asked.size, asked.size), words=False) for index in range(asked.pages)]
    data = f"storybook:view=scene,seed=0,size={asked.size}"
    print(f"{asked.pages} test pages, {asked.size} pixels; recall within {100 * 0.0075:g} % of the diagonal")
    print(f"{'':26} {'pieces':>7} {'recall':>7} {'achievable':>10} {'leaking':>8} {'ms':>6}")
    for (name, recipe), way in ways().items():
        since = time.perf_counter()
        made = [way(each.picture) for each in pages]
        took = 1000 * (time.perf_counter() - since) / len(pages)
        found = np.array([quality(labels, each.scene.regions.ids) for labels, each in zip(made, pages, strict=True)])
        recall, achievable, leaking, pieces = np.nanmean(found, axis=0).tolist()
        low, high = interval(found[:, 1])
        scores = {"achievable": achievable, "boundary_recall": recall, "leaking": leaking, "pieces": pieces}
        print(f"{name:8} {recipe:17} {pieces:7.1f} {100 * recall:7.2f} {100 * achievable:10.2f} {100 * leaking:8.2f} {took:6.1f}")
        key = {"system": name, "recipe": recipe, "weights": "", "data": data, "split": "test", "pictures": len(pages)}
        back = {"low": low, "high": high, "ms_per_picture": took, "command": "python benchmarks/superpixels.py"}
        record(OUT, {**key, **scores, **back})


if __name__ == "__main__":
    main()
