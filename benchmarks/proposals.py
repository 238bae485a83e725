"""Selective search on pages of the storybook: seconds a picture on one thread, and how many things it finds with how many boxes.
Draws docs/pictures/proposals.png.

    python benchmarks/proposals.py [--pages 60] [--modes fast quality]
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import cv2
import torch

from looksay.data.proposals import Recall, recall
from looksay.data.storybook import open_storybook
from looksay.ops.proposals import WAYS, Mode, propose
from looksay.show.plots import Curve, curves

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "proposals.png"
COUNTS = (1, 2, 3, 5, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000)
SHOWN = (10, 30, 100, 300, 1000, 2000)


def seconds(pages: int, mode: Mode) -> float:
    """A picture, without the cache."""
    some = open_storybook(f"scene,pages={pages}", "test")
    pictures = [some.picture(index) for index in range(min(pages, 10))]
    propose(pictures[0], mode)
    since = time.perf_counter()
    for picture in pictures:
        propose(picture, mode)
    return (time.perf_counter() - since) / len(pictures)


def line(mode: str, found: Recall, cost: float) -> str:
    shares = [f"{100 * found.found[0, found.counts.index(count)]:8.1f}" for count in SHOWN]
    return f"{mode:8}{1000 * cost:10.0f}{found.mean_count:10.0f}" + "".join(shares) + f"{found.best:8.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--modes", nargs="+", default=list(WAYS), choices=list(WAYS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    dataset = open_storybook(f"scene,pages={options.pages}", "test")
    print(f"{options.pages} pages of the storybook, 128 x 128, {os.cpu_count()} cores, one thread")
    print("mode    ms/picture     boxes" + "".join(f"{f'R@{count}':>8}" for count in SHOWN) + "    best   (R in % at IoU .5)")
    lines = []
    for mode in options.modes:
        cost = seconds(options.pages, mode)
        found = recall(dataset, COUNTS, (0.5, 0.7), mode)
        print(line(mode, found, cost), flush=True)
        for threshold, shares in zip(found.thresholds, found.found, strict=True):
            lines.append(Curve(f"{mode}, IoU {threshold}", COUNTS, shares))
    PICTURE.write_bytes(curves(lines, "proposals, best first", "share of the things found", "png"))


if __name__ == "__main__":
    main()
