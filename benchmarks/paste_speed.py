"""Pasting the masks of a picture's instances: looksay, as an array and as run lengths, beside torchvision, in one run on one
thread. The bits at .5 are compared first. The best of the tries counts.

    python benchmarks/paste_speed.py [--masks 100 --width 1280 --height 960 --side 28 --tries 5]
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torchvision.models.detection.roi_heads import paste_masks_in_image

from looksay.ops.paste import pasted, pasted_runs
from looksay.scene import Mask


def made(count: int, side: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Blobs in boxes of 16 to 700 pixels, every size as often as its double."""
    rng = torch.Generator().manual_seed(0)
    masks = torch.nn.functional.avg_pool2d(torch.rand(count, side + 4, side + 4, generator=rng), 5, 1)
    masks = ((masks - 0.47) * 12).sigmoid()
    middle = torch.rand(count, 2, generator=rng) * torch.tensor(size)
    half = torch.exp(torch.rand(count, 2, generator=rng) * np.log(700 / 16)) * 8
    boxes = torch.cat([middle - half, middle + half], dim=1)
    limit = torch.tensor([*size, *size])
    return masks, torch.minimum(boxes.clamp(min=0), limit)


def best(act: Callable[[], Any], tries: int) -> float:
    """Milliseconds."""
    times = []
    for _ in range(tries + 1):
        since = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - since))
    return min(times[1:])


def memory(count: int) -> tuple[float, float]:
    """(kept, most while working) in MB for `count` masks of a picture of 4,000 × 3,000."""
    size = (4000, 3000)
    masks, boxes = made(count, 28, size)
    tracemalloc.start()
    kept = [Mask(size, runs) for runs in pasted_runs(masks, boxes, size)]
    now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == count
    return now / 1e6, most / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("masks", 100), ("width", 1280), ("height", 960), ("side", 28), ("tries", 5)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    size = (asked.width, asked.height)
    masks, boxes = made(asked.masks, asked.side, size)
    expected = (paste_masks_in_image(masks[:, None], boxes, size[::-1])[:, 0] > 0.5).numpy()
    same = np.array_equal(pasted(masks, boxes, size), expected)
    same &= all(Mask(size, runs) == Mask.of(a) for runs, a in zip(pasted_runs(masks, boxes, size), expected, strict=True))
    print(f"{asked.masks} masks of {asked.side} × {asked.side} into {size[0]} × {size[1]}, one thread; the same bits: {same}")
    rows = {
        "torchvision, thresholded": lambda: paste_masks_in_image(masks[:, None], boxes, size[::-1]) > 0.5,
        "torchvision": lambda: paste_masks_in_image(masks[:, None], boxes, size[::-1]),
        "looksay, array": lambda: pasted(masks, boxes, size),
        "looksay, run lengths": lambda: list(pasted_runs(masks, boxes, size)),
        "looksay, masks": lambda: [Mask(size, runs) for runs in pasted_runs(masks, boxes, size)],
    }
    times = {name: best(act, asked.tries) for name, act in rows.items()}
    for name, took in times.items():
        print(f"{name:26} {took:9.1f} ms   {times['torchvision'] / took:6.1f} × torchvision")
    kept, most = memory(10_000)
    print(f"10,000 masks of 4,000 × 3,000: {kept:.0f} MB kept, {most:.0f} MB at most while they are made")
    return 0 if same and times["torchvision"] >= 3 * times["looksay, array"] and most < 200 else 1


if __name__ == "__main__":
    sys.exit(main())
