"""How many pages of the storybook are drawn in a second on one core, with their whole truth, with and without words.

python -m benchmarks.storybook [--pages 200] [--size 128]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import cv2

from looksay.storybook.clip import clip
from looksay.storybook.compose import compose
from looksay.storybook.page import draw, page, truth


def fastest(work: Callable[[int], object], count: int, rounds: int = 5) -> float:
    """Milliseconds for one of `count` runs: the mean over the runs of the shortest time that each took in all rounds, so that
    what else the machine does in the meantime counts little."""
    best = [float("inf")] * count
    for _ in range(rounds):
        for index in range(count):
            start = time.perf_counter()
            work(index)
            best[index] = min(best[index], time.perf_counter() - start)
    return 1000 * sum(best) / count


def main() -> None:
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--pages", type=int, default=100)
    wish.add_argument("--size", type=int, default=128)
    wished = wish.parse_args()
    cv2.setNumThreads(1)
    size = (wished.size, wished.size)
    print(f"{'work':34s} {'ms':>8s} {'a second':>9s}")
    for view in ("scene", "portrait"):
        specs = [compose(1, index, view) for index in range(wished.pages)]
        drawings = [draw(spec, size) for spec in specs]
        table: dict[str, Callable[[int], object]] = {
            "compose": lambda index, view=view: compose(1, index, view),
            "draw": lambda index, specs=specs: draw(specs[index], size),
            "truth without words": lambda index, specs=specs, drawings=drawings: truth(
                specs[index], size, drawings[index], words=False
            ),
            "page without words": lambda index, view=view: page(1, index, size, view, words=False),
            "page with words": lambda index, view=view: page(1, index, size, view),
        }
        for name, work in table.items():
            took = fastest(work, wished.pages)
            print(f"{view + ': ' + name:34s} {took:8.3f} {1000 / took:9.0f}")
    films = 6
    frames = sum(len(clip(1, index).frames) for index in range(films))
    took = fastest(lambda index: clip(1, index), films, 3) * films / frames
    print(f"{'clip: a frame with motion, 96 px':34s} {took:8.3f} {1000 / took:9.0f}")


if __name__ == "__main__":
    main()
