"""Sliding-window labelling, the way before FCN: a small network says of each pixel what it is from the window around it. Its
three forms have the same weights and give the same scores: window by window, as one convolution at every fourth pixel, or at
every pixel, where each pooling steps by one and what follows is dilated instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import initialise, scaled
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Recipe, Stage
from looksay.nn.segmenter import PIXELS, Grid, Maps, SegmentConfig, Segmenter
from looksay.nn.shared import STRIDE, around, window_of
from looksay.registry import Card, system

AT_ONCE = 512  # windows that pass the network together


@dataclass(frozen=True)
class WindowConfig(SegmentConfig):
    """`form`: 'strided' looks at every fourth pixel and is bilinear in between, 'dense' looks at each, 'sliding' too, but cuts
    each window out and looks at it alone. Three convolutions of `kernel`; `hidden` units see all of the window."""

    form: Literal["strided", "dense", "sliding"] = "strided"
    kernel: int = 7
    channels: tuple[int, int, int] = (16, 32, 64)
    hidden: int = 128
    width: float = 1.0


@system(
    Card(
        name="window-labeller",
        task="segment",
        title="Sliding-window labelling",
        paper="Farabet, Couprie, Najman, LeCun: Learning Hierarchical Features for Scene Labeling (one scale of it)",
        year=2013,
        rows=("S1",),
        summary="A pixel gets its class from the window of 46 pixels around it; at one go, or window by window for comparison.",
        deviations=(
            "batch norm and ReLU instead of contrast normalisation and tanh; every map is connected to every other",
            "what learns are the scores at every fourth pixel, which the other two forms have just so",
        ),
    )
)
class WindowLabeller(Segmenter):
    Config = WindowConfig
    RECIPES = {
        "storybook": Recipe(
            settings={"grain": 2},
            stages=(
                Stage(
                    epochs=10, batch_size=16, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1, clip=5.0,
                    augment=GENTLE,
                ),
            ),
            metric="miou",
            expect=0.455,
            minutes=14,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: WindowConfig | None = None, prep: Prep | None = None) -> None:
        config = config or WindowConfig()
        super().__init__(classes, config, prep)
        dense = config.form == "dense"
        parts: list[nn.Module] = []
        into, apart = 3, 1
        for place, channels in enumerate(config.channels):
            out = scaled(channels, config.width)
            parts += [nn.Conv2d(into, out, config.kernel, dilation=apart, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            if place < len(config.channels) - 1:
                parts.append(nn.MaxPool2d(2, 1 if dense else 2, dilation=apart))
                apart *= 2 if dense else 1
            into = out
        self.features = nn.Sequential(*parts)
        self.fc, self.relu = nn.Conv2d(into, config.hidden, 1), nn.ReLU()
        self.score = nn.Conv2d(config.hidden, len(self.classes), 1)
        self.window = window_of(config.kernel)
        initialise(self, self.score)

    def maps(self, x: Tensor) -> Maps:
        size, seen = (x.shape[3], x.shape[2]), around(x, self.window)
        if self.config.form == "sliding":
            return Maps(self._slid(seen, size), size)
        grid = PIXELS if self.config.form == "dense" else Grid.corners(STRIDE)
        return Maps(self._scores(seen), size, grid)

    def _scores(self, x: Tensor) -> Tensor:
        """(N, K, …): of a single place where x is one window."""
        out: Tensor = self.score(self.relu(self.fc(self.features(x))))
        return out

    def _slid(self, seen: Tensor, size: tuple[int, int]) -> Tensor:
        """(N, K, H, W), window by window."""
        whole = []
        for picture in seen:
            windows = picture.unfold(1, self.window, 1).unfold(2, self.window, 1)  # 3 H W 46 46, nothing copied yet
            places = [(row, column) for row in range(size[1]) for column in range(size[0])]
            scores = []
            for start in range(0, len(places), AT_ONCE):
                some = [windows[:, row, column] for row, column in places[start : start + AT_ONCE]]
                scores.append(self._scores(torch.stack(some)).flatten(1))
            whole.append(torch.cat(scores).T.reshape(-1, size[1], size[0]))
        return torch.stack(whole)

    def taps(self) -> dict[str, nn.Module]:
        relus = [part for part in self.features if isinstance(part, nn.ReLU)]
        return {**{f"relu{place}": relu for place, relu in enumerate(relus, 1)}, "fc": self.relu, "score": self.score}
