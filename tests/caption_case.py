"""Small captioners, and batches of regions with captions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from looksay import weights
from looksay.nn.captioner import Captioner
from looksay.nn.seeing import Seen
from looksay.nn.system import Batch
from looksay.nn.vocabulary import SPECIALS

WORDS = (*SPECIALS, ".", "a", "dog", "cat", "tree", "red", "under", "the", "two")
ALL = ("show-and-tell", "neuraltalk", "lrcn", "show-attend-tell", "show-attend-tell-hard")
GRID = (2, 3)


def small(name: str, **settings: Any) -> Captioner:
    torch.manual_seed(0)
    usual = {"width": 0.25, "embed": 12, "hidden": 16, "dropout": 0.0}
    if "attend" in name:
        usual["look"] = 8
    system = weights.build(name, WORDS, {**usual, **settings})
    assert isinstance(system, Captioner)
    return system.eval()


def seen_batch(system: Captioner, captions: list[list[list[int]]], grid: tuple[int, int] = GRID) -> Batch:
    """Pictures as their regions alone, and what is said of each."""
    dice = torch.Generator().manual_seed(1)
    maps = [torch.randn(system.depth, *grid, generator=dice) for _ in captions]
    told = [[torch.tensor(each) for each in some] for some in captions]
    return Batch(torch.zeros(len(captions), 0), {"captions": told}, ((64, 64),) * len(captions), beside={"regions": maps})


CAPTIONS = [[[4, 5, 9, 10, 7], [6]], [[4, 8, 6, 3]], [[11, 5, 3], [4, 4, 4, 4, 4, 4, 3], [10, 6]]]
FLAT = [(row, each) for row, some in enumerate(CAPTIONS) for each in some]


@torch.no_grad()
def alone(system: Captioner, batch: Batch, row: int, words: list[int]) -> tuple[Tensor, Tensor | None]:
    """Logits and looks of one caption of one picture, step by step as in speaking."""
    seen = system.see(batch)
    fixed, state = system.begin(Seen(seen.regions[row : row + 1], seen.whole[row : row + 1], seen.grid))
    logits, looks = [], []
    for word in (system.special.start, *words):
        now = system.step(fixed, torch.tensor([word]), state)
        logits.append(now.logits)
        looks.append(now.look)
        state = now.state
    return torch.cat(logits), None if looks[0] is None else torch.cat([each for each in looks if each is not None])


def captioned(root: Path, count: int = 24) -> Path:
    """A table of pictures that differ in what is said of them."""
    dice = np.random.default_rng(0)
    with open(root / "said.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "caption"])
        for number in range(count):
            picture = dice.integers(0, 90, (32, 32, 3), dtype=np.uint8)
            side = number % 2
            picture[8:24, 16 * side : 16 * side + 16, number % 3] += 150
            Image.fromarray(picture).save(root / f"{number:02}.png")
            colour = ("red", "green", "blue")[number % 3]
            table.writerow([f"{number:02}.png", f"A {colour} thing on the {('left', 'right')[side]}."])
            table.writerow([f"{number:02}.png", f"There is something {colour}."])
    return root / "said.csv"
