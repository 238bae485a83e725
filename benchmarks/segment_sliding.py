"""What it costs to label window by window, beside the same network as one convolution at every pixel: same weights, same labels.

    python benchmarks/segment_sliding.py [--weights FILE] [--side 128] [--strip 8] [--threads 1]

Windows are timed on a strip of `strip` rows in the middle of a page, which says what the whole would take; labels are compared
there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from looksay import weights
from looksay.data import source
from looksay.data.loader import ready
from looksay.nn.segmenter import Segmenter
from looksay.systems.segment.sliding import WindowLabeller


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--weights", default="", help="of window-labeller; shipped ones, or else random numbers")
    said.add_argument("--side", type=int, default=128)
    said.add_argument("--strip", type=int, default=8, help="rows that are labelled window by window")
    said.add_argument("--threads", type=int, default=1)
    how = said.parse_args()
    torch.set_num_threads(how.threads)
    sliding, dense, strided = forms(how.weights)
    page = source.open(f"storybook:pages=8,size={how.side}", "test", view="scene").picture(0)
    pictures = ready([("page", page)], replace(dense.prep, size=(how.side, how.side), resize=how.side)).pictures
    with torch.inference_mode():
        top = (how.side - how.strip) // 2
        seen = around_strip(sliding, pictures, top, how.strip)
        alone, window_time = timed(lambda: sliding._slid(seen, (how.side, how.strip)))
        whole, dense_time = timed(lambda: dense.maps(pictures).logits)
        _, strided_time = timed(lambda: strided.maps(pictures).logits)
    same = (alone.argmax(1) == whole[:, :, top : top + how.strip].argmax(1)).float().mean()
    apart = (alone - whole[:, :, top : top + how.strip]).abs().max() / whole.abs().max()
    full = window_time * how.side / how.strip
    print(f"{how.side} x {how.side} pixels, {how.threads} thread(s), float32, no folding")
    print(f"window by window   {1000 * full:10.1f} ms a picture (from {how.strip} rows)")
    print(f"dense, every pixel {1000 * dense_time:10.1f} ms: {full / dense_time:.0f} times faster")
    print(
        f"strided, bilinear  {1000 * strided_time:10.1f} ms: {full / strided_time:.0f} times faster, labels of its own in between"
    )
    print(f"labels equal on {100 * float(same):.3f} % of the pixels compared; scores apart by {float(apart):.1e} of the largest")


def forms(path: str) -> tuple[Any, Any, Any]:
    home = Path(path) if path else weights.shipped("window-labeller")
    if home is None:
        torch.manual_seed(0)
        given: Segmenter = WindowLabeller([f"kind {number}" for number in range(38)])
        config, tensors, classes = {}, given.state_dict(), given.classes
    else:
        info, tensors = weights.read(home)
        config, classes = dict(info.config), info.classes
    made = []
    for form in ("sliding", "dense", "strided"):
        system = weights.build("window-labeller", classes, {**config, "form": form})
        weights.fill(system, tensors, form)
        made.append(system.eval())
    return made[0], made[1], made[2]


def around_strip(system: Any, pictures: Tensor, top: int, rows: int) -> Tensor:
    from looksay.nn.shared import around

    return around(pictures, system.window)[:, :, top : top + rows + system.window - 1]


def timed(work: Callable[[], Tensor], rounds: int = 3) -> tuple[Tensor, float]:
    found, best = work(), float("inf")
    for _ in range(rounds):
        since = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - since)
    return found, best


if __name__ == "__main__":
    main()
