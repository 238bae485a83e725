"""DeconvNet (Noh, Hong, Han 2015): VGG down to a few cells, and its mirror image back up. Each unpooling puts values where the
pooling that it mirrors found them, so edges come back where they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from looksay.nn.blocks import initialise
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.nn.segmenter import Grid, Maps, SegmentConfig, Segmenter
from looksay.ops.upsample import max_pool, max_unpool
from looksay.registry import Card, system
from looksay.systems.classify.vgg import KERNELS, VGG, Column, VGGConfig


@dataclass(frozen=True)
class DeconvConfig(SegmentConfig):
    """`column` of VGG's table, its channels times `width`. `hidden` channels in the middle, between layers that see `window` x
    `window` cells. On the way back layers have `narrowest` channels at least, except where an unpooling asks for its own. While
    it learns, `aux` of the loss is that of what the middle layers say by themselves."""

    column: Column = "D"
    width: float = 1.0
    narrowest: int = 1
    hidden: int = 4096
    window: int = 7
    side: int = 224
    aux: float = 0.0


def layer(into: int, out: int, window: int = 3) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(into, out, window, padding=window // 2), nn.BatchNorm2d(out), nn.ReLU())


@torch.no_grad()
def spread(conv: Any, chance: float = 0.3) -> None:
    """Begin as a blur of each channel, and a share of chance: what the middle says reaches the pixels from the first step on."""
    ramp = torch.tensor([0.5, 1.0, 0.5])
    alike = range(min(conv.weight.shape[:2]))
    conv.weight.mul_(chance)
    conv.weight[alike, alike] += torch.outer(ramp, ramp)


@system(
    Card(
        name="deconvnet",
        task="segment",
        title="DeconvNet",
        paper="Noh, Hong, Han: Learning Deconvolution Network for Semantic Segmentation",
        year=2015,
        rows=("S4", "S3"),
        summary="A mirrored network: max unpooling with remembered positions and layers of deconvolution, up to every pixel.",
        deviations=(
            "a deconvolution of stride 1 is a convolution with its kernel turned about, and is kept as one",
            "the middle layers slide over maps of any size, padded; so the whole picture passes at once, where the paper adds up "
            "fifty proposals of it",
            "the first stage sees cut-outs from anywhere in a picture, at half the size; the paper's are around one thing each",
            "layers on the way back begin as blurs of what comes in, with a share of chance",
            "the storybook recipe has three sixteenths of VGG-16's channels, 32 at the end, begins with the shipped vgg-d, and "
            "asks the middle layers for classes, too, while it learns",
        ),
    )
)
class DeconvNet(Segmenter):
    Config = DeconvConfig
    RECIPES = {
        "storybook": Recipe(
            settings={"width": 0.1875, "narrowest": 32, "hidden": 128, "window": 3, "side": 128, "grain": 2, "aux": 0.4},
            start="vgg-d",
            stages=(
                Stage(
                    name="parts", epochs=4, batch_size=32, img_size=64, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1,
                    clip=5.0, schedule="constant",
                    augment=Augment(flip=0.5, crop=(0.1, 0.4), ratio=(0.8, 1.25), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
                Stage(
                    name="whole", epochs=14, batch_size=16, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05,
                    warmup=0.05, clip=5.0, augment=GENTLE,
                ),
            ),
            metric="miou",
            enlarge=1.25,
            expect=0.51,
            minutes=55,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    name="parts", epochs=6, batch_size=64, img_size=224, lr=0.01, weight_decay=5e-4, schedule="step",
                    augment=Augment(flip=0.5, crop=(0.1, 0.4)),
                ),
                Stage(
                    name="whole", epochs=40, batch_size=64, img_size=224, lr=0.01, weight_decay=5e-4, schedule="step",
                    augment=Augment(flip=0.5, crop=(0.3, 1.0)),
                ),
            ),
            metric="miou",
            note="from VGG-16's ImageNet weights; VOC 2012 test: mIoU 69.6, 70.5 with a CRF, 72.5 averaged with FCN-8s",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: DeconvConfig | None = None, prep: Prep | None = None) -> None:
        config = config or DeconvConfig()
        super().__init__(classes, config, prep)
        plan = VGGConfig(config.column, config.width, hidden=1, norm="batch")
        self.features, wide = VGG(("a",), plan).features, plan.channels
        self.fc6 = layer(wide[-1], config.hidden, config.window)
        self.fc7 = layer(config.hidden, config.hidden, 1)
        self.fc6_back = layer(config.hidden, wide[-1], config.window)
        self.back = nn.ModuleDict()
        for stage in range(5, 0, -1):
            into, inner = wide[stage - 1], max(wide[stage - 1], config.narrowest)
            for place in range(len(KERNELS[config.column][stage - 1]), 0, -1):
                out = wide[stage - 2] if place == 1 and stage > 1 else inner
                self.back[f"deconv{stage}_{place}"] = layer(into, out)
                into = out
        self.score = nn.Conv2d(into, len(self.classes), 1)
        for part in (self.features, self.fc6, self.fc7, self.fc6_back, self.back):
            initialise(part)
        for name in self.back:
            spread(self.back[name].get_submodule("0"))
        initialise(self.score, self.score)
        if config.aux:
            self.coarse = nn.Conv2d(config.hidden, len(self.classes), 1)
            initialise(self.coarse, self.coarse)

    def maps(self, x: Tensor) -> Maps:
        size, remembered = (x.shape[3], x.shape[2]), []
        for name, part in zip(self.features.names, self.features, strict=True):
            if name.startswith("pool"):
                wide = (x.shape[2], x.shape[3])
                x, positions = max_pool(x)
                remembered.append((positions, wide))
            else:
                x = part(x)
        middle = self.fc7(self.fc6(x))  # N 4096 H/32 W/32
        learning = self.config.aux and not torch.is_inference_mode_enabled()
        aux = ((self.config.aux, Maps(self.coarse(middle), size, Grid.squares(32))),) if learning else ()
        x = self.fc6_back(middle)  # N 512 H/32 W/32
        stage = ""
        for name, part in self.back.items():
            if name.partition("_")[0] != stage:
                stage = name.partition("_")[0]
                positions, wide = remembered.pop()
                x = max_unpool(x, positions, wide)
            x = part(x)
        return Maps(self.score(x), size, aux=aux)  # N K H W

    def taps(self) -> dict[str, nn.Module]:
        there = {name: part for name, part in self.features.taps().items() if not name.startswith("pool")}
        return {
            **there,
            "fc6": self.fc6,
            "fc7": self.fc7,
            "fc6_back": self.fc6_back,
            **dict(self.back.items()),
            "score": self.score,
        }

    def adopt(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """A VGG classifier's layers."""
        return {name: tensor for name, tensor in tensors.items() if not name.startswith("classifier.")}
