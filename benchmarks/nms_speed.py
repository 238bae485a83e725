"""Greedy suppression that ends when enough is kept, against torchvision.ops.nms, which has no such end, in one run, with two
threads and with one. Piles of boxes from sparse to dense; the last two have hardly enough to keep, or not enough, so that nothing
ends early. Rounds alternate, the best of each counts. The kept lists must be identical.

    python benchmarks/nms_speed.py [--boxes 10000 --most 300 --overlap 0.7 --tries 5]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.ops import nms

from looksay.ops.suppress import suppress

PILES = {  # how many places the boxes crowd about, and how far they stray, in shares of their sides
    "a box a place": (10_000, 0.1),
    "ten a place": (1_000, 0.1),
    "thirty a place, close": (330, 0.05),
    "hardly enough places": (310, 0.02),
    "not enough places": (290, 0.02),
}
LEAST = 3.0  # times as fast, in every pile that has enough for an early end


def pile(count: int, places: int, stray: float) -> tuple[Tensor, Tensor]:
    """Boxes of 32 to 240 pixels in a picture of 800 × 800, and their scores."""
    chance = torch.Generator().manual_seed(0)
    middle = torch.rand(places, 2, generator=chance) * 800
    side = 32 * torch.exp(2 * torch.rand(places, 2, generator=chance))
    which = torch.randint(places, (count,), generator=chance)
    centre = middle[which] + torch.randn(count, 2, generator=chance) * side[which] * stray
    half = side[which] * torch.exp(torch.randn(count, 2, generator=chance) * stray) / 2
    return torch.cat([centre - half, centre + half], dim=1), torch.rand(count, generator=chance)


def race(acts: list[Callable[[], Tensor]], tries: int) -> list[float]:
    """Milliseconds of each."""
    best = [float("inf")] * len(acts)
    for _ in range(tries):
        for place, act in enumerate(acts):
            since = time.perf_counter()
            act()
            best[place] = min(best[place], 1000 * (time.perf_counter() - since))
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("boxes", 10_000), ("most", 300), ("tries", 5)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--overlap", type=float, default=0.7)
    asked = parser.parse_args()
    print(f"{asked.boxes:,} boxes, the best {asked.most} at IoU {asked.overlap}")
    print(f"{'':24}{'threads':>8}{'in all':>8}{'torchvision ms':>16}{'ours ms':>9}{'times':>8}  kept list")
    good = True
    for threads in (2, 1):
        torch.set_num_threads(threads)
        for name, (places, stray) in PILES.items():
            boxes, scores = pile(asked.boxes, places, stray)
            kinds = torch.zeros(len(boxes), dtype=torch.int64)
            whole = nms(boxes, scores, asked.overlap)

            def theirs(boxes: Tensor = boxes, scores: Tensor = scores) -> Tensor:
                return nms(boxes, scores, asked.overlap)[: asked.most]

            def ours(boxes: Tensor = boxes, scores: Tensor = scores, kinds: Tensor = kinds) -> Tensor:
                return suppress(boxes, scores, kinds, asked.overlap, most=asked.most)

            same = torch.equal(ours(), theirs())
            slow, quick = race([theirs, ours], asked.tries)
            good &= same and (len(whole) < 2 * asked.most or slow >= LEAST * quick)
            shown = "identical" if same else "DIFFERS"
            print(f"{name:24}{threads:8}{len(whole):8,}{slow:16.1f}{quick:9.1f}{slow / quick:8.1f}  {shown}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
