"""Learning hierarchical features for scene labelling (Farabet et al. 2013): one network at three scales, its maps enlarged and
put on top of each other; the pixels of a superpixel vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import initialise, scaled
from looksay.nn.prep import Picture, Prep
from looksay.nn.recipe import GENTLE, Recipe, Stage
from looksay.nn.segmenter import Grid, Maps, SegmentConfig, Segmenter
from looksay.nn.shared import STRIDE, WindowNet
from looksay.nn.system import Batch
from looksay.ops.superpixels import graph
from looksay.registry import Card, system


@dataclass(frozen=True)
class MultiScaleConfig(SegmentConfig):
    """`scales`: how many, each half as large as the one before. `pieces`: the scale of the graph-based superpixels that vote
    (about 300 of them in a page of 128 pixels at 25), 0 for none."""

    scales: int = 3
    kernel: int = 7
    channels: tuple[int, int, int] = (16, 64, 256)
    hidden: int = 1024
    width: float = 1.0
    pieces: float = 25.0
    side: int = 320


@system(
    Card(
        name="multi-scale",
        task="segment",
        title="Multi-scale network with superpixel votes",
        paper="Farabet, Couprie, Najman, LeCun: Learning Hierarchical Features for Scene Labeling",
        year=2013,
        rows=("S1", "S0"),
        summary="The same small network sees the picture at three scales; what the pixels of a superpixel say on average counts.",
        deviations=(
            "bands of a Laplacian pyramid without local contrast normalisation; batch norm, one for each scale, and ReLU",
            "maps and classifier are learnt at once, by cross entropy; every map is connected to every other",
            "the storybook recipe has 5x5 convolutions and few channels",
        ),
        variants={"multi-scale": {"pieces": 25.0}, "multi-scale-pixels": {"pieces": 0.0}},
    )
)
class MultiScale(Segmenter):
    Config = MultiScaleConfig
    RECIPES = {
        "storybook": Recipe(
            settings={"kernel": 5, "channels": (16, 32, 64), "hidden": 128, "side": 128, "grain": 2},
            stages=(
                Stage(
                    epochs=8, batch_size=16, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1, clip=5.0,
                    augment=GENTLE,
                ),
            ),
            metric="miou",
            expect=0.565,
            minutes=11,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: MultiScaleConfig | None = None, prep: Prep | None = None) -> None:
        config = config or MultiScaleConfig()
        super().__init__(classes, config, prep)
        first, second, third = (scaled(channels, config.width) for channels in config.channels)
        self.net = WindowNet(3, (first, second, third), config.kernel, config.scales)
        self.fc, self.relu = nn.Conv2d(config.scales * third, config.hidden, 1), nn.ReLU()
        self.score = nn.Conv2d(config.hidden, len(self.classes), 1)
        initialise(self.fc)
        initialise(self.score, self.score)

    def maps(self, x: Tensor) -> Maps:
        found = []
        for call, band in enumerate(pyramid(x, self.config.scales)):
            found.append(self.net(band, call))  # N 64 H/4 W/4, then H/8 W/8 …
        cells = found[0].shape[-2:]
        top = torch.cat([F.interpolate(each, cells, mode="bilinear", align_corners=False) for each in found], dim=1)
        scores = self.score(self.relu(self.fc(top)))  # N K H/4 W/4
        return Maps(scores, (x.shape[3], x.shape[2]), Grid.corners(STRIDE))

    def single(self, out: Maps, batch: Batch, row: int) -> Maps:
        one = super().single(out, batch, row)
        if not self.config.pieces:
            return one
        wide, high = batch.extent(row)
        picture = shown(batch.pictures[row, :, :high, :wide].detach().float(), self.prep)
        logits = one.logits.clone()
        logits[0, :, :high, :wide] = vote(logits[0, :, :high, :wide].softmax(dim=0), picture, self.config.pieces)
        return Maps(logits, out.size)

    def taps(self) -> dict[str, nn.Module]:
        nets = {name: part for call in range(self.config.scales) for name, part in self.net.taps(call).items()}
        return {**nets, "fc": self.relu, "score": self.score}


def pyramid(x: Tensor, scales: int) -> list[Tensor]:
    """Bands, the finest first: what halving loses at each scale; the coarsest is what is left. Sides are rounded up."""
    bands = []
    for _ in range(scales - 1):
        less = F.avg_pool2d(x, 2, ceil_mode=True)
        bands.append(x - F.interpolate(less, x.shape[-2:], mode="bilinear", align_corners=False))
        x = less
    return [*bands, x]


def shown(pixels: Tensor, prep: Prep) -> Picture:
    """uint8 (height, width, 3) of what a network sees, (C, H, W) normalised."""
    mean, std = (pixels.new_tensor(each[: len(pixels)]).view(-1, 1, 1) for each in (prep.mean, prep.std))
    array: Picture = ((pixels * std + mean) * 255).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array)


def vote(shares: Tensor, picture: Picture, scale: float) -> Tensor:
    """(K, H, W): for each pixel the mean of (K, H, W) over its superpixel."""
    labels = torch.from_numpy(graph(picture, scale).astype(np.int64)).flatten().to(shares.device)
    flat = shares.flatten(1)  # K HW
    total = flat.new_zeros(len(flat), int(labels.max()) + 1).index_add_(1, labels, flat)
    many = torch.bincount(labels).to(flat)
    return (total / many)[:, labels].view_as(shares)
