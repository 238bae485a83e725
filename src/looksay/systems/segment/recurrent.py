"""Recurrent convolutional networks for scene labelling (Pinheiro and Collobert 2014): a small network sees the picture and what
it has said of it so far, once, twice and three times; each pass sees it twice as large, so the first see the most around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import initialise, scaled
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Recipe, Stage
from looksay.nn.segmenter import Grid, Maps, SegmentConfig, Segmenter
from looksay.nn.shared import STRIDE, SharedConv, WindowNet
from looksay.registry import Card, system


@dataclass(frozen=True)
class RecurrentConfig(SegmentConfig):
    """`planes`: how many maps tell the network what it said before."""

    passes: int = 3
    kernel: int = 7
    channels: tuple[int, int, int] = (25, 50, 100)
    planes: int = 8
    width: float = 1.0
    side: int = 320


@system(
    Card(
        name="recurrent-labeller",
        task="segment",
        title="Recurrent network for scene labelling",
        paper="Pinheiro, Collobert: Recurrent Convolutional Neural Networks for Scene Labeling",
        year=2014,
        rows=("S1",),
        summary="The same network is fed its own prediction: more context and fewer stray labels with every pass.",
        deviations=(
            "what was said before comes in by a few maps that a 1x1 convolution makes of the classes' shares",
            "batch norm, one for each pass, and ReLU instead of tanh; all passes are learnt at once",
            "the storybook recipe has 5x5 convolutions",
        ),
        variants={
            "recurrent-labeller-3": {"passes": 3}, "recurrent-labeller-2": {"passes": 2}, "recurrent-labeller-1": {"passes": 1},
        },
    )
)  # fmt: skip
class RecurrentLabeller(Segmenter):
    Config = RecurrentConfig
    RECIPES = {
        "storybook": Recipe(
            settings={"kernel": 5, "channels": (16, 32, 64), "side": 128, "grain": 2},
            stages=(
                Stage(
                    epochs=7, batch_size=16, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1, clip=5.0,
                    augment=GENTLE,
                ),
            ),
            metric="miou",
            expect=0.395,
            minutes=16,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: RecurrentConfig | None = None, prep: Prep | None = None) -> None:
        config = config or RecurrentConfig()
        super().__init__(classes, config, prep)
        first, second, third = (scaled(channels, config.width) for channels in config.channels)
        again = config.passes > 1
        self.net = WindowNet(3 + config.planes * again, (first, second, third), config.kernel, config.passes)
        self.told = SharedConv(len(self.classes), config.planes, 1) if again else None
        self.score = nn.Conv2d(third, len(self.classes), 1)
        initialise(self.score, self.score)

    def maps(self, x: Tensor) -> Maps:
        size, passes = (x.shape[3], x.shape[2]), self.config.passes
        before: Tensor | None = None
        found = []
        for call in range(passes):
            smaller = 2 ** (passes - 1 - call)
            seen = F.avg_pool2d(x, smaller, ceil_mode=True) if smaller > 1 else x
            before = self.score(self.net(self._with(seen, before), call))  # N K, a quarter of what is seen
            found.append(Maps(before, size, Grid.corners(STRIDE * smaller)))
        last = found.pop()
        last.aux = tuple((1.0, each) for each in found)
        return last

    def _with(self, seen: Tensor, before: Tensor | None) -> Tensor:
        """The picture, and beneath it what was said of it before; zeros the first time."""
        if self.told is None:
            return seen
        if before is None:
            return torch.cat([seen, seen.new_zeros(len(seen), self.config.planes, *seen.shape[2:])], dim=1)
        shares = self.told(before.softmax(dim=1))
        return torch.cat([seen, F.interpolate(shares, seen.shape[-2:], mode="bilinear", align_corners=False)], dim=1)

    def taps(self) -> dict[str, nn.Module]:
        return {name: part for call in range(self.config.passes) for name, part in self.net.taps(call).items()}
